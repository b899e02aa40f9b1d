//! Words of queries: misspelt, unknown, and encoded otherwise than in the reports.

use crate::support::{Archive, Sketch, archive, case, names, search};
use precedent_engine::Access;
use precedent_query::{Guards, SearchRequest, SearchResponse};
use precedent_vector::Metric;

fn reports(texts: &[&str]) -> Archive {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let sketch = |text: &str| Sketch { text: Some(text.to_owned()), ..Sketch::default() };
    let cases = texts.iter().enumerate().map(|(number, text)| case(number, &sketch(text)));
    assert!(archive.engine.ingest(cases.collect()).unwrap().iter().all(Result::is_ok));
    archive.engine.commit().unwrap();
    archive
}

fn request(text: &str, literal_text: bool) -> SearchRequest {
    let guards = Guards { several_per_patient: true, include_same_patient: true, ..Guards::default() };
    SearchRequest { text: Some(text.to_owned()), literal_text, guards, ..SearchRequest::default() }
}

fn found(answer: &SearchResponse) -> Vec<usize> {
    let number = |name: &String| name.trim_start_matches("case-").parse().unwrap();
    let mut found: Vec<usize> = names(answer).iter().map(number).collect();
    found.sort_unstable();
    found
}

/// The hits of a query, what was searched in place of its words as `written>searched`, and the warnings' codes.
fn check(archive: &Archive, text: &str, hits: &[usize], corrections: &[&str], warnings: &[&str]) {
    let answer = search(&archive.engine, &request(text, false));
    let plan = &answer.plan;
    let shown: Vec<String> = (plan.corrections.iter())
        .map(|word| {
            assert_eq!(&text[word.span.range()], word.written);
            format!("{}>{}", word.written, word.searched)
        })
        .collect();
    let codes: Vec<&str> = plan.warnings.iter().map(|warning| warning.code.name()).collect();
    assert_eq!(
        (found(&answer), shown, codes),
        (hits.to_vec(), corrections.iter().map(|&word| word.to_owned()).collect(), warnings.to_vec()),
        "{text}"
    );
}

const CHEST: [&str; 6] = [
    "Cardiomegaly with a tortuous aorta.",
    "Enlarged heart. No pneumothorax.",
    "Small left pneumothorax.",
    "Retrocardiac opacity, unchanged.",
    "Retrocardiac opacity. Platypnea is described.",
    "No cardiomegaly.",
];

#[test]
fn a_word_that_nothing_knows_is_corrected_and_then_read() {
    let archive = reports(&CHEST);
    check(&archive, "cardiomegsly", &[0, 1], &["cardiomegsly>cardiomegaly"], &["SPELLING"]);
    check(&archive, "no Cardiomegsly", &[5], &["Cardiomegsly>cardiomegaly"], &["SPELLING"]);
    check(&archive, "no pneumohtorax", &[1], &["pneumohtorax>pneumothorax"], &["SPELLING"]);
    check(&archive, "npeumothorax", &[2], &["npeumothorax>pneumothorax"], &["SPELLING"]);
    check(&archive, "+platipnea", &[4], &["platipnea>platypnea"], &["SPELLING"]);
    check(
        &archive,
        "retrocadiac opacity -platipnea",
        &[3],
        &["retrocadiac>retrocardiac", "platipnea>platypnea"],
        &["SPELLING"],
    );
}

#[test]
fn a_word_of_the_reports_goes_before_one_of_the_lexicon_alone() {
    let archive = reports(&["Small nodule in the left apex.", "Clear lungs."]);
    check(&archive, "nodles", &[0], &["nodles>nodules"], &["SPELLING"]);
    let archive = reports(&["Enlarged hilar lymph node.", "Clear lungs."]);
    check(&archive, "+nodles", &[0], &["nodles>nodes"], &["SPELLING"]);
}

