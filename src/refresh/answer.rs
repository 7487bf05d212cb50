//! The answers of the decision: what the caller does, and what it writes.

use super::Micros;

/// What to do with a refresh token whose signature, `exp` and type were verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshDecision {
    /// 401 with the refusal's code. The caller sends no signal. It writes nothing, unless the
    /// refusal [ends the session](RefreshRefusal::UserDeactivated) or says that the end
    /// [was forgotten](RefreshRefusal::EndForgotten).
    Refuse(RefreshRefusal),
    /// Write this, on the condition that the row's generation and `rotated_at` are still
    /// [those that were read](RowUpdate::read_generation) and that the session is not revoked. If a
    /// row was changed, answer with the new refresh token; otherwise read and decide again.
    Rotate(RowUpdate),
    /// Answer with a refresh token that exists already and a new access token. The caller writes
    /// nothing, unless the answer [restores](Repetition::restored) the row.
    Repeat(Repetition),
    /// Rotation is off: answer with an access token only. The caller writes nothing.
    Keep,
    /// A retired token came back: end the session, send the signal, and answer 401 `token_reused`.
    Reuse(Reuse),
}

/// Why a refresh is refused. Except where a variant says otherwise, the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshRefusal {
    /// The session was ended: by a logout, the admin, a reuse.
    SessionRevoked,
    /// The session was ended, and the database has forgotten it; the revocation cache has not. The
    /// caller writes the end again.
    EndForgotten,
    /// The idle or the absolute end has come, or there can be no successor: the generation is the
    /// last one, or a child would be born expired.
    SessionExpired,
    /// The user was deleted.
    UserNotFound,
    /// The project's rule says no to this user. It may say yes tomorrow.
    UserInactive,
    /// The user is deactivated. The caller ends the session, because activating the user again must not
    /// revive it.
    UserDeactivated,
    /// The user's password was changed since the login.
    PasswordChanged,
    /// Current − 1, retired further in the future than clock skew explains: it could mean a lost
    /// response or a theft.
    ClockBehind,
    /// A retired token came back. Only [`check`](super::check) says this; to refresh with such a
    /// token is [`Reuse`](RefreshDecision::Reuse).
    TokenReused,
}

/// The values that the caller writes into the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowUpdate {
    /// The generation that was read: the write is conditional on it. It is lower than the presented
    /// one if the database has forgotten.
    pub read_generation: u32,
    /// The `rotated_at` that was read: the write is conditional on it too. A database that has
    /// forgotten may reach the same generation again, by another rotation.
    pub read_rotated_at: Option<Micros>,
    /// A rotation: one more than the presented generation. A restored row: the token's `gen`.
    pub generation: u32,
    /// When this generation began. A restored row: the last moment of the second in the token's
    /// `iat`.
    pub rotated_at: Micros,
    /// The idle end, never past the absolute end. A restored row: the later one of the token's `exp`
    /// and the row's idle end.
    pub expires_at: Micros,
    /// Whether to write the user's hash again under the current secret key, because it matched
    /// under a fallback key, which will be removed one day. Only a rotation does so.
    pub restate_auth_hash: bool,
}

/// The refresh token to repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repetition {
    /// Which token was presented: it decides which token is the answer.
    pub presented: Repeated,
    /// What to write if the database has forgotten; `None` if there is nothing to write.
    pub restored: Option<RowUpdate>,
    /// Whether another user agent than the rotation's presented the retired token: worth a warning.
    pub other_agent: bool,
}

/// The presented token of a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// The current one, soon after it was issued. The answer is the current token. The caller sends
    /// no signal.
    Current,
    /// The one before it, within the grace interval. The answer is the current token. The caller
    /// sends the signal `refresh_repeated`.
    Previous,
    /// A token of the current generation that a node without sessions issued, soon after the row's
    /// rotation. The answer is this token itself. The caller sends no signal.
    Foreign,
}

/// A retired token that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// How long ago the presented token was retired: exact for current − 1. For an older one it is
    /// at least this long, because the row does not keep its retirement. 0 for one that is
    /// blacklisted and not older than the row: only the blacklist knows.
    pub retired_for: Micros,
    /// Whether the blacklist decided, and not the row: a node without sessions rotated the token or
    /// logged it out.
    pub is_blacklisted: bool,
}

impl RefreshDecision {
    /// Why the token is invalid; `None` if it is valid, which is where a refresh yields a token.
    #[must_use]
    pub fn refusal(self) -> Option<RefreshRefusal> {
        match self {
            Self::Refuse(refusal) => Some(refusal),
            Self::Reuse(_) => Some(RefreshRefusal::TokenReused),
            Self::Rotate(_) | Self::Repeat(_) | Self::Keep => None,
        }
    }
}

impl RefreshRefusal {
    /// The refusal with the same code, without an effect.
    #[must_use]
    pub fn without_effect(self) -> Self {
        match self {
            Self::EndForgotten => Self::SessionRevoked,
            Self::UserDeactivated => Self::UserInactive,
            other => other,
        }
    }

    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SessionRevoked | Self::EndForgotten => "session_revoked",
            Self::SessionExpired => "session_expired",
            Self::UserNotFound => "user_not_found",
            Self::UserInactive | Self::UserDeactivated => "user_inactive",
            Self::PasswordChanged => "password_changed",
            Self::ClockBehind => "token_not_valid",
            Self::TokenReused => "token_reused",
        }
    }
}

impl RowUpdate {
    /// Whether the database had forgotten generations before a rotation. The write mends it; a
    /// warning and a signal are due.
    #[must_use]
    pub fn skips_generations(&self) -> bool {
        self.generation.saturating_sub(self.read_generation) > 1
    }
}
