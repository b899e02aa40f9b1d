//! Parses words into a typed expression.

use super::scan::{Literal, Scanner};
use super::{
    Compare, Comparison, Detail, Filter, FilterError, MAX_FILTER_BYTES, MAX_FILTER_DEPTH, MAX_FILTER_TERMS,
    Operand, PATIENT_ID, finding_assertion, finding_column, fold,
};
use precedent_model::{Assertion, FieldKind, FieldSchema, FieldValue, fold_keyword_part};

/// Fields that every case has, besides those of the schema and its findings.
const IMPLICIT: [&str; 2] = ["case_id", PATIENT_ID];
/// Longest field name that is repeated in a message and compared with known names; the schema allows no longer ones.
const MAX_NAME_BYTES: usize = 64;
/// Most names listed in a message.
const MAX_NAMES_LISTED: usize = 32;

pub(super) fn parse(text: &str, schema: &FieldSchema) -> Result<Filter, FilterError> {
    if text.len() > MAX_FILTER_BYTES {
        let problem = format!("the filter has {} bytes, the limit is {MAX_FILTER_BYTES}", text.len());
        // The limit may fall inside a character; report where that character begins.
        return Err(FilterError::new(text.floor_char_boundary(MAX_FILTER_BYTES), problem, "shorten it"));
    }
    let mut parser = Parser { scanner: Scanner::new(text), schema, terms: 0 };
    parser.scanner.skip_space();
    if parser.scanner.peek().is_none() {
        return Ok(Filter::And(Vec::new()));
    }
    let filter = parser.conjunction(0)?;
    match parser.scanner.peek() {
        None => Ok(filter),
        Some(_) => Err(parser.error("a closing parenthesis closes nothing", "remove it or open one before")),
    }
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    schema: &'a FieldSchema,
    terms: usize,
}

