//! What reports say of findings: asked by filter, understood anew by a merge, and what an index of before knows of it.

use crate::support::{fresh, go_on, rewrite};
use precedent_index::{CaseEntry, Definition, IndexError, IndexReader, IndexWriter, Snapshot, Stale, verify};
use precedent_model::{Case, CaseId, FieldKind, FieldSchema, FieldValue, Report, SectionKind};
use precedent_query::Filter;
use precedent_report::{Lexicon, LexiconFile};
use precedent_storage::{DiskStorage, FaultStorage, Storage};
use std::path::Path;
use std::sync::Arc;

const SHUNT: &str =
    "[[finding]]\nid = 'rasmussen-shunt'\nname = 'Rasmussen shunt'\nphrases = ['rasmussen shunt']\n";

/// An index of reports only.
fn definition(fields: &[(&str, FieldKind)], lexicon: &str) -> Definition {
    let mut definition = Definition::chest_xray().unwrap();
    let fields = fields.iter().map(|&(name, kind)| (name.to_owned(), kind));
    definition.fields = FieldSchema::new(fields).unwrap();
    definition.lexicon = LexiconFile::from_toml(lexicon).unwrap();
    definition
}

fn index(definition: &Definition) -> (FaultStorage, IndexWriter) {
    let storage = FaultStorage::new();
    IndexWriter::create(&storage, definition).unwrap();
    let writer = open(&storage);
    (storage, writer)
}

fn open(storage: &FaultStorage) -> IndexWriter {
    IndexWriter::open(Arc::new(storage.clone()), 1).unwrap()
}

/// A case with a report, or with a label only where the text is empty.
fn entry(name: &str, kind: SectionKind, text: &str) -> CaseEntry {
    let mut case = Case::new(CaseId::new(name).unwrap());
    case.report = Report::new([(kind, text)]).ok();
    case.fields.insert("label".to_owned(), vec![FieldValue::Keyword("any".to_owned())]);
    CaseEntry::new(case, Vec::new())
}

fn put(writer: &IndexWriter, cases: &[(&str, &str)]) {
    let entries = cases.iter().map(|(name, text)| entry(name, SectionKind::Findings, text));
    writer.put(entries.collect()).unwrap();
    writer.commit().unwrap();
}

/// The names of the cases for which a filter is true.
fn found(snapshot: &Snapshot, filter: &str) -> Vec<String> {
    let filter = Filter::parse(filter, &snapshot.definition().fields).unwrap();
    let mut accept = snapshot.live();
    snapshot.keep_matching(&filter, &mut accept, &|| false).unwrap();
    let places = snapshot.by_date("none", &accept).unwrap();
    places.map(|place| snapshot.case(place.unwrap()).unwrap().id.as_str().to_owned()).collect()
}

fn fingerprint(snapshot: &Snapshot) -> String {
    snapshot.reader().lexicon().fingerprint().to_owned()
}

#[test]
fn a_finding_is_present_absent_or_uncertain_and_unknown_without_a_report() {
    let (_, writer) = index(&definition(&[("label", FieldKind::Keyword)], ""));
    put(
        &writer,
        &[
            ("effusion", "No pneumothorax. Small left pleural effusion."),
            ("maybe", "Possible pneumothorax. No pleural effusion."),
            ("other", "Cardiomegaly."),
            ("nothing", ""),
        ],
    );
    put(&writer, &[("both", "Left pleural effusion. No right pleural effusion.")]);
    let indication = entry("asked", SectionKind::Indication, "Pleural effusion.");
    writer.put(vec![indication]).unwrap();
    let merged = writer.merge_all(&go_on).unwrap();
    for snapshot in [writer.snapshot(), merged] {
        let check = |filter: &str, names: &[&str]| assert_eq!(found(&snapshot, filter), names, "{filter}");
        check("finding:pleural-effusion", &["effusion", "both"]);
        check("finding.absent:pleural-effusion", &["maybe"]);
        check("finding.absent:pneumothorax", &["effusion"]);
        check("finding.uncertain:pneumothorax", &["maybe"]);
        check("finding:pneumothorax", &[]);
        // A report that does not name it does not say that it is there; without a report nobody knows.
        check("NOT finding:pneumothorax", &["effusion", "maybe", "other", "both", "asked"]);
        check("NOT finding.absent:pneumothorax", &["maybe", "other", "both", "asked"]);
        check("NOT finding:no-such-finding", &["effusion", "maybe", "other", "both", "asked"]);
        // What was asked about is no finding.
        check("finding:* AND NOT finding:cardiomegaly", &["effusion", "both"]);
        check("NOT finding:*", &["maybe", "asked"]);
        check("finding:cardiomegaly OR finding:pleural-effusion", &["effusion", "other", "both"]);
        check(
            "finding:cardiomegaly OR label:any",
            &["effusion", "maybe", "other", "nothing", "both", "asked"],
        );
        check("finding:\"*effusion\"", &["effusion", "both"]);
        check("NOT finding.absent:\"pneumo*\"", &["maybe", "other", "both", "asked"]);
        check("finding.historical:* OR finding.hypothetical:* OR finding.other_person:*", &[]);
    }
}

