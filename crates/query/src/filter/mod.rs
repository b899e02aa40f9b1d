//! The filter language: parses [AIP-160](https://google.aip.dev/160) text into a typed expression.
//!
//! ```text
//! filter      = [ conjunction ]                        an empty filter keeps every case
//! conjunction = disjunction { [ "AND" ] disjunction }  white space alone is AND, too
//! disjunction = term { "OR" term }                     OR binds tighter than AND
//! term        = [ "NOT" | "-" ] ( restriction | "(" conjunction ")" )
//! restriction = field comparator value
//! comparator  = "=" | "!=" | "<" | "<=" | ">" | ">=" | ":"
//! value       = 'text' | "text" | word without quotes
//! ```
//!
//! Inside quotes `\"`, `\'`, `\\` and `\*` stand for the character itself. Optional parts of AIP-160 that are not supported give
//! an error with a position: values without a field, functions, parentheses as values.
//!
//! # Fields
//!
//! Those of the schema, and the following, which every case has:
//!
//! - `case_id`, `patient_id` (keyword);
//! - `finding` (keywords): what the report states as present. A dot, which AIP-160 calls traversal, leads to the other
//!   assertions: `finding.uncertain`, `finding.absent`, `finding.historical`, `finding.hypothetical`, `finding.other_person`. A
//!   report has each finding that it names under one of the six ([`finding_column`]). A finding has many names;
//!   [`Filter::map_compare`] lets a caller with the lexicon replace them by ids;
//! - `finding.side`, `finding.larger_side`, `finding.place`, `finding.severity`, `finding.time` (keyword) and `finding.size_mm`
//!   (number): details of a finding ([`Detail`]). They apply to a mention of the finding before them in the same AND or, if there
//!   is none, of the one after them, or else of any finding that is present: `finding:"nodule" AND finding.side = "left" AND
//!   finding.size_mm >= 10` asks for a single nodule that is on the left and at least that large.
//!
//! Fields of the schema take precedence: an index with its own field `finding` keeps it.
//!
//! # Values
//!
//! - **keyword**: `=` and `!=`, ignoring case; a patient id also ignores white space and width. A star at the start or end
//!   matches any text. `:` means `=`.
//! - **keywords** (several texts): `:` and, with the same meaning, `=`; true if any of the texts matches.
//! - **integer**, **number**: all comparators; `:` means `=`.
//! - **date**: all comparators; `:` means `=`. A date stands for a range of days, both in the filter and in a case: `= "2020"` is
//!   any day of 2020, `< "2020"` any day before them, `<= "2020"` any day before or among them.
//! - `field:*` asks whether there is a value at all, for all kinds.
//!
//! # Truth
//!
//! Three-valued (Kleene): a restriction on a field without a value is unknown, and so is one on a date too coarse to tell (a case
//! of 2019 under `= "2019-05"`). NOT unknown is unknown; AND is false if a part is false, otherwise unknown if a part is unknown;
//! OR the other way round. Only cases for which the whole filter is true are found. `field:*` is true or false, never unknown, so
//! `NOT field:*` finds cases without a value. Findings are the exception: nothing is known about a case without a report, not
//! even `finding:*`, so `NOT finding:*` finds reports that name no finding as present.
//!
//! Several values: `:` is true if one value matches, and false if the case has values and none matches.

mod evaluate;
mod mention;
mod parse;
mod render;
mod scan;

pub use mention::{Detail, DetailFilter, DetailTest, MENTION_COLUMN, MentionFilter, MentionKey};

use precedent_model::{Assertion, FieldKind, FieldSchema, PartialDate, fold_keyword, fold_patient_id};
use std::fmt;

/// Longest filter, in bytes.
pub const MAX_FILTER_BYTES: usize = 8192;
/// Most restrictions of one filter.
pub const MAX_FILTER_TERMS: usize = 256;
/// The field whose texts are compared as patient ids.
const PATIENT_ID: &str = "patient_id";
/// Deepest nesting of parentheses.
const MAX_FILTER_DEPTH: usize = 64;

/// A three-valued predicate over the fields of a case: see [`Filter::matches`].
///
/// `Display` writes the canonical text with the values in it; `Debug` hides them, because they may identify a person.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of them. Without parts, it matches every case.
    And(Vec<Filter>),
    /// At least one of them.
    Or(Vec<Filter>),
    /// The negation; unknown stays unknown.
    Not(Box<Filter>),
    /// One restriction.
    Compare(Compare),
    /// A mention that meets several conditions at once. It cannot be written in a filter; a caller with the lexicon builds it
    /// from restrictions on findings and their details.
    Mention(MentionFilter),
}

/// One restriction: a field, a comparator, a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Compare {
    /// A field of the schema, `case_id`, `patient_id`, a findings column ([`finding_assertion`]) or a [`Detail`].
    pub field: String,
    /// The kind of the field's values.
    pub kind: FieldKind,
    /// How the value of a case is compared with the operand.
    pub comparison: Comparison,
    /// What it is compared with; of a kind that fits the field.
    pub operand: Operand,
}

