//! The page as a whole.

use crate::consensus::consensus;
use crate::dissent::dissent;
use crate::film::Film;
use crate::hit::{Shown, hit, query_id};
use crate::picture::{Picture, Pictures};
use crate::plan::{facets, plan, record};
use crate::query::query;
use crate::verdict::{is_judged, not_judged, verdict, warnings};
use crate::words::counted;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use precedent_wire::v1;
use sha2::{Digest, Sha256};

/// Of our own, so that they may stand in the page as they are.
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// An answer with what it is shown with.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// What was asked. Neither the content of images nor embeddings are read.
    pub request: &'a v1::SearchRequest,
    /// What was answered.
    pub answer: &'a v1::SearchResponse,
    /// Pictures of the images of the request, in its order, as far as there are any.
    pub query: &'a [Option<Picture>],
    /// Pictures of the images of the cases ([`Pictures::wanted`]).
    pub pictures: &'a Pictures,
}

impl Page<'_> {
    /// The page: one file that loads nothing.
    pub fn html(&self) -> String {
        let title = match self.answer.hits.len() {
            0 => "No earlier case was found".to_owned(),
            hits => counted(hits as u64, "earlier case", "earlier cases"),
        };
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="referrer" content="no-referrer";
                    title { (title) " - Precedent" }
                    style { (PreEscaped(STYLE)) }
                }
                body { (self.body(&title)) script { (PreEscaped(SCRIPT)) } }
            }
        };
        page.into_string()
    }

    fn body(&self, title: &str) -> Markup {
        let Page { request, answer, query: films, pictures } = *self;
        let shown = Shown { request, answer, query: films, pictures };
        html! {
            a.skip href="#main" { "Skip to the answer" }
            (self.definitions())
            header.top {
                h1 { (title) }
                p.quiet { "Precedent finds earlier cases. It writes no diagnosis and is not a medical device." }
                nav aria-label="Parts of this page" { (self.contents()) }
            }
            main id="main" tabindex="-1" {
                @if is_judged(answer) {
                    (verdict(answer))
                    (warnings(answer))
                    div.lead { (query(&shown)) (consensus(answer)) }
                    (dissent(answer, pictures))
                } @else {
                    (not_judged())
                    (warnings(answer))
                    (query(&shown))
                }
                section.hits aria-labelledby="hits" {
                    h2 id="hits" { "The nearest cases" }
                    @if answer.hits.is_empty() { p { "Nothing was found." } }
                    @else { (switches(answer)) }
                    @for each in &answer.hits { (hit(&shown, each)) }
                    @if u64::from(answer.total_hits) > answer.hits.len() as u64 {
                        p.quiet { (counted(answer.total_hits, "hit", "hits")) " in all; these are the first." }
                    }
                }
                (facets(answer))
                (plan(answer))
                (record(answer))
            }
            footer { p.quiet { "This page holds reports and images of patients. Keep it as you keep those." } }
            p.hidden role="status" id="said" {}
        }
    }

    /// Pictures and patterns that other parts refer to.
    fn definitions(&self) -> Markup {
        html! {
            svg.definitions width="0" height="0" aria-hidden="true" focusable="false" {
                defs {
                    pattern id="hatch" patternUnits="userSpaceOnUse" width="8" height="8" patternTransform="rotate(45)" {
                        rect.line width="2" height="8" {}
                    }
                    @for (image, picture) in self.query.iter().enumerate() {
                        @if let Some(picture) = picture { (Film::definition(picture, &query_id(image))) }
                    }
                }
            }
        }
    }

    fn contents(&self) -> Markup {
        html! {
            ul {
                li { a href="#verdict" { "Precedent or none" } }
                li { a href="#query" { "What was asked" } }
                @if is_judged(self.answer) {
                    li { a href="#consensus" { "Consensus" } }
                    li { a href="#dissent" { "Against it" } }
                }
                li { a href="#hits" { "Cases" } }
                li { a href="#plan" { "How it was searched" } }
                @if self.answer.record.is_some() { li { a href="#record" { "Record" } } }
            }
        }
    }
}

