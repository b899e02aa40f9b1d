//! The figures of archives whose answers are known.

use crate::support::{ALL, Sketch, archive, options, value};
use precedent_eval::{AskBy, Options, Truth};

fn forty() -> Vec<Sketch> {
    (0..40).map(Sketch::new).collect()
}

#[test]
fn cases_that_look_alike_find_each_other() {
    let archive = archive(&forty());
    let found = archive.evaluated(&options(ALL));
    assert_eq!((found.queries.asked, found.queries.with_relevant, found.queries.patients), (40, 40, 40));
    // Nine others of the same kind come first, then those that share an effusion, or nothing.
    assert_eq!(value(&found, "precision@1"), 1.0);
    assert_eq!(value(&found, "precision@5"), 1.0);
    assert_eq!(value(&found, "ndcg@10"), found.curve.iter().find(|point| point.k == 10).unwrap().ndcg.value);
    assert!(value(&found, "precision@10") >= 0.9, "{:?}", found.metrics);
    assert_eq!(value(&found, "recall@100"), 1.0, "the list holds the whole archive");
    assert_eq!(value(&found, "mrr"), 1.0);
    let settings = found.settings;
    assert_eq!(settings, options(ALL).settings);
}

#[test]
fn findings_are_judged_one_by_one_with_their_kinds_and_their_chance() {
    let archive = archive(&forty());
    let found = archive.evaluated(&options(ALL));
    let row = |id: &str| found.findings.iter().find(|row| row.finding.id == id).unwrap();
    let effusion = row("pleural-effusion");
    assert_eq!((effusion.queries, effusion.patients), (20, 20), "two of four kinds have one");
    // Of 39 others 19 have one.
    assert!((effusion.chance - 19.0 / 39.0).abs() < 1e-12);
    let wider = row("pleural-abnormality");
    assert_eq!(wider.queries, 30, "pneumothorax and effusion are kinds of it");
    let heart = row("cardiomegaly");
    let precision = heart.metrics.iter().find(|metric| metric.name == "precision@10").unwrap().figure;
    assert!((precision.value - 0.9).abs() < 1e-12, "nine others have it: {precision:?}");
    let times = heart.times_chance.unwrap().value;
    assert!((times - 0.9 / (9.0 / 39.0)).abs() < 1e-9, "{times}");
    let none = row("none");
    assert_eq!((none.queries, none.finding.name.as_str()), (10, "no finding stated"));
    assert!(
        !found.findings.iter().any(|row| row.finding.id == "normal"),
        "what says that nothing is wrong is no finding"
    );
}

#[test]
fn subgroups_go_by_fields_and_small_ones_are_left_out() {
    let archive = archive(&forty());
    let found = archive.evaluated(&Options { least_group: 14, ..options(ALL) });
    let groups: Vec<(&str, &str, usize)> = found
        .subgroups
        .iter()
        .map(|group| (group.by.as_str(), group.value.as_str(), group.queries))
        .collect();
    assert_eq!(groups, [("age", "40-64", 40), ("findings", "any", 30), ("sex", "f", 14), ("sex", "m", 26)]);
}

#[test]
fn labels_stand_in_for_reports_and_the_output_says_so() {
    let archive = archive(&forty());
    let by_reports = archive.evaluated(&options(ALL));
    assert_eq!(by_reports.truth.source, "reports");
    assert!(by_reports.truth.warning.is_some());
    let labels = Options { truth: Truth::Labels("label".to_owned()), ..options(ALL) };
    let found = archive.evaluated(&labels);
    assert_eq!((found.truth.source.as_str(), &found.truth.warning), ("labels:label", &None));
    let names: Vec<&str> = found.findings.iter().map(|row| row.finding.id.as_str()).collect();
    assert_eq!(names, ["effusion", "pneumothorax", "heart", "normal"]);
    assert!(found.anatomy.is_empty(), "labels have no place");
    // An effusion beside a large heart shares a finding of the reports, and no label.
    assert!(value(&found, "recall@10") > value(&by_reports, "recall@10"));
    for field in ["sexes", "age"] {
        let wrong = Options { truth: Truth::Labels(field.to_owned()), ..options(ALL) };
        let error = archive.run(&wrong).unwrap_err().to_string();
        assert!(error.contains("no keywords field") && error.contains("label"), "{error}");
    }
}

#[test]
fn a_case_can_ask_with_its_report() {
    let archive = archive(&forty());
    let mut by_report = options(ALL);
    by_report.asking.by = AskBy::Report;
    let found = archive.evaluated(&by_report);
    assert_eq!(found.queries.asked, 40);
    assert!(value(&found, "precision@5") > 0.9, "{:?}", found.metrics);
    assert!(found.index_recall.is_empty(), "no vectors were searched");
    by_report.asking.by = AskBy::Both;
    assert!(value(&archive.evaluated(&by_report), "precision@5") > 0.9);
}

#[test]
fn anatomy_compares_what_is_at_a_place() {
    let archive = archive(&forty());
    let found = archive.evaluated(&options(ALL));
    // No report of these names a place other than a side, which is none.
    assert!(found.anatomy.is_empty());
}

#[test]
fn hits_are_spread_and_differ() {
    let archive = archive(&forty());
    let found = archive.evaluated(&options(ALL));
    let hubness = found.hubness.unwrap();
    assert_eq!(hubness.queries, 40);
    assert_eq!(hubness.occurrences.iter().sum::<usize>(), 40);
    assert!((hubness.even_skewness - 1.0 / 10_f64.sqrt()).abs() < 1e-9, "{hubness:?}");
    let diversity = found.diversity.unwrap();
    assert!(diversity.similarity.value > 0.7 && diversity.findings.value > 1.0, "{diversity:?}");
    let varied = options(ALL);
    let varied = Options { settings: varied.settings.with("diversity=1").unwrap(), ..varied };
    let varied = archive.evaluated(&varied).diversity.unwrap();
    assert!(
        varied.similarity.value < diversity.similarity.value
            && varied.findings.value > diversity.findings.value
    );
}

#[test]
fn the_same_evaluation_gives_the_same_figures() {
    let archive = archive(&forty());
    let (one, other) = (archive.evaluated(&options(ALL)), archive.evaluated(&options(ALL)));
    assert_eq!(one, other);
}
