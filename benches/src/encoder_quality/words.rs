//! Words to film: does a finding's name bring the films that show it before those that do not?

use crate::Problem;
use crate::describe::{Vectors, dot};
use crate::studies::Pool;
use precedent_benches::figures::bootstrap;
use precedent_benches::table::{Chapter, Table, figure, interval};
use precedent_encoder::Encoder;
use precedent_phantom::FindingKind;
use precedent_report::Lexicon;

/// Films looked at.
const FIRST: usize = 10;

/// How near a study's films are to words.
type Score = fn(&Vectors, &[f32]) -> f32;

fn by_whole(films: &Vectors, said: &[f32]) -> f32 {
    films.films.iter().map(|film| dot(film, said)).fold(f32::NEG_INFINITY, f32::max)
}

fn by_patches(films: &Vectors, said: &[f32]) -> f32 {
    let cells = films.patches.iter().flat_map(|film| film.chunks_exact(said.len()));
    cells.map(|cell| dot(cell, said)).fold(f32::NEG_INFINITY, f32::max)
}

/// Studies from the nearest on, each with its patient and whether it has the finding.
fn ranked(
    pool: &Pool,
    films: &[Vectors],
    said: &[f32],
    score: Score,
    kind: FindingKind,
) -> Vec<(usize, bool)> {
    let mut order: Vec<(f32, usize)> =
        films.iter().enumerate().map(|(at, one)| (score(one, said), at)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let of = |at: usize| (pool.studies[at].patient, pool.studies[at].truth.contains(&kind));
    order.into_iter().map(|(_, at)| of(at)).collect()
}

/// Share of pairs of a study with the finding and one without that stand in this order; 0.5 by chance.
fn area(ranked: &[(usize, bool)], weight: impl Fn(usize) -> f64) -> f64 {
    let (mut with, mut without, mut right) = (0.0, 0.0, 0.0);
    for (patient, has) in ranked {
        if *has {
            with += weight(*patient);
        } else {
            without += weight(*patient);
            right += weight(*patient) * with;
        }
    }
    if with * without == 0.0 { 0.5 } else { right / (with * without) }
}

pub fn measure(pool: &Pool, encoder: &Encoder, films: &[Vectors]) -> Result<Chapter, Problem> {
    let lexicon = Lexicon::bundled();
    let mut table = Table::new(&[
        "words",
        "studies",
        "chance@10",
        "P@10, whole",
        "P@10, patches",
        "AUC, whole",
        "95 %",
        "AUC, patches",
        "95 %",
    ]);
    for kind in FindingKind::ALL {
        let having = pool.studies.iter().filter(|study| study.truth.contains(&kind)).count();
        let Some(entry) = lexicon.findings().find(|entry| entry.id == kind.id()) else { continue };
        let said = encoder.encode_text(&entry.name)?;
        let orders = [by_whole as Score, by_patches].map(|score| ranked(pool, films, &said, score, kind));
        let precision = |order: &[(usize, bool)]| {
            figure(order.iter().take(FIRST).filter(|(_, has)| *has).count() as f64 / FIRST as f64)
        };
        let spread = bootstrap(pool.patients, |drawn| {
            orders.iter().map(|order| area(order, |patient| f64::from(drawn[patient]))).collect()
        });
        let chance = figure(having as f64 / pool.studies.len() as f64);
        let mut row = vec![entry.name.clone(), having.to_string(), chance];
        row.extend(orders.iter().map(|order| precision(order)));
        for (order, spread) in orders.iter().zip(spread) {
            row.extend([figure(area(order, |_| 1.0)), interval(spread)]);
        }
        table.row(row);
    }
    Ok(Chapter {
        title: format!("Words to film: {}", pool.slice.title()),
        notes: vec![
            "The name of each finding in the lexicon is encoded and compared with the films of each study: with their \
             global vectors, and with their patches. AUC is the share of pairs of a study with and one without the \
             finding that come in this order."
                .to_owned(),
        ],
        tables: vec![table],
    })
}
