"""Checks of the cookies that carry tokens."""

from collections.abc import Iterable

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.views.debug import get_default_exception_reporter_filter

from oxijwt.authentication import JWTCookieAuthentication
from oxijwt.settings import api_settings
from oxijwt.transport.cookies import ACCESS, FIELDS, cookie_name

from .requests import default_authentication
from .values import is_cookie_name

SHOWN = "shown"
"""A value that no exception reporter filter hides for what it is."""


def names() -> Iterable[CheckMessage]:
    """Findings about the names of the cookies: one that belongs to another cookie, and one that reports show."""
    taken = {"SESSION_COOKIE_NAME": settings.SESSION_COOKIE_NAME, "CSRF_COOKIE_NAME": settings.CSRF_COOKIE_NAME}
    for setting in FIELDS:
        name = cookie_name(setting) if is_cookie_name(getattr(api_settings, setting)) else None
        if name is None:
            continue
        if name in taken.values():
            others = " and ".join(other for other, used in taken.items() if used == name)
            yield Error(
                f"SIMPLE_JWT['{setting}'] must name a cookie of its own: {others} names the same one.",
                hint="Remove the setting: its default is right.",
                id="oxijwt.E054",
            )
        if get_default_exception_reporter_filter().cleanse_setting(name, SHOWN) == SHOWN:
            yield CheckWarning(
                f"Django's error reports show the cookie of SIMPLE_JWT['{setting}'], and so its token.",
                hint="Use a name with 'token' in it, such as 'refresh_token': the reports hide its value.",
                id="oxijwt.W036",
            )
        taken[setting] = name


def reach() -> Iterable[CheckMessage]:
    """Findings about cookies that go further than to this host, or that other hosts can plant."""
    changed = [name for name in ("AUTH_COOKIE_PATH", "AUTH_COOKIE_DOMAIN") if differs(name)]
    if changed:
        wrong = " and ".join(f"SIMPLE_JWT['{name}']" for name in changed)
        yield CheckWarning(
            f"Because of {wrong}, the cookies have no prefix __Host-: other hosts of the domain can set them.",
            hint="Remove the setting. A narrower path protects nothing from other pages of the same origin.",
            id="oxijwt.W031",
        )
    if api_settings.AUTH_COOKIE_SAMESITE == "None":
        yield CheckWarning(
            "SIMPLE_JWT['AUTH_COOKIE_SAMESITE'] is 'None': browsers send the cookies with requests of foreign pages."
            " Only the CSRF check is left against them.",
            hint="Use 'Strict', and serve the page from the same site as the API.",
            id="oxijwt.W033",
        )


def differs(setting: str) -> bool:
    """Whether AUTH_COOKIE_PATH or AUTH_COOKIE_DOMAIN takes away the prefix __Host-."""
    value = getattr(api_settings, setting)
    return isinstance(value, str) and value != "/"


def unread() -> Iterable[CheckMessage]:
    """A finding if the access token goes into a cookie that no request is authenticated by."""
    if api_settings.AUTH_COOKIE_ACCESS is None:
        return
    if not any(issubclass(found, JWTCookieAuthentication) for found in default_authentication()):
        yield CheckWarning(
            f"SIMPLE_JWT['{ACCESS}'] puts access tokens into a cookie, but none of DEFAULT_AUTHENTICATION_CLASSES reads"
            " it.",
            hint="Add 'oxijwt.authentication.JWTCookieAuthentication'. If your views name it, silence this check.",
            id="oxijwt.W034",
        )


def insecure() -> Iterable[CheckMessage]:
    """For `check --deploy`: a finding if browsers send the cookies over http."""
    if api_settings.AUTH_COOKIE_SECURE is False:
        yield CheckWarning(
            "SIMPLE_JWT['AUTH_COOKIE_SECURE'] is off: browsers send the cookies over http too, where others can read"
            " them.",
            hint="Remove the setting, and serve the site over https.",
            id="oxijwt.W032",
        )
