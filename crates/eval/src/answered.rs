//! Queries with their answers and the truth, and what is computed from them alone.

use crate::ask::Answer;
use crate::cases::{Cases, Named};
use crate::evaluation::{CurvePoint, FindingRow, Group, Metric};
use crate::intervals::{Figure, Sums};
use crate::metrics::{Grade, Relevant, average_precision, ndcg, precision, recall, reciprocal_rank};
use crate::relevance::{Judge, Sought};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Depths of the curve.
const CURVE: [usize; 9] = [1, 2, 3, 5, 10, 20, 50, 100, 1000];
/// Stands for the queries without any finding.
const NO_FINDING: &str = "none";

/// A query that was asked.
pub(crate) struct Answered<'a> {
    pub judge: Judge<'a>,
    pub sought: Sought,
    pub answer: Answer,
    /// The grades of the hits.
    pub grades: Vec<Grade>,
    /// Which patient asked, as a number.
    pub patient: usize,
}

impl<'a> Answered<'a> {
    pub fn new(judge: Judge<'a>, sought: Sought, answer: Answer, patient: usize) -> Self {
        let grades = graded(&answer, |case| judge.grade(case));
        Self { judge, sought, answer, grades, patient }
    }

    /// Whether there is anything to find.
    pub fn counts(&self) -> bool {
        self.sought.relevant.count() > 0
    }

    fn graded(&self, grade: impl Fn(u32) -> Grade) -> Vec<Grade> {
        graded(&self.answer, grade)
    }
}

/// The grades of the hits; a case of another index that the archive lacks is not relevant.
pub(crate) fn graded(answer: &Answer, grade: impl Fn(u32) -> Grade) -> Vec<Grade> {
    answer.hits.iter().map(|hit| hit.map_or(0, &grade)).collect()
}

/// The names of [`values`].
pub(crate) fn names(depth: usize) -> Vec<String> {
    let named = ["precision@1", "precision@5", "precision@10", "recall@10"].map(str::to_owned);
    let deep = [format!("recall@{depth}"), format!("map@{depth}"), "ndcg@10".to_owned(), "mrr".to_owned()];
    named.into_iter().chain(deep).collect()
}

/// The place of precision@10 among [`names`].
pub(crate) const PRECISION_AT_10: usize = 2;

/// The figures of one list.
pub(crate) fn values(list: &[Grade], relevant: &Relevant, depth: usize) -> Vec<f64> {
    vec![
        precision(list, 1),
        precision(list, 5),
        precision(list, 10),
        recall(list, relevant, 10),
        recall(list, relevant, depth),
        average_precision(list, relevant, depth),
        ndcg(list, relevant, 10),
        reciprocal_rank(list),
    ]
}

/// The means of values per query, each with the number of its patient.
pub(crate) fn means(rows: &[(usize, Vec<f64>)], patients: usize) -> Vec<Option<Figure>> {
    let columns = rows.first().map_or(0, |(_, values)| values.len());
    let sums = |column: usize| {
        let mut sums = Sums::of(patients);
        rows.iter().for_each(|(patient, values)| sums.add(*patient, values[column], 1.0));
        sums
    };
    Sums::figures(&(0..columns).map(sums).collect::<Vec<_>>())
}

pub(crate) fn metrics(rows: &[(usize, Vec<f64>)], patients: usize, depth: usize) -> Vec<Metric> {
    let named = names(depth).into_iter().zip(means(rows, patients));
    named.filter_map(|(name, figure)| Some(Metric { name, figure: figure? })).collect()
}

/// Number of different patients.
pub(crate) fn patients_of(rows: &[(usize, Vec<f64>)]) -> usize {
    crate::cases::tally(rows.iter().map(|(patient, _)| *patient)).len()
}

/// All queries together, and what tables are made of them.
pub(crate) struct Answers<'a> {
    pub asked: Vec<Answered<'a>>,
    pub cases: &'a Cases,
    /// How many patients asked.
    pub patients: usize,
    pub depth: usize,
    /// Groups of fewer queries are left out.
    pub least: usize,
}

