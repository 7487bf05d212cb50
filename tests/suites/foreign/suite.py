"""One suite of another package: where it is, how it starts, and what is expected of it.

A suite is a file NAME.toml. `tools/NAME.txt` pins the package's sdist. Next to NAME.toml there may be NAME.txt, which
pins what the tests import and .venv lacks, and a folder `settings` with settings modules for packages without one.

    settings     the settings module, unless the package's pytest configuration names it
    arguments    of pytest: files and folders of the sdist, and options
    parts        the files and folders of the sdist that are copied; everything if it is missing
    pythonpath   folders of the sdist, apart from its top folder
    [passed]     how many tests pass on simplejwt and on oxijwt
    [[groups]]   expected failures: `reason`, `error` (a regular expression), `failures`, and `on`, the libraries on
                 which they fail (["oxijwt"] if it is missing)
"""

import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tools.packages import installed
from tools.sdists import sdist


@dataclass
class Expectation:
    """What one library is expected to do with the suite: tests that pass, and failures with their text."""

    library: str
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
    def sdist(self) -> Path:
        """The package's unpacked sdist."""
        return sdist(self.file.stem)

    @property
    def title(self) -> str:
        """The package's name and version."""
        return " ".join(self.sdist.name.rsplit("-", 1))

    @property
    def arguments(self) -> list[str]:
        """The arguments of pytest."""
        settings = self.listed.get("settings")
        return [*([f"--ds={settings}"] if settings else []), *self.listed["arguments"]]

    @property
    def requirements(self) -> list[Path]:
        """The folders of what the tests import."""
        pins = self.file.with_suffix(".txt")
        return [self.file.parent / "settings", *([installed(pins)] if pins.exists() else [])]

    def expectation(self, library: str) -> Expectation:
        """What `library` is expected to do."""
        groups = [group for group in self.groups if library in libraries(group)]
        return Expectation(
            library=library,
            passed=self.listed["passed"][library],
            failures=Counter(name for group in groups for name in group["failures"]),
            errors={name: group["error"] for group in groups for name in group["failures"]},
        )

    @property
    def groups(self) -> list[dict]:
        """The expected failures."""
        return self.listed.get("groups", [])


def libraries(group: dict) -> list[str]:
    """The libraries on which a group fails."""
    return group.get("on", ["oxijwt"])
