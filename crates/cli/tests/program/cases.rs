//! Cases by their ids, lists of them, and taking them out.

use crate::support::{CASES, Place, Ran};
use std::io::Write;
use std::process::Stdio;

impl Place {
    /// Runs with these bytes on standard input.
    pub fn run_with_input(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(args);
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().unwrap();
        // One that reads nothing is no failure of the test.
        let _ = child.stdin.take().unwrap().write_all(input);
        let ended = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { out: text(ended.stdout), err: text(ended.stderr), code: ended.status.code().unwrap() }
    }

    fn listed(&self) -> Vec<String> {
        let out = self.ok(&["list", "i"]);
        out.lines().map(|line| line.split("   ").next().unwrap().to_owned()).collect()
    }
}

#[test]
fn a_case_is_printed_whole() {
    let place = Place::with_index();
    let out = place.ok(&["get", "i", "A1"]);
    for part in [
        "A1\n",
        "patient     P1",
        "study_date  2019-05-03",
        "image 1     without a name",
        "impression  Cardiomegaly.",
    ] {
        assert!(out.contains(part), "no {part:?} in {out}");
    }
    let ran = place.run(&["get", "i", "A2", "none", "A3"]);
    assert!(ran.code == 3 && ran.out.contains("A2\n") && ran.out.contains("A3\n"), "{ran:?}");
    assert!(
        ran.err.contains("not in the index: none") && ran.err.contains("1 of 3 ids not found"),
        "{ran:?}"
    );
    let lines = place.ok(&["get", "i", "A3", "A1", "--json"]);
    let cases: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&cases[0]["caseId"], &cases[1]["caseId"]), (&"A3".into(), &"A1".into()));
    assert_eq!(cases[1]["fields"]["age"]["values"][0], "63");
    assert_eq!(cases[1]["report"]["sections"][0]["kind"], "SECTION_KIND_FINDINGS");
    let piped = place.run_with_input(&["get", "i", "--ids-from", "-"], b"A2\r\n\n  A1  \n");
    assert!(piped.code == 0 && piped.out.starts_with("A2\n") && piped.out.contains("\nA1\n"), "{piped:?}");
    place.refused(&["get", "i"], 2, &["<ID>"]);
    place.refused(&["get", "i", "--ids-from", "none.txt"], 2, &["none.txt"]);
}

#[test]
fn a_case_comes_with_its_embeddings_where_they_are_asked_for() {
    let place = Place::with_index();
    let case = |args: &[&str]| -> serde_json::Value { serde_json::from_str(&place.ok(args)).unwrap() };
    assert!(case(&["get", "i", "A1", "--json"])["images"][0]["embedding"].is_null());
    let whole = case(&["get", "i", "A1", "--json", "--with-embeddings"]);
    let embedding = &whole["images"][0]["embedding"];
    assert_eq!((embedding["values"].as_array().unwrap().len(), &embedding["encoderId"]), (16, &"e1".into()));
    place.refused(&["get", "i", "A1", "--with-embeddings"], 2, &["--json"]);
}

#[test]
fn the_cases_of_one_patient_are_listed() {
    let place = Place::with_index();
    let out = place.ok(&["list", "i", "--patient", "p1"]);
    assert!(out.starts_with("A3") && out.contains("\nA1") && !out.contains("A2"), "{out}");
    assert!(place.ok(&["list", "i", "--patient", "P1", "--filter", "age < 65"]).starts_with("A1"));
    place.refused(&["list", "i", "--issuer", "north"], 2, &["--patient"]);
}

#[test]
fn cases_like_a_case_are_found_with_counts_of_fields() {
    let place = Place::with_index();
    let ran = place.run(&["search", "i", "--like", "A1", "--facet", "modality", "--facet", "finding"]);
    assert!(ran.code == 0 && ran.out.starts_with("  1  A2"), "A3 is of the same patient: {ran:?}");
    assert!(ran.out.contains("modality: cr 1, none 0\n"), "{ran:?}");
    assert!(!ran.err.contains("no patient was named"), "{ran:?}");
    let near = ["search", "i", "--like", "A1", "--min-image", "0.5", "--include-same-patient"];
    let ran = place.run(&near);
    assert!(
        ran.out.contains("A3") && !ran.out.contains("A2"),
        "the other way round is a cosine of -1: {ran:?}"
    );
    place.refused(&["search", "i", "--like", "none"], 2, &["example_case_ids[0]", "no case of that id"]);
    place.refused(&["search", "i", "--filter", "age > 1", "--facet", "weight"], 2, &["facets[0].field"]);
}

#[test]
fn a_merge_of_what_was_deleted_leaves_other_segments_alone() {
    let place = Place::with_index();
    place.write("more.jsonl", b"{\"case_id\": \"B1\", \"findings\": \"Clear.\"}\n");
    place.ok(&["ingest", "i", "more.jsonl"]);
    place.ok(&["delete", "i", "A2"]);
    let out = place.ok(&["merge", "i", "--deleted"]);
    assert!(out.starts_with("2 segments of 3 cases, generation "), "{out}");
    let stats: serde_json::Value = serde_json::from_str(&place.ok(&["stats", "i", "--json"])).unwrap();
    assert_eq!((&stats["tombstoneCount"], &stats["caseCount"]), (&"0".into(), &"3".into()));
}

