//! DICOM: every way to write one picture, what the header changes, what is refused.

use crate::support::*;
use precedent_imaging::{Decoded, Format, decode, decode_stored, dicom_facts};
use precedent_model::{Laterality, PartialDate};

const WINDOW_CENTRE: Tag = (0x0028, 0x1050);
const WINDOW_WIDTH: Tag = (0x0028, 0x1051);

fn pattern(count: u16, most: u16) -> Vec<u16> {
    (0..count).map(|at| (at * 997) % (most + 1)).collect()
}

#[track_caller]
fn picture(dicom: &Dicom) -> Decoded {
    decode(&dicom.bytes()).unwrap()
}

#[track_caller]
fn pixels(dicom: &Dicom) -> Vec<u16> {
    picture(dicom).image.into_pixels()
}

#[track_caller]
fn refused(dicom: &Dicom, reason: &str) -> String {
    let error = decode(&dicom.bytes()).unwrap_err();
    assert_eq!(error.reason(), reason, "{error}");
    error.to_string()
}

#[test]
fn one_picture_in_every_lossless_coding() {
    for bits in [8, 12] {
        let values = pattern(7 * 5, (1 << bits) - 1);
        let plain = Dicom::grey(7, 5, bits, &values);
        let stored = decode_stored(&plain.bytes()).unwrap();
        assert_eq!(
            stored.numbers().collect::<Vec<_>>(),
            values.iter().map(|&v| i32::from(v)).collect::<Vec<_>>()
        );
        let image = picture(&plain).image;
        let mut ways: Vec<(&str, Vec<u8>)> =
            [IMPLICIT, DEFLATED, BIG].map(|syntax| (syntax, plain.clone().syntax(syntax).bytes())).to_vec();
        let packed = rle(&values, if bits == 8 { 1 } else { 2 });
        ways.push(("rle", plain.clone().coded(RLE, &[&packed]).bytes()));
        let jpeg = jpeg_lossless(7, 5, bits as u8, &values);
        ways.push(("jpeg", plain.clone().coded(JPEG_LOSSLESS, &[&jpeg]).bytes()));
        let (head, tail) = jpeg.split_at(41);
        ways.push(("two fragments", plain.clone().coded(JPEG_LOSSLESS, &[head, tail]).bytes()));
        ways.push(("no preamble", plain.bytes().split_off(128)));
        ways.push(("no mark", plain.bytes().split_off(132)));
        ways.push(("no meta", plain.data_set()));
        ways.push(("no meta, implicit", plain.clone().syntax(IMPLICIT).data_set()));
        ways.push(("no meta, big endian", plain.clone().syntax(BIG).data_set()));
        for (way, bytes) in ways {
            assert_eq!(decode_stored(&bytes).unwrap(), stored, "{bits} bits, {way}");
            let decoded = decode(&bytes).unwrap();
            assert_eq!((decoded.format, decoded.original), (Format::Dicom, (5, 7)), "{way}");
            assert_eq!(decoded.image, image, "{bits} bits, {way}");
            assert_eq!(dicom_facts(&bytes).unwrap(), decoded.facts, "{bits} bits, {way}");
        }
    }
}

