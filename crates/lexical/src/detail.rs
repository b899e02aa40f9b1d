//! What a mention says beside the finding, as terms of the field `finding`.
//!
//! A mention has the term of its finding, `present/nodule`, and one per detail behind it: `present/nodule@left` for the
//! side (`@` alone where none is said), `>left` for the larger of both sides, `#lower` for a place, `@left#lower` for both together, `%mild` for the severity,
//! `~new` for a time, `=10` for a size of at least so many millimetres, by the steps below. So a query that asks for a
//! detail counts a mention by the terms that fit, in the same posting lists and statistics as any other.

use crate::schema::push_finding_term;
use precedent_model::{Assertion, Laterality, Mention};
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

/// Where the steps of sizes begin, in millimetres: narrow where nodules are judged, wide where masses are.
const SIZE_STEPS_MM: [u16; 21] =
    [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150];

/// A detail of a mention, as a term.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DetailTerm {
    /// The side; `None` where the text says none.
    Side(Option<Laterality>),
    /// The side that has more of it, where it is on both.
    Larger(Laterality),
    /// A place, by id.
    Place(Arc<str>),
    /// A place on a side.
    SidePlace(Laterality, Arc<str>),
    /// The severity, by id.
    Severity(Arc<str>),
    /// A time or change, by id.
    Time(Arc<str>),
    /// A size within the step that begins so many millimetres up.
    Size(u16),
}

impl DetailTerm {
    /// The details of a mention.
    pub fn of(mention: &Mention) -> Vec<Self> {
        let mut terms = vec![Self::Side(mention.laterality)];
        terms.extend(mention.larger.map(Self::Larger));
        for (index, place) in mention.places.iter().enumerate() {
            if mention.places[..index].iter().any(|before| before.id == place.id) {
                continue;
            }
            terms.push(Self::Place(Arc::clone(&place.id)));
            terms.extend(mention.laterality.map(|side| Self::SidePlace(side, Arc::clone(&place.id))));
        }
        terms.extend(mention.severity.iter().map(|severity| Self::Severity(Arc::clone(severity))));
        terms.extend(mention.times.iter().map(|time| Self::Time(Arc::clone(time))));
        terms.extend(mention.size.map(|size| Self::Size(step_of(size.longest_mm))));
        terms
    }

    /// The steps that sizes of a range may lie in, each with whether it lies in the range as a whole.
    pub fn sizes(range_mm: Range<f32>) -> impl Iterator<Item = (Self, bool)> {
        (SIZE_STEPS_MM.iter().enumerate()).filter_map(move |(index, &begin)| {
            let end = SIZE_STEPS_MM.get(index + 1).map_or(f32::INFINITY, |&end| f32::from(end));
            let low = f32::from(begin);
            let overlaps = low < range_mm.end && range_mm.start < end;
            overlaps.then_some((Self::Size(begin), range_mm.start <= low && end <= range_mm.end))
        })
    }

    /// The term for a mention of the finding, behind what stands in `term` already.
    pub(crate) fn push(&self, term: &mut String, assertion: Assertion, finding: &str) {
        push_finding_term(term, assertion, finding);
        // Writing to a String does not fail.
        let _ = match self {
            Self::Side(side) => write!(term, "@{}", side.map_or("", Laterality::name)),
            Self::Larger(side) => write!(term, ">{}", side.name()),
            Self::Place(place) => write!(term, "#{place}"),
            Self::SidePlace(side, place) => write!(term, "@{}#{place}", side.name()),
            Self::Severity(severity) => write!(term, "%{severity}"),
            Self::Time(time) => write!(term, "~{time}"),
            Self::Size(step) => write!(term, "={step}"),
        };
    }
}

/// Every term of `finding` of a mention, the finding's own first.
pub(crate) fn each_term(mention: &Mention, mut each: impl FnMut(&str)) {
    let mut term = String::new();
    push_finding_term(&mut term, mention.assertion, &mention.finding);
    each(&term);
    for detail in DetailTerm::of(mention) {
        term.clear();
        detail.push(&mut term, mention.assertion, &mention.finding);
        each(&term);
    }
}

fn step_of(millimetres: f32) -> u16 {
    let behind = SIZE_STEPS_MM.partition_point(|&begin| f32::from(begin) <= millimetres);
    SIZE_STEPS_MM[behind.saturating_sub(1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{Place, Size, Span};

    #[test]
    fn a_mention_has_a_term_per_detail() {
        let span = Span { start: 0, end: 1 };
        let mention = Mention {
            finding: "nodule".into(),
            span,
            assertion: Assertion::Present,
            laterality: Some(Laterality::Left),
            larger: Some(Laterality::Left),
            places: vec![Place { id: "lower".into(), span }, Place { id: "lower".into(), span }],
            size: Some(Size { longest_mm: 11.0, earlier_mm: None, span }),
            severity: Some("mild".into()),
            times: vec!["new".into()],
            overridden: false,
        };
        let mut terms = Vec::new();
        each_term(&mention, |term| terms.push(term.to_owned()));
        let expected = ["", "@left", ">left", "#lower", "@left#lower", "%mild", "~new", "=10"];
        assert_eq!(terms, expected.map(|detail| format!("present/nodule{detail}")));
        let bare = Mention {
            laterality: None,
            larger: None,
            places: vec![],
            size: None,
            severity: None,
            times: vec![],
            ..mention
        };
        assert_eq!(DetailTerm::of(&bare), [DetailTerm::Side(None)]);
    }

    #[test]
    fn sizes_lie_in_steps() {
        assert_eq!([0.0, 1.9, 2.0, 9.9, 10.0, 14.0, 149.0, 1e9].map(step_of), [0, 0, 2, 9, 10, 12, 100, 150]);
        let steps = |range: Range<f32>| -> Vec<(u16, bool)> {
            DetailTerm::sizes(range)
                .filter_map(|(term, whole)| match term {
                    DetailTerm::Size(step) => Some((step, whole)),
                    _ => None,
                })
                .collect()
        };
        assert_eq!(steps(4.5..6.0), [(4, false), (5, true)]);
        assert_eq!(steps(60.5..f32::INFINITY), [(60, false), (80, true), (100, true), (150, true)]);
        assert!(steps(3.0..3.0).is_empty());
    }
}
