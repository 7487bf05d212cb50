"""Views that name whose tokens they take: every kind of view, every token view, each gate open and shut."""

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework import generics, mixins, routers, serializers, viewsets
from rest_framework.decorators import action, api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from oxijwt import views
from oxijwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication
from oxijwt.exceptions import KeyConfigurationError
from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from oxijwt.tokens import AccessToken, RefreshToken, SlidingToken
from tests.client import INVALID_TOKEN, blacklist_rows, claims, forge, make_user

pytestmark = pytest.mark.django_db

BOTH = {"audience": "shop", "issuer": "https://shop.example"}
REFUSED = (401, "token_not_valid", INVALID_TOKEN)


class WhoAmI(APIView):
    """Takes what the settings say."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [IsAuthenticated]
    audience: object = None
    issuer: object = None

    def get(self, request):
        return Response({"user": str(request.user.pk)})


class Shop(WhoAmI):
    audience = "shop"


class ShopAuthentication(JWTAuthentication):
    audience = "shop"


class StatelessShopAuthentication(JWTStatelessUserAuthentication):
    audience = "shop"


class ByClass(WhoAmI):
    authentication_classes = [ShopAuthentication]


class Generic(generics.GenericAPIView):
    authentication_classes = [JWTAuthentication]
    permission_classes = [IsAuthenticated]
    audience = ("shop", "mobile")

    def get(self, request):
        return Response({"user": str(request.user.pk)})


class Browsable(generics.CreateAPIView):
    """Its page shows a form where the user may send it."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [IsAuthenticated]
    renderer_classes = [JSONRenderer, BrowsableAPIRenderer]
    serializer_class = type("Note", (serializers.Serializer,), {"note": serializers.CharField()})
    audience = "shop"

    def get(self, request):
        return Response({"user": str(request.user.pk)})


@api_view(["GET"])
@permission_classes([IsAuthenticated])
@authentication_classes([ShopAuthentication])
def by_decorator(request):
    return Response({"user": str(request.user.pk)})


@api_view(["GET"])
@permission_classes([IsAuthenticated])
@authentication_classes([JWTAuthentication])
def by_attribute(request):
    return Response({"user": str(request.user.pk)})


by_attribute.cls.audience = "shop"


class Things(mixins.ListModelMixin, viewsets.GenericViewSet):
    authentication_classes = [JWTAuthentication]
    permission_classes = [IsAuthenticated]
    audience = "shop"

    def list(self, request):
        return Response({"user": str(request.user.pk)})

    @action(detail=False, audience=None)
    def here(self, request):
        return Response({"user": str(request.user.pk)})


class Cards(Things):
    audience = None

    @action(detail=False)
    def issuer(self, request):
        return Response({"user": str(request.user.pk)})


ROUTER = routers.SimpleRouter()
ROUTER.register("things", Things, basename="thing")
ROUTER.register("cards", Cards, basename="card")


def accepting(**accepted):
    return [
        path("refresh/", views.TokenRefreshView.as_view(**accepted)),
        path("verify/", views.TokenVerifyView.as_view(**accepted)),
        path("blacklist/", views.TokenBlacklistView.as_view(**accepted)),
        path("sliding/refresh/", views.TokenRefreshSlidingView.as_view(**accepted)),
    ]


urlpatterns = [
    path("site/", WhoAmI.as_view()),
    path("site/", include("tests.sites.token_urls")),
    path("shop/", Shop.as_view()),
    path("shop/", include(accepting(audience="shop"))),
    path("both/", Shop.as_view(issuer="https://shop.example")),
    path("both/", include(accepting(**BOTH))),
    path("several/", Shop.as_view(audience=["pay", "mobile"])),
    path("stateless/", Shop.as_view(authentication_classes=[JWTStatelessUserAuthentication])),
    path("by-class/", ByClass.as_view()),
    path("by-stateless-class/", ByClass.as_view(authentication_classes=[StatelessShopAuthentication])),
    path("before-the-class/", ByClass.as_view(audience="pay")),
    path("beside-the-class/", ByClass.as_view(issuer="https://shop.example")),
    path("generic/", Generic.as_view()),
    path("browsable/", Browsable.as_view()),
    path("by-decorator/", by_decorator),
    path("by-attribute/", by_attribute),
    path("wrong/", Shop.as_view(audience=7)),
    path("wrong/", include(accepting(audience=7))),
    path("", include(ROUTER.urls)),
]


