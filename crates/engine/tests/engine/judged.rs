//! What the neighbours of a query say together, what speaks against it, and hits that differ.

use crate::support::{
    Archive, DIMENSION, Sketch, archive, archive_of, case, definition, id, names, patient, plain, search,
    vector,
};
use precedent_engine::{Access, Engine, EngineError, NewCase};
use precedent_model::{FieldKind, FieldSchema, FieldValue, PartialDate};
use precedent_query::{
    AnswerPart, Consensus, EncodedQueryImage, FindingVote, Fusion, Guards, Hit, HitDetail, Judgement, Limits,
    SearchRequest, SearchResponse, UnavailableReason,
};
use precedent_vector::Metric;

const EFFUSION: &str = "Pleural effusion.";
const MAYBE: &str = "Possible pleural effusion.";
const NO_EFFUSION: &str = "No pleural effusion.";
const CARDIOMEGALY: &str = "Cardiomegaly.";
const NORMAL: &str = "No acute disease. No pneumothorax.";

/// A direction of that cosine to the query.
fn at(cosine: f32) -> Vec<f32> {
    let mut values = vec![0.0; DIMENSION];
    (values[0], values[1]) = (cosine, (1.0 - cosine * cosine).sqrt());
    values
}

fn sketch(cosine: f32, text: &str) -> Sketch {
    Sketch { text: Some(text.to_owned()), vectors: vec![at(cosine)], ..Sketch::default() }
}

fn fill(archive: &Archive, sketches: &[Sketch]) {
    let cases = sketches.iter().enumerate().map(|(name, sketch)| case(name, sketch)).collect();
    assert!(archive.engine.ingest(cases).unwrap().iter().all(Result::is_ok));
    archive.engine.commit().unwrap();
}

fn filled(sketches: &[Sketch]) -> Archive {
    let archive = archive(Metric::Cosine, Access::Bulk);
    fill(&archive, sketches);
    archive
}

fn by(neighbours: usize) -> SearchRequest {
    let judgement = Judgement::By(neighbours);
    SearchRequest { vectors: vec![vector(&at(1.0))], judgement, ..SearchRequest::default() }
}

fn consensus(archive: &Archive, request: &SearchRequest) -> Consensus {
    search(&archive.engine, request).consensus.unwrap()
}

fn vote(consensus: &Consensus, finding: &str) -> FindingVote {
    consensus.votes.iter().find(|vote| *vote.finding == *finding).cloned().unwrap()
}

fn counts(vote: &FindingVote) -> [usize; 4] {
    [vote.present, vote.uncertain, vote.absent, vote.unmentioned]
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-4, "{found} in place of {expected}");
}

fn ids(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.case.id.as_str()).collect()
}

/// What is missing of consensus and dissent. The archives are too small for the other parts.
fn missing(response: &SearchResponse) -> Vec<(AnswerPart, UnavailableReason)> {
    let missing = response.plan.unavailable.iter().map(|missing| (missing.part, missing.reason));
    missing.filter(|(part, _)| ![AnswerPart::Abstention, AnswerPart::Calibration].contains(part)).collect()
}

fn both(reason: UnavailableReason) -> Vec<(AnswerPart, UnavailableReason)> {
    vec![(AnswerPart::Consensus, reason), (AnswerPart::Dissent, reason)]
}

/// Four copies of the query, of which the neighbours say four things of an effusion, and four cases behind them.
fn four_and_four() -> Vec<Sketch> {
    [(1.0, EFFUSION), (1.0, EFFUSION), (1.0, MAYBE), (1.0, NO_EFFUSION)]
        .into_iter()
        .chain([(0.0, EFFUSION), (0.0, NORMAL), (0.0, NORMAL), (0.0, CARDIOMEGALY)])
        .map(|(cosine, text)| sketch(cosine, text))
        .collect()
}

#[test]
fn neighbours_vote_beside_the_whole_archive() {
    let archive = filled(&four_and_four());
    let said = consensus(&archive, &by(4));
    assert_eq!((said.neighbours, said.reported_cases, said.calibration, said.more_findings), (4, 8, None, 0));
    near(said.effective_patients, 4.0);
    let found: Vec<&str> = said.votes.iter().map(|vote| &*vote.finding).collect();
    assert_eq!(found, ["pleural-effusion"], "what it is a kind of says no more");
    let vote = vote(&said, "pleural-effusion");
    assert_eq!(counts(&vote), [2, 1, 1, 0]);
    // Three and a half of eight; (2.5 + 2 * 0.4375) / (4 + 2).
    near(vote.base_rate, 0.4375);
    near(vote.share, 0.5625);
    near(vote.lift().unwrap(), 0.5625 / 0.4375);
    // Wilson, of 0.5625 among 4: (0.5625 + 0.48018) / 1.96036 -+ 1.95996 / 1.96036 * sqrt(0.06152 + 0.06002)
    near(vote.lower, 0.1833);
    near(vote.upper, 0.8805);
    assert!(vote.grades.is_none());
}

