use _core::error::Error;
use _core::token::encoding::{decode, encode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use crate::support::Generator;

/// Other alphabets, padding, white space, and a byte outside ASCII.
const ODD: &[u8] = b"+/=. \n-_\xe9";

#[test]
fn another_library_decodes_the_same_texts() {
    let total = if std::env::var_os("OXIJWT_FULL").is_some() {
        3_000_000
    } else {
        200_000
    };
    let mut random = Generator::new(7);
    let mut decoded = 0;
    for _ in 0..total {
        let bytes: Vec<u8> = (0..random.below(200))
            .map(|_| random.below(256) as u8)
            .collect();
        let mut text = encode(&bytes).into_bytes();
        assert_eq!(text, URL_SAFE_NO_PAD.encode(&bytes).into_bytes());
        if random.below(2) == 0 && !text.is_empty() {
            let place = random.below(text.len());
            text[place] = ODD[random.below(ODD.len())];
        }
        text.truncate(text.len() - random.below(3).min(text.len()));
        let ours = decode(&text).ok();
        decoded += u32::from(ours.is_some());
        assert_eq!(ours, URL_SAFE_NO_PAD.decode(&text).ok(), "{text:?}");
    }
    assert!(decoded > total / 8 && decoded < total - total / 8);
}

#[test]
fn only_canonical_base64url_decodes() {
    for (text, bytes) in [
        ("", &b""[..]),
        ("Zg", b"f"),
        ("Zm8", b"fo"),
        ("Zm9v", b"foo"),
        ("-_8", b"\xfb\xff"),
    ] {
        assert_eq!(decode(text.as_bytes()), Ok(bytes.to_vec()));
    }
    for text in [
        "Zg==",
        "Zm8=",
        "Z",
        "Zh",
        "Zm9",
        "+/8",
        "Z g",
        "Zg\n",
        " Zg",
        "Zm9v.",
        "Zm9vZ",
        "Z\u{67}\u{301}",
    ] {
        assert!(
            matches!(decode(text.as_bytes()), Err(Error::Malformed(_))),
            "{text:?} decoded"
        );
    }
}

proptest! {
    #[test]
    fn what_is_encoded_decodes(bytes: Vec<u8>) {
        prop_assert_eq!(decode(encode(&bytes).as_bytes()).unwrap(), bytes);
    }

    #[test]
    fn what_decodes_is_the_one_encoding(text in "[A-Za-z0-9_-]{0,12}") {
        if let Ok(bytes) = decode(text.as_bytes()) {
            prop_assert_eq!(encode(&bytes), text);
        }
    }
}
