//! Key files: reading, writing, and the result of each change.

use _core::error::Error;
use _core::keys::algorithm::Algorithm;
use _core::keys::jwk_set::{KeyRefusal, MAX_KEYS};
use _core::ring::KeyRing;
use _core::ring::file::{KeySet, KeySetChange};
use _core::ring::schedule::{self, KeyPhase, KeyRotationPolicy, RotationMode, Seconds};
use _core::token::encoding;
use _core::token::json::Discard;
use serde_json::{Value, json};

use crate::support::{MAX_LENGTH, SECRET, fixture, open_policy, signing_kid};

const NOW: Seconds = 1_700_000_000;
const POLICY: KeyRotationPolicy = KeyRotationPolicy {
    publish_ahead: 600,
    retain: 3_600,
};

fn jwk(name: &str, half: &str, members: Value) -> Value {
    let text = fixture(&format!("{name}.{half}.jwk.json"));
    merged(serde_json::from_slice(&text).unwrap(), members)
}

fn oct(members: Value) -> Value {
    let secret = encoding::encode(&SECRET[..32]);
    merged(json!({"kty": "oct", "alg": "HS256", "k": secret}), members)
}

fn merged(mut jwk: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}

fn read(keys: &[Value]) -> Result<KeySet, KeyRefusal> {
    KeySet::read(json!({ "keys": keys }).to_string().as_bytes())
}

fn one(members: Value) -> Result<KeySet, KeyRefusal> {
    read(&[jwk("p256", "private", members)])
}

fn value(set: &KeySet) -> Value {
    serde_json::from_slice(&set.text()).unwrap()
}

/// `kid`, algorithm and phase of each key.
fn listed(set: &KeySet, now: Seconds) -> Vec<(&str, &'static str, &'static str)> {
    let keys = set.keys(now).into_iter();
    keys.map(|key| {
        (
            key.schedule.kid.as_str(),
            key.algorithm.name(),
            key.phase.name(),
        )
    })
    .collect()
}

fn rotated(set: &KeySet, algorithm: Algorithm, now: Seconds) -> (KeySet, String) {
    written(
        set.rotate(algorithm, &POLICY, RotationMode::Planned, now)
            .unwrap(),
    )
}

fn written(change: KeySetChange) -> (KeySet, String) {
    assert_eq!(change.waits_for, None);
    (change.key_set.unwrap(), change.added.unwrap())
}

