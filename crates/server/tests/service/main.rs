//! The service from outside: over real connections, with clients that behave and clients that do not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test code panics on failure")]

mod cases;
mod descriptors;
mod fairness;
mod health;
mod judged;
mod memory;
mod merging;
mod pages;
mod reports;
mod slow_clients;
mod support;
mod verifying;
