//! A whole compact token and a fixed ring. If the first byte is `t`, the rest is a token. If it is a digit from 0 to
//! 6, the rest is a header and a payload, separated by the first line break, which the target signs with that key.

use std::sync::LazyLock;

use _core::error::Error;
use _core::keys::algorithm::Algorithm;
use _core::ring::{KeyRing, VerifiedToken};
use _core::token::claims::ClaimPolicy;
use _core::token::encoding;
use _core::token::json;
use _core::token::jws::Compact;
use _core::token::policy::TokenPolicy;
use serde_json::Value;

use crate::keys::{FAMILIES, KEYS};
use crate::tree::{Tree, TreeBuilder};

const NOW: f64 = 1_700_000_000.0;
const MAX_LENGTH: usize = 16_384;

static POLICY: LazyLock<TokenPolicy> = LazyLock::new(|| {
    let names = |name: &str| Some(vec![name.to_owned()]);
    let claims = ClaimPolicy::new(0.0, names("api"), names("issuer"), false).expect("a policy");
    let typ = vec!["JWT".to_owned(), "application/at+jwt".to_owned()];
    TokenPolicy::new(MAX_LENGTH, Some(typ), claims)
});

/// Verifies a token that the fuzzer made, or that the target signs.
pub fn run(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    if *first == b't' {
        let _ = verify(rest);
        return;
    }
    let key = usize::from(first.wrapping_sub(b'0'));
    let line_end = rest.iter().position(|byte| *byte == b'\n');
    if let (Some(algorithm), Some(line_end)) = (FAMILIES.get(key), line_end) {
        check_signed(*algorithm, key, &rest[..line_end], &rest[line_end + 1..]);
    }
}

fn verify(token: &[u8]) -> Result<Tree, Error> {
    let outcome = KEYS.ring.verify(token, NOW, &POLICY, &mut TreeBuilder);
    if let Ok(verified) = &outcome {
        check_accepted(token, verified);
    }
    check_named(token, outcome.is_ok());
    outcome.map(|verified| verified.claims)
}

/// Keys by `kid` accept the same tokens, if the header names the key that has its `alg` and signed the token.
fn check_named(token: &[u8], accepted: bool) {
    let outcome = KEYS.named.verify(token, NOW, &POLICY, &mut TreeBuilder);
    let header = Compact::split(token).and_then(|token| token.header_json());
    let names = header.is_ok_and(|header| {
        let place = named_algorithm(&header).and_then(place);
        place.is_some() && place.map(|place| place.to_string()) == named_kid(&header)
    });
    assert_eq!(outcome.is_ok(), accepted && names, "{outcome:?}");
}

fn place(algorithm: Algorithm) -> Option<usize> {
    FAMILIES.iter().position(|family| *family == algorithm)
}

fn named_kid(header: &[u8]) -> Option<String> {
    let (header, _) = json::parse_object(header, &mut TreeBuilder, &[]).ok()?;
    match header.get("kid") {
        Some(Tree::String(kid)) => Some(kid.clone()),
        _ => None,
    }
}

/// An accepted token is small, has three parts in base64url, and contains strict JSON without unsupported members.
fn check_accepted(token: &[u8], verified: &VerifiedToken<Tree>) {
    let claims = &verified.claims;
    assert!(token.len() <= MAX_LENGTH);
    let text = std::str::from_utf8(token).expect("ASCII");
    let parts: Vec<_> = text.split('.').collect();
    assert_eq!(parts.len(), 3);
    let decoded = parts.iter().map(|part| {
        let bytes = encoding::decode(part.as_bytes()).expect("base64url");
        assert_eq!(encoding::encode(&bytes), **part, "two ways to write it");
        bytes
    });
    let decoded: Vec<_> = decoded.collect();
    check_header(&decoded[0], verified.typ.as_deref());
    let payload = serde_json::from_slice::<Value>(&decoded[1]);
    assert!(payload.map_or(claims.has_huge_integer(), |payload| {
        claims.is_same(&payload)
    }));
    check_claims(claims);
}

