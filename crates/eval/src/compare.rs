//! Two indexes or settings, query by query.

use crate::EvalError;
use crate::answered::{Answered, Answers, graded, names, values};
use crate::ask::{Answer, Asker};
use crate::evaluation::{Comparison, Difference, IndexFacts};
use crate::intervals::{Figure, Sums};
use crate::metrics::{Grade, precision};
use crate::watch::Watch;
use rayon::prelude::*;

/// First hits that both may have.
const FIRST: usize = 10;

/// A figure of one query under both: its patient, the first, the second.
type Pair = (usize, f64, f64);

/// Asks everything once more.
pub(crate) fn compare(
    other: &Asker<'_>,
    answers: &Answers<'_>,
    index: Option<IndexFacts>,
    watch: &Watch<'_>,
) -> Result<Comparison, EvalError> {
    let all: Vec<&Answered<'_>> = answers.asked.iter().filter(|one| one.counts()).collect();
    let found = watch.each("against", &all, |one| {
        other.try_ask(one.judge.query, &one.judge.guard, answers.depth, watch.stop)
    })?;
    let pairs: Vec<(&Answered<'_>, Answer)> =
        all.iter().zip(found).filter_map(|(one, answer)| Some((*one, answer?))).collect();
    let overlap = pairs.iter().map(|(one, second)| {
        let (mine, theirs) = (first_of(&one.answer), first_of(second));
        let both = mine.iter().filter(|hit| hit.is_some() && theirs.contains(hit)).count();
        (one.patient, both as f64 / mine.len().max(theirs.len()).max(1) as f64, 0.0)
    });
    let overlap: Vec<Pair> = overlap.collect();
    let values_of: Vec<(usize, Vec<f64>, Vec<f64>)> = (pairs.iter())
        .map(|(one, second)| {
            let theirs = graded(second, |case| one.judge.grade(case));
            let of = |list: &[Grade]| values(list, &one.sought.relevant, answers.depth);
            (one.patient, of(&one.grades), of(&theirs))
        })
        .collect();
    let metric = |(place, name): (usize, String)| {
        let pairs: Vec<Pair> = values_of
            .iter()
            .map(|(patient, first, second)| (*patient, first[place], second[place]))
            .collect();
        difference(name, &pairs, answers.patients)
    };
    let unjudged = pairs.iter().flat_map(|(_, second)| &second.hits).filter(|hit| hit.is_none()).count();
    Ok(Comparison {
        index,
        settings: other.settings,
        queries: pairs.len(),
        not_asked: all.len() - pairs.len(),
        unjudged_hits: unjudged,
        overlap: difference(String::new(), &overlap, answers.patients)
            .map_or(Figure { value: 0.0, interval: None }, |difference| difference.first),
        metrics: names(answers.depth).into_iter().enumerate().filter_map(metric).collect(),
        findings: by_finding(answers, &pairs),
    })
}

fn first_of(answer: &Answer) -> &[Option<u32>] {
    &answer.hits[..answer.hits.len().min(FIRST)]
}

fn by_finding(answers: &Answers<'_>, pairs: &[(&Answered<'_>, Answer)]) -> Vec<Difference> {
    let of = |(number, named): (Option<u16>, crate::cases::Named)| {
        let number = number?;
        let has = |one: &Answered<'_>, answer: &Answer| {
            precision(&graded(answer, |case| Grade::from(one.judge.has(case, number))), FIRST)
        };
        let asked = pairs.iter().filter(|(one, _)| {
            one.judge.query.relevant.is_none()
                && one.sought.by_finding.iter().any(|(finding, count)| *finding == number && *count > 0)
        });
        let pairs: Vec<Pair> =
            asked.map(|(one, second)| (one.patient, has(one, &one.answer), has(one, second))).collect();
        (pairs.len() >= answers.least).then(|| difference(named.name, &pairs, answers.patients))?
    };
    answers.findings_asked().into_par_iter().filter_map(of).collect()
}

fn difference(name: String, pairs: &[Pair], patients: usize) -> Option<Difference> {
    let sums = |of: fn(&Pair) -> f64| {
        let mut sums = Sums::of(patients);
        pairs.iter().for_each(|pair| sums.add(pair.0, of(pair), 1.0));
        sums
    };
    let figures = Sums::figures(&[sums(|pair| pair.1), sums(|pair| pair.2), sums(|pair| pair.2 - pair.1)]);
    let [Some(first), Some(second), Some(difference)] = figures[..] else { return None };
    let count = |better: fn(&&Pair) -> bool| pairs.iter().filter(better).count();
    let (better, worse) = (count(|pair| pair.2 > pair.1), count(|pair| pair.2 < pair.1));
    Some(Difference { name, first, second, difference, better, worse })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_taken_query_by_query() {
        let pairs: Vec<Pair> = (0..50)
            .map(|query| (query, f64::from(query as u32 % 3), f64::from(query as u32 % 3) + 0.1))
            .collect();
        let found = difference("x".to_owned(), &pairs, 50).unwrap();
        assert!((found.difference.value - 0.1).abs() < 1e-9, "{found:?}");
        assert_eq!((found.better, found.worse), (50, 0));
        let interval = found.difference.interval.unwrap();
        assert!((interval.high - interval.low).abs() < 1e-9, "{interval:?}");
        assert!(found.first.interval.unwrap().high > found.second.interval.unwrap().low);
    }
}
