//! Keys that tokens name by their `kid`. Each key has times between which it is used.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::clock::MAX_CLOCK_SKEW;
use crate::error::Error;
use crate::keys::algorithm::Algorithm;
use crate::keys::jwk_set::KeyRefusal;
use crate::keys::key::{SigningKey, VerifyingKey};
use crate::token::claims;
use crate::token::encoding;
use crate::token::json;
use crate::token::jws::{Compact, Header};

/// A key of a ring. Times are in seconds since 1970, and infinite if the key has no such limit.
#[derive(Clone, Debug)]
pub struct RingKey {
    kid: String,
    signing: Option<Arc<SigningKey>>,
    verifying: Arc<VerifyingKey>,
    signs_from: f64,
    verifies_from: f64,
    until: f64,
    /// The longest lifetime of a token that this key signs, in seconds.
    longest_life: f64,
}

impl RingKey {
    /// Makes a key from these halves. `verifying` is by default the public half of `signing`, and `kid` the RFC 7638
    /// thumbprint.
    ///
    /// # Errors
    /// [`Error::NoVerifyingKey`] if both halves are absent, [`Error::KeyMismatch`] if they don't belong together,
    /// [`Error::KeySetInvalid`] for a symmetric key without `kid`, and for a `kid` that is empty, has more than 255
    /// characters, or has a control character.
    pub fn new(
        kid: Option<String>,
        signing: Option<Arc<SigningKey>>,
        verifying: Option<Arc<VerifyingKey>>,
    ) -> Result<Self, Error> {
        let verifying = paired(signing.as_deref(), verifying)?;
        let kid = match kid {
            Some(kid) => kid,
            None => thumbprint(&verifying)?,
        };
        if !claims::is_id(&kid) {
            return Err(Error::KeySetInvalid(
                "a kid must have 1 to 255 characters, without control characters",
            ));
        }
        Ok(Self {
            kid,
            signing,
            verifying,
            signs_from: f64::NEG_INFINITY,
            verifies_from: f64::NEG_INFINITY,
            until: f64::INFINITY,
            longest_life: f64::INFINITY,
        })
    }

    /// The same key, which signs from `not_before` until `not_after`, in seconds since 1970. It verifies from
    /// [`MAX_CLOCK_SKEW`] earlier, because another machine's clock may be ahead.
    #[must_use]
    pub fn in_force(self, not_before: Option<i64>, not_after: Option<i64>) -> Self {
        let signs_from = not_before.map_or(f64::NEG_INFINITY, |time| time as f64);
        Self {
            signs_from,
            verifies_from: signs_from - MAX_CLOCK_SKEW as f64,
            until: not_after.map_or(f64::INFINITY, |time| time as f64),
            ..self
        }
    }

    /// The same key, which verifies from the beginning, and signs only tokens that live at most `longest_life`
    /// seconds.
    #[must_use]
    pub fn published(self, longest_life: u32) -> Self {
        Self {
            verifies_from: f64::NEG_INFINITY,
            longest_life: longest_life.into(),
            ..self
        }
    }

    /// The key's id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key's algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// Whether the key has a private or secret half.
    pub fn can_sign(&self) -> bool {
        self.signing.is_some()
    }

    fn signer_at(&self, now: f64) -> Option<&SigningKey> {
        let signing = self.signing.as_deref();
        signing.filter(|_| self.signs_from <= now && now < self.until)
    }

    fn verifies(&self, now: f64) -> bool {
        self.verifies_from <= now && now < self.until
    }

    /// Whether a token that this key signs at `now` may expire at `expiry`.
    fn outlives(&self, expiry: f64, now: f64) -> bool {
        expiry <= self.until && expiry <= now + self.longest_life
    }
}

/// The text for trying two halves. It can't be the signing input of a token.
const PROBE: &[u8] = b"oxijwt";

/// Returns the half that verifies, after it has verified a signature of the other half.
fn paired(
    signing: Option<&SigningKey>,
    verifying: Option<Arc<VerifyingKey>>,
) -> Result<Arc<VerifyingKey>, Error> {
    let Some(signing) = signing else {
        return verifying.ok_or(Error::NoVerifyingKey);
    };
    let Some(verifying) = verifying else {
        return Ok(Arc::new(signing.verifying_key()?));
    };
    let same = signing.algorithm() == verifying.algorithm()
        && verifying.verify(PROBE, &signing.sign(PROBE)?).is_ok();
    same.then_some(verifying).ok_or(Error::KeyMismatch(
        "the verifying key does not belong to the signing key",
    ))
}

