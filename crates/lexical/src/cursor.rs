//! Walks over the documents of one segment that hold a word or words in a row, in ascending order.

use crate::LexicalError;
use crate::reader::LexicalSegment;
use crate::schema::LexicalField;
use crate::window::{Marks, RUN, marked};
use tantivy::postings::{BlockSegmentPostings, Postings, SegmentPostings};
use tantivy::{DocSet, TERMINATED};

/// Beyond every document.
pub(crate) const END: u32 = TERMINATED;

/// A walk over the documents of an alternative. It only goes forward.
pub(crate) enum Cursor {
    /// Boxed: it holds a block of decoded documents.
    Word(Box<WordCursor>),
    Phrase(PhraseCursor),
}

impl Cursor {
    /// A walk over the documents with these words in a row in a field, or `None` where the segment has none of one of them.
    pub(crate) fn open(
        segment: &LexicalSegment,
        field: LexicalField,
        words: &[String],
    ) -> Result<Option<Self>, LexicalError> {
        let mut found = Vec::with_capacity(words.len());
        for word in words {
            match segment.find(field, word)? {
                None => return Ok(None),
                Some(word) => found.push(word),
            }
        }
        match &found[..] {
            [] => Ok(None),
            [word] => Ok(Some(Self::Word(Box::new(WordCursor { blocks: word.blocks(true)?, at: 0 })))),
            words => {
                let postings = words.iter().map(|word| word.positions()).collect::<Result<_, _>>()?;
                Ok(Some(Self::Phrase(PhraseCursor::new(postings))))
            }
        }
    }

    /// Documents of the whole walk, or more.
    pub(crate) fn document_count(&self) -> u32 {
        match self {
            Self::Word(cursor) => cursor.blocks.doc_freq(),
            Self::Phrase(cursor) => cursor.words.iter().map(DocSet::size_hint).min().unwrap_or(0),
        }
    }

    /// The document the walk stands at, or [`END`].
    pub(crate) fn document(&self) -> u32 {
        match self {
            Self::Word(cursor) => cursor.document(),
            Self::Phrase(cursor) => cursor.document,
        }
    }

    /// How often the word or phrase stands in that document.
    pub(crate) fn frequency(&self) -> u32 {
        match self {
            Self::Word(cursor) => cursor.blocks.freqs().get(cursor.at).copied().unwrap_or(0),
            Self::Phrase(cursor) => cursor.frequency,
        }
    }

    /// Goes to the first document from `target` on; stays where that is behind.
    pub(crate) fn seek(&mut self, target: u32) {
        match self {
            Self::Word(cursor) => cursor.seek(target),
            Self::Phrase(cursor) => {
                if cursor.document < target {
                    cursor.find_from(target);
                }
            }
        }
    }

    /// Goes over all documents before `end`, giving each with its frequency.
    pub(crate) fn visit(&mut self, end: u32, mut each: impl FnMut(u32, u32)) {
        self.visit_runs(end, |documents, frequencies| {
            documents.iter().zip(frequencies).for_each(|(&document, &frequency)| each(document, frequency));
        });
    }

    /// The same in runs of documents and their frequencies, as many of the one as of the other.
    pub(crate) fn visit_runs(&mut self, end: u32, mut each: impl FnMut(&[u32], &[u32])) {
        match self {
            Self::Word(cursor) => cursor.visit_runs(end, each),
            Self::Phrase(cursor) => {
                while cursor.document < end {
                    each(&[cursor.document], &[cursor.frequency]);
                    cursor.find_from(cursor.document + 1);
                }
            }
        }
    }

    /// The same of one window, of whose documents only the accepted ones are given, if it is said which these are.
    #[inline]
    pub(crate) fn visit_sieved(
        &mut self,
        end: u32,
        accepted: Option<&Marks>,
        mut each: impl FnMut(&[u32], &[u32]),
    ) {
        let Some(accepted) = accepted else { return self.visit_runs(end, each) };
        let mut sieve = Sieve { documents: [0; RUN], frequencies: [0; RUN] };
        self.visit_runs(end, |documents, frequencies| {
            for (documents, frequencies) in documents.chunks(RUN).zip(frequencies.chunks(RUN)) {
                let left = sieve.sift(documents, frequencies, accepted);
                if let (Some(documents), Some(frequencies)) =
                    (sieve.documents.get(..left), sieve.frequencies.get(..left))
                {
                    each(documents, frequencies);
                }
            }
        });
    }
}

