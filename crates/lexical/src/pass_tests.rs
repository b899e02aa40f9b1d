//! What is passed over is never missed: the best few are those of all, bit by bit.

use crate::plain::{Document, ask, document, segment};
use crate::window::WINDOW;
use crate::{LexicalSegment, LexicalSnapshot, TextQuery, Top};
use precedent_model::SectionKind;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::sync::{Arc, OnceLock};

/// The commonest first. Some name findings.
const WORDS: [&str; 14] = [
    "lung",
    "clear",
    "opacity",
    "heart",
    "effusion",
    "pleural",
    "nodule",
    "film",
    "mass",
    "rib",
    "pneumothorax",
    "scar",
    "stent",
    "goitre",
];

struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// Word `i` stands in a share of 0.9 times 0.6 to the power of `i` of the reports, often more than once.
    fn document(&mut self) -> Document {
        let mut text = String::new();
        let mut share = 900_000.0;
        for word in WORDS {
            if (self.below(1_000_000) as f64) < share {
                let cue = [". ", ". ", " ", ". May ", ". No ", ". Old "][self.below(6) as usize];
                let times = [1, 1, 1, 2, 2, 5][self.below(6) as usize];
                text.push_str(&format!("{cue}{}", format!("{word} ").repeat(times)));
            }
            share *= 0.6;
        }
        text.push_str(&"filler ".repeat(self.below(12) as usize));
        let kind =
            [SectionKind::Findings, SectionKind::Impression, SectionKind::Body][self.below(3) as usize];
        if self.below(20) == 0 { None } else { document(&[(kind, &text)]) }
    }
}

/// Segments with their deleted documents.
type Parts = Vec<(Arc<LexicalSegment>, Vec<u32>)>;

/// More than two windows in the first, parts of one in the others, one of version 1.
fn parts() -> &'static Parts {
    static PARTS: OnceLock<Parts> = OnceLock::new();
    PARTS.get_or_init(|| {
        let mut draw = Draw(5);
        let sizes = [(2, 9000), (1, 500), (2, 1300), (2, 1), (2, 64)];
        let part = sizes.map(|(version, size)| {
            let documents: Vec<Document> = (0..size).map(|_| draw.document()).collect();
            let deleted = (0..size as u32).filter(|_| draw.below(9) == 0).collect();
            (segment(version, &documents), deleted)
        });
        part.into()
    })
}

fn snapshot(live: bool) -> LexicalSnapshot {
    let deleted = |deleted: &'static Vec<u32>| if live { &[][..] } else { &deleted[..] };
    LexicalSnapshot::new(parts().iter().map(|(segment, gone)| (segment.clone(), deleted(gone)))).unwrap()
}

/// Up to a share of 8, so many eighths; beyond it one document of so many, and none of the windows that begin with odd numbers.
fn is_accepted(segment: usize, ordinal: u32, share: u32) -> bool {
    let spread = (ordinal + segment as u32).wrapping_mul(40_503);
    match share {
        ..=8 => spread % 8 < share,
        _ => (ordinal / WINDOW).is_multiple_of(2) && (spread >> 3).is_multiple_of(share),
    }
}

fn top(snapshot: &LexicalSnapshot, query: &TextQuery, k: usize, share: u32, salt: u32) -> Top {
    let accept = |segment: usize, ordinal: u32| is_accepted(segment, ordinal, share);
    let accepted = |segment: usize, word: usize| {
        let bit = |at: u32| u64::from(accept(segment, word as u32 * 64 + at)) << at;
        (0..64).map(bit).sum::<u64>()
    };
    // Ties go by an order that has nothing to do with that of the documents.
    let order = |segment: usize, ordinal: u32| {
        u64::from((ordinal ^ salt).wrapping_mul(2_654_435_761)) << 3 | segment as u64
    };
    snapshot.top(query, k, &accepted, &order, &|| false).unwrap()
}

