//! Tables: rows of cells between separators, as RFC 4180 has them, commas or tabs.
//!
//! A row ends at a line end outside quotation marks: LF or CRLF, or CR alone in a file that writes its lines so. It is found first, byte by byte and without keeping more than the
//! limit, and taken apart afterwards, so that places in messages are those of the file.

use crate::error::row_error;
use crate::input::{Input, RawRow};
use precedent_model::ModelError;
use std::io::{self, BufRead};

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before the first character of a cell.
    Start,
    /// In a cell without quotation marks, where a quotation mark is a character like any other.
    Plain,
    /// Between quotation marks.
    Quoted,
    /// After a quotation mark inside quotation marks: it closed them, or is the first of a pair.
    Closing,
}

impl State {
    fn after(self, byte: u8, separator: u8) -> Self {
        match (self, byte) {
            (Self::Start | Self::Closing, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Closing,
            (Self::Quoted, _) => Self::Quoted,
            (_, byte) if byte == separator => Self::Start,
            _ => Self::Plain,
        }
    }
}

/// What ends a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowEnd {
    /// LF, with or without CR before it. A CR elsewhere is part of a cell.
    Lf,
    /// CR alone, as old Macintosh programs and some exports write it; LF, too.
    Cr,
}

/// How the rows of a file end, by the end of its header, which is among the bytes that are read at once.
pub(crate) fn row_end<R: BufRead>(input: &mut Input<R>) -> io::Result<RowEnd> {
    let mut quoted = false;
    let mut bytes = input.peek()?.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => return Ok(RowEnd::Lf),
            b'\r' if !quoted => {
                return Ok(if bytes.next() == Some(&b'\n') { RowEnd::Lf } else { RowEnd::Cr });
            }
            _ => {}
        }
    }
    Ok(RowEnd::Lf)
}

/// Reads the next row that holds more than white space; `false` at the end.
pub(crate) fn next_record<R: BufRead>(
    input: &mut Input<R>,
    separator: u8,
    end: RowEnd,
    row: &mut RawRow,
) -> io::Result<bool> {
    let ends = |byte: u8| byte == b'\n' || (byte == b'\r' && end == RowEnd::Cr);
    loop {
        row.start(input.line(), input.offset());
        let mut state = State::Start;
        let mut ended = false;
        while !ended {
            let bytes = input.peek()?;
            if bytes.is_empty() {
                break;
            }
            let mut line_ends = 0;
            let mut taken = 0;
            for &byte in bytes {
                taken += 1;
                line_ends += u64::from(ends(byte));
                if ends(byte) && state != State::Quoted {
                    ended = true;
                    break;
                }
                state = state.after(byte, separator);
            }
            row.push(bytes.get(..taken - usize::from(ended)).unwrap_or_default());
            input.take(taken, line_ends);
        }
        if state != State::Quoted {
            row.trim_return();
        }
        // A line of separators alone is a row of missing cells; only tabs look like white space.
        if row.length > 0 && (separator == b'\t' || !row.is_blank()) {
            return Ok(true);
        }
        if input.peek()?.is_empty() {
            return Ok(false);
        }
    }
}

