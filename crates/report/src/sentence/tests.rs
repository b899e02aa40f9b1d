//! Where sentences, rows and list entries are cut.

use super::*;
use proptest::prelude::*;

fn abbreviations() -> Abbreviations {
    Abbreviations::new(&["dr", "approx", "vs", "e.g", "i.e", "no #", "fig #", "etc a", "cm a", "st", "vit"])
        .unwrap()
}

fn cut(text: &str) -> Vec<&str> {
    sentences(text, 0..text.len(), &abbreviations()).into_iter().map(|range| &text[range]).collect()
}

fn check(text: &str, expected: &str) {
    let shown = cut(text).join(" | ").replace('\n', "/");
    assert_eq!(shown, expected, "{text:?}");
}

#[test]
fn marks_end_sentences() {
    check("", "");
    check(" \n ", "");
    check("Clear lungs. Normal heart.", "Clear lungs. | Normal heart.");
    check("No effusion", "No effusion");
    check("Murmur? Cough! fever.", "Murmur? | Cough! | fever.");
    check("Lungs clear; heart normal.", "Lungs clear; heart normal.");
    check("No pneumothoraces. cardiomegaly is mild.", "No pneumothoraces. | cardiomegaly is mild.");
    check("Lungs clear. 5 mm nodule.", "Lungs clear. | 5 mm nodule.");
    check("Normal (limited view.) Heart ok.", "Normal (limited view.) | Heart ok.");
    check("He said \"stable.\" No change.", "He said \"stable.\" | No change.");
    check("Clear.\u{a0}Heart normal.", "Clear. | Heart normal.");
    check("Normal .  Heart large .", "Normal . | Heart large .");
    check("At 8 p.m. The lungs clear.", "At 8 p.m. | The lungs clear.");
    check("At 8 p.m. and later, p.m., no.", "At 8 p.m. and later, p.m., no.");
}

#[test]
fn question_marks_before_a_word_ask() {
    check("? pneumonia", "? pneumonia");
    check("Cough, ? pneumonia ?effusion.", "Cough, ? pneumonia ?effusion.");
    check("Pneumonia? Effusion?", "Pneumonia? | Effusion?");
    check("Fever?Cough", "Fever? | Cough");
}

#[test]
fn repeated_marks_are_one_end() {
    check("No effusion.. Heart normal..", "No effusion.. | Heart normal..");
    check("Venous congestion. . Heart normal. .", "Venous congestion. . | Heart normal. .");
    check(". Degenerative changes.", ". Degenerative changes.");
    check("Pain ... worse at night", "Pain ... worse at night");
    check("Pain... Heart normal", "Pain... | Heart normal");
    check("Pain\u{2026} worse", "Pain\u{2026} worse");
    check("pain..no fever", "pain.. | no fever");
}

#[test]
fn abbreviations_end_nothing() {
    check("Seen by Dr. Smith. Normal.", "Seen by Dr. Smith. | Normal.");
    check("Atelectasis vs. pneumonia, approx. 3 cm.", "Atelectasis vs. pneumonia, approx. 3 cm.");
    check("Device, e.g. a pacer. None.", "Device, e.g. a pacer. | None.");
    check("Image no. 3 is blurred.", "Image no. 3 is blurred.");
    check("Effusion? No. Normal heart.", "Effusion? No. | Normal heart.");
    check("Effusion: No.", "Effusion: No.");
    check(
        "A mass of 2 cm. is seen. It grew by 2 cm. No other.",
        "A mass of 2 cm. is seen. | It grew by 2 cm. | No other.",
    );
    check("Lines, tubes, etc. are gone, etc. No clips.", "Lines, tubes, etc. are gone, etc. | No clips.");
    check("DR. SMITH WAS CALLED. OK.", "DR. SMITH WAS CALLED. | OK.");
    check("Called Dr.\nSmith today.", "Called Dr./Smith today.");
    check("Read by J. Smith and A. B. Jones. Done.", "Read by J. Smith and A. B. Jones. | Done.");
    check("History of hepatitis C. No change.", "History of hepatitis C. | No change.");
    check("Known hepatitis C. Lungs clear.", "Known hepatitis C. | Lungs clear.");
    check("Worse S.O.B. Heart large.", "Worse S.O.B. | Heart large.");
}

#[test]
fn numbers_hold_together() {
    check(
        "A 2.5 cm mass, T.12, on 1.2.2019 at 10.30, 16.2/24.7.",
        "A 2.5 cm mass, T.12, on 1.2.2019 at 10.30, 16.2/24.7.",
    );
    check("Measures .5 cm. Stable.", "Measures .5 cm. | Stable.");
    check("Ends at L2. Normal T12. There is", "Ends at L2. | Normal T12. | There is");
    check("Software 2.4.1 was used.", "Software 2.4.1 was used.");
}

