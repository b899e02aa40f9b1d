//! Which directions the coordinates of a code are along, and in what steps: learnt from the vectors themselves.
//!
//! Embeddings fill their space unevenly, and a few dozen principal directions carry most of what tells neighbours apart. A code
//! keeps the coordinates along these, the first ones in a byte, the next in half a byte (bits by importance, as in
//! reverse water-filling; Cover and Thomas, Elements of Information Theory, 10.3.3). A first code of few lines is what a
//! search reads of every vector it meets; a second one, the *rest*, holds the directions after it and is read of the best.
//!
//! With `m` the mean of the vectors, `x` a vector and `q` a query, squared distances and inner products are
//!
//! ```text
//! |q - x|^2 = |q - m|^2 + |x - m|^2 - 2 <q - m, x - m>
//!   -<q, x> =  -<q, m>  - <m, x - m> -   <q - m, x - m>
//! ```
//!
//! The first term is of the query alone and is left out, the second is of the vector alone and is the bias of its code, exact.
//! Only the last product is estimated. Unit vectors order by both alike.

use crate::code::{self, ByteRows, CodeQueries, CodeQuery, CodeShape, Lines, Steps};
use crate::query_view::{GROUP, LINE_BYTES};
use crate::{CodeTable, LinkQuery, Metric, key, key_node};
use std::ops::Range;

mod bytes;
mod directions;

pub use bytes::QuantiserError;
use directions::principal_directions;
pub(crate) use directions::{orthonormalise, principal_span};

/// Numbers of a sample that are looked at: enough to tell the first two hundred directions apart.
const SAMPLE_NUMBERS: usize = 4 << 20;
/// Vectors of a sample at most.
const SAMPLE_ROWS: usize = 8_192;
/// Lines of a code that are tried, in this order.
const LINES: [usize; 3] = [1, 2, 4];
/// Share of the ten nearest that the first thirty by estimate must hold, for a code to be long enough.
const ENOUGH: f64 = 0.9;
/// Steps from the mean to the border of a narrow coordinate, tried in standard deviations.
const CLIPS: [f32; 6] = [1.5, 2.0, 2.5, 3.0, 3.5, 4.0];

/// Turns vectors of one set into codes, and queries into the form that codes are compared in.
#[derive(Clone)]
pub struct Quantiser {
    metric: Metric,
    mean: Vec<f32>,
    shape: CodeShape,
    steps: Steps,
    rest_shape: CodeShape,
    rest_steps: Steps,
    /// Codes of the directions, in the order of the coordinates.
    directions: Lines,
    /// What a step of each direction is worth.
    direction_steps: Vec<f32>,
}

impl std::fmt::Debug for Quantiser {
    /// Shapes only: the mean is of embeddings.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Quantiser({:?}, {} numbers, {:?}, {:?})",
            self.metric,
            self.mean.len(),
            self.shape,
            self.rest_shape
        )
    }
}

/// A query on its way through the codes of one set, kept from one query to the next.
#[derive(Clone, Default)]
pub struct PreparedQuery {
    /// Against the first codes.
    pub first: CodeQuery,
    /// Against the rests, once [`Quantiser::prepare_rest`] was asked.
    pub rest: CodeQuery,
    /// The term of distances that is of the query alone: estimates lack it.
    pub own_term: f32,
    /// What an estimate with the own term is to be multiplied with to be a distance of the metric.
    pub scale: f32,
    /// Distances are off in proportion to this: the distance of the query from the mean of the vectors, of which only the product with
    /// the code is estimated, by the scale.
    pub length: f32,
    /// Against blocks of links, once [`crate::LinkQuantiser::prepare`] was asked.
    pub links: LinkQuery,
    centred: Vec<f32>,
    coordinates: Vec<f32>,
    sums: Vec<i32>,
    pub(crate) projector: CodeQuery,
}

