//! The schedule of a key file: when a key is published, signs, retires and goes.
//!
//! Every key carries three times, in whole seconds since the Unix epoch, under the names that
//! OpenID Federation 1.0 section 8.7 gives the members of a historical key: `iat` (made at), `nbf`
//! (signs from) and `exp` (dropped at; absent until it is superseded). The key's phase follows from
//! them:
//!
//! | phase | while | signs | verifies |
//! |---|---|---|---|
//! | [`Published`](KeyPhase::Published) | now < `nbf` | no | yes |
//! | [`Signing`](KeyPhase::Signing) | it has the latest `nbf` ≤ now | yes | yes |
//! | [`Retiring`](KeyPhase::Retiring) | another has a later one, and now < `exp` | no | yes |
//! | [`Dropped`](KeyPhase::Dropped) | `exp` ≤ now | no | no |
//!
//! The keys form a line: each is superseded by the next one, and only the last has no `exp`. A
//! planned rotation appends to the line. A revocation takes a key out and lets its neighbour take its
//! place. In both the times are written before they matter, so that processes which read the file
//! late, or by another clock, come to the same answer.
//!
//! As long as the file is changed only by these plans, by one writer at a time:
//!
//! 1. A rotation or a [`prune`] never makes verifiers refuse a token that is alive. A key signs
//!    nothing that outlives it ([`ScheduledKey::latest_expiry`]), and no plan makes a written `exp`
//!    earlier.
//! 2. From the first key's `nbf` on, every clock finds exactly one [`signer`], and it can sign for
//!    the policy's whole `retain`.
//! 3. A planned key is published for `publish_ahead` before it signs.
//! 4. A planned rotation while a key waits, or less than `publish_ahead` after the last key was
//!    made, changes nothing: so rotating twice has the same effect as rotating once.
//! 5. A plan follows from the keys, not from their order in the file. Two keys may share an `nbf`; then
//!    the one with the later `exp` was superseded later. Of keys that share both, which no plan makes,
//!    the first in the file signs.
//! 6. A revoked key is removed, so it has no phase.
//!
//! The machines' clocks may disagree, by up to [`MAX_CLOCK_SKEW`] from the slowest to the fastest,
//! the time included that a process takes to see a new file.
//!
//! Nothing here reads a clock or a file, knows a key's material or can panic: `now` is an argument,
//! and time saturates at the ends of its type. docs/dev/key-rotation.md gives the reasons.

use crate::clock::MAX_CLOCK_SKEW;

/// A point in time since the Unix epoch, or a span of time, in seconds: a NumericDate without fractions.
pub type Seconds = i64;

/// One key of the file, as far as the schedule depends on it. The fields are members of its JWK.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScheduledKey {
    /// The key's id; no two keys of a file share one.
    pub kid: String,
    /// When it was made.
    pub iat: Seconds,
    /// From when on it signs.
    pub nbf: Seconds,
    /// When it is dropped: from this moment on it does not verify. `None` until it is superseded.
    pub exp: Option<Seconds>,
}

/// What the settings say about key rotation. Any `u32` of seconds fits into [`Seconds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRotationPolicy {
    /// How long a key is published before it signs (`KEY_PUBLISH_AHEAD`), in seconds.
    pub publish_ahead: u32,
    /// How long a key verifies after it signed last (`KEY_RETAIN`), in seconds: the longest lifetime
    /// of a token and the leeway of those who verify it.
    pub retain: u32,
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPhase {
    /// It waits until verifiers know it.
    Published,
    /// It signs.
    Signing,
    /// It is superseded, and verifies what it signed.
    Retiring,
    /// No token that it signed is alive.
    Dropped,
}

/// How soon the new key of a rotation signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationMode {
    /// After `publish_ahead`.
    Planned,
    /// Now, because the key that signs may have leaked. Verifiers may not know the new one yet.
    AtOnce,
}

