//! On which side, how severe and how large: what words describe which finding.

use crate::support::mentions;

fn check(text: &str, expected: &str) {
    assert_eq!(mentions(text), expected, "{text}");
}

#[test]
fn findings_that_are_joined_share_a_side() {
    check("Left effusion and atelectasis.", "pleural-effusion present left; atelectasis present left");
    check(
        "Atelectasis or scarring in the left base.",
        "atelectasis present left @base; scar present left @base",
    );
    check(
        "Right lower lobe opacity that may represent pneumonia.",
        "lung-opacity present right @lower; pneumonia uncertain right @lower",
    );
    check(
        "Moderate right effusion with adjacent atelectasis.",
        "pleural-effusion present right moderate; atelectasis present right",
    );
    check(
        "Consolidation, atelectasis, and blunting of the angle on the left.",
        "consolidation present left; atelectasis present left; costophrenic-blunting present left",
    );
    check(
        "Opacity in the right base, atelectasis.",
        "lung-opacity present right @base; atelectasis present right",
    );
}

#[test]
fn findings_apart_keep_their_own_side() {
    check(
        "Left pleural effusion and right basilar atelectasis.",
        "pleural-effusion present left; atelectasis present right @base",
    );
    check(
        "Pneumonia in the left lower lobe, effusion.",
        "pneumonia present left @lower; pleural-effusion present",
    );
    check("Left effusion and cardiomegaly.", "pleural-effusion present left; cardiomegaly present");
    check("Left rib fracture, no pneumothorax.", "rib-fracture present left; pneumothorax absent");
    check(
        "Left subclavian line without pneumothorax.",
        "central-venous-catheter present left @subclavian; pneumothorax absent",
    );
    check(
        "On the right, there is an effusion; on the left, atelectasis.",
        "pleural-effusion present right; atelectasis present left",
    );
    check(
        "Left effusion and diffuse infiltrates.",
        "pleural-effusion present left; infiltration present @diffuse",
    );
}

#[test]
fn other_words_for_a_side_count() {
    check("Rt. pleural effusion.", "pleural-effusion present right");
    check("Lt. base atelectasis.", "atelectasis present left @base");
    check("L effusion, R apical ptx.", "pleural-effusion present left; pneumothorax present right @apex");
    check("RLL nodule.", "nodule present right @lower");
    check("Lingular consolidation.", "consolidation present left @lingula");
    check("Middle lobe collapse.", "lobar-collapse present right @middle-lobe");
    check("Right upper and lower lobe opacities.", "lung-opacity present right @upper @lower");
    check("Nodules in the lingula and right lower lobe.", "nodule present bilateral @lingula @lower");
}

#[test]
fn a_side_of_something_else_is_none_of_the_finding() {
    check("Tip of the line in the right atrium.", "central-venous-catheter present @right-atrium");
    check(
        "Right PICC with tip in the left brachiocephalic vein.",
        "picc present right; device-malposition present right",
    );
    check("Opacity at the right heart border.", "lung-opacity present");
    check(
        "A right-sided aortic arch and an effusion.",
        "right-aortic-arch present right; pleural-effusion present",
    );
    check("The left lateral view shows an effusion.", "pleural-effusion present");
    check("Opacity of the right base compared to the left.", "lung-opacity present right @base");
    check("Rotated to the left with atelectasis.", "atelectasis present");
    check("The lungs are clear bilaterally without effusion.", "pleural-effusion absent");
    check("Right pneumothorax, and the left lung is clear.", "pneumothorax present right");
    check("Thoracic scoliosis convex to the right.", "dextroscoliosis present right");
    check("Left effusion and scoliosis.", "pleural-effusion present left; scoliosis present");
    check("Left upper extremity PICC.", "picc present left");
    check("Left ventricular enlargement.", "chamber-enlargement present left");
}

#[test]
fn the_larger_side_is_told() {
    for text in [
        "Effusion larger on the left.",
        "Bilateral effusions, left greater than right.",
        "Effusions, L > R.",
        "Left greater than right effusions.",
        "Bilateral effusions, worse on the left.",
        "The right effusion is smaller than the left.",
        "Smaller right than left effusion.",
    ] {
        let shown = mentions(text);
        assert!(shown.starts_with("pleural-effusion present bilateral >left"), "{text}: {shown}");
    }
    check("Left effusion, larger than before.", "pleural-effusion present left");
}

