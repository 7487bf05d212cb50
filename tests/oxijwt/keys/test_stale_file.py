"""A key file that can't be used any more: nothing is signed, and its keys verify for a bounded time."""

import errno
import json
import logging
import os
from datetime import UTC, datetime, timedelta
from io import StringIO

import jwt
import pytest
from django.core.management import call_command
from freezegun import freeze_time

from oxijwt._core import KeyRotationPolicy
from oxijwt.exceptions import KeyConfigurationError, KeyFileMissingError, TokenError
from oxijwt.keys import file as key_file
from oxijwt.keys.file import WatchedKeyFile
from oxijwt.state import token_backend
from oxijwt.tokens import AccessToken
from tests.leaks import require_absence, texts_of

POLICY = KeyRotationPolicy(publish_ahead=600, retain=86_400)
NOW = 1_800_000_000
START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def remove(path):
    path.unlink()


def truncate(path):
    path.write_bytes(path.read_bytes()[:-3])


def empty(path):
    path.write_bytes(b"")


def open_up(path):
    path.chmod(0o644)


def open_up_its_directory(path):
    path.parent.chmod(0o777)


def replace_by_directory(path):
    path.unlink()
    path.mkdir()


def mend(path, text):
    if path.is_dir():
        path.rmdir()
    path.write_bytes(text)
    path.chmod(0o600)
    path.parent.chmod(0o700)


FAULTS = [truncate, empty, open_up, open_up_its_directory, replace_by_directory]
"""Those after which the file is still there."""


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "keys.json"
    key_file.change(path, lambda keys: keys.rotate("ES256", POLICY, NOW), may_create=True)
    return path


@pytest.fixture
def clock(monkeypatch):
    """What `time.monotonic` says; tests move it by hand."""
    times = [100.0]
    monkeypatch.setattr(key_file.time, "monotonic", lambda: times[0])
    return times


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.INFO, logger="oxijwt")
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "oxijwt"]


def refused(action):
    with pytest.raises(KeyConfigurationError, match="KEY_FILE") as caught:
        action()
    return caught.value


def secrets_of(path):
    return [key["d"] for key in json.loads(path.read_bytes())["keys"]]


@pytest.mark.parametrize("spoil", FAULTS)
def test_a_spoilt_file_signs_nothing_and_verifies_for_a_while(made, clock, spoil):
    watched = WatchedKeyFile(made, stale=600)
    before = watched.key_set()
    assert watched.signing_key_set() is before
    secrets = secrets_of(made)
    spoil(made)
    for seconds in (1, 300, 298.9):
        clock[0] += seconds
        assert watched.key_set() is watched.look_again() is before
        require_absence([*secrets, str(made)], *texts_of(refused(watched.signing_key_set)))
    clock[0] += 0.2
    for use in (watched.key_set, watched.look_again, watched.signing_key_set):
        require_absence([*secrets, str(made)], *texts_of(refused(use)))


def test_a_file_that_is_gone_is_an_error_at_once(made, clock):
    watched = WatchedKeyFile(made, stale=600)
    watched.key_set()
    made.unlink()
    clock[0] += 1
    for use in (watched.key_set, watched.signing_key_set, watched.look_again):
        assert isinstance(refused(use), KeyFileMissingError)


def test_a_link_to_nothing_is_gone(made, clock):
    """A Kubernetes secret that was taken away."""
    link = made.with_name("link")
    link.symlink_to(made)
    watched = WatchedKeyFile(link, stale=600)
    watched.key_set()
    made.unlink()
    clock[0] += 1
    assert isinstance(refused(watched.key_set), KeyFileMissingError)


@pytest.mark.parametrize(("number", "is_gone"), [(errno.EACCES, False), (errno.EIO, False), (errno.ENOENT, True)])
def test_a_directory_that_can_not_be_entered_is_not_gone(made, clock, monkeypatch, number, is_gone):
    watched, really = WatchedKeyFile(made, stale=600), os.stat
    before = watched.key_set()

    def fail(path, *arguments, **named):
        if str(path) == str(made):
            raise OSError(number, os.strerror(number), str(path))
        return really(path, *arguments, **named)

    monkeypatch.setattr(os, "stat", fail)
    clock[0] += 1
    assert isinstance(refused(watched.signing_key_set), KeyFileMissingError) == is_gone
    if is_gone:
        refused(watched.key_set)
    else:
        assert watched.key_set() is before


def test_the_time_counts_from_the_last_look_that_found_it_good(made, clock):
    """A process without requests does not know since when the file is bad, so it verifies no longer than others."""
    watched = WatchedKeyFile(made, stale=600)
    before = watched.key_set()
    clock[0] += 500
    assert watched.key_set() is before
    open_up(made)
    clock[0] += 599
    assert watched.key_set() is before
    clock[0] += 1
    refused(watched.key_set)


def test_without_patience_nothing_is_verified(made, clock):
    watched = WatchedKeyFile(made, stale=0)
    before = watched.key_set()
    clock[0] += 1
    assert watched.key_set() is before
    open_up(made)
    clock[0] += 1
    refused(watched.key_set)


@pytest.mark.parametrize("spoil", [*FAULTS, remove])
def test_a_mended_file_is_used_again(made, clock, spoil):
    watched = WatchedKeyFile(made, stale=600)
    before = watched.key_set()
    text = made.read_bytes()
    spoil(made)
    clock[0] += 601
    refused(watched.key_set)
    mend(made, text)
    assert watched.look_again() is watched.signing_key_set() is before
    added = key_file.change(made, lambda keys: keys.rotate("ES256", POLICY, NOW + 1000)).added
    clock[0] += 1
    assert added in {key.kid for key in watched.signing_key_set().keys(NOW)}


