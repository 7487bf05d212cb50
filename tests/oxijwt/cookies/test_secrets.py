"""Nothing that is kept about a request with cookies holds a token: no variable, no report, no log, no exception."""

import logging

import pytest
from django.urls import include, path
from django.views.debug import ExceptionReporter

from tests.client import PASSWORD
from tests.frames import watched
from tests.leaks import FAULT, fail, require_absence

from .browser import ACCESS, REFRESH, Browser

pytestmark = pytest.mark.urls(__name__)


def broken(_request):
    """A project's own view that fails."""
    raise RuntimeError(FAULT)


urlpatterns = [path("broken/", broken), path("", include("tests.sites.cookie_urls"))]

ACTS = {
    "login": lambda browser: browser.log_in(),
    "refresh": lambda browser: browser.send("refresh/"),
    "logout": lambda browser: browser.send("logout/"),
    "request": lambda browser: browser.post("/protected/", secure=True),
    "refused": lambda browser: browser.post("/protected/", secure=True, HTTP_X_CSRFTOKEN="x"),
}


@pytest.mark.parametrize("in_session", [False, True], ids=["CSRF cookie", "CSRF_USE_SESSIONS"])
@pytest.mark.parametrize("act", ACTS)
def test_no_variable_holds_a_secret(settings, act, in_session, prefix):
    settings.CSRF_USE_SESSIONS = in_session
    browser = Browser(prefix)
    browser.log_in()
    secrets = [browser.cookies[REFRESH].value, browser.cookies[ACCESS].value]
    with watched() as seen:
        answer = ACTS[act](browser)
    made = [answer.cookies[name].value for name in (REFRESH, ACCESS) if name in answer.cookies]
    assert seen
    assert seen.holding(*secrets, *filter(None, made), PASSWORD) == []


FAULTS = {
    "refresh/": [
        "oxijwt.views.cookies.check_csrf",
        "oxijwt.views.cookies.set_cookie",
        "oxijwt.transport.cookies.unverified_claims",
        "rest_framework.renderers.JSONRenderer.render",
        "oxijwt.verifier.Verifier.verify",
    ],
    "logout/": ["oxijwt.views.cookies.check_csrf", "oxijwt.views.cookies.delete_cookies"],
}
CASES = [(name, fault) for name, faults in FAULTS.items() for fault in faults]


@pytest.mark.parametrize(("name", "fault"), CASES, ids=["-".join(case) for case in CASES])
def test_no_report_shows_a_token(monkeypatch, name, fault):
    browser = Browser()
    browser.raise_request_exception = False
    browser.log_in()
    secrets = [browser.cookies[REFRESH].value, browser.cookies[ACCESS].value]
    require_absence(secrets, *reports_of(browser, monkeypatch, f"/session/{name}", fault))


def test_no_report_of_a_projects_view_shows_a_cookie(monkeypatch):
    browser = Browser()
    browser.raise_request_exception = False
    browser.log_in()
    secrets = [browser.cookies[REFRESH].value, browser.cookies[ACCESS].value]
    require_absence(secrets, *reports_of(browser, monkeypatch, "/broken/", None))


class Keeping(logging.Handler):
    """Makes the report that Django would mail, as text and as HTML."""

    def __init__(self):
        super().__init__()
        self.reports = []

    def emit(self, record):
        if record.exc_info:
            reporter = ExceptionReporter(record.request, *record.exc_info)
            self.reports += [reporter.get_traceback_text(), reporter.get_traceback_html(), record.getMessage()]


def reports_of(browser, monkeypatch, path, fault):
    """Every report about a request in which a function fails."""
    keeping, logger = Keeping(), logging.getLogger("django.request")
    logger.addHandler(keeping)
    try:
        with monkeypatch.context() as patch:
            if fault is not None:
                patch.setattr(fault, fail)
            answer = browser.post(path, {}, "application/json", secure=True)
    finally:
        logger.removeHandler(keeping)
    assert answer.status_code == 500
    assert any(FAULT in report for report in keeping.reports)
    return keeping.reports
