"""Tokens of another issuer have no session here, whatever they say of one."""

from datetime import UTC, datetime

import pytest

from oxijwt.token_sessions.models import TokenSession
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from oxijwt.verifier import SignedBy
from tests.client import forge

from .client import answer, claims, get, login, logout, make_user, post, refresh, rows, verify, who_am_i

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
