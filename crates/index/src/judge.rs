//! Decides what to do with an incoming case, by what is held under its id, before anything is written.

use crate::misfit::misfits;
use crate::pending::PendingCase;
use crate::record::{encode_case, encode_put, same_bits};
use crate::replace::{Parts, carried_over, check_sentences, updated};
use crate::{CaseEntry, CasePlace, Definition, IndexError, Misfit, Refused, Replacement, Snapshot};
use precedent_model::CaseId;
use precedent_storage::MAX_FRAME;
use precedent_vector::Embedding;
use std::collections::HashMap;

/// What was done with an incoming case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// There was no case with its id.
    Created,
    /// It replaced the existing case, or updated it.
    Replaced,
    /// The existing case is equal, by the bytes of its record and the bits of all vectors and thumbnails, or already has everything
    /// that the new one gives. Nothing was written.
    Unchanged,
    /// There is a case with its id, and only new cases were to be added. Nothing was written.
    LeftAlone,
}

/// A stored case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The position in the log of the case now held under this id.
    pub sequence: u64,
    /// What was done.
    pub effect: Effect,
}

impl Snapshot {
    /// What ingesting these cases into this generation would do. Each case is also compared with those before it.
    ///
    /// # Errors
    /// [`IndexError::TooLarge`], and a damaged file.
    pub fn rehearse(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
    ) -> Result<Vec<Result<Effect, Refused>>, IndexError> {
        let call = Call::prepare(self, cases)?;
        call.decide(self.definition(), |_| None).map(|(_, outcomes)| outcomes.effects())
    }
}

/// A case to be written to the log.
pub(crate) struct Put {
    pub operation: Vec<u8>,
    pub case: PendingCase,
}

impl Put {
    /// Encodes an entry that is given in this way.
    pub fn encode(
        definition: &Definition,
        mut entry: CaseEntry,
        mode: Replacement,
    ) -> Result<Self, IndexError> {
        if let Some(Misfit { field, problem }) = misfits(definition, &entry, mode).into_iter().next() {
            return Err(IndexError::Misfit { field, problem });
        }
        entry.local = entry.local.sorted();
        entry.thumbnails.sort_by_key(|(image, _)| *image);
        let record = encode_case(&entry.case);
        let operation = encode_put(record.clone(), &entry);
        if operation.len() > MAX_FRAME {
            return Err(IndexError::TooLarge { bytes: operation.len(), limit: MAX_FRAME });
        }
        Ok(Self { operation, case: PendingCase { entry, record } })
    }

    fn id(&self) -> &CaseId {
        &self.case.entry.case.id
    }
}

/// The case held under an id.
#[derive(Clone, Copy)]
enum Held<'a> {
    /// It is waiting for its segment.
    Pending(&'a PendingCase, Place),
    /// It is in a segment, with its record.
    Written(&'a Snapshot, CasePlace, &'a [u8]),
}

/// Where the case of an outcome is.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In the log, at this position.
    Logged(u64),
    /// In the same call, at this position.
    Batch(usize),
}

impl<'a> Held<'a> {
    fn in_segment(snapshot: &'a Snapshot, id: &CaseId) -> Result<Option<Self>, IndexError> {
        let found = snapshot.find_record(id)?;
        Ok(found.map(|(place, record)| Self::Written(snapshot, place, record)))
    }

    fn place(self) -> Result<Place, IndexError> {
        match self {
            Self::Pending(_, place) => Ok(place),
            Self::Written(snapshot, place, _) => snapshot.sequence(place).map(Place::Logged),
        }
    }

    /// Whether it equals this case, bit by bit.
    fn equals(self, case: &PendingCase) -> Result<bool, IndexError> {
        let embeddings = &case.entry.embeddings;
        match self {
            Self::Pending(held, _) => Ok(held.record == case.record
                && same_embeddings(&held.entry.embeddings, embeddings)
                && held.entry.beside() == case.entry.beside()),
            Self::Written(snapshot, place, record) => Ok(record == case.record
                && snapshot.has_embeddings(place, embeddings)?
                && snapshot.has_beside(place, &case.entry)?),
        }
    }

    fn parts(self) -> Result<Parts, IndexError> {
        match self {
            Self::Pending(held, _) => Ok(Parts::of(&held.entry)),
            Self::Written(snapshot, place, record) => snapshot.parts(place, record),
        }
    }

    fn entry(self) -> Result<CaseEntry, IndexError> {
        match self {
            Self::Pending(held, _) => Ok(held.entry.clone()),
            Self::Written(snapshot, place, record) => snapshot.entry_of(place, record),
        }
    }
}

fn same_embeddings(one: &[(usize, Embedding)], other: &[(usize, Embedding)]) -> bool {
    let same = |(a, b): (&(usize, Embedding), &(usize, Embedding))| {
        a.0 == b.0 && same_bits(a.1.as_slice(), b.1.as_slice())
    };
    one.len() == other.len() && one.iter().zip(other).all(same)
}

/// What to do with a case.
enum Verdict {
    /// Write it.
    Put(Effect),
    /// Write this instead: the existing case with the update applied, or the new one with what stays of the existing one.
    PutUpdated(Box<Put>),
    /// Keep the existing case.
    Stays(Effect, Place),
}

