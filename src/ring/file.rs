//! The content of a key file: a private JWK Set (RFC 7517 section 5) whose keys have a schedule.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::keys::algorithm::Algorithm;
use crate::keys::generation;
use crate::keys::jwk::Secret;
use crate::keys::jwk_set::{self, KeyRefusal, OwnKey, shown};
use crate::keys::key::{SigningKey, VerifyingKey};
use crate::ring::KeyRing;
use crate::ring::named::RingKey;
use crate::ring::schedule::{
    self, KeyPhase, KeyRotationDecision, KeyRotationPolicy, NewKey, Plan, RotationMode,
    ScheduledKey, Seconds,
};
use crate::token::json;
use crate::token::raw_object::RawObject;

/// The members of a JWK that are its schedule.
const TIMES: &[&str] = &["iat", "nbf", "exp"];
/// The last second that a Python datetime can represent.
const LAST_TIME: Seconds = 253_402_300_799;

/// The content of a key file. It is immutable: a change makes a new `KeySet`.
pub struct KeySet {
    entries: Vec<Entry>,
    /// The other members of the file.
    others: RawObject,
}

/// A key, its schedule, and the other members of its JWK.
#[derive(Clone)]
struct Entry {
    schedule: ScheduledKey,
    signing: Option<Arc<SigningKey>>,
    verifying: Arc<VerifyingKey>,
    members: RawObject,
}

/// A key of the file, without its material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey<'s> {
    /// The `kid` and the times.
    pub schedule: &'s ScheduledKey,
    /// The key's algorithm.
    pub algorithm: Algorithm,
    /// The phase of its life. A key without a private half never signs.
    pub phase: KeyPhase,
}

/// The result of a requested change of the file.
#[derive(Debug, Default)]
pub struct KeySetChange {
    /// The new content; `None` if the file stays as it is.
    pub key_set: Option<KeySet>,
    /// The `kid` of the new key.
    pub added: Option<String>,
    /// The `kid` of the existing key because of which a new key is not needed.
    pub waits_for: Option<String>,
    /// The `kid`s of the removed keys.
    pub removed: Vec<String>,
}

/// Why a change of the file is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySetRefusal {
    /// The schedule does not allow the change.
    Schedule(schedule::KeyRotationRefusal),
    /// The changed file could not be read.
    Set(KeyRefusal),
}

