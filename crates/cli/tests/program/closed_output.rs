//! Whoever reads the output leaves early: what is done, and the exit code, are those of a run that is read to its end.

use crate::support::{Place, Ran};
use std::io::Read;
use std::process::Stdio;

impl Place {
    /// Runs with nobody at the other end of standard output, or of both streams.
    fn run_unread(&self, args: &[&str], both: bool) -> Ran {
        let mut child = self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let (mut err, kept) = (String::new(), child.stderr.take().unwrap());
        if both {
            drop(kept);
        } else {
            { kept }.read_to_string(&mut err).unwrap();
        }
        Ran { out: String::new(), err, code: child.wait().unwrap().code().unwrap() }
    }
}

fn damage(place: &Place, parts: &[&str]) {
    let segment = std::fs::read_dir(place.path("i/segments")).unwrap().next().unwrap().unwrap().path();
    for part in parts {
        let file = segment.join(part);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[70] ^= 1;
        place.write(file.to_str().unwrap(), &bytes);
    }
}

#[test]
fn exit_codes_are_those_of_the_work() {
    let place = Place::with_index();
    place.write("more.csv", b"case_id,impression\nB1,Pneumothorax.\nB2,\nB3,Mass.\nB4,\n");
    for both in [false, true] {
        let code = |args: &[&str]| place.run_unread(args, both).code;
        assert_eq!(code(&["stats", "i"]), 0);
        assert_eq!(code(&["search", "i", "--filter", "modality:*", "--json"]), 0);
        assert_eq!(code(&["search", "i", "--filter", "modalty:*"]), 2);
        assert_eq!(code(&["report", "more.csv"]), 0);
        assert_eq!(code(&["encode", "--text", "effusion"]), 0);
        assert_eq!(code(&["verify", "i"]), 0);
        assert_eq!(code(&["ingest", "i", "more.csv"]), 3);
    }
    // Nothing of the work was left undone.
    assert!(place.ok(&["search", "i", "--text", "mass"]).contains("B3"));
    damage(&place, &["records", "keys"]);
    for both in [false, true] {
        assert_eq!(place.run_unread(&["verify", "i"], both).code, 4);
        assert_eq!(place.run_unread(&["verify", "i", "--json"], both).code, 4);
    }
}

#[test]
fn a_reader_who_leaves_is_not_complained_about() {
    let place = Place::with_index();
    let ran = place.run_unread(&["search", "i", "--filter", "modality:*", "--json"], false);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn only_one_place_writes_to_the_standard_streams() {
    let mut files = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if !path.ends_with("src/output.rs") {
            read += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            let raw = text.lines().filter(|line| {
                let opens = line.contains("io::stdout()") || line.contains("io::stderr()");
                opens && !line.contains(".is_terminal()")
            });
            assert_eq!(raw.collect::<Vec<_>>(), [""; 0], "{}: use crate::output", path.display());
        }
    }
    assert!(read > 30);
}
