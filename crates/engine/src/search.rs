//! The search as a pipeline: admit (and encode), select, rank per channel, fuse, one hit per patient, rerank, judge, fetch, highlight,
//! explain.

use crate::EngineError;
use crate::admit::{Query, STUDY_DATE};
use crate::channel::sentence::Fits;
use crate::channel::{self, Ranking};
use crate::counted::Counted;
use crate::encode::Encoding;
use crate::evidence::{Explainer, HITS_AT_ONCE};
use crate::facets;
use crate::fetch;
use crate::fusion::{Fused, certain_depth, fuse, most_behind};
use crate::judgement::{self, Judged};
use crate::patients::{Patients, keep_one_per_patient};
use crate::rerank::rerank;
use precedent_archive::{CasePlace, Generation, Selection};
use precedent_query::{AnswerPart, Channel, Plan, SearchRequest, SearchResponse, StepTimes, Unavailable};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// How many times deeper the channels look when one hit per patient leaves too few.
const DEEPER: usize = 4;
/// Cases skipped, because another hit stands for their patient, between two calls of `stop`.
const PASSED_BETWEEN_STOPS: usize = 256;

/// Answers a request from one generation.
pub(crate) fn search(
    snapshot: &dyn Generation,
    encoding: &Encoding,
    counted: &Counted,
    request: &SearchRequest,
    stop: &dyn Fn() -> bool,
) -> Result<SearchResponse, EngineError> {
    let (mut times, mut watch) = (StepTimes::default(), Stopwatch::start());
    let query = Query::admit(snapshot, encoding, request, stop)?;
    times.encode = query.encoding;
    times.admit = watch.lap().saturating_sub(times.encode);
    let selection = snapshot.select(&query.conditions(), stop)?;
    let matches = selection.as_ref();
    let facets = match request.limits.offset {
        0 => facets::count(matches, &request.facets, stop)?,
        _ => Vec::new(),
    };
    times.filter = watch.lap();
    let (mut fits, mut unavailable) = (None, Vec::new());
    if query.asks_sentence() || request.rerank > 0 {
        let asked = [(query.asks_sentence(), AnswerPart::Sentence), (request.rerank > 0, AnswerPart::Rerank)];
        match Fits::of(snapshot, &counted.references, &query, stop)? {
            Ok(found) => fits = Some(found),
            Err(reason) => unavailable.extend(
                asked
                    .into_iter()
                    .filter(|(is_asked, _)| *is_asked)
                    .map(|(_, part)| Unavailable { part, reason }),
            ),
        }
    }
    times.sentence = watch.lap();
    let by_sentence = fits.as_ref().filter(|_| query.asks_sentence());
    let mut answer = match (query.asks_image(), query.asks_lexical(), by_sentence) {
        (false, None, None) => unranked(snapshot, &query, matches, &mut times, stop)?,
        _ => ranked(snapshot, &query, by_sentence, matches, &mut times, stop)?,
    };
    watch.lap();
    let reranked = fits.as_ref().map_or(0, |_| request.rerank.min(answer.fused.len()));
    if let Some(fits) = &fits {
        rerank(snapshot, &query, fits, &mut answer.fused[..reranked], stop)?;
    }
    times.rerank = watch.lap();
    let limits = &request.limits;
    let judged = match limits.offset {
        0 => judgement::judge(snapshot, &query, &counted.measures(), &answer.fused, stop)?,
        _ => Judged::default(),
    };
    times.judge = watch.lap();
    if let Some(diversity) = request.diversity.filter(|diversity| *diversity > 0.0) {
        judgement::diversify(snapshot, &mut answer.fused, limits.limit, diversity, stop)?;
    }
    times.fusion += watch.lap();
    answer.fused.truncate(limits.limit);
    let total = answer.fused.len();
    let page: Vec<Fused> =
        (answer.fused.iter().copied()).skip(limits.offset).take(limits.page_size.unwrap_or(total)).collect();
    snapshot.prefetch(&page.iter().map(|fused| fused.place).collect::<Vec<_>>());
    let texts = fetch::text_scores(snapshot, &query, &page)?;
    let mut explainer = Explainer::new(snapshot, encoding, &counted.references, &query);
    let mut hits = Vec::with_capacity(page.len());
    let ranked: Vec<(&Fused, Option<f32>)> = page.iter().zip(texts).collect();
    // A few at a time, so that few readings of reports are held.
    for some in ranked.chunks(HITS_AT_ONCE) {
        let mut fetched = Vec::with_capacity(some.len());
        for (fused, text) in some {
            if stop() {
                return Err(EngineError::Cancelled);
            }
            let rank = limits.offset + hits.len() + fetched.len() + 1;
            fetched.push(fetch::hit(snapshot, &query, fused, (*text, fits.as_ref()), rank)?);
        }
        times.fetch += watch.lap();
        explainer.explain(&mut fetched, stop)?;
        times.evidence += watch.lap();
        hits.extend(fetched.into_iter().map(|fetched| fetched.hit));
    }
    let explained = explainer.finish();
    times.fetch += watch.lap();
    unavailable.extend(judged.unavailable);
    unavailable.extend(explained.unavailable);
    let plan = Plan {
        exact: answer.rankings.iter().all(|ranking| ranking.plan.exact),
        channels: answer.rankings.into_iter().map(|ranking| ranking.plan).collect(),
        fusion: request.fusion,
        guards: query.guards,
        views: query.views.into_iter().map(|(_, view)| view).collect(),
        cases: snapshot.cases(),
        matches: matches.count(),
        corrections: query.corrections,
        warnings: query.warnings,
        unavailable,
        reranked,
        times,
    };
    let (generation, encoded_images) = (snapshot.generation(), query.encoded_images);
    let Judged { consensus, dissent, abstention, .. } = judged;
    let explained = explained.images;
    Ok(SearchResponse {
        hits,
        total,
        plan,
        generation,
        encoded_images,
        facets,
        consensus,
        dissent,
        abstention,
        explained,
    })
}

