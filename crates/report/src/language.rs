//! In which language a sentence is written, as far as needed to leave alone what is not English.
//!
//! Letters of another script say it, or words of the lexicon's list by language. A sentence that says nothing of itself
//! ("Edema pulmonar") follows the others of its section. English wins a tie, so that a name or a Latin term flags nothing.

use crate::lexicon_file::LanguageEntry;
use crate::token::{ascii_lower_case, is_apostrophe};
use precedent_model::{continues_word, is_invisible};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// The language that is read.
const READ: &str = "English";
/// What a word by itself is worth, and one that needs company.
const WORD: u32 = 2;
const WEAK: u32 = 1;
/// Longest word of the list, in bytes.
const MAX_WORD: usize = 24;
/// Words of English reports that have an accent.
const LOANS: [&str; 8] = ["café", "façade", "naïve", "protégé", "résumé", "röntgen", "touché", "tête"];
/// Words of other languages with what makes them English.
const PHRASES: [(&str, &str); 8] = [
    ("de", "facto"),
    ("de", "novo"),
    ("de", "quervain"),
    ("de", "la"),
    ("de", "nouveau"),
    ("de", "rigueur"),
    ("et", "al"),
    ("hay", "fever"),
];
/// Longest word that is an abbreviation where it alone stands in capitals, in bytes.
const ABBREVIATION: usize = 2;

/// The words of the lexicon by language.
#[derive(Debug, Default)]
pub(crate) struct Languages {
    names: Vec<Box<str>>,
    words: FxHashMap<Box<str>, Vec<(u8, u32)>>,
    read: Option<u8>,
}

/// A language that is not read: one of the list, or a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    Language(u8),
    Script(&'static str),
}

/// What a sentence shows of its language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    English,
    Nothing,
    Foreign(Foreign),
}

impl Languages {
    pub fn new(entries: &[LanguageEntry]) -> Self {
        let mut languages = Self::default();
        for entry in entries {
            let known = languages.names.iter().position(|name| **name == *entry.name);
            let place = known.unwrap_or(languages.names.len());
            // More than there are languages; what is beyond is left out.
            let Ok(language) = u8::try_from(place) else { break };
            if known.is_none() {
                languages.names.push(entry.name.as_str().into());
            }
            for (words, worth) in [(&entry.words, WORD), (&entry.weak, WEAK)] {
                for word in words {
                    languages.words.entry(word.as_str().into()).or_default().push((language, worth));
                }
            }
        }
        languages.read = languages.names.iter().position(|name| **name == *READ).map(|place| place as u8);
        languages
    }

    /// The name of a language that is not read.
    pub fn name(&self, foreign: Foreign) -> &str {
        match foreign {
            Foreign::Language(place) => {
                self.names.get(place as usize).map_or("another language", |name| name)
            }
            Foreign::Script(name) => name,
        }
    }

    /// What the sentence at `range` shows.
    pub fn of(&self, text: &str, range: Range<usize>) -> Shown {
        let sentence = &text[range];
        let capitals = !sentence.contains(char::is_lowercase);
        let mut worth = Worth { by_language: vec![0; self.names.len()], capitals, ..Worth::default() };
        let mut at = 0;
        while let Some(start) = sentence[at..].find(char::is_alphabetic).map(|skipped| at + skipped) {
            let length = sentence[start..].find(|c: char| !belongs(c)).unwrap_or(sentence.len() - start);
            self.add(&sentence[start..start + length], &sentence[start + length..], &mut worth);
            at = start + length;
        }
        self.shown(&worth)
    }

    /// Adds what a word with `behind` behind it is worth.
    fn add(&self, word: &str, behind: &str, worth: &mut Worth) {
        worth.letters += word.len();
        if !word.is_ascii()
            && let Some(script) = script(word)
        {
            worth.script = worth.script.or(Some(script));
            worth.script_letters += word.len();
            worth.script_words += WORD;
            return;
        }
        if self.is_plain_unknown(word) {
            return;
        }
        let mut lower = word.to_lowercase();
        if lower.contains(is_apostrophe) || !lower.is_ascii() {
            lower.retain(|c| !is_invisible(c));
        }
        let elided = lower.len() == 1 && behind.starts_with(is_apostrophe) && "cdjlmnst".contains(&*lower);
        if elided && behind.chars().nth(1).is_some_and(char::is_lowercase) {
            worth.accents += WEAK;
        } else if let Some(known) = self.words.get(&*lower).filter(|_| lower.len() <= MAX_WORD) {
            let next = || next_word(behind).to_lowercase();
            let phrase = PHRASES.iter().any(|(one, other)| *one == lower && *other == next());
            let short = word.len() <= ABBREVIATION && !worth.capitals && !word.contains(char::is_lowercase);
            for &(language, value) in known.iter().filter(|_| !(phrase || short && word.len() > 1)) {
                // "de" before a word in lower case is no part of a name.
                let sure = lower == "de" && word == "de" && next_word(behind).starts_with(char::is_lowercase);
                worth.by_language[language as usize] += if sure { WORD } else { value };
                worth.known += u32::from(Some(language) == self.read && value == WEAK);
            }
        } else if word.starts_with(char::is_lowercase) && is_accented(&lower) {
            worth.accents += WEAK;
        }
    }

