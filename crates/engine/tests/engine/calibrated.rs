//! Shares among neighbours, corrected by the archive's own cases.

use crate::support::{Archive, DIMENSION, Sketch, archive, case, search, vector};
use precedent_engine::Access;
use precedent_model::PatientKey;
use precedent_query::{
    AnswerPart, Calibration, Consensus, Judgement, MinimumImageScore, MinimumScores, SearchRequest,
    SearchResponse, UnavailableReason,
};
use precedent_vector::Metric;

const NEIGHBOURS: usize = 8;

/// One of two groups of directions; in each, how near differs from number to number.
fn direction(number: usize, group: usize) -> Vec<f32> {
    let mut values = vec![0.0; DIMENSION];
    values[group] = 1.0;
    for (axis, value) in values.iter_mut().enumerate().skip(2) {
        let scattered = (number * 7919 + axis * axis * 104_729 + number * axis * 31) % 1009;
        *value = 0.2 * (scattered as f32 / 504.0 - 1.0);
    }
    values
}

/// Three of four of the first group have an effusion, all of the second a large heart, and one of three of them a nodule.
fn sketch(number: usize) -> Sketch {
    let group = number % 2;
    let text = match (group, number / 2 % 4) {
        (0, 0..3) => "Pleural effusion.",
        (1, _) if (number / 2).is_multiple_of(3) => "Lung nodule. Cardiomegaly.",
        _ => "No pleural effusion. Cardiomegaly.",
    };
    Sketch { text: Some(text.to_owned()), vectors: vec![direction(number, group)], ..Sketch::default() }
}

fn ingest(archive: &Archive, numbers: std::ops::Range<usize>) {
    let cases = numbers.map(|number| {
        let mut new = case(number, &sketch(number));
        new.case.patient = PatientKey::new(&format!("p{number}"), None).ok();
        new
    });
    assert!(archive.engine.ingest(cases.collect()).unwrap().iter().all(Result::is_ok));
    archive.engine.commit().unwrap();
}

fn filled(cases: usize) -> Archive {
    let archive = archive(Metric::Cosine, Access::Bulk);
    ingest(&archive, 0..cases);
    archive
}

fn by(values: &[f32]) -> SearchRequest {
    let judgement = Judgement::By(NEIGHBOURS);
    SearchRequest { vectors: vec![vector(values)], judgement, ..SearchRequest::default() }
}

fn consensus(archive: &Archive, request: &SearchRequest) -> Consensus {
    search(&archive.engine, request).consensus.unwrap()
}

fn calibration(archive: &Archive) -> Calibration {
    consensus(archive, &by(&direction(1001, 0))).calibration.unwrap()
}

fn reason(response: &SearchResponse) -> Option<UnavailableReason> {
    let missing = &response.plan.unavailable;
    missing.iter().find(|missing| missing.part == AnswerPart::Calibration).map(|missing| missing.reason)
}

#[test]
fn a_calibrated_share_is_nearer_to_how_often_it_was_so() {
    let archive = filled(240);
    let mut mean = [0.0; 2];
    for number in 0..40 {
        let said = consensus(&archive, &by(&direction(1000 + number, 0)));
        let vote = said.votes.iter().find(|vote| &*vote.finding == "pleural-effusion").unwrap();
        let found = vote.calibrated.unwrap();
        assert!(found.lower < found.share && found.share < found.upper, "{found:?}");
        mean[0] += vote.share / 40.0;
        mean[1] += found.share / 40.0;
    }
    // Three of four have one. The share is drawn towards a base rate of three eighths; one curve for all findings undoes most of that.
    assert!(mean[0] < 0.65 && (mean[1] - 0.75).abs() < 0.08, "{mean:?}");
    let by = calibration(&archive);
    assert_eq!((by.cases, by.generation), (240, archive.engine.view().generation()));
    assert!(by.shares >= by.cases, "{by:?}");
}

#[test]
fn the_curve_is_the_same_however_the_cases_lie_in_segments() {
    let (whole, parts) = (filled(120), archive(Metric::Cosine, Access::Bulk));
    for start in [0, 30, 50, 90] {
        ingest(&parts, start..[30, 50, 90, 120].into_iter().find(|end| *end > start).unwrap());
    }
    let [one, other] = [&whole, &parts].map(calibration);
    assert_eq!((one.cases, one.shares), (other.cases, other.shares));
    for (a, b) in [
        (one.constant, other.constant),
        (one.by_share, other.by_share),
        (one.by_rest, other.by_rest),
        (one.by_base_rate, other.by_base_rate),
    ] {
        assert!((a - b).abs() < 1e-9, "{one:?} and {other:?}");
    }
}

#[test]
fn it_is_fitted_again_when_the_archive_has_grown_by_a_tenth() {
    let archive = filled(100);
    let first = calibration(&archive);
    ingest(&archive, 100..105);
    assert_eq!(calibration(&archive), first);
    ingest(&archive, 105..111);
    let later = calibration(&archive);
    assert_eq!(later.cases, 111);
    assert!(later.generation > first.generation);
}

#[test]
fn too_few_cases_and_other_searches_are_said_with_their_reason() {
    let small = search(&filled(50).engine, &by(&direction(1000, 0)));
    assert!(small.consensus.as_ref().unwrap().calibration.is_some());
    let too_small = search(&filled(49).engine, &by(&direction(1000, 0)));
    assert_eq!(reason(&too_small), Some(UnavailableReason::FewReports));
    let said = too_small.consensus.unwrap();
    assert!(said.calibration.is_none() && said.votes.iter().all(|vote| vote.calibrated.is_none()));
    let archive = filled(60);
    let near = by(&direction(1000, 0));
    assert_eq!(reason(&search(&archive.engine, &near)), None);
    let least = MinimumScores { image: Some(MinimumImageScore::Cosine(0.1)), lexical: None };
    for other in [
        SearchRequest { filter: Some("finding:effusion".to_owned()), ..near.clone() },
        SearchRequest { text: Some("effusion".to_owned()), ..near.clone() },
        SearchRequest { minimum: least, ..near.clone() },
    ] {
        let answer = search(&archive.engine, &other);
        assert_eq!(reason(&answer), Some(UnavailableReason::NotByImageAlone));
        assert!(answer.consensus.unwrap().calibration.is_none());
    }
}
