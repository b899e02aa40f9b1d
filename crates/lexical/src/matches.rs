//! Where in a report the words of a query stand.

use crate::TextQuery;
use crate::analyzer::analyzer;
use crate::clause::{Alternative, Occur};
use crate::detail::each_term;
use crate::schema::LexicalField;
use crate::words::{Standing, each_word};
use precedent_model::{Assertion, FindingId, Reading, Report, Span};
use std::collections::{HashMap, HashSet};

/// A place in a report that a query matches: a word, words in a row, or a mention of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMatch {
    /// Which section of the report, from 0.
    pub section: usize,
    /// Where in its text.
    pub span: Span,
    /// What the report says about it. `None` for words that were looked for as they stand.
    pub assertion: Option<Assertion>,
    /// The finding that was looked for; `None` for words.
    pub finding: Option<FindingId>,
}

impl TextQuery {
    /// The places of a report that the clauses match that are not there to leave reports out, ascending by section and
    /// span. A place that several clauses match is given once, with what is known best of it: a mention rather than its
    /// words, and words under an assertion rather than as they stand. Whether the report as a whole matches is not asked.
    ///
    /// Time and memory are linear in the report.
    pub fn matches(&self, report: &Report, reading: &Reading) -> Vec<TextMatch> {
        let positive = || self.clauses().iter().filter(|clause| clause.occur != Occur::MustNot);
        let alternatives: HashSet<&Alternative> =
            positive().flat_map(|clause| &clause.alternatives).collect();
        let (terms, rows): (Vec<_>, Vec<_>) =
            alternatives.into_iter().partition(|alternative| alternative.field == LexicalField::Finding);
        let mut found = mentions(&terms, reading);
        found.extend(words(&rows, report, reading));
        merge(&mut found);
        found
    }
}

/// The mentions that terms of `finding` stand for.
fn mentions(terms: &[&Alternative], reading: &Reading) -> Vec<TextMatch> {
    let terms: HashSet<&str> = terms.iter().flat_map(|term| &term.words).map(String::as_str).collect();
    let mut found = Vec::new();
    for sentence in reading.sentences.iter().filter(|sentence| sentence.kind.is_reported()) {
        for mention in sentence.mentions.iter().filter(|mention| !mention.overridden) {
            let mut wanted = false;
            each_term(mention, |term| wanted |= terms.contains(term));
            if wanted {
                found.push(TextMatch {
                    section: sentence.section,
                    span: mention.span,
                    assertion: Some(mention.assertion),
                    finding: Some(mention.finding.clone()),
                });
            }
        }
    }
    found
}

/// The places of words in a row.
fn words(rows: &[&Alternative], report: &Report, reading: &Reading) -> Vec<TextMatch> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for word in rows.iter().flat_map(|row| &row.words) {
        let next = numbers.len();
        numbers.entry(word).or_insert(next);
    }
    let mut starting: Vec<Vec<(LexicalField, Vec<usize>)>> = vec![Vec::new(); numbers.len()];
    for row in rows {
        let row_numbers: Vec<usize> = row.words.iter().map(|word| numbers[word.as_str()]).collect();
        if let Some(&first) = row_numbers.first() {
            starting[first].push((row.field, row_numbers));
        }
    }
    // Only words of the query, so neighbours here are not always neighbours in the report.
    let mut standing: Vec<(usize, Standing)> = Vec::new();
    each_word(&mut analyzer(), report, reading, |place, word| {
        standing.extend(numbers.get(word).map(|&number| (number, place)));
    });
    let mut found = Vec::new();
    for (at, (number, first)) in standing.iter().enumerate() {
        for (field, row) in &starting[*number] {
            let Some(here) = standing.get(at..at + row.len()) else { continue };
            let holds = |((place, wanted), (number, standing)): ((u32, &usize), &(usize, Standing))| {
                wanted == number && standing.place == place && standing.is_in(*field)
            };
            if let Some((_, last)) = here.last()
                && (first.place..).zip(row).zip(here).all(holds)
            {
                found.push(TextMatch {
                    section: first.section,
                    span: Span { start: first.span.start, end: last.span.end },
                    assertion: match field {
                        LexicalField::Asserted(assertion) => Some(*assertion),
                        _ => None,
                    },
                    finding: None,
                });
            }
        }
    }
    found
}

