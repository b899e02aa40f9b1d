//! How much of the exact answer the default path finds.

use crate::EvalError;
use crate::answered::{Answered, Answers, means};
use crate::ask::Asker;
use crate::evaluation::IndexRecall;
use crate::protocol::evenly;
use crate::settings::Settings;
use crate::watch::Watch;

/// Most queries that are asked exactly.
const MOST_QUERIES: usize = 200;
/// Depths.
const KS: [usize; 3] = [1, 10, 100];

/// Compares the lists with those of exact searches, where a graph or codes were searched.
pub(crate) fn index_recall(
    asker: &Asker<'_>,
    answers: &Answers<'_>,
    watch: &Watch<'_>,
) -> Result<Vec<IndexRecall>, EvalError> {
    let by_images: Vec<&Answered<'_>> =
        answers.asked.iter().filter(|one| one.judge.query.asks_images() && one.answer.approximate).collect();
    let taking_part: Vec<&Answered<'_>> = evenly(&by_images, MOST_QUERIES).copied().collect();
    let settings = Settings { exact: true, target_recall: None, ef_search: None, ..asker.settings };
    let exact = Asker { settings, ..*asker };
    let ks: Vec<usize> = KS.into_iter().filter(|k| *k <= answers.depth).collect();
    let compared = watch.each("exact", &taking_part, |one| {
        let found = exact.ask(one.judge.query, &one.judge.guard, answers.depth, watch.stop)?;
        let share = |k: &usize| {
            let true_hits = &found.hits[..found.hits.len().min(*k)];
            let first = &one.answer.hits[..one.answer.hits.len().min(*k)];
            let both = true_hits.iter().filter(|hit| first.contains(hit)).count();
            if true_hits.is_empty() { 1.0 } else { both as f64 / true_hits.len() as f64 }
        };
        Ok((one.patient, ks.iter().map(share).collect::<Vec<f64>>()))
    })?;
    let figures = ks.iter().zip(means(&compared, answers.patients));
    Ok(figures
        .filter_map(|(k, recall)| Some(IndexRecall { k: *k, queries: compared.len(), recall: recall? }))
        .collect())
}
