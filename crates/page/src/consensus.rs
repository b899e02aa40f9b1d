//! What the neighbours say of each finding, beside the archive.

use crate::verdict::missing;
use crate::words::{count, counted, list, percent};
use maud::{Markup, html};
use precedent_wire::v1;

/// Length of the scale of shares.
const SCALE: f64 = 100.0;
/// Findings that are shown at once; others follow folded.
const SHOWN: usize = 8;

/// The table of findings.
pub(crate) fn consensus(answer: &v1::SearchResponse) -> Markup {
    html! {
        section.consensus aria-labelledby="consensus" {
            h2 id="consensus" { "What the nearest cases say together" }
            @match &answer.consensus {
                None => p { (missing(answer, v1::AnswerPart::Consensus)) },
                Some(consensus) => { (said(consensus)) },
            }
        }
    }
}

fn said(consensus: &v1::Consensus) -> Markup {
    let calibrated = match consensus.calibrated {
        true => {
            "Shares describe these neighbours, and are no probabilities and no diagnosis; what each is worth by this archive is in the answer (calibrated)."
        }
        false => {
            "The shares are not calibrated: they describe these neighbours, and are no probabilities and no diagnosis."
        }
    };
    html! {
        p {
            (counted(consensus.neighbour_count, "patient", "patients")) " with a report "
            (if consensus.neighbour_count == 1 { "votes" } else { "vote" }) ", the nearer the more. Together they weigh as much as "
            strong { (format!("{:.1}", consensus.effective_patient_count)) } " patients of equal weight. The archive has "
            (counted(consensus.reported_case_count, "report", "reports")) "."
        }
        p.quiet { (calibrated) }
        @if consensus.votes.is_empty() {
            p { "None of their reports names a finding." }
        } @else {
            @let (first, others) = consensus.votes.split_at(consensus.votes.len().min(SHOWN));
            (table(first, "Findings among the neighbours"))
            p.quiet { "Bar: share of the neighbours. Line: its interval. Tick: share of the whole archive." }
            @if !others.is_empty() {
                details {
                    summary { (counted(others.len() as u64, "rarer finding", "rarer findings")) }
                    (table(others, "Rarer findings among the neighbours"))
                }
            }
        }
        @if consensus.more_finding_count > 0 {
            p.quiet { (counted(consensus.more_finding_count, "more finding", "more findings")) " in single reports." }
        }
    }
}

fn table(votes: &[v1::FindingVote], name: &str) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label=(name) { (rows(votes, name)) }
    }
}

fn rows(votes: &[v1::FindingVote], name: &str) -> Markup {
    html! {
        table {
            caption.hidden { (name) }
            thead {
                tr {
                    th scope="col" rowspan="2" { "Finding" }
                    th scope="col" rowspan="2" { "Share, with 95 % interval" }
                    th scope="col" rowspan="2" { "In the archive" }
                    th scope="col" rowspan="2" { "Times as common" }
                    th scope="colgroup" colspan="4" { "Reports in which it is" }
                }
                tr.minor {
                    th scope="col" { "present" }
                    th scope="col" { "uncertain" }
                    th scope="col" { "denied" }
                    th scope="col" { "not mentioned" }
                }
            }
            tbody { @for vote in votes { (row(vote)) } }
        }
    }
}

fn row(vote: &v1::FindingVote) -> Markup {
    let lift = vote.lift.map_or_else(|| "new".to_owned(), |lift| format!("{lift:.1}"));
    html! {
        tr {
            th scope="row" {
                (vote.name)
                @if let Some(grades) = &vote.grades { span.grades { (graded(grades)) } }
            }
            td.share {
                (bar(vote))
                span.figures { strong { (percent(vote.share)) } " (" (range(vote)) ")" }
            }
            td.number { (percent(vote.base_rate)) }
            td.number { (lift) }
            td.number { (count(vote.present_count)) }
            td.number { (count(vote.uncertain_count)) }
            td.number { (count(vote.absent_count)) }
            td.number { (count(vote.unmentioned_count)) }
        }
    }
}

fn range(vote: &v1::FindingVote) -> String {
    format!("{:.0} to {:.0}\u{a0}%", 100.0 * vote.lower, 100.0 * vote.upper)
}

fn graded(grades: &v1::Grades) -> String {
    let cases = grades.shares.iter().map(|share| u64::from(share.case_count)).sum::<u64>();
    let shares: Vec<String> =
        grades.shares.iter().map(|share| format!("{} {}", share.name, percent(share.share))).collect();
    format!("graded in {}: {}", counted(cases, "case", "cases"), list(&shares))
}

/// The share as a bar with its interval; the numbers stand beside it.
fn bar(vote: &v1::FindingVote) -> Markup {
    let at = |share: f64| format!("{:.1}", (share * SCALE).clamp(0.0, SCALE));
    let width = |from: f64, to: f64| at((to - from).max(0.0));
    html! {
        svg.bar viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true" {
            rect.track x="0" y="3" width="100" height="6" {}
            rect.fill x="0" y="3" width=(at(vote.share)) height="6" {}
            rect.interval x=(at(vote.lower)) y="5.4" width=(width(vote.lower, vote.upper)) height="1.2" {}
            rect.usual x=(at(vote.base_rate.min(0.99))) y="0" width="1" height="12" {}
        }
    }
}