fn check_header(header: &[u8], found: Option<&str>) {
    let (header, _) = json::parse_object(header, &mut TreeBuilder, &[]).expect("strict JSON");
    for name in ["crit", "b64", "zip", "enc"] {
        assert!(header.get(name).is_none(), "{name}");
    }
    match header.get("typ") {
        None => assert_eq!(found, None),
        Some(Tree::String(typ)) => {
            assert_eq!(found, Some(typ.as_str()));
            assert!(["jwt", "at+jwt"].contains(&&*subtype(typ)), "{typ}");
        }
        _ => panic!("typ must be a string"),
    }
    let Some(Tree::String(name)) = header.get("alg") else {
        panic!("no alg");
    };
    let algorithm = Algorithm::from_name(name).expect("an algorithm");
    assert!(FAMILIES.contains(&algorithm), "{algorithm}");
}

/// A `typ` in lower case, without `application/`.
pub(crate) fn subtype(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").unwrap_or(&typ).to_owned()
}

fn check_claims(claims: &Tree) {
    assert!(matches!(claims.get("iss"), Some(Tree::String(name)) if name == "issuer"));
    match claims.get("aud") {
        Some(Tree::String(name)) => assert_eq!(name, "api"),
        Some(Tree::Array(names)) => assert!(names.iter().any(is_api)),
        _ => panic!("no aud"),
    }
    match claims.get("exp") {
        None => {}
        Some(Tree::Integer(digits)) => assert!(digits.parse::<f64>().is_ok_and(|exp| exp > NOW)),
        Some(Tree::Float(exp)) => assert!(*exp > NOW),
        _ => panic!("exp must be a number"),
    }
}

fn is_api(name: &Tree) -> bool {
    matches!(name, Tree::String(name) if name == "api")
}

/// Signs the header and the payload, and checks the verdict on the token.
fn check_signed(algorithm: Algorithm, key: usize, header: &[u8], payload: &[u8]) {
    let input = format!("{}.{}", encoding::encode(header), encoding::encode(payload));
    let signature = KEYS.signers[key]
        .sign(input.as_bytes())
        .expect("a signature");
    let token = format!("{input}.{}", encoding::encode(&signature));
    let outcome = verify(token.as_bytes());
    if outcome.is_ok() {
        assert_eq!(named_algorithm(header), Some(algorithm), "another key's");
        check_altered(&input, &signature);
    }
    check_unverified(&token, header, payload);
    if key == 0 {
        check_own(&KEYS.ring, payload);
        check_own(&KEYS.named, payload);
    }
}

fn named_algorithm(header: &[u8]) -> Option<Algorithm> {
    // serde_json can't be used here, because it refuses integers beyond an `f64`.
    let (header, _) = json::parse_object(header, &mut TreeBuilder, &[]).ok()?;
    match header.get("alg") {
        Some(Tree::String(name)) => Algorithm::from_name(name).ok(),
        _ => None,
    }
}

/// Every bit of a signature counts. This tests the last byte, the length and an empty signature.
fn check_altered(input: &str, signature: &[u8]) {
    let (last, rest) = signature.split_last().expect("no signature is empty");
    let flipped = [rest, &[last ^ 1]].concat();
    for altered in [&flipped, rest, &[signature, &[0]].concat(), &[]] {
        let token = format!("{input}.{}", encoding::encode(altered));
        assert!(verify(token.as_bytes()).is_err());
    }
}

/// The parts of the split token are the header and the payload.
fn check_unverified(token: &str, header: &[u8], payload: &[u8]) {
    let compact = Compact::split(token.as_bytes()).expect("three parts");
    assert_eq!(compact.header_json().as_deref(), Ok(header));
    assert_eq!(compact.unverified_payload().as_deref(), Ok(payload));
}

/// A token that a ring signs may be refused for its claims, but never for its form.
fn check_own(ring: &KeyRing, payload: &[u8]) {
    let Ok(token) = ring.sign(payload, NOW, MAX_LENGTH) else {
        return;
    };
    let codes = [
        "expired",
        "not_yet_valid",
        "issued_in_future",
        "issuer_mismatch",
        "audience_mismatch",
        "claim_missing",
        "claim_invalid",
    ];
    if let Err(error) = verify(token.as_bytes()) {
        assert!(codes.contains(&error.code()), "{error:?}");
    }
}
