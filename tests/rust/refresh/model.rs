//! Every course that two clients and a thief can take, up to a bound, checked for the invariants.
//!
//! The two clients start from one token; the thief steals one. A request arrives (its `now` is
//! read), reads the row and decides, writes on a condition, and is answered; a writer that changed
//! no row reads again. Between any two of these steps anything else may happen: another request,
//! the clock moving on by half a grace interval, a response getting lost, a logout, a machine whose
//! clock is behind. The model walks all orders of these steps and each state once.
//!
//! Invariants 1 to 8 of docs/dev/sessions.md are checked after each step. The checks use what the model
//! itself records (when a token was really retired, whose response was really lost), not the row.
//! The test fails if a check was never exercised, and for each check a deliberately broken rule
//! proves that it can fail.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use _core::refresh::{
    Micros, Presented, RefreshDecision, RefreshPolicy, RefreshRefusal, Repeated, Repetition,
    RowUpdate, SessionState, UserState, decide,
};

use super::said_again;

/// Times of the model: half grace intervals since the login.
type Ticks = i8;

const TICK: Micros = 15_000_000;
const LOGIN: Micros = 1_700_000_000_000_000;
const GRACE: Ticks = 2;
const IDLE: Ticks = 3;
const ABSOLUTE: Ticks = 5;
/// How far behind a clock may be (60 s), and one tick further.
const SKEW: Ticks = 4;
const FAR_BEHIND: Ticks = 5;
/// The third party: a thief, or another client in a world without a thief.
const THIEF: usize = 2;

const POLICY: RefreshPolicy = RefreshPolicy {
    grace_seconds: 30,
    idle_lifetime: IDLE as Micros * TICK,
    absolute_lifetime: Some(ABSOLUTE as Micros * TICK),
    rotate: true,
    leeway: 0,
    same_agent: false,
};

fn micros(ticks: Ticks) -> Micros {
    LOGIN + Micros::from(ticks) * TICK
}

fn ticks(micros: Micros) -> Ticks {
    Ticks::try_from((micros - LOGIN).div_euclid(TICK)).unwrap_or(Ticks::MAX)
}

// The invariants.

/// The invariants, each with its number in docs/dev/sessions.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Invariant {
    /// 1. After every commit exactly one generation counts. It was made once, and it is one more
    ///    than the last.
    OneLiveGeneration,
    /// 2. A revoked session answers no request that reads it afterwards.
    RevokedYieldsNothing,
    /// 2. An expired session answers no such request either.
    ExpiredYieldsNothing,
    /// 2. A rotation that was decided before the revocation is not written after it.
    LateWriteLoses,
    /// 3. Of concurrent refreshes of one token, those that did not rotate name the one new generation.
    OneNewGeneration,
    /// 4. A retry within G of a lost response gets the generation that was lost.
    RetrySucceeds,
    /// 5. A retired token used after G ends the session.
    ReuseEndsSession,
    /// 6. A repeat for a retired token comes within G of the token's own retirement.
    GraceIsAnchored,
    /// 6. A grandparent is refused, and ends the session.
    GrandparentEndsSession,
    /// 6. Two rotations are at least G apart, so every token older than a parent was retired longer
    ///    than G ago.
    RotatesOnceInGrace,
    /// 7. A child ends by the absolute end.
    ChildEndsInTime,
    /// 7. The idle end never moves backwards.
    IdleEndAdvances,
    /// 8. A logout ends the session for every generation.
    LogoutEndsAll,
    /// 8. A logout with a retired token does so too.
    RetiredLogoutEndsAll,
    /// The purpose of 3 and 4: tabs that share a token never log each other out.
    NobodyLoggedOut,
}

use Invariant::*;

const ALL: [Invariant; 15] = [
    OneLiveGeneration,
    RevokedYieldsNothing,
    ExpiredYieldsNothing,
    LateWriteLoses,
    OneNewGeneration,
    RetrySucceeds,
    ReuseEndsSession,
    GraceIsAnchored,
    GrandparentEndsSession,
    RotatesOnceInGrace,
    ChildEndsInTime,
    IdleEndAdvances,
    LogoutEndsAll,
    RetiredLogoutEndsAll,
    NobodyLoggedOut,
];

