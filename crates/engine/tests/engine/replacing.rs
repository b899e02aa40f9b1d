//! A case that comes again: nothing that it had is lost unless that is meant.

use crate::support::{Archive, Sketch, archive, case, id, vector};
use precedent_engine::{Access, Effect, Engine, NewCase, Refusal, Replacement, Violation};
use precedent_model::{FieldValue, Image, PatientKey, Report, SectionKind};
use precedent_vector::Metric;
use proptest::prelude::*;

/// A case with what is named in `parts`: report, patient, `2` images with embeddings, `1` with one; a field always.
fn with(parts: &str) -> NewCase {
    let vectors = match parts {
        parts if parts.contains('2') => 2,
        parts if parts.contains('1') => 1,
        _ => 0,
    };
    let sketch = Sketch {
        patient: parts.contains("patient").then_some(1),
        age: Some(60),
        text: parts.contains("report").then(|| "effusion".to_owned()),
        vectors: (0..vectors).map(|at| vec![at as f32 + 1.0; 16]).collect(),
        ..Sketch::default()
    };
    case(1, &sketch)
}

const WHOLE: &str = "report patient 2";

fn put(engine: &Engine, new: NewCase, replacement: Replacement) -> Result<Effect, Vec<Violation>> {
    let outcome = engine.ingest(vec![NewCase { replacement, ..new }]).unwrap().remove(0);
    outcome.map(|ingested| ingested.effect).map_err(Refusal::into_violations)
}

fn lost(engine: &Engine, parts: &str) -> Vec<String> {
    let wrong = put(engine, with(parts), Replacement::Whole).unwrap_err();
    for violation in &wrong {
        assert!(violation.description.contains("update the case"), "{}", violation.description);
        assert!(!violation.description.contains("effusion") && !violation.description.contains("patient-1"));
    }
    wrong.into_iter().map(|violation| violation.field).collect()
}

fn held(archive: &Archive) -> (bool, bool, usize) {
    archive.engine.commit().unwrap();
    let case = archive.engine.view().case(&id(1)).unwrap().unwrap();
    (case.report.is_some(), case.patient.is_some(), case.images.len())
}

#[test]
fn a_case_that_would_lose_something_is_refused_pending_committed_and_merged() {
    let archive = archive(Metric::L2, Access::Bulk);
    let engine = &archive.engine;
    put(engine, with(WHOLE), Replacement::Whole).unwrap();
    for round in 0..3 {
        assert_eq!(lost(engine, "patient 2"), ["case.report"], "{round}");
        assert_eq!(lost(engine, "report 2"), ["case.patient"], "{round}");
        assert_eq!(lost(engine, "report patient 1"), ["case.images", "case.images.embedding"], "{round}");
        assert_eq!(lost(engine, "report patient"), ["case.images", "case.images.embedding"], "{round}");
        let mut bare = with(WHOLE);
        bare.embeddings.clear();
        let wrong = put(engine, bare, Replacement::Whole).unwrap_err();
        assert!(
            wrong[0].description.contains("0 of 2 embeddings that the index holds"),
            "{}",
            wrong[0].description
        );
        put(engine, with(WHOLE), Replacement::Whole).unwrap();
        match round {
            0 => drop(engine.commit().unwrap()),
            _ => drop(engine.merge_all(&|_, _, _| true).unwrap()),
        }
        let rehearsed = engine.rehearse(vec![with("report"), with(WHOLE)]).unwrap();
        assert!(matches!(&rehearsed[0], Err(Refusal::Loss(lost)) if lost.len() == 3));
        assert_eq!(rehearsed[1].as_ref().unwrap().effect, Effect::Unchanged);
    }
    assert_eq!(held(&archive), (true, true, 2));
}

#[test]
fn a_loss_that_is_meant_and_one_after_a_delete_are_none() {
    let archive = archive(Metric::L2, Access::Bulk);
    put(&archive.engine, with(WHOLE), Replacement::Whole).unwrap();
    put(&archive.engine, with("report"), Replacement::Without).unwrap();
    assert_eq!(held(&archive), (true, false, 0));
    archive.engine.delete(&[id(1)]).unwrap();
    put(&archive.engine, with("1"), Replacement::Whole).unwrap();
    assert_eq!(held(&archive), (false, false, 1));
}

#[test]
fn cases_of_one_call_are_held_against_each_other() {
    let archive = archive(Metric::L2, Access::Bulk);
    let modes = [
        (WHOLE, Replacement::Whole),
        ("report", Replacement::Whole),
        ("patient", Replacement::Update),
        ("report", Replacement::Without),
        ("1", Replacement::Update),
        ("report patient", Replacement::Whole),
    ];
    let new = |(parts, replacement)| NewCase { replacement, ..with(parts) };
    let cases: Vec<NewCase> = modes.into_iter().map(new).collect();
    let rehearsed = archive.engine.rehearse(cases.clone()).unwrap();
    let ingested = archive.engine.ingest(cases).unwrap();
    for (rehearsed, ingested) in rehearsed.iter().zip(&ingested) {
        assert_eq!(rehearsed.as_ref().map(|one| one.effect), ingested.as_ref().map(|one| one.effect));
    }
    let outcomes: Vec<bool> = ingested.iter().map(Result::is_ok).collect();
    assert_eq!(outcomes, [true, false, true, true, true, false]);
    assert_eq!(held(&archive), (true, false, 1));
}

