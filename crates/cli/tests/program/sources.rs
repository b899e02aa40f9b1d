//! What a load is read from: compressed files, standard input, folders.

#[cfg(feature = "phantom")]
use crate::support::npy;
use crate::support::{CASES, Place};
use std::io::Write;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_manifests_and_standard_input_go_in_with_their_embeddings() {
    let place = Place::with_index();
    let vectors = ["--embeddings", "vectors.npy", "--encoder-id", "e1"];
    place.write("cases.jsonl.gz", &gzip(CASES));
    let held = "3 rows: 0 ingested, 3 held already";
    assert!(place.ok(&[&["ingest", "i", "cases.jsonl.gz"], &vectors[..]].concat()).starts_with(held));
    for bytes in [CASES.as_bytes().to_vec(), gzip(CASES)] {
        let ran = place.run_with_input(&[&["ingest", "i", "-"], &vectors[..]].concat(), &bytes);
        assert!(ran.code == 0 && ran.out.starts_with(held), "{ran:?}");
    }
    let ran = place.run_with_input(&["ingest", "i", "-"], b"case_id\tage\nT1\t50\nT2\t51\n\t3\n");
    assert!(ran.code == 3 && ran.out.starts_with("3 rows: 2 ingested"), "{ran:?}");
    assert!(ran.err.contains("rejected: standard input row 3: case_id: is missing"), "{ran:?}");
    let ran = place.run_with_input(&["ingest", "i", "-"], b"");
    assert!(ran.code == 2 && ran.err.contains("standard input is empty"), "{ran:?}");
    place.refused(&["ingest", "i", "-", "-"], 2, &["standard input", "once"]);
    place.write("cut.csv.gz", &gzip("case_id,age\nX1,4\n")[..20]);
    place.refused(&["ingest", "i", "cut.csv.gz"], 2, &["cut.csv.gz", "is cut short or damaged"]);
    place.refused(&["ingest", "i", "/dev/null"], 2, &["/dev/null", "standard input is -"]);
    place.write("cases.csv", &gzip("case_id\n"));
    place.refused(&["ingest", "i", "cases.csv"], 2, &["is compressed", ".gz"]);
    assert!(place.ok(&["report", "cases.jsonl.gz", "--case-id", "A1"]).starts_with("A1\n"));
}

#[test]
fn columns_and_targets_that_are_misspelt_are_told_with_what_was_meant() {
    let place = Place::with_index();
    place.write("slip.csv", b"case_id,impresion,weight,findings\nS1,Mass.,70,Mass.\n");
    let out = place.ok(&["ingest", "i", "slip.csv"]);
    assert!(out.contains("does not keep: impresion (did you mean impression?) weight\n"), "{out}");
    place.write("map.toml", b"[columns]\nmodalty = \"weight\"");
    let words = ["modalty is filled by the map", "did you mean modality?"];
    place.refused(&["ingest", "i", "slip.csv", "--map", "map.toml"], 2, &words);
    place.write("map.toml", b"[columns]\ncase_id = \"case-id\"");
    place.refused(&["ingest", "i", "slip.csv", "--map", "map.toml"], 2, &["did you mean case_id?"]);
    place.refused(&["ingset", "i", "slip.csv"], 2, &["ingset", "ingest"]);
}

#[test]
fn a_folder_of_reports_goes_in_as_a_case_per_file() {
    let place = Place::with_index();
    std::fs::create_dir_all(place.path("reports/2019")).unwrap();
    place.write("reports/2019/R1.txt", b"FINDINGS: Large left pneumothorax.\nIMPRESSION: Pneumothorax.\n");
    place.write("reports/R2.txt", b"No pneumothorax.");
    place.write("reports/R3.txt", b"Gr\xf6\xdfe");
    place.write("reports/notes.pdf", b"x");
    place.write("map.toml", b"[constants]\nmodality = \"DX\"");
    let ran = place.run(&["ingest", "i", "reports", "--map", "map.toml"]);
    assert!(
        ran.code == 3 && ran.out.starts_with("3 rows: 2 ingested, 0 held already, 1 rejected"),
        "{ran:?}"
    );
    assert!(
        ran.err.contains("rejected: reports/R3.txt row") && ran.err.contains("1 file that is no .txt"),
        "{ran:?}"
    );
    let out = place.ok(&["search", "i", "--text", "pneumothorax", "--filter", "modality = DX"]);
    assert!(out.starts_with("  1  R1 ") && !out.contains("R2"), "{out}");
    assert!(place.ok(&["get", "i", "R1"]).contains("FINDINGS: Large left pneumothorax."));
    assert!(place.ok(&["report", "reports/2019"]).starts_with("R1\n"));
    std::fs::create_dir(place.path("empty")).unwrap();
    place.refused(&["ingest", "i", "empty"], 2, &["empty", "without a .txt file", "DICOM"]);
}

