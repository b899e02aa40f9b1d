//! `precedent completions`.

use crate::args::{CompletionsArgs, Precedent};
use crate::exit::{Exit, Outcome};
use clap::CommandFactory;

pub fn run(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Precedent::command(), "precedent", &mut script);
    std::io::Write::write_all(&mut std::io::stdout(), &script)?;
    Ok(Exit::Done)
}
