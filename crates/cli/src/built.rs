//! What this program was built with.

#[cfg(not(all(feature = "bert", feature = "demo", feature = "phantom", feature = "train")))]
use crate::exit::Failure;
use std::sync::LazyLock;

/// The optional parts of the program, and whether it has them.
const PARTS: [(&str, bool); 5] = [
    ("bert", cfg!(feature = "bert")),
    ("demo", cfg!(feature = "demo")),
    ("parquet", cfg!(feature = "parquet")),
    ("phantom", cfg!(feature = "phantom")),
    ("train", cfg!(feature = "train")),
];

/// The version, and which parts were left out.
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let left_out: Vec<&str> =
            PARTS.iter().filter(|(_, is_there)| !is_there).map(|(name, _)| *name).collect();
        let version = env!("CARGO_PKG_VERSION");
        match left_out.is_empty() {
            true => version.to_owned(),
            false => format!("{version} without {}", left_out.join(", ")),
        }
    });
    &VERSION
}

/// Says that this program lacks what was asked for, and how to build one that has it.
#[cfg(not(all(feature = "bert", feature = "demo", feature = "phantom", feature = "train")))]
pub fn without(part: &str, asked: &str) -> Failure {
    Failure::input(format!(
        "{asked}: this program was built without it (--no-default-features); build it with `cargo build --release --features {part}`"
    ))
}
