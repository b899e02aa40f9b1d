//! Films of the largest size, 64 Mi pixels, within the memory that `index/IMAGE.md` states.

use crate::support::*;
use png::{BitDepth, ColorType};
use precedent_imaging::decode;
use std::process::Command;

const SIDE: u16 = 8192;
const AREA: usize = SIDE as usize * SIDE as usize;
/// The most that a process may hold that reads such a film, its file included, in MiB.
const MOST_MIB: u64 = 1280;

/// A film in every kind of coding, made in the process that reads it.
const KINDS: [&str; 9] = [
    "plain",
    "rle",
    "jpeg-ls",
    "jpeg lossless",
    "jpeg",
    "jpeg of three components",
    "jpeg of 12 bits",
    "jpeg 2000",
    "png",
];

fn film(kind: &str) -> Vec<u8> {
    let coded =
        |bits, syntax, stream: &[u8]| Dicom::grey(SIDE, SIDE, bits, &[]).coded(syntax, &[stream]).bytes();
    match kind {
        "plain" => {
            let mut bytes = Dicom::grey(SIDE, SIDE, 16, &[]).bytes();
            bytes.truncate(bytes.len() - 4);
            bytes.extend((2 * AREA as u32).to_le_bytes());
            bytes.resize(bytes.len() + 2 * AREA, 7);
            bytes
        }
        "rle" => coded(16, RLE, &rle_constant(AREA, 2)),
        "jpeg-ls" => coded(16, JPEG_LS, &jpeg_ls_black(SIDE, SIDE, 16)),
        "jpeg lossless" => coded(12, JPEG_LOSSLESS, &jpeg_lossless_flat(SIDE, SIDE, 12)),
        "jpeg" => coded(8, JPEG, &jpeg_blocks(SIDE, SIDE, &vec![7; AREA / 64], &[])),
        "jpeg of three components" => jpeg_colour(SIDE, SIDE, &vec![[7, 128, 128]; AREA / 64]),
        "jpeg of 12 bits" => coded(12, JPEG_EXTENDED, &jpeg_blocks_12(SIDE, SIDE, &vec![700; AREA / 64])),
        "jpeg 2000" => coded(16, JPEG_2000, &Jpeg2000::new(SIDE.into(), SIDE.into(), 16).bytes()),
        _ => png(SIDE.into(), SIDE.into(), ColorType::Grayscale, BitDepth::Sixteen, &vec![7; 2 * AREA]),
    }
}

#[test]
fn the_largest_films_are_read_within_the_stated_memory() {
    if !cfg!(target_os = "linux") {
        println!("skipped: the peak is read from /proc");
        return;
    }
    for kind in KINDS {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "large::child_reads_one_film", "--ignored", "--nocapture"])
            .env("PRECEDENT_FILM", kind)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        println!("{}", said.lines().find(|line| line.contains("MiB")).unwrap_or_default());
        assert!(child.status.success(), "{kind}: {said}");
    }
}

#[test]
#[ignore = "run by the_largest_films_are_read_within_the_stated_memory"]
fn child_reads_one_film() {
    let Ok(kind) = std::env::var("PRECEDENT_FILM") else { return };
    let file = film(&kind);
    let before = peak_mib();
    let decoded = decode(&file).unwrap();
    assert_eq!(decoded.image.pixels().len(), AREA);
    let peak = peak_mib();
    println!("{kind}: {peak} MiB at most, {before} before, the file has {} MiB", file.len() >> 20);
    assert!(peak <= MOST_MIB, "{kind} took {peak} MiB");
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}
