//! `precedent verify`.

mod recall;

use crate::args::VerifyArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::json;
use crate::output::{advance, bar, bytes, counted, stdout};
use precedent_engine::{Engine, Verification};
use recall::Recall;
use serde_json::Value;
use std::io::Write;

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
