//! Cases by date, latest first, as far as they are requested.

use crate::segment::Segment;
use crate::{CasePlace, IndexError, OrdinalSet, Snapshot};
use precedent_model::PartialDate;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::slice;

/// Selected cases, latest first, then by sequence; those without a date come last. It holds a few numbers per segment, and one
/// bit per case.
pub struct ByDate<'a> {
    segments: Vec<Dated<'a>>,
    /// The next case of each segment; the first of all is on top.
    next: BinaryHeap<Next>,
    /// Why the iterator ended early.
    damage: Option<IndexError>,
}

/// Greater comes first: the later date, any date before none, then the lower sequence.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    date: Option<PartialDate>,
    sequence: Reverse<u64>,
    place: Reverse<CasePlace>,
}

/// A date and the cases that have it.
type WithCases<'a> = Result<(PartialDate, &'a [u32]), IndexError>;

/// One segment.
struct Dated<'a> {
    number: usize,
    segment: &'a Segment,
    /// Dates and the cases that have them, latest first.
    dates: Box<dyn Iterator<Item = WithCases<'a>> + 'a>,
    /// The cases of the current date that were not examined yet.
    date: Option<PartialDate>,
    ordinals: slice::Iter<'a, u32>,
    /// The selected cases not returned yet.
    rest: OrdinalSet,
    /// Once all dates are done, the word of `rest` to examine.
    word: usize,
}

impl<'a> ByDate<'a> {
    pub(crate) fn new(
        segments: impl Iterator<Item = (&'a Segment, &'a OrdinalSet)>,
        field: &str,
    ) -> Result<Self, IndexError> {
        let mut by_date = Self { segments: Vec::new(), next: BinaryHeap::new(), damage: None };
        for (number, (segment, accept)) in segments.enumerate() {
            let dates = Box::new(segment.columns.dates_descending(field)?);
            let (date, ordinals) = (None, slice::Iter::default());
            let mut dated = Dated { number, segment, dates, date, ordinals, rest: accept.clone(), word: 0 };
            by_date.next.extend(dated.next()?);
            by_date.segments.push(dated);
        }
        Ok(by_date)
    }
}

impl Snapshot {
    /// Selected cases by a date field, latest first, then by sequence; those without a date come last. Each is determined only
    /// when the iterator reaches it: the dates are traversed from the latest on, in all segments side by side.
    ///
    /// # Errors
    /// A damaged file.
    pub fn by_date<'a>(&'a self, field: &str, accept: &'a [OrdinalSet]) -> Result<ByDate<'a>, IndexError> {
        let segments = self.segments.iter().map(|part| part.segment.as_ref());
        ByDate::new(segments.zip(accept), field)
    }
}

impl Iterator for ByDate<'_> {
    type Item = Result<CasePlace, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(damage) = self.damage.take() {
            self.next.clear();
            return Some(Err(damage));
        }
        let Reverse(place) = self.next.pop()?.place;
        match self.segments.get_mut(place.segment).map(Dated::next) {
            Some(Ok(next)) => self.next.extend(next),
            Some(Err(damage)) => self.damage = Some(damage),
            None => {}
        }
        Some(Ok(place))
    }
}

