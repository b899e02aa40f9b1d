//! The command line program `precedent`.
//!
//! Results go to standard output; progress, logs and errors go to standard error. Exit codes: see [`exit::Exit`].

mod answer_page;
mod args;
mod built;
mod commands;
#[cfg(feature = "demo")]
mod demo;
mod encoders;
mod evidence;
mod exit;
mod hits;
mod ids;
mod interrupt;
mod json;
mod judgement;
mod lexicon_list;
mod listen;
mod matched;
mod output;
#[cfg(feature = "train")]
mod phantom_studies;
mod private_file;
mod reading;
mod reading_json;
mod region;
mod size;
mod style;
mod waiting;

use args::{Command, Precedent};
use clap::{CommandFactory, Parser};
use exit::{Failure, Outcome};
use mimalloc::MiMalloc;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Names the instruction set that vectors are compared with, in place of the fastest of the machine.
const INSTRUCTION_SET: &str = "PRECEDENT_INSTRUCTION_SET";

fn main() -> ExitCode {
    let command = Precedent::parse().command;
    exit::report(limit_instruction_set().and_then(|()| run(command)))
}

fn limit_instruction_set() -> Result<(), Failure> {
    let Some(name) = std::env::var_os(INSTRUCTION_SET).filter(|name| !name.is_empty()) else { return Ok(()) };
    precedent_vector::limit_instruction_set(&name.to_string_lossy())
        .map_err(|error| Failure::input(error).about(INSTRUCTION_SET))
}

fn run(command: Command) -> Outcome {
    match command {
        #[cfg(feature = "demo")]
        Command::Demo(args) => commands::demo::run(&args),
        #[cfg(not(feature = "demo"))]
        Command::Demo(_) => Err(built::without("demo", "precedent demo")),
        Command::Init(args) => commands::init::run(&args),
        Command::Ingest(args) => commands::ingest::run(&args),
        Command::Search(args) => commands::search::run(&args),
        Command::Get(args) => commands::get::run(&args),
        Command::List(args) => commands::list::run(&args),
        Command::Delete(args) => commands::delete::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Encode(args) => commands::encode::run(&args),
        Command::Eval(args) => commands::eval::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Stats(args) => commands::stats::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Merge(args) => commands::merge::run(&args),
        #[cfg(feature = "phantom")]
        Command::Phantom(args) => commands::phantom::run(&args),
        #[cfg(not(feature = "phantom"))]
        Command::Phantom(_) => Err(built::without("phantom", "precedent phantom")),
        #[cfg(feature = "train")]
        Command::Train(args) => commands::train::run(&args),
        #[cfg(not(feature = "train"))]
        Command::Train(_) => Err(built::without("train", "precedent train")),
        Command::Completions(args) => commands::completions::run(&args, Precedent::command()),
        Command::Man(args) => commands::man::run(&args, Precedent::command()),
    }
}
