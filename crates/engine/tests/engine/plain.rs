//! An archive that holds its cases in a list and looks at all of them: what the archive in a directory is checked by.
//!
//! Filters are evaluated case by case, vectors compared one by one. Full text is one segment that holds the live cases alone; that
//! its scores are BM25 is held against plain sums in `lexical/src/plain.rs`.

use precedent_archive::{
    Access, Archive, ArchiveError, BestByText, CaseEntry, CasePlace, Condition, Conditions, Definition,
    Deleted, Effect, Generation, IndexError, IndexStats, LocalVectors, Loss, MergeProgress, Nearest,
    NearestCase, NearestTo, RecallReport, Refused, Replacement, SegmentPath, SegmentStats, Selection,
    SentenceTable, Stale, Stop, Stored, ValueCounts, VectorAccess, carried_over, evident, updated,
};
use precedent_lexical::{
    LexicalSegment, LexicalSnapshot, LexicalWriter, Neighbour, OwnedBytes, Spelling, TextQuery,
};
use precedent_model::{
    Case, CaseId, FieldValue, PartialDate, Projection, Reading, Thumbnail, fold_keyword, fold_patient_id,
};
use precedent_query::{LocalImage, MENTION_COLUMN, MentionKey, finding_assertion};
use precedent_report::ReportReader;
use precedent_vector::{ByteVector, Embedding};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The archive. Operations are acknowledged at once, and visible at the next commit or, where commits are not the caller's, at once.
pub struct Plain {
    access: Access,
    definition: Definition,
    reader: Arc<ReportReader>,
    state: Mutex<State>,
}

struct State {
    /// By id, with the number of the operation.
    held: HashMap<CaseId, (u64, CaseEntry)>,
    operations: u64,
    newest: Arc<Visible>,
}

/// A generation: its cases in the order in which they came.
struct Visible {
    number: u64,
    definition: Definition,
    reader: Arc<ReportReader>,
    cases: Vec<Held>,
    text: LexicalSnapshot,
    sentences: Sentences,
    /// How often cases of it were split.
    splits: AtomicUsize,
}

/// The sentences with vectors of all cases, one behind the other: equal ones are there as often as they are said.
#[derive(Default)]
struct Sentences {
    part: String,
    rows: Vec<u8>,
    steps: Vec<f32>,
    offsets: Vec<u32>,
    said: Vec<u32>,
}

impl Sentences {
    fn of(number: u64, cases: &[Held], reader: &ReportReader) -> Self {
        let mut all = Self { part: number.to_string(), offsets: vec![0], ..Self::default() };
        for held in cases {
            let sentences = &held.entry.local.sentences;
            let texts: Vec<&str> = sentences.iter().map(|(text, _)| text.as_str()).collect();
            let read = held.entry.case.report.as_ref().zip(held.reading.as_ref());
            let found = read.map_or_else(Vec::new, |(report, reading)| {
                evident(&texts, report, reading, reader.lexicon())
            });
            for ((_, vector), evident) in sentences.iter().zip(found) {
                let Some(is_certain) = evident else { continue };
                all.said.push((all.steps.len() as u32) << 1 | u32::from(is_certain));
                all.rows.extend(vector.as_row());
                all.steps.push(vector.step());
            }
            all.offsets.push(all.said.len() as u32);
        }
        all
    }
}

struct Held {
    sequence: u64,
    entry: CaseEntry,
    reading: Option<Reading>,
}

impl Plain {
    pub fn new(definition: Definition, access: Access) -> Self {
        let reader = definition.report_reader().unwrap();
        let newest = Arc::new(Visible::of(1, &definition, &reader, &HashMap::new()));
        let state = State { held: HashMap::new(), operations: 0, newest };
        Self { access, definition, reader, state: Mutex::new(state) }
    }

    /// How often cases of the newest generation were split by view.
    pub fn splits(&self) -> usize {
        self.state.lock().unwrap().newest.splits.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plain")
    }
}

impl fmt::Debug for Visible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visible({})", self.number)
    }
}

