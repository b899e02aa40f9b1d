//! Findings in a filter: resolves any name of a finding to the ids in the columns.

mod details;

use crate::understand::related;
use crate::{Cause, Violation};
use precedent_model::{Assertion, FieldKind, FieldSchema, FindingId, fold_keyword};
use precedent_query::{
    Compare, Comparison, Detail, Filter, MentionFilter, Operand, finding_assertion, finding_column,
};
use precedent_report::Lexicon;

/// A filter with ids in place of names of findings, and their details attached.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub filter: Filter,
    /// The mentions that it requires; not those that it excludes.
    pub wanted: Vec<MentionFilter>,
    /// Whether it refers to findings at all.
    pub asks: bool,
}

/// Replaces names by ids: `finding:"enlarged heart"` becomes the finding of that name or any kind of it, and `finding:*` any
/// finding except those that state that nothing is wrong. A field of the index that has the same name is left alone.
///
/// # Errors
/// A finding that is not in the lexicon.
pub(crate) fn resolve(
    filter: Filter,
    fields: &FieldSchema,
    lexicon: &Lexicon,
) -> Result<Resolved, Violation> {
    let mut asks = false;
    let filter = filter.map_compare(&mut |compare| match finding_assertion(&compare.field, fields) {
        None => {
            asks |= Detail::of_field(&compare.field, fields).is_some();
            Ok(Filter::Compare(compare))
        }
        Some(assertion) => {
            asks = true;
            any_of(&compare, lexicon, assertion)
        }
    })?;
    let filter = details::join(filter, fields, lexicon)?;
    let mut wanted = Vec::new();
    collect(&filter, true, fields, &mut wanted);
    Ok(Resolved { filter, wanted, asks })
}

/// Asks whether a report says so of a finding, as `finding:x` and `finding.absent:x` in filters do: of its kinds, or, where it is denied, of
/// what it is a kind of.
pub(crate) fn says(lexicon: &Lexicon, finding: &FindingId, assertion: Assertion) -> Filter {
    has_any(&related(lexicon, finding, assertion), assertion)
}

/// Asks whether a report says so of anything, as `finding:*` does.
pub(crate) fn says_anything(lexicon: &Lexicon, assertion: Assertion) -> Filter {
    has_any(&ids(&Operand::Present, lexicon, assertion), assertion)
}

/// Asks whether a report says so of any of these findings, which are taken as they are.
pub(crate) fn has_any(ids: &[FindingId], assertion: Assertion) -> Filter {
    let one = |id: &FindingId| {
        Filter::Compare(Compare {
            field: finding_column(assertion).to_owned(),
            kind: FieldKind::Keywords,
            comparison: Comparison::Has,
            operand: Operand::Keyword { folded: id.to_string(), any_prefix: false, any_suffix: false },
        })
    };
    match ids {
        [id] => one(id),
        ids => Filter::Or(ids.iter().map(one).collect()),
    }
}

/// The comparison, once for each finding that its value stands for.
fn any_of(compare: &Compare, lexicon: &Lexicon, assertion: Assertion) -> Result<Filter, Violation> {
    let ids = ids(&compare.operand, lexicon, assertion);
    if ids.is_empty() {
        let description = format!(
            "{} asks for a finding that the lexicon does not hold; ask for one by a name that it lists",
            compare.field
        );
        return Err(Violation::new("filter", description).because(Cause::UnknownFinding));
    }
    Ok(has_any(&ids, assertion))
}

