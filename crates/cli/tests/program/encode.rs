//! Texts and images turned into vectors, which an index takes.

use crate::support::Place;
use std::io::Write;
use std::process::Stdio;

const NOTICE: &str = "demo encoder, not for clinical images";

/// Three phantoms as PNG, and the paths of two films.
fn with_films() -> (Place, [String; 2]) {
    let place = Place::new();
    place.ok(&["phantom", "made", "--studies", "3", "--size", "128", "--formats", "png"]);
    let folder = place.path("made/images");
    let mut films: Vec<String> = (std::fs::read_dir(folder).unwrap())
        .map(|entry| format!("made/images/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    films.sort();
    (place, [films[0].clone(), films[1].clone()])
}

#[test]
fn texts_become_vectors_on_standard_output() {
    let place = Place::new();
    let ran = place.run(&["encode", "--text", "Small left effusion.", "--text", "-no change"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains(NOTICE) && ran.err.contains("encoder phantom-cxr@"), "{}", ran.err);
    let rows: Vec<Vec<f32>> = (ran.out.lines())
        .map(|line| line.split(' ').map(|number| number.parse().unwrap()).collect())
        .collect();
    assert_eq!((rows.len(), rows[0].len()), (2, 256));
    assert_ne!(rows[0], rows[1]);

    let json = place.ok(&["encode", "--text", "Small left effusion.", "--json"]);
    let embedding: serde_json::Value = serde_json::from_str(json.trim()).unwrap();
    assert!(embedding["encoderId"].as_str().unwrap().starts_with("phantom-cxr@"));
    assert_eq!(embedding["values"].as_array().unwrap().len(), 256);
}

#[test]
fn lines_and_images_become_rows_that_an_index_takes() {
    let (place, [first, second]) = with_films();
    let said = place.ok(&["encode", "--image", &first, "--image", &second, "--out", "films.npy"]);
    assert!(said.contains("films.npy: 2 vectors of 256 numbers, encoder phantom-cxr@"), "{said}");
    let id = said.trim().rsplit(' ').next().unwrap();
    let case = |name: &str| format!("{{\"case_id\": \"{name}\", \"findings\": \"Clear.\"}}\n");
    place.write("two.jsonl", (case("A") + &case("B")).as_bytes());
    place.ok(&["init", "i", "--dimension", "256", "--encoder-id", id]);
    place.ok(&["ingest", "i", "two.jsonl", "--embeddings", "films.npy", "--encoder-id", id]);
    place.ok(&["encode", "--image", &second, "--out", "one.npy"]);
    let found = place.ok(&["search", "i", "--embedding", "one.npy", "--encoder-id", id]);
    assert!(found.starts_with("  1  B   cosine 1.0000"), "{found}");

    // A text per line, from a file and from standard input, is the same.
    place.write("lines.txt", "Clear lungs.\r\nLarge heart.\n".repeat(40).as_bytes());
    assert!(place.ok(&["encode", "--lines", "lines.txt", "--out", "file.npy"]).contains("80 vectors"));
    let mut command = place.command(&["encode", "--lines", "-", "--out", "piped.npy"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("Clear lungs.\nLarge heart.\n".repeat(40).as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let read = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert_eq!(read("file.npy"), read("piped.npy"));
}

#[test]
fn what_cannot_be_encoded_is_named_and_leaves_no_file() {
    let (place, [film, _]) = with_films();
    place.write("gap.txt", b"Clear.\n\nLarge heart.\n");
    place.write("latin.txt", b"Clear.\nHerz vergr\xf6\xdfert.\n");
    place.write("empty.txt", b"");
    place.write("no.png", b"GIF89a");
    place.refused(
        &["encode", "--lines", "gap.txt", "--out", "x.npy"],
        2,
        &["gap.txt: line 2", "letters or digits"],
    );
    place.refused(&["encode", "--lines", "latin.txt", "--out", "x.npy"], 2, &["latin.txt: line 2", "UTF-8"]);
    place.refused(&["encode", "--lines", "empty.txt", "--out", "x.npy"], 2, &["empty.txt: it has no line"]);
    place.refused(&["encode", "--text", " ", "--out", "x.npy"], 2, &["--text: the text has no word"]);
    place.refused(
        &["encode", "--image", &film, "--image", "no.png", "--out", "x.npy"],
        2,
        &["no.png: not a DICOM"],
    );
    assert!(!place.path("x.npy").exists() && !place.path("x.npy.part").exists());
    place.refused(&["encode"], 2, &["--text", "--lines", "--image"]);
    place.refused(&["encode", "--text", "a", "--image", &film], 2, &["cannot be used with"]);
    place.refused(&["encode", "--image", &film, "--text-encoder", "."], 2, &["cannot be used with"]);
    place.refused(
        &["encode", "--text", "a", "--text-encoder", "."],
        2,
        &["config.json cannot be read", "vocab.txt"],
    );
    place.refused(&["encode", "--text", "a", "--encoder-dir", "."], 2, &["encoder.toml cannot be read"]);
}
