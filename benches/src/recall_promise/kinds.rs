//! Kinds of vectors, from random numbers: the same for a seed.

use precedent_benches::figures::SplitMix;
use precedent_vector::Metric;

/// Rows of an index and queries that are none of them.
pub struct Vectors {
    pub dimension: usize,
    pub rows: Vec<f32>,
    pub queries: Vec<f32>,
    /// The cluster of each row and each query, where the kind has some.
    pub clusters: Option<[Vec<u32>; 2]>,
}

impl Vectors {
    pub fn row_count(&self) -> usize {
        self.rows.len() / self.dimension
    }
}

/// How the vectors of a kind are drawn.
#[derive(Debug, Clone, Copy)]
pub enum Draw {
    /// Clusters whose centres are `apart` as far from each other as members are from their centre, by number of clusters.
    Clusters { count: usize, apart: f64, order: Order },
    /// Every number by itself.
    Gaussian,
    /// Groups around a row, each number off by `off`. Queries are of these groups, or of new ones: a patient's further film, or the
    /// first of a new patient.
    Copies { group: usize, off: f64, queries_are_new: bool },
    /// Directions of equal chance, with a length of `exp(deviation * z)`.
    Lognormal { deviation: f64 },
    /// Directions of equal chance, lengths spread evenly over powers of ten.
    Powers { decades: f64 },
    /// Combinations of a few directions, and hardly anything besides.
    LowRank { rank: usize },
    /// Clusters, of which each second row is a copy of an earlier one.
    Duplicates,
    /// A narrow mode and a wide one, far apart.
    TwoModes,
}

/// In which order the rows of clusters come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Mixed,
    /// Row i is of cluster i modulo their number.
    Periodic,
    /// Clusters appear over time and go on; queries are of any time.
    Drifting,
}

/// A kind of data under a metric.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    pub metric: Metric,
    pub draw: Draw,
    /// Whether it is drawn in other dimensions than [`DIMENSION`], too.
    pub all_dimensions: bool,
    pub in_short: bool,
}

pub const DIMENSION: usize = 64;
pub const OTHER_DIMENSIONS: [usize; 5] = [16, 128, 384, 1_024, 4_096];

/// Groups of fewer are no clusters to filter by.
const LARGE: usize = 100;
const CLUSTERED: Draw = Draw::Clusters { count: 200, apart: 1.0, order: Order::Mixed };

const fn kind(name: &'static str, metric: Metric, draw: Draw) -> Kind {
    Kind { name, metric, draw, all_dimensions: false, in_short: false }
}

const fn everywhere(kind: Kind) -> Kind {
    Kind { all_dimensions: true, ..kind }
}

const fn short(kind: Kind) -> Kind {
    Kind { in_short: true, ..kind }
}

pub const KINDS: [Kind; 24] = [
    short(everywhere(kind("clustered", Metric::Cosine, CLUSTERED))),
    kind("clustered-l2", Metric::L2, CLUSTERED),
    kind("clustered-dot", Metric::Dot, CLUSTERED),
    everywhere(kind("gaussian", Metric::Cosine, Draw::Gaussian)),
    kind("gaussian-l2", Metric::L2, Draw::Gaussian),
    kind("gaussian-dot", Metric::Dot, Draw::Gaussian),
    short(everywhere(kind(
        "near",
        Metric::Cosine,
        Draw::Copies { group: 10, off: 0.03, queries_are_new: false },
    ))),
    kind("nearer", Metric::Cosine, Draw::Copies { group: 10, off: 0.002, queries_are_new: false }),
    short(kind("near-new", Metric::Cosine, Draw::Copies { group: 10, off: 0.03, queries_are_new: true })),
    kind("nearer-new", Metric::Cosine, Draw::Copies { group: 10, off: 0.002, queries_are_new: true }),
    kind("near-l2", Metric::L2, Draw::Copies { group: 10, off: 0.03, queries_are_new: false }),
    short(kind(
        "repeated-film",
        Metric::Cosine,
        Draw::Copies { group: 1_000, off: 0.03, queries_are_new: false },
    )),
    kind(
        "repeated-nearer",
        Metric::Cosine,
        Draw::Copies { group: 1_000, off: 0.002, queries_are_new: false },
    ),
    short(kind("tight", Metric::L2, Draw::Clusters { count: 20, apart: 500.0, order: Order::Mixed })),
    kind("lognormal", Metric::Dot, Draw::Lognormal { deviation: 2.0 }),
    short(kind("norms", Metric::Dot, Draw::Powers { decades: 6.0 })),
    kind("norms-l2", Metric::L2, Draw::Powers { decades: 6.0 }),
    kind("low-rank", Metric::Cosine, Draw::LowRank { rank: 8 }),
    kind("duplicates", Metric::Cosine, Draw::Duplicates),
    kind("duplicates-l2", Metric::L2, Draw::Duplicates),
    short(kind("periodic", Metric::Cosine, Draw::Clusters { count: 20, apart: 1.0, order: Order::Periodic })),
    kind("drifting", Metric::Cosine, Draw::Clusters { count: 50, apart: 1.0, order: Order::Drifting }),
    kind("two-modes", Metric::L2, Draw::TwoModes),
    kind("two-modes-cosine", Metric::Cosine, Draw::TwoModes),
];

