//! BM25 the plain way, in 64 bits and without an index, and that a snapshot gives the same.

use crate::analyzer::analyzer;
use crate::clause::{Alternative, Clause, Occur};
use crate::detail::each_term;
use crate::query::TextQuery;
use crate::schema::{LexicalField, finding_terms};
use crate::simple::{read, read_text};
use crate::statistics::{FINDINGS, WORDS};
use crate::{
    Asked, AskedDetail, AskedFinding, DetailTerm, LexicalHit, LexicalSegment, LexicalSnapshot, LexicalWriter,
    OwnedBytes,
};
use precedent_model::{Laterality, Reading, Report, SectionKind};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::sync::Arc;

pub(crate) type Document = Option<(Report, Reading)>;

pub(crate) fn document(sections: &[(SectionKind, &str)]) -> Document {
    let report = Report::new(sections.iter().copied()).ok()?;
    let reading = read(&report);
    Some((report, reading))
}

/// The query as it is understood. "effusion" asks for pleural effusions too, for less.
pub(crate) fn ask(text: &str) -> TextQuery {
    let sentences = read_text(0, SectionKind::Body, text);
    let mentions = sentences.iter().flat_map(|sentence| &sentence.mentions);
    let findings = mentions.map(|mention| {
        let mut findings = vec![(mention.finding.clone(), 1.0)];
        if &*mention.finding == "effusion" {
            findings.push(("pleural-effusion".into(), 0.8));
        }
        // Every query wants it on the left, and new: mentions of the tests have no side, which is the lesser of two forms.
        let side = |side, fit| (DetailTerm::Side(side), fit);
        let sides = vec![side(Some(Laterality::Left), 1.0), side(None, 0.4)];
        let times = vec![(DetailTerm::Time("new".into()), 1.0)];
        let details =
            vec![AskedDetail { weight: 1.0, terms: sides }, AskedDetail { weight: 0.5, terms: times }];
        AskedFinding {
            span: mention.span,
            assertion: mention.assertion,
            findings,
            details,
            shares_words: false,
        }
    });
    let findings = findings.collect();
    let runs = sentences.iter().flat_map(|sentence| sentence.runs.iter().copied()).collect();
    TextQuery::parse(text, &Asked { runs, findings, ..Asked::default() }).unwrap()
}

/// The words of a field, by section; `None` where the word at that place is not in the field.
type Rows = Vec<Vec<Option<String>>>;

/// A document as a segment of a version has it.
struct Text {
    version: u32,
    fields: Vec<Rows>,
}

impl Text {
    fn new(document: &Document, version: u32) -> Self {
        // Version 1 knew no readings.
        let nothing = Reading::default();
        let fields = LexicalField::all().map(|field| match document {
            None => Rows::new(),
            Some((report, _)) if version == 1 => rows(report, &nothing, field),
            Some((report, reading)) => rows(report, reading, field),
        });
        Self { version, fields: fields.collect() }
    }

    fn field(&self, field: LexicalField) -> &[Vec<Option<String>>] {
        let field = if self.version == 1 && field == ask_for_present() { LexicalField::Text } else { field };
        &self.fields[field.index()]
    }

    fn times(&self, field: LexicalField, words: &[String]) -> f64 {
        let same = |(here, wanted): (&Option<String>, &String)| here.as_ref() == Some(wanted);
        let count = |row: &Vec<Option<String>>| {
            row.windows(words.len()).filter(|here| here.iter().zip(words).all(same)).count()
        };
        self.field(field).iter().map(count).sum::<usize>() as f64
    }

    fn length(&self, field: LexicalField) -> f64 {
        self.fields[field.length_index()].iter().flatten().flatten().count() as f64
    }

    /// Where the clause looks here.
    fn places<'c>(&self, clause: &'c Clause) -> &'c [Alternative] {
        match &clause.fallback {
            Some(fallback) if self.version == 1 => std::slice::from_ref(fallback),
            _ => &clause.alternatives,
        }
    }
}

fn ask_for_present() -> LexicalField {
    LexicalField::Asserted(precedent_model::Assertion::Present)
}

