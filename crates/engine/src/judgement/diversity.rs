//! Hits that cover more of the differential, by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).

use super::reported::Reported;
use crate::EngineError;
use crate::fusion::Fused;
use precedent_archive::Generation;
use precedent_model::{Assertion, FindingId};

/// How many cases are chosen from for each hit.
const CHOSEN_FROM: usize = 4;
/// Most cases that are chosen from, as the report of each is read.
const MOST_CHOSEN_FROM: usize = 200;

/// How many cases so many hits are chosen from.
pub(super) fn depth(limit: usize) -> usize {
    limit.saturating_mul(CHOSEN_FROM).min(MOST_CHOSEN_FROM)
}

/// Puts the first hits in an order in which each stands as far in front as it was, less what its findings share with those before it. What
/// lies behind the cases that are chosen from stays.
pub(crate) fn diversify(
    snapshot: &dyn Generation,
    answer: &mut Vec<Fused>,
    limit: usize,
    diversity: f32,
    stop: &dyn Fn() -> bool,
) -> Result<(), EngineError> {
    let behind = answer.split_off(answer.len().min(depth(limit)));
    snapshot.prefetch(&answer.iter().map(|fused| fused.place).collect::<Vec<_>>());
    let mut findings = Vec::with_capacity(answer.len());
    for fused in &*answer {
        if stop() {
            return Err(EngineError::Cancelled);
        }
        let said = Reported::of(snapshot, fused.place)?;
        findings.push(said.map(|said| said.having(snapshot.reader().lexicon(), &[Assertion::Present])));
    }
    let order = order(&findings, limit.min(answer.len()), f64::from(diversity));
    *answer = order.into_iter().map(|place| answer[place]).chain(behind).collect();
    Ok(())
}

/// The places of the first `count` in the new order. `None` is a case without a report, which is like no other.
fn order(findings: &[Option<Vec<FindingId>>], count: usize, diversity: f64) -> Vec<usize> {
    let whole = findings.len() as f64;
    let mut left: Vec<(usize, f64)> = (0..findings.len()).map(|place| (place, 0.0)).collect();
    let mut order = Vec::with_capacity(count);
    while order.len() < count {
        let value = |&(place, alike): &(usize, f64)| {
            (1.0 - diversity) * (1.0 - place as f64 / whole) - diversity * alike
        };
        // Of equal ones the first.
        let best = (0..left.len()).rev().max_by(|&a, &b| value(&left[a]).total_cmp(&value(&left[b])));
        let Some(best) = best else { break };
        let (taken, _) = left.remove(best);
        order.push(taken);
        for (place, alike) in &mut left {
            *alike = alike.max(overlap(findings[*place].as_deref(), findings[taken].as_deref()));
        }
    }
    order
}

/// The share of the findings of either that both have (Jaccard); that of two cases without any is 1.
fn overlap(one: Option<&[FindingId]>, other: Option<&[FindingId]>) -> f64 {
    let (Some(one), Some(other)) = (one, other) else { return 0.0 };
    let both = one.iter().filter(|id| other.binary_search(id).is_ok()).count();
    match one.len() + other.len() - both {
        0 => 1.0,
        either => both as f64 / either as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(findings: &[&[&str]]) -> Vec<Option<Vec<FindingId>>> {
        let one = |ids: &&[&str]| Some(ids.iter().map(|&id| FindingId::from(id)).collect());
        findings.iter().map(one).collect()
    }

    #[test]
    fn cases_with_the_same_findings_make_room_for_others() {
        let cases = of(&[&["a", "b"], &["a", "b"], &["a", "b"], &["a"], &["c"]]);
        assert_eq!(order(&cases, 5, 0.0), [0, 1, 2, 3, 4]);
        // By rank 1, 0.8, 0.6, 0.4, 0.2, halved; then less half of the overlap with what was taken.
        assert_eq!(order(&cases, 3, 0.5), [0, 4, 3]);
        assert_eq!(order(&cases, 5, 1.0), [0, 4, 3, 1, 2], "equal ones keep their order");
        assert_eq!(order(&cases, 9, 0.1), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_overlap_is_what_both_have_of_what_either_has() {
        let cases = of(&[&["a", "b"], &["b", "c"], &[]]);
        let share = |one: usize, other: usize| overlap(cases[one].as_deref(), cases[other].as_deref());
        assert_eq!((share(0, 0), share(0, 1), share(0, 2), share(2, 2)), (1.0, 1.0 / 3.0, 0.0, 1.0));
        assert_eq!(overlap(None, cases[0].as_deref()), 0.0);
    }
}
