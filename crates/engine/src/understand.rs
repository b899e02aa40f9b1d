//! What a query's text asks for, read by the same reader as the reports.

mod details;

use crate::spoken::spoken;
use precedent_lexical::{Asked, AskedFinding};
use precedent_model::{Assertion, FindingId, Mention, Run, SectionKind};
use precedent_report::{Lexicon, ReportReader};

/// Weight of a finding that the text names.
const NAMED: f32 = 1.0;
/// Weight of a finding that implies the named one or is implied by it. "Pneumonia" is a good answer to "airspace disease", and
/// the term itself is a better one.
const RELATED: f32 = 0.5;
/// Weight of what a denied finding is a kind of: a report that denies the broader finding denies this one too, but a report that
/// says so literally comes first.
const DENIED_WITH: f32 = 0.2;
/// Weight of a finding that others might call by the name of this one.
const ALIKE: f32 = 0.15;
/// Weight of a finding that the named one leaves behind: sternotomy wires are a good answer to "bypass", after every report that
/// says "bypass".
const TRACE: f32 = 0.25;

/// Reads a query: the assertion of each of its words, and the findings it names, each with its kinds and with the side, place,
/// size, severity and time asked for.
pub fn understand(reader: &ReportReader, text: &str) -> Asked {
    let spoken = spoken(text);
    let reading = reader.read_text(SectionKind::Body, &spoken);
    let mut asked = Asked { details: details::spans(reader, &spoken), ..Asked::default() };
    for sentence in &reading.sentences {
        asked.runs.extend(sentence.runs.iter().map(|run| Run { assertion: meant(run.assertion), ..*run }));
        if !sentence.mentions.is_empty() {
            asked.leading.extend(details::function_words(&spoken, sentence.span));
        }
        let lasting = |mention: &&Mention| details::is_lasting(reader.lexicon(), mention);
        let leading = sentence.mentions.iter().filter(lasting);
        asked.leading.extend(leading.filter_map(|mention| details::leading(&spoken, mention)));
        asked.findings.extend(sentence.mentions.iter().enumerate().map(|(place, mention)| AskedFinding {
            shares_words: shares_words(&sentence.mentions, place),
            ..finding(reader.lexicon(), &spoken, mention)
        }));
    }
    asked
}

/// Whether a mention shares words with another one that has more words or comes first.
fn shares_words(mentions: &[Mention], place: usize) -> bool {
    let bytes = |mention: &Mention| mention.span.range().len();
    let this = &mentions[place];
    (mentions.iter().enumerate())
        .filter(|(other_place, other)| *other_place != place && other.span.overlaps(this.span))
        .any(|(other_place, other)| (bytes(other), place) > (bytes(this), other_place))
}

fn finding(lexicon: &Lexicon, text: &str, mention: &Mention) -> AskedFinding {
    let named = mention.finding.clone();
    let assertion = meant(mention.assertion);
    let related = related(lexicon, &named, assertion).into_iter().filter(|other| *other != named);
    let (traces, alike) = match assertion {
        Assertion::Present => (lexicon.traces(&named), lexicon.alike(&named)),
        Assertion::Uncertain => (Vec::new(), lexicon.alike(&named)),
        _ => (Vec::new(), Vec::new()),
    };
    let related_weight = if assertion == Assertion::Absent { DENIED_WITH } else { RELATED };
    let findings: Vec<(FindingId, f32)> = std::iter::once((named.clone(), NAMED))
        .chain(related.map(|other| (other, related_weight)))
        .chain(alike.into_iter().map(|other| (other, ALIKE)))
        .chain(traces.into_iter().map(|trace| (trace, TRACE)))
        .collect();
    let details = details::of(lexicon, text, mention);
    AskedFinding { span: mention.span, assertion, findings, details, shares_words: false }
}

/// The findings that, under this assertion, imply the named one: its kinds if it is present, what it is a kind of if it is
/// denied.
pub(crate) fn related(lexicon: &Lexicon, id: &str, assertion: Assertion) -> Vec<FindingId> {
    match assertion {
        Assertion::Absent => lexicon.broader(id),
        _ => lexicon.narrower(id),
    }
}

