"""The `SIMPLE_JWT` setting: defaults, cache, reload in place.

`api_settings` is one object for the life of the process. `setting_changed` clears it and never replaces it, so a name
that was imported early also follows `override_settings(SIMPLE_JWT=…)`.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cached_property
from math import inf
from typing import Any, Generic, TypeVar

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from rest_framework.settings import APISettings as _APISettings
from rest_framework.settings import perform_import

from .locale import gettext_lazy as _
from .utils import format_lazy

Values = dict[str, Any]
"""Settings by name."""

DEFAULTS: Values = {
    # simplejwt 5.5.1
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
    "ROTATE_REFRESH_TOKENS": False,
    "BLACKLIST_AFTER_ROTATION": False,
    "UPDATE_LAST_LOGIN": False,
    "ALGORITHM": "HS256",
    "SIGNING_KEY": None,  # unset: settings.SECRET_KEY, read when it is needed
    "VERIFYING_KEY": "",
    "AUDIENCE": None,
    "ISSUER": None,
    "JSON_ENCODER": None,
    "JWK_URL": None,
    "LEEWAY": 0,
    "AUTH_HEADER_TYPES": ("Bearer",),
    "AUTH_HEADER_NAME": "HTTP_AUTHORIZATION",
    "USER_ID_FIELD": "id",
    "USER_ID_CLAIM": "user_id",
    "USER_AUTHENTICATION_RULE": "oxijwt.authentication.default_user_authentication_rule",
    "AUTH_TOKEN_CLASSES": ("oxijwt.tokens.AccessToken",),
    "TOKEN_TYPE_CLAIM": "token_type",
    "JTI_CLAIM": "jti",
    "TOKEN_USER_CLASS": "oxijwt.models.TokenUser",
    "SLIDING_TOKEN_REFRESH_EXP_CLAIM": "refresh_exp",
    "SLIDING_TOKEN_LIFETIME": timedelta(minutes=5),
    "SLIDING_TOKEN_REFRESH_LIFETIME": timedelta(days=1),
    "TOKEN_OBTAIN_SERIALIZER": "oxijwt.serializers.TokenObtainPairSerializer",
    "TOKEN_REFRESH_SERIALIZER": "oxijwt.serializers.TokenRefreshSerializer",
    "TOKEN_VERIFY_SERIALIZER": "oxijwt.serializers.TokenVerifySerializer",
    "TOKEN_BLACKLIST_SERIALIZER": "oxijwt.serializers.TokenBlacklistSerializer",
    "SLIDING_TOKEN_OBTAIN_SERIALIZER": "oxijwt.serializers.TokenObtainSlidingSerializer",
    "SLIDING_TOKEN_REFRESH_SERIALIZER": "oxijwt.serializers.TokenRefreshSlidingSerializer",
    "CHECK_REVOKE_TOKEN": False,
    "REVOKE_TOKEN_CLAIM": "hash_password",
    "CHECK_USER_IS_ACTIVE": True,
    # simplejwt's unreleased main
    "ON_LOGIN_SUCCESS": "oxijwt.serializers.default_on_login_success",
    "ON_LOGIN_FAILED": "oxijwt.serializers.default_on_login_failed",
    # oxijwt
    "MAX_TOKEN_LENGTH": 16_384,  # bytes
    "ALLOWED_TYP": ("JWT", "at+jwt"),
    "VERIFIED_TOKEN_CACHE_SIZE": 1024,  # tokens
    "OUTSTANDING_TOKEN_DIGEST": False,
    # oxijwt's answers, claims and scopes
    "TOKEN_RESPONSE_STYLE": "simplejwt",
    "TOKEN_RESPONSE_EXPIRES_IN": False,
    "CLAIMS": None,
    "USER_SCOPES": None,
    # oxijwt's cookies
    "AUTH_COOKIE_REFRESH": "refresh_token",
    "AUTH_COOKIE_ACCESS": None,
    "AUTH_COOKIE_SECURE": True,
    "AUTH_COOKIE_SAMESITE": "Strict",
    "AUTH_COOKIE_PATH": "/",
    "AUTH_COOKIE_DOMAIN": None,
    # oxijwt's key ring
    "KEYS": None,
    "KEY_FILE": None,
    "KEY_FILE_STALE": timedelta(minutes=10),
    "LEGACY_KEY_UNTIL": None,
    "KEY_PUBLISH_AHEAD": timedelta(minutes=10),
    "KEY_RETAIN": None,
    "ISSUERS": None,
    "JWK_REFETCH_INTERVAL": timedelta(seconds=10),
    # oxijwt.token_sessions
    "TOKEN_SESSIONS": "issue",
    "REQUIRE_SESSION": None,
    "REFRESH_REUSE_GRACE": timedelta(seconds=30),
    "REFRESH_REUSE_GRACE_SAME_AGENT": False,
    "SESSION_ABSOLUTE_LIFETIME": timedelta(days=30),
    "SESSION_LIMIT_PER_USER": None,
    "SESSION_CLIENT_INFO": "oxijwt.token_sessions.client_info.default_client_info",
    "SESSION_ID_CLAIM": "sid",
    "SESSION_GENERATION_CLAIM": "gen",
    "REVOCATION_CACHE": None,
    "REVOCATION_MEMORY": None,
    "ADOPT_UNTIL": None,
    "SEND_USER_LOGGED_IN": False,
}

LIFETIMES = (
    "ACCESS_TOKEN_LIFETIME",
    "REFRESH_TOKEN_LIFETIME",
    "SLIDING_TOKEN_LIFETIME",
    "SLIDING_TOKEN_REFRESH_LIFETIME",
)
"""The lifetimes of tokens."""

CLAIM_SETTINGS = (
    "USER_ID_CLAIM",
    "TOKEN_TYPE_CLAIM",
    "JTI_CLAIM",
    "SLIDING_TOKEN_REFRESH_EXP_CLAIM",
    "REVOKE_TOKEN_CLAIM",
)
"""The settings that name a claim, without those of sessions."""

SESSION_CLAIM_SETTINGS = ("SESSION_ID_CLAIM", "SESSION_GENERATION_CLAIM")

SESSION_APP = "oxijwt.token_sessions"
"""The name of the app with the sessions."""

SCOPE_CLAIM = "scope"
"""The claim with a token's scopes (RFC 9068 section 2.2.3)."""

