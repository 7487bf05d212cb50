//! Properties for any row, any policy and any time, including absurd ones.

use _core::clock::MAX_CLOCK_SKEW;
use _core::refresh::{
    LAST_GENERATION, Micros, Presented, RefreshDecision, RefreshPolicy, RefreshRefusal, Repeated,
    Repetition, RowUpdate, SessionState, UserState, check, decide, refusal,
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
    presented: Presented,
    policy: RefreshPolicy,
    now: Micros,
}

impl Question {
    fn decision(&self) -> RefreshDecision {
        decide(
            &self.session,
            self.user,
            &self.presented,
            &self.policy,
            self.now,
        )
    }

    fn rotation(&self) -> Option<RowUpdate> {
        match self.decision() {
            RefreshDecision::Rotate(rotation) => Some(rotation),
            _ => None,
        }
    }

    fn restoration(&self) -> Option<RowUpdate> {
        match self.decision() {
            RefreshDecision::Repeat(repeat) => repeat.restored,
            _ => None,
        }
    }

    /// The generations from the presented token to the row's; negative if the row is behind.
    fn back(&self) -> i64 {
        i64::from(self.session.generation) - i64::from(self.presented.generation)
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
        1 => Just(UserState::Deactivated),
        1 => Just(UserState::Gone),
    ]
}

prop_compose! {
    fn policy()(
        grace_seconds in prop_oneof![3 => Just(0), 8 => 0..=90u32, 1 => any::<u32>()],
        idle_lifetime in span(),
        absolute_lifetime in proptest::option::of(span()),
        rotate in prop::bool::weighted(0.9),
        leeway in prop_oneof![8 => Just(0), 2 => (0..=90i64).prop_map(|s| s * SECOND), 1 => any::<i64>()],
        same_agent in prop::bool::weighted(0.3),
    ) -> RefreshPolicy {
        RefreshPolicy { grace_seconds, idle_lifetime, absolute_lifetime, rotate, leeway, same_agent }
    }
}

prop_compose! {
    fn session()(
        generation in generation(),
        rotated_at in proptest::option::weighted(0.8, time()),
        created_at in time(),
        expires_at in prop_oneof![time(), Just(i64::MAX)],
        absolute_expires_at in proptest::option::of(prop_oneof![time(), Just(i64::MAX)]),
        idle_lifetime in proptest::option::weighted(0.2, span()),
        (revoked, revoked_in_cache) in (prop::bool::weighted(0.1), prop::bool::weighted(0.1)),
    ) -> SessionState {
        SessionState {
            generation, rotated_at, created_at, expires_at, absolute_expires_at, idle_lifetime, revoked,
            revoked_in_cache,
        }
    }
}

