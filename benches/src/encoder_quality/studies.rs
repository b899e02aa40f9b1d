//! Archives of phantoms to ask, with what their reports say.

use crate::Problem;
use precedent_model::{GreyImage, Report};
use precedent_phantom::{Archive, ArchiveParams, FindingKind, SITES, Style};
use precedent_report::{Lexicon, ReportReader};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};

/// What no phantom of the training showed; `precedent train` has the same names.
const HELD_OUT_STYLE: Style = Style::British;
const HELD_OUT_SITE: &str = "island-hospital";

/// Which phantoms.
#[derive(Debug, Clone, Copy)]
pub enum Slice {
    /// Patients that training did not see, of its sites and in its styles.
    Patients,
    /// Patients of the site and in the style that were held out.
    All,
}

impl Slice {
    pub const ALL: [Self; 2] = [Self::Patients, Self::All];

    pub fn title(self) -> &'static str {
        match self {
            Self::Patients => "unseen patients",
            Self::All => "unseen patients, site and style",
        }
    }
}

/// A study as it is asked and found.
pub struct Asked {
    /// Number of the patient, from 0.
    pub patient: usize,
    pub films: Vec<GreyImage>,
    /// What is truly there.
    pub truth: BTreeSet<FindingKind>,
    /// Sentences of the report that say more than that all is well.
    pub sentences: Vec<String>,
}

/// An archive.
pub struct Pool {
    pub slice: Slice,
    pub studies: Vec<Asked>,
    pub patients: usize,
}

impl Pool {
    pub fn make(slice: Slice, seed: u64, studies: usize) -> Result<Self, Problem> {
        let held_out = matches!(slice, Slice::All);
        let params = ArchiveParams {
            // The two archives share no patient.
            seed: seed + u64::from(held_out),
            studies,
            size: 256,
            styles: Style::ALL.into_iter().filter(|style| (*style == HELD_OUT_STYLE) == held_out).collect(),
            sites: SITES.iter().map(|site| site.id).filter(|id| (*id == HELD_OUT_SITE) == held_out).collect(),
        };
        let archive = Archive::new(params)?;
        let reader = ReportReader::new(Lexicon::bundled());
        let made = (0..archive.len()).into_par_iter().map(|number| read(&archive, &reader, number));
        let made = made.collect::<Result<Vec<(String, Asked)>, Problem>>()?;
        let mut numbers = HashMap::new();
        let mut studies = Vec::new();
        for (patient, mut study) in made {
            let next = numbers.len();
            study.patient = *numbers.entry(patient).or_insert(next);
            studies.push(study);
        }
        Ok(Self { slice, studies, patients: numbers.len() })
    }

    /// Share of the studies of other patients that have a finding: what blind guessing reaches for that study.
    pub fn prevalence(&self, of: FindingKind, asking: &Asked) -> f64 {
        let others = self.studies.iter().filter(|other| other.patient != asking.patient);
        let (count, with) = others.fold((0usize, 0usize), |(count, with), other| {
            (count + 1, with + usize::from(other.truth.contains(&of)))
        });
        with as f64 / count.max(1) as f64
    }
}

fn read(archive: &Archive, reader: &ReportReader, number: usize) -> Result<(String, Asked), Problem> {
    let study = archive.study(number)?;
    let report = Report::new(study.report.sections)?;
    let reading = reader.read(&report);
    let sentences = (reading.sentences.iter())
        .filter(|sentence| {
            sentence.kind.is_reported() && !sentence.boilerplate && !sentence.mentions.is_empty()
        })
        .filter_map(|sentence| report.sections().get(sentence.section)?.text.get(sentence.span.range()))
        .map(str::to_owned);
    let asked = Asked {
        patient: 0,
        films: study.views.into_iter().map(|view| view.image).collect(),
        truth: study.truth.iter().map(|finding| finding.kind).collect(),
        sentences: sentences.collect(),
    };
    Ok((study.patient.id, asked))
}
