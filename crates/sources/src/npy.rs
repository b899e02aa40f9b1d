//! Matrices in NumPy's `.npy` format, read and written row by row.
//!
//! Format versions 1.0, 2.0 and 3.0 (`numpy.lib.format`): the magic bytes, the version, the length of the header (u16,
//! from version 2.0 on u32), a Python dictionary with `descr`, `fortran_order` and `shape`, then the numbers. Read are
//! little-endian f32 in C order of shape (rows, dimension), or (dimension,) for one row, with a file length that fits.

use crate::SourceError;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header, in bytes. NumPy itself refuses more than 10,000.
const MAX_HEADER_BYTES: u64 = 1 << 16;
/// Largest dimension; guards the memory that one row takes.
const MAX_DIMENSION: u64 = 1 << 16;
/// The one line of Python that makes a file of any other layout fit.
const REMEDY: &str = "write it with numpy.save of numpy.ascontiguousarray(x, dtype='<f4')";

/// A matrix of little-endian f32 in a file: one row per case, in the order of the manifest. All rows of the manifest
/// have one, also those that are rejected. Whether the numbers are finite is for the index to check.
pub struct NpyMatrix {
    path: PathBuf,
    file: BufReader<File>,
    rows: u64,
    dimension: usize,
    data_offset: u64,
    /// The row that the file stands before; `None` after a failure.
    next: Option<u64>,
    bytes: Vec<u8>,
}

impl NpyMatrix {
    /// Opens a file and checks its header and length.
    ///
    /// # Errors
    /// A file that cannot be read, that is no `.npy`, cut short or too long, or that holds other than rows of f32.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SourceError> {
        let path = path.as_ref();
        let failed = |source| SourceError::Open { path: path.to_owned(), source };
        // Asked by name first, as opening a pipe would wait for somebody to write.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(refused(path, 0, "is not a regular file", "give an .npy file"));
        }
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut file = BufReader::with_capacity(1 << 18, file);
        let (header, data_offset) = read_header(path, &mut file)?;
        let header =
            parse_header(&header).map_err(|problem| refused(path, MAGIC.len() as u64, problem, REMEDY))?;
        let (rows, dimension) = header
            .layout()
            .map_err(|(problem, remedy)| refused(path, MAGIC.len() as u64, problem, remedy))?;
        let expected = rows.checked_mul(dimension * 4).and_then(|bytes| bytes.checked_add(data_offset));
        if expected != Some(length) {
            let problem = match expected {
                Some(expected) => {
                    format!("has {length} bytes, but {rows} rows of {dimension} numbers need {expected}")
                }
                None => format!("has a header of {rows} rows, more than a file can hold"),
            };
            return Err(refused(path, data_offset, problem, "write or copy it again"));
        }
        // At most MAX_DIMENSION, so it fits.
        let dimension = dimension as usize;
        let bytes = vec![0; dimension * 4];
        Ok(Self { path: path.to_owned(), file, rows, dimension, data_offset, next: Some(0), bytes })
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Numbers per row; at least 1.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Reads row `row`, from 0, into `values`, whose old content is dropped. Rows in order cost no seek.
    ///
    /// # Errors
    /// A row beyond the last, or a file that can no longer be read.
    pub fn read_row(&mut self, row: u64, values: &mut Vec<f32>) -> Result<(), SourceError> {
        values.clear();
        if row >= self.rows {
            return Err(SourceError::NoSuchRow { path: self.path.clone(), row, rows: self.rows });
        }
        let offset = self.data_offset + row * self.bytes.len() as u64;
        let there = self.next.replace(row + 1) == Some(row);
        let sought = if there { Ok(0) } else { self.file.seek(SeekFrom::Start(offset)) };
        if let Err(source) = sought.and_then(|_| self.file.read_exact(&mut self.bytes)) {
            self.next = None;
            return Err(SourceError::Read { path: self.path.clone(), offset, source });
        }
        let (numbers, _) = self.bytes.as_chunks::<4>();
        values.extend(numbers.iter().map(|number| f32::from_le_bytes(*number)));
        Ok(())
    }

    /// Reads the row after the last one read, at first row 0; `false` after the last.
    ///
    /// # Errors
    /// A file that can no longer be read.
    pub fn next_row(&mut self, values: &mut Vec<f32>) -> Result<bool, SourceError> {
        match self.next {
            Some(row) if row < self.rows => self.read_row(row, values).map(|()| true),
            _ => {
                values.clear();
                Ok(false)
            }
        }
    }
}

