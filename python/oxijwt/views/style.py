"""The names in bodies and answers: simplejwt's, or with TOKEN_RESPONSE_STYLE "oauth" those of RFC 6749 section 5.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.views.decorators.debug import sensitive_variables

from oxijwt import state
from oxijwt.backends import read_unverified
from oxijwt.exceptions import TokenBackendError
from oxijwt.settings import api_settings
from oxijwt.transport.header import AUTH_HEADER_TYPES
from oxijwt.utils import seconds_left

if TYPE_CHECKING:
    from oxijwt.utils import Claims

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
    claims = claims_of(text)
    if not api_settings.uses_oauth_names:
        return {**answer, **lifetime(claims)}
    renamed = {OAUTH_NAMES.get(name, name): value for name, value in answer.items()}
    scope = {"scope": claims["scope"]} if "scope" in claims else {}
    return {**renamed, "token_type": AUTH_HEADER_TYPES[0], **lifetime(claims), **scope}


@sensitive_variables()
def claims_of(text: str) -> Claims:
    """The claims of a token that this site has made; empty for a project's own token that no backend can read.

    The database was changed before, so the answer must not fail.
    """
    try:
        return read_unverified(state.token_backend, text).claims
    except TokenBackendError:
        return {}


def lifetime(claims: Claims) -> dict[str, int]:
    """`expires_in`: the seconds until `exp` (RFC 6749 section 5.1). Empty for claims without a time in `exp`."""
    left = seconds_left(claims)
    return {} if left is None else {"expires_in": left}
