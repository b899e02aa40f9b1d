//! Parquet files: of other programs, in `tests/parquet`, and written here value by value.

use super::tests::{file, schema};
use super::*;
use ::parquet::basic::{Compression, GzipLevel};
use ::parquet::data_type::{
    ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType,
    Int32Type, Int64Type,
};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::parser::parse_message_type;
use precedent_model::{FieldValue, SectionKind};

type Group<'a> = SerializedRowGroupWriter<'a, Vec<u8>>;
type Write<'a> = &'a dyn Fn(&mut Group<'_>);

/// A file of some row groups. Definition levels say which values are there, repetition levels which begin a row.
fn written_in_groups(schema: &str, properties: WriterProperties, groups: &[&[Write<'_>]]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    for columns in groups {
        let mut group = writer.next_row_group().unwrap();
        columns.iter().for_each(|column| column(&mut group));
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

fn written(schema: &str, columns: &[Write<'_>]) -> Vec<u8> {
    written_in_groups(schema, WriterProperties::default(), &[columns])
}

fn column<T: DataType>(group: &mut Group<'_>, values: &[T::T], defined: &[i16], repeated: &[i16]) {
    let mut column = group.next_column().unwrap().unwrap();
    let defined = (!defined.is_empty()).then_some(defined);
    let repeated = (!repeated.is_empty()).then_some(repeated);
    column.typed::<T>().write_batch(values, defined, repeated).unwrap();
    column.close().unwrap();
}

fn texts(group: &mut Group<'_>, texts: &[Option<&str>]) {
    let values: Vec<ByteArray> = texts.iter().flatten().map(|text| ByteArray::from(*text)).collect();
    let defined: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
    column::<ByteArrayType>(group, &values, &defined, &[]);
}

const CASES: &str = "message cases {
    optional binary case_id (UTF8);
    optional binary findings (UTF8);
    optional double age;
    optional group problems (LIST) { repeated group list { optional binary element (UTF8); } }
    optional group embedding (LIST) { repeated group list { optional float element; } }
}";

/// Three rows: one with everything, one with nulls and a repeated value, one without an id.
const COLUMNS: [Write<'static>; 5] = [
    &|group| texts(group, &[Some("A1"), Some("A2"), None]),
    &|group| texts(group, &[Some("Heart enlarged."), Some("Clear."), Some("Clear.")]),
    &|group| column::<DoubleType>(group, &[63.0, f64::NAN], &[1, 0, 1], &[]),
    &|group| {
        let values = ["edema", "effusion"].map(ByteArray::from);
        column::<ByteArrayType>(group, &values, &[3, 3, 1, 0], &[0, 1, 0, 0]);
    },
    &|group| column::<FloatType>(group, &[0.1, -2.0], &[3, 3, 0, 1], &[0, 1, 0, 0]),
];

fn opened(file: &Path, map: &str) -> Result<Manifest, SourceError> {
    Manifest::open(file, &ColumnMap::from_toml(map).unwrap(), &schema())
}

/// The rows with their embeddings.
fn read_with(bytes: &[u8], map: &str) -> Vec<Row> {
    let file = file(".parquet", bytes);
    let mut manifest = opened(file.path(), map).unwrap();
    manifest.read_embeddings().unwrap();
    manifest.map(Result::unwrap).collect()
}

fn read(bytes: &[u8]) -> Vec<Row> {
    read_with(bytes, "")
}

/// The first error that is about the whole file. It names the file, and holds no value.
#[track_caller]
fn refusal(bytes: &[u8]) -> String {
    let file = file(".parquet", bytes);
    let opened = opened(file.path(), "").and_then(|mut manifest| {
        manifest.read_embeddings()?;
        Ok(manifest)
    });
    let error = match opened {
        Err(error) => error.to_string(),
        Ok(manifest) => manifest.filter_map(Result::err).next().expect("an error").to_string(),
    };
    assert!(error.contains(".parquet ") && error.contains("; ") && !error.contains("Heart"), "{error}");
    error
}

#[track_caller]
fn check_refused(bytes: &[u8], says: &str) {
    let error = refusal(bytes);
    assert!(error.contains(says), "{error}");
}

fn case(row: &Row) -> &Case {
    row.outcome.as_ref().unwrap()
}

fn of_other_programs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parquet").join(name)
}

#[test]
fn a_file_of_any_program_holds_the_cases_of_the_same_rows_in_json() {
    let expected: Vec<Row> =
        opened(&of_other_programs("cases.jsonl"), "").unwrap().map(Result::unwrap).collect();
    let vector = |start: [f32; 4]| vec![Some([&start[..], &[0.5; 12]].concat())];
    let vectors = [vector([0.1, -2.0, 3.5, 1e-7]), vec![], vector([1.0, 0.0, 0.25, -0.5])];
    for name in [
        "pandas.parquet",
        "pyarrow.parquet",
        "pyarrow-new.parquet",
        "pyarrow-old.parquet",
        "pyarrow-lz4.parquet",
        "polars.parquet",
        "duckdb.parquet",
    ] {
        let mut manifest = opened(&of_other_programs(name), "").unwrap();
        assert_eq!(manifest.embedding_column(), Some("embedding"), "{name}");
        manifest.read_embeddings().unwrap();
        let rows: Vec<Row> = manifest.by_ref().map(Result::unwrap).collect();
        assert_eq!((rows.len(), manifest.progress()), (3, (3, 3)), "{name}");
        for ((row, expected), vectors) in rows.iter().zip(&expected).zip(&vectors) {
            assert_eq!(case(row), case(expected), "{name}");
            assert_eq!((&row.embeddings, row.dropped.len()), (vectors, 0), "{name} row {}", row.number);
        }
        let ignored: &[&str] = if name == "pandas.parquet" { &["__index_level_0__"] } else { &[] };
        assert_eq!(manifest.ignored_columns(), ignored, "{name}");
    }
    let error = opened(&of_other_programs("brotli.parquet"), "").err().unwrap().to_string();
    assert!(
        error.contains("brotli.parquet has a column case_id compressed with BROTLI, which is not read; write it with snappy"),
        "{error}"
    );
}

#[test]
fn a_column_with_more_lists_than_rows_gives_no_row_the_list_of_another() {
    let bytes = std::fs::read(of_other_programs("duckdb-arrays.parquet")).unwrap();
    check_refused(
        &bytes,
        "row 1: column embedding cannot be read (it has more lists than rows, as DuckDB writes",
    );
    let file = file(".parquet", &bytes);
    assert_eq!(
        opened(file.path(), "").unwrap().filter(Result::is_ok).count(),
        3,
        "the other columns are good"
    );
}

#[test]
fn rows_are_read_as_json_would_be() {
    let dictionary = WriterProperties::builder().set_dictionary_enabled(true).build();
    let without = WriterProperties::builder().set_dictionary_enabled(false).build();
    let compressed = [
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
    ]
    .map(|compression| WriterProperties::builder().set_compression(compression).build());
    for properties in [dictionary, without].into_iter().chain(compressed) {
        let rows = read(&written_in_groups(CASES, properties, &[&COLUMNS]));
        assert_eq!(rows.len(), 3);
        let first = case(&rows[0]);
        assert_eq!(first.id.as_str(), "A1");
        let report = first.report.as_ref().unwrap();
        assert_eq!(report.section(SectionKind::Findings), Some("Heart enlarged."));
        assert_eq!(
            first.fields["age"],
            [FieldValue::Integer(63)],
            "pandas makes whole numbers real beside nulls"
        );
        assert_eq!(first.fields["problems"].len(), 2);
        assert_eq!(rows[0].embeddings, [Some(vec![0.1_f32, -2.0])]);
        assert!(case(&rows[1]).fields.is_empty(), "null and an empty list are nothing");
        assert!(rows[1].embeddings.is_empty());
        let rejection = rows[2].outcome.as_ref().unwrap_err();
        assert_eq!((rejection.row, rejection.line, rejection.field.as_str()), (3, 0, "case_id"));
    }
}

#[test]
fn row_groups_follow_one_another_whatever_their_length() {
    let ids: Vec<String> = (0..250).map(|number| format!("A{number}")).collect();
    let part = |from: usize, to: usize| {
        let ids = ids[from..to].to_vec();
        move |group: &mut Group<'_>| {
            texts(group, &ids.iter().map(|id| Some(id.as_str())).collect::<Vec<_>>());
        }
    };
    let types = "message m { optional binary case_id (UTF8); }";
    let parts = [part(0, 1), part(1, 1), part(1, 200), part(200, 250)];
    let groups: Vec<[Write<'_>; 1]> = parts.iter().map(|part| [part as Write<'_>]).collect();
    let groups: Vec<&[Write<'_>]> = groups.iter().map(|group| &group[..]).collect();
    let rows = read(&written_in_groups(types, WriterProperties::default(), &groups));
    let read: Vec<&str> = rows.iter().map(|row| case(row).id.as_str()).collect();
    assert_eq!(read, ids);
    assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), (1..=250).collect::<Vec<_>>());
    assert!(read_with(&written_in_groups(types, WriterProperties::default(), &[]), "").is_empty());
}

