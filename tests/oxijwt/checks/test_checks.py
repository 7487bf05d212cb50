"""Each system check open and shut: its id, what it names, and what it must not show."""

import ast
import re
import sys
import types
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import PackageNotFoundError
from json import JSONEncoder
from pathlib import Path
from unittest.mock import Mock

import pytest
from django.apps import apps
from django.core.checks import ERROR, WARNING, run_checks
from django.core.checks.registry import registry
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from oxijwt import checks
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import KeyConfigurationError, TokenBackendError
from oxijwt.keys.known_secrets import TABLE, is_known, prefix
from oxijwt.models import TokenUser
from oxijwt.settings import DEFAULTS, REMOVED_SETTINGS
from oxijwt.tokens import AccessToken
from tests.conftest import REPOSITORY
from tests.key_material import (
    ASYMMETRIC,
    HMAC,
    ed448_key,
    jwk,
    pkcs8,
    private_key,
    rsa_key,
    secret_jwk,
    spki,
    x25519_key,
)
from tests.sites.projects import finished, python
from tools.known_secrets import long_secrets, table
from tools.simplejwt import simplejwt_sdist

MINIMUM = {"HS256": 32, "HS384": 48, "HS512": 64}
HIDDEN = "this text is a key"
PUBLIC_SECRET = "reallyreallyreallyreallyverysafe"
"""32 bytes that are in public lists."""
STARTPROJECT_KEY = "django-insecure-" + "k" * 50
TABLE_ROW = re.compile(
    r"^\| oxijwt\.(?P<id>[EW]\d{3}) \| (?P<level>\w+)(?P<deploy>, `--deploy`)?(, `--database`)? \|", re.MULTILINE
)


def findings(settings, **simple_jwt):
    settings.SIMPLE_JWT = simple_jwt
    return checks.check_settings()


def ids(settings, **simple_jwt):
    return [finding.id for finding in findings(settings, **simple_jwt)]


def ids_on_deployment(settings, **simple_jwt):
    """What `check --deploy` finds and `check` does not."""
    settings.SIMPLE_JWT = simple_jwt
    # Django 6.1 asks all databases unless some are named.
    always = run_checks(tags=["security"], databases=[])
    found = run_checks(tags=["security"], include_deployment_checks=True, databases=[])
    return [finding.id for finding in found if finding not in always and finding.id.startswith("oxijwt.")]


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
    assert "SIMPLE_JWT['ALGORITHM']" in finding.msg
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


FITTING_NOTHING = {"Ed448": ed448_key, "X25519": x25519_key}


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
@pytest.mark.parametrize("other", [*ASYMMETRIC, *FITTING_NOTHING])
def test_every_algorithm_with_the_keys_of_every_other(settings, algorithm, other):
    key = FITTING_NOTHING[other]() if other in FITTING_NOTHING else private_key(other)
    fits = algorithm == other or {algorithm[:2], other[:2]} <= {"RS", "PS"}
    simple_jwt = {"ALGORITHM": algorithm, "SIGNING_KEY": pkcs8(key), "VERIFYING_KEY": spki(key)}
    assert ids(settings, **simple_jwt) == ([] if fits else ["oxijwt.E002"] * 2)


@pytest.mark.parametrize("algorithm", HMAC)
@pytest.mark.parametrize("other", ["RS256", "ES256", "EdDSA"])
def test_a_pem_as_hmac_secret(settings, algorithm, other):
    for key in (pair(other)["SIGNING_KEY"], pair(other)["VERIFYING_KEY"]):
        assert "asymmetric" in unusable(settings, "SIMPLE_JWT['SIGNING_KEY']", ALGORITHM=algorithm, SIGNING_KEY=key)


def test_a_modulus_that_is_too_small_is_said_to_be(settings):
    small = pkcs8(rsa_key(1024))
    assert "2048 bits" in unusable(settings, "SIGNING_KEY", **pair("RS256") | {"SIGNING_KEY": small})


@pytest.mark.parametrize("algorithm", ["HS256", "RS256"])
def test_an_empty_secret_key_of_django_is_a_finding(settings, algorithm):
    """With RS256 the check raised what Django raises."""
    settings.SECRET_KEY = ""
    assert set(ids(settings, ALGORITHM=algorithm)) == {"oxijwt.E002"}
    assert ids_on_deployment(settings, ALGORITHM=algorithm, OUTSTANDING_TOKEN_DIGEST=True) == []


