use std::time::Instant;

use _core::keys::algorithm::{Algorithm, Family};
use _core::keys::jwk_set::{
    IssuerSet, KeyRefusal, MAX_KEYS, MAX_LENGTH, OwnKey, read_issuer, read_own,
};
use _core::keys::key::SigningKey;
use _core::token::encoding;
use _core::token::jws;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{SECRET, fixture, stem};

const BOTH_RSA: [Algorithm; 2] = [Algorithm::RS256, Algorithm::PS256];

fn jwk(name: &str, half: &str, members: Value) -> Value {
    let jwk = serde_json::from_slice(&fixture(&format!("{name}.{half}.jwk.json"))).unwrap();
    merged(jwk, members)
}

fn public(name: &str, members: Value) -> Value {
    jwk(name, "public", members)
}

fn private(name: &str, members: Value) -> Value {
    jwk(name, "private", members)
}

fn oct(algorithm: &str, length: usize, members: Value) -> Value {
    let secret = encoding::encode(&SECRET[..length]);
    merged(
        json!({"kty": "oct", "alg": algorithm, "k": secret}),
        members,
    )
}

fn fresh_p256(members: Value) -> Value {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = (
        encoding::encode(&point[1..33]),
        encoding::encode(&point[33..]),
    );
    merged(
        json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}),
        members,
    )
}

fn merged(jwk: Value, members: Value) -> Value {
    let mut jwk: Map<String, Value> = serde_json::from_value(jwk).unwrap();
    for (name, value) in members.as_object().unwrap() {
        jwk.insert(name.clone(), value.clone());
    }
    Value::Object(jwk)
}

fn set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

fn own(keys: &[Value]) -> Result<Vec<OwnKey>, KeyRefusal> {
    read_own(&set(keys))
}

fn issuer(keys: &[Value], algorithms: &[Algorithm]) -> IssuerSet {
    read_issuer(&set(keys), algorithms).unwrap()
}

/// The `kid` and the algorithm of each key of a set.
fn served(set: &IssuerSet) -> Vec<(Option<&str>, &'static str)> {
    set.keys
        .iter()
        .map(|(kid, key)| (kid.as_deref(), key.algorithm().name()))
        .collect()
}

fn skipped(set: &IssuerSet) -> Vec<(usize, &'static str)> {
    set.skipped
        .iter()
        .map(|refusal| (refusal.place.unwrap(), refusal.error.code()))
        .collect()
}

// Sets that both readers refuse.

