//! Tables, for a terminal and for Markdown.

use crate::figures::Interval;
use std::fmt::Write;

/// One part of the answer: what was measured, in words and rows.
#[derive(Debug, Default)]
pub struct Chapter {
    pub title: String,
    pub notes: Vec<String>,
    pub tables: Vec<Table>,
}

/// Rows under a head; the first column is text, the others numbers.
#[derive(Debug)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn markdown(&self) -> String {
        let mut text = format!("| {} |\n|{}\n", self.head.join(" | "), "---|".repeat(self.head.len()));
        for row in &self.rows {
            text += &format!("| {} |\n", row.join(" | "));
        }
        text
    }

    fn plain(&self) -> String {
        let head: Vec<String> = self.head.iter().map(|&cell| cell.to_owned()).collect();
        let width = |column: usize| {
            let cells = self.rows.iter().chain([&head]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let mut text = String::new();
        for row in [&head].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                // Writing to a string does not fail.
                let _ = if column == 0 {
                    write!(line, "{cell:<width$}")
                } else {
                    write!(line, "  {cell:>width$}")
                };
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }
}

impl Chapter {
    pub fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n", self.title);
        for note in &self.notes {
            text += &format!("{note}\n\n");
        }
        let tables: Vec<String> = self.tables.iter().map(Table::markdown).collect();
        text + &tables.join("\n")
    }

    pub fn plain(&self) -> String {
        let mut text = format!("{}\n", self.title);
        for note in &self.notes {
            text += &format!("{note}\n");
        }
        for table in &self.tables {
            text.push('\n');
            text += &table.plain();
        }
        text
    }
}

/// A figure with three decimals.
pub fn figure(value: f64) -> String {
    format!("{value:.3}")
}

/// An interval beside its figure.
pub fn interval(interval: Interval) -> String {
    format!("{:.3} to {:.3}", interval.low, interval.high)
}

/// Puts `block` between the two marker lines of a document.
///
/// # Errors
/// A document without the two markers, in this order.
pub fn replace_block(document: &str, name: &str, block: &str) -> Result<String, String> {
    let (start, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let problem = || format!("has no block between {start} and {end}; add the two lines");
    let (before, rest) = document.split_once(&start).ok_or_else(problem)?;
    let (_, after) = rest.split_once(&end).ok_or_else(problem)?;
    Ok(format!("{before}{start}\n{}\n{end}{after}", block.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_in_both_forms() {
        let mut table = Table::new(&["label", "F1"]);
        table.row(vec!["Mass".into(), figure(0.5)]);
        let chapter = Chapter { title: "T".into(), notes: vec!["N.".into()], tables: vec![table] };
        assert_eq!(chapter.markdown(), "### T\n\nN.\n\n| label | F1 |\n|---|---|\n| Mass | 0.500 |\n");
        assert_eq!(chapter.plain(), "T\nN.\n\nlabel     F1\nMass   0.500\n");
    }

    #[test]
    fn a_block_is_replaced_and_the_rest_stays() {
        let document = "a\n<!-- q -->\nold\n<!-- /q -->\nb\n";
        let written = replace_block(document, "q", "new\n").unwrap();
        assert_eq!(written, "a\n<!-- q -->\nnew\n<!-- /q -->\nb\n");
        assert_eq!(replace_block(&written, "q", "new").unwrap(), written);
        assert!(replace_block("<!-- /q --> <!-- q -->", "q", "").unwrap_err().contains("<!-- /q -->"));
    }
}
