//! The flags of `precedent serve`.

use crate::encoders::EncoderDirs;
use crate::listen;
use crate::size::Size;
use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use precedent_server::LoadLimits;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Ctrl-C or SIGTERM stops the server when running calls are answered; a second one stops it at once. SIGHUP is \
                        ignored."
)]
pub struct ServeArgs {
    /// Directories of the indexes
    #[arg(required = true)]
    pub dirs: Vec<PathBuf>,
    /// Loopback address to listen on
    #[arg(long, env = "PRECEDENT_LISTEN", default_value = "127.0.0.1:50051", value_name = "HOST:PORT", value_parser = listen::address)]
    pub listen: SocketAddr,
    /// Refuse new cases; another process may write the index
    #[arg(long)]
    pub read_only: bool,
    /// Megabytes that are read again in a second, to find damaged files before a search does; all files once a day at most, 0
    /// for never
    #[arg(long, value_name = "MB", default_value_t = 8)]
    pub scrub_rate: u64,
    #[command(flatten)]
    pub encoders: EncoderDirs,
    #[command(flatten)]
    pub load: LoadArgs,
    /// What to log: off, error, warn, info, debug, trace, or target=level pairs
    #[arg(long, env = "PRECEDENT_LOG", default_value = "info", value_name = "LEVEL")]
    pub log_level: String,
    /// How log lines are written, to standard error
    #[arg(long, env = "PRECEDENT_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line of words
    Text,
    /// A JSON object per line
    Json,
}

/// How much the server takes on at a time.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// Memory for requests in flight, such as 512MB or 2GiB; at least 64MiB
    ///
    /// A message of more than 64 KiB takes twice its size. Requests wait for their memory, up to 20 seconds. One connection gets
    /// at most three quarters; the largest file, of 256 MiB, needs 448MiB here.
    #[arg(long, env = "PRECEDENT_REQUEST_MEMORY", value_name = "SIZE", value_parser = memory,
          default_value_t = Size(LoadLimits::default().request_bytes))]
    pub request_memory: Size,
    /// Memory for answers that clients have not taken yet; at least 64MiB
    ///
    /// A search whose answer finds no room is refused with the advice to try again later.
    #[arg(long, env = "PRECEDENT_ANSWER_MEMORY", value_name = "SIZE", value_parser = memory,
          default_value_t = Size(LoadLimits::default().answer_bytes))]
    pub answer_memory: Size,
    /// Number of searches that compute at the same time, 1 to 1024; one per core if not given
    #[arg(long, env = "PRECEDENT_SEARCHES", value_name = "N",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub searches: Option<usize>,
    /// Number of connections, 1 to 65536; fewer where the limit of open files is low
    #[arg(long, env = "PRECEDENT_CONNECTIONS", value_name = "N", default_value_t = LoadLimits::default().connections,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536))]
    pub connections: usize,
}

impl LoadArgs {
    /// The limits of the server, with what is given here.
    pub fn limits(&self) -> LoadLimits {
        let usual = LoadLimits::default();
        LoadLimits {
            request_bytes: self.request_memory.0,
            answer_bytes: self.answer_memory.0,
            searches: self.searches.unwrap_or(usual.searches),
            connections: self.connections,
            ..usual
        }
    }
}

/// Memory that is enough for the largest message.
fn memory(text: &str) -> Result<Size, String> {
    const LEAST: Size = Size(64 << 20);
    let size: Size = text.parse()?;
    match size.0 >= LEAST.0 {
        true => Ok(size),
        false => Err(format!("is less than a large message needs; give at least {LEAST}")),
    }
}
