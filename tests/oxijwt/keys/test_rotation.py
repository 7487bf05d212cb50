"""Tokens while the keys of KEY_FILE rotate: who signs, who verifies, and what a process does that has yet to look."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Barrier
from types import SimpleNamespace

import jwt
import pytest
from django.core.management import call_command
from freezegun import freeze_time

from oxijwt import checks
from oxijwt._core import KeyRing, RingKey, VerifyingKey
from oxijwt.exceptions import KeyConfigurationError, TokenError
from oxijwt.keys import file as key_file
from oxijwt.keys.rotation import longest_life
from oxijwt.settings import api_settings
from oxijwt.state import SettingsTokenBackend, token_backend
from oxijwt.tokens import AccessToken, RefreshToken, UntypedToken

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
AHEAD = timedelta(minutes=10)
DAY = timedelta(days=1)


@pytest.fixture
def clock():
    with freeze_time(START) as frozen:
        yield frozen


@pytest.fixture
def path(settings, tmp_path, clock):
    settings.SIMPLE_JWT = {"KEY_FILE": tmp_path / "keys.json"}
    jwtkeys("generate", "--algorithm", "ES256")
    clock.tick(AHEAD)  # a key that was just made is not rotated
    return tmp_path / "keys.json"


def jwtkeys(*arguments):
    output = StringIO()
    call_command("jwtkeys", *arguments, stdout=output)
    return output.getvalue()


def kid_of(token):
    return jwt.get_unverified_header(token).get("kid")


def published():
    return [key["kid"] for key in json.loads(token_backend.public_jwk_set())["keys"]]


def refused(token):
    with pytest.raises(TokenError, match="Token is invalid"):
        AccessToken(token)
    return True


def test_a_planned_rotation_logs_nobody_out(path, clock):
    first = str(RefreshToken())
    jwtkeys("rotate", "--algorithm", "EdDSA")
    clock.tick(1)
    still_the_first = str(RefreshToken())
    assert kid_of(still_the_first) == kid_of(first)
    assert len(published()) == 2
    clock.tick(AHEAD)
    second = str(RefreshToken())
    assert kid_of(second) != kid_of(first)
    assert jwt.get_unverified_header(second)["alg"] == "EdDSA"
    clock.tick(DAY - AHEAD - timedelta(seconds=2))
    for token in (first, still_the_first, second):
        assert UntypedToken(token)
    clock.tick(AHEAD + timedelta(seconds=2))
    assert refused(first)  # it has expired, and its key is gone
    assert published() == [kid_of(second)]


def test_hmac_keys_rotate_to_key_pairs_and_back(path, clock):
    tokens = [str(RefreshToken())]
    for algorithm in ("HS256", "RS256", "HS512"):
        jwtkeys("rotate", "--algorithm", algorithm)
        clock.tick(AHEAD)
        tokens.append(str(RefreshToken()))
        assert jwt.get_unverified_header(tokens[-1])["alg"] == algorithm
        assert all(map(UntypedToken, tokens))
    assert len({*map(kid_of, tokens)}) == 4
    assert published() == [kid_of(tokens[2]), kid_of(tokens[0])]


def test_a_revoked_key_refuses_its_tokens_within_a_second(path, clock):
    token = str(AccessToken())
    jwtkeys("rotate", f"--revoke={kid_of(token)}")
    clock.tick(1)
    assert refused(token)
    assert kid_of(str(AccessToken())) != kid_of(token)
    assert AccessToken(str(AccessToken()))


def test_an_unknown_kid_is_looked_up_at_once(path, clock):
    """Another process signs with the new key before this one's second is over."""
    assert AccessToken(str(AccessToken()))
    other = SettingsTokenBackend()
    jwtkeys("rotate", "--now")
    token = other.encode({"token_type": "access", "jti": "1", "exp": START + DAY / 2})
    assert kid_of(token) != kid_of(str(AccessToken())) or pytest.fail("this process has looked already")
    assert AccessToken(token)
    assert kid_of(str(AccessToken())) == kid_of(token)


def test_threads_that_come_first_all_have_a_ring(path):
    token = str(AccessToken())
    backend, together = SettingsTokenBackend(), Barrier(16)

    def read(_thread):
        together.wait()
        return backend.decode(token)["jti"]

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(read, range(16)))) == 1
    assert backend.key_source is backend.key_source


def test_no_token_outlives_its_key(path, clock):
    token = AccessToken()
    token.set_exp(lifetime=DAY)
    assert str(token)
    token.set_exp(lifetime=DAY + timedelta(seconds=1))
    with pytest.raises(KeyConfigurationError, match=r"SIMPLE_JWT\['KEY_FILE'\]: the token would outlive the key"):
        str(token)
    api_settings.KEY_RETAIN = 2 * DAY
    assert str(token)


@pytest.mark.parametrize(
    ("simple_jwt", "longest"),
    [
        ({}, DAY),
        ({"LEEWAY": 30}, DAY + timedelta(seconds=30)),
        ({"LEEWAY": timedelta(minutes=1)}, DAY + timedelta(minutes=1)),
        ({"ACCESS_TOKEN_LIFETIME": 3 * DAY}, 3 * DAY),
        ({"SLIDING_TOKEN_REFRESH_LIFETIME": 4 * DAY}, 4 * DAY),
    ],
)
def test_keys_are_retained_as_long_as_a_token_can_live(settings, simple_jwt, longest):
    settings.SIMPLE_JWT = simple_jwt
    assert longest_life() == longest
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "oxijwt.token_sessions"]
    assert longest_life() == timedelta(days=30) + timedelta(seconds=token_backend.get_leeway().total_seconds())
    api_settings.SESSION_ABSOLUTE_LIFETIME = None
    assert longest_life() == longest


