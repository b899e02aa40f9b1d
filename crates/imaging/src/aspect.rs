//! Square pixels: the denser axis is averaged down, nothing is invented.

/// Ratios this near to 1 are left alone.
const TOLERANCE: f64 = 0.01;

/// Makes the pixels of a picture of `columns` × `rows` square, where each is `ratio` times as high as wide.
pub(crate) fn square((columns, rows): (u32, u32), ratio: f64, pixels: Vec<u16>) -> ((u32, u32), Vec<u16>) {
    let whole = |length: f64, side: u32| (length.round() as u32).clamp(1, side);
    if (ratio - 1.0).abs() <= TOLERANCE {
        return ((columns, rows), pixels);
    }
    if ratio > 1.0 {
        let width = whole(f64::from(columns) / ratio, columns);
        let weights = Weights::new(columns, width);
        let squared = pixels.chunks_exact(columns as usize).flat_map(|row| weights.average(|at| row.get(at)));
        return ((width, rows), squared.collect());
    }
    let height = whole(f64::from(rows) * ratio, rows);
    let mut squared = Vec::with_capacity(columns as usize * height as usize);
    for span in Weights::new(rows, height).spans() {
        squared.extend(
            (0..columns as usize).map(|x| span.average(|row| pixels.get(row * columns as usize + x))),
        );
    }
    ((columns, height), squared)
}

/// How `from` pixels share in `to` pixels of an axis, in whole numbers: a source pixel is `to` long, a target pixel `from`.
struct Weights {
    from: u64,
    to: u64,
}

/// The part of the axis that one target pixel covers.
struct Span {
    start: u64,
    end: u64,
    source: u64,
}

impl Weights {
    fn new(from: u32, to: u32) -> Self {
        Self { from: from.into(), to: to.into() }
    }

    fn spans(&self) -> impl Iterator<Item = Span> {
        let Self { from, to } = *self;
        (0..to).map(move |at| Span { start: at * from, end: (at + 1) * from, source: to })
    }

    fn average<'a>(&self, at: impl Fn(usize) -> Option<&'a u16>) -> impl Iterator<Item = u16> {
        self.spans().map(move |span| span.average(&at))
    }
}

impl Span {
    /// The mean of the source pixels, each weighted by what of it lies in the span; halves are rounded up.
    fn average<'a>(&self, at: impl Fn(usize) -> Option<&'a u16>) -> u16 {
        let (first, last) = (self.start / self.source, self.end.div_ceil(self.source));
        let sum: u64 = (first..last)
            .map(|index| {
                let from = self.start.max(index * self.source);
                let to = self.end.min((index + 1) * self.source);
                (to - from) * at(index as usize).copied().map_or(0, u64::from)
            })
            .sum();
        let length = self.end - self.start;
        ((sum + length / 2) / length) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn square_pixels_stay() {
        for ratio in [1.0, 0.991, 1.009] {
            assert_eq!(square((2, 2), ratio, vec![1, 2, 3, 4]), ((2, 2), vec![1, 2, 3, 4]));
        }
    }

    #[test]
    fn high_pixels_lose_columns() {
        let pixels = vec![10, 20, 30, 40, 0, 0, 100, 101];
        assert_eq!(square((4, 2), 2.0, pixels), ((2, 2), vec![15, 35, 0, 101]));
    }

    #[test]
    fn wide_pixels_lose_rows() {
        let pixels = vec![10, 1, 20, 1, 30, 1];
        // 3 rows to 2: the middle one is shared.
        assert_eq!(square((2, 3), 2.0 / 3.0, pixels), ((2, 2), vec![13, 1, 27, 1]));
    }

    #[test]
    fn a_constant_stays_and_extremes_do_not_overflow() {
        for ratio in [0.125, 0.3, 0.77, 1.5, 8.0] {
            let ((width, height), pixels) = square((37, 41), ratio, vec![u16::MAX; 37 * 41]);
            assert_eq!(pixels.len(), (width * height) as usize, "{ratio}");
            assert!(pixels.iter().all(|&pixel| pixel == u16::MAX), "{ratio}");
        }
        assert_eq!(square((1, 5), 8.0, vec![7; 5]).0, (1, 5));
    }
}
