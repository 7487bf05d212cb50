//! Why oxijwt and jsonwebtoken may disagree: the classes that docs/differences.md lists, by the same names.
//!
//! Each class looks at what serde_json reads. An error's code alone never explains a disagreement.

use _core::token::encoding;
use _core::token::json::{self, MAX_DEPTH, MAX_INTEGER_DIGITS};
use jsonwebtoken::jwk::Jwk;
use serde_json::Value;

use crate::claims::{audience, has, is_id, is_time};
use crate::json::{depth, most_digits};
use crate::token::subtype;
use crate::tree::{TreeBuilder, Unique};

/// The longest token in bytes.
pub const MAX_LENGTH: usize = 16_384;

/// A token on which one library accepts and the other does not.
pub struct Seen {
    length: usize,
    /// The header and the payload, decoded.
    texts: [Vec<u8>; 2],
    /// What serde_json reads; null if it can't read the text.
    header: Value,
    claims: Value,
}

impl Seen {
    /// Decodes the parts of a token that one of the libraries accepted.
    pub fn of(token: &[u8]) -> Self {
        let mut parts = token.split(|byte| *byte == b'.');
        let mut part = || encoding::decode(parts.next().expect("three parts")).expect("base64url");
        let texts = [part(), part()];
        let [header, claims] =
            [&texts[0], &texts[1]].map(|text| serde_json::from_slice(text).unwrap_or(Value::Null));
        Self {
            length: token.len(),
            texts,
            header,
            claims,
        }
    }

    fn some_text(&self, test: impl Fn(&[u8]) -> bool) -> bool {
        self.texts.iter().any(|text| test(text))
    }

    fn has_some_time(&self, test: impl Fn(&Value) -> bool) -> bool {
        ["exp", "nbf", "iat"]
            .iter()
            .any(|name| self.claims.get(name).is_some_and(&test))
    }

    fn has_claim(&self, name: &str, right: impl Fn(&Value) -> bool) -> bool {
        has(&self.claims, name, right)
    }
}

/// One reason for a disagreement.
#[derive(Clone, Copy)]
pub struct Class {
    /// Its name in docs/differences.md.
    pub name: &'static str,
    /// The codes of the library that refuses.
    codes: &'static [&'static str],
    test: fn(&Seen) -> bool,
    /// A header and a payload that belong to this class only.
    pub example: fn() -> (String, String),
}

impl Class {
    /// Whether the token belongs to this class, and was refused with a code of this class.
    pub fn explains(&self, seen: &Seen, code: &str) -> bool {
        self.codes.contains(&code) && (self.test)(seen)
    }
}

