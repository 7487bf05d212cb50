use _core::error::Error;
use _core::keys::algorithm::Algorithm;
use _core::keys::key::SigningKey;
use _core::token::claims::ClaimPolicy;
use _core::token::encoding::encode;
use _core::token::json::Discard;
use _core::token::policy::{TokenPolicy, check_length};

use crate::support::{MAX_LENGTH, NOW, SECRET, open_policy, ring, signed};

fn taking(allowed_typ: Option<&[&str]>) -> TokenPolicy {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let claims = ClaimPolicy::new(0.0, None, None, false).unwrap();
    TokenPolicy::new(MAX_LENGTH, allowed_typ.map(owned), claims)
}

fn verify_header(policy: &TokenPolicy, header: &str) -> Result<(), &'static str> {
    let key = SigningKey::from_secret(Algorithm::HS256, SECRET).unwrap();
    let token = signed(&key, header.as_bytes(), b"{}");
    ring(Algorithm::HS256)
        .verify(token.as_bytes(), NOW, policy, &mut Discard)
        .map(|_| ())
        .map_err(Error::code)
}

#[test]
fn a_typ_is_one_of_those_that_are_served() {
    let served = taking(Some(&["JWT", "at+jwt"]));
    let unsupported = Err("header_unsupported");
    for (typ, outcome) in [
        ("JWT", Ok(())),
        ("jwt", Ok(())),
        ("JwT", Ok(())),
        ("application/jwt", Ok(())),
        ("APPLICATION/JWT", Ok(())),
        ("at+jwt", Ok(())),
        ("AT+JWT", Ok(())),
        ("Application/At+Jwt", Ok(())),
        ("", unsupported),
        ("application/", unsupported),
        ("application/application/jwt", unsupported),
        ("text/jwt", unsupported),
        ("/jwt", unsupported),
        ("JWT ", unsupported),
        (" JWT", unsupported),
        ("JWT;x", unsupported),
        ("JW", unsupported),
        ("JWTT", unsupported),
        ("at jwt", unsupported),
        ("JWE", unsupported),
        ("dpop+jwt", unsupported),
        ("\u{ff2a}\u{ff37}\u{ff34}", unsupported),
        ("app\u{131}ication/jwt", unsupported),
        (r"JWT\u0000", unsupported),
        (r"\u004aWT", Ok(())),
    ] {
        let header = format!("{{\"alg\":\"HS256\",\"typ\":\"{typ}\"}}");
        assert_eq!(verify_header(&served, &header), outcome, "{header}");
        assert_eq!(verify_header(&taking(None), &header), Ok(()), "{header}");
    }
    for policy in [served, taking(None), taking(Some(&[]))] {
        assert_eq!(verify_header(&policy, r#"{"alg":"HS256"}"#), Ok(()));
        for typ in ["null", "true", "1", "[\"JWT\"]", "{\"JWT\":1}"] {
            let header = format!("{{\"alg\":\"HS256\",\"typ\":{typ}}}");
            assert_eq!(
                verify_header(&policy, &header),
                Err("malformed"),
                "{header}"
            );
        }
    }
}

#[test]
fn a_header_that_a_key_knows_is_no_way_around_the_typ() {
    for header in [
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"typ":"JWT","alg":"HS256"}"#,
        r#"{"typ":"JWT", "alg":"HS256"}"#,
    ] {
        for (allowed, outcome) in [
            (&["JWT"][..], Ok(())),
            (&["application/jwt"], Ok(())),
            (&["at+jwt"], Err("header_unsupported")),
            (&[], Err("header_unsupported")),
        ] {
            let policy = taking(Some(allowed));
            assert_eq!(
                verify_header(&policy, header),
                outcome,
                "{header} {allowed:?}"
            );
        }
    }
}

#[test]
fn length_is_limited_both_ways() {
    let ring = ring(Algorithm::HS256);
    let claims = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length)).into_bytes();
    for max_length in [100, 1_000, MAX_LENGTH, 100_000] {
        let policy = TokenPolicy::new(max_length, None, open_policy().claims().clone());
        let longest = (max_length.saturating_sub(400) * 3 / 4..max_length)
            .take_while(|length| ring.sign(&claims(*length), NOW, max_length).is_ok())
            .last()
            .unwrap();
        let token = ring.sign(&claims(longest), NOW, max_length).unwrap();
        assert!((max_length - 4..=max_length).contains(&token.len()));
        let verify = |text: &str| ring.verify(text.as_bytes(), NOW, &policy, &mut Discard);
        assert!(verify(&token).is_ok());
        for length in [longest + 1, max_length, 20_000_000] {
            let outcome = ring.sign(&claims(length), NOW, max_length);
            assert_eq!(outcome, Err(Error::TooLarge));
        }
        let longer = ring.sign(&claims(longest + 4), NOW, usize::MAX).unwrap();
        assert_eq!(verify(&longer), Err(Error::TooLarge));
        for length in [max_length + 1, 10 << 20] {
            assert_eq!(verify(&"a".repeat(length)), Err(Error::TooLarge));
        }
    }
}

