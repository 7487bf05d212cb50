"""Every endpoint and both authentication classes: bodies, status codes and challenges are simplejwt 5.5.1's."""

import time
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.module_loading import import_string
from django.views.debug import SafeExceptionReporterFilter
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView, exception_handler

from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication
from oxijwt.exceptions import InvalidToken
from oxijwt.records import has_blacklist
from oxijwt.reports import HiddenVariables
from oxijwt.serializers import TokenRefreshSerializer, TokenRefreshSlidingSerializer
from oxijwt.settings import api_settings
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken, UntypedToken
from oxijwt.utils import get_md5_hash_password
from oxijwt.views import TokenObtainPairView
from oxijwt.views.bodies import is_deeper_than
from tests.client import (
    CHALLENGE,
    ENDPOINT_FIELDS,
    INVALID_TOKEN,
    PASSWORD,
    bearer,
    blacklist_rows,
    claims,
    forge,
    get,
    login,
    make_user,
    post,
)

pytestmark = pytest.mark.django_db

ROTATING = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
NO_ACCOUNT = {"detail": "No active account found with the given credentials"}
NO_ACCOUNT_FOR_TOKEN = {"detail": "No active account found for the given token."}
NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}
PASSWORD_CHANGED = {"detail": "The user's password has been changed."}
REQUIRED = ["This field is required."]
BLANK = ["This field may not be blank."]


def not_valid(detail):
    return {"detail": detail, "code": "token_not_valid"}


def no_access(message):
    reason = {"token_class": "AccessToken", "token_type": "access", "message": message}
    return not_valid("Given token not valid for any token type") | {"messages": [reason]}


def require(answer, status, body, challenge=INVALID_TOKEN):
    """The answer is exactly this one, and a 401 carries the challenge that nothing else does."""
    assert (answer.status_code, answer.json()) == (status, body)
    assert answer.headers.get("WWW-Authenticate") == (challenge if status == 401 else None)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def without_blacklist_app(settings):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "oxijwt.token_blacklist"]


def expired(token):
    token.set_exp(lifetime=-timedelta(seconds=1))
    return str(token)


# Login


def test_login_answers_with_a_pair_of_the_user(user):
    answer = login()
    require(answer, 200, answer.json())
    assert list(answer.json()) == ["refresh", "access"]
    refresh, access = RefreshToken(answer.json()["refresh"]), AccessToken(answer.json()["access"])
    assert refresh["user_id"] == access["user_id"] == str(user.pk)
    assert refresh["jti"] != access["jti"]
    row = OutstandingToken.objects.get()
    assert (row.jti, row.token, row.user) == (refresh["jti"], answer.json()["refresh"], user)
    assert BlacklistedToken.objects.count() == 0


def test_sliding_login_answers_with_one_token(user):
    answer = login(name="token_obtain_sliding")
    require(answer, 200, answer.json())
    assert list(answer.json()) == ["token"]
    token = SlidingToken(answer.json()["token"])
    assert token["user_id"] == str(user.pk)
    assert token["refresh_exp"] > token["exp"]
    assert OutstandingToken.objects.get().jti == token["jti"]


@pytest.mark.parametrize("name", ["token_obtain_pair", "token_obtain_sliding"])
@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({}, 400, {"username": REQUIRED, "password": REQUIRED}),
        ({"username": "ada"}, 400, {"password": REQUIRED}),
        ({"password": "x"}, 400, {"username": REQUIRED}),
        ({"username": "", "password": ""}, 400, {"username": BLANK, "password": BLANK}),
        ({"username": "ada", "password": "wrong"}, 401, NO_ACCOUNT),
        ({"username": "nobody", "password": PASSWORD}, 401, NO_ACCOUNT),
        ({"username": "inactive", "password": PASSWORD}, 401, NO_ACCOUNT),
    ],
)
def test_refused_login(user, name, body, status, expected):
    make_user("inactive", is_active=False)
    require(post(name, body), status, expected, CHALLENGE)
    assert blacklist_rows() == [[], []]


def test_inactive_user_logs_in_without_check_user_is_active(settings):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    inactive = make_user(is_active=False)
    require(login(), 401, NO_ACCOUNT, CHALLENGE)
    settings.SIMPLE_JWT = {"CHECK_USER_IS_ACTIVE": False}
    access = login().json()["access"]
    require(bearer(access), 200, {"user": inactive.pk})
    settings.SIMPLE_JWT = {}
    require(bearer(access), 401, {"detail": "User is inactive", "code": "user_inactive"})


calls = []


def record_login(*arguments):
    calls.append(arguments)


HOOKS = {"ON_LOGIN_SUCCESS": f"{__name__}.record_login"}
FAILURE_HOOKS = {"ON_LOGIN_FAILED": f"{__name__}.record_login"}


@pytest.mark.parametrize("name", ["token_obtain_pair", "token_obtain_sliding"])
def test_on_login_success_gets_the_user_and_the_request(user, settings, name):
    settings.SIMPLE_JWT = HOOKS
    calls.clear()
    login(password="wrong")
    assert calls == []
    login(name=name)
    [(logged_in, request)] = calls
    assert logged_in == user
    assert request.path == reverse(name)


@pytest.mark.parametrize("name", ["token_obtain_pair", "token_obtain_sliding"])
def test_on_login_failed_gets_the_credentials_with_the_password_hidden(user, settings, name):
    settings.SIMPLE_JWT = FAILURE_HOOKS
    calls.clear()
    login(name=name)
    assert calls == []
    login(password="wrong", name=name)
    [(credentials, request)] = calls
    assert credentials == {"username": "ada", "password": "*" * 20}
    assert request.path == reverse(name)


