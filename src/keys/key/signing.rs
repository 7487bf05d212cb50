//! Keys that sign.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
};

use super::verifying::{Verifier, VerifyingKey};
use super::{
    OTHER_FAMILY, REJECTED, canonical_headers, check_family, check_modulus, hmac_key, is_weak,
};
use crate::error::Error;
use crate::keys::algorithm::{Algorithm, Curve, Family};
use crate::keys::der::{self, Kind};
use crate::keys::jwk::{Jwk, Material, Purpose, RsaPrivate, RsaPublic};
use crate::keys::pem_file::{self, Label};
use crate::keys::pss;

/// A key that signs. It is not `Clone`, and its `Debug` shows only the algorithm.
pub struct SigningKey {
    algorithm: Algorithm,
    signer: Signer,
    weak: bool,
    header: String,
}

#[allow(
    clippy::large_enum_variant,
    reason = "there are few keys, and each is behind one Arc"
)]
enum Signer {
    Hmac(hmac::Key),
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Makes an HMAC key from these bytes.
    ///
    /// # Errors
    /// [`Error::KeyEmpty`]; [`Error::KeyMismatch`] for an algorithm other than HMAC, and for a secret that is the text
    /// of an asymmetric key.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, Error> {
        let key = hmac_key(algorithm, secret)?;
        Ok(Self::new(
            algorithm,
            Signer::Hmac(key),
            is_weak(algorithm, secret),
        ))
    }

    /// Reads a private key in PEM: PKCS#1, PKCS#8 or SEC1.
    ///
    /// # Errors
    /// The `Key…` errors, each as described at its variant.
    pub fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, Error> {
        if algorithm.family() == Family::Hmac {
            return Err(OTHER_FAMILY);
        }
        let block = pem_file::private_key(pem)?;
        let signer = match block.label {
            Label::RsaPrivate => Signer::from_pkcs1(algorithm, &block.der)?,
            Label::EcPrivate => Signer::from_sec1(algorithm, &block.der)?,
            _ => Signer::from_pkcs8(algorithm, &block.der)?,
        };
        Ok(Self::new(algorithm, signer, false))
    }

    /// Reads a private or symmetric JWK (RFC 7517) in UTF-8.
    ///
    /// # Errors
    /// The `Key…` errors, each as described at its variant.
    pub fn from_jwk(algorithm: Algorithm, jwk: &[u8]) -> Result<Self, Error> {
        Self::from_parsed_jwk(algorithm, &Jwk::parse(jwk)?)
    }

    pub(crate) fn from_parsed_jwk(algorithm: Algorithm, jwk: &Jwk<'_>) -> Result<Self, Error> {
        let signer = match jwk.material(algorithm, Purpose::Sign)? {
            Material::Octets(secret) => return Self::from_secret(algorithm, &secret),
            Material::Rsa(public, Some(private)) => Signer::from_rsa_components(&public, &private)?,
            Material::Ec(point, Some(d)) => {
                EcdsaKeyPair::from_private_key_and_public_key(ecdsa(algorithm)?, &d, &point)
                    .map(Signer::Ec)
                    .map_err(|_| REJECTED)?
            }
            Material::Ed25519(x, Some(seed)) => Ed25519KeyPair::from_seed_and_public_key(&seed, &x)
                .map(Signer::Ed25519)
                .map_err(|_| REJECTED)?,
            _ => return Err(Error::KeyPublic),
        };
        Ok(Self::new(algorithm, signer, false))
    }

    fn new(algorithm: Algorithm, signer: Signer, weak: bool) -> Self {
        let [header, _] = canonical_headers(algorithm);
        Self {
            algorithm,
            signer,
            weak,
            header,
        }
    }

    /// The key's algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the key is an HMAC secret that is shorter than its hash (RFC 7518 section 3.2).
    pub fn is_weak(&self) -> bool {
        self.weak
    }

    /// The encoded header of the tokens that this key signs: `{"alg":…,"typ":"JWT"}`.
    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    /// The key that verifies this key's signatures.
    ///
    /// # Errors
    /// [`Error::KeyMalformed`] if the library refuses the public half.
    pub fn verifying_key(&self) -> Result<VerifyingKey, Error> {
        let verifier = match &self.signer {
            Signer::Hmac(key) => Verifier::Hmac(key.clone()),
            Signer::Rsa(pair) => Verifier::parse(self.algorithm, pair.public_key().as_ref())?,
            Signer::Ec(pair) => Verifier::parse(self.algorithm, pair.public_key().as_ref())?,
            Signer::Ed25519(pair) => Verifier::parse(self.algorithm, pair.public_key().as_ref())?,
        };
        Ok(VerifyingKey::new(self.algorithm, verifier, self.weak))
    }

    /// The signature of `message`, in the form of JWS (RFC 7518 section 3).
    ///
    /// # Errors
    /// [`Error::KeyMalformed`] if the library can't sign with the key.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        let signature = match &self.signer {
            Signer::Hmac(key) => return Ok(hmac::sign(key, message).as_ref().to_vec()),
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let encoding = rsa_encoding(self.algorithm).ok_or(OTHER_FAMILY)?;
                return pair
                    .sign(encoding, &random, message, &mut signature)
                    .map_err(|_| REJECTED)
                    .map(|()| signature);
            }
            Signer::Ec(pair) => pair.sign(&random, message),
            Signer::Ed25519(pair) => pair.try_sign(message),
        };
        signature
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| REJECTED)
    }
}

