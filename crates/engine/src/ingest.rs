//! Admission of new cases: each is checked as a whole, so that nothing half right is written.

use crate::{Cause, Violation};
use precedent_archive::{CaseEntry, Definition, Effect, LocalVectors, Loss, Refused, Replacement, misfits};
use precedent_model::{Case, FieldKind, FieldValue, Image, MAX_IMAGES, Thumbnail};
use precedent_query::QueryVector;
use std::fmt;

/// Most bytes of image files per case.
pub const MAX_CASE_FILE_BYTES: usize = 256 << 20;

/// A case to be ingested.
#[derive(Clone)]
pub struct NewCase {
    /// The case.
    pub case: Case,
    /// Per image of the case its embedding, if any. A case without images may have embeddings all the same: each then gets an
    /// image without a name.
    pub embeddings: Vec<Option<QueryVector>>,
    /// Per image of the case its DICOM, PNG or JPEG file, if it is to be encoded. A case without images may have files all the
    /// same: each then gets an image.
    pub files: Vec<Option<Vec<u8>>>,
    /// Vectors of the parts of its images and of the sentences of its report, if there are any. Each image must be one of the case, each
    /// sentence stand in the report.
    pub local: Option<NewLocal>,
    /// Small pictures of its images, by the index of the image.
    pub thumbnails: Vec<(usize, Thumbnail)>,
    /// What to do if the index holds a case with this id.
    pub replacement: Replacement,
}

/// Local vectors of a case, as an encoder gave them; in any order.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLocal {
    /// The encoder, with its version.
    pub encoder_id: String,
    /// Its vectors.
    pub vectors: LocalVectors,
}

impl NewCase {
    /// A case alone, which replaces an existing one as a whole.
    pub fn new(case: Case) -> Self {
        Self {
            case,
            embeddings: Vec::new(),
            files: Vec::new(),
            local: None,
            thumbnails: Vec::new(),
            replacement: Replacement::default(),
        }
    }

    /// Its approximate size in memory, in bytes.
    pub fn memory_bytes(&self) -> usize {
        let sections = self.case.report.iter().flat_map(|report| report.sections());
        let text: usize = sections.map(|section| section.text.len()).sum();
        let values: usize = self.embeddings.iter().flatten().map(|vector| vector.values.len()).sum();
        let files: usize = self.files.iter().flatten().map(Vec::len).sum();
        let local = self.local.as_ref().map_or(0, |local| local.vectors.memory_bytes());
        let pictures: usize = self.thumbnails.iter().map(|(_, thumbnail)| thumbnail.jpeg().len()).sum();
        // Fields, ids and images usually take a few hundred bytes.
        text + values * size_of::<f32>() + files + local + pictures + 512
    }

    /// Whether there is anything to encode.
    pub fn has_files(&self) -> bool {
        self.files.iter().any(Option::is_some)
    }
}

/// Image files show a patient, so they are left out.
impl fmt::Debug for NewCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (embeddings, files) =
            (self.embeddings.iter().flatten().count(), self.files.iter().flatten().count());
        write!(f, "NewCase({:?}, {embeddings} embeddings, {files} files, {:?})", self.case, self.replacement)
    }
}

/// Per case: what was done, or why it was refused.
pub type IngestOutcome = Result<Ingested, Refusal>;

/// A case that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    /// What was done.
    pub effect: Effect,
    /// The position in the log of the case now held under this id; 0 if nothing was done yet.
    pub sequence: u64,
    /// What was left out of it.
    pub warnings: Vec<CaseWarning>,
}

/// Why a case was refused; it changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is wrong.
    Invalid(Vec<Violation>),
    /// The case held under this id would lose something.
    Loss(Vec<Violation>),
}

impl Refusal {
    /// Everything that is wrong, by field.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) | Self::Loss(violations) => violations,
        }
    }

    /// The same, by value.
    pub fn into_violations(self) -> Vec<Violation> {
        match self {
            Self::Invalid(violations) | Self::Loss(violations) => violations,
        }
    }
}

