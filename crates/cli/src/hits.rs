//! Hits as a person reads them.

use crate::evidence::print_evidence;
use crate::matched;
use crate::output::{count, counted, printable, wrap, wrap_marked};
use crate::style::Style;
use precedent_model::{Case, FieldValue, Report, SectionKind};
use precedent_query::{
    AppliedGuards, ChannelScore, Facet, Highlight, Hit, SearchResponse, Warning, WarningCode,
};
use precedent_vector::Metric;
use std::io::{self, Write};

/// Columns of report text.
const WIDTH: usize = 96;
/// Lines of a section that are shown unless the whole report is asked for.
const LINES: usize = 4;

/// How hits are shown.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Of the index that was searched.
    pub metric: Option<Metric>,
    /// Whole reports.
    pub full: bool,
    /// What the terminal may show.
    pub style: Style,
}

/// Prints the hits of an answer, and what was counted beside them.
pub fn print(out: &mut impl Write, answer: &SearchResponse, manner: Manner) -> io::Result<()> {
    for hit in &answer.hits {
        print_hit(out, hit, answer.explained.len(), manner)?;
    }
    for facet in &answer.facets {
        print_facet(out, facet)?;
    }
    Ok(())
}

/// The values of a field with their numbers of cases, those of the most first.
fn print_facet(out: &mut impl Write, facet: &Facet) -> io::Result<()> {
    let value = |(value, cases): &(String, usize)| format!("{} {}", printable(value), count(*cases as u64));
    let mut parts: Vec<String> = facet.values.iter().map(value).collect();
    if facet.more_values > 0 {
        parts.push(counted(facet.more_values as u64, "more value", "more values"));
    }
    parts.push(format!("none {}", count(facet.missing as u64)));
    writeln!(out, "{}: {}", printable(&facet.field), parts.join(", "))
}

/// Prints a case whole.
pub fn print_case(out: &mut impl Write, case: &Case, style: Style) -> io::Result<()> {
    writeln!(out, "{}", style.bold(&printable(case.id.as_str())))?;
    if let Some(patient) = &case.patient {
        let issuer = patient.issuer().map(|issuer| format!(", issued by {issuer}")).unwrap_or_default();
        writeln!(out, "     {:<11} {}", "patient", printable(&format!("{}{issuer}", patient.id())))?;
    }
    for (name, values) in &case.fields {
        let values: Vec<String> = values.iter().map(value).collect();
        print_lines(out, name, &wrap(&values.join(", "), WIDTH))?;
    }
    for (number, image) in (1..).zip(&case.images) {
        let name = if image.name.is_empty() { "without a name" } else { image.name.as_str() };
        let view = image.view.as_deref().unwrap_or_default();
        print_lines(out, &format!("image {number}"), &wrap(&format!("{name} {view}"), WIDTH))?;
    }
    if let Some(report) = &case.report {
        print_whole(out, report, &[], style)?;
    }
    writeln!(out)
}

/// Prints a case on one line, without its report.
pub fn print_line(out: &mut impl Write, case: &Case) -> io::Result<()> {
    let line = format!("{}   {}", printable(case.id.as_str()), facts(case));
    writeln!(out, "{}", line.trim_end())
}