#[test]
fn what_is_known_or_asked_for_as_written_stays() {
    let archive = reports(&CHEST);
    check(&archive, "cardiomegaly", &[0, 1], &[], &[]);
    check(&archive, "opacities", &[3, 4], &[], &[]);
    check(&archive, "bronchiectasis", &[], &[], &[]);
    check(&archive, "\"cardiomegsly\"", &[], &[], &["UNKNOWN_WORD"]);
    check(&archive, "text:cardiomegsly", &[], &[], &["UNKNOWN_WORD"]);
    check(&archive, "12 mm T9", &[], &[], &[]);
    check(&archive, "zzyzx platypnea", &[4], &[], &["UNKNOWN_WORD"]);
    let literal = search(&archive.engine, &request("cardiomegsly", true));
    assert!(
        literal.hits.is_empty() && literal.plan.corrections.is_empty() && literal.plan.warnings.is_empty()
    );
}

#[test]
fn messages_name_the_words_and_debug_does_not() {
    let archive = reports(&CHEST);
    let plan = search(&archive.engine, &request("platipnea zzyzx", false)).plan;
    let messages: Vec<&str> = plan.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert!(messages[0].contains("`platypnea` for `platipnea`"), "{messages:?}");
    assert!(messages[1].contains("`zzyzx`"), "{messages:?}");
    let shown = format!("{plan:?}");
    assert!(!shown.contains("platipnea") && !shown.contains("zzyzx"), "{shown}");
}

#[test]
fn an_archive_without_reports_corrects_nothing() {
    let archive = archive(Metric::Cosine, Access::Bulk);
    check(&archive, "cardiomegsly zzyzx", &[], &[], &[]);
}

#[test]
fn a_word_of_deleted_reports_alone_is_no_correction() {
    let archive = reports(&CHEST);
    archive.engine.delete(&[crate::support::id(4)]).unwrap();
    archive.engine.commit().unwrap();
    check(&archive, "platipnea", &[], &[], &["UNKNOWN_WORD"]);
}

#[test]
fn texts_that_look_alike_find_each_other() {
    let archive = reports(&[
        "Pulmonary \u{fb01}brosis.",
        "Pneumo\u{ad}thorax.",
        "Oede\u{300}me pulmonaire.",
        "\u{ff23}\u{ff21}\u{ff32}\u{ff24}\u{ff29}\u{ff2f}\u{ff2d}\u{ff25}\u{ff27}\u{ff21}\u{ff2c}\u{ff39}.",
        "Well\u{2011}de\u{fb01}ned nod\u{200b}ule.",
    ]);
    for (text, hits) in [
        ("pulmonary fibrosis", &[0][..]),
        ("\u{fb01}brosis", &[0]),
        ("pneumothorax", &[1]),
        ("Pneumo\u{ad}thorax", &[1]),
        ("text:o\u{e9}d\u{e8}me", &[2]),
        ("text:oedeme", &[2]),
        ("enlarged heart", &[3]),
        ("nodule", &[4]),
        ("\"well-defined nodule\"", &[4]),
    ] {
        check(&archive, text, hits, &[], &[]);
    }
    let shown = search(&archive.engine, &request("pneumothorax", false));
    let highlight = &shown.hits[0].highlights[0].matches[0];
    assert_eq!(
        &shown.hits[0].case.report.as_ref().unwrap().sections()[0].text[highlight.span.range()],
        "Pneumo\u{ad}thorax"
    );
}

#[test]
fn filters_fold_as_texts_do() {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let problems = |problem| Sketch { problems: vec![problem], ..Sketch::default() };
    let cases = ["K\u{f6}ln", "Ko\u{308}ln", "St.\u{a0}Mary", "Pulmonary \u{fb01}brosis", "Leeds"];
    let cases = cases.iter().enumerate().map(|(number, problem)| case(number, &problems(*problem)));
    assert!(archive.engine.ingest(cases.collect()).unwrap().iter().all(Result::is_ok));
    archive.engine.commit().unwrap();
    for (filter, hits) in [
        ("problems:\"K\u{f6}ln\"", &[0, 1][..]),
        ("problems:\"KO\u{308}LN\"", &[0, 1]),
        ("problems:\"k\u{f6}*\"", &[0, 1]),
        ("problems:\"St. Mary\"", &[2]),
        ("problems:\"*fibrosis\"", &[3]),
        ("NOT problems:koln", &[2, 3, 4]),
    ] {
        let guards = Guards { several_per_patient: true, ..Guards::default() };
        let request = SearchRequest { filter: Some(filter.to_owned()), guards, ..SearchRequest::default() };
        assert_eq!(found(&search(&archive.engine, &request)), hits, "{filter}");
    }
}
