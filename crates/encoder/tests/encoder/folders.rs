//! Encoders in folders, whole and broken.
#![allow(clippy::disallowed_methods, reason = "a test's own files are no files of an index")]

use precedent_encoder::{Architecture, DESCRIPTION_FILE, Description, Encoder, EncoderError, WEIGHTS_FILE};
use std::collections::HashMap;
use std::path::Path;

/// Shape and numbers by name.
type Tensors = HashMap<String, (Vec<usize>, Vec<f32>)>;

fn description() -> Description {
    Description {
        name: "small".into(),
        notice: None,
        pixel_pipeline: 1,
        architecture: Architecture {
            side: 16,
            stem: 4,
            widths: vec![4, 6],
            blocks: vec![1, 0],
            buckets: 8,
            text_width: 4,
            text_blocks: 1,
            joint: 16,
            likeness: 0,
        },
    }
}

/// Weights of 32-bit floats, every number `value`; `change` may spoil them.
fn weights(value: f32, change: impl FnOnce(&mut Tensors)) -> Vec<u8> {
    let parameters = description().architecture.parameters().into_iter();
    let mut tensors = parameters
        .map(|one| {
            let count = one.shape.iter().product();
            (one.name, (one.shape, (0..count).map(|at: usize| value + at as f32 * 1e-3).collect()))
        })
        .collect();
    change(&mut tensors);
    let bytes: HashMap<String, (Vec<usize>, Vec<u8>)> = (tensors.into_iter())
        .map(|(name, (shape, values))| (name, (shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())))
        .collect();
    let views = bytes.iter().map(|(name, (shape, bytes))| {
        let dtype = safetensors::Dtype::F32;
        (name, safetensors::tensor::TensorView::new(dtype, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

fn write(folder: &Path, description: &str, weights: &[u8]) {
    std::fs::write(folder.join(DESCRIPTION_FILE), description).unwrap();
    std::fs::write(folder.join(WEIGHTS_FILE), weights).unwrap();
}

#[test]
fn a_folder_is_an_encoder_and_its_id_follows_everything() {
    let folder = tempfile::tempdir().unwrap();
    let text = description().to_toml().unwrap();
    write(folder.path(), &text, &weights(0.01, |_| {}));
    let encoder = Encoder::open(folder.path()).unwrap();
    assert!(encoder.id().starts_with("small@") && encoder.notice().is_none());
    assert_eq!(encoder.encode_text("a word").unwrap().len(), 16);

    let id = |text: &str, weights: &[u8]| {
        write(folder.path(), text, weights);
        Encoder::open(folder.path()).unwrap().id().to_owned()
    };
    let other = |change: &dyn Fn(&mut Description)| {
        let mut changed = description();
        change(&mut changed);
        id(&changed.to_toml().unwrap(), &weights(0.01, |_| {}))
    };
    assert_ne!(id(&text, &weights(0.02, |_| {})), encoder.id(), "weights");
    assert_ne!(other(&|description| description.pixel_pipeline = 2), encoder.id(), "pixels");
    assert_ne!(other(&|description| description.name = "large".into()), encoder.id(), "name");
    let said = other(&|description| description.notice = Some("a word to the reader".into()));
    assert_eq!(said, encoder.id(), "a notice changes no vector");
}

#[test]
fn what_is_missing_or_foreign_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let problem = |text: &str, weights: &[u8]| {
        write(folder.path(), text, weights);
        Encoder::open(folder.path()).unwrap_err().to_string()
    };
    let text = description().to_toml().unwrap();
    let whole = weights(0.01, |_| {});
    for (broken, part) in [
        ("name = 3".to_owned(), "encoder.toml"),
        (text.replace("small", "no spaces"), "letters, digits"),
        (text.replace("side = 16", "side = 17"), "architecture.side"),
        (text.replace("joint = 16", "joint = 1"), "architecture.joint"),
        (text.replace("joint = 16", "joint = 16\nlikeness = 1000"), "architecture.likeness"),
        (format!("{text}\nmore = 1"), "more"),
    ] {
        let error = problem(&broken, &whole);
        assert!(error.contains(part), "{error}");
    }
    let spoilt = |change: fn(&mut Tensors)| problem(&text, &weights(0.01, change));
    let error = spoilt(|tensors| drop(tensors.remove("text.table")));
    assert!(error.contains("text.table is missing"), "{error}");
    let error = spoilt(|tensors| drop(tensors.insert("extra".into(), (vec![1], vec![0.0]))));
    assert!(error.contains("extra is no parameter"), "{error}");
    let error = spoilt(|tensors| tensors.get_mut("text.joint.bias").unwrap().1[3] = f32::NAN);
    assert!(error.contains("text.joint.bias holds numbers that are not finite"), "{error}");
    let error = spoilt(|tensors| drop(tensors.insert("text.joint.bias".into(), (vec![2], vec![0.0; 2]))));
    assert!(error.contains("text.joint.bias has shape [2], not [16]"), "{error}");
    assert!(matches!(Encoder::open(&folder.path().join("nowhere")), Err(EncoderError::Io { .. })));
    write(folder.path(), &text, &whole[..whole.len() / 2]);
    assert!(Encoder::open(folder.path()).is_err());
    write(folder.path(), &text, b"");
    assert!(Encoder::open(folder.path()).is_err());
}

#[test]
fn an_encoder_without_likeness_keeps_its_text_and_its_dimension() {
    let text = description().to_toml().unwrap();
    assert!(!text.contains("likeness"), "{text}");
    let read = Description::from_toml(&text).unwrap();
    assert_eq!((read.architecture.likeness, read.architecture.dimension()), (0, 16));
    let with = Architecture { likeness: 5, ..read.architecture };
    assert_eq!(with.dimension(), 16 + 5 + 2);
}
