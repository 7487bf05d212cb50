//! JWK Sets (RFC 7517 section 5). One of ours is right as a whole or refused; of an issuer's set what is odd is passed
//! over, since one broken key must not take a service down.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::error::Error;
use crate::keys::algorithm::{Algorithm, Family};
use crate::keys::jwk::{Jwk, Purpose};
use crate::keys::key::{SigningKey, VerifyingKey};
use crate::token::claims;
use crate::token::json::{self, Discard};
use crate::token::raw_object::RawObject;

/// Longest set in bytes that is read: thousands of keys.
pub const MAX_LENGTH: usize = 1 << 20;
/// Most keys of one set, so that a set of a million empty ones is refused at once.
pub const MAX_KEYS: usize = 1024;
/// Most characters of a `kid` that a message shows.
const SHOWN_KID_LENGTH: usize = 64;

/// Everybody sees a `kid`: the thumbprint of a secret would be a hash to guess it by.
const SECRET_WITHOUT_KID: Error = Error::KeyMalformed("a secret needs a kid");

/// A key of a set of ours.
#[derive(Debug)]
pub struct OwnKey {
    /// `kid`, or else the RFC 7638 thumbprint of the public key.
    pub kid: String,
    /// The key that signs, of a private or symmetric JWK.
    pub signing: Option<SigningKey>,
    /// The key that verifies; it says the algorithm.
    pub verifying: VerifyingKey,
    /// The JWK as it stands, for whoever writes it back.
    pub(crate) members: RawObject,
}

/// What an issuer's set is good for.
#[derive(Debug)]
pub struct IssuerSet {
    /// The keys, each with its `kid`; at most one for a `kid`, `kty` and algorithm. One JWK may be several keys.
    pub keys: Vec<(Option<String>, VerifyingKey)>,
    /// Which keys were passed over, and why.
    pub skipped: Vec<KeyRefusal>,
}

/// Why a set, or a key of one, is refused. It names the key by its place and its `kid`, and holds no material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRefusal {
    /// The place of the key, from 1, where it is about one key.
    pub place: Option<usize>,
    /// Its `kid` as messages show it: at most 64 characters of printable ASCII.
    pub kid: Option<String>,
    /// What is wrong.
    pub error: Error,
}

impl KeyRefusal {
    pub(crate) fn of_key(index: usize, kid: Option<&str>, error: Error) -> Self {
        Self {
            place: index.checked_add(1),
            kid: kid.map(shown),
            error,
        }
    }
}

impl From<Error> for KeyRefusal {
    fn from(error: Error) -> Self {
        Self {
            place: None,
            kid: None,
            error,
        }
    }
}

impl fmt::Display for KeyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.place, &self.kid) {
            (Some(place), Some(kid)) => write!(f, "key {place} '{kid}': {}", self.error),
            (Some(place), None) => write!(f, "key {place}: {}", self.error),
            (None, _) => self.error.fmt(f),
        }
    }
}

impl std::error::Error for KeyRefusal {}

/// Whoever wrote the set chose the `kid`: neither its length nor its characters may spoil a log.
pub(crate) fn shown(kid: &str) -> String {
    let printable = |character: char| {
        if matches!(character, ' '..='~') {
            character
        } else {
            '?'
        }
    };
    let mut text: String = kid.chars().take(SHOWN_KID_LENGTH).map(printable).collect();
    if kid.chars().nth(SHOWN_KID_LENGTH).is_some() {
        text.push_str("...");
    }
    text
}

