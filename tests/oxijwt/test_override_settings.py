"""`override_settings` reaches every name, however early it was imported; afterwards everything is as it was."""

import contextlib
import importlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import override_settings
from rest_framework.exceptions import AuthenticationFailed as DRFAuthenticationFailed
from rest_framework.test import APIRequestFactory

# Imported before any override, as a project's modules are.
from oxijwt import state
from oxijwt.authentication import (
    AUTH_HEADER_TYPE_BYTES,
    AUTH_HEADER_TYPES,
    JWTAuthentication,
    JWTStatelessUserAuthentication,
    default_user_authentication_rule,
)
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import AuthenticationFailed, InvalidToken, TokenBackendError, TokenError
from oxijwt.keys.fetch import Fetched
from oxijwt.keys.jwk_set import JWKSetClient
from oxijwt.models import TokenUser
from oxijwt.serializers import TokenObtainPairSerializer, TokenRefreshSerializer
from oxijwt.settings import api_settings
from oxijwt.state import token_backend
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken, UntypedToken
from oxijwt.views import (
    TokenBlacklistView,
    TokenObtainPairView,
    TokenObtainSlidingView,
    TokenRefreshSlidingView,
    TokenRefreshView,
    TokenVerifyView,
    token_obtain_pair,
)
from tests import key_material as material
from tests.key_material import SECRET
from tests.sites.settings import SECRET_KEY as SUITE_SECRET

VIEWS = {
    "TOKEN_OBTAIN_SERIALIZER": TokenObtainPairView,
    "TOKEN_REFRESH_SERIALIZER": TokenRefreshView,
    "TOKEN_VERIFY_SERIALIZER": TokenVerifyView,
    "TOKEN_BLACKLIST_SERIALIZER": TokenBlacklistView,
    "SLIDING_TOKEN_OBTAIN_SERIALIZER": TokenObtainSlidingView,
    "SLIDING_TOKEN_REFRESH_SERIALIZER": TokenRefreshSlidingView,
}
LIFETIMES = {
    "ACCESS_TOKEN_LIFETIME": (AccessToken, timedelta(minutes=5)),
    "REFRESH_TOKEN_LIFETIME": (RefreshToken, timedelta(days=1)),
    "SLIDING_TOKEN_LIFETIME": (SlidingToken, timedelta(minutes=5)),
}


class MyTokenUser(TokenUser):
    pass


class MyAccessToken(AccessToken):
    token_type = "mine"


class MyPairSerializer(TokenObtainPairSerializer):
    pass


def nobody(user: Any) -> bool:
    return False


@pytest.fixture(autouse=True)
def everything_is_as_it_was() -> Iterator[None]:
    yield
    assert api_settings.user_settings == {}
    assert token_backend.algorithm == "HS256"
    assert token_backend.decode(jwt.encode({"jti": "1"}, settings.SECRET_KEY, algorithm="HS256")) == {"jti": "1"}
    assert AccessToken.lifetime == timedelta(minutes=5)
    assert tuple(AUTH_HEADER_TYPES) == ("Bearer",)
    assert AccessToken.for_user(user())["user_id"] == "7"


def user(**fields: Any) -> Any:
    return get_user_model()(id=7, username="alice", password="a hash", **fields)


def request_with(header: str, **meta: str) -> Any:
    return APIRequestFactory().get("/", HTTP_AUTHORIZATION=header, **meta)


@pytest.mark.parametrize("setting", LIFETIMES)
def test_lifetimes(setting: str) -> None:
    token_class, default = LIFETIMES[setting]
    before = token_class()
    assert before["exp"] - before["iat"] == default.total_seconds()
    with override_settings(SIMPLE_JWT={setting: timedelta(hours=3)}):
        token = token_class()
        assert token["exp"] - token["iat"] == 3 * 3600
        assert token_class.lifetime == token.lifetime == timedelta(hours=3)
        # One made before takes the lifetime of now when it is renewed.
        before.set_exp()
        assert before["exp"] - before["iat"] == 3 * 3600
    after = token_class()
    assert after["exp"] - after["iat"] == default.total_seconds()


