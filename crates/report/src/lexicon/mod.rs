//! Findings, cues, headings and words, compiled for reading.

mod groups;
mod hierarchy;
mod pattern;
mod phrases;
mod spelling;

pub use groups::Groups;
pub(crate) use phrases::{Found, Phrases};

use crate::language::Languages;
use crate::lexicon_file::{CueEntry, FindingEntry, GroupEntry, LexiconError, LexiconFile, WordsEntry};
use crate::section::Headings;
use crate::sentence::Abbreviations;
use crate::token::{NUMBER, Token, UNKNOWN, Vocabulary, WordId, tokenize};
use hierarchy::Hierarchy;
use precedent_model::{Assertion, FindingId, Laterality, fold_keyword};
use std::sync::{Arc, LazyLock};
use xxhash_rust::xxh3::xxh3_64;

/// Goes up with every change of the rules in code, so that the fingerprint does, too.
const RULES_VERSION: u32 = 3;

/// The bundled files.
const FINDINGS: &str = include_str!("../../../../index/lexicon/findings.toml");
const DEVICES: &str = include_str!("../../../../index/lexicon/devices.toml");
const CUES: &str = include_str!("../../../../index/lexicon/cues.toml");
const HEADINGS: &str = include_str!("../../../../index/lexicon/headings.toml");
const WORDS: &str = include_str!("../../../../index/lexicon/words.toml");
const ABBREVIATIONS: &str = include_str!("../../../../index/lexicon/abbreviations.toml");
const LANGUAGES: &str = include_str!("../../../../index/lexicon/languages.toml");

/// Of which words a cue speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Direction {
    pub after: bool,
    pub before: bool,
    /// Of the words before it, or of those after it where they are what it describes: "suspected".
    pub either: bool,
}

/// A set of assertions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Assertions(u8);

impl Assertions {
    pub const ALL: Self = Self((1 << Assertion::ALL.len()) - 1);

    fn of(assertions: &[Assertion]) -> Self {
        Self(assertions.iter().fold(0, |set, &assertion| set | 1 << assertion as u8))
    }

    pub fn has(self, assertion: Assertion) -> bool {
        self.0 >> assertion as u8 & 1 == 1
    }
}

/// What a cue does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cue {
    /// It asserts something of the words in its scope, at most `reach` of them.
    Says { assertion: Assertion, of: Direction, reach: usize },
    /// It ends the scopes of other cues that assert one of `ends`, in the directions given.
    Stop { of: Direction, ends: Assertions },
    /// It answers a label: "Pneumothorax: none".
    Answer(Assertion),
    /// It only looks like a cue.
    Nothing,
}

impl Cue {
    /// Whether a phrase denies what follows it.
    pub fn is_denial_after(meaning: &Meaning) -> bool {
        matches!(meaning, Meaning::Cue(Self::Says { assertion: Assertion::Absent, of, .. }) if of.after)
    }

    /// Ends every scope.
    pub const STOP: Self =
        Self::Stop { of: Direction { after: true, before: true, either: false }, ends: Assertions::ALL };
}

/// What a phrase stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Meaning {
    /// A finding by its place in the table; `denied` when the phrase itself says that it is not there.
    Finding {
        index: usize,
        denied: bool,
    },
    /// Looks like a finding and is none.
    Except,
    /// What is normal where the finding of that place in the table is not there.
    Subject(usize),
    Cue(Cue),
    Side(Laterality),
    /// Holds a word for a side and says none.
    Sideless,
    /// On both sides, and larger on this one.
    Larger(Laterality),
    /// A part of the body outside the chest.
    Elsewhere,
    /// Makes a name of the finding before it.
    Name,
    Place(Arc<str>),
    Severity(Arc<str>),
    Time(Arc<str>),
    Comparison,
    Normal,
    /// It takes back what the report said before, by what follows it or, if `whole`, by its whole sentence. One of
    /// `addendum` does so in an addendum alone.
    Correction {
        whole: bool,
        addendum: bool,
    },
}

/// Findings, cues, headings and words, compiled for reading.
pub struct Lexicon {
    findings: Vec<FindingEntry>,
    ids: Vec<FindingId>,
    hierarchy: Hierarchy,
    /// By place in the table: the findings that one leaves behind.
    traces: Vec<Vec<usize>>,
    /// By place in the table: the findings that others would call it.
    alike: Vec<Vec<usize>>,
    /// By place in the table: a device, or a kind of one.
    devices: Vec<bool>,
    places: Groups,
    severities: Groups,
    times: Groups,
    shared: Vec<WordId>,
    vocabulary: Vocabulary,
    phrases: Phrases,
    meanings: Vec<Meaning>,
    headings: Headings,
    abbreviations: Abbreviations,
    languages: Languages,
    fingerprint: String,
}

