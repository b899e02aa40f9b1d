//! Findings counted among neighbours.

use super::base_rates::{BaseRates, UNCERTAIN_COUNTS};
use super::calibration::{Outcome, calibrated};
use super::interval::{effective_count, interval, weighted_median};
use super::reported::Reported;
use crate::EngineError;
use precedent_archive::Generation;
use precedent_model::{Assertion, FindingId};
use precedent_query::{Calibration, Consensus, FindingVote, GradeShare, Grades};
use precedent_report::Lexicon;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most findings of a consensus.
const MOST_FINDINGS: usize = 20;
/// How many nearest neighbours the base rate counts for.
const PRIOR_WEIGHT: f64 = 2.0;
/// Severities of the bundled lexicon, the least first. One that only a site's own lexicon has is not ranked.
const SEVERITIES: [&str; 5] = ["borderline", "minimal", "mild", "moderate", "severe"];

/// A case that votes.
pub(super) struct Neighbour {
    /// 1 for the nearest, less for others.
    pub weight: f64,
    pub said: Arc<Reported>,
}

/// What a neighbour says of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Present,
    Uncertain,
    Absent,
    Unmentioned,
}

impl State {
    /// As filters see it: by the kinds of a finding, or, where it is denied, by what it is a kind of.
    fn of(said: &Reported, narrower: &[FindingId], broader: &[FindingId]) -> Self {
        if said.says(narrower, Assertion::Present) {
            Self::Present
        } else if said.says(narrower, Assertion::Uncertain) {
            Self::Uncertain
        } else if said.says(broader, Assertion::Absent) {
            Self::Absent
        } else {
            Self::Unmentioned
        }
    }

    fn counts(self) -> f64 {
        match self {
            Self::Present => 1.0,
            Self::Uncertain => UNCERTAIN_COUNTS,
            Self::Absent | Self::Unmentioned => 0.0,
        }
    }
}

/// A finding with what each neighbour says of it.
struct Tally {
    finding: FindingId,
    /// Itself and its kinds.
    narrower: Vec<FindingId>,
    states: Vec<State>,
    /// The weight of those that have it.
    weight: f64,
}

/// The share of some neighbours that have a finding, drawn towards its base rate.
struct Share {
    tally: Tally,
    share: f64,
    base_rate: f64,
}

/// What some neighbours say of the findings that the most weight has.
struct Shares {
    shares: Vec<Share>,
    more_findings: usize,
    reported_cases: usize,
}

fn shares(
    snapshot: &dyn Generation,
    rates: &BaseRates,
    neighbours: &[Neighbour],
    stop: &dyn Fn() -> bool,
) -> Result<Shares, EngineError> {
    let mut tallies = tallies(snapshot.reader().lexicon(), neighbours);
    let more_findings = tallies.len().saturating_sub(MOST_FINDINGS);
    tallies.truncate(MOST_FINDINGS);
    let findings: Vec<FindingId> = tallies.iter().map(|tally| tally.finding.clone()).collect();
    let (reported_cases, rates) = rates.of(snapshot, &findings, stop)?;
    let weight: f64 = neighbours.iter().map(|neighbour| neighbour.weight).sum();
    let share = |(tally, base_rate): (Tally, f64)| Share {
        share: (tally.weight + PRIOR_WEIGHT * base_rate) / (weight + PRIOR_WEIGHT),
        tally,
        base_rate,
    };
    Ok(Shares { shares: tallies.into_iter().zip(rates).map(share).collect(), more_findings, reported_cases })
}

/// What neighbours of a case say, held against what its own report says.
pub(super) fn outcomes(
    snapshot: &dyn Generation,
    rates: &BaseRates,
    neighbours: &[Neighbour],
    own: &Reported,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Outcome>, EngineError> {
    let lexicon = snapshot.reader().lexicon();
    let outcome = |Share { tally, share, base_rate }: Share| {
        let state = State::of(own, &tally.narrower, &lexicon.broader(&tally.finding));
        Outcome { share, base_rate, has: state.counts() }
    };
    Ok(shares(snapshot, rates, neighbours, stop)?.shares.into_iter().map(outcome).collect())
}

/// Counts what some neighbours say, at least one.
pub(super) fn count(
    snapshot: &dyn Generation,
    rates: &BaseRates,
    neighbours: &[Neighbour],
    calibration: Option<Calibration>,
    stop: &dyn Fn() -> bool,
) -> Result<Consensus, EngineError> {
    let lexicon = snapshot.reader().lexicon();
    let Shares { shares, more_findings, reported_cases } = shares(snapshot, rates, neighbours, stop)?;
    let effective_patients = effective_count(neighbours.iter().map(|neighbour| neighbour.weight));
    let vote = |Share { tally, share, base_rate }: Share| {
        let (lower, upper) = interval(share, effective_patients);
        let so_many = |state: State| tally.states.iter().filter(|&&said| said == state).count();
        FindingVote {
            name: name(lexicon, &tally.finding),
            present: so_many(State::Present),
            uncertain: so_many(State::Uncertain),
            absent: so_many(State::Absent),
            unmentioned: so_many(State::Unmentioned),
            share,
            lower,
            upper,
            base_rate,
            calibrated: calibration.map(|by| calibrated(&by, [lower, share, upper], base_rate)),
            grades: grades(lexicon, &tally, neighbours),
            finding: tally.finding,
        }
    };
    let mut votes: Vec<FindingVote> = shares.into_iter().map(vote).collect();
    votes.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.finding.cmp(&b.finding)));
    let neighbours = neighbours.len();
    Ok(Consensus { votes, more_findings, neighbours, effective_patients, reported_cases, calibration })
}

