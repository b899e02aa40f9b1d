//! Search requests.

use crate::case::{embedding, patient, violation};
use crate::{evidence, judgement, region};
use precedent_engine::Violation;
use precedent_model::{CaseId, PartialDate};
use precedent_query::{
    EncodedQueryImage, FacetQuery, Fusion, Guards, HitDetail, Limits, MAX_QUERY_VECTORS, MinimumImageScore,
    MinimumScores, PathChoice, QueryImage, SearchRequest,
};
use precedent_wire::v1;
use prost::Message;
use sha2::{Digest, Sha256};

/// Values of a facet that are returned unless the request says how many.
const DEFAULT_FACET_VALUES: usize = 10;

/// What is asked. The page token is not looked at: where a page begins is for the caller to set.
///
/// # Errors
/// What the domain cannot express, each by its field: an unknown path or detail, a patient or a date that cannot be. Everything
/// else, such as a limit of 0, is for the engine to check.
pub fn search(wire: v1::SearchRequest) -> Result<SearchRequest, Vec<Violation>> {
    let mut violations = Vec::new();
    let defaults = Limits::default();
    let path = match v1::VectorPath::try_from(wire.vector_path) {
        Ok(v1::VectorPath::Unspecified) => PathChoice::Auto,
        Ok(v1::VectorPath::Graph) => PathChoice::Graph,
        Ok(v1::VectorPath::Exact) => PathChoice::Exact,
        Err(_) => {
            violations.push(Violation::new("vector_path", "is none of the protocol's paths; leave it out"));
            PathChoice::Auto
        }
    };
    let detail = detail(wire.detail, &mut violations);
    let guards = guards(wire.guards.unwrap_or_default(), &mut violations);
    if !wire.images.is_empty() && !wire.encoded_images.is_empty() {
        let description = "is given beside images; give the images, or what they became, and not both";
        violations.push(Violation::new("encoded_images", description));
    }
    let encoded_images = (wire.encoded_images.into_iter().enumerate())
        .filter_map(|(index, image)| encoded_image(index, image, &mut violations))
        .collect();
    if wire.example_case_ids.len() > MAX_QUERY_VECTORS {
        let description =
            format!("has {} ids; give at most {MAX_QUERY_VECTORS}", wire.example_case_ids.len());
        violations.push(Violation::new("example_case_ids", description));
    }
    let examples = (wire.example_case_ids.iter().enumerate().take(MAX_QUERY_VECTORS))
        .filter_map(|(index, id)| {
            let field = format!("example_case_ids[{index}]");
            CaseId::new(id).map_err(|error| violations.push(violation(&field, &error))).ok()
        })
        .collect();
    let fusion = fusion(&wire.fusion.unwrap_or_default());
    let regions = region::regions(wire.regions, &mut violations);
    let (evidence, evidence_maps) = evidence::asked(wire.evidence.as_ref());
    if !violations.is_empty() {
        return Err(violations);
    }
    Ok(SearchRequest {
        vectors: wire.embeddings.into_iter().map(embedding).collect(),
        images: wire.images.into_iter().map(image).collect(),
        encoded_images,
        examples,
        image_text: given(wire.image_text),
        text: given(wire.text),
        literal_text: wire.literal_text,
        filter: given(wire.filter),
        guards,
        fusion,
        regions,
        rerank: wire.rerank_count as usize,
        limits: Limits {
            limit: given_count(wire.limit).unwrap_or(defaults.limit),
            offset: 0,
            page_size: given_count(wire.page_size),
            exact: wire.exact,
            path,
            ef_search: given_count(wire.ef_search),
            target_recall: wire.target_recall,
        },
        detail,
        minimum: minimum(wire.minimum_scores.unwrap_or_default()),
        facets: (wire.facets.into_iter())
            .map(|facet| FacetQuery {
                field: facet.field,
                max_values: given_count(facet.max_values).unwrap_or(DEFAULT_FACET_VALUES),
            })
            .collect(),
        false_alarm_rate: wire.judgement.as_ref().and_then(|judgement| judgement.false_alarm_rate),
        judgement: judgement::asked(wire.judgement),
        diversity: wire.diversity,
        evidence,
        evidence_maps,
    })
}