@pytest.mark.parametrize("name", ["token_obtain_pair", "token_obtain_sliding"])
@pytest.mark.parametrize("update", [True, False])
def test_update_last_login_alone_writes_the_user(user, settings, name, update):
    settings.SIMPLE_JWT = {"UPDATE_LAST_LOGIN": update}
    login(name=name)
    user.refresh_from_db()
    assert (user.last_login is not None) is update


@pytest.mark.parametrize("name", ["token_obtain_pair", "token_obtain_sliding"])
def test_a_hook_of_the_projects_own_takes_the_place_of_the_update(user, settings, name):
    settings.SIMPLE_JWT = HOOKS | {"UPDATE_LAST_LOGIN": True}
    login(name=name)
    user.refresh_from_db()
    assert user.last_login is None


# Refresh


def test_refresh_answers_with_an_access_token_only(user):
    token = str(RefreshToken.for_user(user))
    before = blacklist_rows()
    answer = post("token_refresh", {"refresh": token})
    require(answer, 200, answer.json())
    assert list(answer.json()) == ["access"]
    require(bearer(answer.json()["access"]), 200, {"user": user.pk})
    assert blacklist_rows() == before


def test_rotating_refresh_answers_with_both_and_ends_the_old_token(user, settings):
    settings.SIMPLE_JWT = ROTATING
    token = str(RefreshToken.for_user(user))
    answer = post("token_refresh", {"refresh": token})
    require(answer, 200, answer.json())
    assert list(answer.json()) == ["access", "refresh"]
    require(bearer(answer.json()["access"]), 200, {"user": user.pk})
    require(post("token_refresh", {"refresh": token}), 401, not_valid("Token is blacklisted"))
    assert post("token_refresh", {"refresh": answer.json()["refresh"]}).status_code == 200
    assert list(OutstandingToken.objects.values_list("user", flat=True)) == [user.pk] * 3


def test_rotation_without_blacklisting_leaves_the_old_token_alive(user, settings):
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True}
    token = str(RefreshToken.for_user(user))
    assert post("token_refresh", {"refresh": token}).status_code == 200
    assert post("token_refresh", {"refresh": token}).status_code == 200
    assert OutstandingToken.objects.count() == 3
    assert BlacklistedToken.objects.count() == 0


REFUSED_REFRESH_TOKENS = [
    ("garbage", lambda _user: "garbage", "Token is invalid"),
    ("foreign signature", lambda _user: forge(claims("refresh"), key="another"), "Token is invalid"),
    ("expired", lambda user: expired(RefreshToken.for_user(user)), "Token is expired"),
    ("access token", lambda user: str(AccessToken.for_user(user)), "Token has wrong type"),
    ("sliding token", lambda user: str(SlidingToken.for_user(user)), "Token has wrong type"),
    ("no type", lambda _user: forge({"exp": 9e9, "jti": "a"}), "Token has no type"),
    ("no exp", lambda _user: forge({"token_type": "refresh", "jti": "a"}), "Token has no 'exp' claim"),
    ("no jti", lambda _user: forge({"token_type": "refresh", "exp": 9e9}), "Token has no id"),
]
REFUSED_REFRESH_IDS = [name for name, _make, _detail in REFUSED_REFRESH_TOKENS]


@pytest.mark.parametrize("endpoint", ["token_refresh", "token_blacklist"])
@pytest.mark.parametrize(("make", "detail"), [case[1:] for case in REFUSED_REFRESH_TOKENS], ids=REFUSED_REFRESH_IDS)
def test_refused_refresh_token(user, settings, endpoint, make, detail):
    settings.SIMPLE_JWT = ROTATING
    token = make(user)
    before = blacklist_rows()
    require(post(endpoint, {"refresh": token}), 401, not_valid(detail))
    assert blacklist_rows() == before


@pytest.mark.parametrize("endpoint", ["token_refresh", "token_blacklist"])
@pytest.mark.parametrize(("body", "expected"), [({}, REQUIRED), ({"refresh": ""}, BLANK), ({"token": "x"}, REQUIRED)])
def test_body_without_refresh_token(endpoint, body, expected):
    require(post(endpoint, body), 400, {"refresh": expected})


@pytest.mark.parametrize("endpoint", ["token_verify", "token_refresh_sliding"])
@pytest.mark.parametrize(("body", "expected"), [({}, REQUIRED), ({"token": ""}, BLANK), ({"refresh": "x"}, REQUIRED)])
def test_body_without_token(endpoint, body, expected):
    require(post(endpoint, body), 400, {"token": expected})


class Refreshing(NamedTuple):
    """One of the two endpoints that refresh."""

    endpoint: str
    field: str
    token_class: Any
    serializer: Any

    def post(self, token):
        return post(self.endpoint, {self.field: str(token)})

    def refusal_code(self, token):
        with pytest.raises(AuthenticationFailed) as caught:
            self.serializer(data={self.field: str(token)}).is_valid(raise_exception=True)
        return caught.value.detail.code


both_refreshes = pytest.mark.parametrize(
    "kind",
    [
        Refreshing("token_refresh", "refresh", RefreshToken, TokenRefreshSerializer),
        Refreshing("token_refresh_sliding", "token", SlidingToken, TokenRefreshSlidingSerializer),
    ],
    ids=["pair", "sliding"],
)


