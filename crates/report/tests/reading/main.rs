//! What is understood of a text, rule by rule: text in, text out.

#[cfg(test)]
mod assertions;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod lexicon;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reports;
mod senses;
mod sides;
#[cfg(test)]
mod support;
