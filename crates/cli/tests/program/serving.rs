//! `serve` as a terminal and a supervisor treat it.

use crate::support::Place;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

struct Serving {
    child: Child,
    log: BufReader<ChildStderr>,
    address: String,
}

impl Serving {
    fn start(place: &Place, flags: &[&str]) -> Self {
        let args = [&["serve", "i", "--listen", "localhost:0"], flags].concat();
        let mut child = place.command(&args).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended before it listened");
            if let Some(address) = line.trim().strip_prefix("listening on ") {
                break address.to_owned();
            }
        };
        Self { child, log, address }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// The next line of the log that holds these words.
    fn line(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.log.read_line(&mut line).unwrap(), 0, "no {words:?}");
            if line.contains(words) {
                return line;
            }
        }
    }

    fn code_within(mut self, wait: Duration) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < wait {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        None
    }
}

#[test]
fn a_hangup_is_ignored_and_logged() {
    let place = Place::with_index();
    let mut serving = Serving::start(&place, &[]);
    serving.signal("HUP");
    serving.line("SIGHUP is ignored");
    serving.signal("HUP");
    serving.line("SIGHUP is ignored");
    TcpStream::connect(&serving.address).unwrap();
    serving.signal("TERM");
    assert_eq!(serving.code_within(Duration::from_secs(20)), Some(0));
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    let place = Place::with_index();
    let mut serving = Serving::start(&place, &["--read-only"]);
    // A call that never ends: its connection is begun and says no more.
    let mut caller = TcpStream::connect(&serving.address).unwrap();
    caller.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    serving.signal("INT");
    serving.line("a second signal ends at once");
    serving.signal("INT");
    let code = serving.code_within(Duration::from_secs(5));
    // Without a call that is begun the first one may have ended it.
    assert!(matches!(code, Some(0 | 130)), "{code:?}");
}

#[test]
fn levels_and_forms_of_log_lines_are_two_flags() {
    let place = Place::with_index();
    let serve = ["serve", "i", "--listen", "localhost:0"];
    place.refused(&[&serve[..], &["--log-level", "json"]].concat(), 2, &["--log-level json", "--log-format"]);
    place.refused(&[&serve[..], &["--log-level", "inof"]].concat(), 2, &["inof is no level", "info"]);
    place.refused(&[&serve[..], &["--log-format", "xml"]].concat(), 2, &["json"]);
    let mut serving = Serving::start(&place, &["--log-format", "json"]);
    serving.signal("HUP");
    let line: serde_json::Value = serde_json::from_str(&serving.line("SIGHUP")).unwrap();
    assert_eq!(line["level"], "INFO");
    serving.signal("TERM");
    assert_eq!(serving.code_within(Duration::from_secs(20)), Some(0));
}
