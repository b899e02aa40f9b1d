//! Writers, a merge and readers of one index, in orders chosen by a scheduler: each reader sees one generation, never goes back
//! to an older one, and keeps what it holds.
//!
//! Threads take turns at every lock, every storage operation and every read of the newest generation. That a pointer is swapped
//! atomically is guaranteed by arc-swap.

use crate::shared::{Newest, turn};
use crate::{CaseEntry, Definition, IndexReader, IndexWriter, Snapshot};
use precedent_lexical::{Asked, TextQuery};
use precedent_model::{Case, CaseId, FieldKind, FieldSchema, FieldValue, Report, SectionKind};
use precedent_query::{Filter, PathChoice};
use precedent_storage::{FaultStorage, MapSlice, ReadFile, Storage, StorageError, WriteFile, WriterLock};
use precedent_vector::{Embedding, Metric, VectorSpace};
use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner, thread};
use std::sync::Arc;

/// Cases that are always written together, in the same version.
const TEAM: u32 = 3;
const VERSIONS: u32 = 3;
/// Cases written beside them: one is deleted again, and one stays.
const GONE: u32 = 10;
const STAYS: u32 = 11;

/// A storage that lets other threads go first before each operation.
#[derive(Debug)]
struct Stepwise(FaultStorage);

macro_rules! stepwise {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $out:ty;)*) => {
        impl Storage for Stepwise {
            $(fn $name(&self, $($argument: $kind),*) -> Result<$out, StorageError> {
                turn();
                self.0.$name($($argument),*)
            })*
        }
    };
}

stepwise! {
    create_dir_all(dir: &str) -> ();
    list(dir: &str) -> Vec<String>;
    exists(path: &str) -> bool;
    len(path: &str) -> u64;
    create(path: &str) -> Box<dyn WriteFile>;
    open_append(path: &str, at: u64) -> Box<dyn WriteFile>;
    map(path: &str) -> MapSlice;
    open_read(path: &str) -> Box<dyn ReadFile>;
    read(path: &str) -> Vec<u8>;
    rename(from: &str, to: &str) -> ();
    remove(path: &str) -> ();
    remove_dir_all(path: &str) -> ();
    reserve(path: &str, bytes: u64) -> ();
    sync_dir(dir: &str) -> ();
    lock(path: &str) -> WriterLock;
}

fn definition() -> Definition {
    let mut definition = Definition::from_toml("name = 'swap'").unwrap();
    definition.image_space = Some(VectorSpace::new(16, Metric::L2, "enc").unwrap());
    definition.fields = FieldSchema::new([("version".to_owned(), FieldKind::Integer)]).unwrap();
    definition
}

fn id(name: u32) -> CaseId {
    CaseId::new(&format!("case-{name}")).unwrap()
}

fn vector(version: u32) -> Embedding {
    definition().image_space.unwrap().admit("enc", &[version as f32; 16]).unwrap()
}

/// A case in which every part shows its version.
fn entry(name: u32, version: u32) -> CaseEntry {
    let mut case = Case::new(id(name));
    case.fields.insert("version".into(), vec![FieldValue::Integer(version.into())]);
    case.report = Some(Report::new([(SectionKind::Impression, format!("seen version{version}"))]).unwrap());
    case.images = vec![Default::default()];
    CaseEntry::new(case, vec![(0, vector(version))])
}

fn team(version: u32) -> Vec<CaseEntry> {
    (0..TEAM).map(|name| entry(name, version)).collect()
}

/// The version of the team in a snapshot, 0 if it is not there yet, and the score of its reports. Panics if two parts of the
/// snapshot are not of one generation.
fn seen(snapshot: &Snapshot) -> (u32, Option<u32>) {
    let texts = |text: &str| {
        let query = TextQuery::parse(text, &Asked::default()).unwrap();
        let top =
            snapshot.full_text().top(&query, 100, &|_, _| u64::MAX, &|_, ordinal| ordinal.into(), &|| false);
        top.unwrap().hits.into_iter().map(|hit| hit.score.to_bits()).collect::<Vec<u32>>()
    };
    assert_eq!(texts("text:seen").len(), snapshot.cases(), "reports and cases are of two generations");
    let version_of = |name: u32| {
        let place = snapshot.find(&id(name)).unwrap()?;
        match snapshot.case(place).unwrap().fields["version"][..] {
            [FieldValue::Integer(version)] => Some(version as u32),
            _ => panic!("one integer"),
        }
    };
    let versions: Vec<Option<u32>> = (0..TEAM).map(version_of).collect();
    assert!(versions.iter().all(|version| *version == versions[0]), "half a batch: {versions:?}");
    let Some(version) = versions[0] else { return (0, None) };

    let scores = texts(&format!("text:version{version}"));
    assert_eq!(scores.len(), TEAM as usize, "reports of another generation");
    let filter = Filter::parse(&format!("version = {version}"), &definition().fields).unwrap();
    let mut accept = snapshot.live();
    snapshot.keep_matching(&filter, &mut accept, &|| false).unwrap();
    assert_eq!(accept.iter().map(|set| set.count()).sum::<usize>(), TEAM as usize, "columns of another");
    let how = (crate::Effort::Exact, PathChoice::Auto);
    let near = snapshot.nearest(&vector(version), 10, how, &accept, &|| false).unwrap().cases;
    assert_eq!(
        near.iter().filter(|(_, case)| case.distance == 0.0).count(),
        TEAM as usize,
        "vectors of another"
    );
    (version, Some(scores[0]))
}

