//! `precedent search`.

mod flags;

use crate::answer_page;
use crate::encoders;
use crate::exit::{Exit, Failure, Outcome};
use crate::hits::{self, Manner};
use crate::json;
use crate::judgement;
use crate::output::{stderr, stdout};
use crate::private_file;
use crate::style::Style;
use crate::waiting;
pub use flags::SearchArgs;
use flags::VectorPathName;
use precedent_convert::{self as convert, hit::Context};
use precedent_engine::{Access, Engine, EngineError};
use precedent_sources::NpyMatrix;
use precedent_vector::Metric;
use precedent_wire::v1;
use std::io::Write;
use std::path::Path;

pub fn run(args: &SearchArgs) -> Outcome {
    let about = |error: EngineError| Failure::from(error).about(args.dir.display());
    let encoders = encoders::open_all(&args.encoders)?;
    let engine = Engine::open_with(&args.dir, Access::Read, &encoders).map_err(about)?;
    let definition = engine.definition();
    let metric = definition.image_space.as_ref().map(|space| space.metric());
    let mut wire = request(args, metric)?;
    let digest = convert::request::digest(&mut wire, &definition.name);
    let of_page = args.html.as_ref().map(|path| (path, wire.clone()));
    let asked = convert::request::search(wire).map_err(|violations| EngineError::Invalid(violations).into());
    let view = engine.view();
    let answer = view.search(&asked.map_err(|error: Failure| error)?, &|| false)?;
    waiting::note(&engine)?;
    let context = Context { definition, digest: &digest, next_page_token: "" };
    if let Some((path, request)) = of_page {
        let sent = convert::hit::response(answer.clone(), &context);
        let html = answer_page::of_view(&request, &sent, &view)?;
        private_file::write(path, html.as_bytes())?;
    }
    let mut out = stdout();
    if args.json {
        writeln!(out, "{}", json::response(&convert::hit::response(answer, &context))?)?;
    } else {
        let asks_of_study =
            !args.images.is_empty() || !args.embeddings.is_empty() || !args.examples.is_empty();
        let manner = Manner { metric, full: args.full, style: Style::of_stdout() };
        if let Some(abstention) = &answer.abstention {
            judgement::print_abstention(&mut out, abstention, manner)?;
        }
        if let Some(consensus) = &answer.consensus {
            judgement::print_consensus(&mut out, consensus, args.full, manner.style)?;
        }
        hits::print(&mut out, &answer, manner)?;
        if let Some(dissent) = &answer.dissent {
            judgement::print_dissent(&mut out, dissent, manner)?;
        }
        out.flush()?;
        hits::print_plan(&mut stderr(), &answer, asks_of_study)?;
    }
    Ok(Exit::Done)
}

