//! What was asked: the new images with what the hits explain of them, and the rest of the request.

use crate::film::Film;
use crate::hit::{Shown, query_id};
use crate::verdict::missing;
use crate::words::{count, counted, list, projection};
use maud::{Markup, html};
use precedent_model::{GridFrame, ImageExtent, ImageGrid, Projection, Zone};
use precedent_wire::v1;

/// Cells whose places are named: the worst of them.
const WORST: usize = 6;

/// The new study.
pub(crate) fn query(shown: &Shown<'_>) -> Markup {
    let images = shown.image_count();
    html! {
        section.query aria-labelledby="query" {
            h2 id="query" {
                (match images {
                    0 => "What was asked",
                    1 => "The new image",
                    _ => "The new images",
                })
            }
            @if images == 0 {
                p { (without_images(shown.request)) }
            }
            @for image in 0..images { (asked(shown, image)) }
            (request(shown))
        }
    }
}

fn without_images(request: &v1::SearchRequest) -> &'static str {
    match (request.embeddings.is_empty(), request.example_case_ids.is_empty()) {
        (false, _) => {
            "The search was made with embeddings, numbers that stand for an image. There is no picture to show, and no region."
        }
        (true, false) => "The search was made with cases of the archive in place of a new image.",
        (true, true) => "The search was made without an image.",
    }
}

/// An image of the query with its maps.
fn asked(shown: &Shown<'_>, image: usize) -> Markup {
    let explained = shown.answer.explained_images.get(image);
    let film = shown.query_film(image);
    html! {
        @match &film {
            Some(film) => (mapped(shown, film, image, explained)),
            None => p.empty { "There is no picture of this image: it was sent already encoded." },
        }
        @match explained {
            Some(explained) => (explanation(shown.answer, explained, image)),
            None => p { "Regions: " (missing(shown.answer, v1::AnswerPart::Evidence)) },
        }
    }
}

fn mapped(
    shown: &Shown<'_>,
    film: &Film<'_>,
    image: usize,
    explained: Option<&v1::ExplainedImage>,
) -> Markup {
    let label = match shown.image_count() {
        1 => "The new image".to_owned(),
        _ => format!("New image {}", image + 1),
    };
    let named = projection(view(shown.answer, image));
    let choice = |way: &str, checked: bool, name: &str| {
        html! {
            label {
                input type="radio" name=(format!("map-{image}")) class=(way) checked[checked];
                (name)
            }
        }
    };
    html! {
        figure {
            figcaption { (label) @if !named.is_empty() { ", " (named) } }
            (film.draw(&format!("{label}, {} maps", query_id(image)), &html! {
                @if let Some(explained) = explained {
                    g.whole-map { (film.whole_map(&explained.map)) }
                    g.unexplained { (film.hatched(&explained.unexplained_cells)) }
                }
            }))
            @if explained.is_some() {
                fieldset {
                    legend { "Over the film" }
                    (choice("show-none", true, "Nothing"))
                    (choice("show-explained", false, "What the reports explain"))
                    @if explained.is_some_and(|explained| !explained.unexplained_cells.is_empty()) {
                        (choice("show-unexplained", false, "What none explains"))
                    }
                }
            }
        }
    }
}

/// The maps in words.
fn explanation(answer: &v1::SearchResponse, explained: &v1::ExplainedImage, image: usize) -> Markup {
    let zones = list(&zones(explained, view(answer, image)));
    let cells = explained.grid.as_ref().and_then(grid).map_or_else(Vec::new, |grid| grid.shown());
    let (unexplained, cells) =
        (explained.unexplained_cells.len(), cells.iter().filter(|shown| **shown).count());
    let scale = (explained.map.iter().copied().filter(|value| *value > -1.0)).fold(
        None,
        |range: Option<(f32, f32)>, value| {
            Some(range.map_or((value, value), |(least, most)| (least.min(value), most.max(value))))
        },
    );
    let background = answer.plan.as_ref().map_or(&[][..], |plan| plan.unavailable.as_slice());
    let is_known = !background.iter().any(|missing| missing.part() == v1::AnswerPart::Background);
    html! {
        @if !is_known {
            p { "What no report explains is not known. " (missing(answer, v1::AnswerPart::Background)) }
        } @else if zones.is_empty() {
            p { "Every part of the film fits some sentence of the reports below as well as sentences usually fit." }
        } @else {
            p {
                strong { (unexplained) " of " (cells) " parts of the film" } " fit no sentence of the reports below as well as sentences usually fit. \
                 The worst lie in the " (zones) "."
            }
        }
        @if let Some((least, most)) = scale {
            p.quiet {
                "The map of what is explained shades each cell by its best cosine with any sentence of the reports below, from "
                (format!("{least:.2}")) " (clear) to " (format!("{most:.2}")) " (strong)."
                @if unexplained > 0 {
                    " Hatched cells fit no sentence as well as it fits the archive's images on average where it fits them best; the worst are \
                     hatched most."
                }
            }
        }
    }
}

