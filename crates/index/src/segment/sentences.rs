//! `sentences`: the distinct sentences of a segment that came with vectors, and the cases whose reports say them.
//!
//! ```text
//! rows            bytes of a vector x sentences, from byte 0, in the order in which sentences first came
//! texts           UTF-8 of every sentence, one behind the other
//! text_offsets    u64 x (sentences + 1): where each begins, and where the last ends
//! steps           f32 x sentences
//! hashes          2 x u64 x sentences: XXH3-128 of the text, low half first
//! checksums       u64 x sentences: XXH3 of the row, with that of the text as seed, which has the bits of the step as seed
//! case_offsets    u32 x (cases + 1): which part of the next list a case has
//! case_sentences  u32 x postings: the sentences of every case, by their texts
//! case_checksums  u64 x cases: XXH3 of the sentences of each, with the ordinal as seed
//! offsets         u32 x (sentences + 1): which part of the next list a sentence has
//! ordinals        u32 x postings: the cases that say each sentence, ascending
//! trailer         u64 x 14: places of the ten tables behind the rows, sentences, cases, postings, 14
//! ```
//!
//! A text that came with several vectors is there once with each, so every case gets back what it came with.

use super::beside::SentencePart;
use super::table::{TableFile, long_trailer, write_bytes, write_table};
use crate::IndexError;
use crate::parts::SENTENCES;
use precedent_storage::{FileEntry, SealedFile, SealedWriter, Storage};
use precedent_vector::MaxSim;
use rustc_hash::FxHashMap;
use std::ops::Range;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128, xxh3_128_with_seed};

/// Numbers of the trailer.
const TRAILER: usize = 14;
/// Memory of a sentence beside its text, in bytes: its entries in tables, and in the map from texts to sentences.
const SENTENCE_BYTES: usize = 96;

pub(crate) struct SentencesWriter<'a> {
    storage: &'a dyn Storage,
    path: String,
    /// From the first sentence on: a segment without any has no file.
    writer: Option<SealedWriter>,
    /// By the hash of text, step and row.
    known: FxHashMap<u128, u32>,
    texts: String,
    text_offsets: Vec<u64>,
    steps: Vec<f32>,
    hashes: Vec<[u64; 2]>,
    checksums: Vec<u64>,
    case_offsets: Vec<u32>,
    case_sentences: Vec<u32>,
    case_checksums: Vec<u64>,
}

impl<'a> SentencesWriter<'a> {
    pub fn new(storage: &'a dyn Storage, folder: &str) -> Self {
        Self {
            storage,
            path: format!("{folder}/{}", SENTENCES.name),
            writer: None,
            known: FxHashMap::default(),
            texts: String::new(),
            text_offsets: vec![0],
            steps: Vec::new(),
            hashes: Vec::new(),
            checksums: Vec::new(),
            case_offsets: vec![0],
            case_sentences: Vec::new(),
            case_checksums: Vec::new(),
        }
    }

