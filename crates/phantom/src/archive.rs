//! Archives: studies of patients, each made from a seed and its number alone.

use crate::anatomy::Anatomy;
use crate::course::{Course, Patient, study_count};
use crate::error::PhantomError;
use crate::finding::Finding;
use crate::random::{Random, mix};
use crate::report::{Facts, PhantomReport, Style};
use crate::report_writer::write;
use crate::scene::Projection;
use crate::site::{SITES, Site};
use crate::view::{Shot, View, take};
use std::sync::Arc;

/// Version of everything that an archive is made by. Any change to a pixel, a word or a label of any archive raises it:
/// what was trained on one version must not be judged on another.
pub const PHANTOM_VERSION: u32 = 1;

/// Least and greatest side of a picture, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 128..=3072;
/// Most studies of an archive.
const MOST_STUDIES: usize = 1_000_000;

/// Parameters of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveParams {
    /// The same seed gives the same archive.
    pub seed: u64,
    /// How many studies, 1 to 1,000,000.
    pub studies: usize,
    /// Side of the square pictures in pixels, 128 to 3072.
    pub size: u32,
    /// The styles that reports are written in. Leave some out to hold them back for evaluation.
    pub styles: Vec<Style>,
    /// Ids of the sites that patients go to; see [`SITES`].
    pub sites: Vec<&'static str>,
}

impl Default for ArchiveParams {
    /// 1,000 studies of 256 pixels a side, all styles and sites.
    fn default() -> Self {
        Self {
            seed: 1,
            studies: 1000,
            size: 256,
            styles: Style::ALL.to_vec(),
            sites: SITES.iter().map(|site| site.id).collect(),
        }
    }
}

/// One study of a synthetic patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// Its id, unique in the archive.
    pub case_id: String,
    /// Whose it is.
    pub patient: Patient,
    /// Whole years on the day of the study.
    pub age: u32,
    /// Where it was taken.
    pub site: &'static Site,
    /// How its report is written.
    pub style: Style,
    /// The day, as `2019-05-03`.
    pub date: String,
    /// DICOM's unique id of the study.
    pub study_uid: String,
    /// The order's number.
    pub accession_number: String,
    /// The films: a frontal one, often a lateral one, too.
    pub views: Vec<View>,
    /// What was signed.
    pub report: PhantomReport,
    /// What is truly there.
    pub truth: Vec<Finding>,
}

/// Studies by number.
#[derive(Debug, Clone)]
pub struct Archive {
    params: ArchiveParams,
    sites: Vec<&'static Site>,
    /// Of each study its patient, and which of the patient's it is.
    plan: Arc<[(u64, u8)]>,
}

impl Archive {
    /// The archive of some parameters. Nothing is drawn yet.
    ///
    /// # Errors
    /// [`PhantomError::Params`]: a count or size out of range, no style or site, a site that is unknown.
    pub fn new(params: ArchiveParams) -> Result<Self, PhantomError> {
        let refused = |field, problem: String, remedy| Err(PhantomError::Params { field, problem, remedy });
        if !(1..=MOST_STUDIES).contains(&params.studies) {
            return refused("studies", format!("is {}", params.studies), "give 1 to 1000000");
        }
        if !SIDES.contains(&params.size) {
            return refused("size", format!("is {} pixels", params.size), "give 128 to 3072");
        }
        if params.styles.is_empty() {
            return refused("styles", "is empty".into(), "name a style");
        }
        let mut sites = Vec::new();
        for id in &params.sites {
            match SITES.iter().find(|site| site.id == *id) {
                Some(site) => sites.push(site),
                None => return refused("sites", "names a site that is unknown".into(), "see SITES"),
            }
        }
        if sites.is_empty() {
            return refused("sites", "is empty".into(), "name a site");
        }
        let mut plan = Vec::with_capacity(params.studies);
        for patient in 0.. {
            let room = params.studies - plan.len();
            if room == 0 {
                break;
            }
            plan.extend((0..study_count(params.seed, patient).min(room)).map(|visit| (patient, visit as u8)));
        }
        Ok(Self { params, sites, plan: plan.into() })
    }

