//! Checks, now and then in every thread, whether the caller wants a build to end.

use crate::HnswError;

/// Nodes between two checks: some hundredths of a second.
const NODES_BETWEEN_STOPS: u32 = 512;

/// Returns whether a build should end.
pub(crate) type Stopped<'a> = dyn Fn() -> bool + Sync + 'a;

/// Checks at every so many nodes.
pub(crate) fn go_on(node: u32, stopped: &Stopped<'_>) -> Result<(), HnswError> {
    if node.is_multiple_of(NODES_BETWEEN_STOPS) && stopped() { Err(HnswError::Stopped) } else { Ok(()) }
}
