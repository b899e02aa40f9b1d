//! Archives as folders: pictures, a manifest for `precedent ingest`, the truth beside it.
//!
//! ```text
//! DIR/archive.json     what the archive was made from; written first
//! DIR/images/*.png     DIR/dicom/*.dcm
//! DIR/manifest.jsonl   a case per line, without labels; written last
//! DIR/truth.jsonl      findings and boxes of the same cases
//! ```
//!
//! Every file is written under another name and renamed when it is whole. A run that was stopped can be run again: files
//! that are there are kept.

use crate::anatomy::Sex;
use crate::archive::{Archive, ArchiveParams, PHANTOM_VERSION, Study};
use crate::dicom;
use crate::error::PhantomError;
use crate::view::View;
use precedent_model::SectionKind;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// How pictures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// PNG, 8 bits grey: the upper half of each pixel.
    Png8,
    /// PNG, 16 bits grey: the pixels as they are.
    Png16,
    /// DICOM, 12 bits; some sites store dense dark.
    Dicom,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Png8 => "png8",
            Self::Png16 => "png16",
            Self::Dicom => "dicom",
        }
    }

    /// The path of a film inside the archive's folder.
    fn path(self, study: &Study, view: usize) -> String {
        let name = format!("{}-{}", study.case_id, view + 1);
        match self {
            Self::Png8 | Self::Png16 => format!("images/{name}.png"),
            Self::Dicom => format!("dicom/{name}.dcm"),
        }
    }
}

/// Studies made at once: bounds memory, and is what a stop may lose.
const BATCH: usize = 64;

/// Writes an archive into a folder, which is made if need be. `progress` hears how many studies of how many are done,
/// and says whether to go on. The manifest names the pictures of the first format.
///
/// # Errors
/// Parameters that describe no archive, no format; a folder with another archive or other files in their place; a file
/// that cannot be written; [`PhantomError::Stopped`].
pub fn write_archive(
    dir: &Path,
    params: ArchiveParams,
    formats: &[Format],
    progress: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<(), PhantomError> {
    let archive = Archive::new(params)?;
    if formats.is_empty() || formats.contains(&Format::Png8) && formats.contains(&Format::Png16) {
        let problem = "names no format, or PNG twice".to_owned();
        return Err(PhantomError::Params {
            field: "formats",
            problem,
            remedy: "name one PNG format, DICOM, or both",
        });
    }
    claim(dir, archive.params(), formats)?;
    for format in formats {
        let folder = dir.join(if *format == Format::Dicom { "dicom" } else { "images" });
        fs::create_dir_all(&folder).map_err(|source| PhantomError::Io { path: folder, source })?;
    }
    let mut manifest = Lines::create(dir, "manifest.jsonl")?;
    let mut truth = Lines::create(dir, "truth.jsonl")?;
    let total = archive.len();
    for start in (0..total).step_by(BATCH) {
        let end = (start + BATCH).min(total);
        let lines: Vec<(String, String)> = (start..end)
            .into_par_iter()
            .map(|number| write_study(dir, &archive, number, formats))
            .collect::<Result<_, _>>()?;
        for (case, labels) in lines {
            manifest.add(&case)?;
            truth.add(&labels)?;
        }
        if !progress(end, total) && end < total {
            return Err(PhantomError::Stopped { done: end, total });
        }
    }
    truth.finish()?;
    manifest.finish()
}

/// Takes a folder for an archive, or finds it taken for the same one.
fn claim(dir: &Path, params: &ArchiveParams, formats: &[Format]) -> Result<(), PhantomError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| PhantomError::Io { path, source }
    };
    fs::create_dir_all(dir).map_err(io(dir))?;
    let description = json!({
        "phantom_version": PHANTOM_VERSION,
        "seed": params.seed,
        "studies": params.studies,
        "size": params.size,
        "styles": params.styles.iter().map(|style| style.id()).collect::<Vec<_>>(),
        "sites": params.sites,
        "formats": formats.iter().map(|format| format.name()).collect::<Vec<_>>(),
        "note": "synthetic pictures and reports; no person",
    });
    let path = dir.join("archive.json");
    match fs::read_to_string(&path) {
        Ok(text) => {
            if serde_json::from_str::<Value>(&text).is_ok_and(|found| found == description) {
                return Ok(());
            }
            Err(PhantomError::OtherArchive {
                path: dir.to_owned(),
                found: "an archive of other parameters".into(),
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::read_dir(dir).map_err(io(dir))?.next().is_some() {
                let found = "files that are no archive".to_owned();
                return Err(PhantomError::OtherArchive { path: dir.to_owned(), found });
            }
            place(&path, format!("{description:#}\n").as_bytes())
        }
        Err(source) => Err(io(&path)(source)),
    }
}

fn write_study(
    dir: &Path,
    archive: &Archive,
    number: usize,
    formats: &[Format],
) -> Result<(String, String), PhantomError> {
    let study = archive.study(number)?;
    for format in formats {
        for (index, view) in study.views.iter().enumerate() {
            let path = dir.join(format.path(&study, index));
            if path.exists() {
                continue;
            }
            let bytes = match format {
                Format::Dicom => dicom::encode(&study, index, view)
                    .map_err(|source| PhantomError::Dicom { path: path.clone(), source })?,
                Format::Png8 => {
                    png(view, false).map_err(|source| PhantomError::Png { path: path.clone(), source })?
                }
                Format::Png16 => {
                    png(view, true).map_err(|source| PhantomError::Png { path: path.clone(), source })?
                }
            };
            place(&path, &bytes)?;
        }
    }
    Ok((manifest_line(&study, formats[0]), truth_line(&study, formats)))
}

fn png(view: &View, deep: bool) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, view.image.width(), view.image.height());
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(if deep { png::BitDepth::Sixteen } else { png::BitDepth::Eight });
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    let pixels = view.image.pixels();
    let data: Vec<u8> = if deep {
        pixels.iter().flat_map(|value| value.to_be_bytes()).collect()
    } else {
        pixels.iter().map(|value| (value >> 8) as u8).collect()
    };
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(bytes)
}

