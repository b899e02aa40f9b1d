//! The gRPC service: search, ingest, encoding, and the state of indexes, over the facade of `precedent_engine`.
//!
//! Async lives here and above; the engine is called on blocking threads, but for what takes microseconds, with a closure
//! that ends a search when its caller is gone or its deadline has passed. What goes between the protocol and the domain
//! passes through `precedent_convert`.
//! The listener is plaintext and therefore on loopback only.
//!
//! ```no_run
//! use precedent_engine::{Access, Engine};
//! use precedent_server::{Served, ServerConfig, serve};
//! use std::{path::Path, sync::Arc};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let root = Path::new("chest");
//! let engine = Arc::new(Engine::open(root, Access::Write)?);
//! let shutdown = std::future::pending();
//! serve(vec![Served::new(engine, root)], ServerConfig::default(), shutdown).await?;
//! # Ok(())
//! # }
//! ```

mod admission;
mod call;
mod config;
mod descriptors;
mod encode_service;
mod frames;
mod health;
mod inbound;
mod incoming;
mod index_service;
mod ingest_service;
mod memory;
mod methods;
mod outbound;
mod paging;
mod parts;
mod peer;
mod registry;
mod report_service;
mod search_service;
mod serve;
mod status;
mod turns;

pub use config::{LoadLimits, ServerConfig, SizeLimits, TimeLimits};
pub use registry::Served;
pub use serve::{ServeError, serve, serve_on};