    /// Adds the next case with its sentences, sorted by text.
    /// Returns their numbers, in that order.
    pub fn push(&mut self, sentences: &[SentencePart<'_>]) -> Result<&[u32], IndexError> {
        let (ordinal, begin) = (self.case_checksums.len() as u32, self.case_sentences.len());
        for part in sentences {
            let id = self.id_of(part)?;
            self.case_sentences.push(id);
        }
        self.case_checksums.push(list_checksum(ordinal, &self.case_sentences[begin..]));
        self.case_offsets.push(self.case_sentences.len() as u32);
        Ok(&self.case_sentences[begin..])
    }

    fn id_of(&mut self, part: &SentencePart<'_>) -> Result<u32, IndexError> {
        let hash = xxh3_128(part.text.as_bytes());
        let [low, high] = halves(hash);
        let next = self.steps.len() as u32;
        let seed = low ^ high.rotate_left(32) ^ u64::from(part.step.to_bits());
        let id = *self.known.entry(hash ^ xxh3_128_with_seed(part.row, seed)).or_insert(next);
        if id == next {
            let writer = match &mut self.writer {
                Some(writer) => writer,
                None => self.writer.insert(SealedWriter::create(self.storage, &self.path, SENTENCES.kind)?),
            };
            write_bytes(writer, part.row)?;
            self.texts.push_str(part.text);
            self.text_offsets.push(self.texts.len() as u64);
            self.steps.push(part.step);
            self.hashes.push([low, high]);
            self.checksums.push(checksum(part));
        }
        Ok(id)
    }

    /// Bytes of rows and texts so far.
    pub fn bytes(&self) -> u64 {
        self.texts.len() as u64 + self.writer.as_ref().map_or(0, SealedWriter::position)
    }

    /// Memory that is held until the end, in bytes.
    pub fn memory_bytes(&self) -> usize {
        // Postings are held twice while they are written.
        self.texts.len()
            + SENTENCE_BYTES * self.steps.len()
            + 2 * size_of::<u32>() * self.case_sentences.len()
    }

    /// The file, if there is a sentence.
    pub fn finish(self) -> Result<Option<FileEntry>, IndexError> {
        let Some(mut writer) = self.writer else { return Ok(None) };
        let (offsets, ordinals) = postings(self.steps.len(), &self.case_offsets, &self.case_sentences);
        let texts = writer.position();
        write_bytes(&mut writer, self.texts.as_bytes())?;
        let trailer = [
            texts,
            write_table(&mut writer, &self.text_offsets)?,
            write_table(&mut writer, &self.steps)?,
            write_table(&mut writer, &self.hashes)?,
            write_table(&mut writer, &self.checksums)?,
            write_table(&mut writer, &self.case_offsets)?,
            write_table(&mut writer, &self.case_sentences)?,
            write_table(&mut writer, &self.case_checksums)?,
            write_table(&mut writer, &offsets)?,
            write_table(&mut writer, &ordinals)?,
            self.steps.len() as u64,
            self.case_checksums.len() as u64,
            self.case_sentences.len() as u64,
            TRAILER as u64,
        ];
        write_table(&mut writer, &trailer)?;
        Ok(Some(writer.finish()?))
    }
}

/// Per sentence the cases that say it: where each list begins, and the lists.
fn postings(sentences: usize, case_offsets: &[u32], case_sentences: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut offsets = vec![0_u32; sentences + 1];
    for &sentence in case_sentences {
        offsets[sentence as usize + 1] += 1;
    }
    for sentence in 0..sentences {
        offsets[sentence + 1] += offsets[sentence];
    }
    let (mut next, mut ordinals) = (offsets.clone(), vec![0; case_sentences.len()]);
    for (ordinal, list) in (0..).zip(case_offsets.windows(2)) {
        for &sentence in &case_sentences[list[0] as usize..list[1] as usize] {
            ordinals[next[sentence as usize] as usize] = ordinal;
            next[sentence as usize] += 1;
        }
    }
    (offsets, ordinals)
}

fn halves(hash: u128) -> [u64; 2] {
    [hash as u64, (hash >> 64) as u64]
}

fn checksum(part: &SentencePart<'_>) -> u64 {
    xxh3_64_with_seed(part.row, xxh3_64_with_seed(part.text.as_bytes(), part.step.to_bits().into()))
}

fn list_checksum(ordinal: u32, sentences: &[u32]) -> u64 {
    xxh3_64_with_seed(bytemuck::cast_slice(sentences), ordinal.into())
}

/// The sentences of a segment.
#[derive(Debug)]
pub(crate) struct Sentences {
    file: TableFile,
    row_bytes: usize,
    texts: usize,
    text_offsets: usize,
    steps: usize,
    hashes: usize,
    checksums: usize,
    case_offsets: usize,
    case_sentences: usize,
    case_checksums: usize,
    offsets: usize,
    ordinals: usize,
    sentences: usize,
    cases: usize,
    postings: usize,
}

impl Sentences {
    pub fn open(file: TableFile, dimension: usize) -> Result<Self, IndexError> {
        let trailer = long_trailer(&file, TRAILER)?;
        let at = |index: usize| trailer[index] as usize;
        let sentences = Self {
            row_bytes: MaxSim::row_bytes(dimension),
            texts: at(0),
            text_offsets: at(1),
            steps: at(2),
            hashes: at(3),
            checksums: at(4),
            case_offsets: at(5),
            case_sentences: at(6),
            case_checksums: at(7),
            offsets: at(8),
            ordinals: at(9),
            sentences: at(10),
            cases: at(11),
            postings: at(12),
            file,
        };
        if sentences.sentences.checked_mul(sentences.row_bytes) != Some(sentences.texts) {
            let problem = format!("{} vectors of dimension {dimension} do not fill it", sentences.sentences);
            return Err(sentences.file.damaged(problem));
        }
        Ok(sentences)
    }

    pub fn sealed(&self) -> &SealedFile {
        self.file.sealed()
    }

    pub fn cases(&self) -> usize {
        self.cases
    }

    /// The vectors of all sentences as rows of bytes, and the step of each.
    pub fn rows_and_steps(&self) -> Result<(&[u8], &[f32]), IndexError> {
        Ok((self.file.bytes(0..self.texts)?, self.file.slice(self.steps, self.sentences)?))
    }

    /// Number of sentences of a case.
    pub fn count_of(&self, ordinal: u32) -> Result<usize, IndexError> {
        Ok(self.list_of(ordinal)?.len())
    }

