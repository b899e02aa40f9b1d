//! Real vectors, of the folder of data and of `patch-vectors`.

use crate::kinds::Vectors;
use precedent_sources::NpyMatrix;
use precedent_vector::Metric;
use std::error::Error;
use std::fs;
use std::path::Path;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Real data that are looked for below the folder of data.
pub const REAL: [(&str, Metric); 3] =
    [("sentences", Metric::Cosine), ("digits", Metric::L2), ("sift", Metric::L2)];

/// The vectors of one of the [`REAL`], at most so many; none where the folder does not have them.
pub fn real(data: &Path, name: &str, most: (usize, usize)) -> Outcome<Option<Vectors>> {
    let folder = data.join("vectors");
    let (base, queries, of) = match name {
        "sentences" => (folder.join("wordnet100k/vectors.f16.npy"), None, Form::Half),
        "digits" => {
            (folder.join("mnist10k/base.bvecs"), Some(folder.join("mnist10k/query.bvecs")), Form::Bytes)
        }
        _ => (folder.join("sift5k/base.fvecs"), Some(folder.join("sift5k/query.fvecs")), Form::Floats),
    };
    if !base.exists() {
        return Ok(None);
    }
    let (dimension, rows) = read(&base, of)?;
    let queries = queries.map(|path| read(&path, of)).transpose()?.map(|(_, queries)| queries);
    Ok(Some(taken(dimension, rows, queries, most)))
}

/// What `patch-vectors` wrote.
pub fn patches(folder: &Path, most: (usize, usize)) -> Outcome<Vectors> {
    let read = |name: &str| -> Outcome<(usize, Vec<f32>)> {
        let mut file = NpyMatrix::open(folder.join(name))?;
        let (mut values, mut row) = (Vec::new(), Vec::new());
        while file.next_row(&mut row)? {
            values.extend_from_slice(&row);
        }
        Ok((file.dimension(), values))
    };
    let ((dimension, rows), (_, queries)) = (read("base.npy")?, read("queries.npy")?);
    Ok(taken(dimension, rows, Some(queries), most))
}

/// As many as wanted, spread evenly; without queries some of the rows become queries.
fn taken(
    dimension: usize,
    rows: Vec<f32>,
    queries: Option<Vec<f32>>,
    (most_rows, most_queries): (usize, usize),
) -> Vectors {
    let spread = |values: &[f32], wanted: usize| -> Vec<f32> {
        let all = values.len() / dimension;
        let chosen = (0..wanted.min(all)).map(|number| number * all / wanted.min(all));
        chosen.flat_map(|row| values[row * dimension..][..dimension].to_vec()).collect()
    };
    let (rows, queries) = match queries {
        Some(queries) => (spread(&rows, most_rows), spread(&queries, most_queries)),
        None => {
            let both = spread(&rows, most_rows + most_queries);
            let count = both.len() / dimension;
            let every = (count / most_queries.max(1)).max(2);
            let is_query = |row: usize| row % every == every - 1 && row / every < most_queries;
            let of = |query: bool| -> Vec<f32> {
                let chosen = (0..count).filter(|&row| is_query(row) == query);
                chosen.flat_map(|row| both[row * dimension..][..dimension].to_vec()).collect()
            };
            (of(false), of(true))
        }
    };
    Vectors { dimension, rows, queries, clusters: None }
}

#[derive(Clone, Copy)]
enum Form {
    /// `.npy` of IEEE half floats.
    Half,
    /// Each row behind its length as i32: `.fvecs` and `.bvecs`.
    Floats,
    Bytes,
}

fn read(path: &Path, form: Form) -> Outcome<(usize, Vec<f32>)> {
    let bytes = fs::read(path)?;
    let parsed = match form {
        Form::Half => halves(&bytes),
        Form::Floats => vecs(&bytes, 4, |bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
        Form::Bytes => vecs(&bytes, 1, |bytes| f32::from(bytes[0])),
    };
    Ok(parsed.ok_or_else(|| format!("{}: is not of the form that its name says", path.display()))?)
}

fn vecs(bytes: &[u8], size: usize, number: impl Fn(&[u8]) -> f32) -> Option<(usize, Vec<f32>)> {
    let dimension = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
    let rows = bytes.chunks_exact(4 + size * dimension);
    if dimension == 0 || !rows.remainder().is_empty() {
        return None;
    }
    Some((dimension, rows.flat_map(|row| row[4..].chunks_exact(size).map(&number)).collect()))
}

fn halves(bytes: &[u8]) -> Option<(usize, Vec<f32>)> {
    let header_bytes = usize::from(u16::from_le_bytes([*bytes.get(8)?, *bytes.get(9)?]));
    let header = String::from_utf8_lossy(bytes.get(10..10 + header_bytes)?).into_owned();
    let (_, shape) = header.split_once("'shape': (").filter(|_| header.contains("'<f2'"))?;
    let dimension: usize = shape.split(')').next()?.split(',').nth(1)?.trim().parse().ok()?;
    let (words, _) = bytes[10 + header_bytes..].as_chunks::<2>();
    Some((dimension, words.iter().map(|&word| half(u16::from_le_bytes(word))).collect()))
}

/// A finite IEEE half float.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1_023));
    match exponent {
        0 => sign * fraction * 2_f32.powi(-24),
        _ => sign * (1_024.0 + fraction) * 2_f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_read() {
        for (bits, value) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (1, 5.960_464_5e-8), (0, 0.0)]
        {
            assert_eq!(half(bits), value);
        }
    }

    #[test]
    fn rows_and_queries_have_nothing_in_common() {
        let rows: Vec<f32> = (0..100).map(|number| number as f32).collect();
        let vectors = taken(1, rows, None, (40, 10));
        assert_eq!((vectors.rows.len(), vectors.queries.len()), (40, 10));
        assert!(vectors.queries.iter().all(|query| !vectors.rows.contains(query)));
        assert_eq!(vecs(&[2, 0, 0, 0, 7, 8], 1, |bytes| f32::from(bytes[0])), Some((2, vec![7.0, 8.0])));
        assert_eq!(vecs(&[2, 0, 0, 0, 7], 1, |bytes| f32::from(bytes[0])), None);
    }
}
