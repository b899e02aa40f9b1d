//! Random archives and random questions: exact answers equal those of a list that is looked through whole.

use crate::support::{Archive, DIMENSION, Sketch, archive, case, definition, id, names, search, vector};
use precedent_engine::Access;
use precedent_model::{Assertion, FieldValue, FindingId, Reading};
use precedent_query::{Filter, Guards, Limits, PathChoice, SearchRequest};
use precedent_report::{Lexicon, ReportReader};
use precedent_vector::Metric;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

#[derive(Debug, Clone)]
enum Step {
    Put(usize, Sketch),
    Delete(usize),
    Commit,
    Merge,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    // Few values, so that vectors, words and patients repeat.
    let vector =
        proptest::collection::vec(prop_oneof![Just(0.0_f32), Just(1.0), Just(2.0), -3.0..3.0_f32], DIMENSION)
            .prop_map(|mut values| {
                values[0] += 0.5;
                values
            });
    let words = proptest::collection::vec(
        proptest::sample::select(vec!["effusion", "left", "no", "pneumothorax", "opacity", "normal"]),
        1..12,
    );
    (
        proptest::option::of(0..4_u8),
        proptest::option::of(0..90_i64),
        proptest::option::of(proptest::sample::select(vec!["2018", "2019-05", "2019-05-03", "2020-01-01"])),
        proptest::collection::vec(proptest::sample::select(vec!["Edema", "Mass"]), 0..2),
        proptest::option::of(words),
        proptest::collection::vec(vector, 0..3),
    )
        .prop_map(|(patient, age, date, problems, words, vectors)| Sketch {
            patient,
            age,
            date,
            problems,
            text: if vectors.is_empty() {
                Some(words.unwrap_or(vec!["normal"]).join(" "))
            } else {
                words.map(|w| w.join(" "))
            },
            vectors,
        })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0..60_usize, sketch()).prop_map(|(name, sketch)| Step::Put(name, sketch)),
        2 => (0..60_usize).prop_map(Step::Delete),
        2 => Just(Step::Commit),
        1 => Just(Step::Merge),
    ];
    proptest::collection::vec(step, 1..120)
}

const FILTERS: [&str; 9] = [
    "age >= 40",
    "NOT age >= 40",
    "problems:\"edema\"",
    "-problems:mass age < 70",
    "study_date < \"2019-05-02\"",
    "study_date = \"2019\" OR age = 3",
    "NOT study_date:*",
    "case_id = \"case-01*\"",
    "patient_id = \"patient-2\" OR NOT patient_id:*",
];

/// The list: by case its sketch and when it came.
type Model = BTreeMap<usize, (u64, Sketch)>;

fn play(steps: &[Step], metric: Metric) -> (Archive, Model) {
    let (archive, mut model, mut clock) = (archive(metric, Access::Bulk), Model::new(), 0);
    for step in steps {
        match step {
            Step::Put(name, sketch) => {
                clock += 1;
                archive.engine.ingest(vec![case(*name, sketch)]).unwrap().remove(0).unwrap();
                model.insert(*name, (clock, sketch.clone()));
            }
            Step::Delete(name) => {
                let outcome = archive.engine.delete(&[id(*name)]).unwrap();
                assert_eq!(outcome.deleted, usize::from(model.remove(name).is_some()));
            }
            Step::Commit => drop(archive.engine.commit().unwrap()),
            Step::Merge => drop(archive.engine.merge_all(&|_, _, _| true).unwrap()),
        }
    }
    archive.engine.commit().unwrap();
    (archive, model)
}

/// A field of a case, as the filter's reference evaluator asks for it.
fn field(name: usize, sketch: &Sketch, field: &str) -> Vec<FieldValue> {
    let keyword = |text: &str| vec![FieldValue::Keyword(text.to_owned())];
    match field {
        "case_id" => keyword(id(name).as_str()),
        "patient_id" => sketch.patient.map(|p| keyword(&format!("patient-{p}"))).unwrap_or_default(),
        other => case(name, sketch).case.fields.get(other).cloned().unwrap_or_default(),
    }
}

