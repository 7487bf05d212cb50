"""Tokens of another issuer have no session here, whatever they say of one."""

import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client, RequestFactory
from rest_framework.permissions import AllowAny

from oxijwt.exceptions import TokenError
from oxijwt.token_sessions.models import TokenSession
from oxijwt.token_sessions.views import SessionListView
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from oxijwt.verifier import SignedBy
from tests.client import INVALID_TOKEN, forge
from tests.issuer import published, signed
from tests.key_material import key_settings
from tests.oxijwt.token_sessions.client import (
    answer,
    changed,
    claims,
    get,
    login,
    logout,
    make_user,
    post,
    refresh,
    rows,
    verify,
    who_am_i,
)

pytestmark = pytest.mark.django_db

INVALID = (401, "token_not_valid")


@pytest.fixture(autouse=True)
def ada():
    return make_user()


@pytest.fixture
def tokens():
    """Those of a login."""
    return login()


def theirs(other_issuers, token, **changes):
    """The claims of a token of ours, signed by another issuer and under its name."""
    return other_issuers.token(claims(token) | changes)


def test_an_ended_session_is_nothing_to_them(other_issuers, tokens):
    copied = theirs(other_issuers, tokens["access"])
    logout(tokens["refresh"])
    assert answer(who_am_i(tokens["access"])) == (401, "session_revoked")
    assert who_am_i(copied).status_code == 200
    assert get("stateless/", copied).status_code == 200
    assert verify(copied).status_code == 200
    assert verify(tokens["access"]).status_code == 401


def test_a_sid_that_is_none_is_nothing_to_them(other_issuers, tokens):
    for sid in ("any text", 7, None):
        assert who_am_i(theirs(other_issuers, tokens["access"], sid=sid)).status_code == 200


@pytest.mark.parametrize("changes", [{}, {"sid": None, "gen": None}], ids=["a session", "none"])
def test_no_session_is_refreshed_adopted_or_ended_by_them(other_issuers, jwt_settings, tokens, changes):
    jwt_settings(ADOPT_UNTIL=datetime(2100, 1, 1, tzinfo=UTC))
    copied, before = theirs(other_issuers, tokens["refresh"], **changes), rows()
    assert answer(refresh(copied)) == INVALID
    for scope in ("local", "others", "global"):
        assert answer(logout(copied, scope=scope)) == INVALID
        assert answer(logout(theirs(other_issuers, tokens["refresh"], exp=1, **changes), scope=scope)) == INVALID
    assert answer(post("blacklist/", {"refresh": copied})) == INVALID
    assert rows() == before
    assert verify(copied).status_code == 200
    assert refresh(tokens["refresh"]).status_code == 200
    assert logout(tokens["refresh"]).status_code == 204


def test_their_access_token_logs_nobody_out(other_issuers, tokens):
    copied, before = theirs(other_issuers, tokens["access"]), rows()
    for scope in ("local", "others", "global"):
        assert answer(logout(access=copied, scope=scope)) == INVALID
    assert rows() == before
    assert logout(access=tokens["access"]).status_code == 204


def delete(sid, access):
    return Client().delete(f"/api/token/sessions/{sid}/", HTTP_AUTHORIZATION=f"Bearer {access}")


def test_their_access_token_lists_and_ends_no_session(other_issuers, tokens):
    """Another issuer's token listed the user's sessions with their addresses, and ended them."""
    copied, before = theirs(other_issuers, tokens["access"]), rows()
    response = get("token/sessions/", copied)
    assert answer(response) == INVALID
    assert response["WWW-Authenticate"] == INVALID_TOKEN
    assert answer(delete(claims(tokens["refresh"])["sid"], copied)) == INVALID
    assert answer(delete(uuid4(), copied)) == INVALID
    assert rows() == before
    assert who_am_i(copied).status_code == 200
    assert len(get("token/sessions/", tokens["access"]).json()) == 1
    assert delete(claims(tokens["refresh"])["sid"], tokens["access"]).status_code == 204


