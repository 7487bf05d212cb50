"""Tokens with an audience and an issuer of their own, and reading them for a view that names whose it takes."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from rest_framework.decorators import action
from rest_framework.request import Request

from oxijwt.authentication import JWTAuthentication, view_of
from oxijwt.backends import TokenBackend
from oxijwt.exceptions import InvalidToken, KeyConfigurationError, TokenBackendError, TokenError
from oxijwt.keys import material
from oxijwt.keys.jwk_set import JWKSetClient, JWKSetError
from oxijwt.serializers import TokenObtainPairSerializer
from oxijwt.settings import api_settings
from oxijwt.state import token_backend
from oxijwt.token_blacklist.models import OutstandingToken
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken, Token, UntypedToken
from oxijwt.verifier import AS_CONFIGURED, MOST_POLICIES, Accepts
from tests.client import claims, forge, make_user
from tests.issuer import signed
from tests.key_material import private_key, spki

SECRET = "a secret of thirty-two bytes or more"
SITE = {"AUDIENCE": "site", "ISSUER": "https://site.example"}
SHOP = {"audience": "shop", "issuer": "https://shop.example"}
CLASSES = [AccessToken, RefreshToken, SlidingToken, UntypedToken]


class OtherToken(Token):
    token_type = "other"
    lifetime = api_settings.ACCESS_TOKEN_LIFETIME


@pytest.fixture
def user(db):
    return make_user()


def recipients(token):
    """`aud` and `iss` as a reader of the signed token finds them."""
    decoded = TokenBackend("HS256", token_backend.signing_key).verify_expired(str(token)).claims
    return decoded.get("aud"), decoded.get("iss")


def access(**changes):
    return forge(claims("access", user_id="1", **changes))


# Issuing


@pytest.mark.parametrize("token_class", [*CLASSES, OtherToken])
def test_for_user_puts_its_own_audience_and_issuer_in_place_of_the_settings(user, settings, token_class):
    settings.SIMPLE_JWT = SITE
    assert recipients(token_class.for_user(user)) == ("site", "https://site.example")
    assert recipients(token_class.for_user(user, **SHOP)) == ("shop", "https://shop.example")
    assert recipients(token_class.for_user(user, audience="shop")) == ("shop", "https://site.example")
    assert recipients(token_class.for_user(user, issuer="me")) == ("site", "me")
    assert recipients(token_class.for_user(user, audience=None, issuer=None)) == ("site", "https://site.example")


def test_for_user_needs_no_settings_for_them(user):
    assert recipients(RefreshToken.for_user(user)) == (None, None)
    assert recipients(RefreshToken.for_user(user, **SHOP)) == ("shop", "https://shop.example")


@pytest.mark.parametrize("several", [["shop", "pay"], ("shop", "pay")])
def test_a_token_may_have_several_audiences(user, several):
    token = RefreshToken.for_user(user, audience=several)
    assert token["aud"] == ["shop", "pay"]
    assert token["aud"] is not several
    assert recipients(token) == recipients(token.access_token) == (["shop", "pay"], None)


@pytest.mark.parametrize("token_class", CLASSES)
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"audience": 7}, TypeError, "audience must be a str or a list of str"),
        ({"audience": b"shop"}, TypeError, "audience must be a str or a list of str"),
        ({"audience": {"shop": 1}}, TypeError, "audience must be a str or a list of str"),
        ({"audience": False}, TypeError, "audience must be a str or a list of str"),
        ({"audience": ["shop", 7]}, TypeError, "audience must be a str or a list of str"),
        ({"audience": ["shop", None]}, TypeError, "audience must be a str or a list of str"),
        ({"audience": []}, ValueError, "audience must not be empty"),
        ({"audience": ""}, ValueError, "audience must not be empty"),
        ({"audience": ["shop", ""]}, ValueError, "audience must not be empty"),
        ({"issuer": 7}, TypeError, "issuer must be a str"),
        ({"issuer": ["me"]}, TypeError, "issuer must be a str"),
        ({"issuer": b"me"}, TypeError, "issuer must be a str"),
        ({"issuer": ""}, ValueError, "issuer must not be empty"),
    ],
    ids=str,
)
def test_for_user_refuses_what_names_nobody_before_anything_is_written(user, token_class, given, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        token_class.for_user(user, **given)
    assert not OutstandingToken.objects.exists()


def test_both_arguments_have_to_be_named(user):
    with pytest.raises(TypeError, match="positional"):
        RefreshToken.for_user(user, "shop")


def test_the_access_token_has_the_refresh_tokens_audience_and_issuer(user, settings):
    settings.SIMPLE_JWT = SITE
    refresh = RefreshToken.for_user(user, **SHOP)
    assert recipients(refresh.access_token) == ("shop", "https://shop.example")
    read = RefreshToken.read(str(refresh), **SHOP)
    assert recipients(read.access_token) == ("shop", "https://shop.example")
    assert recipients(RefreshToken.for_user(user).access_token) == ("site", "https://site.example")


@pytest.mark.parametrize("after", [{}, {"BLACKLIST_AFTER_ROTATION": True}])
def test_rotation_keeps_them_and_records_what_it_answers(user, settings, after):
    settings.SIMPLE_JWT = SITE | {"ROTATE_REFRESH_TOKENS": True} | after
    first = RefreshToken.for_user(user, **SHOP)
    assert OutstandingToken.objects.get().token == str(first)
    token = RefreshToken.read(str(first), **SHOP)
    text = token.rotate(user)
    assert recipients(text) == ("shop", "https://shop.example")
    assert OutstandingToken.objects.get(jti=token["jti"]).token == text
    with pytest.raises(TokenError):
        RefreshToken(text)
    assert RefreshToken.read(text, **SHOP).payload == token.payload


def test_a_blacklisted_token_is_recorded_with_them(user, settings):
    settings.SIMPLE_JWT = SITE
    text = str(RefreshToken.for_user(user, **SHOP))
    OutstandingToken.objects.all().delete()
    RefreshToken.read(text, **SHOP).blacklist()
    assert recipients(OutstandingToken.objects.get().token) == ("shop", "https://shop.example")
    with pytest.raises(TokenError, match="Token is blacklisted"):
        RefreshToken.read(text, **SHOP)


def test_a_sliding_token_keeps_them_when_it_is_signed_again(user, settings):
    settings.SIMPLE_JWT = SITE
    token = SlidingToken.read(str(SlidingToken.for_user(user, **SHOP)), **SHOP)
    token.set_exp()
    assert recipients(token) == ("shop", "https://shop.example")


class WithPlan(RefreshToken):
    """A project's class, as written for simplejwt."""

    @classmethod
    def for_user(cls, user):
        token = super().for_user(user)
        token["plan"] = "free"
        return token


