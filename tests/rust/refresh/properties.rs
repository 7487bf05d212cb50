//! Properties for any row, any policy and any time, including absurd ones.

use _core::clock::MAX_CLOCK_SKEW;
use _core::refresh::{
    LAST_GENERATION, Micros, RefreshDecision, RefreshPolicy, RefreshRefusal, Rotation,
    SessionState, UserState, decide,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::collections::HashMap;

const SECOND: Micros = 1_000_000;
/// How far behind a clock may be.
const MAX_SKEW: Micros = MAX_CLOCK_SKEW * SECOND;
/// The moment near which ordinary times are.
const EPOCH: Micros = 1_700_000_000 * SECOND;

/// How many cases each property runs; fewer in a build without optimization.
const CASES: u32 = if cfg!(debug_assertions) {
    2_000
} else {
    20_000
};

/// The arguments of [`decide`].
#[derive(Clone, Copy, Debug)]
struct Question {
    session: SessionState,
    user: UserState,
    presented: u32,
    policy: RefreshPolicy,
    now: Micros,
}

impl Question {
    fn decision(&self) -> RefreshDecision {
        decide(
            &self.session,
            self.user,
            self.presented,
            &self.policy,
            self.now,
        )
    }

    fn rotation(&self) -> Option<Rotation> {
        match self.decision() {
            RefreshDecision::Rotate(rotation) => Some(rotation),
            _ => None,
        }
    }

    fn since(&self) -> Micros {
        self.session.rotated_at.unwrap_or(self.session.created_at)
    }

    fn age(&self) -> Micros {
        self.now.saturating_sub(self.since())
    }

    fn grace(&self) -> Micros {
        i64::from(self.policy.grace_seconds) * SECOND
    }

    fn is_repeat(&self) -> bool {
        matches!(self.decision(), RefreshDecision::Repeat(_))
    }
}

/// Times near each other at the boundaries: seconds apart, a microsecond apart, or at the ends of
/// the type.
fn time() -> impl Strategy<Value = Micros> {
    let near = (-120..=120i64, -1..=1i64).prop_map(|(s, us)| EPOCH + s * SECOND + us);
    let end = prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0)];
    prop_oneof![8 => near, 1 => end, 1 => any::<i64>()]
}

fn span() -> impl Strategy<Value = Micros> {
    let usual = (0..=200i64).prop_map(|s| s * SECOND);
    prop_oneof![8 => usual, 1 => Just(i64::MAX), 1 => any::<i64>()]
}

fn generation() -> impl Strategy<Value = u32> {
    let top = LAST_GENERATION - 2..=LAST_GENERATION + 1;
    prop_oneof![8 => 0..4u32, 1 => top, 1 => any::<u32>(), 1 => Just(u32::MAX)]
}

fn user() -> impl Strategy<Value = UserState> {
    prop_oneof![
        6 => Just(UserState::Matches),
        2 => Just(UserState::MatchesFallback),
        2 => Just(UserState::NotApplicable),
        1 => Just(UserState::Changed),
        1 => Just(UserState::Inactive),
        1 => Just(UserState::Gone),
    ]
}

prop_compose! {
    fn policy()(
        grace_seconds in prop_oneof![3 => Just(0), 8 => 0..=90u32, 1 => any::<u32>()],
        idle_lifetime in span(),
        absolute_lifetime in proptest::option::of(span()),
        rotate in prop::bool::weighted(0.9),
    ) -> RefreshPolicy {
        RefreshPolicy { grace_seconds, idle_lifetime, absolute_lifetime, rotate }
    }
}

prop_compose! {
    fn session()(
        generation in generation(),
        rotated_at in proptest::option::weighted(0.8, time()),
        created_at in time(),
        expires_at in prop_oneof![time(), Just(i64::MAX)],
        absolute_expires_at in proptest::option::of(prop_oneof![time(), Just(i64::MAX)]),
        revoked in prop::bool::weighted(0.1),
    ) -> SessionState {
        SessionState { generation, rotated_at, created_at, expires_at, absolute_expires_at, revoked }
    }
}

prop_compose! {
    fn question()(
        session in session(),
        user in user(),
        back in prop_oneof![8 => 0..3u32, 1 => any::<u32>()],
        policy in policy(),
        now in time(),
    ) -> Question {
        let presented = session.generation.wrapping_sub(back);
        Question { session, user, presented, policy, now }
    }
}

