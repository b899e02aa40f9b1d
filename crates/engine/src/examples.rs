//! Search by example: cases of the index as the query.

use crate::{EngineError, Violation};
use precedent_archive::{CasePlace, Generation};
use precedent_model::{CaseId, PatientKey, Projection};
use precedent_query::Applied;
use precedent_vector::Embedding;

/// What the example cases of a request contribute to the search.
#[derive(Debug, Default)]
pub(crate) struct Examples {
    /// The cases themselves.
    pub places: Vec<CasePlace>,
    /// Their embeddings, case by case.
    pub vectors: Vec<Embedding>,
    /// The known projections, each with the position of its embedding in `vectors`.
    pub views: Vec<(usize, Applied<Projection>)>,
    /// Their patients.
    pub patients: Vec<PatientKey>,
}

impl Examples {
    /// Looks up the cases. Faults are added to `wrong`.
    ///
    /// # Errors
    /// An index without an image space, or a damaged file.
    pub fn find(
        snapshot: &dyn Generation,
        ids: &[CaseId],
        room: usize,
        wrong: &mut Vec<Violation>,
    ) -> Result<Self, EngineError> {
        let mut found = Self::default();
        if let (Some(_), None) = (ids.first(), &snapshot.definition().image_space) {
            let description =
                "this index has no image space, so no case is an example; search it by text and filter";
            return Err(EngineError::Precondition(Violation::new("example_case_ids[0]", description)));
        }
        // Each example has at least one embedding, so more examples would not fit.
        for (index, id) in ids.iter().enumerate().take(room + 1) {
            let field = format!("example_case_ids[{index}]");
            let Some(place) = snapshot.find(id)? else {
                wrong.push(Violation::new(field, "the index has no case of that id; leave it out"));
                continue;
            };
            let entry = snapshot.entry(place)?;
            if entry.embeddings.is_empty() {
                let description = "the case has no embedding, so no other is like it; leave it out";
                wrong.push(Violation::new(field, description));
                continue;
            }
            if found.vectors.len() + entry.embeddings.len() > room {
                let description = format!(
                    "has, with the examples before it, more than the {room} embeddings that the search has room for; \
                     give fewer examples"
                );
                wrong.push(Violation::new(field, description));
                break;
            }
            for (image, embedding) in entry.embeddings {
                let view = entry.case.images.get(image).and_then(|image| image.view.as_deref());
                let known = view.and_then(Projection::of_view);
                let source = || field.clone();
                found
                    .views
                    .extend(known.map(|value| (found.vectors.len(), Applied { value, source: source() })));
                found.vectors.push(embedding);
            }
            found.places.push(place);
            found.patients.extend(entry.case.patient.filter(|patient| !found.patients.contains(patient)));
        }
        Ok(found)
    }
}
