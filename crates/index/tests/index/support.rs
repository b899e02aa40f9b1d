//! Small cases, and what an index holds of them.

use precedent_index::{CaseEntry, Definition, IndexWriter, Snapshot};
use precedent_model::{Case, CaseId, FieldKind, FieldSchema, FieldValue, PatientKey, Report, SectionKind};
use precedent_storage::{FaultStorage, Storage, latest_generation, write_generation};
use precedent_vector::{Metric, VectorSpace};
use std::collections::BTreeMap;
use std::sync::Arc;

pub const DIMENSION: usize = 16;

pub fn definition() -> Definition {
    let mut definition = Definition::chest_xray().unwrap();
    definition.image_space = Some(VectorSpace::new(DIMENSION, Metric::L2, "enc").unwrap());
    definition.fields = FieldSchema::new([
        ("version".to_owned(), FieldKind::Integer),
        ("study_date".to_owned(), FieldKind::Date),
        ("problems".to_owned(), FieldKind::Keywords),
    ])
    .unwrap();
    // Graphs for handfuls of cases, so that tests meet them.
    definition.graph.min_nodes = 8;
    definition
}

pub fn id(name: u32) -> CaseId {
    CaseId::new(&format!("case-{name}")).unwrap()
}

/// A case of which every part tells its version: report, field and embedding.
pub fn entry(name: u32, version: u32) -> CaseEntry {
    let mut case = Case::new(id(name));
    case.patient = Some(PatientKey::new(&format!("patient-{}", name % 5), None).unwrap());
    case.fields.insert("version".into(), vec![FieldValue::Integer(version.into())]);
    case.report = Some(Report::new([(SectionKind::Impression, format!("report number{version}"))]).unwrap());
    case.images = vec![Default::default()];
    let values: Vec<f32> = (0..DIMENSION).map(|i| (name * 1000 + version) as f32 + i as f32).collect();
    let space = definition().image_space.unwrap();
    CaseEntry { case, embeddings: vec![(0, space.admit("enc", &values).unwrap())] }
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
