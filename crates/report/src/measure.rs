//! Sizes as written: "2.5 cm", "8mm", "5,6 x 4 cm", "1 1/2 inch", "from 5 mm to 8 mm", "8 mm, previously 5".
//!
//! Numbers in a row, joined by "x", "by", "-" or "to", are one size: the longest counts, and a number without a unit
//! has that of the next one. What the words around a row say decides what it is:
//!
//! - a size that holds now, or the one before it ("from 5 mm to 8 mm", "previously 5 mm", "5 mm on the prior study");
//! - no size of anything: a distance ("4 cm above the carina", "advanced 2 cm") or the thickness of a slice.

mod context;
mod number;

use crate::token::Token;
use context::{Holds, holds, is_previous, is_upper_bound};
use number::{Row, bare_row_at, row_at, spelled};
use precedent_model::{Size, Span};
use std::ops::Range;

/// A row with what it is.
#[derive(Debug, Clone, Copy)]
struct Measured {
    size: Size,
    holds: Holds,
}

/// The sizes in the tokens of a sentence, ascending.
pub(crate) fn sizes(text: &str, tokens: &[Token]) -> Vec<Size> {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return Vec::new() };
    let range = first.start as usize..last.end as usize;
    let mut measured: Vec<Measured> =
        rows(text, range.clone()).iter().filter_map(|row| measure(text, range.clone(), row)).collect();
    measured.extend(spelled(text, tokens).map(|size| Measured { size, holds: Holds::Now }));
    measured.sort_by_key(|measured| measured.size.span);
    join_earlier(&mut measured)
}

/// The rows of numbers that have a unit.
fn rows(text: &str, range: Range<usize>) -> Vec<Row> {
    let bytes = text.as_bytes();
    let mut rows = Vec::new();
    let mut at = range.start;
    while at < range.end {
        if bytes[at].is_ascii() && !bytes[at].is_ascii_digit() && bytes[at] != b'.' {
            at += 1;
            continue;
        }
        let (row, next) = row_at(text, at, range.clone());
        let unit = rows.last().map(|last: &Row| last.unit);
        let row = row.or_else(|| bare_earlier(text, at, range.clone(), unit?));
        rows.extend(row);
        at = next;
    }
    rows
}

/// A number with the unit of the row before it: "8 mm, previously 5".
fn bare_earlier(text: &str, at: usize, range: Range<usize>, unit: f32) -> Option<Row> {
    is_previous(&text[range.start..at]).then(|| bare_row_at(text, at, range, unit))?
}

fn measure(text: &str, range: Range<usize>, row: &Row) -> Option<Measured> {
    let (before, behind) = (&text[range.start..row.start], &text[row.end..range.end]);
    let holds = holds(before, behind, row)?;
    let earlier_mm = (holds == Holds::Change).then_some(row.first_mm);
    let longest_mm = if holds == Holds::Change { row.last_mm } else { row.first_mm.max(row.last_mm) };
    // Of "less than 1 cm" the largest that it can be, so that it is found below 10 mm and not from 10 mm on.
    let longest_mm = if is_upper_bound(before) { longest_mm.next_down() } else { longest_mm };
    // A row of sixty digits is no size.
    let sound = longest_mm.is_finite() && longest_mm > 0.0;
    let size = Size { longest_mm, earlier_mm, span: Span::new(row.start..row.end) };
    sound.then_some(Measured { size, holds })
}

