//! `precedent eval`.

mod flags;
mod print;

use crate::encoders;
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{advance, bar, stderr, stdout};
use flags::AskName;
pub use flags::EvalArgs;
use precedent_engine::{Access, Definition, Engine, EngineError, ErrorKind};
use precedent_eval::{
    Against, AskBy, Asking, EvalError, Evaluated, Options, Settings, Source, Truth, Watch, evaluate, page,
};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Fields that make subgroups unless flags name others.
const FIELDS: [&str; 4] = ["view", "sex", "age", "site"];

pub fn run(args: &EvalArgs) -> Outcome {
    let interrupt = Interrupt::listen()?;
    let encoders = encoders::open_all(&args.encoders)?;
    let open = |dir: &Path| {
        let about = |error: EngineError| Failure::from(error).about(dir.display());
        Engine::open_with(dir, Access::Read, &encoders).map_err(about)
    };
    let engine = open(&args.dir)?;
    let options = options(args, engine.definition())?;
    let other = args.against.as_deref().map(open).transpose()?;
    let view = engine.view();
    let other_view = other.as_ref().map_or_else(|| view.clone(), Engine::view);
    let against = settings_of_other(args, options.settings)?;
    let against = against.map(|settings| Against { view: &other_view, is_other: other.is_some(), settings });
    let shown = Mutex::new(("", bar(0, "eval")));
    let progress = |what: &'static str, done: u64, all: u64| {
        let Ok(mut shown) = shown.lock() else { return };
        if shown.0 != what {
            shown.1.finish_and_clear();
            *shown = (what, bar(all, what));
        }
        advance(&shown.1, done, all);
    };
    let watch = Watch { progress: &progress, stop: &|| interrupt.asked() };
    let evaluated = evaluate(&view, against.as_ref(), &options, watch);
    if let Ok(shown) = shown.lock() {
        shown.1.finish_and_clear();
    }
    let evaluated = match evaluated {
        Err(EvalError::Stopped) => return interrupted(),
        Err(EvalError::Engine(error)) if error.kind() == ErrorKind::Cancelled => return interrupted(),
        evaluated => evaluated.map_err(|error| failure(error, args))?,
    };
    write_files(args, &evaluated)?;
    let mut out = stdout();
    if args.json {
        let text = serde_json::to_string_pretty(&evaluated.evaluation).map_err(Failure::other)?;
        writeln!(out, "{text}")?;
    } else {
        print::print(&mut out, &args.dir, &evaluated.evaluation)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn interrupted() -> Outcome {
    writeln!(stderr(), "interrupted: nothing was written")?;
    Ok(Exit::Interrupted)
}

fn failure(error: EvalError, args: &EvalArgs) -> Failure {
    match error {
        EvalError::Engine(error) => Failure::from(error).about(args.dir.display()),
        EvalError::Rows(_) | EvalError::Input(_) | EvalError::File { .. } | EvalError::Stopped => {
            Failure::input(error)
        }
    }
}

fn options(args: &EvalArgs, definition: &Definition) -> Result<Options, Failure> {
    let source = match (&args.queries, args.sample) {
        (Some(path), _) => Source::File(path.clone()),
        (None, Some(count)) => Source::Sample { count, seed: args.seed },
        (None, None) => return Err(Failure::input("give --queries or --sample")),
    };
    let has = |field: &&str| definition.fields.kind(field).is_some() || **field == *"view";
    if let Some(unknown) = args.group_by.iter().find(|field| !has(&field.as_str())) {
        let remedy = "`precedent stats` lists its fields";
        return Err(Failure::input(format!("--group-by {unknown}: the index has no such field ({remedy})")));
    }
    let fields = match args.group_by.is_empty() {
        true => FIELDS.iter().filter(|field| has(field)).map(|&field| field.to_owned()).collect(),
        false => args.group_by.clone(),
    };
    let by = match args.ask {
        AskName::Auto => AskBy::Auto,
        AskName::Images => AskBy::Images,
        AskName::Report => AskBy::Report,
        AskName::Both => AskBy::Both,
    };
    let settings = Settings::default().with(&args.settings);
    Ok(Options {
        source,
        asking: Asking { by, earlier_only: !args.any_time, fields },
        truth: args.labels.clone().map_or(Truth::Reports, Truth::Labels),
        settings: settings.map_err(|problem| Failure::input(problem).about("--with"))?,
        several_per_patient: args.several_per_patient,
        depth: args.depth,
        least_group: args.least_group,
        seed: args.seed,
        protocols: !args.no_pools,
        trec: args.trec.is_some(),
    })
}

/// The settings to compare with, if anything is to be compared.
fn settings_of_other(args: &EvalArgs, first: Settings) -> Result<Option<Settings>, Failure> {
    let changes = match (&args.against_with, &args.against) {
        (None, None) => return Ok(None),
        (changes, _) => changes.as_deref().unwrap_or_default(),
    };
    first.with(changes).map(Some).map_err(|problem| Failure::input(problem).about("--against-with"))
}

/// Writes all files or, where one fails, says which; each is whole or as it was.
fn write_files(args: &EvalArgs, evaluated: &Evaluated) -> Result<(), Failure> {
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    if let Some(path) = &args.html {
        files.push((path.clone(), page(&args.dir.display().to_string(), &evaluated.evaluation)));
    }
    if let Some(path) = &args.output {
        let text = serde_json::to_string_pretty(&evaluated.evaluation).map_err(Failure::other)?;
        files.push((path.clone(), text + "\n"));
    }
    if let (Some(folder), Some(trec)) = (&args.trec, &evaluated.trec) {
        std::fs::create_dir_all(folder).map_err(|error| Failure::input(error).about(folder.display()))?;
        files.push((folder.join("run.trec"), trec.run.clone()));
        files.push((folder.join("qrels.trec"), trec.qrels.clone()));
    }
    for (path, text) in &files {
        write_whole(path, text).map_err(|error| Failure::input(error).about(path.display()))?;
    }
    Ok(())
}

/// Writes beside the file and renames, so that nobody ever sees half of it.
#[expect(clippy::disallowed_methods, reason = "a page is no file of an index")]
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        // What cannot be removed has a name that says what it is.
        let _ = std::fs::remove_file(&part);
    }
    written
}