@pytest.mark.parametrize("spoil", [*FAULTS, remove])
def test_the_fault_is_logged_each_minute(made, clock, logged, spoil):
    watched = WatchedKeyFile(made, stale=600)
    watched.key_set()
    secrets = secrets_of(made)
    spoil(made)
    for _second in range(180):
        clock[0] += 1
        refused(watched.signing_key_set)
    assert [level for level, _message in logged()] == ["ERROR"] * 3
    for _level, message in logged():
        assert "SIMPLE_JWT['KEY_FILE']" in message
        assert "no token is signed" in message
        assert ("signed or verified" in message) == (spoil is remove)
        require_absence([*secrets, str(made)], message)
    clock[0] += 600
    refused(watched.key_set)
    assert "signed or verified" in logged()[-1][1]


def test_each_fault_is_logged_at_once(made, clock, logged):
    watched = WatchedKeyFile(made)
    watched.key_set()
    text = made.read_bytes()
    for spoil in (truncate, open_up, remove):
        spoil(made)
        for _second in range(2):
            clock[0] += 1
            refused(watched.signing_key_set)
        mend(made, text)
        watched.look_again()
    assert len({message for _level, message in logged()}) == len(logged()) == 3


def test_a_file_that_lay_elsewhere_is_the_same(made, clock, monkeypatch):
    watched = WatchedKeyFile(made)
    before = watched.key_set()
    monkeypatch.setattr(key_file, "parse", None)
    made.rename(made.with_name("away"))
    refused(watched.look_again)
    made.with_name("away").rename(made)
    assert watched.look_again() is before


def test_a_fault_keeps_no_text_of_the_file(made, clock):
    """The frames of a traceback would: error reporters show them."""
    watched = WatchedKeyFile(made)
    watched.key_set()
    truncate(made)
    clock[0] += 1
    watched.key_set()
    assert watched._fault.__traceback__ is watched._fault.__cause__ is watched._fault.__context__ is None
    assert refused(watched.signing_key_set) is not refused(watched.signing_key_set)


# Tokens


@pytest.fixture
def site(settings, tmp_path):
    """The key file of a running site, and its clock."""
    with freeze_time(START) as frozen:
        settings.SIMPLE_JWT = {"KEY_FILE": tmp_path / "keys.json", "ACCESS_TOKEN_LIFETIME": timedelta(hours=1)}
        call_command("jwtkeys", "generate", "--algorithm", "ES256", stdout=StringIO())
        yield tmp_path / "keys.json", frozen


def revoke(token):
    kid = jwt.get_unverified_header(token)["kid"]
    call_command("jwtkeys", "rotate", f"--revoke={kid}", stdout=StringIO())


def test_a_file_that_stays_usable_signs_and_verifies(site):
    path, clock = site
    token = str(AccessToken())
    for mode in (0o600, 0o640, 0o400):
        path.chmod(mode)
        clock.tick(timedelta(minutes=11))
        assert AccessToken(token)
        assert AccessToken(str(AccessToken()))


@pytest.mark.parametrize("spoil", [*FAULTS, remove])
def test_a_revoked_key_is_dead_after_the_bound_whatever_happens_to_the_file(site, spoil):
    """It verified and signed for as long as the process lived."""
    path, clock = site
    token = str(AccessToken())
    revoke(token)
    spoil(path)
    clock.tick(1)
    with pytest.raises(KeyConfigurationError, match="KEY_FILE"):
        str(AccessToken())
    clock.tick(timedelta(minutes=10))
    for use in (lambda: AccessToken(token), lambda: str(AccessToken()), token_backend.public_jwk_set):
        with pytest.raises(KeyConfigurationError, match="KEY_FILE"):
            use()


def test_other_tokens_verify_meanwhile(site):
    path, clock = site
    token = str(AccessToken())
    open_up(path)
    for _minute in range(9):
        clock.tick(timedelta(minutes=1))
        assert AccessToken(token)
        with pytest.raises(TokenError, match="Token is invalid"):
            AccessToken(jwt.encode({}, "k" * 32, headers={"kid": "unknown"}))
    clock.tick(timedelta(minutes=1))
    with pytest.raises(KeyConfigurationError, match="mode 0644"):
        AccessToken(token)
    path.chmod(0o600)
    clock.tick(1)
    assert AccessToken(token)
    assert AccessToken(str(AccessToken()))


def test_the_bound_is_a_setting(site, settings):
    path, clock = site
    settings.SIMPLE_JWT |= {"KEY_FILE_STALE": timedelta(minutes=2)}
    token = str(AccessToken())
    open_up(path)
    clock.tick(timedelta(minutes=2) - timedelta(seconds=1))
    assert AccessToken(token)
    clock.tick(1)
    with pytest.raises(KeyConfigurationError, match="KEY_FILE"):
        AccessToken(token)


def test_a_gone_file_ends_everything_at_once(site):
    path, clock = site
    token = str(AccessToken())
    remove(path)
    clock.tick(1)
    for use in (lambda: AccessToken(token), lambda: str(AccessToken())):
        with pytest.raises(KeyFileMissingError, match="jwtkeys generate"):
            use()
