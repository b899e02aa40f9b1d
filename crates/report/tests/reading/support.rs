//! Texts in, texts out.

use precedent_model::{Mention, Reading, SectionKind, Span};
use precedent_report::{Lexicon, ReportReader};

pub fn reader() -> ReportReader {
    ReportReader::new(Lexicon::bundled())
}

pub fn read(text: &str) -> Reading {
    reader().read_text(SectionKind::Findings, text)
}

/// What the reader says of the words in brackets.
pub fn asserted(marked: &str) -> &'static str {
    let start = marked.find('[').unwrap();
    let end = marked.find(']').unwrap() - 1;
    let sentence = marked.replace(['[', ']'], "");
    reader().assert(&sentence, Span::new(start..end)).name()
}

/// A mention as `id assertion side (>larger side) @place severity size ~time`, as far as said.
pub fn shown(mention: &Mention) -> String {
    let mut parts = vec![mention.finding.to_string(), mention.assertion.name().to_owned()];
    parts.extend(mention.laterality.map(|side| side.name().to_owned()));
    parts.extend(mention.larger.map(|side| format!(">{}", side.name())));
    parts.extend(mention.places.iter().map(|place| format!("@{}", place.id)));
    parts.extend(mention.severity.as_ref().map(|severity| severity.to_string()));
    parts.extend(mention.size.map(|size| format!("{} mm", size.longest_mm)));
    parts.extend(mention.size.and_then(|size| size.earlier_mm).map(|size| format!("before {size} mm")));
    parts.extend(mention.times.iter().map(|time| format!("~{time}")));
    parts.extend(mention.overridden.then(|| "overridden".to_owned()));
    parts.join(" ")
}

/// Every mention of a text, joined by "; ".
pub fn mentions(text: &str) -> String {
    let reading = read(text);
    let shown = reading.sentences.iter().flat_map(|s| &s.mentions).map(shown);
    shown.collect::<Vec<_>>().join("; ")
}

/// What a report says: each row has `finding=assertion` pairs, apart by commas, and the text. `a|b` is one of several,
/// `-` no mention; `x=warn` asks for a warning, and without it there is none.
pub fn check_findings(rows: &[(&str, &str)]) {
    for (expected, text) in rows {
        let reading = reader().read_text(SectionKind::Body, text);
        let found = reading.findings();
        let said =
            |id: &str| found.iter().find(|(finding, _)| **finding == *id).map_or("-", |found| found.1.name());
        let mut warns = false;
        for pair in expected.split(", ") {
            let (finding, options) = pair.split_once('=').unwrap();
            if options == "warn" {
                warns = true;
                continue;
            }
            let got = said(finding);
            assert!(
                options.split('|').any(|option| option == got),
                "{finding} is {got}, not {options}: {text:?}"
            );
        }
        assert_eq!(!reading.warnings.is_empty(), warns, "warnings of {text:?}: {:?}", reading.warnings);
    }
}
