//! What a column may fill, by the names that every manifest knows.

use precedent_model::SectionKind;

/// What a column of a manifest fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    CaseId,
    PatientId,
    Issuer,
    Images,
    /// The views of the images; the field `view`, too, where the index has it.
    View,
    Section(SectionKind),
    /// The parts of the report in their order: a list of objects.
    Sections,
    /// An object whose keys are fields.
    Labels,
    /// The same, with values that are taken as they are written.
    Fields,
    /// The embeddings of the images, in a file that can hold some.
    Embedding,
    /// A field of the index.
    Field(String),
}

impl Target {
    /// The names that every manifest knows.
    pub const NAMES: [&str; 15] = [
        "case_id",
        "patient_id",
        "patient_id_issuer",
        "images",
        "view",
        "labels",
        "fields",
        "report",
        "sections",
        "indication",
        "comparison",
        "technique",
        "findings",
        "impression",
        "embedding",
    ];

    /// The target that every manifest knows under this name.
    pub fn canonical(name: &str) -> Option<Self> {
        Some(match name {
            "case_id" => Self::CaseId,
            "patient_id" => Self::PatientId,
            "patient_id_issuer" => Self::Issuer,
            "images" => Self::Images,
            "view" => Self::View,
            "labels" => Self::Labels,
            "fields" => Self::Fields,
            "sections" => Self::Sections,
            "embedding" => Self::Embedding,
            "report" => Self::Section(SectionKind::Body),
            "body" => return None,
            name => Self::Section(SectionKind::from_name(name)?),
        })
    }

    /// The name in messages.
    pub fn name(&self) -> &str {
        match self {
            Self::CaseId => "case_id",
            Self::PatientId => "patient_id",
            Self::Issuer => "patient_id_issuer",
            Self::Images => "images",
            Self::View => "view",
            Self::Labels => "labels",
            Self::Fields => "fields",
            Self::Sections => "sections",
            Self::Embedding => "embedding",
            Self::Section(SectionKind::Body) => "report",
            Self::Section(kind) => kind.name(),
            Self::Field(name) => name,
        }
    }

    /// A case under the wrong name, or of the wrong patient, is worse than none; so these may not be missed.
    pub fn is_identity(&self) -> bool {
        matches!(self, Self::CaseId | Self::PatientId | Self::Issuer)
    }
}
