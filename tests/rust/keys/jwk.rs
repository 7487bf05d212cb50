use _core::error::Error;
use _core::keys::algorithm::{Algorithm, Family};
use _core::keys::key::{SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::support::{fixture, signing_key, stem};

fn members(algorithm: Algorithm, half: &str) -> Value {
    if algorithm.family() == Family::Hmac {
        return json!({"kty": "oct", "k": "c2VjcmV0"});
    }
    serde_json::from_slice(&fixture(&format!("{}.{half}.jwk.json", stem(algorithm)))).unwrap()
}

fn with(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

fn without(mut jwk: Value, name: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(name);
    jwk
}

fn sign(algorithm: Algorithm, jwk: &Value) -> Result<SigningKey, Error> {
    SigningKey::from_jwk(algorithm, jwk.to_string().as_bytes())
}

fn verify(algorithm: Algorithm, jwk: &Value) -> Result<VerifyingKey, Error> {
    VerifyingKey::from_jwk(algorithm, jwk.to_string().as_bytes())
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> &'static str {
    outcome.map(|_| "ok").unwrap_or_else(Error::code)
}

#[test]
fn every_algorithm_takes_its_jwk() {
    for algorithm in Algorithm::ALL {
        let key = sign(algorithm, &members(algorithm, "private")).unwrap();
        let signature = key.sign(b"message").unwrap();
        verify(algorithm, &members(algorithm, "public"))
            .unwrap()
            .verify(b"message", &signature)
            .unwrap();
        if algorithm.family() != Family::Hmac {
            // The same key as in the PEM file.
            signing_key(algorithm)
                .verifying_key()
                .unwrap()
                .verify(b"message", &signature)
                .unwrap();
        }
    }
}

#[test]
fn a_jwk_fits_its_algorithms_and_no_other() {
    for algorithm in Algorithm::ALL {
        for other in Algorithm::ALL {
            let same = algorithm.family() == other.family();
            let wanted = if same { "ok" } else { "key_mismatch" };
            // HMAC does not check for the half of an asymmetric key, because the kty is already wrong.
            assert_eq!(
                code(sign(other, &members(algorithm, "private"))),
                wanted,
                "{algorithm} for {other}"
            );
            assert_eq!(
                code(verify(other, &members(algorithm, "public"))),
                wanted,
                "{algorithm} for {other}"
            );
        }
    }
}

#[test]
fn the_wrong_half_is_named() {
    for algorithm in Algorithm::ALL
        .into_iter()
        .filter(|algorithm| algorithm.family() != Family::Hmac)
    {
        assert_eq!(
            code(sign(algorithm, &members(algorithm, "public"))),
            "key_public",
            "{algorithm}"
        );
        assert_eq!(
            code(verify(algorithm, &members(algorithm, "private"))),
            "key_private",
            "{algorithm}"
        );
    }
    let factors = with(members(Algorithm::RS256, "public"), "p", json!("AQAB"));
    assert_eq!(code(verify(Algorithm::RS256, &factors)), "key_private");
}

#[test]
fn use_key_ops_and_alg_are_obeyed() {
    for algorithm in [
        Algorithm::HS256,
        Algorithm::RS256,
        Algorithm::ES512,
        Algorithm::EdDSA,
    ] {
        let (private, public) = (members(algorithm, "private"), members(algorithm, "public"));
        for (name, value, signs, verifies) in [
            ("use", json!("sig"), "ok", "ok"),
            ("use", json!("enc"), "key_mismatch", "key_mismatch"),
            ("use", json!(""), "key_mismatch", "key_mismatch"),
            ("use", json!(1), "key_malformed", "key_malformed"),
            ("key_ops", json!(["sign", "verify"]), "ok", "ok"),
            ("key_ops", json!(["sign"]), "ok", "key_mismatch"),
            ("key_ops", json!(["verify"]), "key_mismatch", "ok"),
            ("key_ops", json!([]), "key_mismatch", "key_mismatch"),
            (
                "key_ops",
                json!(["encrypt", "SIGN"]),
                "key_mismatch",
                "key_mismatch",
            ),
            ("key_ops", json!(["sign", "verify", "tls"]), "ok", "ok"),
            (
                "key_ops",
                json!(["sign", "verify", "sign"]),
                "key_malformed",
                "key_malformed",
            ),
            (
                "key_ops",
                json!(["sign", "verify", "tls", "tls"]),
                "key_malformed",
                "key_malformed",
            ),
            ("key_ops", json!("sign"), "key_malformed", "key_malformed"),
            ("key_ops", json!([1]), "key_malformed", "key_malformed"),
            ("alg", json!(algorithm.name()), "ok", "ok"),
            ("alg", json!("PS384"), "key_mismatch", "key_mismatch"),
            ("alg", json!("none"), "key_mismatch", "key_mismatch"),
            ("alg", json!(null), "ok", "ok"),
            ("alg", json!(["RS256"]), "key_malformed", "key_malformed"),
            ("kid", json!("any"), "ok", "ok"),
            ("kid", json!(7), "key_malformed", "key_malformed"),
            ("kid", json!(["any"]), "key_malformed", "key_malformed"),
        ] {
            assert_eq!(
                code(sign(algorithm, &with(private.clone(), name, value.clone()))),
                signs,
                "{algorithm} {name} {value}"
            );
            assert_eq!(
                code(verify(
                    algorithm,
                    &with(public.clone(), name, value.clone())
                )),
                verifies,
                "{algorithm} {name} {value}"
            );
        }
    }
    for name in ["EdDSA", "Ed25519"] {
        assert_eq!(
            code(verify(
                Algorithm::EdDSA,
                &with(members(Algorithm::EdDSA, "public"), "alg", json!(name))
            )),
            "ok"
        );
    }
}

/// RFC 7517 section 4.3: `use` and `key_ops` must be consistent.
#[test]
fn use_and_key_ops_do_not_contradict() {
    for (key_use, operations, wanted) in [
        ("sig", json!(["verify"]), "ok"),
        ("sig", json!(["verify", "sign"]), "ok"),
        ("sig", json!(["verify", "something else"]), "ok"),
        ("sig", json!(["verify", "encrypt"]), "key_malformed"),
        ("sig", json!(["verify", "decrypt"]), "key_malformed"),
        ("sig", json!(["verify", "wrapKey"]), "key_malformed"),
        ("sig", json!(["verify", "unwrapKey"]), "key_malformed"),
        ("sig", json!(["verify", "deriveKey"]), "key_malformed"),
        ("sig", json!(["verify", "deriveBits"]), "key_malformed"),
        ("enc", json!(["verify"]), "key_malformed"),
        ("enc", json!(["encrypt", "sign"]), "key_malformed"),
        ("enc", json!(["encrypt"]), "key_mismatch"),
        ("tls", json!(["verify"]), "key_mismatch"),
    ] {
        let jwk = with(members(Algorithm::ES256, "public"), "use", json!(key_use));
        let jwk = with(jwk, "key_ops", operations);
        assert_eq!(code(verify(Algorithm::ES256, &jwk)), wanted, "{jwk}");
    }
}

/// Otherwise an attacker who can write these members could name the key that verifies forged tokens.
#[test]
fn certificates_and_urls_in_a_jwk_lead_to_no_key() {
    let key = signing_key(Algorithm::RS256);
    let signature = key.sign(b"message").unwrap();
    let certificate = ::pem::parse(fixture("rsa.certificate.pem")).unwrap();
    let der = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        certificate.contents(),
    );
    let other = json!({"kty": "RSA", "e": "AQAB", "n": other_modulus()});
    for (name, value) in [
        ("x5c", json!([der])),
        ("x5c", json!(7)),
        ("x5u", json!("file:///etc/passwd")),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!(null)),
        ("jku", json!("https://mallory.example/jwks")),
        ("jwk", members(Algorithm::RS256, "public")),
    ] {
        let jwk = with(other.clone(), name, value.clone());
        let outcome = verify(Algorithm::RS256, &jwk).unwrap();
        assert_eq!(
            outcome.verify(b"message", &signature),
            Err(Error::SignatureInvalid),
            "{name}"
        );
        let alone = without(without(jwk, "n"), "e");
        assert_eq!(
            code(verify(Algorithm::RS256, &alone)),
            "key_malformed",
            "{name}"
        );
        let right = with(members(Algorithm::RS256, "public"), name, value);
        assert!(
            verify(Algorithm::RS256, &right)
                .unwrap()
                .verify(b"message", &signature)
                .is_ok()
        );
    }
}

