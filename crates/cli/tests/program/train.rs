//! Encoders taught by phantoms.

use crate::support::Place;

#[test]
fn an_encoder_is_taught_gone_on_with_and_used() {
    let place = Place::new();
    let command = ["train", "taught", "--studies", "64", "--steps", "1", "--name", "mine"];
    let taught = place.ok(&command);
    assert!(taught.starts_with("mine@") && taught.contains("weights.safetensors"), "{taught}");
    // The same again finds itself done, with the same fingerprint.
    assert_eq!(place.ok(&command), taught);
    place.refused(
        &["train", "taught", "--studies", "64", "--steps", "2"],
        2,
        &["another training", "settings"],
    );
    // Towers that are there need no steps, and give the same.
    let again = ["train", "again", "--studies", "64", "--towers", "taught", "--name", "mine"];
    let id = taught.split_whitespace().next().unwrap();
    assert!(place.ok(&again).starts_with(id));
    place.refused(
        &["train", "x", "--towers", "nowhere"],
        2,
        &["--towers", "nowhere", "folder of an encoder"],
    );
    place.ok(&["init", "index", "--encoder-dir", "taught"]);
    assert!(place.ok(&["stats", "index", "--json"]).contains(id));
}

#[test]
fn a_training_that_cannot_be_is_refused_by_name() {
    let place = Place::new();
    place.refused(&["train", "taught", "--steps", "0"], 2, &["steps"]);
    place.refused(&["train", "taught", "--studies", "5"], 2, &["5 studies", "64"]);
    place.refused(&["train", "taught", "--studies", "0"], 2, &["studies"]);
}