@both_refreshes
@pytest.mark.parametrize("rotating", [{}, ROTATING], ids=["plain", "rotating"])
@pytest.mark.parametrize("fate", ["deleted", "inactive"])
def test_refresh_of_a_user_without_account(user, settings, kind, rotating, fate):
    """simplejwt 5.5.1 answers 500 where the user was deleted."""
    settings.SIMPLE_JWT = rotating
    token = str(kind.token_class.for_user(user))
    if fate == "deleted":
        user.delete()
    else:
        get_user_model().objects.update(is_active=False)
    before = blacklist_rows()
    require(kind.post(token), 401, NO_ACCOUNT_FOR_TOKEN)
    assert blacklist_rows() == before
    assert kind.refusal_code(token) == "no_active_account"


@both_refreshes
def test_refresh_of_an_inactive_user_without_check_user_is_active(user, settings, kind):
    settings.SIMPLE_JWT = {"CHECK_USER_IS_ACTIVE": False}
    token = str(kind.token_class.for_user(user))
    get_user_model().objects.update(is_active=False)
    assert kind.post(token).status_code == 200


@both_refreshes
def test_refresh_of_a_token_that_names_no_user(kind):
    """As in simplejwt: such tokens are a project's own, and the access token names no user either."""
    assert kind.post(kind.token_class()).status_code == 200


@both_refreshes
def test_changed_password_ends_refreshing_under_check_revoke_token(user, settings, kind):
    settings.SIMPLE_JWT = {"CHECK_REVOKE_TOKEN": True}
    token = kind.token_class.for_user(user)
    assert token["hash_password"] == get_md5_hash_password(user.password)
    assert kind.post(token).status_code == 200
    user.set_password("another")
    user.save()
    before = blacklist_rows()
    require(kind.post(token), 401, PASSWORD_CHANGED)
    assert blacklist_rows() == before
    assert kind.refusal_code(token) == "password_changed"
    settings.SIMPLE_JWT = {}
    assert kind.post(token).status_code == 200


@both_refreshes
def test_token_without_password_digest_is_not_refreshed_under_check_revoke_token(user, settings, kind):
    token = str(kind.token_class.for_user(user))
    settings.SIMPLE_JWT = {"CHECK_REVOKE_TOKEN": True}
    require(kind.post(token), 401, PASSWORD_CHANGED)


# Sliding refresh


def test_sliding_refresh_moves_exp_within_the_refresh_period(user):
    token = SlidingToken.for_user(user)
    token["exp"] -= 100
    token["iat"] -= 100
    answer = post("token_refresh_sliding", {"token": str(token)})
    require(answer, 200, answer.json())
    assert list(answer.json()) == ["token"]
    moved = SlidingToken(answer.json()["token"])
    assert moved["exp"] > token["exp"]
    assert moved["iat"] > token["iat"]
    assert (moved["jti"], moved["refresh_exp"]) == (token["jti"], token["refresh_exp"])


@pytest.mark.parametrize(
    ("make", "detail"),
    [
        (lambda _user: "garbage", "Token is invalid"),
        (lambda user: str(RefreshToken.for_user(user)), "Token has wrong type"),
        (lambda user: expired(SlidingToken.for_user(user)), "Token is expired"),
        (lambda _user: forge(claims("sliding", refresh_exp=1)), "Token 'refresh_exp' claim has expired"),
        (lambda _user: forge({"token_type": "sliding", "exp": 9e9, "jti": "a"}), "Token has no 'refresh_exp' claim"),
    ],
)
def test_refused_sliding_refresh(user, make, detail):
    require(post("token_refresh_sliding", {"token": make(user)}), 401, not_valid(detail))


def test_blacklisted_sliding_token_is_refused_everywhere(user, settings):
    settings.SIMPLE_JWT = {"AUTH_TOKEN_CLASSES": ("oxijwt.tokens.SlidingToken",)}
    token = SlidingToken.for_user(user)
    require(bearer(token), 200, {"user": user.pk})
    token.blacklist()
    require(post("token_refresh_sliding", {"token": str(token)}), 401, not_valid("Token is blacklisted"))
    reason = {"token_class": "SlidingToken", "token_type": "sliding", "message": "Token is blacklisted"}
    expected = not_valid("Given token not valid for any token type") | {"messages": [reason]}
    require(bearer(token), 401, expected)


# Verify


@pytest.mark.parametrize("token_class", [AccessToken, RefreshToken, SlidingToken])
def test_verify_takes_any_type(user, token_class):
    require(post("token_verify", {"token": str(token_class.for_user(user))}), 200, {})


def test_verify_refuses(user):
    require(post("token_verify", {"token": "garbage"}), 401, not_valid("Token is invalid"))
    require(post("token_verify", {"token": expired(AccessToken())}), 401, not_valid("Token is expired"))


def test_verify_asks_the_blacklist_under_blacklist_after_rotation_only(user, settings):
    token = RefreshToken.for_user(user)
    token.blacklist()
    require(post("token_verify", {"token": str(token)}), 200, {})
    settings.SIMPLE_JWT = {"BLACKLIST_AFTER_ROTATION": True}
    require(post("token_verify", {"token": str(token)}), 400, {"non_field_errors": ["Token is blacklisted"]})
    require(post("token_verify", {"token": str(RefreshToken.for_user(user))}), 200, {})


# Blacklist


