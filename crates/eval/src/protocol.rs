//! Protocols that others measure by: pools of fixed sizes, hard negatives, archives of other sizes.
//!
//! **Pools.** Of the cases that the query looks for one is drawn, and beside it as many others as the pool has room for. The search
//! ranks the pool; what counts is whether any sought case is among the first k, so that reports that are equal all
//! count. Chance is the share that a random order of the same pools would reach.
//!
//! **Hard negatives.** The others are those that share the most findings with what is sought, and are not sought.
//!
//! **Archive sizes.** The first cases of one random order stand for a smaller archive; larger ones hold the smaller.

use crate::EvalError;
use crate::answered::{Answered, Answers};
use crate::ask::Asker;
use crate::cases::{Cases, overlap};
use crate::evaluation::{ArchiveSize, Metric, Pool, PoolRecall};
use crate::intervals::{SplitMix, Sums};
use crate::metrics::{Grade, Relevant, chance_of_success, ndcg, precision, reciprocal_rank, success};
use crate::watch::Watch;

/// Cases of each pool.
const SIZES: [usize; 3] = [100, 1_000, 10_000];
/// Cases beside hard negatives, with the one that is sought.
const HARD: usize = 100;
/// Depths in pools.
const KS: [usize; 3] = [1, 5, 10];
/// Most queries that ask in pools.
const MOST_QUERIES: usize = 500;

/// Asks in pools.
pub(crate) struct Protocol<'a> {
    pub asker: &'a Asker<'a>,
    pub answers: &'a Answers<'a>,
    pub watch: Watch<'a>,
    pub seed: u64,
    /// Patients in a random order, the same for all queries.
    order: Vec<u32>,
}

/// What one query found in a pool.
struct InPool {
    patient: usize,
    size: usize,
    sought: usize,
    found: [f64; KS.len()],
}

/// Up to `most` of the values, evenly.
pub(crate) fn evenly<T>(values: &[T], most: usize) -> impl Iterator<Item = &T> {
    let (count, all) = (values.len().min(most), values.len());
    (0..count).filter_map(move |place| values.get(place * all / count.max(1)))
}

impl<'a> Protocol<'a> {
    pub fn new(asker: &'a Asker<'a>, answers: &'a Answers<'a>, watch: Watch<'a>, seed: u64) -> Self {
        let mut order: Vec<u32> = (0..answers.cases.units().len() as u32).collect();
        SplitMix::of(seed, 1).shuffle(&mut order);
        Self { asker, answers, watch, seed, order }
    }

