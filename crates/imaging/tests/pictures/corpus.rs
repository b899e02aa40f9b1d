//! Every file of the shared picture sets: a picture that agrees with the reference reader, or a refusal by name.
//!
//! The sets are not part of the repository. `PRECEDENT_DATA` names their folder; without it, `shared/data` beside the
//! repository is looked for, and a test says when it skips.

use precedent_imaging::{Decoded, decode, decode_stored};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// By how much a lossy picture may differ from the reference, in stored values: least, most, and mean.
const LOSSY_ENDS: f64 = 1.0;
const LOSSY_MEAN: f64 = 0.01;

type Row = BTreeMap<String, String>;

fn data(set: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("PRECEDENT_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    };
    let folder = folder.join(set);
    if folder.join("manifest.csv").is_file() {
        return Some(folder);
    }
    println!("skipped: no {}; set PRECEDENT_DATA", folder.display());
    None
}

fn rows(folder: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(folder.join("manifest.csv")).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// The reasons for which a file may be refused that the reference reads, by what its manifest row says. Whatever the
/// reference refuses may be refused for any reason.
fn may_be_refused(row: &Row, reason: &str) -> bool {
    let is = |name: &str, value: &str| row[name] == value;
    let readable = row["ref_decode"].starts_with("ok");
    match reason {
        _ if !readable => true,
        "colour" => is("samples_per_pixel", "3") || is("photometric", "PALETTE COLOR"),
        "frames" => !matches!(row["frames"].as_str(), "" | "1"),
        "coding" => row["transfer_syntax"].starts_with("High-Throughput JPEG 2000"),
        _ => false,
    }
}

/// How a picture agrees with its row, or why it does not.
fn agreement(file: &[u8], row: &Row) -> Result<&'static str, String> {
    let stored = decode_stored(file).map_err(|error| error.to_string())?;
    let shape = format!("{}x{}", stored.rows(), stored.columns());
    if shape != row["ref_shape"] {
        return Err(format!("has shape {shape}"));
    }
    let hash: String =
        Sha256::digest(stored.to_le_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    if hash == row["ref_pixels_sha256"] {
        return Ok("equal");
    }
    if row["lossy"] != "True" {
        return Err("differs, though it is lossless".to_owned());
    }
    let numbers: Vec<f64> = stored.numbers().map(f64::from).collect();
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    for (name, found, tolerance) in
        [("ref_min", least, LOSSY_ENDS), ("ref_max", most, LOSSY_ENDS), ("ref_mean", mean, LOSSY_MEAN)]
    {
        let expected: f64 = row[name].parse().unwrap();
        if (found - expected).abs() > tolerance {
            return Err(format!("{name} is {found} and not {expected}"));
        }
    }
    Ok("within the tolerance")
}

#[test]
fn dicom_files_agree_with_the_reference() {
    let Some(folder) = data("dicom") else { return };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for row in rows(&folder) {
        let name = row["file"].as_str();
        let file = fs::read(folder.join("files").join(name)).unwrap();
        let outcome = match decode(&file) {
            Ok(_) if !row["ref_decode"].starts_with("ok") => "read here alone".to_owned(),
            Ok(decoded) => {
                problems.extend(lacking(name, &decoded, &row));
                match agreement(&file, &row) {
                    Ok(how) => how.to_owned(),
                    Err(problem) => {
                        problems.push(format!("{name} {problem}"));
                        "wrong".to_owned()
                    }
                }
            }
            Err(error) => {
                if !may_be_refused(&row, error.reason()) {
                    problems.push(format!("{name} is refused: {error}"));
                }
                println!("{name}: {error}");
                format!("refused, {}", error.reason())
            }
        };
        *counts.entry(outcome).or_default() += 1;
    }
    println!("{counts:#?}");
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(counts.contains_key("equal"), "no file was read");
}

/// What the facts of a picture lack that its row has.
fn lacking(name: &str, decoded: &Decoded, row: &Row) -> Option<String> {
    let facts = &decoded.facts;
    let pairs = [
        ("modality", &facts.modality),
        ("photometric", &facts.photometric),
        ("body_part", &facts.body_part),
        ("transfer_syntax_uid", &facts.transfer_syntax),
    ];
    let differs = pairs.into_iter().find(|(column, fact)| {
        let expected = row[*column].trim().to_ascii_uppercase();
        fact.as_deref().unwrap_or_default() != expected
    });
    differs.map(|(column, _)| format!("{name} has another {column}"))
}

/// Codings of one picture without loss give one picture.
#[test]
fn codings_of_one_picture_agree() {
    let Some(folder) = data("dicom") else { return };
    let mut families: BTreeMap<String, Vec<Decoded>> = BTreeMap::new();
    for row in rows(&folder) {
        let name = &row["file"];
        if name.contains("WG04_") && row["lossy"] == "False" {
            let file = fs::read(folder.join("files").join(name)).unwrap();
            families.entry(row["family"].clone()).or_default().extend(decode(&file));
        }
    }
    assert!(families.values().any(|pictures| pictures.len() > 2), "no picture in three codings");
    for (family, pictures) in families {
        assert!(pictures.iter().all(|picture| picture.image == pictures[0].image), "{family}");
    }
}

/// 12-bit JPEG with a scan header that the reference cannot read shows the picture that its family has without loss.
#[test]
fn lossy_pictures_that_the_reference_refuses_are_near_their_originals() {
    let Some(folder) = data("dicom") else { return };
    for (lossy, whole) in [
        ("robyoung/WG04_RG2_JPLY", "robyoung/WG04_RG2_RLE"),
        ("robyoung/WG04_XA1_JPLY", "robyoung/WG04_XA1_RLE"),
    ] {
        let numbers = |name: &str| {
            let file = fs::read(folder.join("files").join(name)).unwrap();
            decode_stored(&file).unwrap().numbers().collect::<Vec<i32>>()
        };
        let (lossy_numbers, numbers) = (numbers(lossy), numbers(whole));
        let differences = lossy_numbers.iter().zip(&numbers).map(|(a, b)| f64::from((a - b).abs()));
        let mean = differences.sum::<f64>() / numbers.len() as f64;
        println!("{lossy}: {mean:.2} of 1,023 from the original on average");
        assert!(mean < 8.0, "{lossy}: {mean}");
    }
}

/// A figure of a journal with coloured arrows drawn into it: channels differ by up to 126 of 255.
const COLOURED: &str = "ie_article_river_2a361d607ea311ea95dbcf0c95d13492-figure-4.png";

#[test]
fn rasters_are_read() {
    for (set, parts, at_least) in
        [("covid_cxr", ["images", "originals"].as_slice(), 1), ("nih_small", &["images"], 1)]
    {
        let Some(folder) = data(set) else { continue };
        let mut read = 0;
        for part in parts {
            for entry in fs::read_dir(folder.join(part)).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                match decode(&fs::read(entry.path()).unwrap()) {
                    Ok(decoded) => {
                        read += 1;
                        assert!(
                            decoded.image.pixels().iter().any(|&pixel| pixel > 0),
                            "{set}/{part}/{name} is dark"
                        );
                    }
                    Err(error) => assert!(
                        name == COLOURED && error.reason() == "colour",
                        "{set}/{part}/{name}: {error}"
                    ),
                }
            }
        }
        println!("{set}: {read} read");
        assert!(read >= at_least, "{set}");
    }
}