REGISTERED_CLAIMS = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", SCOPE_CLAIM})
"""Claims that have a meaning already (RFC 7519 section 4.1, OpenID Connect Core section 2, RFC 9068)."""

MAY_BE_REGISTERED = {"USER_ID_CLAIM": "sub", "JTI_CLAIM": "jti"}
MAY_BE_NONE = frozenset({"TOKEN_TYPE_CLAIM", "JTI_CLAIM"})

IMPORT_STRINGS = (
    "AUTH_TOKEN_CLASSES",
    "JSON_ENCODER",
    "TOKEN_USER_CLASS",
    "USER_AUTHENTICATION_RULE",
    "ON_LOGIN_SUCCESS",
    "ON_LOGIN_FAILED",
    "CLAIMS",
    "USER_SCOPES",
    "SESSION_CLIENT_INFO",
)

REMOVED_SETTINGS = (
    "AUTH_HEADER_TYPE",
    "AUTH_TOKEN_CLASS",
    "SECRET_KEY",
    "TOKEN_BACKEND_CLASS",
)

REMOVED = _("The '{}' setting has been removed. See docs/settings.md for the available settings.")

RELOADING_SETTINGS = frozenset({"SIMPLE_JWT", "SECRET_KEY", "SECRET_KEY_FALLBACKS"})


DERIVED = (
    "no_copy_claims",
    "session_claims",
    "session_required_from",
    "asks_about_users",
    "reserved_claims",
    "uses_oauth_names",
)
"""The attributes of `api_settings` that are computed from settings."""


class Changes:
    """Says whether settings have changed: `version` is a new object after each change.

    An object that is made from settings keeps the version of that time, and is made again once the version differs.
    """

    __slots__ = ("version",)

    def __init__(self) -> None:
        self.version: object = object()


changes: Changes = Changes()


