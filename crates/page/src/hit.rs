//! A hit: the new images beside those of the case, its report, and the sentences that link them.

use crate::film::Film;
use crate::picture::{Picture, Pictures, images};
use crate::report::{self, Said};
use crate::words::{self, assertion, list, percent, similarity};
use maud::{Markup, html};
use precedent_wire::v1;
use std::collections::BTreeSet;

/// Fields that are shown with their values alone, in this order; others follow folded, each with its name.
const FACTS: [&str; 6] = ["study_date", "modality", "view", "body_part", "sex", "age"];

/// What hits are shown with.
pub(crate) struct Shown<'a> {
    pub request: &'a v1::SearchRequest,
    pub answer: &'a v1::SearchResponse,
    /// Pictures of the query, as far as there are any.
    pub query: &'a [Option<Picture>],
    pub pictures: &'a Pictures,
}

impl Shown<'_> {
    /// The film of an image of the query, which stands in the page once.
    pub(crate) fn query_film(&self, image: usize) -> Option<Film<'_>> {
        let picture = self.query.get(image)?.as_ref()?;
        let grid = self.answer.explained_images.get(image).and_then(|explained| explained.grid.as_ref());
        Some(Film::shared(picture, grid, query_id(image)))
    }

    /// Images that the request was made with.
    pub(crate) fn image_count(&self) -> usize {
        self.request.images.len().max(self.request.encoded_images.len())
    }
}

/// The id under which the picture of an image of the query stands in the page.
pub(crate) fn query_id(image: usize) -> String {
    format!("query-{image}")
}

/// A hit.
pub(crate) fn hit(shown: &Shown<'_>, hit: &v1::Hit) -> Markup {
    let empty = v1::Case::default();
    let case = hit.case.as_ref().unwrap_or(&empty);
    let films = films(shown, hit, case);
    let title = format!("hit-{}", hit.rank);
    html! {
        article.hit aria-labelledby=(title) {
            header {
                h3 id=(title) { span.rank { (hit.rank) } " " (case.case_id) }
                (facts(case))
                (scores(hit))
            }
            div.columns.without-films[films.0.is_empty()] {
                @if !films.0.is_empty() { div.films { (films) } }
                div.evidence { (evidence(shown, hit, case)) (other_fields(case)) }
                div.report {
                    h4 { "Report" }
                    @match &case.report {
                        Some(report) => {
                            (report::sections(report, &said(hit), &hit.highlights))
                            (matches(report, hit))
                        },
                        None => p.quiet { "This case comes without a report." },
                    }
                }
            }
        }
    }
}

/// The sentences of a hit that are evidence, as the report links them.
fn said(hit: &v1::Hit) -> Vec<Said<'_>> {
    let all = (1..).zip(&hit.evidence);
    all.filter_map(|(number, found)| {
        let span = found.sentence.as_ref()?;
        Some(Said { section: found.section_index, span, number, key: key(hit, number) })
    })
    .collect()
}

/// What the parts of the page that belong to a sentence have in common.
fn key(hit: &v1::Hit, number: usize) -> String {
    format!("{}-{number}", hit.rank)
}

/// The images of the query and of the case, side by side.
fn films(shown: &Shown<'_>, hit: &v1::Hit, case: &v1::Case) -> Markup {
    let asked: BTreeSet<usize> = (hit.evidence.iter())
        .filter_map(|found| usize::try_from(found.query.as_ref()?.image_index).ok())
        .chain(nearest_query(shown, hit))
        .collect();
    html! {
        @for image in asked {
            @if let Some(film) = shown.query_film(image) {
                figure {
                    figcaption { "New image" @if shown.image_count() > 1 { " " (image + 1) } }
                    (film.draw(&format!("New image {} with the regions of the sentences of case {}", image + 1, case.case_id), &places(hit, &film, |found| {
                        found.query.as_ref().filter(|place| place.image_index as usize == image)
                    })))
                }
            }
        }
        @for image in images(hit) {
            figure {
                figcaption { (image_name(case, image)) }
                @match shown.pictures.get(&case.case_id, image) {
                    Some(picture) => {
                        @let film = Film::of(picture);
                        (film.draw(&format!("{} with the regions of its sentences", image_name(case, image)), &places(hit, &film, |found| {
                            found.prior.as_ref().filter(|place| place.image_index == image)
                        })))
                        @if !hit.evidence.is_empty() && !film.has_places() {
                            p.quiet { "The archive keeps no parts of this image, so regions are not known in it." }
                        }
                    },
                    None => p.empty { "The archive keeps no picture of this image." },
                }
            }
        }
    }
}

