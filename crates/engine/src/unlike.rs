//! Which cases are known to be of views unlike the query's images.

use crate::EngineError;
use precedent_archive::{CasePlace, Generation, Selection};
use precedent_model::Projection;

/// Per vector of the query its projection, if it is known and the index has cases of others.
#[derive(Debug, Default)]
pub(crate) struct Unlike(Vec<Option<Projection>>);

impl Unlike {
    /// From one projection per vector of the query.
    pub fn of(
        snapshot: &dyn Generation,
        projections: impl IntoIterator<Item = Option<Projection>>,
    ) -> Result<Self, EngineError> {
        let known = |projection: Option<Projection>| -> Result<Option<Projection>, EngineError> {
            let Some(projection) = projection else { return Ok(None) };
            Ok(snapshot.has_other_projections(projection)?.then_some(projection))
        };
        Ok(Self(projections.into_iter().map(known).collect::<Result<Vec<_>, _>>()?))
    }

    /// The projection whose views go first for this vector.
    pub fn of_vector(&self, vector: usize) -> Option<Projection> {
        self.0.get(vector).copied().flatten()
    }

    /// Splits the selected cases for each projection whose views go first.
    pub fn split<'a>(&self, matches: &'a dyn Selection) -> Result<ByView<'a>, EngineError> {
        let mut halves = Vec::new();
        for projection in Projection::ALL.into_iter().filter(|projection| self.0.contains(&Some(*projection)))
        {
            halves.push((projection, matches.split(projection)?));
        }
        Ok(ByView { all: matches, halves })
    }

    /// Whether like views go first for any vector.
    pub fn splits(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }

    /// Whether a case is known to be of projections other than this vector's.
    pub fn has(
        &self,
        snapshot: &dyn Generation,
        vector: usize,
        place: CasePlace,
    ) -> Result<bool, EngineError> {
        match self.of_vector(vector) {
            Some(projection) => Ok(snapshot.is_of_other_projections(place, projection)?),
            None => Ok(false),
        }
    }
}

/// The selected cases, split by view once per search, however deep it looks.
pub(crate) struct ByView<'a> {
    pub all: &'a dyn Selection,
    /// Per projection, the cases that may be of it and those known to be of others only.
    halves: Vec<(Projection, [Box<dyn Selection + 'a>; 2])>,
}

impl ByView<'_> {
    /// The selected cases, in the groups in which a vector of this projection ranks them.
    pub fn groups(&self, projection: Option<Projection>) -> Vec<&dyn Selection> {
        let halves = self.halves.iter().find(|(of, _)| Some(*of) == projection);
        halves.map_or_else(|| vec![self.all], |(_, halves)| halves.iter().map(|half| half.as_ref()).collect())
    }
}
