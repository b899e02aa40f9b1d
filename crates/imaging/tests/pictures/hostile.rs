//! Files made to exhaust memory or stack.

use crate::support::*;
use precedent_imaging::decode;
use std::process::Command;

/// The most that the process which reads all of these files may hold at once, in KiB.
const MOST_KIB: u64 = 64 << 10;

fn element(tag: Tag, vr: &str, length: u32) -> Vec<u8> {
    let mut bytes = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
    bytes.extend(vr.as_bytes());
    if !vr.is_empty() {
        bytes.extend([0, 0]);
    }
    bytes.extend(length.to_le_bytes());
    bytes
}

fn file(data_set: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    bytes.extend(Dicom::grey(1, 1, 8, &[0]).meta());
    bytes.extend(data_set);
    bytes
}

fn nested(tag: Tag, vr: &str, levels: usize) -> Vec<u8> {
    let level = [element(tag, vr, u32::MAX), element((0xfffe, 0xe000), "", u32::MAX)].concat();
    level.repeat(levels)
}

/// Nested items whose lengths are all declared and true.
fn nested_defined(levels: usize) -> Vec<u8> {
    (0..levels).fold(Vec::new(), |inner, _| {
        let mut item = element((0xfffe, 0xe000), "", inner.len() as u32);
        item.extend(inner);
        [element((0x0028, 0x3010), "SQ", item.len() as u32), item].concat()
    })
}

/// Every hostile file with what it is and why it is refused.
fn files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let private = (0x0009, 0x1001);
    let huge = |tag, vr| {
        let mut bytes = file(&element(tag, vr, 3 << 30));
        bytes.resize(266, 0);
        bytes
    };
    let mut many = Vec::new();
    for _ in 0..100_001 {
        many.extend(element(private, "OB", 0));
    }
    let mut items = element(private, "SQ", u32::MAX);
    for _ in 0..100_001 {
        items.extend(element((0xfffe, 0xe000), "", 0));
    }
    let mut fragments = element((0x7fe0, 0x0010), "OB", u32::MAX);
    for _ in 0..100_001 {
        fragments.extend(element((0xfffe, 0xe000), "", 0));
    }
    let mut zeros = Dicom::grey(1, 1, 8, &[0]);
    zeros.elements.insert(private, Value::Items(Vec::new()));
    let bomb = {
        use std::io::Write;
        let mut encoder =
            flate2::write::DeflateEncoder::new(zeros.syntax(DEFLATED).meta(), flate2::Compression::best());
        for _ in 0..(64 << 4) {
            encoder.write_all(&[0; 64 << 10]).unwrap();
        }
        [&[0; 128], b"DICM".as_slice(), &encoder.finish().unwrap()].concat()
    };
    let mut large = Dicom::grey(1, 1, 8, &[0]);
    large.word((0x0028, 0x0010), 65_535).word((0x0028, 0x0011), 65_535);
    let mut empty = Dicom::grey(1, 1, 8, &[]);
    empty.word((0x0028, 0x0010), 8192).word((0x0028, 0x0011), 8192);
    let mut frames = Dicom::grey(1, 1, 8, &[0]);
    frames.text((0x0028, 0x0008), "IS", "2147483647");
    let table = nested_defined(5000);
    let mut value = Dicom::grey(1, 1, 8, &[0]);
    value.elements.insert((0x0010, 0x0020), Value::Words("UN", vec![0x2020; 10_000]));
    let small = |syntax, stream: &[u8]| Dicom::grey(2, 2, 8, &[]).coded(syntax, &[stream]).bytes();
    let wide = |syntax, stream: &[u8]| Dicom::grey(4096, 4096, 8, &[]).coded(syntax, &[stream]).bytes();
    let j2k = Jpeg2000::new(4096, 4096, 8);
    let mut jpeg = jpeg_blocks(8, 8, &[1], &[]);
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    let mut picture = png(1, 1, png::ColorType::Grayscale, png::BitDepth::Eight, &[0]);
    picture[16..24].copy_from_slice(&[0, 0, 0x3f, 0xff, 0, 0, 0x3f, 0xff]);
    vec![
        ("an element of 3 GiB", huge(private, "OB"), "damaged"),
        ("a value of 3 GiB", huge((0x0010, 0x0020), "UN"), "damaged"),
        ("pixels of 3 GiB", huge((0x7fe0, 0x0010), "OW"), "damaged"),
        ("a sequence of 3 GiB", huge((0x0028, 0x3010), "SQ"), "damaged"),
        ("nested sequences", file(&nested(private, "SQ", 2000)), "limit"),
        (
            "nested unknown sequences",
            file(&[nested(private, "UN", 1), nested(private, "", 33)].concat()),
            "limit",
        ),
        ("nested lookup tables", file(&nested((0x0028, 0x3010), "SQ", 2000)), "limit"),
        ("nested lookup tables of declared length", file(&table), "no_pixels"),
        ("many elements", file(&many), "limit"),
        ("many items", file(&items), "limit"),
        ("many fragments", file(&fragments), "limit"),
        ("64 MiB of zeros, deflated", bomb, "limit"),
        ("65,535 x 65,535 pixels", large.bytes(), "limit"),
        ("8,192 x 8,192 pixels and none there", empty.bytes(), "length"),
        ("2,147,483,647 frames", frames.bytes(), "frames"),
        ("an identifier of 20 kB", value.bytes(), "limit"),
        ("JPEG-LS that ends at once", wide(JPEG_LS, &jpeg_ls_black(4096, 4096, 8)[..30]), "damaged"),
        ("JPEG-LS larger than its header", small(JPEG_LS, &jpeg_ls_black(9000, 7000, 8)), "disagrees"),
        ("JPEG of 12 bits that ends at once", jpeg_dct(0xc1, 12, (8192, 8192), &[1], &[], 0), "damaged"),
        ("RLE that ends at once", wide(RLE, &rle(&[0], 1)), "damaged"),
        ("a JPEG larger than its header", small(JPEG, &jpeg), "disagrees"),
        ("a large JPEG", jpeg, "limit"),
        ("a large PNG", picture, "codec"),
        ("a JPEG 2000 larger than its header", small(JPEG_2000, &j2k.bytes()), "disagrees"),
        (
            "tiles of one pixel",
            wide(JPEG_2000, &Jpeg2000 { tile: 1, ..Jpeg2000::new(4096, 4096, 8) }.bytes()),
            "limit",
        ),
        (
            "precincts of one pixel",
            wide(JPEG_2000, &Jpeg2000 { precinct: Some(0), ..Jpeg2000::new(4096, 4096, 8) }.bytes()),
            "field",
        ),
        (
            "code-blocks of 16 pixels",
            wide(JPEG_2000, &Jpeg2000 { code_block: (0, 0), ..Jpeg2000::new(4096, 4096, 8) }.bytes()),
            "field",
        ),
    ]
}