/// A warning about a case that was ingested all the same. It contains no value of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseWarning {
    /// What it is about.
    pub code: CaseWarningCode,
    /// The path of the field, such as `case.patient.id`.
    pub field: &'static str,
    /// What was done, and what the sender can do.
    pub message: &'static str,
}

/// What a [`CaseWarning`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseWarningCode {
    /// The patient id is a placeholder and was left out.
    PlaceholderPatient,
    /// The issuer is a placeholder and was left out.
    PlaceholderIssuer,
}

/// A checked case, and what was left out of it.
pub(crate) struct Admitted {
    pub entry: CaseEntry,
    pub replacement: Replacement,
    pub warnings: Vec<CaseWarning>,
}

/// Checks a case and converts it to the form of the index; names everything that is wrong with it. An update may consist of a
/// patient or vectors of sentences only, because the index holds the rest. Files must be encoded already.
pub(crate) fn admit(definition: &Definition, new: NewCase) -> Result<Admitted, Vec<Violation>> {
    let NewCase { mut case, embeddings, local, mut thumbnails, replacement, files: _ } = new;
    let mut wrong = Vec::new();
    let warnings = admit_patient(definition, &mut case);
    complete_views(definition, &mut case);
    if case.images.is_empty() {
        case.images = vec![Image::default(); embeddings.len()];
    }
    if case.images.len() > MAX_IMAGES {
        let description = format!("has {} entries; give at most {MAX_IMAGES}", case.images.len());
        wrong.push(Violation::new("case.images", description));
    }
    if embeddings.len() > case.images.len() {
        let description = format!("{} embeddings for {} images", embeddings.len(), case.images.len());
        wrong.push(Violation::new("case.images", format!("{description}; give at most one per image")));
    }
    check_fields(definition, &case, &mut wrong);
    let mut admitted = Vec::new();
    for (image, vector) in embeddings.iter().enumerate() {
        let Some(vector) = vector else { continue };
        let path = format!("case.images[{image}].embedding");
        match &definition.image_space {
            None => {
                let problem = "this index has no image space; make one for the encoder of the embeddings";
                wrong.push(Violation::new(path, problem).because(Cause::NoImageSpace));
            }
            Some(space) => match space.admit(&vector.encoder_id, &vector.values) {
                Ok(embedding) => admitted.push((image, embedding)),
                Err(error) => wrong.push(Violation::new(path, error.to_string())),
            },
        }
    }
    let gives_sentences = local.as_ref().is_some_and(|local| !local.vectors.sentences.is_empty());
    let updates = replacement == Replacement::Update && (case.patient.is_some() || gives_sentences);
    if case.is_bare() && !updates {
        let remedy = "holds nothing but its id; give a report, an embedding, an image or a field";
        wrong.push(Violation::new("case", remedy));
    }
    if let (Some(local), Some(space)) = (&local, &definition.local_space)
        && local.encoder_id.trim() != space.encoder_id
    {
        let problem = format!(
            "is of encoder {}, local vectors of this index are of {}; encode with {}",
            local.encoder_id, space.encoder_id, space.encoder_id
        );
        wrong.push(Violation::new("case.local_encoder_id", problem));
    }
    let mut entry = CaseEntry::new(case, admitted);
    entry.local = local.map(|local| local.vectors).unwrap_or_default();
    thumbnails.sort_by_key(|(image, _)| *image);
    entry.thumbnails = thumbnails;
    let misfits = misfits(definition, &entry, replacement);
    wrong.extend(
        misfits.into_iter().map(|misfit| Violation::new(format!("case.{}", misfit.field), misfit.problem)),
    );
    entry.local = entry.local.sorted();
    if wrong.is_empty() { Ok(Admitted { entry, replacement, warnings }) } else { Err(wrong) }
}

