//! What a later addendum or correction takes back.

use crate::support::{check_findings, mentions, read};

#[test]
fn the_later_word_counts() {
    check_findings(&[
        (
            "pneumothorax=absent",
            "Pneumothorax on the right. ADDENDUM: The pneumothorax is in fact a skin fold.",
        ),
        (
            "pleural-effusion=absent",
            "Effusion is present. Please disregard the previous sentence: no effusion.",
        ),
        (
            "pneumothorax=absent",
            "Large right pneumothorax. ADDENDUM: on review there is no pneumothorax; skin fold.",
        ),
        ("pneumothorax=absent", "FINDINGS: Large right pneumothorax.\n\nADDENDUM: No pneumothorax."),
        (
            "pneumothorax=present",
            "FINDINGS: No pneumothorax.\n\nADDENDUM: There is a small left apical pneumothorax.",
        ),
        ("pneumothorax=absent", "IMPRESSION: Pneumothorax.\nCORRECTION: There is no pneumothorax."),
        (
            "pneumothorax=absent",
            "AMENDED REPORT: No pneumothorax.\n\nORIGINAL REPORT:\nLarge right pneumothorax.",
        ),
        ("pneumothorax=absent", "Large right pneumothorax. On further review, there is no pneumothorax."),
        (
            "pneumothorax=absent",
            "IMPRESSION: Right pneumothorax.\n\nAddendum dictated by Dr. Smith on 1/2/2020: No pneumothorax is seen.",
        ),
        (
            "pneumothorax=absent",
            "Right pneumothorax. The above report is in error. There is no pneumothorax.",
        ),
        ("pneumothorax=absent", "The report says pneumothorax. It should read no pneumothorax."),
        ("pneumothorax=absent", "Right pneumothorax. The impression should read: No pneumothorax."),
        (
            "pneumothorax=present, pleural-effusion=present",
            "Right pneumothorax. ADDENDUM: Small left effusion.",
        ),
        ("pneumothorax=present", "Right pneumothorax. ADDENDUM: No left pneumothorax."),
        ("pneumothorax=present", "Right pneumothorax. ADDENDUM: Findings discussed with Dr. Smith."),
        ("pneumothorax=present", "Right pneumothorax. ADDENDUM: Right pneumothorax confirmed."),
        ("consolidation=absent|-", "Consolidation in the left base. ADDENDUM: No lung opacity."),
        ("nodule=present", "Nodule in the right upper lobe. ADDENDUM: No nodule in the left lower lobe."),
        ("nodule=present", "Nodule in the right upper lobe. ADDENDUM: No nodule in the right lower lobe."),
        ("pneumothorax=absent", "Pneumothorax was reported in error."),
        (
            "pneumothorax=absent",
            "Small pneumothorax.\n*** ADDENDUM ***\nThe previously described pneumothorax is a skin fold; no pneumothorax.",
        ),
        ("pneumothorax=absent", "Small pneumothorax.\nADDENDUM #1\nNo pneumothorax."),
        ("pneumothorax=absent", "Small pneumothorax.\nADDENDUM BY DR X AT 10:30 ON 1/2/20\nNo pneumothorax."),
        ("pneumothorax=absent", "Small pneumothorax.\nAddendum - No pneumothorax."),
        ("pneumothorax=absent", "Small pneumothorax. Amended: No pneumothorax."),
        ("pneumothorax=absent", "Small pneumothorax. Revised impression: No pneumothorax."),
        ("pneumothorax=absent", "Small pneumothorax. Correction to above: no pneumothorax."),
        ("pneumothorax=absent", "Small pneumothorax. ERRATUM: no pneumothorax."),
        ("pneumothorax=absent", "Small pneumothorax. In retrospect there is no pneumothorax."),
        ("pneumothorax=present", "No pneumothorax. Final attending addendum: small apical pneumothorax."),
        (
            "pneumothorax=absent",
            "Small pneumothorax.\n\nADDENDUM\n\nUpon re-review, the lucency is a skin fold. There is no pneumothorax.",
        ),
    ]);
}

/// Every mention, and the words that are taken back in brackets.
fn check_marks(text: &str, expected: &str, taken_back: &str) {
    assert_eq!(mentions(text), expected, "{text}");
    let reading = read(text);
    let runs = reading.sentences.iter().flat_map(|sentence| &sentence.runs).filter(|run| run.overridden);
    let words: Vec<&str> = runs.map(|run| &text[run.span.range()]).collect();
    assert_eq!(words.join(" / "), taken_back, "{text}");
}

