//! A map of columns held against the fields of an index: what becomes of every column.

use crate::ColumnMap;
use crate::date_format::DateFormat;
use crate::map::Entry;
use crate::near::nearest;
use crate::target::Target;
use precedent_model::{FieldKind, FieldSchema, ModelError};
use std::collections::{HashMap, HashSet};

/// One way in which a column is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    pub target: Target,
    pub split: Option<String>,
    /// How its dates are written; as ISO 8601 has it where there are none.
    pub date_formats: Vec<DateFormat>,
}

/// What becomes of every column.
#[derive(Debug)]
pub(crate) struct Binding {
    schema: FieldSchema,
    mapped: HashMap<String, Vec<Use>>,
    /// Targets that the map fills.
    filled: HashSet<String>,
    /// How dates are written in columns that do not say it themselves.
    date_formats: Vec<DateFormat>,
    /// Values that every case gets.
    pub constants: Vec<(Target, String)>,
}

impl Binding {
    /// Holds a map against the fields of an index.
    ///
    /// # Errors
    /// A target that does not exist, a constant that does not fit its field, a date format for a field that is no date.
    pub fn new(map: &ColumnMap, schema: &FieldSchema) -> Result<Self, ModelError> {
        let mut binding = Self {
            schema: schema.clone(),
            mapped: HashMap::new(),
            filled: HashSet::new(),
            date_formats: map.date_formats.clone(),
            constants: Vec::new(),
        };
        for entry in &map.columns {
            binding.bind(entry, binding.own_target(&entry.target))?;
        }
        for entry in &map.labels {
            binding.bind(entry, binding.field(&entry.target))?;
        }
        for (name, text) in &map.constants {
            let target = binding.own_target(name).ok_or_else(|| binding.unknown_target(name))?;
            if schema.kind(name).is_some() {
                schema.parse_values(name, [text.as_str()]).map_err(|error| {
                    let remedy = format!("{}; change [constants] of the map", error.remedy);
                    ModelError::new(error.field, error.problem, remedy)
                })?;
            }
            binding.filled.insert(name.clone());
            binding.constants.push((target, text.clone()));
        }
        Ok(binding)
    }

    fn bind(&mut self, entry: &Entry, target: Option<Target>) -> Result<(), ModelError> {
        let Some(target) = target else {
            return if entry.optional { Ok(()) } else { Err(self.unknown_target(&entry.target)) };
        };
        if !entry.date_formats.is_empty() && self.schema.kind(&entry.target) != Some(FieldKind::Date) {
            let remedy = "take date_format off its column in the map";
            return Err(ModelError::new(&entry.target, "has a date_format and is no field of dates", remedy));
        }
        self.filled.insert(entry.target.clone());
        let uses = self.mapped.entry(entry.column.clone()).or_default();
        uses.push(Use { target, split: entry.split.clone(), date_formats: entry.date_formats.clone() });
        Ok(())
    }

    /// What a map fills and nothing has, with what there is.
    fn unknown_target(&self, name: &str) -> ModelError {
        let own = Target::NAMES.into_iter().filter(|name| self.schema.kind(name).is_none());
        let names: Vec<&str> = own.chain(self.schema.iter().map(|(name, _)| name)).collect();
        let meant = nearest(name, names.iter().copied());
        let meant = meant.map(|meant| format!("did you mean {meant}? otherwise ")).unwrap_or_default();
        let remedy = format!(
            "{meant}name one of {}; or add the field to the index definition; or write {{ column = \"...\", optional = true }} for one \
             that some indexes lack",
            names.join(", ")
        );
        ModelError::new(name, "is filled by the map and is no column or field of this index", remedy)
    }

    /// How the dates of a column are written.
    pub fn date_formats<'a>(&'a self, used: &'a Use) -> &'a [DateFormat] {
        if used.date_formats.is_empty() { &self.date_formats } else { &used.date_formats }
    }

    fn field(&self, name: &str) -> Option<Target> {
        self.schema.kind(name).map(|_| Target::Field(name.to_owned()))
    }

    /// What a name stands for by itself.
    fn own_target(&self, name: &str) -> Option<Target> {
        match Target::canonical(name) {
            // An index may have had a field of this name before manifests held embeddings.
            None | Some(Target::Embedding) => self.field(name).or(Target::canonical(name)),
            target => target,
        }
    }

