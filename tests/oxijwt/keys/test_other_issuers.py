"""Tokens of another issuer authenticate requests, and do nothing else: each endpoint open for ours, shut for theirs."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

from oxijwt import checks
from oxijwt.exceptions import AuthenticationFailed, TokenError
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import AccessToken, BlacklistMixin, RefreshToken, SlidingToken, Token, UntypedToken
from tests.client import as_json, bearer, blacklist_rows, claims, forge, make_user, post
from tests.conftest import REPOSITORY
from tests.issuer import HERE, NAMES

pytestmark = pytest.mark.django_db

ENDPOINTS = {
    "token_refresh": ("refresh", "refresh"),
    "token_blacklist": ("refresh", "refresh"),
    "token_refresh_sliding": ("sliding", "token"),
}
"""Endpoints that do something with a token: its type, and the field it comes in."""


@pytest.fixture
def user():
    return make_user()


def claims_of(user, token_type, **changes):
    return claims(token_type, user_id=str(user.pk), **changes)


@pytest.mark.parametrize("name", NAMES)
def test_they_authenticate_requests(other_issuers, user, name):
    token = other_issuers.token(claims_of(user, "access"), name)
    for view in ("whoami", "stateless"):
        response = bearer(token, view)
        assert (response.status_code, str(response.json()["user"])) == (200, str(user.pk))
    assert post("token_verify", {"token": token}).status_code == 200


def test_they_need_what_our_own_need(other_issuers, user):
    for spoilt in ({"token_type": "refresh"}, {"token_type": None}, {"jti": None}, {"user_id": None}, {"user_id": "0"}):
        token = other_issuers.token(claims_of(user, "access") | spoilt)
        assert bearer(token).status_code == 401
    get_user_model().objects.update(is_active=False)
    assert bearer(other_issuers.token(claims_of(user, "access"))).status_code == 401


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("rotate", [False, True])
def test_no_endpoint_does_more_with_them(other_issuers, settings, user, endpoint, rotate):
    settings.SIMPLE_JWT |= {"ROTATE_REFRESH_TOKENS": rotate, "BLACKLIST_AFTER_ROTATION": rotate}
    token_type, field = ENDPOINTS[endpoint]
    ours = forge(claims_of(user, token_type))
    before = blacklist_rows()
    for changes in ({}, {"sid": str(uuid.uuid4()), "gen": 0}):
        theirs = other_issuers.token(claims_of(user, token_type, **changes))
        response = post(endpoint, {field: theirs})
        assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")
        assert response["WWW-Authenticate"].endswith('error="invalid_token"')
    assert blacklist_rows() == before
    assert post(endpoint, {field: ours}).status_code == 200


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_expired_one_is_no_better(other_issuers, user, endpoint):
    token_type, field = ENDPOINTS[endpoint]
    response = post(endpoint, {field: other_issuers.token(claims_of(user, token_type, exp=1))})
    assert response.status_code == 401


def test_the_blacklist_is_not_asked_about_them(other_issuers, settings, user, django_assert_num_queries):
    """A `jti` of theirs is another token's than the same one of ours."""
    settings.SIMPLE_JWT |= {
        "BLACKLIST_AFTER_ROTATION": True,
        "AUTH_TOKEN_CLASSES": ["oxijwt.tokens.SlidingToken", "oxijwt.tokens.AccessToken"],
    }
    for token_type in ("sliding", "access"):
        contents = claims_of(user, token_type)
        ours, theirs = forge(contents), other_issuers.token(contents)
        row = OutstandingToken.objects.create(
            jti=contents["jti"], token=ours, user=user, expires_at="2100-01-01T00:00:00Z"
        )
        BlacklistedToken.objects.create(token=row)
        with django_assert_num_queries(1):  # the user
            assert bearer(theirs).status_code == 200
        with django_assert_num_queries(0):
            assert post("token_verify", {"token": theirs}).status_code == 200
        assert post("token_verify", {"token": ours}).status_code == 400
        assert bearer(ours).status_code == (401 if token_type == "sliding" else 200)


class Recorded(BlacklistMixin["Recorded"], Token):
    """A project's own class of tokens that can be blacklisted."""

    token_type = "recorded"
    lifetime = timedelta(minutes=5)


def test_nor_for_a_class_of_the_project(other_issuers, user):
    contents = claims_of(user, "recorded")
    Recorded(forge(contents)).blacklist()
    assert Recorded(other_issuers.token(contents))
    with pytest.raises(TokenError, match=r"^Token is blacklisted$"):
        Recorded(forge(contents))


def test_the_classes_refuse_them_too(other_issuers, user):
    theirs = {name: other_issuers.token(claims_of(user, name)) for name in ("access", "refresh", "sliding")}
    assert AccessToken(theirs["access"])
    assert UntypedToken(theirs["refresh"])
    with pytest.raises(TokenError, match=r"^Token is invalid$"):
        RefreshToken(theirs["refresh"])
    sliding = SlidingToken(theirs["sliding"])
    for token in (sliding, RefreshToken(theirs["refresh"], verify=False)):
        for do in (token.blacklist, token.outstand, token.rotate):
            with pytest.raises(TokenError, match=r"^Token is invalid$"):
                do()
    with pytest.raises(TokenError, match=r"^Token is invalid$"):
        sliding.check_exp("refresh_exp")
    assert not OutstandingToken.objects.exists()
    ours = SlidingToken(forge(claims_of(user, "sliding")))
    ours.check_exp("refresh_exp")
    ours.blacklist()
    assert BlacklistedToken.objects.count() == 1


