//! What an answer says on the whole, in a few lines.

use crate::output::{counted, printable, wrap};
use precedent_wire::v1;
use std::io::{self, Write};

/// Columns of a line.
const WIDTH: usize = 84;
/// Findings that are named.
const FINDINGS: usize = 4;

/// Prints whether there is a precedent, and what the neighbours agree on. Nothing for an answer that says neither.
pub fn print(out: &mut impl Write, answer: &v1::SearchResponse) -> io::Result<()> {
    let lines = [
        ("precedent", answer.abstention.as_ref().map(precedent)),
        ("consensus", answer.consensus.as_ref().map(consensus)),
    ];
    for (head, text) in lines {
        for (at, line) in wrap(&printable(&text.unwrap_or_default()), WIDTH).iter().enumerate() {
            writeln!(out, "      {:<11} {line}", if at == 0 { head } else { "" })?;
        }
    }
    Ok(())
}

fn precedent(abstention: &v1::Abstention) -> String {
    let verdict = if abstention.abstains { "none that is adequate" } else { "there is one" };
    let share = 100.0 * abstention.p_value;
    format!(
        "{verdict}: {share:.0} % of {} have a best match that is no better",
        counted(
            u64::from(abstention.background_image_count),
            "image of the archive",
            "images of the archive"
        )
    )
}

fn consensus(consensus: &v1::Consensus) -> String {
    let vote = |vote: &v1::FindingVote| {
        format!("{} {:.0} % (archive {:.0} %)", vote.name, 100.0 * vote.share, 100.0 * vote.base_rate)
    };
    let votes: Vec<String> = consensus.votes.iter().take(FINDINGS).map(vote).collect();
    let neighbours = counted(u64::from(consensus.neighbour_count), "patient", "patients");
    match votes.as_slice() {
        [] => format!("{neighbours}; no report of theirs names a finding"),
        votes => format!("{neighbours}: {}", votes.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_in_a_few_lines() {
        let vote = v1::FindingVote {
            name: "pleural effusion".into(),
            share: 0.71,
            base_rate: 0.2,
            ..v1::FindingVote::default()
        };
        let consensus =
            v1::Consensus { neighbour_count: 30, votes: vec![vote; 5], ..v1::Consensus::default() };
        let abstention =
            v1::Abstention { p_value: 0.42, background_image_count: 256, ..v1::Abstention::default() };
        let answer = v1::SearchResponse {
            consensus: Some(consensus),
            abstention: Some(abstention),
            ..v1::SearchResponse::default()
        };
        let mut out = Vec::new();
        print(&mut out, &answer).unwrap();
        let out = String::from_utf8(out).unwrap();
        let first = "      precedent   there is one: 42 % of 256 images of the archive have a best match that is no better\n\
                     \x20     consensus   30 patients: pleural effusion 71 % (archive 20 %), ";
        assert!(out.starts_with(first), "{out}");
        assert_eq!(out.matches("pleural").count(), FINDINGS, "{out}");
        let mut out = Vec::new();
        print(&mut out, &v1::SearchResponse::default()).unwrap();
        assert!(out.is_empty());
    }
}
