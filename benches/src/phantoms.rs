//! Phantoms that the bundled encoder never saw, and indexes of them.

use precedent_encoder::Encoder;
use precedent_engine::{Access, Definition, Engine, LocalSpace, NewCase};
use precedent_model::{Case, CaseId, GreyImage, Image, PatientKey, Report};
use precedent_phantom::{Archive, ArchiveParams, Projection, SITES, Study, Style};
use precedent_vector::{Metric, VectorSpace};
use rayon::prelude::*;
use std::error::Error;

type Problem = Box<dyn Error + Send + Sync>;

/// What no phantom of the training showed; `precedent train` has the same names.
const HELD_OUT_STYLE: Style = Style::British;
const HELD_OUT_SITE: &str = "island-hospital";

pub fn params(seed: u64, studies: usize, held_out: bool) -> ArchiveParams {
    ArchiveParams {
        seed,
        studies,
        size: 256,
        styles: Style::ALL.into_iter().filter(|style| (*style == HELD_OUT_STYLE) == held_out).collect(),
        sites: SITES.iter().map(|site| site.id).filter(|id| (*id == HELD_OUT_SITE) == held_out).collect(),
    }
}

pub fn png_of(image: &GreyImage) -> Result<Vec<u8>, Problem> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, image.width(), image.height());
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Sixteen);
    let bytes: Vec<u8> = image.pixels().iter().flat_map(|pixel| pixel.to_be_bytes()).collect();
    encoder.write_header()?.write_image_data(&bytes)?;
    Ok(file)
}

pub fn view_name(projection: Projection) -> &'static str {
    match projection {
        Projection::Lateral => "LATERAL",
        _ => "PA",
    }
}

pub fn ingest(archive: &Archive) -> Result<(tempfile::TempDir, Engine), Problem> {
    let encoder = Encoder::bundled()?;
    let folder = tempfile::tempdir()?;
    let mut definition = Definition::chest_xray()?;
    definition.image_space = Some(VectorSpace::new(encoder.dimension(), Metric::Cosine, encoder.id())?);
    definition.local_space = Some(LocalSpace::new(encoder.id(), encoder.local_dimension())?);
    Engine::create(folder.path(), &definition)?;
    let engine = Engine::open(folder.path(), Access::Bulk)?;
    let made = (0..archive.len()).into_par_iter().map(|number| new_case(&archive.study(number)?));
    for outcome in engine.ingest(made.collect::<Result<Vec<_>, Problem>>()?)? {
        outcome.map_err(|wrong| format!("{wrong:?}"))?;
    }
    engine.commit()?;
    Ok((folder, engine))
}

fn new_case(study: &Study) -> Result<NewCase, Problem> {
    let mut case = Case::new(CaseId::new(&study.case_id)?);
    case.patient = Some(PatientKey::new(&study.patient.id, None)?);
    case.report = Some(Report::new(study.report.sections.clone())?);
    case.images = (study.views.iter())
        .map(|view| Image { name: String::new(), view: Some(view_name(view.projection).to_owned()) })
        .collect();
    let files = study.views.iter().map(|view| Ok(Some(png_of(&view.image)?)));
    Ok(NewCase { files: files.collect::<Result<_, Problem>>()?, ..NewCase::new(case) })
}
