//! Whatever the bytes: no panic, and a picture only of the size that its file says.

use crate::jpegls::JpegLs;
use crate::support::*;
use precedent_imaging::{decode, decode_stored};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeMap;

/// A file of every kind.
fn files() -> Vec<Vec<u8>> {
    let values: Vec<u16> = (0..48).map(|at| at * 85).collect();
    let mut plain = Dicom::grey(8, 6, 12, &values);
    plain
        .text((0x0008, 0x0005), "CS", "ISO_IR 192")
        .text((0x0010, 0x0020), "LO", "4711")
        .text((0x0028, 0x0030), "DS", "0.2\\0.1")
        .text((0x0028, 0x1050), "DS", "2048")
        .text((0x0028, 0x1051), "DS", "4096")
        .lut((0x0028, 0x3000), [4, 0, 12], &[0, 1, 2, 4095])
        .lut((0x0028, 0x3010), [4, 0, 12], &[0, 1, 2, 4095]);
    let with = |syntax, stream: &[u8]| plain.clone().coded(syntax, &[stream]).bytes();
    vec![
        plain.bytes(),
        plain.data_set(),
        plain.clone().syntax(IMPLICIT).bytes(),
        plain.clone().syntax(BIG).bytes(),
        plain.clone().syntax(DEFLATED).bytes(),
        with(RLE, &rle(&values, 2)),
        with(JPEG_LOSSLESS, &jpeg_lossless(8, 6, 12, &values)),
        with(JPEG_2000, &Jpeg2000::new(8, 6, 12).bytes()),
        Dicom::grey(8, 8, 8, &[]).coded(JPEG, &[&jpeg_blocks(8, 8, &[99], &[])]).bytes(),
        jpeg_blocks(16, 8, &[99, 7], &[]),
        png(4, 4, png::ColorType::Rgb, png::BitDepth::Eight, &[50; 48]),
        with(JPEG_LS, &jpeg_ls(0).encode(&values)),
        with(JPEG_LS, &jpeg_ls(2).encode(&values)),
        with(JPEG_EXTENDED, &jpeg_blocks_12(8, 6, &[1000])),
        jpeg_dct(0xc1, 12, (16, 16), &[0, 1000, 2000, 4095], &[], 2),
        jpeg_colour(16, 8, &[[99, 128, 128], [7, 128, 128]]),
        Dicom::grey(16, 8, 8, &[])
            .text((0x0028, 0x0004), "CS", "RGB")
            .coded(JPEG, &[&jpeg_colour(16, 8, &[[99, 128, 128], [7, 128, 128]])])
            .bytes(),
        palette().bytes(),
        enhanced(&plain).bytes(),
    ]
}

fn jpeg_ls(near: u16) -> JpegLs {
    JpegLs { columns: 8, rows: 6, bits: 12, near, restart: 2, preset: [0, 9, 20, 60, 31] }
}

fn palette() -> Dicom {
    let mut dicom = Dicom::grey(4, 4, 8, &[1; 16]);
    dicom.text((0x0028, 0x0004), "CS", "PALETTE COLOR");
    for at in 0..3 {
        dicom.elements.insert((0x0028, 0x1101 + at), Value::Words("US", vec![2, 0, 16]));
        dicom.elements.insert((0x0028, 0x1201 + at), Value::Words("OW", vec![0, 60_000]));
    }
    dicom
}

/// The same with a window and a length in functional groups of unknown representation.
fn enhanced(plain: &Dicom) -> Dicom {
    let item = |tag, text: &str| {
        Value::Items(vec![BTreeMap::from([(tag, Value::Text("DS", text.as_bytes().to_vec()))])])
    };
    let mut dicom = plain.clone();
    let group = BTreeMap::from([
        ((0x0028, 0x9110), item((0x0028, 0x0030), "0.2\\0.1")),
        ((0x0028, 0x9132), item((0x0028, 0x1050), "77")),
    ]);
    dicom.elements.insert((0x5200, 0x9229), Value::Items(vec![group]));
    dicom
}

