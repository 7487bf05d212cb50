//! jsonwebtoken's verdict on the same token, with the same key. The first byte is the letter of an algorithm, as in
//! [`algorithm`]. If it is a capital letter, the rest is a token. Otherwise the rest is a header and a payload, separated
//! by the first line break, which the target signs. An empty header stands for the usual one, so that mutations of the
//! payload alone keep a valid token.
//!
//! Both check the signature, the algorithm and the form. Times, issuer and audience are left to the target `claims`,
//! because jsonwebtoken always reads the clock.

use std::str::FromStr as _;
use std::sync::{Arc, LazyLock};

use _core::error::Error;
use _core::keys::algorithm::{Algorithm, Curve, Family};
use _core::keys::key::SigningKey;
use _core::ring::{KeyRing, VerifiedToken};
use _core::token::claims::ClaimPolicy;
use _core::token::encoding;
use _core::token::policy::TokenPolicy;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, TokenData, Validation};
use serde_json::Value;

use crate::disagreements::{ACCEPTED, Class, MAX_LENGTH, REFUSED, Seen};
use crate::keys::{SECRET, algorithm, fixed};
use crate::tree::{Tree, TreeBuilder};

/// Any time, because the policy does not check times.
const NOW: f64 = 0.0;

static POLICY: LazyLock<TokenPolicy> = LazyLock::new(|| {
    let claims = ClaimPolicy::new(0.0, None, None, true).expect("a policy");
    let typ = vec!["JWT".to_owned(), "at+jwt".to_owned()];
    TokenPolicy::new(MAX_LENGTH, Some(typ), claims).at_any_time()
});

/// The same key for both libraries.
struct Pair {
    algorithm: Algorithm,
    signer: SigningKey,
    ring: KeyRing,
    key: DecodingKey,
    validation: Validation,
}

/// One key of each algorithm that jsonwebtoken knows.
static PAIRS: LazyLock<Vec<Pair>> =
    LazyLock::new(|| Algorithm::ALL.into_iter().filter_map(pair).collect());

/// Each run of the target tests the classes first.
static SELF_TEST: LazyLock<()> = LazyLock::new(|| {
    let hs256 = &PAIRS[0];
    check_examples(hs256, &REFUSED);
    let ed25519 = PAIRS.last().expect("a pair");
    check_examples(ed25519, &ACCEPTED);
});

fn pair(algorithm: Algorithm) -> Option<Pair> {
    let theirs = jsonwebtoken::Algorithm::from_str(algorithm.name()).ok()?;
    let mut validation = Validation::new(theirs);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let signer = fixed(algorithm);
    let verifier = signer.verifying_key().expect("a public half");
    Some(Pair {
        algorithm,
        signer,
        ring: KeyRing::new(None, vec![Arc::new(verifier)]),
        key: their_key(algorithm),
        validation,
    })
}

fn their_key(algorithm: Algorithm) -> DecodingKey {
    let jwk = match algorithm.family() {
        Family::Hmac => return DecodingKey::from_secret(SECRET),
        Family::Rsa => include_str!("../../../rust/material/rsa.public.jwk.json"),
        Family::Ec(Curve::P256) => include_str!("../../../rust/material/p256.public.jwk.json"),
        Family::Ec(_) => include_str!("../../../rust/material/p384.public.jwk.json"),
        Family::Ed25519 => include_str!("../../../rust/material/ed25519.public.jwk.json"),
    };
    let jwk = serde_json::from_str(jwk).expect("a JWK");
    DecodingKey::from_jwk(&jwk).expect("a key")
}