#[test]
fn a_missing_space_is_no_matter() {
    check("Left effusion.No pneumothorax.", "Left effusion. | No pneumothorax.");
    check("At the apex.There is", "At the apex. | There is");
    check("Chest pain.PT scan", "Chest pain. | PT scan");
    check("Left effusion.A small mass", "Left effusion. | A small mass");
    check("Fracture of L1.There is", "Fracture of L1. | There is");
    check("Normal (old).The heart", "Normal (old). | The heart");
    check("Device, e.g.No, i.e.Yes, Ph.D, S.O.B", "Device, e.g.No, i.e.Yes, Ph.D, S.O.B");
    check("Dr.Smith and vit.D", "Dr.Smith and vit.D");
    check("See www.example.org and a.txt", "See www.example.org and a.txt");
}

#[test]
fn rows_of_tables_and_templates() {
    check("Effusion\tNo\nEdema\tYes", "Effusion\tNo | Edema\tYes");
    check("Effusion   No\nEdema   Yes", "Effusion   No | Edema   Yes");
    check("Effusion? N\nEdema? Y", "Effusion? N | Edema? Y");
    check("Effusion... No\nEdema ..... None", "Effusion... No | Edema ..... None");
    check("Effusion; No\nEdema; Yes", "Effusion; No | Edema; Yes");
    check(
        "[ ] Effusion\n[x] edema\n( ) mass\n\u{2610} cyst",
        "[ ] Effusion | [x] edema | ( ) mass | \u{2610} cyst",
    );
    check("There is no\nEffusion", "There is no/Effusion");
    check("Effusion? Not now. Edema... No more", "Effusion? | Not now. | Edema... | No more");
}

#[test]
fn entries_in_lower_case() {
    check("no effusion\nlarge heart\nold scar", "no effusion | large heart | old scar");
    check("no effusion.large heart.small scar", "no effusion. | large heart. | small scar");
    check("1-No effusion\n2-Large heart 3- Scar", "No effusion | Large heart | Scar");
    check("2-View chest, 5- 10 mm", "2-View chest, 5- 10 mm");
    check("No effusion\u{3002}Large heart\u{3002}", "No effusion\u{3002} | Large heart\u{3002}");
    check("See the-report.info and someone.health here", "See the-report.info and someone.health here");
}

#[test]
fn holes_are_words() {
    check("Normal XXXX. XXXX heart.", "Normal XXXX. | XXXX heart.");
    check("XXXX-year-old. Chest pain.", "XXXX-year-old. | Chest pain.");
    check("Stable. .XXXX opacity.", "Stable. | .XXXX opacity.");
    check("Stable XXXX.please call XXXX.In", "Stable XXXX. | please call XXXX. | In");
    check("Dr. XXXX at XXXX. XXXX.", "Dr. XXXX at XXXX. | XXXX.");
}

#[test]
fn numbered_lists() {
    check("1. Low volumes 2. Mild edema", "Low volumes | Mild edema");
    check("1. Low volumes. 2. Mild edema. 3. None", "Low volumes. | Mild edema. | None");
    check("1) Low volumes 2) mild edema", "Low volumes | mild edema");
    check("(1) Low volumes (2) mild edema", "Low volumes | mild edema");
    check("(a) Low volumes; (b) mild edema", "Low volumes; | mild edema");
    check("1.Severe edema.2.Mild", "Severe edema. | Mild");
    check("1. Grade 2. 2. Mild", "Grade 2. | Mild");
    check("1. Listhesis of grade 2. Mild", "Listhesis of grade 2. | Mild");
    check(
        "1. Low\n2. Mild edema of the\n   left lung\n3. None",
        "Low | Mild edema of the/   left lung | None",
    );
    check("Grew to 2. 5 and 3. Mild", "Grew to 2. | 5 and 3. | Mild");
    check("1. 8 mm nodule. 2. 2.5 cm mass", "8 mm nodule. | 2.5 cm mass");
    check("malignancy? 2. Mild", "malignancy? | Mild");
    check("2.5 cm mass", "2.5 cm mass");
    check("(R) lung clear. (L) lung clear.", "(R) lung clear. | (L) lung clear.");
    check("1.", "1.");
    check("12. 13.", "13.");
}

