//! How the answer was computed, what is missing from it, and what is needed to repeat it.

use crate::words::{count, counted, part, percent, sentence};
use maud::{Markup, html};
use precedent_wire::v1;

/// Channels, times and what is missing.
pub(crate) fn plan(answer: &v1::SearchResponse) -> Markup {
    let empty = v1::Plan::default();
    let plan = answer.plan.as_ref().unwrap_or(&empty);
    html! {
        section.plan aria-labelledby="plan" {
            h2 id="plan" { "How it was searched" }
            @if !plan.unavailable.is_empty() {
                h3 { "What is missing, and why" }
                dl {
                    @for missing in &plan.unavailable {
                        dt { (part(missing.part())) } dd { (sentence(&missing.description)) }
                    }
                }
            }
            h3 { "Ways taken" }
            @if plan.channels.is_empty() {
                p { "No channel ranked: the cases that pass the filter are shown, the latest first." }
            } @else {
                div.scroll tabindex="0" role="group" aria-label="Table of channels" { (channels(plan)) }
            }
            p {
                @if plan.exact { "The hits are certainly the best under these settings." }
                @else { "A better hit may have been missed: the archive was not compared case by case." }
            }
            @if let Some(fusion) = plan.fusion.as_ref().filter(|_| plan.channels.len() > 1) {
                p {
                    "Ranks were fused by weight / (k + rank), with weights of " (fusion.image_weight.unwrap_or(1.0)) " for images and "
                    (fusion.lexical_weight.unwrap_or(1.0)) " for text, and k = " (fusion.rrf_k.unwrap_or(60.0)) "."
                }
            }
            @for correction in &plan.corrections {
                p { "Searched for “" (correction.searched) "” in place of “" (correction.written) "”." }
            }
            @if let Some(times) = &plan.times { (steps(times)) }
        }
    }
}

fn channels(plan: &v1::Plan) -> Markup {
    html! {
        table {
            caption.hidden { "Channels" }
            thead {
                tr {
                    th scope="col" { "Channel" }
                    th scope="col" { "Way" }
                    th scope="col" { "Looked at" }
                    th scope="col" { "Candidates" }
                    th scope="col" { "Certainly its best" }
                }
            }
            tbody {
                @for channel in &plan.channels {
                    tr {
                        th scope="row" {
                            (match channel.channel() {
                                v1::Channel::Image => "Images",
                                v1::Channel::Lexical => "Text",
                                v1::Channel::Sentence => "Sentences",
                                _ => "Other",
                            })
                        }
                        td { (way(channel)) }
                        td.number { (count(channel.visited_count)) }
                        td.number { (count(channel.candidate_count)) }
                        td {
                            @if channel.exact { "yes" }
                            @else if channel.target_recall > 0.0 {
                                "no; finds " (percent(channel.target_recall.into())) " of them, as measured"
                            } @else { "no" }
                        }
                    }
                }
            }
        }
    }
}

fn way(channel: &v1::ChannelPlan) -> &'static str {
    match channel.path() {
        v1::TakenPath::Exact => "every case compared",
        v1::TakenPath::Codes => "every case compared by short codes",
        v1::TakenPath::Graph => "through the graph",
        v1::TakenPath::FilteredGraph => "through the graph, among cases that pass",
        v1::TakenPath::Unspecified if channel.channel() == v1::Channel::Lexical => "full text",
        v1::TakenPath::Unspecified => "none",
    }
}

fn steps(times: &v1::StepTimes) -> Markup {
    let steps = [
        ("checking", times.admit_microseconds),
        ("encoding", times.encode_microseconds),
        ("filter", times.filter_microseconds),
        ("images", times.image_microseconds),
        ("text", times.lexical_microseconds),
        ("fusion", times.fusion_microseconds),
        ("fetching", times.fetch_microseconds),
        ("consensus and dissent", times.judge_microseconds),
        ("evidence", times.evidence_microseconds),
    ];
    let milliseconds = |microseconds: u64| format!("{:.1} ms", microseconds as f64 / 1e3);
    let total = steps.iter().map(|(_, time)| time).sum::<u64>();
    html! {
        details {
            summary { "Time: " (milliseconds(total)) }
            dl { @for (step, time) in steps { @if time > 0 { dt { (step) } dd { (milliseconds(time)) } } } }
        }
    }
}

/// How many of the matches have each value of a field.
pub(crate) fn facets(answer: &v1::SearchResponse) -> Markup {
    html! {
        @if !answer.facets.is_empty() {
            section.facets aria-labelledby="facets" {
                h2 id="facets" { "Counts among all matches" }
                @for facet in &answer.facets {
                    h3 { (facet.field) }
                    dl {
                        @for value in &facet.values {
                            dt { (value.value) } dd { (counted(value.case_count, "case", "cases")) }
                        }
                        @if facet.more_value_count > 0 { dt { "other values" } dd { (count(facet.more_value_count)) } }
                        dt { "without one" } dd { (counted(facet.missing_case_count, "case", "cases")) }
                    }
                }
            }
        }
    }
}

/// What is needed to repeat the search.
pub(crate) fn record(answer: &v1::SearchResponse) -> Markup {
    let Some(record) = &answer.record else { return html! {} };
    html! {
        section.record aria-labelledby="record" {
            h2 id="record" { "Record" }
            p { "What is needed to repeat this search." }
            dl {
                dt { "Index" } dd { (record.index) }
                dt { "Generation" } dd { (count(record.generation)) }
                dt { "Encoder" }
                dd { @if record.encoder_id.is_empty() { "none" } @else { code { (record.encoder_id) } } }
                dt { "Digest of the request" } dd { code { (record.request_digest) } }
            }
        }
    }
}
