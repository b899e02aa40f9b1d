//! The memory that one search takes, held under a limit that the system enforces.
//!
//! The limit counts what a process may write to, touched or not, so that it neither depends on when the system takes pages back nor
//! on what else runs. It is set in a process of its own, which ends when it asks for more.

#![cfg(target_os = "linux")]

#[cfg(test)]
mod searches;
