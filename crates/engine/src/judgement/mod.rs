//! What the neighbours of a query say together, and what speaks against it. It follows the final order and goes before the page, so that
//! it does not depend on how many hits are shown.

mod abstention;
mod base_rates;
mod calibration;
mod dissent;
mod diversity;
mod interval;
mod reported;
mod votes;

pub(crate) use abstention::Backgrounds;
pub(crate) use base_rates::BaseRates;
pub(crate) use calibration::Calibrations;
pub(crate) use diversity::diversify;

use crate::EngineError;
use crate::admit::Query;
use crate::channel;
use crate::fusion::Fused;
use crate::patients::Patients;
use precedent_archive::Generation;
use precedent_model::{Assertion, FieldSchema, Projection};
use precedent_query::{
    Abstention, AnswerPart, Consensus, DEFAULT_FALSE_ALARM_RATE, Dissent, Unavailable, UnavailableReason,
    finding_assertion, finding_column,
};
use precedent_vector::Metric;
use reported::Reported;
use std::sync::Arc;
use votes::Neighbour;

/// How many cases of the answer are looked at for each neighbour that is to vote: some have no report, show another view, or are of a patient
/// who has voted.
const LOOKED_AT: usize = 2;
/// By how much less similar a neighbour is that counts 1/e of the nearest, in cosine. What a share then means is for the
/// calibration to say.
const COSINE_SCALE: f64 = 0.05;
/// Other metrics have no scale of their own: the farthest neighbour counts e^-3 of the nearest, a twentieth.
const SCALES_TO_FARTHEST: f64 = 3.0;

/// What was counted and measured in the whole archive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measures<'a> {
    pub rates: &'a BaseRates,
    pub backgrounds: &'a Backgrounds,
    pub calibrations: &'a Calibrations,
}

/// What is said beside the hits.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub consensus: Option<Consensus>,
    pub dissent: Option<Dissent>,
    pub abstention: Option<Abstention>,
    pub unavailable: Vec<Unavailable>,
}

impl Judged {
    fn without(mut self, parts: &[AnswerPart], reason: UnavailableReason) -> Self {
        self.unavailable.extend(parts.iter().map(|&part| Unavailable { part, reason }));
        self
    }
}

/// How many cases the answer must have, beside the hits, for neighbours to vote and for hits to be chosen from. It is the same for all
/// pages.
pub(crate) fn cases_wanted(query: &Query<'_>) -> usize {
    let (request, limit) = (query.request, query.request.limits.limit);
    let neighbours = request.neighbours().filter(|_| is_by_image(query)).unwrap_or(0);
    let chosen_from = request.diversity.map_or(0, |_| diversity::depth(limit));
    limit.max(neighbours.saturating_mul(LOOKED_AT)).max(chosen_from).max(request.rerank)
}

/// Lets the first cases of an answer vote, if the request wants them to, and looks for what speaks against them.
pub(crate) fn judge(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    counted: &Measures<'_>,
    answer: &[Fused],
    stop: &dyn Fn() -> bool,
) -> Result<Judged, EngineError> {
    const OF_VOTES: [AnswerPart; 2] = [AnswerPart::Consensus, AnswerPart::Dissent];
    let Some(wanted) = query.request.neighbours() else { return Ok(Judged::default()) };
    let mut judged = Judged::default();
    let rate = query.request.false_alarm_rate.unwrap_or(DEFAULT_FALSE_ALARM_RATE);
    match abstention::judge(snapshot, query, counted.backgrounds, rate, stop)? {
        Ok(found) => judged.abstention = Some(found),
        Err(reason) => judged = judged.without(&[AnswerPart::Abstention], reason),
    }
    if !is_by_image(query) {
        return Ok(judged.without(&OF_VOTES, UnavailableReason::NoImageQuery));
    }
    if hides_findings(&snapshot.definition().fields) {
        return Ok(judged.without(&OF_VOTES, UnavailableReason::HiddenFindings));
    }
    let neighbours = neighbours(snapshot, query, answer, wanted, stop)?;
    if neighbours.is_empty() {
        return Ok(judged.without(&OF_VOTES, UnavailableReason::NoReports));
    }
    let calibration = match is_by_image_alone(query) {
        false => Err(UnavailableReason::NotByImageAlone),
        true => {
            let of = (projection(query), wanted);
            counted.calibrations.of(snapshot, counted.rates, of, stop)?.ok_or(UnavailableReason::FewReports)
        }
    };
    if let Err(reason) = calibration {
        judged = judged.without(&[AnswerPart::Calibration], reason);
    }
    let consensus = votes::count(snapshot, counted.rates, &neighbours, calibration.ok(), stop)?;
    let dissent = dissent::find(snapshot, query, &consensus, stop)?;
    Ok(Judged { consensus: Some(consensus), dissent: Some(dissent), ..judged })
}

