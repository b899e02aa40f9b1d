//! Phantoms as what an encoder is taught by: films, and the sentences of their reports as the reader understands them.

use precedent_model::{Mention, Report, Sentence};
use precedent_phantom::{Archive, ArchiveParams, PhantomError, Projection};
use precedent_report::{Lexicon, ReportReader};
use precedent_training::{Dataset, DatasetError, Film, Sentence as Taught, Study};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// Studies of an archive of phantoms, made as they are asked for.
pub struct PhantomStudies {
    archive: Archive,
    reader: ReportReader,
}

impl PhantomStudies {
    /// The studies of an archive.
    ///
    /// # Errors
    /// Parameters that describe no archive.
    pub fn new(params: ArchiveParams) -> Result<Self, PhantomError> {
        Ok(Self { archive: Archive::new(params)?, reader: ReportReader::new(Lexicon::bundled()) })
    }
}

impl Dataset for PhantomStudies {
    fn len(&self) -> usize {
        self.archive.len()
    }

    fn study(&self, number: usize) -> Result<Option<Study>, DatasetError> {
        let study = self.archive.study(number)?;
        let report = Report::new(study.report.sections)?;
        let reading = self.reader.read(&report);
        let sentences = (reading.sentences.iter()).filter(|sentence| sentence.kind.is_reported()).filter_map(
            |sentence| {
                let section = report.sections().get(sentence.section)?;
                let text = section.text.get(sentence.span.range())?;
                let informative = !sentence.boilerplate && !sentence.mentions.is_empty();
                Some(Taught { text: text.to_owned(), key: key(sentence, text), informative })
            },
        );
        let films = (study.views.into_iter())
            .map(|view| Film { image: view.image, lateral: view.projection == Projection::Lateral })
            .collect();
        Ok(Some(Study { films, sentences: sentences.collect() }))
    }
}

/// What a sentence says: the findings that it mentions, each with assertion and side, in any order; its words where it
/// mentions none.
fn key(sentence: &Sentence, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    if sentence.mentions.is_empty() {
        text.to_lowercase().hash(&mut hasher);
        return hasher.finish();
    }
    let said = |mention: &Mention| (mention.finding.clone(), mention.assertion, mention.laterality);
    let mut said: Vec<_> = sentence.mentions.iter().map(said).collect();
    said.sort_unstable();
    said.dedup();
    said.hash(&mut hasher);
    hasher.finish()
}
