//! A contact sheet: the films of an archive that show a finding, mildest first, with its boxes if asked.
//!
//! `cargo run --release -p precedent-phantom --example sheet -- OUT.png FINDING|none frontal|lateral [COUNT [SIZE [boxes]]]`

use precedent_model::Region;
use precedent_phantom::{Archive, ArchiveParams, Projection, View};
use std::error::Error;
use std::fs::OpenOptions;

/// Films per row.
const COLUMNS: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |missing: &'static str| args.next().ok_or(missing);
    let out = next("name the file to write")?;
    let finding = next("name a finding id, or none")?;
    let lateral = next("say frontal or lateral")? == "lateral";
    let count: usize = next("8").or_else(|default| Ok::<_, Box<dyn Error>>(default.into()))?.parse()?;
    let size: u32 = next("320").or_else(|default| Ok::<_, Box<dyn Error>>(default.into()))?.parse()?;
    let with_boxes = next("").is_ok();

    // Look for them in small pictures, then take those that are wanted in full.
    let params = ArchiveParams { seed: 3, studies: 400, size: 128, ..ArchiveParams::default() };
    let small = Archive::new(params.clone())?;
    let mut found = Vec::new();
    for number in 0..small.len() {
        let study = small.study(number)?;
        let amount = match study.truth.iter().find(|f| f.id() == finding) {
            Some(finding) => finding.amount,
            None if finding == "none" && study.truth.is_empty() => 0.0,
            None => continue,
        };
        let wanted = |view: &View| (view.projection == Projection::Lateral) == lateral;
        if let Some(view) = study.views.iter().position(wanted) {
            found.push((amount, number, view));
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let step = (found.len() / count).max(1);
    let large = Archive::new(ArchiveParams { size, ..params })?;
    let rows = count.min(found.len()).div_ceil(COLUMNS).max(1);
    let (side, cell) = (size as usize, size as usize + 4);
    let width = COLUMNS * cell;
    let mut sheet = vec![0u8; width * rows * cell];
    for (place, (_, number, view)) in found.iter().step_by(step).take(count).enumerate() {
        let study = large.study(*number)?;
        let view = &study.views[*view];
        let corner = (place / COLUMNS * cell) * width + place % COLUMNS * cell;
        for (y, row) in view.image.rows().enumerate() {
            for (x, value) in row.iter().enumerate() {
                sheet[corner + y * width + x] = (value >> 8) as u8;
            }
        }
        for (index, region) in &view.boxes {
            if with_boxes && study.truth[*index].id() == finding {
                frame(&mut sheet[corner..], width, side, *region);
            }
        }
    }
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(out)?;
    let mut encoder = png::Encoder::new(file, width as u32, (rows * cell) as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header()?.write_image_data(&sheet)?;
    Ok(())
}

fn frame(sheet: &mut [u8], width: usize, side: usize, region: Region) {
    let (x0, y0) = (region.x as usize, region.y as usize);
    let (x1, y1) = (x0 + region.width as usize - 1, y0 + region.height as usize - 1);
    for y in y0..=y1.min(side - 1) {
        for x in x0..=x1.min(side - 1) {
            if x == x0 || x == x1 || y == y0 || y == y1 {
                sheet[y * width + x] = 255;
            }
        }
    }
}
