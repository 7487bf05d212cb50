//! Every course that a client and a thief can take, up to a bound, while the database forgets its
//! last commits and nodes of an earlier step serve side by side.
//!
//! [`model`](super::model) walks all orders in which requests read and write; here the past changes,
//! too. The worlds are those of the prototype `session_model.py`, and more. For each check a broken
//! rule proves that it can fail.

use std::collections::BTreeSet;

use _core::refresh::{RefreshDecision, RefreshRefusal, Repetition, RowUpdate};

use super::forgetful_world::*;

const BOTH: &[Node] = &[Node::Sessions, Node::Blacklist];
const STATELESS: &[Node] = &[Node::Sessions, Node::Stateless];

const FORGETFUL: World = World {
    name: "alone, forgetful",
    ticks: 5,
    forgets: 1,
    slow: false,
    ..ALONE
};
const FORGETFUL_RACES: World = World {
    name: "alone, forgetful, races",
    ticks: 3,
    slow: true,
    ..FORGETFUL
};
const FORGETFUL_LONG: World = World {
    name: "alone, forgetful, long",
    ticks: 12,
    loses: false,
    tabs: false,
    ..FORGETFUL
};
/// A tick is half a second, so `iat` drops every other one.
const FRACTIONS: World = World {
    name: "alone, forgetful, fractions of a second",
    tick: SECOND / 2,
    ticks: 5,
    idle: 20,
    ..FORGETFUL
};
const OLD: World = World {
    name: "alone, blacklist nodes",
    ticks: 7,
    nodes: BOTH,
    loses: false,
    tabs: false,
    slow: false,
    foreign: 2,
    ..ALONE
};
const OLD_TAB: World = World {
    name: "alone, stateless nodes, a tab",
    ticks: 4,
    nodes: STATELESS,
    tabs: true,
    ..OLD
};
const OLD_FORGETFUL: World = World {
    name: "alone, blacklist nodes, forgetful",
    ticks: 6,
    forgets: 1,
    ..OLD
};
const OLD_FORGETFUL_LOSSES: World = World {
    name: "alone, blacklist nodes, forgetful, losses",
    ticks: 4,
    loses: true,
    ..OLD_FORGETFUL
};
const OLD_TAB_FORGETFUL: World = World {
    name: "alone, stateless nodes, a tab, forgetful",
    forgets: 1,
    ..OLD_TAB
};
const STATELESS_FORGETFUL: World = World {
    name: "alone, stateless nodes, forgetful, losses",
    loses: true,
    nodes: STATELESS,
    ..OLD_FORGETFUL
};
const LENIENT: World = World {
    name: "alone, leeway",
    ticks: 9,
    idle: 3,
    absolute: 6,
    leeway: 2,
    slow: false,
    ..ALONE
};
const REMEMBERED: World = World {
    name: "alone, remembered, forgetful",
    ticks: 8,
    idle: 2,
    remembered: Some(5),
    absolute: 9,
    tabs: false,
    ..FORGETFUL
};
const THIEF: World = World {
    name: "thief",
    ticks: 9,
    idle: 50,
    thief: true,
    loses: false,
    tabs: false,
    slow: false,
    ..ALONE
};
const THIEF_RACES: World = World {
    name: "thief, races",
    ticks: 6,
    slow: true,
    ..THIEF
};
const THIEF_FORGETFUL: World = World {
    name: "thief, forgetful",
    ticks: 8,
    forgets: 1,
    ..THIEF
};
/// A request may read before a fail-over and write after it.
const THIEF_FORGETFUL_RACES: World = World {
    name: "thief, forgetful, races",
    ticks: 5,
    slow: true,
    waits: true,
    ..THIEF_FORGETFUL
};
const THIEF_OLD: World = World {
    name: "thief, blacklist nodes",
    ticks: 6,
    nodes: BOTH,
    foreign: 2,
    ..THIEF
};
const THIEF_STATELESS: World = World {
    name: "thief, stateless nodes",
    nodes: STATELESS,
    ..THIEF_OLD
};
const THIEF_OLD_FORGETFUL: World = World {
    name: "thief, blacklist nodes, forgetful",
    ticks: 4,
    forgets: 1,
    foreign: 1,
    ..THIEF_OLD
};
const THIEF_STATELESS_FORGETFUL: World = World {
    name: "thief, stateless nodes, forgetful",
    nodes: STATELESS,
    foreign: 2,
    ..THIEF_OLD_FORGETFUL
};
const SAME_AGENT: World = World {
    name: "thief, same agent",
    same_agent: true,
    ticks: 8,
    ..THIEF
};
const SAME_AGENT_ALONE: World = World {
    name: "alone, same agent",
    same_agent: true,
    ..ALONE
};
const LOGOUT: World = World {
    name: "logout, forgetful, cache",
    ticks: 3,
    thief: true,
    logout: true,
    cache: true,
    forgets: 1,
    slow: false,
    ..ALONE
};
const LOGOUT_OLD: World = World {
    name: "logout, blacklist nodes",
    ticks: 3,
    nodes: BOTH,
    foreign: 2,
    forgets: 0,
    cache: false,
    ..LOGOUT
};

