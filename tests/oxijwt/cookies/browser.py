"""A browser on the test site: it keeps cookies, sends an origin, and Django checks CSRF."""

import time

from django.test import Client

from tests.client import PASSWORD, claims, forge

REFRESH, ACCESS = "__Host-refresh_token", "__Host-access_token"
"""The full names of the two cookies under the default settings."""

HERE = "https://testserver"


class Browser(Client):
    """Sends JSON over https. With `csrf`, it has asked for the CSRF token and sends it."""

    def __init__(self, prefix="", *, csrf=True, **defaults):
        super().__init__(enforce_csrf_checks=True, **{"HTTP_ORIGIN": HERE, **defaults})
        self.prefix = prefix
        if csrf:
            self.ask_csrf()

    def ask_csrf(self):
        answer = self.get("/session/csrf/", secure=True)
        self.defaults["HTTP_X_CSRFTOKEN"] = answer["X-CSRFToken"]
        return answer

    def send(self, name, body=None, **headers):
        """POST to one of the cookie views: "", "refresh/" or "logout/"."""
        path = f"{self.prefix}/session/{name}"
        return self.post(path, {} if body is None else body, "application/json", secure=True, **headers)

    def log_in(self, username="ada", password=PASSWORD, **headers):
        answer = self.send("", {"username": username, "password": password}, **headers)
        if "X-CSRFToken" in answer:
            self.defaults["HTTP_X_CSRFTOKEN"] = answer["X-CSRFToken"]
        return answer

    def plant(self, name, value):
        """Put a cookie into the browser, as a neighbour or an earlier login may have done."""
        self.cookies[name] = value


def was_deleted(answer, name):
    morsel = answer.cookies.get(name)
    return morsel is not None and morsel.value == "" and morsel["max-age"] == 0


def bad_tokens(kind):
    """Bad tokens of a kind, by name: stale, forged, of another kind, and texts that are not tokens."""
    past = int(time.time()) - 60
    return {
        "expired": forge(claims(kind, exp=past, user_id="1")),
        "forged": forge(claims(kind, user_id="1"), key="a key of somebody else, which is long enough"),
        "of another kind": forge(claims("own", user_id="1")),
        "of nobody": forge(claims(kind, user_id="987654")),
        "no token": "no-token",
        "spaces": "a b",
        "control characters": "a\x00b\x1fc",
        "not ASCII": "a.b.\xe9\xff",
        "too long": "a" * 20_000,
    }