/// Times consecutive steps.
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

struct Answer {
    /// The whole answer, best first, at most as many cases as are wanted.
    fused: Vec<Fused>,
    rankings: Vec<Ranking>,
}

/// Ranks by channels. Looks deeper until the answer is full or the channels have no more candidates, so that there are as many
/// hits as matching cases, up to the limit, whatever the filter and the rule of one hit per patient leave out.
fn ranked(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    fits: Option<&Fits<'_>>,
    matches: &dyn Selection,
    times: &mut StepTimes,
    stop: &dyn Fn() -> bool,
) -> Result<Answer, EngineError> {
    let (limit, fusion) = (judgement::cases_wanted(query), &query.request.fusion);
    let channels = [query.asks_image(), query.asks_lexical().is_some(), fits.is_some()];
    let several_channels = channels.into_iter().filter(|takes_part| *takes_part).count() > 1;
    let (exact, count) = (query.request.limits.exact, matches.count());
    let several = query.request.guards.several_per_patient;
    // A single channel is its own order, so nothing beyond the limit matters; several channels need depth to find agreement. If
    // answers are exact, each further round takes a full scan, so there is room for patients with several cases.
    let cases = if exact && !several { limit.saturating_mul(DEEPER) } else { limit };
    let mut depth = match (several_channels, exact) {
        (true, true) => fusion.candidates.max(certain_depth(cases, fusion)).min(count.max(1)),
        (true, false) => fusion.candidates.max(limit),
        (false, _) => cases.min(count.max(1)).max(limit),
    };
    let mut watch = Stopwatch::start();
    let by_view = query.asks_image().then(|| query.unlike.split(matches)).transpose()?;
    loop {
        let mut rankings = Vec::new();
        if let Some(by_view) = &by_view {
            let ranking = channel::image::rank(snapshot, query, by_view, depth, stop)?;
            rankings.push(match query.least_image {
                Some(least) => channel::image::keep_from(snapshot, query, ranking, least, stop)?,
                None => ranking,
            });
        }
        times.image += watch.lap();
        if let Some(text) = query.asks_lexical() {
            let ranking = channel::lexical::rank(snapshot, text, matches, depth, stop)?;
            rankings.push(match query.request.minimum.lexical {
                Some(least) => channel::lexical::keep_from(ranking, least),
                None => ranking,
            });
        }
        times.lexical += watch.lap();
        if let Some(fits) = fits {
            // Every case has its score already, so an exact answer takes them all.
            rankings.push(fits.rank(snapshot, matches, if exact { count.max(1) } else { depth }, stop)?);
        }
        times.sentence += watch.lap();
        let seen_all = depth >= count || rankings.iter().all(|ranking| ranking.exhausted);
        let mut behind = f64::NEG_INFINITY;
        if exact && several_channels && !seen_all {
            behind = most_behind(&rankings, depth, fusion);
            rank_by_all(snapshot, query, matches, &mut rankings, times, stop)?;
            watch.lap();
        }
        let mut fused = fuse(&rankings, fusion);
        // A case that no channel put forward could come before those after this point.
        fused.truncate(fused.partition_point(|case| case.score > behind));
        if !several {
            keep_one_per_patient(snapshot, &mut fused, limit)?;
        }
        times.fusion += watch.lap();
        if fused.len() >= limit || seen_all {
            fused.truncate(limit);
            return Ok(Answer { fused, rankings });
        }
        depth = depth.saturating_mul(DEEPER).min(count.max(1));
    }
}

