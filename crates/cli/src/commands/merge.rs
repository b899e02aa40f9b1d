//! `precedent merge`.

use crate::args::MergeArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{advance, bar, count, stdout};
use precedent_engine::{Access, Engine};
use std::io::Write;

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
    let generation = engine.merge_all(&progress).map_err(about)?;
    shown.finish_and_clear();
    let cases = engine.view().case_count() as u64;
    writeln!(stdout(), "one segment of {} cases, generation {generation}", count(cases))?;
    Ok(Exit::Done)
}
