//! Situations that an index is asked in: its segments, its dead cases, and filters.

use crate::kinds::Vectors;
use crate::truth::{Distances, TrueCase, nearest};
use precedent_benches::figures::SplitMix;
use precedent_index::{CaseEntry, CasePlace, Definition, IndexWriter, OrdinalSet, Snapshot};
use precedent_model::{Case, CaseId};
use precedent_storage::DiskStorage;
use precedent_vector::{Metric, VectorSpace};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The segments of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One segment with its graph.
    One,
    /// One segment with its graph, of cases with two images.
    TwoImages,
    /// Twenty of one size; one has a graph, the others borrow its codes.
    Twenty,
    /// A graph over one half, and the other half as it came in.
    Fresh,
    /// As background merges leave them.
    Tiers,
}

/// Cases that were deleted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Dead {
    None,
    One,
    Share(f64),
}

/// What a filter accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Accept {
    All,
    /// A share, whatever the vectors are.
    Share(f64),
    /// The query's cluster.
    With,
    /// All but the query's cluster.
    Against,
    /// The farthest.
    Far,
}

#[derive(Debug, Clone, Copy)]
pub struct Situation {
    pub name: &'static str,
    pub shape: Shape,
    pub dead: Dead,
    pub accept: Accept,
    /// How often it is met: 0 by every kind in every dimension, 1 by every kind, 2 in the whole run alone.
    pub rank: usize,
}

const fn situation(rank: usize, name: &'static str, shape: Shape, dead: Dead, accept: Accept) -> Situation {
    Situation { name, shape, dead, accept, rank }
}

/// By shape, and the dead grow.
pub const SITUATIONS: [Situation; 17] = [
    situation(0, "merged", Shape::One, Dead::None, Accept::All),
    situation(2, "50 %", Shape::One, Dead::None, Accept::Share(0.5)),
    situation(0, "10 %", Shape::One, Dead::None, Accept::Share(0.1)),
    situation(2, "1 %", Shape::One, Dead::None, Accept::Share(0.01)),
    situation(0, "with", Shape::One, Dead::None, Accept::With),
    situation(0, "against", Shape::One, Dead::None, Accept::Against),
    situation(0, "far", Shape::One, Dead::None, Accept::Far),
    situation(2, "one dead", Shape::One, Dead::One, Accept::All),
    situation(1, "10 % dead", Shape::One, Dead::Share(0.1), Accept::All),
    situation(2, "50 % dead", Shape::One, Dead::Share(0.5), Accept::All),
    situation(2, "50 % dead, 10 %", Shape::One, Dead::Share(0.5), Accept::Share(0.1)),
    situation(1, "two images", Shape::TwoImages, Dead::None, Accept::All),
    situation(2, "two images, 10 %", Shape::TwoImages, Dead::None, Accept::Share(0.1)),
    situation(1, "fresh", Shape::Fresh, Dead::None, Accept::All),
    situation(2, "fresh, 10 %", Shape::Fresh, Dead::None, Accept::Share(0.1)),
    situation(2, "twenty", Shape::Twenty, Dead::None, Accept::All),
    situation(2, "tiers", Shape::Tiers, Dead::None, Accept::All),
];

/// Without clusters: the share of all cases that is the query's neighbourhood, and that of the far ones.
const NEIGHBOURHOOD: f64 = 0.05;
const FAR: f64 = 0.1;
/// Cases of one call.
const CASES_PER_PUT: usize = 500;
/// Rows for which a graph is built, at most.
const MIN_NODES: usize = 1_000;
pub const ENCODER: &str = "recall-promise";

/// An index, and which case lies where.
pub struct Index {
    writer: IndexWriter,
    pub snapshot: Arc<Snapshot>,
    pub space: VectorSpace,
    /// The number of each case, by segment and ordinal.
    cases: Vec<Vec<u32>>,
    /// Images of a case.
    pub images: usize,
    dead: Dead,
}

impl Index {
    pub fn build(
        vectors: &Vectors,
        metric: Metric,
        shape: Shape,
        folder: &Path,
        threads: usize,
    ) -> Outcome<Self> {
        let rows = vectors.row_count();
        let definition = Definition::from_toml(&format!(
            "name = 'vectors'\n[graph]\nmin_nodes = {}\n[[space]]\nrole = 'image'\ndimension = {}\nmetric = '{}'\n\
             encoder_id = '{ENCODER}'\n",
            (rows / 20).clamp(2, MIN_NODES),
            vectors.dimension,
            metric.name()
        ))?;
        let space = definition.image_space.clone().ok_or("the definition has no space")?;
        let storage = Arc::new(DiskStorage::create(folder)?);
        IndexWriter::create(storage.as_ref(), &definition)?;
        let writer = IndexWriter::open(storage, threads)?;
        let images = if shape == Shape::TwoImages { 2 } else { 1 };
        let count = rows / images;
        let put = |from: usize, to: usize| -> Outcome<()> {
            for first in (from..to).step_by(CASES_PER_PUT) {
                let entries = (first..to.min(first + CASES_PER_PUT)).map(|case| {
                    let embedding = |image: usize| {
                        let row = (case * images + image) * vectors.dimension;
                        Ok((image, space.admit(ENCODER, &vectors.rows[row..][..vectors.dimension])?))
                    };
                    let embeddings = (0..images).map(embedding).collect::<Outcome<Vec<_>>>()?;
                    Ok(CaseEntry::new(Case::new(CaseId::new(&format!("v{case}"))?), embeddings))
                });
                writer.put(entries.collect::<Outcome<Vec<_>>>()?)?;
            }
            writer.commit()?;
            Ok(())
        };
        let merge_all = || writer.merge_all(&|_, _, _| true);
        // Where each commit ends, in parts of all.
        let (first, parts) = match shape {
            Shape::One | Shape::TwoImages => (1, 1),
            Shape::Twenty => (1, 20),
            Shape::Fresh => (4, 8),
            Shape::Tiers => (0, 24),
        };
        put(0, count * first / parts)?;
        if first > 0 {
            merge_all()?;
        }
        for part in first..parts {
            put(count * part / parts, count * (part + 1) / parts)?;
            while shape == Shape::Tiers && writer.merge_some(&|_, _, _| true)? {}
        }
        let snapshot = writer.snapshot();
        let cases = numbers(&snapshot)?;
        Ok(Self { writer, snapshot, space, cases, images, dead: Dead::None })
    }

