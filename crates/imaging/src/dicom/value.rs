//! The value of one element as text or numbers, by its own value representation or that of the dictionary.
//!
//! A representation of UN says that the writer did not know it, and OB and OW say little more: such values are read as the
//! dictionary says (PS3.5 section 6.2.2). Numbers are read from every representation of text or numbers that a writer may
//! have chosen, and never dropped: what is no number is an error that names the field.

use super::wanted::Wanted;
use crate::ImageError;

/// An element that was found in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) wanted: &'static Wanted,
    /// Its representation, or `None` where the data set names none.
    pub(crate) vr: Option<[u8; 2]>,
    pub(crate) big_endian: bool,
    pub(crate) value: &'a [u8],
}

impl Element<'_> {
    /// Representation and byte order by which the value is read.
    fn form(&self) -> ([u8; 2], bool) {
        match self.vr.as_ref() {
            // Unknown values are little endian in every file.
            Some(b"UN") => (*self.wanted.vr, false),
            None | Some(b"OB" | b"OW") => (*self.wanted.vr, self.big_endian),
            Some(&vr) if is_number(vr) || is_text(vr) => (vr, self.big_endian),
            Some(_) => (*self.wanted.vr, self.big_endian),
        }
    }

    /// The bytes of a value of text, or `None` where the file holds numbers.
    pub(crate) fn text(&self) -> Option<&[u8]> {
        let (vr, _) = self.form();
        is_text(vr).then_some(self.value)
    }

    /// Every number of the value, `None` for one that is left empty.
    pub(crate) fn numbers(&self) -> Result<Vec<Option<f64>>, ImageError> {
        let (vr, big_endian) = self.form();
        let wrong = || ImageError::field(self.wanted.keyword, "no number", "a number");
        if is_text(vr) {
            let text = std::str::from_utf8(self.value).map_err(|_| wrong())?;
            return text.split('\\').map(|part| decimal(part).ok_or_else(wrong)).collect();
        }
        let width = width(vr).ok_or_else(wrong)?;
        if !self.value.len().is_multiple_of(width) {
            return Err(ImageError::field(
                self.wanted.keyword,
                "cut off",
                "whole numbers of its value representation",
            ));
        }
        Ok(self.value.chunks_exact(width).map(|bytes| Some(binary(vr, bytes, big_endian))).collect())
    }

    /// The first number of the value that is not left empty.
    pub(crate) fn number(&self) -> Result<Option<f64>, ImageError> {
        Ok(self.numbers()?.into_iter().flatten().next())
    }

    /// The first number, which must be whole.
    pub(crate) fn integer(&self) -> Result<Option<i64>, ImageError> {
        let Some(number) = self.number()? else { return Ok(None) };
        if number.fract() != 0.0 || number.abs() > f64::from(i32::MAX) {
            return Err(ImageError::field(self.wanted.keyword, "no whole number", "a whole number"));
        }
        Ok(Some(number as i64))
    }

    /// The entries of a table as words of 16 bits; bytes come in pairs, and of an odd number the last stands alone.
    pub(crate) fn words(&self) -> Result<Vec<u16>, ImageError> {
        let (vr, big_endian) = self.form();
        if !matches!(&vr, b"OW" | b"US" | b"SS") {
            let wrong = || ImageError::field(self.wanted.keyword, "no table", "whole numbers of 16 bits");
            let entry = |number: Option<f64>| number.filter(|number| number.fract() == 0.0).ok_or_else(wrong);
            let word = |number: f64| {
                if (0.0..=65_535.0).contains(&number) { Ok(number as u16) } else { Err(wrong()) }
            };
            return self.numbers()?.into_iter().map(|number| entry(number).and_then(word)).collect();
        }
        let big_endian = big_endian && self.vr.as_ref() != Some(b"OB");
        let word = |pair: &[u8]| match *pair {
            [a, b] if big_endian => u16::from_be_bytes([a, b]),
            [a, b] => u16::from_le_bytes([a, b]),
            [a] => a.into(),
            _ => 0,
        };
        Ok(self.value.chunks(2).map(word).collect())
    }
}

fn is_number(vr: [u8; 2]) -> bool {
    width(vr).is_some()
}

/// Bytes of a number.
fn width(vr: [u8; 2]) -> Option<usize> {
    match &vr {
        b"US" | b"SS" | b"OW" => Some(2),
        b"UL" | b"SL" | b"FL" | b"OL" | b"OF" => Some(4),
        b"FD" | b"SV" | b"UV" | b"OD" | b"OV" => Some(8),
        _ => None,
    }
}

fn is_text(vr: [u8; 2]) -> bool {
    matches!(
        &vr,
        b"AE"
            | b"AS"
            | b"CS"
            | b"DA"
            | b"DS"
            | b"DT"
            | b"IS"
            | b"LO"
            | b"LT"
            | b"PN"
            | b"SH"
            | b"ST"
            | b"TM"
            | b"UC"
            | b"UI"
            | b"UR"
            | b"UT"
    )
}