#[test]
fn each_side_has_its_own_severity_and_size() {
    check(
        "Large left and small right effusions.",
        "pleural-effusion present left severe; pleural-effusion present right mild",
    );
    check(
        "Bilateral effusions, left small, right moderate.",
        "pleural-effusion present left mild; pleural-effusion present right moderate",
    );
    check("5 mm right and 8 mm left nodules.", "nodule present right 5 mm; nodule present left 8 mm");
    check("Small left and right effusions.", "pleural-effusion present bilateral mild");
}

#[test]
fn what_is_denied_of_one_side_is_there_on_the_other() {
    let right = "pleural-effusion present right; pleural-effusion absent left";
    for text in [
        "There is a right but no left pleural effusion.",
        "Right-sided but no left-sided effusion.",
        "A right, not left, effusion.",
        "Right without left pleural effusion.",
        "Effusion on the right but not on the left.",
        "Effusion on the right, none on the left.",
        "Right effusion, none on the left.",
        "Effusion R+ L-.",
        "Pleural effusion: right yes, left no.",
        "Effusion: right +, left -.",
        "Pleural effusion (right: yes, left: no).",
    ] {
        check(text, right);
    }
    let left = "pleural-effusion absent right; pleural-effusion present left mild";
    for text in [
        "No right and small left effusion.",
        "No right but a small left pleural effusion.",
        "There is no right and only a small left effusion.",
        "Pleural effusion: right: none, left: small.",
        "Effusion, right: none; left: small.",
        "Effusions: none on the right, small on the left.",
    ] {
        check(text, left);
    }
    check(
        "Large left, no right effusion.",
        "pleural-effusion present left severe; pleural-effusion absent right",
    );
}

#[test]
fn what_has_gone_on_one_side_stays_on_the_other() {
    let stable = "pneumothorax absent right ~resolved; pneumothorax present left ~unchanged";
    for text in [
        "The pneumothorax on the right has resolved, that on the left is unchanged.",
        "The right pneumothorax has resolved; the left is unchanged.",
        "The right pneumothorax has cleared while the left is stable.",
        "The right pneumothorax has resolved, and the one on the left is unchanged.",
    ] {
        check(text, stable);
    }
    check(
        "The pneumothorax on the left is unchanged, that on the right has resolved.",
        "pneumothorax present left ~unchanged; pneumothorax absent right ~resolved",
    );
}

#[test]
fn a_side_of_something_else_splits_no_finding() {
    check("No left or right pleural effusion.", "pleural-effusion absent bilateral");
    check("No effusion on the right, and none on the left.", "pleural-effusion absent right");
    for text in [
        "The patient is turned to the left, no right pleural effusion.",
        "The left lung is clear, no right pleural effusion.",
        "Left apex is clear without right pleural effusion.",
        "The right effusion has resolved, the left lung is clear.",
        "The right effusion has resolved, left lung base is unchanged.",
    ] {
        assert!(!mentions(text).contains("present"), "{text}: {}", mentions(text));
    }
}

#[test]
fn sizes_are_of_the_finding_beside_them() {
    check(
        "A 4 mm nodule in the right apex, a 12 mm nodule in the left base.",
        "nodule present right @apex 4 mm; nodule present left @base 12 mm",
    );
    check("Nodule increased from 5 mm to 8 mm.", "nodule present 8 mm before 5 mm ~increased");
    check("Mass of 5,6 x 4,3 cm.", "mass present 56 mm");
    check(".5 cm nodule. A .8 cm mass.", "nodule present 5 mm; mass present 8 mm");
    check("ET tube 4 cm above the carina.", "endotracheal-tube present");
    check("Chest tube advanced 3 cm, 2 cm nodule.", "chest-tube present; nodule present 20 mm");
    check(
        "8 mm nodule, previously 5 mm, and a 3 cm mass.",
        "nodule present 8 mm before 5 mm; mass present 30 mm",
    );
}
