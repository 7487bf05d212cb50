"""Writes the schemas of described_site into a folder, as `manage.py spectacular` does: one for each style.

Then it plays each style's endpoints. Each body that it sends, and each answer that it gets, must be what the schema
says. It prints a JSON object: the statuses that were seen, by style and operation.
"""

import json
import sys
from copy import deepcopy
from pathlib import Path

import django
import yaml
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client, override_settings
from jsonschema import validate

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
    if "allOf" in schema:
        schema["allOf"] = [resolved(part, whole, hidden) for part in schema["allOf"]]
    return schema


class Player:
    """Sends requests to the endpoints of a schema."""

    def __init__(self, schema):
        self.schema = schema
        self.seen = {}
        self.client = Client()

    def send(self, operation, body=None, *, url=None, **headers):
        """The answer to a request, for example "post /token/". Its body must be one that the schema allows."""
        method, path = operation.split()
        described = self.schema["paths"][path][method]
        if body is not None:
            sent = described["requestBody"]["content"]["application/json"]["schema"]
            validate(body, resolved(sent, self.schema, "readOnly"))
        return self.try_sending(operation, body, url=url, **headers)

    def try_sending(self, operation, body=None, *, url=None, **headers):
        """The same with a body that the schema does not allow."""
        method, path = operation.split()
        response = self.client.generic(
            method.upper(), url or path, json.dumps(body or {}), content_type="application/json", headers=headers
        )
        described = self.schema["paths"][path][method]["responses"][str(response.status_code)]
        self.seen.setdefault(operation, []).append(response.status_code)
        for name in described.get("headers", {}):
            assert response.cookies if name == "Set-Cookie" else name in response.headers, (operation, name)
        if "content" not in described:
            assert response.content == b"", operation
            return None
        answer = described["content"][response.headers["Content-Type"].split(";")[0]]["schema"]
        validate(response.json(), resolved(answer, self.schema, "writeOnly"))
        return response.json()


def play(schema, style):
    """Play the endpoints. The statuses that were seen, by operation."""
    player = Player(schema)
    refresh, access, token = ("refresh_token", "access_token", "access_token") if style == "oauth" else TOKENS
    scope = {"scope": "read"} if style == "oauth" else {}
    send, prefix = player.send, settings.SIMPLE_JWT.get("AUTH_HEADER_TYPES", ["Bearer"])[0]
    header = settings.SIMPLE_JWT.get("AUTH_HEADER_NAME", "HTTP_AUTHORIZATION").removeprefix("HTTP_")

    for path in ("/token/", "/async/token/"):
        pair = send(f"post {path}", LOGIN | scope)
        send(f"post {path}", LOGIN | {"password": "wrong"})
        player.try_sending(f"post {path}", {})
    for path in ("/token/refresh/", "/async/refresh/"):
        pair |= send(f"post {path}", {refresh: pair[refresh]} | scope)
        send(f"post {path}", {refresh: "no token"})
        player.try_sending(f"post {path}", {})
    sliding = send("post /token/sliding/", LOGIN | scope)
    sliding = send("post /token/sliding/refresh/", {"token": sliding[token]})
    send("post /token/sliding/refresh/", {"token": "no token"})
    send("post /token/verify/", {"token": pair[access]})
    send("post /token/verify/", {"token": "no token"})
    send("get /token/.well-known/jwks.json")

    by_header = {header: f"{prefix} {pair[access]}"}
    send("get /name/", **by_header)
    if apps.is_installed("oxijwt.token_sessions"):
        other = send("post /token/", LOGIN)
        sessions = send("get /token/sessions/", **by_header)
        send("get /token/sessions/")
        send("get /token/sessions/", **{header: f"{prefix} no.good.token"})
        if style == "oauth":
            sessions = sessions["results"]
            send("get /token/sessions/", url="/token/sessions/?page=9", **by_header)
        ended = next(session["id"] for session in sessions if not session["current"])
        for _twice in range(2):
            send("delete /token/sessions/{id}/", url=f"/token/sessions/{ended}/", **by_header)
        send("delete /token/sessions/{id}/", url=f"/token/sessions/{ended}/")
        send("post /token/logout/", {refresh: other[refresh], "scope": "local"})
        send("post /token/logout/", {refresh: "no token"})
        player.try_sending("post /token/logout/", {"scope": "nowhere"})
        send("post /async/logout/", {"scope": "others"}, **by_header)
        send("post /token/logout/", {}, **by_header)
        pair = send("post /token/", LOGIN)
    send("post /token/blacklist/", {refresh: pair[refresh]})
    send("post /token/blacklist/", {refresh: "no token"})

    player.client = Client(enforce_csrf_checks=True)
    send("post /session/", LOGIN)
    csrf = {"X-CSRFToken": send("get /session/csrf/")["csrf_token"]}
    send("post /session/", LOGIN | scope, **csrf)
    csrf = {"X-CSRFToken": send("get /session/csrf/")["csrf_token"]}
    send("post /session/", LOGIN | {"password": "wrong"}, **csrf)
    send("post /session/refresh/", **csrf)
    send("post /session/refresh/")
    send("post /session/logout/", {}, **csrf)
    send("post /session/refresh/", **csrf)
    send("post /session/logout/", **csrf)
    return player.seen


TOKENS = ("refresh", "access", "token")

django.setup()
call_command("migrate", verbosity=0)
get_user_model().objects.create_user(**LOGIN)

folder, seen = Path(sys.argv[1]), {}
for style, values in settings.STYLES.items():
    with override_settings(**values, ALLOWED_HOSTS=["testserver"]):
        file = folder / f"{style}.yaml"
        call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))
        seen[style] = play(yaml.safe_load(file.read_text()), style)
json.dump(seen, sys.stdout)