/// A matrix of little-endian f32 that is being written. The file appears when it is finished; until then its rows stand
/// beside it, in a file of the same name with `.part` behind it, which goes when the writer goes.
pub struct NpyWriter {
    path: PathBuf,
    file: BufWriter<File>,
    rows: u64,
    dimension: usize,
}

impl Drop for NpyWriter {
    fn drop(&mut self) {
        // After a finish there is nothing to remove.
        let _ = std::fs::remove_file(draft_of(&self.path));
    }
}

impl NpyWriter {
    /// Begins a file of rows of `dimension` numbers.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn create(path: impl AsRef<Path>, dimension: usize) -> Result<Self, SourceError> {
        let path = path.as_ref().to_owned();
        let written = create(&draft_of(&path)).map(BufWriter::new).and_then(|mut file| {
            file.write_all(&header_of(0, dimension))?;
            Ok(file)
        });
        match written {
            Ok(file) => Ok(Self { path, file, rows: 0, dimension }),
            Err(source) => Err(SourceError::Write { path, source }),
        }
    }

    /// Writes the next row.
    ///
    /// # Errors
    /// A row of another dimension, or a file that cannot be written.
    pub fn push(&mut self, row: &[f32]) -> Result<(), SourceError> {
        let failed = |source| SourceError::Write { path: self.path.clone(), source };
        if row.len() != self.dimension {
            let problem = format!("row of {} numbers, expected {}", row.len(), self.dimension);
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, problem)));
        }
        let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.file.write_all(&bytes).map_err(failed)?;
        self.rows += 1;
        Ok(())
    }

    /// Ends the file, which takes the place of an older one, and gives the number of its rows.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(mut self) -> Result<u64, SourceError> {
        let header = header_of(self.rows, self.dimension);
        let ended = (self.file.seek(SeekFrom::Start(0)))
            .and_then(|_| self.file.write_all(&header))
            .and_then(|()| self.file.flush())
            .and_then(|()| rename(&draft_of(&self.path), &self.path));
        ended.map(|()| self.rows).map_err(|source| SourceError::Write { path: self.path.clone(), source })
    }
}

/// Bytes before the numbers: room for any number of rows.
const HEADER_BYTES: usize = 128;

/// A header of format version 1.0, [`HEADER_BYTES`] long.
fn header_of(rows: u64, dimension: usize) -> Vec<u8> {
    let mut header = [MAGIC, &[1, 0], &((HEADER_BYTES - 10) as u16).to_le_bytes()].concat();
    let shape = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}");
    header.extend(shape.as_bytes());
    header.resize(HEADER_BYTES - 1, b' ');
    header.push(b'\n');
    header
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

#[expect(clippy::disallowed_methods, reason = "a file of vectors is no file of an index")]
fn create(path: &Path) -> io::Result<File> {
    File::create(path)
}

#[expect(clippy::disallowed_methods, reason = "a file of vectors is no file of an index")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

fn refused(path: &Path, offset: u64, problem: impl Into<String>, remedy: &str) -> SourceError {
    SourceError::Npy { path: path.to_owned(), offset, problem: problem.into(), remedy: remedy.to_owned() }
}

