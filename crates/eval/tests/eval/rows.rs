//! Files of queries.

use crate::support::{Archive, DIMENSION, Sketch, archive, options, value, vector};
use precedent_eval::{EvalError, Options};

fn twenty() -> Archive {
    archive(&(0..20).map(Sketch::new).collect::<Vec<_>>())
}

fn refused(archive: &Archive, rows: &[&str]) -> String {
    match archive.run(&options(archive.file(rows))) {
        Err(error @ EvalError::Rows(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_row_names_its_relevant_cases() {
    let archive = twenty();
    let embedding: Vec<String> = vector(0, 0.0).iter().map(f32::to_string).collect();
    let row = format!(
        r#"{{"embedding": [{}], "encoder_id": "enc", "patient_id": "somebody", "relevant": {{"case-000": 2, "case-004": 1, "case-001": 0, "gone": 1}}, "groups": {{"scanner": "A"}}}}"#,
        embedding.join(", ")
    );
    let found = archive.evaluated(&options(archive.file(&[&row, "", &row])));
    assert_eq!((found.queries.asked, found.queries.relevant_not_in_index), (2, 2));
    assert_eq!((found.truth.source.as_str(), &found.truth.warning), ("queries", &None));
    assert_eq!(value(&found, "recall@10"), 1.0);
    assert!(
        found.subgroups.iter().any(|group| (group.by.as_str(), group.value.as_str()) == ("scanner", "A"))
    );
    let pool = found.pools.iter().find(|pool| pool.pool == "all").unwrap();
    // Four more cases have the report of the two that are named.
    assert_eq!((pool.mean_sought, pool.recall[0].recall.value), (5.0, 1.0));
}

#[test]
fn rows_ask_by_text_filter_and_findings() {
    let archive = twenty();
    let rows = [
        r#"{"text": "pneumothorax", "findings": ["pneumothorax"], "filter": "sex = \"F\"", "before": "2030"}"#,
        r#"{"case_id": "case-001", "text": "effusion"}"#,
    ];
    let found = archive.evaluated(&options(archive.file(&rows)));
    // No case has a date, so none is certainly before 2030.
    assert_eq!((found.queries.asked, found.queries.with_relevant), (2, 1));
    let found = archive.evaluated(&options(archive.file(&[&rows[0].replace(r#", "before": "2030""#, "")])));
    assert_eq!(value(&found, "precision@1"), 1.0);
    let row = found.findings.iter().find(|row| row.finding.id == "pneumothorax").unwrap();
    let recall = row.metrics.iter().find(|metric| metric.name == "recall@10").unwrap().figure;
    assert_eq!((row.queries, recall.value), (1, 1.0), "of what the filter lets through");
}

#[test]
fn every_row_that_cannot_be_asked_is_named_by_line_with_the_remedy() {
    let archive = twenty();
    let wide =
        format!(r#"{{"embedding": {:?}, "encoder_id": "enc", "findings": []}}"#, vec![1.0; DIMENSION + 1]);
    let rows = [
        ("{", "is no JSON at column"),
        ("[1]", "is no JSON object"),
        (r#"{"case": "case-001"}"#, "case: a row has no such field; it may have case_id"),
        (r#"{"case_id": "CANARY"}"#, "case_id: the index has no case of that id"),
        (r#"{"case_id": 7}"#, "case_id: is no text"),
        ("{}", "asks for nothing"),
        (r#"{"text": "effusion"}"#, "give relevant or findings"),
        (r#"{"text": "effusion", "findings": ["CANARY"]}"#, "findings[0]: the lexicon has no such finding"),
        (r#"{"text": "effusion", "relevant": {"case-001": 11}}"#, "no grade from 0 to 10"),
        (r#"{"text": "effusion", "relevant": ["case-001"]}"#, "relevant: is no object"),
        (r#"{"embedding": [1], "findings": []}"#, "encoder_id: is missing"),
        (
            r#"{"embedding": [1], "encoder_id": "CANARY", "findings": []}"#,
            "encoder_id: is not that of the index",
        ),
        (&wide, "has 17 numbers, the index has 16"),
        (r#"{"image": "CANARY.png", "findings": []}"#, "is no file"),
        (r#"{"text": "x", "findings": [], "patient_id": ""}"#, "patient_id"),
        (r#"{"text": "x", "findings": [], "before": "CANARY"}"#, "before"),
        (r#"{"text": "x", "findings": [], "groups": {"a": [1]}}"#, "groups.a"),
    ];
    for (row, problem) in rows {
        let error = refused(&archive, &[r#"{"case_id": "case-000"}"#, "", row]);
        assert!(error.contains(".jsonl:3: ") && error.contains(problem), "{row}: {error}");
        assert!(!error.contains("CANARY"), "{row}: {error}");
    }
    let many = vec!["{}"; 25];
    let error = refused(&archive, &many);
    assert_eq!(error.lines().count(), 11, "{error}");
    assert!(error.ends_with("and 15 more"), "{error}");
}

#[test]
fn a_case_without_an_embedding_asks_by_report_alone() {
    let mut cases: Vec<Sketch> = (0..20).map(Sketch::new).collect();
    cases[3].has_image = false;
    let archive = archive(&cases);
    let error = refused(&archive, &[r#"{"case_id": "case-003"}"#]);
    assert!(error.contains("no embedding; ask by report"), "{error}");
    let mut by_report = options(archive.file(&[r#"{"case_id": "case-003"}"#]));
    by_report.asking.by = precedent_eval::AskBy::Report;
    assert_eq!(archive.evaluated(&by_report).queries.asked, 1);
}

#[test]
fn a_file_that_is_not_there_or_empty_is_told() {
    let archive = twenty();
    let missing = precedent_eval::Source::File(archive.folder.path().join("none.jsonl"));
    assert!(matches!(archive.run(&options(missing)), Err(EvalError::File { .. })));
    let empty = archive.run(&options(archive.file(&[""]))).unwrap_err().to_string();
    assert!(empty.contains("holds no query"), "{empty}");
    let deep = archive.run(&Options { depth: 9, ..options(archive.file(&["{}"])) }).unwrap_err().to_string();
    assert!(deep.contains("10 to 999"), "{deep}");
}