/// What stands for a request, and for each of its images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestDigest {
    /// The SHA-256 of the encoded request with the index's name filled in, without page token and page size, and with the
    /// SHA-256 of each image in place of its content. Equal for all pages of one answer, whatever their size, and whether
    /// their images were sent again or what they became.
    pub request: [u8; 32],
    /// The SHA-256 of each image.
    pub images: Vec<[u8; 32]>,
}

/// What stands for a request to `index`. The request, which may hold 30 MB of pictures, is not copied; it is as it was
/// afterwards.
pub fn digest(wire: &mut v1::SearchRequest, index: &str) -> RequestDigest {
    let named = std::mem::replace(&mut wire.index, index.to_owned());
    let (page_token, page_size) = (std::mem::take(&mut wire.page_token), wire.page_size.take());
    let (images, encoded) = (std::mem::take(&mut wire.images), std::mem::take(&mut wire.encoded_images));
    let of_images: Vec<[u8; 32]> = images.iter().map(|image| Sha256::digest(&image.content).into()).collect();
    let sent = images.iter().zip(&of_images).map(|(image, digest)| (digest.as_slice(), &image.view));
    let earlier = encoded.iter().map(|image| (image.content_sha256.as_slice(), &image.view));
    wire.images = (sent.chain(earlier))
        .map(|(digest, view)| v1::QueryImage { content: digest.to_vec(), view: view.clone() })
        .collect();
    let request = Sha256::digest(wire.encode_to_vec()).into();
    (wire.index, wire.page_token, wire.page_size) = (named, page_token, page_size);
    (wire.images, wire.encoded_images) = (images, encoded);
    RequestDigest { request, images: of_images }
}

/// How much of a case is returned.
pub(crate) fn detail(wire: i32, violations: &mut Vec<Violation>) -> HitDetail {
    match v1::CaseDetail::try_from(wire) {
        Ok(v1::CaseDetail::Unspecified) => HitDetail::Whole,
        Ok(v1::CaseDetail::WithoutReport) => HitDetail::WithoutReport,
        Ok(v1::CaseDetail::CaseId) => HitDetail::CaseId,
        Err(_) => {
            violations.push(Violation::new("detail", "is none of the protocol's details; leave it out"));
            HitDetail::Whole
        }
    }
}

fn encoded_image(
    index: usize,
    wire: v1::EncodedQueryImage,
    violations: &mut Vec<Violation>,
) -> Option<EncodedQueryImage> {
    let before = violations.len();
    let path = |part: &str| format!("encoded_images[{index}].{part}");
    if wire.content_sha256.len() != 32 {
        let description = format!(
            "has {} bytes and not 32; give the entry as the answer has it",
            wire.content_sha256.len()
        );
        violations.push(Violation::new(path("content_sha256"), description));
    }
    if wire.embedding.is_none() {
        let description = "is missing; give the entry as the answer has it";
        violations.push(Violation::new(path("embedding"), description));
    }
    let patient = patient(wire.patient.as_ref(), &path("patient")).map_err(|found| violations.push(found));
    let study_date = given(wire.study_date).and_then(|text| {
        let date = PartialDate::parse("study_date", &text);
        date.map_err(|error| violations.push(violation(&path("study_date"), &error))).ok()
    });
    let local = wire.patches.and_then(|patches| {
        evidence::local(patches, &path("patches")).map_err(|found| violations.push(found)).ok()
    });
    let embedding = wire.embedding.map(embedding).filter(|_| violations.len() == before)?;
    Some(EncodedQueryImage {
        embedding,
        view: given(wire.view),
        patient: patient.ok().flatten(),
        study_date,
        view_position: given(wire.view_position),
        local,
    })
}

fn minimum(wire: v1::MinimumScores) -> MinimumScores {
    use v1::minimum_scores::Image;
    MinimumScores {
        image: wire.image.map(|image| match image {
            Image::Cosine(value) => MinimumImageScore::Cosine(value),
            Image::DotProduct(value) => MinimumImageScore::DotProduct(value),
            Image::L2Distance(value) => MinimumImageScore::L2Distance(value),
        }),
        lexical: wire.bm25,
    }
}

