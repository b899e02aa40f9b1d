//! The films that a manifest names, read and encoded on every core.

use crate::{ImagesProblem, IntakeError};
use precedent_encoder::spread;
use precedent_engine::{Engine, MAX_CASE_FILE_BYTES, NewCase, Violation};
use precedent_model::Case;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Rows whose films are encoded together. Each core holds the files of one row at a time, so memory does not grow with
/// it; a run that is to stop waits for the rows that are begun.
pub(crate) const ROWS: usize = 64;

/// The folder below which the films lie.
pub(crate) struct Images {
    root: PathBuf,
}

impl Images {
    /// Films below a folder that was named, for an index whose encoder is here.
    pub fn named(root: &Path, engine: &Engine) -> Result<Self, IntakeError> {
        if !root.is_dir() {
            return Err(IntakeError::Images { root: root.to_owned(), problem: ImagesProblem::NoFolder });
        }
        Self::of_source(root, engine)
    }

    /// Films of a source that is a folder of them.
    pub fn of_source(root: &Path, engine: &Engine) -> Result<Self, IntakeError> {
        let refused = |violation| IntakeError::Images {
            root: root.to_owned(),
            problem: ImagesProblem::NoEncoder(violation),
        };
        engine.can_encode().map_err(refused)?;
        Ok(Self { root: root.to_owned() })
    }

    /// Reads and encodes the films of every case, in order. `None` where `stop` said so before a case was begun.
    pub fn encode(
        &self,
        engine: &Engine,
        cases: Vec<Case>,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Vec<Option<Result<NewCase, Vec<Violation>>>> {
        let one = |case: Case| {
            let files = self.read(&case)?;
            engine.encode(NewCase { files, ..NewCase::new(case) })
        };
        spread(cases, |case| (!stop()).then(|| one(case)))
    }

    /// The files of a case. Names may be UIDs, so no violation quotes one.
    fn read(&self, case: &Case) -> Result<Vec<Option<Vec<u8>>>, Vec<Violation>> {
        let mut contents = Vec::with_capacity(case.images.len());
        let mut wrong = Vec::new();
        let mut room = MAX_CASE_FILE_BYTES as u64;
        for (place, image) in case.images.iter().enumerate() {
            match self.file(&image.name, room) {
                Ok(content) => {
                    room = room.saturating_sub(content.len() as u64);
                    contents.push(Some(content));
                }
                Err(problem) => wrong.push(Violation::new(format!("images[{place}]"), problem)),
            }
        }
        if wrong.is_empty() { Ok(contents) } else { Err(wrong) }
    }

    fn file(&self, name: &str, room: u64) -> Result<Vec<u8>, String> {
        let relative = below(name)?;
        let path = self.root.join(relative);
        // Asked before it is opened, as opening a pipe would wait for somebody to write.
        let metadata = std::fs::metadata(&path).map_err(|error| problem(&error))?;
        if !metadata.is_file() {
            return Err("names no regular file in the folder of images; give a file".to_owned());
        }
        if metadata.len() > room {
            let limit = MAX_CASE_FILE_BYTES;
            return Err(format!(
                "brings the row above {limit} bytes of files, which is the limit; split the study"
            ));
        }
        std::fs::read(&path).map_err(|error| problem(&error))
    }
}

/// A name that cannot lead out of the folder.
fn below(name: &str) -> Result<&Path, &'static str> {
    let path = Path::new(name.trim());
    if path.as_os_str().is_empty() {
        return Err("is empty; name a file below the folder of images");
    }
    if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err("is absolute or holds `..`; name a file below the folder of images");
    }
    Ok(path)
}

fn problem(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "names a file that is not in the folder of images; correct the name".to_owned()
        }
        kind => format!("names a file that cannot be read ({kind}); check its permissions"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_folder() {
        for name in ["a.png", "dicom/a.dcm", "./a.png", " a.png "] {
            assert!(below(name).is_ok(), "{name}");
        }
        for name in ["", " ", "/etc/passwd", "../a.png", "a/../../b.png", ".."] {
            assert!(below(name).is_err(), "{name}");
        }
    }
}
