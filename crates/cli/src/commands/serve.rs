//! `precedent serve`.

use crate::args::ServeArgs;
use crate::encoders;
use crate::exit::{Exit, Failure, Outcome};
use precedent_engine::{Access, Engine};
use precedent_server::{Served, ServerConfig, serve_on};
use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

pub fn run(args: &ServeArgs) -> Outcome {
    log(&args.log_level)?;
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
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(listen(args, served))?;
    Ok(Exit::Done)
}

fn log(level: &str) -> Result<(), Failure> {
    let filter =
        EnvFilter::try_new(level).map_err(|error| Failure::input(format!("--log-level {level}: {error}")))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    Ok(())
}

async fn listen(args: &ServeArgs, served: Vec<Served>) -> Result<(), Failure> {
    let config = ServerConfig { listen: args.listen, ..ServerConfig::default() };
    let bind = |error: std::io::Error| Failure::other(format!("cannot listen on {}: {error}", args.listen));
    if !args.listen.ip().is_loopback() {
        return Err(Failure::input(format!(
            "--listen {}: other machines can reach this address, but the server has no TLS; give a loopback address",
            args.listen
        )));
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listener = TcpListener::bind(args.listen).await.map_err(bind)?;
    writeln!(std::io::stderr(), "listening on {}", listener.local_addr()?)?;
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    serve_on(listener, served, config, shutdown).await.map_err(Failure::other)
}
