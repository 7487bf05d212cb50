//! JWK Sets (RFC 7517 section 5). The site's own set is refused as a whole if any key is wrong. In an issuer's set,
//! wrong keys are skipped, because one broken key must not stop a service.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::error::Error;
use crate::keys::algorithm::{Algorithm, Family};
use crate::keys::jwk::{Jwk, Purpose};
use crate::keys::key::{SigningKey, VerifyingKey};
use crate::token::claims;
use crate::token::json::{self, Discard};
use crate::token::raw_object::RawObject;

/// The longest set that is read, in bytes. It has room for thousands of keys.
pub const MAX_LENGTH: usize = 1 << 20;
/// The most keys in one set, so that a set of a million empty keys is refused at once.
pub const MAX_KEYS: usize = 1024;
/// The most characters of a `kid` that a message shows.
const SHOWN_KID_LENGTH: usize = 64;

/// A `kid` is public. If it were the thumbprint of a secret, an attacker could test guesses against it.
const SECRET_WITHOUT_KID: Error = Error::KeyMalformed("a secret needs a kid");

/// A key of the site's own set.
#[derive(Debug)]
pub struct OwnKey {
    /// The `kid`; if the JWK has none, the RFC 7638 thumbprint of the public key.
    pub kid: String,
    /// The key that signs, if the JWK is private or symmetric.
    pub signing: Option<SigningKey>,
    /// The key that verifies. It also names the algorithm.
    pub verifying: VerifyingKey,
    /// The members of the JWK, kept for writing the file again.
    pub(crate) members: RawObject,
}

/// The usable keys of an issuer's set.
#[derive(Debug)]
pub struct IssuerSet {
    /// The keys, each with its `kid`. For one `kid`, `kty` and algorithm there is at most one key. One JWK may yield
    /// several keys.
    pub keys: Vec<(Option<String>, VerifyingKey)>,
    /// Which keys were skipped, and why.
    pub skipped: Vec<KeyRefusal>,
    /// The mistakes of the set's writer that were tolerated.
    pub tolerated: Vec<Tolerated>,
}

/// A mistake in a key of an issuer's set that does not stop its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tolerated {
    /// The key's `kid` as messages show it.
    pub kid: Option<String>,
    /// The mistake.
    pub what: &'static str,
}

/// Why a set or one of its keys is refused. It names the key by its place and its `kid`, and never contains key
/// material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRefusal {
    /// The place of the key, counted from 1, if the refusal is about one key.
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

/// A `kid` as a message may show it. Its author is not trusted, so its length and its characters are limited for the
/// sake of logs.
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

/// Reads the site's own JWK Set.
///
/// # Errors
/// A [`KeyRefusal`] for the first key that can't be used, that has no `alg` although its kind has several algorithms,
/// or that is an HMAC secret without `kid` or shorter than its hash. [`Error::KeySetInvalid`] if two keys have the
/// same `kid`, and for any text but a JWK Set in strict JSON of at most [`MAX_LENGTH`] bytes and [`MAX_KEYS`] keys.
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
            return Err(refused(Error::KeySetInvalid("two keys have the same kid")));
        }
        keys.push(key);
    }
    Ok(keys)
}

impl OwnKey {
    /// Reads one of the site's own keys.
    ///
    /// # Errors
    /// Those that [`read_own`] has for one key.
    pub(crate) fn from_jwk(text: &[u8]) -> Result<Self, Error> {
        Self::read(text, &Jwk::parse(text)?)
    }

    fn read(text: &[u8], jwk: &Jwk<'_>) -> Result<Self, Error> {
        let sole = || Ok(Algorithm::sole_of(jwk.family()?));
        let algorithm = (jwk
            .algorithm()?
            .map_or_else(sole, |named| Ok(Some(named)))?)
        .ok_or(Error::KeyMalformed(
            "it needs an alg, because its kty has several",
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

/// A secret verifies. It also signs, unless its `key_ops` forbid it.
fn secret_keys(
    algorithm: Algorithm,
    jwk: &Jwk<'_>,
) -> Result<(Option<SigningKey>, VerifyingKey), Error> {
    let verifying = VerifyingKey::from_parsed_jwk(algorithm, jwk)?;
    if verifying.is_weak() {
        return Err(Error::KeyWeak(
            "an HMAC secret must be at least as long as its hash",
        ));
    }
    let signing = jwk
        .allows(Purpose::Sign)
        .then(|| SigningKey::from_parsed_jwk(algorithm, jwk));
    Ok((signing.transpose()?, verifying))
}

/// Reads an issuer's JWK Set for some algorithms.
///
/// A key is skipped if it is symmetric, private, weak or malformed, or if it can't verify with one of `algorithms`. A
/// key without `alg` is used with every given algorithm that fits its kind. Padding with `=`, and a leading zero octet of
/// `n`, are tolerated. If keys have the same `kid` and `kty` but
/// different material, a token does not say which of them it means, so all of them are skipped.
///
/// # Errors
/// [`Error::KeySetInvalid`] for any text but a JWK Set of at most [`MAX_LENGTH`] bytes and [`MAX_KEYS`] keys.
pub fn read_issuer(text: &[u8], algorithms: &[Algorithm]) -> Result<IssuerSet, Error> {
    check_length(text)?;
    let mut candidates = Vec::new();
    let mut skipped = Vec::new();
    let mut tolerated = Vec::new();
    for (index, element) in elements(text)?.into_iter().enumerate() {
        match Jwk::parse_of_issuer(element) {
            Ok(jwk) => match Candidate::read(index, &jwk, algorithms) {
                Ok(candidate) => {
                    candidates.push(candidate);
                    let kid = jwk.kid().map(shown);
                    tolerated.extend(jwk.tolerated().map(|what| Tolerated {
                        kid: kid.clone(),
                        what,
                    }));
                }
                Err(error) => skipped.push(KeyRefusal::of_key(index, jwk.kid(), error)),
            },
            Err(error) => skipped.push(KeyRefusal::of_key(index, None, error)),
        }
    }
    let (keys, skipped) = settle(candidates, skipped);
    Ok(IssuerSet {
        keys,
        skipped,
        tolerated,
    })
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
                "an issuer must not publish a symmetric key",
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
            "it does not fit any of the configured algorithms",
        ))?;
        Ok(Self {
            index,
            kid: jwk.kid().map(str::to_owned),
            kty: jwk.kty().to_owned(),
            thumbprint: public.thumbprint(),
            keys,
        })
    }

    /// The name that only one key may have; `None` for a key without `kid`.
    fn name(&self) -> Option<(String, String)> {
        self.kid.clone().map(|kid| (kid, self.kty.clone()))
    }
}

/// Removes keys that can't be told apart, and duplicates.
fn settle(
    candidates: Vec<Candidate>,
    mut skipped: Vec<KeyRefusal>,
) -> (Vec<(Option<String>, VerifyingKey)>, Vec<KeyRefusal>) {
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
    (keys, skipped)
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