#[test]
fn lossy_jpeg_and_jpeg_2000() {
    let mut dicom = Dicom::grey(16, 8, 8, &[]);
    dicom.coded(JPEG, &[&jpeg_blocks(16, 8, &[10, 200], &[])]);
    let stored = decode_stored(&dicom.bytes()).unwrap();
    let row: Vec<i32> = [[10; 8], [200; 8]].concat();
    assert_eq!(stored.numbers().collect::<Vec<_>>(), row.repeat(8));

    let mut dicom = Dicom::grey(5, 3, 12, &[]);
    dicom.coded(JPEG_2000, &[&Jpeg2000::new(5, 3, 12).bytes()]);
    assert_eq!(decode_stored(&dicom.bytes()).unwrap().numbers().collect::<Vec<_>>(), [2048; 15]);
    // The same between the boxes of a JP2 file.
    let jp2 = [b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\0jp2c".as_slice(), &Jpeg2000::new(5, 3, 12).bytes()].concat();
    dicom.coded(JPEG_2000, &[&jp2]);
    assert_eq!(decode_stored(&dicom.bytes()).unwrap().numbers().collect::<Vec<_>>(), [2048; 15]);
    let signed = Jpeg2000 { signed: true, ..Jpeg2000::new(5, 3, 12) };
    dicom.word((0x0028, 0x0103), 1).coded(JPEG_2000, &[&signed.bytes()]);
    assert_eq!(decode_stored(&dicom.bytes()).unwrap().numbers().collect::<Vec<_>>(), [0; 15]);
}

#[test]
fn negative_numbers_with_and_without_their_upper_bits() {
    let mut dicom = Dicom::grey(4, 1, 12, &[0x0fff, 0xffff, 0x0800, 0x07ff]);
    dicom.word((0x0028, 0x0103), 1);
    let stored = decode_stored(&dicom.bytes()).unwrap();
    assert_eq!(stored.numbers().collect::<Vec<_>>(), [-1, -1, -2048, 2047]);
    assert_eq!(stored.to_le_bytes(), [0xff, 0xff, 0xff, 0xff, 0x00, 0xf8, 0xff, 0x07]);
}

#[test]
fn the_whole_chain() {
    // Stored 0 to 4095 less 1024, window from -1024 to 1024, least is white.
    let mut dicom = Dicom::grey(4, 1, 12, &[0, 1024, 1536, 4000]);
    dicom
        .text((0x0028, 0x0004), "CS", "MONOCHROME1")
        .text((0x0028, 0x1052), "DS", "-1024")
        .text((0x0028, 0x1053), "DS", "1")
        .text(WINDOW_CENTRE, "DS", "0\\500")
        .text(WINDOW_WIDTH, "DS", "2048\\10")
        .text((0x0028, 0x1056), "CS", "LINEAR_EXACT")
        .text((0x2050, 0x0020), "CS", "INVERSE");
    assert_eq!(pixels(&dicom), [65_535, 32_768, 16_384, 0]);
    dicom.word((0x0028, 0x0120), 4000);
    dicom.text((0x0028, 0x1056), "CS", "LINEAR");
    // (0 - (0 - 0.5)) / 2047 + 0.5, from white, is 0.49976 * 65535. The padding is dark.
    assert_eq!(pixels(&dicom), [65_535, 32_751, 16_360, 0]);
    dicom.word((0x0028, 0x0121), 3000).word((0x0028, 0x0120), 1024);
    assert_eq!(pixels(&dicom), [65_535, 0, 0, 0]);
}

#[test]
fn a_window_that_the_standard_forbids_is_passed_over() {
    let mut dicom = Dicom::grey(3, 1, 12, &[100, 150, 200]);
    let stretched = [0, 32_768, 65_535];
    assert_eq!(pixels(&dicom), stretched);
    dicom.text(WINDOW_CENTRE, "DS", "150").text(WINDOW_WIDTH, "DS", "0");
    assert_eq!(pixels(&dicom), stretched);
    dicom.text(WINDOW_WIDTH, "DS", "");
    assert_eq!(pixels(&dicom), stretched);
}

#[test]
fn lookup_tables() {
    for syntax in [EXPLICIT, IMPLICIT, BIG] {
        let mut dicom = Dicom::grey(4, 1, 12, &[0, 10, 11, 4095]);
        dicom.syntax(syntax).lut((0x0028, 0x3010), [3, 10, 12], &[0, 2048, 4095]);
        assert_eq!(pixels(&dicom), [0, 0, 32_776, 65_535], "{syntax}");
        // Entries of 8 bits, two to a word.
        dicom.lut((0x0028, 0x3010), [4, 9, 8], &[0x3300, 0xff66]);
        assert_eq!(pixels(&dicom), [0, 0x3333, 0x6666, 0xffff], "{syntax}");
        dicom.lut((0x0028, 0x3000), [2, 10, 16], &[12, 9]);
        assert_eq!(pixels(&dicom), [0xffff, 0xffff, 0, 0], "{syntax}");
        // A window goes before a table.
        dicom.without((0x0028, 0x3000)).text(WINDOW_CENTRE, "DS", "11").text(WINDOW_WIDTH, "DS", "1");
        assert_eq!(pixels(&dicom), [0, 0, 0xffff, 0xffff], "{syntax}");
    }
}

#[test]
fn tables_that_do_not_hold_what_they_say() {
    let mut dicom = Dicom::grey(1, 1, 12, &[0]);
    for (descriptor, data) in
        [([3, 0, 12], vec![0, 1]), ([0, 0, 12], vec![0; 65_535]), ([1, 0, 17], vec![0]), ([1, 0, 0], vec![0])]
    {
        dicom.lut((0x0028, 0x3010), descriptor, &data);
        assert!(refused(&dicom, "field").starts_with("VOILUTSequence"));
    }
    dicom.lut((0x0028, 0x3010), [0, 0, 16], &vec![7; 65_536]);
    assert_eq!(pixels(&dicom), [7]);
}

#[test]
fn pixels_become_square() {
    let mut dicom = Dicom::grey(4, 2, 8, &[10, 20, 30, 40, 0, 0, 100, 101]);
    dicom.text((0x0028, 0x0030), "DS", "0.2\\0.1").text((0x0018, 0x1164), "DS", "0.1\\0.1");
    let decoded = picture(&dicom);
    assert_eq!((decoded.image.width(), decoded.image.height(), decoded.original), (2, 2, (2, 4)));
    assert_eq!(decoded.image.pixels(), [15 * 257, 35 * 257, 0, 201 * 257 / 2 + 1]);
    // Zero stands for an unknown spacing, so the next pair counts.
    dicom.text((0x0028, 0x0030), "DS", "0\\0");
    assert_eq!(picture(&dicom).image.width(), 4);
    dicom.without((0x0018, 0x1164)).text((0x0028, 0x0034), "IS", "1\\2");
    assert_eq!((picture(&dicom).image.width(), picture(&dicom).image.height()), (4, 1));
    dicom.text((0x0028, 0x0034), "IS", "1\\9");
    refused(&dicom, "field");
    assert!(decode_stored(&dicom.bytes()).is_ok());
}

#[test]
fn facts_of_the_header() {
    for syntax in [EXPLICIT, IMPLICIT] {
        let mut dicom = Dicom::grey(1, 1, 8, &[0]);
        dicom.syntax(syntax);
        dicom.elements.insert((0x0008, 0x0070), Value::Text("LO", b"M\xfcller ".to_vec()));
        for (tag, vr, text) in [
            ((0x0008, 0x0005), "CS", "ISO_IR 100"),
            ((0x0008, 0x0018), "UI", "1.2.3"),
            ((0x0008, 0x0020), "DA", "20190503"),
            ((0x0008, 0x0050), "SH", "A-17"),
            ((0x0010, 0x0020), "LO", " 4711 "),
            ((0x0010, 0x0021), "LO", "Ward"),
            ((0x0010, 0x0040), "CS", "F"),
            ((0x0010, 0x1010), "AS", "063Y"),
            ((0x0018, 0x0015), "CS", "CHEST"),
            ((0x0018, 0x5101), "CS", "pa"),
            ((0x0020, 0x000d), "UI", "1.2"),
            ((0x0020, 0x000e), "UI", "1.2.9"),
            ((0x0020, 0x0060), "CS", "L"),
        ] {
            dicom.text(tag, vr, text);
        }
        let facts = picture(&dicom).facts;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        assert_eq!(text(&facts.modality), "DX");
        assert_eq!(text(&facts.manufacturer), "Müller");
        assert_eq!(text(&facts.body_part), "CHEST");
        assert_eq!(text(&facts.view_position), "PA");
        assert_eq!(text(&facts.sex), "F");
        assert_eq!(
            (text(&facts.study_uid), text(&facts.series_uid), text(&facts.sop_uid)),
            ("1.2".into(), "1.2.9".into(), "1.2.3".into())
        );
        assert_eq!(
            (text(&facts.accession), text(&facts.patient_id), text(&facts.patient_id_issuer)),
            ("A-17".into(), "4711".into(), "Ward".into())
        );
        assert_eq!(
            (facts.age_years, facts.laterality, facts.bits),
            (Some(63.0), Some(Laterality::Left), Some(8))
        );
        assert_eq!(facts.study_date, PartialDate::parse("", "2019-05-03").ok());
        assert_eq!(
            (text(&facts.photometric), text(&facts.transfer_syntax)),
            ("MONOCHROME2".into(), syntax.into())
        );
        assert!(!format!("{:?}", picture(&dicom)).contains("4711"));
    }
}

#[test]
fn values_that_break_their_form_are_no_facts() {
    let mut dicom = Dicom::grey(1, 1, 8, &[0]);
    for (tag, vr, text) in [
        ((0x0008, 0x0020), "DA", "20191399"),
        ((0x0010, 0x0020), "LO", "47\n11"),
        ((0x0010, 0x0040), "CS", "X"),
        ((0x0010, 0x1010), "AS", "old"),
        ((0x0018, 0x0015), "CS", " "),
        ((0x0020, 0x0060), "CS", "?"),
    ] {
        dicom.text(tag, vr, text);
    }
    let facts = picture(&dicom).facts;
    assert_eq!((facts.study_date, facts.patient_id, facts.sex), (None, None, None));
    assert_eq!((facts.age_years, facts.body_part, facts.laterality), (None, None, None));
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    let plain = Dicom::grey(4, 2, 12, &pattern(8, 4095));
    let change = |tag, value: u16| plain.clone().word(tag, value).clone();
    let say = |tag, vr, text: &str| plain.clone().text(tag, vr, text).clone();
    for photometric in ["YBR_PARTIAL_420", "XYB"] {
        let message = refused(&say((0x0028, 0x0004), "CS", photometric), "colour");
        assert!(message.contains(photometric), "{message}");
    }
    for photometric in ["RGB", "YBR_FULL_422", "YBR_RCT"] {
        assert!(
            refused(&say((0x0028, 0x0004), "CS", photometric), "field").starts_with("SamplesPerPixel is 1")
        );
    }
    assert!(
        refused(&say((0x0028, 0x0004), "CS", "PALETTE COLOR"), "field").contains("without its descriptor")
    );
    refused(&say((0x0028, 0x0004), "CS", "HSV"), "field");
    refused(&change((0x0028, 0x0002), 3), "field");
    assert!(refused(&say((0x0028, 0x0008), "IS", "2"), "frames").contains("2 frames"));
    refused(&say((0x0028, 0x0008), "IS", "0"), "field");
    refused(&say((0x0028, 0x0008), "IS", "many"), "field");
    refused(&change((0x0028, 0x0100), 12), "field");
    refused(&change((0x0028, 0x0100), 64), "field");
    refused(&change((0x0028, 0x0101), 17), "field");
    refused(&change((0x0028, 0x0101), 0), "field");
    // Samples in the low bits, whatever the header says; bits that a cell has not.
    refused(&change((0x0028, 0x0102), 15), "field");
    refused(&change((0x0028, 0x0102), 10), "field");
    refused(&change((0x0028, 0x0102), 16), "field");
    refused(&change((0x0028, 0x0103), 2), "field");
    refused(&say((0x2050, 0x0020), "CS", "INVERSE"), "field");
    refused(&say((0x0028, 0x1053), "DS", "0"), "field");
    refused(&say((0x0028, 0x1053), "DS", "x"), "field");
    refused(&say((0x0028, 0x1056), "CS", "CUBIC"), "field");
    for required in [0x0004, 0x0010, 0x0011, 0x0100, 0x0101] {
        refused(plain.clone().without((0x0028, required)), "missing_field");
    }
    let mut no_picture = plain.clone();
    no_picture.without((0x7fe0, 0x0010));
    assert_eq!(dicom_facts(&no_picture.bytes()).unwrap_err().reason(), "no_pixels");
    assert_eq!(dicom_facts(b"\x89PNG\r\n\x1a\n").unwrap_err().reason(), "unknown_format");
    refused(&no_picture, "no_pixels");
    assert_eq!(refused(&change((0x0028, 0x0010), 3), "length"), "pixel data has 16 bytes; 24 expected");
    refused(&change((0x0028, 0x0010), 1), "length");
    refused(&change((0x0028, 0x0010), 0), "field");
}

#[test]
fn codings_that_are_not_read_are_named() {
    let mut dicom = Dicom::grey(2, 2, 8, &[0; 4]);
    for (syntax, name) in [
        ("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000"),
        ("1.2.840.10008.1.2.4.102", "transfer syntax (1.2.840.10008.1.2.4.102)"),
        ("1.2.840.113619.5.2", "transfer syntax (1.2.840.113619.5.2)"),
    ] {
        let message = refused(dicom.coded(syntax, &[&[0; 8]]), "coding");
        assert!(message.starts_with(name), "{message}");
    }
}

#[test]
fn a_stream_must_agree_with_the_header() {
    let values = pattern(6, 4095);
    let stream = jpeg_lossless(3, 2, 12, &values);
    let coded =
        |columns, rows, bits| Dicom::grey(columns, rows, bits, &[]).coded(JPEG_LOSSLESS, &[&stream]).clone();
    assert!(decode(&coded(3, 2, 12).bytes()).is_ok());
    refused(&coded(2, 3, 12), "disagrees");
    refused(&coded(3, 2, 16), "disagrees");
    refused(&coded(3, 2, 8), "limit");
    refused(&coded(3, 2, 10), "field");
    let other = Jpeg2000::new(3, 3, 12).bytes();
    refused(Dicom::grey(3, 2, 12, &[]).coded(JPEG_2000, &[&other]), "disagrees");
    // The offset table lists two frames.
    let mut two = coded(3, 2, 12);
    two.elements.insert((0x7fe0, 0x0010), Value::Fragments(vec![vec![0; 8], stream.clone(), stream]));
    refused(&two, "frames");
}
