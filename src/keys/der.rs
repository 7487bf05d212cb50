//! Reads just enough DER to say what kind of key a file holds, before a library parses the whole key.
//!
//! The libraries answer "rejected" both for a key of another type and for a broken key. None of them finds the key in
//! a certificate for all supported curves.

use crate::error::Error;
use crate::keys::algorithm::{Curve, Family};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;

const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const OID_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const OID_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const OID_P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const OID_P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const OID_SECP256K1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x0a];

pub(super) const NOT_DER: Error = Error::KeyMalformed("not the DER of its PEM label");
const OTHER_TYPE: Error = Error::KeyMismatch("another type of key");

/// The kind of a key, as its AlgorithmIdentifier names it (RFC 5280 section 4.1.1.2).
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// Any key of this family.
    Of(Family),
    /// An RSA key for RSASSA-PSS only, and the content of its parameters if it has some (RFC 4055 section 3.1).
    Pss(Option<&'a [u8]>),
}

impl Kind<'_> {
    /// The family of the key.
    pub(crate) fn family(self) -> Family {
        match self {
            Self::Of(family) => family,
            Self::Pss(_) => Family::Rsa,
        }
    }
}

/// The elements of one constructed value, in order.
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Elements<'a> {
    /// The elements of a SEQUENCE that is the whole of `der`.
    fn of_sequence(der: &'a [u8]) -> Result<Self, Error> {
        let mut whole = Self(der);
        let inside = whole.take(SEQUENCE)?;
        if whole.0.is_empty() {
            Ok(Self(inside))
        } else {
            Err(NOT_DER)
        }
    }

    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The content of the next element, which must have `tag`.
    pub(super) fn take(&mut self, tag: u8) -> Result<&'a [u8], Error> {
        if self.peek() == Some(tag) {
            self.next().map(|(_, content)| content)
        } else {
            Err(NOT_DER)
        }
    }

    /// The content of the next element if it has `tag`.
    pub(super) fn take_if(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Error> {
        if self.peek() == Some(tag) {
            self.take(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The next element, a non-negative INTEGER, without leading zeros.
    pub(super) fn number(&mut self) -> Result<&'a [u8], Error> {
        let content = self.take(INTEGER)?;
        let zeros = content.iter().take_while(|byte| **byte == 0).count();
        content.get(zeros..).ok_or(NOT_DER)
    }

    /// The next element with its tag and length, and its content.
    fn next(&mut self) -> Result<(&'a [u8], &'a [u8]), Error> {
        let (head, length) = element_lengths(self.0).ok_or(NOT_DER)?;
        let total = head.checked_add(length).ok_or(NOT_DER)?;
        let (element, rest) = self.0.split_at_checked(total).ok_or(NOT_DER)?;
        self.0 = rest;
        Ok((element, element.get(head..).ok_or(NOT_DER)?))
    }
}

/// The lengths of the head and of the content of the first element in `der`.
fn element_lengths(der: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*der.get(1)?);
    if first < 0x80 {
        return Some((2, first));
    }
    // Four length bytes can express 4 GiB, which is longer than any key. 0x80, the indefinite length, is not DER.
    let count = first & 0x7f;
    if !(1..=4).contains(&count) {
        return None;
    }
    let head = count.checked_add(2)?;
    let bytes = der.get(2..head)?;
    Some((
        head,
        bytes
            .iter()
            .fold(0, |length, byte| (length << 8) | usize::from(*byte)),
    ))
}

/// The kind that an AlgorithmIdentifier names.
fn kind(identifier: &[u8]) -> Result<Kind<'_>, Error> {
    let mut elements = Elements(identifier);
    match elements.take(OID)? {
        OID_RSA => Ok(Kind::Of(Family::Rsa)),
        OID_PSS => {
            let parameters = elements.take_if(SEQUENCE)?;
            let ends = elements.0.is_empty();
            ends.then_some(Kind::Pss(parameters)).ok_or(NOT_DER)
        }
        OID_ED25519 => Ok(Kind::Of(Family::Ed25519)),
        OID_EC => Ok(Kind::Of(Family::Ec(curve(elements.take(OID)?)?))),
        _ => Err(OTHER_TYPE),
    }
}