def test_an_algorithm_with_a_key_pair_and_no_keys(settings):
    """The first mistake of a project that changes ALGORITHM. The message was "the PEM file has no key"."""
    signing, verifying = findings(settings, ALGORITHM="RS256")
    assert signing.msg.startswith("SECRET_KEY can't serve RS256")
    assert verifying.msg == "SIMPLE_JWT['VERIFYING_KEY'] can't serve RS256: it is empty"
    assert all("SIGNING_KEY" in finding.hint for finding in (signing, verifying))


@pytest.mark.parametrize("algorithm", ["HS256", "RS256"])
def test_only_an_algorithm_with_a_key_pair_asks_for_one(settings, algorithm):
    [finding] = findings(settings, **pair("RS256") | {"ALGORITHM": algorithm, "SIGNING_KEY": 7})
    assert ("VERIFYING_KEY" in finding.hint) is (algorithm == "RS256")


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
    assert all(finding.msg.startswith("SECRET_KEY ") for finding in checks.check_settings())


# E007: an HMAC key that everybody knows


@pytest.mark.parametrize(
    "secret",
    [
        PUBLIC_SECRET,
        PUBLIC_SECRET + "\n",
        PUBLIC_SECRET.encode(),
        bytearray(PUBLIC_SECRET.encode()),
        secret_jwk(PUBLIC_SECRET),
    ],
    ids=["text", "line", "bytes", "bytearray", "JWK"],
)
def test_publicly_known_secret(settings, secret):
    [finding] = findings(settings, SIGNING_KEY=secret)
    assert (finding.id, finding.level) == ("oxijwt.E007", ERROR)
    assert "SIMPLE_JWT['SIGNING_KEY']" in finding.msg
    assert PUBLIC_SECRET not in finding.msg + finding.hint


@pytest.mark.parametrize("secret", [PUBLIC_SECRET + "x", "x" + PUBLIC_SECRET, PUBLIC_SECRET.upper()])
def test_secret_that_nobody_knows(settings, secret):
    assert ids(settings, SIGNING_KEY=secret) == []


def test_publicly_known_secret_key_counts_where_it_signs(settings):
    settings.SECRET_KEY = PUBLIC_SECRET
    [finding] = findings(settings)
    assert (finding.id, finding.msg.partition(" ")[0]) == ("oxijwt.E007", "SECRET_KEY")
    assert ids(settings, SIGNING_KEY="k" * 32) == []
    assert ids(settings, **pair("ES256")) == []


def test_publicly_known_fallback_counts_where_it_verifies(settings):
    settings.SECRET_KEY_FALLBACKS = ["k" * 32, PUBLIC_SECRET]
    [finding] = findings(settings)
    assert (finding.id, finding.msg.partition(" ")[0]) == ("oxijwt.E007", "SECRET_KEY_FALLBACKS[1]")
    assert ids(settings, SIGNING_KEY="k" * 32) == []
    assert ids(settings, **pair("ES256")) == []


def test_the_table_is_what_the_list_makes(vectors):
    assert table(vectors) == TABLE.read_bytes()
    assert TABLE.stat().st_size == 1863 * 8  # 56 of the list's secrets are there twice


def test_every_secret_of_the_list_is_known_and_none_beside_it(vectors):
    listed = long_secrets(vectors)
    assert len(listed) == 1919
    assert all(map(is_known, listed))
    secrets = {secret.rstrip(b"\r") for secret in listed}
    assert all(map(is_known, secrets))
    near = {change for secret in secrets for change in (secret[:-1], secret + b" ", b"x" + secret, secret.swapcase())}
    assert not any(map(is_known, near - secrets))


def test_the_ends_of_the_table_are_found_and_what_lies_outside_is_not(monkeypatch):
    entries = sorted(prefix(bytes([number])) for number in range(65, 68))
    in_order = sorted(range(65, 68), key=lambda number: prefix(bytes([number])))
    for kept, expected in ((entries, 3), (entries[1:], 2), (entries[:2], 2), ([], 0)):
        monkeypatch.setattr("oxijwt.keys.known_secrets.read_table", lambda kept=kept: b"".join(kept))
        assert sum(is_known(bytes([number])) for number in in_order) == expected


# W009: Django's key of `startproject`, on deployment


@pytest.mark.parametrize(
    "key", [STARTPROJECT_KEY, STARTPROJECT_KEY.encode(), secret_jwk(STARTPROJECT_KEY)], ids=["text", "bytes", "JWK"]
)
def test_the_key_of_startproject_on_deployment(settings, key):
    on_digests = {"OUTSTANDING_TOKEN_DIGEST": True}
    assert ids_on_deployment(settings, SIGNING_KEY=key, **on_digests) == ["oxijwt.W009"]
    [finding] = checks.check_deployment()
    assert finding.level == WARNING
    assert "kkk" not in finding.msg + finding.hint
    assert ids_on_deployment(settings, SIGNING_KEY="k" * 70, **on_digests) == []


