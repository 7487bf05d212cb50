"""Logins and refreshes through the views, in process."""

import json
from time import perf_counter

from django.test import RequestFactory

from oxijwt.token_sessions.claims import refresh_claims
from oxijwt.tokens import RefreshToken
from oxijwt.views import token_obtain_pair, token_refresh

from .databases import working_on
from .rows import PASSWORD, USER_AGENT

LIVE = "revoked_at IS NULL AND expires_at > now() AND absolute_expires_at > now()"


def log_in(alias, username):
    """The refresh token of a new login."""
    with working_on(alias):
        return _post(token_obtain_pair, {"username": username, "password": PASSWORD})["refresh"]


def refresh(alias, token):
    """The next refresh token, and the seconds that the view took."""
    with working_on(alias):
        begun = perf_counter()
        answer = _post(token_refresh, {"refresh": token})
        return answer["refresh"], perf_counter() - begun


def token_of(session):
    """The refresh token that the client of a stored session has."""
    token = RefreshToken()
    token.payload |= refresh_claims(session) | {"user_id": str(session.user_id)}
    return str(token)


def _post(view, body):
    request = RequestFactory().post(
        "/", json.dumps(body), content_type="application/json", headers={"user-agent": USER_AGENT}
    )
    response = view(request)
    if response.status_code != 200:
        raise RuntimeError(f"{response.status_code}: {response.data}")
    return response.data
