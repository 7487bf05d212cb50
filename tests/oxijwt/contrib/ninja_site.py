"""APIs of django-ninja with each class of `oxijwt.contrib.ninja`. Each path exists sync and, after `async/`, async."""

from django.urls import path
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_headers
from ninja import NinjaAPI, Router
from ninja.decorators import decorate_view
from ninja.errors import AuthenticationError
from ninja.security import APIKeyQuery
from ninja.throttling import UserRateThrottle

from oxijwt.authentication import JWTAuthentication
from oxijwt.contrib.ninja import AsyncJWTAuth, AsyncJWTCookieAuth, JWTAuth, JWTCookieAuth, register
from oxijwt.tokens import Token


class Key(APIKeyQuery):
    """Another entry of `auth`."""

    def authenticate(self, _request, key):
        return key == "right"


class Tenant(JWTAuthentication):
    """A project's own class, which refuses everybody but ada."""

    www_authenticate_realm = "tenant"

    def get_user(self, validated_token):
        user = super().get_user(validated_token)
        if user.get_username() != "ada":
            raise self.refused_user("user_not_found")
        return user


class TenantAuth(JWTAuth):
    authentication_classes = (Tenant,)
    audience = "orders"


METHODS = {"GET": "orders:read", "POST": ["orders:read", "orders:write"]}
AUTHS = {
    "header": (JWTAuth(), AsyncJWTAuth()),
    "audience": (JWTAuth(audience="orders"), AsyncJWTAuth(audience="orders")),
    "issuer": (JWTAuth(issuer="https://other.example"), AsyncJWTAuth(issuer="https://other.example")),
    "tenant": (TenantAuth(), TenantAuth()),
    "scope": (JWTAuth(required_scopes="orders:read"), AsyncJWTAuth(required_scopes="orders:read")),
    "scopes": (JWTAuth(required_scopes=METHODS), AsyncJWTAuth(required_scopes=METHODS)),
    "cookie": (JWTCookieAuth(), AsyncJWTCookieAuth()),
    "both": ([JWTCookieAuth(), JWTAuth()], [AsyncJWTCookieAuth(), AsyncJWTAuth()]),
    "key": ([JWTAuth(), Key()], [AsyncJWTAuth(), Key()]),
    "swapped": (AsyncJWTAuth(), JWTAuth()),
    "open": (None, None),
}


def shown(request, user):
    """What the operation sees of the request's user and token."""
    return {"user": user.get_username(), "token": isinstance(getattr(request, "auth", None), Token)}


def operation(request, number: int = 0):
    return shown(request, request.user)


async def async_operation(request, number: int = 0):
    return shown(request, await request.auser())


def refusing(request):
    """The operation's own refusal."""
    raise AuthenticationError(message="The operation's own.")


def made(namespace, *, registered):
    """An API with all operations."""
    api = NinjaAPI(urls_namespace=namespace, version=namespace)
    if registered:
        register(api)
    for name, auths in AUTHS.items():
        for prefix, view, auth in zip(("", "async/"), (operation, async_operation), auths, strict=True):
            api.api_operation(["GET", "POST", "PUT"], f"{prefix}{name}/", auth=auth, url_name=f"{prefix}{name}")(view)
    return api


api = made("registered", registered=True)
api.get("refusing/", auth=JWTAuth(), url_name="refusing")(refusing)
api.get("open-refusing/", url_name="open-refusing")(refusing)
api.get("throttled/", auth=JWTAuth(), throttle=UserRateThrottle("2/m"), url_name="throttled")(operation)


@api.get("kept/", auth=JWTAuth(), url_name="kept")
@decorate_view(vary_on_headers("Authorization"), cache_page(60))
def kept(request):
    """An operation whose answers Django keeps."""
    return request.user.get_username()


router = Router(auth=JWTAuth())
router.get("", url_name="routed")(operation)
api.add_router("routed/", router)

plain = made("plain", registered=False)
second = NinjaAPI(urls_namespace="second")
register(second)
for other in plain, second:
    other.add_router("routed/", router)

cookies = NinjaAPI(urls_namespace="cookies", auth=JWTCookieAuth())
urlpatterns = [path("api/", api.urls), path("plain/", plain.urls), path("second/", second.urls)]
urlpatterns += [path("cookies/", cookies.urls)]
