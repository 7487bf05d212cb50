//! Every course that a key file can take on two machines, up to a bound, checked for the
//! invariants.
//!
//! Time advances by a minute. In between, either machine rotates, as planned or at once, revokes
//! any key, or prunes. The model walks all orders of these actions and each state once. The test
//! fails if a check was never exercised, and deliberately broken rules prove that each check can
//! fail.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};

use _core::clock::MAX_CLOCK_SKEW;
use _core::ring::schedule::{
    KeyRotationDecision, KeyRotationPolicy, NewKey, Plan, RotationMode, ScheduledKey, Seconds,
    prune, revoke, rotate,
};

use super::schedule_world::Invariant::*;
use super::schedule_world::{ALL, Action, Invariant, RULE, Rule, Site, Trial, World};

/// The largest allowed difference of clocks.
const TICK: Seconds = 60;

/// The bounds of a walk.
#[derive(Clone, Copy)]
struct Budget {
    ticks: u8,
    writes: u8,
}

/// Bounds that are enough to catch each broken rule.
const BUDGET: Budget = Budget {
    ticks: 7,
    writes: 4,
};

/// A build without optimization walks less far if it walks everything.
const WHOLE: Budget = Budget {
    writes: if cfg!(debug_assertions) { 3 } else { 4 },
    ..BUDGET
};

/// Two machines whose clocks are as far apart as they may be.
const APART: World = World {
    policy: KeyRotationPolicy {
        publish_ahead: 120,
        retain: 60,
    },
    clocks: [0, TICK],
    lateness: 0,
    rule: RULE,
};

/// Two machines with one clock.
const ALIKE: World = World {
    clocks: [0, 0],
    ..APART
};

/// The same, with processes that read a new file as late as the skew allows.
const LATE: World = World {
    lateness: TICK,
    ..ALIKE
};

/// A policy that publishes nothing ahead, with tokens that live shorter than clocks may differ.
const SHORT: World = World {
    policy: KeyRotationPolicy {
        publish_ahead: 0,
        retain: 30,
    },
    ..APART
};

/// Walks all courses that begin at one site.
struct Walk {
    trial: Trial,
    /// The hash of each state, because there are too many states to keep.
    seen: HashSet<u64>,
    hasher: RandomState,
    trail: Vec<Action>,
}

impl Walk {
    fn through(
        world: World,
        only: Option<Invariant>,
        budget: Budget,
    ) -> (Self, Result<(), Invariant>) {
        let mut walk = Self {
            trial: Trial::new(world, only),
            seen: HashSet::new(),
            hasher: RandomState::new(),
            trail: Vec::new(),
        };
        let result = [Site::default(), Site::settled()]
            .into_iter()
            .try_for_each(|site| walk.from(site, budget));
        (walk, result)
    }

    fn from(&mut self, site: Site, left: Budget) -> Result<(), Invariant> {
        let state = (site.times_from_now(), left.ticks, left.writes);
        if !self.seen.insert(self.hasher.hash_one(state)) {
            return Ok(());
        }
        for action in actions(&site, left) {
            self.trail.push(action.clone());
            let next = site.after(&action, &mut self.trial)?;
            if next != site {
                self.from(next, spent(left, &action))?;
            }
            self.trail.pop();
        }
        Ok(())
    }
}

fn actions(site: &Site, left: Budget) -> Vec<Action> {
    let mut actions = Vec::new();
    if left.ticks > 0 {
        actions.push(Action::Pass(TICK));
    }
    for by in [0, 1] {
        actions.push(Action::Prune { by });
        if left.writes > 0 {
            actions.extend(
                [RotationMode::Planned, RotationMode::AtOnce]
                    .map(|mode| Action::Rotate { mode, by }),
            );
            let kids = site.keys.iter().map(|key| key.kid.clone());
            actions.extend(kids.map(|kid| Action::Revoke { kid, by }));
        }
    }
    actions
}

