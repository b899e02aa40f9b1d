//! `precedent serve`.

mod flags;

use crate::encoders;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::stderr;
use crate::size::Size;
use flags::LogFormat;
pub use flags::ServeArgs;
use precedent_engine::{Access, Engine};
use precedent_server::{Served, ServerConfig, serve_on};
use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Exit code of a program that a signal ended, as shells have it: 128 and the number of the signal.
const INTERRUPTED: i32 = 130;

pub fn run(args: &ServeArgs) -> Outcome {
    log(&args.log_level, args.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // From here on, because to open an index may take a while.
    let signals = {
        let _entered = runtime.enter();
        Signals::listen()?
    };
    let access = if args.read_only { Access::Read } else { Access::Write };
    let encoders = encoders::open_all(&args.encoders)?;
    let mut served = Vec::new();
    for dir in &args.dirs {
        let engine = Engine::open_with(dir, access, &encoders)
            .map_err(|error| Failure::from(error).about(dir.display()))?;
        served.push(Served::new(Arc::new(engine), dir));
    }
    let names: HashSet<&str> = served.iter().map(Served::name).collect();
    if names.len() < served.len() {
        let remedy =
            "two of these indexes have one name; serve them apart, or make one anew with init --name";
        return Err(Failure::input(remedy));
    }
    runtime.block_on(listen(args, served, signals))?;
    Ok(Exit::Done)
}

fn log(level: &str, format: LogFormat) -> Result<(), Failure> {
    let filter = log_filter(level)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}

/// What to log. A bare word must be a level: `EnvFilter` takes any other one as the name of a part of the program, and then
/// nothing is logged.
fn log_filter(text: &str) -> Result<EnvFilter, Failure> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let about = |problem: String| Failure::input(format!("--log-level {text}: {problem}"));
    let is_level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
    let mut bare = text.split(',').map(str::trim).filter(|part| !part.contains(['=', '[']));
    if let Some(word) = bare.find(|word| !is_level(word)) {
        let hint = match word.to_ascii_lowercase().as_str() {
            "json" | "text" => "; the form of the lines is another flag, --log-format",
            _ => "",
        };
        let levels = LEVELS.join(", ");
        return Err(about(format!("{word} is no level; give {levels}, or pairs target=level{hint}")));
    }
    EnvFilter::try_new(text).map_err(|error| about(error.to_string()))
}

/// What other programs and the terminal tell this one.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits until the program is to end.
    async fn end(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                // A terminal that closes, or a tool that rotates logs: neither means the service to end.
                _ = self.hangup.recv() => tracing::info!("SIGHUP is ignored: there is nothing to reload"),
            }
        }
    }
}

async fn listen(args: &ServeArgs, served: Vec<Served>, mut signals: Signals) -> Result<(), Failure> {
    let config = ServerConfig {
        listen: args.listen,
        load: args.load.limits(),
        scrub_bytes_per_second: args.scrub_rate.saturating_mul(1_000_000),
        ..ServerConfig::default()
    };
    let bind = |error: std::io::Error| Failure::other(format!("cannot listen on {}: {error}", args.listen));
    if !args.listen.ip().is_loopback() {
        return Err(Failure::input(format!(
            "--listen {}: other machines can reach this address, but the server has no TLS; give a loopback address",
            args.listen
        )));
    }
    let listener = TcpListener::bind(args.listen).await.map_err(bind)?;
    // Who starts the server reads the port in its first line.
    writeln!(stderr(), "listening on {}", listener.local_addr()?)?;
    let load = config.load;
    tracing::info!(
        request_memory = %Size(load.request_bytes),
        answer_memory = %Size(load.answer_bytes),
        searches = load.searches,
        connections = load.connections,
        "limits"
    );
    let shutdown = async move {
        signals.end().await;
        tracing::info!("ending when the calls that are begun are answered; a second signal ends at once");
        tokio::spawn(async move {
            signals.end().await;
            // What was acknowledged is in the log, so nothing is lost.
            std::process::exit(INTERRUPTED);
        });
    };
    serve_on(listener, served, config, shutdown).await.map_err(Failure::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_level_or_belongs_to_a_target() {
        for text in ["info", "WARN", "off", "precedent_server=debug,warn", "INFO,tower=trace"] {
            assert!(log_filter(text).is_ok(), "{text}");
        }
        let refused = |text: &str| format!("{:?}", log_filter(text).unwrap_err());
        assert!(refused("json").contains("--log-format") && refused("json").contains("error, warn, info"));
        assert!(refused("warn,JSON").contains("--log-format"));
        assert!(refused("inf").contains("inf is no level") && !refused("inf").contains("--log-format"));
        assert!(refused("").contains("is no level"));
        assert!(refused("a=loud").contains("--log-level a=loud"));
    }
}
