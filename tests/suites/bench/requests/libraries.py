"""What each library's site has: its apps and settings, its URLs, and the requests of a client.

All sites do equal work: one user model, one cheap password hasher, no middleware (allauth needs its own), HS256.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import Any

PASSWORD = "a password of the benchmark"
USERNAMES = [f"user{number}" for number in range(500)]
"""They log in by turns: a user has few logins, and Knox looks at all tokens of a user at each request."""
Tokens = dict[str, str]


@dataclass(frozen=True)
class Request:
    """What a client sends."""

    method: str
    path: str
    body: dict[str, str] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """In the form of a WSGI environment."""


@dataclass(frozen=True)
class Library:
    """`requests` are by name. `obtain` is made from a username, each other one from the tokens of a login."""

    apps: list[str]
    settings: dict[str, Any]
    urlpatterns: Callable[[], list[Any]]
    requests: dict[str, Callable[[Tokens], Request]]
    tokens: Callable[[Any], Tokens] = lambda answer: answer
    """The tokens in a login's answer."""


def credentials(username: str) -> dict[str, str]:
    """The body of a login."""
    return {"username": username, "password": PASSWORD}


def bearer(tokens: Tokens, scheme: str = "Bearer") -> dict[str, str]:
    """The header of an access token."""
    return {"HTTP_AUTHORIZATION": f"{scheme} {tokens['access']}"}


def call(tokens: Tokens) -> Request:
    """A request of a logged-in user."""
    return Request("GET", "/me/", headers=bearer(tokens))


def token_views(package: str, kind: str) -> Library:
    """oxijwt or simplejwt with its own views."""
    logout = "logout" if kind == "sessions" else "blacklist"
    simple_jwt = {
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": kind == "blacklist",
        "ACCESS_TOKEN_LIFETIME": timedelta(hours=1),  # a million requests take longer than 5 minutes
    }
    return Library(
        apps=[f"{package}.token_{kind}"],
        settings={"SIMPLE_JWT": simple_jwt, **authenticated_by(f"{package}.authentication.JWTAuthentication")},
        urlpatterns=lambda: token_urls(package, kind),
        requests={
            "stateless": lambda tokens: Request("GET", "/stateless/", headers=bearer(tokens)),
            "protected": call,
            "obtain": lambda given: Request("POST", "/token/", credentials(given["username"])),
            "refresh": lambda tokens: Request("POST", "/token/refresh/", {"refresh": tokens["refresh"]}),
            "verify": lambda tokens: Request("POST", "/token/verify/", {"token": tokens["access"]}),
            "logout": lambda tokens: Request("POST", f"/token/{logout}/", {"refresh": tokens["refresh"]}),
        },
    )


def token_urls(package: str, kind: str) -> list[Any]:
    """The token views, and both protected views."""
    path, views = import_module("django.urls").path, import_module(f"{package}.views")
    stateless = import_module(f"{package}.authentication").JWTStatelessUserAuthentication
    urls = [
        path("me/", whoami()),
        path("stateless/", whoami(authentication_classes=[stateless])),
        path("token/", views.token_obtain_pair),
        path("token/refresh/", views.token_refresh),
        path("token/verify/", views.token_verify),
        path("token/blacklist/", views.token_blacklist),
    ]
    if kind == "sessions":
        urls.append(path("token/logout/", import_module(f"{package}.token_sessions.views").token_logout))
    return urls


