//! Which sentences of a report can be evidence.

use crate::Lexicon;
use precedent_model::{Assertion, FindingId, Sentence};

/// Whether a sentence says something of the examination itself, in a part of the report that does, and no addendum takes it back.
pub fn speaks_of_examination(sentence: &Sentence) -> bool {
    sentence.kind.is_reported() && !sentence.comparison && !sentence.is_overridden()
}

/// The findings that a sentence says are there, or may be, ascending by id; `None` for a sentence that is no evidence of any: what many
/// reports share, what denies, what compares with an earlier study or was true before, what an addendum takes back.
pub fn evident_findings(sentence: &Sentence, lexicon: &Lexicon) -> Option<Vec<(FindingId, Assertion)>> {
    if sentence.boilerplate || !speaks_of_examination(sentence) {
        return None;
    }
    let is_normal = |id: &FindingId| lexicon.finding(id).is_none_or(|entry| entry.normal);
    let mut findings: Vec<(FindingId, Assertion)> = (sentence.mentions.iter())
        .filter(|mention| matches!(mention.assertion, Assertion::Present | Assertion::Uncertain))
        .filter(|mention| !is_normal(&mention.finding))
        .map(|mention| (mention.finding.clone(), mention.assertion))
        .collect();
    findings.sort_unstable();
    findings.dedup_by(|later, earlier| later.0 == earlier.0);
    (!findings.is_empty()).then_some(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReportReader;
    use precedent_model::{Report, SectionKind};

    /// The findings of each sentence, or `-` for one that is no evidence.
    fn found(sections: &[(SectionKind, &str)]) -> Vec<String> {
        let reader = ReportReader::new(Lexicon::bundled());
        let reading = reader.read(&Report::new(sections.iter().copied()).unwrap());
        let each = reading.sentences.iter().map(|sentence| {
            let found = evident_findings(sentence, reader.lexicon())?;
            let named = found.iter().map(|(id, assertion)| format!("{id} {}", assertion.name()));
            Some(named.collect::<Vec<_>>().join(", "))
        });
        each.map(|found| found.unwrap_or_else(|| "-".to_owned())).collect()
    }

    #[test]
    fn only_what_is_or_may_be_there_is_evidence() {
        let text = "Small left pleural effusion. Possible pneumonia. No pneumothorax. The lungs are clear. \
                    History of rib fracture. Cardiomegaly, unchanged from prior.";
        assert_eq!(
            found(&[(SectionKind::Findings, text), (SectionKind::Indication, "Pneumothorax.")]),
            ["pleural-effusion present", "pneumonia uncertain", "-", "-", "-", "-", "-"]
        );
    }

    #[test]
    fn a_sentence_that_also_denies_counts_for_what_is_there() {
        assert_eq!(
            found(&[(SectionKind::Impression, "Left pleural effusion without pneumothorax.")]),
            ["pleural-effusion present"]
        );
    }

    #[test]
    fn what_an_addendum_takes_back_is_no_evidence() {
        let text = "Right pneumothorax.\n\nADDENDUM: There is no pneumothorax.";
        let found = found(&[(SectionKind::Impression, text)]);
        assert!(found.iter().all(|found| found == "-"), "{found:?}");
    }
}
