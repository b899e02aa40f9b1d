//! Generations kept for further pages of an answer.

use crate::give_way;
use precedent_archive::Generation;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a generation is kept after its last page was requested.
const KEEP: Duration = Duration::from_secs(120);
/// Bytes of merged-away segments that may be kept only for pages: as many as the newest generation has, but at least this. They
/// are mapped files, so this is disk space.
const LEAST_OLD_BYTES: u64 = 1 << 30;
/// Memory for the live sets and tombstones of all kept generations.
const MOST_LIVE_BYTES: u64 = 256 << 20;

/// Generations with further pages to come, the most recently requested at the end.
#[derive(Debug, Default)]
pub(crate) struct KeptGenerations(Mutex<Vec<Kept>>);

#[derive(Debug)]
struct Kept {
    asked: Instant,
    snapshot: Arc<dyn Generation>,
    size: Size,
}

/// The size of a generation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Size {
    /// Its segments by id, with their bytes on disk.
    segments: Vec<(String, u64)>,
    /// Memory of its live sets and tombstones, as if it shared none with another generation.
    live_bytes: u64,
}

impl Size {
    fn of(snapshot: &dyn Generation) -> Self {
        let mut size = Self::default();
        for segment in snapshot.parts() {
            size.live_bytes += segment.cases.div_ceil(8) as u64 + 4 * segment.tombstones as u64;
            size.segments.push((segment.id, segment.bytes));
        }
        size
    }
}

impl KeptGenerations {
    /// Keeps a generation for [`KEEP`] from now; `newest` never counts, as it is held anyway.
    pub fn keep(&self, snapshot: &Arc<dyn Generation>, newest: &dyn Generation) {
        let mut kept = self.lock();
        let asked = Instant::now();
        let place = kept.iter().position(|other| other.snapshot.generation() == snapshot.generation());
        let again = match place {
            Some(place) => Kept { asked, ..kept.remove(place) },
            None => Kept { asked, snapshot: snapshot.clone(), size: Size::of(snapshot.as_ref()) },
        };
        kept.push(again);
        let sizes: Vec<&Size> = kept.iter().map(|kept| &kept.size).collect();
        let beyond = beyond_limits(&sizes, &Size::of(newest));
        if beyond > 0 {
            let generations = beyond;
            tracing::warn!(generations, "generations were let go before their pages were all asked for");
        }
        let old = kept.drain(..beyond).collect();
        drop(kept);
        let_go(old);
    }

    /// The generation, if it is kept; it is then kept for [`KEEP`] from now.
    pub fn find(&self, generation: u64) -> Option<Arc<dyn Generation>> {
        let mut kept = self.lock();
        let place = kept.iter().position(|kept| kept.snapshot.generation() == generation)?;
        let mut found = kept.remove(place);
        found.asked = Instant::now();
        let snapshot = found.snapshot.clone();
        kept.push(found);
        Some(snapshot)
    }

    /// Drops generations that nobody requested within [`KEEP`].
    pub fn expire(&self) {
        let mut kept = self.lock();
        let now = Instant::now();
        let old = kept.iter().take_while(|kept| now.duration_since(kept.asked) >= KEEP).count();
        let old: Vec<Kept> = kept.drain(..old).collect();
        drop(kept);
        let_go(old);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many of the oldest generations exceed the limits. The last one always stays: it has just been promised.
fn beyond_limits(kept: &[&Size], newest: &Size) -> usize {
    let here: HashSet<&str> = newest.segments.iter().map(|(id, _)| id.as_str()).collect();
    let most_old_bytes = newest.segments.iter().map(|(_, bytes)| bytes).sum::<u64>().max(LEAST_OLD_BYTES);
    let mut counted = HashSet::new();
    let (mut old_bytes, mut live_bytes) = (0, 0);
    let mut within = 0;
    for size in kept.iter().rev() {
        live_bytes += size.live_bytes;
        for (id, bytes) in &size.segments {
            if !here.contains(id.as_str()) && counted.insert(id.as_str()) {
                old_bytes += bytes;
            }
        }
        if within > 0 && (old_bytes > most_old_bytes || live_bytes > MOST_LIVE_BYTES) {
            break;
        }
        within += 1;
    }
    kept.len() - within
}

/// Drops generations in a thread of its own. Dropping the last reference closes the files, which took a tenth of a second for
/// some hundred MiB of merged-away segments; no search should wait for that.
fn let_go(old: Vec<Kept>) {
    if old.is_empty() {
        return;
    }
    let close = move || {
        give_way();
        drop(old);
    };
    if let Err(error) = std::thread::Builder::new().name("precedent-close".to_owned()).spawn(close) {
        tracing::warn!(%error, "a search closed the files of an old generation itself");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(segments: &[(&str, u64)], live_bytes: u64) -> Size {
        let segments = segments.iter().map(|(id, bytes)| ((*id).to_owned(), *bytes)).collect();
        Size { segments, live_bytes }
    }

    fn beyond(kept: &[Size], newest: &Size) -> usize {
        beyond_limits(&kept.iter().collect::<Vec<_>>(), newest)
    }

    #[test]
    fn generations_of_the_same_segments_cost_nothing_but_their_live_cases() {
        let newest = size(&[("1", 8 << 30), ("2", 1 << 20)], 1000);
        assert_eq!(beyond(&vec![newest.clone(); 300], &newest), 0);
        let heavy = size(&[("1", 8 << 30)], MOST_LIVE_BYTES / 4);
        assert_eq!(beyond(&vec![heavy; 6], &newest), 2);
    }

    #[test]
    fn merged_away_segments_are_kept_up_to_the_size_of_the_index_and_counted_once() {
        let old = |id: &str| size(&[(id, 3 << 30), ("both", 1 << 30)], 0);
        let newest = size(&[("merged", 7 << 30)], 0);
        assert_eq!(beyond(&[old("a"), old("b")], &newest), 0);
        assert_eq!(beyond(&[old("c"), old("a"), old("b")], &newest), 1);
        // A small index may keep 1 GiB all the same.
        let small = size(&[("merged", 1 << 20)], 0);
        assert_eq!(beyond(&[size(&[("a", 1 << 20)], 0), size(&[("b", 1 << 20)], 0)], &small), 0);
    }

    #[test]
    fn what_was_just_promised_is_kept_however_large() {
        let newest = size(&[("new", 1 << 20)], 0);
        let huge = size(&[("old", 64 << 30)], 4 * MOST_LIVE_BYTES);
        assert_eq!(beyond(&[size(&[("older", 1)], 0), huge], &newest), 1);
    }
}
