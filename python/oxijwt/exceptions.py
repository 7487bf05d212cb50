"""Every exception of the package, in simplejwt's names.

A refusal is translated once per layer: `TokenBackendError` (backends) → `TokenError` (tokens) → `InvalidToken` (401).
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status


class TokenError(Exception):
    """A token is malformed, expired, revoked or of the wrong kind."""


class ExpiredTokenError(TokenError):
    """A token's `exp` has passed."""


SESSION_MESSAGES = {
    "session_revoked": _("The session was ended"),
    "session_expired": _("The session has expired"),
    "token_reused": _("The token was used before"),
    "password_changed": _("The user's password has been changed."),
    "user_not_found": _("User not found"),
    "user_inactive": _("User is inactive"),
    "token_not_valid": _("Token is invalid"),
}


class SessionError(TokenError):
    """A token's session refuses it; `code` is one of SESSION_MESSAGES and the code of the 401."""

    def __init__(self, code: str) -> None:
        super().__init__(SESSION_MESSAGES[code])
        self.code = code


class TokenReusedError(SessionError):
    """A spent refresh token came back; `end_session()` ends the session it belongs to."""

    def __init__(self, end_session: Callable[[], None]) -> None:
        super().__init__("token_reused")
        self.end_session = end_session


class ServiceUnavailable(exceptions.APIException):
    """503: what decides over a token could not be asked, or was busy. The request may be repeated."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("The service is temporarily unavailable, try again.")
    default_code = "service_unavailable"


class TokenBackendError(Exception):
    """The backend can't read or make a token."""


class TokenBackendExpiredToken(TokenBackendError):  # noqa: N818  simplejwt's name
    """The backend read a token whose `exp` has passed."""


class KeyConfigurationError(ImproperlyConfigured):
    """A key setting can't be used. The message names the setting and the reason, never the key."""


class DetailDictMixin:
    """Turns DRF's `detail` into a dict with `detail` and `code`, which is what clients of simplejwt read."""

    default_detail: Any
    default_code: str

    def __init__(self, detail: dict[str, Any] | str | Promise | None = None, code: str | None = None) -> None:
        body: dict[str, Any] = {"detail": self.default_detail, "code": self.default_code}
        if isinstance(detail, dict):
            body.update(detail)
        elif detail is not None:
            body["detail"] = detail
        if code is not None:
            body["code"] = code
        super().__init__(body)  # type: ignore[call-arg]  # the next class is one of DRF's exceptions


class AuthenticationFailed(DetailDictMixin, exceptions.AuthenticationFailed):
    """401 with a `code` in the body."""


class InvalidToken(AuthenticationFailed):
    """401 `token_not_valid`."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_detail = _("Token is invalid or expired")
    default_code = "token_not_valid"


class AccountRefused(exceptions.AuthenticationFailed):
    """401 of a good token whose user may have no more of them; its body has no `code`, as in simplejwt."""
