//! `precedent train`.

use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{advance, bar, count, stderr, stdout};
use crate::phantom_studies::PhantomStudies;
use clap::Args;
use indicatif::ProgressBar;
use precedent_encoder::{DESCRIPTION_FILE, Description, Encoder, WEIGHTS_FILE};
use precedent_phantom::{ArchiveParams, PHANTOM_VERSION, SITES, Style};
use precedent_training::{Plan, Progress, TrainingError, fit_likeness, train};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

/// What no phantom of a training shows, so that it can be judged by it.
const HELD_OUT_STYLE: Style = Style::British;
const HELD_OUT_SITE: &str = "island-hospital";

#[derive(Debug, Args)]
#[command(
    after_help = "The same flags give the same weights on the same processor. Run the same command again to \
                        resume. The encoder has seen no real film and is not for clinical images."
)]
pub struct TrainArgs {
    /// Directory of the encoder: new, or left by a stopped training
    pub dir: PathBuf,
    /// Name of the encoder: letters, digits and -
    #[arg(long, default_value = "phantom-cxr")]
    pub name: String,
    /// Number of studies to learn from
    #[arg(long, default_value_t = 12_000)]
    pub studies: usize,
    /// Seed of the archive of phantoms: another number gives other patients
    #[arg(long, default_value_t = 101)]
    pub phantom_seed: u64,
    /// Seed of the initial weights and of the order of studies
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Number of steps
    #[arg(long, default_value_t = 1500)]
    pub steps: usize,
    /// Folder of an encoder of the same size: reuse its towers, and fit only the part that tells a film from its
    /// neighbours
    #[arg(long, value_name = "DIR", conflicts_with = "steps")]
    pub towers: Option<PathBuf>,
}

pub fn run(args: &TrainArgs) -> Outcome {
    let interrupt = Interrupt::listen()?;
    std::fs::create_dir_all(&args.dir)
        .map_err(|error| Failure::other(format!("{}: {error}", args.dir.display())))?;
    let plan = Plan { seed: args.seed, steps: args.steps, ..Plan::standard() };
    let params = ArchiveParams {
        seed: args.phantom_seed,
        studies: args.studies,
        size: 256,
        styles: Style::ALL.into_iter().filter(|style| *style != HELD_OUT_STYLE).collect(),
        sites: SITES.iter().map(|site| site.id).filter(|id| *id != HELD_OUT_SITE).collect(),
    };
    let name = format!("phantoms {PHANTOM_VERSION}: {params:?}");
    let dataset = PhantomStudies::new(params).map_err(Failure::input)?;
    let shown = Shown::new(args);
    let progress = |progress| {
        shown.show(progress);
        !interrupt.asked()
    };
    let taught = match &args.towers {
        Some(towers) => {
            let path = towers.join(WEIGHTS_FILE);
            let weights = std::fs::read(&path).map_err(|error| {
                Failure::input(format!(
                    "--towers: {}: {error}; name the folder of an encoder",
                    path.display()
                ))
            })?;
            fit_likeness(&plan, &dataset, &weights, &progress)
        }
        None => train(&plan, &dataset, &name, &args.dir, &progress),
    };
    shown.end();
    let weights = match taught {
        Ok(weights) => weights.to_safetensors().map_err(Failure::other)?,
        Err(error @ TrainingError::Stopped) => {
            writeln!(stderr(), "precedent: {error}")?;
            return Ok(Exit::Interrupted);
        }
        Err(
            error @ (TrainingError::Plan { .. }
            | TrainingError::OtherTraining { .. }
            | TrainingError::Alike
            | TrainingError::TooFew { .. }),
        ) => {
            return Err(Failure::input(error));
        }
        Err(error) => return Err(Failure::other(error)),
    };
    let description = Description {
        name: args.name.clone(),
        notice: Some("demo encoder, not for clinical images".to_owned()),
        pixel_pipeline: precedent_imaging::PIXEL_PIPELINE_VERSION,
        architecture: plan.architecture,
    };
    let encoder = Encoder::save(&args.dir, description, &weights).map_err(Failure::other)?;
    writeln!(
        stdout(),
        "{} in {}: {DESCRIPTION_FILE}, {WEIGHTS_FILE} ({} bytes)",
        encoder.id(),
        args.dir.display(),
        count(weights.len() as u64)
    )?;
    Ok(Exit::Done)
}

/// Progress on standard error: bars on a terminal, a line now and then elsewhere.
struct Shown {
    gathering: ProgressBar,
    teaching: ProgressBar,
    /// Steps and losses since the last line, and when the first of them began.
    since: Mutex<(usize, f32, f32, Option<Instant>)>,
}

/// Steps from one line to the next.
const LINE_EVERY: usize = 50;

impl Shown {
    fn new(args: &TrainArgs) -> Self {
        let gathering = bar(args.studies as u64, "studies");
        let teaching = bar(args.steps as u64, "steps");
        Self { gathering, teaching, since: Mutex::default() }
    }

    fn show(&self, progress: Progress) {
        match progress {
            Progress::Gathered(done, _) => self.gathering.set_position(done as u64),
            Progress::Looked(done, total) => {
                advance(&self.teaching, done as u64, total as u64);
            }
            Progress::Step { step, local, global } => {
                self.gathering.finish_and_clear();
                self.teaching.set_position(step as u64);
                let mut since = self.since.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                since.0 += 1;
                since.1 += local;
                since.2 += global;
                let began = *since.3.get_or_insert_with(Instant::now);
                if since.0 == LINE_EVERY {
                    let each = began.elapsed().as_secs_f32() / LINE_EVERY as f32;
                    let (local, global) = (since.1 / LINE_EVERY as f32, since.2 / LINE_EVERY as f32);
                    let line = format!(
                        "step {step}: patches {local:.3}, whole {global:.3} nats, {each:.2} s a step"
                    );
                    if self.teaching.is_hidden() {
                        let _ = writeln!(stderr(), "{line}");
                    }
                    self.teaching.set_message(line);
                    *since = (0, 0.0, 0.0, None);
                }
            }
        }
    }

    fn end(&self) {
        self.gathering.finish_and_clear();
        self.teaching.finish_and_clear();
    }
}
