//! The invariants of the schedule for whole key files: every change is written as a file and read again.

use std::collections::BTreeSet;

use _core::keys::algorithm::Algorithm;
use _core::ring::file::{KeySet, KeySetChange, KeySetRefusal};
use _core::ring::schedule::{
    KeyPhase, KeyRotationDecision, KeyRotationPolicy, NewKey, Plan, RotationMode, ScheduledKey,
    Seconds, signer,
};
use _core::token::json::Discard;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::schedule_properties::exercised;
use super::schedule_world::{ALL, RULE, Rule};
use crate::support::{MAX_LENGTH, fixture, open_policy, signing_kid};

/// How many courses are run. Each course makes hundreds of files.
const CASES: u32 = if cfg!(debug_assertions) { 20 } else { 300 };

const START: Seconds = 1_700_000_000;

/// A file of keys with this schedule, private or public. All keys have the same material and different `kid`s.
fn file<'k>(keys: impl IntoIterator<Item = (&'k ScheduledKey, bool)>) -> KeySet {
    let jwk = |(key, private): (&ScheduledKey, bool)| {
        let half = if private { "private" } else { "public" };
        let text = fixture(&format!("ed25519.{half}.jwk.json"));
        let mut jwk: Value = serde_json::from_slice(&text).unwrap();
        jwk["kid"] = json!(key.kid);
        for (name, time) in [
            ("iat", Some(key.iat)),
            ("nbf", Some(key.nbf)),
            ("exp", key.exp),
        ] {
            if let Some(time) = time {
                jwk[name] = json!(time);
            }
        }
        jwk
    };
    let keys: Vec<_> = keys.into_iter().map(jwk).collect();
    KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn private(keys: &[ScheduledKey]) -> KeySet {
    file(keys.iter().map(|key| (key, true)))
}

/// A change of a file as a plan, derived from the text that would be written.
fn decision(before: &[ScheduledKey], change: KeySetChange) -> KeyRotationDecision {
    if let Some(kid) = change.waits_for {
        assert!(change.key_set.is_none());
        return KeyRotationDecision::Wait { kid };
    }
    let written = KeySet::read(&change.key_set.unwrap().text()).unwrap();
    let mut plan = Plan {
        remove: change.removed,
        ..Plan::default()
    };
    for listed in written.keys(0) {
        let key = listed.schedule;
        match before.iter().find(|old| old.kid == key.kid) {
            Some(old) if old == key => {}
            Some(_) => plan.change.push(key.clone()),
            None => {
                assert_eq!((change.added.as_ref(), key.exp), (Some(&key.kid), None));
                let (iat, nbf) = (key.iat, key.nbf);
                assert_eq!(plan.add.replace(NewKey { iat, nbf }), None);
            }
        }
    }
    assert_eq!(plan.add.is_some(), change.added.is_some());
    let gone = |key: &&ScheduledKey| {
        written
            .keys(0)
            .iter()
            .all(|left| left.schedule.kid != key.kid)
    };
    let gone: BTreeSet<_> = before.iter().filter(gone).map(|key| &key.kid).collect();
    assert_eq!(gone, plan.remove.iter().collect());
    KeyRotationDecision::Write(plan)
}

fn decided(
    before: &[ScheduledKey],
    outcome: Result<KeySetChange, KeySetRefusal>,
) -> KeyRotationDecision {
    match outcome {
        Ok(change) => decision(before, change),
        Err(KeySetRefusal::Schedule(refusal)) => KeyRotationDecision::Refuse(refusal),
        Err(KeySetRefusal::Set(refusal)) => panic!("{refusal}"),
    }
}

fn rotate(
    keys: &[ScheduledKey],
    policy: &KeyRotationPolicy,
    mode: RotationMode,
    now: Seconds,
) -> KeyRotationDecision {
    decided(
        keys,
        private(keys).rotate(Algorithm::EdDSA, policy, mode, now),
    )
}

fn revoke(keys: &[ScheduledKey], kid: &str, now: Seconds) -> KeyRotationDecision {
    decided(keys, private(keys).revoke(kid, now))
}

fn prune(keys: &[ScheduledKey], now: Seconds) -> Vec<&str> {
    let removed = private(keys).prune(now).unwrap().removed;
    let kids = keys.iter().map(|key| key.kid.as_str());
    kids.filter(|kid| removed.iter().any(|gone| gone == kid))
        .collect()
}

const ON_FILES: Rule = Rule {
    rotate,
    revoke,
    prune,
    ..RULE
};

#[test]
fn files_keep_every_invariant() {
    assert_eq!(exercised(CASES, ON_FILES, false), ALL.into());
}

/// Times near each other.
fn time() -> impl Strategy<Value = Seconds> {
    (0..8i64, -1..=1i64).prop_map(|(minutes, second)| START + minutes * 60 + second)
}

prop_compose! {
    /// An arbitrary file: its keys, and whether each is private.
    fn any_file()(
        keys in prop::collection::vec((time(), time(), prop::option::of(1..500i64), any::<bool>()), 0..6)
    ) -> Vec<(ScheduledKey, bool)> {
        let numbered = keys.into_iter().zip(0..);
        numbered.map(|((iat, nbf, life, private), kid)| {
            let exp = life.map(|life| nbf + life);
            (ScheduledKey { kid: format!("{kid}"), iat, nbf, exp }, private)
        }).collect()
    }
}

fn read_any(keys: &[(ScheduledKey, bool)]) -> KeySet {
    file(keys.iter().map(|(key, private)| (key, *private)))
}

/// The keys of the schedule: those that can sign.
fn line(keys: &[(ScheduledKey, bool)]) -> Vec<ScheduledKey> {
    let private = keys.iter().filter(|(_, private)| *private);
    private.map(|(key, _)| key.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn the_ring_signs_with_the_schedules_signer_for_as_long_as_it_says(
        keys in any_file(), now in time(), retain in 1..400u32
    ) {
        let policy = KeyRotationPolicy { publish_ahead: 60, retain };
        let set = read_any(&keys);
        let ring = set.ring(&policy).unwrap();
        let line = line(&keys);
        let wanted = signer(&line, now);
        let at = now as f64;
        prop_assert_eq!(signing_kid(&ring, at), wanted.map(|key| key.kid.clone()));
        let signs = |exp: Seconds| ring.sign(format!(r#"{{"exp":{exp}}}"#).as_bytes(), at, MAX_LENGTH);
        match wanted {
            None => prop_assert_eq!(signs(now + 1).unwrap_err().code(), "no_signing_key"),
            Some(key) => {
                let latest = key.latest_expiry(&policy, now);
                let token = signs(latest).unwrap();
                ring.verify(token.as_bytes(), at, &open_policy(), &mut Discard).unwrap();
                // A retiring key may live longer than a key whose `exp` was written by hand.
                let able = |key: &ScheduledKey| key.nbf <= now && key.latest_expiry(&policy, now) > latest;
                let others = line.iter().any(able);
                prop_assert!(others || signs(latest + 1).unwrap_err().code() == "outlives_key");
            }
        }
    }

    #[test]
    fn the_list_says_what_the_ring_does(keys in any_file(), now in time()) {
        let set = read_any(&keys);
        let ring = set.ring(&KeyRotationPolicy { publish_ahead: 0, retain: 60 }).unwrap();
        let published: Value = serde_json::from_str(&ring.public_jwk_set(now as f64)).unwrap();
        let kids = published["keys"].as_array().unwrap().iter().map(|jwk| jwk["kid"].as_str().unwrap());
        let published: BTreeSet<_> = kids.collect();
        let listed = set.keys(now);
        let current = listed.iter().filter(|key| key.phase != KeyPhase::Dropped);
        prop_assert_eq!(published, current.map(|key| key.schedule.kid.as_str()).collect());
        let signing = listed.iter().find(|key| key.phase == KeyPhase::Signing);
        prop_assert_eq!(signing_kid(&ring, now as f64), signing.map(|key| key.schedule.kid.clone()));
    }

    /// After every change, the text can be read and written again without a difference.
    #[test]
    fn a_file_is_written_as_it_was_read(keys in any_file(), now in time(), place: prop::sample::Index) {
        let set = read_any(&keys);
        let policy = KeyRotationPolicy { publish_ahead: 60, retain: 60 };
        let kid = keys.get(place.index(6)).map_or("none", |(key, _)| key.kid.as_str());
        let changes = [
            set.rotate(Algorithm::EdDSA, &policy, RotationMode::Planned, now),
            set.rotate(Algorithm::ES256, &policy, RotationMode::AtOnce, now),
            set.begin(Algorithm::HS256, now + 60, now),
            set.revoke(kid, now),
            set.prune(now),
        ];
        let changed = changes.into_iter().filter_map(|change| change.ok()?.key_set);
        for set in changed.chain([set]) {
            let again = KeySet::read(&set.text()).unwrap();
            prop_assert_eq!(again.keys(now), set.keys(now));
            prop_assert_eq!(again.text(), set.text());
        }
    }
}
