//! The only conversion between the protocol and the domain, shared by the server and the command line.
//!
//! From the wire, only what the domain's types cannot express is refused here; the engine checks the rest. To the wire,
//! embeddings of cases travel only where they are asked for.
//!
//! ```
//! use precedent_convert::request;
//! use precedent_wire::v1;
//!
//! let wire = v1::SearchRequest { text: "no pneumothorax".into(), limit: Some(5), ..v1::SearchRequest::default() };
//! let asked = request::search(wire).unwrap();
//! assert_eq!((asked.text.as_deref(), asked.limits.limit), (Some("no pneumothorax"), 5));
//!
//! let wire = v1::SearchRequest { vector_path: 77, ..v1::SearchRequest::default() };
//! assert_eq!(request::search(wire).unwrap_err()[0].field, "vector_path");
//! ```

pub mod case;
pub mod encode;
mod evidence;
pub mod hex;
mod highlight;
pub mod hit;
mod judgement;
pub mod kinds;
pub mod list;
mod place;
mod region;
pub mod report;
pub mod request;
pub mod stats;

/// A count as 32 bits; what is larger is the largest.
pub fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
