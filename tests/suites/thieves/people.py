"""A victim who refreshes as an honest client does, and thieves who have stolen one refresh token.

Times are seconds since the start of the simulation. `next_at` is when somebody acts next.
"""

from math import inf

from django.test import Client

from oxijwt._core import unverified_claims

PASSWORD = "a password of the tests"
AGENT, AGENT_OF_THIEF = "Mozilla/5.0 (X11; Linux x86_64)", "python-requests/2.32"
ADDRESS, ADDRESS_OF_THIEF = "192.0.2.1", "198.51.100.1"
LIFETIME = 300
"""ACCESS_TOKEN_LIFETIME: everybody who has an account knows it."""
POLL = 10
"""How often a polling thief looks."""


def claims(token):
    """What a token says, unverified."""
    return unverified_claims(token, 16_384)


class Person:
    """Somebody with a client and at most one login."""

    def __init__(self, clock, random, agent=AGENT, address=ADDRESS):
        self.clock, self.random = clock, random
        self.tokens = None
        self.next_at = inf
        self._client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)

    def log_in(self, username):
        """Log in with the right password."""
        self.tokens = self.post("", username=username, password=PASSWORD).json()

    def post(self, path, **body):
        """The response of a view under api/token/."""
        return self._client.post(f"/api/token/{path}", body, content_type="application/json")

    def get(self, path, access):
        """The response to a request with an access token."""
        return self._client.get(f"/api/{path}", HTTP_AUTHORIZATION=f"Bearer {access}")

    def refresh(self):
        """Refresh, and keep the new tokens. Whether there were any."""
        response = self.post("refresh/", refresh=self.tokens["refresh"])
        if response.status_code == 200:
            self.tokens = response.json()
        return response.status_code == 200

    def second_of(self, name, token):
        """When a token was issued (`iat`), or when it expires (`exp`)."""
        return claims(token)[name] - self.clock.start


class Victim(Person):
    """A client that refreshes a while after its access token has expired; `pause(random)` is that while."""

    def __init__(self, clock, random, pause, is_roaming):
        super().__init__(clock, random)
        self._pause, self._is_roaming = pause, is_roaming
        self.refreshes = 0

    def log_in(self, username):
        """Log in, and plan the first refresh."""
        super().log_in(username)
        self._plan()

    def act(self):
        """Refresh. A victim who is refused stops."""
        if self._is_roaming:
            self._client.defaults["REMOTE_ADDR"] = f"192.0.2.{self.random.randrange(1, 255)}"
        if self.refresh():
            self.refreshes += 1
            self._plan()
        else:
            self.next_at = inf

    def _plan(self):
        self.next_at = self.second_of("exp", self.tokens["access"]) + self._pause(self.random)


class Thief(Person):
    """Somebody with a stolen refresh token. A ride is an answer with tokens that work."""

    def __init__(self, victim, username, *, is_disguised=False):
        disguise = {} if is_disguised else {"agent": AGENT_OF_THIEF}
        super().__init__(victim.clock, victim.random, address=ADDRESS_OF_THIEF, **disguise)
        self.tokens = {"refresh": victim.tokens["refresh"]}
        self.username = username
        self.attempts = self.rides = 0
        self.plan()

    def plan(self):
        """Set `next_at`."""
        raise NotImplementedError

    def act(self):
        """Try the token. A thief who is refused stops."""
        self.attempt()

    def attempt(self):
        """Refresh, and count it as a ride if the access token is accepted."""
        self.attempts += 1
        if not self.refresh():
            self.next_at = inf
            return
        self.rides += self.get("whoami/", self.tokens["access"]).status_code == 200
        self.plan()


class Guessing(Thief):
    """Tries after random times, twice the access token's lifetime at most, or after a fixed one."""

    def __init__(self, *args, every=None, **options):
        self._every = every
        super().__init__(*args, **options)

    def plan(self):
        self.next_at = self.clock.now + (self._every or self.random.uniform(0, 2 * LIFETIME))


class Predicting(Thief):
    """Tries when the victim should just have refreshed: `margin` seconds after the access token that came with `iat`.

    One that `asks_first` asks `verify/` before, and stops if its token is spent.
    """

    def __init__(self, *args, margin, asks_first=False, **options):
        self._margin, self._asks_first = margin, asks_first
        super().__init__(*args, **options)

    def plan(self):
        expected = self.second_of("iat", self.tokens["refresh"]) + LIFETIME + self._margin
        self.next_at = expected if expected > self.clock.now else self.clock.now + LIFETIME

    def act(self):
        if self._asks_first and self.post("verify/", token=self.tokens["refresh"]).status_code != 200:
            self.next_at = inf
        else:
            self.attempt()


class Polling(Thief):
    """Asks `verify/` and `sessions/` every POLL seconds, and refreshes at every sign of a rotation.

    It has another login of the same user too, so it may ask `sessions/` at any time. One that is `careful` does not
    try a token that `verify/` refuses.
    """

    def __init__(self, *args, careful, **options):
        self._careful = careful
        super().__init__(*args, **options)
        self._other = Person(self.clock, self.random, AGENT_OF_THIEF, ADDRESS_OF_THIEF)
        self._other.log_in(self.username)
        self._last = self._look()

    def plan(self):
        self._last = None
        self.next_at = self.clock.now + POLL

    def act(self):
        is_good = self.post("verify/", token=self.tokens["refresh"]).status_code == 200
        seen, last = self._look(), self._last
        self._last, self.next_at = seen, self.clock.now + POLL
        if not is_good and self._careful:
            self.next_at = inf
        elif not is_good or is_sign(last, seen):
            self.attempt()

    def _look(self):
        """What `sessions/` shows of the stolen session: to the other login, and to an access token of its own."""
        if self.second_of("exp", self._other.tokens["access"]) <= self.clock.now:
            self._other.refresh()
        return {
            (position, name): (value, self.clock.since(value))
            for position, access in enumerate([self._other.tokens["access"], self.tokens.get("access")])
            for name, value in self._listed(access).items()
        }

    def _listed(self, access):
        response = self.get("token/sessions/", access) if access else None
        if response is None or response.status_code != 200:
            return {}
        sid = claims(self.tokens["refresh"])["sid"]
        return next((session for session in response.json() if session["id"] == sid), {})


def is_sign(last, seen):
    """Whether a session was changed between two looks by more than the time that went by.

    A time that stays the same, or that is always equally far from now, is no sign.
    """
    both = last.keys() & seen.keys() if last else ()
    return any(last[name][0] != seen[name][0] and last[name][1] != seen[name][1] for name in both)
