"""Django without tables, for measurements of tokens."""

import secrets
import sys
from importlib import import_module

import django
from django.conf import settings

from oxijwt.settings import DEFAULTS
from tools.simplejwt import simplejwt_sdist

CACHE_SIZE = "VERIFIED_TOKEN_CACHE_SIZE"


def configure(**simple_jwt: object) -> None:
    """Set Django up once in this process. Neither library's apps are installed, so `for_user` writes no row.

    The cache of verified tokens is off, unless the settings turn it on.
    """
    settings.configure(
        SECRET_KEY=secrets.token_hex(32),
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        USE_TZ=True,
        SIMPLE_JWT=cache_of(0) | simple_jwt,
    )
    django.setup()


def cache_of(entries: int) -> dict[str, object]:
    """The setting of the cache of verified tokens, if this version of oxijwt has it."""
    return {CACHE_SIZE: entries} if CACHE_SIZE in DEFAULTS else {}


def tokens_of(library: str):
    """The module `tokens` of `oxijwt`, or of `rest_framework_simplejwt` from its sdist."""
    if library != "oxijwt":
        sys.path.append(str(simplejwt_sdist()))
    return import_module(f"{library}.tokens")


def make_user():
    """A user that no database has."""
    return import_module("django.contrib.auth.models").User(pk=1, username="someone")
