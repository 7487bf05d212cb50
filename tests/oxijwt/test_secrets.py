"""Nothing renders a token or a key: no repr, no exception and what caused it, no log record."""

import json
import logging
import traceback

import pytest
from django.core.checks import run_checks

from oxijwt._core import CoreError, KeyRing, SigningKey, TokenPolicy, VerifyingKey, unverified_claims
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import KeyConfigurationError, TokenBackendError, TokenError
from oxijwt.keys import material
from oxijwt.records.blacklist import IssuedToken
from oxijwt.state import SettingsTokenBackend, token_backend
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken, UntypedToken
from oxijwt.utils import aware_utcnow
from tests.client import PASSWORD, bearer, claims, forge, login, make_user, post
from tests.key_material import ALGORITHMS, ASYMMETRIC, HMAC, key_settings, pkcs8, private_key, spki
from tests.leaks import everything_that_is_logged, require_absence, texts_of

pytestmark = pytest.mark.django_db

SECRET = "correct-horse-battery-staple-" * 3


def test_the_search_finds_what_is_there():
    def fail():
        try:
            int(SECRET)
        except ValueError:
            raise TypeError("clean") from None

    with pytest.raises(TypeError) as caught:
        fail()
    with pytest.raises(AssertionError):
        require_absence([SECRET], *texts_of(caught.value))
    require_absence([SECRET], *traceback.format_exception(caught.value))
    with pytest.raises(AssertionError):
        require_absence([pkcs8(private_key("ES256"))], pkcs8(private_key("ES256")))


# Representations


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_representations_of_backends_keys_and_rings(algorithm):
    arguments = key_settings(algorithm)
    backend = TokenBackend(algorithm, **arguments)
    token = backend.encode({"a": 1})
    backend.decode(token)
    signing, verifying = backend.prepared_signing_key, backend.prepared_verifying_key
    ring = KeyRing(signing, [verifying])
    prepared = [backend.verifier, backend.signer, backend.verify(token)]
    handles = [backend, signing, verifying, ring, *prepared, TokenPolicy(max_length=1, issuer=[SECRET])]
    texts = [form(handle) for handle in handles for form in (repr, str, "{}".format, ascii)]
    require_absence([arguments["signing_key"], token, SECRET], *texts)
    if algorithm in ASYMMETRIC:
        require_absence([arguments["verifying_key"]], *texts)
    assert algorithm in repr(signing)
    assert algorithm in repr(verifying)


def test_representations_of_what_carries_a_token(settings):
    settings.SIMPLE_JWT = {"JWK_URL": f"https://{SECRET}@issuer.example/"}
    user = make_user()
    token = RefreshToken.for_user(user)
    entry, _created = token.blacklist()
    now = aware_utcnow()
    issued = IssuedToken(jti="a", text=str(token), user=user, created_at=now, expires_at=now)
    row = OutstandingToken.objects.get()
    things = [issued, row, entry, row.user, token_backend, SettingsTokenBackend(), token_backend.jwks_client]
    # str() of a token signs it; its repr is its claims.
    texts = [repr(token), *map(repr, things), *map(str, things)]
    require_absence([str(token), settings.SECRET_KEY, SECRET, user.password], *texts)


# Exceptions

PEM_OF_NOTHING = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"
BAD_KEYS = {
    "text": SECRET,
    "bytes": SECRET.encode(),
    "PEM of nothing": PEM_OF_NOTHING,
    "PEM cut": pkcs8(private_key("ES256"))[:-40],
    "PEM of RSA": pkcs8(private_key("RS256")),
    "PEM of EC": pkcs8(private_key("ES256K")),
    "public PEM": spki(private_key("RS256")),
    "JWK of nothing": json.dumps({"kty": "oct", "k": SECRET}),
    "JWK mapping": {"kty": "oct", "k": SECRET},
    "JWK mapping that is no JSON": {"kty": "oct", "k": SECRET.encode()},
    "JWK cut": '{"kty": "EC", "d": "' + SECRET,
    "lone surrogate": SECRET + "\ud800",
    "JWK with a lone surrogate": '{"kty": "EC", "d": "' + SECRET + '\udfff"}',
    "a list": [SECRET],
    "an object": object(),
}


def secrets_in(key):
    if isinstance(key, str | bytes):
        return [key.encode(errors="replace").decode() if isinstance(key, str) else key, SECRET]
    return [SECRET]


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "PS512", "ES256", "ES512", "ES256K", "EdDSA"])
@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS)
def test_errors_about_a_key(algorithm, key):
    for use in (material.signing_key, material.verifying_key):
        try:
            use(algorithm, key)
        except KeyConfigurationError as error:
            require_absence(secrets_in(key), *texts_of(error))


@pytest.mark.parametrize("kind", [SigningKey, VerifyingKey])
@pytest.mark.parametrize("form", ["from_pem", "from_jwk", "from_secret"])
@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "EdDSA", SECRET])
def test_errors_of_the_core_about_a_key(kind, form, algorithm):
    for key in BAD_KEYS.values():
        material = key.encode(errors="replace") if isinstance(key, str) else key
        if isinstance(material, bytes):
            try:
                getattr(kind, form)(algorithm, material)
            except CoreError as error:
                require_absence([*secrets_in(key), SECRET], *texts_of(error))


