//! Sources nobody wrote by hand.

use crate::manifest::tests::{file, schema};
use crate::{ColumnMap, Manifest, NpyMatrix};
use precedent_model::{FieldValue, SectionKind};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const PIECES: [&str; 20] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\n",
    "\r\n",
    "\t",
    "\\",
    "null",
    "1e9",
    "case_id",
    "\"case_id\":\"a\"",
    "age",
    "labels",
    "é",
    "NaN",
    " ",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        pieces.prop_map(|pieces| pieces.concat().into_bytes()),
    ]
}

/// What a row may hold, as plain texts.
#[derive(Debug, Clone)]
struct Plain {
    id: String,
    findings: String,
    problems: Vec<String>,
    age: Option<i64>,
    kvp: f64,
}

fn plain() -> impl Strategy<Value = Plain> {
    (
        "[a-z0-9]{1,8}",
        "[\\PC\n\t]{0,40}",
        prop::collection::btree_set("[a-zé\"\\\\]{1,6}", 0..4),
        prop::option::of(any::<i64>()),
        any::<f64>().prop_filter("a number that JSON spells exactly", |number| number.abs() < 9e15),
    )
        .prop_map(|(id, findings, problems, age, kvp)| Plain {
            id,
            findings,
            problems: problems.into_iter().collect(),
            age,
            kvp,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(20_262), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_manifest_or_an_error(bytes in bytes(), extension in prop_oneof![Just(".jsonl"), Just(".csv"), Just(".tsv")]) {
        let bytes = if extension == ".jsonl" { bytes } else { [&b"case_id,age\tcase_id\n"[..], &bytes].concat() };
        let file = file(extension, &bytes);
        let map = if extension == ".tsv" { "[columns]\ncase_id = \"case_id\"" } else { "" };
        let map = ColumnMap::from_toml(map).unwrap();
        if let Ok(mut manifest) = Manifest::open(file.path(), &map, &schema()) {
            let rows: Vec<u64> = manifest.by_ref().map(|row| row.unwrap().number).collect();
            prop_assert_eq!(&rows, &(1..=rows.len() as u64).collect::<Vec<_>>());
            prop_assert_eq!(manifest.progress(), (bytes.len() as u64, bytes.len() as u64));
        }
    }

    #[test]
    fn any_bytes_are_a_matrix_or_an_error(
        tail in prop::collection::vec(any::<u8>(), 0..100),
        header in prop_oneof![
            Just("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"),
            Just("{'descr': '<f4', 'shape': (99999999999, 65536), 'fortran_order': False"),
            Just(""),
        ],
        cut in 0..60_usize,
    ) {
        let header = &header[..header.len().saturating_sub(cut / 2)];
        let start = [&b"\x93NUMPY\x01\x00"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), &tail].concat();
        for bytes in [&start, &tail] {
            if let Ok(mut matrix) = NpyMatrix::open(file(".npy", bytes).path()) {
                let mut rows = 0;
                while matrix.next_row(&mut Vec::new()).unwrap() {
                    rows += 1;
                }
                prop_assert_eq!(rows, matrix.rows());
            }
        }
    }

    #[test]
    fn any_text_is_a_map_or_an_error(
        text in any::<String>(),
        target in "[a-z_]{1,6}|case_id|view|report|labels",
        value in "\"[a-z]{0,3}\"|[0-9]{1,3}|\\[\\]|\\{ column = \"a\" \\}|true",
    ) {
        let _ = ColumnMap::from_toml(&text);
        let lines = format!("[columns]\n{target} = {value}\n[constants]\nx{target} = {value}\n");
        if let Ok(map) = ColumnMap::from_toml(&lines) {
            // Whatever the map says, the manifest is read or refused.
            let file = file(".jsonl", b"{\"case_id\": \"a\", \"b\": \"c\"}\n");
            if let Ok(manifest) = Manifest::open(file.path(), &map, &schema()) {
                prop_assert_eq!(manifest.count(), 1);
            }
        }
    }

    #[test]
    fn json_rows_keep_what_they_hold(rows in prop::collection::vec(plain(), 1..5), map in any::<bool>()) {
        let text: String = rows
            .iter()
            .map(|row| {
                let object = serde_json::json!({
                    "case_id": row.id, "findings": row.findings, "problems": row.problems, "age": row.age, "kvp": row.kvp,
                });
                format!("{object}\n")
            })
            .collect();
        let map = if map { "[columns]\nage = \"age\"\n[labels]\nproblems = \"problems\"" } else { "" };
        let file = file(".jsonl", text.as_bytes());
        let manifest = Manifest::open(file.path(), &ColumnMap::from_toml(map).unwrap(), &schema()).unwrap();
        for (row, read) in rows.iter().zip(manifest) {
            let case = read.unwrap().outcome.unwrap();
            prop_assert_eq!(case.id.as_str(), &row.id);
            let findings = case.report.as_ref().and_then(|report| report.section(SectionKind::Findings));
            prop_assert_eq!(findings, Some(row.findings.as_str()).filter(|text| !text.trim().is_empty()));
            let problems: Vec<FieldValue> = row.problems.iter().cloned().map(FieldValue::Keyword).collect();
            prop_assert_eq!(case.fields.get("problems").cloned().unwrap_or_default(), problems);
            prop_assert_eq!(case.fields.get("age").cloned(), row.age.map(|age| vec![FieldValue::Integer(age)]));
            prop_assert_eq!(&case.fields["kvp"], &[FieldValue::Number(row.kvp)]);
        }
    }
}
