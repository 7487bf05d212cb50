//! One JWK (RFC 7517, RFC 7518 section 6, RFC 8037). Its members are checked before a key is made from them.
//!
//! The members `x5c`, `x5u`, `x5t` and `jku` are ignored.

use std::fmt;

use aws_lc_rs::digest;
use jsonwebtoken::jwk::{KeyOperations, PublicKeyUse};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::keys::algorithm::{Algorithm, Curve, Family};
use crate::keys::der;
use crate::token::encoding;
use crate::token::json::{self, Discard};

/// Key material that is wiped when it is dropped.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// What a key will be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Sign,
    Verify,
}

/// The decoded material of a JWK.
pub(crate) enum Material {
    Octets(Secret),
    Rsa(RsaPublic, Option<RsaPrivate>),
    /// The uncompressed point, and the private key.
    Ec(Vec<u8>, Option<Secret>),
    /// The public key, and the seed.
    Ed25519(Vec<u8>, Option<Secret>),
}

/// Modulus and exponent.
pub(crate) struct RsaPublic {
    pub(crate) n: Vec<u8>,
    pub(crate) e: Vec<u8>,
}

/// The private exponent with the factors and the CRT numbers.
pub(crate) struct RsaPrivate {
    pub(crate) d: Secret,
    pub(crate) p: Secret,
    pub(crate) q: Secret,
    pub(crate) dp: Secret,
    pub(crate) dq: Secret,
    pub(crate) qi: Secret,
}

/// One JWK whose form is checked. Whether it fits an algorithm is not checked yet.
///
/// Key material is borrowed from the text, so that no copy stays in memory. A member with JSON escapes can't be
/// borrowed and is refused; base64url needs no escapes.
#[derive(Deserialize)]
pub(crate) struct Jwk<'j> {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    key_use: Option<PublicKeyUse>,
    key_ops: Option<Vec<KeyOperations>>,
    alg: Option<String>,
    crv: Option<String>,
    #[serde(borrow)]
    k: Member<'j>,
    #[serde(borrow)]
    n: Member<'j>,
    #[serde(borrow)]
    e: Member<'j>,
    #[serde(borrow)]
    x: Member<'j>,
    #[serde(borrow)]
    y: Member<'j>,
    #[serde(borrow)]
    d: Member<'j>,
    #[serde(borrow)]
    p: Member<'j>,
    #[serde(borrow)]
    q: Member<'j>,
    #[serde(borrow)]
    dp: Member<'j>,
    #[serde(borrow)]
    dq: Member<'j>,
    #[serde(borrow)]
    qi: Member<'j>,
    oth: Option<serde::de::IgnoredAny>,
    /// Whether an issuer has published it, so that two common mistakes of writers are tolerated.
    #[serde(skip)]
    of_issuer: bool,
}

/// The public members of an asymmetric key (RFC 7518 section 6, RFC 8037). Each key has one spelling: RSA numbers
/// without leading zeros, and coordinates in full length.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicJwk {
    /// In the order in which RFC 7638 hashes them.
    members: Vec<(&'static str, String)>,
}

impl PublicJwk {
    /// Reads the key of a SubjectPublicKeyInfo that a library has accepted.
    ///
    /// # Errors
    /// [`Error::KeyMalformed`], [`Error::KeyMismatch`].
    pub(crate) fn from_key_info(der: &[u8]) -> Result<Self, Error> {
        let (kind, key) = der::public_key_info(der)?;
        let encoded = encoding::encode;
        let named = str::to_owned;
        let members = match kind.family() {
            Family::Hmac => return Err(Error::KeyMismatch("a secret has no public half")),
            Family::Rsa => {
                let [n, e] = der::rsa_public_numbers(key)?;
                vec![("e", encoded(e)), ("kty", named("RSA")), ("n", encoded(n))]
            }
            Family::Ec(curve) => {
                let (x, y) = coordinates(curve, key)?;
                let (crv, kty) = (named(curve.name()), named("EC"));
                vec![
                    ("crv", crv),
                    ("kty", kty),
                    ("x", encoded(x)),
                    ("y", encoded(y)),
                ]
            }
            Family::Ed25519 => {
                vec![
                    ("crv", named("Ed25519")),
                    ("kty", named("OKP")),
                    ("x", encoded(key)),
                ]
            }
        };
        Ok(Self { members })
    }