/// An archive `made` and an index `i` for its pictures, with the accession number of each study by its file.
#[cfg(feature = "phantom")]
fn films() -> Place {
    let place = Place::new();
    place.ok(&["phantom", "made", "--studies", "8", "--size", "128", "--formats", "dicom"]);
    place.ok(&["init", "i", "--encoder", "phantom-cxr"]);
    place
}

#[test]
#[cfg(feature = "phantom")]
fn a_folder_of_dicom_goes_in_as_a_case_per_study() {
    let place = films();
    let rows = std::fs::read_to_string(place.path("made/manifest.jsonl")).unwrap();
    let rows: Vec<serde_json::Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // A second film of the first study lies elsewhere; two files are no films.
    let first = rows[0]["images"][0].as_str().unwrap();
    std::fs::create_dir(place.path("films")).unwrap();
    for row in &rows {
        for image in row["images"].as_array().unwrap() {
            let name = image.as_str().unwrap();
            let copied = place.path("films").join(name.rsplit('/').next().unwrap());
            std::fs::copy(place.path("made").join(name), copied).unwrap();
        }
    }
    std::fs::create_dir(place.path("films/more")).unwrap();
    std::fs::copy(place.path("made").join(first), place.path("films/more/second")).unwrap();
    place.write("films/README", b"not a film");
    let mut cut = std::fs::read(place.path("made").join(first)).unwrap();
    cut.truncate(200);
    place.write("films/cut.dcm", &cut);

    let ran = place.run(&["ingest", "i", "films"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.out.starts_with("9 rows: 8 ingested, 0 held already, 1 rejected"), "{ran:?}");
    assert!(ran.err.contains("films: 1 file without DICOM, passed over"), "{ran:?}");
    assert!(ran.err.contains("rejected: films/cut.dcm row 9: file"), "{ran:?}");
    for row in &rows {
        let id = row["accession_number"].as_str().unwrap();
        let got: serde_json::Value = serde_json::from_str(&place.ok(&["get", "i", id, "--json"])).unwrap();
        assert_eq!(got["fields"]["study_date"]["values"][0], row["study_date"]);
        assert_eq!(got["patient"]["id"], row["patient_id"]);
        let films = row["images"].as_array().unwrap().len() + usize::from(*row == rows[0]);
        assert_eq!(got["images"].as_array().unwrap().len(), films);
    }
    // Again it is all there, under other ids it is new.
    let again = place.run(&["ingest", "i", "films"]);
    assert!(again.out.starts_with("9 rows: 0 ingested, 8 held already, 1 rejected"), "{again:?}");
    let by_uid = place.run(&["ingest", "i", "films", "--dicom-ids", "study-uid", "--dry-run"]);
    assert!(by_uid.out.starts_with("9 rows: 8 would be ingested"), "{by_uid:?}");
}

#[test]
#[cfg(feature = "phantom")]
fn folders_that_do_not_fit_are_refused_with_what_to_do() {
    let place = films();
    place.refused(
        &["ingest", "i", "made/dicom", "--images", "made"],
        2,
        &["made/dicom", "leave --images out"],
    );
    place.write("v.npy", &npy(&[vec![1.0; 16]]));
    let vectors = ["--embeddings", "v.npy", "--encoder-id", "x"];
    place.refused(&[&["ingest", "i", "made/dicom"], &vectors[..]].concat(), 2, &["made/dicom", "manifest"]);
    place.ok(&["init", "own", "--dimension", "16", "--encoder-id", "site-1"]);
    place.refused(&["ingest", "own", "made/dicom"], 2, &["made/dicom", "come from encoder site-1"]);
    place.write("made/dicom/report.txt", b"No mass.");
    place.refused(&["ingest", "i", "made/dicom"], 2, &["both reports (.txt) and DICOM"]);
}
