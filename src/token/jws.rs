//! Compact serialization (RFC 7515 section 7.1).

use std::borrow::Cow;

use memchr::{memchr, memrchr};

use crate::error::Error;
use crate::keys::algorithm::Algorithm;
use crate::keys::key::{SigningKey, VerifyingKey};
use crate::token::encoding;
use crate::token::json::{self, Discard, Members};

const ALG: &str = "alg";
const TYP: &str = "typ";
const KID: &str = "kid";
/// Extensions that are refused even if `crit` does not list them: `b64` (RFC 7797), `zip` and `enc` (RFC 7516) change
/// the meaning of the payload.
const UNSUPPORTED: [&str; 4] = ["crit", "b64", "zip", "enc"];
const WATCHED: &[&str] = &[ALG, TYP, KID, "crit", "b64", "zip", "enc"];
/// The encoded bytes of the longest signature that needs no allocation: that of ES512.
const USUAL_SIGNATURE: usize = 176;
/// The `typ` in the headers for which [`VerifyingKey::knows_header`] is true.
const KNOWN_TYP: &str = "JWT";

/// The members of a header that decide how the token is verified.
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) typ: Option<Cow<'static, str>>,
    /// The id of the key, for a ring of several keys.
    pub(crate) kid: Option<String>,
}

impl From<&VerifyingKey> for Header {
    /// The header of a token whose encoded header is one that this key knows.
    fn from(key: &VerifyingKey) -> Self {
        Self {
            algorithm: key.algorithm(),
            typ: Some(Cow::Borrowed(KNOWN_TYP)),
            kid: None,
        }
    }
}

/// A token that is split into its parts. Nothing is decoded or checked yet.
#[derive(Clone, Copy)]
pub struct Compact<'t> {
    signing_input: &'t [u8],
    header: &'t [u8],
    payload: &'t [u8],
    signature: &'t [u8],
}

impl<'t> Compact<'t> {
    /// Splits a token. The caller's policy limits its length.
    ///
    /// # Errors
    /// [`Error::Malformed`] unless the token is three parts in ASCII (a JWE has five).
    pub fn split(token: &'t [u8]) -> Result<Self, Error> {
        // Without a branch in the loop, the compiler uses vector instructions.
        if !token
            .iter()
            .fold(true, |ascii, byte| ascii & byte.is_ascii())
        {
            return Err(Error::Malformed("not ASCII"));
        }
        let (signing_input, signature) = split_last(token).ok_or(NOT_THREE_PARTS)?;
        let (header, payload) = split_last(signing_input).ok_or(NOT_THREE_PARTS)?;
        if memchr(b'.', header).is_some() {
            return Err(NOT_THREE_PARTS);
        }
        Ok(Self {
            signing_input,
            header,
            payload,
            signature,
        })
    }

    /// The encoded header.
    pub(crate) fn encoded_header(&self) -> &'t [u8] {
        self.header
    }

    /// Whether the header is one that libraries usually write for this key's algorithm.
    pub(crate) fn has_header_of(&self, key: &VerifyingKey) -> bool {
        key.knows_header(self.header)
    }

    /// The header, decoded and strictly parsed (RFC 7515 section 4), but not verified.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::HeaderUnsupported`], [`Error::AlgorithmMismatch`] for an unknown `alg`.
    pub(crate) fn header(&self) -> Result<Header, Error> {
        read_header(&self.header_json()?)
    }

    /// The signature, decoded.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn signature(&self) -> Result<Vec<u8>, Error> {
        encoding::decode(self.signature)
    }

    /// The text that is signed.
    pub fn signing_input(&self) -> &'t [u8] {
        self.signing_input
    }

    /// The decoded header, not verified.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn header_json(&self) -> Result<Vec<u8>, Error> {
        encoding::decode(self.header)
    }

    /// The decoded payload, not verified.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn unverified_payload(&self) -> Result<Vec<u8>, Error> {
        encoding::decode(self.payload)
    }

    /// Verifies the signature with `key`.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::HeaderUnsupported`], [`Error::AlgorithmMismatch`], [`Error::SignatureInvalid`].
    pub fn verify_by(&self, key: &VerifyingKey) -> Result<(), Error> {
        self.verify(self.header()?.algorithm, [key])
    }

    /// Verifies the signature with those of `keys` that have this algorithm, in order, until one succeeds.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::AlgorithmMismatch`] if none of the keys has the algorithm,
    /// [`Error::SignatureInvalid`].
    pub(crate) fn verify<'k>(
        &self,
        algorithm: Algorithm,
        keys: impl IntoIterator<Item = &'k VerifyingKey>,
    ) -> Result<(), Error> {
        let mut room = [0; USUAL_SIGNATURE];
        let signature = match encoding::decode_into(self.signature, &mut room) {
            Some(signature) => signature?,
            None => &self.signature()?,
        };
        let mut outcome = Err(Error::AlgorithmMismatch);
        for key in keys.into_iter().filter(|key| key.algorithm() == algorithm) {
            outcome = key.verify(self.signing_input, signature);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}

const NOT_THREE_PARTS: Error = Error::Malformed("not three parts");

fn split_last(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, after) = text.split_at_checked(memrchr(b'.', text)?)?;
    Some((before, after.get(1..)?))
}

/// Reads a header strictly (RFC 7515 section 4).
fn read_header(header: &[u8]) -> Result<Header, Error> {
    let ((), members) = json::parse_object(header, &mut Discard, WATCHED)?;
    if let Some(name) = UNSUPPORTED.iter().find(|name| members.get(name).is_some()) {
        return Err(Error::HeaderUnsupported(name));
    }
    let name = members
        .get(ALG)
        .and_then(json::RawValue::as_string)
        .ok_or(Error::Malformed("the header has no alg"))?;
    Ok(Header {
        algorithm: Algorithm::from_name(&name).map_err(|_| Error::AlgorithmMismatch)?,
        typ: text(&members, TYP, Error::Malformed("typ must be a string"))?.map(Cow::Owned),
        kid: text(&members, KID, Error::Malformed("kid must be a string"))?,
    })
}

fn text(members: &Members<'_>, name: &str, mistyped: Error) -> Result<Option<String>, Error> {
    let value = members.get(name);
    let text = value.map(|value| value.as_string().ok_or(mistyped));
    Ok(text.transpose()?.map(Cow::into_owned))
}

/// Verifies a token with `key` and returns its payload: any bytes, JSON or not.
///
/// # Errors
/// Those of [`Compact::split`] and [`Compact::verify_by`].
pub fn verify(token: &[u8], key: &VerifyingKey) -> Result<Vec<u8>, Error> {
    let compact = Compact::split(token)?;
    compact.verify_by(key)?;
    compact.unverified_payload()
}

/// Signs `payload`, any bytes, under the header `{"alg":…,"typ":"JWT"}`, and returns the compact serialization.
///
/// # Errors
/// [`Error::KeyMalformed`] if the key can't sign.
pub fn sign(payload: &[u8], key: &SigningKey) -> Result<String, Error> {
    sign_under(key.header(), payload, key)
}

/// Signs `payload`, any bytes, under this encoded header, and returns the compact serialization.
///
/// # Errors
/// [`Error::KeyMalformed`] if the key can't sign.
pub(crate) fn sign_under(header: &str, payload: &[u8], key: &SigningKey) -> Result<String, Error> {
    let mut token = String::with_capacity(payload.len().saturating_mul(2).saturating_add(256));
    token.push_str(header);
    token.push('.');
    encoding::encode_onto(payload, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    encoding::encode_onto(&signature, &mut token);
    Ok(token)
}
