//! Manifests and vectors from outside: JSONL, CSV, TSV and npy, with a map of foreign columns.
//!
//! A [`Manifest`] is read row by row in constant memory, from a [`Source`]: a file, compressed or not, standard input, or a folder of
//! reports. Every row becomes a case or a [`Rejection`] that says what is
//! wrong with it; a field that cannot be read is left out, as a [`DroppedField`] says; a bad row never ends the reading. An [`NpyMatrix`] holds one embedding per row of a manifest.
//!
//! ```
//! use precedent_model::{FieldKind, FieldSchema};
//! use precedent_sources::{ColumnMap, Manifest};
//! use std::io::Write;
//!
//! let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
//! writeln!(file, "uid,Age,tags,impression\nCXR1,63,edema;effusion,Mild oedema.\nCXR2,old,,Clear.\n,63,,Clear.").unwrap();
//!
//! let schema = FieldSchema::new([("age".into(), FieldKind::Integer), ("problems".into(), FieldKind::Keywords)]).unwrap();
//! let map = ColumnMap::from_toml(
//!     r#"
//!     [columns]
//!     case_id = "uid"
//!     age = "Age"
//!     [labels]
//!     problems = { column = "tags", split = ";" }
//!     "#,
//! )
//! .unwrap();
//! let mut manifest = Manifest::open(file.path(), &map, &schema).unwrap();
//!
//! let case = manifest.next().unwrap().unwrap().outcome.unwrap();
//! assert_eq!((case.id.as_str(), case.fields["problems"].len()), ("CXR1", 2));
//! let row = manifest.next().unwrap().unwrap();
//! assert!(row.outcome.unwrap().fields.is_empty());
//! assert_eq!((row.dropped[0].row, row.dropped[0].line, row.dropped[0].field.as_str()), (2, 3, "age"));
//! let rejection = manifest.next().unwrap().unwrap().outcome.unwrap_err();
//! assert_eq!((rejection.row, rejection.field.as_str()), (3, "case_id"));
//! assert!(manifest.next().is_none());
//! ```

mod binding;
mod cell;
mod compression;
mod date_format;
mod error;
mod input;
mod json;
mod json_row;
mod manifest;
#[cfg(feature = "parquet")]
mod parquet;
mod target;

mod map;
mod near;
mod npy;
mod reports;
mod row;
mod source;
mod table;

#[cfg(test)]
mod properties;

pub use error::{DroppedField, MapError, Rejection, SourceError};
pub use input::MAX_LINE_BYTES;
pub use json_row::json_row;
pub use manifest::{Manifest, Row};
pub use map::ColumnMap;
pub use near::nearest_column;
pub use npy::{NpyMatrix, NpyWriter};
pub use source::{Source, files_below, is_report};