def test_the_lifetime_of_the_access_token_in_a_refresh_token() -> None:
    with override_settings(SIMPLE_JWT={"ACCESS_TOKEN_LIFETIME": timedelta(seconds=7)}):
        refresh = RefreshToken()
        assert refresh.access_token["exp"] == refresh["iat"] + 7


def test_the_sliding_tokens_refresh_lifetime_and_claim() -> None:
    changes = {"SLIDING_TOKEN_REFRESH_LIFETIME": timedelta(hours=3), "SLIDING_TOKEN_REFRESH_EXP_CLAIM": "until"}
    with override_settings(SIMPLE_JWT=changes):
        token = SlidingToken()
        assert token["until"] - token["iat"] == 3 * 3600
        assert "refresh_exp" not in token
    token = SlidingToken()
    assert token["refresh_exp"] - token["iat"] == 24 * 3600


def test_a_lifetime_that_a_subclass_sets_stays() -> None:
    class Short(AccessToken):
        lifetime = timedelta(seconds=3)

    with override_settings(SIMPLE_JWT={"ACCESS_TOKEN_LIFETIME": timedelta(hours=3)}):
        assert Short()["exp"] - Short()["iat"] == 3


def test_header_types_in_names_imported_before() -> None:
    authentication = JWTAuthentication()
    assert authentication.get_raw_token(b"Bearer a.b.c") == b"a.b.c"
    assert authentication.get_raw_token(b"JWT a.b.c") is None
    with override_settings(SIMPLE_JWT={"AUTH_HEADER_TYPES": ("JWT", "Token")}):
        assert authentication.get_raw_token(b"JWT a.b.c") == authentication.get_raw_token(b"Token a.b.c") == b"a.b.c"
        assert authentication.get_raw_token(b"Bearer a.b.c") is None
        assert list(AUTH_HEADER_TYPES) == ["JWT", "Token"]
        assert AUTH_HEADER_TYPES[0] == "JWT"
        assert sorted(AUTH_HEADER_TYPE_BYTES) == [b"JWT", b"Token"]
        assert b"JWT" in AUTH_HEADER_TYPE_BYTES
        assert b"Bearer" not in AUTH_HEADER_TYPE_BYTES
        assert len(AUTH_HEADER_TYPES) == len(AUTH_HEADER_TYPE_BYTES) == 2
        assert authentication.authenticate_header(request_with("")) == 'JWT realm="api"'
        assert TokenObtainPairView().get_authenticate_header(request_with("")) == 'JWT realm="api"'
    assert authentication.authenticate_header(request_with("")) == 'Bearer realm="api"'
    assert sorted(AUTH_HEADER_TYPE_BYTES) == [b"Bearer"]


def test_header_types_as_one_string() -> None:
    with override_settings(SIMPLE_JWT={"AUTH_HEADER_TYPES": "JWT"}):
        assert JWTAuthentication().get_raw_token(b"JWT a.b.c") == b"a.b.c"
        assert JWTAuthentication().get_raw_token(b"J a.b.c") is None


def test_the_header_name() -> None:
    authentication = JWTAuthentication()
    request = request_with("Bearer first", HTTP_X_ACCESS_TOKEN="Bearer second")
    assert authentication.get_header(request) == b"Bearer first"
    with override_settings(SIMPLE_JWT={"AUTH_HEADER_NAME": "HTTP_X_ACCESS_TOKEN"}):
        assert authentication.get_header(request) == b"Bearer second"


def test_the_backends_secret() -> None:
    before = AccessToken()
    text = str(before)
    with override_settings(SIMPLE_JWT={"SIGNING_KEY": SECRET}):
        assert jwt.decode(str(AccessToken()), SECRET, algorithms=["HS256"])
        assert jwt.decode(str(before), SECRET, algorithms=["HS256"]) == before.payload
        assert AccessToken(str(AccessToken()))
        with pytest.raises(TokenError):
            AccessToken(text)
    assert AccessToken(text).payload == before.payload
    assert str(before) == text


