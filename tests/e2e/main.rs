//! End-to-end tests, by topic.

#[cfg(test)]
mod layout;