/// Pruning does not count, because it ends by itself.
fn spent(left: Budget, action: &Action) -> Budget {
    let (ticks, writes) = match action {
        Action::Pass(_) => (1, 0),
        Action::Prune { .. } => (0, 0),
        Action::Rotate { .. } | Action::Revoke { .. } => (0, 1),
    };
    Budget {
        ticks: left.ticks - ticks,
        writes: left.writes - writes,
    }
}

/// Walks the world, and asserts that all invariants held and that all but `untested` were
/// exercised.
#[track_caller]
fn holds(name: &str, world: World, untested: &[Invariant]) {
    let started = std::time::Instant::now();
    let (walk, result) = Walk::through(world, None, WHOLE);
    println!(
        "{name}: {} states, {:.1?}",
        walk.seen.len(),
        started.elapsed()
    );
    println!("{name}: {:?}", walk.trial.exercised);
    if let Err(invariant) = result {
        panic!("{name}: {invariant:?} {:?}", walk.trail);
    }
    let exercised: BTreeSet<_> = walk.trial.exercised.into_keys().collect();
    let meant = ALL
        .into_iter()
        .filter(|invariant| !untested.contains(invariant));
    assert_eq!(exercised, meant.collect(), "{name}");
}

#[test]
fn two_machines_with_one_clock() {
    holds("alike", ALIKE, &[]);
}

#[test]
fn two_machines_whose_clocks_disagree() {
    holds("apart", APART, &[]);
}

#[test]
fn two_machines_that_see_a_new_file_late() {
    holds("late", LATE, &[]);
}

#[test]
fn two_machines_and_next_to_no_schedule() {
    holds("short", SHORT, &[TwiceIsOnce]);
}

// Broken rules. Every invariant that a rule breaks must catch it, so every check can fail.

struct Broken {
    what: &'static str,
    world: World,
    rule: Rule,
    caught_by: &'static [Invariant],
}

/// A rule with another rotation.
const fn rotating(
    rotate: fn(&[ScheduledKey], &KeyRotationPolicy, RotationMode, Seconds) -> KeyRotationDecision,
) -> Rule {
    Rule { rotate, ..RULE }
}

const fn revoking(revoke: fn(&[ScheduledKey], &str, Seconds) -> KeyRotationDecision) -> Rule {
    Rule { revoke, ..RULE }
}

const fn pruning(prune: fn(&[ScheduledKey], Seconds) -> Vec<&str>) -> Rule {
    Rule { prune, ..RULE }
}

const fn signing(signer: fn(&[ScheduledKey], Seconds) -> Option<&ScheduledKey>) -> Rule {
    Rule { signer, ..RULE }
}

