//! Everything that can go wrong. Each error has a code that never changes.

use std::fmt;

/// Every reason for which this crate refuses something. Messages never contain key or token material.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a compact serialization of strict JSON. Holds the rule that was broken.
    Malformed(&'static str),
    /// The token is longer than the policy allows.
    TooLarge,
    /// The header asks for something that this crate never supports (RFC 7515 section 4.1.11). Holds the member's
    /// name.
    HeaderUnsupported(&'static str),
    /// The header's `alg` is not the algorithm of any key.
    AlgorithmMismatch,
    /// No key verifies the signature.
    SignatureInvalid,
    /// The ring has no key in force with this `kid`, or the token has no `kid`.
    KeyUnknown,
    /// `exp` is not after now (RFC 7519 section 4.1.4).
    Expired,
    /// `nbf` is after now (RFC 7519 section 4.1.5).
    NotYetValid,
    /// `iat` is further in the future than clocks may differ (RFC 7519 section 4.1.6).
    IssuedInFuture,
    /// `iss` is not one of the policy's issuers.
    IssuerMismatch,
    /// No member of `aud` is in the policy's audience.
    AudienceMismatch,
    /// A claim that the policy needs is absent. Holds its name.
    ClaimMissing(&'static str),
    /// A registered claim has a wrong type or range. Holds its name.
    ClaimInvalid(&'static str),
    /// Verification would refuse to read these claims. Holds the reason.
    Unserializable(&'static str),
    /// The HMAC secret is empty.
    KeyEmpty,
    /// The key is malformed. Holds what is wrong.
    KeyMalformed(&'static str),
    /// The key has another family, curve or purpose than the algorithm needs. Holds which.
    KeyMismatch(&'static str),
    /// The RSA modulus has fewer than 2048 bits (RFC 7518 sections 3.3 and 3.5).
    KeyTooSmall,
    /// An attacker can guess or compute the key. Holds the reason.
    KeyWeak(&'static str),
    /// A private key was given where a public key is needed.
    KeyPrivate,
    /// A public key was given where a private key is needed.
    KeyPublic,
    /// The PEM is encrypted.
    KeyEncrypted,
    /// The JWK Set as a whole can't be used (RFC 7517 section 5). Holds the reason.
    KeySetInvalid(&'static str),
    /// No supported algorithm has this name.
    AlgorithmUnknown,
    /// The token to be signed would expire after its key is dropped, so it could not be verified to its end.
    OutlivesKey,
    /// The ring has no key that signs now.
    NoSigningKey,
    /// The ring has no key that verifies.
    NoVerifyingKey,
    /// A policy or a time is invalid. Holds the reason.
    PolicyInvalid(&'static str),
}

impl Error {
    /// Every code that [`Error::code`] returns.
    pub const CODES: [&'static str; 28] = [
        "malformed",
        "too_large",
        "header_unsupported",
        "algorithm_mismatch",
        "signature_invalid",
        "key_unknown",
        "expired",
        "not_yet_valid",
        "issued_in_future",
        "issuer_mismatch",
        "audience_mismatch",
        "claim_missing",
        "claim_invalid",
        "unserializable",
        "key_empty",
        "key_malformed",
        "key_mismatch",
        "key_too_small",
        "key_weak",
        "key_private",
        "key_public",
        "key_encrypted",
        "key_set_invalid",
        "algorithm_unknown",
        "outlives_key",
        "no_signing_key",
        "no_verifying_key",
        "policy_invalid",
    ];

    /// The stable snake_case name of this error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::TooLarge => "too_large",
            Self::HeaderUnsupported(_) => "header_unsupported",
            Self::AlgorithmMismatch => "algorithm_mismatch",
            Self::SignatureInvalid => "signature_invalid",
            Self::KeyUnknown => "key_unknown",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::AudienceMismatch => "audience_mismatch",
            Self::ClaimMissing(_) => "claim_missing",
            Self::ClaimInvalid(_) => "claim_invalid",
            Self::Unserializable(_) => "unserializable",
            Self::KeyEmpty => "key_empty",
            Self::KeyMalformed(_) => "key_malformed",
            Self::KeyMismatch(_) => "key_mismatch",
            Self::KeyTooSmall => "key_too_small",
            Self::KeyWeak(_) => "key_weak",
            Self::KeyPrivate => "key_private",
            Self::KeyPublic => "key_public",
            Self::KeyEncrypted => "key_encrypted",
            Self::KeySetInvalid(_) => "key_set_invalid",
            Self::AlgorithmUnknown => "algorithm_unknown",
            Self::OutlivesKey => "outlives_key",
            Self::NoSigningKey => "no_signing_key",
            Self::NoVerifyingKey => "no_verifying_key",
            Self::PolicyInvalid(_) => "policy_invalid",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "malformed token: {what}"),
            Self::TooLarge => f.write_str("the token is longer than allowed"),
            Self::HeaderUnsupported(name) => {
                write!(f, "the header member '{name}' is not supported")
            }
            Self::AlgorithmMismatch => {
                f.write_str("the header's alg is not the algorithm of a key")
            }
            Self::SignatureInvalid => f.write_str("the signature does not verify"),
            Self::KeyUnknown => f.write_str("the ring has no key in force for this token"),
            Self::Expired => f.write_str("the token has expired"),
            Self::NotYetValid => f.write_str("the token is not yet valid (nbf)"),
            Self::IssuedInFuture => f.write_str("the token was issued in the future (iat)"),
            Self::IssuerMismatch => f.write_str("the token has another issuer"),
            Self::AudienceMismatch => f.write_str("the token is for another audience"),
            Self::ClaimMissing(name) => write!(f, "the claim '{name}' is missing"),
            Self::ClaimInvalid(name) => write!(f, "the claim '{name}' has a wrong type or range"),
            Self::Unserializable(what) => write!(f, "the claims cannot be serialized: {what}"),
            Self::KeyEmpty => f.write_str("the key is empty"),
            Self::KeyMalformed(what) => write!(f, "the key cannot be read: {what}"),
            Self::KeyMismatch(what) => write!(f, "the key does not fit the algorithm: {what}"),
            Self::KeyTooSmall => f.write_str("the RSA key has fewer than 2048 bits"),
            Self::KeyWeak(what) => write!(f, "the key is weak: {what}"),
            Self::KeyPrivate => f.write_str("a private key was given where a public key is needed"),
            Self::KeyPublic => f.write_str("a public key was given where a private key is needed"),
            Self::KeyEncrypted => f.write_str("the PEM is encrypted: decrypt it first"),
            Self::KeySetInvalid(what) => write!(f, "the set of keys cannot be used: {what}"),
            Self::AlgorithmUnknown => f.write_str("no algorithm has this name"),
            Self::OutlivesKey => f.write_str("the token would outlive the key that signs it"),
            Self::NoSigningKey => f.write_str("the key ring has no key that signs now"),
            Self::NoVerifyingKey => f.write_str("the key ring has no key that verifies"),
            Self::PolicyInvalid(what) => write!(f, "the claim policy is invalid: {what}"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::Error;

    /// One error of each variant. If a new variant is missing here, `position` does not compile.
    const ALL: [Error; 28] = [
        Error::Malformed(""),
        Error::TooLarge,
        Error::HeaderUnsupported(""),
        Error::AlgorithmMismatch,
        Error::SignatureInvalid,
        Error::KeyUnknown,
        Error::Expired,
        Error::NotYetValid,
        Error::IssuedInFuture,
        Error::IssuerMismatch,
        Error::AudienceMismatch,
        Error::ClaimMissing(""),
        Error::ClaimInvalid(""),
        Error::Unserializable(""),
        Error::KeyEmpty,
        Error::KeyMalformed(""),
        Error::KeyMismatch(""),
        Error::KeyTooSmall,
        Error::KeyWeak(""),
        Error::KeyPrivate,
        Error::KeyPublic,
        Error::KeyEncrypted,
        Error::KeySetInvalid(""),
        Error::AlgorithmUnknown,
        Error::OutlivesKey,
        Error::NoSigningKey,
        Error::NoVerifyingKey,
        Error::PolicyInvalid(""),
    ];

    fn position(error: Error) -> usize {
        match error {
            Error::Malformed(_) => 0,
            Error::TooLarge => 1,
            Error::HeaderUnsupported(_) => 2,
            Error::AlgorithmMismatch => 3,
            Error::SignatureInvalid => 4,
            Error::KeyUnknown => 5,
            Error::Expired => 6,
            Error::NotYetValid => 7,
            Error::IssuedInFuture => 8,
            Error::IssuerMismatch => 9,
            Error::AudienceMismatch => 10,
            Error::ClaimMissing(_) => 11,
            Error::ClaimInvalid(_) => 12,
            Error::Unserializable(_) => 13,
            Error::KeyEmpty => 14,
            Error::KeyMalformed(_) => 15,
            Error::KeyMismatch(_) => 16,
            Error::KeyTooSmall => 17,
            Error::KeyWeak(_) => 18,
            Error::KeyPrivate => 19,
            Error::KeyPublic => 20,
            Error::KeyEncrypted => 21,
            Error::KeySetInvalid(_) => 22,
            Error::AlgorithmUnknown => 23,
            Error::OutlivesKey => 24,
            Error::NoSigningKey => 25,
            Error::NoVerifyingKey => 26,
            Error::PolicyInvalid(_) => 27,
        }
    }

    #[test]
    fn codes_are_those_of_every_variant_in_order() {
        assert_eq!(ALL.map(Error::code), Error::CODES);
        assert_eq!(ALL.map(position), std::array::from_fn(|place| place));
    }
}
