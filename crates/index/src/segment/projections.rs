//! Which cases of a segment are known to be of projections other than a query image's.

use super::columns::Columns;
use super::open::Segment;
use crate::{IndexError, OrdinalSet};
use precedent_model::Projection;

/// The field with the views of a case's images.
const VIEW: &str = "view";

/// The cases with a film of each projection, in the order of [`Projection::ALL`].
#[derive(Debug)]
pub(crate) struct Projections([OrdinalSet; 4]);

impl Projections {
    fn of(columns: &Columns) -> Result<Self, IndexError> {
        let mut sets = Projection::ALL.map(|_| OrdinalSet::none(columns.cases()));
        columns.each_keyword(VIEW, |view, cases| {
            let named = Projection::of_view(view);
            if let Some(place) = Projection::ALL.iter().position(|projection| Some(*projection) == named) {
                sets[place].insert_all(cases);
            }
        })?;
        Ok(Self(sets))
    }
}

impl Segment {
    fn projections(&self) -> Result<&Projections, IndexError> {
        match self.projections.get() {
            Some(known) => Ok(known),
            None => {
                let found = Projections::of(&self.columns)?;
                Ok(self.projections.get_or_init(|| found))
            }
        }
    }

    /// Whether a case has films of known projections, none of which is this one.
    pub fn is_of_other_projections(&self, ordinal: u32, projection: Projection) -> Result<bool, IndexError> {
        let mut is_known = false;
        for (set, of) in self.projections()?.0.iter().zip(Projection::ALL) {
            match set.contains(ordinal) {
                true if of == projection => return Ok(false),
                has => is_known |= has,
            }
        }
        Ok(is_known)
    }

    /// The cases that have films of known projections, none of which is this one. A case whose views are unknown may be of any.
    pub fn of_other_projections(&self, projection: Projection) -> Result<OrdinalSet, IndexError> {
        let projections = self.projections()?;
        let mut others = OrdinalSet::none(self.cases());
        for set in &projections.0 {
            others.unite(set);
        }
        for (set, _) in projections.0.iter().zip(Projection::ALL).filter(|(_, other)| *other == projection) {
            others.subtract(set);
        }
        Ok(others)
    }
}
