//! One generation: what a reader sees, whatever the writer does.

use crate::manifest::{Manifest, SegmentEntry};
use crate::record::same_bits;
use crate::replace::Parts;
use crate::segment::{GraphPages, Records, Segment, ValueCounts, count_values};
use crate::{
    CaseEntry, Definition, IndexError, LocalVectors, NearestCase, OrdinalSet, SegmentStats, SentenceTable,
    Stale, VectorAccess,
};
use precedent_hnsw::{Graph, ScratchPool};
use precedent_lexical::{LexicalSnapshot, LivePart};
use precedent_model::{Case, CaseId, PatientKey, Projection, Thumbnail};
use precedent_query::{Filter, LocalImage};
use precedent_report::ReportReader;
use precedent_storage::Storage;
use precedent_vector::{ByteVector, Embedding};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The position of a case in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CasePlace {
    /// Index of the segment in the snapshot.
    pub segment: usize,
    /// Ordinal in that segment.
    pub ordinal: u32,
}

/// A segment with its dead cases in one generation.
#[derive(Debug, Clone)]
pub(crate) struct LiveCases {
    pub segment: Arc<Segment>,
    pub live: Arc<OrdinalSet>,
    /// Its full text, which also excludes the dead cases.
    pub text: Arc<LivePart>,
}

/// One generation of an index; it never changes.
pub struct Snapshot {
    pub(crate) manifest: Manifest,
    pub(crate) segments: Vec<LiveCases>,
    reader: Arc<ReportReader>,
    full_text: LexicalSnapshot,
    cases: usize,
    /// Visited sets of graph walks, reused between queries.
    pub(crate) scratches: Arc<ScratchPool>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot(generation {}, {} cases)", self.generation(), self.cases)
    }
}

impl Snapshot {
    /// Opens the newest generation.
    ///
    /// # Errors
    /// No index, or a damaged file.
    pub fn open(storage: &dyn Storage) -> Result<Self, IndexError> {
        Self::of(storage, Manifest::latest(storage)?, None)
    }

    /// Opens a generation, reusing what `previous` has open.
    pub(crate) fn of(
        storage: &dyn Storage,
        manifest: Manifest,
        previous: Option<&Self>,
    ) -> Result<Self, IndexError> {
        Self::with(storage, manifest, previous, Vec::new())
    }

    /// The generation after `previous`, with its new segments already open.
    pub(crate) fn after(
        storage: &dyn Storage,
        manifest: Manifest,
        previous: &Self,
        opened: Vec<Arc<Segment>>,
    ) -> Result<Self, IndexError> {
        Self::with(storage, manifest, Some(previous), opened)
    }

