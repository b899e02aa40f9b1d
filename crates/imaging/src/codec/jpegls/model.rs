//! Contexts, prediction and Golomb codes (T.87 annex A). Names of one letter are those of the standard.

use super::bits::BitReader;
use crate::ImageError;

/// Bits of a run's length, by its index (J in table A.8).
pub(super) const RUN_LENGTH_BITS: [u32; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/// Contexts of regular samples; the first is used where components are interleaved by sample alone.
const REGULAR_CONTEXTS: usize = 365;
const LEAST_BIAS: i32 = -128;
const MOST_BIAS: i32 = 127;
/// Exponents of Golomb codes stay below this in every valid stream.
const MOST_EXPONENT: u32 = 24;

/// The parameters of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Preset {
    pub(super) maxval: i32,
    pub(super) near: i32,
    pub(super) thresholds: [i32; 3],
    pub(super) reset: i32,
    range: i32,
    /// Bits of a mapped error that is not Golomb-coded.
    error_bits: u32,
    /// Longest code.
    limit: u32,
}

impl Preset {
    /// The parameters by a preset segment, where 0 stands for the default, or `None` where they break C.2.4.1.1.
    pub(super) fn new(segment: [u16; 5], bits: u16, near: i32) -> Option<Self> {
        let [maxval, t1, t2, t3, reset] = segment.map(i32::from);
        let largest = (1 << bits) - 1;
        let maxval = if maxval == 0 { largest } else { maxval };
        if maxval > largest || near > 255.min(maxval / 2) {
            return None;
        }
        let defaults = default_thresholds(maxval, near);
        let mut thresholds = [t1, t2, t3];
        for (threshold, default) in thresholds.iter_mut().zip(defaults) {
            if *threshold == 0 {
                *threshold = default;
            }
        }
        let [t1, t2, t3] = thresholds;
        let reset = if reset == 0 { 64 } else { reset };
        if t1 <= near || t2 < t1 || t3 < t2 || t3 > maxval || !(3..=maxval.max(255)).contains(&reset) {
            return None;
        }
        let range = (maxval + 2 * near) / (2 * near + 1) + 1;
        let sample_bits = bits_below(maxval + 1).max(2);
        Some(Self {
            maxval,
            near,
            thresholds,
            reset,
            range,
            error_bits: bits_below(range),
            limit: 2 * (sample_bits + sample_bits.max(8)),
        })
    }

    /// The level of a gradient, from -4 to 4 (A.3.3).
    fn level(&self, gradient: i32) -> i32 {
        let [t1, t2, t3] = self.thresholds;
        let size = gradient.abs();
        let level = match size {
            _ if size <= self.near => 0,
            _ if size < t1 => 1,
            _ if size < t2 => 2,
            _ if size < t3 => 3,
            _ => 4,
        };
        level * gradient.signum()
    }

    /// The sample of a prediction and an error (A.4.4 and A.4.5).
    fn reconstruct(&self, prediction: i32, error: i32) -> i32 {
        let step = 2 * self.near + 1;
        let mut value = i64::from(prediction) + i64::from(error) * i64::from(step);
        let wrap = i64::from(self.range) * i64::from(step);
        if value < -i64::from(self.near) {
            value += wrap;
        } else if value > i64::from(self.maxval) + i64::from(self.near) {
            value -= wrap;
        }
        value.clamp(0, self.maxval.into()) as i32
    }
}

/// How many bits a number below `count` has at most.
fn bits_below(count: i32) -> u32 {
    (count.max(1) as u32).next_power_of_two().trailing_zeros()
}

/// C.2.4.1.1.1.
fn default_thresholds(maxval: i32, near: i32) -> [i32; 3] {
    let clamp = |value: i32, least: i32| if value > maxval || value < least { least } else { value };
    let [t1, t2, t3] = if maxval >= 128 {
        let factor = (maxval.min(4095) + 128) / 256;
        [factor + 2 + 3 * near, 4 * factor + 3 + 5 * near, 17 * factor + 4 + 7 * near]
    } else {
        let factor = 256 / (maxval + 1);
        [2.max(3 / factor + 3 * near), 3.max(7 / factor + 5 * near), 4.max(21 / factor + 7 * near)]
    };
    let t1 = clamp(t1, near + 1);
    let t2 = clamp(t2, t1);
    [t1, t2, clamp(t3, t2)]
}

/// What is remembered of the errors in one context.
#[derive(Clone, Copy)]
struct Context {
    /// Sum of sizes, sum, correction, and number of errors.
    a: i32,
    b: i32,
    c: i32,
    n: i32,
}

/// What is remembered of the samples that end runs.
#[derive(Clone, Copy)]
struct RunContext {
    a: i32,
    n: i32,
    /// Negative errors.
    negative: i32,
}

/// A context of a regular sample, with the sign by which errors are turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ContextIndex {
    index: usize,
    sign: i32,
}

impl Default for ContextIndex {
    fn default() -> Self {
        Self { index: 0, sign: 1 }
    }
}

/// All contexts of a scan.
pub(super) struct Model {
    preset: Preset,
    regular: Vec<Context>,
    runs: [RunContext; 2],
}

/// The least exponent for which `n` codes of the size `a` fit (A.5.1).
fn exponent(a: i32, n: i32) -> u32 {
    let (a, n) = (i64::from(a), i64::from(n));
    let mut k = 0;
    while n << k < a && k < MOST_EXPONENT {
        k += 1;
    }
    k
}

