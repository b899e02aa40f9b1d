//! Whole numbers in rows, as numpy writes them.

use std::error::Error;
use std::fs;
use std::path::Path;

/// Whole numbers in rows.
#[derive(Debug)]
pub struct Columns {
    pub values: Vec<i32>,
    /// Numbers of a row.
    pub width: usize,
}

impl Columns {
    /// Reads an .npy of int32 in rows.
    ///
    /// # Errors
    /// Another type or shape, and what the system refuses.
    pub fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let about = |problem: &str| format!("{}: {problem}", path.display());
        let bytes = fs::read(path).map_err(|error| about(&error.to_string()))?;
        Ok(Self::parse(&bytes).ok_or_else(|| about("rows of int32 are expected"))?)
    }

    /// The numbers of a row.
    pub fn row(&self, row: usize) -> &[i32] {
        self.values.get(row * self.width..(row + 1) * self.width).unwrap_or_default()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let header_bytes = usize::from(u16::from_le_bytes([*bytes.get(8)?, *bytes.get(9)?]));
        let header = String::from_utf8_lossy(bytes.get(10..10 + header_bytes)?).into_owned();
        let (_, shape) = header.split_once("'shape': (").filter(|_| header.contains("'<i4'"))?;
        let width = shape.split(')').next()?.split(',').nth(1)?.trim().parse().ok()?;
        let (numbers, _) = bytes[10 + header_bytes..].as_chunks::<4>();
        Some(Self { values: numbers.iter().map(|&number| i32::from_le_bytes(number)).collect(), width })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, numbers: &[i32]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        bytes
    }

    #[test]
    fn rows_are_read_and_other_files_refused() {
        let header = "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }\n";
        let columns = Columns::parse(&file(header, &[1, -2, 3, 4, 5, 6])).unwrap();
        assert_eq!((columns.width, columns.row(0), columns.row(1)), (3, &[1, -2, 3][..], &[4, 5, 6][..]));
        assert!(columns.row(2).is_empty());
        assert!(Columns::parse(&file("{'descr': '<f4', 'shape': (2, 3), }", &[])).is_none());
        assert!(Columns::parse(&file("{'descr': '<i4', 'shape': (2,), }", &[])).is_none());
        assert!(Columns::parse(b"\x93NUM").is_none());
    }
}
