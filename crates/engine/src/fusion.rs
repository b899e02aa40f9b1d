//! Weighted reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009).

use crate::channel::{Candidate, Ranking};
use precedent_archive::CasePlace;
use precedent_query::{Channel, Fusion};
use std::collections::HashMap;

/// A case with the votes of the channels that put it forward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fused {
    pub place: CasePlace,
    pub score: f64,
    pub sequence: u64,
    pub image: Option<Vote>,
    pub lexical: Option<Vote>,
    pub sentence: Option<Vote>,
    /// The score by which it was put into its place after the fusion.
    pub reranked: Option<f64>,
}

/// The vote of one channel for a case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Vote {
    pub score: f32,
    /// From 1.
    pub rank: usize,
    pub contribution: f64,
}

impl Fused {
    /// A case that no channel has put forward.
    pub fn unranked(place: CasePlace, sequence: u64) -> Self {
        Self { place, score: 0.0, sequence, image: None, lexical: None, sentence: None, reranked: None }
    }
}

/// Fuses the rankings; equal scores keep the order of ingest.
pub(crate) fn fuse(rankings: &[Ranking], fusion: &Fusion) -> Vec<Fused> {
    let mut fused: HashMap<CasePlace, Fused> = HashMap::new();
    for ranking in rankings {
        let (channel, weight) = (ranking.plan.channel, weight(ranking.plan.channel, fusion));
        for candidate in &ranking.candidates {
            let vote = vote(candidate, weight, fusion.rrf_k);
            let entry = fused
                .entry(candidate.place)
                .or_insert_with(|| Fused::unranked(candidate.place, candidate.sequence));
            entry.score += vote.contribution;
            match channel {
                Channel::Image => entry.image = Some(vote),
                Channel::Lexical => entry.lexical = Some(vote),
                Channel::Sentence => entry.sentence = Some(vote),
            }
        }
    }
    let mut fused: Vec<Fused> = fused.into_values().collect();
    fused.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.sequence.cmp(&b.sequence)));
    fused
}

fn weight(channel: Channel, fusion: &Fusion) -> f32 {
    match channel {
        Channel::Image => fusion.image_weight,
        Channel::Lexical => fusion.lexical_weight,
        Channel::Sentence => fusion.sentence_weight,
    }
}

fn vote(candidate: &Candidate, weight: f32, rrf_k: f32) -> Vote {
    let Candidate { score, rank, .. } = *candidate;
    Vote { score, rank, contribution: contribution(weight, rrf_k, rank) }
}

fn contribution(weight: f32, rrf_k: f32, rank: usize) -> f64 {
    f64::from(weight) / (f64::from(rrf_k) + rank as f64)
}

/// An upper bound for the score of cases that no channel put forward, with this many candidates each.
pub(crate) fn most_behind(rankings: &[Ranking], depth: usize, fusion: &Fusion) -> f64 {
    let most = |ranking: &Ranking| match ranking.exhausted {
        true => 0.0,
        false => contribution(weight(ranking.plan.channel, fusion), fusion.rrf_k, depth + 1),
    };
    rankings.iter().map(most).sum()
}

/// How deep to look in two channels so that the best `limit` are certain in most cases: the last of them has at least the
/// contribution that the channel with the greater weight gives to rank `limit`, and a case below this depth has less than twice
/// what that channel gives there.
pub(crate) fn certain_depth(limit: usize, fusion: &Fusion) -> usize {
    (fusion.rrf_k.ceil() as usize).saturating_add(2 * limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_query::ChannelPlan;
    use proptest::prelude::*;

    fn ranking(channel: Channel, ordinals: &[u32]) -> Ranking {
        let candidates: Vec<Candidate> = (ordinals.iter())
            .zip(1..)
            .map(|(&ordinal, rank)| Candidate {
                place: CasePlace { segment: 0, ordinal },
                score: 1.0,
                sequence: u64::from(ordinal),
                rank,
            })
            .collect();
        let plan = ChannelPlan {
            channel,
            path: None,
            ef_search: None,
            target_recall: None,
            visited: 0,
            candidates: 0,
            exact: true,
        };
        Ranking { candidates, exhausted: true, plan }
    }

    fn order(image: &[u32], lexical: &[u32], fusion: &Fusion) -> Vec<u32> {
        let rankings = [ranking(Channel::Image, image), ranking(Channel::Lexical, lexical)];
        fuse(&rankings, fusion).iter().map(|fused| fused.place.ordinal).collect()
    }

    #[test]
    fn agreement_beats_one_first_place_and_ties_keep_the_order_of_the_log() {
        assert_eq!(order(&[1, 2], &[3, 2], &Fusion::default()), [2, 1, 3]);
        assert_eq!(order(&[1, 2], &[], &Fusion::default()), [1, 2]);
    }

    #[test]
    fn the_best_are_certain_at_the_depth_that_is_looked_at_first() {
        for (image_weight, lexical_weight, rrf_k) in [(1.0, 1.0, 60.0), (1.0, 0.2, 0.3), (1e-9, 7.0, 1e4)] {
            let fusion = Fusion { image_weight, lexical_weight, rrf_k, ..Fusion::default() };
            for limit in [1, 10, 1_000] {
                let depth = certain_depth(limit, &fusion);
                let open = |channel| Ranking { exhausted: false, ..ranking(channel, &[]) };
                let mut both = [open(Channel::Image), open(Channel::Lexical)];
                let least = contribution(image_weight.max(lexical_weight), rrf_k, limit);
                assert!(most_behind(&both, depth, &fusion) < least);
                assert!(depth <= rrf_k.ceil() as usize + 2 * limit);
                both.iter_mut().for_each(|ranking| ranking.exhausted = true);
                assert_eq!(most_behind(&both, depth, &fusion), 0.0);
            }
        }
    }

    #[test]
    fn weights_decide() {
        let lexical = Fusion { image_weight: 0.1, ..Fusion::default() };
        assert_eq!(order(&[1, 2], &[3, 4], &lexical), [3, 4, 1, 2]);
    }

    /// The candidates of a channel, out of thirty cases.
    fn some_of_thirty() -> impl Strategy<Value = Vec<u32>> {
        (Just((0..30_u32).collect::<Vec<_>>()).prop_shuffle(), 0..=30_usize).prop_map(|(mut order, end)| {
            order.truncate(end);
            order
        })
    }

    proptest! {
        /// A case that rises in one channel, from any rank or from none, never falls in the answer, whatever the weights.
        #[test]
        fn a_better_rank_in_one_channel_never_hurts(
            channels in [some_of_thirty(), some_of_thirty()],
            rises in 0..2_usize,
            case in 0..30_u32,
            to in 0..30_usize,
            weights in [1e-3..1e3_f32, 1e-3..1e3_f32],
            rrf_k in prop_oneof![1e-3..1e3_f32, Just(f32::MAX)],
        ) {
            let [image_weight, lexical_weight] = weights;
            let fusion = Fusion { image_weight, lexical_weight, rrf_k, ..Fusion::default() };
            let place = |order: &[u32]| order.iter().position(|&other| other == case);
            let mut better = channels.clone();
            let from = place(&better[rises]);
            if let Some(from) = from {
                better[rises].remove(from);
            }
            let to = to.min(from.unwrap_or(better[rises].len()));
            better[rises].insert(to, case);
            let before = place(&order(&channels[0], &channels[1], &fusion)).unwrap_or(usize::MAX);
            let after = place(&order(&better[0], &better[1], &fusion)).unwrap();
            prop_assert!(after <= before, "{before} to {after}");
        }
    }
}