#[test]
fn hostile_files_are_refused_by_name() {
    for (what, bytes, reason) in files() {
        let error = decode(&bytes).unwrap_err();
        assert_eq!(error.reason(), reason, "{what}: {error}");
    }
}

#[test]
fn sequences_below_the_limit_are_passed_over() {
    let mut data_set = nested((0x0009, 0x1001), "UN", 1);
    data_set.extend(element((0xfffe, 0xe00d), "", 0));
    data_set.extend(element((0xfffe, 0xe0dd), "", 0));
    let deep = nested((0x0009, 0x1002), "SQ", 16);
    data_set.extend(deep);
    for _ in 0..16 {
        data_set.extend(element((0xfffe, 0xe00d), "", 0));
        data_set.extend(element((0xfffe, 0xe0dd), "", 0));
    }
    data_set.extend(Dicom::grey(2, 1, 8, &[3, 4]).data_set());
    assert_eq!(decode(&file(&data_set)).unwrap().image.pixels(), [3 * 257, 4 * 257]);
}

#[test]
fn an_element_that_is_there_twice_is_refused() {
    let once = Dicom::grey(1, 1, 8, &[0]);
    let mut again = Dicom::grey(1, 1, 8, &[0]);
    again.without((0x7fe0, 0x0010));
    let error = decode(&file(&[again.data_set(), once.data_set()].concat())).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}

/// Reads every hostile file in a process of its own, since the memory of this one belongs to all tests.
#[test]
fn hostile_files_take_little_memory() {
    if !cfg!(target_os = "linux") {
        println!("skipped: the peak is read from /proc");
        return;
    }
    for index in 0..files().len() {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "hostile::child_reads_one_file", "--ignored", "--nocapture"])
            .env("PRECEDENT_HOSTILE_FILE", index.to_string())
            .output()
            .unwrap();
        let (what, ..) = &files()[index];
        assert!(child.status.success(), "{what}: {}", String::from_utf8_lossy(&child.stdout));
    }
}

#[test]
#[ignore = "run by hostile_files_take_little_memory"]
fn child_reads_one_file() {
    let Ok(index) = std::env::var("PRECEDENT_HOSTILE_FILE") else { return };
    let (what, bytes, reason) = files().swap_remove(index.parse().unwrap());
    assert_eq!(decode(&bytes).unwrap_err().reason(), reason, "{what}");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < MOST_KIB, "{what} took {peak} KiB");
}
