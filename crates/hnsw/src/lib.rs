//! HNSW graphs: built over quantised codes, frozen into flat bytes, searched in place.
//!
//! A node is a row of a set of vectors; nothing else is known about it, such as files or cases. [`build`] makes a graph over
//! [`VectorRows`] and freezes it; [`Graph`] opens its bytes wherever they are ([`Pages`]); a [`Search`] walks it, or compares a
//! list of nodes by their codes, and measures the best exactly. [`encode_like`] makes only codes, without links. [`compare`]
//! measures every vector of a list, and needs neither. Equal vectors should share a node.
//!
//! ```
//! use precedent_hnsw::{
//!     BuildParams, Comparison, Filter, FlatRows, Graph, Scratch, SearchParams, WalkBreadth, build, compare, search,
//! };
//! use precedent_vector::Metric;
//! use std::ops::ControlFlow;
//!
//! let values: Vec<f32> = (0..100).flat_map(|i| [(i as f32 * 0.06).cos(), (i as f32 * 0.06).sin()]).collect();
//! let rows = FlatRows::new(&values, 2)?;
//! let params = BuildParams { threads: 1, ..BuildParams::default() };
//! let built = build(&rows, Metric::Cosine, &params, &|_rows_done| ControlFlow::Continue(()))?;
//!
//! let graph = Graph::open(built.bytes)?;
//! let distance = Metric::Cosine.distance_fn();
//! let params = SearchParams { k: 3, breadth: WalkBreadth::Width(32) };
//! let even = Filter { accept: &|node: u32| node % 2 == 0, share: 0.5, most_compared: usize::MAX };
//! let mut scratch = Scratch::default();
//! let found = search(&graph, &rows, distance, &[1.0, 0.0], &params, Some(even), &mut scratch, &|| false)?;
//! let nodes: Vec<u32> = found.neighbours.iter().map(|neighbour| neighbour.node).collect();
//! assert_eq!(nodes, [0, 2, 4]);
//!
//! let exact = compare(&rows, distance, &[1.0, 0.0], (0..100).step_by(2), (3, Comparison::Whole), &|| false)?;
//! assert_eq!(exact.neighbours, found.neighbours);
//! # Ok::<(), precedent_hnsw::HnswError>(())
//! ```

mod error;
mod pages;
mod rows;

mod audit;
mod build_params;
mod layout;

mod graph;
mod order;
mod recall;
mod scratch;
mod search_params;
mod settle;

mod ascending;
mod compare;
mod frontier;
mod hop;
mod left_out;
mod search;
mod view;
mod walk;

mod curve;
mod draft;
mod insert;
mod reference;
mod repair;

mod blocks;
mod build;
mod codes;
mod flat_lists;
mod layout_cost;
mod relink;
mod stop;

pub use audit::Audit;
pub use build::{BuiltGraph, build};
pub use build_params::{BuildParams, Builder, GraphLayout, MAX_EF_CONSTRUCTION};
pub use codes::encode_like;
pub use compare::{Comparison, compare};
pub use error::{HnswError, RowsError};
pub use graph::Graph;
pub use layout::{MAX_M, MAX_NODES, MIN_M};
pub use left_out::LeftOut;
pub use order::{Found, Neighbour};
pub use pages::{OutOfBounds, Pages};
pub use recall::{DEPTHS, RecallTable, ScanPoint, WalkPlan, WalkPoint};
pub use repair::unreachable_nodes;
pub use rows::{FlatRows, Measure, PagedRows, RowQuery, VectorRows};
pub use scratch::{PooledScratch, Scratch, ScratchPool};
pub use search::{Search, search};
pub use search_params::{Filter, SearchParams, WalkBreadth};
pub use settle::Precision;

#[cfg(test)]
mod tests;
