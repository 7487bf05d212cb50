"""Answers in each language: by the header Accept-Language, and by LANGUAGE_CODE. Codes stay the same."""

import time
from datetime import timedelta

import pytest
from django.conf.locale import LANG_INFO
from django.test import Client
from django.utils import translation

from tests.client import forge
from tests.oxijwt.token_sessions.client import PASSWORD, claims, login, make_user
from tools.messages import locales, read

pytestmark = pytest.mark.django_db

LOCALE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"
ANSWERS = {
    "wrong password": {
        "de": "Kein aktives Konto mit diesen Zugangsdaten gefunden",
        "fr": "Aucun compte actif ne correspond à ces identifiants",
        "ko": "제공된 인증 정보와 일치하는 활성 계정이 없습니다",
    },
    "expired token": {"de": "Das Token ist abgelaufen", "fr": "Le jeton a expiré", "ko": "토큰이 만료되었습니다"},
    "reused token": {
        "de": "Das Token wurde bereits verwendet",
        "fr": "Le jeton a déjà été utilisé",
        "ko": "이미 사용된 토큰입니다",
    },
    "ended session": {
        "de": "Die Sitzung wurde beendet",
        "fr": "La session a été fermée",
        "ko": "세션이 종료되었습니다",
    },
}
"""As a reader of these languages has read them. The others are compared with the catalogues."""
IN_ENGLISH = {
    "wrong password": "No active account found with the given credentials",
    "expired token": "Token is expired",
    "reused token": "The token was used before",
    "ended session": "The session was ended",
}
UNKNOWN_TO_DJANGO = [("es-cl", "Chilean Spanish"), ("fa-ir", "Persian (Iran)")]
"""A site must add these to LANGUAGES, otherwise LocaleMiddleware chooses `es` and `fa`."""


@pytest.fixture(params=locales())
def locale(request):
    return request.param


@pytest.fixture
def language(locale):
    """What Django calls the locale: `ko`, `zh-hans`."""
    language = translation.to_language(locale)
    return language if language in {*LANG_INFO, *dict(UNKNOWN_TO_DJANGO)} else language.split("-")[0]


@pytest.fixture(params=["header", "setting"])
def client(request, language, settings):
    """A client that gets answers in a language."""
    if request.param == "header":
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, LOCALE_MIDDLEWARE]
        settings.LANGUAGES = [*settings.LANGUAGES, *UNKNOWN_TO_DJANGO]
        yield Client(headers={"accept-language": f"{language},en;q=0.5"})
    else:
        settings.LANGUAGE_CODE = language
        yield Client()
    translation.deactivate()  # LocaleMiddleware leaves the language to the next request of the thread


def post(client, path, **body):
    return client.post(f"/api/token/{path}", body, content_type="application/json")


def who_am_i(client, token):
    return client.get("/api/whoami/", headers={"authorization": f"Bearer {token}"})


def assert_answer(response, locale, case, code):
    assert response.status_code == 401
    body = response.json()
    assert body.get("code") == code
    text = read(locale).find(IN_ENGLISH[case]).msgstr
    assert body["detail"] == ANSWERS[case].get(locale[:2], text) == text != IN_ENGLISH[case]


def test_a_wrong_password(client, locale):
    make_user()
    assert_answer(post(client, "", username="ada", password="wrong"), locale, "wrong password", None)


def test_an_expired_token(client, locale):
    make_user()
    expired = forge(claims(login()["refresh"]) | {"exp": int(time.time()) - 3600})
    assert_answer(post(client, "refresh/", refresh=expired), locale, "expired token", "token_not_valid")


def test_a_reused_refresh_token(client, locale, settings):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"REFRESH_REUSE_GRACE": timedelta(0)}
    make_user()
    spent = post(client, "", username="ada", password=PASSWORD).json()["refresh"]
    assert post(client, "refresh/", refresh=spent).status_code == 200
    assert_answer(post(client, "refresh/", refresh=spent), locale, "reused token", "token_reused")


def test_an_ended_session(client, locale):
    make_user()
    tokens = post(client, "", username="ada", password=PASSWORD).json()
    assert post(client, "logout/", refresh=tokens["refresh"]).status_code == 204
    assert_answer(who_am_i(client, tokens["access"]), locale, "ended session", "session_revoked")


def test_the_answer_names_its_language_for_caches(settings):
    """The view answers through Django's middleware, and adds no language of its own."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, LOCALE_MIDDLEWARE]
    make_user()
    answers = [
        post(Client(headers={"accept-language": name}), "", username="ada", password="x") for name in ("de", "ja")
    ]
    assert [answer["Content-Language"] for answer in answers] == ["de", "ja"]
    assert all("Accept-Language" in answer["Vary"] for answer in answers)
    assert answers[1].json()["detail"] == IN_ENGLISH["wrong password"]
    translation.deactivate()
