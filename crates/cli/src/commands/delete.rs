//! `precedent delete`.
//!
//! What is chosen by a patient or a filter is more than a person has typed, so it is shown and asked about before it goes.

use crate::exit::{Exit, Failure, Outcome};
use crate::ids;
use crate::interrupt::Interrupt;
use crate::output::{count, counted, printable, stderr, stdout};
use clap::Args;
use precedent_engine::{Access, CaseList, CaseOrder, Engine, EngineError, View};
use precedent_model::{CaseId, PatientKey, fold_patient_id};
use precedent_query::HitDetail;
use std::collections::{BTreeMap, HashSet};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;

/// Ids of one operation of the log, far below what one may hold.
const BATCH: usize = 10_000;
/// Ids that are shown before the question.
const SHOWN: usize = 10;

#[derive(Debug, Args)]
#[command(
    after_help = "Deleted cases disappear from searches at once; their bytes leave the disk with the next merge. Exits with 0 when all \
                        were deleted, 3 when some ids are not in the index, 130 when the question was not answered with yes."
)]
pub struct DeleteArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Case ids
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// A case id per line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub ids_from: Option<PathBuf>,
    /// All cases of this patient
    ///
    /// Refused where several issuers use the id, unless --issuer names one. Ids are compared as everywhere: without regard to
    /// case, white space and width.
    #[arg(long, value_name = "ID", conflicts_with_all = ["ids", "ids_from", "filter"])]
    pub patient: Option<String>,
    /// Who issued the patient id; cases that name no issuer are kept
    #[arg(long, value_name = "NAME")]
    pub issuer: Option<String>,
    /// All cases that match (see search --help)
    #[arg(long, allow_hyphen_values = true, conflicts_with_all = ["ids", "ids_from"])]
    pub filter: Option<String>,
    /// Print the ids that would be deleted, delete nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask before cases of a patient or a filter are deleted
    #[arg(long)]
    pub yes: bool,
}

pub fn run(args: &DeleteArgs) -> Outcome {
    let about = |error: EngineError| Failure::from(error).about(args.dir.display());
    let interrupt = Interrupt::listen()?;
    let patient = match &args.patient {
        Some(id) => Some(PatientKey::new(id, args.issuer.as_deref()).map_err(Failure::input)?),
        None => None,
    };
    if patient.is_none() && args.issuer.is_some() {
        return Err(Failure::input("--issuer says whose id --patient is; give both, or case ids alone"));
    }
    let by_id = patient.is_none() && args.filter.is_none();
    let mut given = ids::read(&args.ids, args.ids_from.as_deref())?;
    let mut seen = HashSet::new();
    given.retain(|id| seen.insert(id.clone()));
    if by_id && given.is_empty() {
        return Err(Failure::input("no id is given; name ids, --ids-from, --patient or --filter"));
    }
    let access = if args.dry_run { Access::Read } else { Access::Bulk };
    let engine = Engine::open(&args.dir, access).map_err(about)?;
    let view = engine.view();
    let chosen = match (&patient, &args.filter) {
        (Some(patient), _) => of_patient(&view, patient)?,
        (None, Some(filter)) => {
            let stop = || interrupt.asked();
            let listed = view.list(Some(filter), CaseOrder::LatestFirst, &stop).map_err(about)?;
            listed.ids().collect::<Result<_, _>>().map_err(about)?
        }
        (None, None) => given,
    };
    if args.dry_run {
        return dry_run(&view, &chosen);
    }
    if !by_id && !chosen.is_empty() && !args.yes && !confirmed(&chosen)? {
        writeln!(stderr(), "nothing was deleted")?;
        return Ok(Exit::Interrupted);
    }
    let mut deleted = 0;
    let mut unknown: Vec<&CaseId> = Vec::new();
    for batch in chosen.chunks(BATCH) {
        if interrupt.asked() {
            break;
        }
        let outcome = engine.delete(batch).map_err(about)?;
        deleted += outcome.deleted;
        unknown.extend(outcome.unknown.iter().filter_map(|&place| batch.get(place)));
    }
    let generation = engine.commit().map_err(about)?;
    told_unknown(&unknown)?;
    let cases = counted(deleted as u64, "case", "cases");
    let left = counted(engine.view().case_count() as u64, "case", "cases");
    let mut out = stdout();
    writeln!(out, "{cases} deleted; the index holds {left}, generation {generation}")?;
    if deleted > 0 {
        writeln!(
            out,
            "their bytes leave the disk with the next merge: `precedent merge {}`",
            args.dir.display()
        )?;
    }
    Ok(match (interrupt.asked(), unknown.is_empty()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Done,
        (false, false) => Exit::SomeRejected,
    })
}

