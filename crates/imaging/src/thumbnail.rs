//! A small picture of an image, to show beside a case.

use jpeg_encoder::{ColorType, Encoder};
use precedent_model::{GreyImage, MAX_THUMBNAIL_SIDE, Thumbnail};

/// Qualities of the JPEG file, the first that keeps it within [`MAX_THUMBNAIL_BYTES`](precedent_model::MAX_THUMBNAIL_BYTES). Only noise
/// needs another than the first.
const QUALITIES: [u8; 3] = [85, 60, 30];
/// Brightness values of a [`GreyImage`] for each of a JPEG file.
const STEP: u64 = 257;

/// A picture whose longest side has at most `side` pixels, never larger than the image itself. Each of its pixels is the mean of the
/// area that it stands for. `None` if `side` is 0.
///
/// The same picture gives the same bytes on every machine: all arithmetic is in whole numbers.
pub fn thumbnail(image: &GreyImage, side: u32) -> Option<Thumbnail> {
    let (width, height) = fitted((image.width(), image.height()), side.min(MAX_THUMBNAIL_SIDE))?;
    let pixels = reduced(image, width as usize, height as usize);
    QUALITIES.iter().find_map(|quality| {
        let mut jpeg = Vec::new();
        let (columns, rows) = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
        Encoder::new(&mut jpeg, *quality).encode(&pixels, columns, rows, ColorType::Luma).ok()?;
        Thumbnail::new(jpeg, width, height).ok()
    })
}

/// The sides of the small picture, in the proportions of the large one.
fn fitted((width, height): (u32, u32), side: u32) -> Option<(u32, u32)> {
    let longest = width.max(height);
    if longest <= side {
        return Some((width, height));
    }
    let scaled = |length: u32| {
        let (length, longest, side) = (u64::from(length), u64::from(longest), u64::from(side));
        u32::try_from((length * side + longest / 2) / longest).ok().map(|scaled| scaled.max(1))
    };
    (side > 0).then_some((scaled(width)?, scaled(height)?))
}

/// The pixels of a picture of the given sides, each the mean of its area. Where a pixel of the image belongs to two areas, each has its
/// share.
fn reduced(image: &GreyImage, width: usize, height: usize) -> Vec<u8> {
    let (across, down) = (image.width() as usize, image.height() as usize);
    // In units in which both a pixel of the image and one of the picture have whole lengths.
    let area = (across * down) as u64;
    let columns = parts(across, width);
    let mut pixels = Vec::with_capacity(width * height);
    // Rows first, which is one product a pixel. The weights of all rows of a pixel are at
    // most 2^14, the rows of the image, so 32 bits are enough.
    let mut sums = vec![0_u32; across];
    for (row, part) in image.rows().zip(parts(down, height)) {
        add(&mut sums, row, part.in_first);
        if part.is_last_of_first {
            narrow(&sums, &columns, width, area, &mut pixels);
            sums.fill(0);
        }
        if part.in_next > 0 {
            add(&mut sums, row, part.in_next);
        }
    }
    debug_assert_eq!(pixels.len(), width * height, "every row was finished");
    pixels
}

fn add(sums: &mut [u32], row: &[u16], weight: u32) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += u32::from(*value) * weight;
    }
}

/// A row of the picture, of the sums of rows of the image that lie in it.
fn narrow(sums: &[u32], columns: &[PixelParts], width: usize, area: u64, pixels: &mut Vec<u8>) {
    let mut row = vec![0_u64; width];
    for (&sum, part) in sums.iter().zip(columns) {
        row[part.first] += u64::from(sum) * u64::from(part.in_first);
        if part.in_next > 0 {
            row[part.first + 1] += u64::from(sum) * u64::from(part.in_next);
        }
    }
    pixels.extend(row.into_iter().map(|sum| grey(sum, area)));
}

/// The mean as one of 256 values, rounded.
fn grey(sum: u64, area: u64) -> u8 {
    let whole = area * STEP;
    u8::try_from((sum + whole / 2) / whole).unwrap_or(u8::MAX)
}

/// To which pixels of the picture one of the image belongs, along one side.
struct PixelParts {
    first: usize,
    /// How much of it lies in the first; the whole is as long as the small side.
    in_first: u32,
    /// And in the one after that.
    in_next: u32,
    /// Whether no later pixel lies in the first.
    is_last_of_first: bool,
}

