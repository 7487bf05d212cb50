"""What is compared: each group yields (what it is, what to do, what to look at after it)."""

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import product

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError
from django.test import override_settings

from oxijwt.records import blacklist
from oxijwt.settings import api_settings
from oxijwt.statements import kept, rows
from oxijwt.statements.kept import getting
from oxijwt.token_sessions import ending, reading, refresh
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.utils import find_user
from tests.oxijwt.token_sessions.both_ways import VALUES

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
DAY = timedelta(days=1)
AGENTS = ["", "Mozilla/5.0 (%s)", "é\u2028", "nul\0", "a" * 300, "\ud800"]
ADDRESSES = [None, "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "nowhere"]
GONE = uuid.UUID(int=8)
"""The id of no session."""
FIELDS = {
    "auth.User": ["id", "pk", "username", "email", "first_name", "is_active", "last_login", "date_joined"],
    "plain_users.PlainUser": ["id", "pk", "email", "number", "code", "balance", "born", "is_active"],
}


def moment(value):
    """A datetime as the site has them."""
    return value if settings.USE_TZ else value.replace(tzinfo=None)


def no_look():
    """A SELECT changes no row."""


class Scene:
    """The rows that all groups start from."""

    def __init__(self):
        users = get_user_model()
        manager = users._default_manager
        names = {field.name for field in users._meta.fields}
        given = {"last_login": moment(MOMENT), "email": "ada@example.org", "username": "ada", "first_name": "ada"}
        given |= {"number": 2**40, "code": uuid.UUID(int=1), "balance": Decimal("1.50"), "born": date(2026, 3, 4)}
        self.user = manager.create(**{name: value for name, value in given.items() if name in names})
        other = {"email": "bob@example.org", "username": "bob", "first_name": "ada"}
        self.other = manager.create(**{name: value for name, value in other.items() if name in names})
        self.session = self.new_session()
        self.session.save(force_insert=True)
        self.outstanding = apps.get_model("token_blacklist", "OutstandingToken")
        self.entries = apps.get_model("token_blacklist", "BlacklistedToken")
        self.issued, self.ended = (self.new_outstanding(jti) for jti in ("issued", "ended"))
        self.issued.save()
        self.ended.save()
        self.entries(token=self.ended).save()

    def new_session(self, **changes):
        """A session that is not written."""
        session = TokenSession(
            id=uuid.UUID(int=7),
            created_at=moment(MOMENT),
            expires_at=moment(MOMENT + DAY),
            flush_after=date(2026, 5, 4),
            auth_hash=b"\0\xff" * 16,
        )
        session.set_user(self.user)
        for name, value in changes.items():
            setattr(session, name, value)
        return session

    def new_outstanding(self, jti, **changes):
        """An issued token that is not written."""
        fields = {"user": self.user, "token": "text", "created_at": moment(MOMENT), "expires_at": moment(MOMENT + DAY)}
        return self.outstanding(jti=jti, **fields | changes)

    def sessions(self):
        """All sessions as the database has them."""
        return [[(type(value), value) for value in row] for row in TokenSession.objects.order_by("pk").values_list()]

    def tokens(self):
        """The blacklist's tables, without keys."""
        issued = self.outstanding.objects.order_by("jti").values_list(
            "jti", "user", "token", "created_at", "expires_at"
        )
        return list(issued), list(self.entries.objects.order_by("token__jti").values_list("token__jti"))


def users_with_sessions(scene):
    """The SELECT of a user with a session and the blacklist's answer."""
    sid = scene.session.pk
    asked = [(sid, ()), (sid, ("issued", "ended")), (sid, ("issued", "unknown")), (GONE, ("%s",)), (GONE, ())]
    for field in FIELDS[settings.AUTH_USER_MODEL]:
        with override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | {"USER_ID_FIELD": field}):
            for value, (name, ids) in product(ids_of(scene, field), asked):
                yield (field, value, name, ids), partial(with_answer, name, value, ids), no_look


def with_answer(sid, value, ids):
    """What `find_with_user` finds, and what the blacklist says."""
    user, session = reading.find_with_user(sid, value, ids)
    return user, session, None if user is None else reading.blacklisted(user)


def ids_of(scene, field):
    """Values of a `user_id` claim, with that of a row."""
    stored = getattr(scene.user, field, "ada")
    return [stored, str(stored), *VALUES]


def users_alone(scene):
    """The SELECT of a user."""
    for field in FIELDS[settings.AUTH_USER_MODEL]:
        with override_settings(SIMPLE_JWT=settings.SIMPLE_JWT | {"USER_ID_FIELD": field}):
            for value in ids_of(scene, field):
                yield (field, value), partial(find, value), no_look


def find(value):
    """The user, as records without a session find the user."""
    return find_user(getting(get_user_model()._default_manager), api_settings.USER_ID_FIELD, value)


def issued_tokens(scene):
    """The SELECT of an issued token with its blacklist entry."""
    for jti in ["ended", "issued", "ENDED", "x" * 256, *(value for value in VALUES if isinstance(value, str))]:
        yield jti, partial(with_entry, jti), no_look


