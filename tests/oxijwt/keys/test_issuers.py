"""ISSUERS: whose keys a token meets, what the setting may hold, and what is said about it."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from django.core.checks import ERROR, WARNING

from oxijwt import checks, verifier
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import KeyConfigurationError, TokenBackendError, TokenBackendExpiredToken
from oxijwt.keys.issuers import problems, setting_of, url_setting_of
from oxijwt.state import token_backend
from tests import key_material as material
from tests.client import forge
from tests.issuer import HERE, NAMES, OtherIssuers, published, signed

A, B = NAMES
ENTRY = {"jwk_url": "https://issuer.example/jwks", "algorithms": ["RS256"], "audience": "here"}


def read(token: str) -> dict[str, Any]:
    return token_backend.decode(token)


def refused(token: str) -> None:
    # By our own keys where the token names nobody in ISSUERS: they are for HS256.
    with pytest.raises(TokenBackendError, match=r"^(Token is invalid|Invalid algorithm specified)$") as caught:
        read(token)
    assert type(caught.value) is TokenBackendError


# Whose keys a token meets.


def test_each_issuers_tokens_meet_its_own_keys(other_issuers: OtherIssuers) -> None:
    for name in NAMES:
        assert read(other_issuers.token({"sub": "x"}, name))["iss"] == name
        assert read(other_issuers.token({"aud": ["elsewhere", HERE]}, name))["iss"] == name
        assert read(other_issuers.token({}, name, kid=None))
        assert len(other_issuers.sites[name].requests) == 1


REFUSED: dict[str, dict[str, Any]] = {
    "another issuer's key": {"other": True},
    "an unknown kid": {"kid": "unknown"},
    "another algorithm than its own": {"algorithm": "ES384"},
    "a type that is none of ours": {"typ": "dpop+jwt"},
}
REFUSED_CLAIMS: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "https://elsewhere.example"},
    "no audience": {"aud": None},
    "not yet": {"nbf": int(time.time()) + 3600},
    # These name nobody in ISSUERS, so our own keys are asked.
    "a name with a slash": {"iss": f"{A}/"},
    "a name in capitals": {"iss": A.upper()},
    "a name behind a blank": {"iss": f" {A}"},
    "a list of names": {"iss": [A]},
    "a number": {"iss": 7},
    "no name": {"iss": None},
    "an unknown name": {"iss": "https://c.example"},
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_token_that_its_issuer_did_not_make_so_is_refused(other_issuers: OtherIssuers, what: str) -> None:
    other_issuers.sites[A].publish(published("k"), published("k", "ES384"))
    assert read(other_issuers.token({}))
    refused(other_issuers.token({}, **REFUSED[what]))


def test_an_algorithm_that_the_issuer_does_not_use_asks_it_for_nothing(other_issuers: OtherIssuers) -> None:
    rest = other_issuers.token({}).split(".", 1)[1]
    refused(other_issuers.token({}, algorithm="ES384"))
    for alg in (None, 7, ["ES256"], {}, "es256", "none", ""):
        header = forge({}, header={"alg": alg, "kid": "k"}).split(".", maxsplit=1)[0]
        refused(f"{header}.{rest}")
    assert other_issuers.sites[A].requests == []


@pytest.mark.parametrize("what", REFUSED_CLAIMS)
def test_a_token_that_says_something_else_is_refused(other_issuers: OtherIssuers, what: str) -> None:
    refused(other_issuers.token(REFUSED_CLAIMS[what]))


def test_a_token_that_has_expired_says_so(other_issuers: OtherIssuers) -> None:
    with pytest.raises(TokenBackendExpiredToken):
        read(other_issuers.token({"exp": int(time.time()) - 1}))


def test_what_our_own_key_signed_under_anothers_name_is_refused(other_issuers: OtherIssuers) -> None:
    """Whoever may have us sign a claim must not become another issuer by it."""
    assert read(forge({"aud": HERE, "exp": int(time.time()) + 300}))
    refused(forge({"iss": A, "aud": HERE, "exp": int(time.time()) + 300}))
    refused(forge({"iss": A, "aud": HERE}, header={"alg": "HS256", "typ": "JWT", "kid": "k"}))


def test_its_public_key_is_no_hmac_secret(other_issuers: OtherIssuers) -> None:
    pem = material.spki(material.private_key("ES256"))
    refused(forge({"iss": A, "aud": HERE}, header={"alg": "HS256", "kid": "k"}, key=pem))


def test_our_own_tokens_are_ours_as_before(other_issuers: OtherIssuers, settings: Any) -> None:
    plain = forge({"a": 1})
    assert read(plain) == {"a": 1}
    assert read(forge({"iss": "https://c.example"}))
    settings.SIMPLE_JWT |= {"ISSUER": "https://our.example", "AUDIENCE": "ours"}
    ours = token_backend.encode({"a": 1})
    assert read(ours)["iss"] == "https://our.example"
    refused(plain)
    refused(forge({"iss": "https://our.example", "aud": HERE}))
    # Our own AUDIENCE and ISSUER are no rules for others.
    assert read(other_issuers.token({}))
    refused(other_issuers.token({"aud": "ours"}))


def test_beside_a_jwk_url_the_others_have_keys_of_their_own(
    other_issuers: OtherIssuers, issuer: Any, settings: Any
) -> None:
    issuer.publish(published("k", "RS256"))
    settings.SIMPLE_JWT |= {"ALGORITHM": "RS256", "JWK_URL": issuer.url}
    assert read(other_issuers.token({}))
    assert read(signed({"a": 1}, "k", "RS256")) == {"a": 1}
    assert read(signed({"iss": "https://c.example"}, "k", "RS256"))
    refused(signed({"iss": A, "aud": HERE}, "k", "RS256"))
    refused(other_issuers.token({"iss": None}))


def test_several_algorithms(other_issuers: OtherIssuers, settings: Any) -> None:
    site = other_issuers.sites[A]
    site.publish(published("k"), published("r", "RS256"), published("e", "EdDSA"), published("p", "PS256"))
    settings.SIMPLE_JWT["ISSUERS"][A]["algorithms"] = ("ES256", "RS256", "EdDSA")
    for kid, algorithm in (("k", "ES256"), ("r", "RS256"), ("e", "EdDSA")):
        assert read(other_issuers.token({}, kid=kid, algorithm=algorithm))
        assert read(other_issuers.token({}, kid=None, algorithm=algorithm))
    refused(other_issuers.token({}, kid="p", algorithm="PS256"))
    refused(other_issuers.token({}, kid="r", algorithm="ES256"))
    assert len(site.requests) == 1


def test_the_other_name_of_eddsa(other_issuers: OtherIssuers, settings: Any) -> None:
    other_issuers.sites[A].publish(published("e", "EdDSA"))
    settings.SIMPLE_JWT["ISSUERS"][A]["algorithms"] = ["EdDSA"]
    token = other_issuers.token({}, kid="e", algorithm="EdDSA")
    header = material.PyJWS().get_unverified_header(token) | {"alg": "Ed25519"}
    payload = token.split(".")[1]
    signing_input = f"{forge({}, header=header).split('.')[0]}.{payload}"
    signature = material.private_key("EdDSA").sign(signing_input.encode())
    assert read(f"{signing_input}.{base64url(signature)}")


def base64url(data: bytes) -> str:
    return material.base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_an_audience_of_none_asks_for_none(other_issuers: OtherIssuers, settings: Any) -> None:
    token = other_issuers.token({"aud": "anybody"})
    refused(token)
    both = settings.SIMPLE_JWT["ISSUERS"]
    silent = {name: value for name, value in both[A].items() if name != "audience"}
    settings.SIMPLE_JWT = {"ISSUERS": both | {A: silent | {"audience": None}}}
    assert read(token)
    assert read(other_issuers.token({"aud": None}))
    settings.SIMPLE_JWT = {"ISSUERS": both | {A: silent}}
    assert read(token)
    settings.SIMPLE_JWT = {"ISSUERS": both | {A: silent | {"audience": ["anybody", HERE]}}}
    assert read(token)
    assert read(other_issuers.token({}))


def test_settings_are_followed(other_issuers: OtherIssuers, settings: Any) -> None:
    token = other_issuers.token({})
    assert read(token)
    both = settings.SIMPLE_JWT["ISSUERS"]
    settings.SIMPLE_JWT = {"ISSUERS": {B: both[B]}}
    refused(token)
    settings.SIMPLE_JWT = {}
    refused(token)
    settings.SIMPLE_JWT = {"ISSUERS": both}
    assert read(token)
    settings.SIMPLE_JWT = {"ISSUERS": both | {A: both[A] | {"algorithms": ["RS256"]}}}
    refused(token)
    # One client for a URL, whatever else changes.
    assert len(other_issuers.sites[A].requests) == 1


def test_one_issuer_that_is_down_takes_no_other_down(other_issuers: OtherIssuers) -> None:
    other_issuers.sites[A].answer = b""
    refused(other_issuers.token({}))
    assert read(other_issuers.token({}, B))
    assert read(forge({"a": 1}))


def test_threads_that_come_first_share_a_client(other_issuers: OtherIssuers) -> None:
    token = other_issuers.token({})
    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(read, [token] * 20))
    assert len(other_issuers.sites[A].requests) == 1


def test_the_verifying_key_of_a_token(other_issuers: OtherIssuers) -> None:
    assert token_backend.get_verifying_key(other_issuers.token({})).algorithm == "ES256"
    assert token_backend.get_verifying_key(forge({})).algorithm == "HS256"
    with pytest.raises(TokenBackendError):
        token_backend.get_verifying_key(other_issuers.token({}, kid="unknown"))


@pytest.mark.parametrize("text", ["no token", "a.b.c", "é.e30.e30", "\ud800"], ids=ascii)
def test_what_is_no_token_has_no_key(other_issuers: OtherIssuers, text: str) -> None:
    """The core's own exception came out of it."""
    with pytest.raises(TokenBackendError):
        token_backend.get_verifying_key(text)


