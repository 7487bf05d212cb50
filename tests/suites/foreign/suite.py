"""One suite of another package: where it is, how it starts, and what is expected of it.

A suite is a file NAME.toml. `tools/NAME.txt` pins the package's sdist. Next to NAME.toml there may be NAME.txt, which
pins what the tests import and .venv lacks, and a folder `settings` with settings modules for packages without one.

    settings     the settings module, unless the package's pytest configuration names it
    arguments    of pytest: files and folders of the package, and options
    parts        the files and folders of the package that are copied; everything if it is missing
    pythonpath   folders of the package, apart from its top folder
    sdists       other packages that the tests import and that publish no wheel; `tools/NAME.txt` pins each
    [repository] `url`, `version` and `commit`, if no sdist has the tests. The suite runs if there is a clone.
    [passed]     how many tests pass on simplejwt and on oxijwt
    [passed_newer] the same with Python 3.12 and newer, where .venv has Django 6.1, if that is not the same
    [[groups]]   expected failures; see Group. One that neither passes nor fails, such as a skipped test, counts too.
                 A subtest stands in brackets behind its test. What stands twice fails twice.
"""

import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import django
from packaging.specifiers import SpecifierSet

from tools.packages import installed
from tools.sdists import files_of_commit, pinned, sdist

NEWER = SpecifierSet(">=6.1")
"""tools/constraints.txt has this Django for Python 3.12 and newer, and 5.2 for 3.11."""


class Group(NamedTuple):
    """Tests that fail for one reason, on some libraries with some versions of Django.

    `error` is a regular expression. `django` is a specifier of versions, such as ">=6.1".
    """

    reason: str
    error: str
    failures: list[str]
    on: tuple[str, ...] = ("oxijwt",)
    django: str = ""

    @property
    def where(self) -> str:
        """The libraries and the versions of Django."""
        return " and ".join(self.on) + (f" with Django {self.django}" if self.django else "")

    def is_expected_with(self, version: str) -> bool:
        """Whether they fail with a version of Django."""
        return SpecifierSet(self.django).contains(version, prereleases=True)


class Expectation(NamedTuple):
    """What one library is to do with the suite: tests that pass, and failures. `errors` has the regular expressions."""

    passed: int
    failures: Counter[str]
    errors: dict[str, str]


@dataclass
class Suite:
    """What a file says."""

    file: Path

    @cached_property
    def listed(self) -> dict:
        """The file's content."""
        return tomllib.loads(self.file.read_text())

    @property
    def repository(self) -> dict[str, str]:
        """Empty if the sdist has the tests."""
        return self.listed.get("repository", {})

    @cached_property
    def files(self) -> Path | None:
        """The package's unpacked files. None if they come from a repository that nobody has cloned."""
        name = self.file.stem
        return files_of_commit(name, self.repository["commit"]) if self.repository else sdist(name)

    @property
    def title(self) -> str:
        """The package's name and version."""
        return f"{self.file.stem} {self.repository.get('version') or pinned(self.file.stem)[1]}"

    @property
    def arguments(self) -> list[str]:
        """The arguments of pytest."""
        settings = [f"--ds={self.listed['settings']}"] if "settings" in self.listed else []
        return [*settings, *self.listed["arguments"]]

    @property
    def parts(self) -> list[str]:
        """Names of files and folders to copy."""
        return self.listed.get("parts") or [path.name for path in self.files.iterdir()]

    @property
    def pythonpath(self) -> list[str]:
        """Names of folders."""
        return self.listed.get("pythonpath", [])

    @property
    def requirements(self) -> list[Path]:
        """The folders of what the tests import."""
        pins = self.file.with_suffix(".txt")
        others = map(sdist, self.listed.get("sdists", []))
        return [self.file.parent / "settings", *others, *([installed(pins)] if pins.exists() else [])]

    @property
    def groups(self) -> list[Group]:
        """The expected failures."""
        return [Group(**group) for group in self.listed.get("groups", [])]

    def expectation(self, library: str, version: str = django.__version__) -> Expectation:
        """What a library is expected to do with a version of Django."""
        groups = [group for group in self.groups if library in group.on and group.is_expected_with(version)]
        newer = self.listed.get("passed_newer", {}) if NEWER.contains(version, prereleases=True) else {}
        return Expectation(
            passed=(self.listed["passed"] | newer)[library],
            failures=Counter(name for group in groups for name in group.failures),
            errors={name: group.error for group in groups for name in group.failures},
        )
