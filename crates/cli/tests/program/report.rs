//! `precedent report`: what it understands of texts, objects and manifests, and what it says of anything else.

use crate::support::{Place, Ran};
use std::io::{Read, Write};
use std::process::Stdio;

const TEXT: &str = "INDICATION: Rule out pneumonia.\n\nFINDINGS: Small left pleural effusion, unchanged. No pneumothorax.\n\n\
                    IMPRESSION: Possible 2.5 cm mass in the left upper lobe.\n";

fn given(place: &Place, args: &[&str], input: &[u8]) -> Ran {
    let mut child = place
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap(),
    }
}

/// Runs what must be refused with these words, and must not repeat the text.
fn refused(place: &Place, args: &[&str], words: &[&str]) {
    let ran = place.run(&[&["report"], args].concat());
    assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
    for word in words {
        assert!(ran.err.contains(word), "{args:?}: no {word:?} in {}", ran.err);
    }
    assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
    assert!(!ran.err.contains("CANARY") && !ran.err.contains("panicked"), "{args:?}: {}", ran.err);
}

#[test]
fn a_text_is_shown_by_section_and_sentence() {
    let place = Place::new();
    place.write("r.txt", TEXT.as_bytes());
    let expected = r#"indication
  Rule out pneumonia.
      hypothetical  "pneumonia"
      hypothetical  pneumonia · outside findings and impression, not counted

findings
  Small left pleural effusion, unchanged.
      (comparison)
      present       pleural-effusion · left · mild · unchanged
  No pneumothorax.
      (boilerplate)
      absent        "pneumothorax"
      absent        pneumothorax

impression
  Possible 2.5 cm mass in the left upper lobe.
      uncertain     "2.5 cm mass in the left upper lobe"
      uncertain     mass · left · 25 mm · in "upper lobe"

findings of the case
  present       pleural-effusion
  uncertain     mass
  absent        pneumothorax
"#;
    assert_eq!(place.ok(&["report", "r.txt"]), expected);
    assert_eq!(given(&place, &["report", "-"], TEXT.as_bytes()).out, expected);
    let marked = [b"\xef\xbb\xbf", TEXT.as_bytes()].concat();
    assert_eq!(given(&place, &["report", "-"], &marked).out, expected);
}

#[test]
fn an_object_has_sections_of_its_own() {
    let place = Place::new();
    let object = r#"{"case_id": "C1", "impression": "No pneumothorax.", "comparison": null, "age": 63,
                     "findings": "Small left pleural effusion."}"#;
    place.write("r.json", object.as_bytes());
    let shown = place.ok(&["report", "r.json"]);
    assert!(shown.starts_with("C1\n\nfindings\n  Small left pleural effusion.\n"), "{shown}");
    assert!(shown.ends_with("  present       pleural-effusion\n  absent        pneumothorax\n"), "{shown}");
    assert_eq!(given(&place, &["report", "-"], object.as_bytes()).out, shown);
    place.write("empty.json", b"{\"case_id\": \"CANARY\", \"findings\": \" \"}");
    place.write("number.json", b"{\"findings\": 7, \"report\": \"CANARY\"}");
    place.write("broken.json", b"{\"findings\":\n \"CANARY\", }");
    place.write("list.json", b"[\"CANARY\"]");
    refused(&place, &["empty.json"], &["empty.json", "no row holds a report", "impression"]);
    refused(&place, &["number.json"], &["number.json", "findings is no text"]);
    refused(&place, &["broken.json"], &["broken.json", "line 2, column"]);
    refused(&place, &["list.json"], &["list.json", "no JSON object"]);
}

