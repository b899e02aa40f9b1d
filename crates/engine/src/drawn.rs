//! Cases drawn from an archive, to say what is usual in it.

use crate::EngineError;
use precedent_archive::{CasePlace, Conditions, Generation};
use precedent_model::{Image, Projection};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Cases of which a place in the sample is computed between two calls of `stop`.
const NUMBERED_BETWEEN_STOPS: usize = 4096;
/// An archive that grew or shrank by less than a tenth is as it was when it was measured.
const GROWTH: usize = 10;

/// The first `most` cases in an order that has nothing to do with them, and is the same in whatever segments they are.
pub(crate) fn drawn(
    snapshot: &dyn Generation,
    most: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<CasePlace>, EngineError> {
    let all = snapshot.select(&Conditions::default(), stop)?;
    let mut numbered: Vec<(u64, CasePlace)> = Vec::with_capacity(all.count());
    for (done, place) in all.places().enumerate() {
        if done % NUMBERED_BETWEEN_STOPS == 0 && stop() {
            return Err(EngineError::Cancelled);
        }
        numbered.push((scattered(snapshot.sequence(place)?), place));
    }
    if numbered.len() > most {
        numbered.select_nth_unstable_by_key(most, |(number, _)| *number);
        numbered.truncate(most);
    }
    numbered.sort_unstable_by_key(|(number, _)| *number);
    Ok(numbered.into_iter().map(|(_, place)| place).collect())
}

/// Whether an image of a case may be of a projection: its view says so or is unknown, and the case is not known to be of others only.
pub(crate) fn may_be(
    snapshot: &dyn Generation,
    place: CasePlace,
    image: Option<&Image>,
    projection: Option<Projection>,
) -> Result<bool, EngineError> {
    let Some(projection) = projection else { return Ok(true) };
    let known = image.and_then(|image| image.view.as_deref()).and_then(Projection::of_view);
    Ok(known.is_none_or(|known| known == projection)
        && !snapshot.is_of_other_projections(place, projection)?)
}

/// What was measured with cases drawn from an archive, by what it is of. It is measured again when the archive has changed.
pub(crate) struct Measured<K, T>(Mutex<Vec<Kept<K, T>>>);

struct Kept<K, T> {
    of: K,
    /// Cases of the archive when it was measured.
    cases: usize,
    found: Arc<[T]>,
}

impl<K, T> Default for Measured<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, T> Measured<K, T> {
    /// What was measured, or is now. Two searches that ask at once may both measure it.
    pub fn of(
        &self,
        key: K,
        cases: usize,
        measure: impl FnOnce() -> Result<Vec<T>, EngineError>,
    ) -> Result<Arc<[T]>, EngineError> {
        let kept = |all: &[Kept<K, T>]| {
            let kept = all.iter().find(|kept| kept.of == key && still_holds(kept.cases, cases))?;
            Some(Arc::clone(&kept.found))
        };
        if let Some(found) = kept(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(found);
        }
        let found: Arc<[T]> = measure()?.into();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| kept.of != key);
        all.push(Kept { of: key, cases, found: Arc::clone(&found) });
        Ok(found)
    }
}

/// Embeddings can be turned back into images.
impl<K, T> fmt::Debug for Measured<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Measured(hidden)")
    }
}

/// Whether what was measured with so many cases still holds.
fn still_holds(measured_with: usize, cases: usize) -> bool {
    measured_with == cases || measured_with.abs_diff(cases) * GROWTH < measured_with
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn scattered(sequence: u64) -> u64 {
    let mut bits = sequence.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_more_is_another_archive() {
        for (before, now, holds) in [
            (100, 100, true),
            (100, 109, true),
            (100, 110, false),
            (100, 91, true),
            (100, 90, false),
            (0, 0, true),
            (0, 1, false),
        ] {
            assert_eq!(still_holds(before, now), holds, "{before} and {now}");
        }
    }
}
