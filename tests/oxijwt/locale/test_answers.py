"""What the modules outside of the apps say, also where Django does not know their catalogues.

token_sessions/requests/test_languages.py has answers over HTTP.
"""

import pickle

import polib
import pytest
from django.utils import translation

from oxijwt.exceptions import InvalidScope, InvalidToken
from oxijwt.locale import gettext
from oxijwt.tokens.issuing import names_in_body
from tools.messages import read

INVALID = "Token is invalid or expired"
IN_GERMAN = "Das Token ist ungültig oder abgelaufen"
IN_KOREAN = "토큰이 유효하지 않거나 만료되었습니다"
SCOPES = {
    " ": "A scope must have a name.",
    '"': 'A scope must be names of printable ASCII characters other than " and \\, with one space in between.',
}


@pytest.fixture
def unknown_to_django(monkeypatch):
    """Django does not know our catalogues, as in a project that lists none of our apps."""
    monkeypatch.setattr(translation, "gettext", lambda message: message)


@pytest.mark.usefixtures("unknown_to_django")
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", IN_GERMAN),
        ("de-at", IN_GERMAN),
        ("ko", "토큰이 유효하지 않거나 만료되었습니다"),
        ("en", INVALID),
        ("ja", INVALID),
    ],
)
def test_a_message_that_django_does_not_know(language, text):
    with translation.override(language):
        assert gettext(INVALID) == text
        assert gettext("a foreign message") == "a foreign message"


@pytest.mark.usefixtures("unknown_to_django")
def test_without_a_language_the_message_is_english():
    with translation.override(None):
        assert gettext(INVALID) == INVALID


@pytest.mark.usefixtures("unknown_to_django")
def test_without_use_i18n_the_message_is_english(settings):
    with translation.override("de"):
        assert gettext(INVALID) == IN_GERMAN
        settings.USE_I18N = False
        assert gettext(INVALID) == INVALID


def test_a_projects_catalogue_goes_before_ours(settings, tmp_path):
    folder = tmp_path / "de/LC_MESSAGES"
    folder.mkdir(parents=True)
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    catalogue.append(polib.POEntry(msgid=INVALID, msgstr="Bitte melden Sie sich an."))
    catalogue.save_as_mofile(str(folder / "django.mo"))
    settings.LOCALE_PATHS = [tmp_path]
    with translation.override("de"):
        assert str(InvalidToken.default_detail) == "Bitte melden Sie sich an."


def test_a_message_keeps_its_languages_in_a_pickle():
    message = pickle.loads(pickle.dumps(InvalidToken.default_detail))  # noqa: S301  it was made here
    with translation.override("de"):
        assert message == IN_GERMAN
    assert message == INVALID


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_that_can_not_be_read(scope):
    with translation.override("de"), pytest.raises(InvalidScope) as caught:
        names_in_body(scope)
    assert caught.value.detail["detail"] == read("de").find(SCOPES[scope]).msgstr