#[test]
fn a_map_names_columns_of_a_parquet_file_too() {
    let bytes = written(CASES, &COLUMNS);
    let rows = read_with(&bytes, "[columns]\nimpression = \"findings\"");
    let report = case(&rows[0]).report.as_ref().unwrap();
    assert_eq!(report.section(SectionKind::Impression), Some("Heart enlarged."));
    let file = file(".parquet", &bytes);
    let error = opened(file.path(), "[columns]\ncase_id = \"uid\"").err().unwrap().to_string();
    assert!(error.contains("column uid, which no row has"), "{error}");
}

#[test]
fn embeddings_may_be_in_a_column_of_any_name() {
    let renamed = CASES.replace("embedding", "vec");
    let bytes = written(&renamed, &COLUMNS);
    assert!(read(&bytes).iter().all(|row| row.embeddings.is_empty()));
    let map = "[columns]\nembedding = \"vec\"";
    assert_eq!(read_with(&bytes, map)[0].embeddings, [Some(vec![0.1_f32, -2.0])]);
    let rows = file(".csv", b"case_id,vec\nA1,0.1\n");
    let error = opened(rows.path(), map).err().unwrap().to_string();
    assert!(
        error.contains("takes embeddings from column vec: only Parquet") && error.contains(".npy"),
        "{error}"
    );
    let plain = file(".csv", b"case_id,embedding\nA1,0.1\n");
    let mut manifest = opened(plain.path(), "").unwrap();
    assert!(manifest.next().unwrap().unwrap().outcome.is_ok());
    assert_eq!(manifest.ignored_columns(), ["embedding"]);
}