fn curve(oid: &[u8]) -> Result<Curve, Error> {
    match oid {
        OID_P256 => Ok(Curve::P256),
        OID_P384 => Ok(Curve::P384),
        OID_P521 => Ok(Curve::P521),
        OID_SECP256K1 => Ok(Curve::Secp256k1),
        _ => Err(OTHER_TYPE),
    }
}

/// The kind of a SubjectPublicKeyInfo (RFC 5280 section 4.1) and the key in it.
pub(crate) fn public_key_info(der: &[u8]) -> Result<(Kind<'_>, &[u8]), Error> {
    let mut elements = Elements::of_sequence(der)?;
    let kind = kind(elements.take(SEQUENCE)?)?;
    let bits = elements.take(BIT_STRING)?;
    match bits.split_first() {
        Some((0, key)) => Ok((kind, key)),
        _ => Err(NOT_DER),
    }
}

/// The kind of a PKCS#8 private key (RFC 5958) and the key in it.
pub(crate) fn private_key_info(der: &[u8]) -> Result<(Kind<'_>, &[u8]), Error> {
    let mut elements = Elements::of_sequence(der)?;
    elements.take(INTEGER)?;
    let kind = kind(elements.take(SEQUENCE)?)?;
    Ok((kind, elements.take(OCTET_STRING)?))
}

/// The curve that a SEC1 private key (RFC 5915) names, if it names one.
pub(crate) fn sec1_curve(der: &[u8]) -> Result<Option<Curve>, Error> {
    let mut elements = Elements::of_sequence(der)?;
    elements.take(INTEGER)?;
    elements.take(OCTET_STRING)?;
    if elements.peek() != Some(CONTEXT_0) {
        return Ok(None);
    }
    curve(Elements(elements.take(CONTEXT_0)?).take(OID)?).map(Some)
}

/// The SubjectPublicKeyInfo of an X.509 certificate (RFC 5280 section 4.1).
pub(crate) fn certificate_key(der: &[u8]) -> Result<&[u8], Error> {
    let mut elements = Elements(Elements::of_sequence(der)?.take(SEQUENCE)?);
    if elements.peek() == Some(CONTEXT_0) {
        elements.next()?;
    }
    elements.take(INTEGER)?;
    // The signature's algorithm, issuer, validity and subject.
    for _ in 0..4 {
        elements.take(SEQUENCE)?;
    }
    elements.next().map(|(element, _)| element)
}

/// The modulus of a PKCS#1 public key (RFC 8017 appendix A.1.1).
pub(crate) fn rsa_public_modulus(der: &[u8]) -> Result<&[u8], Error> {
    rsa_public_numbers(der).map(|[modulus, _]| modulus)
}

/// Modulus and exponent of a PKCS#1 public key, without leading zeros.
pub(crate) fn rsa_public_numbers(der: &[u8]) -> Result<[&[u8]; 2], Error> {
    let mut elements = Elements::of_sequence(der)?;
    Ok([elements.number()?, elements.number()?])
}

/// The modulus of a PKCS#1 private key (RFC 8017 appendix A.1.2).
pub(crate) fn rsa_private_modulus(der: &[u8]) -> Result<&[u8], Error> {
    let mut elements = Elements::of_sequence(der)?;
    elements.take(INTEGER)?;
    elements.take(INTEGER)
}

/// The private exponent, the two primes and the three CRT numbers of a PKCS#1 private key, in this order, without
/// leading zeros.
pub(crate) fn rsa_private_numbers(der: &[u8]) -> Result<[&[u8]; 6], Error> {
    let mut elements = Elements::of_sequence(der)?;
    // Version, modulus and public exponent.
    for _ in 0..3 {
        elements.take(INTEGER)?;
    }
    let mut numbers: [&[u8]; 6] = [&[]; 6];
    for number in &mut numbers {
        *number = elements.number()?;
    }
    Ok(numbers)
}

/// The bits of a big-endian number, without leading zeros.
pub(crate) fn bits(number: &[u8]) -> usize {
    let mut digits = number.iter().skip_while(|byte| **byte == 0);
    let Some(first) = digits.next() else { return 0 };
    let first_bits = 8_usize.saturating_sub(first.leading_zeros() as usize);
    digits.count().saturating_mul(8).saturating_add(first_bits)
}
