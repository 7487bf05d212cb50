//! The schedule, rule by rule: each check passes on one side of its exact boundary and fails on the
//! other.

use _core::clock::MAX_CLOCK_SKEW;
use _core::ring::schedule::{
    KeyPhase, KeyRotationDecision, KeyRotationPolicy, KeyRotationRefusal, NewKey, Plan,
    RotationMode, ScheduledKey, Seconds, begin, phases, prune, revoke, rotate, signer,
};

use super::schedule_world::key;

const NOW: Seconds = 1_700_000_000;
const HOUR: Seconds = 3_600;
const DAY: Seconds = 24 * HOUR;
const AHEAD: Seconds = 600;
const POLICY: KeyRotationPolicy = KeyRotationPolicy {
    publish_ahead: 600,
    retain: 86_400,
};

/// A key that has signed for days.
fn old() -> ScheduledKey {
    key("old", NOW - 9 * DAY, NOW - 9 * DAY, None)
}

/// The same key after a rotation at `at`.
fn superseded(at: Seconds) -> ScheduledKey {
    key("old", NOW - 9 * DAY, NOW - 9 * DAY, Some(at + AHEAD + DAY))
}

/// The new key of a planned rotation at `at`.
fn new(at: Seconds) -> ScheduledKey {
    key("new", at, at + AHEAD, None)
}

fn signs(keys: &[ScheduledKey], now: Seconds) -> Option<&str> {
    signer(keys, now).map(|key| key.kid.as_str())
}

fn adds(iat: Seconds, nbf: Seconds) -> Plan {
    Plan {
        add: Some(NewKey { iat, nbf }),
        ..Plan::default()
    }
}

fn changes(change: Vec<ScheduledKey>) -> Plan {
    Plan {
        change,
        ..Plan::default()
    }
}

fn removes(kid: &str) -> Plan {
    Plan {
        remove: vec![kid.into()],
        ..Plan::default()
    }
}

#[track_caller]
fn rotates(keys: &[ScheduledKey], mode: RotationMode, now: Seconds, plan: Plan) {
    assert_eq!(
        rotate(keys, &POLICY, mode, now),
        KeyRotationDecision::Write(plan)
    );
}

#[track_caller]
fn waits(keys: &[ScheduledKey], now: Seconds, kid: &str) {
    let kid = kid.into();
    let decision = rotate(keys, &POLICY, RotationMode::Planned, now);
    assert_eq!(decision, KeyRotationDecision::Wait { kid });
}

#[track_caller]
fn revokes(keys: &[ScheduledKey], kid: &str, now: Seconds, plan: Plan) {
    assert_eq!(revoke(keys, kid, now), KeyRotationDecision::Write(plan));
}

// Phases and the signer.

#[test]
fn a_key_is_published_then_signs_then_retires_then_is_dropped() {
    let keys = [superseded(NOW), new(NOW)];
    let handover = NOW + AHEAD;
    let table = [
        (NOW, KeyPhase::Signing, KeyPhase::Published),
        (handover - 1, KeyPhase::Signing, KeyPhase::Published),
        (handover, KeyPhase::Retiring, KeyPhase::Signing),
        (handover + DAY - 1, KeyPhase::Retiring, KeyPhase::Signing),
        (handover + DAY, KeyPhase::Dropped, KeyPhase::Signing),
    ];
    for (now, one, other) in table {
        assert_eq!(phases(&keys, now), [one, other], "{}", now - NOW);
    }
}

#[test]
fn phases_have_names() {
    let phases = [
        KeyPhase::Published,
        KeyPhase::Signing,
        KeyPhase::Retiring,
        KeyPhase::Dropped,
    ];
    let names = ["published", "signing", "retiring", "dropped"];
    assert_eq!(phases.map(KeyPhase::name), names);
}

#[test]
fn nothing_signs_before_the_first_key_does() {
    assert_eq!(signs(&[], NOW), None);
    let first = [key("first", NOW, NOW, None)];
    assert_eq!(signs(&first, NOW - 1), None);
    assert_eq!(signs(&first, NOW), Some("first"));
}

#[test]
fn a_dropped_key_signs_nothing_even_if_no_other_can() {
    let ended = [key("ended", NOW, NOW, Some(NOW + HOUR))];
    assert_eq!(signs(&ended, NOW + HOUR - 1), Some("ended"));
    assert_eq!(signs(&ended, NOW + HOUR), None);
}

