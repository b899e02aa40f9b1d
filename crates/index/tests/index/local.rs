//! What is kept beside a case: vectors of the parts of its images and of its sentences, and thumbnails.

use crate::support::{
    LOCAL_DIMENSION, definition, entry, fresh, go_on, held, id, local_image, open, rewrite, sentence_vector,
    thumbnail,
};
use precedent_index::{
    CaseEntry, CasePlace, Effect, IndexError, IndexReader, IndexStats, IndexWriter, LocalVectors, Loss,
    Refused, Replacement, SegmentSize, Snapshot, Stored, WriterLimits, verify,
};
use precedent_model::{Image, Report, SectionKind};
use precedent_storage::{DiskStorage, FaultStorage, Storage, latest_generation};
use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

const FILES: [&str; 3] = ["grids", "thumbnails", "sentences"];

fn place(snapshot: &Snapshot, name: u32) -> CasePlace {
    snapshot.find(&id(name)).unwrap().unwrap()
}

/// Files of the newest segment by name.
fn files(storage: &FaultStorage) -> Vec<String> {
    let segments = storage.list("segments").unwrap();
    storage.list(&format!("segments/{}", segments.last().unwrap())).unwrap()
}

/// The case without what is kept beside it.
fn bare(name: u32, version: u32) -> CaseEntry {
    let CaseEntry { case, embeddings, .. } = entry(name, version);
    CaseEntry::new(case, embeddings)
}

/// A case of two images, a name each, with grids of two shapes.
fn two_images() -> CaseEntry {
    let mut two = entry(1, 1);
    let name = |name: &str| Image { name: name.to_owned(), view: None };
    two.case.images = vec![name("a"), name("b")];
    two.embeddings.push((1, two.embeddings[0].1.clone()));
    two.local.images = vec![(0, local_image(2, 3, 1)), (1, local_image(1, 1, 2))];
    two.thumbnails = vec![(0, thumbnail(1)), (1, thumbnail(2))];
    two
}

fn replace(writer: &IndexWriter, entry: CaseEntry, mode: Replacement) -> Result<Effect, Refused> {
    let stored: Result<Stored, Refused> = writer.replace(vec![(entry, mode)]).unwrap().remove(0);
    stored.map(|stored| stored.effect)
}

fn stored(writer: &IndexWriter, name: u32) -> CaseEntry {
    let snapshot = writer.commit().unwrap();
    snapshot.entry(place(&snapshot, name)).unwrap()
}

#[test]
fn everything_comes_back_after_a_replay_a_commit_and_a_merge() {
    let storage = fresh();
    let writer = open(&storage);
    writer.put((1..10).map(|name| entry(name, 1)).chain([two_images()]).collect()).unwrap();
    drop(writer);
    let writer = open(&storage);
    for round in ["replayed", "merged"] {
        let snapshot = writer.snapshot();
        assert!(snapshot.entry(place(&snapshot, 1)).unwrap() == two_images(), "{round}");
        for name in 2..10 {
            assert!(snapshot.entry(place(&snapshot, name)).unwrap() == entry(name, 1), "{name} {round}");
        }
        let (two, none) = (place(&snapshot, 1), place(&snapshot, 3));
        assert!(snapshot.local(two).unwrap() == two_images().local);
        assert!(snapshot.local_images(two).unwrap() == two_images().local.images);
        assert_eq!(snapshot.thumbnail(two, 1).unwrap(), Some(thumbnail(2)));
        assert_eq!(snapshot.thumbnail(two, 2).unwrap(), None);
        let asked = ["report number1", "none", "number"];
        let (first, third) = (Some(sentence_vector(1)), Some(sentence_vector(3)));
        assert_eq!(snapshot.sentence_vectors(two, &asked).unwrap(), [first, None, third]);
        assert!(snapshot.local(none).unwrap().is_empty());
        assert_eq!(snapshot.sentence_vectors(none, &asked).unwrap(), [None, None, None]);
        assert_eq!(snapshot.thumbnail(none, 0).unwrap(), None);
        // The same text with another vector, as case 4 came with it.
        let other = snapshot.sentence_vectors(place(&snapshot, 4), &asked[..1]).unwrap();
        assert_eq!(other, [Some(sentence_vector(21))]);
        assert!(verify(&storage, &|_, _| {}).unwrap().damages.is_empty(), "{round}");
        writer.put(vec![entry(20, 1)]).unwrap();
        writer.merge_all(&go_on).unwrap();
    }
}

