use super::*;
use crate::compression::tests::{gzip, zstd};
use precedent_model::{FieldKind, FieldValue, SectionKind};
use std::io::Write;

pub(crate) fn schema() -> FieldSchema {
    let fields = [
        ("study_date", FieldKind::Date),
        ("modality", FieldKind::Keyword),
        ("view", FieldKind::Keywords),
        ("sex", FieldKind::Keyword),
        ("age", FieldKind::Integer),
        ("kvp", FieldKind::Number),
        ("problems", FieldKind::Keywords),
        ("label", FieldKind::Keywords),
        ("mesh_major", FieldKind::Keywords),
    ];
    FieldSchema::new(fields.map(|(name, kind)| (name.to_owned(), kind))).unwrap()
}

pub(crate) fn file(extension: &str, bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(extension).tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.flush().unwrap();
    file
}

fn open(extension: &str, text: &str, map: &str) -> Result<Manifest, SourceError> {
    Manifest::open(file(extension, text.as_bytes()).path(), &ColumnMap::from_toml(map).unwrap(), &schema())
}

fn read(extension: &str, text: &str, map: &str) -> Vec<Result<Case, String>> {
    let rows = open(extension, text, map).unwrap().map(Result::unwrap);
    rows.map(|row| row.outcome.map_err(|rejection| rejection.to_string())).collect()
}

fn one(extension: &str, text: &str, map: &str) -> Case {
    let mut rows = read(extension, text, map);
    assert_eq!(rows.len(), 1);
    rows.remove(0).unwrap()
}

#[track_caller]
fn check_rejected(extension: &str, text: &str, says: &str) {
    let rows = read(extension, text, "");
    let error = rows.iter().find_map(|row| row.as_ref().err()).expect("a rejection");
    assert!(error.contains(says), "{error}");
    assert!(!error.contains("Jane"), "{error}");
}

#[track_caller]
fn check_refused(extension: &str, text: &str, map: &str, says: &str) {
    let error = open(extension, text, map).err().expect("an error").to_string();
    assert!(error.contains(says), "{error}");
    assert!(error.contains(extension), "the file is named: {error}");
}

fn keywords(case: &Case, field: &str) -> Vec<String> {
    let values = case.fields.get(field).map_or(&[][..], Vec::as_slice);
    let texts = values.iter().map(|value| match value {
        FieldValue::Keyword(text) => text.clone(),
        other => format!("{other:?}"),
    });
    texts.collect()
}

fn images(case: &Case) -> Vec<(&str, Option<&str>)> {
    case.images.iter().map(|image| (image.name.as_str(), image.view.as_deref())).collect()
}

#[test]
fn a_json_row_becomes_a_case() {
    let case = one(
        ".jsonl",
        r#"{"case_id": "CXR1", "patient_id": 17, "patient_id_issuer": "north", "study_date": "20190503", "age": 63.0,
            "kvp": 110.5, "sex": null, "view": ["PA", null], "images": ["a.png", "b.png"], "findings": " Clear. ",
            "impression": "", "report": "All of it.", "indication": "Cough", "labels": {"problems": ["normal"], "age": null}}"#
            .replace('\n', " ")
            .as_str(),
        "",
    );
    assert_eq!(case.id.as_str(), "CXR1");
    let patient = case.patient.as_ref().unwrap();
    assert_eq!((patient.id(), patient.issuer()), ("17", Some("north")));
    assert_eq!(images(&case), [("a.png", Some("PA")), ("b.png", None)]);
    let report = case.report.as_ref().unwrap();
    let kinds: Vec<SectionKind> = report.sections().iter().map(|section| section.kind).collect();
    assert_eq!(kinds, [SectionKind::Indication, SectionKind::Findings, SectionKind::Body]);
    assert_eq!(report.section(SectionKind::Findings), Some(" Clear. "), "byte for byte");
    assert_eq!(case.fields["age"], [FieldValue::Integer(63)]);
    assert_eq!(case.fields["kvp"], [FieldValue::Number(110.5)]);
    assert_eq!(keywords(&case, "problems"), ["normal"]);
    assert_eq!(keywords(&case, "view"), ["PA"]);
    assert!(!case.fields.contains_key("sex"));
}