/// Takes a row apart.
///
/// # Errors
/// Quotation marks that are not closed, or text between a closing one and the next separator.
pub(crate) fn cells(text: &str, separator: u8) -> Result<Vec<String>, ModelError> {
    let mut cells = vec![String::new()];
    let mut state = State::Start;
    for (position, c) in text.char_indices() {
        // What is not ASCII acts like any letter.
        let byte = u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(b'x');
        let next = state.after(byte, separator);
        match (state, next) {
            (State::Closing, State::Plain) => {
                let problem =
                    format!("has text after a closing quotation mark, {position} bytes into the row");
                return Err(row_error(problem, "write a quotation mark inside a cell twice"));
            }
            (State::Start, State::Quoted) | (State::Quoted, State::Closing) => {}
            (_, State::Start) => cells.push(String::new()),
            _ => cells.last_mut().into_iter().for_each(|cell| cell.push(c)),
        }
        state = next;
    }
    if state == State::Quoted {
        let problem = "has a quotation mark that is never closed, so that it reaches to the end of the file";
        return Err(row_error(problem, "close it; the rows behind it were not read"));
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    type Rows = Vec<(u64, Result<Vec<String>, String>)>;

    fn rows(bytes: &[u8], separator: u8) -> Rows {
        rows_ended(bytes, separator, RowEnd::Lf)
    }

    fn rows_ended(bytes: &[u8], separator: u8, end: RowEnd) -> Rows {
        let mut input = Input::new(io::BufReader::with_capacity(3, bytes)).unwrap();
        let mut row = RawRow::default();
        let mut found = Vec::new();
        while next_record(&mut input, separator, end, &mut row).unwrap() {
            let cells = row.text().and_then(|text| cells(text, separator));
            found.push((row.line, cells.map_err(|error| error.to_string())));
        }
        assert_eq!(input.offset(), bytes.len() as u64);
        found
    }

    fn good(line: u64, cells: &[&str]) -> (u64, Result<Vec<String>, String>) {
        (line, Ok(cells.iter().map(|cell| (*cell).to_owned()).collect()))
    }

    #[test]
    fn cells_as_rfc_4180_has_them() {
        let text = b"a,\"b, \"\"c\"\"\nd\",e\r\n\r\n,\"\",\n5\" drain,x,\"y\"\r\n";
        let expected =
            [good(1, &["a", "b, \"c\"\nd", "e"]), good(4, &["", "", ""]), good(5, &["5\" drain", "x", "y"])];
        assert_eq!(rows(text, b','), expected);
        assert_eq!(rows(b"a\tb,c\n\t\n", b'\t'), [good(1, &["a", "b,c"]), good(2, &["", ""])]);
    }

    #[test]
    fn a_carriage_return_alone_ends_a_row_where_the_header_ends_so() {
        let end = |text: &[u8]| row_end(&mut Input::new(text).unwrap()).unwrap();
        assert_eq!(end(b"a,b\rc,d\r"), RowEnd::Cr);
        for text in [&b"a,b\r\nc\rd,e\r\n"[..], b"a,b\nc\rd,e\n", b"\"a\rb\",c\n", b"a,b", b""] {
            assert_eq!(end(text), RowEnd::Lf, "{text:?}");
        }
        let text = b"a,b\rc,\"d\re\"\r\rf,g";
        let expected = [good(1, &["a", "b"]), good(2, &["c", "d\re"]), good(5, &["f", "g"])];
        assert_eq!(rows_ended(text, b',', RowEnd::Cr), expected);
        assert_eq!(rows(b"a\rb,c\n", b','), [good(1, &["a\rb", "c"])]);
    }

    #[test]
    fn broken_quotation_spoils_its_row_only_where_it_ends() {
        let found = rows(b"\"a\"b,c\nd,e\n", b',');
        assert!(found[0].1.as_ref().unwrap_err().contains("3 bytes into the row"), "{found:?}");
        assert_eq!(found[1], good(2, &["d", "e"]));
        let found = rows(b"a,b\n\"c,d\ne,f\n", b',');
        assert_eq!(found.len(), 2);
        assert!(found[1].1.as_ref().unwrap_err().contains("never closed"), "{found:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(20_263), failure_persistence: None, ..ProptestConfig::default() })]

        /// The csv crate is the reference. It is lenient where we refuse, and where a carriage return stands alone it
        /// ends a row; so neither is generated here.
        #[test]
        fn any_table_reads_as_the_csv_crate_reads_it(
            table in prop::collection::vec(prop::collection::vec("[a\",\n é]{0,6}", 2..4), 0..6),
            windows in any::<bool>(),
        ) {
            let end = if windows { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
            let mut writer = csv::WriterBuilder::new().flexible(true).terminator(end).from_writer(Vec::new());
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let reference: Vec<Vec<String>> = csv::ReaderBuilder::new()
                .flexible(true)
                .has_headers(false)
                .from_reader(&bytes[..])
                .records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            let found: Vec<Vec<String>> = rows(&bytes, b',').into_iter().map(|(_, cells)| cells.unwrap()).collect();
            prop_assert_eq!(&found, &reference);
            prop_assert_eq!(&found, &table);
        }

        #[test]
        fn any_bytes_are_rows_or_errors(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            rows(&bytes, b',');
            rows(&bytes, b'\t');
        }
    }
}
