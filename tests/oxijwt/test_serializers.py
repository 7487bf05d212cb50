"""Serializers as projects use them: subclassed, copied from simplejwt, called without a view."""

import time
from copy import deepcopy

import pytest
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.fields import SkipField

from oxijwt.serializers import (
    PasswordField,
    TextField,
    TokenBlacklistSerializer,
    TokenObtainPairSerializer,
    TokenObtainSerializer,
    TokenRefreshSerializer,
    TokenVerifySerializer,
)
from oxijwt.settings import api_settings
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import AccessToken, RefreshToken
from tests.client import PASSWORD, make_user, post

pytestmark = pytest.mark.django_db

ROTATING = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
CREDENTIALS = {"username": "ada", "password": PASSWORD}


@pytest.fixture
def user():
    return make_user()


class CopiedRefreshSerializer(serializers.Serializer):
    """simplejwt 5.5.1's TokenRefreshSerializer, as projects copy it to change a line."""

    refresh = serializers.CharField()
    access = serializers.CharField(read_only=True)
    token_class = RefreshToken

    def validate(self, attrs):
        refresh = self.token_class(attrs["refresh"])
        data = {"access": str(refresh.access_token)}
        if api_settings.ROTATE_REFRESH_TOKENS:
            if api_settings.BLACKLIST_AFTER_ROTATION:
                try:  # noqa: SIM105  as simplejwt has it
                    refresh.blacklist()
                except AttributeError:
                    pass
            refresh.set_jti()
            refresh.set_exp()
            refresh.set_iat()
            refresh.outstand()
            data["refresh"] = str(refresh)
        return data


COPIED = {"TOKEN_REFRESH_SERIALIZER": f"{__name__}.CopiedRefreshSerializer"}


def test_copied_refresh_serializer_rotates_and_blacklists(user, settings):
    settings.SIMPLE_JWT = ROTATING | COPIED
    first = str(RefreshToken.for_user(user))
    second = post("token_refresh", {"refresh": first}).json()["refresh"]
    assert post("token_refresh", {"refresh": first}).status_code == 401
    third = post("token_refresh", {"refresh": second}).json()["refresh"]
    assert list(OutstandingToken.objects.order_by("pk").values_list("token", "user")) == [
        (first, user.pk),
        (second, user.pk),
        (third, user.pk),
    ]
    assert list(BlacklistedToken.objects.order_by("pk").values_list("token__token", flat=True)) == [first, second]


def test_copied_refresh_serializer_without_blacklisting(user, settings):
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True} | COPIED
    first = str(RefreshToken.for_user(user))
    assert post("token_refresh", {"refresh": first}).json()["refresh"] != first
    assert post("token_refresh", {"refresh": first}).status_code == 200
    assert OutstandingToken.objects.count() == 3


def test_copied_refresh_serializer_without_the_blacklist_app(user, settings):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "oxijwt.token_blacklist"]
    settings.SIMPLE_JWT = ROTATING | COPIED
    first = str(RefreshToken.for_user(user))
    assert post("token_refresh", {"refresh": first}).json()["refresh"] != first


def test_a_changed_jti_is_another_token_to_the_blacklist(user):
    """The record found by the check belongs to the jti that was checked, not to one that was set since."""
    token = RefreshToken(str(RefreshToken.for_user(user)))
    old = token["jti"]
    token.set_jti()
    entry, created = token.blacklist()
    assert created
    assert entry.token.jti == token["jti"] != old


class PairWithClaims(TokenObtainPairSerializer):
    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token["name"] = user.username
        return token

    def validate(self, attrs):
        return super().validate(attrs) | {"user": self.user.pk}


def test_get_token_and_validate_may_be_extended(user):
    serializer = PairWithClaims(data=CREDENTIALS)
    assert serializer.is_valid()
    answer = serializer.validated_data
    assert answer["user"] == user.pk
    assert AccessToken(answer["access"])["name"] == RefreshToken(answer["refresh"])["name"] == "ada"


def test_serializers_need_no_request(user):
    for serializer in (TokenObtainPairSerializer(data=CREDENTIALS), TokenObtainSerializer(data=CREDENTIALS)):
        assert serializer.is_valid()
        assert serializer.user == user


def test_hooks_get_no_request_where_there_is_none(user, settings):
    calls = []
    settings.SIMPLE_JWT = {
        "ON_LOGIN_SUCCESS": lambda *arguments: calls.append(("success", *arguments)),
        "ON_LOGIN_FAILED": lambda *arguments: calls.append(("failed", *arguments)),
    }
    TokenObtainPairSerializer(data=CREDENTIALS).is_valid()
    with pytest.raises(AuthenticationFailed):
        TokenObtainPairSerializer(data=CREDENTIALS | {"password": "wrong"}).is_valid()
    assert calls == [("success", user, None), ("failed", {"username": "ada", "password": "*" * 20}, None)]


