"""Each system check open and shut: its id, what it names, and what it must not show."""

import sys
import types

import pytest
from django.apps import apps
from django.core.checks import ERROR, WARNING, run_checks
from django.core.checks.registry import registry
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from oxijwt import checks
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import KeyConfigurationError, TokenBackendError
from tests.unit.key_material import ASYMMETRIC, HMAC, pkcs8, private_key, rsa_key, spki

MINIMUM = {"HS256": 32, "HS384": 48, "HS512": 64}
HIDDEN = "this text is a key"


def findings(settings, **simple_jwt):
    settings.SIMPLE_JWT = simple_jwt
    return checks.check_settings()


def ids(settings, **simple_jwt):
    return [finding.id for finding in findings(settings, **simple_jwt)]


def pair(algorithm):
    key = private_key(algorithm)
    return {"ALGORITHM": algorithm, "SIGNING_KEY": pkcs8(key), "VERIFYING_KEY": spki(key)}


def test_settings_of_the_tests_have_no_finding(settings):
    assert ids(settings) == []
    assert run_checks() == []


# E001: an algorithm that oxijwt has not


@pytest.mark.parametrize("algorithm", ["none", "HS1", "hs256", "", None, "ES256 ", "RSA-OAEP"])
def test_unknown_algorithm(settings, algorithm):
    [finding] = findings(settings, ALGORITHM=algorithm)
    assert (finding.id, finding.level) == ("oxijwt.E001", ERROR)
    assert repr(algorithm) in finding.msg
    assert "HS256" in finding.hint
    with pytest.raises(TokenBackendError, match="Unrecognized algorithm type"):
        TokenBackend(algorithm, "secret")


@pytest.mark.parametrize("algorithm", [*HMAC, *ASYMMETRIC])
def test_known_algorithm_with_fitting_keys(settings, algorithm):
    keys = {"ALGORITHM": algorithm, "SIGNING_KEY": "s" * 64} if algorithm in HMAC else pair(algorithm)
    assert ids(settings, **keys) == []


# E002: a key that can't be used; the setting is named and the key is not shown


def unusable(settings, setting, **simple_jwt):
    [finding] = findings(settings, **simple_jwt)
    assert (finding.id, finding.level) == ("oxijwt.E002", ERROR)
    assert setting in finding.msg
    assert finding.hint
    for value in simple_jwt.values():
        if isinstance(value, str) and value not in simple_jwt["ALGORITHM"]:
            assert value not in finding.msg + finding.hint
    return finding.msg


@pytest.mark.parametrize("algorithm", HMAC)
@pytest.mark.parametrize("key", ["", b"", None, 7, ["a"]], ids=repr)
def test_hmac_key_that_is_no_secret(settings, algorithm, key):
    assert algorithm in unusable(settings, "SIMPLE_JWT['SIGNING_KEY']", ALGORITHM=algorithm, SIGNING_KEY=key)
    with pytest.raises(KeyConfigurationError, match="SIGNING_KEY"):
        TokenBackend(algorithm, key).encode({})


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
@pytest.mark.parametrize("setting", ["SIGNING_KEY", "VERIFYING_KEY"])
@pytest.mark.parametrize("key", [HIDDEN, f"-----BEGIN PRIVATE KEY-----\n{HIDDEN}\n-----END PRIVATE KEY-----", 7, "{}"])
def test_key_that_is_none_of_the_algorithm(settings, algorithm, setting, key):
    simple_jwt = pair(algorithm) | {setting: key}
    assert HIDDEN not in unusable(settings, f"SIMPLE_JWT['{setting}']", **simple_jwt)


@pytest.mark.parametrize(("algorithm", "other"), [("RS256", "ES256"), ("ES256", "ES384"), ("EdDSA", "RS256")])
@pytest.mark.parametrize("setting", ["SIGNING_KEY", "VERIFYING_KEY"])
def test_key_of_another_family_or_curve(settings, algorithm, other, setting):
    unusable(settings, f"SIMPLE_JWT['{setting}']", **pair(algorithm) | {setting: pair(other)[setting]})


def test_public_key_that_should_sign(settings):
    unusable(settings, "SIMPLE_JWT['SIGNING_KEY']", **pair("RS256") | {"SIGNING_KEY": pair("RS256")["VERIFYING_KEY"]})


@pytest.mark.parametrize("setting", ["SIGNING_KEY", "VERIFYING_KEY"])
def test_rsa_modulus_under_2048_bits(settings, setting):
    small = rsa_key(1024)
    key = pkcs8(small) if setting == "SIGNING_KEY" else spki(small)
    unusable(settings, f"SIMPLE_JWT['{setting}']", **pair("RS256") | {setting: key})


@pytest.mark.parametrize("key", ["", None, 7], ids=repr)
def test_fallback_key_that_can_not_verify(settings, key):
    settings.SECRET_KEY_FALLBACKS = ["a good key, long enough for HS256", key]
    unusable(settings, "SECRET_KEY_FALLBACKS", ALGORITHM="HS256")
    assert ids(settings, SIGNING_KEY="s" * 32) == []


