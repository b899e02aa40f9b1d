//! Retrieval by plain words against the human labels of NegBio for Open-i, through the engine as a client would ask.

use crate::Problem;
use crate::gold::{FEWEST_POSITIVES, LABELS, Labelled, counted};
use precedent_benches::figures::{Interval, bootstrap, mean};
use precedent_benches::table::{Chapter, Table, figure, interval};
use precedent_engine::{Access, Definition, Engine, NewCase, View};
use precedent_query::{Fusion, Guards, Limits, MAX_LIMIT, SearchRequest};
use std::collections::HashMap;
use std::io::Write;

/// Depth of the precision.
const DEPTH: u64 = 10;
/// Cases that become durable together.
const BATCH: usize = 1000;
/// Figures of one label: two of ours, two of plain BM25, in the order of the table.
const FIGURES: usize = 4;

/// The answers to one label, best first, by place of the case.
struct Rankings {
    label: usize,
    ours: Vec<usize>,
    plain: Vec<usize>,
}

pub fn measure(cases: Vec<Labelled>, errors: usize) -> Result<Chapter, Problem> {
    let counted = counted(&cases);
    let folder = tempfile::tempdir()?;
    Engine::create(folder.path(), &Definition::chest_xray()?)?;
    let engine = Engine::open(folder.path(), Access::Bulk)?;
    // A few have no text at all; they stay in the gold standard, and nothing can find them.
    let with_text: Vec<&Labelled> = cases.iter().filter(|labelled| labelled.case.report.is_some()).collect();
    for batch in with_text.chunks(BATCH) {
        let batch = batch.iter().map(|labelled| NewCase::new(labelled.case.clone()));
        for outcome in engine.ingest(batch.collect())? {
            outcome.map_err(|violations| format!("a case was refused: {violations:?}"))?;
        }
    }
    engine.commit()?;
    let places: HashMap<&str, usize> =
        cases.iter().enumerate().map(|(place, labelled)| (labelled.case.id.as_str(), place)).collect();
    let view = engine.view();
    let rankings = (counted.iter())
        .map(|&label| {
            let query = LABELS[label].query;
            let plain: Vec<String> = query.split(' ').map(|word| format!("text:{word}")).collect();
            let ours = ranking(&view, query.to_owned(), &places)?;
            Ok(Rankings { label, ours, plain: ranking(&view, plain.join(" "), &places)? })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    if errors > 0 {
        print_errors(&cases, &rankings, errors)?;
    }
    Ok(chapter(&cases, &rankings))
}

fn ranking(view: &View, text: String, places: &HashMap<&str, usize>) -> Result<Vec<usize>, Problem> {
    let request = SearchRequest {
        text: Some(text),
        guards: Guards { several_per_patient: true, ..Guards::default() },
        fusion: Fusion { candidates: 10_000, ..Fusion::default() },
        limits: Limits { limit: MAX_LIMIT, exact: true, ..Limits::default() },
        ..SearchRequest::default()
    };
    let answer = view.search(&request, &|| false)?;
    let place = |id: &str| places.get(id).copied().ok_or("a hit is no case of the gold standard");
    Ok(answer.hits.iter().map(|hit| place(hit.case.id.as_str())).collect::<Result<_, _>>()?)
}

/// Precision in the first ten and among the first R, R being the number of relevant cases; each case stands as often
/// as it was drawn. Ranks that an answer does not reach hold nothing relevant.
fn precisions(cases: &[Labelled], label: usize, ranking: &[usize], drawn: &[u32]) -> [f64; 2] {
    let relevant = |case: usize| cases[case].truth.has(label);
    let wanted: u64 =
        (0..cases.len()).filter(|&case| relevant(case)).map(|case| u64::from(drawn[case])).sum();
    let (mut rank, mut first, mut found) = (0, 0, 0);
    for &case in ranking {
        let times = u64::from(drawn[case]);
        if relevant(case) {
            first += times.min(DEPTH.saturating_sub(rank));
            found += times.min(wanted.saturating_sub(rank));
        }
        rank += times;
        if rank >= wanted.max(DEPTH) {
            break;
        }
    }
    [first as f64 / DEPTH as f64, if wanted == 0 { 0.0 } else { found as f64 / wanted as f64 }]
}

fn figures(cases: &[Labelled], rankings: &Rankings, drawn: &[u32]) -> [f64; FIGURES] {
    let [our_first, our_all] = precisions(cases, rankings.label, &rankings.ours, drawn);
    let [plain_first, plain_all] = precisions(cases, rankings.label, &rankings.plain, drawn);
    [our_first, our_all, plain_first, plain_all]
}

/// The means over labels, and by how much ours is better, in both measures.
fn means(by_label: &[[f64; FIGURES]]) -> Vec<f64> {
    let column = |place: usize| mean(by_label.iter().map(|figures| figures[place]));
    let columns: Vec<f64> = (0..FIGURES).map(column).collect();
    let gains = [columns[0] - columns[2], columns[1] - columns[3]];
    columns.into_iter().chain(gains).collect()
}

fn chapter(cases: &[Labelled], rankings: &[Rankings]) -> Chapter {
    let whole = vec![1; cases.len()];
    let by_label: Vec<[f64; FIGURES]> =
        rankings.iter().map(|rankings| figures(cases, rankings, &whole)).collect();
    let mut table =
        Table::new(&["query", "relevant", "P@10", "R-precision", "P@10, BM25", "R-precision, BM25"]);
    for (rankings, figures) in rankings.iter().zip(&by_label) {
        let relevant = cases.iter().filter(|labelled| labelled.truth.has(rankings.label)).count();
        let mut row = vec![LABELS[rankings.label].query.to_owned(), relevant.to_string()];
        row.extend(figures.map(figure));
        table.row(row);
    }
    let by_reports = bootstrap(cases.len(), |drawn| {
        let figures: Vec<_> = rankings.iter().map(|rankings| figures(cases, rankings, drawn)).collect();
        means(&figures)
    });
    let by_labels = bootstrap(rankings.len(), |drawn| {
        let times = by_label.iter().zip(drawn);
        let drawn: Vec<_> =
            times.flat_map(|(figures, &times)| std::iter::repeat_n(*figures, times as usize)).collect();
        means(&drawn)
    });
    let notes = vec![format!(
        "{} reports, ingested without labels and tags; one query of plain words per label with at least {FEWEST_POSITIVES} \
         positives, which are the relevant cases. BM25 is the same engine asked for the words wherever they were reported \
         (`text:word`): stemmed, without assertions and findings.",
        cases.len()
    )];
    let tables = vec![table, mean_table(&means(&by_label), &by_reports, &by_labels)];
    Chapter { title: "Retrieval (NegBio labels of Open-i)".to_owned(), notes, tables }
}

fn mean_table(means: &[f64], by_reports: &[Interval], by_labels: &[Interval]) -> Table {
    let names = ["P@10", "R-precision", "P@10, BM25", "R-precision, BM25", "P@10, gain", "R-precision, gain"];
    let mut table = Table::new(&["mean over labels", "value", "95 %, reports", "95 %, labels"]);
    for (((name, &mean), &reports), &labels) in names.iter().zip(means).zip(by_reports).zip(by_labels) {
        table.row(vec![(*name).to_owned(), figure(mean), interval(reports), interval(labels)]);
    }
    table
}

/// Per query what stands above rank R and is not relevant, and what is relevant and stands below or nowhere.
fn print_errors(cases: &[Labelled], rankings: &[Rankings], most: usize) -> Result<(), Problem> {
    let mut out = std::io::stdout();
    for Rankings { label, ours, .. } in rankings {
        let relevant = |case: usize| cases[case].truth.has(*label);
        let wanted = (0..cases.len()).filter(|&case| relevant(case)).count();
        let ranks: HashMap<usize, usize> =
            ours.iter().enumerate().map(|(rank, &case)| (case, rank + 1)).collect();
        let high: Vec<usize> = ours.iter().copied().take(wanted).filter(|&case| !relevant(case)).collect();
        let is_low = |&case: &usize| relevant(case) && ranks.get(&case).is_none_or(|&rank| rank > wanted);
        let low: Vec<usize> = (0..cases.len()).filter(is_low).collect();
        for (kind, wrong) in [("high and not relevant", high), ("relevant and not high", low)] {
            writeln!(out, "\n== query {}: {kind}: {} of {wanted}", LABELS[*label].query, wrong.len())?;
            for case in wrong.into_iter().take(most) {
                let rank = ranks.get(&case).map_or("nowhere".to_owned(), |rank| format!("rank {rank}"));
                writeln!(out, "\n  {} {rank}", cases[case].case.id.as_str())?;
                for section in cases[case].case.report.iter().flat_map(|report| report.sections()) {
                    if section.kind.is_reported() {
                        writeln!(out, "    {}: {}", section.kind.name(), section.text)?;
                    }
                }
            }
        }
    }
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gold::LabelSet;
    use precedent_model::{Case, CaseId};

    fn cases(relevant: &[bool]) -> Vec<Labelled> {
        let labelled = |(place, &relevant): (usize, &bool)| {
            let mut truth = LabelSet::default();
            if relevant {
                truth.insert(0);
            }
            Labelled { case: Case::new(CaseId::new(&format!("c{place}")).unwrap()), truth }
        };
        relevant.iter().enumerate().map(labelled).collect()
    }

    #[test]
    fn precision_counts_ranks_and_what_was_never_reached() {
        let cases = cases(&[true, false, true, true]);
        let once = [1; 4];
        assert_eq!(precisions(&cases, 0, &[0, 1, 2, 3], &once), [0.3, 2.0 / 3.0]);
        assert_eq!(precisions(&cases, 0, &[3], &once), [0.1, 1.0 / 3.0]);
        assert_eq!(precisions(&cases, 0, &[], &once), [0.0, 0.0]);
    }

    #[test]
    fn a_case_drawn_twice_takes_two_ranks() {
        let cases = cases(&[true, false, true, true]);
        // Wanted: 2 + 0 + 1 = 3; the irrelevant one stands three times before the last.
        assert_eq!(precisions(&cases, 0, &[0, 1, 2], &[2, 3, 0, 1]), [0.2, 2.0 / 3.0]);
        // Twelve of one relevant case fill more than the first ten.
        assert_eq!(precisions(&cases, 0, &[0], &[12, 0, 0, 0]), [1.0, 1.0]);
    }
}