fn judge(
    definition: &Definition,
    put: &Put,
    mode: Replacement,
    held: Option<Held<'_>>,
) -> Result<Result<Verdict, Refused>, IndexError> {
    let new = &put.case.entry;
    let Some(held) = held else {
        let is_update_of_nothing = mode == Replacement::Update && new.case.is_bare();
        return Ok(if is_update_of_nothing {
            Err(Refused::NothingToUpdate)
        } else {
            check_sentences(new).map(|()| Verdict::Put(Effect::Created))
        });
    };
    let stays = |effect| Ok(Ok(Verdict::Stays(effect, held.place()?)));
    let write_instead = |entry| {
        let other = Put::encode(definition, entry, Replacement::Whole)?;
        match held.equals(&other.case)? {
            true => stays(Effect::Unchanged),
            false => Ok(Ok(Verdict::PutUpdated(Box::new(other)))),
        }
    };
    match mode {
        Replacement::IfAbsent => stays(Effect::LeftAlone),
        _ if held.equals(&put.case)? => stays(Effect::Unchanged),
        Replacement::Without => Ok(Ok(Verdict::Put(Effect::Replaced))),
        Replacement::Whole => {
            let parts = held.parts()?;
            // What is kept beside a case costs a look only where there is something.
            let carried = match parts.has_beside() {
                true => Some(carried_over(&held.entry()?, new.clone())),
                false => None,
            };
            if let Some(loss) = parts.lost_to(carried.as_ref().unwrap_or(new)) {
                return Ok(Err(Refused::Loss(loss)));
            }
            match carried {
                Some(entry) if entry != *new => write_instead(entry),
                _ => Ok(Ok(Verdict::Put(Effect::Replaced))),
            }
        }
        Replacement::Update => match updated(&definition.fields, held.entry()?, new.clone()) {
            Err(refused) => Ok(Err(refused)),
            Ok(entry) => write_instead(entry),
        },
    }
}

/// The cases of one call, with what to do by what a snapshot holds.
pub(crate) struct Call {
    cases: Vec<(Put, Replacement)>,
    verdicts: Vec<Result<Verdict, Refused>>,
    generation: u64,
}

impl Call {
    /// Encodes the cases and compares each with a snapshot.
    pub fn prepare(snapshot: &Snapshot, cases: Vec<(CaseEntry, Replacement)>) -> Result<Self, IndexError> {
        let cases = (cases.into_iter())
            .map(|(entry, mode)| Ok((Put::encode(snapshot.definition(), entry, mode)?, mode)))
            .collect::<Result<Vec<_>, IndexError>>()?;
        let mut call = Self { cases, verdicts: Vec::new(), generation: snapshot.generation() };
        call.hold_against(snapshot)?;
        Ok(call)
    }

    /// Decides again if the snapshot has changed.
    pub fn renew(&mut self, snapshot: &Snapshot) -> Result<(), IndexError> {
        if snapshot.generation() == self.generation { Ok(()) } else { self.hold_against(snapshot) }
    }

    fn hold_against(&mut self, snapshot: &Snapshot) -> Result<(), IndexError> {
        let definition = snapshot.definition();
        self.verdicts = (self.cases.iter())
            .map(|(put, mode)| judge(definition, put, *mode, Held::in_segment(snapshot, put.id())?))
            .collect::<Result<_, _>>()?;
        self.generation = snapshot.generation();
        Ok(())
    }

    /// Also compares each case with pending operations, and with those before it in the call. `waiting` returns what an operation
    /// that is in no generation yet left under an id, if one named it.
    pub fn decide<'a>(
        self,
        definition: &Definition,
        waiting: impl Fn(&CaseId) -> Option<Option<(u64, &'a PendingCase)>>,
    ) -> Result<(Vec<Put>, Outcomes), IndexError> {
        let mut puts: Vec<Put> = Vec::with_capacity(self.cases.len());
        let mut outcomes = Vec::with_capacity(self.cases.len());
        let mut latest: HashMap<CaseId, usize> = HashMap::new();
        for ((put, mode), verdict) in self.cases.into_iter().zip(self.verdicts) {
            let id = put.id().clone();
            let verdict = match (latest.get(&id), waiting(&id)) {
                (Some(&earlier), _) => {
                    let held = Held::Pending(&puts[earlier].case, Place::Batch(earlier));
                    judge(definition, &put, mode, Some(held))?
                }
                (None, Some(waits)) => {
                    let held = waits.map(|(sequence, case)| Held::Pending(case, Place::Logged(sequence)));
                    judge(definition, &put, mode, held)?
                }
                (None, None) => verdict,
            };
            let (put, effect) = match verdict {
                Ok(Verdict::Put(effect)) => (put, effect),
                Ok(Verdict::PutUpdated(updated)) => (*updated, Effect::Replaced),
                Ok(Verdict::Stays(effect, place)) => {
                    outcomes.push(Ok((effect, place)));
                    continue;
                }
                Err(refused) => {
                    outcomes.push(Err(refused));
                    continue;
                }
            };
            outcomes.push(Ok((effect, Place::Batch(puts.len()))));
            latest.insert(id, puts.len());
            puts.push(put);
        }
        Ok((puts, Outcomes(outcomes)))
    }
}

/// The result for each case.
pub(crate) struct Outcomes(Vec<Result<(Effect, Place), Refused>>);

impl Outcomes {
    /// What would be done.
    pub fn effects(self) -> Vec<Result<Effect, Refused>> {
        self.0.into_iter().map(|outcome| outcome.map(|(effect, _)| effect)).collect()
    }

    /// What was done, once the written cases have their positions in the log.
    pub fn stored(self, sequences: &[u64]) -> Vec<Result<Stored, Refused>> {
        let sequence = |place| match place {
            Place::Logged(sequence) => sequence,
            Place::Batch(position) => sequences[position],
        };
        let stored = |(effect, place)| Stored { sequence: sequence(place), effect };
        self.0.into_iter().map(|outcome| outcome.map(stored)).collect()
    }
}
