//! `verify --recall`: whether an index finds what it promises.

use crate::support::{Place, npy};

/// Vectors that are spread evenly enough (multiples of irrational numbers, modulo 1).
fn vectors(count: usize) -> Vec<Vec<f32>> {
    let roots: Vec<f64> = (0..16).map(|place| f64::from(2 + place).sqrt().fract() + 0.001).collect();
    let row = |number: usize| {
        roots.iter().map(|root| ((number as f64 + 1.0) * root * 97.0).fract() as f32 - 0.5).collect()
    };
    (0..count).map(row).collect()
}

/// An index `i` of so many cases with an embedding, in one segment with a graph.
fn index(count: usize) -> Place {
    index_by("precedent", count)
}

fn index_by(builder: &str, count: usize) -> Place {
    let place = Place::new();
    let graph = format!("name = 'graph'\n[graph]\nmin_nodes = 100\nbuilder = '{builder}'");
    place.write("graph.toml", graph.as_bytes());
    place.ok(&["init", "i", "--definition", "graph.toml", "--dimension", "16", "--encoder-id", "e1"]);
    let rows: String =
        (0..count).map(|name| format!("{{\"case_id\": \"c{name}\", \"findings\": \"x\"}}\n")).collect();
    place.write("cases.jsonl", rows.as_bytes());
    place.write("vectors.npy", &npy(&vectors(count)));
    place.ok(&["ingest", "i", "cases.jsonl", "--embeddings", "vectors.npy", "--encoder-id", "e1"]);
    place.ok(&["merge", "i"]);
    place
}

#[test]
fn recall_is_measured_on_the_cases_of_the_index() {
    let place = index(600);
    let out = place.ok(&["verify", "i", "--recall", "50"]);
    assert!(out.starts_with("sound: "), "{out}");
    assert!(out.contains("recall: 50 of 600 cases asked"), "{out}");
    // Five targets, the index's own among the four of always; 1000 are more than there are.
    assert_eq!(out.matches(" ± ").count(), 4 * 3, "{out}");
    assert_eq!(out.matches("0.99 (index)").count(), 3, "{out}");
    assert!(out.ends_with("kept: recall is as promised in all 12 rows\n"), "{out}");

    let json = place.ok(&["verify", "i", "--json", "--recall"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["damages"].as_array().unwrap().len(), 0);
    assert_eq!((&json["recall"]["cases"], &json["recall"]["queries"]), (&600.into(), &200.into()));
    let promises = json["recall"]["promises"].as_array().unwrap();
    assert_eq!(promises.len(), 12);
    for promise in promises {
        assert_eq!(promise["fallsShort"], false);
        let searches: u64 =
            ["compared", "scanned", "walked"].iter().map(|way| promise[way].as_u64().unwrap()).sum();
        assert_eq!(searches, 200);
        assert!(promise["meanRecall"].as_f64().unwrap() > 0.85, "{promise}");
    }
    assert_eq!((&promises[0]["targetRecall"], &promises[0]["isIndexTarget"]), (&0.99.into(), &true.into()));
    let json: serde_json::Value = serde_json::from_str(&place.ok(&["verify", "i", "--json"])).unwrap();
    assert!(json.get("recall").is_none(), "only where it is asked for");
    place.refused(&["verify", "i", "--recall", "1"], 2, &["--recall", "2"]);
}

#[test]
fn what_has_too_few_embeddings_is_not_measured() {
    let place = Place::with_index();
    let out = place.ok(&["verify", "i", "--recall"]);
    assert!(out.contains("recall: 3 of 3 cases asked") && out.matches(" ± ").count() == 4, "{out}");
    place.ok(&["init", "none", "--dimension", "16", "--encoder-id", "e1"]);
    let out = place.ok(&["verify", "none", "--recall"]);
    assert!(out.ends_with("recall: not measured, no case has an embedding\n"), "{out}");
    place.write("text.toml", b"name = 'text'");
    place.ok(&["init", "text", "--definition", "text.toml"]);
    let out = place.ok(&["verify", "text", "--recall"]);
    assert!(out.ends_with("recall: not measured, the index has no image space\n"), "{out}");
    place.write("one.jsonl", b"{\"case_id\": \"B1\", \"findings\": \"x\"}\n");
    place.write("one.npy", &npy(&vectors(1)));
    place.ok(&["ingest", "none", "one.jsonl", "--embeddings", "one.npy", "--encoder-id", "e1"]);
    let out = place.ok(&["verify", "none", "--recall"]);
    assert!(
        out.ends_with("recall: not measured, only one case has an embedding, and it takes two\n"),
        "{out}"
    );
    place.refused(&["verify", "nowhere", "--recall"], 4, &["nowhere", "no index"]);
}

#[test]
fn damage_is_told_and_nothing_measured() {
    let place = Place::with_index();
    let segment = std::fs::read_dir(place.path("i/segments")).unwrap().next().unwrap().unwrap().path();
    let file = segment.join("vectors");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[70] ^= 1;
    place.write(file.to_str().unwrap(), &bytes);
    let ran = place.run(&["verify", "i", "--recall"]);
    assert!(ran.code == 4 && ran.out.contains("/vectors: ") && !ran.out.contains("recall"), "{ran:?}");
    let ran = place.run(&["verify", "i", "--recall", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert!(ran.code == 4 && json["recall"].is_null() && !json["damages"][0].is_null(), "{ran:?}");
}

#[test]
fn either_builder_keeps_the_promise_and_another_is_refused() {
    for builder in ["precedent", "hnsw_rs"] {
        let place = index_by(builder, 600);
        let out = place.ok(&["verify", "i", "--recall", "100"]);
        assert!(out.ends_with("kept: recall is as promised in all 12 rows\n"), "{builder}: {out}");
        place.write("query.npy", &npy(&vectors(600)[..1]));
        let search = ["search", "i", "--embedding", "query.npy", "--encoder-id", "e1", "-k", "1", "--json"];
        let json: serde_json::Value =
            serde_json::from_str(&place.ok(&[&search[..], &["--vector-path", "graph"]].concat())).unwrap();
        assert_eq!(json["hits"][0]["case"]["caseId"], "c0", "{builder}");
        place.ok(&["export", "i", "out"]);
        let kept = std::fs::read_to_string(place.path("out").join("definition.toml")).unwrap();
        assert_eq!(kept.contains("builder = \"hnsw_rs\""), builder == "hnsw_rs", "{kept}");
    }
    let place = Place::new();
    place.write("graph.toml", b"name = 'graph'\n[graph]\nbuilder = 'faiss'");
    let ran = place.run(&["init", "i", "--definition", "graph.toml"]);
    assert!(ran.code == 2 && ran.err.contains("faiss") && ran.err.contains("hnsw_rs"), "{ran:?}");
    assert!(!place.path("i").exists(), "nothing was made");
}
