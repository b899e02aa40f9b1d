//! The cases of an index as an evaluation needs them: whose they are, when, and what is true of them.
//!
//! Reports, ids and patients stay in here; figures leave. A case takes some 150 bytes of memory.

use crate::metrics::Grade;
use crate::{EvalError, Watch};
use precedent_engine::{CaseList, CaseOrder, View};
use precedent_model::{
    Assertion, Case, CaseId, FieldValue, PartialDate, PatientKey, Report, fold_keyword, fold_patient_id,
};
use precedent_query::HitDetail;
use precedent_report::ReportReader;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Cases whose reports are read together.
const READ_TOGETHER: usize = 1024;
/// Most different labels.
const MOST_LABELS: usize = 1024;

/// The grade of a case that has exactly the findings of the query.
pub const SAME_FINDINGS: Grade = 3;

/// Where the truth about cases comes from, unless a query names its relevant cases itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// What the reports say is present, as the index reads them.
    Reports,
    /// The values of a keywords field.
    Labels(String),
}

/// A finding or label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The id in the lexicon, or the folded label.
    pub id: String,
    /// As a person writes it.
    pub name: String,
}

/// A patient, as far as a case or query names one: numbers for folded id and issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Person {
    id: u32,
    issuer: Option<u32>,
}

impl Person {
    /// [`PatientKey::may_be`].
    fn may_be(self, other: Self) -> bool {
        self.id == other.id
            && (self.issuer == other.issuer || self.issuer.is_none() || other.issuer.is_none())
    }
}

/// Which cases a query may find.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// The case that asks.
    pub case: Option<u32>,
    /// Its patient.
    pub person: Option<Person>,
    /// Only cases that ended before this day.
    pub before: Option<i32>,
    /// Only these, one bit each.
    pub among: Option<Arc<Vec<u64>>>,
}

/// A set of findings.
pub(crate) type Findings = Vec<u64>;

/// What a place of the body and a finding there are: their numbers.
type Local = (u8, u16);

/// The cases of one generation, numbered from 0 in the order of ingest.
pub(crate) struct Cases {
    pub list: CaseList,
    ids: Vec<CaseId>,
    numbers: HashMap<CaseId, u32>,
    persons: Vec<Option<Person>>,
    person_numbers: HashMap<String, u32>,
    /// First and last day of the study date.
    days: Vec<Option<(i32, i32)>>,
    /// A number for the words of the report; equal for equal words.
    words: Vec<Option<u64>>,
    /// Whether anything is known of what the case shows.
    known: Vec<bool>,
    /// Words of 64 bits for a set of findings.
    width: usize,
    findings: Vec<u64>,
    /// Per case, findings with places, ascending.
    local: Vec<Box<[Local]>>,
    pub names: Vec<Named>,
    pub places: Vec<String>,
    /// Cases by what counts once in a list: the patient, or the case itself.
    units: Vec<Vec<u32>>,
    unit_of: Vec<u32>,
    numbers_of_names: HashMap<String, u16>,
}

/// What is read of one case.
struct Facts {
    id: CaseId,
    patient: Option<PatientKey>,
    days: Option<(i32, i32)>,
    words: Option<u64>,
    /// Ids of findings with what they are kinds of, or labels; `None` where nothing is known.
    findings: Option<Vec<String>>,
    local: Vec<(String, String)>,
}