def test_their_sid_is_not_looked_up_in_the_revocation_cache(other_issuers, settings, user):
    """OpenID Connect has a claim of that name too, and any text in it."""
    settings.SIMPLE_JWT |= {"REVOCATION_CACHE": "default"}
    contents = claims_of(user, "access", sid="any text")
    assert bearer(other_issuers.token(contents), "stateless").status_code == 200
    assert bearer(forge(contents), "stateless").status_code == 401


# Beside keys of our own with a `kid`


KEY = "a key of our own, of thirty-two bytes and more"
NAMED = {"alg": "HS256", "typ": "JWT", "kid": "ours"}


@pytest.fixture
def beside_keys(other_issuers, settings):
    settings.SIMPLE_JWT |= {
        "KEYS": [{"kid": "ours", "algorithm": "HS256", "signing_key": KEY}],
        "LEGACY_KEY_UNTIL": datetime(2100, 1, 1, tzinfo=UTC),
    }
    return other_issuers


def test_each_token_meets_the_keys_of_its_own_issuer(beside_keys, user):
    for token in (
        forge(claims_of(user, "access"), NAMED, KEY),
        forge(claims_of(user, "access")),
        *(beside_keys.token(claims_of(user, "access"), name) for name in NAMES),
    ):
        assert [bearer(token, view).status_code for view in ("whoami", "stateless")] == [200, 200]


@pytest.mark.parametrize("name", NAMES)
def test_no_key_of_ours_signs_for_an_issuer(beside_keys, user, name):
    theirs = {"iss": name, "aud": HERE}
    for token in (
        forge(claims_of(user, "access", **theirs), NAMED, KEY),
        forge(claims_of(user, "access", **theirs), NAMED | {"kid": "k"}, KEY),
        forge(claims_of(user, "access", **theirs)),
        *(beside_keys.token(claims_of(user, "access"), name, kid=kid) for kid in ("ours", "", "K")),
        beside_keys.token(claims_of(user, "access") | {"iss": None}, name),
    ):
        for view in ("whoami", "stateless"):
            assert bearer(token, view).status_code == 401
        assert post("token_verify", {"token": token}).status_code == 401


ODD = [
    *(f'"{NAMES[0]}{suffix}"' for suffix in ("/", "#", "?", " ", r"\u0000", r"\u200b")),
    *(f'"{odd}"' for odd in (NAMES[0].upper(), "", "x" * 8_000, "é" * 2_000)),
    *(f'["{NAMES[0]}"]', f'{{"{NAMES[0]}": 1}}', "null", "true", "0", "-0.0", "1e400", "9" * 5_000),
    r'"\ud800"',
    f'"{NAMES[0]}", "iss": "{NAMES[1]}"',
    "[" * 40 + "]" * 40,
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: f"{odd[:30]} of {len(odd)}")
def test_an_odd_issuer_is_none_of_theirs_and_no_mistake(beside_keys, user, odd):
    """Ours may say so where it is a text, as without ISSUERS; nothing is asked of an issuer."""
    payload = as_json(claims_of(user, "access"))[:-1] + f', "aud": "{HERE}", "iss": {odd}}}'.encode()
    is_text = odd.startswith('"') and "ud800" not in odd and '"iss"' not in odd
    ours = forge(payload, NAMED, KEY)
    for view in ("whoami", "stateless"):
        assert bearer(ours, view).status_code == (200 if is_text else 401)
        assert bearer(forge(payload, {"alg": "ES256", "kid": "k"}), view).status_code == 401
    assert post("token_refresh", {"refresh": ours}).status_code == 401
    assert [site.requests for site in beside_keys.sites.values()] == [[], []]


# The examples of docs/jwk-set-client.md


@pytest.fixture(scope="module")
def examples():
    """The names that its Python blocks define."""
    text = (REPOSITORY / "docs/jwk-set-client.md").read_text()
    defined = {"all_settings": []}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        exec(block, defined)  # noqa: S102  our own documentation
        defined["all_settings"].append(defined.get("SIMPLE_JWT"))
    return defined


def test_the_token_class_for_tokens_without_a_type(other_issuers, user, examples):
    read = examples["IssuedElsewhere"]
    assert read(other_issuers.token(claims_of(user, "access") | {"token_type": None, "scope": "openid"}))
    with pytest.raises(TokenError):
        read(other_issuers.token(claims_of(user, "access")))


def test_the_authentication_class_that_maps_ids(other_issuers, user, examples, settings, rf):
    partner = "https://partner.example"
    settings.SIMPLE_JWT["ISSUERS"][partner] = settings.SIMPLE_JWT["ISSUERS"].pop(NAMES[0])
    theirs = make_user(f"partner:{user.pk}")
    contents = claims_of(user, "access", sub=str(user.pk))

    def who(token):
        request = rf.get("/", HTTP_AUTHORIZATION=f"Bearer {token}")
        return examples["ByIssuer"]().authenticate(request)[0]

    assert who(other_issuers.token(contents, partner)) == theirs
    assert who(forge(contents)) == who(other_issuers.token(contents, NAMES[1])) == user
    get_user_model().objects.filter(pk=theirs.pk).update(is_active=False)
    with pytest.raises(AuthenticationFailed):
        who(other_issuers.token(contents, partner))


def test_the_settings_of_the_examples_are_right(examples, settings):
    one, several, *_rest = examples["all_settings"]
    assert one.keys() != several.keys()
    for example in (one, several):
        settings.SIMPLE_JWT = example
        assert [finding.id for finding in checks.check_settings()] == []
