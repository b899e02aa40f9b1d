//! Late interaction for 64-bit Arm: dot products of four bytes where the processor has them, or products of 8 bits that are added up
//! in 16 and then in 32.
//!
//! Registers hold the sums of four patches, or of two of which each has two sums, for one row. A step of the row is spread over
//! a register and multiplied with that of each patch. Both are signed there, so sums start with nothing.
#![allow(unsafe_code)]

use super::{Group, MaxSimKernels, PATCHES, Packed, Rows, STEP, side_by_side, write};
use std::arch::aarch64::*;
use std::arch::asm;
use std::array::from_fn;
use std::slice::ChunksMut;

/// For processors with NEON and dot products only.
pub(in crate::kernel) const DOT: MaxSimKernels =
    MaxSimKernels { best: multiply_dot::<false>, all: multiply_dot::<true> };
/// For processors with NEON only.
pub(in crate::kernel) const NEON: MaxSimKernels =
    MaxSimKernels { best: multiply_neon::<false>, all: multiply_neon::<true> };

/// Bytes in a register.
const BYTES: usize = 16;
/// Patches of a step in a register.
const LANES: usize = BYTES / STEP;
/// Registers of the patches of a step.
const REGISTERS: usize = PATCHES / LANES;
/// Rows whose sums with a group are in registers at a time: 20 of 32, and 16 where a patch has two sums.
const DOT_ROWS: usize = 5;
const NEON_ROWS: usize = 2;

/// The sums of a row with the patches of a group.
type Sums = [int32x4_t; REGISTERS];

fn multiply_dot<const ALL: bool>(packed: Packed<'_>, rows: &[[u8; STEP]], found: &mut [i32]) {
    if !ALL {
        found.fill(i32::MIN);
    }
    let width = packed.width::<ALL>();
    for (first, group) in (0..).step_by(PATCHES).zip(packed.groups()) {
        for (rows, found) in rows.chunks(DOT_ROWS * packed.steps).zip(found.chunks_mut(DOT_ROWS * width)) {
            let rows = side_by_side(rows, packed.steps);
            // SAFETY: part of a set that is handed out only where its features were detected.
            unsafe { with_dot::<ALL>(group, rows, first, found.chunks_mut(width)) }
        }
    }
}

/// The products of rows with the patches of a group, the first of which is given: all, or those that are larger than what is found so far.
#[target_feature(enable = "neon,dotprod")]
fn with_dot<const ALL: bool>(
    (numbers, _): Group<'_>,
    rows: Rows<'_, DOT_ROWS>,
    first: usize,
    found: ChunksMut<'_, i32>,
) {
    let steps = rows[0].len();
    let rows = rows.map(|row| &row[..steps]);
    let numbers = &numbers[..steps];
    let mut sums = [[vdupq_n_s32(0); REGISTERS]; DOT_ROWS];
    for step in 0..steps {
        let patches = registers(&numbers[step]);
        for (sums, row) in sums.iter_mut().zip(rows) {
            let bytes = spread(row[step]);
            for (sum, patch) in sums.iter_mut().zip(patches) {
                *sum = dot(*sum, bytes, patch);
            }
        }
    }
    keep::<ALL>(&sums, first, found);
}

/// Adds to each sum the four products of its bytes. The compiler has this instruction under no stable name.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn dot(mut sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    // SAFETY: the instruction reads and writes the registers named, and the processor has it where this function may be called.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {a:v}.16b, {b:v}.16b",
            sums = inout(vreg) sums,
            a = in(vreg) a,
            b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

fn multiply_neon<const ALL: bool>(packed: Packed<'_>, rows: &[[u8; STEP]], found: &mut [i32]) {
    if !ALL {
        found.fill(i32::MIN);
    }
    let width = packed.width::<ALL>();
    for (first, group) in (0..).step_by(PATCHES).zip(packed.groups()) {
        for (rows, found) in rows.chunks(NEON_ROWS * packed.steps).zip(found.chunks_mut(NEON_ROWS * width)) {
            let rows = side_by_side(rows, packed.steps);
            // SAFETY: as in `multiply_dot`.
            unsafe { with_products::<ALL>(group, rows, first, found.chunks_mut(width)) }
        }
    }
}

