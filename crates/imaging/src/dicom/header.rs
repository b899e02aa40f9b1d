//! What the wanted elements say about pixels, brightness and the shape of a pixel.

use super::guard::FileParts;
use super::text::Charsets;
use super::value::Element;
use super::wanted::Place;
use crate::ImageError;
use crate::tone::{Lut, Modality, Padding, Tone, Voi, Window, WindowFunction};
use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// The form of the stored pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) photometric: Photometric,
    /// Samples of a pixel: 1 or 3.
    pub(crate) samples: usize,
    /// Whether pixel data that is not compressed holds one colour after the other.
    pub(crate) planar: bool,
    pub(crate) bits_allocated: u16,
    pub(crate) bits_stored: u16,
    /// By how many bits samples that are not compressed lie above the lowest of their cell.
    pub(crate) shift: u16,
    pub(crate) signed: bool,
}

/// How samples stand for grey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Photometric {
    Monochrome1,
    Monochrome2,
    /// Index of a table of colours.
    Palette,
    /// Three channels, also those that a codec turned into others.
    Rgb(&'static str),
    /// Luminance and two colour channels.
    Ybr(&'static str),
    /// The same, where two pixels share their colour channels.
    Ybr422,
}

impl Photometric {
    /// Whether the samples are grey as they are.
    pub(crate) fn is_grey(self) -> bool {
        matches!(self, Self::Monochrome1 | Self::Monochrome2)
    }
}

/// Everything that the header says.
pub(crate) struct Header<'a> {
    elements: Vec<Element<'a>>,
    charsets: Charsets,
}

impl<'a> Header<'a> {
    /// The elements that the guard found.
    pub(crate) fn new(file: &'a FileParts<'_>) -> Self {
        let elements: Vec<Element<'a>> = file.elements().collect();
        let declared = elements.iter().find(|element| {
            element.wanted.place == Place::Top && element.wanted.tag == tags::SPECIFIC_CHARACTER_SET
        });
        let charsets = Charsets::parse(declared.map_or(b"", |element| element.value));
        Self { elements, charsets }
    }

