//! Writes a segment, case by case.

use super::beside::{Beside, GRID_FACTS, THUMBNAIL_FACTS};
use super::columns::ColumnsWriter;
use super::evident::{EvidentWriter, evident};
use super::image_parts::ImagePartsWriter;
use super::keys::KeysWriter;
use super::open::GraphPages;
use super::packed_vectors::write_packed;
use super::records::RecordsWriter;
use super::sentences::SentencesWriter;
use super::table::{TableFile, write_bytes};
use super::vectors::{Vectors, VectorsWriter};
use super::{COLUMNS, GRAPH, GRIDS, KEYS, LEXICAL, PACKED, RECORDS, THUMBNAILS, VECTORS};
use crate::manifest::{FileRecord, SegmentEntry};
use crate::parts::Part;
use crate::{Definition, GraphBuilder, IndexError, Layout, SegmentSize};
use precedent_hnsw::{BuildParams, Builder, Graph, GraphLayout};
use precedent_lexical::LexicalWriter;
use precedent_model::Case;
use precedent_report::ReportReader;
use precedent_storage::{FileEntry, SealedFile, SealedWriter, Storage};
use precedent_vector::Metric;
use std::ops::ControlFlow;

/// Fewest distinct vectors outside of a graph for which codes pay. A quantiser for 512 dimensions takes as much space as about 50
/// vectors, and each query must be converted for it.
const LEAST_CODES: usize = 256;

/// How a graph is to be built.
pub(crate) struct GraphWork<'a> {
    pub threads: usize,
    /// Gets the number of vectors linked so far and in all; returns whether to continue.
    pub progress: &'a (dyn Fn(usize, usize) -> bool + Sync),
}

/// Writes the files of one segment. Until the manifest names it, the folder is a leftover that the next writer removes.
pub(crate) struct SegmentBuilder<'a> {
    storage: &'a dyn Storage,
    definition: &'a Definition,
    reader: &'a ReportReader,
    id: String,
    records: RecordsWriter,
    vectors: Option<VectorsWriter>,
    columns: ColumnsWriter,
    keys: KeysWriter,
    lexical: LexicalWriter,
    grids: ImagePartsWriter<'a, GRID_FACTS>,
    thumbnails: ImagePartsWriter<'a, THUMBNAIL_FACTS>,
    sentences: SentencesWriter<'a>,
    evident: EvidentWriter,
    cases: u64,
}

impl<'a> SegmentBuilder<'a> {
    pub fn new(
        storage: &'a dyn Storage,
        definition: &'a Definition,
        reader: &'a ReportReader,
        id: String,
    ) -> Result<Self, IndexError> {
        let folder = format!("segments/{id}");
        storage.create_dir_all(&folder)?;
        let create =
            |part: Part| SealedWriter::create(storage, &format!("{folder}/{}", part.name), part.kind);
        let vectors = match &definition.image_space {
            Some(_) => Some(VectorsWriter::new(create(VECTORS)?)),
            None => None,
        };
        Ok(Self {
            records: RecordsWriter::new(create(RECORDS)?),
            vectors,
            columns: ColumnsWriter::new(create(COLUMNS)?, &definition.fields),
            keys: KeysWriter::new(create(KEYS)?),
            lexical: LexicalWriter::new()?,
            grids: ImagePartsWriter::new(storage, &folder, GRIDS),
            thumbnails: ImagePartsWriter::new(storage, &folder, THUMBNAILS),
            sentences: SentencesWriter::new(storage, &folder),
            evident: EvidentWriter::new(),
            cases: 0,
            storage,
            definition,
            reader,
            id,
        })
    }

    /// Adds the case with the next ordinal. Sequence numbers must be ascending; `record` is the encoded case; embeddings are
    /// pairs of image and vector, sorted by image.
    pub fn push<'e>(
        &mut self,
        sequence: u64,
        case: &Case,
        record: &[u8],
        embeddings: impl IntoIterator<Item = (usize, &'e [f32])>,
        beside: &Beside<'_>,
    ) -> Result<(), IndexError> {
        self.grids.push(&beside.grids)?;
        self.thumbnails.push(&beside.thumbnails)?;
        self.records.push(record)?;
        if let Some(vectors) = &mut self.vectors {
            vectors.push(embeddings)?;
        }
        let reading = case.report.as_ref().map(|report| self.reader.read(report));
        let texts: Vec<&str> = beside.sentences.iter().map(|part| part.text).collect();
        let sentences = self.sentences.push(&beside.sentences)?;
        let evident = match case.report.as_ref().zip(reading.as_ref()) {
            Some((report, reading)) => evident(&texts, report, reading, self.reader.lexicon()),
            None => Vec::new(),
        };
        let evident = sentences.iter().zip(evident).filter_map(|(&id, evident)| Some((id, evident?)));
        self.evident.push(evident);
        self.columns.push(case, reading.as_ref());
        self.keys.push(sequence, case.patient.as_ref());
        self.lexical.add(case.report.as_ref().zip(reading.as_ref()))?;
        self.cases += 1;
        Ok(())
    }