impl Quantiser {
    /// Learns from vectors, of which a part spread evenly over them is looked at. `rest_lines` is how long the second
    /// code is. The same vectors give the same quantiser on the same processor.
    ///
    /// # Errors
    /// What `vector` says. All vectors have `dimension` numbers.
    pub fn learn<'a, E>(
        metric: Metric,
        dimension: usize,
        count: usize,
        rest_lines: usize,
        vector: impl Fn(usize) -> Result<&'a [f32], E>,
    ) -> Result<Self, E> {
        let rows = count.min(SAMPLE_ROWS).min((SAMPLE_NUMBERS / dimension.max(1)).max(1));
        let mut sample = Vec::with_capacity(rows * dimension);
        for row in crate::sample(rows, count) {
            sample.extend_from_slice(vector(row)?);
        }
        let mut mean = vec![0.0_f64; dimension];
        for row in sample.chunks_exact(dimension.max(1)) {
            mean.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        let mean: Vec<f32> = mean.iter().map(|&sum| (sum / rows.max(1) as f64) as f32).collect();
        for row in sample.chunks_exact_mut(dimension.max(1)) {
            row.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
        }
        let mut learnt = None;
        for lines in LINES {
            let quantiser = Self::of_lines(metric, &mean, &sample, lines, rest_lines);
            let enough = quantiser.holds_enough(&sample);
            learnt = Some(quantiser);
            if enough {
                break;
            }
        }
        Ok(learnt.unwrap_or_else(|| Self::of_lines(metric, &mean, &sample, 1, rest_lines)))
    }

    fn of_lines(metric: Metric, mean: &[f32], sample: &[f32], lines: usize, rest_lines: usize) -> Self {
        let dimension = mean.len();
        let most = CodeShape { lines, wide: 0, biased: true }.coordinates() + 2 * LINE_BYTES * rest_lines;
        let found = principal_directions(sample, dimension, most.min(dimension));
        let direction_lines = dimension.div_ceil(LINE_BYTES);
        let shape = Self::direction_shape(dimension);
        let mut directions = Lines::new(found.len() * shape.bytes());
        let mut direction_steps = Vec::with_capacity(found.len());
        for (direction, code) in found.iter().zip(directions.chunks_mut(direction_lines * LINE_BYTES)) {
            let largest = direction.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
            let step = largest / 127.0;
            code::encode(direction, shape, Steps { wide: step, narrow: 1.0 }, code);
            direction_steps.push(step);
        }
        let mut quantiser = Self {
            metric,
            mean: mean.to_vec(),
            shape: CodeShape { lines, wide: 0, biased: true },
            steps: Steps { wide: 1.0, narrow: 1.0 },
            rest_shape: CodeShape { lines: rest_lines, wide: 0, biased: false },
            rest_steps: Steps { wide: 1.0, narrow: 1.0 },
            directions,
            direction_steps,
        };
        let matrix = quantiser.matrix();
        let coordinates: Vec<f32> = sample
            .chunks_exact(dimension.max(1))
            .flat_map(|row| matrix.iter().map(|direction| dot(row, direction)))
            .collect();
        quantiser.choose_steps(&coordinates);
        quantiser
    }

    /// Chooses how many coordinates get a byte, and the steps, so that the products of pairs are off by least.
    fn choose_steps(&mut self, coordinates: &[f32]) {
        let count = self.direction_steps.len();
        let spread = Spread::of(coordinates, count);
        let bytes = CodeShape { wide: usize::MAX, ..self.shape }.coordinates();
        let mut best: Option<(f64, usize, Steps)> = None;
        // Where all coordinates fit, no more of them than needed are narrow.
        let covering = (2 * bytes).saturating_sub(count).min(bytes);
        for wide in (0..=bytes).step_by(4).chain([covering]).filter(|&wide| wide >= covering) {
            let shape = CodeShape { wide, ..self.shape };
            let narrow = wide.min(count)..shape.coordinates().min(count);
            let (loss, steps) = spread.steps(wide.min(count), narrow.clone());
            let loss = loss + spread.lost(narrow.end..count);
            if best.is_none_or(|(least, _, _)| loss < least) {
                best = Some((loss, wide, steps));
            }
        }
        if let Some((_, wide, steps)) = best {
            self.shape.wide = wide;
            self.steps = steps;
        }
        let first = self.shape.coordinates().min(count);
        let rest = first..(first + self.rest_shape.coordinates()).min(count);
        self.rest_steps = spread.steps(first, rest).1;
        self.rest_steps.wide = 1.0;
    }

    /// Whether the first code brings the nearest of the sample to the front: of every hundredth vector.
    fn holds_enough(&self, centred: &[f32]) -> bool {
        let dimension = self.mean.len().max(1);
        let rows: Vec<&[f32]> = centred.chunks_exact(dimension).collect();
        let encoder = self.encoder();
        let uncentred =
            |row: &[f32]| -> Vec<f32> { row.iter().zip(&self.mean).map(|(v, m)| v + m).collect() };
        let vectors: Vec<Vec<f32>> = rows.iter().map(|row| uncentred(row)).collect();
        let mut codes = vec![0; rows.len() * self.shape.bytes()];
        let mut coordinates = Vec::new();
        for (vector, code) in vectors.iter().zip(codes.chunks_mut(self.shape.bytes())) {
            encoder.encode(vector, &mut coordinates, code, &mut []);
        }
        let table = CodeTable::new(&codes, self.shape);
        let nodes: Vec<u32> = (0..rows.len() as u32).collect();
        let (mut query, mut held, mut all) = (PreparedQuery::default(), 0, 0);
        let distance = self.metric.distance_fn();
        for (own, vector) in vectors.iter().enumerate().step_by(100) {
            self.prepare(vector, &mut query);
            let mut estimated = Vec::with_capacity(rows.len());
            for group in nodes.chunks(GROUP) {
                let mut keys = [0; GROUP];
                let kept = table.nearer(group, query.first.view(), u32::MAX, &mut keys).unwrap_or(0);
                estimated.extend_from_slice(&keys[..kept]);
            }
            let mut exact: Vec<u64> =
                vectors.iter().zip(0..).map(|(other, node)| key(distance(vector, other), node)).collect();
            estimated.retain(|key| key_node(*key) != own as u32);
            exact.retain(|key| key_node(*key) != own as u32);
            estimated.sort_unstable();
            exact.sort_unstable();
            let front: Vec<u32> = estimated.iter().take(30).map(|key| key_node(*key)).collect();
            held += exact.iter().take(10).filter(|key| front.contains(&key_node(**key))).count();
            all += exact.len().min(10);
        }
        held as f64 >= ENOUGH * all as f64
    }

    fn direction_shape(dimension: usize) -> CodeShape {
        let lines = dimension.div_ceil(LINE_BYTES);
        CodeShape { lines, wide: lines * LINE_BYTES, biased: false }
    }

    /// Numbers of a vector.
    pub fn dimension(&self) -> usize {
        self.mean.len()
    }

    /// Shape of the first codes.
    pub fn shape(&self) -> CodeShape {
        self.shape
    }

    /// Shape of the rests.
    pub fn rest_shape(&self) -> CodeShape {
        self.rest_shape
    }

    /// The mean of the vectors it learnt from.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// A vector less the mean.
    pub fn less_mean(&self, vector: &[f32], centred: &mut Vec<f32>) {
        centred.clear();
        centred.extend(vector.iter().zip(&self.mean).map(|(value, mean)| value - mean));
    }

    /// The same without rests.
    pub fn without_rest(&self) -> Self {
        let kept = self.directions_of_first();
        let size = Self::direction_shape(self.dimension()).bytes();
        Self {
            rest_shape: CodeShape { lines: 0, ..self.rest_shape },
            directions: Lines::from(&self.directions[..kept * size]),
            direction_steps: self.direction_steps[..kept].to_vec(),
            ..self.clone()
        }
    }

    /// The factor of the product in an estimate.
    pub fn weight(&self) -> f32 {
        match self.metric {
            Metric::Cosine | Metric::L2 => 2.0,
            Metric::Dot => 1.0,
        }
    }

    /// Brings a query into the form of the first codes. Its length is [`Self::dimension`], or nothing is near it.
    pub fn prepare(&self, query: &[f32], prepared: &mut PreparedQuery) {
        self.centre(query, prepared);
        self.prepare_first(prepared);
    }

    /// Takes over a query: what every form of it begins with.
    pub fn centre(&self, query: &[f32], prepared: &mut PreparedQuery) {
        let PreparedQuery { own_term, scale, length, centred, projector, .. } = prepared;
        // Of a product any multiple orders alike, and one that is long beside the mean is nearly the query when it is centred: a short
        // one would be nearly the mean, and the estimate one of nothing that was asked for.
        let multiple = match self.metric {
            Metric::Dot => longer(dot(query, query), dot(&self.mean, &self.mean)),
            Metric::Cosine | Metric::L2 => 1.0,
        };
        centred.clear();
        centred.extend(query.iter().zip(&self.mean).map(|(value, mean)| multiple * value - mean));
        let squared_length = dot(centred, centred);
        // Of unit vectors, half the squared distance is 1 minus the cosine.
        *scale = if self.metric == Metric::Cosine { 0.5 } else { 1.0 / multiple };
        *length = squared_length.sqrt() * *scale;
        *own_term = match self.metric {
            Metric::Cosine | Metric::L2 => squared_length,
            Metric::Dot => -multiple * dot(query, &self.mean),
        };
        let shape = Self::direction_shape(self.dimension());
        projector.set(centred, shape, Steps { wide: 1.0, narrow: 1.0 }, 1.0);
    }

    /// Brings a query that was taken over into the form of the first codes.
    pub fn prepare_first(&self, prepared: &mut PreparedQuery) {
        let PreparedQuery { first, coordinates, sums, projector, .. } = prepared;
        self.project(0..self.directions_of_first(), projector, sums, coordinates);
        first.set(coordinates, self.shape, self.steps, self.weight());
    }

    /// Brings a query that was prepared into the form of the rests, too.
    pub fn prepare_rest(&self, prepared: &mut PreparedQuery) {
        let PreparedQuery { rest, coordinates, sums, projector, .. } = prepared;
        self.project(self.directions_of_first()..self.direction_steps.len(), projector, sums, coordinates);
        rest.set(coordinates, self.rest_shape, self.rest_steps, self.weight());
    }

    /// How many directions have their coordinates in the first code.
    fn directions_of_first(&self) -> usize {
        self.shape.coordinates().min(self.direction_steps.len())
    }

    /// The coordinates of a query along some of the directions.
    fn project(
        &self,
        which: Range<usize>,
        projector: &CodeQuery,
        sums: &mut Vec<i32>,
        coordinates: &mut Vec<f32>,
    ) {
        coordinates.resize(which.len(), 0.0);
        sums.resize(which.len(), 0);
        let size = Self::direction_shape(self.dimension()).bytes();
        let rows = &self.directions[which.start * size..which.end * size];
        ByteRows::new(rows).products(projector.view(), sums, coordinates);
        coordinates.iter_mut().zip(&self.direction_steps[which]).for_each(|(product, step)| *product *= step);
    }

    /// First codes as queries for each other.
    pub fn codes_as_queries(&self, codes: &[u8]) -> CodeQueries {
        CodeQueries::of(codes, self.shape, self.steps, self.weight())
    }

    /// What makes codes: the directions unpacked.
    pub fn encoder(&self) -> VectorEncoder<'_> {
        VectorEncoder { quantiser: self, matrix: self.matrix() }
    }

    fn matrix(&self) -> Vec<Vec<f32>> {
        let size = Self::direction_shape(self.dimension()).bytes().max(1);
        (self.directions.chunks(size).zip(&self.direction_steps))
            .map(|(code, step)| {
                code[..self.dimension()].iter().map(|&byte| (f32::from(byte) - 128.0) * step).collect()
            })
            .collect()
    }
}

