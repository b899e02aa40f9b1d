//! Tables and numbers of the page.

use super::escaped;
use crate::intervals::Figure;

/// Rows under a head; the first column is text.
pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|&cell| cell.to_owned()).collect(), rows: Vec::new() }
    }

    pub fn row(&mut self, first: &str, rest: impl IntoIterator<Item = String>) {
        self.rows.push(std::iter::once(first.to_owned()).chain(rest).collect());
    }

    /// The table, in view.
    pub fn open(&self) -> String {
        let cells = |cells: &[String], tag: &str| -> String {
            cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect()
        };
        let rows: String = self.rows.iter().map(|row| format!("<tr>{}</tr>\n", cells(row, "td"))).collect();
        let head = cells(&self.head, "th");
        format!(
            "<div class=\"scroll\"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"
        )
    }

    /// The table behind a line to click on.
    pub fn folded(&self, summary: &str) -> String {
        format!("<details><summary>{}</summary>\n{}</details>\n", escaped(summary), self.open())
    }
}

/// A number as figures are shown.
pub(super) fn shown(value: f64) -> String {
    format!("{value:.3}")
}

pub(super) fn figure(figure: &Figure) -> String {
    shown(figure.value)
}

pub(super) fn interval(figure: &Figure) -> Option<String> {
    figure.interval.map(|range| format!("{} to {}", shown(range.low), shown(range.high)))
}
