//! The worst requests of each kind, one after the other.

use precedent_engine::{Access, Definition, Engine, NewCase, View};
use precedent_model::{Case, CaseId, FieldKind, FieldSchema, FieldValue, Image, PartialDate, PatientKey};
use precedent_model::{Report, SectionKind};
use precedent_query::{
    Fusion, Guards, HitDetail, Judgement, Limits, MAX_LIMIT, MAX_NEIGHBOURS, MAX_QUERY_VECTORS, PathChoice,
    QueryVector, SearchRequest,
};
use precedent_vector::{Metric, VectorSpace};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

const CASES: usize = 20_000;
const DIMENSION: usize = 16;
/// Names the index to the process that is held under the limit.
const INDEX: &str = "PRECEDENT_TEST_INDEX";
/// What all of the searches may take together beyond what brief ones left behind; `docs/searching.md` states more for one of them. It was
/// between 8 and 10 MB. When `exact` kept every match, and a search by several embeddings the matches of each, one of them took more than is allowed.
const ALLOWED_BYTES: u64 = 12 << 20;

/// Numbers from a seed (splitmix64), from -1 to 1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

fn vector(seed: usize) -> QueryVector {
    let mut random = Random(seed as u64);
    QueryVector { values: (0..DIMENSION).map(|_| random.next()).collect(), encoder_id: "enc".to_owned() }
}

fn case(number: usize) -> NewCase {
    let mut case = Case::new(CaseId::new(&format!("c{number}")).unwrap());
    case.patient = Some(PatientKey::new(&format!("p{}", number / 2), None).unwrap());
    case.fields.insert("age".into(), vec![FieldValue::Integer((number % 90) as i64)]);
    if !number.is_multiple_of(3) {
        let (year, month, day) = (2000 + number % 20, 1 + number / 20 % 12, 1 + number / 240 % 28);
        let date = PartialDate::parse("study_date", &format!("{year}-{month:02}-{day:02}")).unwrap();
        case.fields.insert("study_date".into(), vec![FieldValue::Date(date)]);
    }
    let words = ["effusion", "opacity", "nodule", "edema", "normal"];
    let text = format!("Small {}. No {}.", words[number % 5], words[number / 5 % 5]);
    case.report = Some(Report::new([(SectionKind::Impression, text)]).unwrap());
    case.images = vec![Image::default()];
    NewCase { embeddings: vec![Some(vector(number))], ..NewCase::new(case) }
}

/// An index of one segment with a graph.
fn build(folder: &Path) {
    let mut definition = Definition::chest_xray().unwrap();
    definition.image_space = Some(VectorSpace::new(DIMENSION, Metric::Cosine, "enc").unwrap());
    let fields = [("age", FieldKind::Integer), ("study_date", FieldKind::Date)];
    definition.fields = FieldSchema::new(fields.map(|(name, kind)| (name.to_owned(), kind))).unwrap();
    // What a cheap builder makes is walked as any other.
    (definition.graph.m, definition.graph.ef_construction) = (8, 24);
    Engine::create(folder, &definition).unwrap();
    let engine = Engine::open(folder, Access::Bulk).unwrap();
    for start in (0..CASES).step_by(2_000) {
        let cases = (start..start + 2_000).map(case).collect();
        assert!(engine.ingest(cases).unwrap().iter().all(Result::is_ok));
    }
    engine.commit().unwrap();
    engine.merge_all(&|_, _, _| true).unwrap();
}

fn limits(limit: usize) -> Limits {
    Limits { limit, ..Limits::default() }
}

/// Of each kind of request the one that takes most, by name.
fn requests() -> Vec<(&'static str, SearchRequest)> {
    let many = || (0..MAX_QUERY_VECTORS).map(|seed| vector(1_000_000 + seed)).collect();
    let ids = || SearchRequest { detail: HitDetail::CaseId, ..SearchRequest::default() };
    let graph = Limits { path: PathChoice::Graph, ef_search: Some(4096), ..limits(MAX_LIMIT) };
    let exact = Limits { exact: true, ..limits(MAX_LIMIT) };
    let text = || Some("effusion opacity nodule edema normal".to_owned());
    vec![
        (
            "one match, by the widest walk",
            SearchRequest {
                vectors: many(),
                filter: Some("case_id = \"c77\"".into()),
                limits: graph,
                ..ids()
            },
        ),
        (
            "few matches, by the widest walk",
            SearchRequest {
                vectors: many(),
                filter: Some("case_id = \"c77*\"".into()),
                limits: graph,
                ..ids()
            },
        ),
        ("all, by the widest walk", SearchRequest { vectors: many(), limits: graph, ..ids() }),
        ("all by vectors, exactly", SearchRequest { vectors: many(), limits: exact, ..ids() }),
        ("all by text, exactly", SearchRequest { text: text(), limits: exact, ..ids() }),
        ("all by both, exactly", SearchRequest { vectors: many(), text: text(), limits: exact, ..ids() }),
        (
            "most candidates of both",
            SearchRequest {
                vectors: many(),
                text: text(),
                limits: limits(MAX_LIMIT),
                fusion: Fusion { candidates: 10_000, ..Fusion::default() },
                ..ids()
            },
        ),
        (
            "most neighbours, and hits that differ",
            SearchRequest {
                vectors: many(),
                limits: limits(MAX_LIMIT),
                judgement: Judgement::By(MAX_NEIGHBOURS),
                diversity: Some(0.5),
                ..ids()
            },
        ),
        (
            "all by a filter",
            SearchRequest { filter: Some("NOT age = 300".into()), limits: limits(MAX_LIMIT), ..ids() },
        ),
        (
            "a filter of many conditions",
            SearchRequest { filter: Some(vec!["NOT (age > 3 age < 80)"; 100].join(" ")), ..ids() },
        ),
    ]
}

/// What this process may write to, in bytes.
fn data_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn ask(view: &View, name: &str, request: &SearchRequest) {
    let answer = view.search(request, &|| false).unwrap();
    let expected = answer.plan.matches.min(request.limits.limit);
    let fewer = !request.guards.several_per_patient && answer.hits.len() >= expected / 2;
    assert!(answer.hits.len() == expected || fewer, "{name}: {} hits", answer.hits.len());
}

/// Searches in the index that the environment names, in no more memory than is allowed.
fn search_in_little_memory(folder: &Path) {
    let engine = Engine::open(folder, Access::Read).unwrap();
    let view = engine.view();
    // What is found out once for an index is not of a search, nor is what brief ones keep for the next.
    for (name, request) in requests() {
        let brief = SearchRequest {
            vectors: request.vectors.into_iter().take(1).collect(),
            limits: Limits { limit: 10, ..Limits::default() },
            guards: Guards { several_per_patient: true, ..Guards::default() },
            fusion: Fusion::default(),
            ..request
        };
        ask(&view, name, &brief);
    }
    let allowed = data_bytes() + ALLOWED_BYTES;
    setrlimit(Resource::Data, Rlimit { current: Some(allowed), maximum: Some(allowed) }).unwrap();
    for (name, request) in requests() {
        writeln!(io::stderr(), "{name}").unwrap();
        ask(&view, name, &request);
    }
}

#[test]
fn no_search_takes_more_memory_than_is_stated() {
    if let Some(folder) = std::env::var_os(INDEX) {
        return search_in_little_memory(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "searches::no_search_takes_more_memory_than_is_stated", "--nocapture"])
        .env(INDEX, folder.path())
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).join("\n");
    assert!(run.status.success(), "{}: the last search named took too much:\n{said}", run.status);
}
