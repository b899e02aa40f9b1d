//! Vectors of the parts of images and of sentences, and thumbnails: what is taken, and what is kept of them.

use crate::support::{self, Archive, Random, Sketch, archive_of, case, definition, id, plain, vector};
use precedent_engine::{
    Access, CaseOrder, Effect, Engine, LocalSpace, LocalVectors, NewCase, NewLocal, Refusal, Replacement,
};
use precedent_model::{GridFrame, Image, ImageExtent, Report, SectionKind, Thumbnail};
use precedent_query::LocalImage;
use precedent_vector::{ByteVector, Metric, Patches};

const LOCAL: usize = 16;

fn keeping() -> precedent_engine::Definition {
    let mut definition = definition(Metric::L2);
    definition.local_space = Some(LocalSpace::new("local-enc", LOCAL).unwrap());
    definition.thumbnail_side = 128;
    definition
}

/// A vector of length 1 that tells a number.
fn unit(number: usize) -> Vec<f32> {
    let mut values = vec![0.0; LOCAL];
    (values[number % LOCAL], values[(number + 1) % LOCAL]) = (0.6, 0.8);
    values
}

fn grid(number: usize) -> LocalImage {
    let patches = Patches::quantise(1, 1 + number % 2, LOCAL, &unit(number).repeat(1 + number % 2)).unwrap();
    let extent = ImageExtent::new(100, 80).unwrap();
    LocalImage::new(patches, GridFrame::of(extent), extent).unwrap()
}

fn picture(number: usize) -> Thumbnail {
    let head = [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 40, 0, 60, 1, 1, 0x11, 0];
    Thumbnail::new([&head[..], &[number as u8]].concat(), 60, 40).unwrap()
}

fn sentence(text: &str, number: usize) -> (String, ByteVector) {
    (text.to_owned(), ByteVector::quantise(&unit(number)).unwrap())
}

fn local(images: Vec<(usize, LocalImage)>, sentences: Vec<(String, ByteVector)>) -> Option<NewLocal> {
    let vectors = LocalVectors { images, sentences };
    Some(NewLocal { encoder_id: "local-enc".to_owned(), vectors })
}

/// A case of one image, with all that may be beside it.
fn whole() -> NewCase {
    let sketch = Sketch {
        text: Some("No effusion. Normal heart.".to_owned()),
        vectors: vec![vec![1.0; 16]],
        ..Sketch::default()
    };
    NewCase {
        local: local(vec![(0, grid(1))], vec![sentence("Normal heart.", 2), sentence("No effusion.", 1)]),
        thumbnails: vec![(0, picture(1))],
        ..case(1, &sketch)
    }
}

fn ingest(engine: &Engine, new: NewCase) -> Result<Effect, Vec<String>> {
    let outcome = engine.ingest(vec![new]).unwrap().remove(0);
    let told =
        |violation: &precedent_engine::Violation| format!("{}: {}", violation.field, violation.description);
    outcome.map(|ingested| ingested.effect).map_err(|refusal| match refusal {
        Refusal::Invalid(wrong) | Refusal::Loss(wrong) => wrong.iter().map(told).collect(),
    })
}

/// All cases as an export would have them.
fn exported(archive: &Archive) -> Vec<NewCase> {
    archive.engine.commit().unwrap();
    let list = archive.engine.view().list(None, CaseOrder::AsIngested, &|| false).unwrap();
    list.whole_cases().map(Result::unwrap).collect()
}

#[test]
fn what_comes_beside_a_case_comes_back_with_it() {
    let archive = archive_of(keeping(), Access::Bulk);
    assert_eq!(ingest(&archive.engine, whole()), Ok(Effect::Created));
    for _ in 0..2 {
        let mut found = exported(&archive);
        let found = found.remove(0);
        assert!(found.case == whole().case && found.thumbnails == whole().thumbnails);
        let expected = whole().local.unwrap();
        let vectors = expected.vectors.sorted();
        assert_eq!(found.local, Some(NewLocal { vectors, ..expected }));
        assert_eq!(ingest(&archive.engine, found), Ok(Effect::Unchanged));
        archive.engine.merge_all(&|_, _, _| true).unwrap();
    }
    let alone = case(1, &Sketch { text: Some("x".to_owned()), ..Sketch::default() });
    assert!(whole().memory_bytes() > alone.memory_bytes() + 16 + 2 * 16 + 16);
}

