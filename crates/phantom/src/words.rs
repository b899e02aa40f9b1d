//! How findings are put into words.

use crate::finding::{Finding, FindingKind, Place};
use crate::random::Random;
use precedent_model::Laterality;

/// How a finding compares with the patient's study before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// There was no study before, or it is not mentioned.
    Unknown,
    New,
    More,
    Less,
    Same,
}

/// A finding, or two of one kind on both sides, as a phrase.
#[derive(Debug, Clone)]
pub(crate) struct Phrase {
    /// Lower case, without article: "small left pleural effusion".
    pub words: String,
    /// Whether "a" can stand before it.
    pub counted: bool,
    pub plural: bool,
}

fn side_word(side: Option<Laterality>) -> &'static str {
    match side {
        Some(Laterality::Left) => "left",
        Some(Laterality::Right) => "right",
        Some(Laterality::Bilateral) => "bilateral",
        None => "",
    }
}

/// The lobe of a place.
fn lobe(side: Option<Laterality>, place: Option<Place>) -> String {
    let side_text = side_word(side);
    match (side, place) {
        (Some(Laterality::Left), Some(Place::Middle)) => "lingula".into(),
        (_, Some(Place::Middle)) => "right middle lobe".into(),
        (_, Some(Place::Upper | Place::Apex)) => format!("{side_text} upper lobe"),
        _ => format!("{side_text} lower lobe"),
    }
}

