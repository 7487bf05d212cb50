//! JWK Sets.

/// Nothing yet.
pub fn run(_: &[u8]) {}
