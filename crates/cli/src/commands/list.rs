//! `precedent list`.

use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{count, counted, stderr, stdout};
use crate::{hits, json, waiting};
use clap::Args;
use precedent_engine::{Access, CaseOrder, Engine, EngineError};
use precedent_model::PatientKey;
use precedent_query::HitDetail;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Only cases that match, such as: modality = "DX" AND age >= 60 (see search --help)
    #[arg(long, allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// Only cases that may be this patient's
    #[arg(long, value_name = "ID")]
    pub patient: Option<String>,
    /// Who issued the patient id
    #[arg(long, value_name = "NAME", requires = "patient")]
    pub issuer: Option<String>,
    /// Most cases to list; all if not given
    #[arg(short = 'k', long, value_name = "N")]
    pub limit: Option<usize>,
    /// Print each case, without its report, as a line of JSON, as the service would send it
    #[arg(long)]
    pub json: bool,
}

pub fn run(args: &ListArgs) -> Outcome {
    let about = |error: EngineError| Failure::from(error).about(args.dir.display());
    let interrupt = Interrupt::listen()?;
    let engine = Engine::open(&args.dir, Access::Read).map_err(about)?;
    let view = engine.view();
    let patient = (args.patient.as_deref())
        .map(|id| PatientKey::new(id, args.issuer.as_deref()).map_err(Failure::input))
        .transpose()?;
    let (filter, order, stop) = (args.filter.as_deref(), CaseOrder::LatestFirst, || interrupt.asked());
    let listed = view.list_where(filter, patient.as_ref(), order, &stop).map_err(about)?;
    let limit = args.limit.unwrap_or(listed.len());
    let mut out = BufWriter::new(stdout());
    for case in listed.cases(HitDetail::WithoutReport).take(limit) {
        if interrupt.asked() {
            return Ok(Exit::Interrupted);
        }
        let case = case.map_err(about)?;
        match args.json {
            true => writeln!(out, "{}", json::case(case)?)?,
            false => hits::print_line(&mut out, &case)?,
        }
        if out.get_ref().is_unread() {
            return Ok(Exit::Done);
        }
    }
    out.flush()?;
    let shown = count(limit.min(listed.len()) as u64);
    let cases = counted(view.case_count() as u64, "case", "cases");
    writeln!(stderr(), "{shown} of {} that match, of {cases}, the latest first", count(listed.len() as u64))?;
    waiting::note(&engine)?;
    Ok(Exit::Done)
}
