"""A ring remembers the tokens whose signature a public key has verified: the signature, and nothing else."""

from __future__ import annotations

import base64
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings

from oxijwt.exceptions import ExpiredTokenError, TokenError
from oxijwt.state import token_backend
from oxijwt.tokens import AccessToken
from tests import key_material as material

if TYPE_CHECKING:
    from pathlib import Path

ALGORITHMS = ["RS256", "PS384", "ES256", "ES512", "EdDSA"]


def pair(algorithm: str, **more: Any) -> dict[str, Any]:
    key = material.private_key(algorithm)
    return {
        "ALGORITHM": algorithm,
        "SIGNING_KEY": material.pkcs8(key),
        "VERIFYING_KEY": material.spki(key),
        **more,
    }


@pytest.fixture(params=ALGORITHMS)
def site(request: pytest.FixtureRequest, settings: Any) -> Any:
    settings.SIMPLE_JWT = pair(request.param)
    return settings


def remembered(text: str) -> str:
    """The token, after the site has verified it twice."""
    assert AccessToken(text).payload == AccessToken(text).payload
    return text


def with_payload(text: str, **claims: Any) -> str:
    """The token with other claims, and its own signature."""
    header, payload, signature = text.split(".")
    body = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps(body | claims).encode()).rstrip(b"=").decode()
    return f"{header}.{changed}.{signature}"


def test_a_hit_has_claims_of_its_own(site: Any) -> None:
    text = remembered(str(AccessToken()))
    one, other = AccessToken(text), AccessToken(text)
    one["stolen"] = True
    assert "stolen" not in other
    assert "stolen" not in AccessToken(text)


