//! A case that comes again: what is written, and what is answered.

use crate::support::{entry, fresh, held, id, open};
use precedent_index::{CaseEntry, Effect, IndexReader, IndexWriter, Refused, Replacement, Stored};
use precedent_model::{CaseId, Image};
use precedent_vector::{Metric, VectorSpace};
use std::collections::BTreeMap;
use std::sync::Arc;

fn take(writer: &IndexWriter, entry: CaseEntry, mode: Replacement) -> Result<Stored, Refused> {
    writer.replace(vec![(entry, mode)]).unwrap().remove(0)
}

const MODES: [Replacement; 4] =
    [Replacement::Whole, Replacement::Without, Replacement::Update, Replacement::IfAbsent];

/// What each way of taking a case in would do.
#[track_caller]
fn check(writer: &IndexWriter, entry: &CaseEntry, expected: [Effect; 4]) {
    for (mode, effect) in MODES.into_iter().zip(expected) {
        let cases = || vec![(entry.clone(), mode)];
        assert_eq!(writer.rehearse(cases()).unwrap(), [Ok(effect)], "{mode:?}");
        if writer.pending_operations() == 0 {
            assert_eq!(writer.snapshot().rehearse(cases()).unwrap(), [Ok(effect)], "{mode:?}");
        }
    }
}

/// Every difference of a case from the one that is held, one at a time.
fn others() -> Vec<CaseEntry> {
    let mut others = Vec::new();
    let mut change = |change: &dyn Fn(&mut CaseEntry)| {
        let mut other = entry(1, 1);
        change(&mut other);
        others.push(other);
    };
    change(&|entry_| {
        (entry_.case.report, entry_.local.sentences) = (entry(1, 2).case.report, entry(1, 2).local.sentences);
    });
    change(&|entry_| entry_.case.fields = entry(1, 2).case.fields);
    change(&|entry_| entry_.case.patient = entry(2, 1).case.patient);
    change(&|entry_| entry_.embeddings = entry(1, 2).embeddings);
    change(&|entry_| entry_.case.images[0].view = Some("PA".to_owned()));
    change(&|entry_| entry_.case.images.push(Image { name: "b".to_owned(), view: None }));
    others
}

#[test]
fn an_equal_case_is_not_written_again_wherever_it_is_held() {
    let storage = fresh();
    let writer = open(&storage);
    check(&writer, &entry(1, 1), [Effect::Created; 4]);
    let first = take(&writer, entry(1, 1), Replacement::Whole).unwrap();
    assert_eq!(first.effect, Effect::Created);
    for round in ["pending", "committed", "merged"] {
        let unchanged = [Effect::Unchanged, Effect::Unchanged, Effect::Unchanged, Effect::LeftAlone];
        check(&writer, &entry(1, 1), unchanged);
        for other in others() {
            let replaced = [Effect::Replaced, Effect::Replaced, Effect::Replaced, Effect::LeftAlone];
            check(&writer, &other, replaced);
        }
        let before = writer.pending_operations();
        for (mode, effect) in MODES.into_iter().zip(unchanged) {
            let again = take(&writer, entry(1, 1), mode).unwrap();
            assert_eq!(again, Stored { sequence: first.sequence, effect }, "{mode:?} {round}");
        }
        assert_eq!(writer.pending_operations(), before, "nothing is written: {round}");
        match round {
            "pending" => drop(writer.commit().unwrap()),
            _ => drop(writer.merge_all(&|_, _, _| true).unwrap()),
        }
    }
    drop(writer);
    let reader = IndexReader::open(Arc::new(storage)).unwrap();
    assert_eq!(held(&reader.snapshot()), BTreeMap::from([(1, 1)]));
}

#[test]
fn embeddings_are_compared_by_their_bits() {
    let storage = fresh();
    let writer = open(&storage);
    let with = |values: [f32; 16]| {
        let space = VectorSpace::new(16, Metric::L2, "enc").unwrap();
        CaseEntry { embeddings: vec![(0, space.admit("enc", &values).unwrap())], ..entry(1, 1) }
    };
    let mut values = [1.0; 16];
    (values[3], values[7]) = (0.0, f32::MIN_POSITIVE);
    take(&writer, with(values), Replacement::Whole).unwrap();
    for _ in 0..2 {
        check(
            &writer,
            &with(values),
            [Effect::Unchanged, Effect::Unchanged, Effect::Unchanged, Effect::LeftAlone],
        );
        for (place, value) in [(3, -0.0), (7, f32::from_bits(f32::MIN_POSITIVE.to_bits() + 1))] {
            let mut near = values;
            near[place] = value;
            let changed = [Effect::Replaced, Effect::Replaced, Effect::Replaced, Effect::LeftAlone];
            check(&writer, &with(near), changed);
        }
        writer.commit().unwrap();
    }
}

#[test]
fn cases_of_one_call_are_held_against_each_other_and_answer_with_their_places() {
    let storage = fresh();
    let writer = open(&storage);
    let modes = [
        (entry(1, 1), Replacement::IfAbsent),
        (entry(1, 1), Replacement::Whole),
        (entry(1, 2), Replacement::Whole),
        (entry(1, 3), Replacement::IfAbsent),
        (entry(2, 1), Replacement::Whole),
    ];
    let stored = writer.replace(modes.to_vec()).unwrap();
    let found: Vec<(Effect, u64)> =
        stored.into_iter().map(Result::unwrap).map(|stored| (stored.effect, stored.sequence)).collect();
    use Effect::{Created, LeftAlone, Replaced, Unchanged};
    let first = found[0].1;
    let second = first + 1;
    let expected = [
        (Created, first),
        (Unchanged, first),
        (Replaced, second),
        (LeftAlone, second),
        (Created, second + 1),
    ];
    assert_eq!(found, expected);
    writer.commit().unwrap();
    assert_eq!(held(&writer.snapshot()), BTreeMap::from([(1, 2), (2, 1)]));
}

#[test]
fn a_case_that_was_deleted_is_created_again() {
    let storage = fresh();
    let writer = open(&storage);
    take(&writer, entry(1, 1), Replacement::Whole).unwrap();
    writer.commit().unwrap();
    writer.delete(&[id(1)]).unwrap();
    check(&writer, &entry(1, 1), [Effect::Created; 4]);
    assert_eq!(take(&writer, entry(1, 1), Replacement::IfAbsent).unwrap().effect, Effect::Created);
    writer.commit().unwrap();
    assert_eq!(held(&writer.snapshot()), BTreeMap::from([(1, 1)]));
}

#[test]
fn ids_that_differ_in_case_only_are_two_cases() {
    let storage = fresh();
    let writer = open(&storage);
    take(&writer, entry(1, 1), Replacement::Whole).unwrap();
    writer.commit().unwrap();
    let mut other = entry(1, 1);
    other.case.id = CaseId::new(&id(1).as_str().to_uppercase()).unwrap();
    check(&writer, &other, [Effect::Created; 4]);
}
