//! The elements of a data set that are read; everything else stays outside the parser.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// How an element is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A value.
    Plain,
    /// A sequence with its items.
    Sequence,
}

/// Every element that is read, at most 64.
pub(crate) const WANTED: [(Tag, Kind); 39] = [
    (tags::SPECIFIC_CHARACTER_SET, Kind::Plain),
    (tags::SOP_INSTANCE_UID, Kind::Plain),
    (tags::STUDY_DATE, Kind::Plain),
    (tags::ACCESSION_NUMBER, Kind::Plain),
    (tags::MODALITY, Kind::Plain),
    (tags::MANUFACTURER, Kind::Plain),
    (tags::PATIENT_ID, Kind::Plain),
    (tags::ISSUER_OF_PATIENT_ID, Kind::Plain),
    (tags::PATIENT_SEX, Kind::Plain),
    (tags::PATIENT_AGE, Kind::Plain),
    (tags::BODY_PART_EXAMINED, Kind::Plain),
    (tags::IMAGER_PIXEL_SPACING, Kind::Plain),
    (tags::NOMINAL_SCANNED_PIXEL_SPACING, Kind::Plain),
    (tags::VIEW_POSITION, Kind::Plain),
    (tags::STUDY_INSTANCE_UID, Kind::Plain),
    (tags::SERIES_INSTANCE_UID, Kind::Plain),
    (tags::LATERALITY, Kind::Plain),
    (tags::IMAGE_LATERALITY, Kind::Plain),
    (tags::SAMPLES_PER_PIXEL, Kind::Plain),
    (tags::PHOTOMETRIC_INTERPRETATION, Kind::Plain),
    (tags::NUMBER_OF_FRAMES, Kind::Plain),
    (tags::ROWS, Kind::Plain),
    (tags::COLUMNS, Kind::Plain),
    (tags::PIXEL_SPACING, Kind::Plain),
    (tags::PIXEL_ASPECT_RATIO, Kind::Plain),
    (tags::BITS_ALLOCATED, Kind::Plain),
    (tags::BITS_STORED, Kind::Plain),
    (tags::HIGH_BIT, Kind::Plain),
    (tags::PIXEL_REPRESENTATION, Kind::Plain),
    (tags::PIXEL_PADDING_VALUE, Kind::Plain),
    (tags::PIXEL_PADDING_RANGE_LIMIT, Kind::Plain),
    (tags::WINDOW_CENTER, Kind::Plain),
    (tags::WINDOW_WIDTH, Kind::Plain),
    (tags::RESCALE_INTERCEPT, Kind::Plain),
    (tags::RESCALE_SLOPE, Kind::Plain),
    (tags::VOILUT_FUNCTION, Kind::Plain),
    (tags::MODALITY_LUT_SEQUENCE, Kind::Sequence),
    (tags::VOILUT_SEQUENCE, Kind::Sequence),
    (tags::PRESENTATION_LUT_SHAPE, Kind::Plain),
];

/// How an element is taken and its place in [`WANTED`], or `None` for one that is passed over.
pub(crate) fn kind((group, element): (u16, u16)) -> Option<(Kind, usize)> {
    let index = WANTED.iter().position(|(tag, _)| *tag == Tag(group, element))?;
    WANTED.get(index).map(|(_, kind)| (*kind, index))
}
