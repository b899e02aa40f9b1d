//! What is understood of a text, rule by rule: text in, text out.

#[cfg(test)]
mod addenda;
#[cfg(test)]
mod assertions;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod languages;
#[cfg(test)]
mod lexicon;
#[cfg(test)]
mod markup;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reports;
mod senses;
mod sides;
#[cfg(test)]
mod support;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod wording;
