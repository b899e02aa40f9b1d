//! Requests for cases by their ids, by a filter or by their patient.

use crate::case::{patient, violation};
use crate::request::{detail, given};
use precedent_engine::{CaseOrder, Violation};
use precedent_model::{CaseId, PatientKey};
use precedent_query::HitDetail;
use precedent_wire::v1;
use prost::Message;
use sha2::{Digest, Sha256};

/// Most cases of one answer.
const MOST_CASES: usize = 1000;
/// Cases of a page unless the request says how many.
const DEFAULT_PAGE: usize = 100;

/// Cases that are asked for by their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CasesById {
    /// In the order of the answer.
    pub ids: Vec<CaseId>,
    /// How much of each.
    pub detail: HitDetail,
    /// Whether embeddings come with them.
    pub with_embeddings: bool,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CasePage {
    /// All without one.
    pub filter: Option<String>,
    /// Any without one.
    pub patient: Option<PatientKey>,
    /// In which order.
    pub order: CaseOrder,
    /// How much of each.
    pub detail: HitDetail,
    /// How many.
    pub size: usize,
}

/// Cases by their ids.
///
/// # Errors
/// No ids or too many, an id that none can have, an unknown detail, embeddings of cases that are not whole.
pub fn by_id(wire: &v1::BatchGetCasesRequest) -> Result<CasesById, Vec<Violation>> {
    let mut violations = Vec::new();
    if wire.case_ids.is_empty() || wire.case_ids.len() > MOST_CASES {
        let description = format!("has {} ids; give 1 to {MOST_CASES}", wire.case_ids.len());
        return Err(vec![Violation::new("case_ids", description)]);
    }
    let ids = (wire.case_ids.iter().enumerate())
        .filter_map(|(place, id)| {
            let field = format!("case_ids[{place}]");
            CaseId::new(id).map_err(|error| violations.push(violation(&field, &error))).ok()
        })
        .collect();
    let (detail, with_embeddings) = (detail(wire.detail, &mut violations), wire.with_embeddings);
    if with_embeddings && detail != HitDetail::Whole {
        let description = "is of whole cases; leave detail out, or the embeddings";
        violations.push(Violation::new("with_embeddings", description));
    }
    if violations.is_empty() { Ok(CasesById { ids, detail, with_embeddings }) } else { Err(violations) }
}

/// A page of a list; where it begins is for the caller to say.
///
/// # Errors
/// A patient that cannot be, an unknown order or detail, a page of no cases or of too many.
pub fn page(wire: v1::ListCasesRequest) -> Result<CasePage, Vec<Violation>> {
    let mut violations = Vec::new();
    let patient = patient(wire.patient.as_ref(), "patient").map_err(|found| violations.push(found));
    let order = match v1::CaseOrder::try_from(wire.order) {
        Ok(v1::CaseOrder::Unspecified) => CaseOrder::LatestFirst,
        Ok(v1::CaseOrder::AsIngested) => CaseOrder::AsIngested,
        Err(_) => {
            violations.push(Violation::new("order", "is none of the protocol's orders; leave it out"));
            CaseOrder::LatestFirst
        }
    };
    let detail = detail(wire.detail, &mut violations);
    let size = wire.page_size.map_or(DEFAULT_PAGE, |size| size as usize);
    if size == 0 || size > MOST_CASES {
        violations.push(Violation::new("page_size", format!("is {size}; give 1 to {MOST_CASES}")));
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    Ok(CasePage { filter: given(wire.filter), patient: patient.ok().flatten(), order, detail, size })
}

/// What stands for a request to list cases of `index`, whatever the page and its size.
pub fn digest(wire: &v1::ListCasesRequest, index: &str) -> [u8; 32] {
    let of_any_page = v1::ListCasesRequest {
        index: index.to_owned(),
        page_size: None,
        page_token: String::new(),
        ..wire.clone()
    };
    Sha256::digest(of_any_page.encode_to_vec()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(violations: Vec<Violation>) -> Vec<String> {
        violations.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn ids_are_read_in_their_order_and_refused_by_place() {
        let asked = |ids: &[&str], detail: i32, with_embeddings| {
            let case_ids = ids.iter().map(|&id| id.to_owned()).collect();
            by_id(&v1::BatchGetCasesRequest { index: String::new(), case_ids, detail, with_embeddings })
        };
        let read = asked(&["b", "a"], 0, true).unwrap();
        assert_eq!(read.ids, ["b", "a"].map(|id| CaseId::new(id).unwrap()));
        assert!(read.with_embeddings && read.detail == HitDetail::Whole);
        assert_eq!(fields(asked(&["a", ""], 9, false).unwrap_err()), ["case_ids[1]", "detail"]);
        assert_eq!(fields(asked(&["a"], 2, true).unwrap_err()), ["with_embeddings"]);
        assert_eq!(fields(asked(&[], 0, false).unwrap_err()), ["case_ids"]);
        assert_eq!(fields(asked(&["a"; 1001], 0, false).unwrap_err()), ["case_ids"]);
    }

    #[test]
    fn a_page_has_its_defaults_and_names_what_is_wrong() {
        let read = page(v1::ListCasesRequest::default()).unwrap();
        assert_eq!((read.filter, read.patient, read.size), (None, None, 100));
        let wrong = v1::ListCasesRequest {
            patient: Some(v1::PatientKey::default()),
            order: 7,
            detail: 7,
            page_size: Some(1001),
            ..v1::ListCasesRequest::default()
        };
        assert_eq!(fields(page(wrong).unwrap_err()), ["patient.id", "order", "detail", "page_size"]);
    }

    #[test]
    fn pages_of_one_list_share_a_digest_and_other_lists_do_not() {
        let list = v1::ListCasesRequest { filter: "age > 3".into(), ..v1::ListCasesRequest::default() };
        let next = v1::ListCasesRequest { page_token: "t".into(), page_size: Some(3), ..list.clone() };
        assert_eq!(digest(&list, "a"), digest(&next, "a"));
        assert_ne!(digest(&list, "a"), digest(&list, "b"));
        assert_ne!(digest(&list, "a"), digest(&v1::ListCasesRequest { order: 1, ..list.clone() }, "a"));
    }
}
