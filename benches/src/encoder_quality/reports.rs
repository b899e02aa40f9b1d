//! Film to report: is the study's own report among the ten first?

use crate::describe::{Descriptor, Vectors, dot, unit};
use crate::studies::Pool;
use precedent_benches::figures::{bootstrap, mean};
use precedent_benches::table::{Chapter, Table, figure, interval};
use rayon::prelude::*;

/// Reports looked at.
const FIRST: usize = 10;
/// Most reports to look among.
const MOST: usize = 1000;

/// How near films and the sentences of a report are.
type Score = fn(&Vectors, &Vectors) -> f32;

/// Mean over the sentences of the best patch of any film.
fn by_patches(asking: &Vectors, report: &Vectors) -> f32 {
    let best = |sentence: &Vec<f32>| {
        let cells = asking.patches.iter().flat_map(|film| film.chunks_exact(sentence.len()));
        cells.map(|cell| dot(cell, sentence)).fold(f32::NEG_INFINITY, f32::max)
    };
    report.sentences.iter().map(best).sum::<f32>() / report.sentences.len() as f32
}

/// The global vector nearest to the mean of the sentences.
fn by_whole(asking: &Vectors, report: &Vectors) -> f32 {
    let mut whole = vec![0.0; report.sentences.first().map_or(0, Vec::len)];
    for sentence in &report.sentences {
        whole.iter_mut().zip(sentence).for_each(|(sum, value)| *sum += value);
    }
    unit(&mut whole);
    asking.films.iter().map(|film| dot(film, &whole)).fold(f32::NEG_INFINITY, f32::max)
}

pub fn measure(pool: &Pool, descriptors: &[&Descriptor]) -> Chapter {
    let telling = (0..pool.studies.len()).filter(|at| !pool.studies[*at].sentences.is_empty());
    let telling: Vec<usize> = telling.take(MOST).collect();
    let mut table = Table::new(&["way", "recall@10", "95 %", "times chance"]);
    let chance = FIRST as f64 / telling.len().max(1) as f64;
    table.row(vec!["chance".into(), figure(chance), String::new(), "1.0".into()]);
    for descriptor in descriptors {
        for (way, score) in [("patches", by_patches as Score), ("whole", by_whole as Score)] {
            let found: Vec<f64> = (telling.par_iter())
                .map(|&at| {
                    let of = |report: usize| score(&descriptor.studies[at], &descriptor.studies[report]);
                    let own = of(at);
                    // Equal scores count against it.
                    let before = telling.iter().filter(|&&other| other != at && of(other) >= own).count();
                    f64::from(before < FIRST)
                })
                .collect();
            let spread = bootstrap(pool.patients, |drawn| {
                let weights = telling.iter().map(|at| f64::from(drawn[pool.studies[*at].patient]));
                let (sum, count) = (found.iter().zip(weights))
                    .fold((0.0, 0.0), |(sum, count), (one, weight)| (sum + one * weight, count + weight));
                vec![if count == 0.0 { 0.0 } else { sum / count }]
            });
            let value = mean(found.iter().copied());
            let spread = spread.first().map(|spread| interval(*spread)).unwrap_or_default();
            table.row(vec![
                format!("{}, {way}", descriptor.name),
                figure(value),
                spread,
                format!("{:.1}", value / chance),
            ]);
        }
    }
    Chapter {
        title: format!("Film to report, recall@{FIRST}: {}", pool.slice.title()),
        notes: vec![format!(
            "A pool of {} reports, each with a sentence that says more than that all is well; asked with the films of \
             each. Many reports say the same, so 1 cannot be reached.",
            telling.len()
        )],
        tables: vec![table],
    }
}