const BROKEN: [Broken; 22] = [
    Broken {
        what: "nothing is published ahead",
        world: ALIKE,
        rule: rotating(|keys, policy, mode, now| {
            rotate(
                keys,
                &KeyRotationPolicy {
                    publish_ahead: 0,
                    ..*policy
                },
                mode,
                now,
            )
        }),
        caught_by: &[PublishedAhead, TwiceIsOnce],
    },
    Broken {
        what: "a waiting key is not seen",
        world: ALIKE,
        rule: rotating(|keys, policy, mode, now| {
            let seen: Vec<_> = keys.iter().filter(|key| key.nbf <= now).cloned().collect();
            rotate(&seen, policy, mode, now)
        }),
        caught_by: &[TwiceIsOnce, OneOpenEnd, OrderIsFree],
    },
    Broken {
        what: "a key that was just made does not count as a rotation",
        world: ALIKE,
        rule: rotating(|keys, policy, mode, now| {
            let old = |key: &ScheduledKey| ScheduledKey {
                iat: Seconds::MIN,
                ..key.clone()
            };
            rotate(&keys.iter().map(old).collect::<Vec<_>>(), policy, mode, now)
        }),
        caught_by: &[TwiceIsOnce],
    },
    Broken {
        what: "a superseded key gets no end",
        world: ALIKE,
        rule: rotating(|keys, policy, mode, now| {
            edit(rotate(keys, policy, mode, now), |plan| plan.change.clear())
        }),
        caught_by: &[OneOpenEnd, AtOnceIsAtOnce],
    },
    Broken {
        what: "retain is counted from the rotation",
        world: ALIKE,
        rule: rotating(|keys, policy, mode, now| {
            ending(
                rotate(keys, policy, mode, now),
                now + Seconds::from(policy.retain),
            )
        }),
        caught_by: &[SignsForRetain, OneSigner],
    },
    Broken {
        what: "retain is counted from the new key alone, where clocks disagree",
        world: APART,
        rule: rotating(retained_from_the_new_key),
        caught_by: &[AliveIsAccepted],
    },
    Broken {
        what: "retain is counted from the new key alone, where a file is seen late",
        world: LATE,
        rule: rotating(retained_from_the_new_key),
        caught_by: &[AliveIsAccepted],
    },
    Broken {
        what: "the ends need not stand in line",
        world: APART,
        rule: rotating(|keys, policy, mode, now| {
            let decision = rotate(keys, policy, mode, now);
            let nbf = added(&decision).map_or(now, |new| new.nbf);
            let handover = nbf.max(now + MAX_CLOCK_SKEW);
            ending(decision, handover + Seconds::from(policy.retain))
        }),
        caught_by: &[RetiredStaysRetired, OrderIsFree],
    },
    Broken {
        what: "a key that leaked ends with the promotion of the next",
        world: ALIKE,
        rule: rotating(|keys, policy, mode, now| {
            let end = now + MAX_CLOCK_SKEW + Seconds::from(policy.retain);
            let ended = keys
                .iter()
                .filter(|key| key.nbf <= now && key.exp > Some(end));
            let ended = ended.map(|key| ScheduledKey {
                exp: Some(end),
                ..key.clone()
            });
            edit(rotate(keys, policy, mode, now), |plan| {
                plan.change.extend(ended)
            })
        }),
        caught_by: &[EndNeverEarlier],
    },
    Broken {
        what: "at once is as planned",
        world: ALIKE,
        rule: rotating(|keys, policy, _, now| rotate(keys, policy, RotationMode::Planned, now)),
        caught_by: &[AtOnceIsAtOnce],
    },
    Broken {
        what: "a new key signs from before it was made",
        world: ALIKE,
        rule: rotating(|keys, policy, mode, now| {
            edit(rotate(keys, policy, mode, now), |plan| {
                plan.add.iter_mut().for_each(|new| new.nbf -= 3 * TICK);
            })
        }),
        caught_by: &[NeverBackwards, PublishedAhead],
    },
    Broken {
        what: "the last key in the file is superseded",
        world: ALIKE,
        rule: rotating(|keys, policy, mode, now| {
            edit(rotate(keys, policy, mode, now), |plan| {
                plan.change
                    .retain(|changed| keys.last().is_some_and(|key| key.kid == changed.kid));
            })
        }),
        caught_by: &[OrderIsFree],
    },
    Broken {
        what: "a published key signs",
        world: ALIKE,
        rule: signing(|keys, _| keys.iter().max_by_key(|key| key.nbf)),
        caught_by: &[PublishedAhead],
    },
    Broken {
        what: "a retiring key signs",
        world: ALIKE,
        rule: signing(|keys, now| keys.iter().find(|key| key.verifies(now) && key.nbf <= now)),
        caught_by: &[RetiredStaysRetired, SignsForRetain, AtOnceIsAtOnce],
    },
    Broken {
        what: "a token may outlive its key",
        world: ALIKE,
        rule: Rule {
            latest_expiry: |_, policy, now| now + 3 * Seconds::from(policy.retain),
            ..RULE
        },
        caught_by: &[AliveIsAccepted],
    },
    Broken {
        what: "nobody takes the place of a revoked key",
        world: ALIKE,
        rule: revoking(|keys, kid, now| {
            edit(revoke(keys, kid, now), |plan| {
                *plan = Plan {
                    remove: vec![kid.into()],
                    ..Plan::default()
                }
            })
        }),
        caught_by: &[OneSigner, OneOpenEnd],
    },
    Broken {
        what: "the next key takes the place as of now",
        world: APART,
        rule: revoking(|keys, kid, now| {
            edit(revoke(keys, kid, now), |plan| {
                plan.change
                    .iter_mut()
                    .for_each(|key| key.nbf = key.nbf.max(now));
            })
        }),
        caught_by: &[OneSigner],
    },
    Broken {
        what: "a retiring key is promoted back",
        world: ALIKE,
        rule: revoking(|keys, kid, now| {
            edit(revoke(keys, kid, now), |plan| {
                plan.add = plan.add.filter(|_| keys.iter().all(|key| key.kid == kid));
            })
        }),
        caught_by: &[RetiredStaysRetired, SignsForRetain, OneOpenEnd],
    },
    Broken {
        what: "a revoked key is only dropped",
        world: ALIKE,
        rule: revoking(|keys, kid, now| {
            let dropped = keys.iter().find(|key| key.kid == kid).cloned();
            edit(revoke(keys, kid, now), |plan| {
                plan.remove.clear();
                plan.change.extend(dropped.map(|key| ScheduledKey {
                    exp: Some(now),
                    ..key
                }));
            })
        }),
        caught_by: &[RevokedIsGone],
    },
    Broken {
        what: "what is dropped by one clock is pruned",
        world: APART,
        rule: pruning(|keys, now| prune(keys, now + MAX_CLOCK_SKEW)),
        caught_by: &[AliveIsAccepted],
    },
    Broken {
        what: "what is superseded is pruned",
        world: ALIKE,
        rule: pruning(|keys, _| {
            let superseded = keys.iter().filter(|key| key.exp.is_some());
            superseded.map(|key| key.kid.as_str()).collect()
        }),
        caught_by: &[AliveIsAccepted, OneSigner],
    },
    Broken {
        what: "nothing is pruned",
        world: ALIKE,
        rule: pruning(|_, _| Vec::new()),
        caught_by: &[PastIsPruned],
    },
];

