use _core::error::Error;
use _core::token::json::{Discard, MAX_DEPTH, MAX_INTEGER_DIGITS, parse_object, write_string};
use proptest::prelude::*;

use crate::support::Rewrite;

fn rewrite(text: &[u8]) -> Result<String, Error> {
    parse_object(text, &mut Rewrite, &[]).map(|(value, _)| value)
}

fn refused(text: &[u8]) {
    let outcome = rewrite(text);
    assert!(
        matches!(outcome, Err(Error::Malformed(_))),
        "{:?} gave {outcome:?}",
        String::from_utf8_lossy(text)
    );
    assert!(
        parse_object(text, &mut Discard, &[]).is_err(),
        "checking alone is laxer"
    );
}

#[test]
fn strict_text_is_read_exactly() {
    for (text, value) in [
        ("{}", "{}"),
        (" \t\r\n{ } \n", "{}"),
        (
            r#"{"a":1,"b":[true,false,null,{}],"c":{"a":"x"}}"#,
            r#"{"a":1,"b":[true,false,null,{}],"c":{"a":"x"}}"#,
        ),
        (r#"{"a":-0,"b":0,"c":-12}"#, r#"{"a":-0,"b":0,"c":-12}"#),
        (
            r#"{"a":1.0,"b":0.1,"c":1e2,"d":-2.5E-3}"#,
            r#"{"a":1.0,"b":0.1,"c":100.0,"d":-0.0025}"#,
        ),
        (
            r#"{"a":5e-324,"b":1.7976931348623157e308}"#,
            r#"{"a":5e-324,"b":1.7976931348623157e308}"#,
        ),
        (r#"{"a":9007199254740993}"#, r#"{"a":9007199254740993}"#),
        (
            r#"{"a":-99999999999999999999999999}"#,
            r#"{"a":-99999999999999999999999999}"#,
        ),
        (
            r#"{"":"","\u0041":"\ud83d\ude00\n\/"}"#,
            r#"{"":"","A":"😀\n/"}"#,
        ),
        (r#"{"ü":"é"}"#, r#"{"ü":"é"}"#),
        (
            r#"{"a":{"b":1},"c":{"b":2}}"#,
            r#"{"a":{"b":1},"c":{"b":2}}"#,
        ),
        (r#"{"a":{"b":1},"b":2}"#, r#"{"a":{"b":1},"b":2}"#),
        (r#"{"A":1,"a":2}"#, r#"{"A":1,"a":2}"#),
    ] {
        assert_eq!(rewrite(text.as_bytes()).as_deref(), Ok(value), "{text}");
    }
}

#[test]
fn anything_else_is_refused() {
    for text in [
        "",
        " ",
        "[]",
        "1",
        "\"a\"",
        "null",
        "true",
        "{",
        "}",
        "{]",
        "{}{}",
        "{} x",
        "{},",
        "{}\0",
        "\0{}",
        "\u{feff}{}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1 2]}",
        "{\"a\":[}",
        "{\"a\":[1}",
        "{\"a\":{]}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":-Infinity}",
        "{\"a\":nan}",
        "{\"a\":1e400}",
        "{\"a\":-1e400}",
        "{\"a\":01}",
        "{\"a\":-01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":5.}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":-}",
        "{\"a\":0x1}",
        "{\"a\":1_0}",
        "{\"a\":1.e1}",
        "{\"a\":00}",
        "{\"a\":1.0.0}",
        "{\"a\":True}",
        "{\"a\":nul}",
        "{\"a\":truee}",
        "{\"a\":undefined}",
        "{\"a\":\"}",
        "{\"a\":\"\\\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\0\"}",
        "{\"a\":\"\u{1f}\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\udc00\\ud800\"}",
        "{\"a\":\"\\ud800x\"}",
        "{\"\\ud800\":1}",
        "{\"a\":1/*c*/}",
        "{\"a\":1}//c",
        "{\"a\":\u{a0}1}",
        "{\u{b}}",
        "{\"a\":1}\u{2028}",
        // A name occurs twice: plain, escaped, nested, in an array, and equal only after decoding.
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"b\":{\"a\":1,\"a\":2}}",
        "{\"b\":[[{\"a\":1,\"a\":2}]]}",
        "{\"\":1,\"\":2}",
        "{\"a\":{},\"b\":1,\"a\":2}",
        "{\"\\n\":1,\"\\u000a\":1}",
    ] {
        refused(text.as_bytes());
    }
    for bytes in [
        &b"{\"a\":\"\xff\"}"[..],
        b"{\"\xff\":1}",
        b"{\"a\":\"\xc0\xaf\"}",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"\xff\xfe{\0}\0",
        b"{\"a\":\"\xf4\x90\x80\x80\"}",
        b"{\xa0}",
    ] {
        refused(bytes);
    }
}

#[test]
fn a_name_is_found_twice_among_many() {
    let members = |count: usize| {
        (0..count)
            .map(|n| format!("\"n{n}\":0"))
            .collect::<Vec<_>>()
            .join(",")
    };
    for count in [1, 2, 15, 16, 17, 18, 40, 1500] {
        assert!(
            rewrite(format!("{{{}}}", members(count)).as_bytes()).is_ok(),
            "{count}"
        );
        refused(format!("{{{},\"n{}\":0}}", members(count), count - 1).as_bytes());
        refused(format!("{{{},\"n0\":0}}", members(count)).as_bytes());
        refused(format!("{{\"x\":{{{},\"n0\":0}}}}", members(count)).as_bytes());
    }
}

#[test]
fn depth_ends_at_its_limit() {
    let nested = |open: &str, inner: &str, close: &str, levels: usize| {
        format!(
            "{{\"a\":{}{inner}{}}}",
            open.repeat(levels - 1),
            close.repeat(levels - 1)
        )
    };
    for (open, inner, close) in [
        ("[", "", "]"),
        ("{\"a\":", "0", "}"),
        ("[{\"a\":", "0", "}]"),
    ] {
        let levels = if open.len() == 6 {
            MAX_DEPTH / 2
        } else {
            MAX_DEPTH
        };
        let deep = nested(open, inner, close, levels);
        assert!(rewrite(deep.as_bytes()).is_ok(), "{deep}");
        refused(nested(open, inner, close, levels + 1).as_bytes());
    }
    refused(nested("[", "", "]", 100_000).as_bytes());
    refused("{\"a\":[".repeat(100_000).as_bytes());
    // Levels that were left do not count.
    assert!(rewrite(format!("{{\"a\":[{}0]}}", "[],{},".repeat(100)).as_bytes()).is_ok());
}

#[test]
fn integers_end_at_their_limit() {
    for sign in ["", "-"] {
        let integer = |digits: usize| format!("{{\"a\":{sign}{}}}", "9".repeat(digits));
        let longest = integer(MAX_INTEGER_DIGITS);
        assert_eq!(rewrite(longest.as_bytes()).unwrap(), longest);
        refused(integer(MAX_INTEGER_DIGITS + 1).as_bytes());
    }
}

#[test]
fn watched_members_keep_their_text() {
    const WATCHED: &[&str] = &["a", "b", "c", "d"];
    let text = br#"{ "a" : 1.50 ,"x":{"b":2},"\u0062":["p","\u0071"] , "c":"e\u00e9","d": -12}"#;
    let ((), members) = parse_object(text, &mut Discard, WATCHED).unwrap();
    let a = members.get("a").unwrap();
    assert_eq!(
        (a.as_number(), a.is_integer(), a.is_string(), a.as_string()),
        (Some(1.5), false, false, None)
    );
    let b = members.get("b").unwrap();
    assert_eq!(b.as_strings(), Some(vec!["p".to_owned(), "q".to_owned()]));
    assert_eq!((b.as_number(), b.as_string()), (None, None));
    assert_eq!(members.get("c").unwrap().as_string().unwrap(), "eé");
    assert!(members.get("d").unwrap().is_integer());
    assert!(members.get("x").is_none(), "not watched");
    let ((), members) = parse_object(br#"{"x":{"a":1},"b":[1]}"#, &mut Discard, WATCHED).unwrap();
    assert!(
        members.get("a").is_none(),
        "a nested member is not the object's own"
    );
    assert_eq!(members.get("b").unwrap().as_strings(), None);
}

#[test]
fn strings_are_written_as_python_writes_them() {
    for (text, written) in [
        ("", r#""""#),
        ("plain ~", r#""plain ~""#),
        ("\"\\/\u{8}\u{c}\n\r\t", r#""\"\\/\b\f\n\r\t""#),
        ("\0\u{1f}\u{7f}", r#""\u0000\u001f\u007f""#),
        ("é\u{2028}😀x", r#""\u00e9\u2028\ud83d\ude00x""#),
    ] {
        let mut out = Vec::new();
        write_string(text, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), written);
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text: Vec<u8>) {
        let _ = rewrite(&text);
        let _ = rewrite(&[b"{\"a\":", &text[..], b"}"].concat());
    }

    #[test]
    fn what_the_reader_takes_serde_takes_too(text in "\\{(\"[a-c]\":[-0-9.eE\\[\\]\"tfn]{1,4},?){0,3}\\}") {
        if rewrite(text.as_bytes()).is_ok() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }

    #[test]
    fn strings_survive_a_round_trip(value: String) {
        let mut out = b"{\"a\":".to_vec();
        write_string(&value, &mut out);
        out.push(b'}');
        prop_assert!(out.is_ascii());
        let ((), members) = parse_object(&out, &mut Discard, &["a"]).unwrap();
        prop_assert_eq!(members.get("a").unwrap().as_string().unwrap(), value);
    }

    #[test]
    fn floats_survive_a_round_trip(value in proptest::num::f64::NORMAL) {
        let text = format!("{{\"a\":{value:?}}}");
        prop_assert_eq!(rewrite(text.as_bytes()).unwrap(), text);
    }
}