/// What is to be done with a case, and the case that is then held.
fn decide(
    held: &HashMap<CaseId, (u64, CaseEntry)>,
    definition: &Definition,
    (new, replacement): (CaseEntry, Replacement),
) -> Result<(Effect, CaseEntry), Refused> {
    let Some((_, held)) = held.get(&new.case.id) else {
        let nothing = replacement == Replacement::Update && new.case.is_bare();
        let sections = new.case.report.iter().flat_map(|report| report.sections());
        let is_said = |text: &str| sections.clone().any(|section| section.text.contains(text));
        let unknown = new.local.sentences.iter().filter(|(text, _)| !is_said(text)).count();
        return match (nothing, unknown) {
            (true, _) => Err(Refused::NothingToUpdate),
            (false, 0) => Ok((Effect::Created, new)),
            (false, unknown) => Err(Refused::NotInReport(unknown)),
        };
    };
    let put = |new: CaseEntry| {
        let effect = if new == *held { Effect::Unchanged } else { Effect::Replaced };
        Ok((effect, new))
    };
    match replacement {
        Replacement::IfAbsent => Ok((Effect::LeftAlone, held.clone())),
        Replacement::Without => put(new),
        Replacement::Whole => {
            let new = carried_over(held, new);
            match Loss::between(held, &new) {
                Some(loss) => Err(Refused::Loss(loss)),
                None => put(new),
            }
        }
        Replacement::Update => put(updated(&definition.fields, held.clone(), new)?),
    }
}

impl Archive for Plain {
    fn access(&self) -> Access {
        self.access
    }

    fn newest(&self) -> Arc<dyn Generation> {
        self.state.lock().unwrap().newest.clone()
    }

    fn refresh(&self) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn replace(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
        _bytes: usize,
    ) -> Result<Vec<Result<Stored, Refused>>, ArchiveError> {
        let mut state = self.state.lock().unwrap();
        let mut one = |case| {
            let (effect, entry) = decide(&state.held, &self.definition, case)?;
            let id = entry.case.id.clone();
            if matches!(effect, Effect::Created | Effect::Replaced) {
                state.operations += 1;
                let sequence = state.operations;
                state.held.insert(id.clone(), (sequence, entry));
            }
            Ok(Stored { effect, sequence: state.held[&id].0 })
        };
        let stored = cases.into_iter().map(&mut one).collect();
        drop(state);
        if self.access == Access::Write {
            self.commit()?;
        }
        Ok(stored)
    }

    fn rehearse(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
    ) -> Result<Vec<Result<Effect, Refused>>, ArchiveError> {
        let mut held = self.state.lock().unwrap().held.clone();
        let one = |case| {
            let (effect, entry) = decide(&held, &self.definition, case)?;
            held.insert(entry.case.id.clone(), (0, entry));
            Ok(effect)
        };
        Ok(cases.into_iter().map(one).collect())
    }

    fn delete(&self, ids: &[CaseId]) -> Result<Deleted, ArchiveError> {
        let mut state = self.state.lock().unwrap();
        let unknown = (0..ids.len()).filter(|&at| state.held.remove(&ids[at]).is_none()).collect();
        state.operations += 1;
        Ok(Deleted { sequence: state.operations, unknown })
    }

    fn commit(&self) -> Result<u64, ArchiveError> {
        let mut state = self.state.lock().unwrap();
        let number = state.newest.number + 1;
        state.newest = Arc::new(Visible::of(number, &self.definition, &self.reader, &state.held));
        Ok(number)
    }

    fn merge_all(&self, _progress: MergeProgress<'_>) -> Result<u64, ArchiveError> {
        self.commit()
    }

    fn drop_dead(&self, _progress: MergeProgress<'_>) -> Result<u64, ArchiveError> {
        self.commit()
    }

    fn merge_some(&self, _progress: MergeProgress<'_>) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn stats(&self) -> Result<IndexStats, ArchiveError> {
        unimplemented!("a list has no segments")
    }

    fn condition(&self) -> Condition {
        Condition::default()
    }

    fn note(&self, _error: &IndexError) {}

    fn scrub(&self, _pace: &dyn Fn(usize) -> bool) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn check_readable(&self) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn check_writable(&self) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn waiting(&self) -> Duration {
        Duration::ZERO
    }
}

impl Visible {
    fn of(
        number: u64,
        definition: &Definition,
        reader: &Arc<ReportReader>,
        held: &HashMap<CaseId, (u64, CaseEntry)>,
    ) -> Self {
        let read = |(sequence, entry): &(u64, CaseEntry)| Held {
            sequence: *sequence,
            entry: entry.clone(),
            reading: entry.case.report.as_ref().map(|report| reader.read(report)),
        };
        let mut cases: Vec<Held> = held.values().map(read).collect();
        cases.sort_unstable_by_key(|held| held.sequence);
        let mut writer = LexicalWriter::new().unwrap();
        for held in &cases {
            writer.add(held.entry.case.report.as_ref().zip(held.reading.as_ref())).unwrap();
        }
        let segment = LexicalSegment::open(Arc::new(OwnedBytes::new(writer.finish().unwrap()))).unwrap();
        let text = LexicalSnapshot::new([(Arc::new(segment), &[][..])]).unwrap();
        let sentences = Sentences::of(number, &cases, reader);
        Self {
            number,
            sentences,
            definition: definition.clone(),
            reader: reader.clone(),
            cases,
            text,
            splits: AtomicUsize::new(0),
        }
    }

