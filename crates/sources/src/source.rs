//! What a manifest is read from: a file, compressed or not, standard input, or a folder of reports.

use crate::SourceError;
use crate::compression::Compression;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes read at once.
const BUFFER_BYTES: usize = 1 << 18;
/// Bytes at the beginning of standard input by which it is told what stands there.
const SNIFFED_BYTES: u64 = 1 << 16;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What a manifest is called.
const REMEDY: &str = "name it .jsonl, .ndjson, .csv or .tsv, as it is inside, and .gz or .zst behind that where it is compressed, \
                      or .parquet; standard input is -";
/// What a Parquet file begins with.
const PARQUET_MAGIC: &[u8] = b"PAR1";

/// What a manifest is read from, any number of times.
#[derive(Debug)]
pub struct Source {
    name: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    File {
        kind: Kind,
        compression: Option<Compression>,
    },
    /// A copy of standard input, which goes with the program however it ends.
    Copy {
        kind: Kind,
        compression: Option<Compression>,
        copy: Arc<File>,
    },
    /// Reports, a file each, and how many other files lie beside them.
    Folder {
        reports: Arc<[PathBuf]>,
        others: usize,
    },
}

/// How rows stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An object per line.
    Json,
    /// Cells between separators, below a header.
    Table(u8),
    /// Columns, with a footer that says where each lies.
    Parquet,
}

/// The bytes of a manifest, as they were before they were compressed.
pub(crate) type Bytes = Box<dyn BufRead + Send>;

/// A manifest that is being read.
pub(crate) enum Opened {
    Rows { kind: Kind, bytes: Bytes, progress: Progress },
    Reports { reports: Arc<[PathBuf]>, others: usize },
    Parquet(Arc<File>),
}

/// How much of a file has been read, in the bytes of the file itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    pub total: u64,
    /// Counted where the bytes are unpacked on the way.
    packed: Option<Arc<AtomicU64>>,
}

impl Progress {
    /// Bytes read so far, where `offset` bytes have come out.
    pub fn read(&self, offset: u64) -> u64 {
        self.packed.as_ref().map_or(offset, |packed| packed.load(Ordering::Relaxed))
    }
}

impl Source {
    /// What lies at a path: a manifest by its ending; a folder, whose `.txt` files are a report each; standard input for
    /// `-`, which is copied to a temporary file without a name, so that it can be read more than once.
    ///
    /// What is compressed is unpacked once to see whether it is whole.
    ///
    /// # Errors
    /// A file of another kind, a damaged one or one that cannot be read, a folder without a report.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SourceError> {
        let path = path.as_ref();
        if path.as_os_str() == "-" {
            return Self::copy_of(io::stdin().lock(), Path::new("standard input"));
        }
        let failed = |source| SourceError::Open { path: path.to_owned(), source };
        // Asked by name first, as opening a pipe would wait for somebody to write.
        let metadata = std::fs::metadata(path);
        if metadata.as_ref().is_ok_and(std::fs::Metadata::is_dir) {
            return Self::folder(path);
        }
        let (kind, compression) = by_name(path)
            .ok_or_else(|| SourceError::manifest(path, "is no kind of manifest that can be read", REMEDY))?;
        if !metadata.map_err(failed)?.is_file() {
            let remedy = "give a file or a folder; pipe into the program and name - as the source";
            return Err(SourceError::manifest(path, "is not a regular file", remedy));
        }
        let mut start = Vec::new();
        File::open(path).and_then(|file| file.take(4).read_to_end(&mut start)).map_err(failed)?;
        match (compression, Compression::of_bytes(&start)) {
            (None, Some(found)) => {
                let remedy = format!("put .{} behind its name", found.extension());
                return Err(SourceError::manifest(path, "is compressed", remedy));
            }
            (Some(said), found) if found != Some(said) && !start.is_empty() => {
                return Err(SourceError::manifest(path, "is not compressed as its name says", REMEDY));
            }
            _ => {}
        }
        if let Some(compression) = compression {
            if kind == Kind::Parquet {
                let remedy = "unpack it; Parquet compresses its columns itself";
                return Err(SourceError::manifest(path, "is a compressed Parquet file", remedy));
            }
            check_whole(path, compression, File::open(path).map_err(failed)?)?;
        }
        if kind != Kind::Parquet && start == PARQUET_MAGIC {
            return Err(SourceError::manifest(path, "is a Parquet file", "name it .parquet"));
        }
        Ok(Self { name: path.to_owned(), place: Place::File { kind, compression } })
    }

    /// As [`Self::open`] of `-`, of a reader under a name for messages.
    ///
    /// # Errors
    /// A reader that fails, or no room for the copy.
    pub fn copy_of(mut reader: impl Read, name: &Path) -> Result<Self, SourceError> {
        let failed = |source| SourceError::Open { path: name.to_owned(), source };
        let mut copy = tempfile::tempfile().map_err(failed)?;
        io::copy(&mut reader, &mut copy).and_then(|_| copy.flush()).map_err(failed)?;
        let copy = Arc::new(copy);
        let mut start = Vec::new();
        At::begin(&copy).take(4).read_to_end(&mut start).map_err(failed)?;
        let compression = Compression::of_bytes(&start);
        if let Some(compression) = compression {
            check_whole(name, compression, At::begin(&copy))?;
        }
        start.clear();
        unpacked(compression, At::begin(&copy))
            .take(SNIFFED_BYTES)
            .read_to_end(&mut start)
            .map_err(failed)?;
        let place = Place::Copy { kind: by_content(&start), compression, copy };
        Ok(Self { name: name.to_owned(), place })
    }

    fn folder(path: &Path) -> Result<Self, SourceError> {
        let failed = |source| SourceError::Open { path: path.to_owned(), source };
        let (reports, others): (Vec<PathBuf>, Vec<PathBuf>) =
            files_below(path).map_err(failed)?.into_iter().partition(|file| is_report(file));
        if reports.is_empty() {
            let remedy = "give a manifest, a folder of DICOM files, or one of reports: a .txt file each, named by its case id";
            return Err(SourceError::manifest(path, "is a folder without a .txt file", remedy));
        }
        let place = Place::Folder { reports: reports.into(), others: others.len() };
        Ok(Self { name: path.to_owned(), place })
    }

    /// Whether a file is a manifest by the ending of its name.
    pub fn is_manifest(path: &Path) -> bool {
        by_name(path).is_some()
    }

    /// Whether it is a Parquet file, which may hold embeddings, and whose columns are known before it is read.
    pub fn is_parquet(&self) -> bool {
        matches!(
            &self.place,
            Place::File { kind: Kind::Parquet, .. } | Place::Copy { kind: Kind::Parquet, .. }
        )
    }

    /// The name in messages.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Begins to read from the start.
    pub(crate) fn read(&self) -> io::Result<Opened> {
        match &self.place {
            Place::File { kind: Kind::Parquet, .. } => {
                return Ok(Opened::Parquet(Arc::new(File::open(&self.name)?)));
            }
            Place::Copy { kind: Kind::Parquet, copy, .. } => return Ok(Opened::Parquet(copy.clone())),
            _ => {}
        }
        let (kind, compression, reader): (Kind, Option<Compression>, Box<dyn Read + Send>) = match &self.place
        {
            Place::File { kind, compression } => (*kind, *compression, Box::new(File::open(&self.name)?)),
            Place::Copy { kind, compression, copy } => (*kind, *compression, Box::new(At::begin(copy))),
            Place::Folder { reports, others } => {
                return Ok(Opened::Reports { reports: reports.clone(), others: *others });
            }
        };
        let total = match &self.place {
            Place::Copy { copy, .. } => copy.metadata()?.len(),
            _ => std::fs::metadata(&self.name)?.len(),
        };
        let packed = compression.map(|_| Arc::new(AtomicU64::new(0)));
        let counted = Counted { reader, count: packed.clone().unwrap_or_default() };
        let bytes = Box::new(BufReader::with_capacity(BUFFER_BYTES, unpacked(compression, counted)));
        Ok(Opened::Rows { kind, bytes, progress: Progress { total, packed } })
    }
}