fn image(wire: v1::QueryImage) -> QueryImage {
    QueryImage { content: wire.content, view: given(wire.view) }
}

fn guards(wire: v1::Guards, violations: &mut Vec<Violation>) -> Guards {
    let patient = patient(wire.patient.as_ref(), "guards.patient").map_err(|found| violations.push(found));
    let before = given(wire.before).and_then(|text| {
        let date = PartialDate::parse("before", &text);
        date.map_err(|error| violations.push(violation("guards.before", &error))).ok()
    });
    Guards {
        patient: patient.ok().flatten(),
        include_same_patient: wire.include_same_patient,
        before,
        before_study_date: wire.before_study_date,
        several_per_patient: wire.several_per_patient,
    }
}

fn fusion(wire: &v1::Fusion) -> Fusion {
    let defaults = Fusion::default();
    Fusion {
        image_weight: wire.image_weight.unwrap_or(defaults.image_weight),
        lexical_weight: wire.lexical_weight.unwrap_or(defaults.lexical_weight),
        sentence_weight: wire.sentence_weight.unwrap_or(defaults.sentence_weight),
        rrf_k: wire.rrf_k.unwrap_or(defaults.rrf_k),
        candidates: given_count(wire.candidates).unwrap_or(defaults.candidates),
    }
}

/// An explicit zero stays one: it is a mistake and not the default.
fn given_count(value: Option<u32>) -> Option<usize> {
    value.map(|value| value as usize)
}

