//! The nearest cases that speak against what the neighbours agree on.

use crate::film::Film;
use crate::hit::facts;
use crate::picture::{Pictures, images};
use crate::report;
use crate::verdict::missing;
use crate::words::{section, similarity};
use maud::{Markup, html};
use precedent_wire::v1;

/// Cases that deny a leading finding, and cases without any.
pub(crate) fn dissent(answer: &v1::SearchResponse, pictures: &Pictures) -> Markup {
    html! {
        section.dissent aria-labelledby="dissent" {
            h2 id="dissent" { "What speaks against it" }
            @match &answer.dissent {
                None => p { (missing(answer, v1::AnswerPart::Dissent)) },
                Some(dissent) => {
                    @if dissent.leading.is_empty() {
                        p { "No finding leads: none is both frequent among the neighbours and more frequent than in the archive." }
                    }
                    @for against in &dissent.leading { (leading(against, pictures)) }
                    h3 { "Nearest cases whose report names no finding" }
                    (cases(&dissent.normal, pictures, "No match has a report without a finding."))
                }
            }
        }
    }
}

fn leading(against: &v1::FindingDissent, pictures: &Pictures) -> Markup {
    let how = match (against.cases.is_empty(), against.denied) {
        (true, _) => "",
        (_, true) => "the nearest cases that deny it",
        (_, false) => "no report denies it; the nearest that do not mention it",
    };
    html! {
        h3 {
            "Against " (against.name)
            @if !how.is_empty() { span.quiet { ": " (how) } }
        }
        (cases(&against.cases, pictures, "No match is without it."))
    }
}

fn cases(hits: &[v1::Hit], pictures: &Pictures, none: &str) -> Markup {
    html! {
        @if hits.is_empty() { p { (none) } } @else {
            ul.cases { @for hit in hits { li { (case(hit, pictures)) } } }
        }
    }
}

fn case(hit: &v1::Hit, pictures: &Pictures) -> Markup {
    let empty = v1::Case::default();
    let case = hit.case.as_ref().unwrap_or(&empty);
    let picture = images(hit).into_iter().find_map(|image| pictures.get(&case.case_id, image));
    let reported = case.report.as_ref();
    html! {
        @if let Some(picture) = picture {
            (Film::of(picture).draw(&format!("Film of case {}", case.case_id), &html! {}))
        }
        div {
            p { strong { (case.case_id) } }
            @if let Some(score) = &hit.image { p.scores { (similarity(score)) } }
            (facts(case))
            @for (name, text) in reported.map(report::conclusion).unwrap_or_default() {
                p.text.short { span.quiet { (name) ": " } (text) }
            }
            @if let Some(reported) = reported {
                details {
                    summary { "Whole report" span.hidden { " of case " (case.case_id) } }
                    @for part in &reported.sections {
                        p.text { span.quiet { (section(part.kind())) ": " } (part.text) }
                    }
                }
            }
        }
    }
}
