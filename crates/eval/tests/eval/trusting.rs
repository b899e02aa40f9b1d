//! Shares among neighbours beside the truth, and whether the surest answers are the best.

use crate::support::{ALL, Sketch, archive, options};
use precedent_eval::{AskBy, Evaluation, Reliability, Truth};

fn series<'a>(evaluation: &'a Evaluation, name: &str) -> &'a Reliability {
    let calibration = evaluation.calibration.as_ref().unwrap();
    calibration.series.iter().find(|series| series.name == name).unwrap()
}

#[test]
fn shares_are_held_against_the_truth_of_the_queries() {
    let archive = archive(&(0..120).map(Sketch::new).collect::<Vec<_>>());
    let evaluation = archive.evaluated(&options(ALL));
    let calibration = evaluation.calibration.as_ref().unwrap();
    assert_eq!(calibration.queries, 120);
    let [share, calibrated, base_rate] =
        ["share", "calibrated", "base rate"].map(|name| series(&evaluation, name));
    for series in [share, calibrated, base_rate] {
        assert_eq!(series.bins.iter().map(|bin| bin.shares).sum::<usize>(), calibration.shares);
        let range = series.error.interval.unwrap();
        assert!(range.low <= range.high && (0.0..=1.0).contains(&series.brier.value), "{series:?}");
        for bin in &series.bins {
            assert!(bin.from <= bin.said && bin.said <= bin.from + 0.1 + 1e-9, "{bin:?}");
        }
        // The error is what the bins say it is.
        let gap =
            |bin: &precedent_eval::ReliabilityBin| bin.shares as f64 * (bin.said - bin.present.value).abs();
        let error = series.bins.iter().map(gap).sum::<f64>() / calibration.shares as f64;
        assert!((series.error.value - error).abs() < 1e-9, "{series:?}");
    }
    // Cases of a kind lie together, so neighbours know, and are too timid about it.
    assert!(share.brier.value < base_rate.brier.value / 2.0, "{share:?}");
    assert!(calibrated.error.value < share.error.value / 2.0, "{share:?} {calibrated:?}");
    assert!(calibrated.brier.value < share.brier.value, "{share:?} {calibrated:?}");
}

#[test]
fn risk_falls_from_chance_to_where_the_surest_are_the_best() {
    let archive = archive(&(0..120).map(Sketch::new).collect::<Vec<_>>());
    let evaluation = archive.evaluated(&options(ALL));
    let risks = evaluation.risk_coverage.as_ref().unwrap();
    assert_eq!(risks.queries, 120);
    assert_eq!(risks.curves.iter().map(|curve| &*curve.by).collect::<Vec<_>>(), ["consensus", "best match"]);
    for curve in &risks.curves {
        assert!(risks.ideal <= curve.area + 1e-12, "{risks:?}");
        let last = curve.points.last().unwrap();
        assert_eq!((last.coverage, last.queries), (1.0, 120));
        assert!((last.risk.value - risks.chance).abs() < 1e-12, "all that are asked");
    }
}

#[test]
fn words_have_no_neighbours_and_small_archives_no_calibration() {
    let whole = archive(&(0..60).map(Sketch::new).collect::<Vec<_>>());
    let mut by_words = options(ALL);
    by_words.asking.by = AskBy::Report;
    let evaluation = whole.evaluated(&by_words);
    assert!(evaluation.calibration.is_none() && evaluation.risk_coverage.is_none());
    let small = archive(&(0..40).map(Sketch::new).collect::<Vec<_>>());
    let evaluation = small.evaluated(&options(ALL));
    let names: Vec<&str> =
        evaluation.calibration.as_ref().unwrap().series.iter().map(|series| &*series.name).collect();
    assert_eq!(names, ["share", "base rate"]);
}

#[test]
fn labels_are_findings_of_the_same_name() {
    let archive = archive(&(0..120).map(Sketch::new).collect::<Vec<_>>());
    let by_labels = precedent_eval::Options { truth: Truth::Labels("label".to_owned()), ..options(ALL) };
    let reports = archive.evaluated(&options(ALL)).calibration.unwrap().shares;
    let labels = archive.evaluated(&by_labels).calibration.unwrap().shares;
    // Of the labels only "pneumothorax" is the name of a finding.
    assert!(0 < labels && labels < reports, "{labels} of {reports}");
}