#[test]
fn a_table_row_becomes_a_case() {
    let text = "\u{feff}case_id, sex ,age,findings\r\nCXR1,F,,\"Line one,\r\nline \"\"two\"\".\"\r\n";
    let case = one(".csv", text, "");
    assert_eq!(keywords(&case, "sex"), ["F"]);
    assert!(!case.fields.contains_key("age"));
    assert_eq!(case.report.unwrap().section(SectionKind::Findings), Some("Line one,\r\nline \"two\"."));
    assert_eq!(keywords(&one(".TSV", "case_id\tsex\na,b\tF\n", ""), "sex"), ["F"]);
}

#[test]
fn a_map_renames_splits_labels_and_fills_in() {
    let map = r#"
        [columns]
        case_id = "file"
        images = { column = "file", split = ";" }
        view = { column = "Position", split = ";" }
        report = "notes"
        [labels]
        label = { column = "diagnosis", split = "," }
        [constants]
        modality = "DX"
        age = 60
    "#;
    let text =
        "file,Position,view,diagnosis,notes,modality\na.png;b.png,PA;L,x,\"COVID-19, ARDS,\",Worse.,CR\n";
    let case = one(".csv", text, map);
    assert_eq!(case.id.as_str(), "a.png;b.png");
    assert_eq!(images(&case), [("a.png", Some("PA")), ("b.png", Some("L"))]);
    assert_eq!(keywords(&case, "view"), ["PA", "L"], "the column of that name is not meant");
    assert_eq!(keywords(&case, "label"), ["COVID-19", "ARDS"]);
    assert_eq!(keywords(&case, "modality"), ["DX"]);
    assert_eq!(case.fields["age"], [FieldValue::Integer(60)]);
    assert_eq!(case.report.unwrap().section(SectionKind::Body), Some("Worse."));

    let mut manifest = open(".csv", text, map).unwrap();
    assert!(manifest.warnings().is_empty());
    manifest.by_ref().for_each(drop);
    assert_eq!(manifest.ignored_columns(), ["view", "modality"]);
}

