//! Reports understood, as a person sees it: what is denied is apart, findings have many names, hits say why they are there.

use crate::support::Place;

/// Three reports in an index `i`.
fn place() -> Place {
    let place = Place::new();
    let rows = [
        r#"{"case_id": "R1", "findings": "Large right pneumothorax. The heart is normal.", "impression": "Pneumothorax."}"#,
        r#"{"case_id": "R2", "findings": "Clear lungs, no pneumothorax or pleural effusion.", "impression": "Normal."}"#,
        r#"{"case_id": "R3", "report": "FINDINGS: Épanchement 🫁; the heart is enlarged. IMPRESSION: Possible nodule."}"#,
    ];
    place.write("reports.jsonl", rows.join("\n").as_bytes());
    place.ok(&["init", "i"]);
    place.ok(&["ingest", "i", "reports.jsonl"]);
    place
}

#[test]
fn hits_show_the_sentences_that_matched_and_say_what_is_not_there() {
    let place = place();
    let out = place.ok(&["search", "i", "--text", "pneumothorax"]);
    let expected = "     findings    Large right pneumothorax.\n     impression  Pneumothorax.\n";
    assert!(out.starts_with("  1  R1   bm25 ") && out.contains(expected) && !out.contains("R2"), "{out}");
    let out = place.ok(&["search", "i", "--text", "no pneumothorax"]);
    let expected = "     findings    Clear lungs, no pneumothorax or pleural effusion.  (absent)\n     impression  Normal.\n";
    assert!(out.starts_with("  1  R2 ") && out.contains(expected) && !out.contains("R1"), "{out}");
    assert!(!out.contains('\u{1b}'), "styled where no terminal is: {out}");
    let out = place.ok(&["search", "i", "--text", "no pneumothorax", "--full"]);
    assert!(out.contains("     findings    Clear lungs, no pneumothorax or pleural effusion.\n"), "{out}");
}

#[test]
fn a_filter_takes_any_name_of_a_finding() {
    let place = place();
    let out = place.ok(&["search", "i", "--filter", "finding:\"Enlarged heart\""]);
    assert!(out.starts_with("  1  R3\n     findings    Épanchement 🫁; the heart is enlarged.\n"), "{out}");
    let out = place.ok(&["search", "i", "--filter", "finding.uncertain:nodule"]);
    assert!(out.contains("     impression  Possible nodule.  (uncertain)\n"), "{out}");
    let out = place.ok(&["search", "i", "--filter", "finding.absent:\"pleural effusion\""]);
    assert!(out.starts_with("  1  R2\n"), "{out}");
    let words = ["filter", "finding.absent", "precedent report --findings"];
    place.refused(&["search", "i", "--filter", "finding.absent:CANARY"], 2, &words);
    assert!(!place.run(&["search", "i", "--filter", "finding:CANARY"]).err.to_lowercase().contains("canary"));
}

#[test]
fn json_has_the_places_in_bytes_and_in_utf16() {
    let place = place();
    let out = place.ok(&["search", "i", "--text", "enlarged heart", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    let highlight = &answer["hits"][0]["highlights"][0];
    assert_eq!(
        (&highlight["sectionIndex"], &highlight["section"]),
        (&0.into(), &"SECTION_KIND_FINDINGS".into())
    );
    let matched = &highlight["matches"][0];
    assert_eq!(matched["assertion"], "ASSERTION_PRESENT");
    assert_eq!(matched["finding"], "cardiomegaly");
    let text = answer["hits"][0]["case"]["report"]["sections"][0]["text"].as_str().unwrap();
    let place_of = |name: &str| matched["span"][name].as_u64().unwrap() as usize;
    assert_eq!(&text[place_of("startByte")..place_of("endByte")], "heart is enlarged");
    let units: Vec<u16> = text.encode_utf16().collect();
    let cut = &units[place_of("startUtf16")..place_of("endUtf16")];
    assert_eq!(String::from_utf16(cut).unwrap(), "heart is enlarged");
}

#[test]
fn a_site_adds_findings_of_its_own() {
    let place = Place::new();
    place.write(
        "site.toml",
        b"[[finding]]\nid = 'widget'\nname = 'implanted widget'\nphrases = ['widget', 'gadget']\n",
    );
    let out = place.ok(&["init", "i", "--lexicon", "site.toml", "--description", "Of the north wing"]);
    assert!(out.contains("lexicon: the bundled one with site.toml (1 finding)\n"), "{out}");
    place.write("rows.jsonl", b"{\"case_id\": \"W\", \"impression\": \"A gadget is seen.\"}\n");
    place.ok(&["ingest", "i", "rows.jsonl"]);
    assert!(place.ok(&["search", "i", "--filter", "finding:\"implanted widget\""]).starts_with("  1  W\n"));
    let stats = place.ok(&["stats", "i"]);
    assert!(stats.contains("about        Of the north wing\n"), "{stats}");
    assert!(stats.contains("lexicon      ") && stats.contains("with 1 finding of the site's own"), "{stats}");
}

#[test]
fn a_lexicon_that_cannot_be_is_refused_by_file_and_entry() {
    let place = Place::new();
    let refused = |text: &str, words: &[&str]| {
        place.write("site.toml", text.as_bytes());
        let words = [&["site.toml"], words].concat();
        place.refused(&["init", "i", "--lexicon", "site.toml"], 2, &words);
        assert!(!place.path("i").exists());
    };
    refused("[[finding]]\nid = 'A B'\nname = 'x'\nphrases = ['x']\n", &["A B", "lower-case"]);
    refused("[[findings]]\nid = 'a'\n", &["findings"]);
    refused("finding = [", &["cannot be read"]);
    place.refused(&["init", "i", "--lexicon", "nowhere.toml"], 2, &["nowhere.toml"]);
}

#[test]
fn a_new_index_has_no_field_that_hides_the_findings() {
    let place = Place::new();
    place.refused(&["init", "i", "--field", "finding=keywords"], 2, &["finding"]);
    assert!(!place.path("i").exists());
}

#[test]
fn stats_say_by_which_lexicon_reports_were_read() {
    let place = place();
    let out = place.ok(&["stats", "i"]);
    assert!(out.contains("every report was read by it"), "{out}");
    let stats: serde_json::Value = serde_json::from_str(&place.ok(&["stats", "i", "--json"])).unwrap();
    assert_eq!(stats["staleCaseCount"], "0");
    assert_eq!(stats["lexiconFingerprint"], stats["segments"][0]["lexiconFingerprint"]);
    assert_eq!(stats["lexiconFingerprint"].as_str().unwrap().len(), 16);
}

#[test]
fn help_explains_the_language() {
    let help = Place::new().ok(&["search", "--help"]);
    for words in [
        "no pneumothorax",
        "enlarged heart",
        "impression:word",
        "absent:word",
        "finding.absent",
        "report --findings",
    ] {
        assert!(help.contains(words) || help.replace('\n', " ").contains(words), "{words} in {help}");
    }
}
