//! What Precedent is about: cases, patients, reports, fields. Validated types without IO.
//!
//! A [`Case`] is one study with its report and its images. Text and identifiers of patients are protected health
//! information, so every type that holds them hides its content from `Debug` and implements no `Display`.
//!
//! ```
//! use precedent_model::{Case, CaseId, Report, SectionKind};
//!
//! let mut case = Case::new(CaseId::new("CXR1").unwrap());
//! case.report = Some(Report::new([(SectionKind::Impression, "No acute disease.")]).unwrap());
//! assert_eq!(case.report.as_ref().unwrap().section(SectionKind::Impression), Some("No acute disease."));
//! assert!(!format!("{case:?}").contains("acute"));
//! ```

mod case;
mod date;
mod error;
mod field;
mod fold;
mod grid;
mod image;
mod outline;
mod patient;
mod placeholder;
mod projection;
mod reading;
mod report;
mod thumbnail;
mod zone;

pub use case::{Case, CaseId, Image, MAX_CASE_ID_BYTES, MAX_IMAGES};
pub use date::PartialDate;
pub use error::ModelError;
pub use field::{FieldKind, FieldSchema, FieldValue, Fields, MAX_FIELD_VALUES, MAX_KEYWORD_BYTES};
pub use fold::{continues_word, fold_keyword, fold_keyword_part, fold_word, is_hyphen, is_invisible};
pub use grid::{GridFrame, ImageGrid, MAX_CELLS, chosen_cells};
pub use image::{GreyImage, ImageExtent, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE, Region};
pub use outline::{MAX_VERTICES, Mask, Outline, Polygon};
pub use patient::{PatientKey, fold_patient_id};
pub use placeholder::PlaceholderIds;
pub use projection::Projection;
pub use reading::{Assertion, FindingId, Laterality, Mention, Place, Reading, Run, Sentence, Size, Span};
pub use report::{MAX_REPORT_BYTES, Report, Section, SectionKind};
pub use thumbnail::{MAX_THUMBNAIL_BYTES, MAX_THUMBNAIL_SIDE, Thumbnail};
pub use zone::Zone;
