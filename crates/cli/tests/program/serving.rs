//! `serve` as a terminal and a supervisor treat it.

use crate::support::Place;
use std::io::{BufRead, BufReader, Read, Write};
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
        Self::start_as(place.command(&[&["serve", "i", "--listen", "localhost:0"], flags].concat()))
    }

    fn start_as(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").expect("the address comes first").to_owned();
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
    assert_eq!(serving.code_within(Duration::from_secs(60)), Some(0));
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    let place = Place::with_index();
    let mut serving = Serving::start(&place, &["--read-only"]);
    let mut caller = TcpStream::connect(&serving.address).unwrap();
    caller.write_all(&watching()).unwrap();
    // The first bytes of an answer: the call is begun.
    let mut answer = [0; 64];
    caller.read_exact(&mut answer).unwrap();
    serving.signal("INT");
    serving.line("a second signal ends at once");
    std::thread::sleep(Duration::from_secs(1));
    assert!(serving.child.try_wait().unwrap().is_none(), "it waits for the call that is begun");
    serving.signal("INT");
    assert_eq!(serving.code_within(Duration::from_secs(5)), Some(130));
}

/// A call of the health service that never ends, as HTTP/2 frames (RFC 9113) with headers as they are (RFC 7541, 6.2.2).
fn watching() -> Vec<u8> {
    let path = b"/grpc.health.v1.Health/Watch";
    let headers = [
        // :method POST and :scheme http by their numbers, :path, :authority, content-type, te.
        &[0x83, 0x86, 0x04, path.len() as u8][..],
        path,
        b"\x01\x09localhost\x0f\x10\x10application/grpc\x00\x02te\x08trailers",
    ]
    .concat();
    let frame = |kind: u8, flags: u8, stream: u8, body: &[u8]| {
        [&[0, 0, body.len() as u8, kind, flags, 0, 0, 0, stream][..], body].concat()
    };
    let (settings, headers) = (frame(4, 0, 0, &[]), frame(1, 4, 1, &headers));
    // An empty message: the health of the whole server.
    let message = frame(0, 0, 1, &[0; 5]);
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), settings, headers, message].concat()
}

#[test]
fn what_the_server_takes_on_is_set_by_flags_and_the_environment() {
    let place = Place::with_index();
    let mut command = place.command(&["serve", "i", "--listen", "localhost:0", "--request-memory", "64MiB"]);
    command
        .args(["--searches", "3"])
        .env("PRECEDENT_ANSWER_MEMORY", "100 mb")
        .env("PRECEDENT_CONNECTIONS", "1");
    let mut serving = Serving::start_as(command);
    let limits = serving.line("request_memory");
    for part in ["request_memory=64MiB", "answer_memory=100MB", "searches=3", "connections=1"] {
        assert!(limits.contains(part), "{part} in {limits}");
    }
    let closed = |mut stream: TcpStream| {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.read(&mut [0; 1]).is_ok_and(|read| read == 0)
    };
    let mut greeted = TcpStream::connect(&serving.address).unwrap();
    greeted.write_all(&watching()).unwrap();
    greeted.read_exact(&mut [0; 9]).unwrap();
    assert!(closed(TcpStream::connect(&serving.address).unwrap()), "a second connection is one too many");
    serving.signal("TERM");
    drop(greeted);
    assert_eq!(serving.code_within(Duration::from_secs(60)), Some(0));

    let serve = ["serve", "i", "--listen", "localhost:0"];
    let wrong: [(&[&str], &[&str]); 5] = [
        (&["--request-memory", "512"], &["--request-memory", "has no unit", "such as 512MB or 2GiB"]),
        (&["--answer-memory", "lots"], &["--answer-memory", "is no size", "such as 512MB or 2GiB"]),
        (&["--request-memory", "1MB"], &["--request-memory", "give at least 64MiB"]),
        (&["--searches", "0"], &["--searches", "1..=1024"]),
        (&["--connections", "many"], &["--connections"]),
    ];
    for (flags, words) in wrong {
        place.refused(&[&serve[..], flags].concat(), 2, words);
    }
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
    assert_eq!(serving.code_within(Duration::from_secs(60)), Some(0));
}
