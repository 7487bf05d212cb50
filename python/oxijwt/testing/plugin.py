"""The helpers of `oxijwt.testing` as pytest fixtures: `pytest_plugins = ["oxijwt.testing.plugin"]` in conftest.py.

It has no entry point, because pytest would then import it in each project that has oxijwt installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oxijwt import testing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.base_user import AbstractBaseUser
    from rest_framework.test import APIClient

    from oxijwt.tokens import Token


@pytest.fixture
def auth_client() -> Callable[[AbstractBaseUser | Token], APIClient]:
    """`auth_client(user)`: DRF's test client, which sends a new token of this user with each request."""
    return testing.auth_client


@pytest.fixture
def log_in() -> Callable[[AbstractBaseUser], testing.Login]:
    """`log_in(user)`: the tokens and the session of a new login."""
    return testing.log_in


@pytest.fixture
def jwt_clock() -> Iterator[testing.Clock]:
    """The clock of tokens and sessions: `jwt_clock.advance(timedelta(minutes=5))`."""
    with testing.moving_clock() as clock:
        yield clock
