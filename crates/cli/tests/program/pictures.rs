//! Pictures taken in and searched with, by the bundled encoder.

use crate::support::{Place, Ran};

const NOTICE: &str = "demo encoder, not for clinical images";

/// An archive `made` of twelve small studies and an index `i` for their pictures.
fn place() -> Place {
    let place = Place::new();
    place.ok(&["phantom", "made", "--studies", "12", "--size", "128", "--formats", "dicom,png"]);
    let made = place.ok(&["init", "i", "--encoder", "phantom-cxr"]);
    assert!(made.contains("256 numbers of phantom-cxr@") && made.contains(NOTICE), "{made}");
    place
}

fn ingest(place: &Place, manifest: &str) -> Ran {
    place.run(&["ingest", "i", manifest, "--images", "made"])
}

fn first_row(place: &Place) -> serde_json::Value {
    let manifest = std::fs::read_to_string(place.path("made/manifest.jsonl")).unwrap();
    serde_json::from_str(manifest.lines().next().unwrap()).unwrap()
}

/// A manifest `rows.jsonl` of rows that name these images.
fn rows(place: &Place, images: &[&[&str]]) {
    let lines: Vec<String> = (images.iter().enumerate())
        .map(|(row, names)| serde_json::json!({"case_id": format!("R{row}"), "images": names}).to_string())
        .collect();
    place.write("rows.jsonl", lines.join("\n").as_bytes());
}

