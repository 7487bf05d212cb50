"""What lets a request through: cookie, header, CSRF token, method and origin, each row open or shut."""

from itertools import product

import pytest
from django.utils import translation

from oxijwt.tokens import AccessToken
from tests.client import PASSWORD, make_user

from .browser import ACCESS, HERE, REFRESH, Browser, bad_tokens, was_deleted

pytestmark = pytest.mark.urls("tests.sites.cookie_urls")

ORIGINS = {"same": HERE, "trusted": "https://trusted.testserver", "cross-site": "https://evil.example", "null": "null"}
TRUSTED = ("same", "trusted")
CSRF = ("right", "wrong", "none")


def apply(browser, csrf, origin):
    """Let the browser send this CSRF token and this origin."""
    browser.defaults["HTTP_ORIGIN"] = ORIGINS[origin]
    if csrf == "wrong":
        browser.defaults["HTTP_X_CSRFTOKEN"] = "x" * 64
    elif csrf == "none":
        browser.defaults.pop("HTTP_X_CSRFTOKEN")


def expected(cookie, header, csrf, method, origin):
    """Who the view sees, or the status."""
    if header == "good":
        return "bob"
    if header == "bad" or cookie != "good":
        return 401
    return "ada" if method == "get" or (csrf == "right" and origin in TRUSTED) else 403


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("method", ["get", "post", "put"])
@pytest.mark.parametrize("cookie", ["none", "good", "bad"])
def test_each_request_to_a_view(ada, cookie, method, origin, prefix):
    users = {"ada": ada, "bob": make_user("bob")}
    texts = {name: str(AccessToken.for_user(user)) for name, user in users.items()}
    headers = {"none": None, "other scheme": "Basic YTpi", "good": f"Bearer {texts['bob']}", "bad": "Bearer a.b.c"}
    for header, csrf in product(headers, CSRF):
        browser = Browser(HTTP_ORIGIN=HERE)
        apply(browser, csrf, origin)
        if cookie != "none":
            browser.plant(ACCESS, texts["ada"] if cookie == "good" else "a.b.c")
        sent = {} if headers[header] is None else {"HTTP_AUTHORIZATION": headers[header]}
        answer = getattr(browser, method)(f"{prefix}/protected/", secure=True, **sent)
        row = cookie, header, csrf, method, origin
        name = expected(*row)
        if isinstance(name, int):
            assert answer.status_code == name, row
            assert (answer.json().get("code") == "csrf_failed") == (name == 403), row
        else:
            assert (answer.status_code, answer.json()["user"]) == (200, name), row


def test_a_referer_stands_in_for_the_origin(ada):
    for referer, status in ((f"{HERE}/page", 200), ("https://evil.example/page", 403), (None, 403)):
        browser = Browser()
        browser.plant(ACCESS, str(AccessToken.for_user(ada)))
        del browser.defaults["HTTP_ORIGIN"]
        headers = {} if referer is None else {"HTTP_REFERER": referer}
        assert browser.post("/protected/", secure=True, **headers).status_code == status


BODIES = {"": {"username": "ada", "password": PASSWORD}, "refresh/": {}, "logout/": {}}
DONE = {"": 200, "refresh/": 200, "logout/": 204}


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("csrf", CSRF)
@pytest.mark.parametrize("name", BODIES)
def test_each_request_to_a_cookie_view(name, csrf, origin, prefix):
    browser = Browser(prefix)
    browser.log_in()
    before = browser.cookies[REFRESH].value
    apply(browser, csrf, origin)
    answer = browser.send(name, BODIES[name])
    if csrf == "right" and origin in TRUSTED:
        assert answer.status_code == DONE[name]
        assert browser.cookies[REFRESH].value != before
        return
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert answer["Cache-Control"] == "no-store"
    assert REFRESH not in answer.cookies
    assert ACCESS not in answer.cookies
    browser.defaults["HTTP_ORIGIN"] = HERE
    browser.ask_csrf()
    assert browser.send("refresh/").status_code == 200  # the session goes on


