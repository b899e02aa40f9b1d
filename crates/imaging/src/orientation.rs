//! How a picture must be turned to stand upright (EXIF 2.32, tag 0x0112).

use std::ops::Range;

/// One of the eight ways that EXIF knows, as the sides of the shown picture that the first stored row and column form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Orientation {
    /// Rows and columns are exchanged first.
    transposed: bool,
    /// Then the order of the columns is reversed.
    mirrored: bool,
    /// And that of the rows.
    flipped: bool,
}

impl Orientation {
    /// The orientation of EXIF data from its TIFF header on; upright where it says nothing sensible.
    pub(crate) fn from_exif(tiff: &[u8]) -> Self {
        let (transposed, mirrored, flipped) = match code(tiff).unwrap_or(1) {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self { transposed, mirrored, flipped }
    }

    /// Turns a picture of `columns` × `rows`; gives its new sides and pixels.
    pub(crate) fn apply(self, (columns, rows): (u32, u32), pixels: Vec<u16>) -> ((u32, u32), Vec<u16>) {
        if self == Self::default() {
            return ((columns, rows), pixels);
        }
        let (width, height) = if self.transposed { (rows, columns) } else { (columns, rows) };
        let order = |count: u32, reversed: bool| {
            let all: Range<u32> = 0..count;
            all.map(move |at| if reversed { count - 1 - at } else { at })
        };
        let mut turned = Vec::with_capacity(pixels.len());
        for y in order(height, self.flipped) {
            turned.extend(order(width, self.mirrored).map(|x| {
                let (column, row) = if self.transposed { (y, x) } else { (x, y) };
                pixels.get(row as usize * columns as usize + column as usize).copied().unwrap_or(0)
            }));
        }
        ((width, height), turned)
    }
}

/// The value of the orientation tag in the first directory.
fn code(tiff: &[u8]) -> Option<u16> {
    let big = match tiff.first_chunk()? {
        b"MM" => true,
        b"II" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let pair = *tiff.get(at..)?.first_chunk()?;
        Some(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    };
    let u32_at = |at: usize| {
        let word = *tiff.get(at..)?.first_chunk()?;
        Some(if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) } as usize)
    };
    if u16_at(2)? != 42 {
        return None;
    }
    let directory = u32_at(4)?;
    let entries = usize::from(u16_at(directory)?);
    let entry =
        (0..entries).map(|index| directory + 2 + 12 * index).find(|&at| u16_at(at) == Some(0x0112))?;
    u16_at(entry + 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EXIF data with one entry.
    pub(crate) fn exif(code: u16, big: bool) -> Vec<u8> {
        let u16 = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let u32 = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let mut bytes = if big { b"MM".to_vec() } else { b"II".to_vec() };
        bytes.extend(u16(42));
        bytes.extend(u32(8));
        bytes.extend(u16(1));
        bytes.extend(u16(0x0112));
        bytes.extend(u16(3));
        bytes.extend(u32(1));
        bytes.extend(u16(code));
        bytes.extend([0; 6]);
        bytes
    }

    #[test]
    fn the_eight_orientations() {
        // The letter F, 3 columns and 2 rows: 1 2 3 / 4 5 6, stored so that the code turns it upright.
        let upright = [1, 2, 3, 4, 5, 6];
        for (code, size, stored) in [
            (1, (3, 2), [1, 2, 3, 4, 5, 6]),
            (2, (3, 2), [3, 2, 1, 6, 5, 4]),
            (3, (3, 2), [6, 5, 4, 3, 2, 1]),
            (4, (3, 2), [4, 5, 6, 1, 2, 3]),
            (5, (2, 3), [1, 4, 2, 5, 3, 6]),
            // Shown turned by 90 degrees clockwise: the first stored row is the right side.
            (6, (2, 3), [3, 6, 2, 5, 1, 4]),
            (7, (2, 3), [6, 3, 5, 2, 4, 1]),
            (8, (2, 3), [4, 1, 5, 2, 6, 3]),
        ] {
            for big in [false, true] {
                let orientation = Orientation::from_exif(&exif(code, big));
                let (turned_size, turned) = orientation.apply(size, stored.to_vec());
                assert_eq!((turned_size, turned.as_slice()), ((3, 2), upright.as_slice()), "code {code}");
            }
        }
    }

    #[test]
    fn broken_exif_leaves_the_picture_as_it_is() {
        let whole = exif(6, true);
        for cut in 0..19 {
            assert_eq!(Orientation::from_exif(&whole[..cut]), Orientation::default(), "cut at {cut}");
        }
        for code in [0, 9, u16::MAX] {
            assert_eq!(Orientation::from_exif(&exif(code, false)), Orientation::default());
        }
    }
}
