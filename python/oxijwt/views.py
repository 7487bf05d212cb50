"""The token views, in simplejwt's names, each with its `as_view()` alias."""

from typing import Any

from django.db import transaction
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_post_parameters
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from . import revocation
from .authentication import AUTH_HEADER_TYPES
from .exceptions import InvalidToken, TokenError, TokenReusedError
from .settings import setting_attribute


class NonAtomicView(generics.GenericAPIView[Any]):
    """A view outside ATOMIC_REQUESTS: ending a session must outlive the refusal that follows it."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return transaction.non_atomic_requests(super().as_view(**initkwargs))


@method_decorator(sensitive_post_parameters(), name="dispatch")
class TokenViewBase(NonAtomicView):
    """POST → what the serializer answers. It never authenticates, so a stale credential can't block a login."""

    permission_classes = ()
    authentication_classes = ()

    serializer_class: type[BaseSerializer[Any]] | None = None
    _serializer_class: Any = ""

    www_authenticate_realm = "api"

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """`serializer_class` where a subclass sets it, else the one the settings name. Raises ImportError."""
        if self.serializer_class:
            return self.serializer_class
        try:
            serializer: type[BaseSerializer[Any]] = import_string(self._serializer_class)
        except ImportError as error:
            raise ImportError(f"Could not import serializer '{self._serializer_class}'") from error
        return serializer

    def get_authenticate_header(self, request: Request) -> str:
        """The challenge of a 401 (RFC 6750 section 3)."""
        return f'{AUTH_HEADER_TYPES[0]} realm="{self.www_authenticate_realm}"'

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """200 with the serializer's answer; 400 for a body it can't read; 401 for a token or login it refuses."""
        serializer = self.get_serializer(data=request.data)
        try:
            with revocation.handling(request):
                serializer.is_valid(raise_exception=True)
        except TokenReusedError as error:
            return self.refusal(request, error)
        except TokenError as error:
            raise invalid_token(error) from error
        return Response(serializer.validated_data, status=status.HTTP_200_OK)

    def refusal(self, request: Request, error: TokenError) -> Response:
        """The 401 of a refusal that wrote something: returned, since raising it would have DRF roll that back."""
        headers = {"WWW-Authenticate": self.get_authenticate_header(request)}
        return Response(invalid_token(error).detail, status=status.HTTP_401_UNAUTHORIZED, headers=headers)


def invalid_token(error: TokenError) -> InvalidToken:
    """The 401 that a TokenError is answered with, under its own code where it has one."""
    return InvalidToken(error.args[0], code=getattr(error, "code", None))


class TokenObtainPairView(TokenViewBase):
    """Takes credentials, answers with an access and a refresh token."""

    _serializer_class = setting_attribute[str]("TOKEN_OBTAIN_SERIALIZER")


token_obtain_pair = TokenObtainPairView.as_view()


class TokenRefreshView(TokenViewBase):
    """Takes a refresh token, answers with an access token, and with a new refresh token where they rotate."""

    _serializer_class = setting_attribute[str]("TOKEN_REFRESH_SERIALIZER")


token_refresh = TokenRefreshView.as_view()


class TokenObtainSlidingView(TokenViewBase):
    """Takes credentials, answers with a sliding token."""

    _serializer_class = setting_attribute[str]("SLIDING_TOKEN_OBTAIN_SERIALIZER")


token_obtain_sliding = TokenObtainSlidingView.as_view()


class TokenRefreshSlidingView(TokenViewBase):
    """Takes a sliding token whose refresh period is not over, answers with a fresh one."""

    _serializer_class = setting_attribute[str]("SLIDING_TOKEN_REFRESH_SERIALIZER")


token_refresh_sliding = TokenRefreshSlidingView.as_view()


class TokenVerifyView(TokenViewBase):
    """Takes a token of any type, answers 200 where it is valid; says nothing about what it may be used for."""

    _serializer_class = setting_attribute[str]("TOKEN_VERIFY_SERIALIZER")


token_verify = TokenVerifyView.as_view()


class TokenBlacklistView(TokenViewBase):
    """Takes a refresh token and blacklists it: a logout."""

    _serializer_class = setting_attribute[str]("TOKEN_BLACKLIST_SERIALIZER")


token_blacklist = TokenBlacklistView.as_view()
