//! The core of oxijwt: keys, signatures, strict JSON and the claim rules (RFC 7515, 7517, 7518, 7519).
#![forbid(unsafe_code)]

pub mod clock;
pub mod error;
pub mod keys;
#[cfg(feature = "python")]
mod python;
pub mod refresh;
pub mod ring;
pub mod token;
