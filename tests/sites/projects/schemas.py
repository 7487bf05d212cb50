"""Writes the schemas of described_site into a folder, as `manage.py spectacular` does: one for each style.

Then it plays each style's endpoints. Each body that it sends, and each answer that it gets, must be what the schema
says. It prints a JSON object: by style, the answers that the schema describes and that no request got.
"""

import json
import logging
import sys
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime
from pathlib import Path

import django
import yaml
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client, override_settings
from jsonschema import FormatChecker, validate

PASSWORD = "correct horse battery staple"
LOGIN = {"username": "ada", "password": PASSWORD}


def resolved(schema, whole, hidden):
    """A schema without references and without the fields that only the other direction has."""
    if "$ref" in schema:
        schema = whole["components"]["schemas"][schema["$ref"].rsplit("/")[-1]]
    schema = deepcopy(schema)
    if "properties" in schema:
        left = {name: field for name, field in schema["properties"].items() if not field.get(hidden)}
        schema["properties"] = {name: resolved(field, whole, hidden) for name, field in left.items()}
        schema["required"] = [name for name in schema.get("required", []) if name in left]
        schema["additionalProperties"] = False
    if schema.pop("nullable", False):  # OpenAPI 3.0's word
        schema["type"] = [schema["type"], "null"]
    if "items" in schema:
        schema["items"] = resolved(schema["items"], whole, hidden)
    for word in {"allOf", "oneOf"} & {*schema}:
        schema[word] = [resolved(part, whole, hidden) for part in schema[word]]
    return schema


def check(value, schema, whole, hidden):
    """The value must be what the schema says, in its formats too."""
    validate(value, resolved(schema, whole, hidden), format_checker=FORMATS)


FORMATS = FormatChecker(("uuid",))
FORMATS.checks("date-time", raises=ValueError)(lambda text: datetime.fromisoformat(text).tzinfo is not None)


@contextmanager
def no_database():
    """The database refuses each statement meanwhile."""

    def refuse(*_arguments):
        raise OperationalError("down")

    logging.disable()
    with connection.execute_wrapper(refuse):
        yield
    logging.disable(logging.NOTSET)