impl Lexicon {
    /// The bundled lexicon for chest radiographs.
    ///
    /// # Panics
    /// Never in a released build: a test compiles the bundled files.
    pub fn bundled() -> Arc<Self> {
        static BUNDLED: LazyLock<Arc<Lexicon>> = LazyLock::new(|| {
            let compiled = bundled_file().and_then(Lexicon::compile);
            // A file that is part of the program and was compiled by a test; without it nothing can be read.
            #[allow(clippy::expect_used, reason = "the bundled files are part of the program")]
            Arc::new(compiled.expect("the bundled lexicon"))
        });
        Arc::clone(&BUNDLED)
    }

    /// The bundled lexicon with a site's own file added: a finding of a known id gains phrases, everything else is new.
    ///
    /// # Errors
    /// An entry that cannot be; the message names it.
    pub fn with_site(site: &LexiconFile) -> Result<Self, LexiconError> {
        let mut file = bundled_file()?;
        file.add(site.clone());
        Self::compile(file)
    }

    fn compile(mut file: LexiconFile) -> Result<Self, LexiconError> {
        file.findings.sort_by(|a, b| a.id.cmp(&b.id));
        let text = toml::to_string(&file).map_err(|error| LexiconError::Syntax(error.to_string()))?;
        let fingerprint = format!("{:016x}", xxh3_64(format!("{RULES_VERSION}\n{text}").as_bytes()));
        let mut compiler = Compiler::default();
        compiler.words(&file.words)?;
        let places = compiler.groups("place", &file.places, Meaning::Place)?;
        let severities = compiler.groups("severity", &file.severities, Meaning::Severity)?;
        let times = compiler.groups("time", &file.times, Meaning::Time)?;
        compiler.cues(&file.cues)?;
        compiler.findings(&file.findings)?;
        let hierarchy = Hierarchy::of(&file.findings)?;
        let traces = named(&file.findings, "trace", |finding| &finding.traces)?;
        let alike = named(&file.findings, "like", |finding| &finding.alike)?;
        let devices = devices(&file.findings, &hierarchy);
        let Compiler { mut vocabulary, mut phrases, meanings, .. } = compiler;
        let shared = file.words.shared.iter().map(|word| vocabulary.add(word)).collect();
        let breaks: Vec<WordId> = file.words.breaks.iter().map(|word| vocabulary.add(word)).collect();
        phrases.finish(vocabulary.len(), |word| breaks.contains(&word));
        Ok(Self {
            ids: file.findings.iter().map(|finding| finding.id.as_str().into()).collect(),
            hierarchy,
            traces,
            alike,
            devices,
            places,
            severities,
            times,
            shared,
            vocabulary,
            phrases,
            meanings,
            headings: Headings::new(&file.headings)?,
            abbreviations: Abbreviations::new(&file.words.abbreviations)?,
            languages: Languages::new(&file.languages),
            findings: file.findings,
            fingerprint,
        })
    }

    /// Which rules and which lexicon: 16 hexadecimal digits, another one whenever a report may be read otherwise.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Every finding, ascending by id.
    pub fn findings(&self) -> impl Iterator<Item = &FindingEntry> {
        self.findings.iter()
    }

