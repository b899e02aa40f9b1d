//! An open segment.

use super::beside::{self, Beside, GRID_FACTS, THUMBNAIL_FACTS};
use super::columns::{CASE_ID, Columns};
use super::evident::{Evident, SentenceTable};
use super::image_parts::ImageParts;
use super::keys::Keys;
use super::lexical_pages::LexicalPages;
use super::packed_vectors::PackedVectors;
use super::patients::Patients;
use super::projections::Projections;
use super::records::Records;
use super::sentences::Sentences;
use super::table::TableFile;
use super::vectors::Vectors;
use super::{COLUMNS, EVIDENT, GRAPH, GRIDS, KEYS, LEXICAL, PACKED, RECORDS, SENTENCES, THUMBNAILS, VECTORS};
use crate::manifest::SegmentEntry;
use crate::parts::Part;
use crate::{Definition, IndexError, Layout, LocalVectors, OrdinalSet, VectorAccess};
use precedent_hnsw::{Graph, Pages};
use precedent_lexical::LexicalSegment;
use precedent_model::{Case, CaseId, PlaceholderIds, Thumbnail};
use precedent_query::LocalImage;
use precedent_storage::{Access, SealedFile, Storage};
use precedent_vector::ByteVector;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// The file of the graph, read through its checksums.
#[derive(Debug)]
pub(crate) struct GraphPages(TableFile);

impl Pages for GraphPages {
    type Error = IndexError;

    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn bytes(&self, range: Range<usize>) -> Result<&[u8], IndexError> {
        self.0.bytes(range)
    }

    #[inline]
    fn checked(&self) -> Option<&[u8]> {
        self.0.checked()
    }
}

/// After this many searches, the rest of a segment's graph and keys is verified. Blocks are verified when touched, which makes
/// opening fast, but these files are read fastest once all their blocks are known to be sound.
const SEARCHES_TO_CHECK: u32 = 32;

/// The cases that have an embedding.
struct Embedded {
    cases: OrdinalSet,
    count: usize,
    /// Whether every embedding belongs to the first image of its case.
    first_images: bool,
}

/// An open segment. Files are mapped; each block is verified when first read.
pub(crate) struct Segment {
    pub entry: SegmentEntry,
    pub records: Records,
    pub columns: Columns,
    pub keys: Keys,
    pub vectors: Option<Vectors>,
    pub graph: Option<Graph<GraphPages>>,
    pub lexical: Arc<LexicalSegment>,
    lexical_pages: Arc<LexicalPages>,
    grids: Option<ImageParts<GRID_FACTS>>,
    thumbnails: Option<ImageParts<THUMBNAIL_FACTS>>,
    pub sentences: Option<Sentences>,
    evident: Option<Evident>,
    /// Numbers of a local vector; 0 where there are none.
    local_dimension: usize,
    /// The cases that have an embedding; computed on first use.
    embedded: OnceLock<Embedded>,
    /// The patients of the cases; computed on first use.
    pub(super) patients: OnceLock<Patients>,
    /// The projections of the cases; computed on first use.
    pub(super) projections: OnceLock<Projections>,
    /// Placeholder patient ids.
    pub(super) placeholders: PlaceholderIds,
    /// Searches of the graph so far, up to [`SEARCHES_TO_CHECK`].
    searches: AtomicU32,
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment({}, {} cases)", self.entry.id, self.entry.cases)
    }
}

