//! The recall that an index promises, and what searches find.
//!
//! ```text
//! { "cases",                      with an embedding
//!   "queries",                    of them
//!   "exactMs",                    mean of the exact searches
//!   "promises": [{ "targetRecall", "isIndexTarget", "k", "meanRecall", "twoStandardErrors", "nearestFirst",
//!                  "compared", "scanned", "walked", "meanMs", "fallsShort" }] }
//! ```

use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::output::{advance, bar, count, counted, stderr};
use precedent_engine::{
    Access, Engine, EngineError, ErrorKind, IndexStats, RecallReport, RecallRow, VectorAccess,
};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

pub struct Recall {
    report: RecallReport,
    has_space: bool,
    /// Width of searches that ask for no recall, in place of the index's target.
    width: Option<usize>,
    is_merged: bool,
}

impl Recall {
    /// Measures it; `None` if the user stopped it.
    pub fn measure(dir: &Path, sample: usize) -> Result<Option<Self>, Failure> {
        let about = |error: EngineError| Failure::from(error).about(dir.display());
        let interrupt = Interrupt::listen()?;
        let engine = Engine::open(dir, Access::Read).map_err(about)?;
        let shown = bar(0, "recall");
        let progress = |done: usize, total: usize| advance(&shown, done as u64, total as u64);
        let measured = engine.view().check_recall(sample, &progress, &|| interrupt.asked());
        shown.finish_and_clear();
        let report = match measured {
            Err(error) if error.kind() == ErrorKind::Cancelled => {
                writeln!(stderr(), "interrupted: the recall was not measured")?;
                return Ok(None);
            }
            measured => measured.map_err(about)?,
        };
        let definition = engine.definition();
        Ok(Some(Self {
            report,
            has_space: definition.image_space.is_some(),
            width: definition.graph.ef_search,
            is_merged: is_merged(&engine.stats().map_err(about)?),
        }))
    }

    /// How many promises are not kept.
    pub fn short(&self) -> usize {
        self.report.rows.iter().filter(|row| row.falls_short()).count()
    }

    pub fn json(&self) -> Value {
        json!({
            "cases": self.report.cases,
            "queries": self.report.queries,
            "exactMs": milliseconds(self.report.exact_time),
            "promises": self.report.rows.iter().map(row_json).collect::<Value>(),
        })
    }

    pub fn print(&self, dir: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let RecallReport { cases, queries, exact_time, ref rows } = self.report;
        if queries == 0 {
            let why = match (self.has_space, cases) {
                (false, _) => "the index has no image space",
                (true, 0) => "no case has an embedding",
                (true, _) => "only one case has an embedding, and it takes two",
            };
            writeln!(out, "recall: not measured, {why}")?;
            return Ok(());
        }
        let asked = format!("{} of {}", count(queries as u64), counted(cases as u64, "case", "cases"));
        writeln!(
            out,
            "recall: {asked} asked for their nearest, each with its first embedding and itself left out; an exact search takes \
             {:.3} ms",
            milliseconds(exact_time)
        )?;
        writeln!(
            out,
            "{:<14}{:>5}  {:<16}  {:>8}  {:>8}  {:>7}  {:>6}  {:>8}",
            "target", "k", "found", "first", "compared", "scanned", "walked", "ms"
        )?;
        for row in rows {
            writeln!(out, "{}", line(row))?;
        }
        writeln!(
            out,
            "found: mean share of the k nearest, plus or minus two standard errors; first: share of the searches whose first \
             case is the nearest; compared, scanned, walked: how many searches did; ms: mean time of a search that is not the first for its query"
        )?;
        if let Some(width) = self.width {
            writeln!(
                out,
                "searches that ask for no recall walk to the index's ef_search of {width}, for which no recall is promised"
            )?;
        }
        writeln!(out, "{}", self.verdict(dir))?;
        Ok(())
    }

