//! Ways in which writers leave one picture that are unusual and have one meaning: the same picture comes out, or an error that
//! names the field.

use crate::jpegls::JpegLs;
use crate::support::*;
use precedent_imaging::{Decoded, decode, decode_stored};
use std::collections::BTreeMap;

const CENTRE: Tag = (0x0028, 0x1050);
const WIDTH: Tag = (0x0028, 0x1051);
const SPACING: Tag = (0x0028, 0x0030);
const PHOTOMETRIC: Tag = (0x0028, 0x0004);
const SAMPLES: Tag = (0x0028, 0x0002);
const PLANAR: Tag = (0x0028, 0x0006);
const SIGN: Tag = (0x0028, 0x0103);
const PIXELS: Tag = (0x7fe0, 0x0010);

fn ramp(count: u16, step: u16) -> Vec<u16> {
    (0..count).map(|at| at * step).collect()
}

/// A picture of 8 x 6 pixels of 12 bits whose header uses every number that is read.
fn film() -> Dicom {
    let mut dicom = Dicom::grey(8, 6, 12, &ramp(48, 80));
    dicom
        .text(CENTRE, "DS", "1500")
        .text(WIDTH, "DS", "2500")
        .text((0x0028, 0x1052), "DS", "-12")
        .text((0x0028, 0x1053), "DS", "1.25")
        .text((0x0028, 0x0008), "IS", "1")
        .text(SPACING, "DS", "0.4\\0.2")
        .text((0x2050, 0x0020), "CS", "IDENTITY")
        .word((0x0028, 0x0120), 3760);
    dicom
}

#[track_caller]
fn picture(dicom: &Dicom) -> Decoded {
    decode(&dicom.bytes()).unwrap()
}

#[track_caller]
fn same(dicom: &Dicom, other: &Dicom) {
    assert!(picture(dicom).image == picture(other).image);
}

#[track_caller]
fn refused(dicom: &Dicom, reason: &str) -> String {
    let error = decode(&dicom.bytes()).unwrap_err();
    assert_eq!(error.reason(), reason, "{error}");
    error.to_string()
}

/// Every value of the header as bytes, with another representation.
fn under(vr: &'static str, mut dicom: Dicom) -> Dicom {
    for (tag, value) in &mut dicom.elements {
        let bytes = match value {
            Value::Text(_, text) => text.clone(),
            Value::Words(_, words) if *tag != PIXELS => {
                words.iter().flat_map(|word| word.to_le_bytes()).collect()
            }
            _ => continue,
        };
        *value = Value::Text(vr, bytes);
    }
    dicom
}

#[test]
fn values_of_unknown_representation_are_read_by_the_dictionary() {
    for vr in ["UN", "OB", "ZZ"] {
        same(&under(vr, film()), &film());
    }
    // Unknown values are little endian in files of either order.
    same(&under("UN", film().syntax(BIG).clone()), &film());
    let mut inverse = film();
    inverse.text(PHOTOMETRIC, "CS", "MONOCHROME1").text((0x2050, 0x0020), "CS", "INVERSE");
    same(&under("UN", inverse.clone()), &inverse);
    assert!(picture(&inverse).image != picture(&film()).image);
}

#[test]
fn numbers_are_read_from_any_representation_of_text() {
    for vr in ["UT", "LT", "ST", "LO", "SH", "CS", "DS", "IS", "UC"] {
        let mut dicom = film();
        for (tag, value) in &mut dicom.elements {
            let text = match value {
                Value::Text("DS" | "IS", text) => text.clone(),
                Value::Words(_, words) if *tag != PIXELS => words[0].to_string().into_bytes(),
                _ => continue,
            };
            *value = Value::Text(vr, text);
        }
        same(&dicom, &film());
    }
}

#[test]
fn decimal_commas_are_points() {
    let mut comma = film();
    comma.text(CENTRE, "DS", "1500,0").text((0x0028, 0x1053), "DS", "1,25").text(SPACING, "DS", "0,4\\0,2");
    same(&comma, &film());
}

