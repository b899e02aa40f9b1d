//! Checks columns against the meaning of a filter, case by case.

use super::{Columns, ColumnsWriter, finding_columns};
use crate::segment::COLUMNS;
use crate::segment::table::TableFile;
use precedent_model::{
    Assertion, Case, CaseId, FieldKind, FieldSchema, FieldValue, Laterality, Mention, Reading, SectionKind,
    Sentence, Span,
};
use precedent_query::{
    Compare, Detail, DetailFilter, DetailTest, Filter, MENTION_COLUMN, MentionFilter, MentionKey, Operand,
    finding_assertion, finding_column,
};
use precedent_storage::{FaultStorage, SealedFile, SealedWriter};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::cell::Cell;

const IDS: [&str; 4] = ["atelectasis", "edema", "mass", "pulmonary-edema"];

/// A case: its labels and, if it has a report, the findings in it.
type Drawn = (Vec<&'static str>, Option<Vec<(SectionKind, &'static str, Assertion)>>);

fn schema(own_finding: bool) -> FieldSchema {
    let mut fields = vec![("label".to_owned(), FieldKind::Keywords)];
    fields.extend(own_finding.then(|| ("finding".to_owned(), FieldKind::Keywords)));
    FieldSchema::new(fields).unwrap()
}

/// A reading with one sentence per mention.
fn reading(said: &[(SectionKind, &'static str, Assertion)]) -> Reading {
    let span = Span { start: 0, end: 1 };
    let sentence = |&(kind, finding, assertion): &(SectionKind, &'static str, Assertion)| {
        let finding = finding.into();
        let (laterality, size, severity) = (None, None, None);
        let (places, times) = (Vec::new(), Vec::new());
        let mention = Mention {
            finding,
            span,
            assertion,
            laterality,
            larger: None,
            places,
            size,
            severity,
            times,
            overridden: false,
        };
        let (addendum, comparison, boilerplate) = (false, false, false);
        let (runs, mentions) = (Vec::new(), vec![mention]);
        Sentence { section: 0, kind, span, addendum, comparison, boilerplate, runs, mentions }
    };
    Reading { sentences: said.iter().map(sentence).collect(), warnings: Vec::new() }
}

fn keywords(texts: &[&str]) -> Vec<FieldValue> {
    texts.iter().map(|&text| FieldValue::Keyword(text.to_owned())).collect()
}

fn case(number: usize, labels: &[&str], schema: &FieldSchema) -> Case {
    let mut case = Case::new(CaseId::new(&format!("case-{number}")).unwrap());
    for name in ["label", "finding"] {
        if schema.kind(name).is_some() && !labels.is_empty() {
            case.fields.insert(name.to_owned(), keywords(labels));
        }
    }
    case
}

fn columns(cases: &[Drawn], schema: &FieldSchema) -> Columns {
    written(cases, schema, |_| {})
}

/// The columns of these cases, with what `more` adds to them.
fn written(cases: &[Drawn], schema: &FieldSchema, more: impl FnOnce(&mut ColumnsWriter)) -> Columns {
    let storage = FaultStorage::new();
    let writer = SealedWriter::create(&storage, COLUMNS.name, COLUMNS.kind).unwrap();
    let mut writer = ColumnsWriter::new(writer, schema);
    for (number, (labels, said)) in cases.iter().enumerate() {
        let reading = said.as_deref().map(reading);
        writer.push(&case(number, labels, schema), reading.as_ref());
    }
    more(&mut writer);
    let entry = writer.finish().unwrap();
    let file = SealedFile::open(&storage, COLUMNS.name, COLUMNS.kind, Some(&entry)).unwrap();
    Columns::open(TableFile::new(file, COLUMNS.name.to_owned()), schema).unwrap()
}

/// `finding:*` as an OR over all ids.
fn spelt_out(filter: Filter, schema: &FieldSchema) -> Filter {
    let any = |compare: Compare| -> Filter {
        let one = |id: &str| {
            let operand = Operand::Keyword { folded: id.to_owned(), any_prefix: false, any_suffix: false };
            Filter::Compare(Compare { operand, ..compare.clone() })
        };
        match compare.operand == Operand::Present && finding_assertion(&compare.field, schema).is_some() {
            true => Filter::Or(IDS.map(one).to_vec()),
            false => Filter::Compare(compare),
        }
    };
    filter.map_compare::<()>(&mut |compare| Ok(any(compare))).unwrap()
}

/// Whether the filter is true of one case, by its meaning.
fn meaning(filter: &Filter, number: usize, (labels, said): &Drawn, schema: &FieldSchema) -> Option<bool> {
    let findings = said.as_deref().map(|said| reading(said).findings());
    filter.matches(&|field| match (finding_assertion(field, schema), &findings) {
        (None, _) => case(number, labels, schema).fields.get(field).cloned().unwrap_or_default(),
        (Some(_), None) => Vec::new(),
        (Some(assertion), Some(findings)) => {
            let of_column = findings.iter().filter(|(_, said)| *said == assertion).map(|(id, _)| &**id);
            keywords(&std::iter::once("").chain(of_column).collect::<Vec<_>>())
        }
    })
}

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let mention = (
        prop::sample::select(SectionKind::ALL.to_vec()),
        prop::sample::select(IDS.to_vec()),
        prop::sample::select(Assertion::ALL.to_vec()),
    );
    let report = prop::option::weighted(0.8, prop::collection::vec(mention, 0..6));
    let labels = prop::collection::vec(prop::sample::select(IDS.to_vec()), 0..3);
    prop::collection::vec((labels, report), 0..20)
}

fn filter() -> impl Strategy<Value = String> {
    let fields = Assertion::ALL.map(finding_column).into_iter().chain(["label"]).collect::<Vec<_>>();
    let values = vec!["*", "atelectasis", "edema", "mass", "none", "\"*edema\"", "\"pulm*\"", "\"*a*\""];
    let leaf = (prop::sample::select(fields), prop::sample::select(values))
        .prop_map(|(field, value)| format!("{field}:{value}"));
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("NOT ({inner})")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join(" OR "))),
            prop::collection::vec(inner, 1..4).prop_map(|parts| format!("({})", parts.join(" AND "))),
        ]
    })
}