def dj_rest_auth() -> Library:
    """dj-rest-auth on simplejwt with its blacklist, tokens in the header and the body."""
    return Library(
        apps=["rest_framework_simplejwt.token_blacklist", "dj_rest_auth"],
        settings={
            "SIMPLE_JWT": {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
            "REST_AUTH": {"USE_JWT": True, "TOKEN_MODEL": None, "SESSION_LOGIN": False, "JWT_AUTH_HTTPONLY": False},
            **authenticated_by("dj_rest_auth.jwt_auth.JWTCookieAuthentication"),
        },
        urlpatterns=lambda: with_urls("dj_rest_auth.urls", "auth/"),
        requests={
            "obtain": lambda given: Request("POST", "/auth/login/", credentials(given["username"])),
            "protected": call,
            "refresh": lambda tokens: Request("POST", "/auth/token/refresh/", {"refresh": tokens["refresh"]}),
            "logout": lambda tokens: Request(
                "POST", "/auth/logout/", {"refresh": tokens["refresh"]}, headers=bearer(tokens)
            ),
        },
    )


def knox() -> Library:
    """django-rest-knox: one token in a table, and no refresh."""
    return Library(
        apps=["knox"],
        settings=authenticated_by("knox.auth.TokenAuthentication"),
        urlpatterns=knox_urls,
        requests={
            "obtain": lambda given: Request("POST", "/login/", {}, basic(given["username"])),
            "protected": lambda tokens: Request("GET", "/me/", headers=bearer(tokens, "Token")),
            "logout": lambda tokens: Request("POST", "/logout/", {}, bearer(tokens, "Token")),
        },
        tokens=lambda answer: {"access": answer["token"]},
    )


def basic(username: str) -> dict[str, str]:
    """The header with a name and the password."""
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{username}:{PASSWORD}".encode()).decode()}


def knox_urls() -> list[Any]:
    """Knox's views. The login takes the password in a Basic header, as in Knox's documentation."""
    path, views = import_module("django.urls").path, import_module("knox.views")
    basic = import_module("rest_framework.authentication").BasicAuthentication
    return [
        path("me/", whoami()),
        path("login/", views.LoginView.as_view(authentication_classes=[basic])),
        path("logout/", views.LogoutView.as_view()),
    ]


def allauth() -> Library:
    """django-allauth headless for apps: JWTs before Django sessions, asked at each request as oxijwt asks its own."""
    return Library(
        apps=["django.contrib.sessions", "django.contrib.messages", "allauth", "allauth.account", "allauth.headless"],
        settings={
            "MIDDLEWARE": [
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "allauth.account.middleware.AccountMiddleware",
            ],
            "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
            "ACCOUNT_RATE_LIMITS": False,
            "ACCOUNT_EMAIL_VERIFICATION": "none",
            "HEADLESS_ONLY": True,
            "HEADLESS_CLIENTS": ["app"],
            "HEADLESS_TOKEN_STRATEGY": "allauth.headless.tokens.strategies.jwt.JWTTokenStrategy",
            "HEADLESS_JWT_ALGORITHM": "HS256",
            "HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED": True,
            **authenticated_by("allauth.headless.contrib.rest_framework.authentication.JWTTokenAuthentication"),
        },
        urlpatterns=lambda: with_urls("allauth.headless.urls", "_allauth/"),
        requests={
            "obtain": lambda given: Request("POST", "/_allauth/app/v1/auth/login", credentials(given["username"])),
            "protected": call,
            "refresh": lambda tokens: Request(
                "POST", "/_allauth/app/v1/tokens/refresh", {"refresh_token": tokens["refresh"]}
            ),
            "logout": lambda tokens: Request("DELETE", "/_allauth/app/v1/auth/session", headers=bearer(tokens)),
        },
        tokens=lambda answer: {
            "access": answer["meta"]["access_token"],
            "refresh": answer["meta"]["refresh_token"],
        },
    )


def authenticated_by(name: str) -> dict[str, Any]:
    """The setting of an authentication class."""
    return {"REST_FRAMEWORK": {"DEFAULT_AUTHENTICATION_CLASSES": [name]}}


def with_urls(module: str, prefix: str) -> list[Any]:
    """A package's URLs and the protected view."""
    urls = import_module("django.urls")
    return [urls.path("me/", whoami()), urls.path(prefix, urls.include(module))]


def whoami(**options: Any) -> Callable[..., Any]:
    """A view that wants a user and answers with the user's id."""
    views = import_module("rest_framework.views")
    permission = import_module("rest_framework.permissions").IsAuthenticated
    response = import_module("rest_framework.response").Response

    class WhoAmI(views.APIView):
        permission_classes = [permission]

        def get(self, request):
            return response({"user": request.user.pk})

    return WhoAmI.as_view(**options)


def authenticated_whoami() -> Callable[..., Any]:
    """The same view with oxijwt's authentication, whatever the settings have."""
    return whoami(authentication_classes=[import_module("oxijwt.authentication").JWTAuthentication])


def library_of(name: str, kind: str) -> Library:
    """The library of a Spec."""
    if name in TOKEN_VIEWS:
        return token_views(TOKEN_VIEWS[name], kind)
    return OTHERS[name]()


TOKEN_VIEWS = {"oxijwt": "oxijwt", "simplejwt": "rest_framework_simplejwt"}
OTHERS = {"dj-rest-auth": dj_rest_auth, "knox": knox, "allauth": allauth}
