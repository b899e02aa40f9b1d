//! Small cases, and what an index holds of them.

use precedent_index::{CaseEntry, Definition, IndexWriter, LocalSpace, LocalVectors, Snapshot};
use precedent_model::{
    Case, CaseId, FieldKind, FieldSchema, FieldValue, GridFrame, ImageExtent, PatientKey, Report,
    SectionKind, Thumbnail,
};
use precedent_query::LocalImage;
use precedent_storage::{FaultStorage, Storage, latest_generation, write_generation};
use precedent_vector::{ByteVector, Metric, Patches, VectorSpace};
use std::collections::BTreeMap;
use std::sync::Arc;

pub const DIMENSION: usize = 16;
/// Rows of bytes are longer than this.
pub const LOCAL_DIMENSION: usize = 17;

pub fn definition() -> Definition {
    let mut definition = Definition::chest_xray().unwrap();
    definition.image_space = Some(VectorSpace::new(DIMENSION, Metric::L2, "enc").unwrap());
    definition.fields = FieldSchema::new([
        ("version".to_owned(), FieldKind::Integer),
        ("study_date".to_owned(), FieldKind::Date),
        ("problems".to_owned(), FieldKind::Keywords),
    ])
    .unwrap();
    definition.local_space = Some(LocalSpace::new("enc", LOCAL_DIMENSION).unwrap());
    definition.thumbnail_side = 64;
    // Graphs for handfuls of cases, so that tests meet them.
    definition.graph.min_nodes = 8;
    definition
}

pub fn id(name: u32) -> CaseId {
    CaseId::new(&format!("case-{name}")).unwrap()
}

/// Vectors of length 1, one behind the other, which tell a number.
fn units(count: usize, number: u32) -> Vec<f32> {
    let angle = |vector: usize| (number as usize * 7 + vector + 1) as f32 / 10.0;
    let unit = |vector: usize| {
        let (sine, cosine) = angle(vector).sin_cos();
        [sine, cosine].into_iter().chain(std::iter::repeat_n(0.0, LOCAL_DIMENSION - 2))
    };
    (0..count).flat_map(unit).collect()
}

/// What an encoder saw in an image, on a grid of so many cells.
pub fn local_image(rows: usize, columns: usize, number: u32) -> LocalImage {
    let patches = Patches::quantise(rows, columns, LOCAL_DIMENSION, &units(rows * columns, number)).unwrap();
    let frame = GridFrame::new(-(number as f32), 0.5, 40.0, 30.0).unwrap();
    LocalImage::new(patches, frame, ImageExtent::new(60, 20 + number).unwrap()).unwrap()
}

pub fn sentence_vector(number: u32) -> ByteVector {
    ByteVector::quantise(&units(1, number)).unwrap()
}

/// A header of a JPEG file, and behind it what tells a number.
pub fn thumbnail(number: u32) -> Thumbnail {
    let head = [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 40, 0, 60, 1, 1, 0x11, 0];
    let behind = vec![number as u8; 20 + number as usize % 7];
    Thumbnail::new([&head[..], &behind].concat(), 60, 40).unwrap()
}

/// A case of which every part tells its version: report, field, embedding, and in two of three what is kept beside them.
pub fn entry(name: u32, version: u32) -> CaseEntry {
    let mut case = Case::new(id(name));
    case.patient = Some(PatientKey::new(&format!("patient-{}", name % 5), None).unwrap());
    case.fields.insert("version".into(), vec![FieldValue::Integer(version.into())]);
    case.report = Some(Report::new([(SectionKind::Impression, format!("report number{version}"))]).unwrap());
    case.images = vec![Default::default()];
    let values: Vec<f32> = (0..DIMENSION).map(|i| (name * 1000 + version) as f32 + i as f32).collect();
    let space = definition().image_space.unwrap();
    let entry = CaseEntry::new(case, vec![(0, space.admit("enc", &values).unwrap())]);
    match name % 3 {
        0 => entry,
        kind => with_local(entry, name, version, kind),
    }
}

fn with_local(entry: CaseEntry, name: u32, version: u32, kind: u32) -> CaseEntry {
    // Some encoders see a text in two ways.
    let of_text = version % 20 + if name % 5 == 4 { 20 } else { 0 };
    let sentences = [("number".to_owned(), 3), (format!("report number{version}"), of_text)];
    let local = LocalVectors {
        images: vec![(0, local_image(1, kind as usize, version % 20))],
        sentences: sentences.into_iter().map(|(text, number)| (text, sentence_vector(number))).collect(),
    };
    CaseEntry { local, thumbnails: vec![(0, thumbnail(version))], ..entry }
}

/// What the snapshot holds: name to version. Panics where the parts of a case are of different versions.
pub fn held(snapshot: &Snapshot) -> BTreeMap<u32, u32> {
    let mut held = BTreeMap::new();
    for name in 0..100 {
        let Some(place) = snapshot.find(&id(name)).unwrap() else { continue };
        let case = snapshot.case(place).unwrap();
        let FieldValue::Integer(version) = case.fields["version"][0] else { panic!("an integer") };
        let expected = entry(name, version as u32);
        assert!(case == expected.case, "case {name} is of two versions");
        assert!(
            snapshot.entry(place).unwrap() == expected,
            "what is beside case {name} is of another version"
        );
        let near = snapshot.distance(&expected.embeddings[0].1, place).unwrap().unwrap();
        assert_eq!(near.distance, 0.0, "the embedding of case {name} is of another version");
        held.insert(name, version as u32);
    }
    assert_eq!(snapshot.cases(), held.len(), "cases that nobody put in");
    held
}

pub fn fresh() -> FaultStorage {
    let storage = FaultStorage::new();
    IndexWriter::create(&storage, &definition()).unwrap();
    storage
}

pub fn open(storage: &FaultStorage) -> IndexWriter {
    let shared: Arc<dyn Storage> = Arc::new(storage.clone());
    IndexWriter::open(shared, 1).unwrap()
}

pub fn go_on(_: &'static str, _: usize, _: usize) -> bool {
    true
}

/// Writes the next generation with another text in the place of some of its manifest, as no program of today would.
pub fn rewrite(storage: &FaultStorage, change: impl FnOnce(&mut serde_json::Value)) {
    let (generation, bytes) = latest_generation(storage).unwrap().unwrap();
    let mut manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    manifest["generation"] = (generation + 1).into();
    change(&mut manifest);
    write_generation(storage, generation + 1, &serde_json::to_vec(&manifest).unwrap()).unwrap();
}
