use super::*;
use crate::stored::Excess;

fn stored(bits: u16, signed: bool, values: &[u16]) -> StoredPixels {
    let allocated = if bits <= 8 { 8 } else { 16 };
    StoredPixels::new((values.len() as u32, 1), allocated, bits, signed, values.to_vec(), Excess::Refuse)
        .unwrap()
}

/// A header that says nothing.
fn plain() -> Tone {
    Tone { voi: None, ..Tone::whole() }
}

fn window(centre: f64, width: f64, function: WindowFunction) -> Tone {
    Tone { voi: Some(Voi::Window(Window { centre, width, function })), ..plain() }
}

#[track_caller]
fn check(tone: &Tone, bits: u16, signed: bool, values: &[u16], expected: &[u16]) {
    assert_eq!(tone.apply(stored(bits, signed, values)), expected);
}

#[test]
fn linear_window_of_the_standard() {
    // PS3.3 C.11.2.1.2.1 with c = 2048, w = 4096: the whole of 12 bits; 0 is least and 4095 is most.
    check(
        &window(2048.0, 4096.0, WindowFunction::Linear),
        12,
        false,
        &[0, 1, 4094, 4095],
        &[0, 16, 65_519, 65_535],
    );
    // c = 100, w = 3: least up to 98.5, most above 100.5; (99 - 99.5) / 2 + 0.5 = 0.25, (100 - 99.5) / 2 + 0.5 = 0.75.
    let tone = window(100.0, 3.0, WindowFunction::Linear);
    check(&tone, 12, false, &[98, 99, 100, 101], &[0, 16_384, 49_151, 65_535]);
    // w = 1 is a step at c - 0.5.
    check(&window(100.0, 1.0, WindowFunction::Linear), 12, false, &[99, 100], &[0, 65_535]);
}

#[test]
fn exact_window() {
    // c = 100, w = 4: (99 - 100) / 4 + 0.5 = 0.25.
    let tone = window(100.0, 4.0, WindowFunction::LinearExact);
    check(
        &tone,
        12,
        false,
        &[97, 98, 99, 100, 101, 102, 103],
        &[0, 0, 16_384, 32_768, 49_151, 65_535, 65_535],
    );
}

#[test]
fn sigmoid_window() {
    // 1 / (1 + e^0) = 0.5; 1 / (1 + e^-4) = 0.98201...; 1 / (1 + e^4) = 0.01798...
    let tone = window(100.0, 10.0, WindowFunction::Sigmoid);
    check(&tone, 12, false, &[90, 100, 110], &[1_179, 32_768, 64_356]);
}

#[test]
fn widths_that_the_standard_forbids() {
    let is_valid = |width, function| Window { centre: 0.0, width, function }.is_valid();
    assert!(is_valid(1.0, WindowFunction::Linear) && !is_valid(0.9, WindowFunction::Linear));
    for function in [WindowFunction::LinearExact, WindowFunction::Sigmoid] {
        assert!(is_valid(0.1, function) && !is_valid(0.0, function) && !is_valid(-5.0, function));
    }
}

#[test]
fn rescale_comes_before_the_window() {
    let mut tone = window(0.0, 200.0, WindowFunction::LinearExact);
    tone.modality = Modality::Linear { slope: 2.0, intercept: -1000.0 };
    // 2 * 500 - 1000 = 0, 2 * 525 - 1000 = 50.
    check(&tone, 12, false, &[450, 500, 525, 550], &[0, 32_768, 49_151, 65_535]);
}

#[test]
fn negative_numbers() {
    // -2, -1, 0, 1 in four bits.
    let tone = window(-0.5, 3.0, WindowFunction::LinearExact);
    check(&tone, 4, true, &[0b1110, 0b1111, 0b0000, 0b0001], &[0, 21_845, 43_690, 65_535]);
}

#[test]
fn tables_hold_their_ends() {
    let lut = |first, entries: &[u16], bits| Lut { first, entries: entries.to_vec(), bits };
    let mut tone = Tone { voi: Some(Voi::Lut(lut(10, &[0, 128, 255], 8))), ..plain() };
    check(&tone, 12, false, &[0, 10, 11, 12, 4095], &[0, 0, 32_896, 65_535, 65_535]);
    tone.modality = Modality::Lut(lut(-1, &[12, 11, 10], 8));
    check(&tone, 8, true, &[0xff, 0, 1, 2, 0x80], &[65_535, 32_896, 0, 0, 65_535]);
}

#[test]
fn least_is_white_where_the_header_says_so() {
    let mut tone = window(2048.0, 4096.0, WindowFunction::Linear);
    tone.inverted = true;
    check(&tone, 12, false, &[0, 1, 4095], &[65_535, 65_519, 0]);
}

#[test]
fn padding_is_dark_in_both_polarities_and_counts_for_nothing() {
    for inverted in [false, true] {
        let tone = Tone { padding: Some(Padding { from: 4000, to: 4095 }), inverted, ..plain() };
        let dark = |value: u16| if inverted { 65_535 - value } else { value };
        // Only 100, 150 and 200 are of the picture, so they fill the range.
        check(&tone, 12, false, &[4000, 100, 150, 200, 4095], &[0, dark(0), 32_768, dark(65_535), 0]);
    }
}

#[test]
fn eight_bits_without_a_window_are_shown_whole() {
    check(&plain(), 8, false, &[0, 1, 128, 255], &[0, 257, 32_896, 65_535]);
    check(&plain(), 7, false, &[0, 64, 127], &[0, 33_026, 65_535]);
    let rescaled = Tone { modality: Modality::Linear { slope: 2.0, intercept: 0.0 }, ..plain() };
    check(&rescaled, 8, false, &[10, 20], &[0, 65_535]);
}

#[test]
fn rasters_are_shown_whole_at_any_depth() {
    check(&Tone::whole(), 16, false, &[0, 4660, 65_535], &[0, 4660, 65_535]);
    check(&Tone::whole(), 12, false, &[1, 4095], &[16, 65_535]);
}

#[test]
fn more_bits_without_a_window_are_stretched_between_percentiles() {
    // 1001 values: rank 5 and rank 995 of 0 to 1000 are the ends.
    let values: Vec<u16> = (1000..=2000).collect();
    let shown = plain().apply(stored(12, false, &values));
    let at = |value: usize| shown[value - 1000];
    assert_eq!((at(1000), at(1005), at(1500), at(1995), at(2000)), (0, 0, 32_768, 65_535, 65_535));
    // (1006 - 1005) / 990 * 65535 = 66.2
    assert_eq!(at(1006), 66);
}

#[test]
fn outliers_do_not_hide_a_picture_of_two_values() {
    // Nearly all pixels are 7, so the percentiles fall together and the ends take their place.
    let mut values = vec![7; 1000];
    values[3] = 9;
    let shown = plain().apply(stored(12, false, &values));
    assert_eq!((shown[0], shown[3]), (0, 65_535));
}

#[test]
fn a_picture_of_one_value_or_of_padding_alone_is_dark() {
    check(&plain(), 12, false, &[5, 5], &[0, 0]);
    let padded = Tone { padding: Some(Padding { from: 5, to: 5 }), inverted: true, ..plain() };
    check(&padded, 12, false, &[5, 5], &[0, 0]);
}