/// A run of which the documents that are not accepted are left out.
struct Sieve {
    documents: [u32; RUN],
    frequencies: [u32; RUN],
}

impl Sieve {
    /// How many are left of a run of at most [`RUN`]. Without a branch for each, which nothing could foresee.
    fn sift(&mut self, documents: &[u32], frequencies: &[u32], accepted: &Marks) -> usize {
        let mut left = 0;
        for (&document, &frequency) in documents.iter().zip(frequencies) {
            self.documents[left % RUN] = document;
            self.frequencies[left % RUN] = frequency;
            left += marked(accepted, document);
        }
        left
    }
}

pub(crate) struct WordCursor {
    blocks: BlockSegmentPostings,
    /// Place in the block; its length only at the end of the list.
    at: usize,
}

impl WordCursor {
    fn document(&self) -> u32 {
        self.blocks.docs().get(self.at).copied().unwrap_or(END)
    }

    fn seek(&mut self, target: u32) {
        if self.document() < target {
            self.at = self.blocks.seek(target);
        }
    }

    /// A block at a time, because the inner loop is where a query spends its time.
    fn visit_runs(&mut self, end: u32, mut each: impl FnMut(&[u32], &[u32])) {
        loop {
            let (documents, frequencies) = (self.blocks.docs(), self.blocks.freqs());
            let upto = match documents.last() {
                None => return,
                Some(&last) if last < end => documents.len(),
                Some(_) => documents.partition_point(|&document| document < end),
            };
            let range = self.at..upto.max(self.at);
            let (Some(some), Some(times)) = (documents.get(range.clone()), frequencies.get(range)) else {
                return;
            };
            each(some, times);
            if upto < documents.len() {
                self.at = self.at.max(upto);
                return;
            }
            self.blocks.advance();
            self.at = 0;
        }
    }
}

/// Documents with words in a row.
pub(crate) struct PhraseCursor {
    /// One walk per word, in the order of the phrase.
    words: Vec<SegmentPostings>,
    /// Places in `words`, rarest first.
    rarest: Vec<usize>,
    document: u32,
    frequency: u32,
    starts: Vec<u32>,
    places: Vec<u32>,
}

impl PhraseCursor {
    fn new(words: Vec<SegmentPostings>) -> Self {
        let mut rarest: Vec<usize> = (0..words.len()).collect();
        rarest.sort_by_key(|&place| words[place].doc_freq());
        let (starts, places) = (Vec::new(), Vec::new());
        let mut cursor = Self { words, rarest, document: 0, frequency: 0, starts, places };
        cursor.find_from(0);
        cursor
    }

    /// Goes to the first document from `target` on that holds the phrase.
    fn find_from(&mut self, mut target: u32) {
        loop {
            let document = self.common_from(target);
            self.document = document;
            if document == END {
                return;
            }
            self.frequency = self.count_starts();
            if self.frequency > 0 {
                return;
            }
            target = document + 1;
        }
    }