    /// The size of the segment so far.
    pub fn size(&self) -> SegmentSize {
        let vectors = self.vectors.as_ref().zip(self.definition.image_space.as_ref());
        SegmentSize {
            cases: self.cases,
            text_bytes: (self.lexical.memory_bytes()
                + self.columns.memory_bytes()
                + self.sentences.memory_bytes()
                + self.evident.memory_bytes()) as u64,
            vector_bytes: vectors.map_or(0, |(writer, space)| writer.nodes() * space.dimension() * 4) as u64,
            local_bytes: self.grids.bytes() + self.thumbnails.bytes() + self.sentences.bytes(),
        }
    }

    /// Writes the rest, makes everything durable, and builds the graph if it is requested and pays. Without a graph, the vectors
    /// get codes like those of `like`, if there are enough vectors.
    pub fn finish(
        self,
        graph: Option<&GraphWork<'_>>,
        like: Option<&Graph<GraphPages>>,
    ) -> Result<SegmentEntry, IndexError> {
        let folder = format!("segments/{}", self.id);
        let text_bytes = self.size().text_bytes;
        let mut files = vec![self.records.finish()?, self.columns.finish()?, self.keys.finish()?];
        files.extend(self.grids.finish()?);
        files.extend(self.thumbnails.finish()?);
        files.extend(self.sentences.finish()?);
        files.extend(self.evident.finish(self.storage, &folder)?);
        let bytes = self.lexical.finish()?;
        files.push(write_whole(self.storage, &folder, LEXICAL, &bytes)?);
        drop(bytes);
        let (mut nodes, mut rows) = (0, 0);
        if let (Some(writer), Some(space)) = (self.vectors, &self.definition.image_space) {
            (nodes, rows) = (writer.nodes(), writer.rows());
            let entry = writer.finish()?;
            let graph = graph.filter(|_| nodes >= self.definition.graph.min_nodes);
            let like = like.filter(|_| graph.is_none() && nodes >= LEAST_CODES);
            let written = || {
                let path = format!("{folder}/{}", VECTORS.name);
                let file = SealedFile::open(self.storage, &path, VECTORS.kind, Some(&entry))?;
                Vectors::open(TableFile::new(file, path), space.dimension(), None)
            };
            if let Some(like) = like
                && let Some(bytes) = precedent_hnsw::encode_like(&written()?, space.metric(), like)?
            {
                files.push(write_whole(self.storage, &folder, GRAPH, &bytes)?);
            }
            if let Some(work) = graph {
                let vectors = written()?;
                let bytes = link(&vectors, self.definition, space.metric(), work)?;
                files.push(write_whole(self.storage, &folder, GRAPH, &bytes)?);
                let path = format!("{folder}/{}", PACKED.name);
                let mut packed = SealedWriter::create(self.storage, &path, PACKED.kind)?;
                write_packed(&vectors, &mut packed)?;
                files.push(packed.finish()?);
            }
            files.push(entry);
        }
        self.storage.sync_dir(&folder)?;
        self.storage.sync_dir("segments")?;
        Ok(SegmentEntry {
            id: self.id,
            cases: self.cases,
            rows: rows as u64,
            nodes: nodes as u64,
            files: files.iter().map(FileRecord::of).collect(),
            text_bytes: Some(text_bytes),
            tombstones: Vec::new(),
            lexicon: Some(self.reader.lexicon().fingerprint().to_owned()),
        })
    }
}

fn link(
    vectors: &Vectors,
    definition: &Definition,
    metric: Metric,
    work: &GraphWork<'_>,
) -> Result<Vec<u8>, IndexError> {
    let params = BuildParams {
        m: definition.graph.m,
        // A definition of an earlier version may ask for less than the number of links.
        ef_construction: definition.graph.ef_construction.max(definition.graph.m),
        threads: work.threads,
        layout: match definition.graph.layout {
            Layout::Fast => GraphLayout::Fast,
            Layout::Compact => GraphLayout::Compact,
        },
        builder: match definition.graph.builder {
            GraphBuilder::Precedent => Builder::Own,
            GraphBuilder::HnswRs => Builder::HnswRs,
        },
    };
    let tell = |done: usize| match (work.progress)(done, vectors.nodes()) {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    };
    let built = precedent_hnsw::build(vectors, metric, &params, &tell)?;
    let report = built.report;
    tracing::debug!(nodes = vectors.nodes(), ?report, "the graph is built, every node can be reached");
    Ok(built.bytes)
}

fn write_whole(
    storage: &dyn Storage,
    folder: &str,
    part: Part,
    bytes: &[u8],
) -> Result<FileEntry, IndexError> {
    let mut writer = SealedWriter::create(storage, &format!("{folder}/{}", part.name), part.kind)?;
    write_bytes(&mut writer, bytes)?;
    Ok(writer.finish()?)
}
