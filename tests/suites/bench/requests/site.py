"""A site in this process, which the environment names, and the turns that another process asks for.

As a module it prints the name of its database. Then it reads a command in each line of its standard input, and answers
each in one line: the seconds of a request.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import cycle
from time import perf_counter, process_time
from types import ModuleType
from typing import Any

import django
from django.conf import settings

from .libraries import PASSWORD, USERNAMES, Library, Request, Tokens, library_of
from .spec import POSTGRES, Spec, spec_of_this_process

Environment = dict[str, Any]
URLS = f"{__name__}_urls"
SPENDING = {"obtain", "refresh", "logout"}
"""Requests that each need another user, or the tokens of a new login."""
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def configure(spec: Spec) -> Library:
    """Set Django up for the site."""
    library = library_of(spec.library, spec.kind)
    if spec.feature:
        from .features import FEATURES  # noqa: PLC0415  it starts sites itself

        library = FEATURES[spec.feature][1](library)
    settings.configure(
        SECRET_KEY="a secret key of the benchmark that is long enough",
        ALLOWED_HOSTS=["*"],
        USE_TZ=True,
        DATABASES={"default": database_of(spec)},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", *library.apps],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF=URLS,
        # A mistake in a site must end the run.
        DEBUG_PROPAGATE_EXCEPTIONS=True,
        **library.settings,
    )
    django.setup()
    sys.modules[URLS] = ModuleType(URLS)
    vars(sys.modules[URLS])["urlpatterns"] = library.urlpatterns()
    return library


def database_of(spec: Spec) -> dict[str, Any]:
    """The setting of the site's database. Its connection stays open, and a commit does not wait for the disk."""
    if spec.database != POSTGRES:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    from tests.sites.settings import DATABASES_BY_NAME  # noqa: PLC0415  a site of its own

    options = {"options": "-c synchronous_commit=off"}
    if spec.prepared:
        options |= {"server_side_binding": True, "prepare_threshold": 3}
    return {**DATABASES_BY_NAME[POSTGRES], "NAME": spec.database_name, "CONN_MAX_AGE": None, "OPTIONS": options}


@contextmanager
def tables(spec: Spec) -> Iterator[str]:
    """The site's tables with its users, and their database's name. On a server it is dropped at the end."""
    from django.core.management import call_command  # noqa: PLC0415  after configure
    from django.db import connection  # noqa: PLC0415

    name, is_temporary = connection.settings_dict["NAME"], spec.database == POSTGRES and not spec.name
    if is_temporary:
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
    elif not spec.name:
        call_command("migrate", verbosity=0)
    try:
        if not spec.name:
            make_users()
        yield str(connection.settings_dict["NAME"])
    finally:
        if is_temporary:
            connection.creation.destroy_test_db(name, verbosity=0)


def make_users() -> None:
    """All users, with one password."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415  after configure
    from django.contrib.auth.hashers import make_password  # noqa: PLC0415

    model, password = get_user_model(), make_password(PASSWORD)
    model.objects.bulk_create([model(username=username, password=password) for username in USERNAMES])


class Site:
    """A WSGI application, called in this process."""

    def __init__(self, library: Library) -> None:
        from django.core.wsgi import get_wsgi_application  # noqa: PLC0415  after configure

        self._application = get_wsgi_application()
        self._library = library
        self._status = ""
        self._cookies: Tokens = {}
        self._usernames = cycle(USERNAMES)

    def login(self) -> Tokens:
        """The tokens of a new login of the next user: those in cookies, if the login sets any."""
        answer = json.loads(self.answer(self.environment("obtain", self.next_user())))
        return self._cookies or self._library.tokens(answer)

    def next_user(self) -> Tokens:
        """What a login is made from."""
        return {"username": next(self._usernames)}

    def environment(self, name: str, tokens: Tokens) -> Environment:
        """A request of this name, ready to be answered once."""
        return wsgi_environment(self._library.requests[name](tokens))

    def answer(self, environment: Environment) -> bytes:
        """The body of the answer. Raises RuntimeError unless the request succeeds."""
        response = self._application(environment, self._start)
        content = b"".join(response)
        response.close()
        # allauth answers a logout with 401 and the state of the session, which is over.
        is_over = environment["REQUEST_METHOD"] == "DELETE" and self._status.startswith("401")
        if not (self._status.startswith("2") or is_over):
            raise RuntimeError(f"{environment['PATH_INFO']}: {self._status} {content!r}")
        return content

    def _start(self, status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        self._status = status
        cookies = (value.partition(";")[0].strip().partition("=") for name, value in headers if name == "Set-Cookie")
        self._cookies = {name: value for name, _equals, value in cookies}

    def turn(self, name: str, count: int, clock: str) -> float:
        """The seconds of a request: by CPU time the mean, by the wall clock the second-smallest."""
        make = self.next_user if name == "obtain" else self.login
        kept = None if name in SPENDING else make()
        prepared = [self.environment(name, kept or make()) for _request in range(count)]
        if clock == "cpu":
            begun = process_time()
            for environment in prepared:
                self.answer(environment)
            return (process_time() - begun) / count
        return sorted(self._timed(environment) for environment in prepared)[1]

    def _timed(self, environment: Environment) -> float:
        begun = perf_counter()
        self.answer(environment)
        return perf_counter() - begun


def wsgi_environment(request: Request) -> Environment:
    """A request as a server hands it on."""
    body = b"" if request.body is None else json.dumps(request.body).encode()
    typed = {} if request.body is None else {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))}
    return {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": "localhost",
        "HTTP_USER_AGENT": AGENT,
        "HTTP_ACCEPT": "application/json",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **typed,
        **request.headers,
    }


def application() -> Callable[..., Any]:
    """The site for a server: gunicorn calls this in each worker."""
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415

    configure(spec_of_this_process())
    return get_wsgi_application()


def main() -> None:
    spec = spec_of_this_process()
    library = configure(spec)
    with tables(spec) as database:
        site = Site(library)
        print(json.dumps(database), flush=True)
        for line in sys.stdin:
            print(json.dumps(site.turn(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
