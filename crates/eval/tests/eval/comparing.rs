//! Two settings, two indexes.

use crate::support::{ALL, Sketch, archive, options};
use precedent_eval::{Options, Settings};

#[test]
fn equal_settings_differ_in_nothing() {
    let archive = archive(&(0..40).map(Sketch::new).collect::<Vec<_>>());
    let found = archive.against(&archive, Settings::default(), &options(ALL)).against.unwrap();
    assert_eq!((found.queries, found.not_asked, found.unjudged_hits, found.overlap.value), (40, 0, 0, 1.0));
    assert!(found.index.is_none());
    for row in &found.metrics {
        let range = row.difference.interval.unwrap();
        assert_eq!(
            (row.difference.value, range.low, range.high, row.better, row.worse),
            (0.0, 0.0, 0.0, 0, 0)
        );
        assert_eq!(row.first, row.second);
    }
}

#[test]
fn a_better_setting_is_told_from_a_worse_one() {
    let archive = archive(&(0..80).map(Sketch::new).collect::<Vec<_>>());
    // Each case asks with its images and with a text that has nothing to do with it.
    let rows: Vec<String> = (0..80)
        .map(|number| {
            let embedding: Vec<String> =
                crate::support::vector(number % 4, 0.3).iter().map(f32::to_string).collect();
            let text = ["pneumothorax", "cardiomegaly", "pneumothorax", "effusion"][number % 4];
            let embedding = embedding.join(", ");
            format!(
                r#"{{"case_id": "case-{number:03}", "embedding": [{embedding}], "encoder_id": "enc", "text": "{text}"}}"#
            )
        })
        .collect();
    let source = archive.file(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let words_alone = Settings::default().with("image_weight=0").unwrap();
    let images_alone = Settings::default().with("lexical_weight=0").unwrap();
    let options = Options { settings: words_alone, ..options(source) };
    let found = archive.against(&archive, images_alone, &options).against.unwrap();
    let row = found.metrics.iter().find(|row| row.name == "precision@10").unwrap();
    // A quarter of the texts names what has nothing in common with the case.
    assert!(
        (row.difference.value - 0.25).abs() < 1e-9 && row.difference.interval.unwrap().low > 0.1,
        "{row:?}"
    );
    assert_eq!((row.better, row.worse), (20, 0));
    assert!((row.second.value - row.first.value - row.difference.value).abs() < 1e-12);
    let heart = found.findings.iter().find(|row| row.name == "cardiomegaly").unwrap();
    assert!(heart.difference.value > 0.0);
}

#[test]
fn another_index_may_lack_cases_and_have_others() {
    let mut cases: Vec<Sketch> = (0..40).map(Sketch::new).collect();
    let first = archive(&cases);
    cases.truncate(30);
    cases.extend((100..110).map(Sketch::new));
    let second = archive(&cases);
    let found = first.against(&second, Settings::default(), &options(ALL)).against.unwrap();
    assert_eq!((found.queries, found.not_asked), (30, 10));
    assert!(found.unjudged_hits > 0);
    assert_eq!(found.index.unwrap().cases, 40);
    let recall = found.metrics.iter().find(|row| row.name == "recall@100").unwrap();
    assert!(recall.second.value < recall.first.value, "a quarter of the relevant is not there");
}
