"""Token classes, beyond what simplejwt's own suite asks of them."""

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oxijwt.exceptions import TokenError
from oxijwt.settings import api_settings
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import AccessToken, BlacklistMixin, RefreshToken, SlidingToken, Token, UntypedToken
from tests.client import forge, make_user

pytestmark = pytest.mark.django_db

ROTATING = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
NO_COPY = ("token_type", "exp", "jti", "jti", "iat")


@pytest.fixture
def user():
    return make_user()


def statements(action):
    with CaptureQueriesContext(connection) as captured:
        action()
    return [query["sql"].split()[0] for query in captured.captured_queries]


# Rotation


@pytest.mark.parametrize("token_class", [RefreshToken, SlidingToken])
def test_rotate_makes_a_successor_and_ends_the_old_token(user, settings, token_class):
    settings.SIMPLE_JWT = ROTATING
    old = token_class.for_user(user)
    old_text, old_jti = str(old), old["jti"]
    old["exp"] -= 10
    new = token_class(old.rotate())
    assert new["jti"] not in {old_jti, None}
    assert new.payload == old.payload
    assert new["user_id"] == str(user.pk)
    with pytest.raises(TokenError, match="Token is blacklisted"):
        token_class(old_text)


@pytest.mark.parametrize("single_use", [True, False])
def test_rotate_without_a_user_records_the_tokens_user(user, settings, single_use):
    """The successor was nobody's, and so no logout everywhere found it."""
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": single_use}
    successor = RefreshToken(RefreshToken(str(RefreshToken.for_user(user))).rotate())
    assert OutstandingToken.objects.get(jti=successor["jti"]).user == user


def test_rotate_is_single_use(user, settings):
    """Two readers of one token both passed the check; the INSERT lets one of them on."""
    settings.SIMPLE_JWT = ROTATING
    text = str(RefreshToken.for_user(user))
    first, second = RefreshToken(text), RefreshToken(text)
    first.rotate(user)
    with pytest.raises(TokenError, match="Token is blacklisted"):
        second.rotate(user)
    assert (OutstandingToken.objects.count(), BlacklistedToken.objects.count()) == (2, 1)


def test_rotate_again_is_the_successors_rotation(user, settings):
    settings.SIMPLE_JWT = ROTATING
    token = RefreshToken.for_user(user)
    texts = [str(token), token.rotate(user), token.rotate(user)]
    assert len(set(texts)) == 3
    assert RefreshToken(texts[2]).payload == token.payload
    for text in texts[:2]:
        with pytest.raises(TokenError, match="Token is blacklisted"):
            RefreshToken(text)


def test_rotate_without_blacklisting_is_not_single_use(user, settings):
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True}
    text = str(RefreshToken.for_user(user))
    assert RefreshToken(text).rotate(user) != RefreshToken(text).rotate(user)
    assert (OutstandingToken.objects.count(), BlacklistedToken.objects.count()) == (3, 0)


def test_rotate_of_a_blacklisted_token_records_no_successor(user, settings):
    settings.SIMPLE_JWT = ROTATING
    token = RefreshToken.for_user(user)
    token.blacklist()
    with pytest.raises(TokenError, match="Token is blacklisted"):
        token.rotate(user)
    assert OutstandingToken.objects.count() == 1


# Records


def test_for_user_keeps_the_record_it_made(user):
    token = RefreshToken.for_user(user)
    assert "SELECT" not in statements(token.blacklist)


def test_the_record_found_by_the_check_is_the_one_that_is_blacklisted(user):
    token = RefreshToken(str(RefreshToken.for_user(user)))
    assert "SELECT" not in statements(token.blacklist)


def test_the_record_is_forgotten_where_nothing_was_checked(user):
    text = str(RefreshToken.for_user(user))
    token = RefreshToken(text, verify=False)
    assert statements(token.blacklist)[0] == "SELECT"
    assert BlacklistedToken.objects.get().token.token == text


def test_blacklist_twice_is_one_entry(user):
    token = RefreshToken.for_user(user)
    entry, created = token.blacklist()
    again, created_again = token.blacklist()
    assert (created, created_again) == (True, False)
    assert entry == again == BlacklistedToken.objects.get()


