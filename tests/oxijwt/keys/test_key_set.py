"""The native content of a key file, as Python sees it. Its rules are tested in Rust."""

import json
import threading
import time
from itertools import pairwise

import jwt
import pytest

from oxijwt import backends
from oxijwt._core import (
    ALGORITHMS,
    ERROR_CODES,
    CoreError,
    KeyPhase,
    KeyRing,
    KeyRotationPolicy,
    KeySet,
    SigningKey,
    TokenPolicy,
)
from oxijwt.verifier import SignedBy

NOW = 1_700_000_000
SKEW = 60
"""As far apart as the clocks of two machines may be, in seconds."""
POLICY = KeyRotationPolicy(publish_ahead=600, retain=3_600)
OPEN = TokenPolicy(max_length=16_384)
PAIR = SigningKey.from_secret("HS256", b"k" * 32)
LEGACY = KeyRing(PAIR, [PAIR.verifying_key()])


def first(algorithm="ES256", now=NOW):
    return KeySet.empty().rotate(algorithm, POLICY, now).key_set


def kids(key_set):
    return [key.kid for key in key_set.keys(NOW)]


def listed(key):
    return (key.kid, key.algorithm, key.phase, key.made_at, key.signs_from, key.dropped_at)


def refused(call, *arguments, **named):
    with pytest.raises(CoreError) as caught:
        call(*arguments, **named)
    code, message = caught.value.args
    assert code in ERROR_CODES
    return code, message


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_file_holds_a_key_of_any_algorithm_that_another_library_reads(algorithm):
    key_set = first(algorithm)
    [member] = json.loads(key_set.text())["keys"]
    theirs = jwt.PyJWK(member)
    assert theirs.algorithm_name == algorithm
    token = jwt.encode({"sub": "1"}, theirs.key, algorithm, {"kid": member["kid"]})
    verified = key_set.ring(POLICY).verify(token, NOW, OPEN, SignedBy.US)
    assert verified.claims == {"sub": "1"}


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_another_library_verifies_by_the_public_set(algorithm):
    ring = first(algorithm).ring(POLICY)
    token = ring.sign({"sub": "1"}, NOW, 16_384)
    published = json.loads(ring.public_jwk_set(NOW))["keys"]
    if algorithm.startswith("HS"):
        assert published == []
    else:
        assert jwt.decode(token, jwt.PyJWKSet(published)[jwt.get_unverified_header(token)["kid"]]) == {"sub": "1"}


def test_keys_are_listed():
    first_set = first("HS256")
    change = first_set.rotate("ES256", POLICY, NOW + 600)
    [old] = kids(first_set)
    assert [listed(key) for key in change.key_set.keys(NOW + 600)] == [
        (old, "HS256", KeyPhase.SIGNING, NOW, NOW, NOW + 1_200 + 3_600),
        (change.added, "ES256", KeyPhase.PUBLISHED, NOW + 600, NOW + 1_200, None),
    ]
    assert (change.waits_for, change.removed) == (None, [])


def test_a_change_says_what_became_of_the_file():
    key_set = first()
    [kid] = kids(key_set)
    waits = key_set.rotate("ES256", POLICY, NOW)
    assert (waits.key_set, waits.added, waits.waits_for, waits.removed) == (None, None, kid, [])
    revoked = key_set.revoke(kid, NOW)
    assert (revoked.removed, kids(revoked.key_set)) == ([kid], [revoked.added])
    pruned = key_set.prune(NOW)
    assert (pruned.key_set, pruned.removed) == (None, [])
    at_once = key_set.rotate("ES256", POLICY, NOW, at_once=True)
    assert [str(key.phase) for key in at_once.key_set.keys(NOW)] == ["retiring", "signing"]


def test_a_first_key_may_sign_later():
    change = KeySet.empty().rotate("ES256", POLICY, NOW, not_before=NOW + 50)
    [key] = change.key_set.keys(NOW)
    assert listed(key) == (change.added, "ES256", KeyPhase.PUBLISHED, NOW, NOW + 50, None)
    again = change.key_set.rotate("ES256", POLICY, NOW, not_before=NOW + 99)
    assert (again.key_set, again.waits_for) == (None, key.kid)


def test_a_text_is_read_again():
    text = first().text()
    assert KeySet.read(text).text() == text
    assert KeySet.read(KeySet.empty().text()).keys(NOW) == []


def test_a_legacy_pair_stands_beside_the_file():
    old = LEGACY.sign({"sub": "1"}, NOW, 16_384)
    ring = first().ring(POLICY, LEGACY, NOW + 9)
    assert ring.verify(old, NOW + 8, OPEN, SignedBy.US).claims["sub"] == "1"
    assert refused(ring.verify, old, NOW + 9, OPEN, SignedBy.US)[0] == "key_unknown"
    assert refused(first().ring(POLICY).verify, old, NOW, OPEN, SignedBy.US)[0] == "key_unknown"


def test_refusals_are_codes_that_name_the_key():
    key_set = first()
    [kid] = kids(key_set)
    code, message = refused(key_set.rotate, "ES256", POLICY, NOW - SKEW - 1)
    assert (code, kid in message) == ("clock_behind", True)
    for unknown in ["no such", "\udcff"]:
        assert refused(key_set.revoke, unknown, NOW)[0] == "kid_unknown"
    assert refused(key_set.rotate, "none", POLICY, NOW)[0] == "algorithm_unknown"
    broken = key_set.text().replace(b'"nbf":', b'"nbf":-')
    code, message = refused(KeySet.read, broken)
    assert (code, message.startswith(f"key 1 '{kid}'")) == ("key_malformed", True)
    assert refused(KeySet.read, b"[]")[0] == "key_set_invalid"
    assert {"kid_unknown", "clock_behind"} <= backends.CONFIGURATION_CODES


def test_a_file_that_signs_nothing_is_read():
    ring = KeySet.empty().ring(POLICY)
    assert refused(ring.sign, {}, NOW, 16_384)[0] == "no_signing_key"


@pytest.mark.parametrize("spans", [{"publish_ahead": -1, "retain": 0}, {"publish_ahead": 0, "retain": 2**32}])
def test_spans_are_seconds_in_32_bits(spans):
    KeyRotationPolicy(publish_ahead=0, retain=2**32 - 1)
    with pytest.raises(OverflowError):
        KeyRotationPolicy(**spans)


def test_no_private_part_is_shown():
    change = first("HS256").rotate("EdDSA", POLICY, NOW + 600)
    shown = f"{change!r} {change.key_set!r} {change.key_set} {change} {POLICY!r}"
    assert "<KeySet(2 keys)>" in shown
    members = json.loads(change.key_set.text())["keys"]
    for part in [members[0]["k"], members[1]["d"]]:
        assert part[:8] not in shown


def test_other_threads_run_while_rsa_is_made():
    turns = []
    stop = threading.Event()

    def count():
        while not stop.is_set():
            turns.append(time.monotonic())
            time.sleep(0.001)

    other = threading.Thread(target=count)
    other.start()
    try:
        begun = time.monotonic()
        for _ in range(3):
            first("RS256")
        ended = time.monotonic()
    finally:
        stop.set()
        other.join()
    meanwhile = [begun, *(turn for turn in turns if begun < turn < ended), ended]
    longest = max(later - earlier for earlier, later in pairwise(meanwhile))
    # Each of the three keeps the lock for as long as it takes, where it isn't let go.
    assert longest < (ended - begun) / 4
