//! What became of the rows, in sentences.

use super::IngestArgs;
use crate::exit::Failure;
use crate::output::{count, counted, stdout};
use precedent_engine::Engine;
use precedent_intake::Tally;
use precedent_sources::nearest_column;
use std::io::Write;

/// Prints what was done.
pub fn print(tally: &Tally, args: &IngestArgs, engine: &Engine) -> Result<(), Failure> {
    let mut out = stdout();
    let verb = if args.dry_run { "would be ingested" } else { "ingested" };
    writeln!(
        out,
        "{}: {} {verb}, {} held already, {} rejected",
        counted(tally.rows, "row", "rows"),
        count(tally.taken()),
        count(tally.held()),
        count(tally.rejected)
    )?;
    if tally.repeated > 0 {
        let rows = counted(tally.repeated, "row repeats", "rows repeat");
        writeln!(out, "{rows} the case id of an earlier one; of each id the last row counts")?;
    }
    if tally.fields_left_out > 0 {
        let fields = counted(
            tally.fields_left_out,
            "field that cannot be read was",
            "fields that cannot be read were",
        );
        writeln!(out, "{fields} left out {}", where_listed(args))?;
    }
    if tally.placeholder_patients > 0 {
        let cases = counted(tally.placeholder_patients, "case names", "cases name");
        writeln!(
            out,
            "{cases} a placeholder such as nan as patient id, and {} no patient",
            if tally.placeholder_patients == 1 { "has" } else { "have" }
        )?;
    }
    if tally.placeholder_issuers > 0 {
        let cases = counted(tally.placeholder_issuers, "case names", "cases name");
        writeln!(out, "{cases} a placeholder such as nan as issuer, which was left out")?;
    }
    if tally.silent > 0 {
        let cases = counted(tally.silent, "case has", "cases have");
        writeln!(out, "{cases} neither text nor embedding; only filters find such cases")?;
    }
    if !tally.ignored_columns.is_empty() {
        let fields = &engine.definition().fields;
        let named = |column: &String| match nearest_column(column, fields) {
            Some(meant) => format!("{column} (did you mean {meant}?)"),
            None => column.clone(),
        };
        let names: Vec<String> = tally.ignored_columns.iter().map(named).collect();
        writeln!(out, "columns that the index does not keep: {}", names.join(" "))?;
    }
    if let (Some(_), Some(notice)) = (&args.images, engine.notice()) {
        writeln!(out, "note: {notice}")?;
    }
    if !args.dry_run {
        let view = engine.view();
        let cases = counted(view.case_count() as u64, "case", "cases");
        writeln!(out, "the index holds {cases}, generation {}", view.generation())?;
        let gain = engine.merge_gain();
        if gain.is_worth_a_hint() {
            let segments = counted(gain.segments as u64, "segment", "segments");
            let scanned = counted(gain.scanned as u64, "vector", "vectors");
            let remedy = format!("`precedent merge {}`, or a running `serve`", args.dir.display());
            writeln!(out, "note: {segments}, {scanned} in no graph; {remedy}, makes searches faster")?;
        }
    }
    Ok(())
}

/// Where the fields that were left out can be read.
fn where_listed(args: &IngestArgs) -> String {
    match args.dry_run {
        true => "(a run that is not dry lists them)".to_owned(),
        false => format!("(listed in {})", args.rejected.display()),
    }
}
