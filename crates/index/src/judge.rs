//! What becomes of a case that comes in, by what is held under its id: judged before anything is written.

use crate::pending::PendingCase;
use crate::record::{encode_case, encode_put, same_bits};
use crate::replace::{Parts, updated};
use crate::{CaseEntry, CasePlace, IndexError, Refused, Replacement, Snapshot};
use precedent_model::{CaseId, FieldSchema};
use precedent_storage::MAX_FRAME;
use precedent_vector::Embedding;
use std::collections::HashMap;

/// What taking a case in did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// No case was held under its id.
    Created,
    /// It took the place of the held case, or updated it.
    Replaced,
    /// The held case is equal, by the bytes of its record and the bits of its embeddings; or it has all that an update gives.
    /// Nothing was written.
    Unchanged,
    /// A case is held, and only an absent one was to be put. Nothing was written.
    LeftAlone,
}

/// What is durable of a case that was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The place in the log of the case that is held under its id now.
    pub sequence: u64,
    /// What was done.
    pub effect: Effect,
}

impl Snapshot {
    /// What taking cases in would do by what this generation holds, each held against those before it, too.
    ///
    /// # Errors
    /// [`IndexError::TooLarge`] and a damaged file.
    pub fn rehearse(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
    ) -> Result<Vec<Result<Effect, Refused>>, IndexError> {
        let call = Call::prepare(self, cases)?;
        call.decide(&self.definition().fields, |_| None).map(|(_, outcomes)| outcomes.effects())
    }
}

/// A case on its way into the log.
pub(crate) struct Put {
    pub operation: Vec<u8>,
    pub case: PendingCase,
}

impl Put {
    pub fn encode(entry: CaseEntry) -> Result<Self, IndexError> {
        let record = encode_case(&entry.case);
        let operation = encode_put(record.clone(), &entry.embeddings);
        if operation.len() > MAX_FRAME {
            return Err(IndexError::TooLarge { bytes: operation.len(), limit: MAX_FRAME });
        }
        Ok(Self { operation, case: PendingCase { entry, record } })
    }

    fn id(&self) -> &CaseId {
        &self.case.entry.case.id
    }
}

/// The case that is held under an id.
#[derive(Clone, Copy)]
enum Held<'a> {
    /// It waits for its segment.
    Pending(&'a PendingCase, Place),
    /// It lies in a segment, with its record.
    Written(&'a Snapshot, CasePlace, &'a [u8]),
}

/// Where the case is that an answer speaks of.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In the log, at this place.
    Logged(u64),
    /// Among those of the same call, at this position.
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

    /// Whether it is this case, bit by bit.
    fn equals(self, case: &PendingCase) -> Result<bool, IndexError> {
        let embeddings = &case.entry.embeddings;
        match self {
            Self::Pending(held, _) => {
                Ok(held.record == case.record && same_embeddings(&held.entry.embeddings, embeddings))
            }
            Self::Written(snapshot, place, record) => {
                Ok(record == case.record && snapshot.has_embeddings(place, embeddings)?)
            }
        }
    }

    fn parts(self) -> Result<Parts, IndexError> {
        match self {
            Self::Pending(held, _) => Ok(Parts::of(&held.entry.case, held.entry.embeddings.len())),
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

/// What is to be done with a case.
enum Verdict {
    /// It is put.
    Put(Effect),
    /// This is put in its stead: what an update made of the held case.
    PutUpdated(Box<Put>),
    /// What is held stays.
    Stays(Effect, Place),
}

fn judge(
    schema: &FieldSchema,
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
            Ok(Verdict::Put(Effect::Created))
        });
    };
    let stays = |effect| Ok(Ok(Verdict::Stays(effect, held.place()?)));
    match mode {
        Replacement::IfAbsent => stays(Effect::LeftAlone),
        _ if held.equals(&put.case)? => stays(Effect::Unchanged),
        Replacement::Without => Ok(Ok(Verdict::Put(Effect::Replaced))),
        Replacement::Whole => Ok(match held.parts()?.lost_to(new) {
            Some(loss) => Err(Refused::Loss(loss)),
            None => Ok(Verdict::Put(Effect::Replaced)),
        }),
        Replacement::Update => match updated(schema, held.entry()?, new.clone()) {
            Err(refused) => Ok(Err(refused)),
            Ok(entry) => {
                let updated = Put::encode(entry)?;
                if held.equals(&updated.case)? {
                    return stays(Effect::Unchanged);
                }
                Ok(Ok(Verdict::PutUpdated(Box::new(updated))))
            }
        },
    }
}

/// The cases of one call, with what is to be done by what a snapshot holds.
pub(crate) struct Call {
    cases: Vec<(Put, Replacement)>,
    verdicts: Vec<Result<Verdict, Refused>>,
    generation: u64,
}

impl Call {
    /// Encodes the cases and holds each against a snapshot.
    pub fn prepare(snapshot: &Snapshot, cases: Vec<(CaseEntry, Replacement)>) -> Result<Self, IndexError> {
        let cases = (cases.into_iter())
            .map(|(entry, mode)| Ok((Put::encode(entry)?, mode)))
            .collect::<Result<Vec<_>, IndexError>>()?;
        let mut call = Self { cases, verdicts: Vec::new(), generation: snapshot.generation() };
        call.hold_against(snapshot)?;
        Ok(call)
    }

    /// Judges anew, where the snapshot is another than before.
    pub fn renew(&mut self, snapshot: &Snapshot) -> Result<(), IndexError> {
        if snapshot.generation() == self.generation { Ok(()) } else { self.hold_against(snapshot) }
    }

    fn hold_against(&mut self, snapshot: &Snapshot) -> Result<(), IndexError> {
        let schema = &snapshot.definition().fields;
        self.verdicts = (self.cases.iter())
            .map(|(put, mode)| judge(schema, put, *mode, Held::in_segment(snapshot, put.id())?))
            .collect::<Result<_, _>>()?;
        self.generation = snapshot.generation();
        Ok(())
    }

    /// Holds each case against what waits under its id, too, and against what came before it in the call. `waiting` says what
    /// an operation that no generation holds yet left there, if one named the id.
    pub fn decide<'a>(
        self,
        schema: &FieldSchema,
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
                    judge(schema, &put, mode, Some(held))?
                }
                (None, Some(waits)) => {
                    let held = waits.map(|(sequence, case)| Held::Pending(case, Place::Logged(sequence)));
                    judge(schema, &put, mode, held)?
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

/// What is to be answered, case by case.
pub(crate) struct Outcomes(Vec<Result<(Effect, Place), Refused>>);

impl Outcomes {
    /// What would be done.
    pub fn effects(self) -> Vec<Result<Effect, Refused>> {
        self.0.into_iter().map(|outcome| outcome.map(|(effect, _)| effect)).collect()
    }

    /// What was done, now that the puts have their places in the log.
    pub fn stored(self, sequences: &[u64]) -> Vec<Result<Stored, Refused>> {
        let sequence = |place| match place {
            Place::Logged(sequence) => sequence,
            Place::Batch(position) => sequences[position],
        };
        let stored = |(effect, place)| Stored { sequence: sequence(place), effect };
        self.0.into_iter().map(|outcome| outcome.map(stored)).collect()
    }
}
