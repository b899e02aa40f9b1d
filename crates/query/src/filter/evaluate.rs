//! Evaluates a filter for one case.

use super::{Compare, Comparison, Filter, MENTION_COLUMN, MentionFilter, MentionKey, Operand, fold};
use precedent_model::{FieldValue, PartialDate};
use std::cmp::Ordering;

impl Filter {
    /// Whether the filter is true of one case, whose values `lookup` returns by field; `None` if unknown.
    ///
    /// This defines the meaning of a filter, case by case; an index gives the same answer from its columns. For a case with a
    /// report, the lookup of a findings column must return the ids and an empty text, so that all other findings are false;
    /// `finding:*` stands for all ids of the lexicon, which must have replaced it ([`Filter::map_compare`]).
    pub fn matches(&self, lookup: &dyn Fn(&str) -> Vec<FieldValue>) -> Option<bool> {
        match self {
            Self::And(parts) => all(parts.iter().map(|part| part.matches(lookup))),
            Self::Or(parts) => not(all(parts.iter().map(|part| not(part.matches(lookup))))),
            Self::Not(inner) => not(inner.matches(lookup)),
            Self::Compare(compare) => compare.matches(&lookup(&compare.field)),
            Self::Mention(mention) => mention.matches(&lookup(MENTION_COLUMN)),
        }
    }
}

fn not(truth: Option<bool>) -> Option<bool> {
    truth.map(|truth| !truth)
}

/// False if one is false, else unknown if one is unknown, else true.
fn all(truths: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut whole = Some(true);
    for truth in truths {
        match truth {
            Some(false) => return Some(false),
            None => whole = None,
            Some(true) => {}
        }
    }
    whole
}

impl MentionFilter {
    /// For a case with these mentions and an empty text, or with no values if it has no report.
    fn matches(&self, values: &[FieldValue]) -> Option<bool> {
        let fits = |value: &FieldValue| match value {
            FieldValue::Keyword(text) => MentionKey::parse(text).is_some_and(|mention| self.fits(&mention)),
            FieldValue::Integer(_) | FieldValue::Number(_) | FieldValue::Date(_) => false,
        };
        (!values.is_empty()).then(|| values.iter().any(fits))
    }
}

impl Compare {
    /// Whether the comparison is true of one value; `None` if the value is too coarse to tell, or is of another kind.
    ///
    /// For days, where the value lies anywhere in `v1..=v2` and the operand stands for all of `o1..=o2`:
    ///
    /// | comparison | true | false |
    /// |---|---|---|
    /// | `=`  | `o1 <= v1` and `v2 <= o2` | `v2 < o1` or `o2 < v1` |
    /// | `<`  | `v2 < o1` | `o1 <= v1` |
    /// | `<=` | `v2 <= o2` | `o2 < v1` |
    ///
    /// `!=`, `>=` and `>` are their opposites.
    pub fn test(&self, value: &FieldValue) -> Option<bool> {
        match (&self.operand, value) {
            (Operand::Present, _) => Some(true),
            (Operand::Keyword { folded, any_prefix, any_suffix }, FieldValue::Keyword(text)) => {
                let text = fold(&self.field, text);
                let fits = match (any_prefix, any_suffix) {
                    (false, false) => text == *folded,
                    (true, false) => text.ends_with(folded),
                    (false, true) => text.starts_with(folded),
                    (true, true) => text.contains(folded),
                };
                self.by_equality(Some(fits))
            }
            (Operand::Integer(operand), FieldValue::Integer(value)) => {
                Some(self.by_order(value.cmp(operand)))
            }
            (Operand::Number(operand), FieldValue::Number(value)) => {
                value.partial_cmp(operand).map(|order| self.by_order(order))
            }
            (Operand::Date(operand), FieldValue::Date(value)) => self.by_days(*value, *operand),
            _ => None,
        }
    }

    /// Whether the comparison is true of a case with these values.
    fn matches(&self, values: &[FieldValue]) -> Option<bool> {
        if self.operand == Operand::Present {
            return Some(!values.is_empty());
        }
        if values.is_empty() {
            return None;
        }
        // True if one is true, else unknown if one is unknown, else false.
        not(all(values.iter().map(|value| not(self.test(value)))))
    }

