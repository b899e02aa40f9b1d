//! Which cases are relevant to a query.
//!
//! Relevance comes from the row of the query, where it names its relevant cases, and otherwise from findings: those that
//! reports state as present, each with what it is a kind of, or labels of a field. Two sets of findings are graded by
//! what both have of what either has ([`grade_of`]).
//!
//! Hits are patients where a search gives one hit per patient, so a patient is relevant as much as the most relevant
//! case that the query may find.

use crate::EvalError;
use crate::cases::{Cases, Guard, SAME_FINDINGS, grade_of, members, overlap};
use crate::metrics::{Grade, Relevant};
use crate::queries::Query;
use precedent_engine::{CaseOrder, View};
use std::collections::HashMap;
use std::sync::Arc;

/// The truth for one query.
pub(crate) struct Judge<'a> {
    cases: &'a Cases,
    pub query: &'a Query,
    pub guard: Guard,
    given: Option<HashMap<u32, Grade>>,
    /// Words of the reports that a given case may also have.
    words: Vec<u64>,
}

/// What of the archive a query may find and should find. Counted are patients where each has one hit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sought {
    /// All that it may find.
    pub eligible: usize,
    pub relevant: Relevant,
    /// Of those that it may find, how many have each of the query's findings.
    pub by_finding: Vec<(u16, usize)>,
    /// Relevance at each place where the query has findings.
    pub by_place: Vec<(u8, Relevant)>,
}

/// The cases that each filter of the queries lets through.
pub(crate) type Filters = HashMap<String, Arc<Vec<u64>>>;

/// Most bytes that the sets of all filters may take.
const MOST_FILTER_BYTES: usize = 1 << 30;

/// Looks up what the filters of the queries let through, each once.
pub(crate) fn filters(
    view: &View,
    cases: &Cases,
    queries: &[Query],
    stop: &dyn Fn() -> bool,
) -> Result<Filters, EvalError> {
    let words = cases.count().div_ceil(64);
    let mut filters = Filters::new();
    for filter in queries.iter().filter_map(|query| query.filter.as_ref()) {
        if filters.contains_key(filter) {
            continue;
        }
        if (filters.len() + 1) * words * 8 > MOST_FILTER_BYTES {
            return Err(EvalError::Input(
                "the queries have too many different filters; split the file".to_owned(),
            ));
        }
        let mut among = vec![0; words];
        for id in view.list(Some(filter), CaseOrder::AsIngested, stop)?.ids() {
            if let Some(case) = cases.find(&id?) {
                among[case as usize / 64] |= 1 << (case % 64);
            }
        }
        filters.insert(filter.clone(), Arc::new(among));
    }
    Ok(filters)
}

impl<'a> Judge<'a> {
    pub fn new(cases: &'a Cases, query: &'a Query, filters: &Filters) -> Self {
        let guard = Guard {
            case: query.case,
            person: query.patient.as_ref().and_then(|patient| cases.person_of(patient)),
            before: query.before.map(|date| date.first_day()),
            among: query.filter.as_ref().and_then(|filter| filters.get(filter)).cloned(),
        };
        let given: Option<HashMap<u32, Grade>> =
            query.relevant.as_ref().map(|given| given.iter().copied().collect());
        let words = given.iter().flatten().filter_map(|(case, _)| cases.words(*case)).collect();
        Self { cases, query, guard, given, words }
    }

    pub fn allows(&self, case: u32) -> bool {
        self.cases.allows(&self.guard, case)
    }

    /// How relevant a case is that the query may find.
    pub fn grade(&self, case: u32) -> Grade {
        match (&self.given, &self.query.findings) {
            (Some(given), _) => given.get(&case).copied().unwrap_or(0),
            (None, Some(findings)) if self.cases.is_known(case) => {
                grade_of(overlap(findings, self.cases.findings(case)))
            }
            _ => 0,
        }
    }

    /// Whether a case is what the query looks for among others: named by the row or with the same report as one that
    /// is, or with exactly the findings of the query.
    pub fn is_sought(&self, case: u32) -> bool {
        match &self.given {
            Some(given) => {
                let words = self.cases.words(case);
                given.contains_key(&case) || words.is_some_and(|words| self.words.contains(&words))
            }
            None => self.grade(case) >= SAME_FINDINGS,
        }
    }

    /// The findings that distractors should share with what is sought.
    pub fn findings(&self) -> Option<Vec<u64>> {
        match (&self.query.findings, &self.given) {
            (Some(findings), _) => Some(findings.clone()),
            (None, Some(given)) => given.keys().min().map(|case| self.cases.findings(*case).to_vec()),
            (None, None) => None,
        }
    }

    /// Whether a case has a finding of the query.
    pub fn has(&self, case: u32, finding: u16) -> bool {
        self.cases.findings(case)[usize::from(finding) / 64] >> (finding % 64) & 1 == 1
    }

    /// How much the findings at a place are those that the query's case has there.
    pub fn grade_at(&self, case: u32, place: u8) -> Grade {
        let Some(own) = self.query.case.map(|own| self.cases.local(own, place)) else { return 0 };
        let other = self.cases.local(case, place);
        let both = own.iter().filter(|finding| other.binary_search(finding).is_ok()).count();
        match own.len() + other.len() - both {
            0 => 0,
            either => grade_of((both as u32, either as u32)),
        }
    }

    /// Looks through the whole archive.
    pub fn sought(&self) -> Sought {
        let own = self.query.findings.as_deref().unwrap_or_default();
        let findings = members(own);
        let places = self.query.case.map(|case| self.cases.places_of(case)).unwrap_or_default();
        let mut sought = Sought {
            by_finding: findings.iter().map(|finding| (*finding, 0)).collect(),
            by_place: places.iter().map(|place| (*place, Relevant::default())).collect(),
            ..Sought::default()
        };
        let (mut shared, mut at) = (vec![0_u64; own.len()], vec![0; places.len()]);
        for unit in self.cases.units() {
            let (mut is_eligible, mut best) = (false, 0);
            shared.fill(0);
            at.fill(0);
            for &case in unit.iter().filter(|case| self.allows(**case)) {
                is_eligible = true;
                best = best.max(self.grade(case));
                let theirs = self.cases.findings(case).iter().zip(own);
                shared.iter_mut().zip(theirs).for_each(|(shared, (theirs, own))| *shared |= theirs & own);
                for (best, place) in at.iter_mut().zip(&places) {
                    *best = self.grade_at(case, *place).max(*best);
                }
            }
            if !is_eligible {
                continue;
            }
            sought.eligible += 1;
            sought.relevant.add(best);
            for (finding, count) in &mut sought.by_finding {
                *count += (shared[usize::from(*finding) / 64] >> (*finding % 64) & 1) as usize;
            }
            sought.by_place.iter_mut().zip(&at).for_each(|((_, relevant), grade)| relevant.add(*grade));
        }
        sought
    }
}
