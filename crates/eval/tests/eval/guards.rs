//! What a query never finds, and what it is not blamed for.

use crate::support::{ALL, Sketch, archive, options, quiet, value};
use precedent_eval::{EvalError, Options, Source, Watch, evaluate};

/// Three studies of each of ten patients, all of one kind, a year apart.
fn follow_ups() -> Vec<Sketch> {
    let dates = ["2018-03-01", "2019-03-01", "2020-03-01"];
    let of = |number: usize| Sketch {
        patient: Some(format!("patient-{}", number / 3)),
        date: Some(dates[number % 3]),
        kind: number / 3 % 2,
        ..Sketch::new(number)
    };
    (0..30).map(of).collect()
}

/// The lists and judgements as pairs of query and case.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |line: &str| {
        let columns: Vec<&str> = line.split(' ').collect();
        (columns[0].to_owned(), columns[2].to_owned())
    };
    text.lines().map(pair).collect()
}

#[test]
fn no_query_finds_its_patient_or_the_future_and_neither_counts_as_missed() {
    let cases = follow_ups();
    let archive = archive(&cases);
    let rows: Vec<String> = cases.iter().map(|case| format!("{{\"case_id\": \"{}\"}}", case.id)).collect();
    let source = archive.file(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    for several_per_patient in [false, true] {
        let options = Options { trec: true, several_per_patient, ..options(source.clone()) };
        let evaluated = archive.run(&options).unwrap();
        let trec = evaluated.trec.unwrap();
        let of = |id: &str| cases.iter().find(|case| case.id == id).unwrap();
        let (run, qrels) = (pairs(&trec.run), pairs(&trec.qrels));
        assert!(run.len() > 100 && qrels.len() > 100);
        for (query, case) in run.iter().chain(&qrels) {
            let (query, case) = (of(query), of(case));
            assert_ne!(query.patient, case.patient);
            assert!(case.date < query.date, "{:?} {:?}", case.date, query.date);
        }
        let queries = &evaluated.evaluation.queries;
        assert_eq!((queries.asked, queries.earlier_only, queries.patient_left_out), (30, 30, 30));
        // Nothing is earlier than the first studies.
        assert_eq!(queries.with_relevant, 20);
        assert!(evaluated.evaluation.notes[0].starts_with("10 of 30 queries have nothing relevant"));
        assert_eq!(value(&evaluated.evaluation, "recall@100"), 1.0, "several: {several_per_patient}");
        assert!((value(&evaluated.evaluation, "ndcg@10") - 1.0).abs() < 1e-9);
    }
}

#[test]
fn time_plays_no_part_where_that_is_asked() {
    let archive = archive(&follow_ups());
    let mut any_time = options(ALL);
    any_time.asking.earlier_only = false;
    let found = archive.evaluated(&any_time);
    assert_eq!(
        (found.queries.earlier_only, found.queries.with_relevant),
        (0, 10),
        "one case of each patient"
    );
}

#[test]
fn a_patient_counts_once_where_a_search_gives_one_hit() {
    let archive = archive(&follow_ups());
    let mut any_time = options(ALL);
    any_time.asking.earlier_only = false;
    let found = archive.evaluated(&any_time);
    assert_eq!((found.index.cases, found.index.patients), (30, 10));
    let row = found.findings.iter().find(|row| row.finding.id == "pneumothorax").unwrap();
    assert!((row.chance - 4.0 / 9.0).abs() < 1e-12, "four of nine other patients: {}", row.chance);
    let several = archive.evaluated(&Options { several_per_patient: true, ..any_time });
    let row = several.findings.iter().find(|row| row.finding.id == "pneumothorax").unwrap();
    assert!((row.chance - 12.0 / 27.0).abs() < 1e-12, "{}", row.chance);
}

#[test]
fn a_case_without_a_patient_does_not_find_itself() {
    let cases: Vec<Sketch> = (0..20).map(|number| Sketch { patient: None, ..Sketch::new(number) }).collect();
    let archive = archive(&cases);
    let mut by_report = Options { trec: true, ..options(ALL) };
    by_report.asking.by = precedent_eval::AskBy::Report;
    let evaluated = archive.run(&by_report).unwrap();
    let trec = evaluated.trec.unwrap();
    assert!(pairs(&trec.run).iter().chain(&pairs(&trec.qrels)).all(|(query, case)| query != case));
    assert!(evaluated.evaluation.notes.iter().any(|note| note.starts_with("20 queries name no patient")));
}

#[test]
fn a_stop_ends_it() {
    let archive = archive(&(0..20).map(Sketch::new).collect::<Vec<_>>());
    let watch = Watch { stop: &|| true, ..quiet() };
    let stopped = evaluate(&archive.engine.view(), None, &options(ALL), watch);
    assert!(matches!(stopped, Err(EvalError::Stopped | EvalError::Engine(_))), "{stopped:?}");
    let none = archive.run(&options(Source::Sample { count: 0, seed: 1 }));
    assert!(matches!(none, Err(EvalError::Input(_))));
}
