//! Which cases are known to be of other views than a query's films.

use crate::EngineError;
use precedent_archive::{CasePlace, OrdinalSet, Snapshot};
use precedent_model::Projection;

/// Per vector of the query whose projection is known, the cases that are known to be of others.
#[derive(Debug, Default)]
pub(crate) struct Unlike(Vec<Option<Vec<OrdinalSet>>>);

impl Unlike {
    /// Of these projections, one per vector of the query.
    pub fn of(
        snapshot: &Snapshot,
        projections: impl IntoIterator<Item = Option<Projection>>,
    ) -> Result<Self, EngineError> {
        let others = |projection: Option<Projection>| -> Result<Option<Vec<OrdinalSet>>, EngineError> {
            let Some(projection) = projection else { return Ok(None) };
            let of_segment = |segment| snapshot.of_other_projections(segment, projection);
            let sets = (0..snapshot.segments()).map(of_segment).collect::<Result<Vec<_>, _>>()?;
            Ok(sets.iter().any(|set| set.count() > 0).then_some(sets))
        };
        Ok(Self(projections.into_iter().map(others).collect::<Result<Vec<_>, _>>()?))
    }

    /// The accepted cases of like or unknown views, and the others; nothing where there are no others.
    pub fn split(&self, vector: usize, accept: &[OrdinalSet]) -> Option<(Vec<OrdinalSet>, Vec<OrdinalSet>)> {
        let unlike = self.0.get(vector)?.as_ref()?;
        let both = accept.iter().zip(unlike).map(|(accept, unlike)| {
            let (mut like, mut others) = (accept.clone(), accept.clone());
            like.subtract(unlike);
            others.intersect(unlike);
            (like, others)
        });
        Some(both.unzip())
    }

    /// Whether like views go before others for any vector.
    pub fn splits(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }

    /// Whether a case is known to be of other projections than a vector.
    pub fn has(&self, vector: usize, place: CasePlace) -> bool {
        let sets = self.0.get(vector).and_then(Option::as_ref);
        sets.and_then(|sets| sets.get(place.segment)).is_some_and(|set| set.contains(place.ordinal))
    }
}