#[test]
fn segments_with_and_without_are_merged_and_what_died_leaves_nothing() {
    let storage = fresh();
    let writer = open(&storage);
    // The third of each three has nothing beside it.
    for names in [[3, 6, 9], [1, 2, 4], [12, 5, 15]] {
        writer.put(names.map(|name| entry(name, 1)).to_vec()).unwrap();
        writer.commit().unwrap();
    }
    writer.put(vec![bare(1, 2), entry(2, 7)]).unwrap();
    writer.delete(&[id(4)]).unwrap();
    let merged = writer.merge_all(&go_on).unwrap();
    assert!(merged.local(place(&merged, 1)).unwrap().is_empty());
    for (name, version) in [(2, 7), (5, 1), (9, 1)] {
        assert!(merged.entry(place(&merged, name)).unwrap() == entry(name, version), "{name}");
    }
    let segment = storage.list("segments").unwrap().remove(0);
    let sentences = storage.read(&format!("segments/{segment}/sentences")).unwrap();
    let has = |text: &[u8]| sentences.windows(text.len()).any(|window| window == text);
    assert!(has(b"report number7") && has(b"report number1") && !has(b"report number2"));
    assert!(verify(&storage, &|_, _| {}).unwrap().damages.is_empty());
    // Once none is left with anything, no file is.
    writer.delete(&[id(2), id(5)]).unwrap();
    writer.merge_all(&go_on).unwrap();
    assert!(!files(&storage).iter().any(|file| FILES.contains(&file.as_str())));
}

#[test]
fn a_segment_has_files_only_for_what_there_is_and_stats_count_them() {
    let storage = fresh();
    let writer = open(&storage);
    writer.put(vec![entry(3, 1)]).unwrap();
    writer.commit().unwrap();
    assert!(!files(&storage).iter().any(|file| FILES.contains(&file.as_str())));
    let mut only = bare(1, 1);
    only.thumbnails = vec![(0, thumbnail(1))];
    writer.put(vec![only]).unwrap();
    writer.commit().unwrap();
    let kept = |storage: &FaultStorage| {
        let mut names = files(storage);
        names.retain(|file| FILES.contains(&file.as_str()));
        names
    };
    assert_eq!(kept(&storage), ["thumbnails"]);
    let mut only = bare(2, 1);
    only.local.sentences = entry(2, 1).local.sentences;
    writer.put(vec![only]).unwrap();
    let snapshot = writer.commit().unwrap();
    assert_eq!(kept(&storage), ["sentences"]);
    assert!(snapshot.local_images(place(&snapshot, 2)).unwrap().is_empty());
    let stats = IndexStats::of(&storage, &snapshot, 0).unwrap();
    assert!(stats.file_bytes["thumbnails"] > 100 && stats.file_bytes["sentences"] > 100);
    assert!(!stats.file_bytes.contains_key("grids"));
}

#[test]
fn sentences_of_many_cases_are_kept_once() {
    let storage = fresh();
    let writer = open(&storage);
    let names: Vec<u32> = (0..90).filter(|name| name % 3 != 0 && name % 5 != 4).collect();
    writer.put(names.iter().map(|&name| entry(name, 1)).collect()).unwrap();
    writer.commit().unwrap();
    let segment = storage.list("segments").unwrap().remove(0);
    let bytes = storage.read(&format!("segments/{segment}/sentences")).unwrap();
    let count = |text: &[u8]| bytes.windows(text.len()).filter(|window| *window == text).count();
    assert_eq!(count(b"report number1"), 1);
}

