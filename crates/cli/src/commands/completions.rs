//! `precedent completions`.

use crate::exit::{Exit, Outcome};
use crate::output::stdout;
use clap::Args;

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Prints the completions of `program`.
pub fn run(args: &CompletionsArgs, mut program: clap::Command) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "precedent", &mut script);
    std::io::Write::write_all(&mut stdout(), &script)?;
    Ok(Exit::Done)
}