#[test]
fn an_answer_becomes_a_page_beside_what_is_printed() {
    let place = place();
    assert_eq!(ingest(&place, "made/manifest.jsonl").code, 0);
    let file = format!("made/{}", first_row(&place)["images"][0].as_str().unwrap());
    let asked = ["search", "i", "--image", &file, "-k", "3"];
    let with_page = |more: &[&'static str]| [&asked[..], more].concat();
    assert_eq!(
        place.ok(&with_page(&["--html", "a.html"])),
        place.ok(&asked),
        "the page changes nothing printed"
    );
    let page = std::fs::read_to_string(place.path("a.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Demo encoder, not for clinical images."));
    // The query once, and a picture of each hit.
    assert!(page.matches("data:image/jpeg;base64,").count() > 3 && page.matches("<article").count() == 3);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(place.path("a.html")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let text = ["search", "i", "--text", "effusion", "--html", "a.html"];
    place.ok(&text);
    let page = std::fs::read_to_string(place.path("a.html")).unwrap();
    assert!(!page.contains("base64,") && page.contains("The search was made without an image."));
    let json = place.ok(&with_page(&["--html", "a.html", "--json"]));
    assert!(json.contains("\"map\"") && json.starts_with('{'), "maps are asked for");
    place.refused(&with_page(&["--html", "made"]), 2, &["made: is no file; give the name of a file"]);
    place.refused(&with_page(&["--html", "none/a.html"]), 2, &["none/a.html: "]);
}

#[test]
fn an_archive_goes_in_with_its_pictures_and_is_found_by_one() {
    let place = place();
    let taken = ingest(&place, "made/manifest.jsonl");
    assert_eq!(taken.code, 0, "{taken:?}");
    assert!(taken.out.starts_with("12 rows: 12 ingested") && taken.out.contains(NOTICE), "{taken:?}");
    // The same again encodes to the same numbers.
    let again = ingest(&place, "made/manifest.jsonl");
    assert!(again.out.starts_with("12 rows: 0 ingested, 12 held already"), "{again:?}");
    assert!(place.ok(&["stats", "i"]).contains(NOTICE));

    let row = first_row(&place);
    let (case, image) = (row["case_id"].as_str().unwrap(), row["images"][0].as_str().unwrap());
    let file = format!("made/{image}");
    let others = place.run(&["search", "i", "--image", &file, "-k", "3"]);
    assert!(!others.out.contains(case), "the header names the patient: {others:?}");
    assert!(others.err.contains("note: the patient is the one whom the header of images[0].content names"));
    assert!(!others.err.contains("no patient was named"), "{others:?}");
    let found = place.run(&["search", "i", "--image", &file, "-k", "3", "--include-same-patient"]);
    assert!(found.out.contains(&format!("\n\n  1  {case}   cosine 1.0000 (rank 1)")), "{found:?}");
    assert!(found.out.starts_with("consensus: ") && found.out.contains("\nnearest normal: "), "{found:?}");
    let hits = place.ok(&["search", "i", "--image", &file, "--include-same-patient", "--no-consensus"]);
    assert!(hits.starts_with(&format!("  1  {case}   cosine")) && !hits.contains("nearest normal"), "{hits}");
    assert!(found.err.contains(&format!("note: {NOTICE}")), "{found:?}");
    let words = place.run(&["search", "i", "--image-text", "large pleural effusion", "-k", "2"]);
    assert!(words.out.contains("cosine") && words.err.contains(NOTICE), "{words:?}");
    let json = place.ok(&["search", "i", "--image", &file, "--image", &file, "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
    let codes: Vec<&str> =
        answer["plan"]["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"WARNING_CODE_DEMO_ENCODER"), "{codes:?}");
    let stats: serde_json::Value = serde_json::from_str(&place.ok(&["stats", "i", "--json"])).unwrap();
    assert_eq!(stats["imageSpace"]["notice"], NOTICE);
    assert_eq!(stats["imageSpace"]["encodesImages"], true);
}

#[test]
fn sentences_rerank_and_a_part_of_the_image_are_asked_for_by_flags() {
    let place = place();
    assert_eq!(ingest(&place, "made/manifest.jsonl").code, 0);
    let image = format!("made/{}", first_row(&place)["images"][0].as_str().unwrap());
    let asked = ["search", "i", "--image", &image, "--sentence-weight", "1", "--rerank", "5"];
    // Twelve studies are too few to say what is usual.
    let found = place.run(&asked);
    assert_eq!(found.code, 0, "{found:?}");
    for part in ["sentence", "rerank"] {
        let missing =
            found.err.lines().any(|line| line.contains(part) && line.contains("fewer than 32 images"));
        assert!(missing, "{part}: {found:?}");
    }
    let bad = |region: &str, code: i32, parts: &[&str]| {
        place.refused(&["search", "i", "--image", &image, "--region", region], code, parts);
    };
    bad("1,2,3", 2, &["X,Y,WIDTH,HEIGHT"]);
    bad("0,0,9000,9", 2, &["regions[0].box"]);
    bad("0,0 90,90 90,0 0,90", 2, &["regions[0].polygon"]);
    bad("1:0,0,9,9", 2, &["regions[0].image_index"]);
    let json = place.ok(&["search", "i", "--image", &image, "--region", "0,0,64,128", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
    let evidence =
        answer["hits"].as_array().unwrap().iter().flat_map(|hit| hit["evidence"].as_array().cloned());
    let boxes: Vec<serde_json::Value> = evidence.flatten().map(|one| one["query"]["box"].clone()).collect();
    assert!(!boxes.is_empty());
    for found in boxes {
        let edge = |name: &str| found[name].as_u64().unwrap_or(0);
        assert!(edge("x") + edge("width") <= 80, "{found}");
    }
}

#[test]
fn what_the_row_does_not_say_comes_from_the_header() {
    let place = place();
    let row = first_row(&place);
    let image = row["images"][0].as_str().unwrap();
    assert!(image.ends_with(".dcm"), "{image}");
    rows(&place, &[&[image]]);
    assert_eq!(ingest(&place, "rows.jsonl").code, 0);
    for field in ["modality", "sex", "manufacturer", "accession_number", "study_date"] {
        let filter = format!("{field} = \"{}\"", row[field].as_str().unwrap());
        assert!(place.ok(&["search", "i", "--filter", &filter]).contains("R0"), "{filter}");
    }
    let own = ["search", "i", "--filter", "modality:*", "--patient-id", row["patient_id"].as_str().unwrap()];
    assert!(place.ok(&own).is_empty(), "the patient is known from the header");
}

#[test]
fn rows_with_bad_files_are_rejected_by_field_and_the_rest_goes_in() {
    let place = place();
    let row = first_row(&place);
    let good = row["images"][0].as_str().unwrap();
    place.write("made/bad.png", b"CANARY");
    rows(
        &place,
        &[
            &[good],
            &[good, "made/none.png"],
            &["../made/bad.png"],
            &["/etc/hostname"],
            &["bad.png"],
            &["dicom"],
            &[],
            &[good],
        ],
    );
    let ran = ingest(&place, "rows.jsonl");
    assert_eq!(ran.code, 3, "{ran:?}");
    // The row of nothing but its id is rejected as ever.
    assert!(ran.out.starts_with("8 rows: 2 ingested, 0 held already, 6 rejected"), "{ran:?}");
    let listed = std::fs::read_to_string(place.path("rejected.jsonl")).unwrap();
    let rejected: Vec<serde_json::Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |row: usize| {
        let found = rejected.iter().find(|found| found["row"] == row).unwrap();
        (found["field"].as_str().unwrap().to_owned(), found["problem"].as_str().unwrap().to_owned())
    };
    for (row, field, problem) in [
        (2, "images[1]", "not in the folder of images"),
        (3, "images[0]", "`..`"),
        (4, "images[0]", "absolute"),
        (5, "case.images[0].content", "unknown_format"),
        (6, "images[0]", "no regular file"),
        (7, "case", "nothing but its id"),
    ] {
        let (found, text) = said(row);
        assert!(found == field && text.contains(problem), "row {row}: {found}: {text}");
    }
    assert!(!listed.contains("none.png") && !listed.contains("CANARY"), "a rejection quotes a value");
}

#[test]
fn what_cannot_encode_says_so_before_anything_is_taken_in() {
    let place = place();
    let ask = ["ingest", "i", "made/manifest.jsonl", "--images"];
    place.refused(&[&ask[..], &["nowhere", "--dry-run"]].concat(), 2, &["--images nowhere", "no folder"]);
    place.refused(&["init", "j", "--encoder", "other"], 2, &["phantom-cxr", "--encoder-dir"]);
    place.refused(&["init", "j", "--encoder-dir", "made"], 2, &["--encoder-dir made", "encoder.toml"]);
    place.refused(
        &["search", "i", "--image", "made/manifest.jsonl"],
        2,
        &["images[0].content", "unknown_format"],
    );
    place.refused(&["search", "i", "--image", "none.png"], 2, &["none.png"]);
    place.refused(&["search", "i", "--image-text", "?!"], 2, &["image_text", "no word"]);
    place.ok(&["init", "own", "--dimension", "128", "--encoder-id", "site-1"]);
    let ran = place.run(&["ingest", "own", "made/manifest.jsonl", "--images", "made"]);
    assert!(ran.code == 2 && ran.err.contains("come from encoder site-1"), "{ran:?}");
}

#[test]
fn an_encoder_in_a_folder_is_used_where_it_is_given() {
    let place = place();
    let bundled = concat!(env!("CARGO_MANIFEST_DIR"), "/../../index/encoders/phantom-cxr");
    let read = |name: &str| std::fs::read(format!("{bundled}/{name}")).unwrap();
    std::fs::create_dir(place.path("enc")).unwrap();
    let description = String::from_utf8(read("encoder.toml")).unwrap().replace("phantom-cxr", "site");
    place.write("enc/encoder.toml", description.as_bytes());
    place.write("enc/weights.safetensors", &read("weights.safetensors"));
    assert!(place.ok(&["init", "own", "--encoder-dir", "enc"]).contains("numbers of site@"));
    let ingest = ["ingest", "own", "made/manifest.jsonl", "--images", "made"];
    assert_eq!(place.run(&ingest).code, 2, "without its folder");
    assert!(place.ok(&[&ingest[..], &["--encoder-dir", "enc"]].concat()).contains("12 ingested"));
    let found = place.ok(&["search", "own", "--image-text", "effusion", "--encoder-dir", "enc", "-k", "1"]);
    assert!(found.contains("cosine"), "{found}");
}
