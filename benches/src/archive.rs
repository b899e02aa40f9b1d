//! An index of many cases, each with an embedding, a report, fields and a patient, and what is asked of it.
//!
//! Embeddings and fields are those of a folder that `benches/peers/dataset.py` made: clustered vectors, and columns `f0`
//! to `f4` to filter by. Reports are mixed of the sentences of Open-i reports and have nothing to do with the vectors. A
//! patient has three cases on average, drawn at random.

use crate::figures::SplitMix;
use crate::npy::Columns;
use crate::reports::{Mixer, openi, plain_text, queries};
use precedent_engine::{Access, Definition, Engine, NewCase};
use precedent_model::{Case, CaseId, FieldKind, FieldSchema, FieldValue, PatientKey};
use precedent_query::{QueryVector, SearchRequest};
use precedent_sources::NpyMatrix;
use precedent_vector::{Metric, VectorSpace};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The encoder that the embeddings are said to be of.
pub const ENCODER: &str = "bench";
/// Cases that become durable together, as in `precedent ingest`.
pub const BATCH: usize = 1000;
/// Cases of a segment of recent ones.
const RECENT: u64 = 2000;
/// Cases for every patient.
const CASES_PER_PATIENT: u64 = 3;
/// Which patients the cases are of.
const SEED: u64 = 0x5eed_0007;

/// Where cases and questions come from.
#[derive(Debug, clap::Args)]
pub struct Source {
    /// Folder of vectors that benches/peers/dataset.py made
    #[arg(long, value_name = "DIR")]
    pub vectors: PathBuf,
    /// Folder with openi/
    #[arg(long, env = "PRECEDENT_DATA", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"))]
    pub data: PathBuf,
    /// Cases; all vectors if not given
    #[arg(long)]
    pub cases: Option<u64>,
    /// Segments of the last cases, 2,000 in each, that are left as they came in; the others lie in one
    #[arg(long, default_value_t = 0)]
    pub recent: u64,
}

/// Cases by number, and questions.
pub struct Material {
    base: NpyMatrix,
    fields: Columns,
    mixer: Mixer,
    /// How many cases there are.
    pub cases: u64,
    /// How many of them, the last, lie in segments as they came in.
    recent: u64,
    pub questions: Vec<Question>,
}

/// What is asked for at once.
#[derive(Debug, Clone)]
pub struct Question {
    pub vector: QueryVector,
    /// Two to five words of one report.
    pub text: String,
    /// Keeps a tenth of the cases, whatever their vectors.
    pub filter: String,
}

impl Question {
    /// All of it.
    pub fn hybrid(&self) -> SearchRequest {
        SearchRequest { filter: Some(self.filter.clone()), ..self.unfiltered() }
    }

    /// Without the filter.
    pub fn unfiltered(&self) -> SearchRequest {
        SearchRequest { text: Some(self.text.clone()), ..self.image() }
    }

    /// The embedding alone.
    pub fn image(&self) -> SearchRequest {
        SearchRequest { vectors: vec![self.vector.clone()], ..SearchRequest::default() }
    }
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Material({} cases, {} questions)", self.cases, self.questions.len())
    }
}

impl Material {
    /// The folder under `work` that [`at_hand`] keeps the index in.
    pub fn folder(&self, work: &Path) -> PathBuf {
        match self.recent / RECENT {
            0 => work.join(format!("index-{}", self.cases)),
            recent => work.join(format!("index-{}-{recent}", self.cases)),
        }
    }

    /// Opens the files. There are as many questions as query vectors.
    ///
    /// # Errors
    /// A file that is missing or of another kind; fewer vectors than the cases that are wanted.
    pub fn open(source: &Source) -> Outcome<Self> {
        let file = |name: &str| source.vectors.join(name);
        let base = NpyMatrix::open(file("base.npy"))?;
        let fields = Columns::read(&file("attrs.npy"))?;
        let cases = source.cases.unwrap_or(base.rows());
        if cases == 0 || cases > base.rows() || fields.row(cases as usize - 1).is_empty() {
            return Err(format!("{} vectors are too few for {cases} cases", base.rows()).into());
        }
        let recent = source.recent.saturating_mul(RECENT);
        if recent > cases {
            return Err(
                format!("{} segments of {RECENT} cases are more than {cases} cases", source.recent).into()
            );
        }
        let reports = openi(&source.data)?;
        let texts: Vec<String> = reports.iter().map(plain_text).collect();
        let (mut vectors, asked) = (NpyMatrix::open(file("queries.npy"))?, Columns::read(&file("fval.npy"))?);
        let texts = queries(&texts, vectors.rows() as usize);
        let (mut questions, mut values) = (Vec::new(), Vec::new());
        for (number, text) in texts.into_iter().enumerate() {
            vectors.read_row(number as u64, &mut values)?;
            let vector = QueryVector { values: values.clone(), encoder_id: ENCODER.to_owned() };
            let value = asked.row(number).get(1).ok_or("fval.npy has no column for f1")?;
            questions.push(Question { vector, text, filter: format!("f1 = {value}") });
        }
        Ok(Self { base, fields, mixer: Mixer::new(&reports), cases, recent, questions })
    }