fn binary(vr: [u8; 2], bytes: &[u8], big_endian: bool) -> f64 {
    let byte = |at: usize| {
        let at = if big_endian { at } else { bytes.len() - 1 - at };
        u64::from(bytes.get(at).copied().unwrap_or(0))
    };
    let bits = (0..bytes.len()).fold(0, |bits, at| bits << 8 | byte(at));
    match &vr {
        b"SS" => f64::from(bits as u16 as i16),
        b"SL" => f64::from(bits as u32 as i32),
        b"SV" => bits as i64 as f64,
        b"FL" | b"OF" => f64::from(f32::from_bits(bits as u32)),
        b"FD" | b"OD" => f64::from_bits(bits),
        _ => bits as f64,
    }
}

/// A number in text, with a point or a comma; `Some(None)` where nothing stands there, `None` where it is no number.
fn decimal(text: &str) -> Option<Option<f64>> {
    let text = text.trim_matches(|c: char| c == '\0' || c.is_ascii_whitespace());
    if text.is_empty() {
        return Some(None);
    }
    let is_digit_or_sign = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | ',' | 'e' | 'E');
    // A point and a comma in one number may be one of thousands, which nobody can tell.
    if !text.chars().all(is_digit_or_sign) || (text.contains('.') && text.contains(',')) {
        return None;
    }
    let number: f64 = text.replace(',', ".").parse().ok()?;
    number.is_finite().then_some(Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::wanted::{self, Place};

    fn element<'a>(tag: (u16, u16), vr: Option<&[u8; 2]>, value: &'a [u8]) -> Element<'a> {
        let wanted = wanted::find(Place::Top, tag).unwrap();
        Element { wanted, vr: vr.copied(), big_endian: false, value }
    }

    const WIDTH: (u16, u16) = (0x0028, 0x1051);
    const ROWS: (u16, u16) = (0x0028, 0x0010);

    #[test]
    fn numbers_of_every_representation() {
        for (tag, vr, value, expected) in [
            (WIDTH, Some(b"DS"), b"600".as_slice(), 600.0),
            (WIDTH, Some(b"UN"), b"600 ", 600.0),
            (WIDTH, Some(b"UT"), b" 6e2\0", 600.0),
            (WIDTH, Some(b"OB"), b"600,0", 600.0),
            (WIDTH, Some(b"ZZ"), b"+600.", 600.0),
            (WIDTH, None, b",5", 0.5),
            (WIDTH, Some(b"FD"), &600.5_f64.to_le_bytes(), 600.5),
            (WIDTH, Some(b"FL"), &(-1.5_f32).to_le_bytes(), -1.5),
            (WIDTH, Some(b"SL"), &(-7_i32).to_le_bytes(), -7.0),
            (WIDTH, Some(b"SV"), &(-8_i64).to_le_bytes(), -8.0),
            (ROWS, Some(b"US"), &[0x2c, 1], 300.0),
            (ROWS, Some(b"UN"), &[0x2c, 1], 300.0),
            (ROWS, Some(b"UL"), &[0x2c, 1, 0, 0], 300.0),
            (ROWS, Some(b"OW"), &[0x2c, 1], 300.0),
            (ROWS, Some(b"IS"), b"300", 300.0),
            (ROWS, Some(b"LT"), b"300.0 ", 300.0),
        ] {
            assert_eq!(element(tag, vr, value).number().unwrap(), Some(expected), "{vr:?} {value:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_an_error_that_names_the_field() {
        for value in ["wide", "1.234,5", "1,2,3", "1 2", "inf", "nan", "1e999", "-", "."] {
            let error = element(WIDTH, Some(b"DS"), value.as_bytes()).numbers().unwrap_err();
            assert!(error.to_string().starts_with("WindowWidth is no number"), "{value}: {error}");
        }
        for (vr, value) in [(b"US", [1].as_slice()), (b"UL", &[1, 0]), (b"UN", &[1, 0, 0])] {
            let error = element(ROWS, Some(vr), value).numbers().unwrap_err();
            assert!(error.to_string().starts_with("Rows is cut off"), "{error}");
        }
        assert!(element(ROWS, Some(b"DS"), b"1.5").integer().is_err());
    }

    #[test]
    fn tables_of_every_representation() {
        let words = |vr, value| element((0x0028, 0x1201), vr, value).words();
        for vr in [None, Some(b"OW"), Some(b"US"), Some(b"OB"), Some(b"UN")] {
            assert_eq!(words(vr, &[1, 0, 0, 2, 7]).unwrap(), [1, 512, 7], "{vr:?}");
        }
        assert_eq!(words(Some(b"UT"), b"1\\512").unwrap(), [1, 512]);
        assert_eq!(words(Some(b"UL"), &[0, 2, 0, 0]).unwrap(), [512]);
        for (vr, value) in
            [(b"LT", b"red".as_slice()), (b"UT", b"1.5"), (b"UL", &[0, 0, 1, 0]), (b"DS", b"-1")]
        {
            assert_eq!(words(Some(vr), value).unwrap_err().reason(), "field", "{value:?}");
        }
    }

    #[test]
    fn empty_values_are_none() {
        let numbers = |value| element(WIDTH, Some(b"DS"), value).numbers().unwrap();
        assert_eq!(numbers(b""), [None]);
        assert_eq!(numbers(b" \\9"), [None, Some(9.0)]);
        assert_eq!(element(ROWS, Some(b"US"), b"").number().unwrap(), None);
    }
}
