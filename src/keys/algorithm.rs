//! The supported signature algorithms (RFC 7518 section 3.1, RFC 8037, RFC 8812).

use std::fmt;

use crate::error::Error;

/// A JWS algorithm. Each key has exactly one, so the algorithm is never taken from a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Algorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    ES512,
    ES256K,
    EdDSA,
}

/// The kind of key that an algorithm needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A shared secret (RFC 7518 section 3.2).
    Hmac,
    /// RSASSA-PKCS1-v1_5 or RSASSA-PSS (RFC 7518 sections 3.3 and 3.5).
    Rsa,
    /// ECDSA on one curve (RFC 7518 section 3.4).
    Ec(Curve),
    /// Ed25519 (RFC 8037).
    Ed25519,
}

/// A curve for ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Curve {
    P256,
    P384,
    P521,
    Secp256k1,
}

/// The hash inside an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// The fewest bits of an RSA modulus (RFC 7518 sections 3.3 and 3.5).
pub const MIN_RSA_BITS: usize = 2048;
/// The most bits of an RSA modulus: the limit of AWS-LC's verifier.
pub const MAX_RSA_BITS: usize = 8192;

impl Algorithm {
    /// All algorithms, in the order of their registration.
    pub const ALL: [Self; 14] = [
        Self::HS256,
        Self::HS384,
        Self::HS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::ES256K,
        Self::EdDSA,
    ];

    /// The name in a header's `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::ES256K => "ES256K",
            Self::EdDSA => "EdDSA",
        }
    }

    /// The algorithm of this exact name; `Ed25519` (RFC 9864) is another name for `EdDSA`.
    ///
    /// # Errors
    /// [`Error::AlgorithmUnknown`] for any other text, `none` included.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        if name == "Ed25519" {
            return Ok(Self::EdDSA);
        }
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or(Error::AlgorithmUnknown)
    }

    /// The algorithm of a kind of key, if that kind has only one.
    pub const fn sole_of(family: Family) -> Option<Self> {
        match family {
            Family::Hmac | Family::Rsa => None,
            Family::Ec(Curve::P256) => Some(Self::ES256),
            Family::Ec(Curve::P384) => Some(Self::ES384),
            Family::Ec(Curve::P521) => Some(Self::ES512),
            Family::Ec(Curve::Secp256k1) => Some(Self::ES256K),
            Family::Ed25519 => Some(Self::EdDSA),
        }
    }

    /// The kind of key that the algorithm needs.
    pub const fn family(self) -> Family {
        match self {
            Self::HS256 | Self::HS384 | Self::HS512 => Family::Hmac,
            Self::RS256 | Self::RS384 | Self::RS512 | Self::PS256 | Self::PS384 | Self::PS512 => {
                Family::Rsa
            }
            Self::ES256 => Family::Ec(Curve::P256),
            Self::ES384 => Family::Ec(Curve::P384),
            Self::ES512 => Family::Ec(Curve::P521),
            Self::ES256K => Family::Ec(Curve::Secp256k1),
            Self::EdDSA => Family::Ed25519,
        }
    }

    /// The hash that the algorithm uses. Ed25519 uses SHA-512 internally.
    pub const fn hash(self) -> Hash {
        match self {
            Self::HS256 | Self::RS256 | Self::PS256 | Self::ES256 | Self::ES256K => Hash::Sha256,
            Self::HS384 | Self::RS384 | Self::PS384 | Self::ES384 => Hash::Sha384,
            Self::HS512 | Self::RS512 | Self::PS512 | Self::ES512 | Self::EdDSA => Hash::Sha512,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Hash {
    /// The length of its output in bytes: an HMAC secret should be at least as long (RFC 7518 section 3.2).
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl Curve {
    /// The curve of this exact name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521, Self::Secp256k1]
            .into_iter()
            .find(|curve| curve.name() == name)
    }

    /// The name in a JWK's `crv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Secp256k1 => "secp256k1",
        }
    }

    /// The length of a coordinate and of the private key in bytes (RFC 7518 section 6.2).
    pub const fn coordinate_length(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}
