//! How well an index retrieves.
//!
//! [`evaluate`] asks queries of an index, judges what comes back and gives an [`Evaluation`]: figures with intervals, as plain data and
//! as one HTML page ([`page`]). A query never finds its own patient, and finds earlier cases only where it has a date.
//!
//! ```
//! use precedent_eval::metrics::{Relevant, ndcg, precision, recall};
//!
//! // Three hits, of which the first and the last are relevant, of four relevant cases in the archive.
//! let (list, relevant) = ([2, 0, 1], Relevant::from_iter([2, 1, 1, 1]));
//! assert_eq!((precision(&list, 2), recall(&list, &relevant, 3)), (0.5, 0.5));
//! assert!(ndcg(&list, &relevant, 3) < 1.0);
//! ```

mod answered;
mod ask;
mod cases;
mod compare;
mod error;
mod evaluate;
mod evaluation;
mod index_recall;
mod intervals;
pub mod metrics;
mod page;
mod protocol;
mod queries;
mod relevance;
mod settings;
mod spread;
mod trec;
mod trust;
mod watch;

pub use cases::{Named, SAME_FINDINGS, Truth};
pub use error::EvalError;
pub use evaluate::{Against, DEPTHS, Evaluated, Options, Source, evaluate};
pub use evaluation::{
    ArchiveSize, Calibration, Comparison, CurvePoint, Difference, Diversity, Evaluation, FindingRow, Group,
    Hubness, IndexFacts, IndexRecall, Metric, Pool, PoolRecall, QueryFacts, Reliability, ReliabilityBin,
    RiskCoverage, RiskCurve, RiskPoint, TruthFacts,
};
pub use intervals::{DRAWS, Figure, Interval, SplitMix, Sums, bootstrap};
pub use page::page;
pub use queries::{AskBy, Asking, MAX_QUERIES};
pub use settings::Settings;
pub use trec::Trec;
pub use watch::Watch;
