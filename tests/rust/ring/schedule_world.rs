//! One key file, two machines and their invariants, which the model and the properties walk.
//!
//! A site records what the file does not contain: when a key was really published, and how long the
//! tokens that it signed live. After every action both machines sign, by their own clocks, tokens
//! with the longest allowed lifetime, because shorter ones need less. One machine may still use the
//! previous file. The checks also cover all future moments, as if the file never changed again.

use std::collections::BTreeMap;

use _core::clock::MAX_CLOCK_SKEW;
use _core::ring::schedule::{
    self, KeyPhase, KeyRotationDecision, KeyRotationPolicy, KeyRotationRefusal, Plan, RotationMode,
    ScheduledKey, Seconds,
};

/// A span, in seconds, that is longer than any rule looks back.
const LONG_AGO: Seconds = 10_000;

/// The invariants. The numbers are those in the docs of `schedule.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// 1. A token that is alive by some clock never meets a key that was dropped or removed, unless
    ///    the key was revoked.
    AliveIsAccepted,
    /// 1. A written `exp` never becomes earlier.
    EndNeverEarlier,
    /// 2. By every clock there is exactly one signer, now and at any future time.
    OneSigner,
    /// 2. The signer can sign for the whole `retain`.
    SignsForRetain,
    /// 2. A key that is superseded by every clock no longer signs.
    RetiredStaysRetired,
    /// The line has one end: exactly one key has no `exp`.
    OneOpenEnd,
    /// 3. A planned key is published ahead.
    PublishedAhead,
    /// 4. A second planned rotation changes nothing.
    TwiceIsOnce,
    /// 5. The order of the keys in the file changes nothing.
    OrderIsFree,
    /// 6. A revoked key has no phase, and revoking it again is refused.
    RevokedIsGone,
    /// After a rotation at once, another key signs from that moment.
    AtOnceIsAtOnce,
    /// A new key never signs from an earlier time than the key that it supersedes.
    NeverBackwards,
    /// A key that is dropped by every clock is pruned.
    PastIsPruned,
}

use Invariant::*;

pub const ALL: [Invariant; 13] = [
    AliveIsAccepted,
    EndNeverEarlier,
    OneSigner,
    SignsForRetain,
    RetiredStaysRetired,
    OneOpenEnd,
    PublishedAhead,
    TwiceIsOnce,
    OrderIsFree,
    RevokedIsGone,
    AtOnceIsAtOnce,
    NeverBackwards,
    PastIsPruned,
];

/// The decision functions. Tests replace them with broken ones.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub signer: fn(&[ScheduledKey], Seconds) -> Option<&ScheduledKey>,
    pub latest_expiry: fn(&ScheduledKey, &KeyRotationPolicy, Seconds) -> Seconds,
    pub rotate:
        fn(&[ScheduledKey], &KeyRotationPolicy, RotationMode, Seconds) -> KeyRotationDecision,
    pub revoke: fn(&[ScheduledKey], &str, Seconds) -> KeyRotationDecision,
    pub prune: fn(&[ScheduledKey], Seconds) -> Vec<&str>,
}

pub const RULE: Rule = Rule {
    signer: schedule::signer,
    latest_expiry: ScheduledKey::latest_expiry,
    rotate: schedule::rotate,
    revoke: schedule::revoke,
    prune: schedule::prune,
};

#[derive(Clone, Copy, Debug)]
pub struct World {
    pub policy: KeyRotationPolicy,
    /// How far the clocks of the two machines are ahead of true time: the slower one first.
    pub clocks: [Seconds; 2],
    /// How long a process may still use the previous file.
    pub lateness: Seconds,
    pub rule: Rule,
}

impl World {
    fn spread(&self) -> Seconds {
        self.clocks[1] - self.clocks[0]
    }

    fn ahead(&self) -> Seconds {
        self.policy.publish_ahead.into()
    }

    fn signer<'a>(&self, keys: &'a [ScheduledKey], now: Seconds) -> Option<&'a ScheduledKey> {
        (self.rule.signer)(keys, now)
    }

    fn latest_expiry(&self, key: &ScheduledKey, now: Seconds) -> Seconds {
        (self.rule.latest_expiry)(key, &self.policy, now)
    }

    fn rotate(
        &self,
        keys: &[ScheduledKey],
        mode: RotationMode,
        now: Seconds,
    ) -> KeyRotationDecision {
        (self.rule.rotate)(keys, &self.policy, mode, now)
    }
}

