//! Helpers that the modules of the suite share.

use std::sync::Arc;

use _core::error::Error;
use _core::keys::algorithm::{Algorithm, Curve, Family};
use _core::keys::key::{SigningKey, VerifyingKey};
use _core::ring::KeyRing;
use _core::token::claims::ClaimPolicy;
use _core::token::encoding;
use _core::token::json::Builder;
use _core::token::policy::TokenPolicy;

pub const NOW: f64 = 1_700_000_000.0;
pub const MAX_LENGTH: usize = 16_384;
pub const SECRET: &[u8] = b"a secret of sixty-four bytes, so long that no hash finds it weak";

/// A policy that accepts every well-formed token.
pub fn open_policy() -> TokenPolicy {
    let claims = ClaimPolicy::new(0.0, None, None, false).unwrap();
    TokenPolicy::new(MAX_LENGTH, None, claims)
}

pub fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/rust/material/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The stem of the fixtures of an algorithm's keys.
pub fn stem(algorithm: Algorithm) -> &'static str {
    match algorithm.family() {
        Family::Hmac => panic!("an HMAC secret has no fixture file"),
        Family::Rsa => "rsa",
        Family::Ec(Curve::P256) => "p256",
        Family::Ec(Curve::P384) => "p384",
        Family::Ec(Curve::P521) => "p521",
        Family::Ec(Curve::Secp256k1) => "secp256k1",
        Family::Ed25519 => "ed25519",
    }
}

pub fn signing_key(algorithm: Algorithm) -> SigningKey {
    match algorithm.family() {
        Family::Hmac => SigningKey::from_secret(algorithm, SECRET).unwrap(),
        _ => SigningKey::from_pem(
            algorithm,
            &fixture(&format!("{}.pkcs8.pem", stem(algorithm))),
        )
        .unwrap(),
    }
}

pub fn ring(algorithm: Algorithm) -> KeyRing {
    let signer = signing_key(algorithm);
    let verifier = signer.verifying_key().unwrap();
    KeyRing::new(Some(Arc::new(signer)), vec![Arc::new(verifier)])
}

pub fn hs256() -> VerifyingKey {
    VerifyingKey::from_secret(Algorithm::HS256, SECRET).unwrap()
}

/// The `kid` of the key that signs at `now`.
pub fn signing_kid(ring: &KeyRing, now: f64) -> Option<String> {
    let token = ring.sign(b"{}", now, MAX_LENGTH).ok()?;
    let header = encoding::decode(token.split('.').next()?.as_bytes()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    Some(header["kid"].as_str()?.to_owned())
}

/// A token with any header and payload and a valid signature.
pub fn signed(key: &SigningKey, header: &[u8], payload: &[u8]) -> String {
    let input = format!("{}.{}", encoding::encode(header), encoding::encode(payload));
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", encoding::encode(&signature))
}

/// Writes the values that the reader reads as JSON again, floats with all their digits.
pub struct Rewrite;

impl Builder for Rewrite {
    type Value = String;
    type Name = String;
    type Object = Vec<String>;
    type Array = Vec<String>;
    type Error = Error;

    fn null(&mut self) -> Result<String, Error> {
        Ok("null".into())
    }
    fn boolean(&mut self, value: bool) -> Result<String, Error> {
        Ok(value.to_string())
    }
    fn integer(&mut self, digits: &str) -> Result<String, Error> {
        Ok(digits.into())
    }
    fn float(&mut self, value: f64) -> Result<String, Error> {
        Ok(format!("{value:?}"))
    }
    fn string(&mut self, value: &str) -> Result<String, Error> {
        Ok(format!("{value:?}"))
    }
    fn name(&mut self, name: &str) -> Result<String, Error> {
        Ok(format!("{name:?}"))
    }
    fn object(&mut self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
    fn set(&mut self, object: &mut Vec<String>, name: String, value: String) -> Result<(), Error> {
        object.push(format!("{name}:{value}"));
        Ok(())
    }
    fn finish_object(&mut self, object: Vec<String>) -> Result<String, Error> {
        Ok(format!("{{{}}}", object.join(",")))
    }
    fn array(&mut self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
    fn push(&mut self, array: &mut Vec<String>, value: String) -> Result<(), Error> {
        array.push(value);
        Ok(())
    }
    fn finish_array(&mut self, array: Vec<String>) -> Result<String, Error> {
        Ok(format!("[{}]", array.join(",")))
    }
}

/// Pseudo-random choices that a seed repeats (xorshift64).
pub struct Generator(u64);

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }

    pub fn choose(&mut self, texts: &[&'static str]) -> &'static str {
        texts[self.below(texts.len())]
    }
}