impl Kind {
    /// Draws so many rows and queries.
    pub fn vectors(&self, dimension: usize, (rows, queries): (usize, usize), seed: u64) -> Vectors {
        let mut draft = Draft { dimension, random: SplitMix::of(seed, dimension as u64), values: Vec::new() };
        let mut clusters = None;
        match self.draw {
            Draw::Gaussian => draft.many(rows + queries, |_| 1.0),
            Draw::Lognormal { deviation } => {
                draft.many(rows, |random| (deviation * random.normal()).exp());
                draft.many(queries, |_| 1.0);
            }
            Draw::Powers { decades } => {
                draft.many(rows + queries, |random| 10_f64.powf(decades * (random.uniform() - 0.5)));
            }
            Draw::LowRank { rank } => {
                let basis = draft.gaussian(rank);
                for _ in 0..rows + queries {
                    let weights: Vec<f64> = (0..rank).map(|_| draft.random.normal()).collect();
                    let centre = (0..dimension).map(|place| {
                        let parts = weights.iter().enumerate();
                        parts.map(|(row, weight)| weight * basis[row * dimension + place]).sum()
                    });
                    let centre: Vec<f64> = centre.collect();
                    draft.near(&centre, 0.01);
                }
            }
            Draw::Copies { group, off, queries_are_new } => {
                let groups = rows.div_ceil(group);
                let new = if queries_are_new { queries } else { 0 };
                let centres = draft.gaussian(groups + new);
                let mut of = [Vec::new(), Vec::new()];
                for number in 0..rows + queries {
                    let own = match number.checked_sub(rows) {
                        None => number / group,
                        Some(query) if queries_are_new => groups + query,
                        Some(_) => draft.random.below(groups),
                    };
                    draft.near(&centres[own * dimension..][..dimension], off);
                    of[usize::from(number >= rows)].push(own as u32);
                }
                clusters = (group >= LARGE && !queries_are_new).then_some(of);
            }
            Draw::Clusters { count, apart, order } => {
                let centres: Vec<f64> = draft.gaussian(count).iter().map(|value| value * apart).collect();
                let mut of = [Vec::new(), Vec::new()];
                for number in 0..rows + queries {
                    let own = match order {
                        Order::Periodic if number < rows => number % count,
                        Order::Drifting if number < rows => draft.random.below(number * count / rows + 1),
                        Order::Drifting => {
                            let time = draft.random.below(rows);
                            draft.random.below(time * count / rows + 1)
                        }
                        _ => draft.random.below(count),
                    };
                    draft.near(&centres[own * dimension..][..dimension], 1.0);
                    of[usize::from(number >= rows)].push(own as u32);
                }
                clusters = Some(of);
            }
            Draw::Duplicates => {
                let centres = draft.gaussian(100);
                for number in 0..rows + queries {
                    if number < rows && number % 2 == 1 {
                        let copied = draft.random.below(number);
                        let row: Vec<f32> = draft.values[copied * dimension..][..dimension].to_vec();
                        draft.values.extend(row);
                    } else {
                        let own = draft.random.below(100);
                        draft.near(&centres[own * dimension..][..dimension], 1.0);
                    }
                }
            }
            Draw::TwoModes => {
                let mut of = [Vec::new(), Vec::new()];
                let centres: [Vec<f64>; 2] = [vec![3.0; dimension], vec![-3.0; dimension]];
                for number in 0..rows + queries {
                    let own = draft.random.below(2);
                    draft.near(&centres[own], [0.01, 1.0][own]);
                    of[usize::from(number >= rows)].push(own as u32);
                }
                clusters = Some(of);
            }
        }
        let queries = draft.values.split_off(rows * dimension);
        Vectors { dimension, rows: draft.values, queries, clusters }
    }
}

struct Draft {
    dimension: usize,
    random: SplitMix,
    values: Vec<f32>,
}

impl Draft {
    /// Rows of normal numbers.
    fn gaussian(&mut self, rows: usize) -> Vec<f64> {
        (0..rows * self.dimension).map(|_| self.random.normal()).collect()
    }

    /// Adds rows of normal numbers, each times a factor.
    fn many(&mut self, rows: usize, factor: impl Fn(&mut SplitMix) -> f64) {
        for _ in 0..rows {
            let factor = factor(&mut self.random);
            for _ in 0..self.dimension {
                self.values.push((factor * self.random.normal()) as f32);
            }
        }
    }

    /// Adds a row near another.
    fn near(&mut self, centre: &[f64], off: f64) {
        for value in centre {
            self.values.push((value + off * self.random.normal()) as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_rows_and_repeats() {
        for kind in KINDS {
            let [one, other] = [(); 2].map(|()| kind.vectors(16, (300, 7), 1));
            assert_eq!((one.rows.len(), one.queries.len()), (300 * 16, 7 * 16), "{}", kind.name);
            assert!(one.rows == other.rows && one.queries == other.queries, "{}", kind.name);
            assert!(one.rows.iter().chain(&one.queries).all(|value| value.is_finite()), "{}", kind.name);
            if let Some([rows, queries]) = one.clusters {
                assert_eq!((rows.len(), queries.len()), (300, 7), "{}", kind.name);
            }
        }
    }
}