/// The header's text, and where the numbers begin.
fn read_header(path: &Path, file: &mut impl Read) -> Result<(String, u64), SourceError> {
    const CUT: &str = "write or copy it again";
    let mut start = [0; 8];
    let read = |file: &mut dyn Read, bytes: &mut [u8], offset: u64| {
        file.read_exact(bytes).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => refused(path, offset, "ends inside its header", CUT),
            _ => SourceError::Read { path: path.to_owned(), offset, source },
        })
    };
    read(file, &mut start, 0)?;
    if !start.starts_with(MAGIC) {
        return Err(refused(path, 0, "is no .npy file", "write it with numpy.save"));
    }
    let (length, offset) = match (start[6], start[7]) {
        (1, 0) => {
            let mut length = [0; 2];
            read(file, &mut length, 8)?;
            (u64::from(u16::from_le_bytes(length)), 10)
        }
        (2 | 3, 0) => {
            let mut length = [0; 4];
            read(file, &mut length, 8)?;
            (u64::from(u32::from_le_bytes(length)), 12)
        }
        (major, minor) => {
            let problem = format!("is of format version {major}.{minor}, known are 1.0, 2.0 and 3.0");
            return Err(refused(path, 6, problem, "write it with numpy.save"));
        }
    };
    if length > MAX_HEADER_BYTES {
        let problem = format!("has a header of {length} bytes, the limit is {MAX_HEADER_BYTES}");
        return Err(refused(path, 8, problem, REMEDY));
    }
    let mut header = vec![0; length as usize];
    read(file, &mut header, offset)?;
    let header = String::from_utf8(header)
        .map_err(|_| refused(path, offset, "has a header that is not text", REMEDY))?;
    Ok((header, offset + length))
}

/// What the dictionary in a header says.
#[derive(Debug, Default)]
struct Header {
    descr: Option<String>,
    fortran_order: Option<bool>,
    shape: Option<Vec<u64>>,
}