impl Parser<'_> {
    fn error(&self, problem: impl Into<String>, remedy: impl Into<String>) -> FilterError {
        FilterError::new(self.scanner.position(), problem, remedy)
    }

    /// Parses up to the end or to a closing parenthesis, which is not consumed.
    fn conjunction(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut parts = Vec::new();
        loop {
            match self.disjunction(depth)? {
                Filter::And(inner) => parts.extend(inner),
                part => parts.push(part),
            }
            self.scanner.skip_space();
            if matches!(self.scanner.peek(), None | Some(')')) {
                return Ok(joined(parts, Filter::And));
            }
            self.scanner.eat_operator("AND");
        }
    }

    fn disjunction(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut parts = Vec::new();
        loop {
            match self.term(depth)? {
                Filter::Or(inner) => parts.extend(inner),
                part => parts.push(part),
            }
            self.scanner.skip_space();
            if !self.scanner.eat_operator("OR") {
                return Ok(joined(parts, Filter::Or));
            }
        }
    }

    fn term(&mut self, depth: usize) -> Result<Filter, FilterError> {
        self.scanner.skip_space();
        if self.scanner.eat('-') {
            if self.scanner.peek().is_none_or(char::is_whitespace) {
                return Err(
                    self.error("a minus stands alone", "write it right before a field or a parenthesis")
                );
            }
            return Ok(Filter::Not(Box::new(self.simple(depth)?)));
        }
        if self.scanner.eat_operator("NOT") {
            self.scanner.skip_space();
            return Ok(Filter::Not(Box::new(self.simple(depth)?)));
        }
        self.simple(depth)
    }

    fn simple(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let opened = self.scanner.position();
        if !self.scanner.eat('(') {
            return self.restriction();
        }
        if depth == MAX_FILTER_DEPTH {
            let problem = format!("parentheses are nested deeper than {MAX_FILTER_DEPTH}");
            return Err(FilterError::new(opened, problem, "write the filter with fewer of them"));
        }
        let inner = self.conjunction(depth + 1)?;
        if self.scanner.eat(')') {
            return Ok(inner);
        }
        Err(FilterError::new(opened, "a parenthesis is not closed", "close it"))
    }

    fn restriction(&mut self) -> Result<Filter, FilterError> {
        let start = self.scanner.position();
        let word = self.scanner.word();
        if word.is_empty() || matches!(word, "AND" | "OR" | "NOT") {
            return Err(self.no_field());
        }
        self.scanner.take_word();
        if self.scanner.peek() == Some('(') {
            return Err(FilterError::new(start, "there are no functions", "write field, comparator, value"));
        }
        self.scanner.skip_space();
        let sign = self.scanner.position();
        let Some(comparison) = self.scanner.comparator() else {
            return Err(bare_value(start, word));
        };
        let kind = self.kind_of(word, start)?;
        check_comparison(word, kind, comparison, sign)?;
        self.scanner.skip_space();
        let literal = self.scanner.value()?;
        self.terms += 1;
        if self.terms > MAX_FILTER_TERMS {
            let problem = format!("the filter has more than {MAX_FILTER_TERMS} restrictions");
            return Err(FilterError::new(start, problem, "give fewer, or use a star for a group of values"));
        }
        let (comparison, operand) = typed(word, kind, comparison, &literal, sign)?;
        Ok(Filter::Compare(Compare { field: word.to_owned(), kind, comparison, operand }))
    }

    /// The error for text that begins neither a restriction nor a parenthesis.
    fn no_field(&self) -> FilterError {
        match self.scanner.peek() {
            None => self
                .error("the filter ends where a restriction is expected", "add one or remove the operator"),
            Some('"' | '\'') => bare_value(self.scanner.position(), ""),
            Some(',') => self.error("there are no lists", "join restrictions by AND or OR"),
            Some(')') => self.error("a restriction is expected before the parenthesis", "add one"),
            Some('=' | '<' | '>' | '!' | ':') => {
                self.error("a comparator has no field before it", "write field, comparator, value")
            }
            Some(_) => self.error(
                "an operator stands where a restriction is expected",
                "add one or remove the operator",
            ),
        }
    }

    fn kind_of(&self, name: &str, position: usize) -> Result<FieldKind, FilterError> {
        if IMPLICIT.contains(&name) {
            return Ok(FieldKind::Keyword);
        }
        if let Some(kind) = self.schema.kind(name) {
            return Ok(kind);
        }
        if finding_assertion(name, self.schema).is_some() {
            return Ok(FieldKind::Keywords);
        }
        if let Some(detail) = Detail::of_field(name, self.schema) {
            return Ok(detail.kind());
        }
        if let Some(dot) = name.find('.') {
            return Err(self.no_part(name, position, dot));
        }
        if name.len() > MAX_NAME_BYTES {
            let problem = format!("a field name of {} bytes is unknown", name.len());
            return Err(FilterError::new(position, problem, self.known_fields()));
        }
        let remedy = match self.nearest(name) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => self.known_fields(),
        };
        Err(FilterError::new(position, format!("the field {name} is unknown"), remedy))
    }

    /// The error for a dotted name that does not exist. Only findings have parts.
    fn no_part(&self, name: &str, position: usize, dot: usize) -> FilterError {
        let findings = finding_column(Assertion::Present);
        if name.get(..dot) != Some(findings) {
            let problem = format!("only {findings} has parts");
            return FilterError::new(position + dot, problem, "write a field without dots");
        }
        let columns: Vec<&str> =
            Assertion::ALL.into_iter().map(finding_column).chain(Detail::ALL.map(Detail::field)).collect();
        let remedy = match self.nearest(name) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => format!("write one of {}", columns.join(", ")),
        };
        FilterError::new(position + dot, format!("{findings} has no such part"), remedy)
    }

    fn names(&self) -> Vec<&str> {
        let own = self.schema.iter().map(|(name, _)| name);
        let mut names: Vec<&str> = IMPLICIT.into_iter().chain(own).collect();
        for name in Assertion::ALL.map(finding_column) {
            if finding_assertion(name, self.schema).is_some() {
                names.push(name);
            }
        }
        names.extend(
            Detail::ALL
                .iter()
                .filter(|d| Detail::of_field(d.field(), self.schema).is_some())
                .map(|d| d.field()),
        );
        names
    }

    /// The known name closest to `name`, if it differs by one or two slips at most.
    fn nearest(&self, name: &str) -> Option<&str> {
        if name.len() > MAX_NAME_BYTES {
            return None;
        }
        let lower = name.to_lowercase();
        let allowed = (lower.len() / 3).clamp(1, 2);
        (self.names().into_iter())
            .map(|known| (distance(&lower, known), known))
            .filter(|(away, _)| *away <= allowed)
            .min_by_key(|(away, _)| *away)
            .map(|(_, known)| known)
    }

    fn known_fields(&self) -> String {
        let mut names = self.names();
        let left = names.len().saturating_sub(MAX_NAMES_LISTED);
        names.truncate(MAX_NAMES_LISTED);
        let more = if left == 0 { String::new() } else { format!(" and {left} more") };
        format!("known fields are {}{more}", names.join(", "))
    }
}

