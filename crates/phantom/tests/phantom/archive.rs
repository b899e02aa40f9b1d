//! Archives in memory and on disk.

use dicom_dictionary_std::tags;
use dicom_object::OpenFileOptions;
use precedent_model::{CaseId, PartialDate, PatientKey, Report, SectionKind};
use precedent_phantom::{Archive, ArchiveParams, Format, PhantomError, SITES, Study, Style, write_archive};
use serde_json::Value;
use std::fs;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

fn params(studies: usize) -> ArchiveParams {
    ArchiveParams { seed: 42, studies, size: 128, ..ArchiveParams::default() }
}

fn digest(study: &Study) -> (u64, u64) {
    let pixels: Vec<u8> = study
        .views
        .iter()
        .flat_map(|view| view.image.pixels().iter().flat_map(|v| v.to_le_bytes()))
        .collect();
    let text = format!(
        "{:?} {:?} {:?}",
        study.report.sections,
        study.report.told,
        study.views.iter().map(|view| &view.boxes).collect::<Vec<_>>()
    );
    (xxh3_64(&pixels), xxh3_64(text.as_bytes()))
}

/// The promise of bits. If this fails, a picture or a word changed: raise `PHANTOM_VERSION` with these numbers, and train
/// anew what was trained on the last version.
#[test]
fn bits_are_what_this_version_promises() {
    let archive = Archive::new(params(60)).unwrap();
    let mut shown = std::collections::BTreeSet::new();
    let mut all = (Vec::new(), Vec::new());
    for study in archive.studies() {
        let study = study.unwrap();
        shown.extend(study.truth.iter().map(|finding| finding.id()));
        let (pixels, text) = digest(&study);
        all.0.extend(pixels.to_le_bytes());
        all.1.extend(text.to_le_bytes());
    }
    assert!(shown.len() >= 16, "{shown:?}");
    assert_eq!(precedent_phantom::PHANTOM_VERSION, 1);
    let found = (xxh3_64(&all.0), xxh3_64(&all.1));
    assert_eq!(found, (PIXELS, TEXT), "{found:#x?}");
}

const PIXELS: u64 = 0xb598_e835_d996_6787;
const TEXT: u64 = 0xa545_352c_7ad7_8cdb;

#[test]
fn a_study_depends_on_its_number_alone() {
    let (short, long) = (Archive::new(params(12)).unwrap(), Archive::new(params(30)).unwrap());
    for number in [11, 3] {
        assert_eq!(short.study(number).unwrap(), long.study(number).unwrap());
    }
    let other = Archive::new(ArchiveParams { seed: 43, ..params(12) }).unwrap();
    assert_ne!(digest(&short.study(3).unwrap()), digest(&other.study(3).unwrap()));
    assert!(matches!(short.study(12), Err(PhantomError::Params { field: "study", .. })));
    assert_eq!((short.len(), short.studies().count(), short.is_empty()), (12, 12, false));
}

#[test]
fn styles_and_sites_can_be_held_out() {
    let params = ArchiveParams { styles: vec![Style::Terse], sites: vec!["st-alban"], ..params(10) };
    for study in Archive::new(params).unwrap().studies() {
        let study = study.unwrap();
        assert_eq!((study.style, study.site.id), (Style::Terse, "st-alban"));
    }
}

