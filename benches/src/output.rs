//! Where the figures of a program go: a terminal, a block of a document, a file of JSON.

use crate::machine::Machine;
use crate::table::{Chapter, replace_block};
use clap::Args;
use serde_json::{Value, json};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What every program of these takes about its output.
#[derive(Debug, Args)]
pub struct Output {
    /// Print the tables as Markdown
    #[arg(long)]
    pub markdown: bool,
    /// Replace the block of this document that has the program's name
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Write all figures, with machine and date, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Output {
    /// Prints the chapters, and writes what was asked for.
    ///
    /// # Errors
    /// A document without the block, and what the system refuses.
    pub fn emit(
        &self,
        program: &str,
        machine: &Machine,
        chapters: &[Chapter],
        figures: Value,
    ) -> Result<(), Box<dyn Error>> {
        let text = |part: fn(&Chapter) -> String| {
            let parts: Vec<String> = chapters.iter().map(part).collect();
            format!("{}\n\n{}", machine.line(), parts.join("\n"))
        };
        let markdown = text(Chapter::markdown);
        let shown = if self.markdown { &markdown } else { &text(Chapter::plain) };
        writeln!(std::io::stdout(), "{shown}")?;
        if let Some(path) = &self.write {
            write_block(path, program, &markdown)?;
        }
        if let Some(path) = &self.json {
            let whole = json!({ "program": program, "machine": machine.json(), "figures": figures });
            save(path, &format!("{whole:#}\n"))?;
        }
        Ok(())
    }
}

/// Puts `block` between the two marker lines of a document on the disk.
///
/// # Errors
/// A document without the two markers, and what the system refuses.
pub fn write_block(path: &Path, name: &str, block: &str) -> Result<(), String> {
    let about = |problem: String| format!("{}: {problem}", path.display());
    let document = fs::read_to_string(path).map_err(|error| about(error.to_string()))?;
    save(path, &replace_block(&document, name, block).map_err(about)?)
}

/// Writes a file of figures.
///
/// # Errors
/// What the system refuses.
pub fn save(path: &Path, text: &str) -> Result<(), String> {
    #[allow(clippy::disallowed_methods, reason = "a document is no file of an index")]
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
