//! JWK Sets. If the first byte is `o`, the text is read as the site's own set and as a key file. If it is a digit from
//! 0 to 3, the text is read as an issuer's set for some algorithms. The rest is the text.

use std::collections::HashSet;
use std::fmt::Display;

use _core::error::Error;
use _core::keys::algorithm::{Algorithm, Family};
use _core::keys::jwk_set::{self, IssuerSet, KeyRefusal, MAX_KEYS, OwnKey};
use _core::ring::file::KeySet;
use _core::ring::schedule::{KeyRotationPolicy, RotationMode, Seconds};
use serde_json::Value;

use crate::keys;

const ALL: &[Algorithm] = &Algorithm::ALL;
/// The algorithms for each digit.
const ALGORITHMS: [&[Algorithm]; 4] = [
    ALL,
    &[Algorithm::RS256],
    &[Algorithm::ES256, Algorithm::EdDSA],
    &[Algorithm::HS256, Algorithm::RS256, Algorithm::PS256],
];

const NOW: Seconds = 1_700_000_000;
const POLICY: KeyRotationPolicy = KeyRotationPolicy {
    publish_ahead: 600,
    retain: 3_600,
};

/// Reads a set, and uses every accepted key.
pub fn run(data: &[u8]) {
    let Some((first, text)) = data.split_first() else {
        return;
    };
    let set = serde_json::from_slice::<Value>(text).ok();
    let members = set.as_ref().and_then(|set| set["keys"].as_array());
    if *first == b'o' {
        match jwk_set::read_own(text) {
            Ok(keys) => {
                check_own(text, &keys, members);
                check_file(text, set.as_ref());
            }
            Err(refusal) => {
                check_refusal(&refusal);
                assert_eq!(KeySet::read(text).err(), Some(refusal), "as a file");
            }
        }
    } else {
        let algorithms = ALGORITHMS[usize::from(first.wrapping_sub(b'0')) % ALGORITHMS.len()];
        match jwk_set::read_issuer(text, algorithms) {
            Ok(set) => check_issuer(&set, algorithms, members),
            Err(error) => check_error(error),
        }
    }
}

/// Every key is present, and all have different names.
fn check_own(text: &[u8], keys: &[OwnKey], members: Option<&Vec<Value>>) {
    let kids: HashSet<_> = keys.iter().map(|key| &key.kid).collect();
    assert_eq!(kids.len(), keys.len(), "one kid for two keys");
    let public = |key: &OwnKey| key.signing.is_none() && !is_symmetric(key);
    for (place, key) in keys.iter().enumerate() {
        check_own_key(key);
        let kid = members.and_then(|members| members[place]["kid"].as_str());
        assert!(kid.is_none_or(|kid| kid == key.kid), "another kid");
    }
    assert!(keys.len() <= MAX_KEYS);
    assert!(members.is_none_or(|members| members.len() == keys.len()));
    if keys.iter().all(public) {
        let set = jwk_set::read_issuer(text, ALL).expect("a set");
        assert_eq!(
            set.skipped,
            [],
            "the site's public keys, read as an issuer's"
        );
    }
}

fn check_own_key(key: &OwnKey) {
    let algorithm = key.verifying.algorithm();
    assert!(!key.verifying.is_weak());
    match &key.signing {
        Some(signing) => {
            let signature = keys::check_signing_key(algorithm, signing);
            assert!(keys::verifies(&key.verifying, &signature));
        }
        None => keys::check_verifying_key(algorithm, &key.verifying),
    }
}

fn is_symmetric(key: &OwnKey) -> bool {
    key.verifying.algorithm().family() == Family::Hmac
}

/// As a key file, the set is refused only for the times of a key. It stays the same when it is written and read again,
/// also after a change.
fn check_file(text: &[u8], set: Option<&Value>) {
    let file = match KeySet::read(text) {
        Ok(file) => file,
        Err(refusal) => {
            assert_eq!(refusal.error.code(), "key_malformed");
            assert!(refusal.place.is_some());
            return check_refusal(&refusal);
        }
    };
    check_same(&file);
    if let Some(set) = set {
        let written: Value = serde_json::from_slice(&file.text()).expect("JSON");
        assert_eq!(timed(set), written, "nothing is lost");
    }
    file.ring(&POLICY).expect("a ring");
    let changes = [
        file.rotate(Algorithm::EdDSA, &POLICY, RotationMode::AtOnce, NOW),
        file.prune(NOW),
    ];
    let changed = changes
        .into_iter()
        .filter_map(|change| change.ok()?.key_set);
    changed.for_each(|file| check_same(&file));
}

fn check_same(file: &KeySet) {
    let text = file.text();
    let again = KeySet::read(&text).expect("what was written");
    assert_eq!(again.text(), text);
    assert_eq!(again.keys(NOW), file.keys(NOW));
}

/// The set with the times of its keys, which a key file always contains.
fn timed(set: &Value) -> Value {
    let mut set = set.clone();
    for key in set["keys"].as_array_mut().expect("keys") {
        for name in ["iat", "nbf"] {
            let members = key.as_object_mut().expect("a key");
            members.entry(name).or_insert(Value::from(0));
        }
    }
    set
}

/// Every key serves a requested algorithm; a `kid` and an algorithm name one key; every key is either used or skipped.
fn check_issuer(set: &IssuerSet, algorithms: &[Algorithm], members: Option<&Vec<Value>>) {
    let mut names = HashSet::new();
    for (kid, key) in &set.keys {
        let algorithm = key.algorithm();
        assert!(algorithms.contains(&algorithm), "{algorithm}");
        assert_ne!(algorithm.family(), Family::Hmac);
        assert!(kid.is_none() || names.insert((kid, algorithm.name())));
        keys::check_verifying_key(algorithm, key);
    }
    let places: Vec<_> = set.skipped.iter().map(|refusal| refusal.place).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some));
    set.skipped.iter().for_each(check_refusal);
    if let Some(members) = members {
        assert!(places.len() <= members.len());
        assert_eq!(set.keys.is_empty(), places.len() == members.len());
    }
}

/// Messages about a key are short and printable for every `kid`.
fn check_refusal(refusal: &KeyRefusal) {
    check_error(refusal.error);
    check_printable(refusal);
}

fn check_error(error: Error) {
    assert!(error.code().starts_with("key_"), "{error:?}");
    check_printable(error);
}

fn check_printable(message: impl Display) {
    let text = message.to_string();
    assert!(text.len() < 250 && text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
}
