"""An end is proven, or it is an error."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured

from oxijwt.authentication import authenticate_token
from oxijwt.exceptions import AuthenticationFailed, TokenError
from oxijwt.token_sessions import api
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from tests.issuer import published, signed
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
    session_of,
    verify,
    who_am_i,
)

pytestmark = pytest.mark.django_db

INVALID = (401, "token_not_valid")


@pytest.fixture(autouse=True)
def ada():
    return make_user()


# Names of claims with which no session could be ended

UNUSABLE = {
    "no sid": {"SESSION_ID_CLAIM": None},
    "no gen": {"SESSION_GENERATION_CLAIM": None},
    "an empty sid": {"SESSION_ID_CLAIM": ""},
    "a number": {"SESSION_ID_CLAIM": 7},
    "sid is gen": {"SESSION_ID_CLAIM": "gen"},
    "gen is sid": {"SESSION_GENERATION_CLAIM": "sid"},
    "sid is jti": {"SESSION_ID_CLAIM": "jti"},
    "jti is sid": {"JTI_CLAIM": "sid"},
    "jti is gen": {"JTI_CLAIM": "gen"},
    "the user is sid": {"USER_ID_CLAIM": "sid"},
    "the user is gen": {"USER_ID_CLAIM": "gen"},
    "the type is sid": {"TOKEN_TYPE_CLAIM": "sid"},
    "the hash is sid": {"REVOKE_TOKEN_CLAIM": "sid"},
    "the refresh period is sid": {"SLIDING_TOKEN_REFRESH_EXP_CLAIM": "sid"},
    "sid is exp": {"SESSION_ID_CLAIM": "exp"},
    "gen is auth_time": {"SESSION_GENERATION_CLAIM": "auth_time"},
}


@pytest.mark.parametrize("unusable", UNUSABLE.values(), ids=UNUSABLE)
def test_no_session_starts_with_claims_that_could_not_end_it(jwt_settings, unusable):
    """A login succeeded, and its tokens belonged to no session or could not be read."""
    jwt_settings(**unusable)
    with pytest.raises(ImproperlyConfigured, match=r"^SIMPLE_JWT\['SESSION_(ID|GENERATION)_CLAIM'\] must "):
        login()
    with pytest.raises(ImproperlyConfigured):
        SlidingToken.for_user(make_user("grace"))
    assert not TokenSession.objects.exists()


@pytest.mark.parametrize("unusable", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("scope", ["local", "others", "global"])
def test_a_logout_is_an_error_with_them(jwt_settings, unusable, scope):
    """Without SESSION_ID_CLAIM a logout answered 204, and the login went on."""
    tokens = login()
    before = rows()
    jwt_settings(**unusable)
    for arguments in ({"refresh": tokens["refresh"]}, {"access": tokens["access"]}):
        try:
            status = logout(**arguments, scope=scope).status_code
        except ImproperlyConfigured:
            status = 500
        assert status in {401, 500}
    assert rows() == before


def test_the_error_names_the_setting(jwt_settings, ada):
    tokens = login()
    jwt_settings(SESSION_ID_CLAIM=None)
    for act in (
        lambda: logout(tokens["refresh"]),
        lambda: logout(access=tokens["access"]),
        lambda: post("blacklist/", {"refresh": tokens["refresh"]}),
        lambda: refresh(tokens["refresh"]),
        lambda: verify(tokens["access"]),
        lambda: who_am_i(tokens["access"]),
        lambda: get("own-lookup/", tokens["access"]),
        lambda: get("token/sessions/", tokens["access"]),
        lambda: get("stateless/", tokens["access"]),
        lambda: api.update_session_auth_hash(claims(tokens["access"]), ada),
    ):
        with pytest.raises(ImproperlyConfigured, match=r"^SIMPLE_JWT\['SESSION_ID_CLAIM'\] must be a text$"):
            act()


def test_an_ended_session_does_not_come_back_without_its_claim(jwt_settings):
    """Without SESSION_ID_CLAIM the tokens of an ended session were accepted again."""
    tokens = login()
    logout(tokens["refresh"])
    jwt_settings(SESSION_ID_CLAIM=None)
    for act in (lambda: who_am_i(tokens["access"]), lambda: refresh(tokens["refresh"])):
        with pytest.raises(ImproperlyConfigured):
            act()
    jwt_settings(SESSION_ID_CLAIM="sid")
    assert answer(who_am_i(tokens["access"])) == (401, "session_revoked")


def test_names_of_their_own_are_right(jwt_settings):
    jwt_settings(SESSION_ID_CLAIM="login", USER_ID_CLAIM="sub", JTI_CLAIM="sid", TOKEN_TYPE_CLAIM=None)
    tokens = login()
    assert who_am_i(tokens["access"]).status_code == 200
    assert logout(tokens["refresh"]).status_code == 204
    assert answer(who_am_i(tokens["access"])) == (401, "session_revoked")


# Tokens that nothing can end


def without_session(**changes):
    return changed(login()["refresh"], sid=None, gen=None, **changes)


UNENDABLE = {
    "no jti": ({"JTI_CLAIM": None}, {"jti": None}),
    "no user": ({}, {"user_id": None}),
}


@pytest.mark.parametrize(("settings_", "changes"), UNENDABLE.values(), ids=UNENDABLE)
def test_a_logout_that_can_not_end_the_token_is_refused(jwt_settings, settings_, changes):
    """The logout answered 204, and the token went on."""
    jwt_settings(REQUIRE_SESSION=False, **settings_)
    text = without_session(**changes)
    before = rows()
    assert refresh(text).status_code == 200
    assert answer(logout(text)) == INVALID
    assert answer(post("blacklist/", {"refresh": text})) == INVALID
    with pytest.raises(TokenError, match=r"^The token can't be ended$"):
        RefreshToken(text).blacklist()
    assert rows() == before
    assert refresh(text).status_code == 200


def test_a_token_without_a_session_is_ended_by_its_jti(jwt_settings):
    jwt_settings(REQUIRE_SESSION=False)
    text = without_session()
    assert refresh(text).status_code == 200
    assert logout(text).status_code == 204
    assert refresh(text).status_code == 401


def test_a_sliding_token_without_a_session_can_not_be_ended(ada, jwt_settings):
    """`blacklist()` returned, and the token went on."""
    jwt_settings(REQUIRE_SESSION=False)
    text = changed(str(SlidingToken.for_user(ada)), sid=None)
    with pytest.raises(TokenError, match=r"^The token can't be ended$"):
        SlidingToken(text).blacklist()
    token = SlidingToken.for_user(ada)
    token.blacklist()
    with pytest.raises(TokenError):
        SlidingToken(str(token))


def test_a_token_of_jwk_url_can_not_be_ended_here(issuer, jwt_settings):
    """The logout answered 204 to a token that JWK_URL's key verified, and nothing ended."""
    contents = claims(login()["refresh"])
    before = rows()
    issuer.publish(published("k"))
    jwt_settings(ALGORITHM="ES256", JWK_URL=issuer.url)
    text = signed(contents, "k")
    assert RefreshToken(text)
    for scope in ("local", "others", "global"):
        assert answer(logout(text, scope=scope)) == INVALID
    assert answer(post("blacklist/", {"refresh": text})) == INVALID
    assert rows() == before


