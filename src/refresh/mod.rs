//! The refresh rotation decision: what a refresh with one of a login's refresh tokens gets.
//!
//! A login is one row, updated in place. Its refresh token carries the row's *generation*. To
//! refresh is to rotate: the generation goes up by one, the token before it is *retired*, and only
//! the new one counts. A retired token that comes back means one of two things. Soon after its
//! retirement, a response was lost or a second tab came late, and the answer is repeated. Later,
//! two parties hold the login and one of them is a thief, and the login ends. The grace interval G
//! of the policy draws the line.
//!
//! [`decide`] asks in this order, and the first match decides:
//!
//! | presented token | decision | what the caller does |
//! |---|---|---|
//! | any, but the session is revoked or past an end; user gone, deactivated, inactive or with another password | [`Refuse`](RefreshDecision::Refuse) | 401 with its code; a deactivated user ends the session |
//! | it or its answer is blacklisted | [`Reuse`](RefreshDecision::Reuse) | ends the session; 401 `token_reused` |
//! | any, but the revocation cache says that the session was ended | [`Refuse`](RefreshDecision::Refuse) | writes the end again; 401 |
//! | current or above, and rotation is off | [`Keep`](RefreshDecision::Keep) | a new access token; writes nothing |
//! | above current | the row is taken to be what the token says, and the table is asked again; a token of a node without sessions rotates | writes what was restored with the answer, in one statement |
//! | current, but issued by a node without sessions; row rotated less than G ago | [`Repeat`](RefreshDecision::Repeat) | the presented token again, a new access token; writes nothing |
//! | current, rotated less than G ago | [`Repeat`](RefreshDecision::Repeat) | the current refresh token again, a new access token; writes nothing |
//! | current otherwise: never rotated, or rotated G or longer ago (always when G = 0) | [`Rotate`](RefreshDecision::Rotate) | writes the rotation, answers with the new tokens |
//! | current − 1, rotated less than G ago | [`Repeat`](RefreshDecision::Repeat) | the current refresh token again, and signals `refresh_repeated`; to another user agent it may be Reuse |
//! | older, or current − 1 after G | [`Reuse`](RefreshDecision::Reuse) | ends the session; 401 `token_reused` |
//!
//! One timestamp is enough. A session rotates at most once in G, so a token older than
//! current − 1 was retired longer than G ago. A repeat does not write, so G counts from the token's
//! own retirement and never slides. And because the refusals come first, grace never covers a
//! logout.
//!
//! A token above the current generation means that the database has forgotten its last commits:
//! the signature proves that the row was there once. A restored row takes the token's `iat` as the
//! time of its rotation, so the two rules of the last paragraph hold for it too. A token of a node
//! without sessions has the `gen` of the token that it replaced, and another `jti`. Its `iat` is
//! later than the row's rotation was, so above the row it rotates at once, and the token before it
//! has no grace.
//!
//! The decision is about the row *as it was read*. The caller makes it true with one conditional
//! write, `UPDATE … WHERE id = ? AND generation = <the one read> AND rotated_at = <the one read>
//! AND revoked_at IS NULL`: of any number of requests that decided to write, one changes a row. The
//! others read again and decide again, with the same `now`.
//!
//! [`check`] asks the same table for `verify` and introspection, which have no effect. [`refusal`]
//! asks its first row for access and sliding tokens and for lists of sessions.
//!
//! Nothing here reads a clock, allocates or can panic: `now` is an argument, and time saturates at
//! the ends of its type. docs/dev/sessions.md has the rules; they are quoted where they live.

mod answer;
mod state;

pub use answer::{RefreshDecision, RefreshRefusal, Repeated, Repetition, Reuse, RowUpdate};
pub use state::{Presented, RefreshClaims, RefreshPolicy, SessionState, UserState};

/// A point in time since the Unix epoch, or a span of time, in microseconds: the row's own unit.
pub type Micros = i64;

/// Microseconds in a second.
const SECOND: Micros = 1_000_000;

/// The last generation a session can have: what a positive integer column holds everywhere.
pub const LAST_GENERATION: u32 = 0x7fff_ffff;

/// Decides what a refresh with the token `presented` gets from `session` at `now`.
///
/// The caller reads `now` once, when the request arrives, and a rotation retires the token as of
/// then. So a request must write before G has passed: otherwise the next request would find the
/// token retired too long ago. See the [module](self) for the table.
#[must_use]
pub fn decide(
    session: &SessionState,
    user: UserState,
    presented: &Presented,
    policy: &RefreshPolicy,
    now: Micros,
) -> RefreshDecision {
    if let Some(refusal) = refusal_of_token(session, user, presented, policy, now) {
        return RefreshDecision::Refuse(refusal);
    }
    if presented.is_blacklisted {
        return reuse_of_blacklisted(session, presented, now);
    }
    if let Some(refusal) = session.end_forgotten() {
        return RefreshDecision::Refuse(refusal);
    }
    if !policy.rotate && presented.generation >= session.generation {
        return RefreshDecision::Keep;
    }
    if presented.generation > session.generation {
        return decide_restored(session, user, presented, policy, now);
    }
    match session.generation.saturating_sub(presented.generation) {
        0 => decide_current(session, user, presented, policy, now),
        1 => decide_previous(session, presented, policy, now),
        _ => reuse(session, now),
    }
}

/// Why `verify` and introspection call the token invalid; `None` if a refresh with it would yield a
/// token. To ask has no effect: the refusal never tells the caller to end the session.
#[must_use]
pub fn check(
    session: &SessionState,
    user: UserState,
    presented: &Presented,
    policy: &RefreshPolicy,
    now: Micros,
) -> Option<RefreshRefusal> {
    decide(session, user, presented, policy, now)
        .refusal()
        .map(RefreshRefusal::without_effect)
}

