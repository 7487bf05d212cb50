//! Keys, parsed once and held ready to use. A key has one algorithm.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, ParsedPublicKey,
    RsaEncoding, RsaKeyPair, RsaParameters, VerificationAlgorithm,
};

use crate::error::Error;
use crate::keys::algorithm::{Algorithm, Curve, Family, Hash, MAX_RSA_BITS, MIN_RSA_BITS};
use crate::keys::jwk::{Jwk, Material, PublicJwk, Purpose, RsaPrivate, RsaPublic};
use crate::keys::pem_file::{self, Label};
use crate::keys::{der, roca};
use crate::token::encoding;

const REJECTED: Error = Error::KeyMalformed("the numbers of the key are not valid");
const OTHER_FAMILY: Error = Error::KeyMismatch("another type of key");

/// A key that signs. Not `Clone`; its `Debug` names the algorithm only.
pub struct SigningKey {
    algorithm: Algorithm,
    signer: Signer,
    weak: bool,
    header: String,
}

#[allow(
    clippy::large_enum_variant,
    reason = "keys are few and each lives behind one Arc"
)]
enum Signer {
    Hmac(hmac::Key),
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A key that verifies. Not `Clone`; its `Debug` names the algorithm only.
pub struct VerifyingKey {
    algorithm: Algorithm,
    verifier: Verifier,
    weak: bool,
    headers: [String; 2],
}

#[allow(
    clippy::large_enum_variant,
    reason = "keys are few and each lives behind one Arc"
)]
enum Verifier {
    Hmac(hmac::Key),
    Public(ParsedPublicKey, PublicJwk),
}

impl SigningKey {
    /// An HMAC key of these bytes.
    ///
    /// # Errors
    /// [`Error::KeyEmpty`]; [`Error::KeyMismatch`] for an algorithm that takes no secret and for a secret that is the
    /// text of an asymmetric key.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, Error> {
        let key = hmac_key(algorithm, secret)?;
        Ok(Self::new(
            algorithm,
            Signer::Hmac(key),
            is_weak(algorithm, secret),
        ))
    }

    /// A private key in PEM: PKCS#1, PKCS#8 or SEC1.
    ///
    /// # Errors
    /// Every `Key…` error, each as its variant says.
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

    /// A private or symmetric JWK (RFC 7517), as UTF-8 JSON.
    ///
    /// # Errors
    /// Every `Key…` error, each as its variant says.
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

    /// Its one algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether it is an HMAC secret shorter than its hash (RFC 7518 section 3.2).
    pub fn is_weak(&self) -> bool {
        self.weak
    }

    /// The encoded header `{"alg":…,"typ":"JWT"}` of what it signs.
    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    /// The key that verifies what this one signs.
    ///
    /// # Errors
    /// [`Error::KeyMalformed`] where the library refuses the public half.
    pub fn verifying_key(&self) -> Result<VerifyingKey, Error> {
        let verifier = match &self.signer {
            Signer::Hmac(key) => Verifier::Hmac(key.clone()),
            Signer::Rsa(pair) => Verifier::parse(self.algorithm, pair.public_key().as_ref())?,
            Signer::Ec(pair) => Verifier::parse(self.algorithm, pair.public_key().as_ref())?,
            Signer::Ed25519(pair) => Verifier::parse(self.algorithm, pair.public_key().as_ref())?,
        };
        Ok(VerifyingKey::new(self.algorithm, verifier, self.weak))
    }

    /// The signature of `message`, in the form that JWS gives it (RFC 7518 section 3).
    ///
    /// # Errors
    /// [`Error::KeyMalformed`] where the library can't sign with the key.
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
        let (family, key) = der::private_key_info(der)?;
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

impl VerifyingKey {
    /// An HMAC key of these bytes.
    ///
    /// # Errors
    /// As [`SigningKey::from_secret`].
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, Error> {
        let key = hmac_key(algorithm, secret)?;
        Ok(Self::new(
            algorithm,
            Verifier::Hmac(key),
            is_weak(algorithm, secret),
        ))
    }

    /// A public key in PEM: PKCS#1, SubjectPublicKeyInfo or the key of an X.509 certificate (which is not checked
    /// any further: whoever configures it trusts it).
    ///
    /// # Errors
    /// Every `Key…` error, each as its variant says.
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

    /// A public or symmetric JWK (RFC 7517), as UTF-8 JSON.
    ///
    /// # Errors
    /// Every `Key…` error, each as its variant says.
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

