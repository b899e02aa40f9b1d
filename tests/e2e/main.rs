//! End-to-end tests, by topic.

#[cfg(test)]
mod documents;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod layout;