def test_logout_blacklists_once(user):
    token = RefreshToken.for_user(user)
    require(post("token_blacklist", {"refresh": str(token)}), 200, {})
    assert BlacklistedToken.objects.get().token.jti == token["jti"]
    require(post("token_blacklist", {"refresh": str(token)}), 401, not_valid("Token is blacklisted"))
    require(post("token_refresh", {"refresh": str(token)}), 401, not_valid("Token is blacklisted"))
    assert BlacklistedToken.objects.count() == 1


def test_logout_records_a_token_that_no_table_knows(user):
    token = RefreshToken()
    token["user_id"] = str(user.pk)
    require(post("token_blacklist", {"refresh": str(token)}), 200, {})
    row = OutstandingToken.objects.get()
    assert (row.jti, row.user, row.token) == (token["jti"], user, str(token))
    assert BlacklistedToken.objects.get().token == row


def test_logout_of_a_deleted_user(user):
    token = RefreshToken.for_user(user)
    user.delete()
    require(post("token_blacklist", {"refresh": str(token)}), 200, {})
    assert BlacklistedToken.objects.get().token.user is None


@pytest.mark.parametrize("name", ["token_obtain_pair", "token_refresh", "token_verify", "token_blacklist"])
def test_endpoints_take_post_only_and_never_authenticate(client, name):
    assert client.get(reverse(name)).status_code == 405
    answer = client.post(reverse(name), {}, content_type="application/json", HTTP_AUTHORIZATION="Bearer stale")
    assert answer.status_code == 400


# Authenticated requests


def test_request_without_token():
    for header in [None, "", "Basic dXNlcjpwdw==", "Token abc"]:
        require(get(header), 401, NO_CREDENTIALS, CHALLENGE)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer a b", "bearer a b c"])
def test_header_with_another_number_of_parts(header):
    detail = "Authorization header must contain two space-delimited values"
    require(get(header), 401, {"detail": detail, "code": "bad_authorization_header"})


@pytest.mark.parametrize("separator", ["\n", "\r", "\v", "\f", "\x1c", "\x85", "\xa0"], ids=ascii)
def test_header_is_parted_by_spaces_and_tabs_only(user, separator):
    """`bytes.split()` takes line breaks and form feeds too: RFC 9110 section 5.6.3 does not."""
    token = AccessToken.for_user(user)
    require(get(f"Bearer{separator}{token}"), 401, NO_CREDENTIALS, CHALLENGE)
    require(get(f"Bearer {separator}{token}"), 401, no_access("Token is invalid"))
    require(get(f"Bearer {token}{separator}"), 401, no_access("Token is invalid"))
    require(get(f" \tBearer \t {token}\t "), 200, {"user": user.pk})


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_scheme_is_compared_without_case(user, scheme):
    require(get(f"{scheme} {AccessToken.for_user(user)}"), 200, {"user": user.pk})


def test_header_types_and_header_name_follow_the_settings(user, client, settings):
    settings.SIMPLE_JWT = {"AUTH_HEADER_TYPES": ("JWT", "Token"), "AUTH_HEADER_NAME": "HTTP_X_ACCESS"}
    token = AccessToken.for_user(user)
    for scheme in ("JWT", "token"):
        assert client.get(reverse("whoami"), HTTP_X_ACCESS=f"{scheme} {token}").status_code == 200
    refused = client.get(reverse("whoami"), HTTP_X_ACCESS=f"Bearer {token}")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'JWT realm="api"')
    refused = client.get(reverse("whoami"), HTTP_X_ACCESS="JWT garbage")
    assert refused.headers["WWW-Authenticate"] == 'JWT realm="api", error="invalid_token"'
    assert bearer(token).status_code == 401


@pytest.mark.parametrize("name", ["whoami", "stateless"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _user: "garbage", "Token is invalid"),
        (lambda user: expired(AccessToken.for_user(user)), "Token is expired"),
        (lambda user: str(RefreshToken.for_user(user)), "Token has wrong type"),
    ],
    ids=["garbage", "expired", "refresh token"],
)
def test_refused_request(user, name, make, message):
    require(bearer(make(user), name), 401, no_access(message))


def test_each_token_class_says_why_it_refuses(user, settings):
    settings.SIMPLE_JWT = {"AUTH_TOKEN_CLASSES": ("oxijwt.tokens.AccessToken", "oxijwt.tokens.SlidingToken")}
    require(bearer(AccessToken.for_user(user)), 200, {"user": user.pk})
    require(bearer(SlidingToken.for_user(user)), 200, {"user": user.pk})
    reasons = [
        {"token_class": "AccessToken", "token_type": "access", "message": "Token has wrong type"},
        {"token_class": "SlidingToken", "token_type": "sliding", "message": "Token has wrong type"},
    ]
    expected = not_valid("Given token not valid for any token type") | {"messages": reasons}
    require(bearer(RefreshToken.for_user(user)), 401, expected)


@pytest.mark.parametrize("name", ["whoami", "stateless"])
def test_token_that_names_no_user(name):
    detail = "Token contained no recognizable user identification"
    require(bearer(AccessToken(), name), 401, not_valid(detail))


def test_request_of_a_user_without_account(user):
    token = AccessToken.for_user(user)
    get_user_model().objects.update(is_active=False)
    require(bearer(token), 401, {"detail": "User is inactive", "code": "user_inactive"})
    user.delete()
    require(bearer(token), 401, {"detail": "User not found", "code": "user_not_found"})