def with_entry(jti):
    """The row, whether it has an entry, and the entry."""
    found = blacklist.find(jti)
    entry = getattr(found, "blacklistedtoken", None)
    return found, blacklist.is_blacklisted(found), entry, entry is None or entry.token is found


def rotations(scene):
    """The UPDATE of a rotation."""
    changes = [{"generation": 4, "rotated_at": moment(MOMENT), "ip_address": ip} for ip in ADDRESSES]
    changes += [{"generation": number, "user_agent": agent} for number in (1, 2**40, -1) for agent in AGENTS]
    changes += [{"auth_hash": value, "flush_after": date.max} for value in (b"", b"\0\xff%s" * 8)]
    for generation, read_at, values in product([0, 3, 2**70], [None, moment(MOMENT)], changes):
        where = {"pk": scene.session.pk, "generation": generation, "rotated_at": read_at, "revoked_at": None}
        yield (where, values), partial(updated, where, values), scene.sessions


def updated(where, values):
    """How many rows it changed."""
    return kept.update(TokenSession.objects, "default", where, values)


def ends(scene):
    """The UPDATE of an end: of one session, of all of a user, and where nothing is left to end."""
    chosen = [{"pk": scene.session.pk}, {"pk": GONE}, {"user": scene.user}, {"user": scene.other}]
    for sessions, reason, at in product(chosen, RevokeReason, [moment(MOMENT), moment(MOMENT + DAY)]):
        yield (sessions, reason), partial(ending.update_live, sessions, reason, at, "default"), scene.sessions
    for user in (scene.user, scene.other, get_user_model()(), 5):
        yield user, partial(ending.revoke_for_user, user, reason=RevokeReason.LIMIT), no_look


def new_sessions(scene):
    """The INSERT of a session."""
    changes = [{"ip_address": ip, "user_agent": agent} for ip, agent in product(ADDRESSES, AGENTS)]
    changes += [{"absolute_expires_at": at, "idle_lifetime": DAY} for at in (None, moment(MOMENT))]
    changes += [{"auth_hash": value} for value in (b"", memoryview(b"abc"), None)]
    changes += [{"generation": value} for value in (0, 2**40, -1, "x")]
    changes += [{"scope": value} for value in (None, "", "x" * 10000, "\0", 7)]
    changes += [{"user": get_user_model()()}, {"id": scene.session.pk}, {"expires_at": None}]
    for fields in changes:
        # The control replaces the last column, so it must not be NULL already.
        yield fields, partial(inserted_session, scene, {"scope": "orders:read"} | fields), scene.sessions


def inserted_session(scene, fields):
    """The session, after it was inserted."""
    session = scene.new_session(**{"id": uuid.UUID(int=9)} | fields)
    rows.insert(session, "default")
    return session


def moved_ends(scene):
    """The UPDATE of a session whose end moves."""
    for seconds, idle, is_gone in product((0, 10**9, 4 * 10**9), (None, DAY), (False, True)):
        yield (seconds, idle, is_gone), partial(moved_end, scene, seconds, idle, is_gone), scene.sessions


def moved_end(scene, seconds, idle, is_gone):
    """The session, after its end was moved."""
    session = scene.new_session(id=GONE if is_gone else scene.session.pk)
    session._state.adding, session._state.db = False, "default"
    refresh.move_end(session, seconds, idle)
    return session


def new_tokens(scene):
    """The INSERTs of the blacklist's tables."""
    changes = [
        {},
        {"user": None},
        {"created_at": None},
        {"token": "%s\0"},
        {"token": "x" * 10000},
        {"expires_at": None},
    ]
    for jti, fields in product(["new", "issued", "x" * 256, "", "\0"], [*changes, {"user": get_user_model()()}]):
        yield (jti, fields), partial(inserted_token, scene, jti, fields), scene.tokens
    for token in (scene.issued, scene.ended, scene.new_outstanding("unsaved"), scene.outstanding(pk=10**6)):
        yield token.jti, partial(blacklisted, token), scene.tokens
        yield token.jti, partial(replaced, scene, token), scene.tokens


def inserted_token(scene, jti, fields):
    """The row, after it was inserted."""
    row = scene.new_outstanding(jti, **fields)
    rows.insert(row, "default")
    return without_key(row)


def without_key(row):
    """The row and the type of its key: a sequence goes on, also after a rollback."""
    return row, type(vars(row).pop("id"))


def blacklisted(token):
    """The entry, and whether it is new."""
    entry, is_new = blacklist.blacklist(token)
    return without_key(entry), is_new


def replaced(scene, token):
    """What `replace` raises, with its cause."""
    issued = blacklist.IssuedToken("successor", "text", scene.user, moment(MOMENT), moment(MOMENT + DAY))
    try:
        return blacklist.replace(token, issued)
    except blacklist.AlreadyBlacklistedError as error:
        return isinstance(error.__cause__, IntegrityError)


GROUPS = (
    *(users_with_sessions, users_alone, issued_tokens),
    *(rotations, ends, new_sessions, moved_ends, new_tokens),
)
