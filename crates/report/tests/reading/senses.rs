//! Which words name a finding, and which only look so.

use crate::support::mentions;

fn check(text: &str, expected: &str) {
    assert_eq!(mentions(text), expected, "{text}");
}

/// The ids that a text mentions, whatever it says of them.
fn ids(text: &str) -> String {
    let shown = mentions(text);
    let ids = shown.split("; ").map(|mention| mention.split(' ').next().unwrap_or_default());
    ids.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_finding_of_another_part_of_the_body_is_none_of_the_chest() {
    for text in [
        "Knee effusion.",
        "Left knee joint effusion.",
        "Effusion of the hip joint.",
        "Subcutaneous edema of the chest wall.",
        "Edema of the soft tissues of the neck.",
        "Cerebral edema.",
        "Thyroid nodule.",
        "Nodule in the left thyroid lobe.",
        "Mass in the right lobe of the liver.",
        "Hepatic lesions.",
    ] {
        check(text, "");
    }
    check("Liver mass. Lung mass.", "mass present");
    check("Left lung mass abutting the liver.", "mass present left");
    check("Fracture of the left humerus.", "fracture present left");
}

#[test]
fn names_and_procedures_are_no_findings() {
    for text in [
        "Transferred from Mass General.",
        "Mass General Hospital.",
        "TB clinic.",
        "Cancer screening in smokers.",
        "Pneumonia vaccine was given.",
        "Fine needle aspiration.",
        "Bone marrow aspiration.",
        "Mass of the patient is 80 kg.",
        "Left ventricular mass index.",
        "PE tubes.",
        "Patient collapsed.",
        "Nasal congestion.",
    ] {
        check(text, "");
    }
    check("Aspiration.", "aspiration present");
    check("Lead failure.", "");
}

#[test]
fn a_word_may_name_two_findings() {
    use precedent_report::Lexicon;
    let lexicon = Lexicon::bundled();
    for (text, parents) in [
        ("Hydropneumothorax.", ["pleural-effusion", "pneumothorax"]),
        ("Haemopneumothorax.", ["pleural-effusion", "pneumothorax"]),
        ("Aspiration pneumonia.", ["aspiration", "pneumonia"]),
    ] {
        let id = ids(text);
        assert_eq!(lexicon.find(text.trim_end_matches('.')).as_deref(), Some(id.as_str()), "{text}");
        for parent in parents {
            assert!(lexicon.narrower(parent).iter().any(|kind| **kind == *id), "{id} under {parent}");
        }
    }
    assert_eq!(ids("Cavitary nodule."), "cavity nodule");
}

#[test]
fn words_that_were_read_as_something_else() {
    check("Acute infiltrate.", "infiltration present ~acute");
    check("Shoulder arthrosis.", "joint-degeneration present");
    check("Prominent hila.", "hilar-prominence present @hilum");
    check("Pulmonary hypertension.", "pulmonary-hypertension present");
    check("The silhouette is stable and enlarged.", "enlarged-cardiac-silhouette present ~unchanged");
    check("Hilar mass.", "mass present @hilum");
}

#[test]
fn what_a_list_calls_normal_is_denied_of_each() {
    let normal = "cardiomegaly absent; pulmonary-edema-grade-1 absent; enlarged-cardiomediastinum absent";
    check("Heart, vessels and mediastinum are within normal limits.", normal);
    check("The heart, pulmonary vasculature, and mediastinum are unremarkable.", normal);
    check("Normal heart, vessels and mediastinum.", normal);
    check(
        "Heart is enlarged and the mediastinum is normal.",
        "cardiomegaly present; enlarged-cardiomediastinum absent",
    );
    check("Mediastinum is not normal.", "enlarged-cardiomediastinum uncertain");
}

#[test]
fn abbreviations_and_other_spellings() {
    for (text, id) in [
        ("LLL PNA.", "pneumonia"),
        ("Bibasilar atx.", "atelectasis"),
        ("Pleural effs.", "pleural-effusion"),
        ("GGO.", "ground-glass-opacity"),
        ("DJD.", "degenerative-change"),
        ("Mediastinal LAD.", "lymphadenopathy"),
        ("ILD.", "interstitial-lung-disease"),
        ("Mets.", "metastasis"),
        ("Rib fxs.", "rib-fracture"),
        ("AVR.", "aortic-valve-replacement"),
        ("TAVR.", "aortic-valve-replacement"),
        ("IABP.", "balloon-pump"),
        ("LVAD.", "ventricular-assist-device"),
        ("ETT.", "endotracheal-tube"),
        ("NGT.", "feeding-tube"),
        ("PPM.", "pacemaker"),
        ("SVC line.", "central-venous-catheter"),
        ("Pneumo.", "pneumothorax"),
        ("Heart enl.", "cardiomegaly"),
        ("CM unchanged.", "cardiomegaly"),
        ("Haemothorax.", "hemothorax"),
        ("Pulmonary oedema.", "pulmonary-edema"),
        ("Tumour.", "malignancy"),
        ("Oesophageal dilatation.", "esophageal-dilatation"),
        ("Cephalisation.", "pulmonary-edema-grade-1"),
        ("Orthopaedic screws.", "spinal-hardware"),
        ("Cardiomegally.", "cardiomegaly"),
    ] {
        assert_eq!(ids(text), id, "{text}");
    }
    assert_eq!(ids("5 cm, unchanged. LAD stent."), "stent");
}

#[test]
fn findings_that_the_lexicon_lacked() {
    for (text, id) in [
        ("Calcified hilar nodes.", "calcified-lymph-node"),
        ("Post-surgical changes.", "postsurgical-change"),
        ("Right upper lobectomy.", "lobectomy"),
        ("Old deformity of the scapula.", "bone-deformity"),
        ("Dilated loops of bowel.", "bowel-gas"),
        ("Enlarged pulmonary artery.", "enlarged-pulmonary-artery"),
        ("Nipple shadow.", "nipple-shadow"),
        ("Wedging of T8.", "vertebral-wedging"),
        ("Apical lucency.", "lucency"),
        ("Metallic foreign body.", "foreign-body"),
        ("Pectus excavatum.", "pectus"),
        ("Left mastectomy.", "mastectomy"),
        ("Breast implants.", "breast-implant"),
        ("Tracheal deviation.", "mediastinal-shift"),
        ("Cyst.", "cyst"),
        ("Azygos fissure.", "azygos-lobe"),
        ("Vagal nerve stimulator.", "stimulator"),
        ("Air bronchograms.", "air-bronchogram"),
        ("Air-fluid level.", "air-fluid-level"),
        ("Abscess.", "lung-abscess"),
        ("Pulmonary contusion.", "pulmonary-contusion"),
        ("Apical capping.", "pleural-thickening"),
    ] {
        assert_eq!(ids(text), id, "{text}");
    }
}

#[test]
fn who_had_an_operation_has_what_it_left() {
    use precedent_report::Lexicon;
    check("s/p CABG.", "coronary-bypass present");
    check("History of mastectomy.", "mastectomy present");
    check("No history of CABG.", "coronary-bypass absent");
    check("Sternotomy wires.", "sternotomy present");
    let traces = Lexicon::bundled().traces("coronary-bypass");
    assert_eq!(traces.iter().map(|id| id.to_string()).collect::<Vec<_>>(), ["bypass-clips", "sternotomy"]);
    assert!(Lexicon::bundled().traces("nothing").is_empty());
}