@pytest.mark.parametrize("algorithm", [*HMAC, "RS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS)
def test_findings_about_a_key(settings, algorithm, key):
    settings.SIMPLE_JWT = {"ALGORITHM": algorithm, "SIGNING_KEY": key, "VERIFYING_KEY": key}
    for finding in run_checks():
        require_absence(secrets_in(key), str(finding), repr(finding), finding.msg, finding.hint or "")


def refused_tokens():
    good = claims("access", user_id="1", private=SECRET)
    return {
        "malformed": forge(good)[:-1],
        "two parts": forge(good).rpartition(".")[0],
        "text": SECRET,
        "too large": forge(good | {"x": "a" * 20_000}),
        "other key": forge(good, key="another key"),
        "other algorithm": forge(good, {"alg": "RS256"}),
        "unknown algorithm": forge(good, {"alg": SECRET}),
        "crit": forge(good, {"alg": "HS256", "crit": [SECRET]}),
        "header array": forge(good, [SECRET]),
        "expired": forge(good | {"exp": 1}),
        "not yet valid": forge(good | {"nbf": 9_999_999_999}),
        "issued in the future": forge(good | {"iat": 9_999_999_999}),
        "exp text": forge(good | {"exp": SECRET}),
        "sub array": forge(good | {"sub": [SECRET]}),
        "duplicate name": forge(b'{"' + SECRET.encode() + b'":1,"' + SECRET.encode() + b'":2}'),
        "no JSON": forge(SECRET.encode()),
        "payload text": forge(SECRET),
        "no exp": forge({"private": SECRET}),
        "no jti": forge({"private": SECRET, "exp": 9e9}),
        "jti array": forge(good | {"jti": [SECRET]}),
        "type": forge(good | {"token_type": SECRET}),
    }


REFUSED = list(refused_tokens())


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("as_bytes", [False, True], ids=["str", "bytes"])
def test_errors_about_a_token(settings, case, as_bytes):
    text = refused_tokens()[case]
    token = text.encode() if as_bytes else text
    readers = [token_backend.decode, AccessToken, RefreshToken, SlidingToken]
    if case != "type":
        readers.append(UntypedToken)
    for read in readers:
        try:
            read(token)
        except (TokenError, TokenBackendError) as error:
            require_absence([text, SECRET, settings.SECRET_KEY], *texts_of(error))
        else:
            assert read == token_backend.decode
            assert case in {"no exp", "no jti", "type"}
    try:
        unverified_claims(token, 16_384)
    except CoreError as error:
        require_absence([text, SECRET], *texts_of(error))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", object(), b"x"], ids=repr)
def test_errors_about_claims_that_can_not_be_signed(settings, value):
    with pytest.raises((TokenBackendError, TypeError, ValueError)) as caught:
        TokenBackend("HS256", SECRET).encode({"private": SECRET, "x": value})
    require_absence([SECRET], *texts_of(caught.value))


# Answers and logs


def test_no_answer_repeats_a_token_it_refuses(settings):
    for text in refused_tokens().values():
        for name in ("whoami", "stateless"):
            require_absence([text, SECRET], bearer(text, name).content.decode())
        for name, field in (("token_refresh", "refresh"), ("token_verify", "token"), ("token_blacklist", "refresh")):
            require_absence([text, SECRET], post(name, {field: text}).content.decode())


def test_no_log_record_shows_a_secret(settings, caplog):
    caplog.set_level(logging.DEBUG)
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True, "CHECK_REVOKE_TOKEN": True}
    user = make_user()
    pair = login().json()
    login(password="wrong password of the tests")
    second = post("token_refresh", {"refresh": pair["refresh"]}).json()
    post("token_refresh", {"refresh": pair["refresh"]})
    post("token_blacklist", {"refresh": second["refresh"]})
    bearer(second["access"])
    inactive = make_user("inactive", is_active=False)
    made = RefreshToken.for_user(inactive)
    refused = refused_tokens().values()
    for text in refused:
        bearer(text)
        post("token_verify", {"token": text})
    texts = everything_that_is_logged(caplog)
    tokens = [*pair.values(), *second.values(), str(made), *refused]
    hashes = [user.password, made["hash_password"]]
    secrets = [PASSWORD, "wrong password of the tests", settings.SECRET_KEY, SECRET]
    require_absence([*tokens, *hashes, *secrets], *texts)
    assert any(text.startswith("oxijwt.core ") for text in texts), "the core logs refusals, and this test hears them"
    assert any(text.startswith("django.request ") for text in texts)


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS)
def test_no_log_record_shows_a_key_that_can_not_be_used(settings, caplog, key):
    caplog.set_level(logging.DEBUG)
    settings.SIMPLE_JWT = {"ALGORITHM": "RS256", "SIGNING_KEY": key, "VERIFYING_KEY": key}
    make_user()
    for request in (login, lambda: bearer(forge(claims("access")))):
        try:
            answer = request()
        except KeyConfigurationError as error:
            require_absence(secrets_in(key), *texts_of(error))
        else:
            assert answer.status_code == 200 or key == BAD_KEYS["PEM of RSA"] or key == BAD_KEYS["public PEM"]
    require_absence(secrets_in(key), *everything_that_is_logged(caplog))


def test_rows_show_no_token():
    token = RefreshToken.for_user(make_user())
    token.blacklist()
    for row in (OutstandingToken.objects.get(), BlacklistedToken.objects.get()):
        require_absence([str(token)], str(row), repr(row))
