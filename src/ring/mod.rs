//! The keys of a site, and how a token is signed and verified with them.

pub mod file;
pub mod named;
pub mod schedule;
mod verified_tokens;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use crate::error::Error;
use crate::keys::algorithm::{Algorithm, Family};
use crate::keys::jwk_set::KeyRefusal;
use crate::keys::key::{SigningKey, VerifyingKey};
use crate::ring::named::{NamedKeys, RingKey};
use crate::ring::verified_tokens::VerifiedTokens;
use crate::token::claims;
use crate::token::json::{self, Builder, Discard};
use crate::token::jws::{self, Compact, Header};
use crate::token::policy::{TokenPolicy, check_length};

/// Keys that sign and verify: one pair of keys, or keys that a token names by its `kid`.
#[derive(Debug)]
pub struct KeyRing {
    keys: Keys,
    /// Tokens whose signature one of these keys has verified.
    verified: OnceLock<VerifiedTokens>,
}

#[derive(Debug)]
enum Keys {
    /// One pair, as in simplejwt: the ring writes no `kid` and ignores a token's `kid`.
    Pair(Pair),
    /// Keys by `kid`, and perhaps an older pair for tokens without `kid`.
    Named(NamedKeys, Option<Legacy>),
}

/// At most one key that signs, and the keys that verify. The ring tries them in this order.
#[derive(Clone, Debug)]
struct Pair {
    signer: Option<Arc<SigningKey>>,
    verifiers: Vec<Arc<VerifyingKey>>,
}

/// The pair that signed the tokens without `kid`.
#[derive(Debug)]
struct Legacy {
    pair: Pair,
    /// The end of its use, in seconds since 1970.
    until: f64,
}

/// What a ring answers about a token that it has verified.
#[derive(Debug, PartialEq, Eq)]
pub struct VerifiedToken<V> {
    /// The claims, as the caller's builder made them.
    pub claims: V,
    /// The header's `typ`; `None` if the header has no `typ`.
    pub typ: Option<Cow<'static, str>>,
}

/// A token with the keys that may have signed it. The caller verifies its signature, and then reads its claims.
pub struct Routed<'r, 't> {
    ring: &'r KeyRing,
    token: &'t [u8],
    compact: Compact<'t>,
    header: Header,
    candidates: Candidates<'r>,
    /// Whether the ring remembers that one of its keys has verified this token. HMAC is computed each time.
    is_remembered: bool,
}

/// A token whose signature was verified.
pub struct Signed<'t> {
    compact: Compact<'t>,
    typ: Option<Cow<'static, str>>,
}

enum Candidates<'r> {
    One(&'r VerifyingKey),
    Several(&'r [Arc<VerifyingKey>]),
}

/// A payload that was checked, and the key that will sign it. The caller signs at once.
pub struct Signing<'r> {
    header: &'r str,
    key: &'r SigningKey,
    payload: &'r [u8],
    max_length: usize,
}

impl KeyRing {
    /// Makes a ring of one pair. The verifiers with the token's algorithm are tried in this order.
    pub fn new(signer: Option<Arc<SigningKey>>, verifiers: Vec<Arc<VerifyingKey>>) -> Self {
        Self::of(Keys::Pair(Pair { signer, verifiers }))
    }

    fn of(keys: Keys) -> Self {
        Self {
            keys,
            verified: OnceLock::new(),
        }
    }

    /// Makes a ring of keys that each have a `kid`. The first key in force signs.
    ///
    /// # Errors
    /// A [`KeyRefusal`] that names the second of two keys with the same `kid`.
    pub fn of_keys(keys: Vec<RingKey>) -> Result<Self, KeyRefusal> {
        Ok(Self::of(Keys::Named(NamedKeys::new(keys)?, None)))
    }

    /// The same ring with a legacy pair: `legacy` must be a ring of one pair. Until the time `until`, in seconds since
    /// 1970, it verifies tokens without `kid`. It also signs until the first key may sign.
    ///
    /// # Errors
    /// [`Error::PolicyInvalid`] if this ring is a pair, or `legacy` is not.
    pub fn with_legacy(self, legacy: &Self, until: f64) -> Result<Self, Error> {
        match (self.keys, &legacy.keys) {
            (Keys::Named(keys, _), Keys::Pair(pair)) => {
                let pair = pair.clone();
                Ok(Self::of(Keys::Named(keys, Some(Legacy { pair, until }))))
            }
            _ => Err(Error::PolicyInvalid(
                "a legacy pair can only be added to a ring of keys by kid",
            )),
        }
    }

    /// Signs claims that are JSON already. The token contains exactly these bytes.
    ///
    /// # Errors
    /// Those of [`KeyRing::signing`] and [`Signing::sign`].
    pub fn sign(&self, payload: &[u8], now: f64, max_length: usize) -> Result<String, Error> {
        self.signing(payload, now, max_length)?.sign()
    }