/// Rotated at once twice within a second.
#[test]
fn of_keys_with_one_nbf_the_one_superseded_last_signs() {
    let keys = [
        key("open", NOW, NOW, None),
        key("later", NOW, NOW, Some(NOW + 2)),
        key("sooner", NOW, NOW, Some(NOW + 1)),
    ];
    assert_eq!(signs(&keys, NOW), Some("open"));
    assert_eq!(signs(&keys[1..], NOW), Some("later"));
    let reversed = [keys[2].clone(), keys[1].clone(), keys[0].clone()];
    assert_eq!(signs(&reversed, NOW), Some("open"));
    let expected = [KeyPhase::Signing, KeyPhase::Retiring, KeyPhase::Retiring];
    assert_eq!(phases(&keys, NOW), expected);
}

/// Such keys occur in a file that was written by hand.
#[test]
fn of_level_keys_the_first_signs_and_only_that() {
    let keys = [key("first", 0, 0, None), key("second", 0, 0, None)];
    assert_eq!(signs(&keys, NOW), Some("first"));
    assert_eq!(phases(&keys, NOW), [KeyPhase::Signing, KeyPhase::Retiring]);
}

#[test]
fn a_published_and_a_retiring_key_verify_and_a_dropped_one_does_not() {
    let end = superseded(NOW).exp.unwrap();
    assert!(new(NOW).verifies(NOW));
    assert!(superseded(NOW).verifies(end - 1));
    assert!(!superseded(NOW).verifies(end));
}

#[test]
fn no_token_outlives_its_key() {
    assert_eq!(old().latest_expiry(&POLICY, NOW), NOW + DAY);
    let end = superseded(NOW).exp.unwrap();
    let last = end - DAY;
    assert_eq!(superseded(NOW).latest_expiry(&POLICY, last), end);
    assert_eq!(superseded(NOW).latest_expiry(&POLICY, last + 1), end);
    assert_eq!(superseded(NOW).latest_expiry(&POLICY, last - 1), end - 1);
}

// Planned rotations.

#[test]
fn the_first_key_signs_at_once() {
    for mode in [RotationMode::Planned, RotationMode::AtOnce] {
        rotates(&[], mode, NOW, adds(NOW, NOW));
        let dropped = [key("dropped", 0, 0, Some(NOW))];
        rotates(&dropped, mode, NOW, adds(NOW, NOW));
    }
}

#[test]
fn a_first_key_may_wait_and_a_second_one_is_no_first() {
    for nbf in [NOW - 9, NOW, NOW + 9_999] {
        let dropped = [key("dropped", 0, 0, Some(NOW))];
        for keys in [&[][..], &dropped] {
            assert_eq!(
                begin(keys, nbf, NOW),
                KeyRotationDecision::Write(adds(NOW, nbf))
            );
        }
        let last = "new".to_owned();
        for keys in [[superseded(NOW), new(NOW)], [new(NOW), superseded(NOW)]] {
            let waits = KeyRotationDecision::Wait { kid: last.clone() };
            assert_eq!(begin(&keys, nbf, NOW), waits);
        }
    }
}

#[test]
fn a_new_key_is_published_first_and_the_old_one_told_its_end() {
    let plan = Plan {
        change: vec![superseded(NOW)],
        ..adds(NOW, NOW + AHEAD)
    };
    rotates(&[old()], RotationMode::Planned, NOW, plan);
}

#[test]
fn while_a_key_waits_nothing_happens() {
    let keys = [superseded(NOW), new(NOW)];
    waits(&keys, NOW, "new");
    waits(&keys, NOW + AHEAD - 1, "new");
    let next = NOW + AHEAD;
    let ended = key("new", NOW, next, Some(next + AHEAD + DAY));
    let plan = Plan {
        change: vec![ended],
        ..adds(next, next + AHEAD)
    };
    rotates(&keys, RotationMode::Planned, next, plan);
}

/// `KEY_PUBLISH_AHEAD` was shortened meanwhile.
#[test]
fn a_key_waits_for_the_nbf_that_it_was_given() {
    let keys = [superseded(NOW), new(NOW)];
    let policy = KeyRotationPolicy {
        publish_ahead: 0,
        ..POLICY
    };
    let kid = "new".into();
    let decision = rotate(&keys, &policy, RotationMode::Planned, NOW + AHEAD - 1);
    assert_eq!(decision, KeyRotationDecision::Wait { kid });
}

#[test]
fn a_key_made_just_now_is_a_rotation_too() {
    let keys = [superseded(NOW), key("leaked", NOW, NOW, None)];
    waits(&keys, NOW, "leaked");
    waits(&keys, NOW + AHEAD - 1, "leaked");
    let later = rotate(&keys, &POLICY, RotationMode::Planned, NOW + AHEAD);
    assert!(matches!(later, KeyRotationDecision::Write(_)));
}

