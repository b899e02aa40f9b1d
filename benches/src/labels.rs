//! The human labels of the Open-i reports.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

/// A label of the gold standard beside what we call it.
pub struct Label {
    /// Its column in the gold standard.
    pub name: &'static str,
    /// The finding of the lexicon that it stands for, with every narrower one.
    pub finding: &'static str,
    /// What a person would type.
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

/// The labels of every case of the gold standard, by its id.
///
/// # Errors
/// A file that is not there or lacks a column.
pub fn truths(path: &Path) -> Result<HashMap<String, LabelSet>, Box<dyn Error>> {
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
