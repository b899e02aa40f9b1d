//! What the vector kernels cost, for each instruction set that this machine has.
//!
//! ```text
//! taskset -c 1 cargo run --release -p precedent-benches --bin kernel-speed [-- --instruction-set NAME]
//! ```
//!
//! Data stay in the caches of the processor. A figure is of the fastest of a number of rounds, in nanoseconds; for late interaction
//! it is how many pairs of bytes are multiplied in one. A process uses one instruction set, so each set is measured by a process
//! of its own.

use clap::Parser;
use precedent_vector::{
    CodeQuery, CodeShape, CodeTable, GROUP, Lines, MaxSim, Metric, NodeSet, PackedDistance, PreparedQuery,
    Quantiser, SortedKeys, Steps, instruction_set, instruction_sets, key, limit_instruction_set, pack,
    packed_bytes,
};
use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Rounds of which the fastest counts.
const ROUNDS: usize = 100;
/// Codes of a table, or vectors of a list: few enough for the second-level cache.
const NODES: u32 = 1024;
/// Directions that a query is projected along.
const DIRECTIONS: usize = 252;

/// What the vector kernels cost.
#[derive(Debug, Parser)]
struct Args {
    /// Measure this instruction set only
    #[arg(long, value_name = "NAME")]
    instruction_set: Option<String>,
    /// Only multiply the vectors in DIR, for `benches/peers/late_interaction.py`
    #[arg(long, value_name = "DIR", requires = "instruction_set", requires = "dimension")]
    vectors: Option<PathBuf>,
    /// Numbers of a vector in DIR
    #[arg(long, value_name = "N", requires = "vectors")]
    dimension: Option<usize>,
}

fn main() -> Outcome<()> {
    let args = Args::parse();
    match args.instruction_set {
        Some(name) => {
            limit_instruction_set(&name)?;
            match (args.vectors, args.dimension) {
                (Some(dir), Some(dimension)) => multiply_files(&dir, dimension),
                _ => measure(),
            }
        }
        None => {
            for name in instruction_sets() {
                Command::new(std::env::current_exe()?).args(["--instruction-set", name]).status()?;
            }
            Ok(())
        }
    }
}

fn measure() -> Outcome<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{}", instruction_set())?;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for lines in [1, 2, 4] {
        for half_wide in [false, true] {
            let ns = nearer(&mut random, lines, half_wide);
            let bytes = if half_wide { "half wide" } else { "narrow" };
            writeln!(out, "  nearer, {lines} lines, {bytes}: {ns:.2} a code")?;
        }
    }
    writeln!(out, "  products, 4 lines, wide: {:.2} a code", products(&mut random))?;
    for dimension in [384, 512] {
        let ns = projection(&mut random, dimension)?;
        writeln!(out, "  query of {dimension} numbers along {DIRECTIONS} directions: {ns:.0}")?;
    }
    for capacity in [32, 200, 1000] {
        writeln!(out, "  insert into {capacity} keys: {:.1} a key", insert(&mut random, capacity))?;
    }
    writeln!(out, "  unmet: {:.2} a node", unmet(&mut random))?;
    for (patches, dimension) in [(64, 128), (49, 128), (64, 96)] {
        let (best, all) = late_interaction(&mut random, patches, dimension)?;
        writeln!(out, "  best of {patches} patches of {dimension} numbers: {best:.0} GMAC/s")?;
        writeln!(out, "  all of {patches} patches of {dimension} numbers: {all:.0} GMAC/s")?;
    }
    for dimension in [384, 512] {
        for (metric, name) in [(Metric::Cosine, "product"), (Metric::L2, "squared distance")] {
            let ns = packed(&mut random, dimension, metric);
            writeln!(out, "  packed, {dimension} numbers, {name}: {ns:.1} a vector")?;
        }
        for metric in [Metric::Dot, Metric::Cosine] {
            let ns = floats(&mut random, dimension, metric);
            writeln!(out, "  f32, {dimension} numbers, {}: {ns:.1} a vector", metric.name())?;
        }
    }
    Ok(())
}

