//! Keys in PEM. The first byte, a letter from a to n, picks the algorithm. If the second byte is a digit from 0 to 6,
//! the rest is the DER of one block, so that mutations need not be valid base64. Otherwise the rest is the text of a
//! file.

use _core::error::Error;
use _core::keys::algorithm::{Algorithm, Family};
use _core::keys::key::{SigningKey, VerifyingKey};

use crate::keys;

/// The label for each digit.
const LABELS: [&str; 7] = [
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "CERTIFICATE",
    "ENCRYPTED PRIVATE KEY",
];

/// Reads a file for signing and for verifying, and uses each accepted key.
pub fn run(data: &[u8]) {
    let [first, second, rest @ ..] = data else {
        return;
    };
    let algorithm = keys::algorithm(*first);
    match LABELS.get(usize::from(second.wrapping_sub(b'0'))) {
        Some(label) => check(
            algorithm,
            ::pem::encode(&::pem::Pem::new(*label, rest)).as_bytes(),
        ),
        None => check(algorithm, rest),
    }
}

fn check(algorithm: Algorithm, text: &[u8]) {
    match VerifyingKey::from_pem(algorithm, text) {
        Ok(key) => {
            check_accepted(algorithm, text);
            keys::check_verifying_key(algorithm, &key);
        }
        Err(error) => check_error(error),
    }
    match SigningKey::from_pem(algorithm, text) {
        Ok(key) => {
            check_accepted(algorithm, text);
            keys::check_signing_key(algorithm, &key);
            check_other_families(algorithm, text);
        }
        Err(error) => check_error(error),
    }
}

/// A PEM file is never accepted as an HMAC key, neither as a key nor as the bytes of a secret.
fn check_accepted(algorithm: Algorithm, text: &[u8]) {
    assert_ne!(algorithm.family(), Family::Hmac);
    assert!(SigningKey::from_secret(Algorithm::HS256, text).is_err());
}

/// A private key belongs to one family only.
fn check_other_families(algorithm: Algorithm, text: &[u8]) {
    for other in keys::FAMILIES {
        let accepted = SigningKey::from_pem(other, text).is_ok();
        assert!(
            !accepted || other.family() == algorithm.family(),
            "{algorithm} and {other}"
        );
    }
}

/// Keys are refused with an error about keys, never about tokens or claims.
fn check_error(error: Error) {
    assert!(error.code().starts_with("key_"), "{error:?}");
}
