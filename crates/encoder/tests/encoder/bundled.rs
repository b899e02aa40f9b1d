//! The encoder that comes with the program.

use precedent_encoder::{Encoder, EncoderError};
use precedent_model::GreyImage;

fn film(width: u32, height: u32) -> GreyImage {
    let pixel = |at: u32| {
        let (x, y) = ((at % width) * 256 / width, (at / width) * 256 / height);
        let lung = |left: u32| (left..left + 80).contains(&x) && (50..200).contains(&y);
        (if lung(30) || lung(150) { 12_000 } else { 40_000 }) + (x * 31 + y * 17) as u16
    };
    GreyImage::new(width, height, (0..width * height).map(pixel).collect()).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn it_is_read_and_names_what_its_vectors_depend_on() {
    let encoder = Encoder::bundled().unwrap();
    let (name, digits) = encoder.id().split_once('@').unwrap();
    assert_eq!(name, "phantom-cxr");
    assert!(digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{digits}");
    assert_eq!(encoder.notice(), Some("demo encoder, not for clinical images"));
    assert_eq!(encoder.dimension(), 128);
    assert!(encoder.description().architecture.parameter_count() <= 2_000_000);
}

#[test]
fn every_vector_has_length_one() {
    let encoder = Encoder::bundled().unwrap();
    let code = encoder.encode_image(&film(256, 300)).unwrap();
    let said = encoder.encode_text("Small left pleural effusion.").unwrap();
    assert_eq!(code.patches.side, 8);
    assert_eq!(code.patches.values.len(), 64 * 128);
    for vector in code.patches.values.chunks_exact(128).chain([&code.global[..], &said[..]]) {
        assert!((cosine(vector, vector) - 1.0).abs() < 1e-4);
    }
}

#[test]
fn the_same_film_gives_the_same_bits_and_a_resized_one_nearly_so() {
    let encoder = Encoder::bundled().unwrap();
    let code = encoder.encode_image(&film(512, 512)).unwrap();
    assert_eq!(code, encoder.encode_image(&film(512, 512)).unwrap());
    let smaller = encoder.encode_image(&film(384, 384)).unwrap();
    assert!(cosine(&code.global, &smaller.global) > 0.95, "{}", cosine(&code.global, &smaller.global));
}

#[test]
fn a_sentence_is_read_by_its_words() {
    let encoder = Encoder::bundled().unwrap();
    let of = |text: &str| encoder.encode_text(text).unwrap();
    assert_eq!(of("Left PLEURAL effusion, 12 mm."), of("left pleural effusion  7 mm"));
    assert_ne!(of("left pleural effusion"), of("right pleural effusion"));
    assert!(matches!(encoder.encode_text(" ,.- "), Err(EncoderError::NoWord)));
    assert_eq!(of(&"word ".repeat(10_000)), of(&"word ".repeat(64)));
}