impl Model {
    pub(super) fn new(preset: Preset) -> Self {
        let a = 2.max((preset.range + 32) / 64);
        Self {
            preset,
            regular: vec![Context { a, b: 0, c: 0, n: 1 }; REGULAR_CONTEXTS],
            runs: [RunContext { a, n: 1, negative: 0 }; 2],
        }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new(self.preset);
    }

    /// The context of a sample by its neighbours, or `None` where all gradients are small and a run begins.
    pub(super) fn context(&self, [a, b, c, d]: [i32; 4]) -> Option<ContextIndex> {
        let level = |gradient| self.preset.level(gradient);
        let index = 81 * level(d - b) + 9 * level(b - c) + level(c - a);
        let sign = index.signum();
        (index != 0).then_some(ContextIndex { index: index.unsigned_abs() as usize, sign })
    }

    /// Decodes a regular sample (A.4 to A.6).
    pub(super) fn regular(
        &mut self,
        bits: &mut BitReader<'_>,
        ContextIndex { index, sign }: ContextIndex,
        [a, b, c, _]: [i32; 4],
    ) -> Result<i32, ImageError> {
        let preset = self.preset;
        let Some(context) = self.regular.get_mut(index) else { return Err(bits.damaged("no such context")) };
        let edge = if c >= a.max(b) {
            a.min(b)
        } else if c <= a.min(b) {
            a.max(b)
        } else {
            a + b - c
        };
        let prediction = (edge + sign * context.c).clamp(0, preset.maxval);
        let k = exponent(context.a, context.n);
        let mapped = golomb(bits, k, preset.limit, preset.error_bits)?;
        let half = (mapped >> 1) as i32;
        let turned = preset.near == 0 && k == 0 && 2 * context.b <= -context.n;
        let error = match (mapped & 1 == 0, turned) {
            (true, false) => half,
            (false, false) => -half - 1,
            (true, true) => -half - 1,
            (false, true) => half,
        };
        context.update(error, preset.near, preset.reset);
        Ok(preset.reconstruct(prediction, sign * error))
    }

    /// Decodes the sample that ends a run of one component, between the neighbours left and above (A.7.2).
    pub(super) fn interruption(
        &mut self,
        bits: &mut BitReader<'_>,
        run_index: usize,
        a: i32,
        b: i32,
    ) -> Result<i32, ImageError> {
        if (a - b).abs() <= self.preset.near {
            let error = self.run_error(bits, run_index, 1)?;
            return Ok(self.preset.reconstruct(a, error));
        }
        self.pixel_interruption(bits, run_index, a, b)
    }

    /// Decodes one component of the pixel that ends a run of all components.
    pub(super) fn pixel_interruption(
        &mut self,
        bits: &mut BitReader<'_>,
        run_index: usize,
        a: i32,
        b: i32,
    ) -> Result<i32, ImageError> {
        let error = self.run_error(bits, run_index, 0)?;
        Ok(self.preset.reconstruct(b, if a > b { -error } else { error }))
    }

    fn run_error(
        &mut self,
        bits: &mut BitReader<'_>,
        run_index: usize,
        kind: i32,
    ) -> Result<i32, ImageError> {
        let preset = self.preset;
        let Some(context) = self.runs.get_mut(kind as usize) else { return Ok(0) };
        let size = if kind == 1 { context.a + (context.n >> 1) } else { context.a };
        let k = exponent(size, context.n);
        let length = RUN_LENGTH_BITS.get(run_index).copied().unwrap_or(15);
        let limit = preset.limit.saturating_sub(length + 1);
        let mapped = golomb(bits, k, limit, preset.error_bits)? as i32;
        let sum = mapped + kind;
        let odd = sum & 1 == 1;
        let half = (sum + i32::from(odd)) / 2;
        let error = if (k != 0 || 2 * context.negative >= context.n) == odd { -half } else { half };
        context.negative += i32::from(error < 0);
        context.a = context.a.saturating_add((mapped + 1 - kind) >> 1);
        if context.n == preset.reset {
            context.a >>= 1;
            context.n >>= 1;
            context.negative >>= 1;
        }
        context.n += 1;
        Ok(error)
    }
}

impl Context {
    /// A.6.
    fn update(&mut self, error: i32, near: i32, reset: i32) {
        self.b = self.b.saturating_add(error.saturating_mul(2 * near + 1));
        self.a = self.a.saturating_add(error.abs());
        if self.n == reset {
            self.a >>= 1;
            self.b >>= 1;
            self.n >>= 1;
        }
        self.n += 1;
        if self.b <= -self.n {
            self.b = (self.b + self.n).max(1 - self.n);
            self.c = LEAST_BIAS.max(self.c - 1);
        } else if self.b > 0 {
            self.b = (self.b - self.n).min(0);
            self.c = MOST_BIAS.min(self.c + 1);
        }
    }
}

/// A code of limited length (A.5.3), at most 2^30.
fn golomb(bits: &mut BitReader<'_>, k: u32, limit: u32, error_bits: u32) -> Result<u32, ImageError> {
    let escape = limit.saturating_sub(error_bits + 1);
    let high = bits.zeros(escape)?;
    if high == escape {
        return Ok(bits.read(error_bits)? + 1);
    }
    let value = u64::from(high) << k | u64::from(bits.read(k)?);
    u32::try_from(value)
        .ok()
        .filter(|&value| value <= 1 << 30)
        .ok_or_else(|| bits.damaged("an error is too large"))
}
