//! The Open-i reports with their human labels.

use crate::{Problem, Slice};
use precedent_model::{Case, FieldSchema};
use precedent_sources::{ColumnMap, Manifest};
use std::collections::HashMap;
use std::path::Path;

/// A label of the gold standard beside what we call it.
pub struct Label {
    /// Its column in the gold standard.
    pub name: &'static str,
    /// The finding of the lexicon that it stands for, with every narrower one.
    pub finding: &'static str,
    /// What a person would type.
    #[cfg_attr(not(feature = "engine"), allow(dead_code, reason = "only retrieval asks"))]
    pub query: &'static str,
}

const fn label(name: &'static str, finding: &'static str, query: &'static str) -> Label {
    Label { name, finding, query }
}

/// The labels of ChestX-ray14, which the gold standard uses.
pub const LABELS: [Label; 14] = [
    label("Atelectasis", "atelectasis", "atelectasis"),
    label("Cardiomegaly", "cardiomegaly", "cardiomegaly"),
    label("Effusion", "pleural-effusion", "pleural effusion"),
    label("Infiltration", "infiltration", "infiltrate"),
    label("Mass", "mass", "mass"),
    label("Nodule", "nodule", "nodule"),
    label("Pneumonia", "pneumonia", "pneumonia"),
    label("Pneumothorax", "pneumothorax", "pneumothorax"),
    label("Consolidation", "consolidation", "consolidation"),
    label("Edema", "pulmonary-edema", "edema"),
    label("Emphysema", "emphysema", "emphysema"),
    label("Fibrosis", "pulmonary-fibrosis", "fibrosis"),
    label("Pleural_Thickening", "pleural-thickening", "pleural thickening"),
    label("Hernia", "hernia", "hernia"),
];

/// Labels with fewer positives say too little for a mean over labels.
pub const FEWEST_POSITIVES: usize = 10;

/// A set of labels by their place in [`LABELS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LabelSet(u16);

impl LabelSet {
    pub fn has(self, label: usize) -> bool {
        self.0 >> label & 1 == 1
    }

    pub fn insert(&mut self, label: usize) {
        self.0 |= 1 << label;
    }

    /// Those in either set.
    pub fn union(self, other: Self) -> impl Iterator<Item = usize> {
        let both = Self(self.0 | other.0);
        (0..LABELS.len()).filter(move |&label| both.has(label))
    }
}

/// A case with its human labels.
pub struct Labelled {
    pub case: Case,
    pub truth: LabelSet,
}

/// Every case of the gold standard that lies in the slice, in the order of the manifest, without its tags.
pub fn cases(data: &Path, slice: Option<Slice>) -> Result<Vec<Labelled>, Problem> {
    let truths = truths(&data.join("openi/negbio_gold_labels.csv"))?;
    let in_slice = |case: &Case| slice.is_none_or(|slice| slice.holds(case.id.as_str()));
    let cases = all_cases(data)?.into_iter().filter(in_slice);
    Ok(cases.filter_map(|case| truths.get(case.id.as_str()).map(|&truth| Labelled { truth, case })).collect())
}

/// Every case of the manifest, without its tags.
pub fn all_cases(data: &Path) -> Result<Vec<Case>, Problem> {
    let path = data.join("openi/reports.jsonl");
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("../index/maps/openi.toml");
    let rows = Manifest::open(&path, &ColumnMap::open(map)?.for_reports(), &FieldSchema::default())?;
    rows.map(|row| Ok(row?.outcome.map_err(|rejection| rejection.to_string())?)).collect()
}

fn truths(path: &Path) -> Result<HashMap<String, LabelSet>, Problem> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let header = reader.headers()?.clone();
    let column = |name: &str| {
        let place = header.iter().position(|column| column == name);
        place.ok_or_else(|| format!("{} has no column {name}", path.display()))
    };
    let id = column("case_id")?;
    let columns = LABELS.iter().map(|label| column(label.name)).collect::<Result<Vec<_>, _>>()?;
    let mut truths = HashMap::new();
    for row in reader.records() {
        let row = row?;
        let mut truth = LabelSet::default();
        for (label, &column) in columns.iter().enumerate() {
            if row.get(column) == Some("1") {
                truth.insert(label);
            }
        }
        truths.insert(row.get(id).unwrap_or_default().to_owned(), truth);
    }
    Ok(truths)
}

/// The labels, by place, that have enough positives for a mean.
pub fn counted(cases: &[Labelled]) -> Vec<usize> {
    let positives = |label: usize| cases.iter().filter(|labelled| labelled.truth.has(label)).count();
    (0..LABELS.len()).filter(|&label| positives(label) >= FEWEST_POSITIVES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_sets_hold_what_was_put_in() {
        let (mut one, mut other) = (LabelSet::default(), LabelSet::default());
        one.insert(0);
        other.insert(13);
        assert!(one.has(0) && !one.has(13));
        assert_eq!(one.union(other).collect::<Vec<_>>(), [0, 13]);
    }
}
