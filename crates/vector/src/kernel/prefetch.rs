//! Asking for memory before it is read.
#![allow(unsafe_code)]

/// Bytes in a cache line of the processors this is tuned for.
const LINE_BYTES: usize = 64;
/// Lines asked for: past the first ones the processor's own prefetcher follows a run of reads.
const MAX_LINES: usize = 16;

/// Asks the processor to bring the beginning of a slice into its cache. Changes nothing but speed, and does nothing
/// on processors without such a request.
#[inline]
pub fn prefetch<T>(values: &[T]) {
    let start = values.as_ptr().cast::<u8>();
    for line in 0..size_of_val(values).div_ceil(LINE_BYTES).min(MAX_LINES) {
        request(start.wrapping_add(line * LINE_BYTES));
    }
}

/// As [`prefetch`], of every line of a slice.
#[inline]
pub fn prefetch_whole(bytes: &[u8]) {
    for line in (0..bytes.len()).step_by(LINE_BYTES) {
        request(bytes.as_ptr().wrapping_add(line));
    }
}

/// Asks for the line of an address, whatever lies there.
#[inline]
#[cfg(target_arch = "x86_64")]
pub(crate) fn request(address: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a hint that never faults, whatever the address; SSE is part of every x86-64 processor.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
}

/// Asks for the line of an address, whatever lies there.
#[inline]
#[cfg(target_arch = "aarch64")]
pub(crate) fn request(address: *const u8) {
    // SAFETY: `prfm` is a hint that never faults, whatever the address, and touches neither registers nor flags.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{0}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
}

/// Nothing: this processor has no such request.
#[inline]
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) fn request(_address: *const u8) {}