fn any_query() -> impl Strategy<Value = String> {
    let word = || proptest::sample::select(&WORDS[..]);
    let row = (word(), word()).prop_map(|(one, other)| format!("\"{one} {other}\""));
    let twice = word().prop_map(|word| format!("\"{word} {word}\""));
    let thing = prop_oneof![8 => word().prop_map(str::to_owned), 1 => row, 1 => twice];
    let prefix = prop_oneof![
        12 => Just(""), 1 => Just("+"), 1 => Just("-"), 1 => Just("text:"), 1 => Just("no "), 1 => Just("may ")
    ];
    let clause = (prefix, thing).prop_map(|(prefix, thing)| format!("{prefix}{thing}"));
    proptest::collection::vec(clause, 1..9).prop_map(|clauses| clauses.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, rng_seed: RngSeed::Fixed(23), failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_best_few_are_those_of_all(
        text in any_query(), k in 1_usize..30,
        share in prop_oneof![2 => 1_u32..9, 1 => proptest::sample::select(vec![16_u32, 128, 700, 4_000])],
        salt in any::<u32>(), live in any::<bool>(),
    ) {
        let snapshot = snapshot(live);
        let query = ask(&text);
        // Where everything is wanted nothing is passed over.
        let mut all = top(&snapshot, &query, usize::MAX, 8, salt);
        all.hits.retain(|hit| is_accepted(hit.segment, hit.ordinal, share));
        let best = top(&snapshot, &query, k, share, salt);
        prop_assert_eq!(best.hits.len(), k.min(all.hits.len()));
        for (hit, expected) in best.hits.iter().zip(&all.hits) {
            prop_assert_eq!((hit.segment, hit.ordinal), (expected.segment, expected.ordinal), "{}", text);
            prop_assert_eq!(hit.score.to_bits(), expected.score.to_bits(), "{}", text);
        }
        prop_assert!(best.hits.len() <= best.scored && best.scored <= all.hits.len());
    }
}

#[test]
fn scores_of_all_are_those_of_single_documents() {
    let snapshot = snapshot(false);
    for text in ["lung clear opacity", "+heart may mass -film", r#""lung lung" text:goitre effusion"#] {
        let query = ask(text);
        let all = top(&snapshot, &query, usize::MAX, 8, 0);
        assert_eq!((all.hits.len(), all.scored > 100), (all.scored, true));
        for (number, (segment, _)) in parts().iter().enumerate() {
            let ordinals: Vec<u32> = (0..segment.document_count()).collect();
            let scores = snapshot.score(&query, number, &ordinals).unwrap();
            let hits = all.hits.iter().filter(|hit| hit.segment == number);
            assert_eq!(hits.clone().count(), scores.iter().flatten().count());
            for hit in hits {
                let score = scores[hit.ordinal as usize].unwrap();
                assert_eq!(score.to_bits(), hit.score.to_bits(), "{text}");
            }
        }
    }
}

#[test]
fn documents_that_hold_common_words_alone_are_passed_over() {
    let snapshot = snapshot(true);
    for text in ["lung goitre", "goitre clear -heart"] {
        let query = ask(text);
        let (all, best) = (top(&snapshot, &query, usize::MAX, 8, 0), top(&snapshot, &query, 3, 8, 0));
        // The first window is gone through before any hit is known.
        assert!(best.scored < all.scored * 4 / 5, "{text}: {} of {}", best.scored, all.scored);
    }
}

/// Of few accepted documents each is looked up; walking would go over all that hold the words.
#[test]
fn under_a_narrow_filter_only_what_it_keeps_is_scored() {
    let snapshot = snapshot(true);
    let query = ask("lung clear opacity");
    let (all, few) = (top(&snapshot, &query, 10, 8, 0), top(&snapshot, &query, 10, 700, 0));
    assert!((1..10).contains(&few.hits.len()), "{}", few.hits.len());
    assert_eq!(few.scored, few.hits.len());
    assert!(all.scored > 1_000);
}

#[test]
fn every_document_from_a_score_on_is_shown_once() {
    let snapshot = snapshot(true);
    for text in ["lung goitre", "+heart may mass -film", "\"lung lung\" effusion"] {
        let query = ask(text);
        let all = top(&snapshot, &query, usize::MAX, 8, 0);
        for least in [f32::NEG_INFINITY, all.hits[all.hits.len() / 3].score, all.hits[0].score] {
            let mut shown = Vec::new();
            let mut show = |segment, ordinal, score: f32| shown.push((segment, ordinal, score.to_bits()));
            assert!(snapshot.each(&query, least, &|_, _| u64::MAX, &mut show, &|| false).unwrap());
            shown.sort_unstable();
            let from = all.hits.iter().filter(|hit| hit.score >= least);
            let mut expected: Vec<_> =
                from.map(|hit| (hit.segment, hit.ordinal, hit.score.to_bits())).collect();
            expected.sort_unstable();
            assert_eq!(shown, expected, "{text}");
        }
    }
    assert!(!snapshot.each(&ask("lung"), 0.0, &|_, _| u64::MAX, &mut |_, _, _| {}, &|| true).unwrap());
}
