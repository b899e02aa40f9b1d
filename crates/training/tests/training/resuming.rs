//! A training that is stopped and goes on gives the same bits.
#![allow(clippy::disallowed_methods, reason = "a test's own files are no files of an index")]

use crate::toy::{Toy, plan};
use precedent_training::{CHECKPOINT_FILE, Progress, TrainingError, train};

#[test]
fn stopped_and_gone_on_with_is_bit_equal_to_one_run() {
    let plan = plan(12);
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let whole = train(&plan, &Toy(36), "toy", one.path(), &|_| true).unwrap();
    let stop_at_five = |progress| !matches!(progress, Progress::Step { step: 5, .. });
    let stopped = train(&plan, &Toy(36), "toy", two.path(), &stop_at_five).unwrap_err();
    assert!(matches!(stopped, TrainingError::Stopped), "{stopped}");
    let resumed = train(&plan, &Toy(36), "toy", two.path(), &|_| true).unwrap();
    assert_eq!(whole.to_safetensors().unwrap(), resumed.to_safetensors().unwrap());
    // What is finished is not done again.
    let again = train(&plan, &Toy(36), "toy", two.path(), &|_| panic!("nothing is left to do")).unwrap();
    assert_eq!(whole.to_safetensors().unwrap(), again.to_safetensors().unwrap());
}

#[test]
fn a_checkpoint_of_another_training_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    train(&plan(2), &Toy(36), "toy", folder.path(), &|_| true).unwrap();
    let path = folder.path().join(CHECKPOINT_FILE);
    let kept = std::fs::read(&path).unwrap();
    let refused = |plan, name| {
        let error = train(&plan, &Toy(36), name, folder.path(), &|_| true).unwrap_err();
        assert!(matches!(error, TrainingError::OtherTraining { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), kept);
    };
    refused(plan(3), "toy");
    refused(plan(2), "other films");
    std::fs::write(&path, b"no checkpoint").unwrap();
    let error = train(&plan(2), &Toy(36), "toy", folder.path(), &|_| true).unwrap_err();
    assert!(error.to_string().contains("it is no checkpoint"), "{error}");
}
