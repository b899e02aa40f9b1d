//! A lexicon as it is written: TOML, data and no code (`index/lexicon/README.md`).

use serde::{Deserialize, Serialize};

/// Why a lexicon is refused.
#[derive(Debug, thiserror::Error)]
pub enum LexiconError {
    /// Not TOML, or of another shape.
    #[error("the lexicon cannot be read: {0}")]
    Syntax(String),
    /// Well-formed, but an entry cannot be.
    #[error("lexicon entry {entry}: {problem}")]
    Entry {
        /// Which entry.
        entry: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// A lexicon file. The bundled ones and a site's own have the same form; any part may be left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LexiconFile {
    /// Findings.
    #[serde(rename = "finding", skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingEntry>,
    /// Words that assert.
    #[serde(rename = "cue", skip_serializing_if = "Vec::is_empty")]
    pub cues: Vec<CueEntry>,
    /// Section headings.
    #[serde(rename = "heading", skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<HeadingEntry>,
    /// Parts of the body.
    #[serde(rename = "place", skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<GroupEntry>,
    /// Grades of severity.
    #[serde(rename = "severity", skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<GroupEntry>,
    /// Since when something is there, and how it changed.
    #[serde(rename = "time", skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<GroupEntry>,
    /// Languages by their words.
    #[serde(rename = "language", skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<LanguageEntry>,
    /// Other words by use.
    #[serde(skip_serializing_if = "WordsEntry::is_empty")]
    pub words: WordsEntry,
}

/// A finding with the phrases that say it. An entry of a site's file with the id of a bundled finding adds its phrases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingEntry {
    /// Stable: lower-case letters, digits and hyphens, such as `pleural-effusion`.
    pub id: String,
    /// As a radiologist would call it.
    #[serde(default)]
    pub name: String,
    /// RadLex id, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radlex: Option<String>,
    /// Ids of the findings that this one is a kind of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// It says that nothing is wrong: a search for any finding leaves it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub normal: bool,
    /// It has no side: the size of the heart, a curved spine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub midline: bool,
    /// It may be anywhere in the body, so that "of the knee" does not make it something else: a fracture.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anywhere: bool,
    /// Who once had it has it: "status post mastectomy" says that it is present.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lasting: bool,
    /// Ids of the findings that it leaves behind: a bypass leaves sternotomy wires.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<String>,
    /// Ids of findings that others would call it: an infiltrate is a consolidation to many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alike: Vec<String>,
    /// What the finding is called: phrase patterns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phrases: Vec<String>,
    /// What is normal where the finding is not there, so that "heart and mediastinum are normal" denies it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Phrases that name the finding but say that it is not there: "heart size normal".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    /// Phrases that hold a phrase above and mean something else: "mass effect".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// Phrases that mean the same place, severity or time. An entry of a site's file with the id of a bundled one adds to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupEntry {
    /// Stable: lower-case letters, digits and hyphens, such as `lower` or `increased`.
    pub id: String,
    /// The group that this one is a part of: who asks for `lower` is served by `base`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// What it is called: phrase patterns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phrases: Vec<String>,
}

/// Phrases that assert something of the words around them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CueEntry {
    /// What they say: an assertion's name; `none` for phrases that only look like a cue; `stop` for words that end
    /// the scope of those before; `correction` for words that take back what was said before.
    pub says: String,
    /// Of which words: `after`, `before`, `both`, `either` (those before, unless it describes what follows), or `label`
    /// for the answer to one; not for `none`, `stop` and `correction`.
    #[serde(default)]
    pub of: String,
    /// How many words far, at most; 0 is up to the next stop.
    #[serde(default)]
    pub reach: usize,
    /// For `stop`: only scopes of these assertions end; none named is all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<String>,
    /// The phrases.
    pub phrases: Vec<String>,
}

