//! Shares among neighbours against what is true.

use crate::Problem;
use precedent_benches::figures::{bootstrap, mean};
use precedent_benches::table::{Table, figure, interval};
use precedent_model::{Assertion, FindingId, Reading};
use precedent_query::SearchResponse;
use precedent_report::Lexicon;
use std::collections::BTreeMap;

/// Bins of equal width.
const BINS: usize = 10;
/// Log loss is taken of shares no farther out than this.
const LEAST_SHARE: f64 = 1e-3;

/// What neighbours said of one finding of one query, and what is true.
#[derive(Debug, Clone)]
pub struct Vote {
    pub patient: String,
    pub finding: FindingId,
    /// The share and its interval, as it is and calibrated.
    pub raw: [f64; 3],
    pub calibrated: [f64; 3],
    pub base_rate: f64,
    pub truth: f64,
    /// What the query's own report says, where it has one.
    pub own: f64,
}

/// The votes of an answer on findings of which the truth is known.
pub fn votes(
    answer: &SearchResponse,
    patient: &str,
    truth: impl Fn(&str) -> Option<bool>,
    own: impl Fn(&str) -> f64,
) -> Result<Vec<Vote>, Problem> {
    let consensus = answer.consensus.as_ref().ok_or("there is no consensus")?;
    let vote = |vote: &precedent_query::FindingVote| {
        let truth = truth(&vote.finding)?;
        let calibrated = vote.calibrated?;
        Some(Vote {
            patient: patient.to_owned(),
            finding: vote.finding.clone(),
            raw: [vote.share, vote.lower, vote.upper],
            calibrated: [calibrated.share, calibrated.lower, calibrated.upper],
            base_rate: vote.base_rate,
            truth: f64::from(truth),
            own: own(&vote.finding),
        })
    };
    if consensus.calibration.is_none() {
        return Err("the archive is too small for a calibration".into());
    }
    Ok(consensus.votes.iter().filter_map(vote).collect())
}

/// What a report says of a finding, as consensus counts it.
pub fn counts(lexicon: &Lexicon, reading: &Reading, finding: &str) -> f64 {
    let narrower = lexicon.narrower(finding);
    let said = reading.findings();
    let says = |assertion| said.iter().any(|(id, of)| *of == assertion && narrower.contains(id));
    match (says(Assertion::Present), says(Assertion::Uncertain)) {
        (true, _) => 1.0,
        (false, true) => 0.5,
        _ => 0.0,
    }
}

type Of = fn(&Vote) -> f64;

/// What is held against what.
pub const ROWS: [(&str, Of, Of); 5] = [
    ("share, against the truth", |vote| vote.raw[0], |vote| vote.truth),
    ("calibrated, against the truth", |vote| vote.calibrated[0], |vote| vote.truth),
    ("base rate, against the truth", |vote| vote.base_rate, |vote| vote.truth),
    ("share, against its own report", |vote| vote.raw[0], |vote| vote.own),
    ("calibrated, against its own report", |vote| vote.calibrated[0], |vote| vote.own),
];

/// What one vote adds to the figures.
struct Term {
    bin: usize,
    gap: f64,
    square: f64,
    loss: f64,
}

fn terms(votes: &[Vote], said: Of, is: Of) -> Vec<Term> {
    let term = |vote: &Vote| {
        let (said, is) = (said(vote), is(vote));
        let within = said.clamp(LEAST_SHARE, 1.0 - LEAST_SHARE);
        let loss = -(is * within.ln() + (1.0 - is) * (1.0 - within).ln());
        Term { bin: bin(said), gap: said - is, square: (said - is).powi(2), loss }
    };
    votes.iter().map(term).collect()
}

/// Expected calibration error, Brier score and log loss, each vote so many times.
fn summed(terms: &[Term], times: impl Fn(usize) -> f64) -> [f64; 3] {
    let mut gaps = [0.0; BINS];
    let (mut brier, mut loss, mut all) = (0.0, 0.0, 0.0);
    for (place, term) in terms.iter().enumerate() {
        let times = times(place);
        gaps[term.bin] += times * term.gap;
        brier += times * term.square;
        loss += times * term.loss;
        all += times;
    }
    [gaps.iter().map(|gap| gap.abs()).sum::<f64>() / all, brier / all, loss / all]
}

/// The figures of some votes.
pub fn scores(votes: &[Vote], (_, said, is): (&str, Of, Of)) -> [f64; 3] {
    summed(&terms(votes, said, is), |_| 1.0)
}

fn bin(share: f64) -> usize {
    ((share * BINS as f64) as usize).min(BINS - 1)
}