def test_the_secret_key_of_startproject_counts_where_it_signs(settings):
    settings.SECRET_KEY = STARTPROJECT_KEY
    on_digests = {"OUTSTANDING_TOKEN_DIGEST": True}
    assert ids_on_deployment(settings, **on_digests) == ["oxijwt.W009"]
    jwk_pair = pair("ES256") | {"SIGNING_KEY": jwk("ES256", private_key("ES256"))}
    for own_keys in ({"SIGNING_KEY": "k" * 32}, pair("ES256"), jwk_pair, {"ALGORITHM": "none"}):
        assert ids_on_deployment(settings, **own_keys, **on_digests) == []


# W010: whole refresh tokens in a table, on deployment


@pytest.mark.parametrize(
    ("installed", "digest", "expected"),
    [(True, False, ["oxijwt.W010"]), (True, True, []), (False, False, [])],
)
def test_plain_tokens_on_deployment(settings, installed, digest, expected):
    if not installed:
        settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "oxijwt.token_blacklist"]
    assert ids_on_deployment(settings, OUTSTANDING_TOKEN_DIGEST=digest) == expected
    assert [finding.level for finding in checks.check_deployment()] == [WARNING] * len(expected)


# Values that their readers can't take: what is found by each id, and what is not

MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=365)
NOW = datetime.now(tz=UTC)
MOMENTS = ("ADOPT_UNTIL", "LEGACY_KEY_UNTIL")
NAIVE = datetime.max  # noqa: DTZ901  one without a time zone is meant
LIFETIMES = (
    "ACCESS_TOKEN_LIFETIME",
    "REFRESH_TOKEN_LIFETIME",
    "SLIDING_TOKEN_LIFETIME",
    "SLIDING_TOKEN_REFRESH_LIFETIME",
    "SESSION_ABSOLUTE_LIFETIME",
    "REFRESH_REUSE_GRACE",
)
FUNCTION = "oxijwt.serializers.default_on_login_success"
MODULE = "oxijwt.serializers"
FLAGS = (
    "ROTATE_REFRESH_TOKENS",
    "BLACKLIST_AFTER_ROTATION",
    "UPDATE_LAST_LOGIN",
    "CHECK_REVOKE_TOKEN",
    "CHECK_USER_IS_ACTIVE",
    "OUTSTANDING_TOKEN_DIGEST",
    "SEND_USER_LOGGED_IN",
    "TOKEN_RESPONSE_EXPIRES_IN",
    "AUTH_COOKIE_SECURE",
)
MISSING = ("no.such.module", f"{MODULE}.NoSuchName", "NoDots", "", "..", 7)

