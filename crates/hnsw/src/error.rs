//! Errors of graphs.

use std::error::Error;

/// Why a graph could not be built, opened or searched. Names rows and offsets, but never the numbers of a vector.
#[derive(Debug, thiserror::Error)]
pub enum HnswError {
    /// A parameter is outside its range.
    #[error("{field} is {found}; it must be from {min} to {max}")]
    Parameter {
        /// Name of the parameter.
        field: &'static str,
        /// Value given.
        found: usize,
        /// Smallest valid value.
        min: usize,
        /// Largest valid value.
        max: usize,
    },
    /// A row holds NaN, an infinity, or numbers whose distances overflow.
    #[error(
        "row {row} has a number that is not finite, or so large that distances overflow; admit vectors before they are stored"
    )]
    NotFinite {
        /// Number of the row.
        row: u32,
    },
    /// The query and the rows have different dimensions.
    #[error("the query has {found} numbers, the rows have {expected}")]
    QueryDimension {
        /// Dimension of the query.
        found: usize,
        /// Dimension of the rows.
        expected: usize,
    },
    /// The query holds NaN or an infinity.
    #[error("number {index} of the query is not finite")]
    QueryNotFinite {
        /// Position in the query, from 0.
        index: usize,
    },
    /// The graph and the vectors do not belong together.
    #[error("the graph has {nodes} nodes, its vectors have {rows} rows; rebuild the graph")]
    RowCount {
        /// Nodes of the graph.
        nodes: usize,
        /// Rows of vectors.
        rows: usize,
    },
    /// The header of a graph contradicts itself, or does not fit the length of the file.
    #[error("graph header at offset {offset}: {field} is {found}, expected {expected}; rebuild the graph")]
    Header {
        /// Name of the field.
        field: &'static str,
        /// Position of the field, in bytes.
        offset: u64,
        /// Value found.
        found: u64,
        /// Value, or largest value, expected.
        expected: u64,
    },
    /// The quantiser, which turns vectors into codes, contradicts itself.
    #[error("graph damaged: {0}; rebuild the graph")]
    Quantiser(#[from] precedent_vector::QuantiserError),
    /// A link or a list length points outside the graph.
    #[error("graph damaged at offset {offset}: {what} is {found}, expected at most {max}; rebuild the graph")]
    Damaged {
        /// Position of the number, in bytes.
        offset: u64,
        /// What the number is.
        what: &'static str,
        /// Value found.
        found: u32,
        /// Largest value expected.
        max: u32,
    },
    /// The bytes of the graph could not be read.
    #[error("the graph could not be read")]
    Pages(#[source] Box<dyn Error + Send + Sync>),
    /// A vector could not be read.
    #[error("vector {row} could not be read")]
    Row {
        /// Number of the row.
        row: u32,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The vectors do not have the shape that was declared.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The caller stopped the build.
    #[error("the build was stopped")]
    Stopped,
    /// The threads for the build could not be started.
    #[error("threads for the build could not be started")]
    Threads(#[source] rayon::ThreadPoolBuildError),
    /// hnsw_rs failed. Its panics are caught: it asserts where this crate returns errors.
    #[error("hnsw_rs failed: {0}")]
    Builder(String),
}

impl HnswError {
    pub(crate) fn pages(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Pages(Box::new(source))
    }

    pub(crate) fn row(row: u32, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Row { row, source: Box::new(source) }
    }
}

/// Why a row could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// A row past the end.
    #[error("row {row} was asked for, there are {rows}")]
    OutOfRange {
        /// Row requested.
        row: u32,
        /// Number of rows.
        rows: usize,
    },
    /// The numbers do not form complete rows, or are not inside their pages.
    #[error("{rows} rows of {dimension} numbers do not fit {bytes} bytes from offset {offset}")]
    Shape {
        /// Rows declared.
        rows: usize,
        /// Dimension of the rows.
        dimension: usize,
        /// Start of the rows, in bytes.
        offset: usize,
        /// Length of the pages, in bytes.
        bytes: usize,
    },
    /// The pages are not aligned to 4 bytes in memory.
    #[error("vectors at offset {offset} are not aligned to 4 bytes; map the file from a page boundary")]
    Misaligned {
        /// Position of the row, in bytes.
        offset: usize,
    },
    /// The pages could not be read.
    #[error("bytes of the vectors could not be read")]
    Pages(#[source] Box<dyn Error + Send + Sync>),
}
