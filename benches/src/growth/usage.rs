//! What the process takes of the machine (Linux; elsewhere zeros).

use std::fs;

/// Memory, files and threads at one time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub anonymous_mb: f64,
    /// Pages of mapped files that are in memory, and can be dropped.
    pub mapped_mb: f64,
    pub files: usize,
    pub maps: usize,
    pub threads: usize,
    /// Of all threads so far, in seconds.
    pub cpu_s: f64,
}

impl Usage {
    pub fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let value = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().nth(1).and_then(|value| value.parse::<f64>().ok()).unwrap_or_default()
        };
        let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Self {
            anonymous_mb: value("RssAnon") / 1e3,
            mapped_mb: value("RssFile") / 1e3,
            files: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
            maps: fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count()),
            threads: value("Threads") as usize,
            cpu_s: cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9,
        }
    }
}
