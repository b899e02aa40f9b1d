//! Readers while a writer runs, with real threads and real files: each answer is of one generation.

use crate::support::{Random, Sketch, archive, case, id, near, search, vector};
use precedent_engine::{Access, Engine, View};
use precedent_query::{Guards, Limits, SearchRequest, SearchResponse};
use precedent_vector::Metric;
use std::time::{Duration, Instant};

/// Cases that are always taken in together, with the same round in every part of them.
const TEAM: usize = 60;
/// Cases beside them, which come and go.
const OTHERS: usize = 40;

fn of_round(round: u64) -> Sketch {
    Sketch {
        age: Some(round as i64),
        text: Some(format!("team seen in round{round}")),
        vectors: vec![near(1, &mut Random(round))],
        ..Sketch::default()
    }
}

fn other(seed: u64) -> Sketch {
    Sketch { text: Some("other".to_owned()), vectors: vec![near(2, &mut Random(seed))], ..Sketch::default() }
}

fn answer(view: &View, request: SearchRequest) -> SearchResponse {
    let limits = Limits { limit: 1000, ..request.limits };
    let guards = Guards { several_per_patient: true, ..request.guards };
    view.search(&SearchRequest { limits, guards, ..request }, &|| false).unwrap()
}

/// The round that a view is of; every way of asking tells the same. A view may be asked again at any time.
fn round_of(view: &View) -> u64 {
    let team = answer(view, SearchRequest { text: Some("text:team".to_owned()), ..SearchRequest::default() });
    let generation = view.generation();
    let Some(first) = team.hits.first() else { return 0 };
    let Some([precedent_model::FieldValue::Integer(round)]) = first.case.fields.get("age").map(Vec::as_slice)
    else {
        panic!("a round");
    };
    let round = *round as u64;
    assert_eq!(team.hits.len(), TEAM, "a part of a batch in generation {generation}");
    assert!(team.hits.iter().all(|hit| hit.case.fields == first.case.fields), "two rounds in {generation}");
    let scores = |hit: &precedent_query::Hit| hit.lexical.map(|said| said.score.to_bits());
    assert!(team.hits.iter().all(|hit| scores(hit) == scores(first)), "equal reports, unequal scores");

    let by_column = SearchRequest { filter: Some(format!("age = {round}")), ..SearchRequest::default() };
    assert_eq!(answer(view, by_column).plan.matches, TEAM, "columns of another generation than {generation}");
    let words = Some(format!("text:round{round}"));
    assert_eq!(answer(view, SearchRequest { text: words, ..SearchRequest::default() }).total, TEAM);
    let query = vector(&near(1, &mut Random(round)));
    let limits = Limits { limit: 1000, exact: true, ..Limits::default() };
    let by_image = SearchRequest { vectors: vec![query], limits, ..SearchRequest::default() };
    let near = answer(view, by_image);
    let same = near.hits.iter().filter(|hit| hit.image.is_some_and(|said| said.score > -1e-6)).count();
    assert_eq!(same, TEAM, "vectors of another generation than {generation}");
    assert_eq!((near.generation, near.plan.cases), (generation, view.case_count()));
    assert_eq!(near.hits.len(), near.plan.cases, "every case has an image");
    round
}

/// Watches as long as the writer runs: rounds and generations never go back, and the first view stays what it was.
fn watch(until: Instant, view: impl Fn() -> View) -> usize {
    let (first, mut looks) = (view(), 0);
    let (kept, mut round, mut generation) = (round_of(&first), 0, 0);
    while Instant::now() < until || looks == 0 {
        let view = view();
        let next = (round_of(&view), view.generation());
        assert!(next.0 >= round && next.1 >= generation, "back from {round}, {generation} to {next:?}");
        (round, generation) = next;
        looks += 1;
    }
    assert_eq!(round_of(&first), kept, "a generation in use has changed");
    looks
}

#[test]
fn every_answer_is_of_one_generation_while_cases_come_go_and_are_merged() {
    let archive = archive(Metric::L2, Access::Bulk);
    let engine = &archive.engine;
    let reader = Engine::open(archive.folder.path(), Access::Read).unwrap();
    let until = Instant::now() + Duration::from_secs(3);
    let rounds = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut round = 0;
            while Instant::now() < until {
                round += 1;
                let mut cases: Vec<_> = (0..TEAM).map(|name| case(name, &of_round(round))).collect();
                cases.extend((0..OTHERS).map(|name| case(TEAM + name, &other(round))));
                assert!(engine.ingest(cases).unwrap().iter().all(Result::is_ok));
                if round % 3 > 0 {
                    engine.commit().unwrap();
                }
                let gone =
                    (0..OTHERS).filter(|name| name % 3 == round as usize % 3).map(|name| id(TEAM + name));
                assert!(engine.delete(&gone.collect::<Vec<_>>()).unwrap().unknown.is_empty());
            }
            round
        });
        scope.spawn(|| {
            while Instant::now() < until {
                engine.merge_all(&|_, _, _| true).unwrap();
                engine.merge_some(&|_, _, _| true).unwrap();
            }
        });
        let looks = [
            scope.spawn(|| watch(until, || engine.view())),
            scope.spawn(|| {
                watch(until, || {
                    reader.refresh().unwrap();
                    reader.view()
                })
            }),
        ];
        scope.spawn(|| {
            while Instant::now() < until {
                assert!(engine.stats().unwrap().cases <= TEAM + OTHERS);
                assert!(reader.stats().unwrap().cases <= TEAM + OTHERS);
            }
        });
        for looks in looks {
            assert!(looks.join().unwrap() > 1);
        }
        writer.join().unwrap()
    });
    engine.commit().unwrap();
    assert_eq!(round_of(&engine.view()), rounds);
    let request = SearchRequest { text: Some("text:other".to_owned()), ..SearchRequest::default() };
    let left = (0..OTHERS).filter(|name| name % 3 != rounds as usize % 3).count();
    let limits = Limits { limit: 1000, ..Limits::default() };
    assert_eq!(search(engine, &SearchRequest { limits, ..request }).total, left);
    assert!(Engine::verify(archive.folder.path(), &|_, _| {}).unwrap().damages.is_empty());
    drop(archive.engine);
    let engine = Engine::open(archive.folder.path(), Access::Bulk).unwrap();
    assert_eq!((round_of(&engine.view()), engine.view().case_count()), (rounds, TEAM + left));
}
