mod claims;
mod encoding;
mod json;
mod jws;
mod policy;
