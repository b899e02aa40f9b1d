//! What a report was understood to say, as JSON. Names are in the style of the service's JSON.
//!
//! ```text
//! { "caseId": null or text,
//!   "lexicon": fingerprint of lexicon and rules,
//!   "sections": [{ "section", "text" }],                        as signed
//!   "sentences": [{ "sectionIndex", "section", "span", "text", "addendum", "comparison", "boilerplate",
//!                   "runs": [{ "span", "text", "assertion", "overridden" }],
//!                   "mentions": [{ "finding", "span", "text", "assertion", "laterality", "larger", "severity",
//!                                  "places": [{ "id", "span", "text" }], "times": [id], "overridden",
//!                                  "size": { "span", "text", "longestMm", "earlierMm" } }] }],
//!   "findings": [{ "finding", "name", "assertion" }],           of the case
//!   "warnings": [text] }
//! ```
//!
//! A span is `{ "startByte", "endByte", "startUtf16", "endUtf16" }` in the text of its section: bytes of UTF-8, and code
//! units of UTF-16 as JavaScript, Java and C# count. What the text does not say is null.

use precedent_model::{Mention, Reading, Report, Run, Sentence, Span};
use precedent_report::Lexicon;
use serde_json::{Value, json};

/// The document of one report.
pub fn document(case_id: Option<&str>, report: &Report, reading: &Reading, lexicon: &Lexicon) -> Value {
    let texts: Vec<Text<'_>> = report.sections().iter().map(|section| Text::new(&section.text)).collect();
    let sections = (report.sections().iter())
        .map(|section| json!({ "section": section.kind.name(), "text": section.text }));
    let name = |id: &str| lexicon.findings().find(|finding| finding.id == id).map(|finding| &finding.name);
    let findings = reading.findings();
    let findings = findings.iter().map(|(finding, assertion)| {
        json!({ "finding": **finding, "name": name(finding), "assertion": assertion.name() })
    });
    json!({
        "caseId": case_id,
        "lexicon": lexicon.fingerprint(),
        "sections": sections.collect::<Value>(),
        "sentences": reading.sentences.iter().filter_map(|s| Some(sentence(s, texts.get(s.section)?))).collect::<Value>(),
        "findings": findings.collect::<Value>(),
        "warnings": reading.warnings,
    })
}

fn sentence(sentence: &Sentence, text: &Text<'_>) -> Value {
    json!({
        "sectionIndex": sentence.section,
        "section": sentence.kind.name(),
        "span": text.span(sentence.span),
        "text": text.slice(sentence.span),
        "addendum": sentence.addendum,
        "comparison": sentence.comparison,
        "boilerplate": sentence.boilerplate,
        "runs": sentence.runs.iter().map(|found| run(found, text)).collect::<Value>(),
        "mentions": sentence.mentions.iter().map(|found| mention(found, text)).collect::<Value>(),
    })
}

fn run(run: &Run, text: &Text<'_>) -> Value {
    json!({ "span": text.span(run.span), "text": text.slice(run.span), "assertion": run.assertion.name(),
            "overridden": run.overridden })
}

fn mention(mention: &Mention, text: &Text<'_>) -> Value {
    let places = mention.places.iter().map(
        |place| json!({ "id": *place.id, "span": text.span(place.span), "text": text.slice(place.span) }),
    );
    let size = mention.size.map(|size| {
        let (span, words) = (text.span(size.span), text.slice(size.span));
        json!({ "span": span, "text": words, "longestMm": size.longest_mm, "earlierMm": size.earlier_mm })
    });
    json!({
        "finding": *mention.finding,
        "span": text.span(mention.span),
        "text": text.slice(mention.span),
        "assertion": mention.assertion.name(),
        "laterality": mention.laterality.map(|side| side.name()),
        "larger": mention.larger.map(|side| side.name()),
        "severity": mention.severity.as_deref(),
        "places": places.collect::<Value>(),
        "size": size,
        "times": mention.times.iter().map(|time| Value::from(&**time)).collect::<Value>(),
        "overridden": mention.overridden,
    })
}

/// The text of a section with the number of UTF-16 code units before each byte.
struct Text<'a> {
    text: &'a str,
    /// One longer than the text.
    units: Vec<u32>,
}

impl<'a> Text<'a> {
    fn new(text: &'a str) -> Self {
        let mut units = Vec::with_capacity(text.len() + 1);
        let mut count = 0;
        for c in text.chars() {
            units.extend(std::iter::repeat_n(count, c.len_utf8()));
            count += u32::from(c.len_utf16() == 2) + 1;
        }
        units.push(count);
        Self { text, units }
    }

    fn slice(&self, span: Span) -> Option<&'a str> {
        self.text.get(span.range())
    }

    fn span(&self, span: Span) -> Value {
        let unit = |at: u32| self.units.get(at as usize);
        json!({
            "startByte": span.start,
            "endByte": span.end,
            "startUtf16": unit(span.start),
            "endUtf16": unit(span.end),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::SectionKind;
    use precedent_report::ReportReader;

    /// Every span with its text, wherever it stands.
    fn spans(value: &Value, found: &mut Vec<(Value, String)>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| spans(value, found)),
            Value::Object(entries) => {
                if let (Some(span), Some(Value::String(text))) = (entries.get("span"), entries.get("text")) {
                    found.push((span.clone(), text.clone()));
                }
                entries.values().for_each(|value| spans(value, found));
            }
            _ => {}
        }
    }

    #[test]
    fn spans_cut_the_same_words_in_bytes_and_in_utf16() {
        let text = "X‐ray 🫁: no pneumothorax. Possible 2.5 cm mass in the left upper lobe.";
        let report = Report::new([(SectionKind::Findings, text)]).unwrap();
        let lexicon = Lexicon::bundled();
        let reading = ReportReader::new(lexicon.clone()).read(&report);
        let document = document(Some("A1"), &report, &reading, &lexicon);
        let mut found = Vec::new();
        spans(&document, &mut found);
        let units: Vec<u16> = text.encode_utf16().collect();
        for (span, words) in &found {
            let at = |name: &str| span[name].as_u64().unwrap() as usize;
            assert_eq!(&text[at("startByte")..at("endByte")], words);
            assert_eq!(&String::from_utf16(&units[at("startUtf16")..at("endUtf16")]).unwrap(), words);
        }
        for words in ["pneumothorax", "mass"] {
            assert!(found.iter().any(|(_, found)| found == words), "{words}: {found:?}");
        }
        let said: Vec<_> = document["findings"].as_array().unwrap().iter().collect();
        assert_eq!(said[0], &json!({ "finding": "mass", "name": "mass", "assertion": "uncertain" }));
        assert_eq!(document["caseId"], "A1");
        assert_eq!(document["sections"], json!([{ "section": "findings", "text": text }]));
    }
}
