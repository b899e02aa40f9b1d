//! How sure figures are: percentile bootstraps over groups, such as the patients who asked.

/// Draws of every bootstrap.
pub const DRAWS: usize = 2000;
/// Every bootstrap starts from it, so the same data give the same intervals.
const SEED: u64 = 0x5eed_0003;

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A figure that is one sum divided by another, such as a mean.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// Where it would lie with other patients; `None` with fewer than two.
    pub interval: Option<Interval>,
}

/// Per group, such as a patient, what each adds to both sums of a figure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sums {
    groups: Vec<(f64, f64)>,
}

impl Sums {
    /// Nothing yet, of so many groups.
    pub fn of(groups: usize) -> Self {
        Self { groups: vec![(0.0, 0.0); groups] }
    }

    /// Adds to the sums of one group.
    pub fn add(&mut self, group: usize, over: f64, under: f64) {
        if let Some(sums) = self.groups.get_mut(group) {
            sums.0 += over;
            sums.1 += under;
        }
    }

    /// The figure of all groups; `None` where there is nothing to divide by.
    pub fn value(&self) -> Option<f64> {
        let all = self.groups.iter();
        let (over, under) = all.fold((0.0, 0.0), |(over, under), sums| (over + sums.0, under + sums.1));
        (under > 0.0).then(|| over / under)
    }

    /// The figures with their intervals, all from the same draws. Groups that add to none of them are not drawn.
    pub fn figures(of: &[Self]) -> Vec<Option<Figure>> {
        let groups = of.iter().map(|sums| sums.groups.len()).max().unwrap_or(0);
        let counts = |group: &usize| {
            of.iter().any(|sums| sums.groups.get(*group).is_some_and(|(_, under)| *under != 0.0))
        };
        let taking_part: Vec<usize> = (0..groups).filter(counts).collect();
        let spread = match taking_part.len() {
            0 | 1 => vec![None; of.len()],
            count => {
                let of_draw = |drawn: &[u32]| of.iter().map(|sums| sums.drawn(&taking_part, drawn)).collect();
                bootstrap(count, of_draw).into_iter().map(Some).collect()
            }
        };
        let each = of.iter().zip(spread);
        each.map(|(sums, interval)| sums.value().map(|value| Figure { value, interval })).collect()
    }

    fn drawn(&self, groups: &[usize], drawn: &[u32]) -> f64 {
        let (mut over, mut under) = (0.0, 0.0);
        for (&group, &times) in groups.iter().zip(drawn) {
            let sums = self.groups.get(group).copied().unwrap_or_default();
            over += sums.0 * f64::from(times);
            under += sums.1 * f64::from(times);
        }
        if under > 0.0 { over / under } else { f64::NAN }
    }
}

/// Percentile intervals (Efron and Tibshirani 1993, chapter 13) of figures over resampled groups. `figures` gets how
/// often each of the `groups` was drawn and gives the same number of figures each time; a figure that a draw does not
/// have is NaN.
pub fn bootstrap(groups: usize, figures: impl Fn(&[u32]) -> Vec<f64>) -> Vec<Interval> {
    let mut random = SplitMix(SEED);
    let mut drawn = vec![0; groups];
    let mut series: Vec<Vec<f64>> = Vec::new();
    for _ in 0..DRAWS {
        drawn.fill(0);
        for _ in 0..groups {
            drawn[random.below(groups)] += 1;
        }
        let values = figures(&drawn);
        series.resize_with(values.len(), Vec::new);
        for (series, value) in series.iter_mut().zip(values) {
            series.extend((!value.is_nan()).then_some(value));
        }
    }
    series.into_iter().map(percentiles).collect()
}

fn percentiles(mut values: Vec<f64>) -> Interval {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * values.len() as f64) as usize;
        values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
    };
    Interval { low: at(0.025), high: at(0.975) }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Debug, Clone)]
pub struct SplitMix(u64);

impl SplitMix {
    /// Numbers that are the same for the same two keys, and have nothing to do with those of others.
    pub fn of(seed: u64, number: u64) -> Self {
        Self(mixed(seed).wrapping_add(mixed(!number)))
    }

    /// A number from 0 to `bound`, which is not among them; 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The high half of the product is even enough for bounds of some thousands.
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    /// A number from 0 to 1, which is not among them.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number of the normal distribution with variance 1 (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Brings some numbers into an order that is as likely as any other (Fisher and Yates).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for end in (1..values.len()).rev() {
            values.swap(end, self.below(end + 1));
        }
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }
}

fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_hold_the_figure_and_repeat() {
        // 30 of 100 groups are right: the standard error of the share is 0.046.
        let share = |drawn: &[u32]| vec![drawn[..30].iter().sum::<u32>() as f64 / 100.0, 1.0];
        let found = bootstrap(100, share);
        assert_eq!(found, bootstrap(100, share));
        assert!((0.19..0.23).contains(&found[0].low) && (0.37..0.41).contains(&found[0].high), "{found:?}");
        assert_eq!(found[1], Interval { low: 1.0, high: 1.0 });
    }

    /// The mean of one value per group.
    fn mean_of(groups: usize, values: impl IntoIterator<Item = (usize, f64)>) -> Sums {
        let mut sums = Sums::of(groups);
        values.into_iter().for_each(|(group, value)| sums.add(group, value, 1.0));
        sums
    }

    #[test]
    fn a_figure_is_a_sum_divided_by_a_sum() {
        let sums = mean_of(4, [(0, 1.0), (0, 0.0), (1, 1.0), (3, 0.0)]);
        assert_eq!(sums.value(), Some(0.5));
        assert_eq!(Sums::of(4).value(), None);
        assert_eq!(Sums::figures(&[Sums::of(4)]), [None]);
        let one = Sums::figures(&[mean_of(9, [(4, 0.25)])]);
        assert_eq!(one, [Some(Figure { value: 0.25, interval: None })], "one patient says nothing of others");
    }

    #[test]
    fn several_questions_of_one_patient_are_not_several_patients() {
        let alone = mean_of(100, (0..100).map(|query| (query, (query % 2) as f64)));
        // The same answers, ten by each of ten patients.
        let together = mean_of(100, (0..100).map(|query| (query / 10, (query / 10 % 2) as f64)));
        let width = |sums: &Sums| {
            let figure = Sums::figures(std::slice::from_ref(sums))[0].unwrap();
            assert!((figure.value - 0.5).abs() < 1e-12);
            figure.interval.map(|interval| interval.high - interval.low).unwrap()
        };
        let (alone, together) = (width(&alone), width(&together));
        assert!((2.5..4.0).contains(&(together / alone)), "{together} beside {alone}; the root of 10 is 3.2");
    }

    #[test]
    fn differences_of_pairs_are_surer_than_both_figures() {
        let one: Vec<f64> = (0..200).map(|query| f64::from(query % 7) / 7.0).collect();
        let other: Vec<f64> = one.iter().map(|value| value + 0.01).collect();
        let sums = |values: &[f64]| mean_of(200, values.iter().copied().enumerate());
        let difference = mean_of(200, one.iter().zip(&other).map(|(one, other)| other - one).enumerate());
        let found: Vec<Interval> = Sums::figures(&[sums(&one), sums(&other), difference])
            .into_iter()
            .map(|figure| figure.unwrap().interval.unwrap())
            .collect();
        assert!(found[0].high > found[1].low, "the means overlap");
        assert!(found[2].low > 0.009 && found[2].high < 0.011, "{:?}", found[2]);
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let (mut covered, trials) = (0, 200);
        for trial in 0..trials {
            let mut random = SplitMix::of(11, trial);
            let sums = mean_of(60, (0..60).map(|query| (query, random.normal())));
            let interval = Sums::figures(&[sums])[0].unwrap().interval.unwrap();
            covered += u64::from(interval.low <= 0.0 && interval.high >= 0.0);
        }
        assert!((180..=199).contains(&covered), "{covered} of {trials}");
    }

    #[test]
    fn random_numbers_repeat_for_their_keys() {
        let drawn = |number| {
            let mut random = SplitMix::of(7, number);
            (0..8).map(|_| random.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert!(drawn(3).iter().all(|&number| number < 1000));
        let mut order: Vec<usize> = (0..50).collect();
        SplitMix::of(7, 1).shuffle(&mut order);
        assert!(order.iter().enumerate().any(|(place, value)| place != *value));
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(place, value)| place == *value));
    }

    #[test]
    fn normal_numbers_have_mean_0_and_variance_1() {
        let mut random = SplitMix::of(7, 1);
        let drawn: Vec<f64> = (0..10_000).map(|_| random.normal()).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let squares = drawn.iter().map(|value| (value - mean).powi(2));
        let variance = squares.sum::<f64>() / drawn.len() as f64;
        assert!(mean.abs() < 0.04 && (variance - 1.0).abs() < 0.06, "{mean}, {variance}");
    }
}