    /// The fields of the index.
    pub fn schema(&self) -> &FieldSchema {
        &self.schema
    }

    /// How a column is used; `None` if it is not.
    pub fn uses(&self, column: &str) -> Vec<Use> {
        if let Some(uses) = self.mapped.get(column) {
            return uses.clone();
        }
        if self.filled.contains(column) {
            return Vec::new();
        }
        let own = |target| Use { target, split: None, date_formats: Vec::new() };
        self.own_target(column).map(own).into_iter().collect()
    }

    /// The columns that the map names, with what each is for.
    pub fn mapped(&self) -> impl Iterator<Item = (&str, &[Use])> {
        self.mapped.iter().map(|(column, uses)| (column.as_str(), uses.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::FieldKind;
    use precedent_model::SectionKind;

    fn schema() -> FieldSchema {
        let fields =
            [("view", FieldKind::Keywords), ("findings", FieldKind::Keywords), ("age", FieldKind::Integer)];
        FieldSchema::new(fields.map(|(name, kind)| (name.to_owned(), kind))).unwrap()
    }

    fn bind(map: &str) -> Result<Binding, ModelError> {
        Binding::new(&ColumnMap::from_toml(map).unwrap(), &schema())
    }

    fn targets(binding: &Binding, column: &str) -> Vec<Target> {
        binding.uses(column).into_iter().map(|used| used.target).collect()
    }

    #[test]
    fn columns_keep_their_names_without_a_map() {
        let binding = bind("").unwrap();
        assert_eq!(targets(&binding, "case_id"), [Target::CaseId]);
        assert_eq!(targets(&binding, "report"), [Target::Section(SectionKind::Body)]);
        assert_eq!(targets(&binding, "findings"), [Target::Section(SectionKind::Findings)]);
        assert_eq!(targets(&binding, "age"), [Target::Field("age".into())]);
        assert_eq!(targets(&binding, "body"), []);
        assert_eq!(targets(&binding, "location"), []);
    }

    #[test]
    fn a_mapped_column_and_a_filled_target_lose_their_own_names() {
        let binding = bind(
            "[columns]\ncase_id = \"file\"\nimages = \"file\"\nage = \"view\"\n[constants]\nview = \"PA\"",
        )
        .unwrap();
        assert_eq!(targets(&binding, "file"), [Target::CaseId, Target::Images]);
        assert_eq!(targets(&binding, "view"), [Target::Field("age".into())]);
        assert_eq!(targets(&binding, "case_id"), []);
        assert_eq!(targets(&binding, "age"), []);
    }

    #[test]
    fn a_label_goes_to_the_field_never_to_the_text() {
        let map = "[labels]\nfindings = \"tags\"\nmesh = { column = \"mesh\", optional = true }";
        let binding = bind(map).unwrap();
        assert_eq!(targets(&binding, "tags"), [Target::Field("findings".into())]);
        assert_eq!(targets(&binding, "mesh"), []);
    }

    #[test]
    fn a_target_that_there_is_not_is_refused_with_those_that_there_are() {
        for map in ["[columns]\nweight = \"kg\"", "[labels]\nweight = \"kg\"", "[constants]\nweight = 70"] {
            let error = bind(map).unwrap_err().to_string();
            for part in [
                "weight: is filled by the map",
                "case_id, patient_id, patient_id_issuer, images",
                "view, findings, age",
            ] {
                assert!(error.contains(part), "{error}");
            }
        }
        let slip = bind("[columns]\nagee = \"a\"").unwrap_err().to_string();
        assert!(slip.contains("did you mean age? otherwise name one of case_id"), "{slip}");
        let error = bind("[labels]\nreport = \"r\"").unwrap_err();
        assert_eq!(error.field, "report", "is no field");
    }

    #[test]
    fn a_date_format_is_for_dates() {
        let error = bind("[columns]\nage = { column = \"a\", date_format = \"%Y\" }").unwrap_err();
        assert!(error.to_string().contains("age: has a date_format"), "{error}");
    }

    #[test]
    fn constants_are_checked_before_anything_is_read() {
        let map = ColumnMap::from_toml("[constants]\nage = \"old\"").unwrap();
        let error = Binding::new(&map, &schema()).unwrap_err();
        assert_eq!(error.field, "age");
        assert!(error.remedy.ends_with("change [constants] of the map"), "{error}");
    }
}
