//! Fixed keys, and the checks for every key.

use std::sync::{Arc, LazyLock};

use _core::keys::algorithm::{Algorithm, Curve, Family};
use _core::keys::key::{SigningKey, VerifyingKey};
use _core::ring::KeyRing;
use _core::ring::named::RingKey;

/// The secret of the HMAC keys.
pub const SECRET: &[u8] = b"a secret of sixty-four bytes, so long that no hash finds it weak";
const STRANGE_SECRET: &[u8] = b"a secret of more than thirty-two bytes that signs nothing here";
const MESSAGE: &[u8] = b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30";

/// One algorithm of each family, the cheapest first.
pub const FAMILIES: [Algorithm; 7] = [
    Algorithm::HS256,
    Algorithm::EdDSA,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::ES256K,
    Algorithm::RS256,
];

/// A key of each of [`FAMILIES`], the ring that knows all of them and signs with the first, and the same keys by `kid`.
///
/// The `kid`s are the places, from 0. One more key has a secret that never signs.
pub struct Keys {
    pub signers: Vec<Arc<SigningKey>>,
    pub ring: KeyRing,
    pub named: KeyRing,
}

/// A fixed ring for all tokens.
pub static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let signers: Vec<_> = FAMILIES.map(|algorithm| Arc::new(fixed(algorithm))).into();
    let public = |key: &Arc<SigningKey>| Arc::new(key.verifying_key().expect("a public half"));
    let verifiers = signers.iter().map(public).collect();
    let ring = KeyRing::new(signers.first().cloned(), verifiers);
    let strange = SigningKey::from_secret(Algorithm::HS256, STRANGE_SECRET).expect("a secret");
    let all = signers.iter().cloned().chain([Arc::new(strange)]);
    let by_kid = |(place, key): (usize, _)| RingKey::new(Some(place.to_string()), Some(key), None);
    let named = all.enumerate().map(by_kid).collect::<Result<_, _>>();
    Keys {
        signers,
        ring,
        named: KeyRing::of_keys(named.expect("keys")).expect("a ring"),
    }
});

/// The fixed key of an algorithm.
pub fn fixed(algorithm: Algorithm) -> SigningKey {
    let pem: &[u8] = match algorithm.family() {
        Family::Hmac => return SigningKey::from_secret(algorithm, SECRET).expect("a secret"),
        Family::Rsa => include_bytes!("../../../rust/material/rsa.pkcs8.pem"),
        Family::Ec(Curve::P256) => include_bytes!("../../../rust/material/p256.pkcs8.pem"),
        Family::Ec(Curve::P384) => include_bytes!("../../../rust/material/p384.pkcs8.pem"),
        Family::Ec(Curve::P521) => include_bytes!("../../../rust/material/p521.pkcs8.pem"),
        Family::Ec(Curve::Secp256k1) => {
            include_bytes!("../../../rust/material/secp256k1.pkcs8.pem")
        }
        Family::Ed25519 => include_bytes!("../../../rust/material/ed25519.pkcs8.pem"),
    };
    SigningKey::from_pem(algorithm, pem).expect("a fixture")
}

/// The algorithm for a byte: the letters a to n in the order of [`Algorithm::ALL`]; other bytes wrap around.
pub fn algorithm(byte: u8) -> Algorithm {
    Algorithm::ALL[usize::from(byte.wrapping_sub(b'a')) % Algorithm::ALL.len()]
}

/// The signature of a fixed message by an accepted key, after its public half has verified this message and refused
/// another.
pub fn check_signing_key(algorithm: Algorithm, key: &SigningKey) -> Vec<u8> {
    assert_eq!(key.algorithm(), algorithm);
    assert_eq!(format!("{key:?}"), format!("SigningKey({algorithm})"));
    let verifier = key.verifying_key().expect("a public half");
    let signature = key.sign(MESSAGE).expect("a signature");
    check_verifying_key(algorithm, &verifier);
    assert!(verifies(&verifier, &signature), "its own signature");
    assert!(verifier.verify(b"another message", &signature).is_err());
    signature
}

/// An accepted key refuses invalid signatures.
pub fn check_verifying_key(algorithm: Algorithm, key: &VerifyingKey) {
    assert_eq!(key.algorithm(), algorithm);
    assert_eq!(format!("{key:?}"), format!("VerifyingKey({algorithm})"));
    for nonsense in [&[][..], &[0; 32], &[0; 64], &[1; 256]] {
        assert!(!verifies(key, nonsense), "{} bytes", nonsense.len());
    }
}

/// Whether `signature` is a signature of the fixed message.
pub fn verifies(key: &VerifyingKey, signature: &[u8]) -> bool {
    key.verify(MESSAGE, signature).is_ok()
}
