//! The claim rules. The first byte, a digit from 0 on, picks the policy, the second the time; the rest is the payload.

use std::sync::LazyLock;

use _core::token::claims::{self, ClaimPolicy};
use _core::token::json;
use _core::token::policy::TokenPolicy;
use serde_json::Value;

use crate::tree::{Tree, TreeBuilder};

const NOW: f64 = 1_700_000_000.0;
/// Times near the fixed time, at the ends of the datetime range, and far beyond.
const TIMES: [f64; 8] = [
    NOW,
    NOW + 0.5,
    0.0,
    -62_135_596_800.0,
    253_402_300_799.0,
    1e300,
    f64::MAX,
    f64::MIN,
];

/// A policy as its settings, and as the core's object.
struct Given {
    leeway: f64,
    audience: &'static [&'static str],
    issuer: &'static [&'static str],
    integer_subject: bool,
}

const GIVEN: [Given; 4] = [
    Given {
        leeway: 0.0,
        audience: &[],
        issuer: &[],
        integer_subject: false,
    },
    Given {
        leeway: 30.0,
        audience: &[],
        issuer: &[],
        integer_subject: true,
    },
    Given {
        leeway: 0.0,
        audience: &["api", "web"],
        issuer: &["issuer"],
        integer_subject: false,
    },
    Given {
        leeway: 1e300,
        audience: &["", "é"],
        issuer: &["", "é"],
        integer_subject: true,
    },
];

static POLICIES: LazyLock<[TokenPolicy; 4]> = LazyLock::new(|| GIVEN.map(policy));

fn policy(given: Given) -> TokenPolicy {
    let names = |list: &[&str]| {
        (!list.is_empty()).then(|| list.iter().map(|name| (*name).to_owned()).collect())
    };
    let claims = ClaimPolicy::new(
        given.leeway,
        names(given.audience),
        names(given.issuer),
        given.integer_subject,
    );
    TokenPolicy::new(usize::MAX, None, claims.expect("a policy"))
}

/// Checks a payload, and compares the result with the rules applied to what serde_json reads.
pub fn run(data: &[u8]) {
    let [first, second, text @ ..] = data else {
        return;
    };
    let place = usize::from(first.wrapping_sub(b'0')) % GIVEN.len();
    let now = TIMES[usize::from(second.wrapping_sub(b'0')) % TIMES.len()];
    let Ok((tree, members)) = json::parse_object(text, &mut TreeBuilder, claims::REGISTERED) else {
        return;
    };
    let policy = &POLICIES[place];
    let outcome = policy.claims().check(&members, now);
    let typed = policy.at_any_time().claims().check(&members, NOW);
    let writable = claims::check_writable(&members);
    assert!(
        typed.is_err() || writable.is_ok(),
        "not to be signed: {writable:?}"
    );
    // serde_json can't read integers beyond f64, so these are not compared.
    let Ok(claims) = serde_json::from_slice::<Value>(text) else {
        return;
    };
    // serde_json converts `-0` and integers beyond 64 bits to floats.
    let integer_subject =
        GIVEN[place].integer_subject && matches!(tree.get("sub"), Some(Tree::Integer(_)));
    let expected = is_typed(&claims, integer_subject);
    assert_eq!(typed.is_ok(), expected, "{typed:?}");
    let expected = expected && is_valid(&claims, &GIVEN[place], now);
    assert_eq!(outcome.is_ok(), expected, "{outcome:?}");
}

/// The types of RFC 7519 section 4.1, without the core's help.
fn is_typed(claims: &Value, integer_subject: bool) -> bool {
    has(claims, "iss", Value::is_string)
        && has(claims, "jti", |jti| jti.as_str().is_some_and(is_id))
        && has(claims, "sub", |sub| sub.is_string() || integer_subject)
        && has(claims, "aud", |aud| audience(aud).is_some())
        && ["iat", "nbf", "exp"]
            .iter()
            .all(|name| has(claims, name, is_time))
}

/// One to 255 characters, without control characters.
pub(crate) fn is_id(text: &str) -> bool {
    let control = |character| matches!(character, '\0'..='\x1f' | '\x7f'..='\u{9f}');
    (1..=255).contains(&text.chars().count()) && !text.contains(control)
}

/// The rules of RFC 7519 section 4.1 and of this policy, for claims of the right types.
fn is_valid(claims: &Value, given: &Given, now: f64) -> bool {
    has(claims, "iat", |iat| {
        seconds(iat) <= now + given.leeway + 60.0
    }) && has(claims, "nbf", |nbf| seconds(nbf) <= now + given.leeway)
        && has(claims, "exp", |exp| seconds(exp) > now - given.leeway)
        && is_from(claims, given.issuer)
        && is_for(claims, given.audience)
}

/// Whether a claim is absent or valid.
pub(crate) fn has(claims: &Value, name: &str, right: impl Fn(&Value) -> bool) -> bool {
    claims.get(name).is_none_or(right)
}

/// A number of seconds between the years 1 and 9999.
pub(crate) fn is_time(value: &Value) -> bool {
    (-62_135_596_800.0..=253_402_300_799.0).contains(&seconds(value))
}

fn seconds(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// The names in an `aud`, if it is a string or an array of strings.
pub(crate) fn audience(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(name) => Some(vec![name]),
        Value::Array(names) => names.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn is_from(claims: &Value, issuer: &[&str]) -> bool {
    let named = claims.get("iss").and_then(Value::as_str);
    issuer.is_empty() || named.is_some_and(|name| issuer.contains(&name))
}

fn is_for(claims: &Value, ours: &[&str]) -> bool {
    let named = claims.get("aud").and_then(audience).unwrap_or_default();
    ours.is_empty() || named.iter().any(|name| ours.contains(name))
}