pub type Checked<T = ()> = Result<T, Invariant>;

/// A test of a world: which invariants are checked, and how often each was exercised.
pub struct Trial {
    pub world: World,
    pub only: Option<Invariant>,
    pub exercised: BTreeMap<Invariant, u64>,
}

impl Trial {
    pub fn new(world: World, only: Option<Invariant>) -> Self {
        Self {
            world,
            only,
            exercised: BTreeMap::new(),
        }
    }

    fn check(&mut self, invariant: Invariant, holds: bool) -> Checked {
        if self.only.is_some_and(|only| only != invariant) {
            return Ok(());
        }
        *self.exercised.entry(invariant).or_insert(0) += 1;
        holds.then_some(()).ok_or(invariant)
    }
}

/// An action. `by` is the machine that acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Pass(Seconds),
    Rotate { mode: RotationMode, by: usize },
    Revoke { kid: String, by: usize },
    Prune { by: usize },
}

/// A file and its past, at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Site {
    pub time: Seconds,
    pub keys: Vec<ScheduledKey>,
    /// The file before its last change and the time of the change, in a world with late processes.
    before: Option<(Vec<ScheduledKey>, Seconds)>,
    pasts: BTreeMap<String, Past>,
    /// The first key's `nbf`.
    begun: Option<Seconds>,
}

/// What is known of a key, whether it is still in the file or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Past {
    /// Since when it is published, until it first signs; `None` if it need not be published ahead.
    waits_since: Option<Seconds>,
    /// The latest `exp` of its tokens, until it is past.
    signed_until: Option<Seconds>,
    retired: bool,
    revoked: bool,
}

impl Site {
    /// A site that has had one key for a very long time.
    pub fn settled() -> Self {
        let mut site = Self::default();
        site.add(-LONG_AGO, -LONG_AGO, None);
        site
    }

    /// The same site with times relative to now. Times that are long ago are cut to the longest
    /// that matters.
    pub fn times_from_now(&self) -> Self {
        let mut site = self.clone();
        let shift = |at: &mut Seconds| *at = (*at - self.time).max(-LONG_AGO);
        let files = site.before.iter_mut().flat_map(|(keys, _)| keys);
        for key in files.chain(&mut site.keys) {
            [&mut key.iat, &mut key.nbf].into_iter().for_each(shift);
            key.exp.iter_mut().for_each(shift);
        }
        for past in site.pasts.values_mut() {
            past.waits_since.iter_mut().for_each(shift);
            past.signed_until.iter_mut().for_each(shift);
        }
        site.before.iter_mut().for_each(|(_, at)| shift(at));
        site.begun.iter_mut().for_each(shift);
        shift(&mut site.time);
        site
    }

    /// The site after this action, if all invariants held.
    pub fn after(&self, action: &Action, trial: &mut Trial) -> Checked<Self> {
        let mut site = self.clone();
        let now = |by: &usize| self.time + trial.world.clocks[*by];
        match action {
            Action::Pass(seconds) => site.time += seconds,
            Action::Rotate { mode, by } => site.rotate(*mode, now(by), trial)?,
            Action::Revoke { kid, by } => site.revoke(kid, now(by), trial)?,
            Action::Prune { by } => site.prune(now(by), trial)?,
        }
        site.live(trial)?;
        Ok(site)
    }

    // Actions on the file.

    fn rotate(&mut self, mode: RotationMode, now: Seconds, trial: &mut Trial) -> Checked {
        let world = trial.world;
        let decide = |keys: &[ScheduledKey]| world.rotate(keys, mode, now);
        self.check_order(decide, trial)?;
        let signer = world.signer(&self.keys, now).cloned();
        let planned = mode == RotationMode::Planned && signer.is_some();
        if let KeyRotationDecision::Write(plan) = decide(&self.keys) {
            self.write(&plan, planned.then_some(self.time), trial)?;
            self.check_handover(&plan, signer, mode, now, trial)?;
            self.check_twice(trial)?;
        }
        Ok(())
    }

    fn revoke(&mut self, kid: &str, now: Seconds, trial: &mut Trial) -> Checked {
        let revoke = trial.world.rule.revoke;
        let decide = |keys: &[ScheduledKey]| revoke(keys, kid, now);
        self.check_order(decide, trial)?;
        if let KeyRotationDecision::Write(plan) = decide(&self.keys) {
            self.write(&plan, None, trial)?;
        }
        self.past(kid).revoked = true;
        let gone = self.keys.iter().all(|key| key.kid != kid);
        let again = decide(&self.keys);
        let kid = kid.to_owned();
        let said = again == KeyRotationDecision::Refuse(KeyRotationRefusal::KidUnknown { kid });
        trial.check(RevokedIsGone, gone && said)
    }

