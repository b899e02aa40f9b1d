//! Reports and questions understood alike: what is denied is apart from what is there, under any of its names.

use crate::support::{Archive, Sketch, archive, case, names, search};
use precedent_engine::{Access, Definition, Engine, ErrorKind, NewCase};
use precedent_model::{Assertion, Case, FieldKind, FieldSchema, Report, SectionKind};
use precedent_query::{Guards, Hit, SearchRequest, SearchResponse};
use precedent_vector::Metric;

/// An archive of reports in their numbers' order.
fn reports(texts: &[&str]) -> Archive {
    let archive = archive(Metric::Cosine, Access::Bulk);
    fill(&archive.engine, texts);
    archive
}

fn fill(engine: &Engine, texts: &[&str]) {
    let sketch = |text: &str| Sketch { text: Some(text.to_owned()), ..Sketch::default() };
    let cases = texts.iter().enumerate().map(|(number, text)| case(number, &sketch(text)));
    assert!(engine.ingest(cases.collect()).unwrap().iter().all(Result::is_ok));
    engine.commit().unwrap();
}

fn asked(text: &str, filter: &str) -> SearchRequest {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let guards = Guards { several_per_patient: true, ..Guards::default() };
    SearchRequest { text: given(text), filter: given(filter), guards, ..SearchRequest::default() }
}

fn ask(archive: &Archive, text: &str, filter: &str) -> SearchResponse {
    search(&archive.engine, &asked(text, filter))
}

/// The numbers of the hits, best first.
fn found(archive: &Archive, text: &str, filter: &str) -> Vec<usize> {
    let names = names(&ask(archive, text, filter));
    names.iter().map(|name| name.trim_start_matches("case-").parse().unwrap()).collect()
}

fn found_in_order(archive: &Archive, text: &str, filter: &str) -> Vec<usize> {
    let mut found = found(archive, text, filter);
    found.sort_unstable();
    found
}

/// The highlights as `sentence <match=assertion/finding>`.
fn shown(hit: &Hit) -> Vec<String> {
    let report = hit.case.report.as_ref().unwrap();
    let show = |highlight: &precedent_query::Highlight| {
        let text = &report.sections()[highlight.section].text;
        let matches = highlight.matches.iter().map(|matched| {
            let assertion = matched.assertion.map_or("-", Assertion::name);
            let finding = matched.finding.as_deref().unwrap_or("-");
            format!(" <{}={assertion}/{finding}>", &text[matched.span.range()])
        });
        format!("{}{}", &text[highlight.sentence.range()], matches.collect::<String>())
    };
    hit.highlights.iter().map(show).collect()
}

const CHEST: [&str; 5] = [
    "Large right pneumothorax.",
    "No pneumothorax. Heart size is normal.",
    "Cardiomegaly. No acute disease.",
    "Possible pneumothorax at the left apex.",
    "The heart is enlarged with a small pleural effusion.",
];

#[test]
fn what_is_denied_is_not_found_by_its_name() {
    let archive = reports(&CHEST);
    assert_eq!(found(&archive, "pneumothorax", ""), [0, 3], "the certain one first");
    assert_eq!(found(&archive, "no pneumothorax", ""), [1]);
    assert_eq!(found(&archive, "possible pneumothorax", "")[0], 3);
    assert_eq!(found(&archive, "no acute disease", ""), [2]);
    assert_eq!(found_in_order(&archive, "text:pneumothorax", ""), [0, 1, 3]);
    assert_eq!(found(&archive, "absent:pneumothorax", ""), [1]);
    assert_eq!(found_in_order(&archive, "heart -pneumothorax", ""), [1, 4], "to deny is not to say");
    assert_eq!(found_in_order(&archive, "heart -text:pneumothorax", ""), [4]);
}

