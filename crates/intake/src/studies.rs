//! A folder of DICOM files as cases: the files of one study are one case.

use crate::Watch;
use precedent_encoder::spread;
use precedent_imaging::{Format, HeaderFacts, ImageError, dicom_facts};
use precedent_model::{Case, CaseId, Image, ModelError};
use precedent_sources::{Rejection, Row};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What a case is called that is a study of a folder of DICOM files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DicomIds {
    /// By its accession number; by the study UID where it has none.
    #[default]
    AccessionNumber,
    /// By its study UID: an accession number may be that of several studies.
    StudyUid,
}

/// Bytes at the beginning of a file by which its format is told.
const HEAD_BYTES: u64 = 4096;
/// Files whose headers are read between two looks at whether to stop.
const BATCH: usize = 256;

/// What a file turned out to be.
enum Found {
    /// A picture, by its study and the accession number of that.
    Picture {
        study: String,
        accession: Option<String>,
    },
    NoDicom,
    /// DICOM without a picture, such as a structured report.
    NoPicture,
    Wrong {
        field: &'static str,
        problem: String,
        remedy: &'static str,
    },
}

/// The studies of a folder.
pub(crate) struct StudyFolder {
    root: PathBuf,
    ids: DicomIds,
    /// By study UID, so that the order is the same however the files are named.
    studies: BTreeMap<String, Study>,
    wrong: Vec<(PathBuf, Rejection)>,
    no_dicom: u64,
    no_picture: u64,
}

#[derive(Default)]
struct Study {
    accession: Option<String>,
    /// In the order of their paths.
    files: Vec<PathBuf>,
}

/// Whether any of the files is DICOM.
pub(crate) fn holds_dicom(files: &[PathBuf]) -> bool {
    files.iter().any(|file| {
        let mut head = Vec::new();
        let read = File::open(file).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
        read.is_ok() && Format::of(&head) == Some(Format::Dicom)
    })
}

/// Study UIDs and accession numbers are identifiers.
impl fmt::Debug for StudyFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StudyFolder({} studies)", self.studies.len())
    }
}