WRONG_VALUES = {
    "oxijwt.E010": [(name, (5, "5", 1.5, True, MINUTE.total_seconds, NAIVE)) for name in LIFETIMES]
    + [(name, (None,)) for name in LIFETIMES if name != "SESSION_ABSOLUTE_LIFETIME"],
    "oxijwt.E011": [(name, (-MINUTE, timedelta.min)) for name in LIFETIMES]
    + [(name, (timedelta(0),)) for name in LIFETIMES if name != "REFRESH_REUSE_GRACE"],
    "oxijwt.E012": [(name, (timedelta.max, timedelta(days=365 * 9000))) for name in LIFETIMES],
    "oxijwt.E013": [
        ("LEEWAY", ("5", True, False, [5], Decimal(5), -1, -0.5, -MINUTE, float("nan"), float("inf"), 10**400)),
        ("LEEWAY", (timedelta.max, 1e12)),
    ],
    "oxijwt.E014": [
        (name, ("", b"text", 7, [], [""], ["a", 7], [None], iter("ab"))) for name in ("AUDIENCE", "ISSUER")
    ],
    "oxijwt.E015": [
        (
            "AUTH_HEADER_TYPES",
            ("", (), [], None, b"Bearer", "Bear er", "Bearer:", "Büro", ("Bearer", ""), (7,), {"JWT"}),
        )
    ],
    "oxijwt.E016": [
        ("JSON_ENCODER", (*MISSING, MODULE + ".__doc__", ["json.JSONEncoder"])),
        ("AUTH_TOKEN_CLASSES", ((), None, "oxijwt.tokens.AccessToken", *[(FUNCTION, name) for name in MISSING])),
        *[(name, (None, *MISSING)) for name in ("TOKEN_USER_CLASS", "USER_AUTHENTICATION_RULE")],
        *[(name, (None, *MISSING)) for name in ("ON_LOGIN_SUCCESS", "ON_LOGIN_FAILED")],
        *[(name, (None, TokenUser, *MISSING)) for name in DEFAULTS if name.endswith("_SERIALIZER")],
    ],
    "oxijwt.E017": [("SESSION_LIMIT_PER_USER", (0, -1, True, "5", 1.0))],
    "oxijwt.E018": [("ADOPT_UNTIL", (NAIVE, "2030-01-01", 1e9, MINUTE, NAIVE.date()))],
    "oxijwt.E019": [("MAX_TOKEN_LENGTH", (0, -1, None, True, "16384", 1e4))],
    "oxijwt.E052": [("VERIFIED_TOKEN_CACHE_SIZE", (-1, None, True, "1024", 1e3))],
    "oxijwt.E020": [("ALLOWED_TYP", ("JWT", {"JWT"}, [7], [""], ("JWT", None), 7))],
    "oxijwt.E022": [("TOKEN_SESSIONS", ("Issue", "", None, True, ["issue"]))],
    "oxijwt.E031": [("REQUIRE_SESSION", ("yes", 1, 0, []))],
    "oxijwt.E032": [("REFRESH_REUSE_GRACE_SAME_AGENT", (None, 0, 1, "True", [True]))],
    "oxijwt.E036": [(name, ("False", "true", "", 0, 1, None, b"True", [], HIDDEN)) for name in FLAGS],
    "oxijwt.E037": [
        (
            "AUTH_HEADER_NAME",
            (
                "Authorization",
                "X-Auth-Token",
                "AUTHORIZATION",
                "X_AUTH_TOKEN",
                "HTTP_X-Auth",
                "http_authorization",
                "HTTP_",
                "HTTP_X_TOKEN ",
                "HTTP_X_TOKEN\n",
                "",
                None,
                7,
                b"HTTP_AUTHORIZATION",
                ["HTTP_AUTHORIZATION"],
            ),
        )
    ],
    "oxijwt.W015": [(name, (timedelta.resolution, timedelta(milliseconds=999))) for name in LIFETIMES],
    "oxijwt.W016": [(name, (NOW + 2 * YEAR, NOW + 100 * YEAR, NAIVE.replace(tzinfo=UTC))) for name in MOMENTS],
    "oxijwt.W007": [("LEEWAY", (121, 120.5, timedelta(seconds=121), 86400))],
}
RIGHT_VALUES = {
    "oxijwt.E010": [(name, (MINUTE,)) for name in LIFETIMES] + [("SESSION_ABSOLUTE_LIFETIME", (None,))],
    "oxijwt.E011": [(name, (timedelta.resolution,)) for name in LIFETIMES] + [("REFRESH_REUSE_GRACE", (timedelta(0),))],
    "oxijwt.E012": [(name, (timedelta(days=365 * 1000),)) for name in LIFETIMES],
    "oxijwt.E013": [("LEEWAY", (None, 0, 1, 0.5, 120, timedelta(0), MINUTE, 86400))],
    "oxijwt.E014": [(name, (None, "text", ["a", "b"], ("a",), {"a"})) for name in ("AUDIENCE", "ISSUER")],
    "oxijwt.E015": [("AUTH_HEADER_TYPES", ("Bearer", "JWT", ("Bearer",), ["Bearer", "JWT"]))],
    "oxijwt.E016": [
        ("JSON_ENCODER", (None, "json.JSONEncoder", JSONEncoder)),
        ("AUTH_TOKEN_CLASSES", (("oxijwt.tokens.AccessToken", AccessToken), [AccessToken])),
        ("TOKEN_USER_CLASS", ("oxijwt.models.TokenUser", TokenUser)),
        *[(name, (FUNCTION, print)) for name in ("USER_AUTHENTICATION_RULE", "ON_LOGIN_SUCCESS", "ON_LOGIN_FAILED")],
        *[(name, (DEFAULTS[name],)) for name in DEFAULTS if name.endswith("_SERIALIZER")],
        ("SESSION_CLIENT_INFO", ("no.such.module",)),  # not read without the session app
    ],
    "oxijwt.E017": [("SESSION_LIMIT_PER_USER", (None, 1, 100))],
    "oxijwt.E018": [("ADOPT_UNTIL", (None, datetime(2030, 1, 1, tzinfo=UTC)))],
    "oxijwt.E019": [("MAX_TOKEN_LENGTH", (1, 16384))],
    "oxijwt.E052": [("VERIFIED_TOKEN_CACHE_SIZE", (0, 1, 1024))],
    "oxijwt.E020": [("ALLOWED_TYP", (None, ["JWT"], ("JWT", "at+jwt"), []))],
    "oxijwt.E022": [("TOKEN_SESSIONS", ("issue", "accept"))],
    "oxijwt.E031": [("REQUIRE_SESSION", (None, True, False))],
    "oxijwt.E032": [("REFRESH_REUSE_GRACE_SAME_AGENT", (True, False))],
    "oxijwt.E036": [(name, (True, False)) for name in FLAGS],
    "oxijwt.E037": [("AUTH_HEADER_NAME", ("HTTP_AUTHORIZATION", "HTTP_X_AUTH_TOKEN", "HTTP_X2"))],
    "oxijwt.W015": [(name, (timedelta(seconds=1), MINUTE, timedelta(0), -MINUTE)) for name in LIFETIMES],
    "oxijwt.W016": [(name, (None, NOW, NOW + YEAR, datetime.min.replace(tzinfo=UTC), NAIVE)) for name in MOMENTS],
    "oxijwt.W007": [("LEEWAY", (0, 120, 119.9, MINUTE * 2))],
}


