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
    /// From 1.
    pub rank: usize,
}

/// What a channel found.
#[derive(Debug)]
pub(crate) struct Ranking {
    /// Best first; behind them perhaps some that were put forward by another channel, each with its rank.
    pub candidates: Vec<Candidate>,
    /// Whether the channel has nothing beyond these.
    pub exhausted: bool,
    pub plan: ChannelPlan,
}

/// How many of all cases go before each of some, these best first: of every case is told before how many of them it goes.
struct Ahead(Vec<usize>);

impl Ahead {
    /// Of so many cases.
    fn of(cases: usize) -> Self {
        Self(vec![0; cases + 1])
    }

    /// Tells of a case that goes before those from a place on.
    fn add(&mut self, place: usize) {
        self.0[place] += 1;
    }

    /// The rank of each, from 1.
    fn ranks(self) -> impl Iterator<Item = usize> {
        let mut before = 1;
        self.0.into_iter().map(move |more| {
            before += more;
            before
        })
    }
}
