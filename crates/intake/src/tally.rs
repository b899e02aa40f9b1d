//! What became of the rows, counted.

use precedent_engine::{CaseWarning, CaseWarningCode, Effect};
use std::collections::BTreeSet;

/// What became of the rows. In a rehearsal, what would become of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows that were read.
    pub rows: u64,
    /// Cases under a new id.
    pub created: u64,
    /// Cases that took the place of the held one, or updated it.
    pub replaced: u64,
    /// Cases that the index held already.
    pub unchanged: u64,
    /// Cases of which the index held one under their id, which was left alone.
    pub left_alone: u64,
    /// Rows that were rejected.
    pub rejected: u64,
    /// Cases with neither text nor embedding, unless a row updates them.
    pub silent: u64,
    /// Rows whose case id an earlier row had.
    pub repeated: u64,
    /// Fields that were left out because they cannot be read.
    pub fields_left_out: u64,
    /// Cases whose patient id is nobody's, and was left out.
    pub placeholder_patients: u64,
    /// The same of issuers.
    pub placeholder_issuers: u64,
    /// Columns that nothing uses.
    pub ignored_columns: BTreeSet<String>,
}

impl Tally {
    /// Rows that changed the index.
    pub fn taken(&self) -> u64 {
        self.created + self.replaced
    }

    /// Rows whose case the index held.
    pub fn held(&self) -> u64 {
        self.unchanged + self.left_alone
    }

    pub(crate) fn count(&mut self, effect: Effect, warnings: &[CaseWarning]) {
        *match effect {
            Effect::Created => &mut self.created,
            Effect::Replaced => &mut self.replaced,
            Effect::Unchanged => &mut self.unchanged,
            Effect::LeftAlone => &mut self.left_alone,
        } += 1;
        for warning in warnings {
            match warning.code {
                CaseWarningCode::PlaceholderPatient => self.placeholder_patients += 1,
                CaseWarningCode::PlaceholderIssuer => self.placeholder_issuers += 1,
            }
        }
    }
}
