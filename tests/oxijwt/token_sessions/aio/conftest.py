"""A user who is logged in."""

import pytest

from tests.oxijwt.token_sessions.client import login, make_user


@pytest.fixture(autouse=True)
def ada():
    return make_user()


@pytest.fixture
def tokens(ada):
    return login()
