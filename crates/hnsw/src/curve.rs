//! Measures what walks and scans find, on rows that are left out one at a time.
//!
//! Some rows, spread over all, are searched for in the finished graph as if they were not in it ([`Search::without`]): they are
//! queries of the same kind as the rows. A row would find its own links at once, which would promise too much; a graph that
//! merely skipped it would promise too little (`left_out.rs`). The nearest neighbours are found by comparing exact vectors, and
//! then counted among those that walks of growing slack and scans of growing width hold. Queries of another kind than the rows
//! may find less.

use crate::graph::Graph;
use crate::layout::MAX_POINTS;
use crate::left_out::LeftOut;
use crate::recall::{DEPTHS, LOST, RecallTable, SPREAD, ScanPoint, WalkPoint};
use crate::rows::row_of;
use crate::scratch::Scratch;
use crate::search::Search;
use crate::search_params::WalkBreadth;
use crate::settle::{Measured, Nearest, settle};
use crate::{HnswError, Measure, Pages, Precision, RowQuery, VectorRows};
use precedent_vector::{Metric, key_node, sample};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Most and fewest rows searched for: with 400, the share found of 10 neighbours is known to 0.003.
const MOST_LOOKED_FOR: usize = 1_000;
const LEAST_LOOKED_FOR: usize = 200;
/// Number of them used to tell which of two graphs is slower.
const TO_COMPARE: usize = 200;
/// Most multiplications for finding the nearest neighbours: some seconds, a tenth of the build.
const PRODUCTS: usize = 20_000_000_000;
/// A row nearer than this share of the usual distance of the nearest counts as a copy, where the usual distance is that of the
/// nearest row of this rank.
const COPY: f32 = 0.25;
const FAR: usize = 50;
/// Strangers are used as queries if at least one row in this many has a copy.
const FEW_HAVE_COPIES: usize = 20;
/// Most copies to look beyond.
const MOST_COPIES: usize = 50;
/// Queries whose neighbours are found together, and rows compared with them at a time: some hundred kilobytes.
const QUERIES_TOGETHER: usize = 32;
const ROWS_TOGETHER: usize = 64;
/// Graphs with fewer rows are not measured: their vectors are compared.
const LEAST_ROWS: usize = 1_000;
/// Per depth, the fraction of the queries it is measured with, and the fewest: the thousand nearest of 40 queries tell as much as
/// the ten nearest of 1,000, and take as long.
const SHARES: [(usize, usize); DEPTHS.len()] = [(1, 1), (2, 200), (4, 100), (10, 60), (20, 40)];
/// The slacks to try.
const SLACKS: [f32; 22] = [
    0.0, 0.004, 0.008, 0.012, 0.016, 0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.12, 0.15, 0.18, 0.22, 0.27,
    0.35, 0.5, 0.75, 1.0, 1.5,
];
/// One in this many is tried first.
const COARSE: usize = 3;
/// Walks that find more than this are hardly ever needed, and take long to measure.
const HARDLY_ASKED_FOR: f32 = 0.999_5;
/// No further slack is tried between two that find less than this, nor between two that find nearly the same.
const SELDOM_ASKED_FOR: f32 = 0.8;
const TELLS: f32 = 0.001;
/// A walk goes further than another if it compares this many times as many codes.
const GOES_FURTHER: f32 = 1.01;
/// Widths of scans to try, as multiples of the number wanted.
const WIDTHS: [f32; 13] = [1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0];
/// A promise may be off by 0.005; this much of that is left to chance in the measurement.
const TOLERATED: f64 = 0.002;
/// Finding more than this gains nothing.
const COMPLETE: f32 = 0.999_9;
/// A walk that compares more than this share of all codes is not worth measuring: a scan is cheaper.
const SCAN_PAYS: f32 = 0.4;

/// The rows to search for in a graph with this many rows.
pub(crate) fn looked_for(rows: usize, dimension: usize) -> Vec<u32> {
    let count = how_many(rows, dimension);
    sample(count, rows).into_iter().map(|row| row as u32).collect()
}