#[test]
fn embeddings_that_nobody_asked_for_are_a_column_that_nothing_uses() {
    let file = file(".parquet", &written(CASES, &COLUMNS));
    let mut manifest = opened(file.path(), "").unwrap();
    assert_eq!(manifest.ignored_columns(), ["embedding"]);
    assert!(manifest.next().unwrap().unwrap().embeddings.is_empty());
    let mut manifest = opened(file.path(), "").unwrap();
    manifest.read_embeddings().unwrap();
    assert!(manifest.ignored_columns().is_empty());
    let own = FieldSchema::new([("embedding".to_owned(), precedent_model::FieldKind::Keywords)]).unwrap();
    let manifest = Manifest::open(file.path(), &ColumnMap::default(), &own).unwrap();
    assert_eq!(manifest.embedding_column(), None, "the field of the index goes first");
}

#[test]
fn times_of_every_unit_are_dates() {
    let types = "message m {
        optional binary case_id (UTF8);
        optional int64 study_date (TIMESTAMP(NANOS,true));
        optional int64 label (TIMESTAMP(MICROS,true));
        optional int64 modality (TIMESTAMP(MILLIS,true));
        optional group labels { optional int64 mesh_major (TIMESTAMP(NANOS,false)); optional int32 sex (TIME_MILLIS); }
    }";
    let day: i64 = 18_019 * 86_400;
    let rows = read(&written(
        types,
        &[
            &|group| texts(group, &[Some("A1"), Some("A2")]),
            &|group| column::<Int64Type>(group, &[day * 1_000_000_000, -1], &[1, 1], &[]),
            &|group| column::<Int64Type>(group, &[day * 1_000_000 + 1], &[1, 0], &[]),
            &|group| column::<Int64Type>(group, &[day * 1000 + 3_661_000], &[1, 0], &[]),
            &|group| column::<Int64Type>(group, &[day * 1_000_000_000], &[2, 0], &[]),
            &|group| column::<Int32Type>(group, &[3_661_000], &[2, 0], &[]),
        ],
    ));
    let date = |text: &str| schema().parse_values("study_date", [text]).unwrap();
    let keyword = |field: &str| match &case(&rows[0]).fields[field][..] {
        [FieldValue::Keyword(text)] => text.clone(),
        other => format!("{other:?}"),
    };
    assert_eq!(case(&rows[0]).fields["study_date"], date("2019-05-03"));
    assert_eq!(case(&rows[1]).fields["study_date"], date("1969-12-31"));
    assert_eq!(keyword("label"), "2019-05-03");
    assert_eq!(keyword("modality"), "2019-05-03T01:01:01");
    assert_eq!(keyword("mesh_major"), "2019-05-03");
    assert_eq!(keyword("sex"), "01:01:01");
}

