//! Films with one bright place of nine, and a sentence that says where.

use precedent_encoder::Architecture;
use precedent_model::GreyImage;
use precedent_training::{Dataset, DatasetError, Film, Plan, Sentence, Study};

const ROWS: [&str; 3] = ["upper", "middle", "lower"];
const COLUMNS: [&str; 3] = ["left", "central", "right"];
const SIDE: u32 = 32;

/// Places on a film.
pub const PLACES: usize = 9;

/// The sentence of a place.
pub fn sentence(place: usize) -> String {
    format!("There is a {} {} opacity.", ROWS[place / 3], COLUMNS[place % 3])
}

/// A film of a place; `number` decides its grain.
pub fn film(place: usize, number: usize) -> GreyImage {
    let (top, left) = ((place / 3) as u32 * 10 + 2, (place % 3) as u32 * 10 + 2);
    let pixel = |at: u32| {
        let (x, y) = (at % SIDE, at / SIDE);
        let lit = (left..left + 8).contains(&x) && (top..top + 8).contains(&y);
        let grain = (u64::from(at) * 2_654_435_761 + number as u64 * 40_503) % 9000;
        if lit { 45_000 + grain as u16 } else { 9000 + grain as u16 }
    };
    GreyImage::new(SIDE, SIDE, (0..SIDE * SIDE).map(pixel).collect()).unwrap()
}

/// Study `number` shows place `number % 9`.
pub struct Toy(pub usize);

impl Dataset for Toy {
    fn len(&self) -> usize {
        self.0
    }

    fn study(&self, number: usize) -> Result<Option<Study>, DatasetError> {
        let place = number % PLACES;
        let said = Sentence { text: sentence(place), key: place as u64, informative: true };
        let normal = Sentence { text: "The heart is normal.".into(), key: 99, informative: false };
        Ok(Some(Study {
            films: vec![Film { image: film(place, number), lateral: place == 0 }],
            sentences: vec![said, normal],
        }))
    }
}

/// Towers that a test can teach.
pub fn plan(steps: usize) -> Plan {
    Plan {
        seed: 5,
        steps,
        films: 24,
        sentences: 2,
        rate: 4e-3,
        checkpoint_every: 10,
        architecture: Architecture {
            side: 32,
            stem: 4,
            widths: vec![16, 24],
            blocks: vec![1, 1],
            buckets: 128,
            text_width: 16,
            text_blocks: 1,
            joint: 16,
            likeness: 0,
        },
    }
}