/// A case as `precedent ingest` takes it: no labels, only what an archive would know.
pub(crate) fn manifest_line(study: &Study, format: Format) -> String {
    let mut line = Map::new();
    let mut put = |key: &str, value: Value| {
        line.insert(key.to_owned(), value);
    };
    put("case_id", json!(study.case_id));
    put("patient_id", json!(study.patient.id));
    put("patient_id_issuer", json!(study.patient.issuer));
    put("study_date", json!(study.date));
    put("modality", json!(study.site.modality));
    put("body_part", json!("CHEST"));
    put("site", json!(study.site.id));
    put("manufacturer", json!(study.site.manufacturer));
    put("sex", json!(if study.patient.sex == Sex::Female { "F" } else { "M" }));
    put("age", json!(study.age));
    put("study_uid", json!(study.study_uid));
    put("accession_number", json!(study.accession_number));
    put("report_status", json!("final"));
    let names: Vec<String> = (0..study.views.len()).map(|view| format.path(study, view)).collect();
    put("images", json!(names));
    put("view", json!(study.views.iter().map(|view| view.projection.view_position()).collect::<Vec<_>>()));
    match &study.report.flat {
        Some(text) => put("report", json!(text)),
        None => {
            for (kind, text) in &study.report.sections {
                let key = if *kind == SectionKind::Body { "report" } else { kind.name() };
                put(key, json!(text));
            }
        }
    }
    Value::Object(line).to_string()
}

fn truth_line(study: &Study, formats: &[Format]) -> String {
    let findings: Vec<Value> = study
        .truth
        .iter()
        .zip(&study.report.told)
        .map(|(finding, told)| {
            json!({
                "id": finding.id(),
                "side": finding.side.map(|side| side.name()),
                "place": finding.place.map(|place| place.name()),
                "severity": finding.severity,
                "size_mm": finding.size_mm,
                "report": told.name(),
            })
        })
        .collect();
    let views: Vec<Value> = study
        .views
        .iter()
        .enumerate()
        .map(|(index, view)| {
            let boxes: Vec<Value> = view
                .boxes
                .iter()
                .map(|(finding, region)| {
                    json!({ "finding": finding, "id": study.truth[*finding].id(),
                        "x": region.x, "y": region.y, "width": region.width, "height": region.height })
                })
                .collect();
            let files: Vec<String> = formats.iter().map(|format| format.path(study, index)).collect();
            json!({ "view": view.projection.view_position(), "files": files, "boxes": boxes })
        })
        .collect();
    json!({
        "case_id": study.case_id,
        "patient_id": study.patient.id,
        "site": study.site.id,
        "style": study.style.id(),
        "findings": findings,
        "views": views,
    })
    .to_string()
}

/// Writes a file whole or not at all.
fn place(path: &Path, bytes: &[u8]) -> Result<(), PhantomError> {
    let failed = |source| PhantomError::Io { path: path.to_owned(), source };
    let draft = draft_of(path);
    let mut file = create(&draft).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    drop(file);
    rename(&draft, path).map_err(failed)
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

#[expect(clippy::disallowed_methods, reason = "an archive of phantoms is no index")]
fn create(path: &Path) -> io::Result<fs::File> {
    fs::File::create(path)
}

#[expect(clippy::disallowed_methods, reason = "an archive of phantoms is no index")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// A text file that appears when it is complete.
struct Lines {
    path: PathBuf,
    file: BufWriter<fs::File>,
}

impl Lines {
    fn create(dir: &Path, name: &str) -> Result<Self, PhantomError> {
        let path = dir.join(name);
        let file =
            create(&draft_of(&path)).map_err(|source| PhantomError::Io { path: path.clone(), source })?;
        Ok(Self { path, file: BufWriter::new(file) })
    }

    fn add(&mut self, line: &str) -> Result<(), PhantomError> {
        writeln!(self.file, "{line}").map_err(|source| PhantomError::Io { path: self.path.clone(), source })
    }

    fn finish(mut self) -> Result<(), PhantomError> {
        let failed = |source| PhantomError::Io { path: self.path.clone(), source };
        self.file.flush().map_err(failed)?;
        rename(&draft_of(&self.path), &self.path).map_err(failed)
    }
}
