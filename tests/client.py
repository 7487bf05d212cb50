"""Requests to the test site, and tokens made by hand: bytes in, so that a test can sign what no library would."""

import base64
import hashlib
import hmac
import json
import time
from contextlib import contextmanager
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse

from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import RefreshToken

PASSWORD = "a password of the tests"
HS256_HEADER = {"alg": "HS256", "typ": "JWT"}
CHALLENGE = 'Bearer realm="api"'
INVALID_TOKEN = f'{CHALLENGE}, error="invalid_token"'
"""The challenges of RFC 6750 section 3: to who sent no token, and to who sent one that was refused."""

ENDPOINT_FIELDS = {
    "token_refresh": "refresh",
    "token_verify": "token",
    "token_blacklist": "refresh",
    "token_refresh_sliding": "token",
}
"""The endpoints that take a token, and the field they take it in."""


def make_user(username="ada", **fields):
    return get_user_model().objects.create_user(username, password=PASSWORD, **fields)


def post(name, body):
    return Client().post(reverse(name), body, content_type="application/json")


def login(username="ada", password=PASSWORD, name="token_obtain_pair"):
    return post(name, {"username": username, "password": password})


def get(header=None, name="whoami"):
    headers = {} if header is None else {"HTTP_AUTHORIZATION": header}
    return Client().get(reverse(name), **headers)


def bearer(token, name="whoami"):
    return get(f"Bearer {token}", name)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def as_json(value):
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()


def forge(payload, header=HS256_HEADER, key=None):
    """A token with a right HS256 signature over any header and payload, each JSON of a value or the bytes given."""
    signing_input = f"{base64url(as_json(header))}.{base64url(as_json(payload))}"
    key = settings.SECRET_KEY if key is None else key
    signature = hmac.digest(key.encode(), signing_input.encode(), hashlib.sha256)
    return f"{signing_input}.{base64url(signature)}"


MISSING = object()


def claims(token_type, /, **changes):
    """Claims of a good token, some changed; MISSING takes one out."""
    now = int(time.time())
    good = {"token_type": token_type, "exp": now + 300, "iat": now, "jti": uuid4().hex}
    if token_type == "sliding":
        good["refresh_exp"] = now + 300
    return {name: value for name, value in (good | changes).items() if value is not MISSING}


def blacklist_rows():
    """Every row of the two tables, for a comparison before and after."""
    return [list(model.objects.order_by("pk").values()) for model in (OutstandingToken, BlacklistedToken)]


@contextmanager
def deleted_before(first_words):
    """Inside, the user ada is deleted just before the first statement that begins with these words."""
    done = []

    def delete_first(execute, sql, *rest):
        if sql.startswith(first_words) and not done:
            done.append(sql)
            get_user_model().objects.filter(username="ada").delete()
        return execute(sql, *rest)

    with connection.execute_wrapper(delete_first):
        yield
    assert done


REFUSED = {
    "missing": (lambda ada: None, "not_authenticated", CHALLENGE),
    "another scheme": (lambda ada: "Basic YTpi", "not_authenticated", CHALLENGE),
    "malformed": (lambda ada: "not.a.token", "token_not_valid", INVALID_TOKEN),
    "three parts": (lambda ada: "Bearer a b", "bad_authorization_header", INVALID_TOKEN),
    "expired": (lambda ada: forge(claims("access", user_id=str(ada.pk), exp=1)), "token_not_valid", INVALID_TOKEN),
    "refresh token": (lambda ada: str(RefreshToken.for_user(ada)), "token_not_valid", INVALID_TOKEN),
    "nobody": (lambda ada: forge(claims("access", user_id="4711")), "user_not_found", INVALID_TOKEN),
}
"""Requests that each way of protecting a view refuses with 401: the header for a user, the `code` and the challenge."""
