//! How a house puts a report together: what it says of each organ, in which order, under which headings.

use crate::finding::{Finding, FindingKind};
use crate::random::Random;
use crate::report::{Facts, PhantomReport, Style, Told};
use crate::scene::Projection;
use crate::words::{Change, Phrase, doubt, gone, phrase, state};
use precedent_model::SectionKind;

/// Share of mild findings that a report does not mention.
pub const OMIT_MILD: f64 = 0.05;
/// Share of incidental findings that a report does not mention.
pub const OMIT_INCIDENTAL: f64 = 0.45;
/// Share of mild findings that a report only suspects; of moderate ones a third of that.
pub const HEDGE_MILD: f64 = 0.15;

/// Writes the report of a study.
pub(crate) fn write(facts: &Facts<'_>, mut random: Random) -> PhantomReport {
    let told = facts.findings.iter().map(|finding| tell(finding, &mut random)).collect();
    Writer::new(facts, told).write(&mut random)
}

fn tell(finding: &Finding, random: &mut Random) -> Told {
    let (omit, hedge) = match finding.kind {
        kind if kind.is_incidental() => (OMIT_INCIDENTAL, 0.0),
        kind if kind.is_device() => (0.04, 0.0),
        FindingKind::Nodule if finding.size_mm.unwrap_or(0.0) < 9.0 => (0.15, HEDGE_MILD),
        FindingKind::Nodule => (0.02, 0.05),
        _ if finding.severity <= 1 => (OMIT_MILD, HEDGE_MILD),
        _ if finding.severity == 2 => (0.01, HEDGE_MILD / 3.0),
        _ => (0.0, 0.0),
    };
    let dice = random.unit();
    if dice < omit {
        Told::Omitted
    } else if dice < omit + hedge {
        Told::Hedged
    } else {
        Told::Stated
    }
}

/// One thing that is said, and of which organ.
struct Sentence {
    organ: Organ,
    text: String,
    /// What makes it worth a line in the conclusion; 0 keeps it out.
    weight: u32,
    findings: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Organ {
    Devices,
    Lungs,
    Pleura,
    Heart,
    Bones,
}

const ORGANS: [Organ; 5] = [Organ::Devices, Organ::Lungs, Organ::Pleura, Organ::Heart, Organ::Bones];

fn organ(kind: FindingKind) -> Organ {
    match kind {
        FindingKind::PleuralEffusion | FindingKind::Pneumothorax => Organ::Pleura,
        FindingKind::Consolidation
        | FindingKind::PulmonaryEdema
        | FindingKind::Nodule
        | FindingKind::Atelectasis => Organ::Lungs,
        FindingKind::Cardiomegaly | FindingKind::AorticAtherosclerosis => Organ::Heart,
        FindingKind::SpineDegeneration | FindingKind::Scoliosis => Organ::Bones,
        _ => Organ::Devices,
    }
}

fn weight(finding: &Finding) -> u32 {
    let severity = u32::from(finding.severity);
    match finding.kind {
        FindingKind::Pneumothorax => 20 + severity,
        FindingKind::Consolidation => 16 + severity,
        FindingKind::PulmonaryEdema => 13 + 2 * severity,
        FindingKind::PleuralEffusion => 9 + 2 * severity,
        FindingKind::Nodule => 12,
        FindingKind::Cardiomegaly => 7 + severity,
        FindingKind::Atelectasis => 5 + severity,
        kind if kind.is_device() => 2,
        _ => 0,
    }
}

/// A report in the making.
struct Writer<'a> {
    facts: &'a Facts<'a>,
    told: Vec<Told>,
    terse: bool,
    british: bool,
}

impl<'a> Writer<'a> {
    pub fn new(facts: &'a Facts<'a>, told: Vec<Told>) -> Self {
        Self { facts, told, terse: facts.style == Style::Terse, british: facts.style == Style::British }
    }

