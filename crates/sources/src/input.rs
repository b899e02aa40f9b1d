//! Bytes of a text file, with their place, and lines of bounded length.

use crate::error::row_error;
use precedent_model::ModelError;
use std::io::{self, BufRead};

/// Longest row of a manifest, in bytes: four times the longest report. A longer one is rejected and not kept in memory.
pub const MAX_LINE_BYTES: usize = 4 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A reader that knows where it is.
pub(crate) struct Input<R> {
    reader: R,
    offset: u64,
    line: u64,
}

/// The bytes of one row as they stand in the file, without the line end.
#[derive(Debug, Default)]
pub(crate) struct RawRow {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Where it begins, in bytes from the start of the file.
    pub offset: u64,
    /// Its length, in bytes, whether kept or not.
    pub length: u64,
    bytes: Vec<u8>,
}

impl RawRow {
    pub fn start(&mut self, line: u64, offset: u64) {
        (self.line, self.offset, self.length) = (line, offset, 0);
        self.bytes.clear();
    }

    /// Appends to the row, up to the limit.
    pub fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let room = (MAX_LINE_BYTES + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }

    /// Removes the carriage return of a Windows line end.
    pub fn trim_return(&mut self) {
        if self.bytes.last() == Some(&b'\r') && self.length == self.bytes.len() as u64 {
            self.bytes.pop();
            self.length -= 1;
        }
    }

    pub fn is_blank(&self) -> bool {
        self.length == self.bytes.len() as u64 && self.bytes.iter().all(u8::is_ascii_whitespace)
    }

    /// The row as text.
    pub fn text(&self) -> Result<&str, ModelError> {
        if self.length > MAX_LINE_BYTES as u64 {
            let problem = format!("has {} bytes, the limit is {MAX_LINE_BYTES}", self.length);
            return Err(row_error(problem, "give one case per row, and close every quotation mark"));
        }
        std::str::from_utf8(&self.bytes).map_err(|error| {
            let place = self.offset + error.valid_up_to() as u64;
            row_error(format!("is not UTF-8 at byte {place} of the file"), "save the manifest as UTF-8")
        })
    }
}

impl<R: BufRead> Input<R> {
    /// Starts after the byte order mark, if there is one.
    pub fn new(mut reader: R) -> io::Result<Self> {
        let mark = reader.fill_buf()?.starts_with(BYTE_ORDER_MARK);
        let offset = if mark { BYTE_ORDER_MARK.len() } else { 0 };
        reader.consume(offset);
        Ok(Self { reader, offset: offset as u64, line: 1 })
    }

    /// Bytes taken so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The line that the next byte is on, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Some of the next bytes; none at the end.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        loop {
            // Asked twice because the borrow of a first answer would last into the next round.
            match self.reader.fill_buf() {
                Ok(_) => return self.reader.fill_buf(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Passes bytes that [`Self::peek`] showed, with this many line ends among them.
    pub fn take(&mut self, bytes: usize, line_ends: u64) {
        self.reader.consume(bytes);
        self.offset += bytes as u64;
        self.line += line_ends;
    }

    /// Reads the next line that holds more than white space; `false` at the end. Lines end as on any system: in LF, CRLF or
    /// CR alone, which JSON has nowhere inside a value.
    pub fn next_line(&mut self, row: &mut RawRow) -> io::Result<bool> {
        loop {
            row.start(self.line, self.offset);
            loop {
                let bytes = self.peek()?;
                let end = bytes.iter().position(|&byte| byte == b'\n' || byte == b'\r');
                let kept = end.unwrap_or(bytes.len());
                if bytes.is_empty() {
                    break;
                }
                row.push(bytes.get(..kept).unwrap_or_default());
                let is_return = bytes.get(kept) == Some(&b'\r');
                self.take(kept + usize::from(end.is_some()), u64::from(end.is_some()));
                if is_return && self.peek()?.first() == Some(&b'\n') {
                    self.take(1, 0);
                }
                if end.is_some() {
                    break;
                }
            }
            if !row.is_blank() {
                return Ok(true);
            }
            if self.peek()?.is_empty() {
                return Ok(false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, u64, Result<String, String>)> {
        // A buffer of 3 bytes puts every boundary somewhere.
        let mut input = Input::new(io::BufReader::with_capacity(3, bytes)).unwrap();
        let mut row = RawRow::default();
        let mut found = Vec::new();
        while input.next_line(&mut row).unwrap() {
            let text = row.text().map(str::to_owned).map_err(|error| error.to_string());
            found.push((row.line, row.offset, text));
        }
        assert_eq!(input.offset(), bytes.len() as u64);
        found
    }

    #[test]
    fn lines_end_as_on_any_system_and_blank_ones_do_not_count() {
        let expected = [(1, 0, Ok("a".into())), (3, 5, Ok("b c".into())), (5, 12, Ok("d".into()))];
        assert_eq!(lines(b"a\r\n\r\nb c\n \t\nd"), expected);
        assert_eq!(lines(b"\xef\xbb\xbfa\n"), [(1, 3, Ok("a".into()))]);
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n\n"), []);
        assert_eq!(
            lines(b"a\rbc\r\rd"),
            [(1, 0, Ok("a".into())), (2, 2, Ok("bc".into())), (4, 6, Ok("d".into()))]
        );
    }

    #[test]
    fn wrong_encoding_is_named_by_its_place() {
        let found = lines(b"a\nGr\xf6\xdfe\nb\n");
        assert!(found[1].2.as_ref().unwrap_err().contains("not UTF-8 at byte 4 of the file"), "{found:?}");
        assert_eq!(found[2], (3, 8, Ok("b".into())));
    }

    #[test]
    fn a_line_above_the_limit_is_counted_but_not_kept() {
        let exact = [&vec![b'x'; MAX_LINE_BYTES][..], b"\r\nb\n"].concat();
        let mut input = Input::new(&exact[..]).unwrap();
        let mut row = RawRow::default();
        assert!(input.next_line(&mut row).unwrap());
        assert!(row.text().is_ok());

        let longer = [&vec![b'x'; 3 * MAX_LINE_BYTES][..], b"\nb\n"].concat();
        let mut input = Input::new(&longer[..]).unwrap();
        assert!(input.next_line(&mut row).unwrap());
        assert!(row.bytes.len() <= MAX_LINE_BYTES + 1);
        assert!(row.text().unwrap_err().problem.contains("has 12582912 bytes, the limit is 4194304"));
        assert!(input.next_line(&mut row).unwrap());
        assert_eq!((row.text().unwrap(), row.line), ("b", 2));
    }
}
