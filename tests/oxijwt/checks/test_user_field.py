"""The check of USER_ID_FIELD, open and shut."""

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.core.checks import ERROR
from django.db import models
from django.test.utils import isolate_apps

from oxijwt.checks import check_settings, users

HIDDEN = "this text is a key"


def people():
    """A user model without `id`, and with fields of each kind. Made late, in a registry of its own."""
    with isolate_apps("django.contrib.auth"):

        class Person(AbstractBaseUser):
            code = models.CharField(max_length=9, primary_key=True)
            email = models.EmailField(unique=True)
            number = models.IntegerField()
            nick = models.CharField(max_length=9)
            city = models.CharField(max_length=9)
            secret = models.CharField(max_length=9, unique=True, db_column="old_Password")
            password_hash = models.CharField(max_length=9, unique=True)
            account = models.OneToOneField(User, models.CASCADE)
            USERNAME_FIELD = "email"

            class Meta:
                app_label = "auth"
                constraints = [
                    models.UniqueConstraint(fields=["number"], name="number"),
                    models.UniqueConstraint(fields=["nick"], condition=models.Q(city="Rome"), name="nick"),
                    models.UniqueConstraint(fields=["nick", "city"], name="nick_and_city"),
                ]

    return Person


@pytest.fixture
def person(monkeypatch):
    model = people()
    monkeypatch.setattr(users, "get_user_model", lambda: model)


def findings(settings, **simple_jwt):
    settings.SIMPLE_JWT = simple_jwt
    return check_settings()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *[(name, None) for name in ("code", "pk", "email", "number", "account_id")],
        *[(name, "E033") for name in ("id", "uuid", "", "account", "email__iexact", HIDDEN, 7, None, [], b"email")],
        *[(name, "E034") for name in ("nick", "city", "last_login")],
        *[(name, "E035") for name in ("password", "password_hash", "secret")],
    ],
)
@pytest.mark.usefixtures("person")
def test_the_field_of_a_users_id(settings, name, expected):
    found = findings(settings, USER_ID_FIELD=name)
    assert [(finding.id, finding.level) for finding in found] == [(f"oxijwt.{expected}", ERROR)] * bool(expected)
    for finding in found:
        assert finding.msg.startswith("SIMPLE_JWT['USER_ID_FIELD'] must ")
        assert finding.hint.startswith("Use a unique field of auth.Person, such as 'code'.")


@pytest.mark.usefixtures("person")
def test_the_default_counts_too(settings):
    """Each login was a 500 for a user model whose key has another name."""
    assert [finding.id for finding in findings(settings)] == ["oxijwt.E033"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("id", []), ("pk", []), ("username", []), ("email", ["oxijwt.E034"]), ("password", ["oxijwt.E035"])],
)
def test_djangos_own_user(settings, name, expected):
    assert [finding.id for finding in findings(settings, USER_ID_FIELD=name)] == expected


def test_a_service_without_users_has_no_such_field(settings):
    settings.INSTALLED_APPS = ["rest_framework", "oxijwt"]
    assert findings(settings, USER_ID_FIELD="no_field") == []
