"""A project on simplejwt 5.5.1 switches to oxijwt by one line, and back, on one database.

Every process here is started anew: simplejwt itself works under its own name from the unpacked sdist, oxijwt behind the
hook without any simplejwt on the path. One story is played per database; the tests look at what it gave.
"""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.conftest import require_service
from tests.sites.projects import HERE, OXIJWT, finished, python
from tests.sites.settings import DATABASES_BY_NAME
from tools.simplejwt import simplejwt_sdist

THEIRS = "switch_site.settings"
OURS = "switch_site.switched"
OURS_BY_APP = "switch_site.switched_by_app"
OURS_PLAINLY = "switch_site.plain"


@dataclass
class Site:
    """One database and the processes that work on it."""

    database: Mapping[str, Any]
    saved: dict[str, Any] = field(default_factory=dict)

    def manage(self, settings: str, *command: str, beside: Iterable[Path] = ()) -> tuple[int, str, str]:
        """What a management command answers: exit status, output, errors."""
        return finished(self._process(settings, "-m", "django", *command, beside=beside))

    def act(self, settings: str, *steps: tuple[str, ...], beside: Iterable[Path] = ()) -> list[Any]:
        """The answers to steps of projects/act.py. What they save is there for later calls, of any library."""
        process = self._process(settings, str(HERE / "act.py"), beside=beside)
        status, output, errors = finished(process, json.dumps([self.saved, steps]))
        assert status == 0, errors
        report = json.loads(output)
        assert Path(report["library"]).is_relative_to(simplejwt_sdist() if settings == THEIRS else OXIJWT / "oxijwt")
        self.saved = report["saved"]
        return report["answers"]

    def _process(self, settings: str, *arguments: str, beside: Iterable[Path]) -> Any:
        paths = [simplejwt_sdist()] if settings == THEIRS else list(beside)
        variables = {"DJANGO_SETTINGS_MODULE": settings, "SWITCH_SITE_DATABASE": json.dumps(self.database)}
        return python("-W", "ignore", *arguments, pythonpath=paths, variables=variables, stderr=-1)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Makes empty databases of one kind."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("switch")
        yield lambda name: sqlite_database(folder, name)
        return
    require_service("postgres")
    made: list[str] = []
    yield lambda name: postgres_database(name, made)
    for name in made:
        on_postgres("DROP DATABASE {} WITH (FORCE)", name)


def sqlite_database(folder: Path, name: str) -> dict[str, str]:
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / f"{name}.sqlite3")}


def postgres_database(name: str, made: list[str]) -> dict[str, Any]:
    full_name = f"test_oxijwt_{name}_{os.getpid()}"
    on_postgres("CREATE DATABASE {}", full_name)
    made.append(full_name)
    return DATABASES_BY_NAME["postgres"] | {"NAME": full_name}