/// Why an access or sliding token of the session is refused, and whether a list shows the session
/// as over: `None` if it lives. The ends come later by `leeway`.
#[must_use]
pub fn refusal(
    session: &SessionState,
    user: UserState,
    leeway: Micros,
    now: Micros,
) -> Option<RefreshRefusal> {
    session
        .refusal(leeway, now)
        .or(user.refusal())
        .or(session.end_forgotten())
}

/// The table's first row. Where a token proves that the login was extended, "the later one" of its
/// `exp` and the row's idle end counts. A kept token does not extend the login, since the row is not written.
fn refusal_of_token(
    session: &SessionState,
    user: UserState,
    presented: &Presented,
    policy: &RefreshPolicy,
    now: Micros,
) -> Option<RefreshRefusal> {
    let mut asked = *session;
    if policy.rotate && presented.extends(session) {
        asked.expires_at = asked.expires_at.max(presented.ends_at());
    }
    asked.refusal(policy.leeway, now).or(user.refusal())
}

/// "A node without sessions rotated it or logged it out, and which can't be told."
fn reuse_of_blacklisted(
    session: &SessionState,
    presented: &Presented,
    now: Micros,
) -> RefreshDecision {
    let retired_in_row = presented.generation < session.generation;
    let retired_for = retired_in_row.then(|| session.elapsed(now)).flatten();
    RefreshDecision::Reuse(Reuse {
        retired_for: retired_for.unwrap_or(0),
        is_blacklisted: true,
    })
}

/// "The database has forgotten; the signature proves that we once wrote more. The row is taken to be
/// what the token says, then the table is asked from the top."
///
/// A token of a node without sessions rotates at once. Its `iat` is the time of that node's rotation,
/// and its parent was retired before that, nobody knows when. As the time of the row's rotation, `iat`
/// would start the parent's grace again. After the rotation the parent is a grandparent and has none.
fn decide_restored(
    session: &SessionState,
    user: UserState,
    presented: &Presented,
    policy: &RefreshPolicy,
    now: Micros,
) -> RefreshDecision {
    let restoration = session.restoration(presented);
    let restored = session.updated(restoration);
    let decision = match presented.is_own {
        true => decide(&restored, user, presented, policy, now),
        false => rotate(&restored, user, policy, now),
    };
    match decision {
        RefreshDecision::Rotate(rotation) => RefreshDecision::Rotate(RowUpdate {
            read_generation: session.generation,
            read_rotated_at: session.rotated_at,
            ..rotation
        }),
        RefreshDecision::Repeat(repetition) => RefreshDecision::Repeat(Repetition {
            restored: Some(restoration),
            ..repetition
        }),
        decision => decision,
    }
}

/// The current token rotates, unless it is younger than G: "a session rotates at most once in G".
/// Within G, the answer repeats a token of a node without sessions, since its claims can't be
/// computed from the row.
fn decide_current(
    session: &SessionState,
    user: UserState,
    presented: &Presented,
    policy: &RefreshPolicy,
    now: Micros,
) -> RefreshDecision {
    match (session.is_young(policy, now), presented.is_own) {
        (true, true) => repeat(Repeated::Current),
        (true, false) => repeat(Repeated::Foreign),
        (false, _) => rotate(session, user, policy, now),
    }
}

/// The token before the current one is accepted for G after its retirement, and then no longer.
/// "Further back" than the clock skew allows it "is refused without ending anything".
fn decide_previous(
    session: &SessionState,
    presented: &Presented,
    policy: &RefreshPolicy,
    now: Micros,
) -> RefreshDecision {
    let other_agent = presented.other_agent;
    match session.elapsed(now) {
        None => RefreshDecision::Refuse(RefreshRefusal::ClockBehind),
        Some(elapsed) if elapsed >= policy.grace() => reuse(session, now),
        Some(_) if other_agent && policy.same_agent => reuse(session, now),
        Some(_) => RefreshDecision::Repeat(Repetition {
            presented: Repeated::Previous,
            restored: None,
            other_agent,
        }),
    }
}

fn repeat(presented: Repeated) -> RefreshDecision {
    RefreshDecision::Repeat(Repetition {
        presented,
        restored: None,
        other_agent: false,
    })
}

/// A grandparent is never accepted, because it was retired at least G before its child.
fn reuse(session: &SessionState, now: Micros) -> RefreshDecision {
    RefreshDecision::Reuse(Reuse {
        retired_for: session.elapsed(now).unwrap_or(0),
        is_blacklisted: false,
    })
}

/// "Generation + 1, `rotated_at` = now, idle end moved, never past the absolute end, `auth_hash`
/// restated if it matched by a fallback key." "A rotation within leeway of the absolute end is
/// refused."
fn rotate(
    session: &SessionState,
    user: UserState,
    policy: &RefreshPolicy,
    now: Micros,
) -> RefreshDecision {
    let rotated_at = session.believed(now);
    let lifetime = session.idle_lifetime.unwrap_or(policy.idle_lifetime);
    match session.next_generation() {
        Some(generation) if !session.is_over_for_a_child(rotated_at) => {
            RefreshDecision::Rotate(RowUpdate {
                read_generation: session.generation,
                read_rotated_at: session.rotated_at,
                generation,
                rotated_at,
                expires_at: session.capped(rotated_at.saturating_add(lifetime)),
                restate_auth_hash: user == UserState::MatchesFallback,
            })
        }
        _ => RefreshDecision::Refuse(RefreshRefusal::SessionExpired),
    }
}

/// Seconds of a JWT in the row's unit.
fn micros_from_seconds(seconds: i64) -> Micros {
    seconds.saturating_mul(SECOND)
}