#[track_caller]
fn refused(engine: &Engine, change: impl FnOnce(&mut NewCase), expected: &[&str]) {
    let mut new = whole();
    change(&mut new);
    let wrong = ingest(engine, new).unwrap_err();
    assert_eq!(wrong.len(), expected.len(), "{wrong:?}");
    for (wrong, expected) in wrong.iter().zip(expected) {
        assert!(wrong.starts_with(expected) && wrong.contains(';'), "{wrong}, not {expected}");
        assert!(!wrong.contains("effusion"), "{wrong}");
    }
}

#[test]
fn what_cannot_be_kept_is_named_by_its_place() {
    let archive = archive_of(keeping(), Access::Bulk);
    let engine = &archive.engine;
    refused(
        engine,
        |new| new.local.as_mut().unwrap().encoder_id = "other".to_owned(),
        &["case.local_encoder_id: is of encoder other, local vectors of this index are of local-enc"],
    );
    refused(
        engine,
        |new| {
            new.local = local(
                vec![(0, grid(1)), (2, grid(1)), (0, grid(1))],
                vec![sentence("No", 1), sentence("None", 2)],
            );
            new.thumbnails = vec![(1, picture(1))];
        },
        &[
            "case.images[2].patches: is of an image that the case lacks",
            "case.images[0].patches: comes twice",
            "case.images[1].thumbnail: is of an image that the case lacks",
            "case.sentences[1]: does not stand in the report",
        ],
    );
    let long = Patches::quantise(1, 1, 32, &[32.0_f32.sqrt().recip(); 32]).unwrap();
    let long = LocalImage::new(long, grid(1).grid().frame(), grid(1).grid().extent()).unwrap();
    refused(
        engine,
        |new| new.local = local(vec![(0, long)], Vec::new()),
        &["case.images[0].patches: has vectors of 32 numbers, local vectors of this index have 16"],
    );
    refused(
        engine,
        |new| new.case.report = None,
        &["case.sentences[0]: does not stand", "case.sentences[1]: does not stand"],
    );
    let none = support::archive(Metric::L2, Access::Bulk);
    refused(
        &none.engine,
        |new| new.local.as_mut().unwrap().vectors.sentences.truncate(1),
        &[
            "case.images[0].patches: this index keeps no local vectors",
            "case.sentences[0]: this index keeps no local vectors",
        ],
    );
}

#[test]
fn losses_and_updates_are_told_by_their_fields() {
    let archive = archive_of(keeping(), Access::Bulk);
    let engine = &archive.engine;
    ingest(engine, whole()).unwrap();
    let mut other = NewCase { local: None, thumbnails: Vec::new(), ..whole() };
    assert_eq!(
        ingest(engine, other.clone()),
        Ok(Effect::Unchanged),
        "what comes again keeps what is beside it"
    );
    other.embeddings = vec![Some(vector(&[2.0; 16]))];
    let wrong = ingest(engine, other.clone()).unwrap_err();
    assert!(
        wrong[0].starts_with("case.images.patches: 0 of 1 grids of patches that the index holds"),
        "{wrong:?}"
    );
    assert!(wrong[1].starts_with("case.images.thumbnail: 0 of 1 thumbnails"), "{wrong:?}");
    other.replacement = Replacement::Without;
    assert_eq!(ingest(engine, other), Ok(Effect::Replaced));
    let mut update = NewCase { embeddings: Vec::new(), thumbnails: Vec::new(), ..whole() };
    (update.case.images, update.case.report) = (Vec::new(), None);
    update.local = local(Vec::new(), vec![sentence("Unheard of.", 1)]);
    update.replacement = Replacement::Update;
    let wrong = ingest(engine, update).unwrap_err();
    assert!(
        wrong[0].starts_with("case.sentences: has 1 that do not stand in the report that the index holds"),
        "{wrong:?}"
    );
}