    /// Every word of its phrases, in the form of [`precedent_model::fold_word`] and in no order; regular plurals count.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.vocabulary.words()
    }

    /// Whether a word, in that form, stands in a phrase or in the name of a finding.
    pub fn knows(&self, word: &str) -> bool {
        let in_name = |finding: &FindingEntry| {
            fold_keyword(&finding.name).split(|c: char| !c.is_alphanumeric()).any(|part| part == word)
        };
        self.vocabulary.get(word) != UNKNOWN || self.findings.iter().any(in_name)
    }

    /// The finding of that id, name or phrase, without regard to case and plural.
    pub fn find(&self, name: &str) -> Option<FindingId> {
        let folded = fold_keyword(name);
        let named = |finding: &FindingEntry| finding.id == folded || fold_keyword(&finding.name) == folded;
        if let Some(place) = self.findings.iter().position(named) {
            return Some(self.ids[place].clone());
        }
        let whole = self.meanings_of_whole(name).filter_map(|(words, meaning)| match meaning {
            Meaning::Finding { index, denied: false } => Some((words, *index)),
            _ => None,
        });
        whole
            .max_by_key(|&(words, index)| (words, std::cmp::Reverse(index)))
            .map(|(_, index)| self.ids[index].clone())
    }

    /// The finding of that id.
    pub fn finding(&self, id: &str) -> Option<&FindingEntry> {
        self.place(id).map(|place| &self.findings[place])
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.findings.binary_search_by(|finding| finding.id.as_str().cmp(id)).ok()
    }

    /// The finding and every finding that is a kind of it, ascending by id. Empty for an unknown id.
    pub fn narrower(&self, id: &str) -> Vec<FindingId> {
        let places = self.place(id).map(|place| self.hierarchy.narrower(place)).unwrap_or_default();
        places.iter().map(|&place| self.ids[place].clone()).collect()
    }

    /// The finding and every finding that it is a kind of, ascending by id. Empty for an unknown id. Who says that there
    /// is no opacity says that there is no consolidation: what is denied is denied of the kinds.
    pub fn broader(&self, id: &str) -> Vec<FindingId> {
        let places = self.place(id).map(|place| self.hierarchy.broader(place)).unwrap_or_default();
        places.iter().map(|&place| self.ids[place].clone()).collect()
    }

    /// The findings that one leaves behind, as a bypass leaves sternotomy wires, ascending by id. Empty for an unknown id.
    pub fn traces(&self, id: &str) -> Vec<FindingId> {
        let places = self.place(id).map(|place| self.traces[place].as_slice()).unwrap_or_default();
        places.iter().map(|&place| self.ids[place].clone()).collect()
    }

    /// The findings that others would call it, as an infiltrate is a consolidation to many, ascending by id. Empty for an
    /// unknown id.
    pub fn alike(&self, id: &str) -> Vec<FindingId> {
        let places = self.place(id).map(|place| self.alike[place].as_slice()).unwrap_or_default();
        places.iter().map(|&place| self.ids[place].clone()).collect()
    }

    /// The places.
    pub fn places(&self) -> &Groups {
        &self.places
    }

    /// The grades of severity.
    pub fn severities(&self) -> &Groups {
        &self.severities
    }

    /// The times and changes.
    pub fn times(&self) -> &Groups {
        &self.times
    }

    /// The place of that id or phrase, without regard to case.
    pub fn find_place(&self, name: &str) -> Option<Arc<str>> {
        self.find_group(&self.places, name, |meaning| match meaning {
            Meaning::Place(id) => Some(id),
            _ => None,
        })
    }

    /// The grade of severity of that id or phrase, without regard to case.
    pub fn find_severity(&self, name: &str) -> Option<Arc<str>> {
        self.find_group(&self.severities, name, |meaning| match meaning {
            Meaning::Severity(id) => Some(id),
            _ => None,
        })
    }

    /// The time or change of that id or phrase, without regard to case.
    pub fn find_time(&self, name: &str) -> Option<Arc<str>> {
        self.find_group(&self.times, name, |meaning| match meaning {
            Meaning::Time(id) => Some(id),
            _ => None,
        })
    }

    fn find_group(
        &self,
        groups: &Groups,
        name: &str,
        of_kind: fn(&Meaning) -> Option<&Arc<str>>,
    ) -> Option<Arc<str>> {
        let folded = name.trim().to_lowercase();
        let by_id = groups.ids().find(|id| ***id == *folded).cloned();
        by_id.or_else(|| self.meanings_of_whole(name).find_map(|(_, meaning)| of_kind(meaning).cloned()))
    }

    /// What a text as a whole stands for, each time with the number of its words.
    fn meanings_of_whole(&self, text: &str) -> impl Iterator<Item = (u32, &Meaning)> {
        let tokens = self.tokens(text, 0..text.len());
        let found = self.find_phrases(text, &tokens);
        let whole = move |found: &Found| found.first == 0 && found.last as usize + 1 == tokens.len();
        found.into_iter().filter(whole).map(|found| (found.words(), self.meaning(found)))
    }

    /// Whether two findings may share the word.
    pub(crate) fn is_shared(&self, word: WordId) -> bool {
        self.shared.contains(&word)
    }

    pub(crate) fn id(&self, index: usize) -> &FindingId {
        &self.ids[index]
    }

    pub(crate) fn entry(&self, index: usize) -> &FindingEntry {
        &self.findings[index]
    }

    /// Whether the finding is a device or a kind of one.
    pub(crate) fn is_device(&self, index: usize) -> bool {
        self.devices[index]
    }

    /// Whether the finding is a kind of the other one, or the same.
    pub(crate) fn is_kind(&self, index: usize, of: usize) -> bool {
        self.hierarchy.narrower(of).contains(&index)
    }

    pub(crate) fn headings(&self) -> &Headings {
        &self.headings
    }

    pub(crate) fn abbreviations(&self) -> &Abbreviations {
        &self.abbreviations
    }

    pub(crate) fn languages(&self) -> &Languages {
        &self.languages
    }

    pub(crate) fn meaning(&self, found: Found) -> &Meaning {
        &self.meanings[found.meaning as usize]
    }

    pub(crate) fn tokens(&self, text: &str, range: std::ops::Range<usize>) -> Vec<Token> {
        let mut tokens = Vec::with_capacity(range.len() / 5 + 1);
        tokenize(text, range, &self.vocabulary, &mut tokens);
        tokens
    }

    /// Every phrase in the tokens of `text`, ascending by first token.
    pub(crate) fn find_phrases(&self, text: &str, tokens: &[Token]) -> Vec<Found> {
        let mut found = Vec::new();
        self.phrases.find(tokens, &|token| is_mark(text, *token) && &text[token.range()] != ":", &mut found);
        found
    }
}