@pytest.fixture(autouse=True)
def _urls(settings):
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def user():
    return make_user()


@pytest.fixture(params=["set", "unset"])
def site(request, settings):
    """The settings' audience and without one."""
    settings.SIMPLE_JWT = {"AUDIENCE": "site"} if request.param == "set" else {}
    return request.param


def get(where, token, **headers):
    return Client().get(f"/{where}/", HTTP_AUTHORIZATION=f"Bearer {token}", **headers)


def post(where, token, field="refresh"):
    return Client().post(f"/{where}/", {field: str(token)}, content_type="application/json")


def answer(response):
    body = response.json()
    return response.status_code, body.get("code"), response.headers.get("WWW-Authenticate")


def require_only(taken, where, tokens):
    """Of these tokens the view takes exactly those named."""
    answers = {name: get(where, token) for name, token in tokens.items()}
    assert {name for name, response in answers.items() if response.status_code == 200} == set(taken)
    assert {answer(response) for name, response in answers.items() if name not in taken} <= {REFUSED}


def tokens_for(user):
    return {
        "site": AccessToken.for_user(user),
        "shop": AccessToken.for_user(user, audience="shop"),
        "pay": AccessToken.for_user(user, audience=["pay", "bank"]),
        "both": AccessToken.for_user(user, **BOTH),
    }


FOR_SHOP = ("shop", "both")


@pytest.mark.parametrize(
    ("where", "taken"),
    [
        ("shop", FOR_SHOP),
        ("both", ("both",)),
        ("several", ("pay",)),
        ("stateless", FOR_SHOP),
        ("by-class", FOR_SHOP),
        ("by-stateless-class", FOR_SHOP),
        ("before-the-class", ("pay",)),
        ("beside-the-class", ("both",)),
        ("generic", FOR_SHOP),
        ("browsable", FOR_SHOP),
        ("by-decorator", FOR_SHOP),
        ("by-attribute", FOR_SHOP),
        ("things", FOR_SHOP),
    ],
)
def test_a_view_takes_tokens_for_whom_it_says_and_no_others(user, site, where, taken):
    require_only(taken, where, tokens_for(user))


@pytest.mark.parametrize("where", ["site", "things/here", "cards", "cards/issuer"])
def test_a_view_that_says_nothing_takes_what_the_settings_say(user, settings, where):
    settings.SIMPLE_JWT = {"AUDIENCE": "site"}
    require_only({"site"}, where, tokens_for(user))
    settings.SIMPLE_JWT = {}
    require_only({"site", "shop", "pay", "both"}, where, tokens_for(user))


def test_a_view_replaces_what_the_settings_say_of_the_same_claim_only(user, settings):
    settings.SIMPLE_JWT = {"AUDIENCE": "site", "ISSUER": "me"}
    require_only({"shop"}, "shop", tokens_for(user))
    require_only({"both"}, "both", tokens_for(user))
    require_only({"site"}, "site", tokens_for(user))


@pytest.mark.parametrize("aud", [["shop"], ["site", "shop"], "shop"], ids=str)
def test_one_of_a_tokens_audiences_is_enough(user, aud):
    assert get("shop", forge(claims("access", user_id=str(user.pk), aud=aud))).status_code == 200


@pytest.mark.parametrize("aud", [[], ["Shop"], "shop ", "sho", "shops", [["shop"]], {"shop": 1}, 7, None], ids=str)
def test_anything_like_it_is_not(user, aud):
    assert answer(get("shop", forge(claims("access", user_id=str(user.pk), aud=aud)))) == REFUSED


def test_a_page_of_the_browsable_api_and_its_form(user):
    shop, here = AccessToken.for_user(user, audience="shop"), AccessToken.for_user(user)
    page = get("browsable", shop, HTTP_ACCEPT="text/html")
    assert page.status_code == 200
    assert '<form action="/browsable/"' in page.content.decode()
    refused = get("browsable", here, HTTP_ACCEPT="text/html")
    assert refused.status_code == 401
    assert "<form action=" not in refused.content.decode()


