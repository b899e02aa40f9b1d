//! What the words of a sentence do between its findings.

use crate::lexicon::is_mark;
use crate::token::{NUMBER, Token};

/// What a word or mark does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It describes or names.
    Plain,
    Number,
    /// Parts statements: ";".
    Stop,
    Comma,
    /// "and", "&".
    And,
    /// "or", "versus", "/": two names of what may be one thing.
    Or,
    With,
    /// "no", "without": what follows is another statement.
    Denial,
    /// "but", "while".
    But,
    /// "is", "has": a clause has one.
    Verb,
    /// "may", "suggests", "by": what follows explains what stands before.
    Hedge,
    /// "of", "in".
    Preposition,
    /// "which", "that".
    Relative,
    /// "following", "due to": what follows is no list.
    Cause,
    /// "diffuse": on no side.
    Everywhere,
    /// Where a line ends: what follows is the place of its tip.
    Tip,
    OtherMark,
}

impl Role {
    /// Whether it joins two findings.
    pub fn joins(self) -> bool {
        matches!(self, Self::Comma | Self::And | Self::Or | Self::With | Self::Cause)
    }
}

/// The roles of the tokens of a sentence.
#[derive(Debug)]
pub(super) struct Words {
    roles: Vec<Role>,
}

impl Words {
    pub fn of(text: &str, tokens: &[Token]) -> Self {
        let mut lower = String::with_capacity(16);
        let roles = (tokens.iter())
            .map(|token| {
                let word = &text[token.range()];
                if token.word == NUMBER {
                    return Role::Number;
                }
                if is_mark(text, *token) {
                    return mark(text, *token);
                }
                if word.len() > LONGEST {
                    return Role::Plain;
                }
                lower.clear();
                lower.extend(word.chars().map(|c| c.to_ascii_lowercase()));
                role(&lower)
            })
            .collect();
        Self { roles }
    }

    pub fn role(&self, at: usize) -> Role {
        self.roles[at]
    }

    pub fn len(&self) -> usize {
        self.roles.len()
    }
}

/// Longest word with a role.
const LONGEST: usize = 13;

fn mark(text: &str, token: Token) -> Role {
    match &text[token.range()] {
        ";" | "?" | "!" => Role::Stop,
        // A full stop inside a sentence is of an abbreviation, "Rt. effusion", unless a sentence hangs on it.
        "." => {
            let attached = text[token.end as usize..].starts_with(char::is_alphabetic);
            if attached { Role::Stop } else { Role::OtherMark }
        }
        "," => Role::Comma,
        "/" => Role::Or,
        "&" | "+" => Role::And,
        _ => Role::OtherMark,
    }
}

fn role(word: &str) -> Role {
    match word {
        "and" => Role::And,
        "or" | "nor" | "versus" | "vs" => Role::Or,
        "with" => Role::With,
        "no" | "without" | "w/o" | "not" | "nil" => Role::Denial,
        "but" | "however" | "although" | "though" | "while" | "whereas" | "except" => Role::But,
        "is" | "are" | "was" | "were" | "remain" | "remains" | "appear" | "appears" | "has" | "have"
        | "had" | "shows" | "show" | "demonstrates" | "demonstrate" | "looks" | "seems" => Role::Verb,
        "may" | "might" | "could" | "likely" | "probable" | "probably" | "possible" | "possibly"
        | "suggest" | "suggests" | "suggesting" | "suggestive" | "represent" | "represents"
        | "representing" | "reflect" | "reflects" | "reflecting" | "compatible" | "consistent"
        | "concerning" | "suspicious" | "worrisome" | "presumably" | "presumed" | "favored" | "favoring"
        | "perhaps" | "compatable" | "by" => Role::Hedge,
        "of" | "in" | "at" | "on" | "within" | "over" | "overlying" | "along" | "near" | "throughout"
        | "to" | "from" | "involving" | "through" | "about" | "adjacent" => Role::Preposition,
        "which" | "that" | "who" => Role::Relative,
        "following" | "after" | "due" | "secondary" | "because" | "since" | "post" | "despite" => Role::Cause,
        "diffuse" | "diffusely" | "scattered" | "generalized" | "generalised" | "multifocal" => {
            Role::Everywhere
        }
        "tip" | "tips" | "terminates" | "terminating" | "terminate" | "ends" | "ending" | "terminus" => {
            Role::Tip
        }
        _ => Role::Plain,
    }
}