@pytest.mark.parametrize("algorithm", material.ASYMMETRIC)
def test_the_backends_algorithm_and_keys(algorithm: str) -> None:
    text = str(AccessToken())
    pair = {name.upper(): value for name, value in material.key_settings(algorithm).items()}
    with override_settings(SIMPLE_JWT={"ALGORITHM": algorithm, **pair}):
        assert token_backend.algorithm == algorithm
        token = AccessToken()
        public = material.private_key(algorithm).public_key()
        assert jwt.decode(str(token), public, algorithms=[algorithm]) == token.payload
        assert AccessToken(str(token)).payload == token.payload
        with pytest.raises(TokenError):
            AccessToken(text)
        other = {"VERIFYING_KEY": material.spki(material.other_private_key(algorithm))}
        with override_settings(SIMPLE_JWT={"ALGORITHM": algorithm, **pair, **other}), pytest.raises(TokenError):
            AccessToken(str(token))
        assert AccessToken(str(token)).payload == token.payload
    assert AccessToken(text)


def test_audience_issuer_and_leeway() -> None:
    expired = AccessToken()
    expired["exp"] = int(time.time()) - 30
    with override_settings(SIMPLE_JWT={"AUDIENCE": "site", "ISSUER": "issuer", "LEEWAY": 60}):
        claims = token_backend.decode(str(expired))
        assert (claims["aud"], claims["iss"]) == ("site", "issuer")
        assert AccessToken(str(expired))["exp"] == expired["exp"]
        assert token_backend.get_leeway() == timedelta(seconds=60)
    with pytest.raises(TokenError):
        AccessToken(str(expired))
    assert (token_backend.audience, token_backend.issuer, token_backend.leeway) == (None, None, 0)


def test_the_greatest_length_of_a_token() -> None:
    token = AccessToken()
    text = str(token)
    long = token_backend.encode({"x": "x" * 12_000})
    assert token_backend.max_token_length == 16_384
    with override_settings(SIMPLE_JWT={"MAX_TOKEN_LENGTH": len(text)}):
        assert AccessToken(text).payload == token.payload
        for read in (AccessToken, lambda text: AccessToken(text, verify=False)):
            with pytest.raises(TokenError):
                read(long)
        token["more"] = 1
        with pytest.raises(TokenBackendError):
            str(token)
        token_backend.max_token_length = len(text) + 100
        assert AccessToken(str(token))["more"] == 1
        del token_backend.max_token_length
    with override_settings(SIMPLE_JWT={"MAX_TOKEN_LENGTH": 20_000}):
        longer = token_backend.encode({"x": "x" * 14_000})
        assert token_backend.decode(longer)
    assert token_backend.decode(long)
    with pytest.raises(TokenBackendError):
        token_backend.decode(longer)


def test_the_allowed_typ() -> None:
    claims = AccessToken().payload
    plain = str(AccessToken())
    logout = jwt.encode(claims, settings.SECRET_KEY, algorithm="HS256", headers={"typ": "logout+jwt"})
    assert token_backend.allowed_typ == ("JWT", "at+jwt")
    for allowed, taken in ((["logout+jwt"], [logout]), (None, [plain, logout]), ("jwt", [plain]), ((), [])):
        with override_settings(SIMPLE_JWT={"ALLOWED_TYP": allowed}):
            for text in (plain, logout):
                if text in taken:
                    assert AccessToken(text)
                else:
                    with pytest.raises(TokenError):
                        AccessToken(text)
    assert AccessToken(plain)
    with pytest.raises(TokenError):
        AccessToken(logout)


class Stringly(json.JSONEncoder):
    def default(self, o: Any) -> str:
        return f"<{o}>"


def test_the_json_encoder() -> None:
    with override_settings(SIMPLE_JWT={"JSON_ENCODER": f"{__name__}.Stringly"}):
        assert token_backend.decode(token_backend.encode({"claim": 1j})) == {"claim": "<1j>"}
    with pytest.raises(TypeError):
        token_backend.encode({"claim": 1j})


