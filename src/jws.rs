//! Compact serialization (RFC 7515 section 7.1).

use crate::algorithm::Algorithm;
use crate::encoding;
use crate::error::Error;
use crate::json::{self, Discard};
use crate::key::{SigningKey, VerifyingKey};

/// Longest token in bytes that is read or made. Checked before anything is decoded.
pub const MAX_TOKEN_LENGTH: usize = 16_384;

const ALG: &str = "alg";
const WATCHED: &[&str] = &[ALG, "crit", "b64", "zip", "enc"];

/// A token taken apart, nothing decoded or checked yet.
#[derive(Clone, Copy)]
pub struct Compact<'t> {
    signing_input: &'t [u8],
    header: &'t [u8],
    payload: &'t [u8],
    signature: &'t [u8],
}

impl<'t> Compact<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::Malformed`] where it isn't three parts of ASCII (a JWE has five).
    pub fn split(token: &'t [u8]) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(Error::TooLarge);
        }
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

    /// The algorithm that the header names; the header is parsed only if no key knows its bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::HeaderUnsupported`] or [`Error::AlgorithmMismatch`] for an unknown `alg`.
    pub fn algorithm<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifyingKey>,
    ) -> Result<Algorithm, Error> {
        match keys.into_iter().find(|key| key.knows_header(self.header)) {
            Some(key) => Ok(key.algorithm()),
            None => header_algorithm(&self.header_json()?),
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

    /// The payload, decoded and unverified.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn unverified_payload(&self) -> Result<Vec<u8>, Error> {
        encoding::decode(self.payload)
    }

    /// The payload, once one of `keys` with the header's algorithm verifies the signature.
    ///
    /// # Errors
    /// [`Error::AlgorithmMismatch`] where no key has that algorithm, [`Error::SignatureInvalid`], and those of
    /// [`Compact::algorithm`] and of decoding.
    pub fn verified_payload<'k, K>(&self, keys: K) -> Result<Vec<u8>, Error>
    where
        K: IntoIterator<Item = &'k VerifyingKey> + Clone,
    {
        let algorithm = self.algorithm(keys.clone())?;
        let signature = self.signature()?;
        let mut outcome = Err(Error::AlgorithmMismatch);
        for key in keys.into_iter().filter(|key| key.algorithm() == algorithm) {
            outcome = key.verify(self.signing_input, &signature);
            if outcome.is_ok() {
                break;
            }
        }
        outcome.and_then(|()| self.unverified_payload())
    }
}

const NOT_THREE_PARTS: Error = Error::Malformed("not three parts");

fn split_last(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, after) = text.split_at_checked(text.iter().rposition(|byte| *byte == b'.')?)?;
    Some((before, after.get(1..)?))
}

/// Reads a header strictly (RFC 7515 section 4). Extensions are refused whether or not `crit` lists them: `b64`
/// (RFC 7797), `zip` and `enc` (RFC 7516) change what the payload means.
fn header_algorithm(header: &[u8]) -> Result<Algorithm, Error> {
    let ((), members) = json::parse_object(header, &mut Discard, WATCHED)?;
    if let Some(name) = WATCHED
        .iter()
        .find(|name| **name != ALG && members.get(name).is_some())
    {
        return Err(Error::HeaderUnsupported(name));
    }
    let name = members
        .get(ALG)
        .and_then(json::RawValue::as_string)
        .ok_or(Error::Malformed("no alg in the header"))?;
    Algorithm::from_name(&name).map_err(|_| Error::AlgorithmMismatch)
}

/// The payload of a token whose signature `key` verifies; any bytes, JSON or not.
///
/// # Errors
/// Those of [`Compact::split`] and [`Compact::verified_payload`].
pub fn verify(token: &[u8], key: &VerifyingKey) -> Result<Vec<u8>, Error> {
    Compact::split(token)?.verified_payload([key])
}

/// The compact serialization of `payload`, any bytes, with the header `{"alg":…,"typ":"JWT"}`.
///
/// # Errors
/// [`Error::TooLarge`] where the token would not be read again; [`Error::KeyMalformed`] where the key can't sign.
pub fn sign(payload: &[u8], key: &SigningKey) -> Result<String, Error> {
    if payload.len() > MAX_TOKEN_LENGTH {
        return Err(Error::TooLarge);
    }
    let mut token = String::with_capacity(payload.len().saturating_mul(2).saturating_add(256));
    token.push_str(key.header());
    token.push('.');
    encoding::encode_onto(payload, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    encoding::encode_onto(&signature, &mut token);
    if token.len() > MAX_TOKEN_LENGTH {
        Err(Error::TooLarge)
    } else {
        Ok(token)
    }
}
