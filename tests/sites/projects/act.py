"""Acts on a project as its users do: a JSON list of steps in, a JSON list of [status, body] out.

The settings module decides which library answers. A step is ["user", name] or [path, argument, save as]: an argument
or a member of one that starts with "$" stands for something that an earlier step saved.
"""

import json
import sys

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402  after setup
from django.test import Client  # noqa: E402
from rest_framework_simplejwt import views  # noqa: E402

PASSWORD = "correct horse battery staple"


def post(path, body):
    response = Client(raise_request_exception=True).post(f"/{path}/", body, content_type="application/json")
    return [response.status_code, response.json(), response.headers.get("WWW-Authenticate")]


def protected(token):
    response = Client().get("/protected/", headers={"Authorization": f"Bearer {token}"})
    return [response.status_code, response.json(), response.headers.get("WWW-Authenticate")]


def act(kind, argument):
    if kind == "user":
        get_user_model().objects.create_user(argument, password=PASSWORD)
        return [201, {}, None]
    if kind == "protected":
        return protected(argument)
    if kind.endswith("login"):
        return post(kind, {"username": argument, "password": PASSWORD})
    member = "token" if kind in {"verify", "sliding/refresh"} else "refresh"
    return post(kind, {member: argument})


saved, steps = json.load(sys.stdin)
answers = []
for kind, argument, *names in steps:
    status, body, challenge = act(kind, saved.get(argument, argument))
    answers.append([status, body, challenge])
    for name in names:
        saved[f"${name}"] = body.get("refresh") or body.get("token")
        saved[f"${name}.access"] = body.get("access")
json.dump({"saved": saved, "answers": answers, "library": views.__file__}, sys.stdout)