#[test]
fn a_number_that_is_none_names_its_field() {
    for (tag, field) in [
        (CENTRE, "WindowCenter"),
        (WIDTH, "WindowWidth"),
        ((0x0028, 0x1052), "RescaleIntercept"),
        ((0x0028, 0x1053), "RescaleSlope"),
        ((0x0028, 0x0008), "NumberOfFrames"),
        ((0x0028, 0x0120), "PixelPaddingValue"),
        (SPACING, "PixelSpacing"),
        ((0x0028, 0x0010), "Rows"),
        (SIGN, "PixelRepresentation"),
    ] {
        for (vr, text) in [("DS", "wide"), ("LT", "1.500,0"), ("UN", "many"), ("FD", "12")] {
            // Two bytes or four of text are whole numbers by the dictionary.
            if vr == "UN" && matches!(field, "Rows" | "PixelRepresentation" | "PixelPaddingValue") {
                continue;
            }
            let message = refused(film().text(tag, vr, text), "field");
            assert!(message.starts_with(field), "{message}");
        }
    }
    let message = refused(film().text(SPACING, "DS", "0.4\\0.2\\0.1"), "field");
    assert!(message.starts_with("PixelSpacing"), "{message}");
    let message = refused(film().text((0x0028, 0x0120), "IS", "70000"), "field");
    assert!(message.starts_with("PixelPaddingValue"), "{message}");
    // Nor may a code be dropped that decides what the picture looks like.
    for (tag, field) in [
        (PHOTOMETRIC, "PhotometricInterpretation"),
        ((0x0028, 0x1056), "VOILUTFunction"),
        ((0x2050, 0x0020), "PresentationLUTShape"),
    ] {
        let message = refused(film().word(tag, 7), "field");
        assert!(message.starts_with(field), "{message}");
        let message = refused(film().text(tag, "CS", "LIN\tEAR"), "field");
        assert!(message.starts_with(field), "{message}");
    }
}

#[test]
fn the_first_whole_window_counts() {
    let mut one = film();
    one.text(CENTRE, "DS", "900").text(WIDTH, "DS", "600");
    for (centres, widths) in [
        ("900\\40", "600\\80"),
        ("\\900", "\\600"),
        ("7\\900", "\\600"),
        ("\\900\\5", "3\\600\\9"),
        ("900\\1", "600"),
    ] {
        let mut several = film();
        several.text(CENTRE, "DS", centres).text(WIDTH, "DS", widths);
        same(&several, &one);
    }
}

#[test]
fn monochrome1_is_inverted_whatever_stands_beside_it() {
    let mut film = film();
    film.text(PHOTOMETRIC, "CS", "MONOCHROME1").without((0x2050, 0x0020));
    let expected = film.clone();
    for shape in ["IDENTITY", "INVERSE"] {
        same(film.text((0x2050, 0x0020), "CS", shape), &expected);
    }
    film.text(PHOTOMETRIC, "CS", "MONOCHROME2");
    refused(&film, "field");
}

#[test]
fn bits_above_those_stored_are_no_part_of_the_picture() {
    let values = ramp(48, 80);
    let overlaid: Vec<u16> =
        values.iter().enumerate().map(|(at, value)| value | (at as u16 % 16) << 12).collect();
    let plain = Dicom::grey(8, 6, 12, &values);
    for sign in [0, 1] {
        let plain = plain.clone().word(SIGN, sign).clone();
        let mut marked = Dicom::grey(8, 6, 12, &overlaid);
        marked.word(SIGN, sign);
        same(&marked, &plain);
        assert_eq!(decode_stored(&marked.bytes()).unwrap(), decode_stored(&plain.bytes()).unwrap());
        same(marked.clone().syntax(BIG), &plain);
        same(marked.clone().coded(RLE, &[&rle(&overlaid, 2)]), &plain);
        same(marked.clone().coded(JPEG_LOSSLESS, &[&jpeg_lossless(8, 6, 16, &overlaid)]), &plain);
    }
    // A stream of 14 bits is neither of those stored nor of those allocated.
    let stream = jpeg_lossless(8, 6, 14, &overlaid.iter().map(|value| value & 0x3fff).collect::<Vec<_>>());
    refused(plain.clone().coded(JPEG_LOSSLESS, &[&stream]), "field");
}