    fn with(
        storage: &dyn Storage,
        manifest: Manifest,
        previous: Option<&Self>,
        opened: Vec<Arc<Segment>>,
    ) -> Result<Self, IndexError> {
        let mut known: HashMap<String, LiveCases> = (previous.iter())
            .flat_map(|snapshot| snapshot.segments.iter().cloned())
            .chain(opened.into_iter().map(LiveCases::all))
            .map(|known| (known.segment.entry.id.clone(), known))
            .collect();
        // Compiling a site's lexicon takes milliseconds, and commits are frequent.
        let reader = match previous {
            Some(known) if known.definition().lexicon == manifest.definition.lexicon => known.reader.clone(),
            _ => manifest.definition.report_reader()?,
        };
        let name = Manifest::file_name(manifest.generation);
        let segments = (manifest.segments.iter())
            .map(|entry| {
                let open = match known.remove(&entry.id) {
                    Some(open) => open,
                    None => {
                        LiveCases::all(Arc::new(Segment::open(storage, &manifest.definition, entry, &name)?))
                    }
                };
                open.at(storage, entry, &name)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let full_text = LexicalSnapshot::of(segments.iter().map(|part| part.text.clone()));
        let cases = segments.iter().map(|part| part.live.count()).sum();
        let scratches = previous.map_or_else(Default::default, |snapshot| snapshot.scratches.clone());
        Ok(Self { manifest, segments, reader, full_text, cases, scratches })
    }

    /// Number of the generation.
    pub fn generation(&self) -> u64 {
        self.manifest.generation
    }

    /// The definition of the index.
    pub fn definition(&self) -> &Definition {
        &self.manifest.definition
    }

    /// Live cases.
    pub fn cases(&self) -> usize {
        self.cases
    }

    /// Number of segments.
    pub fn segments(&self) -> usize {
        self.segments.len()
    }

    /// The full text of all live cases.
    pub fn full_text(&self) -> &LexicalSnapshot {
        &self.full_text
    }

    /// The report reader with the current lexicon, for reports and queries: the bundled lexicon with the site's additions.
    pub fn reader(&self) -> &Arc<ReportReader> {
        &self.reader
    }

    /// What was read with an earlier lexicon than that of [`Self::reader`], or with none. A merge reads it again.
    pub fn stale(&self) -> Stale {
        let now = self.reader.lexicon().fingerprint();
        let mut stale = Stale::default();
        for part in self.segments.iter().filter(|part| part.segment.entry.lexicon.as_deref() != Some(now)) {
            stale.segments += 1;
            stale.cases += part.live.count();
        }
        stale
    }

    /// The live cases of each segment.
    pub fn live(&self) -> Vec<OrdinalSet> {
        self.segments.iter().map(|part| part.live.as_ref().clone()).collect()
    }

    /// Keeps the cases for which the filter is true.
    ///
    /// # Errors
    /// [`IndexError::Stopped`] if `stop` returns true, or a damaged file.
    pub fn keep_matching(
        &self,
        filter: &Filter,
        accept: &mut [OrdinalSet],
        stop: &dyn Fn() -> bool,
    ) -> Result<(), IndexError> {
        for (part, accept) in self.segments.iter().zip(accept) {
            accept.intersect(&part.segment.columns.evaluate(filter, stop)?.yes);
        }
        Ok(())
    }

    /// How many of the selected cases have each value of a field or findings column; the `most` most frequent values.
    ///
    /// # Errors
    /// [`IndexError::Stopped`] if `stop` returns true, or a damaged file.
    pub fn count_values(
        &self,
        field: &str,
        accept: &[OrdinalSet],
        most: usize,
        stop: &dyn Fn() -> bool,
    ) -> Result<ValueCounts, IndexError> {
        let segments = self.segments.iter().zip(accept).map(|(part, accept)| (&part.segment.columns, accept));
        count_values(field, segments, most, stop)
    }

    /// Removes cases that may belong to a patient.
    ///
    /// # Errors
    /// A damaged file.
    pub fn drop_patient(&self, patient: &PatientKey, accept: &mut [OrdinalSet]) -> Result<(), IndexError> {
        for (part, accept) in self.segments.iter().zip(accept) {
            for ordinal in part.segment.of_patient(patient)? {
                accept.remove(ordinal);
            }
        }
        Ok(())
    }

    /// How the cases of a segment are found by their vectors.
    pub fn vector_access(&self, segment: usize) -> VectorAccess {
        self.segments.get(segment).map_or(VectorAccess::Compared, |part| part.segment.vector_access())
    }

    /// Number of cases in segments whose vectors are found this way, including dead ones.
    pub fn cases_with(&self, access: VectorAccess) -> usize {
        let such = self.segments.iter().filter(|part| part.segment.vector_access() == access);
        such.map(|part| part.segment.cases()).sum()
    }

    /// The largest graph: new vectors are encoded like those in it.
    pub(crate) fn largest_graph(&self) -> Option<&Graph<GraphPages>> {
        let graphs = self.segments.iter().filter_map(|part| part.segment.graph.as_ref());
        graphs.filter(|graph| graph.has_links()).max_by_key(|graph| graph.node_count())
    }

    /// The cases of one segment that have films of known projections, none of which is this one.
    ///
    /// # Errors
    /// A damaged file.
    pub fn of_other_projections(
        &self,
        segment: usize,
        projection: Projection,
    ) -> Result<OrdinalSet, IndexError> {
        self.part(segment)?.segment.of_other_projections(projection)
    }

    /// Whether a case has films of known projections, none of which is this one.
    ///
    /// # Errors
    /// A damaged file.
    pub fn is_of_other_projections(
        &self,
        place: CasePlace,
        projection: Projection,
    ) -> Result<bool, IndexError> {
        self.part(place.segment)?.segment.is_of_other_projections(place.ordinal, projection)
    }

    /// The selected cases of one segment that have an embedding.
    ///
    /// # Errors
    /// A damaged file.
    pub fn embedded(&self, segment: usize, accept: &OrdinalSet) -> Result<OrdinalSet, IndexError> {
        let (mut set, segment) = (accept.clone(), &self.part(segment)?.segment);
        if segment.embedded_count()? < set.cases() {
            set.intersect(segment.embedded()?);
        }
        Ok(set)
    }

    /// The distance of a case to the query, from its nearest image and exact vectors; `None` for a case without an embedding.
    ///
    /// # Errors
    /// A damaged file.
    pub fn distance(&self, query: &Embedding, place: CasePlace) -> Result<Option<NearestCase>, IndexError> {
        let Some(space) = &self.definition().image_space else { return Ok(None) };
        let segment = &self.part(place.segment)?.segment;
        segment.distance(query, space.metric().distance_fn(), place.ordinal)
    }

    /// Verifies that the vectors of a case are still those written, because a case that is shown was ranked by them. Takes a
    /// fraction of a microsecond per vector if the segment has packed vectors, and a few microseconds otherwise.
    ///
    /// # Errors
    /// A damaged file.
    pub fn confirm_vectors(&self, place: CasePlace) -> Result<(), IndexError> {
        self.part(place.segment)?.segment.confirm_vectors(place.ordinal)
    }

    /// Prefetches the records of cases that will be read soon, all before reading one: each is elsewhere.
    pub fn prefetch(&self, places: impl Iterator<Item = CasePlace> + Clone) {
        let records = |place: CasePlace| self.segments.get(place.segment).map(|part| &part.segment.records);
        let all = |ask: fn(&Records, u32)| {
            for place in places.clone() {
                if let Some(records) = records(place) {
                    ask(records, place.ordinal);
                }
            }
        };
        all(Records::prefetch_place);
        all(Records::prefetch);
    }

    /// The case as ingested, except for its report, whose text is not read at all.
    ///
    /// # Errors
    /// A damaged file.
    pub fn case_without_report(&self, place: CasePlace) -> Result<Case, IndexError> {
        self.part(place.segment)?.segment.records.case_without_report(place.ordinal)
    }

    /// The id of a case, without reading anything else of it.
    ///
    /// # Errors
    /// A damaged file.
    pub fn case_id(&self, place: CasePlace) -> Result<CaseId, IndexError> {
        self.part(place.segment)?.segment.records.case_id(place.ordinal)
    }

    /// The case as ingested.
    ///
    /// # Errors
    /// A damaged file.
    pub fn case(&self, place: CasePlace) -> Result<Case, IndexError> {
        self.part(place.segment)?.segment.case(place.ordinal)
    }

    /// Finds a live case.
    ///
    /// # Errors
    /// A damaged file.
    pub fn find(&self, id: &CaseId) -> Result<Option<CasePlace>, IndexError> {
        Ok(self.find_record(id)?.map(|(place, _)| place))
    }

    /// As [`Self::find`], with the record of the case, which has to be read anyway.
    pub(crate) fn find_record(&self, id: &CaseId) -> Result<Option<(CasePlace, &[u8])>, IndexError> {
        for (segment, part) in self.segments.iter().enumerate() {
            if let Some((ordinal, record)) = part.segment.find(id)?
                && part.live.contains(ordinal)
            {
                return Ok(Some((CasePlace { segment, ordinal }, record)));
            }
        }
        Ok(None)
    }

    /// Whether a case has exactly these embeddings, bit by bit.
    pub(crate) fn has_embeddings(
        &self,
        place: CasePlace,
        embeddings: &[(usize, Embedding)],
    ) -> Result<bool, IndexError> {
        let held = self.part(place.segment)?.segment.embeddings(place.ordinal)?;
        let same =
            |(a, b): (&(usize, &[f32]), &(usize, Embedding))| a.0 == b.0 && same_bits(a.1, b.1.as_slice());
        Ok(held.len() == embeddings.len() && held.iter().zip(embeddings).all(same))
    }

    /// Whether beside a case is kept exactly what is beside this entry, bit by bit.
    pub(crate) fn has_beside(&self, place: CasePlace, entry: &CaseEntry) -> Result<bool, IndexError> {
        Ok(self.part(place.segment)?.segment.beside(place.ordinal)? == entry.beside())
    }

    /// Counts of the parts of the case with this record.
    pub(crate) fn parts(&self, place: CasePlace, record: &[u8]) -> Result<Parts, IndexError> {
        let segment = &self.part(place.segment)?.segment;
        let embeddings = segment.embeddings(place.ordinal)?.len();
        let case = segment.records.decoded(place.ordinal, record)?;
        Ok(Parts::counted(&case, embeddings, segment.count_beside(place.ordinal)?))
    }

    /// The local vectors of a case.
    ///
    /// # Errors
    /// A damaged file.
    pub fn local(&self, place: CasePlace) -> Result<LocalVectors, IndexError> {
        self.part(place.segment)?.segment.local(place.ordinal)
    }

    /// The local vectors of the images of a case, by the index of the image.
    ///
    /// # Errors
    /// A damaged file.
    pub fn local_images(&self, place: CasePlace) -> Result<Vec<(usize, LocalImage)>, IndexError> {
        self.part(place.segment)?.segment.local_images(place.ordinal)
    }

    /// The vectors of sentences of a case, in the order asked; `None` for a text that has none.
    ///
    /// # Errors
    /// A damaged file.
    pub fn sentence_vectors(
        &self,
        place: CasePlace,
        sentences: &[&str],
    ) -> Result<Vec<Option<ByteVector>>, IndexError> {
        self.part(place.segment)?.segment.sentence_vectors(place.ordinal, sentences)
    }

    /// For each segment its sentences with vectors that are evidence of findings, if there are any.
    ///
    /// # Errors
    /// A damaged file.
    pub fn sentence_tables(&self) -> Result<Vec<Option<SentenceTable<'_>>>, IndexError> {
        self.segments.iter().map(|part| part.segment.sentence_table()).collect()
    }

    /// The thumbnail of an image of a case, if there is one.
    ///
    /// # Errors
    /// A damaged file.
    pub fn thumbnail(&self, place: CasePlace, image: usize) -> Result<Option<Thumbnail>, IndexError> {
        self.part(place.segment)?.segment.thumbnail(place.ordinal, image)
    }

    /// A case with all that is kept beside it, as ingested.
    ///
    /// # Errors
    /// A damaged file.
    pub fn entry(&self, place: CasePlace) -> Result<CaseEntry, IndexError> {
        self.entry_of(place, self.part(place.segment)?.segment.records.checked(place.ordinal)?)
    }

    /// The same for a case whose record was already read.
    pub(crate) fn entry_of(&self, place: CasePlace, record: &[u8]) -> Result<CaseEntry, IndexError> {
        let segment = &self.part(place.segment)?.segment;
        let space = self.definition().image_space.as_ref();
        let mut embeddings = Vec::new();
        segment.recheck_embeddings(place.ordinal)?;
        for (image, values) in segment.embeddings(place.ordinal)? {
            let restored = space.map(|space| space.restore(values.to_vec())).transpose();
            let restored =
                restored.map_err(|error| IndexError::damaged(&segment.entry.folder(), error.to_string()))?;
            embeddings.extend(restored.map(|embedding| (image, embedding)));
        }
        Ok(CaseEntry {
            case: segment.records.decoded(place.ordinal, record)?,
            embeddings,
            local: segment.local(place.ordinal)?,
            thumbnails: segment.thumbnails(place.ordinal)?,
        })
    }

    /// The position of the case in the log, which breaks ties: the earlier case goes first.
    ///
    /// # Errors
    /// A damaged file.
    pub fn sequence(&self, place: CasePlace) -> Result<u64, IndexError> {
        self.part(place.segment)?.segment.keys.sequence(place.ordinal)
    }

    /// A number that is equal for two cases whose folded patient ids are equal; `None` for a case without a patient. Whether they
    /// may belong to the same person is decided by [`Self::same_patient`].
    ///
    /// # Errors
    /// A damaged file.
    pub fn patient_number(&self, place: CasePlace) -> Result<Option<u64>, IndexError> {
        self.part(place.segment)?.segment.patient_number(place.ordinal)
    }

    /// Whether two cases may belong to the same patient ([`PatientKey::may_be`]).
    ///
    /// # Errors
    /// A damaged file.
    pub fn same_patient(&self, one: CasePlace, other: CasePlace) -> Result<bool, IndexError> {
        let (a, b) = (&self.part(one.segment)?.segment, &self.part(other.segment)?.segment);
        let key = a.keys.patient(one.ordinal)?;
        if key != 0 && key == b.keys.patient(other.ordinal)? {
            return Ok(true);
        }
        let (one, other) = (a.patient(one.ordinal)?, b.patient(other.ordinal)?);
        Ok(one.zip(other).is_some_and(|(one, other)| one.may_be(&other)))
    }

    /// Statistics of the segments.
    pub fn segment_stats(&self) -> Vec<SegmentStats> {
        (self.segments.iter())
            .map(|part| SegmentStats {
                id: part.segment.entry.id.clone(),
                cases: part.segment.cases(),
                tombstones: part.dead().len(),
                image_rows: part.segment.entry.rows as usize,
                distinct_vectors: part.segment.entry.nodes as usize,
                access: part.segment.vector_access(),
                repaired_vectors: part
                    .segment
                    .graph
                    .as_ref()
                    .map_or(0, |graph| graph.audit().unreachable_before),
                bytes: part.segment.entry.bytes(),
                lexicon: part.segment.entry.lexicon.clone(),
            })
            .collect()
    }

    pub(crate) fn part(&self, segment: usize) -> Result<&LiveCases, IndexError> {
        self.segments.get(segment).ok_or_else(|| {
            IndexError::damaged(
                &Manifest::file_name(self.generation()),
                format!("it has no segment {segment}"),
            )
        })
    }
}

impl LiveCases {
    /// A segment whose cases are all live.
    fn all(segment: Arc<Segment>) -> Self {
        let live = Arc::new(OrdinalSet::all(segment.cases()));
        let text = Arc::new(LivePart::new(segment.lexical.clone()));
        Self { segment, live, text }
    }

