"""The list of sessions in a project with its own settings of DRF, and of a user who has very many sessions."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client, override_settings
from rest_framework.pagination import CursorPagination, LimitOffsetPagination, PageNumberPagination

from oxijwt.token_sessions.models import TokenSession
from tests.oxijwt.token_sessions.client import get, login, make_user, session_of

pytestmark = pytest.mark.django_db


class InPages(PageNumberPagination):
    page_size = 2


class InParts(LimitOffsetPagination):
    default_limit = 2


class ByCursor(CursorPagination):
    page_size = 2


class Unlimited(PageNumberPagination):
    """A project's class without PAGE_SIZE, which is DRF's default: it paginates nothing."""

    page_size = None


@pytest.fixture
def crowd():
    """An access token of the oldest of 130 sessions, and the ids of all of them, the newest first."""
    make_user()
    tokens = login()
    first = session_of(tokens["access"])
    others = [copy_of(first, minutes) for minutes in range(1, 130)]
    TokenSession.objects.bulk_create(others)
    return tokens["access"], [str(each.pk) for each in reversed([first, *others])]


def copy_of(session, minutes):
    fields = {field.attname: getattr(session, field.attname) for field in TokenSession._meta.fields}
    created_at = session.created_at + timedelta(minutes=minutes)
    return TokenSession(**fields | {"id": uuid4(), "created_at": created_at})


def ids(rows):
    return [row["id"] for row in rows]


def test_the_list_has_the_newest_hundred(crowd, django_assert_num_queries):
    """A user with 66,667 sessions got 18.5 MB."""
    access, newest_first = crowd
    with django_assert_num_queries(2):
        rows = get("token/sessions/", access).json()
    assert ids(rows) == newest_first[:100]


@pytest.mark.parametrize("paginated", [InPages, InParts, ByCursor])
def test_the_projects_pagination_is_used(crowd, settings, paginated):
    settings.REST_FRAMEWORK = {"DEFAULT_PAGINATION_CLASS": f"{__name__}.{paginated.__name__}"}
    access, newest_first = crowd
    page, seen = get("token/sessions/", access).json(), []
    while True:
        assert len(page["results"]) <= 2
        seen += ids(page["results"])
        if page["next"] is None:
            break
        page = Client().get(page["next"], HTTP_AUTHORIZATION=f"Bearer {access}").json()
    assert seen == newest_first


def test_a_pagination_without_a_size_has_the_limit_too(crowd, settings):
    settings.REST_FRAMEWORK = {"DEFAULT_PAGINATION_CLASS": f"{__name__}.Unlimited"}
    access, newest_first = crowd
    assert ids(get("token/sessions/", access).json()) == newest_first[:100]


TIMES = ("created_at", "last_used_at", "expires_at")


@pytest.mark.parametrize(
    ("site", "current", "other"),
    [
        (
            {"TIME_ZONE": "UTC"},
            ["2026-03-04T20:00:00Z", "2026-03-04T20:00:05Z", "2026-03-05T20:00:05Z"],
            ["2026-03-04T20:00:00Z", "2026-03-04T20:00:00Z", "2026-03-06T00:00:00Z"],
        ),
        (
            {"TIME_ZONE": "Asia/Kolkata"},
            ["2026-03-05T01:30:00+05:30", "2026-03-05T01:30:05+05:30", "2026-03-06T01:30:05+05:30"],
            ["2026-03-05T01:30:00+05:30", "2026-03-05T01:30:00+05:30", "2026-03-06T05:30:00+05:30"],
        ),
        (
            {"TIME_ZONE": "Asia/Kolkata", "REST_FRAMEWORK": {"DATETIME_FORMAT": "%d.%m.%Y %H:%M"}},
            ["05.03.2026 01:30", "05.03.2026 01:30", "06.03.2026 01:30"],
            ["05.03.2026 01:30", "05.03.2026 01:30", "06.03.2026 05:30"],
        ),
    ],
    ids=["UTC", "time zone", "format"],
)
def test_all_times_have_the_projects_format_and_time_zone(clock, site, current, other):
    """`last_used_at` was ISO 8601 in UTC, whatever its neighbours were."""
    clock.move_to("2026-03-04 20:00:00")
    make_user()
    login()
    tokens = login()
    clock.tick(5)
    with override_settings(**site):
        rows = get("token/sessions/", tokens["access"]).json()
    times = {row["current"]: [row[name] for name in TIMES] for row in rows}
    assert times == {True: current, False: other}


@pytest.mark.parametrize("time_zone", ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"])
def test_the_last_times_there_are_can_be_shown_everywhere(settings, time_zone):
    settings.TIME_ZONE = time_zone
    make_user()
    tokens = login()
    login()
    TokenSession.objects.update(expires_at=datetime.max.replace(tzinfo=UTC), absolute_expires_at=None)
    assert get("token/sessions/", tokens["access"]).status_code == 200
