//! Findings with side, place, severity and size.

use crate::support::mentions;

fn check(text: &str, expected: &str) {
    assert_eq!(mentions(text), expected, "{text}");
}

#[test]
fn synonyms_are_one_finding() {
    for text in
        ["Cardiomegaly.", "Enlarged heart.", "The heart is mildly enlarged.", "Heart size is enlarged."]
    {
        assert!(mentions(text).starts_with("cardiomegaly present"), "{text}: {}", mentions(text));
    }
    check("Pleural fluid.", "pleural-effusion present");
    check("Bibasilar infiltrates.", "infiltration present bilateral @base");
}

#[test]
fn words_in_a_gap_are_asked_too() {
    check("The heart is not enlarged.", "cardiomegaly absent");
    check("Heart size is normal.", "cardiomegaly absent");
}

#[test]
fn the_longer_phrase_counts() {
    check("Pericardial effusion.", "pericardial-effusion present");
    check("Subcutaneous emphysema.", "subcutaneous-emphysema present");
    check("No joint effusion.", "");
    check("Mass effect.", "");
}

#[test]
fn borderline_and_silhouette_are_findings_of_their_own() {
    check("Heart size is at the upper limits of normal.", "borderline-heart-size present");
    check("The cardiac silhouette is enlarged.", "enlarged-cardiac-silhouette present");
}

#[test]
fn side_place_severity_and_size() {
    check("Small left pleural effusion.", "pleural-effusion present left mild");
    check("Bilateral pleural effusions.", "pleural-effusion present bilateral");
    check("Nodule in the right upper lobe.", "nodule present right @upper");
    check("A 2.5 x 1 cm mass in the left lower lobe.", "mass present left @lower 25 mm");
    check(
        "Moderate left effusion and small right pneumothorax.",
        "pleural-effusion present left moderate; pneumothorax present right mild",
    );
    check("Right and left pleural effusions.", "pleural-effusion present bilateral");
}

#[test]
fn devices_are_findings() {
    check("Endotracheal tube above the carina.", "endotracheal-tube present");
    check("Right PICC line in the SVC. No chest tube.", "picc present right @svc; chest-tube absent");
}

#[test]
fn grades_of_edema() {
    check("Interstitial edema.", "pulmonary-edema-grade-2 present");
    check("Frank alveolar pulmonary edema.", "pulmonary-edema-grade-3 present");
    check("Pulmonary vascular congestion.", "pulmonary-edema-grade-1 present");
}
