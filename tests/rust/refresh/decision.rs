//! The decision table, row by row: each check passes on one side of its exact boundary and fails on
//! the other.

use _core::refresh::{
    LAST_GENERATION, Micros, Presented, RefreshClaims, RefreshDecision, RefreshPolicy,
    RefreshRefusal, Repeated, RowUpdate, SessionState, UserState, decide,
};

use super::{reuse, said_again};

const SECOND: Micros = 1_000_000;
/// How far behind a clock may be.
const MINUTE: Micros = 60 * SECOND;
const DAY: Micros = 86_400 * SECOND;
/// The grace interval of these tests.
const G: Micros = 30 * SECOND;
/// The moment of the login, with a fraction of a second that rounding down must drop.
const LOGIN: Micros = 1_700_000_000 * SECOND + 999_999;
/// The moment of the last rotation, an hour after the login.
const ROTATED: Micros = LOGIN + 3_600 * SECOND;

const POLICY: RefreshPolicy = RefreshPolicy {
    grace_seconds: 30,
    idle_lifetime: DAY,
    absolute_lifetime: Some(30 * DAY),
    rotate: true,
    leeway: 0,
    same_agent: false,
};
const STRICT: RefreshPolicy = RefreshPolicy {
    grace_seconds: 0,
    ..POLICY
};
const KEEPING: RefreshPolicy = RefreshPolicy {
    rotate: false,
    ..POLICY
};

/// A session right after its login.
const FRESH: SessionState = SessionState {
    generation: 0,
    rotated_at: None,
    created_at: LOGIN,
    expires_at: LOGIN + DAY,
    absolute_expires_at: Some(LOGIN + 30 * DAY),
    idle_lifetime: None,
    revoked: false,
    revoked_in_cache: false,
};
/// The same session, rotated five times.
const USED: SessionState = SessionState {
    generation: 5,
    rotated_at: Some(ROTATED),
    expires_at: ROTATED + DAY,
    ..FRESH
};
const USER: UserState = UserState::Matches;

/// The rotation of a session at `at` to `generation` under [`POLICY`], far from the absolute end. It is
/// the session's first one.
const fn rotation(generation: u32, at: Micros) -> RowUpdate {
    RowUpdate {
        read_generation: generation - 1,
        read_rotated_at: None,
        generation,
        rotated_at: at,
        expires_at: at + DAY,
        restate_auth_hash: false,
    }
}

/// A token of the session that ends when [`USED`] does.
fn token(generation: u32) -> Presented {
    Presented::new(generation, ROTATED / SECOND, (ROTATED + DAY) / SECOND)
}

#[track_caller]
fn refused(
    session: SessionState,
    user: UserState,
    presented: u32,
    now: Micros,
    reason: RefreshRefusal,
) {
    let decision = decide(&session, user, &token(presented), &POLICY, now);
    assert_eq!(decision, RefreshDecision::Refuse(reason));
}

#[track_caller]
fn decides(
    session: SessionState,
    presented: u32,
    policy: RefreshPolicy,
    now: Micros,
    expected: RefreshDecision,
) {
    let decision = decide(&session, USER, &token(presented), &policy, now);
    assert_eq!(decision, expected);
}

/// The write is conditional on the session that was read.
#[track_caller]
fn rotates(
    session: SessionState,
    presented: u32,
    policy: RefreshPolicy,
    now: Micros,
    expected: RowUpdate,
) {
    let expected = RowUpdate {
        read_rotated_at: session.rotated_at,
        ..expected
    };
    decides(
        session,
        presented,
        policy,
        now,
        RefreshDecision::Rotate(expected),
    );
}

#[track_caller]
fn repeats(presented: u32, now: Micros, expected: Repeated) {
    decides(USED, presented, POLICY, now, said_again(expected));
}

#[track_caller]
fn reuses(
    session: SessionState,
    presented: u32,
    policy: RefreshPolicy,
    now: Micros,
    retired_for: Micros,
) {
    decides(session, presented, policy, now, reuse(retired_for));
}

// Refuse.

#[test]
fn a_revoked_session_refuses_every_generation_even_within_grace() {
    let ended = SessionState {
        revoked: true,
        ..USED
    };
    for presented in [0, 3, 4, 5, 6, u32::MAX] {
        refused(
            ended,
            USER,
            presented,
            ROTATED,
            RefreshRefusal::SessionRevoked,
        );
    }
}