def test_no_token_is_no_mistake(user):
    anonymous = Client().get("/shop/")
    assert (anonymous.status_code, anonymous.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


def test_a_plain_request_is_held_against_the_class_and_the_settings(user, settings, rf):
    settings.SIMPLE_JWT = {"AUDIENCE": "site"}

    def took(authenticator, token):
        return authenticator.authenticate(rf.get("/", HTTP_AUTHORIZATION=f"Bearer {token}"))[0] == user

    tokens = tokens_for(user)
    assert took(JWTAuthentication(), tokens["site"])
    assert took(ShopAuthentication(), tokens["shop"])


# Token views

FIELDS = {"refresh": "refresh", "verify": "token", "blacklist": "refresh", "sliding/refresh": "token"}


def tokens_of(view, user):
    token_class = SlidingToken if view == "sliding/refresh" else RefreshToken
    return {
        "site": token_class.for_user(user),
        "shop": token_class.for_user(user, audience="shop"),
        "pay": token_class.for_user(user, audience=["pay"]),
        "both": token_class.for_user(user, audience=["shop", "bank"], issuer="https://shop.example"),
    }


@pytest.mark.parametrize("view", FIELDS)
@pytest.mark.parametrize(("where", "taken"), [("shop", FOR_SHOP), ("both", ("both",))])
def test_a_token_view_takes_tokens_for_whom_it_says_and_no_others(user, site, view, where, taken):
    for name, token in tokens_of(view, user).items():
        before = blacklist_rows()
        response = post(f"{where}/{view}", token, FIELDS[view])
        assert (response.status_code == 200) is (name in taken)
        if name not in taken:
            assert answer(response) == REFUSED
            assert blacklist_rows() == before


@pytest.mark.parametrize("view", FIELDS)
def test_a_token_view_that_says_nothing_takes_what_the_settings_say(user, settings, view):
    settings.SIMPLE_JWT = {"AUDIENCE": "site"}
    answers = {name: post(f"site/{view}", token, FIELDS[view]) for name, token in tokens_of(view, user).items()}
    assert {name for name, response in answers.items() if response.status_code == 200} == {"site"}
    settings.SIMPLE_JWT = {}
    for token in tokens_of(view, user).values():
        assert post(f"site/{view}", token, FIELDS[view]).status_code == 200


def test_a_login_for_the_shop_lives_in_the_shop(user, settings):
    """Refreshed, rotated, used and ended, and refused by the site at every step."""
    settings.SIMPLE_JWT = {"AUDIENCE": "site", "ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
    refresh = str(RefreshToken.for_user(user, audience="shop"))
    for _time in range(2):
        assert answer(post("site/refresh", refresh)) == REFUSED
        pair = post("shop/refresh", refresh).json()
        assert get("shop", pair["access"]).status_code == 200
        assert answer(get("site", pair["access"])) == REFUSED
        assert answer(post("shop/refresh", refresh)) == REFUSED  # spent
        refresh = pair["refresh"]
    assert answer(post("site/blacklist", refresh)) == REFUSED
    assert post("shop/blacklist", refresh).status_code == 200
    assert answer(post("shop/refresh", refresh)) == REFUSED
    assert OutstandingToken.objects.count() == BlacklistedToken.objects.count() == 3


def test_a_sliding_login_for_the_shop_lives_in_the_shop(user, settings):
    settings.SIMPLE_JWT = {"AUDIENCE": "site", "AUTH_TOKEN_CLASSES": ("oxijwt.tokens.SlidingToken",)}
    token = str(SlidingToken.for_user(user, audience="shop"))
    for _time in range(2):
        assert answer(post("site/sliding/refresh", token, "token")) == REFUSED
        token = post("shop/sliding/refresh", token, "token").json()["token"]
        assert get("shop", token).status_code == 200
        assert answer(get("site", token)) == REFUSED


@pytest.mark.parametrize("view", [views.TokenObtainPairView, views.TokenObtainSlidingView])
@pytest.mark.parametrize("name", ["audience", "issuer"])
def test_a_login_view_reads_no_tokens(view, name):
    with pytest.raises(TypeError, match=name):
        view.as_view(**{name: "shop"})


# Mistakes


def test_a_views_mistake_is_no_401_and_says_where(user):
    token = AccessToken.for_user(user)
    with pytest.raises(KeyConfigurationError, match=r"test_audience_views\.Shop\.audience must be"):
        get("wrong", token)


@pytest.mark.parametrize("view", FIELDS)
def test_a_token_views_mistake_is_no_401_and_says_where(user, view):
    name = {"sliding/refresh": "TokenRefreshSlidingView"}.get(view, f"Token{view.capitalize()}View")
    with pytest.raises(KeyConfigurationError, match=rf"oxijwt\.views\.{name}\.audience must be") as caught:
        post(f"wrong/{view}", tokens_of(view, user)["site"], FIELDS[view])
    assert "eyJ" not in str(caught.value)
