//! What is found, text in and documents out, and how a search runs.

use crate::plain::{Document, ask, check, document, segment, top};
use crate::{LexicalHit, LexicalSegment, LexicalSnapshot, OwnedBytes};
use precedent_model::SectionKind;
use std::sync::Arc;

fn report(findings: &str, impression: &str) -> Document {
    document(&[(SectionKind::Findings, findings), (SectionKind::Impression, impression)])
}

/// The documents found, best first, the first `old` of them in a segment of version 1.
fn rank(documents: &[Document], old: usize, text: &str) -> Vec<usize> {
    check(documents, old, &ask(text)).into_iter().map(|(document, _)| document).collect()
}

/// The documents found, ascending.
fn find(documents: &[Document], text: &str) -> Vec<usize> {
    let mut found = rank(documents, 0, text);
    found.sort_unstable();
    found
}

#[test]
fn operators_choose_documents() {
    let indication =
        document(&[(SectionKind::Indication, "Rule out effusion"), (SectionKind::Findings, "Clear lungs")]);
    let documents = [
        report("Small pleural effusion.", "Effusion, no pneumothorax"),
        report("Clear pleural", "effusion"),
        None,
        indication,
        report("Œdème pulmonaire ÉTENDU", "肺炎"),
        report("...", "!"),
    ];
    assert_eq!(find(&documents, "effusion lungs"), [0, 1, 3]);
    assert_eq!(find(&documents, r#""pleural effusion""#), [0]);
    assert_eq!(find(&documents, "+effusion +small"), [0]);
    assert_eq!(find(&documents, "+effusion small"), [0, 1]);
    assert_eq!(find(&documents, "effusion -pneumothorax"), [0, 1]);
    assert_eq!(find(&documents, "effusion -text:pneumothorax"), [1]);
    assert_eq!(find(&documents, "effusion -absent:pneumothorax"), [1]);
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

fn impression(text: &str) -> Document {
    document(&[(SectionKind::Impression, text)])
}

#[test]
fn what_a_query_asserts_is_what_is_found() {
    let documents = [
        impression("Opacity."),
        impression("No opacity."),
        impression("May opacity."),
        impression("Old opacity."),
        impression("If opacity."),
        impression("Mother opacity."),
        document(&[(SectionKind::Indication, "Opacity")]),
    ];
    for (text, expected) in [
        ("opacity", &[0, 2][..]),
        ("may opacity", &[2, 0]),
        ("no opacity", &[1]),
        ("old opacity", &[3]),
        ("if opacity", &[4]),
        ("mother opacity", &[5]),
        ("present:opacity", &[0]),
        ("uncertain:opacity", &[2]),
        ("other_person:opacity", &[5]),
        ("no text:opacity -opacity", &[0, 2, 3, 4, 5]),
        (r#""no opacity""#, &[1]),
        ("no", &[]),
        ("text:no", &[1]),
    ] {
        assert_eq!(rank(&documents, 0, text), expected, "{text}");
    }
}

#[test]
fn findings_are_found_by_their_mentions_in_any_words() {
    let documents = [
        impression("Nodule."),
        impression("May mass."),
        impression("No mass. Filler filler filler."),
        impression("Pleural effusion."),
        impression("Effusion."),
        document(&[(SectionKind::Indication, "Mass")]),
    ];
    for (text, expected) in [
        ("mass", &[0, 1][..]),
        ("nodule", &[0, 1]),
        ("no nodule", &[2]),
        (r#""mass""#, &[1]),
        // A narrower finding counts, for less.
        ("effusion", &[4, 3]),
        ("pleural effusion", &[3]),
        // Other signs, so words.
        ("+pleural effusion", &[3]),
        ("filler -mass", &[2]),
        ("filler -absent:mass", &[]),
        ("indication:mass", &[5]),
    ] {
        assert_eq!(rank(&documents, 0, text), expected, "{text}");
    }
}

#[test]
fn a_heading_in_the_text_says_what_it_is() {
    let documents =
        [document(&[(SectionKind::Body, "INDICATION: mass FINDINGS: clear IMPRESSION: no mass.")])];
    for text in
        ["mass", "indication:clear", "indication", "impression:impression", "body:mass", r#"text:"clear no""#]
    {
        assert_eq!(find(&documents, text), [0_usize; 0], "{text}");
    }
    for text in [
        "text:indication",
        "body:impression",
        "indication:mass",
        "no mass",
        "findings:clear",
        r#"text:"no mass""#,
    ] {
        assert_eq!(find(&documents, text), [0], "{text}");
    }
}

#[test]
fn phrases_hold_where_words_are_in_a_row_in_the_report() {
    // "may" is in no run, so "small" and "nodule" have no place beside each other.
    let documents =
        [impression("Small may nodule"), impression("Small nodule"), impression("May small nodule")];
    assert_eq!(rank(&documents, 0, r#""small nodule""#), [1, 2]);
    assert_eq!(find(&documents, r#"present:"small nodule""#), [1]);
    assert_eq!(find(&documents, r#""small may nodule""#), [0]);
}

#[test]
fn version_1_counts_as_present_and_findings_as_their_words() {
    let documents = [
        impression("No pleural effusion."),
        impression("Effusion, pleural. Opacity."),
        impression("Opacity."),
    ];
    for (text, expected) in [
        ("opacity", &[2, 1][..]),
        ("may opacity", &[2, 1]),
        ("no opacity", &[]),
        ("pleural effusion", &[0]),
        ("may pleural effusion", &[0]),
        ("no pleural effusion", &[]),
        ("opacity -pleural -effusion", &[2, 1]),
        ("opacity -effusion", &[2]),
        ("no", &[0]),
        ("present:no", &[0]),
        ("absent:effusion", &[]),
        ("impression:opacity", &[2, 1]),
    ] {
        assert_eq!(rank(&documents, 3, text), expected, "{text}");
    }
    assert!(!segment(1, &documents).knows_assertions());
    assert!(segment(2, &documents).knows_assertions());
}

#[test]
fn deleted_documents_of_version_1_do_not_count() {
    let documents = [
        impression("Pleural effusion."),
        impression("No pleural effusion."),
        impression("Effusion, pleural."),
        impression("Opacity."),
    ];
    let all = LexicalSnapshot::new([(segment(1, &documents), &[0_u32, 3][..])]).unwrap();
    let live = LexicalSnapshot::new([(segment(1, &documents[1..3]), &[][..])]).unwrap();
    let score = |snapshot: &LexicalSnapshot| {
        let hits = top(snapshot, &ask("pleural effusion"), 10, &|_, ordinal| ordinal.into());
        hits.iter().map(|hit| hit.score.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!((score(&all).len(), score(&all)), (1, score(&live)));
}

/// The bundle was left by the program of that time, of the reports given here.
#[test]
fn bundles_of_version_1_open_and_search() {
    let bundle = include_bytes!("../testdata/version_1.bundle").to_vec();
    let left = Arc::new(LexicalSegment::open(Arc::new(OwnedBytes::new(bundle))).unwrap());
    assert_eq!((left.document_count(), left.knows_assertions()), (4, false));
    let documents = [
        impression("No pleural effusion."),
        document(&[
            (SectionKind::Findings, "Effusion, pleural. Opacity."),
            (SectionKind::Indication, "Cough"),
        ]),
        document(&[(SectionKind::Body, "Opacity.")]),
        None,
    ];
    let written = LexicalSnapshot::new([(segment(1, &documents), &[][..])]).unwrap();
    let left = LexicalSnapshot::new([(left, &[][..])]).unwrap();
    for (text, expected) in [
        ("opacity", &[2, 1][..]),
        ("effusion", &[0, 1]),
        ("pleural effusion", &[0]),
        (r#"+"pleural effusion" opacity"#, &[0]),
        ("indication:cough text:no", &[0, 1]),
        ("absent:effusion", &[]),
    ] {
        let hits = top(&left, &ask(text), 10, &|_, ordinal| ordinal.into());
        let mut found: Vec<u32> = hits.iter().map(|hit| hit.ordinal).collect();
        let mut expected = expected.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{text}");
        assert_eq!(hits, top(&written, &ask(text), 10, &|_, ordinal| ordinal.into()), "{text}");
    }
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
            // Present, uncertain and absent mass far from each other.
            for (every, said) in [(4400, ". Mass"), (1900, ". May mass"), (600, ". No mass")] {
                if i % every == every - 1 {
                    text.push_str(said);
                }
            }
            (i % 13 > 0).then(|| document(&[(SectionKind::Body, &text)])).flatten()
        })
        .collect();
    let one = LexicalSnapshot::new([(segment(2, &documents), &[][..])]).unwrap();
    let (left, right) = documents.split_at(4321);
    let two = LexicalSnapshot::new([(segment(2, left), &[][..]), (segment(2, right), &[][..])]).unwrap();
    for text in [
        "few some half",
        "+some few all",
        r#"all -"half half" +half"#,
        "few",
        "+few +some",
        "all all -some",
        "mass",
        "+mass all",
        r#"may +"mass""#,
        "no mass half -few",
    ] {
        let query = ask(text);
        let hits = top(&one, &query, usize::MAX, &|_, ordinal| ordinal.into());
        let split =
            top(&two, &query, usize::MAX, &|segment, ordinal| u64::from(ordinal) + segment as u64 * 4321);
        let place = |hit: &LexicalHit| (hit.ordinal + hit.segment as u32 * 4321, hit.score.to_bits());
        assert_eq!(hits.iter().map(place).collect::<Vec<_>>(), split.iter().map(place).collect::<Vec<_>>());
        // The walk over windows finds what seeking document by document finds.
        let scores = one.score(&query, 0, &(0..9000).collect::<Vec<_>>()).unwrap();
        assert!(hits.len() > 1 || text == "+few +some", "{text}");
        assert_eq!(scores.iter().flatten().count(), hits.len(), "{text}");
        assert!(hits.iter().all(|hit| scores[hit.ordinal as usize] == Some(hit.score)));
    }
}

#[test]
fn searches_stop_when_told() {
    let documents = vec![report("effusion", "a"); 10_000];
    let snapshot = LexicalSnapshot::new([(segment(2, &documents), &[][..])]).unwrap();
    let query = ask("text:effusion");
    for (calls, scored) in [(0, 0), (1, 0), (2, 4096), (3, 8192)] {
        let left = std::cell::Cell::new(calls);
        let stop = || left.replace(left.get() - 1) == 0;
        let top = snapshot.top(&query, 5, &|_, _| u64::MAX, &|_, ordinal| ordinal.into(), &stop).unwrap();
        assert!(top.stopped);
        assert_eq!((top.scored, top.hits.len()), (scored, if scored > 0 { 5 } else { 0 }));
    }
}

#[test]
fn searches_share_a_snapshot() {
    let documents: Vec<Document> =
        (0..50).map(|i| report("effusion", &"filler ".repeat(1 + i % 7))).collect();
    let snapshot = LexicalSnapshot::new([(segment(2, &documents), &[4][..])]).unwrap();
    let query = ask(r#"effusion +"filler filler" -"filler filler filler filler filler""#);
    let search = || top(&snapshot, &query, 10, &|_, ordinal| ordinal.into());
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(search)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers[0].len(), 10);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn only_accepted_documents_are_scored() {
    let documents: Vec<Document> = (0..100).map(|i| report("effusion", &"filler ".repeat(1 + i))).collect();
    let snapshot = LexicalSnapshot::new([(segment(2, &documents), &[7, 3][..])]).unwrap();
    let query = ask("effusion");
    let odd = |_: usize, _: usize| 0xaaaa_aaaa_aaaa_aaaa;
    let top = snapshot.top(&query, 3, &odd, &|_, ordinal| ordinal.into(), &|| false).unwrap();
    assert_eq!(top.hits.iter().map(|hit| hit.ordinal).collect::<Vec<_>>(), [1, 5, 9]);
    assert_eq!(top.scored, 48);
    assert_eq!(snapshot.score(&query, 0, &[3, 1, 99, 100]).unwrap().iter().flatten().count(), 2);
    assert_eq!(snapshot.score(&query, 1, &[0]).unwrap(), [None]);
}
