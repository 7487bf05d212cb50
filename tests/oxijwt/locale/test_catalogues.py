"""Each catalogue has every message of the package and no other, with the same placeholders, and is compiled."""

import re
from gettext import GNUTranslations

import polib
import pytest

from tools import messages
from tools.messages import PACKAGE, compiled_path, locales, problems, read
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
def test_a_catalogue_is_compiled(locale):
    assert compiled(compiled_path(locale)) == texts_of(read(locale)) != {}, "call python -m tools.messages --write"


def test_no_file_uses_djangos_gettext():
    """Django may not know our catalogues: it looks in the folders of the apps that a project lists."""
    modules = re.compile(r"^from django.utils.translation import .*gettext", re.MULTILINE)
    templates = re.compile(r"{% load .*\bi18n\b")
    files = [
        *((path, modules) for path in PACKAGE.rglob("*.py")),
        *((path, templates) for path in PACKAGE.rglob("*.html")),
    ]
    assert len([path for path, _pattern in files if path.suffix == ".html"]) > 0
    assert [str(path) for path, pattern in files if pattern.search(path.read_text())] == []


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


@pytest.mark.parametrize("source", ["_(variable)", 'pgettext("month", "May")', 'ngettext("a row", "rows", count)'])
def test_a_message_that_the_tool_cannot_read_is_an_error(source):
    with pytest.raises(ValueError, match=r"[pn]gettext|malformed"):
        list(messages.messages_of(source))
