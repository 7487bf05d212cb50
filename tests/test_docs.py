"""The documentation names only modules, attributes, files, settings, check ids, commands and URLs that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import global_settings
from django.core.management import get_commands
from django.urls import get_resolver

from oxijwt import urls
from oxijwt.settings import DEFAULTS, REMOVED_SETTINGS

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "python/oxijwt"
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/demo/README.md")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]
TABLE_OF_CHECKS = REPOSITORY / "docs/settings.md"
ROOTS = (REPOSITORY, PACKAGE, REPOSITORY / "src", REPOSITORY / "tests", REPOSITORY / "tests/suites")
"""Where a file that a page names may be, as well as next to the page."""
SUBJECTS = {path: (path.parent, *ROOTS) for path in PAGES} | {
    REPOSITORY / "docs/dev/hostile.md": (REPOSITORY / "tests/suites/hostile", *ROOTS),
    REPOSITORY / "docs/dev/neighbours.md": (REPOSITORY / "tests/suites/neighbours", *ROOTS),
    REPOSITORY / "docs/dev/fuzzing.md": (REPOSITORY / "tests/suites/fuzz", *ROOTS),
    REPOSITORY / "docs/dev/key-rotation.md": (REPOSITORY / "tests/rust/ring", REPOSITORY / "src/ring", *ROOTS),
    REPOSITORY / "docs/dev/architecture.md": (REPOSITORY / "tests/oxijwt", *ROOTS),
    REPOSITORY / "examples/demo/README.md": (REPOSITORY / "examples/demo", *ROOTS),
}
FENCE = re.compile(r"^ *```([^\n`]*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"[\w./-]+\.(?:rs|py|pyi|md|toml|txt)|(?:tests|src|docs|tools)/[\w./-]+")
CHECK_ID = re.compile(r"\boxijwt\.([EW]\d{3})\b")
SETTING = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b(?!-)")

NOT_OURS = {
    *("ATOMIC_REQUESTS", "AUTH_USER_MODEL", "DEFAULT_AUTHENTICATION_CLASSES", "REST_FRAMEWORK", "SIMPLE_JWT"),
    *("HTTP_AUTHORIZATION", "REMOTE_ADDR", "USERNAME_FIELD", "SSL_CERT_FILE", "SSL_CERT_DIR", "O_EXCL", "PAGE_SIZE"),
    *("DEFAULT_PAGINATION_CLASS", "CONN_MAX_AGE", "CONN_HEALTH_CHECKS", "DISABLE_SERVER_SIDE_CURSORS"),
    *("DEFAULT_PAGINATION_CLASS", "REST_AUTH", "USE_JWT", "SESSION_LOGIN", "LOGOUT_ON_PASSWORD_CHANGE"),
    *("EMAIL_FIELD", "PASSWORD_CHANGE_SERIALIZER", "NUM_PROXIES", "DEFAULT_THROTTLE_CLASSES", "DEFAULT_THROTTLE_RATES"),
    "ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE",
    *("AXES_RESET_ON_SUCCESS", "AXES_DISABLE_ACCESS_LOG", "AXES_CLIENT_IP_CALLABLE"),
}
"""Names of Django, DRF, dj-rest-auth, django-allauth, django-axes and the system."""
OLD_PACKAGES = {
    *("JWT_AUTH", "JWT_SECRET_KEY", "JWT_PRIVATE_KEY", "JWT_PUBLIC_KEY", "JWT_ALGORITHM", "JWT_EXPIRATION_DELTA"),
    *("JWT_ALLOW_REFRESH", "JWT_REFRESH_EXPIRATION_DELTA", "JWT_AUTH_HEADER_PREFIX", "JWT_LEEWAY", "JWT_AUDIENCE"),
    *("JWT_ISSUER", "JWT_AUTH_COOKIE", "JWT_PAYLOAD_HANDLER", "JWT_RESPONSE_PAYLOAD_HANDLER", "JWT_VERIFY"),
    *("JWT_GET_USER_SECRET_KEY", "JWT_VERIFY_EXPIRATION", "REST_KNOX", "TOKEN_TTL", "AUTO_REFRESH"),
    *("TOKEN_LIMIT_PER_USER", "AUTH_HEADER_PREFIX", "USER_SERIALIZER"),
}
"""Settings of drf-jwt and django-rest-knox, in the pages about moving from them."""
CONSTANTS = {
    *("FUZZ_SECONDS", "OXIJWT_VECTORS", "DEMO_SECRET_KEY", "DEMO_KEY_FILE", "JWT_KEY", "JWT_KEY_BEFORE", "LINT"),
    *("MAX_CLOCK_SKEW", "AS_CONFIGURED", "JWK_URL", "HOSTILE_TOKENS", "RIGHT_TOKENS", "AUTHORIZATION_SHAPES"),
    *("HOSTILE_BODIES", "COOKIE_SHAPES", "CSRF_SHAPES", "ASKED_SCOPES", "SCOPE_CLAIMS", "SESSIONS_LABEL"),
    *("DJANGO_SETTINGS_MODULE", "CODE_OF_CONDUCT"),
}
"""Environment variables, constants and a file."""
LOGGERS = {"oxijwt.core", "oxijwt.security"}


def text_of(page):
    return page.read_text()


def prose_of(page):
    return FENCE.sub("", text_of(page))


def codes_of(page):
    """The pieces of code in a page's sentences."""
    return CODE.findall(prose_of(page))


