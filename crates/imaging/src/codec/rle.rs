//! DICOM's run-length coding (PS3.5 annex G): one stream of bytes per byte of a pixel, the most significant first.

use crate::ImageError;

const CODEC: &str = "RLE";
const HEADER: usize = 64;

/// Decodes `area` pixels of `components` samples of `bytes_per_sample` (1 or 2) bytes. The samples of a pixel come out side
/// by side.
pub(crate) fn decode(
    stream: &[u8],
    area: usize,
    bytes_per_sample: usize,
    components: usize,
) -> Result<Vec<u16>, ImageError> {
    let word = |index: usize| stream.get(4 * index..)?.first_chunk().map(|&bytes| u32::from_le_bytes(bytes));
    let count = word(0).filter(|_| stream.len() >= HEADER);
    let count = count.ok_or_else(|| ImageError::damaged(CODEC, 0, "the stream ends inside its header"))?;
    let segments = bytes_per_sample * components;
    ImageError::agree(CODEC, "number of segments", count, segments as u64)?;
    let mut samples = vec![0_u16; area * components];
    for segment in 0..segments {
        let start = word(segment + 1).unwrap_or(0) as usize;
        let end = if segment + 1 < segments { word(segment + 2).unwrap_or(0) as usize } else { stream.len() };
        let Some(bytes) = stream.get(start..end).filter(|_| start >= HEADER) else {
            return Err(ImageError::damaged(CODEC, 4 * (segment + 1), "a segment lies outside the stream"));
        };
        let place = Place {
            first: segment / bytes_per_sample,
            step: components,
            shift: 8 * (bytes_per_sample - 1 - segment % bytes_per_sample),
        };
        unpack(bytes, start, area, &place, &mut samples)?;
    }
    Ok(samples)
}

/// Where the bytes of a segment belong.
struct Place {
    first: usize,
    step: usize,
    shift: usize,
}

impl Place {
    /// Puts a byte into the sample of a pixel.
    fn put(&self, samples: &mut [u16], pixel: usize, byte: u8) {
        if let Some(sample) = samples.get_mut(pixel * self.step + self.first) {
            *sample |= u16::from(byte) << self.shift;
        }
    }
}

/// Unpacks one segment into a byte of every pixel.
fn unpack(
    segment: &[u8],
    start: usize,
    area: usize,
    place: &Place,
    samples: &mut [u16],
) -> Result<(), ImageError> {
    let damaged = |at: usize, problem| Err(ImageError::damaged(CODEC, start + at, problem));
    let mut at = 0;
    let mut done = 0;
    while done < area {
        let Some(&control) = segment.get(at) else {
            return damaged(at, "a segment ends before the picture does");
        };
        at += 1;
        let count = match control {
            128 => continue,
            0..128 => usize::from(control) + 1,
            _ => 257 - usize::from(control),
        };
        // A last run may reach beyond the picture, since segments are filled up to an even length.
        let wanted = count.min(area - done);
        if control < 128 {
            let Some(bytes) = segment.get(at..at + wanted) else {
                return damaged(at, "a segment ends inside a run");
            };
            bytes.iter().enumerate().for_each(|(pixel, &byte)| place.put(samples, done + pixel, byte));
            at += count;
        } else {
            let Some(&byte) = segment.get(at) else {
                return damaged(at, "a segment ends inside a run");
            };
            (done..done + wanted).for_each(|pixel| place.put(samples, pixel, byte));
            at += 1;
        }
        done += wanted;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(segments: &[&[u8]]) -> Vec<u8> {
        let mut header = vec![0_u32; 16];
        header[0] = segments.len() as u32;
        let mut at = 64;
        for (offset, segment) in header[1..].iter_mut().zip(segments) {
            *offset = at;
            at += segment.len() as u32;
        }
        let mut bytes: Vec<u8> = header.into_iter().flat_map(u32::to_le_bytes).collect();
        bytes.extend(segments.concat());
        bytes
    }

    #[test]
    fn runs_and_literals() {
        // 2 literals, 3 times 7, nothing, 1 literal.
        let bytes = stream(&[&[1, 10, 11, 254, 7, 128, 0, 9]]);
        assert_eq!(decode(&bytes, 6, 1, 1).unwrap(), [10, 11, 7, 7, 7, 9]);
    }

    #[test]
    fn the_first_segment_holds_the_upper_bytes() {
        let bytes = stream(&[&[1, 0x01, 0x02], &[255, 0xfe]]);
        assert_eq!(decode(&bytes, 2, 2, 1).unwrap(), [0x01fe, 0x02fe]);
    }

    #[test]
    fn components_come_one_after_the_other() {
        let bytes = stream(&[&[1, 1, 2], &[1, 3, 4], &[1, 5, 6]]);
        assert_eq!(decode(&bytes, 2, 1, 3).unwrap(), [1, 3, 5, 2, 4, 6]);
    }

    #[test]
    fn damage_is_named() {
        let whole = stream(&[&[1, 1, 2], &[1, 3, 4]]);
        for cut in 0..whole.len() {
            let error = decode(&whole[..cut], 2, 2, 1).unwrap_err();
            assert_eq!(error.reason(), "damaged", "cut at {cut}: {error}");
        }
        assert_eq!(decode(&whole, 2, 1, 1).unwrap_err().reason(), "disagrees");
        assert_eq!(decode(&whole, 5, 2, 1).unwrap_err().reason(), "damaged");
        let mut inside_header = whole.clone();
        inside_header[4] = 8;
        assert!(decode(&inside_header, 2, 2, 1).unwrap_err().to_string().contains("outside the stream"));
    }
}