#[test]
fn only_the_words_that_are_taken_back_are_marked() {
    check_marks(
        "Right pneumothorax and cardiomegaly. ADDENDUM: No pneumothorax.",
        "pneumothorax present right overridden; cardiomegaly present; pneumothorax absent",
        "Right pneumothorax",
    );
    check_marks(
        "Cardiomegaly, right pneumothorax. ADDENDUM: No pneumothorax.",
        "cardiomegaly present; pneumothorax present right overridden; pneumothorax absent",
        "right pneumothorax",
    );
    check_marks(
        "No pneumothorax. ADDENDUM: Right pneumothorax.",
        "pneumothorax absent overridden; pneumothorax present right",
        "pneumothorax",
    );
}

#[test]
fn a_later_addendum_counts_more_than_an_earlier_one() {
    check_marks(
        "No mass.\n\nADDENDUM: Right mass.\n\nADDENDUM: No mass.",
        "mass absent overridden; mass present right overridden; mass absent",
        "mass / Right mass",
    );
}

#[test]
fn an_addendum_that_agrees_or_adds_takes_nothing_back() {
    check_marks("Right mass. ADDENDUM: Right mass.", "mass present right; mass present right", "");
    check_marks(
        "Bilateral effusions. ADDENDUM: No left effusion.",
        "pleural-effusion present bilateral; pleural-effusion absent left",
        "",
    );
    check_marks("Right mass. ADDENDUM: History of mass.", "mass present right; mass historical", "");
}

#[test]
fn a_corrected_side_takes_the_other_one_back() {
    let first = |text: &str| {
        let shown = mentions(text);
        shown.split("; ").next().unwrap_or_default().to_owned()
    };
    for text in [
        "Large pneumothorax on the left. ADDENDUM: The pneumothorax is on the right.",
        "Left pneumothorax. The impression should read: Right pneumothorax.",
    ] {
        assert!(first(text).ends_with("overridden"), "{text}: {}", mentions(text));
    }
    for text in [
        "Left pneumothorax. ADDENDUM: There is also a small right pneumothorax.",
        "Left pneumothorax. ADDENDUM: The left pneumothorax is small.",
        "Left pneumothorax and right effusion. ADDENDUM: The effusion is on the right.",
    ] {
        assert!(!mentions(text).contains("overridden"), "{text}: {}", mentions(text));
    }
}

#[test]
fn who_says_that_the_side_was_wrong_corrects_it() {
    for addendum in [
        "Effusion is on the right, not on the left.",
        "Effusion is on the right, not the left.",
        "Effusion on the right rather than the left.",
        "Right effusion instead of left.",
        "The effusion is not on the left but on the right.",
        "The side is wrong. Right effusion.",
        "Right effusion; the laterality above was incorrect.",
        "Left and right were swapped. Right effusion.",
    ] {
        let shown = mentions(&format!("Effusion on the left. ADDENDUM: {addendum}"));
        assert!(shown.starts_with("pleural-effusion present left overridden; "), "{addendum}: {shown}");
        assert!(shown.contains("; pleural-effusion present right"), "{addendum}: {shown}");
    }
    for text in [
        "Left effusion. Large effusion on the right rather than the left.",
        "Left effusion. The marker is on the wrong side. Right effusion.",
        "Left effusion. ADDENDUM: Atelectasis on the right, not on the left.",
    ] {
        assert!(!mentions(text).contains("overridden"), "{text}: {}", mentions(text));
    }
}

#[test]
fn a_corrected_size_takes_the_other_one_back() {
    check_marks(
        "5 mm nodule. ADDENDUM: The nodule measures 8 mm.",
        "nodule present 5 mm overridden; nodule present 8 mm",
        "5 mm nodule",
    );
    check_marks(
        "5 mm nodule in the right apex. ADDENDUM: The right apical nodule measures 8 mm, not 5 mm.",
        "nodule present right @apex 5 mm overridden; nodule present right @apex 8 mm",
        "5 mm nodule in the right apex",
    );
    check_marks(
        "Nodule of 5 mm. The impression should read: Nodule of 0.8 cm.",
        "nodule present 5 mm overridden; nodule present 8 mm",
        "Nodule of 5 mm",
    );
    for text in [
        "5 mm nodule. ADDENDUM: There is also an 8 mm nodule.",
        "5 mm nodule. ADDENDUM: The nodule measures 5 mm.",
        "5 mm nodule. ADDENDUM: The nodule measures 8 mm, previously 5 mm.",
        "5 mm nodule. ADDENDUM: The mass measures 8 mm.",
        "5 mm nodule. The nodule measures 8 mm.",
        "5 mm right nodule. ADDENDUM: The left nodule measures 8 mm.",
        "5 mm nodule in the right apex. ADDENDUM: The nodule in the right base measures 8 mm.",
        "5 mm right nodule. 7 mm left nodule. ADDENDUM: The nodule measures 8 mm.",
        "Nodule. ADDENDUM: The nodule measures 8 mm.",
    ] {
        assert!(!mentions(text).contains("overridden"), "{text}: {}", mentions(text));
    }
}