/// The findings that a value stands for, and those that imply it: its kinds or, if it is denied, what it is a kind of. Sorted,
/// without duplicates.
fn ids(operand: &Operand, lexicon: &Lexicon, assertion: Assertion) -> Vec<FindingId> {
    let named: Vec<FindingId> = match operand {
        Operand::Keyword { folded, any_prefix: false, any_suffix: false } => {
            lexicon.find(folded).into_iter().collect()
        }
        Operand::Present => (lexicon.findings())
            .filter(|finding| !finding.normal)
            .map(|finding| FindingId::from(finding.id.as_str()))
            .collect(),
        _ => (lexicon.findings())
            .filter(|finding| fits(operand, &finding.id) || fits(operand, &fold_keyword(&finding.name)))
            .map(|finding| FindingId::from(finding.id.as_str()))
            .collect(),
    };
    let mut ids: Vec<FindingId> = named.iter().flat_map(|id| related(lexicon, id, assertion)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn fits(operand: &Operand, text: &str) -> bool {
    match operand {
        Operand::Keyword { folded, any_prefix, any_suffix } => match (any_prefix, any_suffix) {
            (true, true) => text.contains(folded.as_str()),
            (true, false) => text.ends_with(folded.as_str()),
            (false, true) => text.starts_with(folded.as_str()),
            (false, false) => text == folded,
        },
        Operand::Present | Operand::Integer(_) | Operand::Number(_) | Operand::Date(_) => false,
    }
}

/// The mentions under an even number of NOTs. A finding next to a filter of its mentions is already part of that filter.
fn collect(filter: &Filter, wanted: bool, fields: &FieldSchema, into: &mut Vec<MentionFilter>) {
    match filter {
        Filter::And(parts) => {
            let described = |named: &MentionFilter| {
                parts
                    .iter()
                    .any(|part| matches!(part, Filter::Mention(mention) if same_findings(mention, named)))
            };
            for part in parts {
                if details::named(part, fields).is_none_or(|named| !described(&named)) {
                    collect(part, wanted, fields, into);
                }
            }
        }
        Filter::Or(parts) => parts.iter().for_each(|part| collect(part, wanted, fields, into)),
        Filter::Not(inner) => collect(inner, !wanted, fields, into),
        Filter::Compare(_) if wanted => into.extend(details::named(filter, fields)),
        Filter::Mention(mention) if wanted => into.push(mention.clone()),
        Filter::Compare(_) | Filter::Mention(_) => {}
    }
}

fn same_findings(a: &MentionFilter, b: &MentionFilter) -> bool {
    a.assertion == b.assertion && a.findings == b.findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(fields: &[(&str, FieldKind)]) -> FieldSchema {
        FieldSchema::new(fields.iter().map(|&(name, kind)| (name.to_owned(), kind))).unwrap()
    }

    fn resolved(text: &str, fields: &FieldSchema) -> Result<Resolved, Violation> {
        resolve(Filter::parse(text, fields).unwrap(), fields, &Lexicon::bundled())
    }

    /// Checks that a filter with names resolves to the filter with ids.
    fn check(text: &str, expected: &str) {
        let fields = schema(&[("age", FieldKind::Integer)]);
        assert_eq!(resolved(text, &fields).unwrap().filter.to_string(), expected, "{text}");
    }

    #[test]
    fn any_name_of_a_finding_stands_for_its_id() {
        for name in ["granuloma", "\"Granuloma\"", "\" GRANULOMA \""] {
            check(&format!("finding:{name}"), "finding:\"granuloma\"");
        }
        check("finding.historical:cardiomegaly", "finding.historical:\"cardiomegaly\"");
        let denied = r#"finding.absent:"cardiomegaly" OR finding.absent:"enlarged-cardiomediastinum""#;
        check("finding.absent:cardiomegaly", denied);
        check("finding:\"enlarged heart\" AND age > 3", "finding:\"cardiomegaly\" AND age > 3");
        check("NOT finding:\"enlarged heart\"", "NOT finding:\"cardiomegaly\"");
        check("age > 3", "age > 3");
    }

    #[test]
    fn a_finding_stands_for_its_kinds_and_a_star_for_all_that_fit() {
        let none = FieldSchema::default();
        let lexicon = Lexicon::bundled();
        let ids = |text: &str| -> Vec<String> {
            let wanted = resolved(text, &none).unwrap().wanted;
            wanted.iter().flat_map(|mention| &mention.findings).map(|id| id.to_string()).collect()
        };
        let expected =
            |id: &str| -> Vec<String> { lexicon.narrower(id).iter().map(|id| id.to_string()).collect() };
        assert!(expected("lung-opacity").len() > 2);
        assert_eq!(ids("finding:\"lung opacity\""), expected("lung-opacity"));
        assert_eq!(ids("finding:*").len(), lexicon.findings().filter(|finding| !finding.normal).count());
        assert!(ids("finding:\"*effusion\"").contains(&"pleural-effusion".to_owned()));
        assert!(ids("finding:\"pleural *\"").contains(&"pleural-effusion".to_owned()), "by its name");
        assert!(ids("finding:\"*leural-eff*\"").contains(&"pleural-effusion".to_owned()), "by its id");
    }

    #[test]
    fn what_is_wanted_out_is_not_wanted() {
        let none = FieldSchema::default();
        let wanted = |text: &str| -> Vec<String> {
            let wanted = resolved(text, &none).unwrap().wanted;
            let show = |mention: &MentionFilter| {
                format!("{}/{}", mention.assertion.name(), mention.findings.join(","))
            };
            wanted.iter().map(show).collect()
        };
        assert_eq!(wanted("finding:granuloma AND NOT finding:cardiomegaly"), ["present/granuloma"]);
        assert_eq!(wanted("NOT (NOT finding.uncertain:granuloma)"), ["uncertain/granuloma"]);
        let out = resolved("-finding:granuloma", &none).unwrap();
        assert!(out.wanted.is_empty() && out.asks);
    }

    #[test]
    fn an_unknown_finding_is_refused_by_column_and_never_quoted() {
        for text in
            ["finding.absent:CANARY", "finding.absent:\"*CANARY\"", "age:3 OR NOT finding.absent:CANARY"]
        {
            let violation = resolved(text, &schema(&[("age", FieldKind::Integer)])).unwrap_err();
            assert_eq!(violation.field, "filter");
            assert!(violation.description.starts_with("finding.absent asks"), "{}", violation.description);
            assert!(violation.description.contains("by a name that it lists"));
            assert!(!violation.description.to_lowercase().contains("canary"));
        }
    }

    #[test]
    fn a_field_of_the_index_that_is_called_so_stays_its_own() {
        let own = schema(&[("finding", FieldKind::Keywords)]);
        let kept = resolved("finding:anything AND finding.absent:pneumothorax", &own).unwrap();
        let denied = r#"(finding.absent:"pleural-abnormality" OR finding.absent:"pneumothorax")"#;
        assert_eq!(kept.filter.to_string(), format!(r#"finding:"anything" AND {denied}"#));
        assert_eq!(kept.wanted.len(), 2, "what denies the broader finding denies this one");
    }
}