fn rows(report: &Report, reading: &Reading, field: LexicalField) -> Rows {
    if field == LexicalField::Finding {
        let reported = reading.sentences.iter().filter(|sentence| sentence.kind.is_reported());
        return reported
            .flat_map(|sentence| {
                let times = finding_terms(sentence.kind);
                sentence.mentions.iter().flat_map(move |mention| std::iter::repeat_n(mention, times))
            })
            .flat_map(|mention| {
                let mut terms = Vec::new();
                each_term(mention, |term| terms.push(vec![Some(term.to_owned())]));
                terms
            })
            .collect();
    }
    let mut analyzer = analyzer();
    let mut rows = Rows::new();
    for (place, section) in report.sections().iter().enumerate() {
        let of_section: Vec<_> =
            reading.sentences.iter().filter(|sentence| sentence.section == place).collect();
        let is_in_field = |at: usize| {
            let sentence = of_section.iter().find(|sentence| sentence.span.contains(at));
            let run = sentence.and_then(|sentence| sentence.runs.iter().find(|run| run.span.contains(at)));
            let kind = match sentence {
                Some(sentence) => sentence.kind,
                None => section.kind,
            };
            match field {
                LexicalField::Section(wanted) => wanted == kind,
                LexicalField::Text => kind.is_reported(),
                LexicalField::Asserted(wanted) => {
                    kind.is_reported() && run.is_some_and(|run| run.assertion == wanted)
                }
                LexicalField::Finding => false,
            }
        };
        let mut row = Vec::new();
        analyzer.token_stream(&section.text).process(&mut |token| {
            row.push(is_in_field(token.offset_from).then(|| token.text.clone()));
        });
        rows.push(row);
    }
    rows
}

struct Plain {
    texts: Vec<Text>,
    count: f64,
}

impl Plain {
    /// The first `old` documents are in a segment of version 1.
    fn new(documents: &[Document], old: usize) -> Self {
        let version = |place: usize| if place < old { 1 } else { 3 };
        let texts: Vec<Text> = (documents.iter().enumerate())
            .map(|(place, document)| Text::new(document, version(place)))
            .collect();
        let has_words = |text: &&Text| LexicalField::measured().any(|field| text.length(field) > 0.0);
        let count = texts.iter().filter(has_words).count() as f64;
        Self { texts, count }
    }

    fn clause(&self, text: &Text, clause: &Clause) -> Option<f64> {
        let field = clause.alternatives.first()?.field;
        let shape = if field == LexicalField::Finding { FINDINGS } else { WORDS };
        let times = |alternative: &Alternative| {
            f64::from(alternative.boost.value()) * text.times(alternative.field, &alternative.words)
        };
        let frequency: f64 = text.places(clause).iter().map(times).sum();
        let average = self.texts.iter().map(|other| other.length(field)).sum::<f64>() / self.count;
        let norm = shape.k1 * (1.0 - shape.b + shape.b * text.length(field) / average);
        let rarity = clause.alternatives.iter().map(|alternative| self.rarity(clause, alternative));
        let rarity = rarity.fold(f64::INFINITY, f64::min);
        let weight = f64::from(clause.share.value()) * f64::from(clause.times) * rarity * (shape.k1 + 1.0);
        (frequency > 0.0).then(|| weight * frequency / (frequency + norm))
    }

    fn rarity(&self, clause: &Clause, alternative: &Alternative) -> f64 {
        let idf = |word: &String| {
            let holds = |other: &&Text| match &clause.fallback {
                Some(fallback) if other.version == 1 => other.times(fallback.field, &fallback.words) > 0.0,
                _ => other.times(alternative.field, std::slice::from_ref(word)) > 0.0,
            };
            let found = self.texts.iter().filter(holds).count() as f64;
            ((self.count - found + 0.5) / (found + 0.5) + 1.0).ln()
        };
        alternative.words.iter().map(idf).sum()
    }

