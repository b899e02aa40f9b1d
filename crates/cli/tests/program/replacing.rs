//! Rows that come again, patients who are nobody, fields that cannot be read: what is kept, left out, and said.

use crate::support::{CASES, Place, npy};

const VECTORS: [&str; 4] = ["--embeddings", "vectors.npy", "--encoder-id", "e1"];

#[test]
fn a_manifest_without_what_the_index_holds_is_rejected_unless_that_is_meant() {
    let place = Place::with_index();
    let without = place.run(&["ingest", "i", "cases.jsonl"]);
    assert_eq!(without.code, 3, "{without:?}");
    assert!(without.out.starts_with("3 rows: 0 ingested, 0 held already, 3 rejected\n"), "{without:?}");
    for part in ["0 of 1 embeddings that the index holds", "--update keeps", "--replace-without replaces"] {
        assert!(without.err.contains(part), "{part} in {without:?}");
    }
    let dry = place.run(&["ingest", "i", "cases.jsonl", "--dry-run"]);
    assert!(dry.out.contains("3 rejected"), "{dry:?}");
    assert!(
        place
            .ok(&["ingest", "i", "cases.jsonl", "--embeddings", "vectors.npy", "--encoder-id", "e1"])
            .contains("3 held")
    );

    let out = place.ok(&["ingest", "i", "cases.jsonl", "--update"]);
    assert!(out.starts_with("3 rows: 0 ingested, 3 held already, 0 rejected\n"), "{out}");
    place.write("text.csv", b"case_id,impression\nA2,Pneumonia.\n");
    assert!(place.ok(&["ingest", "i", "text.csv", "--update"]).contains("1 ingested"));
    place.write("age.csv", b"case_id,age\nA1,64\n");
    let out = place.ok(&["ingest", "i", "age.csv", "--update"]);
    assert!(out.contains("1 ingested") && !out.contains("neither"), "{out}");
    let found = place.ok(&["search", "i", "--embedding", "vectors.npy", "--row", "1", "--encoder-id", "e1"]);
    assert!(
        found.contains("A2   cosine 1.0000") && found.contains("Pneumonia.") && found.contains("modality CR"),
        "{found}"
    );

    place.refused(&["ingest", "i", "text.csv", "--update", "--replace-without"], 2, &["--update"]);
    assert!(place.ok(&["ingest", "i", "text.csv", "--replace-without"]).contains("1 ingested"));
    let found = place.ok(&["search", "i", "--text", "pneumonia"]);
    assert!(found.contains("A2") && !found.contains("modality"), "{found}");
}

#[test]
fn a_later_row_of_one_manifest_takes_nothing_away() {
    let place = Place::with_index();
    place.write(
        "twice.jsonl",
        b"{\"case_id\": \"T\", \"impression\": \"Mass.\"}\n{\"case_id\": \"T\", \"age\": 3}\n",
    );
    let ran = place.run(&["ingest", "i", "twice.jsonl"]);
    assert!(ran.code == 3 && ran.out.contains("1 ingested, 0 held already, 1 rejected"), "{ran:?}");
    assert!(place.ok(&["search", "i", "--text", "mass"]).contains("T"));
}

#[test]
fn a_patient_who_is_nobody_is_told_and_left_out() {
    let place = Place::with_index();
    place.write(
        "nobody.csv",
        b"case_id,patient_id,findings\na,nan,Mass.\nb,NULL,Mass.\nc,None,Mass.\nd,P7,Mass.\n",
    );
    let ran = place.run(&["ingest", "i", "nobody.csv"]);
    let said = "3 cases name a placeholder such as nan as patient id, and have no patient";
    assert!(ran.code == 0 && ran.out.contains(said), "{ran:?}");
    assert!(ran.err.contains("left out: nobody.csv row 1: case.patient.id: is a placeholder"), "{ran:?}");
    let found = place.ok(&["search", "i", "--text", "mass"]);
    assert_eq!(found.matches("bm25").count(), 4, "each stands for itself: {found}");
}