def cases(values):
    """(id, setting) → the values."""
    found = defaultdict(list)
    for check_id, rows in values.items():
        for name, column in rows:
            found[check_id, name] += column
    return found


def each_of(values):
    return pytest.mark.parametrize(
        ("check_id", "name", "column"),
        [pytest.param(*case, column, id="-".join(case)) for case, column in cases(values).items()],
    )


@each_of(WRONG_VALUES)
def test_wrong_values(settings, check_id, name, column):
    for value in column:
        [finding] = [finding for finding in findings(settings, **{name: value}) if finding.id == check_id]
        assert finding.level == (ERROR if ".E" in check_id else WARNING)
        assert f"SIMPLE_JWT['{name}']" in finding.msg
        assert finding.hint


@each_of(RIGHT_VALUES)
def test_right_values(settings, check_id, name, column):
    for value in column:
        assert check_id not in ids(settings, **{name: value})


def test_every_setting_that_is_found_wrong_is_found_right_too():
    wrong, right = set(cases(WRONG_VALUES)), set(cases(RIGHT_VALUES))
    assert right - wrong == {("oxijwt.E016", "SESSION_CLIENT_INFO")}  # wrong in tests/oxijwt/token_sessions
    assert wrong <= right


@pytest.mark.parametrize("use_tz", [True, False])
def test_the_defaults_are_right(settings, use_tz):
    """Without USE_TZ two checks raised TypeError, which is an Error: no command ran."""
    settings.USE_TZ = use_tz
    assert ids(settings, **DEFAULTS | {"SIGNING_KEY": "k" * 32}) == []


def test_a_module_that_fails_when_it_is_imported_is_a_finding(settings, tmp_path, monkeypatch):
    (tmp_path / "fails_at_import.py").write_text(f"raise LookupError({HIDDEN!r})\n")
    monkeypatch.syspath_prepend(tmp_path)
    [finding] = findings(settings, JSON_ENCODER="fails_at_import.Encoder")
    assert finding.id == "oxijwt.E016"
    assert "LookupError" in finding.msg
    assert HIDDEN not in finding.msg + finding.hint


def test_every_setting_that_is_on_or_off_is_checked():
    """REQUIRE_SESSION has a third value, and REFRESH_REUSE_GRACE_SAME_AGENT an id of its own."""
    assert {*FLAGS, "REFRESH_REUSE_GRACE_SAME_AGENT"} == {name for name in DEFAULTS if type(DEFAULTS[name]) is bool}


def test_tokens_that_live_for_years_are_adopted_for_years(settings):
    years = {"REFRESH_TOKEN_LIFETIME": 3 * YEAR}
    assert ids(settings, ADOPT_UNTIL=NOW + 4 * YEAR, **years) == []
    assert ids(settings, ADOPT_UNTIL=NOW + 5 * YEAR, **years) == ["oxijwt.W016"]
    assert "oxijwt.W016" not in ids(settings, ADOPT_UNTIL=NOW - YEAR, REFRESH_TOKEN_LIFETIME=timedelta.max)


# W006: the token that lives shorter lives longer


@pytest.mark.parametrize(
    ("shorter", "longer"),
    [
        ("ACCESS_TOKEN_LIFETIME", "REFRESH_TOKEN_LIFETIME"),
        ("SLIDING_TOKEN_LIFETIME", "SLIDING_TOKEN_REFRESH_LIFETIME"),
    ],
)
def test_lifetimes_in_the_wrong_order(settings, shorter, longer):
    [finding] = findings(settings, **{shorter: MINUTE * 2, longer: MINUTE})
    assert (finding.id, finding.level) == ("oxijwt.W006", WARNING)
    assert shorter in finding.msg
    assert longer in finding.msg
    assert ids(settings, **{shorter: MINUTE, longer: MINUTE}) == []
    assert ids(settings, **{shorter: timedelta(days=2)}) == ["oxijwt.W006"]
    assert ids(settings, **{shorter: 7, longer: MINUTE}) == ["oxijwt.E010"]


