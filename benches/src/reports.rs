//! Texts of many cases out of few, and what is asked of them.

use crate::figures::SplitMix;
use precedent_model::{Case, FieldSchema, Report, SectionKind};
use precedent_sources::{ColumnMap, Manifest};
use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::path::Path;

/// Words that no query is made of, as in the comparison of full-text programs that this follows.
const STOP_WORDS: [&str; 13] =
    ["the", "is", "of", "in", "and", "or", "no", "with", "a", "to", "are", "for", "there"];
/// Which of all mixtures.
const SEED: u64 = 0x5eed_0005;

/// The Open-i reports below a data folder, in the order of the file.
///
/// # Errors
/// A file that is not there, or has a row that cannot be read.
pub fn openi(data: &Path) -> Result<Vec<Report>, Box<dyn Error>> {
    Ok(openi_cases(data)?.into_iter().filter_map(|case| case.report).collect())
}

/// The same as cases, without their tags.
///
/// # Errors
/// A file that is not there, or has a row that cannot be read.
pub fn openi_cases(data: &Path) -> Result<Vec<Case>, Box<dyn Error>> {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("../index/maps/openi.toml");
    let path = data.join("openi/reports.jsonl");
    let rows = Manifest::open(&path, &ColumnMap::open(map)?.for_reports(), &FieldSchema::default())?;
    rows.map(|row| Ok(row?.outcome.map_err(|rejection| rejection.to_string())?)).collect()
}

/// Makes any number of reports of the sentences of some: each has the sections of one of them, and as many sentences in
/// each, but every sentence is drawn from all of its section's kind. So lengths and shares of words are those of the
/// originals and hardly two reports are alike, but they contradict themselves.
#[derive(Debug)]
pub struct Mixer {
    /// Of every original its sections, with their numbers of sentences.
    shapes: Vec<Vec<(SectionKind, usize)>>,
    sentences: BTreeMap<&'static str, Vec<String>>,
}

impl Mixer {
    pub fn new(reports: &[Report]) -> Self {
        let mut mixer = Self { shapes: Vec::new(), sentences: BTreeMap::new() };
        for report in reports {
            let mut shape = Vec::new();
            for section in report.sections() {
                let sentences = sentences(&section.text);
                shape.push((section.kind, sentences.len()));
                let of_kind = mixer.sentences.entry(section.kind.name()).or_default();
                of_kind.extend(sentences.into_iter().map(str::to_owned));
            }
            mixer.shapes.push(shape);
        }
        mixer
    }

    /// The report of that number, always the same.
    ///
    /// # Errors
    /// A mixer of nothing.
    pub fn report(&self, number: u64) -> Result<Report, Box<dyn Error>> {
        let mut random = SplitMix::of(SEED, number);
        let shape = self.shapes.get(random.below(self.shapes.len())).ok_or("there are no reports to mix")?;
        let sections = shape.iter().map(|(kind, count)| {
            let of_kind = self.sentences.get(kind.name()).map_or(&[][..], Vec::as_slice);
            let drawn: Vec<&str> = (0..*count)
                .filter_map(|_| of_kind.get(random.below(of_kind.len())).map(String::as_str))
                .collect();
            (*kind, drawn.join(" "))
        });
        Ok(Report::new(sections.collect::<Vec<_>>())?)
    }
}

/// The sentences of a text, each with its full stop. Headings and abbreviations do not matter here.
fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(". ").map(str::trim).filter(|sentence| !sentence.is_empty()).collect()
}

/// What of a report a search without a field looks at, as one text.
pub fn plain_text(report: &Report) -> String {
    let reported = report.sections().iter().filter(|section| section.kind.is_reported());
    reported.map(|section| &*section.text).collect::<Vec<_>>().join("\n")
}

/// Different words of one report each, drawn with a fixed seed.
pub fn queries(texts: &[String], count: usize) -> Vec<String> {
    let mut state = 11_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut queries = Vec::with_capacity(count);
    let mut tries = 0;
    while queries.len() < count && tries < 100 * count {
        tries += 1;
        let text = texts[draw(texts.len())].to_lowercase();
        let mut seen = HashSet::new();
        let mut words: Vec<&str> = text
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty() && !STOP_WORDS.contains(word))
            .filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit()) && seen.insert(*word))
            .collect();
        let wanted = 2 + draw(4);
        if words.len() >= wanted {
            for place in 0..wanted {
                let other = place + draw(words.len() - place);
                words.swap(place, other);
            }
            queries.push(words[..wanted].join(" "));
        }
    }
    queries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports() -> Vec<Report> {
        ["Heart is normal. Lungs are clear. No effusion.", "Left effusion. Old fracture of a rib."]
            .map(|text| {
                Report::new([(SectionKind::Findings, text), (SectionKind::Impression, "Stable.")]).unwrap()
            })
            .to_vec()
    }

    #[test]
    fn mixed_reports_keep_shapes_and_sentences() {
        let mixer = Mixer::new(&reports());
        let mut seen = HashSet::new();
        for number in 0..100 {
            let report = mixer.report(number).unwrap();
            assert_eq!(report, mixer.report(number).unwrap());
            let findings = report.section(SectionKind::Findings).unwrap();
            assert!([2, 3].contains(&sentences(findings).len()), "{findings}");
            assert_eq!(report.section(SectionKind::Impression), Some("Stable."));
            seen.insert(findings.to_owned());
        }
        assert!(seen.len() > 20, "{seen:?}");
        assert!(Mixer::new(&[]).report(0).is_err());
    }

    #[test]
    fn queries_are_words_of_one_report() {
        let texts: Vec<String> = reports().iter().map(plain_text).collect();
        let asked = queries(&texts, 50);
        assert_eq!(asked, queries(&texts, 50));
        assert_eq!(asked.len(), 50);
        for query in asked {
            let words: Vec<&str> = query.split(' ').collect();
            assert!((2..=5).contains(&words.len()) && !words.contains(&"of"), "{query}");
            let holds = |text: &String| words.iter().all(|word| text.to_lowercase().contains(word));
            assert!(texts.iter().any(holds), "{query}");
        }
    }
}