/// The flags as a request of the protocol, so that the program asks just as a client does.
fn request(args: &SearchArgs, metric: Option<Metric>) -> Result<v1::SearchRequest, Failure> {
    let encoder_id = args.encoder_id.clone().unwrap_or_default();
    let embeddings = (args.embeddings.iter())
        .map(|path| Ok(v1::Embedding { values: row(path, args.row)?, encoder_id: encoder_id.clone() }))
        .collect::<Result<Vec<_>, Failure>>()?;
    let images = args.images.iter().map(|path| image(path)).collect::<Result<Vec<_>, Failure>>()?;
    let patient = args.patient_id.as_ref().map(|id| v1::PatientKey {
        id: id.clone(),
        issuer: args.patient_id_issuer.clone().unwrap_or_default(),
    });
    let before_study_date = args.before.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("study"));
    let path = match args.vector_path {
        VectorPathName::Auto => v1::VectorPath::Unspecified,
        VectorPathName::Graph => v1::VectorPath::Graph,
        VectorPathName::Exact => v1::VectorPath::Exact,
    };
    Ok(v1::SearchRequest {
        embeddings,
        images,
        image_text: args.image_text.clone().unwrap_or_default(),
        text: args.text.clone().unwrap_or_default(),
        literal_text: args.literal,
        filter: args.filter.clone().unwrap_or_default(),
        guards: Some(v1::Guards {
            patient,
            include_same_patient: args.include_same_patient,
            before: args.before.clone().filter(|_| !before_study_date).unwrap_or_default(),
            several_per_patient: args.several_per_patient,
            before_study_date,
        }),
        fusion: Some(v1::Fusion {
            image_weight: Some(args.image_weight),
            lexical_weight: Some(args.lexical_weight),
            sentence_weight: Some(args.sentence_weight),
            rrf_k: Some(args.rrf_k),
            candidates: Some(number("--candidates", args.candidates)?),
        }),
        limit: Some(number("--limit", args.limit)?),
        exact: args.exact,
        vector_path: path.into(),
        target_recall: args.target_recall,
        example_case_ids: args.examples.clone(),
        minimum_scores: Some(v1::MinimumScores {
            image: args.min_image.map(|value| minimum(metric, value)),
            bm25: args.min_text,
        }),
        facets: (args.facets.iter())
            .map(|field| v1::FacetQuery { field: field.clone(), max_values: None })
            .collect(),
        diversity: args.diversity,
        judgement: judgement_of(args)?,
        evidence: evidence_of(args)?,
        rerank_count: args.rerank,
        regions: args.regions.clone(),
        ef_search: args.ef_search.map(|value| number("--ef-search", value)).transpose()?,
        ..v1::SearchRequest::default()
    })
}

/// Neighbours vote where flags say so, and otherwise where the request has images.
fn judgement_of(args: &SearchArgs) -> Result<Option<v1::JudgementRequest>, Failure> {
    let neighbour_count = args.consensus.map(|count| number("--consensus", count)).transpose()?;
    let (off, false_alarm_rate) = (args.no_consensus, args.false_alarms);
    let says = off || neighbour_count.is_some() || false_alarm_rate.is_some();
    Ok(says.then_some(v1::JudgementRequest { off, neighbour_count, false_alarm_rate }))
}

/// Hits come with evidence where flags say so, and otherwise where the request has images.
fn evidence_of(args: &SearchArgs) -> Result<Option<v1::EvidenceRequest>, Failure> {
    // A page shows maps wherever there is evidence, and is no reason to ask for evidence that cannot be.
    let of_page = args.html.is_some() && (!args.images.is_empty() || args.evidence.is_some());
    let (off, with_maps) = (args.no_evidence, !args.no_evidence && (args.evidence_maps || of_page));
    let sentence_count = args.evidence.map(|count| number("--evidence", count)).transpose()?;
    let says = off || with_maps || sentence_count.is_some();
    Ok(says.then_some(v1::EvidenceRequest { off, sentence_count, with_maps }))
}

/// In the words of the index's metric; without an image space any is refused.
fn minimum(metric: Option<Metric>, value: f32) -> v1::minimum_scores::Image {
    match metric {
        Some(Metric::Dot) => v1::minimum_scores::Image::DotProduct(value),
        Some(Metric::L2) => v1::minimum_scores::Image::L2Distance(value),
        Some(Metric::Cosine) | None => v1::minimum_scores::Image::Cosine(value),
    }
}

fn number(flag: &str, value: usize) -> Result<u32, Failure> {
    u32::try_from(value).map_err(|_| Failure::input(format!("{flag} {value}: the number is too large")))
}

fn image(path: &Path) -> Result<v1::QueryImage, Failure> {
    let content = std::fs::read(path).map_err(|error| Failure::input(error).about(path.display()))?;
    Ok(v1::QueryImage { content, view: String::new() })
}

fn row(path: &Path, row: u64) -> Result<Vec<f32>, Failure> {
    let mut values = Vec::new();
    NpyMatrix::open(path).and_then(|mut matrix| matrix.read_row(row, &mut values)).map_err(Failure::input)?;
    Ok(values)
}