/// What a question asks for: "rule out pneumothorax", typed as a query, looks for a pneumothorax.
fn meant(assertion: Assertion) -> Assertion {
    match assertion {
        Assertion::Hypothetical => Assertion::Present,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Checks the runs, written as `assertion(words)`, and the findings, as `assertion(words = id*weight)` with the first id
    /// only.
    fn check(text: &str, runs: &[&str], findings: &[&str]) {
        let asked = understand(&ReportReader::new(Lexicon::bundled()), text);
        let shown: Vec<String> = (asked.runs.iter())
            .map(|run| format!("{}({})", run.assertion.name(), text[run.span.range()].trim()))
            .collect();
        assert_eq!(shown, runs, "{text}");
        let shown: Vec<String> = (asked.findings.iter())
            .map(|asked| {
                let (id, weight) = &asked.findings[0];
                format!("{}({} = {id}*{weight})", asked.assertion.name(), &text[asked.span.range()])
            })
            .collect();
        assert_eq!(shown, findings, "{text}");
    }

    #[test]
    fn words_and_findings_come_with_what_the_query_says_of_them() {
        check("pneumothorax", &["present(pneumothorax)"], &["present(pneumothorax = pneumothorax*1)"]);
        check("no pneumothorax", &["absent(pneumothorax)"], &["absent(pneumothorax = pneumothorax*1)"]);
        check("enlarged heart", &["present(enlarged heart)"], &["present(enlarged heart = cardiomegaly*1)"]);
        check("no zebra", &["absent(zebra)"], &[]);
        check(
            "rule out pneumothorax",
            &["present(pneumothorax)"],
            &["present(pneumothorax = pneumothorax*1)"],
        );
        check("", &[], &[]);
    }

    #[test]
    fn two_findings_of_one_part_of_the_body_are_both_asked_for() {
        let asked = understand(&ReportReader::new(Lexicon::bundled()), "calcified tortuous aorta");
        let shown: Vec<(&str, bool)> =
            asked.findings.iter().map(|asked| (&*asked.findings[0].0, asked.shares_words)).collect();
        assert_eq!(shown, [("aortic-atherosclerosis", false), ("aortic-tortuosity", true)]);
    }

    #[test]
    fn signs_of_the_query_language_are_no_language() {
        check(
            "no mass -pneumothorax",
            &["absent(mass)", "present(pneumothorax)"],
            &["absent(mass = mass*1)", "present(pneumothorax = pneumothorax*1)"],
        );
        check("nodule absent:zebra", &["present(nodule)"], &["present(nodule = nodule*1)"]);
        check(
            "\"no mass\" nodule",
            &["absent(mass)", "present(nodule)"],
            &["absent(mass = mass*1)", "present(nodule = nodule*1)"],
        );
        check(
            "no zebra +pleural +effusion",
            &["absent(zebra)", "present(pleural +effusion)"],
            &["present(pleural +effusion = pleural-effusion*1)"],
        );
    }

    #[test]
    fn who_asks_for_an_operation_is_served_by_what_it_leaves() {
        let lexicon = Lexicon::bundled();
        let asked = understand(&ReportReader::new(Arc::clone(&lexicon)), "s/p CABG");
        let (named, weight) = &asked.findings[0].findings[0];
        assert_eq!(
            (&**named, *weight, asked.findings[0].assertion),
            ("coronary-bypass", NAMED, Assertion::Present)
        );
        let traces = asked.findings[0].findings.iter().filter(|(_, weight)| *weight == TRACE);
        assert_eq!(traces.map(|(id, _)| id.clone()).collect::<Vec<_>>(), lexicon.traces("coronary-bypass"));
        let denied = understand(&ReportReader::new(lexicon), "no CABG");
        assert!(denied.findings[0].findings.iter().all(|(_, weight)| *weight != TRACE));
    }

    #[test]
    fn a_named_finding_counts_more_than_its_kinds() {
        let asked = understand(&ReportReader::new(Lexicon::bundled()), "lung opacity");
        let finding = &asked.findings[0];
        assert_eq!((finding.assertion, finding.findings[0].1), (Assertion::Present, NAMED));
        assert!(finding.findings.len() > 1, "opacities have kinds");
        assert!(
            finding.findings[1..]
                .iter()
                .all(|(id, weight)| *weight == RELATED && *id != finding.findings[0].0)
        );
    }
}
