//! Whether the archive holds anything comparable: the best match of a query beside the best matches of the archive's own images.
//!
//! Images of the archive are searched for as if they were new, without their patients. The p-value of a query is the share of them, itself
//! included, whose best match is no better (conformal prediction: Vovk, Gammerman and Shafer, *Algorithmic Learning in a Random World*,
//! 2005). Where queries are like the archive's images it is at most `r` for a share `r` of them, whatever the encoder.

use super::is_by_image;
use crate::EngineError;
use crate::admit::Query;
use crate::drawn::{Measured, drawn, may_be};
use precedent_archive::{Conditions, Effort, Generation, NearestTo, Selection};
use precedent_model::{PatientKey, Projection};
use precedent_query::{Abstention, PathChoice, UnavailableReason};
use precedent_vector::{Embedding, Metric};

/// Images of the archive that are searched for. With so many a rate of 0.05 is off by 0.014 (standard deviation).
const SAMPLED: usize = 256;
/// Cases that are looked at for each: some have no image of the projection.
const LOOKED_AT: usize = 16;

/// The similarities of best matches that were measured, ascending, for each projection.
#[derive(Debug, Default)]
pub(crate) struct Backgrounds(Measured<Option<Projection>, f32>);

/// Judges whether there is an adequate precedent for the images of a query, at this rate of false alarms. With several images one that has
/// a precedent is enough.
pub(super) fn judge(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    backgrounds: &Backgrounds,
    rate: f64,
    stop: &dyn Fn() -> bool,
) -> Result<Result<Abstention, UnavailableReason>, EngineError> {
    if !is_by_image(query) {
        return Ok(Err(UnavailableReason::NoImageQuery));
    }
    let named = query.guards.patient.iter().map(|patient| &patient.value);
    let conditions = Conditions {
        not_patients: named.chain(&query.guards.example_patients).collect(),
        without: &query.examples,
        ..Conditions::default()
    };
    let others = snapshot.select(&conditions, stop)?;
    let mut best: Option<Abstention> = None;
    for (index, vector) in query.vectors.iter().enumerate().filter(|(index, _)| query.is_of_image(*index)) {
        let projection = query.projection(index);
        let similarity = best_match(snapshot, others.as_ref(), vector, projection, stop)?;
        let measure = || measure(snapshot, projection, stop);
        let background = backgrounds.0.of(projection, snapshot.cases(), measure)?;
        let (p_value, images) = match similarity {
            None => (0.0, background.len()),
            Some(_) if background.len() < fewest(rate) => return Ok(Err(UnavailableReason::FewImages)),
            Some(similarity) => {
                let no_better = background.partition_point(|other| *other <= similarity);
                ((no_better + 1) as f64 / (background.len() + 1) as f64, background.len())
            }
        };
        let abstains = p_value <= rate;
        let found = Abstention { abstains, p_value, rate, similarity, background_images: images, projection };
        if best.as_ref().is_none_or(|best| found.p_value > best.p_value) {
            best = Some(found);
        }
    }
    Ok(best.ok_or(UnavailableReason::NoImageQuery))
}

/// Fewest images of a background of which the lowest p-value is not above the rate.
fn fewest(rate: f64) -> usize {
    (1.0 / rate - 1.0).ceil() as usize
}

/// How similar the best match is among cases that may be of the same projection.
fn best_match(
    snapshot: &dyn Generation,
    others: &dyn Selection,
    vector: &Embedding,
    projection: Option<Projection>,
    stop: &dyn Fn() -> bool,
) -> Result<Option<f32>, EngineError> {
    let projection = match projection {
        Some(projection) if snapshot.has_other_projections(projection)? => Some(projection),
        _ => None,
    };
    let graph = &snapshot.definition().graph;
    let effort = graph.ef_search.map_or(Effort::Recall(graph.target_recall), Effort::Width);
    let to = NearestTo { query: vector, k: 1, effort, path: PathChoice::Auto, order_alone: false };
    let nearest = match projection {
        Some(projection) => others.split(projection)?[0].nearest(&to, stop)?,
        None => others.nearest(&to, stop)?,
    };
    let metric = snapshot.definition().image_space.as_ref().map_or(Metric::Cosine, |space| space.metric());
    Ok(nearest.cases.first().map(|(_, case)| metric.similarity(case.distance)))
}

/// The similarities of best matches of the archive's own images of a projection, ascending.
fn measure(
    snapshot: &dyn Generation,
    projection: Option<Projection>,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<f32>, EngineError> {
    let mut similarities = Vec::with_capacity(SAMPLED);
    for place in drawn(snapshot, LOOKED_AT * SAMPLED, stop)? {
        if similarities.len() == SAMPLED {
            break;
        }
        if stop() {
            return Err(EngineError::Cancelled);
        }
        let entry = snapshot.entry(place)?;
        let mut found = None;
        for (image, vector) in &entry.embeddings {
            if may_be(snapshot, place, entry.case.images.get(*image), projection)? {
                found = Some(vector);
                break;
            }
        }
        let Some(vector) = found else { continue };
        let patients: Vec<&PatientKey> = entry.case.patient.iter().collect();
        let conditions = Conditions { not_patients: patients, without: &[place], ..Conditions::default() };
        let others = snapshot.select(&conditions, stop)?;
        similarities.extend(best_match(snapshot, others.as_ref(), vector, projection, stop)?);
    }
    similarities.sort_unstable_by(f32::total_cmp);
    Ok(similarities)
}
