"""Writes the same three cases with the programs that people write Parquet with, each in its own ways.

    python3 -m venv venv && venv/bin/pip install pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1
    venv/bin/python tests/parquet/make.py

`cases.jsonl` says what must be read from every file; `crates/sources/src/manifest/parquet_tests.rs` compares. All patients are
invented.
"""

import datetime
import json
import pathlib

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet

FOLDER = pathlib.Path(__file__).parent
DIMENSION = 16
EMBEDDINGS = [vector and vector + [0.5] * 12 for vector in ([0.1, -2.0, 3.5, 1e-7], None, [1.0, 0.0, 0.25, -0.5])]
ROWS = [json.loads(line) for line in (FOLDER / "cases.jsonl").read_text().splitlines()]


def column(name):
    return [row.get(name) for row in ROWS]


def dates():
    return [date and datetime.date.fromisoformat(date) for date in column("study_date")]


def arrow(text, dates_as, vectors):
    """A table of Arrow's types; `labels` is a struct."""
    strings = pyarrow.list_(text)
    labels = pyarrow.struct([("sex", text), ("mesh_major", strings)])
    views = pyarrow.struct([("name", text), ("view", text)])
    return pyarrow.table(
        {
            "case_id": pyarrow.array(column("case_id"), text),
            "patient_id": pyarrow.array(column("patient_id"), pyarrow.int64()),
            "study_date": pyarrow.array(dates(), pyarrow.date32()).cast(dates_as),
            "modality": pyarrow.array(column("modality"), text).dictionary_encode(),
            "age": pyarrow.array(column("age"), pyarrow.int16()),
            "kvp": pyarrow.array(column("kvp"), pyarrow.float32()),
            "findings": pyarrow.array(column("findings"), text),
            "problems": pyarrow.array(column("problems"), strings),
            "labels": pyarrow.array(column("labels"), labels),
            "images": pyarrow.array(column("images"), pyarrow.list_(views)),
            "embedding": pyarrow.array(EMBEDDINGS, vectors),
        }
    )


def write_pyarrow():
    write = pyarrow.parquet.write_table
    plain = arrow(pyarrow.string(), pyarrow.date32(), pyarrow.list_(pyarrow.float32()))
    write(plain, FOLDER / "pyarrow.parquet", row_group_size=2)
    # What the newest version of the format has, and types of large values.
    new = arrow(pyarrow.large_string(), pyarrow.timestamp("ns"), pyarrow.list_(pyarrow.float32(), DIMENSION))
    encodings = {"case_id": "DELTA_BYTE_ARRAY", "findings": "DELTA_LENGTH_BYTE_ARRAY", "patient_id": "DELTA_BINARY_PACKED"}
    encodings |= {"kvp": "BYTE_STREAM_SPLIT", "embedding.list.element": "BYTE_STREAM_SPLIT"}
    write(
        new,
        FOLDER / "pyarrow-new.parquet",
        compression="zstd",
        data_page_version="2.0",
        use_dictionary=["modality"],
        column_encoding=encodings,
        write_page_checksum=True,
        write_page_index=True,
    )
    # What older programs and Spark write.
    old = arrow(pyarrow.string(), pyarrow.timestamp("ms"), pyarrow.list_(pyarrow.float64()))
    write(
        old,
        FOLDER / "pyarrow-old.parquet",
        compression="gzip",
        version="1.0",
        use_deprecated_int96_timestamps=True,
        use_compliant_nested_type=False,
    )
    write(plain, FOLDER / "pyarrow-lz4.parquet", compression="lz4", use_dictionary=False)
    write(plain.select(["case_id", "findings"]).slice(0, 1), FOLDER / "brotli.parquet", compression="brotli")


def write_pandas():
    """Numbers beside missing ones become real, and the index of rows is a column."""
    frame = pandas.DataFrame({name: column(name) for name in ROWS[0] if name != "images"})
    frame["images"] = column("images")
    frame["study_date"] = pandas.to_datetime(frame["study_date"])
    frame["modality"] = frame["modality"].astype("category")
    frame["embedding"] = EMBEDDINGS
    frame.to_parquet(FOLDER / "pandas.parquet", index=True)


def write_polars():
    frame = polars.DataFrame(
        {
            "case_id": column("case_id"),
            "patient_id": polars.Series(column("patient_id"), dtype=polars.UInt32),
            "study_date": polars.Series(dates(), dtype=polars.Date).cast(polars.Datetime("us", "UTC")),
            "modality": polars.Series(column("modality"), dtype=polars.Categorical),
            "age": polars.Series(column("age"), dtype=polars.Int8),
            "kvp": polars.Series([str(kvp) if kvp else None for kvp in column("kvp")]).cast(polars.Decimal(9, 3)),
            "findings": column("findings"),
            "problems": polars.Series(column("problems"), dtype=polars.List(polars.String)),
            "labels": column("labels"),
            "images": column("images"),
            "embedding": polars.Series(EMBEDDINGS, dtype=polars.Array(polars.Float32, DIMENSION)),
        }
    )
    frame.write_parquet(FOLDER / "polars.parquet", row_group_size=1)


def write_duckdb():
    """Labels are a map, numbers decimal, and a column of texts an enumeration."""
    vectors = ", ".join("NULL" if vector is None else str(vector) for vector in EMBEDDINGS)
    duckdb.connect().execute(
        f"""
        CREATE TYPE modality AS ENUM ('CR', 'DX');
        COPY (
            SELECT case_id, patient_id, study_date, modality::modality AS modality, age, kvp, findings, problems,
                CASE WHEN labels IS NULL THEN NULL
                    ELSE MAP {{'sex': [labels.sex], 'mesh_major': labels.mesh_major}} END AS labels,
                images, embedding::FLOAT[] AS embedding
            FROM read_json('{FOLDER / "cases.jsonl"}', columns = {{
                case_id: 'VARCHAR', patient_id: 'BIGINT', study_date: 'TIMESTAMP', modality: 'VARCHAR', age: 'UTINYINT',
                kvp: 'DECIMAL(5, 2)', findings: 'VARCHAR', problems: 'VARCHAR[]',
                labels: 'STRUCT(sex VARCHAR, mesh_major VARCHAR[])', images: 'STRUCT(name VARCHAR, view VARCHAR)[]'
            }})
            POSITIONAL JOIN (SELECT unnest([{vectors}]) AS embedding)
        ) TO '{FOLDER / "duckdb.parquet"}' (FORMAT parquet, PARQUET_VERSION v2)
        """
    )


def write_duckdb_arrays():
    """Arrays of a fixed length with a null among them, which DuckDB 2.0.1 writes as more lists than there are rows."""
    duckdb.connect().execute(
        f"""
        COPY (SELECT unnest(['A1', 'A2', 'A3']) AS case_id, unnest([[1, 2], NULL, [3, 4]])::FLOAT[2] AS embedding)
        TO '{FOLDER / "duckdb-arrays.parquet"}' (FORMAT parquet)
        """
    )


if __name__ == "__main__":
    write_pyarrow()
    write_pandas()
    write_polars()
    write_duckdb()
    write_duckdb_arrays()