/// The sizes that hold now, each with the one before it. What was before belongs to the size in front of it, "8 mm,
/// previously 5 mm", but to the one behind it in "previously 5 mm, now 8 mm".
fn join_earlier(measured: &mut [Measured]) -> Vec<Size> {
    let several = measured.iter().any(|other| other.holds != Holds::Past);
    for place in 0..measured.len() {
        match measured[place].holds {
            Holds::Earlier => {}
            Holds::Past if several => {}
            _ => continue,
        }
        measured[place].holds = Holds::Earlier;
        let earlier = measured[place].size.longest_mm;
        let said_now = measured.get(place + 1).is_some_and(|next| next.holds == Holds::SaidNow);
        let is_now = |other: &Measured| {
            matches!(other.holds, Holds::Now | Holds::SaidNow) && other.size.earlier_mm.is_none()
        };
        let (before, behind) = measured.split_at_mut(place);
        let in_front = before.last_mut().filter(|other| !said_now && is_now(other));
        let now = in_front.or_else(|| behind.get_mut(1).filter(|other| is_now(other)));
        if let Some(now) = now {
            now.size.earlier_mm = Some(earlier);
        }
    }
    measured
        .iter()
        .filter(|measured| measured.holds != Holds::Earlier)
        .map(|measured| measured.size)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Vocabulary, tokenize};

    fn check(text: &str, expected: &str) {
        let mut tokens = Vec::new();
        tokenize(text, 0..text.len(), &Vocabulary::new(), &mut tokens);
        let shown: Vec<String> = (sizes(text, &tokens).iter())
            .map(|size| {
                let earlier = size.earlier_mm.map(|earlier| format!(" before {earlier}")).unwrap_or_default();
                format!("{}={}{earlier}", &text[size.span.range()], size.longest_mm)
            })
            .collect();
        assert_eq!(shown.join(" | "), expected, "{text}");
    }

    #[test]
    fn sizes_in_millimetres() {
        check("a 2.5 cm mass", "2.5 cm=25");
        check("an 8mm nodule and a 12 mm one", "8mm=8 | 12 mm=12");
        check("3 x 4.2 x 2 cm", "3 x 4.2 x 2 cm=42");
        check("1 by 2 centimeters", "1 by 2 centimeters=20");
        check("between 4 to 6 mm", "4 to 6 mm=6");
        check("an 8-mm nodule, a 5-8 mm one, a 2-3-cm one", "8-mm=8 | 5-8 mm=8 | 2-3-cm=30");
        check("2 inch mass, 1-inch nail", "2 inch=50.8 | 1-inch=25.4");
        check("NODULE 7 MM.", "7 MM=7");
    }

    #[test]
    fn numbers_with_comma_fraction_and_product() {
        check("5,6 cm mass", "5,6 cm=56");
        check("mass of 5,6 x 4,3 cm", "5,6 x 4,3 cm=56");
        check(".5 cm nodule, 0,8-cm nodule", ".5 cm=5 | 0,8-cm=8");
        check("3.0x2.1cm, 3 × 2 × 1 cm, 2X3CM", "3.0x2.1cm=30 | 3 × 2 × 1 cm=30 | 2X3CM=30");
        check("1 1/2 cm, 1-1/2 cm, 3/4 inch", "1 1/2 cm=15 | 1-1/2 cm=15 | 3/4 inch=19.05");
        check("1½ cm and ½ cm", "1½ cm=15 | ½ cm=5");
        check("10 mm x 1.2 cm, 5mm x 6mm, 3 cm x 2", "10 mm x 1.2 cm=12 | 5mm x 6mm=6 | 3 cm x 2=30");
    }

    #[test]
    fn what_was_before_is_told_from_what_holds_now() {
        check("increased from 5 mm to 8 mm", "5 mm to 8 mm=8 before 5");
        check("decreased from 2 x 3 cm to 1 x 1.5 cm", "2 x 3 cm to 1 x 1.5 cm=15 before 30");
        check("nodule increased 5 to 8 mm", "5 to 8 mm=8 before 5");
        check("now 8 mm from 5 mm", "8 mm=8 before 5");
        check("8 mm nodule, previously 5 mm", "8 mm=8 before 5");
        check("8 mm (5 mm on the prior study)", "8 mm=8 before 5");
        check("nodule, previously measuring 5 mm, now 8 mm", "8 mm=8 before 5");
        check("a 2 cm mass; previously 5 mm, now 8 mm", "2 cm=20 | 8 mm=8 before 5");
        check("8 mm compared to 5 mm previously", "8 mm=8 before 5");
        check("8 mm, was 5 mm", "8 mm=8 before 5");
        check("5 mm -> 8 mm, 9 → 7 mm", "5 mm -> 8 mm=8 before 5 | 9 → 7 mm=7 before 9");
        check("8 mm, previously 5", "8 mm=8 before 5");
        check("the nodule was 5 mm", "5 mm=5");
        check("nodule, previously 5 mm", "");
        check("nodules ranging from 5 to 8 mm", "5 to 8 mm=8");
    }

    #[test]
    fn bounds_and_words() {
        check("less than 1 cm", "1 cm=9.999999");
        check("< 5 mm, > 3 cm", "5 mm=4.9999995 | 3 cm=30");
        check("subcentimeter nodule", "subcentimeter=9.999999");
        check("sub-centimetre node, a sub-cm one", "sub-centimetre=9.999999 | sub-cm=9.999999");
        check("a two centimeter mass", "two centimeter=20");
    }

    #[test]
    fn other_numbers_are_no_sizes() {
        check("T12, 3 nodules, 5 years ago, 4 and 5 mm", "5 mm=5");
        check("3 nodules of 4 mm", "4 mm=4");
        check("3 cm2, 5 cc, 10 mL, 1/2/2013, 5 mmHg", "");
        check(&format!("{} mm and 0 mm", "9".repeat(60)), "");
        check("1/0 cm", "");
    }

    #[test]
    fn distances_are_no_sizes() {
        check("tube tip 4 cm above the carina", "");
        check("4.5 cm from the carina, 2 cm superior to it", "");
        check("advance by 3 cm, should be retracted 2 cm", "");
        check("within 2 cm of the carina, at a distance of 3 cm", "");
        check("5 mm slices, slice thickness 3 mm", "");
        check("enlarged by 3 mm", "");
        check("pneumothorax measuring 3 cm from apex to cupola", "3 cm=30");
        check("a 2 cm superior segment mass", "2 cm=20");
    }
}