def test_user_authentication_rule_decides_over_login_and_refresh(user, settings):
    token = str(RefreshToken.for_user(user))
    requests = [(TokenObtainPairSerializer, CREDENTIALS), (TokenRefreshSerializer, {"refresh": token})]
    for serializer, data in requests:
        settings.SIMPLE_JWT = {"USER_AUTHENTICATION_RULE": lambda user: user.username == "ada"}
        assert serializer(data=data).is_valid()
        settings.SIMPLE_JWT = {"USER_AUTHENTICATION_RULE": lambda user: user.username != "ada"}
        with pytest.raises(AuthenticationFailed):
            serializer(data=data).is_valid()


def test_answers_never_show_what_was_sent(user):
    serializer = TokenObtainPairSerializer(data=CREDENTIALS)
    assert serializer.is_valid()
    assert serializer.data == {}
    assert list(serializer.validated_data) == ["refresh", "access"]
    assert PasswordField().style == {"input_type": "password"}
    assert PasswordField().write_only
    verify = TokenVerifySerializer(data={"token": str(AccessToken.for_user(user))})
    assert verify.is_valid()
    assert verify.data == verify.validated_data == {}


def test_username_field_is_the_user_models(settings):
    assert TokenObtainSerializer.username_field == "username"
    assert list(TokenObtainPairSerializer().fields) == ["username", "password"]


SURROGATES = ["\ud800", "ok\udfff", "\udbff then \udc00", "a" * 1000 + "\ud9ab"]


@pytest.mark.parametrize("text", ["", "a", "ü", "\ud7ff\ue000", "\x00", *SURROGATES], ids=ascii)
@pytest.mark.parametrize("options", [{}, {"allow_blank": True, "max_length": 500}], ids=repr)
def test_a_text_field_answers_as_drfs(text, options):
    """DRF's own check of surrogates took 50 ms for 2 MB."""
    assert outcome(TextField(**options), text) == outcome(serializers.CharField(**options), text)


def outcome(field, text):
    try:
        return field.run_validation(text)
    except serializers.ValidationError as error:
        return error.get_full_details()
    except SkipField:
        return SkipField


COPIES = [
    {},
    {"read_only": True},
    {"write_only": True},
    {"required": False, "allow_blank": True},
    {"trim_whitespace": False},
]


@pytest.mark.parametrize("options", [*COPIES, {"max_length": 3, "style": {"a": {}}, "label": "b"}], ids=repr)
def test_a_copied_text_field_is_as_drfs(options):
    field = TextField(**options)
    copied, expected = deepcopy(field), super(TextField, field).__deepcopy__({})
    assert type(copied) is TextField
    assert comparable(copied) == comparable(expected)
    assert [outcome(copied, text) for text in (" a ", "", "abcd", None)] == [
        outcome(expected, text) for text in (" a ", "", "abcd", None)
    ]


def comparable(field):
    """The field's attributes. A validator with a message of its own is equal to itself only."""
    state = {name: value for name, value in vars(field).items() if name != "_creation_counter"}
    return state | {"_validators": [type(validator) for validator in field.validators]}


@pytest.mark.parametrize("options", COPIES, ids=repr)
def test_a_copied_text_field_shares_nothing_that_can_change(options):
    field = TextField(**options)
    before, copied = repr(vars(field)), deepcopy(field)
    shared = [
        name for name, value in vars(copied).items() if isinstance(value, dict | list) and value is vars(field)[name]
    ]
    assert shared == []
    copied.bind("token", TokenVerifySerializer())
    copied.validators.append(print)
    copied.error_messages["blank"] = copied.style["a"] = copied._kwargs["a"] = "changed"
    assert repr(vars(field)) == before


def test_a_bound_text_field_is_copied_unbound():
    bound = TokenVerifySerializer().fields["token"]
    assert (bound.field_name, bound.label) == ("token", "Token")
    copied = deepcopy(bound)
    assert (copied.parent, copied.field_name, copied.label, copied.source) == (None, None, None, None)


class OwnField(TextField):
    """A project's."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.made = True


def test_a_field_of_a_projects_own_is_made_by_its_init():
    field = OwnField()
    field.made = False
    assert deepcopy(field).made
    assert deepcopy(PasswordField()).style is not PasswordField().style


def test_a_default_is_copied_as_drf_copies_it():
    default = ["a"]
    assert deepcopy(TextField(default=default)).default is not default


def test_serializers_share_no_field():
    one, other = TokenVerifySerializer().fields["token"], TokenVerifySerializer().fields["token"]
    one.error_messages["required"] = "?"
    assert other.error_messages["required"] == "This field is required."
    assert one.parent is not other.parent


def test_a_long_text_is_checked_fast():
    field = TextField()
    began = time.process_time()
    assert len(field.run_validation("a" * 2_000_000)) == 2_000_000
    assert time.process_time() - began < 0.04


def test_every_field_that_takes_a_text_is_fast():
    for made in (TokenObtainPairSerializer, TokenRefreshSerializer, TokenVerifySerializer, TokenBlacklistSerializer):
        writable = [field for field in made().fields.values() if not field.read_only]
        assert writable
        assert all(isinstance(field, TextField) for field in writable)
