//! The lossless streams of shared DICOM files, those too that give no picture since they are in colour or of several frames:
//! their samples are those of the reference all the same. The files are not part of the repository: where `PRECEDENT_DATA` names
//! none, the test has nothing to check.

use super::jpeg;
use crate::dicom::fragments;
use crate::grey::Tolerance;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[test]
fn streams_of_jpeg_ls_and_lossless_jpeg_agree_with_the_reference() {
    let named = std::env::var_os("PRECEDENT_DATA").map(PathBuf::from);
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = named.clone().unwrap_or_else(default).join("dicom");
    if named.is_none() && !folder.exists() {
        println!("skipped: no {}; set PRECEDENT_DATA", folder.display());
        return;
    }
    let manifest = folder.join("manifest.csv");
    let mut manifest =
        csv::Reader::from_path(&manifest).unwrap_or_else(|error| panic!("{}: {error}", manifest.display()));
    let mut checked: BTreeMap<String, u32> = BTreeMap::new();
    for row in manifest.deserialize() {
        let row: BTreeMap<String, String> = row.unwrap();
        let coding = row["transfer_syntax"].split(',').next().unwrap().to_owned();
        if (coding.starts_with("JPEG-LS") || coding == "JPEG Lossless") && row["ref_decode"].starts_with("ok")
        {
            let file = std::fs::read(folder.join("files").join(&row["file"])).unwrap();
            assert_eq!(hash(&file, &row), row["ref_pixels_sha256"], "{}", row["file"]);
            *checked.entry(coding).or_default() += 1;
        }
    }
    println!("{checked:#?}");
    assert!(!checked.is_empty());
}

/// The hash of the samples of all frames as an uncompressed file would hold them.
fn hash(file: &[u8], row: &BTreeMap<String, String>) -> String {
    let fragments = fragments(file).unwrap();
    let is_one = matches!(row["frames"].as_str(), "" | "1");
    let mut hash = Sha256::new();
    for frame in if is_one { vec![fragments.concat()] } else { fragments } {
        let decoded = jpeg::decode(&frame, Tolerance::Rounding, false).unwrap();
        let bytes = if row["bits_allocated"] == "8" { 1 } else { 2 };
        for value in decoded.values {
            let unused = 16 - decoded.bits;
            let extended = ((value << unused) as i16 >> unused) as u16;
            let value = if row["pixel_representation"] == "1" { extended } else { value };
            hash.update(&value.to_le_bytes()[..bytes]);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
