//! Vectors and numbers in .npy files, and the time that is used.

use std::error::Error;
use std::path::Path;

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// User and system time of this process, where the system tells it (Linux, 100 ticks a second).
pub fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// Rows of numbers.
pub struct Table {
    pub values: Vec<i32>,
    pub width: usize,
}

pub fn read_i32(path: &Path) -> Outcome<Table> {
    let (bytes, width) = read_npy(path, "<i4")?;
    let values = bytes.as_chunks::<4>().0.iter().map(|word| i32::from_le_bytes(*word)).collect();
    Ok(Table { values, width })
}

pub fn read_f32(path: &Path) -> Outcome<(Vec<f32>, usize)> {
    let (bytes, width) = read_npy(path, "<f4")?;
    Ok((bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect(), width))
}

/// The data of a two-dimensional array in C order (.npy format 1.0), and its second dimension.
fn read_npy(path: &Path, kind: &str) -> Outcome<(Vec<u8>, usize)> {
    let mut bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let wrong = || format!("{}: not a two-dimensional {kind} array in C order", path.display());
    let length = bytes.get(8..10).map(|length| 10 + usize::from(length[0]) + 256 * usize::from(length[1]));
    let start = length
        .filter(|&start| start <= bytes.len() && bytes.starts_with(b"\x93NUMPY\x01"))
        .ok_or_else(wrong)?;
    let data = bytes.split_off(start);
    let header = String::from_utf8_lossy(&bytes[10..]).into_owned();
    let shape =
        header.split("'shape': (").nth(1).and_then(|rest| rest.split(')').next()).ok_or_else(wrong)?;
    let mut sizes = shape.split(',').filter_map(|size| size.trim().parse().ok());
    match (sizes.next(), sizes.next()) {
        (Some::<usize>(_), Some(width))
            if header.contains(kind) && header.contains("'fortran_order': False") =>
        {
            Ok((data, width))
        }
        _ => Err(wrong().into()),
    }
}