    fn prune(&mut self, now: Seconds, trial: &mut Trial) -> Checked {
        let pruned = (trial.world.rule.prune)(&self.keys, now);
        let remove: Vec<_> = pruned.into_iter().map(String::from).collect();
        if !remove.is_empty() {
            let plan = Plan {
                remove,
                ..Plan::default()
            };
            self.write(&plan, None, trial)?;
        }
        let past = |key: &ScheduledKey| key.exp.is_some_and(|exp| exp + MAX_CLOCK_SKEW <= now);
        trial.check(PastIsPruned, !self.keys.iter().any(past))
    }

    /// Writes the plan as a caller would. `waits_since` is for the keys that it names.
    fn write(&mut self, plan: &Plan, waits_since: Option<Seconds>, trial: &mut Trial) -> Checked {
        if trial.world.lateness > 0 {
            self.before = Some((self.keys.clone(), self.time));
        }
        for changed in &plan.change {
            self.change(changed, waits_since.is_some(), trial)?;
        }
        self.keys.retain(|key| !plan.remove.contains(&key.kid));
        if let Some(new) = plan.add {
            self.add(new.iat, new.nbf, waits_since);
        }
        Ok(())
    }

    fn change(&mut self, changed: &ScheduledKey, planned: bool, trial: &mut Trial) -> Checked {
        let mut keys = self.keys.iter_mut();
        let key = keys.find(|key| key.kid == changed.kid).unwrap();
        let end = changed.exp.unwrap_or(Seconds::MAX);
        trial.check(EndNeverEarlier, key.exp.is_none_or(|exp| end >= exp))?;
        *key = changed.clone();
        if !planned {
            self.past(&changed.kid).waits_since = None;
        }
        Ok(())
    }

    fn add(&mut self, iat: Seconds, nbf: Seconds, waits_since: Option<Seconds>) {
        let kid = self.pasts.len().to_string();
        self.keys.push(key(&kid, iat, nbf, None));
        self.begun.get_or_insert(nbf);
        let past = Past {
            waits_since,
            ..Past::default()
        };
        self.pasts.insert(kid, past);
    }

    fn past(&mut self, kid: &str) -> &mut Past {
        self.pasts.get_mut(kid).unwrap()
    }

    // Checks of a decision.

    fn check_order(
        &self,
        decide: impl Fn(&[ScheduledKey]) -> KeyRotationDecision,
        trial: &mut Trial,
    ) -> Checked {
        let reversed: Vec<_> = self.keys.iter().rev().cloned().collect();
        let same = sorted(decide(&self.keys)) == sorted(decide(&reversed));
        trial.check(OrderIsFree, same)
    }

    fn check_handover(
        &self,
        plan: &Plan,
        signer: Option<ScheduledKey>,
        mode: RotationMode,
        now: Seconds,
        trial: &mut Trial,
    ) -> Checked {
        let Some(signer) = signer else {
            return Ok(());
        };
        if let Some(new) = plan.add {
            trial.check(NeverBackwards, new.nbf >= signer.nbf)?;
        }
        if mode == RotationMode::AtOnce {
            let next = trial.world.signer(&self.keys, now);
            let other = next.is_some_and(|next| next.kid != signer.kid);
            trial.check(AtOnceIsAtOnce, other)?;
        }
        Ok(())
    }

    /// This holds if keys are published ahead for longer than clocks may differ.
    fn check_twice(&self, trial: &mut Trial) -> Checked {
        let world = trial.world;
        for now in world.clocks.map(|clock| self.time + clock) {
            let again = world.rotate(&self.keys, RotationMode::Planned, now);
            let recent = self.keys.iter().any(|key| now < key.iat + world.ahead());
            if recent && world.ahead() > world.spread() {
                trial.check(
                    TwiceIsOnce,
                    matches!(again, KeyRotationDecision::Wait { .. }),
                )?;
            }
        }
        Ok(())
    }

    // Checks of the file.

