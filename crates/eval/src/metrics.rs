//! Figures of one ranked list.
//!
//! All follow `ranx` (Bassani, ECIR 2022), as most people compare with that or with `trec_eval`: precision@k divides by k, however few hits
//! there are; recall@k and average precision divide by all relevant cases; the gain of nDCG is the grade itself (Järvelin and
//! Kekäläinen, TOIS 2002) and its discount log2(rank + 1). A list without a relevant case in the archive has no figure, and
//! is left out before.

/// The highest grade of relevance.
pub const MAX_GRADE: u8 = 10;

/// How relevant a case is: 0 is not at all, and anything above is relevant.
pub type Grade = u8;

/// How many cases of the archive have each grade.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relevant([u32; MAX_GRADE as usize]);

impl Relevant {
    /// Counts one case; grades above the highest count as that.
    pub fn add(&mut self, grade: Grade) {
        if let Some(place) = grade.min(MAX_GRADE).checked_sub(1) {
            self.0[usize::from(place)] += 1;
        }
    }

    /// Number of relevant cases.
    pub fn count(&self) -> usize {
        self.0.iter().map(|&count| count as usize).sum()
    }

    /// Number of cases of at least this grade.
    pub fn count_from(&self, least: Grade) -> usize {
        self.0.iter().skip(usize::from(least.max(1)) - 1).map(|&count| count as usize).sum()
    }

    /// The grades of the best list, best first.
    fn ideal(&self) -> impl Iterator<Item = Grade> + '_ {
        let grades = (1..=MAX_GRADE).rev().zip(self.0.iter().rev());
        grades.flat_map(|(grade, &count)| std::iter::repeat_n(grade, count as usize))
    }
}

impl FromIterator<Grade> for Relevant {
    fn from_iter<I: IntoIterator<Item = Grade>>(grades: I) -> Self {
        let mut relevant = Self::default();
        grades.into_iter().for_each(|grade| relevant.add(grade));
        relevant
    }
}

/// The share of the first `k` places that hold a relevant case.
pub fn precision(list: &[Grade], k: usize) -> f64 {
    share(hits(list, k), k)
}

/// The share of all relevant cases that the first `k` places hold.
pub fn recall(list: &[Grade], relevant: &Relevant, k: usize) -> f64 {
    share(hits(list, k), relevant.count())
}

/// 1 if any of the first `k` places holds a relevant case, otherwise 0.
pub fn success(list: &[Grade], k: usize) -> f64 {
    f64::from(u8::from(hits(list, k) > 0))
}

/// The mean of the precisions at the places of relevant cases among the first `k`, where relevant cases that are not
/// there count as 0.
pub fn average_precision(list: &[Grade], relevant: &Relevant, k: usize) -> f64 {
    let (mut found, mut sum) = (0, 0.0);
    for (place, _) in list.iter().take(k).enumerate().filter(|(_, grade)| **grade > 0) {
        found += 1;
        sum += share(found, place + 1);
    }
    match relevant.count() {
        0 => 0.0,
        count => sum / count as f64,
    }
}

/// The discounted gain of the first `k` places as a share of that of the best list.
pub fn ndcg(list: &[Grade], relevant: &Relevant, k: usize) -> f64 {
    match gain(relevant.ideal().take(k)) {
        0.0 => 0.0,
        best => gain(list.iter().copied().take(k)) / best,
    }
}

/// 1 divided by the rank of the first relevant case; 0 without one.
pub fn reciprocal_rank(list: &[Grade]) -> f64 {
    list.iter().position(|grade| *grade > 0).map_or(0.0, |place| 1.0 / (place + 1) as f64)
}

/// The chance that at least one of `k` cases drawn from `pool` is one of the `relevant` among them (hypergeometric).
pub fn chance_of_success(pool: usize, relevant: usize, k: usize) -> f64 {
    let others = pool.saturating_sub(relevant);
    let missed = (0..k.min(pool)).map(|drawn| others.saturating_sub(drawn) as f64 / (pool - drawn) as f64);
    if pool == 0 || relevant == 0 { 0.0 } else { 1.0 - missed.product::<f64>() }
}

fn hits(list: &[Grade], k: usize) -> usize {
    list.iter().take(k).filter(|grade| **grade > 0).count()
}