impl Segment {
    pub fn open(
        storage: &dyn Storage,
        definition: &Definition,
        entry: &SegmentEntry,
        manifest: &str,
    ) -> Result<Self, IndexError> {
        let folder = entry.folder();
        let sealed = |part: Part| -> Result<Option<(SealedFile, String)>, IndexError> {
            let Some(record) = entry.files.iter().find(|file| file.name == part.name) else {
                return Ok(None);
            };
            let path = format!("{folder}/{}", part.name);
            let file = SealedFile::open(storage, &path, part.kind, Some(&record.entry(manifest)?))?;
            Ok(Some((file, path)))
        };
        let table = |part: Part| -> Result<Option<TableFile>, IndexError> {
            Ok(sealed(part)?.map(|(file, path)| TableFile::new(file, path)))
        };
        let missing =
            |part: Part| IndexError::damaged(manifest, format!("segment {} has no {}", entry.id, part.name));
        let (lexical, _) = sealed(LEXICAL)?.ok_or_else(|| missing(LEXICAL))?;
        let vectors = match (&definition.image_space, table(VECTORS)?) {
            (Some(space), Some(file)) => {
                let packed = match table(PACKED)? {
                    Some(packed) => {
                        packed.advise(match definition.graph.layout {
                            Layout::Fast => Access::Everywhere,
                            Layout::Compact => Access::HereAndThere,
                        });
                        // Exact vectors are read if the packed ones leave an order open, and for hits that are shown.
                        file.advise(Access::HereAndThere);
                        Some(PackedVectors::open(packed, space.dimension(), space.metric())?)
                    }
                    None => None,
                };
                Some(Vectors::open(file, space.dimension(), packed)?)
            }
            (Some(_), None) => return Err(missing(VECTORS)),
            (None, _) => None,
        };
        // A graph of an earlier format is ignored: the segment is compared as a whole until a merge builds a new one.
        let graph = match table(GRAPH)?.map(GraphPages) {
            Some(pages) if !Graph::is_of_earlier_version(&pages)? => {
                pages.0.advise(Access::Everywhere);
                Some(Graph::open(pages)?)
            }
            _ => None,
        };
        let random = |file: &TableFile| file.advise(Access::HereAndThere);
        let grids = table(GRIDS)?.inspect(random).map(ImageParts::open).transpose()?;
        let thumbnails = table(THUMBNAILS)?.inspect(random).map(ImageParts::open).transpose()?;
        let sentences = table(SENTENCES)?;
        let local_dimension = definition.local_space.as_ref().map_or(0, |space| space.dimension);
        if local_dimension == 0 && (grids.is_some() || sentences.is_some()) {
            let problem = format!("segment {} has local vectors, and the index no space for them", entry.id);
            return Err(IndexError::damaged(manifest, problem));
        }
        let lexical_pages = Arc::new(LexicalPages(lexical));
        let segment = Self {
            records: Records::open(table(RECORDS)?.ok_or_else(|| missing(RECORDS))?)?,
            columns: Columns::open(table(COLUMNS)?.ok_or_else(|| missing(COLUMNS))?, &definition.fields)?,
            keys: Keys::open(table(KEYS)?.ok_or_else(|| missing(KEYS))?)?,
            lexical: Arc::new(LexicalSegment::open(lexical_pages.clone())?),
            lexical_pages,
            grids,
            thumbnails,
            sentences: sentences.map(|file| Sentences::open(file, local_dimension)).transpose()?,
            evident: table(EVIDENT)?.map(Evident::open).transpose()?,
            local_dimension,
            vectors,
            graph,
            embedded: OnceLock::new(),
            patients: OnceLock::new(),
            projections: OnceLock::new(),
            placeholders: definition.placeholders.clone(),
            searches: AtomicU32::new(0),
            entry: entry.clone(),
        };
        segment.check_counts(&folder)?;
        Ok(segment)
    }

