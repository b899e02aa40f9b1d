//! The search, as a pipeline: admit (and encode), accept, rank per channel, fuse, one per patient, fetch, highlight.

use crate::EngineError;
use crate::admit::{Query, STUDY_DATE};
use crate::channel::{self, Ranking};
use crate::encode::Encoding;
use crate::facets;
use crate::fusion::{Fused, Vote, fuse};
use crate::highlight::highlights;
use precedent_index::{CasePlace, OrdinalSet, Snapshot};
use precedent_model::Case;
use precedent_query::{ChannelScore, Hit, HitDetail, Plan, SearchRequest, SearchResponse, StepTimes};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How much deeper the channels look when one hit per patient leaves too few.
const DEEPER: usize = 4;

/// Answers a request from one generation.
pub(crate) fn search(
    snapshot: &Snapshot,
    encoding: &Encoding,
    request: &SearchRequest,
    stop: &dyn Fn() -> bool,
) -> Result<SearchResponse, EngineError> {
    let (mut times, mut watch) = (StepTimes::default(), Stopwatch::start());
    let query = Query::admit(snapshot, encoding, request, stop)?;
    times.encode = query.encoding;
    times.admit = watch.lap().saturating_sub(times.encode);
    let accept = accept(snapshot, &query, stop)?;
    let matches = accept.iter().map(OrdinalSet::count).sum();
    let facets = match request.limits.offset {
        0 => facets::count(snapshot, &request.facets, &accept, stop)?,
        _ => Vec::new(),
    };
    times.filter = watch.lap();
    let answer = match (query.asks_image(), query.asks_lexical()) {
        (false, None) => unranked(snapshot, &query, &accept, &mut times)?,
        _ => ranked(snapshot, &query, &accept, matches, &mut times, stop)?,
    };
    watch.lap();
    let limits = &request.limits;
    let total = answer.fused.len();
    let page: Vec<Fused> =
        (answer.fused.iter().copied()).skip(limits.offset).take(limits.page_size.unwrap_or(total)).collect();
    snapshot.prefetch(page.iter().map(|fused| fused.place));
    let texts = text_scores(snapshot, &query, &page)?;
    let mut hits = Vec::with_capacity(page.len());
    for (index, (fused, text)) in page.iter().zip(texts).enumerate() {
        if stop() {
            return Err(EngineError::Cancelled);
        }
        hits.push(hit(snapshot, &query, fused, text, limits.offset + index + 1)?);
    }
    times.fetch = watch.lap();
    let plan = Plan {
        exact: answer.rankings.iter().all(|ranking| ranking.plan.exact),
        channels: answer.rankings.into_iter().map(|ranking| ranking.plan).collect(),
        fusion: request.fusion,
        guards: query.guards,
        views: query.views.into_iter().map(|(_, view)| view).collect(),
        cases: snapshot.cases(),
        matches,
        corrections: query.corrections,
        warnings: query.warnings,
        times,
    };
    let (generation, encoded_images) = (snapshot.generation(), query.encoded_images);
    Ok(SearchResponse { hits, total, plan, generation, encoded_images, facets })
}

/// Times one step after the other.
struct Stopwatch(Instant);

impl Stopwatch {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the last lap.
    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.0, now))
    }
}

/// The cases that pass filter and guards: the matches.
fn accept(
    snapshot: &Snapshot,
    query: &Query<'_>,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<OrdinalSet>, EngineError> {
    let mut accept = snapshot.live();
    for filter in query.filter.iter().chain(&query.before) {
        snapshot.keep_matching(filter, &mut accept, stop)?;
    }
    if !query.request.guards.include_same_patient {
        let named = query.guards.patient.iter().map(|patient| &patient.value);
        for patient in named.chain(&query.guards.example_patients) {
            snapshot.drop_patient(patient, &mut accept)?;
        }
    }
    for example in &query.examples {
        if let Some(accept) = accept.get_mut(example.segment) {
            accept.remove(example.ordinal);
        }
    }
    Ok(accept)
}

struct Answer {
    /// The whole answer, best first, at most `limit`.
    fused: Vec<Fused>,
    rankings: Vec<Ranking>,
}

/// Ranks by channels. Goes deeper until the answer is full or the channels have nothing more, so that there are
/// as many hits as there are candidates up to the limit, whatever filter and patients leave out.
fn ranked(
    snapshot: &Snapshot,
    query: &Query<'_>,
    accept: &[OrdinalSet],
    matches: usize,
    times: &mut StepTimes,
    stop: &dyn Fn() -> bool,
) -> Result<Answer, EngineError> {
    let (limit, fusion) = (query.request.limits.limit, &query.request.fusion);
    let both = query.asks_image() && query.asks_lexical().is_some();
    // One channel alone is its own order, so nothing beyond the limit matters; two need depth to find agreement.
    let mut depth = if both { fusion.candidates.max(limit) } else { limit };
    if query.request.limits.exact {
        depth = matches.max(1);
    }
    let mut watch = Stopwatch::start();
    loop {
        let mut image = match query.asks_image() {
            true => Some(channel::image::rank(snapshot, query, accept, depth, stop)?),
            false => None,
        };
        if let (Some(ranking), Some(least)) =
            (image.take_if(|_| query.least_image.is_some()), query.least_image)
        {
            image = Some(channel::image::keep_from(snapshot, query, ranking, least, stop)?);
        }
        times.image += watch.lap();
        let mut lexical = match query.asks_lexical() {
            Some(text) => Some(channel::lexical::rank(snapshot, text, accept, depth, stop)?),
            None => None,
        };
        if let Some(least) = query.request.minimum.lexical {
            lexical = lexical.map(|ranking| channel::lexical::keep_from(ranking, least));
        }
        times.lexical += watch.lap();
        let mut fused = fuse(image.as_ref(), lexical.as_ref(), fusion);
        if !query.request.guards.several_per_patient {
            keep_one_per_patient(snapshot, &mut fused, limit)?;
        }
        times.fusion += watch.lap();
        let rankings: Vec<Ranking> = [image, lexical].into_iter().flatten().collect();
        let seen_all = depth >= matches || rankings.iter().all(|ranking| ranking.exhausted);
        if fused.len() >= limit || seen_all {
            fused.truncate(limit);
            return Ok(Answer { fused, rankings });
        }
        depth = depth.saturating_mul(DEEPER).min(matches.max(1));
    }
}

