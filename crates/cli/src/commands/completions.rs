//! `precedent completions`.

use crate::args::{CompletionsArgs, Precedent};
use crate::exit::{Exit, Outcome};
use crate::output::stdout;
use clap::CommandFactory;

pub fn run(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Precedent::command(), "precedent", &mut script);
    std::io::Write::write_all(&mut stdout(), &script)?;
    Ok(Exit::Done)
}