#[test]
fn views_go_to_images_one_for_all_or_one_each() {
    let row = |rest: &str| one(".jsonl", &format!("{{\"case_id\": \"a\", {rest}}}"), "");
    assert_eq!(images(&row(r#""images": ["a", "b"], "view": "PA""#)), [("a", Some("PA")), ("b", Some("PA"))]);
    assert_eq!(images(&row(r#""images": ["a", "b"], "view": ["PA", ""]"#)), [("a", Some("PA")), ("b", None)]);
    assert_eq!(images(&row(r#""images": "a", "view": ["PA", null, null]"#)), [("a", Some("PA"))]);
    assert_eq!(images(&row(r#""view": "PA""#)), [("", Some("PA"))]);
    assert_eq!(images(&row(r#""view": ["PA", "L"]"#)), []);
    assert_eq!(images(&row(r#""images": ["a", "b"]"#)), [("a", None), ("b", None)]);
    check_rejected(
        ".jsonl",
        r#"{"case_id": "a", "images": ["a", "b", "c"], "view": ["PA", "L"]}"#,
        "view: has 2 entries for 3 images; give one for all or one for each",
    );
    let many = vec!["\"i\""; 65].join(",");
    check_rejected(
        ".jsonl",
        &format!("{{\"case_id\": \"a\", \"images\": [{many}]}}"),
        "images: has 65 entries",
    );
}

#[test]
fn a_bad_row_is_rejected_and_reading_goes_on() {
    let long = format!("{{\"case_id\": \"c\", \"findings\": \"{}\"}}", "x".repeat(10 << 20));
    let text =
        format!("{{\"case_id\": \"Jane\", \n\n{long}\n{{\"findings\": \"Jane\"}}\n{{\"case_id\": \"d\"}}\n");
    let mut manifest = open(".jsonl", &text, "").unwrap();
    let rows: Vec<Row> = manifest.by_ref().map(Result::unwrap).collect();
    let places: Vec<(u64, u64)> = rows.iter().map(|row| (row.number, row.line)).collect();
    assert_eq!(places, [(1, 1), (2, 3), (3, 4), (4, 5)]);
    let rejections: Vec<&Rejection> = rows.iter().filter_map(|row| row.outcome.as_ref().err()).collect();
    assert_eq!(rejections.iter().map(|rejection| rejection.row).collect::<Vec<_>>(), [1, 2, 3]);
    let says = rejections.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for part in ["broken JSON at column", "the limit is 4194304", "row 3 (line 4): case_id: is missing"] {
        assert!(says.contains(part), "{says}");
    }
    let line = serde_json::to_string(rejections[2]).unwrap();
    assert!(
        line.starts_with(r#"{"row":3,"line":4,"field":"case_id","problem":"is missing","remedy":"#),
        "{line}"
    );
    assert!(!says.contains("Jane") && !line.contains('\n'));
    assert_eq!(manifest.progress(), (text.len() as u64, text.len() as u64));
}

#[test]
fn what_no_case_can_hold_is_rejected_by_field() {
    check_rejected(".jsonl", r#"{"case_id": "Jane", "age": NaN}"#, "write null");
    check_rejected(".jsonl", r#"{"case_id": ["Jane"]}"#, "case_id: is a list");
    check_rejected(".jsonl", r#"{"case_id": 184467440737095516160}"#, "case_id: is a number of which digits");
    check_rejected(".jsonl", r#"{"case_id": "a", "findings": {"Jane": 1}}"#, "findings: is an object");
    check_rejected(".jsonl", r#"{"case_id": "a", "labels": "Jane"}"#, "labels: is no object");
    check_rejected(".csv", "case_id,findings\nnan,Clear.\n", "case_id: is missing");
    check_rejected(
        ".jsonl",
        r#"{"case_id": "a", "patient_id": "Jane\u0007"}"#,
        "patient_id: holds a control",
    );
    check_rejected(".jsonl", r#"{"case_id": "a", "labels": {"age": 1, "age": 2}}"#, "age: is there twice");
    check_rejected(".jsonl", r#"{"case_id": "a", "case_id": "b"}"#, "case_id: is there twice");
    check_rejected(".csv", "case_id,findings\nJane,b,c,d\n", "row: has 4 cells, but the header has 2");
    check_rejected(".csv", "case_id,findings\nJane\n", "row: has 1 cells");
    let report = "opacity ".repeat((1 << 20) / 8 + 1);
    check_rejected(
        ".csv",
        &format!("case_id,report\na,{report}\n"),
        "report: has 1048584 bytes, the limit is 1048576",
    );
}

#[test]
fn wrong_encoding_spoils_one_row() {
    let file = file(".csv", b"case_id,sex\nJos\xe9,M\nb,F\n");
    let manifest = Manifest::open(file.path(), &ColumnMap::default(), &schema()).unwrap();
    let rows: Vec<Row> = manifest.map(Result::unwrap).collect();
    let error = rows[0].outcome.as_ref().unwrap_err().to_string();
    assert!(error.contains("row 1 (line 2): row: is not UTF-8 at byte 15 of the file"), "{error}");
    assert_eq!(rows[1].outcome.as_ref().unwrap().id.as_str(), "b");
}

/// The case of the second row, and what is said of the field that was left out of it.
#[track_caller]
fn check_dropped(extension: &str, text: &str, map: &str, says: &str) -> Case {
    let rows: Vec<Row> = open(extension, text, map).unwrap().map(Result::unwrap).collect();
    let row = rows.last().unwrap();
    let said: Vec<String> = row.dropped.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with(&format!("row {} (line {}): ", row.number, row.line)), "{said:?}");
    assert!(said[0].contains(says) && !said[0].contains("Jane"), "{said:?}");
    row.outcome.as_ref().unwrap().clone()
}

#[test]
fn a_field_that_cannot_be_read_is_left_out_and_the_row_is_kept() {
    let case = check_dropped(".csv", "case_id,age,sex\na,63,F\nb,Jane,F\n", "", "age: is not a whole number");
    assert_eq!((case.id.as_str(), keywords(&case, "sex").len(), case.fields.len()), ("b", 1, 1));
    check_dropped(".csv", "case_id,study_date\na,Jane\n", "", "study_date: is not a date; write it as 2019");
    check_dropped(".csv", "case_id,kvp\na,inf\n", "", "kvp: is not a finite number");
    check_dropped(".jsonl", r#"{"case_id": "a", "sex": ["Jane", "M"]}"#, "", "sex: has 2 values");
    check_dropped(".jsonl", r#"{"case_id": "a", "sex": {"Jane": 1}}"#, "", "sex: is an object");
    let labels = r#"{"case_id": "a", "labels": {"age": "Jane"}}"#;
    check_dropped(".jsonl", labels, "", "not a whole number (column labels.age)");
    let map = "[columns]\nage = \"years\"";
    check_dropped(".csv", "case_id,years\na,old\n", map, "age: is not a whole number (column years)");
}

#[test]
fn what_programs_write_for_nothing_is_a_missing_value() {
    for nothing in ["nan", "NaN", " NAN ", "-nan", "NaT", "NULL", "<NA>", "#N/A", ""] {
        let text = format!(
            "case_id,age,study_date,sex,view,images,findings\na,{nothing},{nothing},{nothing},{nothing},{nothing},{nothing}\n"
        );
        let mut manifest = open(".csv", &text, "").unwrap();
        let row = manifest.next().unwrap().unwrap();
        let case = row.outcome.unwrap();
        assert!(row.dropped.is_empty() && case.fields.is_empty(), "{nothing}");
        assert!(case.report.is_none() && case.images.is_empty(), "{nothing}");
    }
    let case = one(".jsonl", r#"{"case_id": "a", "problems": ["nan", "edema"], "comparison": "None."}"#, "");
    assert_eq!(keywords(&case, "problems"), ["edema"]);
    assert_eq!(case.report.unwrap().section(SectionKind::Comparison), Some("None."));
    let patient = one(".csv", "case_id,patient_id\na,nan\n", "").patient.unwrap();
    assert_eq!(patient.id(), "nan", "which ids are nobody's, the index says");
}

#[test]
fn reports_alone_are_read_by_a_map_of_any_index() {
    let map =
        "[columns]\nweight = \"kg\"\nfindings = \"text\"\n[labels]\nmesh = \"m\"\n[constants]\nsite = \"x\"";
    let map = ColumnMap::from_toml(map).unwrap().for_reports();
    let file = file(".csv", b"case_id,kg,text,m\na,70,Clear.,x\n");
    let mut manifest = Manifest::open(file.path(), &map, &FieldSchema::default()).unwrap();
    assert!(manifest.warnings().is_empty());
    let case = manifest.next().unwrap().unwrap().outcome.unwrap();
    assert_eq!((case.report.unwrap().section(SectionKind::Findings), case.fields.len()), (Some("Clear."), 0));
}

#[test]
fn a_map_names_how_dates_are_written() {
    let map = "date_format = [\"%d.%m.%Y\", \"%B %Y\"]\n[columns]\nstudy_date = \"when\"";
    let date = |text: &str| {
        let case = one(".csv", &format!("case_id,when\na,\"{text}\"\n"), map);
        case.fields.get("study_date").map(|values| format!("{values:?}"))
    };
    assert_eq!(date("03.05.2019").as_deref(), Some("[Date(2019-05-03)]"));
    assert_eq!(date("May 2019").as_deref(), Some("[Date(2019-05)]"));
    assert_eq!(date("nan"), None);
    let says =
        "study_date: is no date of the form %d.%m.%Y or %B %Y (column when); add its form to date_format";
    check_dropped(".csv", "case_id,when\na,2019-05-03\n", map, says);
    let own =
        "date_format = \"%Y\"\n[columns]\nstudy_date = { column = \"when\", date_format = \"%m/%d/%y\" }";
    let case = one(".csv", "case_id,when\na,11/27/19\n", own);
    assert_eq!(format!("{:?}", case.fields["study_date"]), "[Date(2019-11-27)]");
    let labels = one(
        ".jsonl",
        r#"{"case_id": "a", "labels": {"study_date": "03.05.2019"}}"#,
        "date_format = \"%d.%m.%Y\"",
    );
    assert_eq!(format!("{:?}", labels.fields["study_date"]), "[Date(2019-05-03)]");
}

#[test]
fn lines_that_end_in_a_carriage_return_alone_are_rows() {
    let cases = |extension: &str, text: &str| -> Vec<String> {
        read(extension, text, "").into_iter().map(|case| case.unwrap().id.as_str().to_owned()).collect()
    };
    assert_eq!(cases(".csv", "case_id,sex\ra,F\rb,M\r"), ["a", "b"]);
    assert_eq!(cases(".tsv", "case_id\tsex\ra\tF\rb\tM"), ["a", "b"]);
    assert_eq!(cases(".jsonl", "{\"case_id\": \"a\"}\r{\"case_id\": \"b\"}\r"), ["a", "b"]);
    let case = one(".csv", "case_id,findings\ra,\"Clear.\rNo effusion.\"\r", "");
    assert_eq!(case.report.unwrap().section(SectionKind::Findings), Some("Clear.\rNo effusion."));
}

#[test]
fn ignored_columns_are_listed_once() {
    let text =
        "{\"case_id\": \"a\", \"x\": 1, \"labels\": {\"y\": 2}}\n{\"case_id\": \"b\", \"x\": 1, \"z\": 1}\n";
    let mut manifest = open(".jsonl", text, "").unwrap();
    manifest.by_ref().for_each(drop);
    assert_eq!(manifest.ignored_columns(), ["x", "labels.y", "z"]);
}

#[test]
fn a_map_that_does_not_fit_is_known_before_the_first_row() {
    let json = "{\"case_id\": \"a\", \"sex\": \"M\"}\n";
    let table = "case_id,sex\na,M\n";
    for (extension, text) in [(".jsonl", json), (".csv", table)] {
        for target in ["case_id", "patient_id", "patient_id_issuer"] {
            let map = format!("[columns]\n{target} = \"uid\"");
            check_refused(
                extension,
                text,
                &map,
                &format!("takes {target} from column uid, which no row has"),
            );
        }
        let map = "[columns]\nage = \"years\"\n[labels]\nmesh = { column = \"m\", optional = true }";
        let warnings = open(extension, text, map).unwrap().warnings().join("\n");
        assert!(warnings.contains("takes age from column years") && !warnings.contains("mesh"), "{warnings}");
        for map in ["[columns]\nweight = \"kg\"", "[labels]\nweight = \"kg\"", "[constants]\nweight = \"x\""]
        {
            let says = "cannot be mapped: weight is filled by the map and is no column or field of this index; name one of \
                        case_id, patient_id";
            check_refused(extension, text, map, says);
        }
        check_refused(
            extension,
            text,
            "[constants]\nage = \"old\"",
            "cannot be mapped: age is not a whole number",
        );
        let last = open(extension, &format!("{text}{}", ""), "[columns]\nsex = \"sex\"").unwrap();
        assert!(last.warnings().is_empty());
    }
    let map = "[columns]\ncase_id = \"caseid\"\nage = \"yaers\"";
    for (extension, text) in
        [(".jsonl", "{\"case id\": \"a\", \"years\": 3}\n"), (".csv", "case id,years\na,3\n")]
    {
        check_refused(extension, text, map, "correct the name in the map; did you mean case id?");
        let said = open(extension, text, &map.replace("caseid", "case id")).unwrap().warnings().join("");
        assert!(said.ends_with("column yaers, which no row has; did you mean years?"), "{said}");
    }
    check_refused(".csv", "caseid,age\na,3\n", "", "in a map; is it caseid?");
    // A column that only the last row has is not missing, and nothing was lost by looking for it.
    let rows = read(
        ".jsonl",
        "{\"uid\": \"a\"}\n{\"uid\": \"b\", \"years\": 3}\n",
        "[columns]\ncase_id = \"uid\"\nage = \"years\"",
    );
    assert_eq!(rows.len(), 2);
    assert!(open(".jsonl", "", "[columns]\ncase_id = \"uid\"").unwrap().next().is_none());
}

#[test]
fn files_that_are_no_manifest_are_refused() {
    check_refused(".docx", "x", "", "name it .jsonl, .ndjson, .csv or .tsv");
    check_refused(".csv", "", "", "is empty; begin with a header");
    check_refused(".csv", "case_id,findings,findings\na,b,c\n", "", "has the column findings twice");
    check_refused(".csv", "id,findings\na,b\n", "", "has no column case_id; add the column, or name the one");
    check_refused(".csv", "case_id;findings\na;b\n", "", "save it with commas");
    check_refused(
        ".csv",
        "\"case_id,findings\na,b\n",
        "",
        "has a header that has a quotation mark that is never closed",
    );
    let utf16 = file(".csv", b"\xff\xfec\0a\0");
    let error = Manifest::open(utf16.path(), &ColumnMap::default(), &schema()).err().unwrap().to_string();
    assert!(error.contains("is UTF-16; save the manifest as UTF-8"), "{error}");
    let error = Manifest::open("no/such.jsonl", &ColumnMap::default(), &schema()).err().unwrap().to_string();
    assert!(error.contains("no/such.jsonl cannot be opened"), "{error}");
    let folder = tempfile::Builder::new().suffix(".csv").tempdir().unwrap();
    let error = Manifest::open(folder.path(), &ColumnMap::default(), &schema()).err().unwrap().to_string();
    assert!(error.contains("is a folder without a .txt file"), "{error}");
    check_refused(".csv.gz", "case_id\n", "", "is not compressed as its name says");
    check_refused(".txt.gz", "case_id\n", "", "name it .jsonl, .ndjson, .csv or .tsv");
    let packed = file(".csv", &gzip("case_id\na\n"));
    let error = Manifest::open(packed.path(), &ColumnMap::default(), &schema()).err().unwrap().to_string();
    assert!(error.contains("is compressed; put .gz behind its name"), "{error}");
}

#[test]
fn compressed_manifests_are_read_as_what_they_were() {
    let map = ColumnMap::from_toml("[columns]\nage = \"years\"").unwrap();
    let tables = "case_id,years\na,3\nb,4\n";
    let objects = "{\"case_id\": \"a\", \"years\": 3}\n{\"case_id\": \"b\"}\n";
    for (extension, bytes) in [
        (".csv.gz", gzip(tables)),
        (".CSV.GZ", gzip(tables)),
        (".csv.zst", zstd(tables)),
        (".tsv.zstd", zstd(&tables.replace(',', "\t"))),
        (".jsonl.gz", gzip(objects)),
        (".ndjson.zst", zstd(objects)),
    ] {
        let file = file(extension, &bytes);
        let mut manifest = Manifest::open(file.path(), &map, &schema()).unwrap();
        assert!(manifest.warnings().is_empty());
        let read: Vec<String> =
            manifest.by_ref().map(|row| row.unwrap().outcome.unwrap().id.into_string()).collect();
        assert_eq!(read, ["a", "b"], "{extension}");
        assert_eq!(manifest.progress(), (bytes.len() as u64, bytes.len() as u64), "{extension}");
    }
    let cut = gzip(&tables.repeat(9000));
    let cut = file(".csv.gz", &cut[..cut.len() - 9]);
    let error = Manifest::open(cut.path(), &map, &schema()).err().unwrap().to_string();
    assert!(error.contains("is cut short or damaged"), "before the first row: {error}");
    let mut damaged = gzip(tables);
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    let error = Source::copy_of(damaged.as_slice(), Path::new("standard input")).unwrap_err().to_string();
    assert!(error.contains("standard input is cut short or damaged"), "{error}");
}

#[test]
fn standard_input_is_told_by_what_stands_in_it_and_read_more_than_once() {
    let map = ColumnMap::from_toml("[columns]\nage = \"years\"").unwrap();
    let objects = "\u{feff}\n{\"case_id\": \"a\", \"years\": 3}\n";
    for bytes in [
        b"case_id,years\na,3\n".to_vec(),
        b"years\tcase_id\n3\ta\n".to_vec(),
        objects.as_bytes().to_vec(),
        gzip(objects),
        zstd("case_id,years\na,3\n"),
    ] {
        let source = Source::copy_of(bytes.as_slice(), Path::new("standard input")).unwrap();
        let open = || Manifest::of(&source, &map, &schema()).unwrap();
        // Two readers at a time do not disturb one another.
        let (mut one, mut two) = (open(), open());
        let (first, second) = (one.next().unwrap().unwrap(), two.next().unwrap().unwrap());
        for row in [first, second] {
            assert_eq!(row.outcome.unwrap().fields["age"], [FieldValue::Integer(3)]);
        }
        assert!(one.next().is_none() && two.next().is_none());
    }
    let error =
        Manifest::of(&Source::copy_of(&b""[..], Path::new("standard input")).unwrap(), &map, &schema());
    assert!(error.err().unwrap().to_string().contains("standard input is empty"));
}

#[test]
fn a_folder_of_reports_is_a_case_per_file() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file =
            std::fs::OpenOptions::new().create(true).truncate(true).write(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    };
    put("2019/b.txt", b"\xef\xbb\xbfFINDINGS: Clear.\n");
    put("a.TXT", b"No pneumothorax.");
    put(".hidden.txt", b"x");
    put("README.md", b"x");
    let map = ColumnMap::from_toml("[constants]\nmodality = \"DX\"").unwrap();
    let manifest = Manifest::open(folder.path(), &map, &schema()).unwrap();
    let said = manifest.warnings().join("\n");
    assert!(said.contains("holds 1 file that is no .txt and passed over"), "{said}");
    assert_eq!(manifest.progress(), (0, 2));
    let rows: Vec<Row> = manifest.map(Result::unwrap).collect();
    assert_eq!(rows[1].file.as_deref(), Some(folder.path().join("a.TXT").as_path()));
    let cases: Vec<Case> = rows.into_iter().map(|row| row.outcome.unwrap()).collect();
    let text = |case: &Case| case.report.as_ref().unwrap().section(SectionKind::Body).unwrap().to_owned();
    assert_eq!((cases[0].id.as_str(), text(&cases[0]).as_str()), ("b", "FINDINGS: Clear.\n"));
    assert_eq!((cases[1].id.as_str(), text(&cases[1]).as_str()), ("a", "No pneumothorax."));
    assert_eq!(keywords(&cases[0], "modality"), ["DX"]);

    put("2020/b.txt", b"Of the same name.");
    put("latin.txt", b"Gr\xf6\xdfe");
    let wrong: Vec<String> = Manifest::open(folder.path(), &map, &schema())
        .unwrap()
        .filter_map(|row| row.unwrap().outcome.err().map(|error| error.to_string()))
        .collect();
    assert!(wrong[0].contains("case_id: is the name of an earlier file"), "{wrong:?}");
    assert!(wrong[1].contains("is not UTF-8 at byte 2"), "{wrong:?}");
    assert_eq!(wrong.len(), 2);
}

#[test]
fn images_and_sections_may_be_objects() {
    let row = r#"{"case_id": "a", "images": [{"name": "x.png", "view": "PA", "embedding_row": 2}, {"embedding_row": null}, {}],
        "sections": [{"section": "impression", "text": "Clear."}, {"section": "findings", "text": "nan"}],
        "fields": {"problems": ["nan", "x"], "age": 3}}"#
        .replace('\n', " ");
    let mut manifest = open(".jsonl", &row, "").unwrap();
    let read = manifest.next().unwrap().unwrap();
    assert_eq!(read.embedding_rows, Some(vec![Some(2), None, None]));
    let case = read.outcome.unwrap();
    assert_eq!(images(&case), [("x.png", Some("PA")), ("", None), ("", None)]);
    assert_eq!(keywords(&case, "problems"), ["nan", "x"]);
    let kinds: Vec<SectionKind> =
        case.report.unwrap().sections().iter().map(|section| section.kind).collect();
    assert_eq!(kinds, [SectionKind::Impression, SectionKind::Findings]);
    // Views of a column go to images that have none of their own.
    let case = one(
        ".jsonl",
        r#"{"case_id": "a", "view": ["PA", "LATERAL"], "images": [{"view": "AP"}, {"name": "y"}]}"#,
        "",
    );
    assert_eq!(images(&case), [("", Some("AP")), ("y", Some("LATERAL"))]);
    for (row, says) in [
        (r#""images": [{"nam": "Jane"}]"#, "images[0].nam: is no key of an image"),
        (r#""images": [{"embedding_row": -1}]"#, "images[0].embedding_row: is no number of a row"),
        (r#""images": [{"name": "a", "name": "b"}]"#, "name: is there twice"),
        (r#""images": ["a", {"name": "b"}]"#, "holds an object in a list"),
        (r#""sections": [{"section": "summary", "text": "Jane"}]"#, "sections[0].section: names no section"),
        (r#""sections": "Jane""#, "sections: is no list of objects"),
        (r#""sections": [{"section": "body", "text": "x"}], "findings": "Jane""#, "given beside a column"),
        (r#""fields": ["Jane"]"#, "fields: is no object"),
    ] {
        check_rejected(".jsonl", &format!("{{\"case_id\": \"a\", {row}}}\n"), says);
    }
}

#[test]
fn unnamed_columns_are_ignored() {
    let mut manifest = open(".csv", ",case_id,\n0,a,\n", "").unwrap();
    assert!(manifest.next().unwrap().unwrap().outcome.is_ok());
    assert_eq!(manifest.ignored_columns(), ["1 (no name)", "3 (no name)"]);
}

/// The two public manifests with the maps that come with the product.
#[test]
fn public_manifests_are_read_without_a_rejection() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data =
        std::env::var_os("PRECEDENT_DATA").map_or_else(|| workspace.join("../shared/data"), PathBuf::from);
    let load = |manifest: &str, map: &str| {
        let path = data.join(manifest);
        if !path.exists() {
            println!("skipped: {} is not there", path.display());
            return None;
        }
        let map = ColumnMap::open(workspace.join("index/maps").join(map)).unwrap();
        let manifest = Manifest::open(&path, &map, &schema()).unwrap();
        assert_eq!(manifest.warnings(), [""; 0]);
        let cases: Result<Vec<Case>, String> =
            manifest.map(|row| row.unwrap().outcome.map_err(|rejection| rejection.to_string())).collect();
        Some(cases.unwrap())
    };
    if let Some(cases) = load("openi/reports.jsonl", "openi.toml") {
        assert_eq!(cases.len(), 3196);
        let with_problems = cases.iter().filter(|case| case.fields.contains_key("problems")).count();
        assert_eq!(with_problems, 3110);
        assert!(cases.iter().all(|case| case.fields.contains_key("study_date") && case.patient.is_none()));
        assert!(cases.iter().all(|case| case.fields.contains_key("mesh_major")));
    }
    if let Some(cases) = load("covid_cxr/manifest.csv", "covid_cxr.toml") {
        assert_eq!(cases.len(), 323);
        assert_eq!(cases.iter().filter(|case| case.report.is_some()).count(), 142);
        assert!(cases.iter().all(|case| case.patient.is_some() && case.images.len() == 1));
        assert!(cases.iter().all(|case| case.images[0].view.is_some()));
        let both = cases.iter().filter(|case| keywords(case, "label") == ["COVID-19", "ARDS"]).count();
        assert_eq!(both, 9);
    }
}
