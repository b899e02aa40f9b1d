//! From pixel data to stored pixels: as they are or decompressed, and grey where they are stored as colour.

use super::guard::{FileParts, PixelBytes};
use super::header::{Form, Header, Photometric};
use crate::ImageError;
use crate::codec::{Samples, jpeg, jpeg2000, rle};
use crate::grey::{self, Tolerance};
use crate::stored::{Excess, StoredPixels};
use std::borrow::Cow;

/// Reads the pixels of the one frame.
pub(crate) fn read(
    file: &FileParts<'_>,
    header: &Header<'_>,
    form: &Form,
) -> Result<StoredPixels, ImageError> {
    let stored = match file.pixels.as_ref().ok_or(ImageError::NoPixels)? {
        PixelBytes::Native { at, words } => {
            let bytes = file.bytes.get(at.clone()).unwrap_or_default();
            // A stream that its writer did not put into fragments.
            if !file.is_uncompressed() && (is_jpeg(bytes) || is_jpeg_2000(bytes)) {
                decompressed(bytes, file, form)?
            } else {
                Native { bytes, form, big_endian: file.encoding.big_endian, words: *words }.read()?
            }
        }
        PixelBytes::Encapsulated { listed_frames, .. } if *listed_frames > 1 => {
            return Err(ImageError::Frames { count: *listed_frames as u64 });
        }
        PixelBytes::Encapsulated { fragments, .. } => {
            let parts: Vec<&[u8]> =
                fragments.iter().filter_map(|fragment| file.bytes.get(fragment.clone())).collect();
            let stream = match parts.as_slice() {
                [one] => Cow::Borrowed(*one),
                _ => Cow::Owned(parts.concat()),
            };
            decompressed(&stream, file, form)?
        }
    };
    if form.photometric == Photometric::Palette { from_palette(stored, header) } else { Ok(stored) }
}

fn decompressed(stream: &[u8], file: &FileParts<'_>, form: &Form) -> Result<StoredPixels, ImageError> {
    if form.shift > 0 {
        return Err(form.wrong_high_bit());
    }
    from_samples(decompress(stream, file.syntax.as_deref().unwrap_or_default(), form)?, form)
}

fn is_jpeg(stream: &[u8]) -> bool {
    jpeg::trim(stream).starts_with(&[0xff, 0xd8, 0xff])
}

fn is_jpeg_2000(stream: &[u8]) -> bool {
    stream.starts_with(&[0xff, 0x4f, 0xff, 0x51]) || stream.starts_with(jpeg2000::SIGNATURE)
}

/// Pixel data that is not compressed.
struct Native<'a> {
    bytes: &'a [u8],
    form: &'a Form,
    big_endian: bool,
    words: bool,
}

impl Native<'_> {
    fn read(&self) -> Result<StoredPixels, ImageError> {
        let form = self.form;
        let area = form.columns as usize * form.rows as usize;
        if !form.photometric.is_grey() && form.photometric != Photometric::Palette && form.samples != 3 {
            return Err(ImageError::field("SamplesPerPixel", form.samples, "3 where pixels are colour"));
        }
        self.check_length(area)?;
        let sample = |at: usize| self.sample(at);
        let values = match form.photometric {
            _ if form.bits_allocated == 32 => return self.read_long(area),
            Photometric::Rgb(_) | Photometric::Ybr(_) => {
                let (step, next) = if form.planar { (1, area) } else { (3, 1) };
                let pixels = (0..area).map(|at| [0, 1, 2].map(|colour| sample(at * step + colour * next)));
                grey_of(pixels, form)?
            }
            Photometric::Ybr422 => {
                // Two pixels and the colour channels that they share take four samples.
                let pixels = (0..area).map(|at| {
                    let group = at / 2 * 4;
                    [sample(group + at % 2), sample(group + 2), sample(group + 3)]
                });
                grey_of(pixels, form)?
            }
            _ if form.bits_allocated == 16 => {
                let cells = self.bytes.as_chunks().0.iter().take(area);
                if self.big_endian {
                    cells.map(|&pair| u16::from_be_bytes(pair)).collect()
                } else {
                    cells.map(|&pair| u16::from_le_bytes(pair)).collect()
                }
            }
            _ => (0..area).map(sample).collect(),
        };
        form.shifted(values)
    }

    /// Filling behind the pixels is shorter than a row and than a column, so that no other number of rows or columns could
    /// explain it.
    fn check_length(&self, area: usize) -> Result<(), ImageError> {
        let form = self.form;
        let samples = match form.photometric {
            Photometric::Ybr422 if !form.columns.is_multiple_of(2) => {
                return Err(ImageError::field("Columns", form.columns, "an even number with YBR_FULL_422"));
            }
            Photometric::Ybr422 => 2,
            _ => form.samples,
        };
        let pixel = samples * usize::from(form.bits_allocated / 8);
        let expected = area * pixel;
        let filling = pixel * (form.columns.min(form.rows) as usize);
        let most = expected.next_multiple_of(2).max(expected + filling - 1);
        let found = self.bytes.len();
        if (expected..=most).contains(&found) { Ok(()) } else { Err(ImageError::Length { found, expected }) }
    }

    /// The sample at a place among those of all pixels.
    fn sample(&self, at: usize) -> u16 {
        if self.form.bits_allocated == 16 {
            let pair = self.bytes.get(2 * at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
            return if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
        }
        // In big endian, two pixels of 8 bits that share a word stand the other way round.
        let swap = usize::from(self.big_endian && self.words);
        self.bytes.get(at ^ swap).copied().map_or(0, u16::from)
    }

    /// Pixels of 32 bits whose numbers need no more than 16.
    fn read_long(&self, area: usize) -> Result<StoredPixels, ImageError> {
        let form = self.form;
        if form.shift > 0 {
            return Err(form.wrong_high_bit());
        }
        let unused = 32 - u32::from(form.bits_stored);
        let words = self.bytes.as_chunks().0.iter().take(area);
        let fitting = words.map(|&bytes| {
            let word = if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
            if form.signed {
                i16::try_from(((word << unused) as i32) >> unused).ok().map(|number| number as u16)
            } else {
                u16::try_from(word << unused >> unused).ok()
            }
        });
        let values = fitting.collect::<Option<Vec<u16>>>();
        let values =
            values.ok_or_else(|| ImageError::field("a pixel", "of more than 16 bits", "up to 16 bits"))?;
        let form = Form { bits_stored: form.bits_stored.min(16), ..*form };
        form.stored(values, Excess::Mask)
    }
}

