"""A site with two users and, with the session app, their sessions; good tokens, and what a request changed."""

import uuid
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection, models, transaction
from django.test import Client, override_settings

from oxijwt.records import session_app
from tests.client import PASSWORD, claims, forge

from .places import CSRF_COOKIE, CSRF_SECRET
from .tally import TALLY

HAS_SESSIONS = session_app() is not None
ID_FIELDS = ["id", get_user_model().USERNAME_FIELD]
OWN_MODELS = [
    get_user_model(),
    *(model for model in apps.get_models() if model._meta.app_label in {"token_blacklist", "token_sessions"}),
]


class World:
    """Users `ada` and `grace`; the cases spoil tokens of ada. Grace is whom `true` would name where keys are UUIDs."""

    def __init__(self, id_field):
        self.id_field = id_field
        self.ada = make_user("ada@example.org", 1, "abcdef01-2345-4789-abcd-ef0123456789")
        self.grace = make_user("grace@example.org", 2, str(uuid.UUID(int=1)))
        cache.clear()
        self.client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        self.sids = new_sessions(self.ada, self.grace) if HAS_SESSIONS else {}
        self._rows_at_first = _rows()

    @property
    def own_id(self):
        """The user id claim of ada's tokens."""
        return str(getattr(self.ada, self.id_field))

    @property
    def credentials(self):
        """What ada logs in with."""
        return {type(self.ada).USERNAME_FIELD: self.ada.get_username(), "password": PASSWORD}

    def good(self, place):
        """A token that a place takes, to be spoilt."""
        return self.good_token(place.token_type, in_session=place.in_session)

    def good_token(self, token_type, in_session):
        """A token of a type, to be spoilt."""
        session = {"sid": self.sids["own"]} if in_session else {}
        if in_session and token_type == "refresh":
            session["gen"] = 0
        return Good(claims(token_type, user_id=self.own_id) | session, self.sids)

    def request(self, method, path, body=None, content_type="application/json", **headers):
        """The response; an exception that left the view is its `exc_info`. It passes the CSRF check of cookie views."""
        content = {} if body is None else {"data": body, "content_type": content_type}
        self.client.cookies.clear()
        headers = {"HTTP_COOKIE": CSRF_COOKIE, "HTTP_X_CSRFTOKEN": CSRF_SECRET} | headers
        response = self.client.generic(method, path, **content, **headers)
        TALLY.requests += 1
        TALLY.server_errors += response.status_code >= 500
        return response

    @contextmanager
    def trial(self, **changes):
        """Inside, settings of SIMPLE_JWT are changed; afterwards nothing was written."""
        with ExitStack() as stack:
            if changes:
                stack.enter_context(override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | changes))
            stack.enter_context(transaction.atomic())
            yield
            transaction.set_rollback(True)

    @property
    def is_changed(self):
        """Whether any row is not as it was at first: users, sessions, and the two tables of the blacklist."""
        return _rows() != self._rows_at_first


def _rows():
    """Asked in SQL: after each of thousands of cases, what the ORM does would be most of the work."""
    with connection.cursor() as cursor:
        return [_rows_of(model._meta, cursor) for model in OWN_MODELS]


def _rows_of(meta, cursor):
    quote = connection.ops.quote_name
    cursor.execute(f"SELECT * FROM {quote(meta.db_table)} ORDER BY {quote(meta.pk.column)}")  # noqa: S608  no input
    return cursor.fetchall()


class Good:
    """The claims of a token that would be taken, for a case to spoil."""

    def __init__(self, payload, sids):
        self.payload = payload
        self.sids = sids

    @property
    def own_id(self):
        """The id in the user id claim."""
        return self.payload["user_id"]

    @property
    def token(self):
        """The token as it would be taken."""
        return forge(self.payload)


def make_user(name, number, key):
    """A user with PASSWORD, whose key is the number or the UUID."""
    model = get_user_model()
    pk = key if isinstance(model._meta.pk, models.UUIDField) else number
    user = model(**{"pk": pk, model.USERNAME_FIELD: name})
    user.set_password(PASSWORD)
    user.save()
    return model._default_manager.get(pk=pk)


def new_sessions(ada, grace):
    """The ids of sessions by what they are to ada."""
    from oxijwt.token_sessions import ending, refresh  # noqa: PLC0415  only with its app

    started = {"own": ada, "second": ada, "revoked": ada, "grace's": grace}
    sids = {name: refresh.start(user, timedelta(days=1)).pk for name, user in started.items()}
    ending.end(sids["revoked"], ada.pk)
    return {name: str(sid) for name, sid in sids.items()} | {"unknown": str(uuid.uuid4())}