/// The thumbprint of an asymmetric key. A secret must not use one, because its hash would help an attacker to guess
/// it.
fn thumbprint(key: &VerifyingKey) -> Result<String, Error> {
    let jwk = key.public_jwk();
    jwk.map(|jwk| jwk.thumbprint())
        .ok_or(Error::KeySetInvalid("a symmetric key needs a kid"))
}

/// Keys with different `kid`s, in the order in which they are preferred for signing.
pub(crate) struct NamedKeys {
    keys: Vec<Named>,
    by_kid: HashMap<String, usize>,
    /// Finds a key by the encoded header that this crate writes, without decoding or parsing.
    by_header: HashMap<Vec<u8>, usize>,
}

struct Named {
    key: RingKey,
    header: String,
}

impl fmt::Debug for NamedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self
            .keys
            .iter()
            .map(|Named { key, .. }| (key.kid(), key.algorithm()));
        f.debug_map().entries(keys).finish()
    }
}

impl NamedKeys {
    pub(crate) fn new(keys: Vec<RingKey>) -> Result<Self, KeyRefusal> {
        let mut named = Self {
            keys: Vec::with_capacity(keys.len()),
            by_kid: HashMap::new(),
            by_header: HashMap::new(),
        };
        for (index, key) in keys.into_iter().enumerate() {
            let header = header(&key);
            if named.by_kid.insert(key.kid.clone(), index).is_some() {
                let error = Error::KeySetInvalid("two keys have the same kid");
                return Err(KeyRefusal::of_key(index, Some(&key.kid), error));
            }
            named.by_header.insert(header.clone().into_bytes(), index);
            named.keys.push(Named { key, header });
        }
        Ok(named)
    }

    /// The encoded header and the key for a token that expires at `expiry`: the first key in force that may sign it.
    pub(crate) fn signer(
        &self,
        expiry: Option<f64>,
        now: f64,
    ) -> Result<(&str, &SigningKey), Error> {
        let mut refusal = Error::NoSigningKey;
        for Named { key, header } in &self.keys {
            if let Some(signing) = key.signer_at(now) {
                if expiry.is_none_or(|expiry| key.outlives(expiry, now)) {
                    return Ok((header, signing));
                }
                refusal = Error::OutlivesKey;
            }
        }
        Err(refusal)
    }

    pub(crate) fn signing_kids(&self) -> impl Iterator<Item = &str> {
        let signing = self.keys.iter().filter(|named| named.key.can_sign());
        signing.map(|named| named.key.kid())
    }

    /// Whether the ring has keys that can sign, but all of them only sign later.
    pub(crate) fn are_all_to_come(&self, now: f64) -> bool {
        let signing = self.keys.iter().filter(|named| named.key.can_sign());
        let first = signing.map(|named| named.key.signs_from);
        let first = first.fold(f64::INFINITY, f64::min);
        first.is_finite() && now < first
    }

    /// The header of a token, and the key that its `kid` names; `None` if the token has no `kid`.
    pub(crate) fn route(
        &self,
        token: &Compact<'_>,
        now: f64,
    ) -> Result<(Header, Option<&VerifyingKey>), Error> {
        if let Some(index) = self.by_header.get(token.encoded_header()) {
            let key = self.in_force(*index, now)?;
            return Ok((key.into(), Some(key)));
        }
        let header = token.header()?;
        let Some(kid) = header.kid.as_deref() else {
            return Ok((header, None));
        };
        let index = *self.by_kid.get(kid).ok_or(Error::KeyUnknown)?;
        let key = self.in_force(index, now)?;
        Ok((header, Some(key)))
    }

    fn in_force(&self, index: usize, now: f64) -> Result<&VerifyingKey, Error> {
        let key = self.keys.get(index).map(|named| &named.key);
        let key = key.filter(|key| key.verifies(now));
        key.map(|key| key.verifying.as_ref())
            .ok_or(Error::KeyUnknown)
    }

    /// The JWKs of all keys that have not ended. Future keys are included, so that verifiers know them in time.
    pub(crate) fn public_jwks(&self, now: f64) -> impl Iterator<Item = String> {
        let current = self.keys.iter().filter(move |named| now < named.key.until);
        current.filter_map(|Named { key, .. }| {
            let jwk = key.verifying.public_jwk()?;
            Some(jwk.to_json(&key.kid, key.algorithm()))
        })
    }
}

/// The encoded header of the tokens that a key signs: in ASCII, with its members in PyJWT's order.
fn header(key: &RingKey) -> String {
    let mut header = format!(r#"{{"alg":"{}","kid":"#, key.algorithm()).into_bytes();
    json::write_string(&key.kid, &mut header);
    header.extend_from_slice(br#","typ":"JWT"}"#);
    encoding::encode(&header)
}