#[test]
fn parameters_that_describe_nothing_are_refused_by_name() {
    let check = |params: ArchiveParams, name: &str| match Archive::new(params) {
        Err(PhantomError::Params { field, .. }) => assert_eq!(field, name),
        other => panic!("{name}: {:?}", other.map(|archive| archive.len())),
    };
    check(params(0), "studies");
    check(ArchiveParams { size: 64, ..params(1) }, "size");
    check(ArchiveParams { styles: Vec::new(), ..params(1) }, "styles");
    check(ArchiveParams { sites: vec!["nowhere"], ..params(1) }, "sites");
    check(ArchiveParams { sites: Vec::new(), ..params(1) }, "sites");
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The columns that a manifest may have: those of `precedent ingest` and the fields of the bundled definition.
const COLUMNS: [&str; 20] = [
    "case_id",
    "patient_id",
    "patient_id_issuer",
    "images",
    "view",
    "report",
    "indication",
    "comparison",
    "technique",
    "findings",
    "impression",
    "study_date",
    "modality",
    "body_part",
    "site",
    "manufacturer",
    "sex",
    "age",
    "study_uid",
    "accession_number",
];

#[test]
fn a_folder_holds_what_the_archive_is() {
    let dir = tempfile::tempdir().unwrap();
    let formats = [Format::Png16, Format::Dicom];
    let mut heard = Vec::new();
    write_archive(dir.path(), params(24), &formats, &mut |done, total| {
        heard.push((done, total));
        true
    })
    .unwrap();
    assert_eq!(heard, [(24, 24)]);
    let archive = Archive::new(params(24)).unwrap();
    let (manifest, truth) =
        (lines(&dir.path().join("manifest.jsonl")), lines(&dir.path().join("truth.jsonl")));
    assert_eq!((manifest.len(), truth.len()), (24, 24));
    for ((line, labels), study) in manifest.iter().zip(&truth).zip(archive.studies()) {
        let study = study.unwrap();
        check_manifest(line, &study);
        check_truth(labels, &study);
        for (index, view) in study.views.iter().enumerate() {
            let path = dir.path().join(line["images"][index].as_str().unwrap());
            let decoder = png::Decoder::new(std::io::BufReader::new(fs::File::open(path).unwrap()));
            let mut reader = decoder.read_info().unwrap();
            let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut bytes).unwrap();
            let pixels: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]])).collect();
            assert_eq!(pixels, view.image.pixels());
        }
        check_dicom(dir.path(), labels, &study);
    }
}

fn check_manifest(line: &Value, study: &Study) {
    let object = line.as_object().unwrap();
    for key in object.keys() {
        assert!(COLUMNS.contains(&key.as_str()) || key == "report_status", "{key}");
    }
    let text = |key: &str| line[key].as_str().unwrap().to_owned();
    assert_eq!(CaseId::new(&text("case_id")).unwrap().as_str(), study.case_id);
    PatientKey::new(&text("patient_id"), Some(&text("patient_id_issuer"))).unwrap();
    PartialDate::parse("study_date", &text("study_date")).unwrap();
    assert_eq!(line["images"].as_array().unwrap().len(), line["view"].as_array().unwrap().len());
    let sections = [
        SectionKind::Indication,
        SectionKind::Comparison,
        SectionKind::Technique,
        SectionKind::Findings,
        SectionKind::Impression,
    ]
    .into_iter()
    .filter_map(|kind| Some((kind, object.get(kind.name())?.as_str()?.to_owned())));
    let body = object.get("report").map(|text| (SectionKind::Body, text.as_str().unwrap().to_owned()));
    let report = Report::new(sections.chain(body)).unwrap();
    match &study.report.flat {
        Some(flat) => assert_eq!(report.section(SectionKind::Body), Some(flat.as_str())),
        None => {
            assert_eq!(report.sections().len(), study.report.sections.len());
            for (kind, text) in &study.report.sections {
                assert_eq!(report.section(*kind), Some(text.as_str()));
            }
        }
    }
}