/// The findings that any neighbour has, those of the greatest weight first; without those that say no more than one of their kinds.
fn tallies(lexicon: &Lexicon, neighbours: &[Neighbour]) -> Vec<Tally> {
    let having =
        |neighbour: &Neighbour| neighbour.said.having(lexicon, &[Assertion::Present, Assertion::Uncertain]);
    let findings: BTreeSet<FindingId> = neighbours.iter().flat_map(having).collect();
    let tally = |finding: FindingId| {
        let (narrower, broader) = (lexicon.narrower(&finding), lexicon.broader(&finding));
        let states: Vec<State> =
            neighbours.iter().map(|neighbour| State::of(&neighbour.said, &narrower, &broader)).collect();
        let weight =
            neighbours.iter().zip(&states).map(|(neighbour, state)| neighbour.weight * state.counts());
        Tally { weight: weight.sum(), finding, narrower, states }
    };
    let all: Vec<Tally> = findings.into_iter().map(tally).collect();
    let counts = |tally: &Tally| tally.states.iter().map(|state| state.counts()).collect::<Vec<f64>>();
    let says_no_more = |broad: &Tally| {
        let is_kind =
            |other: &&Tally| other.finding != broad.finding && broad.narrower.contains(&other.finding);
        all.iter().filter(is_kind).any(|kind| counts(kind) == counts(broad))
    };
    let needless: Vec<bool> = all.iter().map(says_no_more).collect();
    let mut kept: Vec<Tally> =
        all.into_iter().zip(needless).filter(|(_, needless)| !needless).map(|(tally, _)| tally).collect();
    kept.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.finding.cmp(&b.finding)));
    kept
}

fn name(lexicon: &Lexicon, finding: &FindingId) -> String {
    lexicon.finding(finding).map_or_else(|| finding.to_string(), |entry| entry.name.clone())
}

/// How severe a finding is where it is graded: by the findings that are its grades, or else by words of severity.
fn grades(lexicon: &Lexicon, tally: &Tally, neighbours: &[Neighbour]) -> Option<Grades> {
    let ladder = grade_findings(lexicon, &tally.finding);
    let step = |neighbour: &Neighbour| match ladder.is_empty() {
        true => {
            let severities = neighbour.said.severities.iter().filter(|(id, _)| tally.narrower.contains(id));
            severities.filter_map(|(_, id)| SEVERITIES.iter().position(|known| **known == **id)).max()
        }
        false => {
            let has =
                |grade: &FindingId| neighbour.said.says(std::slice::from_ref(grade), Assertion::Present);
            ladder.iter().rposition(has)
        }
    };
    let steps = if ladder.is_empty() { SEVERITIES.len() } else { ladder.len() };
    let mut counted = vec![(0, 0.0); steps];
    for neighbour in neighbours {
        if let Some(step) = step(neighbour) {
            counted[step].0 += 1;
            counted[step].1 += neighbour.weight;
        }
    }
    let whole: f64 = counted.iter().map(|(_, weight)| weight).sum();
    let share = |(step, &(cases, weight)): (usize, &(usize, f64))| {
        let (grade, name): (Arc<str>, String) = match ladder.get(step) {
            Some(finding) => (finding.clone(), name(lexicon, finding)),
            None => (SEVERITIES[step].into(), SEVERITIES[step].to_owned()),
        };
        GradeShare { grade, name, cases, share: weight / whole }
    };
    let shares: Vec<GradeShare> =
        counted.iter().enumerate().filter(|(_, (cases, _))| *cases > 0).map(share).collect();
    let weights: Vec<f64> = shares.iter().map(|share| share.share).collect();
    (!shares.is_empty()).then(|| Grades { median: weighted_median(&weights), shares })
}

