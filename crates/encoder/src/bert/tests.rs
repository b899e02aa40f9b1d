//! A model of a few kilobytes, made here; `tests/acceptance/minilm.py` compares a real one with other code.

use super::BertText;
use crate::EncoderError;
use candle_core::{Device, Tensor};
use std::collections::HashMap;
use std::path::Path;
use tempfile::TempDir;

const WIDTH: usize = 16;
const PLACES: usize = 12;
const VOCABULARY: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nsmall\nleft\neffusion\n.\nno\npneumo\n##thorax\n";
const CONFIG: &str = r#"{"model_type": "bert", "vocab_size": 11, "hidden_size": 16, "num_hidden_layers": 2,
    "num_attention_heads": 4, "intermediate_size": 24, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
    "max_position_embeddings": 12, "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12,
    "pad_token_id": 0}"#;

/// A folder with a model of pseudo-random weights.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "config.json", CONFIG);
    put(dir.path(), "vocab.txt", VOCABULARY);
    weights(dir.path(), 2, "");
    dir
}

#[allow(clippy::disallowed_methods, reason = "a test's own files are no files of an index")]
fn put(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn weights(dir: &Path, layers: usize, prefix: &str) {
    let mut state = 7u32;
    let mut tensors = HashMap::new();
    let mut put = |name: String, shape: &[usize]| {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| next()).collect();
        tensors.insert(format!("{prefix}{name}"), Tensor::from_vec(values, shape, &Device::Cpu).unwrap());
    };
    for (name, rows) in [("word", 11), ("position", PLACES), ("token_type", 2)] {
        put(format!("embeddings.{name}_embeddings.weight"), &[rows, WIDTH]);
    }
    let mut sized = vec![("embeddings.LayerNorm".to_owned(), None, WIDTH)];
    for layer in 0..layers {
        let within = |name: &str| format!("encoder.layer.{layer}.{name}");
        for name in ["self.query", "self.key", "self.value", "output.dense"] {
            sized.push((within(&format!("attention.{name}")), Some(WIDTH), WIDTH));
        }
        sized.push((within("intermediate.dense"), Some(WIDTH), 24));
        sized.push((within("output.dense"), Some(24), WIDTH));
        sized.push((within("attention.output.LayerNorm"), None, WIDTH));
        sized.push((within("output.LayerNorm"), None, WIDTH));
    }
    for (name, inputs, outputs) in sized {
        let weight: Vec<usize> = [outputs].into_iter().chain(inputs).collect();
        put(format!("{name}.weight"), &weight);
        put(format!("{name}.bias"), &[outputs]);
    }
    candle_core::safetensors::save(&tensors, dir.join("model.safetensors")).unwrap();
}

fn sentence_transformers(dir: &Path, pooling: &str, last: &str) {
    let module = |path: &str, kind: &str| {
        format!(r#"{{"path": "{path}", "type": "sentence_transformers.models.{kind}"}}"#)
    };
    let first = [module("", "Transformer"), module("1_Pooling", "Pooling")].join(", ");
    put(dir, "modules.json", &format!("[{first}{last}]"));
    put(dir, "1_Pooling/config.json", pooling);
}

const NORMALIZE: &str = r#", {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}"#;
const MEAN: &str =
    r#"{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true, "include_prompt": true}"#;
const FIRST: &str = r#"{"word_embedding_dimension": 16, "pooling_mode": "cls"}"#;

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|value| value * value).sum::<f32>().sqrt()
}

#[test]
fn a_text_has_one_vector_whatever_comes_with_it() {
    let dir = folder();
    let encoder = BertText::open(dir.path()).unwrap();
    assert_eq!(encoder.dimension(), WIDTH);
    let texts = ["Small left effusion.", "no", "No pneumothorax. Small effusion."];
    let together = encoder.encode(&texts).unwrap();
    for (text, vector) in texts.iter().zip(&together) {
        assert_eq!(&encoder.encode(&[text]).unwrap()[0], vector);
        assert!((length(vector) - 1.0).abs() < 1e-6);
    }
    assert_ne!(together[0], together[2]);
    assert_eq!(encoder.encode(&["SMALL  left effusion."]).unwrap()[0], together[0], "case is lost");
    assert!(encoder.encode(&[]).unwrap().is_empty());
}