pub(crate) fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_query::Judgement;
    use proptest::prelude::*;

    fn refused(wire: v1::SearchRequest) -> Vec<String> {
        search(wire).unwrap_err().into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn an_empty_request_is_all_defaults() {
        assert_eq!(search(v1::SearchRequest::default()).unwrap(), SearchRequest::default());
    }

    #[test]
    fn everything_given_is_taken_over() {
        let asked = search(v1::SearchRequest {
            embeddings: vec![v1::Embedding { values: vec![1.0], encoder_id: "enc".into() }],
            images: vec![v1::QueryImage { content: b"file".to_vec(), view: "PA".into() }],
            image_text: "enlarged heart".into(),
            text: "effusion".into(),
            literal_text: true,
            filter: "age > 60".into(),
            guards: Some(v1::Guards {
                patient: Some(v1::PatientKey { id: "17".into(), issuer: String::new() }),
                include_same_patient: true,
                before: "2019-05".into(),
                several_per_patient: true,
                before_study_date: true,
            }),
            fusion: Some(v1::Fusion {
                image_weight: Some(0.0),
                lexical_weight: Some(2.0),
                sentence_weight: Some(0.5),
                rrf_k: Some(10.0),
                candidates: Some(500),
            }),
            limit: Some(20),
            page_size: Some(5),
            exact: true,
            vector_path: v1::VectorPath::Graph.into(),
            ef_search: Some(64),
            target_recall: Some(0.9),
            detail: v1::CaseDetail::CaseId.into(),
            example_case_ids: vec!["CXR7".into()],
            minimum_scores: Some(v1::MinimumScores {
                image: Some(v1::minimum_scores::Image::L2Distance(1.5)),
                bm25: Some(2.0),
            }),
            facets: vec![
                v1::FacetQuery { field: "modality".into(), max_values: None },
                v1::FacetQuery { field: "finding".into(), max_values: Some(0) },
            ],
            diversity: Some(0.25),
            judgement: Some(v1::JudgementRequest {
                off: false,
                neighbour_count: Some(12),
                false_alarm_rate: Some(0.1),
            }),
            ..v1::SearchRequest::default()
        })
        .unwrap();
        assert_eq!(asked.vectors[0].encoder_id, "enc");
        assert_eq!((asked.text.as_deref(), asked.filter.as_deref()), (Some("effusion"), Some("age > 60")));
        assert_eq!(asked.images, [QueryImage { content: b"file".to_vec(), view: Some("PA".into()) }]);
        assert_eq!(asked.image_text.as_deref(), Some("enlarged heart"));
        let guards = asked.guards;
        assert_eq!(guards.patient.unwrap().id(), "17");
        assert!(guards.include_same_patient && guards.several_per_patient && guards.before_study_date);
        assert_eq!(guards.before.unwrap().to_string(), "2019-05");
        assert_eq!(
            asked.fusion,
            Fusion {
                image_weight: 0.0,
                lexical_weight: 2.0,
                sentence_weight: 0.5,
                rrf_k: 10.0,
                candidates: 500,
            }
        );
        let limits = Limits {
            limit: 20,
            offset: 0,
            page_size: Some(5),
            exact: true,
            path: PathChoice::Graph,
            ef_search: Some(64),
            target_recall: Some(0.9),
        };
        assert_eq!((asked.limits, asked.detail), (limits, HitDetail::CaseId));
        assert_eq!(asked.examples, [CaseId::new("CXR7").unwrap()]);
        let minimum = MinimumScores { image: Some(MinimumImageScore::L2Distance(1.5)), lexical: Some(2.0) };
        assert_eq!(asked.minimum, minimum);
        let facet = |field: &str, max_values| FacetQuery { field: field.into(), max_values };
        assert_eq!(asked.facets, [facet("modality", 10), facet("finding", 0)]);
        assert_eq!((asked.judgement, asked.diversity), (Judgement::By(12), Some(0.25)));
        assert_eq!(asked.false_alarm_rate, Some(0.1));
    }

    #[test]
    fn neighbours_vote_as_asked() {
        let asked = |judgement| {
            search(v1::SearchRequest { judgement, ..v1::SearchRequest::default() }).unwrap().judgement
        };
        let by = |off, neighbour_count| {
            Some(v1::JudgementRequest { off, neighbour_count, false_alarm_rate: None })
        };
        assert_eq!(asked(None), Judgement::Auto);
        assert_eq!(asked(by(false, None)), Judgement::By(30));
        assert_eq!(asked(by(false, Some(0))), Judgement::By(0), "for the engine to refuse");
        assert_eq!(asked(by(true, Some(5))), Judgement::Off);
    }

    #[test]
    fn what_the_domain_cannot_express_is_named_all_at_once() {
        let wire = v1::SearchRequest {
            vector_path: 77,
            detail: 9,
            guards: Some(v1::Guards {
                patient: Some(v1::PatientKey::default()),
                before: "yesterday".into(),
                ..v1::Guards::default()
            }),
            ..v1::SearchRequest::default()
        };
        assert_eq!(refused(wire), ["vector_path", "detail", "guards.patient.id", "guards.before"]);
    }

    #[test]
    fn an_explicit_zero_is_not_the_default() {
        let zero = search(v1::SearchRequest {
            limit: Some(0),
            page_size: Some(0),
            ef_search: Some(0),
            fusion: Some(v1::Fusion {
                image_weight: Some(0.0),
                lexical_weight: Some(0.0),
                sentence_weight: Some(0.0),
                rrf_k: Some(0.0),
                candidates: Some(0),
            }),
            ..v1::SearchRequest::default()
        })
        .unwrap();
        let limits = Limits { limit: 0, page_size: Some(0), ef_search: Some(0), ..Limits::default() };
        assert_eq!(zero.limits, limits);
        let fusion = Fusion {
            image_weight: 0.0,
            lexical_weight: 0.0,
            sentence_weight: 0.0,
            rrf_k: 0.0,
            candidates: 0,
        };
        assert_eq!(zero.fusion, fusion);
    }

    #[test]
    fn no_violation_quotes_a_patient() {
        let wire = v1::SearchRequest {
            guards: Some(v1::Guards {
                patient: Some(v1::PatientKey { id: "CANARY\u{7}".into(), issuer: String::new() }),
                before: "CANARY".into(),
                ..v1::Guards::default()
            }),
            ..v1::SearchRequest::default()
        };
        let violations = search(wire).unwrap_err();
        assert_eq!(violations.len(), 2);
        assert!(violations.iter().all(|violation| !violation.description.contains("CANARY")));
    }

    proptest! {
        #[test]
        fn pages_share_a_digest_and_other_requests_do_not(text in ".{0,20}", size: Option<u32>, token in ".{0,9}") {
            let wire = v1::SearchRequest { text, ..v1::SearchRequest::default() };
            let mut page = v1::SearchRequest { page_size: size, page_token: token, ..wire.clone() };
            let as_it_came = page.clone();
            let of = |wire: &v1::SearchRequest, index: &str| digest(&mut wire.clone(), index);
            prop_assert_eq!(of(&wire, "a"), digest(&mut page, "a"));
            prop_assert!(page == as_it_came);
            prop_assert_ne!(of(&wire, "a"), of(&wire, "b"));
            let other = v1::SearchRequest { exact: true, ..wire.clone() };
            prop_assert_ne!(of(&wire, "a"), of(&other, "a"));
        }
    }

    fn encoded(content: &[u8], view: &str) -> v1::EncodedQueryImage {
        v1::EncodedQueryImage {
            embedding: Some(v1::Embedding { values: vec![1.0], encoder_id: "enc".into() }),
            view: view.into(),
            content_sha256: Sha256::digest(content).to_vec(),
            patient: Some(v1::PatientKey { id: "17".into(), issuer: "north".into() }),
            study_date: "2019-05-03".into(),
            view_position: "AP".into(),
            patches: None,
        }
    }

    #[test]
    fn what_an_image_became_stands_for_the_image() {
        let image = v1::QueryImage { content: b"file".to_vec(), view: "PA".into() };
        let mut sent = v1::SearchRequest { images: vec![image], ..v1::SearchRequest::default() };
        let with = |image| v1::SearchRequest { encoded_images: vec![image], ..v1::SearchRequest::default() };
        let first = digest(&mut sent, "a");
        assert_eq!(first.images, [<[u8; 32]>::from(Sha256::digest(b"file"))]);
        assert_eq!(sent.images[0].content, b"file");
        let mut again = with(encoded(b"file", "PA"));
        assert_eq!(digest(&mut again, "a").request, first.request);
        assert_ne!(digest(&mut with(encoded(b"other", "PA")), "a").request, first.request);
        assert_ne!(digest(&mut with(encoded(b"file", "")), "a").request, first.request);
        let asked = search(again).unwrap().encoded_images.remove(0);
        assert_eq!((asked.view.as_deref(), asked.view_position.as_deref()), (Some("PA"), Some("AP")));
        assert_eq!(asked.patient.unwrap().joined(), "north\u{1f}17");
        assert_eq!(asked.study_date.unwrap().to_string(), "2019-05-03");
    }

    #[test]
    fn seventeen_examples_are_refused_however_many_of_them_are_none() {
        let example_case_ids = vec![String::new(); 100_000];
        let fields = refused(v1::SearchRequest { example_case_ids, ..v1::SearchRequest::default() });
        assert_eq!((fields.len(), fields[0].as_str()), (17, "example_case_ids"));
    }

    #[test]
    fn an_encoded_image_that_is_none_is_refused_by_its_parts() {
        let broken = v1::EncodedQueryImage {
            patient: Some(v1::PatientKey::default()),
            study_date: "CANARY".into(),
            ..v1::EncodedQueryImage::default()
        };
        let wire = v1::SearchRequest {
            images: vec![v1::QueryImage::default()],
            encoded_images: vec![broken],
            example_case_ids: vec!["a".into(), String::new()],
            ..v1::SearchRequest::default()
        };
        let parts = ["content_sha256", "embedding", "patient.id", "study_date"];
        let mut expected = vec!["encoded_images".to_owned()];
        expected.extend(parts.map(|part| format!("encoded_images[0].{part}")));
        expected.push("example_case_ids[1]".to_owned());
        assert_eq!(refused(wire), expected);
    }

    #[test]
    fn an_empty_index_name_digests_as_the_name_it_stands_for() {
        let mut named = v1::SearchRequest { index: "chest".into(), ..v1::SearchRequest::default() };
        assert_eq!(digest(&mut named, "chest"), digest(&mut v1::SearchRequest::default(), "chest"));
    }
}