#[test]
fn an_update_keeps_what_is_not_given_and_is_known_when_it_comes_again() {
    let archive = archive(Metric::L2, Access::Bulk);
    let engine = &archive.engine;
    put(engine, with(WHOLE), Replacement::Whole).unwrap();
    engine.commit().unwrap();
    let mut update = with("");
    update.case.report = Some(Report::new([(SectionKind::Impression, "Resolved.")]).unwrap());
    update.case.fields = [("age".to_owned(), vec![FieldValue::Integer(61)])].into();
    put(engine, update.clone(), Replacement::Update).unwrap();
    assert_eq!(held(&archive), (true, true, 2));
    let case = engine.view().case(&id(1)).unwrap().unwrap();
    assert_eq!(case.report.unwrap().section(SectionKind::Impression), Some("Resolved."));
    assert_eq!(case.fields["age"], [FieldValue::Integer(61)]);
    assert_eq!(put(engine, update.clone(), Replacement::Update).unwrap(), Effect::Unchanged);
    assert_eq!(put(engine, update.clone(), Replacement::IfAbsent).unwrap(), Effect::LeftAlone);
    assert!(put(engine, update, Replacement::Whole).is_err());

    let mut film = with("");
    film.case.fields.clear();
    film.case.images = vec![Image { name: "lateral".into(), view: Some("LL".into()) }];
    film.embeddings = vec![Some(vector(&[9.0; 16]))];
    put(engine, film, Replacement::Update).unwrap();
    assert_eq!(held(&archive), (true, true, 2), "the first image had no name, so this is its name");
    let mut patient = with("");
    patient.case.fields.clear();
    patient.case.patient = PatientKey::new("patient-1", Some("north")).ok();
    put(engine, patient.clone(), Replacement::Update).unwrap();
    archive.engine.commit().unwrap();
    assert_eq!(engine.view().case(&id(1)).unwrap().unwrap().patient, patient.case.patient);
    patient.case.id = id(2);
    let wrong = put(engine, patient, Replacement::Update).unwrap_err();
    assert!(wrong[0].description.contains("holds no case of this id"));
}

#[test]
fn many_writers_at_a_time_never_lose_a_part() {
    let archive = archive(Metric::L2, Access::Write);
    let parts = ["report", "patient", "1", "2", WHOLE, "report 1", ""];
    std::thread::scope(|scope| {
        for first in 0..4 {
            let engine = &archive.engine;
            scope.spawn(move || {
                let mut known = [false; 3];
                for round in 0..60 {
                    let part = parts[(first + round * 3) % parts.len()];
                    let mode = if round % 3 == 0 { Replacement::Update } else { Replacement::Whole };
                    let put = put(engine, with(part), mode).is_ok();
                    known[0] |= put && part.contains("report");
                    known[1] |= put && part.contains("patient");
                    known[2] |= put && part.contains('2');
                    if round % 10 == first {
                        engine.commit().unwrap();
                    }
                }
                known
            });
        }
    });
    let (report, patient, images) = held(&archive);
    assert!(report && patient && images == 2, "what any of them was told is in, is in");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Against a case in memory: whatever comes in whatever order, with commits between, reopened at the end.
    #[test]
    fn replacements_follow_the_model(
        steps in prop::collection::vec((0..7_usize, 0..4_usize, any::<bool>()), 1..12),
    ) {
        let parts = ["report", "patient", "1", "2", WHOLE, "report 1", ""];
        let archive = archive(Metric::L2, Access::Bulk);
        let mut model: Option<(bool, bool, usize)> = None;
        for (part, mode, commit) in steps {
            use Replacement::{IfAbsent, Update, Whole, Without};
            let mode = [Whole, Without, Update, IfAbsent][mode];
            let part = parts[part];
            let images = if part.contains('2') { 2 } else { usize::from(part.contains('1')) };
            let given = (part.contains("report"), part.contains("patient"), images);
            let outcome = put(&archive.engine, with(part), mode);
            let (report, patient, count) = model.unwrap_or_default();
            let loses = (report && !given.0) || (patient && !given.1) || count > given.2;
            prop_assert_eq!(outcome.is_err(), mode == Whole && loses);
            model = match (outcome, mode) {
                (Err(_), _) => model,
                (Ok(_), Update) => Some((report || given.0, patient || given.1, count.max(given.2))),
                (Ok(effect), _) => {
                    let expected = match model {
                        None => Effect::Created,
                        Some(_) if mode == IfAbsent => Effect::LeftAlone,
                        Some(held) if held == given => Effect::Unchanged,
                        Some(_) => Effect::Replaced,
                    };
                    prop_assert_eq!(effect, expected);
                    if effect == Effect::LeftAlone { model } else { Some(given) }
                }
            };
            if commit {
                archive.engine.commit().unwrap();
            }
        }
        // A list is nowhere but in memory.
        let archive = match crate::PLAIN {
            true => {
                archive.engine.commit().unwrap();
                archive
            }
            false => {
                let Archive { folder, engine } = archive;
                drop(engine);
                Archive { engine: Engine::open(folder.path(), Access::Bulk).unwrap(), folder }
            }
        };
        prop_assert_eq!(Some(held(&archive)), model);
    }
}