#[test]
fn bullets() {
    check("- Low volumes\n- mild edema\n\u{2022} none", "Low volumes | mild edema | none");
    check("\u{2022}Low volumes\n*  mild edema", "Low volumes | mild edema");
    check("-No effusion\n-No mass", "-No effusion | -No mass");
    check("Normal.\n-----\nHeart", "Normal. | ----- | Heart");
    check("Lungs - clear - heart - normal", "Lungs - clear - heart - normal");
}

#[test]
fn line_breaks() {
    check("Mild edema of\nthe left lung.", "Mild edema of/the left lung.");
    check("Mild edema\n\nleft lung", "Mild edema | left lung");
    check("Mild edema\r\nleft lung\r\n\r\nheart", "Mild edema\r/left lung | heart");
    check("Mild edema.\nno effusion.", "Mild edema. | no effusion.");
    check("Lungs: clear\nHeart: normal", "Lungs: clear | Heart: normal");
    check("LUNGS AND PLEURA:\nClear lungs", "LUNGS AND PLEURA:/Clear lungs");
    check(
        "No pneumothorax\nHeart size normal\nLungs clear",
        "No pneumothorax | Heart size normal | Lungs clear",
    );
    check("No evidence of\nPneumothorax", "No evidence of/Pneumothorax");
    check("Mild edema,\nSmall effusion", "Mild edema,/Small effusion");
    check("Mild edema\u{2028}no effusion", "Mild edema\u{2028}no effusion");
}

#[test]
fn a_full_line_goes_on_in_the_next() {
    let long = "There is a small opacity in the left lower lobe, seen by the team of the";
    check(&format!("{long} mobile\nXray unit"), &format!("{long} mobile/Xray unit"));
    check(
        &format!("{long} mobile unit.\nMild edema\nHeart normal"),
        &format!("{long} mobile unit. | Mild edema | Heart normal"),
    );
}

#[test]
fn only_the_range_is_cut() {
    let text = "FINDINGS: Clear. Normal. IMPRESSION";
    let found = sentences(text, 10..24, &abbreviations());
    let found: Vec<_> = found.into_iter().map(|range| &text[range]).collect();
    assert_eq!(found, ["Clear.", "Normal."]);
}

#[test]
fn malformed_abbreviations_are_refused() {
    for entry in ["", "dr.", "no 3", "a b", "very-long-word-here", "\u{e9}d", " #"] {
        assert!(Abbreviations::new(&[entry]).is_err(), "{entry}");
    }
}

#[test]
fn large_texts_of_one_kind() {
    for (piece, most) in
        [("x", 1), (" ", 0), (".", 1), ("1. ", 1), ("A: ", 1), ("A. ", 1), ("\n", 0), ("a\u{2028}", 1)]
    {
        let text = piece.repeat((1 << 20) / piece.len());
        assert!(cut(&text).len() <= most, "{piece:?}");
    }
    for piece in ["a\n", "a. ", "?", "Aa.", "- \n", "(a) ", ".)", "a.\n\n"] {
        let text = piece.repeat((1 << 18) / piece.len());
        assert!(cut(&text).len() <= text.len());
    }
}

/// Every byte that is not white space is in one sentence, or a marker.
fn check_cover(text: &str) {
    let mut at = 0;
    for range in sentences(text, 0..text.len(), &abbreviations()) {
        assert!(at <= range.start && range.start < range.end, "order");
        let sentence = &text[range.clone()];
        assert_eq!(sentence, sentence.trim(), "trimmed");
        check_left_out(&text[at..range.start]);
        at = range.end;
    }
    check_left_out(&text[at..]);
}

fn check_left_out(text: &str) {
    let marker = |word: &str| {
        let core = word.trim_matches(|c| "().-\u{2013}\u{2014}*\u{2022}\u{b7}".contains(c));
        core.len() <= 2 && core.chars().all(|c| c.is_ascii_alphanumeric())
    };
    for word in text.split_whitespace() {
        assert!(
            word.len() <= 12 && word.split_inclusive(['.', ')']).all(marker),
            "left out {word:?} of {text:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_covered(text in any::<String>()) {
        check_cover(&text);
    }

    #[test]
    fn any_report_like_text_is_covered(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "1.", "2)", "(a)", "(b)", "-", "\u{2022}", " ", " ", "\n", "\r\n", "\n\n", ".", "..", "?", "Dr", "No",
                "effusion", "XXXX", "2.5", "cm", ":", "Heart", "\u{a0}", "\u{e4}", ")", "\"", "S.O.B", ",", "\u{2026}",
            ]),
            0..40,
        ),
    ) {
        check_cover(&pieces.concat());
    }
}
