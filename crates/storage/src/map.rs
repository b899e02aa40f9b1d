//! Read-only bytes of a whole file, shared without copying. The only unsafe code of this crate.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::ptr::NonNull;
use std::sync::Arc;

/// A piece of memory aligned as a sealed file's payload is.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Keeps the memory that slices point into.
enum Owner {
    Map { map: memmap2::Mmap },
    Heap { _lines: Vec<Line> },
}

/// How bytes will be read, for the system to read ahead and lay out pages by. Changes nothing but speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Over and over, everywhere: in large pages where the system has them, which spares a search most of its walks through
    /// page tables. On 100,000 x 512 that took a tenth off a search.
    Everywhere,
    /// Here and there, and memory is short: only what is asked for is read.
    HereAndThere,
}

/// Read-only bytes: a memory map, or a copy on the heap. Cloning and slicing share the bytes.
///
/// The start of a whole file is 64-byte aligned.
#[derive(Clone)]
pub struct MapSlice {
    /// First byte; valid for `len` bytes as long as `owner` lives.
    start: NonNull<u8>,
    len: usize,
    owner: Arc<Owner>,
}

// SAFETY: the bytes behind `start` are never written while the slice lives, and `Arc<Owner>` may cross threads: a
// read-only map and a vector of plain bytes are both Send and Sync.
unsafe impl Send for MapSlice {}
// SAFETY: as above; shared access only reads.
unsafe impl Sync for MapSlice {}

// SAFETY: `deref` gives the memory of `owner`, which neither moving nor dropping another clone changes.
unsafe impl stable_deref_trait::StableDeref for MapSlice {}
// SAFETY: a clone shares `owner` and copies `start` and `len`, so it derefs to the same bytes.
unsafe impl stable_deref_trait::CloneStableDeref for MapSlice {}

impl MapSlice {
    /// Copies bytes to 64-byte aligned memory.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let lines: Vec<Line> = bytes
            .chunks(64)
            .map(|chunk| {
                let mut line = Line([0; 64]);
                line.0[..chunk.len()].copy_from_slice(chunk);
                line
            })
            .collect();
        let start = NonNull::from(lines.as_slice()).cast::<u8>();
        Self { start, len: bytes.len(), owner: Arc::new(Owner::Heap { _lines: lines }) }
    }

    /// Maps a whole file. An empty one needs no map.
    pub(crate) fn map(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            return Ok(Self::from_bytes(&[]));
        }
        // SAFETY: files of an index are written under a name that no reader opens yet or are sealed before they are
        // named, and never written or cut after; the directory is private to the index (0700). A program that
        // cuts a mapped file from outside breaks the index, as it would any mapped database.
        let map = unsafe { memmap2::Mmap::map(file) }?;
        let start = NonNull::from(&map[..]).cast::<u8>();
        Ok(Self { start, len: map.len(), owner: Arc::new(Owner::Map { map }) })
    }

    /// Tells the system how the whole file will be read. It may know no such hint, and then goes on as before.
    pub fn advise(&self, access: Access) {
        if let Owner::Map { map } = &*self.owner {
            let advice = match access {
                #[cfg(target_os = "linux")]
                Access::Everywhere => memmap2::Advice::HugePage,
                #[cfg(not(target_os = "linux"))]
                Access::Everywhere => return,
                Access::HereAndThere => memmap2::Advice::Random,
            };
            if let Err(error) = map.advise(advice) {
                tracing::debug!(%error, ?access, "the system takes no such hint");
            }
        }
    }

    /// Has a part read at once rather than page by page, whatever was told of the whole. What lies outside is left out.
    pub fn read_ahead(&self, range: Range<usize>) {
        if let (Owner::Map { map }, Some(part)) = (&*self.owner, self.get(range)) {
            let offset = part.as_ptr().addr() - map.as_ptr().addr();
            if let Err(error) = map.advise_range(memmap2::Advice::WillNeed, offset, part.len()) {
                tracing::debug!(%error, "the system does not read ahead");
            }
        }
    }

    /// The bytes of `range`, shared with these; `None` outside of them.
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        let part = self.get(range)?;
        Some(Self {
            start: NonNull::from(part).cast::<u8>(),
            len: part.len(),
            owner: Arc::clone(&self.owner),
        })
    }
}

impl Deref for MapSlice {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: `start` and `len` come from a slice of the memory that `owner` keeps, initialised and never written.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl AsRef<[u8]> for MapSlice {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for MapSlice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &*self.owner {
            Owner::Map { .. } => "map",
            Owner::Heap { .. } => "heap",
        };
        write!(f, "MapSlice({} bytes, {place})", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn mapped(bytes: &[u8]) -> MapSlice {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        MapSlice::map(&file).unwrap()
    }

    #[test]
    fn map_and_heap_give_the_same_bytes() {
        for len in [0, 1, 63, 64, 65, 5000] {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            for slice in [mapped(&bytes), MapSlice::from_bytes(&bytes)] {
                assert_eq!(&*slice, bytes);
                assert_eq!(slice.as_ptr().align_offset(64), 0, "{slice:?}");
            }
        }
    }

    #[test]
    fn slices_outlive_the_whole_and_share_its_memory() {
        let whole = mapped(b"hello world");
        let part = whole.slice(6..11).unwrap();
        let again = part.clone().slice(1..3).unwrap();
        assert_eq!(part.as_ptr(), whole[6..].as_ptr());
        drop(whole);
        assert_eq!((&*part, &*again), (&b"world"[..], &b"or"[..]));
    }

    #[test]
    #[allow(clippy::reversed_empty_ranges)]
    fn ranges_outside_are_none() {
        let part = MapSlice::from_bytes(&[7; 100]).slice(10..20).unwrap();
        assert!(part.slice(0..11).is_none() && part.slice(11..11).is_none() && part.slice(3..2).is_none());
        assert!(part.slice(0..usize::MAX).is_none());
        assert_eq!(part.slice(10..10).unwrap().len(), 0);
    }

    #[test]
    fn a_hint_changes_no_byte() {
        let bytes: Vec<u8> = (0..3 << 20).map(|i| (i / 7) as u8).collect();
        for slice in [mapped(&bytes), MapSlice::from_bytes(&bytes)] {
            for access in [Access::Everywhere, Access::HereAndThere] {
                slice.advise(access);
                slice.read_ahead(1 << 20..1 << 21);
                slice.read_ahead(usize::MAX - 1..usize::MAX);
                assert_eq!(&*slice, bytes, "{access:?}");
            }
        }
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", MapSlice::from_bytes(b"secret")), "MapSlice(6 bytes, heap)");
    }

    #[test]
    fn bytes_cross_threads() {
        let slice = mapped(&[3; 1000]);
        let sum: u64 = std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| slice.iter().map(|&b| u64::from(b)).sum::<u64>())).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(sum, 12_000);
    }
}