/// For each of `large` pixels its parts in `small` ones, which are no more.
fn parts(large: usize, small: usize) -> Vec<PixelParts> {
    (0..large)
        .map(|at| {
            let (start, end) = (at * small, (at + 1) * small);
            let first = start / large;
            let border = (first + 1) * large;
            let in_first = end.min(border) - start;
            let in_next = small - in_first;
            let is_last_of_first = end >= border;
            PixelParts { first, in_first: in_first as u32, in_next: in_next as u32, is_last_of_first }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode;
    use precedent_model::MAX_THUMBNAIL_BYTES;
    use proptest::prelude::*;

    fn image(width: u32, height: u32, value: impl Fn(u32, u32) -> u16) -> GreyImage {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        GreyImage::new(width, height, pixels.map(|(x, y)| value(x, y)).collect()).unwrap()
    }

    fn sides(image: &GreyImage, side: u32) -> Option<(u32, u32)> {
        thumbnail(image, side).map(|picture| (picture.width(), picture.height()))
    }

    #[test]
    fn the_longest_side_is_as_asked_and_nothing_is_enlarged() {
        let film = image(200, 100, |x, _| x as u16 * 300);
        assert_eq!(sides(&film, 50), Some((50, 25)));
        assert_eq!(sides(&film, 199), Some((199, 100)));
        assert_eq!(sides(&film, 200), Some((200, 100)));
        assert_eq!(sides(&film, 512), Some((200, 100)));
        assert_eq!(sides(&film, 0), None);
        assert_eq!(sides(&image(3000, 1, |_, _| 9), 512), Some((512, 1)));
        assert_eq!(sides(&image(1, 3000, |_, _| 9), u32::MAX), Some((1, MAX_THUMBNAIL_SIDE)));
    }

    #[test]
    fn a_pixel_is_the_mean_of_its_area() {
        let checks = image(4, 4, |x, y| if (x + y) % 2 == 0 { u16::MAX } else { 0 });
        assert_eq!(reduced(&checks, 2, 2), [128; 4]);
        // Three columns in two: the middle one belongs to both by halves.
        let thirds = image(3, 1, |x, _| [0, 257 * 90, 257 * 240][x as usize]);
        assert_eq!(reduced(&thirds, 2, 1), [30, 190]);
        let kept = image(2, 2, |x, y| (x + 2 * y) as u16 * 257);
        assert_eq!(reduced(&kept, 2, 2), [0, 1, 2, 3]);
    }

    #[test]
    fn the_file_is_read_as_the_picture_that_was_written() {
        let film = image(700, 900, |x, y| ((x * 31 + y * 17) % 60_000) as u16 / 2 + 9000);
        let small = thumbnail(&film, 512).unwrap();
        let read = decode(small.jpeg()).unwrap().image;
        assert_eq!((read.width(), read.height()), (398, 512));
        assert_eq!(thumbnail(&film, 512), Some(small));
        let flat = thumbnail(&image(64, 64, |_, _| 257 * 100), 32).unwrap();
        assert!(
            decode(flat.jpeg()).unwrap().image.pixels().iter().all(|value| value.abs_diff(257 * 100) <= 257)
        );
    }

    #[test]
    fn noise_is_compressed_more_rather_than_left_out() {
        let mut state = 1_u64;
        let noise = (0..1024 * 1024).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if state >> 63 == 0 { 0 } else { u16::MAX }
        });
        let film = GreyImage::new(1024, 1024, noise.collect()).unwrap();
        assert!(thumbnail(&film, 1024).unwrap().jpeg().len() <= MAX_THUMBNAIL_BYTES);
    }

    proptest! {
        #[test]
        fn brightness_is_kept_on_the_whole(width in 1_u32..40, height in 1_u32..40, side in 1_u32..40, seed in any::<u16>()) {
            let film = image(width, height, |x, y| (x * 7919 + y * 104_729 + u32::from(seed)) as u16);
            let (columns, rows) = fitted((width, height), side).unwrap();
            let small = reduced(&film, columns as usize, rows as usize);
            prop_assert_eq!(small.len(), (columns * rows) as usize);
            let mean = |sum: f64, count: usize| sum / count as f64;
            let before = mean(film.pixels().iter().map(|&value| f64::from(value) / 257.0).sum(), film.pixels().len());
            let after = mean(small.iter().map(|&value| f64::from(value)).sum(), small.len());
            prop_assert!((before - after).abs() <= 0.5, "{} and {}", before, after);
        }
    }
}
