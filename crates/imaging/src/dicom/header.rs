//! The values of the wanted elements, read by dicom-rs from the copy that the guard made.

use super::guard::{Encoding, Layout};
use crate::ImageError;
use crate::facts::{HeaderFacts, age_years, laterality};
use crate::tone::{Lut, Modality, Padding, Tone, Voi, Window, WindowFunction};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::entries;
use precedent_model::PartialDate;

/// The form of the stored pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) bits_allocated: u16,
    pub(crate) bits_stored: u16,
    pub(crate) signed: bool,
}

/// Everything that the header says.
pub(crate) struct Header {
    object: InMemDicomObject,
}

impl Header {
    /// Parses the header that the guard found.
    pub(crate) fn parse(layout: &Layout<'_>) -> Result<Self, ImageError> {
        let syntax = match layout.encoding {
            Encoding { explicit: false, .. } => entries::IMPLICIT_VR_LITTLE_ENDIAN.erased(),
            Encoding { big_endian: false, .. } => entries::EXPLICIT_VR_LITTLE_ENDIAN.erased(),
            Encoding { big_endian: true, .. } => entries::EXPLICIT_VR_BIG_ENDIAN.erased(),
        };
        // The cause is left out: the parser quotes values.
        let object = InMemDicomObject::read_dataset_with_ts(layout.header.as_slice(), &syntax)
            .map_err(|_| ImageError::damaged("DICOM", 0, "the header cannot be parsed"))?;
        Ok(Self { object })
    }

    /// The first value as text without padding, or `None` where it is empty or missing.
    fn text(&self, tag: Tag) -> Option<String> {
        let value = self.object.get(tag)?.to_str().ok()?;
        // Control characters have no place in a short value; a value that holds one is broken.
        let first = value.split('\\').next()?.trim_matches(['\0', ' ']);
        (!first.is_empty() && !first.chars().any(char::is_control)).then(|| first.to_owned())
    }

    fn code(&self, tag: Tag) -> Option<String> {
        self.text(tag).map(|text| text.to_ascii_uppercase())
    }

    fn integer(&self, tag: Tag) -> Option<i64> {
        let element = self.object.get(tag)?;
        element.to_int::<i64>().ok()
    }

    fn number(&self, tag: Tag) -> Option<f64> {
        self.object.get(tag)?.to_float64().ok().filter(|number| number.is_finite())
    }

    /// A whole number that must be there, below 65,536.
    fn required(&self, tag: Tag, field: &'static str) -> Result<u16, ImageError> {
        match self.integer(tag) {
            Some(value) => u16::try_from(value).map_err(|_| ImageError::field(field, value, "0 to 65535")),
            None => Err(ImageError::Missing { field }),
        }
    }

