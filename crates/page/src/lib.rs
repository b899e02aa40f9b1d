//! An answer to a search as one HTML page: why each case is shown, what speaks against it, and whether to trust it at all.
//!
//! The page is one file. It loads nothing, so it reads the same without a network, and it is whole without its script, which only
//! links sentences with their regions. It holds report text and images of patients: whoever keeps it must protect it as those.
//!
//! ```
//! use precedent_page::{Page, Pictures};
//! use precedent_wire::v1;
//!
//! let case = v1::Case { case_id: "CXR<7>".into(), ..v1::Case::default() };
//! let hit = v1::Hit { rank: 1, case: Some(case), ..v1::Hit::default() };
//! let answer = v1::SearchResponse { hits: vec![hit], total_hits: 1, ..v1::SearchResponse::default() };
//! let request = v1::SearchRequest { text: "pneumothorax".into(), ..v1::SearchRequest::default() };
//! let page = Page { request: &request, answer: &answer, query: &[], pictures: &Pictures::default() };
//! assert!(page.html().contains("CXR&lt;7&gt;"));
//! ```

mod consensus;
mod dissent;
mod document;
mod film;
mod hit;
mod picture;
mod plan;
mod query;
mod report;
mod verdict;
mod words;

pub use document::Page;
pub use picture::{Picture, Pictures};