def test_nor_does_a_token_of_jwk_url(issuer, jwt_settings, tokens):
    """A token that JWK_URL's keys verified listed and ended sessions of our table."""
    contents, sid = claims(tokens["access"]) | {"exp": 2**32}, claims(tokens["refresh"])["sid"]
    issuer.publish(published("k"))
    jwt_settings(ALGORITHM="ES256", JWK_URL=issuer.url)
    for changes in ({}, {"sid": str(uuid4())}, {"sid": None}):
        copied = signed({name: value for name, value in (contents | changes).items() if value is not None}, "k")
        assert who_am_i(copied).status_code == 200
        assert answer(get("token/sessions/", copied)) == INVALID
        assert answer(delete(sid, copied)) == INVALID
    assert TokenSession.objects.get().revoked_at is None


def test_nor_does_a_token_of_ours_without_a_session(tokens, jwt_settings):
    """One made by `AccessToken.for_user` listed and ended sessions."""
    jwt_settings(REQUIRE_SESSION=False)
    plain, sid = changed(tokens["access"], sid=None), claims(tokens["refresh"])["sid"]
    assert who_am_i(plain).status_code == 200
    assert answer(get("token/sessions/", plain)) == INVALID
    assert answer(delete(sid, plain)) == INVALID
    assert TokenSession.objects.get().revoked_at is None


def test_the_views_need_a_session_whatever_a_subclass_permits(tokens):
    """A project's own permissions must not replace the rule."""
    view = SessionListView.as_view(permission_classes=[AllowAny])
    for access, status in ((tokens["access"], 200), (changed(tokens["access"], sid=None), 401), (None, 401)):
        headers = {} if access is None else {"HTTP_AUTHORIZATION": f"Bearer {access}"}
        assert view(RequestFactory().get("/", **headers)).status_code == status


def test_a_login_at_another_issuer_is_no_recent_login_here(other_issuers, tokens):
    """Another issuer's `auth_time` counted as a login here."""
    assert get("transfer/", tokens["access"]).status_code == 200
    copied = theirs(other_issuers, tokens["access"])
    assert who_am_i(copied).status_code == 200
    assert answer(get("transfer/", copied)) == (401, "login_required")


def test_nor_is_one_at_the_issuer_of_jwk_url(issuer, jwt_settings, tokens):
    """The `auth_time` in a token of JWK_URL counted as a login here."""
    contents = claims(tokens["access"])
    issuer.publish(published("k"))
    jwt_settings(ALGORITHM="ES256", JWK_URL=issuer.url)
    assert who_am_i(signed(contents, "k")).status_code == 200
    assert answer(get("transfer/", signed(contents, "k"))) == (401, "login_required")


def test_a_sliding_token_of_theirs(other_issuers, ada):
    ours = SlidingToken.for_user(ada)
    copied = theirs(other_issuers, str(ours))
    token = SlidingToken(copied)
    assert token.session is None
    assert answer(post("sliding/refresh/", {"token": copied})) == INVALID
    before = rows()
    with pytest.raises(Exception, match=r"^Token is invalid$"):
        token.blacklist()
    assert rows() == before
    assert TokenSession.objects.count() == 1


def test_an_unverified_one_ends_nothing(other_issuers, tokens):
    token = RefreshToken(theirs(other_issuers, tokens["refresh"]), verify=False)
    with pytest.raises(Exception, match=r"^Token is invalid$"):
        token.blacklist()
    assert who_am_i(tokens["access"]).status_code == 200


def test_who_signed_is_known_of_each_token(other_issuers, tokens):
    """It follows from the key that verified the token, whatever becomes of its claims later."""
    ours = SlidingToken(forge({"token_type": "sliding", "jti": "a", "exp": 2**33}))
    assert ours.signed_by is SignedBy.US
    ours.payload["iss"] = "https://a.example"
    assert ours.signed_by is SignedBy.US
    copied = SlidingToken(theirs(other_issuers, str(ours)))
    assert (copied.signed_by, copied.verified.issuer) == (SignedBy.ISSUER, "https://a.example")
    assert AccessToken().signed_by is SignedBy.US
    assert RefreshToken(tokens["refresh"], verify=False).signed_by is SignedBy.NOBODY


OWN_KEYS = {
    "HS256": {},
    "KEYS": {"ALGORITHM": "RS256", "KEYS": [{"kid": "a", "algorithm": "HS256", "signing_key": "of our own" * 4}]},
}


