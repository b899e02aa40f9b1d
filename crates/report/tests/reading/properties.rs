//! Whatever the text: no panic, spans inside it and on character borders, time linear in its length.

use precedent_model::{Reading, SectionKind, Span};
use precedent_report::{Lexicon, ReportReader};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn read(text: &str) -> Reading {
    ReportReader::new(Lexicon::bundled()).read_text(SectionKind::Body, text)
}

/// What must hold of every reading.
fn check(text: &str, reading: &Reading) -> Result<(), TestCaseError> {
    let inside = |span: Span, outer: Span| {
        span.start < span.end
            && outer.start <= span.start
            && span.end <= outer.end
            && text.get(span.range()).is_some()
    };
    let whole = Span::new(0..text.len());
    let mut behind = 0;
    for sentence in &reading.sentences {
        prop_assert!(inside(sentence.span, whole) && sentence.span.start >= behind);
        behind = sentence.span.end;
        let mut behind = sentence.span.start;
        for run in &sentence.runs {
            prop_assert!(inside(run.span, sentence.span) && run.span.start >= behind);
            behind = run.span.end;
        }
        prop_assert!(sentence.mentions.is_sorted_by_key(|mention| mention.span.start));
        for mention in &sentence.mentions {
            prop_assert!(inside(mention.span, sentence.span));
            prop_assert!(mention.places.iter().all(|place| inside(place.span, sentence.span)));
            prop_assert!(mention.size.is_none_or(|size| inside(size.span, sentence.span)));
        }
    }
    Ok(())
}

/// Pieces that meet the rules, and pieces that should not.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "no ",
            "possible ",
            "effusion",
            " pneumothorax",
            "heart ",
            "is ",
            "not ",
            "enlarged",
            ". ",
            ", ",
            "; ",
            ":",
            "(",
            ")",
            "\n",
            "\n\n",
            "FINDINGS:",
            "ADDENDUM: ",
            "DDX: ",
            "should read ",
            "[ ] ",
            "[x]",
            "\t",
            " | ",
            "?",
            "Yes",
            "<br>",
            "&lt;",
            "&eacute;",
            "\\.br\\",
            "{\\rtf1 ",
            "\\par ",
            "~",
            "kein ",
            "\u{ad}",
            "\u{feff}",
            "\u{e2}\u{80}\u{99}",
            "pneu-\nmothorax",
            "无",
            "1. ",
            "2.5 cm ",
            "XXXX ",
            "left ",
            "é",
            "\u{200d}",
            "İ",
            "ß",
            "history of ",
            "absent",
            "versus ",
            "w/o ",
            "-ve ",
            "&",
            "’",
            "\u{a0}",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}",
        any::<char>().prop_map(|c| c.to_string()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_is_read(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        check(&text, &read(&text))?;
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        check(&text, &read(&text))?;
    }

    #[test]
    fn any_span_is_answered(pieces in prop::collection::vec(piece(), 0..20), start in 0_u32..200, end in 0_u32..200) {
        ReportReader::new(Lexicon::bundled()).assert(&pieces.concat(), Span { start, end });
    }
}

/// What costs most, over and over: a rule of quadratic cost would look at a million cues 10^12 times, and never end.
#[test]
fn a_million_cues_are_read() {
    for piece in [
        "no ",
        "no possible ",
        "absent ",
        "effusion ",
        "heart ",
        "(",
        "effusion 2 cm ",
        "x",
        "1. ",
        "A: ",
        "history of no , ",
        "is not ",
        ". ",
        "FINDINGS: ",
        "nor effusion is absent ",
        "no (",
        "is absent )",
        "effusion: no ",
        "effusion | no | ",
        "[ ] effusion ",
        "effusion? ",
        "no effusion, heart is present ",
        "kein Erguss, de la ",
        "<b>",
        "<!-- ",
        "<style>",
        "&lt;",
        "\\par ",
        "\\.br\\",
        "ADDENDUM: no effusion. Effusion. ",
        "effusion should read no effusion. ",
        "pneu-\n",
        "無",
    ] {
        let text = piece.repeat((1 << 20) / piece.len());
        check(&text, &read(&text)).unwrap();
    }
    let text = "no possible ".repeat(500_000);
    check(&text, &read(&text)).unwrap();
}

#[test]
fn ten_megabytes_are_read() {
    let text = "Heart size is normal. No pneumothorax, small left effusion of 2 cm; (possible) edema\n"
        .repeat(130_000);
    assert!(text.len() > 10 << 20);
    let reading = read(&text);
    check(&text, &reading).unwrap();
    assert!(reading.sentences.len() >= 130_000);
}
