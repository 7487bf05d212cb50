//! Keys that verify.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, VerificationAlgorithm};

use super::{
    OTHER_FAMILY, REJECTED, canonical_headers, check_family, check_modulus, hmac_key, is_weak,
};
use crate::error::Error;
use crate::keys::algorithm::{Algorithm, Curve, Family};
use crate::keys::der::{self, Kind};
use crate::keys::jwk::{Jwk, Material, PublicJwk, Purpose, RsaPublic};
use crate::keys::pem_file::{self, Label};
use crate::keys::pss;

/// A key that verifies. It is not `Clone`, and its `Debug` shows only the algorithm.
pub struct VerifyingKey {
    algorithm: Algorithm,
    verifier: Verifier,
    weak: bool,
    headers: [String; 2],
}

#[allow(
    clippy::large_enum_variant,
    reason = "there are few keys, and each is behind one Arc"
)]
pub(super) enum Verifier {
    Hmac(hmac::Key),
    Public(ParsedPublicKey, PublicJwk),
}

impl VerifyingKey {
    /// Makes an HMAC key from these bytes.
    ///
    /// # Errors
    /// The same as [`SigningKey::from_secret`](super::SigningKey::from_secret).
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, Error> {
        let key = hmac_key(algorithm, secret)?;
        Ok(Self::new(
            algorithm,
            Verifier::Hmac(key),
            is_weak(algorithm, secret),
        ))
    }

    /// Reads a public key in PEM: PKCS#1, SubjectPublicKeyInfo, or the key in an X.509 certificate. The certificate
    /// itself is not checked, because the site has chosen to trust it.
    ///
    /// # Errors
    /// The `Key…` errors, each as described at its variant.
    pub fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, Error> {
        if algorithm.family() == Family::Hmac {
            return Err(OTHER_FAMILY);
        }
        let block = pem_file::public_key(pem)?;
        let verifier = match block.label {
            Label::RsaPublic => Verifier::from_pkcs1(algorithm, &block.der)?,
            Label::Certificate => {
                Verifier::from_key_info(algorithm, der::certificate_key(&block.der)?)?
            }
            _ => Verifier::from_key_info(algorithm, &block.der)?,
        };
        Ok(Self::new(algorithm, verifier, false))
    }

    /// Reads a public or symmetric JWK (RFC 7517) in UTF-8.
    ///
    /// # Errors
    /// The `Key…` errors, each as described at its variant.
    pub fn from_jwk(algorithm: Algorithm, jwk: &[u8]) -> Result<Self, Error> {
        Self::from_parsed_jwk(algorithm, &Jwk::parse(jwk)?)
    }

    pub(crate) fn from_parsed_jwk(algorithm: Algorithm, jwk: &Jwk<'_>) -> Result<Self, Error> {
        let verifier = match jwk.material(algorithm, Purpose::Verify)? {
            Material::Octets(secret) => return Self::from_secret(algorithm, &secret),
            Material::Rsa(public, _) => Verifier::from_rsa_components(algorithm, &public)?,
            Material::Ec(point, _) => Verifier::parse(algorithm, &point)?,
            Material::Ed25519(x, _) => Verifier::parse(algorithm, &x)?,
        };
        Ok(Self::new(algorithm, verifier, false))
    }

    pub(super) fn new(algorithm: Algorithm, verifier: Verifier, weak: bool) -> Self {
        Self {
            algorithm,
            verifier,
            weak,
            headers: canonical_headers(algorithm),
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

    /// The public members as in a JWK, for every form in which the key was given; `None` for a secret.
    pub fn public_jwk(&self) -> Option<&PublicJwk> {
        match &self.verifier {
            Verifier::Hmac(_) => None,
            Verifier::Public(_, jwk) => Some(jwk),
        }
    }

    /// Whether these bytes are an encoded header that libraries usually write for this algorithm.
    pub(crate) fn knows_header(&self, encoded: &[u8]) -> bool {
        self.headers
            .iter()
            .any(|header| header.as_bytes() == encoded)
    }

    /// Checks this key's signature of `message`, in constant time where timing could tell a secret.
    ///
    /// # Errors
    /// [`Error::SignatureInvalid`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let outcome = match &self.verifier {
            Verifier::Hmac(key) => hmac::verify(key, message, signature),
            Verifier::Public(key, _) => key.verify_sig(message, signature),
        };
        outcome.map_err(|_| Error::SignatureInvalid)
    }
}

impl Verifier {
    fn from_pkcs1(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        check_family(algorithm, Family::Rsa)?;
        check_modulus(der::rsa_public_modulus(der)?)?;
        Self::parse(algorithm, der)
    }

    fn from_key_info(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        let (kind, key) = der::public_key_info(der)?;
        if let Kind::Pss(parameters) = kind {
            pss::check(algorithm, parameters)?;
            return Self::from_pkcs1(algorithm, key);
        }
        let family = kind.family();
        check_family(algorithm, family)?;
        if family == Family::Rsa {
            check_modulus(der::rsa_public_modulus(key)?)?;
        }
        Self::parse(algorithm, der)
    }

    fn from_rsa_components(algorithm: Algorithm, public: &RsaPublic) -> Result<Self, Error> {
        check_modulus(&public.n)?;
        let components = PublicKeyComponents {
            n: public.n.as_slice(),
            e: public.e.as_slice(),
        };
        let parameters = rsa_parameters(algorithm).ok_or(OTHER_FAMILY)?;
        // Unlike the DER parser, this function accepts any exponent. With an even exponent, or 1, forging is easy.
        if public.e.last().is_none_or(|last| last & 1 == 0)
            || der::bits(&public.e) < 2
            || der::bits(&public.e) > 33
        {
            return Err(REJECTED);
        }
        let key = components
            .to_parsed_public_key(parameters)
            .map_err(|_| REJECTED)?;
        Self::of_public(key)
    }

    pub(super) fn parse(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, Error> {
        let verification = verification(algorithm).ok_or(OTHER_FAMILY)?;
        let key = ParsedPublicKey::new(verification, bytes).map_err(|_| REJECTED)?;
        Self::of_public(key)
    }

    /// The library writes the key in one form, for every form in which it was given.
    fn of_public(key: ParsedPublicKey) -> Result<Self, Error> {
        let info = key.as_der().map_err(|_| REJECTED)?;
        let jwk = PublicJwk::from_key_info(info.as_ref())?;
        Ok(Self::Public(key, jwk))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.algorithm)
    }
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::RS256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

fn verification(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    match algorithm.family() {
        Family::Hmac => None,
        Family::Rsa => {
            rsa_parameters(algorithm).map(|parameters| parameters as &dyn VerificationAlgorithm)
        }
        Family::Ec(Curve::P256) => Some(&signature::ECDSA_P256_SHA256_FIXED),
        Family::Ec(Curve::P384) => Some(&signature::ECDSA_P384_SHA384_FIXED),
        Family::Ec(Curve::P521) => Some(&signature::ECDSA_P521_SHA512_FIXED),
        Family::Ec(Curve::Secp256k1) => Some(&signature::ECDSA_P256K1_SHA256_FIXED),
        Family::Ed25519 => Some(&signature::ED25519),
    }
}
