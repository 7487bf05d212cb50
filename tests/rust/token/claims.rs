use _core::error::Error;
use _core::token::claims::{ClaimPolicy, REGISTERED, check_writable};
use _core::token::json::{Discard, parse_object};

use crate::support::NOW;

fn open() -> ClaimPolicy {
    policy(0.0, None, None)
}

fn policy(leeway: f64, audience: Option<&[&str]>, issuer: Option<&[&str]>) -> ClaimPolicy {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ClaimPolicy::new(leeway, audience.map(owned), issuer.map(owned), false).unwrap()
}

fn check_at(policy: &ClaimPolicy, claims: &str, now: f64) -> Result<(), Error> {
    let ((), members) = parse_object(claims.as_bytes(), &mut Discard, REGISTERED).unwrap();
    policy.check(&members, now)
}

fn check(policy: &ClaimPolicy, claims: &str) -> Result<(), Error> {
    check_at(policy, claims, NOW)
}

#[test]
fn times_open_and_shut_at_their_boundary() {
    let strict = open();
    let lenient = policy(10.0, None, None);
    for (policy, claims, outcome) in [
        (&strict, r#"{"exp":1700000000}"#, Err(Error::Expired)),
        (&strict, r#"{"exp":1700000000.0}"#, Err(Error::Expired)),
        (&strict, r#"{"exp":1700000000.001}"#, Ok(())),
        (&strict, r#"{"exp":1700000001}"#, Ok(())),
        (&strict, r#"{"exp":0}"#, Err(Error::Expired)),
        (&strict, r#"{"exp":-1}"#, Err(Error::Expired)),
        (&lenient, r#"{"exp":1699999990}"#, Err(Error::Expired)),
        (&lenient, r#"{"exp":1699999990.5}"#, Ok(())),
        (&strict, r#"{"nbf":1700000000}"#, Ok(())),
        (&strict, r#"{"nbf":1700000001}"#, Err(Error::NotYetValid)),
        (&lenient, r#"{"nbf":1700000010}"#, Ok(())),
        (&lenient, r#"{"nbf":1700000010.5}"#, Err(Error::NotYetValid)),
        (&strict, r#"{"iat":1700000060}"#, Ok(())),
        (
            &strict,
            r#"{"iat":1700000060.5}"#,
            Err(Error::IssuedInFuture),
        ),
        (&lenient, r#"{"iat":1700000070}"#, Ok(())),
        (
            &lenient,
            r#"{"iat":1700000071}"#,
            Err(Error::IssuedInFuture),
        ),
        (&strict, r#"{"exp":17e8}"#, Err(Error::Expired)),
        (&strict, "{}", Ok(())),
    ] {
        assert_eq!(check(policy, claims), outcome, "{claims}");
    }
}

#[test]
fn every_registered_claim_has_one_type() {
    let anything = [
        "null",
        "true",
        "false",
        "\"\"",
        "\"1700000001\"",
        "[]",
        "{}",
        "1700000001",
        "1.7e9",
        "[\"a\"]",
        "[1]",
    ];
    let accepted = |name: &str| match name {
        "exp" => vec!["1700000001"],
        "iat" | "nbf" => vec!["1700000001", "1.7e9"],
        "aud" => vec!["\"\"", "\"1700000001\"", "[]", "[\"a\"]"],
        "jti" => vec!["\"1700000001\""],
        _ => vec!["\"\"", "\"1700000001\""],
    };
    let lenient = policy(1.0, None, None);
    for name in REGISTERED {
        for value in anything {
            let claims = format!("{{\"{name}\":{value}}}");
            let outcome = check(&lenient, &claims);
            if accepted(name).contains(&value) || (*name == "exp" && value == "1.7e9") {
                assert_eq!(outcome, Ok(()), "{claims}");
            } else {
                assert_eq!(outcome, Err(Error::ClaimInvalid(name)), "{claims}");
            }
        }
    }
}

#[test]
fn times_stay_within_a_datetime() {
    for name in ["exp", "nbf", "iat"] {
        let invalid = Err(Error::ClaimInvalid(name));
        for (value, valid) in [
            ("253402300799", true),
            ("253402300799.5", false),
            ("253402300800", false),
            ("-62135596800", true),
            ("-62135596801", false),
            ("1e300", false),
            (&*"9".repeat(400), false),
        ] {
            let claims = format!("{{\"{name}\":{value}}}");
            let ((), members) = parse_object(claims.as_bytes(), &mut Discard, REGISTERED).unwrap();
            assert_eq!(
                check_writable(&members).map(|_| ()),
                if valid { Ok(()) } else { invalid },
                "{claims}"
            );
        }
    }
}

#[test]
fn a_subject_may_be_an_integer_where_the_policy_says_so() {
    let integers = ClaimPolicy::new(0.0, None, None, true).unwrap();
    for (subject, by_string, by_integer) in [
        ("\"1\"", true, true),
        ("1", false, true),
        ("-1", false, true),
        ("99999999999999999999", false, true),
        ("1.0", false, false),
        ("1e2", false, false),
        ("true", false, false),
        ("null", false, false),
    ] {
        let claims = format!("{{\"sub\":{subject}}}");
        assert_eq!(check(&open(), &claims).is_ok(), by_string, "{claims}");
        assert_eq!(check(&integers, &claims).is_ok(), by_integer, "{claims}");
    }
}

#[test]
fn a_jti_is_some_characters_and_none_of_them_control() {
    let long = "a".repeat(255);
    let long_outside_ascii = "\u{1f600}".repeat(255);
    for (jti, valid) in [
        ("a", true),
        (" ", true),
        (&*long, true),
        (&*long_outside_ascii, true),
        ("\u{a0}\u{200b}\u{2028}", true),
        (r"\ud83d\ude00", true),
        (r"a\/b\u0020", true),
        ("", false),
        (&*format!("{long}a"), false),
        (&*format!("{long_outside_ascii}a"), false),
        (r"\u0000", false),
        (r"a\u0000b", false),
        (r"\t", false),
        (r"a\n", false),
        (r"\u001f", false),
        ("\u{7f}", false),
        (r"\u007f", false),
        ("\u{80}", false),
        (r"a\u009f", false),
    ] {
        let claims = format!("{{\"jti\":\"{jti}\"}}");
        let outcome = if valid {
            Ok(())
        } else {
            Err(Error::ClaimInvalid("jti"))
        };
        assert_eq!(check(&open(), &claims), outcome, "{claims}");
        let ((), members) = parse_object(claims.as_bytes(), &mut Discard, REGISTERED).unwrap();
        assert_eq!(check_writable(&members).map(|_| ()), outcome, "{claims}");
    }
}

#[test]
fn the_issuer_is_exactly_one_of_ours() {
    let ours = policy(0.0, None, Some(&["me", "é"]));
    for (claims, outcome) in [
        (r#"{"iss":"me"}"#, Ok(())),
        (r#"{"iss":"\u006de"}"#, Ok(())),
        (r#"{"iss":"é"}"#, Ok(())),
        (r#"{"iss":"Me"}"#, Err(Error::IssuerMismatch)),
        (r#"{"iss":"me "}"#, Err(Error::IssuerMismatch)),
        (r#"{"iss":"m"}"#, Err(Error::IssuerMismatch)),
        (r#"{"iss":""}"#, Err(Error::IssuerMismatch)),
        (r#"{"iss":["me"]}"#, Err(Error::ClaimInvalid("iss"))),
        ("{}", Err(Error::ClaimMissing("iss"))),
    ] {
        assert_eq!(check(&ours, claims), outcome, "{claims}");
    }
    assert_eq!(check(&open(), r#"{"iss":"anyone"}"#), Ok(()));
    assert_eq!(
        check(&policy(0.0, None, Some(&[])), r#"{"iss":"me"}"#),
        Err(Error::IssuerMismatch)
    );
}

#[test]
fn the_audience_shares_a_member_with_ours() {
    let ours = policy(0.0, Some(&["a", "b"]), None);
    for (claims, outcome) in [
        (r#"{"aud":"a"}"#, Ok(())),
        (r#"{"aud":["x","b"]}"#, Ok(())),
        (r#"{"aud":["x","\u0062"]}"#, Ok(())),
        (r#"{"aud":"ab"}"#, Err(Error::AudienceMismatch)),
        (r#"{"aud":"A"}"#, Err(Error::AudienceMismatch)),
        (r#"{"aud":""}"#, Err(Error::AudienceMismatch)),
        (r#"{"aud":[]}"#, Err(Error::AudienceMismatch)),
        (r#"{"aud":["x","y"]}"#, Err(Error::AudienceMismatch)),
        (r#"{"aud":["a",1]}"#, Err(Error::ClaimInvalid("aud"))),
        (r#"{"aud":[["a"]]}"#, Err(Error::ClaimInvalid("aud"))),
        ("{}", Err(Error::ClaimMissing("aud"))),
    ] {
        assert_eq!(check(&ours, claims), outcome, "{claims}");
    }
    assert_eq!(check(&open(), r#"{"aud":"anyone"}"#), Ok(()));
}

#[test]
fn types_come_first_then_iat_nbf_exp_iss_aud() {
    let demanding = policy(0.0, Some(&["a"]), Some(&["me"]));
    let mut claims = vec![
        (r#""aud":"x""#, Error::AudienceMismatch),
        (r#""iss":"x""#, Error::IssuerMismatch),
        (r#""exp":1"#, Error::Expired),
        (r#""nbf":1800000000"#, Error::NotYetValid),
        (r#""iat":1800000000"#, Error::IssuedInFuture),
        (r#""jti":1"#, Error::ClaimInvalid("jti")),
    ];
    while let Some((_, first)) = claims.last() {
        let text = claims
            .iter()
            .map(|(claim, _)| *claim)
            .collect::<Vec<_>>()
            .join(",");
        let issuer = if text.contains("iss") {
            ""
        } else {
            r#","iss":"me""#
        };
        assert_eq!(
            check(&demanding, &format!("{{{text}{issuer}}}")),
            Err(*first),
            "{text}"
        );
        claims.pop();
    }
}

#[test]
fn no_policy_and_no_time_is_beyond_comparison() {
    for leeway in [-0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(
            matches!(
                ClaimPolicy::new(leeway, None, None, false),
                Err(Error::PolicyInvalid(_))
            ),
            "{leeway}"
        );
    }
    for now in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(
            matches!(
                check_at(&open(), r#"{"exp":1}"#, now),
                Err(Error::PolicyInvalid(_))
            ),
            "{now}"
        );
    }
}