    /// Lets every machine sign, and then checks everything.
    fn live(&mut self, trial: &mut Trial) -> Checked {
        let latest = self.time - trial.world.lateness;
        self.before.take_if(|(_, at)| *at < latest);
        for now in trial.world.clocks.map(|clock| self.time + clock) {
            self.check_moments(now, trial)?;
            self.sign(now, trial)?;
            self.sign_late(now, &trial.world);
        }
        let open = self.keys.iter().filter(|key| key.exp.is_none()).count();
        trial.check(OneOpenEnd, open == usize::from(self.begun.is_some()))?;
        let slowest = self.time + trial.world.clocks[0];
        self.retire(slowest);
        self.check_tokens(slowest, trial)
    }

    /// Checks that there is a signer now, and whenever something changes by itself.
    fn check_moments(&self, now: Seconds, trial: &mut Trial) -> Checked {
        let turns = |key: &ScheduledKey| [Some(key.nbf), key.exp];
        let turns = self.keys.iter().flat_map(turns).flatten();
        let changes = turns.flat_map(|at| [at - 1, at]);
        let begun = |at: &Seconds| self.begun.is_some_and(|begun| *at >= begun);
        for at in changes.filter(|&at| at > now).chain([now]).filter(begun) {
            self.check_moment(at, trial)?;
        }
        Ok(())
    }

    fn check_moment(&self, at: Seconds, trial: &mut Trial) -> Checked {
        let world = trial.world;
        let signer = world.signer(&self.keys, at);
        let phases = schedule::phases(&self.keys, at);
        let signing = phases.iter().filter(|&&phase| phase == KeyPhase::Signing);
        trial.check(OneSigner, signer.is_some() && signing.count() == 1)?;
        let whole = at + Seconds::from(world.policy.retain);
        let signs = |key| world.latest_expiry(key, at) == whole;
        trial.check(SignsForRetain, signer.is_none_or(signs))
    }

    fn sign(&mut self, now: Seconds, trial: &mut Trial) -> Checked {
        let world = trial.world;
        let Some(signer) = world.signer(&self.keys, now).cloned() else {
            return Ok(());
        };
        let time = self.time;
        let past = self.past(&signer.kid);
        past.sign(world.latest_expiry(&signer, now));
        trial.check(RetiredStaysRetired, !past.retired)?;
        match past.waits_since.take() {
            Some(since) => {
                let ahead = time - since >= world.ahead() - world.spread();
                trial.check(PublishedAhead, ahead)
            }
            None => Ok(()),
        }
    }

    /// With the previous file: the file itself is not checked, but its tokens must be accepted.
    fn sign_late(&mut self, now: Seconds, world: &World) {
        let before = self.before.as_ref();
        if let Some(signer) = before.and_then(|(keys, _)| world.signer(keys, now)) {
            let until = world.latest_expiry(signer, now);
            self.pasts.get_mut(&signer.kid).unwrap().sign(until);
        }
    }

    /// Records the keys that are superseded by every clock.
    fn retire(&mut self, slowest: Seconds) {
        let phases = schedule::phases(&self.keys, slowest);
        for (key, phase) in self.keys.iter().zip(phases) {
            let past = self.pasts.get_mut(&key.kid).unwrap();
            past.retired |= phase == KeyPhase::Retiring;
        }
    }

    /// Checks the times in the file, which covers every moment of a token's life.
    fn check_tokens(&mut self, slowest: Seconds, trial: &mut Trial) -> Checked {
        for (kid, past) in &mut self.pasts {
            past.signed_until
                .take_if(|until| past.revoked || *until <= slowest);
            if let Some(until) = past.signed_until {
                let key = self.keys.iter().find(|key| key.kid == *kid);
                let accepts = |key: &ScheduledKey| key.exp.is_none_or(|exp| exp >= until);
                trial.check(AliveIsAccepted, key.is_some_and(accepts))?;
            }
        }
        Ok(())
    }
}

impl Past {
    fn sign(&mut self, until: Seconds) {
        self.signed_until = self.signed_until.max(Some(until));
    }
}

pub fn key(kid: &str, iat: Seconds, nbf: Seconds, exp: Option<Seconds>) -> ScheduledKey {
    let kid = kid.into();
    ScheduledKey { kid, iat, nbf, exp }
}

/// Changes have the order of the file, but their content does not depend on it.
pub fn sorted(mut decision: KeyRotationDecision) -> KeyRotationDecision {
    if let KeyRotationDecision::Write(plan) = &mut decision {
        plan.change.sort_by(|one, other| one.kid.cmp(&other.kid));
    }
    decision
}