    /// The first document from `target` on that holds every word.
    fn common_from(&mut self, mut target: u32) -> u32 {
        'next: loop {
            for &place in &self.rarest {
                let word = &mut self.words[place];
                let document = if word.doc() < target { word.seek(target) } else { word.doc() };
                if document == END {
                    return END;
                }
                if document > target {
                    target = document;
                    continue 'next;
                }
            }
            return target;
        }
    }

    /// At how many places of the current document the phrase begins.
    fn count_starts(&mut self) -> u32 {
        for (place, word) in self.words.iter_mut().enumerate() {
            if place == 0 {
                word.positions(&mut self.starts);
                continue;
            }
            word.positions(&mut self.places);
            // Both lists ascend.
            let mut rest = self.places.iter().peekable();
            self.starts.retain(|&start| {
                let wanted = start + place as u32;
                while rest.next_if(|&&here| here < wanted).is_some() {}
                rest.peek() == Some(&&wanted)
            });
            if self.starts.is_empty() {
                break;
            }
        }
        self.starts.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simple::read;
    use crate::{LexicalWriter, OwnedBytes};
    use precedent_model::{Report, SectionKind};
    use std::sync::Arc;

    /// `times(i)` copies of "rare word" in document i, among filler.
    fn segment(documents: u32, times: impl Fn(u32) -> u32) -> LexicalSegment {
        let mut writer = LexicalWriter::new().unwrap();
        for i in 0..documents {
            let text = format!("word filler {}", "rare word gap ".repeat(times(i) as usize));
            let report = Report::new([(SectionKind::Body, text)]).unwrap();
            writer.add(Some((&report, &read(&report)))).unwrap();
        }
        LexicalSegment::open(Arc::new(OwnedBytes::new(writer.finish().unwrap()))).unwrap()
    }

    fn open(segment: &LexicalSegment, words: &[&str]) -> Option<Cursor> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        Cursor::open(segment, LexicalField::Text, &words).unwrap()
    }

    /// Walking in steps and seeking must both see what stands there, whatever the length of the last block.
    #[test]
    fn walks_and_seeks_agree_with_the_documents() {
        for (documents, every) in [(1, 1), (127, 1), (128, 1), (129, 1), (1000, 3), (768, 2), (400, 391)] {
            let times = |i: u32| if i.is_multiple_of(every) { 1 + i % 3 } else { 0 };
            let segment = segment(documents, times);
            let expected: Vec<(u32, u32)> =
                (0..documents).map(|i| (i, times(i))).filter(|&(_, times)| times > 0).collect();
            for words in [&["rare"][..], &["rare", "word"]] {
                for step in [1, 64, 130, 5000] {
                    let mut cursor = open(&segment, words).unwrap();
                    let mut seen = Vec::new();
                    for start in (0..documents).step_by(step as usize) {
                        cursor.visit(start + step, |document, frequency| seen.push((document, frequency)));
                    }
                    assert_eq!(seen, expected, "{documents} {every} {step}");
                    assert_eq!(cursor.document(), END);
                    cursor.visit(END, |_, _| panic!("nothing is left"));
                }
                for step in [1, 5, 127, 200] {
                    let mut cursor = open(&segment, words).unwrap();
                    for target in (0..documents + 300).step_by(step) {
                        cursor.seek(target);
                        let next = expected.iter().find(|&&(document, _)| document >= target);
                        assert_eq!(cursor.document(), next.map_or(END, |&(document, _)| document));
                        if let Some(&(_, times)) = next {
                            assert_eq!(cursor.frequency(), times);
                        }
                    }
                    cursor.visit(END, |_, _| panic!("nothing is left"));
                }
            }
        }
    }

    #[test]
    fn seeks_and_walks_mix() {
        let segment = segment(1000, |i| i % 2);
        for words in [&["rare"][..], &["rare", "word"]] {
            let mut cursor = open(&segment, words).unwrap();
            cursor.seek(300);
            let mut seen = Vec::new();
            cursor.visit(306, |document, _| seen.push(document));
            cursor.seek(500);
            cursor.visit(504, |document, _| seen.push(document));
            cursor.seek(10);
            assert_eq!((seen, cursor.document()), (vec![301, 303, 305, 501, 503], 505));
        }
    }

    #[test]
    fn phrases_are_words_in_a_row() {
        let segment = segment(5, |_| 2);
        assert!(open(&segment, &["rare", "missing"]).is_none());
        assert_eq!(open(&segment, &["word", "gap", "rare"]).unwrap().frequency(), 1);
        assert_eq!(open(&segment, &["gap", "word"]).unwrap().document(), END);
        assert_eq!(open(&segment, &["rare", "rare"]).unwrap().document(), END);
    }
}