fn sign(ring: &KeyRing, now: Seconds, exp: Seconds) -> Result<String, Error> {
    ring.sign(
        format!(r#"{{"exp":{exp}}}"#).as_bytes(),
        now as f64,
        MAX_LENGTH,
    )
}

fn verify(set: &KeySet, token: &str, now: Seconds) -> Result<(), Error> {
    let ring = set.ring(&POLICY).unwrap();
    ring.verify(token.as_bytes(), now as f64, &open_policy(), &mut Discard)
        .map(|_| ())
}

// Reading.

#[test]
fn times_are_whole_seconds_since_1970() {
    for name in ["iat", "nbf", "exp"] {
        for good in [json!(1), json!(NOW), json!(253_402_300_799_i64)] {
            assert!(one(json!({name: good})).is_ok(), "{name} {good}");
        }
        for bad in [
            json!(-1),
            json!(253_402_300_800_i64),
            json!(1.0),
            json!(1e9),
            json!("1700000000"),
            json!(null),
            json!(true),
            json!([1]),
            json!(u64::MAX),
        ] {
            let refusal = one(json!({"kid": "first", name: bad})).unwrap_err();
            let named = (refusal.place, refusal.kid.as_deref(), refusal.error.code());
            assert_eq!(
                named,
                (Some(1), Some("first"), "key_malformed"),
                "{name} {bad}"
            );
            assert!(refusal.to_string().contains(name), "{refusal}");
        }
    }
    assert!(one(json!({"iat": 0, "nbf": 0})).is_ok());
    let text = value(&one(json!({"exp": 1})).unwrap()).to_string();
    let minus_zero = text.replace(r#""nbf":0"#, r#""nbf":-0"#);
    assert_ne!(text, minus_zero);
    assert!(KeySet::read(text.as_bytes()).is_ok() && KeySet::read(minus_zero.as_bytes()).is_err());
}

#[test]
fn a_key_ends_after_it_begins() {
    for (times, good) in [
        (json!({"nbf": NOW, "exp": NOW + 1}), true),
        (json!({"nbf": NOW, "exp": NOW}), false),
        (json!({"nbf": NOW, "exp": NOW - 1}), false),
        (json!({"exp": 1}), true),
        (json!({"exp": 0}), false),
        // A key that replaced a revoked key signs from a time before it was made.
        (json!({"iat": NOW, "nbf": 5, "exp": 9}), true),
    ] {
        assert_eq!(one(times.clone()).is_ok(), good, "{times}");
    }
}

#[test]
fn a_key_without_times_is_in_force_since_1970() {
    let set = one(json!({"kid": "old"})).unwrap();
    let keys = set.keys(NOW);
    let times = keys
        .iter()
        .map(|key| (key.schedule.iat, key.schedule.nbf, key.schedule.exp));
    assert_eq!(times.collect::<Vec<_>>(), [(0, 0, None)]);
    assert_eq!(listed(&set, NOW), [("old", "ES256", "signing")]);
}

#[test]
fn a_file_is_read_as_strictly_as_any_set_of_ours() {
    for (what, text, place) in [
        ("no set", "[]".to_owned(), None),
        (
            "two keys members",
            r#"{"keys":[],"keys":[]}"#.to_owned(),
            None,
        ),
        (
            "a name twice in what nobody reads",
            r#"{"keys":[],"a":{"b":1,"b":1}}"#.to_owned(),
            None,
        ),
        (
            "a weak secret",
            json!({"keys": [oct(json!({"kid": "a", "k": "AAAA"}))]}).to_string(),
            Some(1),
        ),
        (
            "a secret without kid",
            json!({"keys": [oct(json!({}))]}).to_string(),
            Some(1),
        ),
        (
            "no kid",
            json!({"keys": [oct(json!({"kid": ""}))]}).to_string(),
            Some(1),
        ),
        (
            "a kid of two lines",
            json!({"keys": [oct(json!({"kid": "a\nb"}))]}).to_string(),
            Some(1),
        ),
        (
            "a long kid",
            json!({"keys": [oct(json!({"kid": "a".repeat(256)}))]}).to_string(),
            Some(1),
        ),
    ] {
        let refusal = KeySet::read(text.as_bytes()).unwrap_err();
        assert_eq!(refusal.place, place, "{what}: {refusal}");
    }
    for kid in [
        "a".to_owned(),
        "a".repeat(255),
        "ключ".to_owned(),
        "a b".to_owned(),
    ] {
        assert!(read(&[oct(json!({"kid": kid}))]).is_ok(), "{kid}");
    }
}

#[test]
fn an_empty_file_is_one() {
    assert_eq!(KeySet::empty().text().as_slice(), b"{\"keys\":[]}\n");
    let set = KeySet::read(&KeySet::empty().text()).unwrap();
    assert_eq!(set.keys(NOW), []);
    assert_eq!(
        sign(&set.ring(&POLICY).unwrap(), NOW, NOW + 1).unwrap_err(),
        Error::NoSigningKey
    );
}

// Writing.

#[test]
fn a_key_is_a_line_and_what_nobody_reads_stays() {
    let text = concat!(
        "{ \"note\" : \"a \\u00e9 \\n\",\n \"k\\u0065ys\": [\n",
        "{\"x5c\": [\n\"AA\",\r\n \"BB\" ],\"kid\":\"one\",\"nbf\": 7,\"ключ\\n\":1.50,\n\"big\":123456789012345678901,",
        "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"alg\":null},\n\n",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"two\",\"exp\":9,",
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}],\n\"issued\" : {\"at\": 1e0}}",
    );
    let wanted = concat!(
        "{\"note\":\"a \\u00e9 \\n\",\n\"issued\":{\"at\": 1e0},\n\"keys\":[\n",
        "{\"kid\":\"one\",\"iat\":0,\"nbf\":7,\"x5c\":[\"AA\", \"BB\" ],\"\\u043a\\u043b\\u044e\\u0447\\n\":1.50,",
        "\"big\":123456789012345678901,\"kty\":\"OKP\",\"crv\":\"Ed25519\",",
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"alg\":null},\n",
        "{\"kid\":\"two\",\"iat\":0,\"nbf\":0,\"exp\":9,\"kty\":\"OKP\",\"crv\":\"Ed25519\",",
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}\n]}\n",
    );
    let set = KeySet::read(text.as_bytes()).unwrap();
    let written = set.text();
    assert_eq!(std::str::from_utf8(&written).unwrap(), wanted);
    assert_eq!(KeySet::read(&written).unwrap().text(), written);
    let pruned = set.prune(NOW).unwrap().key_set.unwrap();
    let lines: Vec<_> = wanted.lines().collect();
    let left = format!(
        "{}\n",
        [&lines[..3], &[lines[3].trim_end_matches(',')], &lines[5..]]
            .concat()
            .join("\n")
    );
    assert_eq!(std::str::from_utf8(&pruned.text()).unwrap(), left);
}

