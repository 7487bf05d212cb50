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
//! | presented generation | decision | what the caller does |
//! |---|---|---|
//! | any, but the session is revoked or past an end; above current; user gone, inactive or with another password | [`Refuse`](RefreshDecision::Refuse) | 401 with its code; writes nothing |
//! | current, and rotation is off | [`Keep`](RefreshDecision::Keep) | a new access token; writes nothing |
//! | current, never rotated or rotated G or longer ago (always when G = 0) | [`Rotate`](RefreshDecision::Rotate) | writes the rotation, answers with the new tokens |
//! | current, rotated less than G ago | [`Repeat`](RefreshDecision::Repeat) | the current refresh token again, a new access token; writes nothing |
//! | current − 1, rotated less than G ago | [`Repeat`](RefreshDecision::Repeat) | likewise, and signals `refresh_repeated` |
//! | older, or current − 1 after G | [`Reuse`](RefreshDecision::Reuse) | ends the session; 401 `token_reused` |
//!
//! One timestamp is enough. A session rotates at most once in G, so whatever is older than
//! current − 1 was retired longer than G ago. A repeat writes nothing, so G counts from the token's
//! own retirement and never slides. And because the refusals come first, grace never covers a
//! logout.
//!
//! The decision is about the row *as it was read*. The caller makes it true with one conditional
//! write, `UPDATE … WHERE id = ? AND generation = ? AND revoked_at IS NULL`: of any number of
//! requests that decided to rotate, one changes a row. The others read again and decide again,
//! with the same `now`.
//!
//! Nothing here reads a clock, allocates or can panic: `now` is an argument, and time saturates at
//! the ends of its type. docs/dev/sessions.md has the rules, which are quoted below.

use crate::clock::MAX_CLOCK_SKEW;

/// A point in time since the Unix epoch, or a span of time, in microseconds: the row's own unit.
pub type Micros = i64;

/// Microseconds in a second.
const SECOND: Micros = 1_000_000;

/// The last generation a session can have: what a positive integer column holds everywhere.
pub const LAST_GENERATION: u32 = 0x7fff_ffff;

/// The row of one login, as far as the decision depends on it. The fields are its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionState {
    /// How often the refresh token was rotated: the `gen` of the current refresh token.
    pub generation: u32,
    /// When the last rotation was, which is when generation − 1 was retired; `None` before the
    /// first rotation.
    pub rotated_at: Option<Micros>,
    /// When the login was.
    pub created_at: Micros,
    /// The idle end: the login is over from this moment on unless it is refreshed before.
    pub expires_at: Micros,
    /// The absolute end, which a refresh never moves; `None` if the policy had none at login.
    pub absolute_expires_at: Option<Micros>,
    /// Whether the session was ended: a fact, not a time, so that no clock can undo a logout.
    pub revoked: bool,
}

/// The user of a session, as the same query read them: whether they may log in, and if so, how the row's
/// `auth_hash`, taken at login, compares with the user's session auth hash now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    /// The user was deleted.
    Gone,
    /// The user may not log in.
    Inactive,
    /// The hash matches under the current secret key.
    Matches,
    /// The hash matches under one of the fallback keys: the secret key was changed, the password was not.
    MatchesFallback,
    /// The hash matches under no key: the password was changed.
    Changed,
    /// The row has no hash, because this user model has no such method. The check is skipped.
    NotApplicable,
}

/// What the settings say about refreshing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// The grace interval G (`REFRESH_REUSE_GRACE`) in whole seconds; 0 is strict. Any `u32` of
    /// seconds fits into [`Micros`].
    pub grace_seconds: u32,
    /// How long a login lives without a refresh (`REFRESH_TOKEN_LIFETIME`).
    pub idle_lifetime: Micros,
    /// How long a login lives at all (`SESSION_ABSOLUTE_LIFETIME`). It is fixed in the row at login;
    /// [`decide`] goes by the row, so changing the setting changes the logins to come.
    pub absolute_lifetime: Option<Micros>,
    /// Whether refreshing rotates (`ROTATE_REFRESH_TOKENS`).
    pub rotate: bool,
}

/// What to do with a refresh token whose signature, `exp` and type were verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshDecision {
    /// 401 with the refusal's code. The caller writes nothing and sends no signal.
    Refuse(RefreshRefusal),
    /// Write this, on the condition that the row's generation is still the presented one and that
    /// the session is not revoked. If a row was changed, answer with the new refresh token;
    /// otherwise read and decide again.
    Rotate(Rotation),
    /// Answer with the current refresh token again and a new access token. The caller writes
    /// nothing.
    Repeat(Repeated),
    /// Rotation is off: answer with an access token only. The caller writes nothing.
    Keep,
    /// A retired token came back: end the session, send the signal, and answer 401 `token_reused`.
    Reuse {
        /// How long ago the presented token was retired: exact for current − 1. For an older one it
        /// is at least this long, because the row does not keep its retirement.
        retired_for: Micros,
    },
}