impl Cases {
    /// Reads all cases of a view. With `several_per_patient` each case counts in a list, otherwise one per patient.
    pub fn read(
        view: &View,
        truth: &Truth,
        several_per_patient: bool,
        watch: &Watch<'_>,
    ) -> Result<Self, EvalError> {
        if let Truth::Labels(field) = truth {
            check_field(view, field)?;
        }
        let list = view.list(None, CaseOrder::AsIngested, watch.stop)?;
        let mut cases = Self::empty(list, view, truth);
        let all = cases.list.len() as u64;
        let (mut sets, reader) = (Vec::with_capacity(cases.list.len()), view.reader());
        let list = cases.list.clone();
        let mut whole = list.cases(HitDetail::Whole);
        loop {
            watch.check()?;
            (watch.progress)("cases", sets.len() as u64, all);
            let some: Vec<Case> = whole.by_ref().take(READ_TOGETHER).collect::<Result<_, _>>()?;
            if some.is_empty() {
                break;
            }
            let facts: Vec<Facts> = some.par_iter().map(|case| Facts::of(case, truth, reader)).collect();
            for fact in facts {
                sets.push(cases.add(fact)?);
            }
        }
        cases.finish(sets, several_per_patient);
        Ok(cases)
    }

    fn empty(list: CaseList, view: &View, truth: &Truth) -> Self {
        let lexicon = view.reader().lexicon();
        let (names, places) = match truth {
            Truth::Labels(_) => (Vec::new(), Vec::new()),
            Truth::Reports => {
                let findings = lexicon.findings().filter(|finding| !finding.normal);
                let named = |id: &str, name: &str| Named { id: id.to_owned(), name: name.to_owned() };
                let names = findings.map(|finding| named(&finding.id, &finding.name)).collect();
                (names, lexicon.places().ids().take(256).map(|id| id.to_string()).collect())
            }
        };
        let numbers = |names: &[Named]| {
            (names.iter().zip(0..)).map(|(name, number): (&Named, u16)| (name.id.clone(), number)).collect()
        };
        Self {
            numbers_of_names: numbers(&names),
            list,
            ids: Vec::new(),
            numbers: HashMap::new(),
            persons: Vec::new(),
            person_numbers: HashMap::new(),
            days: Vec::new(),
            words: Vec::new(),
            known: Vec::new(),
            width: 0,
            findings: Vec::new(),
            local: Vec::new(),
            names,
            places,
            units: Vec::new(),
            unit_of: Vec::new(),
        }
    }

    /// Adds a case; its findings by number.
    fn add(&mut self, facts: Facts) -> Result<Vec<u16>, EvalError> {
        let number = self.ids.len() as u32;
        let person = facts.patient.as_ref().map(|patient| self.number_person(patient));
        self.persons.push(person);
        self.days.push(facts.days);
        self.words.push(facts.words);
        self.known.push(facts.findings.is_some());
        self.numbers.insert(facts.id.clone(), number);
        self.ids.push(facts.id);
        let mut local: Vec<Local> = Vec::new();
        for (place, finding) in facts.local {
            let place = self.places.iter().position(|known| *known == place);
            let finding = self.numbers_of_names.get(&finding);
            local.extend(
                place.zip(finding).and_then(|(place, finding)| Some((u8::try_from(place).ok()?, *finding))),
            );
        }
        local.sort_unstable();
        local.dedup();
        self.local.push(local.into());
        facts.findings.unwrap_or_default().into_iter().map(|id| self.number_finding(id)).collect()
    }

    fn number_finding(&mut self, id: String) -> Result<u16, EvalError> {
        if let Some(&number) = self.numbers_of_names.get(&id) {
            return Ok(number);
        }
        if self.names.len() >= MOST_LABELS {
            let problem = format!("the field has more than {MOST_LABELS} values; give one that holds labels");
            return Err(EvalError::Input(format!("labels: {problem}")));
        }
        let number = self.names.len() as u16;
        self.numbers_of_names.insert(id.clone(), number);
        self.names.push(Named { name: id.clone(), id });
        Ok(number)
    }

    fn number_person(&mut self, patient: &PatientKey) -> Person {
        let mut number = |text: String| {
            let next = self.person_numbers.len() as u32;
            *self.person_numbers.entry(text).or_insert(next)
        };
        // The two kinds of numbers are never compared with each other.
        let id = number(patient.folded_id());
        let issuer = patient.issuer().map(|issuer| number(fold_patient_id(issuer)));
        Person { id, issuer }
    }