/// Whether cases are near to images. What is near to words shows what the words say: that is no vote.
fn is_by_image(query: &Query<'_>) -> bool {
    let request = query.request;
    let images = request.images.len() + request.encoded_images.len() + request.examples.len();
    query.asks_image() && images + request.vectors.len() > 0
}

/// Whether the first cases of the answer are the nearest by image among all that guards leave.
fn is_by_image_alone(query: &Query<'_>) -> bool {
    let (request, least) = (query.request, &query.request.minimum);
    request.image_text.is_none()
        && request.filter.is_none()
        && query.asks_lexical().is_none()
        && !query.asks_sentence()
        && request.rerank == 0
        && least.image.is_none()
        && least.lexical.is_none()
}

/// The projection of all images of a query, if it is one and known.
fn projection(query: &Query<'_>) -> Option<Projection> {
    let mut of_images = (0..query.vectors.len()).map(|vector| query.projection(vector));
    let first = of_images.next()?;
    of_images.all(|other| other == first).then_some(first)?
}

/// Whether a field of the index has the name of a column of findings, which filters then do not reach.
fn hides_findings(fields: &FieldSchema) -> bool {
    let columns = [Assertion::Present, Assertion::Uncertain, Assertion::Absent].map(finding_column);
    columns.iter().any(|column| finding_assertion(column, fields).is_none())
}

/// The first cases of an answer that have a report, are not known to be of other views, and may not be of one patient.
fn neighbours(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    answer: &[Fused],
    wanted: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Neighbour>, EngineError> {
    let looked_at = &answer[..answer.len().min(wanted.saturating_mul(LOOKED_AT))];
    snapshot.prefetch(&looked_at.iter().map(|fused| fused.place).collect::<Vec<_>>());
    let (mut found, mut patients) = (Vec::with_capacity(wanted), Patients::default());
    for fused in looked_at {
        if found.len() == wanted {
            break;
        }
        if stop() {
            return Err(EngineError::Cancelled);
        }
        let Some(score) = channel::image::score_of_like_view(snapshot, query, fused.place)? else { continue };
        let Some(said) = Reported::of(snapshot, fused.place)? else { continue };
        if patients.add(snapshot, fused.place)? {
            found.push((score, said));
        }
    }
    let scores: Vec<f32> = found.iter().map(|(score, _)| *score).collect();
    let metric = snapshot.definition().image_space.as_ref().map(|space| space.metric());
    let weights = weights(&scores, metric).into_iter();
    Ok(weights.zip(found).map(|(weight, (_, said))| Neighbour { weight, said: Arc::new(said) }).collect())
}

/// `exp((score - best) / scale)` for each score.
fn weights(scores: &[f32], metric: Option<Metric>) -> Vec<f64> {
    let best = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let worst = scores.iter().copied().fold(f32::INFINITY, f32::min);
    let scale = match metric {
        Some(Metric::Cosine) => COSINE_SCALE,
        _ => f64::from(best - worst) / SCALES_TO_FARTHEST,
    };
    let weight = |score: &f32| match scale > 0.0 {
        true => (f64::from(score - best) / scale).exp(),
        false => 1.0,
    };
    scores.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_counts_one_and_others_less() {
        let weights = weights(&[0.9, 0.95, 0.85], Some(Metric::Cosine));
        let expected = [(-1.0_f64).exp(), 1.0, (-2.0_f64).exp()];
        assert!(
            weights.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-5),
            "{weights:?}"
        );
    }

    #[test]
    fn other_metrics_are_scaled_by_the_farthest() {
        let found = weights(&[-1.0, -2.5, -4.0], Some(Metric::L2));
        let expected = [1.0, (-1.5_f64).exp(), (-3.0_f64).exp()];
        assert!(
            found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12),
            "{found:?}"
        );
        assert_eq!(weights(&[-2.0, -2.0], Some(Metric::L2)), [1.0, 1.0]);
        assert!(weights(&[], Some(Metric::Dot)).is_empty());
    }
}