def test_the_jwk_url() -> None:
    assert token_backend.jwks_client is None
    with override_settings(SIMPLE_JWT={"JWK_URL": "http://127.0.0.1/one"}):
        client = token_backend.jwks_client
        assert client.url == "http://127.0.0.1/one"
        assert token_backend.jwks_client is client
        with override_settings(SIMPLE_JWT={"JWK_URL": "http://127.0.0.1/two"}):
            assert token_backend.jwks_client.url == "http://127.0.0.1/two"
    assert token_backend.jwks_client is None


def test_the_user_id_claim_and_field() -> None:
    stateless = JWTStatelessUserAuthentication()
    with override_settings(SIMPLE_JWT={"USER_ID_CLAIM": "sub", "USER_ID_FIELD": "username"}):
        token = AccessToken.for_user(user())
        assert token["sub"] == "alice"
        assert "user_id" not in token
        assert stateless.get_user(token).id == "alice"
        token = AccessToken(str(token))
    with pytest.raises(InvalidToken):
        stateless.get_user(token)


@pytest.mark.django_db
def test_the_user_id_claim_when_the_user_is_loaded() -> None:
    authentication = JWTAuthentication()
    alice = get_user_model().objects.create_user("alice")
    old = AccessToken.for_user(alice)
    assert authentication.get_user(old) == alice
    with override_settings(SIMPLE_JWT={"USER_ID_CLAIM": "sub", "USER_ID_FIELD": "username"}):
        assert authentication.get_user(AccessToken.for_user(alice)) == alice
        with pytest.raises(InvalidToken):
            authentication.get_user(old)
    assert authentication.get_user(old) == alice


@pytest.mark.django_db
def test_check_user_is_active_and_check_revoke_token() -> None:
    authentication = JWTAuthentication()
    alice = get_user_model().objects.create_user("alice", password="one", is_active=False)
    token = AccessToken()
    token["user_id"] = str(alice.id)
    with pytest.raises(AuthenticationFailed):
        authentication.get_user(token)
    assert not default_user_authentication_rule(alice)
    with override_settings(SIMPLE_JWT={"CHECK_USER_IS_ACTIVE": False}):
        assert authentication.get_user(token) == alice
        assert default_user_authentication_rule(alice)
    with (
        override_settings(SIMPLE_JWT={"CHECK_USER_IS_ACTIVE": False, "CHECK_REVOKE_TOKEN": True}),
        pytest.raises(AuthenticationFailed),
    ):
        authentication.get_user(token)


def test_the_names_of_type_and_id() -> None:
    with override_settings(SIMPLE_JWT={"TOKEN_TYPE_CLAIM": "typ", "JTI_CLAIM": "id"}):
        token = AccessToken(str(AccessToken()))
        assert token["typ"] == "access"
        assert {"token_type", "jti"}.isdisjoint(token.payload)
        assert RefreshToken.no_copy_claims == ("typ", "exp", "id", "jti", "iat")
        with override_settings(SIMPLE_JWT={"TOKEN_TYPE_CLAIM": None, "JTI_CLAIM": None}):
            assert sorted(AccessToken(str(AccessToken())).payload) == ["exp", "iat"]
    with pytest.raises(TokenError):
        AccessToken(str(token))
    assert RefreshToken.no_copy_claims == ("token_type", "exp", "jti", "jti", "iat")


@pytest.mark.parametrize("mine_as", [lambda: f"{__name__}.MyAccessToken", lambda: MyAccessToken], ids=["path", "class"])
def test_the_token_classes_and_the_token_user_class(mine_as: Callable[[], object]) -> None:
    """A class in the list made each request a 500, though E016 accepts it."""
    authentication = JWTStatelessUserAuthentication()
    text = str(MyAccessToken.for_user(user()))
    with pytest.raises(InvalidToken):
        authentication.get_validated_token(text)
    changes = {
        "AUTH_TOKEN_CLASSES": (mine_as(), "oxijwt.tokens.AccessToken"),
        "TOKEN_USER_CLASS": f"{__name__}.MyTokenUser",
    }
    with override_settings(SIMPLE_JWT=changes):
        mine, token = authentication.authenticate(request_with(f"Bearer {text}"))
        assert (type(mine), type(token)) == (MyTokenUser, MyAccessToken)
        assert type(authentication.get_validated_token(str(AccessToken()))) is AccessToken
    assert type(authentication.get_user(token)) is TokenUser


