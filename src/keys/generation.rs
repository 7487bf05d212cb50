//! New keys, each as the text of a private JWK (RFC 7517), which is the form in a key file.

use aws_lc_rs::encoding::{
    AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der, PublicKeyX509Der,
};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::keys::algorithm::{Algorithm, Family};
use crate::keys::jwk::{PublicJwk, Secret};
use crate::keys::{der, key};
use crate::token::encoding;

/// 3072 bits give 128 bits of strength, as the other new keys have (docs/dev/core.md).
const RSA_SIZE: KeySize = KeySize::Rsa3072;
/// Longer than the JWK of any new key. If the text had to grow, it would leave an unwiped copy in memory.
const LONGEST: usize = 4096;
/// The number of random bytes in a secret's `kid`.
const KID_LENGTH: usize = 16;

const FAILED: Error = Error::KeyMalformed("the library could not make a key");

/// Makes a key for an algorithm and returns its private or symmetric JWK in ASCII. The text is wiped when it is
/// dropped.
///
/// Its members are `kid`, `alg`, `use` and the key. The `kid` is the RFC 7638 thumbprint. A secret's `kid` is random,
/// because a thumbprint would help an attacker to guess the secret. A secret is as long as its hash (RFC 7518 section
/// 3.2), and an RSA modulus has 3072 bits.
///
/// # Errors
/// [`Error::KeyMalformed`] if the library fails.
pub fn generate(algorithm: Algorithm) -> Result<Zeroizing<String>, Error> {
    match algorithm.family() {
        Family::Hmac => secret(algorithm),
        Family::Rsa => rsa(algorithm),
        Family::Ec(_) => ec(algorithm),
        Family::Ed25519 => ed25519(algorithm),
    }
}

fn secret(algorithm: Algorithm) -> Result<Zeroizing<String>, Error> {
    let kid = encoding::encode(&random(KID_LENGTH)?);
    let mut jwk = JwkText::new(algorithm, &kid);
    jwk.member("kty", "oct");
    jwk.octets("k", &random(algorithm.hash().length())?);
    Ok(jwk.finish())
}

fn random(length: usize) -> Result<Secret, Error> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    rand::fill(&mut bytes).map_err(|_| FAILED)?;
    Ok(bytes)
}

fn rsa(algorithm: Algorithm) -> Result<Zeroizing<String>, Error> {
    let pair = RsaKeyPair::generate(RSA_SIZE).map_err(|_| FAILED)?;
    let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| FAILED)?;
    let (_, private) = der::private_key_info(pkcs8.as_ref())?;
    let mut jwk = JwkText::of_public(algorithm, pair.public_key())?;
    let names = ["d", "p", "q", "dp", "dq", "qi"];
    for (name, number) in names.into_iter().zip(der::rsa_private_numbers(private)?) {
        jwk.octets(name, number);
    }
    Ok(jwk.finish())
}

fn ec(algorithm: Algorithm) -> Result<Zeroizing<String>, Error> {
    let pair = EcdsaKeyPair::generate(key::ecdsa(algorithm)?).map_err(|_| FAILED)?;
    let private = pair.private_key();
    let d = AsBigEndian::<EcPrivateKeyBin<'_>>::as_be_bytes(&private).map_err(|_| FAILED)?;
    let mut jwk = JwkText::of_public(algorithm, pair.public_key())?;
    jwk.octets("d", d.as_ref());
    Ok(jwk.finish())
}

fn ed25519(algorithm: Algorithm) -> Result<Zeroizing<String>, Error> {
    let pair = Ed25519KeyPair::generate().map_err(|_| FAILED)?;
    let seed = pair.seed().map_err(|_| FAILED)?;
    let d = AsBigEndian::<Curve25519SeedBin<'_>>::as_be_bytes(&seed).map_err(|_| FAILED)?;
    let mut jwk = JwkText::of_public(algorithm, pair.public_key())?;
    jwk.octets("d", d.as_ref());
    Ok(jwk.finish())
}

/// A JWK that is being written. Every value is ASCII that needs no JSON escapes.
struct JwkText(Zeroizing<String>);

impl JwkText {
    fn new(algorithm: Algorithm, kid: &str) -> Self {
        let mut jwk = Self(Zeroizing::new(String::with_capacity(LONGEST)));
        jwk.member("kid", kid);
        jwk.member("alg", algorithm.name());
        jwk.member("use", "sig");
        jwk
    }

    fn of_public<'k>(
        algorithm: Algorithm,
        key: &impl AsDer<PublicKeyX509Der<'k>>,
    ) -> Result<Self, Error> {
        let info = key.as_der().map_err(|_| FAILED)?;
        let public = PublicJwk::from_key_info(info.as_ref())?;
        let mut jwk = Self::new(algorithm, &public.thumbprint());
        for (name, value) in public.members() {
            jwk.member(name, value);
        }
        Ok(jwk)
    }

    fn member(&mut self, name: &str, value: &str) {
        self.open(name);
        self.0.push_str(value);
        self.0.push('"');
    }

    fn octets(&mut self, name: &str, octets: &[u8]) {
        self.open(name);
        encoding::encode_onto(octets, &mut self.0);
        self.0.push('"');
    }

    fn open(&mut self, name: &str) {
        let separator = if self.0.is_empty() { "{\"" } else { ",\"" };
        for piece in [separator, name, "\":\""] {
            self.0.push_str(piece);
        }
    }

    fn finish(mut self) -> Zeroizing<String> {
        self.0.push('}');
        self.0
    }
}
