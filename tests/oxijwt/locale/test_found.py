"""The catalogues are found with each app that a project may list, and under each name of a language."""

import json

import pytest
from django.utils import translation

from oxijwt.exceptions import InvalidToken
from tests.sites.projects import finished, python
from tools.messages import locales, read

INVALID = "Token is invalid or expired"
IN_GERMAN = "Das Token ist ungültig oder abgelaufen"
SHORT = {
    "he": "he_IL",
    "id": "id_ID",
    "it": "it_IT",
    "ko": "ko_KR",
    "nl": "nl_NL",
    "pl": "pl_PL",
    "ru": "ru_RU",
    "uk": "uk_UA",
    "de-at": "de",
    "es-mx": "es",
    "fa-af": "fa",
}
"""Names of languages in LANGUAGES or LANGUAGE_CODE that are not the name of a catalogue."""
APPS = {
    "the package": ["oxijwt"],
    "sessions alone": ["oxijwt.token_sessions"],
    "the blacklist alone": ["oxijwt.token_blacklist"],
    "all": ["oxijwt", "oxijwt.token_sessions", "oxijwt.token_blacklist"],
    "the hook": ["oxijwt.as_simplejwt"],
    "simplejwt's name": ["rest_framework_simplejwt"],
    "simplejwt's blacklist alone": ["rest_framework_simplejwt.token_blacklist"],
    "none": [],
}
MODELS = {"token_sessions": "Token-Sitzung", "token_blacklist": "Ausgestelltes Token"}
"""The German name of a model, by its app."""
PROGRAM = """
import json, sys
import oxijwt.as_simplejwt
import django
from django.conf import settings
from django.test import override_settings

FOUNDATION = ["django.contrib.auth", "django.contrib.contenttypes"]
settings.configure(INSTALLED_APPS=FOUNDATION, SECRET_KEY="x" * 64)
django.setup()
from django.apps import apps
from oxijwt.exceptions import InvalidToken

def answer(names):
    # A change of LANGUAGE_CODE makes Django load the default language again.
    with override_settings(INSTALLED_APPS=[*FOUNDATION, *names], LANGUAGE_CODE="de"):
        models = [model for model in apps.get_models() if model.__name__ in {"OutstandingToken", "TokenSession"}]
        names = {model._meta.app_label: str(model._meta.verbose_name) for model in models}
        return str(InvalidToken().detail["detail"]), names

print(json.dumps([answer(names) for names in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def answers():
    """What a project answers in German, by the apps that it lists."""
    status, output, errors = finished(python("-W", "ignore", "-c", PROGRAM, stderr=-1), json.dumps([*APPS.values()]))
    assert status == 0, errors
    return dict(zip(APPS, json.loads(output), strict=True))


@pytest.mark.parametrize("way", APPS)
def test_a_project_finds_the_catalogues(answers, way):
    message, names = answers[way]
    assert message == IN_GERMAN
    assert names == {app: name for app, name in MODELS.items() if any(entry.endswith(app) for entry in APPS[way])}


@pytest.mark.parametrize("language", [*SHORT, *map(translation.to_language, locales())])
def test_a_language_is_found_under_its_names(language):
    locale = SHORT.get(language, translation.to_locale(language))
    with translation.override(language):
        assert str(InvalidToken.default_detail) == read(locale).find(INVALID).msgstr