class InBetween(Token):
    @classmethod
    def for_user(cls, user):
        token = super().for_user(user)
        token["plan"] = "free"
        return token


class OverInBetween(SlidingToken, InBetween):
    lifetime = SlidingToken.lifetime


def test_a_class_that_overrides_for_user_is_called_as_before(user, settings):
    settings.SIMPLE_JWT = SITE
    serializer = type("Obtain", (TokenObtainPairSerializer,), {"token_class": WithPlan})
    for token in (WithPlan.for_user(user), serializer.get_token(user)):
        assert token["plan"] == "free"
        assert recipients(token) == ("site", "https://site.example")


def test_a_class_in_between_is_not_asked_to_take_them(user):
    token = OverInBetween.for_user(user, **SHOP)
    assert token["plan"] == "free"
    assert recipients(OutstandingToken.objects.get().token) == ("shop", "https://shop.example")


# The backend's defaults


def test_the_configured_ones_are_defaults_for_claims_without_their_own():
    backend = TokenBackend("HS256", SECRET, audience=["a", "b"], issuer="me")
    anybody = TokenBackend("HS256", SECRET)
    for own in ({}, {"aud": "c"}, {"iss": "you"}, {"aud": ["c"], "iss": "you"}):
        assert anybody.decode(backend.encode(own)) == {"aud": ["a", "b"], "iss": "me"} | own