    /// Texts have no order, so comparisons that need one are unknown; the parser refuses them.
    fn by_equality(&self, equal: Option<bool>) -> Option<bool> {
        match self.comparison {
            Comparison::Equal | Comparison::Has => equal,
            Comparison::NotEqual => not(equal),
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => {
                None
            }
        }
    }

    fn by_order(&self, order: Ordering) -> bool {
        match self.comparison {
            Comparison::Equal | Comparison::Has => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }

    fn by_days(&self, value: PartialDate, operand: PartialDate) -> Option<bool> {
        let (v1, v2) = (value.first_day(), value.last_day());
        let (o1, o2) = (operand.first_day(), operand.last_day());
        let decided = |yes: bool, no: bool| (yes || no).then_some(yes);
        let equal = decided(o1 <= v1 && v2 <= o2, v2 < o1 || o2 < v1);
        let before = decided(v2 < o1, o1 <= v1);
        let before_or_in = decided(v2 <= o2, o2 < v1);
        match self.comparison {
            Comparison::Equal | Comparison::Has => equal,
            Comparison::NotEqual => not(equal),
            Comparison::Less => before,
            Comparison::GreaterOrEqual => not(before),
            Comparison::LessOrEqual => before_or_in,
            Comparison::Greater => not(before_or_in),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{FieldKind, FieldSchema};

    fn truth(filter: &str, field: &str, kind: FieldKind, values: &[&str]) -> Option<bool> {
        let schema = FieldSchema::new([(field.to_owned(), kind)]).unwrap();
        let values = schema.parse_values(field, values.iter().copied()).unwrap();
        Filter::parse(filter, &schema)
            .unwrap()
            .matches(&|name| if name == field { values.clone() } else { vec![] })
    }

    fn date(comparator: &str, operand: &str, value: &str) -> Option<bool> {
        truth(&format!("d {comparator} \"{operand}\""), "d", FieldKind::Date, &[value])
    }

    /// All six comparators in one line: `t`, `f` or `?` for `=`, `!=`, `<`, `<=`, `>`, `>=`.
    fn six(operand: &str, value: &str) -> String {
        ["=", "!=", "<", "<=", ">", ">="]
            .map(|comparator| match date(comparator, operand, value) {
                Some(true) => 't',
                Some(false) => 'f',
                None => '?',
            })
            .iter()
            .collect()
    }

    #[test]
    fn dates_compare_as_ranges() {
        assert_eq!(six("2019-05-03", "2019-05-03"), "tfftft");
        assert_eq!(six("2019-05-03", "2019-05-02"), "ftttff");
        assert_eq!(six("2019-05-03", "2019-05-04"), "ftfftt");
        assert_eq!(six("2020", "2020-06-30"), "tfftft", "a day in the year");
        assert_eq!(six("2020", "2020"), "tfftft", "the same year, whatever the day");
        assert_eq!(six("2020", "2019-12-31"), "ftttff");
        assert_eq!(six("2020", "2021"), "ftfftt");
        assert_eq!(six("2019-05", "2019"), "??????", "before, in or after May");
        assert_eq!(six("2019-01", "2019"), "??f??t", "never before January");
        assert_eq!(six("2019-12", "2019"), "???tf?", "never after December");
        assert_eq!(six("2019-12-31", "2019-12"), "???tf?");
    }

    /// Tries every day that the value may stand for; only if all agree is there an answer.
    #[test]
    fn ranges_agree_with_their_days() {
        let texts = [
            "2019",
            "2020",
            "2019-12",
            "2020-01",
            "2020-02",
            "2019-12-31",
            "2020-01-01",
            "2020-02-29",
            "2021",
        ];
        for operand in texts.map(|text| PartialDate::parse("d", text).unwrap()) {
            for value in texts.map(|text| PartialDate::parse("d", text).unwrap()) {
                for comparison in [
                    Comparison::Equal,
                    Comparison::NotEqual,
                    Comparison::Less,
                    Comparison::LessOrEqual,
                    Comparison::Greater,
                    Comparison::GreaterOrEqual,
                ] {
                    let on = |day: i32| match comparison {
                        Comparison::NotEqual => !(operand.first_day()..=operand.last_day()).contains(&day),
                        Comparison::Less => day < operand.first_day(),
                        Comparison::LessOrEqual => day <= operand.last_day(),
                        Comparison::Greater => day > operand.last_day(),
                        Comparison::GreaterOrEqual => day >= operand.first_day(),
                        _ => (operand.first_day()..=operand.last_day()).contains(&day),
                    };
                    let first = on(value.first_day());
                    let agree = (value.first_day()..=value.last_day()).all(|day| on(day) == first);
                    let operand = Operand::Date(operand);
                    let compare = Compare { field: "d".into(), kind: FieldKind::Date, comparison, operand };
                    assert_eq!(
                        compare.test(&FieldValue::Date(value)),
                        agree.then_some(first),
                        "{value} {compare}"
                    );
                }
            }
        }
    }

    #[test]
    fn keywords_fold_and_take_stars() {
        let view = |filter: &str, value: &str| truth(filter, "view", FieldKind::Keyword, &[value]);
        assert_eq!(view("view = dx", " DX "), Some(true));
        assert_eq!(view("view != dx", "DX"), Some(false));
        assert_eq!(view("view:DX", "dx"), Some(true));
        assert_eq!(view("view = ap*", "AP Supine"), Some(true));
        assert_eq!(view("view = 'ap *'", "AP"), Some(false));
        assert_eq!(view("view = *supine", "AP Supine"), Some(true));
        assert_eq!(view("view = '*p s*'", "AP Supine"), Some(true));
        assert_eq!(view("view != '*p s*'", "AP Supine"), Some(false));
        assert_eq!(view(r"view = 'a\*'", "a*"), Some(true));
        assert_eq!(view(r"view = 'a\*'", "ab"), Some(false));
    }

    #[test]
    fn of_several_values_one_is_enough() {
        let labels = |filter: &str, values: &[&str]| truth(filter, "label", FieldKind::Keywords, values);
        assert_eq!(labels("label:edema", &["Effusion", "Edema"]), Some(true));
        assert_eq!(labels("NOT label:edema", &["Effusion", "Edema"]), Some(false));
        assert_eq!(labels("label:edema", &["Effusion"]), Some(false));
        assert_eq!(labels("label:edema", &[]), None);
    }

    #[test]
    fn findings_are_unknown_without_a_report_and_false_where_it_names_others() {
        let report = |ids: &[&str]| ids.iter().map(|&id| FieldValue::Keyword(id.into())).collect::<Vec<_>>();
        let truth = |filter: &str, values: Vec<FieldValue>| {
            let lookup = |name: &str| if name == "finding.absent" { values.clone() } else { report(&[""]) };
            Filter::parse(filter, &FieldSchema::default()).unwrap().matches(&lookup)
        };
        assert_eq!(truth("finding.absent:mass", report(&["", "mass"])), Some(true));
        assert_eq!(truth("finding:mass", report(&["", "mass"])), Some(false), "it is in another column");
        assert_eq!(truth("finding.absent:mass", report(&["", "edema"])), Some(false));
        assert_eq!(truth("NOT finding.absent:mass", report(&[""])), Some(true));
        assert_eq!(truth("finding.absent:mass", report(&[])), None);
        assert_eq!(truth("NOT finding.absent:mass", report(&[])), None);
        assert_eq!(truth("finding.absent:*a*", report(&[""])), Some(false), "no star fits the empty text");
    }

    #[test]
    fn numbers_have_every_comparator() {
        let age = |filter: &str| truth(filter, "age", FieldKind::Integer, &["60"]).unwrap();
        assert!(age("age = 60") && age("age:60") && age("age >= 60") && age("age <= 60") && age("age > -61"));
        assert!(!age("age != 60") && !age("age < 60") && !age("age > 60"));
        assert_eq!(truth("kvp < 1.5e2", "kvp", FieldKind::Number, &["149.9"]), Some(true));
    }

    #[test]
    fn a_missing_value_is_unknown_but_its_absence_is_not() {
        let none = |filter: &str| truth(filter, "age", FieldKind::Integer, &[]);
        assert_eq!(none("age > 1"), None);
        assert_eq!(none("NOT age > 1"), None);
        assert_eq!(none("age > 1 OR age <= 1"), None);
        assert_eq!(none("age > 1 OR NOT age:*"), Some(true));
        assert_eq!(none("age > 1 AND age:*"), Some(false));
        assert_eq!(none("-age:*"), Some(true));
        assert_eq!(none(""), Some(true));
    }
}
