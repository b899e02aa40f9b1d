//! An encoder of grey JPEG-LS (ITU-T T.87 annex A), written for the tests after the standard's own order of steps.

use crate::support::jpeg_segment;

const RUN_BITS: [u32; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// How a picture is coded.
pub struct JpegLs {
    pub columns: u16,
    pub rows: u16,
    pub bits: u8,
    pub near: u16,
    /// Lines between restart markers, or 0.
    pub restart: u16,
    /// MAXVAL, T1, T2, T3 and RESET; 0 for the default.
    pub preset: [u16; 5],
}

impl JpegLs {
    /// The stream of a picture.
    pub fn encode(&self, values: &[u16]) -> Vec<u8> {
        let mut frame = vec![self.bits];
        frame.extend(self.rows.to_be_bytes());
        frame.extend(self.columns.to_be_bytes());
        frame.extend([1, 1, 0x11, 0]);
        let mut stream = vec![0xff, 0xd8];
        stream.extend(jpeg_segment(0xe8, b"SPIFF\0 and what else an encoder says"));
        stream.extend(jpeg_segment(0xf7, &frame));
        if self.preset != [0; 5] {
            let words = self.preset.iter().flat_map(|word| word.to_be_bytes());
            stream.extend(jpeg_segment(0xf8, &[1].into_iter().chain(words).collect::<Vec<u8>>()));
        }
        if self.restart > 0 {
            stream.extend(jpeg_segment(0xdd, &self.restart.to_be_bytes()));
        }
        stream.extend(jpeg_segment(0xda, &[1, 1, 0, self.near as u8, 0, 0]));
        let lines: Vec<&[u16]> = values.chunks(self.columns.into()).collect();
        let interval = if self.restart == 0 { lines.len() } else { self.restart.into() };
        for (at, lines) in lines.chunks(interval).enumerate() {
            if at > 0 {
                stream.extend([0xff, 0xd0 | ((at - 1) % 8) as u8]);
            }
            stream.extend(Encoder::new(self).lines(lines));
        }
        stream.extend([0xff, 0xd9]);
        stream
    }
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u8,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            let full = if self.bytes.last() == Some(&0xff) { 7 } else { 8 };
            self.pending = self.pending << 1 | (value.checked_shr(bit).unwrap_or(0) & 1) as u8;
            self.count += 1;
            if self.count == full {
                self.bytes.push(self.pending);
                (self.pending, self.count) = (0, 0);
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        while self.count > 0 {
            self.put(0, 1);
        }
        if self.bytes.last() == Some(&0xff) {
            self.bytes.push(0);
        }
        self.bytes
    }
}

struct Encoder {
    maxval: i32,
    near: i32,
    thresholds: [i32; 3],
    reset: i32,
    range: i32,
    qbpp: u32,
    limit: u32,
    a: [i32; 367],
    b: [i32; 365],
    c: [i32; 365],
    n: [i32; 367],
    nn: [i32; 2],
    run_index: usize,
    bits: Bits,
}

fn log2(count: i32) -> u32 {
    (0..32).find(|&bits| 1_i64 << bits >= i64::from(count)).unwrap()
}

impl Encoder {
    fn new(coding: &JpegLs) -> Self {
        let [maxval, t1, t2, t3, reset] = coding.preset.map(i32::from);
        let maxval = if maxval == 0 { (1 << coding.bits) - 1 } else { maxval };
        let near = i32::from(coding.near);
        // All depths of the tests have 8 bits or more.
        let factor = (maxval.min(4095) + 128) / 256;
        let clamp = |value, least| if value > maxval || value < least { least } else { value };
        let or = |value, default| if value == 0 { default } else { value };
        let d1 = clamp(factor + 2 + 3 * near, near + 1);
        let d2 = clamp(factor * 4 + 3 + 5 * near, d1);
        let d3 = clamp(factor * 17 + 4 + 7 * near, d2);
        let range = (maxval + 2 * near) / (2 * near + 1) + 1;
        let bpp = log2(maxval + 1).max(2);
        Self {
            maxval,
            near,
            thresholds: [or(t1, d1), or(t2, d2), or(t3, d3)],
            reset: or(reset, 64),
            range,
            qbpp: log2(range),
            limit: 2 * (bpp + bpp.max(8)),
            a: [2.max((range + 32) / 64); 367],
            b: [0; 365],
            c: [0; 365],
            n: [1; 367],
            nn: [0; 2],
            run_index: 0,
            bits: Bits::default(),
        }
    }

    fn lines(mut self, lines: &[&[u16]]) -> Vec<u8> {
        let width = lines[0].len();
        let mut above = vec![0_i32; width + 2];
        for line in lines {
            let mut own = vec![0_i32; width + 2];
            own[0] = above[1];
            above[width + 1] = above[width];
            let mut x = 1;
            while x <= width {
                let [a, b, c, d] = [own[x - 1], above[x], above[x - 1], above[x + 1]];
                let gradients = [d - b, b - c, c - a];
                if gradients.iter().all(|gradient| gradient.abs() <= self.near) {
                    x = self.run(line, &above, &mut own, x);
                } else {
                    own[x] = self.regular(line[x - 1].into(), gradients, [a, b, c]);
                    x += 1;
                }
            }
            above = own;
        }
        self.bits.finish()
    }

    fn level(&self, gradient: i32) -> i32 {
        let [t1, t2, t3] = self.thresholds;
        let size = gradient.abs();
        let levels = [size > self.near, size >= t1, size >= t2, size >= t3];
        gradient.signum() * levels.iter().filter(|&&reached| reached).count() as i32
    }

    /// The error modulo the range, and the sample that the decoder will see.
    fn quantise(&self, value: i32, prediction: i32, sign: i32) -> (i32, i32) {
        let step = 2 * self.near + 1;
        let error = sign * (value - prediction);
        let error = if error > 0 { (error + self.near) / step } else { -((self.near - error) / step) };
        let seen = (prediction + sign * error * step).clamp(0, self.maxval);
        let mut error = if error < 0 { error + self.range } else { error };
        if error >= (self.range + 1) / 2 {
            error -= self.range;
        }
        (error, seen)
    }

    fn regular(&mut self, value: i32, gradients: [i32; 3], [a, b, c]: [i32; 3]) -> i32 {
        let [q1, q2, q3] = gradients.map(|gradient| self.level(gradient));
        let index = 81 * q1 + 9 * q2 + q3;
        let (sign, q) = (index.signum(), index.unsigned_abs() as usize);
        let edge = if c >= a.max(b) {
            a.min(b)
        } else if c <= a.min(b) {
            a.max(b)
        } else {
            a + b - c
        };
        let prediction = (edge + sign * self.c[q]).clamp(0, self.maxval);
        let (error, seen) = self.quantise(value, prediction, sign);
        let k = (0..).find(|k| self.n[q] << k >= self.a[q]).unwrap();
        let turned = self.near == 0 && k == 0 && 2 * self.b[q] <= -self.n[q];
        let mapped = match (error >= 0, turned) {
            (true, false) => 2 * error,
            (false, false) => -2 * error - 1,
            (true, true) => 2 * error + 1,
            (false, true) => -2 * (error + 1),
        };
        self.golomb(mapped as u32, k, self.limit);
        self.b[q] += error * (2 * self.near + 1);
        self.a[q] += error.abs();
        if self.n[q] == self.reset {
            self.a[q] >>= 1;
            self.b[q] = if self.b[q] >= 0 { self.b[q] >> 1 } else { -((1 - self.b[q]) >> 1) };
            self.n[q] >>= 1;
        }
        self.n[q] += 1;
        if self.b[q] <= -self.n[q] {
            self.b[q] += self.n[q];
            self.c[q] = (self.c[q] - 1).max(-128);
            self.b[q] = self.b[q].max(1 - self.n[q]);
        } else if self.b[q] > 0 {
            self.b[q] -= self.n[q];
            self.c[q] = (self.c[q] + 1).min(127);
            self.b[q] = self.b[q].min(0);
        }
        seen
    }

    fn golomb(&mut self, value: u32, k: u32, limit: u32) {
        let escape = limit - self.qbpp - 1;
        if value >> k < escape {
            self.bits.put(0, value >> k);
            self.bits.put(1, 1);
            self.bits.put(value, k);
        } else {
            self.bits.put(0, escape);
            self.bits.put(1, 1);
            self.bits.put(value - 1, self.qbpp);
        }
    }

    /// Codes the run that begins at `x` and the sample that ends it; says where to go on.
    fn run(&mut self, line: &[u16], above: &[i32], own: &mut [i32], mut x: usize) -> usize {
        let a = own[x - 1];
        let mut count = 0_u32;
        while x <= line.len() && (i32::from(line[x - 1]) - a).abs() <= self.near {
            own[x] = a;
            x += 1;
            count += 1;
        }
        while count >= 1 << RUN_BITS[self.run_index] {
            self.bits.put(1, 1);
            count -= 1 << RUN_BITS[self.run_index];
            self.run_index = (self.run_index + 1).min(31);
        }
        if x > line.len() {
            if count > 0 {
                self.bits.put(1, 1);
            }
            return x;
        }
        self.bits.put(0, 1);
        self.bits.put(count, RUN_BITS[self.run_index]);
        own[x] = self.interruption(line[x - 1].into(), a, above[x]);
        self.run_index = self.run_index.saturating_sub(1);
        x + 1
    }

    fn interruption(&mut self, value: i32, a: i32, b: i32) -> i32 {
        let kind = usize::from((a - b).abs() <= self.near);
        let prediction = if kind == 1 { a } else { b };
        let sign = if kind == 0 && a > b { -1 } else { 1 };
        let (error, seen) = self.quantise(value, prediction, sign);
        let q = 365 + kind;
        let size = if kind == 1 { self.a[q] + (self.n[q] >> 1) } else { self.a[q] };
        let k = (0..).find(|k| self.n[q] << k >= size).unwrap();
        let map = (k == 0 && error > 0 && 2 * self.nn[kind] < self.n[q])
            || (error < 0 && 2 * self.nn[kind] >= self.n[q])
            || (error < 0 && k != 0);
        let mapped = 2 * error.abs() - kind as i32 - i32::from(map);
        self.golomb(mapped as u32, k, self.limit - RUN_BITS[self.run_index] - 1);
        self.nn[kind] += i32::from(error < 0);
        self.a[q] += (mapped + 1 - kind as i32) >> 1;
        if self.n[q] == self.reset {
            self.a[q] >>= 1;
            self.n[q] >>= 1;
            self.nn[kind] >>= 1;
        }
        self.n[q] += 1;
        seen
    }
}
