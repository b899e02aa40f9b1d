//! Synthetic chest radiographs with reports, labels and true boxes, for demonstrations, tests and training.
//!
//! A phantom is a body of ovals and tubes, seen along parallel rays. Findings change the body, so frontal and lateral
//! films agree, and what a finding changed is known to the pixel. Reports are written from the same truth in several
//! house styles, with what real ones have: denials, doubts, comparisons, omissions.
//!
//! ```
//! use precedent_phantom::{Archive, ArchiveParams};
//!
//! let archive = Archive::new(ArchiveParams { seed: 7, studies: 2, size: 128, ..ArchiveParams::default() })?;
//! let study = archive.study(1)?;
//! assert_eq!(study.views[0].image.width(), 128);
//! assert_eq!(study.truth.len(), study.report.told.len());
//! assert_eq!(archive.study(1)?, study);
//! # Ok::<(), precedent_phantom::PhantomError>(())
//! ```
//!
//! **What is promised**: the same parameters and [`PHANTOM_VERSION`] give the same bits of every picture, report, label
//! and box on every platform. All numbers come from integers, IEEE 754 `+ - * /` and square roots; nothing calls the
//! platform's mathematics. A PNG or DICOM file may differ in its container when an encoder changes, never in its pixels.
//!
//! **What is not**: these are not patients. Shapes are schematic, findings are textbook cases, and a model trained on
//! them alone has seen no real film.

mod anatomy;
mod archive;
mod bones;
mod boxes;
mod course;
mod date;
mod device;
mod dicom;
mod error;
mod film;
mod finding;
mod map;
mod math;
mod opacity;
mod pen;
mod random;
mod report;
#[cfg(test)]
mod report_tests;
mod report_writer;
mod scene;
mod site;
mod slice;
mod texture;
mod tissue;
mod vessels;
mod view;
#[cfg(test)]
mod view_tests;
mod words;
mod write;

pub use anatomy::Sex;
pub use archive::{Archive, ArchiveParams, PHANTOM_VERSION, Study};
pub use course::Patient;
pub use error::PhantomError;
pub use finding::{Finding, FindingKind, Place};
pub use report::{PhantomReport, Style, Told};
pub use report_writer::{HEDGE_MILD, OMIT_INCIDENTAL, OMIT_MILD};
pub use scene::Projection;
pub use site::{SITES, Site};
pub use view::View;
pub use write::{Format, write_archive};
