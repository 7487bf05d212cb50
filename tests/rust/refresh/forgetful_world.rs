//! The actors of [`forgetful_model`](super::forgetful_model), and what each may do next.
//!
//! An honest client with one or two tabs and a thief refresh at nodes with sessions (the rule that is
//! tested) and at nodes of an earlier step. The database may lose its last commits. What *really*
//! happened is kept next to the database, so that the checks need not believe the row.

use std::collections::{BTreeMap, HashMap, VecDeque};

use _core::refresh::{
    Micros, Presented, RefreshDecision, RefreshPolicy, RefreshRefusal, Repeated, SessionState,
    UserState, decide,
};

pub(super) const SECOND: Micros = 1_000_000;
/// Times of the model, in ticks since the login; G is two of them.
pub(super) type Ticks = i16;
pub(super) const GRACE: Ticks = 2;

/// What must hold. The numbers are those of the invariants in docs/dev/sessions.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Check {
    /// 1. A commit moves the generation on.
    GenerationMovesOn,
    /// 2. After a logout that the database or the cache remembers, no token is given.
    LogoutHolds,
    /// 4. An honest client that retries within G is not logged out while nobody else acts.
    HonestStaysIn,
    /// 5, 6. A token that the database knows to be spent G ago yields nothing.
    SpentStaysSpent,
    /// 6. A repeat for a retired token comes within G of its retirement, also of one that the
    ///    database has forgotten.
    GraceIsAnchored,
    /// 6. A row rotates at most once in G, so a grandparent was retired longer ago than G.
    RotatesOnceInGrace,
    /// An answer is not blacklisted: its token works.
    AnswerWorks,
    /// 5. Thief and victim do not take turns at rotating, each time G apart.
    NoTurns,
    /// 5. A victim that is logged out takes the session, and so the thief, along.
    VictimTakesThiefAlong,
    /// 7. A child ends by the absolute end and after its issue.
    ChildEndsInTime,
    /// 7. The idle end does not move backwards.
    IdleEndAdvances,
    /// Under the same-agent option, a thief's browser gets no repeat of the victim's rotation.
    SameAgentOnly,
    /// What a token proves is written: afterwards the row is no longer behind it.
    RestoredForGood,
}

pub(super) use Check::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Jti {
    Own(u8),
    Foreign(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Token {
    generation: u8,
    jti: Jti,
    /// `iat` and `exp`, in seconds since the login.
    issued_at: i64,
    expires_at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Row {
    generation: u8,
    rotated_at: Option<Micros>,
    expires_at: Micros,
    revoked: bool,
    /// Whose user agent rotated last.
    by_thief: bool,
}

/// What the database holds, and what it could tell about the past.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Db {
    row: Row,
    blacklist: Vec<Jti>,
    /// When each spent token was spent first.
    spent: Vec<(u8, Jti, Ticks)>,
    logged_out: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Party {
    Honest,
    /// The client's second tab, which has read a token before the first one refreshed.
    Tab,
    Thief,
}

/// A request, and the row that it has read. It decides by that row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Slow {
    by: Party,
    token: Token,
    now: Ticks,
    read: Row,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    now: Ticks,
    db: Db,
    /// Earlier commits, oldest first.
    past: Vec<Db>,
    honest: Option<Token>,
    tab: Option<(Token, Ticks)>,
    /// When the first response of those lost in a row was lost.
    lost: Option<Ticks>,
    thief: Option<Token>,
    slow: Option<Slow>,
    in_cache: bool,
    /// Whether the client has logged out and something remembers it.
    logged_out: bool,
    foreign: u8,
    forgets: u8,
    /// When each token was really retired last, whatever the database has forgotten since.
    retired: Vec<(u8, Jti, Ticks)>,
    /// Who rotated last, when, and how often it was the other one's turn, G or later.
    turns: (Option<Party>, Ticks, u8),
}

/// A node that serves a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Sessions,
    /// An earlier step, with the blacklist.
    Blacklist,
    /// An earlier step without it.
    Stateless,
}

/// What is asked of the rule that is tested.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub session: SessionState,
    pub presented: Presented,
    pub policy: RefreshPolicy,
    pub now: Micros,
}

impl Question {
    pub(super) fn decide(self) -> RefreshDecision {
        let user = UserState::Matches;
        decide(&self.session, user, &self.presented, &self.policy, self.now)
    }
}

