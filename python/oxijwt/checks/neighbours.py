"""Checks of other packages whose views end our tokens: dj-rest-auth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from oxijwt.records import can_end_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SIMPLEJWT_BLACKLIST = "rest_framework_simplejwt.token_blacklist"
"""dj-rest-auth looks for this name in INSTALLED_APPS. It does not know oxijwt's name of the same app."""


def dj_rest_auth() -> Iterable[CheckMessage]:
    """A finding if the logout view of dj-rest-auth leaves the refresh token alive."""
    if can_end_tokens() and makes_tokens() and not takes_refresh_tokens():
        yield CheckWarning(
            f"dj-rest-auth's logout ignores the refresh token, because INSTALLED_APPS does not have"
            f" '{SIMPLEJWT_BLACKLIST}'. It ends at most the session of the request's access token.",
            hint=f"Add '{SIMPLEJWT_BLACKLIST}' (it is oxijwt's app under oxijwt.as_simplejwt), or serve"
            " oxijwt.token_sessions.views.token_logout in place of dj-rest-auth's logout and silence this check.",
            id="oxijwt.W035",
        )


def makes_tokens() -> bool:
    """Whether dj-rest-auth is installed and its login answers with our tokens."""
    options: Mapping[str, object] = getattr(settings, "REST_AUTH", None) or {}
    return apps.is_installed("dj_rest_auth") and bool(options.get("USE_JWT"))


def takes_refresh_tokens() -> bool:
    """Whether dj-rest-auth's logout view reads the refresh token of the request, and ends it."""
    return makes_tokens() and SIMPLEJWT_BLACKLIST in settings.INSTALLED_APPS