@pytest.mark.parametrize("beside", OWN_KEYS.values(), ids=OWN_KEYS)
def test_a_jwk_url_that_nothing_asks_takes_no_session_away(jwt_settings, beside):
    """An ended session's tokens were taken: JWK_URL was set, though our own keys had verified them."""
    jwt_settings(JWK_URL="https://issuer.example/jwks.json", **beside)
    tokens = login()
    assert who_am_i(tokens["access"]).status_code == 200
    assert logout(tokens["refresh"]).status_code == 204
    assert answer(who_am_i(tokens["access"])) == (401, "session_revoked")
    assert refresh(tokens["refresh"]).status_code == 401
    assert verify(tokens["access"]).status_code == 401


@pytest.fixture
def signing_beside(jwt_settings, issuer):
    """A node that signs with ES256 and has JWK_URL, where the other key of the tests is published."""
    issuer.publish(published("other", other=True))
    jwt_settings(ALGORITHM="ES256", JWK_URL=issuer.url, SIGNING_KEY=key_settings("ES256")["signing_key"])
    return issuer


def theirs_claims():
    """Those of a good access token of another issuer."""
    return {"token_type": "access", "exp": int(time.time()) + 300, "jti": "a", "user_id": "1", "sid": "of theirs"}


ENDS = {
    "logout": lambda tokens, _ada: logout(tokens["refresh"]),
    "logout by access token": lambda tokens, _ada: logout(access=tokens["access"]),
    "blacklist": lambda tokens, _ada: post("blacklist/", {"refresh": tokens["refresh"]}),
    "revoke_for_user": lambda _tokens, ada: TokenSession.objects.revoke_for_user(ada),
    "a changed password": lambda _tokens, ada: (ada.set_password("another"), ada.save()),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_node_that_signs_ends_its_sessions_beside_a_jwk_url(signing_beside, ada, end):
    """JWK_URL made every token another issuer's: nothing ended, and a logout wrote a row of its own."""
    tokens = login()
    assert who_am_i(tokens["access"]).status_code == 200
    end(tokens, ada)
    assert who_am_i(tokens["access"]).status_code == 401
    assert refresh(tokens["refresh"]).status_code == 401
    assert verify(tokens["access"]).status_code == 401
    assert TokenSession.objects.count() == 1


def test_reuse_is_seen_beside_a_jwk_url(signing_beside, clock):
    spent = login()["refresh"]
    tokens = refresh(spent).json()
    clock.tick(31)
    assert answer(refresh(spent)) == (401, "token_reused")
    assert answer(refresh(tokens["refresh"])) == (401, "session_revoked")


def test_who_signed_follows_from_the_key(signing_beside, ada):
    """Our own key goes first, and asks nobody; the published key signs for the issuer."""
    ours = AccessToken(str(AccessToken.for_user(ada)))
    assert (ours.signed_by, signing_beside.requests) == (SignedBy.US, [])
    theirs = AccessToken(signed({**ours.payload, "sid": "7", "gen": 1}, "other", other=True))
    assert theirs.signed_by is SignedBy.JWK_URL
    assert who_am_i(signed(ours.payload, "other", other=True)).status_code == 200
    assert who_am_i(signed(ours.payload, "other")).status_code == 200
    with pytest.raises(TokenError):
        AccessToken(signed(ours.payload, "other", "RS256"))


def test_a_service_without_a_key_of_its_own_has_no_tokens_of_ours(jwt_settings, issuer):
    issuer.publish(published("k"))
    jwt_settings(ALGORITHM="ES256", JWK_URL=issuer.url)
    token = AccessToken(signed(theirs_claims(), "k"))
    assert token.signed_by is SignedBy.JWK_URL


def test_a_signing_key_that_can_not_be_used_stops_no_verifying(jwt_settings, issuer):
    issuer.publish(published("k"))
    jwt_settings(ALGORITHM="ES256", JWK_URL=issuer.url, SIGNING_KEY="not a key")
    assert AccessToken(signed(theirs_claims(), "k")).signed_by is SignedBy.JWK_URL