/// The phrase of a finding.
pub(crate) fn phrase(finding: &Finding, both: bool, british: bool, random: &mut Random) -> Phrase {
    let side = if both { "bilateral" } else { side_word(finding.side) };
    let graded = |random: &mut Random, words: [&[&'static str]; 3]| {
        *random.pick(words[usize::from(finding.severity.clamp(1, 3)) - 1])
    };
    let mut counted = false;
    let words = match finding.kind {
        FindingKind::PleuralEffusion => {
            counted = true;
            let size = graded(
                random,
                [
                    &["small", "small", "tiny", "trace", "minimal"],
                    &["moderate", "moderate-sized"],
                    &["large", "sizeable"],
                ],
            );
            let name = *random.pick(&["pleural effusion", "pleural effusion", "effusion"]);
            if !both && random.chance(0.12) {
                counted = false;
                format!("{size} {side} pleural fluid")
            } else {
                format!("{size} {side} {name}{}", if both { "s" } else { "" })
            }
        }
        FindingKind::Pneumothorax => {
            counted = true;
            let size =
                graded(random, [&["small", "tiny", "minimal"], &["moderate", "moderate-sized"], &["large"]]);
            let name = *random.pick(&["pneumothorax", "pneumothorax", "apical pneumothorax"]);
            format!("{size} {side} {name}")
        }
        FindingKind::Consolidation => {
            let degree = graded(
                random,
                [
                    &["mild", "patchy", "subtle"],
                    &["moderate", "confluent", "focal"],
                    &["dense", "extensive", "marked"],
                ],
            );
            let lobe = lobe(finding.side, finding.place);
            match random.below(4) {
                0 if lobe != "lingula" => format!("{degree} {lobe} consolidation"),
                1 => format!("{degree} airspace consolidation in the {lobe}"),
                2 => {
                    counted = true;
                    format!("{degree} consolidative opacity in the {lobe}")
                }
                _ => format!("{degree} consolidation in the {lobe}"),
            }
        }
        FindingKind::PulmonaryEdema => {
            let edema = if british { "oedema" } else { "edema" };
            match finding.severity {
                0 | 1 => (*random.pick(&[
                    "pulmonary vascular congestion",
                    "mild pulmonary vascular congestion",
                    "vascular redistribution to the upper zones",
                    "pulmonary venous congestion",
                    "cephalization of the pulmonary vessels",
                ]))
                .to_owned(),
                2 => match random.below(4) {
                    0 => format!("interstitial {edema} with Kerley B lines"),
                    1 => format!("moderate interstitial {edema}"),
                    2 => format!("interstitial pulmonary {edema}"),
                    _ => format!("interstitial {edema}"),
                },
                _ => match random.below(3) {
                    0 => format!("frank alveolar {edema}"),
                    1 => format!("alveolar pulmonary {edema} in a perihilar distribution"),
                    _ => format!("florid pulmonary {edema}"),
                },
            }
        }
        FindingKind::Cardiomegaly => {
            let degree = graded(random, [&["mild"], &["moderate"], &["marked", "severe"]]);
            format!("{degree} {}", random.pick(&["cardiomegaly", "cardiomegaly", "cardiac enlargement"]))
        }
        FindingKind::Nodule => {
            counted = true;
            let size = finding.size_mm.unwrap_or(10.0);
            let size = if size >= 10.0 && random.chance(0.5) {
                format!("{:.1} cm", size / 10.0)
            } else {
                format!("{size:.0} mm")
            };
            let kind = *random.pick(&["nodule", "pulmonary nodule", "rounded nodule", "lung nodule"]);
            format!("{size} {kind} in the {}", lobe(finding.side, finding.place))
        }
        FindingKind::Atelectasis => {
            let degree = graded(
                random,
                [&["minimal", "mild", "minor"], &["moderate", "mild to moderate"], &["marked", "prominent"]],
            );
            match random.below(5) {
                0 => format!("{degree} {side} basilar atelectasis"),
                1 => format!("{degree} plate-like atelectasis at the {side} base"),
                2 => format!("{degree} linear atelectasis at the {side} lung base"),
                3 => format!("{degree} subsegmental atelectasis at the {side} base"),
                _ => format!("{degree} {side} basal atelectasis"),
            }
        }
        FindingKind::EndotrachealTube => random.pick(&["endotracheal tube", "ET tube", "ETT"]).to_string(),
        FindingKind::CentralVenousCatheter => {
            let name = *random.pick(&[
                "internal jugular central venous catheter",
                "IJ central line",
                "jugular venous catheter",
            ]);
            format!("{side} {name}")
        }
        FindingKind::Picc => {
            format!("{side} {}", random.pick(&["PICC", "PICC line", "upper extremity PICC"]))
        }
        FindingKind::Pacemaker => {
            format!(
                "{side} {}",
                random.pick(&[
                    "chest wall pacemaker",
                    "sided pacemaker",
                    "subclavian pacemaker",
                    "pectoral pacemaker"
                ])
            )
        }
        FindingKind::FeedingTube => {
            random.pick(&["nasogastric tube", "NG tube", "enteric tube", "feeding tube"]).to_string()
        }
        FindingKind::ChestTube => {
            format!("{side} {}", random.pick(&["chest tube", "thoracostomy tube", "pleural drain"]))
        }
        FindingKind::Sternotomy => {
            random.pick(&["median sternotomy wires", "sternal wires", "sternotomy wires"]).to_string()
        }
        FindingKind::SpineDegeneration => random
            .pick(&[
                "degenerative changes of the thoracic spine",
                "mild degenerative change in the spine",
                "multilevel thoracic spondylosis",
                "osteophytes along the thoracic spine",
            ])
            .to_string(),
        FindingKind::AorticAtherosclerosis => random
            .pick(&[
                "atherosclerotic calcification of the aortic arch",
                "calcified aortic arch",
                "aortic atherosclerosis",
                "atherosclerotic calcifications of the aorta",
            ])
            .to_string(),
        FindingKind::Scoliosis => {
            let degree = graded(random, [&["mild"], &["moderate"], &["marked"]]);
            format!("{degree} thoracic scoliosis convex to the {side}")
        }
    };
    let plural = both
        || words.ends_with("wires")
        || words.contains("changes")
        || words.contains("osteophytes")
        || words.contains("calcifications");
    Phrase { words, counted: counted && !both, plural }
}

/// First letter upper case.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn article(words: &str) -> &'static str {
    let vowel = words.starts_with(['a', 'e', 'i', 'o', 'u']);
    let number = words.starts_with('8') || words.starts_with("11 ") || words.starts_with("18 ");
    if vowel || number { "an " } else { "a " }
}

