//! `precedent get`.

use crate::exit::{Exit, Failure, Outcome};
use crate::output::{counted, printable, stderr, stdout};
use crate::style::Style;
use crate::{hits, ids, json, waiting};
use clap::Args;
use precedent_engine::{Access, Engine, EngineError};
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Exits with 0 when every case was found, 3 when some were not.")]
pub struct GetArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Case ids
    #[arg(value_name = "ID", required_unless_present = "ids_from")]
    pub ids: Vec<String>,
    /// A case id per line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub ids_from: Option<PathBuf>,
    /// Print each case as a line of JSON, as the service would send it
    #[arg(long)]
    pub json: bool,
    /// Print the embeddings of the images, too
    #[arg(long, requires = "json")]
    pub with_embeddings: bool,
}

pub fn run(args: &GetArgs) -> Outcome {
    let about = |error: EngineError| Failure::from(error).about(args.dir.display());
    let wanted = ids::read(&args.ids, args.ids_from.as_deref())?;
    let engine = Engine::open(&args.dir, Access::Read).map_err(about)?;
    let (view, style) = (engine.view(), Style::of_stdout());
    let mut out = stdout();
    let mut unknown = 0;
    for id in &wanted {
        let (list, _) = view.list_ids(std::slice::from_ref(id)).map_err(about)?;
        let Some(found) = list.whole_cases().next() else {
            writeln!(stderr(), "not in the index: {}", printable(id.as_str()))?;
            unknown += 1;
            continue;
        };
        let found = found.map_err(about)?;
        match (args.json, args.with_embeddings) {
            (true, true) => writeln!(out, "{}", json::case_with_embeddings(found)?)?,
            (true, false) => writeln!(out, "{}", json::case(found.case)?)?,
            (false, _) => hits::print_case(&mut out, &found.case, style)?,
        }
    }
    if unknown > 0 {
        waiting::note(&engine)?;
        let ids = counted(wanted.len() as u64, "id", "ids");
        writeln!(stderr(), "{unknown} of {ids} not found")?;
        return Ok(Exit::SomeRejected);
    }
    Ok(Exit::Done)
}
