//! The table's rows for what a session's own nodes do not do: a database that forgets, nodes without
//! sessions, a cache that remembers, another user agent; and what the settings and the login add.

use _core::refresh::{
    LAST_GENERATION, Micros, Presented, RefreshDecision, RefreshPolicy, RefreshRefusal, Repeated,
    Repetition, Reuse, RowUpdate, SessionState, UserState, check, decide, refusal,
};

use super::{reuse, said_again};

const SECOND: Micros = 1_000_000;
const DAY: Micros = 86_400 * SECOND;
const G: Micros = 30 * SECOND;
const LOGIN: Micros = 1_700_000_000 * SECOND;
/// The last rotation, with a fraction of a second that its token's `iat` drops.
const ROTATED: Micros = LOGIN + 3_600 * SECOND + 900_000;
const USER: UserState = UserState::Matches;

const POLICY: RefreshPolicy = RefreshPolicy {
    grace_seconds: 30,
    idle_lifetime: DAY,
    absolute_lifetime: Some(30 * DAY),
    rotate: true,
    leeway: 0,
    same_agent: false,
};
const KEEPING: RefreshPolicy = RefreshPolicy {
    rotate: false,
    ..POLICY
};

const ROW: SessionState = SessionState {
    generation: 5,
    rotated_at: Some(ROTATED),
    created_at: LOGIN,
    expires_at: ROTATED + DAY,
    absolute_expires_at: Some(LOGIN + 30 * DAY),
    idle_lifetime: None,
    revoked: false,
    revoked_in_cache: false,
};
/// The same row in a database that has forgotten two rotations.
const FORGETFUL: SessionState = SessionState {
    generation: 3,
    rotated_at: Some(LOGIN + 60 * SECOND),
    expires_at: LOGIN + 60 * SECOND + DAY,
    ..ROW
};

/// A token of the row's present generation 5, or of another one issued at the same time.
fn token(generation: u32) -> Presented {
    let issued_at = ROTATED.div_euclid(SECOND);
    Presented::new(generation, issued_at, issued_at + 86_400)
}

fn foreign(generation: u32) -> Presented {
    Presented {
        is_own: false,
        ..token(generation)
    }
}

fn blacklisted(presented: Presented) -> Presented {
    Presented {
        is_blacklisted: true,
        ..presented
    }
}

fn asks(session: SessionState, presented: Presented, now: Micros) -> RefreshDecision {
    decide(&session, USER, &presented, &POLICY, now)
}

const EXPIRED: RefreshDecision = RefreshDecision::Refuse(RefreshRefusal::SessionExpired);

// A database that forgets.

/// What the token of generation 5 restores in [`FORGETFUL`].
fn restoration() -> RowUpdate {
    let second = ROTATED.div_euclid(SECOND) * SECOND;
    RowUpdate {
        read_generation: 3,
        read_rotated_at: FORGETFUL.rotated_at,
        generation: 5,
        rotated_at: second + 999_999,
        expires_at: second + DAY,
        restate_auth_hash: false,
    }
}

#[test]
fn a_young_token_above_the_row_is_repeated_and_restores_it() {
    let expected = RefreshDecision::Repeat(Repetition {
        presented: Repeated::Current,
        restored: Some(restoration()),
        other_agent: false,
    });
    for age in [-SECOND, 0, G - SECOND] {
        assert_eq!(asks(FORGETFUL, token(5), ROTATED + age), expected);
    }
    let restored = FORGETFUL.updated(restoration());
    assert_eq!(restored.refresh_claims(), ROW.refresh_claims());
    let again = asks(restored, token(5), ROTATED);
    assert_eq!(again, said_again(Repeated::Current));
}

#[test]
fn an_older_token_above_the_row_rotates_and_restores_it() {
    let now = restoration().rotated_at + G;
    let expected = RefreshDecision::Rotate(RowUpdate {
        read_generation: 3,
        read_rotated_at: FORGETFUL.rotated_at,
        generation: 6,
        rotated_at: now,
        expires_at: now + DAY,
        restate_auth_hash: false,
    });
    assert_eq!(asks(FORGETFUL, token(5), now), expected);
    let young = matches!(
        asks(FORGETFUL, token(5), now - 1),
        RefreshDecision::Repeat(_)
    );
    assert!(young);
}

/// `iat` drops the fraction of the second in which generation 5 began. A row restored to the whole
/// second rotated less than G after that rotation, and a retry with generation 4 was then a
/// grandparent: it ended the session of an honest client.
#[test]
fn a_fraction_of_a_second_makes_no_grandparent_within_g() {
    let retry = ROTATED + G - 1;
    let early = ROTATED.div_euclid(SECOND) * SECOND + G;
    assert!(early < retry);
    let RefreshDecision::Repeat(repeat) = asks(FORGETFUL, token(5), early) else {
        panic!("the current token rotates twice in G");
    };
    let row = FORGETFUL.updated(repeat.restored.unwrap());
    assert_eq!(asks(row, token(4), retry), said_again(Repeated::Previous));
}