    fn cases(&self) -> &'a Cases {
        self.answers.cases
    }

    /// The queries that take part, with their place among all.
    fn taking_part(&self) -> Vec<(usize, &'a Answered<'a>)> {
        let all: Vec<(usize, &Answered<'_>)> =
            self.answers.asked.iter().enumerate().filter(|(_, asked)| asked.counts()).collect();
        evenly(&all, MOST_QUERIES).copied().collect()
    }

    /// One case of each patient whom the query may find, in the random order, except one patient.
    fn others(&self, one: &'a Answered<'a>, except: Option<u32>) -> impl Iterator<Item = u32> {
        let units = self.order.iter().filter(move |unit| Some(**unit) != except);
        units.filter_map(move |&unit| {
            let of_unit = &self.cases().units()[unit as usize];
            of_unit.iter().copied().find(|case| one.judge.allows(*case))
        })
    }

    /// A case that the query looks for, each patient's with the same chance.
    fn target(&self, place: usize, one: &Answered<'_>) -> Option<u32> {
        let is_sought = |case: &&u32| one.judge.allows(**case) && one.judge.is_sought(**case);
        let sought: Vec<u32> =
            self.cases().units().iter().filter_map(|unit| unit.iter().find(is_sought).copied()).collect();
        let drawn = SplitMix::of(self.seed, 2 + place as u64).below(sought.len());
        sought.get(drawn).copied()
    }

    /// What a query finds in the pool of these cases.
    fn found(&self, one: &Answered<'_>, pool: &[u32]) -> Result<InPool, EvalError> {
        let among: Vec<usize> = pool.iter().map(|case| *case as usize).collect();
        let query = one.judge.query;
        let order = self.asker.order(query, &one.answer.encoded, &among, self.watch.stop)?;
        let grades: Vec<Grade> = order.iter().map(|case| Grade::from(one.judge.is_sought(*case))).collect();
        Ok(InPool {
            patient: one.patient,
            size: pool.len(),
            sought: pool.iter().filter(|case| one.judge.is_sought(**case)).count(),
            found: KS.map(|k| success(&grades, k)),
        })
    }

    pub fn pools(&self) -> Result<Vec<Pool>, EvalError> {
        let mut pools = Vec::new();
        for size in SIZES {
            let asks = |(place, one): &(usize, &'a Answered<'a>)| -> Result<Option<InPool>, EvalError> {
                if one.sought.eligible <= size {
                    return Ok(None);
                }
                let Some(target) = self.target(*place, one) else { return Ok(None) };
                let others = self.others(one, Some(self.cases().unit(target))).take(size - 1);
                let pool: Vec<u32> = std::iter::once(target).chain(others).collect();
                self.found(one, &pool).map(Some)
            };
            let found = self.watch.each("pools", &self.taking_part(), asks)?;
            pools.extend(self.pool(size.to_string(), found.into_iter().flatten().collect()));
        }
        let whole = |(_, one): &(usize, &'a Answered<'a>)| Ok(self.in_all(one));
        let found = self.watch.each("pools", &self.taking_part(), whole)?;
        pools.extend(self.pool("all".to_owned(), found.into_iter().flatten().collect()));
        Ok(pools)
    }

    /// The same of the whole archive, from the list that the search gave.
    fn in_all(&self, one: &Answered<'_>) -> Option<InPool> {
        let is_sought = |case: &u32| one.judge.allows(*case) && one.judge.is_sought(*case);
        let sought = self.cases().units().iter().filter(|unit| unit.iter().any(is_sought)).count();
        let grade = |case: u32| Grade::from(one.judge.is_sought(case));
        let grades: Vec<Grade> = one.answer.hits.iter().map(|hit| hit.map_or(0, grade)).collect();
        let found = KS.map(|k| success(&grades, k));
        (sought > 0).then_some(InPool { patient: one.patient, size: one.sought.eligible, sought, found })
    }

    pub fn hard_negatives(&self) -> Result<Option<Pool>, EvalError> {
        let asks = |(place, one): &(usize, &'a Answered<'a>)| -> Result<Option<InPool>, EvalError> {
            let Some(target) = self.target(*place, one) else { return Ok(None) };
            let Some(findings) = one.judge.findings() else { return Ok(None) };
            let share = |case: u32| {
                let (both, either) = overlap(&findings, self.cases().findings(case));
                f64::from(both) / f64::from(either.max(1))
            };
            let others = self.others(one, Some(self.cases().unit(target)));
            let mut near: Vec<(f64, u32)> = others
                .filter(|case| !one.judge.is_sought(*case))
                .map(|case| (share(case), case))
                .filter(|(share, _)| *share > 0.0)
                .collect();
            // A stable sort, so that of equal ones the random order decides.
            near.sort_by(|a, b| b.0.total_cmp(&a.0));
            near.truncate(HARD - 1);
            if near.is_empty() {
                return Ok(None);
            }
            let pool: Vec<u32> =
                std::iter::once(target).chain(near.into_iter().map(|(_, case)| case)).collect();
            self.found(one, &pool).map(Some)
        };
        let found = self.watch.each("hard negatives", &self.taking_part(), asks)?;
        Ok(self.pool("hard negatives".to_owned(), found.into_iter().flatten().collect()))
    }

    fn pool(&self, name: String, found: Vec<InPool>) -> Option<Pool> {
        if found.is_empty() {
            return None;
        }
        let mean = |of: &dyn Fn(&InPool) -> f64| found.iter().map(of).sum::<f64>() / found.len() as f64;
        let recall = |(place, k): (usize, usize)| {
            let (mut share, mut ratio) = (Sums::of(self.answers.patients), Sums::of(self.answers.patients));
            let chance = |one: &InPool| chance_of_success(one.size, one.sought, k);
            for one in &found {
                share.add(one.patient, one.found[place], 1.0);
                ratio.add(one.patient, one.found[place], chance(one));
            }
            match Sums::figures(&[share, ratio])[..] {
                [Some(recall), times_chance] => {
                    Some(PoolRecall { k, recall, chance: mean(&chance), times_chance })
                }
                _ => None,
            }
        };
        Some(Pool {
            queries: found.len(),
            mean_size: mean(&|one| one.size as f64),
            mean_sought: mean(&|one| one.sought as f64),
            recall: KS.into_iter().enumerate().filter_map(recall).collect(),
            pool: name,
        })
    }

    /// All rows are of the same queries: those that may find more than the largest size.
    pub fn archive_sizes(&self) -> Result<Vec<ArchiveSize>, EvalError> {
        let all = self.taking_part();
        let larger = |size: usize| all.iter().filter(move |(_, one)| one.sought.eligible > size);
        let sizes: Vec<usize> =
            SIZES.into_iter().filter(|size| 2 * larger(*size).count() >= all.len()).collect();
        let Some(&largest) = sizes.last() else { return Ok(Vec::new()) };
        let same: Vec<(usize, &'a Answered<'a>)> = larger(largest).copied().collect();
        let mut rows = Vec::new();
        for size in sizes {
            let asks = |(_, one): &(usize, &'a Answered<'a>)| -> Result<(usize, Vec<f64>), EvalError> {
                let some: Vec<usize> = self.others(one, None).take(size).map(|case| case as usize).collect();
                let relevant: Relevant = some.iter().map(|case| one.judge.grade(*case as u32)).collect();
                let order = self.asker.order(one.judge.query, &one.answer.encoded, &some, self.watch.stop)?;
                let list: Vec<Grade> = order.iter().map(|case| one.judge.grade(*case)).collect();
                Ok((one.patient, of_size(&list, &relevant)))
            };
            rows.extend(self.archive_size(size, self.watch.each("archive sizes", &same, asks)?));
        }
        let found = same.iter().map(|(_, one)| (one.patient, of_size(&one.grades, &one.sought.relevant)));
        let eligible: usize = same.iter().map(|(_, one)| one.sought.eligible).sum();
        rows.extend(self.archive_size(eligible / same.len().max(1), found.collect()));
        Ok(rows)
    }

    fn archive_size(&self, cases: usize, found: Vec<(usize, Vec<f64>)>) -> Option<ArchiveSize> {
        let names = ["precision@1", "precision@10", "ndcg@10", "mrr"];
        let figures = names.into_iter().zip(crate::answered::means(&found, self.answers.patients));
        let metrics: Vec<Metric> = figures
            .filter_map(|(name, figure)| Some(Metric { name: name.to_owned(), figure: figure? }))
            .collect();
        (!found.is_empty()).then_some(ArchiveSize { cases, queries: found.len(), metrics })
    }
}

fn of_size(list: &[Grade], relevant: &Relevant) -> Vec<f64> {
    vec![precision(list, 1), precision(list, 10), ndcg(list, relevant, 10), reciprocal_rank(list)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_taken_evenly() {
        let all: Vec<usize> = (0..10).collect();
        assert_eq!(evenly(&all, 3).copied().collect::<Vec<_>>(), [0, 3, 6]);
        assert_eq!(evenly(&all, 20).count(), 10);
        assert_eq!(evenly(&all[..0], 20).count(), 0);
    }
}
