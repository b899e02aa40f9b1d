//! Search requests.

use crate::case::{embedding, patient, violation};
use precedent_engine::Violation;
use precedent_model::PartialDate;
use precedent_query::{Fusion, Guards, HitDetail, Limits, PathChoice, QueryImage, SearchRequest};
use precedent_wire::v1;
use prost::Message;
use sha2::{Digest, Sha256};

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
    let detail = match v1::HitDetail::try_from(wire.detail) {
        Ok(v1::HitDetail::Unspecified) => HitDetail::Whole,
        Ok(v1::HitDetail::WithoutReport) => HitDetail::WithoutReport,
        Ok(v1::HitDetail::CaseId) => HitDetail::CaseId,
        Err(_) => {
            violations.push(Violation::new("detail", "is none of the protocol's details; leave it out"));
            HitDetail::Whole
        }
    };
    let guards = guards(wire.guards.unwrap_or_default(), &mut violations);
    let fusion = fusion(&wire.fusion.unwrap_or_default());
    if !violations.is_empty() {
        return Err(violations);
    }
    Ok(SearchRequest {
        vectors: wire.embeddings.into_iter().map(embedding).collect(),
        images: wire.images.into_iter().map(image).collect(),
        image_text: given(wire.image_text),
        text: given(wire.text),
        literal_text: wire.literal_text,
        filter: given(wire.filter),
        guards,
        fusion,
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
    })
}

/// The SHA-256 of a request to `index`: of its encoding with the index's name filled in and without page token and page
/// size. Equal for all pages of one answer, whatever their size.
pub fn digest(wire: &v1::SearchRequest, index: &str) -> [u8; 32] {
    digest_in_place(&mut wire.clone(), index)
}

/// As [`digest`], without a copy, which may be 30 MB of pictures. The request is as it was afterwards.
pub fn digest_in_place(wire: &mut v1::SearchRequest, index: &str) -> [u8; 32] {
    let named = std::mem::replace(&mut wire.index, index.to_owned());
    let (page_token, page_size) = (std::mem::take(&mut wire.page_token), wire.page_size.take());
    let digest = Sha256::digest(wire.encode_to_vec()).into();
    (wire.index, wire.page_token, wire.page_size) = (named, page_token, page_size);
    digest
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
        rrf_k: wire.rrf_k.unwrap_or(defaults.rrf_k),
        candidates: given_count(wire.candidates).unwrap_or(defaults.candidates),
    }
}

/// An explicit zero stays one: it is a mistake and not the default.
fn given_count(value: Option<u32>) -> Option<usize> {
    value.map(|value| value as usize)
}

fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
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
                rrf_k: Some(10.0),
                candidates: Some(500),
            }),
            limit: Some(20),
            page_size: Some(5),
            exact: true,
            vector_path: v1::VectorPath::Graph.into(),
            ef_search: Some(64),
            target_recall: Some(0.9),
            detail: v1::HitDetail::CaseId.into(),
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
            Fusion { image_weight: 0.0, lexical_weight: 2.0, rrf_k: 10.0, candidates: 500 }
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
                rrf_k: Some(0.0),
                candidates: Some(0),
            }),
            ..v1::SearchRequest::default()
        })
        .unwrap();
        let limits = Limits { limit: 0, page_size: Some(0), ef_search: Some(0), ..Limits::default() };
        assert_eq!(zero.limits, limits);
        let fusion = Fusion { image_weight: 0.0, lexical_weight: 0.0, rrf_k: 0.0, candidates: 0 };
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
            prop_assert_eq!(digest(&wire, "a"), digest_in_place(&mut page, "a"));
            prop_assert!(page == as_it_came);
            prop_assert_ne!(digest(&wire, "a"), digest(&wire, "b"));
            let other = v1::SearchRequest { exact: true, ..wire.clone() };
            prop_assert_ne!(digest(&wire, "a"), digest(&other, "a"));
        }
    }

    #[test]
    fn an_empty_index_name_digests_as_the_name_it_stands_for() {
        let named = v1::SearchRequest { index: "chest".into(), ..v1::SearchRequest::default() };
        assert_eq!(digest(&named, "chest"), digest(&v1::SearchRequest::default(), "chest"));
    }
}