#[test]
fn a_token_above_the_row_lives_until_the_later_end() {
    let end = (token(5).expires_at) * SECOND;
    assert!(FORGETFUL.expires_at < end);
    assert!(matches!(
        asks(FORGETFUL, token(5), end - 1),
        RefreshDecision::Rotate(_)
    ));
    assert_eq!(asks(FORGETFUL, token(5), end), EXPIRED);
    let row = SessionState {
        expires_at: end + DAY,
        ..FORGETFUL
    };
    assert!(matches!(
        asks(row, token(5), end + DAY - 1),
        RefreshDecision::Rotate(_)
    ));
    assert_eq!(asks(FORGETFUL, token(3), FORGETFUL.expires_at), EXPIRED);
}

#[test]
fn the_absolute_end_counts_for_a_restored_row() {
    let absolute = ROTATED + DAY / 2;
    let row = SessionState {
        absolute_expires_at: Some(absolute),
        ..FORGETFUL
    };
    let RefreshDecision::Repeat(repeat) = asks(row, token(5), ROTATED) else {
        panic!("not repeated");
    };
    assert_eq!(repeat.restored.unwrap().expires_at, absolute);
    assert_eq!(asks(row, token(5), absolute), EXPIRED);
}

#[test]
fn what_refuses_a_current_token_refuses_one_above_the_row() {
    let ended = SessionState {
        revoked: true,
        ..FORGETFUL
    };
    let revoked = RefreshDecision::Refuse(RefreshRefusal::SessionRevoked);
    assert_eq!(asks(ended, token(5), ROTATED), revoked);
    let changed = decide(&FORGETFUL, UserState::Changed, &token(5), &POLICY, ROTATED);
    assert_eq!(
        changed,
        RefreshDecision::Refuse(RefreshRefusal::PasswordChanged)
    );
    let last = SessionState { ..FORGETFUL };
    assert_eq!(asks(last, token(LAST_GENERATION), ROTATED + 2 * G), EXPIRED);
}

#[test]
fn an_issue_time_far_ahead_rotates() {
    let now = ROTATED - 3_600 * SECOND;
    let RefreshDecision::Rotate(rotation) = asks(FORGETFUL, token(5), now) else {
        panic!("not rotated");
    };
    assert_eq!((rotation.generation, rotation.rotated_at), (6, now));
    assert!(rotation.skips_generations());
}

// Nodes without sessions.

#[test]
fn a_foreign_token_is_said_again_within_g_and_then_rotates() {
    assert_eq!(
        asks(ROW, foreign(5), ROTATED + G - 1),
        said_again(Repeated::Foreign)
    );
    let now = ROTATED + G;
    let RefreshDecision::Rotate(rotation) = asks(ROW, foreign(5), now) else {
        panic!("not rotated");
    };
    assert_eq!((rotation.generation, rotation.rotated_at), (6, now));
    assert!(!rotation.skips_generations());
}

#[test]
fn a_foreign_token_of_a_session_never_rotated_rotates_at_once() {
    let fresh = SessionState::begin(&POLICY, LOGIN);
    for presented in [foreign(0), token(0)] {
        let rotates = matches!(asks(fresh, presented, LOGIN), RefreshDecision::Rotate(_));
        assert!(rotates);
    }
}

#[test]
fn a_foreign_token_lives_until_the_later_end() {
    let late = Presented {
        expires_at: token(5).expires_at + 86_400,
        ..foreign(5)
    };
    let end = late.expires_at * SECOND;
    assert!(matches!(
        asks(ROW, late, end - 1),
        RefreshDecision::Rotate(_)
    ));
    assert_eq!(asks(ROW, late, end), EXPIRED);
    let own = Presented {
        is_own: true,
        ..late
    };
    assert_eq!(asks(ROW, own, ROW.expires_at), EXPIRED);
}

/// The row took the foreign token's `iat` as the time of its rotation, which was earlier: the grace of the
/// token before it began again, and a thief with that token got the current one.
#[test]
fn a_foreign_token_above_the_row_rotates_at_once_and_gives_its_parent_no_grace() {
    for now in [ROTATED, ROTATED + G - 1, ROTATED + G] {
        let rotated_at = now.max(restoration().rotated_at);
        let expected = RowUpdate {
            generation: 6,
            rotated_at,
            expires_at: rotated_at + DAY,
            ..restoration()
        };
        let decision = asks(FORGETFUL, foreign(5), now);
        assert_eq!(decision, RefreshDecision::Rotate(expected));
        let row = FORGETFUL.updated(expected);
        assert_eq!(asks(row, token(4), rotated_at), reuse(0));
        for repeated in [foreign(5), token(5)] {
            let previous = said_again(Repeated::Previous);
            assert_eq!(asks(row, repeated, rotated_at + G - 1), previous);
            assert_eq!(asks(row, repeated, rotated_at + G), reuse(G));
        }
    }
}