#[test]
fn every_broken_rule_is_caught() {
    for Broken {
        what,
        world,
        rule,
        caught_by,
    } in BROKEN
    {
        for &invariant in caught_by {
            let (walk, result) = Walk::through(World { rule, ..world }, Some(invariant), BUDGET);
            let (states, steps) = (walk.seen.len(), walk.trail.len());
            assert_eq!(result, Err(invariant), "{what}: not caught");
            println!("{what}: {invariant:?} failed after {states} states, {steps} steps deep");
        }
    }
}

#[test]
fn every_check_can_fail() {
    let failing: BTreeSet<_> = BROKEN.iter().flat_map(|broken| broken.caught_by).collect();
    assert_eq!(failing, ALL.iter().collect());
}

/// The decision with another plan, if it has one.
fn edit(mut decision: KeyRotationDecision, edit: impl FnOnce(&mut Plan)) -> KeyRotationDecision {
    if let KeyRotationDecision::Write(plan) = &mut decision {
        edit(plan);
    }
    decision
}

fn added(decision: &KeyRotationDecision) -> Option<NewKey> {
    match decision {
        KeyRotationDecision::Write(plan) => plan.add,
        _ => None,
    }
}

/// The same decision, with this `exp` if a new key supersedes another.
fn ending(decision: KeyRotationDecision, exp: Seconds) -> KeyRotationDecision {
    edit(decision, |plan| {
        if plan.add.is_some() {
            plan.change.iter_mut().for_each(|key| key.exp = Some(exp));
        }
    })
}

fn retained_from_the_new_key(
    keys: &[ScheduledKey],
    policy: &KeyRotationPolicy,
    mode: RotationMode,
    now: Seconds,
) -> KeyRotationDecision {
    let decision = rotate(keys, policy, mode, now);
    let nbf = added(&decision).map_or(now, |new| new.nbf);
    ending(decision, nbf + Seconds::from(policy.retain))
}