    fn finish(&mut self, sets: Vec<Vec<u16>>, several_per_patient: bool) {
        self.width = self.names.len().div_ceil(64);
        self.findings = vec![0; self.width * sets.len()];
        for (set, bits) in sets.iter().zip(self.findings.chunks_exact_mut(self.width.max(1))) {
            set.iter().for_each(|&number| bits[usize::from(number) / 64] |= 1 << (number % 64));
        }
        // Ids that one issuer alone uses are one patient's, with or without that issuer.
        let mut issuers: HashMap<u32, Option<u32>> = HashMap::new();
        let mut shared: HashSet<u32> = HashSet::new();
        for person in self.persons.iter().flatten() {
            let known = issuers.entry(person.id).or_insert(person.issuer);
            match (&known, person.issuer) {
                (Some(one), Some(other)) if *one != other => {
                    shared.insert(person.id);
                }
                (None, Some(_)) => *known = person.issuer,
                _ => {}
            }
        }
        let mut by_person: HashMap<Person, u32> = HashMap::new();
        for (case, person) in self.persons.iter().enumerate() {
            let next = self.units.len() as u32;
            let key =
                person.filter(|_| !several_per_patient).map(|person| match shared.contains(&person.id) {
                    true => person,
                    false => Person { issuer: None, ..person },
                });
            let unit = key.map_or(next, |key| *by_person.entry(key).or_insert(next));
            if unit == next {
                self.units.push(Vec::new());
            }
            self.units[unit as usize].push(case as u32);
            self.unit_of.push(unit);
        }
    }

    /// Number of cases.
    pub fn count(&self) -> usize {
        self.ids.len()
    }

    /// Number of cases of which anything is known.
    pub fn known(&self) -> usize {
        self.known.iter().filter(|known| **known).count()
    }

    /// Number of patients; a case without one is one of its own.
    pub fn patients(&self) -> usize {
        let named: HashSet<Person> = self.persons.iter().flatten().copied().collect();
        named.len() + self.persons.iter().filter(|person| person.is_none()).count()
    }

    pub fn id(&self, case: u32) -> &CaseId {
        &self.ids[case as usize]
    }

    pub fn find(&self, id: &CaseId) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// The person of a query; `None` where no case can be of the same.
    pub fn person_of(&self, patient: &PatientKey) -> Option<Person> {
        let number = |text: String| self.person_numbers.get(&text).copied();
        let id = number(patient.folded_id())?;
        match patient.issuer() {
            None => Some(Person { id, issuer: None }),
            // An issuer that no case names: its patients are those of cases without an issuer.
            Some(issuer) => {
                Some(Person { id, issuer: Some(number(fold_patient_id(issuer)).unwrap_or(u32::MAX)) })
            }
        }
    }

    pub fn is_known(&self, case: u32) -> bool {
        self.known[case as usize]
    }

    pub fn findings(&self, case: u32) -> &[u64] {
        let from = case as usize * self.width;
        &self.findings[from..from + self.width]
    }

    /// The set of these findings.
    pub fn set_of(&self, numbers: impl IntoIterator<Item = u16>) -> Findings {
        let mut set = vec![0; self.width];
        numbers.into_iter().for_each(|number| set[usize::from(number) / 64] |= 1 << (number % 64));
        set
    }

    /// The number of a finding or label.
    pub fn number_of(&self, id: &str) -> Option<u16> {
        self.numbers_of_names.get(id).copied()
    }

    /// The number of a finding of the lexicon: labels are those of a finding if they are its id or name.
    pub fn number_of_finding(&self, id: &str, name: &str) -> Option<u16> {
        self.number_of(id).or_else(|| self.number_of(&fold_keyword(name)))
    }

    pub fn words(&self, case: u32) -> Option<u64> {
        self.words[case as usize]
    }

