//! An evaluation as a pipeline: read the cases, make the queries, ask, judge, count.

use crate::EvalError;
use crate::answered::{Answered, Answers};
use crate::ask::Asker;
use crate::cases::{Cases, Truth, tally};
use crate::compare::compare;
use crate::evaluation::{Evaluation, IndexFacts, QueryFacts, TruthFacts};
use crate::index_recall::index_recall;
use crate::protocol::Protocol;
use crate::queries::{Asking, Maker, Query};
use crate::relevance::{Judge, filters};
use crate::settings::Settings;
use crate::spread::{diversity, hubness};
use crate::trec::Trec;
use crate::trust::{calibration, risk_coverage};
use crate::watch::Watch;
use precedent_engine::View;
use std::collections::HashMap;
use std::path::PathBuf;

/// Smallest and largest depth of lists.
pub const DEPTHS: std::ops::RangeInclusive<usize> = 10..=999;

/// Where queries come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of rows.
    File(PathBuf),
    /// Cases of the index, of different patients, drawn at random.
    Sample {
        /// How many.
        count: usize,
        /// Another number draws others.
        seed: u64,
    },
}

/// What to evaluate, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where queries come from.
    pub source: Source,
    /// How cases become queries.
    pub asking: Asking,
    /// Where the truth comes from.
    pub truth: Truth,
    /// How searches are made.
    pub settings: Settings,
    /// Whether a list may hold several cases of a patient.
    pub several_per_patient: bool,
    /// Depth of the lists.
    pub depth: usize,
    /// Groups of fewer queries are left out.
    pub least_group: usize,
    /// Decides what pools hold.
    pub seed: u64,
    /// Whether to measure pools, hard negatives and archive sizes.
    pub protocols: bool,
    /// Whether lists and judgements are kept for other programs.
    pub trec: bool,
}

/// What to compare with.
#[derive(Debug)]
pub struct Against<'a> {
    /// Another index, or the same.
    pub view: &'a View,
    /// Whether it is another.
    pub is_other: bool,
    /// How it is searched.
    pub settings: Settings,
}

/// What comes of it.
#[derive(Debug)]
pub struct Evaluated {
    /// The figures.
    pub evaluation: Evaluation,
    /// Lists and judgements, where [`Options::trec`] asks for them.
    pub trec: Option<Trec>,
}

/// Evaluates an index.
///
/// # Errors
/// Queries that cannot be asked, a truth that the index lacks, a failed search, [`EvalError::Stopped`].
pub fn evaluate(
    view: &View,
    against: Option<&Against<'_>>,
    options: &Options,
    watch: Watch<'_>,
) -> Result<Evaluated, EvalError> {
    if !DEPTHS.contains(&options.depth) {
        let (low, high) = (DEPTHS.start(), DEPTHS.end());
        return Err(EvalError::Input(format!("depth is {}; give {low} to {high}", options.depth)));
    }
    let cases = Cases::read(view, &options.truth, options.several_per_patient, &watch)?;
    let maker = Maker { view, cases: &cases, truth: &options.truth, asking: &options.asking };
    let queries = match &options.source {
        Source::File(path) => maker.read(path, watch.stop)?,
        Source::Sample { count, seed } => maker.sample(*count, *seed, watch.stop)?,
    };
    if queries.is_empty() {
        return Err(EvalError::Input(nothing_to_ask(options)));
    }
    let (patient_of, patients) = patients(&queries);
    let filters = filters(view, &cases, &queries, watch.stop)?;
    let asker = asker(view, &cases, options.settings, options);
    let numbered: Vec<(&Query, usize)> = queries.iter().zip(patient_of).collect();
    let asked = watch.each("queries", &numbered, |(query, patient)| {
        let judge = Judge::new(&cases, query, &filters);
        let mut answer = asker.ask(query, &judge.guard, options.depth, watch.stop)?;
        answer.judged = asker.judged(query, &answer.encoded, watch.stop)?;
        let sought = judge.sought();
        Ok(Answered::new(judge, sought, answer, *patient))
    })?;
    let answers =
        Answers { asked, cases: &cases, patients, depth: options.depth, least: options.least_group.max(1) };
    let protocol = Protocol::new(&asker, &answers, watch, options.seed);
    let (pools, hard_negatives, archive_sizes) = match options.protocols {
        true => (protocol.pools()?, protocol.hard_negatives()?, protocol.archive_sizes()?),
        false => (Vec::new(), None, Vec::new()),
    };
    let index_recall = index_recall(&asker, &answers, &watch)?;
    let against = against
        .map(|against| {
            let other = self::asker(against.view, &cases, against.settings, options);
            let facts = against.is_other.then(|| facts(against.view, None));
            compare(&other, &answers, facts, &watch)
        })
        .transpose()?;
    watch.check()?;
    (watch.progress)("figures", 0, 1);
    let evaluation = Evaluation {
        index: facts(view, Some(&cases)),
        settings: options.settings,
        truth: truth_facts(&cases, &queries, &options.truth),
        queries: query_facts(&answers, options),
        metrics: answers.overall(),
        curve: answers.curve(),
        findings: answers.findings(),
        anatomy: answers.anatomy(),
        subgroups: answers.subgroups(),
        pools,
        hard_negatives,
        archive_sizes,
        hubness: hubness(&answers),
        diversity: diversity(&answers),
        calibration: calibration(&answers),
        risk_coverage: risk_coverage(&answers),
        notes: notes(&answers, index_recall.is_empty()),
        index_recall,
        against,
    };
    watch.check()?;
    let trec = options.trec.then(|| Trec::of(&answers)).transpose()?;
    Ok(Evaluated { evaluation, trec })
}

