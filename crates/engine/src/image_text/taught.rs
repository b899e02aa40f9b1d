//! The findings that this program's encoders were trained on, in the words of their training reports.
//!
//! They are trained on phantoms and their reports (`crates/phantom`), which describe a finding in whole phrases. A bare name, an
//! abbreviation or a synonym lies elsewhere in the space than such phrases, so a finding is represented by the mean of several.
//! Findings that the bundled encoder cannot tell from others (spine, aorta, scoliosis: area under the curve below 0.6) are left
//! out. `image-text-quality` measures this.

use precedent_model::Laterality;

/// A finding with the phrases that represent it.
pub(super) struct Taught {
    /// Its id in the lexicon.
    pub finding: &'static str,
    /// Ids of findings that look the same on a film.
    pub alike: &'static [&'static str],
    pub phrases: &'static [&'static str],
}

impl Taught {
    /// The phrases that do not name the opposite side.
    pub fn phrases(&self, side: Option<Laterality>) -> Vec<&'static str> {
        let other = match side {
            Some(Laterality::Left) => "right",
            Some(Laterality::Right) => "left",
            Some(Laterality::Bilateral) | None => return self.phrases.to_vec(),
        };
        let here = |phrase: &&&str| {
            !phrase.to_lowercase().split(' ').any(|word| word == other || word == "bilateral")
        };
        let phrases: Vec<&str> = self.phrases.iter().filter(here).copied().collect();
        if phrases.is_empty() { self.phrases.to_vec() } else { phrases }
    }
}

/// All findings that can be represented.
pub(super) const TAUGHT: [Taught; 14] = [
    Taught {
        finding: "pleural-effusion",
        alike: &[],
        phrases: &[
            "small left pleural effusion",
            "small right pleural effusion",
            "moderate left pleural effusion",
            "moderate right pleural effusion",
            "large left pleural effusion",
            "large bilateral pleural effusions",
        ],
    },
    Taught {
        finding: "pneumothorax",
        alike: &[],
        phrases: &[
            "small left pneumothorax",
            "small right pneumothorax",
            "moderate left pneumothorax",
            "moderate right pneumothorax",
            "large left pneumothorax",
            "large right pneumothorax",
        ],
    },
    Taught {
        finding: "consolidation",
        alike: &["pneumonia", "infiltration", "aspiration"],
        phrases: &[
            "patchy consolidation in the left upper lobe",
            "moderate consolidation in the left lower lobe",
            "dense consolidation in the right upper lobe",
            "focal consolidation in the right lower lobe",
            "extensive consolidation in the right middle lobe",
        ],
    },
    Taught {
        finding: "pulmonary-edema",
        alike: &["heart-failure", "fluid-overload"],
        phrases: &[
            "interstitial pulmonary edema",
            "moderate interstitial edema",
            "frank alveolar edema",
            "florid pulmonary edema",
            "interstitial edema with Kerley B lines",
        ],
    },
    Taught {
        finding: "cardiomegaly",
        alike: &[],
        phrases: &[
            "mild cardiomegaly",
            "moderate cardiomegaly",
            "severe cardiomegaly",
            "The heart is moderately enlarged.",
            "Heart size is markedly enlarged.",
        ],
    },
    Taught {
        finding: "nodule",
        alike: &["mass", "nodular-opacity", "masslike-opacity"],
        phrases: &[
            "12 mm nodule in the left upper lobe",
            "1.5 cm pulmonary nodule in the left lower lobe",
            "18 mm rounded nodule in the right upper lobe",
            "2.0 cm lung nodule in the right lower lobe",
            "9 mm nodule in the right middle lobe",
        ],
    },
    Taught {
        finding: "atelectasis",
        alike: &[],
        phrases: &[
            "mild left basilar atelectasis",
            "moderate left basilar atelectasis",
            "marked left basilar atelectasis",
            "mild linear atelectasis at the right lung base",
            "moderate linear atelectasis at the right lung base",
            "marked linear atelectasis at the right lung base",
            "mild plate-like atelectasis at the left base",
            "moderate plate-like atelectasis at the left base",
            "marked plate-like atelectasis at the left base",
        ],
    },
    Taught {
        finding: "endotracheal-tube",
        alike: &["tracheostomy"],
        phrases: &[
            "Endotracheal tube tip is above the carina.",
            "ET tube terminates in the mid trachea.",
            "Endotracheal tube in place.",
        ],
    },
    Taught {
        finding: "central-venous-catheter",
        alike: &[],
        phrases: &[
            "Left internal jugular central venous catheter terminates in the SVC.",
            "Left IJ central line terminates in the SVC.",
            "Left jugular venous catheter terminates in the SVC.",
            "Right internal jugular central venous catheter terminates in the SVC.",
            "Right IJ central line terminates in the SVC.",
            "Right jugular venous catheter terminates in the SVC.",
        ],
    },
    Taught {
        finding: "picc",
        alike: &[],
        phrases: &[
            "Left PICC tip projects over the superior vena cava.",
            "Left PICC line tip projects over the superior vena cava.",
            "Right PICC tip projects over the superior vena cava.",
            "Right PICC line tip projects over the superior vena cava.",
        ],
    },
    Taught {
        finding: "pacemaker",
        alike: &["defibrillator"],
        phrases: &[
            "Left chest wall pacemaker is in place with intact leads.",
            "Right pectoral pacemaker is in place with intact leads.",
            "Left subclavian pacemaker is present.",
            "Left sided pacemaker is noted with leads in expected position.",
        ],
    },
    Taught {
        finding: "feeding-tube",
        alike: &[],
        phrases: &[
            "Nasogastric tube courses below the diaphragm.",
            "NG tube extends into the stomach.",
            "Enteric tube tip projects over the stomach.",
            "Feeding tube extends into the stomach.",
        ],
    },
    Taught {
        finding: "chest-tube",
        alike: &[],
        phrases: &[
            "Left chest tube is in place.",
            "Right chest tube terminates near the apex.",
            "Left thoracostomy tube is present.",
            "Right pleural drain is in place.",
        ],
    },
    Taught {
        finding: "sternotomy",
        alike: &[],
        phrases: &[
            "Median sternotomy wires are intact.",
            "Sternal wires are present.",
            "Sternotomy wires are noted.",
        ],
    },
];
