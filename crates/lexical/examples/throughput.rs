//! How many reports are indexed and how many queries answered in a second, on one core.
//!
//! `cargo run --release -p precedent-lexical --example throughput -- REPORTS.jsonl [COPIES [SEGMENTS]]`
//!
//! A line of the file is an object with any of the section names (`indication`, `findings`, ...) as texts. Queries are
//! 2 to 4 words of the reports' own, drawn with a fixed seed, so common words come often; ten hits are asked for, and
//! their matches looked up; then misspelt words of the reports are looked for. Reports and queries are read by the rules of a page that the tests use, before the clock runs.
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

#[path = "../src/simple.rs"]
mod simple;

use precedent_lexical::{
    Asked, AskedFinding, LexicalError, LexicalSegment, LexicalSnapshot, LexicalWriter, OwnedBytes, Spelling,
    TextQuery,
};
use precedent_model::{Reading, Report, SectionKind, fold_word};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a file of reports")?;
    let copies: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let segments: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let mut reports = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let text = |kind: SectionKind| row.get(kind.name()).and_then(|text| text.as_str()).unwrap_or("");
        reports.extend(Report::new(SectionKind::ALL.map(|kind| (kind, text(kind)))));
    }
    let reports: Vec<(Report, Reading)> = reports
        .into_iter()
        .map(|report| {
            let reading = simple::read(&report);
            (report, reading)
        })
        .collect();
    let total = reports.len() * copies;

    let start = Instant::now();
    let all: Vec<&(Report, Reading)> = reports.iter().cycle().take(total).collect();
    let segment_cases = total.div_ceil(segments);
    let bundles = all.chunks(segment_cases).map(write).collect::<Result<Vec<_>, _>>()?;
    let seconds = start.elapsed().as_secs_f64();
    let bytes: usize = bundles.iter().map(Vec::len).sum();
    println!("{total} reports in {seconds:.2} s: {:.0} reports/s, {bytes} bytes", total as f64 / seconds);

    let start = Instant::now();
    let mut opened = Vec::new();
    for bundle in bundles {
        opened.push(Arc::new(LexicalSegment::open(Arc::new(OwnedBytes::new(bundle)))?));
    }
    println!("opened {} segments in {:.0} us", opened.len(), start.elapsed().as_secs_f64() * 1e6);
    measure(
        "no tombstones",
        &LexicalSnapshot::new(opened.iter().map(|segment| (segment.clone(), &[][..])))?,
        &reports,
        segment_cases,
    )?;
    let deleted: Vec<Vec<u32>> =
        opened.iter().map(|segment| (0..segment.document_count()).step_by(20).collect()).collect();
    let parts = opened.iter().cloned().zip(deleted.iter().map(Vec::as_slice));
    let start = Instant::now();
    let snapshot = LexicalSnapshot::new(parts)?;
    println!("snapshot with 5 % deleted in {:.0} us", start.elapsed().as_secs_f64() * 1e6);
    measure("5 % deleted", &snapshot, &reports, segment_cases)?;
    measure_spelling(&snapshot, &reports)
}

/// How long it takes to learn that a word is unknown and which known ones it is like: words of the reports, of four
/// letters or more, with two neighbours swapped.
fn measure_spelling(snapshot: &LexicalSnapshot, reports: &[(Report, Reading)]) -> Result<(), Box<dyn Error>> {
    let texts = reports.iter().flat_map(|(report, _)| report.sections()).map(|section| &section.text);
    let mut words: Vec<&str> = texts.flat_map(|text| text.split(|c: char| !c.is_alphabetic())).collect();
    words.sort_unstable();
    words.dedup();
    let (mut times, mut corrected) = (Vec::new(), 0);
    for word in &words {
        let mut folded = String::new();
        fold_word(word, &mut folded);
        let mut letters: Vec<char> = folded.chars().collect();
        if letters.len() < 4 {
            continue;
        }
        let middle = letters.len() / 2;
        letters.swap(middle, middle + 1);
        let written: String = letters.into_iter().collect();
        let start = Instant::now();
        if written == folded || snapshot.knows(&written)? {
            continue;
        }
        let found = Spelling::of(&written).map(|spelling| snapshot.neighbours(&spelling)).transpose()?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        let first = found.and_then(|found| found.into_iter().next());
        corrected += usize::from(first.is_some_and(|first| first.word == folded));
    }
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!(
        "{} misspelt words of {} different ones: {corrected} corrected, p50 {:.0} us, p99 {:.0} us",
        times.len(),
        words.len(),
        at(50),
        at(99)
    );
    Ok(())
}

fn write(reports: &[&(Report, Reading)]) -> Result<Vec<u8>, LexicalError> {
    let mut writer = LexicalWriter::new()?;
    for (report, reading) in reports {
        writer.add(Some((report, reading)))?;
    }
    writer.finish()
}

fn ask(text: &str) -> Asked {
    let sentences = simple::read_text(0, SectionKind::Body, text);
    let finding = |mention: &precedent_model::Mention| AskedFinding {
        span: mention.span,
        assertion: mention.assertion,
        findings: vec![(mention.finding.clone(), 1.0)],
        details: Vec::new(),
        shares_words: false,
    };
    let findings = sentences.iter().flat_map(|sentence| &sentence.mentions).map(finding).collect();
    let runs = sentences.iter().flat_map(|sentence| sentence.runs.iter().copied()).collect();
    Asked { runs, findings, ..Asked::default() }
}

fn measure(
    name: &str,
    snapshot: &LexicalSnapshot,
    reports: &[(Report, Reading)],
    segment_cases: usize,
) -> Result<(), Box<dyn Error>> {
    let mut state = 42_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut times, mut match_times) = (Vec::new(), Vec::new());
    let mut scored = 0;
    for _ in 0..2000 {
        let mut text = String::new();
        for _ in 0..2 + draw(3) {
            let (report, _) = &reports[draw(reports.len())];
            let section = &report.sections()[draw(report.sections().len())];
            let words: Vec<&str> = section.text.split_whitespace().collect();
            text.push_str(words[draw(words.len())].trim_start_matches(['-', '+']));
            text.push(' ');
        }
        let asked = ask(&text);
        let start = Instant::now();
        let query = TextQuery::parse(&text, &asked)?;
        let top = snapshot.top(&query, 10, &|_, _| u64::MAX, &|_, ordinal| ordinal.into(), &|| false)?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        scored += top.scored;
        let start = Instant::now();
        for hit in &top.hits {
            let place = hit.segment * segment_cases + hit.ordinal as usize;
            let (report, reading) = &reports[place % reports.len()];
            let _ = std::hint::black_box(query.matches(report, reading));
        }
        match_times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    let count = times.len();
    let sum: f64 = times.iter().sum();
    times.sort_by(f64::total_cmp);
    println!(
        "{name}: {:.0} queries/s, p50 {:.0} us, p99 {:.0} us, {} documents scored per query",
        count as f64 / sum * 1e6,
        times[count / 2],
        times[count * 99 / 100],
        scored / count
    );
    match_times.sort_by(f64::total_cmp);
    println!(
        "{name}: matches of ten hits, p50 {:.0} us, p99 {:.0} us",
        match_times[count / 2],
        match_times[count * 99 / 100]
    );
    Ok(())
}