#[test]
fn a_field_that_cannot_be_read_is_left_out_with_its_row_and_named() {
    let place = Place::with_index();
    place.write("dates.csv", b"case_id,study_date,impression\nd1,03.05.2019,Mass.\nd2,2019-05-03,Mass.\n");
    let ran = place.run(&["ingest", "i", "dates.csv"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.starts_with("2 rows: 2 ingested")
            && ran.out.contains("1 field that cannot be read was left out")
    );
    assert!(ran.err.contains("left out: dates.csv row 1: study_date: is not a date"), "{ran:?}");
    let listed = std::fs::read_to_string(place.path("rejected.jsonl")).unwrap();
    assert!(listed.contains("\"outcome\":\"field left out\"") && listed.contains("\"row\":1"), "{listed}");
    place.write("map.toml", b"date_format = [\"%d.%m.%Y\", \"%Y-%m-%d\"]\n");
    let ran = place.run(&["ingest", "i", "dates.csv", "--map", "map.toml"]);
    assert!(ran.code == 0 && ran.out.contains("1 ingested, 1 held already") && ran.err.is_empty(), "{ran:?}");
    assert!(
        place
            .ok(&["search", "i", "--filter", "study_date = \"2019-05-03\" AND case_id = \"d*\""])
            .contains("d1")
    );
    place.write("wrong.toml", b"[columns]\nweight = \"kg\"\n");
    place.refused(
        &["ingest", "i", "dates.csv", "--map", "wrong.toml"],
        2,
        &["weight", "case_id, patient_id", "study_date"],
    );
}

#[test]
fn lines_that_end_in_a_carriage_return_are_rows_and_no_row_is_an_error() {
    let place = Place::with_index();
    place.write("mac.csv", b"case_id,age,findings\rm1,63,Small mass.\rm2,70,Large mass.\r");
    assert!(place.ok(&["ingest", "i", "mac.csv"]).starts_with("2 rows: 2 ingested"));
    assert!(place.ok(&["search", "i", "--text", "mass"]).contains("m2"));
    place.write("header.csv", b"case_id,age,findings\n");
    place.refused(&["ingest", "i", "header.csv"], 2, &["no row was found"]);
    place.write("empty.jsonl", b"\n\n");
    place.refused(&["ingest", "i", "empty.jsonl"], 2, &["no row was found"]);
}

#[test]
fn a_single_vector_without_rows_is_an_embedding() {
    let place = Place::with_index();
    let rows = npy(&[vec![1.0; 16]]);
    let flat = String::from_utf8_lossy(&rows[..128]).replace("(1, 16)", "(16,)  ");
    assert!(flat.contains("(16,)"));
    let mut bytes = rows.clone();
    let at = rows.windows(7).position(|window| window == b"(1, 16)").unwrap();
    bytes[at..at + 7].copy_from_slice(b"(16,)  ");
    place.write("one.npy", &bytes);
    let out = place.ok(&["search", "i", "--embedding", "one.npy", "--encoder-id", "e1"]);
    assert!(out.starts_with("  1  A1   cosine 1.0000"), "{out}");
    place.write("one.jsonl", CASES.lines().next().unwrap().replace("A1", "O1").as_bytes());
    assert!(
        place
            .ok(&["ingest", "i", "one.jsonl", "--embeddings", "one.npy", "--encoder-id", "e1"])
            .contains("1 ingested")
    );
    assert!(place.ok(&[&["ingest", "i", "cases.jsonl"], &VECTORS[..]].concat()).contains("3 held already"));
}

#[test]
fn a_name_is_an_address_to_listen_on() {
    let place = Place::with_index();
    let mut child = place
        .command(&["serve", "i", "--read-only", "--listen", "localhost:0"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().unwrap()), &mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.starts_with("listening on 127.0.0.1:") || line.starts_with("listening on [::1]:"), "{line}");
    place.refused(&["serve", "i", "--listen", "localhost"], 2, &["such as 127.0.0.1:50051"]);
}