#[test]
fn what_is_denied_before_a_sign_is_not_denied_behind_it() {
    let archive =
        reports(&["No effusion, no pneumothorax.", "No effusion. Left pneumothorax.", "Effusion. No mass."]);
    assert_eq!(found(&archive, "no effusion -pneumothorax", ""), [0]);
    assert_eq!(found(&archive, "no effusion +pneumothorax", ""), [1]);
    assert_eq!(found_in_order(&archive, "\"no mass\" effusion", ""), [2]);
    assert_eq!(found_in_order(&archive, "absent:mass pneumothorax", ""), [1, 2]);
}

#[test]
fn a_finding_is_found_under_all_its_names() {
    let archive = reports(&CHEST);
    assert_eq!(found_in_order(&archive, "enlarged heart", ""), [2, 4]);
    assert_eq!(found_in_order(&archive, "cardiomegaly", ""), [2, 4]);
    assert_eq!(found(&archive, "\"enlarged heart\"", ""), [] as [usize; 0], "in quotes, as written");
}

#[test]
fn a_kind_of_a_finding_is_found_behind_the_finding_itself() {
    let archive =
        reports(&["Right lower lobe pneumonia.", "Right lower lobe opacity.", "No opacity.", "Clear lungs."]);
    assert_eq!(found(&archive, "lung opacity", ""), [1, 0]);
    assert_eq!(found_in_order(&archive, "", "finding:\"lung opacity\""), [0, 1]);
    assert_eq!(found(&archive, "pneumonia", ""), [0], "not the other way round");
}

#[test]
fn filters_by_finding_take_any_name_and_every_assertion() {
    let archive = reports(&CHEST);
    let found = |filter: &str| found_in_order(&archive, "", filter);
    assert_eq!(found("finding:pneumothorax"), [0]);
    assert_eq!(found("finding.absent:pneumothorax"), [1]);
    assert_eq!(found("finding.uncertain:pneumothorax"), [3]);
    assert_eq!(found("finding:\"Enlarged Heart\""), [2, 4]);
    assert_eq!(found("finding:\"*effusion\" OR finding:\"pneumothor*\""), [0, 4]);
    assert_eq!(found("finding:*"), [0, 2, 4]);
    assert_eq!(found("NOT finding:*"), [1, 3]);
    assert_eq!(found("finding:cardiomegaly AND NOT finding:\"pleural effusion\""), [2]);
}

#[test]
fn a_case_without_a_report_neither_has_a_finding_nor_lacks_one() {
    let archive = reports(&["Clear lungs."]);
    let sketch = Sketch { age: Some(63), ..Sketch::default() };
    archive.engine.ingest(vec![case(7, &sketch)]).unwrap().remove(0).unwrap();
    archive.engine.commit().unwrap();
    for filter in ["NOT finding:pneumothorax", "NOT finding:*", "NOT finding.absent:pneumothorax"] {
        assert_eq!(found(&archive, "", filter), [0], "{filter}");
    }
}

#[test]
fn an_unknown_finding_is_refused_with_the_way_to_the_list() {
    let archive = reports(&CHEST);
    let refused = archive.engine.view().search(&asked("", "finding.absent:CANARY"), &|| false).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    let text = refused.to_string();
    assert!(
        text.starts_with("filter: finding.absent ") && text.contains("by a name that it lists"),
        "{text}"
    );
    assert!(!text.to_lowercase().contains("canary"), "{text}");
}

#[test]
fn a_new_index_has_no_field_that_hides_the_findings() {
    let folder = tempfile::tempdir().unwrap();
    let mut definition = Definition::chest_xray().unwrap();
    definition.fields = FieldSchema::new([("finding".to_owned(), FieldKind::Keywords)]).unwrap();
    let refused = Engine::create(folder.path(), &definition).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert!(refused.to_string().contains("finding"), "{refused}");
}

