//! What is learned from: studies, each with its films and the sentences of its report.

use precedent_model::GreyImage;
use std::error::Error;

/// One sentence of a report.
#[derive(Clone, PartialEq, Eq)]
pub struct Sentence {
    /// As it was written.
    pub text: String,
    /// What it says: sentences of one key say the same in other words, such as "no effusion" and "costophrenic angles
    /// are sharp". A film whose report says so, too, is no counter-example.
    pub key: u64,
    /// Whether few reports share it. What all of them say is drawn less often.
    pub informative: bool,
}

/// Report text.
impl std::fmt::Debug for Sentence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sentence(hidden, informative: {})", self.informative)
    }
}

/// One film.
#[derive(Debug, Clone, PartialEq)]
pub struct Film {
    /// The picture.
    pub image: GreyImage,
    /// Whether it was taken from the side.
    pub lateral: bool,
}

/// One study: films and what their report says.
#[derive(Debug, Clone)]
pub struct Study {
    /// At least one.
    pub films: Vec<Film>,
    /// At least one.
    pub sentences: Vec<Sentence>,
}

/// Why a study cannot be had.
pub type DatasetError = Box<dyn Error + Send + Sync>;

/// Studies by number. Called from several threads at once, once for each study.
pub trait Dataset: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One study by its number from 0; `None` where it has no film or no sentence to learn from.
    ///
    /// # Errors
    /// What keeps it from being read. Training ends with it.
    fn study(&self, number: usize) -> Result<Option<Study>, DatasetError>;
}