/// The image of the query that the case was nearest to, if it was an image.
fn nearest_query(shown: &Shown<'_>, hit: &v1::Hit) -> Option<usize> {
    let before = shown.request.embeddings.len();
    let nearest = usize::try_from(hit.image.as_ref()?.embedding_index).ok()?.checked_sub(before)?;
    (nearest < shown.image_count()).then_some(nearest)
}

fn image_name(case: &v1::Case, image: u32) -> String {
    let view =
        usize::try_from(image).ok().and_then(|image| case.images.get(image)).map(|image| image.view.as_str());
    match view.unwrap_or_default() {
        "" => format!("Image {} of {}", image + 1, case.case_id),
        view => format!("Image {} of {}, {view}", image + 1, case.case_id),
    }
}

/// Maps and boxes of the sentences that lie in one film, the first on top.
fn places<'a>(
    hit: &'a v1::Hit,
    film: &Film<'_>,
    place: impl Fn(&'a v1::Evidence) -> Option<&'a v1::ImageLocation>,
) -> Markup {
    let all: Vec<(usize, &v1::ImageLocation)> =
        (1..).zip(&hit.evidence).filter_map(|(number, found)| Some((number, place(found)?))).collect();
    html! {
        @for (number, place) in &all { (film.map(&place.map, &key(hit, *number))) }
        @for (at, (number, place)) in all.iter().enumerate().rev() {
            @if let Some(region) = &place.r#box {
                @let corner = |place: &v1::ImageLocation| place.r#box.map(|region| (region.x, region.y));
                @let before = all[..at].iter().filter(|(_, other)| corner(other) == corner(place)).count();
                (film.boxed(region, *number, before, &key(hit, *number)))
            }
        }
    }
}

/// The sentences with where they fit and how well.
fn evidence(shown: &Shown<'_>, hit: &v1::Hit, case: &v1::Case) -> Markup {
    let Some(report) = case.report.as_ref().filter(|_| !hit.evidence.is_empty()) else {
        let is_evident = !shown.answer.explained_images.is_empty();
        return html! {
            h4 { "Why it is shown" }
            @if is_evident && case.report.is_some() {
                p { "Its images are near. No sentence of its report states a finding that could be compared with the new image." }
            } @else {
                p { (nearness(hit)) }
            }
        };
    };
    html! {
        h4 { "Sentences that fit the new image" }
        ol {
            @for (number, found) in (1..).zip(&hit.evidence) {
                @let key = key(hit, number);
                @let text = found.sentence.as_ref().map(|span| report::sentence(report, found.section_index, span)).unwrap_or_default();
                li id=(format!("e-{key}")) data-e=(key) data-say=(spoken(shown, case, number, found)) {
                    a href=(format!("#s-{key}")) { span.number { (number) } (text.trim()) }
                    dl {
                        dt { "New image" } dd { (place(found.query.as_ref(), shown.image_count())) }
                        dt { "This case" } dd { (place(found.prior.as_ref(), case.images.len())) }
                        dt { "Says" } dd { (findings(found)) }
                        dt { "Fit" } dd { (fit(found)) }
                    }
                }
            }
        }
    }
}

/// Why a case is a hit where no sentence says it.
fn nearness(hit: &v1::Hit) -> &'static str {
    match (&hit.image, &hit.lexical) {
        (Some(_), Some(_)) => "Its images are near, and its report has words that were asked for.",
        (Some(_), None) => "Its images are near.",
        (None, Some(_)) => "Its report has words that were asked for.",
        (None, None) => "It passes the filter.",
    }
}

