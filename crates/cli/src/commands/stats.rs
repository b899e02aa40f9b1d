//! `precedent stats`.

use crate::args::StatsArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::json;
use crate::output::{bytes, count};
use precedent_engine::{Access, Engine, EngineError};
use std::io::Write;

pub fn run(args: &StatsArgs) -> Outcome {
    let about = |error: EngineError| Failure::from(error).about(args.dir.display());
    let engine = Engine::open(&args.dir, Access::Read).map_err(about)?;
    let stats = engine.stats().map_err(about)?;
    let definition = engine.definition();
    let mut out = std::io::stdout();
    if args.json {
        writeln!(out, "{}", json::stats(definition, &stats)?)?;
        return Ok(Exit::Done);
    }
    let number = |value: usize| count(value as u64);
    writeln!(out, "index        {}, generation {}", definition.name, stats.generation)?;
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
    match &definition.image_space {
        Some(space) => {
            let kind = format!("{} x {}, {}", space.encoder_id(), space.dimension(), space.metric().name());
            let (rows, distinct) = (number(stats.image_rows), number(stats.distinct_vectors));
            writeln!(out, "embeddings   {rows}, {distinct} distinct; {kind}")?;
        }
        None => writeln!(out, "embeddings   no image space")?,
    }
    let fields: Vec<String> =
        definition.fields.iter().map(|(name, kind)| format!("{name}={}", kind.name())).collect();
    writeln!(out, "fields       {}", fields.join(" "))?;
    for segment in &stats.segments {
        let graph = if segment.has_graph { "graph" } else { "compared whole" };
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
