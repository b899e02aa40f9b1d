//! `precedent eval`: what it prints, which files it writes, and what it refuses.

use crate::support::{Place, npy};
use serde_json::Value;

const CASES: usize = 60;

/// An index `i` of cases of three kinds, each with an embedding, a report and a label.
fn place() -> Place {
    let place = Place::new();
    let kinds = [
        ("Right pneumothorax.", "pneumothorax"),
        ("Small left pleural effusion.", "effusion"),
        ("No acute disease.", "normal"),
    ];
    let row = |number: usize| {
        let (report, label) = kinds[number % 3];
        format!(
            r#"{{"case_id": "C{number}", "patient_id": "P{number}", "study_date": "20{:02}-01-02", "sex": "{}", "age": {}, "impression": "{report}", "labels": {{"problems": ["{label}"]}}}}"#,
            number % 20,
            if number.is_multiple_of(2) { "F" } else { "M" },
            20 + number
        )
    };
    let rows: Vec<String> = (0..CASES).map(row).collect();
    place.write("cases.jsonl", (rows.join("\n") + "\n").as_bytes());
    place.write("vectors.npy", &npy(&(0..CASES).map(vector).collect::<Vec<Vec<f32>>>()));
    place.ok(&["init", "i", "--dimension", "16", "--encoder-id", "e1"]);
    place.ok(&["ingest", "i", "cases.jsonl", "--embeddings", "vectors.npy", "--encoder-id", "e1"]);
    place
}

/// Cases of a kind look alike.
fn vector(number: usize) -> Vec<f32> {
    (0..16).map(|at| if at == number % 3 { 1.0 } else { ((number * 7 + at) % 11) as f32 * 0.01 }).collect()
}

fn figure(document: &Value, name: &str) -> f64 {
    let metrics = document["metrics"].as_array().unwrap();
    metrics.iter().find(|metric| metric["name"] == name).unwrap()["value"].as_f64().unwrap()
}

#[test]
fn an_index_is_evaluated_by_its_own_cases() {
    let place = place();
    let out = place.ok(&["eval", "i", "--sample", "30", "--least-group", "5"]);
    for words in [
        "i: 60 cases of 60 patients",
        "30 queries of 30 patients",
        "30 find earlier cases only",
        "truth: reports, known of 60 cases",
        "the program itself reads",
        "precision@10",
        "pleural effusion",
        "sex: f",
        "hubness: skewness of N10",
        "two hits share",
    ] {
        assert!(out.contains(words), "no {words:?} in\n{out}");
    }
    let json = place.ok(&["eval", "i", "--sample", "30", "--any-time", "--labels", "problems", "--json"]);
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["truth"]["source"], "labels:problems");
    assert_eq!(figure(&document, "precision@10"), 1.0, "those of a kind look alike");
    assert_eq!(document["queries"]["earlierOnly"], 0);
    assert_eq!(
        json,
        place.ok(&["eval", "i", "--sample", "30", "--any-time", "--labels", "problems", "--json"])
    );
}

#[test]
fn queries_of_a_file_are_asked_and_files_are_written_whole() {
    let place = place();
    let rows: String = (30..60).map(|number| format!("{{\"case_id\": \"C{number}\"}}\n")).collect();
    place.write("queries.jsonl", rows.as_bytes());
    let ask = ["eval", "i", "--queries", "queries.jsonl", "--ask", "both"];
    let outputs = ["--html", "page.html", "--output", "figures.json", "--trec", "trec"];
    let against = ["--against-with", "image_weight=0", "--no-pools"];
    let out = place.ok(&[ask.as_slice(), &outputs, &against].concat());
    assert!(out.contains("second: the same index, image_weight=0;"), "{out}");
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
    let page = read("page.html");
    assert!(page.contains("<h2>Compared</h2>") && !page.contains("<script") && page.ends_with("</html>\n"));
    let document: Value = serde_json::from_str(&read("figures.json")).unwrap();
    assert_eq!(document["against"]["settings"]["imageWeight"], 0.0);
    assert_eq!(document["pools"], Value::Array(Vec::new()));
    assert!(read("trec/run.trec").lines().all(|line| line.split(' ').count() == 6));
    assert!(read("trec/qrels.trec").lines().all(|line| line.split(' ').count() == 4));
    let names: Vec<String> = std::fs::read_dir(place.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().all(|name| !name.ends_with(".part")), "{names:?}");
}

#[test]
fn another_index_is_compared() {
    let place = place();
    let cases = std::fs::read_to_string(place.path("cases.jsonl")).unwrap();
    let half: String = cases.lines().take(30).map(|line| format!("{line}\n")).collect();
    place.write("half.jsonl", half.as_bytes());
    place.ok(&["init", "j", "--dimension", "16", "--encoder-id", "e1", "--name", "half"]);
    place.write("half.npy", &npy(&(0..30).map(vector).collect::<Vec<Vec<f32>>>()));
    let vectors = ["--embeddings", "half.npy", "--encoder-id", "e1"];
    place.ok(&[["ingest", "j", "half.jsonl"].as_slice(), &vectors].concat());
    let out = place.ok(&["eval", "i", "--sample", "60", "--against", "j", "--any-time", "--no-pools"]);
    assert!(out.contains("second: half, the default settings; 30 queries, 30 not asked"), "{out}");
}

#[test]
fn what_cannot_be_is_refused_with_the_remedy_and_writes_nothing() {
    let place = place();
    place.write("bad.jsonl", b"{\"case_id\": \"C1\"}\n{\"case_id\": \"CANARY\"}\n");
    place.write("empty.jsonl", b"\n");
    let page = ["--html", "page.html"];
    let check =
        |args: &[&str], words: &[&str]| place.refused(&[&["eval", "i"], args, &page].concat(), 2, words);
    check(
        &["--queries", "bad.jsonl"],
        &["bad.jsonl:2: case_id: the index has no case of that id; leave the row out"],
    );
    check(&["--queries", "none.jsonl"], &["none.jsonl"]);
    check(&["--queries", "empty.jsonl"], &["holds no query"]);
    check(&[], &["--queries"]);
    check(&["--sample", "9", "--queries", "bad.jsonl"], &["--sample"]);
    check(&["--sample", "9", "--depth", "5"], &["depth is 5; give 10 to 999"]);
    check(&["--sample", "9", "--labels", "age"], &["no keywords field `age`", "problems"]);
    check(&["--sample", "9", "--group-by", "shoe"], &["--group-by shoe", "precedent stats"]);
    check(
        &["--sample", "9", "--with", "exactly"],
        &["--with: exactly: there is no such setting", "image_weight"],
    );
    check(&["--sample", "9", "--against-with", "rrf_k=x"], &["--against-with: rrf_k=x: give a number"]);
    check(&["--sample", "9", "--with", "rrf_k=-1"], &["fusion.rrf_k"]);
    assert!(!place.path("page.html").exists());
    place.refused(&["eval", "i", "--sample", "9", "--html", "no/such/page.html"], 2, &["no/such/page.html"]);
    place.refused(&["eval", "nothing", "--sample", "9"], 4, &["precedent init"]);
}