/// The rule, or one with a fault.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub decide: fn(Question) -> RefreshDecision,
    /// The write is conditional on the generation that was read, not on the presented one.
    pub write_asks_read_generation: bool,
    /// The write is conditional on the `rotated_at` that was read.
    pub write_asks_rotated_at: bool,
    /// A repeat that restores the row is written.
    pub repeat_restores: bool,
    /// The blacklist is asked for the answer too.
    pub blacklist_asks_answer: bool,
    pub cache_is_asked: bool,
}

pub(super) const RULE: Rule = Rule {
    decide: Question::decide,
    write_asks_read_generation: true,
    write_asks_rotated_at: true,
    repeat_restores: true,
    blacklist_asks_answer: true,
    cache_is_asked: true,
};

/// Who acts, for how long, under which settings.
#[derive(Clone, Copy)]
pub(super) struct World {
    pub name: &'static str,
    pub rule: Rule,
    pub tick: Micros,
    pub ticks: Ticks,
    pub nodes: &'static [Node],
    /// The lifetimes, in ticks; `remembered` is the login's own.
    pub idle: Ticks,
    pub remembered: Option<Ticks>,
    pub absolute: Ticks,
    pub leeway: Ticks,
    pub same_agent: bool,
    /// Responses may be lost, at nodes with sessions.
    pub loses: bool,
    /// There is a second tab; it asks nodes with sessions.
    pub tabs: bool,
    pub thief: bool,
    pub logout: bool,
    pub cache: bool,
    /// One request may be overtaken between its decision and its write, also by a fail-over.
    pub slow: bool,
    /// Time passes while it is overtaken.
    pub waits: bool,
    pub forgets: u8,
    pub foreign: u8,
}

pub(super) const ALONE: World = World {
    name: "alone",
    rule: RULE,
    tick: SECOND,
    ticks: 6,
    nodes: &[Node::Sessions],
    idle: 7,
    remembered: None,
    absolute: 99,
    leeway: 0,
    same_agent: false,
    loses: true,
    tabs: true,
    thief: false,
    logout: false,
    cache: false,
    slow: true,
    waits: false,
    forgets: 0,
    foreign: 0,
};

/// What a request gets, and the database afterwards.
struct Answer {
    token: Option<Token>,
    rotated: bool,
    previous: bool,
    /// The row by which it was decided.
    read: Row,
    db: Db,
}

/// A step and the checks that it violates.
type Step = (String, State, Vec<Check>);

impl World {
    fn micros(&self, ticks: Ticks) -> Micros {
        Micros::from(ticks) * self.tick
    }

    fn seconds(&self, ticks: Ticks) -> i64 {
        self.micros(ticks).div_euclid(SECOND)
    }

    fn policy(&self) -> RefreshPolicy {
        RefreshPolicy {
            grace_seconds: u32::try_from(self.seconds(GRACE)).unwrap(),
            idle_lifetime: self.micros(self.idle),
            absolute_lifetime: Some(self.micros(self.absolute)),
            rotate: true,
            leeway: self.micros(self.leeway),
            same_agent: self.same_agent,
        }
    }

    fn session(&self, row: Row, in_cache: bool) -> SessionState {
        SessionState {
            generation: row.generation.into(),
            rotated_at: row.rotated_at,
            created_at: 0,
            expires_at: row.expires_at,
            absolute_expires_at: Some(self.micros(self.absolute)),
            idle_lifetime: self.remembered.map(|ticks| self.micros(ticks)),
            revoked: row.revoked,
            revoked_in_cache: in_cache && self.rule.cache_is_asked,
        }
    }

    /// Whether the token's own `exp` has passed, as it is verified.
    fn expired(&self, token: Token, now: Ticks) -> bool {
        token.expires_at * SECOND + self.micros(self.leeway) <= self.micros(now)
    }

    fn start(&self) -> State {
        let policy = self.policy();
        let begun = SessionState::begin(&policy, 0);
        let lifetime = self.remembered.unwrap_or(self.idle).min(self.absolute);
        let row = Row {
            generation: 0,
            rotated_at: None,
            expires_at: self.micros(lifetime).max(begun.expires_at),
            revoked: false,
            by_thief: false,
        };
        let db = Db {
            row,
            blacklist: Vec::new(),
            spent: Vec::new(),
            logged_out: false,
        };
        State {
            now: 0,
            past: vec![db.clone()],
            honest: Some(said(&self.session(row, false))),
            db,
            tab: None,
            lost: None,
            thief: None,
            slow: None,
            in_cache: false,
            logged_out: false,
            foreign: 0,
            forgets: 0,
            retired: Vec::new(),
            turns: (None, 0, 0),
        }
    }

