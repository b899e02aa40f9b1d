//! Writes an expression as canonical text, which parses to the same expression.

use super::{Compare, Filter, Operand};
use std::fmt::{Display, Formatter, Result, Write};

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::And(parts) => join(f, parts, " AND "),
            Self::Or(parts) => join(f, parts, " OR "),
            Self::Not(inner) => {
                f.write_str("NOT ")?;
                part(f, inner)
            }
            Self::Compare(compare) => compare.fmt(f),
            Self::Mention(mention) => mention.fmt(f),
        }
    }
}

fn join(f: &mut Formatter<'_>, parts: &[Filter], operator: &str) -> Result {
    for (index, inner) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(operator)?;
        }
        match inner {
            Filter::Not(_) => inner.fmt(f)?,
            _ => part(f, inner)?,
        }
    }
    Ok(())
}

/// In parentheses unless it is a single restriction: OR binds tighter than AND here, which not every reader expects.
fn part(f: &mut Formatter<'_>, inner: &Filter) -> Result {
    match inner {
        Filter::Compare(compare) => compare.fmt(f),
        _ => write!(f, "({inner})"),
    }
}

impl Display for Compare {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (field, sign) = (&self.field, self.comparison.sign());
        match &self.operand {
            Operand::Present => write!(f, "{field}:*"),
            operand if sign == ":" => write!(f, "{field}:{operand}"),
            operand => write!(f, "{field} {sign} {operand}"),
        }
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let star = |stands: &bool| if *stands { "*" } else { "" };
        match self {
            Self::Keyword { folded, any_prefix, any_suffix } => {
                write!(f, "\"{}", star(any_prefix))?;
                for c in folded.chars() {
                    if matches!(c, '"' | '\\' | '*') {
                        f.write_char('\\')?;
                    }
                    f.write_char(c)?;
                }
                write!(f, "{}\"", star(any_suffix))
            }
            Self::Integer(number) => number.fmt(f),
            // The shortest digits that parse to the same number.
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Date(date) => write!(f, "\"{date}\""),
            Self::Present => f.write_str("*"),
        }
    }
}
