//! RSASSA-PSS keys (OID 1.2.840.113549.1.1.10, RFC 4055): which algorithms their parameters allow.

use crate::error::Error;
use crate::keys::algorithm::{Algorithm, Hash};
use crate::keys::der::{Elements, NOT_DER, OID, SEQUENCE};

const OID_MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
const OID_SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const OID_SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const OID_SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

const HASH: u8 = 0xa0;
const MASK: u8 = 0xa1;
const SALT: u8 = 0xa2;
const TRAILER: u8 = 0xa3;
/// The length of the salt, in bytes, by default.
const DEFAULT_SALT: &[u8] = &[20];

const OTHER_ALGORITHM: Error =
    Error::KeyMismatch("it is an RSASSA-PSS key, which serves PS256, PS384 and PS512 only");
const OTHER_PARAMETERS: Error =
    Error::KeyMismatch("its RSASSA-PSS parameters do not fit the algorithm");

/// Checks that a key with these parameters may serve an algorithm. Without parameters it serves PS256, PS384 and PS512.
///
/// The parameters name the hash, the mask generation with its hash, and the shortest salt (RFC 4055 section 3.3). The
/// salt of the algorithms is as long as their hash (RFC 7518 section 3.5).
///
/// # Errors
/// [`Error::KeyMismatch`] if they don't fit; [`Error::KeyMalformed`] for anything but such parameters.
pub(crate) fn check(algorithm: Algorithm, parameters: Option<&[u8]>) -> Result<(), Error> {
    if !matches!(
        algorithm,
        Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512
    ) {
        return Err(OTHER_ALGORITHM);
    }
    match parameters {
        Some(parameters) if !fit(parameters, algorithm.hash())? => Err(OTHER_PARAMETERS),
        _ => Ok(()),
    }
}

fn fit(parameters: &[u8], wanted: Hash) -> Result<bool, Error> {
    let mut elements = Elements(parameters);
    let hash = elements.take_if(HASH)?.map(identifier).transpose()?;
    let mask = elements.take_if(MASK)?.map(mask_hash).transpose()?;
    let salt = elements.take_if(SALT)?.map(number).transpose()?;
    let trailer = elements.take_if(TRAILER)?.map(number).transpose()?;
    if !elements.0.is_empty() {
        return Err(NOT_DER);
    }
    let wanted_oid = Some(oid(wanted));
    // By default both hashes are SHA-1, and the trailer field is 1.
    Ok(hash == wanted_oid
        && mask == Some(wanted_oid)
        && is_at_most(salt.unwrap_or(DEFAULT_SALT), wanted.length())
        && trailer.is_none_or(|trailer| trailer == [1]))
}

/// The OID of an AlgorithmIdentifier.
fn identifier(der: &[u8]) -> Result<&[u8], Error> {
    Elements(Elements(der).take(SEQUENCE)?).take(OID)
}

/// The OID of the hash that MGF1 uses; `None` for another function.
fn mask_hash(der: &[u8]) -> Result<Option<&[u8]>, Error> {
    let mut function = Elements(Elements(der).take(SEQUENCE)?);
    if function.take(OID)? == OID_MGF1 {
        identifier(function.0).map(Some)
    } else {
        Ok(None)
    }
}

fn number(der: &[u8]) -> Result<&[u8], Error> {
    Elements(der).number()
}

/// Whether a big-endian number without leading zeros is at most `most`, which is less than 256.
fn is_at_most(number: &[u8], most: usize) -> bool {
    match number {
        [] => true,
        [only] => usize::from(*only) <= most,
        _ => false,
    }
}

fn oid(hash: Hash) -> &'static [u8] {
    match hash {
        Hash::Sha256 => OID_SHA256,
        Hash::Sha384 => OID_SHA384,
        Hash::Sha512 => OID_SHA512,
    }
}
