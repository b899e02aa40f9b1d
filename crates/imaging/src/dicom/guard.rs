//! The wall before what reads DICOM values: one walk over the structure, without recursion and without taking memory for
//! what a length merely declares.
//!
//! The walk checks every declared length against what is left, bounds depth and number of elements, finds the pixel
//! data, and notes where the few elements lie that are needed (`wanted.rs`). Nothing else is read: a private element, a
//! nested sequence or an element of 3 GiB is passed over. Nothing behind the pixel data is looked at.
//!
//! Source of the rules: DICOM PS3.5 sections 7.1 (elements), 7.5 (sequences), A.4 (encapsulated pixel data), A.5
//! (deflated), PS3.10 section 7.1 (file meta information).

use super::value::Element;
use super::wanted::{self, Place, Wanted};
use crate::ImageError;
use crate::limits::{
    MAX_DEPTH, MAX_ELEMENTS, MAX_FILE_BYTES, MAX_INFLATED_BYTES, MAX_TABLE_BYTES, MAX_VALUE_BYTES,
};
use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

const FORMAT: &str = "DICOM";
/// Transfer syntaxes: of the standard, and those of pixels that are not compressed (PS3.5 section 10).
const STANDARD: &str = "1.2.840.10008.1.2.";
const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";
const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
const EXPLICIT_BIG: &str = "1.2.840.10008.1.2.2";
const DEFLATED_LITTLE: &str = "1.2.840.10008.1.2.1.99";
const UNDEFINED: u32 = u32::MAX;
const ITEM: (u16, u16) = (0xfffe, 0xe000);
const ITEM_END: (u16, u16) = (0xfffe, 0xe00d);
const SEQUENCE_END: (u16, u16) = (0xfffe, 0xe0dd);
const PIXEL_DATA: (u16, u16) = (0x7fe0, 0x0010);

/// How the elements of a data set are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) explicit: bool,
    pub(crate) big_endian: bool,
}

impl Encoding {
    const IMPLICIT: Self = Self { explicit: false, big_endian: false };
    const EXPLICIT: Self = Self { explicit: true, big_endian: false };

    fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Where the pixels are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PixelBytes {
    /// As they are, as bytes or as words of 16 bits.
    Native { at: Range<usize>, words: bool },
    /// In fragments, with the number of frames that the offset table names (0 where it is empty).
    Encapsulated { fragments: Vec<Range<usize>>, listed_frames: usize },
}

/// What the walk found.
pub(crate) struct FileParts<'a> {
    /// The data set; offsets of `pixels` count from its start.
    pub(crate) bytes: Cow<'a, [u8]>,
    /// The transfer syntax, or `None` where the file does not say.
    pub(crate) syntax: Option<String>,
    pub(crate) encoding: Encoding,
    found: Vec<Found>,
    pub(crate) pixels: Option<PixelBytes>,
}

/// A wanted element and where its value lies.
struct Found {
    wanted: &'static Wanted,
    vr: Option<[u8; 2]>,
    big_endian: bool,
    value: Range<usize>,
}

impl FileParts<'_> {
    /// The wanted elements.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Element<'_>> {
        self.found.iter().map(|found| Element {
            wanted: found.wanted,
            vr: found.vr,
            big_endian: found.big_endian,
            value: self.bytes.get(found.value.clone()).unwrap_or_default(),
        })
    }

    /// Whether the transfer syntax is one of pixels as they are.
    pub(crate) fn is_uncompressed(&self) -> bool {
        self.syntax.as_deref().is_none_or(|uid| {
            matches!(uid, IMPLICIT_LITTLE | EXPLICIT_LITTLE | EXPLICIT_BIG | DEFLATED_LITTLE)
        })
    }
}

/// Whether these look like the first bytes of a DICOM file, with its preamble or without.
pub(crate) fn is_dicom(bytes: &[u8]) -> bool {
    data_start(bytes).is_some()
}

/// Where the first element begins: behind preamble and mark, behind a mark alone, or at once.
fn data_start(bytes: &[u8]) -> Option<usize> {
    if bytes.get(128..132) == Some(b"DICM") {
        return Some(132);
    }
    if bytes.starts_with(b"DICM") {
        return Some(4);
    }
    // Without the mark, only files that begin as old ones do are taken for DICOM: group 0002 or 0008, and then an
    // element with a value representation or a short length.
    let head: [u8; 8] = bytes.get(..8)?.try_into().ok()?;
    let little = matches!(head[..2], [2 | 8, 0]);
    let big = head[..2] == [0, 8];
    let explicit = is_vr([head[4], head[5]]);
    let short = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) <= 256;
    ((little && (explicit || short)) || (big && explicit)).then_some(0)
}

fn is_vr(vr: [u8; 2]) -> bool {
    vr.iter().all(u8::is_ascii_uppercase)
}

