//! Keys that are parsed once and then kept ready for use. A key has one algorithm.

mod signing;
mod verifying;

use aws_lc_rs::hmac;

pub use signing::SigningKey;
pub(crate) use signing::ecdsa;
pub use verifying::VerifyingKey;

use crate::error::Error;
use crate::keys::algorithm::{Algorithm, Family, Hash, MAX_RSA_BITS, MIN_RSA_BITS};
use crate::keys::{der, roca};
use crate::token::encoding;

const REJECTED: Error = Error::KeyMalformed("the numbers of the key are not valid");
const OTHER_FAMILY: Error = Error::KeyMismatch("another type of key");

/// The encoded headers that libraries usually write. The first is the one that this crate writes.
fn canonical_headers(algorithm: Algorithm) -> [String; 2] {
    let first = format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#);
    let second = format!(r#"{{"typ":"JWT","alg":"{algorithm}"}}"#);
    [
        encoding::encode(first.as_bytes()),
        encoding::encode(second.as_bytes()),
    ]
}

fn hmac_key(algorithm: Algorithm, secret: &[u8]) -> Result<hmac::Key, Error> {
    check_family(algorithm, Family::Hmac)?;
    if secret.is_empty() {
        return Err(Error::KeyEmpty);
    }
    if is_asymmetric_text(secret) {
        return Err(Error::KeyMismatch(
            "an asymmetric key must not be used as an HMAC secret",
        ));
    }
    let hash = match algorithm.hash() {
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
    };
    Ok(hmac::Key::new(hash, secret))
}

/// Everybody knows a public key, so it must never serve as a secret: the classic confusion of RS256 with HS256.
fn is_asymmetric_text(secret: &[u8]) -> bool {
    let text = secret.trim_ascii_start();
    let openssh: [&[u8]; 4] = [b"ssh-rsa ", b"ssh-ed25519 ", b"ssh-dss ", b"ecdsa-sha2-"];
    openssh.iter().any(|prefix| text.starts_with(prefix))
        || secret.windows(10).any(|window| window == b"-----BEGIN")
}

fn is_weak(algorithm: Algorithm, secret: &[u8]) -> bool {
    secret.len() < algorithm.hash().length()
}

fn check_family(algorithm: Algorithm, family: Family) -> Result<(), Error> {
    match (algorithm.family(), family) {
        (wanted, found) if wanted == found => Ok(()),
        (Family::Ec(_), Family::Ec(_)) => Err(Error::KeyMismatch("another curve")),
        _ => Err(OTHER_FAMILY),
    }
}

/// Every RSA key is checked here before the library gets it.
fn check_modulus(modulus: &[u8]) -> Result<(), Error> {
    match der::bits(modulus) {
        ..MIN_RSA_BITS => Err(Error::KeyTooSmall),
        MIN_RSA_BITS..=MAX_RSA_BITS if roca::has_fingerprint(modulus) => Err(Error::KeyWeak(
            "its modulus has the ROCA fingerprint (CVE-2017-15361)",
        )),
        MIN_RSA_BITS..=MAX_RSA_BITS => Ok(()),
        _ => Err(Error::KeyMalformed(
            "the RSA modulus has more than 8192 bits",
        )),
    }
}
