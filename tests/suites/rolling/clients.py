"""Honest clients: browsers with one or two tabs that keep the last tokens they got, and repeat what failed."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from random import random, uniform

from tests.client import PASSWORD
from tests.sites.rolling import GRACE

from .front import Answer, carrying, posted
from .tokens import claims_of, describe

USERS = [f"client{number}" for number in range(40)]
PACE = 0.2, 0.6
"""Seconds between two acts of a tab, for each tab of the browser."""
REFRESH_AFTER = 1.0, 3.0
"""Seconds from new tokens to the next refresh, which all tabs send at once; the access token lives for 35 s."""
BEFORE_A_REPEAT = 0.05, 0.2
"""Seconds from a failure to the same request again."""
REPEATS = 200
KEPT = 3
"""Refresh tokens of a login, and an access token of each, that a thief keeps."""
WHOAMI, STATELESS = "/api/whoami/", "/api/stateless/"


@dataclass(frozen=True)
class Habits:
    """Tabs of a browser; how likely a tab does something else than a call, each time that no refresh is due."""

    tabs: int = 1
    logs_out: float = 0.0
    logs_in_again: float = 0.0
    """Without a logout: the tokens are forgotten."""


class Login:
    """The tokens of one login, in a storage that all tabs of its browser share."""

    def __init__(self, answer):
        self.tokens = {}
        self.kept = {}
        """The access token of each of the last refresh tokens. Replaced and never changed, since all tabs read it."""
        self.history = deque(maxlen=40)
        self.is_leaving = False
        self.is_lost = False
        self.ended_at = None
        """When its logout was answered, in seconds since 1970."""
        self._was_current_at = {}
        self._late = []
        """Refresh tokens that may have been spent for the grace interval, and when the answers came."""
        self.store(answer)

    @property
    def refresh(self):
        """The refresh token."""
        return self.tokens["refresh"]

    @property
    def access(self):
        """The access token."""
        return self.tokens["access"]

    @property
    def sid(self):
        """Its session; None if it has none."""
        return claims_of(self.refresh).get("sid")

    def store(self, answer):
        """Keep the tokens that a login or refresh was answered with."""
        self.tokens = self.tokens | answer.body
        others = [(refresh, access) for refresh, access in self.kept.items() if refresh != self.refresh]
        self.kept = dict([*others, (self.refresh, self.access)][-KEPT:])
        self._was_current_at[self.refresh] = max(answer.asked_at, self._was_current_at.get(self.refresh, 0.0))
        self.refresh_at = time.time() + uniform(*REFRESH_AFTER)

    def note(self, answer, sent):
        """Remember a request that carried one of the tokens, and whether its answer may have come too late."""
        self.history.append((answer, describe(sent)))
        known = self._was_current_at.get(sent)
        if known is not None and answer.came_at > known + GRACE.total_seconds():
            self._late.append((sent, answer.came_at))

    @property
    def was_late(self):
        """Whether a token was sent that may have been spent for the grace interval.

        A token was spent when its successor was issued. If no tab got the successor, then at the earliest when the last
        request was sent that was answered with the token itself.
        """
        return any(came_at > self.spent_at(token) + GRACE.total_seconds() for token, came_at in self._late)

    def spent_at(self, token):
        """The earliest time at which this refresh token may have been spent."""
        spent = claims_of(token)
        known = [claims_of(other) for other in self._was_current_at]
        successors = [claims["iat"] for claims in known if claims.get("gen", 0) == spent.get("gen", 0) + 1]
        return max([self._was_current_at[token], *successors])


@dataclass(frozen=True)
class Loss:
    """A login that is over, and that its user did not end."""

    login: Login
    answer: Answer
    history: tuple[tuple[Answer, str], ...]
    """The last requests, and which token each carried."""

    @property
    def may_be_late(self):
        """Whether the session may have ended because the client sent a spent token after the grace interval."""
        return self.login.was_late and self.answer.code in {"token_reused", "session_revoked"}

    @property
    def reason(self):
        """For a table."""
        return f"{self.answer.what} at {self.answer.step}: {self.answer.status} {self.answer.code}".rstrip()


@dataclass
class Seen:
    """Everything that clients saw."""

    answers: list[Answer] = field(default_factory=list)
    logins: list[Login] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    refused: list[Answer] = field(default_factory=list)
    """Calls with a good access token of a login that nobody ended."""
    with_generation: list[str] = field(default_factory=list)
    """The step of each node that took an access token with `gen`."""
    revived: set[str] = field(default_factory=set)
    """Ended sessions. A request after the end, with one of their tokens, was answered with 200."""
    sent: list[str] = field(default_factory=list)
    """Each refresh token, as often as a tab has sent it."""

    @property
    def ended(self):
        """The logins that their users ended."""
        return [login for login in self.logins if login.ended_at is not None]

    def watch(self, login, answer):
        """Note an answer that an ended login must not get."""
        if answer.status == 200 and login.ended_at is not None and answer.asked_at > login.ended_at:
            self.revived.add(login.sid)


@dataclass(frozen=True)
class Thief:
    """Has kept tokens of logins that are over, and tries them at every node."""

    front: object
    seen: Seen
    path: str = WHOAMI
    """Where it tries access tokens."""

    def try_tokens_of(self, login):
        """Send what was kept of an ended login."""
        for node in self.front.nodes:
            for refresh, access in login.kept.items():
                self.seen.watch(
                    login, self.front.ask("try refresh", posted("/api/token/refresh/", refresh=refresh), node)
                )
                self.seen.watch(login, self.front.ask("try access", carrying(self.path, access), node))


class Browser:
    """A user's browser."""

    def __init__(self, username, habits, thief):
        self.login = None
        self._username = username
        self._habits = habits
        self._thief = thief
        self._front = thief.front
        self._seen = thief.seen
        self._lock = threading.Lock()

    @property
    def tabs(self):
        """What its tabs do, again and again."""
        return [self.act] * self._habits.tabs

    def act(self, is_over):
        """Wait. Then refresh if it is time, or else log out, forget the login or call."""
        login = self.logged_in(is_over)
        if login is None:
            return
        pause, due = uniform(*PACE) * self._habits.tabs, login.refresh_at - time.time()
        is_over.wait(max(0.0, min(due, pause)))
        chance = random()
        if due <= pause:
            self.refresh(login)
        elif chance < self._habits.logs_out:
            self.log_out(login)
        elif chance < self._habits.logs_out + self._habits.logs_in_again:
            self.forget(login)
        else:
            self.call(login)

    def logged_in(self, is_over):
        """The login that all tabs share; a new one if there is none. None if no login succeeds before the end."""
        with self._lock:
            if self.login is None and not is_over.is_set():
                answer = self.ask("login", posted("/api/token/", username=self._username, password=PASSWORD))
                if answer.status == 200:
                    self.login = Login(answer)
                    self._seen.logins.append(self.login)
            return self.login

    def refresh(self, login):
        """Get new tokens. A refusal loses the login, unless a tab is logging out."""
        sent = login.refresh
        self._seen.sent.append(sent)
        answer = self.ask("refresh", posted("/api/token/refresh/", refresh=sent), login, sent)
        self._seen.watch(login, answer)
        if answer.status == 200:
            login.store(answer)
        elif not login.is_leaving:
            self.lose(login, answer)

    def call(self, login):
        """Call the protected view. After a refusal, refresh and call again: a second refusal loses the login."""
        answer = self.call_once(login)
        if answer.status == 200 or login.is_leaving:
            return
        self._seen.refused.append(answer)
        self.refresh(login)
        again = self.call_once(login)
        if again.status != 200 and not login.is_leaving:
            self.lose(login, again)

    def call_once(self, login):
        """The view's answer to the access token."""
        sent = login.access
        answer = self.ask("call", carrying(WHOAMI, sent), login, sent)
        self._seen.watch(login, answer)
        if answer.status == 200 and "gen" in claims_of(sent):
            self._seen.with_generation.append(answer.step)
        return answer

    def log_out(self, login):
        """End the login, and have all its tokens tried at all nodes."""
        with self._lock:
            if login.is_leaving or login.is_lost:
                return
            login.is_leaving = True
        sent = login.refresh
        answer = self.ask("logout", posted("/api/token/blacklist/", refresh=sent), login, sent)
        if answer.status == 200:
            login.ended_at = time.time()
            self._thief.try_tokens_of(login)
        self.forget(login)

    def forget(self, login):
        """Drop the tokens: the next act logs in."""
        with self._lock:
            if self.login is login:
                self.login = None

    def lose(self, login, answer):
        """Note the loss of a login, once."""
        with self._lock:
            is_known, login.is_lost = login.is_lost, True
        if not is_known:
            self._seen.losses.append(Loss(login, answer, tuple(login.history)))
        self.forget(login)

    def ask(self, what, request, login=None, sent=None):
        """The first final answer: a request that is lost or fails is repeated as it was, with the same token."""
        for _repeat in range(REPEATS):
            answer = self._front.ask(what, request)
            if login is not None:
                login.note(answer, sent)
            if answer.is_final:
                break
            time.sleep(uniform(*BEFORE_A_REPEAT))
        return answer
