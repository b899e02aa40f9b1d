//! An archive as a list that is looked through whole, and what a search of it has to answer.

use crate::support::{Sketch, case, id};
use precedent_engine::{Definition, NewCase};
use precedent_model::{FieldValue, PartialDate, PatientKey};
use precedent_query::{ChannelScore, Filter, Hit, SearchRequest};
use precedent_vector::Embedding;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The list: its cases by name.
pub struct List {
    definition: Definition,
    pub cases: BTreeMap<usize, Held>,
    clock: u64,
}

/// A case of the list.
pub struct Held {
    /// When it came.
    came: u64,
    pub sketch: Sketch,
    case: NewCase,
    embeddings: Vec<Embedding>,
}

/// What a channel says of a case: its score, its rank, what it adds. Numbers as their bits.
type Said = (u32, Option<usize>, u64);

/// What a hit shows. Numbers as their bits, so that equal means equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub name: String,
    pub fused: u64,
    pub image: Option<Said>,
    pub lexical: Option<Said>,
    /// Which image was nearest, and to which vector of the query.
    pub matched: Option<(usize, usize)>,
}

/// What is to be answered.
pub struct Expected {
    /// Cases that pass filter and guards.
    pub matches: usize,
    /// Every hit, best first, whatever the limit.
    pub hits: Vec<Shown>,
    /// The same where several cases of a patient may be among them.
    pub all: Vec<Shown>,
    /// Whose cases they are, by name.
    pub patients: HashMap<String, PatientKey>,
}

impl Expected {
    /// Whether two cases may be of one patient.
    pub fn same_patient(&self, one: &str, other: &str) -> bool {
        let patients = self.patients.get(one).zip(self.patients.get(other));
        patients.is_some_and(|(one, other)| one.may_be(other))
    }
}

/// One channel's order: name, score, image and vector that were nearest.
type Order = Vec<(usize, f32, Option<(usize, usize)>)>;

impl Shown {
    pub fn of(hit: &Hit) -> Self {
        let said = |score: ChannelScore| (score.score.to_bits(), score.rank, score.contribution.to_bits());
        Self {
            name: hit.case.id.as_str().to_owned(),
            fused: hit.fused_score.to_bits(),
            image: hit.image.map(said),
            lexical: hit.lexical.map(said),
            matched: hit.matched_image.zip(hit.matched_vector),
        }
    }

    /// The part that does not depend on what else was found, nor on how exactly distances were measured.
    pub fn sure(&self) -> impl PartialEq + std::fmt::Debug + use<'_> {
        let score = |said: Option<Said>| said.map(|(score, _, _)| score);
        (self.name.as_str(), self.image.is_some(), score(self.lexical), self.matched.is_some())
    }

    /// The score of the image channel.
    pub fn image_score(&self) -> Option<f32> {
        self.image.map(|(score, _, _)| f32::from_bits(score))
    }
}

impl List {
    pub fn new(definition: Definition) -> Self {
        Self { definition, cases: BTreeMap::new(), clock: 0 }
    }

    pub fn put(&mut self, name: usize, sketch: Sketch) {
        if self.cases.get(&name).is_some_and(|held| held.sketch == sketch) {
            // An equal case stays where it is.
            return;
        }
        self.clock += 1;
        let space = self.definition.image_space.as_ref().unwrap();
        let embeddings = sketch.vectors.iter().map(|values| space.admit("enc", values).unwrap()).collect();
        let case = case(name, &sketch);
        self.cases.insert(name, Held { came: self.clock, sketch, case, embeddings });
    }

    /// The cases in the order in which they came.
    pub fn in_order(&self) -> Vec<NewCase> {
        let mut order: Vec<&Held> = self.cases.values().collect();
        order.sort_unstable_by_key(|held| held.came);
        order.into_iter().map(|held| held.case.clone()).collect()
    }

    /// Names of cases whose report's text says so.
    pub fn with_text(&self, says: impl Fn(&str) -> bool) -> HashSet<usize> {
        let says = |held: &Held| held.sketch.text.as_deref().is_some_and(&says);
        self.cases.iter().filter(|(_, held)| says(held)).map(|(&name, _)| name).collect()
    }

