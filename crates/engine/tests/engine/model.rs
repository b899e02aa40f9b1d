//! Random archives and random questions: exact answers are those of a list that is looked through whole, others find what was
//! promised, and neither depends on how the cases came to lie where they do.

use crate::list::{Expected, Held, List, Shown};
use crate::support::{
    Archive, DIMENSION, KINDS, Random, Sketch, WORDS, archive, case, definition, id, names, near, patient,
    plain, search, study, vector,
};
use precedent_engine::{Access, Engine, NewCase, Replacement};
use precedent_model::{Assertion, FindingId, PartialDate, Reading};
use precedent_query::{
    ChannelPlan, Fusion, Guards, Judgement, Limits, MAX_NEIGHBOURS, PathChoice, SearchRequest,
    SearchResponse, VectorPath,
};
use precedent_report::{Lexicon, ReportReader};
use precedent_vector::Metric;
use proptest::collection;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

#[derive(Debug, Clone)]
enum Step {
    Put(usize, Sketch),
    /// So many studies under names from the first on, by a seed.
    PutMany(usize, usize, u64),
    Delete(usize),
    /// So many tenths of all names, by a seed.
    DeleteMany(usize, u64),
    Commit,
    Merge,
    /// What the background would merge.
    MergeSome,
    Reopen,
}

/// Names that steps speak of.
const NAMES: usize = 300;
/// Cases of an archive whose graph is measured and worth walking.
const MANY: usize = 2_200;

fn sketch() -> impl Strategy<Value = Sketch> {
    // Few values, so that vectors, words and patients repeat.
    let vector = collection::vec(prop_oneof![Just(0.0_f32), Just(1.0), Just(2.0), -3.0..3.0_f32], DIMENSION)
        .prop_map(|mut values| {
            values[0] += 0.5;
            values
        });
    let words = collection::vec(proptest::sample::select(WORDS.to_vec()), 1..12);
    (
        proptest::option::of(0..20_u8),
        proptest::option::of(0..90_i64),
        proptest::option::of(proptest::sample::select(vec!["2018", "2019-05", "2019-05-03", "2020-01-01"])),
        collection::vec(proptest::sample::select(vec!["Edema", "Mass"]), 0..2),
        proptest::option::of(words),
        collection::vec(vector, 0..3),
    )
        .prop_map(|(patient, age, date, problems, words, vectors)| Sketch {
            patient,
            age,
            date,
            problems,
            text: if vectors.is_empty() {
                Some(words.unwrap_or(vec!["normal"]).join(" "))
            } else {
                words.map(|w| w.join(" "))
            },
            vectors,
        })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..NAMES, sketch()).prop_map(|(name, sketch)| Step::Put(name, sketch)),
        3 => (0..NAMES, 1..120_usize, any::<u64>()).prop_map(|(first, count, seed)| Step::PutMany(first, count, seed)),
        2 => (0..NAMES).prop_map(Step::Delete),
        1 => (1..=9_usize, any::<u64>()).prop_map(|(tenths, seed)| Step::DeleteMany(tenths, seed)),
        3 => Just(Step::Commit),
        1 => Just(Step::Merge),
        1 => Just(Step::MergeSome),
        1 => Just(Step::Reopen),
    ];
    collection::vec(step, 1..30)
}

const FILTERS: [&str; 9] = [
    "age >= 40",
    "NOT age >= 40",
    "problems:\"edema\"",
    "-problems:mass age < 70",
    "study_date < \"2019-05-02\"",
    "study_date = \"2019\" OR age = 3",
    "NOT study_date:*",
    "case_id = \"case-01*\"",
    "patient_id = \"patient-2\" OR NOT patient_id:*",
];