/// How long a query is made under a product, as a multiple of the length of the mean.
const LENGTHS_OF_MEAN: f32 = 16.0;

/// What a vector of some squared length is to be multiplied with to be long beside the mean.
fn longer(squared: f32, squared_mean: f32) -> f32 {
    let multiple = LENGTHS_OF_MEAN * (squared_mean / squared).sqrt();
    if multiple.is_normal() { multiple } else { 1.0 }
}

/// Makes codes of vectors.
pub struct VectorEncoder<'a> {
    quantiser: &'a Quantiser,
    matrix: Vec<Vec<f32>>,
}

impl VectorEncoder<'_> {
    /// Writes the code and the rest of a vector; an empty slice for the rest leaves it out. `coordinates` is working
    /// memory, and holds the coordinates afterwards.
    pub fn encode(&self, vector: &[f32], coordinates: &mut Vec<f32>, first: &mut [u8], rest: &mut [u8]) {
        let quantiser = self.quantiser;
        let mut centred = Vec::with_capacity(vector.len());
        quantiser.less_mean(vector, &mut centred);
        coordinates.clear();
        coordinates.extend(self.matrix.iter().map(|direction| dot(&centred, direction)));
        let (of_first, of_rest) = coordinates.split_at(quantiser.shape.coordinates().min(coordinates.len()));
        code::encode(of_first, quantiser.shape, quantiser.steps, first);
        if let Some(place) = first.last_chunk_mut() {
            *place = match quantiser.metric {
                Metric::Cosine | Metric::L2 => dot(&centred, &centred),
                Metric::Dot => -dot(&centred, &quantiser.mean),
            }
            .to_le_bytes();
        }
        code::encode(of_rest, quantiser.rest_shape, quantiser.rest_steps, rest);
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    -Metric::Dot.distance_fn()(a, b)
}

