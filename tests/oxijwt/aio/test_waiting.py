"""The event loop does not wait for an issuer's keys: a thread does."""

import asyncio
import json
import threading

import pytest
from asgiref.sync import async_to_sync

from oxijwt.aio.loop import WouldWaitError, refuse_to_wait, without_waiting
from oxijwt.exceptions import TokenError
from oxijwt.tokens import AccessToken
from tests.client import claims
from tests.handovers import counted
from tests.issuer import published, response, signed


def test_only_code_inside_refuses_to_wait():
    refuse_to_wait()
    with without_waiting(), pytest.raises(WouldWaitError):
        refuse_to_wait()
    refuse_to_wait()


@pytest.fixture
def slow(issuer, settings):
    """An issuer that answers when the test releases it."""
    settings.SIMPLE_JWT = {"ALGORITHM": "ES256", "JWK_URL": issuer.url}
    released, keys = threading.Event(), response(json.dumps({"keys": [published("k")]}).encode())

    def answer(connection):
        released.wait(5)
        connection.sendall(keys)

    issuer.answer = answer
    return released


async def read_while_the_loop_runs(released, token):
    reading = asyncio.create_task(AccessToken.aread(token))
    await asyncio.sleep(0.2)
    assert not reading.done()
    released.set()
    return await reading


def test_the_loop_goes_on_while_keys_are_fetched(slow):
    token = signed(claims("access", user_id="1"), kid="k")
    with counted() as seen:
        assert async_to_sync(read_while_the_loop_runs)(slow, token)["user_id"] == "1"
    assert seen == ["oxijwt.aio.loop"]
    with counted() as seen:
        assert async_to_sync(AccessToken.aread)(token)["user_id"] == "1"
    assert seen == []


def test_a_token_with_an_unknown_key_is_refused(slow):
    slow.set()
    with pytest.raises(TokenError):
        async_to_sync(AccessToken.aread)(signed(claims("access", user_id="1"), kid="another"))
