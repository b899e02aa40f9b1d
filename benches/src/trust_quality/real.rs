//! Real reports and films, with labels that people gave.

use crate::Problem;
use crate::calibration::{Vote, counts, votes};
use crate::films::{Index, encode, new_case};
use precedent_benches::figures::stable_hash;
use precedent_benches::labels::{LABELS, truths};
use precedent_benches::reports::{openi_cases, plain_text};
use precedent_encoder::Encoder;
use precedent_engine::NewCase;
use precedent_model::{Case, SectionKind};
use precedent_query::QueryVector;
use precedent_report::{Lexicon, ReportReader};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Numbers of a vector of words.
const WORDS: usize = 512;
/// One in so many cases is asked with, and not in the archive.
const HELD_OUT: u64 = 5;

/// Open-i has no pictures here, so words stand for them: each word has a place and a sign in a vector, and weighs by how rare it is. It
/// is an encoder like any other, that knows nothing of findings.
fn vectors(texts: &[String]) -> Vec<Vec<f32>> {
    let words = |text: &String| -> BTreeMap<String, f64> {
        let mut counted = BTreeMap::new();
        for word in text.to_lowercase().split(|letter: char| !letter.is_ascii_alphabetic()) {
            if !word.is_empty() {
                *counted.entry(word.to_owned()).or_insert(0.0) += 1.0;
            }
        }
        counted
    };
    let counted: Vec<BTreeMap<String, f64>> = texts.iter().map(words).collect();
    let mut texts_with: HashMap<&str, f64> = HashMap::new();
    counted.iter().flat_map(BTreeMap::keys).for_each(|word| *texts_with.entry(word).or_default() += 1.0);
    let vector = |words: &BTreeMap<String, f64>| {
        let mut values = vec![0.0_f64; WORDS];
        for (word, times) in words {
            let number = stable_hash(word);
            let sign = if number >> 40 & 1 == 0 { 1.0 } else { -1.0 };
            let rare = (counted.len() as f64 / texts_with[word.as_str()]).ln();
            values[number as usize % WORDS] += sign * (1.0 + times.ln()) * rare;
        }
        let length = values.iter().map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        values.iter().map(|value| (value / length) as f32).collect()
    };
    counted.iter().map(vector).collect()
}

/// What neighbours by words say of the 14 findings that people labelled; and how many cases the archive has, and how many ask.
pub fn openi(data: &Path) -> Result<(Vec<Vote>, [usize; 2]), Problem> {
    let truths = truths(&data.join("openi/negbio_gold_labels.csv")).map_err(|error| error.to_string())?;
    let reported = |case: &Case| case.report.as_ref().is_some_and(|report| !plain_text(report).is_empty());
    let cases: Vec<Case> =
        openi_cases(data).map_err(|error| error.to_string())?.into_iter().filter(reported).collect();
    let texts: Vec<String> = cases.iter().filter_map(|case| case.report.as_ref().map(plain_text)).collect();
    let vectors = vectors(&texts);
    let (mut kept, mut asked) = (Vec::new(), Vec::new());
    for (case, values) in cases.iter().zip(vectors) {
        let id = case.id.as_str();
        match truths.get(id).filter(|_| stable_hash(id).is_multiple_of(HELD_OUT)) {
            Some(truth) => asked.push((case, *truth, values)),
            None => kept.push(openi_case(case, values)?),
        }
    }
    let count = kept.len();
    let index = Index::of(WORDS, "words", "", kept)?;
    let reader = ReportReader::new(Lexicon::bundled());
    let mut found = Vec::new();
    for (case, truth, values) in &asked {
        let reading = case.report.as_ref().map(|report| reader.read(report)).unwrap_or_default();
        let label = |finding: &str| LABELS.iter().position(|label| label.finding == finding);
        let answer = index.ask(values, None, None)?;
        let own = |finding: &str| counts(reader.lexicon(), &reading, finding);
        let id = case.id.as_str();
        found.extend(votes(&answer, id, |finding| Some(truth.has(label(finding)?)), own)?);
    }
    Ok((found, [count, asked.len()]))
}

