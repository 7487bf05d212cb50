"""Clients that carry their tokens in different ways. They know HTTP and JSON only."""

import http.client
import json
from copy import copy
from urllib.parse import urlsplit

PATIENCE = 30


class HeaderMode:
    """A client that keeps both tokens itself. Its methods return (status, code); the code is None without a refusal."""

    settings = {}
    """Settings of SIMPLE_JWT that the mode needs."""
    access_name, refresh_name = "access", "refresh"

    def __init__(self, url):
        self.address = urlsplit(url).netloc
        self.access = self.refresh_token = None

    def login(self, username, password):
        """Log in and keep the tokens."""
        return self.take(self.post("token/", {"username": username, "password": password}))

    def call(self):
        """A request to a protected view."""
        return answer(self.send("GET", "whoami/", **self.authorization))

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

    settings = {"TOKEN_RESPONSE_STYLE": "oauth"}
    access_name, refresh_name = "access_token", "refresh_token"

    def take(self, response):
        """As above. The answer is one of RFC 6749 section 5.1, with nothing else in it."""
        status, _headers, body = response
        if status == 200:
            assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
            assert (body["token_type"], body["expires_in"]) == ("Bearer", 300)
        return super().take(response)


def answer(response):
    """The status and the code of a response."""
    status, _headers, body = response
    return status, (body or {}).get("code")


MODES = (HeaderMode,)
