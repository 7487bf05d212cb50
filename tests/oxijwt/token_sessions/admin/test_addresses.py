"""The list takes its filters from the address, which anybody can write. It never fails, and tells no hidden column."""

import pytest

from oxijwt.token_sessions.admin import lists
from oxijwt.token_sessions.models import TokenSession
from tests.oxijwt.token_sessions.client import login, session_of

from .pages import LIST, change_page, listed, page

pytestmark = pytest.mark.django_db

FAR = ("0001-01-01 00:00:00+14:00", "9999-12-31 23:59:59-14:00")
UNUSABLE = [
    *[(f"created_at__{bound}", value) for bound in ("gte", "lt") for value in (*FAR, "abc", "", "\x00")],
    *[("created_at__year", year) for year in ("0", "-1", "9999", "99999", "9" * 40, "9" * 5000, "abc")],
    *[("flush_after__year", year) for year in ("0", "10000", "9" * 40)],
    ("created_at__regex", "\x00"),
    ("created_at__isnull", "perhaps"),
    *[("idle_lifetime", value) for value in ("", "abc", "9" * 40, "\x00")],
    ("generation__gt", "abc"),
    ("id__in", "abc"),
    ("id", "\x00"),
    ("nonsense", "abc"),
    ("revoke_reason__exact", "abc"),
    ("p", "99999"),
    ("p", "0"),
]


@pytest.mark.parametrize(("name", "value"), UNUSABLE)
def test_an_unusable_value_is_answered_with_the_list_or_with_nothing(admin, name, value):
    """Dates outside of what a database has were errors of the site, and so was a text for an interval."""
    login()
    response = admin.get(LIST, {name: value})
    assert response.status_code in {200, 302}
    if response.status_code == 302:
        assert response.url == f"{LIST}?e=1"


@pytest.mark.parametrize("day", [{"year": 9999, "month": 12}, {"year": 9999, "month": 12, "day": 31}, {"year": 1}])
def test_the_bar_of_dates_ends_somewhere(admin, day):
    login()
    assert admin.get(LIST, {f"created_at__{part}": value for part, value in day.items()}).status_code in {200, 302}


def test_an_error_of_the_list_itself_is_not_hidden(admin, monkeypatch):
    def broken(*_arguments):
        raise ValueError("broken")

    monkeypatch.setattr(lists.SessionPaginator, "count", property(broken))
    with pytest.raises(ValueError, match="broken"):
        admin.get(LIST)
    assert admin.get(LIST, {"is_login": "1"}).status_code == 302


@pytest.mark.parametrize("name", ["all", "e", "_facets", "_popup", "o", "q", "state", "user"])
def test_other_parameters_can_be_anything(admin, name):
    login()
    for value in ("p", "1", "_0_", "9999", "\x00", "-1", "x" * 10_000):
        page(admin, **{name: value})


@pytest.mark.parametrize(
    "lookup", ["", "__startswith", "__gte", "__contains", "__regex", "__exact", "__in", "__isnull"]
)
def test_no_address_filters_by_the_hash(admin, lookup):
    """The number of rows told a piece of it: enough addresses told the whole hash."""
    login()
    for value in ("", "a", "0"):
        assert admin.get(LIST, {f"auth_hash{lookup}": value}).status_code == 400


@pytest.mark.parametrize("name", ["user__password__startswith", "user__is_superuser", "user__username"])
def test_no_address_filters_by_other_columns_of_users(admin, name):
    login()
    assert admin.get(LIST, {name: ""}).status_code == 400


def test_an_address_may_filter_by_what_pages_show(admin):
    login()
    assert listed(admin, is_login__exact="1") == ["ada"]
    assert listed(admin, is_login__exact="0") == []


AGENTS = [
    "<script>alert(1)</script>",
    "Mozilla/5.0 (<b>; </td>&lt;i&gt;) AppleWebKit/537.36 (KHTML, like Gecko) <b>/1",
    "%s %(a)s {0} {{ x }} {% if %}",
    "\u202egnp.exe\u2066",
    "x" * 255,
    "(" * 255,
    "Mozilla/5.0 " + "a;" * 120,
    "é\u2028\U0001f600",
]


@pytest.mark.parametrize("agent", AGENTS)
def test_a_hostile_user_agent_is_text(admin, agent):
    session = session_of(login()["refresh"])
    TokenSession.objects.update(user_agent=agent)
    for path in (LIST, change_page(session)):
        response = admin.get(path)
        assert response.status_code == 200
        text = response.content.decode().split('id="content"')[1]
        assert "<script>alert" not in text
        assert "<b>" not in text
        assert "</td>&lt;i" not in text
