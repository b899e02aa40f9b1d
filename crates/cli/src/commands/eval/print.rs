//! The evaluation on a terminal.

use crate::exit::Failure;
use crate::output::{count, counted, printable};
use precedent_eval::{Difference, Evaluation, Figure, Metric, Pool};
use std::io::Write;
use std::path::Path;

/// Rows of each table; the page and the JSON have all.
const MOST_ROWS: usize = 12;
/// The figures of groups.
const OF_GROUPS: [&str; 2] = ["precision@10", "ndcg@10"];

pub fn print(out: &mut dyn Write, dir: &Path, evaluation: &Evaluation) -> Result<(), Failure> {
    let Evaluation { index, queries, truth, .. } = evaluation;
    let cases = counted(index.cases as u64, "case", "cases");
    let patients = counted(index.patients as u64, "patient", "patients");
    writeln!(out, "{}: {cases} of {patients}, generation {}", dir.display(), index.generation)?;
    writeln!(
        out,
        "{} of {}, {} with something relevant to find; {} leave their patient out, {} find earlier cases only",
        counted(queries.asked as u64, "query", "queries"),
        counted(queries.patients as u64, "patient", "patients"),
        count(queries.with_relevant as u64),
        count(queries.patient_left_out as u64),
        count(queries.earlier_only as u64)
    )?;
    writeln!(
        out,
        "truth: {}, known of {}",
        printable(&truth.source),
        counted(truth.cases as u64, "case", "cases")
    )?;
    if let Some(warning) = &truth.warning {
        writeln!(out, "note: {warning}")?;
    }
    metrics(out, &evaluation.metrics)?;
    if let Some(against) = &evaluation.against {
        let settings = match against.settings.changes() {
            changes if changes.is_empty() => "the default settings".to_owned(),
            changes => changes,
        };
        writeln!(
            out,
            "\n{:<24} {:>7} {:>7} {:>8}  {:<18} {:>6} {:>6}",
            "against", "first", "second", "diff", "95 %", "better", "worse"
        )?;
        for row in &against.metrics {
            difference(out, row)?;
        }
        let name = against.index.as_ref().map_or("the same index", |index| index.name.as_str());
        writeln!(
            out,
            "second: {}, {settings}; {} queries, {} not asked",
            printable(name),
            against.queries,
            against.not_asked
        )?;
    }
    groups(
        out,
        "finding",
        evaluation
            .findings
            .iter()
            .map(|row| (row.finding.name.clone(), row.queries, &row.metrics[..], Some(row.chance))),
    )?;
    groups(
        out,
        "anatomy",
        evaluation.anatomy.iter().map(|group| (group.value.clone(), group.queries, &group.metrics[..], None)),
    )?;
    let label = |by: &str, value: &str| format!("{by}: {value}");
    groups(
        out,
        "subgroup",
        evaluation
            .subgroups
            .iter()
            .map(|group| (label(&group.by, &group.value), group.queries, &group.metrics[..], None)),
    )?;
    pools(out, evaluation.pools.iter().chain(&evaluation.hard_negatives))?;
    sizes(out, evaluation)?;
    rest(out, evaluation)?;
    for note in &evaluation.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}

fn range(figure: &Figure) -> String {
    figure.interval.map_or_else(String::new, |range| format!("{:.3} to {:.3}", range.low, range.high))
}

fn metrics(out: &mut dyn Write, metrics: &[Metric]) -> Result<(), Failure> {
    writeln!(out, "\n{:<24} {:>7}  95 %", "all queries", "mean")?;
    for metric in metrics {
        writeln!(out, "{:<24} {:>7.3}  {}", metric.name, metric.figure.value, range(&metric.figure))?;
    }
    Ok(())
}

fn difference(out: &mut dyn Write, row: &Difference) -> Result<(), Failure> {
    let range = (row.difference.interval)
        .map_or_else(String::new, |range| format!("{:+.3} to {:+.3}", range.low, range.high));
    writeln!(
        out,
        "{:<24} {:>7.3} {:>7.3} {:>+8.3}  {range:<18} {:>6} {:>6}",
        row.name, row.first.value, row.second.value, row.difference.value, row.better, row.worse
    )?;
    Ok(())
}

type Row<'a> = (String, usize, &'a [Metric], Option<f64>);

