//! The suite of the Rust core: one binary, over the rlib, without an interpreter.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that meets the unexpected is to stop there"
)]

mod errors;
mod keys;
mod refresh;
mod ring;
mod support;
mod token;
mod vectors;