impl StudyFolder {
    /// Reads the headers of the files of a folder and sorts them by study. `stop` leaves out what is not read yet.
    pub fn open(
        root: &Path,
        files: Vec<PathBuf>,
        ids: DicomIds,
        watch: &mut dyn Watch,
        stop: &dyn Fn() -> bool,
    ) -> Self {
        let mut folder = Self {
            root: root.to_owned(),
            ids,
            studies: BTreeMap::new(),
            wrong: Vec::new(),
            no_dicom: 0,
            no_picture: 0,
        };
        let (mut done, total) = (0, files.len() as u64);
        for batch in files.chunks(BATCH) {
            if stop() {
                break;
            }
            let found = spread(batch.to_vec(), |file| (look(&file), file));
            for (found, file) in found {
                folder.add(file, found);
            }
            done += batch.len() as u64;
            watch.headers(done, total);
        }
        watch.source_ended();
        folder
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    fn add(&mut self, file: PathBuf, found: Found) {
        match found {
            Found::Picture { study, accession } => {
                let study = self.studies.entry(study).or_default();
                study.accession = study.accession.take().or(accession);
                study.files.push(file);
            }
            Found::NoDicom => self.no_dicom += 1,
            Found::NoPicture => self.no_picture += 1,
            Found::Wrong { field, problem, remedy } => {
                let rejection = Rejection {
                    row: 0,
                    line: 0,
                    field: field.to_owned(),
                    problem,
                    remedy: remedy.to_owned(),
                };
                self.wrong.push((file, rejection));
            }
        }
    }

    /// What was passed over, in sentences.
    pub fn notes(&self) -> Vec<String> {
        let root = self.root.display();
        let note = |count: u64, what: &str| {
            let files = if count == 1 { "file" } else { "files" };
            (count > 0).then(|| format!("{root}: {count} {files} {what}, passed over"))
        };
        [note(self.no_dicom, "without DICOM"), note(self.no_picture, "of DICOM without a picture")]
            .into_iter()
            .flatten()
            .collect()
    }

    /// A row per study and per file that cannot be read, the last one first, as they are taken off the end.
    pub fn rows(&self) -> Vec<Row> {
        let mut of_accession: HashMap<&str, usize> = HashMap::new();
        for accession in self.studies.values().filter_map(|study| study.accession.as_deref()) {
            *of_accession.entry(accession).or_default() += 1;
        }
        let shared = |study: &Study| {
            self.ids == DicomIds::AccessionNumber
                && study.accession.as_deref().is_some_and(|accession| of_accession[accession] > 1)
        };
        let studies = self.studies.iter().map(|(uid, study)| {
            let outcome = match shared(study) {
                false => self.case(uid, study),
                true => {
                    let problem = "is the accession number of several studies of this folder";
                    Err(ModelError::new("case_id", problem, "call the cases by their study UIDs"))
                }
            };
            let rejected = |error: ModelError| Rejection {
                row: 0,
                line: 0,
                field: error.field,
                problem: error.problem,
                remedy: error.remedy,
            };
            (study.files.first().cloned(), outcome.map_err(rejected))
        });
        let wrong = self.wrong.iter().map(|(file, rejection)| (Some(file.clone()), Err(rejection.clone())));
        let mut rows: Vec<Row> = (studies.chain(wrong).zip(1..))
            .map(|((file, outcome), number)| {
                let outcome = outcome.map_err(|rejection| Rejection { row: number, ..rejection });
                Row {
                    number,
                    line: 0,
                    file,
                    outcome,
                    embedding_rows: None,
                    embeddings: Vec::new(),
                    dropped: Vec::new(),
                }
            })
            .collect();
        rows.reverse();
        rows
    }

    fn case(&self, uid: &str, study: &Study) -> Result<Case, ModelError> {
        let id = match self.ids {
            DicomIds::AccessionNumber => study.accession.as_deref().unwrap_or(uid),
            DicomIds::StudyUid => uid,
        };
        let mut case = Case::new(CaseId::new(id)?);
        for file in &study.files {
            let name = file.strip_prefix(&self.root).unwrap_or(file).to_str().ok_or_else(|| {
                ModelError::new("images", "holds a file name that is not UTF-8", "rename the file")
            })?;
            case.images.push(Image { name: name.to_owned(), view: None });
        }
        Ok(case)
    }
}

/// Reads the header of a file.
fn look(file: &Path) -> Found {
    let wrong = |field, problem: String, remedy| Found::Wrong { field, problem, remedy };
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            return wrong("file", format!("cannot be read ({})", error.kind()), "check its permissions");
        }
    };
    match dicom_facts(&bytes) {
        Ok(HeaderFacts { study_uid: Some(study), accession, .. }) => Found::Picture { study, accession },
        Ok(_) => wrong(
            "study_uid",
            "is missing in the header".to_owned(),
            "name the file and its case in a manifest",
        ),
        Err(ImageError::UnknownFormat) => Found::NoDicom,
        Err(ImageError::NoPixels) => Found::NoPicture,
        Err(error) => wrong("file", error.to_string(), "export it again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(ids: DicomIds, files: &[(&str, &str, Option<&str>)]) -> StudyFolder {
        let root = PathBuf::from("films");
        let mut folder = StudyFolder {
            root: root.clone(),
            ids,
            studies: BTreeMap::new(),
            wrong: Vec::new(),
            no_dicom: 0,
            no_picture: 0,
        };
        for (file, study, accession) in files {
            let picture =
                Found::Picture { study: (*study).to_owned(), accession: accession.map(str::to_owned) };
            folder.add(root.join(file), picture);
        }
        folder
    }

    /// Of each row in order its id and images, or what is wrong with it.
    fn rows(folder: &StudyFolder) -> Vec<String> {
        let shown = |row: Row| match row.outcome {
            Ok(case) => {
                let names: Vec<&str> = case.images.iter().map(|image| image.name.as_str()).collect();
                format!("{}: {}", case.id.as_str(), names.join(" "))
            }
            Err(rejection) => rejection.to_string(),
        };
        folder.rows().into_iter().rev().map(shown).collect()
    }

    #[test]
    fn files_of_one_study_are_one_case_whatever_folder_they_lie_in() {
        let files = [("a.dcm", "1.2", Some("ACC1")), ("b/c", "1.3", None), ("d.dcm", "1.2", None)];
        assert_eq!(rows(&folder(DicomIds::AccessionNumber, &files)), ["ACC1: a.dcm d.dcm", "1.3: b/c"]);
        assert_eq!(rows(&folder(DicomIds::StudyUid, &files)), ["1.2: a.dcm d.dcm", "1.3: b/c"]);
    }

    #[test]
    fn an_accession_number_of_two_studies_names_neither() {
        let files = [("a", "1.2", Some("ACC1")), ("b", "1.3", Some("ACC1")), ("c", "1.4", Some("ACC2"))];
        let found = rows(&folder(DicomIds::AccessionNumber, &files));
        for (row, rejected) in found[..2].iter().enumerate() {
            let said =
                format!("row {} (line 0): case_id: is the accession number of several studies", row + 1);
            assert!(
                rejected.starts_with(&said) && rejected.ends_with("call the cases by their study UIDs"),
                "{rejected}"
            );
            assert!(!rejected.contains("ACC1"), "{rejected}");
        }
        assert_eq!(found[2], "ACC2: c");
        assert_eq!(rows(&folder(DicomIds::StudyUid, &files)), ["1.2: a", "1.3: b", "1.4: c"]);
    }

    #[test]
    fn what_is_no_film_is_passed_over_and_what_cannot_be_read_is_a_row() {
        let mut folder = folder(DicomIds::AccessionNumber, &[("a", "1.2", None)]);
        for found in [Found::NoDicom, Found::NoDicom, Found::NoPicture] {
            folder.add(PathBuf::from("films/x"), found);
        }
        folder.add(
            PathBuf::from("films/cut"),
            Found::Wrong { field: "file", problem: "is cut".to_owned(), remedy: "mend it" },
        );
        assert_eq!(rows(&folder), ["1.2: a", "row 2 (line 0): file: is cut; mend it"]);
        let notes = folder.notes();
        assert_eq!(notes[0], "films: 2 files without DICOM, passed over");
        assert_eq!(notes[1], "films: 1 file of DICOM without a picture, passed over");
    }
}