/// The key is retained from the handover, or from when the slowest process has read the file.
#[test]
fn retain_is_counted_from_when_the_old_key_signed_last() {
    for (ahead, handover) in [(0, 60), (59, 60), (60, 60), (61, 61), (600, 600)] {
        let policy = KeyRotationPolicy {
            publish_ahead: ahead,
            ..POLICY
        };
        let KeyRotationDecision::Write(plan) =
            rotate(&[old()], &policy, RotationMode::Planned, NOW)
        else {
            panic!("{ahead}");
        };
        assert_eq!(plan.change[0].exp, Some(NOW + handover + DAY), "{ahead}");
        let nbf = NOW + Seconds::from(ahead);
        assert_eq!(plan.add, Some(NewKey { iat: NOW, nbf }));
    }
}

#[test]
fn a_later_end_is_kept_and_the_next_one_comes_after_it() {
    let far = NOW + 90 * DAY;
    let keys = [key("older", 0, 0, Some(far)), old()];
    let ended = ScheduledKey {
        exp: Some(far + 1),
        ..old()
    };
    let plan = Plan {
        change: vec![ended],
        ..adds(NOW, NOW + AHEAD)
    };
    rotates(&keys, RotationMode::Planned, NOW, plan);
}

/// In a file that was written by hand, perhaps no key has an `exp`, or the signer's is too early.
#[test]
fn whatever_might_have_signed_gets_an_end_that_is_late_enough() {
    let end = Some(NOW + AHEAD + DAY);
    let keys = [key("a", 0, 0, None), key("b", 1, 1, None)];
    let change = vec![key("a", 0, 0, end), key("b", 1, 1, end)];
    let plan = adds(NOW, NOW + AHEAD);
    rotates(
        &keys,
        RotationMode::Planned,
        NOW,
        Plan {
            change,
            ..plan.clone()
        },
    );
    let keys = [key("signer", 1, 1, Some(NOW + 1))];
    let change = vec![key("signer", 1, 1, end)];
    rotates(&keys, RotationMode::Planned, NOW, Plan { change, ..plan });
}

// Rotations at once.

#[test]
fn at_once_a_new_key_signs_now_and_the_old_one_is_retained() {
    let ended = ScheduledKey {
        exp: Some(NOW + MAX_CLOCK_SKEW + DAY),
        ..old()
    };
    let plan = Plan {
        change: vec![ended],
        ..adds(NOW, NOW)
    };
    rotates(&[old()], RotationMode::AtOnce, NOW, plan);
}

#[test]
fn at_once_a_waiting_key_is_promoted_and_the_old_end_stays() {
    let keys = [superseded(NOW), new(NOW)];
    let now = NOW + HOUR / 10;
    let plan = changes(vec![key("new", NOW, now, None)]);
    rotates(&keys, RotationMode::AtOnce, now, plan);
    let again = rotate(&keys, &POLICY, RotationMode::AtOnce, NOW + AHEAD);
    assert!(matches!(
        again,
        KeyRotationDecision::Write(Plan { add: Some(_), .. })
    ));
}

/// A machine with a faster clock rotated when, by this machine's clock, the last handover was still
/// in the future.
#[test]
fn at_once_all_waiting_keys_come_forward_in_line() {
    let keys = [
        superseded(NOW),
        key("new", NOW, NOW + 5, Some(NOW + 2 * DAY)),
        key("newer", NOW + 5, NOW + 5 + AHEAD, None),
    ];
    let change = vec![
        key("new", NOW, NOW, Some(NOW + 2 * DAY)),
        key("newer", NOW + 5, NOW, None),
    ];
    assert_eq!(signs(&change, NOW), Some("newer"));
    rotates(&keys, RotationMode::AtOnce, NOW, changes(change));
}

// Clocks that are behind.

#[test]
fn a_clock_may_be_a_minute_behind_the_last_rotation_and_no_more() {
    let keys = [superseded(NOW), key("new", NOW, NOW, None)];
    waits(&keys, NOW - MAX_CLOCK_SKEW, "new");
    for mode in [RotationMode::Planned, RotationMode::AtOnce] {
        let refusal = KeyRotationRefusal::ClockBehind { kid: "new".into() };
        assert_eq!(refusal.code(), "clock_behind");
        let decision = rotate(&keys, &POLICY, mode, NOW - MAX_CLOCK_SKEW - 1);
        assert_eq!(decision, KeyRotationDecision::Refuse(refusal));
    }
}

// Revocations.

#[test]
fn a_kid_that_is_not_there_can_not_be_revoked() {
    let refusal = KeyRotationRefusal::KidUnknown { kid: "new".into() };
    assert_eq!(refusal.code(), "kid_unknown");
    for keys in [&[][..], &[old()]] {
        let decision = revoke(keys, "new", NOW);
        assert_eq!(decision, KeyRotationDecision::Refuse(refusal.clone()));
    }
}

