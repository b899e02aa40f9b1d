//! One film of one body: tissue, bones, vessels, findings, exposure; and where each finding is to be seen.

use crate::anatomy::Anatomy;
use crate::boxes::{self, Body};
use crate::film::{self, Exposure, LEVELS};
use crate::finding::{Finding, FindingKind};
use crate::map::{Frame, Map};
use crate::random::Random;
use crate::scene::{Projection, Scene};
use crate::site::Site;
use crate::slice::Ray;
use crate::texture::Texture;
use crate::tissue::Tissue;
use crate::vessels::Congestion;
use crate::{bones, device, opacity, vessels};
use precedent_model::{GreyImage, ModelError, Region};

/// One film of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// How it was taken.
    pub projection: Projection,
    /// The picture: 4096 grey levels spread over 16 bits.
    pub image: GreyImage,
    /// Which findings of the study show, by their index in its truth, and where.
    pub boxes: Vec<(usize, Region)>,
    /// Millimetres per pixel.
    pub pixel_mm: f64,
}

/// How a film is taken: everything but the body and its findings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shot<'a> {
    pub site: &'a Site,
    pub projection: Projection,
    pub side: usize,
    /// Decides rotation, exposure, grain, marks.
    pub seed: u64,
}

/// Takes a film.
///
/// # Errors
/// A size that no picture may have.
pub(crate) fn take(anatomy: &Anatomy, findings: &[Finding], shot: Shot<'_>) -> Result<View, ModelError> {
    let root = Random::new(shot.seed);
    let frame = frame(anatomy, shot, &mut root.stream("frame", 0));
    let scene = Scene::new(anatomy, shot.projection, findings);
    let healthy = Scene::new(anatomy, shot.projection, []);
    let exposure = exposure(&healthy, &frame, shot, &mut root.stream("exposure", 0));
    let tissue = Tissue::trace(&scene, &frame, 1);

    let body = Body { anatomy, findings, scene: &scene, tissue: &tissue, frame: &frame };
    let mut total = tissue.soft.clone();
    total.add_all(&inside(&body));
    let mut boxes = Vec::new();
    for (index, finding) in findings.iter().enumerate() {
        let drawn =
            opacity::draw(finding, &scene, &tissue, &frame).or_else(|| device::draw(finding, &scene, &frame));
        if let Some(drawn) = &drawn {
            total.add_all(drawn);
        }
        boxes.extend(boxes::find(&body, finding, drawn.as_ref(), &exposure).map(|region| (index, region)));
    }
    let total = film::lay(&total, &exposure);
    let mut grey = film::develop(&total, &exposure, root.stream("grain", 0).bits());
    finish(&mut grey, shot, &frame, &root);
    let pixels = grey.iter().map(|v| widen(*v)).collect();
    let side = shot.side as u32;
    Ok(View {
        projection: shot.projection,
        image: GreyImage::new(side, side, pixels)?,
        boxes,
        pixel_mm: frame.pitch,
    })
}

/// 12 bits spread over 16, as the linear window of a DICOM file does it.
fn widen(level: u16) -> u16 {
    ((u32::from(level) * 65535 + (LEVELS - 1) / 2) / (LEVELS - 1)) as u16
}

fn frame(anatomy: &Anatomy, shot: Shot<'_>, random: &mut Random) -> Frame {
    let ray = if shot.projection == Projection::Lateral { Ray::Lateral } else { Ray::Frontal };
    let bedside = shot.projection == Projection::AnteroPosterior;
    let field = shot.site.field_mm * random.range(0.96, 1.04) * (0.72 + 0.28 * anatomy.width / 140.0);
    let turn = random.around(0.0, if bedside { 0.05 } else { 0.022 });
    let way = if ray == Ray::Lateral && shot.site.faces_left { -1.0 } else { 1.0 };
    let middle = if ray == Ray::Lateral { 4.0 } else { 0.0 };
    let top = anatomy.height * 0.5 + field * 0.5 - 16.0 + random.range(-7.0, 9.0);
    Frame {
        ray,
        side: shot.side,
        pitch: field / shot.side as f64,
        left: middle - way * field / 2.0,
        way,
        top,
        turn,
    }
}

/// What a machine sets itself to, measured on the healthy body so that a finding changes nothing elsewhere.
fn exposure(healthy: &Scene, frame: &Frame, shot: Shot<'_>, random: &mut Random) -> Exposure {
    let step = (shot.side / 48).max(1);
    let tissue = Tissue::trace(healthy, frame, step);
    let (mut dark, mut bright) = (Vec::new(), Vec::new());
    let most = tissue.lung.data.iter().copied().fold(0.0, f32::max);
    for (soft, lung) in tissue.soft.data.iter().zip(&tissue.lung.data) {
        if *lung > 0.6 * most {
            dark.push(*soft);
        } else if *soft > 0.0 {
            bright.push(*soft);
        }
    }
    dark.sort_unstable_by(f32::total_cmp);
    bright.sort_unstable_by(f32::total_cmp);
    let at = |sorted: &[f32], share: f64| sorted.get((sorted.len() as f64 * share) as usize).copied();
    let (lung, dense) = (at(&dark, 0.33).unwrap_or(1.5), at(&bright, 0.72).unwrap_or(3.5));
    Exposure::new(shot.site, random, lung, dense, shot.side)
}

/// Bones, vessels, bronchi and grain of the flesh.
fn inside(body: &Body<'_>) -> Map {
    let Body { findings, scene, tissue, frame, .. } = *body;
    let projection = scene.projection;
    let worn = findings.iter().find(|f| f.kind == FindingKind::SpineDegeneration).map_or(0.0, |f| f.amount);
    let mut total = bones::draw(&scene.anatomy, projection, frame, worn);
    let mut lung = vessels::draw(scene, Congestion::of(findings), frame);
    opacity::mask(&mut lung, tissue, vessels::FULL_MM);
    if projection == Projection::Lateral {
        lung.data.iter_mut().for_each(|value| *value *= 0.75);
    }
    total.add_all(&lung);
    let bronchi = vessels::bronchi(scene, frame);
    for (value, air) in total.data.iter_mut().zip(&bronchi.data) {
        *value -= air;
    }
    let flesh = Texture::new(&mut scene.anatomy.seed.stream("flesh", frame.ray as u64));
    let (mut coarse, mut fine) = (vec![0.0; frame.side], vec![0.0; frame.side]);
    let (left, pace) = (frame.along(0), frame.way * frame.pitch);
    for row in 0..frame.side {
        let z = frame.level(row);
        flesh.along(left / 24.0, pace / 24.0, z / 24.0, &mut coarse);
        flesh.along(left / 5.0 + 90.0, pace / 5.0, z / 7.0, &mut fine);
        let start = row * frame.side;
        for column in 0..frame.side {
            let grain = 0.016 * coarse[column] + 0.010 * fine[column];
            total.data[start + column] += tissue.soft.data[start + column] * grain as f32;
        }
    }
    total
}

fn finish(grey: &mut [u16], shot: Shot<'_>, frame: &Frame, root: &Random) {
    let mut random = root.stream("marks", 0);
    let scale = shot.side as f64 / 256.0;
    if random.chance(0.93) {
        film::mark(
            grey,
            shot.side,
            frame.ray,
            shot.site,
            shot.projection == Projection::AnteroPosterior,
            &mut random,
        );
    }
    if random.chance(shot.site.collimates) {
        let edges = [0; 4].map(|_| random.range(-4.0, 8.0).max(0.0) * scale);
        film::collimate(grey, shot.side, edges);
    }
}