#[test]
fn the_idle_end_itself_is_too_late() {
    let end = USED.expires_at;
    rotates(USED, 5, POLICY, end - 1, rotation(6, end - 1));
    refused(USED, USER, 5, end, RefreshRefusal::SessionExpired);
    refused(USED, USER, 5, end + 1, RefreshRefusal::SessionExpired);
}

#[test]
fn the_absolute_end_itself_is_too_late() {
    let end = ROTATED + DAY / 2;
    let short = SessionState {
        absolute_expires_at: Some(end),
        ..USED
    };
    let whole = end - end % SECOND;
    let last = RowUpdate {
        expires_at: end,
        ..rotation(6, whole - 1)
    };
    rotates(short, 5, POLICY, whole - 1, last);
    for born_expired in [whole, end - 1] {
        let expired = RefreshRefusal::SessionExpired;
        refused(short, USER, 5, born_expired, expired);
    }
    let repeat = said_again(Repeated::Current);
    let young = SessionState {
        rotated_at: Some(end - 2 * SECOND),
        ..short
    };
    decides(young, 5, POLICY, end - 1, repeat);
    refused(young, USER, 5, end, RefreshRefusal::SessionExpired);
    refused(short, USER, 5, end, RefreshRefusal::SessionExpired);
    refused(short, USER, 5, end + 1, RefreshRefusal::SessionExpired);
}

#[test]
fn without_an_absolute_end_only_the_idle_end_counts() {
    let endless = SessionState {
        absolute_expires_at: None,
        ..USED
    };
    let now = endless.expires_at - 1;
    rotates(endless, 5, POLICY, now, rotation(6, now));
    refused(endless, USER, 5, now + 1, RefreshRefusal::SessionExpired);
}

#[test]
fn grace_does_not_outlive_an_end() {
    let dying = SessionState {
        expires_at: ROTATED + G / 2,
        ..USED
    };
    for presented in [4, 5] {
        refused(
            dying,
            USER,
            presented,
            ROTATED + G / 2,
            RefreshRefusal::SessionExpired,
        );
    }
}

#[test]
fn a_user_who_may_not_log_in_is_refused_even_within_grace() {
    let changed = UserState::Changed;
    for presented in [0, 4, 5] {
        refused(
            USED,
            UserState::Gone,
            presented,
            ROTATED,
            RefreshRefusal::UserNotFound,
        );
        refused(
            USED,
            UserState::Deactivated,
            presented,
            ROTATED,
            RefreshRefusal::UserDeactivated,
        );
        refused(
            USED,
            UserState::Inactive,
            presented,
            ROTATED,
            RefreshRefusal::UserInactive,
        );
        refused(
            USED,
            changed,
            presented,
            ROTATED,
            RefreshRefusal::PasswordChanged,
        );
    }
}

#[test]
fn refusals_are_asked_in_the_order_of_the_table() {
    let changed = UserState::Changed;
    let ended = SessionState {
        revoked: true,
        ..USED
    };
    let end = USED.expires_at;
    let gone = UserState::Gone;
    refused(ended, gone, 5, end, RefreshRefusal::SessionRevoked);
    refused(USED, gone, 5, end, RefreshRefusal::SessionExpired);
    refused(USED, gone, 0, ROTATED, RefreshRefusal::UserNotFound);
    refused(USED, changed, 0, ROTATED, RefreshRefusal::PasswordChanged);
}

#[test]
fn refusals_have_stable_codes() {
    let codes = [
        (RefreshRefusal::SessionRevoked, "session_revoked"),
        (RefreshRefusal::SessionExpired, "session_expired"),
        (RefreshRefusal::EndForgotten, "session_revoked"),
        (RefreshRefusal::UserNotFound, "user_not_found"),
        (RefreshRefusal::UserInactive, "user_inactive"),
        (RefreshRefusal::UserDeactivated, "user_inactive"),
        (RefreshRefusal::PasswordChanged, "password_changed"),
        (RefreshRefusal::TokenReused, "token_reused"),
        (RefreshRefusal::ClockBehind, "token_not_valid"),
    ];
    for (refusal, code) in codes {
        assert_eq!(refusal.code(), code);
    }
}

// Rotate.

#[test]
fn a_session_never_rotated_rotates_at_once() {
    for now in [LOGIN, LOGIN + 1, LOGIN + G - 1, LOGIN + G] {
        rotates(FRESH, 0, POLICY, now, rotation(1, now));
    }
}

