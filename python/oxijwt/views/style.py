"""The names in bodies and answers: simplejwt's, or with TOKEN_RESPONSE_STYLE "oauth" those of RFC 6749 section 5.1."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from oxijwt import state
from oxijwt.backends import read_unverified
from oxijwt.settings import api_settings
from oxijwt.transport.header import AUTH_HEADER_TYPES

OAUTH_NAMES = {"access": "access_token", "token": "access_token", "refresh": "refresh_token"}
"""RFC 6749's names for simplejwt's. A sliding token (`token`) authenticates requests, as an access token does."""


def with_refresh(body: Any) -> Any:
    """A body with its `refresh_token` as `refresh` too, unless it has a `refresh`."""
    if not isinstance(body, Mapping) or "refresh_token" not in body or "refresh" in body:
        return body
    if isinstance(body, QueryDict):
        copied = QueryDict(mutable=True)
        for name, texts in body.lists():
            copied.setlist(name, texts)
        copied.setlist("refresh", body.getlist("refresh_token"))
        return copied
    return {**body, "refresh": body["refresh_token"]}


def styled(answer: dict[str, Any]) -> dict[str, Any]:
    """A serializer's answer with `expires_in`, and with the names of the OAuth style if TOKEN_RESPONSE_STYLE says so.

    An answer without a token that authenticates requests is not changed.
    """
    text = answer.get("access", answer.get("token"))
    if not isinstance(text, str):
        return answer
    claims = read_unverified(state.token_backend, text).claims
    if not api_settings.uses_oauth_names:
        return {**answer, **lifetime(claims)}
    renamed = {OAUTH_NAMES.get(name, name): value for name, value in answer.items()}
    scope = {"scope": claims["scope"]} if "scope" in claims else {}
    return {**renamed, "token_type": AUTH_HEADER_TYPES[0], **lifetime(claims), **scope}


def lifetime(claims: Mapping[str, Any]) -> dict[str, int]:
    """`expires_in`: the seconds until `exp` (RFC 6749 section 5.1). Empty for claims without a time in `exp`."""
    expires_at = claims.get("exp")
    return {"expires_in": max(0, int(expires_at) - int(time.time()))} if isinstance(expires_at, int | float) else {}
