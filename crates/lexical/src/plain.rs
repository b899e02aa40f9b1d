//! BM25 the plain way, in 64 bits and without an index, and that a snapshot gives the same.

use crate::analyzer::analyzer;
use crate::query::{Clause, Occur, TextQuery};
use crate::schema::LexicalField;
use crate::{LexicalHit, LexicalSegment, LexicalSnapshot, LexicalWriter, OwnedBytes};
use precedent_model::{Report, SectionKind};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::sync::Arc;

type Document = Option<Report>;

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    analyzer().token_stream(text).process(&mut |token| words.push(token.text.clone()));
    words
}

/// The sections of a field, as words.
fn sections(document: &Document, field: LexicalField) -> Vec<Vec<String>> {
    let belongs = |kind| match field {
        LexicalField::Text => kind.is_reported(),
        LexicalField::Section(own) => own == kind,
    };
    let sections = document.as_ref().map_or(&[][..], Report::sections);
    sections.iter().filter(|section| belongs(section.kind)).map(|section| words(&section.text)).collect()
}

fn length(document: &Document, field: LexicalField) -> f64 {
    sections(document, field).iter().map(Vec::len).sum::<usize>() as f64
}

fn times(document: &Document, field: LexicalField, wanted: &[String]) -> f64 {
    let count = |section: &Vec<String>| section.windows(wanted.len()).filter(|here| *here == wanted).count();
    sections(document, field).iter().map(count).sum::<usize>() as f64
}

struct Plain<'a> {
    documents: &'a [Document],
    count: f64,
}

impl<'a> Plain<'a> {
    fn new(documents: &'a [Document]) -> Self {
        let has_words = |document: &&Document| LexicalField::all().any(|field| length(document, field) > 0.0);
        Self { documents, count: documents.iter().filter(has_words).count() as f64 }
    }

    fn clause(&self, document: &Document, clause: &Clause) -> Option<f64> {
        if clause.words.is_empty() {
            return None;
        }
        let frequency = times(document, clause.field, &clause.words);
        let idf = |word: &String| {
            let holds = |other: &&Document| times(other, clause.field, std::slice::from_ref(word)) > 0.0;
            let found = self.documents.iter().filter(holds).count() as f64;
            ((self.count - found + 0.5) / (found + 0.5) + 1.0).ln()
        };
        let average =
            self.documents.iter().map(|other| length(other, clause.field)).sum::<f64>() / self.count;
        let norm = 1.2 * (0.25 + 0.75 * length(document, clause.field) / average);
        let rarity: f64 = clause.words.iter().map(idf).sum();
        (frequency > 0.0).then(|| f64::from(clause.times) * rarity * 2.2 * frequency / (frequency + norm))
    }