#[test]
fn cases_are_listed_the_latest_first() {
    let place = Place::with_index();
    assert_eq!(place.listed(), ["A3", "A2", "A1"]);
    let ran = place.run(&["list", "i", "--filter", "modality = \"DX\"", "--limit", "1"]);
    assert!(ran.out.starts_with("A3   age 65") && ran.out.lines().count() == 1, "{ran:?}");
    assert!(ran.err.contains("1 of 2 that match, of 3 cases"), "{ran:?}");
    let lines = place.ok(&["list", "i", "--json", "-k", "2"]);
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["caseId"], &first["report"]), (&"A3".into(), &serde_json::Value::Null));
    place.refused(&["list", "i", "--filter", "modalty = \"DX\""], 2, &["filter", "did you mean modality?"]);
    assert!(place.ok(&["list", "i", "--filter", "finding:cardiomegaly"]).starts_with("A1   "));
}

#[test]
fn a_list_that_nobody_reads_to_its_end_ends_early() {
    let place = Place::new();
    place.ok(&["init", "i"]);
    let rows: String =
        (0..30_000).map(|name| format!("{{\"case_id\": \"case-{name}\", \"age\": 3}}\n")).collect();
    place.write("many.jsonl", rows.as_bytes());
    place.ok(&["ingest", "i", "many.jsonl"]);
    let mut child = place
        .command(&["list", "i", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn cases_are_deleted_by_their_ids() {
    let place = Place::with_index();
    let dry = place.run(&["delete", "i", "A1", "A2", "--dry-run"]);
    assert!(
        dry.code == 0 && dry.out == "A1\nA2\n" && dry.err.contains("2 cases would be deleted"),
        "{dry:?}"
    );
    assert_eq!(place.listed().len(), 3);
    let ran = place.run(&["delete", "i", "A1", "A1", "none"]);
    assert!(ran.code == 3 && ran.out.starts_with("1 case deleted; the index holds 2 cases"), "{ran:?}");
    assert!(ran.err.contains("not in the index: none") && ran.out.contains("`precedent merge i`"), "{ran:?}");
    assert_eq!(place.listed(), ["A3", "A2"]);
    place.write("ids.txt", b"A2\n\nA3\n");
    assert!(place.ok(&["delete", "i", "--ids-from", "ids.txt"]).starts_with("2 cases deleted"));
    assert!(place.listed().is_empty());
    place.refused(&["delete", "i"], 2, &["--ids-from, --patient or --filter"]);
    place.refused(&["delete", "i", "A1", "--filter", "age > 1"], 2, &["--filter"]);
}

#[test]
fn what_a_person_has_not_named_one_by_one_is_asked_about() {
    let place = Place::with_index();
    let by_filter = ["delete", "i", "--filter", "age > 50"];
    let dry = place.run(&[&by_filter[..], &["--dry-run"]].concat());
    assert!(dry.out == "A3\nA1\n" && dry.err.contains("2 cases would be deleted"), "{dry:?}");
    // Nobody can answer: standard input is no terminal.
    place.refused(&by_filter, 2, &["2 cases would be deleted", "--dry-run", "--yes"]);
    let piped = place.run_with_input(&by_filter, b"yes\n");
    assert!(piped.code == 2 && place.listed().len() == 3, "a pipe is no person: {piped:?}");
    assert!(place.ok(&[&by_filter[..], &["--yes"]].concat()).starts_with("2 cases deleted"));
    assert_eq!(place.listed(), ["A2"]);
    assert!(place.ok(&["delete", "i", "--filter", "age > 200"]).starts_with("0 cases deleted"));
    place.refused(&["delete", "i", "--filter", "ages > 1", "--yes"], 2, &["did you mean age?"]);
}

#[test]
fn a_patients_cases_go_and_nobody_elses() {
    let place = Place::with_index();
    assert!(place.ok(&["delete", "i", "--patient", "p 1", "--yes"]).starts_with("2 cases deleted"));
    assert_eq!(place.listed(), ["A2"]);

    let row = |id: &str, issuer: &str| {
        format!(
            "{{\"case_id\": \"{id}\", \"patient_id\": \"17\", \"patient_id_issuer\": \"{issuer}\", \"age\": 3}}\n"
        )
    };
    place.write(
        "two.jsonl",
        (row("N1", "North") + &row("N2", "NORTH") + &row("S1", "south") + &row("O1", "")).as_bytes(),
    );
    place.ok(&["ingest", "i", "two.jsonl"]);
    place.refused(&["delete", "i", "--patient", "17", "--yes"], 2, &["2 issuers", "--issuer", "south"]);
    let ran = place.run(&["delete", "i", "--patient", "17", "--issuer", "north", "--yes"]);
    assert!(ran.code == 0 && ran.out.starts_with("2 cases deleted"), "{ran:?}");
    assert!(ran.err.contains("1 case of this id without an issuer") && !ran.err.contains("17"), "{ran:?}");
    let mut left = place.listed();
    left.sort();
    assert_eq!(left, ["A2", "O1", "S1"]);
    // One issuer is left, so the id alone says whose they are.
    assert!(place.ok(&["delete", "i", "--patient", "17", "--yes"]).starts_with("2 cases deleted"));
    place.refused(&["delete", "i", "A2", "--issuer", "north"], 2, &["--patient"]);
}

#[test]
fn what_is_deleted_does_not_come_back_and_can_be_ingested_anew() {
    let place = Place::with_index();
    place.ok(&["delete", "i", "A1", "A2", "A3"]);
    assert!(place.ok(&["merge", "i"]).starts_with("0 segments of 0 cases"));
    place.write("cases.jsonl", CASES.as_bytes());
    assert!(place.ok(&["ingest", "i", "cases.jsonl"]).contains("3 ingested, 0 held already"));
    assert!(place.ok(&["verify", "i"]).starts_with("sound: "));
}