#[test]
fn the_current_token_repeats_until_g_and_rotates_from_then_on() {
    repeats(5, ROTATED, Repeated::Current);
    repeats(5, ROTATED + G - 1, Repeated::Current);
    for now in [ROTATED + G, ROTATED + G + 1, ROTATED + 100 * G] {
        rotates(USED, 5, POLICY, now, rotation(6, now));
    }
}

#[test]
fn a_strict_policy_always_rotates_the_current_token() {
    for now in [ROTATED, ROTATED + 1, ROTATED + G] {
        rotates(USED, 5, STRICT, now, rotation(6, now));
    }
}

#[test]
fn the_idle_end_moves_no_further_than_the_absolute_end() {
    let absolute = LOGIN + 30 * DAY;
    let late = SessionState {
        expires_at: absolute,
        rotated_at: Some(absolute - DAY - G),
        ..USED
    };
    for (now, end) in [
        (absolute - DAY - 1, absolute - 1),
        (absolute - DAY, absolute),
        (absolute - DAY + 1, absolute),
    ] {
        let expected = RowUpdate {
            expires_at: end,
            ..rotation(6, now)
        };
        let later = SessionState {
            rotated_at: Some(now - G),
            ..late
        };
        rotates(later, 5, POLICY, now, expected);
    }
}

#[test]
fn a_shorter_idle_lifetime_takes_effect_at_the_next_rotation() {
    let policy = RefreshPolicy {
        idle_lifetime: MINUTE,
        ..POLICY
    };
    let now = ROTATED + G;
    let expected = RowUpdate {
        expires_at: now + MINUTE,
        ..rotation(6, now)
    };
    rotates(USED, 5, policy, now, expected);
}

#[test]
fn the_hash_is_restated_only_where_a_fallback_key_matched() {
    let restates = |user| match decide(&USED, user, &token(5), &POLICY, ROTATED + G) {
        RefreshDecision::Rotate(rotation) => rotation.restate_auth_hash,
        other => panic!("{other:?}"),
    };
    assert!(restates(UserState::MatchesFallback));
    assert!(!restates(UserState::Matches));
    assert!(!restates(UserState::NotApplicable));
}

#[test]
fn the_last_generation_repeats_and_then_has_no_successor() {
    let before = SessionState {
        generation: LAST_GENERATION - 1,
        ..USED
    };
    let now = ROTATED + G;
    rotates(
        before,
        LAST_GENERATION - 1,
        POLICY,
        now,
        rotation(LAST_GENERATION, now),
    );
    for generation in [LAST_GENERATION, u32::MAX] {
        let last = SessionState { generation, ..USED };
        let repeat = said_again;
        decides(last, generation, POLICY, now - 1, repeat(Repeated::Current));
        decides(
            last,
            generation - 1,
            POLICY,
            now - 1,
            repeat(Repeated::Previous),
        );
        refused(last, USER, generation, now, RefreshRefusal::SessionExpired);
    }
}

// Repeat and Reuse.

#[test]
fn the_previous_token_repeats_until_g_and_is_reuse_from_then_on() {
    repeats(4, ROTATED, Repeated::Previous);
    repeats(4, ROTATED + G - 1, Repeated::Previous);
    for age in [G, G + 1, 100 * G] {
        reuses(USED, 4, POLICY, ROTATED + age, age);
    }
}

#[test]
fn under_a_strict_policy_the_previous_token_is_reuse_at_once() {
    for age in [0, 1, G] {
        reuses(USED, 4, STRICT, ROTATED + age, age);
    }
}

#[test]
fn a_grandparent_is_reuse_whatever_the_time() {
    for presented in [0, 1, 2, 3] {
        for age in [0, G - 1, G, G + 1] {
            reuses(USED, presented, POLICY, ROTATED + age, age);
        }
        for behind in [1, MINUTE, MINUTE + 1, DAY] {
            reuses(USED, presented, POLICY, ROTATED - behind, 0);
        }
    }
}

#[test]
fn the_starting_token_is_the_previous_one_after_the_first_rotation() {
    let once = SessionState {
        generation: 1,
        ..USED
    };
    let previous = said_again(Repeated::Previous);
    decides(once, 0, POLICY, ROTATED + G - 1, previous);
    reuses(once, 0, POLICY, ROTATED + G, G);
}

// Keep.

#[test]
fn without_rotation_the_current_token_is_kept() {
    for now in [LOGIN, LOGIN + G, LOGIN + DAY - 1] {
        decides(FRESH, 0, KEEPING, now, RefreshDecision::Keep);
    }
    decides(USED, 5, KEEPING, ROTATED, RefreshDecision::Keep);
    decides(USED, 5, KEEPING, ROTATED - DAY, RefreshDecision::Keep);
}

