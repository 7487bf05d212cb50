//! The rules for a token as a whole: its length, its `typ` and its claims.

use crate::error::Error;
use crate::token::claims::ClaimPolicy;

/// A `typ` may leave out this prefix (RFC 7515 section 4.1.9).
const MEDIA_TYPE_PREFIX: &str = "application/";

/// The rules that a token must satisfy.
#[derive(Clone, Debug)]
pub struct TokenPolicy {
    max_length: usize,
    allowed_typ: Option<Vec<String>>,
    claims: ClaimPolicy,
}

impl TokenPolicy {
    /// `max_length` is in bytes. If a token has a `typ`, it must be one of `allowed_typ`; `None` accepts any.
    pub fn new(max_length: usize, allowed_typ: Option<Vec<String>>, claims: ClaimPolicy) -> Self {
        Self {
            max_length,
            allowed_typ,
            claims,
        }
    }

    /// The same policy without rules for times, issuer and audience: for reading what an expired token was issued for.
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

    /// Checks the `typ` of a header (RFC 7519 section 5.1).
    ///
    /// # Errors
    /// [`Error::HeaderUnsupported`] if the policy does not allow it.
    pub fn check_typ(&self, typ: Option<&str>) -> Result<(), Error> {
        match (typ, &self.allowed_typ) {
            (Some(typ), Some(allowed)) if !allowed.iter().any(|name| is_same_type(typ, name)) => {
                Err(Error::HeaderUnsupported("typ"))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses a token that is too long; both lengths are in bytes. The caller asks this before it decodes anything.
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