# E008, E009, W008: what SIMPLE_JWT is, and the names in it


@pytest.mark.parametrize("value", [HIDDEN, 7, [HIDDEN], (HIDDEN,), {HIDDEN}, Decimal(1), True], ids=repr)
def test_simple_jwt_that_is_no_dict(settings, value):
    settings.SIMPLE_JWT = value
    [finding] = checks.check_settings()
    assert (finding.id, finding.level) == ("oxijwt.E008", ERROR)
    assert HIDDEN not in finding.msg + finding.hint
    assert checks.check_deployment() == []


@pytest.mark.parametrize("value", [None, {}, [], types.MappingProxyType({"LEEWAY": 1})], ids=repr)
def test_simple_jwt_that_is_one_or_nothing(settings, value):
    settings.SIMPLE_JWT = value
    assert checks.check_settings() == []


@pytest.mark.parametrize("name", REMOVED_SETTINGS)
def test_removed_setting(settings, name):
    [finding] = findings(settings, **{name: HIDDEN, "ALGORITHM": "none"})
    assert (finding.id, finding.level) == ("oxijwt.E009", ERROR)
    assert f"SIMPLE_JWT['{name}']" in finding.msg
    assert HIDDEN not in finding.msg + finding.hint
    assert checks.check_deployment() == []


CHECK_COMMAND = """
import django
from django.conf import settings
from django.core.management import execute_from_command_line
settings.configure(
    SECRET_KEY="a secret key that is long enough for HS256, and then some",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "oxijwt.token_sessions"],
    ROOT_URLCONF="oxijwt.urls",
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": ["oxijwt.authentication.JWTAuthentication"]},
    SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, NAME: "oxijwt.tokens.AccessToken"},
    USE_TZ=True,
)
execute_from_command_line(["manage.py", "check", "--deploy"])
"""


@pytest.mark.parametrize("hook", [False, True], ids=["", "under the hook"])
@pytest.mark.parametrize("name", REMOVED_SETTINGS)
def test_the_check_command_reports_a_removed_setting(name, hook):
    """It is a RuntimeError wherever a setting is read, and must not be one while URLs are loaded for the checks."""
    code = f"NAME = {name!r}\n{CHECK_COMMAND}"
    process = python("-W", "error", "-c", f"import oxijwt.as_simplejwt\n{code}" if hook else code, stderr=-1)
    status, _output, errors = finished(process)
    assert (status, "Traceback" in errors) == (not hook, False)
    assert f"(oxijwt.E009) SIMPLE_JWT['{name}'] has been removed" in errors


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("ACCES_TOKEN_LIFETIME", "ACCESS_TOKEN_LIFETIME"),
        ("SIGNINGKEY", "SIGNING_KEY"),
        ("leeway", "LEEWAY"),
        ("AUTH_HEADER_TYPES_", "AUTH_HEADER_TYPES"),
    ],
)
def test_unknown_setting(settings, name, nearest):
    [finding] = findings(settings, **{name: HIDDEN})
    assert (finding.id, finding.level) == ("oxijwt.W008", WARNING)
    assert f"'{name}'" in finding.msg
    assert f"'{nearest}'" in finding.hint
    assert HIDDEN not in finding.msg + finding.hint


@pytest.mark.parametrize("name", ["XYZ", HIDDEN, "k" * 64, 7, None, (HIDDEN,)], ids=repr)
def test_unknown_setting_that_is_near_to_none(settings, name):
    settings.SIMPLE_JWT = {name: True}
    [finding] = checks.check_settings()
    assert finding.id == "oxijwt.W008"
    assert "docs/settings.md" in finding.hint
    assert not any(text in finding.msg + finding.hint for text in (HIDDEN, "k" * 64))


@pytest.fixture
def documented(monkeypatch):
    """The package's addresses, as a release has them."""
    address = "Documentation, https://git.example/ada/oxijwt/blob/v1/docs/index.md"
    names = {"oxijwt": Mock(get_all=lambda name: ["Source, https://git.example/ada/oxijwt", address])}
    monkeypatch.setattr("oxijwt.checks.metadata", names.__getitem__)


@pytest.mark.parametrize(
    "wrong",
    [{"XYZ": 1}, {"ACCESS_TOKEN_LIFETIME": 5}, {"ALGORITHM": "RS256"}],
    ids=["a hint of its own", "a hint with a page added", "two findings"],
)
@pytest.mark.usefixtures("documented")
def test_hints_of_a_released_package_have_full_addresses(settings, wrong):
    hints = [finding.hint for finding in findings(settings, **wrong)]
    assert hints
    for hint in hints:
        assert re.search(r"https://git\.example/ada/oxijwt/blob/v1/docs/(settings|keys)\.md", hint)
        assert hint.count("docs/") == 1