// The changes.

#[test]
fn one_file_goes_from_hs256_to_es256_to_eddsa() {
    let (set, first) = rotated(&KeySet::empty(), Algorithm::HS256, NOW);
    assert_eq!(listed(&set, NOW), [(&*first, "HS256", "signing")]);
    let token = sign(&set.ring(&POLICY).unwrap(), NOW, NOW + 3_600).unwrap();

    let (set, second) = rotated(&set, Algorithm::ES256, NOW + 600);
    assert_eq!(
        listed(&set, NOW + 600),
        [
            (&*first, "HS256", "signing"),
            (&*second, "ES256", "published")
        ]
    );
    assert_eq!(verify(&set, &token, NOW + 600), Ok(()));

    let (set, third) = rotated(&set, Algorithm::EdDSA, NOW + 1_200);
    assert_eq!(
        listed(&set, NOW + 1_800),
        [
            (&*first, "HS256", "retiring"),
            (&*second, "ES256", "retiring"),
            (&*third, "EdDSA", "signing"),
        ]
    );
    for now in [NOW + 1_200, NOW + 1_800, NOW + 3_599] {
        assert_eq!(verify(&set, &token, now), Ok(()));
    }
    let ring = set.ring(&POLICY).unwrap();
    let signing = |now: Seconds| signing_kid(&ring, now as f64).unwrap();
    assert_eq!(
        [signing(NOW + 1_799), signing(NOW + 1_800)],
        [second.clone(), third.clone()]
    );
    let published: Value = serde_json::from_str(&ring.public_jwk_set(NOW as f64)).unwrap();
    let kids: Vec<_> = published["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["kid"])
        .collect();
    assert_eq!(kids, [&json!(third), &json!(second)]);
}

#[test]
fn a_new_key_has_its_times_in_the_file_and_the_old_one_its_end() {
    let (set, first) = rotated(&KeySet::empty(), Algorithm::ES256, NOW);
    let (set, second) = rotated(&set, Algorithm::EdDSA, NOW + 1_000);
    let keys = &value(&set)["keys"];
    let times = |place: usize| {
        let key = &keys[place];
        (
            key["kid"].clone(),
            key["iat"].clone(),
            key["nbf"].clone(),
            key.get("exp").cloned(),
        )
    };
    let end = NOW + 1_000 + 600 + 3_600;
    assert_eq!(
        times(0),
        (json!(first), json!(NOW), json!(NOW), Some(json!(end)))
    );
    assert_eq!(
        times(1),
        (json!(second), json!(NOW + 1_000), json!(NOW + 1_600), None)
    );
}

#[test]
fn a_second_rotation_waits_for_the_first() {
    let (set, _) = rotated(&KeySet::empty(), Algorithm::ES256, NOW);
    let (set, second) = rotated(&set, Algorithm::ES256, NOW + 600);
    let change = set
        .rotate(Algorithm::ES256, &POLICY, RotationMode::Planned, NOW + 700)
        .unwrap();
    assert!(change.key_set.is_none() && change.added.is_none() && change.removed.is_empty());
    assert_eq!(change.waits_for, Some(second));
}

#[test]
fn at_once_another_key_signs() {
    let (set, first) = rotated(&KeySet::empty(), Algorithm::ES256, NOW);
    let change = set
        .rotate(Algorithm::ES256, &POLICY, RotationMode::AtOnce, NOW)
        .unwrap();
    let (set, second) = written(change);
    assert_eq!(
        listed(&set, NOW),
        [
            (&*first, "ES256", "retiring"),
            (&*second, "ES256", "signing")
        ]
    );
}

#[test]
fn a_first_key_may_begin_later_and_is_made_once() {
    let change = KeySet::empty()
        .begin(Algorithm::ES256, NOW + 50, NOW)
        .unwrap();
    let (set, first) = written(change);
    assert_eq!(listed(&set, NOW + 49), [(&*first, "ES256", "published")]);
    assert_eq!(listed(&set, NOW + 50), [(&*first, "ES256", "signing")]);
    let ring = set.ring(&POLICY).unwrap();
    assert_eq!(sign(&ring, NOW + 49, NOW + 99), Err(Error::NoSigningKey));
    assert!(sign(&ring, NOW + 50, NOW + 99).is_ok());
    let again = set.begin(Algorithm::ES256, NOW + 50, NOW).unwrap();
    assert_eq!(
        (again.waits_for, again.key_set.is_none()),
        (Some(first), true)
    );
}

#[test]
fn a_revoked_key_is_gone_and_another_of_its_algorithm_signs() {
    let (set, first) = rotated(&KeySet::empty(), Algorithm::HS512, NOW);
    let token = sign(&set.ring(&POLICY).unwrap(), NOW, NOW + 60).unwrap();
    let change = set.revoke(&first, NOW + 9).unwrap();
    assert_eq!(change.removed, [first]);
    let (set, second) = written(change);
    assert_eq!(listed(&set, NOW), [(&*second, "HS512", "signing")]);
    assert_eq!(verify(&set, &token, NOW + 9), Err(Error::KeyUnknown));
}

#[test]
fn what_is_dropped_is_pruned_and_nothing_else() {
    let set = read(&[
        jwk("p256", "private", json!({"kid": "past", "exp": NOW - 60})),
        jwk("p384", "private", json!({"kid": "late", "exp": NOW - 59})),
        jwk("p521", "public", json!({"kid": "public", "exp": NOW - 60})),
        jwk("ed25519", "private", json!({"kid": "last"})),
    ])
    .unwrap();
    let change = set.prune(NOW).unwrap();
    assert_eq!(change.removed, ["past", "public"]);
    let left = change.key_set.unwrap();
    assert_eq!(
        listed(&left, NOW),
        [("late", "ES384", "dropped"), ("last", "EdDSA", "signing")]
    );
    let again = left.prune(NOW).unwrap();
    assert!(again.key_set.is_none() && again.removed.is_empty());
}

#[test]
fn refusals_name_the_key_and_have_a_code() {
    let (set, first) = rotated(&KeySet::empty(), Algorithm::ES256, NOW);
    let unknown = set.revoke("line\nbreak", NOW).unwrap_err();
    assert_eq!(unknown.code(), "kid_unknown");
    assert_eq!(
        unknown.to_string(),
        "no key of the file has the kid 'line?break'"
    );
    let behind = set
        .rotate(Algorithm::ES256, &POLICY, RotationMode::Planned, NOW - 61)
        .unwrap_err();
    assert_eq!(behind.code(), "clock_behind");
    assert!(behind.to_string().contains(&first), "{behind}");
    assert_eq!(
        schedule::KeyRotationRefusal::CODES,
        [unknown.code(), behind.code()]
    );
}

#[test]
fn no_file_is_written_that_could_not_be_read() {
    let early = KeySet::empty()
        .rotate(Algorithm::ES256, &POLICY, RotationMode::Planned, -1)
        .unwrap_err();
    assert_eq!(early.code(), "key_malformed");
    let late = KeySet::empty()
        .begin(Algorithm::ES256, Seconds::MAX, NOW)
        .unwrap_err();
    assert_eq!(late.code(), "key_malformed");
    let keys: Vec<_> = (0..MAX_KEYS)
        .map(|kid| oct(json!({"kid": kid.to_string()})))
        .collect();
    let full = read(&keys).unwrap();
    let refusal = full
        .rotate(Algorithm::ES256, &POLICY, RotationMode::Planned, NOW)
        .unwrap_err();
    assert_eq!(refusal.code(), "key_set_invalid");
    let room = full.revoke("7", NOW).unwrap().key_set.unwrap();
    assert!(
        room.rotate(Algorithm::ES256, &POLICY, RotationMode::Planned, NOW)
            .is_ok()
    );
}

/// Absent times, and names outside ASCII, make the written text longer.
#[test]
fn no_file_is_pruned_that_could_not_be_read() {
    let public = |kid: &str, times| {
        let members = merged(json!({"kid": kid, "ключ".repeat(90_000): 1}), times);
        jwk("p256", "public", members)
    };
    let set = read(&[
        public("theirs", json!({})),
        jwk("p384", "public", json!({"kid": "past", "exp": 1})),
    ])
    .unwrap();
    assert_eq!(set.prune(NOW).unwrap_err().code(), "key_set_invalid");
    assert_eq!(
        set.revoke("past", NOW).unwrap_err().code(),
        "key_set_invalid"
    );
    let left = set.revoke("theirs", NOW).unwrap().key_set.unwrap();
    assert_eq!(left.prune(NOW).unwrap().removed, ["past"]);
}

// Keys that only verify.

#[test]
fn a_public_key_verifies_and_is_none_of_the_line() {
    let set = read(&[
        jwk("p256", "private", json!({"kid": "ours", "nbf": 5})),
        jwk("p384", "public", json!({"kid": "theirs", "nbf": 9})),
        jwk("p521", "public", json!({"kid": "to come", "nbf": NOW + 1})),
        jwk("ed25519", "public", json!({"kid": "past", "exp": NOW})),
        oct(json!({"kid": "secret", "key_ops": ["verify"]})),
    ])
    .unwrap();
    assert_eq!(
        listed(&set, NOW),
        [
            ("ours", "ES256", "signing"),
            ("theirs", "ES384", "retiring"),
            ("to come", "ES512", "published"),
            ("past", "EdDSA", "dropped"),
            ("secret", "HS256", "retiring"),
        ]
    );
    let (rotated, added) = rotated(&set, Algorithm::ES256, NOW);
    let ends: Vec<_> = rotated
        .keys(NOW)
        .iter()
        .map(|key| key.schedule.exp)
        .collect();
    assert_eq!(ends, [Some(NOW + 4_200), None, None, Some(NOW), None, None]);
    let ring = rotated.ring(&POLICY).unwrap();
    assert_eq!(signing_kid(&ring, (NOW + 600) as f64), Some(added));
    let change = set.revoke("theirs", NOW).unwrap();
    assert_eq!(
        (change.added, change.removed),
        (None, vec!["theirs".to_owned()])
    );
    assert_eq!(change.key_set.unwrap().keys(NOW).len(), 4);
}

#[test]
fn a_file_of_public_keys_is_read_and_signs_nothing() {
    let set = read(&[jwk("p256", "public", json!({"kid": "public"}))]).unwrap();
    let ring = set.ring(&POLICY).unwrap();
    assert_eq!(sign(&ring, NOW, NOW + 1), Err(Error::NoSigningKey));
    let signer = one(json!({"kid": "public"}))
        .unwrap()
        .ring(&POLICY)
        .unwrap();
    let token = sign(&signer, NOW, NOW + 1).unwrap();
    assert_eq!(verify(&set, &token, NOW), Ok(()));
}

// The ring.

#[test]
fn a_published_key_verifies_and_a_dropped_one_does_not() {
    let text = |times: Value| jwk("p256", "private", merged(json!({"kid": "key"}), times));
    let token = sign(
        &read(&[text(json!({}))]).unwrap().ring(&POLICY).unwrap(),
        NOW,
        NOW + 9,
    )
    .unwrap();
    for (times, accepted) in [
        (json!({"nbf": NOW + 99_999}), true),
        (json!({"exp": NOW + 1}), true),
        (json!({"exp": NOW}), false),
    ] {
        let set = read(&[text(times.clone())]).unwrap();
        let wanted = if accepted {
            Ok(())
        } else {
            Err(Error::KeyUnknown)
        };
        assert_eq!(verify(&set, &token, NOW), wanted, "{times}");
    }
}

#[test]
fn no_token_outlives_its_key() {
    let set = one(json!({"exp": NOW + 100})).unwrap();
    let ring = set.ring(&POLICY).unwrap();
    assert!(sign(&ring, NOW, NOW + 100).is_ok());
    assert_eq!(sign(&ring, NOW, NOW + 101), Err(Error::OutlivesKey));
    let ring = one(json!({})).unwrap().ring(&POLICY).unwrap();
    assert!(sign(&ring, NOW, NOW + 3_600).is_ok());
    assert_eq!(sign(&ring, NOW, NOW + 3_601), Err(Error::OutlivesKey));
}

#[test]
fn of_level_keys_the_first_in_the_file_signs() {
    let keys = ["one", "two"].map(|kid| jwk("p256", "private", json!({"kid": kid})));
    let ring = read(&keys).unwrap().ring(&POLICY).unwrap();
    assert_eq!(signing_kid(&ring, NOW as f64).as_deref(), Some("one"));
}

// No key material in messages.

#[test]
fn nothing_that_is_printed_holds_a_private_part() {
    let (set, _) = rotated(&KeySet::empty(), Algorithm::HS256, NOW);
    let (set, _) = rotated(&set, Algorithm::RS256, NOW + 600);
    let (set, _) = rotated(&set, Algorithm::EdDSA, NOW + 1_200);
    let change = set
        .rotate(Algorithm::ES256, &POLICY, RotationMode::AtOnce, NOW + 2_000)
        .unwrap();
    let ring = set.ring(&POLICY).unwrap();
    let mut printed = format!(
        "{set:?} {change:?} {ring:?} {:?} {}",
        set.keys(NOW),
        ring.public_jwk_set(NOW as f64)
    );
    assert!(
        printed.starts_with("KeySet(3 keys) KeySetChange {"),
        "{printed}"
    );
    let whole = value(&change.key_set.unwrap());
    let mut keys = whole["keys"].as_array().unwrap().clone();
    for key in &mut keys {
        // This member is read after the material, so the refusal comes late.
        let mut broken = key.clone();
        broken["exp"] = json!("secret");
        let refusal = read(&[broken]).unwrap_err();
        printed += &format!("{refusal} {refusal:?}");
    }
    let private = ["k", "d", "p", "q", "dp", "dq", "qi"];
    let parts: Vec<_> = keys
        .iter()
        .flat_map(|key| private.iter().filter_map(|name| key[name].as_str()))
        .collect();
    assert_eq!(parts.len(), 1 + 6 + 1 + 1);
    for part in parts {
        assert!(!printed.contains(&part[..16]), "{printed}");
    }
}

#[test]
fn phases_are_those_of_the_schedule() {
    let set = one(json!({"kid": "key", "nbf": NOW, "exp": NOW + 10})).unwrap();
    let phases = [NOW - 1, NOW, NOW + 9, NOW + 10].map(|now| set.keys(now)[0].phase);
    assert_eq!(
        phases,
        [
            KeyPhase::Published,
            KeyPhase::Signing,
            KeyPhase::Signing,
            KeyPhase::Dropped
        ]
    );
}
