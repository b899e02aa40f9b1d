//! Small archives.

use crate::plain::Plain;
use precedent_engine::{Access, Definition, Engine, NewCase};
use precedent_model::{
    Case, CaseId, FieldKind, FieldSchema, FieldValue, Image, PartialDate, PatientKey, Report, SectionKind,
};
use precedent_query::{QueryVector, SearchRequest, SearchResponse};
use precedent_vector::{Metric, VectorSpace};
use std::sync::Arc;
use tempfile::TempDir;

pub const DIMENSION: usize = 16;

pub struct Archive {
    pub folder: TempDir,
    pub engine: Engine,
}

pub fn definition(metric: Metric) -> Definition {
    let mut definition = Definition::chest_xray().unwrap();
    definition.image_space = Some(VectorSpace::new(DIMENSION, metric, "enc").unwrap());
    definition.fields = FieldSchema::new([
        ("age".to_owned(), FieldKind::Integer),
        ("study_date".to_owned(), FieldKind::Date),
        ("problems".to_owned(), FieldKind::Keywords),
        ("modality".to_owned(), FieldKind::Keyword),
    ])
    .unwrap();
    definition.graph.min_nodes = 40;
    definition
}

pub fn archive(metric: Metric, access: Access) -> Archive {
    archive_of(definition(metric), access)
}

pub fn archive_of(definition: Definition, access: Access) -> Archive {
    if crate::PLAIN {
        return plain(definition, access);
    }
    let folder = tempfile::tempdir().unwrap();
    Engine::create(folder.path(), &definition).unwrap();
    let engine = Engine::open(folder.path(), access).unwrap();
    Archive { folder, engine }
}

/// An archive that is a list.
pub fn plain(definition: Definition, access: Access) -> Archive {
    let list = Plain::new(definition, access);
    Archive { folder: tempfile::tempdir().unwrap(), engine: Engine::over(Arc::new(list), &[]).unwrap() }
}

/// What a test says of a case.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sketch {
    pub patient: Option<u8>,
    pub age: Option<i64>,
    pub date: Option<&'static str>,
    pub problems: Vec<&'static str>,
    pub text: Option<String>,
    pub vectors: Vec<Vec<f32>>,
}

pub fn id(name: usize) -> CaseId {
    CaseId::new(&format!("case-{name:03}")).unwrap()
}

/// The first four are four people. From there on four numbers share an id: without issuer, of north twice, of south.
pub fn patient(number: u8) -> PatientKey {
    match number {
        0..4 => PatientKey::new(&format!("patient-{number}"), None).unwrap(),
        _ => {
            let issuer = [None, Some("north"), Some("NORTH"), Some("south")][usize::from(number % 4)];
            let id = if number % 8 < 4 { "patient" } else { "Patient" };
            PatientKey::new(&format!("{id}-{}", number / 4 + 3), issuer).unwrap()
        }
    }
}

pub fn vector(values: &[f32]) -> QueryVector {
    QueryVector { values: values.to_vec(), encoder_id: "enc".to_owned() }
}

pub fn case(name: usize, sketch: &Sketch) -> NewCase {
    let mut case = Case::new(id(name));
    case.patient = sketch.patient.map(patient);
    if let Some(age) = sketch.age {
        case.fields.insert("age".into(), vec![FieldValue::Integer(age)]);
    }
    if let Some(date) = sketch.date {
        let date = PartialDate::parse("study_date", date).unwrap();
        case.fields.insert("study_date".into(), vec![FieldValue::Date(date)]);
    }
    if !sketch.problems.is_empty() {
        let values = sketch.problems.iter().map(|text| FieldValue::Keyword((*text).to_owned()));
        case.fields.insert("problems".into(), values.collect());
    }
    case.report =
        sketch.text.as_ref().map(|text| Report::new([(SectionKind::Impression, text.as_str())]).unwrap());
    case.images = vec![Image::default(); sketch.vectors.len()];
    NewCase {
        embeddings: sketch.vectors.iter().map(|values| Some(vector(values))).collect(),
        ..NewCase::new(case)
    }
}

pub fn search(engine: &Engine, request: &SearchRequest) -> SearchResponse {
    engine.view().search(request, &|| false).unwrap()
}

pub fn names(response: &SearchResponse) -> Vec<String> {
    response.hits.iter().map(|hit| hit.case.id.as_str().to_owned()).collect()
}

/// Numbers from a seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// About normal.
    fn normal(&mut self) -> f32 {
        (0..6).map(|_| (self.bits() >> 40) as f32 / (1_u64 << 24) as f32).sum::<f32>() - 3.0
    }
}

/// Kinds of study: those of one kind are alike in vectors, ages and problems.
pub const KINDS: usize = 12;
pub const WORDS: [&str; 6] = ["effusion", "left", "no", "pneumothorax", "opacity", "normal"];

/// A vector of a kind.
pub fn near(kind: usize, random: &mut Random) -> Vec<f32> {
    let mut centre = Random((kind as u64) << 32);
    (0..DIMENSION).map(|_| centre.normal() + 0.6 * random.normal()).collect()
}

/// A study of some kind: with no, one or several images, some of which other studies have, too; with or without a report.
pub fn study(seed: u64) -> Sketch {
    let mut random = Random(seed);
    let kind = random.below(KINDS);
    let images = random.one_of(&[1, 1, 1, 1, 1, 2, 2, 3, 0]);
    let vectors: Vec<Vec<f32>> = (0..images)
        .map(|_| match random.below(8) {
            0 => near(kind, &mut Random(kind as u64 % 3)),
            _ => near(kind, &mut random),
        })
        .collect();
    let words = random.below(16).saturating_sub(7);
    let text = (0..words).map(|_| random.one_of(&WORDS)).collect::<Vec<&str>>().join(" ");
    Sketch {
        patient: Some(random.below(160)).filter(|&patient| patient < 120).map(|patient| patient as u8),
        age: Some((kind * 7 + random.below(7)) as i64).filter(|_| vectors.is_empty() || random.below(5) > 0),
        date: random.one_of(&[None, Some("2018"), Some("2019-05"), Some("2019-05-03"), Some("2020-01-01")]),
        problems: if random.below(4) == 0 { vec!["Mass"] } else { vec!["Edema"; usize::from(kind < 3)] },
        text: Some(text).filter(|text| !text.is_empty()),
        vectors,
    }
}
