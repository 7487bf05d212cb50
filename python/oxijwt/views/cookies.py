"""The token views for browsers: the refresh token is in an HttpOnly cookie, and no script can read it.

A request changes cookies only after it has passed the CSRF check, or if its token is in a header. Otherwise a foreign
page could send a token of its own, and log the browser in as another user.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import Error
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from oxijwt.aio.loop import in_thread
from oxijwt.exceptions import AuthenticationFailed, InvalidToken, ServiceUnavailable, TokenError, logger
from oxijwt.locale import gettext_lazy as _
from oxijwt.records.blacklist import BlacklistedError
from oxijwt.settings import api_settings
from oxijwt.transport.cookies import (
    ACCESS,
    FIELDS,
    REFRESH,
    TOKEN,
    cookie_name,
    delete_cookies,
    set_cookie,
    token_cookie,
)
from oxijwt.transport.csrf import check_csrf, read_secret, send_csrf_token
from oxijwt.utils import Hidden

from . import TokenBlacklistView, TokenObtainPairView, TokenRefreshView
from .base import AsyncTokenView, NonAtomicView, TokenViewBase, refresh_token_class
from .style import OAUTH_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpResponseBase
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.request import Request

    from .base import SerializerClass


class CookieView(TokenViewBase):
    """A token view that may take its token from a cookie. It deletes the cookies if their token is refused."""

    refresh_cookie: Hidden[str] | None = None
    """The token of the refresh cookie, if this request uses it."""

    keeps_cookies: bool = False
    """Whether the browser may have newer cookies by the time of a 401, so that the 401 must not delete them."""

    uses_cookie: bool = False
    """Whether this request's token is in a cookie. The request has then passed the CSRF check."""

    def check_permissions(self, request: Request) -> None:
        """As DRF's. Then it looks for the token of a POST. Raises as `find_token`, and ParseError for the body.

        DRF calls it before throttles: a foreign page must not use up the rate of a user name or of its visitor.
        """
        super().check_permissions(request)
        if request.method == "POST":
            self.find_token(request)

    def find_token(self, request: Request) -> None:
        """Find out where the token is, and check CSRF if it needs that. Here as `take_cookie`."""
        self.take_cookie(request)

    def get_body(self, request: Request) -> Any:
        """What the serializer reads: the request's data, with the token of the cookie if this request uses it."""
        body = super().get_body(request)
        if self.refresh_cookie is None:
            return body
        body = body.copy()
        body[FIELDS[REFRESH]] = self.refresh_cookie.value
        return body

    def take_cookie(self, request: Request) -> None:
        """Use the refresh cookie, or without one the access cookie, unless the body has a refresh token.

        Raises AuthenticationFailed without any token, CsrfFailed, and InvalidToken for a cookie without a token in it.
        """
        if self.names_token(request):
            return
        held, is_enough = Hidden(token_cookie(request, REFRESH)), self.may_use_access_cookie(request)
        if held.value is None and not is_enough:
            raise AuthenticationFailed(_("The request has no refresh token."), code="not_authenticated")
        check_csrf(request)
        self.uses_cookie = True
        if held.value is not None and TOKEN.fullmatch(held.value):
            self.refresh_cookie = Hidden(held.value)
        elif not is_enough:
            raise InvalidToken

    def names_token(self, request: Request) -> bool:
        """Whether the serializer finds a refresh token in the body, or refuses the body because of its form."""
        body = super().get_body(request)
        return not isinstance(body, dict) or FIELDS[REFRESH] in body

    def may_use_access_cookie(self, request: Request) -> bool:
        """Whether the access cookie will do: not for a refresh."""
        return False

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """As DRF's. A 401 to a token in a cookie deletes the cookies, unless the browser may have newer ones."""
        finalized = super().finalize_response(request, response, *args, **kwargs)
        is_refused = self.uses_cookie and finalized.status_code == status.HTTP_401_UNAUTHORIZED
        if is_refused and not self.keeps_cookies:
            delete_cookies(finalized)
        return finalized

    def check_answer(self, made: Hidden[dict[str, Any]]) -> None:
        """Raise ImproperlyConfigured if a cookie would be too long. The serializer calls it before it writes."""
        if self.uses_cookie:
            set_cookies(HttpResponse(), made)

    def answer_in_cookies(self, data: dict[str, Any]) -> Response:
        """200 with the tokens in their cookies, and all else in the body. The answer has the CSRF token."""
        held = Hidden(dict(data))
        del data
        response = super().answer(held.value)
        for field in set_cookies(response, held):
            for name in (field, OAUTH_NAMES[field]):
                response.data.pop(name, None)
        send_csrf_token(self.request, response)
        return response


def set_cookies(response: HttpResponseBase, made: Hidden[dict[str, Any]]) -> list[str]:
    """Put the tokens into the cookies that the site uses. Returns their fields. Raises ImproperlyConfigured."""
    found = {field: setting for setting, field in FIELDS.items() if cookie_name(setting) and field in made.value}
    for field, setting in found.items():
        set_cookie(response, setting, Hidden(made.value[field]))
    return list(found)


class CookieLoginView(CookieView, TokenObtainPairView):
    """Takes credentials, and answers with an access token in the body and a refresh token in its cookie.

    It needs the CSRF check, so that no foreign page can log a browser in. No cookie can refuse it.
    """

    def post(self, request: Request, *args: object, **kwargs: object) -> Response:
        # As TokenObtainPairView's, also without a docstring. Then the session of the replaced cookie ends.
        response = super().post(request, *args, **kwargs)
        end_replaced(request, response)
        return response

    def find_token(self, request: Request) -> None:
        """A login has none. Raises CsrfFailed."""
        check_csrf(request)

    def check_answer(self, made: Hidden[dict[str, Any]]) -> None:
        """As CookieView's, for each login."""
        set_cookies(HttpResponse(), made)

    def answer(self, data: dict[str, Any]) -> Response:
        """200 with the tokens in their cookies, and with a new CSRF token, as after Django's own login."""
        rotate_token(self.request)
        return self.answer_in_cookies(data)