/// Walks each world; all checks hold, except those that are `known` to fail.
#[track_caller]
fn hold(worlds: &[World], known: &[Check]) {
    for world in worlds {
        // A build without optimization walks a smaller world.
        let ticks = if cfg!(debug_assertions) {
            3
        } else {
            world.ticks
        };
        let world = World { ticks, ..*world };
        let started = std::time::Instant::now();
        let (states, found) = world.walk(None);
        println!("{}: {states} states, {:.1?}", world.name, started.elapsed());
        let failed: Vec<_> = found.keys().copied().collect();
        assert_eq!(failed, known, "{}: {found:#?}", world.name);
    }
}

#[test]
fn an_honest_client_stays_in() {
    hold(&[ALONE, LENIENT, SAME_AGENT_ALONE], &[]);
}

#[test]
fn an_honest_client_stays_in_when_the_database_forgets() {
    hold(
        &[
            FORGETFUL,
            FORGETFUL_RACES,
            FORGETFUL_LONG,
            FRACTIONS,
            REMEMBERED,
        ],
        &[],
    );
}

#[test]
fn an_honest_client_with_one_tab_stays_in_during_a_roll_back() {
    hold(&[OLD, OLD_TAB], &[]);
}

#[test]
fn an_honest_client_with_one_tab_stays_in_when_the_database_forgets_during_a_roll_back() {
    hold(
        &[OLD_FORGETFUL, OLD_FORGETFUL_LOSSES, STATELESS_FORGETFUL],
        &[],
    );
}

/// What is not promised: a roll-back serves one tab. The trail: a tab reads gen 0; the client refreshes
/// to gen 1, and then at a node without sessions; the database forgets gen 1; the client's foreign token
/// rotates to gen 2; the tab's gen 0 is now a grandparent, within G. When gen 0 was retired is forgotten,
/// so a thief with gen 0 looks the same.
#[test]
fn a_client_with_two_tabs_may_be_logged_out_by_a_fail_over_during_a_roll_back() {
    hold(&[OLD_TAB_FORGETFUL], &[HonestStaysIn]);
}

#[test]
fn a_thief_is_found_out() {
    hold(&[THIEF, THIEF_RACES, SAME_AGENT], &[]);
}

#[test]
fn a_thief_is_found_out_when_the_database_forgets() {
    hold(&[THIEF_FORGETFUL, THIEF_FORGETFUL_RACES], &[]);
}

#[test]
fn a_thief_is_found_out_at_blacklist_nodes() {
    hold(&[THIEF_OLD], &[]);
}

#[test]
fn a_thief_is_found_out_at_old_nodes_with_a_database_that_forgets() {
    hold(&[THIEF_OLD_FORGETFUL, THIEF_STATELESS_FORGETFUL], &[]);
}

#[test]
fn a_thief_is_found_out_at_stateless_nodes() {
    hold(&[THIEF_STATELESS], &[]);
}

#[test]
fn a_logout_holds() {
    hold(&[LOGOUT, LOGOUT_OLD], &[]);
}

// Broken rules. Each is caught by every check that it names, so every check can fail.

struct Broken {
    what: &'static str,
    world: World,
    caught_by: &'static [Check],
}

const fn deciding(
    what: &'static str,
    world: World,
    decide: fn(Question) -> RefreshDecision,
    caught_by: &'static [Check],
) -> Broken {
    let rule = Rule { decide, ..RULE };
    doing(what, world, rule, caught_by)
}

const fn doing(
    what: &'static str,
    world: World,
    rule: Rule,
    caught_by: &'static [Check],
) -> Broken {
    let world = World { rule, ..world };
    Broken {
        what,
        world,
        caught_by,
    }
}

/// The idle lifetime is shorter than the walk.
const OLD_SHORT: World = World { idle: 3, ..OLD };
const THIEF_LENIENT: World = World { leeway: 2, ..THIEF };

