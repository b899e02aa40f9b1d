//! Local vectors and thumbnails that an index cannot keep, each named by its place in the case.

use crate::local::says;
use crate::{CaseEntry, Definition, LocalSpace, Replacement};
use precedent_model::Thumbnail;
use std::collections::HashSet;

/// What of a case an index cannot keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where it is in the case, such as `images[0].patches`.
    pub field: String,
    /// What is wrong and what to do.
    pub problem: String,
}

/// What of the local vectors and thumbnails of a case an index with this definition cannot keep. An update may give vectors of sentences
/// without their report, which the index holds.
pub fn misfits(definition: &Definition, entry: &CaseEntry, replacement: Replacement) -> Vec<Misfit> {
    let mut found = Vec::new();
    let mut check = |field: String, problem: Option<String>| {
        found.extend(problem.map(|problem| Misfit { field, problem }));
    };
    let images = entry.case.images.len();
    let mut seen = HashSet::new();
    for (image, local) in &entry.local.images {
        let problem = of_no_image(*image, images, &mut seen)
            .or_else(|| of_other_space(definition, local.patches().dimension()));
        check(format!("images[{image}].patches"), problem);
    }
    seen.clear();
    for (image, thumbnail) in &entry.thumbnails {
        let problem = of_no_image(*image, images, &mut seen).or_else(|| too_large(definition, thumbnail));
        check(format!("images[{image}].thumbnail"), problem);
    }
    let mut texts = HashSet::new();
    for (place, (text, vector)) in entry.local.sentences.iter().enumerate() {
        let problem = match &entry.case.report {
            _ if text.is_empty() => Some("has no text; give the text of the sentence".to_owned()),
            Some(report) if !says(report, text) => Some(NOT_SAID.to_owned()),
            None if replacement != Replacement::Update => Some(NOT_SAID.to_owned()),
            _ if !texts.insert(text) => Some("comes twice; give each text once".to_owned()),
            _ => of_other_space(definition, vector.dimension()),
        };
        check(format!("sentences[{place}]"), problem);
    }
    found
}

const NOT_SAID: &str = "does not stand in the report; give sentences as the report has them";

fn of_no_image(image: usize, images: usize, seen: &mut HashSet<usize>) -> Option<String> {
    if image >= images {
        return Some(format!("is of an image that the case lacks; it has {images}"));
    }
    (!seen.insert(image)).then(|| "comes twice; give one for each image".to_owned())
}

fn of_other_space(definition: &Definition, dimension: usize) -> Option<String> {
    let Some(space) = &definition.local_space else {
        return Some("this index keeps no local vectors; make one for the encoder of the vectors".to_owned());
    };
    let LocalSpace { dimension: expected, encoder_id } = space;
    let remedy = format!("local vectors of this index have {expected}; give those of encoder {encoder_id}");
    (dimension != *expected).then(|| format!("has vectors of {dimension} numbers, {remedy}"))
}

fn too_large(definition: &Definition, thumbnail: &Thumbnail) -> Option<String> {
    let (width, height, most) = (thumbnail.width(), thumbnail.height(), definition.thumbnail_side);
    match most {
        0 => Some("this index keeps no thumbnails; leave it out".to_owned()),
        _ if width.max(height) > most => Some(format!(
            "is {width} x {height} pixels, a side in this index has at most {most}; make it smaller"
        )),
        _ => None,
    }
}