/// Reads a JWK Set of our own.
///
/// # Errors
/// A [`KeyRefusal`] for the first key that can't be used, has no `alg` while its kind takes several, or is an HMAC secret
/// shorter than its hash or without `kid`; [`Error::KeySetInvalid`] where two keys have one `kid`, or it is no JWK Set
/// of at most [`MAX_LENGTH`] bytes and [`MAX_KEYS`] keys in strict JSON.
pub fn read_own(text: &[u8]) -> Result<Vec<OwnKey>, KeyRefusal> {
    check_length(text)?;
    json::parse_object(text, &mut Discard, &[]).map_err(invalid)?;
    let mut keys: Vec<OwnKey> = Vec::new();
    let mut kids = HashSet::new();
    for (index, element) in elements(text)?.into_iter().enumerate() {
        let jwk = Jwk::parse(element).map_err(|error| KeyRefusal::of_key(index, None, error))?;
        let refused = |error| KeyRefusal::of_key(index, jwk.kid(), error);
        let key = OwnKey::read(element, &jwk).map_err(refused)?;
        if !kids.insert(key.kid.clone()) {
            return Err(refused(Error::KeySetInvalid("two keys have one kid")));
        }
        keys.push(key);
    }
    Ok(keys)
}

impl OwnKey {
    /// A key of ours by itself.
    ///
    /// # Errors
    /// Those of a key in [`read_own`].
    pub(crate) fn from_jwk(text: &[u8]) -> Result<Self, Error> {
        Self::read(text, &Jwk::parse(text)?)
    }

    fn read(text: &[u8], jwk: &Jwk<'_>) -> Result<Self, Error> {
        let sole = || Ok(Algorithm::sole_of(jwk.family()?));
        let algorithm = (jwk
            .algorithm()?
            .map_or_else(sole, |named| Ok(Some(named)))?)
        .ok_or(Error::KeyMalformed(
            "it needs an alg: its kty serves several",
        ))?;
        let (signing, verifying) = match algorithm.family() {
            Family::Hmac => secret_keys(algorithm, jwk)?,
            _ if jwk.is_private() => {
                let signing = SigningKey::from_parsed_jwk(algorithm, jwk)?;
                let verifying = signing.verifying_key()?;
                (Some(signing), verifying)
            }
            _ => (None, VerifyingKey::from_parsed_jwk(algorithm, jwk)?),
        };
        let kid = match (jwk.kid(), verifying.public_jwk()) {
            (Some(kid), _) => kid.to_owned(),
            (None, Some(public)) => public.thumbprint(),
            (None, None) => return Err(SECRET_WITHOUT_KID),
        };
        if !claims::is_id(&kid) {
            return Err(Error::KeyMalformed(
                "its kid is empty, has more than 255 characters, or a control character",
            ));
        }
        Ok(Self {
            kid,
            signing,
            verifying,
            members: RawObject::read(text)?,
        })
    }
}

/// A secret verifies; it signs too, unless its `key_ops` say otherwise.
fn secret_keys(
    algorithm: Algorithm,
    jwk: &Jwk<'_>,
) -> Result<(Option<SigningKey>, VerifyingKey), Error> {
    let verifying = VerifyingKey::from_parsed_jwk(algorithm, jwk)?;
    if verifying.is_weak() {
        return Err(Error::KeyWeak("an HMAC secret shorter than its hash"));
    }
    let signing = jwk
        .allows(Purpose::Sign)
        .then(|| SigningKey::from_parsed_jwk(algorithm, jwk));
    Ok((signing.transpose()?, verifying))
}

/// Reads an issuer's JWK Set for some algorithms.
///
/// Passed over is every key that is symmetric, private, weak, malformed, or not for verifying with one of
/// `algorithms`. A key without `alg` serves each of them that takes its kind. Where keys of one `kid` and `kty` differ
/// in material, nobody can say which is meant: all of them are passed over.
///
/// # Errors
/// [`Error::KeySetInvalid`] where the text is no JWK Set of at most [`MAX_LENGTH`] bytes and [`MAX_KEYS`] keys.
pub fn read_issuer(text: &[u8], algorithms: &[Algorithm]) -> Result<IssuerSet, Error> {
    check_length(text)?;
    let mut candidates = Vec::new();
    let mut skipped = Vec::new();
    for (index, element) in elements(text)?.into_iter().enumerate() {
        match Jwk::parse(element) {
            Ok(jwk) => match Candidate::read(index, &jwk, algorithms) {
                Ok(candidate) => candidates.push(candidate),
                Err(error) => skipped.push(KeyRefusal::of_key(index, jwk.kid(), error)),
            },
            Err(error) => skipped.push(KeyRefusal::of_key(index, None, error)),
        }
    }
    Ok(settle(candidates, skipped))
}

