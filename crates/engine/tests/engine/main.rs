//! The facade over an archive in a directory, against a model that holds everything in a list and looks at all of it.

/// Whether the archives of these tests are plain lists.
#[cfg(test)]
const PLAIN: bool = false;

#[cfg(test)]
mod abstained;
#[cfg(test)]
mod among;
#[cfg(test)]
mod background;
#[cfg(test)]
mod brief;
#[cfg(test)]
mod calibrated;
#[cfg(test)]
mod detail;
#[cfg(test)]
mod dicom;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod explained;
#[cfg(test)]
mod facets;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod judged;
#[cfg(test)]
mod list;
#[cfg(test)]
mod local;
#[cfg(test)]
mod minimum;
#[cfg(test)]
mod model;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod replacing;
#[cfg(test)]
mod running;
#[cfg(test)]
mod scrub;
#[cfg(test)]
mod sentences;
#[cfg(test)]
mod stale;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod support;
#[cfg(test)]
mod understood;
#[cfg(test)]
mod views;
#[cfg(test)]
mod visibility;
#[cfg(test)]
mod whole;
#[cfg(test)]
mod words;