    /// Checks that all parts have the same number of cases, so that an ordinal of one is valid in all.
    fn check_counts(&self, folder: &str) -> Result<(), IndexError> {
        let cases = self.cases();
        let vectors = self.vectors.as_ref().map_or(cases, Vectors::cases);
        let nodes = self.vectors.as_ref().map_or(0, Vectors::nodes);
        let packed = self.vectors.as_ref().and_then(Vectors::packed);
        let counts = [
            ("records", self.records.cases(), cases),
            ("columns", self.columns.cases(), cases),
            ("keys", self.keys.cases(), cases),
            ("lexical", self.lexical.document_count() as usize, cases),
            ("vectors", vectors, cases),
            ("grids", self.grids.as_ref().map_or(cases, ImageParts::cases), cases),
            ("thumbnails", self.thumbnails.as_ref().map_or(cases, ImageParts::cases), cases),
            ("sentences", self.sentences.as_ref().map_or(cases, Sentences::cases), cases),
            ("evident", self.evident.as_ref().map_or(cases, Evident::cases), cases),
            ("packed", packed.map_or(nodes, PackedVectors::nodes), nodes),
            ("graph", self.graph.as_ref().map_or(nodes, Graph::node_count), nodes),
        ];
        match counts.iter().find(|(_, found, expected)| found != expected) {
            None => Ok(()),
            Some((name, found, expected)) => Err(IndexError::damaged(
                &format!("{folder}/{name}"),
                format!("it speaks of {found} entries where the segment has {expected}"),
            )),
        }
    }

    /// How cases are found by their vectors.
    pub fn vector_access(&self) -> VectorAccess {
        match &self.graph {
            Some(graph) if graph.has_links() => VectorAccess::Graph,
            Some(_) => VectorAccess::Codes,
            None => VectorAccess::Compared,
        }
    }

    /// Cases, dead ones included.
    pub fn cases(&self) -> usize {
        self.entry.cases as usize
    }

    /// Finds a case, live or dead: its ordinal and its record.
    pub fn find(&self, id: &CaseId) -> Result<Option<(u32, &[u8])>, IndexError> {
        // The column is folded, so ids that differ only in case share a list; the record tells them apart.
        for ordinal in self.columns.with_keyword(CASE_ID, id.as_str())? {
            let record = self.records.checked(ordinal)?;
            if self.records.decoded_id(ordinal, record)? == *id {
                return Ok(Some((ordinal, record)));
            }
        }
        Ok(None)
    }

    /// The cases that have an embedding.
    pub fn embedded(&self) -> Result<&OrdinalSet, IndexError> {
        Ok(&self.with_embedding()?.cases)
    }

    /// The number of cases that have an embedding.
    pub fn embedded_count(&self) -> Result<usize, IndexError> {
        Ok(self.with_embedding()?.count)
    }

    /// Counts a search of the graph. Once the segment proves to be in use, the rest of what each search reads is verified; damage
    /// is reported to whoever reads it. Codes alone are read as a whole by the first search.
    pub fn count_search(&self, graph: &Graph<GraphPages>) {
        let enough = if graph.has_links() { SEARCHES_TO_CHECK } else { 1 };
        if self.searches.load(Relaxed) < enough && self.searches.fetch_add(1, Relaxed) + 1 == enough {
            self.warn_of(graph.pages().0.check_rest());
            self.warn_of(self.keys.check_rest());
        }
    }

    /// Verifies what searches read of every case, and computes what the first search would, so that none has to. Damage is
    /// reported to whoever reads it.
    pub fn check_ahead(&self) {
        if let Some(graph) = &self.graph {
            self.warn_of(graph.pages().0.check_rest());
        }
        self.warn_of(self.keys.check_rest());
        self.warn_of(self.columns.check_rest());
        self.warn_of(self.lexical_pages.0.check_rest().map_err(IndexError::from));
        self.warn_of(self.with_embedding().map(|_| ()));
        self.warn_of(self.number_patients());
    }

    fn warn_of(&self, checked: Result<(), IndexError>) {
        if let Err(error) = checked {
            tracing::warn!(segment = self.entry.id, %error, "a part of the segment that was not searched yet is damaged");
        }
    }

    /// Whether node, row and ordinal are the same number, and every image is the first of its case: each case has exactly one
    /// embedding, of its first image, no two are equal, and nodes are numbered in the order of appearance.
    pub fn one_to_one(&self) -> Result<bool, IndexError> {
        let (cases, embedded) = (self.cases(), self.with_embedding()?);
        Ok(embedded.first_images
            && embedded.count == cases
            && self
                .vectors
                .as_ref()
                .is_some_and(|vectors| vectors.rows() == cases && vectors.nodes() == cases))
    }

