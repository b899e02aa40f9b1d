//! The filter language: [AIP-160](https://google.aip.dev/160) text to a typed expression.
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
//! Inside quotes `\"`, `\'`, `\\` and `\*` stand for the character itself. What AIP-160 leaves to a service and this one
//! does not offer is an error with its position: values without a field, functions, parentheses as values.
//!
//! # Fields
//!
//! Those of the schema, and these, which every case has:
//!
//! - `case_id`, `patient_id` (keyword);
//! - `finding` (keywords): what the report says is there. A dot, which AIP-160 calls traversal, leads to what the report says
//!   otherwise: `finding.uncertain`, `finding.absent`, `finding.historical`, `finding.hypothetical`,
//!   `finding.other_person`. A report has each finding that it names under one of the six ([`finding_column`]). A finding
//!   may be named in many ways; [`Filter::map_compare`] lets a caller who has the lexicon put ids in their place;
//! - `finding.side`, `finding.larger_side`, `finding.place`, `finding.severity`, `finding.time` (keyword) and `finding.size_mm` (number): what the
//!   report says beside the finding ([`Detail`]). They are about a mention of the finding before them in the same AND, of the
//!   one behind them where none stands before, and of any finding that is there where neither does: `finding:"nodule" AND
//!   finding.side = "left" AND finding.size_mm >= 10` asks for one nodule that is on the left and that large.
//!
//! A field of the schema goes before one of these: an index that has a field `finding` of its own keeps it.
//!
//! # Values
//!
//! - **keyword**: `=` and `!=`, without regard to case; a patient id also without regard to white space and width. A star at the start or the end stands for any text. `:` is `=`.
//! - **keywords** (several texts): `:`, and `=` as the same, true when any of the texts fits.
//! - **integer**, **number**: every comparator; `:` is `=`.
//! - **date**: every comparator; `:` is `=`. A date stands for a range of days, in the filter as in a case: `= "2020"` is
//!   any day of 2020, `< "2020"` a day before all of them, `<= "2020"` a day before or in them.
//! - `field:*` asks whether there is a value at all, for every kind.
//!
//! # Truth
//!
//! Three values (Kleene): a restriction on a field without a value is unknown, and so is one on a date too coarse to
//! tell (a case of 2019 under `= "2019-05"`). NOT unknown is unknown; AND is false when a part is false, otherwise
//! unknown when a part is; OR the other way round. Only cases for which the whole is true are found. `field:*` is true
//! or false, never unknown, so cases without a value are found by `NOT field:*`. Findings are the exception: of a case
//! without a report nothing is known, `finding:*` neither, so `NOT finding:*` finds reports that name no finding as present.
//!
//! Several values: `:` is true when a value fits, false when the case has values and none fits.

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
/// The field whose texts are compared as patient ids are.
const PATIENT_ID: &str = "patient_id";
/// Deepest parenthesis.
const MAX_FILTER_DEPTH: usize = 64;

/// A predicate over the fields of a case, three-valued: see [`Filter::matches`].
///
/// `Display` writes the canonical text, with the values in it; `Debug` hides them, as they may lead to a person.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of them. Without parts, every case.
    And(Vec<Filter>),
    /// At least one of them.
    Or(Vec<Filter>),
    /// The opposite; unknown stays unknown.
    Not(Box<Filter>),
    /// One restriction.
    Compare(Compare),
    /// A mention that fits in several respects at once. The text of a filter has none: whoever has the lexicon puts it
    /// together of restrictions on findings and their details.
    Mention(MentionFilter),
}

/// One restriction: a field, a comparator, a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Compare {
    /// A field of the schema, `case_id`, `patient_id`, a column of findings ([`finding_assertion`]) or a [`Detail`].
    pub field: String,
    /// What the values of the field are.
    pub kind: FieldKind,
    /// How the value of a case is compared with the operand.
    pub comparison: Comparison,
    /// What it is compared with; of a kind that fits the field's.
    pub operand: Operand,
}

/// The form under which the texts of a field are compared.
fn fold(field: &str, text: &str) -> String {
    if field == PATIENT_ID { fold_patient_id(text) } else { fold_keyword(text) }
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`; also what `:` means on a field of one value.
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
    /// `:` on a field of several values, or for presence.
    Has,
}

impl Comparison {
    /// The comparator as it is written.
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
    /// A text, in the form under which keywords are compared.
    Keyword {
        /// The text between the stars, folded by [`precedent_model::fold_keyword`], a patient id by
        /// [`precedent_model::fold_patient_id`]. White space next to a star is kept.
        folded: String,
        /// `*lung`: any text may stand before.
        any_prefix: bool,
        /// `lung*`: any text may stand behind.
        any_suffix: bool,
    },
    /// A whole number.
    Integer(i64),
    /// A number; always finite.
    Number(f64),
    /// A date, standing for all days that it may be.
    Date(PartialDate),
    /// Any value: `field:*`.
    Present,
}

/// The kind only: the value may be an identifier.
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

/// Why a filter is refused. It may name fields and comparators, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter at {position}: {problem}; {remedy}")]
pub struct FilterError {
    /// Where, in bytes from the start of the text, from 0.
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
    /// Reads a filter. Time and memory are linear in its length.
    ///
    /// # Errors
    /// Text that is no filter, an unknown field, a value or comparator that does not fit the field's kind, or more than
    /// [`MAX_FILTER_BYTES`], [`MAX_FILTER_TERMS`] or 64 nested parentheses.
    pub fn parse(text: &str, schema: &FieldSchema) -> Result<Self, FilterError> {
        parse::parse(text, schema)
    }

    /// The filter with something else in the place of each restriction, or the first error. Kinds of part and their
    /// order stay, also where a part is put in that could be joined with the part around it.
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
    /// The first that `map` gives, in the order of the text.
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

/// The column of findings under an assertion: `finding` for those that are there, `finding.absent` and so on.
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

/// Under which assertion the field of that name holds findings; `None` for any other field, and for one of the schema's
/// own that is called so.
pub fn finding_assertion(field: &str, schema: &FieldSchema) -> Option<Assertion> {
    let found = Assertion::ALL.into_iter().find(|&assertion| finding_column(assertion) == field)?;
    schema.kind(field).is_none().then_some(found)
}

#[cfg(test)]
mod properties;