    /// The findings at a place, ascending.
    pub fn local(&self, case: u32, place: u8) -> &[Local] {
        let all = &self.local[case as usize];
        let from = all.partition_point(|(other, _)| *other < place);
        let to = all.partition_point(|(other, _)| *other <= place);
        &all[from..to]
    }

    /// The places at which a case has findings.
    pub fn places_of(&self, case: u32) -> Vec<u8> {
        let mut places: Vec<u8> = self.local[case as usize].iter().map(|(place, _)| *place).collect();
        places.dedup();
        places
    }

    /// What counts once in a list, with its cases.
    pub fn units(&self) -> &[Vec<u32>] {
        &self.units
    }

    pub fn unit(&self, case: u32) -> u32 {
        self.unit_of[case as usize]
    }

    /// Whether a query may find a case.
    pub fn allows(&self, guard: &Guard, case: u32) -> bool {
        let place = case as usize;
        guard.case != Some(case)
            && guard.among.as_ref().is_none_or(|among| among[place / 64] >> (place % 64) & 1 == 1)
            && guard.before.is_none_or(|day| self.days[place].is_some_and(|(_, last)| last < day))
            && !(guard.person.zip(self.persons[place])).is_some_and(|(one, other)| one.may_be(other))
    }
}

impl Facts {
    fn of(case: &Case, truth: &Truth, reader: &ReportReader) -> Self {
        let reading = case.report.as_ref().map(|report| reader.read(report));
        let lexicon = reader.lexicon();
        let is_normal = |id: &str| lexicon.finding(id).is_none_or(|finding| finding.normal);
        let mut local = Vec::new();
        let findings = match truth {
            Truth::Reports => reading.as_ref().map(|reading| {
                for mention in reading.standing_mentions() {
                    if mention.assertion != Assertion::Present || is_normal(&mention.finding) {
                        continue;
                    }
                    for place in &mention.places {
                        let around = lexicon.places().around(&place.id);
                        for place in std::iter::once(&place.id).chain(&around) {
                            let wide = lexicon.broader(&mention.finding);
                            local.extend(wide.iter().map(|finding| (place.to_string(), finding.to_string())));
                        }
                    }
                }
                let said = reading.findings().into_iter();
                let present = said.filter(|(id, said)| *said == Assertion::Present && !is_normal(id));
                let mut wide: Vec<String> = present
                    .flat_map(|(id, _)| lexicon.broader(&id))
                    .filter(|id| !is_normal(id))
                    .map(|id| id.to_string())
                    .collect();
                wide.sort_unstable();
                wide.dedup();
                wide
            }),
            Truth::Labels(field) => case.fields.get(field).map(|values| {
                let keywords = values.iter().filter_map(|value| match value {
                    FieldValue::Keyword(text) => Some(fold_keyword(text)),
                    _ => None,
                });
                keywords.collect()
            }),
        };
        let words = case.report.as_ref().and_then(words_of);
        Self {
            id: case.id.clone(),
            patient: case.patient.clone(),
            days: study_date(case).map(|date| (date.first_day(), date.last_day())),
            words,
            findings,
            local,
        }
    }
}

/// A number for the words of findings, impression and text without a heading; `None` without any.
fn words_of(report: &Report) -> Option<u64> {
    let (mut hasher, mut count) = (DefaultHasher::new(), 0);
    let sections = report.sections().iter().filter(|section| section.kind.is_reported());
    for word in sections.flat_map(|section| section.text.split(|c: char| !c.is_alphanumeric())) {
        if !word.is_empty() {
            word.to_lowercase().hash(&mut hasher);
            count += 1;
        }
    }
    (count > 0).then(|| hasher.finish())
}

/// When the study of a case was made.
pub(crate) fn study_date(case: &Case) -> Option<PartialDate> {
    case.fields.get("study_date")?.iter().find_map(|value| match value {
        FieldValue::Date(date) => Some(*date),
        _ => None,
    })
}

