"""A page of another origin sends requests with the cookies of somebody who is logged in. All of them are refused."""

import pytest

from .attacker import CROSS_SITE, FETCH, FETCH_JSON, SAME_SITE, SEND_FORM, another_site

REFRESH, LOGOUT, LOGIN = "/api/session/refresh/", "/api/session/logout/", "/api/session/"


@pytest.fixture(scope="module")
def foreign_port():
    with another_site() as port:
        yield port


@pytest.fixture(scope="module")
def logged_in(patient_person):
    """Somebody in cookie mode. The login lasts through all tests, since no foreign page can end it."""
    patient_person.be_logged_in("cookie")
    return patient_person


@pytest.fixture
def foreign_page(logged_in, foreign_port):
    """A function that opens the other site's page at this host, in the browser of somebody who is logged in."""

    def open_at(host):
        pages.append(logged_in.page.context.new_page())
        pages[-1].goto(f"http://{host}:{foreign_port}/")
        return pages[-1]

    pages = []
    yield open_at
    for page in pages:
        page.close()


def send(page, how, url, **fields):
    """Let the page send a request, and return the answer's status."""
    with page.expect_response(url) as caught:
        page.evaluate(how, [url, fields])
    return caught.value.status


def cookies_of(person):
    return person.page.context.cookies()


@pytest.mark.parametrize("how", [SEND_FORM, FETCH], ids=["form", "fetch"])
@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
def test_another_site_gets_no_cookie_sent(logged_in, foreign_page, how, path):
    before = cookies_of(logged_in)
    # 401 and not 403: no token came.
    assert send(foreign_page(CROSS_SITE), how, logged_in.site.origin + path) == 401
    assert cookies_of(logged_in) == before
    logged_in.press("Refresh")
    logged_in.reads("You have a new access token")


@pytest.mark.parametrize("how", [SEND_FORM, FETCH], ids=["form", "fetch"])
@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
def test_another_origin_of_the_same_site_fails_the_csrf_check(logged_in, foreign_page, how, path):
    before = cookies_of(logged_in)
    # 403 and not 401: the browser has sent the cookie, since a site does not have a port.
    assert send(foreign_page(SAME_SITE), how, logged_in.site.origin + path) == 403
    assert cookies_of(logged_in) == before
    logged_in.press("Refresh")
    logged_in.reads("You have a new access token")


@pytest.mark.parametrize("host", [CROSS_SITE, SAME_SITE])
def test_json_does_not_pass_the_preflight(logged_in, foreign_page, host):
    page = foreign_page(host)
    assert page.evaluate(FETCH_JSON, [logged_in.site.origin + REFRESH, {}]) == "refused by the browser"
    logged_in.press("Refresh")
    logged_in.reads("You have a new access token")


@pytest.mark.parametrize("host", [CROSS_SITE, SAME_SITE])
@pytest.mark.parametrize("how", [SEND_FORM, FETCH], ids=["form", "fetch"])
def test_a_foreign_page_cannot_log_the_browser_in(logged_in, foreign_page, host, how):
    before = cookies_of(logged_in)
    credentials = {"username": "demo", "password": logged_in.site.password}
    assert send(foreign_page(host), how, logged_in.site.origin + LOGIN, **credentials) == 403
    assert cookies_of(logged_in) == before


@pytest.mark.parametrize("host", [CROSS_SITE, SAME_SITE])
def test_a_foreign_page_cannot_read_the_csrf_token(logged_in, foreign_page, host):
    page = foreign_page(host)
    read = "url => fetch(url, {credentials: 'include'}).then((answer) => answer.text(), () => 'refused by the browser')"
    assert page.evaluate(read, f"{logged_in.site.origin}/api/session/csrf/") == "refused by the browser"


def test_the_page_itself_passes(logged_in):
    """The same request from the demo's own page, with the token: the gate opens."""
    sent = "url => fetch(url, {method: 'POST', headers: {'X-CSRFToken': token}}).then((answer) => answer.status)"
    ask = "async () => { self.token = (await (await fetch('/api/session/csrf/')).json()).csrf_token; }"
    logged_in.page.evaluate("() => { self.token = ''; }")
    assert logged_in.page.evaluate(sent, REFRESH) == 403
    logged_in.page.evaluate(ask)
    assert logged_in.page.evaluate(sent, REFRESH) == 200
