"""What the wheel and the sdist contain."""

import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

LIMIT = 2_000_000
"""The most bytes that the wheel may have."""
IN_WHEEL = {
    "the native module": r"oxijwt/_core\.abi3\.so",
    "its types": r"oxijwt/_core\.pyi",
    "the mark of a typed package": r"oxijwt/py\.typed",
    "messages": r"oxijwt/locale/de/LC_MESSAGES/django\.mo",
    "migrations": r"oxijwt/token_sessions/migrations/0001_initial\.py",
    "both licenses": r"oxijwt-.*\.dist-info/licenses/LICENSE-(MIT|APACHE)",
    "the notices": r"oxijwt-.*\.dist-info/licenses/THIRD-PARTY-NOTICES\.txt",
    "a list of the crates": r"oxijwt-.*\.dist-info/sboms/.*\.cyclonedx\.json",
}
IN_SDIST = {
    "the lock file": r"Cargo\.lock",
    "the core": r"src/lib\.rs",
    "the package": r"python/oxijwt/settings\.py",
    "both licenses": r"LICENSE-(MIT|APACHE)",
    "the notices": r"THIRD-PARTY-NOTICES\.txt",
    "the long description": r"README\.md",
    "the pages": r"docs/sessions\.md",
}
"""What must be in the archives: a regular expression for the names of files, by what it finds."""
NEVER = r".*(\.pyc|\.sqlite3|secret_key|\.log|/jwt\.json)|(python/oxijwt/.*|target/.*)\.so"
"""Files that may be in neither."""


def names(archive: Path) -> list[str]:
    """The files of a wheel, or of an sdist without its first folder."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.namelist()
    with tarfile.open(archive) as sdist:
        return [name.split("/", 1)[1] for name in sdist.getnames() if "/" in name]


def mistakes(found: Iterable[str], expected: dict[str, str]) -> Iterator[str]:
    """What is missing in these names of files, and what should not be there."""
    found = list(found)
    for what, pattern in expected.items():
        if not any(re.fullmatch(pattern, name) for name in found):
            yield f"{what} ({pattern}) is missing"
    yield from (f"{name} should not be there" for name in found if re.fullmatch(NEVER, name))


def examine(archive: Path) -> Iterator[str]:
    """Print the size of an archive, and return its mistakes."""
    found, size = names(archive), archive.stat().st_size
    print(f"| {archive.name} | {size:,} bytes | {len(found)} files |")
    is_wheel = archive.suffix == ".whl"
    yield from (f"{archive.name}: {what}" for what in mistakes(found, IN_WHEEL if is_wheel else IN_SDIST))
    if is_wheel and size > LIMIT:
        yield f"{archive.name} has more than {LIMIT:,} bytes"