    /// Its members, `kty` among them.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let members = self.members.iter();
        members.map(|(name, value)| (*name, value.as_str()))
    }

    /// The SHA-256 thumbprint (RFC 7638).
    pub fn thumbprint(&self) -> String {
        let hash = digest::digest(&digest::SHA256, &self.object());
        encoding::encode(hash.as_ref())
    }

    /// The JWK as JSON in ASCII, with this `kid`, this `alg`, and `use` set to `sig`.
    pub fn to_json(&self, kid: &str, algorithm: Algorithm) -> String {
        let mut members = self.members.clone();
        members.push(("kid", kid.to_owned()));
        members.push(("alg", algorithm.name().to_owned()));
        members.push(("use", "sig".to_owned()));
        let object = Self { members }.object();
        object.into_iter().map(char::from).collect()
    }

    /// The members as a JSON object without white space.
    fn object(&self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut separator = b'{';
        for (name, value) in &self.members {
            text.push(separator);
            json::write_string(name, &mut text);
            text.push(b':');
            json::write_string(value, &mut text);
            separator = b',';
        }
        text.push(b'}');
        text
    }
}

/// Shows only the kind of the key.
impl fmt::Debug for PublicJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = |name: &&str| matches!(*name, "kty" | "crv");
        let kinds = self.members.iter().filter(|(name, _)| kind(name));
        f.write_str("PublicJwk")?;
        f.debug_list()
            .entries(kinds.map(|(_, value)| value))
            .finish()
    }
}

/// The coordinates of an uncompressed point (SEC 1 section 2.3.3).
fn coordinates(curve: Curve, point: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let length = curve.coordinate_length();
    match point.split_first() {
        Some((4, both)) if both.len() == length.saturating_mul(2) => Ok(both.split_at(length)),
        _ => Err(Error::KeyMalformed("not an uncompressed point")),
    }
}

type Member<'j> = Option<&'j str>;

const MISSING: Error = Error::KeyMalformed("a JWK member is missing or mistyped");

impl<'j> Jwk<'j> {
    /// Reads the form of a JWK: strict JSON, members of the right types.
    ///
    /// # Errors
    /// [`Error::KeyMalformed`].
    pub(crate) fn parse(text: &'j [u8]) -> Result<Self, Error> {
        // serde_json accepts a name twice, so the strict reader reads the text first.
        json::parse_object(text, &mut Discard, &[])
            .map_err(|_| Error::KeyMalformed("a JWK must be a strict JSON object"))?;
        let jwk: Self = serde_json::from_slice(text).map_err(|_| MISSING)?;
        jwk.check_operations()?;
        Ok(jwk)
    }

    /// Reads the form of a JWK of an issuer, as [`Jwk::parse`]. `=` may follow its public members, and its `n` may have
    /// a leading zero octet (RFC 7518 section 6.3.1.1).
    ///
    /// # Errors
    /// [`Error::KeyMalformed`].
    pub(crate) fn parse_of_issuer(text: &'j [u8]) -> Result<Self, Error> {
        Self::parse(text).map(|jwk| Self {
            of_issuer: true,
            ..jwk
        })
    }