fn passes(model: &Model, filter: Option<&Filter>) -> Vec<usize> {
    let pass = |name: usize, sketch: &Sketch| {
        filter.is_none_or(|filter| filter.matches(&|asked| field(name, sketch, asked)) == Some(true))
    };
    model.iter().filter(|(name, (_, sketch))| pass(**name, sketch)).map(|(&name, _)| name).collect()
}

/// The order of the image channel by the list.
fn by_distance(model: &Model, names: &[usize], query: &[f32], metric: Metric) -> Vec<String> {
    let space = definition(metric).image_space.unwrap();
    let query = space.admit("enc", query).unwrap();
    let distance = metric.distance_fn();
    let mut order: Vec<(f32, u64, usize)> = (names.iter())
        .filter_map(|name| {
            let (came, sketch) = &model[name];
            let near = |values: &Vec<f32>| {
                distance(query.as_slice(), space.admit("enc", values).unwrap().as_slice())
            };
            let least = sketch.vectors.iter().map(near).min_by(f32::total_cmp)?;
            Some((least, *came, *name))
        })
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    order.into_iter().map(|(_, _, name)| id(name).as_str().to_owned()).collect()
}

fn all(request: SearchRequest) -> SearchRequest {
    let limits = Limits { limit: 1000, exact: true, ..request.limits };
    let guards = Guards { several_per_patient: true, ..request.guards };
    SearchRequest { limits, guards, ..request }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn exact_answers_are_those_of_the_list(
        steps in steps(),
        filter in proptest::option::of(proptest::sample::select(FILTERS.to_vec())),
        query in proptest::collection::vec(-2.0..2.0_f32, DIMENSION),
        metric in proptest::sample::select(vec![Metric::Cosine, Metric::Dot, Metric::L2]),
    ) {
        let (archive, model) = play(&steps, metric);
        let engine = &archive.engine;
        let parsed = filter.map(|text| Filter::parse(text, &engine.definition().fields).unwrap());
        let passing = passes(&model, parsed.as_ref());
        let filter = filter.map(str::to_owned);

        // Image: the whole order, and the plan's figures.
        let image = SearchRequest { vectors: vec![vector(&query)], filter: filter.clone(), ..Default::default() };
        let answer = search(engine, &all(image.clone()));
        prop_assert_eq!(names(&answer), by_distance(&model, &passing, &query, metric));
        prop_assert_eq!((answer.plan.cases, answer.plan.matches), (model.len(), passing.len()));
        prop_assert!(answer.plan.exact);

        // The walk gives as many, and each with its true score.
        let limits = Limits { limit: 5, path: PathChoice::Graph, ..Limits::default() };
        let walked = search(engine, &SearchRequest { limits, ..all(image.clone()) });
        let limits = Limits { limit: 5, exact: false, path: PathChoice::Graph, ..Limits::default() };
        let guards = Guards { several_per_patient: true, ..Guards::default() };
        let graph = search(engine, &SearchRequest { limits, guards, ..image.clone() });
        prop_assert_eq!(graph.hits.len(), walked.hits.len());

        // Text as written: who is found, in falling order.
        let text = SearchRequest { text: Some("text:effusion text:\"no pneumothorax\"".into()), filter, ..Default::default() };
        let found = search(engine, &all(text.clone()));
        let holds = |text: &str| {
            let words: Vec<&str> = text.split(' ').collect();
            words.contains(&"effusion") || words.windows(2).any(|pair| pair == ["no", "pneumothorax"])
        };
        let expected: HashSet<String> = passing.iter()
            .filter(|name| model[name].1.text.as_ref().is_some_and(|text| holds(text)))
            .map(|&name| id(name).as_str().to_owned())
            .collect();
        let got: HashSet<String> = names(&found).into_iter().collect();
        prop_assert_eq!(got, expected);
        let scores: Vec<f32> = found.hits.iter().map(|hit| hit.lexical.unwrap().score).collect();
        prop_assert!(scores.is_sorted_by(|a, b| a >= b));

        // Both: the fusion of the two orders.
        let both = search(engine, &all(SearchRequest { vectors: image.vectors, ..text }));
        let mut fused: HashMap<String, f64> = HashMap::new();
        for order in [names(&answer), names(&found)] {
            for (index, name) in order.into_iter().enumerate() {
                *fused.entry(name).or_default() += 1.0 / (61.0 + index as f64);
            }
        }
        prop_assert_eq!(both.hits.len(), fused.len());
        for hit in &both.hits {
            prop_assert!((hit.fused_score - fused[hit.case.id.as_str()]).abs() < 1e-12);
        }
        prop_assert!(both.hits.is_sorted_by(|a, b| a.fused_score >= b.fused_score));
    }

    #[test]
    fn segments_and_merges_change_no_answer(steps in steps(), query in proptest::collection::vec(-2.0..2.0_f32, DIMENSION)) {
        let (archive, _) = play(&steps, Metric::Cosine);
        let request = SearchRequest {
            vectors: vec![vector(&query)],
            text: Some("left effusion normal".into()),
            ..SearchRequest::default()
        };
        let before = search(&archive.engine, &all(request.clone()));
        archive.engine.merge_all(&|_, _, _| true).unwrap();
        let after = search(&archive.engine, &all(request));
        // Bit by bit: cases, order, every score.
        prop_assert_eq!(before.hits, after.hits);
    }

    #[test]
    fn one_hit_per_patient_is_the_patients_best(steps in steps(), limit in 1..8_usize) {
        let (archive, model) = play(&steps, Metric::L2);
        let request = SearchRequest { vectors: vec![vector(&[0.1; DIMENSION])], ..SearchRequest::default() };
        let whole = names(&search(&archive.engine, &all(request.clone())));
        let mut seen = HashSet::new();
        let patient = |name: &str| model[&name[5..].parse::<usize>().unwrap()].1.patient;
        let expected: Vec<String> = (whole.into_iter())
            .filter(|name| patient(name).is_none_or(|patient| seen.insert(patient)))
            .take(limit)
            .collect();
        let limits = Limits { limit, path: PathChoice::Exact, ..Limits::default() };
        prop_assert_eq!(names(&search(&archive.engine, &SearchRequest { limits, ..request })), expected);
    }

    /// The list is read report by report; the engine looks findings up in terms and columns.
    #[test]
    fn what_reports_say_decides_who_is_found(steps in steps()) {
        use Assertion::{Absent, Present, Uncertain};
        let (archive, model) = play(&steps, Metric::Cosine);
        let reader = ReportReader::new(Lexicon::bundled());
        let said: Vec<(usize, Option<Reading>)> = (model.iter())
            .map(|(&name, (_, sketch))| (name, case(name, sketch).case.report.map(|report| reader.read(&report))))
            .collect();
        let kinds = reader.lexicon().narrower("pneumothorax");
        let of_kind = |id: &FindingId| kinds.contains(id);
        let found = |request: SearchRequest| -> BTreeSet<String> {
            names(&search(&archive.engine, &all(request))).into_iter().collect()
        };
        let those = |wanted: &dyn Fn(&Reading) -> bool| -> BTreeSet<String> {
            let wanted = said.iter().filter(|(_, reading)| reading.as_ref().is_some_and(wanted));
            wanted.map(|(name, _)| id(*name).as_str().to_owned()).collect()
        };

        // Text: some sentence says so.
        for (text, assertions) in [("pneumothorax", &[Present, Uncertain][..]), ("no pneumothorax", &[Absent])] {
            let says = |reading: &Reading| (reading.sentences.iter())
                .flat_map(|sentence| &sentence.mentions)
                .any(|mention| of_kind(&mention.finding) && assertions.contains(&mention.assertion));
            let request = SearchRequest { text: Some(text.to_owned()), ..SearchRequest::default() };
            prop_assert_eq!(found(request), those(&says), "{}", text);
        }

        // Filter: the report as a whole says so; of a case without a report nothing is known.
        for (filter, assertion) in [("finding", Present), ("finding.absent", Absent), ("finding.uncertain", Uncertain)] {
            let says = |reading: &Reading| (reading.findings().iter())
                .any(|(id, said)| of_kind(id) && *said == assertion);
            let filtered = |text: String| found(SearchRequest { filter: Some(text), ..SearchRequest::default() });
            prop_assert_eq!(filtered(format!("{filter}:pneumothorax")), those(&says));
            prop_assert_eq!(filtered(format!("NOT {filter}:pneumothorax")), those(&|reading| !says(reading)));
        }
    }
}