def on_postgres(statement: str, name: str) -> None:
    with psycopg.connect(**postgres_address("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def postgres_address(name: str) -> dict[str, Any]:
    server = DATABASES_BY_NAME["postgres"]
    return {
        "host": server["HOST"],
        "port": server["PORT"],
        "user": server["USER"],
        "password": server["PASSWORD"],
        "dbname": name,
    }


@dataclass
class Story:
    """What each step of the switch gave."""

    commands: dict[str, tuple[int, str, str]]
    first: list[Any]
    switched: list[Any]
    back: list[Any]


BEGINNING = (
    ("user", "alice"),
    ("user", "bob"),
    ("login", "alice", "live"),
    ("login", "alice", "blacklisted"),
    ("blacklist", "$blacklisted"),
    ("login", "bob", "rotated"),
    ("refresh", "$rotated", "successor"),
    ("sliding/login", "bob", "sliding"),
)
SWITCHED = (
    ("protected", "$live.access"),
    ("protected", "$successor.access"),
    ("verify", "$live"),
    ("verify", "$sliding"),
    ("sliding/refresh", "$sliding", "slid"),
    ("verify", "$blacklisted"),
    ("refresh", "$blacklisted"),
    ("blacklist", "$blacklisted"),
    ("refresh", "$rotated"),
    ("refresh", "$live", "ours"),
    ("refresh", "$live"),
    ("protected", "$ours.access"),
    ("login", "bob", "ended"),
    ("blacklist", "$ended"),
    ("refresh", "$ended"),
    ("login", "bob", "bobs"),
)
BACK = (
    ("protected", "$bobs.access"),
    ("protected", "$ours.access"),
    ("verify", "$slid"),
    ("refresh", "$ended"),
    ("verify", "$ended"),
    ("refresh", "$live"),
    ("refresh", "$blacklisted"),
    ("refresh", "$ours", "theirs"),
    ("refresh", "$ours"),
    ("blacklist", "$bobs"),
    ("refresh", "$bobs"),
    ("refresh", "$successor"),
)


@pytest.fixture(scope="module")
def story(databases: Any) -> Story:
    site = Site(databases("story"))
    commands = {"their migrate": site.manage(THEIRS, "migrate")}
    first = site.act(THEIRS, *BEGINNING)
    commands |= {
        "plan": site.manage(OURS, "migrate", "--plan"),
        "makemigrations": site.manage(OURS, "makemigrations", "--check"),
        "migrate": site.manage(OURS, "migrate"),
        "check": site.manage(OURS, "check"),
    }
    switched = site.act(OURS, *SWITCHED)
    commands["their plan"] = site.manage(THEIRS, "migrate", "--plan")
    return Story(commands, first, switched, site.act(THEIRS, *BACK))


def outcome(steps: tuple[tuple[str, ...], ...], answers: list[Any]) -> dict[tuple[str, str], list[int]]:
    """The status of each step, by what it did; a step done twice has two."""
    statuses: dict[tuple[str, str], list[int]] = {}
    for (kind, argument, *_), (status, _body, _challenge) in zip(steps, answers, strict=True):
        statuses.setdefault((kind, argument), []).append(status)
    return statuses


def test_the_project_works_on_simplejwt_to_begin_with(story: Story) -> None:
    assert story.commands["their migrate"][0] == 0
    assert [status for status, *_ in story.first] == [201, 201, 200, 200, 200, 200, 200, 200]


def test_nothing_is_left_to_migrate_after_the_switch(story: Story) -> None:
    status, output, errors = story.commands["plan"]
    assert status == 0, errors
    assert "No planned migration operations." in output


def test_the_models_are_those_of_the_migrations(story: Story) -> None:
    status, output, errors = story.commands["makemigrations"]
    assert status == 0, errors
    assert "No changes detected" in output


def test_migrate_does_not_stop_on_a_check_although_the_secret_is_short(story: Story) -> None:
    status, output, errors = story.commands["migrate"]
    assert status == 0, errors
    assert "No migrations to apply." in output
    # It is said, all the same.
    assert "oxijwt.E003" in story.commands["check"][2]
    assert story.commands["check"][0] == 0


@pytest.mark.parametrize("name", ["migrate", "check"])
def test_without_the_hook_the_same_secret_stops_a_project(tmp_path: Path, name: str) -> None:
    status, _output, errors = Site(sqlite_database(tmp_path, "plain")).manage(OURS_PLAINLY, name)
    assert status != 0
    assert "oxijwt.E003" in errors


def test_old_tokens_count_after_the_switch_and_blacklisted_ones_do_not(story: Story) -> None:
    statuses = outcome(SWITCHED, story.switched)
    assert statuses["protected", "$live.access"] == [200]
    assert statuses["protected", "$successor.access"] == [200]
    assert statuses["verify", "$live"] == [200]
    assert statuses["verify", "$sliding"] == [200]
    assert statuses["sliding/refresh", "$sliding"] == [200]
    assert statuses["verify", "$blacklisted"] == [400]
    assert statuses["refresh", "$blacklisted"] == [401]
    assert statuses["blacklist", "$blacklisted"] == [401]
    assert statuses["refresh", "$rotated"] == [401]


def test_an_old_refresh_token_rotates_once_after_the_switch(story: Story) -> None:
    statuses = outcome(SWITCHED, story.switched)
    assert statuses["refresh", "$live"] == [200, 401]
    assert statuses["protected", "$ours.access"] == [200]


def test_login_and_logout_work_after_the_switch(story: Story) -> None:
    statuses = outcome(SWITCHED, story.switched)
    assert statuses["login", "bob"] == [200, 200]
    assert statuses["blacklist", "$ended"] == [200]
    assert statuses["refresh", "$ended"] == [401]


def test_simplejwt_honours_what_oxijwt_made_when_the_project_goes_back(story: Story) -> None:
    status, output, errors = story.commands["their plan"]
    assert status == 0, errors
    assert "No planned migration operations." in output
    statuses = outcome(BACK, story.back)
    assert statuses["protected", "$bobs.access"] == statuses["protected", "$ours.access"] == [200]
    assert statuses["verify", "$slid"] == [200]
    assert statuses["refresh", "$ours"] == [200, 401]
    assert statuses["blacklist", "$bobs"] == [200]
    assert statuses["refresh", "$successor"] == [200]


def test_simplejwt_refuses_what_oxijwt_blacklisted(story: Story) -> None:
    statuses = outcome(BACK, story.back)
    assert statuses["refresh", "$ended"] == [401]
    assert statuses["verify", "$ended"] == [400]
    assert statuses["refresh", "$live"] == [401]
    assert statuses["refresh", "$blacklisted"] == [401]


def masked(answers: list[Any]) -> list[Any]:
    """Answers with every token in them replaced by its form."""
    return json.loads(re.sub(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "TOKEN", json.dumps(answers)))


def without_error(answers: list[Any]) -> list[Any]:
    """Answers whose challenge leaves out that a token was refused, as simplejwt's does."""
    return [
        [*answer, challenge and challenge.removesuffix(', error="invalid_token"')] for *answer, challenge in answers
    ]


def test_both_libraries_answer_the_same_steps_with_the_same_words(databases: Any) -> None:
    wrong_password = ("login", "nobody")
    steps = (*BEGINNING, *SWITCHED, *BACK, wrong_password, ("refresh", "no.such.token"), ("protected", "no.such.token"))
    steps += (("refresh", "$live.access"), ("protected", "$live"), ("verify", ""), ("refresh", ""), ("login", ""))
    theirs, ours = Site(databases("theirs")), Site(databases("ours"))
    for settings, site in ((THEIRS, theirs), (OURS, ours)):
        assert site.manage(settings, "migrate")[0] == 0
    expected = masked(theirs.act(THEIRS, *steps))
    for step, answer, theirs_answer in zip(steps, without_error(masked(ours.act(OURS, *steps))), expected, strict=True):
        assert (step, answer) == (step, theirs_answer)
    assert schema(ours.database) == schema(theirs.database)


def schema(database: Mapping[str, Any]) -> list[Any]:
    """Everything the database holds about its tables: columns, indexes, constraints; and the migrations applied."""
    if "sqlite" in database["ENGINE"]:
        with closing(sqlite3.connect(database["NAME"])) as connection:
            return rows(connection, *SQLITE_SCHEMA)
    with psycopg.connect(**postgres_address(database["NAME"])) as connection:
        return rows(connection, *POSTGRES_SCHEMA)


def rows(connection: Any, *queries: str) -> list[Any]:
    found = [connection.execute(query).fetchall() for query in queries]
    assert all(found)
    connection.rollback()
    return found


MIGRATIONS = "SELECT app, name FROM django_migrations ORDER BY id"
SQLITE_SCHEMA = ("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name", MIGRATIONS)
POSTGRES_SCHEMA = (
    """
    SELECT table_name, ordinal_position, column_name, data_type, character_maximum_length, is_nullable,
        column_default, is_identity, identity_generation
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
    """,
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
    """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
    """,
    "SELECT sequencename, data_type::text FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1",
    MIGRATIONS,
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A SQLite file that simplejwt made and worked on, to copy."""
    site = Site(sqlite_database(tmp_path_factory.mktemp("begun"), "begun"))
    assert site.manage(THEIRS, "migrate")[0] == 0
    site.act(THEIRS, *BEGINNING)
    return site


@pytest.fixture
def site(begun: Site, tmp_path: Path) -> Site:
    database = sqlite_database(tmp_path, "copy")
    shutil.copy(begun.database["NAME"], database["NAME"])
    return Site(database, dict(begun.saved))


@pytest.mark.parametrize("settings", [OURS, OURS_BY_APP])
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside simplejwt"])
def test_the_hook_wins_wherever_it_stands_and_whatever_is_installed(site: Site, settings: str, beside: bool) -> None:
    paths = [simplejwt_sdist()] if beside else []
    status, output, errors = site.manage(settings, "migrate", "--plan", beside=paths)
    assert status == 0, errors
    assert "No planned migration operations." in output
    answers = site.act(settings, *SWITCHED, beside=paths)
    assert outcome(SWITCHED, answers)["refresh", "$live"] == [200, 401]
    assert outcome(SWITCHED, answers)["refresh", "$blacklisted"] == [401]


def test_flushexpiredtokens_is_found_after_the_switch(site: Site) -> None:
    with closing(sqlite3.connect(site.database["NAME"])) as connection, connection:
        connection.execute("UPDATE token_blacklist_outstandingtoken SET expires_at = '2020-01-01' WHERE user_id = 1")
        before = count(connection)
    assert site.manage(OURS, "flushexpiredtokens")[0] == 0
    with closing(sqlite3.connect(site.database["NAME"])) as connection:
        assert (before, count(connection)) == ((5, 2), (3, 1))


def count(connection: sqlite3.Connection) -> tuple[int, int]:
    tables = ("token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken")
    outstanding, blacklisted = (
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  the two names above
        for table in tables
    )
    return outstanding, blacklisted
