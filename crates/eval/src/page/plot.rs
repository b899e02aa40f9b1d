//! Plots as SVG.

use super::escaped;
use super::table::shown;
use crate::intervals::Figure;

const WIDTH: f64 = 860.0;
/// Where the axis begins, right of the labels, and where it ends.
const LEFT: f64 = 220.0;
const RIGHT: f64 = 760.0;
const ROW: f64 = 22.0;
/// Longest label, in characters.
const LABEL: usize = 32;
/// Colours of lines.
const COLOURS: [&str; 3] = ["var(--one)", "var(--two)", "#8fd694"];

/// A value with its interval in a row of its own.
pub(super) struct Dot<'a> {
    pub label: &'a str,
    pub figure: Figure,
    /// A value to compare with.
    pub mark: Option<f64>,
}

impl<'a> Dot<'a> {
    pub fn of(label: &'a str, figure: Figure) -> Self {
        Self { label, figure, mark: None }
    }
}

/// Values by a number.
pub(super) struct Line {
    pub name: &'static str,
    pub points: Vec<(f64, Figure)>,
}

fn svg(height: f64, title: &str, inner: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         xmlns=\"http://www.w3.org/2000/svg\"><title>{}</title>{inner}</svg>",
        escaped(title)
    )
}

fn text(x: f64, y: f64, anchor: &str, class: &str, words: &str) -> String {
    format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{}</text>",
        escaped(words)
    )
}

fn stroke(from: (f64, f64), to: (f64, f64), colour: &str, width: f64) -> String {
    format!(
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
        from.0, from.1, to.0, to.1
    )
}

fn label(words: &str) -> String {
    match words.chars().count() {
        long if long > LABEL => words.chars().take(LABEL - 1).chain(['\u{2026}']).collect(),
        _ => words.to_owned(),
    }
}