/// Headings of a kind of section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadingEntry {
    /// A section kind's name, or `addendum`, or `differential` for a list of what may be there, or `none` for what looks like a heading and is part of the text.
    pub kind: String,
    /// The headings, lower case, without colon.
    pub phrases: Vec<String>,
}

/// Words by which a sentence shows its language. Of two entries of one name both count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageEntry {
    /// What the language is called in warnings. `English` is the one that is read.
    pub name: String,
    /// Words that say it by themselves, in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Words that say it in company: they are abbreviations, names or words of another language, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weak: Vec<String>,
}

/// Words by use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WordsEntry {
    /// Ends with a full stop that ends no sentence: "dr", "approx".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub abbreviations: Vec<String>,
    /// On the left.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    /// On the right.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub right: Vec<String>,
    /// On both sides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bilateral: Vec<String>,
    /// Holds a word for a side and says none: "right atrium".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sideless: Vec<String>,
    /// On both sides, and larger on the left.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub larger_left: Vec<String>,
    /// On both sides, and larger on the right.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub larger_right: Vec<String>,
    /// Parts of the body outside the chest: an effusion of the knee is no pleural effusion.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<String>,
    /// Behind a finding, makes a name of something else of it: "tuberculosis clinic".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Compares with an earlier study.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<String>,
    /// Says that something is normal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub normal: Vec<String>,
    /// Words that two findings may share: parts of the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<String>,
    /// Words that no gap of a phrase holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<String>,
}

impl WordsEntry {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl LexiconFile {
    /// Reads a lexicon file.
    ///
    /// # Errors
    /// Text that is no TOML, or an unknown key; the message names line and key.
    pub fn from_toml(text: &str) -> Result<Self, LexiconError> {
        toml::from_str(text).map_err(|error| LexiconError::Syntax(error.to_string().trim().to_owned()))
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the entries of another file: a finding of a known id gains phrases, parents and what it lacked; everything
    /// else is appended.
    pub(super) fn add(&mut self, other: Self) {
        for finding in other.findings {
            match self.findings.iter_mut().find(|known| known.id == finding.id) {
                None => self.findings.push(finding),
                Some(known) => {
                    if known.name.is_empty() {
                        known.name = finding.name;
                    }
                    known.radlex = known.radlex.take().or(finding.radlex);
                    known.midline |= finding.midline;
                    known.anywhere |= finding.anywhere;
                    known.lasting |= finding.lasting;
                    known.traces.extend(finding.traces);
                    known.alike.extend(finding.alike);
                    known.subjects.extend(finding.subjects);
                    known.parents.extend(finding.parents);
                    known.phrases.extend(finding.phrases);
                    known.absent.extend(finding.absent);
                    known.except.extend(finding.except);
                }
            }
        }
        add_groups(&mut self.places, other.places);
        add_groups(&mut self.severities, other.severities);
        add_groups(&mut self.times, other.times);
        self.cues.extend(other.cues);
        self.headings.extend(other.headings);
        self.languages.extend(other.languages);
        let (words, more) = (&mut self.words, other.words);
        words.abbreviations.extend(more.abbreviations);
        words.left.extend(more.left);
        words.right.extend(more.right);
        words.bilateral.extend(more.bilateral);
        words.sideless.extend(more.sideless);
        words.larger_left.extend(more.larger_left);
        words.larger_right.extend(more.larger_right);
        words.elsewhere.extend(more.elsewhere);
        words.names.extend(more.names);
        words.comparisons.extend(more.comparisons);
        words.normal.extend(more.normal);
        words.shared.extend(more.shared);
        words.breaks.extend(more.breaks);
    }
}

fn add_groups(groups: &mut Vec<GroupEntry>, others: Vec<GroupEntry>) {
    for other in others {
        match groups.iter_mut().find(|known| known.id == other.id) {
            None => groups.push(other),
            Some(known) => {
                known.within = known.within.take().or(other.within);
                known.phrases.extend(other.phrases);
            }
        }
    }
}