const BROKEN: [Broken; 27] = [
    deciding(
        "a generation above the row is refused",
        FORGETFUL,
        ahead_is_refused,
        &[HonestStaysIn],
    ),
    deciding(
        "a generation above the row rotates at once",
        FORGETFUL,
        ahead_rotates,
        &[HonestStaysIn],
    ),
    deciding(
        "a generation above the row is reuse",
        FORGETFUL,
        ahead_is_reuse,
        &[HonestStaysIn],
    ),
    deciding(
        "a restored row takes the time of the request",
        THIEF_FORGETFUL,
        restored_now,
        &[GraceIsAnchored],
    ),
    deciding(
        "a restored row begins with its second",
        FRACTIONS,
        restored_to_the_second,
        &[HonestStaysIn],
    ),
    deciding(
        "a row restored from a foreign token takes the token's time",
        THIEF_OLD_FORGETFUL,
        restored_to_a_foreign_time,
        &[GraceIsAnchored],
    ),
    deciding(
        "the same without a blacklist",
        THIEF_STATELESS_FORGETFUL,
        restored_to_a_foreign_time,
        &[GraceIsAnchored],
    ),
    deciding(
        "a foreign token above the row is refused",
        OLD_FORGETFUL,
        foreign_ahead_is_refused,
        &[HonestStaysIn],
    ),
    deciding(
        "the row's end counts for a generation above it",
        FORGETFUL_LONG,
        exp_is_ignored,
        &[HonestStaysIn],
    ),
    deciding(
        "the row's end counts for a foreign token",
        OLD_SHORT,
        exp_is_ignored,
        &[HonestStaysIn],
    ),
    deciding(
        "a foreign token is taken for our own",
        OLD,
        foreign_is_own,
        &[HonestStaysIn],
    ),
    deciding(
        "a foreign token rotates at once",
        OLD_TAB,
        foreign_rotates,
        &[HonestStaysIn],
    ),
    deciding(
        "the blacklist is not asked",
        THIEF_OLD,
        blacklist_is_ignored,
        &[SpentStaysSpent],
    ),
    deciding(
        "a blacklisted token ends nothing",
        THIEF_OLD,
        reuse_ends_nothing,
        &[VictimTakesThiefAlong],
    ),
    doing(
        "the blacklist is not asked for the answer",
        THIEF_OLD,
        Rule {
            blacklist_asks_answer: false,
            ..RULE
        },
        &[AnswerWorks],
    ),
    doing(
        "the cache is not asked",
        LOGOUT,
        Rule {
            cache_is_asked: false,
            ..RULE
        },
        &[LogoutHolds],
    ),
    doing(
        "a repeat does not restore",
        FORGETFUL,
        Rule {
            repeat_restores: false,
            ..RULE
        },
        &[RestoredForGood],
    ),
    doing(
        "the write asks for the presented generation",
        FORGETFUL,
        Rule {
            write_asks_read_generation: false,
            ..RULE
        },
        &[HonestStaysIn],
    ),
    doing(
        "the write asks for the generation only",
        THIEF_FORGETFUL_RACES,
        Rule {
            write_asks_rotated_at: false,
            ..RULE
        },
        &[IdleEndAdvances, RotatesOnceInGrace],
    ),
    deciding(
        "leeway does not count",
        LENIENT,
        no_leeway,
        &[HonestStaysIn],
    ),
    deciding(
        "leeway counts for G",
        THIEF_LENIENT,
        leeway_extends_grace,
        &[SpentStaysSpent],
    ),
    deciding(
        "a child is born expired",
        LENIENT,
        child_is_born_expired,
        &[ChildEndsInTime],
    ),
    deciding(
        "a successor loses the login's lifetime",
        REMEMBERED,
        lifetime_is_lost,
        &[IdleEndAdvances],
    ),
    deciding(
        "the user agent is not asked",
        SAME_AGENT,
        agent_is_ignored,
        &[SameAgentOnly],
    ),
    deciding(
        "reuse ends nothing",
        THIEF,
        reuse_ends_nothing,
        &[VictimTakesThiefAlong],
    ),
    deciding(
        "a retired token rotates",
        THIEF,
        retired_rotates,
        &[NoTurns, SpentStaysSpent],
    ),
    deciding(
        "a rotation keeps the generation",
        ALONE,
        generation_stays,
        &[GenerationMovesOn],
    ),
];