    fn with_embedding(&self) -> Result<&Embedded, IndexError> {
        if let Some(embedded) = self.embedded.get() {
            return Ok(embedded);
        }
        let (mut cases, mut first_images) = (OrdinalSet::none(self.cases()), true);
        if let Some(vectors) = &self.vectors {
            for row in 0..vectors.rows() {
                cases.insert(vectors.case_of_row(row)?);
                first_images &= vectors.image_of_row(row)? == 0;
            }
        }
        let count = cases.count();
        Ok(self.embedded.get_or_init(|| Embedded { cases, count, first_images }))
    }

    /// The embeddings of a case: pairs of image and vector, sorted by image.
    pub fn embeddings(&self, ordinal: u32) -> Result<Vec<(usize, &[f32])>, IndexError> {
        let Some(vectors) = &self.vectors else { return Ok(Vec::new()) };
        (vectors.rows_of_case(ordinal)?)
            .map(|row| {
                let image = vectors.image_of_row(row)? as usize;
                Ok((image, vectors.values(vectors.node_of_row(row)?)?))
            })
            .collect()
    }

    /// Verifies the embeddings of a case again, because they are about to be returned.
    pub fn recheck_embeddings(&self, ordinal: u32) -> Result<(), IndexError> {
        let Some(vectors) = &self.vectors else { return Ok(()) };
        vectors.rows_of_case(ordinal)?.try_for_each(|row| vectors.recheck(vectors.node_of_row(row)?))
    }

    /// Checks the vectors of a case that is about to be shown, trusted since they were first read, against the other copies in
    /// the segment.
    pub fn confirm_vectors(&self, ordinal: u32) -> Result<(), IndexError> {
        let Some(vectors) = &self.vectors else { return Ok(()) };
        vectors.rows_of_case(ordinal)?.try_for_each(|row| vectors.confirm(vectors.node_of_row(row)?))
    }

