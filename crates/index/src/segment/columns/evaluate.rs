//! Evaluates a filter to the cases for which it is true, and those for which it is false.

use super::{Column, Columns, PATIENT_ID};
use crate::{IndexError, OrdinalSet};
use precedent_model::{fold_keyword, fold_patient_id};
use precedent_query::{Compare, Comparison, Filter, MENTION_COLUMN, MentionFilter, MentionKey, Operand};
use std::borrow::Cow;

/// Values between two calls of `stop`.
const STOP_EVERY: usize = 1024;

/// The cases for which a filter is true, and those for which it is false.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub yes: OrdinalSet,
    pub no: OrdinalSet,
}

impl Columns {
    /// The cases for which a filter is true, and those for which it is false.
    pub fn evaluate(&self, filter: &Filter, stop: &dyn Fn() -> bool) -> Result<Verdict, IndexError> {
        match filter {
            Filter::Not(inner) => {
                let verdict = self.evaluate(inner, stop)?;
                Ok(Verdict { yes: verdict.no, no: verdict.yes })
            }
            Filter::And(parts) => {
                let mut whole =
                    Verdict { yes: OrdinalSet::all(self.cases), no: OrdinalSet::none(self.cases) };
                for part in parts {
                    let verdict = self.evaluate(part, stop)?;
                    whole.yes.intersect(&verdict.yes);
                    whole.no.unite(&verdict.no);
                }
                Ok(whole)
            }
            Filter::Or(parts) => {
                if let Some((column, wanted)) = self.of_one_column(parts) {
                    return self.any_of(column, &wanted, stop);
                }
                let mut whole =
                    Verdict { yes: OrdinalSet::none(self.cases), no: OrdinalSet::all(self.cases) };
                for part in parts {
                    let verdict = self.evaluate(part, stop)?;
                    whole.yes.unite(&verdict.yes);
                    whole.no.intersect(&verdict.no);
                }
                Ok(whole)
            }
            Filter::Compare(compare) => self.compare(compare, stop),
            Filter::Mention(mention) => self.mentioned(mention, stop),
        }
    }

    /// True if a mention matches, false if the report was read and none does. Mentions of one finding are adjacent, so if
    /// findings are named, the others are skipped.
    fn mentioned(&self, filter: &MentionFilter, stop: &dyn Fn() -> bool) -> Result<Verdict, IndexError> {
        let mut verdict = Verdict { yes: OrdinalSet::none(self.cases), no: OrdinalSet::none(self.cases) };
        // A segment older than the column knows nothing about mentions.
        let Some(column) = self.columns.get(MENTION_COLUMN) else { return Ok(verdict) };
        let assertion = filter.assertion.name();
        let prefixes = match filter.findings.as_slice() {
            [] => vec![format!("{assertion}/")],
            ids => ids.iter().map(|id| format!("{assertion}/{id}/")).collect(),
        };
        let count = column.record.value_count as usize;
        for prefix in prefixes {
            for index in self.lower_bound(column, prefix.as_bytes())?..count {
                if index % STOP_EVERY == STOP_EVERY - 1 && stop() {
                    return Err(IndexError::Stopped);
                }
                let text = std::str::from_utf8(self.value_bytes(column, index)?).unwrap_or_default();
                if !text.starts_with(&prefix) {
                    break;
                }
                let mention = MentionKey::parse(text).ok_or_else(|| {
                    self.file.damaged(format!("value {index} of {MENTION_COLUMN} is no mention"))
                })?;
                if filter.fits(&mention) {
                    verdict.yes.insert_all(self.postings(column, index)?);
                }
            }
        }
        verdict.no = self.present(column)?.clone();
        verdict.no.subtract(&verdict.yes);
        Ok(verdict)
    }