#[test]
fn embeddings_may_be_one_per_image() {
    let types = "message m {
        optional binary case_id (UTF8);
        optional group images (LIST) { repeated group list { optional binary element (UTF8); } }
        optional group embedding (LIST) { repeated group list {
            optional group element (LIST) { repeated group list { optional double element; } } } }
    }";
    let rows = read(&written(
        types,
        &[
            &|group| texts(group, &[Some("A1"), Some("A2")]),
            &|group| {
                let names = ["a.png", "b.png", "c.png"].map(ByteArray::from);
                column::<ByteArrayType>(group, &names, &[3, 3, 3], &[0, 1, 0]);
            },
            &|group| column::<DoubleType>(group, &[1.0, 2.0], &[5, 5, 2, 2], &[0, 2, 1, 0]),
        ],
    ));
    assert_eq!(case(&rows[0]).images.len(), 2);
    assert_eq!(rows[0].embeddings, [Some(vec![1.0, 2.0]), None]);
    assert!(rows[1].embeddings.is_empty());
}

#[test]
fn lists_as_older_programs_wrote_them_are_lists() {
    let types = "message m {
        required binary case_id (UTF8);
        repeated binary problems (UTF8);
        optional group label (LIST) { repeated binary array (UTF8); }
        repeated float embedding;
    }";
    let rows = read(&written(
        types,
        &[
            &|group| column::<ByteArrayType>(group, &["A1", "A2", "A3"].map(ByteArray::from), &[], &[]),
            &|group| {
                let values = ["edema", "effusion", "normal"].map(ByteArray::from);
                column::<ByteArrayType>(group, &values, &[1, 1, 0, 1], &[0, 1, 0, 0]);
            },
            &|group| {
                column::<ByteArrayType>(group, &[ByteArray::from("x")], &[2, 0, 1], &[0, 0, 0]);
            },
            &|group| column::<FloatType>(group, &[1.0, 2.0, 3.0, 4.0], &[1, 1, 0, 1, 1], &[0, 1, 0, 0, 1]),
        ],
    ));
    let count = |field: &str| -> Vec<usize> {
        rows.iter().map(|row| case(row).fields.get(field).map_or(0, Vec::len)).collect()
    };
    assert_eq!((count("problems"), count("label")), (vec![2, 0, 1], vec![1, 0, 0]));
    assert_eq!(rows[0].embeddings, [Some(vec![1.0, 2.0])]);
    assert!(rows[1].embeddings.is_empty());
    assert_eq!(rows[2].embeddings, [Some(vec![3.0, 4.0])]);
}

