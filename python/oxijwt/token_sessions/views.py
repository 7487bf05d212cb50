"""Logging out, and a user's own sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.signals import user_logged_out
from django.utils.translation import gettext_lazy as _
from rest_framework import generics, serializers, status
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from oxijwt.authentication import JWTAuthentication, view_of
from oxijwt.context import handling
from oxijwt.exceptions import SESSION_MESSAGES, InvalidToken, SessionError, TokenError
from oxijwt.settings import api_settings
from oxijwt.tokens import RefreshToken
from oxijwt.views import AcceptingMixin, NonAtomicView, TokenViewBase, invalid_token

from . import revocation_cache
from .claims import session_id
from .ending import end, publish_again, revoke_for_user, usable_by
from .models import RevokeReason, TokenSession
from .reading import find_with_user

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

LOCAL, OTHERS, GLOBAL = "local", "others", "global"


class LogoutSerializer(serializers.Serializer[Any]):
    """What a logout asks for: which sessions, and the refresh token where no access token is sent."""

    refresh = serializers.CharField(required=False, write_only=True)
    scope = serializers.ChoiceField(
        choices=(LOCAL, OTHERS, GLOBAL),
        default=LOCAL,
        # DRF's message repeats the value, and a lone surrogate can't be rendered.
        error_messages={"invalid_choice": _("This is no scope of a logout.")},
    )


class TokenLogoutView(AcceptingMixin, TokenViewBase):
    """POST → 204: ends this session (`local`), the user's `others`, or all (`global`).

    Takes a refresh token in the body, or the access token of the request. A refresh token that is spent, expired or not
    for this view ends its own session only.
    """

    serializer_class = LogoutSerializer

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """204; 400 for a body it can't read; 401 for a token it refuses."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        refresh, scope = serializer.validated_data.get("refresh"), serializer.validated_data["scope"]
        with handling(request):
            if refresh is None:
                self._with_access_token(request, scope)
            else:
                self._with_refresh_token(request, refresh, scope)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _with_access_token(self, request: Request, scope: str) -> None:
        authentication = JWTAuthentication().for_request(request)
        try:
            authenticated = authentication.authenticate(request)
        except InvalidToken as error:
            body: Any = error.detail
            if not _may_be_repeated(body["code"]):
                raise
            _repeat(authentication.get_validated_token(_raw_token(authentication, request)), scope)
            return
        if authenticated is None:
            raise NotAuthenticated
        user, token = authenticated
        if token.session is None:
            raise InvalidToken
        _log_out(request, user, token.session, scope)

    def _with_refresh_token(self, request: Request, text: str, scope: str) -> None:
        try:
            if scope == LOCAL:
                _end_own(request, text)
            else:
                _end_several(request, text, scope)
        except TokenError as error:
            raise invalid_token(error) from error


def _raw_token(authentication: JWTAuthentication, request: Request) -> Any:
    header = authentication.get_header(request)
    return None if header is None else authentication.get_raw_token(header)


def _end_own(request: Request, text: str) -> None:
    """End the session of any refresh token with a good signature, or the token where it has no session."""
    session = RefreshToken.end_session_of(text)
    if session is None:
        token = RefreshToken.read(text, view=view_of(request))
        token.blacklist()
        _say_logged_out(request, token.records.find_user())
    elif session.revoked_at is None:
        _say_logged_out(request, session.user)


def _end_several(request: Request, text: str, scope: str) -> None:
    """As `_log_out`, for the current refresh token of a session only."""
    try:
        token = RefreshToken.read(text, view=view_of(request))
    except SessionError as error:
        if not _may_be_repeated(error.code):
            raise
        _repeat(RefreshToken.read_expired(text).payload, scope)
        return
    if token.session is None:
        raise InvalidToken
    token.check_current()
    _log_out(request, token.session.user, token.session, scope)


def _may_be_repeated(code: str) -> bool:
    return code == "session_revoked" and revocation_cache.is_configured()


def _repeat(claims: Any, scope: str) -> None:
    """A logout whose publishing failed may be repeated: nothing more ends, it is only published again."""
    sid = session_id(claims.get(api_settings.SESSION_ID_CLAIM))
    user, session = find_with_user(sid, claims.get(api_settings.USER_ID_CLAIM))
    if session is not None and scope == LOCAL:
        end(session.pk, user.pk)
    elif session is not None and scope == GLOBAL and session.revoke_reason == RevokeReason.LOGOUT_GLOBAL:
        publish_again(user)
    else:
        raise InvalidToken(SESSION_MESSAGES["session_revoked"], code="session_revoked")


def _log_out(request: Request, user: Any, session: TokenSession, scope: str) -> None:
    if scope == LOCAL:
        end(session.pk, user.pk, RevokeReason.LOGOUT)
    elif scope == OTHERS:
        revoke_for_user(user, except_={session.pk}, reason=RevokeReason.LOGOUT_OTHERS)
    else:
        revoke_for_user(user, reason=RevokeReason.LOGOUT_GLOBAL)
    if scope != OTHERS:
        _say_logged_out(request, user)


def _say_logged_out(request: Request, user: Any) -> None:
    user_logged_out.send(type(user), request=request, user=user)


class SessionSerializer(serializers.ModelSerializer[TokenSession]):
    """A session as its user sees it."""

    last_used_at = serializers.SerializerMethodField()
    current = serializers.SerializerMethodField()

    class Meta:
        model = TokenSession
        fields = ("id", "created_at", "last_used_at", "expires_at", "ip_address", "user_agent", "current")

    def get_last_used_at(self, session: TokenSession) -> Any:
        """When its refresh token was last rotated, or the login."""
        return session.rotated_at or session.created_at

    def get_current(self, session: TokenSession) -> bool:
        """Whether the request came with a token of this session."""
        current = getattr(self.context["request"].auth, "session", None)
        return current is not None and current.pk == session.pk


class OwnSessionsView(AcceptingMixin, NonAtomicView):
    """The caller's live sessions."""

    serializer_class = SessionSerializer
    authentication_classes = (JWTAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get_queryset(self) -> Any:
        return usable_by(self.request.user).order_by("-created_at", "pk")


class SessionListView(OwnSessionsView):
    """GET → the caller's live sessions, newest login first, `current` marked."""

    def get(self, request: Request) -> Response:
        """200 with a list; 401 without a token of ours."""
        return Response(self.get_serializer(self.get_queryset(), many=True).data)


class SessionView(OwnSessionsView):
    """DELETE → 204: ends one of the caller's sessions. 404 for what is none of theirs, or over."""

    def delete(self, request: Request, pk: UUID) -> Response:
        """204, 401 or 404."""
        session = generics.get_object_or_404(self.get_queryset(), pk=pk)
        with handling(request):
            end(session.pk, session.user_id, RevokeReason.LOGOUT)
        return Response(status=status.HTTP_204_NO_CONTENT)


token_logout = TokenLogoutView.as_view()
session_list = SessionListView.as_view()
session_detail = SessionView.as_view()
