//! What the neighbours say together, and what speaks against it, as a person reads it.

use crate::hits::{Manner, print_beginning, similarity};
use crate::output::{count, counted, printable};
use crate::style::Style;
use precedent_model::SectionKind;
use precedent_query::{Abstention, Consensus, Dissent, FindingVote, Hit};
use std::io::{self, Write};

/// Findings that are shown unless everything is asked for.
const FINDINGS: usize = 8;
/// Columns of a finding's name.
const NAME: usize = 27;

/// Says whether there is an adequate precedent, and on what grounds.
pub fn print_abstention(out: &mut impl Write, abstention: &Abstention, manner: Manner) -> io::Result<()> {
    let Manner { metric, style, .. } = manner;
    let verdict = if abstention.abstains { "no adequate precedent" } else { "precedent" };
    let Some(best) = abstention.similarity else {
        return writeln!(out, "{}: the archive has no case of like views\n", style.bold(verdict));
    };
    let kind = abstention.projection.map_or(String::new(), |projection| format!("{} ", projection.name()));
    writeln!(
        out,
        "{}: the best match ({}) is as good as those of {} of {} {kind}images of the archive, or better; false alarms {}\n",
        style.bold(verdict),
        similarity(metric, best),
        percent(abstention.p_value),
        count(abstention.background_images as u64),
        percent(abstention.rate),
    )
}

/// Prints the votes as a table, the greatest share first.
pub fn print_consensus(
    out: &mut impl Write,
    consensus: &Consensus,
    full: bool,
    style: Style,
) -> io::Result<()> {
    let calibrated = match &consensus.calibration {
        Some(by) => format!("calibrated on {}", counted(by.cases as u64, "case", "cases")),
        None => "not calibrated".to_owned(),
    };
    writeln!(
        out,
        "{}: {}, weighing as much as {:.1} of equal weight, beside {} of the archive ({calibrated})",
        style.bold("consensus"),
        counted(consensus.neighbours as u64, "patient", "patients"),
        consensus.effective_patients,
        counted(consensus.reported_cases as u64, "report", "reports"),
    )?;
    if consensus.votes.is_empty() {
        return writeln!(out, "     no report of theirs names a finding\n");
    }
    let head = format!(
        "{:<NAME$} {:>6} {:>9} {:>10} {:>9} {:>8} {:>7} {:>8} {:>10} {:>7} {:>7}",
        "finding",
        "share",
        "interval",
        "calibrated",
        "interval",
        "archive",
        "lift",
        "present",
        "uncertain",
        "denied",
        "silent"
    );
    writeln!(out, "     {}", style.faint(&head))?;
    let shown = if full { consensus.votes.len() } else { FINDINGS };
    for vote in consensus.votes.iter().take(shown) {
        print_vote(out, vote)?;
    }
    let more = consensus.votes.len().saturating_sub(shown) + consensus.more_findings;
    if more > 0 {
        writeln!(out, "     {}", style.faint(&counted(more as u64, "more finding", "more findings")))?;
    }
    writeln!(out)
}

fn print_vote(out: &mut impl Write, vote: &FindingVote) -> io::Result<()> {
    let interval = interval(vote.lower, vote.upper);
    let (calibrated, around) = match vote.calibrated {
        Some(found) => (percent(found.share), self::interval(found.lower, found.upper)),
        None => ("-".to_owned(), "-".to_owned()),
    };
    let lift = vote.lift().map_or_else(|| "-".to_owned(), |lift| format!("{lift:.1}x"));
    writeln!(
        out,
        "     {:<NAME$} {:>6} {interval:>9} {calibrated:>10} {around:>9} {:>8} {lift:>7} {:>8} {:>10} {:>7} {:>7}",
        cut(&printable(&vote.name)),
        percent(vote.share),
        percent(vote.base_rate),
        count(vote.present as u64),
        count(vote.uncertain as u64),
        count(vote.absent as u64),
        count(vote.unmentioned as u64),
    )?;
    let Some(grades) = &vote.grades else { return Ok(()) };
    let share =
        |share: &precedent_query::GradeShare| format!("{} {}", printable(&share.name), percent(share.share));
    let shares: Vec<String> = grades.shares.iter().map(share).collect();
    let cases: usize = grades.shares.iter().map(|share| share.cases).sum();
    writeln!(out, "       graded by {}: {}", count(cases as u64), shares.join(", "))
}

/// Prints the nearest cases without each leading finding, and the nearest normal ones.
pub fn print_dissent(out: &mut impl Write, dissent: &Dissent, manner: Manner) -> io::Result<()> {
    for against in &dissent.leading {
        let name = printable(&against.name);
        let how = match (against.cases.as_slice(), against.denied) {
            ([], _) => "no match is without it",
            (_, true) => "the nearest cases that deny it",
            (_, false) => "no match denies it; the nearest cases that do not mention it",
        };
        writeln!(out, "{}: {how}", manner.style.bold(&format!("against {name}")))?;
        against.cases.iter().try_for_each(|hit| print_case(out, hit, manner))?;
        writeln!(out)?;
    }
    let how = match dissent.normal.as_slice() {
        [] => "no match has a report without a finding",
        _ => "the nearest cases whose report names no finding",
    };
    writeln!(out, "{}: {how}", manner.style.bold("nearest normal"))?;
    dissent.normal.iter().try_for_each(|hit| print_case(out, hit, manner))?;
    writeln!(out)
}

