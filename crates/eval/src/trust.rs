//! Whether answers say rightly how far they can be trusted: shares among neighbours beside the truth, and whether hits are better where
//! neighbours agree, or where the best match is better.

use crate::answered::{Answered, Answers};
use crate::ask::Share;
use crate::evaluation::{Calibration, Reliability, ReliabilityBin, RiskCoverage, RiskCurve, RiskPoint};
use crate::intervals::{Figure, Sums, bootstrap};
use crate::metrics::precision;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Bins of shares, of equal width.
const BINS: usize = 10;
/// Hits by which the risk of a query is counted.
const FIRST: usize = 10;
/// Shares of the queries for which the risk is shown.
const COVERAGES: [f64; 10] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// A share with what is true: the number of the patient, what was said, and 1 or 0.
type Outcome = (usize, f64, f64);

/// Shares, calibrated shares and base rates against the truth of the queries; `None` where nothing was said or is known.
pub(crate) fn calibration(answers: &Answers<'_>) -> Option<Calibration> {
    let outcomes = |said: &dyn Fn(&Share) -> Option<f64>| -> Vec<Outcome> {
        let of = |one: &Answered<'_>| -> Vec<Outcome> {
            let Some(truth) = &one.judge.query.findings else { return Vec::new() };
            let is = |finding: u16| truth[usize::from(finding) / 64] >> (finding % 64) & 1;
            let outcome = |share: &Share| Some((one.patient, said(share)?, is(share.finding) as f64));
            one.answer.judged.shares.iter().filter_map(outcome).collect()
        };
        answers.asked.iter().flat_map(of).collect()
    };
    let shares = outcomes(&|share| Some(share.share));
    let calibrated = outcomes(&|share| share.calibrated);
    let base_rates = outcomes(&|share| Some(share.base_rate));
    if shares.is_empty() {
        return None;
    }
    let judged =
        |one: &&Answered<'_>| one.judge.query.findings.is_some() && !one.answer.judged.shares.is_empty();
    let queries = answers.asked.iter().filter(judged).count();
    let series = [("share", &shares), ("calibrated", &calibrated), ("base rate", &base_rates)];
    let series = series.into_iter().filter(|(_, outcomes)| !outcomes.is_empty());
    let series = series.map(|(name, outcomes)| reliability(name, outcomes)).collect();
    Some(Calibration { queries, shares: shares.len(), series })
}

fn reliability(name: &str, outcomes: &[Outcome]) -> Reliability {
    let mut numbers = BTreeMap::new();
    for (patient, ..) in outcomes {
        let next = numbers.len();
        numbers.entry(*patient).or_insert(next);
    }
    let [error, brier] = scores(outcomes, |_| 1.0);
    let mut ranges = match numbers.len() {
        0 | 1 => Vec::new(),
        count => {
            bootstrap(count, |drawn| scores(outcomes, |patient| f64::from(drawn[numbers[&patient]])).to_vec())
        }
    }
    .into_iter();
    let mut figure = |value| Figure { value, interval: ranges.next() };
    let (error, brier) = (figure(error), figure(brier));
    let bin_of = |number: usize| {
        let within: Vec<&Outcome> = outcomes.iter().filter(|(_, said, _)| bin(*said) == number).collect();
        let mut is = Sums::of(numbers.len());
        within.iter().for_each(|(patient, _, there)| is.add(numbers[patient], *there, 1.0));
        let said = within.iter().map(|(_, said, _)| said).sum::<f64>() / within.len() as f64;
        let present = Sums::figures(&[is]).into_iter().next()??;
        Some(ReliabilityBin { from: number as f64 / BINS as f64, shares: within.len(), said, present })
    };
    Reliability { name: name.to_owned(), error, brier, bins: (0..BINS).filter_map(bin_of).collect() }
}

fn bin(share: f64) -> usize {
    ((share * BINS as f64) as usize).min(BINS - 1)
}

/// Expected calibration error and Brier score, each outcome as often as its patient is drawn.
fn scores(outcomes: &[Outcome], times: impl Fn(usize) -> f64) -> [f64; 2] {
    let mut gaps = [0.0; BINS];
    let (mut brier, mut all) = (0.0, 0.0);
    for &(patient, said, is) in outcomes {
        let times = times(patient);
        gaps[bin(said)] += times * (said - is);
        brier += times * (said - is).powi(2);
        all += times;
    }
    [gaps.iter().map(|gap| gap.abs()).sum::<f64>() / all, brier / all]
}

