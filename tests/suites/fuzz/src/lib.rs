//! What the fuzz targets assert, one module each. A property that fails is a finding, as a panic is.
//!
//! A target's `run` takes the fuzzer's bytes as they are; each module says how it cuts them up.

pub mod claims;
pub mod json;
pub mod jwk;
pub mod jwk_set;
mod keys;
pub mod pem;
pub mod token;
mod tree;
