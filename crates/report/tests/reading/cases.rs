//! Reports that were read wrongly before, by kind: `cases/reports/failing.jsonl` of the shared folder beside the checkout.

use precedent_model::{Report, SectionKind};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// The least share of them that is read rightly.
const FLOOR: f64 = 0.9;

/// Whether the assertion, none where the finding is not mentioned, is the one expected or one of several.
fn allowed(said: Option<&str>, expected: &Value) -> bool {
    let is = |option: &Value| match option.as_str() {
        None | Some("none" | "not mentioned") => said.is_none(),
        wanted => said == wanted,
    };
    expected.as_array().map_or_else(|| is(expected), |options| options.iter().any(is))
}

fn is_right(row: &Value) -> bool {
    let report = Report::new([(SectionKind::Body, row["report"].as_str().unwrap())]).unwrap();
    let findings = crate::support::reader().read(&report).findings();
    let said: HashMap<&str, &str> =
        findings.iter().map(|(id, assertion)| (&**id, assertion.name())).collect();
    let expected = row["expected"].as_object().unwrap();
    expected.iter().all(|(finding, expected)| allowed(said.get(finding.as_str()).copied(), expected))
}

#[test]
fn most_shown_cases_are_read_rightly() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/reports/failing.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let wrong: Vec<&str> =
        rows.iter().filter(|row| !is_right(row)).filter_map(|row| row["case_id"].as_str()).collect();
    let share = 1.0 - wrong.len() as f64 / rows.len() as f64;
    assert!(share >= FLOOR, "{share:.3} of {} are right; wrong: {}", rows.len(), wrong.join(", "));
}