    fn decision(&self, state: &State, by: Party, token: Token, now: Ticks) -> RefreshDecision {
        let Db { row, blacklist, .. } = &state.db;
        let answer = Jti::Own(token.generation + 1);
        let presented = Presented {
            generation: token.generation.into(),
            is_own: token.jti == Jti::Own(token.generation),
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            is_blacklisted: blacklist.contains(&token.jti)
                || (self.rule.blacklist_asks_answer && blacklist.contains(&answer)),
            other_agent: row.by_thief != (by == Party::Thief),
        };
        (self.rule.decide)(Question {
            session: self.session(*row, state.in_cache),
            presented,
            policy: self.policy(),
            now: self.micros(now),
        })
    }

    /// A node with sessions: it reads, decides, and writes on condition that the row is still `read`.
    fn with_sessions(&self, state: &State, slow: Slow) -> Answer {
        let Slow {
            by,
            token,
            now,
            read,
        } = slow;
        let mut as_read = state.clone();
        as_read.db.row = read;
        let session = self.session(read, false);
        let mut answer = Answer {
            token: None,
            rotated: false,
            previous: false,
            read,
            db: state.db.clone(),
        };
        let decision = self.decision(&as_read, by, token, now);
        let written = match decision {
            RefreshDecision::Refuse(RefreshRefusal::EndForgotten) | RefreshDecision::Reuse(_) => {
                answer.db.row.revoked = true;
                return answer;
            }
            RefreshDecision::Refuse(_) | RefreshDecision::Keep => return answer,
            RefreshDecision::Rotate(rotation) => {
                answer.rotated = true;
                Some(session.updated(rotation))
            }
            RefreshDecision::Repeat(repeat) => {
                answer.previous = repeat.presented == Repeated::Previous;
                let restored = repeat.restored.map(|values| session.updated(values));
                restored.filter(|_| self.rule.repeat_restores)
            }
        };
        answer.token = Some(match decision {
            RefreshDecision::Repeat(repeat) if repeat.presented == Repeated::Foreign => token,
            RefreshDecision::Repeat(repeat) => {
                said(&repeat.restored.map_or(session, |to| session.updated(to)))
            }
            _ => said(&written.unwrap_or(session)),
        });
        let Some(written) = written else {
            return answer;
        };
        if !self.finds(state.db.row, token, read) {
            if read == state.db.row {
                // A broken condition never finds the row: the caller gives up.
                answer.token = None;
                return answer;
            }
            let again = Slow {
                read: state.db.row,
                ..slow
            };
            return self.with_sessions(state, again);
        }
        answer.db.row = Row {
            generation: u8::try_from(written.generation).unwrap(),
            rotated_at: written.rotated_at,
            expires_at: written.expires_at,
            by_thief: if answer.rotated {
                by == Party::Thief
            } else {
                read.by_thief
            },
            ..state.db.row
        };
        if answer.rotated {
            answer.db.spend(token, now);
        }
        answer
    }

    /// `UPDATE … WHERE generation = ? AND rotated_at = ? AND revoked_at IS NULL`: whether this
    /// statement finds the row.
    fn finds(&self, row: Row, token: Token, read: Row) -> bool {
        let generation = match self.rule.write_asks_read_generation {
            true => read.generation,
            false => token.generation,
        };
        let same_rotation = row.rotated_at == read.rotated_at;
        let asked = same_rotation || !self.rule.write_asks_rotated_at;
        row.generation == generation && asked && !row.revoked
    }

    /// A node of an earlier step: the token's `sid` and `gen` are copied.
    fn without_sessions(&self, state: &State, token: Token, node: Node) -> Answer {
        let mut db = state.db.clone();
        let token = if node == Node::Blacklist && db.blacklist.contains(&token.jti) {
            None
        } else {
            if node == Node::Blacklist {
                db.blacklist.push(token.jti);
                db.blacklist.sort_unstable();
                db.spend(token, state.now);
            }
            Some(Token {
                jti: Jti::Foreign(state.foreign),
                issued_at: self.seconds(state.now),
                expires_at: self.seconds(state.now + self.idle),
                ..token
            })
        };
        Answer {
            token,
            rotated: false,
            previous: false,
            read: state.db.row,
            db,
        }
    }

