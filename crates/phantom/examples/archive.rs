//! Writes an archive: `cargo run --release -p precedent-phantom --example archive -- DIR STUDIES [SIZE]`.

use precedent_phantom::{ArchiveParams, Format, write_archive};
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().ok_or("name a folder")?);
    let studies = args.next().ok_or("say how many studies")?.parse()?;
    let size = args.next().map_or(Ok(256), |size| size.parse())?;
    let params = ArchiveParams { studies, size, ..ArchiveParams::default() };
    write_archive(&dir, params, &[Format::Png8, Format::Dicom], &mut |_, _| true)?;
    Ok(())
}