def test_changed_password_ends_access_under_check_revoke_token(user, settings):
    settings.SIMPLE_JWT = {"CHECK_REVOKE_TOKEN": True}
    token = AccessToken.for_user(user)
    require(bearer(token), 200, {"user": user.pk})
    user.set_password("another")
    user.save()
    expected = {"detail": "The user's password has been changed.", "code": "password_changed"}
    require(bearer(token), 401, expected)
    settings.SIMPLE_JWT = {}
    require(bearer(token), 200, {"user": user.pk})


def test_stateless_user_is_made_of_the_token(django_assert_num_queries):
    token = forge(claims("access", user_id="no row has this id"))
    with django_assert_num_queries(0):
        answer = bearer(token, "stateless")
    require(answer, 200, {"user": "no row has this id"})
    require(bearer(token), 401, {"detail": "User not found", "code": "user_not_found"})


ALMOST_THE_ID = [
    ("blank before", " 10"),
    ("blank after", "10 "),
    ("line break", "10\n"),
    ("no-break space", "10\xa0"),
    ("plus", "+10"),
    ("leading zero", "010"),
    ("underscore", "1_0"),
    ("fullwidth digits", "\uff11\uff10"),
    ("Arabic digits", "\u0661\u0660"),
]
ALMOST_THE_USERNAME = [
    ("upper case", "ADA"),
    ("capital", "Ada"),
    ("blank after", "ada "),
    ("blank before", " ada"),
    ("fullwidth letters", "\uff41\uff44\uff41"),
    ("accent", "adá"),
    ("soft hyphen", "a\xadda"),
]
ALMOST = [("id", "10", *case) for case in ALMOST_THE_ID] + [("username", "ada", *case) for case in ALMOST_THE_USERNAME]


@pytest.mark.parametrize(
    ("field", "exact", "almost"),
    [(field, exact, almost) for field, exact, _name, almost in ALMOST],
    ids=[f"{field} {name}" for field, _exact, name, _almost in ALMOST],
)
def test_user_id_is_compared_exactly(settings, field, exact, almost):
    """Django reads " 10" and "1_0" as 10, and MariaDB finds "ada" by "ADA": each of them named the user."""
    settings.SIMPLE_JWT = ROTATING | {"USER_ID_FIELD": field}
    user = make_user(pk=10)

    def token(kind, user_id):
        return forge(claims(kind, user_id=user_id))

    require(bearer(token("access", exact)), 200, {"user": user.pk})
    assert post("token_refresh", {"refresh": token("refresh", exact)}).status_code == 200
    before = blacklist_rows()
    require(bearer(token("access", almost)), 401, {"detail": "User not found", "code": "user_not_found"})
    require(post("token_refresh", {"refresh": token("refresh", almost)}), 401, NO_ACCOUNT_FOR_TOKEN)
    sliding = post("token_refresh_sliding", {"token": token("sliding", almost)})
    require(sliding, 401, NO_ACCOUNT_FOR_TOKEN)
    assert blacklist_rows() == before


def count_and_answer(error, context):
    """An exception handler that asks the database, as one that keeps an audit log does."""
    get_user_model().objects.count()
    return exception_handler(error, context)


