"""Which tests run under which settings, the clock, and the signals seen."""

from contextlib import ExitStack
from pathlib import Path

import pytest
import rest_framework.fields  # noqa: F401  it imports psycopg, which must not meet a frozen datetime
from django.conf import settings
from freezegun import freeze_time

from oxijwt import signals

HERE = Path(__file__).parent
BOTH_APPS = ["test_adoption.py", "rotation/test_both_apps.py", "rotation/test_markers.py"]
UUID_USERS = ["test_uuid_users.py"]
TWO_DATABASES = ["apart/test_two_databases.py"]
"""Tests of other sites: they run under tests.sites.adoption, tests.sites.uuid_sessions and tests.sites.apart only."""
APART = [*TWO_DATABASES, "ends/test_ends.py", "test_password.py", "test_bad_input.py", "test_audience.py"]
"""What runs under tests.sites.apart."""

if "oxijwt.token_sessions" not in settings.INSTALLED_APPS:
    collect_ignore_glob = ["*"]  # folders too: their conftest modules would import the models without the app
elif settings.AUTH_USER_MODEL != "auth.User":
    collect_ignore_glob = ["test_[!u]*.py", "*/test_*.py"]
elif len(settings.DATABASES) > 1:
    FILES = {str(path.relative_to(HERE)) for path in HERE.rglob("test_*.py")}
    collect_ignore = sorted(FILES - set(APART))
elif "oxijwt.token_blacklist" not in settings.INSTALLED_APPS:
    collect_ignore = BOTH_APPS + UUID_USERS + TWO_DATABASES
else:
    collect_ignore = UUID_USERS + TWO_DATABASES


def pytest_itemcollected(item):
    """Every test may use all databases of its site."""
    mark = item.get_closest_marker("django_db")
    if mark is not None:
        item.add_marker(pytest.mark.django_db(**mark.kwargs | {"databases": "__all__"}), append=False)


@pytest.fixture
def clock():
    """The clock stands still until a test moves it: `clock.tick(seconds)`."""
    with freeze_time("2026-03-04 05:06:07", ignore=["_pytest.runner", "_pytest.terminal"]) as frozen:
        yield frozen


class Heard(list):
    """The signals sent, as (name, arguments)."""

    @property
    def names(self):
        """Their names in order."""
        return [name for name, _arguments in self]

    def of(self, wanted):
        """The arguments of those with a name."""
        return [arguments for name, arguments in self if name == wanted]


@pytest.fixture
def heard(transactional_db):
    """Every signal of the package that is sent during a test: after the commit, which a TestCase never makes."""
    names = (
        "session_started",
        "session_refreshed",
        "session_restored",
        "refresh_repeated",
        "refresh_reuse_detected",
        "session_revoked",
    )
    seen = Heard()
    with ExitStack() as stack:
        for name in names:
            signal = getattr(signals, name)

            def receive(signal=signal, name=name, **arguments):
                seen.append((name, arguments))

            signal.connect(receive, weak=False)
            stack.callback(signal.disconnect, receive)
        yield seen


@pytest.fixture
def jwt_settings(settings):
    """Change settings of SIMPLE_JWT: `jwt_settings(NAME=value)`."""

    def change(**changes):
        settings.SIMPLE_JWT = settings.SIMPLE_JWT | changes

    return change
