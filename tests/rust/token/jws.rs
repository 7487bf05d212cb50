use std::sync::Arc;

use _core::error::Error;
use _core::keys::algorithm::Algorithm;
use _core::keys::key::SigningKey;
use _core::ring::KeyRing;
use _core::token::encoding::{decode, encode};
use _core::token::json::Discard;
use _core::token::jws;

use crate::support::{
    MAX_LENGTH, NOW, Rewrite, SECRET, hs256, open_policy, ring, signed, signing_key,
};

#[test]
fn every_algorithm_signs_what_it_verifies() {
    for algorithm in Algorithm::ALL {
        let ring = ring(algorithm);
        let token = ring
            .sign(br#"{"exp":1700000001,"n":[1,2.5]}"#, NOW, MAX_LENGTH)
            .unwrap();
        let header = format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#);
        assert!(
            token.starts_with(&format!("{}.", encode(header.as_bytes()))),
            "{algorithm}"
        );
        let verified = ring
            .verify(token.as_bytes(), NOW, &open_policy(), &mut Rewrite)
            .unwrap();
        assert_eq!(verified.claims, r#"{"exp":1700000001,"n":[1,2.5]}"#);
        assert_eq!(verified.typ.as_deref(), Some("JWT"));
        assert_eq!(
            ring.verify(token.as_bytes(), NOW + 1.0, &open_policy(), &mut Discard),
            Err(Error::Expired)
        );
    }
}

#[test]
fn any_bytes_are_a_payload_below_the_claims() {
    for algorithm in Algorithm::ALL {
        let key = signing_key(algorithm);
        for payload in [&b""[..], b"\x00\xff", b"not JSON", b"{}"] {
            let token = jws::sign(payload, &key).unwrap();
            assert_eq!(
                jws::verify(token.as_bytes(), &key.verifying_key().unwrap()).unwrap(),
                payload
            );
        }
    }
}

#[test]
fn a_token_is_bytes_equal_to_the_known_one() {
    // Made by PyJWT 2.15: jwt.encode({"some": "payload"}, "secret", algorithm="HS256").
    let key = SigningKey::from_secret(Algorithm::HS256, b"secret").unwrap();
    let token = jws::sign(br#"{"some":"payload"}"#, &key).unwrap();
    assert_eq!(
        token,
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzb21lIjoicGF5bG9hZCJ9.4twFt5NiznN84AWoo1d7KO1T_yoc0Z6XOpOVswacPZg"
    );
}

#[test]
fn no_byte_of_a_token_can_change() {
    for algorithm in Algorithm::ALL {
        let ring = ring(algorithm);
        let token = ring
            .sign(br#"{"jti":"x"}"#, NOW, MAX_LENGTH)
            .unwrap()
            .into_bytes();
        // Every character if verifying is fast, otherwise every fourth.
        let step = if matches!(algorithm, Algorithm::HS256 | Algorithm::EdDSA) {
            1
        } else {
            4
        };
        for place in (0..token.len()).step_by(step).chain([token.len() - 1]) {
            let mut changed = token.clone();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let outcome = ring.verify(&changed, NOW, &open_policy(), &mut Discard);
            assert!(outcome.is_err(), "{algorithm}: byte {place}");
        }
        for wrong in [
            &token[..token.len() - 1],
            &token[1..],
            &[&token[..], b"A"].concat(),
            &[&token[..], b"AAAA"].concat(),
        ] {
            assert!(
                ring.verify(wrong, NOW, &open_policy(), &mut Discard)
                    .is_err(),
                "{algorithm}"
            );
        }
    }
}

#[test]
fn a_signature_of_nothing_or_of_another_key_is_invalid() {
    for algorithm in Algorithm::ALL {
        let ring = ring(algorithm);
        let token = ring.sign(b"{}", NOW, MAX_LENGTH).unwrap();
        let (input, signature) = token.rsplit_once('.').unwrap();
        let length = decode(signature.as_bytes()).unwrap().len();
        for other in [
            vec![],
            vec![0; length],
            vec![0xff; length],
            vec![0; length + 1],
            vec![1; length - 1],
        ] {
            let token = format!("{input}.{}", encode(&other));
            assert_eq!(
                ring.verify(token.as_bytes(), NOW, &open_policy(), &mut Discard),
                Err(Error::SignatureInvalid)
            );
        }
    }
    let other = SigningKey::from_secret(Algorithm::HS256, b"another secret").unwrap();
    let token = jws::sign(b"{}", &other).unwrap();
    assert_eq!(
        jws::verify(token.as_bytes(), &hs256()),
        Err(Error::SignatureInvalid)
    );
}

#[test]
fn headers_are_read_strictly() {
    let key = SigningKey::from_secret(Algorithm::HS256, SECRET).unwrap();
    let malformed = Err("malformed");
    let unsupported = Err("header_unsupported");
    let mismatch = Err("algorithm_mismatch");
    for (header, outcome) in [
        (r#"{"alg":"HS256","typ":"JWT"}"#, Ok(())),
        (r#"{"typ":"JWT","alg":"HS256"}"#, Ok(())),
        (r#"{"alg":"HS256"}"#, Ok(())),
        (r#"{ "alg" : "HS256" , "kid" : "x" }"#, Ok(())),
        (r#"{"\u0061lg":"\u0048S256"}"#, Ok(())),
        (
            r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"},"jku":"https://x","x5c":[]}"#,
            Ok(()),
        ),
        (r#"{"alg":"HS256","nested":{"crit":1}}"#, Ok(())),
        (r#"{"alg":"HS384"}"#, mismatch),
        (r#"{"alg":"none"}"#, mismatch),
        (r#"{"alg":"NONE"}"#, mismatch),
        (r#"{"alg":"hs256"}"#, mismatch),
        (r#"{"alg":"HS256 "}"#, mismatch),
        (r#"{"alg":""}"#, mismatch),
        (r#"{"alg":"Ed25519"}"#, mismatch),
        (r#"{"alg":"HS256","crit":["x"]}"#, unsupported),
        (r#"{"alg":"HS256","crit":[]}"#, unsupported),
        (r#"{"alg":"HS256","crit":null}"#, unsupported),
        (r#"{"alg":"HS256","b64":true}"#, unsupported),
        (r#"{"alg":"HS256","b64":false}"#, unsupported),
        (r#"{"alg":"HS256","zip":"DEF"}"#, unsupported),
        (r#"{"alg":"HS256","enc":"A128GCM"}"#, unsupported),
        (r#"{"alg":"none","crit":["x"]}"#, unsupported),
        (r#"{"alg":"HS256","alg":"HS256"}"#, malformed),
        (r#"{"alg":"HS256","alg":"none"}"#, malformed),
        (r#"{"alg":"HS256","\u0061lg":"none"}"#, malformed),
        (r#"{"alg":["HS256"]}"#, malformed),
        (r#"{"alg":null}"#, malformed),
        (r#"{"alg":1}"#, malformed),
        (r#"{"alg":"HS256","kid":1}"#, malformed),
        (r#"{"alg":"HS256","kid":null}"#, malformed),
        (r#"{"alg":"HS256","kid":["x"]}"#, malformed),
        // The JWS layer accepts any string as typ; the policy decides which typ is allowed.
        (r#"{"alg":"HS256","typ":"JOSE"}"#, Ok(())),
        (r#"{"alg":"HS256","typ":""}"#, Ok(())),
        (r#"{"alg":"HS256","typ":null}"#, malformed),
        (r#"{"alg":"HS256","typ":["JWT"]}"#, malformed),
        (r#"{"alg":"HS256","typ":{"JWT":1}}"#, malformed),
        (r#"{"alg":"HS256","typ":true}"#, malformed),
        (r#"{"alg":"HS256","typ":1}"#, malformed),
        (r#"{"alg":"HS256","typ":"JWT","typ":"JWT"}"#, malformed),
        (r#"{"typ":"JWT"}"#, malformed),
        ("{}", malformed),
        ("", malformed),
        ("[]", malformed),
        ("\"HS256\"", malformed),
        (r#"{"alg":"HS256"}x"#, malformed),
        (r#"{"alg":"HS256",}"#, malformed),
        ("\u{feff}{\"alg\":\"HS256\"}", malformed),
    ] {
        let token = signed(&key, header.as_bytes(), b"{}");
        let found = jws::verify(token.as_bytes(), &hs256())
            .map(|_| ())
            .map_err(Error::code);
        assert_eq!(found, outcome, "{header}");
    }
}

#[test]
fn the_typ_is_what_the_header_says() {
    let key = SigningKey::from_secret(Algorithm::HS256, SECRET).unwrap();
    for (header, typ) in [
        (r#"{"alg":"HS256","typ":"JWT"}"#, Some("JWT")),
        (r#"{"typ":"JWT","alg":"HS256"}"#, Some("JWT")),
        (r#"{"alg":"HS256","typ":"jwt"}"#, Some("jwt")),
        (r#"{"alg":"HS256","typ":"\u0061t+jwt"}"#, Some("at+jwt")),
        (r#"{"alg":"HS256","\u0074yp":"x"}"#, Some("x")),
        (r#"{"alg":"HS256","TYP":"x"}"#, None),
        (r#"{"alg":"HS256"}"#, None),
    ] {
        let token = signed(&key, header.as_bytes(), b"{}");
        let ring = KeyRing::new(None, vec![Arc::new(hs256())]);
        let verified = ring
            .verify(token.as_bytes(), NOW, &open_policy(), &mut Discard)
            .unwrap();
        assert_eq!(verified.typ.as_deref(), typ, "{header}");
    }
}

#[test]
fn ed25519_is_another_name_for_eddsa() {
    let key = signing_key(Algorithm::EdDSA);
    assert_eq!(Algorithm::from_name("Ed25519"), Ok(Algorithm::EdDSA));
    for name in ["EdDSA", "Ed25519"] {
        let token = signed(&key, format!(r#"{{"alg":"{name}"}}"#).as_bytes(), b"{}");
        assert!(jws::verify(token.as_bytes(), &key.verifying_key().unwrap()).is_ok());
    }
    assert!(
        jws::sign(b"{}", &key)
            .unwrap()
            .starts_with(&encode(br#"{"alg":"EdDSA","typ":"JWT"}"#))
    );
}

#[test]
fn a_token_has_three_parts_of_base64url() {
    let token = ring(Algorithm::HS256).sign(b"{}", NOW, MAX_LENGTH).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!()
    };
    for text in [
        String::new(),
        ".".into(),
        "..".into(),
        "....".into(),
        "x".into(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}."),
        format!(".{header}.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}.x.y"),
        format!("{header}..{payload}.{signature}"),
        format!("{header}.{payload}.{signature}="),
        format!("{header}.{payload}.{signature}\n"),
        format!(" {header}.{payload}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!("Bearer {header}.{payload}.{signature}"),
        format!("{header}.{payload}.é{signature}"),
        format!("{header}.{payload}.{signature}\u{ff0e}"),
        format!("x.{payload}.{signature}"),
    ] {
        let outcome = jws::verify(text.as_bytes(), &hs256());
        assert!(
            matches!(outcome, Err(Error::Malformed(_))),
            "{text}: {outcome:?}"
        );
    }
    assert!(matches!(
        jws::verify(b"\xff.\xff.\xff", &hs256()),
        Err(Error::Malformed(_))
    ));
}

#[test]
fn the_last_character_has_no_stray_bits() {
    let token = ring(Algorithm::HS256).sign(b"{}", NOW, MAX_LENGTH).unwrap();
    let last = token.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for other in alphabet.chars().filter(|other| *other != last) {
        let text = format!("{}{other}", &token[..token.len() - 1]);
        assert!(jws::verify(text.as_bytes(), &hs256()).is_err(), "{other}");
    }
}

#[test]
fn the_payload_is_a_strict_object_of_fit_claims() {
    let key = SigningKey::from_secret(Algorithm::HS256, SECRET).unwrap();
    let ring = ring(Algorithm::HS256);
    for (payload, code) in [
        ("", "malformed"),
        ("[]", "malformed"),
        ("null", "malformed"),
        (r#"{"a":1,"a":1}"#, "malformed"),
        (r#"{"a":1e999}"#, "malformed"),
        (r#"{"a":"\ud800"}"#, "malformed"),
        (r#"{"exp":"1800000000"}"#, "claim_invalid"),
        (r#"{"exp":1}"#, "expired"),
    ] {
        let token = signed(&key, br#"{"alg":"HS256"}"#, payload.as_bytes());
        assert_eq!(
            ring.verify(token.as_bytes(), NOW, &open_policy(), &mut Discard)
                .unwrap_err()
                .code(),
            code,
            "{payload}"
        );
        // Signing refuses every payload that verifying would refuse, except expired ones.
        let outcome = ring
            .sign(payload.as_bytes(), NOW, MAX_LENGTH)
            .map(|_| "expired")
            .unwrap_or_else(Error::code);
        assert_eq!(
            outcome,
            if code == "malformed" {
                "unserializable"
            } else {
                code
            },
            "{payload}"
        );
    }
    // A payload that isn't base64url, with a valid signature.
    let input = format!("{}.{}", encode(br#"{"alg":"HS256"}"#), "e30=");
    let token = format!("{input}.{}", encode(&key.sign(input.as_bytes()).unwrap()));
    assert!(matches!(
        ring.verify(token.as_bytes(), NOW, &open_policy(), &mut Discard),
        Err(Error::Malformed(_))
    ));
}

#[test]
fn a_header_nested_without_end_is_malformed() {
    let deep = format!("{{\"alg\":{}", "[".repeat(10_000));
    let token = format!("{}.e30.AA", encode(deep.as_bytes()));
    assert!(matches!(
        jws::verify(token.as_bytes(), &hs256()),
        Err(Error::Malformed(_))
    ));
}

#[test]
fn verifiers_of_the_headers_algorithm_are_tried_in_turn() {
    let secrets: [&[u8]; 3] = [b"one", b"two", b"three"];
    let keys: Vec<_> = secrets
        .iter()
        .map(|secret| SigningKey::from_secret(Algorithm::HS256, secret).unwrap())
        .collect();
    let mut verifiers: Vec<_> = keys[..2]
        .iter()
        .map(|key| Arc::new(key.verifying_key().unwrap()))
        .collect();
    verifiers.push(Arc::new(
        signing_key(Algorithm::ES256).verifying_key().unwrap(),
    ));
    let ring = KeyRing::new(None, verifiers);
    let verify = |key: &SigningKey| {
        ring.verify(
            jws::sign(b"{}", key).unwrap().as_bytes(),
            NOW,
            &open_policy(),
            &mut Discard,
        )
    };
    assert_eq!(verify(&keys[0]).map(|_| ()), Ok(()));
    assert_eq!(verify(&keys[1]).map(|_| ()), Ok(()));
    assert_eq!(verify(&keys[2]), Err(Error::SignatureInvalid));
    assert_eq!(verify(&signing_key(Algorithm::ES256)).map(|_| ()), Ok(()));
    assert_eq!(
        verify(&signing_key(Algorithm::RS256)),
        Err(Error::AlgorithmMismatch)
    );
    assert_eq!(ring.sign(b"{}", NOW, MAX_LENGTH), Err(Error::NoSigningKey));
    let none = KeyRing::new(None, vec![]);
    assert_eq!(
        none.verify(b"", NOW, &open_policy(), &mut Discard),
        Err(Error::NoVerifyingKey)
    );
}

#[test]
fn a_public_key_is_never_an_hmac_secret() {
    // The classic confusion: an attacker signs with HS256 and the public key's text.
    let pem = crate::support::fixture("rsa.public.pem");
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &pem);
    let input = format!("{}.e30", encode(br#"{"alg":"HS256","typ":"JWT"}"#));
    let token = format!(
        "{input}.{}",
        encode(aws_lc_rs::hmac::sign(&key, input.as_bytes()).as_ref())
    );
    let ring = ring(Algorithm::RS256);
    assert_eq!(
        ring.verify(token.as_bytes(), NOW, &open_policy(), &mut Discard),
        Err(Error::AlgorithmMismatch)
    );
}
