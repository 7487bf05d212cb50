"""What the core and its fuzz targets are built of, as their lock files have it."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ["Cargo.lock", "tests/suites/fuzz/Cargo.lock"]
BANNED = {
    "rsa",  # RUSTSEC-2023-0071: its timing tells the private key
    "ring",  # one cryptography, aws-lc-rs
}
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
OURS = {"oxijwt", "oxijwt-fuzz"}

PACKAGE = """
[[package]]
name = "{}"
version = "1.0.0"
source = "{}"
"""


def banned(lock):
    """The names in a lock file's text that nothing may bring in."""
    return BANNED & {package["name"] for package in tomllib.loads(lock)["package"]}


def foreign(lock):
    """The names in a lock file's text that neither crates.io nor this repository has."""
    packages = tomllib.loads(lock)["package"]
    return {
        package["name"]
        for package in packages
        if package.get("source") != CRATES_IO and not (package["name"] in OURS and "source" not in package)
    }


@pytest.mark.parametrize("path", LOCKS)
def test_no_banned_crate(path):
    assert not banned((ROOT / path).read_text())


@pytest.mark.parametrize("path", LOCKS)
def test_all_comes_from_crates_io(path):
    assert not foreign((ROOT / path).read_text())


@pytest.mark.parametrize("name", sorted(BANNED))
def test_a_banned_crate_is_found(name):
    lock = PACKAGE.format("serde", CRATES_IO) + PACKAGE.format(name, CRATES_IO)
    assert banned(lock) == {name}


@pytest.mark.parametrize("source", ["git+https://example.com/serde#0", "registry+https://example.com/index", ""])
def test_another_source_is_found(source):
    assert foreign(PACKAGE.format("serde", source) + PACKAGE.format("serde_json", CRATES_IO)) == {"serde"}


def test_a_path_is_another_source():
    assert foreign('[[package]]\nname = "serde"\nversion = "1.0.0"\n') == {"serde"}