prop_compose! {
    fn question()(
        session in session(),
        user in user(),
        back in prop_oneof![8 => 0..3u32, 3 => Just(u32::MAX), 1 => any::<u32>()],
        issued_at in time(),
        expires_at in prop_oneof![time(), Just(i64::MAX)],
        (is_own, is_blacklisted, other_agent) in (
            prop::bool::weighted(0.8), prop::bool::weighted(0.1), prop::bool::weighted(0.3),
        ),
        policy in policy(),
        now in time(),
    ) -> Question {
        let generation = session.generation.wrapping_sub(back);
        let (issued_at, expires_at) = (issued_at.div_euclid(SECOND), expires_at.div_euclid(SECOND));
        let presented = Presented { generation, is_own, issued_at, expires_at, is_blacklisted, other_agent };
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
        let _ = (begun.refresh_claims(), asked.rotation().map(|rotation| begun.updated(rotation)));
    }

    #[test]
    fn only_a_current_generation_rotates_or_is_kept(asked in question()) {
        if matches!(asked.decision(), RefreshDecision::Rotate(_) | RefreshDecision::Keep) {
            prop_assert!(asked.back() <= 0);
        }
    }

    #[test]
    fn a_rotation_is_one_generation_on(asked in question()) {
        if let Some(rotation) = asked.rotation() {
            prop_assert_eq!(rotation.generation, asked.presented.generation + 1);
            prop_assert!(rotation.generation <= LAST_GENERATION);
            prop_assert_eq!(rotation.read_generation, asked.session.generation);
            prop_assert_eq!(rotation.read_rotated_at, asked.session.rotated_at);
            prop_assert_eq!(rotation.skips_generations(), asked.back() < 0);
        }
    }

    /// A repeat writes exactly when the database has forgotten, and then what the token says.
    #[test]
    fn a_repeat_restores_what_the_token_says(asked in question()) {
        if let RefreshDecision::Repeat(repeat) = asked.decision() {
            prop_assert_eq!(repeat.restored.is_some(), asked.back() < 0);
        }
        if let Some(restoration) = asked.restoration() {
            let restored = asked.session.updated(restoration);
            prop_assert_eq!(restoration.read_generation, asked.session.generation);
            prop_assert_eq!(restoration.read_rotated_at, asked.session.rotated_at);
            prop_assert_eq!(restored.generation, asked.presented.generation);
            prop_assert!(asked.session.absolute_expires_at.is_none_or(|end| restored.expires_at <= end));
            prop_assert!(restored.expires_at >= asked.session.expires_at.min(asked.session.absolute_expires_at.unwrap_or(i64::MAX)));
            let said = restored.refresh_claims();
            if asked.presented.issued_at.unsigned_abs() < 1 << 40 {
                prop_assert_eq!(said.issued_at, asked.presented.issued_at);
            }
        }
    }

    /// What was restored is decided as if the database had never forgotten it.
    #[test]
    fn a_restored_row_gives_the_same_answer(asked in question()) {
        if let Some(restoration) = asked.restoration() {
            let mut again = asked;
            again.session = asked.session.updated(restoration);
            let (RefreshDecision::Repeat(first), RefreshDecision::Repeat(second)) =
                (asked.decision(), again.decision())
            else {
                return Err(TestCaseError::fail("no repeat"));
            };
            prop_assert_eq!((first.presented, second.restored), (second.presented, None));
        }
    }

    #[test]
    fn a_foreign_token_is_never_replaced_without_a_rotation(mut asked in question()) {
        asked.presented.is_own = false;
        if let RefreshDecision::Repeat(repeat) = asked.decision() {
            let replaced = repeat.presented == Repeated::Current;
            prop_assert!(!replaced);
        }
    }

    /// Its `iat` does not say when the row rotated.
    #[test]
    fn a_foreign_token_restores_no_time(mut asked in question()) {
        asked.presented.is_own = false;
        prop_assert!(asked.restoration().is_none());
    }

    #[test]
    fn a_blacklisted_token_yields_nothing(mut asked in question()) {
        asked.presented.is_blacklisted = true;
        let yields_none = matches!(asked.decision(), RefreshDecision::Refuse(_) | RefreshDecision::Reuse(_));
        prop_assert!(yields_none);
    }

    #[test]
    fn a_session_that_the_cache_names_yields_nothing(mut asked in question()) {
        asked.session.revoked_in_cache = true;
        let yields_none = matches!(asked.decision(), RefreshDecision::Refuse(_) | RefreshDecision::Reuse(_));
        prop_assert!(yields_none);
    }

    #[test]
    fn a_check_says_what_a_refresh_gets(asked in question()) {
        let Question { session, user, presented, policy, now } = asked;
        let refused = check(&session, user, &presented, &policy, now);
        let code = match asked.decision() {
            RefreshDecision::Refuse(refusal) => Some(refusal.code()),
            RefreshDecision::Reuse(_) => Some("token_reused"),
            _ => None,
        };
        prop_assert_eq!(refused.map(RefreshRefusal::code), code);
        let effect = matches!(refused, Some(RefreshRefusal::EndForgotten | RefreshRefusal::UserDeactivated));
        prop_assert!(!effect);
    }

    /// A refresh token above the row, or of a node without sessions, can outlive the row; no other can.
    #[test]
    fn a_session_that_refuses_access_refuses_to_refresh(mut asked in question()) {
        asked.presented.is_own = true;
        let Question { session, user, policy, now, .. } = asked;
        let refused = refusal(&session, user, policy.leeway, now);
        if refused.is_some() && asked.back() >= 0 {
            let yields_none = matches!(asked.decision(), RefreshDecision::Refuse(_) | RefreshDecision::Reuse(_));
            prop_assert!(yields_none);
        }
    }

    /// A child outlives the moment of its issue, unless the idle lifetime is shorter than a second.
    #[test]
    fn no_child_is_born_past_the_absolute_end(asked in question()) {
        if let (Some(rotation), Some(end)) = (asked.rotation(), asked.session.absolute_expires_at) {
            prop_assert!(rotation.rotated_at.div_euclid(SECOND) < end.div_euclid(SECOND));
        }
    }

    #[test]
    fn a_child_ends_by_the_absolute_end(asked in question()) {
        if let (Some(rotation), Some(end)) = (asked.rotation(), asked.session.absolute_expires_at) {
            let child = asked.session.updated(rotation);
            prop_assert!(rotation.expires_at <= end);
            prop_assert!(child.refresh_claims().expires_at <= end.div_euclid(SECOND));
        }
    }

    #[test]
    fn a_rotation_keeps_what_the_login_fixed(asked in question()) {
        if let Some(rotation) = asked.rotation() {
            let SessionState { created_at, absolute_expires_at, .. } = asked.session.updated(rotation);
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
            let decision = decide(&session, user, &Presented::new(session.generation, 0, 0), &policy, now);
            if let RefreshDecision::Rotate(rotation) = decision {
                prop_assert!(rotation.rotated_at >= since);
                prop_assert!(rotation.expires_at >= session.expires_at);
                session = session.updated(rotation);
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
        asked.presented.generation = asked.presented.generation.min(u32::MAX - back);
        asked.session.generation = asked.presented.generation + back;
        let yields_none = matches!(asked.decision(), RefreshDecision::Refuse(_) | RefreshDecision::Reuse(_));
        prop_assert!(yields_none);
    }

    #[test]
    fn a_repeat_is_younger_than_g(mut asked in question()) {
        if asked.is_repeat() {
            if let Some(restoration) = asked.restoration() {
                asked.session = asked.session.updated(restoration);
            }
            prop_assert!(asked.age() < asked.grace());
            prop_assert!(asked.age() >= -MAX_SKEW);
        }
    }

    #[test]
    fn reuse_is_blacklisted_or_a_grandparent_or_a_parent_older_than_g(asked in question()) {
        if let RefreshDecision::Reuse(reuse) = asked.decision() {
            let older = asked.back();
            let agent = asked.policy.same_agent && asked.presented.other_agent;
            let late = older == 1 && (reuse.retired_for >= asked.grace() || agent);
            prop_assert!(reuse.is_blacklisted || older >= 2 || late);
            prop_assert_eq!(reuse.is_blacklisted, asked.presented.is_blacklisted);
            prop_assert_eq!(reuse.retired_for, if older > 0 { asked.age().max(0) } else { 0 });
        }
    }

    #[test]
    fn a_session_that_rotates_does_so_at_most_once_in_g(asked in question()) {
        let current = asked.back() == 0 && asked.session.rotated_at.is_some();
        if asked.rotation().is_some() && current {
            let age = asked.age();
            prop_assert!(age.max(0) >= asked.grace() || age < -MAX_SKEW);
        }
    }

    #[test]
    fn what_ends_the_session_is_refused_first(mut asked in question()) {
        asked.presented.is_own = true;
        let refused = asked.session.refusal(asked.policy.leeway, asked.now).or(asked.user.refusal());
        if let (Some(reason), 0..) = (refused, asked.back()) {
            prop_assert_eq!(asked.decision(), RefreshDecision::Refuse(reason));
        }
    }

    #[test]
    fn no_token_gets_anything_from_an_ended_session(mut asked in question()) {
        asked.session.revoked = true;
        prop_assert_eq!(asked.decision(), RefreshDecision::Refuse(RefreshRefusal::SessionRevoked));
    }

    #[test]
    fn an_end_that_has_come_is_refused(mut asked in question(), generation: u32, idle: bool) {
        asked.presented.generation = generation;
        asked.session.revoked = false;
        asked.policy.leeway = 0;
        if idle {
            asked.session.expires_at = asked.session.expires_at.min(asked.now);
            asked.presented.expires_at = asked.presented.expires_at.min(asked.now.div_euclid(SECOND));
        } else {
            asked.session.absolute_expires_at = Some(asked.now);
        }
        prop_assert_eq!(asked.decision(), RefreshDecision::Refuse(RefreshRefusal::SessionExpired));
    }

    #[test]
    fn without_rotation_nothing_is_written(mut asked in question()) {
        asked.policy.rotate = false;
        prop_assert!(asked.rotation().is_none());
        prop_assert!(asked.restoration().is_none());
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
    assert_eq!(seen.len(), 18, "{seen:?}");
    assert!(seen.values().all(|&times| times >= 50), "{seen:?}");
}

/// A decision without its numbers.
fn kind(decision: RefreshDecision) -> String {
    match decision {
        RefreshDecision::Rotate(rotation) => {
            format!("Rotate, restored {}", rotation.skips_generations())
        }
        RefreshDecision::Reuse(reuse) => format!("Reuse, blacklisted {}", reuse.is_blacklisted),
        RefreshDecision::Repeat(repeat) => {
            let Repetition {
                presented,
                restored,
                other_agent,
            } = repeat;
            format!(
                "{presented:?}, restored {}, other agent {other_agent}",
                restored.is_some()
            )
        }
        other => format!("{other:?}"),
    }
}
