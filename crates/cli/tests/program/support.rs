//! A folder of its own, and the program run in it.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

pub const CASES: &str = r#"{"case_id": "A1", "patient_id": "P1", "study_date": "2019-05-03", "modality": "DX", "age": 63, "findings": "Heart size is enlarged. Small left pleural effusion.", "impression": "Cardiomegaly.", "labels": {"problems": ["Cardiomegaly", "Pleural Effusion"]}}
{"case_id": "A2", "patient_id": "P2", "study_date": "2020-11", "modality": "CR", "age": 41, "findings": "Clear lungs. No pleural effusion.", "impression": "No acute disease.", "labels": {"problems": ["normal"]}}
{"case_id": "A3", "patient_id": "P1", "study_date": "2021", "modality": "DX", "age": 65, "impression": "Effusion has resolved."}
"#;

pub struct Place(TempDir);

/// What a run printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub out: String,
    pub err: String,
    pub code: i32,
}

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With an index `i` of the three cases.
    pub fn with_index() -> Self {
        let place = Self::new();
        place.write("cases.jsonl", CASES.as_bytes());
        place.ok(&["init", "i", "--dimension", "16", "--encoder-id", "e1"]);
        place.write(
            "vectors.npy",
            &npy(&[vec![1.0; 16], vec![-1.0; 16], (0..16).map(|i| i as f32).collect()]),
        );
        place.ok(&["ingest", "i", "cases.jsonl", "--embeddings", "vectors.npy", "--encoder-id", "e1"]);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[allow(clippy::disallowed_methods, reason = "a test's own files are no files of an index")]
    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_precedent"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        let Output { status, stdout, stderr } = self.command(args).output().unwrap();
        Ran {
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
            code: status.code().unwrap(),
        }
    }

    /// Runs what must succeed; gives what it printed.
    pub fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        ran.out
    }

    /// Runs what must be refused with this code and these words, and must change nothing.
    pub fn refused(&self, args: &[&str], code: i32, words: &[&str]) {
        let before = self.run(&["stats", "i"]).out;
        let ran = self.run(args);
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        for word in words {
            assert!(ran.err.contains(word), "{args:?}: no {word:?} in {}", ran.err);
        }
        assert!(!ran.err.contains("panicked"), "{args:?}: {}", ran.err);
        assert_eq!(self.run(&["stats", "i"]).out, before, "{args:?} changed the index");
    }
}

/// A file of float32 rows as numpy writes it (format 1.0).
pub fn npy(rows: &[Vec<f32>]) -> Vec<u8> {
    let dimension = rows.first().map_or(16, Vec::len);
    let dict =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {dimension}), }}", rows.len());
    let padding = 64 - (10 + dict.len() + 1) % 64;
    let header = format!("{dict}{}\n", " ".repeat(padding));
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(rows.iter().flatten().flat_map(|value| value.to_le_bytes()));
    bytes
}
