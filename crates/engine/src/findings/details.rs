//! Side, place, severity, time and size in a filter, attached to the finding they describe.

use super::fits;
use crate::Violation;
use precedent_model::{Assertion, FieldSchema, Laterality};
use precedent_query::{
    Compare, Comparison, Detail, DetailFilter, DetailTest, Filter, MentionFilter, Operand, finding_assertion,
};
use precedent_report::{Groups, Lexicon};

/// Replaces details by filters of mentions. A detail describes the finding before it in the same AND or, if there is none, the
/// first one after it, or else any finding that is present. All details of one finding must hold for a single mention; under a
/// NOT, none of its mentions may have them.
///
/// # Errors
/// A side, place, severity or time that is not in the lexicon.
pub(super) fn join(filter: Filter, fields: &FieldSchema, lexicon: &Lexicon) -> Result<Filter, Violation> {
    let joining = Joining { fields, lexicon };
    joining.join(filter)
}

/// The findings that this part of a filter names under one assertion, as a filter of their mentions.
pub(super) fn named(filter: &Filter, fields: &FieldSchema) -> Option<MentionFilter> {
    let parts = match filter {
        Filter::Compare(_) => std::slice::from_ref(filter),
        Filter::Or(parts) => parts.as_slice(),
        Filter::And(_) | Filter::Not(_) | Filter::Mention(_) => return None,
    };
    let mut assertion = None;
    let mut findings = Vec::with_capacity(parts.len());
    for part in parts {
        let Filter::Compare(Compare { field, operand: Operand::Keyword { folded, .. }, .. }) = part else {
            return None;
        };
        let said = finding_assertion(field, fields)?;
        if assertion.is_some_and(|other| other != said) {
            return None;
        }
        assertion = Some(said);
        findings.push(folded.as_str().into());
    }
    findings.sort_unstable();
    Some(MentionFilter { assertion: assertion?, findings, details: Vec::new() })
}

struct Joining<'a> {
    fields: &'a FieldSchema,
    lexicon: &'a Lexicon,
}

impl Joining<'_> {
    fn join(&self, filter: Filter) -> Result<Filter, Violation> {
        match filter {
            Filter::And(parts) => self.join_all(parts),
            Filter::Not(inner) => Ok(Filter::Not(Box::new(self.join(*inner)?))),
            other => match self.details(&other)? {
                Some(any) => Ok(Filter::Mention(MentionFilter { details: vec![any], ..anything() })),
                None => match other {
                    Filter::Or(parts) => Ok(Filter::Or(
                        parts.into_iter().map(|part| self.join(part)).collect::<Result<_, _>>()?,
                    )),
                    other => Ok(other),
                },
            },
        }
    }

    fn join_all(&self, parts: Vec<Filter>) -> Result<Filter, Violation> {
        let owners: Vec<Option<MentionFilter>> = parts.iter().map(|part| named(part, self.fields)).collect();
        let owner = |place: usize| {
            let before = owners[..place].iter().rev().flatten().next();
            before.or_else(|| owners[place..].iter().flatten().next()).cloned().unwrap_or_else(anything)
        };
        let mut joined = Vec::with_capacity(parts.len());
        let mut mentions: Vec<MentionFilter> = Vec::new();
        for (place, part) in parts.into_iter().enumerate() {
            if let Some(any) = self.details(&part)? {
                let mut mention = owner(place);
                match mentions.iter_mut().find(|known| super::same_findings(known, &mention)) {
                    Some(known) => known.details.push(any),
                    None => {
                        mention.details.push(any);
                        mentions.push(mention);
                    }
                }
            } else if let Filter::Not(inner) = &part
                && let Some(any) = self.details(inner)?
            {
                let mention = MentionFilter { details: vec![any], ..owner(place) };
                joined.push(Filter::Not(Box::new(Filter::Mention(mention))));
            } else {
                joined.push(self.join(part)?);
            }
        }
        joined.extend(mentions.into_iter().map(Filter::Mention));
        Ok(Filter::And(joined))
    }

    /// The details, of which one must hold, if this part asks for nothing else.
    fn details(&self, filter: &Filter) -> Result<Option<Vec<DetailFilter>>, Violation> {
        let parts = match filter {
            Filter::Compare(_) => std::slice::from_ref(filter),
            Filter::Or(parts) => parts.as_slice(),
            Filter::And(_) | Filter::Not(_) | Filter::Mention(_) => return Ok(None),
        };
        let mut details = Vec::with_capacity(parts.len());
        for part in parts {
            let Filter::Compare(compare) = part else { return Ok(None) };
            let Some(detail) = Detail::of_field(&compare.field, self.fields) else { return Ok(None) };
            details.push(DetailFilter { detail, test: self.test(detail, compare)? });
        }
        Ok(Some(details))
    }

    fn test(&self, detail: Detail, compare: &Compare) -> Result<DetailTest, Violation> {
        let ids = match &compare.operand {
            Operand::Present => return Ok(DetailTest::Said),
            Operand::Number(number) => return Ok(DetailTest::Size(compare.comparison, *number)),
            operand => self.ids(detail, operand),
        };
        if ids.is_empty() {
            return Err(self.unknown(detail));
        }
        Ok(match compare.comparison {
            Comparison::NotEqual => DetailTest::NoneOf(ids),
            _ => DetailTest::AnyOf(ids),
        })
    }

    /// The ids that a value stands for: a name's id with everything within it, or every id that matches its wildcards.
    fn ids(&self, detail: Detail, operand: &Operand) -> Vec<String> {
        let Some(groups) = self.groups(detail) else {
            let sides = SIDES.into_iter().filter(|side| fits(operand, side.name()));
            return sides.map(|side| side.name().to_owned()).collect();
        };
        match operand {
            Operand::Keyword { folded, any_prefix: false, any_suffix: false } => {
                let id = match detail {
                    Detail::Place => self.lexicon.find_place(folded),
                    Detail::Severity => self.lexicon.find_severity(folded),
                    _ => self.lexicon.find_time(folded),
                };
                id.map_or_else(Vec::new, |id| groups.inside(&id)).iter().map(|id| id.to_string()).collect()
            }
            _ => groups.ids().filter(|id| fits(operand, id)).map(|id| id.to_string()).collect(),
        }
    }

    fn groups(&self, detail: Detail) -> Option<&Groups> {
        match detail {
            Detail::Place => Some(self.lexicon.places()),
            Detail::Severity => Some(self.lexicon.severities()),
            Detail::Time => Some(self.lexicon.times()),
            Detail::Side | Detail::LargerSide | Detail::SizeMm => None,
        }
    }

    /// The value is not repeated, because it may be anything.
    fn unknown(&self, detail: Detail) -> Violation {
        let known: Vec<String> = match self.groups(detail) {
            Some(groups) => groups.ids().map(|id| id.to_string()).collect(),
            None => SIDES.map(|side| side.name().to_owned()).into(),
        };
        let description = format!(
            "{} has a value that the lexicon does not hold; it holds {}",
            detail.field(),
            known.join(", ")
        );
        Violation::new("filter", description)
    }
}