    fn verdict(&self, dir: &Path) -> String {
        let all = self.report.rows.len();
        let mended = match self.is_merged {
            true => {
                "the index is merged already, so ask for a higher target_recall, or report this".to_owned()
            }
            false => format!("merge the index with `precedent merge {}` and measure again", dir.display()),
        };
        match self.short() {
            0 => format!("kept: recall is as promised in all {all} rows"),
            short => format!("falls short: recall is below its target in {short} of {all} rows; {mended}"),
        }
    }
}

/// Whether a merge would change nothing of how vectors are found.
fn is_merged(stats: &IndexStats) -> bool {
    let graph = |access| access == VectorAccess::Graph;
    stats.tombstones == 0 && matches!(stats.segments.as_slice(), [only] if graph(only.access))
}

fn line(row: &RecallRow) -> String {
    let target = format!("{}{}", row.target, if row.is_own { " (index)" } else { "" });
    let found = format!("{:.4} ± {:.4}", row.recall, row.margin);
    let short = if row.falls_short() { "  falls short" } else { "" };
    format!(
        "{target:<14}{:>5}  {found:<16}  {:>8.4}  {:>8}  {:>7}  {:>6}  {:>8.3}{short}",
        row.k,
        row.first,
        row.compared,
        row.scanned,
        row.walked,
        milliseconds(row.time)
    )
}

fn row_json(row: &RecallRow) -> Value {
    json!({
        // As it is written in a definition, without the digits that an f32 lacks.
        "targetRecall": row.target.to_string().parse::<f64>().unwrap_or_else(|_| row.target.into()),
        "isIndexTarget": row.is_own,
        "k": row.k,
        "meanRecall": row.recall,
        "twoStandardErrors": row.margin,
        "nearestFirst": row.first,
        "compared": row.compared,
        "scanned": row.scanned,
        "walked": row.walked,
        "meanMs": milliseconds(row.time),
        "fallsShort": row.falls_short(),
    })
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(recalls: &[f64], is_merged: bool) -> (Recall, String) {
        let row = |&recall: &f64| RecallRow {
            target: 0.99,
            is_own: true,
            k: 10,
            recall,
            margin: 0.004,
            first: 0.995,
            compared: 0,
            scanned: 1,
            walked: 199,
            time: Duration::from_micros(50),
        };
        let rows = recalls.iter().map(row).collect();
        let report = RecallReport { cases: 5_000, queries: 200, exact_time: Duration::from_millis(2), rows };
        let recall = Recall { report, has_space: true, width: Some(80), is_merged };
        let mut out = Vec::new();
        recall.print(Path::new("archive"), &mut out).unwrap();
        (recall, String::from_utf8(out).unwrap())
    }

    #[test]
    fn promises_that_are_not_kept_are_named_with_what_to_do() {
        let (kept, out) = printed(&[0.995, 0.988], true);
        assert_eq!(kept.short(), 0);
        assert!(out.contains("200 of 5,000 cases asked") && out.contains("2.000 ms"), "{out}");
        assert!(
            out.contains(
                "0.99 (index)     10  0.9950 ± 0.0040     0.9950         0        1     199     0.050\n"
            ),
            "{out}"
        );
        assert!(
            out.contains("ef_search of 80") && out.contains("kept: ") && !out.contains("falls short"),
            "{out}"
        );

        let (short, out) = printed(&[0.995, 0.98], false);
        assert_eq!((short.short(), out.matches("0.050  falls short\n").count()), (1, 1), "{out}");
        assert!(out.contains("in 1 of 2 rows; merge the index with `precedent merge archive`"), "{out}");
        let promise = &short.json()["promises"][1];
        assert_eq!((&promise["fallsShort"], &promise["targetRecall"]), (&json!(true), &json!(0.99)));

        let (_, out) = printed(&[0.98], true);
        assert!(out.contains("higher target_recall") && !out.contains("precedent merge"), "{out}");
    }
}
