"""Clients that carry their tokens in different ways. They know HTTP and JSON only."""

import http.client
import json
from copy import copy
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

PATIENCE = 30
SCOPE = "orders:read orders:write"


def scopes(user, request):
    """A project's USER_SCOPES."""
    return SCOPE


class HeaderMode:
    """A client that keeps both tokens itself. Its methods return (status, code); the code is None without a refusal."""

    settings = {}
    """Settings of SIMPLE_JWT that the mode needs."""
    access_name, refresh_name = "access", "refresh"
    call_has_code = True
    """Whether the 401 to a refused access token has a code."""

    def __init__(self, url):
        self.address = urlsplit(url).netloc
        self.access = self.refresh_token = None

    def login(self, username, password):
        """Log in and keep the tokens."""
        return self.take(self.post("token/", {"username": username, "password": password}))

    def call(self):
        """A request to a protected view. A 401 says that the token is to blame (RFC 6750 section 3.1)."""
        response = self.send("GET", "whoami/", **self.authorization)
        assert response[0] == 200 or 'error="invalid_token"' in response[1]["WWW-Authenticate"]
        return answer(response)

    def refresh(self):
        """Exchange the refresh token."""
        return self.take(self.post("token/refresh/", {self.refresh_name: self.refresh_token}))

    def change_password(self, password):
        """Change the password as the logged-in user."""
        return answer(self.post("password/", {"password": password}, **self.authorization))

    def logout(self):
        """End the session. The client still has its tokens."""
        return answer(self.post("token/logout/", {self.refresh_name: self.refresh_token}))

    def stolen(self):
        """A thief with the same tokens."""
        return copy(self)

    @property
    def authorization(self):
        """The headers of an authenticated request."""
        return {"Authorization": f"Bearer {self.access}"}

    def take(self, response):
        """Keep the tokens of an answer."""
        status, _headers, body = response
        if status == 200:
            self.access, self.refresh_token = body[self.access_name], body[self.refresh_name]
        return answer(response)

    def post(self, path, body, **headers):
        """The response to a POST of JSON."""
        return self.send("POST", path, json.dumps(body), **{"Content-Type": "application/json"} | headers)

    def send(self, method, path, body=None, **headers):
        """(status, headers, body) of a response; None for an empty body."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request(method, f"/api/{path}", body, headers)
            response = connection.getresponse()
            content = response.read()
            return response.status, response.headers, json.loads(content) if content else None
        finally:
            connection.close()


class OAuthStyle(HeaderMode):
    """A client that expects the names of RFC 6749."""

    settings = {"TOKEN_RESPONSE_STYLE": "oauth", "USER_SCOPES": f"{__name__}.scopes"}
    access_name, refresh_name = "access_token", "refresh_token"

    def take(self, response):
        """As above. The answer is one of RFC 6749 section 5.1, with nothing else in it."""
        status, _headers, body = response
        if status == 200:
            assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in", "scope"}
            assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 300, SCOPE)
        return super().take(response)


def answer(response):
    """The status and the code of a response."""
    status, _headers, body = response
    return status, (body or {}).get("code")


class CookieMode(HeaderMode):
    """A page whose refresh token is in a cookie. It has the access token and the CSRF token in memory."""

    def __init__(self, url):
        super().__init__(url)
        self.cookies = {}
        self.obeys = True
        self.csrf = None

    def login(self, username, password):
        """Ask for the CSRF token, and log in."""
        self.csrf = self.visit("GET", "csrf/")[2]["csrf_token"]
        return self.take(self.visit("POST", "", {"username": username, "password": password}))

    def refresh(self):
        """Exchange the token of the cookie."""
        return self.take(self.visit("POST", "refresh/"))

    def logout(self):
        """End the session of the cookie. The answer deletes the cookie."""
        done = answer(self.visit("POST", "logout/"))
        assert not self.cookies.keys() - {"csrftoken"}
        return done

    def stolen(self):
        """A thief with the same cookies and tokens, who does not let the server delete them."""
        thief = super().stolen()
        thief.cookies, thief.obeys = dict(self.cookies), False
        return thief

    def take(self, response):
        """Keep what the page gets, which is never the refresh token."""
        status, headers, body = response
        if status == 200:
            assert "refresh" not in body
            self.access, self.csrf = body.get("access"), headers["X-CSRFToken"]
        return answer(response)

    def visit(self, method, path, body=None):
        """The response of a cookie view."""
        sent = None if body is None else json.dumps(body)
        return self.send(method, f"session/{path}", sent, **self.cookie_headers | {"Content-Type": "application/json"})

    @property
    def cookie_headers(self):
        """What a browser sends by itself, and the CSRF token that the page adds."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookies, "Origin": f"http://{self.address}", "X-CSRFToken": self.csrf or ""}

    def send(self, method, path, body=None, **headers):
        """As above. Cookies are kept."""
        response = super().send(method, path, body, **headers)
        for line in response[1].get_all("Set-Cookie", ()):
            [(name, morsel)] = SimpleCookie(line).items()
            if morsel["max-age"] != "0":
                self.cookies[name] = morsel.value
            elif self.obeys:
                self.cookies.pop(name, None)
        return response


class TwoCookiesMode(CookieMode):
    """A page with both tokens in cookies."""

    settings = {"AUTH_COOKIE_ACCESS": "access_token"}
    call_has_code = False  # a refused cookie counts as no credentials

    @property
    def authorization(self):
        """The cookies."""
        return self.cookie_headers

    def take(self, response):
        """Keep the CSRF token. The body has no token at all."""
        status, _headers, body = response
        assert status != 200 or body == {}
        return super().take(response)


MODES = (HeaderMode, CookieMode, TwoCookiesMode, OAuthStyle)
