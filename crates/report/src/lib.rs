//! Radiology text understood by rules and a lexicon: sections, sentences, assertions, findings.
//!
//! [`ReportReader::read`] takes a signed report and gives a [`precedent_model::Reading`]: sentences with their section,
//! the words of each by assertion, and the findings of the [`Lexicon`] that it mentions. It never fails; what looked
//! wrong comes back as a warning. Time is linear in the text.
//!
//! ```
//! use precedent_model::{Assertion, Report, SectionKind, Span};
//! use precedent_report::{Lexicon, ReportReader};
//!
//! let reader = ReportReader::new(Lexicon::bundled());
//! let report = Report::new([(SectionKind::Findings, "No pneumothorax. Small left pleural effusion.")])?;
//! let said = reader.read(&report).findings();
//! let said: Vec<_> = said.iter().map(|(finding, assertion)| (&**finding, *assertion)).collect();
//! assert_eq!(said, [("pleural-effusion", Assertion::Present), ("pneumothorax", Assertion::Absent)]);
//!
//! // Any words, in the lexicon or not.
//! assert_eq!(reader.assert("The patient denies chest pain.", Span::new(19..29)), Assertion::Absent);
//! # Ok::<(), precedent_model::ModelError>(())
//! ```

mod answer;
mod assertion;
mod correction;
mod informative;
mod language;
mod lexicon;
mod lexicon_file;
mod markup;
mod measure;
mod mention;
mod reader;
mod scope;
mod section;
mod sentence;
mod token;

pub use informative::{evident_findings, speaks_of_examination};
pub use lexicon::{Groups, Lexicon};
pub use lexicon_file::{
    CueEntry, FindingEntry, GroupEntry, HeadingEntry, LanguageEntry, LexiconError, LexiconFile, WordsEntry,
};
pub use reader::ReportReader;
