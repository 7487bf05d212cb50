"""Helpers for the tests of projects: keys, logins, a logged-in client, a clock.

They work with sessions, with the blacklist and without either. `oxijwt.testing.plugin` has them as pytest fixtures.

A settings module may import `with_test_keys`. So what reads settings, such as DRF's client, is imported late.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from secrets import token_urlsafe
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.contrib.auth.base_user import AbstractBaseUser
    from rest_framework.test import APIClient

    from oxijwt.settings import Values
    from oxijwt.token_sessions.models import TokenSession
    from oxijwt.tokens import RefreshToken, Token

__all__ = ["Clock", "Login", "alog_in", "auth_client", "auth_headers", "log_in", "moving_clock", "with_test_keys"]


def with_test_keys(simple_jwt: Mapping[str, object] | None = None) -> Values:
    """The setting SIMPLE_JWT for tests: the site's own, with a key that is made for this process only.

    The key is random, so that nobody can sign with it if the settings of the tests ever serve a site.
    """
    key = {"kid": "test", "algorithm": "HS256", "signing_key": token_urlsafe(48)}
    return {**(simple_jwt or {}), "KEY_FILE": None, "KEYS": [key]}


class Login(NamedTuple):
    """The tokens of one login."""

    access: Token
    """The token that requests carry: an access token, or a sliding token where AUTH_TOKEN_CLASSES has no other."""
    refresh: RefreshToken | None
    """None for sliding tokens."""
    session: TokenSession | None
    """None without `oxijwt.token_sessions`."""


def log_in(user: AbstractBaseUser) -> Login:
    """Log a user in, as the token view does after it has checked the password.

    The serializer of TOKEN_OBTAIN_SERIALIZER or SLIDING_TOKEN_OBTAIN_SERIALIZER makes the token. So a project's own
    claims are in it. Nothing is sent and ON_LOGIN_SUCCESS is not called.
    """
    from django.utils.module_loading import import_string  # noqa: PLC0415

    from oxijwt.context import login  # noqa: PLC0415
    from oxijwt.settings import api_settings  # noqa: PLC0415
    from oxijwt.tokens import RefreshToken, SlidingToken  # noqa: PLC0415

    is_sliding = all(issubclass(accepted, SlidingToken) for accepted in api_settings.AUTH_TOKEN_CLASSES)
    name = "SLIDING_TOKEN_OBTAIN_SERIALIZER" if is_sliding else "TOKEN_OBTAIN_SERIALIZER"
    with login(None):
        token: Token = import_string(getattr(api_settings, name)).get_token(user)
    refresh = token if isinstance(token, RefreshToken) else None
    return Login(token if refresh is None else refresh.access_token, refresh, token.session)


async def alog_in(user: AbstractBaseUser) -> Login:
    """As `log_in`, for async tests: `auth_headers(login.access)` then needs no database."""
    from oxijwt.aio.loop import in_thread  # noqa: PLC0415

    return await in_thread(lambda: log_in(user))


def auth_client(who: AbstractBaseUser | Token) -> APIClient:
    """DRF's test client, which sends a new access token of a user, or the token that is given, with each request.

    `client.credentials()` makes it forget the token.
    """
    from rest_framework.test import APIClient  # noqa: PLC0415

    from oxijwt.settings import api_settings  # noqa: PLC0415

    client = APIClient()
    client.credentials(**{api_settings.AUTH_HEADER_NAME: authorization(who)})
    return client


def auth_headers(who: AbstractBaseUser | Token) -> dict[str, str]:
    """The header that `auth_client` sends, for Django's own clients: `Client(headers=auth_headers(user))`."""
    from oxijwt.settings import api_settings  # noqa: PLC0415

    name: str = api_settings.AUTH_HEADER_NAME
    return {name.removeprefix("HTTP_").replace("_", "-").title(): authorization(who)}


def authorization(who: AbstractBaseUser | Token) -> str:
    """The value of the header: the first of AUTH_HEADER_TYPES, and the token."""
    from oxijwt.settings import api_settings  # noqa: PLC0415
    from oxijwt.tokens import Token  # noqa: PLC0415

    return f"{api_settings.AUTH_HEADER_TYPES[0]} {who if isinstance(who, Token) else log_in(who).access}"


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.ahead: timedelta = timedelta(0)
        """How far it is ahead of the real one."""

    def advance(self, time: timedelta) -> None:
        """Move it. It goes on from there."""
        self.ahead += time


@contextmanager
def moving_clock() -> Iterator[Clock]:
    """Inside, `time.time` and the times of tokens and sessions follow the Clock that it gives.

    Django's caches, signatures and throttles follow it too. `datetime.now` and `timezone.now` of the project don't.
    freezegun and time-machine move these as well, and oxijwt follows them.
    """
    clock, seconds, nanoseconds = Clock(), time.time, time.time_ns

    def now(tz: tzinfo | None = None) -> datetime:
        return datetime.fromtimestamp(time.time(), tz)

    moved = SimpleNamespace(now=now, fromtimestamp=datetime.fromtimestamp)

    def moved_seconds() -> float:
        return seconds() + clock.ahead.total_seconds()

    def moved_nanoseconds() -> int:
        return nanoseconds() + clock.ahead // timedelta(microseconds=1) * 1000

    with (
        mock.patch("time.time", moved_seconds),
        mock.patch("time.time_ns", moved_nanoseconds),
        mock.patch("oxijwt.utils.datetime", moved),
    ):
        yield clock
