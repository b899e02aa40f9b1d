//! What a query looks for, ready to be looked up.

use crate::asked::AskedDetail;
use crate::detail::DetailTerm;
use crate::schema::{LexicalField, push_finding_term};
use precedent_model::Assertion;

/// Whether a clause must hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Occur {
    /// Adds to the score.
    Should,
    /// Adds to the score and must hold.
    Must,
    /// Must not hold.
    MustNot,
}

/// How much a time counts that an alternative stands in a document, where one in the best field counts 1. Compared and
/// hashed by its bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Boost(u32);

impl Boost {
    pub(crate) const ONE: Self = Self::new(1.0);

    pub(crate) const fn new(value: f32) -> Self {
        Self(value.to_bits())
    }

    pub(crate) const fn value(self) -> f32 {
        f32::from_bits(self.0)
    }
}

/// Words in a row in one field, or a term of `finding`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Alternative {
    pub(crate) field: LexicalField,
    /// Never empty.
    pub(crate) words: Vec<String>,
    pub(crate) boost: Boost,
}

/// One thing to look for, which may stand in several ways: any of them makes the clause hold.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Clause {
    pub(crate) occur: Occur,
    /// Their lengths are those of one field. None: holds nowhere.
    pub(crate) alternatives: Vec<Alternative>,
    /// What stands for a finding in a segment that knows none: its words in a row.
    pub(crate) fallback: Option<Alternative>,
    /// How often the clause stands in the query.
    pub(crate) times: u32,
    /// How much it counts beside others each time: less than 1 where several stand for one thing.
    pub(crate) share: Boost,
}

impl Clause {
    /// Words in a row, under an assertion.
    pub(crate) fn asserted(occur: Occur, assertion: Assertion, words: &[String]) -> Self {
        let alternative = |(assertion, weight): (Assertion, f32)| Alternative {
            field: LexicalField::Asserted(assertion),
            words: words.to_vec(),
            boost: Boost::new(weight),
        };
        let alternatives =
            if words.is_empty() { Vec::new() } else { shades(assertion).map(alternative).collect() };
        Self { occur, alternatives, fallback: None, times: 1, share: Boost::ONE }
    }

    /// Words in a row, as they stand in one field.
    pub(crate) fn verbatim(occur: Occur, field: LexicalField, words: Vec<String>) -> Self {
        let alternative = Alternative { field, words, boost: Boost::ONE };
        let alternatives = if alternative.words.is_empty() { Vec::new() } else { vec![alternative] };
        Self { occur, alternatives, fallback: None, times: 1, share: Boost::ONE }
    }

    /// Mentions of findings, each with its weight, under an assertion; of those that fit a detail, where one is given, the others
    /// for little. `words` are those of the query.
    pub(crate) fn finding(
        occur: Occur,
        assertion: Assertion,
        findings: &[(&str, f32)],
        detail: Option<&AskedDetail>,
        words: Vec<String>,
    ) -> Self {
        let mut alternatives = Vec::new();
        for (assertion, shade) in shades(assertion) {
            for &(finding, weight) in findings {
                let mut add = |detail: Option<&DetailTerm>, fit: f32| {
                    let mut term = String::new();
                    match detail {
                        None => push_finding_term(&mut term, assertion, finding),
                        Some(detail) => detail.push(&mut term, assertion, finding),
                    }
                    let boost = Boost::new(shade * weight * fit);
                    alternatives.push(Alternative { field: LexicalField::Finding, words: vec![term], boost });
                };
                let Some(detail) = detail else {
                    add(None, 1.0);
                    continue;
                };
                add(None, UNDESCRIBED);
                for (term, fit) in detail.terms.iter().filter(|(_, fit)| is_weight(*fit)) {
                    add(Some(term), (1.0 - UNDESCRIBED) * fit);
                }
            }
        }
        let present = shades(assertion).find(|(assertion, _)| *assertion == Assertion::Present);
        let fallback = present.filter(|_| !words.is_empty()).map(|(assertion, shade)| Alternative {
            field: LexicalField::Asserted(assertion),
            words,
            boost: Boost::new(shade),
        });
        Self { occur, alternatives, fallback, times: 1, share: Boost::ONE }
    }

    /// The same clause for a share of one thing.
    pub(crate) fn sharing(self, share: f32) -> Self {
        Self { share: Boost::new(share), ..self }
    }

    /// The field whose length counts.
    pub(crate) fn field(&self) -> LexicalField {
        self.alternatives.first().map_or(LexicalField::Text, |alternative| alternative.field)
    }

    /// How many words of a query it is.
    pub(crate) fn word_count(&self) -> usize {
        let alternatives = self.alternatives.iter().chain(&self.fallback);
        alternatives.map(|alternative| alternative.words.len()).max().unwrap_or(1)
    }
}

/// What a mention counts that does not fit the detail asked for. At 0.05 a report that says "right" four times stays below
/// one that says "left" once.
const UNDESCRIBED: f32 = 0.05;

/// Whether a number can weigh something.
pub(crate) fn is_weight(weight: f32) -> bool {
    weight.is_finite() && weight > 0.0
}

/// What a finding or word counts under the other of present and uncertain. On the Open-i reports 0.5 puts some reports that
/// say "may" twice before one that says once that it is so; 0.2 does not.
const OTHER_SHADE: f32 = 0.2;

/// The assertions under which something is looked for that a query asks for under one: who asks for what is there wants
/// to see what may be there too, further down.
fn shades(assertion: Assertion) -> impl Iterator<Item = (Assertion, f32)> {
    let second = match assertion {
        Assertion::Present => Some(Assertion::Uncertain),
        Assertion::Uncertain => Some(Assertion::Present),
        Assertion::Absent | Assertion::Historical | Assertion::Hypothetical | Assertion::OtherPerson => None,
    };
    std::iter::once((assertion, 1.0)).chain(second.map(|second| (second, OTHER_SHADE)))
}
