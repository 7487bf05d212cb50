"""Users, and staff who are logged in to the admin."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from tests.oxijwt.token_sessions.client import make_user


@pytest.fixture(autouse=True)
def ada(db, clock):
    return make_user()


@pytest.fixture
def admin(ada):
    """A client of a superuser."""
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def staff_with():
    """The client of a staff member with these permissions, as code names."""

    def make(*permissions):
        member = make_user("member", is_staff=True)
        member.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        assert member.user_permissions.count() == len(permissions)
        client = Client()
        client.force_login(member)
        return client

    return make
