//! `precedent merge`.

use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{advance, bar, counted, stdout};
use clap::Args;
use precedent_engine::{Access, Engine};
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Only write segments anew that hold deleted or replaced cases, without them
    #[arg(long)]
    pub deleted: bool,
}

pub fn run(args: &MergeArgs) -> Outcome {
    let about = |error| Failure::from(error).about(args.dir.display());
    let interrupt = Interrupt::listen()?;
    let engine = Engine::open(&args.dir, Access::Bulk).map_err(about)?;
    let shown = bar(0, "merge");
    let progress = |phase: &'static str, done: usize, total: usize| {
        shown.set_prefix(phase);
        advance(&shown, done as u64, total as u64);
        !interrupt.asked()
    };
    let merged = if args.deleted { engine.drop_deleted(&progress) } else { engine.merge_all(&progress) };
    let generation = merged.map_err(about)?;
    shown.finish_and_clear();
    let segments = counted(engine.merge_gain().segments as u64, "segment", "segments");
    let cases = counted(engine.view().case_count() as u64, "case", "cases");
    writeln!(stdout(), "{segments} of {cases}, generation {generation}")?;
    Ok(Exit::Done)
}