def test_outstand_records_once(user):
    token = RefreshToken()
    token["user_id"] = str(user.pk)
    record, created = token.outstand()
    again, created_again = token.outstand()
    assert (created, created_again) == (True, False)
    assert record == again == OutstandingToken.objects.get()
    assert (record.user, record.token) == (user, str(token))
    assert record.created_at == token.current_time


def test_access_tokens_are_never_recorded(user):
    assert AccessToken.for_user(user).outstand() is None
    assert not hasattr(AccessToken(), "blacklist")
    assert OutstandingToken.objects.count() == 0


# Subclasses


class ShortRefreshToken(RefreshToken):
    lifetime = timedelta(minutes=1)
    access_token_class = UntypedToken


class DeviceToken(BlacklistMixin["DeviceToken"], Token):
    token_type = "device"
    lifetime = timedelta(days=30)
    minimum_version = 2

    @classmethod
    def for_user(cls, user):
        token = super().for_user(user)
        token["version"] = cls.minimum_version
        return token

    def verify(self):
        super().verify()
        if self.get("version", 0) < self.minimum_version:
            raise TokenError("Token is too old")


def test_subclass_with_its_own_type_lifetime_and_rule(user, monkeypatch):
    token = DeviceToken.for_user(user)
    assert token["exp"] - token["iat"] == 30 * 24 * 3600
    assert DeviceToken(str(token)).payload == token.payload
    with pytest.raises(TokenError, match="Token has wrong type"):
        RefreshToken(str(token))
    monkeypatch.setattr(DeviceToken, "minimum_version", 3)
    with pytest.raises(TokenError, match="Token is too old"):
        DeviceToken(str(token))
    monkeypatch.setattr(DeviceToken, "minimum_version", 2)
    token.blacklist()
    with pytest.raises(TokenError, match="Token is blacklisted"):
        DeviceToken(str(token))


def test_subclass_of_refresh_token_with_its_own_access_tokens(user):
    token = ShortRefreshToken.for_user(user)
    assert token["exp"] - token["iat"] == 60
    assert type(token.access_token) is UntypedToken
    assert RefreshToken(str(token)).payload == token.payload


def test_subclass_without_type_or_lifetime_can_not_be_made():
    class Typeless(Token):
        lifetime = timedelta(1)

    class Endless(Token):
        token_type = "endless"

    for token_class in (Token, Typeless, Endless):
        with pytest.raises(TokenError, match="Cannot create token with no type or lifetime"):
            token_class()


# What the header, the id and the user's id may be


def typed(token, typ):
    return forge(token.payload, {"alg": "HS256", "typ": typ})


AT_JWT = pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
JWT = pytest.mark.parametrize("typ", ["JWT", "jwt", "application/JWT"])


@AT_JWT
def test_an_access_token_by_its_header_is_no_refresh_token(user, typ):
    text = typed(RefreshToken.for_user(user), typ)
    with pytest.raises(TokenError, match=r"^Token has wrong type$"):
        RefreshToken(text)
    with pytest.raises(TokenError, match=r"^Token has wrong type$"):
        RefreshToken.read_expired(text)
    assert UntypedToken(text)["token_type"] == RefreshToken(text, verify=False)["token_type"] == "refresh"


@JWT
def test_another_header_may_be_a_refresh_tokens(user, typ):
    token = RefreshToken.for_user(user)
    text = typed(token, typ)
    assert RefreshToken(text).payload == RefreshToken.read_expired(text).payload == token.payload


def test_the_header_counts_without_a_token_type_too(user, settings):
    settings.SIMPLE_JWT = {"TOKEN_TYPE_CLAIM": None, "ALLOWED_TYP": None}
    token = RefreshToken.for_user(user)
    assert RefreshToken(typed(token, "JWT")).payload == token.payload
    for read in (RefreshToken, RefreshToken.read_expired):
        with pytest.raises(TokenError, match=r"^Token has wrong type$"):
            read(typed(token, "at+jwt"))


@AT_JWT
def test_an_access_token_by_its_header_is_for_access(user, typ):
    for token_class in (AccessToken, SlidingToken, UntypedToken):
        token = token_class.for_user(user)
        token.set_exp(lifetime=timedelta(minutes=1))
        assert token_class(typed(token, typ)).payload == token.payload