    fn held(&self, place: CasePlace) -> &Held {
        &self.cases[place.ordinal as usize]
    }

    fn distance_of(&self, query: &Embedding, ordinal: usize) -> Option<NearestCase> {
        let distance = self.definition.image_space.as_ref()?.metric().distance_fn();
        let held = &self.cases[ordinal];
        let near = held.entry.embeddings.iter().map(|(image, own)| NearestCase {
            ordinal: ordinal as u32,
            distance: distance(query.as_slice(), own.as_slice()),
            image: *image as u32,
            sequence: held.sequence,
        });
        near.reduce(|best, next| if next.distance < best.distance { next } else { best })
    }

    fn is_of_others(&self, ordinal: usize, projection: Projection) -> bool {
        let views = self.cases[ordinal].entry.case.fields.get("view").into_iter().flatten();
        let known: Vec<Projection> = views
            .filter_map(|view| match view {
                FieldValue::Keyword(view) => Projection::of_view(view),
                _ => None,
            })
            .collect();
        !known.is_empty() && !known.contains(&projection)
    }
}

impl Held {
    /// A field, as the meaning of a filter asks for it.
    fn field(&self, field: &str, definition: &Definition) -> Vec<FieldValue> {
        let keyword = |text: &str| FieldValue::Keyword(text.to_owned());
        let case = &self.entry.case;
        if let Some(assertion) = finding_assertion(field, &definition.fields) {
            let Some(reading) = &self.reading else { return Vec::new() };
            let found = reading.findings();
            let under = found.iter().filter(|(_, said)| *said == assertion).map(|(id, _)| keyword(id));
            return under.chain([keyword("")]).collect();
        }
        match field {
            "case_id" => vec![keyword(case.id.as_str())],
            "patient_id" => case.patient.iter().map(|patient| keyword(patient.id())).collect(),
            MENTION_COLUMN => self
                .reading
                .iter()
                .flat_map(|reading| {
                    let mentions = reading.standing_mentions().map(MentionKey::text_of);
                    mentions.map(|text| keyword(&text)).chain([keyword("")]).collect::<Vec<_>>()
                })
                .collect(),
            other => case.fields.get(other).cloned().unwrap_or_default(),
        }
    }

    fn date(&self, field: &str) -> Option<PartialDate> {
        let dates = self.entry.case.fields.get(field).into_iter().flatten();
        dates
            .filter_map(|value| match value {
                FieldValue::Date(date) => Some(*date),
                _ => None,
            })
            .max()
    }
}

impl Generation for Visible {
    fn generation(&self) -> u64 {
        self.number
    }

    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn cases(&self) -> usize {
        self.cases.len()
    }

    fn reader(&self) -> &Arc<ReportReader> {
        &self.reader
    }

    fn stale(&self) -> Stale {
        Stale::default()
    }

    fn parts(&self) -> Vec<SegmentStats> {
        Vec::new()
    }

    fn cases_with(&self, access: VectorAccess) -> usize {
        if access == VectorAccess::Compared { self.cases.len() } else { 0 }
    }

