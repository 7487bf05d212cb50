//! The public members of a key, for every form in which it was given.

use _core::keys::algorithm::{Algorithm, Family};
use _core::keys::key::VerifyingKey;
use _core::token::encoding;
use serde_json::{Value, json};

use crate::support::{fixture, hs256, signing_key, stem};

fn asymmetric() -> impl Iterator<Item = Algorithm> {
    let asymmetric = |algorithm: &Algorithm| algorithm.family() != Family::Hmac;
    Algorithm::ALL.into_iter().filter(asymmetric)
}

fn from_pem(algorithm: Algorithm, name: &str) -> VerifyingKey {
    VerifyingKey::from_pem(algorithm, &fixture(&format!("{name}.pem"))).unwrap()
}

fn from_jwk(algorithm: Algorithm, jwk: &Value) -> VerifyingKey {
    VerifyingKey::from_jwk(algorithm, jwk.to_string().as_bytes()).unwrap()
}

fn published(key: &VerifyingKey, kid: &str) -> Value {
    let text = key.public_jwk().unwrap().to_json(kid, key.algorithm());
    assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
    _core::token::json::parse_object(text.as_bytes(), &mut _core::token::json::Discard, &[])
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_form_of_a_key_has_the_same_members() {
    for algorithm in asymmetric() {
        let stem = stem(algorithm);
        let wanted: Value =
            serde_json::from_slice(&fixture(&format!("{stem}.public.jwk.json"))).unwrap();
        let mut keys = vec![
            from_jwk(algorithm, &wanted),
            from_pem(algorithm, &format!("{stem}.public")),
            from_pem(algorithm, &format!("{stem}.certificate")),
            signing_key(algorithm).verifying_key().unwrap(),
        ];
        if stem == "rsa" {
            keys.push(from_pem(algorithm, "rsa.public.pkcs1"));
        }
        for key in &keys {
            let mut members = published(key, "one");
            let own = members.as_object_mut().unwrap();
            for (name, value) in [("kid", "one"), ("alg", algorithm.name()), ("use", "sig")] {
                assert_eq!(own.remove(name), Some(json!(value)), "{algorithm} {name}");
            }
            assert_eq!(members, wanted, "{algorithm}");
            assert_eq!(key.public_jwk(), keys[0].public_jwk(), "{algorithm}");
        }
    }
}

#[test]
fn a_published_key_verifies_what_its_other_half_signs() {
    for algorithm in asymmetric() {
        let signing = signing_key(algorithm);
        let public = published(&signing.verifying_key().unwrap(), "any");
        let signature = signing.sign(b"message").unwrap();
        let verifying = from_jwk(algorithm, &public);
        assert_eq!(verifying.verify(b"message", &signature), Ok(()));
        assert!(verifying.verify(b"massage", &signature).is_err());
    }
}

#[test]
fn keys_differ_in_their_members_and_never_by_algorithm() {
    let of = |algorithm| {
        let key = signing_key(algorithm).verifying_key().unwrap();
        key.public_jwk().unwrap().clone()
    };
    for one in asymmetric() {
        for other in asymmetric() {
            let same = one.family() == other.family();
            assert_eq!(of(one) == of(other), same, "{one} {other}");
            assert_eq!(
                of(one).thumbprint() == of(other).thumbprint(),
                same,
                "{one} {other}"
            );
        }
    }
}

#[test]
fn a_secret_has_no_public_members() {
    assert_eq!(hs256().public_jwk(), None);
}

/// RFC 7638 section 3.1 and RFC 8037 appendix A.3.
#[test]
fn thumbprints_are_those_of_the_rfcs() {
    let rsa = json!({
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": concat!(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP",
            "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY",
            "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f",
            "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"),
    });
    let ed25519 = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    for (algorithm, jwk, wanted) in [
        (
            Algorithm::RS256,
            rsa,
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        ),
        (
            Algorithm::EdDSA,
            ed25519,
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        ),
    ] {
        let key = from_jwk(algorithm, &jwk);
        assert_eq!(key.public_jwk().unwrap().thumbprint(), wanted);
    }
}

#[test]
fn a_kid_is_escaped() {
    let key = signing_key(Algorithm::ES256).verifying_key().unwrap();
    for kid in ["", "\"}", "\\", "a\nb\u{0}", "ключ", "🔑", "\",\"d\":\""] {
        let members = published(&key, kid);
        assert_eq!(members["kid"], json!(kid));
        assert_eq!(members.as_object().unwrap().len(), 7);
    }
}

/// The DER of a P-256 key under `PUBLIC KEY`, with a compressed point (SEC 1 section 2.3.3).
fn compressed_p256() -> Vec<u8> {
    let whole = ::pem::parse(fixture("p256.public.pem")).unwrap();
    let (identifier, point) = whole.contents().split_at(26);
    assert_eq!((identifier[1], identifier[24]), (0x59, 0x42));
    let sign = 2 + (point.last().unwrap() & 1);
    let mut der = identifier.to_vec();
    (der[1], der[24]) = (0x39, 0x22);
    der.push(sign);
    der.extend_from_slice(&point[1..33]);
    ::pem::encode(&::pem::Pem::new("PUBLIC KEY", der)).into_bytes()
}

#[test]
fn a_compressed_point_is_the_same_key() {
    let key = VerifyingKey::from_pem(Algorithm::ES256, &compressed_p256()).unwrap();
    let whole = from_pem(Algorithm::ES256, "p256.public");
    assert_eq!(key.public_jwk(), whole.public_jwk());
    let signature = signing_key(Algorithm::ES256).sign(b"message").unwrap();
    assert_eq!(key.verify(b"message", &signature), Ok(()));
}

/// RFC 7518: an RSA number has no leading zeros (section 2), and a coordinate keeps all of them (section 6.2.1.2).
#[test]
fn numbers_are_minimal_and_coordinates_whole() {
    let rsa = published(&from_pem(Algorithm::RS256, "rsa.public"), "any");
    assert_eq!(rsa["e"], json!("AQAB"));
    let modulus = encoding::decode(rsa["n"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(modulus.len(), 256);
    // The base point of P-521 begins with zero bits: x is 00c6..., y is 0118...
    let x =
        "AMaFjga3BATpzZ4-y2YjlbRCnGSBOQU_tSH4KK9ga009uqFLXnfv51ko_h3BJ6L_qN4zSLPBhWpCm_l-fjHC5b1m";
    let y =
        "ARg5KWp4mjvABFyKX7QsfRvZmPVESVebRGgXr70XJz5mLJfucple9CZAxVC5AT-tB2E1PHCGonLCQIi-lHaf0WZQ";
    let base = json!({"kty": "EC", "crv": "P-521", "x": x, "y": y});
    let found = published(&from_jwk(Algorithm::ES512, &base), "any");
    assert_eq!((&found["x"], &found["y"]), (&base["x"], &base["y"]));
}

#[test]
fn a_public_jwk_shows_its_kind_and_nothing_else() {
    let shown = |algorithm| {
        let key = signing_key(algorithm).verifying_key().unwrap();
        format!("{:?}", key.public_jwk().unwrap())
    };
    assert_eq!(shown(Algorithm::ES256), r#"PublicJwk["P-256", "EC"]"#);
    assert_eq!(shown(Algorithm::RS256), r#"PublicJwk["RSA"]"#);
}