fn check_truth(labels: &Value, study: &Study) {
    assert_eq!(labels["case_id"], study.case_id.as_str());
    assert_eq!(
        (labels["style"].as_str(), labels["site"].as_str()),
        (Some(study.style.id()), Some(study.site.id))
    );
    let ids: Vec<&str> =
        labels["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
    assert_eq!(ids, study.truth.iter().map(|finding| finding.id()).collect::<Vec<_>>());
    for (line, view) in labels["views"].as_array().unwrap().iter().zip(&study.views) {
        let boxes = line["boxes"].as_array().unwrap();
        assert_eq!(boxes.len(), view.boxes.len());
        for (found, (index, region)) in boxes.iter().zip(&view.boxes) {
            assert_eq!(found["id"], ids[*index]);
            assert_eq!(
                (found["x"].as_u64(), found["width"].as_u64()),
                (Some(region.x.into()), Some(region.width.into()))
            );
            region.within(view.image.width(), view.image.height()).unwrap();
        }
    }
}

fn check_dicom(dir: &Path, labels: &Value, study: &Study) {
    for (index, view) in study.views.iter().enumerate() {
        let path = dir.join(labels["views"][index]["files"][1].as_str().unwrap());
        let file = OpenFileOptions::new().open_file(path).unwrap();
        let text = |tag| file.element(tag).unwrap().to_str().unwrap().into_owned();
        assert_eq!(text(tags::PATIENT_ID), study.patient.id);
        assert_eq!(text(tags::PATIENT_NAME), format!("PHANTOM^{}", study.patient.id));
        assert_eq!(text(tags::STUDY_INSTANCE_UID), study.study_uid);
        assert_eq!(text(tags::STUDY_DATE), study.date.replace('-', ""));
        assert_eq!(text(tags::VIEW_POSITION), view.projection.view_position());
        assert_eq!(text(tags::PATIENT_AGE), format!("{:03}Y", study.age));
        assert_eq!(text(tags::MODALITY), study.site.modality);
        let inverted = study.site.inverted;
        assert_eq!(
            text(tags::PHOTOMETRIC_INTERPRETATION),
            if inverted { "MONOCHROME1" } else { "MONOCHROME2" }
        );
        assert!(text(tags::SOP_INSTANCE_UID).len() <= 64);
        let stored = file.element(tags::PIXEL_DATA).unwrap().to_multi_int::<u16>().unwrap();
        assert_eq!(stored.len(), view.image.pixels().len());
        for (level, pixel) in stored.iter().zip(view.image.pixels()) {
            assert!(*level < 4096);
            let level = u32::from(if inverted { 4095 - level } else { *level });
            assert_eq!((level * 65_535 + 2047) / 4095, u32::from(*pixel));
        }
    }
}

#[test]
fn every_site_stores_as_it_says() {
    assert!(SITES.iter().any(|site| site.inverted) && SITES.iter().any(|site| site.modality == "CR"));
    let mut ids: Vec<&str> = SITES.iter().map(|site| site.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), SITES.len());
}

#[test]
fn a_stopped_run_goes_on_and_ends_the_same() {
    let (whole, stopped) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let formats = [Format::Png8];
    write_archive(whole.path(), params(70), &formats, &mut |_, _| true).unwrap();
    let error = write_archive(stopped.path(), params(70), &formats, &mut |_, _| false).unwrap_err();
    assert!(matches!(error, PhantomError::Stopped { done: 64, total: 70 }), "{error}");
    assert!(!stopped.path().join("manifest.jsonl").exists());
    write_archive(stopped.path(), params(70), &formats, &mut |_, _| true).unwrap();
    for name in ["archive.json", "manifest.jsonl", "truth.jsonl"] {
        assert_eq!(
            fs::read(whole.path().join(name)).unwrap(),
            fs::read(stopped.path().join(name)).unwrap(),
            "{name}"
        );
    }
    let files = |dir: &Path| {
        let mut names: Vec<_> =
            fs::read_dir(dir.join("images")).unwrap().map(|f| f.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(files(whole.path()), files(stopped.path()));
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let formats = [Format::Png8];
    write_archive(dir.path(), params(1), &formats, &mut |_, _| true).unwrap();
    let error = write_archive(dir.path(), params(2), &formats, &mut |_, _| true).unwrap_err();
    assert!(matches!(error, PhantomError::OtherArchive { .. }), "{error}");
    let other = tempfile::tempdir().unwrap();
    fs::create_dir(other.path().join("mine")).unwrap();
    let error = write_archive(other.path(), params(1), &formats, &mut |_, _| true).unwrap_err();
    assert!(matches!(error, PhantomError::OtherArchive { .. }), "{error}");
    let error = write_archive(other.path(), params(1), &[], &mut |_, _| true).unwrap_err();
    assert!(matches!(error, PhantomError::Params { field: "formats", .. }), "{error}");
}

/// The platform's mathematics differ in the last bits, and whole films with them.
#[test]
fn nothing_calls_the_platforms_mathematics() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in fs::read_dir(source).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for call in [
            ".sin()",
            ".cos()",
            ".tan()",
            ".exp()",
            ".ln()",
            ".powf(",
            ".powi(",
            ".mul_add(",
            ".hypot(",
            ".atan2(",
            ".sin_cos(",
        ] {
            assert!(!code.contains(call), "{} calls {call}", path.display());
        }
    }
}
