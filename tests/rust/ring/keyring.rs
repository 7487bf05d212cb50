//! Rings of keys that tokens name by `kid`.

use std::sync::Arc;

use _core::error::Error;
use _core::keys::algorithm::{Algorithm, Family};
use _core::keys::jwk_set::KeyRefusal;
use _core::keys::key::{SigningKey, VerifyingKey};
use _core::ring::KeyRing;
use _core::ring::named::RingKey;
use _core::token::encoding;
use _core::token::json::Discard;

use proptest::prelude::*;

use crate::support::{MAX_LENGTH, NOW, open_policy, ring, signed, signing_key};

const NOW_SECONDS: i64 = 1_700_000_000;

/// A secret for this `kid`, which other tests don't use.
fn secret(kid: &str) -> SigningKey {
    let secret = format!("a secret of more than thirty-two bytes for {kid}");
    SigningKey::from_secret(Algorithm::HS256, secret.as_bytes()).unwrap()
}

fn hmac_key(kid: &str) -> RingKey {
    RingKey::new(Some(kid.into()), Some(Arc::new(secret(kid))), None).unwrap()
}

fn in_force(kid: &str, from: Option<i64>, until: Option<i64>) -> RingKey {
    let at = |seconds: i64| NOW_SECONDS + seconds;
    hmac_key(kid).in_force(from.map(at), until.map(at))
}

fn keys(keys: Vec<RingKey>) -> KeyRing {
    KeyRing::of_keys(keys).unwrap()
}

fn verify(ring: &KeyRing, token: &str, now: f64) -> Result<(), Error> {
    ring.verify(token.as_bytes(), now, &open_policy(), &mut Discard)
        .map(|_| ())
}

/// A token that this key signed, under any header.
fn token(kid: &str, header: &str) -> String {
    signed(&secret(kid), header.as_bytes(), b"{}")
}

fn header_of(token: &str) -> String {
    let (header, _) = token.split_once('.').unwrap();
    String::from_utf8(encoding::decode(header.as_bytes()).unwrap()).unwrap()
}