#[test]
fn a_replaced_or_deleted_report_says_nothing_more() {
    let (_, writer) = index(&definition(&[], ""));
    put(&writer, &[("a", "Pneumothorax."), ("b", "Pneumothorax."), ("c", "Pneumothorax.")]);
    put(&writer, &[("a", "No pneumothorax.")]);
    writer.delete(&[CaseId::new("b").unwrap()]).unwrap();
    writer.commit().unwrap();
    assert_eq!(found(&writer.snapshot(), "finding:pneumothorax"), ["c"]);
    assert_eq!(found(&writer.snapshot(), "finding.absent:pneumothorax"), ["a"]);
    let merged = writer.merge_all(&go_on).unwrap();
    assert_eq!(found(&merged, "finding:pneumothorax"), ["c"]);
    assert_eq!(found(&merged, "finding.absent:pneumothorax"), ["a"]);
}

#[test]
fn a_sites_findings_are_kept_with_the_index() {
    let (storage, writer) = index(&definition(&[], SHUNT));
    put(&writer, &[("a", "Rasmussen shunt in place. No pneumothorax."), ("b", "Clear lungs.")]);
    drop(writer);
    let reader = IndexReader::open(Arc::new(storage.clone())).unwrap();
    for snapshot in [open(&storage).snapshot(), reader.snapshot()] {
        assert_eq!(snapshot.definition().lexicon, LexiconFile::from_toml(SHUNT).unwrap());
        assert_eq!(found(&snapshot, "finding:rasmussen-shunt"), ["a"]);
        assert_eq!(
            found(&snapshot, "finding.absent:pneumothorax"),
            ["a"],
            "beside those of the bundled lexicon"
        );
        assert_eq!(snapshot.stale(), Stale::default());
        assert_ne!(fingerprint(&snapshot), Lexicon::bundled().fingerprint());
        assert_eq!(snapshot.segment_stats()[0].lexicon, Some(fingerprint(&snapshot)));
    }
    assert!(verify(&storage, &|_, _| {}).unwrap().damages.is_empty());
}

#[test]
fn one_reader_serves_generation_after_generation() {
    let (_, writer) = index(&definition(&[], SHUNT));
    let before = writer.snapshot();
    put(&writer, &[("a", "Clear lungs.")]);
    assert!(Arc::ptr_eq(before.reader(), writer.snapshot().reader()));
    assert!(Arc::ptr_eq(before.reader(), writer.merge_all(&go_on).unwrap().reader()));
}

#[test]
fn a_merge_reads_anew_what_another_lexicon_read() {
    let (storage, writer) = index(&definition(&[], ""));
    put(&writer, &[("a", "Rasmussen shunt in place."), ("b", "No Rasmussen shunt."), ("c", "")]);
    writer.delete(&[CaseId::new("c").unwrap()]).unwrap();
    writer.merge_all(&go_on).unwrap();
    drop(writer);
    rewrite(&storage, |manifest| {
        let toml = definition(&[], SHUNT).to_toml().unwrap();
        manifest["definition"] = toml.into();
    });
    let writer = open(&storage);
    put(&writer, &[("d", "Rasmussen shunt.")]);
    let snapshot = writer.snapshot();
    assert_eq!(snapshot.stale(), Stale { cases: 2, segments: 1 });
    assert_eq!(found(&snapshot, "finding:rasmussen-shunt"), ["d"], "the old segment does not know it yet");
    assert_eq!(snapshot.segment_stats()[0].lexicon.as_deref(), Some(Lexicon::bundled().fingerprint()));

    let merged = writer.merge_all(&go_on).unwrap();
    assert_eq!((merged.stale(), merged.segments()), (Stale::default(), 1));
    assert_eq!(found(&merged, "finding:rasmussen-shunt"), ["a", "d"]);
    assert_eq!(found(&merged, "finding.absent:rasmussen-shunt"), ["b"]);
    assert_eq!(merged.segment_stats()[0].lexicon, Some(fingerprint(&merged)));
}

#[test]
fn a_single_segment_is_written_anew_only_when_it_is_stale() {
    let (storage, writer) = index(&definition(&[], ""));
    put(&writer, &[("a", "Rasmussen shunt in place.")]);
    let first = writer.merge_all(&go_on).unwrap();
    assert_eq!(writer.merge_all(&go_on).unwrap().generation(), first.generation(), "nothing was to be done");
    assert!(!writer.merge_some(&go_on).unwrap());
    drop(writer);
    rewrite(&storage, |manifest| manifest["definition"] = definition(&[], SHUNT).to_toml().unwrap().into());
    let writer = open(&storage);
    assert_eq!(writer.snapshot().stale(), Stale { cases: 1, segments: 1 });
    let merged = writer.merge_all(&go_on).unwrap();
    assert_eq!((merged.stale(), merged.segments()), (Stale::default(), 1));
    assert_ne!(merged.segment_stats()[0].id, first.segment_stats()[0].id);
    assert_eq!(found(&merged, "finding:rasmussen-shunt"), ["a"]);
    assert_eq!(writer.merge_all(&go_on).unwrap().generation(), merged.generation());
    assert!(verify(&storage, &|_, _| {}).unwrap().damages.is_empty());
}