fn how_many(rows: usize, dimension: usize) -> usize {
    let affordable = PRODUCTS / (rows * dimension).max(1);
    match rows < LEAST_ROWS {
        true => 0,
        false => affordable.clamp(LEAST_LOOKED_FOR, MOST_LOOKED_FOR).min(rows / 10),
    }
}

/// How many of all queries a depth is measured with.
fn queries_of(depth: usize, all: usize) -> usize {
    let (share, least) = SHARES[depth];
    (all / share).max(least).min(all)
}

/// A query with its true nearest rows: as many as its depths need.
pub(crate) struct Question {
    row: u32,
    /// The row itself and, if a stranger asks, its copies: left out.
    without: Vec<u32>,
    nearest: Vec<u32>,
    distances: Vec<f32>,
}

impl Question {
    /// Some rows as queries, with the nearest of all others.
    pub fn all<R: VectorRows + Sync>(
        rows: &R,
        metric: Metric,
        queries: &[u32],
    ) -> Result<Vec<Self>, HnswError> {
        let depth_of = |place: usize| {
            let is_asked = |depth: &usize| place < queries_of(*depth, queries.len());
            // Some more, because copies may be left out.
            (0..DEPTHS.len()).rev().find(is_asked).map_or(0, |depth| DEPTHS[depth] + MOST_COPIES)
        };
        let asked: Vec<(u32, usize)> =
            (queries.iter().enumerate()).map(|(place, &row)| (row, depth_of(place))).collect();
        let together: Vec<Vec<Self>> = asked
            .par_chunks(QUERIES_TOGETHER)
            .map(|asked| Self::together(rows, metric, asked))
            .collect::<Result<_, HnswError>>()?;
        Ok(together.into_iter().flatten().collect())
    }

    /// The nearest other rows for several queries at once: each row is compared with all of them while it is in the cache.
    fn together<R: VectorRows>(
        rows: &R,
        metric: Metric,
        asked: &[(u32, usize)],
    ) -> Result<Vec<Self>, HnswError> {
        let queries = (asked.iter())
            .map(|&(row, _)| RowQuery::new(rows, metric.distance_fn(), row_of(rows, row)?))
            .collect::<Result<Vec<_>, HnswError>>()?;
        let mut kept: Vec<Vec<Measured>> = vec![Vec::new(); asked.len()];
        let mut nearest: Vec<Nearest<'_>> =
            asked.iter().zip(&mut kept).map(|(&(_, depth), kept)| Nearest::new(depth, kept)).collect();
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        let mut block = Vec::with_capacity(ROWS_TOGETHER);
        for nodes in all.chunks(ROWS_TOGETHER) {
            block.clear();
            for &node in nodes {
                block.push((node, row_of(rows, node)?));
            }
            for ((nearest, query), &(own, _)) in nearest.iter_mut().zip(&queries).zip(asked) {
                for &(node, row) in block.iter().filter(|(node, _)| *node != own) {
                    nearest.add(node, Measure { distance: query.distance(row), error: 0.0 });
                }
            }
        }
        let settled = asked.iter().zip(&queries).zip(&mut kept).map(|((&(row, depth), query), kept)| {
            let found = settle(rows, query, kept, depth, Precision::Whole)?;
            let nearest = found.iter().map(|neighbour| neighbour.node).collect();
            let distances = found.iter().map(|neighbour| neighbour.distance).collect();
            Ok(Self { row, without: vec![row], nearest, distances })
        });
        settled.collect()
    }