#[test]
fn nearer_ones_count_more() {
    let archive =
        filled(&[sketch(1.0, "Small pleural effusion."), sketch(0.95, NO_EFFUSION), sketch(0.0, NORMAL)]);
    let said = consensus(&archive, &by(2));
    let (far, rate) = ((-1.0_f64).exp(), 1.0 / 3.0);
    near(said.effective_patients, (1.0 + far).powi(2) / (1.0 + far * far));
    let vote = vote(&said, "pleural-effusion");
    near(vote.share, (1.0 + 2.0 * rate) / (1.0 + far + 2.0));
    let grades = vote.grades.unwrap();
    assert_eq!((grades.shares.len(), &*grades.shares[grades.median].grade), (1, "mild"));
}

#[test]
fn of_equal_ones_the_earlier_vote() {
    let texts = [EFFUSION, CARDIOMEGALY, CARDIOMEGALY, NO_EFFUSION];
    let said = consensus(&filled(&texts.map(|text| sketch(0.5, text))), &by(1));
    assert_eq!((said.neighbours, said.votes.len()), (1, 1));
    assert_eq!(counts(&vote(&said, "pleural-effusion")), [1, 0, 0, 0]);
}

#[test]
fn one_case_of_each_patient_votes_though_several_are_hits() {
    let of = |number, cosine, text| Sketch { patient: Some(number), ..sketch(cosine, text) };
    let archive = filled(&[
        of(0, 1.0, EFFUSION),
        of(0, 0.99, CARDIOMEGALY),
        of(0, 0.98, CARDIOMEGALY),
        of(1, 0.97, NO_EFFUSION),
        sketch(0.96, NORMAL),
        sketch(0.95, NORMAL),
    ]);
    for several_per_patient in [false, true] {
        let guards = Guards { several_per_patient, ..Guards::default() };
        let response = search(&archive.engine, &SearchRequest { guards, ..by(10) });
        let said = response.consensus.unwrap();
        assert_eq!(said.neighbours, 4);
        assert_eq!(counts(&vote(&said, "pleural-effusion")), [1, 0, 1, 2]);
        assert!(said.votes.iter().all(|vote| &*vote.finding != "cardiomegaly"), "the patient has voted");
    }
}

#[test]
fn filter_and_guards_say_who_votes_and_not_what_is_common() {
    let mut sketches = four_and_four();
    for (number, sketch) in sketches.iter_mut().enumerate() {
        sketch.age = Some(if number < 2 { 30 } else { 60 });
        sketch.date = Some(if number == 3 { "2021" } else { "2019" });
    }
    sketches[0].patient = Some(0);
    let archive = filled(&sketches);
    let of = |filter: &str, guards: Guards| {
        let request = SearchRequest { filter: Some(filter.to_owned()), guards, ..by(3) };
        let said = consensus(&archive, &request);
        assert_eq!(said.reported_cases, 8);
        let vote = vote(&said, "pleural-effusion");
        near(vote.base_rate, 0.4375);
        (said.neighbours, counts(&vote))
    };
    assert_eq!(of("age < 40", Guards::default()), (2, [2, 0, 0, 0]));
    let own = Guards { patient: Some(patient(0)), ..Guards::default() };
    assert_eq!(of("age > 0", own.clone()), (3, [1, 1, 1, 0]));
    assert_eq!(of("age > 0", Guards { include_same_patient: true, ..own }), (3, [2, 1, 0, 0]));
    let before = Guards { before: Some(PartialDate::parse("before", "2020").unwrap()), ..Guards::default() };
    assert_eq!(of("age > 40", before), (3, [1, 1, 0, 1]));
}

