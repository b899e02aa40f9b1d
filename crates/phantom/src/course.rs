//! Patients, and how their findings come and go from study to study.

use crate::anatomy::Sex;
use crate::date::Day;
use crate::finding::{Finding, FindingKind, Place};
use crate::random::Random;
use precedent_model::Laterality;

/// Most studies of one patient.
pub(crate) const MOST_STUDIES: usize = 6;

/// A synthetic patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// Identifier, unique in the archive.
    pub id: String,
    /// Who issued it.
    pub issuer: &'static str,
    /// Sex.
    pub sex: Sex,
    /// Date of birth as `YYYYMMDD`.
    pub birth_date: String,
}

/// What happened to a patient: the findings of each study, in the order of their dates.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    pub sex: Sex,
    pub birth: Day,
    pub days: Vec<Day>,
    pub findings: Vec<Vec<Finding>>,
    /// Whether the patient lies in bed, by study.
    pub bedside: Vec<bool>,
    pub body: Random,
}

/// How many studies a patient has.
pub(crate) fn study_count(seed: u64, patient: u64) -> usize {
    let mut random = Random::new(seed).stream("patient", patient).stream("count", 0);
    1 + random.weighted(&[0.42, 0.25, 0.15, 0.10, 0.05, 0.03]).min(MOST_STUDIES - 1)
}

/// What brings a patient to the radiographer.
#[derive(Clone, Copy, PartialEq)]
enum Story {
    Healthy,
    HeartFailure,
    Pneumonia,
    Pneumothorax,
    Nodule,
    IntensiveCare,
    Effusion,
    Mixed,
}

const STORIES: [(Story, f64); 8] = [
    (Story::Healthy, 0.30),
    (Story::HeartFailure, 0.17),
    (Story::Pneumonia, 0.15),
    (Story::Pneumothorax, 0.08),
    (Story::Nodule, 0.09),
    (Story::IntensiveCare, 0.09),
    (Story::Effusion, 0.06),
    (Story::Mixed, 0.06),
];

/// One finding through all studies: its amount in each, below [`GONE`] where it is not there.
struct Track {
    finding: Finding,
    amounts: Vec<f64>,
}

/// Amounts below this are nothing.
const GONE: f64 = 0.03;

impl Course {
    /// The course of a patient, `bedside` being the site's share of films taken in bed.
    pub fn new(seed: u64, patient: u64, bedside: f64) -> Self {
        let root = Random::new(seed).stream("patient", patient);
        let studies = study_count(seed, patient);
        let mut random = root.stream("course", 0);
        let sex = if random.chance(0.5) { Sex::Female } else { Sex::Male };
        let weights = STORIES.map(|(_, weight)| weight);
        let story = STORIES[random.weighted(&weights)].0;
        let age = match story {
            Story::Healthy | Story::Pneumothorax => random.range(18.0, 75.0),
            Story::HeartFailure => random.range(52.0, 92.0),
            _ => random.range(24.0, 90.0),
        };
        // The last of six studies is over before 2026.
        let first = Day::from_civil(2010, 1, 1).plus((random.unit() * 8.5 * 365.0) as i32);
        let birth = first.plus(-(age * 365.25) as i32);
        let acute =
            matches!(story, Story::Pneumonia | Story::Pneumothorax | Story::IntensiveCare | Story::Effusion);
        let mut days = vec![first];
        while days.len() < studies {
            let gap = if acute { random.range(1.0, 24.0) } else { random.range(20.0, 520.0) };
            days.push(days[days.len() - 1].plus(gap as i32));
        }
        let mut tracks = Tracks { random: random.clone(), studies, list: Vec::new() };
        tracks.tell(story);
        tracks.incidentals(age);
        let findings: Vec<Vec<Finding>> = (0..studies).map(|study| tracks.at(study)).collect();
        let in_bed = findings
            .iter()
            .map(|list| {
                let tube = list.iter().any(|f| f.kind == FindingKind::EndotrachealTube);
                let ill = list.iter().filter(|f| !f.kind.is_incidental()).count();
                tube || (bedside > 0.0 && random.chance((bedside * (0.4 + 0.4 * ill as f64)).min(0.9)))
            })
            .collect();
        Self { sex, birth, days, findings, bedside: in_bed, body: root.stream("anatomy", 0) }
    }
}

struct Tracks {
    random: Random,
    studies: usize,
    list: Vec<Track>,
}

impl Tracks {
    fn side(&mut self) -> Option<Laterality> {
        Some(if self.random.chance(0.54) { Laterality::Right } else { Laterality::Left })
    }

    fn add(&mut self, kind: FindingKind, side: Option<Laterality>, place: Option<Place>, amounts: Vec<f64>) {
        let size_mm = (kind == FindingKind::Nodule).then_some(0.0);
        let finding =
            Finding { kind, side, place, severity: 0, size_mm, amount: 0.0, seed: self.random.bits() };
        self.list.push(Track { finding, amounts });
    }

