//! Training as a whole, on towers and pictures small enough for a test.

#[cfg(test)]
mod learning;
#[cfg(test)]
mod likeness;
#[cfg(test)]
mod resuming;
#[cfg(test)]
mod toy;