impl KeySet {
    /// The content of a file without keys.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            entries: Vec::new(),
            others: RawObject::default(),
        }
    }

    /// Reads a key file as [`jwk_set::read_own`] reads a set. `iat`, `nbf` and `exp` are in whole seconds since 1970.
    /// `iat` and `nbf` are 0 by default; without `exp` the key has no end.
    ///
    /// # Errors
    /// Those of [`jwk_set::read_own`]; [`Error::KeyMalformed`] for an invalid time, and for an `exp` that is not after
    /// the `nbf`.
    pub fn read(text: &[u8]) -> Result<Self, KeyRefusal> {
        let keys = jwk_set::read_own(text)?.into_iter().enumerate();
        let entries = keys.map(|(index, key)| {
            let kid = key.kid.clone();
            Entry::read(key).map_err(|error| KeyRefusal::of_key(index, Some(&kid), error))
        });
        Ok(Self {
            entries: entries.collect::<Result<_, _>>()?,
            others: RawObject::read(text)?.without(&["keys"]),
        })
    }

    /// The text of the whole file with all private parts, one key on each line. The memory is wiped when it is
    /// dropped.
    #[must_use]
    pub fn text(&self) -> Secret {
        let mut text = Secret::new(Vec::with_capacity(self.room()));
        text.push(b'{');
        for (name, value) in self.others.iter() {
            write_member(name, value, &mut text);
            text.extend_from_slice(b",\n");
        }
        text.extend_from_slice(b"\"keys\":[");
        let mut separator: &[u8] = b"\n";
        for entry in &self.entries {
            text.extend_from_slice(separator);
            entry.write(&mut text);
            separator = b",\n";
        }
        text.extend_from_slice(if self.entries.is_empty() {
            b"]}\n"
        } else {
            b"\n]}\n"
        });
        text
    }

    /// An upper bound for the text's length. If the buffer had to grow, it would leave an unwiped copy in memory.
    fn room(&self) -> usize {
        let members = self.entries.iter().flat_map(|entry| entry.members.iter());
        let lengths = members.chain(self.others.iter()).map(|(name, value)| {
            // Any byte of a name may become an escape of six bytes.
            name.len()
                .saturating_mul(6)
                .saturating_add(value.len())
                .saturating_add(6)
        });
        let times = self.entries.len().saturating_mul(128);
        lengths.fold(times.saturating_add(64), usize::saturating_add)
    }

    /// The keys in the order of the file, as they are at `now`.
    #[must_use]
    pub fn keys(&self, now: Seconds) -> Vec<ListedKey<'_>> {
        let line = self.line();
        let phases = schedule::phases(&line, now);
        let mut phases = phases.into_iter();
        let entries = self.entries.iter().map(|entry| ListedKey {
            schedule: &entry.schedule,
            algorithm: entry.verifying.algorithm(),
            phase: match entry.signing {
                Some(_) => phases.next().unwrap_or(KeyPhase::Dropped),
                None => entry.phase_of_public(now),
            },
        });
        entries.collect()
    }

    /// Makes a ring of the keys. Its first key in force is the signer that [`schedule::signer`] names.
    ///
    /// # Errors
    /// Those of [`RingKey::new`] and [`KeyRing::of_keys`].
    pub fn ring(&self, policy: &KeyRotationPolicy) -> Result<KeyRing, KeyRefusal> {
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        // The sort is stable: if two keys have equal ranks, the first in the file stays first.
        entries.sort_by_key(|entry| Reverse(entry.schedule.rank()));
        let keys = entries.into_iter().map(|entry| entry.ring_key(policy));
        KeyRing::of_keys(keys.collect::<Result<_, Error>>()?)
    }

    /// Rotates at `now`, as [`schedule::rotate`] plans it, to a new key of this algorithm.
    ///
    /// # Errors
    /// A [`KeySetRefusal`].
    pub fn rotate(
        &self,
        algorithm: Algorithm,
        policy: &KeyRotationPolicy,
        mode: RotationMode,
        now: Seconds,
    ) -> Result<KeySetChange, KeySetRefusal> {
        let decision = schedule::rotate(&self.line(), policy, mode, now);
        self.decided(decision, algorithm)
    }

    /// Makes a first key at `now` that signs from `nbf` on, as [`schedule::begin`] plans it.
    ///
    /// # Errors
    /// A [`KeySetRefusal`].
    pub fn begin(
        &self,
        algorithm: Algorithm,
        nbf: Seconds,
        now: Seconds,
    ) -> Result<KeySetChange, KeySetRefusal> {
        self.decided(schedule::begin(&self.line(), nbf, now), algorithm)
    }

    /// Revokes a key at `now`, as [`schedule::revoke`] plans it. A new key that replaces it has its algorithm.
    ///
    /// # Errors
    /// A [`KeySetRefusal`].
    pub fn revoke(&self, kid: &str, now: Seconds) -> Result<KeySetChange, KeySetRefusal> {
        let mut entries = self.entries.iter();
        let Some(entry) = entries.find(|entry| entry.schedule.kid == kid) else {
            let kid = kid.to_owned();
            return Err(schedule::KeyRotationRefusal::KidUnknown { kid }.into());
        };
        if entry.signing.is_none() {
            return self.removed(vec![kid.to_owned()]);
        }
        let decision = schedule::revoke(&self.line(), kid, now);
        self.decided(decision, entry.verifying.algorithm())
    }

    /// Removes the keys that are dropped by every machine's clock at `now`, as [`schedule::prune`] says.
    ///
    /// # Errors
    /// A [`KeySetRefusal`].
    pub fn prune(&self, now: Seconds) -> Result<KeySetChange, KeySetRefusal> {
        let schedules = self.entries.iter().map(|entry| entry.schedule.clone());
        let schedules: Vec<_> = schedules.collect();
        let pruned = schedule::prune(&schedules, now).into_iter();
        self.removed(pruned.map(str::to_owned).collect())
    }

    /// The keys of the schedule: those that can sign.
    fn line(&self) -> Vec<ScheduledKey> {
        let signing = self.entries.iter().filter(|entry| entry.signing.is_some());
        signing.map(|entry| entry.schedule.clone()).collect()
    }

    fn decided(
        &self,
        decision: KeyRotationDecision,
        algorithm: Algorithm,
    ) -> Result<KeySetChange, KeySetRefusal> {
        match decision {
            KeyRotationDecision::Write(plan) => self.planned(plan, algorithm),
            KeyRotationDecision::Wait { kid } => Ok(KeySetChange {
                waits_for: Some(kid),
                ..KeySetChange::default()
            }),
            KeyRotationDecision::Refuse(refusal) => Err(refusal.into()),
        }
    }

    fn planned(&self, plan: Plan, algorithm: Algorithm) -> Result<KeySetChange, KeySetRefusal> {
        let mut key_set = self.without(&plan.remove);
        for entry in &mut key_set.entries {
            entry.reschedule(&plan.change);
        }
        let made = plan.add.map(|new| Entry::make(algorithm, new));
        let made = made.transpose().map_err(KeyRefusal::from)?;
        let added = made.as_ref().map(|entry| entry.schedule.kid.clone());
        key_set.entries.extend(made);
        Ok(KeySetChange {
            key_set: Some(key_set.readable()?),
            added,
            waits_for: None,
            removed: plan.remove,
        })
    }

    fn removed(&self, kids: Vec<String>) -> Result<KeySetChange, KeySetRefusal> {
        let left = (!kids.is_empty()).then(|| self.without(&kids).readable());
        Ok(KeySetChange {
            key_set: left.transpose()?,
            removed: kids,
            ..KeySetChange::default()
        })
    }

    /// Reads the text of the new content again, so that a file that can't be read is never written.
    fn readable(&self) -> Result<Self, KeyRefusal> {
        Self::read(&self.text())
    }

    fn without(&self, kids: &[String]) -> Self {
        let kept = self.entries.iter();
        let kept = kept.filter(|entry| !kids.contains(&entry.schedule.kid));
        Self {
            entries: kept.cloned().collect(),
            others: self.others.clone(),
        }
    }
}