    /// Its parameters.
    pub fn params(&self) -> &ArchiveParams {
        &self.params
    }

    /// How many studies it has.
    pub fn len(&self) -> usize {
        self.plan.len()
    }

    /// Always `false`: an archive has at least one study.
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty()
    }

    /// Every study, in order: patient by patient, day by day.
    pub fn studies(&self) -> impl Iterator<Item = Result<Study, PhantomError>> + '_ {
        (0..self.len()).map(|number| self.study(number))
    }

    /// One study by its number from 0. Takes some milliseconds at 256 pixels; studies do not wait for each other.
    ///
    /// # Errors
    /// [`PhantomError::Params`] for a number beyond the archive.
    pub fn study(&self, number: usize) -> Result<Study, PhantomError> {
        let Some(&(patient, visit)) = self.plan.get(number) else {
            let problem = format!("is {number}");
            return Err(PhantomError::Params {
                field: "study",
                problem,
                remedy: "give less than the number of studies",
            });
        };
        self.make(patient, usize::from(visit)).map_err(|source| PhantomError::Study { number, source })
    }

    fn make(&self, patient: u64, visit: usize) -> Result<Study, precedent_model::ModelError> {
        let seed = self.params.seed;
        let root = Random::new(seed).stream("patient", patient);
        let site = *root.stream("site", 0).pick(&self.sites);
        let course = Course::new(seed, patient, site.portable);
        let day = course.days[visit];
        let anatomy = Anatomy::new(course.body.clone(), course.sex, course.days[0].years_since(course.birth));
        let truth = &course.findings[visit];
        let of_study = root.stream("study", visit as u64);
        let style = *of_study.stream("style", 0).pick(&self.params.styles);
        let projections: &[Projection] = if course.bedside[visit] {
            &[Projection::AnteroPosterior]
        } else if of_study.stream("views", 0).chance(0.72) {
            &[Projection::PosteroAnterior, Projection::Lateral]
        } else {
            &[Projection::PosteroAnterior]
        };
        let views = projections.iter().map(|projection| {
            let film = of_study.stream("film", *projection as u64).bits();
            take(
                &anatomy,
                truth,
                Shot { site, projection: *projection, side: self.params.size as usize, seed: film },
            )
        });
        let views = views.collect::<Result<Vec<View>, _>>()?;
        let age = day.years_since(course.birth);
        let facts = Facts {
            findings: truth,
            before: visit.checked_sub(1).map(|last| (course.days[last], course.findings[last].as_slice())),
            projections,
            female: course.sex == crate::anatomy::Sex::Female,
            age,
            style,
        };
        let report = write(&facts, of_study.stream("report", 0));
        let number = patient * 8 + visit as u64;
        Ok(Study {
            case_id: format!("PH{:03}-{patient:07}-{}", seed % 1000, visit + 1),
            patient: Patient {
                id: format!("PHANTOM{patient:07}"),
                issuer: site.issuer,
                sex: course.sex,
                birth_date: course.birth.compact(),
            },
            age,
            site,
            style,
            date: day.to_string(),
            study_uid: uid(seed, "study", number),
            accession_number: format!("PHA{:03}{number:010}", seed % 1000),
            views,
            report,
            truth: truth.clone(),
        })
    }
}

/// A unique id below DICOM's root for UUIDs, 2.25.
pub(crate) fn uid(seed: u64, kind: &str, number: u64) -> String {
    let mut random = Random::new(mix(seed)).stream(kind, number);
    let bits = (u128::from(random.bits()) << 64) | u128::from(random.bits());
    // Version 4, variant 1, as PS3.5 B.2 takes its UUIDs from.
    let uuid = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    format!("2.25.{uuid}")
}
