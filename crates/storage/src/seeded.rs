//! Property tests that run the same cases each time.

use proptest::test_runner::{Config, RngSeed};

pub(crate) fn cases(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(20_261_123), failure_persistence: None, ..Config::default() }
}
