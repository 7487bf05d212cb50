"""Logging out, and a user's own sessions."""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.signals import user_logged_out
from django.http import Http404
from django.utils.functional import classproperty
from rest_framework import serializers, status
from rest_framework.exceptions import NotAuthenticated
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.settings import api_settings as drf_settings

from oxijwt import signals
from oxijwt.aio.loop import in_thread
from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication, view_of
from oxijwt.context import handling
from oxijwt.exceptions import (
    SESSION_MESSAGES,
    AuthenticationFailed,
    InvalidToken,
    SessionError,
    TokenError,
    invalid_token,
)
from oxijwt.locale import gettext_lazy as _
from oxijwt.records import Kind
from oxijwt.serializers import TextField, TokenSerializer
from oxijwt.settings import api_settings
from oxijwt.transport.cookies import ACCESS, token_cookie
from oxijwt.transport.header import refuse_token
from oxijwt.utils import Hidden, datetime_from_micros, now_micros
from oxijwt.views.base import AcceptingMixin, AsyncTokenView, NonAtomicView, TokenViewBase, refresh_token_class
from oxijwt.views.cookies import AsyncCookieView, LogoutMixin

from . import publications, revocation_cache
from .claims import session_id
from .client_info import client_info
from .database import after_commit
from .ending import end, revoke_for_user, usable_by
from .models import RevokeReason, TokenSession
from .reading import find_with_user

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponseBase
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.pagination import BasePagination
    from rest_framework.request import ForcedAuthentication, Request

    from oxijwt.tokens import RefreshToken, Token
    from oxijwt.views.base import SerializerClass

    Authenticator = BaseAuthentication | ForcedAuthentication

LOCAL, OTHERS, GLOBAL = "local", "others", "global"
NEWEST_FIRST = ("-created_at", "pk")
MOST_SESSIONS = 100
"""So many sessions are in the list if DRF's settings do not paginate it."""


def logout_class(token_class: type[RefreshToken]) -> type[RefreshToken]:
    """A class that reads the same refresh tokens, for a logout that needs the current one.

    A spent token is refused, and its session goes on.
    """
    return type(token_class.__name__, (token_class,), {"record_kind": Kind.LOGOUT})


class SessionViewMixin(AcceptingMixin):
    """A view that ends or lists sessions. `as_view(authentication_classes=…)` says how it reads an access token."""

    @classproperty
    def authentication_classes(cls) -> tuple[type[BaseAuthentication], ...]:  # noqa: N805  a classproperty
        """Those of DRF's DEFAULT_AUTHENTICATION_CLASSES that read sessions, or JWTAuthentication if none does."""
        defaults = cast("Sequence[type[BaseAuthentication]]", drf_settings.DEFAULT_AUTHENTICATION_CLASSES)
        return tuple(filter(reads_sessions, defaults)) or (JWTAuthentication,)


def reads_sessions(authentication: type[BaseAuthentication]) -> bool:
    """Whether an authentication class gives tokens with their session."""
    return issubclass(authentication, JWTAuthentication) and not issubclass(
        authentication, JWTStatelessUserAuthentication
    )


class LogoutSerializer(TokenSerializer):
    """The body of a logout: which sessions to end, and the refresh token if the request has no access token."""

    refresh: TextField = TextField(required=False, write_only=True)
    scope: serializers.ChoiceField = serializers.ChoiceField(
        choices=(LOCAL, OTHERS, GLOBAL),
        default=LOCAL,
        # DRF's message repeats the value, and a lone surrogate in it can't be rendered.
        error_messages={"invalid_choice": _("The scope must be local, others or global.")},
    )