def test_hints_of_a_checkout_name_files(settings, monkeypatch):
    """Neither without addresses nor without metadata is there another place to read."""
    monkeypatch.setattr("oxijwt.checks.metadata", Mock(return_value=Mock(get_all=lambda name: None)))
    [finding] = findings(settings, XYZ=1)
    monkeypatch.setattr("oxijwt.checks.metadata", Mock(side_effect=PackageNotFoundError))
    assert [finding.hint] == [other.hint for other in findings(settings, XYZ=1)]
    assert finding.hint == "Remove it. docs/settings.md lists every setting."


def test_every_setting_of_simplejwt_is_known():
    tree = ast.parse((simplejwt_sdist() / "rest_framework_simplejwt/settings.py").read_text())
    [theirs] = [node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "DEFAULTS"]
    names = {ast.literal_eval(key) for key in theirs.keys}
    assert len(names) > 30
    assert names | {"ON_LOGIN_SUCCESS", "ON_LOGIN_FAILED"} <= set(DEFAULTS)  # these two are their main branch's


# The blacklist app by both of its names: Django refuses it before any check runs

STARTUP = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="k" * 50, USE_TZ=True,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", *APPS],
)
django.setup()
"""
OURS, THEIRS = "oxijwt.token_blacklist", "rest_framework_simplejwt.token_blacklist"
THEIR_CONFIG = f"{THEIRS}.apps.TokenBlacklistConfig"


def errors_at_startup(names, hook):
    code = f"APPS = {names!r}\n{STARTUP}"
    process = python(
        "-W", "error", "-c", f"import oxijwt.as_simplejwt\n{code}" if hook else code,
        pythonpath=[simplejwt_sdist()], stderr=-1,
    )  # fmt: skip
    return finished(process)[2]


@pytest.mark.parametrize("hook", [False, True], ids=["", "under the hook"])
@pytest.mark.parametrize("names", [[OURS, THEIRS], [THEIRS, OURS], [OURS, THEIR_CONFIG], [OURS, OURS]], ids=", ".join)
def test_both_names_of_the_blacklist_app(names, hook):
    """Django says only that labels aren't unique."""
    last = errors_at_startup(names, hook).splitlines()[-1]
    assert last.startswith(
        "django.core.exceptions.ImproperlyConfigured: INSTALLED_APPS lists the token blacklist twice"
    )
    assert ", ".join(names) in last


@pytest.mark.parametrize("hook", [False, True], ids=["", "under the hook"])
@pytest.mark.parametrize("name", [OURS, THEIRS, THEIR_CONFIG])
def test_one_name_of_the_blacklist_app(name, hook):
    assert errors_at_startup([name], hook) == ""


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
    expected = {checks.check_settings: ("security",), checks.check_databases: ("security", "database")}
    for registered, tags in (
        (registry.registered_checks, expected),
        (registry.deployment_checks, {checks.check_deployment: ("security",)}),
    ):
        assert {found: found.tags for found in registered if found.__module__ == checks.__name__} == tags


@pytest.mark.parametrize("only", ["oxijwt", "oxijwt.token_blacklist"])
def test_each_app_alone_registers_the_checks(settings, monkeypatch, only):
    monkeypatch.setattr(registry, "registered_checks", set())
    monkeypatch.setattr(registry, "deployment_checks", set())
    settings.INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", only]
    assert checks.check_settings in registry.registered_checks
    assert checks.check_deployment in registry.deployment_checks


def test_check_command_reports_a_finding_once(settings):
    settings.SIMPLE_JWT = {"ALGORITHM": "none"}
    assert [finding.id for finding in run_checks()].count("oxijwt.E001") == 1


# Whatever is in SIMPLE_JWT: a check never raises, and shows nothing of it


class Hostile:
    """Raises wherever it is looked at."""

    def fail(self, *args):  # noqa: ARG002  each dunder has its own
        raise ValueError(HIDDEN)

    __bool__ = __eq__ = __hash__ = __len__ = __iter__ = __contains__ = __str__ = __repr__ = __getattr__ = fail