def test_what_was_not_made_for_here_is_refused_here():
    backend = TokenBackend("HS256", SECRET, audience="a", issuer="me")
    assert backend.decode(backend.encode({}))["aud"] == "a"
    for own in ({"aud": "c"}, {"iss": "you"}):
        with pytest.raises(TokenBackendError):
            backend.decode(backend.encode(own))


# Reading for others


@pytest.mark.parametrize("accepted", [("shop",), ("pay", "shop")], ids=str)
@pytest.mark.parametrize("aud", ["shop", ["shop"], ["shop", "site"]], ids=str)
def test_the_audience_of_one_reading_replaces_the_settings(accepted, aud):
    backend, accepts = TokenBackend("HS256", SECRET, audience="site"), Accepts(audience=accepted)
    text = backend.encode({"aud": aud})
    assert backend.verify(text, accepts).claims == backend.decode(text, accepts=accepts) == {"aud": aud}
    for refused in ({"aud": "site"}, {"aud": ["site", "Shop"]}, {"aud": []}, {"aud": ""}):
        with pytest.raises(TokenBackendError):
            backend.verify(TokenBackend("HS256", SECRET).encode(refused), accepts)
    with pytest.raises(TokenBackendError):
        backend.verify(TokenBackend("HS256", SECRET).encode({}), accepts)
    assert backend.audience == "site"


def test_the_issuer_of_one_reading_leaves_the_audience():
    backend, accepts = TokenBackend("HS256", SECRET, audience="site", issuer="me"), Accepts(issuer=("you", "they"))
    assert backend.verify(backend.encode({"iss": "they"}), accepts).claims == {"aud": "site", "iss": "they"}
    for refused in ({}, {"iss": "me"}, {"iss": "they", "aud": "shop"}):
        with pytest.raises(TokenBackendError):
            backend.verify(backend.encode(refused), accepts)


def test_one_reading_follows_the_settings_and_what_is_assigned(settings, monkeypatch):
    settings.SIMPLE_JWT = {"LEEWAY": 60, "ISSUER": "me"}
    text, shop = access(exp=int(claims("access")["exp"]) - 330, aud="shop", iss="me"), Accepts(audience=("shop",))
    assert token_backend.verify(text, shop).claims["aud"] == "shop"
    monkeypatch.setattr(token_backend, "issuer", "you", raising=False)
    with pytest.raises(TokenBackendError):
        token_backend.verify(text, shop)
    monkeypatch.undo()
    settings.SIMPLE_JWT = {"SIGNING_KEY": SECRET, "LEEWAY": 60}
    with pytest.raises(TokenBackendError):
        token_backend.verify(text, shop)


def test_one_reading_prepares_no_key_again(monkeypatch):
    """Each token for another audience read the key again where no other token had been read before."""
    backend = TokenBackend("HS256", SECRET)
    text = backend.encode({"aud": "shop"})
    seen = []
    prepare = material.prepare
    monkeypatch.setattr(material, "prepare", lambda *given: seen.append(1) or prepare(*given))
    for audience in (("shop",), ("shop",), ("shop", "pay")):
        assert backend.verify(text, Accepts(audience=audience)).claims == {"aud": "shop"}
    assert len(seen) == 1


def test_a_thousand_audiences_are_not_remembered():
    backend = TokenBackend("HS256", SECRET)
    for number in range(1000):
        with pytest.raises(TokenBackendError):
            backend.verify(backend.encode({"aud": "shop"}), Accepts(audience=(str(number),)))
    assert len(backend.verifier._policies) <= MOST_POLICIES