@pytest.fixture
def atomic_requests(transactional_db, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


@pytest.mark.parametrize("field", ["id", "username"])
@pytest.mark.parametrize("user_id", [2**63, -(2**63) - 1, 10**400, "9" * 30, "\0", "1\0", "é" * 2_000], ids=ascii)
def test_user_id_that_no_column_holds_leaves_the_transaction_usable(atomic_requests, settings, field, user_id):
    settings.SIMPLE_JWT = {"USER_ID_FIELD": field}
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": f"{__name__}.count_and_answer"}
    user = make_user()
    answer = bearer(forge(claims("access", user_id=user_id)))
    require(answer, 401, {"detail": "User not found", "code": "user_not_found"})
    require(bearer(AccessToken.for_user(user)), 200, {"user": user.pk})


def test_user_id_that_the_database_refuses_is_401_in_a_transaction(atomic_requests, settings):
    """The server's own DataError undoes the transaction; nothing is asked of it any more."""
    settings.SIMPLE_JWT = {"USER_ID_FIELD": "username__regex"}
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL says DataError to such a pattern")
    user = make_user()
    answer = bearer(forge(claims("access", user_id="(")))
    require(answer, 401, {"detail": "User not found", "code": "user_not_found"})
    settings.SIMPLE_JWT = {}
    require(bearer(AccessToken.for_user(user)), 200, {"user": user.pk})


def test_user_id_field_and_claim_follow_the_settings(user, settings):
    settings.SIMPLE_JWT = ROTATING | {"USER_ID_FIELD": "username", "USER_ID_CLAIM": "sub"}
    pair = login().json()
    assert AccessToken(pair["access"])["sub"] == "ada"
    require(bearer(pair["access"]), 200, {"user": user.pk})
    assert post("token_refresh", {"refresh": pair["refresh"]}).status_code == 200


# The challenge where others take part


class Refusing(APIView):
    """A view that refuses whom it has let in."""

    authentication_classes = [JWTAuthentication]
    refusal: Any = NotAuthenticated

    def get(self, *_arguments):
        raise self.refusal


class OtherScheme(BaseAuthentication):
    """Refuses everybody who sends its header."""

    def authenticate(self, request):
        if request.headers.get("X-Other"):
            raise AuthenticationFailed


class OwnRealm(JWTAuthentication):
    """A project's class as simplejwt's documentation has them."""

    www_authenticate_realm = "own"

    def get_user(self, *_arguments):
        raise AuthenticationFailed


def challenge_of(view, **headers):
    return view(RequestFactory().get("/", headers=headers)).headers["WWW-Authenticate"]


@pytest.mark.parametrize("authentication", [JWTAuthentication, JWTStatelessUserAuthentication])
@pytest.mark.parametrize("refusal", [NotAuthenticated, AuthenticationFailed, InvalidToken])
def test_an_accepted_token_is_not_called_invalid(user, authentication, refusal):
    view = Refusing.as_view(authentication_classes=[authentication], refusal=refusal)
    token = AccessToken.for_user(user)
    assert challenge_of(view) == CHALLENGE
    assert challenge_of(view, Authorization=f"Bearer {token}") == CHALLENGE
    assert challenge_of(view, Authorization=f"Bearer {token}x") == INVALID_TOKEN


def test_what_another_class_refuses_is_no_token_of_ours(user):
    view = Refusing.as_view(authentication_classes=[JWTAuthentication, OtherScheme])
    assert challenge_of(view, X_Other="1") == CHALLENGE
    assert challenge_of(view, X_Other="1", Authorization="Basic dTpw") == CHALLENGE
    assert challenge_of(view, X_Other="1", Authorization="Bearer x") == INVALID_TOKEN


def test_a_refusal_of_a_projects_class_is_a_refused_token(user):
    view = Refusing.as_view(authentication_classes=[OwnRealm])
    expected = 'Bearer realm="own", error="invalid_token"'
    assert challenge_of(view, Authorization=f"Bearer {AccessToken.for_user(user)}") == expected
    assert challenge_of(view) == 'Bearer realm="own"'


# Caches

LOGINS = ["token_obtain_pair", "token_obtain_sliding"]


@pytest.mark.parametrize("name", [*LOGINS, *ENDPOINT_FIELDS])
def test_no_cache_keeps_an_answer_of_a_token_view(user, settings, name):
    settings.SIMPLE_JWT = ROTATING
    kind = SlidingToken if "sliding" in name else RefreshToken
    good = {ENDPOINT_FIELDS[name]: str(kind.for_user(user))} if name in ENDPOINT_FIELDS else None
    answers = [login(name=name) if good is None else post(name, good), post(name, b"{"), get(name=name)]
    answers.append(login(name=name, password="wrong") if good is None else post(name, good | {"token": "x"}))
    assert [answer.status_code for answer in answers[:3]] == [200, 400, 405]
    assert [answer.headers["Cache-Control"] for answer in answers] == ["no-store"] * 4


def test_a_views_own_cache_control_is_kept_beside_ours(user):
    class Login(TokenObtainPairView):
        def finalize_response(self, *args, **kwargs):
            response = super().finalize_response(*args, **kwargs)
            response["Cache-Control"] = "private, max-age=60"
            return response

    request = RequestFactory().post("/", {"username": "ada", "password": PASSWORD})
    answer = Login.as_view()(request)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, max-age=60, no-store"


# What a project overrides

FORM = "application/x-www-form-urlencoded"


class CountingMixin:
    """A project's, behind our view among the bases."""

    def dispatch(self, request, *args, **kwargs):
        request.passed_on = True
        return super().dispatch(request, *args, **kwargs)


class ProjectsLogin(TokenObtainPairView, CountingMixin, GenericAPIView):
    """Overrides what projects override."""

    def dispatch(self, request, *args, **kwargs):
        response = super().dispatch(request, *args, **kwargs)
        response["X-Dispatched"] = repr(kwargs)
        return response

    def initialize_request(self, request, *args, **kwargs):
        request.initialized = True
        return super().initialize_request(request, *args, **kwargs)

    def get_parsers(self):
        return [parser for parser in super().get_parsers() if isinstance(parser, JSONParser)]

    def post(self, request, *args, **kwargs):
        response = super().post(request, *args, **kwargs)
        response["X-Posted"] = repr(kwargs)
        return response


def send_to(view, body, content_type="application/json", captured=None):
    request = RequestFactory().post("/", body, content_type=content_type)
    return request, view.as_view()(request, **captured or {})


def test_each_override_of_a_project_is_called(user):
    captured = {"view": "a", "dispatch": "b"}
    request, answer = send_to(ProjectsLogin, {"username": "ada", "password": PASSWORD}, captured=captured)
    assert answer.status_code == 200
    assert answer.headers["X-Dispatched"] == answer.headers["X-Posted"] == repr(captured)
    assert answer.headers["Cache-Control"] == "no-store"
    assert request.initialized
    assert request.passed_on
    assert request.sensitive_post_parameters == "__ALL__"
    assert isinstance(request.exception_reporter_filter, HiddenVariables)


def test_a_projects_parsers_refuse_deep_bodies(user):
    assert send_to(ProjectsLogin, nested(101))[1].status_code == 400
    assert send_to(ProjectsLogin, "username=ada", FORM)[1].status_code == 415
    assert send_to(TokenObtainPairView, f"username=ada&password={PASSWORD}", FORM)[1].status_code == 200


def test_a_token_view_takes_djangos_request_only():
    """Otherwise the wrong object would be told what to hide."""
    request = Request(RequestFactory().post("/"))
    with pytest.raises(TypeError, match="didn't receive an HttpRequest"):
        TokenObtainPairView().dispatch(request)


def test_djangos_own_filter_hides_the_frames_of_a_token_view(monkeypatch):
    """So it is for a record that is logged without the request."""
    monkeypatch.setattr(TokenObtainPairView, "post", lambda _view, request: 1 / 0)
    with pytest.raises(ZeroDivisionError) as raised:
        send_to(TokenObtainPairView, {})
    shown = SafeExceptionReporterFilter().get_traceback_frame_variables(None, raised.traceback[-1]._rawentry.tb_frame)
    assert dict(shown).keys() == {"_view", "request"}
    assert set(dict(shown).values()) == {SafeExceptionReporterFilter.cleansed_substitute}


# Bodies that are nested too deeply


TOO_DEEP = {"detail": "The body is nested too deeply"}


def nested(depth, inner="", opening="[", closing="]"):
    """JSON of `depth` levels, one of them an object."""
    return f'{{"refresh": {opening * (depth - 1)}{inner}{closing * (depth - 1)}}}'


DEEP_BODIES = {
    "arrays": nested(100_000),
    "objects": nested(100_000, "1", '{"a":', "}"),
    "one level too many": nested(101),
    "one level too many, not empty": nested(101, "1"),
    "no object": "[" * 100_000 + "]" * 100_000,
    "cut": "[" * 100_000,
}


@pytest.mark.parametrize("name", [*LOGINS, *ENDPOINT_FIELDS])
@pytest.mark.parametrize("body", DEEP_BODIES.values(), ids=DEEP_BODIES)
def test_deep_body_is_400(name, body):
    """DRF's JSONParser lets the RecursionError through, which was a 500."""
    require(post(name, body), 400, TOO_DEEP)


@pytest.mark.parametrize("body", [nested(100), nested(100, "1")], ids=["empty", "not empty"])
def test_body_as_deep_as_may_be_is_read(body):
    require(post("token_refresh", body), 400, {"refresh": ["Not a valid string."]})


@pytest.mark.parametrize("name", ["token_obtain_pair", "token_refresh"])
@pytest.mark.parametrize("depth", [100, *range(800, 1000, 5), 100_000])
def test_deep_body_is_400_for_a_browser(name, depth):
    """The browsable API renders what it was sent into forms, further down the stack than it was read: a 500."""
    body = nested(depth).replace("refresh", "username" if name == "token_obtain_pair" else "refresh")
    answer = Client().post(reverse(name), body, content_type="application/json", headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("body", [{}, [], "a", None, {"refresh": "a"}, [1, {"a": [{}]}]], ids=repr)
def test_the_search_for_deep_bodies_ends_with_the_body(body):
    began = time.process_time()
    assert not is_deeper_than(50_000_000, body)
    assert time.process_time() - began < 0.1


class Throttle(BaseThrottle):
    """Counts logins by user name, and so reads the body before the view does."""

    def allow_request(self, request, *_arguments):
        return bool(request.data) or True


def test_deep_body_is_400_to_whoever_reads_it_first():
    view = TokenObtainPairView.as_view(throttle_classes=[Throttle])
    request = RequestFactory().post("/", nested(100_000), content_type="application/json")
    assert view(request).status_code == 400


def test_recursion_in_a_projects_code_is_no_400(user, settings):
    """It is a fault of the project's: a 400 would hide it."""
    settings.SIMPLE_JWT = {"ON_LOGIN_SUCCESS": f"{__name__}.recurse"}
    with pytest.raises(RecursionError):
        login()


def recurse(*arguments):
    recurse(*arguments)


# Claims that are left out


@pytest.mark.parametrize(("setting", "claim"), [("TOKEN_TYPE_CLAIM", "token_type"), ("JTI_CLAIM", "jti")])
@pytest.mark.parametrize("rotating", [{}, ROTATING], ids=["plain", "rotating"])
def test_claim_whose_setting_is_none_is_left_out(user, settings, setting, claim, rotating):
    settings.SIMPLE_JWT = rotating | {setting: None}
    pair = login().json()
    for token in pair.values():
        assert claim not in UntypedToken(token)
        assert None not in UntypedToken(token).payload
    require(bearer(pair["access"]), 200, {"user": user.pk})
    refreshed = post("token_refresh", {"refresh": pair["refresh"]})
    require(refreshed, 200, refreshed.json())
    require(post("token_verify", {"token": pair["access"]}), 200, {})
    sliding = login(name="token_obtain_sliding").json()["token"]
    assert post("token_refresh_sliding", {"token": sliding}).status_code == 200


def test_without_token_type_claim_any_token_passes_for_any_type(user, settings):
    settings.SIMPLE_JWT = {"TOKEN_TYPE_CLAIM": None}
    require(bearer(login().json()["refresh"]), 200, {"user": user.pk})
    settings.SIMPLE_JWT = {}
    require(bearer(login().json()["refresh"]), 401, no_access("Token has wrong type"))


def test_without_jti_claim_nothing_is_recorded(user, settings):
    settings.SIMPLE_JWT = ROTATING | {"JTI_CLAIM": None}
    post("token_refresh", {"refresh": login().json()["refresh"]})
    assert blacklist_rows() == [[], []]


# Fallback keys

OLD_KEY = "the key before this one, long enough for HS256"


def test_fallback_keys_verify_while_signing_key_is_unset(user, settings):
    settings.SECRET_KEY_FALLBACKS = [OLD_KEY]
    old = forge(claims("access", user_id=str(user.pk)), key=OLD_KEY)
    require(bearer(old), 200, {"user": user.pk})
    assert UntypedToken(login().json()["access"])["user_id"] == str(user.pk)
    settings.SECRET_KEY_FALLBACKS = []
    require(bearer(old), 401, no_access("Token is invalid"))


def test_fallback_keys_do_not_sign(user, settings):
    settings.SECRET_KEY_FALLBACKS = [OLD_KEY]
    access = login().json()["access"]
    settings.SECRET_KEY_FALLBACKS = []
    require(bearer(access), 200, {"user": user.pk})


def test_fallback_keys_do_not_verify_where_signing_key_is_set(user, settings):
    settings.SECRET_KEY_FALLBACKS = [OLD_KEY]
    settings.SIMPLE_JWT = {"SIGNING_KEY": "a signing key of its own, long enough for HS256"}
    access = login().json()["access"]
    require(bearer(access), 200, {"user": user.pk})
    for key in (OLD_KEY, settings.SECRET_KEY):
        require(bearer(forge(claims("access", user_id=str(user.pk)), key=key)), 401, no_access("Token is invalid"))


# What the table of outstanding tokens holds


@pytest.mark.parametrize(("digest", "prefix"), [(True, "sha256:"), (False, "eyJ")])
def test_outstanding_token_digest_stores_no_token_and_everything_works(user, settings, digest, prefix):
    settings.SIMPLE_JWT = ROTATING | {"OUTSTANDING_TOKEN_DIGEST": digest}
    first = login().json()["refresh"]
    second = post("token_refresh", {"refresh": first}).json()["refresh"]
    require(post("token_refresh", {"refresh": first}), 401, not_valid("Token is blacklisted"))
    unrecorded = str(RefreshToken())
    for token in (second, unrecorded):
        require(post("token_blacklist", {"refresh": token}), 200, {})
        require(post("token_refresh", {"refresh": token}), 401, not_valid("Token is blacklisted"))
    stored = list(OutstandingToken.objects.order_by("pk").values_list("token", flat=True))
    assert len(set(stored)) == 3
    assert all(text.startswith(prefix) for text in stored)
    assert (first in stored) is not digest
    assert all(len(text) == len("sha256:") + 64 for text in stored) is digest


# Without the blacklist app


def test_tokens_have_no_blacklist_methods_without_the_app(without_blacklist_app):
    for token in (RefreshToken(), SlidingToken()):
        assert not hasattr(token, "blacklist")
        assert not hasattr(token, "check_blacklist")
        assert token.outstand() is None
        with pytest.raises(AttributeError, match="blacklist"):
            token.blacklist()


def test_tokens_have_blacklist_methods_with_the_app():
    for token in (RefreshToken(), SlidingToken()):
        assert hasattr(token, "blacklist")
        assert hasattr(token, "check_blacklist")


def test_logout_does_nothing_without_the_app(user, without_blacklist_app):
    token = str(RefreshToken.for_user(user))
    require(post("token_blacklist", {"refresh": token}), 200, {})
    require(post("token_blacklist", {"refresh": "garbage"}), 401, not_valid("Token is invalid"))
    assert post("token_refresh", {"refresh": token}).status_code == 200
    assert blacklist_rows() == [[], []]


@pytest.mark.parametrize("rotating", [{"ROTATE_REFRESH_TOKENS": True}, ROTATING], ids=["plain", "single use"])
def test_rotation_works_without_the_app(user, settings, without_blacklist_app, rotating):
    settings.SIMPLE_JWT = rotating
    token = login().json()["refresh"]
    for _again in range(2):
        answer = post("token_refresh", {"refresh": token})
        assert list(answer.json()) == ["access", "refresh"]
        assert RefreshToken(answer.json()["refresh"])["jti"] != RefreshToken(token)["jti"]
    require(post("token_verify", {"token": token}), 200, {})
    assert blacklist_rows() == [[], []]


def test_blacklist_after_rotation_without_the_app_is_a_check_error(settings, without_blacklist_app):
    settings.SIMPLE_JWT = ROTATING
    assert not has_blacklist()
    assert "oxijwt.E004" in [finding.id for finding in run_checks()]


# The views themselves


def test_serializers_follow_the_settings(user, settings):
    settings.SIMPLE_JWT = {"TOKEN_OBTAIN_SERIALIZER": "oxijwt.serializers.TokenObtainSlidingSerializer"}
    assert list(login().json()) == ["token"]


def test_unknown_serializer_is_an_import_error_that_names_it(settings):
    settings.SIMPLE_JWT = {"TOKEN_OBTAIN_SERIALIZER": "nowhere.Serializer"}
    with pytest.raises(ImportError, match=r"Could not import serializer 'nowhere\.Serializer'"):
        login()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("token_obtain_pair", "/token/"),
        ("token_refresh", "/token/refresh/"),
        ("token_verify", "/token/verify/"),
        ("token_blacklist", "/token/blacklist/"),
        ("token_obtain_sliding", "/token/sliding/"),
        ("token_refresh_sliding", "/token/sliding/refresh/"),
    ],
)
def test_urls(name, path):
    assert reverse(name) == path
    assert callable(import_string(f"oxijwt.views.{name}"))


class UnreachedParser(JSONParser):
    def parse(self, *_args, **_kwargs):
        raise AssertionError("asked to decode a body in no charset")


@pytest.mark.parametrize("codec", ["zlib", "bz2", "rot13", "hex"])
def test_a_codec_that_is_no_charset_reaches_no_parser(codec):
    """Django takes it for one. DRF 3.18.0 and older answered 500."""
    view = TokenObtainPairView.as_view(parser_classes=[UnreachedParser])
    request = RequestFactory().generic("POST", "/", b"{}", content_type=f"application/json; charset={codec}")
    assert view(request).status_code == 415


def test_settings_of_the_tests_are_the_defaults():
    """The bodies above are those of a project without a setting."""
    assert api_settings.user_settings == {}