ODD_VALUES = {
    "none": None,
    "true": True,
    "false": False,
    "zero": 0,
    "negative": -1,
    "huge": 1 << 4000,
    "nan": float("nan"),
    "infinity": float("-inf"),
    "decimal": Decimal("sNaN"),
    "complex": 1j,
    "empty": "",
    "text": HIDDEN,
    "long text": HIDDEN * 1000,
    "path": f"{HIDDEN}.{HIDDEN}",
    "surrogate": f"{HIDDEN}\ud800",
    "nul": f"{HIDDEN}\0",
    "bytes": HIDDEN.encode(),
    "memory": memoryview(HIDDEN.encode()),
    "empty list": [],
    "list": [HIDDEN, 7, None],
    "tuple": (HIDDEN,),
    "set": {HIDDEN},
    "dict": {HIDDEN: HIDDEN},
    "jwk": {"kty": "oct", "k": HIDDEN},
    "endless": iter(lambda: HIDDEN, None),
    "object": object(),
    "class": dict,
    "function": lambda: HIDDEN,
    "exception": ValueError(HIDDEN),
    "longest": timedelta.max,
    "most negative": timedelta.min,
    "last moment": NAIVE,
    "module": types,
}


@pytest.mark.parametrize("value", ODD_VALUES.values(), ids=ODD_VALUES)
@pytest.mark.parametrize("algorithm", ["HS256", "RS256"])
def test_no_value_makes_a_check_raise_or_is_shown(settings, algorithm, value):
    for name in (*DEFAULTS, "MAX_TOKEN_LENGTH", "ALLOWED_TYP"):
        settings.SIMPLE_JWT = {"ALGORITHM": algorithm, "REVOCATION_CACHE": "nowhere"} | {name: value}
        found = [*checks.check_settings(), *checks.check_deployment()]
        assert found
        for finding in found:
            assert finding.id != "oxijwt.E021", name
            assert HIDDEN not in str(finding) + repr(finding) + finding.msg + finding.hint


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_value_that_raises_is_a_finding_at_most(settings, name):
    settings.SIMPLE_JWT = {name: Hostile()}
    for finding in (*checks.check_settings(), *checks.check_deployment()):
        assert HIDDEN not in str(finding) + repr(finding) + finding.msg + finding.hint


def test_a_check_that_fails_is_a_finding_of_its_own(settings):
    [finding] = findings(settings, JWK_URL=Hostile())
    assert (finding.id, finding.level) == ("oxijwt.E021", ERROR)
    assert "jwk_url" in finding.msg
    assert "ValueError" in finding.msg
    settings.SIMPLE_JWT = Hostile()
    [finding] = checks.check_settings()
    assert finding.id == "oxijwt.E021"


# The documentation


def test_every_finding_is_documented_with_its_level():
    sources = "".join(path.read_text() for path in Path(checks.__file__).parent.glob("*.py"))
    ids_in_code = set(re.findall(r'"oxijwt\.([EW]\d{3})"', sources))
    rows = {row["id"]: row for row in TABLE_ROW.finditer((REPOSITORY / "docs/settings.md").read_text())}
    assert len(ids_in_code) > 30
    assert set(rows) == ids_in_code
    assert {row["level"] for id_, row in rows.items() if id_.startswith("E")} == {"Error"}
    assert {row["level"] for id_, row in rows.items() if id_.startswith("W")} == {"Warning"}
    assert {id_ for id_, row in rows.items() if row["deploy"]} == {"W009", "W010", "W032"}


BAD_SETTINGS = {
    "oxijwt.E001": {"ALGORITHM": "none"},
    "oxijwt.E002": {"ALGORITHM": "RS256", "SIGNING_KEY": HIDDEN, "JWK_URL": "https://issuer.example/jwks"},
    "oxijwt.E003": {"SIGNING_KEY": "short"},
    "oxijwt.E007": {"SIGNING_KEY": PUBLIC_SECRET},
    "oxijwt.E009": {"AUTH_TOKEN_CLASS": "oxijwt.tokens.AccessToken"},
    "oxijwt.E010": {"ACCESS_TOKEN_LIFETIME": 300},
    "oxijwt.E013": {"LEEWAY": -1},
    "oxijwt.E016": {"JSON_ENCODER": "no.such.Encoder"},
    "oxijwt.E021": {"JWK_URL": Hostile()},
}


@pytest.mark.parametrize(("check_id", "simple_jwt"), BAD_SETTINGS.items())
def test_errors_are_warnings_under_the_hook(settings, monkeypatch, check_id, simple_jwt):
    [finding] = findings(settings, **simple_jwt)
    assert (finding.id, finding.level) == (check_id, ERROR)
    monkeypatch.setitem(sys.modules, "oxijwt.as_simplejwt", types.ModuleType("oxijwt.as_simplejwt"))
    [under_the_hook] = checks.check_settings()
    assert (under_the_hook.id, under_the_hook.level) == (check_id, WARNING)
    assert (under_the_hook.msg, under_the_hook.hint) == (finding.msg, finding.hint)
