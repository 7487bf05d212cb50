//! One JWK. The first byte, a letter from a to n, picks the algorithm, the rest is the text.

use _core::error::Error;
use _core::keys::algorithm::{Algorithm, Family};
use _core::keys::key::{SigningKey, VerifyingKey};
use _core::token::json;

use crate::keys;
use crate::tree::{Tree, TreeBuilder};

const PRIVATE: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

/// Reads a JWK for signing and for verifying, and uses each accepted key.
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

/// Keys are refused with an error about keys, never about tokens or claims.
fn check_error(error: Error) {
    assert!(error.code().starts_with("key_"), "{error:?}");
}

/// An accepted JWK is a strict object whose `kty`, `crv`, `alg` and `use` fit the algorithm.
fn check_form(algorithm: Algorithm, text: &[u8]) {
    let jwk = tree(text);
    let (kty, crv) = match algorithm.family() {
        Family::Hmac => ("oct", None),
        Family::Rsa => ("RSA", None),
        Family::Ec(curve) => ("EC", Some(curve.name())),
        Family::Ed25519 => ("OKP", Some("Ed25519")),
    };
    assert!(says(&jwk, "kty", kty));
    assert!(crv.is_none_or(|crv| says(&jwk, "crv", crv)));
    assert!(is_absent(&jwk, "use") || says(&jwk, "use", "sig"));
    assert!(is_absent(&jwk, "alg") || names(&jwk, algorithm));
}

fn tree(text: &[u8]) -> Tree {
    let (tree, _) = json::parse_object(text, &mut TreeBuilder, &[]).expect("strict JSON");
    tree
}

fn says(jwk: &Tree, name: &str, text: &str) -> bool {
    matches!(jwk.get(name), Some(Tree::String(value)) if value == text)
}

fn is_absent(jwk: &Tree, name: &str) -> bool {
    matches!(jwk.get(name), None | Some(Tree::Null))
}

fn names(jwk: &Tree, algorithm: Algorithm) -> bool {
    matches!(jwk.get("alg"), Some(Tree::String(name)) if Algorithm::from_name(name) == Ok(algorithm))
}

/// The JWK without its private members verifies what the whole JWK signs.
fn check_public_half(algorithm: Algorithm, text: &[u8], signature: &[u8]) {
    let mut jwk = tree(text);
    if let Tree::Object(members) = &mut jwk {
        members.retain(|(name, _)| name != "key_ops");
        if algorithm.family() != Family::Hmac {
            members.retain(|(name, _)| !PRIVATE.contains(&name.as_str()));
        }
    }
    let mut public = Vec::new();
    jwk.write(&plain, &mut public);
    let key = VerifyingKey::from_jwk(algorithm, &public).expect("a public JWK");
    assert!(keys::verifies(&key, signature));
}

/// A string with only the escapes that JSON needs. Key material with escapes is refused.
fn plain(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a string");
}
