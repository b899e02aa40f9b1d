//! A generation of an index in a directory.

use crate::generation::{BestByText, Conditions, Generation, Nearest, NearestTo, Selection, Stop};
use crate::{
    CaseEntry, CasePlace, Definition, IndexError, LocalVectors, NearestCase, RecallReport, SegmentStats,
    SentenceTable, Stale, ValueCounts, VectorAccess,
};
use precedent_index::{OrdinalSet, Snapshot};
use precedent_lexical::{Neighbour, Spelling, TextQuery};
use precedent_model::{Case, CaseId, Projection, Thumbnail};
use precedent_query::LocalImage;
use precedent_report::ReportReader;
use precedent_vector::{ByteVector, Embedding};
use std::sync::{Arc, OnceLock};

impl Generation for Snapshot {
    fn generation(&self) -> u64 {
        Snapshot::generation(self)
    }

    fn definition(&self) -> &Definition {
        Snapshot::definition(self)
    }

    fn cases(&self) -> usize {
        Snapshot::cases(self)
    }

    fn reader(&self) -> &Arc<ReportReader> {
        Snapshot::reader(self)
    }

    fn stale(&self) -> Stale {
        Snapshot::stale(self)
    }

    fn parts(&self) -> Vec<SegmentStats> {
        self.segment_stats()
    }

    fn cases_with(&self, access: VectorAccess) -> usize {
        Snapshot::cases_with(self, access)
    }

    fn select<'a>(
        &'a self,
        conditions: &Conditions<'_>,
        stop: Stop<'_>,
    ) -> Result<Box<dyn Selection + 'a>, IndexError> {
        let mut accept = self.live();
        for filter in &conditions.filters {
            self.keep_matching(filter, &mut accept, stop)?;
        }
        if let Some(patient) = conditions.patient {
            let mut others = accept.clone();
            self.drop_patient(patient, &mut others)?;
            accept.iter_mut().zip(&others).for_each(|(accept, others)| accept.subtract(others));
        }
        for patient in &conditions.not_patients {
            self.drop_patient(patient, &mut accept)?;
        }
        for place in conditions.without {
            if let Some(accept) = accept.get_mut(place.segment) {
                accept.remove(place.ordinal);
            }
        }
        Ok(Box::new(Selected { snapshot: self, accept, embedded: OnceLock::new() }))
    }

    fn find(&self, id: &CaseId) -> Result<Option<CasePlace>, IndexError> {
        Snapshot::find(self, id)
    }

    fn prefetch(&self, places: &[CasePlace]) {
        Snapshot::prefetch(self, places.iter().copied());
    }

    fn case(&self, place: CasePlace) -> Result<Case, IndexError> {
        Snapshot::case(self, place)
    }

    fn case_without_report(&self, place: CasePlace) -> Result<Case, IndexError> {
        Snapshot::case_without_report(self, place)
    }

    fn case_id(&self, place: CasePlace) -> Result<CaseId, IndexError> {
        Snapshot::case_id(self, place)
    }

    fn entry(&self, place: CasePlace) -> Result<CaseEntry, IndexError> {
        Snapshot::entry(self, place)
    }

    fn local(&self, place: CasePlace) -> Result<LocalVectors, IndexError> {
        Snapshot::local(self, place)
    }

    fn local_images(&self, place: CasePlace) -> Result<Vec<(usize, LocalImage)>, IndexError> {
        Snapshot::local_images(self, place)
    }

    fn sentence_vectors(
        &self,
        place: CasePlace,
        sentences: &[&str],
    ) -> Result<Vec<Option<ByteVector>>, IndexError> {
        Snapshot::sentence_vectors(self, place, sentences)
    }

    fn sentence_tables(&self) -> Result<Vec<Option<SentenceTable<'_>>>, IndexError> {
        Snapshot::sentence_tables(self)
    }

    fn thumbnail(&self, place: CasePlace, image: usize) -> Result<Option<Thumbnail>, IndexError> {
        Snapshot::thumbnail(self, place, image)
    }

    fn sequence(&self, place: CasePlace) -> Result<u64, IndexError> {
        Snapshot::sequence(self, place)
    }

    fn patient_number(&self, place: CasePlace) -> Result<Option<u64>, IndexError> {
        Snapshot::patient_number(self, place)
    }

    fn same_patient(&self, one: CasePlace, other: CasePlace) -> Result<bool, IndexError> {
        Snapshot::same_patient(self, one, other)
    }

    fn distance(&self, query: &Embedding, place: CasePlace) -> Result<Option<NearestCase>, IndexError> {
        Snapshot::distance(self, query, place)
    }

    fn confirm_vectors(&self, place: CasePlace) -> Result<(), IndexError> {
        Snapshot::confirm_vectors(self, place)
    }

    fn has_other_projections(&self, projection: Projection) -> Result<bool, IndexError> {
        for segment in 0..self.segments() {
            if self.of_other_projections(segment, projection)?.count() > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_of_other_projections(&self, place: CasePlace, projection: Projection) -> Result<bool, IndexError> {
        Snapshot::is_of_other_projections(self, place, projection)
    }

    /// Asks each segment once.
    fn text_scores(&self, text: &TextQuery, places: &[CasePlace]) -> Result<Vec<Option<f32>>, IndexError> {
        let mut scores = vec![None; places.len()];
        for segment in 0..self.segments() {
            let here: Vec<usize> = (0..places.len()).filter(|&at| places[at].segment == segment).collect();
            let ordinals: Vec<u32> = here.iter().map(|&at| places[at].ordinal).collect();
            if ordinals.is_empty() {
                continue;
            }
            for (at, score) in here.into_iter().zip(self.full_text().score(text, segment, &ordinals)?) {
                scores[at] = score;
            }
        }
        Ok(scores)
    }

    fn has_words(&self) -> bool {
        self.full_text().document_count() > 0
    }

    fn knows_word(&self, word: &str) -> Result<bool, IndexError> {
        Ok(self.full_text().knows(word)?)
    }

    fn words_like(&self, spelling: &Spelling) -> Result<Vec<Neighbour>, IndexError> {
        Ok(self.full_text().neighbours(spelling)?)
    }

    fn check_recall(
        &self,
        sample: usize,
        progress: &dyn Fn(usize, usize),
        stop: Stop<'_>,
    ) -> Result<RecallReport, IndexError> {
        Snapshot::check_recall(self, sample, progress, stop)
    }
}

/// Some cases of a generation: one set per segment.
struct Selected<'a> {
    snapshot: &'a Snapshot,
    accept: Vec<OrdinalSet>,
    /// Those with an embedding, once that was needed.
    embedded: OnceLock<Vec<OrdinalSet>>,
}