impl Form {
    /// Stored pixels of the values of whole cells. Where the header says that samples lie higher than the lowest bits, all other
    /// bits must be 0: many writers say so of samples that do not.
    fn shifted(&self, mut values: Vec<u16>) -> Result<StoredPixels, ImageError> {
        if self.shift > 0 {
            let window = (((1_u32 << self.bits_stored.min(16)) - 1) as u16) << self.shift;
            if values.iter().any(|&value| value & !window != 0) {
                return Err(self.wrong_high_bit());
            }
            values.iter_mut().for_each(|value| *value >>= self.shift);
        }
        self.stored(values, Excess::Mask)
    }

    fn wrong_high_bit(&self) -> ImageError {
        ImageError::field("HighBit", self.bits_stored + self.shift - 1, "BitsStored - 1")
    }

    fn stored(&self, values: Vec<u16>, excess: Excess) -> Result<StoredPixels, ImageError> {
        let size = (self.columns, self.rows);
        StoredPixels::new(size, self.bits_allocated, self.bits_stored, self.signed, values, excess)
    }
}

/// Decodes the compressed stream of one frame. Streams that say by their first bytes what they are are believed more than
/// the transfer syntax.
fn decompress(stream: &[u8], syntax: &str, form: &Form) -> Result<Samples, ImageError> {
    let syntax_part = syntax.strip_prefix("1.2.840.10008.1.2.").unwrap_or_default();
    match syntax_part {
        _ if is_jpeg(stream) => decompress_jpeg(stream, form),
        _ if is_jpeg_2000(stream) => jpeg2000::decode(stream, form.columns, form.rows),
        "5" => {
            let area = form.columns as usize * form.rows as usize;
            let values = rle::decode(stream, area, usize::from(form.bits_allocated / 8), form.samples)?;
            Ok(Samples {
                columns: form.columns,
                rows: form.rows,
                bits: form.bits_allocated,
                signed: form.signed,
                lossy: false,
                components: form.samples,
                values,
            })
        }
        "4.50" | "4.51" | "4.57" | "4.70" | "4.80" | "4.81" => decompress_jpeg(stream, form),
        "4.90" | "4.91" => jpeg2000::decode(stream, form.columns, form.rows),
        _ => Err(ImageError::Coding { name: syntax_name(syntax) }),
    }
}

fn decompress_jpeg(stream: &[u8], form: &Form) -> Result<Samples, ImageError> {
    const CODEC: &str = "JPEG";
    let markers = jpeg::markers(stream)?;
    ImageError::agree(CODEC, "number of columns", markers.columns, form.columns)?;
    ImageError::agree(CODEC, "number of rows", markers.rows, form.rows)?;
    let samples = jpeg::decode(stream, Tolerance::Rounding, matches!(form.photometric, Photometric::Rgb(_)))?;
    // Fewer bits than the header says would come out too dark, and without the bit of the sign.
    if samples.bits < form.bits_stored {
        ImageError::agree(CODEC, "number of bits", samples.bits, form.bits_stored)?;
    }
    Ok(samples)
}

