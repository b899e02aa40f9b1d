//! The facade against a model that holds everything in a list and looks at all of it.

mod guards;
mod model;
mod support;
mod visibility;