def test_the_legacy_pair_signs_until_the_first_key_does(settings, tmp_path, clock):
    old = str(RefreshToken())
    settings.SIMPLE_JWT = {"KEY_FILE": tmp_path / "keys.json", "LEGACY_KEY_UNTIL": START + 2 * DAY}
    jwtkeys("generate", "--algorithm", "ES256", "--not-before", (START + DAY / 2).isoformat())
    rolling = str(RefreshToken())
    assert kid_of(rolling) is None
    assert len(published()) == 1
    clock.tick(DAY / 2)
    assert kid_of(str(AccessToken())) == published()[0]
    assert UntypedToken(old)
    assert UntypedToken(rolling)
    clock.tick(DAY / 2 - timedelta(seconds=1))
    assert UntypedToken(rolling)
    settings.SIMPLE_JWT = {"KEY_FILE": tmp_path / "keys.json"}
    assert refused(rolling)


# System checks


def ids():
    return [finding.id for finding in checks.check_settings()]


def test_a_right_file_has_no_finding(path):
    assert ids() == []


def test_a_missing_file_is_found(settings, tmp_path):
    settings.SIMPLE_JWT = {"KEY_FILE": tmp_path / "keys.json"}
    assert ids() == ["oxijwt.W030"]
    with pytest.raises(KeyConfigurationError, match="KEY_FILE"):
        str(AccessToken())


def test_both_settings_are_one_too_many(path, settings):
    settings.SIMPLE_JWT |= {"KEYS": []}
    assert ids() == ["oxijwt.E027"]


@pytest.mark.parametrize("name", ["KEY_PUBLISH_AHEAD", "KEY_RETAIN"])
@pytest.mark.parametrize("value", [600, "600", timedelta(seconds=-1), timedelta(days=365 * 200)], ids=repr)
def test_spans_are_timedeltas_that_fit(path, settings, name, value):
    settings.SIMPLE_JWT |= {name: value}
    assert ids() == ["oxijwt.E027"]


@pytest.mark.parametrize("value", [600, "600", None, timedelta(seconds=-1)], ids=repr)
def test_patience_with_a_stale_file_is_a_timedelta(path, settings, value):
    settings.SIMPLE_JWT |= {"KEY_FILE_STALE": value}
    [finding] = checks.check_settings()
    assert finding.id == "oxijwt.E027"
    assert "KEY_FILE_STALE" in finding.msg
    with pytest.raises(KeyConfigurationError, match="KEY_FILE_STALE"):
        str(AccessToken())


@pytest.mark.parametrize(
    "wrong",
    [
        {"LEEWAY": "5"},
        {"LEEWAY": float("nan")},
        {"REFRESH_TOKEN_LIFETIME": 5},
        {"REFRESH_TOKEN_LIFETIME": timedelta.max, "LEEWAY": 1},
    ],
    ids=repr,
)
def test_a_retention_that_can_not_be_reckoned_names_the_settings(path, settings, wrong):
    """What Python says of it came out, at each request."""
    settings.SIMPLE_JWT |= wrong
    assert "oxijwt.E027" in ids()
    with pytest.raises(KeyConfigurationError, match="KEY_RETAIN"):
        token_backend.encode({})


def test_a_file_without_keys_is_found(path):
    path.write_text('{"keys": []}')
    [finding] = checks.check_settings()
    assert finding.id == "oxijwt.E029"
    assert "KEY_FILE" in finding.msg


def test_what_the_core_says_of_a_ring_is_translated(path, monkeypatch):
    """A CoreError left `encode`, and named no setting."""
    refusing = SimpleNamespace(ring=lambda *_arguments: KeyRing.of_keys(twice))
    twice = [RingKey(None, VerifyingKey.from_secret("HS256", b"k" * 32), kid="a")] * 2
    for name in ("key_set", "signing_key_set"):
        monkeypatch.setattr(key_file.WatchedKeyFile, name, lambda _self: refusing)
    for use in (lambda: token_backend.encode({}), lambda: token_backend.decode("a.b.c"), token_backend.public_jwk_set):
        with pytest.raises(KeyConfigurationError, match=r"^SIMPLE_JWT\['KEY_FILE'\].*'a'.*two keys have the same kid"):
            use()
    assert ids() == ["oxijwt.E027"]


def test_keys_that_are_published_too_late_are_found(path, settings):
    settings.SIMPLE_JWT |= {"KEY_PUBLISH_AHEAD": timedelta(seconds=299)}
    assert ids() == ["oxijwt.W013"]
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"KEY_PUBLISH_AHEAD": timedelta(seconds=300)}
    assert ids() == []


def test_a_clock_before_the_first_key_is_found(path, clock):
    clock.move_to(START - DAY)
    [finding] = checks.check_settings()
    assert finding.id == "oxijwt.E029"
    assert published()[0] in finding.msg
    with pytest.raises(KeyConfigurationError, match=r"KEY_FILE.*no key that signs now"):
        str(AccessToken())


def test_a_file_of_public_keys_only_verifies(path, settings, tmp_path):
    token = str(AccessToken())
    public = tmp_path / "public.json"
    public.touch(0o600)
    public.write_text(jwtkeys("export"))
    settings.SIMPLE_JWT = {"KEY_FILE": public}
    assert AccessToken(token)
    assert ids() == []
    with pytest.raises(KeyConfigurationError, match="no key that signs"):
        str(AccessToken())
    assert key_file.read(public).text()
