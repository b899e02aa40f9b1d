//! Small archives, and evaluations of them.

use precedent_engine::{Access, Definition, Engine, NewCase};
use precedent_eval::{
    Against, AskBy, Asking, EvalError, Evaluated, Evaluation, Options, Settings, Source, Truth, Watch,
    evaluate,
};
use precedent_model::{
    Case, CaseId, FieldKind, FieldSchema, FieldValue, Image, PartialDate, PatientKey, Report, SectionKind,
};
use precedent_query::QueryVector;
use precedent_vector::{Metric, VectorSpace};
use std::path::PathBuf;
use tempfile::TempDir;

pub const DIMENSION: usize = 16;
/// Kinds of cases: those of a kind look alike and have the same findings.
pub const KINDS: [&str; 4] = [
    "Small left pleural effusion.",
    "Right pneumothorax.",
    "Cardiomegaly. Small pleural effusion.",
    "No acute disease.",
];
pub const LABELS: [&str; 4] = ["effusion", "pneumothorax", "heart", "normal"];

pub struct Archive {
    pub folder: TempDir,
    pub engine: Engine,
}

/// A case as a test speaks of it.
#[derive(Clone)]
pub struct Sketch {
    pub id: String,
    pub patient: Option<String>,
    pub date: Option<&'static str>,
    pub kind: usize,
    pub sex: &'static str,
    /// How far from the others of its kind.
    pub off: f32,
    pub has_image: bool,
}

impl Sketch {
    pub fn new(number: usize) -> Self {
        Self {
            id: format!("case-{number:03}"),
            patient: Some(format!("patient-{number:03}")),
            date: None,
            kind: number % KINDS.len(),
            sex: if number.is_multiple_of(3) { "F" } else { "M" },
            off: (number * 37 % 101) as f32 / 101.0,
            has_image: true,
        }
    }
}

pub fn vector(kind: usize, off: f32) -> Vec<f32> {
    (0..DIMENSION)
        .map(|place| if place == kind { 1.0 } else { 0.2 * off * ((place * 7 + kind) % 5) as f32 / 5.0 })
        .collect()
}

pub fn archive(cases: &[Sketch]) -> Archive {
    let mut definition = Definition::chest_xray().unwrap();
    definition.image_space = Some(VectorSpace::new(DIMENSION, Metric::Cosine, "enc").unwrap());
    definition.fields = FieldSchema::new([
        ("study_date".to_owned(), FieldKind::Date),
        ("sex".to_owned(), FieldKind::Keyword),
        ("age".to_owned(), FieldKind::Integer),
        ("label".to_owned(), FieldKind::Keywords),
    ])
    .unwrap();
    definition.graph.min_nodes = 500;
    let folder = tempfile::tempdir().unwrap();
    Engine::create(folder.path(), &definition).unwrap();
    let engine = Engine::open(folder.path(), Access::Bulk).unwrap();
    let cases = cases.iter().map(new_case).collect();
    assert!(engine.ingest(cases).unwrap().iter().all(Result::is_ok));
    engine.commit().unwrap();
    Archive { folder, engine }
}

fn new_case(sketch: &Sketch) -> NewCase {
    let mut case = Case::new(CaseId::new(&sketch.id).unwrap());
    case.patient = sketch.patient.as_ref().map(|id| PatientKey::new(id, None).unwrap());
    case.report = Some(Report::new([(SectionKind::Impression, KINDS[sketch.kind])]).unwrap());
    let mut field = |name: &str, value| case.fields.insert(name.to_owned(), vec![value]);
    field("sex", FieldValue::Keyword(sketch.sex.to_owned()));
    field("age", FieldValue::Integer(40 + sketch.kind as i64));
    field("label", FieldValue::Keyword(LABELS[sketch.kind].to_owned()));
    if let Some(date) = sketch.date {
        field("study_date", FieldValue::Date(PartialDate::parse("study_date", date).unwrap()));
    }
    case.images = vec![Image::default(); usize::from(sketch.has_image)];
    let embedding = QueryVector { values: vector(sketch.kind, sketch.off), encoder_id: "enc".to_owned() };
    NewCase { embeddings: vec![Some(embedding); usize::from(sketch.has_image)], ..NewCase::new(case) }
}

pub fn options(source: Source) -> Options {
    Options {
        source,
        asking: Asking {
            by: AskBy::Auto,
            earlier_only: true,
            fields: ["view", "sex", "age"].map(str::to_owned).to_vec(),
        },
        truth: Truth::Reports,
        settings: Settings::default(),
        several_per_patient: false,
        depth: 100,
        least_group: 1,
        seed: 1,
        protocols: true,
        trec: false,
    }
}

pub const ALL: Source = Source::Sample { count: 10_000, seed: 1 };

impl Archive {
    pub fn run(&self, options: &Options) -> Result<Evaluated, EvalError> {
        evaluate(&self.engine.view(), None, options, quiet())
    }

    pub fn evaluated(&self, options: &Options) -> Evaluation {
        self.run(options).unwrap().evaluation
    }

    pub fn against(&self, other: &Self, settings: Settings, options: &Options) -> Evaluation {
        let view = other.engine.view();
        let is_other = !std::ptr::eq(self, other);
        let against = Against { view: &view, is_other, settings };
        evaluate(&self.engine.view(), Some(&against), options, quiet()).unwrap().evaluation
    }

    /// A file of queries.
    #[allow(clippy::disallowed_methods, reason = "a test's own files are no files of an index")]
    pub fn file(&self, rows: &[&str]) -> Source {
        let path: PathBuf = self.folder.path().with_extension("jsonl");
        std::fs::write(&path, rows.join("\n")).unwrap();
        Source::File(path)
    }
}

pub fn quiet() -> Watch<'static> {
    Watch { progress: &|_, _, _| {}, stop: &|| false }
}

pub fn value(evaluation: &Evaluation, name: &str) -> f64 {
    evaluation.metrics.iter().find(|metric| metric.name == name).unwrap().figure.value
}
