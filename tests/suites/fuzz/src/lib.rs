//! The assertions of the fuzz targets, one module for each target. A property that fails is a finding, just as a panic
//! is.
//!
//! A target's `run` gets the fuzzer's bytes; each module says how it splits them.

pub mod claims;
mod disagreements;
pub mod flat;
pub mod json;
pub mod jwk;
pub mod jwk_set;
mod keys;
pub mod pem;
pub mod second_opinion;
pub mod token;
mod tree;