impl Header {
    /// Rows and dimension, if the file is of the one layout that is read; otherwise problem and remedy.
    fn layout(&self) -> Result<(u64, u64), (String, &'static str)> {
        let (Some(descr), Some(fortran_order), Some(shape)) = (&self.descr, self.fortran_order, &self.shape)
        else {
            return Err(("has a header without descr, fortran_order or shape".into(), REMEDY));
        };
        if descr != "<f4" {
            let what = match descr.as_str() {
                "<f8" | ">f8" => "f64",
                "<f2" | ">f2" => "f16",
                ">f4" => "big-endian f32",
                _ => "another type",
            };
            return Err((format!("holds {what}, expected little-endian f32 (<f4)"), REMEDY));
        }
        if fortran_order {
            return Err(("is in Fortran order, expected C order".into(), REMEDY));
        }
        match shape.as_slice() {
            [rows, dimension @ 1..=MAX_DIMENSION] => Ok((*rows, *dimension)),
            // A single vector is one row.
            [dimension @ 1..=MAX_DIMENSION] => Ok((1, *dimension)),
            [dimension] | [_, dimension] => {
                let problem = format!("has rows of {dimension} numbers, expected 1 to {MAX_DIMENSION}");
                Err((problem, "write a matrix of shape (rows, dimension)"))
            }
            shape => {
                let problem = format!("has {} axes, expected 2: rows and dimension", shape.len());
                Err((problem, "reshape it to (rows, dimension), and write it with numpy.save"))
            }
        }
    }
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, padded by spaces to a line end. Keys stand in any
/// order, each once.
fn parse_header(text: &str) -> Result<Header, String> {
    let mut words = Words(text);
    let mut header = Header::default();
    words.expect('{')?;
    while !words.eat('}') {
        let key = words.quoted()?;
        words.expect(':')?;
        let fresh = match key {
            "descr" if words.0.trim_start().starts_with('[') => {
                return Err("holds records of several types".into());
            }
            "descr" => header.descr.replace(words.quoted()?.to_owned()).is_none(),
            "fortran_order" => header.fortran_order.replace(words.truth()?).is_none(),
            "shape" => header.shape.replace(words.tuple()?).is_none(),
            _ => return Err("has a header with an unknown key".into()),
        };
        if !fresh {
            return Err(format!("has a header with {key} twice"));
        }
        if !words.eat(',') {
            words.expect('}')?;
            break;
        }
    }
    if words.0.trim_matches([' ', '\n']).is_empty() { Ok(header) } else { Err(broken()) }
}

fn broken() -> String {
    "has a broken header".to_owned()
}

/// What is left of a header.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn eat(&mut self, wanted: char) -> bool {
        let rest = self.0.trim_start();
        let found = rest.strip_prefix(wanted);
        self.0 = found.unwrap_or(rest);
        found.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.eat(wanted) { Ok(()) } else { Err(broken()) }
    }

    fn quoted(&mut self) -> Result<&'a str, String> {
        let quote = if self.eat('\'') { '\'' } else { self.expect('"').map(|()| '"')? };
        let (text, rest) = self.0.split_once(quote).ok_or_else(broken)?;
        self.0 = rest;
        Ok(text)
    }

    fn truth(&mut self) -> Result<bool, String> {
        let rest = self.0.trim_start();
        for (word, truth) in [("True", true), ("False", false)] {
            if let Some(rest) = rest.strip_prefix(word) {
                self.0 = rest;
                return Ok(truth);
            }
        }
        Err(broken())
    }

    fn tuple(&mut self) -> Result<Vec<u64>, String> {
        self.expect('(')?;
        let mut numbers = Vec::new();
        while !self.eat(')') {
            let rest = self.0.trim_start();
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, behind) = rest.split_at_checked(end).ok_or_else(broken)?;
            numbers.push(digits.parse().map_err(|_| broken())?);
            self.0 = behind;
            if !self.eat(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(version: [u8; 2], header: &str, data: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(MAGIC).unwrap();
        file.write_all(&version).unwrap();
        if version == [1, 0] {
            file.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
        } else {
            file.write_all(&(header.len() as u32).to_le_bytes()).unwrap();
        }
        file.write_all(header.as_bytes()).unwrap();
        file.write_all(data).unwrap();
        file.flush().unwrap();
        file
    }

    fn header(descr: &str, fortran: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}        \n")
    }

    fn numbers(count: usize) -> Vec<u8> {
        (0..count).flat_map(|number| (number as f32).to_le_bytes()).collect()
    }

    #[track_caller]
    fn check_refused(header: &str, data: &[u8], says: &str) {
        let error = NpyMatrix::open(file([1, 0], header, data).path()).err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
    }

    #[test]
    fn a_single_vector_is_one_row() {
        let file = file([1, 0], &header("<f4", "False", "(6,)"), &numbers(6));
        let mut matrix = NpyMatrix::open(file.path()).unwrap();
        assert_eq!((matrix.rows(), matrix.dimension()), (1, 6));
        let mut values = Vec::new();
        matrix.read_row(0, &mut values).unwrap();
        assert_eq!(values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn rows_are_read_in_order_and_out_of_order() {
        for version in [[1, 0], [2, 0], [3, 0]] {
            let file = file(version, &header("<f4", "False", "(3, 2)"), &numbers(6));
            let mut matrix = NpyMatrix::open(file.path()).unwrap();
            assert_eq!((matrix.rows(), matrix.dimension()), (3, 2));
            let mut row = vec![9.0];
            assert!(matrix.next_row(&mut row).unwrap());
            assert_eq!(row, [0.0, 1.0]);
            matrix.read_row(2, &mut row).unwrap();
            assert_eq!(row, [4.0, 5.0]);
            assert!(!matrix.next_row(&mut row).unwrap());
            assert!(row.is_empty());
            matrix.read_row(0, &mut row).unwrap();
            assert!(matrix.next_row(&mut row).unwrap());
            assert_eq!(row, [2.0, 3.0]);
            let error = matrix.read_row(3, &mut row).unwrap_err().to_string();
            assert!(error.contains("has 3 rows, so there is no row 3"), "{error}");
        }
    }

    #[test]
    fn keys_stand_in_any_order_and_no_rows_are_allowed() {
        let text = "{\"shape\": (0, 2), 'fortran_order': False, 'descr': '<f4'}\n";
        let mut matrix = NpyMatrix::open(file([1, 0], text, &[]).path()).unwrap();
        assert_eq!(matrix.rows(), 0);
        assert!(!matrix.next_row(&mut Vec::new()).unwrap());
    }

    #[test]
    fn other_layouts_are_named_with_the_line_that_helps() {
        let line = "numpy.ascontiguousarray(x, dtype='<f4')";
        for (descr, name) in
            [("<f8", "f64"), ("<f2", "f16"), (">f4", "big-endian f32"), ("|u1", "another type")]
        {
            check_refused(&header(descr, "False", "(3, 2)"), &numbers(6), name);
            check_refused(&header(descr, "False", "(3, 2)"), &numbers(6), line);
        }
        check_refused(&header("<f4", "True", "(3, 2)"), &numbers(6), "Fortran order");
        check_refused(&header("<f4", "False", "(0,)"), &[], "has rows of 0 numbers");
        check_refused(&header("<f4", "False", "(6,)"), &numbers(5), "but 1 rows of 6 numbers need");
        check_refused(&header("<f4", "False", "()"), &numbers(1), "has 0 axes");
        check_refused(&header("<f4", "False", "(1, 3, 2)"), &numbers(6), "has 3 axes");
        check_refused(&header("<f4", "False", "(3, 0)"), &[], "rows of 0 numbers");
        check_refused(
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}\n",
            &[],
            "several types",
        );
    }

    #[test]
    fn what_is_written_is_read_and_appears_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.npy");
        let mut writer = NpyWriter::create(&path, 3).unwrap();
        writer.push(&[1.0, -2.5, 0.0]).unwrap();
        assert!(!path.exists());
        assert!(writer.push(&[1.0]).unwrap_err().to_string().contains("row of 1 numbers, expected 3"));
        writer.push(&[4.0, 5.0, f32::MIN]).unwrap();
        assert_eq!(writer.finish().unwrap(), 2);
        let mut matrix = NpyMatrix::open(&path).unwrap();
        assert_eq!((matrix.rows(), matrix.dimension(), matrix.data_offset % 64), (2, 3, 0));
        let mut row = Vec::new();
        matrix.read_row(1, &mut row).unwrap();
        assert_eq!(row, [4.0, 5.0, f32::MIN]);
        drop(NpyWriter::create(dir.path().join("left.npy"), 3).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        let nowhere = NpyWriter::create(dir.path().join("no/x.npy"), 3).err().unwrap().to_string();
        assert!(nowhere.contains("no/x.npy cannot be written"), "{nowhere}");
    }

    #[test]
    fn damage_is_named() {
        let good = header("<f4", "False", "(3, 2)");
        check_refused(&good, &numbers(5), "but 3 rows of 2 numbers need");
        check_refused(&good, &numbers(7), "but 3 rows of 2 numbers need");
        check_refused(&header("<f4", "False", "(18446744073709551615, 2)"), &[], "more than a file can hold");
        check_refused(&header("<f4", "False", "(18446744073709551616, 2)"), &[], "broken header");
        check_refused(&header("<f4", "False", "(-3, 2)"), &[], "broken header");
        check_refused("{'descr': '<f4', 'descr': '<f4'}", &[], "descr twice");
        check_refused("{'descr': '<f4'}", &[], "without descr, fortran_order or shape");
        check_refused("{'a': 1}", &[], "unknown key");
        check_refused(&format!("{good}x"), &numbers(6), "broken header");

        let open = |bytes: &[u8]| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(bytes).unwrap();
            NpyMatrix::open(file.path()).err().unwrap().to_string()
        };
        assert!(open(b"").contains("ends inside its header"));
        assert!(open(b"\x93NUMPY\x01\x00\xff\xff{").contains("ends inside its header"));
        assert!(open(b"PK\x03\x04 an archive").contains("is no .npy file"));
        assert!(open(b"\x93NUMPY\x04\x00\x00\x00").contains("format version 4.0"));
        assert!(open(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").contains("header of 4294967295 bytes"));
    }
}