    /// Amounts that begin somewhere and drift by steps.
    fn drift(&mut self, start: f64, trend: f64, spread: f64) -> Vec<f64> {
        let mut amount = start;
        (0..self.studies)
            .map(|_| {
                let now = amount;
                // A change too small to see is none.
                let step = trend + self.random.around(0.0, spread);
                if step.abs() > 0.06 {
                    amount = (amount + step).clamp(0.0, 1.0);
                }
                now
            })
            .collect()
    }

    /// There in all studies, from some study on, or until some study.
    fn device(&mut self, kind: FindingKind, side: Option<Laterality>) {
        let from = if self.random.chance(0.65) { 0 } else { self.random.below(self.studies) };
        let to =
            if self.random.chance(0.7) { self.studies } else { from + 1 + self.random.below(self.studies) };
        let amounts = (0..self.studies).map(|study| f64::from(u8::from(study >= from && study < to)) * 0.5);
        let amounts = amounts.collect();
        self.add(kind, side, None, amounts);
    }

    fn tell(&mut self, story: Story) {
        match story {
            Story::Healthy => {}
            Story::HeartFailure => self.heart_failure(),
            Story::Pneumonia => {
                let start = self.random.range(0.15, 0.95);
                self.pneumonia(start);
            }
            Story::Pneumothorax => self.pneumothorax(),
            Story::Nodule => self.nodules(),
            Story::IntensiveCare => self.intensive_care(),
            Story::Effusion => {
                let start = self.random.range(0.12, 1.0);
                self.effusion(start);
                if self.random.chance(0.4) {
                    self.plate();
                }
            }
            Story::Mixed => {
                for _ in 0..2 + self.random.below(2) {
                    match self.random.below(5) {
                        0 => self.plate(),
                        1 => self.nodules(),
                        2 => {
                            let start = self.random.range(0.1, 0.7);
                            self.pneumonia(start);
                        }
                        3 => {
                            let start = self.random.range(0.1, 0.7);
                            self.effusion(start);
                        }
                        _ => self.heart(),
                    }
                }
            }
        }
    }

    fn heart(&mut self) {
        let amount = self.random.range(0.02, 1.0).max(GONE);
        self.add(FindingKind::Cardiomegaly, None, None, vec![amount; self.studies]);
    }

    fn heart_failure(&mut self) {
        self.heart();
        if self.random.chance(0.72) {
            let start = self.random.range(0.05, 1.0);
            let trend = self.random.range(-0.35, 0.15);
            let amounts = self.drift(start, trend, 0.2);
            self.add(FindingKind::PulmonaryEdema, None, None, amounts);
        }
        for side in [Laterality::Right, Laterality::Left] {
            if self.random.chance(0.45) {
                let start = self.random.range(0.06, 0.5);
                let amounts = self.drift(start, -0.06, 0.15);
                self.add(FindingKind::PleuralEffusion, Some(side), None, amounts);
            }
        }
        if self.random.chance(0.30) {
            let side = if self.random.chance(0.88) { Laterality::Left } else { Laterality::Right };
            self.device(FindingKind::Pacemaker, Some(side));
        }
        if self.random.chance(0.22) {
            self.add(FindingKind::Sternotomy, None, None, vec![0.5; self.studies]);
        }
    }

    fn pneumonia(&mut self, start: f64) {
        let side = self.side();
        let place = *self.random.pick(&[Place::Lower, Place::Lower, Place::Middle, Place::Upper]);
        let trend = if self.random.chance(0.7) { -0.3 } else { 0.15 };
        let amounts = self.drift(start, trend, 0.12);
        self.add(FindingKind::Consolidation, side, Some(place), amounts);
        if self.random.chance(0.25) {
            let amounts = self.drift(0.25, -0.05, 0.12);
            self.add(FindingKind::PleuralEffusion, side, None, amounts);
        }
        if self.random.chance(0.15) {
            let side = self.side();
            self.device(FindingKind::Picc, side);
        }
    }

    fn pneumothorax(&mut self) {
        let side = self.side();
        let start = self.random.range(0.05, 0.95);
        let amounts = self.drift(start, -0.2, 0.15);
        if start > 0.35 && self.random.chance(0.6) && self.studies > 1 {
            let drained = (0..self.studies).map(|study| if study == 0 { 0.0 } else { 0.5 }).collect();
            self.add(FindingKind::ChestTube, side, None, drained);
        }
        self.add(FindingKind::Pneumothorax, side, Some(Place::Apex), amounts);
    }

    fn nodules(&mut self) {
        let side = self.side();
        let place = *self.random.pick(&[Place::Upper, Place::Middle, Place::Lower]);
        let start = self.random.unit() * self.random.range(0.3, 1.0);
        let grows = if self.random.chance(0.35) { 0.14 } else { 0.0 };
        let amounts = self.drift(start.max(GONE), grows, 0.01).into_iter().map(|a| a.max(GONE)).collect();
        self.add(FindingKind::Nodule, side, Some(place), amounts);
    }

    fn plate(&mut self) {
        let side = self.side();
        let start = self.random.range(0.05, 1.0);
        let amounts = self.drift(start, -0.15, 0.2);
        self.add(FindingKind::Atelectasis, side, Some(Place::Base), amounts);
    }

