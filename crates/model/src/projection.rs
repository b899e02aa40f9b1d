//! Views as sites write them, brought to the few projections that can be told apart.

use crate::fold_keyword;

/// How a film was projected, as far as views are compared: films of one projection are like each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Projection {
    /// From behind or from the front: `PA`, `AP`, `frontal`.
    Frontal,
    /// From the side: `LATERAL`, `LL`, `RL`.
    Lateral,
    /// Between the two: `LAO`, `RPO`, `oblique`.
    Oblique,
    /// Lying on a side, with a level ray: `LLD`, `decubitus`.
    Decubitus,
}

/// Words of a view by projection: those of DICOM's View Position (0018,5101) and what people write. A word with a star at
/// its end stands for all that begin so.
const WORDS: [(Projection, &[&str]); 4] = [
    (Projection::Decubitus, &["lld", "rld", "decub*"]),
    (Projection::Oblique, &["lao", "rao", "lpo", "rpo", "llo", "rlo", "obl*"]),
    (
        Projection::Lateral,
        &["lat", "lateral*", "ll", "rl", "llat", "rlat", "l", "profile", "profil", "sagittal"],
    ),
    (
        Projection::Frontal,
        &["pa", "ap", "front*", "posteroant*", "anteropost*", "postero", "antero", "coronal"],
    ),
];

impl Projection {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Frontal, Self::Lateral, Self::Oblique, Self::Decubitus];

    /// The name in replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frontal => "frontal",
            Self::Lateral => "lateral",
            Self::Oblique => "oblique",
            Self::Decubitus => "decubitus",
        }
    }

    /// The projection that a view names; nothing where it names none or several. The first of decubitus, oblique, lateral and
    /// frontal counts where a word only says the direction of the other: `left lateral decubitus`, `PA oblique`, `AP LLD`.
    pub fn of_view(view: &str) -> Option<Self> {
        let folded = fold_keyword(view);
        let words: Vec<&str> =
            folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let names = |known: &str| match known.strip_suffix('*') {
            Some(start) => words.iter().any(|word| word.starts_with(start)),
            None => words.contains(&known),
        };
        let named: Vec<Self> = (WORDS.iter())
            .filter(|(_, known)| known.iter().any(|known| names(known)))
            .map(|(projection, _)| *projection)
            .collect();
        match named.as_slice() {
            // Two films in one text.
            [Self::Lateral, Self::Frontal] => None,
            named => named.first().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(views: &[&str], projection: Option<Projection>) {
        for view in views {
            assert_eq!(Projection::of_view(view), projection, "{view}");
        }
    }

    #[test]
    fn views_are_brought_to_projections() {
        let frontal = [
            "PA",
            "ap",
            "FRONTAL",
            "AP Supine",
            "PA_ERECT",
            "postero-anterior",
            "Anteroposterior",
            "Chest PA",
        ];
        check(&frontal, Some(Projection::Frontal));
        check(
            &["LAT", "Lateral", "LL", "RL", "L", "left lateral", "LLAT", "L-LAT"],
            Some(Projection::Lateral),
        );
        check(&["LAO", "RPO", "AP oblique", "OBL", "LLO"], Some(Projection::Oblique));
        check(&["LLD", "AP LLD", "left lateral decubitus", "RLD"], Some(Projection::Decubitus));
        check(&["", " ", "PA and lateral", "unknown", "special", "chest", "apical"], None);
    }
}