    fn answer(&self, state: &State, by: Party, token: Token, node: Node) -> Option<Answer> {
        let slow = Slow {
            by,
            token,
            now: state.now,
            read: state.db.row,
        };
        match node {
            Node::Sessions => Some(self.with_sessions(state, slow)),
            _ if state.foreign == self.foreign => None,
            _ => Some(self.without_sessions(state, token, node)),
        }
    }

    /// The state after an answer, for everybody alike, and the checks that it violates.
    fn answered(
        &self,
        state: &State,
        (by, token, now): (Party, Token, Ticks),
        node: Node,
        answer: &Answer,
    ) -> (State, Vec<Check>) {
        let mut next = state.clone();
        next.db = answer.db.clone();
        if self.forgets > 0 && !next.past.contains(&next.db) {
            next.past.push(next.db.clone());
        }
        let mut found = Vec::new();
        if node == Node::Sessions {
            self.check_commit(state, answer, now, &mut found);
            if let Some(given) = answer.token {
                self.check_given(state, (by, token, now), answer, given, &mut found);
            }
        } else if answer.token.is_some() {
            next.foreign += 1;
        }
        if answer.rotated && self.forgets > 0 {
            let spent = (token.generation, token.jti);
            next.retired
                .retain(|&(generation, jti, _)| (generation, jti) != spent);
            next.retired.push((token.generation, token.jti, now));
            next.retired.sort_unstable();
        }
        if answer.rotated {
            let (last, at, turns) = state.turns;
            let turn = last.is_some_and(|last| (last == Party::Thief) != (by == Party::Thief));
            let turns = if turn && now - at >= GRACE {
                turns + 1
            } else {
                0
            };
            next.turns = (Some(by), now, turns);
            found.extend((turns >= 3).then_some(NoTurns));
        } else if answer.token.is_some() && node == Node::Sessions {
            next.turns = (None, 0, 0);
        }
        if answer.token.is_none() && by != Party::Thief {
            found.extend(self.check_logged_out(state, answer, node));
        }
        (next, found)
    }

    fn check_commit(&self, state: &State, answer: &Answer, now: Ticks, found: &mut Vec<Check>) {
        let (before, after) = (state.db.row, answer.db.row);
        if after == before || after.revoked {
            return;
        }
        found.extend((after.generation <= before.generation).then_some(GenerationMovesOn));
        found.extend((after.expires_at < before.expires_at).then_some(IdleEndAdvances));
        // Between the row's generation and one that was restored lie rotations that it has forgotten.
        let next = answer.rotated && after.generation == before.generation + 1;
        let apart = before
            .rotated_at
            .is_none_or(|at| after.rotated_at.unwrap() - at >= self.micros(GRACE));
        found.extend((next && !apart).then_some(RotatesOnceInGrace));
        let born_expired = after.expires_at <= self.micros(now);
        if answer.rotated && (after.expires_at > self.micros(self.absolute) || born_expired) {
            found.push(ChildEndsInTime);
        }
    }

    fn check_given(
        &self,
        state: &State,
        (by, token, now): (Party, Token, Ticks),
        answer: &Answer,
        given: Token,
        found: &mut Vec<Check>,
    ) {
        found.extend(state.logged_out.then_some(LogoutHolds));
        // A restored row may take its rotation to be later, by less than a second.
        let rounding = Ticks::try_from(SECOND / self.tick).unwrap();
        let rounding = if self.forgets > 0 { rounding } else { 0 };
        let spent = state.db.spent_at(token);
        let late = spent.is_some_and(|at| now - at >= GRACE + rounding);
        found.extend(late.then_some(SpentStaysSpent));
        let retired = if self.forgets > 0 {
            &state.retired
        } else {
            &state.db.spent
        };
        let anchored = find(retired, token).is_none_or(|at| now - at < GRACE + rounding);
        found.extend((answer.previous && !anchored).then_some(GraceIsAnchored));
        let dead = answer.db.blacklist.contains(&given.jti);
        found.extend(dead.then_some(AnswerWorks));
        let ours = !state.db.row.by_thief;
        let rides = self.same_agent && by == Party::Thief && ours && answer.previous;
        found.extend(rides.then_some(SameAgentOnly));
        // A repeat that was decided before a fail-over is delivered after it.
        let behind = answer.read == state.db.row && answer.db.row.generation < given.generation;
        found.extend(behind.then_some(RestoredForGood));
    }

