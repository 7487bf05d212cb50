"""Checks of what authenticates a request: token classes, and authentication classes that read no session."""

from collections.abc import Iterable
from datetime import timedelta

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from rest_framework.settings import api_settings as drf_settings

from oxijwt.authentication import JWTStatelessUserAuthentication
from oxijwt.records import session_app
from oxijwt.settings import api_settings
from oxijwt.tokens import RefreshToken, UntypedToken

from .imports import problem_of

LONG_LIFE = timedelta(days=1)


def token_classes() -> Iterable[CheckMessage]:
    """A finding if a refresh token authenticates requests."""
    for token_class in auth_token_classes():
        is_for_all = issubclass(token_class, UntypedToken)
        if is_for_all or getattr(token_class, "token_type", None) == RefreshToken.token_type:
            yield Error(
                "SIMPLE_JWT['AUTH_TOKEN_CLASSES'] must not contain a class that accepts refresh tokens: such a token"
                " would authenticate requests.",
                hint="Use AccessToken, SlidingToken, or a class with a token_type of its own.",
                id="oxijwt.E039",
            )


def stateless_default() -> Iterable[CheckMessage]:
    """A finding if tokens of ended sessions are accepted for a day or longer."""
    lifetimes = (getattr(token_class, "lifetime", None) for token_class in auth_token_classes())
    live_long = any(isinstance(lifetime, timedelta) and lifetime >= LONG_LIFE for lifetime in lifetimes)
    if live_long and api_settings.REVOCATION_CACHE is None and reads_no_session():
        yield CheckWarning(
            "Access tokens live for a day or longer, and a stateless class is one of DEFAULT_AUTHENTICATION_CLASSES:"
            " a token is accepted for that time after a logout.",
            hint="Shorten ACCESS_TOKEN_LIFETIME, or set SIMPLE_JWT['REVOCATION_CACHE'].",
            id="oxijwt.W017",
        )


def revocation_memory() -> Iterable[CheckMessage]:
    """A finding if stateless services refuse tokens, because REVOCATION_CACHE forgets sessions too early."""
    memory = api_settings.REVOCATION_MEMORY
    lifetimes = (getattr(token_class, "lifetime", None) for token_class in auth_token_classes())
    if isinstance(memory, timedelta) and any(isinstance(life, timedelta) and life > memory for life in lifetimes):
        yield CheckWarning(
            "SIMPLE_JWT['REVOCATION_MEMORY'] is shorter than the lifetime of tokens that authenticate requests:"
            " stateless services refuse these tokens.",
            hint="Remove the setting, or use a timedelta longer than the lifetime and LEEWAY together.",
            id="oxijwt.W045",
        )


def inactive_users() -> Iterable[CheckMessage]:
    """A finding if the sessions of deactivated users go on."""
    if session_app() is not None and not api_settings.CHECK_USER_IS_ACTIVE:
        yield CheckWarning(
            "SIMPLE_JWT['CHECK_USER_IS_ACTIVE'] is off: the sessions of deactivated users go on.",
            hint="Turn it on, unless USER_AUTHENTICATION_RULE refuses these users.",
            id="oxijwt.W018",
        )


def auth_token_classes() -> list[type]:
    """The classes of AUTH_TOKEN_CLASSES; none if E016 reports the setting."""
    setting = "AUTH_TOKEN_CLASSES"
    if setting in api_settings.user_settings and problem_of(setting, api_settings.user_settings[setting]):
        return []
    return [token_class for token_class in api_settings.AUTH_TOKEN_CLASSES if isinstance(token_class, type)]


def default_authentication() -> list[type]:
    """DRF's DEFAULT_AUTHENTICATION_CLASSES; none if one is missing, since the first request says which one."""
    try:
        classes: Iterable[object] = drf_settings.DEFAULT_AUTHENTICATION_CLASSES
    except ImportError:
        return []
    return [found for found in classes if isinstance(found, type)]


def reads_no_session() -> bool:
    """Whether DRF's default authenticates by the token alone."""
    return any(issubclass(found, JWTStatelessUserAuthentication) for found in default_authentication())
