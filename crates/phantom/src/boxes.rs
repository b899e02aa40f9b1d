//! Where each finding is to be seen: what it changed, against the same body without it.

use crate::anatomy::Anatomy;
use crate::film::Exposure;
use crate::finding::{Finding, FindingKind};
use crate::map::{Frame, Map};
use crate::math::floor;
use crate::opacity;
use crate::scene::Scene;
use crate::tissue::Tissue;
use crate::vessels::{self, Congestion};
use precedent_model::Region;

/// Least attenuation that counts as a change where a finding is boxed, unless the finding's greatest is below four
/// times that.
const VISIBLE: f32 = 0.045;

/// A body under the beam.
#[derive(Clone, Copy)]
pub(crate) struct Body<'a> {
    pub anatomy: &'a Anatomy,
    pub findings: &'a [Finding],
    pub scene: &'a Scene,
    pub tissue: &'a Tissue,
    pub frame: &'a Frame,
}

/// The box of a finding on the film; none where it does not show, or has no place of its own, as a worn spine. `drawn` is
/// what it added beside changing shapes.
pub(crate) fn find(
    body: &Body<'_>,
    finding: &Finding,
    drawn: Option<&Map>,
    exposure: &Exposure,
) -> Option<Region> {
    match shape_change(body, finding, drawn) {
        Some(change) => bounds(&change, exposure),
        None => bounds(drawn?, exposure),
    }
}

/// What a finding that changes shapes changed, against the same body without it; `None` for those that change none.
fn shape_change(body: &Body<'_>, finding: &Finding, drawn: Option<&Map>) -> Option<Map> {
    let Body { findings, tissue, frame, .. } = *body;
    let without = || {
        let others = findings.iter().filter(|other| !std::ptr::eq(*other, finding));
        Scene::new(body.anatomy, body.scene.projection, others)
    };
    match finding.kind {
        FindingKind::PleuralEffusion | FindingKind::Cardiomegaly | FindingKind::Atelectasis => {
            let mut change = tissue.soft.clone();
            let before = tissue.retrace(body.scene, &without(), frame);
            for (value, before) in change.data.iter_mut().zip(&before.soft.data) {
                *value = (*value - before).abs();
            }
            if let Some(drawn) = drawn {
                change.add_all(drawn);
            }
            Some(change)
        }
        FindingKind::PulmonaryEdema => {
            let mut change = vessels::draw(body.scene, Congestion::of(findings), frame);
            let before = vessels::draw(body.scene, Congestion::default(), frame);
            for (value, before) in change.data.iter_mut().zip(&before.data) {
                *value = (*value - before).abs();
            }
            opacity::mask(&mut change, tissue, vessels::FULL_MM);
            if let Some(drawn) = drawn {
                change.add_all(drawn);
            }
            Some(change)
        }
        FindingKind::Pneumothorax => {
            // Where free air is to be told from lung: beyond the line.
            let mut change = tissue.free.clone();
            for (value, lung) in change.data.iter_mut().zip(&tissue.lung.data) {
                *value = if *value > 2.0 * lung { *value * 0.01 } else { 0.0 };
            }
            Some(change)
        }
        _ => None,
    }
}

/// The smallest rectangle with every pixel that changed visibly.
fn bounds(change: &Map, exposure: &Exposure) -> Option<Region> {
    let most = change.data.iter().copied().fold(0.0f32, f32::max);
    if most < VISIBLE {
        return None;
    }
    let least = VISIBLE.min(most / 4.0);
    let to_film = exposure.to_film(change.side);
    let (mut x0, mut y0, mut x1, mut y1) = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
    for (at, value) in change.data.iter().enumerate() {
        if *value >= least {
            let (x, y) = to_film(at % change.side, at / change.side);
            (x0, y0, x1, y1) = (x0.min(x), y0.min(y), x1.max(x), y1.max(y));
        }
    }
    let limit = change.side as f64 - 1.0;
    if x1 < 0.0 || y1 < 0.0 || x0 > limit || y0 > limit {
        return None;
    }
    // Outwards to whole pixels: a pixel of the film mixes four of the map.
    let low = |v: f64| floor(v.clamp(0.0, limit)) as u32;
    let high = |v: f64| floor(v.clamp(0.0, limit) + 0.999) as u32;
    let (x, y) = (low(x0), low(y0));
    Some(Region { x, y, width: high(x1) - x + 1, height: high(y1) - y + 1 })
}
