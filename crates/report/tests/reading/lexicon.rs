//! The lexicon, bundled and a site's own.

use precedent_model::SectionKind;
use precedent_report::{Lexicon, LexiconFile, ReportReader};
use std::sync::Arc;

#[test]
fn findings_are_found_by_id_name_and_phrase() {
    let lexicon = Lexicon::bundled();
    let found = |name: &str| lexicon.find(name).map(|id| id.to_string());
    for name in ["pleural-effusion", "Pleural effusion", "pleural effusions", "PLEURAL FLUID"] {
        assert_eq!(found(name).as_deref(), Some("pleural-effusion"), "{name}");
    }
    assert_eq!(found("enlarged heart").as_deref(), Some("cardiomegaly"));
    assert_eq!(found("no such thing"), None);
    assert_eq!(found(""), None);
}

#[test]
fn a_finding_holds_the_narrower_ones() {
    let lexicon = Lexicon::bundled();
    let narrower: Vec<_> = lexicon.narrower("pleural-abnormality").iter().map(|id| id.to_string()).collect();
    for id in ["pleural-abnormality", "pleural-effusion", "pleural-thickening", "pneumothorax"] {
        assert!(narrower.iter().any(|narrow| narrow == id), "{id} in {narrower:?}");
    }
    assert!(lexicon.narrower("nothing").is_empty());
    let broader: Vec<_> = lexicon.broader("consolidation").iter().map(|id| id.to_string()).collect();
    assert_eq!(broader, ["airspace-disease", "consolidation", "lung-opacity"]);
}

#[test]
fn the_chexpert_findings_and_those_of_the_gold_labels_are_there() {
    let lexicon = Lexicon::bundled();
    for name in [
        "enlarged cardiomediastinal silhouette",
        "cardiomegaly",
        "lung opacity",
        "lung lesion",
        "pulmonary edema",
        "consolidation",
        "pneumonia",
        "atelectasis",
        "pneumothorax",
        "pleural effusion",
        "pleural abnormality",
        "fracture",
        "support device",
        "no finding",
        "infiltration",
        "mass",
        "nodule",
        "emphysema",
        "pulmonary fibrosis",
        "pleural thickening",
        "hernia",
    ] {
        assert!(lexicon.find(name).is_some(), "{name}");
    }
}

#[test]
fn a_site_adds_findings_phrases_and_cues() {
    let site = LexiconFile::from_toml(
        r#"
        [[finding]]
        id = "pleural-effusion"
        phrases = ["wet pleura"]

        [[finding]]
        id = "snowman"
        name = "snowman sign"
        phrases = ["snowman (sign|heart)"]

        [[cue]]
        says = "absent"
        of = "before"
        phrases = ["nowhere to be seen"]
        "#,
    )
    .unwrap();
    let lexicon = Arc::new(Lexicon::with_site(&site).unwrap());
    assert_ne!(lexicon.fingerprint(), Lexicon::bundled().fingerprint());
    let text = "Wet pleura. Snowman heart nowhere to be seen.";
    let reading = ReportReader::new(lexicon).read_text(SectionKind::Findings, text);
    let found: Vec<_> = reading.findings().iter().map(|(id, a)| format!("{id} {}", a.name())).collect();
    assert_eq!(found, ["pleural-effusion present", "snowman absent"]);
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let refused = |text: &str| {
        let file = LexiconFile::from_toml(text);
        file.and_then(|file| Lexicon::with_site(&file).map(|_| ())).unwrap_err().to_string()
    };
    assert!(refused("[[finding]]\nid = 'A b'\nname = 'x'").contains("finding A b: the id is of"));
    assert!(refused("[[finding]]\nid = 'x'").contains("finding x: has no name"));
    assert!(
        refused("[[finding]]\nid = 'x'\nname = 'x'\nparents = ['y']")
            .contains("its parent `y` is no finding")
    );
    assert!(
        refused("[[finding]]\nid = 'x'\nname = 'x'\nphrases = ['a (b']").contains("no closing parenthesis")
    );
    assert!(refused("[[finding]]\nid = 'x'\nname = 'x'\nparents = ['x']").contains("a kind of itself"));
    assert!(refused("[[cue]]\nsays = 'maybe'\nof = 'after'\nphrases = ['a']").contains("`says` is"));
    assert!(refused("[[cue]]\nsays = 'absent'\nphrases = ['a']").contains("`of` is"));
    assert!(refused("[[findings]]").contains("findings"));
}

#[test]
fn ids_ascend_and_every_finding_can_be_found_by_its_own_name() {
    let lexicon = Lexicon::bundled();
    let ids: Vec<_> = lexicon.findings().map(|finding| finding.id.clone()).collect();
    assert!(ids.is_sorted());
    for finding in lexicon.findings() {
        assert_eq!(lexicon.find(&finding.name).as_deref(), Some(finding.id.as_str()));
        assert!(!finding.phrases.is_empty(), "{}", finding.id);
    }
}

#[test]
fn the_same_words_are_not_a_finding_and_a_kind_of_it() {
    let lexicon = Lexicon::bundled();
    let reader = ReportReader::new(Arc::clone(&lexicon));
    for finding in lexicon.findings() {
        for phrase in finding.phrases.iter().filter(|phrase| !phrase.contains(['(', '~', '#'])) {
            let reading = reader.read_text(SectionKind::Findings, phrase);
            let mentions: Vec<_> = reading.sentences.iter().flat_map(|sentence| &sentence.mentions).collect();
            for (one, other) in mentions.iter().flat_map(|one| mentions.iter().map(move |other| (one, other)))
            {
                let kinds = lexicon.narrower(&one.finding);
                let twice =
                    one.finding != other.finding && one.span == other.span && kinds.contains(&other.finding);
                assert!(!twice, "`{phrase}` is {} and {}", one.finding, other.finding);
            }
        }
    }
}