    fn at(&self, place: Place, tag: Tag) -> Option<&Element<'a>> {
        self.elements.iter().find(|element| element.wanted.place == place && element.wanted.tag == tag)
    }

    fn get(&self, tag: Tag) -> Option<&Element<'a>> {
        self.at(Place::Top, tag)
    }

    /// The element in a functional group, or else in the data set itself.
    fn grouped(&self, place: Place, tag: Tag) -> Option<&Element<'a>> {
        self.at(place, tag).or_else(|| self.get(tag))
    }

    /// The whole text of an element without padding, or `None` where it is empty or missing. Control characters have no
    /// place in a short value; a value that holds one is broken.
    fn whole_text(&self, element: Option<&Element<'a>>) -> Option<String> {
        let text = self.charsets.decode(element?.text()?)?;
        let text = text.trim_matches(['\0', ' ']);
        (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
    }

    fn first_text(&self, element: Option<&Element<'a>>) -> Option<String> {
        let text = self.whole_text(element)?;
        let first = text.split('\\').next()?.trim();
        (!first.is_empty()).then(|| first.to_owned())
    }

    /// The first value as text.
    pub(crate) fn text(&self, tag: Tag) -> Option<String> {
        self.first_text(self.get(tag))
    }

    /// A text that must not be shortened, though it holds the mark between two values.
    pub(crate) fn identifier(&self, tag: Tag) -> Option<String> {
        self.whole_text(self.get(tag))
    }

    /// The first code of an element that decides what the picture looks like: one that is there must be readable.
    fn decisive_code(&self, element: Option<&Element<'a>>) -> Result<Option<String>, ImageError> {
        let Some(element) = element else { return Ok(None) };
        let is_empty = element.value.iter().all(|byte| matches!(byte, b' ' | 0));
        match self.first_text(Some(element)) {
            Some(code) => Ok(Some(code.to_ascii_uppercase())),
            None if is_empty => Ok(None),
            None => Err(ImageError::field(element.wanted.keyword, "no text", "a code")),
        }
    }

    /// The first value in capitals.
    pub(crate) fn code(&self, tag: Tag) -> Option<String> {
        self.text(tag).map(|text| text.to_ascii_uppercase())
    }

    fn integer(&self, tag: Tag) -> Result<Option<i64>, ImageError> {
        self.get(tag).map_or(Ok(None), Element::integer)
    }

    /// Bits Stored, where it is a number.
    pub(crate) fn bits(&self) -> Option<u16> {
        self.integer(tags::BITS_STORED).ok()?.and_then(|bits| u16::try_from(bits).ok())
    }

    /// A whole number that must be there, below 65,536.
    fn required(&self, tag: Tag, field: &'static str) -> Result<u16, ImageError> {
        match self.integer(tag)? {
            Some(value) => u16::try_from(value).map_err(|_| ImageError::field(field, value, "0 to 65535")),
            None => Err(ImageError::Missing { field }),
        }
    }

    /// Checks that this is one picture that may be grey, and gives its form.
    pub(crate) fn form(&self) -> Result<Form, ImageError> {
        let photometric = self.photometric()?;
        let samples = self.integer(tags::SAMPLES_PER_PIXEL)?.unwrap_or(1);
        let may_have = match photometric {
            Photometric::Monochrome1 | Photometric::Monochrome2 | Photometric::Palette => [1, 1],
            // A stream says by itself how many it has, so 1 is no harm there.
            Photometric::Rgb(_) | Photometric::Ybr(_) | Photometric::Ybr422 => [3, 1],
        };
        if !may_have.contains(&samples) {
            return Err(ImageError::field("SamplesPerPixel", samples, "1, or 3 for colour"));
        }
        self.one_frame()?;
        let rows = self.required(tags::ROWS, "Rows")?;
        let columns = self.required(tags::COLUMNS, "Columns")?;
        let (bits_allocated, bits_stored) = self.depth(photometric)?;
        let signed = match self.integer(tags::PIXEL_REPRESENTATION)? {
            Some(0) | None => false,
            Some(1) if photometric.is_grey() => true,
            Some(other) => return Err(ImageError::field("PixelRepresentation", other, "0, or 1 for grey")),
        };
        Ok(Form {
            rows: rows.into(),
            columns: columns.into(),
            photometric,
            samples: samples as usize,
            planar: self.integer(tags::PLANAR_CONFIGURATION)?.unwrap_or(0) == 1,
            bits_allocated,
            bits_stored,
            shift: self.shift(bits_allocated, bits_stored)?,
            signed,
        })
    }

    fn one_frame(&self) -> Result<(), ImageError> {
        let frames = self.integer(tags::NUMBER_OF_FRAMES)?.unwrap_or(1);
        match u64::try_from(frames) {
            Ok(1) => Ok(()),
            Ok(count) if count > 1 => Err(ImageError::Frames { count }),
            _ => Err(ImageError::field("NumberOfFrames", frames, "1")),
        }
    }

    /// Bits allocated and stored.
    fn depth(&self, photometric: Photometric) -> Result<(u16, u16), ImageError> {
        let bits_allocated = self.required(tags::BITS_ALLOCATED, "BitsAllocated")?;
        let bits_stored = self.required(tags::BITS_STORED, "BitsStored")?;
        if let (32, Photometric::Rgb(how) | Photometric::Ybr(how)) = (bits_allocated, photometric) {
            return Err(ImageError::Colour { how });
        }
        let is_read = match bits_allocated {
            8 | 16 => true,
            32 => photometric.is_grey(),
            _ => false,
        };
        if !is_read {
            return Err(ImageError::field("BitsAllocated", bits_allocated, "8, 16, or 32 for grey"));
        }
        if bits_stored == 0 || bits_stored > bits_allocated {
            return Err(ImageError::field("BitsStored", bits_stored, "1 to BitsAllocated"));
        }
        Ok((bits_allocated, bits_stored))
    }

    /// By how many bits samples lie above the lowest of their cell (PS3.5 section 8.1.1).
    fn shift(&self, bits_allocated: u16, bits_stored: u16) -> Result<u16, ImageError> {
        let lowest = i64::from(bits_stored) - 1;
        let high_bit = self.integer(tags::HIGH_BIT)?.unwrap_or(lowest);
        let is_inside = (lowest..i64::from(bits_allocated)).contains(&high_bit);
        match u16::try_from(high_bit - lowest) {
            Ok(shift) if is_inside => Ok(shift),
            _ => Err(ImageError::field("HighBit", high_bit, "BitsStored - 1 to BitsAllocated - 1")),
        }
    }

    fn photometric(&self) -> Result<Photometric, ImageError> {
        let Some(code) = self.decisive_code(self.get(tags::PHOTOMETRIC_INTERPRETATION))? else {
            return Err(ImageError::Missing { field: "PhotometricInterpretation" });
        };
        // Only codes of the standard are quoted.
        Ok(match code.as_str() {
            "MONOCHROME1" => Photometric::Monochrome1,
            "MONOCHROME2" => Photometric::Monochrome2,
            "PALETTE COLOR" => Photometric::Palette,
            "RGB" => Photometric::Rgb("RGB"),
            "YBR_ICT" => Photometric::Rgb("YBR_ICT"),
            "YBR_RCT" => Photometric::Rgb("YBR_RCT"),
            "YBR_FULL" => Photometric::Ybr("YBR_FULL"),
            "YBR_FULL_422" => Photometric::Ybr422,
            "YBR_PARTIAL_420" => return Err(ImageError::Colour { how: "YBR_PARTIAL_420" }),
            "XYB" => return Err(ImageError::Colour { how: "XYB" }),
            _ => {
                return Err(ImageError::field(
                    "PhotometricInterpretation",
                    "another code",
                    "MONOCHROME1 or MONOCHROME2",
                ));
            }
        })
    }

    /// What turns stored values into brightness. A picture that is stored as colour is shown as it is.
    pub(crate) fn tone(&self, form: &Form) -> Result<Tone, ImageError> {
        if !form.photometric.is_grey() {
            return Ok(Tone::whole());
        }
        let modality = self.modality(form)?;
        let voi_is_signed = match &modality {
            Modality::Lut(_) => false,
            Modality::Linear { intercept, .. } => form.signed || *intercept < 0.0,
        };
        Ok(Tone {
            modality,
            padding: self.padding(form)?,
            voi: self.voi(voi_is_signed)?,
            inverted: self.inverted(form.photometric)?,
        })
    }

    fn modality(&self, form: &Form) -> Result<Modality, ImageError> {
        if let Some(lut) = self.sequence_lut(Place::ModalityLut, "ModalityLUTSequence", form.signed)? {
            return Ok(Modality::Lut(lut));
        }
        let read = |tag| self.grouped(Place::Transformation, tag).map_or(Ok(None), Element::number);
        let slope = read(tags::RESCALE_SLOPE)?.unwrap_or(1.0);
        let intercept = read(tags::RESCALE_INTERCEPT)?.unwrap_or(0.0);
        if slope == 0.0 {
            return Err(ImageError::field("RescaleSlope", 0, "a number other than 0"));
        }
        Ok(Modality::Linear { slope, intercept })
    }

    fn padding(&self, form: &Form) -> Result<Option<Padding>, ImageError> {
        let read = |tag| {
            let Some(element) = self.get(tag) else { return Ok(None) };
            let wrong = || ImageError::field(element.wanted.keyword, "out of range", "a value of 16 bits");
            let value = element.integer()?;
            value.map(|value| sample(value, form.signed).ok_or_else(wrong)).transpose()
        };
        let Some(value) = read(tags::PIXEL_PADDING_VALUE)? else { return Ok(None) };
        let limit = read(tags::PIXEL_PADDING_RANGE_LIMIT)?.unwrap_or(value);
        Ok(Some(Padding { from: value.min(limit), to: value.max(limit) }))
    }

    fn voi(&self, signed: bool) -> Result<Option<Voi>, ImageError> {
        let function = self.decisive_code(self.grouped(Place::FrameVoi, tags::VOILUT_FUNCTION))?;
        let function = match function.as_deref() {
            None | Some("LINEAR") => WindowFunction::Linear,
            Some("LINEAR_EXACT") => WindowFunction::LinearExact,
            Some("SIGMOID") => WindowFunction::Sigmoid,
            Some(_) => {
                let expected = "LINEAR, LINEAR_EXACT or SIGMOID";
                return Err(ImageError::field("VOILUTFunction", "another code", expected));
            }
        };
        let read = |tag| self.grouped(Place::FrameVoi, tag).map_or(Ok(Vec::new()), Element::numbers);
        let (centres, widths) = (read(tags::WINDOW_CENTER)?, read(tags::WINDOW_WIDTH)?);
        // The first window of which both numbers are there.
        let pair = centres.into_iter().zip(widths).find_map(|(centre, width)| centre.zip(width));
        if let Some((centre, width)) = pair {
            let window = Window { centre, width, function };
            if window.is_valid() {
                return Ok(Some(Voi::Window(window)));
            }
        }
        Ok(self.sequence_lut(Place::VoiLut, "VOILUTSequence", signed)?.map(Voi::Lut))
    }

    /// Whether the least value is shown white. That is what MONOCHROME1 says; a shape of IDENTITY beside it is the default
    /// of writers that know nothing of Presentation LUTs, and INVERSE beside MONOCHROME2 nobody can tell.
    fn inverted(&self, photometric: Photometric) -> Result<bool, ImageError> {
        let inverted = photometric == Photometric::Monochrome1;
        let expected = "IDENTITY, or INVERSE with MONOCHROME1";
        match self.decisive_code(self.get(tags::PRESENTATION_LUT_SHAPE))?.as_deref() {
            None | Some("IDENTITY") => Ok(inverted),
            Some("INVERSE") if inverted => Ok(true),
            Some("INVERSE") => Err(ImageError::field("PresentationLUTShape", "INVERSE", expected)),
            Some(_) => Err(ImageError::field("PresentationLUTShape", "another code", expected)),
        }
    }

    /// The lookup table of the first item of a sequence (PS3.3 sections C.11.1.1 and C.11.2.1.1).
    fn sequence_lut(
        &self,
        place: Place,
        field: &'static str,
        signed: bool,
    ) -> Result<Option<Lut>, ImageError> {
        let (descriptor, data) = (self.at(place, tags::LUT_DESCRIPTOR), self.at(place, tags::LUT_DATA));
        if descriptor.is_none() && data.is_none() {
            return Ok(None);
        }
        lut(descriptor, data, field, signed).map(Some)
    }

    /// The tables of a palette, red, green and blue (PS3.3 section C.7.6.3.1.5).
    pub(crate) fn palette(&self) -> Result<[Lut; 3], ImageError> {
        if self.get(tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA).is_some() {
            return Err(ImageError::Coding { name: "palette in segments".to_owned() });
        }
        let table = |descriptor, data, field| lut(self.get(descriptor), self.get(data), field, false);
        Ok([
            table(
                tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
                "RedPaletteColorLookupTable",
            )?,
            table(
                tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
                "GreenPaletteColorLookupTable",
            )?,
            table(
                tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
                "BluePaletteColorLookupTable",
            )?,
        ])
    }

    /// Height of a pixel divided by its width.
    pub(crate) fn aspect(&self) -> Result<f64, ImageError> {
        let candidates = [
            self.grouped(Place::Measures, tags::PIXEL_SPACING),
            self.get(tags::IMAGER_PIXEL_SPACING),
            self.get(tags::NOMINAL_SCANNED_PIXEL_SPACING),
            self.get(tags::PIXEL_ASPECT_RATIO),
        ];
        for element in candidates.into_iter().flatten() {
            let field = element.wanted.keyword;
            let lengths = element.numbers()?;
            let (vertical, horizontal) = match lengths.as_slice() {
                // One length for both sides says that pixels are square.
                &[Some(one)] => (one, one),
                &[Some(vertical), Some(horizontal)] => (vertical, horizontal),
                &[None] | &[None, _] | &[_, None] => continue,
                _ => return Err(ImageError::field(field, "of other than two values", "two lengths")),
            };
            // Zero stands for an unknown length in files that must write one.
            if vertical > 0.0 && horizontal > 0.0 {
                let ratio = vertical / horizontal;
                if !(0.125..=8.0).contains(&ratio) {
                    return Err(ImageError::field(
                        field,
                        "out of range",
                        "two lengths of a ratio from 1/8 to 8",
                    ));
                }
                return Ok(ratio);
            }
        }
        Ok(1.0)
    }
}