def test_service_that_only_verifies_needs_no_signing_key(settings):
    keys = pair("RS256")
    assert ids(settings, ALGORITHM="RS256", VERIFYING_KEY=keys["VERIFYING_KEY"]) == []
    assert ids(settings, ALGORITHM="RS256", JWK_URL="https://issuer.example/jwks") == []
    assert set(ids(settings, ALGORITHM="RS256")) == {"oxijwt.E002"}


def test_issuer_with_a_jwk_url_needs_no_verifying_key(settings):
    keys = pair("RS256") | {"VERIFYING_KEY": ""}
    assert ids(settings, **keys) == ["oxijwt.E002"]
    assert ids(settings, **keys, JWK_URL="https://issuer.example/jwks") == []


# E003: an HMAC key shorter than its hash


@pytest.mark.parametrize("algorithm", HMAC)
def test_hmac_key_shorter_than_its_hash(settings, algorithm):
    short = "k" * (MINIMUM[algorithm] - 1)
    [finding] = findings(settings, ALGORITHM=algorithm, SIGNING_KEY=short)
    assert (finding.id, finding.level) == ("oxijwt.E003", ERROR)
    assert "SIMPLE_JWT['SIGNING_KEY']" in finding.msg
    assert algorithm in finding.msg
    assert short not in finding.msg + finding.hint
    assert ids(settings, ALGORITHM=algorithm, SIGNING_KEY=short + "k") == []


def test_short_hmac_key_works_and_its_error_can_be_silenced(settings):
    settings.SIMPLE_JWT = {"SIGNING_KEY": "short"}
    backend = TokenBackend("HS256", "short")
    assert backend.decode(backend.encode({"a": 1})) == {"a": 1}
    with pytest.raises(SystemCheckError, match=r"oxijwt\.E003"):
        call_command("check")
    settings.SILENCED_SYSTEM_CHECKS = ["oxijwt.E003"]
    call_command("check")


@pytest.mark.parametrize("length", [31, 32])
def test_short_secret_key_of_django_counts_where_signing_key_is_unset(settings, length):
    settings.SECRET_KEY = "k" * length
    assert ids(settings) == ["oxijwt.E003"] * (length < 32)


# E004: single use without a table to hold it


@pytest.mark.parametrize(
    ("installed", "single_use", "expected"),
    [(True, True, []), (True, False, []), (False, False, []), (False, True, ["oxijwt.E004"])],
)
def test_blacklist_after_rotation_needs_an_app(settings, installed, single_use, expected):
    if not installed:
        settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "oxijwt.token_blacklist"]
    assert ids(settings, BLACKLIST_AFTER_ROTATION=single_use) == expected
    assert [finding.level for finding in checks.check_settings()] == [ERROR] * len(expected)


# W001: a private key where the public one would do


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_private_verifying_key(settings, algorithm):
    keys = pair(algorithm)
    [finding] = findings(settings, **keys | {"VERIFYING_KEY": keys["SIGNING_KEY"]})
    assert (finding.id, finding.level) == ("oxijwt.W001", WARNING)
    assert "SIMPLE_JWT['VERIFYING_KEY']" in finding.msg
    assert keys["SIGNING_KEY"] not in finding.msg + finding.hint
    assert ids(settings, **keys) == []


# Registration


def test_checks_are_registered_once_though_several_apps_register_them():
    apps.get_app_config("oxijwt").ready()
    apps.get_app_config("token_blacklist").ready()
    checks.register()
    registered = [check for check in registry.registered_checks if check.__module__ == checks.__name__]
    assert registered == [checks.check_settings]


@pytest.mark.parametrize("only", ["oxijwt", "oxijwt.token_blacklist"])
def test_each_app_alone_registers_the_checks(settings, monkeypatch, only):
    monkeypatch.setattr(registry, "registered_checks", set())
    settings.INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", only]
    assert checks.check_settings in registry.registered_checks


def test_check_command_reports_a_finding_once(settings):
    settings.SIMPLE_JWT = {"ALGORITHM": "none"}
    assert [finding.id for finding in run_checks()].count("oxijwt.E001") == 1


BAD_SETTINGS = {
    "oxijwt.E001": {"ALGORITHM": "none"},
    "oxijwt.E002": {"ALGORITHM": "RS256", "SIGNING_KEY": HIDDEN, "JWK_URL": "https://issuer.example/jwks"},
    "oxijwt.E003": {"SIGNING_KEY": "short"},
}


@pytest.mark.parametrize(("check_id", "simple_jwt"), BAD_SETTINGS.items())
def test_errors_are_warnings_under_the_hook(settings, monkeypatch, check_id, simple_jwt):
    [finding] = findings(settings, **simple_jwt)
    assert (finding.id, finding.level) == (check_id, ERROR)
    monkeypatch.setitem(sys.modules, "oxijwt.as_simplejwt", types.ModuleType("oxijwt.as_simplejwt"))
    [under_the_hook] = checks.check_settings()
    assert (under_the_hook.id, under_the_hook.level) == (check_id, WARNING)
    assert (under_the_hook.msg, under_the_hook.hint) == (finding.msg, finding.hint)
