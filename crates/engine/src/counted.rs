//! What was counted and measured in the whole archive, and serves many searches.

use crate::judgement::{Backgrounds, BaseRates};
use crate::references::References;

#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub rates: BaseRates,
    pub backgrounds: Backgrounds,
    pub references: References,
}
