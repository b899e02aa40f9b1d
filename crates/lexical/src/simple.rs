//! Readings by rules that fit on a page, for tests and for the example: a point ends a sentence, a section's name in
//! capitals with a colon begins a part, a cue holds to the end of its sentence, and there are five findings.

use precedent_model::{Assertion, Mention, Reading, Report, Run, SectionKind, Sentence, Span};

const CUES: [(&str, Assertion); 5] = [
    ("no", Assertion::Absent),
    ("may", Assertion::Uncertain),
    ("old", Assertion::Historical),
    ("if", Assertion::Hypothetical),
    ("mother", Assertion::OtherPerson),
];

/// The words of a finding and its id; longer ones first.
const FINDINGS: [(&[&str], &str); 5] = [
    (&["pleural", "effusion"], "pleural-effusion"),
    (&["effusion"], "effusion"),
    (&["pneumothorax"], "pneumothorax"),
    (&["mass"], "mass"),
    (&["nodule"], "mass"),
];

/// What a report says.
pub(crate) fn read(report: &Report) -> Reading {
    let mut sentences = Vec::new();
    for (section, part) in report.sections().iter().enumerate() {
        sentences.extend(read_text(section, part.kind, &part.text));
    }
    Reading { sentences, warnings: Vec::new() }
}

/// What a text says.
pub(crate) fn read_text(section: usize, mut kind: SectionKind, text: &str) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut words = Vec::new();
    let mut end = 0;
    while let Some(from) = text[end..].find(char::is_alphanumeric) {
        let start = end + from;
        if text[end..start].contains('.') {
            sentences.extend(sentence(section, kind, text, &std::mem::take(&mut words)));
        }
        let word = text[start..].split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        end = start + word.len();
        let heading = SectionKind::ALL.into_iter().find(|kind| kind.name().to_uppercase() == word);
        match heading.filter(|_| text[end..].starts_with(':')) {
            Some(next) => {
                sentences.extend(sentence(section, kind, text, &std::mem::take(&mut words)));
                kind = next;
            }
            None => words.push(Span::new(start..end)),
        }
    }
    sentences.extend(sentence(section, kind, text, &words));
    sentences
}

fn sentence(section: usize, kind: SectionKind, text: &str, words: &[Span]) -> Option<Sentence> {
    let (first, last) = (words.first()?, words.last()?);
    let (mut runs, mut mentions) = (Vec::<Run>::new(), Vec::<Mention>::new());
    let mut assertion = Assertion::Present;
    let mut goes_on = false;
    for (at, &word) in words.iter().enumerate() {
        let cue = CUES.iter().find(|(cue, _)| text[word.range()].eq_ignore_ascii_case(cue));
        if let Some((_, of_cue)) = cue {
            (assertion, goes_on) = (*of_cue, false);
            continue;
        }
        match runs.last_mut().filter(|_| goes_on) {
            Some(run) => run.span.end = word.end,
            None => runs.push(Run { span: word, assertion, overridden: false }),
        }
        goes_on = true;
        if mentions.last().is_some_and(|mention| mention.span.overlaps(word)) {
            continue;
        }
        let found = FINDINGS.into_iter().find_map(|(wanted, id)| {
            let here = words.get(at..at + wanted.len())?;
            let same = |(span, word): (&Span, &&str)| text[span.range()].eq_ignore_ascii_case(word);
            here.iter().zip(wanted).all(same).then_some((id, here.last()?.end))
        });
        mentions.extend(found.map(|(id, end)| Mention {
            finding: id.into(),
            span: Span { start: word.start, end },
            assertion,
            laterality: None,
            larger: None,
            places: Vec::new(),
            size: None,
            severity: None,
            times: Vec::new(),
            overridden: false,
        }));
    }
    let span = Span { start: first.start, end: last.end };
    let (addendum, comparison, boilerplate) = (false, false, false);
    Some(Sentence { section, kind, span, addendum, comparison, boilerplate, runs, mentions })
}
