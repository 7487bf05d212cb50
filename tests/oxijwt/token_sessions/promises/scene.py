"""A user with two logins, and the processes that can be asked about them."""

import json
from dataclasses import dataclass

from django.test import Client

from tests.oxijwt.token_sessions.client import PASSWORD

HERE, ELSEWHERE, WITHOUT_DATABASE = "here", "elsewhere", "without a database"
"""Where a consumer runs: in this process, in another one, or in another one that has no database."""


class ThisProcess:
    """Requests to this process, as a Node takes them."""

    def request(self, method, path, body=None, access=None):
        """(status, body) of the answer."""
        headers = {} if access is None else {"HTTP_AUTHORIZATION": f"Bearer {access}"}
        response = Client().generic(method, path, json.dumps(body), "application/json", **headers)
        return response.status_code, response.json() if response.content else {}


@dataclass
class Scene:
    """A user, the login that a promise ends, and the user's other login."""

    user: object
    processes: dict
    mine: dict
    other: dict

    def ask(self, consumer, tokens):
        """(status, code) of a consumer's answer to one of the logins."""
        status, body = consumer.ask(self.processes[consumer.where], tokens)
        return status, body.get("code")


def log_in(process, user):
    """The tokens of a login."""
    credentials = {"username": user.username, "password": PASSWORD}
    status, tokens = process.request("POST", "/api/token/", credentials)
    assert status == 200, tokens
    return tokens
