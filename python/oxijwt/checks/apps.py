"""Checks of settings that need an installed app or one of CACHES."""

from collections.abc import Iterable

from django.apps import apps
from django.conf import settings
from django.core.cache.backends.db import BaseDatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.memcached import BaseMemcachedCache
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.db import router
from django.utils.module_loading import import_string

from oxijwt.records import BLACKLIST_LABEL, has_blacklist, session_app
from oxijwt.records.users import users_database
from oxijwt.settings import api_settings

from .neighbours import makes_tokens

DROPPING_CACHES = (BaseDatabaseCache, DummyCache, FileBasedCache, LocMemCache)
"""They store nothing, drop entries above MAX_ENTRIES, or belong to one process or machine."""


def blacklist() -> Iterable[CheckMessage]:
    """Findings if no app has the tables for BLACKLIST_AFTER_ROTATION, or if they are not in the users' database."""
    if api_settings.BLACKLIST_AFTER_ROTATION and not has_blacklist():
        yield Error(
            "SIMPLE_JWT['BLACKLIST_AFTER_ROTATION'] is on, but no installed app has a blacklist.",
            hint="Add 'oxijwt.token_blacklist' to INSTALLED_APPS, or turn the setting off.",
            id="oxijwt.E004",
        )
    tables = apps.get_app_config(BLACKLIST_LABEL).get_models() if has_blacklist() else ()
    if any(router.db_for_write(table) != users_database() for table in tables):
        yield CheckWarning(
            "The routers write token_blacklist's tables and users into different databases. Django can't relate rows of"
            " two databases, so logins may fail.",
            hint="Write both into one database, or use oxijwt.token_sessions alone.",
            id="oxijwt.W040",
        )


def sessions() -> Iterable[CheckMessage]:
    """Findings about `oxijwt.token_sessions`: what makes its protection weaker."""
    if session_app() is None:
        return
    if not api_settings.ROTATE_REFRESH_TOKENS:
        yield CheckWarning(
            "oxijwt.token_sessions can't detect a stolen refresh token while ROTATE_REFRESH_TOKENS is off.",
            hint="Turn SIMPLE_JWT['ROTATE_REFRESH_TOKENS'] on.",
            id="oxijwt.W002",
        )
    if has_blacklist():
        yield CheckWarning(
            "oxijwt.token_sessions and token_blacklist are both installed: OutstandingToken does not list all logins.",
            hint=(
                "List logins with TokenSession, and keep token_blacklist, because dj-rest-auth's logout needs it."
                if makes_tokens()
                else "List logins with TokenSession, and remove token_blacklist once its tokens have expired."
            ),
            id="oxijwt.W004",
        )
        yield from adoption()
    yield from contradictions()


def adoption() -> Iterable[CheckMessage]:
    """A finding if sessions are started next to token_blacklist, and those who are logged in get none."""
    if api_settings.TOKEN_SESSIONS == "issue" and api_settings.ADOPT_UNTIL is None:
        yield CheckWarning(
            "oxijwt.token_sessions and token_blacklist are both installed, but SIMPLE_JWT['ADOPT_UNTIL'] is not set:"
            " tokens of the time before get no session. They are refused, unless REQUIRE_SESSION is off.",
            hint="Set ADOPT_UNTIL to the time when the last token without a session has expired.",
            id="oxijwt.W019",
        )


def contradictions() -> Iterable[CheckMessage]:
    """Findings about settings of sessions that exclude each other."""
    if api_settings.REQUIRE_SESSION is True and api_settings.TOKEN_SESSIONS == "accept":
        yield Error(
            "SIMPLE_JWT['REQUIRE_SESSION'] is on, but TOKEN_SESSIONS is 'accept': all tokens made here are refused.",
            hint="Remove REQUIRE_SESSION, or set TOKEN_SESSIONS to 'issue'.",
            id="oxijwt.E041",
        )
    if api_settings.REFRESH_REUSE_GRACE_SAME_AGENT is True and api_settings.SESSION_CLIENT_INFO is None:
        yield CheckWarning(
            "SIMPLE_JWT['REFRESH_REUSE_GRACE_SAME_AGENT'] has no effect: SESSION_CLIENT_INFO is None, so no user agent"
            " is known.",
            hint="Remove one of the two settings.",
            id="oxijwt.W020",
        )


def plain_tokens() -> Iterable[CheckMessage]:
    """For `check --deploy`: a finding if the table contains refresh tokens that can be used."""
    if has_blacklist() and not api_settings.OUTSTANDING_TOKEN_DIGEST:
        yield CheckWarning(
            "OutstandingToken.token contains whole refresh tokens: a reader of the database or a backup can use them.",
            hint="Turn SIMPLE_JWT['OUTSTANDING_TOKEN_DIGEST'] on.",
            id="oxijwt.W010",
        )


def revocation_cache() -> Iterable[CheckMessage]:
    """Findings about REVOCATION_CACHE."""
    alias = api_settings.REVOCATION_CACHE
    if alias is None:
        return
    if not isinstance(alias, str) or alias not in settings.CACHES:
        yield Error(
            "SIMPLE_JWT['REVOCATION_CACHE'] must be one of CACHES.",
            hint=f"Use a cache that all processes share. CACHES has {', '.join(settings.CACHES)}.",
            id="oxijwt.E006",
        )
        return
    yield from cache_findings(settings.CACHES[alias]["BACKEND"])


def cache_findings(backend: str) -> Iterable[CheckMessage]:
    """The finding about the class of a cache that may drop entries: an ended session would be accepted again."""
    found = import_string(backend)
    hint = "Use a cache that all processes share and that drops no entry, such as Redis with noeviction."
    if issubclass(found, DROPPING_CACHES):
        message = "SIMPLE_JWT['REVOCATION_CACHE'] must be a cache that all processes share and that drops no entry."
        yield Error(message, hint=hint, id="oxijwt.E005")
    elif issubclass(found, BaseMemcachedCache):
        message = "SIMPLE_JWT['REVOCATION_CACHE'] is memcached, which drops entries if its memory is full."
        yield CheckWarning(message, hint=hint, id="oxijwt.W005")
