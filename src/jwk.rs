//! One JWK (RFC 7517, RFC 7518 section 6, RFC 8037), its members checked before a key is made of them.

use std::borrow::Cow;

use jsonwebtoken::jwk::{KeyOperations, PublicKeyUse};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::algorithm::{Algorithm, Curve, Family};
use crate::encoding;
use crate::error::Error;
use crate::json::{self, Discard};

/// Key material that wipes itself.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// What a key is wanted for.
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

/// The members as they stand in the text. What is borrowed leaves no copy behind.
#[derive(Deserialize)]
struct Members<'j> {
    #[serde(borrow)]
    kty: Cow<'j, str>,
    #[serde(rename = "use")]
    key_use: Option<PublicKeyUse>,
    key_ops: Option<Vec<KeyOperations>>,
    #[serde(borrow)]
    alg: Text<'j>,
    #[serde(borrow)]
    crv: Text<'j>,
    #[serde(borrow)]
    k: Text<'j>,
    #[serde(borrow)]
    n: Text<'j>,
    #[serde(borrow)]
    e: Text<'j>,
    #[serde(borrow)]
    x: Text<'j>,
    #[serde(borrow)]
    y: Text<'j>,
    #[serde(borrow)]
    d: Text<'j>,
    #[serde(borrow)]
    p: Text<'j>,
    #[serde(borrow)]
    q: Text<'j>,
    #[serde(borrow)]
    dp: Text<'j>,
    #[serde(borrow)]
    dq: Text<'j>,
    #[serde(borrow)]
    qi: Text<'j>,
    oth: Option<serde::de::IgnoredAny>,
}

type Text<'j> = Option<Cow<'j, str>>;

/// Reads a JWK for one algorithm and one purpose.
///
/// # Errors
/// [`Error::KeyMalformed`] for broken JSON, encoding or lengths; [`Error::KeyMismatch`] where `kty`, `crv`, `use`,
/// `key_ops` or `alg` say that the key is for something else; [`Error::KeyPrivate`] and [`Error::KeyPublic`] for the
/// wrong half.
pub(crate) fn read(algorithm: Algorithm, purpose: Purpose, text: &[u8]) -> Result<Material, Error> {
    // serde_json would take a name twice: the strict reader goes first.
    json::parse_object(text, &mut Discard, &[])
        .map_err(|_| Error::KeyMalformed("a JWK is a strict JSON object"))?;
    let members: Members<'_> = serde_json::from_slice(text)
        .map_err(|_| Error::KeyMalformed("a JWK member is missing or mistyped"))?;
    members.check_intent(algorithm, purpose)?;
    members.check_half(algorithm, purpose)?;
    members.material(algorithm)
}

impl Members<'_> {
    /// `use`, `key_ops` and `alg` (RFC 7517 sections 4.2 to 4.4).
    fn check_intent(&self, algorithm: Algorithm, purpose: Purpose) -> Result<(), Error> {
        if self
            .key_use
            .as_ref()
            .is_some_and(|key_use| *key_use != PublicKeyUse::Signature)
        {
            return Err(Error::KeyMismatch("its use is not sig"));
        }
        let operation = match purpose {
            Purpose::Sign => KeyOperations::Sign,
            Purpose::Verify => KeyOperations::Verify,
        };
        if self
            .key_ops
            .as_ref()
            .is_some_and(|operations| !operations.contains(&operation))
        {
            return Err(Error::KeyMismatch("its key_ops lack this operation"));
        }
        if self
            .alg
            .as_ref()
            .is_some_and(|name| Algorithm::from_name(name) != Ok(algorithm))
        {
            return Err(Error::KeyMismatch("its alg is another"));
        }
        Ok(())
    }

    /// Whether the private half is there when signing and absent when verifying.
    fn check_half(&self, algorithm: Algorithm, purpose: Purpose) -> Result<(), Error> {
        if algorithm.family() == Family::Hmac {
            return Ok(());
        }
        let private = [&self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi]
            .into_iter()
            .any(Option::is_some);
        match (purpose, private) {
            (Purpose::Sign, false) if self.kty != "oct" => Err(Error::KeyPublic),
            (Purpose::Verify, true) => Err(Error::KeyPrivate),
            _ => Ok(()),
        }
    }

    fn material(&self, algorithm: Algorithm) -> Result<Material, Error> {
        match (algorithm.family(), self.kty.as_ref()) {
            (Family::Hmac, "oct") => Ok(Material::Octets(secret(&self.k)?)),
            (Family::Rsa, "RSA") => self.rsa(),
            (Family::Ec(curve), "EC") => self.ec(curve),
            (Family::Ed25519, "OKP") => self.ed25519(),
            _ => Err(Error::KeyMismatch("its kty is another")),
        }
    }

    fn rsa(&self) -> Result<Material, Error> {
        if self.oth.is_some() {
            return Err(Error::KeyMalformed("RSA with more than two primes"));
        }
        let public = RsaPublic {
            n: octets(&self.n)?,
            e: octets(&self.e)?,
        };
        if self.d.is_none() {
            return Ok(Material::Rsa(public, None));
        }
        let private = RsaPrivate {
            d: secret(&self.d)?,
            p: secret(&self.p)?,
            q: secret(&self.q)?,
            dp: secret(&self.dp)?,
            dq: secret(&self.dq)?,
            qi: secret(&self.qi)?,
        };
        Ok(Material::Rsa(public, Some(private)))
    }

    fn ec(&self, curve: Curve) -> Result<Material, Error> {
        self.check_curve(curve.name())?;
        let length = curve.coordinate_length();
        let mut point = vec![4];
        point.extend(sized(octets(&self.x)?, length)?);
        point.extend(sized(octets(&self.y)?, length)?);
        Ok(Material::Ec(point, self.private_octets(length)?))
    }

    fn ed25519(&self) -> Result<Material, Error> {
        self.check_curve("Ed25519")?;
        Ok(Material::Ed25519(
            sized(octets(&self.x)?, 32)?,
            self.private_octets(32)?,
        ))
    }

    fn check_curve(&self, name: &str) -> Result<(), Error> {
        match self.crv.as_deref() {
            Some(crv) if crv == name => Ok(()),
            Some(_) => Err(Error::KeyMismatch("another curve")),
            None => Err(Error::KeyMalformed("a JWK member is missing or mistyped")),
        }
    }

    fn private_octets(&self, length: usize) -> Result<Option<Secret>, Error> {
        if self.d.is_none() {
            return Ok(None);
        }
        let d = secret(&self.d)?;
        if d.len() == length {
            Ok(Some(d))
        } else {
            Err(WRONG_LENGTH)
        }
    }
}

const WRONG_LENGTH: Error = Error::KeyMalformed("a JWK member has the wrong length");

fn octets(member: &Text<'_>) -> Result<Vec<u8>, Error> {
    let text = member
        .as_ref()
        .ok_or(Error::KeyMalformed("a JWK member is missing or mistyped"))?;
    encoding::decode(text.as_bytes())
        .map_err(|_| Error::KeyMalformed("a JWK member is not base64url"))
}

fn secret(member: &Text<'_>) -> Result<Secret, Error> {
    octets(member).map(Zeroizing::new)
}

fn sized(octets: Vec<u8>, length: usize) -> Result<Vec<u8>, Error> {
    if octets.len() == length {
        Ok(octets)
    } else {
        Err(WRONG_LENGTH)
    }
}
