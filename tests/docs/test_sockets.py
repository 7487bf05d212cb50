"""The WebSockets of docs/howto/channels-graphql.md, with the real Channels and its channel layer in memory."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import sentry_sdk
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import InMemoryChannelLayer, channel_layers
from channels.routing import ProtocolTypeRouter
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import AsyncClient
from django.urls import reverse
from rest_framework.test import APIClient
from sentry_sdk.integrations.asgi import SentryAsgiMiddleware

from oxijwt.exceptions import AuthenticationFailed
from oxijwt.signals import session_revoked
from oxijwt.testing import log_in, moving_clock
from oxijwt.token_sessions import api
from oxijwt.tokens import AccessToken
from tests.docs.blocks import REPOSITORY, steps_of
from tests.sentry import Kept

PAGE = REPOSITORY / "docs/howto/channels-graphql.md"
IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
ACCEPTED, REFUSED, CLOSED = "websocket.accept", "websocket.close", "websocket.close"
PASSWORD = "correct horse battery"


@pytest.fixture
def shop(transactional_db, run, settings):
    """The names of the page, with its receiver connected, a channel layer and the URLs of oxijwt."""
    settings.CHANNEL_LAYERS = IN_MEMORY
    channel_layers.backends.clear()
    names = SimpleNamespace(**run(PAGE.read_text()).names)
    settings.ROOT_URLCONF = "tests.sites.session_urls"
    session_revoked.connect(names.close_connections)
    yield names
    session_revoked.disconnect(names.close_connections)


@pytest.fixture
def login(shop):
    """The texts of the tokens, and the session, of one login."""
    found = log_in(shop.user)
    return SimpleNamespace(access=str(found.access), refresh=str(found.refresh), session=found.session)


class Socket(ApplicationCommunicator):
    """A client of the page's application, as the server sees it."""

    def __init__(self, application, *subprotocols):
        header = (b"sec-websocket-protocol", ", ".join(subprotocols).encode())
        scope = {"type": "websocket", "path": "/ws/", "query_string": b"", "headers": [header]}
        super().__init__(application, scope | {"subprotocols": list(subprotocols)})

    async def open(self):
        """The server's answer to the handshake."""
        await self.send_input({"type": "websocket.connect"})
        return await self.receive_output(timeout=5)

    async def leave(self):
        """Disconnect, and wait until the application has ended."""
        await self.send_input({"type": "websocket.disconnect", "code": 1006})
        await self.wait(timeout=5)


@async_to_sync
async def handshake(application, *subprotocols):
    """The answer to a handshake."""
    socket = Socket(application, *subprotocols)
    answer = await socket.open()
    await socket.leave()
    return answer


def is_refused(answer):
    """Whether it is the message that a server answers with 403 (ASGI). It must say nothing else."""
    return answer == {"type": REFUSED}


def test_a_good_token_opens_a_connection_and_is_not_echoed(shop, login):
    answer = handshake(shop.application, "bearer", login.access)
    assert answer == {"type": ACCEPTED, "subprotocol": "bearer"}
    assert login.access not in repr(answer)


def test_the_consumer_gets_a_scope_without_the_token(shop, login):
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)
        await send({"type": ACCEPTED})

    handshake(shop.TokenMiddleware(app), "graphql-transport-ws", "bearer", login.access)
    [scope] = scopes
    assert (scope["user"], scope["token"]["jti"]) == (shop.user, AccessToken(login.access)["jti"])
    assert scope["subprotocols"] == ["graphql-transport-ws", "bearer"]
    assert login.access not in repr(scope)
    assert async_to_sync(scope["authenticate"])()[0] == shop.user


@pytest.mark.parametrize(
    "offered",
    [
        [],
        ["bearer"],
        ["{}"],
        ["bearer", "no token"],
        ["bearer", "{}x"],
        ["other", "{}"],
        ["{}", "bearer"],
        ["bearer", "{}", "other"],
        ["Bearer", "{}"],
        ["bearer", *(f"p{number}" for number in range(1000))],
    ],
    ids=lambda offered: " ".join(offered)[:20] or "none",
)
def test_no_connection_without_a_good_token(shop, login, offered):
    assert is_refused(handshake(shop.application, *(text.format(login.access) for text in offered)))


def test_many_other_subprotocols_may_stand_before_it(shop, login):
    others = [f"p{number}" for number in range(1000)]
    assert handshake(shop.application, *others, "bearer", login.access)["type"] == ACCEPTED


def test_a_refresh_token_opens_nothing(shop, login):
    assert is_refused(handshake(shop.application, "bearer", login.refresh))


def test_no_connection_with_an_expired_token(shop, login):
    with moving_clock() as clock:
        clock.advance(timedelta(minutes=6))
        assert is_refused(handshake(shop.application, "bearer", login.access))


def test_no_connection_after_a_logout(shop, login):
    api.end_session(login.session)
    assert is_refused(handshake(shop.application, "bearer", login.access))


def test_no_connection_while_the_database_is_down_and_one_afterwards(shop, login, monkeypatch):
    def down(*args):
        raise OperationalError("connection refused")

    with connection.execute_wrapper(down):
        assert is_refused(handshake(shop.application, "bearer", login.access))
    assert handshake(shop.application, "bearer", login.access)["type"] == ACCEPTED


def test_a_dead_database_connection_is_closed_before_it_is_used(shop, login, monkeypatch):
    """Django does so at the begin of an HTTP request only: after a restart each handshake would fail."""
    acts = []
    monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", lambda self: acts.append("close"))

    def note(execute, *args):
        acts.append("ask")
        return execute(*args)

    with connection.execute_wrapper(note):
        handshake(shop.TokenMiddleware(accepting), "bearer", login.access)
    assert acts == ["close", "ask"]


