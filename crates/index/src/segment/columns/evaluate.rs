//! A filter to the cases for which it is true and for which it is false.

use super::{Column, Columns, PATIENT_ID};
use crate::{IndexError, OrdinalSet};
use precedent_model::{fold_keyword, fold_patient_id};
use precedent_query::{Compare, Comparison, Filter, MENTION_COLUMN, MentionFilter, MentionKey, Operand};
use std::borrow::Cow;

/// Values between two looks at the caller's wish to stop.
const STOP_EVERY: usize = 1024;

/// Where a filter is true and where it is false.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub yes: OrdinalSet,
    pub no: OrdinalSet,
}

impl Columns {
    /// Where a filter is true and where it is false.
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

    /// True where a mention fits, false where the report was read and none does. Mentions of one finding lie side by side,
    /// so where findings are named the others are not looked at.
    fn mentioned(&self, filter: &MentionFilter, stop: &dyn Fn() -> bool) -> Result<Verdict, IndexError> {
        let mut verdict = Verdict { yes: OrdinalSet::none(self.cases), no: OrdinalSet::none(self.cases) };
        // A segment older than the column: of mentions nothing is known.
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

    /// The column and the values, where every part asks for exactly one keyword of one and the same column. A finding
    /// with its kinds is such a filter, of some hundred parts.
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

    /// True where the case has one of the values, false where it has others only.
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

    /// True where the case has a keyword that begins so, false where it has others only.
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
            // A segment older than the field: nobody has a value, and of findings nothing is known.
            if compare.operand == Operand::Present && !findings {
                verdict.no = OrdinalSet::all(self.cases);
            }
            return Ok(verdict);
        };
        match &compare.operand {
            // The empty keyword is no finding; it tells whose report was read.
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
            // One look into the dictionary instead of a test of every value.
            Operand::Keyword { folded, any_prefix: false, any_suffix: false } => {
                verdict = self.any_of(column, &[folded], stop)?;
                if compare.comparison == Comparison::NotEqual {
                    std::mem::swap(&mut verdict.yes, &mut verdict.no);
                }
            }
            // Values that begin alike lie side by side.
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
                // Cases with other values are most of all, so they are not gone through one by one if that can be helped.
                if all_decided {
                    verdict.no = self.present(column)?.clone();
                } else {
                    for index in others {
                        verdict.no.insert_all(self.postings(column, index)?);
                    }
                }
                // Of several values one that fits is enough.
                verdict.no.subtract(&verdict.yes);
            }
        }
        Ok(verdict)
    }

    /// What a restriction says of one value.
    fn test(&self, compare: &Compare, column: &Column, index: usize) -> Result<Option<bool>, IndexError> {
        let Operand::Keyword { folded, any_prefix, any_suffix } = &compare.operand else {
            return Ok(compare.test(&self.value(column, index)?));
        };
        let mut text = Cow::Borrowed(self.keyword(column, index)?);
        if column.record.name == PATIENT_ID {
            // Earlier programs folded patient ids as any keyword.
            text = Cow::Owned(fold_patient_id(&text));
        } else if !text.is_ascii() {
            // So they did with keywords (`alike`).
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
