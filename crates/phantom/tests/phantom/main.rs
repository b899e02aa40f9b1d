//! Archives from outside: what is promised of their bits, and what lies in the folder.

#[cfg(test)]
mod archive;