    pub fn write(mut self, random: &mut Random) -> PhantomReport {
        let style = self.facts.style;
        let conclusion_only = style == Style::Terse && random.chance(0.45);
        if conclusion_only {
            for (told, finding) in self.told.iter_mut().zip(self.facts.findings) {
                if finding.kind.is_incidental() {
                    *told = Told::Omitted;
                }
            }
        }
        let mut sentences = self.sentences(random);
        let normals = self.normals(random);
        let impression = self.impression(&sentences, conclusion_only, random);
        // Some dictate as it comes to mind.
        if random.chance(0.18) {
            random.shuffle(&mut sentences);
        }
        let findings = self.findings(&sentences, &normals, random);
        let mut sections = vec![
            (SectionKind::Indication, self.indication(random)),
            (SectionKind::Technique, self.technique(random)),
            (SectionKind::Comparison, self.comparison(random)),
        ];
        if style == Style::Terse {
            sections.retain(|(kind, _)| *kind == SectionKind::Indication || random.chance(0.4));
        }
        if !conclusion_only {
            sections.push((SectionKind::Findings, findings));
        }
        sections.push((SectionKind::Impression, impression));
        if random.chance(0.06) {
            // Conclusion first.
            let last = sections.pop();
            sections.splice(0..0, last);
        }
        if style == Style::Dictation {
            let capitals = random.chance(0.3);
            for (_, text) in &mut sections {
                *text = holes(text, random);
                if capitals {
                    *text = text.to_uppercase();
                }
            }
        }
        let flat = self.flat(&sections);
        PhantomReport { sections, flat, told: self.told }
    }

    fn change(&self, finding: &Finding) -> Change {
        let Some((_, before)) = self.facts.before else { return Change::Unknown };
        let same = |other: &&Finding| other.seed == finding.seed;
        match before.iter().find(same) {
            None => Change::New,
            Some(other) if finding.amount > other.amount + 0.06 => Change::More,
            Some(other) if finding.amount < other.amount - 0.06 => Change::Less,
            Some(_) => Change::Same,
        }
    }

    fn sentences(&self, random: &mut Random) -> Vec<Sentence> {
        let mut out: Vec<Sentence> = Vec::new();
        let findings = self.facts.findings;
        let compares = random.chance(0.8);
        for (index, finding) in findings.iter().enumerate() {
            if self.told[index] == Told::Omitted || out.iter().any(|s| s.findings.contains(&index)) {
                continue;
            }
            let change = if compares { self.change(finding) } else { Change::Unknown };
            let twin = findings.iter().enumerate().skip(index + 1).find(|(other, f)| {
                finding.kind == FindingKind::PleuralEffusion
                    && f.kind == finding.kind
                    && f.severity == finding.severity
                    && self.told[*other] == self.told[index]
                    && (!compares || self.change(f) == change)
            });
            let twin = twin.filter(|_| random.chance(0.85));
            let words: Phrase = phrase(finding, twin.is_some(), self.british, random);
            let hedged = self.told[index] == Told::Hedged;
            let text = if hedged {
                doubt(&words, random)
            } else {
                state(finding, &words, change, self.terse, random)
            };
            let mut said = vec![index];
            said.extend(twin.map(|(other, _)| other));
            out.push(Sentence { organ: organ(finding.kind), text, weight: weight(finding), findings: said });
        }
        if let Some((_, before)) = self.facts.before
            && compares
        {
            for old in before.iter().filter(|old| findings.iter().all(|f| f.seed != old.seed)) {
                // Nothing of that kind may be left: its words would deny it.
                let left = findings.iter().any(|f| f.kind == old.kind);
                if let Some(text) = gone(old, random).filter(|_| !left && random.chance(0.7)) {
                    out.push(Sentence { organ: organ(old.kind), text, weight: 4, findings: Vec::new() });
                }
            }
        }
        out
    }

    /// Whether there is no finding of a kind, told or not.
    fn free_of(&self, kind: FindingKind) -> bool {
        self.facts.findings.iter().all(|finding| finding.kind != kind)
    }

