//! The index as its users see it: what is acknowledged stays, what is replaced or deleted goes, whatever fails.

#[cfg(test)]
mod bounded;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod hooked;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod local;
#[cfg(test)]
mod nearest;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod replacing;
#[cfg(test)]
mod scrub;
#[cfg(test)]
mod support;
