//! Lists of cases without a search: to print, delete or export them.

use crate::admit::{STUDY_DATE, admit_filter};
use crate::{EngineError, NewCase, NewLocal, View};
use precedent_archive::{CasePlace, Conditions, Generation, Selection};
use precedent_model::{Case, CaseId, PatientKey};
use precedent_query::{HitDetail, QueryVector};
use std::sync::Arc;

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseOrder {
    /// By study date, latest first; cases without a date come last, and equal ones in the order of ingest.
    LatestFirst,
    /// In the order of ingest.
    AsIngested,
}

/// Some cases of one generation; they stay the same whatever is ingested or deleted meanwhile.
#[derive(Debug, Clone)]
pub struct CaseList {
    snapshot: Arc<dyn Generation>,
    places: Vec<CasePlace>,
}

impl View {
    /// All cases that match the filter, or all cases without one. `stop` is called often.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] for the field `filter`, [`EngineError::Cancelled`], or a damaged file.
    pub fn list(
        &self,
        filter: Option<&str>,
        order: CaseOrder,
        stop: &dyn Fn() -> bool,
    ) -> Result<CaseList, EngineError> {
        self.list_where(filter, None, order, stop)
    }

    /// As [`Self::list`], limited to one patient if given.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn list_where(
        &self,
        filter: Option<&str>,
        patient: Option<&PatientKey>,
        order: CaseOrder,
        stop: &dyn Fn() -> bool,
    ) -> Result<CaseList, EngineError> {
        let snapshot = self.snapshot();
        let filter = filter.map(|text| admit_filter(snapshot, text)).transpose();
        let filter = filter.map_err(|violation| EngineError::Invalid(vec![violation]))?;
        let filters = filter.iter().map(|resolved| &resolved.filter).collect();
        let conditions = Conditions { filters, patient, ..Conditions::default() };
        self.list_of(snapshot.select(&conditions, stop)?.as_ref(), order)
    }

    /// The cases with these ids, in this order, and the positions of ids that do not exist.
    ///
    /// # Errors
    /// A damaged file.
    pub fn list_ids(&self, ids: &[CaseId]) -> Result<(CaseList, Vec<usize>), EngineError> {
        let (mut places, mut unknown) = (Vec::with_capacity(ids.len()), Vec::new());
        for (position, id) in ids.iter().enumerate() {
            match self.snapshot().find(id)? {
                Some(place) => places.push(place),
                None => unknown.push(position),
            }
        }
        Ok((CaseList { snapshot: Arc::clone(self.shared_snapshot()), places }, unknown))
    }

    /// All cases that may belong to a patient ([`PatientKey::may_be`]), in the order of ingest.
    ///
    /// # Errors
    /// A damaged file.
    pub fn list_patient(&self, patient: &PatientKey) -> Result<CaseList, EngineError> {
        let conditions = Conditions { patient: Some(patient), ..Conditions::default() };
        self.list_of(self.snapshot().select(&conditions, &|| false)?.as_ref(), CaseOrder::AsIngested)
    }

    fn list_of(&self, cases: &dyn Selection, order: CaseOrder) -> Result<CaseList, EngineError> {
        let snapshot = Arc::clone(self.shared_snapshot());
        let places = match order {
            CaseOrder::LatestFirst => cases.latest_first(STUDY_DATE)?.collect::<Result<_, _>>()?,
            CaseOrder::AsIngested => as_ingested(self.snapshot(), cases)?,
        };
        Ok(CaseList { snapshot, places })
    }
}

impl CaseList {
    /// Number of cases.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Up to `size` cases, starting at `offset`.
    pub fn page(mut self, offset: usize, size: usize) -> Self {
        self.places.truncate(offset.saturating_add(size));
        self.places.drain(..offset.min(self.places.len()));
        self
    }

    pub(crate) fn snapshot(&self) -> &dyn Generation {
        self.snapshot.as_ref()
    }

    pub(crate) fn place(&self, position: usize) -> Option<CasePlace> {
        self.places.get(position).copied()
    }

    /// The ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = Result<CaseId, EngineError>> + '_ {
        self.places.iter().map(|place| Ok(self.snapshot.case_id(*place)?))
    }

    /// The cases as ingested, in order, in the given detail.
    pub fn cases(&self, detail: HitDetail) -> impl Iterator<Item = Result<Case, EngineError>> + '_ {
        self.places.iter().map(move |place| {
            Ok(match detail {
                HitDetail::Whole => self.snapshot.case(*place)?,
                HitDetail::WithoutReport => self.snapshot.case_without_report(*place)?,
                HitDetail::CaseId => Case::new(self.snapshot.case_id(*place)?),
            })
        })
    }

    /// The cases with their embeddings, in order. An index of the same definition that ingests them holds the same bits.
    pub fn whole_cases(&self) -> impl Iterator<Item = Result<NewCase, EngineError>> + '_ {
        let space = self.snapshot.definition().image_space.as_ref();
        let encoder_id = space.map(|space| space.encoder_id().to_owned()).unwrap_or_default();
        self.places.iter().map(move |place| {
            let entry = self.snapshot.entry(*place)?;
            let mut embeddings = vec![None; entry.case.images.len()];
            for (image, embedding) in entry.embeddings {
                let vector =
                    QueryVector { values: embedding.as_slice().to_vec(), encoder_id: encoder_id.clone() };
                if let Some(slot) = embeddings.get_mut(image) {
                    *slot = Some(vector);
                }
            }
            let encoder_id =
                || self.snapshot.definition().local_space.as_ref().map(|space| &space.encoder_id);
            let local = encoder_id()
                .filter(|_| !entry.local.is_empty())
                .map(|encoder_id| NewLocal { encoder_id: encoder_id.clone(), vectors: entry.local });
            Ok(NewCase { embeddings, local, thumbnails: entry.thumbnails, ..NewCase::new(entry.case) })
        })
    }
}

fn as_ingested(snapshot: &dyn Generation, cases: &dyn Selection) -> Result<Vec<CasePlace>, EngineError> {
    let mut places = Vec::with_capacity(cases.count());
    for place in cases.places() {
        places.push((snapshot.sequence(place)?, place));
    }
    places.sort_unstable();
    Ok(places.into_iter().map(|(_, place)| place).collect())
}
