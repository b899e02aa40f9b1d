//! Sources of candidates. Each ranks the cases that pass, best first, by its own score.

pub(crate) mod image;
pub(crate) mod lexical;

use precedent_archive::CasePlace;
use precedent_query::ChannelPlan;

/// A case put forward by a channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub place: CasePlace,
    /// More is better.
    pub score: f32,
    /// Breaks ties: the earlier case goes first.
    pub sequence: u64,
}

/// What a channel found.
#[derive(Debug)]
pub(crate) struct Ranking {
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// Whether the channel has nothing beyond these.
    pub exhausted: bool,
    pub plan: ChannelPlan,
}