@AT_JWT
def test_a_sliding_token_that_is_an_access_token_by_its_header_is_not_refreshed(user, typ):
    token = SlidingToken.for_user(user)
    SlidingToken(typed(token, "JWT")).check_exp("refresh_exp")
    token.check_exp("refresh_exp")
    with pytest.raises(TokenError, match=r"^Token has wrong type$"):
        SlidingToken(typed(token, typ)).check_exp("refresh_exp")


def test_a_backend_of_the_projects_own_may_read_what_has_no_header(user):
    token = RefreshToken.for_user(user)

    class Reader(RefreshToken):
        def get_token_backend(self):
            return SimpleNamespace(decode=lambda text, verify: token.payload, get_leeway=timedelta)

    assert Reader("opaque").payload == token.payload


@pytest.mark.parametrize("claim", ["jti", "id"])
@pytest.mark.parametrize("jti", ["a", " ", "é" * 255, "\u200b", "\u2028"], ids=ascii)
def test_an_id_is_some_characters(settings, claim, jti):
    settings.SIMPLE_JWT = {"JTI_CLAIM": claim}
    token = RefreshToken()
    token[claim] = jti
    assert RefreshToken(str(token))[claim] == jti


@pytest.mark.parametrize("claim", ["jti", "id"])
@pytest.mark.parametrize(
    "jti", ["", "a" * 256, "\0", "a\n", "\x1f", "\x7f", "\x80", "a\x9f", 7, None, ["a"]], ids=ascii
)
def test_an_id_is_not_empty_nor_long_nor_with_control_characters(settings, claim, jti):
    settings.SIMPLE_JWT = {"JTI_CLAIM": claim}
    for token_class in (AccessToken, RefreshToken, SlidingToken, UntypedToken):
        token = token_class()
        token.set_exp(lifetime=timedelta(minutes=1))
        token[claim] = jti
        with pytest.raises(TokenError, match=r"^Token is invalid$"):
            token_class(forge(token.payload))


@pytest.mark.parametrize("jti", ["", "a" * 256, "\0", "a\x9f"], ids=ascii)
def test_an_id_that_no_row_can_hold_is_looked_for_nowhere(jti):
    """PostgreSQL takes no NUL: an unverified token's id was a 500 there."""
    token = RefreshToken()
    token["jti"] = jti
    for use in (token.check_blacklist, token.blacklist):
        with pytest.raises(TokenError, match=r"^Token is invalid$"):
            use()


CLASSES = pytest.mark.parametrize("token_class", [AccessToken, RefreshToken, SlidingToken, UntypedToken])


def forged(token_class, **claims):
    token = token_class()
    token.set_exp(lifetime=timedelta(minutes=1))
    return forge(token.payload | claims)


@CLASSES
@pytest.mark.parametrize("claim", ["user_id", "sub", "owner"])
@pytest.mark.parametrize("user_id", [True, False, 1.0, 1e300, None, [], ["1"], {}, {"id": 1}], ids=repr)
def test_a_user_id_is_never_of_another_type(settings, token_class, claim, user_id):
    settings.SIMPLE_JWT = {"USER_ID_CLAIM": claim}
    with pytest.raises(TokenError, match=r"^Token is invalid$"):
        token_class(forged(token_class, **{claim: user_id}))


@CLASSES
@pytest.mark.parametrize("claim", ["user_id", "sub", "owner"])
@pytest.mark.parametrize("user_id", ["1", "", "\0", 1, 0, -1, 10**400], ids=lambda value: repr(value)[:9])
def test_a_user_id_is_text_or_an_integer(settings, token_class, claim, user_id):
    settings.SIMPLE_JWT = {"USER_ID_CLAIM": claim}
    assert token_class(forged(token_class, **{claim: user_id}))[claim] == user_id


@CLASSES
def test_a_token_may_be_nobodys(token_class):
    assert "user_id" not in token_class(forged(token_class))


def test_an_unread_logout_looks_at_the_user_id_too():
    assert RefreshToken.read_expired(forged(RefreshToken, user_id="1", exp=1))["user_id"] == "1"
    for user_id in (True, None, ["1"]):
        with pytest.raises(TokenError, match=r"^Token is invalid$"):
            RefreshToken.read_expired(forged(RefreshToken, user_id=user_id, exp=1))


