//! The elements of a data set that are read, with their place and the value representation that the dictionary of the
//! standard gives them (PS3.6); everything else is passed over.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// The data sets that hold wanted elements: that of the file, and the first items of sequences in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The data set of the file.
    Top,
    /// Modality LUT Sequence.
    ModalityLut,
    /// VOI LUT Sequence.
    VoiLut,
    /// Shared or Per-Frame Functional Groups Sequence of an enhanced object.
    Groups,
    /// Pixel Measures Sequence of a functional group.
    Measures,
    /// Frame VOI LUT Sequence of a functional group.
    FrameVoi,
    /// Pixel Value Transformation Sequence of a functional group.
    Transformation,
}

impl Place {
    /// The place that a sequence in this one leads to.
    pub(crate) fn inside(self, (group, element): (u16, u16)) -> Option<Self> {
        let sequence = Tag(group, element);
        SEQUENCES.iter().find(|(from, tag, _)| *from == self && *tag == sequence).map(|(_, _, to)| *to)
    }
}

const SEQUENCES: [(Place, Tag, Place); 7] = [
    (Place::Top, tags::MODALITY_LUT_SEQUENCE, Place::ModalityLut),
    (Place::Top, tags::VOILUT_SEQUENCE, Place::VoiLut),
    (Place::Top, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, Place::Groups),
    (Place::Top, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, Place::Groups),
    (Place::Groups, tags::PIXEL_MEASURES_SEQUENCE, Place::Measures),
    (Place::Groups, tags::FRAME_VOILUT_SEQUENCE, Place::FrameVoi),
    (Place::Groups, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, Place::Transformation),
];

/// An element that is read.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) place: Place,
    pub(crate) tag: Tag,
    pub(crate) keyword: &'static str,
    /// Where the dictionary allows US or SS, US; where it allows US or OW, OW.
    pub(crate) vr: &'static [u8; 2],
}

const fn wanted(place: Place, tag: Tag, keyword: &'static str, vr: &'static [u8; 2]) -> Wanted {
    Wanted { place, tag, keyword, vr }
}

const fn top(tag: Tag, keyword: &'static str, vr: &'static [u8; 2]) -> Wanted {
    wanted(Place::Top, tag, keyword, vr)
}

