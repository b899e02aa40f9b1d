//! Films as DICOM files.

use crate::anatomy::Sex;
use crate::archive::{Study, uid};
use crate::film::LEVELS;
use crate::scene::Projection;
use crate::view::View;
use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

/// The bytes of a file: explicit VR little endian, 12 of 16 bits, one frame.
pub(crate) fn encode(
    study: &Study,
    index: usize,
    view: &View,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let digital = study.site.modality == "DX";
    let class = if digital {
        uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION
    } else {
        uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE
    };
    // Bound to the study's own id, so that two films never share one.
    let of_study = crate::random::mix(
        study.study_uid.bytes().fold(0, |hash, b| crate::random::mix(hash ^ u64::from(b))),
    );
    let instance = uid(of_study, "instance", index as u64);
    let mut object = InMemDicomObject::new_empty();
    let mut put = |tag: Tag, vr: VR, value: PrimitiveValue| {
        object.put(DataElement::new(tag, vr, value));
    };
    let day = study.date.replace('-', "");
    let sex = if study.patient.sex == Sex::Female { "F" } else { "M" };
    put(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192".into());
    put(
        tags::IMAGE_TYPE,
        VR::CS,
        PrimitiveValue::Strs(["DERIVED", "PRIMARY"].map(String::from).into_iter().collect()),
    );
    put(tags::SOP_CLASS_UID, VR::UI, class.into());
    put(tags::SOP_INSTANCE_UID, VR::UI, instance.as_str().into());
    put(tags::STUDY_DATE, VR::DA, day.as_str().into());
    put(tags::CONTENT_DATE, VR::DA, day.as_str().into());
    put(tags::STUDY_TIME, VR::TM, "120000".into());
    put(tags::CONTENT_TIME, VR::TM, "120000".into());
    put(tags::ACCESSION_NUMBER, VR::SH, study.accession_number.as_str().into());
    put(tags::MODALITY, VR::CS, study.site.modality.into());
    put(tags::MANUFACTURER, VR::LO, study.site.manufacturer.into());
    put(tags::INSTITUTION_NAME, VR::LO, study.site.id.into());
    put(tags::REFERRING_PHYSICIAN_NAME, VR::PN, "".into());
    put(tags::STUDY_DESCRIPTION, VR::LO, "CHEST (SYNTHETIC)".into());
    put(tags::PATIENT_NAME, VR::PN, format!("PHANTOM^{}", study.patient.id).into());
    put(tags::PATIENT_ID, VR::LO, study.patient.id.as_str().into());
    put(tags::ISSUER_OF_PATIENT_ID, VR::LO, study.patient.issuer.into());
    put(tags::PATIENT_BIRTH_DATE, VR::DA, study.patient.birth_date.as_str().into());
    put(tags::PATIENT_SEX, VR::CS, sex.into());
    put(tags::PATIENT_AGE, VR::AS, format!("{:03}Y", study.age).into());
    put(tags::PATIENT_COMMENTS, VR::LT, "Synthetic picture, no person".into());
    put(tags::BODY_PART_EXAMINED, VR::CS, "CHEST".into());
    put(tags::VIEW_POSITION, VR::CS, view.projection.view_position().into());
    put(tags::STUDY_INSTANCE_UID, VR::UI, study.study_uid.as_str().into());
    put(tags::SERIES_INSTANCE_UID, VR::UI, uid(of_study, "series", index as u64).into());
    put(tags::STUDY_ID, VR::SH, "1".into());
    put(tags::SERIES_NUMBER, VR::IS, (index + 1).to_string().into());
    put(tags::INSTANCE_NUMBER, VR::IS, "1".into());
    let orientation = match view.projection {
        Projection::Lateral if study.site.faces_left => ["P", "F"],
        Projection::Lateral => ["A", "F"],
        _ => ["L", "F"],
    };
    put(
        tags::PATIENT_ORIENTATION,
        VR::CS,
        PrimitiveValue::Strs(orientation.map(String::from).into_iter().collect()),
    );
    put(tags::IMAGE_LATERALITY, VR::CS, "U".into());
    put(tags::BURNED_IN_ANNOTATION, VR::CS, "YES".into());
    pixels(&mut put, study.site.inverted, view);
    if digital {
        put(tags::PRESENTATION_INTENT_TYPE, VR::CS, "FOR PRESENTATION".into());
        put(tags::PIXEL_INTENSITY_RELATIONSHIP, VR::CS, "LOG".into());
        let sign: i16 = if study.site.inverted { 1 } else { -1 };
        put(tags::PIXEL_INTENSITY_RELATIONSHIP_SIGN, VR::SS, PrimitiveValue::from(sign));
    }
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .media_storage_sop_class_uid(class)
        .media_storage_sop_instance_uid(instance.as_str());
    let mut bytes = Vec::new();
    object.with_meta(meta)?.write_all(&mut bytes)?;
    Ok(bytes)
}

fn pixels(put: &mut impl FnMut(Tag, VR, PrimitiveValue), inverted: bool, view: &View) {
    let (columns, rows) = (view.image.width() as u16, view.image.height() as u16);
    let spacing = format!("{:.4}\\{:.4}", view.pixel_mm, view.pixel_mm);
    let kind = if inverted { "MONOCHROME1" } else { "MONOCHROME2" };
    put(tags::SAMPLES_PER_PIXEL, VR::US, PrimitiveValue::from(1u16));
    put(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, kind.into());
    put(tags::ROWS, VR::US, PrimitiveValue::from(rows));
    put(tags::COLUMNS, VR::US, PrimitiveValue::from(columns));
    put(tags::IMAGER_PIXEL_SPACING, VR::DS, spacing.as_str().into());
    put(tags::PIXEL_SPACING, VR::DS, spacing.as_str().into());
    put(tags::BITS_ALLOCATED, VR::US, PrimitiveValue::from(16u16));
    put(tags::BITS_STORED, VR::US, PrimitiveValue::from(12u16));
    put(tags::HIGH_BIT, VR::US, PrimitiveValue::from(11u16));
    put(tags::PIXEL_REPRESENTATION, VR::US, PrimitiveValue::from(0u16));
    // The window is the whole range: PS3.3 C.11.2.1.2 then gives x / 4095 of full scale.
    put(tags::WINDOW_CENTER, VR::DS, "2048".into());
    put(tags::WINDOW_WIDTH, VR::DS, "4096".into());
    put(tags::RESCALE_INTERCEPT, VR::DS, "0".into());
    put(tags::RESCALE_SLOPE, VR::DS, "1".into());
    put(tags::RESCALE_TYPE, VR::LO, "US".into());
    put(tags::PRESENTATION_LUT_SHAPE, VR::CS, if inverted { "INVERSE".into() } else { "IDENTITY".into() });
    put(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00".into());
    let top = (LEVELS - 1) as u16;
    let stored = view.image.pixels().iter().map(|value| {
        let level = narrow(*value);
        if inverted { top - level } else { level }
    });
    put(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(stored.collect()));
}

/// 16 bits back to the 12 that they were spread from.
fn narrow(value: u16) -> u16 {
    ((u32::from(value) * (LEVELS - 1) + 32_767) / 65_535) as u16
}
