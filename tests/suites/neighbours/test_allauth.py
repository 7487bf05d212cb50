"""The recipes with django-allauth: its API for apps, and the registration and social login of dj-rest-auth."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

import allauth
import pytest
from allauth.account.internal.flows.password_reset import reset_password
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client

from oxijwt.testing import moving_clock
from oxijwt.token_sessions import api
from oxijwt.token_sessions.models import RevokeReason, TokenSession
from tools.sdists import sdist

from .people import CREDENTIALS, NEW_PASSWORD, PASSWORD, make_user

pytestmark = pytest.mark.django_db

APP = "/_allauth/app/v1/"
ENDED, CHANGED = (401, "session_revoked"), (401, "password_changed")
FINE = (200, None)


@pytest.fixture(autouse=True)
def ada():
    return make_user()


@dataclass
class App:
    """A client of allauth's app API. `meta` has its tokens."""

    meta: dict[str, str] = field(default_factory=dict)

    def ask(self, method, path, body=None):
        """The response of allauth, with the session token. New tokens are kept."""
        token = {"X-Session-Token": self.meta["session_token"]} if "session_token" in self.meta else {}
        client = Client(headers=token | {"User-Agent": "allauth's app"})
        sent = {} if body is None else {"data": body, "content_type": "application/json"}
        response = getattr(client, method)(APP + path, **sent)
        self.meta |= {name: text for name, text in response.json().get("meta", {}).items() if name.endswith("_token")}
        return response

    def login(self, **credentials):
        """Log in. Must succeed."""
        response = self.ask("post", "auth/login", CREDENTIALS | credentials)
        assert response.status_code == 200, response.content
        assert set(self.meta) == {"session_token", "access_token", "refresh_token"}
        return self

    def refresh(self):
        """The status of a refresh at allauth, without the session token. The new tokens are kept."""
        app = App()
        response = app.ask("post", "tokens/refresh", {"refresh_token": self.meta["refresh_token"]})
        self.meta |= response.json().get("data", {})
        return response.status_code

    def answer(self, path="/api/whoami/"):
        """The status and code of a request with the access token."""
        response = Client(headers={"Authorization": f"Bearer {self.meta['access_token']}"}).get(path)
        return response.status_code, response.json().get("code")


def test_this_is_the_real_package():
    assert allauth.__path__[0].startswith(str(sdist("django-allauth")))


def test_a_login_starts_a_session_of_this_request(ada):
    app = App().login()
    session = TokenSession.objects.get()
    assert (session.user, session.user_agent, session.ip_address) == (ada, "allauth's app", "127.0.0.1")
    assert app.answer() == FINE
    assert app.answer("/api/transfer/") == FINE


def test_a_wrong_password_starts_none():
    assert App().ask("post", "auth/login", CREDENTIALS | {"password": "wrong"}).status_code == 400
    assert not TokenSession.objects.exists()


def test_a_sign_up_is_a_login():
    app = App()
    app.ask("post", "auth/signup", {"username": "grace", "password": PASSWORD, "email": "grace@example.com"})
    assert app.answer("/api/transfer/") == FINE


def test_a_request_with_the_session_token_makes_no_second_session():
    app = App().login()
    assert app.ask("get", "auth/session").status_code == 200
    assert TokenSession.objects.count() == 1


def test_a_refresh_rotates():
    app = App().login()
    first = dict(app.meta)
    assert app.refresh() == 200
    assert app.answer() == FINE
    assert app.meta["refresh_token"] != first["refresh_token"]
    with moving_clock() as clock:
        clock.advance(timedelta(seconds=31))
        assert App(first).refresh() == 400
        assert app.refresh() == 400
        assert app.answer() == (401, "session_revoked")
    assert TokenSession.objects.get().revoke_reason == RevokeReason.REUSE


def test_a_refresh_knows_its_request():
    app = App().login()
    TokenSession.objects.update(user_agent="another")
    app.refresh()
    assert TokenSession.objects.get().user_agent == "allauth's app"


@pytest.mark.parametrize("text", ["x", "a.b.c", "\0", "é"])
def test_no_refresh_with_nonsense(text):
    assert App({"refresh_token": text}).refresh() == 400


def test_no_refresh_for_a_user_who_may_not_log_in(ada):
    app = App().login()
    ada.is_active = False
    ada.save()
    assert app.refresh() == 400


def test_no_refresh_with_an_access_token():
    app = App().login()
    assert App({"refresh_token": app.meta["access_token"]}).refresh() == 400


