//! An index of before there was a lexicon: it answers, says what it cannot know, and a merge reads it anew.

use crate::support::names;
use precedent_engine::{Access, Engine};
use precedent_query::{Guards, SearchRequest, SearchResponse};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A copy of the golden index of format 1.
fn of_before() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/v1/index"), folder.path());
    folder
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

fn ask(engine: &Engine, text: Option<&str>, filter: Option<&str>) -> SearchResponse {
    let guards = Guards { several_per_patient: true, include_same_patient: true, ..Guards::default() };
    let (text, filter) = (text.map(str::to_owned), filter.map(str::to_owned));
    let request = SearchRequest { text, filter, guards, ..SearchRequest::default() };
    engine.view().search(&request, &|| false).unwrap()
}

fn warnings(answer: &SearchResponse) -> Vec<String> {
    answer
        .plan
        .warnings
        .iter()
        .map(|warning| format!("{}: {}", warning.code.name(), warning.message))
        .collect()
}

#[test]
fn searches_by_what_reports_say_are_warned_and_others_are_not() {
    let folder = of_before();
    let engine = Engine::open(folder.path(), Access::Bulk).unwrap();
    assert!(engine.stats().unwrap().stale.cases > 0);
    let by_text = ask(&engine, Some("effusion"), None);
    for answer in [&by_text, &ask(&engine, None, Some("NOT finding:mass"))] {
        let warnings = warnings(answer);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].starts_with("STALE_LEXICON: 4 of 4 cases were read by another lexicon"),
            "{warnings:?}"
        );
        assert!(warnings[0].contains("a merge reads them anew"), "{warnings:?}");
    }
    assert!(warnings(&ask(&engine, None, Some("age > 1"))).is_empty());

    // What was not read is not known.
    assert!(names(&ask(&engine, None, Some("finding:*"))).is_empty());
    assert!(names(&ask(&engine, None, Some("NOT finding:*"))).is_empty());

    engine.merge_all(&|_, _, _| true).unwrap();
    assert_eq!(engine.stats().unwrap().stale.cases, 0);
    let read = ask(&engine, None, Some("finding:* OR NOT finding:*"));
    assert!(warnings(&read).is_empty() && !read.hits.is_empty());
}

#[test]
fn highlights_are_those_of_now_whatever_the_segment() {
    let folder = of_before();
    let engine = Engine::open(folder.path(), Access::Bulk).unwrap();
    let before = ask(&engine, Some("effusion"), None);
    engine.merge_all(&|_, _, _| true).unwrap();
    let after = ask(&engine, Some("effusion"), None);
    assert!(!after.hits.is_empty());
    for hit in &after.hits {
        let old = before.hits.iter().find(|old| old.case.id == hit.case.id).unwrap();
        assert_eq!(old.highlights, hit.highlights);
    }
}
