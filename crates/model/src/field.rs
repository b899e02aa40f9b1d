//! Facts about a case that a filter can ask for.

use crate::{ModelError, PartialDate};
use std::collections::BTreeMap;
use std::fmt;

/// Longest keyword, in bytes.
pub const MAX_KEYWORD_BYTES: usize = 1024;
/// Most values of one field in one case.
pub const MAX_FIELD_VALUES: usize = 256;

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// One text, compared whole and without regard to case.
    Keyword,
    /// Several texts, such as labels.
    Keywords,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A date, known to the year, the month or the day.
    Date,
}

impl FieldKind {
    /// The name in definitions and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keyword => "keyword",
            Self::Keywords => "keywords",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Date => "date",
        }
    }

    /// Reads one value of this kind from text.
    ///
    /// # Errors
    /// Text that is no value of this kind; `field` is named in the message, the text is not.
    pub fn parse(self, field: &str, text: &str) -> Result<FieldValue, ModelError> {
        let text = text.trim();
        match self {
            Self::Keyword | Self::Keywords => {
                if text.len() > MAX_KEYWORD_BYTES {
                    let problem = format!("has {} bytes, the limit is {MAX_KEYWORD_BYTES}", text.len());
                    return Err(ModelError::new(field, problem, "long text belongs into the report"));
                }
                Ok(FieldValue::Keyword(text.to_owned()))
            }
            Self::Integer => read_integer(text).map(FieldValue::Integer).ok_or_else(|| {
                ModelError::new(field, "is not a whole number", "write it as digits, such as 63")
            }),
            Self::Number => text
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite())
                .map(FieldValue::Number)
                .ok_or_else(|| {
                    ModelError::new(field, "is not a finite number", "write it as digits, such as 1.5")
                }),
            Self::Date => PartialDate::parse(field, text).map(FieldValue::Date),
        }
    }
}

/// Spreadsheets write whole numbers as `63.0`, so that is one too; `63.5` is not.
fn read_integer(text: &str) -> Option<i64> {
    let whole = text.split_once('.').map_or(Some(text), |(whole, zeros)| {
        (!zeros.is_empty() && zeros.bytes().all(|b| b == b'0')).then_some(whole)
    })?;
    whole.parse().ok()
}

/// One value of a field. `Debug` hides keywords, which may be accession numbers.
#[derive(Clone, PartialEq)]
pub enum FieldValue {
    /// Of a keyword or keywords field, as given.
    Keyword(String),
    /// Of an integer field.
    Integer(i64),
    /// Of a number field; always finite.
    Number(f64),
    /// Of a date field.
    Date(PartialDate),
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyword(text) => write!(f, "Keyword({} bytes hidden)", text.len()),
            Self::Integer(number) => write!(f, "Integer({number})"),
            Self::Number(number) => write!(f, "Number({number})"),
            Self::Date(date) => write!(f, "Date({date})"),
        }
    }
}

/// The fields of a case: name to values, of which only a keywords field has more than one.
pub type Fields = BTreeMap<String, Vec<FieldValue>>;

/// Which fields an index keeps, in the order of its definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSchema {
    fields: Vec<(String, FieldKind)>,
}

impl FieldSchema {
    /// A schema of those fields.
    ///
    /// # Errors
    /// A name twice, a name that a filter could not spell (letters, digits and underscore, a letter first), or one
    /// that the filter language or a case itself already uses.
    pub fn new(fields: impl IntoIterator<Item = (String, FieldKind)>) -> Result<Self, ModelError> {
        const TAKEN: [&str; 9] =
            ["and", "or", "not", "true", "false", "null", "case_id", "patient_id", "report"];
        let mut schema = Self::default();
        for (name, kind) in fields {
            let spelt = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.len() <= 64
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !spelt {
                let remedy = "use lower-case letters, digits and underscores, a letter first, at most 64";
                return Err(ModelError::new(name, "is no name for a field", remedy));
            }
            if TAKEN.contains(&name.as_str()) {
                return Err(ModelError::new(
                    name,
                    "is a name with a meaning of its own",
                    "choose another name",
                ));
            }
            if schema.kind(&name).is_some() {
                return Err(ModelError::new(name, "is defined twice", "remove one of the two"));
            }
            schema.fields.push((name, kind));
        }
        Ok(schema)
    }

    /// The kind of a field, if the index keeps it.
    pub fn kind(&self, name: &str) -> Option<FieldKind> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, kind)| *kind)
    }

    /// Names and kinds, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, FieldKind)> {
        self.fields.iter().map(|(name, kind)| (name.as_str(), *kind))
    }

    /// Reads the values of one field of a case. Blank texts are no values.
    ///
    /// # Errors
    /// A field that is not kept, a value of another kind, or several where one is meant.
    pub fn parse_values<'a>(
        &self,
        name: &str,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<FieldValue>, ModelError> {
        let kind = self.kind(name).ok_or_else(|| {
            ModelError::new(
                name,
                "is not a field of this index",
                "add it to the index definition or leave it out",
            )
        })?;
        let mut values = Vec::new();
        for text in texts.into_iter().filter(|text| !text.trim().is_empty()) {
            let value = kind.parse(name, text)?;
            if !values.contains(&value) {
                values.push(value);
            }
        }
        if values.len() > 1 && kind != FieldKind::Keywords {
            let problem = format!("has {} values, but {} holds one", values.len(), kind.name());
            return Err(ModelError::new(name, problem, "define the field as keywords"));
        }
        if values.len() > MAX_FIELD_VALUES {
            let problem = format!("has {} values, the limit is {MAX_FIELD_VALUES}", values.len());
            return Err(ModelError::new(name, problem, "give fewer"));
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> FieldSchema {
        FieldSchema::new([
            ("age".into(), FieldKind::Integer),
            ("problems".into(), FieldKind::Keywords),
            ("study_date".into(), FieldKind::Date),
            ("kvp".into(), FieldKind::Number),
            ("modality".into(), FieldKind::Keyword),
        ])
        .unwrap()
    }

    #[test]
    fn values_are_read_by_kind() {
        let schema = schema();
        assert_eq!(schema.parse_values("age", ["63.0"]).unwrap(), [FieldValue::Integer(63)]);
        assert_eq!(schema.parse_values("kvp", ["1.5"]).unwrap(), [FieldValue::Number(1.5)]);
        assert_eq!(schema.parse_values("modality", [" DX "]).unwrap(), [FieldValue::Keyword("DX".into())]);
        assert_eq!(schema.parse_values("problems", ["a", " ", "b", "a"]).unwrap().len(), 2);
        assert!(schema.parse_values("age", [""]).unwrap().is_empty());
    }

    #[test]
    fn other_kinds_are_refused_by_name() {
        let schema = schema();
        for (name, text) in
            [("age", "63.5"), ("age", "old"), ("kvp", "NaN"), ("kvp", "inf"), ("study_date", "May")]
        {
            assert_eq!(schema.parse_values(name, [text]).unwrap_err().field, name);
        }
        assert!(schema.parse_values("modality", ["CR", "DX"]).unwrap_err().problem.contains("2 values"));
        assert!(schema.parse_values("weight", ["1"]).is_err());
    }

    #[test]
    fn names_that_a_filter_could_not_spell_are_refused() {
        for name in ["Age", "9lives", "", "and", "a b", "case_id", "é"] {
            assert!(FieldSchema::new([(name.to_owned(), FieldKind::Keyword)]).is_err(), "{name}");
        }
        let twice = [("a".to_owned(), FieldKind::Keyword), ("a".to_owned(), FieldKind::Integer)];
        assert!(FieldSchema::new(twice).is_err());
    }
}
