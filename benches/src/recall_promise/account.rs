//! What searches find beside what is true, and which promises do not hold.

use crate::situations::{ENCODER, Scene};
use crate::truth::{cases, nearest};
use precedent_benches::figures::mean;
use precedent_index::{Effort, SegmentPath};
use precedent_query::PathChoice;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::error::Error;
use std::time::Instant;

pub const TARGETS: [f32; 4] = [0.9, 0.95, 0.99, 0.999];
pub const COUNTS: [usize; 11] = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1_000];
/// What a promise may be missed by, besides what chance explains.
const ALLOWANCE: f64 = 0.005;
/// Standard errors that are chance.
const CHANCE: f64 = 2.0;

type Problem = Box<dyn Error + Send + Sync>;

/// One answer of one query.
#[derive(Debug, Clone, Copy)]
struct Answer {
    recall: f64,
    first_case: Option<u32>,
    first_is_right: bool,
    in_order: bool,
    is_short: bool,
    path: SegmentPath,
    micros: f64,
}

/// What all queries got for a target and a number of neighbours.
#[derive(Debug, Clone)]
pub struct Row {
    pub target: f32,
    pub k: usize,
    pub recall: f64,
    /// The standard error of the recall.
    pub error: f64,
    /// Share of queries whose truly nearest came first.
    pub first: f64,
    /// Queries with hits that are not in the order of their true distances.
    pub disordered: usize,
    /// Queries that got fewer hits than there are.
    pub short: usize,
    /// Queries by path: compared, scanned, walked, walked under a filter.
    pub paths: [usize; 4],
    pub micros: f64,
}

/// What a target gave, over all numbers of neighbours.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub target: f32,
    pub rows: Vec<Row>,
    /// Queries whose first hit depends on the number of neighbours.
    pub first_differs: usize,
}

/// Asks every query for every target and number of neighbours.
pub fn ask(scene: &Scene<'_>) -> Result<Vec<Outcome>, Problem> {
    let queries = 0..scene.distances.queries();
    let answers =
        queries.into_par_iter().map(|query| answers(scene, query)).collect::<Result<Vec<_>, Problem>>()?;
    Ok(TARGETS.iter().enumerate().map(|(place, &target)| outcome(target, place, &answers)).collect())
}

/// For each target and number of neighbours the answer to a query.
fn answers(scene: &Scene<'_>, query: usize) -> Result<Vec<Vec<Answer>>, Problem> {
    let Scene { vectors, distances, index, situation } = scene;
    let values = &vectors.queries[query * vectors.dimension..][..vectors.dimension];
    let embedding = index.space.admit(ENCODER, values)?;
    let cases = cases(distances, query, index.images);
    let accepted = situation.accepted(vectors, index, query, &cases);
    let truth = nearest(&cases, |case| accepted[case], COUNTS[COUNTS.len() - 1]);
    let sets = index.sets(&accepted);
    let answer = |target: f32, k: usize| {
        let started = Instant::now();
        let how = (Effort::Recall(target), PathChoice::Auto);
        let found = index.snapshot.nearest(&embedding, k, how, &sets, &|| false)?;
        let micros = started.elapsed().as_secs_f64() * 1e6;
        let hits: Vec<u32> = found.cases.iter().map(|(place, _)| index.case(*place)).collect();
        let wanted = k.min(truth.len());
        // As near as the last of the nearest is as good, up to rounding.
        let as_near = |hit: u32, true_case: u32| {
            let (hit, limit) = (cases[hit as usize], cases[true_case as usize]);
            hit.distance <= limit.distance + limit.rounding + hit.rounding
        };
        let right = truth[..wanted].last().map_or(0, |&last| {
            hits.iter().filter(|&&hit| accepted[hit as usize] && as_near(hit, last)).count()
        });
        let mut distinct = hits.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let first = hits.first().copied();
        Ok(Answer {
            recall: if wanted == 0 { 1.0 } else { right as f64 / wanted as f64 },
            first_case: first,
            first_is_right: first
                .is_none_or(|first| truth.first().is_some_and(|&truth| as_near(first, truth))),
            in_order: hits.windows(2).all(|pair| as_near(pair[0], pair[1])),
            is_short: distinct.len() != wanted || hits.len() != wanted,
            path: found.path,
            micros,
        })
    };
    TARGETS.iter().map(|&target| COUNTS.iter().map(|&k| answer(target, k)).collect()).collect()
}

