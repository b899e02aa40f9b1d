//! `precedent man`.

use crate::args::{ManArgs, Precedent};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::stdout;
use clap::CommandFactory;
use std::io::Write;

pub fn run(args: &ManArgs) -> Outcome {
    let about = |error: std::io::Error| Failure::from(error).about(args.dir.display());
    std::fs::create_dir_all(&args.dir).map_err(about)?;
    clap_mangen::generate_to(Precedent::command(), &args.dir).map_err(about)?;
    writeln!(stdout(), "{}: a page for precedent and for each command", args.dir.display())?;
    Ok(Exit::Done)
}
