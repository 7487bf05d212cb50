use _core::error::Error;
use _core::token::encoding::{decode, encode};
use proptest::prelude::*;

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