impl Answers<'_> {
    fn rows<'b>(&'b self, of: impl Iterator<Item = &'b Answered<'b>>) -> Vec<(usize, Vec<f64>)>
    where
        Self: 'b,
    {
        let counted = of.filter(|asked| asked.counts());
        counted.map(|one| (one.patient, values(&one.grades, &one.sought.relevant, self.depth))).collect()
    }

    pub fn overall(&self) -> Vec<Metric> {
        metrics(&self.rows(self.asked.iter()), self.patients, self.depth)
    }

    pub fn curve(&self) -> Vec<CurvePoint> {
        let point = |k: usize| {
            let counted = self.asked.iter().filter(|asked| asked.counts());
            let rows: Vec<(usize, Vec<f64>)> = counted
                .map(|one| {
                    let (list, relevant) = (&one.grades, &one.sought.relevant);
                    (
                        one.patient,
                        vec![precision(list, k), recall(list, relevant, k), ndcg(list, relevant, k)],
                    )
                })
                .collect();
            match means(&rows, self.patients)[..] {
                [Some(precision), Some(recall), Some(ndcg)] => {
                    Some(CurvePoint { k, precision, recall, ndcg })
                }
                _ => None,
            }
        };
        CURVE.into_iter().filter(|k| *k <= self.depth).filter_map(point).collect()
    }

    /// By what the queries say of themselves, and by whether they have findings.
    pub fn subgroups(&self) -> Vec<Group> {
        let mut parts: BTreeMap<(String, String), Vec<&Answered<'_>>> = BTreeMap::new();
        for one in self.asked.iter().filter(|asked| asked.counts()) {
            let query = one.judge.query;
            for (by, values) in &query.groups {
                for value in values {
                    parts.entry((by.clone(), value.clone())).or_default().push(one);
                }
            }
            if let Some(findings) = &query.findings {
                let value = if findings.iter().all(|word| *word == 0) { NO_FINDING } else { "any" };
                parts.entry(("findings".to_owned(), value.to_owned())).or_default().push(one);
            }
        }
        let large: Vec<_> = parts.into_iter().filter(|(_, part)| part.len() >= self.least).collect();
        let group = |((by, value), part): ((String, String), Vec<&Answered<'_>>)| {
            let rows = self.rows(part.into_iter());
            let metrics = metrics(&rows, self.patients, self.depth);
            Group { by, value, queries: rows.len(), patients: patients_of(&rows), metrics }
        };
        large.into_par_iter().map(group).collect()
    }

    /// Per finding the queries that have it and may find it, with the grades of their hits, the relevant, and the share of the archive.
    pub fn with_finding(&self, finding: Option<u16>) -> Vec<(usize, Vec<Grade>, Relevant, f64)> {
        let of = |one: &Answered<'_>| {
            let findings = one.judge.query.findings.as_ref()?;
            if one.judge.query.relevant.is_some() {
                return None;
            }
            let (grades, count) = match finding {
                Some(finding) => {
                    let count = one.sought.by_finding.iter().find(|(other, _)| *other == finding)?.1;
                    (one.graded(|case| Grade::from(one.judge.has(case, finding))), count)
                }
                // Without findings, only others without any are the same.
                None if findings.iter().all(|word| *word == 0) => {
                    let count = one.sought.relevant.count();
                    (one.graded(|case| Grade::from(one.judge.grade(case) > 0)), count)
                }
                None => return None,
            };
            let relevant: Relevant = std::iter::repeat_n(1, count).collect();
            (count > 0)
                .then(|| (one.patient, grades, relevant, count as f64 / one.sought.eligible.max(1) as f64))
        };
        self.asked.iter().filter_map(of).collect()
    }

    /// The findings of the queries, and none at all.
    pub fn findings_asked(&self) -> Vec<(Option<u16>, Named)> {
        let none = Named { id: NO_FINDING.to_owned(), name: "no finding stated".to_owned() };
        let of = self.asked.iter().flat_map(|one| one.sought.by_finding.iter().map(|(finding, _)| *finding));
        let mut counts: Vec<(u16, usize)> = crate::cases::tally(of).into_iter().collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let named = counts
            .into_iter()
            .map(|(finding, _)| (Some(finding), self.cases.names[usize::from(finding)].clone()));
        std::iter::once((None, none)).chain(named).collect()
    }

    pub fn findings(&self) -> Vec<FindingRow> {
        let row = |(number, finding): (Option<u16>, Named)| {
            let with = self.with_finding(number);
            if with.len() < self.least {
                return None;
            }
            let rows: Vec<(usize, Vec<f64>)> = (with.iter())
                .map(|(patient, grades, relevant, _)| (*patient, values(grades, relevant, self.depth)))
                .collect();
            let mut ratio = Sums::of(self.patients);
            for ((patient, values), (_, _, _, chance)) in rows.iter().zip(&with) {
                ratio.add(*patient, values[PRECISION_AT_10], *chance);
            }
            Some(FindingRow {
                finding,
                queries: rows.len(),
                patients: patients_of(&rows),
                chance: with.iter().map(|(_, _, _, chance)| chance).sum::<f64>() / rows.len() as f64,
                metrics: metrics(&rows, self.patients, self.depth),
                times_chance: Sums::figures(&[ratio])[0],
            })
        };
        self.findings_asked().into_par_iter().filter_map(row).collect()
    }

    pub fn anatomy(&self) -> Vec<Group> {
        let group = |(place, name): (usize, &String)| {
            let place = u8::try_from(place).ok()?;
            let of = |one: &Answered<'_>| {
                let (_, relevant) = one.sought.by_place.iter().find(|(other, _)| *other == place)?;
                let list = one.graded(|case| one.judge.grade_at(case, place));
                (relevant.count() > 0).then(|| (one.patient, values(&list, relevant, self.depth)))
            };
            let rows: Vec<(usize, Vec<f64>)> = self.asked.iter().filter_map(of).collect();
            (rows.len() >= self.least).then(|| Group {
                by: "place".to_owned(),
                value: name.clone(),
                queries: rows.len(),
                patients: patients_of(&rows),
                metrics: metrics(&rows, self.patients, self.depth),
            })
        };
        let places: Vec<(usize, &String)> = self.cases.places.iter().enumerate().collect();
        places.into_par_iter().filter_map(group).collect()
    }
}
