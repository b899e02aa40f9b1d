//! Films side by side in one picture, with captions: what a person compares at a glance.

use crate::output::wrap;
use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};
use precedent_encoder::Square;
use precedent_model::GreyImage;

/// Side of the square that a film is fitted into, in pixels.
const FILM: usize = 320;
/// Between films, and around the sheet.
const GAP: usize = 16;
/// A character is 8 pixels wide; its rows are doubled, which is how terminals of old showed this font.
const COLUMN: usize = 8;
const ROW: usize = 20;
/// Lines of a caption.
const LINES: usize = 4;
/// Thickness of the frame around the film that was asked with.
const FRAME: usize = 3;

const BACKGROUND: u8 = 24;
const EMPTY: u8 = 12;
const FAINT: u8 = 150;
const PLAIN: u8 = 205;
const BRIGHT: u8 = 255;

/// A film with what is said about it.
pub struct Tile<'a> {
    /// `None` where the file cannot be shown.
    pub film: Option<&'a GreyImage>,
    /// The first line of the caption.
    pub title: String,
    /// The other lines; what is too long is broken, what is too much is cut.
    pub lines: Vec<String>,
}

/// Draws a sheet as PNG: the film that was asked with at left, in a frame, then the others, and a notice at the bottom.
///
/// # Errors
/// None but the encoder's own.
pub fn draw(query: &Tile<'_>, hits: &[Tile<'_>], notice: &str) -> Result<Vec<u8>, png::EncodingError> {
    let columns = 1 + hits.len();
    // The query stands apart by twice the gap.
    let width = columns * (FILM + GAP) + 2 * GAP;
    let height = GAP + FILM + GAP / 2 + LINES * ROW + GAP / 2 + ROW + GAP;
    let mut canvas = Canvas::new(width, height);
    canvas.fill(GAP - FRAME, GAP - FRAME, FILM + 2 * FRAME, FILM + 2 * FRAME, PLAIN);
    canvas.tile(GAP, query);
    for (at, hit) in hits.iter().enumerate() {
        canvas.tile(GAP + (at + 1) * (FILM + GAP) + GAP, hit);
    }
    canvas.text(GAP, height - GAP - ROW, width - 2 * GAP, notice, FAINT);
    canvas.png()
}

/// Grey pixels to draw on.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![BACKGROUND; width * height] }
    }

    fn tile(&mut self, left: usize, tile: &Tile<'_>) {
        match tile.film {
            Some(film) => self.film(left, GAP, film),
            None => {
                self.fill(left, GAP, FILM, FILM, EMPTY);
                self.text(left + COLUMN, GAP + FILM / 2, FILM - COLUMN, "no picture", FAINT);
            }
        }
        let top = GAP + FILM + GAP / 2;
        self.text(left, top, FILM, &tile.title, BRIGHT);
        for (at, line) in fitted(&tile.lines).iter().enumerate() {
            self.text(left, top + (at + 1) * ROW, FILM, line, PLAIN);
        }
    }

    fn film(&mut self, left: usize, top: usize, film: &GreyImage) {
        let square = Square::fit(film, FILM);
        for (row, values) in square.pixels().chunks_exact(FILM).enumerate() {
            let start = (top + row) * self.width + left;
            for (pixel, value) in self.pixels[start..start + FILM].iter_mut().zip(values) {
                *pixel = (value * 255.0).round() as u8;
            }
        }
    }

    fn fill(&mut self, left: usize, top: usize, width: usize, height: usize, shade: u8) {
        for row in top..top + height {
            self.pixels[row * self.width + left..][..width].fill(shade);
        }
    }

    /// Writes a line, cut where there is no more room.
    fn text(&mut self, left: usize, top: usize, room: usize, text: &str, shade: u8) {
        for (at, letter) in text.chars().take(room / COLUMN).enumerate() {
            for (row, bits) in glyph(letter).into_iter().enumerate() {
                for column in (0..COLUMN).filter(|column| bits >> column & 1 == 1) {
                    for line in [top + 2 * row, top + 2 * row + 1] {
                        self.pixels[line * self.width + left + at * COLUMN + column] = shade;
                    }
                }
            }
        }
    }

    fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(bytes)
    }
}

/// The rows of a letter; bit 0 is the leftmost pixel. What the font lacks is a question mark.
fn glyph(letter: char) -> [u8; 8] {
    let found = BASIC_FONTS.get(letter).or_else(|| LATIN_FONTS.get(letter));
    found.or_else(|| BASIC_FONTS.get('?')).unwrap_or([0; 8])
}

/// The lines below the title, broken to the width of a film; the last ends in dots where more was to be said.
fn fitted(lines: &[String]) -> Vec<String> {
    let most = FILM / COLUMN;
    let mut broken: Vec<String> = lines.iter().flat_map(|line| wrap(line, most)).collect();
    if broken.len() > LINES - 1 {
        broken.truncate(LINES - 1);
        let last = &mut broken[LINES - 2];
        let kept = last.char_indices().nth(most - 4).map_or(last.len(), |(at, _)| at);
        last.truncate(kept);
        last.push_str(" ...");
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(width: u32, height: u32, value: u16) -> GreyImage {
        GreyImage::new(width, height, vec![value; (width * height) as usize]).unwrap()
    }

    fn read(png: &[u8]) -> GreyImage {
        let decoded = precedent_imaging::decode(png).unwrap();
        assert_eq!(decoded.format, precedent_imaging::Format::Png);
        decoded.image
    }

    #[test]
    fn films_stand_side_by_side_with_their_shape_kept() {
        let (wide, high) = (film(640, 320, 0xffff), film(100, 400, 0x8080));
        let tile = |film, title: &str| Tile { film, title: title.to_owned(), lines: Vec::new() };
        let query = tile(Some(&wide), "query");
        let hits = [tile(Some(&high), "1"), tile(None, "2")];
        let sheet = read(&draw(&query, &hits, "notice").unwrap());
        assert_eq!((sheet.width() as usize, sheet.height() as usize), (3 * 336 + 32, 468));
        let at = |x: usize, y: usize| sheet.pixels()[y * sheet.width() as usize + x] >> 8;
        // The middle of the first film, above it, and the frame.
        assert_eq!([at(176, 176), at(176, 40), at(176, GAP - 1)], [255, 0, u16::from(PLAIN)]);
        // The middle of the second, and beside it.
        let second = GAP + 336 + GAP;
        assert_eq!([at(second + 160, 176), at(second + 20, 176)], [0x80, 0]);
        assert_eq!(at(second + 336 + 160, 60), u16::from(EMPTY));
    }

    #[test]
    fn letters_are_drawn_and_what_is_too_long_is_cut() {
        let mut canvas = Canvas::new(40, 20);
        canvas.text(0, 0, 24, "Hi\u{4e2d}no room", BRIGHT);
        let ink =
            |from: usize, to: usize| (0..20).any(|y| (from..to).any(|x| canvas.pixels[y * 40 + x] == BRIGHT));
        assert!(ink(0, 8) && ink(8, 16) && ink(16, 24) && !ink(24, 40));

        let many = ["one".to_owned(), "word ".repeat(40)];
        let lines = fitted(&many);
        assert_eq!((lines.len(), lines[0].as_str()), (3, "one"));
        assert!(lines.iter().all(|line| line.len() <= 40) && lines[2].ends_with("..."), "{lines:?}");
        assert_eq!(fitted(&["short".to_owned()]), ["short"]);
    }
}
