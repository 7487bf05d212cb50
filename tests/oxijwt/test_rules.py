"""What the core asks of the claims of a class (`TokenRules`) is what `Token.verify` asks, in every combination."""

from __future__ import annotations

import time
from itertools import product
from typing import Any

import jwt
import pytest

from oxijwt.exceptions import TokenError
from oxijwt.state import token_backend
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken, Token, UntypedToken
from oxijwt.verifier import Unread

MISSING: Any = object()
LATER = 4_102_444_800
CLAIMS: dict[str, tuple[Any, ...]] = {
    "exp": (LATER, MISSING),
    "token_type": ("access", "refresh", "", 7, None, MISSING),
    "jti": ("a", MISSING),
    "id": ("a", "x" * 255, "x" * 256, "", "a\x00", "é", 7, None, True, MISSING),
    "user_id": ("1", "", 1, -1, True, 1.5, None, [], {}, MISSING),
    "sid": ("a", MISSING),
}
"""Values of claims that the registered rules let pass."""

SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "no type": {"TOKEN_TYPE_CLAIM": None},
    "no id": {"JTI_CLAIM": None},
    "another id": {"JTI_CLAIM": "id"},
    "sessions required": {"REQUIRE_SESSION": True},
}


def forge(claims: dict[str, Any]) -> str:
    """A token with these claims, signed with our key by another library."""
    return jwt.encode(claims, token_backend.signing_key, token_backend.algorithm)


def combinations() -> list[dict[str, Any]]:
    """Claims with at most two of them unusual."""
    usual = {name: values[0] for name, values in CLAIMS.items()}
    found = [usual]
    for first, second in product(CLAIMS, CLAIMS):
        for one, other in product(CLAIMS[first], CLAIMS[second]):
            found.append(usual | {first: one, second: other})
    return [{name: value for name, value in claims.items() if value is not MISSING} for claims in found]


COMBINATIONS = combinations()


def is_verified(token_class: type[Token], claims: dict[str, Any]) -> bool:
    """Whether `verify` of the class accepts claims that the backend has read."""
    token = token_class.__new__(token_class)
    token.token = ""
    token._now = time.time()
    token.verified = token_backend.verify(forge({"iat": 1})).with_claims(claims)
    token.payload = claims
    try:
        token.verify()
    except TokenError:
        return False
    return True


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("token_class", [AccessToken, UntypedToken])
def test_the_core_and_verify_agree(settings: Any, setting: str, token_class: type[Token]) -> None:
    settings.SIMPLE_JWT = SETTINGS[setting]
    rules = token_class.stock_rules()
    assert rules is not None
    verdicts = {False: 0, True: 0}
    for claims in COMBINATIONS:
        verified = token_backend.verify_held(Unread(forge(claims)), time.time(), token_class=token_class)
        if setting == "sessions required" and "sid" not in claims:
            assert not verified.keeps_rules, "verify() knows who needs a session"
        else:
            assert verified.keeps_rules == is_verified(token_class, claims), claims
        verdicts[verified.keeps_rules] += 1
    assert min(verdicts.values()) > 10


@pytest.mark.parametrize("token_class", [RefreshToken, SlidingToken])
def test_a_class_with_records_is_asked_each_time(token_class: type[Token]) -> None:
    assert token_class.stock_rules() is None


class Stricter(AccessToken):
    def verify(self) -> None:
        super().verify()
        if "tenant" not in self.payload:
            raise TokenError("no tenant")


def test_a_class_with_a_verify_of_its_own_is_asked() -> None:
    assert Stricter.stock_rules() is None
    token = AccessToken()
    with pytest.raises(TokenError, match="no tenant"):
        Stricter(str(token))
    token["tenant"] = "a"
    assert Stricter(str(token))


@pytest.mark.parametrize("name", ["verify", "check_exp", "verify_token_type"])
def test_a_method_that_is_patched_later_is_called(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    text = str(AccessToken())
    assert AccessToken(text)
    calls = []
    monkeypatch.setattr(AccessToken, name, lambda *_args, **_kwargs: calls.append(name))
    AccessToken(text)
    assert calls == [name]
    monkeypatch.undo()
    AccessToken(text)
    assert calls == [name]


def test_a_type_that_is_patched_later_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    text = str(AccessToken())
    assert AccessToken(text)
    monkeypatch.setattr(AccessToken, "token_type", "ticket")
    with pytest.raises(TokenError, match="wrong type"):
        AccessToken(text)
    assert AccessToken(str(AccessToken()))


def test_a_session_is_required_if_the_setting_says_so(settings: Any) -> None:
    settings.SIMPLE_JWT = {"REQUIRE_SESSION": True}
    text = forge({"exp": LATER, "token_type": "access", "jti": "a", "user_id": "1"})
    with pytest.raises(TokenError, match="no session"):
        AccessToken(text)
    settings.SIMPLE_JWT = {"REQUIRE_SESSION": False}
    assert AccessToken(text)


@pytest.mark.parametrize("name", ["TOKEN_TYPE_CLAIM", "JTI_CLAIM", "USER_ID_CLAIM", "SESSION_ID_CLAIM"])
def test_a_setting_that_names_no_claim_gives_no_rules(settings: Any, name: str) -> None:
    for value in (7, ["a"]):
        settings.SIMPLE_JWT = {name: value}
        assert AccessToken.stock_rules() is None
