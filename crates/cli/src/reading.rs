//! What a report was understood to say, as a person reads it.

use crate::output::{printable, wrap, wrap_marked};
use crate::style::Style;
use precedent_model::{Assertion, Mention, Reading, Report, SectionKind, Sentence};
use std::io::{self, Write};
use std::ops::Range;

/// Columns of report text.
const WIDTH: usize = 96;
/// Columns of the longest name of an assertion, and a gap.
const NAME: usize = 14;

/// Prints a reading: its sentences by section, what is said of each, and what the case says as a whole.
pub fn print(
    out: &mut impl Write,
    case_id: Option<&str>,
    report: &Report,
    reading: &Reading,
    style: Style,
) -> io::Result<()> {
    if let Some(case_id) = case_id {
        writeln!(out, "{}\n", style.bold(&printable(case_id)))?;
    }
    let mut part = None;
    for sentence in &reading.sentences {
        let here = (sentence.section, sentence.kind, sentence.addendum);
        if part != Some(here) {
            let gap = if part.is_some() { "\n" } else { "" };
            let addendum = if sentence.addendum { ", addendum" } else { "" };
            writeln!(out, "{gap}{}", style.bold(&format!("{}{addendum}", sentence.kind.name())))?;
            part = Some(here);
        }
        let text = report.sections().get(sentence.section).map_or("", |section| section.text.as_str());
        print_sentence(out, text, sentence, style)?;
    }
    print_findings(out, reading, style)?;
    for warning in &reading.warnings {
        writeln!(out, "{} {}", style.said(Assertion::Uncertain, "note:"), printable(warning))?;
    }
    Ok(())
}

fn print_sentence(out: &mut impl Write, text: &str, sentence: &Sentence, style: Style) -> io::Result<()> {
    let whole = sentence.span.range();
    let marks = marks(sentence);
    for line in wrap_marked(text.get(whole).unwrap_or_default(), &marks, WIDTH, style) {
        writeln!(out, "  {line}")?;
    }
    let marks: Vec<&str> = [(sentence.comparison, "comparison"), (sentence.boilerplate, "boilerplate")]
        .into_iter()
        .filter_map(|(is, name)| is.then_some(name))
        .collect();
    if !marks.is_empty() {
        writeln!(out, "      {}", style.faint(&format!("({})", marks.join(", "))))?;
    }
    // Where all of it is there, the sentence has said so itself.
    if sentence.runs.iter().any(|run| run.assertion != Assertion::Present) {
        for run in &sentence.runs {
            let words = text.get(run.span.range()).unwrap_or_default();
            let lines = wrap(&format!("\"{words}\""), WIDTH - NAME);
            entry(out, run.assertion, &lines, style)?;
        }
    }
    for mention in &sentence.mentions {
        let lines = wrap(&details(text, mention, sentence.kind), WIDTH - NAME);
        entry(out, mention.assertion, &lines, style)?;
    }
    Ok(())
}

/// Lines under an assertion, which stands before the first.
fn entry(out: &mut impl Write, assertion: Assertion, lines: &[String], style: Style) -> io::Result<()> {
    for (index, line) in lines.iter().enumerate() {
        let name = if index == 0 { assertion.name() } else { "" };
        // Padding counts what is seen, so it comes before the colour.
        writeln!(out, "      {}{line}", style.said(assertion, &format!("{name:<NAME$}")))?;
    }
    Ok(())
}

/// The mentions of a sentence as ranges of it, ascending and apart.
fn marks(sentence: &Sentence) -> Vec<Range<usize>> {
    let start = sentence.span.range().start;
    let mut marks: Vec<Range<usize>> = Vec::new();
    for mention in &sentence.mentions {
        let range = mention.span.range();
        let mark = range.start.saturating_sub(start)..range.end.saturating_sub(start);
        match marks.last_mut() {
            Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
            _ => marks.push(mark),
        }
    }
    marks
}

/// A mention in words: the finding, then side, severity, size, place and time where said.
fn details(text: &str, mention: &Mention, kind: SectionKind) -> String {
    let places: Vec<&str> = mention.places.iter().filter_map(|place| text.get(place.span.range())).collect();
    let details = [
        Some(mention.finding.to_string()),
        mention.laterality.map(|side| side.name().to_owned()),
        mention.larger.map(|side| format!("larger {}", side.name())),
        mention.severity.as_deref().map(str::to_owned),
        mention.size.map(|size| match size.earlier_mm {
            None => millimetres(size.longest_mm),
            Some(earlier) => format!("{}, {} before", millimetres(size.longest_mm), millimetres(earlier)),
        }),
        (!places.is_empty()).then(|| format!("in \"{}\"", places.join("\", \""))),
        (!mention.times.is_empty()).then(|| mention.times.join(", ")),
        mention.overridden.then(|| "taken back by an addendum".to_owned()),
        (!kind.is_reported()).then(|| "outside findings and impression, not counted".to_owned()),
    ];
    details.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// 21 as `21 mm`, 2.5 as `2.5 mm`.
fn millimetres(longest: f32) -> String {
    format!("{} mm", (longest * 100.0).round() / 100.0)
}

/// What the case as a whole says of each finding, by assertion.
fn print_findings(out: &mut impl Write, reading: &Reading, style: Style) -> io::Result<()> {
    let findings = reading.findings();
    writeln!(out, "\n{}", style.bold("findings of the case"))?;
    if findings.is_empty() {
        writeln!(out, "  none of the lexicon")?;
    }
    for assertion in Assertion::ALL {
        let names = findings.iter().filter(|(_, said)| *said == assertion).map(|(id, _)| &**id);
        let names = names.collect::<Vec<_>>().join(", ");
        for (index, line) in wrap(&names, WIDTH - NAME).iter().enumerate() {
            let name = if index == 0 { assertion.name() } else { "" };
            writeln!(out, "  {}{line}", style.said(assertion, &format!("{name:<NAME$}")))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_report::{Lexicon, ReportReader};

    fn printed(text: &str, style: Style) -> String {
        let report = Report::new([(SectionKind::Findings, text)]).unwrap();
        let reading = ReportReader::new(Lexicon::bundled()).read(&report);
        let mut out = Vec::new();
        print(&mut out, Some("CXR\u{1b}1"), &report, &reading, style).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_reading_is_shown_sentence_by_sentence() {
        let expected = "CXR\\u{1b}1

findings
  Small left pleural effusion.
      present       pleural-effusion · left · mild
  No pneumothorax.
      (boilerplate)
      absent        \"pneumothorax\"
      absent        pneumothorax

findings of the case
  present       pleural-effusion
  absent        pneumothorax
";
        let shown = printed("Small left pleural effusion. No pneumothorax.", Style::PLAIN);
        assert_eq!(shown, expected);
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let text = "Possible mass in the left upper lobe, 2.5 cm. No effusion.";
        let styled = printed(text, Style::STYLED);
        let mut plain = String::new();
        let mut rest = styled.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        plain.push_str(rest);
        assert!(styled.contains('\u{1b}'));
        assert_eq!(plain, printed(text, Style::PLAIN));
    }

    #[test]
    fn nothing_found_is_said() {
        assert!(
            printed("Views were repeated.", Style::PLAIN)
                .ends_with("findings of the case\n  none of the lexicon\n")
        );
    }

    #[test]
    fn sizes_lose_no_digit_that_counts() {
        assert_eq!(
            [millimetres(21.0), millimetres(2.5), millimetres(25.4 * 0.1)],
            ["21 mm", "2.5 mm", "2.54 mm"]
        );
    }
}
