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
    assert_eq!(encoder.dimension(), 256);
    assert!(encoder.description().architecture.parameter_count() <= 2_000_000);
}

#[test]
fn every_vector_has_length_one() {
    let encoder = Encoder::bundled().unwrap();
    let code = encoder.encode_image(&film(256, 300)).unwrap();
    let said = encoder.encode_text("Small left pleural effusion.").unwrap();
    assert_eq!(code.patches.side, 8);
    assert_eq!(code.patches.values.len(), 64 * 256);
    for vector in code.patches.values.chunks_exact(256).chain([&code.global[..], &said[..]]) {
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

/// `film`, without a share of its sides at the left and at the top.
fn cropped(film: &GreyImage, share: f64) -> GreyImage {
    let cut = |side: u32| (f64::from(side) * share) as usize;
    let (left, top) = (cut(film.width()), cut(film.height()));
    let rows: Vec<u16> = film.rows().skip(top).flat_map(|row| row[left..].to_vec()).collect();
    GreyImage::new(film.width() - left as u32, film.height() - top as u32, rows).unwrap()
}

#[test]
fn a_cropped_film_is_nearer_to_itself_than_to_another() {
    let encoder = Encoder::bundled().unwrap();
    let other = |at: u32| {
        let pixel = |place: u32| ((place % 300) * 90 + (place / 300) * (40 + at)) as u16;
        GreyImage::new(300, 300, (0..300 * 300).map(pixel).collect()).unwrap()
    };
    for whole in [film(256, 300), other(0), other(60)] {
        let code = encoder.encode_image(&whole).unwrap().global;
        let copy = encoder.encode_image(&cropped(&whole, 0.05)).unwrap().global;
        for another in [film(256, 300), other(0), other(60)].iter().filter(|another| **another != whole) {
            let another = encoder.encode_image(another).unwrap().global;
            assert!(cosine(&code, &copy) > cosine(&code, &another), "{}", cosine(&code, &copy));
        }
    }
}

#[test]
fn words_say_nothing_of_likeness_or_view() {
    let encoder = Encoder::bundled().unwrap();
    let joint = encoder.description().architecture.joint;
    let said = encoder.encode_text("Small left pleural effusion.").unwrap();
    assert!(said[joint..].iter().all(|value| *value == 0.0));
    let code = encoder.encode_image(&film(256, 300)).unwrap();
    for cell in code.patches.values.chunks_exact(encoder.dimension()) {
        assert!(cell[joint..].iter().all(|value| *value == 0.0));
    }
    assert!(code.global[joint..].iter().any(|value| *value != 0.0));
}