/// Why a refresh is refused. The session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshRefusal {
    /// The session was ended: by a logout, the admin, a reuse.
    SessionRevoked,
    /// The idle or the absolute end has come, or the generation is the last one.
    SessionExpired,
    /// The session has not reached this generation; a database restored from a backup looks like this.
    GenerationAhead,
    /// The user was deleted.
    UserNotFound,
    /// The user is inactive.
    UserInactive,
    /// The user's password was changed since the login.
    PasswordChanged,
    /// Current − 1, retired further in the future than clock skew explains: it could mean a lost
    /// response or a theft.
    ClockBehind,
}

/// The new values of a rotated row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The new generation: one more than the presented one.
    pub generation: u32,
    /// When the presented token was retired.
    pub rotated_at: Micros,
    /// The new idle end, never past the absolute end.
    pub expires_at: Micros,
    /// Whether to write the user's hash again under the current secret key, because it matched
    /// under a fallback key, which will be removed one day.
    pub restate_auth_hash: bool,
}

/// Which token is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// The current one, soon after it was issued. The caller sends no signal.
    Current,
    /// The one before it, within the grace interval. The caller sends the signal
    /// `refresh_repeated`.
    Previous,
}

/// The claims of a row's current refresh token. Times are in whole seconds, as in a JWT.
///
/// The token's `jti` follows from the session's id and the generation. So a repeated token has the
/// same `sid`, `gen`, `jti`, `iat` and `exp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshClaims {
    /// The `gen` claim.
    pub generation: u32,
    /// The `iat` claim, in seconds since the Unix epoch: when this generation began.
    pub issued_at: i64,
    /// The `exp` claim, in seconds since the Unix epoch: the end that comes first.
    pub expires_at: i64,
}

/// Decides what a refresh with generation `presented` gets from `session` at `now`.
///
/// The caller reads `now` once, when the request arrives, and a rotation retires the token as of
/// then. So a request must write before G has passed: otherwise the next request would find the
/// token retired too long ago. See the [module](self) for the table.
#[must_use]
pub fn decide(
    session: &SessionState,
    user: UserState,
    presented: u32,
    policy: &RefreshPolicy,
    now: Micros,
) -> RefreshDecision {
    if let Some(refusal) = refusal(session, user, presented, now) {
        return RefreshDecision::Refuse(refusal);
    }
    match session.generation.saturating_sub(presented) {
        0 => decide_current(session, user, policy, now),
        1 => decide_previous(session, policy, now),
        _ => decide_older(session, now),
    }
}

/// The table's first row: the refusals for every token of the session, in the order of the table.
fn refusal(
    session: &SessionState,
    user: UserState,
    presented: u32,
    now: Micros,
) -> Option<RefreshRefusal> {
    let ahead = presented > session.generation;
    session
        .refusal(now)
        .or(ahead.then_some(RefreshRefusal::GenerationAhead))
        .or(user.refusal())
}

/// The current token rotates, unless it is younger than G: "a session rotates at most once in G".
fn decide_current(
    session: &SessionState,
    user: UserState,
    policy: &RefreshPolicy,
    now: Micros,
) -> RefreshDecision {
    if !policy.rotate {
        return RefreshDecision::Keep;
    }
    match session.elapsed(now) {
        Some(elapsed) if session.rotated_at.is_some() && elapsed < policy.grace() => {
            RefreshDecision::Repeat(Repeated::Current)
        }
        _ => rotate(session, user, policy, now),
    }
}

/// The token before the current one is accepted for G after its retirement, and then no longer.
/// "Further back" than the clock skew allows it "is refused without ending anything".
fn decide_previous(session: &SessionState, policy: &RefreshPolicy, now: Micros) -> RefreshDecision {
    match session.elapsed(now) {
        None => RefreshDecision::Refuse(RefreshRefusal::ClockBehind),
        Some(elapsed) if elapsed < policy.grace() => RefreshDecision::Repeat(Repeated::Previous),
        Some(retired_for) => RefreshDecision::Reuse { retired_for },
    }
}

/// A grandparent is never accepted, because it was retired at least G before its child.
fn decide_older(session: &SessionState, now: Micros) -> RefreshDecision {
    RefreshDecision::Reuse {
        retired_for: session.elapsed(now).unwrap_or(0),
    }
}

/// "Generation + 1, `rotated_at` = now, idle end moved, never past the absolute end, `auth_hash`
/// restated if it matched by a fallback key."
fn rotate(
    session: &SessionState,
    user: UserState,
    policy: &RefreshPolicy,
    now: Micros,
) -> RefreshDecision {
    let Some(generation) = session.next_generation() else {
        return RefreshDecision::Refuse(RefreshRefusal::SessionExpired);
    };
    let rotated_at = session.believed(now);
    RefreshDecision::Rotate(Rotation {
        generation,
        rotated_at,
        expires_at: session.capped(rotated_at.saturating_add(policy.idle_lifetime)),
        restate_auth_hash: user == UserState::MatchesFallback,
    })
}

