"""TokenUser: which of a token's claims count; and which app the models of tables belong to."""

import copy
import json
import pickle
import sys
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.html import format_html
from rest_framework.utils.encoders import JSONEncoder

from oxijwt.models import PROBED, TokenUser
from oxijwt.settings import api_settings
from oxijwt.tokens import AccessToken
from tests.client import claims, forge
from tests.issuer import NAMES, published, signed

RIGHTS = ("is_staff", "is_superuser")
NOT_TRUE = [False, None, 0, 1, 1.0, -1, "", "true", "True", "false", [], [True], {}, {"a": 1}]


def ours(**changes):
    return AccessToken(forge(claims("access", user_id="1", **changes)))


def theirs(other_issuers, name=NAMES[0], **changes):
    return AccessToken(other_issuers.token(claims("access", user_id="1", **changes), name))


def rights(token):
    user = TokenUser(token)
    return user.is_staff, user.is_superuser


@pytest.mark.parametrize("right", RIGHTS)
def test_a_claim_that_is_true_gives_the_right(right):
    assert rights(ours(**{right: True})) == (right == "is_staff", right == "is_superuser")


@pytest.mark.parametrize("value", NOT_TRUE, ids=repr)
def test_any_other_value_does_not(value):
    """The text "false" made a TokenUser staff."""
    assert rights(ours(is_staff=value, is_superuser=value)) == (False, False)
    assert all(getattr(TokenUser(ours(**{right: value})), right) is False for right in RIGHTS)


def test_a_token_without_the_claims_gives_no_right():
    assert rights(ours()) == (False, False)


def test_another_issuer_makes_nobody_staff(other_issuers):
    """Another issuer's claim `is_staff` counted as our own."""
    token = theirs(other_issuers, is_staff=True, is_superuser=True)
    assert rights(token) == (False, False)
    assert TokenUser(token).tenant is None
    assert token["is_staff"] is True


def trusting(other_issuers, settings, value, name=NAMES[0]):
    """The settings in which this issuer has the option `trust_staff`."""
    entry = other_issuers.setting[name] | {"trust_staff": value}
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"ISSUERS": other_issuers.setting | {name: entry}}


def test_an_issuer_with_trust_staff_makes_staff(other_issuers, settings):
    trusting(other_issuers, settings, True)
    assert rights(theirs(other_issuers, is_staff=True, is_superuser=True)) == (True, True)
    assert rights(theirs(other_issuers, is_staff="true", is_superuser=1)) == (False, False)
    assert rights(theirs(other_issuers, NAMES[1], is_staff=True, is_superuser=True)) == (False, False)


def test_trust_that_was_withdrawn_counts_no_more(other_issuers, settings):
    trusting(other_issuers, settings, True)
    token = pickle.loads(pickle.dumps(theirs(other_issuers, is_staff=True)))  # noqa: S301  our own bytes
    assert rights(token) == (True, False)
    trusting(other_issuers, settings, False)
    assert rights(token) == (False, False)
    settings.SIMPLE_JWT = {}
    assert rights(token) == (False, False)


def test_a_token_that_nobody_verified_makes_nobody_staff(other_issuers):
    """An unverified token of anybody made its TokenUser staff."""
    for text in (
        other_issuers.token(claims("access", user_id="1", is_staff=True)),
        forge(claims("access", user_id="1", is_staff=True), key="any key"),
    ):
        assert rights(AccessToken(text, verify=False)) == (False, False)


def test_a_new_token_and_a_class_of_the_project_count_as_ours():
    new = AccessToken()
    new["is_staff"] = True
    assert rights(new) == (True, False)
    assert rights({"is_staff": True}) == (True, False)


def test_the_issuer_of_jwk_url_is_believed(issuer, settings):
    """JWK_URL stands for VERIFYING_KEY: its issuer is the service's own."""
    issuer.publish(published("k"))
    settings.SIMPLE_JWT = {"ALGORITHM": "ES256", "JWK_URL": issuer.url}
    token = AccessToken(signed(claims("access", user_id="1", is_staff=True), "k"))
    assert rights(token) == (True, False)
    assert api_settings.ISSUERS is None


def test_django_takes_a_token_user_for_a_value_and_for_no_expression():
    """Each name was an attribute, None, which Django then called: TypeError."""
    user = TokenUser(ours())
    assert format_html("<b>{}</b>", user) == "<b>TokenUser 1</b>"
    assert json.loads(json.dumps({"by": user}, cls=DjangoJSONEncoder, default=str)) == {"by": "TokenUser 1"}
    with pytest.raises(TypeError, match="Object of type TokenUser is not JSON serializable"):
        JSONEncoder().encode(user)
    with pytest.raises(TypeError, match="must be a mapping"):
        dict(**user)


@pytest.mark.django_db
def test_the_permissions_of_a_token_user_can_be_asked_of_djangos_backend():
    user = TokenUser(ours())
    assert ModelBackend().has_perm(user, "auth.add_user") is False
    assert ModelBackend().get_all_permissions(user) == set()
    assert not hasattr(user, "_group_perm_cache_of_another_backend")
    superuser = TokenUser(ours(is_superuser=True))
    assert ModelBackend().has_perm(superuser, "auth.add_user") is True


@pytest.mark.django_db
@pytest.mark.parametrize("write", [False, True], ids=["filter", "update"])
def test_a_token_user_in_a_query_fails_as_djangos_anonymous_user_does(write):
    """The row that a TokenUser names may be in another database, or nowhere: a query takes its id."""
    entries = LogEntry.objects

    def query(user):
        return entries.update(user=user) if write else entries.filter(user=user).count()

    messages = []
    for user in (AnonymousUser(), TokenUser(ours())):
        with pytest.raises((TypeError, AttributeError)) as failure:
            query(user)
        messages.append(str(failure.value).replace(repr(user), "USER").replace(type(user).__name__, "USER"))
    assert messages[0] == messages[1]


@pytest.mark.django_db
def test_the_id_of_a_token_user_finds_its_rows():
    ada = get_user_model().objects.create_user("ada")
    LogEntry.objects.create(user=ada, action_flag=1)
    user = TokenUser(AccessToken.for_user(ada))
    assert LogEntry.objects.filter(user=user.id).count() == LogEntry.objects.filter(user_id=user.pk).count() == 1


def test_names_that_django_copy_and_pickle_ask_for_are_no_claims():
    user = TokenUser(ours(_secret="x", tenant="blue"))
    for name in (*PROBED, "_secret", "_meta", "__html__", "__deepcopy__", "_wrapped"):
        with pytest.raises(AttributeError, match=name):
            getattr(user, name)
    for copied in (copy.copy(user), copy.deepcopy(user), pickle.loads(pickle.dumps(user))):  # noqa: S301  our own bytes
        assert (copied, copied.tenant, copied.nothing) == (user, "blue", None)


def test_a_claim_of_such_a_name_can_be_read():
    assert TokenUser(ours(items=[1, 2])).items == [1, 2]


@pytest.mark.parametrize("name", ["token_blacklist", "token_sessions"])
def test_models_belong_to_their_own_app_or_to_none(name):
    """Imported without their app they became models of the app `oxijwt`, and broke the creation of a database."""
    module = f"oxijwt.{name}.models"
    is_known = module in sys.modules
    import_module(module)
    assert list(apps.get_app_config("oxijwt").get_models()) == []
    if not is_known:  # without its app it has an abstract class, and a later test may install the app
        del sys.modules[module]