/// What lies over the films of the hits.
fn switches(answer: &v1::SearchResponse) -> Markup {
    let evidence = || answer.hits.iter().flat_map(|hit| &hit.evidence);
    let has_maps = evidence().any(|found| found.query.as_ref().is_some_and(|place| !place.map.is_empty()));
    html! {
        @if evidence().next().is_some() {
            fieldset.switches {
                legend { "Over the films" }
                label { input type="checkbox" id="show-boxes" checked; "Regions, numbered as the sentences" }
                @if has_maps {
                    label { input type="checkbox" id="show-maps" checked; "Map of the chosen sentence" }
                }
            }
            p.quiet {
                "Point at a sentence or a region to see the other, or choose it with Enter; Escape ends the choice. A map shades the cells that a \
                 sentence fits better than the median cell. It shows what the encoder likens, and proves nothing."
            }
        }
    }
}

/// Nothing may be loaded, and no script or style run but ours.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; img-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    const HOSTILE: &str =
        "</title></style></script><script>alert(1)</script><img src=\"https://example.org/x\" onerror='x'>";

    fn place(cell: u32) -> v1::ImageLocation {
        v1::ImageLocation {
            image_index: 0,
            cell,
            r#box: Some(v1::PixelBox { x: 5, y: 5, width: 40, height: 30 }),
            zone: "left lower zone".into(),
            map: (0..4).map(|cell| cell as f32 / 10.0).collect(),
        }
    }

    fn grid() -> v1::ImageGrid {
        v1::ImageGrid {
            row_count: 2,
            column_count: 2,
            x: 0.0,
            y: 0.0,
            width: 100.0,
            height: 100.0,
            image_width_pixels: 100,
            image_height_pixels: 100,
        }
    }

    fn case(id: &str, text: &str) -> v1::Case {
        let section =
            |kind: v1::SectionKind, text: &str| v1::Section { kind: kind.into(), text: text.into() };
        let fields = [("age", "63"), ("site", HOSTILE)]
            .map(|(name, value)| (name.to_owned(), v1::FieldValues { values: vec![value.to_owned()] }));
        v1::Case {
            case_id: id.into(),
            patient: Some(v1::PatientKey { id: "CANARY".into(), issuer: String::new() }),
            fields: BTreeMap::from(fields),
            images: vec![v1::Image { view: "PA".into(), ..v1::Image::default() }],
            report: Some(v1::Report {
                sections: vec![
                    section(v1::SectionKind::Findings, text),
                    section(v1::SectionKind::Impression, HOSTILE),
                ],
            }),
        }
    }

    fn hit(rank: u32, id: &str) -> v1::Hit {
        let text = "Moderate left effusion. No pneumothorax.";
        let span = |start_byte, end_byte| v1::TextSpan { start_byte, end_byte, ..v1::TextSpan::default() };
        let finding = v1::EvidenceFinding {
            finding: "pleural-effusion".into(),
            assertion: v1::Assertion::Uncertain.into(),
        };
        let evidence = v1::Evidence {
            sentence: Some(span(0, 23)),
            findings: vec![finding],
            cosine: 0.7,
            background: Some(v1::Background { share_below: 0.97, deviations: 2.25 }),
            query: Some(place(3)),
            prior: Some(place(2)),
            ..v1::Evidence::default()
        };
        let found = v1::HighlightMatch {
            span: Some(span(14, 22)),
            assertion: v1::Assertion::Present.into(),
            ..v1::HighlightMatch::default()
        };
        let measure = Some(v1::image_score::Measure::Cosine(0.9134));
        v1::Hit {
            rank,
            case: Some(case(id, text)),
            image: Some(v1::ImageScore { measure, rank: Some(rank), ..v1::ImageScore::default() }),
            highlights: vec![v1::Highlight { matches: vec![found], ..v1::Highlight::default() }],
            evidence: vec![evidence],
            ..v1::Hit::default()
        }
    }

    /// An answer with everything in it.
    fn whole() -> v1::SearchResponse {
        let vote = v1::FindingVote {
            finding: "pleural-effusion".into(),
            name: HOSTILE.into(),
            present_count: 21,
            share: 0.72,
            lower: 0.4,
            upper: 0.9,
            base_rate: 0.12,
            lift: Some(6.0),
            ..v1::FindingVote::default()
        };
        let against = v1::FindingDissent {
            name: "pleural effusion".into(),
            denied: true,
            cases: vec![hit(1, "AGAINST")],
            ..v1::FindingDissent::default()
        };
        let warning =
            |code: v1::WarningCode, message: &str| v1::Warning { code: code.into(), message: message.into() };
        let missing = v1::Unavailable {
            part: v1::AnswerPart::Background.into(),
            description: "too few images of the archive have patches".into(),
            ..v1::Unavailable::default()
        };
        v1::SearchResponse {
            hits: vec![hit(1, "CXR1"), hit(2, HOSTILE)],
            total_hits: 2,
            plan: Some(v1::Plan {
                channels: vec![v1::ChannelPlan {
                    channel: v1::Channel::Image.into(),
                    ..v1::ChannelPlan::default()
                }],
                warnings: vec![
                    warning(v1::WarningCode::NoPatient, HOSTILE),
                    warning(v1::WarningCode::DemoEncoder, "demo encoder, not for clinical images"),
                ],
                unavailable: vec![missing],
                times: Some(v1::StepTimes { encode_microseconds: 1500, ..v1::StepTimes::default() }),
                ..v1::Plan::default()
            }),
            record: Some(v1::Record {
                index: "archive".into(),
                encoder_id: "enc@1".into(),
                ..v1::Record::default()
            }),
            consensus: Some(v1::Consensus {
                votes: vec![vote; 10],
                neighbour_count: 30,
                ..v1::Consensus::default()
            }),
            dissent: Some(v1::Dissent { leading: vec![against], normal: vec![hit(1, "NORMAL")] }),
            explained_images: vec![v1::ExplainedImage {
                grid: Some(grid()),
                map: vec![0.1, 0.2, 0.3, 0.4],
                unexplained_cells: vec![0],
            }],
            abstention: Some(v1::Abstention {
                abstains: true,
                p_value: 0.01,
                false_alarm_rate: 0.05,
                best: Some(v1::abstention::Best::Cosine(0.3)),
                background_image_count: 256,
                ..v1::Abstention::default()
            }),
            ..v1::SearchResponse::default()
        }
    }

    fn request() -> v1::SearchRequest {
        v1::SearchRequest {
            images: vec![v1::QueryImage::default()],
            text: HOSTILE.into(),
            ..v1::SearchRequest::default()
        }
    }

    fn picture() -> Picture {
        let sides = (80, 80);
        let (width_pixels, height_pixels) = sides;
        let grid = Some(grid());
        v1::GetThumbnailResponse { jpeg: b"JPEG".to_vec(), width_pixels, height_pixels, grid, generation: 1 }
            .into()
    }

    fn page(request: &v1::SearchRequest, answer: &v1::SearchResponse, has_pictures: bool) -> String {
        let mut pictures = Pictures::default();
        let wanted = if has_pictures { Pictures::wanted(answer) } else { BTreeSet::new() };
        wanted.into_iter().for_each(|(case, image)| pictures.add(case, image, picture()));
        let query = [has_pictures.then(picture)];
        Page { request, answer, query: &query, pictures: &pictures }.html()
    }

    fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
        let begin = format!(" {attribute}=\"");
        html.split(&begin).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    /// What holds of every page.
    #[track_caller]
    fn check(html: &str) {
        assert_eq!(html.matches("<script").count(), 1, "only ours");
        assert_eq!(html.matches("<style").count(), 1, "only ours");
        assert!(!html.contains("<img") && !html.contains(" style="));
        let tags = html.split('<').filter_map(|rest| rest.split('>').next());
        for tag in tags.filter(|tag| !tag.starts_with('!')) {
            // Outside of the values of attributes.
            assert!(tag.split('"').step_by(2).all(|part| !part.contains(" on")), "a handler in {tag}");
        }
        for attribute in ["href", "src", "action", "data"] {
            for value in values(html, attribute) {
                let is_inside = value.starts_with('#') || value.starts_with("data:image/jpeg;base64,");
                assert!(is_inside, "{attribute} leads to {value}");
            }
        }
        assert!(
            !html.contains("url(") || html.matches("url(").count() == html.matches("url(#hatch)").count()
        );
        let ids = values(html, "id");
        let known: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), known.len(), "an id stands twice: {ids:?}");
        for target in values(html, "href").iter().filter_map(|value| value.strip_prefix('#')) {
            assert!(known.contains(target), "nothing has the id {target}");
        }
        for label in values(html, "aria-labelledby") {
            assert!(known.contains(label), "nothing has the id {label}");
        }
        let levels =
            html.split("<h").skip(1).filter_map(|rest| rest.bytes().next()).filter(u8::is_ascii_digit);
        let levels: Vec<u8> = levels.collect();
        assert_eq!(levels.first(), Some(&b'1'));
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "headings skip a level");
        assert!(!html.contains("CANARY"), "no patient id");
    }

    #[test]
    fn a_whole_answer_becomes_a_page() {
        let html = page(&request(), &whole(), true);
        check(&html);
        for part in [
            "No adequate precedent",
            "Demo encoder, not for clinical images.",
            "pleural effusion (uncertain)",
            "97 % of the archive's images fit less well; +2.2 deviations",
            "Left lower zone",
            "<strong>72 %</strong> (40 to 90 %)",
            "2 rarer findings",
            "the nearest cases that deny it",
            "Too few images of the archive have patches.",
            "enc@1",
        ] {
            let (html, part) = (html.replace('\u{a0}', " ").to_lowercase(), part.to_lowercase());
            assert!(html.contains(&part), "{part} is missing");
        }
        // The films of the query stand in the page once, those of four cases once each.
        assert_eq!(html.matches("data:image/jpeg").count(), 5);
        assert!(html.contains("<use href=\"#query-0\">"));
    }

    #[test]
    fn a_page_has_a_place_for_each_sentence_and_its_regions() {
        let html = page(&request(), &whole(), true);
        for key in ["1-1", "2-1"] {
            for part in [format!("id=\"s-{key}\""), format!("id=\"e-{key}\""), format!("href=\"#s-{key}\"")] {
                assert_eq!(html.matches(&part).count(), 1, "{part}");
            }
            // Sentence in the report and in the list, box and map in two films.
            assert_eq!(html.matches(&format!("data-e=\"{key}\"")).count(), 6, "{key}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let empty = v1::SearchResponse::default();
        let html = page(&v1::SearchRequest::default(), &empty, false);
        check(&html);
        assert!(
            html.contains("Nothing was found.") && html.contains("The search was made without an image.")
        );
        assert!(html.contains("did not ask whether") && !html.contains("href=\"#consensus\""));
        let by_embedding =
            v1::SearchRequest { embeddings: vec![v1::Embedding::default()], ..v1::SearchRequest::default() };
        let html = page(&by_embedding, &whole(), false);
        check(&html);
        assert!(
            html.contains("There is no picture to show")
                && html.contains("The archive keeps no picture of this image.")
        );
        let mut bare = whole();
        bare.hits.push(v1::Hit { rank: 3, ..v1::Hit::default() });
        for hit in &mut bare.hits {
            (hit.evidence, hit.highlights) = (Vec::new(), Vec::new());
        }
        (bare.explained_images, bare.consensus, bare.dissent) = (Vec::new(), None, None);
        bare.abstention = Some(v1::Abstention { abstains: false, ..v1::Abstention::default() });
        let html = page(&request(), &bare, true);
        check(&html);
        assert!(html.contains("This case comes without a report."));
        assert!(html.contains("The archive has no image to compare this one with."));
        assert!(!html.contains("id=\"show-boxes\""), "nothing to switch");
    }

    #[test]
    fn the_policy_names_the_script_and_the_style_that_are_in_the_page() {
        let html = page(&request(), &whole(), true);
        let within =
            |from: &str, to: &str| html.split(from).nth(1).and_then(|rest| rest.split(to).next()).unwrap();
        for text in [within("<style>", "</style>"), within("<script>", "</script>")] {
            let hash = STANDARD.encode(Sha256::digest(text.as_bytes()));
            assert!(html.contains(&format!("'sha256-{hash}'")));
        }
        assert!(html.contains("default-src 'none'"));
    }
}