/// As `with_dot`. Two products fit 16 bits, since no number of a patch is -128: two steps are added up there.
#[target_feature(enable = "neon")]
fn with_products<const ALL: bool>(
    (numbers, _): Group<'_>,
    rows: Rows<'_, NEON_ROWS>,
    first: usize,
    found: ChunksMut<'_, i32>,
) {
    let (pairs, last) = numbers.as_chunks::<2>();
    let of_rows = rows.map(|row| row.as_chunks::<2>());
    let mut sums = [[[vdupq_n_s32(0); 2]; REGISTERS]; NEON_ROWS];
    for (place, [one, other]) in pairs.iter().enumerate() {
        let (one, other) = (registers(one), registers(other));
        for (sums, (row, _)) in sums.iter_mut().zip(of_rows) {
            let [bytes, others] = row[place].map(|bytes| spread(bytes));
            for ((sums, one), other) in sums.iter_mut().zip(one).zip(other) {
                let low = vmull_s8(vget_low_s8(bytes), vget_low_s8(one));
                let low = vmlal_s8(low, vget_low_s8(others), vget_low_s8(other));
                let high = vmlal_high_s8(vmull_high_s8(bytes, one), others, other);
                *sums = [vpadalq_s16(sums[0], low), vpadalq_s16(sums[1], high)];
            }
        }
    }
    if let [step] = last {
        let patches = registers(step);
        for (sums, (_, row)) in sums.iter_mut().zip(of_rows) {
            let bytes = spread(row[0]);
            for (sums, patch) in sums.iter_mut().zip(patches) {
                let low = vmull_s8(vget_low_s8(bytes), vget_low_s8(patch));
                *sums = [vpadalq_s16(sums[0], low), vpadalq_s16(sums[1], vmull_high_s8(bytes, patch))];
            }
        }
    }
    keep::<ALL>(&sums.map(|sums| sums.map(|[low, high]| vpaddq_s32(low, high))), first, found);
}

/// The numbers that the bytes of a step of a row stand for, for each patch.
#[target_feature(enable = "neon")]
#[inline]
fn spread(step: [u8; STEP]) -> int8x16_t {
    vreinterpretq_s8_u32(veorq_u32(vdupq_n_u32(u32::from_le_bytes(step)), vdupq_n_u32(0x8080_8080)))
}

#[target_feature(enable = "neon")]
#[inline]
fn registers(step: &[[i8; STEP]; PATCHES]) -> [int8x16_t; REGISTERS] {
    let bytes = step.as_flattened().as_chunks::<BYTES>().0;
    from_fn(|register| {
        let bytes = &bytes[register];
        // SAFETY: the array has the 16 bytes of a register.
        unsafe { vld1q_s8(bytes.as_ptr()) }
    })
}

/// Of sums of rows with a group all, or the largest where they are larger than what is found so far.
#[target_feature(enable = "neon")]
#[inline]
fn keep<const ALL: bool>(sums: &[Sums], first: usize, found: ChunksMut<'_, i32>) {
    for (found, sums) in found.zip(sums) {
        if ALL {
            write(numbers(sums), &mut found[first..]);
        } else {
            let [a, b, c, d] = *sums;
            found[0] = found[0].max(vmaxvq_s32(vmaxq_s32(vmaxq_s32(a, b), vmaxq_s32(c, d))));
        }
    }
}

#[target_feature(enable = "neon")]
#[inline]
fn numbers(sums: &Sums) -> [i32; PATCHES] {
    let mut numbers = [0; PATCHES];
    for (numbers, sum) in numbers.as_chunks_mut::<LANES>().0.iter_mut().zip(sums) {
        // SAFETY: the array has the 16 bytes of a register.
        unsafe { vst1q_s32(numbers.as_mut_ptr(), *sum) }
    }
    numbers
}
