//! The caller's wish that a build should end, asked for now and then by every thread.

use crate::HnswError;

/// Nodes between two looks: some hundredths of a second.
const NODES_BETWEEN_STOPS: u32 = 512;

/// Whether a build is to end.
pub(crate) type Stopped<'a> = dyn Fn() -> bool + Sync + 'a;

/// Asks at every so many nodes.
pub(crate) fn go_on(node: u32, stopped: &Stopped<'_>) -> Result<(), HnswError> {
    if node.is_multiple_of(NODES_BETWEEN_STOPS) && stopped() { Err(HnswError::Stopped) } else { Ok(()) }
}
