//! Public vectors that this project did not write: RFC 7515 and Wycheproof.
//!
//! Each test lists the exceptions of its file, each with a reason. A case that no longer is an exception makes the
//! test fail too.

use std::collections::BTreeMap;
use std::path::PathBuf;

use _core::error::Error;
use _core::keys::algorithm::Algorithm;
use _core::keys::jwk_set;
use _core::keys::key::{SigningKey, VerifyingKey};
use _core::token::encoding;
use _core::token::jws;
use serde_json::Value;

fn root() -> PathBuf {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    std::env::var_os("OXIJWT_VECTORS").map_or_else(default, PathBuf::from)
}

/// The text of a vectors' file, or `None` if the folder is absent, which makes CI fail.
fn file(path: &str) -> Option<Value> {
    match std::fs::read(root().join(path)) {
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

/// The results of a file's cases. The lines of all files make a table: `cargo test vectors -- --nocapture`.
#[derive(Default)]
struct Counts {
    accepted: u64,
    refused: u64,
    exceptions: u64,
}

impl Counts {
    fn add(&mut self, accepted: bool) {
        if accepted {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
    }

    fn print(&self, path: &str) {
        let Self {
            accepted,
            refused,
            exceptions,
        } = self;
        let total = accepted + refused + exceptions;
        println!(
            "vectors {path:<52} {accepted:>5} valid accepted {refused:>5} invalid refused {exceptions:>3} exceptions {total:>5} in all"
        );
    }
}

/// Runs every case of a Wycheproof file and compares the results with the file's verdicts.
fn run(path: &str, exceptions: &[(u64, &str)], accepts: impl Fn(&Value, &Value) -> bool) {
    let Some(vectors) = file(path) else { return };
    let exceptions: BTreeMap<u64, &str> = exceptions.iter().copied().collect();
    let (mut counts, mut found, mut wrong) = (Counts::default(), Vec::new(), Vec::new());
    for group in vectors["testGroups"].as_array().unwrap() {
        for case in group["tests"].as_array().unwrap() {
            let id = case["tcId"].as_u64().unwrap();
            let valid = text(case, "result") == "valid";
            match (accepts(group, case) == valid, exceptions.contains_key(&id)) {
                (false, true) => found.push(id),
                (false, false) => wrong.push((id, text(case, "comment"), text(case, "result"))),
                (true, _) => counts.add(valid),
            }
        }
    }
    assert!(wrong.is_empty(), "{path}: {wrong:?}");
    assert!(
        exceptions.keys().eq(found.iter()),
        "{path}: only {found:?} are still exceptions"
    );
    counts.exceptions = found.len() as u64;
    assert_eq!(
        vectors["numberOfTests"].as_u64(),
        Some(counts.accepted + counts.refused + counts.exceptions),
        "{path} changed its shape"
    );
    counts.print(path);
}

/// The algorithm that a JWK names; if it names none, the algorithm in the token's header.
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

/// The public half of a group if it has one, otherwise the secret; as a JWK or a JWK Set.
fn group_key(group: &Value) -> &Value {
    group.get("public").unwrap_or(&group["private"])
}

/// Whether a group's key, or the key of its set that the token's `kid` names, verifies the token.
fn accepts_jws(group: &Value, case: &Value) -> bool {
    // If the value is not a string, it is an object in the JWS or JWE JSON serialization, which is not supported.
    let token = case.get("jws").or(case.get("jwe")).and_then(Value::as_str);
    let key = group_key(group);
    token.is_some_and(|token| match key.get("keys") {
        Some(_) => verify_with_set(key, token).is_some(),
        None => verify_with(key, token).is_ok(),
    })
}

/// Reads a set as the site's own, which is refused as a whole if any key is wrong.
fn verify_with_set(set: &Value, token: &str) -> Option<Vec<u8>> {
    let keys = jwk_set::read_own(set.to_string().as_bytes()).ok()?;
    let header = encoding::decode(token.split('.').next()?.as_bytes()).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    let kid = header["kid"].as_str();
    let key = (keys.iter()).find(|key| kid.is_none_or(|kid| key.kid == kid))?;
    jws::verify(token.as_bytes(), &key.verifying).ok()
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
            // "none" is not supported with any key.
            assert_eq!(
                jws::verify(token.as_bytes(), &any_key()),
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
    let counts = Counts {
        accepted: 4,
        refused: 1,
        exceptions: 0,
    };
    counts.print("rfc7515/rfc7515.json");
}

#[test]
fn rfc7520_and_rfc8037_examples_sign_and_verify() {
    for path in [
        "cookbook/jws/4_1.rsa_v15_signature.json",
        "cookbook/jws/4_2.rsa-pss_signature.json",
        "cookbook/jws/4_3.ecdsa_signature.json",
        "cookbook/jws/4_4.hmac-sha2_integrity_protection.json",
        "cookbook/curve25519/jws.json",
    ] {
        let Some(case) = file(path) else { continue };
        let payload = jws::verify(
            text(&case["output"], "compact").as_bytes(),
            &input_key(&case["input"]).unwrap(),
        );
        let wanted = text(&case["input"], "payload").as_bytes();
        assert_eq!(payload.unwrap(), wanted, "{path}");
    }
}

/// The key of a cookbook's example, if its algorithm is supported.
fn input_key(input: &Value) -> Option<VerifyingKey> {
    let algorithm = Algorithm::from_name(input["alg"].as_str()?).ok()?;
    let jwk = input["key"].to_string();
    let key = SigningKey::from_jwk(algorithm, jwk.as_bytes()).ok()?;
    key.verifying_key().ok()
}

fn any_key() -> VerifyingKey {
    VerifyingKey::from_secret(Algorithm::HS256, b"any").unwrap()
}

/// All examples are valid. Compact serializations that contain their payload are supported; the exceptions are JSON
/// serializations, detached payloads, `b64` (RFC 7797) and JWE.
#[test]
fn of_the_cookbook_only_compact_jws_is_served() {
    for (folder, served) in [("jws", 4), ("curve25519", 1), ("jwe", 0), ("rfc7797", 0)] {
        let mut counts = Counts::default();
        for case in folder_of(&format!("cookbook/{folder}")) {
            let key = input_key(&case["input"]).unwrap_or_else(any_key);
            for form in case["output"].as_object().unwrap().values() {
                let token = form
                    .as_str()
                    .map_or_else(|| form.to_string(), str::to_owned);
                if jws::verify(token.as_bytes(), &key).is_ok() {
                    assert!(form.is_string(), "{folder}: {}", case["title"]);
                    counts.accepted += 1;
                } else {
                    counts.exceptions += 1;
                }
            }
        }
        if counts.exceptions > 0 {
            assert_eq!(counts.accepted, served, "{folder}");
            counts.print(&format!("cookbook/{folder}"));
        }
    }
}

/// The files of a folder; empty if the folder is absent.
fn folder_of(path: &str) -> Vec<Value> {
    let Ok(entries) = std::fs::read_dir(root().join(path)) else {
        return Vec::new();
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.unwrap().file_name();
        format!("{path}/{}", name.to_str().unwrap())
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names.iter().filter_map(|name| file(name)).collect()
}

#[test]
fn cookbook_keys() {
    let mut counts = Counts::default();
    for (name, algorithm, half, serves) in [
        ("3_1.ec_public_key", Algorithm::ES512, "public", true),
        ("3_2.ec_private_key", Algorithm::ES512, "private", true),
        ("3_3.rsa_public_key", Algorithm::RS256, "public", true),
        ("3_4.rsa_private_key", Algorithm::PS512, "private", true),
        (
            "3_5.symmetric_key_mac_computation",
            Algorithm::HS256,
            "private",
            true,
        ),
        // For encryption.
        (
            "3_6.symmetric_key_encryption",
            Algorithm::HS256,
            "private",
            false,
        ),
    ] {
        let Some(jwk) = file(&format!("cookbook/jwk/{name}.json")) else {
            return;
        };
        let jwk = jwk.to_string();
        let reads = if half == "public" {
            VerifyingKey::from_jwk(algorithm, jwk.as_bytes()).is_ok()
        } else {
            SigningKey::from_jwk(algorithm, jwk.as_bytes()).is_ok()
        };
        assert_eq!(reads, serves, "{name}");
        counts.add(serves);
    }
    counts.print("cookbook/jwk");
}

/// The tokens of another library's suite whose keys are among the vectors.
#[test]
fn joserfc() {
    for (path, accepted, exceptions) in [
        ("jws_examples", 3, 0),
        ("jws_rfc7520", 4, 0),
        // `b64` in every form.
        ("jws_rfc7797", 1, 3),
        ("jwt_use_jws", 3, 0),
        // JWE.
        ("jwe_rfc7520", 0, 5),
    ] {
        let Some(vectors) = file(&format!("joserfc/{path}.json")) else {
            return;
        };
        let mut counts = Counts::default();
        for case in vectors["tests"].as_array().unwrap() {
            let token = case.get("compact").or(case.get("token"));
            let (Some(token), Some(key)) = (token, joserfc_key(case)) else {
                continue;
            };
            if jws::verify(token.as_str().unwrap().as_bytes(), &key).is_ok() {
                counts.accepted += 1;
            } else {
                counts.exceptions += 1;
            }
        }
        assert_eq!(
            (counts.accepted, counts.exceptions),
            (accepted, exceptions),
            "{path}"
        );
        counts.print(&format!("joserfc/{path}.json"));
    }
}

fn joserfc_key(case: &Value) -> Option<VerifyingKey> {
    let header = case.get("protected").or(case.get("header"))?;
    let Ok(algorithm) = Algorithm::from_name(text(header, "alg")) else {
        return Some(any_key());
    };
    if let Some(secret) = case["secret"].as_str() {
        return VerifyingKey::from_secret(algorithm, secret.as_bytes()).ok();
    }
    let jwk = match case["public_key"].as_str() {
        Some("RFC7520-RSA-public.json") => file("cookbook/jwk/3_3.rsa_public_key.json")?,
        Some("RFC7520-EC-public.json") => file("cookbook/jwk/3_1.ec_public_key.json")?,
        Some("RFC7520-oct-sig.json") => {
            file("cookbook/jwk/3_5.symmetric_key_mac_computation.json")?
        }
        Some(_) => return None,
        None => file("cookbook/rfc7797/hmac-sha2_b64_false.json")?["input"]["key"].clone(),
    };
    VerifyingKey::from_jwk(algorithm, jwk.to_string().as_bytes()).ok()
}

/// Sets of another library's suite. They contain keys for encryption, whose `alg` is not supported.
#[test]
fn jwk_sets_of_a_peer() {
    for (name, served) in [
        ("jwk_keyset_with_unknown_alg", 1),
        ("jwk_keyset_only_unknown_alg", 0),
    ] {
        let path = format!("pyjwt-keys/{name}.json");
        let Some(set) = file(&path) else { return };
        let set = jwk_set::read_issuer(set.to_string().as_bytes(), &[Algorithm::RS256]).unwrap();
        assert_eq!((set.keys.len(), set.skipped.len()), (served, 1), "{name}");
        let counts = Counts {
            accepted: served as u64,
            refused: 1,
            exceptions: 0,
        };
        counts.print(&path);
    }
}

#[test]
fn jwk_files_of_a_peer() {
    let mut counts = Counts::default();
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
        counts.accepted += 2;
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
        counts.refused += 1;
    }
    counts.print("pyjwt-keys");
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
        accepts_jws,
    );
}

#[test]
fn wycheproof_json_web_crypto() {
    let jwe = "a valid JWE, and none is served here";
    run(
        "wycheproof/json_web_crypto_test.json",
        &[(47, MIXED), (50, jwe), (67, jwe)],
        accepts_jws,
    );
}

#[test]
fn wycheproof_json_web_key() {
    run(
        "wycheproof/json_web_key_test.json",
        &[(1, MIXED)],
        accepts_jws,
    );
}

/// Rotation from HS256 to ES256 needs such a set.
const MIXED: &str = "a secret and a public key in one set: each has one algorithm, so neither can be used as the other";

#[test]
fn wycheproof_json_web_encryption_is_all_refused() {
    let Some(vectors) = file("wycheproof/json_web_encryption_test.json") else {
        return;
    };
    let key = any_key();
    let mut counts = Counts::default();
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
            // A valid JWE is an exception, because JWE is not supported.
            if text(case, "result") == "valid" {
                counts.exceptions += 1;
            } else {
                counts.refused += 1;
            }
        }
    }
    counts.print("wycheproof/json_web_encryption_test.json");
}

/// The key of a group in both forms, which must agree.
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
    // A case marked "acceptable" is a signature without the NULL of its DigestInfo. It must be refused.
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
/// 3.5), so every group with another shape is refused.
#[test]
fn wycheproof_rsa_pss_of_other_shapes_is_refused() {
    let Some(vectors) = file("wycheproof/rsa_pss_misc_test.json") else {
        return;
    };
    let mut counts = Counts::default();
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
            if ours {
                counts.accepted += 1;
            } else {
                counts.exceptions += 1;
            }
        }
    }
    counts.print("wycheproof/rsa_pss_misc_test.json");
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
        let mut counts = Counts::default();
        for group in vectors["testGroups"].as_array().unwrap() {
            // A JWS needs the whole tag (RFC 7518 section 3.2), so valid truncated tags are refused.
            let whole = group["tagSize"].as_u64() == Some(8 * algorithm.hash().length() as u64);
            for case in group["tests"].as_array().unwrap() {
                let key = VerifyingKey::from_secret(algorithm, &hex(text(case, "key"))).unwrap();
                let valid = text(case, "result") == "valid";
                let outcome = key.verify(&hex(text(case, "msg")), &hex(text(case, "tag")));
                assert_eq!(outcome.is_ok(), whole && valid, "{path} {}", case["tcId"]);
                if valid && !whole {
                    counts.exceptions += 1;
                } else {
                    counts.add(valid);
                }
            }
        }
        counts.print(&format!("wycheproof/hmac_{path}_test.json"));
    }
}

/// The CCTV and speccheck edge cases have no verdict. The test records which of them verify, so that a change of
/// AWS-LC is noticed.
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
        println!(
            "vectors ed25519/speccheck_cases.json: {} cases without a verdict, {accepted:?} verify",
            cases.len()
        );
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
            "vectors ed25519/cctv_ed25519vectors.json: {} cases without a verdict, {} verify",
            cases.len(),
            accepted.values().sum::<i32>()
        );
    }
}