/// Fills the field `view` from the images if the case does not give it: searches use it to put like views first.
fn complete_views(definition: &Definition, case: &mut Case) {
    if definition.fields.kind("view") != Some(FieldKind::Keywords) || case.fields.contains_key("view") {
        return;
    }
    let views = case.images.iter().filter_map(|image| image.view.as_deref());
    if let Ok(values) = definition.fields.parse_values("view", views)
        && !values.is_empty()
    {
        case.fields.insert("view".to_owned(), values);
    }
}

/// Removes placeholders: cases that share one have nothing in common.
fn admit_patient(definition: &Definition, case: &mut Case) -> Vec<CaseWarning> {
    let Some(key) = case.patient.take() else { return Vec::new() };
    let has_issuer = key.issuer().is_some();
    case.patient = definition.placeholders.patient(key);
    let message = "is a placeholder, so it was left out and the case has no patient; give the patient's own id, or take \
                   this text off the placeholders of the index definition";
    match &case.patient {
        None => {
            vec![CaseWarning { code: CaseWarningCode::PlaceholderPatient, field: "case.patient.id", message }]
        }
        Some(kept) if has_issuer && kept.issuer().is_none() => {
            let message =
                "is a placeholder, so it was left out and may be any issuer; give the issuer or leave it out";
            vec![CaseWarning {
                code: CaseWarningCode::PlaceholderIssuer,
                field: "case.patient.issuer",
                message,
            }]
        }
        Some(_) => Vec::new(),
    }
}

/// Why a case does not replace the one in the index.
pub(crate) fn refusal(refused: Refused) -> Refusal {
    match refused {
        Refused::Loss(loss) => Refusal::Loss(losses(loss)),
        Refused::TooManyImages(count) => {
            let description = format!(
                "would have {count} entries with those that the index holds; give at most {MAX_IMAGES}"
            );
            Refusal::Invalid(vec![Violation::new("case.images", description)])
        }
        Refused::NotInReport(count) => {
            let description = format!(
                "has {count} that do not stand in the report that the index holds; give sentences as the report has them"
            );
            Refusal::Invalid(vec![Violation::new("case.sentences", description)])
        }
        Refused::NothingToUpdate => {
            let description = "holds nothing but its patient or vectors of sentences, and the index holds no case of this id; give a report, \
                 an embedding, an image or a field";
            Refusal::Invalid(vec![Violation::new("case", description)])
        }
    }
}

fn losses(loss: Loss) -> Vec<Violation> {
    const REMEDY: &str = "give it again, update the case, which keeps what is not given, or say that it may be replaced without";
    let missing = |field: &str, what: &str| {
        Violation::new(field, format!("is missing, and the index holds a {what} of this case; {REMEDY}"))
    };
    let fewer = |field: &str, what: &str, (held, given): (usize, usize)| {
        let problem = format!("{given} of {held} {what} that the index holds of this case would be left");
        Violation::new(field, format!("{problem}; {REMEDY}"))
    };
    let mut wrong = Vec::new();
    wrong.extend(loss.report.then(|| missing("case.report", "report")));
    wrong.extend(loss.patient.then(|| missing("case.patient", "patient")));
    wrong.extend(loss.images.map(|counts| fewer("case.images", "images", counts)));
    wrong.extend(loss.embeddings.map(|counts| fewer("case.images.embedding", "embeddings", counts)));
    wrong.extend(loss.patches.map(|counts| fewer("case.images.patches", "grids of patches", counts)));
    wrong.extend(loss.thumbnails.map(|counts| fewer("case.images.thumbnail", "thumbnails", counts)));
    wrong
}