/// Sorts, and keeps of each place what is known best.
fn merge(found: &mut Vec<TextMatch>) {
    // Findings before words, and those with an assertion before those without.
    found.sort_by(|a, b| {
        let place = |found: &TextMatch| (found.section, found.span);
        let best_first = |found: &TextMatch| (found.finding.is_none(), found.assertion.is_none());
        place(a)
            .cmp(&place(b))
            .then_with(|| best_first(a).cmp(&best_first(b)))
            .then_with(|| (&a.finding, a.assertion).cmp(&(&b.finding, b.assertion)))
    });
    found.dedup_by(|later, earlier| {
        (later.section, later.span) == (earlier.section, earlier.span)
            && (later.finding.is_none() || later == earlier)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain::{ask, document};
    use precedent_model::SectionKind;

    /// The matches of a query in a report of findings and impression, as text: section, what is matched, its assertion,
    /// its finding.
    fn check(query: &str, sections: [&str; 2], expected: &[&str]) {
        let [findings, impression] = sections;
        let (report, reading) =
            document(&[(SectionKind::Findings, findings), (SectionKind::Impression, impression)]).unwrap();
        let shown: Vec<String> = ask(query)
            .matches(&report, &reading)
            .iter()
            .map(|found| {
                let text = &sections[found.section][found.span.range()];
                let assertion = found.assertion.map_or("as it stands", Assertion::name);
                let finding =
                    found.finding.as_deref().map_or(String::new(), |finding| format!(" ({finding})"));
                format!("{} {text}: {assertion}{finding}", found.section)
            })
            .collect();
        assert_eq!(shown, expected, "{query}");
    }

    #[test]
    fn words_are_matched_under_the_assertion_asked_for() {
        let sections = ["Clear lungs. No opacities. May opacity.", "Old opacity"];
        check("opacity", sections, &["0 opacity: uncertain"]);
        check("no opacity", sections, &["0 opacities: absent"]);
        check("old opacity lungs", sections, &["1 opacity: historical"]);
        check(
            "text:opacity",
            sections,
            &["0 opacities: as it stands", "0 opacity: as it stands", "1 opacity: as it stands"],
        );
        check("impression:opacity", sections, &["1 opacity: as it stands"]);
        check("lung +clear", sections, &["0 Clear: present", "0 lungs: present"]);
        check("", sections, &[]);
    }

    #[test]
    fn phrases_are_matched_as_a_whole() {
        let sections = ["Left lower lobe. Lower left lobe", "No left lower lobe"];
        check(r#""left lower""#, sections, &["0 Left lower: present"]);
        check(
            r#"text:"left lower" lobe"#,
            sections,
            &[
                "0 Left lower: as it stands",
                "0 lobe: present",
                "0 lobe: present",
                "1 left lower: as it stands",
            ],
        );
        check(r#""no left""#, sections, &["1 No left: as it stands"]);
        check(r#""lobe no""#, sections, &[]);
        check(r#""a a""#, ["a a a b a a", "x"], &["0 a a: present", "0 a a: present", "0 a a: present"]);
    }

    #[test]
    fn mentions_carry_their_finding() {
        let sections = ["Pleural effusion. May nodule.", "No mass"];
        check("effusion", sections, &["0 Pleural effusion: present (pleural-effusion)"]);
        check("mass", sections, &["0 nodule: uncertain (mass)"]);
        check("no nodule", sections, &["1 mass: absent (mass)"]);
    }

    #[test]
    fn clauses_that_leave_out_match_nothing() {
        check("-mass -lobe lung", ["Mass in lobe of lung.", "x"], &["0 lung: present"]);
    }

    #[test]
    fn a_place_is_given_once_with_what_is_known_best() {
        let sections = ["Mass.", "No lung"];
        check(r#"text:mass mass "mass" findings:mass"#, sections, &["0 Mass: present (mass)"]);
        check(r#"text:mass "mass" findings:mass"#, sections, &["0 Mass: present"]);
        check("impression:lung absent:lung text:lung", sections, &["1 lung: absent"]);
    }

    #[test]
    fn questions_and_headings_are_matched_only_where_they_are_found() {
        let sections = ["INDICATION: mass and cough IMPRESSION: cough", "x"];
        check("cough mass", sections, &["0 cough: present"]);
        check(
            "indication:cough text:impression indication:mass",
            sections,
            &["0 mass: as it stands", "0 cough: as it stands", "0 IMPRESSION: as it stands"],
        );
    }

    /// A report is found exactly if something of it is matched, where every clause is one that may hold.
    #[test]
    fn what_is_found_is_what_is_matched() {
        let texts = [
            "Mass.",
            "No mass.",
            "May effusion",
            "Lung mass",
            "INDICATION: mass",
            "Small lung",
            "Nodule. Old lung.",
        ];
        let documents = texts.map(|text| document(&[(SectionKind::Body, text)]));
        for query in [
            "mass",
            "no mass",
            "nodule lung",
            r#""lung mass""#,
            "effusion",
            "text:lung",
            "indication:mass",
            "old lung",
        ] {
            let query = ask(query);
            let found: Vec<usize> = {
                let mut found: Vec<_> =
                    crate::plain::check(&documents, 0, &query).iter().map(|hit| hit.0).collect();
                found.sort_unstable();
                found
            };
            let matched = documents.iter().enumerate().filter_map(|(place, document)| {
                let (report, reading) = document.as_ref()?;
                (!query.matches(report, reading).is_empty()).then_some(place)
            });
            assert_eq!(matched.collect::<Vec<_>>(), found);
        }
    }
}