#[test]
fn hits_show_the_sentences_that_matched() {
    let archive =
        reports(&["Épanchement 🫁. No pneumothorax, but a pleural effusion. No pneumothorax on the left."]);
    let answer = ask(&archive, "effusion no pneumothorax", "");
    assert_eq!(
        shown(&answer.hits[0]),
        [
            "No pneumothorax, but a pleural effusion. <pneumothorax=absent/pneumothorax> <pleural effusion=present/pleural-effusion>",
            "No pneumothorax on the left. <pneumothorax=absent/pneumothorax>",
        ]
    );
    let span = answer.hits[0].highlights[0].sentence;
    assert_eq!(span.start, "Épanchement 🫁. ".len() as u32);
}

#[test]
fn a_filter_alone_shows_the_findings_that_it_saw() {
    let archive = reports(&CHEST);
    let answer =
        ask(&archive, "", "finding:cardiomegaly AND NOT finding.absent:pneumothorax AND NOT study_date:*");
    let all: Vec<Vec<String>> = answer.hits.iter().map(shown).collect();
    assert_eq!(all.len(), 2);
    assert!(all.contains(&vec!["Cardiomegaly. <Cardiomegaly=present/cardiomegaly>".to_owned()]), "{all:?}");
    let none = ask(&archive, "", "NOT study_date:*");
    assert!(none.hits.len() == 5 && none.hits.iter().all(|hit| hit.highlights.is_empty()));
}

#[test]
fn a_silent_text_still_shows_what_it_matched() {
    let archive = reports(&CHEST);
    let mut request = asked("cardiomegaly", "finding:cardiomegaly");
    request.fusion.lexical_weight = 0.0;
    request.vectors = Vec::new();
    let answer = search(&archive.engine, &request);
    assert!(answer.hits.iter().all(|hit| !hit.highlights.is_empty()));
}

#[test]
fn headings_inside_a_text_name_the_section() {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let mut new = Case::new(crate::support::id(1));
    let text = "INDICATION: Rule out pneumothorax.\nFINDINGS: Small pneumothorax.\nIMPRESSION: Pneumothorax.";
    new.report = Some(Report::new([(SectionKind::Body, text)]).unwrap());
    archive.engine.ingest(vec![NewCase::new(new)]).unwrap().remove(0).unwrap();
    archive.engine.commit().unwrap();
    let answer = ask(&archive, "pneumothorax", "");
    let kinds: Vec<SectionKind> = answer.hits[0].highlights.iter().map(|highlight| highlight.kind).collect();
    assert_eq!(kinds, [SectionKind::Findings, SectionKind::Impression], "a question is no finding");
}

#[test]
fn a_sites_own_finding_is_searched_and_filtered_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut definition = crate::support::definition(Metric::Cosine);
    let site = "[[finding]]\nid = 'widget'\nname = 'implanted widget'\nphrases = ['widget', 'gadget']";
    definition.lexicon = precedent_report::LexiconFile::from_toml(site).unwrap();
    Engine::create(folder.path(), &definition).unwrap();
    let engine = Engine::open(folder.path(), Access::Bulk).unwrap();
    fill(&engine, &["A gadget is seen.", "No widget."]);
    let archive = Archive { folder, engine };
    assert_eq!(found(&archive, "widget", ""), [0]);
    assert_eq!(found(&archive, "", "finding:\"implanted widget\""), [0]);
    assert_eq!(found(&archive, "", "finding.absent:gadget"), [1]);
}

#[test]
fn fresh_segments_bring_no_warning() {
    let archive = reports(&CHEST);
    let codes: Vec<&str> =
        ask(&archive, "pneumothorax", "").plan.warnings.iter().map(|warning| warning.code.name()).collect();
    assert_eq!(codes, ["NO_PATIENT"]);
}

/// The numbers of the hits in the groups in which they may come, each group in any order.
fn check_groups(archive: &Archive, text: &str, groups: &[&[usize]]) {
    let found = found(archive, text, "");
    let mut rest = found.as_slice();
    for group in groups {
        let (here, behind) = rest.split_at(group.len().min(rest.len()));
        let mut here = here.to_vec();
        here.sort_unstable();
        assert_eq!(here, *group, "{text}: {found:?}");
        rest = behind;
    }
}