def test_one_reading_asks_the_issuer_for_keys_through_the_same_client(monkeypatch, settings):
    settings.SIMPLE_JWT = {"ALGORITHM": "RS256", "JWK_URL": "https://issuer.example/keys"}
    client = token_backend.jwks_client
    asked = []

    def verifying_key(self, algorithm, kid):
        asked.append(self)
        raise JWKSetError

    monkeypatch.setattr(JWKSetClient, "verifying_key", verifying_key)
    for _time in range(2):
        with pytest.raises(TokenBackendError):
            token_backend.verify(access(aud="shop"), Accepts(audience=("shop",)))
    assert asked == [client, client]


class Encrypted(TokenBackend):
    """A project's backend, written for simplejwt."""

    def decode(self, token, verify=True, **options):
        return super().decode(token.removeprefix("enc:"), verify, **options)


class WrittenBefore(TokenBackend):
    def decode(self, token, verify=True):
        return super().decode(token, verify)


def test_a_backend_of_the_projects_own_is_told_the_audience(user, monkeypatch):
    monkeypatch.setattr("oxijwt.state.token_backend", Encrypted("HS256", token_backend.signing_key))
    text = f"enc:{AccessToken.for_user(user, audience='shop')}"
    assert AccessToken.read(text, audience="shop")["aud"] == "shop"
    with pytest.raises(TokenError):
        AccessToken.read(text, audience="pay")


def test_a_backend_that_can_not_be_told_is_the_projects_mistake(user, monkeypatch):
    monkeypatch.setattr("oxijwt.state.token_backend", WrittenBefore("HS256", token_backend.signing_key))
    text = str(AccessToken.for_user(user, audience="shop"))
    assert AccessToken(text)["aud"] == "shop"
    with pytest.raises(KeyConfigurationError, match=r"WrittenBefore\.decode must take 'accepts'"):
        AccessToken.read(text, audience="shop")


# Reading


@pytest.mark.parametrize("token_class", CLASSES)
def test_read_takes_tokens_for_whom_it_says_and_no_others(user, settings, token_class):
    settings.SIMPLE_JWT = SITE
    here, shop = str(token_class.for_user(user)), str(token_class.for_user(user, **SHOP))
    if token_class is UntypedToken:  # it expires when it is made
        here, shop = str(AccessToken.for_user(user)), str(AccessToken.for_user(user, **SHOP))
    assert token_class.read(shop, **SHOP)["aud"] == "shop"
    assert token_class.read(here).payload == token_class(here).payload
    for text, accepted in [
        (here, SHOP),
        (shop, {}),
        (shop, {"audience": "shop"}),
        (shop, {"issuer": "https://shop.example"}),
        (shop, SHOP | {"audience": "pay"}),
        (shop, SHOP | {"issuer": "me"}),
        (here, {"audience": "shop"}),
    ]:
        with pytest.raises(TokenError, match="Token is invalid"):
            token_class.read(text, **accepted)


@pytest.mark.parametrize("token_class", [AccessToken, RefreshToken, SlidingToken, UntypedToken])
def test_read_makes_no_token_of_none(token_class):
    """It made a new one, as a class that is called with None does."""
    with pytest.raises(TokenError, match=r"^Token is invalid$"):
        token_class.read(None)
    with pytest.raises(TokenError, match=r"^Token is invalid$"):
        token_class.read(None, audience="shop")


def test_read_signs_with_the_settings(user, settings):
    """What it accepts is no default of what it signs."""
    settings.SIMPLE_JWT = {"ISSUER": "me"}
    token = AccessToken.read(str(AccessToken.for_user(user, audience="shop")), audience=["shop", "pay"], issuer="me")
    del token["aud"]
    assert recipients(token) == (None, "me")


def test_read_keeps_the_own_init_and_backend_of_a_class(user, settings):
    class Own(AccessToken):
        def __init__(self, token=None, verify=True):
            self.seen = token
            super().__init__(token, verify)

        def get_token_backend(self):
            return TokenBackend("HS256", SECRET, audience="own")

    settings.SIMPLE_JWT = SITE
    own, shop = str(Own.for_user(user)), str(Own.for_user(user, audience="shop"))
    assert Own(own)["aud"] == "own"
    assert Own.read(shop, audience="shop").seen == shop
    for text, accepted in ((own, {"audience": "shop"}), (shop, {}), (shop, {"audience": "site"})):
        with pytest.raises(TokenError):
            Own.read(text, **accepted)