#[test]
fn cases_without_a_report_do_not_vote_and_are_not_counted() {
    let silent = |cosine| Sketch { text: None, ..sketch(cosine, "") };
    let archive = filled(&[silent(1.0), sketch(0.9, EFFUSION), silent(0.8), sketch(0.7, NORMAL)]);
    let response = search(&archive.engine, &by(2));
    assert_eq!(response.total, 4);
    let said = response.consensus.unwrap();
    assert_eq!((said.neighbours, said.reported_cases), (2, 2));
    near(vote(&said, "pleural-effusion").base_rate, 0.5);
    // Twice as many as are to vote are looked at.
    assert_eq!(consensus(&archive, &by(1)).neighbours, 1);
    let archive = filled(&[silent(1.0), silent(0.9), sketch(0.8, EFFUSION)]);
    assert_eq!(missing(&search(&archive.engine, &by(1))), both(UnavailableReason::NoReports));
}

#[test]
fn what_cannot_be_said_is_told_with_the_reason() {
    let archive = filled(&four_and_four());
    let reason = |request: &SearchRequest| {
        let response = search(&archive.engine, request);
        assert!(response.consensus.is_none() && response.dissent.is_none());
        missing(&response)
    };
    let no_image = both(UnavailableReason::NoImageQuery);
    let text = || Some("effusion".to_owned());
    let nothing = |judgement| SearchRequest { judgement, ..SearchRequest::default() };
    assert_eq!(reason(&SearchRequest { text: text(), ..nothing(Judgement::By(4)) }), no_image);
    let filter = Some("finding:effusion".to_owned());
    assert_eq!(reason(&SearchRequest { filter, ..nothing(Judgement::By(4)) }), no_image);
    let silent = Fusion { image_weight: 0.0, ..Fusion::default() };
    assert_eq!(reason(&SearchRequest { text: text(), fusion: silent, ..by(4) }), no_image);
    let nobody = Some("age = 300".to_owned());
    assert_eq!(reason(&SearchRequest { filter: nobody, ..by(4) }), both(UnavailableReason::NoReports));
    // Nothing is missing where nobody asks.
    assert_eq!(reason(&SearchRequest { text: text(), ..nothing(Judgement::Auto) }), []);
    assert_eq!(reason(&SearchRequest { judgement: Judgement::Auto, ..by(4) }), []);
    assert_eq!(reason(&SearchRequest { judgement: Judgement::Off, ..by(4) }), []);
}

#[test]
fn of_deleted_cases_nothing_is_said() {
    let archive = filled(&four_and_four());
    archive.engine.delete(&(0..4).map(id).collect::<Vec<_>>()).unwrap();
    archive.engine.commit().unwrap();
    let said = consensus(&archive, &by(4));
    assert_eq!((said.neighbours, said.reported_cases), (4, 4));
    near(vote(&said, "pleural-effusion").base_rate, 0.25);
    archive.engine.delete(&(4..8).map(id).collect::<Vec<_>>()).unwrap();
    archive.engine.commit().unwrap();
    let response = search(&archive.engine, &by(4));
    assert!(response.hits.is_empty());
    assert_eq!(missing(&response), both(UnavailableReason::NoReports));
}

#[test]
fn base_rates_are_those_of_the_generation_that_is_searched() {
    let archive = filled(&four_and_four());
    let view = archive.engine.view();
    let rate = |response: SearchResponse| vote(&response.consensus.unwrap(), "pleural-effusion").base_rate;
    near(rate(search(&archive.engine, &by(4))), 0.4375);
    archive.engine.ingest(vec![case(8, &sketch(0.0, EFFUSION))]).unwrap().remove(0).unwrap();
    archive.engine.commit().unwrap();
    near(rate(search(&archive.engine, &by(4))), 0.5);
    near(rate(view.search(&by(4), &|| false).unwrap()), 0.4375);
}

#[test]
fn neighbours_do_not_depend_on_how_many_hits_are_shown() {
    let archive = filled(&four_and_four());
    let with = |limits: Limits| search(&archive.engine, &SearchRequest { limits, ..by(4) });
    let whole = with(Limits::default());
    let first = with(Limits { limit: 1, ..Limits::default() });
    assert_eq!((first.total, first.hits.len()), (1, 1));
    assert_eq!((&first.consensus, &first.dissent), (&whole.consensus, &whole.dissent));
    let pages: Vec<SearchResponse> =
        (0..8).map(|offset| with(Limits { offset, page_size: Some(1), ..Limits::default() })).collect();
    assert_eq!(pages[0].consensus, whole.consensus);
    assert!(pages[1..].iter().all(|page| page.consensus.is_none() && page.dissent.is_none()));
    let hits: Vec<Hit> = pages.into_iter().flat_map(|page| page.hits).collect();
    assert_eq!(hits, whole.hits);
}