/// The share of wrong hits among the first ten of the queries that are the surest; `None` with fewer than two.
pub(crate) fn risk_coverage(answers: &Answers<'_>) -> Option<RiskCoverage> {
    let of = |one: &'_ Answered<'_>| {
        let judged = &one.answer.judged;
        let (best, clear) = judged.best_match.zip(judged.clear).filter(|_| one.counts())?;
        Some(Risk { patient: one.patient, best, clear, risk: 1.0 - precision(&one.grades, FIRST) })
    };
    let mut queries: Vec<Risk> = answers.asked.iter().filter_map(of).collect();
    if queries.len() < 2 {
        return None;
    }
    let chance = queries.iter().map(|query| query.risk).sum::<f64>() / queries.len() as f64;
    queries.sort_by(|a, b| a.risk.total_cmp(&b.risk));
    let ideal = area(&queries);
    let mut curve = |by: &str, order: &dyn Fn(&Risk, &Risk) -> Ordering| {
        queries.sort_by(order);
        let point = |coverage: f64| {
            let count = (coverage * queries.len() as f64).round() as usize;
            let mut sums = Sums::of(answers.patients);
            queries[..count].iter().for_each(|query| sums.add(query.patient, query.risk, 1.0));
            Some(RiskPoint { coverage, queries: count, risk: Sums::figures(&[sums]).into_iter().next()?? })
        };
        let points = COVERAGES.into_iter().filter_map(point).collect();
        RiskCurve { by: by.to_owned(), area: area(&queries), points }
    };
    let by_best = |a: &Risk, b: &Risk| b.best.0.total_cmp(&a.best.0).then(b.best.1.total_cmp(&a.best.1));
    let curves = vec![
        curve("consensus", &|a, b| b.clear.total_cmp(&a.clear).then(by_best(a, b))),
        curve("best match", &by_best),
    ];
    Some(RiskCoverage { queries: queries.len(), chance, ideal, curves })
}

/// What was wrong with the hits of a query, and how sure the answer was.
struct Risk {
    patient: usize,
    best: (f64, f32),
    clear: f64,
    risk: f64,
}

/// The area under risk by coverage: the mean, over every number of first queries, of their mean risk.
fn area(queries: &[Risk]) -> f64 {
    let mut sum = 0.0;
    let means = queries.iter().zip(1..).map(|(query, count)| {
        sum += query.risk;
        sum / f64::from(count)
    });
    means.sum::<f64>() / queries.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_the_mean_gap_between_what_is_said_and_what_is_so() {
        let outcomes = [(0, 0.25, 0.0), (0, 0.25, 1.0), (1, 0.75, 1.0), (1, 0.75, 1.0)];
        let [error, brier] = scores(&outcomes, |_| 1.0);
        assert!((error - 0.25).abs() < 1e-12 && (brier - 0.1875).abs() < 1e-12, "{error}, {brier}");
        let [error, brier] = scores(&outcomes, |patient| if patient == 0 { 2.0 } else { 0.0 });
        assert!((error - 0.25).abs() < 1e-12 && (brier - 0.3125).abs() < 1e-12, "{error}, {brier}");
        let found = reliability("share", &outcomes);
        let bins: Vec<(f64, usize, f64, f64)> =
            found.bins.iter().map(|bin| (bin.from, bin.shares, bin.said, bin.present.value)).collect();
        assert_eq!(bins, [(0.2, 2, 0.25, 0.5), (0.7, 2, 0.75, 1.0)]);
        assert_eq!([0.0, 0.1, 0.999, 1.0].map(bin), [0, 1, 9, 9]);
    }

    #[test]
    fn an_area_is_least_where_the_surest_are_the_best() {
        let area = |risks: &[f64]| {
            let risk = |&risk: &f64| Risk { patient: 0, best: (1.0, 1.0), clear: 1.0, risk };
            area(&risks.iter().map(risk).collect::<Vec<_>>())
        };
        // Means of the first: 0, 0, 1/3 and 1/2.
        assert!((area(&[0.0, 0.0, 1.0, 1.0]) - (1.0 / 3.0 + 0.5) / 4.0).abs() < 1e-12);
        assert!(area(&[1.0, 1.0, 0.0, 0.0]) > area(&[0.0, 1.0, 0.0, 1.0]));
        assert_eq!(area(&[0.25; 8]), 0.25);
    }
}