/// `images` is how many images of the query the hits are explained by.
fn print_hit(out: &mut impl Write, hit: &Hit, images: usize, manner: Manner) -> io::Result<()> {
    let Manner { metric, full, style, .. } = manner;
    let scores: Vec<String> = [
        hit.image.map(|score| channel(&score, similarity(metric, score.score))),
        hit.lexical.map(|score| channel(&score, format!("bm25 {:.3}", score.score))),
        hit.sentence.map(|score| channel(&score, format!("sentences {:+.2} deviations", score.score))),
        hit.reranked.map(|score| format!("reranked {score:+.2}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    let line = format!("{:>3}  {}   {}", hit.rank, printable(hit.case.id.as_str()), scores.join("   "));
    writeln!(out, "{}", line.trim_end())?;
    let facts = facts(&hit.case);
    if !facts.is_empty() {
        writeln!(out, "     {facts}")?;
    }
    if let Some(report) = &hit.case.report {
        print_evidence(out, report, &hit.evidence, images, style)?;
        match (full, hit.highlights.as_slice()) {
            (true, highlights) => print_whole(out, report, highlights, style)?,
            (false, []) => print_beginning(out, report, |kind| kind != SectionKind::Comparison)?,
            (false, highlights) => {
                print_matched(out, report, highlights, style)?;
                // The conclusion is worth its lines whatever was asked.
                if !highlights.iter().any(|highlight| highlight.kind == SectionKind::Impression) {
                    print_beginning(out, report, |kind| kind == SectionKind::Impression)?;
                }
            }
        }
    }
    writeln!(out)
}

/// Every section whole, with what matched in bold.
fn print_whole(
    out: &mut impl Write,
    report: &Report,
    highlights: &[Highlight],
    style: Style,
) -> io::Result<()> {
    for (place, section) in report.sections().iter().enumerate() {
        let marks = matched::marks(highlights, place);
        print_lines(out, section.kind.name(), &wrap_marked(&section.text, &marks, WIDTH, style))?;
    }
    Ok(())
}

/// The first lines of the sections that are wanted.
pub fn print_beginning(
    out: &mut impl Write,
    report: &Report,
    wanted: impl Fn(SectionKind) -> bool,
) -> io::Result<()> {
    for section in report.sections().iter().filter(|section| wanted(section.kind)) {
        let mut lines = wrap(&section.text, WIDTH);
        if lines.len() > LINES {
            lines.truncate(LINES);
            lines[LINES - 1].push_str(" ...");
        }
        print_lines(out, section.kind.name(), &lines)?;
    }
    Ok(())
}

/// The sentences that matched, each under the name of its part of the report.
fn print_matched(
    out: &mut impl Write,
    report: &Report,
    highlights: &[Highlight],
    style: Style,
) -> io::Result<()> {
    let mut before = None;
    for highlight in highlights {
        let head = if before == Some(highlight.kind) { "" } else { highlight.kind.name() };
        before = Some(highlight.kind);
        print_lines(out, head, &matched::sentence(report, highlight, WIDTH, style))?;
    }
    Ok(())
}

fn print_lines(out: &mut impl Write, head: &str, lines: &[String]) -> io::Result<()> {
    for (index, line) in lines.iter().enumerate() {
        let head = if index == 0 { head } else { "" };
        writeln!(out, "     {head:<11} {line}")?;
    }
    Ok(())
}

/// A score with the rank that the channel gave, or a word that it did not put the case forward.
fn channel(score: &ChannelScore, measure: String) -> String {
    match score.rank {
        Some(rank) => format!("{measure} (rank {rank})"),
        None => format!("{measure} (not ranked)"),
    }
}

/// A score of the image channel in the words of the metric.
pub fn similarity(metric: Option<Metric>, similarity: f32) -> String {
    match metric {
        Some(Metric::L2) => format!("distance {:.4}", -similarity),
        Some(Metric::Dot) => format!("dot {similarity:.4}"),
        _ => format!("cosine {similarity:.4}"),
    }
}

fn facts(case: &Case) -> String {
    let images: Vec<&str> =
        case.images.iter().map(|image| image.name.as_str()).filter(|name| !name.is_empty()).collect();
    let fields = case.fields.iter().map(|(name, values)| {
        let values: Vec<String> = values.iter().map(value).collect();
        format!("{name} {}", values.join(", "))
    });
    let all = fields.chain((!images.is_empty()).then(|| images.join(", ")));
    printable(&all.collect::<Vec<_>>().join(" · "))
}

fn value(value: &FieldValue) -> String {
    match value {
        FieldValue::Keyword(text) => text.clone(),
        FieldValue::Integer(number) => number.to_string(),
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Date(date) => date.to_string(),
    }
}

/// Prints what to know about an answer. Where images or embeddings of a study asked, its patient should have been named.
pub fn print_plan(notes: &mut impl Write, answer: &SearchResponse, asks_of_study: bool) -> io::Result<()> {
    let SearchResponse { total, plan, generation, .. } = answer;
    let channels: Vec<String> = (plan.channels.iter())
        .map(|channel| match channel.path {
            Some(path) => {
                format!("{} {} over {}", channel.channel.name(), path.name(), count(channel.visited as u64))
            }
            None => format!("{} over {}", channel.channel.name(), count(channel.visited as u64)),
        })
        .collect();
    let how = if channels.is_empty() { "latest first".to_owned() } else { channels.join(", ") };
    writeln!(
        notes,
        "{}; {} of {} pass filter and guards; {how}; generation {generation}",
        counted(*total as u64, "hit", "hits"),
        count(plan.matches as u64),
        counted(plan.cases as u64, "case", "cases"),
    )?;
    print_guards(notes, &plan.guards)?;
    // Words and filters look through the archive; nobody's study is read with them.
    let concerns = |warning: &&Warning| asks_of_study || warning.code != WarningCode::NoPatient;
    for warning in plan.warnings.iter().filter(concerns) {
        writeln!(notes, "note: {}", warning.message)?;
    }
    for missing in &plan.unavailable {
        writeln!(notes, "note: no {}: {}", missing.part.name(), missing.reason)?;
    }
    Ok(())
}

/// Says which guards come from the header of a file, as nobody has typed them.
fn print_guards(notes: &mut impl Write, guards: &AppliedGuards) -> io::Result<()> {
    let from_header = |source: &str| source.starts_with("images[");
    if let Some(patient) = guards.patient.as_ref().filter(|patient| from_header(&patient.source)) {
        writeln!(notes, "note: the patient is the one whom the header of {} names", patient.source)?;
    }
    if let Some(before) = guards.before.as_ref().filter(|before| from_header(&before.source)) {
        writeln!(notes, "note: only cases before {}, the study date of {}", before.value, before.source)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{Assertion, CaseId, PatientKey, Span};
    use precedent_query::{
        AnswerPart, Applied, Fusion, HighlightMatch, Plan, StepTimes, Unavailable, UnavailableReason,
    };

    fn answer() -> SearchResponse {
        let mut case = Case::new(CaseId::new("CXR7").unwrap());
        case.fields.insert("age".into(), vec![FieldValue::Integer(63)]);
        let long = "word ".repeat(200);
        case.report = Some(Report::new([(SectionKind::Findings, long.as_str())]).unwrap());
        let score = ChannelScore { score: -2.5, rank: Some(1), contribution: 0.1 };
        SearchResponse {
            hits: vec![Hit {
                case,
                rank: 1,
                fused_score: 0.1,
                reranked: None,
                image: Some(score),
                matched_image: Some(0),
                matched_vector: Some(0),
                lexical: Some(ChannelScore { score: 7.25, rank: None, contribution: 0.0 }),
                sentence: None,
                highlights: Vec::new(),
                evidence: Vec::new(),
            }],
            total: 1,
            plan: Plan {
                channels: vec![],
                fusion: Fusion::default(),
                guards: AppliedGuards {
                    patient: Some(Applied {
                        value: PatientKey::new("CANARY", None).unwrap(),
                        source: "images[0].content".into(),
                    }),
                    ..AppliedGuards::default()
                },
                views: Vec::new(),
                cases: 3196,
                matches: 1,
                exact: true,
                corrections: Vec::new(),
                warnings: vec![Warning {
                    code: WarningCode::NoPatient,
                    message: "no patient was named".into(),
                }],
                unavailable: vec![Unavailable {
                    part: AnswerPart::Consensus,
                    reason: UnavailableReason::NoReports,
                }],
                reranked: 0,
                times: StepTimes::default(),
            },
            generation: 4,
            encoded_images: Vec::new(),
            facets: vec![Facet {
                field: "modality".into(),
                values: vec![("dx".into(), 1200), ("cr".into(), 3)],
                more_values: 1,
                missing: 5,
            }],
            consensus: None,
            dissent: None,
            abstention: None,
            explained: Vec::new(),
        }
    }

    fn printed(full: bool) -> (String, String) {
        printed_of(&answer(), full, Style::PLAIN)
    }

    fn printed_of(answer: &SearchResponse, full: bool, style: Style) -> (String, String) {
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let manner = Manner { metric: Some(Metric::L2), full, style };
        print(&mut out, answer, manner).unwrap();
        print_plan(&mut notes, answer, true).unwrap();
        (String::from_utf8(out).unwrap(), String::from_utf8(notes).unwrap())
    }

    #[test]
    fn a_hit_shows_scores_facts_and_the_beginning_of_its_report() {
        let (out, notes) = printed(false);
        assert!(
            out.starts_with("  1  CXR7   distance 2.5000 (rank 1)   bm25 7.250 (not ranked)\n     age 63\n"),
            "{out}"
        );
        assert!(out.contains("findings    word"), "{out}");
        assert!(out.ends_with(" ...\n\nmodality: dx 1,200, cr 3, 1 more value, none 5\n"), "{out}");
        assert!(
            notes.contains("1 hit; 1 of 3,196 cases pass filter and guards; latest first; generation 4"),
            "{notes}"
        );
        assert!(notes.contains("note: no patient was named"), "{notes}");
        assert!(notes.contains("note: the patient is the one whom the header of images[0].content names\n"));
        assert!(!notes.contains("CANARY"), "{notes}");
        let missing = "note: no consensus: none of the nearest cases of like views has a report\n";
        assert!(notes.ends_with(missing), "{notes}");
    }

    #[test]
    fn a_patient_is_missed_only_where_a_study_is_read() {
        let mut notes = Vec::new();
        print_plan(&mut notes, &answer(), false).unwrap();
        assert!(!String::from_utf8(notes).unwrap().contains("no patient was named"));
    }

    #[test]
    fn the_whole_report_comes_when_asked_for() {
        let (out, _) = printed(true);
        assert_eq!(out.matches("word").count(), 200);
        assert!(!out.contains("..."));
    }

    /// A report whose second finding matched.
    fn matched() -> SearchResponse {
        let mut answer = answer();
        let findings = "The lungs are clear. No pneumothorax. The heart is large.";
        let sections = [
            (SectionKind::Findings, findings),
            (SectionKind::Impression, "Large heart."),
            (SectionKind::Comparison, "None."),
        ];
        answer.hits[0].case.report = Some(Report::new(sections).unwrap());
        let matches = vec![HighlightMatch {
            span: Span::new(24..36),
            assertion: Some(Assertion::Absent),
            finding: Some("pneumothorax".into()),
            details: None,
        }];
        let sentence = Span::new(21..37);
        answer.hits[0].highlights =
            vec![Highlight { section: 0, kind: SectionKind::Findings, sentence, matches }];
        answer
    }

    #[test]
    fn what_matched_is_shown_with_the_conclusion() {
        let (out, _) = printed_of(&matched(), false, Style::PLAIN);
        let lines: Vec<&str> = out.lines().skip(2).take(3).collect();
        assert_eq!(
            lines,
            ["     findings    No pneumothorax.  (absent)", "     impression  Large heart.", ""]
        );
        let (out, _) = printed_of(&matched(), false, Style::STYLED);
        assert!(out.contains("findings    No \u{1b}[1mpneumothorax\u{1b}[0m.  (absent)\n"), "{out}");
    }

    #[test]
    fn a_whole_report_is_marked_in_place() {
        let (out, _) = printed_of(&matched(), true, Style::STYLED);
        assert!(out.contains("clear. No \u{1b}[1mpneumothorax\u{1b}[0m. The heart is large.\n"), "{out}");
        assert!(out.contains("comparison  None."), "{out}");
    }
}
