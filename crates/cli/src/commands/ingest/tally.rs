//! What became of the rows, counted.

use crate::args::IngestArgs;
use crate::exit::Failure;
use crate::output::{count, counted, stdout};
use precedent_engine::{CaseWarning, CaseWarningCode, Engine};
use precedent_sources::nearest_column;
use std::collections::BTreeSet;
use std::io::Write;

/// What became of the rows.
#[derive(Default)]
pub struct Tally {
    pub rows: u64,
    pub taken: u64,
    pub held: u64,
    pub rejected: u64,
    /// Cases with neither text nor embedding, unless a row updates them.
    pub silent: u64,
    /// Rows whose case id an earlier row had.
    pub repeated: u64,
    /// Fields that were left out because they cannot be read.
    pub dropped: u64,
    /// Cases whose patient id is nobody's, and was left out.
    nobodys: u64,
    /// The same of issuers.
    no_issuers: u64,
    pub ignored_columns: BTreeSet<String>,
}

impl Tally {
    /// Counts what was left out of a case.
    pub fn count(&mut self, warning: &CaseWarning) {
        match warning.code {
            CaseWarningCode::PlaceholderPatient => self.nobodys += 1,
            CaseWarningCode::PlaceholderIssuer => self.no_issuers += 1,
        }
    }

    /// Prints what was done.
    pub fn print(&self, args: &IngestArgs, engine: &Engine) -> Result<(), Failure> {
        let mut out = stdout();
        let verb = if args.dry_run { "would be ingested" } else { "ingested" };
        writeln!(
            out,
            "{}: {} {verb}, {} held already, {} rejected",
            counted(self.rows, "row", "rows"),
            count(self.taken),
            count(self.held),
            count(self.rejected)
        )?;
        if self.repeated > 0 {
            let rows = counted(self.repeated, "row repeats", "rows repeat");
            writeln!(out, "{rows} the case id of an earlier one; of each id the last row counts")?;
        }
        if self.dropped > 0 {
            let fields =
                counted(self.dropped, "field that cannot be read was", "fields that cannot be read were");
            writeln!(out, "{fields} left out {}", where_listed(args))?;
        }
        if self.nobodys > 0 {
            let cases = counted(self.nobodys, "case names", "cases name");
            writeln!(
                out,
                "{cases} a placeholder such as nan as patient id, and {} no patient",
                if self.nobodys == 1 { "has" } else { "have" }
            )?;
        }
        if self.no_issuers > 0 {
            let cases = counted(self.no_issuers, "case names", "cases name");
            writeln!(out, "{cases} a placeholder such as nan as issuer, which was left out")?;
        }
        if self.silent > 0 {
            let cases = counted(self.silent, "case has", "cases have");
            writeln!(out, "{cases} neither text nor embedding; only filters find such cases")?;
        }
        if !self.ignored_columns.is_empty() {
            let fields = &engine.definition().fields;
            let named = |column: &String| match nearest_column(column, fields) {
                Some(meant) => format!("{column} (did you mean {meant}?)"),
                None => column.clone(),
            };
            let names: Vec<String> = self.ignored_columns.iter().map(named).collect();
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
}

/// Where the fields that were left out can be read.
fn where_listed(args: &IngestArgs) -> String {
    match args.dry_run {
        true => "(a run that is not dry lists them)".to_owned(),
        false => format!("(listed in {})", args.rejected.display()),
    }
}
