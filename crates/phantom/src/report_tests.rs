//! Reports against the truth they are written from, by plain rules over strings.

use crate::course::{Course, study_count};
use crate::finding::{Finding, FindingKind};
use crate::random::Random;
use crate::report::{Facts, PhantomReport, Style, Told};
use crate::report_writer::write;
use crate::scene::Projection;
use precedent_model::Laterality;

const DENIED: [&str; 7] = ["no ", " no ", "free of", "resolved", "resolution", "removed", "none"];
const DOUBTED: [&str; 6] =
    ["possible", "questionable", "cannot be excluded", "may represent", "suspected", "suggestive"];

fn words(kind: FindingKind) -> &'static [&'static str] {
    match kind {
        FindingKind::PleuralEffusion => &["effusion", "pleural fluid"],
        FindingKind::Pneumothorax => &["pneumothorax"],
        FindingKind::Consolidation => &["consolidati"],
        FindingKind::PulmonaryEdema => &["edema", "congestion", "redistribution", "cephalization"],
        FindingKind::Cardiomegaly => &["cardiomegaly", "cardiac enlargement", "enlarged"],
        FindingKind::Nodule => &["nodule"],
        FindingKind::Atelectasis => &["atelectasis"],
        FindingKind::EndotrachealTube => &["endotracheal tube", "et tube", "ett "],
        FindingKind::CentralVenousCatheter => &["venous catheter", "central line"],
        FindingKind::Picc => &["picc"],
        FindingKind::Pacemaker => &["pacemaker"],
        FindingKind::FeedingTube => &["nasogastric", "ng tube", "enteric tube", "feeding tube"],
        FindingKind::ChestTube => &["chest tube", "thoracostomy", "pleural drain"],
        FindingKind::Sternotomy => &["sternotomy", "sternal wires"],
        FindingKind::SpineDegeneration => &["degenerative", "spondylosis", "osteophyte"],
        FindingKind::AorticAtherosclerosis => &["atherosclero", "calcified aortic"],
        FindingKind::Scoliosis => &["scoliosis"],
    }
}

/// Sentences of what was seen and concluded, lower case, British spelling made American.
fn sentences(report: &PhantomReport) -> Vec<String> {
    let reported = report.sections.iter().filter(|(kind, _)| kind.is_reported());
    let text = reported
        .map(|(_, text)| format!("{text}\n"))
        .collect::<String>()
        .to_lowercase()
        .replace("oedema", "edema");
    text.split(['\n', ';'])
        .flat_map(|line| line.split(". "))
        .map(|part| format!("{} ", part.trim_end_matches('.')))
        .collect()
}

fn has(sentence: &str, marks: &[&str]) -> bool {
    marks.iter().any(|mark| sentence.contains(mark))
}

fn denied(sentence: &str) -> bool {
    // A label may stand before: "pleura: no pleural effusion".
    let said = sentence.rsplit(": ").next().unwrap_or(sentence);
    said.starts_with("no ") || has(said, &DENIED[1..])
}

fn on_side(sentence: &str, finding: &Finding) -> bool {
    match finding.side {
        None => true,
        Some(Laterality::Left) => has(sentence, &["left", "bilateral", "lingula"]),
        _ => has(sentence, &["right", "bilateral"]),
    }
}

/// A study's findings, its report and how it was written.
type Written = (Vec<Finding>, PhantomReport, Style);

/// Every study of many patients in every style.
fn reports(patients: u64) -> impl Iterator<Item = Written> {
    (0..patients).flat_map(|patient| {
        let course = Course::new(77, patient, 0.2);
        (0..study_count(77, patient)).map(move |visit| {
            let style = Style::ALL[(patient as usize + visit) % Style::ALL.len()];
            let facts = Facts {
                findings: &course.findings[visit],
                before: visit
                    .checked_sub(1)
                    .map(|last| (course.days[last], course.findings[last].as_slice())),
                projections: &[Projection::PosteroAnterior],
                female: false,
                age: 60,
                style,
            };
            let report = write(&facts, Random::new(patient).stream("report", visit as u64));
            (course.findings[visit].clone(), report, style)
        })
    })
}

#[test]
fn what_is_there_is_said_unless_left_out_on_purpose() {
    for (findings, report, style) in reports(900) {
        let said = sentences(&report);
        for (finding, told) in findings.iter().zip(&report.told) {
            let about = |s: &&String| has(s, words(finding.kind)) && on_side(s, finding) && !denied(s);
            let (doubted, plain): (Vec<&String>, Vec<&String>) =
                said.iter().filter(about).partition(|s| has(s, &DOUBTED));
            match told {
                Told::Stated => assert!(!plain.is_empty(), "{style:?} {finding:?}: {said:?}"),
                Told::Hedged => assert!(!doubted.is_empty(), "{style:?} {finding:?}: {said:?}"),
                Told::Omitted => {
                    let alone = findings.iter().filter(|other| other.kind == finding.kind).count() == 1;
                    let silent = said.iter().all(|s| !has(s, words(finding.kind)));
                    assert!(!alone || silent, "{style:?} {finding:?}: {said:?}");
                }
            }
        }
    }
}

#[test]
fn what_is_not_there_is_never_said() {
    for (findings, report, style) in reports(900) {
        let said = sentences(&report);
        for kind in FindingKind::ALL {
            if findings.iter().any(|finding| finding.kind == kind) {
                continue;
            }
            for sentence in &said {
                assert!(!has(sentence, words(kind)) || denied(sentence), "{style:?} {kind:?}: {sentence}");
            }
        }
    }
}

#[test]
fn lungs_with_a_finding_are_not_clear() {
    let in_lungs = [
        FindingKind::Consolidation,
        FindingKind::Nodule,
        FindingKind::Atelectasis,
        FindingKind::PulmonaryEdema,
    ];
    for (findings, report, _) in reports(600) {
        if findings.iter().any(|finding| in_lungs.contains(&finding.kind)) {
            let said = sentences(&report);
            assert!(said.iter().all(|s| !(s.contains("lung") && s.contains("clear"))), "{said:?}");
        }
    }
}

#[test]
fn reports_have_what_real_ones_have() {
    let all: Vec<Written> = reports(900).collect();
    let share = |test: &dyn Fn(&Written) -> bool| {
        all.iter().filter(|one| test(one)).count() as f64 / all.len() as f64
    };
    let contains =
        |mark: &'static str| move |one: &Written| sentences(&one.1).iter().any(|s| s.contains(mark));
    assert!(share(&contains("no ")) > 0.5);
    assert!(share(&contains("unchanged")) > 0.02);
    assert!(share(&contains("resol")) > 0.01);
    assert!(share(&contains("xxxx")) > 0.02);
    assert!(share(&|one| one.1.told.contains(&Told::Hedged)) > 0.04);
    assert!(share(&|one| one.1.told.contains(&Told::Omitted)) > 0.08);
    assert!(share(&|one| one.1.flat.is_some()) > 0.2);
    assert!(share(&|one| one.1.sections.len() == 1 || one.2 == Style::Terse) > 0.1);
    let mut texts: Vec<Vec<String>> = all.iter().map(|one| sentences(&one.1)).collect();
    let count = texts.len();
    texts.sort();
    texts.dedup();
    assert!(texts.len() as f64 > 0.85 * count as f64, "{} of {count} differ", texts.len());
}

#[test]
fn debug_hides_the_text() {
    let (_, report, _) = reports(1).next().unwrap();
    assert!(!format!("{report:?}").to_lowercase().contains("chest"));
}
