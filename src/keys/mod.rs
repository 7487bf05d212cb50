//! Keys: how they are read, how they sign and verify, and how new keys are made.

pub mod algorithm;
mod der;
pub mod generation;
pub mod jwk;
pub mod jwk_set;
pub mod key;
mod pem_file;
mod pss;
pub mod roca;
