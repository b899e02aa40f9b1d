//! The shared cases: small files that other readers get wrong, each with the picture that the standard asks for.
//!
//! They are no part of the repository. They are looked for beside the folder of `PRECEDENT_DATA`, or beside the repository;
//! a test says when it skips.

use precedent_imaging::{decode, decode_stored};
use precedent_model::PartialDate;
use std::fs;
use std::path::{Path, PathBuf};

/// How far a pixel may lie from the expected one, of 65,535, where nothing was lost.
const LOSSLESS: u16 = 1;
/// Least cosine of a picture and the expected one.
const LEAST_COSINE: f64 = 0.9999;
/// The same for a picture that was tinted, of which the expected one is the grey before.
const LEAST_COSINE_TINTED: f64 = 0.999;

fn folder(name: &str) -> Option<PathBuf> {
    let data = match std::env::var_os("PRECEDENT_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    };
    let folder = data.join("../cases").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no {}; set PRECEDENT_DATA", folder.display());
    None
}

/// Files of a folder with their expected pictures.
fn pairs(folder: &Path) -> Vec<(String, PathBuf, PathBuf)> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut pairs: Vec<_> = names
        .filter_map(|name| {
            let stem = name.strip_suffix(".expected.png")?;
            let files = [folder.join(stem), folder.join(format!("{stem}.dcm"))];
            let file = files.into_iter().find(|file| file.is_file())?;
            Some((stem.to_owned(), file, folder.join(&name)))
        })
        .collect();
    pairs.sort();
    pairs
}

/// Cosine of two pictures, and the largest difference of a pixel.
fn compare(a: &[u16], b: &[u16]) -> (f64, u16) {
    let dot =
        |a: &[u16], b: &[u16]| -> f64 { a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum() };
    let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    (cosine, a.iter().zip(b).map(|(&a, &b)| a.abs_diff(b)).max().unwrap_or(0))
}

/// Checks every pair of a folder; gives how many are read and how many are refused by a reason that is allowed.
fn check(name: &str, lossy: &[&str], refused: &[(&str, &str)]) {
    let Some(folder) = folder(name) else { return };
    let mut problems = Vec::new();
    let (mut right, mut named) = (0, 0);
    for (name, file, expected) in pairs(&folder) {
        let expected = decode(&fs::read(expected).unwrap()).unwrap().image;
        match decode(&fs::read(file).unwrap()) {
            Ok(decoded)
                if (decoded.image.width(), decoded.image.height())
                    != (expected.width(), expected.height()) =>
            {
                problems.push(format!("{name} has another size"));
            }
            Ok(decoded) => {
                let (cosine, most) = compare(decoded.image.pixels(), expected.pixels());
                let is_lossy = lossy.contains(&name.as_str());
                let least = if name.starts_with("tinted") { LEAST_COSINE_TINTED } else { LEAST_COSINE };
                if cosine < least || (most > LOSSLESS && !is_lossy) {
                    problems.push(format!("{name}: cosine {cosine:.6}, differs by up to {most}"));
                } else {
                    right += 1;
                }
            }
            Err(error) if refused.contains(&(name.as_str(), error.reason())) => named += 1,
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    println!("{name}: {right} right, {named} refused by name");
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn dicom_cases_give_the_picture_of_the_standard() {
    check("dicom", &["jpg-ext12", "jpg-colour-grey", "jpg-base-leading-ff"], &[("htj2k", "coding")]);
}

#[test]
fn raster_cases_give_their_picture() {
    check("img", &["noeoi.jpg", "jpg12.jpg", "tinted.jpg"], &[]);
}

/// Files that say the same in another way give the same picture.
#[test]
fn spacing_is_read_however_it_is_written() {
    let Some(folder) = folder("dicom") else { return };
    let image = |name: &str| decode(&fs::read(folder.join(format!("{name}.dcm"))).unwrap()).unwrap().image;
    let expected = image("spacing-dot");
    assert_eq!((expected.width(), expected.height()), (32, 96));
    for name in ["spacing-comma", "un-spacing", "vr-spacing-LT", "vr-spacing-UT"] {
        assert!(image(name) == expected, "{name}");
    }
    assert!(image("un-base") == image("un-rows300"));
}

#[test]
fn three_patients_stay_three_or_none() {
    let Some(folder) = folder("pid") else { return };
    for name in ["p0", "p1", "p2"] {
        let facts = decode(&fs::read(folder.join(format!("{name}.dcm"))).unwrap()).unwrap().facts;
        assert_eq!(facts.patient_id, None, "{name}");
    }
}

#[test]
fn header_facts_as_people_write_them() {
    let Some(folder) = folder("facts") else { return };
    let facts = |name: &str| decode(&fs::read(folder.join(format!("{name}.dcm"))).unwrap()).unwrap().facts;
    for name in ["age-063", "age-063Y", "age-63"] {
        assert_eq!(facts(name).age_years, Some(63.0), "{name}");
    }
    assert_eq!(facts("age-float").age_years, Some(63.5));
    assert_eq!(facts("sex-Male").sex.as_deref(), Some("M"));
    for (name, date) in [("date-month", "1997-04"), ("date-time", "1997-04-05")] {
        assert_eq!(facts(name).study_date, PartialDate::parse("", date).ok(), "{name}");
    }
    for (name, maker) in [
        ("cs-cp1252", Some("Café “X”")),
        ("cs-jp", Some("山田")),
        ("cs-misspelt", Some("Müller GmbH")),
        ("cs-none-utf8", Some("Müller GmbH")),
        ("cs-utf8-but-latin1", None),
        ("cs-utf8name", Some("Müller")),
    ] {
        let facts = facts(name);
        assert_eq!(facts.manufacturer.as_deref(), maker, "{name}");
        assert!(facts.patient_id.is_some_and(|id| id.starts_with("PAT")), "{name}");
    }
}

#[test]
fn cases_without_a_picture_are_refused_by_name() {
    let Some(folder) = folder("img") else { return };
    let error = decode_stored(&fs::read(folder.join("cmyk.jpg")).unwrap()).unwrap_err();
    assert_eq!(error.reason(), "colour");
}
