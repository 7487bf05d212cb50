//! What a token is held against as a whole: its length, its `typ` and its claims.

use crate::error::Error;
use crate::token::claims::ClaimPolicy;

/// What a `typ` may leave out (RFC 7515 section 4.1.9).
const MEDIA_TYPE_PREFIX: &str = "application/";

/// What a verified token is held against.
#[derive(Clone, Debug)]
pub struct TokenPolicy {
    max_length: usize,
    allowed_typ: Option<Vec<String>>,
    claims: ClaimPolicy,
}

impl TokenPolicy {
    /// `max_length` is in bytes. A token's `typ`, where it has one, must be one of `allowed_typ`; `None` takes any.
    pub fn new(max_length: usize, allowed_typ: Option<Vec<String>>, claims: ClaimPolicy) -> Self {
        Self {
            max_length,
            allowed_typ,
            claims,
        }
    }

    /// The same for tokens of any time, issuer and audience: an expired one still says what it once was for.
    #[must_use]
    pub fn at_any_time(&self) -> Self {
        Self {
            claims: self.claims.at_any_time(),
            ..self.clone()
        }
    }

    /// The same policy with another audience and another issuer; `None` keeps this policy's own.
    #[must_use]
    pub fn accepting(&self, audience: Option<Vec<String>>, issuer: Option<Vec<String>>) -> Self {
        Self {
            claims: self.claims.accepting(audience, issuer),
            ..self.clone()
        }
    }

    /// The longest token in bytes.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The rules for the claims.
    pub fn claims(&self) -> &ClaimPolicy {
        &self.claims
    }

    /// Holds the `typ` of a header against this policy (RFC 7519 section 5.1).
    ///
    /// # Errors
    /// [`Error::HeaderUnsupported`].
    pub fn check_typ(&self, typ: Option<&str>) -> Result<(), Error> {
        match (typ, &self.allowed_typ) {
            (Some(typ), Some(allowed)) if !allowed.iter().any(|name| is_same_type(typ, name)) => {
                Err(Error::HeaderUnsupported("typ"))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses what is longer than may be, both in bytes. To be asked before anything is decoded.
///
/// # Errors
/// [`Error::TooLarge`].
pub fn check_length(length: usize, max_length: usize) -> Result<(), Error> {
    if length > max_length {
        Err(Error::TooLarge)
    } else {
        Ok(())
    }
}

fn is_same_type(one: &str, other: &str) -> bool {
    subtype(one).eq_ignore_ascii_case(subtype(other))
}

fn subtype(media_type: &str) -> &str {
    match media_type.split_at_checked(MEDIA_TYPE_PREFIX.len()) {
        Some((prefix, subtype)) if prefix.eq_ignore_ascii_case(MEDIA_TYPE_PREFIX) => subtype,
        _ => media_type,
    }
}
