//! How common findings are in the whole archive.

use crate::EngineError;
use crate::findings::{has_any, says};
use precedent_archive::{Conditions, Generation};
use precedent_model::{Assertion, FindingId};
use precedent_query::Filter;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What an uncertain finding counts, here and among neighbours.
pub(super) const UNCERTAIN_COUNTS: f64 = 0.5;
/// Generations whose rates are kept: the newest, and those of which later pages are asked for.
const KEPT: usize = 4;

/// The rates that were counted, for the generations asked for last. Counting takes a look into the columns for each finding, so each is
/// counted once per generation.
#[derive(Debug, Default)]
pub(crate) struct BaseRates(Mutex<Vec<Counted>>);

#[derive(Debug, Clone)]
struct Counted {
    generation: u64,
    reported: usize,
    /// How many cases have each finding; one that may have it counts half.
    having: HashMap<FindingId, f64>,
}

impl BaseRates {
    /// How many live cases have a report that was read, and the share of them that has each finding.
    pub(super) fn of(
        &self,
        snapshot: &dyn Generation,
        findings: &[FindingId],
        stop: &dyn Fn() -> bool,
    ) -> Result<(usize, Vec<f64>), EngineError> {
        let mut counted = match self.kept(snapshot.generation()) {
            Some(counted) => counted,
            None => Counted {
                generation: snapshot.generation(),
                reported: so_many(snapshot, reported(), stop)?,
                having: HashMap::new(),
            },
        };
        for finding in findings {
            if !counted.having.contains_key(finding) {
                let present = says(snapshot.reader().lexicon(), finding, Assertion::Present);
                let uncertain = says(snapshot.reader().lexicon(), finding, Assertion::Uncertain);
                let only_uncertain = Filter::And(vec![uncertain, Filter::Not(Box::new(present.clone()))]);
                let (present, uncertain) =
                    (so_many(snapshot, present, stop)?, so_many(snapshot, only_uncertain, stop)?);
                counted.having.insert(finding.clone(), present as f64 + UNCERTAIN_COUNTS * uncertain as f64);
            }
        }
        let rate = |finding: &FindingId| match (counted.having.get(finding), counted.reported) {
            (None, _) | (_, 0) => 0.0,
            (Some(having), reported) => having / reported as f64,
        };
        let answer = (counted.reported, findings.iter().map(rate).collect());
        self.keep(counted);
        Ok(answer)
    }

    fn kept(&self, generation: u64) -> Option<Counted> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|counted| counted.generation == generation).cloned()
    }

    /// Keeps what was counted, together with what another search counted meanwhile.
    fn keep(&self, mut counted: Counted) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = kept.iter().position(|other| other.generation == counted.generation) {
            counted.having.extend(kept.remove(place).having);
        }
        kept.push(counted);
        let excess = kept.len().saturating_sub(KEPT);
        kept.drain(..excess);
    }
}

fn so_many(snapshot: &dyn Generation, filter: Filter, stop: &dyn Fn() -> bool) -> Result<usize, EngineError> {
    let conditions = Conditions { filters: vec![&filter], ..Conditions::default() };
    Ok(snapshot.select(&conditions, stop)?.count())
}

/// True for every case whose report was read. Of others nothing is known: any restriction and its opposite do not hold.
fn reported() -> Filter {
    let none = has_any(&[FindingId::from("")], Assertion::Present);
    Filter::Or(vec![none.clone(), Filter::Not(Box::new(none))])
}