    fn score(&self, document: &Document, query: &TextQuery) -> Option<f64> {
        let mut score = None;
        for clause in query.clauses() {
            let part = self.clause(document, clause);
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

fn segment<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Arc<LexicalSegment> {
    let mut writer = LexicalWriter::new().unwrap();
    for document in documents {
        writer.add(document.as_ref()).unwrap();
    }
    Arc::new(LexicalSegment::open(Arc::new(OwnedBytes::new(writer.finish().unwrap()))).unwrap())
}

fn top(
    snapshot: &LexicalSnapshot,
    query: &TextQuery,
    k: usize,
    order: &dyn Fn(usize, u32) -> u64,
) -> Vec<LexicalHit> {
    let top = snapshot.top(query, k, &|_, _| true, order, &|| false).unwrap();
    assert!(!top.stopped);
    assert!(k < usize::MAX || top.scored == top.hits.len());
    top.hits
}

/// One segment of these documents against plain BM25; gives the hits as document and score.
fn check(documents: &[Document], query: &TextQuery) -> Vec<(usize, u32)> {
    let snapshot = LexicalSnapshot::new([(segment(documents), &[][..])]).unwrap();
    let order = |_: usize, ordinal: u32| u64::from(ordinal);
    let hits = top(&snapshot, query, usize::MAX, &order);
    let plain = Plain::new(documents);
    let expected: Vec<Option<f64>> = documents.iter().map(|document| plain.score(document, query)).collect();
    assert_eq!(hits.len(), expected.iter().flatten().count());
    let mut before = f64::INFINITY;
    for hit in &hits {
        let expected = expected[hit.ordinal as usize].unwrap();
        assert!((f64::from(hit.score) - expected).abs() <= 1e-6 * expected, "{hit:?}, plainly {expected}");
        assert!(expected <= before * (1.0 + 1e-6), "{hit:?} stands behind a worse one");
        before = expected;
    }
    for k in [1, 3] {
        assert_eq!(top(&snapshot, query, k, &order), hits[..k.min(hits.len())]);
    }
    let all: Vec<u32> = (0..documents.len() as u32 + 2).rev().collect();
    let scores = snapshot.score(query, 0, &all).unwrap();
    for (&ordinal, score) in all.iter().zip(scores) {
        let hit = hits.iter().find(|hit| hit.ordinal == ordinal);
        assert_eq!(score.map(f32::to_bits), hit.map(|hit| hit.score.to_bits()));
    }
    hits.iter().map(|hit| (hit.ordinal as usize, hit.score.to_bits())).collect()
}

fn report(findings: &str, impression: &str) -> Document {
    Report::new([(SectionKind::Findings, findings), (SectionKind::Impression, impression)]).ok()
}

fn find(documents: &[Document], text: &str) -> Vec<usize> {
    let mut found: Vec<usize> = check(documents, &TextQuery::parse(text).unwrap())
        .into_iter()
        .map(|(document, _)| document)
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn operators_choose_documents() {
    let indication = [(SectionKind::Indication, "Rule out effusion"), (SectionKind::Findings, "Clear lungs")];
    let documents = [
        report("Small pleural effusion.", "Effusion, no pneumothorax"),
        report("No pleural", "effusion"),
        None,
        Report::new(indication).ok(),
        report("Œdème pulmonaire ÉTENDU", "肺炎"),
        report("...", "!"),
    ];
    assert_eq!(find(&documents, "effusion lungs"), [0, 1, 3]);
    assert_eq!(find(&documents, r#""pleural effusion""#), [0]);
    assert_eq!(find(&documents, "+effusion +small"), [0]);
    assert_eq!(find(&documents, "+effusion small"), [0, 1]);
    assert_eq!(find(&documents, "effusion -pneumothorax"), [1]);
    assert_eq!(find(&documents, r#"effusion -"no pneumothorax""#), [1]);
    assert_eq!(find(&documents, "indication:effusion"), [3]);
    assert_eq!(find(&documents, "impression:effusion -findings:effusion"), [1]);
    assert_eq!(find(&documents, r#"indication:"rule out""#), [3]);
    assert_eq!(find(&documents, "œdème etendu"), [4]);
    assert_eq!(find(&documents, "肺炎"), [4]);
    assert_eq!(find(&documents, "-effusion"), [0_usize; 0]);
    assert_eq!(find(&documents, "+effusion +missing"), [0_usize; 0]);
    assert_eq!(find(&documents, "missing"), [0_usize; 0]);
    assert_eq!(find(&[], "effusion"), [0_usize; 0]);
}

#[test]
fn windows_and_blocks_make_no_difference() {
    // More documents than a window has, with words of every rarity.
    let documents: Vec<Document> = (0..9000_u32)
        .map(|i| {
            let mut text = String::from("all");
            for (every, word) in [(2, "half"), (97, "some"), (4500, "few")] {
                if i % every == every - 1 {
                    text.push(' ');
                    text.push_str(&format!("{word} ").repeat(1 + i as usize % 3));
                }
            }
            text.push_str(&" filler".repeat(i as usize % 11));
            (i % 13 > 0).then(|| Report::new([(SectionKind::Body, text)]).unwrap())
        })
        .collect();
    let one = LexicalSnapshot::new([(segment(&documents), &[][..])]).unwrap();
    let (left, right) = documents.split_at(4321);
    let two = LexicalSnapshot::new([(segment(left), &[][..]), (segment(right), &[][..])]).unwrap();
    for text in
        ["few some half", "+some few all", r#"all -"half half" +half"#, "few", "+few +some", "all all -some"]
    {
        let query = TextQuery::parse(text).unwrap();
        let hits = top(&one, &query, usize::MAX, &|_, ordinal| ordinal.into());
        let split =
            top(&two, &query, usize::MAX, &|segment, ordinal| u64::from(ordinal) + segment as u64 * 4321);
        let place = |hit: &LexicalHit| (hit.ordinal + hit.segment as u32 * 4321, hit.score.to_bits());
        assert_eq!(hits.iter().map(place).collect::<Vec<_>>(), split.iter().map(place).collect::<Vec<_>>());
        // The walk over windows finds what seeking document by document finds.
        let scores = one.score(&query, 0, &(0..9000).collect::<Vec<_>>()).unwrap();
        assert_eq!(scores.iter().flatten().count(), hits.len(), "{text}");
        assert!(hits.iter().all(|hit| scores[hit.ordinal as usize] == Some(hit.score)));
    }
}

#[test]
fn searches_stop_when_told() {
    let documents = vec![report("effusion", "a"); 10_000];
    let snapshot = LexicalSnapshot::new([(segment(&documents), &[][..])]).unwrap();
    let query = TextQuery::parse("effusion").unwrap();
    for (calls, scored) in [(0, 0), (1, 0), (2, 4096), (3, 8192)] {
        let left = std::cell::Cell::new(calls);
        let stop = || left.replace(left.get() - 1) == 0;
        let top = snapshot.top(&query, 5, &|_, _| true, &|_, ordinal| ordinal.into(), &stop).unwrap();
        assert!(top.stopped);
        assert_eq!((top.scored, top.hits.len()), (scored, if scored > 0 { 5 } else { 0 }));
    }
}

#[test]
fn searches_share_a_snapshot() {
    let documents: Vec<Document> =
        (0..50).map(|i| report("effusion", &"filler ".repeat(1 + i % 7))).collect();
    let snapshot = LexicalSnapshot::new([(segment(&documents), &[4][..])]).unwrap();
    let query =
        TextQuery::parse(r#"effusion +"filler filler" -"filler filler filler filler filler""#).unwrap();
    let search = || top(&snapshot, &query, 10, &|_, ordinal| ordinal.into());
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(search)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers[0].len(), 10);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn the_filter_is_asked_about_the_best_only() {
    let documents: Vec<Document> = (0..100).map(|i| report("effusion", &"filler ".repeat(1 + i))).collect();
    let snapshot = LexicalSnapshot::new([(segment(&documents), &[7, 3][..])]).unwrap();
    let query = TextQuery::parse("effusion").unwrap();
    let asked = std::cell::Cell::new(0);
    let odd = |_: usize, ordinal: u32| {
        asked.set(asked.get() + 1);
        ordinal % 2 == 1
    };
    let top = snapshot.top(&query, 3, &odd, &|_, ordinal| ordinal.into(), &|| false).unwrap();
    assert_eq!(top.hits.iter().map(|hit| hit.ordinal).collect::<Vec<_>>(), [1, 5, 9]);
    assert_eq!((top.scored, asked.get() < 12), (98, true));
    assert_eq!(snapshot.score(&query, 0, &[3, 1, 99, 100]).unwrap().iter().flatten().count(), 2);
    assert_eq!(snapshot.score(&query, 1, &[0]).unwrap(), [None]);
}

const VOCABULARY: [&str; 9] =
    ["no", "effusion", "Pleural", "the", "x-ray", "mass", "Lungs,", "clear", "œdème"];

fn document() -> impl Strategy<Value = Document> {
    let text = proptest::collection::vec(proptest::sample::select(&VOCABULARY[..]), 0..9);
    let section =
        (0..SectionKind::ALL.len(), text).prop_map(|(kind, words)| (SectionKind::ALL[kind], words.join(" ")));
    proptest::collection::vec(section, 0..4).prop_map(|sections| Report::new(sections).ok())
}

fn query() -> impl Strategy<Value = TextQuery> {
    let word = proptest::sample::select(&VOCABULARY[..]);
    let row =
        proptest::collection::vec(word.clone(), 1..4).prop_map(|words| format!("\"{}\"", words.join(" ")));
    let thing = prop_oneof![3 => word.prop_map(str::to_owned), 1 => row];
    let prefix = prop_oneof![6 => Just(""), 1 => Just("+"), 1 => Just("-"), 1 => Just("findings:"), 1 => Just("-body:")];
    let clause = (prefix, thing).prop_map(|(prefix, thing)| format!("{prefix}{thing}"));
    proptest::collection::vec(clause, 1..6).prop_map(|clauses| TextQuery::parse(&clauses.join(" ")).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, rng_seed: RngSeed::Fixed(17), failure_persistence: None, ..Default::default() })]

    /// The same live cases score the same bits in one segment or in several with deleted ones, and as plain BM25 has it.
    #[test]
    fn segments_and_tombstones_make_no_difference(
        cases in proptest::collection::vec((document(), 0_usize..5, proptest::bool::weighted(0.7)), 0..50),
        queries in proptest::collection::vec(query(), 3),
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
        let segments = parts.iter().map(|part| (segment(part.0.iter().copied()), &part.1[..]));
        let snapshot = LexicalSnapshot::new(segments).unwrap();
        for query in &queries {
            let expected = check(&live, query);
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
}