    /// The same questions asked by strangers: rows whose copies are left out, too. Empty if hardly any row has a copy.
    ///
    /// A row among copies is found through any of them, and so are they, by a very short walk. A query without copies, such as
    /// the film of a new patient, needs as long a walk as ever, and promises must hold for it, too.
    fn of_strangers(questions: &[Self]) -> Vec<Self> {
        let far = |question: &Self| question.distances.get(FAR).copied();
        let mut all: Vec<f32> = questions.iter().filter_map(far).collect();
        all.sort_unstable_by(f32::total_cmp);
        let Some(&usual) = all.get(all.len() / 2) else { return Vec::new() };
        let stranger = |question: &Self| {
            let copies = question.distances.partition_point(|&distance| distance < COPY * usual);
            let without = std::iter::once(question.row).chain(question.nearest[..copies].iter().copied());
            Self {
                row: question.row,
                without: without.collect(),
                nearest: question.nearest[copies..].to_vec(),
                distances: question.distances[copies..].to_vec(),
            }
        };
        let strangers: Vec<Self> = questions.iter().map(stranger).collect();
        let have_copies = strangers.iter().filter(|question| question.without.len() > 1).count();
        if have_copies * FEW_HAVE_COPIES < questions.len() { Vec::new() } else { strangers }
    }

    /// As many of the nearest as the depth needs; `None` if there are fewer.
    fn at(&self, depth: usize) -> Option<&[u32]> {
        self.nearest.get(..DEPTHS[depth])
    }
}

/// The share found of the nearest at a depth, less the amount by which its standard error exceeds [`TOLERATED`], and never more
/// than this many queries can show. At the first depth, which stands for all smaller numbers, the share found of the single
/// nearest, if that is less.
fn found(held: &[Vec<bool>], depth: usize) -> f32 {
    let least = |of: &dyn Fn(&[bool]) -> f64| {
        let count = held.len().max(1) as f64;
        let mean = held.iter().map(|held| of(held)).sum::<f64>() / count;
        let variance = held.iter().map(|held| (of(held) - mean).powi(2)).sum::<f64>() / count;
        (mean - ((variance / count).sqrt() - TOLERATED).max(0.0)).max(0.0)
    };
    // Of this many none was missed; of more, some would be.
    let most = 1.0 - 0.3 / held.iter().map(Vec::len).sum::<usize>().max(1) as f64;
    let share = least(&|held| held.iter().filter(|held| **held).count() as f64 / held.len().max(1) as f64);
    let first = least(&|held| f64::from(u8::from(held.first().is_some_and(|held| *held))));
    let share = if depth == 0 { share.min(first) } else { share };
    share.min(most) as f32
}

/// The errors of estimates, relative to the query, for the hundred nearest of each query, and the resulting spread for walks.
pub(crate) fn errors<R: VectorRows + Sync, P: Pages + Sync>(
    graph: &Graph<P>,
    rows: &R,
    metric: Metric,
    questions: &[Question],
) -> Result<RecallTable, HnswError> {
    let distance = metric.distance_fn();
    let errors: Vec<Vec<[f64; 2]>> = (questions.par_iter())
        .map_init(Scratch::default, |scratch, question| {
            let query = row_of(rows, question.row)?;
            let nearest = &question.nearest[..question.nearest.len().min(DEPTHS[2])];
            let mut search = Search::new(graph, rows, distance, query, scratch, &|| false)?;
            let estimates = search.estimates(nearest)?;
            let length = f64::from(search.length().max(f32::MIN_POSITIVE));
            let both = nearest.iter().zip(estimates);
            both.map(|(&node, estimate)| {
                let truth = distance(query, row_of(rows, node)?);
                Ok(estimate.map(|estimate| f64::from(estimate - truth) / length))
            })
            .collect()
        })
        .collect::<Result<_, HnswError>>()?;
    let squares = errors.iter().flatten().map(|[first, _]| first * first);
    let count = errors.iter().map(Vec::len).sum::<usize>();
    let spread = (f64::from(SPREAD) * (squares.sum::<f64>() / count.max(1) as f64).sqrt()) as f32;
    let mut behind: Vec<f32> = errors.iter().flatten().map(|[_, both]| both.max(0.0) as f32).collect();
    behind.sort_unstable_by(|a, b| b.total_cmp(a));
    let exceeded_by = |share: f32| {
        let place = (share * behind.len() as f32) as usize;
        behind.get(place).copied().unwrap_or(0.0).max(f32::MIN_POSITIVE)
    };
    let is_known = !behind.is_empty() && spread.is_finite();
    Ok(RecallTable {
        spread: if is_known { spread } else { 0.0 },
        walks_measure: graph.has_blocks(),
        errors: is_known.then(|| LOST.map(exceeded_by)),
        ..RecallTable::default()
    })
}