def test_nothing_expired_of_anothers_is_read(other_issuers: OtherIssuers) -> None:
    ours = forge({"exp": int(time.time()) - 1})
    assert token_backend.verify_expired(ours)
    for seconds in (-1, 300):
        with pytest.raises(TokenBackendError, match=r"^Token is invalid$"):
            token_backend.verify_expired(other_issuers.token({"exp": int(time.time()) + seconds}))


def test_without_the_setting_nothing_is_read_twice(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(verifier, "unverified_issuer", lambda *_: pytest.fail("read"))
    for issuers in (None, {}):
        settings.SIMPLE_JWT = {"ISSUERS": issuers}
        assert read(forge({"iss": A}))
        assert token_backend.verify_expired(forge({"iss": A}))


def test_a_backend_of_ones_own_may_have_issuers(other_issuers: OtherIssuers) -> None:
    backend = TokenBackend("HS256", material.SECRET)
    token = other_issuers.token({})
    with pytest.raises(TokenBackendError):
        backend.decode(token)
    backend.issuers = other_issuers.setting
    assert backend.decode(token)


# What the setting may hold.

SECRETIVE = "https://name:password@issuer.example/path?query#fragment"
MALFORMED: dict[str, Any] = {
    "a list": [A],
    "a text": A,
    "a number": 1,
    "an entry that is no dict": {A: "https://issuer.example/jwks"},
    "an entry that is None": {A: None},
    "a name that is no text": {7: ENTRY},
    "a name of bytes": {b"issuer": ENTRY},
    "an empty name": {"": ENTRY},
    "no options": {A: {}},
    "no URL": {A: {key: value for key, value in ENTRY.items() if key != "jwk_url"}},
    "an empty URL": {A: ENTRY | {"jwk_url": ""}},
    "a URL that is no text": {A: ENTRY | {"jwk_url": 7}},
    "no algorithms": {A: {key: value for key, value in ENTRY.items() if key != "algorithms"}},
    "an empty list of algorithms": {A: ENTRY | {"algorithms": []}},
    "algorithms as a text": {A: ENTRY | {"algorithms": "RS256"}},
    "an HMAC algorithm": {A: ENTRY | {"algorithms": ["RS256", "HS256"]}},
    "an unknown algorithm": {A: ENTRY | {"algorithms": ["RS257"]}},
    "none": {A: ENTRY | {"algorithms": ["none"]}},
    "an algorithm that is no text": {A: ENTRY | {"algorithms": [["RS256"]]}},
    "an empty audience": {A: ENTRY | {"audience": ""}},
    "an empty list of audiences": {A: ENTRY | {"audience": []}},
    "an audience that is no text": {A: ENTRY | {"audience": [7]}},
    "an unknown option": {A: ENTRY | {"leeway": 7}},
    "a misspelt option": {A: ENTRY | {"JWK_URL": "https://issuer.example/jwks"}},
    "an option that is no text": {A: ENTRY | {7: 7}},
    "a trust that is text": {A: ENTRY | {"trust_staff": "no"}},
    "a trust that is a number": {A: ENTRY | {"trust_staff": 1}},
    "a trust that is empty": {A: ENTRY | {"trust_staff": ""}},
    "the second entry": {A: ENTRY, B: {}},
}


def found(settings: Any, **simple_jwt: Any) -> list[Any]:
    settings.SIMPLE_JWT = simple_jwt
    return [finding for finding in checks.check_settings() if finding.id != "oxijwt.W010"]


def ids(settings: Any, **simple_jwt: Any) -> list[tuple[str, int]]:
    return [(finding.id, finding.level) for finding in found(settings, **simple_jwt)]


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_setting_is_found_and_never_used(settings: Any, what: str) -> None:
    findings = found(settings, ISSUERS=MALFORMED[what])
    assert {(finding.id, finding.level) for finding in findings} == {("oxijwt.E025", ERROR)}
    for finding in findings:
        assert finding.msg.startswith("SIMPLE_JWT['ISSUERS']")
    for _ in range(2):
        with pytest.raises(KeyConfigurationError, match=r"^SIMPLE_JWT\['ISSUERS'\]"):
            read(forge({"a": 1}))


def test_the_entry_beside_the_malformed_ones_is_right(settings: Any) -> None:
    """The gate seen open: what the table above changes is all that is wrong."""
    assert list(problems({A: ENTRY})) == []
    assert found(settings, ISSUERS={A: ENTRY, B: ENTRY | {"audience": ["a", "b"], "algorithms": ("ES256",)}}) == []
    for trust in (True, False, None):
        assert found(settings, ISSUERS={A: ENTRY | {"trust_staff": trust}}) == []
    assert found(settings, ISSUERS={}) == found(settings, ISSUERS=None) == []
    assert read(forge({"a": 1})) == {"a": 1}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (A, A),
        ("joe", "joe"),
        (SECRETIVE, "https://issuer.example/path"),
        ("https://name@issuer.example?query", "https://issuer.example"),
        ("a\nb\x1b[31m\u202e\u00e9", "a?b?[31m??"),
        ("i" * 100, "i" * 64),
    ],
)
def test_names_are_fit_for_a_log(name: str, shown: str) -> None:
    assert setting_of(name) == f"SIMPLE_JWT['ISSUERS']['{shown}']"
    assert url_setting_of(name) == f"SIMPLE_JWT['ISSUERS']['{shown}']['jwk_url']"