    /// The sentences of a case, by their texts, each verified to be what was written.
    pub fn of_case(&self, ordinal: u32) -> Result<Vec<SentencePart<'_>>, IndexError> {
        self.ids_of(ordinal)?.iter().map(|&id| self.sentence(id)).collect()
    }

    /// The sentence of a case that has this text.
    pub fn find(&self, ordinal: u32, text: &str) -> Result<Option<SentencePart<'_>>, IndexError> {
        let wanted = halves(xxh3_128(text.as_bytes()));
        for &id in self.ids_of(ordinal)? {
            if self.hash(id)? == wanted {
                let part = self.sentence(id)?;
                return Ok((part.text == text).then_some(part));
            }
        }
        Ok(None)
    }

    fn list_of(&self, ordinal: u32) -> Result<Range<usize>, IndexError> {
        if ordinal as usize >= self.cases {
            return Err(self.file.damaged(format!("it has no case {ordinal}")));
        }
        let list = self.file.span::<u32>(self.case_offsets, ordinal as usize)?;
        if list.end > self.postings {
            return Err(self.file.damaged(format!("it has no postings {list:?}")));
        }
        Ok(list)
    }

    fn ids_of(&self, ordinal: u32) -> Result<&[u32], IndexError> {
        let list = self.list_of(ordinal)?;
        let ids = self.file.slice(self.case_sentences + list.start * size_of::<u32>(), list.len())?;
        let expected = self.file.value::<u64>(self.case_checksums, ordinal as usize)?;
        if list_checksum(ordinal, ids) != expected {
            return Err(self.file.damaged(format!("the list of case {ordinal} is not what was written")));
        }
        Ok(ids)
    }

    fn hash(&self, id: u32) -> Result<[u64; 2], IndexError> {
        self.known(id)?;
        self.file.value(self.hashes, id as usize)
    }

    fn known(&self, id: u32) -> Result<(), IndexError> {
        if (id as usize) < self.sentences {
            return Ok(());
        }
        Err(self.file.damaged(format!("it has no sentence {id}")))
    }

    fn sentence(&self, id: u32) -> Result<SentencePart<'_>, IndexError> {
        self.known(id)?;
        let place = id as usize;
        let text = self.file.span::<u64>(self.text_offsets, place)?;
        let text =
            self.file.bytes(self.texts.saturating_add(text.start)..self.texts.saturating_add(text.end))?;
        let text = std::str::from_utf8(text).map_err(|_| self.decayed(id))?;
        let row = self.file.bytes(place * self.row_bytes..(place + 1) * self.row_bytes)?;
        let part = SentencePart { text, step: self.file.value(self.steps, place)?, row };
        if checksum(&part) != self.file.value::<u64>(self.checksums, place)? {
            return Err(self.decayed(id));
        }
        Ok(part)
    }

    fn decayed(&self, id: u32) -> IndexError {
        self.file.damaged(format!("sentence {id} is not what was written"))
    }

    /// The error for a sentence that is sound and says what cannot be.
    pub fn impossible(&self, ordinal: u32, problem: &str) -> IndexError {
        self.file.damaged(format!("a sentence of case {ordinal} cannot be read: {problem}"))
    }

    /// Checks that texts have their hashes, and that the lists of sentences and those of cases say the same.
    ///
    /// # Errors
    /// A list that says something else, and [`IndexError::Stopped`] if `stop` returns true.
    pub fn check_lists(&self, stop: &dyn Fn() -> bool) -> Result<(), IndexError> {
        for id in 0..self.sentences as u32 {
            if id % 256 == 0 && stop() {
                return Err(IndexError::Stopped);
            }
            if self.hash(id)? != halves(xxh3_128(self.sentence(id)?.text.as_bytes())) {
                return Err(self.file.damaged(format!("sentence {id} has another hash")));
            }
            let list = self.file.span::<u32>(self.offsets, id as usize)?;
            if list.end > self.postings {
                return Err(self.file.damaged(format!("it has no postings {list:?}")));
            }
            let start = self.ordinals + list.start * size_of::<u32>();
            let ordinals = self.file.slice::<u32>(start, list.len())?;
            let is_ascending = ordinals.windows(2).all(|pair| pair[0] < pair[1]);
            for &ordinal in ordinals {
                if !is_ascending || !self.ids_of(ordinal)?.contains(&id) {
                    return Err(self.file.damaged(format!("the cases of sentence {id} do not say it")));
                }
            }
        }
        // Each posting of a sentence is one of a case, so as many are all.
        let counted = self.file.value::<u32>(self.offsets, self.sentences)? as usize;
        let listed = self.file.value::<u32>(self.case_offsets, self.cases)? as usize;
        if counted != self.postings || listed != self.postings {
            return Err(self
                .file
                .damaged(format!("it has {counted} and {listed} of {} postings", self.postings)));
        }
        Ok(())
    }
}
