//! Counts of right and wrong, and how sure the figures are.

/// Draws of every bootstrap.
pub const DRAWS: usize = 2000;
/// Every bootstrap starts from it, so the same data give the same intervals.
const SEED: u64 = 0x5eed_0003;

/// What was said against what is true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub hits: u64,
    pub false_alarms: u64,
    pub misses: u64,
    pub rightly_silent: u64,
}

impl Tally {
    /// Counts one answer that many times.
    pub fn count(&mut self, truth: bool, said: bool, times: u64) {
        let cell = match (truth, said) {
            (true, true) => &mut self.hits,
            (false, true) => &mut self.false_alarms,
            (true, false) => &mut self.misses,
            (false, false) => &mut self.rightly_silent,
        };
        *cell += times;
    }

    /// Adds another tally that many times.
    pub fn add(&mut self, other: Self, times: u64) {
        self.hits += other.hits * times;
        self.false_alarms += other.false_alarms * times;
        self.misses += other.misses * times;
        self.rightly_silent += other.rightly_silent * times;
    }

    /// How many are true.
    pub fn positives(self) -> u64 {
        self.hits + self.misses
    }

    pub fn precision(self) -> f64 {
        share(self.hits, self.hits + self.false_alarms)
    }

    pub fn recall(self) -> f64 {
        share(self.hits, self.positives())
    }

    /// The harmonic mean of precision and recall; 0 where nothing is true and nothing was said.
    pub fn f1(self) -> f64 {
        share(2 * self.hits, 2 * self.hits + self.false_alarms + self.misses)
    }

    pub fn accuracy(self) -> f64 {
        let right = self.hits + self.rightly_silent;
        share(right, right + self.false_alarms + self.misses)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The mean; 0 of nothing.
pub fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0_u64), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / count as f64 }
}

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// Percentile intervals (Efron and Tibshirani 1993, chapter 13) of figures over resampled groups. `figures` gets how
/// often each of the `groups` was drawn and gives the same number of figures each time.
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
            series.push(value);
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

/// The value below which that share of them lies, from 0 to 1: the lower of two that come into question; 0 of nothing.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (share * sorted.len() as f64) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// The value in the middle; the upper one of two.
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
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

/// A number of a key that is the same on every machine and in every release: FNV-1a, mixed.
pub fn stable_hash(key: &str) -> u64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    // The low bits of a product are poor; these constants are those by which the rules were made, so they stay.
    key.bytes().fold(1_469_598_103_934_665_603, fnv) >> 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_textbook() {
        let mut tally = Tally::default();
        for (truth, said, times) in [(true, true, 6), (false, true, 2), (true, false, 4), (false, false, 8)] {
            tally.count(truth, said, times);
        }
        assert_eq!([tally.precision(), tally.recall(), tally.accuracy()], [0.75, 0.6, 0.7]);
        assert!((tally.f1() - 2.0 * 0.75 * 0.6 / 1.35).abs() < 1e-12);
        assert_eq!(Tally::default().f1(), 0.0);
    }

    #[test]
    fn intervals_hold_the_figure_and_repeat() {
        // 30 of 100 groups are right: the standard error of the share is 0.046.
        let share = |drawn: &[u32]| vec![drawn[..30].iter().sum::<u32>() as f64 / 100.0, 1.0];
        let found = bootstrap(100, share);
        assert_eq!(found, bootstrap(100, share));
        assert!((0.19..0.23).contains(&found[0].low) && (0.37..0.41).contains(&found[0].high), "{found:?}");
        assert_eq!(found[1], Interval { low: 1.0, high: 1.0 });
    }

    #[test]
    fn percentiles_lie_among_the_values() {
        let values: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|share| percentile(&values, share)), [0.0, 50.0, 99.0, 99.0]);
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[])), (2.0, 0.0));
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
    }

    #[test]
    fn normal_numbers_have_mean_0_and_variance_1() {
        let mut random = SplitMix::of(7, 1);
        let drawn: Vec<f64> = (0..10_000).map(|_| random.normal()).collect();
        let mean = mean(drawn.iter().copied());
        let variance = super::mean(drawn.iter().map(|value| (value - mean).powi(2)));
        assert!(mean.abs() < 0.04 && (variance - 1.0).abs() < 0.06, "{mean}, {variance}");
    }

    #[test]
    fn hashes_cut_keys_in_halves() {
        let odd = (0..1000).filter(|key| stable_hash(&format!("CXR{key}")) % 2 == 1).count();
        assert!((450..550).contains(&odd), "{odd}");
        assert_eq!(stable_hash(""), 1_469_598_103_934_665_603 >> 7);
    }
}
