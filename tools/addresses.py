"""`python -m tools.addresses https://github.com/OWNER/NAME TAG`: full addresses in README.md and pyproject.toml.

The checkout does not know where it is published. README.md is the long description on PyPI, where a relative link leads
nowhere. So the release workflow calls this before it builds. It changes both files, and is not called twice.
"""

import argparse
import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
RELATIVE_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)")


def with_full_links(text: str, repository: str, tag: str) -> str:
    """A page of the repository's first folder, with links to the files of this tag."""
    return RELATIVE_LINK.sub(f"{repository}/blob/{tag}/", text)


def urls(repository: str, tag: str) -> str:
    """The table of addresses for pyproject.toml. Its names are those for which PyPI has symbols."""
    files = f"{repository}/blob/{tag}"
    return f"""
[project.urls]
Documentation = "{files}/docs/index.md"
Changelog = "{files}/CHANGELOG.md"
Source = "{repository}"
Issues = "{repository}/issues"
"""


def write(folder: Path, repository: str, tag: str) -> None:
    """Change both files. Raises ValueError if pyproject.toml has addresses already."""
    readme, project = folder / "README.md", folder / "pyproject.toml"
    before = project.read_text(encoding="utf-8")
    if "[project.urls]" in before:
        raise ValueError(f"{project} has [project.urls] already")
    readme.write_text(
        with_full_links(readme.read_text(encoding="utf-8"), repository, tag), encoding="utf-8", newline="\n"
    )
    project.write_text(before + urls(repository, tag), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository")
    parser.add_argument("tag")
    arguments = parser.parse_args()
    write(REPOSITORY, arguments.repository, arguments.tag)
