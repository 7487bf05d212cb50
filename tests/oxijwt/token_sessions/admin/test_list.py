"""The list of sessions: what it shows, how it is narrowed, and that its cost does not grow with the table."""

from datetime import timedelta

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from oxijwt.token_sessions.admin import lists
from oxijwt.token_sessions.api import end_session
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from tests.oxijwt.token_sessions.client import USER_AGENT, login, logout, make_user, post, session_of

from .pages import LIST, change_page, end_all_page, listed, page, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def few_are_listed(monkeypatch):
    """The list has no more than two rows."""
    monkeypatch.setattr(lists, "MOST_LISTED", 2)


@pytest.fixture
def can_group_by_dates():
    if not connection.features.has_zoneinfo_database:
        pytest.skip("MariaDB without time zone tables")


def test_it_shows_user_device_times_and_state(admin, clock):
    tokens = login(HTTP_USER_AGENT="an older one", REMOTE_ADDR="192.0.2.1")
    clock.tick(60)
    post("refresh/", {"refresh": tokens["refresh"]}, HTTP_USER_AGENT="the newest one", REMOTE_ADDR="192.0.2.7")
    logout(login(HTTP_USER_AGENT="another")["refresh"])
    text = page(admin)
    for shown in ("ada", "the newest one", "<bdi>192.0.2.7</bdi>", "03/03/2026 11:06 p.m.", "11:07 p.m."):
        assert shown in text
    assert set(states(admin)) == {"live", "logout"}


def test_long_names_and_addresses_can_be_broken(admin):
    """They made the list so wide that its last columns could not be seen at 1280 pixels."""
    login(
        make_user("Ada.L@example.org <b>").username,
        HTTP_USER_AGENT="HeadlessiOS on macOS 1.5 <b>",
        REMOTE_ADDR="2001:db8::1",
    )
    text = admin.get(LIST).content.decode()
    assert ">Ada.<wbr>L@<wbr>example.<wbr>org &lt;b&gt;<" in text
    assert ">2001:<wbr>db8:<wbr>:<wbr>1<" in text
    assert ">HeadlessiOS on macOS 1.5 &lt;b&gt;<" in text
    login(make_user("x" * 22).username)
    assert f">{'x' * 20}<wbr>x<wbr>x<" in admin.get(LIST).content.decode()
    login(HTTP_USER_AGENT="ZettelKasten")
    assert ">Zettel<wbr>Kasten<" in admin.get(LIST).content.decode()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_names_and_addresses_keep_their_direction(admin, language):
    """A page in Arabic wrote the first part of 2001:db8::1 last."""
    login(HTTP_USER_AGENT=USER_AGENT, REMOTE_ADDR="2001:db8::1")
    session = TokenSession.objects.get()
    with translation.override(language):
        pages = [admin.get(path).content.decode().replace("<wbr>", "") for path in (LIST, change_page(session))]
    assert "<bdi>ada</bdi>" in pages[0]
    assert f"<bdi>{USER_AGENT}</bdi>" in pages[1]
    for text in pages:
        assert "<bdi>2001:db8::1</bdi>" in text


def test_a_long_header_has_several_lines(admin):
    """In 15 of 25 languages the last column was outside of a window of 1280 pixels."""
    login()
    with translation.override("de"):
        text = page(admin)
    assert "Zuletzt<br>verwendet am" in text
    assert "Last used at" in page(admin)


def test_the_state_is_the_first_column(admin):
    """The last one could not be seen: neither on a phone nor at 1280 pixels."""
    login()
    text = page(admin)
    assert text.index("column-state") < text.index("column-user_name") < text.index("column-created")
    assert f'<th class="field-state"><a href="{change_page(TokenSession.objects.get())}' in text


def change(ada, **values):
    """Change a user as no signal tells."""
    get_user_model().objects.filter(pk=ada.pk).update(**values)


@pytest.mark.parametrize(
    ("change_it", "state"),
    [
        (lambda ada, clock: clock.tick(timedelta(days=1)), "expired"),
        (lambda ada, clock: change(ada, password="another hash"), "The user's password has been changed."),
        (lambda ada, clock: change(ada, is_active=False), "User is inactive"),
    ],
    ids=["past an end", "another password", "deactivated"],
)
def test_a_refused_session_is_not_called_live(admin, ada, clock, change_it, state):
    login()
    assert states(admin) == ["live"]
    change_it(ada, clock)
    admin.force_login(get_user_model().objects.get(username="root"))
    assert states(admin) == [state]


@pytest.mark.parametrize("state", ["live", "expired", "ended"])
def test_it_is_filtered_by_state(admin, clock, state):
    for name in ("expired", "ended", "live"):
        make_user(name)
    login("expired")
    clock.tick(timedelta(days=1))
    admin.force_login(get_user_model().objects.get(username="root"))
    logout(login("ended")["refresh"])
    login("live")
    assert set(listed(admin)) == {"live", "ended", "expired"}
    assert listed(admin, state=state) == [state]


def test_a_session_at_its_absolute_end_is_expired(admin, clock):
    login()
    TokenSession.objects.update(absolute_expires_at=TokenSession.objects.get().created_at)
    assert listed(admin, state="live") == []
    assert listed(admin, state="expired") == ["ada"]