def end_replaced(request: Request, response: Response) -> None:
    """End the session whose refresh cookie a login's answer replaces, if both belong to one user. As Django's login.

    Otherwise it would go on: the browser has lost its token, and so a stolen copy is never seen as reuse. An error
    of the database is only logged, since the answer must reach the browser: the session then has its idle end.
    """
    name, old = cookie_name(REFRESH) or "", Hidden(token_cookie(request, REFRESH) or "")
    if not old.value or name not in response.cookies:
        return
    token_class, new = refresh_token_class(), Hidden(response.cookies[name].value)
    try:
        with suppress(TokenError, ServiceUnavailable):
            users = [token_class.read_expired(held.value).get(api_settings.USER_ID_CLAIM) for held in (old, new)]
            if users[0] == users[1]:
                token_class.end_session_of(old.value)
    except Error as error:
        logger.warning("The session that a login replaces goes on: %s: %s", type(error).__name__, error)


class CookieRefreshView(CookieView, TokenRefreshView):
    """Exchanges the refresh token of the cookie, after the CSRF check.

    A refresh token in the body comes first. It needs no CSRF token, and its answer is that of TokenRefreshView: it
    sets no cookie.
    """

    def handle_exception(self, exc: Exception) -> Response:
        """As DRF's. A blacklisted token may be one that another tab has just exchanged for newer cookies."""
        self.keeps_cookies = isinstance(exc.__cause__, BlacklistedError)
        return super().handle_exception(exc)

    def answer(self, data: dict[str, Any]) -> Response:
        """200 with the tokens where the old one was: in the cookies or in the body."""
        return self.answer_in_cookies(data) if self.uses_cookie else super().answer(data)


class LogoutMixin(CookieView):
    """Deletes both cookies after a logout, unless the body named the token: then the cookies have another one."""

    def may_use_access_cookie(self, request: Request) -> bool:
        """Whether the request has the access cookie."""
        return token_cookie(request, ACCESS) is not None

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """As DRF's. A 204 deletes the cookies, and so does a 401 to a token in a cookie."""
        finalized = super().finalize_response(request, response, *args, **kwargs)
        if finalized.status_code == status.HTTP_204_NO_CONTENT and not self.names_token(self.request):
            delete_cookies(finalized)
        return finalized


class CookieLogoutView(LogoutMixin, TokenBlacklistView):
    """POST → 204: blacklists the refresh token of the cookie or the body. For sites without oxijwt.token_sessions.

    Without an app that can end tokens, or without a refresh token, it only deletes the cookies.
    """

    def find_token(self, request: Request) -> None:
        """As `take_cookie`. Raises ValidationError for a scope that names other sessions."""
        self.take_cookie(request)
        if isinstance(request.data, dict) and request.data.get("scope", "local") != "local":
            raise ValidationError({"scope": [_("The scope must be local: this site keeps no sessions.")]})

    def may_use_access_cookie(self, request: Request) -> bool:
        """Whether the access cookie is alone: it can't end a token here, so a bad refresh token is refused."""
        return super().may_use_access_cookie(request) and token_cookie(request, REFRESH) is None

    def get_serializer_class(self) -> SerializerClass:
        """As TokenBlacklistView's. An access cookie alone names nothing that could end."""
        if self.uses_cookie and self.refresh_cookie is None:
            return Serializer
        return super().get_serializer_class()

    def answer(self, data: dict[str, Any]) -> Response:
        """204."""
        return Response(status=status.HTTP_204_NO_CONTENT)


class AsyncCookieView(AsyncTokenView):
    """A view of this module for an ASGI server."""

    def waits_at_first(self) -> bool:
        """As AsyncTokenView's. The CSRF check waits if its secret is in a session."""
        return settings.CSRF_USE_SESSIONS or super().waits_at_first()


class AsyncCookieLoginView(AsyncCookieView, CookieLoginView):
    """CookieLoginView for an ASGI server. A thread checks the credentials, since hashing takes long."""

    async def post(self, request: Request, *args: object, **kwargs: object) -> Response:  # type: ignore[override]  # async
        # As CookieLoginView's, also without a docstring.
        response = await super().post(request, *args, **kwargs)
        if token_cookie(request, REFRESH) is not None:
            await in_thread(lambda: end_replaced(request, response))
        return response


class AsyncCookieRefreshView(AsyncCookieView, CookieRefreshView):
    """CookieRefreshView for an ASGI server."""


class AsyncCookieLogoutView(AsyncCookieView, CookieLogoutView):
    """CookieLogoutView for an ASGI server. A thread ends the token."""


class CsrfView(NonAtomicView):
    """GET → 200 with Django's CSRF token, in the body and in the header X-CSRFToken; it sets Django's CSRF cookie.

    A page asks for it first, before the login or the first refresh. Pages of other origins can't read the answer.
    """

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    permission_classes: Sequence[Any] = ()

    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """200."""
        read_secret(request)
        response = Response()
        send_csrf_token(request, response)
        response.data = {"csrf_token": response.headers["X-CSRFToken"]}
        return response


cookie_login: Callable[..., HttpResponseBase] = CookieLoginView.as_view()
cookie_refresh: Callable[..., HttpResponseBase] = CookieRefreshView.as_view()
cookie_logout: Callable[..., HttpResponseBase] = CookieLogoutView.as_view()
cookie_csrf: Callable[..., HttpResponseBase] = CsrfView.as_view()