/// What oxijwt refuses and jsonwebtoken accepts.
pub const REFUSED: [Class; 15] = [
    Class {
        name: "too-long",
        codes: &["too_large"],
        test: |seen| seen.length > MAX_LENGTH,
        example: || payload(format!(r#"{{"x":"{}"}}"#, "x".repeat(MAX_LENGTH))),
    },
    Class {
        name: "duplicate-name",
        codes: MALFORMED,
        test: |seen| seen.some_text(|text| serde_json::from_slice::<Unique>(text).is_err()),
        example: || payload(r#"{"x":1,"x":2}"#),
    },
    Class {
        name: "depth",
        codes: MALFORMED,
        test: |seen| depth(&seen.header) > MAX_DEPTH || depth(&seen.claims) > MAX_DEPTH,
        example: || payload(format!(r#"{{"x":{}{}}}"#, "[".repeat(32), "]".repeat(32))),
    },
    Class {
        name: "digits",
        codes: MALFORMED,
        test: |seen| seen.some_text(|text| most_digits(text) > MAX_INTEGER_DIGITS),
        example: || payload(format!(r#"{{"x":1{}e-4300}}"#, "0".repeat(4300))),
    },
    Class {
        name: "not-an-object",
        codes: MALFORMED,
        test: |seen| seen.claims.is_array(),
        example: || payload(r#"[1,2,"sub","iss","aud"]"#),
    },
    Class {
        name: "header-extension",
        codes: &["header_unsupported"],
        test: |seen| {
            EXTENSIONS
                .iter()
                .any(|name| seen.header.get(name).is_some())
        },
        example: || header(r#"{"alg":"HS256","crit":["exp"]}"#),
    },
    Class {
        name: "alg-type",
        codes: MALFORMED,
        test: |seen| !seen.header["alg"].is_string(),
        example: || header(r#"{"alg":{"HS256":null}}"#),
    },
    Class {
        name: "typ",
        codes: &["malformed", "header_unsupported"],
        test: |seen| !has(&seen.header, "typ", is_allowed_typ),
        example: || header(r#"{"alg":"HS256","typ":"JOSE"}"#),
    },
    Class {
        name: "kid-type",
        codes: MALFORMED,
        test: |seen| !has(&seen.header, "kid", Value::is_string),
        example: || header(r#"{"alg":"HS256","kid":null}"#),
    },
    Class {
        name: "time-type",
        codes: CLAIM_INVALID,
        test: |seen| seen.has_some_time(|time| !time.is_number()),
        example: || payload(r#"{"exp":"1"}"#),
    },
    Class {
        name: "time-range",
        codes: CLAIM_INVALID,
        test: |seen| seen.has_some_time(|time| time.is_number() && !is_time(time)),
        example: || payload(r#"{"exp":1e12}"#),
    },
    Class {
        name: "aud-type",
        codes: CLAIM_INVALID,
        test: |seen| !seen.has_claim("aud", |aud| audience(aud).is_some()),
        example: || payload(r#"{"aud":["api",1]}"#),
    },
    Class {
        name: "iss-type",
        codes: CLAIM_INVALID,
        test: |seen| !seen.has_claim("iss", Value::is_string),
        example: || payload(r#"{"iss":["issuer"]}"#),
    },
    Class {
        name: "sub-type",
        codes: CLAIM_INVALID,
        test: |seen| !seen.has_claim("sub", |sub| sub.is_string() || sub.is_u64() || sub.is_i64()),
        example: || payload(r#"{"sub":true}"#),
    },
    Class {
        name: "jti-form",
        codes: CLAIM_INVALID,
        test: |seen| !seen.has_claim("jti", |jti| jti.as_str().is_some_and(is_id)),
        example: || payload(r#"{"jti":""}"#),
    },
];

/// What oxijwt accepts and jsonwebtoken refuses. The examples are signed with EdDSA.
pub const ACCEPTED: [Class; 3] = [
    Class {
        name: "ed25519-name",
        codes: JSON,
        test: |seen| seen.header["alg"] == "Ed25519",
        example: || header(r#"{"alg":"Ed25519"}"#),
    },
    Class {
        name: "huge-integer",
        codes: JSON,
        test: |seen| seen.some_text(has_huge_integer),
        example: || {
            let claims = format!(r#"{{"x":1{}}}"#, "0".repeat(309));
            (r#"{"alg":"EdDSA"}"#.to_owned(), claims)
        },
    },
    Class {
        name: "header-type",
        codes: JSON,
        test: |seen| !has_registered_types(&seen.header),
        example: || header(r#"{"alg":"EdDSA","cty":1}"#),
    },
];

const MALFORMED: &[&str] = &["malformed"];
const CLAIM_INVALID: &[&str] = &["claim_invalid"];
const JSON: &[&str] = &["json"];
const EXTENSIONS: [&str; 4] = ["crit", "b64", "zip", "enc"];
/// The other members of a header for which jsonwebtoken needs a string.
const TEXTS: [&str; 7] = ["cty", "jku", "x5u", "x5t", "x5t#S256", "url", "nonce"];

fn header(text: &str) -> (String, String) {
    (text.to_owned(), "{}".to_owned())
}

fn payload(text: impl Into<String>) -> (String, String) {
    (r#"{"alg":"HS256"}"#.to_owned(), text.into())
}

fn is_allowed_typ(typ: &Value) -> bool {
    let typ = typ.as_str().map(subtype);
    typ.is_some_and(|typ| ["jwt", "at+jwt"].contains(&&*typ))
}

fn has_huge_integer(text: &[u8]) -> bool {
    json::parse_object(text, &mut TreeBuilder, &[]).is_ok_and(|(tree, _)| tree.has_huge_integer())
}

/// Whether the members that RFC 7515 section 4.1 and RFC 8555 section 6 define have the types of jsonwebtoken, or are
/// null.
fn has_registered_types(header: &Value) -> bool {
    let is_text = |name: &&str| has(header, name, |text| text.is_string() || text.is_null());
    let is_chain = |chain: &Value| {
        let names = chain.as_array();
        chain.is_null() || names.is_some_and(|names| names.iter().all(Value::is_string))
    };
    let is_jwk = |jwk: &Value| jwk.is_null() || serde_json::from_value::<Jwk>(jwk.clone()).is_ok();
    TEXTS.iter().all(is_text) && has(header, "x5c", is_chain) && has(header, "jwk", is_jwk)
}
