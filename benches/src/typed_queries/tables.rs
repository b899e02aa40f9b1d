//! The tables of the answers.

use crate::Answer;
use crate::collection::{Grade, Half};
use precedent_benches::figures::{DRAWS, bootstrap, mean};
use precedent_benches::table::{Chapter, Table, figure, interval};
use std::collections::BTreeSet;

/// Stands where there is no figure.
const NO_FIGURE: &str = "-";

/// The means, the means by what is tested, and each query.
pub fn chapter(answers: &[Answer]) -> Chapter {
    let notes = vec![format!(
        "{} queries; intervals are 95 % percentile bootstraps over queries, {DRAWS} draws. `before` is P@10 of the \
         program before side, place, size, severity and time of findings steered the search.",
        answers.len()
    )];
    let tables = vec![means(answers), by_test(answers), by_query(answers)];
    Chapter { title: "Typed queries".to_owned(), notes, tables }
}

fn means(answers: &[Answer]) -> Table {
    let mut table = Table::new(&[
        "mean over",
        "queries",
        "P@10",
        "95 %",
        "before",
        "P@10, finding alone",
        "95 %",
        "before",
        "nDCG@10",
        "95 %",
        "before",
    ]);
    let halves = [("all", None), ("tune", Some(Half::Tune)), ("check", Some(Half::Check))];
    for (name, half) in halves {
        let part: Vec<&Answer> =
            answers.iter().filter(|answer| half.is_none_or(|half| answer.query.half() == half)).collect();
        if part.is_empty() {
            continue;
        }
        let intervals = bootstrap(part.len(), |drawn| {
            let total = part.len() as f64;
            let sum = |place: usize| {
                let each = part.iter().zip(drawn);
                each.map(|(answer, &times)| answer.scores.to_array()[place] * f64::from(times)).sum::<f64>()
            };
            (0..3).map(|place| sum(place) / total).collect()
        });
        let mut row = vec![name.to_owned(), part.len().to_string()];
        for (place, range) in intervals.into_iter().enumerate() {
            row.push(figure(mean(part.iter().map(|answer| answer.scores.to_array()[place]))));
            row.push(interval(range));
            row.push(mean_before(&part, place));
        }
        table.row(row);
    }
    table
}

/// The mean of the earlier program, if it was asked all of these queries.
fn mean_before(part: &[&Answer], place: usize) -> String {
    let figures: Option<Vec<f64>> =
        part.iter().map(|answer| answer.before.map(|figures| figures[place])).collect();
    figures.map_or(NO_FIGURE.to_owned(), |figures| figure(mean(figures)))
}

fn by_test(answers: &[Answer]) -> Table {
    let mut table = Table::new(&["tests", "queries", "P@10", "before", "P@10, finding alone"]);
    let tests: BTreeSet<&str> =
        answers.iter().flat_map(|answer| &answer.query.tests).map(String::as_str).collect();
    for test in tests {
        let part: Vec<&Answer> =
            answers.iter().filter(|answer| answer.query.tests.iter().any(|name| name == test)).collect();
        table.row(vec![
            test.to_owned(),
            part.len().to_string(),
            figure(mean(part.iter().map(|answer| answer.scores.full))),
            mean_before(&part, 0),
            figure(mean(part.iter().map(|answer| answer.scores.finding))),
        ]);
    }
    table
}

fn by_query(answers: &[Answer]) -> Table {
    let mut table = Table::new(&[
        "query",
        "tests",
        "half",
        "relevant",
        "P@10",
        "before",
        "P@10, finding alone",
        "nDCG@10",
    ]);
    for Answer { query, scores, before, .. } in answers {
        table.row(vec![
            query.text.clone(),
            query.tests.join(", "),
            query.half().name().to_owned(),
            query.count(Grade::Full).to_string(),
            format!("{:.2}", scores.full),
            before.map_or(NO_FIGURE.to_owned(), |figures| format!("{:.2}", figures[0])),
            format!("{:.2}", scores.finding),
            format!("{:.2}", scores.ndcg),
        ]);
    }
    table
}
