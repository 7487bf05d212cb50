"""What PyPI shows: links of README.md that lead somewhere, and the addresses of the project."""

import re
import shutil
import tomllib

import pytest

from tools.addresses import REPOSITORY, with_full_links, write

HERE = "https://git.example/ada/oxijwt"
FILES = f"{HERE}/blob/v1.2.3/"
LINK = re.compile(r"\]\(([^)]*)\)")


@pytest.fixture
def released(tmp_path):
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    write(tmp_path, HERE, "v1.2.3")
    return tmp_path


def test_each_link_of_the_long_description_is_full(released):
    before, after = (LINK.findall((folder / "README.md").read_text()) for folder in (REPOSITORY, released))
    assert len(before) > 30
    assert after == [link if link.startswith("https:") else f"{FILES}{link}" for link in before]


def test_each_link_leads_to_a_file(released):
    links = [link.removeprefix(FILES).partition("#")[0] for link in LINK.findall((released / "README.md").read_text())]
    assert [link for link in links if not (REPOSITORY / link).is_file() and not link.startswith("https:")] == []


@pytest.mark.parametrize("text", ["[a](https://a.example)", "[a](#a-heading)", "[a](mailto:a@b.example)", "(a.md)"])
def test_other_texts_stay(text):
    assert with_full_links(text, HERE, "v1.2.3") == text


def test_the_project_has_addresses(released):
    urls = tomllib.loads((released / "pyproject.toml").read_text())["project"]["urls"]
    assert urls.pop("Source") == HERE
    assert urls.pop("Issues") == f"{HERE}/issues"
    assert {name: (REPOSITORY / url.removeprefix(FILES)).is_file() for name, url in urls.items()} == {
        "Documentation": True,
        "Changelog": True,
    }


def test_addresses_are_written_once(released):
    with pytest.raises(ValueError, match="already"):
        write(released, HERE, "v1.2.3")
