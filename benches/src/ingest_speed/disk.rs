//! How long the disk takes to make a few bytes durable, which bounds what is acknowledged one by one.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Bytes of a log entry: an embedding of 512 numbers and a report.
const ENTRY_BYTES: usize = 3 << 10;

/// Milliseconds of that many syncs, each after an entry was appended to one file in `folder`.
pub fn sync_ms(folder: &Path, count: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let path = folder.join("sync-times");
    let mut file = OpenOptions::new().create_new(true).append(true).open(&path)?;
    let entry = vec![0xa5; ENTRY_BYTES];
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        file.write_all(&entry)?;
        let started = Instant::now();
        file.sync_data()?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    std::fs::remove_file(&path)?;
    Ok(times)
}