#[test]
fn a_different_vector_or_thumbnail_is_another_case() {
    let storage = fresh();
    let writer = open(&storage);
    assert_eq!(replace(&writer, entry(1, 1), Replacement::Whole), Ok(Effect::Created));
    for _ in 0..3 {
        let mut others = Vec::new();
        let mut change = |change: &dyn Fn(&mut CaseEntry)| {
            let mut other = entry(1, 1);
            change(&mut other);
            others.push(other);
        };
        change(&|other| other.local.images = vec![(0, local_image(1, 1, 9))]);
        change(&|other| other.local.images = vec![(0, local_image(1, 2, 1))]);
        change(&|other| other.local.sentences[0].1 = sentence_vector(9));
        change(&|other| other.thumbnails = vec![(0, thumbnail(8))]);
        for other in others {
            for mode in [Replacement::Whole, Replacement::Without, Replacement::Update] {
                let told = writer.rehearse(vec![(other.clone(), mode)]).unwrap();
                assert_eq!(told, [Ok(Effect::Replaced)], "{mode:?}");
            }
        }
        for mode in [Replacement::Whole, Replacement::Without, Replacement::Update] {
            assert_eq!(replace(&writer, entry(1, 1), mode), Ok(Effect::Unchanged), "{mode:?}");
        }
        writer.merge_all(&go_on).unwrap();
    }
}

/// Pending, in a segment, and merged.
fn held_everywhere(entry: &CaseEntry, check: impl Fn(&IndexWriter)) {
    for commit in [false, true] {
        let writer = open(&fresh());
        writer.put(vec![entry.clone()]).unwrap();
        if commit {
            writer.commit().unwrap();
        }
        check(&writer);
    }
}

#[test]
fn what_is_beside_images_and_sentences_that_come_again_stays() {
    held_everywhere(&two_images(), |writer| {
        let alone = CaseEntry::new(two_images().case, two_images().embeddings);
        assert_eq!(replace(writer, alone.clone(), Replacement::Whole), Ok(Effect::Unchanged));
        // Another report has some of the sentences.
        let mut other = alone;
        other.case.report = Report::new([(SectionKind::Findings, "Another number.")]).ok();
        assert_eq!(replace(writer, other.clone(), Replacement::Whole), Ok(Effect::Replaced));
        let mut expected = CaseEntry { case: other.case.clone(), ..two_images() };
        expected.local.sentences.retain(|(text, _)| text == "number");
        assert!(stored(writer, 1) == expected);
        // What is given stands in place of what was.
        other.local.sentences = vec![("Another number.".to_owned(), sentence_vector(5))];
        other.thumbnails = vec![(1, thumbnail(9))];
        assert_eq!(replace(writer, other, Replacement::Whole), Ok(Effect::Replaced));
        expected.local.sentences.insert(0, ("Another number.".to_owned(), sentence_vector(5)));
        expected.thumbnails[1] = (1, thumbnail(9));
        assert!(stored(writer, 1) == expected);
    });
}

#[test]
fn what_another_image_would_take_away_is_a_loss_unless_that_is_meant() {
    held_everywhere(&two_images(), |writer| {
        let mut other = CaseEntry::new(two_images().case, two_images().embeddings);
        other.embeddings[1].1 = entry(1, 2).embeddings[0].1.clone();
        let loss = Loss { patches: Some((2, 1)), thumbnails: Some((2, 1)), ..Loss::default() };
        assert_eq!(replace(writer, other.clone(), Replacement::Whole), Err(Refused::Loss(loss)));
        let mut fewer = other.clone();
        fewer.embeddings.pop();
        let loss = Loss { embeddings: Some((2, 1)), ..loss };
        assert_eq!(replace(writer, fewer, Replacement::Whole), Err(Refused::Loss(loss)));
        assert!(stored(writer, 1) == two_images(), "a refused case changed something");
        // With a grid and a thumbnail of its own it is no loss.
        let mut whole = other.clone();
        whole.local.images = vec![(1, local_image(1, 2, 4))];
        whole.thumbnails = vec![(1, thumbnail(4))];
        assert_eq!(replace(writer, whole.clone(), Replacement::Whole), Ok(Effect::Replaced));
        let held = stored(writer, 1);
        assert!(held.local.images == [(0, local_image(2, 3, 1)), (1, local_image(1, 2, 4))]);
        assert_eq!(replace(writer, other.clone(), Replacement::Without), Ok(Effect::Replaced));
        assert!(stored(writer, 1) == other);
    });
}

#[test]
fn images_without_embeddings_are_known_by_their_names() {
    let held = CaseEntry { embeddings: Vec::new(), ..two_images() };
    held_everywhere(&held, |writer| {
        let alone = CaseEntry::new(held.case.clone(), Vec::new());
        assert_eq!(replace(writer, alone.clone(), Replacement::Whole), Ok(Effect::Unchanged));
        let mut other = alone;
        other.case.images[0].name = "c".to_owned();
        let loss = Loss { patches: Some((2, 1)), thumbnails: Some((2, 1)), ..Loss::default() };
        assert_eq!(replace(writer, other, Replacement::Whole), Err(Refused::Loss(loss)));
    });
}

