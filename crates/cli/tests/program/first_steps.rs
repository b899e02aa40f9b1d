//! The commands of the README, and what a person expects of them.

use crate::support::{CASES, Place};

#[test]
fn reports_go_in_and_are_found_by_text_phrase_and_filter() {
    let place = Place::with_index();
    let out = place.ok(&["search", "i", "--text", "\"left pleural\" cardiomegaly"]);
    assert!(out.starts_with("  1  A1   bm25 "), "{out}");
    assert!(out.contains("impression  Cardiomegaly."), "{out}");
    let out = place.ok(&["search", "i", "--text", "no effusion", "--filter", "modality = \"cr\""]);
    assert!(out.contains("A2") && !out.contains("A1"), "{out}");
    let out = place.ok(&["search", "i", "--filter", "problems:\"cardiomegaly\" AND age >= 60"]);
    assert!(out.starts_with("  1  A1\n"), "{out}");
}

#[test]
fn an_embedding_finds_other_patients_and_ones_own_only_when_asked() {
    let place = Place::with_index();
    let ask = ["search", "i", "--embedding", "vectors.npy", "--encoder-id", "e1", "--patient-id", "P1"];
    let out = place.ok(&ask);
    assert!(out.starts_with("  1  A2   cosine -1.0000 (rank 1)") && !out.contains("A1"), "{out}");
    let own = place.ok(&[&ask[..], &["--include-same-patient"]].concat());
    assert!(own.starts_with("  1  A1   cosine 1.0000 (rank 1)"), "{own}");
}

#[test]
fn json_is_the_answer_of_the_service() {
    let place = Place::with_index();
    let out = place.ok(&["search", "i", "--text", "effusion", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["totalHits"], 1);
    assert_eq!(answer["plan"]["channels"][0]["channel"], "CHANNEL_LEXICAL");
    assert_eq!(answer["record"]["requestDigest"].as_str().unwrap().len(), 64);
    let stats: serde_json::Value = serde_json::from_str(&place.ok(&["stats", "i", "--json"])).unwrap();
    assert_eq!(stats["caseCount"], "3");
}

#[test]
fn neighbours_vote_where_they_are_asked() {
    let place = Place::with_index();
    let ask = ["search", "i", "--embedding", "vectors.npy", "--encoder-id", "e1"];
    assert!(place.ok(&ask).starts_with("  1  "), "an embedding alone asks for hits");
    let out = place.ok(&[&ask[..], &["--consensus=2", "--diversity", "0.5"]].concat());
    assert!(out.starts_with("consensus: 2 patients, weighing as much as 1.0 of equal weight"), "{out}");
    assert!(out.contains("\n     cardiomegaly ") && out.contains("\nnearest normal: "), "{out}");
    let json = place.ok(&[&ask[..], &["--consensus", "--json"]].concat());
    let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(answer["consensus"]["votes"][0]["finding"], "cardiomegaly", "{json}");
    assert_eq!(answer["consensus"]["calibrated"], false);
    let text = place.run(&["search", "i", "--text", "cardiomegaly", "--consensus"]);
    assert!(text.err.contains("note: no consensus: the search is not by image; give an image"), "{text:?}");
    place.refused(&[&ask[..], &["--consensus=0"]].concat(), 2, &["judgement.neighbour_count", "1 to 100"]);
    place.refused(&[&ask[..], &["--consensus", "--no-consensus"]].concat(), 2, &["cannot be used with"]);
}

#[test]
fn the_same_again_changes_nothing_and_a_changed_row_replaces() {
    let place = Place::with_index();
    let args = ["ingest", "i", "cases.jsonl", "--embeddings", "vectors.npy", "--encoder-id", "e1"];
    assert!(place.ok(&args).starts_with("3 rows: 0 ingested, 3 held already, 0 rejected\n"));
    place.write("cases.jsonl", CASES.replace("No acute disease.", "Pneumonia.").as_bytes());
    assert!(place.ok(&args).starts_with("3 rows: 1 ingested, 2 held already, 0 rejected\n"));
    assert!(place.ok(&["search", "i", "--text", "pneumonia"]).contains("A2"));
    assert!(place.ok(&["stats", "i"]).contains("3, and 1 deleted or replaced"));
    assert!(place.ok(&["merge", "i"]).starts_with("1 segment of 3 cases"));
    assert!(place.ok(&["stats", "i"]).contains("3, and 0 deleted or replaced"));
    assert!(place.ok(&["verify", "i"]).starts_with("sound: "));
}

#[test]
fn a_dry_run_says_what_would_happen_and_does_not() {
    let place = Place::with_index();
    place.write("more.csv", b"case_id,impression\nB1,Pneumothorax.\nB2,\n");
    let ran = place.run(&["ingest", "i", "more.csv", "--dry-run"]);
    assert!(ran.out.starts_with("2 rows: 1 would be ingested, 0 held already, 1 rejected"), "{ran:?}");
    assert!(place.ok(&["stats", "i"]).contains("cases        3,"));
    let vectors = ["--embeddings", "vectors.npy", "--encoder-id", "e1"];
    let out = place.ok(&[&["ingest", "i", "cases.jsonl", "--dry-run"], &vectors[..]].concat());
    assert!(out.starts_with("3 rows: 0 would be ingested, 3 held already"), "{out}");
}

#[test]
fn rejected_rows_are_listed_and_the_rest_goes_in() {
    let place = Place::with_index();
    place.write("more.csv", b"case_id,age,impression\nB1,old,Normal.\nB2,50,Pneumothorax.\n,3,x\n");
    let ran = place.run(&["ingest", "i", "more.csv", "--rejected", "bad.jsonl"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.out.contains("2 ingested, 0 held already, 1 rejected"), "{ran:?}");
    let listed = std::fs::read_to_string(place.path("bad.jsonl")).unwrap();
    let rows: Vec<serde_json::Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows[0]["row"].as_u64(), rows[0]["field"].as_str()), (Some(1), Some("age")));
    assert_eq!((rows[1]["row"].as_u64(), rows[1]["field"].as_str()), (Some(3), Some("case_id")));
    assert!(!listed.contains("old"), "a rejection quotes the value");
}