#[test]
fn a_type_that_is_not_read_is_refused_where_it_is_wanted() {
    let types = "message m {
        optional binary case_id (UTF8);
        optional fixed_len_byte_array(12) COLUMN (INTERVAL);
        optional binary modality;
    }";
    let bytes = |name: &str| {
        written(
            &types.replace("COLUMN", name),
            &[
                &|group| texts(group, &[Some("A1")]),
                &|group| {
                    let value = FixedLenByteArray::from(vec![0; 12]);
                    column::<FixedLenByteArrayType>(group, &[value], &[1], &[]);
                },
                &|group| texts(group, &[Some("DX")]),
            ],
        )
    };
    check_refused(&bytes("age"), "has a column age of type INTERVAL, which is not read; write it as text");
    let file = file(".parquet", &bytes("stay"));
    let mut manifest = opened(file.path(), "").unwrap();
    assert_eq!((manifest.ignored_columns(), manifest.progress()), (&["stay".to_owned()][..], (0, 1)));
    let row = manifest.next().unwrap().unwrap();
    assert_eq!(case(&row).fields["modality"], [FieldValue::Keyword("DX".into())], "text without its mark");
    assert_eq!(manifest.progress(), (1, 1));
}

#[test]
fn values_of_another_kind_are_left_out_or_reject_their_row() {
    let types = "message m {
        optional binary case_id (UTF8);
        optional binary modality;
        optional double age;
    }";
    let rows = read(&written(
        types,
        &[
            &|group| texts(group, &[Some("A1"), Some("A2")]),
            &|group| {
                let values = [&b"DX"[..], b"\xff\xfe"].map(|bytes| ByteArray::from(bytes.to_vec()));
                column::<ByteArrayType>(group, &values, &[1, 1], &[]);
            },
            &|group| column::<DoubleType>(group, &[f64::INFINITY, 1e300], &[1, 1], &[]),
        ],
    ));
    let dropped = |row: &Row| row.dropped.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(case(&rows[0]).fields.keys().collect::<Vec<_>>(), ["modality"]);
    assert!(dropped(&rows[0])[0].starts_with("row 1 (line 0): age: is infinite;"), "{:?}", dropped(&rows[0]));
    assert!(dropped(&rows[1])[0].starts_with("row 2 (line 0): modality: is binary and no text in UTF-8;"));
    assert!(dropped(&rows[1])[1].contains("age: is a number of which digits would be lost"));

    let types = "message m {
        optional group case_id (LIST) { repeated group list { optional binary element (UTF8); } }
    }";
    let ids = |group: &mut Group<'_>| {
        column::<ByteArrayType>(group, &["A1", "A2"].map(ByteArray::from), &[3, 3], &[0, 1]);
    };
    let rejection = read(&written(types, &[&ids])).remove(0).outcome.unwrap_err();
    assert_eq!(
        (rejection.field.as_str(), rejection.problem.as_str()),
        ("case_id", "is a list where one text is meant")
    );
}

#[test]
fn an_embedding_that_is_none_is_told_by_file_or_by_row() {
    let types = "message m { optional binary case_id (UTF8); optional binary embedding (UTF8); }";
    let bytes =
        written(types, &[&|group| texts(group, &[Some("A1")]), &|group| texts(group, &[Some("0.1 Heart")])]);
    check_refused(&bytes, "has a column embedding that is no list of numbers; write it as a list of float32");
    let types = "message m {
        optional binary case_id (UTF8);
        optional group embedding (LIST) { repeated group list { optional float element; } }
    }";
    let rows = read(&written(
        types,
        &[&|group| texts(group, &[Some("A1"), Some("A2")]), &|group| {
            column::<FloatType>(group, &[1.0, 2.0], &[3, 2, 3], &[0, 1, 0])
        }],
    ));
    let rejection = rows[0].outcome.as_ref().unwrap_err();
    assert_eq!((rejection.row, rejection.field.as_str()), (1, "embedding"));
    assert_eq!(rejection.problem, "has a null among its numbers");
    assert_eq!(rows[1].embeddings, [Some(vec![2.0])]);
}

