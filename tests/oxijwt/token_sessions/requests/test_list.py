"""The list of sessions in a project with its own settings of DRF, and of a user who has very many sessions."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
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