/// Each vote with the number of its patient, and how many patients there are.
fn patients(votes: &[Vote]) -> (Vec<usize>, usize) {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let number = |vote: &'_ Vote| vote.patient.clone();
    let names: Vec<String> = votes.iter().map(number).collect();
    for name in &names {
        let next = numbers.len();
        numbers.entry(name).or_insert(next);
    }
    (names.iter().map(|name| numbers[name.as_str()]).collect(), numbers.len())
}

/// The figures of all rows with intervals over patients.
pub fn table(votes: &[Vote]) -> Table {
    let mut table = Table::new(&["what is held against what", "ECE", "95 %", "Brier", "95 %", "log loss"]);
    let (of, count) = patients(votes);
    for (name, said, is) in ROWS {
        let terms = terms(votes, said, is);
        let found = summed(&terms, |_| 1.0);
        let drawn = bootstrap(count, |drawn| summed(&terms, |place| f64::from(drawn[of[place]])).to_vec());
        table.row(vec![
            name.to_owned(),
            figure(found[0]),
            interval(drawn[0]),
            figure(found[1]),
            interval(drawn[1]),
            figure(found[2]),
        ]);
    }
    table
}

/// Bin by bin what was said, and what is true.
pub fn reliability(votes: &[Vote]) -> Table {
    let mut table = Table::new(&[
        "bin",
        "shares",
        "mean share",
        "true",
        "calibrated",
        "mean calibrated",
        "mean interval",
        "true",
    ]);
    for number in 0..BINS {
        let within =
            |said: Of| -> Vec<&Vote> { votes.iter().filter(|vote| bin(said(vote)) == number).collect() };
        let [raw, calibrated] = [within(|vote| vote.raw[0]), within(|vote| vote.calibrated[0])];
        let of = |some: &[&Vote], value: Of| match some {
            [] => "-".to_owned(),
            _ => figure(mean(some.iter().map(|vote| value(vote)))),
        };
        let ends = [of(&calibrated, |vote| vote.calibrated[1]), of(&calibrated, |vote| vote.calibrated[2])];
        table.row(vec![
            format!("{:.1} to {:.1}", number as f64 / BINS as f64, (number + 1) as f64 / BINS as f64),
            raw.len().to_string(),
            of(&raw, |vote| vote.raw[0]),
            of(&raw, |vote| vote.truth),
            calibrated.len().to_string(),
            of(&calibrated, |vote| vote.calibrated[0]),
            ends.join(" to "),
            of(&calibrated, |vote| vote.truth),
        ]);
    }
    table
}

/// How often the interval of a share holds the mean share in other archives, and how often it would if it were exact: a mean of `others`
/// shares varies, too.
pub fn coverage(pairs: &[(Vote, f64)], others: usize) -> [f64; 2] {
    let holds =
        |(vote, elsewhere): &(Vote, f64)| f64::from(vote.raw[1] <= *elsewhere && *elsewhere <= vote.raw[2]);
    let narrowed = 1.959_964 / (1.0 + 1.0 / others as f64).sqrt();
    [mean(pairs.iter().map(holds)), 2.0 * below(narrowed) - 1.0]
}

/// The normal distribution function (Abramowitz and Stegun, 26.2.17, off by less than 1e-7), for numbers above 0.
fn below(at: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * at);
    let sum = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    1.0 - (-at * at / 2.0).exp() / std::f64::consts::TAU.sqrt() * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(share: f64, truth: f64) -> Vote {
        Vote {
            patient: "p".into(),
            finding: "x".into(),
            raw: [share; 3],
            calibrated: [share; 3],
            base_rate: 0.5,
            truth,
            own: truth,
        }
    }

    #[test]
    fn an_error_is_the_mean_gap_between_what_is_said_and_what_is_so() {
        let some = [vote(0.25, 0.0), vote(0.25, 1.0), vote(0.75, 1.0), vote(0.75, 1.0)];
        let [error, brier, loss] = scores(&some, ROWS[0]);
        assert!((error - 0.25).abs() < 1e-12, "{error}");
        assert!((brier - (0.0625 + 0.5625 + 0.0625 + 0.0625) / 4.0).abs() < 1e-12, "{brier}");
        assert!(
            (loss - -(0.75_f64.ln() + 0.25_f64.ln() + 2.0 * 0.75_f64.ln()) / 4.0).abs() < 1e-12,
            "{loss}"
        );
        let (_, said, is) = ROWS[0];
        let [twice, ..] = summed(&terms(&some, said, is), |place| if place < 2 { 2.0 } else { 0.0 });
        assert!((twice - 0.25).abs() < 1e-12, "{twice}");
        assert_eq!([0.0, 0.1, 0.999, 1.0].map(bin), [0, 1, 9, 9]);
    }

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        for (at, wanted) in [(0.0, 0.5), (1.0, 0.841_345), (1.959_964, 0.975)] {
            assert!((below(at) - wanted).abs() < 1e-6, "{at}");
        }
    }
}