    fn check_logged_out(&self, state: &State, answer: &Answer, node: Node) -> Option<Check> {
        let over = state.now >= self.absolute;
        if over || state.logged_out {
            None
        } else if !self.thief {
            Some(HonestStaysIn)
        } else {
            // A fail-over may forget the end by which the request was decided.
            let current = answer.read == state.db.row;
            let lives_on = node == Node::Sessions && current && !answer.db.row.revoked;
            (lives_on && state.thief.is_some()).then_some(VictimTakesThiefAlong)
        }
    }

    /// Everything that may happen next.
    fn steps(&self, state: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        if state.now < self.ticks && (state.slow.is_none() || self.waits) {
            let mut next = state.clone();
            next.now += 1;
            steps.push(("tick".into(), next, Vec::new()));
        }
        if let Some(slow) = state.slow {
            let mut from = state.clone();
            from.slow = None;
            let answer = self.with_sessions(state, slow);
            self.follow(
                &from,
                (slow.by, slow.token, slow.now),
                Node::Sessions,
                &answer,
                &mut steps,
            );
        }
        self.honest_steps(state, &mut steps);
        if self.thief {
            self.thief_steps(state, &mut steps);
        }
        self.forget(state, &mut steps);
        steps
    }

    /// An honest client retries within G.
    fn is_late(state: &State, since: Ticks) -> bool {
        state.now - since >= GRACE
    }

    fn honest_steps(&self, state: &State, steps: &mut Vec<Step>) {
        let Some(token) = state.honest else { return };
        let late = state.lost.is_some_and(|at| Self::is_late(state, at));
        if late || state.logged_out {
            return;
        }
        let busy = |by| state.slow.is_some_and(|slow| slow.by == by);
        if !busy(Party::Honest) {
            // A retry goes to a node with sessions: others have no grace.
            let nodes = if state.lost.is_some() {
                &[Node::Sessions][..]
            } else {
                self.nodes
            };
            self.send(state, Party::Honest, token, nodes, steps);
        }
        if self.tabs && state.tab.is_none() && state.lost.is_none() {
            let mut next = state.clone();
            next.tab = Some((token, state.now));
            steps.push((format!("tab reads {}", token.name()), next, Vec::new()));
        }
        match state.tab {
            Some((token, at)) if !Self::is_late(state, at) && !busy(Party::Tab) => {
                self.send(state, Party::Tab, token, &[Node::Sessions], steps);
            }
            _ => {}
        }
        if self.logout && state.slow.is_none() {
            let mut next = state.clone();
            next.db.row.revoked = true;
            next.db.logged_out = true;
            next.logged_out = true;
            next.in_cache = self.cache;
            next.past.push(next.db.clone());
            steps.push(("logout".into(), next, Vec::new()));
        }
    }

    fn thief_steps(&self, state: &State, steps: &mut Vec<Step>) {
        match (state.thief, state.honest) {
            (None, Some(token)) => {
                let mut next = state.clone();
                next.thief = Some(token);
                steps.push((format!("theft of {}", token.name()), next, Vec::new()));
            }
            (Some(token), _) if state.slow.is_none_or(|slow| slow.by != Party::Thief) => {
                self.send(state, Party::Thief, token, self.nodes, steps);
            }
            _ => {}
        }
    }

    fn send(&self, state: &State, by: Party, token: Token, nodes: &[Node], steps: &mut Vec<Step>) {
        if self.expired(token, state.now) {
            return;
        }
        for &node in nodes {
            if let Some(answer) = self.answer(state, by, token, node) {
                self.follow(state, (by, token, state.now), node, &answer, steps);
            }
        }
        if self.slow && state.slow.is_none() && nodes.contains(&Node::Sessions) {
            let mut next = state.clone();
            next.slow = Some(Slow {
                by,
                token,
                now: state.now,
                read: state.db.row,
            });
            steps.push((format!("{by:?} {} reads", token.name()), next, Vec::new()));
        }
    }

