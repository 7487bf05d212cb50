"""The catalogues are found with each app that a project may list, and under each name of a language."""

import json

import pytest
from django.conf.locale import LANG_INFO
from django.utils import translation

from oxijwt.exceptions import InvalidToken
from tests.sites.projects import finished, python
from tools.messages import locales, read

INVALID = "Token is invalid or expired"
IN_KOREAN = "토큰이 유효하지 않거나 만료되었습니다"
IN_GERMAN = "Das Token ist ungültig oder abgelaufen"
BY_LANGUAGE = {
    **{name: name for name in ("ar", "cs", "de", "el", "es", "fa", "fr", "kk", "ro", "sl", "sv", "tr")},
    "he": "he_IL",
    "id": "id_ID",
    "it": "it_IT",
    "ko": "ko_KR",
    "nl": "nl_NL",
    "pl": "pl_PL",
    "ru": "ru_RU",
    "uk": "uk_UA",
    "pt": "pt_BR",
}
"""The catalogue of a language, whatever the country or script, as in `de-at`."""
EXACT = {
    **{translation.to_language(locale): locale for locale in locales()},
    **dict.fromkeys(("zh-cn", "zh-sg", "zh-my", "zh-hans-cn"), "zh_Hans"),
}
"""The catalogue of a language and country, where it is not the language's."""
COUNTRIES = ("nl-be", "it-ch", "es-ve", "ru-by", "ko-kp", "pt-pt", "kk-kz", "he-il", "id-id", "uk-ua", "pl-pl", "fa-af")
"""Codes that Django accepts, because it knows the language, and that it does not name itself."""
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
IMPORTS = """
import importlib, json, pkgutil, sys
import django
from django.conf import settings
from django.utils import translation

FOUNDATION = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages"]
APPS = ["rest_framework", "oxijwt", "oxijwt.token_sessions", "oxijwt.token_blacklist"]
settings.configure(INSTALLED_APPS=FOUNDATION + APPS, SECRET_KEY="x" * 64)
django.setup()
import oxijwt

def texts(value, depth=0):
    if type(value) is str:
        yield value
    elif isinstance(value, dict):
        yield from (text for item in value.values() for text in texts(item, depth))
    elif isinstance(value, (list, tuple)):
        yield from (text for item in value for text in texts(item, depth))
    elif depth < 2 and isinstance(value, type) and value.__module__.startswith("oxijwt"):
        yield from (text for item in vars(value).values() for text in texts(item, depth + 1))

translation.activate("de")
SKIPPED = ("migrations", "management", "as_simplejwt", "contrib", "testing", "tasks")
names = [module.name for module in pkgutil.walk_packages(oxijwt.__path__, "oxijwt.", onerror=print)]
for name in names:
    if not any(part in SKIPPED for part in name.split(".")):
        importlib.import_module(name)
modules = [module for name, module in sys.modules.items() if name.startswith("oxijwt")]
print(json.dumps([len(modules), sorted({text for module in modules for text in texts(vars(module))})]))
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


@pytest.mark.parametrize("language", sorted({*LANG_INFO, *EXACT, *COUNTRIES}))
def test_a_language_is_found_under_each_code_that_django_knows(language):
    locale = EXACT.get(language) or BY_LANGUAGE.get(language.split("-")[0])
    with translation.override(language):
        assert str(InvalidToken.default_detail) == (read(locale).find(INVALID).msgstr if locale else INVALID)


@pytest.mark.parametrize(("language", "text"), [("ja", IN_GERMAN), ("en-gb", INVALID), ("ko", IN_KOREAN)])
def test_the_sites_language_is_the_fallback_as_in_django(settings, monkeypatch, language, text):
    """Also if Django does not know our catalogues."""
    monkeypatch.setattr(translation, "gettext", lambda message: message)
    settings.LANGUAGE_CODE = "de"
    with translation.override(language):
        assert str(InvalidToken.default_detail) == text


def test_no_text_has_the_language_of_the_import():
    """A module that a request imports must not keep the language of this request."""
    status, output, errors = finished(python("-W", "ignore", "-c", IMPORTS, stderr=-1), "")
    assert status == 0, errors
    modules, found = json.loads(output)
    assert modules > 60
    assert "token_not_valid" in found
    assert {entry.msgstr for entry in read("de") if entry.msgstr != entry.msgid}.intersection(found) == set()
