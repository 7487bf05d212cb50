//! Compact serialization (RFC 7515 section 7.1).

use std::borrow::Cow;

use crate::algorithm::Algorithm;
use crate::encoding;
use crate::error::Error;
use crate::json::{self, Discard, Members};
use crate::key::{SigningKey, VerifyingKey};

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
struct Header {
    algorithm: Algorithm,
    typ: Option<Cow<'static, str>>,
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

    /// The header, parsed only if no key knows its bytes.
    fn header<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifyingKey>,
    ) -> Result<Header, Error> {
        match keys.into_iter().find(|key| key.knows_header(self.header)) {
            Some(key) => Ok(Header {
                algorithm: key.algorithm(),
                typ: Some(Cow::Borrowed(KNOWN_TYP)),
            }),
            None => read_header(&self.header_json()?),
        }
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

    /// The header's `typ`, unverified.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn unverified_typ(&self) -> Result<Option<Cow<'static, str>>, Error> {
        let header = self.header_json()?;
        let ((), members) = json::parse_object(&header, &mut Discard, &[TYP])?;
        typ(&members)
    }

    /// The payload, decoded and unverified.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn unverified_payload(&self) -> Result<Vec<u8>, Error> {
        encoding::decode(self.payload)
    }

    /// The payload, once one of `keys` with the header's algorithm verifies the signature, and the header's `typ`.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::HeaderUnsupported`], [`Error::AlgorithmMismatch`] where no key has the header's
    /// `alg`, [`Error::SignatureInvalid`].
    pub fn verified<'k, K>(&self, keys: K) -> Result<Verified, Error>
    where
        K: IntoIterator<Item = &'k VerifyingKey> + Clone,
    {
        let Header { algorithm, typ } = self.header(keys.clone())?;
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
    if members.get(KID).is_some_and(|kid| !kid.is_string()) {
        return Err(Error::Malformed("kid is no string"));
    }
    Ok(Header {
        algorithm: Algorithm::from_name(&name).map_err(|_| Error::AlgorithmMismatch)?,
        typ: typ(&members)?,
    })
}

fn typ(members: &Members<'_>) -> Result<Option<Cow<'static, str>>, Error> {
    let Some(value) = members.get(TYP) else {
        return Ok(None);
    };
    let text = value
        .as_string()
        .ok_or(Error::Malformed("typ is no string"))?;
    Ok(Some(Cow::Owned(text.into_owned())))
}

/// The payload of a token whose signature `key` verifies; any bytes, JSON or not.
///
/// # Errors
/// Those of [`Compact::split`] and [`Compact::verified`].
pub fn verify(token: &[u8], key: &VerifyingKey) -> Result<Vec<u8>, Error> {
    Ok(Compact::split(token)?.verified([key])?.payload)
}

/// The compact serialization of `payload`, any bytes, with the header `{"alg":…,"typ":"JWT"}`.
///
/// # Errors
/// [`Error::KeyMalformed`] where the key can't sign.
pub fn sign(payload: &[u8], key: &SigningKey) -> Result<String, Error> {
    let mut token = String::with_capacity(payload.len().saturating_mul(2).saturating_add(256));
    token.push_str(key.header());
    token.push('.');
    encoding::encode_onto(payload, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    encoding::encode_onto(&signature, &mut token);
    Ok(token)
}
