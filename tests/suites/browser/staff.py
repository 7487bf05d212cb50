"""`python -m tests.suites.browser.staff PORT`: fills the site for staff, and serves it."""

import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

from tools.demo import free_port, wait_for

PASSWORD = "a password of the tests"
TOKEN = "the text of a token, which no page shows"
NAMES = ("ada", "grace.hopper@example.org", "emmy", "sophie.germain-leblanc", "hedy", "katherine", "maryam", "rosalind")
IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPAD = "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android {}) AppleWebKit/537.36 (KHTML, like Gecko)"
MAC_CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"
AGENTS = (
    f"{WINDOWS} Chrome/142.0.0.0 Safari/537.36",
    f"{WINDOWS} Chrome/109.0.0.0 Safari/537.36",
    f"{WINDOWS} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    f"{WINDOWS} Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0",
    f"{WINDOWS} Chrome/140.0.0.0 Safari/537.36 Vivaldi/7.6.3797.63",
    f"{WINDOWS} Chrome/138.0.0.0 YaBrowser/25.8.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
    f"{MAC} Version/18.6 Safari/605.1.15",
    f"{MAC} Version/26.1 Safari/605.1.15",
    f"{MAC_CHROME} Chrome/142.0.0.0 Safari/537.36",
    f"{MAC_CHROME} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    f"{MAC_CHROME} Chrome/136.0.7103.177 Electron/36.9.5 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
    f"{LINUX} Chrome/141.0.0.0 Safari/537.36",
    f"{LINUX} HeadlessChrome/141.0.0.0 Safari/537.36",
    f"{LINUX} Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (X11; Fedora; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    f"{LINUX.replace('537.36', '605.1.15')} Version/18.0 Safari/605.1.15 Epiphany/605.1.15",
    "Mozilla/5.0 (X11; OpenBSD amd64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (X11; CrOS x86_64 16371.65.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    f"{IOS} Version/18.6 Mobile/15E148 Safari/604.1",
    f"{IOS} CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1",
    f"{IOS} FxiOS/145.0 Mobile/15E148 Safari/605.1.15",
    f"{IOS} EdgiOS/142.0.3595.66 Version/18.0 Mobile/15E148 Safari/604.1",
    f"{IOS} GSA/393.0.825 Mobile/15E148 Safari/604.1",
    f"{IOS} Mobile/15E148 Instagram 403.0.0.29.68 (iPhone15,3; iOS 18_6; de_DE; de; scale=3.00; 1290x2796)",
    f"{IPAD} Version/17.7 Mobile/15E148 Safari/604.1",
    f"{IPAD} CriOS/141.0.7390.96 Mobile/15E148 Safari/604.1",
    f"{ANDROID.format('10; K')} Chrome/142.0.0.0 Mobile Safari/537.36",
    f"{ANDROID.format('10; K')} Chrome/142.0.0.0 Safari/537.36",
    f"{ANDROID.format('10; K')} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
    f"{ANDROID.format('10; K')} Chrome/140.0.0.0 Mobile Safari/537.36 EdgA/140.0.0.0",
    f"{ANDROID.format('14; SM-S918B')} Chrome/130.0.0.0 Mobile Safari/537.36 OPR/86.0.0.0",
    f"{ANDROID.format('15; Pixel 9 Build/BP1A; wv')} Version/4.0 Chrome/141.0.7390.122 Mobile Safari/537.36",
    "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
    "Mozilla/5.0 (Android 13; Tablet; rv:142.0) Gecko/142.0 Firefox/142.0",
    f"{ANDROID.format('12; Redmi 9')} Version/4.0 Chrome/112.0.5615.136 Mobile Safari/537.36 MiuiBrowser/14.35.1",
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) 94.0.4606.31/7.0 TV Safari/537.36",
    "Mozilla/5.0 (PlayStation; PlayStation 5/8.60) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.4 Safari/605.1",
    "Shop/4.12.0 (com.example.shop; build:812; iOS 18.6.2) Alamofire/5.10.2",
    "okhttp/4.12.0",
    "Dart/3.9 (dart:io)",
    "python-requests/2.32.5",
    "curl/8.14.1",
    "PostmanRuntime/7.48.0",
)
"""50 user agents, as browsers and programs send them."""


def fill():
    """A superuser, users, a session of each agent in one of several states, and tokens on the blacklist."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415  after setup

    from oxijwt.token_blacklist.models import BlacklistedToken, OutstandingToken  # noqa: PLC0415

    people = get_user_model().objects
    people.create_superuser("root", password=PASSWORD)
    members = [people.create_user(name, email=f"{name.split('@')[0]}@example.org") for name in NAMES]
    for number, member in enumerate(members):
        token = OutstandingToken(user=member, jti=f"{number:032x}", token=TOKEN, expires_at=datetime.now(UTC))
        token.save()
        BlacklistedToken.objects.create(token=token)
    sessions = [session_of(members[number % len(members)], number) for number in range(len(AGENTS))]
    for session in sessions:
        session.save(force_insert=True)


def session_of(user, number):
    """The session of an agent: each seventh expired, some ended, and one ended for reuse."""
    from oxijwt.token_sessions.models import RevokeReason, TokenSession  # noqa: PLC0415
    from oxijwt.token_sessions.password import auth_hash  # noqa: PLC0415

    now = datetime.now(UTC)
    created = now - timedelta(minutes=7) - number * timedelta(hours=9, minutes=31)
    expires = created - timedelta(minutes=1) if number % 7 == 3 else now + timedelta(days=1)
    session = TokenSession(
        user=user, created_at=created, expires_at=expires, flush_after=expires.date(), auth_hash=auth_hash(user),
        ip_address=f"2001:db8:85a3:{number:x}::8a2e:370:7334" if number % 5 == 1 else f"203.0.113.{number + 150}",
        user_agent=AGENTS[number], rotated_at=None if number % 3 == 0 else created + timedelta(minutes=5 * number),
    )  # fmt: skip
    reason = {5: RevokeReason.REUSE, 9: RevokeReason.LOGOUT, 16: RevokeReason.ADMIN}.get(number)
    if reason is not None:
        session.revoked_at, session.revoke_reason = now, reason
        if reason is not RevokeReason.REUSE:
            session.ip_address, session.user_agent = None, ""
    return session


@contextmanager
def staff_site(folder):
    """Serve the site in a process of its own, on a new database in this folder. Gives the port."""
    port = free_port()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.sites.staff.settings",
        "OXIJWT_STAFF_DATABASE": str(Path(folder) / "staff.sqlite3"),
    }
    command = [sys.executable, "-m", "tests.suites.browser.staff", str(port)]
    with (Path(folder) / "log").open("w+") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_for(server, port, log)
            yield port
        finally:
            server.terminate()
            server.wait(timeout=10)


def main(port):
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", run_syncdb=True, verbosity=0)
    fill()
    call_command("runserver", f"127.0.0.1:{port}", use_reloader=False)


if __name__ == "__main__":
    main(sys.argv[1])