def test_a_url_that_can_not_be_asked(settings: Any) -> None:
    for url in ("http://issuer.example/", SECRETIVE, "file:///etc/passwd", ["https://issuer.example/"]):
        [finding] = found(settings, JWK_URL=url, ALGORITHM="RS256")
        assert (finding.id, finding.level) == ("oxijwt.E023", ERROR)
        assert finding.msg.startswith("SIMPLE_JWT['JWK_URL'] ")
        assert "password" not in finding.msg + finding.hint
    for url in ("http://issuer.example/", SECRETIVE):
        [finding] = found(settings, ISSUERS={A: ENTRY | {"jwk_url": url}})
        assert (finding.id, finding.level) == ("oxijwt.E023", ERROR)
        assert finding.msg.startswith(f"SIMPLE_JWT['ISSUERS']['{A}']['jwk_url'] ")
        assert "password" not in finding.msg + finding.hint
        with pytest.raises(KeyConfigurationError, match="'jwk_url'") as caught:
            read(signed({"iss": A}, "k", "RS256"))
        assert "password" not in str(caught.value)
    assert ids(settings, JWK_URL="https://issuer.example/", ALGORITHM="RS256") == []
    settings.DEBUG = True
    assert ids(settings, JWK_URL="http://localhost:8000/", ALGORITHM="RS256") == []


