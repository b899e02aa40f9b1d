//! The picture of how an index grew: times and memory over the number of cases, both axes logarithmic.

use crate::Line;
use precedent_benches::figures::percentile;
use std::fmt::Write;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 420.0;
/// Room around the lines of a panel for what is written there.
const LEFT: f64 = 64.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 56.0;
const PANEL: f64 = 300.0;
/// Names stand at least so far apart.
const NAME_HEIGHT: f64 = 14.0;
const COLOURS: [&str; 4] = ["#1f5f99", "#b8541a", "#2d7a46", "#7a3f8f"];

/// One half of the picture.
struct Panel {
    title: &'static str,
    /// The goal beside its words.
    goals: Vec<(f64, &'static str)>,
    lines: Vec<(&'static str, Vec<(f64, f64)>)>,
}

/// Times and memory beside each other, as SVG.
pub fn picture(lines: &[Line]) -> String {
    let over_cases = |value: &dyn Fn(&Line) -> f64| -> Vec<(f64, f64)> {
        let points = lines.iter().map(|line| (line.cases as f64, value(line)));
        points.filter(|(_, value)| value.is_finite() && *value > 0.0).collect()
    };
    let p99 = |values: &[f64]| if values.is_empty() { 0.0 } else { percentile(values, 0.99) };
    let panels = [
        Panel {
            title: "milliseconds, p99",
            goals: vec![(400.0, "goal of a commit"), (1_000.0, "goal until found")],
            lines: vec![
                ("commit", over_cases(&|line| p99(&line.commits))),
                ("until found", over_cases(&|line| p99(&line.seen.visible))),
                ("search", over_cases(&|line| p99(&line.seen.searches))),
                ("call of 500", over_cases(&|line| p99(&line.calls))),
            ],
        },
        Panel {
            title: "memory, MB",
            goals: vec![(2_000.0, "goal to serve"), (8_000.0, "goal to merge")],
            lines: vec![
                ("anonymous", over_cases(&|line| line.usage.anonymous_mb)),
                ("at most", over_cases(&|line| line.seen.peak_mb)),
                ("mapped files", over_cases(&|line| line.usage.mapped_mb)),
            ],
        },
    ];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>How one index grew</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    for (place, panel) in panels.iter().enumerate() {
        panel.draw(&mut svg, place as f64 * WIDTH / 2.0 + LEFT);
    }
    svg + "</svg>\n"
}

/// From the power of ten below all values to the one above.
fn decades(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let lowest = values.clone().fold(f64::INFINITY, f64::min).log10().floor();
    let highest = values.fold(f64::NEG_INFINITY, f64::max).log10().ceil();
    match lowest.is_finite() && highest.is_finite() {
        true => (lowest, highest.max(lowest + 1.0)),
        false => (0.0, 1.0),
    }
}

impl Panel {
    fn draw(&self, svg: &mut String, left: f64) {
        let points = || self.lines.iter().flat_map(|(_, points)| points);
        let (x_from, x_to) = decades(points().map(|point| point.0));
        let goals = self.goals.iter().map(|goal| goal.0);
        let (y_from, y_to) = decades(points().map(|point| point.1).chain(goals));
        let height = HEIGHT - TOP - BOTTOM;
        let x = |cases: f64| left + (cases.log10() - x_from) / (x_to - x_from) * PANEL;
        let y = |value: f64| TOP + height - (value.log10() - y_from) / (y_to - y_from) * height;
        // Writing to a string does not fail.
        let mut put = |text: String| {
            let _ = writeln!(svg, "{text}");
        };
        put(format!("<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">{}</text>", TOP - 16.0, self.title));
        for decade in x_from as i32..=x_to as i32 {
            let (at, bottom) = (x(10_f64.powi(decade)), TOP + height);
            put(format!("<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/>"));
            put(format!(
                "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                bottom + 18.0,
                number(decade)
            ));
        }
        let middle = left + PANEL / 2.0;
        put(format!(
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">cases</text>",
            TOP + height + 40.0
        ));
        for decade in y_from as i32..=y_to as i32 {
            let at = y(10_f64.powi(decade));
            put(format!("<path d=\"M{left} {at:.1}H{}\" stroke=\"#ddd\"/>", left + PANEL));
            put(format!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 6.0,
                at + 4.0,
                number(decade)
            ));
        }
        for (value, words) in &self.goals {
            let at = y(*value);
            put(format!(
                "<path d=\"M{left} {at:.1}H{}\" stroke=\"#555\" stroke-dasharray=\"5 4\"/>",
                left + PANEL
            ));
            put(format!("<text x=\"{}\" y=\"{:.1}\" fill=\"#555\">{words}</text>", left + 6.0, at - 4.0));
        }
        let mut names: Vec<(f64, &str, &str)> = Vec::new();
        for ((name, points), colour) in self.lines.iter().zip(COLOURS) {
            let path: Vec<String> =
                points.iter().map(|point| format!("{:.1} {:.1}", x(point.0), y(point.1))).collect();
            put(format!(
                "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join("L")
            ));
            for point in points {
                put(format!(
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                    x(point.0),
                    y(point.1)
                ));
            }
            if let Some(last) = points.last() {
                names.push((y(last.1), name, colour));
            }
        }
        names.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free = 0.0_f64;
        for (at, name, colour) in names {
            let at = at.max(free);
            free = at + NAME_HEIGHT;
            put(format!(
                "<text x=\"{}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
                left + PANEL + 8.0,
                at + 4.0
            ));
        }
    }
}

/// A power of ten as people write it.
fn number(decade: i32) -> String {
    match decade {
        6.. => format!("{} million", 10_f64.powi(decade - 6)),
        3..6 => format!("{},000", 10_f64.powi(decade - 3)),
        _ => 10_f64.powi(decade).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_powers_of_ten_around_all_values() {
        assert_eq!(decades([30.0, 4_000.0].into_iter()), (1.0, 4.0));
        assert_eq!(decades([100.0].into_iter()), (2.0, 3.0));
        assert_eq!(decades(std::iter::empty()), (0.0, 1.0));
    }

    #[test]
    fn powers_of_ten_are_written_as_people_write_them() {
        assert_eq!(
            [-1, 0, 3, 5, 6, 7].map(number),
            ["0.1", "1", "1,000", "100,000", "1 million", "10 million"]
        );
    }
}