#[test]
fn an_update_keeps_what_is_beside_the_images_it_keeps() {
    held_everywhere(&two_images(), |writer| {
        let mut new = CaseEntry::new(two_images().case, Vec::new());
        (new.case.images, new.case.report) = (Vec::new(), None);
        assert_eq!(replace(writer, new.clone(), Replacement::Update), Ok(Effect::Unchanged));
        // A third image with a grid, and a thumbnail for the second, which is named first.
        let name = |name: &str| Image { name: name.to_owned(), view: None };
        new.case.images = vec![name("b"), name("c")];
        new.thumbnails = vec![(0, thumbnail(11))];
        new.local.images = vec![(1, local_image(1, 2, 5))];
        new.local.sentences = vec![("number1".to_owned(), sentence_vector(6))];
        assert_eq!(replace(writer, new.clone(), Replacement::Update), Ok(Effect::Replaced));
        let mut expected = two_images();
        expected.case.images.push(name("c"));
        expected.thumbnails[1] = (1, thumbnail(11));
        expected.local.images.push((2, local_image(1, 2, 5)));
        expected.local.sentences.insert(1, ("number1".to_owned(), sentence_vector(6)));
        assert!(stored(writer, 1) == expected);
        // Another embedding is of another picture, which takes away what was beside the one before.
        new = CaseEntry::new(new.case, vec![(0, entry(1, 3).embeddings[0].1.clone())]);
        assert_eq!(replace(writer, new.clone(), Replacement::Update), Ok(Effect::Replaced));
        expected.embeddings[1].1 = new.embeddings[0].1.clone();
        expected.local.images.remove(1);
        expected.thumbnails.remove(1);
        assert!(stored(writer, 1) == expected);
        // Sentences that the held report lacks are refused, and those of a report that is replaced go with it.
        new.local.sentences = vec![("Unheard of.".to_owned(), sentence_vector(1))];
        assert_eq!(replace(writer, new.clone(), Replacement::Update), Err(Refused::NotInReport(1)));
        new.case.report = Report::new([(SectionKind::Findings, "Unheard of.")]).ok();
        assert_eq!(replace(writer, new.clone(), Replacement::Update), Ok(Effect::Replaced));
        assert!(stored(writer, 1).local.sentences == new.local.sentences);
    });
    let writer = open(&fresh());
    let mut new = bare(1, 1);
    (new.case.report, new.local.sentences) = (None, entry(1, 1).local.sentences);
    assert_eq!(replace(&writer, new, Replacement::Update), Err(Refused::NotInReport(2)));
}

#[track_caller]
fn refused(entry: CaseEntry, field: &str, problem: &str) {
    let writer = open(&fresh());
    match writer.put(vec![entry]) {
        Err(IndexError::Misfit { field: found, problem: told }) => {
            assert!(found == field && told.contains(problem), "{found}: {told}");
        }
        other => panic!("{field} was taken: {other:?}"),
    }
    assert_eq!(writer.pending_operations(), 0);
}