/// An odd modulus of the right length, whose private key nobody has.
fn other_modulus() -> String {
    let own = members(Algorithm::RS256, "public");
    let mut octets = _core::token::encoding::decode(own["n"].as_str().unwrap().as_bytes()).unwrap();
    octets[9] ^= 1;
    _core::token::encoding::encode(&octets)
}

#[test]
fn every_member_is_needed_and_exact() {
    let table: [(Algorithm, &[&str]); 4] = [
        (Algorithm::HS256, &["k"]),
        (
            Algorithm::RS256,
            &["n", "e", "d", "p", "q", "dp", "dq", "qi"],
        ),
        (Algorithm::ES512, &["crv", "x", "y", "d"]),
        (Algorithm::EdDSA, &["crv", "x", "d"]),
    ];
    for (algorithm, names) in table {
        let private = members(algorithm, "private");
        assert_eq!(
            code(sign(algorithm, &without(private.clone(), "kty"))),
            "key_malformed"
        );
        for name in names {
            let missing = code(sign(algorithm, &without(private.clone(), name)));
            // Without d, an EC or Ed25519 key is public; an RSA key still has its factors.
            let public = *name == "d" && algorithm != Algorithm::RS256;
            assert!(
                missing == "key_malformed" || missing == "key_public",
                "{algorithm} {name}: {missing}"
            );
            assert_eq!(
                missing == "key_public",
                *name == "d",
                "{algorithm} {name} {public}"
            );
            for value in [
                json!(1),
                json!(["AA"]),
                json!("AA="),
                json!("A"),
                json!("!!!!"),
                json!("AA AA"),
            ] {
                let outcome = code(sign(algorithm, &with(private.clone(), name, value.clone())));
                let wanted = if *name == "crv" && value.is_string() {
                    "key_mismatch"
                } else {
                    "key_malformed"
                };
                assert_eq!(outcome, wanted, "{algorithm} {name} {value}");
            }
        }
    }
}