/// Reads a file in both ways.
fn read(bytes: &[u8]) -> Result<(), TestCaseError> {
    let stored = decode_stored(bytes);
    match decode(bytes) {
        Ok(decoded) => {
            let stored = stored.expect("a picture has stored pixels");
            let sides = [stored.rows(), stored.columns()];
            prop_assert!(sides.contains(&decoded.original.0) && sides.contains(&decoded.original.1));
            prop_assert!(decoded.image.height() <= decoded.original.0);
            prop_assert!(decoded.image.width() <= decoded.original.1);
        }
        Err(error) => prop_assert!(!error.reason().is_empty() && !error.to_string().is_empty()),
    }
    Ok(())
}

#[test]
fn the_files_are_read_before_they_are_spoilt() {
    for (at, file) in files().iter().enumerate() {
        assert!(decode(file).is_ok(), "file {at}: {:?}", decode(file));
    }
}

#[test]
fn a_cut_file_of_any_kind_is_refused() {
    for (at, file) in files().iter().enumerate() {
        for cut in 0..file.len() {
            read(&file[..cut]).unwrap();
            if let Ok(decoded) = decode(&file[..cut]) {
                assert_eq!(decoded.image, decode(file).unwrap().image, "file {at} cut at {cut}");
            }
        }
    }
}

#[test]
fn every_bit_may_be_wrong() {
    for file in files() {
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut spoilt = file.clone();
                spoilt[at] ^= 1 << bit;
                read(&spoilt).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(4),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes)?;
        read(&[&[0; 128], b"DICM".as_slice(), &bytes].concat())?;
        read(&[b"\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0".as_slice(), &bytes].concat())?;
        read(&[[0xff, 0xd8, 0xff].as_slice(), &bytes].concat())?;
        read(&[b"\x89PNG\r\n\x1a\n".as_slice(), &bytes].concat())?;
    }

    #[test]
    fn several_bytes_may_be_wrong(
        which in 0..19_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24),
    ) {
        let mut file = files().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        read(&file)?;
    }

    #[test]
    fn a_part_may_be_missing_or_double(
        which in 0..19_usize,
        from in any::<prop::sample::Index>(),
        count in 1..64_usize,
        double in any::<bool>(),
    ) {
        let mut file = files().swap_remove(which);
        let from = from.index(file.len());
        let to = (from + count).min(file.len());
        let part = file[from..to].to_vec();
        if double {
            file.splice(from..from, part);
        } else {
            file.drain(from..to);
        }
        read(&file)?;
    }

    #[test]
    fn stored_values_come_back(
        (columns, values) in (1..9_u16).prop_flat_map(|columns| {
            (Just(columns), prop::collection::vec(any::<u16>(), usize::from(columns) * 4))
        }),
        bits in 8..17_u16,
        coding in 0..11_u8,
    ) {
        let values: Vec<u16> = values.into_iter().map(|value| value & ((1_u32 << bits) - 1) as u16).collect();
        let mut dicom = Dicom::grey(columns, 4, bits, &values);
        match coding {
            0 => &mut dicom,
            1 => dicom.syntax(BIG),
            2 => dicom.coded(RLE, &[&rle(&values, usize::from(bits.div_ceil(8)))]),
            10 => {
                let coding = JpegLs { columns, rows: 4, bits: bits as u8, near: 0, restart: 3, preset: [0; 5] };
                dicom.coded(JPEG_LS, &[&coding.encode(&values)])
            }
            _ => dicom.coded(JPEG_LOSSLESS, &[&jpeg_lossless_by(coding - 2, columns, 4, bits as u8, &values)]),
        };
        let stored = decode_stored(&dicom.bytes()).unwrap();
        prop_assert_eq!(stored.numbers().collect::<Vec<_>>(), values.into_iter().map(i32::from).collect::<Vec<_>>());
    }
}
