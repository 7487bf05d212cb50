"""`make matrix`: the tests of the built wheel with each Python, Django and DRF that oxijwt supports.

`nox --list` names the sessions, and `nox --tags quick` runs the oldest and the newest versions only. Each session
installs the wheel that OXIJWT_WHEEL names, or the newest in `target/wheels`. nox skips a Python that is not installed.
"""

import os
from pathlib import Path

import nox

REPOSITORY = Path(__file__).parent
nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "venv"
nox.options.envdir = ".cache/nox"

VERSIONS = {
    "5.2": (("3.11", "3.12", "3.13"), ("3.16", "3.17", "3.18")),
    "6.0": (("3.12", "3.13"), ("3.16", "3.17", "3.18")),
    # Older DRF imports a name that Django 6.1 does not have.
    "6.1": (("3.12", "3.13"), ("3.18",)),
}
"""The Pythons and the versions of Django REST Framework of each Django. Django 6 needs Python 3.12."""
QUICK = {("3.11", "5.2", "3.16"), ("3.13", "6.1", "3.18")}
COMBINATIONS = [
    nox.param(
        python,
        django,
        framework,
        tags=["quick"] if (python, django, framework) in QUICK else [],
        id=f"{python}-django{django}-drf{framework}",
    )
    for django, (pythons, frameworks) in VERSIONS.items()
    for python in pythons
    for framework in frameworks
]
TOOLS = (
    "pytest",
    "pytest-django",
    "hypothesis",
    "freezegun",
    "PyJWT",
    "cryptography",
    "urllib3",
    "pymysql",
    "psycopg[binary]",
)
"""What these tests import. tools/constraints.txt has their versions, except those of Django and DRF."""
TESTS = {
    "settings": (
        "test_tokens.py",
        "test_views.py",
        "test_serializers.py",
        "test_override_settings.py",
        "records",
        "testing",
    ),
    "sessions": (
        "token_sessions/test_views.py",
        "token_sessions/test_flush.py",
        "token_sessions/test_kept_statements.py",
        # Threads with connections of their own: from Python 3.13 on, one that nobody closes is a warning.
        "token_sessions/aio/test_kept_texts.py",
        "testing",
    ),
}
"""The tests of each site in tests/sites."""


def wheel() -> str:
    """The wheel to test. Raises ValueError if there is none."""
    built = (REPOSITORY / "target/wheels").glob("*.whl")
    return os.environ.get("OXIJWT_WHEEL") or str(max(built, key=lambda path: path.stat().st_mtime))


def constraints(folder: str) -> str:
    """A file with the versions of the other packages."""
    lines = (REPOSITORY / "tools/constraints.txt").read_text().splitlines()
    path = Path(folder, "constraints.txt")
    path.write_text("\n".join(line for line in lines if not line.startswith(("django==", "djangorestframework=="))))
    return str(path)


@nox.session
@nox.parametrize(["python", "django", "framework"], COMBINATIONS)
def matrix(session: nox.Session, django: str, framework: str) -> None:
    """Install the wheel with these versions, and run the tests on SQLite."""
    versions = (f"django~={django}.0", f"djangorestframework~={framework}.0")
    # `make` sets PIP_CONSTRAINT to a file that names one version of Django and of DRF.
    options = ("--constraint", constraints(session.create_tmp()))
    session.install(wheel(), *versions, *TOOLS, *options, env={"PIP_CONSTRAINT": None})
    for site, tests in TESTS.items():
        paths = [f"tests/oxijwt/{test}" for test in tests]
        session.run("python", "-m", "pytest", "-q", f"--ds=tests.sites.{site}", *paths, env={"PYTHONPATH": None})
