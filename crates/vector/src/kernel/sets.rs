//! Instruction sets: which there are, and the one that all kernels of a process use.

use super::codes::{self, CodeKernels};
use super::links::{self, LinkKernels};
use super::maxsim::{self, MaxSimKernels};
use super::packed_distance::{self, PackedKernels};
use super::{DistanceKernels, portable};
use std::sync::OnceLock;

/// Every kernel, by the instructions of one set.
pub(crate) struct InstructionSet {
    pub name: &'static str,
    pub distances: DistanceKernels,
    pub codes: CodeKernels,
    pub packed: PackedKernels,
    pub links: LinkKernels,
    pub maxsim: MaxSimKernels,
}

pub(crate) static PORTABLE: InstructionSet = InstructionSet {
    name: "portable",
    distances: portable::KERNELS,
    codes: codes::PORTABLE,
    packed: packed_distance::PORTABLE,
    links: links::PORTABLE,
    maxsim: maxsim::PORTABLE,
};

/// The set of this process, once it is decided.
static CHOSEN: OnceLock<&InstructionSet> = OnceLock::new();

/// What this processor can run, fastest first; portable code is always last.
pub(crate) fn available() -> impl Iterator<Item = &'static InstructionSet> {
    #[cfg(target_arch = "x86_64")]
    let fast = x86::available();
    #[cfg(target_arch = "aarch64")]
    let fast = arm::available();
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let fast: [Option<&'static InstructionSet>; 0] = [];
    fast.into_iter().flatten().chain(std::iter::once(&PORTABLE))
}

/// The set that this process uses. The first call decides it.
#[inline]
pub(crate) fn chosen() -> &'static InstructionSet {
    CHOSEN.get_or_init(|| available().next().unwrap_or(&PORTABLE))
}

/// The instruction sets that this machine has, fastest first: of `avx512vnni`, `avxvnni`, `avx2`, `dotprod`, `neon` and, always last,
/// `portable`.
pub fn instruction_sets() -> Vec<&'static str> {
    available().map(|set| set.name).collect()
}

/// The name of the instruction set that the kernels of this process use: the fastest of [`instruction_sets`], unless
/// [`limit_instruction_set`] chose another.
pub fn instruction_set() -> &'static str {
    chosen().name
}

/// Makes all kernels of this process use the named instruction set: for measurements, and for tests of the slower ones.
/// To be called once, at the start of a program, before any vector is compared.
///
/// # Errors
/// When this machine has no such set, or the kernels are in use already.
pub fn limit_instruction_set(name: &str) -> Result<(), InstructionSetError> {
    let set = available().find(|set| set.name == name).ok_or_else(|| InstructionSetError::Unavailable {
        name: name.to_owned(),
        available: instruction_sets(),
    })?;
    CHOSEN.set(set).map_err(|_| InstructionSetError::InUse { used: instruction_set() })
}

/// Why an instruction set was not chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstructionSetError {
    /// The name is unknown, or this machine lacks the set.
    #[error("no instruction set {name:?} on this machine, which has {}", available.join(", "))]
    Unavailable {
        /// The name given.
        name: String,
        /// The sets of this machine, fastest first.
        available: Vec<&'static str>,
    },
    /// Kernels were used, or a set was chosen, before the call.
    #[error("the instruction set cannot be changed any more: {used} is in use")]
    InUse {
        /// The set in use.
        used: &'static str,
    },
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::InstructionSet;
    use crate::kernel::{codes, links, maxsim, packed_distance, x86};
    use std::arch::is_x86_feature_detected as has;

    static AVX512_VNNI: InstructionSet = InstructionSet {
        name: "avx512vnni",
        distances: x86::AVX512,
        codes: codes::x86::AVX512_VNNI,
        packed: packed_distance::AVX512,
        links: links::x86::AVX512,
        maxsim: maxsim::AVX512_VNNI,
    };
    static AVX_VNNI: InstructionSet = InstructionSet {
        name: "avxvnni",
        distances: x86::AVX2,
        codes: codes::x86::AVX_VNNI,
        packed: packed_distance::AVX2,
        links: links::x86::AVX2,
        maxsim: maxsim::AVX_VNNI,
    };
    static AVX2: InstructionSet = InstructionSet {
        name: "avx2",
        distances: x86::AVX2,
        codes: codes::x86::AVX2,
        packed: packed_distance::AVX2,
        links: links::x86::AVX2,
        maxsim: maxsim::AVX2,
    };

    /// The features that the kernels of each set are compiled with are all looked for here, and nowhere else.
    pub(super) fn available() -> [Option<&'static InstructionSet>; 3] {
        let bits = has!("popcnt") && has!("bmi1") && has!("bmi2");
        let avx2 = bits && has!("avx2") && has!("fma");
        let avx512 = avx2 && has!("avx512f") && has!("avx512bw") && has!("avx512vl") && has!("avx512vnni");
        [
            avx512.then_some(&AVX512_VNNI),
            (avx2 && has!("avxvnni")).then_some(&AVX_VNNI),
            avx2.then_some(&AVX2),
        ]
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::InstructionSet;
    use crate::kernel::{arm, codes, links, maxsim, packed_distance};
    use std::arch::is_aarch64_feature_detected as has;

    static NEON: InstructionSet = InstructionSet {
        name: "neon",
        distances: arm::NEON,
        codes: codes::arm::NEON,
        packed: packed_distance::PORTABLE,
        links: links::PORTABLE,
        maxsim: maxsim::NEON,
    };
    static DOTPROD: InstructionSet = InstructionSet {
        name: "dotprod",
        distances: arm::NEON,
        codes: codes::arm::NEON,
        packed: packed_distance::PORTABLE,
        links: links::PORTABLE,
        maxsim: maxsim::DOT,
    };

    /// As for x86-64.
    pub(super) fn available() -> [Option<&'static InstructionSet>; 2] {
        let neon = has!("neon");
        [(neon && has!("dotprod")).then_some(&DOTPROD), neon.then_some(&NEON)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_is_first_and_portable_code_last() {
        let names = instruction_sets();
        assert_eq!(names.last(), Some(&"portable"));
        assert!(names.contains(&instruction_set()));
        #[cfg(target_arch = "x86_64")]
        assert_eq!(
            names.contains(&"avx512vnni"),
            std::arch::is_x86_feature_detected!("avx512vnni")
                && std::arch::is_x86_feature_detected!("avx512bw")
        );
    }
}