/// Every element that is read.
pub(crate) static WANTED: [Wanted; 55] = [
    top(tags::SPECIFIC_CHARACTER_SET, "SpecificCharacterSet", b"CS"),
    top(tags::SOP_INSTANCE_UID, "SOPInstanceUID", b"UI"),
    top(tags::STUDY_DATE, "StudyDate", b"DA"),
    top(tags::ACCESSION_NUMBER, "AccessionNumber", b"SH"),
    top(tags::MODALITY, "Modality", b"CS"),
    top(tags::MANUFACTURER, "Manufacturer", b"LO"),
    top(tags::PATIENT_ID, "PatientID", b"LO"),
    top(tags::ISSUER_OF_PATIENT_ID, "IssuerOfPatientID", b"LO"),
    top(tags::PATIENT_SEX, "PatientSex", b"CS"),
    top(tags::PATIENT_AGE, "PatientAge", b"AS"),
    top(tags::BODY_PART_EXAMINED, "BodyPartExamined", b"CS"),
    top(tags::IMAGER_PIXEL_SPACING, "ImagerPixelSpacing", b"DS"),
    top(tags::NOMINAL_SCANNED_PIXEL_SPACING, "NominalScannedPixelSpacing", b"DS"),
    top(tags::VIEW_POSITION, "ViewPosition", b"CS"),
    top(tags::STUDY_INSTANCE_UID, "StudyInstanceUID", b"UI"),
    top(tags::SERIES_INSTANCE_UID, "SeriesInstanceUID", b"UI"),
    top(tags::LATERALITY, "Laterality", b"CS"),
    top(tags::IMAGE_LATERALITY, "ImageLaterality", b"CS"),
    top(tags::SAMPLES_PER_PIXEL, "SamplesPerPixel", b"US"),
    top(tags::PHOTOMETRIC_INTERPRETATION, "PhotometricInterpretation", b"CS"),
    top(tags::PLANAR_CONFIGURATION, "PlanarConfiguration", b"US"),
    top(tags::NUMBER_OF_FRAMES, "NumberOfFrames", b"IS"),
    top(tags::ROWS, "Rows", b"US"),
    top(tags::COLUMNS, "Columns", b"US"),
    top(tags::PIXEL_SPACING, "PixelSpacing", b"DS"),
    top(tags::PIXEL_ASPECT_RATIO, "PixelAspectRatio", b"IS"),
    top(tags::BITS_ALLOCATED, "BitsAllocated", b"US"),
    top(tags::BITS_STORED, "BitsStored", b"US"),
    top(tags::HIGH_BIT, "HighBit", b"US"),
    top(tags::PIXEL_REPRESENTATION, "PixelRepresentation", b"US"),
    top(tags::PIXEL_PADDING_VALUE, "PixelPaddingValue", b"US"),
    top(tags::PIXEL_PADDING_RANGE_LIMIT, "PixelPaddingRangeLimit", b"US"),
    top(tags::WINDOW_CENTER, "WindowCenter", b"DS"),
    top(tags::WINDOW_WIDTH, "WindowWidth", b"DS"),
    top(tags::RESCALE_INTERCEPT, "RescaleIntercept", b"DS"),
    top(tags::RESCALE_SLOPE, "RescaleSlope", b"DS"),
    top(tags::VOILUT_FUNCTION, "VOILUTFunction", b"CS"),
    top(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, "RedPaletteColorLookupTableDescriptor", b"US"),
    top(tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, "GreenPaletteColorLookupTableDescriptor", b"US"),
    top(tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, "BluePaletteColorLookupTableDescriptor", b"US"),
    top(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA, "RedPaletteColorLookupTableData", b"OW"),
    top(tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA, "GreenPaletteColorLookupTableData", b"OW"),
    top(tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA, "BluePaletteColorLookupTableData", b"OW"),
    top(tags::PRESENTATION_LUT_SHAPE, "PresentationLUTShape", b"CS"),
    wanted(Place::ModalityLut, tags::LUT_DESCRIPTOR, "LUTDescriptor", b"US"),
    wanted(Place::ModalityLut, tags::LUT_DATA, "LUTData", b"OW"),
    wanted(Place::VoiLut, tags::LUT_DESCRIPTOR, "LUTDescriptor", b"US"),
    wanted(Place::VoiLut, tags::LUT_DATA, "LUTData", b"OW"),
    wanted(Place::Measures, tags::PIXEL_SPACING, "PixelSpacing", b"DS"),
    wanted(Place::FrameVoi, tags::WINDOW_CENTER, "WindowCenter", b"DS"),
    wanted(Place::FrameVoi, tags::WINDOW_WIDTH, "WindowWidth", b"DS"),
    wanted(Place::FrameVoi, tags::VOILUT_FUNCTION, "VOILUTFunction", b"CS"),
    wanted(Place::Transformation, tags::RESCALE_INTERCEPT, "RescaleIntercept", b"DS"),
    wanted(Place::Transformation, tags::RESCALE_SLOPE, "RescaleSlope", b"DS"),
    // Noted to be refused: a table of segments is another coding.
    top(
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        "SegmentedRedPaletteColorLookupTableData",
        b"OW",
    ),
];

/// The wanted element of a tag at a place.
pub(crate) fn find(place: Place, (group, element): (u16, u16)) -> Option<&'static Wanted> {
    WANTED.iter().find(|wanted| wanted.place == place && wanted.tag == Tag(group, element))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
    use dicom_dictionary_std::StandardDataDictionary;

    #[test]
    fn keywords_and_representations_are_those_of_the_dictionary() {
        for wanted in &WANTED {
            let entry = StandardDataDictionary.by_tag(wanted.tag).unwrap();
            assert_eq!(entry.alias(), wanted.keyword);
            let vr = match entry.vr() {
                VirtualVr::Exact(vr) => vr.to_string().to_owned(),
                VirtualVr::Xs => "US".to_owned(),
                _ => "OW".to_owned(),
            };
            assert_eq!(vr.as_bytes(), wanted.vr, "{}", wanted.keyword);
        }
    }

    #[test]
    fn every_element_is_named_once() {
        for (at, wanted) in WANTED.iter().enumerate() {
            let first =
                WANTED.iter().position(|other| other.place == wanted.place && other.tag == wanted.tag);
            assert_eq!(first, Some(at), "{}", wanted.keyword);
        }
    }
}
