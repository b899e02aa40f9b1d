//! Kernels over codes for x86-64: AVX-512 with VNNI, and registers of 256 bits with VNNI or without.
#![allow(unsafe_code)]

use super::CodeKernels;

mod avx2;
mod avx512;
mod avx_vnni;
mod ymm;

/// For processors with AVX-512 F, BW and VNNI, AVX2, POPCNT, BMI1 and BMI2 only.
pub(in crate::kernel) const AVX512_VNNI: CodeKernels = CodeKernels {
    nearer: avx512::nearer,
    sums: avx512::sums,
    run: avx512::run,
    round: avx512::round,
    insert: avx512::insert,
    unmet: ymm::unmet,
};
/// For processors with AVX2, AVX-VNNI, POPCNT, BMI1 and BMI2 only.
pub(in crate::kernel) const AVX_VNNI: CodeKernels = CodeKernels {
    nearer: avx_vnni::nearer,
    sums: avx_vnni::sums,
    run: avx_vnni::run,
    round: ymm::round,
    insert: ymm::insert,
    unmet: ymm::unmet,
};
/// For processors with AVX2, POPCNT, BMI1 and BMI2 only.
pub(in crate::kernel) const AVX2: CodeKernels = CodeKernels {
    nearer: avx2::nearer,
    sums: avx2::sums,
    run: avx2::run,
    round: ymm::round,
    insert: ymm::insert,
    unmet: ymm::unmet,
};