/// How the coordinates of a sample spread.
struct Spread<'a> {
    coordinates: &'a [f32],
    count: usize,
    /// Mean square of each coordinate.
    squares: Vec<f64>,
    largest: Vec<f32>,
}

impl<'a> Spread<'a> {
    fn of(coordinates: &'a [f32], count: usize) -> Self {
        let mut squares = vec![0.0; count];
        let mut largest = vec![0.0_f32; count];
        let mut rows = 0_u32;
        for row in coordinates.chunks_exact(count.max(1)) {
            rows += 1;
            for ((square, most), &value) in squares.iter_mut().zip(&mut largest).zip(row) {
                *square += f64::from(value) * f64::from(value);
                *most = most.max(value.abs());
            }
        }
        squares.iter_mut().for_each(|square| *square /= f64::from(rows.max(1)));
        Self { coordinates, count, squares, largest }
    }

    /// The variance of what the product of two vectors loses where coordinates are left out: the query has a coordinate
    /// of the same spread.
    fn lost(&self, range: Range<usize>) -> f64 {
        self.squares[range].iter().map(|square| square * square).sum()
    }

    /// Steps for the first `wide` coordinates and for a range of narrow ones, with the variance of what a product loses.
    fn steps(&self, wide: usize, narrow: Range<usize>) -> (f64, Steps) {
        let largest = self.largest[..wide].iter().fold(f32::MIN_POSITIVE, |most, &value| most.max(value));
        let wide_step = largest / 127.0;
        // A step evenly filled has a twelfth of its square as variance.
        let wide_loss: f64 =
            self.squares[..wide].iter().map(|square| square * f64::from(wide_step).powi(2) / 12.0).sum();
        let mean = self.squares[narrow.clone()].iter().sum::<f64>() / narrow.len().max(1) as f64;
        let deviation = mean.sqrt() as f32;
        let mut best = (f64::INFINITY, f32::MIN_POSITIVE);
        for clip in CLIPS {
            let step = (clip * deviation / 7.5).max(f32::MIN_POSITIVE);
            let loss = self.narrow_loss(step, narrow.clone());
            if loss < best.0 {
                best = (loss, step);
            }
        }
        let narrow_loss = if narrow.is_empty() { 0.0 } else { best.0 };
        (wide_loss + narrow_loss, Steps { wide: wide_step, narrow: best.1 })
    }

    fn narrow_loss(&self, step: f32, range: Range<usize>) -> f64 {
        let steps = Steps { wide: 1.0, narrow: step };
        let mut losses = vec![0.0_f64; range.len()];
        // A few hundred vectors tell a mean square well enough.
        let rows = self.coordinates.chunks_exact(self.count.max(1));
        let every = (rows.len() / 500).max(1);
        let looked_at = rows.len().div_ceil(every).max(1);
        for row in rows.step_by(every) {
            for (loss, &value) in losses.iter_mut().zip(&row[range.clone()]) {
                *loss += f64::from(value - steps.kept(value, false)).powi(2);
            }
        }
        losses.iter().zip(&self.squares[range]).map(|(loss, square)| square * loss / looked_at as f64).sum()
    }
}

#[cfg(test)]
mod tests;
