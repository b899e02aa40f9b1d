//! A server in a process of its own, and the processor time of processes (Linux).

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long a server may take to open its index.
const PATIENCE: Duration = Duration::from_secs(60);
const LISTENING: &str = "listening on ";

/// A server that runs until the value is dropped.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    /// Address and port.
    pub address: String,
}

impl ServerProcess {
    /// Starts it and waits until it says where it listens. What it logs goes to a file, as that of a service does.
    pub fn start(command: &mut Command, log: &Path) -> Outcome<Self> {
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(log)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        let child = child.map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let mut server = Self { child, address: String::new() };
        let started = Instant::now();
        loop {
            let said = fs::read_to_string(log)?;
            if let Some(address) = address(&said) {
                server.address = address.to_owned();
                return Ok(server);
            }
            if server.child.try_wait()?.is_some() || started.elapsed() > PATIENCE {
                return Err(format!("the server does not listen: {said}").into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Nothing can be done about a process that does not end, and it holds nothing that is needed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What stands behind the announcement, once its line is whole.
fn address(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once(LISTENING)?;
    rest.split_once('\n').map(|(address, _)| address.trim())
}

/// Processor time that all threads of a process have had, those that ended, too.
pub fn cpu_time(process: u32) -> Outcome<Duration> {
    ticks(&fs::read_to_string(format!("/proc/{process}/stat"))?)
        // Linux counts 100 ticks a second for programs, whatever its own clock.
        .map(|ticks| Duration::from_millis(ticks * 10))
        .ok_or_else(|| "no processor time in /proc".into())
}

/// User and system time; the name before them is in brackets and may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind) = stat.rsplit_once(')')?;
    let mut fields = behind.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_when_its_line_is_whole() {
        assert_eq!(address("starting\nlistening on 127.0.0.1:5"), None);
        assert_eq!(address("starting\nlistening on 127.0.0.1:51234\nserving\n"), Some("127.0.0.1:51234"));
    }

    #[test]
    fn times_stand_behind_the_name() {
        assert_eq!(ticks("7 (a) b c) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0"), Some(42));
        assert_eq!(ticks("7 (a"), None);
        assert!(cpu_time(std::process::id()).is_ok());
    }
}
