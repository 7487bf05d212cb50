"""Each catalogue has every message of the package and no other, with the same placeholders, and is compiled."""

import re
from gettext import GNUTranslations

import polib
import pytest

from tools import messages
from tools.messages import PACKAGE, compiled_path, locales, parts, problems, read
from tools.simplejwt import simplejwt_sdist

LOCALES = (
    *("ar", "cs", "de", "el", "es", "es_AR", "es_CL", "fa", "fa_IR", "fr", "he_IL", "id_ID", "it_IT", "kk", "ko_KR"),
    *("nl_NL", "pl_PL", "pt_BR", "ro", "ru_RU", "sl", "sv", "tr", "uk_UA", "zh_Hans"),
)
"""simplejwt's locales: a site that switches keeps its language."""
NOT_OURS = {
    "The '{}' setting has been removed. Please refer to '{}' for available settings.": "ours names another page",
    "You must have cryptography installed to use {}.": "the core needs no such package",
}
"""Messages of simplejwt that oxijwt does not have, and why."""
DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that change the direction of a text. They would be part of a JSON answer."""
GREETING = "Hello %(user)s, {}"


@pytest.fixture(scope="module")
def expected():
    return set(messages.messages())


def compiled(path):
    """The texts of a django.mo by message, without its header."""
    with path.open("rb") as file:
        return {message: text for message, text in GNUTranslations(file)._catalog.items() if message}


def texts_of(catalogue):
    """The same of a catalogue."""
    return {entry.msgid: entry.msgstr for entry in catalogue}


def test_every_locale_has_a_catalogue():
    assert locales() == sorted(LOCALES)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_is_complete(locale, expected):
    assert list(problems(read(locale), expected)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_is_compiled_for_each_app(locale):
    for app, part in parts(read(locale)).items():
        assert compiled(compiled_path(locale, app)) == texts_of(part) != {}, "call python -m tools.messages --write"


def test_each_app_has_the_messages_of_its_files():
    found = {app: texts_of(part) for app, part in parts(read("de")).items()}
    assert "Token Sessions" in found["oxijwt/token_sessions"]
    assert "Token Blacklist" in found["oxijwt/token_blacklist"]
    assert {"Token Sessions", "Token Blacklist"}.isdisjoint(found["oxijwt"])
    assert all("Token is blacklisted" in found[app] for app in ("oxijwt", "oxijwt/token_sessions"))
    assert set().union(*found.values()) == set(texts_of(read("de")))


def test_only_the_apps_use_djangos_gettext():
    """Outside of the apps, Django may not know our catalogue."""
    users = [
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^from django.utils.translation import .*gettext", path.read_text(), re.MULTILINE)
    ]
    assert set(users) == {"token_blacklist", "token_sessions"}


@pytest.mark.parametrize("locale", LOCALES)
def test_texts_have_neither_spaces_around_them_nor_marks_of_direction(locale):
    texts = texts_of(read(locale)).values()
    assert [text for text in texts if text != text.strip() or DIRECTIONS.search(text)] == []


def test_simplejwts_messages_keep_their_english_text(expected):
    modules = (simplejwt_sdist() / "rest_framework_simplejwt").rglob("*.py")
    theirs = {message for path in modules for message in messages.messages_of(path.read_text())}
    assert len(theirs) > 20
    assert theirs - expected == set(NOT_OURS)


def entry(text, **fields):
    return polib.POEntry(msgid=GREETING, msgstr=text, **fields)


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([], "lacks 'Hello"),
        (
            [entry("Hallo %(user)s, {}"), polib.POEntry(msgid="Bye", msgstr="Tschüs")],
            "has 'Bye', which the package does not have",
        ),
        ([entry("Hallo %(user)s, {}", obsolete=True)], "has obsolete entries"),
        ([entry("")], "is not translated"),
        ([entry("Hallo %(user)s, {}", flags=["fuzzy"])], "is fuzzy"),
        ([entry("Hallo %(benutzer)s, {}")], "must have the placeholders"),
        ([entry("Hallo %(user)s")], "must have the placeholders"),
    ],
)
def test_a_faulty_catalogue_is_found(entries, problem):
    catalogue = polib.POFile()
    catalogue.extend(entries)
    assert any(problem in found for found in problems(catalogue, {GREETING}))


def test_a_right_catalogue_has_no_problem():
    catalogue = polib.POFile()
    catalogue.append(entry("{} für %(user)s"))
    assert list(problems(catalogue, {GREETING})) == []


def test_messages_are_found_in_a_module():
    source = 'gettext_lazy("one " "text")\nother("no message")\n_("another")\n'
    assert list(messages.messages_of(source)) == ["one text", "another"]


def test_messages_are_found_in_a_template():
    template = """{% load i18n %}<p title="{% translate "It's over" %}">gettext
    {% blocktranslate %}"Hello" {{ user }}{% endblocktranslate %}"""
    assert list(messages.messages_of(messages.calls_of(template))) == ["It's over", '"Hello" %(user)s']


@pytest.mark.parametrize("source", ["_(variable)", 'pgettext("month", "May")', 'ngettext("a row", "rows", count)'])
def test_a_message_that_the_tool_cannot_read_is_an_error(source):
    with pytest.raises(ValueError, match=r"[pn]gettext|malformed"):
        list(messages.messages_of(source))