    /// What is said of organs that are well.
    fn normals(&self, random: &mut Random) -> Vec<Sentence> {
        use FindingKind as K;
        let mut out = Vec::new();
        let mut say = |organ: Organ, text: String| {
            out.push(Sentence { organ, text, weight: 0, findings: Vec::new() });
        };
        let clear = [K::Consolidation, K::PulmonaryEdema, K::Nodule, K::Atelectasis]
            .into_iter()
            .all(|k| self.free_of(k));
        if clear && random.chance(0.7) {
            let texts: &[&str] = if self.terse {
                &["Lungs clear.", "Clear lungs."]
            } else {
                &[
                    "The lungs are clear.",
                    "Lungs are clear bilaterally.",
                    "The lungs are well expanded and clear.",
                    "Both lungs are clear.",
                ]
            };
            say(Organ::Lungs, (*random.pick(texts)).to_owned());
        }
        let edema = if self.british { "pulmonary oedema" } else { "pulmonary edema" };
        let mut denied: Vec<&str> = Vec::new();
        for (kind, words, chance) in [
            (K::Consolidation, "focal consolidation", 0.75),
            (K::PleuralEffusion, "pleural effusion", 0.85),
            (K::Pneumothorax, "pneumothorax", 0.85),
            (K::PulmonaryEdema, edema, 0.3),
            (K::Nodule, "suspicious nodule", 0.15),
        ] {
            if self.free_of(kind) && random.chance(chance) {
                denied.push(words);
            }
        }
        if random.chance(0.3) {
            random.shuffle(&mut denied);
        }
        if self.facts.style == Style::Structured {
            for words in denied {
                let organ = if words.starts_with("pl") || words.starts_with("pn") {
                    Organ::Pleura
                } else {
                    Organ::Lungs
                };
                say(organ, format!("No {words}."));
            }
        } else if !denied.is_empty() {
            let list = listed(&denied);
            let text = match random.below(5) {
                0 => format!("There is no {list}."),
                1 => format!("No evidence of {list}."),
                2 if !self.terse => format!("No {list} is seen."),
                3 if !self.terse => format!("The lungs are free of {list}."),
                _ => format!("No {list}."),
            };
            say(Organ::Pleura, text);
        }
        if self.free_of(K::Cardiomegaly) && random.chance(0.85) {
            let texts: &[&str] = if self.terse {
                &["Heart size normal.", "Normal heart size."]
            } else {
                &[
                    "Heart size is normal.",
                    "The cardiac silhouette is normal in size.",
                    "The cardiomediastinal silhouette is within normal limits.",
                    "Heart size and mediastinal contours are unremarkable.",
                ]
            };
            say(Organ::Heart, (*random.pick(texts)).to_owned());
        }
        if random.chance(0.5) {
            let texts = [
                "No acute osseous abnormality.",
                "The visualized bones are intact.",
                "Osseous structures are unremarkable for age.",
                "No acute bony abnormality.",
            ];
            say(Organ::Bones, (*random.pick(&texts)).to_owned());
        }
        out
    }

    fn findings(&self, sentences: &[Sentence], normals: &[Sentence], random: &mut Random) -> String {
        let style = self.facts.style;
        let all = || sentences.iter().chain(normals);
        if style == Style::Structured {
            let labels = ["LINES AND TUBES", "LUNGS", "PLEURA", "HEART AND MEDIASTINUM", "BONES"];
            let mut lines = Vec::new();
            for (organ, label) in ORGANS.into_iter().zip(labels) {
                let texts: Vec<&str> = all().filter(|s| s.organ == organ).map(|s| s.text.as_str()).collect();
                match (texts.is_empty(), organ) {
                    (false, _) => lines.push(format!("{label}: {}", texts.join(" "))),
                    (true, Organ::Devices) if random.chance(0.5) => lines.push(format!("{label}: None.")),
                    (true, _) => {}
                }
            }
            return lines.join("\n");
        }
        let by_organ = random.chance(0.6);
        let mut texts: Vec<&str> = Vec::new();
        if by_organ {
            for organ in ORGANS {
                texts.extend(all().filter(|s| s.organ == organ).map(|s| s.text.as_str()));
            }
        } else {
            texts.extend(all().map(|s| s.text.as_str()));
        }
        let boilerplate = [
            "The trachea is midline.",
            "Visualized upper abdomen is unremarkable.",
            "Soft tissues are unremarkable.",
            "The study is limited by patient positioning.",
            "Inspiratory effort is adequate.",
        ];
        if !self.terse && random.chance(0.35) {
            texts.push(*random.pick(&boilerplate));
        }
        texts.join(" ")
    }

