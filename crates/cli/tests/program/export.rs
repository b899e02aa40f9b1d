//! What is exported is ingested again as the same index.

use crate::support::{Place, npy};

/// Cases of every shape: with and without patient, report, images, views, names and embeddings; texts that tables write for
/// nothing; fields named as parts of a report.
const ROWS: &str = r#"{"case_id": "A1", "patient_id": "P1", "patient_id_issuer": "north", "study_date": "2019-05", "age": 63, "findings": " Heart size is enlarged.\n\tSmall effusion \u00e9\u202e. ", "impression": "Cardiomegaly.", "labels": {"problems": ["Cardiomegaly", "edema"]}, "images": [{"name": " a.dcm", "view": "PA", "embedding_row": 1}, {"embedding_row": 3}, {"name": "b.dcm", "embedding_row": null}]}
{"case_id": "A2", "fields": {"problems": ["nan", "NULL"], "impression": ["one", "two"], "kvp": 1e300, "dose": 0.1}}
{"case_id": "A3", "sections": [{"section": "impression", "text": "nan"}, {"section": "findings", "text": "Clear."}, {"section": "impression", "text": "Again."}]}
{"case_id": "A4", "report": "FINDINGS: Mass.", "images": [{"embedding_row": 0}], "view": "LATERAL"}
{"case_id": "A5", "images": ["x.png", "y.png"], "age": -5}
{"case_id": "A6", "patient_id": "P9", "images": [{"embedding_row": 2}]}
"#;

/// An index `i` of these rows, one of which was replaced and one deleted, and the rows as `get` prints them.
fn place(metric: &str) -> (Place, String) {
    let place = Place::new();
    place.write("definition.toml", DEFINITION.replace("METRIC", metric).as_bytes());
    place.ok(&["init", "i", "--definition", "definition.toml"]);
    place.write("rows.jsonl", ROWS.as_bytes());
    let vector =
        |seed: usize| (0..16).map(|at| ((seed * 31 + at * at * 7) % 13) as f32 * 0.37 - 1.9).collect();
    place.write("vectors.npy", &npy(&(0..4).map(vector).collect::<Vec<_>>()));
    place.write("gone.csv", b"case_id,age\nA0,1\nA5,7\n");
    place.ok(&["ingest", "i", "gone.csv"]);
    place.ok(&["ingest", "i", "rows.jsonl", "--embeddings", "vectors.npy", "--encoder-id", "e1"]);
    place.ok(&["delete", "i", "A0"]);
    let got = place.ok(&["get", "i", "A1", "A2", "A3", "A4", "A5", "A6", "--json"]);
    (place, got)
}

const DEFINITION: &str = r#"name = "odd"
[[space]]
role = "image"
dimension = 16
metric = "METRIC"
encoder_id = "e1"
[[field]]
name = "problems"
kind = "keywords"
[[field]]
name = "impression"
kind = "keywords"
[[field]]
name = "age"
kind = "integer"
[[field]]
name = "kvp"
kind = "number"
[[field]]
name = "dose"
kind = "number"
[[field]]
name = "study_date"
kind = "date"
[[field]]
name = "view"
kind = "keywords"
"#;