impl std::fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lexicon({}, {} findings)", self.fingerprint, self.findings.len())
    }
}

/// Whether a token is a mark, neither word nor number.
pub(crate) fn is_mark(text: &str, token: Token) -> bool {
    token.word != NUMBER && !text[token.range()].starts_with(char::is_alphanumeric)
}

fn bundled_file() -> Result<LexiconFile, LexiconError> {
    let mut file = LexiconFile::default();
    for text in [FINDINGS, DEVICES, CUES, HEADINGS, WORDS, ABBREVIATIONS, LANGUAGES] {
        file.add(LexiconFile::from_toml(text)?);
    }
    Ok(file)
}

fn check_id(entry: &str, id: &str) -> Result<(), LexiconError> {
    let spelt = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !id.is_empty() && id.bytes().all(spelt) {
        return Ok(());
    }
    let problem = "the id is of lower-case letters, digits and hyphens".to_owned();
    Err(LexiconError::Entry { entry: entry.to_owned(), problem })
}

/// The finding under which every device stands.
const DEVICE: &str = "support-device";

fn devices(findings: &[FindingEntry], hierarchy: &Hierarchy) -> Vec<bool> {
    let mut devices = vec![false; findings.len()];
    if let Ok(root) = findings.binary_search_by(|finding| finding.id.as_str().cmp(DEVICE)) {
        hierarchy.narrower(root).iter().for_each(|&place| devices[place] = true);
    }
    devices
}

/// By place in the table: the places of the findings that each names under `what`.
fn named(
    findings: &[FindingEntry],
    what: &str,
    of: fn(&FindingEntry) -> &Vec<String>,
) -> Result<Vec<Vec<usize>>, LexiconError> {
    let place = |finding: &FindingEntry, named: &String| {
        findings.binary_search_by(|other| other.id.cmp(named)).map_err(|_| LexiconError::Entry {
            entry: format!("finding {}", finding.id),
            problem: format!("its {what} `{named}` is no finding; give the id of one"),
        })
    };
    (findings.iter())
        .map(|finding| {
            let mut places =
                of(finding).iter().map(|named| place(finding, named)).collect::<Result<Vec<_>, _>>()?;
            places.sort_unstable();
            places.dedup();
            Ok(places)
        })
        .collect()
}

struct Compiler {
    vocabulary: Vocabulary,
    phrases: Phrases,
    meanings: Vec<Meaning>,
}

impl Default for Compiler {
    fn default() -> Self {
        Self { vocabulary: Vocabulary::new(), phrases: Phrases::new(), meanings: Vec::new() }
    }
}

impl Compiler {
    fn add(&mut self, entry: &str, meaning: Meaning, patterns: &[String]) -> Result<(), LexiconError> {
        let id = self.meanings.len() as u32;
        self.meanings.push(meaning);
        for pattern in patterns {
            let refused = |problem: String| LexiconError::Entry {
                entry: entry.to_owned(),
                problem: format!("the phrase `{pattern}` {problem}"),
            };
            for form in pattern::forms(pattern, &mut self.vocabulary).map_err(refused)? {
                self.phrases.insert(&form, id);
            }
        }
        Ok(())
    }

