//! Whatever comes in wrongly is named, ends with its code, and changes nothing.

use crate::support::{CASES, Place, npy};

#[test]
fn searches_that_cannot_be() {
    let place = Place::with_index();
    place.write("short.npy", &npy(&[vec![1.0; 17]]));
    place.write("nan.npy", &npy(&[vec![f32::NAN; 16]]));
    place.write("zero.npy", &npy(&[vec![0.0; 16]]));
    let asks: [(&[&str], &[&str]); 12] = [
        (&["-k", "0", "--text", "x"], &["limit", "is 0", "1 to 1000"]),
        (&["-k", "1001", "--text", "x"], &["limit", "is 1001"]),
        (&[], &["at least one of embeddings, images, image_text, example_case_ids, text and filter"]),
        (&["--filter", "modality = "], &["filter", "at 11"]),
        (&["--filter", "modalty = \"DX\""], &["filter", "modalty", "modality"]),
        (&["--filter", "age = \"old\""], &["filter", "age"]),
        (&["--text", "x", "--before", "yesterday"], &["before", "2019-05-03"]),
        (&["--embedding", "short.npy", "--encoder-id", "e1"], &["embeddings[0]", "17 numbers", "16"]),
        (&["--embedding", "nan.npy", "--encoder-id", "e1"], &["embeddings[0]", "NaN"]),
        (&["--embedding", "zero.npy", "--encoder-id", "e1"], &["embeddings[0]", "is zero"]),
        (&["--embedding", "vectors.npy", "--encoder-id", "e2"], &["encoder e2", "e1"]),
        (&["--embedding", "vectors.npy", "--encoder-id", "e1", "--row", "3"], &["3"]),
    ];
    for (args, words) in asks {
        place.refused(&[&["search", "i"], args].concat(), 2, words);
    }
    place.refused(&["search", "i", "--embedding", "vectors.npy"], 2, &["--encoder-id"]);
    place.refused(&["search", "i", "--txt", "x"], 2, &["--txt", "--text"]);
}

