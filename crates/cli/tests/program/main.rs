//! The program as a person uses it: what it prints, where, and how it ends.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod built;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod closed_output;
#[cfg(test)]
#[cfg(feature = "demo")]
mod demo;
#[cfg(test)]
#[cfg(feature = "phantom")]
mod encode;
#[cfg(test)]
mod eval;
#[cfg(test)]
mod export;
#[cfg(test)]
mod first_steps;
#[cfg(test)]
mod loads;
#[cfg(test)]
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(test)]
#[cfg(feature = "phantom")]
mod phantom;
#[cfg(test)]
#[cfg(feature = "phantom")]
mod pictures;
#[cfg(test)]
mod recall;
#[cfg(test)]
mod replacing;
#[cfg(test)]
mod report;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod support;
#[cfg(test)]
#[cfg(feature = "train")]
mod train;
#[cfg(test)]
mod understood;