/// What scans of the codes of some rows find.
pub(crate) fn scans<R: VectorRows + Sync, P: Pages + Sync>(
    graph: &Graph<P>,
    rows: &R,
    metric: Metric,
    questions: &[Question],
) -> Result<Vec<ScanPoint>, HnswError> {
    // For each query and depth, the positions of its nearest in the order of their estimates.
    let places: Vec<Vec<u32>> = (questions.par_iter())
        .map_init(Scratch::default, |scratch, question| {
            let query = row_of(rows, question.row)?;
            let mut search = Search::new(graph, rows, metric.distance_fn(), query, scratch, &|| false)?;
            let others = (0..rows.len() as u32).filter(|&other| other != question.row);
            let mut keys = search.keys(others)?;
            let width = (WIDTHS[WIDTHS.len() - 1] * question.nearest.len() as f32) as usize;
            if let Some(last) = width.min(keys.len()).checked_sub(1) {
                keys.select_nth_unstable(last);
                keys.truncate(last + 1);
            }
            keys.sort_unstable();
            let place_of: FxHashMap<u32, u32> = keys.iter().map(|&key| key_node(key)).zip(0..).collect();
            let place = |node: &u32| place_of.get(node).copied().unwrap_or(u32::MAX);
            Ok(question.nearest.iter().map(place).collect())
        })
        .collect::<Result<_, HnswError>>()?;
    let recall = |width: f32, depth: usize| {
        let within = (width * DEPTHS[depth] as f32) as u32;
        let held: Vec<Vec<bool>> = (questions.iter().zip(&places))
            .take(queries_of(depth, questions.len()))
            .filter_map(|(question, places)| question.at(depth).and(places.get(..DEPTHS[depth])))
            .map(|places| places.iter().map(|&place| place < within).collect())
            .collect();
        found(&held, depth)
    };
    let mut points: Vec<ScanPoint> = Vec::new();
    for width in WIDTHS {
        let recall = std::array::from_fn(|depth| recall(width, depth));
        points.push(ScanPoint { width, recall });
        if recall.iter().all(|recall| *recall >= COMPLETE) {
            break;
        }
    }
    Ok(points)
}

/// Queries for a graph with their true answers: some of its rows, each left out in turn. Empty for a small graph.
pub(crate) struct Questions {
    all: Vec<Question>,
    strangers: Vec<Question>,
}

impl Questions {
    /// Finds the true answers.
    pub fn new<R: VectorRows + Sync>(rows: &R, metric: Metric) -> Result<Self, HnswError> {
        let all = Question::all(rows, metric, &looked_for(rows.len(), rows.dimension()))?;
        let strangers = Question::of_strangers(&all);
        Ok(Self { all, strangers })
    }

    /// What walks over a graph and scans of its codes find.
    pub fn measure<R: VectorRows + Sync>(
        &self,
        rows: &R,
        metric: Metric,
        bytes: &[u8],
    ) -> Result<RecallTable, HnswError> {
        let graph = Graph::open(bytes)?;
        let scans = match self.all.is_empty() {
            true => Vec::new(),
            false => scans(&graph, rows, metric, &self.all[..queries_of(1, self.all.len())])?,
        };
        let table = walked(graph, rows, metric, (&self.all, &self.strangers), &Extent::WHOLE)?;
        Ok(RecallTable { scans, ..table })
    }