    /// Checks claims and chooses the key that signs them at `now`, in seconds since 1970. The claims are read in the
    /// same way as for verification. So no token is made that would be refused for its form, that is longer than
    /// `max_length` bytes, or that outlives its key.
    ///
    /// # Errors
    /// [`Error::Unserializable`] unless the claims are a strict JSON object, [`Error::ClaimInvalid`],
    /// [`Error::TooLarge`], [`Error::NoSigningKey`], [`Error::OutlivesKey`], [`Error::PolicyInvalid`] if `now` is not
    /// finite.
    pub fn signing<'r>(
        &'r self,
        payload: &'r [u8],
        now: f64,
        max_length: usize,
    ) -> Result<Signing<'r>, Error> {
        claims::check_now(now)?;
        check_length(payload.len(), max_length)?;
        let ((), members) = json::parse_object(payload, &mut Discard, claims::REGISTERED)
            .map_err(unserializable)?;
        let expiry = claims::check_writable(&members)?;
        let (header, key) = match &self.keys {
            Keys::Pair(pair) => pair.signer()?,
            Keys::Named(keys, Some(legacy)) if legacy.signs(keys, now) => legacy.signer(expiry)?,
            Keys::Named(keys, _) => keys.signer(expiry, now)?,
        };
        Ok(Signing {
            header,
            key,
            payload,
            max_length,
        })
    }

    /// Remembers at most `most` tokens whose signature a public key has verified. Only the first call counts.
    pub fn remember_verified(&self, most: usize) {
        if most > 0 {
            self.verified.get_or_init(|| VerifiedTokens::new(most));
        }
    }

    /// Verifies a token at `now`, in seconds since 1970: its length, its signature, its `typ` and its registered
    /// claims. `builder` makes the claims.
    ///
    /// # Errors
    /// Those of [`KeyRing::route`], [`Routed::verify_signature`] and [`Signed::read`].
    pub fn verify<B: Builder>(
        &self,
        token: &[u8],
        now: f64,
        policy: &TokenPolicy,
        builder: &mut B,
    ) -> Result<VerifiedToken<B::Value>, B::Error> {
        let routed = self.route(token, now, policy)?;
        routed.verify_signature()?.read(now, policy, builder)
    }

    /// Checks a token's length and form, and finds the keys that may have signed it and are in force at `now`, in
    /// seconds since 1970. Nothing is verified yet.
    ///
    /// # Errors
    /// [`Error::NoVerifyingKey`], [`Error::TooLarge`], [`Error::KeyUnknown`], those of [`Compact::split`] and of
    /// reading the header.
    pub fn route<'r, 't>(
        &'r self,
        token: &'t [u8],
        now: f64,
        policy: &TokenPolicy,
    ) -> Result<Routed<'r, 't>, Error> {
        self.check_verifies()?;
        check_length(token.len(), policy.max_length())?;
        let compact = Compact::split(token)?;
        let (header, candidates) = match &self.keys {
            Keys::Pair(pair) => (pair.header(&compact)?, Candidates::Several(&pair.verifiers)),
            Keys::Named(keys, legacy) => match keys.route(&compact, now)? {
                (header, Some(key)) => (header, Candidates::One(key)),
                (header, None) => {
                    let legacy = legacy.as_ref().filter(|legacy| legacy.is_in_force(now));
                    let legacy = legacy.ok_or(Error::KeyUnknown)?;
                    (header, Candidates::Several(&legacy.pair.verifiers))
                }
            },
        };
        let memory = self.verified.get().filter(|_| is_public(header.algorithm));
        Ok(Routed {
            ring: self,
            token,
            compact,
            header,
            candidates,
            is_remembered: memory.is_some_and(|memory| memory.contains(token)),
        })
    }

    /// The kids of all keys that can sign, now or later.
    pub fn signing_kids(&self) -> Vec<&str> {
        match &self.keys {
            Keys::Pair(_) => Vec::new(),
            Keys::Named(keys, _) => keys.signing_kids().collect(),
        }
    }

    /// The public halves of all keys that verify at `now`, in seconds since 1970, or later, as a JWK Set in JSON (RFC
    /// 7517 section 5). HMAC keys have no public half.
    pub fn public_jwk_set(&self, now: f64) -> String {
        let (keys, pair) = match &self.keys {
            Keys::Pair(pair) => (None, Some(pair)),
            Keys::Named(keys, legacy) => {
                let legacy = legacy.as_ref().filter(|legacy| legacy.is_in_force(now));
                (Some(keys), legacy.map(|legacy| &legacy.pair))
            }
        };
        let named = keys.into_iter().flat_map(|keys| keys.public_jwks(now));
        let mut jwks: Vec<_> = named.collect();
        for jwk in pair.into_iter().flat_map(Pair::public_jwks) {
            // The legacy pair may also be one of the keys by `kid`.
            if !jwks.contains(&jwk) {
                jwks.push(jwk);
            }
        }
        format!(r#"{{"keys":[{}]}}"#, jwks.join(","))
    }

    fn check_verifies(&self) -> Result<(), Error> {
        match &self.keys {
            Keys::Pair(pair) if pair.verifiers.is_empty() => Err(Error::NoVerifyingKey),
            _ => Ok(()),
        }
    }
}