fn gain(grades: impl Iterator<Item = Grade>) -> f64 {
    let places = grades.zip(2_u32..);
    // The sum of no floats is -0.0.
    0.0 + places.map(|(grade, discount)| f64::from(grade) / f64::from(discount).log2()).sum::<f64>()
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} and not {expected}");
    }

    #[test]
    fn figures_are_those_worked_by_hand() {
        // Relevant at ranks 1, 3 and 6, of five in the archive.
        let list = [3, 0, 1, 0, 0, 2, 0];
        let relevant = Relevant::from_iter([3, 1, 2, 1, 3]);
        near(precision(&list, 1), 1.0);
        near(precision(&list, 5), 2.0 / 5.0);
        near(precision(&list, 10), 3.0 / 10.0);
        near(recall(&list, &relevant, 5), 2.0 / 5.0);
        near(recall(&list, &relevant, 100), 3.0 / 5.0);
        near(average_precision(&list, &relevant, 100), (1.0 + 2.0 / 3.0 + 3.0 / 6.0) / 5.0);
        near(average_precision(&list, &relevant, 3), (1.0 + 2.0 / 3.0) / 5.0);
        near(reciprocal_rank(&list), 1.0);
        near(reciprocal_rank(&[0, 0, 1]), 1.0 / 3.0);
        near(success(&[0, 0, 1], 2), 0.0);
        near(success(&[0, 0, 1], 3), 1.0);
        // 3 + 1 / log2(4) = 3.5, of 3 + 3 / log2(3) + 2 / log2(4).
        near(ndcg(&list, &relevant, 3), 3.5 / (3.0 + 3.0 / 3_f64.log2() + 1.0));
        let all = 3.0 + 3.0 / 3_f64.log2() + 2.0 / 2.0 + 1.0 / 5_f64.log2() + 1.0 / 6_f64.log2();
        near(ndcg(&list, &relevant, 10), (3.5 + 2.0 / 7_f64.log2()) / all);
    }

    #[test]
    fn nothing_relevant_is_nothing_found() {
        let none = Relevant::default();
        let figures = [
            precision(&[], 10),
            recall(&[], &none, 10),
            average_precision(&[0], &none, 10),
            ndcg(&[0], &none, 10),
            reciprocal_rank(&[]),
            chance_of_success(0, 0, 1),
            chance_of_success(10, 0, 5),
        ];
        assert_eq!(figures, [0.0; 7]);
    }

    #[test]
    fn chance_is_that_of_drawing_without_putting_back() {
        near(chance_of_success(100, 1, 1), 0.01);
        near(chance_of_success(100, 1, 10), 0.1);
        near(chance_of_success(4, 2, 2), 1.0 - 2.0 / 4.0 / 3.0);
        near(chance_of_success(4, 2, 3), 1.0);
        near(chance_of_success(4, 4, 9), 1.0);
    }

    #[test]
    fn the_best_list_holds_the_highest_grades_first() {
        let relevant = Relevant::from_iter([1, 3, 0, 2, 3, 200]);
        assert_eq!(relevant.ideal().collect::<Vec<_>>(), [10, 3, 3, 2, 1]);
        assert_eq!((relevant.count(), relevant.count_from(3), relevant.count_from(0)), (5, 3, 5));
    }

    /// A list without a case twice, and the grades of relevant cases that it lacks.
    fn lists() -> impl Strategy<Value = (Vec<Grade>, Vec<Grade>)> {
        (prop::collection::vec(0..=MAX_GRADE, 0..40), prop::collection::vec(1..=MAX_GRADE, 0..20))
    }

    proptest! {
        #[test]
        fn figures_lie_between_0_and_1_and_grow_with_what_is_found((list, missed) in lists(), k in 1_usize..60) {
            let relevant: Relevant = list.iter().chain(&missed).copied().collect();
            let figures = |list: &[Grade]| [
                precision(list, k),
                recall(list, &relevant, k),
                average_precision(list, &relevant, k),
                ndcg(list, &relevant, k),
                reciprocal_rank(list),
            ];
            let found = figures(&list);
            prop_assert!(found.iter().all(|figure| (0.0..=1.0 + 1e-12).contains(figure)), "{found:?}");
            let mut best = list.clone();
            best.sort_unstable_by(|a, b| b.cmp(a));
            let sorted = figures(&best);
            prop_assert!(sorted.iter().zip(found).all(|(best, found)| *best >= found - 1e-12), "{sorted:?} {found:?}");
            if missed.is_empty() && relevant.count() > 0 {
                prop_assert!((ndcg(&best, &relevant, 60) - 1.0).abs() < 1e-12);
                prop_assert!((average_precision(&best, &relevant, 60) - 1.0).abs() < 1e-12);
                prop_assert_eq!(recall(&best, &relevant, 60), 1.0);
            }
        }

        #[test]
        fn a_relevant_case_that_moves_up_never_hurts((list, missed) in lists(), k in 1_usize..60, at in 1_usize..40) {
            let relevant: Relevant = list.iter().chain(&missed).copied().collect();
            let mut moved = list.clone();
            if at < list.len() && list[at] > list[at - 1] {
                moved.swap(at, at - 1);
            }
            prop_assert!(ndcg(&moved, &relevant, k) >= ndcg(&list, &relevant, k) - 1e-12);
            prop_assert!(average_precision(&moved, &relevant, k) >= average_precision(&list, &relevant, k) - 1e-12);
            prop_assert!(reciprocal_rank(&moved) >= reciprocal_rank(&list));
        }

        #[test]
        fn chance_is_what_random_orders_reach(pool in 1_usize..30, k in 1_usize..30, seed in 0_u64..1000) {
            let relevant = (seed as usize) % (pool + 1);
            let mut random = crate::SplitMix::of(seed, 1);
            let mut found = 0.0;
            const ORDERS: usize = 2000;
            for _ in 0..ORDERS {
                let mut grades: Vec<Grade> = (0..pool).map(|place| Grade::from(place < relevant)).collect();
                (1..pool).for_each(|end| grades.swap(end, random.below(end + 1)));
                found += success(&grades, k);
            }
            let share = found / ORDERS as f64;
            prop_assert!((share - chance_of_success(pool, relevant, k)).abs() < 0.06);
        }
    }
}
