//! One JWK. The first byte, a letter from a to n, picks the algorithm, the rest is the text.

use _core::algorithm::{Algorithm, Family};
use _core::error::Error;
use _core::json::{self, Discard};
use _core::key::{SigningKey, VerifyingKey};
use serde_json::Value;

use crate::keys;

const PRIVATE: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

/// Reads a JWK to sign and to verify, and uses what is accepted.
pub fn run(data: &[u8]) {
    let Some((first, text)) = data.split_first() else {
        return;
    };
    let algorithm = keys::algorithm(*first);
    let verifier = VerifyingKey::from_jwk(algorithm, text);
    match &verifier {
        Ok(key) => {
            check_form(algorithm, text);
            keys::check_verifying_key(algorithm, key);
        }
        Err(error) => check_error(*error),
    }
    match SigningKey::from_jwk(algorithm, text) {
        Ok(key) => {
            check_form(algorithm, text);
            let signature = keys::check_signing_key(algorithm, &key);
            check_public_half(algorithm, text, &signature);
            let symmetric = algorithm.family() == Family::Hmac;
            assert!(symmetric || verifier.is_err(), "a private key verifies");
        }
        Err(error) => check_error(error),
    }
}

/// Keys are refused as keys, never as tokens or claims.
fn check_error(error: Error) {
    assert!(error.code().starts_with("key_"), "{error:?}");
}

/// What is accepted is a strict object whose `kty`, `crv`, `alg` and `use` are the algorithm's.
fn check_form(algorithm: Algorithm, text: &[u8]) {
    assert!(json::parse_object(text, &mut Discard, &[]).is_ok());
    let jwk: Value = serde_json::from_slice(text).expect("JSON");
    let (kty, crv) = match algorithm.family() {
        Family::Hmac => ("oct", None),
        Family::Rsa => ("RSA", None),
        Family::Ec(curve) => ("EC", Some(curve.name())),
        Family::Ed25519 => ("OKP", Some("Ed25519")),
    };
    assert_eq!(jwk["kty"], kty);
    if let Some(crv) = crv {
        assert_eq!(jwk["crv"], crv);
    }
    let alg = jwk["alg"].as_str().map(Algorithm::from_name);
    assert!(alg.is_none_or(|alg| alg == Ok(algorithm)));
    assert!(jwk["use"].is_null() || jwk["use"] == "sig");
}

/// The same JWK without its private members verifies what the whole one signs.
fn check_public_half(algorithm: Algorithm, text: &[u8], signature: &[u8]) {
    let mut jwk: Value = serde_json::from_slice(text).expect("JSON");
    let members = jwk.as_object_mut().expect("an object");
    members.remove("key_ops");
    if algorithm.family() != Family::Hmac {
        members.retain(|name, _| !PRIVATE.contains(&name.as_str()));
    }
    let key = VerifyingKey::from_jwk(algorithm, jwk.to_string().as_bytes()).expect("a public JWK");
    assert!(keys::verifies(&key, signature));
}
