//! The nearest cases that speak against what the neighbours agree on.

use crate::EngineError;
use crate::admit::Query;
use crate::channel;
use crate::fetch;
use crate::findings::{says, says_anything};
use crate::fusion::Fused;
use crate::patients::Patients;
use precedent_archive::{Generation, Selection};
use precedent_model::{Assertion, FindingId};
use precedent_query::{Consensus, Dissent, Filter, FindingDissent, FindingVote, Hit};
use precedent_report::Lexicon;

/// Findings for which cases without them are shown.
const MOST_LEADING: usize = 3;
/// Cases shown for each, and normal ones.
const CASES: usize = 3;
/// The least share of a leading finding.
const LEAST_SHARE: f64 = 0.3;
/// How many times as common as in the archive a leading finding is at least.
const LEAST_LIFT: f64 = 2.0;
/// How much deeper is looked where patients have several cases.
const DEEPER: usize = 4;

/// For each leading finding the nearest cases without it, and the nearest normal ones.
pub(super) fn find(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    consensus: &Consensus,
    stop: &dyn Fn() -> bool,
) -> Result<Dissent, EngineError> {
    let lexicon = snapshot.reader().lexicon();
    let nearest = |filter: Filter| nearest(snapshot, query, &filter, stop);
    let against = |vote: &FindingVote| -> Result<FindingDissent, EngineError> {
        let not_there = without(lexicon, &vote.finding);
        let denied = says(lexicon, &vote.finding, Assertion::Absent);
        let denying = nearest(Filter::And(vec![denied, not_there.clone()]))?;
        let (denied, cases) = match denying.is_empty() {
            true => (false, nearest(not_there)?),
            false => (true, denying),
        };
        Ok(FindingDissent { finding: vote.finding.clone(), name: vote.name.clone(), denied, cases })
    };
    let leading = leading(lexicon, &consensus.votes).into_iter().map(against).collect::<Result<_, _>>()?;
    let present = Filter::Not(Box::new(says_anything(lexicon, Assertion::Present)));
    let uncertain = Filter::Not(Box::new(says_anything(lexicon, Assertion::Uncertain)));
    Ok(Dissent { leading, normal: nearest(Filter::And(vec![present, uncertain]))? })
}

/// The first findings that are common among the neighbours and much more so than in the archive. Where kinds of one lead, too, it is about
/// these.
fn leading<'a>(lexicon: &Lexicon, votes: &'a [FindingVote]) -> Vec<&'a FindingVote> {
    let leads = |vote: &&FindingVote| vote.share >= LEAST_SHARE.max(LEAST_LIFT * vote.base_rate);
    let found: Vec<&FindingVote> = votes.iter().filter(leads).collect();
    let has_leading_kind = |vote: &FindingVote| {
        let kinds = lexicon.narrower(&vote.finding);
        found.iter().any(|other| other.finding != vote.finding && kinds.contains(&other.finding))
    };
    found.iter().filter(|vote| !has_leading_kind(vote)).take(MOST_LEADING).copied().collect()
}

/// True of reports that neither say that a finding is there nor that it may be.
fn without(lexicon: &Lexicon, finding: &FindingId) -> Filter {
    let not = |assertion| Filter::Not(Box::new(says(lexicon, finding, assertion)));
    Filter::And(vec![not(Assertion::Present), not(Assertion::Uncertain)])
}

/// Among the cases that pass filter and guards and this filter, the nearest that are not known to be of other views, one per patient.
fn nearest(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    filter: &Filter,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Hit>, EngineError> {
    let mut conditions = query.conditions();
    conditions.filters.push(filter);
    let selection = snapshot.select(&conditions, stop)?;
    let found = nearest_in(snapshot, query, selection.as_ref(), stop)?;
    let hit =
        |(rank, fused): (usize, &Fused)| fetch::hit_without_highlights(snapshot, query, fused, None, rank);
    (1..).zip(&found).map(hit).collect()
}

fn nearest_in(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    cases: &dyn Selection,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Fused>, EngineError> {
    let (mut depth, by_view) = (CASES, query.unlike.split(cases)?);
    loop {
        let ranking = channel::image::rank(snapshot, query, &by_view, depth, stop)?;
        let (mut found, mut patients) = (Vec::new(), Patients::default());
        let mut met_other_view = false;
        for candidate in &ranking.candidates {
            // Behind the first of other views all are.
            met_other_view = channel::image::score_of_like_view(snapshot, query, candidate.place)?.is_none();
            if met_other_view || found.len() == CASES {
                break;
            }
            if patients.add(snapshot, candidate.place)? {
                let (place, sequence) = (candidate.place, candidate.sequence);
                found.push(Fused::unranked(place, sequence));
            }
        }
        if found.len() == CASES || met_other_view || ranking.exhausted || depth >= cases.count() {
            return Ok(found);
        }
        depth = depth.saturating_mul(DEEPER);
    }
}
