//! Counts of values among the matching cases.

use crate::{EngineError, Violation};
use precedent_archive::Selection;
use precedent_model::{FieldKind, FieldSchema};
use precedent_query::{Facet, FacetQuery, MAX_FACET_VALUES, MAX_FACETS, finding_assertion};

/// Reports facets that cannot be counted.
pub(crate) fn check(queries: &[FacetQuery], fields: &FieldSchema, wrong: &mut Vec<Violation>) {
    if queries.len() > MAX_FACETS {
        let description = format!("has {} entries; give at most {MAX_FACETS}", queries.len());
        wrong.push(Violation::new("facets", description));
    }
    for (index, query) in queries.iter().enumerate().take(MAX_FACETS) {
        if query.max_values == 0 || query.max_values > MAX_FACET_VALUES {
            let description = format!("is {}; give 1 to {MAX_FACET_VALUES}", query.max_values);
            wrong.push(Violation::new(format!("facets[{index}].max_values"), description));
        }
        let problem = match fields.kind(&query.field) {
            Some(FieldKind::Number) => {
                "is a field of numbers, of which hardly two are equal; count a field of another kind"
            }
            None if finding_assertion(&query.field, fields).is_none() => {
                "is no field of the index; GetIndexStats names them, and `finding` counts findings"
            }
            _ => continue,
        };
        wrong.push(Violation::new(format!("facets[{index}].field"), problem));
    }
}

/// Counts values among the selected cases.
pub(crate) fn count(
    matches: &dyn Selection,
    queries: &[FacetQuery],
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Facet>, EngineError> {
    let one = |query: &FacetQuery| {
        let counts = matches.count_values(&query.field, query.max_values, stop)?;
        let field = query.field.clone();
        Ok(Facet { field, values: counts.values, more_values: counts.more_values, missing: counts.missing })
    };
    queries.iter().map(one).collect()
}