    /// Deletes what is dead in a situation.
    pub fn bury(&mut self, dead: Dead) -> Outcome<()> {
        if self.dead != dead {
            let all = self.cases.iter().flatten().copied();
            let now: Vec<u32> = all.filter(|&case| is_dead(dead, case)).collect();
            let ids: Vec<CaseId> =
                now.iter().map(|case| CaseId::new(&format!("v{case}"))).collect::<Result<_, _>>()?;
            self.writer.delete(&ids)?;
            self.snapshot = self.writer.commit()?;
            self.cases = numbers(&self.snapshot)?;
            self.dead = dead;
        }
        Ok(())
    }

    /// The number of the case that lies somewhere.
    pub fn case(&self, place: CasePlace) -> u32 {
        self.cases[place.segment][place.ordinal as usize]
    }

    /// Of cases the accepted ones, by segment.
    pub fn sets(&self, accepted: &[bool]) -> Vec<OrdinalSet> {
        let live = self.snapshot.live();
        let of_segment = |(live, numbers): (OrdinalSet, &Vec<u32>)| {
            let mut set = OrdinalSet::none(live.cases());
            live.iter()
                .filter(|&ordinal| accepted[numbers[ordinal as usize] as usize])
                .for_each(|ordinal| set.insert(ordinal));
            set
        };
        live.into_iter().zip(&self.cases).map(of_segment).collect()
    }
}

/// The cases of a snapshot by segment and ordinal; dead ones have a number, too, of no case.
fn numbers(snapshot: &Snapshot) -> Outcome<Vec<Vec<u32>>> {
    let of_segment = |(segment, live): (usize, OrdinalSet)| {
        let mut numbers = vec![u32::MAX; live.cases()];
        for ordinal in live.iter() {
            let id = snapshot.case_id(CasePlace { segment, ordinal })?;
            numbers[ordinal as usize] = id.as_str().trim_start_matches('v').parse()?;
        }
        Ok(numbers)
    };
    snapshot.live().into_iter().enumerate().map(of_segment).collect()
}

fn is_dead(dead: Dead, case: u32) -> bool {
    match dead {
        Dead::None => false,
        Dead::One => case == 0,
        Dead::Share(share) => case == 0 || SplitMix::of(1, case.into()).uniform() < share,
    }
}

impl Situation {
    /// Which cases a query accepts.
    pub fn accepted(&self, vectors: &Vectors, index: &Index, query: usize, cases: &[TrueCase]) -> Vec<bool> {
        let all = cases.len();
        let share_of = |share: f64| (share * all as f64) as usize;
        let mut accepted = vec![false; all];
        match (self.accept, &vectors.clusters) {
            (Accept::All, _) => accepted.fill(true),
            (Accept::Share(share), _) => {
                for (case, accepted) in accepted.iter_mut().enumerate() {
                    *accepted = SplitMix::of(2, case as u64).uniform() < share;
                }
            }
            (Accept::With | Accept::Against, Some([rows, queries])) => {
                for (case, accepted) in accepted.iter_mut().enumerate() {
                    let is_own = rows[case * index.images] == queries[query];
                    *accepted = is_own == (self.accept == Accept::With);
                }
            }
            (Accept::With | Accept::Against, None) => {
                accepted.fill(self.accept == Accept::Against);
                for case in nearest(cases, |_| true, share_of(NEIGHBOURHOOD)) {
                    accepted[case as usize] = self.accept == Accept::With;
                }
            }
            (Accept::Far, _) => {
                accepted.fill(true);
                for case in nearest(cases, |_| true, share_of(1.0 - FAR)) {
                    accepted[case as usize] = false;
                }
            }
        }
        for (case, accepted) in accepted.iter_mut().enumerate() {
            *accepted &= !is_dead(self.dead, case as u32);
        }
        accepted
    }
}

/// What is asked in a situation.
pub struct Scene<'a> {
    pub vectors: &'a Vectors,
    pub distances: &'a Distances,
    pub index: &'a Index,
    pub situation: &'a Situation,
}