class TokenLogoutView(SessionViewMixin, TokenViewBase):  # type: ignore[misc]  # a property is in place of a tuple
    """POST → 204: ends this session (`local`), the user's other sessions (`others`), or all of them (`global`).

    Takes a refresh token in the body, or the request's access token. A refresh token that is spent, expired or for
    another audience can only end its own session.
    """

    serializer_class: SerializerClass | None = LogoutSerializer

    token_class: type[RefreshToken] | None = None
    """The class of the refresh tokens; None: the `token_class` of TOKEN_REFRESH_SERIALIZER."""
    token_authenticators: Sequence[Authenticator]
    """What reads the request's access token."""

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """As DRF's, but only a logout without a refresh token asks the authenticators.

        Otherwise a stale access token would block it.
        """
        initialized = super().initialize_request(request, *args, **kwargs)
        self.token_authenticators = initialized.authenticators or ()
        initialized.authenticators = ()
        return initialized

    def post(self, request: Request, *args: object, **kwargs: object) -> Response:
        """204; 400 if it can't read the body; 401 if it refuses the token."""
        serializer = self.get_serializer(data=self.get_body(request))
        serializer.is_valid(raise_exception=True)
        self.log_out(request, serializer.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def log_out(self, request: Request, validated: dict[str, Any]) -> None:
        """End the sessions that the body names. Raises AuthenticationFailed and ServiceUnavailable."""
        refresh, scope = Hidden[Any](validated.get("refresh")), validated["scope"]
        del validated
        with handling(request):
            if refresh.value is None:
                log_out_with_access_token(request, scope, self.token_authenticators)
            else:
                log_out_with_refresh_token(request, self.get_token_class(), refresh, scope)

    def get_token_class(self) -> type[RefreshToken]:
        """The class of the refresh tokens that this view takes."""
        return self.token_class or refresh_token_class()


class AsyncTokenLogoutView(AsyncTokenView, TokenLogoutView):  # type: ignore[misc]  # likewise
    """TokenLogoutView for an ASGI server. A thread ends the sessions."""

    async def post(self, request: Request, *args: object, **kwargs: object) -> Response:  # type: ignore[override]  # async
        """As TokenLogoutView's."""
        serializer = self.get_serializer(data=self.get_body(request))
        serializer.is_valid(raise_exception=True)
        await in_thread(lambda: self.log_out(request, serializer.validated_data))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AccessCookieAuthentication(JWTAuthentication):
    """Reads the access cookie as if it were a header, for a logout. The view checks CSRF."""

    def get_header(self, request: Request) -> bytes | None:
        """The access cookie, as bytes, or None."""
        cookie = Hidden(token_cookie(request, ACCESS))
        return None if cookie.value is None else cookie.value.encode(errors="replace")

    def get_raw_token(self, header: bytes) -> bytes:
        """The cookie is the token."""
        return header


class CookieLogoutView(LogoutMixin, TokenLogoutView):  # type: ignore[misc]  # likewise
    """TokenLogoutView for browsers: takes the token of the body, the header, the refresh cookie or the access cookie.

    A token in a cookie needs the CSRF check. A 204 deletes both cookies, unless the token was in the body.
    """

    def find_token(self, request: Request) -> None:
        """As `take_cookie`, but a token in a header comes before the cookies."""
        if any(has_header_token(authenticator, request) for authenticator in self.token_authenticators):
            return
        self.take_cookie(request)
        if self.uses_cookie and self.refresh_cookie is None:
            self.token_authenticators: Sequence[Authenticator] = (AccessCookieAuthentication(),)

    def log_out(self, request: Request, validated: dict[str, Any]) -> None:
        """As TokenLogoutView's. If the refresh cookie is refused, the access cookie still ends its session."""
        held, scope = Hidden(validated), validated["scope"]
        del validated
        try:
            super().log_out(request, held.value)
        except InvalidToken:
            if self.refresh_cookie is None or not self.may_use_access_cookie(request):
                raise
            with handling(request):
                log_out_with_access_token(request, scope, (AccessCookieAuthentication(),))


def has_header_token(authenticator: Authenticator, request: Request) -> bool:
    """Whether an authenticator finds a token in a header, a malformed header included."""
    if not isinstance(authenticator, JWTAuthentication):
        return False
    header = Hidden(authenticator.get_header(request))
    try:
        return header.value is not None and authenticator.get_raw_token(header.value) is not None
    except AuthenticationFailed:
        return True


class AsyncCookieLogoutView(  # type: ignore[misc]  # likewise
    AsyncCookieView, CookieLogoutView, AsyncTokenLogoutView
):
    """CookieLogoutView for an ASGI server. A thread ends the sessions."""


def log_out_with_access_token(request: Request, scope: str, authenticators: Sequence[Authenticator]) -> None:
    """End sessions of the user whose access token the request carries.

    Raises AuthenticationFailed, NotAuthenticated without a token, ServiceUnavailable.
    """
    for authenticator in authenticators:
        try:
            authenticated = authenticator.authenticate(request)
        except InvalidToken as error:
            repeat_logout(refused_token(request, authenticator, error), scope)
            return
        if authenticated is not None:
            session = getattr(authenticated[1], "session", None)
            if session is None:
                raise InvalidToken
            log_out(request, session, scope)
            return
    raise NotAuthenticated


def refused_token(request: Request, authenticator: Authenticator, error: InvalidToken) -> Token:
    """The request's access token if its logout may be published again. Raises `error` if not."""
    is_ended = isinstance(error.detail, dict) and may_be_repeated(error.detail["code"])
    if not (is_ended and isinstance(authenticator, JWTAuthentication)):
        raise error
    authentication = authenticator.for_request(request)
    held = Hidden(authentication.get_raw_token(authentication.get_header(request) or b""))
    if held.value is None:  # it is somewhere else, where only `authenticate` looks
        raise error
    return authentication.get_validated_token(held.value)


def log_out_with_refresh_token(
    request: Request, token_class: type[RefreshToken], text: Hidden[str], scope: str
) -> None:
    """End sessions of the user whose refresh token this is. Raises InvalidToken, ServiceUnavailable."""
    try:
        if scope == LOCAL:
            end_own_session(request, token_class, text)
        else:
            end_several_sessions(request, token_class, text, scope)
    except TokenError as error:
        raise invalid_token(error) from error


def end_own_session(request: Request, token_class: type[RefreshToken], text: Hidden[str]) -> None:
    """End the session of a refresh token with a good signature, or blacklist a token without a session.

    Raises TokenError, ServiceUnavailable.
    """
    session = token_class.end_session_of(text.value)
    if session is None:
        token = token_class.read(text.value, view=view_of(request))
        token.blacklist()
        announce_logout(request, token.records.find_user())
    elif session.revoked_at is None:
        announce_logout(request, session.user)


def end_several_sessions(request: Request, token_class: type[RefreshToken], text: Hidden[str], scope: str) -> None:
    """As `log_out`, but only with the current refresh token of a session. Raises TokenError, ServiceUnavailable."""
    try:
        token = logout_class(token_class).read(text.value, view=view_of(request))
    except SessionError as error:
        if not may_be_repeated(error.code):
            raise
        repeat_logout(token_class.read_expired(text.value), scope)
        return
    if token.session is None:
        raise InvalidToken
    token.check_current()
    log_out(request, token.session, scope)


def may_be_repeated(code: object) -> bool:
    """Whether a logout with a token that was refused with this code can be published again."""
    return code == "session_revoked" and revocation_cache.is_configured()


def repeat_logout(token: Token, scope: str) -> None:
    """Publish what is owed to REVOCATION_CACHE, since a logout could not be published. No other session ends.

    Raises InvalidToken unless the token's session ended by a logout of this scope, SessionError, ServiceUnavailable.
    """
    sid = session_id(token.get(api_settings.SESSION_ID_CLAIM))
    _user, session = find_with_user(sid, token.get(api_settings.USER_ID_CLAIM))
    reason = None if session is None else session.revoke_reason
    if reason is None or not (scope == LOCAL or (scope == GLOBAL and reason == RevokeReason.LOGOUT_GLOBAL)):
        raise InvalidToken(SESSION_MESSAGES["session_revoked"], code="session_revoked")
    publications.tend()
    publications.refuse_if_owing()


def log_out(request: Request, session: TokenSession, scope: str) -> None:
    """End this session, the other sessions of its user, or all of them. Raises ServiceUnavailable."""
    if scope == LOCAL:
        end(session.pk, session.user_id, RevokeReason.LOGOUT)
    elif scope == OTHERS:
        revoke_for_user(session.user, except_={session.pk}, reason=RevokeReason.LOGOUT_OTHERS)
    else:
        revoke_for_user(session.user, reason=RevokeReason.LOGOUT_GLOBAL)
    if scope != OTHERS:
        announce_logout(request, session.user)
    publications.refuse_if_owing()


def announce_logout(request: Request, user: AbstractBaseUser | None) -> None:
    """Send Django's signal `user_logged_out` after the commit."""
    after_commit(lambda: signals.send(user_logged_out, type(user), request=request, user=user))


def last_use(session: TokenSession) -> datetime:
    """The time of the last refresh, or of the login before the first refresh."""
    return session.rotated_at or session.created_at


def start_of_day(moment: datetime) -> datetime:
    """The time at which the moment's day began; both are in UTC."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


class SessionSerializer(serializers.ModelSerializer[TokenSession]):
    """A session as its user sees it.

    Nothing depends on the moment of a rotation: a thief who polls the list must not learn when to use a stolen token.
    The current session shows the time and client of this request, and other sessions the day of their last use.
    """

    last_used_at: serializers.DateTimeField = serializers.DateTimeField(read_only=True)
    current: serializers.SerializerMethodField = serializers.SerializerMethodField()

    class Meta:
        model = TokenSession
        fields: tuple[str, ...] = (
            "id",
            "created_at",
            "last_used_at",
            "expires_at",
            "ip_address",
            "user_agent",
            "current",
        )
        read_only_fields: tuple[str, ...] = fields

    def to_representation(self, session: TokenSession) -> dict[str, object]:
        """As DRF's, with the times and the client that are shown in place of the row's."""
        shown = copy(session)
        shown.last_used_at = self.last_used_at_of(session)  # type: ignore[attr-defined]  # for the field of this name
        shown.expires_at = self.expires_at_of(session)
        if self.get_current(session):
            shown.ip_address, shown.user_agent = client_info(self.context["request"])
        return super().to_representation(shown)

    def last_used_at_of(self, session: TokenSession) -> datetime:
        """Now for the current session; for another one the day (UTC) of its last refresh, or its login if later."""
        if self.get_current(session):
            return datetime_from_micros(now_micros())
        return max(start_of_day(last_use(session)), session.created_at)

    def expires_at_of(self, session: TokenSession) -> datetime:
        """When the session ends unless it is refreshed: from now for the current one, else the end of the day (UTC)."""
        try:
            if self.get_current(session):
                end = datetime_from_micros(now_micros()) + (session.expires_at - last_use(session))
            else:
                end = start_of_day(session.expires_at) + timedelta(days=1)
        except OverflowError:
            end = start_of_day(session.expires_at)
        return end if session.absolute_expires_at is None else min(end, session.absolute_expires_at)

    def get_current(self, session: TokenSession) -> bool:
        """Whether the token of the request belongs to this session."""
        current = getattr(self.context["request"].auth, "session", None)
        return current is not None and current.pk == session.pk


class OwnSessionsView(SessionViewMixin, NonAtomicView):  # type: ignore[misc]  # likewise
    """The caller's live sessions. The request needs a token that has a session in our table."""

    serializer_class: SerializerClass | None = SessionSerializer
    permission_classes: Sequence[Any] = (IsAuthenticated,)

    def check_permissions(self, request: Request) -> None:
        """As DRF's. Raises InvalidToken for a token without a session: another issuer's must not end sessions here."""
        super().check_permissions(request)
        if getattr(request.auth, "session", None) is None:
            refuse_token(request)
            raise InvalidToken

    def get_queryset(self) -> QuerySet[TokenSession]:
        user = cast("AbstractBaseUser", self.request.user)  # IsAuthenticated has refused anonymous requests
        sessions: QuerySet[TokenSession] = usable_by(user).order_by(*NEWEST_FIRST)
        return sessions


class SessionListView(OwnSessionsView):
    """GET → the caller's live sessions, the newest login first. `current` marks the session of the request.

    They come in pages if the project's DRF settings say so. Otherwise they are the newest 100.
    """

    @classproperty
    def pagination_class(cls) -> type[BasePagination] | None:  # noqa: N805  a classproperty
        """DRF's DEFAULT_PAGINATION_CLASS."""
        return cast("type[BasePagination] | None", drf_settings.DEFAULT_PAGINATION_CLASS)

    @property
    def paginator(self) -> BasePagination | None:
        """As DRF's, but a CursorPagination has the order of this list."""
        paginator = super().paginator
        if isinstance(paginator, CursorPagination):
            paginator.ordering = NEWEST_FIRST
        return paginator

    def get(self, request: Request) -> Response:
        """200 with a list or a page; 401 without a valid token; 404 for a page that does not exist."""
        sessions = self.get_queryset()
        page = self.paginate_queryset(sessions)
        if page is None:
            return Response(self.get_serializer(sessions[:MOST_SESSIONS], many=True).data)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class SessionView(OwnSessionsView):
    """DELETE → 204: ends one of the caller's sessions. 404 if it is another user's, unknown, or already over."""

    def delete(self, request: Request, pk: UUID) -> Response:
        """204; 401 without a valid token; 404. Repeated after a 503, it publishes the end in REVOCATION_CACHE."""
        session = self.get_queryset().filter(pk=pk).first()
        if session is None:
            publications.tend()
        else:
            with handling(request):
                end(session.pk, session.user_id, RevokeReason.LOGOUT)
        publications.refuse_if_owing()
        if session is None:
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


token_logout: Callable[..., HttpResponseBase] = TokenLogoutView.as_view()
cookie_logout: Callable[..., HttpResponseBase] = CookieLogoutView.as_view()
session_list: Callable[..., HttpResponseBase] = SessionListView.as_view()
session_detail: Callable[..., HttpResponseBase] = SessionView.as_view()
