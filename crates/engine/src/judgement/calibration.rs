//! What a share among neighbours is worth: cases of the archive are asked with as if they were new, without their patients, and what their
//! neighbours say is held against what their own reports say.
//!
//! A beta curve is fitted (Kull, Silva Filho and Flach, *Beta calibration*, AISTATS 2017), with the base rate beside the share: one for all
//! findings, as few are common enough for a curve of their own. Where neighbours know nothing, it falls back to the base rate.

use super::base_rates::BaseRates;
use super::reported::Reported;
use super::votes::{Neighbour, outcomes};
use super::{LOOKED_AT, weights};
use crate::EngineError;
use crate::drawn::{Measured, drawn, may_be};
use crate::patients::Patients;
use precedent_archive::{CasePlace, Conditions, Effort, Generation, NearestTo, Selection};
use precedent_model::{PatientKey, Projection};
use precedent_query::{CalibratedShare, Calibration, PathChoice};
use precedent_vector::{Embedding, Metric};
use std::collections::HashMap;
use std::sync::Arc;

/// Cases of the archive that are asked with.
const SAMPLED: usize = 256;
/// Cases that are looked at for each: some have no report or no image of the projection.
const DRAWN: usize = 16 * SAMPLED;
/// Fewest cases that a curve is fitted on.
const FEWEST_CASES: usize = 50;
/// Fewest findings that are there, and that are not.
const FEWEST_OUTCOMES: f64 = 30.0;
/// Log odds are taken of shares no farther out than this.
const LEAST_SHARE: f64 = 1e-3;
/// The curve that leaves shares as they are, and how narrow the normal distribution around it is that keeps little evidence from making
/// a steep curve: its standard deviation is 1.
const UNCHANGED: Numbers = [0.0, 1.0, 1.0, 0.0];
const PRIOR: f64 = 1.0;
/// Steps of the fit, which takes about six, and the change at which it ends.
const STEPS: usize = 50;
const SETTLED: f64 = 1e-10;
/// How much deeper is looked where patients have several cases.
const DEEPER: usize = 4;
/// Reports that are kept while a curve is fitted, in some hundred bytes each.
const MOST_READINGS: usize = 8192;

/// The numbers of a curve, and what they are multiplied with: one, the logarithms of the share and of one over the rest, and the log odds
/// of the base rate.
type Numbers = [f64; FITTED];
const FITTED: usize = 4;
const BY_SHARE: usize = 1;
const BY_REST: usize = 2;
/// What the numbers are multiplied with, and what happened.
type Row = (Numbers, f64);

/// What neighbours said of a finding of a case, and what its own report says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub share: f64,
    pub base_rate: f64,
    /// 1 if the finding is there, 1/2 if it may be, else 0.
    pub has: f64,
}

/// The curves that were fitted, for each projection and number of neighbours; none where the archive is too small.
#[derive(Debug, Default)]
pub(crate) struct Calibrations(Measured<(Option<Projection>, usize), Calibration>);

impl Calibrations {
    /// The curve for so many neighbours of an image of a projection.
    pub(super) fn of(
        &self,
        snapshot: &dyn Generation,
        rates: &BaseRates,
        (projection, neighbours): (Option<Projection>, usize),
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Calibration>, EngineError> {
        let measure =
            || Ok(measure(snapshot, rates, projection, neighbours, stop)?.into_iter().collect::<Vec<_>>());
        let found = self.0.of((projection, neighbours), snapshot.cases(), measure)?;
        Ok(found.first().copied())
    }
}

/// A share with its interval, as a curve corrects them.
pub(super) fn calibrated(
    by: &Calibration,
    [lower, share, upper]: [f64; 3],
    base_rate: f64,
) -> CalibratedShare {
    let curve = [by.constant, by.by_share, by.by_rest, by.by_base_rate];
    let on_curve = |share| odds_to_share(dot(row(share, base_rate), curve));
    let [lower, share, upper] = [lower, share, upper].map(on_curve);
    CalibratedShare { share, lower, upper }
}

fn measure(
    snapshot: &dyn Generation,
    rates: &BaseRates,
    projection: Option<Projection>,
    neighbours: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Calibration>, EngineError> {
    let mut readings = Readings { snapshot, read: HashMap::new() };
    let (mut cases, mut found) = (0, Vec::new());
    for place in drawn(snapshot, DRAWN, stop)? {
        if cases == SAMPLED {
            break;
        }
        if stop() {
            return Err(EngineError::Cancelled);
        }
        let Some(own) = readings.of(place)? else { continue };
        let entry = snapshot.entry(place)?;
        let mut asked = None;
        for (image, vector) in &entry.embeddings {
            if may_be(snapshot, place, entry.case.images.get(*image), projection)? {
                asked = Some(vector);
                break;
            }
        }
        let Some(vector) = asked else { continue };
        let patients: Vec<&PatientKey> = entry.case.patient.iter().collect();
        let conditions = Conditions { not_patients: patients, without: &[place], ..Conditions::default() };
        let others = snapshot.select(&conditions, stop)?;
        let nearest = nearest(snapshot, others.as_ref(), vector, projection, neighbours * LOOKED_AT, stop)?;
        let voting = voting(snapshot, &nearest, neighbours, &mut readings, stop)?;
        if voting.is_empty() {
            continue;
        }
        found.extend(outcomes(snapshot, rates, &voting, &own, stop)?);
        cases += 1;
    }
    Ok(fit(&found).filter(|_| cases >= FEWEST_CASES).map(|[constant, by_share, by_rest, by_base_rate]| {
        Calibration {
            cases,
            shares: found.len(),
            generation: snapshot.generation(),
            constant,
            by_share,
            by_rest,
            by_base_rate,
        }
    }))
}

/// Reports that were read, as many cases have neighbours in common.
struct Readings<'a> {
    snapshot: &'a dyn Generation,
    read: HashMap<CasePlace, Option<Arc<Reported>>>,
}

impl Readings<'_> {
    fn of(&mut self, place: CasePlace) -> Result<Option<Arc<Reported>>, EngineError> {
        if let Some(known) = self.read.get(&place) {
            return Ok(known.clone());
        }
        let reported = Reported::of(self.snapshot, place)?.map(Arc::new);
        if self.read.len() < MOST_READINGS {
            self.read.insert(place, reported.clone());
        }
        Ok(reported)
    }
}