@pytest.mark.django_db
def test_the_authentication_rule() -> None:
    alice = get_user_model().objects.create_user("alice", password="one")
    refresh = RefreshToken.for_user(alice)
    attempts: list[tuple[Any, dict[str, str]]] = [
        (TokenObtainPairSerializer(), {"username": "alice", "password": "one"}),
        (TokenRefreshSerializer(), {"refresh": str(refresh)}),
    ]
    for serializer, attrs in attempts:
        assert serializer.validate(attrs)["access"]
        with (
            override_settings(SIMPLE_JWT={"USER_AUTHENTICATION_RULE": f"{__name__}.nobody"}),
            pytest.raises(DRFAuthenticationFailed),
        ):
            serializer.validate(attrs)


@pytest.mark.parametrize("setting", VIEWS)
def test_the_serializer_of_each_view(setting: str) -> None:
    view = VIEWS[setting]()
    default = view.get_serializer_class()
    assert default.__module__ == "oxijwt.serializers"
    with override_settings(SIMPLE_JWT={setting: f"{__name__}.MyPairSerializer"}):
        assert view.get_serializer_class() is MyPairSerializer
        assert VIEWS[setting]().get_serializer_class() is MyPairSerializer
        others = [VIEWS[name]().get_serializer_class() for name in VIEWS if name != setting]
        assert MyPairSerializer not in others
    assert view.get_serializer_class() is default
    with override_settings(SIMPLE_JWT={setting: "no.such.Serializer"}), pytest.raises(ImportError, match=r"no\.such"):
        view.get_serializer_class()


def test_the_serializer_of_a_view_function_made_at_import() -> None:
    with (
        override_settings(SIMPLE_JWT={"TOKEN_OBTAIN_SERIALIZER": "no.such.Serializer"}),
        pytest.raises(ImportError, match=r"Could not import serializer 'no\.such\.Serializer'"),
    ):
        token_obtain_pair(APIRequestFactory().post("/", {}))
    assert token_obtain_pair(APIRequestFactory().post("/", {})).status_code == 400


def test_a_serializer_that_a_view_sets_stays() -> None:
    class View(TokenObtainPairView):
        serializer_class = MyPairSerializer

    class Named(TokenObtainPairView):
        _serializer_class = f"{__name__}.MyPairSerializer"

    with override_settings(SIMPLE_JWT={"TOKEN_OBTAIN_SERIALIZER": "no.such.Serializer"}):
        assert View().get_serializer_class() is Named().get_serializer_class() is MyPairSerializer


# Django's own secret.


def test_secret_key_serves_while_signing_key_is_unset() -> None:
    text = str(AccessToken())
    with override_settings(SECRET_KEY=SECRET):
        assert jwt.decode(str(AccessToken()), SECRET, algorithms=["HS256"])
        with pytest.raises(TokenError):
            AccessToken(text)
    assert AccessToken(text)
    with override_settings(SIMPLE_JWT={"SIGNING_KEY": SECRET}):
        text = str(AccessToken())
        with override_settings(SECRET_KEY="another one, which is none of the tokens' business here"):
            assert AccessToken(text)


def test_secret_key_fallbacks_verify_while_signing_key_is_unset() -> None:
    text = str(AccessToken())
    with override_settings(SECRET_KEY=SECRET):
        with pytest.raises(TokenError):
            AccessToken(text)
        with override_settings(SECRET_KEY_FALLBACKS=["x" * 64, SUITE_SECRET]):
            assert AccessToken(text)
            assert jwt.decode(str(AccessToken()), SECRET, algorithms=["HS256"])
        with pytest.raises(TokenError):
            AccessToken(text)
    with (
        override_settings(SIMPLE_JWT={"SIGNING_KEY": SECRET}, SECRET_KEY_FALLBACKS=[SUITE_SECRET]),
        pytest.raises(TokenError),
    ):
        AccessToken(text)