/// What the caller must do with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRotationDecision {
    /// Write this.
    Write(Plan),
    /// Write nothing, because the file already has the key that is needed.
    Wait {
        /// The last key in line. If a rotation was asked for, this key waits, or was made less than
        /// `publish_ahead` ago.
        kid: String,
    },
    /// Write nothing and say why.
    Refuse(KeyRotationRefusal),
}

/// Why nothing is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRotationRefusal {
    /// The file has no key with this kid, or no longer has one.
    KidUnknown {
        /// The kid that was asked for.
        kid: String,
    },
    /// A key was made further in the future than clocks may differ: this clock is wrong, or the
    /// `iat` of the key is.
    ClockBehind {
        /// The key that was made last.
        kid: String,
    },
}

/// A change of the file, which the caller writes as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The schedule of a new key, which has no `exp`.
    pub add: Option<NewKey>,
    /// The new times of existing keys.
    pub change: Vec<ScheduledKey>,
    /// The kids of the keys to remove.
    pub remove: Vec<String>,
}

/// The schedule of a key that is yet to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Its `iat`.
    pub iat: Seconds,
    /// Its `nbf`.
    pub nbf: Seconds,
}

/// The key that signs at `now`: of those in force the one with the latest `nbf`.
///
/// `None` if all keys are dropped or can't sign yet.
#[must_use]
pub fn signer(keys: &[ScheduledKey], now: Seconds) -> Option<&ScheduledKey> {
    last_in_line(keys, |key| key.verifies(now) && key.nbf <= now)
}

/// The phase of every key at `now`, in the order of the keys.
#[must_use]
pub fn phases(keys: &[ScheduledKey], now: Seconds) -> Vec<KeyPhase> {
    let signer = signer(keys, now);
    let signs = |key| signer.is_some_and(|signer| std::ptr::eq(signer, key));
    keys.iter()
        .map(|key| match key {
            _ if !key.verifies(now) => KeyPhase::Dropped,
            _ if signs(key) => KeyPhase::Signing,
            _ if now < key.nbf => KeyPhase::Published,
            _ => KeyPhase::Retiring,
        })
        .collect()
}

/// Rotates at `now`: makes the next key of the line, or lets a waiting key sign.
///
/// A first key signs at once in both modes. Otherwise a new key signs after `publish_ahead`, or at
/// once, and its predecessor gets an `exp`. If a key already waits or was just made, a planned
/// rotation changes nothing. If a key waits, a rotation at once lets that key sign, because
/// verifiers know it; they would not know a new one.
#[must_use]
pub fn rotate(
    keys: &[ScheduledKey],
    policy: &KeyRotationPolicy,
    mode: RotationMode,
    now: Seconds,
) -> KeyRotationDecision {
    if let Some(key) = made_in_future(keys, now) {
        let kid = key.kid.clone();
        return KeyRotationDecision::Refuse(KeyRotationRefusal::ClockBehind { kid });
    }
    match (last_in_line(keys, |key| key.verifies(now)), mode) {
        (None, _) => KeyRotationDecision::Write(first(now, now)),
        (Some(last), RotationMode::Planned) if last.is_recent(policy, now) => {
            let kid = last.kid.clone();
            KeyRotationDecision::Wait { kid }
        }
        (Some(last), RotationMode::AtOnce) if last.nbf > now => {
            KeyRotationDecision::Write(promote(keys, now))
        }
        (Some(last), _) => KeyRotationDecision::Write(supersede(keys, last, policy, mode, now)),
    }
}

/// Makes a first key at `now` that signs from `nbf` on. If the line has keys, the decision is to
/// wait for the last of them.
#[must_use]
pub fn begin(keys: &[ScheduledKey], nbf: Seconds, now: Seconds) -> KeyRotationDecision {
    match last_in_line(keys, |key| key.verifies(now)) {
        None => KeyRotationDecision::Write(first(now, nbf)),
        Some(last) => {
            let kid = last.kid.clone();
            KeyRotationDecision::Wait { kid }
        }
    }
}

