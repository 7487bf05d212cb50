//! New keys are read by the same reader as any other key.

use std::collections::BTreeSet;

use _core::keys::algorithm::{Algorithm, Curve, Family};
use _core::keys::generation::generate;
use _core::keys::jwk_set::{OwnKey, read_own};
use _core::keys::key::SigningKey;
use _core::token::encoding;
use serde_json::Value;

use crate::support::fixture;

fn made(algorithm: Algorithm) -> Value {
    serde_json::from_str(&generate(algorithm).unwrap()).unwrap()
}

fn read(jwk: &Value) -> OwnKey {
    read_own(format!(r#"{{"keys":[{jwk}]}}"#).as_bytes())
        .unwrap()
        .remove(0)
}

fn octets(jwk: &Value, name: &str) -> Vec<u8> {
    encoding::decode(jwk[name].as_str().unwrap().as_bytes()).unwrap()
}

fn members(algorithm: Algorithm) -> &'static [&'static str] {
    match algorithm.family() {
        Family::Hmac => &["kty", "k"],
        Family::Rsa => &["kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"],
        Family::Ec(_) => &["kty", "crv", "x", "y", "d"],
        Family::Ed25519 => &["kty", "crv", "x", "d"],
    }
}

#[test]
fn every_algorithm_gets_a_key_that_signs_and_verifies() {
    for algorithm in Algorithm::ALL {
        let jwk = made(algorithm);
        let key = read(&jwk);
        assert_eq!(key.verifying.algorithm(), algorithm);
        assert!(!key.verifying.is_weak());
        let signature = key.signing.unwrap().sign(b"message").unwrap();
        assert_eq!(key.verifying.verify(b"message", &signature), Ok(()));
        assert_eq!(
            (&jwk["alg"], &jwk["use"]),
            (&algorithm.name().into(), &"sig".into())
        );
        let found: BTreeSet<_> = jwk
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let wanted = ["kid", "alg", "use"].iter().chain(members(algorithm));
        assert_eq!(found, wanted.copied().collect(), "{algorithm}");
    }
}

#[test]
fn a_kid_is_the_thumbprint_and_of_a_secret_it_is_random() {
    for algorithm in Algorithm::ALL {
        let mut jwk = made(algorithm);
        let kid = jwk.as_object_mut().unwrap().remove("kid").unwrap();
        if algorithm.family() == Family::Hmac {
            assert_eq!(
                encoding::decode(kid.as_str().unwrap().as_bytes())
                    .unwrap()
                    .len(),
                16
            );
            assert!(!octets(&jwk, "k").starts_with(kid.as_str().unwrap().as_bytes()));
        } else {
            assert_eq!(read(&jwk).kid, kid, "{algorithm}");
        }
    }
}

#[test]
fn no_two_keys_are_alike() {
    for algorithm in Algorithm::ALL {
        if algorithm.family() == Family::Rsa && algorithm != Algorithm::RS256 {
            continue;
        }
        let (one, other) = (made(algorithm), made(algorithm));
        let alike = ["kty", "crv", "e", "alg", "use"];
        for (name, value) in one.as_object().unwrap() {
            assert_eq!(
                other[name] == *value,
                alike.contains(&name.as_str()),
                "{name}"
            );
        }
    }
}

/// RFC 7518 sections 3.2 and 6.2.1.2; 128 bits of strength for RSA.
#[test]
fn keys_have_the_length_of_their_algorithm() {
    for (algorithm, length) in [
        (Algorithm::HS256, 32),
        (Algorithm::HS384, 48),
        (Algorithm::HS512, 64),
    ] {
        assert_eq!(octets(&made(algorithm), "k").len(), length);
    }
    let rsa = made(Algorithm::PS256);
    assert_eq!(octets(&rsa, "n").len(), 384);
    assert_eq!(rsa["e"], "AQAB");
    for name in ["n", "d", "p", "q", "dp", "dq", "qi"] {
        assert_ne!(octets(&rsa, name)[0], 0, "{name}");
    }
    for (algorithm, curve) in [
        (Algorithm::ES256, Curve::P256),
        (Algorithm::ES384, Curve::P384),
        (Algorithm::ES512, Curve::P521),
        (Algorithm::ES256K, Curve::Secp256k1),
    ] {
        // Repeats until a coordinate with a leading zero byte is likely; coordinates of P-521 begin with seven zero
        // bits.
        for _ in 0..200 {
            let jwk = made(algorithm);
            for name in ["x", "y", "d"] {
                assert_eq!(octets(&jwk, name).len(), curve.coordinate_length());
            }
            SigningKey::from_jwk(algorithm, jwk.to_string().as_bytes()).unwrap();
        }
    }
}

/// If the text had grown, it would have left an unwiped copy in memory.
#[test]
fn the_largest_text_needs_no_more_room_than_it_has() {
    let text = generate(Algorithm::PS512).unwrap();
    assert_eq!(text.capacity(), 4096);
    assert!(text.len() > fixture("rsa.private.jwk.json").len() && text.len() < 4096);
}