impl Signer {
    fn from_pkcs1(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        check_family(algorithm, Family::Rsa)?;
        check_modulus(der::rsa_private_modulus(der)?)?;
        RsaKeyPair::from_der(der)
            .map(Self::Rsa)
            .map_err(|_| REJECTED)
    }

    fn from_sec1(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        let ecdsa = ecdsa(algorithm)?;
        if let Some(curve) = der::sec1_curve(der)? {
            check_family(algorithm, Family::Ec(curve))?;
        }
        EcdsaKeyPair::from_private_key_der(ecdsa, der)
            .map(Self::Ec)
            .map_err(|_| REJECTED)
    }

    fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        let (kind, key) = der::private_key_info(der)?;
        if let Kind::Pss(parameters) = kind {
            pss::check(algorithm, parameters)?;
            return Self::from_pkcs1(algorithm, key);
        }
        let family = kind.family();
        check_family(algorithm, family)?;
        let signer = match family {
            Family::Rsa => {
                check_modulus(der::rsa_private_modulus(key)?)?;
                RsaKeyPair::from_pkcs8(der).map(Self::Rsa)
            }
            Family::Ed25519 => Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Self::Ed25519),
            _ => EcdsaKeyPair::from_pkcs8(ecdsa(algorithm)?, der).map(Self::Ec),
        };
        signer.map_err(|_| REJECTED)
    }

    fn from_rsa_components(public: &RsaPublic, private: &RsaPrivate) -> Result<Self, Error> {
        check_modulus(&public.n)?;
        let components = KeyPairComponents {
            public_key: PublicKeyComponents {
                n: public.n.as_slice(),
                e: public.e.as_slice(),
            },
            d: private.d.as_slice(),
            p: private.p.as_slice(),
            q: private.q.as_slice(),
            dP: private.dp.as_slice(),
            dQ: private.dq.as_slice(),
            qInv: private.qi.as_slice(),
        };
        RsaKeyPair::from_components(&components)
            .map(Self::Rsa)
            .map_err(|_| REJECTED)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm)
    }
}

/// The ECDSA implementation for the algorithm's curve.
///
/// # Errors
/// [`Error::KeyMismatch`] for an algorithm that does not use ECDSA.
pub(crate) fn ecdsa(algorithm: Algorithm) -> Result<&'static EcdsaSigningAlgorithm, Error> {
    match algorithm.family() {
        Family::Ec(Curve::P256) => Ok(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
        Family::Ec(Curve::P384) => Ok(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
        Family::Ec(Curve::P521) => Ok(&signature::ECDSA_P521_SHA512_FIXED_SIGNING),
        Family::Ec(Curve::Secp256k1) => Ok(&signature::ECDSA_P256K1_SHA256_FIXED_SIGNING),
        _ => Err(OTHER_FAMILY),
    }
}

fn rsa_encoding(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    match algorithm {
        Algorithm::RS256 => Some(&signature::RSA_PKCS1_SHA256),
        Algorithm::RS384 => Some(&signature::RSA_PKCS1_SHA384),
        Algorithm::RS512 => Some(&signature::RSA_PKCS1_SHA512),
        Algorithm::PS256 => Some(&signature::RSA_PSS_SHA256),
        Algorithm::PS384 => Some(&signature::RSA_PSS_SHA384),
        Algorithm::PS512 => Some(&signature::RSA_PSS_SHA512),
        _ => None,
    }
}
