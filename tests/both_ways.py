"""Authenticating a token in sync and in async code, for a comparison."""

from asgiref.sync import async_to_sync
from django.db import connections
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework.exceptions import APIException

from oxijwt.authentication import JWTAuthentication


def answer_of(call):
    """What a call answers: the user and the claims, or the exception with its detail. A refusal is an answer too."""
    try:
        answered = call()
    except APIException as error:
        return type(error), error.detail
    except KeyError as error:  # of a project's `get_user`
        return type(error), error.args
    if answered is None:
        return None
    user, token = answered
    return type(user), str(user.pk), token.payload, getattr(token, "session", None)


def statements_of(call):
    """(What a call answers, the first word of each SQL statement that it has run)."""
    with CaptureQueriesContext(connections["default"]) as captured:
        answered = answer_of(call)
    return answered, [query["sql"].split()[0] for query in captured.captured_queries]


def bearer_request(token):
    """A Django request with a token, or without one for None."""
    return RequestFactory().get("/", headers={} if token is None else {"Authorization": f"Bearer {token}"})


def sync_and_async(token, authentication=JWTAuthentication):
    """The answers and statements of `authenticate` and of `aauthenticate` to requests with a token."""
    chosen = authentication()
    return (
        statements_of(lambda: chosen.authenticate(bearer_request(token))),
        statements_of(lambda: async_to_sync(chosen.aauthenticate)(bearer_request(token))),
    )
