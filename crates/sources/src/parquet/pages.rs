//! The pages of a file: the pieces in which the values of a column are compressed.

use crate::compression::Compression;
use crate::source::At;
use bytes::Bytes;
use parquet::basic;
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length, RowGroupReader};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::sync::Arc;

/// Bytes read at once where only the head of a page is wanted.
const HEAD_BYTES: usize = 256;

/// Whether pages of a compression can be unpacked here.
pub(super) fn is_unpacked(compression: basic::Compression) -> bool {
    use basic::Compression as C;
    match compression {
        C::UNCOMPRESSED | C::SNAPPY | C::GZIP(_) | C::ZSTD(_) | C::LZ4 | C::LZ4_RAW => true,
        C::BROTLI(_) | C::LZO => false,
    }
}

/// The file in pieces, each reader at a place of its own.
pub(super) struct Chunks(pub Arc<File>);

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.0.metadata().map_or(0, |metadata| metadata.len())
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::with_capacity(HEAD_BYTES, At::from(&self.0, start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        // A damaged length must not take memory.
        if start.saturating_add(length as u64) > self.len() {
            return Err(ParquetError::EOF("beyond the end".to_owned()));
        }
        let mut bytes = vec![0; length];
        At::from(&self.0, start).read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// A part of the rows.
pub(super) struct RowGroup<'a> {
    pub chunks: &'a Arc<Chunks>,
    pub metadata: &'a RowGroupMetaData,
}

impl RowGroup<'_> {
    fn pages(&self, column: &ColumnChunkMetaData) -> Result<SerializedPageReader<Chunks>> {
        let rows = usize::try_from(self.metadata.num_rows())?;
        SerializedPageReader::new(self.chunks.clone(), column, rows, None)
    }
}

impl RowGroupReader for RowGroup<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.metadata
    }

    fn num_columns(&self) -> usize {
        self.metadata.num_columns()
    }

    fn get_column_page_reader(&self, column: usize) -> Result<Box<dyn PageReader>> {
        let column = self.metadata.column(column);
        let basic::Compression::ZSTD(_) = column.compression() else {
            return Ok(Box::new(self.pages(column)?));
        };
        let as_it_stands = basic::Compression::UNCOMPRESSED;
        let packed = column.clone().into_builder().set_compression(as_it_stands).build()?;
        let most_bytes = u64::try_from(column.uncompressed_size())?;
        Ok(Box::new(ZstdPages { packed: self.pages(&packed)?, most_bytes }))
    }

    fn get_column_bloom_filter(&self, _column: usize) -> Option<&Sbbf> {
        None
    }

    fn get_row_iter(&self, projection: Option<Type>) -> Result<RowIter<'_>> {
        RowIter::from_row_group(projection, self)
    }
}

/// Pages compressed with Zstandard. The library has only a decoder in C for them, so it is told that they are not compressed,
/// and they are unpacked here.
struct ZstdPages {
    packed: SerializedPageReader<Chunks>,
    /// What all pages of the column have together.
    most_bytes: u64,
}

impl ZstdPages {
    /// Unpacks what stands behind the first bytes, which are not compressed.
    fn unpack(&self, page: &Bytes, plain: usize) -> Result<Bytes> {
        if plain > page.len() {
            return Err(ParquetError::EOF("levels beyond the page".to_owned()));
        }
        let mut unpacked = page[..plain].to_vec();
        let decoder = Compression::Zstd.decoder(Cursor::new(page.slice(plain..)));
        decoder.take(self.most_bytes.saturating_add(1)).read_to_end(&mut unpacked)?;
        if unpacked.len() as u64 > self.most_bytes {
            return Err(ParquetError::General("a page is larger than its column".to_owned()));
        }
        Ok(unpacked.into())
    }

    fn unpack_page(&self, mut page: Page) -> Result<Page> {
        match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = self.unpack(buf, 0)?,
            Page::DataPageV2 {
                buf, def_levels_byte_len, rep_levels_byte_len, is_compressed: true, ..
            } => {
                *buf = self.unpack(buf, (*def_levels_byte_len + *rep_levels_byte_len) as usize)?;
            }
            Page::DataPageV2 { .. } => {}
        }
        Ok(page)
    }
}

impl Iterator for ZstdPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for ZstdPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.packed.get_next_page()?;
        page.map(|page| self.unpack_page(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.packed.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.packed.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.packed.at_record_boundary()
    }
}
