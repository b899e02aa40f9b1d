//! Places in a text, counted as every client's language counts.

use crate::small;
use precedent_model::Span;
use precedent_wire::v1;

/// For each of the places asked for, in bytes, how many UTF-16 code units stand before it.
pub(crate) struct Utf16Counts(Vec<(u32, u32)>);

impl Utf16Counts {
    /// Counts once through the text, whatever the number of spans.
    pub(crate) fn of(text: &str, spans: impl Iterator<Item = Span>) -> Self {
        let mut places: Vec<u32> = spans.flat_map(|span| [span.start, span.end]).collect();
        places.sort_unstable();
        places.dedup();
        let mut units = 0;
        let mut rest = text.char_indices().peekable();
        let count = |place: u32| {
            while let Some((_, c)) = rest.next_if(|(at, _)| *at < place as usize) {
                units += c.len_utf16();
            }
            (place, small(units))
        };
        Self(places.into_iter().map(count).collect())
    }

    pub(crate) fn span(&self, span: Span) -> v1::TextSpan {
        v1::TextSpan {
            start_byte: span.start,
            end_byte: span.end,
            start_utf16: self.at(span.start),
            end_utf16: self.at(span.end),
        }
    }

    fn at(&self, place: u32) -> u32 {
        self.0.binary_search_by_key(&place, |(at, _)| *at).map_or(0, |found| self.0[found].1)
    }
}

#[cfg(test)]
/// What a browser's `slice` gives.
pub(crate) fn slice_utf16(text: &str, span: &v1::TextSpan) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    String::from_utf16(&units[span.start_utf16 as usize..span.end_utf16 as usize]).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn utf16_slices_are_byte_slices(text in "[aé🫁 ]{1,40}", cuts in proptest::collection::vec(0..40_usize, 2..12)) {
            let borders: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let spans: Vec<Span> = (cuts.chunks_exact(2))
                .map(|pair| [borders[pair[0] % borders.len()], borders[pair[1] % borders.len()]])
                .map(|[a, b]| Span::new(a.min(b)..a.max(b)))
                .collect();
            let counts = Utf16Counts::of(&text, spans.iter().copied());
            for span in spans {
                prop_assert_eq!(slice_utf16(&text, &counts.span(span)), &text[span.range()]);
            }
        }
    }
}