/// Nanoseconds of one of `count` pieces of work, in the fastest round.
fn fastest(count: usize, mut work: impl FnMut()) -> f64 {
    let mut round = || {
        let start = Instant::now();
        work();
        start.elapsed().as_nanos() as f64 / count as f64
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}

fn nearer(random: &mut Random, lines: usize, half_wide: bool) -> f64 {
    let shape = CodeShape { lines, wide: if half_wide { 32 * lines } else { 0 }, biased: true };
    let codes = random.codes(shape);
    let table = CodeTable::new(&codes, shape);
    let mut query = CodeQuery::default();
    query.set(&random.floats(shape.coordinates()), shape, Steps { wide: 0.01, narrow: 0.1 }, 2.0);
    // Half the codes come before the limit.
    let all: Vec<u32> = (0..NODES).collect();
    let mut keys = [0; GROUP];
    let mut estimates = Vec::new();
    for group in all.chunks(GROUP) {
        let kept = table.nearer(group, query.view(), u32::MAX, &mut keys).unwrap_or(0);
        estimates.extend_from_slice(&keys[..kept]);
    }
    estimates.sort_unstable();
    let limit = (estimates[estimates.len() / 2] >> 32) as u32;
    let nodes: Vec<u32> = (0..64 * GROUP).map(|_| random.below(NODES)).collect();
    fastest(5 * nodes.len(), || {
        for _ in 0..5 {
            for group in nodes.chunks(GROUP) {
                black_box(table.nearer(black_box(group), query.view(), limit, &mut keys));
            }
        }
    })
}

fn products(random: &mut Random) -> f64 {
    let shape = CodeShape { lines: 4, wide: 256, biased: false };
    let codes = random.codes(shape);
    let table = CodeTable::new(&codes, shape);
    let mut query = CodeQuery::default();
    query.set(&random.floats(256), shape, Steps { wide: 0.01, narrow: 0.1 }, 2.0);
    let nodes: Vec<u32> = (0..64 * GROUP).map(|_| random.below(NODES)).collect();
    fastest(5 * nodes.len(), || {
        for _ in 0..5 {
            for group in nodes.chunks(GROUP) {
                black_box(table.products(black_box(group), query.view()));
            }
        }
    })
}

/// Bytes multiplied with bytes in a nanosecond: where of each row the largest product is kept, and where all are.
fn late_interaction(random: &mut Random, patches: usize, dimension: usize) -> Outcome<(f64, f64)> {
    let numbers = |random: &mut Random, count: usize| -> Vec<i8> {
        (0..count * dimension).map(|_| (random.below(255) as i32 - 127) as i8).collect()
    };
    let query = MaxSim::new(&numbers(random, patches), dimension)?;
    let rows = MaxSim::rows(&numbers(random, NODES as usize), dimension)?;
    let (mut best, mut all) = (vec![0; NODES as usize], vec![0; NODES as usize * patches]);
    let products = NODES as usize * patches * dimension;
    let best = fastest(products, || query.best(black_box(&rows), black_box(&mut best)));
    let all = fastest(products, || query.all(black_box(&rows), black_box(&mut all)));
    Ok((best.recip(), all.recip()))
}

/// The largest product of each vector in the file `sentences` with one of those in `patches`, and the time of the fastest round, in
/// which the patches are laid out anew, too.
fn multiply_files(dir: &Path, dimension: usize) -> Outcome<()> {
    let numbers = |name: &str| -> Outcome<Vec<i8>> {
        Ok(std::fs::read(dir.join(name))?.into_iter().map(u8::cast_signed).collect())
    };
    let (patches, rows) = (numbers("patches")?, MaxSim::rows(&numbers("sentences")?, dimension)?);
    let mut best = vec![0; rows.len() / MaxSim::row_bytes(dimension)];
    let mut fastest = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        MaxSim::new(black_box(&patches), dimension)?.best(black_box(&rows), black_box(&mut best));
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    writeln!(std::io::stdout(), "{}", serde_json::json!({ "fastest_s": fastest, "best": best }))?;
    Ok(())
}

fn projection(random: &mut Random, dimension: usize) -> Outcome<f64> {
    // A quantiser in bytes: what its directions are is of no matter to time.
    let words = [1, 0, dimension, DIRECTIONS, 4, DIRECTIONS, 0, 0];
    let mut bytes: Vec<u8> = words.iter().flat_map(|&word| (word as u32).to_le_bytes()).collect();
    bytes.extend([0.01_f32; 4].iter().flat_map(|step| step.to_le_bytes()));
    bytes.extend(random.floats(dimension).iter().flat_map(|value| value.to_le_bytes()));
    bytes.extend([0.01_f32; DIRECTIONS].iter().flat_map(|step| step.to_le_bytes()));
    let size = dimension.next_multiple_of(64);
    bytes.extend((0..DIRECTIONS * size).map(|_| 1 + random.below(255) as u8));
    let quantiser = Quantiser::from_bytes(&bytes)?;
    let query = random.floats(dimension);
    let mut prepared = PreparedQuery::default();
    Ok(fastest(50, || {
        for _ in 0..50 {
            quantiser.prepare(black_box(&query), &mut prepared);
            black_box(&prepared);
        }
    }))
}

/// Keys as a search brings them: a few at a time, each before the limit of the list, and ever fewer of those met.
fn insert(random: &mut Random, capacity: usize) -> f64 {
    let mut keys = SortedKeys::default();
    let lists: Vec<Vec<Vec<u64>>> = (0..5_000 / capacity)
        .map(|_| {
            keys.reset(capacity);
            let mut groups = Vec::new();
            let mut taken = 0;
            while taken < 4 * capacity {
                let group: Vec<u64> = (0..8)
                    .map(|node| key(random.float(), node))
                    .filter(|key| ((key >> 32) as u32) < keys.limit())
                    .collect();
                keys.insert(&group);
                taken += group.len();
                groups.push(group);
            }
            groups
        })
        .collect();
    let count = lists.iter().flatten().map(Vec::len).sum();
    fastest(count, || {
        for groups in &lists {
            keys.reset(capacity);
            for group in groups {
                black_box(keys.insert(black_box(group)));
            }
        }
    })
}

fn unmet(random: &mut Random) -> f64 {
    let nodes = 100_000;
    let links: Vec<Vec<u32>> = (0..300).map(|_| (0..32).map(|_| random.below(nodes)).collect()).collect();
    let mut set = NodeSet::default();
    fastest(2 * 300 * 32, || {
        set.reset(nodes as usize);
        for _ in 0..2 {
            for links in &links {
                let _ = black_box(set.add_all(black_box(links)));
            }
        }
    })
}

fn packed(random: &mut Random, dimension: usize, metric: Metric) -> f64 {
    let count = 64;
    let mut bytes = Vec::new();
    for _ in 0..count {
        pack(&random.floats(dimension), &mut bytes);
    }
    let query = random.floats(dimension);
    let distance = PackedDistance::new(metric);
    fastest(10 * count, || {
        for _ in 0..10 {
            for vector in bytes.chunks_exact(packed_bytes(dimension)) {
                black_box(distance.measure(black_box(&query), vector));
            }
        }
    })
}

fn floats(random: &mut Random, dimension: usize, metric: Metric) -> f64 {
    let count = 64;
    let vectors = random.floats(count * dimension);
    let query = random.floats(dimension);
    let distance = metric.distance_fn();
    fastest(10 * count, || {
        for _ in 0..10 {
            for vector in vectors.chunks_exact(dimension) {
                black_box(distance(black_box(&query), vector));
            }
        }
    })
}

/// A linear congruential generator (Knuth's MMIX).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }

    /// From -1 to 1.
    fn float(&mut self) -> f32 {
        self.next() as f32 / (1_u32 << 30) as f32 - 1.0
    }

    fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.float()).collect()
    }

    /// Codes of a table of [`NODES`], each with a bias near 0.
    fn codes(&mut self, shape: CodeShape) -> Lines {
        let mut codes = Lines::new(NODES as usize * shape.bytes());
        for code in codes.chunks_exact_mut(shape.bytes()) {
            code.fill_with(|| 1 + self.below(255) as u8);
            if let Some(bias) = code.last_chunk_mut() {
                *bias = self.float().to_le_bytes();
            }
        }
        codes
    }
}
