//! Compact serialization (RFC 7515 section 7.1).

use std::borrow::Cow;

use crate::error::Error;
use crate::keys::algorithm::Algorithm;
use crate::keys::key::{SigningKey, VerifyingKey};
use crate::token::encoding;
use crate::token::json::{self, Discard, Members};

const ALG: &str = "alg";
const TYP: &str = "typ";
const KID: &str = "kid";
/// Extensions, refused whether or not `crit` lists them: `b64` (RFC 7797), `zip` and `enc` (RFC 7516) change what the
/// payload means.
const UNSUPPORTED: [&str; 4] = ["crit", "b64", "zip", "enc"];
const WATCHED: &[&str] = &[ALG, TYP, KID, "crit", "b64", "zip", "enc"];
/// The `typ` of the headers that [`VerifyingKey::knows_header`].
const KNOWN_TYP: &str = "JWT";

/// The members of a header that are obeyed.
pub(crate) struct Header {
    algorithm: Algorithm,
    typ: Option<Cow<'static, str>>,
    /// Which key is meant, to a ring of several.
    pub(crate) kid: Option<String>,
}

impl From<&VerifyingKey> for Header {
    /// The header of a token whose bytes are known to be this key's.
    fn from(key: &VerifyingKey) -> Self {
        Self {
            algorithm: key.algorithm(),
            typ: Some(Cow::Borrowed(KNOWN_TYP)),
            kid: None,
        }
    }
}

/// What a signature verifies.
#[derive(Debug)]
pub struct Verified {
    /// The header's `typ`.
    pub typ: Option<Cow<'static, str>>,
    /// Any bytes, JSON or not.
    pub payload: Vec<u8>,
}

/// A token taken apart, nothing decoded or checked yet.
#[derive(Clone, Copy)]
pub struct Compact<'t> {
    signing_input: &'t [u8],
    header: &'t [u8],
    payload: &'t [u8],
    signature: &'t [u8],
}

impl<'t> Compact<'t> {
    /// Takes a token apart. How long it may be is the caller's policy.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it isn't three parts of ASCII (a JWE has five).
    pub fn split(token: &'t [u8]) -> Result<Self, Error> {
        if !token.is_ascii() {
            return Err(Error::Malformed("not ASCII"));
        }
        let (signing_input, signature) = split_last(token).ok_or(NOT_THREE_PARTS)?;
        let (header, payload) = split_last(signing_input).ok_or(NOT_THREE_PARTS)?;
        if header.contains(&b'.') {
            return Err(NOT_THREE_PARTS);
        }
        Ok(Self {
            signing_input,
            header,
            payload,
            signature,
        })
    }

    /// The header as it stands.
    pub(crate) fn encoded_header(&self) -> &'t [u8] {
        self.header
    }

    /// Whether the header is one that everybody writes for this key's algorithm.
    pub(crate) fn has_header_of(&self, key: &VerifyingKey) -> bool {
        key.knows_header(self.header)
    }

    /// The header, decoded, parsed strictly (RFC 7515 section 4) and unverified.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::HeaderUnsupported`], [`Error::AlgorithmMismatch`] for an `alg` that is none of
    /// ours.
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

    /// What the signature is over.
    pub fn signing_input(&self) -> &'t [u8] {
        self.signing_input
    }

    /// The header, decoded and unverified.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn header_json(&self) -> Result<Vec<u8>, Error> {
        encoding::decode(self.header)
    }

    /// The payload, decoded and unverified.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn unverified_payload(&self) -> Result<Vec<u8>, Error> {
        encoding::decode(self.payload)
    }

    /// The payload, once `key` verifies the signature, and the header's `typ`.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::HeaderUnsupported`], [`Error::AlgorithmMismatch`], [`Error::SignatureInvalid`].
    pub fn verified_by(&self, key: &VerifyingKey) -> Result<Verified, Error> {
        self.verified(self.header()?, [key])
    }

    /// The payload, once one of `keys` with the header's algorithm verifies the signature, and the header's `typ`.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::AlgorithmMismatch`] where no key has the header's `alg`,
    /// [`Error::SignatureInvalid`].
    pub(crate) fn verified<'k>(
        &self,
        Header { algorithm, typ, .. }: Header,
        keys: impl IntoIterator<Item = &'k VerifyingKey>,
    ) -> Result<Verified, Error> {
        let signature = self.signature()?;
        let mut outcome = Err(Error::AlgorithmMismatch);
        for key in keys.into_iter().filter(|key| key.algorithm() == algorithm) {
            outcome = key.verify(self.signing_input, &signature);
            if outcome.is_ok() {
                break;
            }
        }
        outcome?;
        Ok(Verified {
            typ,
            payload: self.unverified_payload()?,
        })
    }
}

const NOT_THREE_PARTS: Error = Error::Malformed("not three parts");

fn split_last(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, after) = text.split_at_checked(text.iter().rposition(|byte| *byte == b'.')?)?;
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
        .ok_or(Error::Malformed("no alg in the header"))?;
    Ok(Header {
        algorithm: Algorithm::from_name(&name).map_err(|_| Error::AlgorithmMismatch)?,
        typ: text(&members, TYP, Error::Malformed("typ is no string"))?.map(Cow::Owned),
        kid: text(&members, KID, Error::Malformed("kid is no string"))?,
    })
}

fn text(members: &Members<'_>, name: &str, mistyped: Error) -> Result<Option<String>, Error> {
    let value = members.get(name);
    let text = value.map(|value| value.as_string().ok_or(mistyped));
    Ok(text.transpose()?.map(Cow::into_owned))
}

/// The payload of a token whose signature `key` verifies; any bytes, JSON or not.
///
/// # Errors
/// Those of [`Compact::split`] and [`Compact::verified_by`].
pub fn verify(token: &[u8], key: &VerifyingKey) -> Result<Vec<u8>, Error> {
    Ok(Compact::split(token)?.verified_by(key)?.payload)
}

/// The compact serialization of `payload`, any bytes, with the header `{"alg":…,"typ":"JWT"}`.
///
/// # Errors
/// [`Error::KeyMalformed`] where the key can't sign.
pub fn sign(payload: &[u8], key: &SigningKey) -> Result<String, Error> {
    sign_under(key.header(), payload, key)
}

/// The compact serialization of `payload`, any bytes, with this encoded header.
///
/// # Errors
/// [`Error::KeyMalformed`] where the key can't sign.
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