#[test]
fn private_and_public_members_belong_together() {
    // The public halves of other keys: the certificate vectors of RFC 8037 A.2 and a fresh point.
    let ed = with(
        members(Algorithm::EdDSA, "private"),
        "x",
        json!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
    );
    assert_eq!(code(sign(Algorithm::EdDSA, &ed)), "key_malformed");
    let ec = members(Algorithm::ES256, "private");
    let swapped = with(with(ec.clone(), "x", ec["y"].clone()), "y", ec["x"].clone());
    assert_eq!(code(sign(Algorithm::ES256, &swapped)), "key_malformed");
    assert_eq!(
        code(verify(Algorithm::ES256, &without(swapped, "d"))),
        "key_malformed"
    );
    let other = aws_lc_rs::signature::EcdsaKeyPair::generate(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
    );
    let point = aws_lc_rs::signature::KeyPair::public_key(&other.unwrap())
        .as_ref()
        .to_vec();
    let x = json!(_core::token::encoding::encode(&point[1..33]));
    let y = json!(_core::token::encoding::encode(&point[33..]));
    assert_eq!(
        code(sign(Algorithm::ES256, &with(with(ec, "x", x), "y", y))),
        "key_malformed"
    );
    let rsa = members(Algorithm::RS256, "private");
    for (name, from) in [("p", "q"), ("dp", "dq"), ("d", "p"), ("qi", "p")] {
        assert_eq!(
            code(sign(
                Algorithm::RS256,
                &with(rsa.clone(), name, rsa[from].clone())
            )),
            "key_malformed",
            "{name}"
        );
    }
    assert_eq!(
        code(sign(Algorithm::RS256, &with(rsa, "oth", json!([])))),
        "key_malformed"
    );
}

#[test]
fn coordinates_have_the_curves_full_length() {
    for algorithm in [
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::ES512,
        Algorithm::ES256K,
        Algorithm::EdDSA,
    ] {
        let private = members(algorithm, "private");
        for name in ["x", "y", "d"]
            .into_iter()
            .filter(|name| private.get(name).is_some())
        {
            let octets =
                _core::token::encoding::decode(private[name].as_str().unwrap().as_bytes()).unwrap();
            for wrong in [
                [&[0], &octets[..]].concat(),
                octets[1..].to_vec(),
                vec![],
                octets[..octets.len() - 1].to_vec(),
            ] {
                let jwk = with(
                    private.clone(),
                    name,
                    json!(_core::token::encoding::encode(&wrong)),
                );
                assert_eq!(
                    code(sign(algorithm, &jwk)),
                    "key_malformed",
                    "{algorithm} {name}"
                );
            }
        }
    }
}

