//! How hits are spread: over the archive (hubness), and over findings (diversity).

use crate::answered::Answers;
use crate::cases::{members, overlap, tally};
use crate::evaluation::{Diversity, Hubness};
use crate::intervals::Sums;

/// First hits that are looked at.
const FIRST: usize = 10;
/// Last number of occurrences that is told apart.
const TOLD_APART: usize = 20;

/// How often each case is among the first ten hits, beside what a spread over all cases that the queries may find would give: a case
/// that is early, or the only one of its patient, may be a hit more often than others whatever the vectors.
pub(crate) fn hubness(answers: &Answers<'_>) -> Option<Hubness> {
    let cases = answers.cases.count();
    let (mut counts, mut expected, mut queries) = (vec![0_u32; cases], vec![0.0_f64; cases], 0);
    for one in answers.asked.iter().filter(|one| !one.answer.hits.is_empty()) {
        queries += 1;
        let first = one.answer.hits.len().min(FIRST);
        one.answer.hits[..first].iter().flatten().for_each(|hit| counts[*hit as usize] += 1);
        let share = first as f64 / one.sought.eligible.max(1) as f64;
        for unit in answers.cases.units() {
            let eligible = unit.iter().filter(|case| one.judge.allows(**case)).count();
            for case in unit.iter().filter(|case| eligible > 0 && one.judge.allows(**case)) {
                expected[*case as usize] += share / eligible as f64;
            }
        }
    }
    if cases == 0 || queries == 0 {
        return None;
    }
    let mut occurrences = vec![0; TOLD_APART + 1];
    counts.iter().for_each(|count| occurrences[(*count as usize).min(TOLD_APART)] += 1);
    let found = counts.iter().map(|count| f64::from(*count)).collect::<Vec<_>>();
    let [_, variance, third] = moments(&found);
    let (even_skewness, even_never) = evenly_spread(&expected);
    Some(Hubness {
        queries,
        skewness: skewness(variance, third),
        even_skewness,
        never: occurrences[0] as f64 / cases as f64,
        even_never,
        occurrences,
        most: counts.iter().max().map_or(0, |most| *most as usize),
    })
}

/// Skewness, and the share of zeros, of Poisson counts with these means.
fn evenly_spread(expected: &[f64]) -> (f64, f64) {
    let [mean, variance, third] = moments(expected);
    let never = expected.iter().map(|mean| (-mean).exp()).sum::<f64>() / expected.len().max(1) as f64;
    (skewness(mean + variance, mean + 3.0 * variance + third), never)
}

/// The mean, and the second and third moments around it.
fn moments(values: &[f64]) -> [f64; 3] {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let moment = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / count;
    [mean, moment(2), moment(3)]
}

fn skewness(variance: f64, third: f64) -> f64 {
    if variance > 0.0 { third / variance.powf(1.5) } else { 0.0 }
}

/// How many findings the first ten hits have together, and how alike two of them are.
pub(crate) fn diversity(answers: &Answers<'_>) -> Option<Diversity> {
    let (mut findings, mut alike) = (Sums::of(answers.patients), Sums::of(answers.patients));
    for one in &answers.asked {
        let first = one.answer.hits.iter().take(FIRST).flatten();
        let sets: Vec<&[u64]> = first
            .filter(|case| answers.cases.is_known(**case))
            .map(|case| answers.cases.findings(*case))
            .collect();
        if sets.len() < 2 {
            continue;
        }
        let all = tally(sets.iter().flat_map(|set| members(set)));
        findings.add(one.patient, all.len() as f64, 1.0);
        let (mut sum, mut pairs) = (0.0, 0.0);
        for (place, set) in sets.iter().enumerate() {
            for other in &sets[..place] {
                let (both, either) = overlap(set, other);
                sum += if either == 0 { 1.0 } else { f64::from(both) / f64::from(either) };
                pairs += 1.0;
            }
        }
        alike.add(one.patient, sum / pairs, 1.0);
    }
    match Sums::figures(&[findings, alike])[..] {
        [Some(findings), Some(similarity)] => Some(Diversity { findings, similarity }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> f64 {
        let [_, variance, third] = moments(values);
        skewness(variance, third)
    }

    #[test]
    fn skewness_is_that_of_the_textbook() {
        // 0, 0, 0, 4: the mean is 1, the moments are 3 and 6.
        assert!((of(&[0.0, 0.0, 0.0, 4.0]) - 6.0 / 3_f64.powf(1.5)).abs() < 1e-12);
        assert_eq!(of(&[2.0, 2.0]), 0.0);
        assert!(of(&[0.0, 1.0, 2.0]).abs() < 1e-12);
    }

    #[test]
    fn an_even_spread_is_that_of_poisson_counts() {
        let (skewness, never) = evenly_spread(&[4.0; 7]);
        assert!((skewness - 0.5).abs() < 1e-12 && (never - (-4_f64).exp()).abs() < 1e-12);
        // Means that differ make a longer tail.
        assert!(evenly_spread(&[1.0, 7.0]).0 > skewness);
    }
}
