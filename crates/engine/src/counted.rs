//! What was counted and measured in the whole archive, and serves many searches.

use crate::judgement::{Backgrounds, BaseRates, Calibrations, Measures};
use crate::references::References;

#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub rates: BaseRates,
    pub backgrounds: Backgrounds,
    pub calibrations: Calibrations,
    pub references: References,
}

impl Counted {
    /// What neighbours are judged by.
    pub fn measures(&self) -> Measures<'_> {
        Measures { rates: &self.rates, backgrounds: &self.backgrounds, calibrations: &self.calibrations }
    }
}
