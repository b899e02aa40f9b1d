//! What a run reads: manifests, folders of reports, folders of DICOM files.

use crate::studies::{StudyFolder, holds_dicom};
use crate::{FolderProblem, IntakeError, Options, Watch};
use precedent_model::FieldSchema;
use precedent_sources::{ColumnMap, Manifest, Row, Source, SourceError, files_below, is_report};
use std::path::{Path, PathBuf};

/// The sources of a run, opened.
#[derive(Debug)]
pub struct Inputs(Vec<Input>);

impl Inputs {
    /// Opens every source: a manifest by its ending, a folder of reports or of DICOM files, standard input for `-`, which is read
    /// to its end here. Of folders of DICOM files the headers are read; `stop` leaves out what is not read yet.
    ///
    /// # Errors
    /// A source that is none, a folder that could be two, standard input named twice.
    pub fn open(
        paths: &[PathBuf],
        options: &Options,
        watch: &mut dyn Watch,
        stop: &dyn Fn() -> bool,
    ) -> Result<Self, IntakeError> {
        if paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
            return Err(IntakeError::StandardInputTwice);
        }
        paths.iter().map(|path| Input::open(path, options, watch, stop)).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn all(&self) -> &[Input] {
        &self.0
    }
}

/// One source.
#[derive(Debug)]
pub(crate) enum Input {
    Manifest(Source),
    Studies(StudyFolder),
}

impl Input {
    fn open(
        path: &Path,
        options: &Options,
        watch: &mut dyn Watch,
        stop: &dyn Fn() -> bool,
    ) -> Result<Self, IntakeError> {
        let manifest = || Source::open(path).map(Self::Manifest).map_err(IntakeError::Source);
        let refused = |problem| Err(IntakeError::Folder { path: path.to_owned(), problem });
        if !path.is_dir() {
            return manifest();
        }
        let files = match files_below(path) {
            Ok(files) => files,
            Err(error) => return refused(FolderProblem::Unreadable(error)),
        };
        let (reports, others): (Vec<PathBuf>, Vec<PathBuf>) =
            files.into_iter().partition(|file| is_report(file));
        match (reports.is_empty(), holds_dicom(&others)) {
            (_, false) => manifest(),
            (false, true) => refused(FolderProblem::Mixed),
            (true, true) if options.embeddings.is_some() => refused(FolderProblem::NoOrder),
            (true, true) if options.images.is_some() => refused(FolderProblem::ImagesBeside),
            (true, true) => {
                Ok(Self::Studies(StudyFolder::open(path, others, options.dicom_ids, watch, stop)))
            }
        }
    }

    /// The name in messages.
    pub fn name(&self) -> &Path {
        match self {
            Self::Manifest(source) => source.name(),
            Self::Studies(folder) => folder.root(),
        }
    }

    /// The column that holds embeddings, if there is one.
    pub fn embedding_column(
        &self,
        map: &ColumnMap,
        schema: &FieldSchema,
    ) -> Result<Option<String>, IntakeError> {
        match self {
            Self::Manifest(source) if source.is_parquet() => {
                let manifest = Manifest::of(source, map, schema).map_err(IntakeError::Source)?;
                Ok(manifest.embedding_column().map(str::to_owned))
            }
            _ => Ok(None),
        }
    }

    /// Begins to read.
    pub fn rows(&self, map: &ColumnMap, schema: &FieldSchema) -> Result<Rows, IntakeError> {
        match self {
            Self::Manifest(source) => Manifest::of(source, map, schema)
                .map(|manifest| Rows::Manifest(Box::new(manifest)))
                .map_err(IntakeError::Source),
            Self::Studies(folder) => {
                Ok(Rows::Studies { rows: folder.rows(), done: 0, notes: folder.notes() })
            }
        }
    }
}

/// The rows of a source, one after the other.
pub(crate) enum Rows {
    Manifest(Box<Manifest>),
    Studies { rows: Vec<Row>, done: usize, notes: Vec<String> },
}

impl Rows {
    /// Reads the embeddings that rows hold, too.
    pub fn read_embeddings(&mut self) -> Result<(), IntakeError> {
        match self {
            Self::Manifest(manifest) => manifest.read_embeddings().map_err(IntakeError::Source),
            Self::Studies { .. } => Ok(()),
        }
    }

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