#[test]
fn samples_may_lie_in_the_upper_bits() {
    let values = ramp(48, 81);
    let plain = Dicom::grey(8, 6, 12, &values);
    for (sign, high_bit) in [(0, 15), (0, 13), (1, 15)] {
        let shifted: Vec<u16> = values.iter().map(|value| value << (high_bit - 11)).collect();
        let mut upper = Dicom::grey(8, 6, 12, &shifted);
        upper.word((0x0028, 0x0102), high_bit).word(SIGN, sign);
        same(&upper, plain.clone().word(SIGN, sign));
    }
    let message = refused(plain.clone().word((0x0028, 0x0102), 15), "field");
    assert!(message.starts_with("HighBit is 15"), "{message}");
}

#[test]
fn filling_behind_the_pixels_is_passed_over() {
    let plain = Dicom::grey(8, 6, 12, &ramp(48, 80));
    let with = |extra: usize| {
        let mut dicom = plain.clone();
        let Some(Value::Words(_, words)) = dicom.elements.get_mut(&PIXELS) else { panic!("no pixels") };
        words.extend(vec![0x7777; extra]);
        dicom
    };
    for extra in 1..6 {
        same(&with(extra), &plain);
    }
    // A seventh column would hold as many.
    assert_eq!(refused(&with(6), "length"), "pixel data has 108 bytes; 96 expected");
    refused(&with(48), "length");
}

#[test]
fn pixels_of_32_bits_that_need_16() {
    let values = ramp(48, 80);
    let long = |bits: u16, signed: u16, values: Vec<i32>| {
        let mut dicom = Dicom::grey(8, 6, 12, &[]);
        let words = values.iter().flat_map(|&value| [value as u16, (value >> 16) as u16]).collect();
        dicom.elements.insert(PIXELS, Value::Words("OW", words));
        dicom.word((0x0028, 0x0100), 32).word((0x0028, 0x0101), bits).word((0x0028, 0x0102), bits - 1);
        dicom.word(SIGN, signed).clone()
    };
    let numbers: Vec<i32> = values.iter().map(|&value| value.into()).collect();
    let plain = Dicom::grey(8, 6, 16, &values);
    for bits in [12, 16, 24, 32] {
        same(&long(bits, 0, numbers.clone()), &plain);
    }
    let shifted: Vec<i32> = numbers.iter().map(|number| number - 2000).collect();
    let mut signed = Dicom::grey(8, 6, 16, &shifted.iter().map(|&number| number as u16).collect::<Vec<_>>());
    same(&long(32, 1, shifted), signed.word(SIGN, 1));
    let mut large = numbers;
    large[5] = 65_536;
    assert!(refused(&long(32, 0, large), "field").contains("more than 16 bits"));
}

#[test]
fn functional_groups_of_one_frame() {
    let numbers = |pairs: &[(Tag, &str)]| {
        let item =
            pairs.iter().map(|(tag, text)| (*tag, Value::Text("DS", text.as_bytes().to_vec()))).collect();
        Value::Items(vec![item])
    };
    let other = || BTreeMap::from([(CENTRE, Value::Text("DS", b"1".to_vec()))]);
    let mut plain = film();
    for tag in [CENTRE, WIDTH, (0x0028, 0x1052), (0x0028, 0x1053), SPACING] {
        plain.without(tag);
    }
    let group = BTreeMap::from([
        ((0x0028, 0x9110), numbers(&[(SPACING, "0.4\\0.2")])),
        ((0x0028, 0x9132), numbers(&[(CENTRE, "1500"), (WIDTH, "2500")])),
        ((0x0028, 0x9145), numbers(&[((0x0028, 0x1052), "-12"), ((0x0028, 0x1053), "1.25")])),
    ]);
    for (syntax, groups) in [
        (EXPLICIT, (0x5200, 0x9229)),
        (IMPLICIT, (0x5200, 0x9229)),
        (BIG, (0x5200, 0x9230)),
        (EXPLICIT, (0x5200, 0x9230)),
    ] {
        let mut enhanced = plain.clone();
        enhanced.syntax(syntax).elements.insert(groups, Value::Items(vec![group.clone(), other()]));
        same(&enhanced, &film());
    }
}

