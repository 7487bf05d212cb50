"""The search: by the beginning of a name, and by exact ids. It reads users first and then these users' sessions."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oxijwt.records.users import find_by_key, ids_of_users
from oxijwt.token_sessions.admin import sessions
from oxijwt.token_sessions.models import TokenSession
from tests.oxijwt.token_sessions.client import claims, login, make_user

from .pages import listed, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def grace():
    return make_user("grace", email="hopper@example.org")


@pytest.fixture
def sids(ada, grace):
    """The session ids of both users."""
    return {name: claims(login(name)["refresh"])["sid"] for name in ("ada", "grace")}


@pytest.mark.parametrize(
    "query",
    ["grace", "gra", "GRACE", " grace ", "hopper@example.org", "hop", "{grace}", "{sid}", "{sid_upper}", "{sid_hex}"],
)
def test_a_session_is_found(admin, grace, sids, query):
    sid = sids["grace"]
    words = {"grace": grace.pk, "sid": sid, "sid_upper": sid.upper(), "sid_hex": sid.replace("-", "")}
    assert listed(admin, q=query.format(**words)) == ["grace"]


@pytest.mark.parametrize(
    "query",
    [
        "nonsense", "race", "example.org", "999.9.9.9", "-", "%", "_", "é", "a b c", "9" * 40, "-1", "0", "\x00",
        "00000000-0000-0000-0000-00000000000g", "{sid_start}",
    ],
)  # fmt: skip
def test_nothing_is_found_and_nothing_fails(admin, sids, query):
    text = query.format(sid_start=sids["grace"][:13])
    page(admin, q=text)
    assert "\x00" in query or listed(admin, q=text) == []


def test_a_number_is_a_key_or_the_beginning_of_a_name(admin, ada):
    """`q=1` found each session with a 1 in its user's key."""
    users = [make_user(f"u{number}") for number in range(12)]
    for user in users:
        login(user.username)
    make_user(f"{users[0].pk}st")
    login(f"{users[0].pk}st")
    assert set(listed(admin, q=users[0].pk)) == {"u0", f"{users[0].pk}st"}
    assert listed(admin, q=users[1].pk) == ["u1"]


def test_many_users_are_cut_with_a_warning(admin, ada, grace, sids, monkeypatch):
    make_user("gretel")
    login("gretel")
    assert "There are more sessions" not in page(admin, q="gr")
    monkeypatch.setattr(sessions, "MOST_USERS", 1)
    assert "There are more sessions than the list has." in page(admin, q="gr")
    assert len(listed(admin, q="gr")) == 1
    assert "There are more sessions" not in page(admin, q="grace")


def test_a_search_reads_no_session_but_those_of_the_users(admin, sids):
    """By key: no text is compared with each row of the table."""
    with CaptureQueriesContext(connection) as statements:
        page(admin, q="grace")
    texts = [each["sql"] for each in statements if "token_sessions_tokensession" in each["sql"]]
    assert texts
    for text in texts:
        assert "LIKE" not in text
        assert "user_id" in text.split("WHERE")[1]


def test_a_user_is_found_by_key_first(ada, grace):
    named = make_user(str(ada.pk))
    assert ids_of_users(str(ada.pk), 5) == [ada.pk, named.pk]
    assert ids_of_users(str(ada.pk), 1) == [ada.pk]
    assert find_by_key(str(grace.pk)) == grace
    assert find_by_key("grace") is None


def test_an_email_address_is_found_without_email_field(ada, grace, monkeypatch):
    """Django's default for EMAIL_FIELD is `email`, and not each model has set it."""
    monkeypatch.delattr(type(ada).__mro__[1], "EMAIL_FIELD")
    assert ids_of_users("hopper@", 5) == [grace.pk]


def test_a_key_that_is_a_text_may_have_any_character(ada, monkeypatch):
    """PostgreSQL refuses this character in a text, so the address was an error of the site."""
    monkeypatch.setattr(type(ada)._meta, "pk", type(ada)._meta.get_field("username"))
    assert find_by_key("\x00") is None
    assert find_by_key("%") is None


def test_the_help_tells_what_is_searched(admin):
    assert "The beginning of a user name" in page(admin)
    assert TokenSession.objects.count() == 0
