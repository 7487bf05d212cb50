//! Every error code is reached, and messages never contain tokens, claims or keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use _core::error::Error;
use _core::keys::algorithm::Algorithm;
use _core::keys::jwk_set;
use _core::keys::key::{SigningKey, VerifyingKey};
use _core::ring::KeyRing;
use _core::ring::named::RingKey;
use _core::token::claims::ClaimPolicy;
use _core::token::json::Discard;
use _core::token::policy::TokenPolicy;

use crate::support::{MAX_LENGTH, NOW, SECRET, fixture, open_policy, ring, signed};

fn verify(header: &str, payload: &str) -> Error {
    let key = SigningKey::from_secret(Algorithm::HS256, SECRET).unwrap();
    let token = signed(&key, header.as_bytes(), payload.as_bytes());
    let names = || Some(vec!["name".to_owned()]);
    let claims = ClaimPolicy::new(0.0, names(), names(), false).unwrap();
    let policy = TokenPolicy::new(MAX_LENGTH, None, claims);
    ring(Algorithm::HS256)
        .verify(token.as_bytes(), NOW, &policy, &mut Discard)
        .unwrap_err()
}

fn claims(payload: &str) -> Error {
    verify(r#"{"alg":"HS256","typ":"JWT"}"#, payload)
}

fn pem(name: &str, verifying: bool) -> Error {
    let pem = fixture(name);
    if verifying {
        VerifyingKey::from_pem(Algorithm::RS256, &pem).unwrap_err()
    } else {
        SigningKey::from_pem(Algorithm::RS256, &pem).unwrap_err()
    }
}

fn each() -> Vec<Error> {
    let open = open_policy();
    let hs256 = ring(Algorithm::HS256);
    let empty = KeyRing::new(None, vec![]);
    let with_another_signature = format!("{}A.AAAA", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30");
    let long = "a".repeat(20_000);
    let key = SigningKey::from_secret(Algorithm::HS256, SECRET).unwrap();
    let key = RingKey::new(Some("a".into()), Some(Arc::new(key)), None).unwrap();
    let ended = key.in_force(None, Some(1_700_000_001));
    vec![
        verify("{", "{}"),
        hs256
            .verify(long.as_bytes(), NOW, &open, &mut Discard)
            .unwrap_err(),
        verify(r#"{"alg":"HS256","crit":["exp"]}"#, "{}"),
        verify(r#"{"alg":"none"}"#, "{}"),
        hs256
            .verify(with_another_signature.as_bytes(), NOW, &open, &mut Discard)
            .unwrap_err(),
        KeyRing::of_keys(vec![])
            .unwrap()
            .verify(with_another_signature.as_bytes(), NOW, &open, &mut Discard)
            .unwrap_err(),
        claims(r#"{"exp":1700000000}"#),
        claims(r#"{"nbf":1700000001}"#),
        claims(r#"{"iat":1700000061}"#),
        claims(r#"{"iss":"mallory"}"#),
        claims(r#"{"iss":"name","aud":"mallory"}"#),
        claims("{}"),
        claims(r#"{"exp":true}"#),
        hs256.sign(b"[]", NOW, MAX_LENGTH).unwrap_err(),
        SigningKey::from_secret(Algorithm::HS256, b"").unwrap_err(),
        SigningKey::from_pem(Algorithm::RS256, b"-----BEGIN").unwrap_err(),
        pem("p256.pkcs8.pem", false),
        pem("rsa1024.pkcs8.pem", false),
        pem("roca.pkcs8.pem", false),
        pem("rsa.pkcs8.pem", true),
        pem("rsa.public.pem", false),
        pem("rsa.encrypted.pkcs8.pem", false),
        jwk_set::read_own(b"{}").unwrap_err().error,
        Algorithm::from_name("none").unwrap_err(),
        KeyRing::of_keys(vec![ended])
            .unwrap()
            .sign(br#"{"exp":1700000002}"#, NOW, MAX_LENGTH)
            .unwrap_err(),
        empty.sign(b"{}", NOW, MAX_LENGTH).unwrap_err(),
        empty.verify(b"", NOW, &open, &mut Discard).unwrap_err(),
        ClaimPolicy::new(-1.0, None, None, false).unwrap_err(),
    ]
}

#[test]
fn every_code_is_reached() {
    let reached: Vec<&str> = each().into_iter().map(Error::code).collect();
    assert_eq!(reached, Error::CODES);
    let distinct: BTreeSet<&str> = Error::CODES.into_iter().collect();
    assert_eq!(distinct.len(), Error::CODES.len());
    let snake = |code: &&str| {
        code.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    assert!(Error::CODES.iter().all(snake));
}

#[test]
fn messages_are_plain_sentences_without_material() {
    for error in each() {
        let text = error.to_string();
        assert!(
            !text.is_empty() && text.is_ascii() && !text.contains('\n'),
            "{text}"
        );
        for material in [
            "eyJ",
            "mallory",
            "name'",
            "1700000000",
            "BEGIN",
            "secret of",
        ] {
            assert!(!text.contains(material), "{text}");
        }
    }
}
