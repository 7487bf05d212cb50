mod claims;
mod encoding;
mod flat;
mod json;
mod jws;
mod policy;
