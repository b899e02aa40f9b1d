//! Films with a finding against the same films without it.

use crate::anatomy::{Anatomy, Sex};
use crate::finding::{Finding, FindingKind, Place};
use crate::random::Random;
use crate::scene::Projection;
use crate::site::SITES;
use crate::view::{Shot, View, take};
use precedent_model::Laterality;

const SIDE: usize = 160;
/// A change of a pixel that counts: 4 % of the grey scale, above what the lift of outlines spreads around a finding.
const SEEN: i32 = 65_535 / 25;
/// Pixels around a box into which blur and lift of outlines may spread.
const MARGIN: i64 = 3;

fn finding(kind: FindingKind, side: Option<Laterality>, place: Option<Place>, amount: f64) -> Finding {
    let severity = 1 + (amount * 2.99) as u8;
    let size_mm = (kind == FindingKind::Nodule).then_some(5.0 + 25.0 * amount);
    Finding { kind, side, place, severity, size_mm, amount, seed: 1234 }
}

fn film(findings: &[Finding], projection: Projection, patient: u64) -> View {
    let sex = if patient.is_multiple_of(2) { Sex::Female } else { Sex::Male };
    let anatomy = Anatomy::new(Random::new(patient), sex, 55);
    let shot =
        Shot { site: &SITES[patient as usize % SITES.len()], projection, side: SIDE, seed: patient + 9 };
    take(&anatomy, findings, shot).unwrap()
}

/// Pixels of which a change is seen, as (inside, outside) the finding's box.
fn changes(finding: &Finding, projection: Projection, patient: u64) -> Option<(usize, usize)> {
    let with = film(std::slice::from_ref(finding), projection, patient);
    let without = film(&[], projection, patient);
    assert!(without.boxes.is_empty());
    let &(index, region) = with.boxes.first()?;
    assert_eq!((index, with.boxes.len()), (0, 1));
    region.within(SIDE as u32, SIDE as u32).unwrap();
    let (mut inside, mut outside) = (0, 0);
    for (at, (a, b)) in with.image.pixels().iter().zip(without.image.pixels()).enumerate() {
        if (i32::from(*a) - i32::from(*b)).abs() > SEEN {
            let (x, y) = ((at % SIDE) as i64, (at / SIDE) as i64);
            let near = |v: i64, start: u32, length: u32| {
                v >= i64::from(start) - MARGIN && v < i64::from(start + length) + MARGIN
            };
            if near(x, region.x, region.width) && near(y, region.y, region.height) {
                inside += 1
            } else {
                outside += 1
            }
        }
    }
    Some((inside, outside))
}

#[track_caller]
fn check(kind: FindingKind, side: Option<Laterality>, place: Option<Place>, amounts: &[f64]) {
    for (patient, amount) in amounts.iter().enumerate() {
        let finding = finding(kind, side, place, *amount);
        let name = format!("{kind:?} {place:?} {amount} patient {patient}");
        let (inside, outside) = changes(&finding, Projection::PosteroAnterior, patient as u64).expect(&name);
        assert!(inside > 3, "{name}: nothing to see");
        assert!(outside * 50 <= inside, "{name}: {outside} of {inside} outside the box");
    }
}

#[test]
fn fluid_and_air_change_what_their_boxes_hold() {
    let (left, right) = (Some(Laterality::Left), Some(Laterality::Right));
    check(FindingKind::PleuralEffusion, left, None, &[0.1, 0.5, 0.9]);
    check(FindingKind::PleuralEffusion, right, None, &[0.2, 0.7]);
    check(FindingKind::Pneumothorax, right, Some(Place::Apex), &[0.08, 0.3]);
    check(FindingKind::Pneumothorax, left, Some(Place::Apex), &[0.15, 0.5]);
}

#[test]
fn opacities_change_what_their_boxes_hold() {
    for side in [Some(Laterality::Left), Some(Laterality::Right)] {
        for place in [Place::Upper, Place::Middle, Place::Lower] {
            check(FindingKind::Consolidation, side, Some(place), &[0.2, 0.9]);
            check(FindingKind::Nodule, side, Some(place), &[0.1, 0.8]);
        }
        check(FindingKind::Atelectasis, side, Some(Place::Base), &[0.3, 0.9]);
    }
    check(FindingKind::PulmonaryEdema, None, None, &[0.5, 0.9]);
}

#[test]
fn hearts_and_devices_change_what_their_boxes_hold() {
    use FindingKind as K;
    check(K::Cardiomegaly, None, None, &[0.3, 0.9]);
    let right = Some(Laterality::Right);
    for (kind, side) in [
        (K::EndotrachealTube, None),
        (K::CentralVenousCatheter, right),
        (K::Picc, right),
        (K::Pacemaker, right),
        (K::ChestTube, right),
        (K::Sternotomy, None),
        (K::FeedingTube, None),
    ] {
        check(kind, side, None, &[0.5]);
    }
}

#[test]
fn effusions_nodules_and_hearts_show_from_the_side_too() {
    for finding in [
        finding(FindingKind::PleuralEffusion, Some(Laterality::Left), None, 0.6),
        finding(FindingKind::Nodule, Some(Laterality::Right), Some(Place::Middle), 0.8),
        finding(FindingKind::Cardiomegaly, None, None, 0.9),
    ] {
        let (inside, outside) = changes(&finding, Projection::Lateral, 1).unwrap();
        assert!(inside > 3 && outside * 50 <= inside, "{:?}: {inside} {outside}", finding.kind);
    }
}

#[test]
fn more_of_a_finding_changes_more() {
    for (kind, side) in [
        (FindingKind::PleuralEffusion, Some(Laterality::Right)),
        (FindingKind::Pneumothorax, Some(Laterality::Left)),
        (FindingKind::Cardiomegaly, None),
    ] {
        let seen =
            |amount| changes(&finding(kind, side, None, amount), Projection::PosteroAnterior, 3).unwrap().0;
        assert!(seen(0.2) < seen(0.5) && seen(0.5) < seen(0.9), "{kind:?}");
    }
}

#[test]
fn a_film_is_dark_lungs_in_bright_flesh() {
    for patient in 0..6 {
        let view = film(&[], Projection::PosteroAnterior, patient);
        let mean = |x: f64, y: f64| {
            let (x, y) = ((x * SIDE as f64) as usize, (y * SIDE as f64) as usize);
            let patch = view.image.rows().skip(y - 4).take(9).flat_map(|row| &row[x - 4..x + 5]);
            patch.map(|v| f64::from(*v)).sum::<f64>() / 81.0 / 65_535.0
        };
        // On both sides of the midline at the hila, and the spine above the heart.
        let (right, left, middle) = (mean(0.27, 0.42), mean(0.73, 0.42), mean(0.5, 0.42));
        assert!(
            right < 0.5 && left < 0.5 && middle > 0.6,
            "patient {patient}: {right:.2} {left:.2} {middle:.2}"
        );
    }
}
