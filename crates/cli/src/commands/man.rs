//! `precedent man`.

use crate::exit::{Exit, Failure, Outcome};
use crate::output::stdout;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for the pages
    pub dir: PathBuf,
}

/// Writes the pages of `program`.
pub fn run(args: &ManArgs, program: clap::Command) -> Outcome {
    let about = |error: std::io::Error| Failure::from(error).about(args.dir.display());
    std::fs::create_dir_all(&args.dir).map_err(about)?;
    clap_mangen::generate_to(program, &args.dir).map_err(about)?;
    writeln!(stdout(), "{}: a page for precedent and for each command", args.dir.display())?;
    Ok(Exit::Done)
}
