//! What a run reads: manifests, folders of reports, folders of DICOM files.

use super::studies::{StudyFolder, holds_dicom};
use crate::args::IngestArgs;
use crate::exit::Failure;
use crate::interrupt::Interrupt;
use precedent_model::FieldSchema;
use precedent_sources::{ColumnMap, Manifest, Row, Source, SourceError, files_below, is_report};
use std::path::{Path, PathBuf};

/// One source of the command line.
pub enum Input {
    Manifest(Source),
    Studies(StudyFolder),
}

impl Input {
    /// Opens every source. Standard input is read to its end here.
    pub fn open_all(args: &IngestArgs, interrupt: &Interrupt) -> Result<Vec<Self>, Failure> {
        if args.sources.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
            return Err(Failure::input("standard input can be read once; give - once"));
        }
        args.sources.iter().map(|path| Self::open(path, args, interrupt)).collect()
    }

    fn open(path: &Path, args: &IngestArgs, interrupt: &Interrupt) -> Result<Self, Failure> {
        let about = |problem: String| Failure::input(problem).about(path.display());
        if !path.is_dir() {
            return Source::open(path).map(Self::Manifest).map_err(Failure::input);
        }
        let files = files_below(path).map_err(|error| about(error.to_string()))?;
        let (reports, others): (Vec<PathBuf>, Vec<PathBuf>) =
            files.into_iter().partition(|file| is_report(file));
        match (reports.is_empty(), holds_dicom(&others)) {
            (_, false) => Source::open(path).map(Self::Manifest).map_err(Failure::input),
            (false, true) => {
                Err(about("holds both reports (.txt) and DICOM files; give a folder of each".to_owned()))
            }
            (true, true) if args.embeddings.is_some() => Err(about(
                "is a folder of DICOM files, which has no order for embeddings; name the files in a manifest"
                    .to_owned(),
            )),
            (true, true) if args.images.is_some() => Err(about(
                "is a folder of DICOM files, which are read from there; leave --images out".to_owned(),
            )),
            (true, true) => StudyFolder::open(path, others, args.dicom_ids, interrupt).map(Self::Studies),
        }
    }

    /// The name in messages.
    pub fn name(&self) -> &Path {
        match self {
            Self::Manifest(source) => source.name(),
            Self::Studies(folder) => folder.root(),
        }
    }

    /// Begins to read.
    pub fn rows(&self, map: &ColumnMap, schema: &FieldSchema) -> Result<Rows, Failure> {
        match self {
            Self::Manifest(source) => Manifest::of(source, map, schema)
                .map(|manifest| Rows::Manifest(Box::new(manifest)))
                .map_err(Failure::input),
            Self::Studies(folder) => {
                Ok(Rows::Studies { rows: folder.rows(), done: 0, notes: folder.notes() })
            }
        }
    }
}

/// The rows of a source, one after the other.
pub enum Rows {
    Manifest(Box<Manifest>),
    Studies { rows: Vec<Row>, done: usize, notes: Vec<String> },
}

impl Rows {
    /// How much was read so far and how much there is.
    pub fn progress(&self) -> (u64, u64) {
        match self {
            Self::Manifest(manifest) => manifest.progress(),
            Self::Studies { rows, done, .. } => (*done as u64, (rows.len() + done) as u64),
        }
    }

    /// What is to be known before the first row.
    pub fn notes(&self) -> &[String] {
        match self {
            Self::Manifest(manifest) => manifest.warnings(),
            Self::Studies { notes, .. } => notes,
        }
    }

    /// Columns that nothing uses, as far as they have turned up.
    pub fn ignored_columns(&self) -> &[String] {
        match self {
            Self::Manifest(manifest) => manifest.ignored_columns(),
            Self::Studies { .. } => &[],
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Row, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Manifest(manifest) => manifest.next(),
            Self::Studies { rows, done, .. } => {
                let row = rows.pop()?;
                *done += 1;
                Some(Ok(row))
            }
        }
    }
}