#[test]
fn an_instruction_set_that_the_machine_lacks() {
    let place = Place::with_index();
    let run =
        |name: &str| place.command(&["stats", "i"]).env("PRECEDENT_INSTRUCTION_SET", name).output().unwrap();
    assert!(run("portable").status.success());
    let refused = run("mmx");
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    for word in ["PRECEDENT_INSTRUCTION_SET", "mmx", "portable"] {
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn embeddings_that_do_not_fit_are_refused_before_anything_goes_in() {
    let place = Place::with_index();
    let ingest = |file: &str, encoder: &str, words: &[&str]| {
        let args = ["ingest", "i", "cases.jsonl", "--embeddings", file, "--encoder-id", encoder];
        place.refused(&args, 2, words);
    };
    place.write("wide.npy", &npy(&[vec![1.0; 17], vec![1.0; 17], vec![1.0; 17]]));
    place.write("few.npy", &npy(&[vec![1.0; 16]]));
    place.write("cut.npy", &npy(&[vec![1.0; 16]])[..100]);
    place.write("no.npy", b"hello");
    ingest("wide.npy", "e1", &["wide.npy", "17 numbers", "16"]);
    ingest("few.npy", "e1", &["few.npy", "1 rows", "3 rows"]);
    ingest("cut.npy", "e1", &["cut.npy"]);
    ingest("no.npy", "e1", &["no.npy"]);
    ingest("missing.npy", "e1", &["missing.npy"]);
    ingest("vectors.npy", "e2", &["e2", "e1"]);
}

#[test]
fn a_bad_embedding_rejects_its_row_only() {
    let place = Place::with_index();
    place.write("cases.jsonl", CASES.replace("\"A", "\"B").as_bytes());
    place.write("vectors.npy", &npy(&[vec![1.0; 16], vec![f32::INFINITY; 16], vec![0.0; 16]]));
    let ran = place.run(&["ingest", "i", "cases.jsonl", "--embeddings", "vectors.npy", "--encoder-id", "e1"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.out.contains("1 ingested, 0 held already, 2 rejected"), "{ran:?}");
    let listed = std::fs::read_to_string(place.path("rejected.jsonl")).unwrap();
    assert!(listed.contains("inf") && listed.contains("is zero"), "{listed}");
}

#[test]
fn broken_manifests_name_row_and_remedy() {
    let place = Place::with_index();
    let long = format!("{{\"case_id\": \"L\", \"impression\": \"{}\"}}\n", "x ".repeat(5 << 20));
    for (name, bytes, word) in [
        ("broken.jsonl", b"{\"case_id\": \"B1\", \n".as_slice(), "row 1"),
        ("latin.csv", b"case_id,impression\nB1,Herzgr\xf6\xdfe normal\n", "row 1"),
        ("long.jsonl", long.as_bytes(), "row 1"),
        ("two.csv", b"case_id,case_id\nB1,B1\n", "case_id"),
    ] {
        place.write(name, bytes);
        let ran = place.run(&["ingest", "i", name]);
        assert!(matches!(ran.code, 2 | 3), "{name}: {ran:?}");
        assert!(ran.err.contains(word), "{name}: {}", ran.err);
        assert!(place.ok(&["stats", "i"]).contains("cases        3,"), "{name}");
    }
    place.refused(&["ingest", "i", "nowhere.jsonl"], 2, &["nowhere.jsonl"]);
    place.write("notes.txt", b"hello");
    place.refused(&["ingest", "i", "notes.txt"], 2, &["notes.txt", "jsonl"]);
}

#[test]
fn places_that_are_no_index() {
    let place = Place::with_index();
    for command in ["search", "stats", "verify", "merge", "serve"] {
        let mut args = vec![command, "nowhere"];
        if command == "search" {
            args.extend(["--text", "x"]);
        }
        place.refused(&args, 4, &["nowhere", "no index", "precedent init"]);
    }
    place.refused(&["init", "i"], 2, &["not empty"]);
    assert!(!place.path("nowhere").exists());
}

#[test]
fn a_plaintext_listener_for_other_machines_is_refused() {
    let place = Place::with_index();
    place.refused(&["serve", "i", "--listen", "0.0.0.0:50051"], 2, &["loopback"]);
}

#[test]
fn damage_is_named_by_file_and_never_searched() {
    for part in ["records", "vectors", "columns", "keys", "lexical"] {
        let place = Place::with_index();
        let folder = place.path("i/segments");
        let segment = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        let file = segment.join(part);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[70] ^= 1;
        place.write(file.to_str().unwrap(), &bytes);
        let ran = place.run(&["verify", "i"]);
        assert_eq!(ran.code, 4, "{part}: {ran:?}");
        assert!(ran.out.contains(&format!("/{part}: ")), "{part}: {ran:?}");
        let ran = place.run(&["search", "i", "--filter", "age > 1", "--text", "effusion"]);
        assert!(ran.code == 4 && ran.err.contains(part) || part == "vectors", "{part}: {ran:?}");
    }
}

#[test]
fn the_list_of_rejected_rows_is_no_source() {
    let place = Place::with_index();
    place.write("bad.jsonl", b"{\"x\": 1}\n");
    place.refused(
        &["ingest", "i", "bad.jsonl", "--rejected", "bad.jsonl"],
        2,
        &["--rejected", "another file"],
    );
    place.refused(&["ingest", "i", "bad.jsonl", "--rejects", "i/writer.lock"], 2, &["--rejected"]);
    place.refused(&["ingest", "i", "bad.jsonl", "--encoder-id", "e1"], 2, &["--embeddings"]);
    assert_eq!(std::fs::read(place.path("bad.jsonl")).unwrap(), b"{\"x\": 1}\n");
}

#[test]
fn an_archive_without_its_manifest_is_not_told_to_make_a_new_index() {
    let place = Place::with_index();
    for entry in std::fs::read_dir(place.path("i")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("manifest-") {
            std::fs::remove_file(path).unwrap();
        }
    }
    place.refused(&["search", "i", "--text", "x"], 4, &["manifest", "missing", "restore"]);
}
