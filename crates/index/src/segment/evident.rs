//! `evident`: the sentences with vectors that are evidence of a finding, case by case. Derived from the reports, so every merge writes
//! it anew.
//!
//! ```text
//! offsets  u32 x (cases + 1): which part of the next list a case has
//! said     u32 x entries: twice the number of a sentence, plus 1 if what it says is there for certain; ascending for every case
//! trailer  u64 x 5: places of the two tables, cases, entries, 5
//! ```

use super::sentences::Sentences;
use super::table::{TableFile, long_trailer, write_table};
use crate::IndexError;
use crate::parts::EVIDENT;
use precedent_model::{Assertion, Reading, Report};
use precedent_report::{Lexicon, evident_findings};
use precedent_storage::{FileEntry, SealedFile, SealedWriter, Storage};

/// Numbers of the trailer.
const TRAILER: usize = 5;

/// The sentences of one part of an archive, as far as they have vectors, and the cases in which they are evidence of a finding.
#[derive(Debug, Clone, Copy)]
pub struct SentenceTable<'a> {
    /// Names the part. A part of the same name always has the same sentences.
    pub part: &'a str,
    /// A row of bytes for each sentence, for [`precedent_vector::MaxSim`].
    pub rows: &'a [u8],
    /// The step of each sentence ([`precedent_vector::ByteVector::step`]).
    pub steps: &'a [f32],
    /// Where in `said` the sentences of each case begin, and where those of the last end.
    pub offsets: &'a [u32],
    /// For each case the sentences that are evidence, ascending: twice the number of the sentence, plus 1 if what it says is there for
    /// certain, and not only possibly.
    pub said: &'a [u32],
}

impl SentenceTable<'_> {
    /// The sentences of a case that are evidence, each with whether what it says is certain.
    pub fn evident(&self, ordinal: u32) -> impl Iterator<Item = (usize, bool)> + '_ {
        let place = ordinal as usize;
        let list = match self.offsets.get(place..place + 2) {
            Some(&[begin, end]) => self.said.get(begin as usize..end as usize).unwrap_or_default(),
            _ => &[],
        };
        list.iter().map(|&said| ((said >> 1) as usize, said & 1 == 1))
    }
}

/// For each of these texts whether it is evidence of a finding, and then whether of one that is there for certain.
pub fn evident(texts: &[&str], report: &Report, reading: &Reading, lexicon: &Lexicon) -> Vec<Option<bool>> {
    let mut evident = vec![None; texts.len()];
    for sentence in &reading.sentences {
        let text = sentence.text_in(report);
        let Ok(place) = texts.binary_search(&text) else { continue };
        let Some(findings) = evident_findings(sentence, lexicon) else { continue };
        let is_certain = findings.iter().any(|(_, assertion)| *assertion == Assertion::Present);
        evident[place] = Some(is_certain || evident[place] == Some(true));
    }
    evident
}

pub(crate) struct EvidentWriter {
    offsets: Vec<u32>,
    said: Vec<u32>,
}

impl EvidentWriter {
    pub fn new() -> Self {
        Self { offsets: vec![0], said: Vec::new() }
    }

    /// Adds the next case, with those of its sentences that are evidence, and whether what they say is certain.
    pub fn push(&mut self, sentences: impl Iterator<Item = (u32, bool)>) {
        let begin = self.said.len();
        self.said.extend(sentences.map(|(sentence, is_certain)| sentence << 1 | u32::from(is_certain)));
        self.said[begin..].sort_unstable();
        self.offsets.push(self.said.len() as u32);
    }

    /// Memory that is held until the end, in bytes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<u32>() * self.said.len()
    }

    /// The file, if a sentence is evidence.
    pub fn finish(self, storage: &dyn Storage, folder: &str) -> Result<Option<FileEntry>, IndexError> {
        if self.said.is_empty() {
            return Ok(None);
        }
        let path = format!("{folder}/{}", EVIDENT.name);
        let mut writer = SealedWriter::create(storage, &path, EVIDENT.kind)?;
        let trailer = [
            write_table(&mut writer, &self.offsets)?,
            write_table(&mut writer, &self.said)?,
            self.offsets.len() as u64 - 1,
            self.said.len() as u64,
            TRAILER as u64,
        ];
        write_table(&mut writer, &trailer)?;
        Ok(Some(writer.finish()?))
    }
}

/// Which sentences of a segment are evidence.
#[derive(Debug)]
pub(crate) struct Evident {
    file: TableFile,
    offsets: usize,
    said: usize,
    cases: usize,
    entries: usize,
}

impl Evident {
    pub fn open(file: TableFile) -> Result<Self, IndexError> {
        let trailer = long_trailer(&file, TRAILER)?;
        let at = |index: usize| trailer[index] as usize;
        Ok(Self { offsets: at(0), said: at(1), cases: at(2), entries: at(3), file })
    }

    pub fn sealed(&self) -> &SealedFile {
        self.file.sealed()
    }

    pub fn cases(&self) -> usize {
        self.cases
    }

    /// The table, with the sentences of the same segment.
    pub fn table<'a>(
        &'a self,
        part: &'a str,
        sentences: &'a Sentences,
    ) -> Result<SentenceTable<'a>, IndexError> {
        let (rows, steps) = sentences.rows_and_steps()?;
        let offsets = self.file.slice(self.offsets, self.cases + 1)?;
        let said = self.file.slice(self.said, self.entries)?;
        Ok(SentenceTable { part, rows, steps, offsets, said })
    }

    /// Checks that the lists are whole and name sentences that there are.
    pub fn check(&self, sentences: &Sentences) -> Result<(), IndexError> {
        let table = self.table("", sentences)?;
        let is_ascending = table.offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        let is_whole =
            table.offsets.first() == Some(&0) && table.offsets.last() == Some(&(self.entries as u32));
        let are_known = table.said.iter().all(|&said| ((said >> 1) as usize) < table.steps.len());
        match is_ascending && is_whole && are_known {
            true => Ok(()),
            false => Err(self.file.damaged("its lists are not those of the sentences".to_owned())),
        }
    }
}