    /// The column and the values, if every part asks for exactly one keyword of the same column. A finding with its kinds is such
    /// a filter, with some hundred parts.
    fn of_one_column<'a>(&self, parts: &'a [Filter]) -> Option<(&Column, Vec<&'a str>)> {
        let Filter::Compare(first) = parts.first()? else { return None };
        let wanted = |part: &'a Filter| match part {
            Filter::Compare(Compare {
                field,
                comparison: Comparison::Equal | Comparison::Has,
                operand: Operand::Keyword { folded, any_prefix: false, any_suffix: false },
                ..
            }) if *field == first.field => Some(folded.as_str()),
            _ => None,
        };
        Some((self.columns.get(&first.field)?, parts.iter().map(wanted).collect::<Option<_>>()?))
    }

    /// True if the case has one of the values, false if it only has others.
    fn any_of(
        &self,
        column: &Column,
        wanted: &[&str],
        stop: &dyn Fn() -> bool,
    ) -> Result<Verdict, IndexError> {
        let mut yes = OrdinalSet::none(self.cases);
        for folded in wanted {
            if stop() {
                return Err(IndexError::Stopped);
            }
            if column.record.name == PATIENT_ID {
                yes.insert_all(&self.with_patient_id(folded)?);
                continue;
            }
            for index in self.places(column, folded)? {
                yes.insert_all(self.postings(column, index)?);
            }
        }
        let mut no = self.present(column)?.clone();
        no.subtract(&yes);
        Ok(Verdict { yes, no })
    }

    /// True if the case has a keyword with this prefix, false if it only has others.
    fn beginning_with(
        &self,
        column: &Column,
        folded: &str,
        stop: &dyn Fn() -> bool,
    ) -> Result<Verdict, IndexError> {
        let mut yes = OrdinalSet::none(self.cases);
        let start = self.lower_bound(column, folded.as_bytes())?;
        for index in start..column.record.value_count as usize {
            if index % STOP_EVERY == STOP_EVERY - 1 && stop() {
                return Err(IndexError::Stopped);
            }
            if !self.value_bytes(column, index)?.starts_with(folded.as_bytes()) {
                break;
            }
            yes.insert_all(self.postings(column, index)?);
        }
        let mut no = self.present(column)?.clone();
        no.subtract(&yes);
        Ok(Verdict { yes, no })
    }

    fn compare(&self, compare: &Compare, stop: &dyn Fn() -> bool) -> Result<Verdict, IndexError> {
        if stop() {
            return Err(IndexError::Stopped);
        }
        let mut verdict = Verdict { yes: OrdinalSet::none(self.cases), no: OrdinalSet::none(self.cases) };
        let findings = self.findings.contains(&compare.field.as_str());
        let Some(column) = self.columns.get(&compare.field) else {
            // A segment older than the field: no case has a value, and nothing is known about findings.
            if compare.operand == Operand::Present && !findings {
                verdict.no = OrdinalSet::all(self.cases);
            }
            return Ok(verdict);
        };
        match &compare.operand {
            // The empty keyword is not a finding; it marks cases whose report was read.
            Operand::Present if findings => {
                for index in 0..column.record.value_count as usize {
                    if !self.value_bytes(column, index)?.is_empty() {
                        verdict.yes.insert_all(self.postings(column, index)?);
                    }
                }
                verdict.no = self.present(column)?.clone();
                verdict.no.subtract(&verdict.yes);
            }
            Operand::Present => {
                verdict.no = OrdinalSet::all(self.cases);
                verdict.yes = self.present(column)?.clone();
                verdict.no.subtract(&verdict.yes);
            }
            // One lookup in the dictionary instead of a test of every value.
            Operand::Keyword { folded, any_prefix: false, any_suffix: false } => {
                verdict = self.any_of(column, &[folded], stop)?;
                if compare.comparison == Comparison::NotEqual {
                    std::mem::swap(&mut verdict.yes, &mut verdict.no);
                }
            }
            // Values with the same prefix are adjacent.
            Operand::Keyword { folded, any_prefix: false, any_suffix: true }
                if self.is_folded_as_today(column)? =>
            {
                verdict = self.beginning_with(column, folded, stop)?;
                if compare.comparison == Comparison::NotEqual {
                    std::mem::swap(&mut verdict.yes, &mut verdict.no);
                }
            }
            _ => {
                let (mut others, mut all_decided) = (Vec::new(), true);
                for index in 0..column.record.value_count as usize {
                    if index % STOP_EVERY == STOP_EVERY - 1 && stop() {
                        return Err(IndexError::Stopped);
                    }
                    match self.test(compare, column, index)? {
                        Some(true) => verdict.yes.insert_all(self.postings(column, index)?),
                        Some(false) => others.push(index),
                        None => all_decided = false,
                    }
                }
                // Most cases have other values, so avoid going through them one by one.
                if all_decided {
                    verdict.no = self.present(column)?.clone();
                } else {
                    for index in others {
                        verdict.no.insert_all(self.postings(column, index)?);
                    }
                }
                // If there are several values, one match is enough.
                verdict.no.subtract(&verdict.yes);
            }
        }
        Ok(verdict)
    }

    /// Whether the comparison is true of one value.
    fn test(&self, compare: &Compare, column: &Column, index: usize) -> Result<Option<bool>, IndexError> {
        let Operand::Keyword { folded, any_prefix, any_suffix } = &compare.operand else {
            return Ok(compare.test(&self.value(column, index)?));
        };
        let mut text = Cow::Borrowed(self.keyword(column, index)?);
        if column.record.name == PATIENT_ID {
            // Earlier programs folded patient ids like any keyword.
            text = Cow::Owned(fold_patient_id(&text));
        } else if !text.is_ascii() {
            // And keywords by another rule (`alike`).
            text = Cow::Owned(fold_keyword(&text));
        }
        let fits = match (any_prefix, any_suffix) {
            (true, true) => text.contains(folded.as_str()),
            (true, false) => text.ends_with(folded.as_str()),
            (false, true) => text.starts_with(folded.as_str()),
            (false, false) => text == folded.as_str(),
        };
        Ok(Some(fits != (compare.comparison == Comparison::NotEqual)))
    }
}
