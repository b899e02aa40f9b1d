//! Phrase patterns: words in a row, with choices and gaps.
//!
//! ```text
//! pattern = item { " " item }
//! item    = word | "#" | choice | "~" [ digit ]
//! choice  = "(" words { "|" words } ")"      "(heart|cardiac silhouette)"; an empty choice may be left out: "(the|)"
//! ```
//!
//! `#` is any number. `~` lets up to 3 words, or as many as its digit says, stand between; a gap never begins a
//! pattern, counts for nothing at its end, and holds no mark and no word of `breaks`. Words are in lower case, hyphens are spaces.

use super::spelling::spellings;
use crate::token::{NUMBER, Token, Vocabulary, WordId, normalise, tokenize};

/// Longest pattern, in items, and most forms of one: more is a mistake in the file.
const MAX_ATOMS: usize = 16;
const MAX_FORMS: usize = 512;
const USUAL_GAP: u8 = 3;

/// A piece of a pattern's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Atom {
    Word(WordId),
    /// At most that many words.
    Gap(u8),
}

/// Every form of a pattern, as atoms. Words get numbers.
pub(crate) fn forms(pattern: &str, vocabulary: &mut Vocabulary) -> Result<Vec<Vec<Atom>>, String> {
    let mut forms: Vec<Vec<Atom>> = vec![Vec::new()];
    let mut rest = pattern.trim();
    while !rest.is_empty() {
        let (choices, after) = if let Some(inside) = rest.strip_prefix('(') {
            let Some((choice, after)) = inside.split_once(')') else {
                return Err("has no closing parenthesis".to_owned());
            };
            let choices =
                choice.split('|').map(|words| atoms(words, vocabulary)).collect::<Result<Vec<_>, _>>()?;
            (choices, after)
        } else {
            let end = rest.find('(').unwrap_or(rest.len());
            (vec![atoms(&rest[..end], vocabulary)?], &rest[end..])
        };
        forms = (forms.iter())
            .flat_map(|form| choices.iter().map(|choice| [form.as_slice(), choice.as_slice()].concat()))
            .collect();
        if forms.len() > MAX_FORMS {
            return Err(format!("has more than {MAX_FORMS} forms; split it"));
        }
        rest = after.trim_start();
    }
    for form in &mut forms {
        // What an empty choice left over: "(disease|)" behind a gap.
        while let Some(Atom::Gap(_)) = form.last() {
            form.pop();
        }
        if matches!(form.first(), Some(Atom::Gap(_)) | None) {
            return Err("is empty, or a gap begins it".to_owned());
        }
        if form.len() > MAX_ATOMS {
            return Err(format!("has more than {MAX_ATOMS} words"));
        }
    }
    Ok(forms)
}

fn atoms(words: &str, vocabulary: &mut Vocabulary) -> Result<Vec<Atom>, String> {
    let mut atoms = Vec::new();
    for piece in words.split_whitespace() {
        match piece.as_bytes() {
            [b'~'] => atoms.push(Atom::Gap(USUAL_GAP)),
            [b'~', digit @ b'1'..=b'8'] => atoms.push(Atom::Gap(digit - b'0')),
            b"#" => atoms.push(Atom::Word(NUMBER)),
            _ if piece.chars().any(char::is_uppercase) => {
                return Err("has capital letters; write it in lower case".to_owned());
            }
            _ => {
                // Cut as a text is cut, so that "air-space" in the file is "air-space" in a report.
                let mut cut: Vec<Token> = Vec::new();
                tokenize(piece, 0..piece.len(), &Vocabulary::new(), &mut cut);
                let mut word = String::new();
                for token in cut {
                    normalise(&piece[token.range()], &mut word);
                    let word = if word == "&" { "+" } else { &word };
                    let id =
                        if token.word == NUMBER { NUMBER } else { vocabulary.add_spelled(&spellings(word)) };
                    atoms.push(Atom::Word(id));
                }
            }
        }
    }
    Ok(atoms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(pattern: &str) -> Result<usize, String> {
        forms(pattern, &mut Vocabulary::new()).map(|forms| forms.len())
    }

    #[test]
    fn choices_multiply() {
        assert_eq!(count("(heart|cardiac silhouette) ~ (enlarged|large)"), Ok(4));
        assert_eq!(count("pleural effusion"), Ok(1));
        assert_eq!(count("(the|) heart"), Ok(2));
        assert_eq!(forms("heart ~", &mut Vocabulary::new()), forms("heart", &mut Vocabulary::new()));
    }

    #[test]
    fn words_and_gaps_in_order() {
        let mut vocabulary = Vocabulary::new();
        let (heart, air, space) = (vocabulary.add("heart"), vocabulary.add("air"), vocabulary.add("space"));
        let form = forms("heart ~2 air-space #", &mut vocabulary).unwrap();
        let expected =
            [Atom::Word(heart), Atom::Gap(2), Atom::Word(air), Atom::Word(space), Atom::Word(NUMBER)];
        assert_eq!(form, [expected]);
    }

    #[test]
    fn what_cannot_match_is_refused() {
        for pattern in ["", "~ heart", "(heart", "Heart", "(a|~) b", "()"] {
            assert!(count(pattern).is_err(), "{pattern}");
        }
    }
}
