"""Answers in German, French and Korean: by the header Accept-Language, and by LANGUAGE_CODE. Codes stay the same."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import translation

from tests.client import forge
from tests.oxijwt.token_sessions.client import PASSWORD, claims, login, make_user

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


@pytest.fixture(params=["de", "fr", "ko"])
def language(request):
    return request.param


@pytest.fixture(params=["header", "setting"])
def client(request, language, settings):
    """A client that gets answers in a language."""
    if request.param == "header":
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, LOCALE_MIDDLEWARE]
        yield Client(headers={"accept-language": f"{language},en;q=0.5"})
    else:
        settings.LANGUAGE_CODE = language
        yield Client()
    translation.deactivate()  # LocaleMiddleware leaves the language to the next request of the thread


def post(client, path, **body):
    return client.post(f"/api/token/{path}", body, content_type="application/json")


def who_am_i(client, token):
    return client.get("/api/whoami/", headers={"authorization": f"Bearer {token}"})


def assert_answer(response, language, case, code):
    assert response.status_code == 401
    body = response.json()
    assert (body["detail"], body.get("code")) == (ANSWERS[case][language], code)


def test_a_wrong_password(client, language):
    make_user()
    assert_answer(post(client, "", username="ada", password="wrong"), language, "wrong password", None)


def test_an_expired_token(client, language):
    make_user()
    expired = forge(claims(login()["refresh"]) | {"exp": int(time.time()) - 3600})
    assert_answer(post(client, "refresh/", refresh=expired), language, "expired token", "token_not_valid")


def test_a_reused_refresh_token(client, language, settings):
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"REFRESH_REUSE_GRACE": timedelta(0)}
    make_user()
    spent = post(client, "", username="ada", password=PASSWORD).json()["refresh"]
    assert post(client, "refresh/", refresh=spent).status_code == 200
    assert_answer(post(client, "refresh/", refresh=spent), language, "reused token", "token_reused")


def test_an_ended_session(client, language):
    make_user()
    tokens = post(client, "", username="ada", password=PASSWORD).json()
    assert post(client, "logout/", refresh=tokens["refresh"]).status_code == 204
    assert_answer(who_am_i(client, tokens["access"]), language, "ended session", "session_revoked")