/// The values of a field of a case, as groups are named by them.
pub(crate) fn field_values(case: &Case, field: &str) -> Vec<String> {
    let values = case.fields.get(field).into_iter().flatten();
    values
        .map(|value| match value {
            FieldValue::Keyword(text) => fold_keyword(text),
            FieldValue::Integer(number) => number.to_string(),
            FieldValue::Number(number) => number.to_string(),
            FieldValue::Date(date) => date.to_string(),
        })
        .collect()
}

fn check_field(view: &View, field: &str) -> Result<(), EvalError> {
    use precedent_model::FieldKind::{Keyword, Keywords};
    let fields = &view.definition().fields;
    match fields.kind(field) {
        Some(Keyword | Keywords) => Ok(()),
        _ => {
            let known: Vec<&str> = (fields.iter())
                .filter(|(_, kind)| matches!(kind, Keyword | Keywords))
                .map(|(name, _)| name)
                .collect();
            let problem = format!("the index has no keywords field `{field}`; it has {}", known.join(", "));
            Err(EvalError::Input(format!("labels: {problem}")))
        }
    }
}

/// The share of the findings of either that both have, as a pair of counts.
pub(crate) fn overlap(one: &[u64], other: &[u64]) -> (u32, u32) {
    let pairs = one.iter().zip(other);
    pairs.fold((0, 0), |(both, either), (a, b)| (both + (a & b).count_ones(), either + (a | b).count_ones()))
}

/// The grade of two sets of findings: 3 where they are equal, 2 where both share at least half of what either has, 1
/// where they share anything.
pub(crate) fn grade_of((both, either): (u32, u32)) -> Grade {
    if both == either {
        SAME_FINDINGS
    } else if 2 * both >= either {
        2
    } else {
        Grade::from(both > 0)
    }
}

/// The findings of a set, ascending.
pub(crate) fn members(set: &[u64]) -> Vec<u16> {
    let bits = set.iter().enumerate().flat_map(|(word, bits)| {
        (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| (word * 64 + bit) as u16)
    });
    bits.collect()
}

/// How many values of each name there are.
pub(crate) fn tally<T: Ord>(values: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    values.into_iter().for_each(|value| *counts.entry(value).or_insert(0) += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_go_by_what_both_have_of_what_either_has() {
        assert_eq!(grade_of((0, 0)), 3, "two normal cases");
        assert_eq!(grade_of((4, 4)), 3);
        assert_eq!(grade_of((2, 4)), 2);
        assert_eq!(grade_of((2, 5)), 1);
        assert_eq!(grade_of((0, 5)), 0);
        assert_eq!(overlap(&[0b1011, 1], &[0b0110, 1]), (2, 5));
        assert_eq!(members(&[0b101, 1]), [0, 2, 64]);
    }

    #[test]
    fn reports_are_equal_by_their_words() {
        use precedent_model::SectionKind::{Findings, Impression, Indication};
        let words = |sections: &[(_, &str)]| words_of(&Report::new(sections.iter().copied()).unwrap());
        let one = words(&[(Findings, "Clear lungs."), (Impression, "Normal")]);
        assert_eq!(one, words(&[(Indication, "Pain"), (Findings, "CLEAR  lungs"), (Impression, "normal.")]));
        assert_ne!(one, words(&[(Findings, "Lungs clear."), (Impression, "Normal")]));
        assert_eq!((words(&[(Indication, "Pain")]), words(&[(Impression, ".")])), (None, None));
    }

    #[test]
    fn a_person_without_an_issuer_may_be_anyones() {
        let person = |id, issuer| Person { id, issuer };
        assert!(person(1, None).may_be(person(1, Some(2))) && person(1, Some(2)).may_be(person(1, None)));
        assert!(!person(1, Some(2)).may_be(person(1, Some(3))) && !person(1, None).may_be(person(2, None)));
    }
}