#[test]
fn sequences_of_unknown_representation_are_read() {
    let mut table = Dicom::grey(4, 1, 12, &[0, 10, 11, 4095]);
    table.lut((0x0028, 0x3010), [3, 10, 12], &[0, 2048, 4095]);
    let implicit = table.clone().syntax(IMPLICIT).data_set();
    let body = |bytes: &[u8], tag: [u8; 4]| {
        let at = bytes.windows(4).position(|four| four == tag).unwrap();
        let end = bytes.windows(8).position(|eight| eight == [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]).unwrap();
        (at, end)
    };
    let (at, end) = body(&implicit, [0x28, 0, 0x10, 0x30]);
    let inner = implicit[at + 8..end].to_vec();
    let mut unknown = table.clone();
    unknown.elements.insert((0x0028, 0x3010), Value::Text("UN", inner));
    same(&unknown, &table);
    // Some writers leave the items explicit.
    let explicit = table.data_set();
    let (at, end) = body(&explicit, [0x28, 0, 0x10, 0x30]);
    unknown.elements.insert((0x0028, 0x3010), Value::Text("UN", explicit[at + 12..end].to_vec()));
    same(&unknown, &table);
    unknown.elements.insert((0x0028, 0x3010), Value::Text("LO", b"no items".to_vec()));
    refused(&unknown, "damaged");
}

#[test]
fn a_transfer_syntax_that_lies_is_not_believed() {
    let expected = picture(&film()).image;
    for said in [IMPLICIT, EXPLICIT, BIG] {
        for written in [IMPLICIT, EXPLICIT, BIG] {
            let meta = film().syntax(said).meta();
            let bytes = [&[0; 128], b"DICM".as_slice(), &meta, &film().syntax(written).data_set()].concat();
            assert!(decode(&bytes).unwrap().image == expected, "{said} for {written}");
        }
    }
    // Pixels as they are under a syntax of compressed ones, and a stream that is not in fragments.
    for said in [JPEG, JPEG_LS, JPEG_2000, RLE] {
        let mut dicom = film();
        same(dicom.syntax(said), &film());
        let Some(Value::Words(_, words)) = dicom.elements.get_mut(&PIXELS) else { panic!("no pixels") };
        words.truncate(40);
        refused(&dicom, "length");
    }
    let values = ramp(48, 80);
    let jpeg = jpeg_lossless(8, 6, 12, &values);
    let mut bare = Dicom::grey(8, 6, 12, &values);
    bare.elements.insert(PIXELS, Value::Text("OB", jpeg.clone()));
    same(bare.syntax(JPEG_LOSSLESS), &Dicom::grey(8, 6, 12, &values));
    let j2k = Jpeg2000::new(8, 6, 12).bytes();
    let plain = Dicom::grey(8, 6, 12, &values);
    for syntax in [JPEG, JPEG_LOSSLESS, JPEG_LS, JPEG_2000, RLE, EXPLICIT] {
        same(plain.clone().coded(syntax, &[&jpeg]), &plain);
        same(plain.clone().coded(syntax, &[&j2k]), &Dicom::grey(8, 6, 12, &[2048; 48]));
    }
}

#[test]
fn a_stream_of_another_sign_holds_the_same_bits() {
    let stream = |signed| Jpeg2000 { signed, ..Jpeg2000::new(4, 2, 12) }.bytes();
    let stored = |sign: u16, signed: bool| {
        let mut dicom = Dicom::grey(4, 2, 12, &[]);
        dicom.word(SIGN, sign).coded(JPEG_2000, &[&stream(signed)]);
        decode_stored(&dicom.bytes()).unwrap().numbers().collect::<Vec<_>>()
    };
    assert_eq!(stored(0, false), [2048; 8]);
    assert_eq!(stored(1, false), [-2048; 8]);
    assert_eq!(stored(1, true), [0; 8]);
    assert_eq!(stored(0, true), [0; 8]);
}

