//! Requests and results: request, filter, hit, plan. Plain data and the filter language, but no search.
//!
//! ```
//! use precedent_model::{FieldKind, FieldSchema};
//! use precedent_query::Filter;
//!
//! let schema = FieldSchema::new([("modality".into(), FieldKind::Keyword), ("age".into(), FieldKind::Integer)]).unwrap();
//! let filter = Filter::parse(r#"modality = "DX" AND age >= 60"#, &schema).unwrap();
//! assert_eq!(filter.to_string(), r#"modality = "dx" AND age >= 60"#);
//! let error = Filter::parse("modality = ", &schema).unwrap_err();
//! assert_eq!(error.position, 11);
//! ```

mod channel;
mod evidence;
mod filter;
mod hit;
mod judgement;
mod plan;
mod request;

pub use channel::Channel;
pub use evidence::{
    AgainstBackground, DEFAULT_SENTENCES, Evidence, EvidenceRequest, ExplainedImage, LocalImage, Location,
    MAX_SENTENCES,
};
pub use filter::{
    Compare, Comparison, Detail, DetailFilter, DetailTest, Filter, FilterError, MAX_FILTER_BYTES,
    MAX_FILTER_TERMS, MENTION_COLUMN, MentionFilter, MentionKey, Operand, finding_assertion, finding_column,
};
pub use hit::{
    ChannelScore, Dissent, Facet, FindingDissent, Highlight, HighlightMatch, Hit, MentionDetails,
    SearchResponse,
};
pub use judgement::{
    Abstention, AnswerPart, CalibratedShare, Calibration, Consensus, DEFAULT_FALSE_ALARM_RATE,
    DEFAULT_NEIGHBOURS, FALSE_ALARM_RATES, FindingVote, GradeShare, Grades, Judgement, MAX_NEIGHBOURS,
    Unavailable, UnavailableReason,
};
pub use plan::{
    Applied, AppliedGuards, ChannelPlan, Correction, Plan, StepTimes, VectorPath, Warning, WarningCode,
};
pub use request::{
    EncodedQueryImage, FacetQuery, Fusion, Guards, HitDetail, Limits, MAX_FACET_VALUES, MAX_FACETS,
    MAX_LIMIT, MAX_QUERY_VECTORS, MAX_REGIONS, MAX_RERANKED, MAX_TEXT_BYTES, MinimumImageScore,
    MinimumScores, PathChoice, QueryImage, QueryRegion, QueryVector, SearchRequest,
};