/// Whether this is a value representation of the standard.
fn is_known_vr(vr: [u8; 2]) -> bool {
    let with_long_length =
        [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];
    !has_long_length(vr) || with_long_length.contains(&&vr)
}

/// Whether a value representation has a length of 32 bits. One that is not known does, too (PS3.5 section 6.2).
fn has_long_length(vr: [u8; 2]) -> bool {
    !matches!(
        &vr,
        b"AE"
            | b"AS"
            | b"AT"
            | b"CS"
            | b"DA"
            | b"DS"
            | b"DT"
            | b"FL"
            | b"FD"
            | b"IS"
            | b"LO"
            | b"LT"
            | b"PN"
            | b"SH"
            | b"SL"
            | b"SS"
            | b"ST"
            | b"TM"
            | b"UI"
            | b"UL"
            | b"US"
    )
}

/// Walks over a file.
pub(crate) fn scan(file: &[u8]) -> Result<FileParts<'_>, ImageError> {
    ImageError::limit("file size", file.len() as u64, MAX_FILE_BYTES as u64)?;
    let start = data_start(file).ok_or(ImageError::UnknownFormat)?;
    let (start, syntax) = read_meta(file, start)?;
    let data = file.get(start..).unwrap_or_default();
    let (bytes, base, encoding) = match syntax.as_deref() {
        Some(DEFLATED_LITTLE) => {
            let inflated = inflate(data, start)?;
            let encoding = observed(&inflated);
            (Cow::Owned(inflated), 0, encoding)
        }
        Some(uid) if uid == IMPLICIT_LITTLE || uid.starts_with(STANDARD) => {
            (Cow::Borrowed(file), start, observed(data))
        }
        // A private syntax may write elements in any way.
        Some(uid) => return Err(ImageError::Coding { name: format!("transfer syntax ({uid})") }),
        None => (Cow::Borrowed(file), start, observed(data)),
    };
    let mut walk = Walk::new(&bytes, base, encoding);
    let pixels = walk.run()?;
    let found = walk.found;
    Ok(FileParts { bytes, syntax, encoding, found, pixels })
}

/// The encoding of a data set by its first element: explicit where a value representation stands there, big endian where
/// the group is `00 08`. Some writers declare another transfer syntax than they write, so what is declared does not count;
/// a length of 16,705 bytes or more, which a representation would be taken for, stands in no first element.
fn observed(data: &[u8]) -> Encoding {
    let explicit = matches!(data, [_, _, _, _, a, b, ..] if is_vr([*a, *b]));
    let big_endian = explicit && matches!(data, [0, group, ..] if *group != 0);
    Encoding { explicit, big_endian }
}

/// The encoding of what lies in an item of a sequence of unknown representation: implicit and little endian (PS3.5 section
/// 6.2.2), but for writers that leave it explicit.
fn observed_in_unknown(item: &[u8]) -> Encoding {
    let explicit = matches!(item, [_, _, _, _, a, b, ..] if is_known_vr([*a, *b]));
    Encoding { explicit, big_endian: false }
}

/// Reads group 0002, which is explicit and little endian in every file: where it ends, and the transfer syntax.
///
/// The group length is not believed: it is wrong or missing in files of old programs.
fn read_meta(file: &[u8], start: usize) -> Result<(usize, Option<String>), ImageError> {
    let mut walk = Walk::new(file, start, Encoding::EXPLICIT);
    let mut syntax = None;
    while file.get(walk.at..walk.at + 2) == Some(&[2, 0]) {
        let element = walk.element(file.len())?;
        let end = walk.value_end(&element, file.len())?;
        if element.tag == (0x0002, 0x0010) {
            let value = file.get(walk.at..end).unwrap_or_default();
            syntax = Some(uid(value).ok_or_else(|| {
                ImageError::damaged(FORMAT, element.at, "the transfer syntax is not a UID")
            })?);
        }
        walk.at = end;
    }
    Ok((walk.at, syntax.filter(|uid| !uid.is_empty())))
}

/// A UID: digits and dots, at most 64, padded with zero bytes or spaces.
fn uid(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?.trim_end_matches(['\0', ' ']);
    (text.len() <= 64 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')).then(|| text.to_owned())
}

/// Inflates a data set, never beyond the limit.
fn inflate(data: &[u8], start: usize) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let most = MAX_INFLATED_BYTES as u64;
    flate2::read::DeflateDecoder::new(data)
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| ImageError::damaged(FORMAT, start, "the deflated data set cannot be inflated"))?;
    ImageError::limit("size of the inflated data set", bytes.len() as u64, most)?;
    Ok(bytes)
}

/// One element, item or delimiter, of which the header has been read.
struct ElementHeader {
    at: usize,
    tag: (u16, u16),
    vr: Option<[u8; 2]>,
    length: u32,
}

