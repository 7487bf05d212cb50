"""HMAC secrets that can be guessed sign; the first process that uses one logs a CRITICAL line, and shows no secret."""

import logging
import os
from datetime import UTC, datetime, timedelta

import pytest

from oxijwt import checks
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.keys import guessable
from oxijwt.tokens import AccessToken
from tests.key_material import private_key, secret_jwk
from tests.sites.projects import finished, python

PUBLIC = "reallyreallyreallyreallyverysafe"
"""32 bytes that are in public lists."""
GOOD = "k" * 64


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """A process that has not reported."""
    monkeypatch.setattr(guessable, "_reporters", {})


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.INFO, logger="oxijwt")
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "oxijwt"]


def sign_and_verify():
    assert AccessToken(str(AccessToken()))


WEAK = {
    "short": ({"SIGNING_KEY": "abc"}, "is shorter than the hash of HS256"),
    "bytes": ({"SIGNING_KEY": b"abc"}, "is shorter than the hash of HS256"),
    "a JWK": ({"SIGNING_KEY": secret_jwk("abc")}, "is shorter than the hash of HS256"),
    "short for HS512": ({"ALGORITHM": "HS512", "SIGNING_KEY": "k" * 63}, "is shorter than the hash of HS512"),
    "public": ({"SIGNING_KEY": PUBLIC}, "is in public lists"),
    "a public JWK": ({"SIGNING_KEY": secret_jwk(PUBLIC)}, "is in public lists"),
    "public, in KEYS": (
        {"KEYS": [{"kid": "a", "algorithm": "HS256", "signing_key": PUBLIC}]},
        "SIMPLE_JWT['KEYS'][0] is in public lists",
    ),
    "public, verifying in KEYS": (
        {
            "KEYS": [
                {"kid": "a", "algorithm": "HS256", "signing_key": GOOD},
                {"kid": "b", "algorithm": "HS256", "verifying_key": PUBLIC},
            ]
        },
        "SIMPLE_JWT['KEYS'][1] is in public lists",
    ),
    "a path": ({"SIGNING_KEY": __file__}, "is the path of a file"),
}


@pytest.mark.parametrize(("simple_jwt", "reason"), WEAK.values(), ids=WEAK)
def test_a_secret_that_can_be_guessed_is_logged_once(settings, logged, simple_jwt, reason):
    settings.SIMPLE_JWT = simple_jwt
    for _time in range(3):
        sign_and_verify()
    settings.SIMPLE_JWT = {"SIGNING_KEY": "another"}
    sign_and_verify()
    [(level, message)] = logged()
    assert level == "CRITICAL"
    assert reason in message
    assert message.startswith("SIMPLE_JWT[")
    for secret in ("abc", PUBLIC, __file__):
        assert secret not in message


@pytest.mark.parametrize(
    "simple_jwt",
    [{}, {"SIGNING_KEY": GOOD}, {"KEYS": [{"kid": "a", "algorithm": "HS256", "signing_key": GOOD}]}],
    ids=["SECRET_KEY", "SIGNING_KEY", "KEYS"],
)
def test_a_good_secret_is_not_logged(settings, logged, simple_jwt):
    settings.SIMPLE_JWT = simple_jwt
    sign_and_verify()
    assert logged() == []


def test_a_key_pair_is_no_secret(settings, logged, tmp_path):
    settings.SECRET_KEY = "abc"
    settings.SIMPLE_JWT = {"KEYS": [{"algorithm": "ES256", "signing_key": private_key("ES256")}]}
    sign_and_verify()
    settings.SIMPLE_JWT = {"ALGORITHM": "ES256", "SIGNING_KEY": private_key("ES256")}
    settings.SIMPLE_JWT |= {"VERIFYING_KEY": private_key("ES256").public_key()}
    sign_and_verify()
    assert logged() == []


def test_the_checks_say_it_in_debug(settings, logged):
    settings.DEBUG = True
    settings.SIMPLE_JWT = {"SIGNING_KEY": "abc"}
    sign_and_verify()
    assert logged() == []
    settings.DEBUG = False
    settings.SIMPLE_JWT = {"SIGNING_KEY": "abcd"}
    sign_and_verify()
    assert len(logged()) == 1


