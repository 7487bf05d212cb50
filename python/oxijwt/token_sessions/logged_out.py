"""Django's signal `user_logged_out` ends the session of the request's token.

Other packages send it: dj-rest-auth, djoser, and each view that calls `django.contrib.auth.logout`. The logout view of
this app sends it too, but its request was not authenticated, so nothing ends twice.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.contrib.auth.signals import user_logged_out

from oxijwt.authentication import view_of
from oxijwt.checks.neighbours import takes_refresh_tokens
from oxijwt.settings import api_settings
from oxijwt.tokens import Token
from oxijwt.verifier import SignedBy

from .claims import UnknownSessionError, session_id
from .database import database, refused_while_busy
from .ending import end
from .models import RevokeReason, TokenSession

if TYPE_CHECKING:
    from django.http import HttpRequest


def connect() -> None:
    """Connect to the signal."""
    user_logged_out.connect(after_logout, dispatch_uid="oxijwt.logged_out")


def after_logout(sender: object, request: HttpRequest | None = None, **kwargs: object) -> None:
    """End the session of the token that has authenticated the request. Raises ServiceUnavailable.

    DRF keeps this token in `auth` of its request and of Django's. Only our own token has a session here.
    """
    token = getattr(request, "auth", None)
    if request is None or not isinstance(token, Token) or token.signed_by is not SignedBy.US:
        return
    if ends_by_itself(request):
        return
    session = token.session or named_session(token)
    if session is not None:
        end(session.pk, session.user_id, RevokeReason.LOGOUT)


def ends_by_itself(request: HttpRequest) -> bool:
    """Whether the signal comes from dj-rest-auth's logout view, which ends the session of its refresh token next.

    It reads the refresh token after the signal. If the session ended here, it would answer 401 to a logout that worked.
    """
    views = sys.modules.get("dj_rest_auth.views")
    return views is not None and isinstance(view_of(request), views.LogoutView) and takes_refresh_tokens()


def named_session(token: Token) -> TokenSession | None:
    """The session of a token that was accepted without a look at it, as JWTStatelessUserAuthentication does.

    One SQL statement. None if the token names no session in our table. Raises ServiceUnavailable.
    """
    try:
        sid = session_id(token.get(api_settings.SESSION_ID_CLAIM))
    except UnknownSessionError:
        return None
    with refused_while_busy():
        return TokenSession.objects.using(database()).filter(pk=sid).first()