/// The same picture of 8 bits in grey and as `photometric`, three samples a pixel by `pixel`.
fn as_colour(photometric: &str, planar: bool, pixel: impl Fn(u16) -> [u16; 3]) -> (Dicom, Dicom) {
    let values: Vec<u16> = ramp(48, 5);
    let pixels: Vec<[u16; 3]> = values.iter().map(|&value| pixel(value)).collect();
    let samples: Vec<u16> = if planar {
        (0..3).flat_map(|colour| pixels.iter().map(move |pixel| pixel[colour])).collect()
    } else {
        pixels.concat()
    };
    let mut dicom = Dicom::grey(48, 3, 8, &samples);
    dicom.word((0x0028, 0x0010), 6).word((0x0028, 0x0011), 8);
    dicom.word(SAMPLES, 3).word(PLANAR, planar.into()).text(PHOTOMETRIC, "CS", photometric);
    (Dicom::grey(8, 6, 8, &values), dicom)
}

#[test]
fn grey_that_is_stored_as_colour() {
    for planar in [false, true] {
        let (grey, rgb) = as_colour("RGB", planar, |value| [value; 3]);
        same(&rgb, &grey);
        same(rgb.clone().syntax(BIG), &grey);
        let (grey, ybr) = as_colour("YBR_FULL", planar, |value| [value, 128, 128]);
        same(&ybr, &grey);
        let (_, red) = as_colour("RGB", planar, |value| [255, value, value]);
        assert!(refused(&red, "colour").contains("RGB"));
        let (_, green) = as_colour("YBR_FULL", planar, |value| [value, 100, 100]);
        assert!(refused(&green, "colour").contains("YBR_FULL"));
    }
    let (grey, rgb) = as_colour("RGB", false, |value| [value; 3]);
    let segments = |values: &[u16]| rle_segments(&[values, values, values]);
    same(rgb.clone().coded(RLE, &[&segments(&ramp(48, 5))]), &grey);
    // Two pixels share their colour.
    let shared: Vec<u16> = ramp(48, 5).chunks(2).flat_map(|pair| [pair[0], pair[1], 128, 127]).collect();
    let mut ybr = Dicom::grey(8, 12, 8, &shared);
    ybr.word((0x0028, 0x0010), 6).word(SAMPLES, 3).text(PHOTOMETRIC, "CS", "YBR_FULL_422");
    same(&ybr, &grey);
    ybr.word((0x0028, 0x0011), 7);
    refused(&ybr, "field");
}

#[test]
fn grey_that_is_stored_as_a_palette() {
    let values = ramp(48, 5);
    let palette = |bits: u16, entries: [Vec<u16>; 3]| {
        let mut dicom = Dicom::grey(8, 6, 8, &values.iter().map(|value| 255 - value).collect::<Vec<_>>());
        dicom.text(PHOTOMETRIC, "CS", "PALETTE COLOR");
        for (at, entries) in entries.into_iter().enumerate() {
            dicom.elements.insert((0x0028, 0x1101 + at as u16), Value::Words("US", vec![256, 0, bits]));
            dicom.elements.insert((0x0028, 0x1201 + at as u16), Value::Words("OW", entries));
        }
        dicom
    };
    let falling: Vec<u16> = (0..256).map(|at| 255 - at).collect();
    let wide: Vec<u16> = falling.iter().map(|value| value * 257).collect();
    let pairs: Vec<u16> = falling.chunks(2).map(|pair| pair[0] | pair[1] << 8).collect();
    let grey = Dicom::grey(8, 6, 8, &values);
    same(&palette(16, [wide.clone(), wide.clone(), wide.clone()]), &grey);
    same(&palette(8, [pairs.clone(), pairs.clone(), pairs.clone()]), &grey);
    // Numbers of 8 bits under a descriptor of 16.
    same(&palette(16, [falling.clone(), falling.clone(), falling.clone()]), &grey);
    // A colour that no pixel has is no colour.
    let mut unused = wide.clone();
    unused[1] = 0;
    same(&palette(16, [wide.clone(), unused.clone(), wide.clone()]), &grey);
    unused[250] = 65_535;
    assert!(refused(&palette(16, [wide.clone(), unused, wide]), "colour").contains("PALETTE COLOR"));
}