@pytest.mark.parametrize("csrf", CSRF)
@pytest.mark.parametrize("origin", ORIGINS)
def test_a_token_in_the_body_needs_no_csrf_and_changes_no_cookie(csrf, origin, prefix):
    """Otherwise a foreign page could send its own token in a form, and log the browser in as another user."""
    browser = Browser(prefix)
    other = Browser()
    other.log_in()
    apply(browser, csrf, origin)
    body = {"refresh": other.cookies[REFRESH].value}
    answer = browser.post(f"{prefix}/session/refresh/", body, secure=True)  # a form
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh"}
    assert set(answer.cookies) <= {"csrftoken"}
    answer = browser.post(f"{prefix}/session/logout/", {"refresh": answer.json()["refresh"]}, secure=True)
    assert answer.status_code == 204
    assert set(answer.cookies) <= {"csrftoken"}


def test_the_body_comes_before_the_cookie(prefix):
    browser, other = Browser(prefix), Browser()
    browser.log_in()
    other.log_in()
    kept = browser.cookies[REFRESH].value
    assert browser.send("refresh/", {"refresh": other.cookies[REFRESH].value}).status_code == 200
    assert browser.cookies[REFRESH].value == kept
    assert browser.send("refresh/").status_code == 200
    bad = browser.send("refresh/", {"refresh": "a.b.c"})  # also if the cookie is good
    assert (bad.status_code, set(bad.cookies)) == (401, set())


@pytest.mark.parametrize("name", bad_tokens("access"))
def test_a_bad_cookie_counts_as_no_token_and_is_deleted(name):
    browser = Browser()
    browser.plant(ACCESS, bad_tokens("access")[name])
    public = browser.get("/public/", secure=True)
    assert (public.status_code, public.json()) == (200, {"user": None})
    assert was_deleted(public, ACCESS)
    browser.plant(ACCESS, bad_tokens("access")[name])
    protected = browser.post("/protected/", secure=True)
    assert protected.status_code == 401
    assert protected["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'
    assert was_deleted(protected, ACCESS)
    login = browser.log_in()
    assert login.status_code == 200
    assert browser.post("/protected/", secure=True).status_code == 200


# A logout takes an expired token, which can still end its session, and without sessions one of a user who is gone.
REFUSED = [
    (path, name)
    for path in ("refresh/", "logout/")
    for name in bad_tokens("refresh")
    if path == "refresh/" or name not in {"expired", "of nobody"}
]


@pytest.mark.parametrize(("path", "name"), REFUSED)
def test_a_bad_refresh_cookie_is_401_and_both_are_deleted(path, name, prefix):
    browser = Browser(prefix)
    browser.plant(REFRESH, bad_tokens("refresh")[name])
    browser.plant(ACCESS, "a.b.c")
    answer = browser.send(path)
    assert answer.status_code == 401
    assert answer["Cache-Control"] == "no-store"
    assert answer["WWW-Authenticate"].startswith('Bearer realm="api"')
    assert was_deleted(answer, REFRESH)
    assert was_deleted(answer, ACCESS)
    browser.plant(REFRESH, bad_tokens("refresh")[name])
    assert browser.log_in().status_code == 200
    assert browser.send("refresh/").status_code == 200


@pytest.mark.parametrize("path", ["refresh/", "logout/"])
def test_without_any_token(path, prefix):
    answer = Browser(prefix).send(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert set(answer.cookies) == set()


def test_wrong_credentials_change_no_cookie(prefix):
    browser = Browser(prefix)
    browser.log_in()
    answer = browser.log_in(password="wrong")
    assert answer.status_code == 401
    assert set(answer.cookies) <= {"csrftoken"}
    assert browser.send("refresh/").status_code == 200


@pytest.mark.parametrize("way", ["header", "setting"])
def test_refusals_are_told_in_the_language_of_the_request(settings, prefix, way):
    """Threads of async views have the language too."""
    if way == "header":
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    else:
        settings.LANGUAGE_CODE = "de"
    browser = Browser(prefix, HTTP_ACCEPT_LANGUAGE="de")
    browser.plant(REFRESH, "a.b.c")
    stranger = Browser(prefix, csrf=False, HTTP_ACCEPT_LANGUAGE="de")
    answers = [browser.log_in(password="wrong"), browser.send("refresh/"), stranger.log_in()]
    translation.deactivate()
    assert [answer.json()["detail"] for answer in answers[:2]] == [
        "Kein aktives Konto mit diesen Zugangsdaten gefunden",
        "Das Token ist ungültig",
    ]
    assert (answers[2].status_code, answers[2].json()["code"]) == (403, "csrf_failed")
    assert answers[2].json()["detail"].startswith("CSRF-Prüfung fehlgeschlagen: CSRF")
