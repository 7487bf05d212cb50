"""Login, refresh, password change and logout with the real packages; afterwards every token is refused."""

import dj_rest_auth
import djoser
import pytest
import rest_framework_simplejwt
from django.conf import settings
from django.test import Client

import oxijwt
from oxijwt.checks import check_settings
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from tools.sdists import sdist

from .people import CREDENTIALS, PEOPLE, make_user, of_dj_rest_auth

pytestmark = pytest.mark.django_db

HAS_BLACKLIST = "rest_framework_simplejwt.token_blacklist" in settings.INSTALLED_APPS
ENDED, CHANGED = (401, "session_revoked"), (401, "password_changed")


@pytest.fixture(autouse=True)
def ada():
    return make_user()


@pytest.fixture(params=PEOPLE)
def person(request):
    return PEOPLE[request.param]()


def answer(response):
    body = response.json() if response.content else {}
    return response.status_code, body.get("code")


def answers(person):
    """To a request and to a refresh."""
    return answer(person.who_am_i()), answer(person.refresh())


def test_these_are_the_real_packages_on_oxijwt():
    assert dj_rest_auth.__path__[0].startswith(str(sdist("dj-rest-auth")))
    assert djoser.__path__[0].startswith(str(sdist("djoser")))
    assert rest_framework_simplejwt is oxijwt


def test_from_login_to_logout(person):
    other = type(person)(person.paths, person.new_password).login()
    person.login()
    assert answers(person) == ((200, None), (200, None))
    assert person.change_password(person.paths["keeping change"]).status_code in {200, 204}
    assert answers(person) == ((200, None), (200, None))
    assert answers(other) == (CHANGED, CHANGED)
    assert person.logout().status_code in {200, 204}
    assert answers(person) == (ENDED, ENDED)


def test_without_the_recipe_the_login_ends_too(person):
    """The recipe is needed: a changed password ends all logins."""
    person.login()
    assert person.change_password(person.paths["change"]).status_code in {200, 204}
    assert answers(person) == (CHANGED, CHANGED)


def test_the_recipe_takes_a_request_without_a_token(ada):
    """Of a browser with Django's own session."""
    browser = Client()
    browser.force_login(ada)
    assert browser.post("/dj/browser/password/change/", of_dj_rest_auth().new_password).status_code == 200
    assert browser.post("/dj/browser/password/change/", of_dj_rest_auth().new_password).status_code == 200


def test_a_logout_ends_its_own_login_only(person):
    other = type(person)(person.paths, person.new_password).login()
    person.login().logout()
    assert answers(person) == (ENDED, ENDED)
    assert answers(other) == ((200, None), (200, None))
    assert list(TokenSession.objects.exclude(revoked_at=None).values_list("revoke_reason", flat=True)) == [
        RevokeReason.LOGOUT
    ]


# The table of dj-rest-auth's logout in docs/neighbours.md

LOGOUTS = {
    # (refresh token in the body, access token in the header):
    # status and whether the session ends, with sessions only and with both apps
    (True, True): ((200, True), (200, True)),
    (True, False): ((200, False), (200, True)),
    (False, True): ((200, True), (401, False)),
    (False, False): ((200, False), (401, False)),
}


@pytest.mark.parametrize(("body", "header"), LOGOUTS)
def test_the_logout_of_dj_rest_auth(body, header):
    person = of_dj_rest_auth().login()
    status, ends = LOGOUTS[body, header][HAS_BLACKLIST]
    assert person.logout(body=body, header=header).status_code == status
    assert answers(person) == ((ENDED, ENDED) if ends else ((200, None), (200, None)))


def test_the_logout_of_dj_rest_auth_with_cookies():
    browser = Client()
    tokens = browser.post("/dj/login/", CREDENTIALS).json()
    assert browser.get("/api/whoami/").status_code == 200
    assert browser.post("/dj/logout/", {"refresh": tokens["refresh"]}).status_code == 200
    person = of_dj_rest_auth()
    person.tokens = tokens
    assert answers(person) == (ENDED, ENDED)


def test_a_login_of_dj_rest_auth_is_one_with_the_recipe():
    person = of_dj_rest_auth().login("/dj/kept/login/")
    headers = {"Authorization": f"Bearer {person.tokens['access']}"}
    assert Client(headers=headers).get("/api/transfer/").status_code == 200
    assert TokenSession.objects.get().ip_address == "127.0.0.1"


def test_without_it_nobody_has_just_logged_in():
    person = of_dj_rest_auth().login()
    headers = {"Authorization": f"Bearer {person.tokens['access']}"}
    assert answer(Client(headers=headers).get("/api/transfer/")) == (401, "login_required")


def test_the_check_of_its_logout():
    found = {finding.id for finding in check_settings()}
    assert found == ({"oxijwt.W004"} if HAS_BLACKLIST else {"oxijwt.W035"})