def test_an_expired_token_is_refused_on_a_hit(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = remembered(str(AccessToken()))
    later = time.time() + 301
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(ExpiredTokenError):
        AccessToken(text)


def test_a_changed_byte_is_refused(site: Any) -> None:
    text = remembered(str(AccessToken()))
    for place in range(0, len(text), 3):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(TokenError):
            AccessToken(changed)
    assert AccessToken(text)


def test_a_payload_under_a_remembered_signature_is_refused(site: Any) -> None:
    """The end of the signature, by which a token is found, is that of the remembered token."""
    token = AccessToken()
    token["user_id"] = "1"
    text = remembered(str(token))
    with pytest.raises(TokenError):
        AccessToken(with_payload(text, user_id="2"))
    header, payload, signature = text.split(".")
    for other in (f"{header}.{payload}{payload}.{signature}", f"{payload}.{header}.{signature}", signature):
        with pytest.raises(TokenError):
            AccessToken(other)


@pytest.mark.parametrize(
    "change",
    [
        {"AUDIENCE": "shop"},
        {"ISSUER": "https://issuer.example"},
        {"MAX_TOKEN_LENGTH": 20},
        {"ALLOWED_TYP": ["at+jwt"]},
        {"TOKEN_TYPE_CLAIM": "kind"},
        {"REQUIRE_SESSION": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_setting_counts_at_once(site: Any, change: dict[str, Any]) -> None:
    token = AccessToken()
    token["user_id"] = "1"
    text = remembered(str(token))
    with override_settings(SIMPLE_JWT=site.SIMPLE_JWT | change), pytest.raises(TokenError):
        AccessToken(text)
    assert AccessToken(text)


def test_what_one_reading_accepts_is_asked_on_a_hit(site: Any) -> None:
    text = remembered(str(AccessToken()))
    with pytest.raises(TokenError):
        AccessToken.read(text, audience="shop")
    assert AccessToken.read(text)


def test_another_key_does_not_know_the_token(settings: Any) -> None:
    settings.SIMPLE_JWT = pair("ES256")
    text = remembered(str(AccessToken()))
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {
        "VERIFYING_KEY": material.spki(material.other_private_key("ES256")),
    }
    with pytest.raises(TokenError):
        AccessToken(text)


def test_a_revoked_key_counts_at_once(settings: Any, tmp_path: Path) -> None:
    def entry(kid: str, key: Any) -> dict[str, Any]:
        return {"kid": kid, "algorithm": "ES256", "signing_key": material.pkcs8(key)}

    old, new = entry("old", material.private_key("ES256")), entry("new", material.other_private_key("ES256"))
    settings.SIMPLE_JWT = {"KEYS": [old, new]}
    text = remembered(str(AccessToken()))
    settings.SIMPLE_JWT = {"KEYS": [new]}
    with pytest.raises(TokenError):
        AccessToken(text)


def test_a_key_that_is_no_longer_in_force_is_refused_on_a_hit(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    end = AccessToken().current_time + timedelta(minutes=10)
    key = {"kid": "a", "algorithm": "EdDSA", "signing_key": material.pkcs8(material.private_key("EdDSA"))}
    settings.SIMPLE_JWT = {
        "KEYS": [key | {"not_after": end}],
        "ACCESS_TOKEN_LIFETIME": timedelta(minutes=9),
        "LEEWAY": 600,
    }
    text = remembered(str(AccessToken()))
    later = end.timestamp() + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(TokenError):
        AccessToken(text)


def counted(settings: Any, size: int) -> tuple[float, float]:
    """Seconds of CPU time for verifying one token 200 times: in turn with 50 others, and alone."""
    settings.SIMPLE_JWT = pair("RS256", VERIFIED_TOKEN_CACHE_SIZE=size)
    texts = [str(AccessToken()) for _ in range(50)]
    start = time.process_time()
    for _ in range(4):
        for text in texts:
            AccessToken(text)
    middle = time.process_time()
    for _ in range(200):
        AccessToken(texts[0])
    return middle - start, time.process_time() - middle


def test_a_hit_costs_no_public_key_operation_and_zero_turns_it_off(settings: Any) -> None:
    _, off = counted(settings, 0)
    _, on = counted(settings, 1024)
    assert off > 3 * on


def test_more_tokens_than_fit_are_verified_again(settings: Any) -> None:
    thrashing, alone = counted(settings, 8)
    assert thrashing > 3 * alone


def test_forged_tokens_push_nothing_out(settings: Any) -> None:
    settings.SIMPLE_JWT = pair("RS256", VERIFIED_TOKEN_CACHE_SIZE=8)
    text = remembered(str(AccessToken()))
    header, payload, signature = text.split(".")
    for number in range(200):
        with pytest.raises(TokenError):
            AccessToken(f"{header}.{payload}.{number:06d}{signature[6:]}")
    start = time.process_time()
    for _ in range(100):
        AccessToken(text)
    hits = time.process_time() - start
    settings.SIMPLE_JWT = pair("RS256", VERIFIED_TOKEN_CACHE_SIZE=0)
    start = time.process_time()
    for _ in range(100):
        AccessToken(text)
    assert time.process_time() - start > 3 * hits


def test_threads_agree(site: Any) -> None:
    good = [str(AccessToken()) for _ in range(20)]
    bad = [text[:-8] + ("AAAAAAAA" if not text.endswith("AAAAAAAA") else "BBBBBBBB") for text in good]

    def verdicts(_: int) -> list[bool]:
        found = []
        for text in [*good, *bad] * 5:
            try:
                AccessToken(text)
            except TokenError:
                found.append(False)
            else:
                found.append(True)
        return found

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(verdicts, range(16)))
    assert results == [([True] * 20 + [False] * 20) * 5] * 16


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_agrees(site: Any) -> None:
    text = remembered(str(AccessToken()))
    child = os.fork()
    if child == 0:
        try:
            AccessToken(text)
            AccessToken(with_payload(text, user_id="2"))
        except TokenError:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_the_setting_is_an_attribute_of_a_backend(settings: Any) -> None:
    assert token_backend.verified_token_cache_size == 1024
    settings.SIMPLE_JWT = {"VERIFIED_TOKEN_CACHE_SIZE": 5}
    assert token_backend.verified_token_cache_size == 5
