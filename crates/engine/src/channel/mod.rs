//! Sources of candidates. Each ranks the selected cases by its own score, best first.

pub(crate) mod image;
pub(crate) mod lexical;
pub(crate) mod sentence;

use precedent_archive::CasePlace;
use precedent_query::ChannelPlan;

/// A case put forward by a channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub place: CasePlace,
    /// Higher is better.
    pub score: f32,
    /// Breaks ties: the earlier case goes first.
    pub sequence: u64,
    /// From 1.
    pub rank: usize,
}

/// What a channel found.
#[derive(Debug)]
pub(crate) struct Ranking {
    /// Best first; perhaps followed by cases that another channel put forward, with their ranks in this one.
    pub candidates: Vec<Candidate>,
    /// Whether the channel has no further candidates.
    pub exhausted: bool,
    pub plan: ChannelPlan,
}

/// Counts, for some cases in order of rank, how many of all cases go before each.
struct Ahead(Vec<usize>);

impl Ahead {
    /// For this many cases.
    fn of(cases: usize) -> Self {
        Self(vec![0; cases + 1])
    }

    /// Adds a case that goes before the cases from position `place` on.
    fn add(&mut self, place: usize) {
        self.0[place] += 1;
    }

    /// The rank of each case, from 1.
    fn ranks(self) -> impl Iterator<Item = usize> {
        let mut before = 1;
        self.0.into_iter().map(move |more| {
            before += more;
            before
        })
    }
}
