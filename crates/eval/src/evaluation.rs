//! The result as plain data, which is also its JSON.

use crate::cases::Named;
use crate::intervals::Figure;
use crate::settings::Settings;
use serde::Serialize;

/// Everything that was found out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// What was searched.
    pub index: IndexFacts,
    /// How.
    pub settings: Settings,
    /// Where the truth came from, and how relevance was graded.
    pub truth: TruthFacts,
    /// What was asked.
    pub queries: QueryFacts,
    /// Means over all queries that have something to find.
    pub metrics: Vec<Metric>,
    /// The same at several depths.
    pub curve: Vec<CurvePoint>,
    /// By finding of the query: a case is relevant if it has that finding.
    pub findings: Vec<FindingRow>,
    /// By place of the body: a case is relevant as much as its findings there are those of the query.
    pub anatomy: Vec<Group>,
    /// By facts of the query.
    pub subgroups: Vec<Group>,
    /// How often a sought case is among the first k of a pool.
    pub pools: Vec<Pool>,
    /// The same beside cases that share findings with what is sought.
    pub hard_negatives: Option<Pool>,
    /// The same queries in archives of other sizes.
    pub archive_sizes: Vec<ArchiveSize>,
    /// Hits of the default path that exact search finds, too.
    pub index_recall: Vec<IndexRecall>,
    /// How evenly hits are spread over the archive.
    pub hubness: Option<Hubness>,
    /// How different the hits of a query are.
    pub diversity: Option<Diversity>,
    /// How often findings are there of which neighbours have a share; searches by images alone say such shares.
    pub calibration: Option<Calibration>,
    /// Whether hits are better where the answer is surer; of searches by images.
    pub risk_coverage: Option<RiskCoverage>,
    /// A second index or other settings.
    pub against: Option<Comparison>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// The index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexFacts {
    /// The name in its definition.
    pub name: String,
    /// The generation that was searched.
    pub generation: u64,
    /// Number of cases.
    pub cases: usize,
    /// Number of patients; a case without a patient is one of its own.
    pub patients: usize,
}

/// The truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TruthFacts {
    /// `reports`, `labels:FIELD`, `queries` or `queries and ...`.
    pub source: String,
    /// How many cases it says something of.
    pub cases: usize,
    /// What each grade means.
    pub grades: Vec<String>,
    /// A warning, where the truth is the program's own reading.
    pub warning: Option<String>,
}

/// The queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryFacts {
    /// Number of queries.
    pub asked: usize,
    /// Of different patients.
    pub patients: usize,
    /// Those that may find something relevant; the others are in no figure.
    pub with_relevant: usize,
    /// Those that found earlier cases only.
    pub earlier_only: usize,
    /// Those whose patient is known and left out.
    pub patient_left_out: usize,
    /// Depth of the lists.
    pub depth: usize,
    /// Relevant cases that rows name and the index lacks.
    pub relevant_not_in_index: usize,
    /// Whether a list may hold several cases of a patient.
    pub several_per_patient: bool,
}

/// A mean with its interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// Such as `precision@10`.
    pub name: String,
    /// The mean over queries.
    #[serde(flatten)]
    pub figure: Figure,
}

/// Means at one depth.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CurvePoint {
    /// The depth.
    pub k: usize,
    /// Mean precision.
    pub precision: Figure,
    /// Mean recall.
    pub recall: Figure,
    /// Mean nDCG.
    pub ndcg: Figure,
}

/// Figures of some of the queries.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// What they are grouped by.
    pub by: String,
    /// What they have in common.
    pub value: String,
    /// How many there are.
    pub queries: usize,
    /// Of how many patients.
    pub patients: usize,
    /// Their means.
    pub metrics: Vec<Metric>,
}

/// Figures of the queries with a finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingRow {
    /// The finding.
    #[serde(flatten)]
    pub finding: Named,
    /// How many queries have it.
    pub queries: usize,
    /// Of how many patients.
    pub patients: usize,
    /// The mean share of the archive that has it: what random hits would reach as precision.
    pub chance: f64,
    /// Their means.
    pub metrics: Vec<Metric>,
    /// Precision@10 divided by chance.
    pub times_chance: Option<Figure>,
}

/// Figures in pools of one size.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    /// `100`, `1000`, `10000`, `all`, or `hard negatives`.
    pub pool: String,
    /// Number of queries.
    pub queries: usize,
    /// Mean number of cases.
    pub mean_size: f64,
    /// Mean number of them that count as hits.
    pub mean_sought: f64,
    /// The share of queries with a hit among the first k.
    pub recall: Vec<PoolRecall>,
}