#[test]
fn jpeg_of_12_bits() {
    let blocks: Vec<u16> = vec![0, 1000, 2000, 4095];
    let mut dicom = Dicom::grey(32, 8, 12, &[]);
    let expected: Vec<i32> = blocks.iter().flat_map(|&block| [i32::from(block); 8]).collect();
    for restart in [0, 1, 3] {
        let stream = jpeg_dct(0xc1, 12, (32, 8), &blocks, &[], restart);
        dicom.coded(JPEG_EXTENDED, &[&stream]);
        assert_eq!(decode_stored(&dicom.bytes()).unwrap().numbers().collect::<Vec<_>>(), expected.repeat(8));
        // A film by itself, with the scan header of old encoders, or without its end.
        let mut old = stream.clone();
        let scan = old.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        old[scan + 8] = 0;
        for stream in [&stream, &old, &stream[..stream.len() - 2].to_vec()] {
            let pixels = decode(stream).unwrap().image.into_pixels();
            assert_eq!(
                pixels[..32],
                expected.iter().map(|&v| ((v as u32 * 65_535 + 2047) / 4095) as u16).collect::<Vec<_>>()[..]
            );
        }
        for cut in scan..stream.len() - 3 {
            assert!(decode(&stream[..cut]).is_err(), "cut at {cut}");
        }
    }
    // A little above the bits stored is at the end of the range; far above, header and stream contradict each other.
    let near = jpeg_dct(0xc1, 12, (32, 8), &[0, 500, 1023, 1100], &[], 0);
    let mut ten = Dicom::grey(32, 8, 10, &[]);
    ten.coded(JPEG_EXTENDED, &[&near]);
    assert_eq!(decode_stored(&ten.bytes()).unwrap().numbers().max(), Some(1023));
    refused(
        ten.coded(JPEG_EXTENDED, &[&jpeg_dct(0xc1, 12, (32, 8), &[0, 500, 1023, 2000], &[], 0)]),
        "field",
    );
    let progressive = jpeg_dct(0xc2, 12, (32, 8), &blocks, &[], 0);
    refused(dicom.coded(JPEG_EXTENDED, &[&progressive]), "coding");
}

#[test]
fn lossless_jpeg_with_point_transforms_and_restarts() {
    for bits in [8, 12, 16] {
        let values = mixed(13, 9, bits);
        for predictor in 1..=7 {
            for (transform, restart) in [(0, 0), (0, 1), (0, 4), (3, 0), (2, 2)] {
                let stream = jpeg_lossless_of(predictor, (13, 9), bits as u8, &values, transform, restart);
                let mut dicom = Dicom::grey(13, 9, bits, &[]);
                dicom.coded(JPEG_LOSSLESS, &[&stream]);
                let stored = decode_stored(&dicom.bytes()).unwrap();
                let expected = values.iter().map(|&value| i32::from(value >> transform << transform));
                assert!(stored.numbers().eq(expected), "{bits} bits, {predictor}, {transform}, {restart}");
                // Without its end, and without its last bits.
                let endless = &stream[..stream.len() - 2];
                assert!(decode_stored(&dicom.coded(JPEG_LOSSLESS, &[endless]).bytes()).unwrap() == stored);
                let cut = [&endless[..endless.len() - 3], &[0xff, 0xd9]].concat();
                refused(dicom.coded(JPEG_LOSSLESS, &[&cut]), "damaged");
            }
        }
    }
    let mut inside = jpeg_lossless_of(1, (13, 9), 12, &mixed(13, 9, 12), 0, 1);
    let interval = inside.windows(2).position(|pair| pair == [0xff, 0xdd]).unwrap();
    inside[interval + 5] = 7;
    refused(Dicom::grey(13, 9, 12, &[]).coded(JPEG_LOSSLESS, &[&inside]), "damaged");
}