    /// Checks that this is one grey picture, and gives its form.
    pub(crate) fn form(&self) -> Result<Form, ImageError> {
        let photometric = self.photometric()?;
        let samples = self.integer(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        match photometric {
            Photometric::Colour(how) => return Err(ImageError::Colour { how }),
            _ if samples != 1 => return Err(ImageError::field("SamplesPerPixel", samples, "1")),
            _ => {}
        }
        let frames = match self.object.get(tags::NUMBER_OF_FRAMES) {
            Some(element) if element.value().multiplicity() > 0 => {
                self.integer(tags::NUMBER_OF_FRAMES).unwrap_or(0)
            }
            _ => 1,
        };
        match u64::try_from(frames) {
            Ok(1) => {}
            Ok(count) if count > 1 => return Err(ImageError::Frames { count }),
            _ => return Err(ImageError::field("NumberOfFrames", frames, "1")),
        }
        let rows = self.required(tags::ROWS, "Rows")?;
        let columns = self.required(tags::COLUMNS, "Columns")?;
        let bits_allocated = self.required(tags::BITS_ALLOCATED, "BitsAllocated")?;
        let bits_stored = self.required(tags::BITS_STORED, "BitsStored")?;
        if !matches!(bits_allocated, 8 | 16) {
            return Err(ImageError::field("BitsAllocated", bits_allocated, "8 or 16"));
        }
        if bits_stored == 0 || bits_stored > bits_allocated {
            return Err(ImageError::field("BitsStored", bits_stored, "1 to BitsAllocated"));
        }
        let high_bit = self.integer(tags::HIGH_BIT).unwrap_or(i64::from(bits_stored) - 1);
        if high_bit != i64::from(bits_stored) - 1 {
            return Err(ImageError::field("HighBit", high_bit, "BitsStored - 1"));
        }
        let signed = match self.integer(tags::PIXEL_REPRESENTATION) {
            Some(0) | None => false,
            Some(1) => true,
            Some(other) => return Err(ImageError::field("PixelRepresentation", other, "0 or 1")),
        };
        Ok(Form { rows: rows.into(), columns: columns.into(), bits_allocated, bits_stored, signed })
    }

    fn photometric(&self) -> Result<Photometric, ImageError> {
        let Some(code) = self.code(tags::PHOTOMETRIC_INTERPRETATION) else {
            return Err(ImageError::Missing { field: "PhotometricInterpretation" });
        };
        // Only codes of the standard are quoted.
        Ok(match code.as_str() {
            "MONOCHROME1" => Photometric::Monochrome1,
            "MONOCHROME2" => Photometric::Monochrome2,
            "RGB" => Photometric::Colour("RGB"),
            "PALETTE COLOR" => Photometric::Colour("PALETTE COLOR"),
            "YBR_FULL" => Photometric::Colour("YBR_FULL"),
            "YBR_FULL_422" => Photometric::Colour("YBR_FULL_422"),
            "YBR_PARTIAL_420" => Photometric::Colour("YBR_PARTIAL_420"),
            "YBR_ICT" => Photometric::Colour("YBR_ICT"),
            "YBR_RCT" => Photometric::Colour("YBR_RCT"),
            "XYB" => Photometric::Colour("XYB"),
            _ => {
                return Err(ImageError::field(
                    "PhotometricInterpretation",
                    "another code",
                    "MONOCHROME1 or MONOCHROME2",
                ));
            }
        })
    }

    /// What turns stored values into brightness.
    pub(crate) fn tone(&self, form: &Form) -> Result<Tone, ImageError> {
        let modality = self.modality(form)?;
        let voi_is_signed = match &modality {
            Modality::Lut(_) => false,
            Modality::Linear { .. } => {
                form.signed || self.number(tags::RESCALE_INTERCEPT).is_some_and(|b| b < 0.0)
            }
        };
        Ok(Tone {
            modality,
            padding: self.padding(form),
            voi: self.voi(voi_is_signed)?,
            inverted: self.inverted()?,
        })
    }

    fn modality(&self, form: &Form) -> Result<Modality, ImageError> {
        if let Some(lut) = self.lut(tags::MODALITY_LUT_SEQUENCE, "ModalityLUTSequence", form.signed)? {
            return Ok(Modality::Lut(lut));
        }
        let read = |tag, field, default| match self.object.get(tag) {
            Some(element) if element.value().multiplicity() > 0 => {
                self.number(tag).ok_or_else(|| ImageError::field(field, "no number", "a number"))
            }
            _ => Ok(default),
        };
        let slope = read(tags::RESCALE_SLOPE, "RescaleSlope", 1.0)?;
        let intercept = read(tags::RESCALE_INTERCEPT, "RescaleIntercept", 0.0)?;
        if slope == 0.0 {
            return Err(ImageError::field("RescaleSlope", 0, "a number other than 0"));
        }
        Ok(Modality::Linear { slope, intercept })
    }

    fn padding(&self, form: &Form) -> Option<Padding> {
        let read = |tag| self.integer(tag).map(|value| sample(value, form.signed));
        let value = read(tags::PIXEL_PADDING_VALUE)?;
        let limit = read(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
        Some(Padding { from: value.min(limit), to: value.max(limit) })
    }

    fn voi(&self, signed: bool) -> Result<Option<Voi>, ImageError> {
        let function = match self.code(tags::VOILUT_FUNCTION).as_deref() {
            None | Some("LINEAR") => WindowFunction::Linear,
            Some("LINEAR_EXACT") => WindowFunction::LinearExact,
            Some("SIGMOID") => WindowFunction::Sigmoid,
            Some(_) => {
                let expected = "LINEAR, LINEAR_EXACT or SIGMOID";
                return Err(ImageError::field("VOILUTFunction", "another code", expected));
            }
        };
        if let (Some(centre), Some(width)) =
            (self.number(tags::WINDOW_CENTER), self.number(tags::WINDOW_WIDTH))
        {
            let window = Window { centre, width, function };
            if window.is_valid() {
                return Ok(Some(Voi::Window(window)));
            }
        }
        Ok(self.lut(tags::VOILUT_SEQUENCE, "VOILUTSequence", signed)?.map(Voi::Lut))
    }

    fn inverted(&self) -> Result<bool, ImageError> {
        let inverted = matches!(self.photometric()?, Photometric::Monochrome1);
        let expected = "IDENTITY with MONOCHROME2 or INVERSE with MONOCHROME1";
        match self.code(tags::PRESENTATION_LUT_SHAPE).as_deref() {
            None => Ok(inverted),
            Some("IDENTITY") if !inverted => Ok(false),
            Some("INVERSE") if inverted => Ok(true),
            Some("IDENTITY") => Err(ImageError::field("PresentationLUTShape", "IDENTITY", expected)),
            Some("INVERSE") => Err(ImageError::field("PresentationLUTShape", "INVERSE", expected)),
            Some(_) => Err(ImageError::field("PresentationLUTShape", "another code", expected)),
        }
    }

    /// The lookup table of the first item of a sequence (PS3.3 sections C.11.1.1 and C.11.2.1.1).
    fn lut(&self, tag: Tag, field: &'static str, signed: bool) -> Result<Option<Lut>, ImageError> {
        let Some(item) = self.object.get(tag).and_then(|sequence| sequence.items()).and_then(<[_]>::first)
        else {
            return Ok(None);
        };
        let wrong =
            |found: &str| ImageError::field(field, found, "a LUTDescriptor and the LUTData it describes");
        let descriptor = (item.get(tags::LUT_DESCRIPTOR))
            .and_then(|element| element.to_multi_int::<i64>().ok())
            .ok_or_else(|| wrong("without LUTDescriptor"))?;
        let &[count, first, bits] = descriptor.as_slice() else {
            return Err(wrong("with a LUTDescriptor of other than three values"));
        };
        // 65,536 does not fit into 16 bits and is written as 0.
        let count = match count as u16 {
            0 => 65_536,
            count => usize::from(count),
        };
        let Ok(bits @ 1..=16) = u16::try_from(bits) else {
            return Err(wrong("with entries of more than 16 bits"));
        };
        let data = item.get(tags::LUT_DATA).ok_or_else(|| wrong("without LUTData"))?;
        let words = match data.value().primitive() {
            Some(dicom_core::PrimitiveValue::U8(bytes)) => Some(from_bytes(bytes, count)),
            Some(value) => value
                .to_multi_int::<i64>()
                .ok()
                .map(|words| words.into_iter().map(|word| word as u16).collect()),
            None => None,
        };
        let mut entries: Vec<u16> = words.ok_or_else(|| wrong("with LUTData that are no numbers"))?;
        // Entries of 8 bits may share a word of 16, the first in the lower half.
        if bits <= 8 && entries.len() < count && entries.len() * 2 >= count {
            entries = entries.into_iter().flat_map(u16::to_le_bytes).map(u16::from).collect();
        }
        if entries.len() < count {
            return Err(wrong("with fewer entries than it declares"));
        }
        entries.truncate(count);
        Ok(Some(Lut { first: sample(first, signed), entries, bits }))
    }

    /// Height of a pixel divided by its width.
    pub(crate) fn aspect(&self) -> Result<f64, ImageError> {
        let pairs = [
            (tags::PIXEL_SPACING, "PixelSpacing"),
            (tags::IMAGER_PIXEL_SPACING, "ImagerPixelSpacing"),
            (tags::NOMINAL_SCANNED_PIXEL_SPACING, "NominalScannedPixelSpacing"),
            (tags::PIXEL_ASPECT_RATIO, "PixelAspectRatio"),
        ];
        for (tag, field) in pairs {
            let Some(pair) = self.object.get(tag).and_then(|element| element.to_multi_float64().ok()) else {
                continue;
            };
            // Zero stands for an unknown length in files that must write one.
            if let &[vertical, horizontal] = pair.as_slice()
                && vertical > 0.0
                && horizontal > 0.0
            {
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

    /// What the header says about study and patient.
    pub(crate) fn facts(&self, syntax: Option<&str>) -> HeaderFacts {
        let side = |tag| self.code(tag).and_then(|code| laterality(&code));
        let date = self.text(tags::STUDY_DATE);
        HeaderFacts {
            modality: self.code(tags::MODALITY),
            body_part: self.code(tags::BODY_PART_EXAMINED),
            view_position: self.code(tags::VIEW_POSITION),
            laterality: side(tags::IMAGE_LATERALITY).or_else(|| side(tags::LATERALITY)),
            manufacturer: self.text(tags::MANUFACTURER),
            sex: self.code(tags::PATIENT_SEX).filter(|sex| matches!(sex.as_str(), "M" | "F" | "O")),
            age_years: self.code(tags::PATIENT_AGE).and_then(|age| age_years(&age)),
            study_date: date.and_then(|date| PartialDate::parse("study_date", &date.replace('.', "")).ok()),
            study_uid: self.text(tags::STUDY_INSTANCE_UID),
            series_uid: self.text(tags::SERIES_INSTANCE_UID),
            sop_uid: self.text(tags::SOP_INSTANCE_UID),
            accession: self.text(tags::ACCESSION_NUMBER),
            patient_id: self.text(tags::PATIENT_ID),
            patient_id_issuer: self.text(tags::ISSUER_OF_PATIENT_ID),
            photometric: self.code(tags::PHOTOMETRIC_INTERPRETATION),
            bits: self.integer(tags::BITS_STORED).and_then(|bits| u16::try_from(bits).ok()),
            transfer_syntax: syntax.map(str::to_owned),
        }
    }
}

enum Photometric {
    Monochrome1,
    Monochrome2,
    Colour(&'static str),
}

/// Entries of a table that the file holds as bytes: two for each entry where there are enough, else one.
fn from_bytes(bytes: &[u8], count: usize) -> Vec<u16> {
    if bytes.len() >= 2 * count {
        return bytes.as_chunks().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
    }
    bytes.iter().map(|&byte| byte.into()).collect()
}

/// A value of 16 bits whose sign the parser cannot know: in implicit files it does not see which of US and SS is meant.
fn sample(value: i64, signed: bool) -> i32 {
    if signed || value < 0 { i32::from(value as u16 as i16) } else { i32::from(value as u16) }
}