prop_compose! {
    /// A login, and the times at which it refreshes: each is later than the last, or earlier by at
    /// most the skew.
    fn life()(
        policy in policy(),
        start in time(),
        steps in prop::collection::vec((-MAX_SKEW..=MAX_SKEW).prop_union(0..=1), 1..20),
    ) -> (RefreshPolicy, Micros, Vec<Micros>) {
        (policy, start, steps)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    /// The decision has an answer for all arguments, and so have the claims of the row.
    #[test]
    fn nothing_panics(asked in question()) {
        let _ = (asked.decision(), asked.session.refresh_claims());
        let begun = SessionState::begin(&asked.policy, asked.now);
        let _ = (begun.refresh_claims(), asked.rotation().map(|rotation| begun.rotated(rotation)));
    }

    #[test]
    fn only_the_current_generation_rotates_or_is_kept(asked in question()) {
        if matches!(asked.decision(), RefreshDecision::Rotate(_) | RefreshDecision::Keep) {
            prop_assert_eq!(asked.presented, asked.session.generation);
        }
    }

    #[test]
    fn a_rotation_is_one_generation_on(asked in question()) {
        if let Some(rotation) = asked.rotation() {
            prop_assert_eq!(rotation.generation, asked.presented + 1);
            prop_assert!(rotation.generation <= LAST_GENERATION);
        }
    }

    #[test]
    fn a_child_ends_by_the_absolute_end(asked in question()) {
        if let (Some(rotation), Some(end)) = (asked.rotation(), asked.session.absolute_expires_at) {
            let child = asked.session.rotated(rotation);
            prop_assert!(rotation.expires_at <= end);
            prop_assert!(child.refresh_claims().expires_at <= end.div_euclid(SECOND));
        }
    }

    #[test]
    fn a_rotation_keeps_what_the_login_fixed(asked in question()) {
        if let Some(rotation) = asked.rotation() {
            let SessionState { created_at, absolute_expires_at, .. } = asked.session.rotated(rotation);
            let fixed = (asked.session.created_at, asked.session.absolute_expires_at);
            prop_assert_eq!((created_at, absolute_expires_at), fixed);
        }
    }

    /// Walks a whole login under one policy, with clocks that differ within the skew.
    #[test]
    fn the_idle_end_never_moves_backwards((policy, start, steps) in life()) {
        let mut session = SessionState::begin(&policy, start);
        for step in steps {
            let since = session.rotated_at.unwrap_or(session.created_at);
            let now = since.saturating_add(step);
            let user = UserState::Matches;
            let decision = decide(&session, user, session.generation, &policy, now);
            if let RefreshDecision::Rotate(rotation) = decision {
                prop_assert!(rotation.rotated_at >= since);
                prop_assert!(rotation.expires_at >= session.expires_at);
                session = session.rotated(rotation);
            }
        }
    }

    #[test]
    fn a_strict_policy_never_repeats(mut asked in question()) {
        asked.policy.grace_seconds = 0;
        prop_assert!(!asked.is_repeat());
    }

    #[test]
    fn a_grandparent_never_yields_a_token(mut asked in question(), back in 2..5u32) {
        asked.presented = asked.presented.min(u32::MAX - back);
        asked.session.generation = asked.presented + back;
        let yields_none = matches!(asked.decision(), RefreshDecision::Refuse(_) | RefreshDecision::Reuse { .. });
        prop_assert!(yields_none);
    }

    #[test]
    fn a_repeat_is_younger_than_g(asked in question()) {
        if asked.is_repeat() {
            prop_assert!(asked.age() < asked.grace());
            prop_assert!(asked.age() >= -MAX_SKEW);
        }
    }

    #[test]
    fn reuse_is_a_grandparent_or_a_parent_older_than_g(asked in question()) {
        if let RefreshDecision::Reuse { retired_for } = asked.decision() {
            let older = asked.session.generation - asked.presented;
            prop_assert!(older >= 2 || (older == 1 && retired_for >= asked.grace()));
            prop_assert_eq!(retired_for, asked.age().max(0));
        }
    }

    #[test]
    fn a_session_that_rotates_does_so_at_most_once_in_g(asked in question()) {
        if let (Some(_), Some(_)) = (asked.rotation(), asked.session.rotated_at) {
            let age = asked.age();
            prop_assert!(age.max(0) >= asked.grace() || age < -MAX_SKEW);
        }
    }

    #[test]
    fn what_ends_the_session_is_refused_first(asked in question()) {
        let refused = asked.session.refusal(asked.now).or(asked.user.refusal());
        if let Some(mut reason) = refused {
            let ahead = asked.presented > asked.session.generation;
            if ahead && asked.session.refusal(asked.now).is_none() {
                reason = RefreshRefusal::GenerationAhead;
            }
            prop_assert_eq!(asked.decision(), RefreshDecision::Refuse(reason));
        }
    }

    #[test]
    fn no_generation_gets_anything_from_an_ended_session(mut asked in question(), presented: u32) {
        asked.presented = presented;
        asked.session.revoked = true;
        prop_assert_eq!(asked.decision(), RefreshDecision::Refuse(RefreshRefusal::SessionRevoked));
    }

    #[test]
    fn an_end_that_has_come_is_refused(mut asked in question(), presented: u32, idle: bool) {
        asked.presented = presented;
        asked.session.revoked = false;
        if idle {
            asked.session.expires_at = asked.session.expires_at.min(asked.now);
        } else {
            asked.session.absolute_expires_at = Some(asked.now);
        }
        prop_assert_eq!(asked.decision(), RefreshDecision::Refuse(RefreshRefusal::SessionExpired));
    }

    #[test]
    fn a_generation_above_current_gets_no_token_and_ends_nothing(mut asked in question()) {
        asked.session.generation = asked.session.generation.min(u32::MAX - 1);
        asked.presented = asked.session.generation + 1;
        prop_assert!(matches!(asked.decision(), RefreshDecision::Refuse(_)));
    }

    #[test]
    fn without_rotation_nothing_is_written(mut asked in question()) {
        asked.policy.rotate = false;
        prop_assert!(asked.rotation().is_none());
    }
}

/// The properties above say "if it rotates", so this test checks that the cases reach every
/// decision often.
#[test]
fn the_questions_reach_every_answer() {
    let mut runner = TestRunner::deterministic();
    let mut seen = HashMap::new();
    for _ in 0..20_000 {
        let asked = question().new_tree(&mut runner).unwrap().current();
        *seen.entry(kind(asked.decision())).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 12, "{seen:?}");
    assert!(seen.values().all(|&times| times >= 50), "{seen:?}");
}

/// A decision without its numbers.
fn kind(decision: RefreshDecision) -> String {
    match decision {
        RefreshDecision::Rotate(_) => "Rotate".into(),
        RefreshDecision::Reuse { .. } => "Reuse".into(),
        other => format!("{other:?}"),
    }
}