@pytest.mark.parametrize("secret", ["abc", PUBLIC])
def test_a_secret_key_and_its_fallbacks_count(settings, logged, secret):
    settings.SECRET_KEY_FALLBACKS = [GOOD, secret]
    sign_and_verify()
    [(_level, message)] = logged()
    assert message.startswith("SECRET_KEY_FALLBACKS is ")
    settings.SECRET_KEY_FALLBACKS = []
    settings.SECRET_KEY = secret
    guessable._reporters.clear()
    sign_and_verify()
    assert "SECRET_KEY, by default) is " in logged()[-1][1]


def test_a_service_that_only_verifies_is_told_too(settings, logged):
    token = TokenBackend("HS256", "abc").encode({"a": 1})
    guessable._reporters.clear()
    before = len(logged())
    assert TokenBackend("HS256", "abc").decode(token) == {"a": 1}
    assert len(logged()) == before + 1


def test_a_legacy_secret_counts(settings, logged):
    keys = [{"kid": "a", "algorithm": "HS256", "signing_key": GOOD}]
    settings.SIMPLE_JWT = {"SIGNING_KEY": "abc", "KEYS": keys}
    sign_and_verify()
    assert logged() == []
    settings.SIMPLE_JWT |= {"LEGACY_KEY_UNTIL": datetime.now(tz=UTC) + timedelta(days=1)}
    settings.SIMPLE_JWT = dict(settings.SIMPLE_JWT)
    sign_and_verify()
    assert len(logged()) == 1


def test_a_fallback_that_can_not_be_used_does_not_stop_the_signing(settings, logged):
    settings.SECRET_KEY_FALLBACKS = [""]
    assert str(AccessToken())
    assert logged() == []


def test_each_process_says_it(settings, logged, monkeypatch):
    """A forked worker has its own log."""
    settings.SIMPLE_JWT = {"SIGNING_KEY": "abc"}
    sign_and_verify()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    settings.SIMPLE_JWT = {"SIGNING_KEY": "abc"}
    sign_and_verify()
    assert len(logged()) == 2


def test_the_checks_do_not_log_it(settings, logged):
    settings.SIMPLE_JWT = {"KEYS": [{"kid": "a", "algorithm": "HS256", "signing_key": PUBLIC}]}
    assert [finding.id for finding in checks.check_settings()] == ["oxijwt.E007"]
    assert logged() == []


@pytest.mark.parametrize("where", ["SIGNING_KEY", "KEYS"])
def test_the_path_of_a_file_is_found_by_the_check(settings, tmp_path, where):
    path = tmp_path / ("jwt" * 12 + ".key")
    keys = [{"kid": "a", "algorithm": "HS256", "signing_key": str(path)}]
    settings.SIMPLE_JWT = {"SIGNING_KEY": str(path)} if where == "SIGNING_KEY" else {"KEYS": keys}
    assert checks.check_settings() == []
    path.touch()
    [finding] = checks.check_settings()
    assert finding.id == "oxijwt.E051"
    assert where in finding.msg
    assert str(path) not in finding.msg + finding.hint


SITE = """
import django
from django.conf import settings
settings.configure(SECRET_KEY="k" * 50, USE_TZ=True, SIMPLE_JWT={"SIGNING_KEY": "abc"})
django.setup()
from oxijwt.tokens import UntypedToken, AccessToken
for _ in range(2):
    print(len(str(AccessToken())) > 20)
"""


def test_a_process_without_a_log_configuration_says_it_too():
    """Python prints what no handler takes, so the line reaches the server's standard error."""
    status, output, errors = finished(python("-c", SITE, stderr=-1))
    assert (status, output) == (0, "True\nTrue\n")
    assert errors.count("is shorter than the hash of HS256") == 1


def test_an_unusable_key_is_still_an_error(settings, logged):
    settings.SIMPLE_JWT = {"SIGNING_KEY": ""}
    with pytest.raises(KeyConfigurationError, match="SIGNING_KEY"):
        str(AccessToken())
    assert logged() == []