/// Snapshots that a thread was given, with what it saw in each.
type Seen = Vec<(Arc<Snapshot>, (u32, Option<u32>))>;

/// Reads the newest generation a few times; it must never get older.
fn watch(newest: impl Fn() -> Arc<Snapshot>) -> Seen {
    let mut given: Seen = Vec::new();
    for _ in 0..4 {
        let snapshot = newest();
        let saw = seen(&snapshot);
        if let Some((before, saw_before)) = given.last() {
            assert!(snapshot.generation() >= before.generation(), "an older generation");
            assert!(saw.0 >= saw_before.0, "an older version in a newer generation");
        }
        given.push((snapshot, saw));
    }
    given
}

fn threads_take_turns() {
    let storage: Arc<dyn Storage> = Arc::new(Stepwise(FaultStorage::new()));
    IndexWriter::create(storage.as_ref(), &definition()).unwrap();
    let writer = Arc::new(IndexWriter::open(storage.clone(), 1).unwrap());
    let reader = Arc::new(IndexReader::open(storage.clone()).unwrap());

    let own = writer.clone();
    let batches = thread::spawn(move || {
        for version in 1..=VERSIONS {
            own.put(team(version)).unwrap();
            own.commit().unwrap();
        }
    });
    let own = writer.clone();
    let others = thread::spawn(move || {
        own.put(vec![entry(GONE, 90), entry(STAYS, 91)]).unwrap();
        // Pending, being written, or in a generation, as it happens.
        assert!(own.delete(&[id(GONE)]).unwrap().unknown.is_empty(), "what was taken in is not known");
    });
    let own = writer.clone();
    let merges = thread::spawn(move || {
        for _ in 0..2 {
            own.merge_all(&|_, _, _| true).unwrap();
        }
    });
    let mut watches = Vec::new();
    let own = writer.clone();
    watches.push(thread::spawn(move || watch(|| own.snapshot())));
    // One reader for two threads, as in a server.
    for _ in 0..2 {
        let own = reader.clone();
        watches.push(thread::spawn(move || watch(|| own.refresh().unwrap())));
    }
    batches.join().unwrap();
    others.join().unwrap();
    merges.join().unwrap();
    let given: Vec<Seen> = watches.into_iter().map(|watch| watch.join().unwrap()).collect();

    // Whatever was merged and removed since, the holder of a generation still sees what was in it.
    for (snapshot, saw) in given.iter().flatten() {
        assert_eq!(seen(snapshot), *saw, "generation {} has changed", snapshot.generation());
    }
    let last = writer.commit().unwrap();
    let complete = |snapshot: &Snapshot| {
        let is_there = |name: u32| snapshot.find(&id(name)).unwrap().is_some();
        assert_eq!((seen(snapshot).0, is_there(GONE), is_there(STAYS)), (VERSIONS, false, true));
    };
    complete(&last);
    let refreshed = reader.refresh().unwrap();
    assert_eq!(refreshed.generation(), last.generation());
    drop(writer);
    complete(&IndexWriter::open(storage, 1).unwrap().snapshot());
}

/// What one thread opened may be the older one by the time it is published, because another thread was faster.
fn newer_and_older_come_at_once() {
    let storage: Arc<dyn Storage> = Arc::new(FaultStorage::new());
    IndexWriter::create(storage.as_ref(), &definition()).unwrap();
    let writer = IndexWriter::open(storage.clone(), 1).unwrap();
    let first = Snapshot::open(storage.as_ref()).unwrap();
    let later = (0..2).map(|name| {
        writer.put(vec![entry(name, 1)]).unwrap();
        writer.commit().unwrap()
    });
    let (newest, later) = (Arc::new(Newest::new(first)), later.collect::<Vec<_>>());
    let threads: Vec<_> = (later.into_iter())
        .map(|snapshot| {
            let newest = newest.clone();
            thread::spawn(move || newest.advance(&snapshot))
        })
        .collect();
    let mut held = 0;
    for _ in 0..2 {
        let next = newest.get().generation();
        assert!(next >= held, "generation {next} after {held}");
        held = next;
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(newest.get().generation(), 2);
}

fn run(scheduler: impl Scheduler + 'static, scene: fn()) {
    let mut config = Config::new();
    // Full text needs more stack than shuttle's 32 KiB.
    config.stack_size = 4 << 20;
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(scene);
}

#[test]
fn every_reader_sees_one_generation_in_any_order() {
    run(RandomScheduler::new_from_seed(1, 100), threads_take_turns);
}

/// Orders with few switches, in which one thread waits for long in the middle of its work.
#[test]
fn every_reader_sees_one_generation_where_one_thread_stops_for_long() {
    run(PctScheduler::new_from_seed(1, 3, 150), threads_take_turns);
}

/// All possible orders.
#[test]
fn the_newest_generation_never_goes_back() {
    run(DfsScheduler::new(None, false), newer_and_older_come_at_once);
}
