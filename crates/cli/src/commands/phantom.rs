//! `precedent phantom`.

use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{bar, count, stderr, stdout};
use clap::{Args, ValueEnum};
use precedent_phantom::{ArchiveParams, Format, PhantomError, SITES, Style, write_archive};
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "The images are synthetic and show no real patient; nothing learned from them applies to real images. The \
                        same flags give the same archive on every machine; run the same command again to resume."
)]
pub struct PhantomArgs {
    /// Directory of the archive: new, empty, or left by a stopped run
    pub dir: PathBuf,
    /// Number of studies
    #[arg(long, default_value_t = 1000)]
    pub studies: usize,
    /// Seed of the archive: another number gives other patients
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Pixels on a side
    #[arg(long, default_value_t = 256, value_name = "PIXELS")]
    pub size: u32,
    /// Image formats to write; the manifest names the files of the first
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [PhantomFormat::Dicom, PhantomFormat::Png])]
    pub formats: Vec<PhantomFormat>,
    /// House styles of the reports; all if not given
    #[arg(long, value_delimiter = ',', value_name = "STYLE")]
    pub styles: Vec<String>,
    /// Sites that the films come from; all if not given
    #[arg(long, value_delimiter = ',', value_name = "SITE")]
    pub sites: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PhantomFormat {
    Dicom,
    /// 8 bits per pixel
    Png,
    /// 16 bits per pixel
    Png16,
}

pub fn run(args: &PhantomArgs) -> Outcome {
    let interrupt = Interrupt::listen()?;
    let params = ArchiveParams {
        seed: args.seed,
        studies: args.studies,
        size: args.size,
        styles: styles(&args.styles)?,
        sites: sites(&args.sites)?,
    };
    let formats: Vec<Format> = (args.formats.iter())
        .map(|format| match format {
            PhantomFormat::Dicom => Format::Dicom,
            PhantomFormat::Png => Format::Png8,
            PhantomFormat::Png16 => Format::Png16,
        })
        .collect();
    let shown = bar(args.studies as u64, "studies");
    let written = write_archive(&args.dir, params, &formats, &mut |done, _| {
        shown.set_position(done as u64);
        !interrupt.asked()
    });
    shown.finish_and_clear();
    match written {
        Ok(()) => {}
        Err(stopped @ PhantomError::Stopped { .. }) => {
            writeln!(stderr(), "precedent: {stopped}")?;
            return Ok(Exit::Interrupted);
        }
        Err(error @ (PhantomError::Params { .. } | PhantomError::OtherArchive { .. })) => {
            return Err(Failure::input(error));
        }
        Err(error) => return Err(failed(&error)),
    }
    let dir = args.dir.display();
    writeln!(
        stdout(),
        "{} synthetic studies in {dir}: manifest.jsonl, truth.jsonl",
        count(args.studies as u64)
    )?;
    Ok(Exit::Done)
}

fn failed(error: &PhantomError) -> Failure {
    match std::error::Error::source(error) {
        Some(source) => Failure::other(format!("{error}: {source}")),
        None => Failure::other(error),
    }
}

/// The styles of those names; all of them for none.
fn styles(names: &[String]) -> Result<Vec<Style>, Failure> {
    let named = |name: &String| Style::ALL.into_iter().find(|style| style.id() == name);
    let known = || Style::ALL.map(Style::id).join(", ");
    let unknown = |name: &String| {
        Failure::input(format!("--styles: there is no style `{name}`; give some of {}", known()))
    };
    match names {
        [] => Ok(Style::ALL.to_vec()),
        names => names.iter().map(|name| named(name).ok_or_else(|| unknown(name))).collect(),
    }
}

/// The sites of those names; all of them for none.
fn sites(names: &[String]) -> Result<Vec<&'static str>, Failure> {
    let named = |name: &String| SITES.iter().map(|site| site.id).find(|id| id == name);
    let known = || SITES.iter().map(|site| site.id).collect::<Vec<_>>().join(", ");
    let unknown = |name: &String| {
        Failure::input(format!("--sites: there is no site `{name}`; give some of {}", known()))
    };
    match names {
        [] => Ok(SITES.iter().map(|site| site.id).collect()),
        names => names.iter().map(|name| named(name).ok_or_else(|| unknown(name))).collect(),
    }
}