#[test]
fn completions_name_the_commands() {
    let script = Place::new().ok(&["completions", "bash"]);
    assert!(script.contains("ingest") && script.contains("--rejected"));
}

#[test]
fn every_command_has_a_man_page() {
    let place = Place::new();
    place.ok(&["man", "pages"]);
    let page = |name: &str| std::fs::read_to_string(place.path("pages").join(name)).unwrap();
    assert!(page("precedent.1").contains("precedent\\-ingest(1)"), "{}", page("precedent.1"));
    assert!(page("precedent-ingest.1").contains("\\-\\-rejected"));
    assert!(page("precedent-delete.1").contains("\\-\\-dry\\-run"));
    assert!(!place.ok(&["--help"]).contains("man pages"), "the command is for packagers");
}

#[test]
fn an_id_that_stands_twice_ends_as_its_last_row_says_however_often_it_is_ingested() {
    let place = Place::with_index();
    let row = |text: &str| format!("{{\"case_id\": \"D\", \"impression\": \"{text}\"}}\n");
    place.write("twice.jsonl", (row("first") + &row("second")).as_bytes());
    for _ in 0..3 {
        let out = place.ok(&["ingest", "i", "twice.jsonl"]);
        assert!(out.contains("1 row repeats the case id of an earlier one"), "{out}");
        assert!(place.ok(&["search", "i", "--text", "second"]).contains("D"));
        assert!(place.ok(&["search", "i", "--text", "first"]).is_empty());
    }
}

#[test]
fn the_same_question_prints_the_same_json_and_a_leading_minus_is_text() {
    let place = Place::with_index();
    let ask = ["search", "i", "--filter", "modality:*", "--json"];
    // Only the time that it took differs.
    let lines = || -> Vec<String> {
        let out = place.ok(&ask);
        out.lines().filter(|line| !line.contains("Microseconds")).map(str::to_owned).collect()
    };
    let first = lines();
    for _ in 0..3 {
        assert_eq!(lines(), first);
    }
    let out =
        place.ok(&["search", "i", "--text", "-cardiomegaly text:effusion", "--filter", "-problems:normal"]);
    assert!(!out.contains("A1") && !out.contains("A2"), "{out}");
}
