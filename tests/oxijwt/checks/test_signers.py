"""Checks of a service that makes tokens, open and shut."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.checks import ERROR, WARNING
from django.core.management import call_command

from oxijwt.checks import check_settings
from oxijwt.exceptions import TokenBackendError
from oxijwt.tokens import AccessToken
from tests.key_material import pkcs8, private_key, spki

KEY = private_key("ES256")
PAIR = {"ALGORITHM": "ES256", "SIGNING_KEY": pkcs8(KEY), "VERIFYING_KEY": spki(KEY)}
VERIFIER = {"ALGORITHM": "ES256", "VERIFYING_KEY": spki(KEY)}
RING_KEY = {"kid": "k1", "algorithm": "ES256"}
SIGNING_RING = {"KEYS": [RING_KEY | {"signing_key": pkcs8(KEY)}]}
VERIFYING_RING = {"KEYS": [RING_KEY | {"verifying_key": spki(KEY)}]}
SECRET = {"SIGNING_KEY": "k" * 32}
UNTIL = {"LEGACY_KEY_UNTIL": datetime.now(tz=UTC) + timedelta(days=1)}


def findings(settings, **simple_jwt):
    settings.SIMPLE_JWT = simple_jwt
    return [(found.id, found.level, found.msg) for found in check_settings()]


def ids(settings, **simple_jwt):
    return [found[0] for found in findings(settings, **simple_jwt)]


@pytest.mark.parametrize("keys", [{}, SECRET, PAIR, SIGNING_RING], ids=["SECRET_KEY", "secret", "pair", "KEYS"])
@pytest.mark.parametrize("issuer", [["https://a.example", "https://b.example"], ("https://a.example",), {"a"}], ids=str)
def test_a_service_that_signs_has_one_issuer(settings, keys, issuer):
    """Each login was a 500."""
    found = findings(settings, **keys, ISSUER=issuer)
    assert found == [
        (
            "oxijwt.E038",
            ERROR,
            "SIMPLE_JWT['ISSUER'] must be one text, not a collection, where tokens are made: it is their 'iss'.",
        )
    ]
    with pytest.raises((TokenBackendError, TypeError)):  # a set can't be JSON
        str(AccessToken())
    for right in ("https://a.example", None):
        assert ids(settings, **keys, ISSUER=right) == []


@pytest.mark.parametrize(
    "keys", [VERIFIER, VERIFYING_RING, {"ALGORITHM": "ES256", "JWK_URL": "https://a.example/jwks"}]
)
def test_a_service_that_only_verifies_may_have_several(settings, keys):
    assert ids(settings, **keys, ISSUER=["https://a.example", "https://b.example"]) == []


@pytest.mark.parametrize("keys", [{"ALGORITHM": "none"}, {"KEYS": []}, {"KEYS": [{"kid": 7}]}])
def test_keys_that_can_not_be_used_are_found_by_their_own_check(settings, keys):
    assert "oxijwt.E038" not in ids(settings, **keys, ISSUER=["a", "b"])


def unused(ring, *pair):
    names = " and ".join(f"SIMPLE_JWT['{name}']" for name in pair)
    message = (
        f"{names} can't be used next to {ring} without LEGACY_KEY_UNTIL: all tokens of the time before {ring} are"
        " refused."
    )
    return [("oxijwt.W014", WARNING, message)]


def test_a_pair_beside_keys_ends_at_once(settings):
    assert findings(settings, **PAIR, **SIGNING_RING) == unused("KEYS", "SIGNING_KEY", "VERIFYING_KEY")
    assert findings(settings, **VERIFIER, **VERIFYING_RING) == unused("KEYS", "VERIFYING_KEY")
    assert findings(settings, **SECRET, **SIGNING_RING) == unused("KEYS", "SIGNING_KEY")
    assert ids(settings, **PAIR, **SIGNING_RING, **UNTIL) == []
    assert ids(settings, **SIGNING_RING) == ids(settings, **PAIR) == []
    assert ids(settings, VERIFYING_KEY="", **SIGNING_RING) == []


def test_a_pair_beside_a_key_file_ends_at_once(settings, tmp_path):
    key_file = {"KEY_FILE": str(tmp_path / "keys.json"), "ALGORITHM": "ES256"}
    settings.SIMPLE_JWT = key_file
    call_command("jwtkeys", "generate", verbosity=0)
    assert ids(settings, **key_file) == []
    assert findings(settings, **SECRET, **key_file) == unused("KEY_FILE", "SIGNING_KEY")
    assert ids(settings, **PAIR | key_file | UNTIL) == []
    assert ids(settings, **key_file, ISSUER=["a", "b"]) == ["oxijwt.E038"]