impl Dated<'_> {
    fn next(&mut self) -> Result<Option<Next>, IndexError> {
        loop {
            // The ordinals of a date are sorted, and so are their sequences.
            let rest = &self.rest;
            if let Some(&ordinal) = self.ordinals.find(|ordinal| rest.contains(**ordinal)) {
                self.rest.remove(ordinal);
                return self.case(self.date, ordinal).map(Some);
            }
            match self.dates.next() {
                Some(date) => {
                    let (date, ordinals) = date?;
                    (self.date, self.ordinals) = (Some(date), ordinals.iter());
                }
                None => return self.undated(),
            }
        }
    }

    fn undated(&mut self) -> Result<Option<Next>, IndexError> {
        while self.word * 64 < self.rest.cases() {
            let word = self.rest.word(self.word);
            if word != 0 {
                let ordinal = self.word as u32 * 64 + word.trailing_zeros();
                self.rest.remove(ordinal);
                return self.case(None, ordinal).map(Some);
            }
            self.word += 1;
        }
        Ok(None)
    }

    fn case(&self, date: Option<PartialDate>, ordinal: u32) -> Result<Next, IndexError> {
        let sequence = Reverse(self.segment.keys.sequence(ordinal)?);
        Ok(Next { date, sequence, place: Reverse(CasePlace { segment: self.number, ordinal }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CaseEntry, Definition, IndexWriter};
    use precedent_model::{Case, CaseId, FieldValue};
    use precedent_storage::FaultStorage;
    use std::sync::Arc;

    const DATES: [Option<&str>; 7] =
        [Some("2019-05"), None, Some("2020-01-02"), Some("2018"), Some("2019-05-03"), None, Some("2020")];

    /// Cases in several segments, with their numbers as ids and the dates in rotation.
    fn snapshot(segments: usize, of_each: usize) -> Arc<Snapshot> {
        let definition =
            Definition::from_toml("name = 'n'\n[[field]]\nname = 'study_date'\nkind = 'date'").unwrap();
        let storage = Arc::new(FaultStorage::new());
        IndexWriter::create(storage.as_ref(), &definition).unwrap();
        let writer = IndexWriter::open(storage, 1).unwrap();
        for number in 0..segments * of_each {
            let mut case = Case::new(CaseId::new(&format!("{number}")).unwrap());
            let date =
                DATES[number % DATES.len()].map(|date| PartialDate::parse("study_date", date).unwrap());
            case.fields.extend(date.map(|date| ("study_date".to_owned(), vec![FieldValue::Date(date)])));
            writer.put(vec![CaseEntry::new(case, Vec::new())]).unwrap();
            if (number + 1).is_multiple_of(of_each) {
                writer.commit().unwrap();
            }
        }
        writer.snapshot()
    }

    /// Runs a test under a scheduler, which the writer's locks need here.
    fn scheduled(test: fn()) {
        let mut config = shuttle::Config::new();
        config.stack_size = 8 << 20;
        shuttle::Runner::new(shuttle::scheduler::RandomScheduler::new(1), config).run(test);
    }

    fn number(snapshot: &Snapshot, place: CasePlace) -> usize {
        snapshot.case_id(place).unwrap().as_str().parse().unwrap()
    }

    #[test]
    fn cases_come_by_date_then_as_they_came_in_whatever_segment_they_lie_in() {
        scheduled(check_order);
    }

    fn check_order() {
        for segments in [1, 3] {
            let snapshot = snapshot(segments, 40);
            for (accept, what) in [(1, "all"), (3, "some"), (200, "one")] {
                let mut sets = snapshot.live();
                let mut expected: Vec<usize> =
                    (0..segments * 40).filter(|number| number % accept == 0).collect();
                for (segment, set) in sets.iter_mut().enumerate() {
                    (0..40)
                        .filter(|ordinal| (segment * 40 + ordinal) % accept > 0)
                        .for_each(|ordinal| set.remove(ordinal as u32));
                }
                let date = |number: &usize| {
                    DATES[number % DATES.len()].map(|date| PartialDate::parse("", date).unwrap())
                };
                expected.sort_by_key(|number| Reverse(date(number)));
                let found: Vec<usize> = snapshot
                    .by_date("study_date", &sets)
                    .unwrap()
                    .map(|place| number(&snapshot, place.unwrap()))
                    .collect();
                assert_eq!(found, expected, "{segments} segments, {what}");
                expected.sort_unstable();
                let undated = snapshot.by_date("no_such_field", &sets).unwrap();
                let undated: Vec<usize> = undated.map(|place| number(&snapshot, place.unwrap())).collect();
                assert_eq!(undated, expected, "{segments} segments, {what}");
            }
        }
    }

    #[test]
    fn cases_that_are_not_asked_for_are_not_looked_for() {
        scheduled(check_laziness);
    }

    fn check_laziness() {
        let snapshot = snapshot(2, 70);
        let live = snapshot.live();
        let mut by_date = snapshot.by_date("study_date", &live).unwrap();
        assert_eq!(by_date.by_ref().take(5).count(), 5);
        let waiting: usize = by_date.segments.iter().map(|dated| dated.rest.count()).sum();
        assert_eq!(waiting + by_date.next.len(), 135);
    }
}