    fn new(algorithm: Algorithm, verifier: Verifier, weak: bool) -> Self {
        Self {
            algorithm,
            verifier,
            weak,
            headers: canonical_headers(algorithm),
        }
    }

    /// Its one algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether it is an HMAC secret shorter than its hash (RFC 7518 section 3.2).
    pub fn is_weak(&self) -> bool {
        self.weak
    }

    /// Its public members as a JWK has them, whatever form it was given in; none of a secret.
    pub fn public_jwk(&self) -> Option<&PublicJwk> {
        match &self.verifier {
            Verifier::Hmac(_) => None,
            Verifier::Public(_, jwk) => Some(jwk),
        }
    }

    /// Whether these bytes are an encoded header that everybody writes for this algorithm.
    pub(crate) fn knows_header(&self, encoded: &[u8]) -> bool {
        self.headers
            .iter()
            .any(|header| header.as_bytes() == encoded)
    }

    /// Checks that `signature` is this key's over `message`, in constant time where that matters.
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
        let (family, key) = der::public_key_info(der)?;
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
        // Unlike the DER parser, this takes any exponent: an even one or 1 would make forging easy.
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

    fn parse(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, Error> {
        let verification = verification(algorithm).ok_or(OTHER_FAMILY)?;
        let key = ParsedPublicKey::new(verification, bytes).map_err(|_| REJECTED)?;
        Self::of_public(key)
    }

    /// Whatever form the key was given in, the library writes it in one.
    fn of_public(key: ParsedPublicKey) -> Result<Self, Error> {
        let info = key.as_der().map_err(|_| REJECTED)?;
        let jwk = PublicJwk::from_key_info(info.as_ref())?;
        Ok(Self::Public(key, jwk))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.algorithm)
    }
}

/// The headers that libraries write, encoded, ours first.
fn canonical_headers(algorithm: Algorithm) -> [String; 2] {
    let ours = format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#);
    let theirs = format!(r#"{{"typ":"JWT","alg":"{algorithm}"}}"#);
    [
        encoding::encode(ours.as_bytes()),
        encoding::encode(theirs.as_bytes()),
    ]
}

fn hmac_key(algorithm: Algorithm, secret: &[u8]) -> Result<hmac::Key, Error> {
    check_family(algorithm, Family::Hmac)?;
    if secret.is_empty() {
        return Err(Error::KeyEmpty);
    }
    if is_asymmetric_text(secret) {
        return Err(Error::KeyMismatch("an asymmetric key is no HMAC secret"));
    }
    let hash = match algorithm.hash() {
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
    };
    Ok(hmac::Key::new(hash, secret))
}

/// A public key taken for a secret is known to everybody: the classic confusion of RS256 with HS256.
fn is_asymmetric_text(secret: &[u8]) -> bool {
    let text = secret.trim_ascii_start();
    let openssh: [&[u8]; 4] = [b"ssh-rsa ", b"ssh-ed25519 ", b"ssh-dss ", b"ecdsa-sha2-"];
    openssh.iter().any(|prefix| text.starts_with(prefix))
        || secret.windows(10).any(|window| window == b"-----BEGIN")
}

fn is_weak(algorithm: Algorithm, secret: &[u8]) -> bool {
    secret.len() < algorithm.hash().length()
}

fn check_family(algorithm: Algorithm, family: Family) -> Result<(), Error> {
    match (algorithm.family(), family) {
        (wanted, found) if wanted == found => Ok(()),
        (Family::Ec(_), Family::Ec(_)) => Err(Error::KeyMismatch("another curve")),
        _ => Err(OTHER_FAMILY),
    }
}

/// Every RSA key passes here before the library sees it.
fn check_modulus(modulus: &[u8]) -> Result<(), Error> {
    match der::bits(modulus) {
        ..MIN_RSA_BITS => Err(Error::KeyTooSmall),
        MIN_RSA_BITS..=MAX_RSA_BITS if roca::has_fingerprint(modulus) => Err(Error::KeyWeak(
            "its modulus has the ROCA fingerprint (CVE-2017-15361)",
        )),
        MIN_RSA_BITS..=MAX_RSA_BITS => Ok(()),
        _ => Err(Error::KeyMalformed(
            "the RSA modulus has more than 8192 bits",
        )),
    }
}

/// How ECDSA signs on the algorithm's curve.
///
/// # Errors
/// [`Error::KeyMismatch`] for an algorithm that is none of ECDSA's.
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
