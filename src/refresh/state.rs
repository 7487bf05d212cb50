//! What the decision depends on: the row, the user, the presented token and the policy.

use super::{LAST_GENERATION, Micros, RefreshRefusal, RowUpdate, SECOND, micros_from_seconds};
use crate::clock::MAX_CLOCK_SKEW;

/// The row of one login, as far as the decision depends on it. All fields but the last are columns.
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
    /// The absolute end, which a refresh never moves; `None` if the policy had no such lifetime at login.
    pub absolute_expires_at: Option<Micros>,
    /// How long this login lives without a refresh ("remember me"); `None` means the policy's lifetime.
    pub idle_lifetime: Option<Micros>,
    /// Whether the session was ended: a fact, not a time, so that no clock can undo a logout.
    pub revoked: bool,
    /// Whether the revocation cache says that the session was ended; false if it was not asked.
    pub revoked_in_cache: bool,
}

/// The user of a session, as the same query read them: whether they may log in, and if so, how the row's
/// `auth_hash`, taken at login, compares with the user's session auth hash now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    /// The user was deleted.
    Gone,
    /// The user's `is_active` is false. This ends the session.
    Deactivated,
    /// The user may not log in, for another reason. The session goes on.
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

/// A refresh token that was presented. Its signature, `exp` and type were verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presented {
    /// The `gen` claim.
    pub generation: u32,
    /// Whether the `jti` is the one that follows from the session and `gen`. If it is not, a node
    /// without sessions has issued the token. True if tokens have no `jti`.
    pub is_own: bool,
    /// The `iat` claim, in seconds since the Unix epoch.
    pub issued_at: i64,
    /// The `exp` claim, in seconds since the Unix epoch.
    pub expires_at: i64,
    /// Whether the `jti` of the token, or that of the session's generation after it, is
    /// blacklisted: a refresh answers with one of the two. False if there is no blacklist.
    pub is_blacklisted: bool,
    /// Whether the request comes from another user agent than the row's, which is that of the last
    /// rotation.
    pub other_agent: bool,
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
    /// [`decide`](super::decide) goes by the row, so changing the setting changes the logins to come.
    pub absolute_lifetime: Option<Micros>,
    /// Whether refreshing rotates (`ROTATE_REFRESH_TOKENS`).
    pub rotate: bool,
    /// How much later the two ends come when they are asked for (`LEEWAY`). It never counts for G.
    pub leeway: Micros,
    /// Whether grace is for the user agent of the rotation only (`REFRESH_REUSE_GRACE_SAME_AGENT`).
    pub same_agent: bool,
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

