//! `precedent verify`.

use crate::args::VerifyArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::json;
use crate::output::{bar, bytes, counted};
use precedent_engine::{Engine, Verification};
use std::io::Write;

pub fn run(args: &VerifyArgs) -> Outcome {
    let shown = bar(0, "verify");
    let progress = |done: u64, total: u64| {
        shown.set_length(total);
        shown.set_position(done);
    };
    let found = Engine::verify(&args.dir, &progress)
        .map_err(|error| Failure::from(error).about(args.dir.display()))?;
    shown.finish_and_clear();
    match print(args, &found) {
        // `verify DIR | head -1` reads too little to see the damage, and still must learn of it.
        Err(failure) if !failure.is_unread() => return Err(failure),
        _ => {}
    }
    Ok(if found.damages.is_empty() { Exit::Done } else { Exit::Damaged })
}

fn print(args: &VerifyArgs, found: &Verification) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    if args.json {
        writeln!(out, "{}", json::verification(found)?)?;
    } else {
        for damage in &found.damages {
            writeln!(out, "{}: {}", damage.file, damage.description)?;
        }
        let read = format!("{} of {}", counted(found.files as u64, "file", "files"), bytes(found.bytes));
        match found.damages.len() as u64 {
            0 => writeln!(out, "sound: {read} read and checked")?,
            damaged => writeln!(out, "{}: {read} read", counted(damaged, "fault", "faults"))?,
        }
    }
    Ok(())
}
