"""A request that fails inside: nothing that is logged, mailed or shown about it holds a token, a key or a password."""

import json
import logging
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path, reverse
from django.views.debug import SafeExceptionReporterFilter

from oxijwt.authentication import JWTAuthentication
from oxijwt.reports import HiddenVariables
from oxijwt.serializers import TokenObtainPairSerializer
from oxijwt.settings import api_settings
from oxijwt.state import token_backend
from oxijwt.token_blacklist.models import OutstandingToken
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from oxijwt.verifier import Accepts
from tests.client import ENDPOINT_FIELDS, PASSWORD, make_user
from tests.leaks import FAULT, break_down, require_absence

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

SINGLE_USE = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}


class LoggingSerializer(TokenObtainPairSerializer):
    """A project's, which logs what goes wrong without saying in which request."""

    def validate(self, attrs):
        try:
            return super().validate(attrs)
        except RuntimeError:
            logging.getLogger("django.request").exception(FAULT)
            raise


def sent(request):
    return request.headers["X-Token"]


# What a project's own views do with tokens.
PROJECT = {
    "read": lambda request: AccessToken(sent(request)),
    "decode": lambda request: token_backend.decode(sent(request)),
    "validate": lambda request: JWTAuthentication().get_validated_token(sent(request)),
    "read for": lambda request: AccessToken.read(sent(request)),
    "read for a view": lambda request: AccessToken.read(sent(request), view=request),
    "decode for": lambda request: token_backend.verify(sent(request), Accepts(audience=("somebody",))),
    "decode expired": lambda request: token_backend.verify_expired(sent(request)),
    "find the key": lambda request: token_backend.get_verifying_key(sent(request)),
    "read expired": lambda request: RefreshToken.read_expired(sent(request)),
    "make": lambda _request: RefreshToken.for_user(get_user_model().objects.get()),
    "rotate": lambda request: RefreshToken(sent(request)).rotate(),
    "end": lambda request: RefreshToken(sent(request)).blacklist(),
}


def view(act):
    return lambda request: HttpResponse(repr(act(request)))


urlpatterns = [path(f"{name.replace(' ', '-')}/", view(act), name=name) for name, act in PROJECT.items()]
urlpatterns.append(path("", include("tests.sites.urls")))

KEYS_MADE = ["oxijwt.keys.material.prepare", "oxijwt.verifier.ring_of_one"]
READING = [
    "oxijwt.tokens.Token.verify",
    "oxijwt.backends.TokenBackend.verify_held",
    "oxijwt.verifier.Verifier.verify",
    *KEYS_MADE,
]
BY_PROJECT = ("whoami", "stateless", "read", "validate", "read for", "read for a view")
"""While these read the token, it is in no variable of this package."""
ANSWERING = ["rest_framework.renderers.JSONRenderer.render", "rest_framework.utils.encoders.JSONEncoder.iterencode"]
VIEW = ["rest_framework.serializers.Serializer.to_internal_value"]
LOGIN = [
    *VIEW,
    *ANSWERING,
    "oxijwt.serializers.authenticate",
    "oxijwt.serializers.default_on_login_success",
    "oxijwt.serializers.following_rehash",
    "oxijwt.records.blacklist.record_for",
    "oxijwt.backends.TokenBackend.encode",
    "oxijwt.keys.material.prepare",
    "django.contrib.auth.models.User.check_password",
    "SELECT",
    "INSERT",
]
FAULTS = {
    "token_obtain_pair": LOGIN,
    "token_obtain_sliding": LOGIN,
    "token_refresh": [*VIEW, *READING, *ANSWERING, "oxijwt.records.blacklist.replace", "SELECT", "INSERT"],
    "token_refresh_sliding": [*VIEW, *READING, *ANSWERING, "oxijwt.backends.TokenBackend.encode", "SELECT"],
    "token_verify": [*VIEW, *READING, "SELECT"],
    "token_blacklist": [*VIEW, *READING, "oxijwt.records.blacklist.blacklist", "SELECT", "INSERT"],
    "whoami": [
        *READING,
        "oxijwt.authentication.JWTAuthentication.get_raw_token",
        "oxijwt.authentication.JWTAuthentication.get_validated_token",
        "oxijwt.authentication.JWTAuthentication.get_user",
        "SELECT",
    ],
    "stateless": [*READING, "oxijwt.models.TokenUser.__init__"],
    "read": READING,
    "decode": KEYS_MADE,
    "validate": READING,
    "read for": READING,
    "read for a view": READING,
    "decode for": KEYS_MADE,
    "decode expired": KEYS_MADE,
    "find the key": ["oxijwt.keys.material.prepare"],
    "read expired": [*KEYS_MADE, "oxijwt.tokens.check_user_id"],
    "jwks": ["oxijwt.keys.material.prepare"],
    "rotate": ["oxijwt.records.blacklist.replace", "INSERT"],
    "end": ["INSERT"],
    "make": ["oxijwt.keys.material.prepare", "INSERT"],
}
CLEAN = [
    *((name, "tests.sites.views.WhoAmI.get") for name in ("whoami", "stateless")),
    *((name, fault) for name in BY_PROJECT for fault in READING if fault != "oxijwt.keys.material.prepare"),
    ("whoami", "oxijwt.authentication.JWTAuthentication.get_user"),
    ("whoami", "SELECT"),
    ("stateless", "oxijwt.models.TokenUser.__init__"),
    ("rotate", "oxijwt.records.blacklist.replace"),
]
"""No variable holds a secret after a token was read, and while the database is asked."""
CASES = [(name, fault) for name, faults in FAULTS.items() for fault in faults if (name, fault) not in CLEAN]


