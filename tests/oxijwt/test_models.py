"""TokenUser: which of a token's claims count."""

import pickle

import pytest

from oxijwt.models import TokenUser
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