    /// What walks find of the ten nearest, for comparing one graph with another: with fewer queries, and no further than the
    /// comparison needs.
    pub fn measure_ten<R: VectorRows + Sync>(
        &self,
        rows: &R,
        metric: Metric,
        bytes: &[u8],
        enough: f32,
    ) -> Result<RecallTable, HnswError> {
        let some = |questions: &[Question]| questions.len().min(TO_COMPARE);
        let (all, strangers) = (&self.all[..some(&self.all)], &self.strangers[..some(&self.strangers)]);
        walked(Graph::open(bytes)?, rows, metric, (all, strangers), &Extent { depths: 1, enough })
    }
}

/// The errors of estimates, and what walks find that take them into account; nothing without queries.
fn walked<R: VectorRows + Sync>(
    graph: Graph<&[u8]>,
    rows: &R,
    metric: Metric,
    (questions, strangers): (&[Question], &[Question]),
    extent: &Extent,
) -> Result<RecallTable, HnswError> {
    if questions.is_empty() {
        return Ok(RecallTable::default());
    }
    let table = errors(&graph, rows, metric, questions)?;
    let graph = graph.with_recall(table.clone());
    let walks = Walking { graph: &graph, rows, metric }.walks((questions, strangers), extent)?;
    Ok(RecallTable { walks, ..table })
}

/// How far walks are measured.
struct Extent {
    /// Number of depths.
    depths: usize,
    /// The recall beyond which a depth is not measured further.
    enough: f32,
}

impl Extent {
    const WHOLE: Self = Self { depths: DEPTHS.len(), enough: HARDLY_ASKED_FOR };
}

/// What walks are measured on.
struct Walking<'a, R> {
    graph: &'a Graph<&'a [u8]>,
    rows: &'a R,
    metric: Metric,
}

/// Queries, each with what is left out for it.
type Asked<'a> = Vec<(&'a Question, LeftOut)>;

