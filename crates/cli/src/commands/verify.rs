//! `precedent verify`.

mod recall;

use crate::exit::{Exit, Failure, Outcome};
use crate::json;
use crate::output::{advance, bar, bytes, counted, stdout};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use precedent_engine::{Engine, Verification};
use recall::Recall;
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 0 when the index is sound and recall, if measured, is as promised; 4 when it is damaged or recall \
                        falls short; 130 when interrupted."
)]
pub struct VerifyArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Also measure whether searches by embedding find what they promise, with SAMPLE cases as queries (200 if not given)
    ///
    /// Each case asks with its first embedding and is left out of its own answer; its copies stay. What is found is compared
    /// with the exact answer, for k of 1, 10, 100 and 1000, at the index's target_recall and at 0.9, 0.95, 0.99 and 0.999, without
    /// a filter. Recall falls short where its mean is below the target by more than 0.005 and by more than two standard errors.
    #[arg(long, value_name = "SAMPLE", num_args = 0..=1, default_missing_value = "200",
          value_parser = RangedU64ValueParser::<usize>::new().range(2..))]
    pub recall: Option<usize>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(args: &VerifyArgs) -> Outcome {
    let shown = bar(0, "verify");
    let progress = |done: u64, total: u64| advance(&shown, done, total);
    let found = Engine::verify(&args.dir, &progress)
        .map_err(|error| Failure::from(error).about(args.dir.display()))?;
    shown.finish_and_clear();
    if !args.json {
        print(&found)?;
    }
    let is_sound = found.damages.is_empty();
    // What is damaged cannot keep a promise.
    let recall = match args.recall {
        Some(sample) if is_sound => match Recall::measure(&args.dir, sample)? {
            Some(recall) => Some(recall),
            None => return Ok(Exit::Interrupted),
        },
        _ => None,
    };
    if args.json {
        let recall = args.recall.map(|_| recall.as_ref().map_or(Value::Null, Recall::json));
        print_json(&found, recall)?;
    } else if let Some(recall) = &recall {
        recall.print(&args.dir, &mut stdout())?;
    }
    Ok(match recall {
        _ if !is_sound => Exit::Damaged,
        Some(recall) if recall.short() > 0 => Exit::FallsShort,
        _ => Exit::Done,
    })
}

fn print(found: &Verification) -> Result<(), Failure> {
    let mut out = stdout();
    for damage in &found.damages {
        writeln!(out, "{}: {}", damage.file, damage.description)?;
    }
    let read = format!("{} of {}", counted(found.files as u64, "file", "files"), bytes(found.bytes));
    match found.damages.len() as u64 {
        0 => writeln!(out, "sound: {read} read and checked")?,
        damaged => writeln!(out, "{}: {read} read", counted(damaged, "fault", "faults"))?,
    }
    Ok(())
}

/// `recall` is there where it was asked for.
fn print_json(found: &Verification, recall: Option<Value>) -> Result<(), Failure> {
    let mut document = json::verification(found)?;
    if let (Some(recall), Some(members)) = (recall, document.as_object_mut()) {
        members.insert("recall".to_owned(), recall);
    }
    writeln!(stdout(), "{}", serde_json::to_string_pretty(&document).map_err(Failure::other)?)?;
    Ok(())
}
