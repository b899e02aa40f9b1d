//! Says for each file named on the command line what the reader makes of it, without a word that could name a person.

#![allow(clippy::print_stdout)]

use precedent_imaging::decode;
use sha2::{Digest, Sha256};
use std::time::Instant;

fn main() -> std::io::Result<()> {
    for path in std::env::args_os().skip(1) {
        let bytes = std::fs::read(&path)?;
        let start = Instant::now();
        let result = decode(&bytes);
        let ms = start.elapsed().as_secs_f64() * 1e3;
        let name = path.to_string_lossy();
        match result {
            Ok(decoded) => {
                let pixels: Vec<u8> =
                    decoded.image.pixels().iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
                let (rows, columns) = decoded.original;
                let (width, height) = (decoded.image.width(), decoded.image.height());
                let format = decoded.format.name();
                let hash = Sha256::digest(&pixels);
                println!(
                    "{name}: {format}, {columns} x {rows} to {width} x {height}, {ms:.1} ms, sha256 {hash:x}"
                );
            }
            Err(error) => println!("{name}: refused in {ms:.1} ms, {}: {error}", error.reason()),
        }
    }
    Ok(())
}
