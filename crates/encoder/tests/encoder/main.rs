//! The encoder as its users see it.

#[cfg(test)]
mod bundled;
#[cfg(test)]
mod folders;
