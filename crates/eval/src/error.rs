//! Why an evaluation ends without figures.

use precedent_engine::EngineError;
use std::path::PathBuf;

/// Faults of a file that are listed.
const LISTED: usize = 10;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A search or the index failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Rows of the file of queries that cannot be asked, each with its line and the remedy.
    #[error("{}", faults(.0))]
    Rows(Vec<String>),
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What was asked for cannot be.
    #[error("{0}")]
    Input(String),
    /// It was stopped.
    #[error("stopped")]
    Stopped,
}

fn faults(rows: &[String]) -> String {
    let mut text = rows.iter().take(LISTED).cloned().collect::<Vec<_>>().join("\n");
    if rows.len() > LISTED {
        text += &format!("\nand {} more", rows.len() - LISTED);
    }
    text
}
