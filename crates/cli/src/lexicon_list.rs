//! The findings of a lexicon, as a list.

use crate::output::printable;
use crate::style::Style;
use precedent_report::{FindingEntry, Lexicon};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Prints every finding: id, name, RadLex id, what it is a kind of, how many phrases.
pub fn print(out: &mut impl Write, lexicon: &Lexicon, as_json: bool, style: Style) -> io::Result<()> {
    if as_json {
        let findings = lexicon.findings().map(|finding| {
            json!({
                "finding": finding.id,
                "name": finding.name,
                "radlex": finding.radlex,
                "parents": finding.parents,
                "phrases": finding.phrases.len(),
            })
        });
        let list = json!({ "lexicon": lexicon.fingerprint(), "findings": findings.collect::<Value>() });
        return writeln!(out, "{list:#}");
    }
    let longest = |of: fn(&FindingEntry) -> &str, least: usize| {
        lexicon.findings().map(|finding| of(finding).chars().count()).max().unwrap_or(0).max(least)
    };
    let (ids, names) = (longest(|finding| &finding.id, 2), longest(|finding| &finding.name, 4));
    let line = |id: &str, name: &str, radlex: &str, phrases: &str, parents: &str| {
        let line = format!("{id:<ids$}  {name:<names$}  {radlex:<9}  {phrases:>7}  {parents}");
        printable(line.trim_end())
    };
    writeln!(out, "{}", style.bold(&line("id", "name", "RadLex", "phrases", "a kind of")))?;
    for finding in lexicon.findings() {
        let radlex = finding.radlex.as_deref().unwrap_or("-");
        let (phrases, parents) = (finding.phrases.len().to_string(), finding.parents.join(", "));
        writeln!(out, "{}", line(&finding.id, &finding.name, radlex, &phrases, &parents))?;
    }
    writeln!(out, "{}", style.faint(&format!("lexicon {}", lexicon.fingerprint())))
}