#[test]
fn what_refuses_a_foreign_token_refuses_one_above_the_row() {
    let end = token(5).expires_at * SECOND;
    assert!(matches!(
        asks(FORGETFUL, foreign(5), end - 1),
        RefreshDecision::Rotate(_)
    ));
    assert_eq!(asks(FORGETFUL, foreign(5), end), EXPIRED);
    let last = foreign(LAST_GENERATION);
    assert_eq!(asks(FORGETFUL, last, ROTATED), EXPIRED);
    let kept = decide(&FORGETFUL, USER, &foreign(5), &KEEPING, ROTATED);
    assert_eq!(kept, RefreshDecision::Keep);
}

#[test]
fn a_retired_foreign_token_is_retired() {
    assert_eq!(
        asks(ROW, foreign(4), ROTATED),
        said_again(Repeated::Previous)
    );
    assert_eq!(asks(ROW, foreign(4), ROTATED + G), reuse(G));
    assert_eq!(asks(ROW, foreign(3), ROTATED), reuse(0));
}

#[test]
fn a_blacklisted_token_is_reuse_without_grace() {
    let told = |retired_for| {
        RefreshDecision::Reuse(Reuse {
            retired_for,
            is_blacklisted: true,
        })
    };
    for (generation, retired_for) in [(3, SECOND), (4, SECOND), (5, 0), (6, 0)] {
        for presented in [token(generation), foreign(generation)] {
            let decision = asks(ROW, blacklisted(presented), ROTATED + SECOND);
            assert_eq!(decision, told(retired_for));
        }
    }
    let kept = decide(&ROW, USER, &blacklisted(token(5)), &KEEPING, ROTATED);
    assert_eq!(kept, told(0));
}

#[test]
fn a_session_that_is_over_is_refused_before_the_blacklist_is_asked() {
    assert_eq!(asks(ROW, blacklisted(token(5)), ROW.expires_at), EXPIRED);
}

// A cache that remembers.

#[test]
fn an_end_that_only_the_cache_remembers_is_written_again() {
    let row = SessionState {
        revoked_in_cache: true,
        ..ROW
    };
    let forgotten = RefreshDecision::Refuse(RefreshRefusal::EndForgotten);
    for presented in [token(3), token(4), token(5), token(6), foreign(5)] {
        assert_eq!(asks(row, presented, ROTATED + G), forgotten);
        let kept = decide(&row, USER, &presented, &KEEPING, ROTATED);
        assert_eq!(kept, forgotten);
    }
    assert_eq!(
        refusal(&row, USER, 0, ROTATED),
        Some(RefreshRefusal::EndForgotten)
    );
    let ended = SessionState {
        revoked: true,
        ..row
    };
    assert_eq!(
        asks(ended, token(5), ROTATED),
        RefreshDecision::Refuse(RefreshRefusal::SessionRevoked)
    );
    let told = asks(row, blacklisted(token(5)), ROTATED);
    assert!(matches!(told, RefreshDecision::Reuse(_)));
}

// Rotation is off.

#[test]
fn without_rotation_a_current_token_of_any_kind_is_kept() {
    for presented in [token(5), token(6), token(LAST_GENERATION), foreign(5)] {
        for now in [ROTATED, ROTATED + G] {
            let decision = decide(&ROW, USER, &presented, &KEEPING, now);
            assert_eq!(decision, RefreshDecision::Keep);
        }
    }
}

/// Nothing is written, so an access token would be refused from the row's end on.
#[test]
fn without_rotation_the_end_of_the_row_counts() {
    for presented in [token(5), foreign(3)] {
        let decision = decide(&FORGETFUL, USER, &presented, &KEEPING, FORGETFUL.expires_at);
        assert_eq!(decision, EXPIRED);
    }
}

// Leeway.

const LEEWAY: Micros = 10 * SECOND;
const LENIENT: RefreshPolicy = RefreshPolicy {
    leeway: LEEWAY,
    ..POLICY
};