#[test]
fn text_and_image_together_let_the_first_of_the_answer_vote() {
    let archive = filled(&four_and_four());
    let request = SearchRequest { text: Some("cardiomegaly".to_owned()), ..by(2) };
    let response = search(&archive.engine, &request);
    assert!(names(&response)[..4].contains(&"case-007".to_owned()), "put forward by its text alone");
    assert_eq!(response.consensus.unwrap().neighbours, 2);
}

fn with_views() -> Engine {
    let mut definition = definition(Metric::Cosine);
    definition.fields = FieldSchema::new([("view".to_owned(), FieldKind::Keywords)]).unwrap();
    let archive = archive_of(definition, Access::Bulk);
    let of = |name: usize, view: &str, cosine: f32, text: &str| -> NewCase {
        let mut new = case(name, &sketch(cosine, text));
        new.case.fields.insert("view".into(), vec![FieldValue::Keyword(view.to_owned())]);
        new
    };
    let cases = vec![
        of(0, "LL", 1.0, CARDIOMEGALY),
        of(1, "PA", 0.9, EFFUSION),
        of(2, "LL", 0.9, NO_EFFUSION),
        of(3, "PA", 0.5, NO_EFFUSION),
        of(4, "LL", 0.5, NORMAL),
    ];
    assert!(archive.engine.ingest(cases).unwrap().iter().all(Result::is_ok));
    archive.engine.commit().unwrap();
    archive.engine
}

#[test]
fn cases_of_other_views_are_no_neighbours() {
    let image = EncodedQueryImage {
        embedding: vector(&at(1.0)),
        view: Some("AP".to_owned()),
        patient: None,
        study_date: None,
        view_position: None,
        local: None,
    };
    let request = SearchRequest { encoded_images: vec![image], ..SearchRequest::default() };
    let response = search(&with_views(), &request);
    assert_eq!(response.total, 5);
    let said = response.consensus.unwrap();
    assert_eq!(said.neighbours, 2, "an image asks by itself");
    assert_eq!(counts(&vote(&said, "pleural-effusion")), [1, 0, 1, 0]);
    let dissent = response.dissent.unwrap();
    assert_eq!((ids(&dissent.leading[0].cases), ids(&dissent.normal)), (vec!["case-003"], vec!["case-003"]));
}

/// Such an index can no longer be made; an archive that has one may be of before.
#[test]
fn an_archive_with_a_field_named_as_findings_are_says_so() {
    let mut definition = definition(Metric::Cosine);
    definition.fields = FieldSchema::new([("finding".to_owned(), FieldKind::Keywords)]).unwrap();
    let archive = plain(definition, Access::Bulk);
    fill(&archive, &[sketch(1.0, EFFUSION)]);
    assert_eq!(missing(&search(&archive.engine, &by(4))), both(UnavailableReason::HiddenFindings));
}

/// Five neighbours with an effusion, and others behind them.
fn effusions() -> Vec<Sketch> {
    let mut sketches: Vec<Sketch> =
        (0..5).map(|number| sketch(1.0 - 0.001 * number as f32, "Large pleural effusion.")).collect();
    let far =
        [(0.9, NO_EFFUSION), (0.8, NORMAL), (0.7, NO_EFFUSION), (0.6, CARDIOMEGALY), (0.5, NO_EFFUSION)];
    sketches.extend(far.map(|(cosine, text)| sketch(cosine, text)));
    sketches.extend((0..10).map(|_| sketch(0.1, NORMAL)));
    sketches
}

#[test]
fn the_nearest_cases_that_deny_a_leading_finding_speak_against_it() {
    let mut sketches = effusions();
    sketches[6].patient = Some(1);
    sketches[7].patient = Some(1);
    let archive = filled(&sketches);
    let response = search(&archive.engine, &by(5));
    let dissent = response.dissent.unwrap();
    let [against] = dissent.leading.as_slice() else { panic!("{dissent:?}") };
    assert_eq!(
        (&*against.finding, against.name.as_str(), against.denied),
        ("pleural-effusion", "pleural effusion", true)
    );
    assert_eq!(ids(&against.cases), ["case-005", "case-007", "case-009"]);
    let ranks: Vec<usize> = against.cases.iter().map(|hit| hit.rank).collect();
    assert_eq!(ranks, [1, 2, 3]);
    let score = against.cases[0].image.unwrap();
    assert!(
        (score.score - 0.9).abs() < 1e-3 && score.rank.is_none() && against.cases[0].case.report.is_some()
    );
    // A report that denies an effusion and names nothing else is normal, too; one hit of each patient.
    assert_eq!(ids(&dissent.normal), ["case-005", "case-006", "case-009"]);
}

