//! What a load does beside taking cases in: when it merges, and what it lists.

use crate::support::{Place, npy};

const VECTORS: [&str; 4] = ["--embeddings", "vectors.npy", "--encoder-id", "e1"];

fn segments(place: &Place) -> usize {
    place.ok(&["stats", "i"]).lines().filter(|line| line.starts_with("segment ")).count()
}

/// Writes a manifest of so many cases from this number on, with an embedding each, and takes it in.
fn load(place: &Place, from: usize, count: usize, flags: &[&str]) -> String {
    let rows: String = (from..from + count)
        .map(|name| format!("{{\"case_id\": \"c{name}\", \"findings\": \"Word {name}.\"}}\n"))
        .collect();
    place.write("load.jsonl", rows.as_bytes());
    let vector = |name: usize| (0..16).map(|at| ((name + 1) * (at + 3) % 2_003) as f32).collect();
    place.write("vectors.npy", &npy(&(from..from + count).map(vector).collect::<Vec<_>>()));
    place.ok(&[&["ingest", "i", "load.jsonl"], &VECTORS[..], flags].concat())
}

fn with_small_graphs() -> Place {
    let place = Place::new();
    place.write("graph.toml", b"name = 'graph'\n[graph]\nmin_nodes = 100");
    place.ok(&["init", "i", "--definition", "graph.toml", "--dimension", "16", "--encoder-id", "e1"]);
    place
}

#[test]
fn a_first_load_ends_with_a_graph_and_a_few_more_cases_do_not_touch_it() {
    let place = with_small_graphs();
    load(&place, 0, 300, &[]);
    let built = place.ok(&["stats", "i"]);
    assert!(segments(&place) == 1 && built.contains("dead, graph,"), "{built}");
    let graph = built.lines().find(|line| line.starts_with("segment ")).unwrap();
    load(&place, 300, 5, &[]);
    let after = place.ok(&["stats", "i"]);
    assert!(segments(&place) == 2 && after.contains(graph), "{after}");
    let found = ["search", "i", "--embedding", "vectors.npy", "--row", "3", "--encoder-id", "e1", "-k", "1"];
    assert!(place.ok(&found).starts_with("  1  c303   cosine 1.0000"));
    // As many again are worth a graph of all.
    load(&place, 305, 300, &[]);
    assert_eq!(segments(&place), 1);
}

#[test]
fn a_load_that_was_cut_short_before_its_merge_merges_when_it_is_run_again() {
    let place = with_small_graphs();
    load(&place, 0, 300, &["--no-merge"]);
    assert!(!place.ok(&["stats", "i"]).contains("dead, graph,"));
    let out = load(&place, 0, 300, &[]);
    assert!(out.starts_with("300 rows: 0 ingested, 300 held already"), "{out}");
    assert!(place.ok(&["stats", "i"]).contains("dead, graph,"));
}

#[test]
fn merging_can_be_asked_for_and_refused() {
    let place = with_small_graphs();
    load(&place, 0, 20, &[]);
    load(&place, 20, 20, &[]);
    assert_eq!(segments(&place), 2, "too few for a graph");
    load(&place, 40, 20, &["--merge"]);
    assert_eq!(segments(&place), 1);
    // Also where nothing new comes.
    load(&place, 100, 5, &[]);
    assert_eq!(segments(&place), 2);
    load(&place, 100, 5, &["--merge"]);
    assert_eq!(segments(&place), 1);
    load(&place, 200, 200, &["--no-merge"]);
    assert_eq!(segments(&place), 2);
    place.refused(&["ingest", "i", "load.jsonl", "--merge", "--no-merge"], 2, &["--no-merge"]);
}

#[test]
fn many_small_loads_are_told_of_a_merge() {
    let place = with_small_graphs();
    let told = |out: &str| out.contains("note: 8 segments") && out.contains("`precedent merge i`");
    for step in 0..7 {
        let out = load(&place, step * 10, 10, &[]);
        assert!(!out.contains("precedent merge"), "{out}");
    }
    assert!(told(&load(&place, 70, 10, &[])));
}

#[test]
fn the_list_of_rejected_rows_is_of_one_run() {
    let place = Place::with_index();
    let listed = |name: &str| std::fs::read_to_string(place.path(name)).ok();
    place.write("two.csv", b"case_id,impression\nB1,\nB2,\n");
    place.write("one.csv", b"case_id,impression\nB1,Mass.\n,x\n");
    place.write("good.csv", b"case_id,impression\nB2,Mass.\n");
    // A dry run shows every one and writes nothing.
    let dry = place.run(&["ingest", "i", "two.csv", "--dry-run"]);
    assert!(dry.code == 3 && dry.err.matches("rejected: two.csv row").count() == 2, "{dry:?}");
    assert_eq!(listed("rejected.jsonl"), None);

    assert_eq!(place.run(&["ingest", "i", "two.csv"]).code, 3);
    assert_eq!(listed("rejected.jsonl").unwrap().lines().count(), 2);
    assert_eq!(place.run(&["ingest", "i", "one.csv"]).code, 3);
    assert_eq!(listed("rejected.jsonl").unwrap().lines().count(), 1);
    place.run(&["ingest", "i", "good.csv", "--dry-run"]);
    assert!(listed("rejected.jsonl").is_some(), "a dry run leaves it alone");
    place.ok(&["ingest", "i", "good.csv"]);
    assert_eq!(listed("rejected.jsonl"), None);

    assert_eq!(place.run(&["ingest", "i", "two.csv", "--rejected", "mine.jsonl"]).code, 3);
    assert!(listed("mine.jsonl").is_some() && listed("rejected.jsonl").is_none());
}

#[test]
fn a_file_of_something_else_is_not_overwritten_by_the_list() {
    let place = Place::with_index();
    place.write("two.csv", b"case_id,impression\nB1,\nB2,\n");
    for (name, bytes) in [
        ("notes.txt", b"do not lose me\n".as_slice()),
        ("cases.jsonl", b"{\"case_id\": \"A1\", \"source\": \"x\"}\n"),
        ("binary", b"\xff\xfe\x00"),
    ] {
        place.write(name, bytes);
        let words = [name, "--rejected", "name another file"];
        place.refused(&["ingest", "i", "two.csv", "--rejected", name], 2, &words);
        assert_eq!(std::fs::read(place.path(name)).unwrap(), bytes);
    }
    place.write("empty", b"");
    assert_eq!(place.run(&["ingest", "i", "two.csv", "--rejected", "empty"]).code, 3);
}