    /// Whether the word is of plain letters, longer than an elision, and of no language's list: it is worth nothing then.
    fn is_plain_unknown(&self, word: &str) -> bool {
        let plain = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let mut place = [0; MAX_WORD];
        plain && !ascii_lower_case(word, &mut place).is_some_and(|word| self.words.contains_key(word))
    }

    fn shown(&self, worth: &Worth) -> Shown {
        let english = self.read.map_or(0, |read| worth.by_language[read as usize]);
        if let Some(script) = worth.script {
            let most = worth.script_letters * 2 > worth.letters;
            // "No" says nothing against Spanish, but all against Chinese.
            if most || worth.script_words > english + worth.known {
                return Shown::Foreign(Foreign::Script(script));
            }
        }
        let foreign = (worth.by_language.iter().enumerate())
            .filter(|(place, value)| Some(*place as u8) != self.read && **value > 0)
            .max_by_key(|(place, value)| (**value, std::cmp::Reverse(*place)));
        match foreign {
            Some((place, &value)) if value + worth.accents >= WORD && value + worth.accents > english => {
                Shown::Foreign(Foreign::Language(place as u8))
            }
            _ if english > 0 => Shown::English,
            _ => Shown::Nothing,
        }
    }
}

#[derive(Debug, Default)]
struct Worth {
    by_language: Vec<u32>,
    /// Elisions and accents, of any language but English.
    accents: u32,
    /// Nothing of the sentence is in lower case.
    capitals: bool,
    /// Weak words of English.
    known: u32,
    script: Option<&'static str>,
    script_words: u32,
    script_letters: usize,
    letters: usize,
}

/// What the sentences of a section are taken for: one that shows nothing is what most of the others are.
pub(crate) fn settle(shown: &[Shown]) -> Vec<Option<Foreign>> {
    let english = shown.iter().filter(|shown| **shown == Shown::English).count();
    let foreign = |shown: &Shown| match shown {
        Shown::Foreign(foreign) => Some(*foreign),
        _ => None,
    };
    let others = shown.iter().filter_map(foreign).count();
    let silent = shown.iter().find_map(foreign).filter(|_| others > english);
    shown.iter().map(|shown| if *shown == Shown::Nothing { silent } else { foreign(shown) }).collect()
}

fn belongs(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || continues_word(c)
}

fn next_word(behind: &str) -> &str {
    let behind = behind.trim_start();
    &behind[..behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len())]
}

/// Whether a word has a Latin letter with an accent and is none of English.
fn is_accented(lower: &str) -> bool {
    let accented = |c: char| matches!(c, 'ß'..='å' | 'ç'..='ö' | 'ø'..='ÿ' | 'ā'..='œ' | 'ŕ'..='ž' | 'ș'..='ț' | 'ạ'..='ỹ');
    lower.chars().all(char::is_alphabetic)
        && lower.chars().any(|c| accented(c) && c != 'œ')
        && !LOANS.contains(&lower)
}

/// The script of a word of two letters or more that is not Latin. Single Greek letters are symbols.
fn script(word: &str) -> Option<&'static str> {
    let letters = || word.chars().filter(|c| c.is_alphabetic());
    let first = letters().find(|&c| !is_latin(c))?;
    let name = match first {
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => "Greek",
        '\u{400}'..='\u{52f}' => "Cyrillic",
        '\u{530}'..='\u{58f}' => "Armenian",
        '\u{590}'..='\u{5ff}' => "Hebrew",
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' => {
            "Arabic"
        }
        '\u{900}'..='\u{97f}' => "Devanagari",
        '\u{980}'..='\u{dff}' => "Indian",
        '\u{e00}'..='\u{e7f}' => "Thai",
        '\u{10a0}'..='\u{10ff}' => "Georgian",
        '\u{3040}'..='\u{30ff}' => return Some("Japanese"),
        '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => {
            let kana = letters().any(|c| matches!(c, '\u{3040}'..='\u{30ff}'));
            return Some(if kana { "Japanese" } else { "Chinese" });
        }
        '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}' => "Korean",
        _ => "foreign",
    };
    let several = letters().filter(|&c| !is_latin(c)).count() > 1;
    several.then_some(name)
}

fn is_latin(c: char) -> bool {
    matches!(c, '\0'..='\u{24f}' | '\u{250}'..='\u{36f}' | '\u{1d00}'..='\u{1eff}' | '\u{2070}'..='\u{218f}' | '\u{fb00}'..='\u{fb06}' | '\u{ff00}'..='\u{ff5e}')
}