# Other issuers' tokens

OTHER = "https://other.example"


@pytest.fixture
def foreign(settings, monkeypatch):
    """Makes tokens of another issuer, whose own rule asks for the audience `api`."""
    other = {"jwk_url": f"{OTHER}/jwks.json", "algorithms": ["ES256"], "audience": "api"}
    settings.SIMPLE_JWT = SITE | {"ISSUERS": {OTHER: other}}
    prepared = material.verifying_key("ES256", spki(private_key("ES256")))
    monkeypatch.setattr(JWKSetClient, "verifying_key", lambda *arguments: prepared)
    return lambda **changes: signed(claims("access", user_id="1", iss=OTHER, **changes))


def taken(text, **accepted):
    try:
        return AccessToken.read(text, **accepted)["iss"]
    except TokenError:
        return None


def test_an_audience_replaces_that_of_another_issuer(foreign):
    assert [taken(foreign(aud=aud)) for aud in ("api", "site", "shop")] == [OTHER, None, None]
    assert [taken(foreign(aud=aud), audience="shop") for aud in ("api", "site", "shop")] == [None, None, OTHER]
    own = access(aud="shop", iss="https://site.example")
    assert (taken(own), taken(own, audience="shop")) == (None, "https://site.example")


def test_an_issuer_leaves_out_all_others(foreign):
    own = access(aud="site", iss="https://site.example")
    both = [OTHER, "https://site.example"]
    for text, iss in ((foreign(aud="api"), OTHER), (own, "https://site.example")):
        assert taken(text) == taken(text, issuer=iss) == taken(text, issuer=both) == iss
        assert taken(text, issuer="https://shop.example") is None
        assert taken(text, issuer=[other for other in both if other != iss]) is None


def test_an_issuer_that_is_named_has_to_sign_for_itself(foreign):
    """Our own key says nothing about another issuer, whatever a view accepts."""
    forged = access(aud="api", iss=OTHER)
    assert taken(forged) is taken(forged, issuer=OTHER) is taken(forged, issuer=OTHER, audience="api") is None


# What views and authentication classes say


def holder(**attributes):
    return type("Holder", (), attributes)()


def test_who_says_nothing_takes_what_is_configured():
    for silent in (None, object(), holder(), holder(audience=None, issuer=None), JWTAuthentication()):
        assert Accepts.of(silent) is AS_CONFIGURED


@pytest.mark.parametrize(
    ("said", "names"),
    [("shop", ("shop",)), (["shop", "pay"], ("shop", "pay")), (("shop",), ("shop",)), ({"shop"}, ("shop",))],
    ids=str,
)
def test_one_or_several_may_be_named(said, names):
    assert Accepts.of(holder(audience=said)) == Accepts(names, None)
    assert Accepts.of(holder(issuer=said)) == Accepts(None, names)


WRONG = [7, 0, False, b"shop", "", [], [""], ["shop", 7], ["shop", b"pay"], {"shop": 1}, object(), lambda: "shop"]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", ["audience", "issuer"])
def test_anything_else_is_the_projects_mistake_and_says_where(name, wrong):
    with pytest.raises(KeyConfigurationError) as caught:
        Accepts.of(holder(**{name: wrong}))
    assert str(caught.value) == f"{__name__}.Holder.{name} must be None, a text or several texts"
    assert isinstance(caught.value, ImproperlyConfigured)


def test_an_action_of_a_viewset_is_no_rule():
    class Cards:
        @action(detail=True)
        def issuer(self, request, pk=None): ...

    assert Accepts.of(Cards()) is AS_CONFIGURED