/// A sentence that says that a finding is there, short where `terse`.
pub(crate) fn state(
    finding: &Finding,
    phrase: &Phrase,
    change: Change,
    terse: bool,
    random: &mut Random,
) -> String {
    let words = &phrase.words;
    let a = if phrase.counted { article(words) } else { "" };
    if finding.kind.is_device() {
        return device(finding, words, phrase.plural, change, terse, random);
    }
    let are = if phrase.plural { "are" } else { "is" };
    if terse {
        return match change {
            Change::New => format!("New {words}."),
            Change::More => {
                (*random.pick(&["Increased", "Worsening", "Increasing"])).to_owned() + " " + words + "."
            }
            Change::Less => {
                (*random.pick(&["Decreased", "Improved", "Improving"])).to_owned() + " " + words + "."
            }
            Change::Same => {
                (*random.pick(&["Unchanged", "Stable", "Persistent"])).to_owned() + " " + words + "."
            }
            Change::Unknown => capital(words) + ".",
        };
    }
    match change {
        Change::New => match random.below(2) {
            0 => format!("There {are} {} {words}.", if a.is_empty() { "new" } else { "a new" }),
            _ => format!("{} {are} new since the prior study.", capital(words)),
        },
        Change::More => match random.below(3) {
            0 => format!(
                "{} {}, increased since the prior study.",
                random.pick(&["There is", "Again seen is"]),
                words
            ),
            1 => format!("Interval worsening of {words}."),
            _ => format!("{}, larger than on the previous examination.", capital(words)),
        },
        Change::Less => match random.below(3) {
            0 => format!("{}, decreased from the prior examination.", capital(words)),
            1 => format!("{} {are} again seen, improved in the interval.", capital(words)),
            _ => {
                format!("There {are} {words}, which {} improved.", if phrase.plural { "have" } else { "has" })
            }
        },
        Change::Same => match random.below(3) {
            0 => format!("{} {are} unchanged.", capital(words)),
            1 => format!("Stable {words}."),
            _ => format!("Redemonstrated {are} {words}, not significantly changed."),
        },
        Change::Unknown => {
            if finding.kind == FindingKind::Cardiomegaly && random.chance(0.5) {
                let degree =
                    ["mildly", "moderately", "markedly"][usize::from(finding.severity.clamp(1, 3)) - 1];
                return match random.below(2) {
                    0 => format!("The heart is {degree} enlarged."),
                    _ => format!("Heart size is {degree} enlarged."),
                };
            }
            match random.below(4) {
                0 | 1 => format!("There {are} {a}{words}."),
                2 => format!(
                    "{} {are} {}.",
                    capital(words),
                    random.pick(&["present", "noted", "seen", "identified"])
                ),
                _ => format!("{}.", capital(words)),
            }
        }
    }
}

fn device(
    finding: &Finding,
    words: &str,
    plural: bool,
    change: Change,
    terse: bool,
    random: &mut Random,
) -> String {
    let name = capital(words);
    let are = if plural { "are" } else { "is" };
    if terse {
        let new = if change == Change::New { " New." } else { "" };
        return format!("{name} in place.{new}");
    }
    let place = match finding.kind {
        FindingKind::EndotrachealTube => random.pick(&[
            "tip is above the carina",
            "terminates in the mid trachea",
            "is in satisfactory position",
        ]),
        FindingKind::CentralVenousCatheter | FindingKind::Picc => random.pick(&[
            "tip projects over the superior vena cava",
            "terminates in the SVC",
            "is in standard position",
        ]),
        FindingKind::Pacemaker => random.pick(&[
            "is in place with intact leads",
            "is noted with leads in expected position",
            "is present",
        ]),
        FindingKind::FeedingTube => random.pick(&[
            "courses below the diaphragm",
            "tip projects over the stomach",
            "extends into the stomach",
        ]),
        FindingKind::ChestTube => random.pick(&["is in place", "terminates near the apex", "is present"]),
        _ => return format!("{name} {are} {}.", random.pick(&["intact", "present", "noted", "unchanged"])),
    };
    match change {
        Change::New => format!("New {words} {place}."),
        Change::Same if random.chance(0.5) => format!("{name} is unchanged in position."),
        _ => format!("{name} {place}."),
    }
}

/// A sentence that says that a finding may be there.
pub(crate) fn doubt(phrase: &Phrase, random: &mut Random) -> String {
    let words = &phrase.words;
    match random.below(6) {
        0 => format!("Possible {words}."),
        1 => format!("Questionable {words}."),
        2 => format!("{} cannot be excluded.", capital(words)),
        3 => format!("Findings may represent {words}."),
        4 => format!("{} {} suspected.", capital(words), if phrase.plural { "are" } else { "is" }),
        _ => format!("Appearance is suggestive of {words}."),
    }
}

/// A sentence that says that an earlier finding is gone.
pub(crate) fn gone(finding: &Finding, random: &mut Random) -> Option<String> {
    let side = side_word(finding.side);
    let name = match finding.kind {
        FindingKind::PleuralEffusion => format!("{side} pleural effusion"),
        FindingKind::Pneumothorax => format!("{side} pneumothorax"),
        FindingKind::Consolidation => format!("consolidation in the {}", lobe(finding.side, finding.place)),
        FindingKind::Atelectasis => format!("{side} basilar atelectasis"),
        FindingKind::PulmonaryEdema => "pulmonary edema".to_owned(),
        FindingKind::EndotrachealTube => return Some("The endotracheal tube has been removed.".into()),
        FindingKind::ChestTube => return Some(format!("The {side} chest tube has been removed.")),
        _ => return None,
    };
    Some(match random.below(3) {
        0 => format!("Previously seen {name} has resolved."),
        1 => format!("The {name} is no longer seen."),
        _ => format!("Interval resolution of {name}."),
    })
}
