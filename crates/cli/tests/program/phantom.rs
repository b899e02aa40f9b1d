//! Synthetic archives: written, ingested, understood.

use crate::support::Place;

#[test]
fn an_archive_is_written_and_taken_in() {
    let place = Place::new();
    let written = place.ok(&["phantom", "made", "--studies", "12", "--size", "128", "--formats", "png"]);
    assert!(written.contains("12 synthetic studies in made"), "{written}");
    place.ok(&["init", "index"]);
    let taken = place.ok(&["ingest", "index", "made/manifest.jsonl"]);
    assert!(taken.contains("12 ingested"), "{taken}");
    // The same again changes nothing.
    place.ok(&["phantom", "made", "--studies", "12", "--size", "128", "--formats", "png"]);
}

#[test]
fn what_cannot_be_is_refused_by_flag() {
    let place = Place::new();
    place.refused(&["phantom", "made", "--styles", "gothic"], 2, &["--styles", "gothic"]);
    place.refused(&["phantom", "made", "--sites", "nowhere"], 2, &["--sites", "nowhere"]);
    place.refused(&["phantom", "made", "--size", "3"], 2, &["size"]);
    place.ok(&["phantom", "made", "--studies", "2", "--size", "128", "--formats", "png"]);
    place.refused(&["phantom", "made", "--studies", "3", "--size", "128"], 2, &["other", "folder"]);
}
