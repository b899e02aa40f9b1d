//! Why a file gives no picture.

use std::error::Error;

/// Why a file gives no picture. No message quotes a value that could name a person.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The first bytes are of no format that is read here.
    #[error("not a DICOM, PNG or JPEG file")]
    UnknownFormat,
    /// The file breaks the rules of its own format.
    #[error("damaged {format} at byte {offset}: {problem}")]
    Damaged {
        /// Format or codec.
        format: &'static str,
        /// Where, in bytes from the start of the file, or of the inflated data set or compressed stream.
        offset: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// More than a file may ask for.
    #[error("{what} {found} is above the limit of {limit}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many the file asks for.
        found: u64,
        /// How many it may.
        limit: u64,
    },
    /// A DICOM object without a picture, such as a report or a plan.
    #[error("no pixel data")]
    NoPixels,
    /// Something the picture cannot be read without.
    #[error("{field} is missing")]
    Missing {
        /// DICOM keyword.
        field: &'static str,
    },
    /// A value that is not as it should be, or not of a kind that is read here.
    #[error("{field} is {found}; expected {expected}")]
    Field {
        /// DICOM keyword or name in the stream.
        field: &'static str,
        /// What the file says, in numbers or codes of the standard.
        found: String,
        /// What is read.
        expected: &'static str,
    },
    /// The pixels are coded in a way that is not read here.
    #[error("{name} is not supported")]
    Coding {
        /// Name of the coding, or UID of the transfer syntax.
        name: String,
    },
    /// A picture in colour.
    #[error("colour picture ({how}); only grey is read")]
    Colour {
        /// By which mark it is known.
        how: &'static str,
    },
    /// Several pictures in one file.
    #[error("{count} frames; only one is read")]
    Frames {
        /// How many.
        count: u64,
    },
    /// Pixels that what lies beneath would show through.
    #[error("transparent pixels; only opaque pictures are read")]
    Transparent,
    /// The pixel data is not as long as the header says.
    #[error("pixel data has {found} bytes; {expected} expected")]
    Length {
        /// Bytes there.
        found: usize,
        /// Bytes by the header.
        expected: usize,
    },
    /// The compressed stream and the header speak of different pictures.
    #[error("{field} is {found} in the {codec} stream and {expected} in the header")]
    Disagrees {
        /// Name of the codec.
        codec: &'static str,
        /// What differs.
        field: &'static str,
        /// In the stream.
        found: u64,
        /// In the header.
        expected: u64,
    },
    /// The decoder of a compressed stream gave up.
    #[error("{codec} stream cannot be decoded")]
    Codec {
        /// Name of the codec.
        codec: &'static str,
        /// What the decoder said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ImageError {
    /// One stable word for counting, the same for every file refused for the same cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::UnknownFormat => "unknown_format",
            Self::Damaged { .. } => "damaged",
            Self::Limit { .. } => "limit",
            Self::NoPixels => "no_pixels",
            Self::Missing { .. } => "missing_field",
            Self::Field { .. } => "field",
            Self::Coding { .. } => "coding",
            Self::Colour { .. } => "colour",
            Self::Frames { .. } => "frames",
            Self::Transparent => "transparent",
            Self::Length { .. } => "length",
            Self::Disagrees { .. } => "disagrees",
            Self::Codec { .. } => "codec",
        }
    }

    pub(crate) fn damaged(format: &'static str, offset: usize, problem: &'static str) -> Self {
        Self::Damaged { format, offset, problem }
    }

    pub(crate) fn field(field: &'static str, found: impl ToString, expected: &'static str) -> Self {
        Self::Field { field, found: found.to_string(), expected }
    }

    pub(crate) fn codec(codec: &'static str, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Codec { codec, source: Box::new(source) }
    }

    /// Refuses `found` above `limit`.
    pub(crate) fn limit(what: &'static str, found: u64, limit: u64) -> Result<(), Self> {
        if found > limit { Err(Self::Limit { what, found, limit }) } else { Ok(()) }
    }

    /// Refuses a stream that says `found` where the header says `expected`.
    pub(crate) fn agree(
        codec: &'static str,
        field: &'static str,
        found: impl Into<u64>,
        expected: impl Into<u64>,
    ) -> Result<(), Self> {
        let (found, expected) = (found.into(), expected.into());
        if found == expected { Ok(()) } else { Err(Self::Disagrees { codec, field, found, expected }) }
    }
}
