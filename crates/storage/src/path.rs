//! Which paths a storage takes.

use crate::StorageError;

/// Refuses what could leave the directory. The empty path is the directory itself.
pub(crate) fn checked_dir(path: &str) -> Result<&str, StorageError> {
    if path.is_empty() { Ok(path) } else { checked_file(path) }
}

/// As [`checked_dir`], and a file has a name.
pub(crate) fn checked_file(path: &str) -> Result<&str, StorageError> {
    let refused = |problem| Err(StorageError::InvalidPath { problem });
    if path.starts_with('/') {
        return refused("is absolute or empty");
    }
    // A backslash separates and a colon names a drive or stream on Windows.
    if path.chars().any(|c| c.is_control() || c == '\\' || c == ':') {
        return refused("holds a backslash, a colon or a control character");
    }
    for name in path.split('/') {
        match name {
            "" => return refused("has an empty part"),
            "." | ".." => return refused("has a '.' or '..' part"),
            _ => {}
        }
    }
    Ok(path)
}

/// The number that a file of this suffix is called by.
pub(crate) fn number_of(name: &str, suffix: &str) -> Option<u64> {
    let digits = name.strip_suffix(suffix)?;
    let right = digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit());
    if right { digits.parse().ok() } else { None }
}

/// The last part of `path`.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for good in ["a", "segments/0000000007/records", "manifest-1.tmp", "..a", "a b"] {
            assert!(checked_file(good).is_ok(), "{good}");
        }
        for bad in ["", "/", "/etc/x", "..", "a/../b", "a//b", "a/", "./a", "a\\b", "C:x", "a\0b", "a\n"] {
            assert!(checked_file(bad).is_err(), "{bad:?}");
        }
        assert!(checked_dir("").is_ok());
    }

    #[test]
    fn the_last_part_is_the_name() {
        assert_eq!((file_name("a/b/c"), file_name("a")), ("c", "a"));
    }
}