def test_a_property_that_breaks_is_no_rule_left_out():
    class View:
        @property
        def audience(self):
            return self.kwargs["tenant"]

    with pytest.raises(AttributeError, match="kwargs"):
        Accepts.of(View())
    view = View()
    view.kwargs = {"tenant": "shop"}
    assert Accepts.of(view) == Accepts(("shop",), None)


def test_the_view_is_found_where_there_is_one():
    plain = RequestFactory().get("/")
    view = holder()
    assert view_of(plain) is None
    assert view_of(Request(plain)) is None
    assert view_of(Request(plain, parser_context={"view": view})) is view
    assert view_of(SimpleNamespace(parser_context=None)) is None


def test_a_silent_holder_calls_the_class_as_ever(monkeypatch):
    """Functions and classes that only look like a Token may stand in AUTH_TOKEN_CLASSES."""
    monkeypatch.setattr(api_settings, "AUTH_TOKEN_CLASSES", [lambda text: f"read {text}"])
    assert JWTAuthentication().get_validated_token("text") == "read text"


# Authentication


class ShopAuthentication(JWTAuthentication):
    audience = "shop"


def request_of(view=None, text=""):
    request = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {text}")
    return request if view is None else Request(request, parser_context={"view": view})


def test_an_authenticator_is_itself_where_the_view_says_nothing():
    authenticator = ShopAuthentication()
    for request in (request_of(), request_of(holder()), request_of(holder(audience=None))):
        assert authenticator.for_request(request) is authenticator


def test_a_view_goes_before_the_class_in_what_it_says_and_leaves_the_authenticator_alone():
    class Both(JWTAuthentication):
        audience, issuer = "shop", "me"

    authenticator = Both()
    accepting = authenticator.for_request(request_of(holder(audience="pay")))
    assert type(accepting) is Both
    assert (accepting.audience, accepting.issuer) == (("pay",), "me")
    accepting = authenticator.for_request(request_of(holder(issuer=["you"])))
    assert (accepting.audience, accepting.issuer) == ("shop", ("you",))
    assert (authenticator.audience, authenticator.issuer) == ("shop", "me")


@pytest.mark.parametrize("view", [None, holder()], ids=["plain", "view"])
def test_the_classes_own_audience(user, view):
    here, shop = AccessToken.for_user(user), AccessToken.for_user(user, audience="shop")
    assert ShopAuthentication().authenticate(request_of(view, shop))[0] == user
    with pytest.raises(InvalidToken):
        ShopAuthentication().authenticate(request_of(view, here))


def test_a_class_that_overrides_authenticate_can_ask_for_the_views(user):
    class Cookie(JWTAuthentication):
        def authenticate(self, request):
            token = self.for_request(request).get_validated_token(request.META["HTTP_AUTHORIZATION"].split()[1])
            return self.get_user(token), token

    view = holder(audience="shop")
    shop, here = AccessToken.for_user(user, audience="shop"), AccessToken.for_user(user)
    assert Cookie().authenticate(request_of(view, shop))[0] == user
    with pytest.raises(InvalidToken):
        Cookie().authenticate(request_of(view, here))


def test_a_class_that_overrides_get_validated_token_is_asked_with_the_token_alone(user):
    class Counting(JWTAuthentication):
        def get_validated_token(self, raw_token):
            return super().get_validated_token(raw_token)

    view = holder(audience="shop")
    shop, here = AccessToken.for_user(user, audience="shop"), AccessToken.for_user(user)
    assert Counting().authenticate(request_of(view, shop))[0] == user
    with pytest.raises(InvalidToken):
        Counting().authenticate(request_of(view, here))


def test_a_mistake_of_the_view_is_no_401(user):
    with pytest.raises(KeyConfigurationError, match=r"Holder\.audience"):
        JWTAuthentication().authenticate(request_of(holder(audience=7), AccessToken.for_user(user)))
    wrong = type("Wrong", (JWTAuthentication,), {"issuer": 7})
    with pytest.raises(KeyConfigurationError, match=r"Wrong\.issuer"):
        wrong().authenticate(request_of(None, AccessToken.for_user(user)))