impl<'a> Selected<'a> {
    fn embedded(&self) -> Result<&[OrdinalSet], IndexError> {
        if let Some(known) = self.embedded.get() {
            return Ok(known);
        }
        let sets = (self.accept.iter().enumerate())
            .map(|(segment, accept)| self.snapshot.embedded(segment, accept))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(self.embedded.get_or_init(|| sets))
    }

    /// Which of 64 neighbouring cases of a segment are selected.
    fn word(&self, segment: usize, word: usize) -> u64 {
        self.accept.get(segment).map_or(0, |set| set.word(word))
    }

    fn of(snapshot: &'a Snapshot, accept: Vec<OrdinalSet>) -> Box<dyn Selection + 'a> {
        Box::new(Self { snapshot, accept, embedded: OnceLock::new() })
    }
}

impl Selection for Selected<'_> {
    fn count(&self) -> usize {
        self.accept.iter().map(OrdinalSet::count).sum()
    }

    fn count_embedded(&self) -> Result<usize, IndexError> {
        Ok(self.embedded()?.iter().map(OrdinalSet::count).sum())
    }

    fn places(&self) -> Box<dyn Iterator<Item = CasePlace> + '_> {
        Box::new(
            self.accept.iter().enumerate().flat_map(|(segment, accept)| {
                accept.iter().map(move |ordinal| CasePlace { segment, ordinal })
            }),
        )
    }

    fn split(&self, projection: Projection) -> Result<[Box<dyn Selection + '_>; 2], IndexError> {
        let (mut like, mut others) = (self.accept.clone(), self.accept.clone());
        for (segment, (like, others)) in like.iter_mut().zip(&mut others).enumerate() {
            let unlike = self.snapshot.of_other_projections(segment, projection)?;
            like.subtract(&unlike);
            others.intersect(&unlike);
        }
        Ok([Selected::of(self.snapshot, like), Selected::of(self.snapshot, others)])
    }

    fn nearest(&self, to: &NearestTo<'_>, stop: Stop<'_>) -> Result<Nearest, IndexError> {
        let (how, accept) = ((to.effort, to.path), self.embedded()?);
        let found = match to.order_alone {
            true => self.snapshot.nearest_in_order(to.query, to.k, how, accept, stop)?,
            false => self.snapshot.nearest(to.query, to.k, how, accept, stop)?,
        };
        let precedent_index::Nearest { cases, visited, path, recall } = found;
        Ok(Nearest { cases, visited, path, recall })
    }

    fn best_by_text(&self, text: &TextQuery, k: usize, stop: Stop<'_>) -> Result<BestByText, IndexError> {
        let sequence = |segment: usize, ordinal: u32| {
            Snapshot::sequence(self.snapshot, CasePlace { segment, ordinal }).unwrap_or(u64::MAX)
        };
        let accepted = |segment: usize, word: usize| self.word(segment, word);
        let top = self.snapshot.full_text().top(text, k, &accepted, &sequence, stop)?;
        if top.stopped {
            return Err(IndexError::Stopped);
        }
        let placed = top.hits.iter().map(|hit| {
            let place = CasePlace { segment: hit.segment, ordinal: hit.ordinal };
            (place, hit.score)
        });
        Ok(BestByText { cases: placed.collect(), scored: top.scored })
    }

    fn each_by_text(
        &self,
        text: &TextQuery,
        least: f32,
        show: &mut dyn FnMut(CasePlace, f32),
        stop: Stop<'_>,
    ) -> Result<(), IndexError> {
        let accepted = |segment: usize, word: usize| self.word(segment, word);
        let mut each = |segment, ordinal, score| show(CasePlace { segment, ordinal }, score);
        match self.snapshot.full_text().each(text, least, &accepted, &mut each, stop)? {
            true => Ok(()),
            false => Err(IndexError::Stopped),
        }
    }

    fn latest_first(
        &self,
        field: &str,
    ) -> Result<Box<dyn Iterator<Item = Result<CasePlace, IndexError>> + '_>, IndexError> {
        Ok(Box::new(self.snapshot.by_date(field, &self.accept)?))
    }

    fn count_values(&self, field: &str, most: usize, stop: Stop<'_>) -> Result<ValueCounts, IndexError> {
        self.snapshot.count_values(field, &self.accept, most, stop)
    }
}
