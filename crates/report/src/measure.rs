//! Sizes as written: "2.5 cm", "8mm", "3 x 4 x 2 cm", "1.2-1.5 cm".

use crate::token::{NUMBER, Token};
use precedent_model::{Size, Span};

/// The sizes in the tokens of a sentence, ascending. Numbers in a row, joined by "x", "by", "-" or "to", share the unit
/// behind the last of them.
pub(crate) fn sizes(text: &str, tokens: &[Token]) -> Vec<Size> {
    let mut sizes = Vec::new();
    let mut row: Option<(usize, f32)> = None;
    for (at, token) in tokens.iter().enumerate() {
        let word = &text[token.range()];
        if token.word == NUMBER {
            let number: f32 = word.parse().unwrap_or(0.0);
            row = Some(match row {
                Some((first, longest)) if at > first => (first, longest.max(number)),
                _ => (at, number),
            });
        } else if let Some((first, longest)) = row {
            match unit(word) {
                Some(millimetres) => {
                    sizes.push(size(tokens[first], *token, longest * millimetres));
                    row = None;
                }
                None if joins(word) => {}
                None => row = None,
            }
        } else if let Some((number, millimetres)) = glued(word) {
            sizes.push(size(*token, *token, number * millimetres));
        }
    }
    // A row of sixty digits is no size.
    sizes.retain(|size| size.longest_mm.is_finite() && size.longest_mm > 0.0);
    sizes
}

fn size(first: Token, last: Token, longest_mm: f32) -> Size {
    Size { longest_mm, earlier_mm: None, span: Span { start: first.start, end: last.end } }
}

fn unit(word: &str) -> Option<f32> {
    ["mm", "millimeter", "millimeters", "millimetre", "millimetres"]
        .iter()
        .any(|name| word.eq_ignore_ascii_case(name))
        .then_some(1.0)
        .or_else(|| {
            ["cm", "cms", "centimeter", "centimeters", "centimetre", "centimetres"]
                .iter()
                .any(|name| word.eq_ignore_ascii_case(name))
                .then_some(10.0)
        })
}

fn joins(word: &str) -> bool {
    ["x", "by", "-", "to", "×", "\u{2013}"].iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// "8mm" and "2.5cm".
fn glued(word: &str) -> Option<(f32, f32)> {
    let letters = word.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let millimetres = unit(&word[letters..])?;
    Some((word[..letters].parse().ok()?, millimetres))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Vocabulary, tokenize};

    fn check(text: &str, expected: &str) {
        let mut tokens = Vec::new();
        tokenize(text, 0..text.len(), &Vocabulary::new(), &mut tokens);
        let shown: Vec<String> = (sizes(text, &tokens).iter())
            .map(|size| format!("{}={}", &text[size.span.range()], size.longest_mm))
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
    }

    #[test]
    fn other_numbers_are_no_sizes() {
        check("T12, 3 nodules, 5 years ago, 4 and 5 mm", "5 mm=5");
        check("3 nodules of 4 mm", "4 mm=4");
        check(&format!("{} mm and 0 mm", "9".repeat(60)), "");
    }
}