@pytest.mark.parametrize("claim", ["token_type", "kind"])
@pytest.mark.parametrize("token_type", [None, True, 1, 1.5, [], ["access"], {}], ids=repr)
def test_a_token_type_is_text(settings, claim, token_type):
    settings.SIMPLE_JWT = {"TOKEN_TYPE_CLAIM": claim}
    with pytest.raises(TokenError, match=r"^Token is invalid$"):
        UntypedToken(forged(AccessToken, **{claim: token_type}))
    for token_class in (AccessToken, RefreshToken, SlidingToken):
        with pytest.raises(TokenError, match=r"^Token has wrong type$"):
            token_class(forged(token_class, **{claim: token_type}))
    assert UntypedToken(forged(AccessToken, **{claim: "anything"}))[claim] == "anything"


# Lifetimes


@pytest.mark.parametrize(
    ("token_class", "setting"),
    [
        (AccessToken, "ACCESS_TOKEN_LIFETIME"),
        (RefreshToken, "REFRESH_TOKEN_LIFETIME"),
        (SlidingToken, "SLIDING_TOKEN_LIFETIME"),
    ],
)
def test_lifetime_follows_the_setting_and_can_be_assigned_and_restored(settings, monkeypatch, token_class, setting):
    assert token_class.lifetime == getattr(api_settings, setting)
    settings.SIMPLE_JWT = {setting: timedelta(seconds=7)}
    assert token_class.lifetime == token_class().lifetime == timedelta(seconds=7)
    with monkeypatch.context() as patch:
        patch.setattr(token_class, "lifetime", timedelta(seconds=9))
        assert token_class()["exp"] - token_class()["iat"] == 9
    assert token_class().lifetime == timedelta(seconds=7)
    settings.SIMPLE_JWT = {setting: timedelta(seconds=8)}
    token = token_class()
    token.lifetime = timedelta(seconds=11)
    token.set_exp()
    assert token["exp"] - token["iat"] == 11
    assert token_class.lifetime == timedelta(seconds=8)


# Claims


def test_no_copy_claims_keeps_its_five_names(settings):
    assert RefreshToken.no_copy_claims == RefreshToken().no_copy_claims == NO_COPY
    settings.SIMPLE_JWT = {"TOKEN_TYPE_CLAIM": "kind", "JTI_CLAIM": "id"}
    assert RefreshToken.no_copy_claims == ("kind", "exp", "id", "jti", "iat")


def test_access_token_copies_every_claim_but_those(user):
    refresh = RefreshToken.for_user(user)
    refresh["role"] = {"name": ["editor"]}
    refresh["exp_of_session"] = 1
    access = refresh.access_token
    assert access.payload == refresh.payload | {name: access[name] for name in NO_COPY}
    assert access["token_type"] == "access"
    assert access["jti"] != refresh["jti"]
    assert access["exp"] - access["iat"] == 300
    assert refresh.access_token["jti"] != access["jti"]


def test_access_token_expires_relative_to_the_refresh_tokens_making(user):
    refresh = RefreshToken.for_user(user)
    refresh.current_time -= timedelta(seconds=100)
    assert refresh.access_token["exp"] == refresh["iat"] - 100 + 300


def test_subclass_may_replace_no_copy_claims(user):
    class Forgetful(RefreshToken):
        no_copy_claims = (*NO_COPY, "secret")

    refresh = Forgetful.for_user(user)
    refresh["secret"] = refresh["open"] = 1
    assert "secret" not in refresh.access_token
    assert refresh.access_token["open"] == 1


# Users


def test_token_for_an_inactive_user_is_logged_by_id_only(caplog, settings):
    settings.SIMPLE_JWT = {"CHECK_REVOKE_TOKEN": True}
    inactive = make_user("inactive", is_active=False)
    caplog.set_level(logging.DEBUG)
    token = RefreshToken.for_user(inactive)
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.name == "oxijwt"
    assert f"inactive user {inactive.pk}" in record.getMessage()
    for secret in (str(token), token["jti"], inactive.password, token["hash_password"]):
        assert secret not in caplog.text


def test_token_for_an_active_user_is_not_logged(caplog, user):
    RefreshToken.for_user(user)
    assert "inactive" not in caplog.text


def test_user_id_is_text_in_every_token(user):
    for token_class in (AccessToken, RefreshToken, SlidingToken, UntypedToken):
        assert token_class.for_user(user)["user_id"] == str(user.pk)