/// The form in which the texts of a field are compared.
fn fold(field: &str, text: &str) -> String {
    if field == PATIENT_ID { fold_patient_id(text) } else { fold_keyword(text) }
}

/// The comparison to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`; also `:` on a field with one value.
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `:` on a field with several values, or for presence.
    Has,
}

impl Comparison {
    /// The comparator as written.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Has => ":",
        }
    }
}

/// What a value is compared with.
#[derive(Clone, PartialEq)]
pub enum Operand {
    /// A text, in the form in which keywords are compared.
    Keyword {
        /// The text between the stars, folded by [`precedent_model::fold_keyword`] or, for a patient id, by
        /// [`precedent_model::fold_patient_id`]. White space next to a star is kept.
        folded: String,
        /// `*lung`: any text may come before.
        any_prefix: bool,
        /// `lung*`: any text may follow.
        any_suffix: bool,
    },
    /// A whole number.
    Integer(i64),
    /// A number; always finite.
    Number(f64),
    /// A date, which stands for all days that it covers.
    Date(PartialDate),
    /// Any value: `field:*`.
    Present,
}

/// Shows the kind only: the value may be an identifier.
impl fmt::Debug for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keyword { .. } => "Keyword(hidden)",
            Self::Integer(_) => "Integer(hidden)",
            Self::Number(_) => "Number(hidden)",
            Self::Date(_) => "Date(hidden)",
            Self::Present => "Present",
        })
    }
}

/// Why a filter is refused. It may name fields and comparators, but never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter at {position}: {problem}; {remedy}")]
pub struct FilterError {
    /// Byte position in the text, from 0.
    pub position: usize,
    /// What is wrong.
    pub problem: String,
    /// What the sender can do about it.
    pub remedy: String,
}

impl FilterError {
    fn new(position: usize, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { position, problem: problem.into(), remedy: remedy.into() }
    }
}

impl Filter {
    /// Parses a filter, in time and memory linear in its length.
    ///
    /// # Errors
    /// Text that is not a filter, an unknown field, a value or comparator that does not fit the field's kind, or more than
    /// [`MAX_FILTER_BYTES`], [`MAX_FILTER_TERMS`] or 64 nested parentheses.
    pub fn parse(text: &str, schema: &FieldSchema) -> Result<Self, FilterError> {
        parse::parse(text, schema)
    }

    /// Replaces each restriction by the result of `map`, or returns its first error. The structure of the filter stays, even
    /// where a replacement could be merged with the part around it.
    ///
    /// ```
    /// use precedent_model::FieldSchema;
    /// use precedent_query::{Compare, Filter, Operand};
    ///
    /// let filter = Filter::parse("NOT finding:*", &FieldSchema::default()).unwrap();
    /// let mut any_of = |compare: Compare| -> Result<Filter, String> {
    ///     let one = |id: &str| {
    ///         let operand = Operand::Keyword { folded: id.to_owned(), any_prefix: false, any_suffix: false };
    ///         Filter::Compare(Compare { operand, ..compare.clone() })
    ///     };
    ///     Ok(Filter::Or(vec![one("cardiomegaly"), one("mass")]))
    /// };
    /// let known = filter.map_compare(&mut any_of).unwrap();
    /// assert_eq!(known.to_string(), r#"NOT (finding:"cardiomegaly" OR finding:"mass")"#);
    /// ```
    ///
    /// # Errors
    /// The first error of `map`, in the order of the text.
    pub fn map_compare<E>(self, map: &mut impl FnMut(Compare) -> Result<Self, E>) -> Result<Self, E> {
        let mut all = |parts: Vec<Self>| -> Result<Vec<Self>, E> {
            parts.into_iter().map(|part| part.map_compare(map)).collect()
        };
        Ok(match self {
            Self::And(parts) => Self::And(all(parts)?),
            Self::Or(parts) => Self::Or(all(parts)?),
            Self::Not(inner) => Self::Not(Box::new(inner.map_compare(map)?)),
            Self::Compare(compare) => map(compare)?,
            Self::Mention(mention) => Self::Mention(mention),
        })
    }
}

/// The findings column for an assertion: `finding` for present findings, `finding.absent` and so on.
pub const fn finding_column(assertion: Assertion) -> &'static str {
    match assertion {
        Assertion::Present => "finding",
        Assertion::Uncertain => "finding.uncertain",
        Assertion::Absent => "finding.absent",
        Assertion::Historical => "finding.historical",
        Assertion::Hypothetical => "finding.hypothetical",
        Assertion::OtherPerson => "finding.other_person",
    }
}

/// The assertion whose findings the field of this name holds; `None` for any other field, and for a field of the schema with the
/// same name.
pub fn finding_assertion(field: &str, schema: &FieldSchema) -> Option<Assertion> {
    let found = Assertion::ALL.into_iter().find(|&assertion| finding_column(assertion) == field)?;
    schema.kind(field).is_none().then_some(found)
}

#[cfg(test)]
mod properties;