def test_a_logout_ends_its_own_login_only():
    app, other = App().login(), App().login()
    assert app.ask("delete", "auth/session").status_code == 401  # so says allauth
    assert (app.answer(), app.refresh()) == (ENDED, 400)
    assert (other.answer(), other.refresh()) == (FINE, 200)
    assert [session.revoke_reason for session in TokenSession.objects.exclude(revoked_at=None)] == [RevokeReason.LOGOUT]


def test_a_logout_without_tokens_ends_nothing():
    app = App().login()
    browser = Client()
    browser.force_login(TokenSession.objects.get().user)
    browser.logout()
    assert App().ask("delete", "auth/session").status_code == 401
    assert app.answer() == FINE


def change(app):
    return app.ask("post", "account/password/change", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})


def test_a_password_change_keeps_its_own_login():
    app, other = App().login(), App().login()
    assert change(app).status_code == 200
    assert (app.answer(), app.refresh()) == (FINE, 200)
    assert (other.answer(), other.refresh()) == (CHANGED, 400)


def test_a_password_change_that_logs_out(settings):
    settings.ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
    app, other = App().login(), App().login()
    assert change(app).status_code == 401
    assert app.answer()[0] == 401
    assert (other.answer(), app.refresh(), other.refresh()) == (CHANGED, 400, 400)


def test_a_code_is_a_login_and_a_first_password_keeps_it(ada):
    ada.email = "ada@example.com"
    ada.set_unusable_password()
    ada.save()
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)
    app, other = App(), App()
    for each in (app, other):
        each.ask("post", "auth/code/request", {"email": ada.email})
        each.ask("post", "auth/code/confirm", {"code": re.findall(r"^\S{6,9}$", mail.outbox[-1].body, re.MULTILINE)[0]})
        assert each.answer("/api/transfer/") == FINE
    assert app.ask("post", "account/password/change", {"new_password": NEW_PASSWORD}).status_code == 200
    assert (app.answer(), app.refresh()) == (FINE, 200)
    assert (other.answer(), other.refresh()) == (CHANGED, 400)


def test_a_reset_password_ends_all_logins(ada):
    app = App().login()
    reset_password(ada, NEW_PASSWORD)
    assert (app.answer(), app.refresh()) == (CHANGED, 400)


def test_the_session_token_ends_with_the_login():
    app = App().login()
    assert app.ask("get", "auth/session").status_code == 200
    api.end_session(TokenSession.objects.get())
    assert app.ask("get", "auth/session").status_code == 410
    assert change(app).status_code == 410


def test_without_a_token_session_a_session_token_is_as_before(ada):
    """Of a login that was not finished, or of before the strategy."""
    app = App()
    app.meta = {"session_token": App().login().meta["session_token"]}
    session = Session.objects.get()
    data = session.get_decoded()
    del data["token_session"]
    session.session_data = Session.objects.encode(data)
    session.save()
    assert app.ask("get", "auth/session").status_code == 200


def test_a_browser_gets_no_tokens():
    browser = Client()
    answer = browser.post("/_allauth/browser/v1/auth/login", CREDENTIALS, content_type="application/json")
    assert answer.status_code == 200
    assert "access_token" not in answer.json()["meta"]
    assert browser.get("/browser/whoami/").status_code == 200
    assert browser.delete("/_allauth/browser/v1/auth/session").status_code == 401
    assert not TokenSession.objects.exists()


# dj-rest-auth

NEW_USER = {"username": "grace", "email": "g@example.com", "password1": PASSWORD, "password2": PASSWORD}
RECENT = {True: FINE, False: (401, "login_required")}


def token_of(response):
    assert response.status_code in {200, 201}, response.content
    return App({"access_token": response.json()["access"]})


@pytest.mark.parametrize("kept", [False, True], ids=["without the recipe", "with it"])
def test_a_registration_is_a_login_with_the_recipe(kept):
    app = token_of(Client().post("/dj/kept/register/" if kept else "/dj/register/", NEW_USER))
    assert app.answer() == FINE
    assert app.answer("/api/transfer/") == RECENT[kept]
    assert TokenSession.objects.get().ip_address == ("127.0.0.1" if kept else None)


@pytest.mark.parametrize("kept", [False, True], ids=["without the recipe", "with it"])
def test_a_social_login_is_a_login_with_the_recipe(ada, kept, monkeypatch):
    google = {"provider": "google", "uid": "1"}
    SocialAccount.objects.create(user=ada, **google)

    def asked(*args, **kwargs):
        return SocialLogin(user=type(ada)(), account=SocialAccount(**google))

    monkeypatch.setattr(GoogleOAuth2Adapter, "complete_login", asked)
    app = token_of(Client().post("/dj/kept/google/" if kept else "/dj/google/", {"access_token": "of Google"}))
    assert app.answer() == FINE
    assert app.answer("/api/transfer/") == RECENT[kept]