impl SessionState {
    /// The row of a login made at `now`: generation 0, never rotated, both ends set.
    ///
    /// A refresh token adopted from a library without sessions is generation 0 of such a row. To
    /// adopt it, the caller decides on such a row and inserts it [rotated](Self::updated), so that
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
            idle_lifetime: None,
            revoked: false,
            revoked_in_cache: false,
        };
        Self {
            expires_at: session.ends_at(),
            ..session
        }
    }

    /// The row after the caller wrote `update` to it.
    #[must_use]
    pub fn updated(self, update: RowUpdate) -> Self {
        Self {
            generation: update.generation,
            rotated_at: Some(update.rotated_at),
            expires_at: update.expires_at,
            ..self
        }
    }

    /// The row is taken to be what a token above its generation says.
    ///
    /// `iat` is the second in which the token's generation began. Its last moment is taken, so that
    /// this rotation and the next are at least G apart, for every fraction that was lost.
    pub(super) fn restoration(&self, presented: &Presented) -> RowUpdate {
        RowUpdate {
            read_generation: self.generation,
            read_rotated_at: self.rotated_at,
            generation: presented.generation,
            rotated_at: micros_from_seconds(presented.issued_at)
                .saturating_add(SECOND.saturating_sub(1)),
            expires_at: self.capped(self.expires_at.max(presented.ends_at())),
            restate_auth_hash: false,
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

    /// Why the row ends the session at `now` for every user; `None` if it does not. At its end a
    /// session is already over, except that the end comes later by `leeway`.
    #[must_use]
    pub fn refusal(&self, leeway: Micros, now: Micros) -> Option<RefreshRefusal> {
        if self.revoked {
            Some(RefreshRefusal::SessionRevoked)
        } else if self.ends_at().saturating_add(leeway.max(0)) <= now {
            Some(RefreshRefusal::SessionExpired)
        } else {
            None
        }
    }

    /// Whether the database has forgotten that the session was ended: the revocation cache still
    /// says so.
    pub(super) fn end_forgotten(&self) -> Option<RefreshRefusal> {
        self.revoked_in_cache
            .then_some(RefreshRefusal::EndForgotten)
    }

    /// The end that comes first.
    fn ends_at(&self) -> Micros {
        self.capped(self.expires_at)
    }

    /// `end`, or the absolute end if that comes first.
    pub(super) fn capped(&self, end: Micros) -> Micros {
        self.absolute_expires_at
            .map_or(end, |absolute| end.min(absolute))
    }

    /// Whether the `exp` of a token issued at `at` would not be later than its `iat`, because of the
    /// absolute end.
    pub(super) fn is_over_for_a_child(&self, at: Micros) -> bool {
        self.absolute_expires_at
            .is_some_and(|absolute| absolute.div_euclid(SECOND) <= at.div_euclid(SECOND))
    }

    /// When the current generation began, which is when the one before it was retired.
    fn current_since(&self) -> Micros {
        self.rotated_at.unwrap_or(self.created_at)
    }

    /// How long ago the current generation began. "Elapsed time down to −60 s counts as zero (clocks of
    /// several machines)"; `None` is a clock further behind than [`MAX_CLOCK_SKEW`] explains.
    pub(super) fn elapsed(&self, now: Micros) -> Option<Micros> {
        let elapsed = now.saturating_sub(self.current_since());
        let earliest = MAX_CLOCK_SKEW.saturating_mul(-SECOND);
        (elapsed >= earliest).then_some(elapsed.max(0))
    }

    /// Whether the session has rotated, less than G ago: it does not rotate again so soon.
    pub(super) fn is_young(&self, policy: &RefreshPolicy, now: Micros) -> bool {
        let elapsed = self.elapsed(now);
        self.rotated_at.is_some() && elapsed.is_some_and(|elapsed| elapsed < policy.grace())
    }

    /// `now` as the row sees it. Within the skew the row's timestamp is kept, so that time, and
    /// with it the idle end, does not go backwards from one machine to the next. If `now` is
    /// further back, one of the two clocks is wrong, and `now` replaces the timestamp.
    pub(super) fn believed(&self, now: Micros) -> Micros {
        match self.elapsed(now) {
            Some(_) => now.max(self.current_since()),
            None => now,
        }
    }

    /// The generation after the current one, as long as the column can hold it.
    pub(super) fn next_generation(&self) -> Option<u32> {
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
            Self::Deactivated => Some(RefreshRefusal::UserDeactivated),
            Self::Inactive => Some(RefreshRefusal::UserInactive),
            Self::Changed => Some(RefreshRefusal::PasswordChanged),
            Self::Matches | Self::MatchesFallback | Self::NotApplicable => None,
        }
    }
}

impl Presented {
    /// A token that this library has issued, with nothing against it.
    #[must_use]
    pub fn new(generation: u32, issued_at: i64, expires_at: i64) -> Self {
        Self {
            generation,
            is_own: true,
            issued_at,
            expires_at,
            is_blacklisted: false,
            other_agent: false,
        }
    }

    /// `exp` in the row's unit.
    pub(super) fn ends_at(&self) -> Micros {
        micros_from_seconds(self.expires_at)
    }

    /// Whether the token proves that the login was extended later than the row shows: the database
    /// has forgotten, or a node without sessions has rotated the token.
    pub(super) fn extends(&self, session: &SessionState) -> bool {
        self.generation > session.generation
            || (self.generation == session.generation && !self.is_own)
    }
}

impl RefreshPolicy {
    /// G in the row's unit.
    pub(super) fn grace(&self) -> Micros {
        i64::from(self.grace_seconds).saturating_mul(SECOND)
    }
}
