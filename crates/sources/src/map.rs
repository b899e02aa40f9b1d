//! What the columns of a foreign manifest are called here; `docs/column-maps.md` describes maps for their authors.
//!
//! ```toml
//! date_format = "%d.%m.%Y"                        # of every date; may be a list
//!
//! [columns]                                       # ours = theirs
//! case_id = "uid"
//! study_date = "date"
//! images = { column = "files", split = ";" }      # several values in one text
//! mesh = { column = "mesh", optional = true }     # left out where the index has no such field
//!
//! [labels]                                        # fields of the index, never searched as text
//! problems = { column = "tags", split = "|" }
//!
//! [constants]                                     # the same for every case
//! modality = "DX"
//! ```
//!
//! Ours are the columns of a manifest and the fields of the index. A column that the map does not name keeps its own
//! name, unless the map already fills that target. What the manifest's columns mean: see [`crate::Manifest`].

use crate::date_format::{self, DateFormat};
use crate::target::Target;
use crate::{MapError, SourceError};
use std::collections::HashSet;
use std::path::Path;
use toml::{Table, Value};

/// The key of the formats of dates.
const DATE_FORMAT: &str = "date_format";
/// Largest map file, in bytes.
const MAX_MAP_BYTES: u64 = 1 << 20;

/// Where the columns of a foreign manifest go. The default is no map: every column keeps its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnMap {
    pub(crate) columns: Vec<Entry>,
    pub(crate) labels: Vec<Entry>,
    pub(crate) constants: Vec<(String, String)>,
    /// How dates are written in columns that do not say it themselves; as ISO 8601 has it where there are none.
    pub(crate) date_formats: Vec<DateFormat>,
}

/// One line of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Our name.
    pub target: String,
    /// Theirs.
    pub column: String,
    /// What stands between several values in one text.
    pub split: Option<String>,
    /// How its dates are written, where it says so itself.
    pub date_formats: Vec<DateFormat>,
    /// Whether it is left out where the index has no field of this name.
    pub optional: bool,
}

impl ColumnMap {
    /// Reads a map file.
    ///
    /// # Errors
    /// A file that cannot be read, or one that is refused by [`Self::from_toml`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SourceError> {
        let path = path.as_ref();
        let failed = |source| SourceError::Open { path: path.to_owned(), source };
        let refused = |source| SourceError::Map { path: path.to_owned(), source };
        let bytes = std::fs::metadata(path).map_err(failed)?.len();
        if bytes > MAX_MAP_BYTES {
            let problem = format!("has {bytes} bytes, the limit is {MAX_MAP_BYTES}");
            return Err(refused(MapError::new("the map", problem, "give a map of columns")));
        }
        Self::from_toml(&std::fs::read_to_string(path).map_err(failed)?).map_err(refused)
    }

    /// Reads the text of a map file.
    ///
    /// # Errors
    /// Text that is not TOML, an unknown section, a target that is filled twice or cannot be filled so, a format that makes
    /// no date.
    pub fn from_toml(text: &str) -> Result<Self, MapError> {
        let table: Table = text.parse().map_err(|error| not_toml(text, &error))?;
        let mut map = Self::default();
        for (section, value) in &table {
            if section == DATE_FORMAT {
                map.date_formats = date_formats(section, value)?;
                continue;
            }
            let remedy = "use columns, labels, constants, or date_format before them";
            let known = || MapError::new(section, "is no section of a map", remedy);
            let lines = value.as_table().ok_or_else(known)?;
            for (target, value) in lines {
                let key = format!("{section}.{target}");
                match section.as_str() {
                    "columns" => map.columns.push(entry(&key, target, value)?),
                    "labels" => map.labels.push(label(&key, target, value)?),
                    "constants" => map.constants.push((target.clone(), constant(&key, target, value)?)),
                    _ => return Err(known()),
                }
            }
        }
        map.check_targets()?;
        Ok(map)
    }

    /// The map for a reader who wants reports alone: what fills fields is left out, not refused.
    #[must_use]
    pub fn for_reports(mut self) -> Self {
        for entry in self.columns.iter_mut().chain(&mut self.labels) {
            entry.optional = true;
        }
        self.constants.retain(|(target, _)| Target::canonical(target).is_some());
        self
    }

    fn check_targets(&self) -> Result<(), MapError> {
        let mut seen = HashSet::new();
        let columns = self.columns.iter().map(|entry| ("columns", &entry.target));
        let labels = self.labels.iter().map(|entry| ("labels", &entry.target));
        let constants = self.constants.iter().map(|(target, _)| ("constants", target));
        for (section, target) in columns.chain(labels).chain(constants) {
            if !seen.insert(target) {
                let key = format!("{section}.{target}");
                return Err(MapError::new(key, "is filled a second time", "keep one of the two"));
            }
        }
        Ok(())
    }
}

/// The parser's whole message shows the line; its short one with the number is enough.
fn not_toml(text: &str, error: &toml::de::Error) -> MapError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    MapError::new(
        format!("line {line}"),
        "is no TOML",
        "write lines such as case_id = \"uid\" under [columns]",
    )
}