/// A key of an issuer's set that could be used if it were alone.
struct Candidate {
    index: usize,
    kid: Option<String>,
    kty: String,
    thumbprint: String,
    keys: Vec<VerifyingKey>,
}

impl Candidate {
    fn read(index: usize, jwk: &Jwk<'_>, algorithms: &[Algorithm]) -> Result<Self, Error> {
        let family = jwk.family()?;
        if family == Family::Hmac {
            return Err(Error::KeyMismatch(
                "a symmetric key is no issuer's to publish",
            ));
        }
        let named = jwk.algorithm()?;
        let keys = algorithms
            .iter()
            .filter(|algorithm| named.unwrap_or(**algorithm) == **algorithm)
            .filter(|algorithm| named.is_some() || algorithm.family() == family)
            .map(|algorithm| VerifyingKey::from_parsed_jwk(*algorithm, jwk))
            .collect::<Result<Vec<_>, _>>()?;
        let public = keys.first().and_then(VerifyingKey::public_jwk);
        let public = public.ok_or(Error::KeyMismatch(
            "it serves none of the configured algorithms",
        ))?;
        Ok(Self {
            index,
            kid: jwk.kid().map(str::to_owned),
            kty: jwk.kty().to_owned(),
            thumbprint: public.thumbprint(),
            keys,
        })
    }

    /// What must not stand for two materials; keys without `kid` never do.
    fn name(&self) -> Option<(String, String)> {
        self.kid.clone().map(|kid| (kid, self.kty.clone()))
    }
}

/// Takes out the keys that can't be told apart, and those that are there already.
fn settle(candidates: Vec<Candidate>, mut skipped: Vec<KeyRefusal>) -> IssuerSet {
    let mut materials: HashMap<_, HashSet<String>> = HashMap::new();
    for candidate in &candidates {
        let known = materials.entry(candidate.name()).or_default();
        known.insert(candidate.thumbprint.clone());
    }
    let ambiguous = |candidate: &Candidate| {
        candidate.kid.is_some()
            && materials
                .get(&candidate.name())
                .is_some_and(|known| known.len() > 1)
    };
    let mut seen = HashSet::new();
    let mut keys = Vec::new();
    for candidate in candidates {
        if ambiguous(&candidate) {
            let error = Error::KeyMismatch("another key has the same kid and kty");
            skipped.push(KeyRefusal::of_key(
                candidate.index,
                candidate.kid.as_deref(),
                error,
            ));
            continue;
        }
        for key in candidate.keys {
            let name = (
                candidate.kid.clone(),
                candidate.thumbprint.clone(),
                key.algorithm().name(),
            );
            if seen.insert(name) {
                keys.push((candidate.kid.clone(), key));
            }
        }
    }
    skipped.sort_by_key(|refusal| refusal.place);
    IssuerSet { keys, skipped }
}

fn check_length(text: &[u8]) -> Result<(), Error> {
    if text.len() > MAX_LENGTH {
        Err(Error::KeySetInvalid("longer than 1 MiB"))
    } else {
        Ok(())
    }
}

fn elements(text: &[u8]) -> Result<Vec<&[u8]>, Error> {
    json::array_elements(text, "keys", MAX_KEYS).map_err(invalid)
}

fn invalid(error: Error) -> Error {
    match error {
        Error::Malformed(what) => Error::KeySetInvalid(what),
        other => other,
    }
}