# The ways of simplejwt's own suite and of projects' tests: no signal is sent.


@contextlib.contextmanager
def override_api_settings(**changes: Any) -> Iterator[None]:
    """The helper of simplejwt's suite, which projects have copied."""
    old = {name: api_settings.user_settings[name] for name in changes if name in api_settings.user_settings}
    for name, value in changes.items():
        api_settings.user_settings[name] = value
        with contextlib.suppress(AttributeError):
            delattr(api_settings, name)
    try:
        yield
    finally:
        for name in changes:
            api_settings.user_settings.pop(name)
            if name in old:
                api_settings.user_settings[name] = old[name]
            with contextlib.suppress(AttributeError):
                delattr(api_settings, name)


def test_user_settings_changed_without_a_signal() -> None:
    text = str(AccessToken())
    with override_api_settings(
        ACCESS_TOKEN_LIFETIME=timedelta(hours=3),
        AUTH_HEADER_TYPES=("JWT",),
        USER_ID_CLAIM="sub",
        SIGNING_KEY=SECRET,
        TOKEN_OBTAIN_SERIALIZER=f"{__name__}.MyPairSerializer",
    ):
        token = AccessToken.for_user(user())
        assert (token["sub"], token["exp"] - token["iat"]) == ("7", 3 * 3600)
        assert jwt.decode(str(token), SECRET, algorithms=["HS256"])
        assert JWTAuthentication().get_raw_token(b"JWT a.b.c") == b"a.b.c"
        assert TokenObtainPairView().get_serializer_class() is MyPairSerializer
        with pytest.raises(TokenError):
            AccessToken(text)
    assert AccessToken(text)
    assert TokenObtainPairView().get_serializer_class() is TokenObtainPairSerializer


def test_the_fallbacks_follow_user_settings_changed_without_a_signal() -> None:
    text = str(AccessToken())
    with override_settings(SECRET_KEY=SECRET, SECRET_KEY_FALLBACKS=[SUITE_SECRET]):
        assert AccessToken(text)
        with override_api_settings(SIGNING_KEY=SECRET), pytest.raises(TokenError):
            AccessToken(text)
        assert AccessToken(text)


def test_assigning_and_deleting_an_attribute_of_api_settings() -> None:
    api_settings.ACCESS_TOKEN_LIFETIME = timedelta(hours=3)
    assert AccessToken.lifetime == timedelta(hours=3)
    del api_settings.ACCESS_TOKEN_LIFETIME
    assert AccessToken.lifetime == timedelta(minutes=5)


def test_api_settings_is_one_object_for_good() -> None:
    before = api_settings
    with override_settings(SIMPLE_JWT={"LEEWAY": 5}):
        assert importlib.import_module("oxijwt.settings").api_settings is before
        assert before.LEEWAY == 5
        assert state.token_backend is token_backend
    assert before.LEEWAY == 0


@pytest.mark.parametrize("name", ["AUTH_HEADER_TYPE", "AUTH_TOKEN_CLASS", "SECRET_KEY", "TOKEN_BACKEND_CLASS"])
def test_a_removed_setting_is_an_error(name: str) -> None:
    with (
        override_settings(SIMPLE_JWT={name: "x"}),
        pytest.raises(RuntimeError, match=f"The '{name}' setting has been removed"),
    ):
        assert api_settings.LEEWAY


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="NO_SUCH_SETTING"):
        assert api_settings.NO_SUCH_SETTING


# state.token_backend, as a thing to compare with and to assign on.