impl Entry {
    fn read(key: OwnKey) -> Result<Self, Error> {
        let schedule = schedule(key.kid, &key.members)?;
        Ok(Self {
            schedule,
            signing: key.signing.map(Arc::new),
            verifying: Arc::new(key.verifying),
            members: key.members.without(TIMES),
        })
    }

    fn make(algorithm: Algorithm, new: NewKey) -> Result<Self, Error> {
        let jwk = generation::generate(algorithm)?;
        let mut entry = Self::read(OwnKey::from_jwk(jwk.as_bytes())?)?;
        (entry.schedule.iat, entry.schedule.nbf) = (new.iat, new.nbf);
        Ok(entry)
    }

    fn reschedule(&mut self, changes: &[ScheduledKey]) {
        if let Some(change) = changes.iter().find(|key| key.kid == self.schedule.kid) {
            self.schedule = change.clone();
        }
    }

    fn phase_of_public(&self, now: Seconds) -> KeyPhase {
        match &self.schedule {
            key if !key.verifies(now) => KeyPhase::Dropped,
            key if now < key.nbf => KeyPhase::Published,
            _ => KeyPhase::Retiring,
        }
    }

    fn ring_key(&self, policy: &KeyRotationPolicy) -> Result<RingKey, Error> {
        let ScheduledKey { kid, nbf, exp, .. } = &self.schedule;
        // The reader has derived one half from the other, so the ring need not try them.
        let verifying = self.signing.is_none().then(|| Arc::clone(&self.verifying));
        let key = RingKey::new(Some(kid.clone()), self.signing.clone(), verifying)?;
        Ok(key.in_force(Some(*nbf), *exp).published(policy.retain))
    }

