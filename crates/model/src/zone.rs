//! Zones of a film, as radiologists say them.

use crate::{ImageExtent, Laterality, Projection, Region};

/// How far from the middle of a film, as a share of its width, what lies there is on neither side.
const MIDLINE: f64 = 1.0 / 32.0;

/// A third of the height of a film, and the patient's side where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Zone {
    /// The right third at the top.
    RightUpper,
    /// The right third in the middle.
    RightMid,
    /// The right third at the bottom.
    RightLower,
    /// The left third at the top.
    LeftUpper,
    /// The left third in the middle.
    LeftMid,
    /// The left third at the bottom.
    LeftLower,
    /// At the top, in the midline or on a film that has no sides.
    Upper,
    /// In the middle, as [`Zone::Upper`].
    Mid,
    /// At the bottom, as [`Zone::Upper`].
    Lower,
}

impl Zone {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::RightUpper,
        Self::RightMid,
        Self::RightLower,
        Self::LeftUpper,
        Self::LeftMid,
        Self::LeftLower,
        Self::Upper,
        Self::Mid,
        Self::Lower,
    ];

    /// The name in replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RightUpper => "right upper zone",
            Self::RightMid => "right mid zone",
            Self::RightLower => "right lower zone",
            Self::LeftUpper => "left upper zone",
            Self::LeftMid => "left mid zone",
            Self::LeftLower => "left lower zone",
            Self::Upper => "upper zone",
            Self::Mid => "mid zone",
            Self::Lower => "lower zone",
        }
    }

    /// On which side of the patient it lies, if on one.
    pub const fn side(self) -> Option<Laterality> {
        match self {
            Self::RightUpper | Self::RightMid | Self::RightLower => Some(Laterality::Right),
            Self::LeftUpper | Self::LeftMid | Self::LeftLower => Some(Laterality::Left),
            Self::Upper | Self::Mid | Self::Lower => None,
        }
    }

    /// The zone of the centre of a region. A frontal film, from behind or from the front, is shown as if the patient faced the
    /// reader: its left is the patient's right. Other films and unknown ones have no sides. On a film of a patient who lies on a side nothing
    /// says what is up, so it has no zones.
    pub fn of(region: Region, extent: ImageExtent, projection: Option<Projection>) -> Option<Self> {
        let centre =
            |at: u32, length: u32, side: u32| (f64::from(at) + f64::from(length) / 2.0) / f64::from(side);
        let side = match projection {
            Some(Projection::Decubitus) => return None,
            Some(Projection::Frontal) => match centre(region.x, region.width, extent.columns()) {
                x if x < 0.5 - MIDLINE => Some(Laterality::Right),
                x if x > 0.5 + MIDLINE => Some(Laterality::Left),
                _ => None,
            },
            Some(Projection::Lateral | Projection::Oblique) | None => None,
        };
        let third = (centre(region.y, region.height, extent.rows()) * 3.0) as usize;
        let mut thirds = Self::ALL.into_iter().filter(|zone| zone.side() == side);
        thirds.nth(third.min(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(centre: (u32, u32), projection: Option<Projection>, zone: Option<&str>) {
        let region = Region { x: centre.0 - 10, y: centre.1 - 10, width: 20, height: 20 };
        let extent = ImageExtent::new(900, 900).unwrap();
        assert_eq!(Zone::of(region, extent, projection).map(Zone::name), zone);
    }

    #[test]
    fn the_left_of_a_frontal_film_is_the_right_of_the_patient() {
        let frontal = Some(Projection::Frontal);
        for (y, level) in
            [(10, "upper"), (299, "upper"), (301, "mid"), (599, "mid"), (601, "lower"), (890, "lower")]
        {
            check((10, y), frontal, Some(&format!("right {level} zone")));
            check((420, y), frontal, Some(&format!("right {level} zone")));
            check((450, y), frontal, Some(&format!("{level} zone")));
            check((480, y), frontal, Some(&format!("left {level} zone")));
            check((890, y), frontal, Some(&format!("left {level} zone")));
        }
    }

    #[test]
    fn other_films_have_no_sides_and_lying_ones_no_zones() {
        for projection in [Some(Projection::Lateral), Some(Projection::Oblique), None] {
            check((10, 890), projection, Some("lower zone"));
        }
        check((10, 890), Some(Projection::Decubitus), None);
    }

    #[test]
    fn names_say_the_side() {
        for zone in Zone::ALL {
            let side = zone.side().map_or("", Laterality::name);
            assert!(zone.name().starts_with(side), "{zone:?}");
            assert_eq!(zone.side().is_some(), zone.name().contains("right") || zone.name().contains("left"));
        }
    }
}