    /// Sorted dead ordinals.
    pub fn dead(&self) -> &[u32] {
        self.text.deleted()
    }

    /// The same segment in a later generation. Tombstones only grow, so equal counts mean the same set, and otherwise the newest
    /// files hold what is new.
    /// are more the newest files hold what is new.
    fn at(self, storage: &dyn Storage, entry: &SegmentEntry, manifest: &str) -> Result<Self, IndexError> {
        let mut missing = entry.dead().saturating_sub(self.dead().len() as u64);
        if missing == 0 {
            return Ok(self);
        }
        let (mut live, mut further) = (self.live.as_ref().clone(), Vec::new());
        for tombstones in entry.tombstones.iter().rev() {
            let mut dead = tombstones.read(storage, entry.cases, manifest)?;
            dead.retain(|&ordinal| live.contains(ordinal));
            dead.iter().for_each(|&ordinal| live.remove(ordinal));
            missing = missing.saturating_sub(dead.len() as u64);
            further.append(&mut dead);
            if missing == 0 {
                let text = Arc::new(self.text.without(&further)?);
                return Ok(Self { segment: self.segment, live: Arc::new(live), text });
            }
        }
        Err(IndexError::damaged(
            manifest,
            format!("segment {} has fewer tombstones than its files should hold", entry.id),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IndexWriter;
    use precedent_hnsw::Pages;
    use precedent_storage::FaultStorage;
    use precedent_vector::{Metric, VectorSpace};

    #[test]
    fn a_writer_checks_what_it_publishes_and_a_reader_what_it_touches() {
        // The writer's locks need a scheduler here.
        let mut config = shuttle::Config::new();
        config.stack_size = 8 << 20;
        let scheduler = shuttle::scheduler::RandomScheduler::new(1);
        shuttle::Runner::new(scheduler, config).run(check_ahead);
    }

    fn check_ahead() {
        let mut definition = Definition::from_toml("name = 'n'\n[graph]\nmin_nodes = 2").unwrap();
        let space = VectorSpace::new(16, Metric::L2, "e").unwrap();
        definition.image_space = Some(space.clone());
        let storage = Arc::new(FaultStorage::new());
        IndexWriter::create(storage.as_ref(), &definition).unwrap();
        let writer = IndexWriter::open(storage.clone(), 1).unwrap();
        let entry = |name: u32| {
            let mut case = Case::new(CaseId::new(&format!("c{name}")).unwrap());
            case.images = vec![Default::default()];
            let values: Vec<f32> = (0..16).map(|place| ((name + 1) * (place + 3) % 2_003) as f32).collect();
            CaseEntry::new(case, vec![(0, space.admit("e", &values).unwrap())])
        };
        // A graph of several blocks.
        writer.put((0..2_000).map(entry).collect()).unwrap();
        let merged = writer.merge_all(&|_, _, _| true).unwrap();
        let checked = |snapshot: &Snapshot| {
            let graph = snapshot.segments[0].segment.graph.as_ref().unwrap();
            graph.pages().checked().is_some()
        };
        assert!(checked(&merged));
        assert!(!checked(&Snapshot::open(storage.as_ref()).unwrap()));
    }
}
