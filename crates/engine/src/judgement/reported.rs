//! What the report of one case says, as votes and diversity ask for it.

use crate::EngineError;
use precedent_archive::{CasePlace, Generation};
use precedent_model::{Assertion, FindingId, Reading};
use precedent_report::Lexicon;
use std::sync::Arc;

/// What the report of a case says of findings as a whole.
#[derive(Debug, Default)]
pub(super) struct Reported {
    /// Ascending by id, each once.
    findings: Vec<(FindingId, Assertion)>,
    /// Of findings that are there: how severe a mention says they are, each once.
    pub severities: Vec<(FindingId, Arc<str>)>,
}

impl Reported {
    /// Reads the report of a case again; `None` without one.
    pub fn of(snapshot: &dyn Generation, place: CasePlace) -> Result<Option<Self>, EngineError> {
        let case = snapshot.case(place)?;
        Ok(case.report.as_ref().map(|report| Self::read(&snapshot.reader().read(report))))
    }

    pub fn read(reading: &Reading) -> Self {
        let present = reading.standing_mentions().filter(|mention| mention.assertion == Assertion::Present);
        let mut severities: Vec<(FindingId, Arc<str>)> = present
            .filter_map(|mention| Some((mention.finding.clone(), mention.severity.clone()?)))
            .collect();
        severities.sort_unstable();
        severities.dedup();
        Self { findings: reading.findings(), severities }
    }

    /// Whether it says so of any of these findings.
    pub fn says(&self, findings: &[FindingId], assertion: Assertion) -> bool {
        let said = |id: &FindingId| {
            self.findings.binary_search_by(|(other, _)| other.cmp(id)).map(|at| self.findings[at].1)
        };
        findings.iter().any(|id| said(id) == Ok(assertion))
    }

    /// What it says is there, or may be, with all that these are kinds of: ascending, each once. What says that nothing is wrong is no
    /// finding.
    pub fn having(&self, lexicon: &Lexicon, assertions: &[Assertion]) -> Vec<FindingId> {
        let is_normal = |id: &FindingId| lexicon.finding(id).is_none_or(|entry| entry.normal);
        let said = self.findings.iter().filter(|(id, said)| assertions.contains(said) && !is_normal(id));
        let mut having: Vec<FindingId> = said.flat_map(|(id, _)| lexicon.broader(id)).collect();
        having.sort_unstable();
        having.dedup();
        having
    }
}
