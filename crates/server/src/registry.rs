//! The indexes of one server, by name.

use crate::status;
use precedent_engine::Engine;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tonic::Status;

/// An index that a server offers, under the name in its definition.
#[derive(Debug, Clone)]
pub struct Served {
    engine: Arc<Engine>,
    root: PathBuf,
}

impl Served {
    /// The index that `engine` opened in `root`.
    pub fn new(engine: Arc<Engine>, root: impl AsRef<Path>) -> Self {
        Self { engine, root: root.as_ref().to_owned() }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The name in its definition.
    pub fn name(&self) -> &str {
        &self.engine.definition().name
    }
}

/// The indexes of one server.
#[derive(Debug)]
pub(crate) struct Registry {
    indexes: Vec<Served>,
}

impl Registry {
    /// Those indexes; `Err` is a name that two of them have.
    pub(crate) fn new(mut indexes: Vec<Served>) -> Result<Self, String> {
        indexes.sort_by(|a, b| a.name().cmp(b.name()));
        match indexes.windows(2).find(|pair| pair[0].name() == pair[1].name()) {
            Some(pair) => Err(pair[0].name().to_owned()),
            None => Ok(Self { indexes }),
        }
    }

    /// All, by name.
    pub(crate) fn all(&self) -> &[Served] {
        &self.indexes
    }

    /// The index of that name.
    pub(crate) fn find(&self, name: &str) -> Result<&Served, Status> {
        choose(self.indexes.iter().map(Served::name), name).map(|position| &self.indexes[position])
    }

    /// As [`Self::find`], and notes it in the log of the call; once per call, as a log keeps every note.
    pub(crate) fn resolve(&self, name: &str) -> Result<&Served, Status> {
        let served = self.find(name)?;
        tracing::Span::current().record("index", served.name());
        Ok(served)
    }
}

/// Which of `names` is asked for. No name means the only one there is.
fn choose<'a>(names: impl ExactSizeIterator<Item = &'a str>, asked: &str) -> Result<usize, Status> {
    let mut names = names;
    match (asked, names.len()) {
        ("", 1) => Ok(0),
        ("", _) => {
            let description = "is empty, and this server serves several indexes; name one";
            Err(status::invalid_field("index", description))
        }
        (asked, _) => names.position(|name| name == asked).ok_or_else(status::unknown_index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    fn code(names: &[&str], asked: &str) -> Result<usize, Code> {
        choose(names.iter().copied(), asked).map_err(|status| status.code())
    }

    #[test]
    fn no_name_means_the_only_index() {
        assert_eq!(code(&["chest"], ""), Ok(0));
        assert_eq!(code(&["chest", "knee"], ""), Err(Code::InvalidArgument));
    }

    #[test]
    fn names_are_exact_and_others_are_not_told() {
        assert_eq!(code(&["chest", "knee"], "knee"), Ok(1));
        assert_eq!(code(&["chest"], "Chest"), Err(Code::NotFound));
        let status = choose(["secret-study"].into_iter(), "other").unwrap_err();
        assert!(!status.message().contains("secret") && !status.message().contains("other"));
    }
}