#[test]
fn a_merge_that_stops_leaves_the_old_reading() {
    let (storage, writer) = index(&definition(&[], ""));
    put(&writer, &[("a", "Rasmussen shunt in place.")]);
    drop(writer);
    rewrite(&storage, |manifest| manifest["definition"] = definition(&[], SHUNT).to_toml().unwrap().into());
    let writer = open(&storage);
    assert!(matches!(writer.merge_all(&|_, _, _| false), Err(IndexError::Stopped)));
    assert_eq!(writer.snapshot().stale(), Stale { cases: 1, segments: 1 });
    assert!(found(&writer.snapshot(), "finding:rasmussen-shunt").is_empty());
}

#[test]
fn an_entry_that_cannot_be_makes_no_index_and_is_named() {
    let storage = FaultStorage::new();
    let mut bad = definition(&[], SHUNT);
    bad.lexicon.findings[0].id = "Rasmussen".to_owned();
    let error = IndexWriter::create(&storage, &bad).unwrap_err().to_string();
    assert!(error.contains("lexicon is refused") && error.contains("finding Rasmussen"), "{error}");
    assert!(storage.list("").unwrap().is_empty(), "nothing was written");

    let storage = fresh();
    rewrite(&storage, |manifest| manifest["definition"] = bad.to_toml().unwrap().into());
    let error = IndexReader::open(Arc::new(storage)).unwrap_err().to_string();
    assert!(error.contains("lexicon is refused") && error.contains("finding Rasmussen"), "{error}");
}

#[test]
fn an_old_index_keeps_its_own_field_called_finding() {
    let own = definition(&[("finding", FieldKind::Keywords)], "");
    let storage = FaultStorage::new();
    let error = IndexWriter::create(&storage, &own).unwrap_err().to_string();
    assert!(error.contains("finding is a name with a meaning of its own"), "{error}");

    IndexWriter::create(&storage, &definition(&[], "")).unwrap();
    rewrite(&storage, |manifest| manifest["definition"] = own.to_toml().unwrap().into());
    let writer = open(&storage);
    let mut labelled = entry("a", SectionKind::Findings, "No pneumothorax.");
    labelled.case.fields = [("finding".to_owned(), vec![FieldValue::Keyword("Covid-19".to_owned())])].into();
    writer.put(vec![labelled, entry("b", SectionKind::Findings, "Pneumothorax.")]).unwrap();
    writer.commit().unwrap();
    let snapshot = writer.snapshot();
    assert_eq!(found(&snapshot, "finding:covid-19"), ["a"]);
    assert_eq!(found(&snapshot, "NOT finding:*"), ["b"], "a missing label is no unknown report");
    assert!(found(&snapshot, "finding:pneumothorax").is_empty());
    assert_eq!(found(&snapshot, "finding.absent:pneumothorax"), ["a"], "the others are there all the same");
}

/// The golden index of format 1: its segments were read by nobody.
#[test]
fn an_index_of_format_1_knows_no_findings_until_it_is_merged() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/v1/index");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("index");
    copy(&golden, &root);
    let storage = Arc::new(DiskStorage::open(&root).unwrap());
    assert!(verify(storage.as_ref(), &|_, _| {}).unwrap().damages.is_empty());

    let writer = IndexWriter::open(storage.clone(), 1).unwrap();
    let snapshot = writer.snapshot();
    assert_eq!(snapshot.stale(), Stale { cases: 4, segments: 2 });
    assert!(snapshot.segment_stats().iter().all(|segment| segment.lexicon.is_none()));
    for filter in ["finding:pleural-effusion", "NOT finding:pleural-effusion", "finding:*", "NOT finding:*"] {
        assert!(found(&snapshot, filter).is_empty(), "{filter} is unknown");
    }
    assert_eq!(found(&snapshot, "problems:normal"), ["A2"], "fields are as they were");

    let merged = writer.merge_all(&go_on).unwrap();
    assert_eq!((merged.stale(), merged.segments()), (Stale::default(), 1));
    assert_eq!(found(&merged, "finding:pleural-effusion"), ["A1"]);
    let absent = found(&merged, "finding.absent:pleural-effusion");
    assert!(absent.contains(&"A2".to_owned()) && !absent.contains(&"A1".to_owned()), "{absent:?}");
    assert!(!found(&merged, "NOT finding:pleural-effusion").contains(&"A1".to_owned()));
    assert!(verify(storage.as_ref(), &|_, _| {}).unwrap().damages.is_empty());
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}
