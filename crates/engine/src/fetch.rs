//! Fetches hits, with the scores of each channel and the highlights.

use crate::EngineError;
use crate::admit::Query;
use crate::channel;
use crate::channel::sentence::Fits;
use crate::fusion::{Fused, Vote};
use crate::highlight::highlights;
use precedent_archive::{CasePlace, Generation};
use precedent_model::{Case, Reading};
use precedent_query::{ChannelScore, Hit, HitDetail};

/// The lexical score of each hit: from its vote, or the score it would have had.
pub(crate) fn text_scores(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    page: &[Fused],
) -> Result<Vec<Option<f32>>, EngineError> {
    let mut scores: Vec<Option<f32>> =
        page.iter().map(|fused| fused.lexical.map(|vote| vote.score)).collect();
    let Some(text) = query.asks_lexical() else { return Ok(scores) };
    let missing: Vec<usize> = (0..page.len()).filter(|&index| page[index].lexical.is_none()).collect();
    let places: Vec<CasePlace> = missing.iter().map(|&index| page[index].place).collect();
    for (index, score) in missing.into_iter().zip(snapshot.text_scores(text, &places)?) {
        scores[index] = score;
    }
    Ok(scores)
}

/// A hit, and its report as it was read again, where it had to be.
pub(crate) struct Fetched {
    pub place: CasePlace,
    pub hit: Hit,
    pub reading: Option<Reading>,
}

/// Fetches a hit with its highlights.
pub(crate) fn hit(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    fused: &Fused,
    (text, fits): (Option<f32>, Option<&Fits<'_>>),
    rank: usize,
) -> Result<Fetched, EngineError> {
    let mut hit = hit_without_highlights(snapshot, query, fused, text, rank)?;
    // Filled in as the other channels' scores are, for cases that this channel did not put forward.
    let fit = fits.and_then(|fits| fits.score(fused.place));
    hit.sentence = fit.map(|score| shown(fused.sentence, score));
    // Reading a report again takes microseconds, so the result of the first reading is not stored.
    let report = hit.case.report.as_ref().filter(|_| query.asks_reports() || query.asks_evidence());
    let reading = report.map(|report| snapshot.reader().read(report));
    if let (Some(report), Some(reading), true) = (report, &reading, query.asks_reports()) {
        hit.highlights = highlights(query.text.as_ref(), &query.mentions, report, reading);
    }
    Ok(Fetched { place: fused.place, hit, reading })
}

/// Fetches a hit, and fills in for display the score of a channel that did not put it forward.
pub(crate) fn hit_without_highlights(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    fused: &Fused,
    text: Option<f32>,
    rank: usize,
) -> Result<Hit, EngineError> {
    let nearest = match query.asks_image() {
        true => channel::image::score(snapshot, query, fused.place)?,
        false => None,
    };
    let case = match query.request.detail {
        HitDetail::Whole => snapshot.case(fused.place)?,
        HitDetail::WithoutReport => snapshot.case_without_report(fused.place)?,
        HitDetail::CaseId => Case::new(snapshot.case_id(fused.place)?),
    };
    Ok(Hit {
        case,
        rank,
        fused_score: fused.score,
        reranked: fused.reranked,
        image: nearest.map(|(score, _, _)| shown(fused.image, score)),
        matched_image: nearest.map(|(_, image, _)| image),
        matched_vector: nearest.map(|(_, _, vector)| vector),
        lexical: text.map(|score| shown(fused.lexical, score)),
        sentence: None,
        highlights: Vec::new(),
        evidence: Vec::new(),
    })
}

/// A score with the vote of its channel, if that put the case forward.
fn shown(vote: Option<Vote>, score: f32) -> ChannelScore {
    ChannelScore {
        score,
        rank: vote.map(|vote| vote.rank),
        contribution: vote.map_or(0.0, |vote| vote.contribution),
    }
}