#[test]
fn the_side_asked_for_comes_before_an_unsaid_one_and_the_other_side_last() {
    let archive = reports(&[
        "Right pneumothorax. The right pneumothorax is small. Right pneumothorax again seen.",
        "There is a left pneumothorax, and the chest tube is in place.",
        "There is a pneumothorax, and the left chest tube is in place.",
        "There are bilateral pneumothoraces.",
        "No left pneumothorax. The left lung is clear on the left.",
    ]);
    check_groups(&archive, "left pneumothorax", &[&[1, 3], &[2], &[0]]);
    check_groups(&archive, "no left pneumothorax", &[&[4]]);
    check_groups(&archive, "bilateral pneumothoraces", &[&[3]]);
}

#[test]
fn place_size_severity_and_change_steer_the_search() {
    let archive = reports(&[
        "Left lower lobe pneumonia.",
        "Right upper lobe pneumonia.",
        "Right lower lobe pneumonia.",
        "A 4 mm nodule in the left upper lobe.",
        "A 15 mm nodule in the left upper lobe.",
        "Small left pleural effusion.",
        "Large left pleural effusion.",
        "Increased right pleural effusion.",
    ]);
    check_groups(&archive, "RLL pneumonia", &[&[2], &[0, 1]]);
    check_groups(&archive, "nodule > 1 cm", &[&[4], &[3]]);
    check_groups(&archive, "nodule under 5 mm", &[&[3], &[4]]);
    check_groups(&archive, "large effusion", &[&[6], &[5, 7]]);
    check_groups(&archive, "increased effusion", &[&[7], &[5, 6]]);
}

#[test]
fn filters_ask_for_the_details_of_one_mention() {
    let archive = reports(&[
        "Small left apical pneumothorax. Large right pleural effusion.",
        "Small right pneumothorax. Large left pleural effusion.",
        "Bilateral pneumothoraces.",
        "No left pneumothorax. 12 mm nodule in the right lower lobe. 5 mm nodule on the left.",
        "Pneumothorax.",
    ]);
    let found = |filter: &str| found_in_order(&archive, "", filter);
    assert_eq!(found("finding:pneumothorax AND finding.side = left"), [0, 2]);
    assert_eq!(found("finding:pneumothorax AND finding.side = bilateral"), [2]);
    assert_eq!(found("finding:pneumothorax AND NOT finding.side = left"), [1, 4]);
    assert_eq!(
        found("finding:pneumothorax AND finding.side != left"),
        [1],
        "an unsaid side is no other side"
    );
    assert_eq!(
        found("finding:pneumothorax AND finding.side = left AND finding.severity = large"),
        [] as [usize; 0]
    );
    assert_eq!(
        found("finding:\"pleural effusion\" AND finding.severity = large AND finding.side = left"),
        [1]
    );
    assert_eq!(found("finding:nodule AND finding.size_mm >= 10 AND finding.side = right"), [3]);
    assert_eq!(found("finding:nodule AND finding.size_mm >= 10 AND finding.side = left"), [] as [usize; 0]);
    assert_eq!(found("finding.absent:pneumothorax AND finding.side = left"), [3]);
    assert_eq!(found("finding.place = apex"), [0]);
    assert_eq!(found("finding.place = upper"), [0], "the apex lies within it");
    assert_eq!(found("finding:pneumothorax AND NOT finding.side:*"), [4]);
}

#[test]
fn a_hit_shows_side_place_size_and_severity() {
    let archive = reports(&["A small 12 mm nodule in the left lower lobe."]);
    let answer = ask(&archive, "", "finding:nodule AND finding.side = left");
    let matched = &answer.hits[0].highlights[0].matches[0];
    let details = matched.details.as_ref().unwrap();
    assert_eq!(details.laterality, Some(precedent_model::Laterality::Left));
    assert_eq!(details.places.iter().map(|id| &**id).collect::<Vec<_>>(), ["lower"]);
    assert_eq!((details.size_mm, details.severity.as_deref()), (Some(12.0), Some("mild")));
}