def test_without_urllib3(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = [{"JWK_URL": "https://issuer.example/", "ALGORITHM": "RS256"}, {"ISSUERS": {A: ENTRY}}]
    for simple_jwt in asking:
        assert ids(settings, **simple_jwt) == []
    monkeypatch.setitem(sys.modules, "urllib3", None)
    for simple_jwt in [*asking, asking[0] | asking[1]]:
        [finding] = found(settings, **simple_jwt)
        assert (finding.id, finding.level) == ("oxijwt.E024", ERROR)
        assert finding.hint.startswith("Run: pip install 'oxijwt[jwks]'")
    assert ids(settings) == []


def test_our_own_name_is_none_of_theirs(settings: Any) -> None:
    issuers = {A: ENTRY, B: ENTRY}
    assert ids(settings, ISSUERS=issuers, ISSUER="https://our.example") == []
    assert ids(settings, ISSUERS=issuers, ISSUER=A) == [("oxijwt.E026", ERROR)]
    assert ids(settings, ISSUERS=issuers, ISSUER=["https://our.example", B]) == [
        ("oxijwt.E038", ERROR),  # it signs
        ("oxijwt.E026", ERROR),
    ]


def test_an_issuer_without_an_audience(settings: Any) -> None:
    assert ids(settings, ISSUERS={A: ENTRY | {"audience": None}}) == [("oxijwt.W011", WARNING)]
    assert ids(settings, ISSUERS={A: {"jwk_url": ENTRY["jwk_url"], "algorithms": ["RS256"]}}) == [
        ("oxijwt.W011", WARNING)
    ]


@pytest.mark.parametrize(
    ("interval", "id_"),
    [(10, "E010"), (None, "E010"), (timedelta(0), "E011"), (timedelta(seconds=-1), "E011"), (timedelta.max, "E012")],
    ids=str,
)
def test_the_interval(settings: Any, interval: Any, id_: str) -> None:
    assert ids(settings, JWK_REFETCH_INTERVAL=timedelta(seconds=1)) == []
    assert ids(settings, JWK_REFETCH_INTERVAL=interval) == [(f"oxijwt.{id_}", ERROR)]


def test_any_mapping_will_do(other_issuers: OtherIssuers, settings: Any) -> None:
    """Each token ended in a TypeError where the setting was no dict to the bottom."""
    entries = {name: MappingProxyType(entry) for name, entry in other_issuers.setting.items()}
    settings.SIMPLE_JWT = {"ISSUERS": MappingProxyType(entries)}
    assert token_backend.decode(other_issuers.token({}))
    assert token_backend.decode(forge({"exp": int(time.time()) + 300}))
