//! Hospitals and offices, each with its machine and habits.

/// A place where films are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Site {
    /// The id in manifests.
    pub id: &'static str,
    /// Who issues its patient numbers.
    pub issuer: &'static str,
    /// Maker of its machine, plainly an invented one.
    pub manufacturer: &'static str,
    /// `DX` or `CR`.
    pub modality: &'static str,
    /// Whether its files are stored dense dark (MONOCHROME1).
    pub inverted: bool,
    /// Grey of lung and of dense tissue, 0 to 1.
    pub(crate) lung_grey: f64,
    pub(crate) dense_grey: f64,
    /// Lift of outlines, grain.
    pub(crate) edge: f64,
    pub(crate) grain: f64,
    /// Width of the film in millimetres.
    pub(crate) field_mm: f64,
    /// Marks the left side with L, not the right one with R.
    pub(crate) marks_left: bool,
    /// Shows lateral films with the chest to the left.
    pub(crate) faces_left: bool,
    /// Share of films with a dark collimated border.
    pub(crate) collimates: f64,
    /// Share of studies taken at the bedside.
    pub(crate) portable: f64,
}

/// Every site.
pub const SITES: [Site; 5] = [
    Site {
        id: "harbour-general",
        issuer: "PHANTOM-HG",
        manufacturer: "Phantom Imaging A",
        modality: "DX",
        inverted: false,
        lung_grey: 0.24,
        dense_grey: 0.86,
        edge: 0.55,
        grain: 0.010,
        field_mm: 392.0,
        marks_left: true,
        faces_left: true,
        collimates: 0.15,
        portable: 0.22,
    },
    Site {
        id: "northfield-clinic",
        issuer: "PHANTOM-NC",
        manufacturer: "Phantom Imaging B",
        modality: "DX",
        inverted: true,
        lung_grey: 0.19,
        dense_grey: 0.83,
        edge: 0.80,
        grain: 0.013,
        field_mm: 402.0,
        marks_left: true,
        faces_left: false,
        collimates: 0.45,
        portable: 0.05,
    },
    Site {
        id: "st-alban",
        issuer: "PHANTOM-SA",
        manufacturer: "Phantom Imaging C",
        modality: "CR",
        inverted: false,
        lung_grey: 0.30,
        dense_grey: 0.84,
        edge: 0.30,
        grain: 0.021,
        field_mm: 410.0,
        marks_left: false,
        faces_left: true,
        collimates: 0.25,
        portable: 0.40,
    },
    Site {
        id: "valley-outpatient",
        issuer: "PHANTOM-VO",
        manufacturer: "Phantom Imaging A",
        modality: "DX",
        inverted: false,
        lung_grey: 0.27,
        dense_grey: 0.90,
        edge: 0.65,
        grain: 0.008,
        field_mm: 384.0,
        marks_left: false,
        faces_left: false,
        collimates: 0.60,
        portable: 0.0,
    },
    Site {
        id: "island-hospital",
        issuer: "PHANTOM-IH",
        manufacturer: "Phantom Imaging D",
        modality: "CR",
        inverted: false,
        lung_grey: 0.34,
        dense_grey: 0.82,
        edge: 0.18,
        grain: 0.026,
        field_mm: 396.0,
        marks_left: true,
        faces_left: true,
        collimates: 0.30,
        portable: 0.30,
    },
];