/// Where the worst of the cells lie that no sentence fits, in words, the worst first.
fn zones(explained: &v1::ExplainedImage, view: v1::Projection) -> Vec<String> {
    let Some(grid) = explained.grid.as_ref().and_then(grid) else { return Vec::new() };
    let projection = match view {
        v1::Projection::Unspecified => None,
        v1::Projection::Frontal => Some(Projection::Frontal),
        v1::Projection::Lateral => Some(Projection::Lateral),
        v1::Projection::Oblique => Some(Projection::Oblique),
        v1::Projection::Decubitus => Some(Projection::Decubitus),
    };
    let mut found = Vec::new();
    for cell in explained.unexplained_cells.iter().take(WORST) {
        let Some(region) = grid.cell_box(*cell as usize) else { continue };
        let name = Zone::of(region, grid.extent(), projection).map_or("film", Zone::name).to_owned();
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

fn grid(wire: &v1::ImageGrid) -> Option<ImageGrid> {
    let frame = GridFrame::new(wire.x, wire.y, wire.width, wire.height).ok()?;
    let extent = ImageExtent::new(wire.image_width_pixels, wire.image_height_pixels).ok()?;
    ImageGrid::new(wire.row_count as usize, wire.column_count as usize, frame, extent).ok()
}

/// The projection of an image of the query, as it was applied.
fn view(answer: &v1::SearchResponse, image: usize) -> v1::Projection {
    let views = answer.plan.as_ref().map_or(&[][..], |plan| plan.views.as_slice());
    let is_of = |view: &&v1::AppliedView| {
        ["images", "encoded_images"].iter().any(|field| view.source.starts_with(&format!("{field}[{image}]")))
    };
    views.iter().find(is_of).map_or(v1::Projection::Unspecified, v1::AppliedView::projection)
}

/// What else was asked, and which cases were left out.
fn request(shown: &Shown<'_>) -> Markup {
    let request = shown.request;
    let empty = v1::Plan::default();
    let plan = shown.answer.plan.as_ref().unwrap_or(&empty);
    let guards = plan.guards.as_ref();
    html! {
        dl.asked {
            @for (name, value) in [("Text", &request.text), ("Words for the image", &request.image_text), ("Filter", &request.filter)] {
                @if !value.is_empty() { dt { (name) } dd { (value) } }
            }
            @if !request.example_case_ids.is_empty() {
                dt { "Searched by" } dd { (list(&request.example_case_ids)) }
            }
            dt { "Searched" }
            dd { (count(plan.match_count)) " of " (counted(plan.case_count, "case", "cases")) " of the archive" }
            dt { "The patient's own cases" } dd { (patient(request, guards)) }
            @if let Some(guards) = guards {
                @if !guards.before.is_empty() { dt { "Only before" } dd { (guards.before) } }
            }
        }
    }
}

/// Nobody's id is shown.
fn patient(request: &v1::SearchRequest, guards: Option<&v1::AppliedGuards>) -> &'static str {
    let is_known =
        guards.is_some_and(|guards| guards.patient.is_some() || !guards.example_patients.is_empty());
    let is_included = request.guards.as_ref().is_some_and(|guards| guards.include_same_patient);
    match (is_known, is_included) {
        (true, false) => "are left out",
        (true, true) => "are let in, as the request asks",
        (false, _) => "may be among the hits: no patient was named",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_explains_is_told_by_zones() {
        let grid = v1::ImageGrid {
            row_count: 8,
            column_count: 8,
            x: 0.0,
            y: 0.0,
            width: 800.0,
            height: 800.0,
            image_width_pixels: 800,
            image_height_pixels: 800,
        };
        let explained =
            v1::ExplainedImage { grid: Some(grid), map: vec![0.5; 64], unexplained_cells: vec![63, 0, 62] };
        assert_eq!(zones(&explained, v1::Projection::Frontal), ["left lower zone", "right upper zone"]);
        assert_eq!(zones(&explained, v1::Projection::Lateral), ["lower zone", "upper zone"]);
        assert_eq!(zones(&explained, v1::Projection::Decubitus), ["film"]);
        assert!(zones(&v1::ExplainedImage { grid: None, ..explained }, v1::Projection::Frontal).is_empty());
    }
}