def table(cases):
    return pytest.mark.parametrize(("name", "fault"), cases, ids=["-".join(case) for case in cases])


@pytest.fixture
def secrets(settings, monkeypatch):
    """What must not be seen: the tokens sent, what signs them, the password."""
    key = uuid4().hex * 2
    settings.SIMPLE_JWT = SINGLE_USE | {"SIGNING_KEY": key}
    user = make_user()
    tokens = {kind.token_type: str(kind.for_user(user)) for kind in (AccessToken, RefreshToken, SlidingToken)}
    OutstandingToken.objects.all().delete()
    # Keys are prepared once; here again, so that this too can fail.
    api_settings.changed()
    return tokens | {"password": PASSWORD, "key": key}


def send(name, secrets, content_type="application/json"):
    client = Client(raise_request_exception=False)
    if not name.startswith("token_"):
        token = secrets["refresh" if name in {"rotate", "end", "read expired"} else "access"]
        return client.get(reverse(name), headers={"Authorization": f"Bearer {token}", "X-Token": token})
    if name in ENDPOINT_FIELDS:
        body = {ENDPOINT_FIELDS[name]: secrets["sliding" if "sliding" in name else "refresh"]}
    else:
        body = {"username": "ada", "password": secrets["password"]}
    return client.post(reverse(name), body, **({"content_type": content_type} if content_type else {}))


def require_clean_reports(secrets, reported):
    texts = reported()
    assert any(FAULT in text and "<!DOCTYPE html>" in text for text in texts), "a report was mailed"
    require_absence(secrets.values(), *texts)


@table(CASES + CLEAN)
def test_no_report_shows_a_secret(secrets, reported, monkeypatch, name, fault):
    with break_down(monkeypatch, fault):
        assert send(name, secrets).status_code == 500
    require_clean_reports(secrets, reported)


@pytest.mark.parametrize("name", [name for name in FAULTS if name.startswith("token_")])
def test_no_report_shows_a_form(secrets, reported, monkeypatch, name):
    with break_down(monkeypatch, VIEW[0]):
        assert send(name, secrets, content_type=None).status_code == 500
    require_clean_reports(secrets, reported)


@pytest.mark.parametrize("fault", ["oxijwt.records.blacklist.record_for", "oxijwt.serializers.authenticate"])
def test_no_report_without_a_request_shows_a_secret(secrets, reported, monkeypatch, settings, fault):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"TOKEN_OBTAIN_SERIALIZER": f"{__name__}.LoggingSerializer"}
    with break_down(monkeypatch, fault):
        assert send("token_obtain_pair", secrets).status_code == 500
    assert len(mail.outbox) == 4, "by the default handler and by ours, of the serializer's record and of Django's"
    require_clean_reports(secrets, reported)


