//! The core of oxijwt: keys, signatures, strict JSON and the claim rules (RFC 7515, 7517, 7518, 7519).
#![forbid(unsafe_code)]

pub mod algorithm;
pub mod claims;
mod der;
pub mod encoding;
pub mod error;
pub mod json;
pub mod jwk;
pub mod jwk_set;
pub mod jws;
pub mod key;
pub mod key_generation;
pub mod key_rotation;
pub mod key_set;
pub mod keyring;
pub mod named_keys;
mod pem_file;
pub mod policy;
#[cfg(feature = "python")]
mod python;
mod raw_object;
pub mod refresh_rotation;
pub mod roca;