#[test]
fn what_does_not_fit_the_case_or_the_index_is_refused_by_its_place() {
    let with = |change: &dyn Fn(&mut CaseEntry)| {
        let mut entry = entry(1, 1);
        change(&mut entry);
        entry
    };
    let images = |images| with(&|entry| entry.local.images = Vec::clone(&images));
    refused(images(vec![(1, local_image(1, 1, 1))]), "images[1].patches", "an image that the case lacks");
    let twice = vec![(0, local_image(1, 1, 1)), (0, local_image(1, 1, 2))];
    refused(images(twice), "images[0].patches", "comes twice");
    let long = precedent_vector::Patches::quantise(1, 1, 16, &[0.25; 16]).unwrap();
    let other = local_image(1, 1, 1);
    let long = precedent_query::LocalImage::new(long, other.grid().frame(), other.grid().extent()).unwrap();
    refused(
        images(vec![(0, long)]),
        "images[0].patches",
        "has vectors of 16 numbers, local vectors of this index have 17",
    );
    let pictures = |pictures| with(&|entry| entry.thumbnails = Vec::clone(&pictures));
    refused(pictures(vec![(3, thumbnail(1))]), "images[3].thumbnail", "an image that the case lacks");
    refused(pictures(vec![(0, thumbnail(1)), (0, thumbnail(1))]), "images[0].thumbnail", "comes twice");
    let head = [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 65, 0, 64, 1, 1, 0x11, 0];
    let large = precedent_model::Thumbnail::new(head.to_vec(), 64, 65).unwrap();
    refused(
        pictures(vec![(0, large)]),
        "images[0].thumbnail",
        "is 64 x 65 pixels, a side in this index has at most 64",
    );
    let sentences = |texts: &[&str]| {
        let vectors = texts.iter().map(|text| ((*text).to_owned(), sentence_vector(1))).collect();
        with(&|entry| entry.local.sentences = Vec::clone(&vectors))
    };
    refused(sentences(&["number1", "number2"]), "sentences[1]", "does not stand in the report");
    refused(sentences(&["number", "number1", "number"]), "sentences[2]", "comes twice");
    refused(sentences(&[""]), "sentences[0]", "has no text");
    refused(with(&|entry| entry.case.report = None), "sentences[0]", "does not stand in the report");
    // In any order they are taken, and kept sorted.
    let writer = open(&fresh());
    writer.put(vec![sentences(&["report", "number1", "number"])]).unwrap();
    let texts: Vec<String> = stored(&writer, 1).local.sentences.into_iter().map(|(text, _)| text).collect();
    assert_eq!(texts, ["number", "number1", "report"]);
}

/// The number that a manifest says it is of.
fn format_of(storage: &FaultStorage) -> u64 {
    let (_, bytes) = latest_generation(storage).unwrap().unwrap();
    serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()["format"].as_u64().unwrap()
}

#[test]
fn an_index_that_keeps_none_takes_none_and_stays_what_earlier_programs_read() {
    let mut plain = definition();
    (plain.local_space, plain.thumbnail_side) = (None, 0);
    let storage = FaultStorage::new();
    IndexWriter::create(&storage, &plain).unwrap();
    let writer = open(&storage);
    writer.put(vec![bare(1, 1)]).unwrap();
    let snapshot = writer.commit().unwrap();
    assert_eq!((format_of(&storage), format_of(&fresh())), (8, 9));
    assert!(snapshot.local(place(&snapshot, 1)).unwrap().is_empty());
    for (entry, problem) in [
        (CaseEntry { local: entry(1, 2).local, ..bare(1, 2) }, "keeps no local vectors"),
        (CaseEntry { thumbnails: entry(1, 2).thumbnails, ..bare(1, 2) }, "keeps no thumbnails"),
    ] {
        let error = writer.put(vec![entry]).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
    drop(writer);
    // Nor can an earlier program have kept any.
    let storage = fresh();
    rewrite(&storage, |manifest| manifest["format"] = 8.into());
    let error = IndexReader::open(Arc::new(storage)).unwrap_err().to_string();
    assert!(error.contains("of format 8"), "{error}");
}

#[test]
fn a_flip_of_any_bit_is_found_wherever_it_is() {
    let storage = fresh();
    let writer = open(&storage);
    writer.put((1..12).map(|name| entry(name, 1)).collect()).unwrap();
    writer.commit().unwrap();
    drop(writer);
    let segment = storage.list("segments").unwrap().remove(0);
    for part in FILES {
        let path = format!("segments/{segment}/{part}");
        let bytes = storage.read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            storage.damage(&path, flipped);
            let damages = verify(&storage, &|_, _| {}).unwrap().damages;
            assert!(damages.iter().any(|damage| damage.file.contains(part)), "{part} byte {at}: {damages:?}");
        }
        storage.damage(&path, bytes);
    }
    assert!(verify(&storage, &|_, _| {}).unwrap().damages.is_empty());
    for part in FILES {
        let path = format!("segments/{segment}/{part}");
        let bytes = storage.read(&path).unwrap();
        storage.remove(&path).unwrap();
        assert!(!verify(&storage, &|_, _| {}).unwrap().damages.is_empty(), "{part} is missing");
        storage.damage(&path, bytes);
    }
}

