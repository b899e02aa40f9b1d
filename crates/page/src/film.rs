//! A picture with what lies over it: boxes, and maps of cells.

use crate::picture::Picture;
use maud::{Markup, html};
use precedent_wire::v1;

/// Strengths of a map.
const LEVELS: usize = 5;

/// A picture, and the cells of the image that it shows.
pub(crate) struct Film<'a> {
    picture: &'a Picture,
    grid: Option<&'a v1::ImageGrid>,
    /// The id of the picture where it stands in the page already.
    shared: Option<String>,
}

/// A rectangle in pixels of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl<'a> Film<'a> {
    /// A picture that stands in the page once.
    pub(crate) fn of(picture: &'a Picture) -> Self {
        Self { picture, grid: picture.grid(), shared: None }
    }

    /// A picture that stands in the page under this id.
    pub(crate) fn shared(picture: &'a Picture, grid: Option<&'a v1::ImageGrid>, id: String) -> Self {
        Self { picture, grid: grid.or(picture.grid()), shared: Some(id) }
    }

    /// The picture for others to refer to.
    pub(crate) fn definition(picture: &Picture, id: &str) -> Markup {
        let (width, height) = picture.size();
        html! { image id=(id) href=(picture.address()) width=(width) height=(height) {} }
    }

    /// Whether the picture is known well enough to draw places in it.
    pub(crate) fn has_places(&self) -> bool {
        self.scale().is_some()
    }

    /// The picture under `overlays`, for readers who see it described by `label`.
    pub(crate) fn draw(&self, label: &str, overlays: &Markup) -> Markup {
        let (width, height) = self.picture.size();
        html! {
            svg.film viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height) role="img" aria-label=(label) {
                @match &self.shared {
                    Some(id) => use href=(format!("#{id}")) {},
                    None => image href=(self.picture.address()) width=(width) height=(height) {},
                }
                (overlays)
            }
        }
    }

    /// A box with a number in its corner, beside those of so many boxes before it with the same corner.
    pub(crate) fn boxed(&self, region: &v1::PixelBox, number: usize, before: usize, key: &str) -> Markup {
        let Some((across, down)) = self.scale() else { return html! {} };
        let place = Place {
            x: f64::from(region.x) * across,
            y: f64::from(region.y) * down,
            width: f64::from(region.width) * across,
            height: f64::from(region.height) * down,
        };
        let (width, height) = self.picture.size();
        let size = width.max(height) / 20.0;
        let (label_width, label_height) = (size * 0.95, size * 1.15);
        // Inside the film, whatever the box does.
        let x = (place.x + label_width * before as f64).min(width - label_width).max(0.0);
        let y = (place.y).min(height - label_height).max(0.0);
        html! {
            g.box data-e=(key) {
                rect.halo x=(short(place.x)) y=(short(place.y)) width=(short(place.width)) height=(short(place.height)) {}
                rect.edge x=(short(place.x)) y=(short(place.y)) width=(short(place.width)) height=(short(place.height)) {}
                rect.tag x=(short(x)) y=(short(y)) width=(short(label_width)) height=(short(label_height)) {}
                text x=(short(x + label_width / 2.0)) y=(short(y + size * 0.92)) font-size=(short(size)) text-anchor="middle" { (number) }
            }
        }
    }

    /// Cells by how well a sentence fits them: nothing at or below the median, the strongest where it fits best.
    pub(crate) fn map(&self, values: &[f32], key: &str) -> Markup {
        let shown = self.shown(values);
        let Some((median, best)) = middle(&shown).zip(greatest(&shown)) else { return html! {} };
        let level = |value: f32| match (value - median) / (best - median) {
            share if share > 0.0 => Some(strength(share)),
            _ => None,
        };
        html! { g.map data-e=(key) { (self.levels(&shown, level)) } }
    }

    /// Cells by their value, between the least and the greatest of the image.
    pub(crate) fn whole_map(&self, values: &[f32]) -> Markup {
        let shown = self.shown(values);
        let Some((least, best)) = least(&shown).zip(greatest(&shown)) else { return html! {} };
        self.levels(&shown, |value| (best > least).then(|| strength((value - least) / (best - least))))
    }

    /// Cells that are hatched, the first the most strongly.
    pub(crate) fn hatched(&self, cells: &[u32]) -> Markup {
        let level = |place: usize| LEVELS - (place * LEVELS / cells.len().max(1)).min(LEVELS - 1);
        let places: Vec<(Place, usize)> = (cells.iter().enumerate())
            .filter_map(|(place, &cell)| Some((self.cell(cell as usize)?, level(place))))
            .collect();
        html! {
            @for (place, level) in places {
                rect.hatch x=(short(place.x)) y=(short(place.y)) width=(short(place.width)) height=(short(place.height))
                    fill="url(#hatch)" class=(format!("o{level}")) {}
            }
        }
    }

    /// One path for each strength, so that a page of many maps stays small.
    fn levels(&self, shown: &[(Place, f32)], level: impl Fn(f32) -> Option<usize>) -> Markup {
        let mut paths = [const { String::new() }; LEVELS];
        for (place, value) in shown {
            let Some(level) = level(*value) else { continue };
            let (width, height) = (short(place.width), short(place.height));
            paths[level - 1] += &format!("M{} {}h{width}v{height}h-{width}z", short(place.x), short(place.y));
        }
        html! {
            @for (level, path) in (1..).zip(&paths).filter(|(_, path)| !path.is_empty()) {
                path class=(format!("l{level}")) d=(path) {}
            }
        }
    }

    /// The cells that lie in the image, each with its value.
    fn shown(&self, values: &[f32]) -> Vec<(Place, f32)> {
        let cells = values.iter().enumerate();
        cells.filter_map(|(cell, value)| Some((self.cell(cell)?, *value))).collect()
    }

    fn cell(&self, cell: usize) -> Option<Place> {
        let (grid, (across, down)) = (self.grid?, self.scale()?);
        let columns = usize::try_from(grid.column_count).ok().filter(|columns| *columns > 0)?;
        let (row, column) = (cell / columns, cell % columns);
        let side = |start: f32, length: f32, at: usize, cells: u32, most: u32| {
            let edge = |at: usize| f64::from(start) + f64::from(length) * at as f64 / f64::from(cells);
            let (from, to) = (edge(at).max(0.0), edge(at + 1).min(f64::from(most)));
            (to > from).then_some((from, to - from))
        };
        let (x, width) = side(grid.x, grid.width, column, grid.column_count, grid.image_width_pixels)?;
        let (y, height) = side(grid.y, grid.height, row, grid.row_count, grid.image_height_pixels)?;
        Some(Place { x: x * across, y: y * down, width: width * across, height: height * down })
    }

    /// Pixels of the picture for one of the original image, across and down.
    fn scale(&self) -> Option<(f64, f64)> {
        let grid = self.grid.filter(|grid| grid.image_width_pixels > 0 && grid.image_height_pixels > 0)?;
        let (width, height) = self.picture.size();
        Some((width / f64::from(grid.image_width_pixels), height / f64::from(grid.image_height_pixels)))
    }
}