    /// The client gets the answer, or the response is lost.
    fn follow(
        &self,
        state: &State,
        asked: (Party, Token, Ticks),
        node: Node,
        answer: &Answer,
        steps: &mut Vec<Step>,
    ) {
        let (by, token, arrived) = asked;
        let (next, violated) = self.answered(state, asked, node, answer);
        let got = answer.token.map_or("nothing".into(), |given| given.name());
        let label = format!("{by:?} {}@{node:?} -> {got}", token.name());
        let mut told = next.clone();
        match by {
            Party::Thief => told.thief = answer.token.or(told.thief),
            Party::Honest | Party::Tab => {
                told.honest = answer.token;
                told.lost = None;
            }
        }
        if by == Party::Tab {
            told.tab = None;
        }
        steps.push((label.clone(), told, violated.clone()));
        if self.loses && by == Party::Honest && node == Node::Sessions && answer.token.is_some() {
            let mut lost = next;
            lost.lost = state.lost.or(Some(arrived));
            steps.push((label + " (lost)", lost, violated));
        }
    }

    /// The database loses its last commits.
    fn forget(&self, state: &State, steps: &mut Vec<Step>) {
        if state.forgets == self.forgets {
            return;
        }
        for (commits, db) in state.past.iter().enumerate() {
            if *db == state.db {
                continue;
            }
            let mut next = state.clone();
            next.db = db.clone();
            next.past.truncate(commits + 1);
            next.forgets += 1;
            next.logged_out &= db.logged_out || state.in_cache;
            next.turns = (None, 0, 0);
            let row = db.row;
            let label = format!(
                "FORGETS back to {}, revoked {}",
                row.generation, row.revoked
            );
            // A fail-over breaks the connections, or a proxy hides it and the request writes later.
            if next.slow.is_some() {
                let mut broken = next.clone();
                broken.slow = None;
                steps.push((format!("{label}, the request fails"), broken, Vec::new()));
            }
            steps.push((label, next, Vec::new()));
        }
    }

    /// Walks all states, the nearest first. Returns how many there are, and for each check the
    /// shortest trail that violates it.
    pub(super) fn walk(&self, watched: Option<Check>) -> (usize, BTreeMap<Check, Vec<String>>) {
        let start = self.start();
        let mut seen: HashMap<State, usize> = HashMap::from([(start.clone(), 0)]);
        let mut came: Vec<(usize, String)> = vec![(0, String::new())];
        let mut queue = VecDeque::from([(start, 0)]);
        let mut found = BTreeMap::new();
        while let Some((state, at)) = queue.pop_front() {
            for (label, next, violated) in self.steps(&state) {
                for &check in &violated {
                    found
                        .entry(check)
                        .or_insert_with(|| trail(&came, at, &label));
                    if watched == Some(check) {
                        return (seen.len(), found);
                    }
                }
                let counts = watched.is_some() || violated.is_empty();
                if counts && !seen.contains_key(&next) {
                    seen.insert(next.clone(), came.len());
                    queue.push_back((next, came.len()));
                    came.push((at, label));
                }
            }
        }
        (seen.len(), found)
    }
}

fn trail(came: &[(usize, String)], mut at: usize, last: &str) -> Vec<String> {
    let mut trail = vec![last.to_owned()];
    while at > 0 {
        trail.push(came[at].1.clone());
        at = came[at].0;
    }
    trail.reverse();
    trail
}

/// The current refresh token of a row.
fn said(session: &SessionState) -> Token {
    let claims = session.refresh_claims();
    let generation = u8::try_from(claims.generation).unwrap();
    Token {
        generation,
        jti: Jti::Own(generation),
        issued_at: claims.issued_at,
        expires_at: claims.expires_at,
    }
}

impl Token {
    fn name(self) -> String {
        match self.jti {
            Jti::Own(_) => format!("gen{}", self.generation),
            Jti::Foreign(_) => format!("gen{}/foreign", self.generation),
        }
    }
}

impl Db {
    fn spend(&mut self, token: Token, now: Ticks) {
        if self.spent_at(token).is_none() {
            self.spent.push((token.generation, token.jti, now));
            self.spent.sort_unstable();
        }
    }

    fn spent_at(&self, token: Token) -> Option<Ticks> {
        find(&self.spent, token)
    }
}

fn find(times: &[(u8, Jti, Ticks)], token: Token) -> Option<Ticks> {
    let of_token = |&&(generation, jti, _): &&(u8, Jti, Ticks)| {
        (generation, jti) == (token.generation, token.jti)
    };
    times.iter().find(of_token).map(|&(.., at)| at)
}
