//! Small archives.

use precedent_engine::{Access, Definition, Engine, NewCase};
use precedent_model::{
    Case, CaseId, FieldKind, FieldSchema, FieldValue, Image, PartialDate, PatientKey, Report, SectionKind,
};
use precedent_query::{QueryVector, SearchRequest, SearchResponse};
use precedent_vector::{Metric, VectorSpace};
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
    let folder = tempfile::tempdir().unwrap();
    Engine::create(folder.path(), &definition(metric)).unwrap();
    let engine = Engine::open(folder.path(), access).unwrap();
    Archive { folder, engine }
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

pub fn patient(number: u8) -> PatientKey {
    PatientKey::new(&format!("patient-{number}"), None).unwrap()
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
    NewCase { case, embeddings: sketch.vectors.iter().map(|values| Some(vector(values))).collect() }
}

pub fn search(engine: &Engine, request: &SearchRequest) -> SearchResponse {
    engine.view().search(request, &|| false).unwrap()
}

pub fn names(response: &SearchResponse) -> Vec<String> {
    response.hits.iter().map(|hit| hit.case.id.as_str().to_owned()).collect()
}