impl<'t> Routed<'_, 't> {
    /// Whether a public key must verify the signature, which takes long: other threads may run meanwhile.
    pub fn needs_public_key(&self) -> bool {
        is_public(self.header.algorithm) && !self.is_remembered
    }

    /// Verifies the signature, unless the ring remembers it.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::AlgorithmMismatch`], [`Error::SignatureInvalid`].
    pub fn verify_signature(self) -> Result<Signed<'t>, Error> {
        if !self.is_remembered {
            let algorithm = self.header.algorithm;
            match self.candidates {
                Candidates::One(key) => self.compact.verify(algorithm, [key])?,
                Candidates::Several(keys) => {
                    let keys = keys.iter().map(AsRef::as_ref);
                    self.compact.verify(algorithm, keys)?;
                }
            }
            if let Some(memory) = self.ring.verified.get().filter(|_| is_public(algorithm)) {
                memory.insert(self.token);
            }
        }
        Ok(Signed {
            compact: self.compact,
            typ: self.header.typ,
        })
    }
}

impl Signed<'_> {
    /// Checks `typ` and the registered claims at `now`, in seconds since 1970, and reads the claims, which `builder`
    /// makes.
    ///
    /// # Errors
    /// [`Error::Malformed`], those of [`TokenPolicy::check_typ`], [`claims::ClaimPolicy::check`] and the builder.
    pub fn read<B: Builder>(
        self,
        now: f64,
        policy: &TokenPolicy,
        builder: &mut B,
    ) -> Result<VerifiedToken<B::Value>, B::Error> {
        let payload = self.compact.unverified_payload()?;
        policy.check_typ(self.typ.as_deref())?;
        let (claims, members) = json::parse_object(&payload, builder, claims::REGISTERED)?;
        policy.claims().check(&members, now)?;
        Ok(VerifiedToken {
            claims,
            typ: self.typ,
        })
    }
}

fn is_public(algorithm: Algorithm) -> bool {
    algorithm.family() != Family::Hmac
}

impl Pair {
    fn signer(&self) -> Result<(&str, &SigningKey), Error> {
        let key = self.signer.as_deref().ok_or(Error::NoSigningKey)?;
        Ok((key.header(), key))
    }

    fn verifiers(&self) -> impl Iterator<Item = &VerifyingKey> + Clone {
        self.verifiers.iter().map(AsRef::as_ref)
    }

    /// The header is parsed only if its encoded bytes differ from those of each key.
    fn header(&self, token: &Compact<'_>) -> Result<Header, Error> {
        let known = self.verifiers().find(|key| token.has_header_of(key));
        known.map_or_else(|| token.header(), |key| Ok(key.into()))
    }

    fn public_jwks(&self) -> impl Iterator<Item = String> {
        self.verifiers().filter_map(|key| {
            let jwk = key.public_jwk()?;
            Some(jwk.to_json(&jwk.thumbprint(), key.algorithm()))
        })
    }
}

impl Legacy {
    fn is_in_force(&self, now: f64) -> bool {
        now < self.until
    }

    /// Until every process has the new keys, some only know the pair and must be able to verify what this one signs.
    fn signs(&self, keys: &NamedKeys, now: f64) -> bool {
        self.is_in_force(now) && keys.are_all_to_come(now)
    }

    /// The signer of a token that expires at `expiry`, if the pair is in use until then.
    fn signer(&self, expiry: Option<f64>) -> Result<(&str, &SigningKey), Error> {
        if expiry.is_none_or(|expiry| expiry <= self.until) {
            self.pair.signer()
        } else {
            Err(Error::OutlivesKey)
        }
    }
}

impl Signing<'_> {
    /// The key that signs.
    pub fn key(&self) -> &SigningKey {
        self.key
    }

    /// Signs the payload and returns the compact serialization.
    ///
    /// # Errors
    /// [`Error::TooLarge`] and those of [`jws::sign`].
    pub fn sign(&self) -> Result<String, Error> {
        let token = jws::sign_under(self.header, self.payload, self.key)?;
        check_length(token.len(), self.max_length)?;
        Ok(token)
    }
}

fn unserializable(error: Error) -> Error {
    match error {
        Error::Malformed(what) => Error::Unserializable(what),
        other => other,
    }
}