#[test]
fn the_only_key_is_replaced_by_a_new_one_in_its_place() {
    let plan = Plan {
        remove: vec!["old".into()],
        ..adds(NOW, old().nbf)
    };
    revokes(&[old()], "old", NOW, plan);
}

/// Its `exp` was calculated for a key that no longer signs.
#[test]
fn a_retiring_key_is_not_promoted_back() {
    let keys = [superseded(NOW), new(NOW)];
    let plan = Plan {
        remove: vec!["new".into()],
        ..adds(NOW + AHEAD, NOW + AHEAD)
    };
    revokes(&keys, "new", NOW + AHEAD, plan);
}

#[test]
fn a_waiting_key_takes_the_place_of_the_signer() {
    let keys = [superseded(NOW), new(NOW)];
    let plan = Plan {
        change: vec![key("new", NOW, old().nbf, None)],
        ..removes("old")
    };
    revokes(&keys, "old", NOW + 1, plan);
}

/// A leaked key is superseded at once and then revoked. By a clock that is behind, it still signs.
#[test]
fn the_next_key_takes_the_place_until_every_clock_finds_it_there() {
    let keys = [superseded(NOW), key("new", NOW, NOW, None)];
    let last = NOW + MAX_CLOCK_SKEW - 1;
    let plan = Plan {
        change: vec![key("new", NOW, old().nbf, None)],
        ..removes("old")
    };
    revokes(&keys, "old", last, plan);
    revokes(&keys, "old", last + 1, removes("old"));
}

/// Two rotations at once within a second: nothing needs to change.
#[test]
fn a_next_key_that_signs_from_the_same_moment_stays_as_it_is() {
    let keys = [
        key("first", NOW, NOW, Some(NOW + DAY)),
        key("second", NOW, NOW, None),
    ];
    revokes(&keys, "first", NOW, removes("first"));
}

#[test]
fn revoking_a_waiting_key_undoes_its_rotation() {
    let keys = [superseded(NOW), new(NOW)];
    let plan = Plan {
        change: vec![old()],
        ..removes("new")
    };
    revokes(&keys, "new", NOW + AHEAD - 1, plan);
}

/// The first key by a clock that is behind, and a predecessor that is already dropped.
#[test]
fn a_waiting_key_without_a_living_predecessor_is_replaced() {
    let plan = Plan {
        remove: vec!["new".into()],
        ..adds(NOW, NOW)
    };
    revokes(&[new(NOW)], "new", NOW, plan.clone());
    let keys = [key("ended", 0, 0, Some(NOW)), new(NOW)];
    revokes(&keys, "new", NOW, plan);
}

/// A machine with a faster clock rotated twice; this one revokes one of the two keys that wait.
#[test]
fn of_two_waiting_keys_either_can_be_revoked() {
    let middle = key("new", NOW, NOW + 5, Some(NOW + 2 * DAY));
    let newer = key("newer", NOW + 5, NOW + 5 + AHEAD, None);
    let keys = [superseded(NOW), middle.clone(), newer.clone()];
    let forward = key("newer", NOW + 5, NOW + 5, None);
    let plan = Plan {
        change: vec![forward],
        ..removes("new")
    };
    revokes(&keys, "new", NOW, plan);
    let reinstated = ScheduledKey {
        exp: None,
        ..middle
    };
    let plan = Plan {
        change: vec![reinstated],
        ..removes("newer")
    };
    revokes(&keys, "newer", NOW, plan);
}

#[test]
fn a_key_that_is_past_is_only_removed() {
    let ended = key("ended", 0, 0, Some(NOW));
    revokes(
        std::slice::from_ref(&ended),
        "ended",
        NOW + MAX_CLOCK_SKEW,
        removes("ended"),
    );
    let within = revoke(&[ended], "ended", NOW + MAX_CLOCK_SKEW - 1);
    assert!(matches!(
        within,
        KeyRotationDecision::Write(Plan { add: Some(_), .. })
    ));
}

// Pruning.

#[test]
fn a_key_is_pruned_when_every_clock_finds_it_dropped() {
    let keys = [superseded(NOW), new(NOW)];
    let end = superseded(NOW).exp.unwrap();
    assert_eq!(prune(&keys, end), [""; 0]);
    assert_eq!(prune(&keys, end + MAX_CLOCK_SKEW - 1), [""; 0]);
    assert_eq!(prune(&keys, end + MAX_CLOCK_SKEW), ["old"]);
    assert_eq!(prune(&keys, Seconds::MAX), ["old"]);
}