#[test]
fn every_algorithm_signs_under_its_kid_and_verifies() {
    let all = Algorithm::ALL.map(|algorithm| {
        let key = Arc::new(signing_key(algorithm));
        RingKey::new(Some(algorithm.name().into()), Some(key), None).unwrap()
    });
    let everything = keys(all.to_vec());
    for key in all {
        let kid = key.kid().to_owned();
        let token = keys(vec![key]).sign(b"{}", NOW, MAX_LENGTH).unwrap();
        let header = format!(r#"{{"alg":"{kid}","kid":"{kid}","typ":"JWT"}}"#);
        assert_eq!(header_of(&token), header);
        assert_eq!(verify(&everything, &token, NOW), Ok(()));
        assert_eq!(
            verify(&keys(vec![hmac_key("other")]), &token, NOW),
            Err(Error::KeyUnknown)
        );
    }
}

#[test]
fn a_kid_is_obeyed_however_the_header_is_written() {
    let ring = keys(vec![hmac_key("a"), hmac_key("b")]);
    for header in [
        r#"{"alg":"HS256","kid":"b","typ":"JWT"}"#,
        r#"{"typ":"JWT","alg":"HS256","kid":"b"}"#,
        r#"{"kid":"\u0062","alg":"HS256"}"#,
    ] {
        assert_eq!(verify(&ring, &token("b", header), NOW), Ok(()), "{header}");
        // The signature of another key under this kid.
        assert_eq!(
            verify(&ring, &token("a", header), NOW),
            Err(Error::SignatureInvalid),
            "{header}"
        );
    }
}

#[test]
fn the_headers_alg_is_the_keys() {
    let key = Arc::new(signing_key(Algorithm::ES256));
    let es256 = RingKey::new(Some("es".into()), Some(Arc::clone(&key)), None).unwrap();
    let ring = keys(vec![hmac_key("hs"), es256]);
    for header in [
        r#"{"alg":"HS256","kid":"es","typ":"JWT"}"#,
        r#"{"alg":"HS512","kid":"hs","typ":"JWT"}"#,
        r#"{"alg":"none","kid":"hs"}"#,
    ] {
        assert_eq!(
            verify(&ring, &token("hs", header), NOW),
            Err(Error::AlgorithmMismatch),
            "{header}"
        );
    }
}

#[test]
fn tokens_of_no_known_kid_are_refused() {
    let ring = keys(vec![hmac_key("a")]);
    for header in [
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"HS256","kid":"b","typ":"JWT"}"#,
        r#"{"alg":"HS256","kid":"A","typ":"JWT"}"#,
        r#"{"alg":"HS256","kid":"","typ":"JWT"}"#,
    ] {
        assert_eq!(
            verify(&ring, &token("a", header), NOW),
            Err(Error::KeyUnknown),
            "{header}"
        );
    }
    assert_eq!(
        verify(
            &keys(vec![]),
            &token("a", r#"{"alg":"HS256","kid":"a"}"#),
            NOW
        ),
        Err(Error::KeyUnknown)
    );
}

/// Whether the ring would verify the token's signature with a public key now.
fn needs_public_key(ring: &KeyRing, token: &str) -> bool {
    let routed = ring.route(token.as_bytes(), NOW, &open_policy()).unwrap();
    routed.needs_public_key()
}

#[test]
fn a_public_key_verifies_a_remembered_token_once() {
    for algorithm in Algorithm::ALL {
        let key = Arc::new(signing_key(algorithm));
        let verifier = Arc::new(key.verifying_key().unwrap());
        let ring = KeyRing::new(Some(key), vec![verifier]);
        let token = ring.sign(b"{}", NOW, MAX_LENGTH).unwrap();
        let is_public = algorithm.family() != Family::Hmac;
        assert_eq!(verify(&ring, &token, NOW), Ok(()));
        assert_eq!(
            needs_public_key(&ring, &token),
            is_public,
            "without a memory"
        );
        ring.remember_verified(0);
        assert_eq!(verify(&ring, &token, NOW), Ok(()));
        assert_eq!(needs_public_key(&ring, &token), is_public, "without room");
        ring.remember_verified(8);
        assert_eq!(
            needs_public_key(&ring, &token),
            is_public,
            "not verified yet"
        );
        let forged = token.replacen("e30", "eyJhIjoxfQ", 1);
        assert_eq!(verify(&ring, &forged, NOW), Err(Error::SignatureInvalid));
        assert_eq!(verify(&ring, &token, NOW), Ok(()));
        assert!(!needs_public_key(&ring, &token));
        assert_eq!(needs_public_key(&ring, &forged), is_public);
        assert_eq!(verify(&ring, &token, NOW), Ok(()));
    }
}

#[test]
fn a_ring_of_one_ignores_a_foreign_kid() {
    let key = secret("a");
    let verifying = Arc::new(key.verifying_key().unwrap());
    let ring = KeyRing::new(Some(Arc::new(key)), vec![verifying]);
    let foreign = token("a", r#"{"alg":"HS256","kid":"other","typ":"JWT"}"#);
    assert_eq!(verify(&ring, &foreign, NOW), Ok(()));
    let own = ring.sign(b"{}", NOW, MAX_LENGTH).unwrap();
    assert_eq!(header_of(&own), r#"{"alg":"HS256","typ":"JWT"}"#);
}

#[test]
fn a_key_verifies_from_a_minute_before_its_time_until_its_end() {
    let ring = keys(vec![in_force("a", Some(0), Some(100))]);
    let known = token("a", r#"{"alg":"HS256","kid":"a","typ":"JWT"}"#);
    let parsed = token("a", r#"{"kid":"a","alg":"HS256"}"#);
    for (now, outcome) in [
        (NOW - 61.0, Err(Error::KeyUnknown)),
        (NOW - 60.0, Ok(())),
        (NOW + 99.9, Ok(())),
        (NOW + 100.0, Err(Error::KeyUnknown)),
    ] {
        assert_eq!(verify(&ring, &known, now), outcome, "{now}");
        assert_eq!(verify(&ring, &parsed, now), outcome, "{now}");
    }
}

#[test]
fn a_published_key_verifies_before_it_signs() {
    let key = in_force("a", Some(1000), None).published(60);
    let ring = keys(vec![key]);
    let token = token("a", r#"{"alg":"HS256","kid":"a","typ":"JWT"}"#);
    assert_eq!(verify(&ring, &token, NOW), Ok(()));
    assert_eq!(ring.sign(b"{}", NOW, MAX_LENGTH), Err(Error::NoSigningKey));
}

#[test]
fn the_first_key_in_force_signs() {
    let public = secret("public").verifying_key().unwrap();
    let ring = keys(vec![
        RingKey::new(Some("public".into()), None, Some(Arc::new(public))).unwrap(),
        in_force("later", Some(100), None),
        in_force("now", Some(0), Some(200)),
        in_force("before", None, None),
    ]);
    let kid_at = |now| {
        let token = ring.sign(b"{}", now, MAX_LENGTH).unwrap();
        let header: serde_json::Value = serde_json::from_str(&header_of(&token)).unwrap();
        header["kid"].as_str().unwrap().to_owned()
    };
    assert_eq!(ring.signing_kids(), ["later", "now", "before"]);
    assert_eq!(kid_at(NOW - 0.1), "before");
    assert_eq!(kid_at(NOW), "now");
    assert_eq!(kid_at(NOW + 99.9), "now");
    assert_eq!(kid_at(NOW + 100.0), "later");
}

#[test]
fn no_token_outlives_the_key_that_signs_it() {
    let short = in_force("short", None, Some(100));
    let exp = |seconds: i64| format!(r#"{{"exp":{}}}"#, NOW_SECONDS + seconds);
    let alone = keys(vec![short.clone()]);
    let sign = |ring: &KeyRing, exp: &str| ring.sign(exp.as_bytes(), NOW, MAX_LENGTH);
    assert!(sign(&alone, &exp(100)).is_ok());
    assert_eq!(sign(&alone, &exp(101)), Err(Error::OutlivesKey));
    assert!(sign(&alone, "{}").is_ok());

    let with_another = keys(vec![short, in_force("long", None, None)]);
    assert!(header_of(&sign(&with_another, &exp(100)).unwrap()).contains("short"));
    assert!(header_of(&sign(&with_another, &exp(101)).unwrap()).contains("long"));

    let retained = keys(vec![in_force("a", None, None).published(60)]);
    assert!(sign(&retained, &exp(60)).is_ok());
    assert_eq!(sign(&retained, &exp(61)), Err(Error::OutlivesKey));
}

/// A ring with one key that signs from 100 s on, and a legacy pair until 200 s.
fn with_legacy() -> (KeyRing, KeyRing) {
    let legacy = secret("old");
    let verifying = Arc::new(legacy.verifying_key().unwrap());
    let legacy = KeyRing::new(Some(Arc::new(legacy)), vec![verifying]);
    let ring = keys(vec![in_force("new", Some(100), None)]);
    (ring.with_legacy(&legacy, NOW + 200.0).unwrap(), legacy)
}

#[test]
fn the_legacy_pair_verifies_tokens_without_kid_until_its_end() {
    let (ring, legacy) = with_legacy();
    let old = legacy.sign(b"{}", NOW, MAX_LENGTH).unwrap();
    assert_eq!(verify(&ring, &old, NOW), Ok(()));
    assert_eq!(verify(&ring, &old, NOW + 199.9), Ok(()));
    assert_eq!(verify(&ring, &old, NOW + 200.0), Err(Error::KeyUnknown));
    let named = token("old", r#"{"alg":"HS256","kid":"old","typ":"JWT"}"#);
    assert_eq!(verify(&ring, &named, NOW), Err(Error::KeyUnknown));
    let new_without_kid = token("new", r#"{"alg":"HS256","typ":"JWT"}"#);
    assert_eq!(
        verify(&ring, &new_without_kid, NOW + 100.0),
        Err(Error::SignatureInvalid)
    );
}

#[test]
fn the_legacy_pair_signs_until_the_first_key_does() {
    let (ring, _legacy) = with_legacy();
    let header_at = |now| {
        ring.sign(b"{}", now, MAX_LENGTH)
            .map(|token| header_of(&token))
    };
    assert_eq!(
        header_at(NOW + 99.9).unwrap(),
        r#"{"alg":"HS256","typ":"JWT"}"#
    );
    assert_eq!(
        header_at(NOW + 100.0).unwrap(),
        r#"{"alg":"HS256","kid":"new","typ":"JWT"}"#
    );
}

#[test]
fn no_token_outlives_the_legacy_pair() {
    let (ring, _legacy) = with_legacy();
    let sign = |seconds: i64| {
        let exp = format!(r#"{{"exp":{}}}"#, NOW_SECONDS + seconds);
        ring.sign(exp.as_bytes(), NOW, MAX_LENGTH)
    };
    assert!(sign(200).is_ok());
    assert_eq!(sign(201), Err(Error::OutlivesKey));
}

#[test]
fn the_legacy_pair_signs_nothing_where_no_key_ever_will() {
    let legacy = ring(Algorithm::HS256);
    let expired = keys(vec![in_force("a", None, Some(-1))]);
    for ring in [expired, keys(vec![])] {
        let ring = ring.with_legacy(&legacy, NOW + 1.0).unwrap();
        assert_eq!(ring.sign(b"{}", NOW, MAX_LENGTH), Err(Error::NoSigningKey));
    }
}

#[test]
fn a_legacy_ring_is_a_pair_beside_keys() {
    let pair = ring(Algorithm::HS256);
    let named = || keys(vec![hmac_key("a")]);
    assert!(named().with_legacy(&named(), NOW).is_err());
    assert!(ring(Algorithm::HS256).with_legacy(&pair, NOW).is_err());
}

#[test]
fn two_keys_of_one_kid_are_refused_by_name() {
    let refusal = KeyRing::of_keys(vec![hmac_key("a"), hmac_key("b"), hmac_key("a")]).unwrap_err();
    let expected = KeyRefusal {
        place: Some(3),
        kid: Some("a".into()),
        error: Error::KeySetInvalid("two keys have the same kid"),
    };
    assert_eq!(refusal, expected);
}

#[test]
fn a_kid_is_the_thumbprint_unless_it_is_given() {
    for algorithm in Algorithm::ALL {
        let signing = Arc::new(signing_key(algorithm));
        let key = RingKey::new(None, Some(Arc::clone(&signing)), None);
        if algorithm.family() == Family::Hmac {
            assert!(matches!(key, Err(Error::KeySetInvalid(_))), "{algorithm}");
            continue;
        }
        let public = signing.verifying_key().unwrap();
        let thumbprint = public.public_jwk().unwrap().thumbprint();
        assert_eq!(key.unwrap().kid(), thumbprint, "{algorithm}");
        let alone = RingKey::new(None, None, Some(Arc::new(public))).unwrap();
        assert_eq!(alone.kid(), thumbprint, "{algorithm}");
        assert!(!alone.can_sign());
    }
    for kid in ["", "a\nb", &"x".repeat(256)] {
        let key = RingKey::new(Some(kid.into()), Some(Arc::new(secret("a"))), None);
        assert!(matches!(key, Err(Error::KeySetInvalid(_))), "{kid}");
    }
}

#[test]
fn the_halves_of_a_key_are_a_pair() {
    let pair = |signing: SigningKey, verifying: VerifyingKey| {
        RingKey::new(
            Some("a".into()),
            Some(Arc::new(signing)),
            Some(Arc::new(verifying)),
        )
    };
    for algorithm in Algorithm::ALL {
        let own = signing_key(algorithm).verifying_key().unwrap();
        assert!(pair(signing_key(algorithm), own).is_ok(), "{algorithm}");
    }
    let other = secret("other").verifying_key().unwrap();
    assert!(matches!(
        pair(secret("a"), other),
        Err(Error::KeyMismatch(_))
    ));
    let public = |algorithm| signing_key(algorithm).verifying_key().unwrap();
    assert!(matches!(
        pair(signing_key(Algorithm::RS256), public(Algorithm::PS256)),
        Err(Error::KeyMismatch(_))
    ));
    assert!(matches!(
        RingKey::new(Some("a".into()), None, None),
        Err(Error::NoVerifyingKey)
    ));
}

#[test]
fn the_public_set_has_what_verifies_or_will() {
    let key = |algorithm: Algorithm, from, until| {
        let signing = Arc::new(signing_key(algorithm));
        let key = RingKey::new(Some(algorithm.name().into()), Some(signing), None).unwrap();
        key.in_force(from, until)
    };
    let ring = keys(vec![
        key(Algorithm::ES256, Some(NOW_SECONDS + 1000), None),
        key(Algorithm::EdDSA, None, None),
        key(Algorithm::RS256, None, Some(NOW_SECONDS)),
        hmac_key("secret"),
    ]);
    let kids = |set: &str| {
        let set: serde_json::Value = serde_json::from_str(set).unwrap();
        let keys = set["keys"].as_array().unwrap().clone();
        let kid = |key: &serde_json::Value| key["kid"].as_str().unwrap().to_owned();
        keys.iter().map(kid).collect::<Vec<_>>()
    };
    assert_eq!(kids(&ring.public_jwk_set(NOW)), ["ES256", "EdDSA"]);
    assert_eq!(
        kids(&ring.public_jwk_set(NOW - 0.1)),
        ["ES256", "EdDSA", "RS256"]
    );
    let legacy = crate::support::ring(Algorithm::PS256);
    let thumbprint = kids(&legacy.public_jwk_set(NOW)).remove(0);
    let ring = ring.with_legacy(&legacy, NOW + 10.0).unwrap();
    assert_eq!(
        kids(&ring.public_jwk_set(NOW)),
        ["ES256".to_owned(), "EdDSA".into(), thumbprint]
    );
    assert_eq!(kids(&ring.public_jwk_set(NOW + 10.0)), ["ES256", "EdDSA"]);
    assert_eq!(keys(vec![]).public_jwk_set(NOW), r#"{"keys":[]}"#);
    assert_eq!(
        crate::support::ring(Algorithm::HS256).public_jwk_set(NOW),
        r#"{"keys":[]}"#
    );
}

/// A site may list the old key under its thumbprint and also use it as the legacy pair.
#[test]
fn the_public_set_has_a_key_once() {
    let signing = Arc::new(signing_key(Algorithm::ES256));
    let key = RingKey::new(None, Some(signing), None).unwrap();
    let ring = keys(vec![key]);
    let alone = ring.public_jwk_set(NOW);
    let legacy = crate::support::ring(Algorithm::ES256);
    let ring = ring.with_legacy(&legacy, NOW + 10.0).unwrap();
    assert_eq!(ring.public_jwk_set(NOW), alone);
}

#[test]
fn a_kid_is_written_as_json_in_ascii() {
    for (kid, written) in [
        (
            r#"a "quoted" \ kid – ключ"#,
            r#"a \"quoted\" \\ kid \u2013 \u043a\u043b\u044e\u0447"#,
        ),
        ("a\u{2028}b\u{10ffff}/", r"a\u2028b\udbff\udfff/"),
    ] {
        let ring = keys(vec![hmac_key(kid)]);
        let token = ring.sign(b"{}", NOW, MAX_LENGTH).unwrap();
        let header = format!(r#"{{"alg":"HS256","kid":"{written}","typ":"JWT"}}"#);
        assert_eq!(header_of(&token), header);
        assert_eq!(verify(&ring, &token, NOW), Ok(()));
        let unescaped = signed(
            &secret(kid),
            serde_json::json!({"alg": "HS256", "kid": kid})
                .to_string()
                .as_bytes(),
            b"{}",
        );
        assert_eq!(verify(&ring, &unescaped, NOW), Ok(()));
    }
}

#[test]
fn no_key_signs_or_verifies_at_no_time() {
    let (beside_legacy, legacy) = with_legacy();
    let plain = token("new", r#"{"alg":"HS256","kid":"new","typ":"JWT"}"#);
    let without_kid = legacy.sign(b"{}", NOW, MAX_LENGTH).unwrap();
    for ring in [keys(vec![hmac_key("new")]), beside_legacy, legacy] {
        for now in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(
                ring.sign(b"{}", now, MAX_LENGTH),
                Err(Error::PolicyInvalid("now must be finite")),
                "{now}"
            );
            assert!(verify(&ring, &plain, now).is_err(), "{now}");
            assert!(verify(&ring, &without_kid, now).is_err(), "{now}");
        }
    }
}

prop_compose! {
    /// Times near each other, for a key of KEYS or of a key file.
    fn any_key()(from in prop::option::of(-3..3i64), life in prop::option::of(1..200i64), retain in prop::option::of(1..200u32))
        -> (Option<i64>, Option<i64>, Option<u32>)
    {
        let from = from.map(|minutes| minutes * 60);
        (from, life.map(|life| from.unwrap_or(0) + life), retain)
    }
}

proptest! {
    /// The token verifies by a clock that is behind or on time, until it expires, for every key that signs.
    #[test]
    fn what_a_ring_signs_it_verifies_to_the_end(
        times in prop::collection::vec(any_key(), 0..5),
        legacy_until in prop::option::of(-100..300i64),
        now in -200.0..200.0f64,
        life in 0.001..300.0f64,
        moment in 0.0..1.0f64,
    ) {
        let named = times.iter().enumerate().map(|(place, (from, until, retain))| {
            let key = in_force(&place.to_string(), *from, *until);
            retain.iter().fold(key, |key, retain| key.published(*retain))
        });
        let mut ring = keys(named.collect());
        if let Some(until) = legacy_until {
            ring = ring.with_legacy(&crate::support::ring(Algorithm::HS256), NOW + until as f64).unwrap();
        }
        let (now, exp) = (NOW + now, NOW + now + life);
        if let Ok(token) = ring.sign(format!(r#"{{"exp":{exp:?}}}"#).as_bytes(), now, MAX_LENGTH) {
            let behind = now - 60.0;
            let then = behind + (exp - behind) * moment;
            prop_assert_eq!(verify(&ring, &token, then), Ok(()));
        }
    }
}

#[test]
fn a_ring_shows_the_kids_and_algorithms_of_its_keys() {
    let ring = keys(vec![hmac_key("a"), hmac_key("b")]);
    let shown = format!("{ring:?}");
    assert!(shown.contains(r#"{"a": HS256, "b": HS256}"#), "{shown}");
    assert!(
        !shown.contains("eyJ") && !shown.contains("secret"),
        "{shown}"
    );
}