def test_a_logout_has_seen_the_row_change_or_that_it_had_changed():
    tokens = login()
    assert logout(tokens["refresh"]).status_code == 204
    before = rows()
    assert TokenSession.objects.get().revoked_at is not None
    assert logout(tokens["refresh"]).status_code == 204
    assert rows() == before
    TokenSession.objects.all().delete()
    assert answer(logout(tokens["refresh"])) == (401, "session_revoked")


def test_new_access_tokens_need_no_session(jwt_settings):
    """The names are asked for where a session is started, read or ended, and nowhere else."""
    jwt_settings(SESSION_ID_CLAIM=None)
    assert AccessToken(str(AccessToken()))


# A deactivated user


def deactivate_by_save(user):
    user.is_active = False
    user.save()


def deactivate_by_update_fields(user):
    user.is_active = False
    user.save(update_fields=["is_active"])


def deactivate_by_proxy(user):
    proxy = Proxy.objects.get(pk=user.pk)
    proxy.is_active = False
    proxy.save()


class Proxy(get_user_model()):
    """Users as a project's admin shows some of them."""

    class Meta:
        proxy = True
        app_label = "auth"


SAVES = [deactivate_by_save, deactivate_by_update_fields, deactivate_by_proxy]


def activate(user):
    type(user).objects.filter(pk=user.pk).update(is_active=True)


def refused_for_good(tokens):
    """Each way in refuses the tokens with this code, whatever becomes of the user."""
    asked = [who_am_i(tokens["access"]), get("own-lookup/", tokens["access"]), refresh(tokens["refresh"])]
    return {answer(response) for response in [*asked, verify(tokens["access"]), verify(tokens["refresh"])]}


@pytest.mark.parametrize("save", SAVES, ids=lambda save: save.__name__)
def test_a_deactivated_users_sessions_end_at_save(ada, heard, save):
    """A user who was activated again went on with the old tokens."""
    grace, tokens, other = make_user("grace"), login(), login("grace")
    save(ada)
    assert TokenSession.objects.get(user=ada).revoke_reason == RevokeReason.DEACTIVATED
    [told] = heard.of("session_revoked")
    assert (told["user_id"], told["reason"]) == (ada.pk, RevokeReason.DEACTIVATED)
    activate(ada)
    assert refused_for_good(tokens) == {(401, "session_revoked")}
    assert who_am_i(other["access"]).status_code == 200
    assert grace.is_active
    assert who_am_i(login()["access"]).status_code == 200


def saved_without_a_change(user):
    user.save()


def saved_with_other_fields(user):
    user.is_active = False
    user.save(update_fields=["first_name"])


def loaded_from_a_fixture(user):
    user.is_active = False
    user.save_base(raw=True)
    activate(user)


def another_model(user):
    Group.objects.create(name="a").save()