/// Queries, and which reports hold what they ask for where that is plain to see.
type Text = (&'static str, Option<fn(&str) -> bool>);
const TEXTS: [Text; 4] = [
    ("text:effusion", Some(|text| text.contains("effusion"))),
    (
        "text:effusion text:\"no pneumothorax\"",
        Some(|text| text.contains("effusion") || text.contains("no pneumothorax")),
    ),
    ("left effusion normal", None),
    ("no pneumothorax", None),
];

/// What comes later may have less.
fn without_regard(case: NewCase) -> NewCase {
    NewCase { replacement: Replacement::Without, ..case }
}

fn play(steps: &[Step], metric: Metric) -> (Archive, List) {
    play_in(archive(metric, Access::Bulk), steps, metric)
}

fn play_in(mut archive: Archive, steps: &[Step], metric: Metric) -> (Archive, List) {
    let mut list = List::new(definition(metric));
    for step in steps {
        let engine = &archive.engine;
        match step {
            Step::Put(name, sketch) => {
                engine.ingest(vec![without_regard(case(*name, sketch))]).unwrap().remove(0).unwrap();
                list.put(*name, sketch.clone());
            }
            Step::PutMany(first, count, seed) => {
                let studies = (*first..first + count).map(|name| (name, study(seed ^ (name as u64) << 32)));
                let studies: Vec<(usize, Sketch)> = studies.collect();
                let new = |(name, sketch): &(usize, Sketch)| without_regard(case(*name, sketch));
                let cases = studies.iter().map(new).collect();
                engine.ingest(cases).unwrap().into_iter().for_each(|outcome| assert!(outcome.is_ok()));
                studies.into_iter().for_each(|(name, sketch)| list.put(name, sketch));
            }
            Step::Delete(name) => {
                let outcome = engine.delete(&[id(*name)]).unwrap();
                assert_eq!(outcome.deleted, usize::from(list.cases.remove(name).is_some()));
            }
            Step::DeleteMany(tenths, seed) => {
                let held = list.cases.len();
                let doomed = |name: usize| Random(seed ^ name as u64).below(10) < *tenths;
                let ids: Vec<_> =
                    list.cases.keys().filter(|&&name| doomed(name)).map(|&name| id(name)).collect();
                list.cases.retain(|&name, _| !doomed(name));
                assert_eq!(engine.delete(&ids).unwrap().deleted, held - list.cases.len());
            }
            Step::Commit => drop(engine.commit().unwrap()),
            Step::Merge => drop(engine.merge_all(&|_, _, _| true).unwrap()),
            Step::MergeSome => engine.merge_some(&|_, _, _| true).unwrap(),
            Step::Reopen => {
                let Archive { folder, engine } = archive;
                drop(engine);
                let engine = Engine::open(folder.path(), Access::Bulk).unwrap();
                archive = Archive { folder, engine };
            }
        }
    }
    archive.engine.commit().unwrap();
    (archive, list)
}

/// What is asked, as numbers that [`Ask::request`] makes a request of.
#[derive(Debug, Clone)]
struct Ask {
    vectors: Vec<(usize, u64)>,
    text: Option<Text>,
    filter: Option<&'static str>,
    guards: Guards,
    fusion: Fusion,
    limits: Limits,
}

fn ask() -> impl Strategy<Value = Ask> {
    use proptest::option::weighted;
    use proptest::sample::select;
    let guards = (
        weighted(0.3, 0..120_u8),
        any::<bool>(),
        weighted(0.2, select(vec!["2019", "2019-05-03", "2020-06"])),
        any::<bool>(),
    )
        .prop_map(|(own, include_same_patient, before, several_per_patient)| Guards {
            patient: own.map(patient),
            include_same_patient,
            before: before.map(|date| PartialDate::parse("before", date).unwrap()),
            several_per_patient,
            ..Guards::default()
        });
    let weight = || prop_oneof![4 => Just(1.0_f32), 2 => 0.01..3.0_f32, 1 => Just(0.0)];
    let fusion = (weight(), weight(), select(vec![60.0_f32, 1.0, 0.3]), select(vec![1_usize, 20, 200]))
        .prop_map(|(image_weight, lexical_weight, rrf_k, candidates)| Fusion {
            image_weight,
            lexical_weight,
            rrf_k,
            candidates,
            ..Fusion::default()
        });
    let limits = (
        select(vec![1_usize, 3, 10, 10, 30, 100, 1000]),
        any::<bool>(),
        select(vec![
            PathChoice::Auto,
            PathChoice::Auto,
            PathChoice::Graph,
            PathChoice::Graph,
            PathChoice::Exact,
        ]),
        weighted(0.25, prop_oneof![1..4_usize, 1..200_usize]),
        weighted(0.5, select(vec![0.9_f32, 0.95, 0.98])),
    )
        .prop_map(|(limit, exact, path, ef_search, target_recall)| Limits {
            limit,
            exact,
            path,
            ef_search,
            target_recall,
            ..Limits::default()
        });
    // Several are mostly views of one study.
    let other = weighted(0.3, 0..KINDS);
    let vectors = (0..KINDS, prop_oneof![1 => Just(0), 3 => Just(1), 3 => 2..5_usize])
        .prop_flat_map(move |(kind, count)| {
            (Just(kind), collection::vec((other.clone(), any::<u64>()), count))
        })
        .prop_map(|(kind, views)| {
            views.into_iter().map(|(other, seed)| (other.unwrap_or(kind), seed)).collect::<Vec<_>>()
        });
    let text = weighted(0.4, select(TEXTS.to_vec()));
    (vectors, text, weighted(0.4, select(FILTERS.to_vec())), guards, fusion, limits).prop_map(
        |(vectors, text, filter, guards, fusion, limits)| {
            let nothing = vectors.is_empty() && text.is_none();
            let filter = filter.or(nothing.then_some(FILTERS[0]));
            Ask { vectors, text, filter, guards, fusion, limits }
        },
    )
}

impl Ask {
    /// The image channel alone, not exact, by one vector or several; by the `whole` archive with no case left out.
    fn by_image(mut self, whole: bool) -> Self {
        self.text = None;
        if whole {
            (self.filter, self.guards, self.limits.path) = (None, Guards::default(), PathChoice::Graph);
        }
        self.guards.several_per_patient = true;
        self.fusion.image_weight = 1.0;
        self.limits.exact = false;
        (self.limits.ef_search, self.limits.target_recall) = (None, None);
        if self.vectors.is_empty() {
            self.vectors.push((0, 0));
        }
        self
    }

    fn request(&self) -> SearchRequest {
        let vectors = self.vectors.iter().map(|&(kind, seed)| vector(&near(kind, &mut Random(seed))));
        SearchRequest {
            vectors: vectors.collect(),
            text: self.text.map(|(text, _)| text.to_owned()),
            filter: self.filter.map(str::to_owned),
            guards: self.guards.clone(),
            fusion: self.fusion,
            limits: self.limits,
            ..SearchRequest::default()
        }
    }
}

fn all(request: SearchRequest) -> SearchRequest {
    let limits = Limits { limit: 1000, exact: true, ..request.limits };
    let guards = Guards { several_per_patient: true, ..request.guards };
    SearchRequest { limits, guards, ..request }
}

/// The same cases in one segment that never knew others. Its scores of texts are those that any spread over segments must
/// give; that they are BM25 is held against plain sums in `lexical/src/plain.rs`.
struct Rebuilt {
    archive: Archive,
    asked: HashMap<&'static str, HashMap<usize, f32>>,
}

impl Rebuilt {
    fn of(list: &List, metric: Metric) -> Self {
        let archive = archive(metric, Access::Bulk);
        archive.engine.ingest(list.in_order()).unwrap();
        archive.engine.commit().unwrap();
        Self { archive, asked: HashMap::new() }
    }

    fn scores(&mut self, list: &List, (text, holds): Text) -> &HashMap<usize, f32> {
        self.asked.entry(text).or_insert_with(|| {
            let request = SearchRequest { text: Some(text.to_owned()), ..SearchRequest::default() };
            let answer = search(&self.archive.engine, &all(request));
            assert!(answer.total < 1000, "more than one answer can hold");
            let name = |id: &str| id["case-".len()..].parse::<usize>().unwrap();
            let scores: HashMap<usize, f32> = (answer.hits.iter())
                .map(|hit| (name(hit.case.id.as_str()), hit.lexical.unwrap().score))
                .collect();
            if let Some(holds) = holds {
                assert_eq!(scores.keys().copied().collect::<HashSet<_>>(), list.with_text(holds), "{text}");
            }
            scores
        })
    }
}

/// What searches by the image channel alone found of what they were to find: sums of shares.
#[derive(Debug, Default)]
struct Tally {
    searches: f64,
    promised: f64,
    found: f64,
    variance: f64,
}

/// By the way that was taken.
type Tallies = BTreeMap<&'static str, Tally>;

impl Tally {
    fn add(&mut self, request: &SearchRequest, response: &SearchResponse, expected: &Expected, recall: f64) {
        let nearest = &expected.hits[..expected.hits.len().min(request.limits.limit)];
        let found: HashSet<String> = names(response).into_iter().collect();
        let share = nearest.iter().filter(|shown| found.contains(&shown.name)).count() as f64;
        let share = share / nearest.len().max(1) as f64;
        self.found += share;
        self.searches += 1.0;
        self.promised += recall;
        self.variance += (share - recall).powi(2);
    }

    /// What is found at least, but for one chance in a thousand, where the promise is kept.
    fn least(&self) -> f64 {
        self.promised - 3.1 * self.variance.sqrt()
    }
}

/// How far scores of the image channel may be off where answers need not be exact: vectors are 16 numbers up to about 4, and each is
/// rounded to a 2047th of the largest.
const PACKED_OFF: f32 = 0.02;

/// Whatever the way: the hits are matches with their true scores in every channel that was asked, and as many as there are.
fn check_any(
    request: &SearchRequest,
    response: &SearchResponse,
    expected: &Expected,
) -> Result<(), TestCaseError> {
    let known: HashMap<&str, &Shown> =
        expected.all.iter().map(|shown| (shown.name.as_str(), shown)).collect();
    let hits: Vec<Shown> = response.hits.iter().map(Shown::of).collect();
    prop_assert_eq!(response.plan.matches, expected.matches);
    check_count(request, &hits, expected)?;
    prop_assert_eq!(response.total, hits.len());
    let mut seen = HashSet::new();
    for (shown, hit) in hits.iter().zip(&response.hits) {
        let Some(true_one) = known.get(shown.name.as_str()) else {
            return Err(TestCaseError::fail(format!("{} is no match", shown.name)));
        };
        prop_assert_eq!(shown.sure(), true_one.sure());
        let off = match request.limits.exact || request.limits.path == PathChoice::Exact {
            true => 0.0,
            false => PACKED_OFF,
        };
        if let (Some(found), Some(score)) = (shown.image_score(), true_one.image_score()) {
            prop_assert!((found - score).abs() <= off, "{found} in place of {score}");
            prop_assert!(off > 0.0 || shown.matched == true_one.matched);
        }
        prop_assert!(seen.insert(shown.name.as_str()), "{} twice", shown.name);
        // Full text ranks without gaps; what a walk misses lets those behind move up.
        if let Some((_, Some(rank), _)) = shown.lexical {
            prop_assert_eq!(Some(rank), true_one.lexical.and_then(|said| said.1));
        }
        if let Some((_, Some(rank), _)) = shown.image {
            let not_surely_behind = |other: &&Shown| {
                other.image_score().zip(true_one.image_score()).is_some_and(|(a, b)| a >= b - 2.0 * off)
            };
            prop_assert!(rank <= expected.all.iter().filter(not_surely_behind).count());
        }
        let mut sum = 0.0;
        for (said, weight) in
            [(hit.image, request.fusion.image_weight), (hit.lexical, request.fusion.lexical_weight)]
        {
            let Some(said) = said else { continue };
            let adds = said
                .rank
                .map_or(0.0, |rank| f64::from(weight) / (f64::from(request.fusion.rrf_k) + rank as f64));
            prop_assert_eq!(said.contribution, adds);
            sum += adds;
        }
        prop_assert_eq!(hit.fused_score, sum);
    }
    prop_assert!(response.hits.is_sorted_by(|a, b| a.fused_score >= b.fused_score));
    prop_assert!((response.hits.iter().enumerate()).all(|(place, hit)| hit.rank == place + 1));
    // A better score in a channel never has the worse rank.
    for channel in [|hit: &precedent_query::Hit| hit.image, |hit: &precedent_query::Hit| hit.lexical] {
        let mut said: Vec<_> =
            response.hits.iter().filter_map(channel).filter(|said| said.rank.is_some()).collect();
        said.sort_by_key(|said| said.rank);
        prop_assert!(said.is_sorted_by(|a, b| a.score >= b.score), "{said:?}");
    }
    Ok(())
}

/// There are as many hits as there can be: if fewer than the limit, every other match may be of a hit's patient. How many that
/// makes can depend on the order, as a patient without issuer may be of any.
fn check_count(request: &SearchRequest, hits: &[Shown], expected: &Expected) -> Result<(), TestCaseError> {
    if request.guards.several_per_patient {
        prop_assert_eq!(hits.len(), expected.all.len().min(request.limits.limit));
        return Ok(());
    }
    prop_assert!(hits.len() <= request.limits.limit);
    for (place, hit) in hits.iter().enumerate() {
        let before = hits[..place].iter();
        prop_assert!(!before.clone().any(|other| expected.same_patient(&other.name, &hit.name)));
    }
    let stands_for = |shown: &Shown| {
        hits.iter().any(|hit| hit.name == shown.name || expected.same_patient(&hit.name, &shown.name))
    };
    prop_assert!(hits.len() == request.limits.limit || expected.all.iter().all(stands_for));
    Ok(())
}

fn check_exact(
    request: &SearchRequest,
    response: &SearchResponse,
    expected: &Expected,
) -> Result<(), TestCaseError> {
    let hits: Vec<Shown> = response.hits.iter().map(Shown::of).collect();
    let end = expected.hits.len().min(request.limits.limit);
    prop_assert_eq!(&hits[..], &expected.hits[..end]);
    Ok(())
}

fn check(
    steps: &[Step],
    metric: Metric,
    asks: &[Ask],
    tallies: &RefCell<Tallies>,
) -> Result<(), TestCaseError> {
    let (archive, list) = play(steps, metric);
    let mut rebuilt = None;
    let nothing = HashMap::new();
    for ask in asks {
        let request = ask.request();
        let texts = match ask.text {
            Some(text) => rebuilt.get_or_insert_with(|| Rebuilt::of(&list, metric)).scores(&list, text),
            None => &nothing,
        };
        let expected = list.answer(&request, texts);
        let response = search(&archive.engine, &request);
        prop_assert_eq!(response.plan.cases, list.cases.len());
        check_any(&request, &response, &expected)?;
        // One channel's best do not depend on how many candidates it puts forward, those of two do.
        let every = response.plan.channels.len() < 2 || request.fusion.candidates >= expected.matches;
        prop_assert!(response.plan.exact || !request.limits.exact);
        if request.limits.exact || response.plan.exact && every {
            check_exact(&request, &response, &expected)?;
        }
        if let [ChannelPlan { path: Some(path), target_recall, .. }] = response.plan.channels.as_slice() {
            let mut tallies = tallies.borrow_mut();
            let tally = tallies.entry(path.name()).or_default();
            if let Some(recall) = target_recall.filter(|_| request.guards.several_per_patient) {
                tally.add(&request, &response, &expected, f64::from(recall));
            }
        }
    }
    Ok(())
}

fn judgement() -> impl Strategy<Value = Judgement> {
    // Few numbers, as a curve is fitted for each.
    let neighbours = proptest::sample::select(vec![1, 9, MAX_NEIGHBOURS]);
    prop_oneof![Just(Judgement::Auto), neighbours.prop_map(Judgement::By)]
}

fn metrics() -> impl Strategy<Value = Metric> {
    proptest::sample::select(vec![Metric::Cosine, Metric::Dot, Metric::L2])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Bit by bit, reports and spans among them, but for how the answer was found.
    #[test]
    fn a_directory_answers_as_a_list_does(
        steps in steps(),
        metric in metrics(),
        asks in collection::vec((ask(), judgement(), proptest::option::weighted(0.2, 0.0..=1.0_f32)), 8),
    ) {
        // A list is nowhere but in memory.
        let steps: Vec<Step> = steps.into_iter().filter(|step| !matches!(step, Step::Reopen)).collect();
        let (in_directory, _) = play(&steps, metric);
        let (as_list, _) = play_in(plain(definition(metric), Access::Bulk), &steps, metric);
        for (ask, judgement, diversity) in asks {
            let mut request = SearchRequest { judgement, diversity, ..ask.request() };
            request.limits.exact = true;
            let [mut one, mut other] = [&in_directory, &as_list].map(|archive| search(&archive.engine, &request));
            for response in [&mut one, &mut other] {
                response.plan.channels.iter_mut().for_each(|channel| channel.visited = 0);
                (response.plan.times, response.generation) = (Default::default(), 0);
                let calibration = response.consensus.as_mut().and_then(|said| said.calibration.as_mut());
                calibration.into_iter().for_each(|by| by.generation = 0);
            }
            prop_assert_eq!(&one, &other);
        }
    }
}

/// The seed is fixed, because a recall is a matter of chance.
#[test]
fn answers_are_those_of_the_list_or_as_near_as_promised() {
    let run = |cases: u32, steps: BoxedStrategy<Vec<Step>>, asks: BoxedStrategy<Vec<Ask>>| {
        let tallies = RefCell::default();
        let rng_seed = RngSeed::Fixed(20_261_126);
        let config = ProptestConfig {
            cases,
            rng_seed,
            max_shrink_iters: 60,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        TestRunner::new(config)
            .run(&(steps, metrics(), asks), |(steps, metric, asks)| check(&steps, metric, &asks, &tallies))
            .unwrap_or_else(|error| panic!("{error}"));
        tallies.into_inner()
    };
    run(24, steps().boxed(), collection::vec(ask(), 16).boxed());
    // Graphs that are large enough for a walk to pay, and of which was measured what it finds.
    let few = prop_oneof![2 => Just(Vec::new()), 1 => steps()];
    let many = (any::<u64>(), prop_oneof![Just(0), 1..=9_usize], few).prop_map(|(seed, tenths, few)| {
        let many = [Step::PutMany(NAMES, MANY, seed), Step::Merge, Step::DeleteMany(tenths, seed)];
        many.into_iter().chain(few).collect()
    });
    let asks = collection::vec((ask(), any::<bool>()).prop_map(|(ask, whole)| ask.by_image(whole)), 80);
    let tallies = run(4, many.boxed(), asks.boxed());
    let paths = [VectorPath::Exact, VectorPath::Codes, VectorPath::Graph, VectorPath::FilteredGraph];
    assert!(tallies.keys().copied().eq(paths.iter().map(|path| path.name()).collect::<BTreeSet<_>>()));
    for (path, tally) in tallies {
        assert!(tally.found >= tally.least(), "{path}: {tally:?}, least {}", tally.least());
    }
}

/// Walks this narrow pass over much: a case's nearest image, or what another view's walk then finds farther away.
#[test]
fn the_narrowest_walk_ranks_by_the_distances_that_are_shown() {
    let mut random = Random(5);
    let asks: Vec<Ask> = (0..400)
        .map(|_| {
            let kind = random.below(KINDS);
            Ask {
                vectors: (0..random.one_of(&[1, 4])).map(|_| (kind, random.bits())).collect(),
                text: None,
                filter: None,
                guards: Guards { several_per_patient: true, ..Guards::default() },
                fusion: Fusion::default(),
                limits: Limits { limit: 3, path: PathChoice::Graph, ef_search: Some(1), ..Limits::default() },
            }
        })
        .collect();
    let steps = [Step::PutMany(0, 900, 3), Step::Merge];
    check(&steps, Metric::L2, &asks, &RefCell::default()).unwrap();
}

const SPREAD: usize = 140;

/// The same cases in the same order, in so many segments; with `litter` among cases that are deleted and others that are
/// replaced later.
fn spread(segments: usize, litter: bool) -> Archive {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let parts: Vec<Vec<usize>> =
        (0..SPREAD).collect::<Vec<_>>().chunks(SPREAD / segments).map(<[usize]>::to_vec).collect();
    for (number, part) in parts.iter().enumerate() {
        let own = part.iter().map(|&name| case(name, &study(name as u64)));
        let mut batch: Vec<_> = own.collect();
        if litter {
            let doomed = part.iter().map(|&name| case(SPREAD + name, &study(7_000 + name as u64)));
            let earlier = parts.get(number + 1).into_iter().flatten();
            let earlier = earlier.map(|&name| case(name, &study(9_000 + name as u64)));
            batch.extend(doomed.chain(earlier));
        }
        let batch = batch.into_iter().map(without_regard).collect();
        assert!(archive.engine.ingest(batch).unwrap().iter().all(Result::is_ok));
        archive.engine.commit().unwrap();
    }
    if litter {
        let doomed: Vec<_> = (SPREAD..2 * SPREAD).map(id).collect();
        assert_eq!(archive.engine.delete(&doomed).unwrap().deleted, SPREAD);
        archive.engine.commit().unwrap();
    }
    let stats = archive.engine.stats().unwrap();
    assert_eq!((stats.segments.len(), stats.cases), (segments, SPREAD));
    let dead = if litter { 2 * SPREAD - SPREAD / segments } else { 0 };
    assert_eq!(stats.tombstones, dead);
    archive
}

/// What is found, in every channel and in all, by everything that promises to be exact.
fn everything(engine: &Engine) -> Vec<(usize, Vec<Shown>)> {
    let mut answers = Vec::new();
    for text in
        [None, Some("left effusion normal"), Some("text:effusion -text:left"), Some("no pneumothorax")]
    {
        for vectors in [vec![], vec![1], vec![3, 5]] {
            for filter in [None, Some("age >= 30")] {
                let asked = vectors.iter().map(|&kind| vector(&near(kind, &mut Random(77))));
                let request = SearchRequest {
                    vectors: asked.collect(),
                    text: text.map(str::to_owned),
                    filter: filter.map(str::to_owned),
                    ..SearchRequest::default()
                };
                if vectors.is_empty() && text.is_none() && filter.is_none() {
                    continue;
                }
                // Full text alone is always exact.
                let exact = !vectors.is_empty();
                let limits = Limits { limit: 20, exact, ..Limits::default() };
                for request in [all(request.clone()), SearchRequest { limits, ..request }] {
                    let answer = search(engine, &request);
                    answers.push((answer.plan.matches, answer.hits.iter().map(Shown::of).collect()));
                }
            }
        }
    }
    answers
}

#[test]
fn segments_tombstones_and_merges_change_no_bit_of_an_answer() {
    let expected = everything(&spread(1, false).engine);
    assert!(expected.iter().any(|(_, hits)| hits.len() > 100));
    for segments in [1, 2, 7, 20] {
        for litter in [false, true] {
            let Archive { engine, folder: _folder } = spread(segments, litter);
            assert!(everything(&engine) == expected, "{segments} segments, litter {litter}");
            engine.merge_all(&|_, _, _| true).unwrap();
            let stats = engine.stats().unwrap();
            assert_eq!((stats.segments.len(), stats.tombstones), (1, 0));
            assert!(everything(&engine) == expected, "{segments} segments merged, litter {litter}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The list is read report by report; the engine looks findings up in terms and columns.
    #[test]
    fn what_reports_say_decides_who_is_found(steps in steps()) {
        use Assertion::{Absent, Present, Uncertain};
        let (archive, list) = play(&steps, Metric::Cosine);
        let reader = ReportReader::new(Lexicon::bundled());
        let said: Vec<(usize, Option<Reading>)> = (list.cases.iter())
            .map(|(&name, Held { sketch, .. })| (name, case(name, sketch).case.report.map(|report| reader.read(&report))))
            .collect();
        let kinds = reader.lexicon().narrower("pneumothorax");
        let of_kind = |id: &FindingId| kinds.contains(id);
        let found = |request: SearchRequest| -> BTreeSet<String> {
            names(&search(&archive.engine, &all(request))).into_iter().collect()
        };
        let those = |wanted: &dyn Fn(&Reading) -> bool| -> BTreeSet<String> {
            let wanted = said.iter().filter(|(_, reading)| reading.as_ref().is_some_and(wanted));
            wanted.map(|(name, _)| id(*name).as_str().to_owned()).collect()
        };

        // Text: some sentence says so.
        for (text, assertions) in [("pneumothorax", &[Present, Uncertain][..]), ("no pneumothorax", &[Absent])] {
            let says = |reading: &Reading| (reading.sentences.iter())
                .flat_map(|sentence| &sentence.mentions)
                .any(|mention| of_kind(&mention.finding) && assertions.contains(&mention.assertion));
            let request = SearchRequest { text: Some(text.to_owned()), ..SearchRequest::default() };
            prop_assert_eq!(found(request), those(&says), "{}", text);
        }

        // Filter: the report as a whole says so; of a case without a report nothing is known.
        for (filter, assertion) in [("finding", Present), ("finding.absent", Absent), ("finding.uncertain", Uncertain)] {
            let says = |reading: &Reading| (reading.findings().iter())
                .any(|(id, said)| of_kind(id) && *said == assertion);
            let filtered = |text: String| found(SearchRequest { filter: Some(text), ..SearchRequest::default() });
            prop_assert_eq!(filtered(format!("{filter}:pneumothorax")), those(&says));
            prop_assert_eq!(filtered(format!("NOT {filter}:pneumothorax")), those(&|reading| !says(reading)));
        }
    }
}