fn broken_frames() -> Vec<(&'static str, Vec<u8>)> {
    let deep = format!(r#"{{"keys":[],"a":{}}}"#, "[".repeat(10_000));
    let nested = format!(
        r#"{{"keys":[{}{}]}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let huge = format!(r#"{{"keys":[{{"a":{}}}]}}"#, "9".repeat(4301));
    let many = format!(r#"{{"keys":[{}0]}}"#, "0,".repeat(100_000));
    let mut long = set(&[public("p256", json!({}))]);
    long.resize(MAX_LENGTH + 1, b' ');
    vec![
        ("nothing", b"".to_vec()),
        ("HTML", b"<!doctype html><title>Not found</title>".to_vec()),
        ("an array", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("a JWK", public("p256", json!({})).to_string().into_bytes()),
        ("no keys", b"{}".to_vec()),
        ("keys of another type", br#"{"keys":{}}"#.to_vec()),
        ("keys that are null", br#"{"keys":null}"#.to_vec()),
        ("keys that are text", br#"{"keys":"[]"}"#.to_vec()),
        ("two keys members", br#"{"keys":[],"keys":[]}"#.to_vec()),
        (
            "two keys members, one escaped",
            br#"{"keys":[],"\u006beys":[]}"#.to_vec(),
        ),
        ("cut", br#"{"keys":["#.to_vec()),
        ("cut in a key", br#"{"keys":[{"kty":"RSA""#.to_vec()),
        ("something after it", br#"{"keys":[]}x"#.to_vec()),
        ("a comma too many", br#"{"keys":[{},]}"#.to_vec()),
        ("a BOM", "\u{feff}{\"keys\":[]}".as_bytes().to_vec()),
        ("no UTF-8", b"{\"keys\":[{\"kid\":\"\xff\"}]}".to_vec()),
        (
            "half a character in a key",
            br#"{"keys":[{"kid":"\ud800"}]}"#.to_vec(),
        ),
        ("a number too long in a key", huge.into_bytes()),
        ("NaN in a key", br#"{"keys":[{"a":NaN}]}"#.to_vec()),
        ("depth in another member than keys", deep.into_bytes()),
        ("depth in a key", nested.into_bytes()),
        ("too many keys", many.into_bytes()),
        ("too long", long),
    ]
}

#[test]
fn a_broken_frame_is_refused_whole_by_both() {
    for (what, text) in broken_frames() {
        let refusal = read_own(&text).unwrap_err();
        assert_eq!(
            (refusal.place, refusal.error.code()),
            (None, "key_set_invalid"),
            "{what}"
        );
        let error = read_issuer(&text, &Algorithm::ALL).unwrap_err();
        assert_eq!(error.code(), "key_set_invalid", "{what}");
    }
}

#[test]
fn the_frame_seen_open() {
    let mut longest = set(&[public("p256", json!({}))]);
    longest.resize(MAX_LENGTH, b' ');
    for text in [
        br#"{"keys":[]}"#.to_vec(),
        br#" { "a" : [{}, "]}"] , "keys" : [ ] , "b" : 1 } "#.to_vec(),
        longest,
    ] {
        let count = read_own(&text).unwrap().len();
        assert_eq!(
            read_issuer(&text, &Algorithm::ALL).unwrap().keys.len(),
            count
        );
    }
    let most = vec![public("p256", json!({})); MAX_KEYS];
    assert_eq!(issuer(&most, &[Algorithm::ES256]).keys.len(), 1);
    let more = vec![json!({}); MAX_KEYS + 1];
    assert_eq!(
        read_issuer(&set(&more), &[]).unwrap_err().code(),
        "key_set_invalid"
    );
}

// The site's own sets.

#[test]
fn a_set_of_ours_has_every_key_with_its_kid_and_algorithm() {
    let keys = own(&[
        private("p256", json!({"kid": "one"})),
        public("p384", json!({"kid": "two", "alg": "ES384", "use": "sig"})),
        private(
            "rsa",
            json!({"kid": "three", "alg": "PS384", "key_ops": ["sign"]}),
        ),
        private("ed25519", json!({"kid": "four", "alg": "Ed25519"})),
        public(
            "secp256k1",
            json!({"kid": "five", "x5c": 7, "unknown": null}),
        ),
        public("p521", json!({"kid": "six", "key_ops": ["verify"]})),
    ])
    .unwrap();
    let found: Vec<_> = keys
        .iter()
        .map(|key| {
            (
                &*key.kid,
                key.verifying.algorithm().name(),
                key.signing.is_some(),
            )
        })
        .collect();
    let wanted = [
        ("one", "ES256", true),
        ("two", "ES384", false),
        ("three", "PS384", true),
        ("four", "EdDSA", true),
        ("five", "ES256K", false),
        ("six", "ES512", false),
    ];
    assert_eq!(found, wanted);
    for key in &keys {
        if let Some(signing) = &key.signing {
            let token = jws::sign(b"{}", signing).unwrap();
            assert!(jws::verify(token.as_bytes(), &key.verifying).is_ok());
        }
    }
}

#[test]
fn secrets_of_ours_sign_unless_their_key_ops_say_otherwise() {
    let keys = own(&[
        oct("HS256", 32, json!({"kid": "one"})),
        oct("HS384", 48, json!({"kid": "two", "key_ops": ["verify"]})),
        oct(
            "HS512",
            64,
            json!({"kid": "three", "key_ops": ["sign", "verify"]}),
        ),
    ])
    .unwrap();
    let signs: Vec<_> = keys.iter().map(|key| key.signing.is_some()).collect();
    assert_eq!(signs, [true, false, true]);
}

/// A file may be rotated from HS256 to ES256. Each key serves only its own algorithm.
#[test]
fn secrets_stand_beside_asymmetric_keys() {
    let keys = own(&[
        oct("HS256", 32, json!({"kid": "secret"})),
        private("p256", json!({"kid": "private"})),
        public("rsa", json!({"kid": "public", "alg": "RS256"})),
    ])
    .unwrap();
    let algorithm = |key: &OwnKey| key.verifying.algorithm().name();
    let algorithms: Vec<_> = keys.iter().map(algorithm).collect();
    assert_eq!(algorithms, ["HS256", "ES256", "RS256"]);
    // The classic confusion: an attacker uses a public key, in each of its forms, as an HMAC secret.
    let public = keys[2].verifying.public_jwk().unwrap();
    for secret in [
        fixture("rsa.public.pkcs1.pem")[30..].to_vec(),
        public.to_json("public", Algorithm::RS256).into_bytes(),
    ] {
        let forger = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
        let token = jws::sign(b"{}", &forger).unwrap();
        for key in &keys {
            assert!(jws::verify(token.as_bytes(), &key.verifying).is_err());
        }
    }
}

#[test]
fn one_odd_key_refuses_a_set_of_ours_and_is_named() {
    let twice = r#"{"keys":[{"kty":"OKP","kid":"one","kid":"two"}]}"#;
    let es256 = || private("p256", json!({"kid": "first"}));
    let reads = |keys: &[Value]| own(keys).map(|_| ()).unwrap_err();
    for (what, refusal, wanted) in [
        (
            "one kid twice",
            reads(&[es256(), public("p384", json!({"kid": "first"}))]),
            (2, Some("first"), "key_set_invalid"),
        ),
        (
            "one key twice, its kid the thumbprint",
            reads(&[public("ed25519", json!({})), public("ed25519", json!({}))]),
            (2, None, "key_set_invalid"),
        ),
        (
            "ROCA",
            reads(&[
                es256(),
                private("roca", json!({"kid": "card", "alg": "RS256"})),
            ]),
            (2, Some("card"), "key_weak"),
        ),
        (
            "1024 bits",
            reads(&[public("rsa1024", json!({"alg": "RS256"}))]),
            (1, None, "key_too_small"),
        ),
        (
            "a short secret",
            reads(&[oct("HS256", 31, json!({"kid": "short"}))]),
            (1, Some("short"), "key_weak"),
        ),
        (
            "a shorter one",
            reads(&[oct("HS512", 63, json!({}))]),
            (1, None, "key_weak"),
        ),
        (
            "a secret without kid",
            reads(&[oct("HS256", 32, json!({}))]),
            (1, None, "key_malformed"),
        ),
        (
            "no alg for RSA",
            reads(&[public("rsa", json!({"kid": "r"}))]),
            (1, Some("r"), "key_malformed"),
        ),
        (
            "no alg for a secret",
            reads(&[oct("HS256", 32, json!({"alg": null}))]),
            (1, None, "key_malformed"),
        ),
        (
            "an unknown alg",
            reads(&[public("p256", json!({"alg": "ES257"}))]),
            (1, None, "key_mismatch"),
        ),
        (
            "another's alg",
            reads(&[public("p256", json!({"alg": "ES384"}))]),
            (1, None, "key_mismatch"),
        ),
        (
            "for encryption",
            reads(&[public("p256", json!({"use": "enc"}))]),
            (1, None, "key_mismatch"),
        ),
        (
            "a private key that only verifies",
            reads(&[private("p256", json!({"key_ops": ["verify"]}))]),
            (1, None, "key_mismatch"),
        ),
        (
            "a secret that only signs",
            reads(&[oct("HS256", 32, json!({"key_ops": ["sign"]}))]),
            (1, None, "key_mismatch"),
        ),
        (
            "an unknown kty",
            reads(&[json!({"kty": "AKP", "kid": "pq"})]),
            (1, Some("pq"), "key_mismatch"),
        ),
        (
            "an unknown crv",
            reads(&[public("ed25519", json!({"crv": "X25519"}))]),
            (1, None, "key_mismatch"),
        ),
        (
            "no object",
            reads(&[es256(), json!("text")]),
            (2, None, "key_malformed"),
        ),
        ("no kty", reads(&[json!({})]), (1, None, "key_malformed")),
        (
            "a kid that is not a string",
            reads(&[public("p256", json!({"kid": 7}))]),
            (1, None, "key_malformed"),
        ),
    ] {
        let (place, kid, code) = wanted;
        assert_eq!(
            (refusal.place, refusal.kid.as_deref(), refusal.error.code()),
            (Some(place), kid, code),
            "{what}"
        );
    }
    let duplicate = read_own(twice.as_bytes()).unwrap_err();
    assert_eq!(
        (duplicate.place, duplicate.error.code()),
        (None, "key_set_invalid")
    );
}

/// Compares with the thumbprints that another library computes from the fixtures.
#[test]
fn a_kid_is_the_thumbprint_where_there_is_none() {
    let thumbprint = |jwk: Value| own(&[jwk]).unwrap().remove(0).kid;
    for name in ["p256", "p384", "p521", "rsa", "ed25519"] {
        let jwk = public(name, json!({}));
        let theirs: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk.clone()).unwrap();
        let theirs = theirs.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256);
        let alg = if name == "rsa" {
            json!({"alg": "RS256"})
        } else {
            json!({})
        };
        assert_eq!(
            thumbprint(merged(jwk, alg.clone())),
            theirs.unwrap(),
            "{name}"
        );
        // Both halves have the same thumbprint.
        assert_eq!(
            thumbprint(private(name, alg.clone())),
            thumbprint(public(name, alg))
        );
    }
}

// An issuer's sets.

#[test]
fn an_issuers_odd_keys_are_skipped_and_the_rest_is_used() {
    let good = || public("p256", json!({"kid": "good"}));
    for (what, odd, code) in [
        ("a secret", oct("HS256", 32, json!({})), "key_mismatch"),
        (
            "for encryption",
            public("p384", json!({"use": "enc"})),
            "key_mismatch",
        ),
        (
            "for something else",
            public("p384", json!({"use": "tls"})),
            "key_mismatch",
        ),
        (
            "for signing",
            public("p384", json!({"key_ops": ["sign"]})),
            "key_mismatch",
        ),
        (
            "for nothing",
            public("p384", json!({"key_ops": []})),
            "key_mismatch",
        ),
        (
            "key_ops twice",
            public("p384", json!({"key_ops": ["verify", "verify"]})),
            "key_malformed",
        ),
        (
            "an unknown kty",
            json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
            "key_mismatch",
        ),
        (
            "an unknown crv",
            public("ed25519", json!({"crv": "Ed448"})),
            "key_mismatch",
        ),
        (
            "an unknown alg",
            public("p384", json!({"alg": "ES385"})),
            "key_mismatch",
        ),
        (
            "an alg for encryption",
            public("rsa", json!({"alg": "RSA-OAEP"})),
            "key_mismatch",
        ),
        (
            "an alg of another kty",
            public("p384", json!({"alg": "RS256"})),
            "key_mismatch",
        ),
        (
            "an alg that is not configured",
            public("rsa", json!({"alg": "RS512"})),
            "key_mismatch",
        ),
        (
            "a kind that is not configured",
            public("p521", json!({})),
            "key_mismatch",
        ),
        ("1024 bits", public("rsa1024", json!({})), "key_too_small"),
        ("ROCA", public("roca", json!({})), "key_weak"),
        ("a private key", private("p384", json!({})), "key_private"),
        (
            "a factor",
            public("rsa", json!({"p": "AQAB"})),
            "key_private",
        ),
        (
            "no point",
            public("p384", json!({"y": public("p384", json!({}))["x"]})),
            "key_malformed",
        ),
        (
            "a coordinate cut",
            public("p384", json!({"x": "AAAA"})),
            "key_malformed",
        ),
        (
            "a kid that is not a string",
            public("p384", json!({"kid": 7})),
            "key_malformed",
        ),
        ("no kty", json!({}), "key_malformed"),
        ("a number", json!(7), "key_malformed"),
        ("null", json!(null), "key_malformed"),
        ("a list", json!([[]]), "key_malformed"),
    ] {
        let algorithms = [
            Algorithm::RS256,
            Algorithm::ES256,
            Algorithm::ES384,
            Algorithm::HS256,
        ];
        for (keys, place) in [([odd.clone(), good()], 1), ([good(), odd], 2)] {
            let set = issuer(&keys, &algorithms);
            assert_eq!(served(&set), [(Some("good"), "ES256")], "{what}");
            assert_eq!(skipped(&set), [(place, code)], "{what}");
        }
    }
    // The same check with valid input.
    let fine = issuer(
        &[good(), public("p384", json!({}))],
        &[Algorithm::ES256, Algorithm::ES384],
    );
    assert_eq!(served(&fine), [(Some("good"), "ES256"), (None, "ES384")]);
    assert!(fine.skipped.is_empty());
}

/// Each element of `keys` is read alone: a well-formed element that is not strict loses only one key.
#[test]
fn an_issuers_key_that_is_not_strict_is_skipped_alone() {
    let good = public("p256", json!({"kid": "good"})).to_string();
    let deep = format!(r#""a":{}{},"#, "[".repeat(40), "]".repeat(40));
    for odd_member in [
        r#""kty":"EC","#,
        r#""\u006bty":"EC","#,
        r#""x5c":{"a":1,"a":1},"#,
        r#""a":1e999,"#,
        &deep,
    ] {
        let opening = format!("{{{odd_member}");
        let odd = (public("p384", json!({})).to_string()).replacen('{', &opening, 1);
        let text = format!(r#"{{"keys":[{odd},{good}]}}"#);
        let set = read_issuer(text.as_bytes(), &[Algorithm::ES256, Algorithm::ES384]).unwrap();
        assert_eq!(served(&set), [(Some("good"), "ES256")], "{odd}");
        assert_eq!(skipped(&set), [(1, "key_malformed")], "{odd}");
    }
}

#[test]
fn a_missing_alg_comes_from_the_configured_algorithms() {
    let keys = [
        public("rsa", json!({"kid": "r"})),
        public("p256", json!({"kid": "e"})),
    ];
    for (algorithms, wanted) in [
        (&[Algorithm::RS256][..], &[("r", "RS256")][..]),
        (&BOTH_RSA, &[("r", "RS256"), ("r", "PS256")]),
        (&[Algorithm::ES256], &[("e", "ES256")]),
        (
            &[Algorithm::ES256, Algorithm::RS512],
            &[("r", "RS512"), ("e", "ES256")],
        ),
        (&[Algorithm::EdDSA], &[]),
        (&[], &[]),
    ] {
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(kid, name)| (Some(*kid), *name))
            .collect();
        let set = issuer(&keys, algorithms);
        assert_eq!(served(&set), wanted, "{algorithms:?}");
        let used = |kid: &str| wanted.iter().any(|(used, _)| *used == Some(kid));
        let unused = ["r", "e"].into_iter().filter(|kid| !used(kid)).count();
        assert_eq!(set.skipped.len(), unused, "{algorithms:?}");
    }
    let named = issuer(&[public("rsa", json!({"alg": "PS256"}))], &BOTH_RSA);
    assert_eq!(served(&named), [(None, "PS256")]);
}

#[test]
fn every_algorithm_of_an_issuer_is_served() {
    let asymmetric = |algorithm: &Algorithm| algorithm.family() != Family::Hmac;
    for algorithm in Algorithm::ALL.into_iter().filter(asymmetric) {
        let jwk = public(
            stem(algorithm),
            json!({"alg": algorithm.name(), "use": "sig"}),
        );
        let set = issuer(&[jwk], &[algorithm]);
        assert_eq!(served(&set), [(None, algorithm.name())]);
    }
}

#[test]
fn keys_that_cannot_be_told_apart_are_all_skipped() {
    let one = || public("p256", json!({"kid": "one"}));
    let another = |members: Value| fresh_p256(members);
    let algorithms = [
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::RS256,
        Algorithm::PS256,
    ];
    type Case = (&'static str, Vec<Value>, usize, Vec<(usize, &'static str)>);
    let cases: [Case; 11] = [
        (
            "the same kid and kty, other material",
            vec![
                one(),
                another(json!({"kid": "one"})),
                another(json!({"kid": "two"})),
            ],
            1,
            vec![(1, "key_mismatch"), (2, "key_mismatch")],
        ),
        (
            "three of them",
            vec![one(), another(json!({"kid": "one"})), one()],
            0,
            vec![
                (1, "key_mismatch"),
                (2, "key_mismatch"),
                (3, "key_mismatch"),
            ],
        ),
        (
            "another curve is other material",
            vec![one(), public("p384", json!({"kid": "one"}))],
            0,
            vec![(1, "key_mismatch"), (2, "key_mismatch")],
        ),
        ("the same material twice", vec![one(), one()], 1, vec![]),
        (
            "the same material, other members",
            vec![
                one(),
                public("p256", json!({"kid": "one", "use": "sig", "alg": "ES256"})),
            ],
            1,
            vec![],
        ),
        (
            "the same material for another algorithm",
            vec![
                public("rsa", json!({"kid": "one", "alg": "RS256"})),
                public("rsa", json!({"kid": "one", "alg": "PS256"})),
            ],
            2,
            vec![],
        ),
        (
            "the same kid with another kty",
            vec![one(), public("rsa", json!({"kid": "one", "alg": "RS256"}))],
            2,
            vec![],
        ),
        (
            "other kids",
            vec![one(), another(json!({"kid": "ONE"}))],
            2,
            vec![],
        ),
        (
            "no kid",
            vec![another(json!({})), another(json!({}))],
            2,
            vec![],
        ),
        (
            "no kid, the same material twice",
            vec![public("p256", json!({})), public("p256", json!({}))],
            1,
            vec![],
        ),
        (
            "a namesake that is odd itself",
            vec![one(), another(json!({"kid": "one", "use": "enc"}))],
            1,
            vec![(2, "key_mismatch")],
        ),
    ];
    for (what, keys, count, wanted) in cases {
        let set = issuer(&keys, &algorithms);
        assert_eq!((set.keys.len(), skipped(&set)), (count, wanted), "{what}");
    }
}

// Messages.

#[test]
fn a_kid_is_shown_short_and_printable() {
    for (kid, wanted) in [
        ("plain", "plain".to_owned()),
        ("", String::new()),
        (&"k".repeat(64), "k".repeat(64)),
        (&"k".repeat(65), format!("{}...", "k".repeat(64))),
        ("line\nbreak\t\u{1b}[31m", "line?break??[31m".to_owned()),
        ("\u{202e}gnp.exe\u{e9}", "?gnp.exe?".to_owned()),
    ] {
        let refusal = own(&[public("p256", json!({"kid": kid, "use": "enc"}))]).unwrap_err();
        assert_eq!(refusal.kid.as_deref(), Some(&*wanted));
        let message = "the key does not fit the algorithm: its use is not sig";
        assert_eq!(refusal.to_string(), format!("key 1 '{wanted}': {message}"));
    }
    let nameless = own(&[public("p256", json!({"use": "enc"}))]).unwrap_err();
    assert!(nameless.to_string().starts_with("key 1: "));
    assert!(
        read_own(b"{}")
            .unwrap_err()
            .to_string()
            .starts_with("the set of keys")
    );
}

#[test]
fn nothing_that_is_said_holds_material() {
    let secret = json!("bWF0ZXJpYWwgdGhhdCBub2JvZHkgbWF5IHNlZQ");
    for name in [
        "k", "n", "e", "x", "y", "d", "p", "alg", "crv", "kty", "use",
    ] {
        for half in ["public", "private"] {
            let keys = [jwk("p256", half, json!({name: secret, "y": "bWF0ZXJpYWw"}))];
            let said = format!(
                "{:?} {}",
                own(&keys).err(),
                issuer(&keys, &[Algorithm::ES256])
                    .skipped
                    .iter()
                    .map(|refusal| format!("{refusal} {refusal:?}"))
                    .collect::<String>()
            );
            assert!(said.contains("key") && !said.contains("bWF0"), "{said}");
        }
    }
    let keys = own(&[oct("HS256", 32, json!({"kid": "one"}))]).unwrap();
    assert!(!format!("{keys:?}").contains(&encoding::encode(&SECRET[..32])));
}

#[test]
fn a_full_set_is_read_in_bounded_time() {
    let keys: Vec<Value> = (0..MAX_KEYS)
        .map(|place| public("rsa", json!({"kid": place.to_string()})))
        .collect();
    let begun = Instant::now();
    let set = issuer(&keys, &BOTH_RSA);
    println!(
        "{} keys of {MAX_KEYS} RSA JWKs: {:?}",
        set.keys.len(),
        begun.elapsed()
    );
    assert_eq!(set.keys.len(), 2 * MAX_KEYS);
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_own(&text);
        let _ = read_issuer(&text, &Algorithm::ALL);
    }

    /// If a set is cut or altered anywhere, it is refused or yields only keys that it contained.
    #[test]
    fn a_bent_set_serves_no_other_key(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let whole = set(&[public("p256", json!({"kid": "one"})), public("ed25519", json!({}))]);
        let mut bent = whole.clone();
        bent[place.index(whole.len())] = byte;
        if let Ok(set) = read_issuer(&bent, &[Algorithm::ES256, Algorithm::EdDSA]) {
            prop_assert!(set.keys.len() + set.skipped.len() <= 2);
        }
        prop_assert!(read_issuer(&whole[..place.index(whole.len())], &Algorithm::ALL).is_err());
    }
}

#[test]
fn two_mistakes_of_an_issuer_are_tolerated_and_named() {
    let zero = |members: &Value| {
        let n = encoding::decode(members["n"].as_str().unwrap().as_bytes()).unwrap();
        json!({"n": encoding::encode(&[&[0], n.as_slice()].concat()), "kid": "zero"})
    };
    let padding = |members: &Value| {
        let x = format!("{}=", members["x"].as_str().unwrap());
        json!({"x": x, "kid": "padded\n"})
    };
    let (rsa, ec) = (public("rsa", json!({})), public("p256", json!({})));
    let keys = [
        merged(rsa.clone(), zero(&rsa)),
        merged(ec.clone(), padding(&ec)),
        ec,
    ];
    let set = issuer(&keys, &[Algorithm::PS256, Algorithm::ES256]);
    let told: Vec<_> = set
        .tolerated
        .iter()
        .map(|it| (it.kid.as_deref(), it.what))
        .collect();
    assert_eq!(
        told,
        [
            (Some("zero"), "its n has a leading zero octet"),
            (Some("padded?"), "a member is padded with =")
        ]
    );
    assert_eq!(set.skipped, []);
    assert_eq!(set.keys.len(), 3);
    let thumbprint = |key: usize| set.keys[key].1.public_jwk().unwrap().thumbprint();
    assert_eq!(thumbprint(1), thumbprint(2));
    for key in &keys[..2] {
        assert!(own(&[merged(key.clone(), json!({"alg": "PS256"}))]).is_err());
    }
}