#[test]
fn every_case_and_embedding_comes_back_bit_by_bit() {
    for metric in ["cosine", "dot", "l2"] {
        let (place, got) = place(metric);
        let told = place.ok(&["export", "i", "out"]);
        assert!(told.starts_with("out: 6 cases and 4 embeddings of generation "), "{told}");
        // The commands that it prints make an index of the files.
        let commands: Vec<Vec<&str>> = (told.lines())
            .filter_map(|line| line.strip_prefix("  precedent "))
            .map(|line| line.split(' ').map(|word| if word == "NEW" { "j" } else { word }).collect())
            .collect();
        assert_eq!(commands.len(), 2, "{told}");
        for command in &commands {
            place.ok(command);
        }
        assert_eq!(place.ok(&["get", "j", "A1", "A2", "A3", "A4", "A5", "A6", "--json"]), got, "{metric}");
        // A second export is the first one again, and every case is held already.
        place.ok(&["export", "j", "again"]);
        for file in ["cases.jsonl", "embeddings.npy", "definition.toml"] {
            let read = |folder: &str| std::fs::read(place.path(folder).join(file)).unwrap();
            assert_eq!(read("out"), read("again"), "{metric}: {file}");
        }
        let held =
            ["ingest", "i", "out/cases.jsonl", "--embeddings", "out/embeddings.npy", "--encoder-id", "e1"];
        assert!(place.ok(&held).starts_with("6 rows: 0 ingested, 6 held already, 0 rejected"), "{metric}");
        // And the same search gives the same bits.
        let ask = |index: &'static str| {
            let ask =
                ["search", index, "--embedding", "vectors.npy", "--row", "1", "--encoder-id", "e1", "--json"];
            let answer: serde_json::Value = serde_json::from_str(&place.ok(&ask)).unwrap();
            answer["hits"].clone()
        };
        assert_eq!(ask("i"), ask("j"), "{metric}");
    }
}

#[test]
fn some_cases_alone_are_exported_and_a_folder_with_something_in_it_is_left_alone() {
    let (place, _) = place("cosine");
    let told = place.ok(&["export", "i", "some", "--filter", "age:*"]);
    assert!(told.starts_with("some: 2 cases and 2 embeddings"), "{told}");
    let rows = std::fs::read_to_string(place.path("some/cases.jsonl")).unwrap();
    assert!(rows.lines().count() == 2 && rows.starts_with("{\"age\":63,\"case_id\":\"A1\""), "{rows}");
    // Rows may be taken out of the manifest, as each names its embeddings.
    place.write("some/last.jsonl", rows.lines().next().unwrap().as_bytes());
    place.ok(&["init", "k", "--definition", "some/definition.toml"]);
    let vectors = ["--embeddings", "some/embeddings.npy", "--encoder-id", "e1"];
    place.ok(&[&["ingest", "k", "some/last.jsonl"], &vectors[..]].concat());
    assert!(place.ok(&["stats", "k"]).contains("embeddings   2, 2 distinct"));

    place.refused(&["export", "i", "some"], 2, &["some", "holds something", "empty folder"]);
    place.refused(&["export", "i", "new", "--filter", "agee > 1"], 2, &["filter", "age"]);
    place.refused(&["export", "nowhere", "new"], 4, &["nowhere"]);
    assert!(!place.path("new").exists());
}

#[test]
fn an_index_of_reports_is_exported_without_embeddings() {
    let place = Place::new();
    place.ok(&["init", "i"]);
    place.write("a.csv", b"case_id,impression\nA1,Mass.\n");
    place.ok(&["ingest", "i", "a.csv"]);
    let told = place.ok(&["export", "i", "out"]);
    assert!(told.contains("1 case and 0 embeddings") && !told.contains("--embeddings"), "{told}");
    assert!(!place.path("out/embeddings.npy").exists());
    place.ok(&["init", "j", "--definition", "out/definition.toml"]);
    assert!(place.ok(&["ingest", "j", "out/cases.jsonl"]).contains("1 ingested"));
}

#[test]
fn an_embedding_that_a_row_names_is_never_left_out_in_silence() {
    let (place, _) = place("cosine");
    place.refused(&["ingest", "i", "rows.jsonl"], 2, &["rows.jsonl row 1", "--embeddings"]);
    let vectors = ["--embeddings", "vectors.npy", "--encoder-id", "e1"];
    place.write("far.jsonl", b"{\"case_id\": \"F\", \"images\": [{\"embedding_row\": 4}]}\n");
    let ran = place.run(&[&["ingest", "i", "far.jsonl"], &vectors[..]].concat());
    assert!(
        ran.code == 3
            && ran.err.contains("images[0].embedding_row: is no row of the embeddings, which have 4"),
        "{ran:?}"
    );
    let both = [&["ingest", "i", "rows.jsonl", "--embeddings-per", "image"], &vectors[..]].concat();
    place.refused(&both, 2, &["--embeddings-per"]);
}