class APISettings(_APISettings):
    """DRF's settings object for `settings.SIMPLE_JWT`.

    It raises AttributeError for unknown settings and RuntimeError for removed ones.
    """

    def changed(self) -> None:
        """Mark all objects as outdated that were made from settings or from a backend's attributes."""
        changes.version = object()
        for derived in DERIVED:
            self.__dict__.pop(derived, None)

    @cached_property
    def no_copy_claims(self) -> tuple[str | None, ...]:
        """The claims of a refresh token that its access tokens don't get."""
        return (self.TOKEN_TYPE_CLAIM, "exp", self.JTI_CLAIM, "jti", "iat")

    @cached_property
    def uses_oauth_names(self) -> bool:
        """Whether TOKEN_RESPONSE_STYLE is "oauth". Any other value means "simplejwt"; a check reports it."""
        return bool(self.TOKEN_RESPONSE_STYLE == "oauth")

    @cached_property
    def asks_about_users(self) -> bool:
        """Whether CLAIMS or USER_SCOPES is set: then each access token asks them about its user."""
        return self.CLAIMS is not None or self.USER_SCOPES is not None

    @cached_property
    def reserved_claims(self) -> frozenset[str]:
        """The claims that CLAIMS must not set: registered ones, and those that other settings name."""
        names = (getattr(self, setting) for setting in (*CLAIM_SETTINGS, *SESSION_CLAIM_SETTINGS))
        return REGISTERED_CLAIMS.union(name for name in names if isinstance(name, str))

    @cached_property
    def session_claims(self) -> tuple[str, str]:
        """SESSION_ID_CLAIM and SESSION_GENERATION_CLAIM. Checked once, until a setting changes.

        Raises ImproperlyConfigured if one of them can't be the name of a claim: no session could be found or ended.
        """
        for setting, problem in claim_name_problems((*CLAIM_SETTINGS, *SESSION_CLAIM_SETTINGS)):
            if setting in SESSION_CLAIM_SETTINGS:
                raise ImproperlyConfigured(problem)
        return self.SESSION_ID_CLAIM, self.SESSION_GENERATION_CLAIM

    @cached_property
    def session_required_from(self) -> float:
        """From when on a token that names a user must have a session, in seconds since 1970; infinity for never.

        REQUIRE_SESSION decides. Without it, a site that starts sessions requires them once it adopts no more tokens.
        Computed once, until a setting changes.
        """
        if self.REQUIRE_SESSION is not None:
            return 0 if self.REQUIRE_SESSION else inf
        if not apps.is_installed(SESSION_APP) or self.TOKEN_SESSIONS != "issue":
            return inf
        return 0 if self.ADOPT_UNTIL is None else float(self.ADOPT_UNTIL.timestamp())

    @property
    def user_settings(self) -> Values:
        """The project's own dict, not a copy: a test may put a value into it and then delete the attribute here.

        Raises RuntimeError for a removed setting.
        """
        found: Values | None = self.__dict__.get("_user_settings")
        if found is None:
            found = getattr(settings, "SIMPLE_JWT", None) or {}
            for name in REMOVED_SETTINGS:
                if name in found:
                    raise RuntimeError(format_lazy(REMOVED, name))
            self.__dict__["_user_settings"] = found
        return found

    def __getattr__(self, attr: str) -> Any:
        if attr not in DEFAULTS:
            raise AttributeError(f"Invalid API setting: '{attr}'")
        value: object
        if attr == "SIGNING_KEY" and self.signing_key_is_unset:
            value = settings.SECRET_KEY  # if it is empty, Django raises, and nothing is cached
        else:
            value = self.user_settings.get(attr, DEFAULTS[attr])
            if attr in IMPORT_STRINGS:
                value = imported(value, attr)
        self._cached_attrs.add(attr)
        self.__dict__[attr] = value  # not by setattr: reading a setting is not a change
        return value

    def __setattr__(self, attr: str, value: object) -> None:
        super().__setattr__(attr, value)
        self.changed()

    def __delattr__(self, attr: str) -> None:
        try:
            super().__delattr__(attr)
        finally:  # also if the attribute was not cached: the settings behind it may have changed
            self.changed()

    @property
    def signing_key_is_unset(self) -> bool:
        """Whether SECRET_KEY is used as SIGNING_KEY. If so, SECRET_KEY_FALLBACKS verify too."""
        return "SIGNING_KEY" not in self.user_settings


T = TypeVar("T")


class setting_attribute(Generic[T]):  # noqa: N801  a descriptor, named as Django names its own
    """A class attribute that reads a setting each time. An assigned value replaces it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type | None = None) -> T:
        value: T = getattr(api_settings, self.name)
        return value


api_settings: APISettings = APISettings(None, DEFAULTS, IMPORT_STRINGS)  # type: ignore[arg-type]  # the stubs know DRF's settings only


def imported(value: object, setting: str) -> object:
    """A setting's value with an object in place of each dotted path. Raises ImportError.

    DRF's `perform_import` takes an object in place of a path, but not in a list.
    """
    if isinstance(value, list | tuple):
        return [perform_import(entry, setting) for entry in value]
    return perform_import(value, setting)


def claim_name_problems(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(setting, problem) for each of these settings that can't be the name of a claim of its own.

    If two settings name the same claim, the later one is wrong. No value is quoted.
    """
    named: dict[str, str] = {}
    for setting in names:
        claim = getattr(api_settings, setting)
        if claim is None and setting in MAY_BE_NONE:
            continue
        if not isinstance(claim, str) or not claim:
            yield setting, f"SIMPLE_JWT['{setting}'] must be a text"
        elif claim in REGISTERED_CLAIMS and claim != MAY_BE_REGISTERED.get(setting):
            yield setting, f"SIMPLE_JWT['{setting}'] must not name a registered claim"
        elif claim in named:
            yield setting, f"SIMPLE_JWT['{setting}'] must not name the same claim as SIMPLE_JWT['{named[claim]}']"
        else:
            named[claim] = setting


def reload_api_settings(*, setting: str, **kwargs: object) -> None:
    """Clear the cache if a setting behind `api_settings` changes; mark made objects as outdated if the apps change."""
    if setting in RELOADING_SETTINGS:
        api_settings.reload()
    elif setting == "INSTALLED_APPS":
        api_settings.changed()


USER_SETTINGS: Values | None
"""simplejwt's name of the dict in Django's settings. It is looked up late, since settings may still be loading."""


def __getattr__(name: str) -> Any:
    if name == "USER_SETTINGS":
        return getattr(settings, "SIMPLE_JWT", None)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


setting_changed.connect(reload_api_settings)
