//! Public vectors that this project did not write: RFC 7515 and Wycheproof.
//!
//! Each file's exceptions stand beside its test, one by one with a reason; a case that stops being one fails too.

use std::collections::BTreeMap;
use std::path::PathBuf;

use _core::algorithm::Algorithm;
use _core::encoding;
use _core::error::Error;
use _core::jws;
use _core::key::{SigningKey, VerifyingKey};
use serde_json::Value;

/// The vectors' file, or `None` where the folder is absent, which CI does not forgive.
fn file(path: &str) -> Option<Value> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    let root = std::env::var_os("OXIJWT_VECTORS").map_or_else(default, PathBuf::from);
    match std::fs::read(root.join(path)) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            let ci = std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(!ci, "{path}: {error}");
            eprintln!("skipped {path}: set OXIJWT_VECTORS to the folder of public vectors");
            None
        }
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}"))
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(&text[place..place + 2], 16).unwrap())
        .collect()
}

/// Runs every case of a Wycheproof file and holds what it accepts against the verdicts.
fn run(path: &str, exceptions: &[(u64, &str)], accepts: impl Fn(&Value, &Value) -> bool) {
    let Some(vectors) = file(path) else { return };
    let exceptions: BTreeMap<u64, &str> = exceptions.iter().copied().collect();
    let (mut count, mut found, mut wrong) = (0, Vec::new(), Vec::new());
    for group in vectors["testGroups"].as_array().unwrap() {
        for case in group["tests"].as_array().unwrap() {
            count += 1;
            let id = case["tcId"].as_u64().unwrap();
            let agrees = accepts(group, case) == (text(case, "result") == "valid");
            match (agrees, exceptions.contains_key(&id)) {
                (false, true) => found.push(id),
                (false, false) => wrong.push((id, text(case, "comment"), text(case, "result"))),
                (true, _) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{path}: {wrong:?}");
    assert!(
        exceptions.keys().eq(found.iter()),
        "{path}: only {found:?} are still exceptions"
    );
    assert_eq!(
        vectors["numberOfTests"].as_u64(),
        Some(count),
        "{path} changed its shape"
    );
    println!("{path}: {count} cases, {} exceptions", found.len());
}

/// The algorithm that a JWK names, or else that of the token's header.
fn algorithm(jwk: &Value, token: &str) -> Option<Algorithm> {
    let named = jwk["alg"]
        .as_str()
        .and_then(|name| Algorithm::from_name(name).ok());
    let header = || {
        let header = encoding::decode(token.split('.').next()?.as_bytes()).ok()?;
        let header: Value = serde_json::from_slice(&header).ok()?;
        Algorithm::from_name(header["alg"].as_str()?).ok()
    };
    named.or_else(header)
}

fn verify_with(jwk: &Value, token: &str) -> Result<Vec<u8>, Error> {
    let algorithm = algorithm(jwk, token).ok_or(Error::AlgorithmUnknown)?;
    let key = VerifyingKey::from_jwk(algorithm, jwk.to_string().as_bytes())?;
    jws::verify(token.as_bytes(), &key)
}

/// The public half of a group where it has one, else the secret; the first key of a set.
fn group_key(group: &Value) -> &Value {
    let key = group.get("public").unwrap_or(&group["private"]);
    key.get("keys").map_or(key, |keys| &keys[0])
}

#[test]
fn rfc7515_appendix_a() {
    let Some(vectors) = file("rfc7515/rfc7515.json") else {
        return;
    };
    let cases = vectors["tests"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let (name, token) = (text(case, "name"), text(case, "compact"));
        if name == "RFC7515-A5" {
            // "none" is no algorithm here, whichever key is at hand.
            let key = SigningKey::from_secret(Algorithm::HS256, b"any")
                .unwrap()
                .verifying_key()
                .unwrap();
            assert_eq!(
                jws::verify(token.as_bytes(), &key),
                Err(Error::AlgorithmMismatch)
            );
            continue;
        }
        let algorithm = Algorithm::from_name(text(case, "alg")).unwrap();
        let key = SigningKey::from_jwk(algorithm, case["key"].to_string().as_bytes()).unwrap();
        let payload = jws::verify(token.as_bytes(), &key.verifying_key().unwrap()).unwrap();
        assert_eq!(
            encoding::encode(&payload),
            token.split('.').nth(1).unwrap(),
            "{name}"
        );
        let (input, signature) = token.rsplit_once('.').unwrap();
        if matches!(algorithm, Algorithm::HS256 | Algorithm::RS256) {
            assert_eq!(
                encoding::encode(&key.sign(input.as_bytes()).unwrap()),
                signature,
                "{name}"
            );
        }
    }
    println!("rfc7515: {} cases", cases.len());
}

#[test]
fn rfc7520_and_rfc8037_examples() {
    let mut count = 0;
    for path in [
        "cookbook/jws/4_1.rsa_v15_signature.json",
        "cookbook/jws/4_2.rsa-pss_signature.json",
        "cookbook/jws/4_3.ecdsa_signature.json",
        "cookbook/jws/4_4.hmac-sha2_integrity_protection.json",
        "cookbook/curve25519/jws.json",
    ] {
        let Some(case) = file(path) else { continue };
        let algorithm = Algorithm::from_name(text(&case["input"], "alg")).unwrap();
        let key =
            SigningKey::from_jwk(algorithm, case["input"]["key"].to_string().as_bytes()).unwrap();
        let payload = jws::verify(
            text(&case["output"], "compact").as_bytes(),
            &key.verifying_key().unwrap(),
        )
        .unwrap();
        assert_eq!(
            payload,
            text(&case["input"], "payload").as_bytes(),
            "{path}"
        );
        count += 1;
    }
    println!("cookbook: {count} cases");
}

#[test]
fn jwk_files_of_a_peer() {
    let mut count = 0;
    for (private, public, algorithm) in [
        ("ec_key_P-256", "ec_pub_P-256", Algorithm::ES256),
        ("ec_key_P-384", "ec_pub_P-384", Algorithm::ES384),
        ("ec_key_P-521", "ec_pub_P-521", Algorithm::ES512),
        ("ec_key_secp256k1", "ec_pub_secp256k1", Algorithm::ES256K),
        ("okp_key_Ed25519", "okp_pub_Ed25519", Algorithm::EdDSA),
        ("rsa_key", "rsa_pub", Algorithm::RS256),
        ("hmac", "hmac", Algorithm::HS256),
    ] {
        let read = |name: &str| file(&format!("pyjwt-keys/jwk_{name}.json"));
        let (Some(private), Some(public)) = (read(private), read(public)) else {
            return;
        };
        let key = SigningKey::from_jwk(algorithm, private.to_string().as_bytes()).unwrap();
        let token = jws::sign(b"{}", &key).unwrap();
        assert!(verify_with(&public, &token).is_ok(), "{algorithm}");
        count += 2;
    }
    for name in ["okp_key_Ed448", "okp_pub_Ed448"] {
        let Some(jwk) = file(&format!("pyjwt-keys/jwk_{name}.json")) else {
            return;
        };
        let jwk = jwk.to_string();
        let codes = [
            SigningKey::from_jwk(Algorithm::EdDSA, jwk.as_bytes())
                .map(|_| ())
                .map_err(Error::code),
            VerifyingKey::from_jwk(Algorithm::EdDSA, jwk.as_bytes())
                .map(|_| ())
                .map_err(Error::code),
        ];
        assert!(codes.contains(&Err("key_mismatch")), "{name}: {codes:?}");
        count += 1;
    }
    println!("pyjwt-keys: {count} JWKs");
}

#[test]
fn wycheproof_json_web_signature() {
    let other_algorithm =
        "its JWK's alg is not the token's: one key, one algorithm (RFC 8725 section 3.1)";
    let same_token = "mislabelled: the token of valid case 357";
    let no_base64url = "mislabelled: it holds a '?', which base64url has not";
    let exceptions = [
        (346, other_algorithm),
        (347, other_algorithm),
        (350, other_algorithm),
        (351, other_algorithm),
        (367, same_token),
        (370, same_token),
        (372, no_base64url),
        (373, no_base64url),
    ];
    run(
        "wycheproof/json_web_signature_test.json",
        &exceptions,
        |group, case| {
            // Three cases are JWS JSON serialization, an object: never a token here.
            case["jws"]
                .as_str()
                .is_some_and(|token| verify_with(group_key(group), token).is_ok())
        },
    );
}

#[test]
fn wycheproof_json_web_crypto() {
    let exceptions = [
        (
            46,
            "a ROCA modulus: looked at where sets of our own keys are read, a later step",
        ),
        (
            47,
            "a mixed set: sets are a later step, and here its first key alone is used",
        ),
        (50, "a valid JWE, and none is served here"),
        (67, "a valid JWE, and none is served here"),
    ];
    run(
        "wycheproof/json_web_crypto_test.json",
        &exceptions,
        |group, case| {
            let token = case.get("jws").or(case.get("jwe"));
            token
                .and_then(Value::as_str)
                .is_some_and(|token| verify_with(group_key(group), token).is_ok())
        },
    );
}

#[test]
fn wycheproof_json_web_key() {
    let short = "a secret shorter than its hash works, since projects have them: `is_weak` tells";
    let set = "sets are a later step, and here the first key alone is used";
    let exceptions = [
        (1, set),
        (4, set),
        (
            7,
            "a ROCA modulus: looked at where sets of our own keys are read, a later step",
        ),
        (10, short),
        (11, short),
        (12, short),
    ];
    run(
        "wycheproof/json_web_key_test.json",
        &exceptions,
        |group, case| verify_with(group_key(group), text(case, "jws")).is_ok(),
    );
}

#[test]
fn wycheproof_json_web_encryption_is_all_refused() {
    let Some(vectors) = file("wycheproof/json_web_encryption_test.json") else {
        return;
    };
    let key = SigningKey::from_secret(Algorithm::HS256, b"any")
        .unwrap()
        .verifying_key()
        .unwrap();
    let mut count = 0;
    for group in vectors["testGroups"].as_array().unwrap() {
        for case in group["tests"].as_array().unwrap() {
            let token = case["jwe"]
                .as_str()
                .map_or_else(|| case["jwe"].to_string(), str::to_owned);
            let outcome = jws::verify(token.as_bytes(), &key);
            assert!(
                matches!(outcome, Err(Error::Malformed(_) | Error::TooLarge)),
                "{}",
                case["tcId"]
            );
            count += 1;
        }
    }
    println!("json_web_encryption: {count} cases, all refused");
}

/// The key of a group in both forms, which agree with each other.
fn group_keys(algorithm: Algorithm, group: &Value) -> Vec<VerifyingKey> {
    let pem = VerifyingKey::from_pem(algorithm, text(group, "publicKeyPem").as_bytes()).unwrap();
    let jwk = group.get("publicKeyJwk").or(group.get("keyJwk"));
    let jwk = jwk.map(|jwk| VerifyingKey::from_jwk(algorithm, jwk.to_string().as_bytes()).unwrap());
    [Some(pem), jwk].into_iter().flatten().collect()
}

fn signatures(path: &str, algorithm: Algorithm) {
    run(
        &format!("wycheproof/{path}_test.json"),
        &[],
        |group, case| {
            let (message, signature) = (hex(text(case, "msg")), hex(text(case, "sig")));
            let outcomes = group_keys(algorithm, group)
                .iter()
                .map(|key| key.verify(&message, &signature))
                .collect::<Vec<_>>();
            assert!(
                outcomes.windows(2).all(|pair| pair[0] == pair[1]),
                "PEM and JWK disagree"
            );
            outcomes[0].is_ok()
        },
    );
}

#[test]
fn wycheproof_ecdsa() {
    signatures("ecdsa_secp256r1_sha256_p1363", Algorithm::ES256);
    signatures("ecdsa_secp384r1_sha384_p1363", Algorithm::ES384);
    signatures("ecdsa_secp521r1_sha512_p1363", Algorithm::ES512);
}

#[test]
fn wycheproof_ed25519() {
    signatures("ed25519", Algorithm::EdDSA);
}

#[test]
fn wycheproof_rsa_pkcs1() {
    // "acceptable", a signature without the NULL of its DigestInfo, counts as one to refuse.
    for bits in [2048, 3072, 4096, 8192] {
        signatures(&format!("rsa_signature_{bits}_sha256"), Algorithm::RS256);
        signatures(&format!("rsa_signature_{bits}_sha384"), Algorithm::RS384);
        signatures(&format!("rsa_signature_{bits}_sha512"), Algorithm::RS512);
    }
}

#[test]
fn wycheproof_rsa_pss() {
    signatures("rsa_pss_2048_sha256_mgf1_32", Algorithm::PS256);
    signatures("rsa_pss_2048_sha384_mgf1_48", Algorithm::PS384);
    signatures("rsa_pss_3072_sha256_mgf1_32", Algorithm::PS256);
    signatures("rsa_pss_4096_sha256_mgf1_32", Algorithm::PS256);
    signatures("rsa_pss_4096_sha384_mgf1_48", Algorithm::PS384);
    signatures("rsa_pss_4096_sha512_mgf1_64", Algorithm::PS512);
}

/// Valid signatures of every other shape of PSS: JWS has one hash for all and a salt of its length (RFC 7518 section
/// 3.5), so every group is refused that has another shape.
#[test]
fn wycheproof_rsa_pss_of_other_shapes_is_refused() {
    let Some(vectors) = file("wycheproof/rsa_pss_misc_test.json") else {
        return;
    };
    let (mut accepted, mut refused) = (0, 0);
    for group in vectors["testGroups"].as_array().unwrap() {
        let (algorithm, length) = match text(group, "sha") {
            "SHA-256" => (Algorithm::PS256, 32),
            "SHA-384" => (Algorithm::PS384, 48),
            "SHA-512" => (Algorithm::PS512, 64),
            _ => (Algorithm::PS256, u64::MAX),
        };
        let ours =
            group["sLen"] == length && group["mgfSha"] == group["sha"] && group["mgf"] == "MGF1";
        let key =
            VerifyingKey::from_pem(algorithm, text(group, "publicKeyPem").as_bytes()).unwrap();
        for case in group["tests"].as_array().unwrap() {
            let outcome = key.verify(&hex(text(case, "msg")), &hex(text(case, "sig")));
            assert_eq!(
                outcome.is_ok(),
                ours,
                "{} {}",
                case["tcId"],
                text(case, "comment")
            );
            if ours { accepted += 1 } else { refused += 1 }
        }
    }
    println!("rsa_pss_misc: {accepted} of JWS's shape accepted, {refused} of others refused");
}

#[test]
fn wycheproof_hmac() {
    for (path, algorithm) in [
        ("sha256", Algorithm::HS256),
        ("sha384", Algorithm::HS384),
        ("sha512", Algorithm::HS512),
    ] {
        let Some(vectors) = file(&format!("wycheproof/hmac_{path}_test.json")) else {
            return;
        };
        let (mut count, mut truncated) = (0, 0);
        for group in vectors["testGroups"].as_array().unwrap() {
            // A JWS has the whole tag (RFC 7518 section 3.2): valid truncated ones are refused.
            let whole = group["tagSize"].as_u64() == Some(8 * algorithm.hash().length() as u64);
            for case in group["tests"].as_array().unwrap() {
                let key = VerifyingKey::from_secret(algorithm, &hex(text(case, "key"))).unwrap();
                let outcome = key.verify(&hex(text(case, "msg")), &hex(text(case, "tag")));
                assert_eq!(
                    outcome.is_ok(),
                    whole && text(case, "result") == "valid",
                    "{path} {}",
                    case["tcId"]
                );
                count += 1;
                truncated += u32::from(!whole);
            }
        }
        println!("hmac_{path}: {count} cases, {truncated} of them of truncated tags");
    }
}

/// The CCTV and speccheck edge cases carry no verdict. What is recorded is which of them verify, so that a change of
/// the library below is seen.
#[test]
fn ed25519_edge_cases_are_as_recorded() {
    let verifies = |key: &str, message: &[u8], signature: &str| {
        let jwk = format!(
            r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#,
            encoding::encode(&hex(key))
        );
        let key = VerifyingKey::from_jwk(Algorithm::EdDSA, jwk.as_bytes());
        key.is_ok_and(|key| key.verify(message, &hex(signature)).is_ok())
    };
    if let Some(cases) = file("ed25519/speccheck_cases.json") {
        let cases = cases.as_array().unwrap();
        let accepted: Vec<usize> = (0..cases.len())
            .filter(|place| {
                let case = &cases[*place];
                verifies(
                    text(case, "pub_key"),
                    &hex(text(case, "message")),
                    text(case, "signature"),
                )
            })
            .collect();
        println!("speccheck: {} cases, {accepted:?} verify", cases.len());
        assert_eq!(accepted, [0, 1, 2, 3]);
    }
    if let Some(cases) = file("ed25519/cctv_ed25519vectors.json") {
        let cases = cases.as_array().unwrap();
        let mut accepted = BTreeMap::new();
        for case in cases {
            if verifies(
                text(case, "key"),
                text(case, "msg").as_bytes(),
                text(case, "sig"),
            ) {
                let flags = case["flags"]
                    .as_array()
                    .map(|flags| flags.iter().filter_map(Value::as_str).collect::<Vec<_>>());
                *accepted
                    .entry(flags.unwrap_or_default().join(" "))
                    .or_insert(0) += 1;
            }
        }
        let recorded = [
            ("", 1),
            ("low_order_A", 1),
            ("low_order_A low_order_component_A", 7),
            (
                "low_order_A low_order_component_R low_order_component_A",
                35,
            ),
            ("low_order_R", 1),
            ("low_order_R low_order_A", 1),
            ("low_order_R low_order_A low_order_component_A", 7),
            (
                "low_order_R low_order_A low_order_component_R low_order_component_A",
                35,
            ),
            ("low_order_R low_order_component_A", 7),
            (
                "low_order_R low_order_component_R low_order_component_A",
                35,
            ),
            ("low_order_component_A", 7),
            ("low_order_component_R low_order_component_A", 35),
        ];
        let found: Vec<(&str, i32)> = accepted
            .iter()
            .map(|(flags, count)| (&**flags, *count))
            .collect();
        assert_eq!(found, recorded);
        println!(
            "cctv: {} cases, {} verify",
            cases.len(),
            accepted.values().sum::<i32>()
        );
    }
}
