//! Properties for any policy, any clocks and any course, and for files that were not written by a
//! plan.

use std::collections::BTreeSet;

use _core::clock::MAX_CLOCK_SKEW;
use _core::ring::schedule::{
    KeyPhase, KeyRotationDecision, KeyRotationPolicy, Plan, RotationMode, ScheduledKey, Seconds,
    phases, prune, revoke, rotate, signer,
};
use proptest::{prelude::*, sample::Index, test_runner::TestRunner};

use super::schedule_world::{ALL, Action, Invariant, RULE, Rule, Site, Trial, World, key, sorted};

/// How many courses are run; fewer in a build without optimization.
const CASES: u32 = if cfg!(debug_assertions) { 500 } else { 10_000 };

const START: Seconds = 1_700_000_000;

/// Spans near each other and near the skew, and some that are far too large.
fn span() -> impl Strategy<Value = u32> {
    prop_oneof![
        2 => Just(0),
        4 => 1..=3u32,
        8 => 50..=130u32,
        4 => 0..=900u32,
        2 => 86_000..=2_600_000u32,
        1 => any::<u32>(),
    ]
}

prop_compose! {
    fn policy()(publish_ahead in span(), retain in span()) -> KeyRotationPolicy {
        KeyRotationPolicy { publish_ahead, retain }
    }
}

prop_compose! {
    /// Clock differences and lateness together are at most the skew.
    fn world()(
        policy in policy(),
        slower in -MAX_CLOCK_SKEW..=MAX_CLOCK_SKEW,
        spread in 0..=MAX_CLOCK_SKEW,
        late in 0..=MAX_CLOCK_SKEW,
    ) -> World {
        let lateness = late.min(MAX_CLOCK_SKEW - spread);
        World { policy, clocks: [slower, slower + spread], lateness, rule: RULE }
    }
}

/// An action whose key is picked from the file later.
#[derive(Clone, Debug)]
enum Step {
    Pass(Seconds),
    PassUntil(Index, Seconds),
    Rotate(RotationMode, usize),
    Revoke(Index, usize),
    Prune(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![3 => Just(RotationMode::Planned), 1 => Just(RotationMode::AtOnce)];
    prop_oneof![
        3 => (0..=70i64).prop_map(Step::Pass),
        2 => (0..=5_000_000i64).prop_map(Step::Pass),
        6 => (any::<Index>(), -1..=1i64).prop_map(|(turn, off)| Step::PassUntil(turn, off)),
        6 => (mode, 0..2usize).prop_map(|(mode, by)| Step::Rotate(mode, by)),
        2 => (any::<Index>(), 0..2usize).prop_map(|(key, by)| Step::Revoke(key, by)),
        3 => (0..2usize).prop_map(Step::Prune),
    ]
}

fn action(step: &Step, site: &Site) -> Option<Action> {
    Some(match *step {
        Step::Pass(seconds) => Action::Pass(seconds),
        Step::PassUntil(index, off) => Action::Pass(until_turn(index, site)? + off),
        Step::Rotate(mode, by) => Action::Rotate { mode, by },
        Step::Revoke(..) if site.keys.is_empty() => return None,
        Step::Revoke(index, by) => Action::Revoke {
            kid: index.get(&site.keys).kid.clone(),
            by,
        },
        Step::Prune(by) => Action::Prune { by },
    })
}

/// The time until one of the moments at which something changes by itself.
fn until_turn(index: Index, site: &Site) -> Option<Seconds> {
    let turns = site.keys.iter().flat_map(|key| [Some(key.nbf), key.exp]);
    let waits = turns.flatten().flat_map(|at| [at, at + MAX_CLOCK_SKEW]);
    let waits: Vec<_> = waits
        .map(|at| at - site.time)
        .filter(|&wait| wait > 0)
        .collect();
    (!waits.is_empty()).then(|| *index.get(&waits))
}

fn course() -> impl Strategy<Value = (World, bool, Vec<Step>)> {
    (world(), any::<bool>(), prop::collection::vec(step(), 1..40))
}

/// All invariants, in any world and on any course.
#[test]
fn every_invariant_holds_and_is_put_to_the_test() {
    assert_eq!(exercised(CASES, RULE, true), ALL.into());
}

/// Walks courses under a rule and panics if an invariant breaks. Returns the invariants that were
/// exercised. With `settle`, some sites begin with a key that was made before 1970.
pub fn exercised(cases: u32, rule: Rule, settle: bool) -> BTreeSet<Invariant> {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    };
    let mut runner = TestRunner::new(config);
    let exercised = std::cell::RefCell::new(BTreeSet::new());
    let result = runner.run(&course(), |(world, settled, steps)| {
        let mut trial = Trial::new(World { rule, ..world }, None);
        let mut site = if settled && settle {
            Site::settled()
        } else {
            Site::default()
        };
        site = site
            .after(&Action::Pass(START), &mut trial)
            .map_err(failed)?;
        for step in steps {
            if let Some(action) = action(&step, &site) {
                site = site.after(&action, &mut trial).map_err(failed)?;
            }
        }
        exercised.borrow_mut().extend(trial.exercised.into_keys());
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    exercised.into_inner()
}

fn failed(invariant: impl std::fmt::Debug) -> TestCaseError {
    TestCaseError::fail(format!("{invariant:?}"))
}

/// Times near each other, and the ends of the type.
fn time() -> impl Strategy<Value = Seconds> {
    let near = (-3..=3i64, -1..=1i64).prop_map(|(minutes, s)| START + minutes * 60 + s);
    let end = prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0)];
    prop_oneof![8 => near, 1 => end, 1 => any::<i64>()]
}