const SIDES: [Laterality; 3] = [Laterality::Left, Laterality::Right, Laterality::Bilateral];

/// Any finding that is present.
fn anything() -> MentionFilter {
    MentionFilter { assertion: Assertion::Present, findings: Vec::new(), details: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::super::resolve;
    use super::*;
    use std::sync::Arc;

    fn resolved(text: &str) -> Result<String, String> {
        let fields = FieldSchema::new([("age".to_owned(), precedent_model::FieldKind::Integer)]).unwrap();
        let lexicon: Arc<Lexicon> = Lexicon::bundled();
        let filter = Filter::parse(text, &fields).unwrap();
        let resolved = resolve(filter, &fields, &lexicon).map_err(|violation| violation.description)?;
        let wanted: Vec<String> = resolved.wanted.iter().map(MentionFilter::to_string).collect();
        Ok(format!("{} => {}", resolved.filter, wanted.join("; ")))
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(resolved(text).unwrap(), expected, "{text}");
    }

    const MODERATE: &str = r#"finding:"bronchiectasis" AND finding.severity = "moderate""#;
    const LEFT: &str = r#"finding:"granuloma" AND finding.side = "left""#;

    #[test]
    fn details_are_about_the_finding_before_them() {
        check(LEFT, &format!(r#"finding:"granuloma" AND ({LEFT}) => {LEFT}"#));
        check(
            r#"finding.side = left AND finding:granuloma AND age > 3"#,
            &format!(r#"finding:"granuloma" AND age > 3 AND ({LEFT}) => {LEFT}"#),
        );
        check(
            "finding:granuloma AND finding.side = left AND finding:bronchiectasis AND finding.severity = moderate",
            &format!(
                r#"finding:"granuloma" AND finding:"bronchiectasis" AND ({LEFT}) AND ({MODERATE}) => {LEFT}; {MODERATE}"#
            ),
        );
    }

    #[test]
    fn several_details_are_about_one_mention_and_a_choice_is_a_choice() {
        check(
            "finding:bronchiectasis AND finding.size_mm >= 10 AND (finding.side = left OR finding.time = new)",
            r#"finding:"bronchiectasis" AND (finding:"bronchiectasis" AND finding.size_mm >= 10.0 AND (finding.side = "left" OR finding.time = "new")) => finding:"bronchiectasis" AND finding.size_mm >= 10.0 AND (finding.side = "left" OR finding.time = "new")"#,
        );
    }

    const NO_BRONCHIECTASIS: &str = r#"finding.absent:"bronchiectasis""#;

    #[test]
    fn a_detail_alone_is_about_any_finding_and_a_denied_one_about_every_mention() {
        check("finding.side = right", r#"finding.side = "right" => finding.side = "right""#);
        check(
            "finding:bronchiectasis AND NOT finding.side = right",
            r#"finding:"bronchiectasis" AND NOT (finding:"bronchiectasis" AND finding.side = "right") => finding:"bronchiectasis""#,
        );
        check(
            "finding.absent:bronchiectasis AND finding.side != right",
            &format!(
                r#"{NO_BRONCHIECTASIS} AND ({NO_BRONCHIECTASIS} AND finding.side != "right") => {NO_BRONCHIECTASIS} AND finding.side != "right""#
            ),
        );
    }

    #[test]
    fn a_place_stands_for_what_lies_within_it() {
        assert_eq!(
            resolved("finding.place = \"Lower lobe\"").unwrap(),
            resolved("finding.place = lower").unwrap()
        );
        let shown = resolved("finding.place = elbow").unwrap_err();
        assert!(
            shown.starts_with(
                "finding.place has a value that the lexicon does not hold; it holds abdomen, apex"
            ),
            "{shown}"
        );
        let shown = resolved("finding.place = lower").unwrap();
        assert!(shown.starts_with(r#"(finding.place = "lower" OR finding.place = "base""#), "{shown}");
        assert!(resolved("finding.side = up").unwrap_err().ends_with("it holds left, right, bilateral"));
    }
}
