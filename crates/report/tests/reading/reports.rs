//! Whole reports: sections, marks, what a case says.

use crate::support::{read, reader};
use precedent_model::{Report, SectionKind};

fn findings(sections: &[(SectionKind, &str)]) -> String {
    let report = Report::new(sections.iter().map(|&(kind, text)| (kind, text))).unwrap();
    let found = reader().read(&report).findings();
    found.iter().map(|(id, assertion)| format!("{id} {}", assertion.name())).collect::<Vec<_>>().join("; ")
}

#[test]
fn only_what_was_reported_is_said_of_the_case() {
    let found = findings(&[
        (SectionKind::Indication, "Rule out pneumonia. History of lung cancer."),
        (SectionKind::Findings, "No effusion. Mild edema."),
        (SectionKind::Impression, "Mild edema. Small effusion not excluded."),
    ]);
    assert_eq!(found, "pleural-effusion uncertain; pulmonary-edema present");
}

#[test]
fn headings_inside_free_text_count() {
    let text = "INDICATION: Rule out pneumonia.\nFINDINGS: Small effusion.\nIMPRESSION: Effusion.";
    assert_eq!(findings(&[(SectionKind::Body, text)]), "pleural-effusion present");
    let reading = reader().read_text(SectionKind::Body, text);
    let kinds: Vec<_> = reading.sentences.iter().map(|sentence| sentence.kind.name()).collect();
    assert_eq!(kinds, ["indication", "findings", "impression"]);
}

#[test]
fn findings_behind_a_history_are_findings() {
    let text = "HISTORY: Cough.\nThe lungs are clear. No effusion.\nIMPRESSION: Normal.";
    assert_eq!(findings(&[(SectionKind::Body, text)]), "pleural-effusion absent");
}

/// The marks of each sentence.
fn marks(text: &str) -> String {
    let mark = |sentence: &precedent_model::Sentence| match (sentence.comparison, sentence.boilerplate) {
        (true, true) => "both",
        (true, false) => "comparison",
        (false, true) => "boilerplate",
        (false, false) => "-",
    };
    read(text).sentences.iter().map(mark).collect::<Vec<_>>().join(" ")
}

#[test]
fn comparisons_and_boilerplate_are_marked() {
    assert_eq!(
        marks("Heart size is normal. No pneumothorax. Lungs are clear."),
        "boilerplate boilerplate boilerplate"
    );
    assert_eq!(marks("Stable cardiomegaly. Unchanged small effusion."), "comparison comparison");
    assert_eq!(marks("Small left effusion. Surgical changes."), "- -");
    assert_eq!(marks("Heart size is normal and stable."), "both");
}

#[test]
fn addenda_are_marked() {
    let reading =
        reader().read_text(SectionKind::Body, "FINDINGS: Clear.\n\nADDENDUM: Small nodule on the left.");
    let marked: Vec<_> = reading.sentences.iter().map(|sentence| sentence.addendum).collect();
    assert_eq!(marked, [false, true]);
}

#[test]
fn a_query_is_read_as_a_report_is() {
    let reading = reader().read_text(SectionKind::Body, "no acute disease");
    let mention = &reading.sentences[0].mentions[0];
    assert_eq!((&*mention.finding, mention.assertion.name()), ("acute-disease", "absent"));
}