    fn effusion(&mut self, start: f64) {
        let side = self.side();
        let trend = self.random.range(-0.3, 0.15);
        let amounts = self.drift(start, trend, 0.12);
        self.add(FindingKind::PleuralEffusion, side, None, amounts);
    }

    fn intensive_care(&mut self) {
        if self.random.chance(0.75) {
            self.device(FindingKind::EndotrachealTube, None);
        }
        if self.random.chance(0.7) {
            self.device(FindingKind::FeedingTube, None);
        }
        if self.random.chance(0.6) {
            let side = if self.random.chance(0.75) { Laterality::Right } else { Laterality::Left };
            self.device(FindingKind::CentralVenousCatheter, Some(side));
        } else if self.random.chance(0.5) {
            let side = self.side();
            self.device(FindingKind::Picc, side);
        }
        if self.random.chance(0.3) {
            self.add(FindingKind::Sternotomy, None, None, vec![0.5; self.studies]);
        }
        if self.random.chance(0.6) {
            self.plate();
        }
        if self.random.chance(0.4) {
            let start = self.random.range(0.1, 0.5);
            self.effusion(start);
        }
        if self.random.chance(0.3) {
            let start = self.random.range(0.2, 0.9);
            self.pneumonia(start);
        }
        if self.random.chance(0.25) {
            let start = self.random.range(0.1, 0.9);
            let amounts = self.drift(start, -0.1, 0.2);
            self.add(FindingKind::PulmonaryEdema, None, None, amounts);
        }
    }

    fn incidentals(&mut self, age: f64) {
        let chance = |from: f64, most: f64| ((age - from) / 40.0).clamp(0.0, 1.0) * most;
        if self.random.chance(chance(42.0, 0.65)) {
            let amount = self.random.range(0.2, 1.0);
            self.add(FindingKind::SpineDegeneration, None, None, vec![amount; self.studies]);
        }
        if self.random.chance(chance(52.0, 0.5)) {
            self.add(FindingKind::AorticAtherosclerosis, None, None, vec![0.5; self.studies]);
        }
        if self.random.chance(0.035) {
            let side = self.side();
            let amount = self.random.range(0.1, 1.0);
            self.add(FindingKind::Scoliosis, side, None, vec![amount; self.studies]);
        }
    }

    /// The findings of one study. Of two of one kind, side and place the first counts.
    fn at(&self, study: usize) -> Vec<Finding> {
        let mut out: Vec<Finding> = Vec::new();
        for track in &self.list {
            let amount = track.amounts[study];
            let kind = track.finding.kind;
            let same = |other: &Finding| {
                other.kind == kind && other.side == track.finding.side && other.place == track.finding.place
            };
            let lone = |other: &Finding| other.kind == kind && other.side == track.finding.side;
            // Shapes hold one amount per side.
            let clash = match kind {
                FindingKind::PleuralEffusion | FindingKind::Atelectasis => out.iter().any(lone),
                _ => out.iter().any(same),
            };
            if amount < GONE || clash {
                continue;
            }
            let mut finding = Finding { amount, severity: severity(kind, amount), ..track.finding.clone() };
            if kind == FindingKind::Nodule {
                finding.size_mm = Some((5.0 + 25.0 * amount).round());
            }
            out.push(finding);
        }
        out
    }
}

fn severity(kind: FindingKind, amount: f64) -> u8 {
    if kind.is_device() || kind == FindingKind::AorticAtherosclerosis || kind == FindingKind::Nodule {
        return 0;
    }
    match amount {
        a if a < 0.34 => 1,
        a if a < 0.67 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_is_in_order_and_its_own() {
        for patient in 0..300 {
            let course = Course::new(11, patient, 0.3);
            assert_eq!(course.days.len(), study_count(11, patient));
            assert!(course.days.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(course.birth < course.days[0]);
            for finding in course.findings.iter().flatten() {
                assert!(finding.amount >= GONE && finding.severity <= 3);
                let sided = !matches!(finding.side, Some(Laterality::Bilateral));
                assert!(sided);
            }
        }
    }

    #[test]
    fn every_finding_and_grade_occurs() {
        let courses: Vec<Course> = (0..1500).map(|patient| Course::new(5, patient, 0.2)).collect();
        let all: Vec<&Finding> = courses.iter().flat_map(|course| course.findings.iter().flatten()).collect();
        for kind in FindingKind::ALL {
            assert!(all.iter().filter(|f| f.kind == kind).count() >= 20, "{kind:?}");
        }
        for severity in 1..=3 {
            let of = |kind| all.iter().any(|f| f.kind == kind && f.severity == severity);
            assert!(of(FindingKind::PleuralEffusion) && of(FindingKind::PulmonaryEdema));
            assert!(of(FindingKind::Consolidation) && of(FindingKind::Pneumothorax));
        }
        let healthy = courses.iter().flat_map(|c| &c.findings).filter(|list| list.is_empty()).count();
        assert!(healthy > 300, "{healthy}");
    }
}