/// An arbitrary file.
fn file() -> impl Strategy<Value = Vec<ScheduledKey>> {
    let times = (time(), time(), prop::option::of(time()));
    prop::collection::vec(times, 0..6).prop_map(|keys| {
        let numbered = keys.into_iter().zip(0..);
        numbered
            .map(|((iat, nbf, exp), kid)| key(&format!("{kid}"), iat, nbf, exp))
            .collect()
    })
}

fn mode() -> impl Strategy<Value = RotationMode> {
    prop_oneof![Just(RotationMode::Planned), Just(RotationMode::AtOnce)]
}

/// The file after a plan, its new key called `new`.
fn written(keys: &[ScheduledKey], plan: &Plan) -> Vec<ScheduledKey> {
    let changed = |kid: &str| plan.change.iter().find(|key| key.kid == kid);
    let kept = keys.iter().filter(|key| !plan.remove.contains(&key.kid));
    let kept = kept.map(|key| changed(&key.kid).unwrap_or(key).clone());
    let new = plan.add.map(|new| key("new", new.iat, new.nbf, None));
    kept.chain(new).collect()
}

/// Whether all keys have different ranks, so that their order in the file does not matter.
fn is_in_line(keys: &[ScheduledKey]) -> bool {
    let places: BTreeSet<_> = keys.iter().map(|key| (key.nbf, key.exp)).collect();
    let ages: BTreeSet<_> = keys.iter().map(|key| key.iat).collect();
    places.len() == keys.len() && ages.len() == keys.len()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn the_signer_is_the_one_key_that_is_in_the_phase(keys in file(), now in time()) {
        let phases = phases(&keys, now);
        let signing: Vec<_> = (0..keys.len()).filter(|&at| phases[at] == KeyPhase::Signing).collect();
        let signer = signer(&keys, now);
        let found = signing.first().map(|&at| &keys[at]);
        prop_assert_eq!((signing.len() <= 1, found), (true, signer));
        let able = keys.iter().any(|key| key.nbf <= now && key.verifies(now));
        prop_assert_eq!(signer.is_some(), able);
    }

    #[test]
    fn what_verifies_is_not_dropped(keys in file(), now in time()) {
        for (key, phase) in keys.iter().zip(phases(&keys, now)) {
            prop_assert_eq!(key.verifies(now), phase != KeyPhase::Dropped);
        }
    }

    #[test]
    fn no_token_outlives_its_key_or_is_retained_longer(
        keys in file(), policy in policy(), now in time()
    ) {
        for key in keys {
            let until = key.latest_expiry(&policy, now);
            prop_assert!(key.exp.is_none_or(|exp| until <= exp));
            prop_assert!(until <= now.saturating_add(policy.retain.into()));
        }
    }

    #[test]
    fn what_is_pruned_is_dropped_and_is_never_the_signer(keys in file(), now in time()) {
        let signer = signer(&keys, now).map(|key| key.kid.as_str());
        let pruned = prune(&keys, now);
        prop_assert!(!pruned.iter().any(|&kid| Some(kid) == signer));
        for key in keys.iter().filter(|key| pruned.contains(&key.kid.as_str())) {
            prop_assert!(!key.verifies(now));
        }
    }

    #[test]
    fn a_rotation_removes_nothing_and_no_end_becomes_earlier(
        keys in file(), policy in policy(), mode in mode(), now in time()
    ) {
        if let KeyRotationDecision::Write(plan) = rotate(&keys, &policy, mode, now) {
            prop_assert!(plan.remove.is_empty());
            for key in &plan.change {
                let before = keys.iter().find(|old| old.kid == key.kid).unwrap();
                prop_assert!(key.exp.is_none_or(|exp| before.exp.is_none_or(|old| exp >= old)));
            }
        }
    }

    #[test]
    fn after_a_rotation_at_once_another_key_signs(
        keys in file(), policy in policy(), now in time()
    ) {
        let before = signer(&keys, now);
        let level = before.is_some_and(|key| key.nbf == now);
        if let (KeyRotationDecision::Write(plan), false) = (rotate(&keys, &policy, RotationMode::AtOnce, now), level) {
            let written = written(&keys, &plan);
            let after = signer(&written, now).map(|key| &key.kid);
            prop_assert!(after.is_some() && after != before.map(|key| &key.kid));
        }
    }

    #[test]
    fn a_revocation_takes_one_key_out_and_touches_at_most_one_other(
        keys in file(), index: Index, now in time()
    ) {
        let Some(ScheduledKey { kid, .. }) = keys.get(index.index(6)) else {
            return Ok(());
        };
        let KeyRotationDecision::Write(plan) = revoke(&keys, kid, now) else {
            return Err(failed("refused"));
        };
        prop_assert_eq!(&plan.remove, std::slice::from_ref(kid));
        prop_assert!(plan.change.len() + usize::from(plan.add.is_some()) <= 1);
        prop_assert!(plan.change.iter().all(|key| key.kid != *kid));
    }

    #[test]
    fn the_order_of_the_file_decides_between_level_keys_only(
        keys in file().prop_filter("level", |keys| is_in_line(keys)),
        seed in file(), policy in policy(), mode in mode(), now in time()
    ) {
        let mut other = keys.clone();
        other.rotate_left(seed.len() % keys.len().max(1));
        other.reverse();
        prop_assert_eq!(signer(&keys, now), signer(&other, now));
        let rotated = |keys| sorted(rotate(keys, &policy, mode, now));
        prop_assert_eq!(rotated(&keys), rotated(&other));
        for key in &keys {
            let revoked = |keys| sorted(revoke(keys, &key.kid, now));
            prop_assert_eq!(revoked(&keys), revoked(&other));
        }
    }
}
