//! One key that signs and the keys that verify, and the whole way of a token through them.

use std::sync::Arc;

use crate::claims;
use crate::error::Error;
use crate::json::{self, Builder, Discard};
use crate::jws::{self, Compact};
use crate::key::{SigningKey, VerifyingKey};
use crate::policy::{TokenPolicy, check_length};

/// At most one key that signs and any number that verify.
#[derive(Debug)]
pub struct KeyRing {
    signer: Option<Arc<SigningKey>>,
    verifiers: Vec<Arc<VerifyingKey>>,
}

impl KeyRing {
    /// A ring of these keys. Verifiers of a token's algorithm are tried in this order.
    pub fn new(signer: Option<Arc<SigningKey>>, verifiers: Vec<Arc<VerifyingKey>>) -> Self {
        Self { signer, verifiers }
    }

    /// The key that signs.
    ///
    /// # Errors
    /// [`Error::NoSigningKey`].
    pub fn signer(&self) -> Result<&SigningKey, Error> {
        self.signer.as_deref().ok_or(Error::NoSigningKey)
    }

    /// Signs claims that are JSON already; these very bytes. They are read as verification would read them, so that
    /// no token is made that would be refused for its form, or for being longer than `max_length` bytes.
    ///
    /// # Errors
    /// [`Error::Unserializable`] where they aren't a strict JSON object, [`Error::ClaimInvalid`], [`Error::TooLarge`],
    /// [`Error::NoSigningKey`], and those of [`jws::sign`].
    pub fn sign(&self, payload: &[u8], max_length: usize) -> Result<String, Error> {
        let signer = self.signer()?;
        check_length(payload.len(), max_length)?;
        let ((), members) = json::parse_object(payload, &mut Discard, claims::REGISTERED)
            .map_err(unserializable)?;
        claims::check_writable(&members)?;
        let token = jws::sign(payload, signer)?;
        check_length(token.len(), max_length)?;
        Ok(token)
    }

    /// The claims of a token, made by `builder`, once its signature verifies and its length, `typ` and registered
    /// claims hold at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::NoVerifyingKey`], [`Error::TooLarge`], those of [`Compact::verified`], [`TokenPolicy::check_typ`],
    /// [`claims::ClaimPolicy::check`] and the builder.
    pub fn verify<B: Builder>(
        &self,
        token: &[u8],
        now: f64,
        policy: &TokenPolicy,
        builder: &mut B,
    ) -> Result<B::Value, B::Error> {
        if self.verifiers.is_empty() {
            return Err(Error::NoVerifyingKey.into());
        }
        check_length(token.len(), policy.max_length())?;
        let verified = Compact::split(token)?.verified(self.verifiers.iter().map(AsRef::as_ref))?;
        policy.check_typ(verified.typ.as_deref())?;
        let (value, members) = json::parse_object(&verified.payload, builder, claims::REGISTERED)?;
        policy.claims().check(&members, now)?;
        Ok(value)
    }
}

fn unserializable(error: Error) -> Error {
    match error {
        Error::Malformed(what) => Error::Unserializable(what),
        other => other,
    }
}