/// Revokes a key at `now`: the plan removes it, and by every clock some key signs at every moment.
///
/// The next key in line takes its place and its `nbf`, unless that key already signs by every
/// clock. If the revoked key is the last, the plan asks for a new key in its place. But if the
/// revoked key never signed, its rotation is undone and its predecessor goes on signing.
#[must_use]
pub fn revoke(keys: &[ScheduledKey], kid: &str, now: Seconds) -> KeyRotationDecision {
    let Some(revoked) = keys.iter().find(|key| key.kid == kid) else {
        let kid = kid.to_owned();
        return KeyRotationDecision::Refuse(KeyRotationRefusal::KidUnknown { kid });
    };
    let plan = if revoked.is_past(now) {
        Plan::default()
    } else {
        replace(keys, revoked, now)
    };
    KeyRotationDecision::Write(Plan {
        remove: vec![revoked.kid.clone()],
        ..plan
    })
}

/// The kids of the keys to remove from the file at `now`: those that are dropped by every clock.
///
/// A key that signs now or later is never among them, because the last in line has no `exp`.
#[must_use]
pub fn prune(keys: &[ScheduledKey], now: Seconds) -> Vec<&str> {
    keys.iter()
        .filter(|key| key.is_past(now))
        .map(|key| key.kid.as_str())
        .collect()
}

/// The first key. It need not be published ahead, because no other key signs meanwhile.
fn first(now: Seconds, nbf: Seconds) -> Plan {
    Plan {
        add: Some(NewKey { iat: now, nbf }),
        ..Plan::default()
    }
}

/// Lets the last key in line sign now. By a clock that is behind, several keys may wait. All of
/// them get the new `nbf`, so that only the last has the latest. Their predecessors keep their
/// `exp`.
fn promote(keys: &[ScheduledKey], now: Seconds) -> Plan {
    let waiting = keys.iter().filter(|key| key.verifies(now) && key.nbf > now);
    Plan {
        change: waiting.map(|key| key.signing_from(now)).collect(),
        ..Plan::default()
    }
}

/// Appends a key to the line. `last`, and every other key without `exp`, gets an `exp`.
fn supersede(
    keys: &[ScheduledKey],
    last: &ScheduledKey,
    policy: &KeyRotationPolicy,
    mode: RotationMode,
    now: Seconds,
) -> Plan {
    let nbf = match mode {
        RotationMode::Planned => now.saturating_add(policy.publish_ahead.into()),
        RotationMode::AtOnce => now,
    };
    let seen_by_all = now.saturating_add(MAX_CLOCK_SKEW);
    let exp = end(keys, policy, nbf.max(seen_by_all));
    let superseded = keys
        .iter()
        .filter(|key| key.exp.is_none() || key.kid == last.kid);
    Plan {
        add: Some(NewKey { iat: now, nbf }),
        change: superseded.map(|key| key.dropped_at(exp)).collect(),
        ..Plan::default()
    }
}

/// The `exp` of a key that signs until `handover`: `retain` later, but after the `exp` of all keys
/// superseded earlier, so that the ends have the order of the keys.
fn end(keys: &[ScheduledKey], policy: &KeyRotationPolicy, handover: Seconds) -> Seconds {
    let retained = handover.saturating_add(policy.retain.into());
    let latest = keys.iter().filter_map(|key| key.exp).max();
    latest.map_or(retained, |latest| retained.max(latest.saturating_add(1)))
}

/// The plan for the place of a revoked key: see [`revoke`].
fn replace(keys: &[ScheduledKey], revoked: &ScheduledKey, now: Seconds) -> Plan {
    let in_place = revoked.nbf.max(now.saturating_sub(MAX_CLOCK_SKEW));
    let mut plan = Plan::default();
    match neighbours(keys, revoked, now) {
        (_, Some(next)) if next.nbf <= in_place => {}
        (_, Some(next)) => plan.change.push(next.signing_from(revoked.nbf)),
        (Some(previous), None) if revoked.nbf > now && previous.verifies(now) => {
            plan.change.push(previous.reinstated());
        }
        (_, None) => {
            let nbf = revoked.nbf.min(now);
            plan.add = Some(NewKey { iat: now, nbf });
        }
    }
    plan
}