/// An open sequence or item.
struct Open {
    is_item: bool,
    /// One behind its last byte at most; the exact end where `is_defined`.
    end: usize,
    is_defined: bool,
    /// While it is open, the encoding of what is around it.
    encoding: Encoding,
    /// Where wanted elements may lie in it: the place of the sequence whose first item this is, or will be.
    place: Option<Place>,
    is_unknown: bool,
    /// Items so far.
    items: u32,
}

impl Open {
    /// What is read in `encoding` and holds nothing that is wanted.
    fn new(encoding: Encoding) -> Self {
        let (is_item, is_defined, is_unknown) = (false, false, false);
        Self { is_item, end: 0, is_defined, encoding, place: None, is_unknown, items: 0 }
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    encoding: Encoding,
    open: Vec<Open>,
    elements: u32,
    found: Vec<Found>,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8], at: usize, encoding: Encoding) -> Self {
        Self { bytes, at, encoding, open: Vec::new(), elements: 0, found: Vec::new() }
    }

    fn damaged<T>(at: usize, problem: &'static str) -> Result<T, ImageError> {
        Err(ImageError::damaged(FORMAT, at, problem))
    }

    /// Walks up to the pixel data or the end.
    fn run(&mut self) -> Result<Option<PixelBytes>, ImageError> {
        loop {
            while self.open.last().is_some_and(|open| open.is_defined && open.end == self.at) {
                self.close();
            }
            let end = self.open.last().map_or(self.bytes.len(), |open| open.end);
            if self.open.is_empty() && self.at == end {
                return Ok(None);
            }
            let element = self.element(end)?;
            match self.open.last() {
                Some(open) if !open.is_item => self.in_sequence(&element, end)?,
                _ => {
                    if let Some(pixels) = self.in_data_set(&element, end)? {
                        return Ok(Some(pixels));
                    }
                }
            }
        }
    }

    /// Reads the header of an element, which must end before `end`.
    fn element(&mut self, end: usize) -> Result<ElementHeader, ImageError> {
        self.elements += 1;
        ImageError::limit("number of elements", self.elements.into(), MAX_ELEMENTS.into())?;
        let at = self.at;
        let encoding = self.encoding;
        let Some(&[g0, g1, e0, e1, b0, b1, b2, b3]) = self.take(8, end) else {
            return Self::damaged(at, "the file ends inside the header of an element");
        };
        let tag = (encoding.u16([g0, g1]), encoding.u16([e0, e1]));
        if tag.0 == 0xfffe || !encoding.explicit {
            return Ok(ElementHeader { at, tag, vr: None, length: encoding.u32([b0, b1, b2, b3]) });
        }
        let vr = [b0, b1];
        if !is_vr(vr) {
            return Self::damaged(at, "an element has no value representation");
        }
        if !has_long_length(vr) {
            return Ok(ElementHeader { at, tag, vr: Some(vr), length: encoding.u16([b2, b3]).into() });
        }
        match self.take(4, end) {
            Some(&[b0, b1, b2, b3]) => {
                Ok(ElementHeader { at, tag, vr: Some(vr), length: encoding.u32([b0, b1, b2, b3]) })
            }
            _ => Self::damaged(at, "the file ends inside the header of an element"),
        }
    }

    /// The next `count` bytes, where they end before `end`.
    fn take(&mut self, count: usize, end: usize) -> Option<&'a [u8]> {
        let to = self.at.checked_add(count).filter(|&to| to <= end)?;
        let bytes = self.bytes.get(self.at..to)?;
        self.at = to;
        Some(bytes)
    }

    /// Where a value of defined length ends.
    fn value_end(&self, element: &ElementHeader, end: usize) -> Result<usize, ImageError> {
        if element.length == UNDEFINED {
            return Self::damaged(element.at, "an element that is no sequence has no defined length");
        }
        match self.at.checked_add(element.length as usize) {
            Some(to) if to <= end => Ok(to),
            _ => Self::damaged(element.at, "an element declares more bytes than are left"),
        }
    }

    fn in_sequence(&mut self, element: &ElementHeader, end: usize) -> Result<(), ImageError> {
        match element.tag {
            ITEM => {
                let (mut place, mut encoding) = (None, self.encoding);
                if let Some(sequence) = self.open.last_mut() {
                    // Only the first item counts.
                    place = sequence.place.filter(|_| sequence.items == 0);
                    sequence.items += 1;
                    if sequence.is_unknown {
                        encoding = observed_in_unknown(self.bytes.get(self.at..).unwrap_or_default());
                    }
                }
                self.enter(element, end, Open { is_item: true, place, ..Open::new(encoding) })
            }
            SEQUENCE_END if self.open.last().is_some_and(|open| !open.is_defined) => {
                self.close();
                Ok(())
            }
            _ => Self::damaged(element.at, "a sequence holds something that is no item"),
        }
    }

    fn in_data_set(&mut self, element: &ElementHeader, end: usize) -> Result<Option<PixelBytes>, ImageError> {
        if element.tag.0 == 0xfffe {
            if element.tag == ITEM_END && self.open.last().is_some_and(|open| !open.is_defined) {
                self.close();
                return Ok(None);
            }
            // Items whose sequence lost its own header hold nothing that is read.
            if element.tag == ITEM && element.length != UNDEFINED {
                self.at = self.value_end(element, end)?;
                return Ok(None);
            }
            return Self::damaged(element.at, "a delimiter where none can be");
        }
        if self.open.is_empty() && element.tag == PIXEL_DATA {
            return self.pixel_data(element).map(Some);
        }
        let place = self.open.last().map_or(Some(Place::Top), |item| item.place);
        let inner = place.and_then(|place| place.inside(element.tag));
        if inner.is_some() || element.length == UNDEFINED {
            self.sequence(element, end, inner)?;
            return Ok(None);
        }
        let to = self.value_end(element, end)?;
        if let Some(wanted) = place.and_then(|place| wanted::find(place, element.tag)) {
            self.note(wanted, element, to)?;
        }
        self.at = to;
        Ok(None)
    }

    /// Enters a sequence, or passes over the fragments of something else that has no defined length.
    fn sequence(
        &mut self,
        element: &ElementHeader,
        end: usize,
        place: Option<Place>,
    ) -> Result<(), ImageError> {
        let (is_unknown, encoding) = match element.vr.as_ref() {
            None | Some(b"SQ") => (false, self.encoding),
            Some(b"UN") => (true, Encoding::IMPLICIT),
            Some(b"OB" | b"OW") if place.is_none() => return self.fragments(end).map(|_| ()),
            Some(_) if place.is_none() => return self.value_end(element, end).map(|_| ()),
            Some(_) => return Self::damaged(element.at, "a sequence with a value representation of values"),
        };
        self.enter(element, end, Open { is_unknown, place, ..Open::new(encoding) })
    }

    /// Notes a wanted element whose value ends at `to`.
    fn note(
        &mut self,
        wanted: &'static Wanted,
        element: &ElementHeader,
        to: usize,
    ) -> Result<(), ImageError> {
        if self.found.iter().any(|found| std::ptr::eq(found.wanted, wanted)) {
            return Self::damaged(element.at, "an element is there twice");
        }
        let (what, most) = match wanted.vr {
            b"OW" => ("size of a lookup table", MAX_TABLE_BYTES),
            _ => ("size of a value", MAX_VALUE_BYTES),
        };
        ImageError::limit(what, element.length.into(), most as u64)?;
        let big_endian = self.encoding.big_endian;
        self.found.push(Found { wanted, vr: element.vr, big_endian, value: self.at..to });
        Ok(())
    }

    /// Enters a sequence or an item; `open` says all but where it ends and what is around it.
    fn enter(&mut self, element: &ElementHeader, end: usize, open: Open) -> Result<(), ImageError> {
        ImageError::limit("nesting depth", self.open.len() as u64 + 1, MAX_DEPTH as u64)?;
        let is_defined = element.length != UNDEFINED;
        let end = if is_defined { self.value_end(element, end)? } else { end };
        let encoding = std::mem::replace(&mut self.encoding, open.encoding);
        self.open.push(Open { end, is_defined, encoding, ..open });
        Ok(())
    }

    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.encoding = open.encoding;
        }
    }

    fn pixel_data(&mut self, element: &ElementHeader) -> Result<PixelBytes, ImageError> {
        let end = self.bytes.len();
        let words = element.vr.as_ref() != Some(b"OB");
        if element.length != UNDEFINED {
            let to = self.value_end(element, end)?;
            return Ok(PixelBytes::Native { at: self.at..to, words });
        }
        let mut fragments = self.fragments(end)?;
        if fragments.is_empty() {
            return Self::damaged(element.at, "encapsulated pixel data without an offset table");
        }
        let table = fragments.remove(0);
        Ok(PixelBytes::Encapsulated { fragments, listed_frames: table.len() / 4 })
    }

    /// The items of encapsulated pixel data, up to its delimiter; the first is the offset table.
    fn fragments(&mut self, end: usize) -> Result<Vec<Range<usize>>, ImageError> {
        let mut fragments = Vec::new();
        loop {
            let item = self.element(end)?;
            match item.tag {
                ITEM => {
                    let to = self.value_end(&item, end)?;
                    fragments.push(self.at..to);
                    self.at = to;
                }
                SEQUENCE_END => return Ok(fragments),
                _ => return Self::damaged(item.at, "pixel data holds something that is no fragment"),
            }
        }
    }
}
