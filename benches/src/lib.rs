//! Speed, always beside recall.
