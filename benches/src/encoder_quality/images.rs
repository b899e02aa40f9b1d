//! Film to case: do the ten nearest cases of other patients have the finding?

use crate::describe::{Descriptor, Vectors, dot};
use crate::studies::Pool;
use precedent_benches::figures::{bootstrap, mean};
use precedent_benches::table::{Chapter, Table, figure, interval};
use precedent_phantom::FindingKind;
use rayon::prelude::*;

/// Cases looked at.
const FIRST: usize = 10;

/// A case counts with its film nearest to any film that is asked with.
fn nearness(asking: &Vectors, other: &Vectors) -> f32 {
    let pairs = asking.films.iter().flat_map(|film| other.films.iter().map(move |found| dot(film, found)));
    pairs.fold(f32::NEG_INFINITY, f32::max)
}

/// Per study the first cases of other patients.
fn nearest(pool: &Pool, descriptor: &Descriptor) -> Vec<Vec<usize>> {
    let first = |at: usize| {
        let asking = &descriptor.studies[at];
        let others =
            (0..pool.studies.len()).filter(|other| pool.studies[*other].patient != pool.studies[at].patient);
        let mut ranked: Vec<(f32, usize)> =
            others.map(|other| (nearness(asking, &descriptor.studies[other]), other)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.into_iter().take(FIRST).map(|(_, other)| other).collect()
    };
    (0..pool.studies.len()).into_par_iter().map(first).collect()
}

pub fn measure(pool: &Pool, descriptors: &[&Descriptor]) -> Chapter {
    let found: Vec<Vec<Vec<usize>>> =
        descriptors.iter().map(|descriptor| nearest(pool, descriptor)).collect();
    let mut head = vec!["finding", "studies", "chance"];
    for descriptor in descriptors {
        head.extend([descriptor.name, "95 %"]);
    }
    head.extend(["times chance", "gain over pixels", "95 %"]);
    let mut table = Table::new(&head);
    for kind in FindingKind::ALL {
        let asking: Vec<usize> =
            (0..pool.studies.len()).filter(|at| pool.studies[*at].truth.contains(&kind)).collect();
        if asking.is_empty() {
            continue;
        }
        let with = |cases: &[usize]| {
            mean(cases.iter().map(|case| f64::from(pool.studies[*case].truth.contains(&kind))))
        };
        let scores: Vec<Vec<f64>> =
            found.iter().map(|found| asking.iter().map(|at| with(&found[*at])).collect()).collect();
        let chance = mean(asking.iter().map(|at| pool.prevalence(kind, &pool.studies[*at])));
        let weighted = |scores: &[f64], drawn: &[u32]| {
            let weights = asking.iter().map(|at| f64::from(drawn[pool.studies[*at].patient]));
            let (sum, count) = (scores.iter().zip(weights))
                .fold((0.0, 0.0), |(sum, count), (score, weight)| (sum + score * weight, count + weight));
            if count == 0.0 { 0.0 } else { sum / count }
        };
        let spread = bootstrap(pool.patients, |drawn| {
            let mut values: Vec<f64> = scores.iter().map(|scores| weighted(scores, drawn)).collect();
            values.push(values[0] - values[1]);
            values
        });
        let means: Vec<f64> = scores.iter().map(|scores| mean(scores.iter().copied())).collect();
        let mut row = vec![kind.id().to_owned(), asking.len().to_string(), figure(chance)];
        for (value, spread) in means.iter().zip(&spread) {
            row.extend([figure(*value), interval(*spread)]);
        }
        row.push(format!("{:.1}", means[0] / chance));
        row.push(figure(means[0] - means[1]));
        row.extend(spread.last().map(|spread| interval(*spread)));
        table.row(row);
    }
    Chapter {
        title: format!("Film to case, precision@{FIRST}: {}", pool.slice.title()),
        notes: vec![format!(
            "{} studies of {} patients, asked with all films of a study that truly has the finding; the {FIRST} nearest \
             cases of other patients count. Chance is the share of such cases.",
            pool.studies.len(),
            pool.patients
        )],
        tables: vec![table],
    }
}
