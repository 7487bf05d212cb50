//! The suite of the Rust core: one binary that uses the rlib and needs no Python interpreter.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test must stop at the first surprise"
)]

mod errors;
mod keys;
mod refresh;
mod ring;
mod support;
mod token;
mod vectors;