/// A block that was sound when it was first read decays under the map: what is shown is held against checksums of its own.
#[test]
fn what_decays_under_an_open_index_is_not_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(DiskStorage::create(folder.path()).unwrap());
    IndexWriter::create(storage.as_ref(), &definition()).unwrap();
    let writer = IndexWriter::open(storage.clone(), 1).unwrap();
    writer.put((0..12).map(|name| entry(name, 1)).collect()).unwrap();
    let snapshot = writer.commit().unwrap();
    assert_eq!(held(&snapshot).len(), 12);
    let found = |snapshot: &Snapshot| -> Result<Vec<CaseEntry>, IndexError> {
        (0..12).map(|name| snapshot.entry(place(snapshot, name))).collect()
    };
    let segment = storage.list("segments").unwrap().remove(0);
    for part in FILES {
        let path = folder.path().join(format!("segments/{segment}/{part}"));
        let file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
        let payload = file.metadata().unwrap().len() - 64 - 64 - 8;
        let (mut told, mut bytes) = (0, vec![0; payload as usize]);
        file.read_exact_at(&mut bytes, 64).unwrap();
        // Of the tables by which sentences lead to cases no case is read.
        for at in 0..payload {
            file.write_all_at(&[bytes[at as usize] ^ 0x10], 64 + at).unwrap();
            match found(&snapshot) {
                Ok(entries) => {
                    assert!((0..12).all(|name| entries[name as usize] == entry(name, 1)), "{part} {at}")
                }
                Err(error) => {
                    let shown = error.to_string();
                    assert!(shown.contains(part) && !shown.contains("number1"), "{part} {at}: {shown}");
                    told += 1;
                }
            }
            file.write_all_at(&bytes[at as usize..=at as usize], 64 + at).unwrap();
        }
        assert!(told > payload / 2, "{part}: {told} of {payload}");
        assert_eq!(found(&snapshot).unwrap().len(), 12);
    }
}

#[test]
fn segments_end_at_their_limit_of_bytes_and_pending_memory_counts_them() {
    let large = |name: u32| {
        let head = [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 40, 0, 60, 1, 1, 0x11, 0];
        let bytes = [&head[..], &vec![name as u8; 100_000]].concat();
        let picture = precedent_model::Thumbnail::new(bytes, 60, 40).unwrap();
        CaseEntry { thumbnails: vec![(0, picture)], ..entry(name, 1) }
    };
    let storage = fresh();
    let segment = SegmentSize { local_bytes: 350_000, ..SegmentSize::LARGEST };
    let limits = WriterLimits { segment, replayed_bytes: 900_000 };
    let writer = IndexWriter::open_within(Arc::new(storage.clone()), 1, limits).unwrap();
    writer.put((0..12).map(large).collect()).unwrap();
    assert!((1_200_000..1_400_000).contains(&writer.pending_bytes()), "{}", writer.pending_bytes());
    let before = latest_generation(&storage).unwrap().unwrap().0;
    drop(writer);
    let writer = IndexWriter::open_within(Arc::new(storage.clone()), 1, limits).unwrap();
    assert!(writer.snapshot().generation() >= before + 2, "the replay was one slice");
    let sizes = |snapshot: &Snapshot| -> Vec<usize> {
        snapshot.segment_stats().iter().map(|segment| segment.cases).collect()
    };
    let found = sizes(&writer.snapshot());
    assert!(found.iter().all(|cases| *cases <= 4) && found.iter().sum::<usize>() == 12, "{found:?}");
    let merged = writer.merge_all(&go_on).unwrap();
    assert!(sizes(&merged).iter().all(|cases| *cases <= 4), "{:?}", sizes(&merged));
    for name in 0..12 {
        assert!(merged.entry(place(&merged, name)).unwrap() == large(name), "{name}");
    }
}

#[test]
fn debug_hides_sentences_and_vectors() {
    let shown = format!("{:?}", entry(1, 1));
    assert!(shown.contains("1 images, 2 sentences, hidden") && !shown.contains("number1"), "{shown}");
    let local: BTreeMap<u32, LocalVectors> = [(1, entry(1, 1).local)].into();
    assert!(!format!("{local:?}").contains("number1"));
    assert_eq!(entry(1, 1).local.images[0].1.patches().dimension(), LOCAL_DIMENSION);
}