    fn impression(&self, sentences: &[Sentence], whole: bool, random: &mut Random) -> String {
        let mut lines: Vec<&Sentence> = sentences.iter().filter(|s| s.weight > 0).collect();
        lines.sort_by_key(|s| std::cmp::Reverse(s.weight));
        if !whole {
            // A conclusion repeats what matters.
            let keep = lines.iter().filter(|s| s.weight > 2).count().min(4);
            lines.truncate(keep.max(1));
            lines.retain(|s| s.weight > 2 || random.chance(0.3));
        }
        let mut texts: Vec<String> = lines.iter().map(|s| s.text.clone()).collect();
        let findings = self.facts.findings;
        let well = findings.iter().all(|f| f.kind.is_incidental() || f.kind.is_device());
        if well {
            let texts_well: &[&str] = match self.facts.style {
                Style::Terse => &["No acute disease.", "No active disease.", "Normal chest."],
                Style::British => {
                    &["No acute abnormality.", "No active lung lesion.", "Normal appearances for age."]
                }
                _ => &[
                    "No acute cardiopulmonary abnormality.",
                    "No acute cardiopulmonary process.",
                    "No evidence of acute cardiopulmonary disease.",
                    "No radiographic evidence of acute disease.",
                ],
            };
            texts.insert(0, (*random.pick(texts_well)).to_owned());
        } else if texts.is_empty() {
            texts.push(
                (*random.pick(&["See findings.", "As above.", "Findings as described above."])).to_owned(),
            );
        }
        if random.chance(0.12) && !well {
            texts.push(
                (*random.pick(&[
                    "Recommend follow-up radiograph.",
                    "Clinical correlation is advised.",
                    "Follow-up to clearing is recommended.",
                ]))
                .to_owned(),
            );
        }
        match self.facts.style {
            Style::Numbered | Style::Structured if texts.len() > 1 || random.chance(0.5) => {
                let join = if random.chance(0.7) { "\n" } else { " " };
                let numbered: Vec<String> =
                    texts.iter().enumerate().map(|(i, text)| format!("{}. {text}", i + 1)).collect();
                numbered.join(join)
            }
            _ => texts.join(" "),
        }
    }

    fn indication(&self, random: &mut Random) -> String {
        use FindingKind as K;
        let has = |kind| !self.free_of(kind);
        let reasons: &[&str] = if has(K::Pneumothorax) {
            &["Sudden chest pain", "Chest pain and shortness of breath", "Follow-up pneumothorax"]
        } else if has(K::EndotrachealTube) {
            &["Respiratory failure", "Intubated", "Evaluate tube position", "Postoperative"]
        } else if has(K::Consolidation) {
            &[
                "Fever and cough",
                "Cough, rule out pneumonia",
                "Productive cough",
                "Sepsis, evaluate for pneumonia",
            ]
        } else if has(K::PulmonaryEdema) || has(K::Cardiomegaly) {
            &[
                "Shortness of breath",
                "Dyspnea on exertion",
                "History of congestive heart failure",
                "Leg swelling and dyspnea, ?failure",
            ]
        } else if has(K::Nodule) {
            &["Smoker, weight loss", "Follow-up nodule", "Abnormal outside film", "Hemoptysis"]
        } else {
            &[
                "Cough",
                "Chest pain",
                "Preoperative evaluation",
                "Routine examination",
                "Positive PPD",
                "Shortness of breath",
                "Trauma, evaluate for pneumothorax",
                "Rule out pneumonia",
            ]
        };
        let reason = *random.pick(reasons);
        let person = if self.facts.female { "female" } else { "male" };
        let age = self.facts.age;
        let mut text = match random.below(4) {
            0 => format!("{age}-year-old {person} with {}.", reason.to_lowercase()),
            1 if self.british => format!("{reason}. {age} {}.", if self.facts.female { "F" } else { "M" }),
            _ => format!("{reason}."),
        };
        if random.chance(0.12) {
            let history = [
                " History of COPD.",
                " History of breast cancer.",
                " Prior pneumonia two years ago.",
                " Family history of lung cancer.",
                " History of asthma.",
            ];
            text.push_str(random.pick::<&str>(&history));
        }
        text
    }

