//! PNG and JPEG files.

use crate::support::*;
use png::{BitDepth, ColorType};
use precedent_imaging::{Format, decode};

#[track_caller]
fn check(bytes: &[u8], expected: &[u16]) {
    let decoded = decode(bytes).unwrap();
    assert_eq!((decoded.format, decoded.image.pixels()), (Format::Png, expected));
}

#[track_caller]
fn refused(bytes: &[u8], reason: &str) {
    let error = decode(bytes).unwrap_err();
    assert_eq!(error.reason(), reason, "{error}");
}

#[test]
fn grey_of_every_depth_fills_the_range() {
    check(&png(3, 1, ColorType::Grayscale, BitDepth::One, &[0b1010_0000]), &[65_535, 0, 65_535]);
    check(&png(2, 1, ColorType::Grayscale, BitDepth::Two, &[0b0111_0000]), &[0x5555, 0xffff]);
    check(&png(2, 1, ColorType::Grayscale, BitDepth::Four, &[0x3c]), &[0x3333, 0xcccc]);
    check(&png(2, 2, ColorType::Grayscale, BitDepth::Eight, &[0, 1, 128, 255]), &[0, 257, 32_896, 65_535]);
    check(&png(2, 1, ColorType::Grayscale, BitDepth::Sixteen, &[0x12, 0x34, 0xff, 0xff]), &[0x1234, 0xffff]);
    check(&png(2, 1, ColorType::Indexed, BitDepth::Eight, &[7, 255]), &[7 * 257, 0xffff]);
}

#[test]
fn equal_channels_are_grey_and_others_are_not() {
    let rgb = |pixel: [u8; 3]| png(1, 1, ColorType::Rgb, BitDepth::Eight, &pixel);
    check(&rgb([90, 90, 90]), &[90 * 257]);
    check(&rgb([90, 91, 92]), &[91 * 257]);
    check(&rgb([90, 90, 92]), &[91 * 257]);
    // A film that was photographed may have a faint tint.
    check(&rgb([90, 102, 114]), &[102 * 257]);
    refused(&rgb([90, 102, 115]), "colour");
    let deep = |low: u8| png(1, 1, ColorType::Rgb, BitDepth::Sixteen, &[1, 0, 1, 0, 25, low]);
    check(&deep(24), &[0x0908]);
    refused(&deep(25), "colour");
}

#[test]
fn only_opaque_pixels_are_read() {
    let both = |alpha| png(1, 1, ColorType::GrayscaleAlpha, BitDepth::Eight, &[9, alpha]);
    check(&both(255), &[9 * 257]);
    refused(&both(254), "transparent");
    let all = |alpha| png(2, 1, ColorType::Rgba, BitDepth::Eight, &[9, 9, 9, 255, 8, 8, 8, alpha]);
    check(&all(255), &[9 * 257, 8 * 257]);
    refused(&all(0), "transparent");
}

/// A colour that is declared transparent is a colour all the same.
#[test]
fn a_transparent_colour_is_read_as_the_colour_it_is() {
    let with = |color, depth, data: &[u8], transparency: &[u8]| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 3, 1);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == ColorType::Indexed {
            encoder.set_palette(vec![0, 0, 0, 7, 7, 7, 255, 255, 255]);
        }
        encoder.set_trns(transparency.to_vec());
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        bytes
    };
    let (eight, sixteen) = (BitDepth::Eight, BitDepth::Sixteen);
    let expected = [0, 7 * 257, 0xffff];
    for key in [0, 7, 255] {
        check(&with(ColorType::Grayscale, eight, &[0, 7, 255], &[0, key]), &expected);
        let rgb = [0, 0, 0, 7, 7, 7, 255, 255, 255];
        check(&with(ColorType::Rgb, eight, &rgb, &[0, key, 0, key, 0, key]), &expected);
    }
    for opacities in [[0].as_slice(), &[255, 0], &[9, 8, 7]] {
        check(&with(ColorType::Indexed, eight, &[0, 1, 2], opacities), &expected);
        check(&with(ColorType::Indexed, BitDepth::Two, &[0b0001_1000], opacities), &expected);
    }
    check(&with(ColorType::Grayscale, sixteen, &[0, 0, 7, 7, 255, 255], &[7, 7]), &expected);
    check(&with(ColorType::Grayscale, BitDepth::Four, &[0x0f, 0xf0], &[0, 15]), &[0, 0xffff, 0xffff]);
}

#[test]
fn several_frames_are_refused() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[1]).unwrap();
    writer.write_image_data(&[2]).unwrap();
    writer.finish().unwrap();
    refused(&bytes, "frames");
}

#[test]
fn a_jpeg_is_turned_upright() {
    // A dark block left of a bright one.
    let exif = |code: u16| {
        let mut body = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
        body.extend(code.to_be_bytes());
        body.extend([0; 6]);
        jpeg_segment(0xe1, &body)
    };
    let decoded = decode(&jpeg_blocks(16, 8, &[10, 200], &[])).unwrap();
    assert_eq!((decoded.format, decoded.original), (Format::Jpeg, (8, 16)));
    assert_eq!(decoded.image.pixels()[7..9], [10 * 257, 200 * 257]);
    let turned = decode(&jpeg_blocks(16, 8, &[10, 200], &exif(6))).unwrap();
    assert_eq!((turned.original, turned.image.width()), ((16, 8), 8));
    assert_eq!(turned.image.pixels()[63..65], [10 * 257, 200 * 257]);
    let turned = decode(&jpeg_blocks(16, 8, &[10, 200], &exif(8))).unwrap();
    assert_eq!(turned.image.pixels()[63..65], [200 * 257, 10 * 257]);
}

#[test]
fn lossless_jpeg_files_of_more_bits_fill_the_range() {
    let decoded = decode(&jpeg_lossless(2, 1, 16, &[0x1234, 0xffff])).unwrap();
    assert_eq!(decoded.image.pixels(), [0x1234, 0xffff]);
}

#[test]
fn cut_files_are_refused_at_every_byte() {
    for whole in [
        png(5, 4, ColorType::Grayscale, BitDepth::Eight, &[77; 20]),
        jpeg_blocks(16, 8, &[10, 200], &[]),
        jpeg_lossless(5, 4, 12, &[1000; 20]),
    ] {
        assert!(decode(&whole).is_ok());
        for cut in 0..whole.len() {
            // A file may lose its end mark, and a PNG the checksum of the pixels with it, but no pixel.
            if let Ok(decoded) = decode(&whole[..cut]) {
                assert_eq!(decoded.image, decode(&whole).unwrap().image, "cut at {cut}");
                assert!(cut > whole.len() - 20, "cut at {cut}");
            }
        }
    }
}
