//! A small picture of an image, to show beside a case.

use crate::ModelError;
use std::fmt;

/// Longest side of a thumbnail, in pixels.
pub const MAX_THUMBNAIL_SIDE: u32 = 1024;
/// Most bytes of a thumbnail.
pub const MAX_THUMBNAIL_BYTES: usize = 1 << 20;

/// A small grey picture of an image, as the bytes of a JPEG file.
#[derive(Clone, PartialEq, Eq)]
pub struct Thumbnail {
    jpeg: Vec<u8>,
    width: u32,
    height: u32,
}

impl Thumbnail {
    /// A thumbnail of `width` x `height` pixels. Only the header of the file is read.
    ///
    /// # Errors
    /// A side of 0 or above [`MAX_THUMBNAIL_SIDE`], more than [`MAX_THUMBNAIL_BYTES`], or a file that is no grey JPEG of this size.
    pub fn new(jpeg: Vec<u8>, width: u32, height: u32) -> Result<Self, ModelError> {
        let refused = |problem: String, remedy: &str| Err(ModelError::new("thumbnail", problem, remedy));
        let sides = 1..=MAX_THUMBNAIL_SIDE;
        if !sides.contains(&width) || !sides.contains(&height) {
            let problem = format!("is {width} x {height} pixels; a side has 1 to {MAX_THUMBNAIL_SIDE}");
            return refused(problem, "give a smaller picture");
        }
        if jpeg.len() > MAX_THUMBNAIL_BYTES {
            let problem = format!("has {} bytes, the limit is {MAX_THUMBNAIL_BYTES}", jpeg.len());
            return refused(problem, "compress it more");
        }
        match frame_of(&jpeg) {
            Some((columns, rows, 1)) if (u32::from(columns), u32::from(rows)) == (width, height) => {
                Ok(Self { jpeg, width, height })
            }
            Some((columns, rows, 1)) => {
                let problem = format!("is {columns} x {rows} pixels and not {width} x {height}");
                refused(problem, "give the size that its file says")
            }
            Some(_) => refused("is a JPEG with colours".to_owned(), "give a grey one"),
            None => refused("is not a JPEG file".to_owned(), "give a grey JPEG"),
        }
    }

    /// The bytes of the file.
    pub fn jpeg(&self) -> &[u8] {
        &self.jpeg
    }

    /// Pixels across.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The bytes of the file, without a copy.
    pub fn into_jpeg(self) -> Vec<u8> {
        self.jpeg
    }
}

/// It shows a patient.
impl fmt::Debug for Thumbnail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbnail({} x {}, hidden)", self.width, self.height)
    }
}

/// Columns, rows and components that the header of a JPEG frame states (ITU T.81, B.2.2).
fn frame_of(jpeg: &[u8]) -> Option<(u16, u16, u8)> {
    let mut rest = jpeg.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        // Any number of fill bytes may stand before a marker.
        let (&marker, behind) = match rest.split_first_chunk::<2>()? {
            ([0xFF, 0xFF], _) => {
                rest = &rest[1..];
                continue;
            }
            ([0xFF, marker], behind) => (marker, behind),
            _ => return None,
        };
        let (length, _) = behind.split_first_chunk::<2>()?;
        let segment = behind.get(2..usize::from(u16::from_be_bytes(*length)))?;
        match marker {
            // Huffman tables, a reserved one and arithmetic conditioning lie among the frames.
            0xC4 | 0xC8 | 0xCC => {}
            0xC0..=0xCF => {
                let &[8, high, low, left, right, components, ..] = segment else { return None };
                return Some((
                    u16::from_be_bytes([left, right]),
                    u16::from_be_bytes([high, low]),
                    components,
                ));
            }
            // A scan before any frame.
            0xDA => return None,
            _ => {}
        }
        rest = behind.get(2 + segment.len()..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The beginning of a JPEG file, with an application segment and a fill byte before the frame.
    fn jpeg(width: u16, height: u16, components: u8) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xFF, 0xC0];
        bytes.extend((8 + 3 * u16::from(components)).to_be_bytes());
        bytes.push(8);
        bytes.extend(height.to_be_bytes().into_iter().chain(width.to_be_bytes()));
        bytes.push(components);
        bytes.extend(vec![1; 3 * usize::from(components)]);
        bytes
    }

    #[track_caller]
    fn refused(jpeg: Vec<u8>, width: u32, height: u32, part: &str) {
        let error = Thumbnail::new(jpeg, width, height).unwrap_err();
        assert!(error.field == "thumbnail" && error.problem.contains(part), "{error}");
    }

    #[test]
    fn a_thumbnail_is_a_grey_jpeg_of_its_size() {
        let thumbnail = Thumbnail::new(jpeg(512, 300, 1), 512, 300).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (512, 300));
        assert_eq!(thumbnail.jpeg(), jpeg(512, 300, 1));
        refused(jpeg(512, 300, 1), 300, 512, "is 512 x 300 pixels and not 300 x 512");
        refused(jpeg(512, 300, 3), 512, 300, "with colours");
        refused(b"\x89PNG".to_vec(), 512, 300, "not a JPEG");
        refused(jpeg(1025, 1, 1), 1025, 1, "a side has 1 to 1024");
        refused(jpeg(0, 1, 1), 0, 1, "a side has 1 to 1024");
        let mut long = jpeg(1, 1, 1);
        long.resize(MAX_THUMBNAIL_BYTES + 1, 0);
        refused(long.clone(), 1, 1, "the limit is 1048576");
        long.pop();
        assert_eq!(Thumbnail::new(long, 1, 1).unwrap().into_jpeg().len(), MAX_THUMBNAIL_BYTES);
    }

    #[test]
    fn debug_hides_the_picture() {
        let shown = format!("{:?}", Thumbnail::new(jpeg(2, 1, 1), 2, 1).unwrap());
        assert_eq!(shown, "Thumbnail(2 x 1, hidden)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_thumbnail_or_an_error(cut in 0_usize..30, bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut begun = jpeg(3, 2, 1);
            begun.truncate(cut);
            begun.extend(bytes);
            let _ = Thumbnail::new(begun, 3, 2);
        }
    }
}