/// Some case, often with much in common with the one before.
fn any(random: &mut Random) -> NewCase {
    const TEXTS: [&str; 4] = ["No effusion.", "Normal heart.", "No effusion. Normal heart.", "Effusion."];
    let images = random.below(3);
    let text = random.one_of(&TEXTS);
    let mut new = case(random.below(4), &Sketch::default());
    new.case.report = Report::new([(SectionKind::Findings, text)]).ok().filter(|_| random.below(4) > 0);
    let names = ["a", "b", ""];
    new.case.images =
        (0..images).map(|_| Image { name: random.one_of(&names).to_owned(), view: None }).collect();
    new.embeddings = (0..images)
        .map(|_| (random.below(4) > 0).then(|| vector(&[1.0 + random.below(2) as f32; 16])))
        .collect();
    let some = |random: &mut Random| (0..images).filter(|_| random.below(3) > 0).collect::<Vec<usize>>();
    let grids = some(random).into_iter().map(|image| (image, grid(random.below(3)))).collect();
    let sentences = ["No effusion.", "Normal heart."].into_iter().filter(|_| random.below(2) > 0);
    let sentences: Vec<&str> = sentences.collect();
    let sentences = sentences.into_iter().map(|text| sentence(text, random.below(2))).collect();
    new.local = local(grids, sentences).filter(|_| random.below(3) > 0);
    new.thumbnails = some(random).into_iter().map(|image| (image, picture(random.below(2)))).collect();
    new.replacement = random.one_of(&[
        Replacement::Whole,
        Replacement::Without,
        Replacement::Update,
        Replacement::IfAbsent,
    ]);
    new
}

/// The archive in a directory does and holds what a list does and holds, however the cases came to lie in it.
#[test]
fn whatever_comes_is_kept_as_a_list_keeps_it() {
    let (mut effects, mut refusals) = ([0; 4], 0);
    for seed in 0..12 {
        let mut random = Random(seed);
        let archives = [archive_of(keeping(), Access::Bulk), plain(keeping(), Access::Bulk)];
        for _ in 0..60 {
            let cases: Vec<NewCase> = (0..1 + random.below(3)).map(|_| any(&mut random)).collect();
            let [mine, list] = archives.each_ref().map(|archive| {
                let rehearsed = archive.engine.rehearse(cases.clone()).unwrap();
                let outcomes = archive.engine.ingest(cases.clone()).unwrap();
                for (rehearsed, outcome) in rehearsed.into_iter().zip(&outcomes) {
                    assert_eq!(rehearsed.map(|told| told.effect), outcome.clone().map(|told| told.effect));
                }
                outcomes
            });
            for (mine, list) in mine.into_iter().zip(list) {
                match &mine {
                    Ok(ingested) => effects[ingested.effect as usize] += 1,
                    Err(_) => refusals += 1,
                }
                assert_eq!(mine.map(|told| told.effect), list.map(|told| told.effect), "seed {seed}");
            }
            match random.below(8) {
                0 => assert!(archives[0].engine.merge_all(&|_, _, _| true).unwrap() > 0),
                1 => {
                    archives.iter().for_each(|archive| drop(archive.engine.delete(&[id(0)]).unwrap()));
                }
                2..4 => archives.iter().for_each(|archive| assert!(archive.engine.commit().unwrap() > 0)),
                _ => {}
            }
        }
        let [mine, list] = archives.each_ref().map(exported);
        assert_eq!(mine.len(), list.len());
        for (mine, list) in mine.into_iter().zip(list) {
            assert!(mine.case == list.case && mine.embeddings == list.embeddings, "seed {seed}");
            assert!(mine.local == list.local && mine.thumbnails == list.thumbnails, "seed {seed}");
        }
    }
    assert!(effects.iter().all(|count| *count > 10) && refusals > 50, "{effects:?}, {refusals} refused");
}
