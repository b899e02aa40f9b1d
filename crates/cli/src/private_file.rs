//! Files that only their owner may read, written whole or not at all.

use crate::exit::Failure;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file in place of one that is there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    // What is there and no file, such as a folder or a device, is not replaced by one.
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(Failure::input("is no file; give the name of a file").about(path.display()));
    }
    let draft = draft_of(path)?;
    let written = put(&draft, path, bytes);
    if written.is_err() {
        // What is left of it holds reports; whether it can be removed changes nothing about the failure.
        let _ = fs::remove_file(&draft);
    }
    written.map_err(|error| Failure::input(error).about(path.display()))
}

/// A name beside the file, in a folder that is then surely on the same disk.
fn draft_of(path: &Path) -> Result<PathBuf, Failure> {
    let Some(name) = path.file_name() else {
        return Err(Failure::input("names no file; give the name of a file").about(path.display()));
    };
    let name = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
    Ok(path.with_file_name(name))
}

#[expect(clippy::disallowed_methods, reason = "a page is no file of an index")]
fn put(draft: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_owner_s_and_replaces_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        for text in ["first", "second"] {
            write(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_place_that_cannot_be_written_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        assert!(write(&taken, b"page").is_err() && taken.is_dir());
        #[cfg(unix)]
        assert!(write(Path::new("/dev/null"), b"page").is_err());
        assert!(write(&folder.path().join("none/page.html"), b"page").is_err());
        assert!(write(Path::new("/"), b"page").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }
}