async def accepting(scope, receive, send):
    await send({"type": ACCEPTED})


# Ends

LOGOUTS = {
    "logout": lambda client, login: client.post("/api/token/logout/", {"refresh": login.refresh}),
    "logout with the access token": lambda client, login: client.post("/api/token/logout/"),
    "the list": lambda client, login: client.delete(f"/api/token/sessions/{login.session.pk}/"),
    "api": lambda client, login: api.end_session(login.session),
    "everywhere": lambda client, login: api.revoke_for_user(login.session.user),
    "deactivated": lambda client, login: deactivate(login.session.user),
}
UNTOLD = {
    "changed password": lambda client, login: change_password(login.session.user),
    "deleted user": lambda client, login: login.session.user.delete(),
    "update": lambda client, login: get_user_model().objects.update(is_active=False),
    "deleted rows": lambda client, login: type(login.session).objects.all().delete(),
}
"""Ends without the signal."""


def deactivate(user):
    user.is_active = False
    user.save()


def change_password(user):
    user.set_password("another " + PASSWORD)
    user.save()


@async_to_sync
async def after(application, login, act, seconds=0.2):
    """What the server sends on an open connection of this login within these seconds after the act, or None."""
    socket = Socket(application, "bearer", login.access)
    assert (await socket.open())["type"] == ACCEPTED
    client = APIClient(headers={"Authorization": f"Bearer {login.access}"})
    await sync_to_async(act)(client, login)
    message = None if await socket.receive_nothing(seconds) else await socket.receive_output()
    await socket.leave()
    return message


@pytest.mark.parametrize("act", LOGOUTS)
def test_an_end_closes_the_connection(shop, login, act):
    assert after(shop.application, login, LOGOUTS[act]) == {"type": CLOSED, "code": 4401}


def test_the_end_of_another_login_does_not(shop, login):
    other = log_in(shop.user)
    assert after(shop.application, login, lambda client, login: api.end_session(other.session)) is None


def test_without_the_receiver_it_stays_open(shop, login):
    session_revoked.disconnect(shop.close_connections)
    assert after(shop.application, login, LOGOUTS["logout"]) is None


@pytest.mark.parametrize("act", UNTOLD)
def test_an_end_without_the_signal_does_not_close_it(shop, login, act):
    """As the page says."""
    assert after(shop.application, login, UNTOLD[act]) is None


@pytest.mark.parametrize("act", UNTOLD)
def test_the_next_check_tells_it(shop, login, act):
    authenticate = async_to_sync(shop.with_user)({"subprotocols": ["bearer", login.access], "headers": []})[
        "authenticate"
    ]
    assert async_to_sync(authenticate)()[0] == shop.user
    UNTOLD[act](None, login)
    with pytest.raises(AuthenticationFailed):
        async_to_sync(authenticate)()


def test_a_changed_password_closes_the_others_if_the_project_says_so(shop, login):
    own = log_in(shop.user)

    def change(client, login):
        change_password(shop.user)
        api.update_session_auth_hash(own.access, shop.user)
        api.revoke_for_user(shop.user, except_=[own.session.pk])

    assert after(shop.application, login, change) == {"type": CLOSED, "code": 4401}
    assert handshake(shop.application, "bearer", str(own.access))["type"] == ACCEPTED


def test_the_token_expires_first(shop, settings):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"ACCESS_TOKEN_LIFETIME": timedelta(seconds=2)}
    login = SimpleNamespace(access=str(log_in(shop.user).access))
    message = after(shop.application, login, lambda client, login: None, seconds=3)
    assert message == {"type": CLOSED, "code": 4401}


def test_an_end_between_the_middleware_and_the_group_is_seen(shop, login, monkeypatch):
    add = InMemoryChannelLayer.group_add

    async def late(self, *names):
        await sync_to_async(api.end_session)(login.session)
        await add(self, *names)

    monkeypatch.setattr(InMemoryChannelLayer, "group_add", late)
    assert is_refused(handshake(shop.application, "bearer", login.access))


def test_a_logout_by_an_async_view_closes_it(shop, login, settings):
    settings.ROOT_URLCONF = "tests.sites.aio.session_urls"

    @async_to_sync
    async def course():
        socket = Socket(shop.application, "bearer", login.access)
        await socket.open()
        answer = await AsyncClient().post(reverse("token_logout"), {"refresh": login.refresh})
        return answer.status_code, await socket.receive_output(timeout=5)

    assert course() == (204, {"type": CLOSED, "code": 4401})


# Sentry


@pytest.mark.parametrize("is_hidden", [False, True], ids=["Sentry's defaults", "the names of docs/sentry.md"])
def test_sentry_gets_no_token_with_the_names_of_its_page(shop, login, is_hidden):
    kept, page = Kept(), {}
    exec(steps_of((REPOSITORY / "docs/sentry.md").read_text())[0]["shown"], page)  # noqa: S102  our own page
    own = {"event_scrubber": page["SCRUBBER"]} if is_hidden else {}

    async def failing(scope, receive, send):
        raise RuntimeError

    router = ProtocolTypeRouter({"websocket": shop.TokenMiddleware(failing)})
    sentry_sdk.init("https://key@localhost/1", transport=kept, default_integrations=False, **own)
    try:
        with pytest.raises(RuntimeError):
            handshake(SentryAsgiMiddleware(router), "bearer", login.access)
    finally:
        sentry_sdk.init(default_integrations=False)
    [event] = kept.events
    assert {"headers", "url"} <= set(event["request"])
    assert (login.access in repr(event)) is not is_hidden