def test_it_is_filtered_by_reason(admin):
    login()
    assert listed(admin, revoke_reason__exact=RevokeReason.REUSE) == []
    end_session(TokenSession.objects.get(), RevokeReason.REUSE)
    assert listed(admin, revoke_reason__exact=RevokeReason.REUSE) == ["ada"]


def test_it_is_narrowed_to_a_user(admin, ada):
    make_user("grace")
    login()
    login("grace")
    assert set(listed(admin)) == {"ada", "grace"}
    assert listed(admin, user=ada.pk) == ["ada"]
    text = page(admin, user=ada.pk)
    assert f'href="{end_all_page(ada)}"' in text
    assert f'href="/admin/auth/user/{ada.pk}/change/"' in text
    assert "/end/" not in page(admin)


@pytest.mark.parametrize("user", ["", "999", "nobody", "9" * 40, "-1", "1,2"])
def test_an_unknown_user_has_no_sessions(admin, user):
    login()
    assert listed(admin, user=user) == []
    assert "/end/" not in page(admin, user=user)


def test_the_links_to_a_user_are_for_staff_who_may_follow_them(ada, staff_with):
    login()
    client = staff_with("view_tokensession")
    session = TokenSession.objects.get()
    for text in (page(client, user=ada.pk), page(client, change_page(session))):
        assert "<bdi>ada</bdi>" in text
        assert end_all_page(ada) not in text
        assert f"/admin/auth/user/{ada.pk}/change/" not in text


def test_the_number_of_statements_does_not_grow(admin, django_assert_num_queries):
    login()
    page(admin)
    with CaptureQueriesContext(connection) as few:
        page(admin)
    statements = len(few)
    for number in range(5):
        make_user(f"user{number}")
        login(f"user{number}")
    with django_assert_num_queries(statements):
        page(admin)


def test_no_statement_counts_or_joins_all_rows(admin):
    login()
    with CaptureQueriesContext(connection) as statements:
        page(admin)
    texts = [each["sql"] for each in statements if "token_sessions_tokensession" in each["sql"]]
    counts = [text for text in texts if "COUNT(" in text]
    assert len(counts) == 1
    assert f"LIMIT {lists.MOST_LISTED + 1}" in counts[0]
    assert not [text for text in texts if "JOIN" in text]


def test_a_long_list_says_that_there_is_more(admin, few_are_listed):
    for _ in range(2):
        login()
    assert "There are more sessions" not in page(admin)
    login()
    assert "There are more sessions than the list has." in page(admin)
    assert admin.get(LIST).context["cl"].result_count == 2


def test_the_bar_of_dates_is_shown_for_a_list_with_all_its_rows(admin, few_are_listed, clock, can_group_by_dates):
    login()
    clock.tick(timedelta(days=40))
    admin.force_login(get_user_model().objects.get(username="root"))
    login()
    assert "created_at__month=3" in page(admin)
    assert listed(admin, created_at__year=2026, created_at__month=3) == ["ada"]
    login()
    assert "created_at__month=3" not in page(admin)


def test_no_bar_of_dates_without_time_zone_tables(admin, monkeypatch, can_group_by_dates):
    """MariaDB raised an error for each list, where its administrator has loaded none."""
    login()
    assert "created_at__day=" in page(admin)
    monkeypatch.setattr(connection.features, "has_zoneinfo_database", False)
    assert "created_at__day=" not in page(admin)


def test_the_newest_come_first_and_nothing_else_is_sorted(admin, clock):
    for name in ("b", "c", "a"):
        clock.tick(1)
        make_user(name)
        login(name)
    for order in ("", "2", "-2", "6", "-6"):
        assert listed(admin, o=order) == ["a", "c", "b"]
    assert "?o=" not in page(admin)


def test_no_page_shows_a_token_or_a_hash(admin, ada):
    """The page of a session listed `auth_hash`, which is what a database alone must not turn into a login."""
    tokens = login(HTTP_USER_AGENT=USER_AGENT)
    session = session_of(tokens["refresh"])
    digest = bytes(session.auth_hash)
    pages = [page(admin), page(admin, change_page(session)), page(admin, end_all_page(ada))]
    pages.append(page(admin, f"{LIST}{session.pk}/history/"))
    for text in pages:
        for secret in (*tokens.values(), digest.hex(), repr(digest), str(digest), "auth_hash", "auth hash"):
            assert secret.lower() not in text.lower()
    assert USER_AGENT in pages[1]


OTHERWISE = ("rotated_at", "revoke_reason", "user_agent", "ip_address")
"""Columns that the page of a session shows by a method."""


def test_the_page_of_a_session_shows_each_field_but_the_hash(admin, ada):
    session = session_of(login(HTTP_USER_AGENT=USER_AGENT)["refresh"])
    text = page(admin, change_page(session))
    assert USER_AGENT in text
    admin_of_sessions = django_admin.site.get_model_admin(TokenSession)
    shown = {*admin_of_sessions.get_readonly_fields(None), *OTHERWISE} - {"user_name"}
    assert {field.name for field in TokenSession._meta.fields} - shown == {"auth_hash"}
    assert f'href="/admin/auth/user/{ada.pk}/change/"' in text
    assert str(session.pk) in text


def test_nothing_can_be_added_or_changed(admin):
    session = session_of(login()["refresh"])
    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.post(change_page(session), {"generation": 7}).status_code == 403
    assert '<input type="text"' not in page(admin, change_page(session))
    session.refresh_from_db()
    assert session.generation == 0
