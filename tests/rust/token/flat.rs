//! The fast reader of flat objects against the strict reader, on generated texts: `parse_object`, which tries the fast
//! reader first, must answer exactly as `parse_any_object`. `OXIJWT_FULL` makes 3 million texts.

use _core::error::Error;
use _core::token::claims::{self, ClaimPolicy, REGISTERED};
use _core::token::json::{Members, is_flat, parse_any_object, parse_object};

use crate::support::{Generator, Rewrite};

const NAMES: [&str; 14] = [
    "exp",
    "iat",
    "jti",
    "nbf",
    "iss",
    "aud",
    "sub",
    "token_type",
    "user_id",
    "sid",
    "gen",
    "a",
    "",
    "éxp",
];
const VALUES: [&str; 45] = [
    "\"access\"",
    "\"1\"",
    "\"\"",
    "\"a\\\"b\"",
    "\"\\u0041\"",
    "\"é\"",
    "\"\u{7f}\"",
    "\"\u{1}\"",
    "\"a",
    "a\"",
    "\"{,}:\"",
    "\"12345678\"",
    "\"0123456789abcdef\"",
    "1",
    "0",
    "00",
    "01",
    "-1",
    "-0",
    "-",
    "+1",
    "1.5",
    "1e3",
    "-1E-2",
    "4102444800",
    "253402300799",
    "253402300800",
    "999999999999999",
    "999999999999999999",
    "9999999999999999999",
    "true",
    "false",
    "null",
    "nul",
    "truex",
    "[]",
    "[1,\"a\"]",
    "[\"a\",\"access\"]",
    "[true,null,-7]",
    "[1,]",
    "[[1]]",
    "[\"a]",
    "{}",
    "{\"a\":1}",
    "NaN",
];
const NOISE: [&str; 12] = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "\n", "\u{feff}", "é",
];

/// A text that is an object in most cases, and often a flat one.
fn text(random: &mut Generator) -> Vec<u8> {
    let mut text = String::from("{");
    for place in 0..random.below(7) {
        if place > 0 {
            text.push(',');
        }
        let value = match random.below(4) {
            0 => random.choose(&VALUES),
            _ => random.choose(&[
                "\"access\"",
                "4102444800",
                "1700000000",
                "\"1\"",
                "\"x\"",
                "true",
            ]),
        };
        text.push_str(&format!("\"{}\":{value}", random.choose(&NAMES)));
    }
    text.push('}');
    let mut text = text.into_bytes();
    if random.below(4) == 0 {
        let noise = random.choose(&NOISE).as_bytes();
        let place = random.below(text.len() + 1);
        text.splice(place..place, noise.iter().copied());
    }
    if random.below(6) == 0 {
        let place = random.below(text.len());
        text[place] = random.below(256) as u8;
    }
    if random.below(16) == 0 {
        text.truncate(random.below(text.len() + 1));
    }
    text
}

/// Everything that the claim rules say of these members, with codes and messages.
fn verdicts(members: &Members<'_>, policies: &[ClaimPolicy]) -> Vec<String> {
    let mut verdicts = vec![format!("{:?}", claims::check_writable(members))];
    for policy in policies {
        for now in [0.0, 1_700_000_000.0, 4_102_444_800.0, 1e11] {
            let verdict = policy.check(members, now);
            verdicts.push(verdict.map_or_else(
                |error| format!("{}: {error}", error.code()),
                |()| "valid".into(),
            ));
        }
    }
    for name in REGISTERED {
        let value = members.get(name);
        verdicts.push(format!(
            "{:?} {:?}",
            value.map(|value| value.as_number().map(f64::to_bits)),
            value.and_then(|value| value.as_string())
        ));
    }
    verdicts
}

#[test]
fn the_fast_reader_answers_as_the_strict_one() {
    let total = if std::env::var_os("OXIJWT_FULL").is_some() {
        3_000_000
    } else {
        200_000
    };
    let names = |name: &str| Some(vec![name.to_owned()]);
    let policies = [
        ClaimPolicy::new(0.0, None, None, true).unwrap(),
        ClaimPolicy::new(5.0, names("access"), names("1"), false).unwrap(),
    ];
    let mut random = Generator::new(0x9e37_79b9_7f4a_7c15);
    let (mut flat, mut accepted, mut refused) = (0, 0, 0);
    for _ in 0..total {
        let text = text(&mut random);
        flat += u32::from(is_flat(&text));
        let fast = parse_object(&text, &mut Rewrite, REGISTERED);
        let strict = parse_any_object(&text, &mut Rewrite, REGISTERED);
        let shown = String::from_utf8_lossy(&text);
        match (fast, strict) {
            (Ok((value, members)), Ok((expected, watched))) => {
                accepted += 1;
                assert_eq!(value, expected, "{shown}");
                assert_eq!(
                    verdicts(&members, &policies),
                    verdicts(&watched, &policies),
                    "{shown}"
                );
            }
            (Err(error), Err(expected)) => {
                refused += 1;
                assert_eq!(described(error), described(expected), "{shown}");
                assert!(!is_flat(&text), "{shown}");
            }
            _ => panic!("one of two accepts {shown}"),
        }
    }
    println!("flat {flat}, accepted {accepted}, refused {refused}, of {total}: no difference");
    // The texts put both readers to the test.
    assert!(flat > total / 4 && accepted - flat > total / 16 && refused > total / 8);
}

fn described(error: Error) -> (&'static str, String) {
    (error.code(), error.to_string())
}

#[test]
fn only_the_usual_texts_are_flat() {
    for (text, flat) in [
        (r#"{}"#, true),
        (
            r#"{"exp":4102444800,"jti":"0123456789abcdef","user_id":"1","is_staff":false,"x":null,"n":-7}"#,
            true,
        ),
        (r#"{"n":999999999999999999}"#, true),
        (r#"{"n":9999999999999999999}"#, false),
        (r#"{"n":1.0}"#, false),
        (r#"{"n":01}"#, false),
        (r#"{"n":-}"#, false),
        (r#"{"a":1,"a":1}"#, false),
        (r#"{"a":"\n"}"#, false),
        (r#"{"a":"é"}"#, false),
        (r#"{ "a":1}"#, false),
        (r#"{"a":1} "#, false),
        (r#"{"a":[]}"#, true),
        (r#"{"a":["b","c"],"d":[1,true,false,null]}"#, true),
        (r#"{"a":[1,]}"#, false),
        (r#"{"a":[,1]}"#, false),
        (r#"{"a":[1}"#, false),
        (r#"{"a":[ 1]}"#, false),
        (r#"{"a":[1.5]}"#, false),
        (r#"{"a":[[]]}"#, false),
        (r#"{"a":[{}]}"#, false),
        (r#"{"a":{}}"#, false),
        (r#"{"a":1,}"#, false),
        (r#"{"a":truex}"#, false),
        (r#"{"a"}"#, false),
        (r#"{"a":"}"#, false),
        (r#"[]"#, false),
        ("", false),
    ] {
        assert_eq!(is_flat(text.as_bytes()), flat, "{text}");
    }
    let members = |count: usize| {
        let members: Vec<String> = (0..count).map(|place| format!("\"{place}\":1")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(is_flat(members(16).as_bytes()));
    assert!(!is_flat(members(17).as_bytes()));
    let long = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
    assert!(is_flat(long(65_535).as_bytes()));
    assert!(!is_flat(long(65_536).as_bytes()));
    assert!(parse_object(long(65_536).as_bytes(), &mut Rewrite, &[]).is_ok());
}
