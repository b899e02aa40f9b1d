//! How many connections the file descriptors of this process are enough for. An index that gets none for its log or a
//! segment cannot be written any more; a client that gets no connection tries again.

use rustix::process::{Resource, getrlimit};

/// What the program has open beside indexes and connections: its own streams, the listener, what wakes its threads.
const OTHER_DESCRIPTORS: usize = 24;
/// What an index opens at a time: its lock and log, the files of a segment that is committed and of one that is merged.
const INDEX_DESCRIPTORS: usize = 24;

/// How many connections there may be: as many as are wished, or what is left of the descriptors.
pub(crate) fn connections(wished: usize, indexes: usize) -> usize {
    let limit = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |limit| limit as usize);
    let left = left_for_connections(limit, indexes);
    if left < wished {
        tracing::warn!(
            limit,
            connections = left,
            "fewer connections than configured, as the limit of open files (ulimit -n) is low"
        );
    }
    wished.min(left)
}

/// At least a few, as a server without connections is none.
fn left_for_connections(limit: usize, indexes: usize) -> usize {
    let reserved = indexes.saturating_mul(INDEX_DESCRIPTORS).saturating_add(OTHER_DESCRIPTORS);
    limit.saturating_sub(reserved).max(limit / 8).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_before_connections() {
        assert_eq!(left_for_connections(64, 1), 16);
        assert_eq!(left_for_connections(1024, 1), 976);
        assert_eq!(left_for_connections(1024, 100), 128);
        assert_eq!(left_for_connections(4, 1), 1);
        assert_eq!(left_for_connections(usize::MAX, 2), usize::MAX - 72);
    }
}