/// Compares the verdicts on a token that the fuzzer made, or that the target signs.
pub fn run(data: &[u8]) {
    LazyLock::force(&SELF_TEST);
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let named = algorithm(first.to_ascii_lowercase());
    let Some(pair) = PAIRS.iter().find(|pair| pair.algorithm == named) else {
        return;
    };
    let line_end = rest.iter().position(|byte| *byte == b'\n');
    if first.is_ascii_uppercase() {
        check(pair, rest);
    } else if let Some(line_end) = line_end {
        let usual = format!(r#"{{"alg":"{}"}}"#, pair.algorithm);
        let header = match line_end {
            0 => usual.as_bytes(),
            _ => &rest[..line_end],
        };
        check(pair, signed(pair, header, &rest[line_end + 1..]).as_bytes());
    }
}

fn signed(pair: &Pair, header: &[u8], payload: &[u8]) -> String {
    let input = format!("{}.{}", encoding::encode(header), encoding::encode(payload));
    let signature = pair.signer.sign(input.as_bytes()).expect("a signature");
    format!("{input}.{}", encoding::encode(&signature))
}

fn check(pair: &Pair, token: &[u8]) {
    if let Err(disagreement) = judge(pair, token, &REFUSED, &ACCEPTED) {
        panic!("{disagreement}");
    }
}

/// The class that explains the disagreement of the two libraries; `None` if they agree.
///
/// # Errors
/// Both verdicts, if no class explains the disagreement. Then one of the libraries or the docs are wrong.
fn judge(
    pair: &Pair,
    token: &[u8],
    refused: &[Class],
    accepted: &[Class],
) -> Result<Option<&'static str>, String> {
    let ours = pair.ring.verify(token, NOW, &POLICY, &mut TreeBuilder);
    let theirs = jsonwebtoken::decode::<Value>(token, &pair.key, &pair.validation);
    let theirs = theirs.map_err(jsonwebtoken::errors::Error::into_kind);
    let class = match (&ours, &theirs) {
        (Err(_), Err(_)) => return Ok(None),
        (Ok(ours), Ok(theirs)) => return same(ours, theirs).map(|()| None),
        (Err(error), Ok(_)) => explain(token, error.code(), refused),
        (Ok(_), Err(error)) => explain(token, code(error), accepted),
    };
    class.map(Some).ok_or_else(|| unexplained(&ours, &theirs))
}

fn explain(token: &[u8], code: &str, classes: &[Class]) -> Option<&'static str> {
    let seen = Seen::of(token);
    let class = classes.iter().find(|class| class.explains(&seen, code));
    class.map(|class| class.name)
}

/// jsonwebtoken's reason in one word. Only a text that it can't read has a class.
fn code(error: &ErrorKind) -> &'static str {
    match error {
        ErrorKind::Json(_) => "json",
        _ => "other",
    }
}

fn unexplained(
    ours: &Result<VerifiedToken<Tree>, Error>,
    theirs: &Result<TokenData<Value>, ErrorKind>,
) -> String {
    format!("no class explains that oxijwt answers {ours:?} and jsonwebtoken {theirs:?}")
}

/// Both have read the same claims and the same `typ`.
fn same(ours: &VerifiedToken<Tree>, theirs: &TokenData<Value>) -> Result<(), String> {
    let is_same =
        ours.claims.is_same(&theirs.claims) && ours.typ.as_deref() == theirs.header.typ.as_deref();
    is_same
        .then_some(())
        .ok_or_else(|| format!("{ours:?} is not {theirs:?}"))
}

/// Each class explains its example, and no other class does: without it, the example is a finding.
fn check_examples(pair: &Pair, classes: &[Class]) {
    for class in classes {
        let (header, payload) = (class.example)();
        let token = signed(pair, header.as_bytes(), payload.as_bytes());
        let explained = judge(pair, token.as_bytes(), &REFUSED, &ACCEPTED);
        assert_eq!(explained, Ok(Some(class.name)));
        let [refused, accepted] = [&REFUSED[..], &ACCEPTED[..]].map(|all| without(all, class.name));
        let unexplained = judge(pair, token.as_bytes(), &refused, &accepted);
        assert!(unexplained.is_err(), "{} has no effect", class.name);
    }
}

fn without(classes: &[Class], name: &str) -> Vec<Class> {
    let others = classes.iter().filter(|class| class.name != name);
    others.copied().collect()
}