    fn select<'a>(
        &'a self,
        conditions: &Conditions<'_>,
        _stop: Stop<'_>,
    ) -> Result<Box<dyn Selection + 'a>, IndexError> {
        let passes = |ordinal: &usize| {
            let held = &self.cases[*ordinal];
            let patient = held.entry.case.patient.as_ref();
            let may_be = |named| patient.is_some_and(|own| own.may_be(named));
            let is_true = |filter: &&precedent_query::Filter| {
                filter.matches(&|field| held.field(field, &self.definition)) == Some(true)
            };
            conditions.filters.iter().all(is_true)
                && conditions.patient.is_none_or(may_be)
                && !conditions.not_patients.iter().any(|named| may_be(named))
                && !conditions.without.iter().any(|place| place.ordinal as usize == *ordinal)
        };
        Ok(Box::new(Subset { visible: self, ordinals: (0..self.cases.len()).filter(passes).collect() }))
    }

    fn find(&self, id: &CaseId) -> Result<Option<CasePlace>, IndexError> {
        let found = self.cases.iter().position(|held| held.entry.case.id == *id);
        Ok(found.map(|ordinal| CasePlace { segment: 0, ordinal: ordinal as u32 }))
    }

    fn prefetch(&self, _places: &[CasePlace]) {}

    fn case(&self, place: CasePlace) -> Result<Case, IndexError> {
        Ok(self.held(place).entry.case.clone())
    }

    fn case_without_report(&self, place: CasePlace) -> Result<Case, IndexError> {
        Ok(Case { report: None, ..self.held(place).entry.case.clone() })
    }

    fn case_id(&self, place: CasePlace) -> Result<CaseId, IndexError> {
        Ok(self.held(place).entry.case.id.clone())
    }

    fn entry(&self, place: CasePlace) -> Result<CaseEntry, IndexError> {
        Ok(self.held(place).entry.clone())
    }

    fn local(&self, place: CasePlace) -> Result<LocalVectors, IndexError> {
        Ok(self.held(place).entry.local.clone())
    }

    fn local_images(&self, place: CasePlace) -> Result<Vec<(usize, LocalImage)>, IndexError> {
        Ok(self.held(place).entry.local.images.clone())
    }

    fn sentence_vectors(
        &self,
        place: CasePlace,
        sentences: &[&str],
    ) -> Result<Vec<Option<ByteVector>>, IndexError> {
        let known = &self.held(place).entry.local.sentences;
        let of =
            |text: &&str| known.iter().find(|(known, _)| known == text).map(|(_, vector)| vector.clone());
        Ok(sentences.iter().map(of).collect())
    }

    fn sentence_tables(&self) -> Result<Vec<Option<SentenceTable<'_>>>, IndexError> {
        let Sentences { part, rows, steps, offsets, said } = &self.sentences;
        Ok(vec![(!said.is_empty()).then_some(SentenceTable { part, rows, steps, offsets, said })])
    }

    fn thumbnail(&self, place: CasePlace, image: usize) -> Result<Option<Thumbnail>, IndexError> {
        let known = self.held(place).entry.thumbnails.iter().find(|(of, _)| *of == image);
        Ok(known.map(|(_, thumbnail)| thumbnail.clone()))
    }

    fn sequence(&self, place: CasePlace) -> Result<u64, IndexError> {
        Ok(self.held(place).sequence)
    }

    fn patient_number(&self, place: CasePlace) -> Result<Option<u64>, IndexError> {
        let folded = |place: CasePlace| {
            let patient = self.held(place).entry.case.patient.as_ref();
            patient.map(|patient| fold_patient_id(patient.id()))
        };
        let Some(own) = folded(place) else { return Ok(None) };
        let first = (0..).find(|&ordinal| folded(CasePlace { segment: 0, ordinal }) == Some(own.clone()));
        Ok(first.map(u64::from))
    }

    fn same_patient(&self, one: CasePlace, other: CasePlace) -> Result<bool, IndexError> {
        let patient = |place| self.held(place).entry.case.patient.as_ref();
        Ok(patient(one).zip(patient(other)).is_some_and(|(one, other)| one.may_be(other)))
    }

    fn distance(&self, query: &Embedding, place: CasePlace) -> Result<Option<NearestCase>, IndexError> {
        Ok(self.distance_of(query, place.ordinal as usize))
    }

    fn confirm_vectors(&self, _place: CasePlace) -> Result<(), IndexError> {
        Ok(())
    }

    fn has_other_projections(&self, projection: Projection) -> Result<bool, IndexError> {
        Ok((0..self.cases.len()).any(|ordinal| self.is_of_others(ordinal, projection)))
    }

    fn is_of_other_projections(&self, place: CasePlace, projection: Projection) -> Result<bool, IndexError> {
        Ok(self.is_of_others(place.ordinal as usize, projection))
    }

    fn text_scores(&self, text: &TextQuery, places: &[CasePlace]) -> Result<Vec<Option<f32>>, IndexError> {
        let ordinals: Vec<u32> = places.iter().map(|place| place.ordinal).collect();
        Ok(self.text.score(text, 0, &ordinals)?)
    }

    fn has_words(&self) -> bool {
        self.text.document_count() > 0
    }

    fn knows_word(&self, word: &str) -> Result<bool, IndexError> {
        Ok(self.text.knows(word)?)
    }

    fn words_like(&self, spelling: &Spelling) -> Result<Vec<Neighbour>, IndexError> {
        Ok(self.text.neighbours(spelling)?)
    }

    fn check_recall(
        &self,
        _sample: usize,
        _progress: &dyn Fn(usize, usize),
        _stop: Stop<'_>,
    ) -> Result<RecallReport, IndexError> {
        unimplemented!("a list finds everything")
    }
}

/// Some of the cases.
struct Subset<'a> {
    visible: &'a Visible,
    ordinals: Vec<usize>,
}