#[test]
fn every_broken_rule_is_caught() {
    let mut missed = Vec::new();
    for Broken {
        what,
        world,
        caught_by,
    } in BROKEN
    {
        for &check in caught_by {
            let (states, found) = world.walk(Some(check));
            match found.get(&check) {
                Some(trail) => println!("{what}: {check:?}, {states} states: {}", trail.join("; ")),
                None => missed.push(format!("{what}: not {check:?}, but {found:?}")),
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn every_check_can_fail() {
    let failing: BTreeSet<_> = BROKEN.iter().flat_map(|broken| broken.caught_by).collect();
    assert_eq!(failing.len(), 13, "{failing:?}");
}

const REFUSED: RefreshDecision = RefreshDecision::Refuse(RefreshRefusal::ClockBehind);

fn is_ahead(asked: &Question) -> bool {
    asked.presented.generation > asked.session.generation
}

fn strictly(mut asked: Question) -> RefreshDecision {
    asked.policy.grace_seconds = 0;
    asked.decide()
}

fn ahead_is_refused(asked: Question) -> RefreshDecision {
    if is_ahead(&asked) {
        return REFUSED;
    }
    asked.decide()
}

fn ahead_is_reuse(mut asked: Question) -> RefreshDecision {
    asked.presented.is_blacklisted |= is_ahead(&asked);
    asked.decide()
}

fn ahead_rotates(asked: Question) -> RefreshDecision {
    if is_ahead(&asked) {
        return strictly(asked);
    }
    asked.decide()
}

/// Restores the row with another time of rotation.
fn restored_at(mut asked: Question, rotated_at: i64) -> RefreshDecision {
    if !is_ahead(&asked) {
        return asked.decide();
    }
    let read = asked.session;
    let end = asked.presented.expires_at * SECOND;
    let restored = RowUpdate {
        read_generation: read.generation,
        read_rotated_at: read.rotated_at,
        generation: asked.presented.generation,
        rotated_at,
        expires_at: asked.session.expires_at.max(end),
        restate_auth_hash: false,
    };
    asked.session = asked.session.updated(restored);
    match asked.decide() {
        RefreshDecision::Rotate(rotation) => RefreshDecision::Rotate(RowUpdate {
            read_generation: read.generation,
            read_rotated_at: read.rotated_at,
            ..rotation
        }),
        RefreshDecision::Repeat(repeat) => RefreshDecision::Repeat(Repetition {
            restored: Some(restored),
            ..repeat
        }),
        other => other,
    }
}

fn restored_now(asked: Question) -> RefreshDecision {
    restored_at(asked, asked.now)
}

fn restored_to_the_second(asked: Question) -> RefreshDecision {
    restored_at(asked, asked.presented.issued_at * SECOND)
}

fn restored_to_a_foreign_time(asked: Question) -> RefreshDecision {
    if asked.presented.is_own {
        return asked.decide();
    }
    restored_at(asked, asked.presented.issued_at * SECOND + SECOND - 1)
}

fn foreign_ahead_is_refused(asked: Question) -> RefreshDecision {
    if asked.presented.is_own {
        return asked.decide();
    }
    ahead_is_refused(asked)
}

fn exp_is_ignored(mut asked: Question) -> RefreshDecision {
    asked.presented.expires_at = 0;
    asked.decide()
}

fn foreign_is_own(mut asked: Question) -> RefreshDecision {
    asked.presented.is_own = true;
    asked.decide()
}

fn foreign_rotates(asked: Question) -> RefreshDecision {
    let current = asked.presented.generation == asked.session.generation;
    if current && !asked.presented.is_own {
        return strictly(asked);
    }
    asked.decide()
}

fn blacklist_is_ignored(mut asked: Question) -> RefreshDecision {
    asked.presented.is_blacklisted = false;
    asked.decide()
}

fn no_leeway(mut asked: Question) -> RefreshDecision {
    asked.policy.leeway = 0;
    asked.decide()
}

fn leeway_extends_grace(mut asked: Question) -> RefreshDecision {
    let seconds = asked.policy.leeway / SECOND;
    asked.policy.grace_seconds += u32::try_from(seconds).unwrap();
    asked.decide()
}

fn child_is_born_expired(mut asked: Question) -> RefreshDecision {
    let end = asked.session.absolute_expires_at.unwrap();
    let within = end <= asked.now && asked.now < end + asked.policy.leeway;
    if within && matches!(strictly(asked), RefreshDecision::Refuse(_)) {
        asked.session.absolute_expires_at = Some(end + SECOND);
        if let RefreshDecision::Rotate(rotation) = asked.decide() {
            return RefreshDecision::Rotate(RowUpdate {
                expires_at: end,
                ..rotation
            });
        }
        asked.session.absolute_expires_at = Some(end);
    }
    asked.decide()
}

fn lifetime_is_lost(mut asked: Question) -> RefreshDecision {
    asked.session.idle_lifetime = None;
    asked.decide()
}

fn agent_is_ignored(mut asked: Question) -> RefreshDecision {
    asked.presented.other_agent = false;
    asked.decide()
}

fn reuse_ends_nothing(asked: Question) -> RefreshDecision {
    match asked.decide() {
        RefreshDecision::Reuse(_) => REFUSED,
        decision => decision,
    }
}

fn retired_rotates(mut asked: Question) -> RefreshDecision {
    let retired = asked.presented.generation < asked.session.generation;
    if retired {
        asked.presented.generation = asked.session.generation;
    }
    asked.decide()
}

fn generation_stays(asked: Question) -> RefreshDecision {
    match asked.decide() {
        RefreshDecision::Rotate(rotation) => RefreshDecision::Rotate(RowUpdate {
            generation: rotation.read_generation,
            ..rotation
        }),
        decision => decision,
    }
}