/// Asks one column for several values, which [`Columns`] answers by a shortcut.
fn kinds() -> impl Strategy<Value = String> {
    let ids = prop::collection::vec(prop::sample::select(IDS.to_vec()), 1..4);
    (prop::sample::select(vec!["finding", "finding.absent", "label"]), ids, any::<bool>()).prop_map(
        |(field, ids, not)| {
            let any = ids.iter().map(|id| format!("{field}:{id}")).collect::<Vec<_>>().join(" OR ");
            format!("{}({any})", if not { "NOT " } else { "" })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(7_031), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn columns_answer_what_a_filter_means(
        cases in drawn(),
        text in prop_oneof![filter(), kinds()],
        own_finding in any::<bool>(),
    ) {
        let schema = schema(own_finding);
        let columns = columns(&cases, &schema);
        let asked = Filter::parse(&text, &schema).unwrap();
        let spelt_out = spelt_out(asked.clone(), &schema);
        for filter in [&asked, &spelt_out] {
            let verdict = columns.evaluate(filter, &|| false).unwrap();
            for (number, drawn) in cases.iter().enumerate() {
                let answer = match (verdict.yes.contains(number as u32), verdict.no.contains(number as u32)) {
                    (true, false) => Some(true),
                    (false, true) => Some(false),
                    (false, false) => None,
                    (true, true) => panic!("{text} is true and false of case {number}"),
                };
                prop_assert_eq!(answer, meaning(&spelt_out, number, drawn, &schema), "{} of {}", filter, number);
            }
        }
    }
}

#[test]
fn a_segment_without_the_columns_knows_no_finding() {
    let schema = schema(false);
    let mut columns = columns(&[(vec!["mass"], Some(Vec::new())), (Vec::new(), None)], &schema);
    for (name, _) in finding_columns(&schema) {
        assert!(columns.columns.remove(name).is_some());
    }
    for text in ["finding:mass", "finding:*", "finding.absent:\"m*\"", "finding:mass OR finding:edema"] {
        let verdict = columns.evaluate(&Filter::parse(text, &schema).unwrap(), &|| false).unwrap();
        assert_eq!((verdict.yes.count(), verdict.no.count()), (0, 0), "{text}");
    }
    let label = columns.evaluate(&Filter::parse("label:*", &schema).unwrap(), &|| false).unwrap();
    assert_eq!((label.yes.count(), label.no.count()), (1, 1), "other fields are as they were");
}

const SIDES: [Option<Laterality>; 4] =
    [None, Some(Laterality::Left), Some(Laterality::Right), Some(Laterality::Bilateral)];

/// A report of mentions with sides, some of them corrected later.
fn described() -> impl Strategy<Value = Option<Reading>> {
    let mention = (
        prop::sample::select(IDS.to_vec()),
        prop::sample::select(Assertion::ALL[..3].to_vec()),
        prop::sample::select(SIDES.to_vec()),
        prop::sample::select(vec![SectionKind::Findings, SectionKind::Indication]),
        prop::bool::weighted(0.2),
    );
    prop::option::weighted(0.8, prop::collection::vec(mention, 0..5)).prop_map(|said| {
        said.map(|said| {
            let names: Vec<_> =
                said.iter().map(|&(id, assertion, _, kind, _)| (kind, id, assertion)).collect();
            let mut reading = reading(&names);
            for (sentence, (_, _, side, _, overridden)) in reading.sentences.iter_mut().zip(said) {
                sentence.mentions[0].laterality = side;
                sentence.mentions[0].overridden = overridden;
            }
            reading
        })
    })
}

fn mention_filter() -> impl Strategy<Value = MentionFilter> {
    let sides = prop::collection::vec(prop::sample::select(vec!["left", "right", "bilateral"]), 1..3);
    let test = (sides, 0..3).prop_map(|(sides, kind)| {
        let ids = sides.into_iter().map(str::to_owned).collect();
        match kind {
            0 => DetailTest::AnyOf(ids),
            1 => DetailTest::NoneOf(ids),
            _ => DetailTest::Said,
        }
    });
    let findings = prop::sample::subsequence(IDS.to_vec(), 0..IDS.len());
    let details = prop::option::of(test);
    (findings, prop::sample::select(Assertion::ALL[..3].to_vec()), details).prop_map(
        |(ids, assertion, test)| {
            let detail = |test| vec![DetailFilter { detail: Detail::Side, test }];
            let findings = ids.into_iter().map(Into::into).collect();
            MentionFilter { assertion, findings, details: test.map(detail).into_iter().collect() }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(7_032), failure_persistence: None, ..ProptestConfig::default() })]

    /// The column gives the same answer as going through all mentions of all reports.
    #[test]
    fn columns_answer_what_a_filter_of_mentions_means(
        readings in prop::collection::vec(described(), 0..20),
        filter in mention_filter(),
    ) {
        let schema = schema(false);
        let storage = FaultStorage::new();
        let mut writer =
            ColumnsWriter::new(SealedWriter::create(&storage, COLUMNS.name, COLUMNS.kind).unwrap(), &schema);
        for (number, reading) in readings.iter().enumerate() {
            writer.push(&case(number, &[], &schema), reading.as_ref());
        }
        let entry = writer.finish().unwrap();
        let file = SealedFile::open(&storage, COLUMNS.name, COLUMNS.kind, Some(&entry)).unwrap();
        let columns = Columns::open(TableFile::new(file, COLUMNS.name.to_owned()), &schema).unwrap();
        let whole = Filter::Mention(filter.clone());
        let verdict = columns.evaluate(&whole, &|| false).unwrap();
        for (number, reading) in readings.iter().enumerate() {
            let fits = |mention: &Mention| {
                let text = MentionKey::text_of(mention);
                filter.fits(&MentionKey::parse(&text).unwrap())
            };
            let expected = reading.as_ref().map(|reading| reading.standing_mentions().any(fits));
            let (yes, no) = (verdict.yes.contains(number as u32), verdict.no.contains(number as u32));
            prop_assert_eq!((yes, no), (expected == Some(true), expected == Some(false)), "case {}", number);
            let meant = whole.matches(&|field| match reading {
                Some(reading) if field == MENTION_COLUMN => {
                    let texts = reading.standing_mentions().map(MentionKey::text_of);
                    texts.chain([String::new()]).map(FieldValue::Keyword).collect()
                }
                _ => Vec::new(),
            });
            prop_assert_eq!(meant, expected);
        }
    }
}

/// Earlier programs stored keywords in lower case only: they are found by today's folding, as today's are.
#[test]
fn keywords_of_an_earlier_rule_are_found_by_todays() {
    let schema = schema(false);
    let cases: Vec<Drawn> =
        vec![(vec!["K\u{f6}ln"], None), (vec![], None), (vec![], None), (vec!["leeds"], None)];
    let columns = written(&cases, &schema, |writer| {
        writer.push_stored("label", "k\u{f6}ln", 1);
        writer.push_stored("label", "ko\u{308}ln", 2);
    });
    let found = |filter: &str| -> Vec<usize> {
        let verdict = columns.evaluate(&Filter::parse(filter, &schema).unwrap(), &|| false).unwrap();
        (0..cases.len()).filter(|&ordinal| verdict.yes.contains(ordinal as u32)).collect()
    };
    assert_eq!(found("label:\"K\u{f6}ln\""), [0, 1, 2]);
    assert_eq!(found("label:koln"), [0, 1, 2]);
    assert_eq!(found("label:\"ko*\""), [0, 1, 2]);
    assert_eq!(found("NOT label:koln"), [3]);
    assert_eq!(columns.with_keyword("label", "KO\u{308}LN").unwrap(), [0, 1, 2]);
}

/// Values with the same prefix are adjacent; testing each would call `stop` after every thousand.
#[test]
fn a_beginning_is_looked_up_and_not_tested_value_by_value() {
    let schema = schema(false);
    let columns = columns(&vec![(Vec::new(), None); 5_000], &schema);
    let evaluate = |filter: &str| {
        let asked = Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            false
        };
        let verdict = columns.evaluate(&Filter::parse(filter, &schema).unwrap(), &stop).unwrap();
        assert!(asked.get() <= 2, "{filter}: asked {} times", asked.get());
        verdict
    };
    let found = evaluate("case_id = \"CASE-499*\"");
    assert!(found.yes.iter().eq([499].into_iter().chain(4_990..5_000)));
    let others = evaluate("case_id != \"case-499*\"");
    assert_eq!((others.no, others.yes), (found.yes, found.no));
    assert_eq!(evaluate("case_id = \"d*\"").yes.count(), 0);
}