#[test]
fn dissent_passes_filter_and_guards_as_hits_do() {
    let mut sketches = effusions();
    sketches[5].patient = Some(0);
    sketches.iter_mut().enumerate().for_each(|(number, sketch)| sketch.age = Some(number as i64));
    let archive = filled(&sketches);
    let guards = Guards { patient: Some(patient(0)), ..Guards::default() };
    let filter = Some("age != 9 AND age != 6".to_owned());
    let request = SearchRequest { guards, filter, detail: HitDetail::CaseId, ..by(5) };
    let dissent = search(&archive.engine, &request).dissent.unwrap();
    assert_eq!(ids(&dissent.leading[0].cases), ["case-007"]);
    assert_eq!(ids(&dissent.normal), ["case-007", "case-010", "case-011"]);
    assert!(dissent.normal.iter().all(|hit| hit.case.report.is_none()), "as much of a case as hits have");
    let only = Some("finding:effusion".to_owned());
    let dissent = search(&archive.engine, &SearchRequest { filter: only, ..by(5) }).dissent.unwrap();
    assert!(dissent.leading[0].cases.is_empty() && !dissent.leading[0].denied && dissent.normal.is_empty());
}

#[test]
fn where_nobody_denies_a_finding_those_that_do_not_mention_it_are_shown() {
    let mut sketches = effusions();
    sketches.iter_mut().filter(|sketch| sketch.text.as_deref() == Some(NO_EFFUSION)).for_each(|sketch| {
        sketch.text = Some(MAYBE.to_owned());
    });
    let dissent = search(&filled(&sketches).engine, &by(5)).dissent.unwrap();
    assert!(!dissent.leading[0].denied);
    assert_eq!(ids(&dissent.leading[0].cases), ["case-006", "case-008", "case-010"]);
}

#[test]
fn what_is_as_common_everywhere_is_no_leading_finding() {
    let mut sketches = effusions();
    sketches[10..].iter_mut().for_each(|sketch| sketch.text = Some(EFFUSION.to_owned()));
    let response = search(&filled(&sketches).engine, &by(5));
    let vote = vote(response.consensus.as_ref().unwrap(), "pleural-effusion");
    assert!(vote.share > 0.9 && vote.base_rate > 0.7);
    assert!(response.dissent.unwrap().leading.is_empty());
}

#[test]
fn hits_that_differ_keep_their_scores_and_their_neighbours() {
    let archive = filled(&effusions());
    let limits = Limits { limit: 3, ..Limits::default() };
    let plain = search(&archive.engine, &SearchRequest { limits, ..by(5) });
    assert_eq!(names(&plain), ["case-000", "case-001", "case-002"]);
    let mixed = SearchRequest { limits, diversity: Some(0.5), ..by(5) };
    let mixed_answer = search(&archive.engine, &mixed);
    // A large effusion; of those without a finding the first; an enlarged heart.
    assert_eq!(names(&mixed_answer), ["case-000", "case-005", "case-008"]);
    assert_eq!(mixed_answer.hits.iter().map(|hit| hit.rank).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(mixed_answer.hits[1].fused_score > mixed_answer.hits[2].fused_score);
    assert_eq!((&mixed_answer.consensus, mixed_answer.total), (&plain.consensus, 3));
    let second = Limits { offset: 1, page_size: Some(1), ..limits };
    let page = search(&archive.engine, &SearchRequest { limits: second, ..mixed.clone() });
    assert_eq!(page.hits, mixed_answer.hits[1..2]);
    let same = search(&archive.engine, &SearchRequest { diversity: Some(0.0), ..mixed });
    assert_eq!(names(&same), names(&plain));
}

#[test]
fn numbers_that_cannot_be_are_refused_by_field() {
    let archive = filled(&four_and_four());
    for (request, field) in [
        (by(0), "judgement.neighbour_count"),
        (by(101), "judgement.neighbour_count"),
        (SearchRequest { diversity: Some(1.5), ..by(4) }, "diversity"),
        (SearchRequest { diversity: Some(f32::NAN), ..by(4) }, "diversity"),
    ] {
        match archive.engine.view().search(&request, &|| false) {
            Err(EngineError::Invalid(violations)) => assert_eq!(violations[0].field, field),
            other => panic!("{other:?}"),
        }
    }
}