/// A strength from 1, of a share above 0 and up to 1.
fn strength(share: f32) -> usize {
    ((share * LEVELS as f32).ceil() as usize).clamp(1, LEVELS)
}

fn greatest(shown: &[(Place, f32)]) -> Option<f32> {
    shown.iter().map(|(_, value)| *value).reduce(f32::max)
}

fn least(shown: &[(Place, f32)]) -> Option<f32> {
    shown.iter().map(|(_, value)| *value).reduce(f32::min)
}

fn middle(shown: &[(Place, f32)]) -> Option<f32> {
    let mut values: Vec<f32> = shown.iter().map(|(_, value)| *value).collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A length with at most one digit behind the point.
fn short(length: f64) -> String {
    let text = format!("{length:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of half the size of its original, whose grid of 2 x 2 cells begins left of the image.
    fn picture() -> Picture {
        let grid = v1::ImageGrid {
            row_count: 2,
            column_count: 2,
            x: -100.0,
            y: 0.0,
            width: 300.0,
            height: 200.0,
            image_width_pixels: 200,
            image_height_pixels: 200,
        };
        v1::GetThumbnailResponse {
            jpeg: vec![0xFF, 0xD8],
            width_pixels: 100,
            height_pixels: 100,
            grid: Some(grid),
            generation: 1,
        }
        .into()
    }

    #[test]
    fn boxes_are_drawn_in_pixels_of_the_picture() {
        let picture = picture();
        let region = v1::PixelBox { x: 20, y: 40, width: 100, height: 50 };
        let drawn = Film::of(&picture).boxed(&region, 2, 0, "1-2").into_string();
        assert!(
            drawn.contains("<rect class=\"edge\" x=\"10\" y=\"20\" width=\"50\" height=\"25\">"),
            "{drawn}"
        );
        assert!(drawn.contains("data-e=\"1-2\"") && drawn.contains(">2</text>"), "{drawn}");
    }

    #[test]
    fn cells_end_at_the_edge_of_the_image_and_the_median_shows_nothing() {
        let picture = picture();
        let film = Film::of(&picture);
        let map = film.map(&[0.1, 0.2, 0.3, 0.4], "k").into_string();
        assert!(map.contains("<path class=\"l5\" d=\"M25 50h75v50h-75z\">"), "{map}");
        assert_eq!(map.matches("<path").count(), 1, "{map}");
        let whole = film.whole_map(&[0.0, 0.5, 0.9, 1.0]).into_string();
        assert!(whole.contains("<path class=\"l1\" d=\"M0 0h25v50h-25z\">"), "{whole}");
        assert_eq!(film.map(&[0.5; 4], "k").into_string(), "<g class=\"map\" data-e=\"k\"></g>");
        assert_eq!(film.hatched(&[3, 0, 77]).into_string().matches("<rect").count(), 2);
    }

    #[test]
    fn without_a_grid_nothing_is_drawn_over_a_picture() {
        let bare = Picture::from(v1::GetThumbnailResponse {
            jpeg: vec![1],
            width_pixels: 10,
            height_pixels: 10,
            ..v1::GetThumbnailResponse::default()
        });
        let film = Film::of(&bare);
        let region = v1::PixelBox { x: 0, y: 0, width: 5, height: 5 };
        assert!(!film.has_places() && film.boxed(&region, 1, 0, "k").into_string().is_empty());
        assert!(film.map(&[1.0, 2.0], "k").into_string().is_empty());
        assert!(film.draw("a film", &html! {}).into_string().contains("aria-label=\"a film\""));
    }
}