/// The nearest cases of like views with their similarities, one of each patient, as a search by an image finds them.
fn nearest(
    snapshot: &dyn Generation,
    others: &dyn Selection,
    vector: &Embedding,
    projection: Option<Projection>,
    wanted: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<(CasePlace, f32)>, EngineError> {
    let by_view = match projection {
        Some(projection) if snapshot.has_other_projections(projection)? => Some(others.split(projection)?),
        _ => None,
    };
    let alike = by_view.as_ref().map_or(others, |[alike, _]| alike.as_ref());
    let definition = snapshot.definition();
    let effort =
        definition.graph.ef_search.map_or(Effort::Recall(definition.graph.target_recall), Effort::Width);
    let metric = definition.image_space.as_ref().map_or(Metric::Cosine, |space| space.metric());
    let mut depth = wanted;
    loop {
        let to = NearestTo { query: vector, k: depth, effort, path: PathChoice::Auto, order_alone: false };
        let cases = alike.nearest(&to, stop)?.cases;
        let (mut patients, mut found) = (Patients::default(), Vec::with_capacity(wanted));
        for (place, case) in &cases {
            if found.len() < wanted && patients.add(snapshot, *place)? {
                found.push((*place, metric.similarity(case.distance)));
            }
        }
        if found.len() == wanted || cases.len() < depth || depth >= alike.count() {
            return Ok(found);
        }
        depth = depth.saturating_mul(DEEPER);
    }
}

/// The first of some cases that have a report.
fn voting(
    snapshot: &dyn Generation,
    nearest: &[(CasePlace, f32)],
    wanted: usize,
    readings: &mut Readings<'_>,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Neighbour>, EngineError> {
    let (mut scores, mut said) = (Vec::with_capacity(wanted), Vec::with_capacity(wanted));
    for (place, score) in nearest {
        if said.len() == wanted {
            break;
        }
        if stop() {
            return Err(EngineError::Cancelled);
        }
        if let Some(reported) = readings.of(*place)? {
            scores.push(*score);
            said.push(reported);
        }
    }
    let metric = snapshot.definition().image_space.as_ref().map(|space| space.metric());
    let weights = weights(&scores, metric).into_iter();
    Ok(weights.zip(said).map(|(weight, said)| Neighbour { weight, said }).collect())
}

/// The curve under which the outcomes are likeliest, of those that do not fall; `None` where too little happened or did not.
fn fit(outcomes: &[Outcome]) -> Option<Numbers> {
    let there: f64 = outcomes.iter().map(|outcome| outcome.has).sum();
    if there < FEWEST_OUTCOMES || (outcomes.len() as f64) - there < FEWEST_OUTCOMES {
        return None;
    }
    let rows: Vec<Row> =
        outcomes.iter().map(|outcome| (row(outcome.share, outcome.base_rate), outcome.has)).collect();
    let mut free = [true; FITTED];
    loop {
        let at = minimum(&rows, free)?;
        // A curve falls where the share or the rest counts less than nothing: then it counts for nothing.
        let falling = |number: &usize| at[*number] < 0.0;
        let Some(number) = [BY_SHARE, BY_REST].into_iter().find(falling) else { return Some(at) };
        free[number] = false;
    }
}

/// Where the loss is least, by Newton's method, if only some numbers may differ from 0.
fn minimum(rows: &[Row], free: [bool; FITTED]) -> Option<Numbers> {
    let mut at: Numbers = std::array::from_fn(|number| if free[number] { UNCHANGED[number] } else { 0.0 });
    let mut loss_here = loss(rows, at);
    for _ in 0..STEPS {
        let (mut slope, mut curvature) = derivatives(rows, at);
        for number in (0..FITTED).filter(|number| !free[*number]) {
            slope[number] = 0.0;
            curvature.iter_mut().for_each(|line| line[number] = 0.0);
            curvature[number] = [0.0; FITTED];
            curvature[number][number] = 1.0;
        }
        let step = solve(curvature, slope)?;
        // Half as far until it helps: far from the end a whole step may lead away from it.
        let mut share = 1.0;
        let (next, loss_next) = loop {
            let next: Numbers = std::array::from_fn(|number| at[number] - share * step[number]);
            let loss_next = loss(rows, next);
            if loss_next <= loss_here || share < SETTLED {
                break (next, loss_next);
            }
            share /= 2.0;
        };
        let moved = (0..FITTED).map(|number| (next[number] - at[number]).abs()).fold(0.0, f64::max);
        (at, loss_here) = (next, loss_next);
        if moved < SETTLED {
            break;
        }
    }
    Some(at)
}

fn loss(rows: &[Row], at: Numbers) -> f64 {
    let of_row = |(row, has): &Row| {
        let odds = dot(*row, at);
        // ln(1 + e^odds), without overflow.
        odds.max(0.0) + (-odds.abs()).exp().ln_1p() - has * odds
    };
    let from_prior: f64 = (0..FITTED).map(|number| (at[number] - UNCHANGED[number]).powi(2)).sum();
    rows.iter().map(of_row).sum::<f64>() + PRIOR / 2.0 * from_prior
}

fn derivatives(rows: &[Row], at: Numbers) -> (Numbers, [Numbers; FITTED]) {
    let mut slope: Numbers = std::array::from_fn(|number| PRIOR * (at[number] - UNCHANGED[number]));
    let mut curvature = [[0.0; FITTED]; FITTED];
    for (number, line) in curvature.iter_mut().enumerate() {
        line[number] = PRIOR;
    }
    for (row, has) in rows {
        let share = odds_to_share(dot(*row, at));
        for (one, line) in curvature.iter_mut().enumerate() {
            slope[one] += (share - has) * row[one];
            for (other, cell) in line.iter_mut().enumerate() {
                *cell += share * (1.0 - share) * row[one] * row[other];
            }
        }
    }
    (slope, curvature)
}

/// The solution of some equations by elimination. What curves upwards everywhere needs no other order of them.
fn solve(mut of: [Numbers; FITTED], mut is: Numbers) -> Option<Numbers> {
    for pivot in 0..FITTED {
        let line = of[pivot];
        if line[pivot] <= 0.0 {
            return None;
        }
        for below in pivot + 1..FITTED {
            let share = of[below][pivot] / line[pivot];
            of[below].iter_mut().zip(line).for_each(|(cell, above)| *cell -= share * above);
            is[below] -= share * is[pivot];
        }
    }
    let mut found = [0.0; FITTED];
    for place in (0..FITTED).rev() {
        let known: f64 = (place + 1..FITTED).map(|other| of[place][other] * found[other]).sum();
        found[place] = (is[place] - known) / of[place][place];
    }
    Some(found)
}

fn dot(one: Numbers, other: Numbers) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// What the numbers of a curve are multiplied with.
fn row(share: f64, base_rate: f64) -> Numbers {
    let share = share.clamp(LEAST_SHARE, 1.0 - LEAST_SHARE);
    [1.0, share.ln(), -(1.0 - share).ln(), log_odds(base_rate)]
}

fn log_odds(share: f64) -> f64 {
    let share = share.clamp(LEAST_SHARE, 1.0 - LEAST_SHARE);
    (share / (1.0 - share)).ln()
}

fn odds_to_share(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many outcomes of a share, of which that part happened.
    fn of(share: f64, base_rate: f64, times: usize, happened: usize) -> Vec<Outcome> {
        let outcome = |number| Outcome { share, base_rate, has: if number < happened { 1.0 } else { 0.0 } };
        (0..times).map(outcome).collect()
    }

    fn curve([constant, by_share, by_rest, by_base_rate]: Numbers) -> Calibration {
        Calibration { cases: 0, shares: 0, generation: 0, constant, by_share, by_rest, by_base_rate }
    }

    fn share_of(by: &Calibration, share: f64, base_rate: f64) -> f64 {
        calibrated(by, [share; 3], base_rate).share
    }

    #[test]
    fn a_curve_says_how_often_it_happened() {
        let shares = [(0.2, 0.1, 1000, 100), (0.5, 0.1, 1000, 500), (0.8, 0.1, 1000, 900)];
        let outcomes: Vec<Outcome> = shares.iter().flat_map(|&(a, b, c, d)| of(a, b, c, d)).collect();
        let by = curve(fit(&outcomes).unwrap());
        for (share, base_rate, times, happened) in shares {
            let (found, wanted) = (share_of(&by, share, base_rate), happened as f64 / times as f64);
            assert!((found - wanted).abs() < 0.005, "{found} in place of {wanted}");
        }
        assert!(by.by_share > 1.5 && by.by_rest > 1.5, "shares were too timid: {by:?}");
    }

    #[test]
    fn the_curve_is_where_the_loss_is_least() {
        let outcomes: Vec<Outcome> = [(0.3, 0.2, 40, 20), (0.6, 0.05, 50, 45), (0.1, 0.4, 70, 3)]
            .iter()
            .flat_map(|&(a, b, c, d)| of(a, b, c, d))
            .collect();
        let at = fit(&outcomes).unwrap();
        let rows: Vec<Row> = outcomes.iter().map(|o| (row(o.share, o.base_rate), o.has)).collect();
        let (slope, _) = derivatives(&rows, at);
        assert!(slope.iter().all(|number| number.abs() < 1e-6), "{slope:?}");
        for number in 0..FITTED {
            for away in [-0.01, 0.01] {
                let mut beside = at;
                beside[number] += away;
                assert!(loss(&rows, beside) > loss(&rows, at));
            }
        }
    }

    #[test]
    fn neighbours_that_know_nothing_leave_the_base_rate() {
        let mut outcomes = Vec::new();
        for share in [0.1, 0.3, 0.5, 0.7] {
            outcomes.extend(of(share, 0.1, 1000, 100));
            outcomes.extend(of(share, 0.4, 1000, 400));
        }
        let by = curve(fit(&outcomes).unwrap());
        for share in [0.1, 0.7] {
            assert!((share_of(&by, share, 0.1) - 0.1).abs() < 0.01, "{by:?}");
            assert!((share_of(&by, share, 0.4) - 0.4).abs() < 0.01, "{by:?}");
        }
    }

    #[test]
    fn no_curve_falls() {
        let outcomes: Vec<Outcome> =
            [(0.1, 0.2, 200, 60), (0.3, 0.2, 200, 20), (0.5, 0.2, 200, 20), (0.9, 0.2, 200, 120)]
                .iter()
                .flat_map(|&(a, b, c, d)| of(a, b, c, d))
                .collect();
        let rows: Vec<Row> = outcomes.iter().map(|o| (row(o.share, o.base_rate), o.has)).collect();
        assert!(minimum(&rows, [true; FITTED]).unwrap()[BY_SHARE] < 0.0, "one that may fall does");
        let by = curve(fit(&outcomes).unwrap());
        assert!(by.by_share == 0.0 && by.by_rest > 0.0, "{by:?}");
        let shares: Vec<f64> = (0..=20).map(|step| share_of(&by, f64::from(step) / 20.0, 0.2)).collect();
        assert!(shares.is_sorted(), "{shares:?}");
    }

    #[test]
    fn little_evidence_makes_no_curve() {
        assert!(fit(&of(0.5, 0.2, 1000, 29)).is_none());
        assert!(fit(&of(0.5, 0.2, 1000, 971)).is_none());
        assert!(fit(&[]).is_none());
        // All that happened lies above all that did not: without the prior no curve would be steep enough.
        let apart = [of(0.1, 0.2, 100, 0), of(0.9, 0.2, 100, 100)].concat();
        let found = fit(&apart).unwrap();
        assert!(found.iter().all(|number| number.abs() < 10.0), "{found:?}");
    }

    #[test]
    fn an_interval_holds_its_share_and_shares_of_none_and_all_have_odds() {
        let by = curve([0.5, 1.5, 2.0, -0.2]);
        let found = calibrated(&by, [0.2, 0.5, 0.7], 0.1);
        assert!(
            0.0 < found.lower && found.lower < found.share && found.share < found.upper && found.upper < 1.0
        );
        let ends = calibrated(&by, [0.0, 0.0, 1.0], 0.0);
        assert!(ends.lower > 0.0 && ends.upper < 1.0, "{ends:?}");
        let unchanged = calibrated(&curve(UNCHANGED), [0.25; 3], 0.1).share;
        assert!((unchanged - 0.25).abs() < 1e-12, "{unchanged}");
    }
}