fn print_case(out: &mut impl Write, hit: &Hit, manner: Manner) -> io::Result<()> {
    let score = hit.image.map_or_else(String::new, |score| similarity(manner.metric, score.score));
    writeln!(out, "     {}   {score}", printable(hit.case.id.as_str()))?;
    match &hit.case.report {
        Some(report) => {
            let has_conclusion =
                report.sections().iter().any(|section| section.kind == SectionKind::Impression);
            print_beginning(out, report, |kind| match has_conclusion {
                true => kind == SectionKind::Impression,
                false => kind.is_reported(),
            })
        }
        None => Ok(()),
    }
}

/// A share as a whole number of percent.
fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn interval(lower: f64, upper: f64) -> String {
    format!("{}-{}", percent(lower).trim_end_matches(" %"), percent(upper))
}

fn cut(name: &str) -> String {
    match name.chars().count() > NAME {
        true => name.chars().take(NAME - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{Case, CaseId, Report};
    use precedent_query::{CalibratedShare, Calibration, ChannelScore, FindingDissent, GradeShare, Grades};
    use precedent_vector::Metric;

    fn vote(name: &str, share: f64, base_rate: f64) -> FindingVote {
        FindingVote {
            finding: name.into(),
            name: name.to_owned(),
            present: 21,
            uncertain: 2,
            absent: 3,
            unmentioned: 4,
            share,
            lower: share / 2.0,
            upper: 0.875,
            base_rate,
            calibrated: None,
            grades: None,
        }
    }

    fn printed(consensus: &Consensus, full: bool) -> String {
        let mut out = Vec::new();
        print_consensus(&mut out, consensus, full, Style::PLAIN).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn consensus(votes: Vec<FindingVote>) -> Consensus {
        Consensus {
            votes,
            more_findings: 1,
            neighbours: 30,
            effective_patients: 21.42,
            reported_cases: 3196,
            calibration: None,
        }
    }

    #[test]
    fn votes_are_a_table_beside_the_archive() {
        let grade =
            |name: &str, share| GradeShare { grade: name.into(), name: name.to_owned(), cases: 2, share };
        let shares = vec![grade("mild", 0.6), grade("severe", 0.4)];
        let graded = FindingVote {
            calibrated: Some(CalibratedShare { share: 0.91, lower: 0.4, upper: 0.98 }),
            grades: Some(Grades { median: 0, shares }),
            ..vote("pleural effusion", 0.72, 0.12)
        };
        let shown = printed(
            &consensus(vec![graded, vote("a finding with a name that is much too long", 0.5, 0.0)]),
            false,
        );
        let expected = "\
consensus: 30 patients, weighing as much as 21.4 of equal weight, beside 3,196 reports of the archive (not calibrated)
     finding                      share  interval calibrated  interval  archive    lift  present  uncertain  denied  silent
     pleural effusion              72 %   36-88 %       91 %   40-98 %     12 %    6.0x       21          2       3       4
       graded by 4: mild 60 %, severe 40 %
     a finding with a name that…   50 %   25-88 %          -         -      0 %       -       21          2       3       4
     1 more finding

";
        assert_eq!(shown, expected);
    }

    #[test]
    fn few_findings_are_shown_unless_all_are_wanted() {
        let many = consensus((0..12).map(|number| vote(&format!("finding {number}"), 0.5, 0.1)).collect());
        assert!(printed(&many, false).ends_with("     5 more findings\n\n"));
        assert!(printed(&many, true).ends_with("     1 more finding\n\n"));
        let by = Calibration {
            cases: 256,
            shares: 1800,
            generation: 1,
            constant: 0.5,
            by_share: 1.5,
            by_rest: 1.5,
            by_base_rate: 0.0,
        };
        let calibrated = printed(&Consensus { calibration: Some(by), ..consensus(Vec::new()) }, false);
        assert!(
            calibrated.contains("3,196 reports of the archive (calibrated on 256 cases)"),
            "{calibrated}"
        );
        let nothing = Consensus { more_findings: 0, ..consensus(Vec::new()) };
        assert!(printed(&nothing, false).ends_with("\n     no report of theirs names a finding\n\n"));
    }

    #[test]
    fn cases_that_speak_against_a_finding_follow_with_their_conclusion() {
        let near = |id: &str| {
            let mut case = Case::new(CaseId::new(id).unwrap());
            let sections = [(SectionKind::Findings, "Long."), (SectionKind::Impression, "No effusion.")];
            case.report = Some(Report::new(sections).unwrap());
            Hit {
                case,
                rank: 1,
                fused_score: 0.0,
                reranked: None,
                image: Some(ChannelScore { score: 0.5, rank: None, contribution: 0.0 }),
                matched_image: Some(0),
                matched_vector: Some(0),
                lexical: None,
                sentence: None,
                highlights: Vec::new(),
                evidence: Vec::new(),
            }
        };
        let against =
            |denied, cases| FindingDissent { finding: "x".into(), name: "effusion".into(), denied, cases };
        let leading = vec![
            against(true, vec![near("CXR1"), near("CXR2")]),
            against(false, vec![near("CXR3")]),
            against(false, Vec::new()),
        ];
        let mut out = Vec::new();
        let manner = Manner { metric: Some(Metric::Cosine), full: false, style: Style::PLAIN };
        print_dissent(&mut out, &Dissent { leading, normal: Vec::new() }, manner).unwrap();
        let expected = "\
against effusion: the nearest cases that deny it
     CXR1   cosine 0.5000
     impression  No effusion.
     CXR2   cosine 0.5000
     impression  No effusion.

against effusion: no match denies it; the nearest cases that do not mention it
     CXR3   cosine 0.5000
     impression  No effusion.

against effusion: no match is without it

nearest normal: no match has a report without a finding

";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
