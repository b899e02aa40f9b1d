//! One value of a row, whatever the format.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Whole numbers of at least this size lose digits in an f64 (2 to the 53).
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// One value of a row: a CSV cell, or what stands behind a JSON key.
#[derive(Clone, PartialEq)]
pub(crate) enum Cell {
    /// Null or nothing.
    Missing,
    /// A text, or a number or truth value as text.
    Text(String),
    /// Several of these.
    List(Vec<Option<String>>),
    /// Keys with their values, in order.
    Object(Vec<(String, Cell)>),
    /// Several of these, at least one.
    Objects(Vec<Vec<(String, Cell)>>),
    /// Something that no column takes, in words.
    Odd(&'static str),
}

/// What programs write into a cell that has no value, in lower case.
const MISSING: [&str; 13] = [
    "", "nan", "-nan", "+nan", "nat", "null", "<na>", "#n/a", "#na", "1.#qnan", "-1.#qnan", "1.#ind",
    "-1.#ind",
];

const OBJECT_IN_LIST: &str = "holds an object in a list";

/// Whether a text stands for a value that is missing.
pub(crate) fn is_missing(text: &str) -> bool {
    let text = text.trim();
    text.len() <= 8 && MISSING.contains(&text.to_ascii_lowercase().as_str())
}

impl Cell {
    /// A number. Whole numbers come as one when they have more digits than a u64; an identifier would lose some of them.
    pub fn of_number(value: f64) -> Self {
        if value.abs() >= LARGEST_EXACT {
            return Self::Odd("is a number of which digits would be lost; write it in quotation marks");
        }
        Self::Text(value.to_string())
    }

    /// Several values.
    pub fn of_list(items: impl IntoIterator<Item = Self>) -> Self {
        let (mut list, mut objects) = (Vec::new(), Vec::new());
        let mut odd = None;
        for item in items {
            match item {
                Self::Missing => list.push(None),
                Self::Text(text) => list.push(Some(text)),
                Self::List(_) | Self::Objects(_) => odd = Some("holds a list in a list"),
                Self::Object(object) => objects.push(object),
                Self::Odd(problem) => odd = Some(problem),
            }
        }
        match odd {
            Some(problem) => Self::Odd(problem),
            None if objects.is_empty() => Self::List(list),
            None if list.is_empty() => Self::Objects(objects),
            None => Self::Odd(OBJECT_IN_LIST),
        }
    }

    /// One text, or none where it is missing.
    ///
    /// # Errors
    /// Anything else, in words.
    pub fn into_text(self) -> Result<Option<String>, &'static str> {
        Ok(self.into_identifier()?.filter(|text| !is_missing(text)))
    }

    /// The same, but only a blank one is missing: which identifiers are nobody's, the index says.
    ///
    /// # Errors
    /// Anything else, in words.
    pub fn into_identifier(self) -> Result<Option<String>, &'static str> {
        match self {
            Self::Missing => Ok(None),
            Self::Text(text) => Ok((!text.trim().is_empty()).then_some(text)),
            Self::List(_) => Err("is a list where one text is meant"),
            Self::Object(_) => Err("is an object where one text is meant"),
            Self::Objects(_) => Err("is a list of objects where one text is meant"),
            Self::Odd(problem) => Err(problem),
        }
    }

    /// Any number of texts in their places; those that are missing are none.
    ///
    /// # Errors
    /// Anything else, in words.
    pub fn into_list(self, split: Option<&str>) -> Result<Vec<Option<String>>, &'static str> {
        let present = |text: String| (!is_missing(&text)).then_some(text);
        match self {
            Self::Missing => Ok(Vec::new()),
            Self::Text(text) => Ok(match split {
                _ if is_missing(&text) => Vec::new(),
                Some(split) => text.split(split).map(|part| present(part.to_owned())).collect(),
                None => vec![Some(text)],
            }),
            Self::List(items) => Ok(items.into_iter().map(|item| item.and_then(present)).collect()),
            Self::Object(_) => Err("is an object where texts are meant"),
            Self::Objects(_) => Err(OBJECT_IN_LIST),
            Self::Odd(problem) => Err(problem),
        }
    }

    /// The texts of a value that is taken as it is written, `nan` and white space included.
    ///
    /// # Errors
    /// As [`Self::into_list`].
    pub fn into_written(self) -> Result<Vec<String>, &'static str> {
        match self {
            Self::Text(text) => Ok(vec![text]),
            Self::List(items) => Ok(items.into_iter().flatten().collect()),
            other => Ok(other.into_list(None)?.into_iter().flatten().collect()),
        }
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Missing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Cell, E> {
        Ok(Cell::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell, E> {
        Ok(Cell::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell, E> {
        Ok(Cell::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell, E> {
        Ok(Cell::of_number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cell, E> {
        Ok(Cell::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Cell, E> {
        Ok(Cell::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Cell, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Cell>()? {
            list.push(item);
        }
        Ok(Cell::of_list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Cell, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Cell::Object(object))
    }
}
