//! A map of columns held against the fields of an index: what becomes of every column.

use crate::ColumnMap;
use crate::map::Entry;
use crate::target::Target;
use precedent_model::{FieldSchema, ModelError};
use std::collections::{HashMap, HashSet};

/// One way in which a column is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    pub target: Target,
    pub split: Option<String>,
}

/// What becomes of every column.
#[derive(Debug)]
pub(crate) struct Binding {
    schema: FieldSchema,
    mapped: HashMap<String, Vec<Use>>,
    /// Targets that the map fills.
    filled: HashSet<String>,
    /// Values that every case gets.
    pub constants: Vec<(Target, String)>,
}

impl Binding {
    /// Holds a map against the fields of an index; besides, sentences about what of the map has no effect.
    ///
    /// # Errors
    /// A constant that its field does not take.
    pub fn new(map: &ColumnMap, schema: &FieldSchema) -> Result<(Self, Vec<String>), ModelError> {
        let mut binding = Self {
            schema: schema.clone(),
            mapped: HashMap::new(),
            filled: HashSet::new(),
            constants: Vec::new(),
        };
        let mut warnings = Vec::new();
        for entry in &map.columns {
            binding.bind(entry, binding.own_target(&entry.target), &mut warnings);
        }
        for entry in &map.labels {
            binding.bind(entry, binding.field(&entry.target), &mut warnings);
        }
        for (name, text) in &map.constants {
            let Some(target) = binding.own_target(name) else {
                warnings.push(unknown_target(name));
                continue;
            };
            if schema.kind(name).is_some() {
                schema.parse_values(name, [text.as_str()])?;
            }
            binding.filled.insert(name.clone());
            binding.constants.push((target, text.clone()));
        }
        Ok((binding, warnings))
    }

    fn bind(&mut self, entry: &Entry, target: Option<Target>, warnings: &mut Vec<String>) {
        let Some(target) = target else {
            warnings.push(unknown_target(&entry.target));
            return;
        };
        self.filled.insert(entry.target.clone());
        let uses = self.mapped.entry(entry.column.clone()).or_default();
        uses.push(Use { target, split: entry.split.clone() });
    }

    fn field(&self, name: &str) -> Option<Target> {
        self.schema.kind(name).map(|_| Target::Field(name.to_owned()))
    }

    /// What a name stands for by itself.
    fn own_target(&self, name: &str) -> Option<Target> {
        Target::canonical(name).or_else(|| self.field(name))
    }

    /// The fields of the index.
    pub fn schema(&self) -> &FieldSchema {
        &self.schema
    }

    /// How a column is used; not at all, if nothing comes.
    pub fn uses(&self, column: &str) -> Vec<Use> {
        if let Some(uses) = self.mapped.get(column) {
            return uses.clone();
        }
        if self.filled.contains(column) {
            return Vec::new();
        }
        self.own_target(column).map(|target| Use { target, split: None }).into_iter().collect()
    }

    /// The columns that the map names, with what each is for.
    pub fn mapped(&self) -> impl Iterator<Item = (&str, &[Use])> {
        self.mapped.iter().map(|(column, uses)| (column.as_str(), uses.as_slice()))
    }
}

fn unknown_target(name: &str) -> String {
    format!(
        "the map fills {name}, which is no field of this index and is left out; add it to the index definition"
    )
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

    fn bind(map: &str) -> (Binding, Vec<String>) {
        Binding::new(&ColumnMap::from_toml(map).unwrap(), &schema()).unwrap()
    }

    fn targets(binding: &Binding, column: &str) -> Vec<Target> {
        binding.uses(column).into_iter().map(|used| used.target).collect()
    }

    #[test]
    fn columns_keep_their_names_without_a_map() {
        let (binding, warnings) = bind("");
        assert_eq!(targets(&binding, "case_id"), [Target::CaseId]);
        assert_eq!(targets(&binding, "report"), [Target::Section(SectionKind::Body)]);
        assert_eq!(targets(&binding, "findings"), [Target::Section(SectionKind::Findings)]);
        assert_eq!(targets(&binding, "age"), [Target::Field("age".into())]);
        assert_eq!(targets(&binding, "body"), []);
        assert_eq!(targets(&binding, "location"), []);
        assert!(warnings.is_empty());
    }

    #[test]
    fn a_mapped_column_and_a_filled_target_lose_their_own_names() {
        let (binding, _) = bind(
            "[columns]\ncase_id = \"file\"\nimages = \"file\"\nage = \"view\"\n[constants]\nview = \"PA\"",
        );
        assert_eq!(targets(&binding, "file"), [Target::CaseId, Target::Images]);
        assert_eq!(targets(&binding, "view"), [Target::Field("age".into())]);
        assert_eq!(targets(&binding, "case_id"), []);
        assert_eq!(targets(&binding, "age"), []);
    }

    #[test]
    fn a_label_goes_to_the_field_never_to_the_text() {
        let (binding, warnings) = bind("[labels]\nfindings = \"tags\"\nmesh = \"mesh\"");
        assert_eq!(targets(&binding, "tags"), [Target::Field("findings".into())]);
        assert_eq!(targets(&binding, "mesh"), []);
        assert!(warnings[0].contains("fills mesh, which is no field"), "{warnings:?}");
    }

    #[test]
    fn constants_are_checked_before_anything_is_read() {
        let map = ColumnMap::from_toml("[constants]\nage = \"old\"").unwrap();
        assert_eq!(Binding::new(&map, &schema()).unwrap_err().field, "age");
    }
}