/// Adds to each channel what only others put forward, with its rank among all matches.
fn rank_by_all(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    matches: &dyn Selection,
    rankings: &mut [Ranking],
    times: &mut StepTimes,
    stop: &dyn Fn() -> bool,
) -> Result<(), EngineError> {
    let mut watch = Stopwatch::start();
    let places = |ranking: &Ranking| ranking.candidates.iter().map(|candidate| candidate.place).collect();
    let by_channel: Vec<HashSet<CasePlace>> = rankings.iter().map(places).collect();
    let all: HashSet<CasePlace> = by_channel.iter().flatten().copied().collect();
    for (ranking, own) in rankings.iter_mut().zip(&by_channel) {
        // A case that an exhausted channel does not have gets no vote from it.
        if ranking.exhausted {
            continue;
        }
        let others: Vec<CasePlace> = all.difference(own).copied().collect();
        match (ranking.plan.channel, query.asks_lexical()) {
            (Channel::Image, _) => {
                let ranked = channel::image::ranked(snapshot, query, matches, &others, stop)?.into_iter();
                let least = query.least_image.unwrap_or(f32::NEG_INFINITY);
                ranking.candidates.extend(ranked.filter(|candidate| candidate.score >= least));
                times.image += watch.lap();
            }
            (Channel::Lexical, Some(text)) => {
                let ranked = channel::lexical::ranked(snapshot, text, matches, &others, stop)?.into_iter();
                let least = query.request.minimum.lexical.unwrap_or(f32::NEG_INFINITY);
                ranking.candidates.extend(ranked.filter(|candidate| candidate.score >= least));
                times.lexical += watch.lap();
            }
            // Its ranking has all cases with a score.
            (Channel::Sentence, _) | (Channel::Lexical, None) => {}
        }
    }
    Ok(())
}

/// The answer to a filter without a query: latest studies first.
fn unranked(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    matches: &dyn Selection,
    times: &mut StepTimes,
    stop: &dyn Fn() -> bool,
) -> Result<Answer, EngineError> {
    let mut watch = Stopwatch::start();
    let asked_for_nothing = query.text.is_some() || !query.vectors.is_empty();
    if asked_for_nothing {
        // A text without a word, or weights of 0: no channel takes part, so there are no candidates.
        return Ok(Answer { fused: Vec::new(), rankings: Vec::new() });
    }
    let (mut fused, wanted) = (Vec::new(), judgement::cases_wanted(query));
    let mut patients = (!query.request.guards.several_per_patient).then(Patients::default);
    for (passed, place) in matches.latest_first(STUDY_DATE)?.enumerate() {
        if passed.is_multiple_of(PASSED_BETWEEN_STOPS) && stop() {
            return Err(EngineError::Cancelled);
        }
        let place = place?;
        if fused.len() == wanted {
            break;
        }
        let is_new = patients.as_mut().map_or(Ok(true), |patients| patients.add(snapshot, place))?;
        if is_new {
            let sequence = snapshot.sequence(place)?;
            fused.push(Fused::unranked(place, sequence));
        }
    }
    times.fusion = watch.lap();
    Ok(Answer { fused, rankings: Vec::new() })
}