impl SessionState {
    /// The row of a login made at `now`: generation 0, never rotated, both ends set.
    ///
    /// A refresh token adopted from a library without sessions is generation 0 of such a row. To
    /// adopt it, the caller decides on such a row and inserts it [rotated](Self::rotated), so that
    /// the row starts at 1.
    #[must_use]
    pub fn begin(policy: &RefreshPolicy, now: Micros) -> Self {
        let absolute_expires_at = policy
            .absolute_lifetime
            .map(|span| now.saturating_add(span));
        let session = Self {
            generation: 0,
            rotated_at: None,
            created_at: now,
            expires_at: now.saturating_add(policy.idle_lifetime),
            absolute_expires_at,
            revoked: false,
        };
        Self {
            expires_at: session.ends_at(),
            ..session
        }
    }

    /// The row after the caller wrote `rotation` to it.
    #[must_use]
    pub fn rotated(self, rotation: Rotation) -> Self {
        Self {
            generation: rotation.generation,
            rotated_at: Some(rotation.rotated_at),
            expires_at: rotation.expires_at,
            ..self
        }
    }

    /// The claims of the row's current refresh token. They follow from the row alone, so the token
    /// can be repeated exactly. Its `exp` is never past the absolute end.
    #[must_use]
    pub fn refresh_claims(&self) -> RefreshClaims {
        RefreshClaims {
            generation: self.generation,
            issued_at: self.current_since().div_euclid(SECOND),
            expires_at: self.ends_at().div_euclid(SECOND),
        }
    }

    /// Why the session is over at `now` for every user; `None` if it is not. At its end a session
    /// is already over.
    #[must_use]
    pub fn refusal(&self, now: Micros) -> Option<RefreshRefusal> {
        if self.revoked {
            Some(RefreshRefusal::SessionRevoked)
        } else if self.ends_at() <= now {
            Some(RefreshRefusal::SessionExpired)
        } else {
            None
        }
    }

    /// The end that comes first.
    fn ends_at(&self) -> Micros {
        self.capped(self.expires_at)
    }

    /// `end`, or the absolute end if that comes first.
    fn capped(&self, end: Micros) -> Micros {
        self.absolute_expires_at
            .map_or(end, |absolute| end.min(absolute))
    }

    /// When the current generation began, which is when the one before it was retired.
    fn current_since(&self) -> Micros {
        self.rotated_at.unwrap_or(self.created_at)
    }

    /// How long ago the current generation began. "Elapsed time down to −60 s counts as zero (clocks of
    /// several machines)"; `None` is a clock further behind than [`MAX_CLOCK_SKEW`] explains.
    fn elapsed(&self, now: Micros) -> Option<Micros> {
        let elapsed = now.saturating_sub(self.current_since());
        let earliest = MAX_CLOCK_SKEW.saturating_mul(-SECOND);
        (elapsed >= earliest).then_some(elapsed.max(0))
    }

    /// `now` as the row sees it. Within the skew the row's timestamp is kept, so that time, and
    /// with it the idle end, does not go backwards from one machine to the next. If `now` is
    /// further back, one of the two clocks is wrong, and `now` replaces the timestamp.
    fn believed(&self, now: Micros) -> Micros {
        match self.elapsed(now) {
            Some(_) => now.max(self.current_since()),
            None => now,
        }
    }

    /// The generation after the current one, as long as the column can hold it.
    fn next_generation(&self) -> Option<u32> {
        let next = self.generation.checked_add(1)?;
        (next <= LAST_GENERATION).then_some(next)
    }
}

impl UserState {
    /// Why this user's sessions are refused; `None` if they are not.
    #[must_use]
    pub fn refusal(self) -> Option<RefreshRefusal> {
        match self {
            Self::Gone => Some(RefreshRefusal::UserNotFound),
            Self::Inactive => Some(RefreshRefusal::UserInactive),
            Self::Changed => Some(RefreshRefusal::PasswordChanged),
            Self::Matches | Self::MatchesFallback | Self::NotApplicable => None,
        }
    }
}

impl RefreshPolicy {
    /// G in the row's unit.
    fn grace(&self) -> Micros {
        i64::from(self.grace_seconds).saturating_mul(SECOND)
    }
}

impl RefreshRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SessionRevoked => "session_revoked",
            Self::SessionExpired => "session_expired",
            Self::UserNotFound => "user_not_found",
            Self::UserInactive => "user_inactive",
            Self::PasswordChanged => "password_changed",
            Self::GenerationAhead | Self::ClockBehind => "token_not_valid",
        }
    }
}
