//! Splits text into words, comparators and values. What a character means depends on what the parser expects: `-` begins a
//! negation or a number, and `:` is a comparator or part of a time.

use super::{Comparison, FilterError};

/// Quotation marks inserted by word processors; taken as letters, they would make a value that matches nothing.
const TYPOGRAPHIC: [char; 10] = ['“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»'];

/// A value as written, with its escapes resolved.
pub(super) struct Literal {
    /// Byte position of its start.
    pub position: usize,
    /// Its text, stars included.
    pub text: String,
    /// Sorted byte positions of unescaped stars in `text`.
    pub stars: Vec<usize>,
}

impl Literal {
    /// Whether it is just a star.
    pub fn is_star(&self) -> bool {
        self.text == "*" && self.stars.len() == 1
    }
}

/// A position in the text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    /// Bytes before the next character.
    pub fn position(&self) -> usize {
        self.position
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    pub fn skip_space(&mut self) {
        self.position = self.text.len() - self.rest().trim_start().len();
    }

    /// Consumes `wanted` if it comes next.
    pub fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.position += wanted.len_utf8();
        }
        found
    }

    /// Consumes the operator `wanted` if it comes next as a whole word.
    pub fn eat_operator(&mut self, wanted: &str) -> bool {
        let found = self.word() == wanted;
        if found {
            self.position += wanted.len();
        }
        found
    }

    /// The next word, without consuming it; empty before anything else.
    pub fn word(&self) -> &'a str {
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || "()\"',=<>!:".contains(c);
        rest.find(ends).map_or(rest, |end| rest.get(..end).unwrap_or_default())
    }

    /// Consumes the next word.
    pub fn take_word(&mut self) -> &'a str {
        let word = self.word();
        self.position += word.len();
        word
    }

    /// Consumes the next comparator.
    pub fn comparator(&mut self) -> Option<Comparison> {
        // Longer ones first, because shorter ones are their prefixes.
        const ALL: [Comparison; 7] = [
            Comparison::NotEqual,
            Comparison::LessOrEqual,
            Comparison::GreaterOrEqual,
            Comparison::Equal,
            Comparison::Less,
            Comparison::Greater,
            Comparison::Has,
        ];
        let found = ALL.into_iter().find(|comparison| self.rest().starts_with(comparison.sign()))?;
        self.position += found.sign().len();
        Some(found)
    }

    /// Consumes a value, quoted or not.
    pub fn value(&mut self) -> Result<Literal, FilterError> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            Some('(') => Err(FilterError::new(
                self.position,
                "a parenthesis stands where a value is expected",
                "write the field again before every value, joined by OR",
            )),
            _ => self.unquoted(),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Literal, FilterError> {
        let start = self.position;
        let mut literal = Literal { position: start, text: String::new(), stars: Vec::new() };
        self.next();
        loop {
            let here = self.position;
            match self.next() {
                None => {
                    return Err(FilterError::new(
                        start,
                        "a quotation mark is not closed",
                        "close it with the same mark",
                    ));
                }
                Some(c) if c == quote => return Ok(literal),
                Some('\\') => match self.next() {
                    Some(c @ ('"' | '\'' | '\\' | '*')) => literal.text.push(c),
                    _ => {
                        return Err(FilterError::new(
                            here,
                            "a backslash stands before a character that needs none",
                            r#"write \\ for a backslash; \", \' and \* for these characters"#,
                        ));
                    }
                },
                Some(c) => {
                    if c == '*' {
                        literal.stars.push(literal.text.len());
                    }
                    literal.text.push(c);
                }
            }
        }
    }

    /// Characters up to the next white space, including colons, as in `2019-05-03T10:00:00Z`.
    fn unquoted(&mut self) -> Result<Literal, FilterError> {
        let start = self.position;
        let mut literal = Literal { position: start, text: String::new(), stars: Vec::new() };
        while let Some(c) = self.peek() {
            if c.is_whitespace() || "()\"',=<>!".contains(c) {
                break;
            }
            if c == '\\' || TYPOGRAPHIC.contains(&c) {
                let problem = if c == '\\' {
                    "a backslash stands outside quotes"
                } else {
                    "a typographic quotation mark"
                };
                let remedy = r#"put the value between plain quotation marks, " or '"#;
                return Err(FilterError::new(self.position, problem, remedy));
            }
            if c == '*' {
                literal.stars.push(literal.text.len());
            }
            literal.text.push(c);
            self.next();
        }
        // An operator here means that the value was forgotten.
        if matches!(literal.text.as_str(), "" | "AND" | "OR" | "NOT") {
            let remedy = "write a value behind the comparator, in quotes if it is not one plain word";
            return Err(FilterError::new(start, "a value is expected", remedy));
        }
        Ok(literal)
    }
}