#[test]
fn a_long_text_is_cut_at_the_limit() {
    let dir = folder();
    let encoder = BertText::open(dir.path()).unwrap();
    let vectors = encoder.encode(&[&"left ".repeat(PLACES - 2), &"left ".repeat(500)]).unwrap();
    assert_eq!(vectors[0], vectors[1]);

    put(dir.path(), "sentence_bert_config.json", r#"{"max_seq_length": 4, "do_lower_case": false}"#);
    let shorter = BertText::open(dir.path()).unwrap();
    assert_ne!(shorter.id(), encoder.id());
    let vectors = shorter.encode(&["left left", "left left no small", "left"]).unwrap();
    assert_eq!(vectors[0], vectors[1]);
    assert_ne!(vectors[0], vectors[2]);
}

#[test]
fn pooling_and_length_are_those_of_the_folder() {
    let dir = folder();
    let bare = BertText::open(dir.path()).unwrap();
    let asked = ["small effusion"];
    sentence_transformers(dir.path(), MEAN, NORMALIZE);
    let mean = BertText::open(dir.path()).unwrap();
    assert_eq!((mean.id(), mean.encode(&asked).unwrap()), (bare.id(), bare.encode(&asked).unwrap()));

    sentence_transformers(dir.path(), MEAN, "");
    let raw = BertText::open(dir.path()).unwrap();
    let vector = &raw.encode(&asked).unwrap()[0];
    assert!((length(vector) - 1.0).abs() > 1e-3);
    let scaled: Vec<f32> = vector.iter().map(|value| value / length(vector)).collect();
    let expected = &mean.encode(&asked).unwrap()[0];
    assert!(scaled.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));

    sentence_transformers(dir.path(), FIRST, NORMALIZE);
    let first = BertText::open(dir.path()).unwrap();
    assert_ne!(first.encode(&asked).unwrap(), mean.encode(&asked).unwrap());
    let ids = [mean.id(), raw.id(), first.id()];
    assert!(ids.iter().all(|id| id.starts_with("bert-2x16@") && id.len() == 26), "{ids:?}");
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

#[test]
fn a_copy_elsewhere_is_the_same_encoder_and_other_weights_are_not() {
    let (dir, copy) = (folder(), folder());
    let id = |dir: &TempDir| BertText::open(dir.path()).unwrap().id().to_owned();
    assert_eq!(id(&dir), id(&copy));
    let asked = ["small effusion"];
    let vectors = BertText::open(dir.path()).unwrap().encode(&asked).unwrap();
    // As a checkpoint with a head has them.
    weights(copy.path(), 2, "bert.");
    assert_ne!(id(&dir), id(&copy));
    assert_eq!(BertText::open(copy.path()).unwrap().encode(&asked).unwrap(), vectors);
}

#[test]
fn a_text_without_a_word_is_named_by_its_place() {
    let dir = folder();
    let encoder = BertText::open(dir.path()).unwrap();
    let refused = encoder.encode(&["small", " \t"]).unwrap_err();
    assert!(matches!(refused, EncoderError::NoWordIn { number: 1 }), "{refused}");
}

/// Spoils one file and reads what is said.
fn refusal(spoil: impl FnOnce(&Path)) -> String {
    let dir = folder();
    spoil(dir.path());
    let message = BertText::open(dir.path()).unwrap_err().to_string();
    message.replace(&dir.path().display().to_string(), "")
}

#[test]
fn what_is_not_run_is_refused_with_the_way_out() {
    let remove = |name: &'static str| move |dir: &Path| std::fs::remove_file(dir.join(name)).unwrap();
    let config = |from: &'static str, to: &'static str| {
        move |dir: &Path| put(dir, "config.json", &CONFIG.replace(from, to))
    };
    let check = |message: String, words: &[&str]| {
        assert!(words.iter().all(|word| message.contains(word)), "{words:?} in {message}");
    };
    check(refusal(remove("config.json")), &["/config.json cannot be read", "model.safetensors"]);
    check(refusal(remove("vocab.txt")), &["/vocab.txt cannot be read", "tokenizer.json"]);
    check(refusal(remove("model.safetensors")), &["/model.safetensors cannot be read"]);
    check(refusal(config("\"bert\"", "\"roberta\"")), &["roberta", "\"bert\""]);
    check(refusal(config("\"num_attention_heads\": 4", "\"num_attention_heads\": 0")), &["0 heads"]);
    check(refusal(config("\"num_attention_heads\": 4", "\"num_attention_heads\": 5")), &["5 heads"]);
    check(refusal(config("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"mish\"")), &["mish"]);
    check(refusal(config("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1")), &["more than 1 layers"]);
    check(refusal(config("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3")), &["layer.2", "damaged"]);
    check(refusal(config("\"vocab_size\": 11", "\"vocab_size\": 10")), &["knows 11 tokens, its model 10"]);
    check(
        refusal(|dir| put(dir, "sentence_bert_config.json", r#"{"max_seq_length": 2}"#)),
        &["takes 2 tokens", "max_seq_length"],
    );
    check(refusal(|dir| put(dir, "tokenizer.json", "{}")), &["its tokenizer", "tokenizer.json"]);
    check(refusal(|dir| put(dir, "vocab.txt", "[UNK]\nsmall\n")), &["lacks [SEP]"]);
    check(
        refusal(|dir| put(dir, "model.safetensors", "not this")),
        &["model.safetensors", "copy the folder"],
    );
    let dense = r#", {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}"#;
    check(refusal(|dir| sentence_transformers(dir, MEAN, dense)), &["Dense", "Normalize"]);
    let both = r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}"#;
    check(refusal(|dir| sentence_transformers(dir, both, "")), &["cls_token, mean_tokens", "either"]);
    let out = r#"[{"path": "..", "type": "a.Transformer"}, {"path": "x", "type": "a.Pooling"}]"#;
    check(refusal(|dir| put(dir, "modules.json", out)), &["leads out"]);
}

#[test]
fn damaged_weights_give_no_vector() {
    let dir = folder();
    let path = dir.path().join("model.safetensors");
    let mut tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    let name = "embeddings.LayerNorm.bias";
    tensors.insert(name.to_owned(), Tensor::new(&[f32::NAN; WIDTH], &Device::Cpu).unwrap());
    candle_core::safetensors::save(&tensors, &path).unwrap();
    let refused = BertText::open(dir.path()).unwrap().encode(&["small"]).unwrap_err();
    assert!(matches!(refused, EncoderError::NotFinite), "{refused}");
}

#[test]
fn weights_are_not_shown() {
    let dir = folder();
    let shown = format!("{:?}", BertText::open(dir.path()).unwrap());
    assert!(shown.starts_with("BertText(bert-2x16@") && shown.len() < 70, "{shown}");
}