#[test]
fn a_manifest_is_shown_row_by_row() {
    let place = Place::new();
    place.write(
        "m.csv",
        b"uid,conclusion\nC1,Left pleural effusion.\nC2,No pneumothorax.\nC3,\n,Nobody's mass.\n",
    );
    place.write("map.toml", b"[columns]\ncase_id = \"uid\"\nimpression = \"conclusion\"\n");
    let ran = place.run(&["report", "m.csv", "--map", "map.toml", "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("row 4") && ran.err.contains("case_id"), "{}", ran.err);
    let lines: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<&str> = lines.iter().map(|line| line["caseId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["C1", "C2"]);
    assert_eq!(lines[0]["findings"][0]["finding"], "pleural-effusion");
    assert_eq!(lines[1]["sentences"][0]["mentions"][0]["assertion"], "absent");

    let one = place.run(&["report", "m.csv", "--map", "map.toml", "--case-id", "C2"]);
    assert!(one.out.starts_with("C2\n\nimpression\n  No pneumothorax.\n"), "{one:?}");
    assert!(!one.out.contains("C1"), "{one:?}");
    refused(&place, &["m.csv", "--map", "nowhere.toml"], &["nowhere.toml"]);
    refused(&place, &["m.csv"], &["m.csv", "case_id"]);
    place.write("good.csv", b"case_id,impression\nC1,CANARY.\nC2,\n");
    refused(&place, &["good.csv", "--case-id", "CANARY"], &["good.csv", "no row has the case id"]);
    refused(&place, &["good.csv", "--case-id", "C2"], &["good.csv", "no row holds a report", "--map"]);
}

#[test]
fn spans_in_json_count_bytes_and_utf16() {
    let place = Place::new();
    place.write("r.txt", "X‐ray 🫁: no pneumothorax.".as_bytes());
    let shown: serde_json::Value = serde_json::from_str(&place.ok(&["report", "r.txt", "--json"])).unwrap();
    let mention = &shown["sentences"][0]["mentions"][0];
    assert_eq!((&mention["finding"], &mention["text"]), (&"pneumothorax".into(), &"pneumothorax".into()));
    let expected = serde_json::json!({ "startByte": 17, "endByte": 29, "startUtf16": 13, "endUtf16": 25 });
    assert_eq!(mention["span"], expected);
    assert_eq!(
        (&shown["caseId"], &shown["sections"][0]["section"]),
        (&serde_json::Value::Null, &"body".into())
    );
}

#[test]
fn a_lexicon_of_the_site_is_read_by_and_listed() {
    let place = Place::new();
    let site = "[[finding]]\nid = \"widget\"\nname = \"Widget\"\nradlex = \"RID7\"\nparents = [\"mass\"]\nphrases = [\"widget\", \"gadget\"]\n";
    place.write("site.toml", site.as_bytes());
    place.write("r.txt", b"A left gadget.");
    assert!(place.ok(&["report", "r.txt"]).contains("none of the lexicon"));
    let shown = place.ok(&["report", "r.txt", "--lexicon", "site.toml"]);
    assert!(shown.contains("present       widget · left"), "{shown}");

    let listed = place.ok(&["report", "--findings", "--lexicon", "site.toml"]);
    let line: Vec<&str> =
        listed.lines().find(|line| line.starts_with("widget ")).unwrap().split_whitespace().collect();
    assert_eq!(line, ["widget", "Widget", "RID7", "2", "mass"]);
    assert!(!place.ok(&["report", "--findings"]).contains("widget"));
    let listed = place.ok(&["report", "--findings", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let ids: Vec<&str> =
        listed["findings"].as_array().unwrap().iter().map(|f| f["finding"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && ids.contains(&"pneumothorax"), "{ids:?}");

    place.write("bad.toml", b"[[finding]]\nid = \"Not an id\"\n");
    refused(&place, &["r.txt", "--lexicon", "bad.toml"], &["bad.toml", "Not an id"]);
    refused(&place, &["--findings", "--lexicon", "nowhere.toml"], &["nowhere.toml"]);
}

#[test]
fn what_is_no_report_is_named_and_not_repeated() {
    let place = Place::new();
    place.write("latin.txt", b"CANARY Herzgr\xf6\xdfe normal");
    place.write("utf16.txt", b"\xff\xfeC\0A\0N\0");
    place.write("empty.txt", b" \n\t\n");
    place.write("long.txt", &b"CANARY ".repeat(200_000));
    place.write("longer.txt", &b"CANARY ".repeat(700_000));
    refused(&place, &["nowhere.txt"], &["nowhere.txt: cannot be read"]);
    std::fs::create_dir(place.path("folder")).unwrap();
    refused(&place, &["folder"], &["folder is a folder without a .txt file"]);
    refused(&place, &["."], &["latin.txt row", ".: no row holds a report"]);
    refused(&place, &["latin.txt"], &["latin.txt: is not UTF-8 at byte 13", "save it as UTF-8"]);
    refused(&place, &["utf16.txt"], &["utf16.txt: is UTF-16"]);
    refused(&place, &["empty.txt"], &["empty.txt: holds no text"]);
    refused(&place, &["long.txt"], &["long.txt: report: has 1400000 bytes", "1048576"]);
    refused(&place, &["longer.txt"], &["longer.txt: has more than 4194304 bytes"]);
    refused(&place, &["empty.txt", "--map", "m.toml"], &["--map is for a manifest"]);
    refused(&place, &[], &["FILE"]);
    refused(&place, &["empty.txt", "--findings"], &["--findings"]);
    place.write("r.txt", TEXT.as_bytes());
    refused(&place, &["r.txt", "--case-id", "C1"], &["--case-id"]);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let place = Place::new();
    let row = |number: usize| {
        format!("{{\"case_id\": \"C{number}\", \"impression\": \"Left pleural effusion.\"}}\n")
    };
    place.write("m.jsonl", (0..20_000).map(row).collect::<String>().as_bytes());
    let mut child =
        place.command(&["report", "m.jsonl"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 2];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!((&first, ended.status.code()), (b"C0", Some(0)));
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
}
