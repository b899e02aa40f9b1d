//! Evaluations of small archives whose truth is known.

#[cfg(test)]
mod comparing;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod protocols;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod support;
#[cfg(test)]
mod trusting;