/// The lookup table of a descriptor and its data.
fn lut(
    descriptor: Option<&Element<'_>>,
    data: Option<&Element<'_>>,
    field: &'static str,
    signed: bool,
) -> Result<Lut, ImageError> {
    let wrong = |found: &str| ImageError::field(field, found, "a descriptor and the data it describes");
    let descriptor = descriptor.ok_or_else(|| wrong("without its descriptor"))?.numbers()?;
    let &[Some(count), Some(first), Some(bits)] = descriptor.as_slice() else {
        return Err(wrong("with a descriptor of other than three values"));
    };
    let wide = || wrong("with a descriptor of more than 16 bits");
    let first = sample(first as i64, signed).ok_or_else(wide)?;
    // 65,536 does not fit into 16 bits and is written as 0.
    let count = match sample(count as i64, false).ok_or_else(wide)? as u16 {
        0 => 65_536,
        count => usize::from(count),
    };
    let bits @ 1..=16 = bits as i64 else {
        return Err(wrong("with entries of more than 16 bits"));
    };
    let bits = bits as u16;
    let mut entries = data.ok_or_else(|| wrong("without its data"))?.words()?;
    // Entries of 8 bits may share a word of 16, the first in the lower half.
    if bits <= 8 && entries.len() < count && entries.len() * 2 >= count {
        entries = entries.into_iter().flat_map(u16::to_le_bytes).map(u16::from).collect();
    }
    if entries.len() < count {
        return Err(wrong("with fewer entries than it declares"));
    }
    entries.truncate(count);
    Ok(Lut { first, entries, bits })
}

/// A value of 16 bits whose sign the dictionary leaves open: in implicit files, nothing says which of US and SS is meant.
/// `None` for one of more bits.
fn sample(value: i64, signed: bool) -> Option<i32> {
    if !(i64::from(i16::MIN)..=i64::from(u16::MAX)).contains(&value) {
        return None;
    }
    Some(if signed || value < 0 { i32::from(value as u16 as i16) } else { i32::from(value as u16) })
}