impl Subset<'_> {
    fn place(&self, ordinal: usize) -> CasePlace {
        CasePlace { segment: 0, ordinal: ordinal as u32 }
    }

    /// Every one that holds what a text asks for, best first.
    fn by_text(&self, text: &TextQuery) -> Result<Vec<(CasePlace, f32)>, IndexError> {
        let places: Vec<CasePlace> = self.places().collect();
        let scores = self.visible.text_scores(text, &places)?;
        let mut found: Vec<(CasePlace, f32)> =
            places.into_iter().zip(scores).filter_map(|(place, score)| Some((place, score?))).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(found)
    }
}

impl Selection for Subset<'_> {
    fn count(&self) -> usize {
        self.ordinals.len()
    }

    fn count_embedded(&self) -> Result<usize, IndexError> {
        let embedded = |ordinal: &&usize| !self.visible.cases[**ordinal].entry.embeddings.is_empty();
        Ok(self.ordinals.iter().filter(embedded).count())
    }

    fn places(&self) -> Box<dyn Iterator<Item = CasePlace> + '_> {
        Box::new(self.ordinals.iter().map(|&ordinal| self.place(ordinal)))
    }

    fn split(&self, projection: Projection) -> Result<[Box<dyn Selection + '_>; 2], IndexError> {
        self.visible.splits.fetch_add(1, Ordering::Relaxed);
        let is_other = |ordinal: &usize| self.visible.is_of_others(*ordinal, projection);
        let (others, like): (Vec<usize>, Vec<usize>) = self.ordinals.iter().partition(|at| is_other(at));
        let of =
            |ordinals| -> Box<dyn Selection + '_> { Box::new(Subset { visible: self.visible, ordinals }) };
        Ok([of(like), of(others)])
    }

    fn nearest(&self, to: &NearestTo<'_>, _stop: Stop<'_>) -> Result<Nearest, IndexError> {
        let near =
            |&ordinal: &usize| Some((self.place(ordinal), self.visible.distance_of(to.query, ordinal)?));
        let mut cases: Vec<(CasePlace, NearestCase)> = self.ordinals.iter().filter_map(near).collect();
        let visited = cases.len();
        cases.sort_by(|a, b| a.1.order(&b.1));
        cases.truncate(to.k);
        Ok(Nearest { cases, visited, path: SegmentPath::Compared, recall: Some(1.0) })
    }

    fn best_by_text(&self, text: &TextQuery, k: usize, _stop: Stop<'_>) -> Result<BestByText, IndexError> {
        let mut cases = self.by_text(text)?;
        let scored = cases.len();
        cases.truncate(k);
        Ok(BestByText { cases, scored })
    }

    fn each_by_text(
        &self,
        text: &TextQuery,
        least: f32,
        show: &mut dyn FnMut(CasePlace, f32),
        _stop: Stop<'_>,
    ) -> Result<(), IndexError> {
        for (place, score) in self.by_text(text)?.into_iter().filter(|(_, score)| *score >= least) {
            show(place, score);
        }
        Ok(())
    }

    fn latest_first(
        &self,
        field: &str,
    ) -> Result<Box<dyn Iterator<Item = Result<CasePlace, IndexError>> + '_>, IndexError> {
        let mut order = self.ordinals.clone();
        let date = |ordinal: usize| self.visible.cases[ordinal].date(field);
        order.sort_by(|&a, &b| date(b).cmp(&date(a)).then(a.cmp(&b)));
        Ok(Box::new(order.into_iter().map(|ordinal| Ok(self.place(ordinal)))))
    }

    fn count_values(&self, field: &str, most: usize, _stop: Stop<'_>) -> Result<ValueCounts, IndexError> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut missing = 0;
        for &ordinal in &self.ordinals {
            let values = self.visible.cases[ordinal].field(field, &self.visible.definition);
            let shown = values.iter().map(|value| match value {
                FieldValue::Keyword(text) => fold_keyword(text),
                FieldValue::Integer(number) => number.to_string(),
                FieldValue::Number(number) => number.to_string(),
                FieldValue::Date(date) => date.to_string(),
            });
            let mut shown: Vec<String> = shown.filter(|text| !text.is_empty()).collect();
            shown.sort_unstable();
            shown.dedup();
            missing += usize::from(shown.is_empty());
            shown.into_iter().for_each(|value| *counts.entry(value).or_default() += 1);
        }
        let mut values: Vec<(String, usize)> = counts.into_iter().collect();
        values.sort_by_key(|(_, cases)| std::cmp::Reverse(*cases));
        let more_values = values.len().saturating_sub(most);
        values.truncate(most);
        Ok(ValueCounts { values, more_values, missing })
    }
}