/// The findings that are grades of one, the least first: `pulmonary-edema-grade-1` and so on.
fn grade_findings(lexicon: &Lexicon, finding: &FindingId) -> Vec<FindingId> {
    let prefix = format!("{finding}-grade-");
    let number = |id: &str| id.strip_prefix(&prefix)?.parse::<u32>().ok();
    let mut found: Vec<(u32, FindingId)> = (lexicon.findings())
        .filter_map(|entry| Some((number(&entry.id)?, FindingId::from(entry.id.as_str()))))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{Report, SectionKind};
    use precedent_report::ReportReader;

    fn neighbours(reports: &[(f64, &str)]) -> Vec<Neighbour> {
        let reader = ReportReader::new(Lexicon::bundled());
        let neighbour = |&(weight, text): &(f64, &str)| {
            let report = Report::new([(SectionKind::Findings, text)]).unwrap();
            Neighbour { weight, said: Arc::new(Reported::read(&reader.read(&report))) }
        };
        reports.iter().map(neighbour).collect()
    }

    /// The findings as `id weight present/uncertain/absent/unmentioned`.
    fn tallied(reports: &[(f64, &str)]) -> Vec<String> {
        let shown = |tally: &Tally| {
            let so_many = |state| tally.states.iter().filter(|&&said| said == state).count();
            let counts = [State::Present, State::Uncertain, State::Absent, State::Unmentioned].map(so_many);
            format!("{} {} {counts:?}", tally.finding, tally.weight)
        };
        tallies(&Lexicon::bundled(), &neighbours(reports)).iter().map(shown).collect()
    }

    #[test]
    fn what_is_there_may_be_there_is_denied_or_is_not_mentioned() {
        let reports = [
            (1.0, "Cardiomegaly."),
            (0.5, "Possible cardiomegaly."),
            (0.25, "No cardiomegaly."),
            (0.25, "No pneumothorax."),
            (0.125, "History of cardiomegaly."),
        ];
        let found = tallied(&reports);
        assert_eq!(found, ["cardiomegaly 1.25 [1, 1, 1, 2]"]);
    }

    #[test]
    fn a_broader_finding_stands_beside_its_kinds_only_where_it_says_more() {
        let lexicon = Lexicon::bundled();
        assert!(lexicon.narrower("lung-opacity").contains(&"consolidation".into()));
        let alike = tallied(&[(1.0, "Consolidation."), (0.5, "No pneumothorax.")]);
        assert_eq!(alike, ["consolidation 1 [1, 0, 0, 1]"]);
        let more = tallied(&[(1.0, "Consolidation."), (0.5, "Lung opacity.")]);
        assert_eq!(more, ["lung-opacity 1.5 [2, 0, 0, 0]", "consolidation 1 [1, 0, 0, 1]"]);
        let denied = tallied(&[(1.0, "Consolidation."), (0.5, "No lung opacity.")]);
        assert_eq!(denied, ["consolidation 1 [1, 0, 1, 0]"], "who denies opacities denies consolidations");
    }

    #[test]
    fn a_report_that_says_that_nothing_is_wrong_names_no_finding() {
        assert!(tallied(&[(1.0, "No acute disease."), (1.0, "Normal chest.")]).is_empty());
    }

    fn graded(finding: &str, reports: &[(f64, &str)]) -> Option<Grades> {
        let (lexicon, neighbours) = (Lexicon::bundled(), neighbours(reports));
        let tally = tallies(&lexicon, &neighbours).into_iter().find(|tally| *tally.finding == *finding)?;
        grades(&lexicon, &tally, &neighbours)
    }

    #[test]
    fn severities_are_shared_out_by_weight_with_their_median() {
        let reports = [
            (1.0, "Small pleural effusion."),
            (0.5, "Large left pleural effusion. Small right pleural effusion."),
            (0.5, "Moderate pleural effusion."),
            (1.0, "Pleural effusion."),
            (1.0, "Severe cardiomegaly."),
        ];
        let Grades { shares, median } = graded("pleural-effusion", &reports).unwrap();
        let shown: Vec<(&str, usize, f64)> =
            shares.iter().map(|share| (&*share.grade, share.cases, share.share)).collect();
        assert_eq!(shown, [("mild", 1, 0.5), ("moderate", 1, 0.25), ("severe", 1, 0.25)]);
        assert_eq!(median, 0, "half of the weight is mild");
        assert_eq!(graded("pleural-effusion", &[(1.0, "Pleural effusion.")]), None);
    }

    #[test]
    fn findings_that_are_grades_of_another_are_its_grades() {
        let reports = [
            (1.0, "Interstitial edema."),
            (0.5, "Alveolar pulmonary edema. Kerley B lines."),
            (0.75, "Pulmonary vascular congestion."),
            (1.0, "Mild pulmonary edema."),
        ];
        let Grades { shares, median } = graded("pulmonary-edema", &reports).unwrap();
        let shown: Vec<(&str, usize)> = shares.iter().map(|share| (&*share.grade, share.cases)).collect();
        let grade = ["pulmonary-edema-grade-1", "pulmonary-edema-grade-2", "pulmonary-edema-grade-3"];
        assert_eq!(shown, grade.map(|grade| (grade, 1)));
        assert_eq!(median, 1);
    }
}