    fn score(&self, text: &Text, query: &TextQuery) -> Option<f64> {
        let mut score = None;
        for clause in query.clauses() {
            let part = self.clause(text, clause);
            match clause.occur {
                Occur::Must if part.is_none() => return None,
                Occur::MustNot if part.is_some() => return None,
                Occur::MustNot => {}
                Occur::Must | Occur::Should => {
                    score = part.map_or(score, |part| Some(score.unwrap_or(0.0) + part));
                }
            }
        }
        score
    }
}

pub(crate) fn segment<'a>(
    version: u32,
    documents: impl IntoIterator<Item = &'a Document>,
) -> Arc<LexicalSegment> {
    let mut writer = LexicalWriter::of_version(version).unwrap();
    // Version 1 knew no readings.
    let nothing = Reading::default();
    for document in documents {
        let document = document.as_ref();
        let reading = |(report, reading)| (report, if version == 1 { &nothing } else { reading });
        writer.add(document.map(|(report, reading)| (report, reading)).map(reading)).unwrap();
    }
    Arc::new(LexicalSegment::open(Arc::new(OwnedBytes::new(writer.finish().unwrap()))).unwrap())
}

pub(crate) fn top(
    snapshot: &LexicalSnapshot,
    query: &TextQuery,
    k: usize,
    order: &dyn Fn(usize, u32) -> u64,
) -> Vec<LexicalHit> {
    let top = snapshot.top(query, k, &|_, _| u64::MAX, order, &|| false).unwrap();
    assert!(!top.stopped);
    assert!(k < usize::MAX || top.scored == top.hits.len());
    top.hits
}

/// These documents against plain BM25, the first `old` of them in a segment of version 1 and the others in one of this
/// version; gives the hits as document and score.
pub(crate) fn check(documents: &[Document], old: usize, query: &TextQuery) -> Vec<(usize, u32)> {
    let (before, after) = documents.split_at(old);
    let parts = [(1, before), (3, after)].into_iter().filter(|(version, _)| *version > 1 || old > 0);
    let snapshot =
        LexicalSnapshot::new(parts.map(|(version, part)| (segment(version, part), &[][..]))).unwrap();
    let last = usize::from(old > 0);
    let place = |segment: usize, ordinal: u32| ordinal as usize + if segment == last { old } else { 0 };
    let order = |segment: usize, ordinal: u32| place(segment, ordinal) as u64;
    let hits = top(&snapshot, query, usize::MAX, &order);
    let plain = Plain::new(documents, old);
    let expected: Vec<Option<f64>> = plain.texts.iter().map(|text| plain.score(text, query)).collect();
    assert_eq!(hits.len(), expected.iter().flatten().count());
    let mut before = f64::INFINITY;
    for hit in &hits {
        let expected = expected[place(hit.segment, hit.ordinal)].unwrap();
        assert!((f64::from(hit.score) - expected).abs() <= 2e-6 * expected, "{hit:?}, plainly {expected}");
        assert!(expected <= before * (1.0 + 2e-6), "{hit:?} stands behind a worse one");
        before = expected;
    }
    for k in [1, 3] {
        assert_eq!(top(&snapshot, query, k, &order), hits[..k.min(hits.len())]);
    }
    for number in 0..=last {
        let all: Vec<u32> = (0..documents.len() as u32 + 2).rev().collect();
        let scores = snapshot.score(query, number, &all).unwrap();
        for (&ordinal, score) in all.iter().zip(scores) {
            let hit = hits.iter().find(|hit| (hit.segment, hit.ordinal) == (number, ordinal));
            assert_eq!(score.map(f32::to_bits), hit.map(|hit| hit.score.to_bits()));
        }
    }
    hits.iter().map(|hit| (place(hit.segment, hit.ordinal), hit.score.to_bits())).collect()
}

const VOCABULARY: [&str; 14] = [
    "no",
    "effusion",
    "Pleural",
    "the",
    "x-ray",
    "mass",
    "nodule",
    "Lungs,",
    "clear.",
    "œdème",
    "may",
    "old",
    "mother",
    "FINDINGS:",
];

