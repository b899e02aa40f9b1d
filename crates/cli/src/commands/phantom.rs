//! `precedent phantom`.

use crate::args::{PhantomArgs, PhantomFormat};
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{bar, count, stderr, stdout};
use precedent_phantom::{ArchiveParams, Format, PhantomError, SITES, Style, write_archive};
use std::io::Write;

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
