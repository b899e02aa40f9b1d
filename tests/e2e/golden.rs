//! An index of every released format, as a program of that time left it: it must open, answer, and take cases in.
//!
//! `tests/golden/vN` holds the index and what it was made from: `definition.toml`, `cases.jsonl` (with another impression
//! of A2 first, so that there is a dead case) and `vectors.npy`, one embedding per image.

use precedent_engine::{Access, Engine};
use precedent_model::CaseId;
use precedent_query::{Guards, PathChoice, QueryVector, SearchRequest};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A copy, because a writer leaves its traces.
fn copy_of(version: &str) -> (TempDir, PathBuf) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(version).join("index");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("index");
    copy(&golden, &root);
    // Version control keeps no empty folders.
    for name in ["segments", "tombstones", "log"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    (folder, root)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn found(engine: &Engine, request: &SearchRequest) -> Vec<String> {
    let answer = engine.view().search(request, &|| false).unwrap();
    answer.hits.iter().map(|hit| hit.case.id.as_str().to_owned()).collect()
}

fn image(axis: usize, path: PathChoice) -> SearchRequest {
    let mut values = vec![0.0; 16];
    values[axis] = 1.0;
    let mut request = SearchRequest {
        vectors: vec![QueryVector { values, encoder_id: "golden-1".to_owned() }],
        guards: Guards { several_per_patient: true, ..Guards::default() },
        ..SearchRequest::default()
    };
    request.limits.path = path;
    request.limits.limit = 1;
    request
}

fn text(words: &str) -> SearchRequest {
    SearchRequest { text: Some(words.to_owned()), ..SearchRequest::default() }
}

#[test]
fn version_1_opens_answers_and_takes_cases_in() {
    let (_folder, root) = copy_of("v1");
    let found_by_check = Engine::verify(&root, &|_, _| {}).unwrap();
    assert!(found_by_check.damages.is_empty(), "{found_by_check:?}");

    let reader = Engine::open(&root, Access::Read).unwrap();
    let stats = reader.stats().unwrap();
    assert_eq!((stats.cases, stats.tombstones, stats.segments.len()), (4, 1, 2));
    assert!(stats.segments.iter().any(|segment| segment.has_graph));
    for path in [PathChoice::Graph, PathChoice::Exact] {
        assert_eq!(found(&reader, &image(0, path)), ["A1"]);
        assert_eq!(found(&reader, &image(1, path)), ["A2"]);
        assert_eq!(found(&reader, &image(3, path)), ["A4"]);
    }
    assert_eq!(found(&reader, &text("\"acute disease\"")), ["A2"]);
    assert!(found(&reader, &text("\"acute finding\"")).is_empty());
    let filter =
        SearchRequest { filter: Some("problems:edema OR age >= 65".to_owned()), ..SearchRequest::default() };
    assert_eq!(found(&reader, &filter), ["A3"]);
    let case = reader.view().case(&CaseId::new("A2").unwrap()).unwrap().unwrap();
    assert_eq!(case.patient.unwrap().issuer(), Some("north"));

    let writer = Engine::open(&root, Access::Bulk).unwrap();
    assert_eq!(writer.delete(&[CaseId::new("A1").unwrap()]).unwrap().deleted, 1);
    writer.merge_all(&|_, _, _| true).unwrap();
    assert_eq!(found(&writer, &image(0, PathChoice::Graph)).len(), 1);
    assert_eq!(writer.view().case_count(), 3);
}
