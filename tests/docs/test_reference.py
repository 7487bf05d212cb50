"""The reference pages list what the package has, and nothing else."""

import ast
import re
import textwrap
from importlib import import_module

import pytest
from django.core.management import BaseCommand, load_command_class
from django.views import View

from oxijwt import cookie_urls, exceptions, urls
from oxijwt.management.commands.jwtkeys import Command
from oxijwt.settings import DEFAULTS
from oxijwt.urls import blacklist, sliding
from tests.docs import reference
from tests.docs.blocks import PAGES, REPOSITORY, steps_of
from tests.docs.reference import PACKAGE, rows_of

TYPES = {bool: "bool", str: "str", int: "int", tuple: "several"}
DOTTED = ("class", "function")
VIEW_MODULES = ["oxijwt.views", "oxijwt.views.cookies", "oxijwt.token_sessions.views"]
BASES = {"View", "AsyncView", "TokenViewBase", "AsyncTokenView", "LoginView", "NonAtomicView", "OwnSessionsView"}
URL_ROWS = [row for row in rows_of("views.md") if row[0] in {"GET", "POST", "DELETE"}]
PATTERNS = {
    pattern.name: pattern for urlconf in (urls, sliding, blacklist, cookie_urls) for pattern in urlconf.urlpatterns
}
CODE = r'(?:default_code = |code=|"no_active_account"\], )"(\w+)"'


def ticked(rows, column):
    """The pieces of code in one column."""
    return [cell for row in rows for cell in re.findall(r"`([^`]*)`", row[column])]


def test_the_table_has_each_setting_with_its_default():
    assert [(row[0], row[3], row[4]) for row in rows_of("settings-table.md")[1:]] == [
        (name, reference.default_of(value), reference.since()[name]) for name, value in DEFAULTS.items()
    ]


@pytest.mark.parametrize("row", rows_of("settings-table.md")[1:], ids=lambda row: row[0])
def test_a_setting_has_a_type_that_its_default_has(row):
    value = DEFAULTS[row[0]]
    wanted = "None" if value is None else TYPES.get(type(value), type(value).__name__)
    is_dotted = isinstance(value, str) and value.startswith("oxijwt.")
    assert wanted in row[1] or (row[1].startswith(DOTTED) and is_dotted) or row[1] == "key"


def test_every_url_is_listed():
    patterns = [(str(pattern.pattern), name) for name, pattern in PATTERNS.items()]
    assert sorted(patterns) == sorted(tuple(cell.strip("`") for cell in row[1:3]) for row in URL_ROWS)


@pytest.mark.parametrize("row", URL_ROWS, ids=lambda row: row[2])
def test_a_url_has_this_view_and_method(row):
    view = PATTERNS[row[2].strip("`")].callback.view_class
    assert view.__name__ == row[3].strip("`")
    assert hasattr(view, row[0].lower())


def test_every_view_is_listed():
    public = {
        name
        for module in VIEW_MODULES
        for name, value in vars(import_module(module)).items()
        if isinstance(value, type) and issubclass(value, View) and value.__module__ == module and name not in BASES
    }
    assert {name for name in public if "Mixin" not in name} - {"CookieView", "AsyncCookieView"} == {
        *(name for row in URL_ROWS for name in ticked([row], 3) + ticked([row], 4))
    }


def test_every_signal_is_listed():
    listed = ticked(rows_of("signals.md"), 0)
    assert set(listed) == {*reference.signal_names(), "user_logged_in", "user_logged_out", "user_login_failed"}


def test_every_code_is_listed():
    sources = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    listed = ticked(rows_of("codes.md"), 0)
    assert set(listed) == {*re.findall(CODE, sources), *exceptions.SESSION_MESSAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_a_page_gives_a_code_its_status(page):
    statuses = {row[0].strip("`"): row[1] for row in rows_of("codes.md")[1:]}
    named = re.findall(r"\b(400|401|403|503) `([a-z]+(?:_[a-z]+)+)`", page.read_text())
    assert [(status, code) for status, code in named if statuses.get(code) != status] == []


def test_a_code_has_the_status_of_its_exception():
    statuses = {row[0].strip("`"): int(row[1]) for row in rows_of("codes.md")[1:]}
    found = [value for value in vars(exceptions).values() if hasattr(value, "default_code")]
    assert len(found) >= 6
    assert all(statuses.get(value.default_code, value.status_code) == value.status_code for value in found)


def imported_by(page):
    """The modules of the package that a page's Python blocks import."""
    sources = [textwrap.dedent(step["shown"]) for step in steps_of(page.read_text()) if step["shown"]]
    for node in ast.walk(ast.parse("\n".join(sources).replace("await ", ""))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_that_the_pages_import_is_listed():
    text = "\n".join(path.read_text() for path in reference.PAGES.glob("*.md"))
    listed = set(re.findall(r"oxijwt(?:\.\w+)+", text))
    imported = {name for page in PAGES for name in imported_by(page) if name.startswith("oxijwt.")}
    assert len(imported) > 20
    assert {name for name in imported if not {name, name.rpartition(".")[0]} & listed} == set()


def test_every_command_is_listed():
    commands = {path.stem for path in PACKAGE.rglob("management/commands/*.py")} - {"__init__"}
    assert set(ticked(rows_of("commands.md"), 0)) == commands | {"jwtkeys generate", "jwtkeys list", "jwtkeys rotate"}


def test_every_option_is_listed():
    actions = Command().create_parser("manage.py", "jwtkeys")._subparsers._group_actions[0].choices
    djangos = set(BaseCommand().create_parser("manage.py", "")._option_string_actions)
    parsers = {f"jwtkeys {name}": parser for name, parser in actions.items()} | {
        name: load_command_class("oxijwt.token_sessions", name).create_parser("manage.py", name)
        for name in ("flushexpiredtokens", "publishrevocations")
    }
    options = {
        (name, option) for name, parser in parsers.items() for option in set(parser._option_string_actions) - djangos
    }
    rows = [row for row in rows_of("commands.md") if row[1].startswith("`--")]
    assert {(row[0].strip("`"), row[1].strip("`")) for row in rows} == options


def test_every_log_line_is_listed():
    rows = rows_of("log-events.md")
    levels = {message: row[0] for row in rows for message in ticked([row], 1)}
    del levels["token refused: {}"]
    found = {message: level for level, message in reference.log_lines()}
    assert set(levels) == set(found)
    assert {message for message, level in found.items() if level and level != levels[message]} == set()


def test_the_cores_log_line_is_listed():
    source = (PACKAGE.parents[1] / "src/python/ring.rs").read_text()
    assert '"token refused: {}"' in source
