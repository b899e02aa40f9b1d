//! Names that were meant, by names that were written.

use crate::target::Target;
use precedent_model::FieldSchema;
use strsim::osa_distance;

/// Longest name that is compared.
const MAX_NAME_BYTES: usize = 64;

/// The name nearest to one that is unknown, if it is near enough to have been meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    let plain = |name: &str| name.trim().to_lowercase().replace([' ', '-', '.'], "_");
    let name = plain(name);
    let allowed = (name.chars().count() / 3).clamp(1, 2);
    (known.into_iter())
        .map(|known| (osa_distance(&name, &plain(known)), known))
        .filter(|(away, _)| *away <= allowed)
        .min_by_key(|(away, _)| *away)
        .map(|(_, known)| known)
}

/// What a column of a manifest that nothing uses may have been meant for: a column that every manifest knows, or a field.
pub fn nearest_column<'a>(column: &str, schema: &'a FieldSchema) -> Option<&'a str> {
    let meant = match column.strip_prefix("labels.").or_else(|| column.strip_prefix("fields.")) {
        Some(field) => nearest(field, schema.iter().map(|(name, _)| name)),
        None => nearest(column, Target::NAMES.into_iter().chain(schema.iter().map(|(name, _)| name))),
    };
    // A column may have the right name in a file or an index that has no use for it.
    meant.filter(|meant| *meant != column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::tests::schema;

    #[test]
    fn slips_are_recognised_and_other_names_are_not() {
        let schema = schema();
        let near = |column: &str| nearest_column(column, &schema);
        assert_eq!(near("impresion"), Some("impression"));
        assert_eq!(near("Findigns"), Some("findings"));
        assert_eq!(near("Study Date"), Some("study_date"));
        assert_eq!(near("modalty"), Some("modality"));
        assert_eq!(near("labels.probelms"), Some("problems"));
        assert_eq!(near("labels.findigns"), None, "labels are fields");
        for other in ["weight", "x", "uid", "split_group", "embedding", &"findings".repeat(20)] {
            assert_eq!(near(other), None, "{other}");
        }
    }
}
