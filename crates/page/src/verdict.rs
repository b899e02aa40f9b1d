//! Whether the archive holds a precedent at all, and what to know before reading on.

use crate::words::{count, percent, projection, sentence};
use maud::{Markup, html};
use precedent_wire::v1;
use v1::abstention::Best;

/// Whether there is a precedent, as a plain statement with its grounds.
pub(crate) fn verdict(answer: &v1::SearchResponse) -> Markup {
    match &answer.abstention {
        Some(abstention) if abstention.abstains => html! {
            section.verdict.raised aria-labelledby="verdict" {
                h2 id="verdict" { span.sign aria-hidden="true" { "!" } " No adequate precedent" }
                (grounds(abstention))
                p { "The cases below are the nearest that the archive has. Do not read them as comparable ones." }
            }
        },
        Some(abstention) => html! {
            section.verdict aria-labelledby="verdict" {
                h2 id="verdict" { "The archive holds comparable images" }
                (grounds(abstention))
                p.quiet { "This says that the archive has images as near to this one as to its own, and not that the findings are the same." }
            }
        },
        None => html! {
            section.verdict aria-labelledby="verdict" {
                h2 id="verdict" { "Whether there is a precedent is not known" }
                p { (missing(answer, v1::AnswerPart::Abstention)) }
            }
        },
    }
}

fn grounds(abstention: &v1::Abstention) -> Markup {
    let kind = projection(abstention.projection());
    let Some(best) = abstention.best else {
        let kind = if kind.is_empty() { String::new() } else { format!(" from a {kind} view") };
        return html! { p { "The archive has no image" (kind) " to compare this one with." } };
    };
    let best = match best {
        Best::Cosine(value) => format!("cosine {value:.3}"),
        Best::DotProduct(value) => format!("dot product {value:.3}"),
        Best::L2Distance(value) => format!("distance {value:.3}"),
    };
    let images = format!("{} {kind}", count(abstention.background_image_count));
    let rate = percent(abstention.false_alarm_rate);
    html! {
        p {
            "The best match of this image has " (best) ". Each of " (images.trim()) " images of the archive was searched for in the same way, as \
             if it were new: " strong { (percent(abstention.p_value)) } " of them, this image counted, found no better match. At " (rate) " or less, the archive has no \
             adequate precedent. Of new images like its own, " (rate) " are wrongly said to have none."
        }
    }
}

/// What the answer warns of: the encoder's notice first.
pub(crate) fn warnings(answer: &v1::SearchResponse) -> Markup {
    let all = answer.plan.as_ref().map_or(&[][..], |plan| plan.warnings.as_slice());
    let is_notice = |warning: &&v1::Warning| warning.code() == v1::WarningCode::DemoEncoder;
    let notices = all.iter().filter(is_notice);
    let others: Vec<&v1::Warning> = all.iter().filter(|warning| !is_notice(warning)).collect();
    html! {
        @for notice in notices {
            p.notice { strong { "Notice: " } (sentence(&notice.message)) }
        }
        @if !others.is_empty() {
            section.warnings aria-labelledby="warnings" {
                h2 id="warnings" { "Before you read on" }
                ul { @for warning in others { li { (sentence(&warning.message)) } } }
            }
        }
    }
}

/// Why a part of the answer is missing.
pub(crate) fn missing(answer: &v1::SearchResponse, part: v1::AnswerPart) -> String {
    reason(answer, part).unwrap_or_else(|| "It was not asked for.".to_owned())
}

/// Why a part of the answer that was asked for is missing.
fn reason(answer: &v1::SearchResponse, part: v1::AnswerPart) -> Option<String> {
    let unavailable = answer.plan.as_ref().map_or(&[][..], |plan| plan.unavailable.as_slice());
    unavailable.iter().find(|missing| missing.part() == part).map(|missing| sentence(&missing.description))
}

/// Whether neighbours were to vote, be it that they could not.
pub(crate) fn is_judged(answer: &v1::SearchResponse) -> bool {
    let parts = [v1::AnswerPart::Abstention, v1::AnswerPart::Consensus, v1::AnswerPart::Dissent];
    let has_any = answer.abstention.is_some() || answer.consensus.is_some() || answer.dissent.is_some();
    has_any || parts.into_iter().any(|part| reason(answer, part).is_some())
}

/// What a search without votes leaves open.
pub(crate) fn not_judged() -> Markup {
    html! {
        section.verdict aria-labelledby="verdict" {
            h2 id="verdict" { "This is a list of cases, and no second opinion" }
            p {
                "The search did not ask whether the archive holds an adequate precedent, what the nearest cases say together, and what speaks \
                 against it. A search by images does."
            }
        }
    }
}
