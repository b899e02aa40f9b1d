//! What is wrong with a phantom, and what lies in it: the truth that reports and boxes are made of.

use precedent_model::Laterality;

/// A kind of finding that a phantom can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// Fluid in the pleural space, of an upright patient.
    PleuralEffusion,
    /// Air in the pleural space, from the apex downwards.
    Pneumothorax,
    /// Air spaces filled in one zone, with air bronchograms.
    Consolidation,
    /// Grade 1 redistribution, 2 interstitial, 3 alveolar.
    PulmonaryEdema,
    /// Cardiothoracic ratio above 0.55.
    Cardiomegaly,
    /// A round shadow of 5 to 30 mm.
    Nodule,
    /// Plates above a raised diaphragm.
    Atelectasis,
    /// Tube in the trachea.
    EndotrachealTube,
    /// Catheter from the neck to the superior vena cava.
    CentralVenousCatheter,
    /// Catheter from the arm to the superior vena cava.
    Picc,
    /// Generator below the clavicle with one or two leads.
    Pacemaker,
    /// Tube through the oesophagus to the stomach.
    FeedingTube,
    /// Drain in the pleural space.
    ChestTube,
    /// Wires around a sternum that was once divided.
    Sternotomy,
    /// Osteophytes and narrowed discs.
    SpineDegeneration,
    /// Calcium in the wall of the aortic arch.
    AorticAtherosclerosis,
    /// A spine that is bent sideways.
    Scoliosis,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::PleuralEffusion,
        Self::Pneumothorax,
        Self::Consolidation,
        Self::PulmonaryEdema,
        Self::Cardiomegaly,
        Self::Nodule,
        Self::Atelectasis,
        Self::EndotrachealTube,
        Self::CentralVenousCatheter,
        Self::Picc,
        Self::Pacemaker,
        Self::FeedingTube,
        Self::ChestTube,
        Self::Sternotomy,
        Self::SpineDegeneration,
        Self::AorticAtherosclerosis,
        Self::Scoliosis,
    ];

    /// The id in `index/lexicon`, of any severity.
    pub const fn id(self) -> &'static str {
        match self {
            Self::PleuralEffusion => "pleural-effusion",
            Self::Pneumothorax => "pneumothorax",
            Self::Consolidation => "consolidation",
            Self::PulmonaryEdema => "pulmonary-edema",
            Self::Cardiomegaly => "cardiomegaly",
            Self::Nodule => "nodule",
            Self::Atelectasis => "atelectasis",
            Self::EndotrachealTube => "endotracheal-tube",
            Self::CentralVenousCatheter => "central-venous-catheter",
            Self::Picc => "picc",
            Self::Pacemaker => "pacemaker",
            Self::FeedingTube => "feeding-tube",
            Self::ChestTube => "chest-tube",
            Self::Sternotomy => "sternotomy",
            Self::SpineDegeneration => "spine-degeneration",
            Self::AorticAtherosclerosis => "aortic-atherosclerosis",
            Self::Scoliosis => "scoliosis",
        }
    }

    /// Whether it is a device or material that somebody placed.
    pub const fn is_device(self) -> bool {
        matches!(
            self,
            Self::EndotrachealTube
                | Self::CentralVenousCatheter
                | Self::Picc
                | Self::Pacemaker
                | Self::FeedingTube
                | Self::ChestTube
                | Self::Sternotomy
        )
    }

    /// Whether it is incidental, so that a report may leave it out.
    pub const fn is_incidental(self) -> bool {
        matches!(self, Self::SpineDegeneration | Self::AorticAtherosclerosis | Self::Scoliosis)
    }
}

/// Where in a lung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Above the clavicle.
    Apex,
    /// Upper third.
    Upper,
    /// Middle third.
    Middle,
    /// Lower third.
    Lower,
    /// At the diaphragm.
    Base,
    /// Around both hila.
    Perihilar,
}

impl Place {
    /// The name in the truth file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apex => "apex",
            Self::Upper => "upper",
            Self::Middle => "middle",
            Self::Lower => "lower",
            Self::Base => "base",
            Self::Perihilar => "perihilar",
        }
    }
}

/// One finding of one study: the ground truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The side, where it has one. Both sides are two findings, but for pulmonary edema, which has none.
    pub side: Option<Laterality>,
    /// The place in the lung, where it has one.
    pub place: Option<Place>,
    /// 1 mild or small, 2 moderate, 3 severe or large; 0 where that makes no sense.
    pub severity: u8,
    /// Diameter of a nodule in millimetres.
    pub size_mm: Option<f64>,
    /// How much of it there is, 0 to 1: what the severity was rounded from.
    pub amount: f64,
    /// Decides its form. The same finding of a patient keeps it from study to study.
    pub(crate) seed: u64,
}

impl Finding {
    /// The id of the finding in `index/lexicon`.
    pub const fn id(&self) -> &'static str {
        match (self.kind, self.severity) {
            (FindingKind::PulmonaryEdema, 0 | 1) => "pulmonary-edema-grade-1",
            (FindingKind::PulmonaryEdema, 2) => "pulmonary-edema-grade-2",
            (FindingKind::PulmonaryEdema, _) => "pulmonary-edema-grade-3",
            (kind, _) => kind.id(),
        }
    }

    /// +1 on the patient's left, -1 on the right, 0 without a side.
    pub(crate) const fn sign(&self) -> f64 {
        match self.side {
            Some(Laterality::Left) => 1.0,
            Some(Laterality::Right) => -1.0,
            _ => 0.0,
        }
    }
}