/// The answer to a filter alone: the latest studies first.
fn unranked(
    snapshot: &Snapshot,
    query: &Query<'_>,
    accept: &[OrdinalSet],
    times: &mut StepTimes,
) -> Result<Answer, EngineError> {
    let mut watch = Stopwatch::start();
    let asked_for_nothing = query.text.is_some() || !query.vectors.is_empty();
    if asked_for_nothing {
        // A text without a word, or weights of 0: every channel is silent, so nothing is put forward.
        return Ok(Answer { fused: Vec::new(), rankings: Vec::new() });
    }
    let mut fused = (snapshot.by_date(STUDY_DATE, accept)?.into_iter())
        .map(|place| {
            Ok(Fused { place, score: 0.0, sequence: snapshot.sequence(place)?, image: None, lexical: None })
        })
        .collect::<Result<Vec<_>, EngineError>>()?;
    if !query.request.guards.several_per_patient {
        keep_one_per_patient(snapshot, &mut fused, query.request.limits.limit)?;
    }
    fused.truncate(query.request.limits.limit);
    times.fusion = watch.lap();
    Ok(Answer { fused, rankings: Vec::new() })
}

/// The best case stands for the patient; a case without a patient stands for itself. Best first, a case is left out if it
/// may be the patient of any that was kept: a key without issuer goes with one of any issuer, so only an order makes it
/// certain who stands for whom. Behind the limit nobody is looked at.
fn keep_one_per_patient(
    snapshot: &Snapshot,
    fused: &mut Vec<Fused>,
    limit: usize,
) -> Result<(), EngineError> {
    let mut kept_of: HashMap<u64, Vec<CasePlace>> = HashMap::new();
    let mut kept = Vec::with_capacity(fused.len().min(limit));
    for case in fused.drain(..) {
        if kept.len() == limit {
            break;
        }
        if let Some(number) = snapshot.patient_number(case.place)? {
            let others = kept_of.entry(number).or_default();
            if any_of_patient(snapshot, case.place, others)? {
                continue;
            }
            others.push(case.place);
        }
        kept.push(case);
    }
    *fused = kept;
    Ok(())
}

fn any_of_patient(snapshot: &Snapshot, case: CasePlace, others: &[CasePlace]) -> Result<bool, EngineError> {
    for &other in others {
        if snapshot.same_patient(other, case)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the lexical channel says of each winner: its vote, or the score that it would have had. One look per segment.
fn text_scores(
    snapshot: &Snapshot,
    query: &Query<'_>,
    page: &[Fused],
) -> Result<Vec<Option<f32>>, EngineError> {
    let mut scores: Vec<Option<f32>> =
        page.iter().map(|fused| fused.lexical.map(|vote| vote.score)).collect();
    let Some(text) = query.asks_lexical() else { return Ok(scores) };
    for segment in 0..snapshot.segments() {
        let missing: Vec<usize> = (0..page.len())
            .filter(|&index| page[index].lexical.is_none() && page[index].place.segment == segment)
            .collect();
        let ordinals: Vec<u32> = missing.iter().map(|&index| page[index].place.ordinal).collect();
        let found = channel::lexical::score(snapshot, text, segment, &ordinals)?;
        for (index, score) in missing.into_iter().zip(found) {
            scores[index] = score;
        }
    }
    Ok(scores)
}

/// Fetches a winner, and fills in for display what a channel would say of it that did not put it forward.
fn hit(
    snapshot: &Snapshot,
    query: &Query<'_>,
    fused: &Fused,
    text: Option<f32>,
    rank: usize,
) -> Result<Hit, EngineError> {
    let shown = |vote: Option<Vote>, score: f32| ChannelScore {
        score,
        rank: vote.map(|vote| vote.rank),
        contribution: vote.map_or(0.0, |vote| vote.contribution),
    };
    let nearest = match query.asks_image() {
        true => channel::image::score(snapshot, query, fused.place)?,
        false => None,
    };
    let case = match query.request.detail {
        HitDetail::Whole => snapshot.case(fused.place)?,
        HitDetail::WithoutReport => snapshot.case_without_report(fused.place)?,
        HitDetail::CaseId => Case::new(snapshot.case_id(fused.place)?),
    };
    // Reading a report again takes microseconds; what was read when it came in is not kept.
    let highlights = match case.report.as_ref().filter(|_| query.asks_reports()) {
        Some(report) => {
            highlights(query.text.as_ref(), &query.mentions, report, &snapshot.reader().read(report))
        }
        None => Vec::new(),
    };
    Ok(Hit {
        case,
        rank,
        fused_score: fused.score,
        image: nearest.map(|(score, _, _)| shown(fused.image, score)),
        matched_image: nearest.map(|(_, image, _)| image),
        matched_vector: nearest.map(|(_, _, vector)| vector),
        lexical: text.map(|score| shown(fused.lexical, score)),
        highlights,
    })
}