fn openi_case(case: &Case, values: Vec<f32>) -> Result<NewCase, Problem> {
    let sections = case.report.as_ref().map(|report| report.sections()).unwrap_or_default();
    let sections = sections.iter().map(|section| (section.kind, section.text.to_string())).collect();
    let vector = QueryVector { values, encoder_id: "words".to_owned() };
    new_case((case.id.as_str(), case.id.as_str()), sections, vec![(None, vector)])
}

/// Findings of the covid films, by what their labels say.
const COVID_LEXICON: &str = "
[[finding]]
id = 'label-covid'
name = 'label covid'
phrases = ['label covid']
[[finding]]
id = 'label-other-pneumonia'
name = 'label other pneumonia'
phrases = ['label other']
[[finding]]
id = 'label-ards'
name = 'label ards'
phrases = ['label ards']
";

/// A film with its labels.
struct Labelled {
    name: String,
    /// Patients with nearly the same pictures count as one.
    group: String,
    view: Option<&'static str>,
    covid: bool,
    ards: bool,
    values: Vec<f32>,
}

impl Labelled {
    fn other(&self) -> bool {
        !self.covid && !self.ards
    }

    fn has(&self, finding: &str) -> Option<bool> {
        match finding {
            "label-covid" => Some(self.covid),
            "label-other-pneumonia" => Some(self.other()),
            "label-ards" => Some(self.ards),
            _ => None,
        }
    }

    fn report(&self) -> String {
        let said = [(self.covid, "Label covid."), (self.other(), "Label other."), (self.ards, "Label ards.")];
        said.iter().filter(|(says, _)| *says).map(|(_, text)| *text).collect::<Vec<_>>().join(" ")
    }
}

fn labelled(data: &Path, encoder: &Encoder) -> Result<Vec<Labelled>, Problem> {
    let mut reader = csv::Reader::from_path(data.join("covid_cxr/manifest.csv"))?;
    let rows = reader.deserialize().collect::<Result<Vec<BTreeMap<String, String>>, _>>()?;
    let one = |row: &BTreeMap<String, String>| -> Result<Labelled, Problem> {
        let of = |name: &str| row.get(name).map(String::as_str).unwrap_or_default();
        let file = std::fs::read(data.join("covid_cxr/images").join(of("filename")))?;
        let view = match of("view") {
            "L" => Some("LATERAL"),
            "" => None,
            _ => Some("PA"),
        };
        Ok(Labelled {
            name: of("filename").to_owned(),
            group: of("split_group").to_owned(),
            view,
            covid: of("finding").contains("COVID-19"),
            ards: of("finding").contains("ARDS"),
            values: encode(encoder, &file)?.0,
        })
    };
    rows.par_iter().map(one).collect()
}

/// What neighbours by films say of covid, other pneumonia and ARDS: one half of the patients asks the other, then the other way
/// round. Reports state the labels, as most films have no others; and how many films there are, and patients.
pub fn covid(data: &Path, encoder: &Encoder) -> Result<(Vec<Vote>, [usize; 2]), Problem> {
    let films = labelled(data, encoder)?;
    let mut found = Vec::new();
    for half in 0..2 {
        let (kept, asked): (Vec<&Labelled>, Vec<&Labelled>) =
            films.iter().partition(|film| stable_hash(&film.group) % 2 == half);
        let case = |film: &&Labelled| {
            let vector = QueryVector { values: film.values.clone(), encoder_id: encoder.id().to_owned() };
            let sections = vec![(SectionKind::Impression, film.report())];
            new_case((&film.name, &film.group), sections, vec![(film.view, vector)])
        };
        let cases = kept.iter().map(case).collect::<Result<Vec<_>, _>>()?;
        let index = Index::of(encoder.dimension(), encoder.id(), COVID_LEXICON, cases)?;
        for film in asked {
            // Too few laterals for a curve of theirs.
            if film.view == Some("LATERAL") {
                continue;
            }
            let answer = index.ask(&film.values, film.view, None)?;
            let own = |finding: &str| film.has(finding).map_or(0.0, f64::from);
            found.extend(votes(&answer, &film.group, |finding| film.has(finding), own)?);
        }
    }
    let patients: std::collections::BTreeSet<&str> = films.iter().map(|film| film.group.as_str()).collect();
    Ok((found, [films.len(), patients.len()]))
}
