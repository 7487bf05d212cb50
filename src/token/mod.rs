//! Tokens: their compact serialization, strict JSON, and the rules for claims.

pub mod claims;
pub mod encoding;
pub mod json;
pub mod jws;
pub mod policy;
pub(crate) mod raw_object;