fn any_document() -> impl Strategy<Value = Document> {
    let text = proptest::collection::vec(proptest::sample::select(&VOCABULARY[..]), 0..12);
    let section =
        (0..SectionKind::ALL.len(), text).prop_map(|(kind, words)| (SectionKind::ALL[kind], words.join(" ")));
    // A reading without sentences must lose no words.
    let lost = proptest::option::weighted(0.1, 0_usize..3);
    (proptest::collection::vec(section, 0..4), lost).prop_map(|(sections, lost)| {
        let report = Report::new(sections).ok()?;
        let mut reading = read(&report);
        reading.sentences.retain(|sentence| Some(sentence.section) != lost);
        Some((report, reading))
    })
}

fn any_query() -> impl Strategy<Value = TextQuery> {
    let word = proptest::sample::select(&VOCABULARY[..]);
    let row =
        proptest::collection::vec(word.clone(), 1..4).prop_map(|words| format!("\"{}\"", words.join(" ")));
    let thing =
        prop_oneof![6 => word.prop_map(str::to_owned), 1 => row, 1 => Just("pleural effusion".to_owned())];
    let prefix = prop_oneof![
        7 => Just(""), 1 => Just("+"), 1 => Just("-"), 1 => Just("findings:"), 1 => Just("-body:"),
        1 => Just("text:"), 1 => Just("absent:")
    ];
    let clause = (prefix, thing).prop_map(|(prefix, thing)| format!("{prefix}{thing}"));
    proptest::collection::vec(clause, 1..6).prop_map(|clauses| ask(&clauses.join(" ")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, rng_seed: RngSeed::Fixed(17), failure_persistence: None, ..Default::default() })]

    /// The same live cases score the same bits in one segment or in several with deleted ones, and as plain BM25 has it.
    #[test]
    fn segments_and_tombstones_make_no_difference(
        cases in proptest::collection::vec((any_document(), 0_usize..5, proptest::bool::weighted(0.7)), 0..50),
        queries in proptest::collection::vec(any_query(), 3),
    ) {
        let live: Vec<Document> = cases.iter().filter(|case| case.2).map(|case| case.0.clone()).collect();
        let mut parts: Vec<(Vec<&Document>, Vec<u32>, Vec<usize>)> = vec![Default::default(); 5];
        let mut next = 0;
        for (document, part, is_live) in &cases {
            let (documents, deleted, numbers) = &mut parts[*part];
            if !is_live {
                deleted.push(documents.len() as u32);
            }
            documents.push(document);
            numbers.push(if *is_live { next } else { usize::MAX });
            next += usize::from(*is_live);
        }
        let segments = parts.iter().map(|part| (segment(3, part.0.iter().copied()), &part.1[..]));
        let snapshot = LexicalSnapshot::new(segments).unwrap();
        for query in &queries {
            let expected = check(&live, 0, query);
            let hits = top(&snapshot, query, usize::MAX, &|part, ordinal| parts[part].2[ordinal as usize] as u64);
            let found: Vec<(usize, u32)> =
                hits.iter().map(|hit| (parts[hit.segment].2[hit.ordinal as usize], hit.score.to_bits())).collect();
            prop_assert_eq!(&found, &expected);
            for (number, part) in parts.iter().enumerate() {
                let all: Vec<u32> = (0..part.0.len() as u32).collect();
                let scores = snapshot.score(query, number, &all).unwrap();
                for (ordinal, score) in scores.iter().enumerate() {
                    let hit = expected.iter().find(|(live, _)| *live == part.2[ordinal]);
                    prop_assert_eq!(score.map(f32::to_bits), hit.map(|(_, bits)| *bits));
                }
            }
        }
    }
    /// A segment of version 1 beside one of this version is searched by its text.
    #[test]
    fn segments_of_version_1_count_as_plain_bm25_has_it(
        documents in proptest::collection::vec(any_document(), 0..30),
        old in 0_usize..30,
        queries in proptest::collection::vec(any_query(), 3),
    ) {
        for query in &queries {
            check(&documents, old.min(documents.len()), query);
        }
    }
}