class Player:
    """Sends requests to the endpoints of a schema. `unseen` are the answers that it describes and that did not come."""

    def __init__(self, schema, style):
        self.schema, self.client = schema, Client()
        self.refresh, self.access, self.token = NAMES[style]
        self.scope = {"scope": "read"} if style == "oauth" else {}
        self.prefix = settings.SIMPLE_JWT.get("AUTH_HEADER_TYPES", ["Bearer"])[0]
        self.header = settings.SIMPLE_JWT.get("AUTH_HEADER_NAME", "HTTP_AUTHORIZATION").removeprefix("HTTP_")
        self.unseen = {(name, status) for name, operation in self.operations() for status in operation["responses"]}

    def operations(self):
        """(name, operation) of each one that this package describes, for example "post /token/"."""
        for path, methods in self.schema["paths"].items():
            for method, operation in methods.items():
                if not {"own"} & {*operation["tags"]} or path == "/own/code/":
                    yield f"{method} {path}", operation

    def send(self, name, body=None, **options):
        """The answer to a request. Its body must be one that the schema allows."""
        method, path = name.split()
        if body is not None:
            sent = self.schema["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
            check(body, sent, self.schema, "readOnly")
        return self.try_sending(name, json.dumps(body or {}), **options)

    def try_sending(self, name, text, *, url=None, content_type="application/json", **headers):
        """The same with a text that the schema may not allow."""
        method, path = name.split()
        url = (url or path).replace("{id}", UNKNOWN)
        response = self.client.generic(method.upper(), url, text, content_type, headers=headers)
        described = self.schema["paths"][path][method]["responses"][str(response.status_code)]
        self.unseen.discard((name, str(response.status_code)))
        # A cookie view that has its token in the body sets no cookie, and answers no CSRF token.
        optional = {"Set-Cookie", "X-CSRFToken"} if self.refresh in text else set()
        for header in {*described.get("headers", {})} - optional:
            assert response.cookies if header == "Set-Cookie" else header in response.headers, (name, header)
        if "content" not in described:
            assert response.content == b"", name
            return None
        answer = described["content"][response.headers["Content-Type"].split(";")[0]]["schema"]
        check(response.json(), answer, self.schema, "writeOnly")
        return response.json()

    def by(self, pair):
        """The header with an access token."""
        return {self.header: f"{self.prefix} {pair[self.access]}"}

    def log_in(self):
        return self.send("post /token/", LOGIN)


def play(schema, style):
    """Play the endpoints. The answers that did not come."""
    player = Player(schema, style)
    with_tokens(player)
    if apps.is_installed("oxijwt.token_sessions"):
        with_sessions(player)
    pair = player.log_in()
    player.send("post /token/blacklist/", {player.refresh: pair[player.refresh]})
    with_cookies(player)
    without_database(player)
    refused(player)
    return sorted(map(" ".join, player.unseen))


def with_tokens(player):
    """Logins, refreshes and the other requests that every site answers."""
    send, refresh, token, scope = player.send, player.refresh, player.token, player.scope
    for path in ("/token/", "/async/token/"):
        pair = send(f"post {path}", LOGIN | scope)
    for path in ("/token/refresh/", "/async/refresh/"):
        pair |= send(f"post {path}", {refresh: pair[refresh]} | scope)
    if scope:
        assert send("post /token/", LOGIN | {"scope": "everything"})["code"] == "invalid_scope"
    sliding = send("post /token/sliding/", LOGIN | scope)
    send("post /token/sliding/refresh/", {"token": sliding[token]})
    send("post /token/verify/", {"token": pair[player.access]})
    send("post /own/code/", LOGIN | {"code": "123"})
    send("get /token/.well-known/jwks.json")
    send("get /token/.well-known/jwks.json", **{"If-None-Match": "*"})
    send("get /name/", **player.by(pair))


def with_sessions(player):
    """The sessions of a user, and logouts."""
    send, pair, other = player.send, player.log_in(), player.log_in()
    sessions = send("get /token/sessions/", **player.by(pair))
    if player.scope:
        sessions = sessions["results"]
        send("get /token/sessions/", url="/token/sessions/?page=9", **player.by(pair))
    send("get /token/sessions/", **{player.header: f"{player.prefix} no.good.token"})
    ended = next(session["id"] for session in sessions if not session["current"])
    for _twice in range(2):
        send("delete /token/sessions/{id}/", url=f"/token/sessions/{ended}/", **player.by(pair))
    send("post /token/logout/", {player.refresh: other[player.refresh], "scope": "local"})
    player.try_sending("post /token/logout/", '{"scope": "nowhere"}')
    send("post /async/logout/", {"scope": "others"}, **player.by(pair))
    send("post /token/logout/", {}, **player.by(pair))
    send("get /token/sessions/", **player.by(pair))


def with_cookies(player):
    """Logins, refreshes and logouts with cookies, and of a client of the same site that has none."""
    player.client = Client(enforce_csrf_checks=True)
    send = player.send
    csrf = {"X-CSRFToken": send("get /session/csrf/")["csrf_token"]}
    send("post /session/", LOGIN | player.scope, **csrf)
    csrf = {"X-CSRFToken": send("get /session/csrf/")["csrf_token"]}
    send("post /session/refresh/", **csrf)
    send("post /session/logout/", {}, **csrf)
    pair = player.log_in()
    answer = player.client.post("/session/refresh/", {player.refresh: pair[player.refresh]}, "application/json")
    described = player.schema["components"]["schemas"]["CookieRefresh"]
    check(answer.json(), described, player.schema, "writeOnly")
    assert player.access in answer.json()


def bodies(player, pair):
    """A good body of each operation that asks the database."""
    yield from (("post /token/", LOGIN), ("post /async/token/", LOGIN), ("post /session/", LOGIN))
    yield from (("post /token/sliding/", LOGIN), ("post /own/code/", LOGIN | {"code": "123"}))
    yield "post /token/verify/", {"token": pair[player.refresh]}
    yield "post /token/sliding/refresh/", {"token": pair["sliding"]}
    for name in ("refresh/", "blacklist/", "logout/"):
        yield f"post /token/{name}", {player.refresh: pair[player.refresh]}
    for name in ("post /async/refresh/", "post /async/logout/", "post /session/refresh/", "post /session/logout/"):
        yield name, {player.refresh: pair[player.refresh]}
    yield from (("get /token/sessions/", None), ("delete /token/sessions/{id}/", None))


def without_database(player):
    """Good requests that the site can't answer now."""
    csrf = {"X-CSRFToken": player.send("get /session/csrf/")["csrf_token"]}
    pair = player.log_in() | {"sliding": player.send("post /token/sliding/", LOGIN)[player.token]}
    known = {name for name, _operation in player.operations()}
    for name, body in bodies(player, pair):
        if name in known:
            with no_database():
                player.send(name, body, **csrf, **player.by(pair))


def refused(player):
    """Requests that each operation refuses, whatever it does. The client has cookies, but no CSRF token at first."""
    by_header = player.by(player.log_in())
    csrf = {"X-CSRFToken": player.send("get /session/csrf/")["csrf_token"]}
    player.send("post /session/", LOGIN, **csrf)
    csrf = {"X-CSRFToken": player.send("get /session/csrf/")["csrf_token"]}
    wrong_header = {player.header: f"{player.prefix} no.good.token"}
    wrong = LOGIN | {"password": "wrong", "code": "123", "token": "no token", player.refresh: "no token"}
    for name, operation in player.operations():
        if not name.startswith("get"):
            player.try_sending(name, "{}")
            player.try_sending(name, json.dumps(wrong), **csrf, **wrong_header)
        if name.startswith("post"):
            player.try_sending(name, "[", **csrf)
            player.try_sending(name, "text", content_type="text/plain", **csrf)
        if "429" in operation["responses"]:
            player.try_sending(name, "{}", **csrf, **by_header, **{"Too-Many": "yes"})


UNKNOWN = "6d1f3f0e-1c8b-4f5a-9a55-0c0f7c1e2d3b"
NAMES = {"simplejwt": ("refresh", "access", "token"), "oauth": ("refresh_token", "access_token", "access_token")}

django.setup()
call_command("migrate", verbosity=0)
get_user_model().objects.create_user(**LOGIN)

folder, unseen = Path(sys.argv[1]), {}
for style, values in settings.STYLES.items():
    with override_settings(**values, ALLOWED_HOSTS=["testserver"]):
        file = folder / f"{style}.yaml"
        call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))
        unseen[style] = play(yaml.safe_load(file.read_text()), style)
json.dump(unseen, sys.stdout)
