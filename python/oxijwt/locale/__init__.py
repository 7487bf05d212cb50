"""Translations of the messages outside of the two apps, also for projects that do not list `oxijwt` in INSTALLED_APPS.

Django finds a catalogue only in the folder of an app that is listed, or in LOCALE_PATHS. A project may list one of the
two apps alone, or no app at all if it uses only views and authentication classes. So the modules outside of the apps
take gettext from here. The modules of the apps take Django's.
"""

from __future__ import annotations

import gettext as standard
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import translation
from django.utils.functional import lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_stubs_ext import StrPromise

FOLDER = Path(__file__).parent


def gettext(message: str) -> str:
    """The message in the language that Django has chosen. What Django finds is first, so a project can replace it."""
    text = translation.gettext(message)
    language = translation.get_language()
    if text != message or language is None or not settings.USE_I18N:
        return text
    return catalogue(language).gettext(message)


gettext_lazy: Callable[[str], StrPromise] = lazy(gettext, str)  # type: ignore[assignment]  # the stubs say that `lazy` makes a str


@cache
def catalogue(language: str) -> standard.NullTranslations:
    """Our catalogue of a language, such as `ko` or `pt-br`. An empty one if there is none."""
    return standard.translation("django", FOLDER, [translation.to_locale(language)], fallback=True)
