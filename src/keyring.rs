//! One key that signs and the keys that verify, and the whole way of a token through them.

use std::sync::Arc;

use crate::claims::{self, ClaimPolicy};
use crate::error::Error;
use crate::json::{self, Builder, Discard};
use crate::jws::{self, Compact};
use crate::key::{SigningKey, VerifyingKey};

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
    /// no token is made that would be refused for its form.
    ///
    /// # Errors
    /// [`Error::Unserializable`] where they aren't a strict JSON object, [`Error::ClaimInvalid`],
    /// [`Error::NoSigningKey`], and those of [`jws::sign`].
    pub fn sign(&self, payload: &[u8]) -> Result<String, Error> {
        let signer = self.signer()?;
        if payload.len() > jws::MAX_TOKEN_LENGTH {
            return Err(Error::TooLarge);
        }
        let ((), members) = json::parse_object(payload, &mut Discard, claims::REGISTERED)
            .map_err(unserializable)?;
        claims::check_writable(&members)?;
        jws::sign(payload, signer)
    }

    /// The claims of a token, made by `builder`, once its signature verifies and its registered claims hold at `now`,
    /// in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::NoVerifyingKey`], those of [`Compact::verified_payload`], [`ClaimPolicy::check`] and the builder.
    pub fn verify<B: Builder>(
        &self,
        token: &[u8],
        now: f64,
        policy: &ClaimPolicy,
        builder: &mut B,
    ) -> Result<B::Value, B::Error> {
        if self.verifiers.is_empty() {
            return Err(Error::NoVerifyingKey.into());
        }
        let payload =
            Compact::split(token)?.verified_payload(self.verifiers.iter().map(AsRef::as_ref))?;
        let (value, members) = json::parse_object(&payload, builder, claims::REGISTERED)?;
        policy.check(&members, now)?;
        Ok(value)
    }
}

fn unserializable(error: Error) -> Error {
    match error {
        Error::Malformed(what) => Error::Unserializable(what),
        other => other,
    }
}