@pytest.mark.parametrize(
    "save", [saved_without_a_change, saved_with_other_fields, loaded_from_a_fixture, another_model]
)
def test_another_save_ends_nothing(ada, save):
    tokens = login()
    save(ada)
    assert who_am_i(tokens["access"]).status_code == 200


def test_nothing_ends_where_inactive_users_may_log_in(ada, jwt_settings):
    jwt_settings(CHECK_USER_IS_ACTIVE=False)
    tokens = login()
    deactivate_by_save(ada)
    assert who_am_i(tokens["access"]).status_code == 200
    assert refresh(tokens["refresh"]).status_code == 200


REQUESTS = {
    "request": (lambda tokens: who_am_i(tokens["access"]), (401, "user_inactive")),
    "own class": (lambda tokens: get("own-lookup/", tokens["access"]), (401, "user_inactive")),
    "list": (lambda tokens: get("token/sessions/", tokens["access"]), (401, "user_inactive")),
    "logout": (lambda tokens: logout(access=tokens["access"], scope="global"), (401, "user_inactive")),
    "refresh": (lambda tokens: refresh(tokens["refresh"]), (401, "no_active_account")),
}


@pytest.mark.parametrize(("act", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_an_update_is_noticed_at_the_next_request(ada, heard, act, expected):
    """After `update()` the session lived on, and activating the user again revived it."""
    tokens, kept = login(), login()
    type(ada).objects.update(is_active=False)
    assert answer(act(tokens)) == expected
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.DEACTIVATED
    assert [told["reason"] for told in heard.of("session_revoked")] == [RevokeReason.DEACTIVATED]
    activate(ada)
    assert refused_for_good(tokens) == {(401, "session_revoked")}
    assert who_am_i(kept["access"]).status_code == 200


def test_authenticate_token_ends_it_too(ada):
    tokens = login()
    type(ada).objects.update(is_active=False)
    with pytest.raises(AuthenticationFailed) as caught:
        authenticate_token(tokens["access"])
    assert caught.value.detail["code"] == "user_inactive"
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.DEACTIVATED


@pytest.mark.parametrize("act", [who_am_i, lambda token: post("sliding/refresh/", {"token": token})])
def test_a_sliding_tokens_session_ends_too(ada, jwt_settings, act):
    """A deactivated user's sliding tokens were accepted again after the user was activated."""
    jwt_settings(AUTH_TOKEN_CLASSES=["oxijwt.tokens.SlidingToken"])
    token = str(SlidingToken.for_user(ada))
    type(ada).objects.update(is_active=False)
    assert act(token).status_code == 401
    activate(ada)
    assert session_of(token).revoke_reason == RevokeReason.DEACTIVATED
    assert act(token).status_code == 401


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_verify_ends_nothing(ada, kind):
    tokens = login()
    type(ada).objects.update(is_active=False)
    before = rows()
    assert answer(verify(tokens[kind])) == (401, "user_inactive")
    assert rows() == before


def refuse_everybody(user):
    """A USER_AUTHENTICATION_RULE of a project, which says no today."""
    return False


def permit_everybody(user):
    """A USER_AUTHENTICATION_RULE that forgets `is_active`."""
    return True


@pytest.mark.parametrize(("act", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_a_rule_that_says_no_refuses_and_ends_nothing(jwt_settings, act, expected):
    """Refresh and verify asked USER_AUTHENTICATION_RULE, and a request did not."""
    tokens = login()
    before = rows()
    jwt_settings(USER_AUTHENTICATION_RULE=refuse_everybody)
    assert answer(act(tokens)) == expected
    assert answer(verify(tokens["access"])) == (401, "user_inactive")
    assert rows() == before
    jwt_settings(USER_AUTHENTICATION_RULE=permit_everybody)
    assert who_am_i(tokens["access"]).status_code == 200


def test_a_rule_refuses_sliding_tokens_with_simplejwts_codes(ada, jwt_settings):
    jwt_settings(AUTH_TOKEN_CLASSES=["oxijwt.tokens.SlidingToken"], USER_AUTHENTICATION_RULE=refuse_everybody)
    token = str(SlidingToken.for_user(ada))
    assert answer(who_am_i(token)) == (401, "user_inactive")
    assert post("sliding/refresh/", {"token": token}).status_code == 401
    assert session_of(token).revoked_at is None


def test_a_request_refused_for_is_active_ends_whatever_the_rule_says(ada, jwt_settings):
    jwt_settings(USER_AUTHENTICATION_RULE=permit_everybody)
    tokens = login()
    type(ada).objects.update(is_active=False)
    assert answer(who_am_i(tokens["access"])) == (401, "user_inactive")
    assert session_of(tokens["refresh"]).revoke_reason == RevokeReason.DEACTIVATED


def test_a_token_without_a_session_is_refused_as_before(ada, jwt_settings):
    jwt_settings(REQUIRE_SESSION=False)
    tokens = login()
    plain = changed(tokens["access"], sid=None)
    type(ada).objects.update(is_active=False)
    assert answer(who_am_i(plain)) == (401, "user_inactive")
    assert session_of(tokens["refresh"]).revoked_at is None
