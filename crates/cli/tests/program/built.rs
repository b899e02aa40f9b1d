//! What the program says of parts that it was built with and without.

use crate::support::Place;

/// Commands that may be left out, and whether they are there.
const COMMANDS: [(&str, bool); 3] = [
    ("demo", cfg!(feature = "demo")),
    ("phantom", cfg!(feature = "phantom")),
    ("train", cfg!(feature = "train")),
];

#[test]
fn help_and_version_know_what_the_program_has() {
    let place = Place::new();
    let (help, version) = (place.ok(&["--help"]), place.ok(&["--version"]));
    assert!(help.contains("\n  search "), "{help}");
    for (command, is_there) in COMMANDS {
        assert_eq!(help.contains(&format!("\n  {command} ")), is_there, "{command}: {help}");
        assert_eq!(version.contains(command), !is_there, "{command}: {version}");
    }
    assert_eq!(version.contains("parquet"), cfg!(not(feature = "parquet")), "{version}");
    let encode = place.ok(&["encode", "--help"]);
    assert_eq!(encode.contains("--text-encoder"), cfg!(feature = "bert"), "{encode}");
}

#[test]
fn what_was_left_out_is_refused_with_how_to_build_it() {
    let place = Place::new();
    for (command, _) in COMMANDS.into_iter().filter(|(_, is_there)| !is_there) {
        let asked = [command, "made", "--studies", "3"];
        place.refused(&asked, 2, &[command, "built without it", &format!("--features {command}")]);
    }
    if cfg!(not(feature = "bert")) {
        let asked = ["encode", "--text", "a", "--text-encoder", "."];
        place.refused(&asked, 2, &["--text-encoder", "built without it", "--features bert"]);
    }
    if cfg!(not(feature = "parquet")) {
        place.write("cases.parquet", b"PAR1");
        place.write("rows.jsonl", br#"{"case_id": "a", "findings": "Clear."}"#);
        place.ok(&["init", "i"]);
        place.ok(&["ingest", "i", "rows.jsonl"]);
        let words = ["cases.parquet", "built without", "the Cargo feature `parquet`", ".csv or .jsonl"];
        place.refused(&["ingest", "i", "cases.parquet"], 2, &words);
    }
}
