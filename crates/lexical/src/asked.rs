//! What the words of a query were understood to ask for. Who reads reports reads queries too; this crate only uses it.

use crate::DetailTerm;
use precedent_model::{Assertion, FindingId, Run, Span};

/// The reading of a query. Spans are bytes of its text. The default says nothing: every word is asked for as present.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asked {
    /// The words by assertion, ascending and apart, as in a sentence of a report. A word in none of them is a cue, such
    /// as "no".
    pub runs: Vec<Run>,
    /// The findings that the words name.
    pub findings: Vec<AskedFinding>,
    /// Words that say on which side, where, how large, how severe or since when: "left", "lower lobe". Where a finding that
    /// they describe is asked for, they are not looked for as words.
    pub details: Vec<Span>,
    /// Words that only lead to a finding, "post" before "mastectomy": never looked for as words.
    pub leading: Vec<Span>,
}

/// A finding that a query names.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedFinding {
    /// The words that name it.
    pub span: Span,
    /// What the query says about it.
    pub assertion: Assertion,
    /// The finding itself and the narrower ones, each with its weight: how much a mention of it counts, above 0.
    pub findings: Vec<(FindingId, f32)>,
    /// What the query asks of the mention beside the finding.
    pub details: Vec<AskedDetail>,
    /// It stands among the words of another finding, as both of "calcified tortuous aorta" do: it is asked for, too, and takes no
    /// words.
    pub shares_words: bool,
}

/// What a query asks of a mention beside the finding. A mention that has none of the terms still counts, for little.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedDetail {
    /// How much it matters beside the other details, above 0.
    pub weight: f32,
    /// The terms that satisfy it, each with how far: 1 is fully.
    pub terms: Vec<(DetailTerm, f32)>,
}

impl Asked {
    /// What is said of the byte at `at`.
    pub(crate) fn run_at(&self, at: u32) -> Option<&Run> {
        let next = self.runs.partition_point(|run| run.span.end <= at);
        self.runs.get(next).filter(|run| run.span.start <= at)
    }
}