    /// All that is kept beside a case but its embeddings, verified to be what was written.
    pub fn beside(&self, ordinal: u32) -> Result<Beside<'_>, IndexError> {
        Ok(Beside {
            grids: self.grids.as_ref().map_or(Ok(Vec::new()), |grids| grids.of_case(ordinal))?,
            thumbnails: self.thumbnails.as_ref().map_or(Ok(Vec::new()), |parts| parts.of_case(ordinal))?,
            sentences: self.sentences.as_ref().map_or(Ok(Vec::new()), |parts| parts.of_case(ordinal))?,
        })
    }

    /// How many images of a case have a grid, how many have a thumbnail, and how many of its sentences have a vector.
    pub fn count_beside(&self, ordinal: u32) -> Result<[usize; 3], IndexError> {
        Ok([
            self.grids.as_ref().map_or(Ok(0), |grids| grids.count_of(ordinal))?,
            self.thumbnails.as_ref().map_or(Ok(0), |thumbnails| thumbnails.count_of(ordinal))?,
            self.sentences.as_ref().map_or(Ok(0), |sentences| sentences.count_of(ordinal))?,
        ])
    }

    /// The local vectors of the images of a case.
    pub fn local_images(&self, ordinal: u32) -> Result<Vec<(usize, LocalImage)>, IndexError> {
        let Some(grids) = &self.grids else { return Ok(Vec::new()) };
        let restored = |part| match beside::local_image(&part, self.local_dimension) {
            Ok(local) => Ok((part.image as usize, local)),
            Err(problem) => Err(grids.impossible(ordinal, &problem)),
        };
        grids.of_case(ordinal)?.into_iter().map(restored).collect()
    }

    /// The local vectors of a case.
    pub fn local(&self, ordinal: u32) -> Result<LocalVectors, IndexError> {
        let images = self.local_images(ordinal)?;
        let Some(sentences) = &self.sentences else {
            return Ok(LocalVectors { images, sentences: Vec::new() });
        };
        let restored = |part| match beside::sentence_vector(&part, self.local_dimension) {
            Ok(vector) => Ok((part.text.to_owned(), vector)),
            Err(problem) => Err(sentences.impossible(ordinal, &problem)),
        };
        let sentences = sentences.of_case(ordinal)?.into_iter().map(restored).collect::<Result<_, _>>()?;
        Ok(LocalVectors { images, sentences })
    }

    /// The vectors of sentences of a case, in the order asked.
    pub fn sentence_vectors(
        &self,
        ordinal: u32,
        asked: &[&str],
    ) -> Result<Vec<Option<ByteVector>>, IndexError> {
        let Some(sentences) = &self.sentences else { return Ok(vec![None; asked.len()]) };
        let vector = |text: &&str| {
            let Some(part) = sentences.find(ordinal, text)? else { return Ok(None) };
            let restored = beside::sentence_vector(&part, self.local_dimension);
            restored.map(Some).map_err(|problem| sentences.impossible(ordinal, &problem))
        };
        asked.iter().map(vector).collect()
    }

    /// Its sentences with vectors that are evidence of findings, if there are any.
    pub fn sentence_table(&self) -> Result<Option<SentenceTable<'_>>, IndexError> {
        let Some((evident, sentences)) = self.evident.as_ref().zip(self.sentences.as_ref()) else {
            return Ok(None);
        };
        evident.table(&self.entry.id, sentences).map(Some)
    }

    /// Checks that the lists of evidence are whole.
    pub fn check_evident(&self) -> Result<(), IndexError> {
        match self.evident.as_ref().zip(self.sentences.as_ref()) {
            Some((evident, sentences)) => evident.check(sentences),
            None => Ok(()),
        }
    }

    /// The thumbnails of a case.
    pub fn thumbnails(&self, ordinal: u32) -> Result<Vec<(usize, Thumbnail)>, IndexError> {
        let Some(parts) = &self.thumbnails else { return Ok(Vec::new()) };
        let restored = |part| match beside::thumbnail(&part) {
            Ok(thumbnail) => Ok((part.image as usize, thumbnail)),
            Err(problem) => Err(parts.impossible(ordinal, &problem)),
        };
        parts.of_case(ordinal)?.into_iter().map(restored).collect()
    }

    /// The thumbnail of an image of a case.
    pub fn thumbnail(&self, ordinal: u32, image: usize) -> Result<Option<Thumbnail>, IndexError> {
        let Some(parts) = &self.thumbnails else { return Ok(None) };
        let Ok(image) = u32::try_from(image) else { return Ok(None) };
        let restored = |part| beside::thumbnail(&part).map_err(|problem| parts.impossible(ordinal, &problem));
        parts.of_image(ordinal, image)?.map(restored).transpose()
    }

    /// All its open files.
    pub fn sealed_files(&self) -> Vec<&SealedFile> {
        let mut files = vec![self.records.sealed(), self.columns.sealed(), self.keys.sealed()];
        files.push(&self.lexical_pages.0);
        if let Some(vectors) = &self.vectors {
            files.push(vectors.sealed());
            files.extend(vectors.packed().map(PackedVectors::sealed));
        }
        files.extend(self.graph.as_ref().map(|graph| graph.pages().0.sealed()));
        files.extend(self.grids.as_ref().map(ImageParts::sealed));
        files.extend(self.thumbnails.as_ref().map(ImageParts::sealed));
        files.extend(self.sentences.as_ref().map(Sentences::sealed));
        files.extend(self.evident.as_ref().map(Evident::sealed));
        files
    }

    /// The case as ingested.
    pub fn case(&self, ordinal: u32) -> Result<Case, IndexError> {
        self.records.case(ordinal)
    }
}