/// The grey pixels of a stream's samples.
fn from_samples(samples: Samples, form: &Form) -> Result<StoredPixels, ImageError> {
    ImageError::limit("bits of a compressed sample", samples.bits.into(), form.bits_allocated.into())?;
    let excess = match samples.bits {
        _ if samples.lossy => Excess::Clamp,
        bits if bits == form.bits_allocated => Excess::Mask,
        _ => Excess::Refuse,
    };
    if samples.components == 1 {
        return form.stored(with_sign(samples, form)?, excess);
    }
    if form.photometric.is_grey() || form.photometric == Photometric::Palette {
        return Err(ImageError::Disagrees {
            codec: "compressed",
            field: "number of components",
            found: samples.components as u64,
            expected: 1,
        });
    }
    let pixels = samples.values.as_chunks::<3>().0.iter().copied();
    form.stored(grey_of(pixels, form)?, excess)
}

/// The samples of a stream, with the sign that the header says they have. A stream of the same number of bits whose sign is
/// another holds the same bits.
fn with_sign(samples: Samples, form: &Form) -> Result<Vec<u16>, ImageError> {
    let Samples { bits, signed, mut values, .. } = samples;
    let disagree = || ImageError::agree("compressed", "sign of the samples", signed, form.signed);
    if signed && !form.signed {
        let mask = ((1_u32 << bits) - 1) as u16;
        if bits != form.bits_stored && values.iter().any(|&value| value & 0x8000 != 0) {
            disagree()?;
        }
        values.iter_mut().for_each(|value| *value &= mask);
    } else if !signed && form.signed && bits < form.bits_stored {
        disagree()?;
    }
    Ok(values)
}

/// Grey of pixels that are stored as three channels.
fn grey_of(pixels: impl Iterator<Item = [u16; 3]> + Clone, form: &Form) -> Result<Vec<u16>, ImageError> {
    let bits = form.bits_stored;
    let (how, grey) = match form.photometric {
        Photometric::Ybr(how) => (how, None),
        Photometric::Ybr422 => ("YBR_FULL_422", None),
        Photometric::Rgb(how) => (how, Some(grey::from_rgb(pixels.clone(), bits, Tolerance::Rounding))),
        _ => ("three channels", Some(grey::from_rgb(pixels.clone(), bits, Tolerance::Rounding))),
    };
    // A codec may have turned luminance and colour into red, green and blue already, and writers forget to say so.
    let grey = grey.unwrap_or_else(|| {
        grey::from_ybr(pixels.clone(), bits).or_else(|_| grey::from_rgb(pixels, bits, Tolerance::Rounding))
    });
    grey.map_err(|_| ImageError::Colour { how })
}

/// Grey of pixels that are indices of a table of colours.
fn from_palette(indices: StoredPixels, header: &Header<'_>) -> Result<StoredPixels, ImageError> {
    let tables = header.palette()?;
    let wrong =
        |found: &str| ImageError::field("RedPaletteColorLookupTable", found, "three tables of one form");
    let largest = tables.iter().flat_map(|table| table.entries.iter().copied()).max().unwrap_or(0);
    // Tables of 16 bits that were filled with numbers of 8 are common.
    let bits = if largest <= 0xff { 8 } else { 16 };
    if tables.iter().any(|table| table.bits < bits) {
        return Err(wrong("with entries of more bits than its descriptor says"));
    }
    let size = (indices.columns(), indices.rows());
    let mut greys: Vec<Option<u16>> = vec![None; usize::from(indices.largest_bits()) + 1];
    let mut values = indices.into_values();
    for value in &mut values {
        let Some(known) = greys.get_mut(usize::from(*value)) else { continue };
        *value = match *known {
            Some(grey) => grey,
            None => {
                let colour =
                    [0, 1, 2].map(|at: usize| tables.get(at).map_or(0, |table| table.at((*value).into())));
                let grey = grey::of_rgb(colour, bits, Tolerance::Rounding)
                    .ok_or(ImageError::Colour { how: "PALETTE COLOR" })?;
                *known.insert(grey)
            }
        };
    }
    StoredPixels::new(size, bits, bits, false, values, Excess::Refuse)
}

/// A name for a transfer syntax that is not read, with its UID.
fn syntax_name(syntax: &str) -> String {
    let name = match syntax.strip_prefix("1.2.840.10008.1.2.").unwrap_or_default() {
        "4.201" | "4.202" | "4.203" => "High-Throughput JPEG 2000",
        "4.110" | "4.111" | "4.112" => "JPEG XL",
        _ => "transfer syntax",
    };
    if syntax.is_empty() {
        "compressed data without a transfer syntax".to_owned()
    } else {
        format!("{name} ({syntax})")
    }
}
