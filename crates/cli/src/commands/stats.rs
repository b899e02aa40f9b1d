//! `precedent stats`.

use crate::exit::{Exit, Failure, Outcome};
use crate::json;
use crate::output::{bytes, count, counted, printable, stdout};
use clap::Args;
use precedent_engine::{Access, Condition, Definition, Engine, EngineError, IndexStats, VectorAccess};
use std::io::Write;
use std::path::PathBuf;
use std::time::SystemTime;

#[derive(Debug, Args)]
pub struct StatsArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(args: &StatsArgs) -> Outcome {
    let about = |error: EngineError| Failure::from(error).about(args.dir.display());
    let engine = Engine::open(&args.dir, Access::Read).map_err(about)?;
    let stats = engine.stats().map_err(about)?;
    let definition = engine.definition();
    let mut out = stdout();
    if args.json {
        writeln!(out, "{}", json::stats(&engine, &stats)?)?;
        return Ok(Exit::Done);
    }
    let number = |value: usize| count(value as u64);
    writeln!(out, "index        {}, generation {}", definition.name, stats.generation)?;
    if !definition.description.is_empty() {
        writeln!(out, "about        {}", printable(&definition.description))?;
    }
    writeln!(
        out,
        "cases        {}, and {} deleted or replaced",
        number(stats.cases),
        number(stats.tombstones)
    )?;
    if stats.pending_operations > 0 {
        let waiting = number(stats.pending_operations);
        writeln!(
            out,
            "waiting      {waiting} operations are durable and become visible when a writer opens"
        )?;
    }
    for problem in wrong(&engine.condition(), SystemTime::now()) {
        writeln!(out, "{problem}")?;
    }
    match &definition.image_space {
        Some(space) => {
            let kind = format!("{} x {}, {}", space.encoder_id(), space.dimension(), space.metric().name());
            let (rows, distinct) = (number(stats.image_rows), number(stats.distinct_vectors));
            writeln!(out, "embeddings   {rows}, {distinct} distinct; {kind}")?;
            if let Some(notice) = engine.notice() {
                writeln!(out, "note         {notice}")?;
            }
        }
        None => writeln!(out, "embeddings   no image space")?,
    }
    let fields: Vec<String> =
        definition.fields.iter().map(|(name, kind)| format!("{name}={}", kind.name())).collect();
    writeln!(out, "fields       {}", fields.join(" "))?;
    writeln!(out, "lexicon      {}{}; {}", stats.lexicon, own(definition), read_by(&stats))?;
    for segment in &stats.segments {
        let graph = match (segment.access, segment.repaired_vectors) {
            (VectorAccess::Compared, _) => "compared whole".to_owned(),
            (VectorAccess::Codes, _) => "codes".to_owned(),
            (VectorAccess::Graph, 0) => "graph".to_owned(),
            (VectorAccess::Graph, mended) => {
                format!("graph with {} of its vectors linked anew", number(mended))
            }
        };
        let (cases, dead) = (number(segment.cases), number(segment.tombstones));
        writeln!(
            out,
            "segment      {}  {cases} cases, {dead} dead, {graph}, {}",
            segment.id,
            bytes(segment.bytes)
        )?;
    }
    for (kind, size) in &stats.file_bytes {
        writeln!(out, "bytes        {kind:<10} {:>10}", bytes(*size))?;
    }
    Ok(Exit::Done)
}

/// What is wrong with the index beside what was asked for: a line for each. The program that writes it told most of it.
fn wrong(condition: &Condition, now: SystemTime) -> Vec<String> {
    let ago = |then: SystemTime| {
        let seconds = now.duration_since(then).unwrap_or_default().as_secs();
        match seconds {
            0..120 => format!("{seconds} s ago"),
            120..7_200 => format!("{} min ago", seconds / 60),
            _ => format!("{} h ago", count(seconds / 3_600)),
        }
    };
    let failures = condition.failures.iter().map(|failure| {
        let attempts = counted(failure.attempts.into(), "time", "times in a row");
        let then = if failure.retried { "it is tried again" } else { "it is not tried again by itself" };
        format!(
            "failing      {} failed {attempts}, first {}, last {}; {then}: {}",
            failure.task.name(),
            ago(failure.since),
            ago(failure.at),
            printable(&failure.problem)
        )
    });
    let damages = condition.damages.iter();
    failures.chain(damages.map(|damage| format!("damaged      {}", printable(&damage.description)))).collect()
}

/// What the site adds to the bundled lexicon.
fn own(definition: &Definition) -> String {
    if definition.lexicon.is_empty() {
        return String::new();
    }
    let findings = counted(definition.lexicon.findings.len() as u64, "finding", "findings");
    format!(", with {findings} of the site's own")
}

/// Whether everything was read by the lexicon of now.
fn read_by(stats: &IndexStats) -> String {
    if stats.stale.segments == 0 {
        return "every report was read by it".to_owned();
    }
    let cases = counted(stats.stale.cases as u64, "case", "cases");
    let segments = counted(stats.stale.segments as u64, "segment", "segments");
    format!("{cases} in {segments} were read by another or by none, `precedent merge` reads them anew")
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_engine::{BackgroundFailure, BackgroundTask, Damage};
    use std::time::Duration;

    #[test]
    fn what_is_wrong_is_said_with_task_time_count_and_reason() {
        let now = SystemTime::now();
        let before = |seconds| now - Duration::from_secs(seconds);
        let failure = |task, retried| BackgroundFailure {
            task,
            problem: "the disk is full".to_owned(),
            since: before(8_000),
            at: before(90),
            attempts: 7,
            retried,
        };
        let damage = Damage { file: "f".into(), description: "f is damaged at byte 64".into() };
        let failures = vec![failure(BackgroundTask::Merge, true), failure(BackgroundTask::Commit, false)];
        let lines = wrong(&Condition { failures, damages: vec![damage] }, now);
        assert_eq!(
            lines,
            [
                "failing      merge failed 7 times in a row, first 2 h ago, last 90 s ago; it is tried again: the disk is full",
                "failing      commit failed 7 times in a row, first 2 h ago, last 90 s ago; it is not tried again by itself: \
                 the disk is full",
                "damaged      f is damaged at byte 64",
            ]
        );
        assert!(wrong(&Condition::default(), now).is_empty());
    }
}
