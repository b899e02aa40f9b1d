//! The channel `sentence`: compares the parts of the query's images with what the reports say.
//!
//! Every sentence with a vector is compared with every part of an image that shows it, and counts with the part that it fits best, by how
//! many standard deviations it fits better than it fits images of the archive: some sentences fit every film. A case has the mean of the
//! sentences of its report that are evidence of a finding; one that says only that a finding is possible counts half. A case without
//! such a sentence has no score, and one whose sentences do not fit clearly better than usual is not put forward: for a film without findings
//! the channel is then silent.

use super::{Candidate, Ranking};
use crate::EngineError;
use crate::admit::Query;
use crate::references::References;
use precedent_archive::{CasePlace, Generation, Selection, SentenceTable};
use precedent_query::{Channel, ChannelPlan, UnavailableReason};

/// What a sentence counts for that says only that a finding is possible.
const POSSIBLE: f32 = 0.5;
/// By how many deviations the sentences of a case must fit better than usual for it to be put forward.
const CONFIDENT: f32 = 1.0;
/// Sentences that are compared between two calls of `stop`.
const COMPARED_BETWEEN_STOPS: usize = 8192;
/// Cases that are looked at between two calls of `stop`.
const SEEN_BETWEEN_STOPS: usize = 4096;

/// How well the sentences of an archive fit the images of a query.
pub(crate) struct Fits<'a> {
    tables: Vec<Option<SentenceTable<'a>>>,
    /// By part and sentence, the deviations for the image that it fits best.
    deviations: Vec<Vec<f32>>,
}

impl<'a> Fits<'a> {
    /// Compares all sentences; or says why it cannot.
    pub fn of(
        snapshot: &'a dyn Generation,
        references: &References,
        query: &Query<'_>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Result<Self, UnavailableReason>, EngineError> {
        let Some(dimension) = query.parts.first().map(|part| part.local.patches().dimension()) else {
            return Ok(Err(UnavailableReason::NoLocalQuery));
        };
        let tables = match &snapshot.definition().local_space {
            Some(space) if space.dimension == dimension => snapshot.sentence_tables()?,
            _ => Vec::new(),
        };
        if tables.iter().all(Option::is_none) {
            return Ok(Err(UnavailableReason::NoSentences));
        }
        let of_table = |table: &Option<SentenceTable<'_>>| {
            vec![f32::NEG_INFINITY; table.map_or(0, |table| table.steps.len())]
        };
        let mut deviations: Vec<Vec<f32>> = tables.iter().map(of_table).collect();
        for part in &query.parts {
            let spreads = references.spreads(
                snapshot,
                (part.projection, part.pointed_at()),
                dimension,
                &tables,
                stop,
            )?;
            let Some(spreads) = spreads else { return Ok(Err(UnavailableReason::FewPatches)) };
            let patches = part.local.patches();
            let Some(maxsim) = patches.query(Some(&part.counted)) else { continue };
            let mut best = vec![0; COMPARED_BETWEEN_STOPS];
            for ((table, spreads), deviations) in tables.iter().zip(&spreads).zip(&mut deviations) {
                let Some(table) = table else { continue };
                let row_bytes = table.rows.len() / table.steps.len().max(1);
                let pieces = table.rows.chunks(COMPARED_BETWEEN_STOPS * row_bytes.max(1));
                let mut done = 0;
                for rows in pieces {
                    if stop() {
                        return Err(EngineError::Cancelled);
                    }
                    let best = &mut best[..rows.len() / row_bytes];
                    maxsim.best(rows, best);
                    let known = table.steps[done..].iter().zip(&spreads[done..]);
                    for ((product, (step, spread)), found) in
                        best.iter().zip(known).zip(&mut deviations[done..])
                    {
                        *found = found.max(spread.deviations(patches.cosine(*step, *product)));
                    }
                    done += best.len();
                }
            }
        }
        Ok(Ok(Self { tables, deviations }))
    }

    /// The score of a case; `None` without a sentence that is evidence of a finding.
    pub fn score(&self, place: CasePlace) -> Option<f32> {
        let (table, deviations) =
            (self.tables.get(place.segment)?.as_ref()?, &self.deviations[place.segment]);
        let (mut sum, mut weights) = (0.0, 0.0);
        for (sentence, is_certain) in table.evident(place.ordinal) {
            let weight = if is_certain { 1.0 } else { POSSIBLE };
            sum += weight * deviations.get(sentence)?;
            weights += weight;
        }
        (weights > 0.0).then(|| sum / weights)
    }

    fn sentences(&self) -> usize {
        self.deviations.iter().map(Vec::len).sum()
    }

    /// The best of the selected cases.
    pub fn rank(
        &self,
        snapshot: &dyn Generation,
        matches: &dyn Selection,
        depth: usize,
        stop: &dyn Fn() -> bool,
    ) -> Result<Ranking, EngineError> {
        let mut found: Vec<Candidate> = Vec::new();
        let mut least = CONFIDENT;
        for (seen, place) in matches.places().enumerate() {
            if seen.is_multiple_of(SEEN_BETWEEN_STOPS) && stop() {
                return Err(EngineError::Cancelled);
            }
            let Some(score) = self.score(place).filter(|score| *score >= least) else {
                continue;
            };
            found.push(Candidate { place, score, sequence: snapshot.sequence(place)?, rank: 0 });
            if found.len() >= 2 * depth.max(512) {
                keep_best(&mut found, depth);
                least = found.last().map_or(least, |last| last.score);
            }
        }
        let exhausted = found.len() < depth || depth >= matches.count();
        keep_best(&mut found, depth);
        found.iter_mut().zip(1..).for_each(|(case, rank)| case.rank = rank);
        let plan = ChannelPlan {
            channel: Channel::Sentence,
            path: None,
            ef_search: None,
            target_recall: None,
            visited: self.sentences(),
            candidates: found.len(),
            exact: true,
        };
        Ok(Ranking { candidates: found, exhausted, plan })
    }
}

/// The best `depth` in their order; of equal scores the earlier case first.
fn keep_best(found: &mut Vec<Candidate>, depth: usize) {
    let order = |a: &Candidate, b: &Candidate| b.score.total_cmp(&a.score).then(a.sequence.cmp(&b.sequence));
    if found.len() > depth {
        found.select_nth_unstable_by(depth, order);
        found.truncate(depth);
    }
    found.sort_unstable_by(order);
}