/// A single part stands for itself; nested parts of the same kind are flattened already, so equal filters are equal values.
fn joined(mut parts: Vec<Filter>, join: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

/// The error for a word or text without a comparator. It is not repeated in the message, because it may be a name.
fn bare_value(position: usize, word: &str) -> FilterError {
    let remedy = match word {
        "and" | "or" | "not" => "write the operators AND, OR and NOT in capitals",
        _ => r#"name a field, as in field = "value""#,
    };
    FilterError::new(position, "a value stands without a field", remedy)
}

fn check_comparison(
    field: &str,
    kind: FieldKind,
    comparison: Comparison,
    position: usize,
) -> Result<(), FilterError> {
    use Comparison::{Equal, Has, NotEqual};
    let sign = comparison.sign();
    match (kind, comparison) {
        (FieldKind::Keywords, NotEqual) => Err(FilterError::new(
            position,
            format!("{field} holds several values, so {sign} has no meaning"),
            format!("use NOT {field}:\"...\""),
        )),
        (FieldKind::Keyword | FieldKind::Keywords, Equal | NotEqual | Has) => Ok(()),
        (FieldKind::Keyword | FieldKind::Keywords, _) => {
            let usable = if kind == FieldKind::Keyword { "= or !=" } else { ": or =" };
            let problem = format!("{field} is text, which {sign} cannot order");
            Err(FilterError::new(position, problem, format!("use {usable}")))
        }
        (FieldKind::Integer | FieldKind::Number | FieldKind::Date, _) => Ok(()),
    }
}

/// The comparison and operand for a field of this kind.
fn typed(
    field: &str,
    kind: FieldKind,
    comparison: Comparison,
    literal: &Literal,
    sign: usize,
) -> Result<(Comparison, Operand), FilterError> {
    if literal.is_star() {
        return match (comparison, kind) {
            (Comparison::Has, _) => Ok((Comparison::Has, Operand::Present)),
            _ => Err(FilterError::new(
                sign,
                format!("{} cannot ask for any value", comparison.sign()),
                format!("use {field}:* or NOT {field}:*"),
            )),
        };
    }
    let operand = match kind {
        FieldKind::Keyword | FieldKind::Keywords => keyword(field, literal)?,
        FieldKind::Integer | FieldKind::Number | FieldKind::Date => {
            let value = kind.parse(field, &literal.text).map_err(|error| {
                FilterError::new(
                    literal.position,
                    format!("the value for {field} {}", error.problem),
                    error.remedy,
                )
            })?;
            match value {
                FieldValue::Integer(number) => Operand::Integer(number),
                FieldValue::Number(number) => Operand::Number(number),
                FieldValue::Date(date) => Operand::Date(date),
                FieldValue::Keyword(text) => {
                    Operand::Keyword { folded: fold(field, &text), any_prefix: false, any_suffix: false }
                }
            }
        }
    };
    let comparison = match comparison {
        Comparison::Has if kind != FieldKind::Keywords => Comparison::Equal,
        Comparison::Equal if kind == FieldKind::Keywords => Comparison::Has,
        other => other,
    };
    Ok((comparison, operand))
}

fn keyword(field: &str, literal: &Literal) -> Result<Operand, FilterError> {
    let text = literal.text.as_str();
    let any_prefix = literal.stars.first() == Some(&0);
    let rest = if any_prefix { text.get(1..).unwrap_or_default() } else { text };
    let any_suffix = !rest.is_empty() && literal.stars.last() == Some(&(text.len() - 1));
    let rest = if any_suffix { rest.get(..rest.len() - 1).unwrap_or_default() } else { rest };
    if literal.stars.len() > usize::from(any_prefix) + usize::from(any_suffix) {
        return Err(FilterError::new(
            literal.position,
            format!("the value for {field} has a star inside"),
            r"put stars at its start or end only, and write \* in quotes for the character",
        ));
    }
    if fold(field, rest).is_empty() {
        return Err(FilterError::new(
            literal.position,
            format!("the value for {field} is empty"),
            format!("give a text, or ask for cases without a value by NOT {field}:*"),
        ));
    }
    // `"lung *"` means words after `lung`, so the space counts; next to an edge without a star it does not.
    let rest = if any_prefix { rest } else { rest.trim_start() };
    let rest = if any_suffix { rest } else { rest.trim_end() };
    let folded = if field == PATIENT_ID { fold(field, rest) } else { fold_keyword_part(rest) };
    Ok(Operand::Keyword { folded, any_prefix, any_suffix })
}

/// Number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). Both
/// are short: one is a name of the schema, and the other is no longer than a name may be.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let swapped = if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    rows[i - 2][j - 2] + 1
                } else {
                    usize::MAX
                };
                (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(replaced).min(swapped)
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests;
