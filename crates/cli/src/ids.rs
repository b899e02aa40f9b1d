//! Case ids of the command line, and of files with an id per line.

use crate::exit::Failure;
use precedent_model::CaseId;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Reads case ids in the order in which they are given, first those of the command line.
pub fn read(given: &[String], file: Option<&Path>) -> Result<Vec<CaseId>, Failure> {
    let mut ids = Vec::with_capacity(given.len());
    for (place, text) in given.iter().enumerate() {
        ids.push(
            CaseId::new(text).map_err(|error| Failure::input(error).about(format!("id {}", place + 1)))?,
        );
    }
    let Some(path) = file else { return Ok(ids) };
    let (reader, name): (Box<dyn BufRead>, String) = match path.as_os_str() == "-" {
        true => (Box::new(std::io::stdin().lock()), "standard input".to_owned()),
        false => {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| Failure::input(error).about(&name))?;
            (Box::new(BufReader::new(file)), name)
        }
    };
    for (line, text) in reader.lines().enumerate() {
        let about = |failure: Failure| failure.about(format!("{name} line {}", line + 1));
        let text = text.map_err(|error| about(Failure::input(error)))?;
        // White space around an id is not part of it, and a blank line is none.
        if !text.trim().is_empty() {
            ids.push(CaseId::new(&text).map_err(|error| about(Failure::input(error)))?);
        }
    }
    Ok(ids)
}