#[test]
fn leeway_counts_for_the_idle_end() {
    let end = ROW.expires_at;
    let rotates = |now| decide(&ROW, USER, &token(5), &LENIENT, now);
    assert!(matches!(
        rotates(end + LEEWAY - 1),
        RefreshDecision::Rotate(_)
    ));
    assert_eq!(rotates(end + LEEWAY), EXPIRED);
    assert_eq!(refusal(&ROW, USER, LEEWAY, end + LEEWAY - 1), None);
    let over = Some(RefreshRefusal::SessionExpired);
    assert_eq!(refusal(&ROW, USER, LEEWAY, end + LEEWAY), over);
    assert_eq!(refusal(&ROW, USER, 0, end), over);
    assert_eq!(refusal(&ROW, USER, -LEEWAY, end - 1), None);
}

#[test]
fn leeway_does_not_count_for_g() {
    let decision = decide(&ROW, USER, &token(4), &LENIENT, ROTATED + G);
    assert_eq!(decision, reuse(G));
}

#[test]
fn within_leeway_of_the_absolute_end_nothing_rotates() {
    let end = ROTATED.div_euclid(SECOND) * SECOND + 60 * SECOND;
    let row = SessionState {
        absolute_expires_at: Some(end),
        ..ROW
    };
    let asks = |session, policy, now| decide(&session, USER, &token(5), &policy, now);
    let rotates = asks(row, LENIENT, end - 1);
    assert!(matches!(rotates, RefreshDecision::Rotate(_)));
    assert_eq!(asks(row, LENIENT, end), EXPIRED);
    let young = SessionState {
        rotated_at: Some(end - G / 2),
        ..row
    };
    let repeat = said_again(Repeated::Current);
    assert_eq!(asks(young, LENIENT, end + LEEWAY - 1), repeat);
    assert_eq!(asks(young, LENIENT, end + LEEWAY), EXPIRED);
    let keeping = RefreshPolicy {
        leeway: LEEWAY,
        ..KEEPING
    };
    assert_eq!(asks(row, keeping, end), RefreshDecision::Keep);
    assert_eq!(refusal(&row, USER, LEEWAY, end), None);
}

// A lifetime of the login's own.

#[test]
fn a_login_that_is_remembered_keeps_its_lifetime() {
    let row = SessionState {
        idle_lifetime: Some(20 * DAY),
        expires_at: ROTATED + 20 * DAY,
        ..ROW
    };
    let now = ROTATED + DAY;
    let RefreshDecision::Rotate(rotation) = asks(row, token(5), now) else {
        panic!("not rotated");
    };
    assert_eq!(rotation.expires_at, now + 20 * DAY);
    let child = row.updated(rotation);
    assert_eq!(child.idle_lifetime, row.idle_lifetime);
    let RefreshDecision::Rotate(last) = asks(child, token(6), now + 15 * DAY) else {
        panic!("not rotated");
    };
    assert_eq!(last.expires_at, LOGIN + 30 * DAY);
}

// Another user agent.

#[test]
fn grace_for_another_user_agent_is_told_or_refused() {
    let other = |generation| Presented {
        other_agent: true,
        ..token(generation)
    };
    let told = RefreshDecision::Repeat(Repetition {
        presented: Repeated::Previous,
        restored: None,
        other_agent: true,
    });
    let now = ROTATED + SECOND;
    assert_eq!(asks(ROW, other(4), now), told);
    assert_eq!(asks(ROW, other(4), ROTATED + G), reuse(G));
    assert_eq!(asks(ROW, other(5), now), said_again(Repeated::Current));
    let same = RefreshPolicy {
        same_agent: true,
        ..POLICY
    };
    let asks = |presented| decide(&ROW, USER, &presented, &same, now);
    assert_eq!(asks(other(4)), reuse(SECOND));
    assert_eq!(asks(token(4)), said_again(Repeated::Previous));
    assert_eq!(asks(other(5)), said_again(Repeated::Current));
}

// Questions without effect.

#[test]
fn a_check_has_the_code_of_the_refusal_and_no_effect() {
    let asks = |session, user, presented, now| check(&session, user, &presented, &POLICY, now);
    for (presented, now) in [
        (token(4), ROTATED),
        (token(5), ROTATED),
        (token(5), ROTATED + G),
        (token(6), ROTATED),
        (foreign(5), ROTATED),
    ] {
        assert_eq!(asks(ROW, USER, presented, now), None);
    }
    let reused = Some(RefreshRefusal::TokenReused);
    assert_eq!(asks(ROW, USER, token(4), ROTATED + G), reused);
    assert_eq!(asks(ROW, USER, blacklisted(token(5)), ROTATED), reused);
    let deactivated = asks(ROW, UserState::Deactivated, token(5), ROTATED);
    assert_eq!(deactivated, Some(RefreshRefusal::UserInactive));
    let row = SessionState {
        revoked_in_cache: true,
        ..ROW
    };
    let forgotten = asks(row, USER, token(5), ROTATED);
    assert_eq!(forgotten, Some(RefreshRefusal::SessionRevoked));
}