fn entry(key: &str, target: &str, value: &Value) -> Result<Entry, MapError> {
    let shape = || {
        let remedy = "write the name of a column, or { column = \"name\", split = \";\" }";
        MapError::new(key, "is not the name of a column", remedy)
    };
    let text =
        |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(shape);
    let (mut formats, mut optional) = (Vec::new(), false);
    let (column, split) = match value {
        Value::Table(table) => {
            if table.keys().any(|key| !["column", "split", "optional", DATE_FORMAT].contains(&key.as_str())) {
                return Err(shape());
            }
            let column = text(table.get("column").ok_or_else(shape)?)?;
            optional = table.get("optional").map_or(Some(false), Value::as_bool).ok_or_else(shape)?;
            if let Some(value) = table.get(DATE_FORMAT) {
                formats = date_formats(&format!("{key}.{DATE_FORMAT}"), value)?;
            }
            (column, table.get("split").map(text).transpose()?)
        }
        value => (text(value)?, None),
    };
    // As the names in a header, without white space around them.
    let (target, column) = (target.to_owned(), column.trim().to_owned());
    Ok(Entry { target, column, split, date_formats: formats, optional })
}

/// One format or a list of them.
fn date_formats(key: &str, value: &Value) -> Result<Vec<DateFormat>, MapError> {
    let refused = || MapError::new(key, "is no format of dates", date_format::REMEDY);
    let one = |value: &Value| value.as_str().and_then(DateFormat::parse).ok_or_else(refused);
    match value {
        Value::Array(values) if !values.is_empty() => values.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

fn label(key: &str, target: &str, value: &Value) -> Result<Entry, MapError> {
    if matches!(target, "case_id" | "patient_id") {
        return Err(MapError::new(key, "is no label", "move it to [columns]"));
    }
    entry(key, target, value)
}

fn constant(key: &str, target: &str, value: &Value) -> Result<String, MapError> {
    match Target::canonical(target) {
        None | Some(Target::View | Target::Issuer) => {}
        Some(_) => {
            let problem = "cannot be the same for every case";
            return Err(MapError::new(key, problem, "name its column under [columns]"));
        }
    }
    match value {
        Value::String(text) if !text.trim().is_empty() => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(truth) => Ok(truth.to_string()),
        Value::Datetime(date) => Ok(date.to_string()),
        _ => Err(MapError::new(key, "is not one value", "write one text or number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(text: &str, says: &str) {
        let error = ColumnMap::from_toml(text).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }

    #[test]
    fn a_map_has_three_sections() {
        let map = ColumnMap::from_toml(
            "[columns]\ncase_id = \" uid \"\nimages = { column = \"f\", split = \";\" }\n[labels]\nproblems = \"tags\"\n\
             [constants]\nmodality = \"DX\"\nage = 60\n",
        )
        .unwrap();
        let entry = |target: &str, column: &str, split: Option<&str>| Entry {
            target: target.into(),
            column: column.into(),
            split: split.map(Into::into),
            date_formats: Vec::new(),
            optional: false,
        };
        assert_eq!(map.columns, [entry("case_id", "uid", None), entry("images", "f", Some(";"))]);
        assert_eq!(map.labels, [entry("problems", "tags", None)]);
        assert_eq!(map.constants, [("age".into(), "60".into()), ("modality".into(), "DX".into())]);
        assert_eq!(ColumnMap::from_toml("").unwrap(), ColumnMap::default());
    }

    #[test]
    fn what_is_no_map_is_named_by_key() {
        check_refused("[columns]\ncase_id = ", "line 2 is no TOML");
        check_refused(
            "[colums]\ncase_id = \"a\"",
            "colums is no section of a map; use columns, labels, constants, or date_format before them",
        );
        check_refused("case_id = \"a\"", "case_id is no section");
        check_refused("[columns]\ncase_id = 3", "columns.case_id is not the name of a column");
        check_refused("[columns]\ncase_id = \"\"", "columns.case_id is not the name of a column");
        check_refused("[columns]\nimages = { colum = \"a\" }", "columns.images is not the name");
        check_refused(
            "[columns]\nimages = { column = \"a\", split = \"\" }",
            "columns.images is not the name",
        );
        check_refused(
            "[columns]\nfinding = \"a\"\n[labels]\nfinding = \"b\"",
            "labels.finding is filled a second time",
        );
        check_refused(
            "[columns]\nview = \"a\"\n[constants]\nview = \"b\"",
            "constants.view is filled a second time",
        );
        check_refused("[labels]\ncase_id = \"a\"", "labels.case_id is no label");
        check_refused(
            "[constants]\npatient_id = \"a\"",
            "constants.patient_id cannot be the same for every case",
        );
        check_refused("[constants]\nmodality = []", "constants.modality is not one value");
    }

    #[test]
    fn dates_are_written_as_the_map_says() {
        let map = ColumnMap::from_toml(
            "date_format = [\"%d.%m.%Y\", \"%Y\"]\n[columns]\nstudy_date = { column = \"d\", date_format = \"%m/%d/%y\" }\n\
             mesh = { column = \"m\", optional = true }",
        )
        .unwrap();
        let texts = |formats: &[DateFormat]| {
            formats.iter().map(|format| format.text().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(texts(&map.date_formats), ["%d.%m.%Y", "%Y"]);
        assert_eq!(texts(&map.columns[1].date_formats), ["%m/%d/%y"]);
        assert_eq!(map.columns.iter().map(|entry| entry.optional).collect::<Vec<_>>(), [true, false]);
        for format in ["\"dd.mm.yyyy\"", "3", "[]", "[\"%d\"]"] {
            check_refused(
                &format!("date_format = {format}"),
                "date_format is no format of dates; write codes such as",
            );
        }
        let column = "[columns]\nstudy_date = { column = \"d\", date_format = \"%d\" }";
        check_refused(column, "columns.study_date.date_format is no format of dates");
        check_refused(
            "[columns]\nmesh = { column = \"m\", optional = 1 }",
            "columns.mesh is not the name of a column",
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = ColumnMap::open("no/such/map.toml").unwrap_err().to_string();
        assert!(error.contains("no/such/map.toml cannot be opened"), "{error}");
    }
}
