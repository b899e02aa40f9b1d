//! Parquet files of other programs, from `tests/parquet`.

use crate::support::{Place, npy};
use std::path::Path;

/// A place with the files, and an index `i` for their embeddings, with a case of its own.
fn place() -> Place {
    let place = Place::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parquet");
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), place.path(entry.file_name().to_str().unwrap())).unwrap();
    }
    place.ok(&["init", "i", "--dimension", "16", "--encoder-id", "e1"]);
    // The first ingest of an index begins its log, whatever comes of it.
    place.write("first.jsonl", br#"{"case_id": "F1", "findings": "Clear."}"#);
    place.ok(&["ingest", "i", "first.jsonl"]);
    place
}

#[test]
fn parquet_files_go_in_with_their_embeddings_once() {
    let place = place();
    let ingest = |file: &'static str| ["ingest", "i", file, "--encoder-id", "e1"];
    let dry = place.ok(&[&ingest("pyarrow.parquet")[..], &["--dry-run"]].concat());
    assert!(dry.starts_with("3 rows: 3 would be ingested"), "{dry}");
    let first = place.ok(&ingest("pyarrow.parquet"));
    assert!(first.starts_with("3 rows: 3 ingested, 0 held already, 0 rejected"), "{first}");
    // Other programs write the same cases, bit by bit; only the column of row numbers is new.
    for file in [
        "pyarrow-new.parquet",
        "pyarrow-old.parquet",
        "pyarrow-lz4.parquet",
        "polars.parquet",
        "pandas.parquet",
    ] {
        let again = place.ok(&ingest(file));
        assert!(again.starts_with("3 rows: 0 ingested, 3 held already, 0 rejected"), "{file}: {again}");
        assert_eq!(again.contains("__index_level_0__"), file == "pandas.parquet", "{again}");
    }
    let bytes = std::fs::read(place.path("pyarrow-new.parquet")).unwrap();
    let piped = place.run_with_input(&ingest("-"), &bytes);
    assert!(piped.code == 0 && piped.out.starts_with("3 rows: 0 ingested, 3 held already"), "{piped:?}");
    place.write("query.npy", &npy(&[[&[0.1, -2.0, 3.5, 1e-7][..], &[0.5; 12]].concat()]));
    let out = place.ok(&["search", "i", "--embedding", "query.npy", "--encoder-id", "e1"]);
    assert!(out.starts_with("  1  A1 "), "{out}");
    let got: serde_json::Value = serde_json::from_str(&place.ok(&["get", "i", "A1", "--json"])).unwrap();
    assert_eq!(got["fields"]["study_date"]["values"][0], "2019-05-03");
    assert_eq!(got["images"][0]["view"], "PA");
    assert!(place.ok(&["report", "polars.parquet", "--case-id", "A1"]).starts_with("A1\n"));
}

#[test]
fn a_map_and_rejected_rows_work_as_with_other_manifests() {
    let place = place();
    place.write("map.toml", b"[columns]\nimpression = \"findings\"\n[constants]\nsite = \"north\"");
    let ran = place.ok(&["ingest", "i", "duckdb.parquet", "--encoder-id", "e1", "--map", "map.toml"]);
    assert!(ran.starts_with("3 rows: 3 ingested"), "{ran}");
    assert!(place.ok(&["get", "i", "A2"]).contains("impression  Clear lungs."));
    // Embeddings of another length reject their rows.
    place.ok(&["init", "wide", "--dimension", "32", "--encoder-id", "e1"]);
    let ran = place.run(&["ingest", "wide", "polars.parquet", "--encoder-id", "e1"]);
    assert!(
        ran.code == 3 && ran.out.starts_with("3 rows: 1 ingested, 0 held already, 2 rejected"),
        "{ran:?}"
    );
    let words = ["polars.parquet row 1: case.images[0].embedding: has 16 numbers", "32"];
    assert!(words.iter().all(|word| ran.err.contains(word)), "{ran:?}");
    let listed = std::fs::read_to_string(place.path("rejected.jsonl")).unwrap();
    let rows: Vec<serde_json::Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&rows[0]["row"], &rows[1]["row"], rows.len()), (&1.into(), &3.into(), 2));
}

#[test]
fn embeddings_in_a_file_need_an_encoder_and_an_index_that_takes_them() {
    let place = place();
    let file = "pyarrow.parquet";
    place.refused(&["ingest", "i", file], 2, &[file, "column embedding", "--encoder-id"]);
    place.refused(&["ingest", "i", file, "--encoder-id", "e2"], 2, &[file, "--encoder-id e2", "e1"]);
    place.write("vectors.npy", &npy(&[vec![1.0; 16], vec![1.0; 16], vec![1.0; 16]]));
    let beside = ["ingest", "i", file, "--encoder-id", "e1", "--embeddings", "vectors.npy"];
    place.refused(&beside, 2, &[file, "column embedding", "--embeddings"]);
    place.refused(
        &["ingest", "i", "cases.jsonl", "--encoder-id", "e1"],
        2,
        &["no source holds any", "embedding"],
    );
    // The first source is good, and nothing of it goes in.
    place.refused(&["ingest", "i", "cases.jsonl", file], 2, &[file, "column embedding"]);
    place.refused(&["ingest", "i", "brotli.parquet"], 2, &["brotli.parquet", "BROTLI", "snappy"]);
    place.ok(&["init", "texts"]);
    place.refused(
        &["ingest", "texts", file, "--encoder-id", "e1"],
        2,
        &[file, "no image space", "--dimension"],
    );
    let out = place.ok(&["ingest", "texts", file]);
    assert!(out.starts_with("3 rows: 3 ingested") && out.contains(" embedding"), "{out}");
}

#[test]
fn damage_among_the_rows_is_told_and_what_was_read_before_stays() {
    let place = place();
    let mut bytes = std::fs::read(place.path("pyarrow-lz4.parquet")).unwrap();
    let whole = bytes.len();
    bytes.truncate(whole - 1);
    place.write("cut.parquet", &bytes);
    place.refused(&["ingest", "i", "cut.parquet", "--encoder-id", "e1"], 2, &["cut.parquet", "is cut short"]);
    // The page with the id of the last row, which is a row group of its own.
    let mut bytes = std::fs::read(place.path("polars.parquet")).unwrap();
    let id = bytes.windows(2).position(|window| window == b"A3").unwrap();
    let page = bytes[..id].windows(4).rposition(|window| window == b"\x28\xb5\x2f\xfd").unwrap();
    bytes[page] = 0;
    place.write("damaged.parquet", &bytes);
    let ran = place.run(&["ingest", "i", "damaged.parquet", "--encoder-id", "e1"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for word in ["damaged.parquet row 3: column case_id cannot be read", "copy or write the file again"] {
        assert!(ran.err.contains(word), "{word}: {ran:?}");
    }
    assert!(place.ok(&["list", "i"]).contains("A2"), "what was read before is good");
}