fn asker<'a>(view: &'a View, cases: &'a Cases, settings: Settings, options: &Options) -> Asker<'a> {
    Asker { view, cases, settings, several_per_patient: options.several_per_patient }
}

fn nothing_to_ask(options: &Options) -> String {
    match &options.source {
        Source::File(path) => format!("{}: holds no query; write one row per line", path.display()),
        Source::Sample { .. } => {
            "no case of the index can ask and has a truth; ask by report, or take the truth from labels"
                .to_owned()
        }
    }
}

/// Per query the number of its patient, and how many there are. A query without a patient is its own.
fn patients(queries: &[Query]) -> (Vec<usize>, usize) {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut count = 0;
    let mut next = || {
        count += 1;
        count - 1
    };
    let numbers = queries
        .iter()
        .map(|query| match &query.patient {
            // Ids of two issuers count as one patient's, which makes intervals wider, never narrower.
            Some(patient) => *known.entry(patient.folded_id()).or_insert_with(&mut next),
            None => next(),
        })
        .collect();
    (numbers, count)
}

fn facts(view: &View, cases: Option<&Cases>) -> IndexFacts {
    IndexFacts {
        name: view.definition().name.clone(),
        generation: view.generation(),
        cases: view.case_count(),
        patients: cases.map_or(0, Cases::patients),
    }
}

fn truth_facts(cases: &Cases, queries: &[Query], truth: &Truth) -> TruthFacts {
    let given = queries.iter().filter(|query| query.relevant.is_some()).count();
    let (source, warning) = match truth {
        Truth::Reports => {
            let warning = "Relevance is what the program itself reads in the reports, so its mistakes in reading count as truth. \
                           Check with labels or judgements that others made.";
            ("reports".to_owned(), Some(warning.to_owned()))
        }
        Truth::Labels(field) => (format!("labels:{field}"), None),
    };
    let names = match truth {
        Truth::Reports => "findings that the reports state as present, each with what it is a kind of",
        Truth::Labels(_) => "labels",
    };
    let mut grades = Vec::new();
    if given > 0 {
        grades.push("rows that name their relevant cases: the grades that they give".to_owned());
    }
    if given < queries.len() {
        grades.push(format!("3: the same {names}, also where both have none"));
        grades.push("2: at least half of what either has is shared (Jaccard)".to_owned());
        grades.push("1: anything is shared".to_owned());
    }
    TruthFacts {
        source: match given {
            0 => source,
            all if all == queries.len() => "queries".to_owned(),
            _ => format!("queries and {source}"),
        },
        cases: cases.known(),
        grades,
        warning: warning.filter(|_| given < queries.len()),
    }
}

fn query_facts(answers: &Answers<'_>, options: &Options) -> QueryFacts {
    let count = |of: &dyn Fn(&Answered<'_>) -> bool| answers.asked.iter().filter(|one| of(one)).count();
    QueryFacts {
        asked: answers.asked.len(),
        patients: tally(answers.asked.iter().map(|one| one.patient)).len(),
        with_relevant: count(&|one| one.counts()),
        earlier_only: count(&|one| one.judge.query.before.is_some()),
        patient_left_out: count(&|one| one.judge.query.patient.is_some()),
        depth: options.depth,
        relevant_not_in_index: answers.asked.iter().map(|one| one.judge.query.missing).sum(),
        several_per_patient: options.several_per_patient,
    }
}

fn notes(answers: &Answers<'_>, searched_exactly: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let without = answers.asked.iter().filter(|one| !one.counts()).count();
    if without > 0 {
        notes.push(format!(
            "{without} of {} queries have nothing relevant to find, under their guards, and are in no figure.",
            answers.asked.len()
        ));
    }
    let first = |one: &&Answered<'_>| one.judge.query.before.is_some() && one.sought.eligible == 0;
    let first = answers.asked.iter().filter(first).count();
    if first > 0 {
        notes.push(format!(
            "{first} of them have no case that is certainly earlier; --any-time lets them find later ones."
        ));
    }
    let nameless = answers.asked.iter().filter(|one| one.judge.query.patient.is_none()).count();
    if nameless > 0 {
        notes.push(format!(
            "{nameless} queries name no patient, so other cases of their patients may be among the hits."
        ));
    }
    if searched_exactly {
        notes.push("Every search was exact, so there is no recall of the index to measure.".to_owned());
    }
    notes.push(format!(
        "Intervals are 95 % percentile bootstraps over patients ({} draws), each by itself: of twenty that exclude no \
         difference, one is expected to do so by chance.",
        crate::DRAWS
    ));
    notes
}