    /// Vectors in the folder: as many cases can be made as there are.
    pub fn rows(&self) -> u64 {
        self.base.rows()
    }

    /// What the index of these cases is made for.
    ///
    /// # Errors
    /// A dimension that no index may have.
    pub fn definition(&self) -> Outcome<Definition> {
        let mut definition = Definition::chest_xray()?;
        definition.name = "bench".to_owned();
        definition.image_space = Some(VectorSpace::new(self.base.dimension(), Metric::Cosine, ENCODER)?);
        let name = |column: usize| (format!("f{column}"), FieldKind::Integer);
        definition.fields = FieldSchema::new((0..self.fields.width).map(name))?;
        Ok(definition)
    }

    /// The case of that row, under that name.
    ///
    /// # Errors
    /// A row that is not there.
    pub fn case(&mut self, row: u64, name: &str) -> Outcome<NewCase> {
        let mut values = Vec::new();
        self.base.read_row(row, &mut values)?;
        let mut case = Case::new(CaseId::new(name)?);
        let patients = (self.cases / CASES_PER_PATIENT).max(1) as usize;
        let patient = SplitMix::of(SEED, row).below(patients);
        case.patient = Some(PatientKey::new(&format!("p{patient}"), None)?);
        for (column, value) in self.fields.row(row as usize).iter().enumerate() {
            case.fields.insert(format!("f{column}"), vec![FieldValue::Integer(i64::from(*value))]);
        }
        case.report = Some(self.mixer.report(row)?);
        let embedding = QueryVector { values, encoder_id: ENCODER.to_owned() };
        Ok(NewCase { embeddings: vec![Some(embedding)], ..NewCase::new(case) })
    }
}

/// How long a bulk load took; making the cases themselves does not count, nor do recent ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuildTimes {
    /// Until the last case was durable.
    pub ingest: Duration,
    /// From then until all could be found.
    pub commit: Duration,
    /// From then until all lay in one segment with its graph.
    pub merge: Duration,
}

/// Makes an index of all cases in `dir`, as `precedent ingest` and `precedent merge` do.
///
/// # Errors
/// A folder that holds something, a case that is refused, and what the engine refuses.
pub fn build(material: &mut Material, dir: &Path) -> Outcome<BuildTimes> {
    Engine::create(dir, &material.definition()?)?;
    let engine = Engine::open(dir, Access::Bulk)?;
    let mut times = BuildTimes::default();
    let settled = material.cases - material.recent;
    let mut row = 0;
    while row < settled {
        let end = settled.min(row + BATCH as u64);
        let cases =
            (row..end).map(|row| material.case(row, &format!("v{row}"))).collect::<Outcome<Vec<_>>>()?;
        let started = Instant::now();
        take(&engine, cases)?;
        times.ingest += started.elapsed();
        row = end;
    }
    let started = Instant::now();
    engine.commit()?;
    times.commit = started.elapsed();
    let started = Instant::now();
    engine.merge_all(&|_, _, _| true)?;
    times.merge = started.elapsed();
    while row < material.cases {
        let cases = (row..row + RECENT).map(|row| material.case(row, &format!("v{row}")));
        take(&engine, cases.collect::<Outcome<Vec<_>>>()?)?;
        engine.commit()?;
        row += RECENT;
    }
    Ok(times)
}

/// Takes cases in, none of which may be refused.
///
/// # Errors
/// A case that is refused, and what the engine refuses.
pub fn take(engine: &Engine, cases: Vec<NewCase>) -> Outcome<()> {
    for outcome in engine.ingest(cases)? {
        outcome.map_err(|violations| format!("a case was refused: {violations:?}"))?;
    }
    Ok(())
}

/// The index in `dir`, made if the folder is missing or empty.
///
/// # Errors
/// A folder with the index of other cases, and what the engine refuses.
pub fn at_hand(material: &mut Material, dir: &Path, access: Access) -> Outcome<Engine> {
    let empty = std::fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    if empty {
        build(material, dir)?;
    }
    let engine = Engine::open(dir, access)?;
    let cases = engine.view().case_count() as u64;
    if engine.definition() != &material.definition()? || cases != material.cases {
        let problem = format!("holds another index, of {cases} cases; name another folder or remove it");
        return Err(format!("{}: {problem}", dir.display()).into());
    }
    Ok(engine)
}