/// Says what would be deleted and deletes nothing.
fn dry_run(view: &View, chosen: &[CaseId]) -> Outcome {
    let mut out = BufWriter::new(stdout());
    let (mut there, mut unknown) = (0_u64, Vec::new());
    for id in chosen {
        if view.case(id)?.is_some() {
            there += 1;
            writeln!(out, "{}", printable(id.as_str()))?;
        } else {
            unknown.push(id);
        }
    }
    out.flush()?;
    told_unknown(&unknown)?;
    writeln!(stderr(), "{} would be deleted", counted(there, "case", "cases"))?;
    Ok(if unknown.is_empty() { Exit::Done } else { Exit::SomeRejected })
}

fn told_unknown(unknown: &[&CaseId]) -> Result<(), Failure> {
    for id in unknown {
        writeln!(stderr(), "not in the index: {}", printable(id.as_str()))?;
    }
    Ok(())
}

/// Asks on the terminal. Where there is none, the answer must have been given as a flag.
fn confirmed(chosen: &[CaseId]) -> Result<bool, Failure> {
    let cases = counted(chosen.len() as u64, "case", "cases");
    if !std::io::stdin().is_terminal() {
        return Err(Failure::input(format!(
            "{cases} would be deleted, and nobody can be asked; look with --dry-run, then give --yes"
        )));
    }
    let mut err = stderr();
    for id in chosen.iter().take(SHOWN) {
        writeln!(err, "  {}", printable(id.as_str()))?;
    }
    if chosen.len() > SHOWN {
        writeln!(err, "  and {} more", count((chosen.len() - SHOWN) as u64))?;
    }
    write!(err, "Delete {cases}? Type yes: ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

/// The cases that are certainly a patient's: those of the issuer that is named, or all of the id where one issuer alone, or
/// none, uses it.
fn of_patient(view: &View, patient: &PatientKey) -> Result<Vec<CaseId>, Failure> {
    let listed = view.list_patient(patient)?;
    let issuers = issuers(&listed)?;
    let fold = |issuer: &Option<String>| issuer.as_deref().map(fold_patient_id);
    match patient.issuer() {
        Some(issuer) => {
            let asked = Some(fold_patient_id(issuer));
            let (certain, open): (Vec<_>, Vec<_>) =
                issuers.into_iter().partition(|(_, issuer)| fold(issuer) == asked);
            if !open.is_empty() {
                let cases = counted(open.len() as u64, "case", "cases");
                writeln!(
                    stderr(),
                    "note: {cases} of this id without an issuer may be another person's and will be kept; `precedent list \
                     --filter 'patient_id = \"...\"'` shows them, and they can be deleted by their ids"
                )?;
            }
            Ok(certain.into_iter().map(|(id, _)| id).collect())
        }
        None => {
            let mut names = BTreeMap::new();
            for (_, issuer) in &issuers {
                names.extend(issuer.as_ref().map(|name| (fold_patient_id(name), name.clone())));
            }
            if names.len() > 1 {
                let names: Vec<String> = names.into_values().map(|name| printable(&name)).collect();
                return Err(Failure::input(format!(
                    "--patient: this id is used by {} issuers, and may be as many people's; name one with --issuer: {}",
                    names.len(),
                    names.join(", ")
                )));
            }
            Ok(issuers.into_iter().map(|(id, _)| id).collect())
        }
    }
}

/// Of each case the id and the issuer of its patient.
fn issuers(listed: &CaseList) -> Result<Vec<(CaseId, Option<String>)>, Failure> {
    let cases = listed.cases(HitDetail::WithoutReport);
    cases
        .map(|case| {
            let case = case?;
            Ok((case.id, case.patient.and_then(|patient| patient.issuer().map(str::to_owned))))
        })
        .collect()
}
