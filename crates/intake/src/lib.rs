//! Manifests, folders, films and embeddings into an index: what a program needs to ingest an archive.
//!
//! [`Inputs`] are manifests, folders of reports and folders of DICOM files. [`ingest`] reads them row by row, gives each row its
//! embeddings or reads and encodes its films, hands the cases to the engine in batches, and counts what became of them. A
//! row that is wrong is told to a [`Watch`] and never ends a run. Running again changes nothing: the engine writes no equal
//! case a second time.
//!
//! ```
//! use precedent_engine::{Access, Definition, Engine};
//! use precedent_intake::{Inputs, Options, Rejected, Watch, ingest};
//!
//! /// Prints what is rejected.
//! struct Printed;
//!
//! impl Watch for Printed {
//!     fn rejected(&mut self, rejected: &Rejected<'_>) -> std::io::Result<()> {
//!         println!("{}: {}", rejected.source, rejected.row);
//!         Ok(())
//!     }
//! }
//!
//! let folder = tempfile::tempdir()?;
//! let (index, manifest) = (folder.path().join("index"), folder.path().join("cases.csv"));
//! std::fs::write(&manifest, "case_id,impression\nCXR1,Left pleural effusion.\n,No id.\n")?;
//! Engine::create(&index, &Definition::chest_xray()?)?;
//!
//! let options = Options::default();
//! let go_on = || false;
//! // Before the index is opened, as standard input may take long to end.
//! let inputs = Inputs::open(&[manifest], &options, &mut Printed, &go_on)?;
//! let engine = Engine::open(&index, Access::Bulk)?;
//! let tally = ingest(&engine, &inputs, &options, &mut Printed, &go_on);
//! engine.commit()?;
//! let tally = tally?;
//! assert_eq!((tally.rows, tally.created, tally.rejected), (2, 1, 1));
//!
//! let again = ingest(&engine, &inputs, &options, &mut (), &go_on)?;
//! assert_eq!((again.created, again.unchanged), (0, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod embeddings;
mod error;
mod images;
mod inputs;
mod options;
mod run;
mod studies;
mod tally;
mod watch;

pub use error::{Counts, EmbeddingsProblem, FolderProblem, ImagesProblem, IntakeError};
pub use inputs::Inputs;
pub use options::{Embeddings, EmbeddingsPer, Options};
pub use run::ingest;
pub use studies::DicomIds;
pub use tally::Tally;
pub use watch::{Rejected, RejectedBecause, Watch};