/// A violated invariant, and the steps that led to it.
#[derive(Debug)]
#[expect(dead_code, reason = "read by Debug, in the message of a failed test")]
struct Violation {
    invariant: Invariant,
    trail: Vec<Action>,
    state: State,
}

// The state.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    clock: Ticks,
    row: Row,
    /// When the token before the current one was really retired, independent of the row.
    retired: Ticks,
    parties: [Party; 3],
    left: Budget,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Row {
    generation: u8,
    rotated_at: Option<Ticks>,
    expires_at: Ticks,
    revoked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Party {
    /// The generations of the tokens that a party has, one bit for each: a client's newest, and all
    /// that a thief saw.
    holds: u8,
    /// Whether the last response, which had the next generation, was lost.
    lost: bool,
    request: Request,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Request {
    None,
    Arrived(Asked),
    Decided(Asked, Write),
    /// The response, which names this generation, is on its way.
    Answered(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Asked {
    presented: u8,
    now: Ticks,
    /// The request is a retry after a lost response.
    retry: bool,
    /// Another request rotated the same token while this one was on its way.
    raced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Write {
    Rotate {
        read: u8,
        to: Row,
    },
    Revoke,
    /// Only a broken rule writes at a repeat.
    Slide {
        to: Row,
    },
}

/// How many more events may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Budget {
    ticks: u8,
    requests: u8,
    skewed: u8,
    thefts: u8,
    logouts: u8,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Tick,
    Send {
        by: usize,
        presented: u8,
        behind: Ticks,
    },
    Read {
        by: usize,
    },
    Write {
        by: usize,
    },
    Deliver {
        by: usize,
    },
    Lose {
        by: usize,
    },
    Steal {
        from: usize,
    },
    LogOut {
        with: u8,
    },
}

impl State {
    fn start(world: &World) -> Self {
        let login = SessionState::begin(&world.policy, LOGIN);
        let party = |holds| Party {
            holds,
            lost: false,
            request: Request::None,
        };
        Self {
            clock: 0,
            row: Row::of(&login),
            retired: 0,
            parties: [party(1), party(1), party(u8::from(!world.thief))],
            left: world.budget,
        }
    }

    /// Parties that differ only in their place count as equal.
    fn told_apart(mut self, world: &World) -> Self {
        let alike = if world.thief { THIEF } else { 3 };
        self.parties[..alike].sort_unstable();
        self
    }

    /// Everything that may happen next.
    fn actions(&self, world: &World) -> Vec<Action> {
        let mut actions = Vec::with_capacity(16);
        if self.left.ticks > 0 {
            actions.push(Action::Tick);
        }
        for (by, party) in self.parties.iter().enumerate() {
            match party.request {
                Request::None => self.sends(by, &mut actions),
                Request::Arrived(_) => actions.push(Action::Read { by }),
                Request::Decided(..) => actions.push(Action::Write { by }),
                Request::Answered(_) if world.is_thief(by) => actions.push(Action::Deliver { by }),
                Request::Answered(_) => {
                    actions.extend([Action::Deliver { by }, Action::Lose { by }]);
                }
            }
        }
        self.intrusions(world, &mut actions);
        actions
    }

    fn sends(&self, by: usize, actions: &mut Vec<Action>) {
        if self.left.requests == 0 {
            return;
        }
        for presented in bits(self.parties[by].holds) {
            actions.push(Action::Send {
                by,
                presented,
                behind: 0,
            });
            if self.left.skewed > 0 {
                let skewed = |behind| Action::Send {
                    by,
                    presented,
                    behind,
                };
                actions.extend([SKEW, FAR_BEHIND].map(skewed));
            }
        }
    }

    /// Thefts and logouts.
    fn intrusions(&self, world: &World, actions: &mut Vec<Action>) {
        if self.left.thefts > 0 {
            let clients = (0..self.parties.len()).filter(|&by| !world.is_thief(by));
            actions.extend(clients.map(|from| Action::Steal { from }));
        }
        if self.left.logouts > 0 && !self.row.revoked {
            let held = self.parties.iter().fold(0, |all, party| all | party.holds);
            actions.extend(bits(held).map(|with| Action::LogOut { with }));
        }
    }
}

impl Row {
    fn of(session: &SessionState) -> Self {
        Self {
            generation: u8::try_from(session.generation).unwrap_or(u8::MAX),
            rotated_at: session.rotated_at.map(ticks),
            expires_at: ticks(session.expires_at),
            revoked: session.revoked,
        }
    }

    fn session(self) -> SessionState {
        SessionState {
            generation: u32::from(self.generation),
            rotated_at: self.rotated_at.map(micros),
            created_at: LOGIN,
            expires_at: micros(self.expires_at),
            absolute_expires_at: Some(micros(ABSOLUTE)),
            idle_lifetime: None,
            revoked: self.revoked,
            revoked_in_cache: false,
        }
    }

    fn ended(self, now: Ticks) -> bool {
        self.expires_at.min(ABSOLUTE) <= now
    }

    /// When the current generation began.
    fn since(self) -> Ticks {
        self.rotated_at.unwrap_or(0)
    }

    /// `now`, or the row's time if the clock is a little behind the row.
    fn moment(self, now: Ticks) -> Ticks {
        if (-SKEW..0).contains(&(now - self.since())) {
            self.since()
        } else {
            now
        }
    }
}

/// The positions of the bits that are set.
fn bits(set: u8) -> impl Iterator<Item = u8> {
    (0..8).filter(move |bit| set & (1 << bit) != 0)
}

// The world: its settings, and the rule that is tested.

#[derive(Clone, Copy)]
struct World {
    policy: RefreshPolicy,
    thief: bool,
    budget: Budget,
    rule: Rule,
}

/// The arguments of [`decide`]. Every user of the model may log in.
#[derive(Clone, Copy)]
struct Question {
    session: SessionState,
    presented: u32,
    policy: RefreshPolicy,
    now: Micros,
}

impl Question {
    fn decide(self) -> RefreshDecision {
        let user = UserState::Matches;
        // Neither time of the token counts here: the database forgets nothing.
        let presented = Presented::new(self.presented, 0, 0);
        decide(&self.session, user, &presented, &self.policy, self.now)
    }
}

type Decide = fn(Question) -> RefreshDecision;

/// The correct rule, or a rule with one fault.
#[derive(Clone, Copy)]
struct Rule {
    decide: Decide,
    /// `WHERE generation = ?`
    write_asks_generation: bool,
    /// `WHERE revoked_at IS NULL`
    write_asks_revoked: bool,
    repeat_writes_nothing: bool,
    retired_tokens_log_out: bool,
}

const RULE: Rule = Rule {
    decide: Question::decide,
    write_asks_generation: true,
    write_asks_revoked: true,
    repeat_writes_nothing: true,
    retired_tokens_log_out: true,
};

impl World {
    fn is_thief(&self, by: usize) -> bool {
        self.thief && by == THIEF
    }

    fn grace(&self) -> Ticks {
        match self.policy.grace_seconds {
            0 => 0,
            _ => GRACE,
        }
    }

    fn decide(&self, row: Row, presented: u8, now: Ticks) -> RefreshDecision {
        (self.rule.decide)(Question {
            session: row.session(),
            presented: presented.into(),
            policy: self.policy,
            now: micros(now),
        })
    }

    /// `UPDATE … WHERE id = ? AND generation = ? AND revoked_at IS NULL`: whether this statement
    /// finds the row. That it asks for `rotated_at` too matters only where the database forgets.
    fn finds(&self, row: Row, read: u8) -> bool {
        (row.generation == read || !self.rule.write_asks_generation)
            && !(row.revoked && self.rule.write_asks_revoked)
    }
}

fn yields(decision: RefreshDecision) -> bool {
    matches!(
        decision,
        RefreshDecision::Rotate(_) | RefreshDecision::Repeat(_) | RefreshDecision::Keep
    )
}

fn ends(decision: RefreshDecision) -> bool {
    matches!(decision, RefreshDecision::Reuse(_))
}

// The walk.

struct Walk {
    world: World,
    /// The only invariant whose violation counts, if a broken rule is tested for it.
    watched: Option<Invariant>,
    seen: HashSet<State>,
    trail: Vec<Action>,
    exercised: BTreeMap<Invariant, u64>,
}

type Checked<T = ()> = Result<T, Violation>;

impl Walk {
    fn through(world: World, watched: Option<Invariant>) -> (Self, Checked) {
        let mut walk = Self {
            world,
            watched,
            seen: HashSet::new(),
            trail: Vec::new(),
            exercised: BTreeMap::new(),
        };
        let result = walk.explore(State::start(&world));
        (walk, result)
    }

    fn explore(&mut self, state: State) -> Checked {
        if !self.seen.insert(state) {
            return Ok(());
        }
        for action in state.actions(&self.world) {
            self.trail.push(action);
            let next = self.step(state, action)?.told_apart(&self.world);
            self.explore(next)?;
            self.trail.pop();
        }
        Ok(())
    }

    fn step(&mut self, mut state: State, action: Action) -> Checked<State> {
        match action {
            Action::Tick => tick(&mut state),
            Action::Send {
                by,
                presented,
                behind,
            } => send(&mut state, by, presented, behind),
            Action::Read { by } => self.read(&mut state, by)?,
            Action::Write { by } => self.write(&mut state, by)?,
            Action::Deliver { by } => self.deliver(&mut state, by),
            Action::Lose { by } => lose(&mut state, by),
            Action::Steal { from } => steal(&mut state, from),
            Action::LogOut { with } => self.log_out(&mut state, with)?,
        }
        Ok(state)
    }

    /// Counts that the invariant was exercised, and checks it.
    fn check(&mut self, invariant: Invariant, state: &State, holds: bool) -> Checked {
        *self.exercised.entry(invariant).or_default() += 1;
        if holds || self.watched.is_some_and(|watched| watched != invariant) {
            return Ok(());
        }
        let (trail, state) = (self.trail.clone(), *state);
        Err(Violation {
            invariant,
            trail,
            state,
        })
    }

    /// A request reads the row and decides.
    fn read(&mut self, state: &mut State, by: usize) -> Checked {
        let Request::Arrived(asked) = state.parties[by].request else {
            return Ok(());
        };
        let decision = self.world.decide(state.row, asked.presented, asked.now);
        self.check_endings(state, asked, decision)?;
        if !state.row.revoked && !state.row.ended(asked.now) {
            self.check_retired(state, asked, decision)?;
        }
        state.parties[by].request = self.follow(state.row, asked, decision);
        Ok(())
    }

    /// Checks invariant 2, and that tabs don't log each other out.
    fn check_endings(&mut self, state: &State, asked: Asked, decision: RefreshDecision) -> Checked {
        if state.row.revoked {
            self.check(RevokedYieldsNothing, state, !yields(decision))?;
        }
        if state.row.ended(asked.now) {
            self.check(ExpiredYieldsNothing, state, !yields(decision))?;
        }
        if !self.world.thief {
            self.check(NobodyLoggedOut, state, yields(decision))?;
        }
        Ok(())
    }

    /// Checks invariants 3 to 6: the answers of a living session to a retired token.
    fn check_retired(&mut self, state: &State, asked: Asked, decision: RefreshDecision) -> Checked {
        match state.row.generation.saturating_sub(asked.presented) {
            0 => Ok(()),
            1 => self.check_parent(state, asked, decision),
            _ => self.check(GrandparentEndsSession, state, ends(decision)),
        }
    }

    fn check_parent(&mut self, state: &State, asked: Asked, decision: RefreshDecision) -> Checked {
        let age = asked.now - state.retired;
        let repeat = matches!(decision, RefreshDecision::Repeat(_));
        let forgiven = self.world.grace() > 0 && (-SKEW..self.world.grace()).contains(&age);
        if asked.raced && forgiven {
            self.check(OneNewGeneration, state, repeat)?;
        }
        if asked.retry && forgiven {
            self.check(RetrySucceeds, state, repeat)?;
        }
        if age >= self.world.grace() {
            self.check(ReuseEndsSession, state, ends(decision))?;
        }
        if yields(decision) {
            self.check(GraceIsAnchored, state, repeat && forgiven)?;
        }
        Ok(())
    }

    /// The caller acts on a decision.
    fn follow(&self, row: Row, asked: Asked, decision: RefreshDecision) -> Request {
        let decided = |write| Request::Decided(asked, write);
        let read = row.generation;
        match decision {
            RefreshDecision::Refuse(_) => Request::None,
            RefreshDecision::Keep => Request::Answered(asked.presented),
            RefreshDecision::Reuse(_) => decided(Write::Revoke),
            RefreshDecision::Repeat(_) if self.world.rule.repeat_writes_nothing => {
                Request::Answered(read)
            }
            RefreshDecision::Repeat(_) => {
                let rotated_at = Some(asked.now);
                decided(Write::Slide {
                    to: Row { rotated_at, ..row },
                })
            }
            RefreshDecision::Rotate(rotation) => {
                let to = Row::of(&row.session().updated(rotation));
                decided(Write::Rotate { read, to })
            }
        }
    }

    fn write(&mut self, state: &mut State, by: usize) -> Checked {
        let Request::Decided(asked, write) = state.parties[by].request else {
            return Ok(());
        };
        state.parties[by].request = match write {
            Write::Revoke => {
                state.row.revoked = true;
                self.check_ended(ReuseEndsSession, state)?;
                Request::None
            }
            Write::Slide { to } => {
                state.row.rotated_at = to.rotated_at;
                Request::Answered(to.generation)
            }
            Write::Rotate { read, to } => self.write_rotation(state, asked, read, to)?,
        };
        Ok(())
    }

    /// The conditional write of a rotation: "rowcount decides; the loser reads and decides again".
    fn write_rotation(
        &mut self,
        state: &mut State,
        asked: Asked,
        read: u8,
        to: Row,
    ) -> Checked<Request> {
        let found = self.world.finds(state.row, read);
        if state.row.revoked {
            self.check(LateWriteLoses, state, !found)?;
        }
        if !found {
            return Ok(Request::Arrived(asked));
        }
        self.commit(state, asked, to)?;
        Ok(Request::Answered(to.generation))
    }

    /// A rotation found its row.
    fn commit(&mut self, state: &mut State, asked: Asked, to: Row) -> Checked {
        let before = state.row;
        self.check_times(state, asked, to)?;
        state.row = Row {
            revoked: before.revoked,
            ..to
        };
        state.retired = before.moment(asked.now);
        let on = to.generation == before.generation + 1;
        self.check(OneLiveGeneration, state, on && self.live(state) == 1)?;
        self.mark_raced(state, asked.presented);
        Ok(())
    }

    /// Checks invariant 7, and that rotations are as far apart as invariant 6 needs.
    fn check_times(&mut self, state: &State, asked: Asked, to: Row) -> Checked {
        let before = state.row;
        self.check(ChildEndsInTime, state, to.expires_at <= ABSOLUTE)?;
        if asked.now < before.since() - SKEW {
            return Ok(());
        }
        self.check(IdleEndAdvances, state, to.expires_at >= before.expires_at)?;
        if before.generation > 0 {
            let apart = to.since() - state.retired >= self.world.grace();
            self.check(RotatesOnceInGrace, state, apart)?;
        }
        Ok(())
    }

    /// How many generations would count as the current one now.
    fn live(&self, state: &State) -> usize {
        let counts = |&presented: &u8| {
            let decision = self.world.decide(state.row, presented, state.row.since());
            yields(decision) && decision != said_again(Repeated::Previous)
        };
        (0..=state.row.generation).filter(counts).count()
    }

    /// Marks the other requests with the token that was just rotated, if they arrived at the same
    /// time.
    fn mark_raced(&self, state: &mut State, presented: u8) {
        let together = state.retired - SKEW..state.retired + self.world.grace();
        for party in &mut state.parties {
            if let Request::Arrived(asked) | Request::Decided(asked, _) = &mut party.request {
                asked.raced |= asked.presented == presented && together.contains(&asked.now);
            }
        }
    }

    /// Checks invariants 5 and 8: the session is over for every possible token.
    fn check_ended(&mut self, invariant: Invariant, state: &State) -> Checked {
        let over = |presented| {
            let decision = self.world.decide(state.row, presented, state.clock);
            decision == RefreshDecision::Refuse(RefreshRefusal::SessionRevoked)
        };
        let whole = (0..=state.row.generation + 1).all(over);
        self.check(invariant, state, whole)
    }

    fn log_out(&mut self, state: &mut State, with: u8) -> Checked {
        let retired = with < state.row.generation;
        state.left.logouts -= 1;
        state.row.revoked |= !retired || self.world.rule.retired_tokens_log_out;
        match retired {
            true => self.check_ended(RetiredLogoutEndsAll, state),
            false => self.check_ended(LogoutEndsAll, state),
        }
    }

    fn deliver(&self, state: &mut State, by: usize) {
        let thief = self.world.is_thief(by);
        let party = &mut state.parties[by];
        if let Request::Answered(generation) = party.request {
            let kept = if thief { party.holds } else { 0 };
            *party = Party {
                holds: kept | 1 << generation,
                lost: false,
                request: Request::None,
            };
        }
    }
}

fn tick(state: &mut State) {
    state.left.ticks -= 1;
    state.clock += 1;
}

fn send(state: &mut State, by: usize, presented: u8, behind: Ticks) {
    let now = state.clock - behind;
    let retry = state.parties[by].lost;
    state.left.requests -= 1;
    state.left.skewed -= u8::from(behind > 0);
    state.parties[by].request = Request::Arrived(Asked {
        presented,
        now,
        retry,
        raced: false,
    });
}

fn lose(state: &mut State, by: usize) {
    let party = &mut state.parties[by];
    if let Request::Answered(generation) = party.request {
        party.lost = generation > 0 && party.holds == 1 << (generation - 1);
        party.request = Request::None;
    }
}

fn steal(state: &mut State, from: usize) {
    state.left.thefts -= 1;
    state.parties[THIEF].holds |= state.parties[from].holds;
}

// The worlds.

/// A build without optimization walks a smaller world.
const fn requests(optimized: u8) -> u8 {
    if cfg!(debug_assertions) { 3 } else { optimized }
}

const USUAL: World = World {
    policy: POLICY,
    thief: true,
    budget: Budget {
        ticks: 5,
        requests: requests(6),
        skewed: 0,
        thefts: 1,
        logouts: 1,
    },
    rule: RULE,
};

/// One request may meet a machine whose clock is behind.
const SKEWED: World = World {
    budget: Budget {
        requests: requests(4),
        skewed: 1,
        ..USUAL.budget
    },
    ..USUAL
};

/// The same with G = 0.
const STRICT: World = World {
    policy: RefreshPolicy {
        grace_seconds: 0,
        ..POLICY
    },
    ..SKEWED
};

/// The same without rotation.
const KEEPING: World = World {
    policy: RefreshPolicy {
        rotate: false,
        ..POLICY
    },
    ..SKEWED
};

/// Three tabs of one browser and less time than G. (With more, a request that takes longer than G from
/// its arrival to its write can cost the login: the token is retired as of the arrival.)
const TABS: World = World {
    thief: false,
    budget: Budget {
        ticks: 1,
        requests: 6,
        skewed: 0,
        thefts: 0,
        logouts: 0,
    },
    ..USUAL
};

/// Walks the world, and asserts that all invariants held and that exactly `tested` were exercised.
#[track_caller]
fn holds(name: &str, world: World, tested: &[Invariant]) {
    let started = std::time::Instant::now();
    let (walk, result) = Walk::through(world, None);
    println!(
        "{name}: {} states, {:.1?}",
        walk.seen.len(),
        started.elapsed()
    );
    for (invariant, times) in &walk.exercised {
        println!("{name}: {invariant:?} tested {times} times");
    }
    if let Err(violation) = result {
        panic!("{name}: {violation:#?}");
    }
    let exercised: Vec<_> = walk.exercised.into_keys().collect();
    assert_eq!(
        exercised, tested,
        "{name}: what was tested, what was meant to be"
    );
}

/// All invariants except some.
fn all_but(untested: &[Invariant]) -> Vec<Invariant> {
    let tested = |invariant: &Invariant| !untested.contains(invariant);
    ALL.into_iter().filter(tested).collect()
}

#[test]
fn two_clients_and_a_thief() {
    holds("usual", USUAL, &all_but(&[NobodyLoggedOut]));
}

#[test]
fn two_clients_and_a_thief_on_clocks_that_disagree() {
    holds("skewed", SKEWED, &all_but(&[NobodyLoggedOut]));
}

#[test]
fn two_clients_and_a_thief_under_a_strict_policy() {
    let forgiving = [
        OneNewGeneration,
        RetrySucceeds,
        GraceIsAnchored,
        NobodyLoggedOut,
    ];
    holds("strict", STRICT, &all_but(&forgiving));
}

#[test]
fn two_clients_and_a_thief_without_rotation() {
    let endings = [RevokedYieldsNothing, ExpiredYieldsNothing, LogoutEndsAll];
    holds("keeping", KEEPING, &endings);
}

#[test]
fn three_tabs_never_log_each_other_out() {
    let tested = [
        OneLiveGeneration,
        OneNewGeneration,
        RetrySucceeds,
        GraceIsAnchored,
        ChildEndsInTime,
        IdleEndAdvances,
        NobodyLoggedOut,
    ];
    holds("tabs", TABS, &tested);
}

// Broken rules. Every invariant that a rule breaks must catch it, so every check can fail.

struct Broken {
    what: &'static str,
    world: World,
    caught_by: &'static [Invariant],
}

const fn deciding(world: World, decide: Decide) -> World {
    let rule = Rule { decide, ..RULE };
    World { rule, ..world }
}

const fn doing(rule: Rule) -> World {
    World { rule, ..USUAL }
}

const BROKEN: [Broken; 16] = [
    Broken {
        what: "no grace",
        world: deciding(USUAL, no_grace),
        caught_by: &[OneNewGeneration, RetrySucceeds, RotatesOnceInGrace],
    },
    Broken {
        what: "no grace between tabs",
        world: deciding(TABS, no_grace),
        caught_by: &[NobodyLoggedOut],
    },
    Broken {
        what: "no clock may be behind",
        world: deciding(SKEWED, no_skew),
        caught_by: &[OneNewGeneration, RetrySucceeds],
    },
    Broken {
        what: "grace includes its end",
        world: deciding(USUAL, grace_includes_its_end),
        caught_by: &[GraceIsAnchored, ReuseEndsSession],
    },
    Broken {
        what: "grace slides",
        world: doing(Rule {
            repeat_writes_nothing: false,
            ..RULE
        }),
        caught_by: &[GraceIsAnchored],
    },
    Broken {
        what: "grace starts late",
        world: deciding(USUAL, grace_starts_late),
        caught_by: &[GraceIsAnchored, ReuseEndsSession],
    },
    Broken {
        what: "grace covers a grandparent",
        world: deciding(USUAL, grace_covers_a_grandparent),
        caught_by: &[GrandparentEndsSession],
    },
    Broken {
        what: "grace covers a logout",
        world: deciding(USUAL, grace_covers_a_logout),
        caught_by: &[RevokedYieldsNothing, LogoutEndsAll],
    },
    Broken {
        what: "a parent rotates",
        world: deciding(USUAL, a_parent_rotates),
        caught_by: &[OneLiveGeneration, GraceIsAnchored],
    },
    Broken {
        what: "reuse ends nothing",
        world: deciding(USUAL, reuse_ends_nothing),
        caught_by: &[ReuseEndsSession, GrandparentEndsSession],
    },
    Broken {
        what: "the write does not ask for the generation",
        world: doing(Rule {
            write_asks_generation: false,
            ..RULE
        }),
        caught_by: &[OneLiveGeneration],
    },
    Broken {
        what: "the write does not ask whether it is revoked",
        world: doing(Rule {
            write_asks_revoked: false,
            ..RULE
        }),
        caught_by: &[LateWriteLoses],
    },
    Broken {
        what: "only a current token logs out",
        world: doing(Rule {
            retired_tokens_log_out: false,
            ..RULE
        }),
        caught_by: &[RetiredLogoutEndsAll],
    },
    Broken {
        what: "ends are ignored",
        world: deciding(USUAL, ends_are_ignored),
        caught_by: &[ExpiredYieldsNothing],
    },
    Broken {
        what: "the idle end passes the absolute end",
        world: deciding(USUAL, idle_passes_absolute),
        caught_by: &[ChildEndsInTime],
    },
    Broken {
        what: "the idle end follows a clock that is behind",
        world: deciding(SKEWED, idle_follows_any_clock),
        caught_by: &[IdleEndAdvances],
    },
];

#[test]
fn every_broken_rule_is_caught() {
    for Broken {
        what,
        world,
        caught_by,
    } in BROKEN
    {
        for &invariant in caught_by {
            let (walk, result) = Walk::through(world, Some(invariant));
            let Err(Violation { trail, .. }) = result else {
                panic!("{what}: not caught by {invariant:?}");
            };
            let (states, steps) = (walk.seen.len(), trail.len());
            println!("{what}: {invariant:?} failed after {states} states, {steps} steps deep");
        }
    }
}

#[test]
fn every_check_can_fail() {
    let failing: BTreeSet<_> = BROKEN.iter().flat_map(|broken| broken.caught_by).collect();
    assert_eq!(failing, ALL.iter().collect());
}

fn is_previous(repeat: Repetition) -> bool {
    repeat.presented == Repeated::Previous
}

fn no_grace(mut asked: Question) -> RefreshDecision {
    asked.policy.grace_seconds = 0;
    asked.decide()
}

fn no_skew(asked: Question) -> RefreshDecision {
    let behind = asked.session.rotated_at.is_some_and(|at| asked.now < at);
    match asked.decide() {
        RefreshDecision::Repeat(repeat) if behind && is_previous(repeat) => {
            RefreshDecision::Refuse(RefreshRefusal::ClockBehind)
        }
        decision => decision,
    }
}

fn grace_includes_its_end(asked: Question) -> RefreshDecision {
    match asked.decide() {
        RefreshDecision::Reuse(reuse) if reuse.retired_for == Micros::from(GRACE) * TICK => {
            said_again(Repeated::Previous)
        }
        decision => decision,
    }
}

fn grace_starts_late(asked: Question) -> RefreshDecision {
    match asked.decide() {
        RefreshDecision::Rotate(rotation) => RefreshDecision::Rotate(RowUpdate {
            rotated_at: rotation.rotated_at + TICK,
            ..rotation
        }),
        decision => decision,
    }
}

fn grace_covers_a_grandparent(mut asked: Question) -> RefreshDecision {
    let parent = asked.session.generation.saturating_sub(1);
    asked.presented = asked.presented.max(parent);
    asked.decide()
}

fn grace_covers_a_logout(asked: Question) -> RefreshDecision {
    let mut alive = asked;
    alive.session.revoked = false;
    match alive.decide() {
        RefreshDecision::Repeat(kind) => RefreshDecision::Repeat(kind),
        _ => asked.decide(),
    }
}

fn a_parent_rotates(mut asked: Question) -> RefreshDecision {
    match asked.decide() {
        RefreshDecision::Repeat(repeat) if is_previous(repeat) => {
            asked.presented = asked.session.generation;
            no_grace(asked)
        }
        decision => decision,
    }
}

fn reuse_ends_nothing(asked: Question) -> RefreshDecision {
    match asked.decide() {
        RefreshDecision::Reuse(_) => RefreshDecision::Refuse(RefreshRefusal::TokenReused),
        decision => decision,
    }
}

fn ends_are_ignored(mut asked: Question) -> RefreshDecision {
    asked.session.expires_at = Micros::MAX;
    asked.session.absolute_expires_at = None;
    asked.decide()
}

fn idle_passes_absolute(mut asked: Question) -> RefreshDecision {
    match asked.decide() {
        RefreshDecision::Rotate(_) => {
            asked.session.absolute_expires_at = None;
            asked.decide()
        }
        decision => decision,
    }
}

fn idle_follows_any_clock(asked: Question) -> RefreshDecision {
    let end = asked.now + asked.policy.idle_lifetime;
    match asked.decide() {
        RefreshDecision::Rotate(rotation) => RefreshDecision::Rotate(RowUpdate {
            expires_at: rotation.expires_at.min(end),
            ..rotation
        }),
        decision => decision,
    }
}