/// Every regular file below a folder, in the order of their paths. Names that begin with a dot are passed over, and so are
/// links to folders, which may lead round in circles.
///
/// # Errors
/// A folder that cannot be read.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else if std::fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file is a report by its name.
pub fn is_report(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt"))
}

/// Kind and compression by the endings of a name.
fn by_name(path: &Path) -> Option<(Kind, Option<Compression>)> {
    let ending = |path: &Path| path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    let compression = ending(path).and_then(|ending| Compression::of_extension(&ending));
    let inner = match compression {
        Some(_) => PathBuf::from(path.file_stem()?),
        None => path.to_owned(),
    };
    let kind = match ending(&inner)?.as_str() {
        "jsonl" | "ndjson" => Kind::Json,
        "csv" => Kind::Table(b','),
        "tsv" => Kind::Table(b'\t'),
        "parquet" => Kind::Parquet,
        _ => return None,
    };
    Some((kind, compression))
}

/// The kind of a manifest without a name: JSON where an object begins it, otherwise a table of what its header has more of.
fn by_content(start: &[u8]) -> Kind {
    if start.starts_with(PARQUET_MAGIC) {
        return Kind::Parquet;
    }
    let text = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start).trim_ascii_start();
    if matches!(text.first(), Some(b'{' | b'[')) {
        return Kind::Json;
    }
    let header = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let count = |separator: u8| header.iter().filter(|&&byte| byte == separator).count();
    Kind::Table(if count(b'\t') > count(b',') { b'\t' } else { b',' })
}

/// Unpacks a file to its end, where its checksum stands. Rows that were read before would be taken in by then.
fn check_whole(
    name: &Path,
    compression: Compression,
    reader: impl Read + Send + 'static,
) -> Result<(), SourceError> {
    let unpacked = io::copy(&mut unpacked(Some(compression), reader), &mut io::sink());
    unpacked.map(|_| ()).map_err(|error| {
        let problem = format!("is cut short or damaged ({error})");
        SourceError::manifest(name, problem, "compress it again, or copy it again")
    })
}

fn unpacked<R: Read + Send + 'static>(compression: Option<Compression>, reader: R) -> Box<dyn Read + Send> {
    match compression {
        Some(compression) => compression.decoder(BufReader::with_capacity(BUFFER_BYTES, reader)),
        None => Box::new(reader),
    }
}

/// Counts what is read.
struct Counted<R> {
    reader: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(out)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Reads a file from a place of its own, so that several readers do not disturb one another.
pub(crate) struct At {
    file: Arc<File>,
    offset: u64,
}

impl At {
    fn begin(file: &Arc<File>) -> Self {
        Self::from(file, 0)
    }

    pub fn from(file: &Arc<File>, offset: u64) -> Self {
        Self { file: file.clone(), offset }
    }
}

impl Read for At {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(out, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}