impl<R: VectorRows + Sync> Walking<'_, R> {
    fn walks(
        &self,
        (questions, strangers): (&[Question], &[Question]),
        extent: &Extent,
    ) -> Result<Vec<WalkPoint>, HnswError> {
        const { assert!(SLACKS.len() <= MAX_POINTS as usize && WIDTHS.len() <= MAX_POINTS as usize) };
        let (questions, strangers) = (self.left_out(questions)?, self.left_out(strangers)?);
        let mut walks: Vec<WalkPoint> = (SLACKS.iter())
            .map(|&slack| WalkPoint { slack, recall: [0.0; DEPTHS.len()], compared: [0.0; DEPTHS.len()] })
            .collect();
        let mut longest = 0;
        for depth in 0..extent.depths {
            let measured = self.walks_at(&questions, &strangers, depth, extent.enough)?;
            let mut so_far = (0.0, 0.0);
            for (place, point) in walks.iter_mut().enumerate() {
                if let Some((recall, compared)) = measured[place] {
                    // A longer walk does not find less; if it seems so, it is chance.
                    so_far = (recall.max(so_far.0), compared.max(so_far.1));
                    longest = longest.max(place);
                }
                // Between measured walks, what is known of the shorter one also holds for the longer one.
                (point.recall[depth], point.compared[depth]) = so_far;
            }
        }
        walks.truncate(longest + 1);
        Ok(walks)
    }

    /// What walks of each slack find at a depth, and how many codes they compare, for the slacks that were measured: some at
    /// first, then also those between two that find different shares.
    fn walks_at(
        &self,
        questions: &Asked<'_>,
        strangers: &Asked<'_>,
        depth: usize,
        enough: f32,
    ) -> Result<[Option<(f32, f32)>; SLACKS.len()], HnswError> {
        let most = SCAN_PAYS * self.graph.node_count() as f32;
        let mut measured = [None; SLACKS.len()];
        let measure = |place: usize| {
            let (mut recall, mut compared) = self.walk_at(questions, depth, SLACKS[place])?;
            if !strangers.is_empty() {
                let by_strangers = self.walk_at(strangers, depth, SLACKS[place])?;
                (recall, compared) = (recall.min(by_strangers.0), compared.max(by_strangers.1));
            }
            Ok::<_, HnswError>((recall, compared))
        };
        let mut before = (0.0, 0.0);
        let mut between = Vec::new();
        for place in (0..SLACKS.len()).step_by(COARSE) {
            let (recall, compared) = measure(place)?;
            measured[place] = Some((recall, compared));
            if recall > SELDOM_ASKED_FOR && recall - before.0 > TELLS {
                between.extend(place.saturating_sub(COARSE - 1)..place);
            }
            // A walk that goes no further has reached everything it can, or holds as much as it may.
            let has_ended = compared < before.1 * GOES_FURTHER && recall <= before.0;
            if compared == 0.0 || recall >= enough || compared >= most || has_ended {
                break;
            }
            before = (recall, compared);
        }
        for place in between {
            measured[place] = Some(measure(place)?);
        }
        Ok(measured)
    }

    fn left_out<'q>(&self, questions: &'q [Question]) -> Result<Asked<'q>, HnswError> {
        let sets = questions.iter().map(|question| question.without.clone()).collect();
        let left_out = LeftOut::all(self.graph, self.rows, self.metric, sets)?;
        Ok(questions.iter().zip(left_out).collect())
    }

    /// The share that walks of a slack find at a depth, and how many codes one compares.
    fn walk_at(&self, questions: &Asked<'_>, depth: usize, slack: f32) -> Result<(f32, f32), HnswError> {
        let asked = &questions[..queries_of(depth, questions.len())];
        let outcomes: Vec<(Vec<bool>, usize)> = (asked.par_iter())
            .filter_map(|(question, left_out)| Some((question, left_out, question.at(depth)?)))
            .map_init(Scratch::default, |scratch, (question, left_out, nearest)| {
                let query = row_of(self.rows, question.row)?;
                let distance = self.metric.distance_fn();
                let search = Search::new(self.graph, self.rows, distance, query, scratch, &|| false)?;
                let mut search = search.without(left_out);
                // A row that is left out has one copy fewer than a query that was never in the graph: with as many copies as
                // wanted, its walk would go beyond them, and find what a query's walk does not.
                let wanted = DEPTHS[depth] - 1;
                search.walk_to(wanted, wanted, WalkBreadth::Slack(slack), None)?;
                Ok((search.holds(&nearest[..wanted]), search.compared()))
            })
            .collect::<Result<_, HnswError>>()?;
        let compared = outcomes.iter().map(|(_, compared)| *compared as f64).sum::<f64>();
        let compared = (compared / outcomes.len().max(1) as f64) as f32;
        let held: Vec<Vec<bool>> = outcomes.into_iter().map(|(held, _)| held).collect();
        Ok((found(&held, depth), compared))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_are_not_looked_for_and_of_many_no_more_than_pay() {
        assert_eq!([0, 999, 1_000, 5_000].map(|rows| how_many(rows, 64)), [0, 0, 100, 500]);
        assert_eq!(how_many(100_000, 384), 520);
        assert_eq!(how_many(10_000_000, 512), LEAST_LOOKED_FOR);
    }

    #[test]
    fn the_share_found_of_ten_is_that_of_the_nearest_where_that_is_less() {
        let held: Vec<Vec<bool>> = (0..100).map(|query| vec![query >= 10, true, true, true]).collect();
        // 0.9 of the nearest, with a deviation of 0.3 among a hundred queries.
        assert!((found(&held, 0) - 0.872).abs() < 1e-6);
        assert!((found(&held, 1) - (0.975 - 0.0055)).abs() < 1e-6);
        assert_eq!((found(&[], 0), found(&[vec![true; 3]], 2)), (0.0, 0.9));
    }
}