#[test]
fn tokens_retired_before_rotation_was_turned_off_stay_retired() {
    let previous = said_again(Repeated::Previous);
    decides(USED, 4, KEEPING, ROTATED + G - 1, previous);
    reuses(USED, 4, KEEPING, ROTATED + G, G);
    reuses(USED, 3, KEEPING, ROTATED, 0);
}

// Clocks.

#[test]
fn up_to_a_minute_behind_counts_as_no_time() {
    for behind in [1, SECOND, MINUTE - 1, MINUTE] {
        repeats(5, ROTATED - behind, Repeated::Current);
        repeats(4, ROTATED - behind, Repeated::Previous);
        reuses(USED, 4, STRICT, ROTATED - behind, 0);
    }
}

#[test]
fn up_to_a_minute_behind_a_rotation_takes_the_time_of_the_row() {
    for behind in [1, SECOND, MINUTE] {
        rotates(USED, 5, STRICT, ROTATED - behind, rotation(6, ROTATED));
        rotates(FRESH, 0, POLICY, LOGIN - behind, rotation(1, LOGIN));
    }
}

#[test]
fn further_behind_the_current_token_rotates_and_the_previous_one_is_refused() {
    for behind in [MINUTE + 1, DAY] {
        let now = ROTATED - behind;
        for policy in [POLICY, STRICT] {
            rotates(USED, 5, policy, now, rotation(6, now));
        }
        refused(USED, USER, 4, now, RefreshRefusal::ClockBehind);
    }
}

// Claims that follow from the row.

#[test]
fn a_login_starts_with_both_ends() {
    assert_eq!(SessionState::begin(&POLICY, LOGIN), FRESH);
}

#[test]
fn a_login_is_idle_no_longer_than_it_lives() {
    let absolute_lifetime = Some(DAY / 2);
    let policy = RefreshPolicy {
        absolute_lifetime,
        ..POLICY
    };
    let session = SessionState::begin(&policy, LOGIN);
    assert_eq!(session.expires_at, LOGIN + DAY / 2);
    assert_eq!(session.absolute_expires_at, Some(LOGIN + DAY / 2));
}

#[test]
fn the_current_token_follows_from_the_row() {
    let claims = RefreshClaims {
        generation: 0,
        issued_at: 1_700_000_000,
        expires_at: 1_700_000_000 + 86_400,
    };
    assert_eq!(FRESH.refresh_claims(), claims);
    let claims = RefreshClaims {
        generation: 5,
        issued_at: 1_700_000_000 + 3_600,
        expires_at: 1_700_000_000 + 3_600 + 86_400,
    };
    assert_eq!(USED.refresh_claims(), claims);
}

#[test]
fn the_current_token_ends_with_a_row_cut_short() {
    let cut = SessionState {
        absolute_expires_at: Some(ROTATED + SECOND),
        ..USED
    };
    assert_eq!(cut.refresh_claims().expires_at, 1_700_000_000 + 3_601);
}

#[test]
fn the_written_row_says_the_new_token_and_repeats_it() {
    let now = LOGIN + G;
    let after = FRESH.updated(rotation(1, now));
    let expected = SessionState {
        generation: 1,
        rotated_at: Some(now),
        expires_at: now + DAY,
        ..FRESH
    };
    assert_eq!(after, expected);
    let said = RefreshClaims {
        generation: 1,
        issued_at: 1_700_000_030,
        expires_at: 1_700_000_030 + 86_400,
    };
    assert_eq!(after.refresh_claims(), said);
    for (presented, kind) in [(0, Repeated::Previous), (1, Repeated::Current)] {
        decides(after, presented, POLICY, now + G - 1, said_again(kind));
    }
}

#[test]
fn an_adopted_token_is_generation_zero_of_a_row_that_starts_at_one() {
    let unsaved = SessionState::begin(&POLICY, LOGIN);
    let RefreshDecision::Rotate(rotation) = decide(&unsaved, USER, &token(0), &POLICY, LOGIN)
    else {
        panic!("a fresh session rotates");
    };
    let adopted = unsaved.updated(rotation);
    assert_eq!(adopted.generation, 1);
    let loser = said_again(Repeated::Previous);
    decides(adopted, 0, POLICY, LOGIN + G - 1, loser);
    reuses(adopted, 0, POLICY, LOGIN + G, G);
}