#[test]
fn an_rsa_exponent_is_odd_and_sane() {
    let public = members(Algorithm::RS256, "public");
    for exponent in ["AQ", "Ag", "AAEAAQ", "AQAA", "", "AA", "AQAAAAAAAAAB"] {
        let jwk = with(public.clone(), "e", json!(exponent));
        assert_eq!(
            code(verify(Algorithm::RS256, &jwk)),
            "key_malformed",
            "{exponent}"
        );
    }
    assert_eq!(
        code(verify(
            Algorithm::RS256,
            &with(public.clone(), "e", json!("Aw"))
        )),
        "ok"
    );
    let modulus = _core::token::encoding::decode(public["n"].as_str().unwrap().as_bytes()).unwrap();
    for zeros in [1, 2, 3, 256] {
        let padded = [vec![0; zeros], modulus.clone()].concat();
        let jwk = with(
            public.clone(),
            "n",
            json!(_core::token::encoding::encode(&padded)),
        );
        assert_eq!(
            code(verify(Algorithm::RS256, &jwk)),
            "key_malformed",
            "{zeros} zeros"
        );
    }
}

#[test]
fn an_oct_key_is_a_secret_like_any() {
    assert_eq!(
        code(sign(Algorithm::HS256, &json!({"kty": "oct", "k": ""}))),
        "key_empty"
    );
    let pem = _core::token::encoding::encode(&fixture("rsa.public.pem"));
    assert_eq!(
        code(verify(Algorithm::HS256, &json!({"kty": "oct", "k": pem}))),
        "key_mismatch"
    );
}

#[test]
fn the_text_is_strict_json() {
    for text in [
        "",
        "[]",
        "null",
        "{",
        r#"{"kty":"oct","k":"c2VjcmV0"}x"#,
        r#"{"kty":"oct","k":"c2VjcmV0","k":"c2VjcmV0"}"#,
        r#"{"kty":"oct","kty":"oct","k":"c2VjcmV0"}"#,
        r#"{"kty":"oct","k":"c2VjcmV0","x":{"a":1,"a":1}}"#,
        "\u{feff}{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}",
        r#"{"kty":"oct","k":"c2VjcmV0","\u006b":"AA"}"#,
    ] {
        assert_eq!(
            code(VerifyingKey::from_jwk(Algorithm::HS256, text.as_bytes())),
            "key_malformed",
            "{text}"
        );
    }
}

/// A parser would copy an escaped secret and not wipe the copy, and base64url needs no escapes.
#[test]
fn key_material_has_no_escapes_and_other_members_may() {
    for (text, wanted) in [
        (r#"{"kty":"oct","k":"c2Vjcm\u0056\u0030"}"#, "key_malformed"),
        (r#"{"kty":"oct","k":"c2VjcmV0"}"#, "ok"),
        (
            r#"{"\u006bty":"o\u0063t","k":"c2VjcmV0","kid":"a\/b","alg":"HS\u0032\u0035\u0036"}"#,
            "ok",
        ),
    ] {
        let outcome = VerifyingKey::from_jwk(Algorithm::HS256, text.as_bytes());
        assert_eq!(code(outcome), wanted, "{text}");
    }
}

#[test]
fn kty_and_crv_are_exact() {
    for (algorithm, name, value) in [
        (Algorithm::HS256, "kty", "OCT"),
        (Algorithm::ES256, "kty", "ec"),
        (Algorithm::ES256, "crv", "P-384"),
        (Algorithm::ES256, "crv", "P-256K"),
        (Algorithm::ES256, "crv", "secp256k1"),
        (Algorithm::ES256K, "crv", "P-256"),
        (Algorithm::EdDSA, "crv", "X25519"),
        (Algorithm::EdDSA, "crv", "Ed448"),
        (Algorithm::EdDSA, "kty", "EC"),
    ] {
        assert_eq!(
            code(verify(
                algorithm,
                &with(members(algorithm, "public"), name, json!(value))
            )),
            "key_mismatch",
            "{value}"
        );
    }
}