def members(body):
    """The names that a module's or class's body defines, those that its methods set on `self` included."""
    found = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == "self":
                    found.add(inner.attr)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.If | ast.With | ast.Try):
            found |= members(node.body)
    return found


@cache
def module(dotted):
    """The syntax tree of a module of the package, of the tests or of the tools; None where it is not there."""
    root = PACKAGE.parent if dotted.split(".")[0] == "oxijwt" else REPOSITORY
    path = root.joinpath(*dotted.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py", path.with_suffix(".pyi")):
        if file.exists():
            return ast.parse(file.read_text())
    return ast.parse("") if path.is_dir() else None


@cache
def classes():
    """Every class of the package, with its members and those of its bases in the package."""
    trees = [ast.parse(path.read_text()) for path in [*PACKAGE.rglob("*.py"), PACKAGE / "_core.pyi"]]
    nodes = {node.name: node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}

    def all_members(name):
        node = nodes[name]
        bases = {inner.id for base in node.bases for inner in ast.walk(base) if isinstance(inner, ast.Name)}
        return members(node.body).union(*(all_members(base) for base in bases if base in nodes and base != name))

    return {name: all_members(name) for name in nodes}


def exists(dotted):
    """Whether a dotted name is a module, something in one, or an attribute of something in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        tree = module(".".join(parts[:length]))
        if tree is not None:
            rest = parts[length:]
            known = not rest or rest[0] in members(tree.body)
            return known and (len(rest) < 2 or rest[1] in classes().get(rest[0], {rest[1]}))
    return False


def missing_names(codes):
    """Dotted names of ours in pieces of code that lead nowhere, and attributes that their class does not have."""
    for code in codes:
        for dotted in re.findall(r"(?<![\w/.'-])(?:oxijwt|tests|tools)(?:\.\w+)+", code):
            if not CHECK_ID.fullmatch(dotted) and dotted not in LOGGERS and not exists(dotted):
                yield dotted
        for owner, attribute in re.findall(r"(?<![\w.])([A-Z]\w+)\.([a-z_]\w*)", code):
            if attribute not in classes().get(owner, {attribute}):
                yield f"{owner}.{attribute}"


def missing_imports(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("oxijwt"):
            yield from (
                f"{node.module}.{alias.name}" for alias in node.names if not exists(f"{node.module}.{alias.name}")
            )
        elif isinstance(node, ast.Import):
            yield from (
                alias.name for alias in node.names if alias.name.startswith("oxijwt") and not exists(alias.name)
            )


def missing_files(page):
    """Files and folders of the repository that a page names and that are not there."""
    for code in codes_of(page):
        named = FILE.fullmatch(code) and not code.startswith("shop/")  # a reader's own project
        if named and not any((root / code).exists() for root in SUBJECTS[page]):
            yield code


def missing_links(page):
    for target in re.findall(r"\]\(([^)#\s]*)(?:#[\w-]+)?\)", prose_of(page)):
        if target and "://" not in target and not (page.parent / target).exists():
            yield target


def known_settings():
    return {*DEFAULTS, *REMOVED_SETTINGS, *dir(global_settings), *NOT_OURS, *OLD_PACKAGES, *CONSTANTS}


def check_ids():
    sources = "\n".join(path.read_text() for path in [PACKAGE / "health.py", *(PACKAGE / "checks").glob("*.py")])
    return set(re.findall(r'"oxijwt\.([EW]\d{3})"', sources))


@pytest.fixture(params=PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def page(request):
    return request.param


def test_links_lead_to_files(page):
    assert list(missing_links(page)) == []


def test_files_exist(page):
    assert list(missing_files(page)) == []


def test_names_exist(page):
    assert list(missing_names(codes_of(page))) == []


def test_examples_are_python_and_import_what_exists(page):
    for language, source in FENCE.findall(text_of(page)):
        if language == "python":
            assert list(missing_imports(source)) == []


def test_settings_exist(page):
    assert set(SETTING.findall(prose_of(page))) - known_settings() == set()


def test_check_ids_exist(page):
    assert set(CHECK_ID.findall(text_of(page))) <= check_ids()


def test_make_targets_exist(page):
    lines = (REPOSITORY / "Makefile").read_text().splitlines()
    targets = {word.strip(":") for line in lines if line[:1] not in {"#", "\t"} for word in line.split()}
    assert set(re.findall(r"`(?:\w+=\S+ )*make ([\w-]+)", text_of(page))) <= targets


def test_commands_exist(page):
    from oxijwt.management.commands.jwtkeys import Command  # noqa: PLC0415  after the settings

    commands = {path.stem for path in PACKAGE.rglob("management/commands/*.py")} | {*get_commands()}
    assert set(re.findall(r"manage\.py (\w+)", text_of(page))) <= commands
    actions = Command().create_parser("manage.py", "jwtkeys")._subparsers._group_actions[0].choices
    assert set(re.findall(r"`(?:manage\.py )?jwtkeys ([a-z]+)", text_of(page))) <= {*actions}


def test_every_setting_and_check_is_described():
    described = TABLE_OF_CHECKS.read_text()
    assert [name for name in DEFAULTS if not re.search(rf"\b{name}\b", described)] == []
    assert set(re.findall(r"^\| oxijwt\.(\w+) \|", described, re.MULTILINE)) == check_ids()


def test_the_readme_lists_the_urls_of_the_views():
    routes = {str(pattern.pattern).replace("<uuid:pk>", "<id>") for pattern in get_resolver(urls).url_patterns}
    shown = set(re.findall(r"`(?:POST|GET|DELETE) api/token/(\S*)`", (REPOSITORY / "README.md").read_text()))
    assert shown - {"logout/", "sessions/", "sessions/<id>/"} <= routes


@pytest.mark.parametrize(
    "code",
    ["oxijwt.acceptance", "oxijwt.verifier.Verifiers", "Token.reads", "TokenBackend.accepting", "tests.sites.nowhere"],
)
def test_a_name_that_is_gone_is_found(code):
    assert list(missing_names([code])) == [code]


def test_an_import_that_is_gone_is_found():
    assert list(missing_imports("from oxijwt.token_sessions import store, api\nimport oxijwt.revocation")) == [
        "oxijwt.token_sessions.store",
        "oxijwt.revocation",
    ]
