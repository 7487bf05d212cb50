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

mod claims;
mod encoding;
mod errors;
mod json;
mod jwk;
mod jwk_set;
mod jws;
mod key_generation;
mod key_rotation;
mod key_rotation_model;
mod key_rotation_properties;
mod key_rotation_world;
mod key_set;
mod key_set_properties;
mod keyring;
mod keys;
mod policy;
mod public_jwk;
mod refresh_rotation;
mod refresh_rotation_model;
mod refresh_rotation_properties;
mod roca;
mod support;
mod vectors;