/// The keys just before and after this one in line. Past keys are skipped.
fn neighbours<'a>(
    keys: &'a [ScheduledKey],
    of: &ScheduledKey,
    now: Seconds,
) -> (Option<&'a ScheduledKey>, Option<&'a ScheduledKey>) {
    let mut line: Vec<_> = keys.iter().rev().filter(|key| !key.is_past(now)).collect();
    line.sort_by_key(|key| key.rank());
    let mut sides = line.split(|key| key.kid == of.kid);
    let before = sides.next().and_then(<[_]>::last);
    let after = sides.next().and_then(<[_]>::first);
    (before.copied(), after.copied())
}

/// The last in line of the keys that are asked for; of two keys with equal ranks, the first in the
/// file.
fn last_in_line(
    keys: &[ScheduledKey],
    asked: impl Fn(&ScheduledKey) -> bool,
) -> Option<&ScheduledKey> {
    let asked = keys.iter().rev().filter(|key| asked(key));
    asked.max_by_key(|key| key.rank())
}

/// The newest key, if it was made further in the future than clocks may differ.
fn made_in_future(keys: &[ScheduledKey], now: Seconds) -> Option<&ScheduledKey> {
    let newest = keys.iter().rev().max_by_key(|key| key.iat)?;
    (newest.iat > now.saturating_add(MAX_CLOCK_SKEW)).then_some(newest)
}

impl ScheduledKey {
    /// Whether the key is in force at `now`: then it is in the JWK Set and verifies.
    #[must_use]
    pub fn verifies(&self, now: Seconds) -> bool {
        self.exp.is_none_or(|exp| now < exp)
    }

    /// The latest `exp` of a token that this key signs at `now`. A token must not outlive its key:
    /// neither by the `exp` that the key has, nor by the one that the next rotation gives it.
    #[must_use]
    pub fn latest_expiry(&self, policy: &KeyRotationPolicy, now: Seconds) -> Seconds {
        let retained = now.saturating_add(policy.retain.into());
        self.exp.map_or(retained, |exp| exp.min(retained))
    }

    /// Whether the key waits, or would wait if its rotation had been planned.
    fn is_recent(&self, policy: &KeyRotationPolicy, now: Seconds) -> bool {
        let published = self.iat.saturating_add(policy.publish_ahead.into());
        self.nbf.max(published) > now
    }

    /// Whether the key is dropped by every clock.
    fn is_past(&self, now: Seconds) -> bool {
        !self.verifies(now.saturating_sub(MAX_CLOCK_SKEW))
    }

    /// The order of the line: first by when the keys sign, then by when they were superseded.
    pub(crate) fn rank(&self) -> (Seconds, bool, Option<Seconds>) {
        (self.nbf, self.exp.is_none(), self.exp)
    }

    fn signing_from(&self, nbf: Seconds) -> Self {
        Self {
            nbf,
            ..self.clone()
        }
    }

    fn dropped_at(&self, exp: Seconds) -> Self {
        Self {
            exp: Some(exp),
            ..self.clone()
        }
    }

    /// The key as if it had not been superseded.
    fn reinstated(&self) -> Self {
        Self {
            exp: None,
            ..self.clone()
        }
    }
}

impl KeyPhase {
    /// The name of the phase.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signing => "signing",
            Self::Retiring => "retiring",
            Self::Dropped => "dropped",
        }
    }
}

impl KeyRotationRefusal {
    /// Every code that [`KeyRotationRefusal::code`] returns.
    pub const CODES: [&'static str; 2] = ["kid_unknown", "clock_behind"];

    /// The stable code of this refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::KidUnknown { .. } => "kid_unknown",
            Self::ClockBehind { .. } => "clock_behind",
        }
    }
}