    fn technique(&self, random: &mut Random) -> String {
        let views = self.facts.projections;
        let texts: &[&str] = if views.contains(&Projection::AnteroPosterior) {
            &[
                "Single AP portable view of the chest.",
                "Portable AP chest radiograph.",
                "AP supine/semi-erect chest.",
            ]
        } else if views.contains(&Projection::Lateral) {
            &[
                "PA and lateral views of the chest.",
                "Chest, two views.",
                "Frontal and lateral chest radiographs.",
            ]
        } else {
            &["Single PA view of the chest.", "Chest, one view.", "Frontal chest radiograph."]
        };
        (*random.pick(texts)).to_owned()
    }

    fn comparison(&self, random: &mut Random) -> String {
        match self.facts.before {
            None => (*random.pick(&["None.", "None available.", "No prior studies.", "None"])).to_owned(),
            Some((day, _)) => match random.below(4) {
                0 => format!("Chest radiograph {day}."),
                1 => format!("{}.", day.american()),
                2 => format!("Comparison is made to the prior examination of {}.", day.american()),
                _ => "Prior chest radiograph.".to_owned(),
            },
        }
    }

    /// The parts in one text, for houses without parts.
    fn flat(&self, sections: &[(SectionKind, String)]) -> Option<String> {
        let label = |kind: SectionKind| match (self.facts.style, kind) {
            (Style::Dictation, SectionKind::Indication) => Some("INDICATION: "),
            (Style::Dictation, SectionKind::Technique) => Some("EXAM: "),
            (Style::Dictation, SectionKind::Comparison) => Some("COMPARISON: "),
            (Style::Dictation, SectionKind::Findings) => Some("FINDINGS: "),
            (Style::Dictation, SectionKind::Impression) => Some("IMPRESSION: "),
            (Style::British, SectionKind::Indication) => Some("Clinical details: "),
            (Style::British, SectionKind::Technique) => Some("Examination: "),
            (Style::British, SectionKind::Comparison) => Some("Comparison: "),
            (Style::British, SectionKind::Findings) => Some("Report: "),
            (Style::British, SectionKind::Impression) => Some("Opinion: "),
            _ => None,
        };
        let lines: Option<Vec<String>> =
            sections.iter().map(|(kind, text)| Some(format!("{}{text}", label(*kind)?))).collect();
        lines.map(|lines| lines.join("\n"))
    }
}

/// "a", "a or b", "a, b, or c".
fn listed(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} or {two}"),
        [most @ .., last] => format!("{}, or {last}", most.join(", ")),
    }
}

/// Words that de-identification may take: names of findings and what denies or doubts them stay.
const TAKEN: [&str; 13] = [
    "radiograph",
    "film",
    "prior",
    "examination",
    "study",
    "interval",
    "again",
    "available",
    "year-old",
    "evaluation",
    "views",
    "limits",
    "thoracic",
];

fn holes(text: &str, random: &mut Random) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        let core = word.trim_end_matches(['.', ',']);
        let dated = core.chars().next().is_some_and(|c| c.is_ascii_digit())
            && (core.contains('/') || core.contains('-'));
        let taken = dated || (TAKEN.contains(&core.to_lowercase().as_str()) && random.chance(0.35));
        out.push_str(if taken { "XXXX" } else { core });
        out.push_str(&word[core.len()..]);
    }
    out
}