def kept_in_settings(key, _path):
    return {"KEYS": [{"kid": "a", "algorithm": "HS256", "signing_key": key}]}


def kept_in_a_file(key, path):
    path.touch(0o600)
    path.write_text(json.dumps({"keys": [{"kty": "oct", "kid": "a", "alg": "HS256", "k": key}]}))
    return {"KEY_FILE": path}


RINGS = {
    kept_in_settings: [
        "oxijwt.keys.ring.ring_key",
        "oxijwt.keys.ring.seconds_since_1970",
        "oxijwt.keys.material.prepare",
    ],
    kept_in_a_file: ["oxijwt.keys.file.parse"],
}
RING_USERS = ["whoami", "token_verify", "decode", "decode expired", "read expired", "make", "jwks"]
RING_CASES = [(name, keep, fault) for name in RING_USERS for keep, faults in RINGS.items() for fault in faults]


@pytest.fixture
def ring_secrets(request, secrets, settings, tmp_path, monkeypatch):
    """The same, of a site with a key ring, whose keys are read at the next request."""
    settings.SIMPLE_JWT = SINGLE_USE | request.param(secrets["key"], tmp_path / "keys.json")
    if "KEYS" in settings.SIMPLE_JWT:
        settings.SIMPLE_JWT["KEYS"][0]["not_before"] = datetime(2026, 1, 1, tzinfo=UTC)
    user = get_user_model().objects.get()
    tokens = {kind.token_type: str(kind.for_user(user)) for kind in (AccessToken, RefreshToken, SlidingToken)}
    OutstandingToken.objects.all().delete()
    api_settings.changed()
    return secrets | tokens


@pytest.mark.parametrize(("name", "ring_secrets", "fault"), RING_CASES, indirect=["ring_secrets"])
def test_no_report_shows_a_ring_of_keys(ring_secrets, reported, monkeypatch, name, fault):
    with break_down(monkeypatch, fault):
        assert send(name, ring_secrets).status_code == 500
    require_clean_reports(ring_secrets, reported)


@pytest.mark.parametrize(("name", "ring_secrets", "fault"), RING_CASES, indirect=["ring_secrets"])
def test_the_search_would_find_the_keys(  # noqa: PLR0913, PLR0917  each is a fixture or a parameter
    ring_secrets, reported, monkeypatch, settings, name, fault
):
    settings.DEBUG = settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    with break_down(monkeypatch, fault), pytest.raises(RuntimeError, match=FAULT):
        send(name, ring_secrets)
    texts = reported()
    with pytest.raises(AssertionError):
        require_absence([ring_secrets["key"]], *texts)


@table(CASES)
def test_the_search_would_find_them(  # noqa: PLR0913, PLR0917  each is a fixture or a parameter
    secrets, reported, monkeypatch, settings, name, fault
):
    """Under DEBUG Django hides nothing: in each case there is something to hide."""
    settings.DEBUG = settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    with break_down(monkeypatch, fault), pytest.raises(RuntimeError, match=FAULT):
        send(name, secrets)
    texts = reported()
    with pytest.raises(AssertionError):
        require_absence(secrets.values(), *texts)


class OwnFilter(SafeExceptionReporterFilter):
    """A project's."""

    cleansed_substitute = "hidden by the project"


@pytest.mark.parametrize(("debug", "shown"), [(False, {"hidden by the project"}), (True, {"a", "b"})])
def test_a_projects_own_filter_is_still_asked(settings, debug, shown):
    settings.DEBUG = debug
    request = RequestFactory().post("/", headers={"Authorization": "Bearer token"})
    request.exception_reporter_filter = OwnFilter()
    reporting = HiddenVariables(request)
    frame = SimpleNamespace(f_locals={"one": "a", "two": "b"}, f_back=None, f_code=send.__code__)
    assert {value for _name, value in reporting.get_traceback_frame_variables(request, frame)} == shown
    assert reporting.get_safe_request_meta(request)["HTTP_AUTHORIZATION"] == "hidden by the project"