    /// The answer in which every case that passes has its place in every channel. `texts` has the score of each case that
    /// holds what the text asks for.
    pub fn answer(&self, request: &SearchRequest, texts: &HashMap<usize, f32>) -> Expected {
        let passing = self.passing(request);
        let fusion = &request.fusion;
        let image = match !request.vectors.is_empty() && fusion.image_weight > 0.0 {
            true => self.by_distance(&passing, request),
            false => Order::new(),
        };
        let lexical = match request.text.is_some() && fusion.lexical_weight > 0.0 {
            true => self.by_text(&passing, texts),
            false => Order::new(),
        };
        let mut fused: BTreeMap<usize, (f64, Shown)> = BTreeMap::new();
        let shown = |name: usize| Shown {
            name: id(name).as_str().to_owned(),
            fused: 0.0_f64.to_bits(),
            image: None,
            lexical: None,
            matched: None,
        };
        for (order, weight, is_image) in
            [(&image, fusion.image_weight, true), (&lexical, fusion.lexical_weight, false)]
        {
            for (place, &(name, score, matched)) in order.iter().enumerate() {
                let adds = f64::from(weight) / (f64::from(fusion.rrf_k) + (place + 1) as f64);
                let said = Some((score.to_bits(), Some(place + 1), adds.to_bits()));
                let (sum, case) = fused.entry(name).or_insert((0.0, shown(name)));
                *sum += adds;
                case.fused = sum.to_bits();
                if is_image {
                    (case.image, case.matched) = (said, matched);
                } else {
                    case.lexical = said;
                }
            }
        }
        let mut best: Vec<(usize, f64, Shown)> =
            fused.into_iter().map(|(name, (sum, shown))| (name, sum, shown)).collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1).then(self.came(a.0).cmp(&self.came(b.0))));
        if request.vectors.is_empty() && request.text.is_none() {
            best = self.by_date(&passing).into_iter().map(|name| (name, 0.0, shown(name))).collect();
        }
        let mut kept: Vec<PatientKey> = Vec::new();
        let firsts = best.iter().filter(|(name, ..)| {
            let Some(patient) = self.cases[name].case.case.patient.clone() else { return true };
            let first = !kept.iter().any(|other| other.may_be(&patient));
            kept.extend(first.then_some(patient));
            request.guards.several_per_patient || first
        });
        let hits = firsts.map(|(_, _, shown)| shown.clone()).collect();
        let all: Vec<Shown> = best.into_iter().map(|(_, _, shown)| shown).collect();
        let patient = |(name, held): (&usize, &Held)| {
            Some((id(*name).as_str().to_owned(), held.case.case.patient.clone()?))
        };
        let patients = self.cases.iter().filter_map(patient).collect();
        Expected { matches: passing.len(), hits, all, patients }
    }

    fn came(&self, name: usize) -> u64 {
        self.cases[&name].came
    }

    fn passing(&self, request: &SearchRequest) -> Vec<usize> {
        let guards = &request.guards;
        let before = guards.before.map(|date| format!("study_date < \"{date}\""));
        let filters: Vec<Filter> = (request.filter.iter().chain(&before))
            .map(|text| Filter::parse(text, &self.definition.fields).unwrap())
            .collect();
        let own = |held: &Held| {
            let named = guards.patient.as_ref().filter(|_| !guards.include_same_patient);
            named.zip(held.case.case.patient.as_ref()).is_some_and(|(named, own)| named.may_be(own))
        };
        let pass = |held: &Held| {
            !own(held)
                && filters.iter().all(|filter| filter.matches(&|asked| held.field(asked)) == Some(true))
        };
        self.cases.iter().filter(|(_, held)| pass(held)).map(|(&name, _)| name).collect()
    }

    /// By the nearest pair of an image and a vector of the query; of equal pairs the first counts.
    fn by_distance(&self, names: &[usize], request: &SearchRequest) -> Order {
        let space = self.definition.image_space.as_ref().unwrap();
        let (metric, admit) = (space.metric(), |values: &[f32]| space.admit("enc", values).unwrap());
        let queries: Vec<_> = request.vectors.iter().map(|vector| admit(&vector.values)).collect();
        let distance = metric.distance_fn();
        let mut order: Vec<(f32, usize, (usize, usize))> = Vec::new();
        for &name in names {
            let held = &self.cases[&name];
            let pairs = queries.iter().enumerate().flat_map(|(asked, query)| {
                let images = held.embeddings.iter().enumerate();
                images.map(move |(image, own)| {
                    (distance(query.as_slice(), own.as_slice()), name, (image, asked))
                })
            });
            order.extend(pairs.reduce(|best, pair| if pair.0 < best.0 { pair } else { best }));
        }
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(self.came(a.1).cmp(&self.came(b.1))));
        let similar = |(far, name, matched): (f32, usize, _)| (name, metric.similarity(far), Some(matched));
        order.into_iter().map(similar).collect()
    }

    fn by_text(&self, names: &[usize], texts: &HashMap<usize, f32>) -> Order {
        let mut order: Order =
            names.iter().filter_map(|name| Some((*name, *texts.get(name)?, None))).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(self.came(a.0).cmp(&self.came(b.0))));
        order
    }

    /// The latest studies first, those without a date last.
    fn by_date(&self, names: &[usize]) -> Vec<usize> {
        let date = |name: usize| {
            let date = self.cases[&name].sketch.date;
            date.map(|date| PartialDate::parse("study_date", date).unwrap())
        };
        let mut order = names.to_vec();
        order.sort_by(|&a, &b| date(b).cmp(&date(a)).then(self.came(a).cmp(&self.came(b))));
        order
    }
}

impl Held {
    /// A field, as the filter's reference evaluator asks for it.
    fn field(&self, field: &str) -> Vec<FieldValue> {
        let keyword = |text: &str| vec![FieldValue::Keyword(text.to_owned())];
        let case = &self.case.case;
        match field {
            "case_id" => keyword(case.id.as_str()),
            "patient_id" => case.patient.as_ref().map(|patient| keyword(patient.id())).unwrap_or_default(),
            other => case.fields.get(other).cloned().unwrap_or_default(),
        }
    }
}
