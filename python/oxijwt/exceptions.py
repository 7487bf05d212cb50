"""All exceptions of the package, with simplejwt's names.

Each layer translates a refusal once: `TokenBackendError` (backends) → `TokenError` (tokens) → `InvalidToken` (401).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, InternalError, OperationalError
from rest_framework import exceptions, status

from .locale import gettext_lazy as _

if TYPE_CHECKING:
    from django.db import Error
    from django_stubs_ext import StrOrPromise

logger: logging.Logger = logging.getLogger("oxijwt")


class TokenError(Exception):
    """A token is malformed, expired, revoked or of the wrong kind."""


class ExpiredTokenError(TokenError):
    """The time in a token's `exp` has passed."""


SESSION_MESSAGES = {
    "session_revoked": _("The session was ended"),
    "session_expired": _("The session has expired"),
    "token_reused": _("The token was used before"),
    "password_changed": _("The user's password has been changed."),
    "user_not_found": _("User not found"),
    "user_inactive": _("User is inactive"),
    "token_not_valid": _("Token is invalid"),
}
"""The message of a SessionError, by its code."""


class SessionError(TokenError):
    """A token's session refuses it. `code` is a key of SESSION_MESSAGES, and the 401 has the same code."""

    def __init__(self, code: str) -> None:
        super().__init__(SESSION_MESSAGES[code])
        self.code = code


class TokenReusedError(SessionError):
    """A client sent a refresh token that was spent before. Reading it for a refresh has ended its session."""

    def __init__(self) -> None:
        super().__init__("token_reused")


class TokenBackendError(Exception):
    """The backend can't read or make a token."""


class TokenBackendExpiredToken(TokenBackendError):  # noqa: N818  simplejwt's name
    """The backend read a token, and the time in its `exp` has passed."""


class KeyConfigurationError(ImproperlyConfigured):
    """A key setting can't be used. The message names the setting and the reason, never the key."""


class KeyFileMissingError(KeyConfigurationError):
    """KEY_FILE names a file that does not exist."""


class DetailDictMixin:
    """Turns DRF's `detail` into a dict with `detail` and `code`, which clients of simplejwt read."""

    default_detail: Any
    default_code: str

    def __init__(self, detail: dict[str, Any] | StrOrPromise | None = None, code: str | None = None) -> None:
        body: dict[str, object] = {"detail": self.default_detail, "code": self.default_code}
        if isinstance(detail, dict):
            body.update(detail)
        elif detail is not None:
            body["detail"] = detail
        if code is not None:
            body["code"] = code
        super().__init__(body)  # type: ignore[call-arg]  # the next class is one of DRF's exceptions


class AuthenticationFailed(DetailDictMixin, exceptions.AuthenticationFailed):
    """401 with a `code` in the body."""


class UserDeleted(AuthenticationFailed):
    """401 `user_not_found`: the user was deleted while a token was made.

    Code that makes tokens expects no TokenError, but DRF answers a view that raises this with 401.
    """

    default_detail: StrOrPromise = SESSION_MESSAGES["user_not_found"]
    default_code = "user_not_found"


class InvalidToken(AuthenticationFailed):
    """401 `token_not_valid`."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_detail: StrOrPromise = _("Token is invalid or expired")
    default_code = "token_not_valid"


class InvalidScope(DetailDictMixin, exceptions.APIException):
    """400 `invalid_scope`: the scope can't be read, or is more than is allowed (RFC 6749 section 5.2)."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_detail: StrOrPromise = _("The scope is more than what is allowed.")
    default_code = "invalid_scope"


class InsufficientScope(DetailDictMixin, exceptions.PermissionDenied):
    """403 `insufficient_scope`: the token is valid, but it does not have the scope that the request needs.

    DRF sends `auth_header` as the header WWW-Authenticate (RFC 6750 section 3.1).
    """

    default_detail: StrOrPromise = _("The token does not have the scope that this request needs.")
    default_code = "insufficient_scope"

    def __init__(self, auth_header: str) -> None:
        super().__init__()
        self.auth_header = auth_header


class CsrfFailed(DetailDictMixin, exceptions.PermissionDenied):
    """403 `csrf_failed`: the token is in a cookie, and the request did not pass Django's CSRF check."""

    default_detail: StrOrPromise = _("CSRF Failed")
    default_code = "csrf_failed"


class ServiceUnavailable(DetailDictMixin, exceptions.APIException):
    """503 `service_unavailable`: the database or cache that decides about a token is busy or down.

    The client may repeat the request. DRF turns `wait`, in seconds, into the header Retry-After.
    """

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail: StrOrPromise = _("The service is temporarily unavailable, try again.")
    default_code = "service_unavailable"
    wait = 1


READ_ONLY = "25006"
"""read_only_sql_transaction, an SQLSTATE."""


def refuse_if_unavailable(error: Error) -> None:
    """Raise ServiceUnavailable if the database is down, restarts, is busy or is read-only.

    The cause is logged, since error reports have no exception that is answered. The log has no traceback, because its
    variables would be tokens and passwords.
    """
    if isinstance(error, InternalError):
        # psycopg calls it `sqlstate`, psycopg2 `pgcode`.
        is_unavailable = READ_ONLY in {getattr(error.__cause__, name, None) for name in ("sqlstate", "pgcode")}
    else:
        is_unavailable = isinstance(error, OperationalError | InterfaceError)
    if is_unavailable:
        logger.warning("The database is not available: %s: %s", type(error).__name__, error)
        raise ServiceUnavailable from error


def invalid_token(error: TokenError) -> InvalidToken:
    """The 401 for a TokenError, with the same message. A SessionError also sets the code."""
    return InvalidToken(error.args[0], code=getattr(error, "code", None))


class AccountRefused(exceptions.AuthenticationFailed):
    """401: the token is good, but its user may not get another one. The body has no `code`, as in simplejwt."""