/// Where a sentence fits, with the number of the image where there are several.
fn place(location: Option<&v1::ImageLocation>, images: usize) -> String {
    let Some(location) = location else {
        return "not known: the archive keeps no parts of its images".to_owned();
    };
    let image = if images > 1 { format!("image {}, ", location.image_index + 1) } else { String::new() };
    match &location.r#box {
        Some(region) if location.zone.is_empty() => {
            format!("{image}{} x {} pixels at {}, {}", region.width, region.height, region.x, region.y)
        }
        _ => format!("{image}{}", location.zone),
    }
}

fn findings(found: &v1::Evidence) -> String {
    let named = |each: &v1::EvidenceFinding| {
        format!("{} ({})", words::finding(&each.finding), assertion(each.assertion()))
    };
    list(&found.findings.iter().map(named).collect::<Vec<_>>())
}

/// How well a sentence fits, beside the archive where that is known.
fn fit(found: &v1::Evidence) -> String {
    match &found.background {
        Some(background) => format!(
            "{} of the archive's images fit less well; {:+.1} deviations from their mean (cosine {:.3})",
            percent(background.share_below.into()),
            background.deviations,
            found.cosine
        ),
        None => format!("cosine {:.3}; how that compares with other images is not known", found.cosine),
    }
}

/// What a reader who does not see the films is told when a sentence is chosen.
fn spoken(shown: &Shown<'_>, case: &v1::Case, number: usize, found: &v1::Evidence) -> String {
    let query = place(found.query.as_ref(), shown.image_count());
    let prior = match &found.prior {
        Some(_) => format!("; in case {}: {}", case.case_id, place(found.prior.as_ref(), case.images.len())),
        None => String::new(),
    };
    format!("Sentence {number}, new image: {query}{prior}.")
}

/// What matched the words that were asked for, with what the report says of it.
fn matches(report: &v1::Report, hit: &v1::Hit) -> Markup {
    let mut said = Vec::new();
    for highlight in &hit.highlights {
        for found in &highlight.matches {
            let Some(span) = &found.span else { continue };
            let text = report::sentence(report, highlight.section_index, span).trim();
            let words = format!("{text} ({})", assertion(found.assertion()));
            if !text.is_empty() && !said.contains(&words) {
                said.push(words);
            }
        }
    }
    html! {
        @if !said.is_empty() { p.quiet { "Words that were asked for, underlined: " (list(&said)) "." } }
    }
}

fn scores(hit: &v1::Hit) -> Markup {
    let ranked = |rank: Option<u32>| rank.map_or("not ranked".to_owned(), |rank| format!("rank {rank}"));
    let image =
        hit.image.as_ref().map(|score| format!("image {} ({})", similarity(score), ranked(score.rank)));
    let lexical =
        hit.lexical.as_ref().map(|score| format!("text BM25 {:.2} ({})", score.bm25, ranked(score.rank)));
    let scores: Vec<String> = [image, lexical].into_iter().flatten().collect();
    html! { @if !scores.is_empty() { p.scores { (scores.join(", ")) } } }
}

/// What a reader wants to know of a case first.
pub(crate) fn facts(case: &v1::Case) -> Markup {
    let known: Vec<String> = (FACTS.into_iter())
        .filter_map(|name| Some((name, case.fields.get(name)?.values.join(", "))))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| match name {
            "age" => format!("{value} years"),
            _ => value,
        })
        .collect();
    html! { @if !known.is_empty() { p.facts { (known.join(" · ")) } } }
}

fn other_fields(case: &v1::Case) -> Markup {
    let others: Vec<(&String, String)> = (case.fields.iter())
        .filter(|(name, _)| !FACTS.contains(&name.as_str()))
        .map(|(name, values)| (name, values.values.join(", ")))
        .collect();
    html! {
        @if !others.is_empty() {
            details {
                summary { "Other fields" span.hidden { " of case " (case.case_id) } }
                dl { @for (name, value) in others { dt { (name) } dd { (value) } } }
            }
        }
    }
}