/// The share of queries with a hit among the first k.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolRecall {
    /// The depth.
    pub k: usize,
    /// The share.
    pub recall: Figure,
    /// What a random order would reach.
    pub chance: f64,
    /// The share divided by chance.
    pub times_chance: Option<Figure>,
}

/// Figures in an archive of one size.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveSize {
    /// Number of cases drawn; the last is the mean of all that a query may find.
    pub cases: usize,
    /// Number of queries.
    pub queries: usize,
    /// The means.
    pub metrics: Vec<Metric>,
}

/// How much of the exact answer the default path finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexRecall {
    /// The depth.
    pub k: usize,
    /// Number of queries.
    pub queries: usize,
    /// The mean share.
    pub recall: Figure,
}

/// How evenly hits are spread (Radovanović, Nanopoulos and Ivanović, JMLR 2010).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hubness {
    /// Number of queries whose first ten hits are counted.
    pub queries: usize,
    /// Skewness of how often a case is among the first ten.
    pub skewness: f64,
    /// The skewness if every case were as likely.
    pub even_skewness: f64,
    /// The share of cases that are never among them.
    pub never: f64,
    /// The same if every case were as likely.
    pub even_never: f64,
    /// How many cases are among them how often: 0, 1, 2 and so on; the last entry counts all that come as often or more.
    pub occurrences: Vec<usize>,
    /// The most often that any case is.
    pub most: usize,
}

/// How different the first ten hits are.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diversity {
    /// Mean number of different findings.
    pub findings: Figure,
    /// Mean share of findings that two hits have in common (Jaccard).
    pub similarity: Figure,
}

/// Shares among neighbours beside the truth of the queries.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calibration {
    /// Number of queries whose truth is known.
    pub queries: usize,
    /// Number of shares, of findings that neighbours name.
    pub shares: usize,
    /// `share`, `calibrated` where the archive's own cases correct it, and `base rate`.
    pub series: Vec<Reliability>,
}

/// How often what was said was so.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reliability {
    /// What was said.
    pub name: String,
    /// The expected calibration error over ten bins of equal width (Naeini, Cooper and Hauskrecht, AAAI 2015).
    pub error: Figure,
    /// The mean square of the difference to the truth (Brier, 1950).
    pub brier: Figure,
    /// Bins that hold anything.
    pub bins: Vec<ReliabilityBin>,
}

/// What was said about as much.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReliabilityBin {
    /// The least of the bin, which is a tenth wide.
    pub from: f64,
    /// How many there are.
    pub shares: usize,
    /// Their mean.
    pub said: f64,
    /// How many of the findings are there.
    pub present: Figure,
}

/// Risk of the queries that are the surest (El-Yaniv and Wiener, JMLR 2010).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskCoverage {
    /// Number of queries.
    pub queries: usize,
    /// The area under the curve by chance, which is the mean risk.
    pub chance: f64,
    /// The area where the surest are those with the best hits.
    pub ideal: f64,
    /// By how clear the consensus is, and by the best match.
    pub curves: Vec<RiskCurve>,
}

/// Risk by one kind of sureness.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskCurve {
    /// `consensus` or `best match`.
    pub by: String,
    /// The area under the curve: the mean of the risk over every number of surest queries.
    pub area: f64,
    /// The curve.
    pub points: Vec<RiskPoint>,
}

/// Risk at one coverage.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskPoint {
    /// The share of the queries that is kept.
    pub coverage: f64,
    /// How many those are.
    pub queries: usize,
    /// The mean of 1 - precision@10 over them.
    pub risk: Figure,
}

/// Two settings or indexes, over the queries that both can be asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The other index, if it is another.
    pub index: Option<IndexFacts>,
    /// The other settings.
    pub settings: Settings,
    /// Number of queries in the figures.
    pub queries: usize,
    /// Queries that the other index cannot be asked.
    pub not_asked: usize,
    /// Hits that the first index lacks; they count as not relevant.
    pub unjudged_hits: usize,
    /// Mean share of the first ten hits that both have.
    pub overlap: Figure,
    /// The figures.
    pub metrics: Vec<Difference>,
    /// Precision@10 by finding.
    pub findings: Vec<Difference>,
}

/// A figure of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Such as `precision@10`, or a finding.
    pub name: String,
    /// Of the first.
    pub first: Figure,
    /// Of the second.
    pub second: Figure,
    /// Second less first, over the same draws of patients.
    pub difference: Figure,
    /// Queries for which the second is better, and worse.
    pub better: usize,
    /// See `better`.
    pub worse: usize,
}
