//! Generated filters.

use super::{Filter, MAX_FILTER_DEPTH};
use precedent_model::{FieldKind, FieldSchema, FieldValue};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn schema() -> FieldSchema {
    FieldSchema::new([
        ("modality".into(), FieldKind::Keyword),
        ("problems".into(), FieldKind::Keywords),
        ("age".into(), FieldKind::Integer),
        ("kvp".into(), FieldKind::Number),
        ("study_date".into(), FieldKind::Date),
    ])
    .unwrap()
}

/// A filter as a tree, with choices for everything that its text leaves open.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(String),
    Not { inner: Box<Tree>, minus: bool },
    And { parts: Vec<Tree>, spelt: bool },
    Or(Vec<Tree>),
}

impl Tree {
    fn write(&self) -> String {
        let join = |parts: &[Tree], by: &str| {
            parts.iter().map(|part| format!("({})", part.write())).collect::<Vec<_>>().join(by)
        };
        match self {
            Self::Leaf(text) => text.clone(),
            Self::Not { inner, minus: true } => format!("-({})", inner.write()),
            Self::Not { inner, minus: false } => format!("NOT ({})", inner.write()),
            Self::And { parts, spelt } => join(parts, if *spelt { " AND " } else { " " }),
            Self::Or(parts) => join(parts, " OR "),
        }
    }

    /// What the parser should give if every leaf were a filter of its own: Kleene's tables as minimum and maximum.
    fn truth(&self, lookup: &dyn Fn(&str) -> Vec<FieldValue>) -> i8 {
        match self {
            Self::Leaf(text) => match Filter::parse(text, &schema()).unwrap().matches(lookup) {
                Some(true) => 1,
                None => 0,
                Some(false) => -1,
            },
            Self::Not { inner, .. } => -inner.truth(lookup),
            Self::And { parts, .. } => parts.iter().map(|part| part.truth(lookup)).min().unwrap(),
            Self::Or(parts) => parts.iter().map(|part| part.truth(lookup)).max().unwrap(),
        }
    }
}

fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|c| matches!(c, '"' | '\\' | '*').then_some('\\').into_iter().chain([c]))
        .collect();
    format!("\"{escaped}\"")
}

fn leaf() -> impl Strategy<Value = Tree> {
    let text = prop_oneof!["[abAB]{1,3}", "\\PC{1,8}"].prop_filter("blank", |text| !text.trim().is_empty());
    let star = prop_oneof![Just(""), Just("*")];
    let keyword = (star.clone(), text, star).prop_map(|(before, text, behind)| {
        let quoted = quoted(&text);
        format!("\"{before}{}{behind}\"", &quoted[1..quoted.len() - 1])
    });
    let number = prop_oneof![Just("<"), Just("<="), Just(">"), Just(">="), Just("="), Just("!="), Just(":")];
    prop_oneof![
        (prop_oneof![Just("="), Just("!="), Just(":")], keyword.clone())
            .prop_map(|(sign, value)| format!("modality {sign} {value}")),
        keyword.clone().prop_map(|value| format!("problems:{value}")),
        (prop_oneof![Just("finding"), Just("finding.absent")], keyword)
            .prop_map(|(field, value)| format!("{field}:{value}")),
        (number.clone(), -3_i64..3).prop_map(|(sign, value)| format!("age {sign} {value}")),
        (number.clone(), any::<f64>().prop_filter("finite", |number| number.is_finite()))
            .prop_map(|(sign, value)| format!("kvp {sign} {value:?}")),
        (number, "20(19|20)(-0[12](-0[1-4])?)?")
            .prop_map(|(sign, value)| format!("study_date {sign} {value}")),
        prop_oneof![Just("age:*"), Just("problems:*"), Just("patient_id:*")].prop_map(str::to_owned),
    ]
    .prop_map(Tree::Leaf)
}

fn tree() -> impl Strategy<Value = Tree> {
    leaf().prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            (inner.clone(), any::<bool>())
                .prop_map(|(inner, minus)| Tree::Not { inner: Box::new(inner), minus }),
            (prop::collection::vec(inner.clone(), 1..4), any::<bool>())
                .prop_map(|(parts, spelt)| Tree::And { parts, spelt }),
            prop::collection::vec(inner, 1..4).prop_map(Tree::Or),
        ]
    })
}

/// The texts of a case by field; an empty list means that there is no value.
fn case() -> impl Strategy<Value = Vec<(&'static str, Vec<String>)>> {
    (
        prop::collection::vec("[abAB]{1,3}", 0..2),
        prop::collection::vec("[abAB]{1,3}", 0..3),
        prop::collection::vec("-?[0-3]", 0..2),
        prop::collection::vec("20(19|20)(-0[12](-0[1-4])?)?", 0..2),
    )
        .prop_map(|(modality, problems, age, date)| {
            vec![("modality", modality), ("problems", problems), ("age", age), ("study_date", date)]
        })
}

fn words() -> impl Strategy<Value = String> {
    const WORDS: [&str; 29] = [
        "finding",
        "finding.absent",
        "finding.",
        "(",
        ")",
        "-",
        "AND",
        "OR",
        "NOT",
        "age",
        "modality",
        "problems",
        "study_date",
        "=",
        "!=",
        "<",
        ">=",
        ":",
        "*",
        "\"",
        "'",
        "\\",
        "1",
        "2019",
        "DX",
        ",",
        ".",
        " ",
        "é",
    ];
    prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..40).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(20_261), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn canonical_text_reads_back_as_the_same_filter(tree in tree()) {
        let filter = Filter::parse(&tree.write(), &schema()).unwrap();
        let text = filter.to_string();
        prop_assert_eq!(&Filter::parse(&text, &schema()).unwrap(), &filter, "{}", text);
    }

    #[test]
    fn the_whole_is_what_its_parts_make_it(tree in tree(), case in case()) {
        let schema = schema();
        let lookup = |name: &str| {
            case.iter().find(|(field, _)| *field == name).map_or(vec![], |(field, texts)| {
                schema.parse_values(field, texts.iter().map(String::as_str)).unwrap()
            })
        };
        let truth = match Filter::parse(&tree.write(), &schema).unwrap().matches(&lookup) {
            Some(true) => 1,
            None => 0,
            Some(false) => -1,
        };
        prop_assert_eq!(truth, tree.truth(&lookup), "{}", tree.write());
    }

    #[test]
    fn any_text_is_a_filter_or_an_error_with_a_place(text in prop_oneof![any::<String>(), words()]) {
        match Filter::parse(&text, &schema()) {
            Ok(filter) => prop_assert_eq!(&Filter::parse(&filter.to_string(), &schema()).unwrap(), &filter),
            Err(error) => prop_assert!(text.is_char_boundary(error.position), "{}", error),
        }
    }

    #[test]
    fn depth_never_overflows(depth in 0..8000_usize, opening in prop_oneof![Just("("), Just("-("), Just("NOT (")]) {
        let text = opening.repeat(depth.min(8000 / opening.len()));
        let result = Filter::parse(&text, &schema());
        prop_assert!(result.is_err() || text.is_empty());
        if text.len() > opening.len() * MAX_FILTER_DEPTH {
            prop_assert!(result.unwrap_err().problem.contains("deeper"));
        }
    }
}