fn groups<'a>(out: &mut dyn Write, title: &str, rows: impl Iterator<Item = Row<'a>>) -> Result<(), Failure> {
    let rows: Vec<Row<'_>> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let chance = if rows.iter().any(|row| row.3.is_some()) { "chance" } else { "" };
    let head =
        format!("{title:<34} {:>7} {:>7}  {:<15} {:>7}  {chance:>6}", "queries", "P@10", "95 %", "nDCG@10");
    writeln!(out, "\n{}", head.trim_end())?;
    for (name, queries, metrics, chance) in rows.iter().take(MOST_ROWS) {
        let of = |name: &str| metrics.iter().find(|metric| metric.name == name).map(|metric| metric.figure);
        let [Some(precision), Some(ndcg)] = OF_GROUPS.map(of) else { continue };
        let chance = chance.map_or_else(String::new, |chance| format!("{chance:.3}"));
        let line = format!(
            "{:<34} {queries:>7} {:>7.3}  {:<15} {:>7.3}  {chance:>6}",
            printable(name),
            precision.value,
            range(&precision),
            ndcg.value
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    if rows.len() > MOST_ROWS {
        writeln!(out, "and {} more (--html, --json)", rows.len() - MOST_ROWS)?;
    }
    Ok(())
}

fn pools<'a>(out: &mut dyn Write, pools: impl Iterator<Item = &'a Pool>) -> Result<(), Failure> {
    let pools: Vec<&Pool> = pools.collect();
    if pools.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:<16} {:>7} {:>8} {:>4} {:>7}  {:<15} {:>7} {:>8}  95 %",
        "pool", "queries", "cases", "k", "R@k", "95 %", "chance", "x chance"
    )?;
    for pool in pools {
        for row in &pool.recall {
            let times = row.times_chance;
            let (value, sure) = times.map_or_else(Default::default, |times| {
                let sure = times.interval.map(|range| format!("{:.1} to {:.1}", range.low, range.high));
                (format!("{:.1}", times.value), sure.unwrap_or_default())
            });
            let line = format!(
                "{:<16} {:>7} {:>8.0} {:>4} {:>7.3}  {:<15} {:>7.3} {value:>8}  {sure}",
                pool.pool,
                pool.queries,
                pool.mean_size,
                row.k,
                row.recall.value,
                range(&row.recall),
                row.chance
            );
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}

fn sizes(out: &mut dyn Write, evaluation: &Evaluation) -> Result<(), Failure> {
    let Some(first) = evaluation.archive_sizes.first() else { return Ok(()) };
    let head: String = first.metrics.iter().map(|metric| format!(" {:>13}", metric.name)).collect();
    writeln!(out, "\n{:<16} {:>7}{head}", "archive of", "queries")?;
    for size in &evaluation.archive_sizes {
        let cells: String =
            size.metrics.iter().map(|metric| format!(" {:>13.3}", metric.figure.value)).collect();
        writeln!(
            out,
            "{:<16} {:>7}{cells}",
            counted(size.cases as u64, "patient", "patients"),
            size.queries
        )?;
    }
    Ok(())
}

fn rest(out: &mut dyn Write, evaluation: &Evaluation) -> Result<(), Failure> {
    writeln!(out)?;
    for row in &evaluation.index_recall {
        writeln!(
            out,
            "index recall@{}: {:.4}, {} ({} queries beside exact searches)",
            row.k,
            row.recall.value,
            range(&row.recall),
            row.queries
        )?;
    }
    if let Some(calibration) = &evaluation.calibration {
        for series in &calibration.series {
            writeln!(
                out,
                "consensus, {}: calibration error {:.3}, {}; Brier score {:.3}, {} ({} shares)",
                series.name,
                series.error.value,
                range(&series.error),
                series.brier.value,
                range(&series.brier),
                count(calibration.shares as u64)
            )?;
        }
    }
    if let Some(risks) = &evaluation.risk_coverage {
        let areas: Vec<String> =
            risks.curves.iter().map(|curve| format!("{:.3} by the {}", curve.area, curve.by)).collect();
        writeln!(
            out,
            "area under risk (1 - P@10) by coverage: {}, {:.3} by chance, {:.3} at best ({} queries)",
            areas.join(", "),
            risks.chance,
            risks.ideal,
            count(risks.queries as u64)
        )?;
    }
    if let Some(hubness) = &evaluation.hubness {
        writeln!(
            out,
            "hubness: skewness of N10 {:.2} (evenly {:.2}); {:.1} % of cases are never among the first ten (evenly {:.1} %)",
            hubness.skewness,
            hubness.even_skewness,
            100.0 * hubness.never,
            100.0 * hubness.even_never
        )?;
    }
    if let Some(diversity) = &evaluation.diversity {
        writeln!(
            out,
            "diversity: {:.2} different findings in the first ten; two hits share {:.3} of theirs",
            diversity.findings.value, diversity.similarity.value
        )?;
    }
    Ok(())
}