    /// The mistakes of its writer that [`Jwk::parse_of_issuer`] tolerates.
    pub(crate) fn tolerated(&self) -> impl Iterator<Item = &'static str> {
        let padded = [self.n, self.e, self.x, self.y]
            .iter()
            .flatten()
            .any(|member| member.ends_with('='));
        let prefixed = self.octets(self.n).is_ok_and(|n| n.first() == Some(&0));
        let padded = padded.then_some("a member is padded with =");
        let prefixed = prefixed.then_some("its n has a leading zero octet");
        padded.into_iter().chain(prefixed)
    }

    /// Checks that `key_ops` has no duplicates and does not contradict `use` (RFC 7517 section 4.3).
    fn check_operations(&self) -> Result<(), Error> {
        let operations = self.key_ops.as_deref().unwrap_or_default();
        let mut rest = operations;
        while let Some((first, others)) = rest.split_first() {
            if others.contains(first) {
                return Err(Error::KeyMalformed("its key_ops list an operation twice"));
            }
            rest = others;
        }
        let contradicts = match self.key_use {
            Some(PublicKeyUse::Signature) => operations.iter().any(encrypts),
            Some(PublicKeyUse::Encryption) => operations.iter().any(signs),
            _ => false,
        };
        if contradicts {
            return Err(Error::KeyMalformed(
                "its use and key_ops contradict each other",
            ));
        }
        Ok(())
    }

    /// The decoded members, for one algorithm and one purpose.
    ///
    /// # Errors
    /// [`Error::KeyMalformed`] for a wrong encoding or length; [`Error::KeyMismatch`] if `kty`, `crv`, `use`,
    /// `key_ops` or `alg` does not fit; [`Error::KeyPrivate`] and [`Error::KeyPublic`] for the wrong half.
    pub(crate) fn material(
        &self,
        algorithm: Algorithm,
        purpose: Purpose,
    ) -> Result<Material, Error> {
        self.check_intent(algorithm, purpose)?;
        self.check_half(algorithm, purpose)?;
        match (algorithm.family(), self.family()?) {
            (Family::Hmac, Family::Hmac) => Ok(Material::Octets(secret(self.k)?)),
            (Family::Rsa, Family::Rsa) => self.rsa(),
            (Family::Ec(wanted), Family::Ec(curve)) if wanted == curve => self.ec(curve),
            (Family::Ec(_), Family::Ec(_)) => Err(OTHER_CURVE),
            (Family::Ed25519, Family::Ed25519) => self.ed25519(),
            _ => Err(Error::KeyMismatch("its kty does not fit")),
        }
    }

    /// `kid` (RFC 7517 section 4.5).
    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `kty` (RFC 7517 section 4.1).
    pub(crate) fn kty(&self) -> &str {
        &self.kty
    }

    /// The kind of key, by `kty` and `crv`.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`] for an unsupported kind, [`Error::KeyMalformed`] without `crv`.
    pub(crate) fn family(&self) -> Result<Family, Error> {
        match (self.kty(), self.crv.as_deref()) {
            ("oct", _) => Ok(Family::Hmac),
            ("RSA", _) => Ok(Family::Rsa),
            ("EC", Some(crv)) => Curve::from_name(crv).map(Family::Ec).ok_or(OTHER_CURVE),
            ("OKP", Some("Ed25519")) => Ok(Family::Ed25519),
            ("OKP", Some(_)) => Err(OTHER_CURVE),
            ("EC" | "OKP", None) => Err(MISSING),
            _ => Err(Error::KeyMismatch("its kty does not fit")),
        }
    }

    /// The algorithm that `alg` names.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`] for an unknown algorithm.
    pub(crate) fn algorithm(&self) -> Result<Option<Algorithm>, Error> {
        let known = |name: &String| Algorithm::from_name(name).map_err(|_| OTHER_ALGORITHM);
        self.alg.as_ref().map(known).transpose()
    }

    /// Whether it has a private member of an asymmetric key.
    pub(crate) fn is_private(&self) -> bool {
        let private = [self.d, self.p, self.q, self.dp, self.dq, self.qi];
        private.iter().any(Option::is_some)
    }

    /// Whether `key_ops` allow this purpose. Without `key_ops`, every purpose is allowed.
    pub(crate) fn allows(&self, purpose: Purpose) -> bool {
        let operation = match purpose {
            Purpose::Sign => KeyOperations::Sign,
            Purpose::Verify => KeyOperations::Verify,
        };
        (self.key_ops.as_ref()).is_none_or(|operations| operations.contains(&operation))
    }

    /// `use`, `key_ops` and `alg` (RFC 7517 sections 4.2 to 4.4).
    fn check_intent(&self, algorithm: Algorithm, purpose: Purpose) -> Result<(), Error> {
        let signature = |key_use: &PublicKeyUse| *key_use == PublicKeyUse::Signature;
        if !self.key_use.as_ref().is_none_or(signature) {
            return Err(Error::KeyMismatch("its use is not sig"));
        }
        if !self.allows(purpose) {
            return Err(Error::KeyMismatch(
                "its key_ops do not allow this operation",
            ));
        }
        if self.algorithm()?.is_some_and(|named| named != algorithm) {
            return Err(OTHER_ALGORITHM);
        }
        Ok(())
    }

    /// Checks that the private half is present for signing and absent for verifying.
    fn check_half(&self, algorithm: Algorithm, purpose: Purpose) -> Result<(), Error> {
        match (purpose, self.is_private()) {
            _ if algorithm.family() == Family::Hmac => Ok(()),
            (Purpose::Sign, false) if self.kty() != "oct" => Err(Error::KeyPublic),
            (Purpose::Verify, true) => Err(Error::KeyPrivate),
            _ => Ok(()),
        }
    }

    fn rsa(&self) -> Result<Material, Error> {
        if self.oth.is_some() {
            return Err(Error::KeyMalformed(
                "an RSA key must not have more than two primes",
            ));
        }
        let public = RsaPublic {
            n: self.modulus()?,
            e: self.octets(self.e)?,
        };
        if self.d.is_none() {
            return Ok(Material::Rsa(public, None));
        }
        let private = RsaPrivate {
            d: secret(self.d)?,
            p: secret(self.p)?,
            q: secret(self.q)?,
            dp: secret(self.dp)?,
            dq: secret(self.dq)?,
            qi: secret(self.qi)?,
        };
        Ok(Material::Rsa(public, Some(private)))
    }

    fn modulus(&self) -> Result<Vec<u8>, Error> {
        let n = self.octets(self.n)?;
        match n.split_first() {
            Some((0, rest)) if self.of_issuer => Ok(rest.to_vec()),
            _ => Ok(n),
        }
    }

    /// The octets of a public member.
    fn octets(&self, member: Member<'_>) -> Result<Vec<u8>, Error> {
        if self.of_issuer {
            octets(member, encoding::decode_padded)
        } else {
            octets(member, encoding::decode)
        }
    }

    fn ec(&self, curve: Curve) -> Result<Material, Error> {
        let length = curve.coordinate_length();
        let mut point = vec![4];
        point.extend(sized(self.octets(self.x)?, length)?);
        point.extend(sized(self.octets(self.y)?, length)?);
        Ok(Material::Ec(point, self.private_octets(length)?))
    }

    fn ed25519(&self) -> Result<Material, Error> {
        Ok(Material::Ed25519(
            sized(self.octets(self.x)?, 32)?,
            self.private_octets(32)?,
        ))
    }

    fn private_octets(&self, length: usize) -> Result<Option<Secret>, Error> {
        if self.d.is_none() {
            return Ok(None);
        }
        let d = secret(self.d)?;
        if d.len() == length {
            Ok(Some(d))
        } else {
            Err(WRONG_LENGTH)
        }
    }
}

const WRONG_LENGTH: Error = Error::KeyMalformed("a JWK member has the wrong length");
const OTHER_ALGORITHM: Error = Error::KeyMismatch("its alg does not fit");
const OTHER_CURVE: Error = Error::KeyMismatch("another curve");

fn signs(operation: &KeyOperations) -> bool {
    matches!(operation, KeyOperations::Sign | KeyOperations::Verify)
}

/// Whether an operation belongs to encryption or key agreement. An unknown operation does not count.
fn encrypts(operation: &KeyOperations) -> bool {
    !signs(operation) && !matches!(operation, KeyOperations::Other(_))
}

fn octets(
    member: Member<'_>,
    decode: fn(&[u8]) -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    decode(member.ok_or(MISSING)?.as_bytes())
        .map_err(|_| Error::KeyMalformed("a JWK member is not base64url"))
}

fn secret(member: Member<'_>) -> Result<Secret, Error> {
    octets(member, encoding::decode).map(Zeroizing::new)
}

fn sized(octets: Vec<u8>, length: usize) -> Result<Vec<u8>, Error> {
    if octets.len() == length {
        Ok(octets)
    } else {
        Err(WRONG_LENGTH)
    }
}