fn check_fields(definition: &Definition, case: &Case, wrong: &mut Vec<Violation>) {
    for (name, values) in &case.fields {
        let path = format!("case.fields.{name}");
        let Some(kind) = definition.fields.kind(name) else {
            wrong.push(Violation::new(path, "is not a field of this index; leave it out or define it"));
            continue;
        };
        let fits = |value: &FieldValue| match value {
            FieldValue::Keyword(_) => matches!(kind, FieldKind::Keyword | FieldKind::Keywords),
            FieldValue::Integer(_) => kind == FieldKind::Integer,
            FieldValue::Number(number) => kind == FieldKind::Number && number.is_finite(),
            FieldValue::Date(_) => kind == FieldKind::Date,
        };
        if !values.iter().all(fits) || (values.len() > 1 && kind != FieldKind::Keywords) {
            wrong.push(Violation::new(
                path,
                format!("does not hold what a field of kind {} holds", kind.name()),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{CaseId, PatientKey, Report, SectionKind};
    use precedent_vector::{Metric, VectorSpace};

    fn definition() -> Definition {
        let mut definition = Definition::chest_xray().unwrap();
        definition.image_space = Some(VectorSpace::new(16, Metric::Cosine, "enc").unwrap());
        definition
    }

    fn with_report() -> Case {
        let mut case = Case::new(CaseId::new("a").unwrap());
        case.report = Some(Report::new([(SectionKind::Impression, "Normal.")]).unwrap());
        case
    }

    fn vector(values: Vec<f32>) -> Option<QueryVector> {
        Some(QueryVector { values, encoder_id: "enc".into() })
    }

    fn refused(definition: &Definition, case: Case, embeddings: Vec<Option<QueryVector>>) -> String {
        let new = NewCase { embeddings, ..NewCase::new(case) };
        let Err(violations) = admit(definition, new) else { panic!("it was admitted") };
        violations.iter().map(|v| format!("{}: {}; ", v.field, v.description)).collect()
    }

    #[test]
    fn an_embedding_without_an_image_gets_one() {
        let new = NewCase { embeddings: vec![vector(vec![1.0; 16])], ..NewCase::new(with_report()) };
        let entry = admit(&definition(), new).unwrap().entry;
        assert_eq!((entry.case.images.len(), entry.embeddings.len()), (1, 1));
    }

    #[test]
    fn everything_wrong_is_named() {
        let mut case = with_report();
        case.images = vec![Image::default()];
        case.fields.insert("age".into(), vec![FieldValue::Keyword("old".into())]);
        case.fields.insert("weight".into(), vec![FieldValue::Integer(1)]);
        let text = refused(&definition(), case, vec![vector(vec![f32::NAN; 16]), vector(vec![1.0; 3])]);
        for part in [
            "case.images: 2 embeddings for 1 images",
            "case.fields.age",
            "case.fields.weight",
            "case.images[0].embedding: number 0 is NaN",
            "case.images[1].embedding: has 3 numbers",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_placeholder_is_taken_off_with_a_warning() {
        let admitted = |id: &str, issuer: &str| {
            let mut case = with_report();
            case.patient = Some(PatientKey::new(id, Some(issuer)).unwrap());
            let admitted = admit(&definition(), NewCase::new(case)).unwrap();
            let codes: Vec<CaseWarningCode> = admitted.warnings.iter().map(|warning| warning.code).collect();
            (admitted.entry.case.patient.map(|key| key.joined()), codes)
        };
        for id in ["nan", "N/A", "000", "UNKNOWN", "--"] {
            assert_eq!(admitted(id, "north"), (None, vec![CaseWarningCode::PlaceholderPatient]), "{id}");
        }
        assert_eq!(admitted("17", "nan"), (Some("17".to_owned()), vec![CaseWarningCode::PlaceholderIssuer]));
        assert!(admitted("17", "north").1.is_empty() && admitted("17", "").1.is_empty());
    }

    #[test]
    fn a_case_of_nothing_and_a_vector_without_a_space_are_refused() {
        let bare = Case::new(CaseId::new("a").unwrap());
        assert!(refused(&definition(), bare, vec![]).contains("holds nothing but its id"));
        let reports_only = Definition::chest_xray().unwrap();
        assert!(
            refused(&reports_only, with_report(), vec![vector(vec![1.0; 16])]).contains("no image space")
        );
    }
}
