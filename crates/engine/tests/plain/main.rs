//! The facade over a plain list of cases: what the tests of the archive in a directory expect, another archive gives as well.

/// Whether the archives of these tests are plain lists.
#[cfg(test)]
const PLAIN: bool = true;

#[cfg(test)]
#[path = "../engine/calibrated.rs"]
mod calibrated;
#[cfg(test)]
#[path = "../engine/detail.rs"]
mod detail;
#[cfg(test)]
#[path = "../engine/examples.rs"]
mod examples;
#[cfg(test)]
#[path = "../engine/facets.rs"]
mod facets;
#[cfg(test)]
#[path = "../engine/guards.rs"]
mod guards;
#[cfg(test)]
#[path = "../engine/judged.rs"]
mod judged;
#[cfg(test)]
#[path = "../engine/local.rs"]
mod local;
#[cfg(test)]
#[path = "../engine/minimum.rs"]
mod minimum;
#[cfg(test)]
#[path = "../engine/plain.rs"]
mod plain;
#[cfg(test)]
#[path = "../engine/replacing.rs"]
mod replacing;
#[cfg(test)]
#[path = "../engine/sentences.rs"]
mod sentences;
#[cfg(test)]
#[path = "../engine/steps.rs"]
mod steps;
#[cfg(test)]
#[path = "../engine/support.rs"]
mod support;
#[cfg(test)]
#[path = "../engine/understood.rs"]
mod understood;
#[cfg(test)]
#[path = "../engine/views.rs"]
mod views;