    fn words(&mut self, words: &WordsEntry) -> Result<(), LexiconError> {
        self.add("words.left", Meaning::Side(Laterality::Left), &words.left)?;
        self.add("words.right", Meaning::Side(Laterality::Right), &words.right)?;
        self.add("words.bilateral", Meaning::Side(Laterality::Bilateral), &words.bilateral)?;
        self.add("words.sideless", Meaning::Sideless, &words.sideless)?;
        self.add("words.larger_left", Meaning::Larger(Laterality::Left), &words.larger_left)?;
        self.add("words.larger_right", Meaning::Larger(Laterality::Right), &words.larger_right)?;
        self.add("words.elsewhere", Meaning::Elsewhere, &words.elsewhere)?;
        self.add("words.names", Meaning::Name, &words.names)?;
        self.add("words.comparisons", Meaning::Comparison, &words.comparisons)?;
        self.add("words.normal", Meaning::Normal, &words.normal)?;
        Ok(())
    }

    fn groups(
        &mut self,
        kind: &str,
        entries: &[GroupEntry],
        meaning: fn(Arc<str>) -> Meaning,
    ) -> Result<Groups, LexiconError> {
        for group in entries {
            let entry = format!("{kind} {}", group.id);
            check_id(&entry, &group.id)?;
            self.add(&entry, meaning(group.id.as_str().into()), &group.phrases)?;
        }
        Groups::of(kind, entries)
    }

    fn cues(&mut self, cues: &[CueEntry]) -> Result<(), LexiconError> {
        for (place, cue) in cues.iter().enumerate() {
            let entry = format!("cue {} ({})", place + 1, cue.says);
            let refused =
                |problem: &str| LexiconError::Entry { entry: entry.clone(), problem: problem.to_owned() };
            let of = Direction { after: true, before: true, either: false };
            let of = match cue.of.as_str() {
                "after" => Direction { before: false, ..of },
                "before" => Direction { after: false, ..of },
                "either" => Direction { either: true, ..of },
                "both" | "label" => of,
                "addendum" if cue.says == "correction" => of,
                "" if matches!(cue.says.as_str(), "none" | "stop" | "correction") => of,
                _ => return Err(refused("`of` is `after`, `before`, `both`, `either` or `label`")),
            };
            let ends = (cue.ends.iter())
                .map(|name| Assertion::from_name(name).ok_or_else(|| refused("`ends` lists assertions")))
                .collect::<Result<Vec<_>, _>>()?;
            let ends = Assertions::of(if ends.is_empty() { &Assertion::ALL } else { &ends });
            let reach = if cue.reach == 0 { usize::MAX } else { cue.reach };
            let meaning = match (cue.says.as_str(), Assertion::from_name(&cue.says)) {
                ("correction", _) => {
                    let addendum = cue.of == "addendum";
                    let whole = addendum || cue.of == "both";
                    self.add(&entry, Meaning::Correction { whole, addendum }, &cue.phrases)?;
                    continue;
                }
                (_, Some(assertion)) if cue.of == "label" => Cue::Answer(assertion),
                (_, Some(assertion)) => Cue::Says { assertion, of, reach },
                ("stop", _) => Cue::Stop { of, ends },
                ("none", _) => Cue::Nothing,
                _ => return Err(refused("`says` is an assertion, `stop`, `none` or `correction`")),
            };
            self.add(&entry, Meaning::Cue(meaning), &cue.phrases)?;
        }
        Ok(())
    }

    fn findings(&mut self, findings: &[FindingEntry]) -> Result<(), LexiconError> {
        for (index, finding) in findings.iter().enumerate() {
            let entry = format!("finding {}", finding.id);
            check_id(&entry, &finding.id)?;
            if finding.name.is_empty() {
                return Err(LexiconError::Entry { entry, problem: "has no name; give one".to_owned() });
            }
            self.add(&entry, Meaning::Finding { index, denied: false }, &finding.phrases)?;
            self.add(&entry, Meaning::Finding { index, denied: true }, &finding.absent)?;
            self.add(&entry, Meaning::Except, &finding.except)?;
            self.add(&entry, Meaning::Subject(index), &finding.subjects)?;
        }
        Ok(())
    }
}