def test_an_attribute_assigned_on_token_backend_stays_until_it_is_deleted() -> None:
    text = str(AccessToken())
    token_backend.signing_key = SECRET
    try:
        with override_settings(SIMPLE_JWT={"SIGNING_KEY": "another secret that is long enough for HS256"}):
            assert jwt.decode(str(AccessToken()), SECRET, algorithms=["HS256"])
        with pytest.raises(TokenError):
            AccessToken(text)
    finally:
        del token_backend.signing_key
    assert AccessToken(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("leeway", 60),
        ("leeway", timedelta(seconds=60)),
        ("audience", "site"),
        ("issuer", "issuer"),
        ("algorithm", "HS512"),
    ],
)
def test_an_assigned_attribute_counts(monkeypatch: pytest.MonkeyPatch, name: str, value: Any) -> None:
    before = AccessToken()
    with monkeypatch.context() as patch:
        patch.setattr(token_backend, name, value)
        assert AccessToken(str(before)).get("jti") == before["jti"]
        assert getattr(state.token_backend, name) == value
    assert AccessToken(str(before)).payload == before.payload


def test_assigned_fallbacks_and_an_assigned_jwk_set_client_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both follow more than one setting, and could once not be assigned to."""
    old = jwt.encode(AccessToken().payload, SECRET, algorithm="HS256")
    with monkeypatch.context() as patch:
        patch.setattr(token_backend, "fallback_keys", [SECRET])
        assert AccessToken(old)
    with pytest.raises(TokenError):
        AccessToken(old)
    pair = {name.upper(): value for name, value in material.key_settings("ES256").items()}
    with override_settings(SIMPLE_JWT={"ALGORITHM": "ES256", **pair}), monkeypatch.context() as patch:
        other = material.jwk("ES256", material.other_private_key("ES256").public_key())
        answer = json.dumps({"keys": [other]}).encode()
        client = JWKSetClient("https://issuer.example/", fetch=lambda *_: Fetched(answer))
        theirs = jwt.encode(AccessToken().payload, material.other_private_key("ES256"), algorithm="ES256")
        with pytest.raises(TokenError):
            AccessToken(theirs)
        patch.setattr(token_backend, "jwks_client", client)
        assert AccessToken(theirs)
        assert AccessToken(str(AccessToken()))
    assert token_backend.jwks_client is None


def test_another_backend_in_state(monkeypatch: pytest.MonkeyPatch) -> None:
    assert AccessToken().get_token_backend() is AccessToken().token_backend is state.token_backend
    other = TokenBackend("HS256", SECRET)
    with monkeypatch.context() as patch:
        patch.setattr(state, "token_backend", other)
        assert AccessToken().token_backend is other
        assert jwt.decode(str(AccessToken()), SECRET, algorithms=["HS256"])
    assert AccessToken().token_backend is token_backend


def test_another_backend_of_a_token_class() -> None:
    class Theirs(AccessToken):
        _token_backend = TokenBackend("HS256", SECRET)

    class TheirsByMethod(AccessToken):
        def get_token_backend(self) -> TokenBackend:
            return Theirs._token_backend

    for token_class in (Theirs, TheirsByMethod):
        assert jwt.decode(str(token_class()), SECRET, algorithms=["HS256"])
        assert token_class(str(token_class()))
        with pytest.raises(TokenError):
            UntypedToken(str(token_class()))


@pytest.mark.parametrize("name", ["encode", "decode"])
def test_a_method_patched_on_token_backend_is_called(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    calls: list[Any] = []
    method: Callable[..., Any] = getattr(token_backend, name)

    def spy(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return method(*args, **kwargs)

    monkeypatch.setattr(token_backend, name, spy)
    AccessToken(str(AccessToken()))
    assert len(calls) == 1


def test_a_name_changed_in_the_process_is_seen_by_every_thread() -> None:
    """The cache belongs to the settings, not to a thread."""
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: AccessToken.lifetime).result() == timedelta(minutes=5)
        with override_settings(SIMPLE_JWT={"ACCESS_TOKEN_LIFETIME": timedelta(hours=3)}):
            assert pool.submit(lambda: AccessToken.lifetime).result() == timedelta(hours=3)


def test_use_tz_is_followed() -> None:
    naive_then_aware: list[datetime] = []
    for use_tz in (False, True):
        with override_settings(USE_TZ=use_tz):
            token = AccessToken()
            naive_then_aware.append(token.current_time)
            assert AccessToken(str(token)).payload == token.payload
    assert [moment.tzinfo is None for moment in naive_then_aware] == [True, False]