fn outcome(target: f32, place: usize, answers: &[Vec<Vec<Answer>>]) -> Outcome {
    let rows = COUNTS.iter().enumerate().map(|(number, &k)| {
        let of_row: Vec<&Answer> = answers.iter().map(|answers| &answers[place][number]).collect();
        let count = of_row.len().max(1) as f64;
        let recall = mean(of_row.iter().map(|answer| answer.recall));
        let squares: f64 = of_row.iter().map(|answer| (answer.recall - recall).powi(2)).sum();
        let taken = |path: SegmentPath| of_row.iter().filter(|answer| answer.path == path).count();
        Row {
            target,
            k,
            recall,
            error: (squares / (count - 1.0).max(1.0) / count).sqrt(),
            first: mean(of_row.iter().map(|answer| f64::from(u8::from(answer.first_is_right)))),
            disordered: of_row.iter().filter(|answer| !answer.in_order).count(),
            short: of_row.iter().filter(|answer| answer.is_short).count(),
            paths: [SegmentPath::Compared, SegmentPath::Scanned, SegmentPath::Walked, SegmentPath::Filtered]
                .map(taken),
            micros: mean(of_row.iter().map(|answer| answer.micros)),
        }
    });
    let differs =
        |answers: &[Answer]| answers.iter().any(|answer| answer.first_case != answers[0].first_case);
    Outcome {
        target,
        rows: rows.collect(),
        first_differs: answers.iter().filter(|answers| differs(&answers[place])).count(),
    }
}

impl Row {
    /// What is wrong with it, if anything.
    pub fn faults(&self) -> Vec<&'static str> {
        let all: usize = self.paths.iter().sum();
        [
            (self.margin() < 0.0, "recall"),
            (self.paths[0] == all && self.recall < 1.0, "compared, not exact"),
            (self.disordered > 0, "order"),
            (self.short > 0, "fewer hits"),
        ]
        .into_iter()
        .filter_map(|(is_wrong, name)| is_wrong.then_some(name))
        .collect()
    }

    /// How far the recall is from being a broken promise, in favour of the promise.
    pub fn margin(&self) -> f64 {
        self.recall + CHANCE * self.error - (f64::from(self.target) - ALLOWANCE)
    }

    pub fn json(&self) -> Value {
        json!({
            "k": self.k,
            "recall": self.recall,
            "standard_error": self.error,
            "nearest_first": self.first,
            "disordered": self.disordered,
            "short": self.short,
            "compared_scanned_walked_filtered": self.paths,
            "us": self.micros,
        })
    }
}

impl Outcome {
    /// The row that is nearest to breaking its promise.
    pub fn worst(&self) -> Option<&Row> {
        self.rows.iter().min_by(|a, b| a.margin().total_cmp(&b.margin()))
    }

    /// The row of so many neighbours.
    pub fn at(&self, k: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.k == k)
    }

    pub fn paths(&self) -> [usize; 4] {
        let mut paths = [0; 4];
        for (place, of_row) in self.rows.iter().flat_map(|row| row.paths.iter().enumerate()) {
            paths[place % 4] += of_row;
        }
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(recall: f64, first_case: u32) -> Answer {
        Answer {
            recall,
            first_case: Some(first_case),
            first_is_right: first_case == 0,
            in_order: true,
            is_short: false,
            path: SegmentPath::Walked,
            micros: 1.0,
        }
    }

    #[test]
    fn a_promise_is_broken_where_chance_does_not_explain_it() {
        let rows = |recalls: &[f64]| {
            let answers: Vec<Vec<Vec<Answer>>> = (recalls.iter())
                .map(|&recall| vec![vec![answer(recall, 0); COUNTS.len()]; TARGETS.len()])
                .collect();
            outcome(0.9, 0, &answers).rows
        };
        assert_eq!(rows(&[0.89; 100])[0].faults(), ["recall"]);
        assert!(rows(&[0.896; 100])[0].faults().is_empty());
        // A mean of 0.8 with a standard error of 0.18.
        let row = &rows(&[1.0, 1.0, 1.0, 1.0, 0.0])[0];
        assert!(row.faults().is_empty() && (row.error - 0.2).abs() < 0.001, "{}", row.error);
    }

    #[test]
    fn a_first_hit_that_depends_on_the_count_is_counted() {
        let of = |last: u32| {
            let mut answers = vec![answer(1.0, 0); COUNTS.len() - 1];
            answers.push(answer(1.0, last));
            vec![answers; TARGETS.len()]
        };
        assert_eq!(outcome(0.9, 0, &[of(0), of(1), of(2)]).first_differs, 2);
    }
}
