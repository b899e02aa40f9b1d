//! Where and when something was measured, as far as the system tells (Linux).

use serde_json::{Value, json};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine, and what it was busy with when the value was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Processors of the machine that are on line, such as `0-1`.
    pub processors: String,
    /// Those that this program may use, such as `1`.
    pub allowed: String,
    pub memory_bytes: u64,
    pub kernel: String,
    /// Threads that ran or wanted to, as a mean over the last minute. What runs beside a measurement makes it slower.
    pub load: f64,
    /// In UTC, such as `2026-11-26T14:05:09Z`.
    pub date: String,
}

impl Machine {
    /// This machine, now. What the system does not tell is empty or 0.
    pub fn now() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let (cpuinfo, status) = (read("/proc/cpuinfo"), read("/proc/self/status"));
        let memory = read("/proc/meminfo");
        let kilobytes = value_of(&memory, "MemTotal").trim_end_matches("kB").trim().parse::<u64>();
        let load = read("/proc/loadavg");
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self {
            processor: value_of(&cpuinfo, "model name").to_owned(),
            processors: read("/sys/devices/system/cpu/online").trim().to_owned(),
            allowed: value_of(&status, "Cpus_allowed_list").to_owned(),
            memory_bytes: kilobytes.map_or(0, |kilobytes| kilobytes * 1024),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: load.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
            date: date(seconds),
        }
    }

    /// One line for a person.
    pub fn line(&self) -> String {
        let day = self.date.split('T').next().unwrap_or_default();
        format!(
            "{day}, {}, processors {} of {}, load {:.1} at the start.",
            self.processor, self.allowed, self.processors, self.load
        )
    }

    pub fn json(&self) -> Value {
        json!({
            "processor": self.processor,
            "processors": self.processors,
            "allowed": self.allowed,
            "memory_bytes": self.memory_bytes,
            "kernel": self.kernel,
            "load_average": self.load,
            "date": self.date,
        })
    }
}

/// The value behind `name`, spaces and a colon.
fn value_of<'a>(text: &'a str, name: &str) -> &'a str {
    let value = |line: &'a str| line.strip_prefix(name)?.trim_start().strip_prefix(':').map(str::trim);
    text.lines().find_map(value).unwrap_or_default()
}

/// Seconds since 1970 as a date in UTC. Days become a date as in Howard Hinnant's "chrono-compatible low-level date
/// algorithms": years begin in March, so that a leap day is the last of its year.
fn date(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }

    #[test]
    fn values_are_found_behind_their_names() {
        let text = "model\t\t: 17\nmodel name\t: AMD EPYC\nMemTotal:       24 kB\n";
        assert_eq!(value_of(text, "model name"), "AMD EPYC");
        assert_eq!(value_of(text, "MemTotal"), "24 kB");
        assert_eq!(value_of(text, "bogus"), "");
    }
}
