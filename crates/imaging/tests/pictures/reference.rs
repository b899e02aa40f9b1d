//! The reference hashes of `index/IMAGE.md`: a change of any pixel is a change of the version.

use crate::support::*;
use precedent_imaging::{PIXEL_PIPELINE_VERSION, decode};
use precedent_model::GreyImage;
use sha2::{Digest, Sha256};

const SPECIFICATION: &str = include_str!("../../../../index/IMAGE.md");

fn hash(image: &GreyImage) -> String {
    let bytes: Vec<u8> = image.pixels().iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The test picture of the specification: 64 x 48 pixels, (37 x + 101 y) mod 2^bits.
fn pattern(bits: u16) -> Vec<u16> {
    (0..48_u32).flat_map(|y| (0..64_u32).map(move |x| ((37 * x + 101 * y) % (1 << bits)) as u16)).collect()
}

fn pictures() -> Vec<(&'static str, Vec<u8>)> {
    let base = Dicom::grey(64, 48, 12, &pattern(12));
    let window = |function: &str| {
        let mut dicom = base.clone();
        dicom.text((0x0028, 0x1050), "DS", "1800").text((0x0028, 0x1051), "DS", "2500");
        dicom.text((0x0028, 0x1056), "CS", function).bytes()
    };
    let mut whole = base.clone();
    whole
        .text((0x0028, 0x0004), "CS", "MONOCHROME1")
        .text((0x0028, 0x1052), "DS", "-500.5")
        .text((0x0028, 0x1053), "DS", "1.5")
        .text((0x0028, 0x0030), "DS", "0.3\\0.2")
        .word((0x0028, 0x0120), 4000)
        .word((0x0028, 0x0121), 4095);
    let mut table = base.clone();
    let entries: Vec<u16> = (0..1024_u32).map(|at| (at * at / 1024) as u16).collect();
    table.lut((0x0028, 0x3010), [1024, 1000, 10], &entries);
    let bytes: Vec<u8> = pattern(8).iter().map(|&value| value as u8).collect();
    vec![
        ("linear", window("LINEAR")),
        ("linear-exact", window("LINEAR_EXACT")),
        ("sigmoid", window("SIGMOID")),
        ("no-window", base.bytes()),
        ("no-window-monochrome1-rescale-padding-aspect", whole.bytes()),
        ("voi-lut", table.bytes()),
        ("8-bit-dicom", Dicom::grey(64, 48, 8, &pattern(8)).bytes()),
        ("8-bit-png", png(64, 48, png::ColorType::Grayscale, png::BitDepth::Eight, &bytes)),
    ]
}

#[test]
fn reference_pictures_keep_their_hashes() {
    assert!(SPECIFICATION.contains(&format!("# How a picture is read, version {PIXEL_PIPELINE_VERSION}\n")));
    for (name, file) in pictures() {
        let row = format!("| {name} | `{}` |", hash(&decode(&file).unwrap().image));
        assert!(SPECIFICATION.contains(&row), "not in IMAGE.md: {row}");
    }
}

#[test]
fn one_picture_is_the_same_from_dicom_and_png() {
    let of = |name| {
        let (_, file) = pictures().into_iter().find(|(other, _)| *other == name).unwrap();
        decode(&file).unwrap().image
    };
    assert_eq!(of("8-bit-dicom"), of("8-bit-png"));
}