#[test]
fn foreign_and_cut_files_are_refused_with_what_they_are() {
    check_refused(b"", "is no Parquet file; name it as it is inside");
    check_refused(b"case_id,findings\nA1,Heart\n", "is no Parquet file");
    check_refused(b"PARE and the rest", "is encrypted; write it without encryption");
    check_refused(b"PAR1 and the rest PARE", "is encrypted");
    check_refused(b"PAR1PAR1", "its footer is longer than the file");
    let whole = written(CASES, &COLUMNS);
    for kept in [4, 8, whole.len() / 2, whole.len() - 1] {
        check_refused(&whole[..kept], "is cut short: it does not end as a Parquet file does; copy or write");
    }
    // The middle is gone.
    let (start, end) = (&whole[..4], &whole[whole.len() - 8..]);
    check_refused(&[start, end].concat(), "its footer is longer than the file");
    let types = "message m { optional binary modality (UTF8); }";
    let without = written(types, &[&|group| texts(group, &[Some("Heart")])]);
    check_refused(&without, "has no column case_id");
}

/// The file is whole at both ends, and one value says that it is longer than its page.
#[test]
fn damage_among_the_rows_names_row_and_column_and_spares_the_rows_before() {
    let types = "message m { optional binary case_id (UTF8); optional binary findings (UTF8); }";
    let properties = || WriterProperties::builder().set_dictionary_enabled(false).build();
    let first: [Write<'_>; 2] = [&|group| texts(group, &[Some("A1"), Some("A2")]), &|group| {
        texts(group, &[Some("Heart one."), Some("Heart two.")])
    }];
    let second: [Write<'_>; 2] =
        [&|group| texts(group, &[Some("A3")]), &|group| texts(group, &[Some("Heart three.")])];
    let mut bytes = written_in_groups(types, properties(), &[&first, &second]);
    let at = bytes.windows(12).position(|window| window == b"Heart three.").unwrap();
    assert_eq!(bytes[at - 4..at], 12_u32.to_le_bytes());
    bytes[at - 2] = 1;
    check_refused(
        &bytes,
        "row 3: column findings cannot be read (it is cut short); copy or write the file again",
    );
    let file = file(".parquet", &bytes);
    let mut manifest = opened(file.path(), "").unwrap();
    let read: Vec<bool> = manifest.by_ref().map(|row| row.is_ok()).collect();
    assert_eq!(read, [true, true, false], "what was read before is good, and the error ends it");
    assert!(manifest.next().is_none());
    // A column that nothing uses is not looked at.
    let rows = read_with(&bytes, "[columns]\nfindings = \"case_id\"\ncase_id = \"case_id\"");
    assert_eq!(rows.len(), 3);
}

/// Whatever byte is flipped: an error, or rows; never endless, and no panic reaches the caller.
#[test]
fn any_flipped_byte_is_an_error_or_another_row() {
    for whole in [written(CASES, &COLUMNS), std::fs::read(of_other_programs("pyarrow-new.parquet")).unwrap()]
    {
        for at in (0..whole.len()).step_by(7) {
            for mask in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= mask;
                let file = file(".parquet", &bytes);
                if let Ok(mut manifest) = opened(file.path(), "")
                    && manifest.read_embeddings().is_ok()
                {
                    assert!(manifest.take(10).count() <= 4, "byte {at}");
                }
            }
        }
    }
}

#[test]
fn a_parquet_file_is_told_by_name_and_on_standard_input_by_content() {
    let bytes = written(CASES, &COLUMNS);
    let misnamed = file(".csv", &bytes);
    let error = Source::open(misnamed.path()).unwrap_err().to_string();
    assert!(error.contains("is a Parquet file; name it .parquet"), "{error}");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &bytes).unwrap();
    let packed = file(".parquet.gz", &packed.finish().unwrap());
    let error = Source::open(packed.path()).unwrap_err().to_string();
    assert!(error.contains("is a compressed Parquet file; unpack it"), "{error}");
    let piped = Source::copy_of(bytes.as_slice(), Path::new("standard input")).unwrap();
    assert!(piped.is_parquet());
    for _ in 0..2 {
        assert_eq!(Manifest::of(&piped, &ColumnMap::default(), &schema()).unwrap().count(), 3);
    }
}
