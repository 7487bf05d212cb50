"""Translations of all messages, also for projects that list only one of the package's apps, or no app.

Django finds a catalogue only in the folder of an app that is listed, or in LOCALE_PATHS. A project may list one of the
two apps alone, or no app at all if it uses only views and authentication classes. So all modules take gettext from
here, and no template translates.
"""

from __future__ import annotations

import gettext as standard
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.utils import translation
from django.utils.functional import lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_stubs_ext import StrPromise

FOLDER = Path(__file__).parent
RELATIVES = {"pt": "pt-br"}
"""Languages without a catalogue whose readers read another language more easily than English."""


def gettext(message: str) -> str:
    """The message in the language that Django has chosen. What Django finds is first, so a project can replace it."""
    text = translation.gettext(message)
    language = translation.get_language()
    if text != message or language is None or not settings.USE_I18N:
        return text
    # Django has no fallback for English either.
    return catalogue(language, language if language.startswith("en") else settings.LANGUAGE_CODE).gettext(message)


gettext_lazy: Callable[[str], StrPromise] = lazy(gettext, str)  # type: ignore[assignment]  # the stubs say that `lazy` makes a str


@cache
def catalogue(*languages: str) -> standard.NullTranslations:
    """Our catalogue of the first of these languages that has one, such as `ko`, `nl-be` or `zh-cn`, or an empty one."""
    locales = [translation.to_locale(name) for language in languages for name in names_of(language)]
    return standard.translation("django", FOLDER, locales, fallback=True)


def names_of(language: str) -> list[str]:
    """The names under which a language may have a catalogue, the closest first: as Django looks for LANGUAGES."""
    parts = language.split("-")
    shorter = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    fallback = LANG_INFO.get(language, {}).get("fallback", [])
    return [language, *fallback, *shorter, RELATIVES.get(parts[0], language)]
