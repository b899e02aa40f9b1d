//! The Open-i reports in an index of their own, searched through the engine as a client would.

use crate::Problem;
use precedent_engine::{Access, Definition, Engine, NewCase, View};
use precedent_model::{Case, FieldSchema};
use precedent_query::{HitDetail, SearchRequest};
use precedent_sources::{ColumnMap, Manifest};
use std::path::Path;

/// Cases that become durable together.
const BATCH: usize = 1000;

/// The cases of Open-i that have a report, without their tags.
pub fn read_cases(data: &Path) -> Result<Vec<Case>, Problem> {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("../index/maps/openi.toml");
    let map = ColumnMap::open(map)?.for_reports();
    let rows = Manifest::open(data.join("openi/reports.jsonl"), &map, &FieldSchema::default())?;
    let mut cases = Vec::new();
    for row in rows {
        let case = row?.outcome.map_err(|rejection| rejection.to_string())?;
        if case.report.is_some() {
            cases.push(case);
        }
    }
    Ok(cases)
}

/// Makes an index of the cases in an empty folder.
pub fn build_index(folder: &Path, cases: &[Case]) -> Result<Engine, Problem> {
    Engine::create(folder, &Definition::chest_xray()?)?;
    let engine = Engine::open(folder, Access::Bulk)?;
    for batch in cases.chunks(BATCH) {
        let batch = batch.iter().map(|case| NewCase::new(case.clone()));
        for outcome in engine.ingest(batch.collect())? {
            outcome.map_err(|violations| format!("a case was refused: {violations:?}"))?;
        }
    }
    engine.commit()?;
    Ok(engine)
}

/// The ids of the first ten cases, by the settings that a search has by itself.
pub fn search(view: &View, text: &str) -> Result<Vec<String>, Problem> {
    let request =
        SearchRequest { text: Some(text.to_owned()), detail: HitDetail::CaseId, ..SearchRequest::default() };
    let answer = view.search(&request, &|| false).map_err(|error| format!("query `{text}`: {error}"))?;
    Ok(answer.hits.iter().map(|hit| hit.case.id.as_str().to_owned()).collect())
}