#[test]
fn the_length_is_looked_at_before_anything_else() {
    let ring = ring(Algorithm::HS256);
    for text in ["\u{e9}".repeat(MAX_LENGTH), ".".repeat(MAX_LENGTH + 1)] {
        let outcome = ring.verify(text.as_bytes(), NOW, &open_policy(), &mut Discard);
        assert_eq!(outcome, Err(Error::TooLarge));
    }
    assert_eq!(check_length(16, 16), Ok(()));
    assert_eq!(check_length(17, 16), Err(Error::TooLarge));
    assert_eq!(check_length(usize::MAX, usize::MAX), Ok(()));
}

#[test]
fn at_any_time_only_time_issuer_and_audience_do_not_matter() {
    let names = || Some(vec!["name".to_owned()]);
    let claims = ClaimPolicy::new(0.0, names(), names(), false).unwrap();
    let strict = TokenPolicy::new(MAX_LENGTH, Some(vec!["JWT".to_owned()]), claims);
    let key = SigningKey::from_secret(Algorithm::HS256, SECRET).unwrap();
    let verify = |policy: &TokenPolicy, typ: &str, payload: &str| {
        let header = format!("{{\"alg\":\"HS256\",\"typ\":\"{typ}\"}}");
        let token = signed(&key, header.as_bytes(), payload.as_bytes());
        ring(Algorithm::HS256)
            .verify(token.as_bytes(), NOW, policy, &mut Discard)
            .map(|_| ())
    };
    let any_time = strict.at_any_time();
    for payload in [
        r#"{"exp":-62135596800}"#,
        r#"{"nbf":253402300799}"#,
        r#"{"iat":253402300799}"#,
        r#"{"iss":"other"}"#,
        r#"{"aud":"other"}"#,
        "{}",
    ] {
        assert!(verify(&strict, "JWT", payload).is_err(), "{payload}");
        assert_eq!(verify(&any_time, "JWT", payload), Ok(()), "{payload}");
    }
    for (typ, payload, error) in [
        ("JWT", r#"{"exp":"1"}"#, Error::ClaimInvalid("exp")),
        ("JWT", r#"{"sub":1}"#, Error::ClaimInvalid("sub")),
        ("JWT", r#"{"jti":""}"#, Error::ClaimInvalid("jti")),
        ("JOSE", "{}", Error::HeaderUnsupported("typ")),
    ] {
        assert_eq!(verify(&any_time, typ, payload), Err(error), "{payload}");
    }
    let long = format!("{}.e30.AA", encode(&[b'x'; MAX_LENGTH]));
    assert_eq!(
        ring(Algorithm::HS256).verify(long.as_bytes(), NOW, &any_time, &mut Discard),
        Err(Error::TooLarge)
    );
}

#[test]
fn accepting_replaces_the_audience_and_the_issuer_and_nothing_else() {
    let names = |name: &str| Some(vec![name.to_owned()]);
    let claims = ClaimPolicy::new(10.0, names("api"), names("us"), false).unwrap();
    let policy = TokenPolicy::new(MAX_LENGTH, names("JWT"), claims);
    let both = |aud: &str, iss: &str| format!(r#"{{"aud":"{aud}","iss":"{iss}"}}"#);
    let verify = |policy: &TokenPolicy, typ: &str, payload: &str| {
        let key = SigningKey::from_secret(Algorithm::HS256, SECRET).unwrap();
        let header = format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#);
        let token = signed(&key, header.as_bytes(), payload.as_bytes());
        let verified = ring(Algorithm::HS256).verify(token.as_bytes(), NOW, policy, &mut Discard);
        verified.map(|_| ())
    };
    for (other, accepted) in [
        (policy.accepting(None, None), both("api", "us")),
        (policy.accepting(names("web"), None), both("web", "us")),
        (policy.accepting(None, names("them")), both("api", "them")),
        (
            policy.accepting(names("web"), names("them")),
            both("web", "them"),
        ),
    ] {
        for payload in [
            both("api", "us"),
            both("web", "us"),
            both("api", "them"),
            both("web", "them"),
        ] {
            let outcome = verify(&other, "JWT", &payload);
            assert_eq!(outcome.is_ok(), payload == accepted, "{payload}");
        }
        let other_typ = verify(&other, "JOSE", &accepted);
        assert_eq!(other_typ, Err(Error::HeaderUnsupported("typ")));
        let within_leeway = accepted.replace('}', r#","exp":1699999991}"#);
        assert_eq!(verify(&other, "JWT", &within_leeway), Ok(()));
        let expired = accepted.replace('}', r#","exp":1699999990}"#);
        assert_eq!(verify(&other, "JWT", &expired), Err(Error::Expired));
    }
    let nobody = policy.accepting(Some(vec![]), None);
    let outcome = verify(&nobody, "JWT", &both("api", "us"));
    assert_eq!(outcome, Err(Error::AudienceMismatch));
}