/// One row per value on an axis from 0 to 1.
pub(super) fn dots(rows: &[Dot<'_>], axis: &str) -> String {
    rows_on(rows, axis, 0.0, 1.0, shown)
}

/// One row per difference on an axis around 0.
pub(super) fn differences(rows: &[Dot<'_>]) -> String {
    let ends = rows.iter().flat_map(|row| {
        let range = row.figure.interval;
        [row.figure.value, range.map_or(0.0, |range| range.low), range.map_or(0.0, |range| range.high)]
    });
    let widest = ends.fold(0.01_f64, |widest, end| widest.max(end.abs())) * 1.1;
    rows_on(rows, "difference", -widest, widest, |value| format!("{value:+.3}"))
}

fn rows_on(rows: &[Dot<'_>], axis: &str, low: f64, high: f64, written: impl Fn(f64) -> String) -> String {
    let x = |value: f64| LEFT + (value.clamp(low, high) - low) / (high - low) * (RIGHT - LEFT);
    let bottom = 12.0 + rows.len() as f64 * ROW;
    let mut inner = String::new();
    for step in 0..=4 {
        let value = low + (high - low) * f64::from(step) / 4.0;
        inner += &stroke((x(value), 6.0), (x(value), bottom), "var(--line)", 1.0);
        inner += &text(x(value), bottom + 16.0, "middle", "quiet", &written(value));
    }
    if low < 0.0 {
        inner += &stroke((x(0.0), 6.0), (x(0.0), bottom), "var(--quiet)", 1.0);
    }
    inner += &text(f64::midpoint(LEFT, RIGHT), bottom + 34.0, "middle", "quiet", axis);
    for (place, row) in rows.iter().enumerate() {
        let y = 12.0 + (place as f64 + 0.5) * ROW;
        inner += &text(LEFT - 10.0, y + 4.0, "end", "", &label(row.label));
        if let Some(mark) = row.mark {
            inner += &stroke((x(mark), y - 7.0), (x(mark), y + 7.0), "var(--chance)", 2.0);
        }
        if let Some(range) = row.figure.interval {
            inner += &stroke((x(range.low), y), (x(range.high), y), "var(--one)", 2.0);
        }
        inner +=
            &format!("<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"var(--one)\"/>", x(row.figure.value));
        inner += &text(RIGHT + 14.0, y + 4.0, "start", "quiet", &written(row.figure.value));
    }
    svg(bottom + 42.0, axis, &inner)
}

/// Lines with bands over a logarithmic axis, values from 0 to 1.
pub(super) fn lines(series: &[Line], axis: &str) -> String {
    let (left, top, bottom) = (60.0, 14.0, 250.0);
    let all = || series.iter().flat_map(|line| line.points.iter().map(|(at, _)| *at));
    let (first, last) = all().fold((f64::MAX, f64::MIN), |(first, last), at| (first.min(at), last.max(at)));
    let width = (last.ln() - first.ln()).max(1e-9);
    let x = |at: f64| left + (at.ln() - first.ln()) / width * (RIGHT - left - 40.0);
    let y = |value: f64| bottom - value.clamp(0.0, 1.0) * (bottom - top);
    let mut inner = String::new();
    for step in 0..=4 {
        let value = f64::from(step) / 4.0;
        inner += &stroke((left, y(value)), (RIGHT - 40.0, y(value)), "var(--line)", 1.0);
        inner += &text(left - 8.0, y(value) + 4.0, "end", "quiet", &format!("{value:.2}"));
    }
    let mut ticks: Vec<f64> = all().collect();
    ticks.sort_by(f64::total_cmp);
    ticks.dedup();
    let mut free_from = f64::MIN;
    for at in ticks.into_iter().filter(|at| at.is_finite()) {
        if x(at) >= free_from {
            inner += &text(x(at), bottom + 18.0, "middle", "quiet", &format!("{at}"));
            free_from = x(at) + 44.0;
        }
    }
    inner += &text(f64::midpoint(left, RIGHT), bottom + 36.0, "middle", "quiet", axis);
    for (place, (line, colour)) in series.iter().zip(COLOURS).enumerate() {
        let path = |points: &mut dyn Iterator<Item = (f64, f64)>| -> String {
            points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
        };
        let upper = line.points.iter().filter_map(|(at, figure)| Some((x(*at), y(figure.interval?.high))));
        let lower =
            line.points.iter().rev().filter_map(|(at, figure)| Some((x(*at), y(figure.interval?.low))));
        let band = path(&mut upper.chain(lower));
        inner += &format!("<polygon points=\"{band}\" fill=\"{colour}\" fill-opacity=\"0.18\"/>");
        let middle = path(&mut line.points.iter().map(|(at, figure)| (x(*at), y(figure.value))));
        inner +=
            &format!("<polyline points=\"{middle}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
        let key = top + 8.0 + place as f64 * 20.0;
        inner += &stroke((RIGHT - 24.0, key), (RIGHT - 6.0, key), colour, 3.0);
        inner += &text(RIGHT, key + 4.0, "start", "", line.name);
    }
    svg(bottom + 44.0, axis, &inner)
}

/// Lines with bands, both axes from 0 to 1, with the diagonal if it is wanted.
pub(super) fn on_square(series: &[Line], axis: &str, diagonal: bool) -> String {
    let (left, right, top, bottom) = (60.0, 420.0, 14.0, 324.0);
    let x = |value: f64| left + value.clamp(0.0, 1.0) * (right - left);
    let y = |value: f64| bottom - value.clamp(0.0, 1.0) * (bottom - top);
    let mut inner = String::new();
    for step in 0..=4 {
        let value = f64::from(step) / 4.0;
        inner += &stroke((left, y(value)), (right, y(value)), "var(--line)", 1.0);
        inner += &text(left - 8.0, y(value) + 4.0, "end", "quiet", &format!("{value:.2}"));
        inner += &text(x(value), bottom + 18.0, "middle", "quiet", &format!("{value:.2}"));
    }
    if diagonal {
        inner += &stroke((x(0.0), y(0.0)), (x(1.0), y(1.0)), "var(--chance)", 1.0);
    }
    inner += &text(f64::midpoint(left, right), bottom + 36.0, "middle", "quiet", axis);
    for (place, (line, colour)) in series.iter().zip(COLOURS).enumerate() {
        let points: Vec<String> =
            line.points.iter().map(|(at, figure)| format!("{:.1},{:.1}", x(*at), y(figure.value))).collect();
        inner += &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
        for (at, figure) in &line.points {
            if let Some(range) = figure.interval {
                inner += &stroke((x(*at), y(range.low)), (x(*at), y(range.high)), colour, 1.0);
            }
            let (x, y) = (x(*at), y(figure.value));
            inner += &format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>");
        }
        let key = top + 8.0 + place as f64 * 20.0;
        inner += &stroke((right + 24.0, key), (right + 42.0, key), colour, 3.0);
        inner += &text(right + 50.0, key + 4.0, "start", "", line.name);
    }
    svg(bottom + 44.0, axis, &inner)
}

/// One bar per share.
pub(super) fn bars(shares: &[(String, f64)], axis: &str) -> String {
    let (left, top, bottom) = (60.0, 14.0, 200.0);
    let most = shares.iter().map(|(_, share)| *share).fold(1e-9, f64::max);
    let step = (RIGHT - left) / shares.len().max(1) as f64;
    let mut inner = stroke((left, bottom), (RIGHT, bottom), "var(--line)", 1.0);
    for (place, (label, share)) in shares.iter().enumerate() {
        let (x, height) = (left + place as f64 * step, share / most * (bottom - top));
        inner += &format!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"var(--one)\"/>",
            x + 2.0,
            bottom - height,
            (step - 4.0).max(1.0)
        );
        inner += &text(x + step / 2.0, bottom + 16.0, "middle", "quiet", label);
    }
    inner += &text(left - 8.0, top + 8.0, "end", "quiet", &shown(most));
    inner += &text(left - 8.0, bottom, "end", "quiet", "0");
    inner += &text(f64::midpoint(left, RIGHT), bottom + 34.0, "middle", "quiet", axis);
    svg(bottom + 42.0, axis, &inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervals::Interval;

    #[test]
    fn labels_are_escaped_and_bounded() {
        let figure = Figure { value: 0.5, interval: Some(Interval { low: 0.4, high: 0.6 }) };
        let svg = dots(&[Dot::of("<script>alert(1)</script> and much more than fits", figure)], "mean");
        assert!(!svg.contains("<script"), "{svg}");
        assert!(svg.contains("&lt;script&gt;") && svg.contains('\u{2026}'), "{svg}");
    }

    #[test]
    fn plots_of_nothing_are_plots() {
        for svg in
            [dots(&[], "a"), differences(&[]), lines(&[], "a"), bars(&[], "a"), on_square(&[], "a", true)]
        {
            assert!(svg.starts_with("<svg") && svg.ends_with("</svg>") && !svg.contains("NaN"), "{svg}");
        }
    }
}