#[test]
fn filling_before_a_jpeg_and_a_missing_end() {
    let blocks = [10, 200, 30, 90];
    let stream = jpeg_blocks(16, 16, &blocks, &[]);
    let expected = decode(&stream).unwrap().image;
    let filled = [&[0xff, 0xff, 0xff], stream.as_slice()].concat();
    let endless = &stream[..stream.len() - 2];
    let mut dicom = Dicom::grey(16, 16, 8, &[]);
    for stream in [filled.as_slice(), endless, &[endless, &[0]].concat()] {
        assert!(decode(stream).unwrap().image == expected);
        assert!(picture(dicom.coded(JPEG, &[stream])).image == expected);
    }
    // Data that is missing is missed, with an end behind it or without.
    for cut in 1..12 {
        let rest = &endless[..endless.len() - cut];
        assert_eq!(decode(rest).unwrap_err().reason(), "damaged");
        assert_eq!(decode(&[rest, &[0xff, 0xd9]].concat()).unwrap_err().reason(), "damaged");
    }
}

/// Pictures with flat parts, edges and noise.
fn mixed(columns: u16, rows: u16, bits: u16) -> Vec<u16> {
    let most = (1_u32 << bits) - 1;
    let mut noise = 1_u32;
    let mut values = Vec::new();
    for y in 0..u32::from(rows) {
        for x in 0..u32::from(columns) {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = match (x / 7 + y / 3) % 3 {
                0 => most / 3,
                1 => x * most / 40 + y,
                _ => noise >> 8,
            };
            values.push((value & most) as u16);
        }
    }
    values
}

#[test]
fn jpeg_ls_of_every_depth_with_presets_and_restarts() {
    for bits in [8, 10, 12, 16] {
        let values = mixed(37, 11, bits);
        for near in [0, 1, 5] {
            for restart in [0, 1, 4] {
                for preset in [[0; 5], [0, 0, 0, 0, 9], [0, 9, 20, 60, 31], [0, 7, 7, 7, 255]] {
                    let coding = JpegLs { columns: 37, rows: 11, bits: bits as u8, near, restart, preset };
                    let mut dicom = Dicom::grey(37, 11, bits, &[]);
                    dicom.coded(JPEG_LS, &[&coding.encode(&values)]);
                    let stored = decode_stored(&dicom.bytes()).unwrap();
                    let differences =
                        stored.numbers().zip(&values).map(|(found, &value)| (found - i32::from(value)).abs());
                    let most = differences.max().unwrap();
                    assert!(
                        most <= near.into(),
                        "{bits} bits, near {near}, restart {restart}, {preset:?}: {most}"
                    );
                }
            }
        }
    }
}

#[test]
fn jpeg_ls_in_dicom_and_by_itself() {
    let black = jpeg_ls_black(100, 7, 16);
    let mut dicom = Dicom::grey(100, 7, 16, &[]);
    dicom.coded(JPEG_LS, &[&black]);
    assert_eq!(decode_stored(&dicom.bytes()).unwrap().numbers().collect::<Vec<_>>(), vec![0; 700]);
    assert_eq!(decode(&black).unwrap().image.pixels(), vec![0; 700]);
    assert!(refused(dicom.word((0x0028, 0x0010), 8), "disagrees").contains("number of rows"));
}

#[test]
fn an_identifier_is_whole_or_none() {
    let id = |charset: &str, bytes: &[u8]| {
        let mut dicom = Dicom::grey(1, 1, 8, &[0]);
        dicom.text((0x0008, 0x0005), "CS", charset);
        dicom.elements.insert((0x0010, 0x0020), Value::Text("LO", bytes.to_vec()));
        let facts = picture(&dicom).facts;
        assert_eq!(facts.modality.as_deref(), Some("DX"));
        facts.patient_id
    };
    assert_eq!(id("ISO_IR 192", b"G\xe4r-001"), None);
    assert_eq!(id("ISO_IR 192", "Gär-001".as_bytes()).as_deref(), Some("Gär-001"));
    assert_eq!(id("ISO_IR 100", b"G\xe4r-001").as_deref(), Some("Gär-001"));
    assert_eq!(id("ISO_IR 6", b"PAT\\001").as_deref(), Some("PAT\\001"));
    assert_eq!(id("\\ISO 2022 IR 87", b"\x1b$B;3ED\x1b(B-1").as_deref(), Some("山田-1"));
    assert_eq!(id("\\ISO 2022 IR 87", b"\x1b%x-1"), None);
    for empty in [b"".as_slice(), b"  ", b"\0\0", b"\x01\x02"] {
        assert_eq!(id("", empty), None);
    }
}