    /// Appends the JWK: first `kid` and the times, then the other members.
    fn write(&self, text: &mut Vec<u8>) {
        let (kid, rest): (Vec<_>, Vec<_>) =
            self.members.iter().partition(|(name, _)| *name == "kid");
        let key = &self.schedule;
        let times = [
            ("iat", Some(key.iat)),
            ("nbf", Some(key.nbf)),
            ("exp", key.exp),
        ];
        let times = times
            .into_iter()
            .filter_map(|(name, time)| Some((name, time?.to_string())));
        let times: Vec<_> = times.collect();
        let times = times.iter().map(|(name, time)| (*name, time.as_bytes()));
        let mut separator = b'{';
        for (name, value) in kid.into_iter().chain(times).chain(rest) {
            text.push(separator);
            write_member(name, value, text);
            separator = b',';
        }
        text.push(b'}');
    }
}

fn write_member(name: &str, value: &[u8], text: &mut Vec<u8>) {
    json::write_string(name, text);
    text.push(b':');
    text.extend_from_slice(value);
}

/// The schedule in the members of a JWK.
fn schedule(kid: String, members: &RawObject) -> Result<ScheduledKey, Error> {
    let time = |name, refusal| {
        let value = members.iter().find(|(found, _)| *found == name);
        value
            .map(|(_, value)| time(value).ok_or(Error::KeyMalformed(refusal)))
            .transpose()
    };
    let iat = time("iat", "its iat must be in whole seconds since 1970")?;
    let nbf = time("nbf", "its nbf must be in whole seconds since 1970")?;
    let exp = time("exp", "its exp must be in whole seconds since 1970")?;
    let (iat, nbf) = (iat.unwrap_or(0), nbf.unwrap_or(0));
    if exp.is_some_and(|exp| exp <= nbf) {
        return Err(Error::KeyMalformed("its exp must be after its nbf"));
    }
    Ok(ScheduledKey { kid, iat, nbf, exp })
}

fn time(value: &[u8]) -> Option<Seconds> {
    let plain = value.iter().all(u8::is_ascii_digit);
    let time = std::str::from_utf8(value)
        .ok()
        .filter(|_| plain)?
        .parse()
        .ok()?;
    (0..=LAST_TIME).contains(&time).then_some(time)
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({} keys)", self.entries.len())
    }
}

impl KeySetRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Schedule(refusal) => refusal.code(),
            Self::Set(refusal) => refusal.error.code(),
        }
    }
}

impl From<schedule::KeyRotationRefusal> for KeySetRefusal {
    fn from(refusal: schedule::KeyRotationRefusal) -> Self {
        Self::Schedule(refusal)
    }
}

impl From<KeyRefusal> for KeySetRefusal {
    fn from(refusal: KeyRefusal) -> Self {
        Self::Set(refusal)
    }
}

impl fmt::Display for KeySetRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schedule(schedule::KeyRotationRefusal::KidUnknown { kid }) => {
                write!(f, "no key of the file has the kid '{}'", shown(kid))
            }
            Self::Schedule(schedule::KeyRotationRefusal::ClockBehind { kid }) => write!(
                f,
                "the key '{}' was made in the future: this machine's clock is wrong, or the clock of the machine that made the key was",
                shown(kid)
            ),
            Self::Set(refusal) => refusal.fmt(f),
        }
    }
}

impl std::error::Error for KeySetRefusal {}

#[cfg(test)]
mod tests {
    use super::KeySet;

    const KEY: &str =
        r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    /// If the text had to grow, it would leave an unwiped copy in memory.
    #[test]
    fn there_is_room_for_the_whole_text() {
        let times = r#""iat":253402300799,"nbf":253402300798,"exp":253402300799"#;
        let escaped = r#""\u0001\u0002\u007f\ud83d\udd11é":"é","":0"#;
        for text in [
            r#"{"keys":[]}"#.to_owned(),
            format!(r#"{{"keys":[{{{times},{KEY}}}],{escaped}}}"#),
            format!(r#"{{"keys":[{{{escaped},{KEY}}},{{{times},{KEY},"kid":"two"}}]}}"#),
        ] {
            let set = KeySet::read(text.as_bytes()).unwrap_or_else(|_| KeySet::empty());
            let keys = text.matches("kty").count();
            assert_eq!(set.entries.len(), keys, "{text}");
            assert!(set.text().len() <= set.room(), "{text}");
        }
    }
}
