//! Short reports and small vectors of a generator, as many as anyone wants.

use precedent_benches::figures::SplitMix;
use precedent_engine::{Definition, NewCase};
use precedent_model::{Case, CaseId, FieldKind, FieldSchema, FieldValue, PatientKey, Report, SectionKind};
use precedent_query::{QueryVector, SearchRequest};
use precedent_vector::{Metric, VectorSpace};
use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ENCODER: &str = "growth";
const DIMENSION: usize = 64;
/// Vectors lie around so many centres.
const CENTRES: u64 = 2_000;
/// How far from its centre a vector lies, where the centre is of length 1.
const SPREAD: f64 = 0.9;
const SEED: u64 = 0x6772_6f77;

const FINDINGS: [&str; 24] = [
    "Small left pleural effusion.",
    "No pleural effusion.",
    "No pneumothorax.",
    "Tiny right apical pneumothorax.",
    "Heart size is normal.",
    "The heart is moderately enlarged.",
    "Clear lungs.",
    "Patchy opacity in the right lower lobe.",
    "Left basilar atelectasis.",
    "No focal consolidation.",
    "Consolidation in the left upper lobe.",
    "Mild pulmonary edema.",
    "No pulmonary edema.",
    "Stable 6 mm nodule in the right upper lobe.",
    "Calcified granuloma.",
    "Hyperinflated lungs.",
    "Tortuous aorta.",
    "Degenerative changes of the thoracic spine.",
    "Right internal jugular line with tip in the superior vena cava.",
    "Endotracheal tube 4 cm above the carina.",
    "Median sternotomy wires are intact.",
    "Old healed rib fractures.",
    "Elevated right hemidiaphragm.",
    "Prominent interstitial markings.",
];
const IMPRESSIONS: [&str; 6] = [
    "No acute cardiopulmonary disease.",
    "Findings suggest congestive heart failure.",
    "Possible pneumonia; follow up.",
    "Unchanged from the prior study.",
    "Improved aeration.",
    "New effusion.",
];
const WORDS: [&str; 8] = [
    "pleural effusion",
    "left upper lobe consolidation",
    "pneumothorax",
    "enlarged heart",
    "calcified granuloma",
    "rib fractures",
    "edema",
    "nodule right upper lobe",
];

/// Cases and questions by number.
pub struct Generator {
    centres: Vec<Vec<f64>>,
}

impl Generator {
    pub fn new() -> Self {
        let centre = |number| {
            let mut random = SplitMix::of(SEED, number);
            (0..DIMENSION).map(|_| random.normal() / (DIMENSION as f64).sqrt()).collect()
        };
        Self { centres: (0..CENTRES).map(centre).collect() }
    }

    pub fn definition(name: &str) -> Outcome<Definition> {
        let mut definition = Definition::from_toml(&format!("name = '{name}'"))?;
        definition.image_space = Some(VectorSpace::new(DIMENSION, Metric::Cosine, ENCODER)?);
        definition.fields = FieldSchema::new([("year".to_owned(), FieldKind::Integer)])?;
        Ok(definition)
    }

    pub fn id(number: u64) -> Outcome<CaseId> {
        Ok(CaseId::new(&format!("G{number}"))?)
    }

    pub fn case(&self, number: u64) -> Outcome<NewCase> {
        let mut random = SplitMix::of(SEED + 1, number);
        let mut case = Case::new(Self::id(number)?);
        case.patient = Some(PatientKey::new(&format!("P{}", number / 3), None)?);
        case.fields.insert("year".to_owned(), vec![FieldValue::Integer(2000 + random.below(25) as i64)]);
        let count = 2 + random.below(4);
        let findings: Vec<&str> = (0..count).map(|_| FINDINGS[random.below(FINDINGS.len())]).collect();
        let impression = IMPRESSIONS[random.below(IMPRESSIONS.len())];
        case.report = Some(Report::new([
            (SectionKind::Findings, findings.join(" ").as_str()),
            (SectionKind::Impression, impression),
        ])?);
        case.images = vec![Default::default()];
        let embeddings = vec![Some(self.vector(&mut random))];
        Ok(NewCase { embeddings, ..NewCase::new(case) })
    }

    /// An embedding, some words, and a filter that keeps a fifth.
    pub fn question(&self, number: u64) -> SearchRequest {
        let mut random = SplitMix::of(SEED + 2, number);
        SearchRequest {
            vectors: vec![self.vector(&mut random)],
            text: Some(WORDS[random.below(WORDS.len())].to_owned()),
            filter: Some(format!("year < {}", 2001 + random.below(8))),
            ..SearchRequest::default()
        }
    }

    fn vector(&self, random: &mut SplitMix) -> QueryVector {
        let centre = &self.centres[random.below(self.centres.len())];
        let scale = SPREAD / (DIMENSION as f64).sqrt();
        let values = centre.iter().map(|value| (value + scale * random.normal()) as f32).collect();
        QueryVector { values, encoder_id: ENCODER.to_owned() }
    }
}
